/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* USB devices of the host that a definition names by what they are. */
#include "drivers/host-usb.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The first line of a small file, or NULL. */
static char *read_line(const char *format, ...) _printf_(1, 2);
static char *read_line(const char *format, ...) {
        char path[PATH_MAX], text[256];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(path, sizeof(path), format, ap);
        va_end(ap);

        _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
        if (n < 0)
                return NULL;
        text[n] = '\0';
        text[strcspn(text, "\n")] = '\0';
        return strdup(text);
}

static bool number_is(uint32_t wanted, int base, const char *sysfs, const char *device,
                      const char *file) {
        _cleanup_(freep) char *text = read_line("%s/bus/usb/devices/%s/%s", sysfs, device, file);

        return text && strtoul(text, NULL, base) == wanted;
}

static uint32_t number_of(const char *sysfs, const char *device, const char *file) {
        _cleanup_(freep) char *text = read_line("%s/bus/usb/devices/%s/%s", sysfs, device, file);

        return text ? strtoul(text, NULL, 10) : 0;
}

/* How many there are of this kind, and where the last is; a place that was given too must fit. */
static size_t usb_search(const DomainHostdev *hostdev, const char *sysfs, HostAddress *ret) {
        char folder[PATH_MAX];
        struct dirent *entry;
        size_t found = 0;

        (void) snprintf(folder, sizeof(folder), "%s/bus/usb/devices", sysfs);
        DIR *devices = opendir(folder);
        while (devices && (entry = readdir(devices))) {
                const char *name = entry->d_name;

                if (!number_is(hostdev->vendor.value, 16, sysfs, name, "idVendor") ||
                    !number_is(hostdev->product.value, 16, sysfs, name, "idProduct"))
                        continue;
                if (hostdev->has_address &&
                    (!number_is(hostdev->source.bus, 10, sysfs, name, "busnum") ||
                     !number_is(hostdev->source.device, 10, sysfs, name, "devnum")))
                        continue;
                ret->bus = number_of(sysfs, name, "busnum");
                ret->device = number_of(sysfs, name, "devnum");
                found++;
        }
        if (devices)
                closedir(devices);
        return found;
}

/* 1: it isn't there and needn't be. */
static int usb_find(DomainHostdev *hostdev, const char *sysfs, Error *error) {
        HostAddress place = {};
        size_t n = usb_search(hostdev, sysfs, &place);

        if (n > 1)
                return fail(error, ERROR_OPERATION_FAILED,
                            "the host has %zu USB devices %04x:%04x; say which by "
                            "<address bus='...' device='...'/>",
                            n, hostdev->vendor.value, hostdev->product.value);
        if (n == 0 && hostdev->startup_policy && strcmp(hostdev->startup_policy, "optional") == 0)
                return 1;
        if (n == 0)
                return fail(error, ERROR_OPERATION_FAILED,
                            "the host has no USB device %04x:%04x", hostdev->vendor.value,
                            hostdev->product.value);
        hostdev->source.bus = place.bus;
        hostdev->source.device = place.device;
        hostdev->has_address = true;
        return 0;
}

int host_usb_find(DomainConf *live, const char *sysfs, Error *error) {
        for (size_t i = 0; i < live->hostdevs.n;) {
                DomainHostdev *hostdev = live->hostdevs.items[i];
                int r = 0;

                if (hostdev->mode == HOSTDEV_SUBSYSTEM && hostdev->type == HOSTDEV_USB &&
                    hostdev->vendor.set)
                        r = usb_find(hostdev, sysfs, error);
                if (r < 0)
                        return r;
                if (r > 0)
                        map_list_remove(device_kinds[DEVICE_HOSTDEV].element, &live->hostdevs, i);
                else
                        i++;
        }
        return 0;
}
