/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks of native configurations. What xl writes about a disk is taken apart by its own parser,
 * which knows its positions, keys and old prefixes; xm had one form,
 * "phy:/dev/vg/root,xvda,w". */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conf/xml.h"
#include "drivers/xen/native.h"
#include "drivers/xen/xlu.h"

/* One disk as both dialects have it, borrowing its texts. */
typedef struct NativeDisk {
        const char *source, *target, *driver, *format, *backend_domain, *discard;
        bool block, cdrom, readonly, shareable;
} NativeDisk;

static const char *bus_of(const NativeRead *read, const char *target) {
        if (strncmp(target, "xvd", 3) == 0 || read->guest != GUEST_HVM)
                return "xen";
        return strncmp(target, "sd", 2) == 0 ? "scsi" : "ide";
}

/* ---- rbd: "rbd:pool/image:auth_supported=none:mon_host=a\:6321\;b\:6322" ---- */

static void put_host(NativeRead *read, xmlNode *source, char *name) {
        char *port = strrchr(name, ':');
        size_t n = strlen(name);
        xmlNode *host = native_add(read, source, "host");

        if (port && (name[0] != '[' || port[-1] == ']')) {
                *port++ = 0;
                n = strlen(name);
        } else
                port = NULL;
        if (name[0] == '[' && n > 2 && name[n - 1] == ']') {
                name[n - 1] = 0;
                name++;
        }
        native_put(read, host, "@name", "%s", name);
        if (port)
                native_put(read, host, "@port", "%s", port);
}

/* Hosts are separated by "\;", and other characters of theirs are behind a "\" too, but not the
 * colons of an address in brackets. */
static void put_hosts(NativeRead *read, xmlNode *source, const char *text) {
        _cleanup_(freep) char *host = strdup(text);
        bool address = false;
        size_t n = 0;

        for (; host && *text && (*text != ':' || address); text++) {
                bool escaped = *text == '\\' && text[1];

                text += escaped;
                address = *text == '[' || (address && *text != ']');
                if (*text == ';' || (*text == ',' && !escaped)) {
                        host[n] = 0;
                        if (n > 0)
                                put_host(read, source, host);
                        n = 0;
                } else
                        host[n++] = *text;
        }
        if (host && n > 0) {
                host[n] = 0;
                put_host(read, source, host);
        }
        read->failed = read->failed || !host;
}

static void put_rbd(NativeRead *read, xmlNode *node, const char *name) {
        xmlNode *source = native_add(read, node, "source");
        const char *hosts = strstr(name, ":mon_host=");

        native_put(read, source, "@protocol", "rbd");
        native_put(read, source, "@name", "%.*s", (int) strcspn(name, ":"), name);
        if (hosts)
                put_hosts(read, source, hosts + strlen(":mon_host="));
}

/* ---- to the document ---- */

static void put_disk(NativeRead *read, const NativeDisk *disk) {
        xmlNode *node = native_add(read, read->root, "devices/disk");
        bool rbd = disk->source && strncmp(disk->source, "rbd:", 4) == 0;

        native_put(read, node, "@type", "%s", rbd ? "network" : disk->block ? "block" : "file");
        native_put(read, node, "@device", "%s", disk->cdrom ? "cdrom" : "disk");
        if (disk->driver)
                native_put(read, node, "driver/@name", "%s", disk->driver);
        native_put(read, node, "driver/@type", "%s", disk->format ?: "raw");
        if (disk->discard)
                native_put(read, node, "driver/@discard", "%s", disk->discard);
        if (rbd)
                put_rbd(read, node, disk->source + 4);
        else if (disk->source)
                native_put(read, node, disk->block ? "source/@dev" : "source/@file", "%s",
                           disk->source);
        if (disk->backend_domain)
                native_put(read, node, "backenddomain/@name", "%s", disk->backend_domain);
        native_put(read, node, "target/@dev", "%s", disk->target);
        native_put(read, node, "target/@bus", "%s", bus_of(read, disk->target));
        if (disk->readonly)
                native_add(read, node, "readonly");
        if (disk->shareable && strcmp(disk->format ?: "raw", "raw") == 0) /* no other can be */
                native_add(read, node, "shareable");
}

/* ---- xl ---- */

static const char *xl_format(libxl_disk_format format) {
        switch (format) {
        case LIBXL_DISK_FORMAT_QCOW:
                return "qcow";
        case LIBXL_DISK_FORMAT_QCOW2:
                return "qcow2";
        case LIBXL_DISK_FORMAT_VHD:
                return "vpc";
        case LIBXL_DISK_FORMAT_QED:
                return "qed";
        case LIBXL_DISK_FORMAT_RAW:
        case LIBXL_DISK_FORMAT_EMPTY:
        case LIBXL_DISK_FORMAT_UNKNOWN:
                break;
        }
        return "raw";
}

static const char *xl_driver(libxl_disk_backend backend) {
        if (backend == LIBXL_DISK_BACKEND_PHY)
                return "phy";
        return backend == LIBXL_DISK_BACKEND_TAP ? "tap" : "qemu";
}

/* "!", "w!" and "access=!" say that several may write, as xm and libvirt have it; xl has no word
 * for that. Returns a copy that it takes, or NULL. */
char *native_disk_plain(const char *text, bool *ret_shared) {
        char *copy = strdup(text), *to = copy;

        *ret_shared = false;
        for (const char *from = text; copy && *from;) {
                size_t n = strcspn(from, ","), all = n + (from[n] == ',');
                size_t key = n > 7 && strncmp(from, "access=", 7) == 0 ? 7 : 0;
                bool shared = n > key && n <= key + 3 && from[n - 1] == '!';

                if (shared && n - key == 1) /* "!" alone is as long as what it stands for */
                        to = (char *) mempcpy(mempcpy(to, from, key), "w", 1);
                else
                        to = mempcpy(to, from, n - shared);
                to = mempcpy(to, from + n, all - n);
                *ret_shared = *ret_shared || shared;
                from += all;
        }
        if (copy)
                *to = 0;
        return copy;
}

/* Where no backend is named xl looks at the file itself. libvirt takes it for one that QEMU serves;
 * a start goes by what is kept. */
static bool is_block(const char *text, const libxl_device_disk *parsed) {
        return parsed->backend == LIBXL_DISK_BACKEND_PHY || strncmp(text, "phy:", 4) == 0;
}

static void put_xl_disk(NativeRead *read, const char *text, bool shared,
                        const libxl_device_disk *parsed) {
        bool empty = !parsed->pdev_path || !*parsed->pdev_path;
        NativeDisk disk = {
                .source = empty ? NULL : parsed->pdev_path,
                .target = parsed->vdev,
                .driver = strncmp(text, "phy:", 4) == 0 ? "phy" : xl_driver(parsed->backend),
                .format = xl_format(parsed->format),
                .backend_domain = parsed->backend_domname,
                .block = is_block(text, parsed),
                .cdrom = parsed->is_cdrom,
                .readonly = !parsed->readwrite,
                .shareable = shared,
        };

        if (!libxl_defbool_is_default(parsed->discard_enable))
                disk.discard = libxl_defbool_val(parsed->discard_enable) ? "unmap" : "ignore";
        put_disk(read, &disk);
}

static int read_xl_disk(NativeRead *read, size_t i, const char *text) {
        bool shared;
        _cleanup_(freep) char *plain = native_disk_plain(text, &shared);
        const char *spec = plain;
        _cleanup_xlu_ Xlu xlu = {};
        libxl_device_disk disk;
        int line, r = plain ? xlu_begin(&xlu, read->error) : fail_memory(read->error);

        if (r < 0)
                return r;
        libxl_device_disk_init(&disk);
        if (xlu_disk_parse(xlu.config, 1, &spec, &disk) != 0)
                r = native_fail(read, "disk", "disk %zu: %s", i + 1, xlu_reason(&xlu, &line));
        else if (!disk.vdev || !*disk.vdev)
                r = native_fail(read, "disk", "disk %zu has no vdev", i + 1);
        else
                put_xl_disk(read, text, shared, &disk);
        libxl_device_disk_dispose(&disk);
        return r;
}

/* ---- xm ---- */

/* "tap:qcow:/image" is taken apart in place. */
static void take_driver(NativeDisk *disk, char *source) {
        char *colon = strchr(source, ':'), *rest;

        disk->source = *source ? source : NULL;
        if (!colon || *source == '/')
                return;
        *colon = 0;
        disk->driver = source;
        disk->source = rest = colon + 1;
        if (strcmp(disk->driver, "tap") == 0 || strcmp(disk->driver, "tap2") == 0) {
                if (!(colon = strchr(rest, ':')) || *rest == '/')
                        return;
                *colon = 0;
                disk->format = strcmp(rest, "aio") == 0 ? "raw"
                               : strcmp(rest, "vhd") == 0 ? "vpc" : rest;
                disk->source = colon + 1;
        } else
                disk->block = strcmp(disk->driver, "phy") == 0;
        if (!*disk->source)
                disk->source = NULL;
}

static int read_xm_disk(NativeRead *read, size_t i, const char *text) {
        _cleanup_(freep) char *copy = strdup(text);
        char *mode = copy ? strrchr(copy, ',') : NULL, *target, *kind;
        NativeDisk disk = {};

        if (!copy)
                return fail_memory(read->error);
        if (mode)
                *mode++ = 0;
        if (!mode || !(target = strrchr(copy, ',')))
                return native_fail(read, "disk", "disk %zu isn't 'source,target,mode'", i + 1);
        *target++ = 0;
        if (strncmp(target, "ioemu:", 6) == 0)
                target += 6;
        if ((kind = strchr(target, ':')))
                *kind++ = 0;
        if (!*target)
                return native_fail(read, "disk", "disk %zu has no target", i + 1);
        take_driver(&disk, copy);
        disk.target = target;
        disk.cdrom = kind && strcmp(kind, "cdrom") == 0;
        disk.readonly = strcmp(mode, "r") == 0 || strcmp(mode, "ro") == 0;
        disk.shareable = strcmp(mode, "w!") == 0 || strcmp(mode, "!") == 0;
        put_disk(read, &disk);
        return 0;
}

int native_read_disks(NativeRead *read) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < native_count(read->config, "disk"); i++) {
                const char *text = native_item(read->config, "disk", i);

                if (!text)
                        return native_fail(read, "disk", "disk %zu is no text", i + 1);
                r = read->dialect == NATIVE_XL ? read_xl_disk(read, i, text)
                                               : read_xm_disk(read, i, text);
        }
        return r;
}

/* ---- back ---- */

static int unsupported(NativeWrite *write, const DomainDisk *disk, const char *what) {
        return fail(write->error, ERROR_CONFIG_UNSUPPORTED, "disk '%s': Xen's configurations know "
                    "no %s", disk->target ?: "", what);
}

static char *rbd_target(const DomainDisk *disk) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return NULL;
        fprintf(out, "rbd:%s:auth_supported=none", disk->source_name ?: "");
        for (size_t i = 0; i < disk->hosts.n; i++) {
                const SourceHost *host = disk->hosts.items[i];
                bool numeric = host->name && strchr(host->name, ':');

                fputs(i == 0 ? ":mon_host=" : "\\;", out);
                fprintf(out, numeric ? "\\[%s\\]" : "%s", host->name ?: "");
                if (host->port)
                        fprintf(out, "\\:%s", host->port);
        }
        return fclose(out) == 0 ? TAKE(text) : NULL;
}

static int write_xl_disk(NativeWrite *write, const DomainDisk *disk) {
        const char *format = disk->format ?: "raw", *driver = disk->driver_name;
        _cleanup_(freep) char *rbd = NULL;
        NativeSpec spec = {};

        if (strcmp(format, "vpc") == 0)
                format = "vhd";
        if (disk->type == DISK_NETWORK && (!disk->protocol || strcmp(disk->protocol, "rbd") != 0))
                return unsupported(write, disk, "such network source");
        if (disk->type == DISK_NETWORK && !(rbd = rbd_target(disk)))
                return fail_memory(write->error);
        spec_add(&spec, "format=%s", format);
        spec_add(&spec, "vdev=%s", disk->target ?: "");
        spec_add(&spec, "access=%s", disk->readonly ? "ro" : disk->shareable ? "!" : "rw");
        if (disk->type == DISK_NETWORK)
                driver = "qemu";
        if (driver)
                spec_add(&spec, "backendtype=%s", strcmp(driver, "phy") == 0 ? "phy"
                                                  : strncmp(driver, "tap", 3) == 0 ? "tap"
                                                  : "qdisk");
        if (disk->kind == DISK_DEVICE_CDROM)
                spec_add(&spec, "devtype=cdrom");
        if (disk->backend_domain)
                spec_add(&spec, "backend=%s", disk->backend_domain);
        if (disk->discard)
                spec_add(&spec, strcmp(disk->discard, "ignore") == 0 ? "no-discard" : "discard");
        if (rbd || disk->source)
                spec_add(&spec, "target=%s", rbd ?: disk->source);
        spec_finish(&spec, write->config, "disk");
        return 0;
}

static int write_xm_disk(NativeWrite *write, const DomainDisk *disk) {
        const char *driver = disk->driver_name ?: disk->type == DISK_BLOCK ? "phy" : "file";
        const char *format = disk->format ?: "raw", *separator = ":";
        NativeSpec spec = {};
        bool tap = strncmp(driver, "tap", 3) == 0;

        if (disk->type == DISK_NETWORK)
                return unsupported(write, disk, "network source");
        if (!tap)
                format = separator = "";
        else if (strcmp(format, "raw") == 0)
                format = "aio";
        if (disk->source)
                spec_add(&spec, "%s:%s%s%s", driver, format, separator, disk->source);
        else
                spec_add(&spec, "%s", "");
        spec_add(&spec, "%s%s", disk->target ?: "",
                 disk->kind == DISK_DEVICE_CDROM ? ":cdrom" : "");
        spec_add(&spec, "%s", disk->readonly ? "r" : disk->shareable ? "!" : "w");
        spec_finish(&spec, write->config, "disk");
        return 0;
}

int native_write_disks(NativeWrite *write) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < write->conf->disks.n; i++) {
                const DomainDisk *disk = write->conf->disks.items[i];

                if (disk->kind == DISK_DEVICE_FLOPPY || disk->kind == DISK_DEVICE_LUN)
                        return unsupported(write, disk, "floppies and LUNs");
                if (disk->type != DISK_FILE && disk->type != DISK_BLOCK &&
                    disk->type != DISK_NETWORK)
                        return unsupported(write, disk, "such source");
                r = write->dialect == NATIVE_XL ? write_xl_disk(write, disk)
                                                : write_xm_disk(write, disk);
        }
        return r;
}
