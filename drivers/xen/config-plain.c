/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plainest configuration for libxl: a PV or PVH guest with a kernel and no devices. */
#include <errno.h>
#include <string.h>

#include "drivers/xen/config.h"
#include "drivers/xen/driver.h"

int xen_config_build(const DomainConf *conf, libxl_ctx *ctx, libxl_domain_config *ret,
                     Error *error) {
        libxl_domain_type type = xen_guest_type(conf) == GUEST_PVH ? LIBXL_DOMAIN_TYPE_PVH
                                                                   : LIBXL_DOMAIN_TYPE_PV;

        libxl_domain_config_init(ret);
        if (xen_guest_type(conf) == GUEST_HVM || !conf->os.kernel)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "os: only guests with a kernel of their own are started");
        ret->c_info.type = type;
        libxl_domain_build_info_init_type(&ret->b_info, type);
        ret->c_info.name = strdup(conf->name);
        memcpy(&ret->c_info.uuid, &conf->uuid, sizeof(conf->uuid));
        libxl_defbool_set(&ret->c_info.run_hotplug_scripts, true);
        ret->b_info.max_vcpus = conf->vcpus;
        if (libxl_cpu_bitmap_alloc(ctx, &ret->b_info.avail_vcpus, conf->vcpus) != 0)
                return fail_memory(error);
        for (uint32_t i = 0; i < (conf->current_vcpus ?: conf->vcpus); i++)
                libxl_bitmap_set(&ret->b_info.avail_vcpus, i);
        ret->b_info.max_memkb = conf->memory;
        ret->b_info.target_memkb = conf->current_memory;
        ret->b_info.kernel = strdup(conf->os.kernel);
        ret->b_info.ramdisk = conf->os.initrd ? strdup(conf->os.initrd) : NULL;
        ret->b_info.cmdline = conf->os.cmdline ? strdup(conf->os.cmdline) : NULL;
        return 0;
}
