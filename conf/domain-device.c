/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices in general: the table of kinds, and walks over all of them. */
#include "conf/domain-rows.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/xml.h"

#define KIND(name, element, m) { name, &element, offsetof(DomainConf, m) }

const DeviceKindInfo device_kinds[_DEVICE_KIND_MAX] = {
        [DEVICE_DISK]       = KIND("disk",       disk_element,       disks),
        [DEVICE_CONTROLLER] = KIND("controller", controller_element, controllers),
        [DEVICE_NET]        = KIND("interface",  net_element,        nets),
        [DEVICE_INPUT]      = KIND("input",      input_element,      inputs),
        [DEVICE_SERIAL]     = KIND("serial",     serial_element,     serials),
        [DEVICE_PARALLEL]   = KIND("parallel",   parallel_element,   parallels),
        [DEVICE_CONSOLE]    = KIND("console",    console_element,    consoles),
        [DEVICE_CHANNEL]    = KIND("channel",    channel_element,    channels),
        [DEVICE_GRAPHICS]   = KIND("graphics",   graphics_element,   graphics),
        [DEVICE_SOUND]      = KIND("sound",      sound_element,      sounds),
        [DEVICE_VIDEO]      = KIND("video",      video_element,      videos),
        [DEVICE_HUB]        = KIND("hub",        hub_element,        hubs),
        [DEVICE_WATCHDOG]   = KIND("watchdog",   watchdog_element,   watchdogs),
        [DEVICE_MEMBALLOON] = KIND("memballoon", memballoon_element, memballoons),
        [DEVICE_RNG]        = KIND("rng",        rng_element,        rngs),
        [DEVICE_PANIC]      = KIND("panic",      panic_element,      panics),
        [DEVICE_FILESYSTEM] = KIND("filesystem", filesystem_element, filesystems),
        [DEVICE_HOSTDEV]    = KIND("hostdev",    hostdev_element,    hostdevs),
        [DEVICE_REDIRDEV]   = KIND("redirdev",   redirdev_element,   redirdevs),
        [DEVICE_SMARTCARD]  = KIND("smartcard",  smartcard_element,  smartcards),
        [DEVICE_TPM]        = KIND("tpm",        tpm_element,        tpms),
        [DEVICE_SHMEM]      = KIND("shmem",      shmem_element,      shmems),
        [DEVICE_MEMORY]     = KIND("memory",     memory_element,     memories),
        [DEVICE_IOMMU]      = KIND("iommu",      iommu_element,      iommus),
        [DEVICE_VSOCK]      = KIND("vsock",      vsock_element,      vsocks),
        [DEVICE_CRYPTO]     = KIND("crypto",     crypto_element,     cryptos),
        [DEVICE_NVRAM]      = KIND("nvram",      nvram_element,      nvrams),
};

MapAnyList *conf_devices(DomainConf *conf, DeviceKind kind) {
        return (MapAnyList *) ((char *) conf + device_kinds[kind].list);
}

int conf_visit_devices(DomainConf *conf,
                       int (*visit)(DomainConf *conf, DeviceKind kind, Device *device,
                                    void *userdata),
                       void *userdata) {
        for (int kind = 0; kind < _DEVICE_KIND_MAX; kind++) {
                MapAnyList *list = conf_devices(conf, kind);

                for (size_t i = 0; i < list->n; i++) {
                        int r = visit(conf, kind, (Device *) list->items[i], userdata);

                        if (r != 0)
                                return r;
                }
        }
        return 0;
}

Device *conf_find_alias(DomainConf *conf, const char *alias, DeviceKind *ret_kind) {
        for (int kind = 0; kind < _DEVICE_KIND_MAX; kind++) {
                MapAnyList *list = conf_devices(conf, kind);

                for (size_t i = 0; i < list->n; i++) {
                        Device *device = (Device *) list->items[i];

                        if (!device->alias || strcmp(device->alias, alias) != 0)
                                continue;
                        if (ret_kind)
                                *ret_kind = kind;
                        return device;
                }
        }
        return NULL;
}

void *conf_add_device(DomainConf *conf, DeviceKind kind) {
        return map_list_add(device_kinds[kind].element, conf_devices(conf, kind));
}

DomainController *conf_find_controller(DomainConf *conf, ControllerType type, uint32_t index) {
        for (size_t i = 0; i < conf->controllers.n; i++) {
                DomainController *controller = conf->controllers.items[i];

                if (controller->type == type && controller->index.set &&
                    controller->index.value == index)
                        return controller;
        }
        return NULL;
}

/* ---- small helpers of the model ---- */

bool is_text(const char *text, const char *expected) {
        return text && strcmp(text, expected) == 0;
}

bool is_named(const xmlNode *node, const char *name) {
        return node->type == XML_ELEMENT_NODE && !node->ns &&
               strcmp((const char *) node->name, name) == 0;
}

xmlNode *child_of(const xmlNode *node, const char *name) {
        for (xmlNode *child = node ? node->children : NULL; child; child = child->next)
                if (is_named(child, name))
                        return child;
        return NULL;
}

char *attribute_of(const xmlNode *node, const char *name) {
        return node ? (char *) xmlGetNoNsProp((xmlNode *) node, (const xmlChar *) name) : NULL;
}

int set_string(char **string, const char *text) {
        char *copy = strdup(text);

        if (!copy)
                return -ENOMEM;
        free(*string);
        *string = copy;
        return 0;
}

int fail_at(Error *error, ErrorCode code, const xmlNode *node, const char *format, ...) {
        _cleanup_(freep) char *text = NULL, *path = node ? xml_node_path(node) : NULL;
        va_list ap;

        va_start(ap, format);
        int n = vasprintf(&text, format, ap);
        va_end(ap);
        if (n < 0) {
                text = NULL;
                return fail_memory(error);
        }
        if (!path)
                return fail(error, code, "%s", text);
        return fail(error, code, "%s (%s, line %ld)", text, path, xmlGetLineNo((xmlNode *) node));
}
