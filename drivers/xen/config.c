/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A definition as libxl's configuration: the whole, and what all of its parts need. */
#include "drivers/xen/config-private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "drivers/processors.h"
#include "drivers/xen/keys.h"

#define XEN_NAMESPACE "http://libvirt.org/schemas/domain/xen/1.0"
#define CPUS_MAX 4096 /* of a host, or nodes */

/* ---- values that libxl frees ---- */

void config_text(XenConfig *xen, char **member, const char *text) {
        if (!text)
                return;
        free(*member);
        if (!(*member = strdup(text)))
                xen->failed = true;
}

void config_format(XenConfig *xen, char **member, const char *format, ...) {
        va_list ap;

        free(*member);
        va_start(ap, format);
        if (vasprintf(member, format, ap) < 0) {
                *member = NULL;
                xen->failed = true;
        }
        va_end(ap);
}

void config_word(XenConfig *xen, libxl_string_list *list, const char *text) {
        size_t n = 0;

        while (*list && (*list)[n])
                n++;
        char **longer = realloc(*list, (n + 2) * sizeof(char *));

        if (!longer) {
                xen->failed = true;
                return;
        }
        *list = longer;
        longer[n] = longer[n + 1] = NULL;
        config_text(xen, &longer[n], text);
}

void config_bool(libxl_defbool *member, Tristate state) {
        if (state != TRISTATE_UNSET)
                libxl_defbool_set(member, state == TRISTATE_YES);
}

void *config_add(XenConfig *xen, void *array, int *n, size_t size) {
        void *longer = realloc(*(void **) array, (*n + 1) * size);

        if (!longer) {
                xen->failed = true;
                return NULL;
        }
        *(void **) array = longer;
        return memset((char *) longer + size * (*n)++, 0, size);
}

/* ---- sets ---- */

bool config_bitmap(XenConfig *xen, libxl_bitmap *ret, size_t n) {
        size_t bytes = (n + 7) / 8;

        free(ret->map);
        *ret = (libxl_bitmap) { .size = bytes, .map = calloc(bytes, 1) };
        if (ret->map)
                return true;
        ret->size = 0;
        xen->failed = true;
        return false;
}

/* libxl hands maps of CPUs and nodes on as they are, and Xen reads as much as it has of both. */
static size_t host_bits(XenConfig *xen) {
        int cpus = xen->ctx ? libxl_get_max_cpus(xen->ctx) : 0;
        int nodes = xen->ctx ? libxl_get_max_nodes(xen->ctx) : 0;

        return (size_t) MAX(MAX(cpus, nodes), 0);
}

int config_cpuset(XenConfig *xen, libxl_bitmap *ret, const char *text, const char *path) {
        _cleanup_(freep) bool *map = calloc(CPUS_MAX, sizeof(bool));
        size_t n = 0;

        if (!map)
                return fail_memory(xen->error);
        if (cpuset_parse(text, map, CPUS_MAX) < 0)
                return config_refuse(xen, "%s: '%s' is no set of numbers", path, text);
        for (size_t i = 0; i < CPUS_MAX; i++)
                if (map[i])
                        n = i + 1;
        if (n == 0)
                return config_refuse(xen, "%s: '%s' names none below %d", path, text, CPUS_MAX);
        if (!config_bitmap(xen, ret, MAX(n, host_bits(xen))))
                return fail_memory(xen->error);
        for (size_t i = 0; i < n; i++)
                if (map[i])
                        libxl_bitmap_set(ret, (int) i);
        return 0;
}

/* ---- questions ---- */

const char *config_listen(const DomainGraphics *graphics) {
        if (graphics->listen)
                return graphics->listen;
        for (size_t i = 0; i < graphics->listens.n; i++)
                if (graphics->listens.items[i]->address)
                        return graphics->listens.items[i]->address;
        return NULL;
}

int config_refuse(XenConfig *xen, const char *what, ...) {
        _cleanup_(freep) char *text = NULL;
        va_list ap;

        va_start(ap, what);
        if (vasprintf(&text, what, ap) < 0)
                text = NULL;
        va_end(ap);
        return text ? fail(xen->error, ERROR_CONFIG_UNSUPPORTED, "%s", text)
                    : fail_memory(xen->error);
}

/* ---- what comes first ---- */

static libxl_domain_type type_of(Guest guest) {
        switch (guest) {
        case GUEST_PV:
                return LIBXL_DOMAIN_TYPE_PV;
        case GUEST_HVM:
                return LIBXL_DOMAIN_TYPE_HVM;
        case GUEST_PVH:
                return LIBXL_DOMAIN_TYPE_PVH;
        }
        return LIBXL_DOMAIN_TYPE_INVALID;
}

static libxl_passthrough passthrough_of(const DomainFeatures *features) {
        if (features->xen_passthrough == TRISTATE_UNSET)
                return LIBXL_PASSTHROUGH_DEFAULT;
        if (features->xen_passthrough == TRISTATE_NO)
                return LIBXL_PASSTHROUGH_DISABLED;
        if (config_is(features->xen_passthrough_mode, "sync_pt"))
                return LIBXL_PASSTHROUGH_SYNC_PT;
        return config_is(features->xen_passthrough_mode, "share_pt") ? LIBXL_PASSTHROUGH_SHARE_PT
                                                                   : LIBXL_PASSTHROUGH_ENABLED;
}

/* A label of Xen's own policy is set as text, which libxl translates itself. */
static void config_label(XenConfig *xen) {
        for (size_t i = 0; i < xen->conf->labels.n; i++) {
                const SecurityLabel *label = xen->conf->labels.items[i];

                if (label->label && (!label->model || config_is(label->model, "flask")))
                        config_text(xen, &xen->config->c_info.ssid_label, label->label);
        }
}

static int config_create(XenConfig *xen) {
        libxl_domain_create_info *create = &xen->config->c_info;
        const DomainFeatures *features = &xen->conf->features;

        create->type = type_of(xen->guest);
        config_text(xen, &create->name, xen->conf->name);
        memcpy(create->uuid.uuid, xen->conf->uuid.bytes, sizeof(create->uuid.uuid));
        if (xen->guest != GUEST_PV)
                config_bool(&create->hap, features->hap);
        else if (features->hap == TRISTATE_YES)
                return config_refuse(xen, "features/hap: only for guests with hardware (hvm, "
                                     "xenpvh)");
        create->passthrough = passthrough_of(features);
        config_label(xen);
        return 0;
}

/* ---- what is done at its end ---- */

static libxl_action_on_shutdown action_of(LifecycleAction action) {
        switch (action) {
        case ACTION_RESTART:
                return LIBXL_ACTION_ON_SHUTDOWN_RESTART;
        case ACTION_RENAME_RESTART:
                return LIBXL_ACTION_ON_SHUTDOWN_RESTART_RENAME;
        case ACTION_PRESERVE:
                return LIBXL_ACTION_ON_SHUTDOWN_PRESERVE;
        case ACTION_COREDUMP_DESTROY:
                return LIBXL_ACTION_ON_SHUTDOWN_COREDUMP_DESTROY;
        case ACTION_COREDUMP_RESTART:
                return LIBXL_ACTION_ON_SHUTDOWN_COREDUMP_RESTART;
        case ACTION_UNSET:
        case ACTION_DESTROY:
                break;
        }
        return LIBXL_ACTION_ON_SHUTDOWN_DESTROY;
}

static int config_actions(XenConfig *xen) {
        xen->config->on_poweroff = action_of(xen->conf->on_poweroff);
        xen->config->on_reboot = action_of(xen->conf->on_reboot);
        xen->config->on_crash = action_of(xen->conf->on_crash);
        return 0;
}

/* ---- the device model ---- */

static bool is_xen(const xmlNode *node, const char *name) {
        return node->type == XML_ELEMENT_NODE && node->ns &&
               xmlStrEqual(node->ns->href, (const xmlChar *) XEN_NAMESPACE) &&
               xmlStrEqual(node->name, (const xmlChar *) name);
}

static int config_emulator(XenConfig *xen) {
        const char *path = xen->conf->emulator;
        const char *name = path ? strrchr(path, '/') : NULL;

        if (!path)
                return 0;
        config_text(xen, &xen->config->b_info.device_model, path);
        xen->config->b_info.device_model_version =
                config_is(name ? name + 1 : path, "qemu-dm")
                        ? LIBXL_DEVICE_MODEL_VERSION_QEMU_XEN_TRADITIONAL
                        : LIBXL_DEVICE_MODEL_VERSION_QEMU_XEN;
        return 0;
}

/* <xen:commandline> */
static int config_arguments(XenConfig *xen) {
        const xmlNode *list = xmlDocGetRootElement(xen->conf->document)->children;

        while (list && !is_xen(list, "commandline"))
                list = list->next;
        for (xmlNode *arg = list ? list->children : NULL; arg; arg = arg->next) {
                if (!is_xen(arg, "arg"))
                        continue;
                xmlChar *text = xmlGetNoNsProp(arg, (const xmlChar *) "value");

                if (text)
                        config_word(xen, &xen->config->b_info.extra, (const char *) text);
                xmlFree(text);
        }
        return 0;
}

/* ---- what the document has no words for ---- */

/* What neither of the two knows is said by the document in words of its own, or is nothing that xl
 * takes notice of either. */
static int set_kept(XenConfig *xen, NativeDialect dialect, const NativeConfig *kept,
                    const NativeConfig *written) {
        XlList list = {
                .ctx = xen->ctx, .config = xen->config, .kept = kept, .written = written,
                .guest = xen->guest, .dialect = dialect, .error = xen->error,
        };

        for (size_t i = 0; i < kept->n; i++) {
                const NativeEntry *entry = &kept->entries[i];
                int r = xl_list_set(&list, entry->name, entry->value);

                if (r == 0)
                        r = xl_key_set(xen->config, xen->guest, entry->name, entry->value,
                                       xen->error);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int config_kept(XenConfig *xen) {
        static const NativeDialect dialects[] = { NATIVE_XM, NATIVE_XL };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTS(dialects); i++) {
                _cleanup_(native_config_freep) NativeConfig *written = NULL;
                NativeConfig kept = {};

                if (!native_keeps(xen->conf, dialects[i]))
                        continue;
                /* writing changes nothing */
                r = native_write((DomainConf *) xen->conf, dialects[i], &written, xen->error);
                if (r >= 0)
                        r = native_kept(xen->conf, written, dialects[i], &kept, xen->error);
                if (r >= 0)
                        r = set_kept(xen, dialects[i], &kept, written);
                native_config_clear(&kept);
        }
        return r;
}

/* ---- all of it ---- */

static int (*const parts[])(XenConfig *xen) = {
        config_check,   config_create,      config_actions,  config_memory,      config_vcpus,
        config_cpu,     config_numa,        config_clock,    config_os,          config_features,
        config_emulator, config_arguments,  config_disks,    config_nics,        config_displays,
        config_chars,   config_inputs,      config_sounds,   config_controllers, config_hostdevs,
        config_filesystems, config_tpms, config_kept,
};

int xen_config_build(const DomainConf *conf, libxl_ctx *ctx, libxl_domain_config *ret,
                     Error *error) {
        XenConfig xen = {
                .conf = conf, .ctx = ctx, .config = ret, .guest = xen_guest_type(conf),
                .error = error,
        };
        int r = 0;

        libxl_domain_config_init(ret);
        libxl_domain_build_info_init_type(&ret->b_info, type_of(xen.guest));
        for (size_t i = 0; r >= 0 && i < ELEMENTS(parts); i++)
                r = parts[i](&xen);
        return r < 0 ? r : xen.failed ? fail_memory(error) : 0;
}
