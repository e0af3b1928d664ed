/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a running guest is, as libxl has it on record.
 *
 * libxl keeps the configuration of every guest, whoever made it, and brings it up to date with what
 * was attached, ballooned and plugged since. Of a guest that others made it is all that is known:
 * its members become keys of xl (keys.c), and these a document by the reader of configurations. Of
 * our own, whose document says more, only processors are taken over. It is asked for
 * when a guest is found, when its record is written, and whenever xenstore says that something
 * changed. */
#include <errno.h>
#include <string.h>

#include "conf/api-domain.h"
#include "drivers/log.h"
#include "drivers/processors.h"
#include "drivers/xen/device.h"
#include "drivers/xen/keys.h"

/* ---- as keys of xl ---- */

static Guest guest_of(libxl_domain_type type) {
        switch (type) {
        case LIBXL_DOMAIN_TYPE_HVM:
                return GUEST_HVM;
        case LIBXL_DOMAIN_TYPE_PVH:
                return GUEST_PVH;
        case LIBXL_DOMAIN_TYPE_PV:
        case LIBXL_DOMAIN_TYPE_INVALID:
                break;
        }
        return GUEST_PV;
}

static uint32_t vcpus_of(const libxl_domain_config *config) {
        int n = libxl_bitmap_count_set(&config->b_info.avail_vcpus);

        return n > 0 ? n : MAX(1, config->b_info.max_vcpus);
}

static void get_arguments(const libxl_string_list *arguments, NativeConfig *ret) {
        for (size_t i = 0; *arguments && (*arguments)[i]; i++)
                native_add_item(ret, "bootloader_args", (*arguments)[i]);
}

/* A paravirtualized guest's may be where older versions of libxl had them. */
static void get_boot(const libxl_domain_build_info *build, NativeConfig *ret) {
        bool pv = build->type == LIBXL_DOMAIN_TYPE_PV;

        native_set_text(ret, "kernel", build->kernel ?: pv ? build->u.pv.kernel : NULL);
        native_set_text(ret, "ramdisk", build->ramdisk ?: pv ? build->u.pv.ramdisk : NULL);
        native_set_text(ret, "cmdline", build->cmdline ?: pv ? build->u.pv.cmdline : NULL);
        native_set_text(ret, "bootloader", build->bootloader ?: pv ? build->u.pv.bootloader : NULL);
        get_arguments(build->bootloader_args ? &build->bootloader_args
                      : pv ? &build->u.pv.bootloader_args : &build->bootloader_args, ret);
}

static NativeConfig *keys_of(const Domain *domain, const libxl_domain_config *config) {
        static const char *const types[] = {
                [GUEST_PV] = "pv", [GUEST_HVM] = "hvm", [GUEST_PVH] = "pvh",
        };
        _cleanup_(native_config_freep) NativeConfig *keys = calloc(1, sizeof(*keys));
        Guest guest = guest_of(config->b_info.type);
        char uuid[UUID_TEXT_MAX];

        if (!keys)
                return NULL;
        native_set_text(keys, "type", types[guest]);
        native_set_text(keys, "name", domain->resource.name);
        native_set_text(keys, "uuid", uuid_format(domain->resource.uuid, uuid));
        xl_keys_get(config, guest, keys);
        xl_lists_get(config, guest, keys);
        native_set_number(keys, "vcpus", vcpus_of(config));
        get_boot(&config->b_info, keys);
        return keys->failed ? NULL : TAKE(keys);
}

/* ---- a guest of others ---- */

/* What the document has no words for is kept in it, as what is read from a configuration is; its
 * kind it says itself. */
static int keep_rest(DomainConf *conf, NativeConfig *keys, Error *error) {
        _cleanup_(native_config_freep) NativeConfig *written = NULL;
        int r = native_write(conf, NATIVE_XL, &written, error);

        native_remove(keys, "type");
        return r < 0 ? r : native_keep(conf, keys, written, NATIVE_XL, error);
}

static int set_whole(XenGuest *guest, const libxl_domain_config *config, Error *error) {
        _cleanup_(native_config_freep) NativeConfig *keys = keys_of(guest->domain, config);
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        _cleanup_(freep) char *xml = NULL;
        int r;

        if (!keys)
                return fail_memory(error);
        r = native_read(keys, NATIVE_XL, &xml, error);
        if (r >= 0)
                r = xen_conf_parse(xml, CONF_TRUSTED | CONF_LIVE, &conf, error);
        if (r >= 0)
                r = keep_rest(conf, keys, error);
        if (r < 0)
                return r;
        conf->id = (MaybeU32) { true, guest->domid };
        r = xen_live_aliases(conf, error);
        if (r >= 0)
                r = domain_set_live(guest->domain, conf, error);
        if (r < 0)
                return r;
        guest->learnt = true;
        xen_guest_save(guest);
        xen_live_ttys(guest);
        return 0;
}

/* ---- processors, of any; memory is heard of in memory.c ---- */

static int set_processors(XenGuest *guest, const libxl_domain_config *config, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        uint32_t vcpus = vcpus_of(config);
        int r = domain_conf(guest->domain, DOMAIN_LIVE, &conf, error);

        if (r < 0 || vcpus == vcpus_count(conf, 0) ||
            vcpus > vcpus_count(conf, DOMAIN_VCPU_MAXIMUM))
                return r;
        r = vcpus_set(conf, vcpus, 0, error);
        if (r >= 0)
                r = domain_set_live(guest->domain, conf, error);
        if (r >= 0)
                xen_guest_save(guest);
        return r;
}

static void take(XenGuest *guest, const libxl_domain_config *config) {
        _cleanup_(error_clear) Error error = {};
        _cleanup_(freep) char *text = NULL;
        int r = guest->foreign ? set_whole(guest, config, &error)
                               : set_processors(guest, config, &error);

        if (r >= 0)
                return;
        text = error_text(&error);
        log_resource(LOG_WARNING, &guest->domain->resource,
                     "what libxl says it is can't be shown: %s", text ?: "out of memory");
}

/* ---- asking: in a process of its own, since it reads all of a guest's devices in xenstore ---- */

static int retrieve(libxl_ctx *ctx, uint32_t *domid, void *argument) {
        libxl_domain_config config;
        int rc;

        libxl_domain_config_init(&config);
        rc = libxl_retrieve_domain_configuration(ctx, *domid, &config, NULL);
        if (rc == 0 && !xen_child_answer(libxl_domain_config_to_json(ctx, &config)))
                rc = ERROR_NOMEM;
        libxl_domain_config_dispose(&config);
        return rc;
}

/* Without a record the guest is being made, or going; in the first case its record is heard of. */
static void retrieved(int rc, uint32_t domid, const XenLines *lines, void *userdata) {
        XenGuest *guest = userdata;
        const char *text = xen_child_text(guest->learner);
        bool again = guest->learn_again;
        libxl_domain_config config;

        guest->learner = NULL;
        guest->learn_again = false;
        libxl_domain_config_init(&config);
        if (rc == 0 && text && !guest->stopping &&
            XEN_CALL(guest->core,
                     libxl_domain_config_from_json(guest->core->ctx, &config, text)) == 0)
                take(guest, &config);
        libxl_domain_config_dispose(&config);
        if (again)
                xen_learn(guest);
}

void xen_learn(XenGuest *guest) {
        if (guest->domain->starting || guest->restarting || guest->stopping ||
            guest->domid == XEN_NO_DOMAIN)
                return;
        if (guest->learner)
                guest->learn_again = true;
        else
                (void) xen_child_new(guest->core, guest->domid, retrieve, NULL, retrieved, guest,
                                     &guest->learner, NULL);
}

/* ---- whether it runs ---- */

void xen_look(Domain *domain) {
        XenGuest *guest = xen_guest_of(domain);
        libxl_dominfo info;

        if (!guest || guest->domid == XEN_NO_DOMAIN || domain->starting || guest->stopping ||
            guest->restarting || guest->child || guest->away ||
            (domain->state != DOMAIN_RUNNING && domain->state != DOMAIN_PAUSED))
                return;
        libxl_dominfo_init(&info);
        if (XEN_CALL(guest->core, libxl_domain_info(guest->core->ctx, &info, guest->domid)) == 0 &&
            !info.shutdown && !info.dying) {
                if (info.paused)
                        xen_guest_paused(guest, DOMAIN_PAUSED_USER, SUSPENDED_PAUSED);
                else
                        xen_guest_running(guest, DOMAIN_RUNNING_UNPAUSED);
        }
        libxl_dominfo_dispose(&info);
}
