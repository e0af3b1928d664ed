/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The board: machine and accelerator, monitor, firmware and what is booted. */
#include "drivers/qemu/command-private.h"

#include <inttypes.h>
#include <string.h>

static bool is_pflash(const DomainConf *conf) {
        return conf->os.loader && text_is(conf->os.loader_type, "pflash");
}

/* <smm/> without a state says on. */
static Tristate given_state(bool given, Tristate state) {
        return given && state == TRISTATE_UNSET ? TRISTATE_YES : state;
}

/* ---- machine and accelerator ---- */

static int add_x86_features(Builder *builder, Option *option) {
        const DomainFeatures *features = &builder->conf->features;
        const ClockTimer *hpet = clock_timer(builder->conf, "hpet");

        if (!qemu_is_x86(builder->conf))
                return 0;
        option_add_state(option, "vmport", given_state(features->given.vmport, features->vmport));
        option_add_state(option, "smm",
                         given_state(features->given.smm ||
                                     builder->conf->os.loader_secure == TRISTATE_YES,
                                     features->smm));
        if (text_is(features->ioapic_driver, "qemu"))
                option_add(option, ",kernel_irqchip=split");
        else if (text_is(features->ioapic_driver, "kvm"))
                option_add(option, ",kernel_irqchip=on");
        else if (features->ioapic_driver)
                return unsupported(builder, "features/ioapic/@driver '%s'",
                                   features->ioapic_driver);
        if (qemu_platform_info(builder->conf)->acpi && !features->acpi)
                option_add(option, ",acpi=off");
        if (features->ps2 == TRISTATE_NO)
                option_add(option, ",i8042=off");
        for (size_t i = 0; i < builder->conf->sounds.n; i++)
                if (text_is(builder->conf->sounds.items[i]->model, "pcspk")) {
                        char audio[24];

                        audio_id(builder, builder->conf->sounds.items[i]->audio, audio);
                        option_add(option, ",pcspk-audiodev=%s", audio);
                }
        if (hpet)
                option_add_state(option, "hpet",
                                 hpet->present == TRISTATE_NO ? TRISTATE_NO : TRISTATE_YES);
        return 0;
}

static int add_pflash(Builder *builder, Option *option) {
        const DomainOs *os = &builder->conf->os;

        if (!is_pflash(builder->conf))
                return 0;
        if (os->loader_secure == TRISTATE_YES)
                argument(builder, "global", "driver=cfi.pflash01,property=secure,value=on");
        option_add(option, ",pflash0=libvirt-pflash0-format");
        if (os->nvram)
                option_add(option, ",pflash1=libvirt-pflash1-format");
        return 0;
}

static const char *accelerator(Builder *builder) {
        switch (builder->conf->type) {
        case VIRT_KVM:
                return "kvm";
        case VIRT_QEMU:
                return "tcg";
        case VIRT_UNSET:
        case VIRT_XEN:
        case VIRT_TEST:
        case VIRT_LXC:
        case VIRT_HVF:
        case VIRT_VMWARE:
        case VIRT_HYPERV: case VIRT_VBOX: case VIRT_PHYP: case VIRT_PARALLELS: case VIRT_BHYVE:
        case VIRT_VZ: case VIRT_KQEMU: case VIRT_UML: case VIRT_OPENVZ:
                return NULL;
        }
        return NULL;
}

static void add_accelerator(Builder *builder) {
        const DomainFeatures *features = &builder->conf->features;
        bool kvm = builder->conf->type == VIRT_KVM;

        if (kvm && features->kvm_dirty_ring == TRISTATE_YES)
                argument(builder, "accel", "kvm,dirty-ring-size=%u", features->kvm_dirty_ring_size);
        else if (!kvm && features->tb_cache > 0)
                argument(builder, "accel", "tcg,tb-size=%" PRIu64, features->tb_cache / 1024);
        else
                argument(builder, "accel", "%s", accelerator(builder));
}

/* Switches of POWER and s390 machines that are named almost as libvirt names them. */
static int add_other_features(Builder *builder, Option *option) {
        const DomainConf *conf = builder->conf;
        const DomainFeatures *features = &conf->features;
        Platform platform = qemu_platform(conf);

        if (features->gic_version)
                option_add(option, ",gic-version=%s", features->gic_version);
        option_add_state(option, "ras", features->ras);
        option_add_text(option, "resize-hpt", features->hpt_resizing);
        if (features->hpt_max_page)
                option_add(option, ",cap-hpt-max-page-size=%" PRIu64 "k", features->hpt_max_page);
        option_add_state(option, "cap-htm", features->htm);
        option_add_state(option, "cap-nested-hv", features->nested_hv);
        option_add_state(option, "cap-ccf-assist", features->ccf_assist);
        option_add_text(option, "cap-cfpc", features->cfpc);
        option_add_text(option, "cap-sbbc", features->sbbc);
        option_add_text(option, "cap-ibs", features->ibs);
        for (size_t i = 0; i < conf->key_wraps.n; i++)
                option_add(option, ",%s-key-wrap=%s", conf->key_wraps.items[i]->name,
                           conf->key_wraps.items[i]->state == TRISTATE_NO ? "off" : "on");
        for (size_t i = 0; i < conf->iommus.n; i++)
                if (text_is(conf->iommus.items[i]->model, "smmuv3")) {
                        if (platform != PLATFORM_VIRT)
                                return unsupported(builder, "devices/iommu/@model 'smmuv3' is part "
                                                   "of virt machines only");
                        option_add(option, ",iommu=smmuv3");
                }
        return 0;
}

/* Memory holes and the like are properties of the chipset's host bridge. */
static int add_bridge_globals(Builder *builder) {
        const DomainConf *conf = builder->conf;
        Platform platform = qemu_platform(conf);
        const DomainController *root = qemu_find_controller(conf, CONTROLLER_PCI, 0);
        const char *bridge = platform == PLATFORM_I440FX ? "i440FX-pcihost"
                             : platform == PLATFORM_Q35  ? "q35-pcihost" : NULL;

        if (root && root->pcihole64 > 0) {
                if (!bridge)
                        return unsupported(builder, "devices/controller/pcihole64: machine '%s' "
                                           "has none", builder->machine->name);
                argument(builder, "global", "%s.pci-hole64-size=%" PRIu64 "K", bridge,
                         root->pcihole64);
        }
        if (conf->features.tseg > 0) {
                if (platform != PLATFORM_Q35)
                        return unsupported(builder, "features/smm/tseg is part of q35 machines "
                                           "only");
                argument(builder, "global", "mch.extended-tseg-mbytes=%" PRIu64,
                         conf->features.tseg / 1024);
        }
        return 0;
}

static int refuse_features(Builder *builder) {
        const DomainConf *conf = builder->conf;
        const struct {
                bool asked;
                const char *name;
        } refused[] = {
                { conf->features.xen_e820 || conf->features.xen_passthrough, "features/xen" },
                { conf->features.async_teardown == TRISTATE_YES &&
                  !qemu_caps_has(builder->caps, "run-with.async-teardown"),
                  "features/async-teardown" },
                { conf->features.aia == TRISTATE_YES, "features/aia" },
                { conf->os.bootloader || conf->os.bootloader_args, "bootloader" },
                { conf->os.has.init, "os/init" },
        };

        for (size_t i = 0; i < ELEMENTS(refused); i++)
                if (refused[i].asked)
                        return unsupported(builder, "%s is not supported by %s", refused[i].name,
                                           builder->caps->binary);
        if (!accelerator(builder))
                return unsupported(builder, "domain/@type '%s' is not run by QEMU",
                                   map_enum_name(virt_types, conf->type) ?: "");
        return 0;
}

int build_machine(Builder *builder) {
        const DomainConf *conf = builder->conf;
        _cleanup_(option_clear) Option option = { builder, NULL };
        int r;

        if ((r = refuse_features(builder)) < 0 || (r = build_enclave_memory(builder)) < 0)
                return r;
        option_add(&option, "%s,usb=off", builder->machine->name);
        option_add(&option, ",dump-guest-core=%s", text_is(conf->dump_core, "on") ? "on" : "off");
        if ((r = add_x86_features(builder, &option)) < 0 ||
            (r = add_pflash(builder, &option)) < 0 ||
            (r = add_memory_options(builder, &option)) < 0 ||
            (r = add_other_features(builder, &option)) < 0 ||
            (r = build_launch_security(builder, &option)) < 0)
                return r;
        option_done(&option, "machine");
        add_accelerator(builder);
        if (conf->features.async_teardown == TRISTATE_YES)
                argument(builder, "run-with", "async-teardown=on");
        return add_bridge_globals(builder);
}

/* ---- monitor ---- */

int build_monitor(Builder *builder) {
        argument(builder, "chardev", "socket,id=charmonitor,fd=%d,server=on,wait=off",
                 builder->places->monitor_fd);
        argument(builder, "mon", "chardev=charmonitor,id=monitor,mode=control");
        return 0;
}

/* ---- firmware and boot ---- */

static void add_flash(Builder *builder, unsigned n, const char *path, const char *format,
                      bool readonly) {
        json_object *file = json_new(builder), *flash = json_new(builder);

        json_put_text(builder, file, "driver", "file");
        json_put_text(builder, file, "filename", path);
        json_putf(builder, file, "node-name", "libvirt-pflash%u-storage", n);
        json_put_bool(builder, file, "auto-read-only", true);
        json_put_text(builder, file, "discard", "unmap");
        argument_json(builder, "blockdev", file);

        json_putf(builder, flash, "node-name", "libvirt-pflash%u-format", n);
        json_put_bool(builder, flash, "read-only", readonly);
        json_put_text(builder, flash, "driver", format ?: "raw");
        json_putf(builder, flash, "file", "libvirt-pflash%u-storage", n);
        argument_json(builder, "blockdev", flash);
}

static int add_loader(Builder *builder) {
        const DomainOs *os = &builder->conf->os;

        if (!os->loader) {
                if (text_is(os->firmware, "efi"))
                        return unsupported(builder, "os/@firmware 'efi': no firmware was chosen");
                return 0;
        }
        if (!is_pflash(builder->conf)) {
                argument(builder, "bios", "%s", os->loader);
                return 0;
        }
        if (os->nvram_type && !text_is(os->nvram_type, "file"))
                return unsupported(builder, "os/nvram/@type '%s' is not supported yet",
                                   os->nvram_type);
        add_flash(builder, 0, os->loader, os->loader_format, os->loader_readonly != TRISTATE_NO);
        if (os->nvram)
                add_flash(builder, 1, os->nvram, os->nvram_format, false);
        return 0;
}

static void add_boot(Builder *builder) {
        const DomainOs *os = &builder->conf->os;
        _cleanup_(option_clear) Option option = { builder, NULL };

        if (os->bootmenu != TRISTATE_UNSET)
                option_add(&option, "menu=%s,", os->bootmenu == TRISTATE_YES ? "on" : "off");
        if (os->bootmenu == TRISTATE_YES && os->bootmenu_timeout)
                option_add(&option, "splash-time=%u,", os->bootmenu_timeout);
        if (os->bios_reboot_timeout.set)
                option_add(&option, "reboot-timeout=%d,", (int) os->bios_reboot_timeout.value);
        option_add(&option, "strict=on");
        option_done(&option, "boot");
}

static void add_kernel(Builder *builder) {
        const DomainOs *os = &builder->conf->os;
        const struct {
                const char *option, *value;
        } parts[] = {
                { "kernel", os->kernel }, { "initrd", os->initrd }, { "append", os->cmdline },
                { "dtb", os->dtb },
        };

        for (size_t i = 0; i < ELEMENTS(parts); i++)
                if (parts[i].value)
                        argument(builder, parts[i].option, "%s", parts[i].value);
}

int build_firmware(Builder *builder) {
        const DomainOs *os = &builder->conf->os;
        int r;

        if (os->bios_useserial == TRISTATE_YES) {
                if (!qemu_caps_has_type(builder->caps, "sga"))
                        return unsupported(builder, "os/bios/@useserial: %s has no 'sga'",
                                           builder->caps->binary);
                argument(builder, "device", "{\"driver\":\"sga\"}");
        }
        if ((r = add_loader(builder)) < 0)
                return r;
        if (qemu_is_x86(builder->conf) || qemu_platform(builder->conf) == PLATFORM_PSERIES ||
            qemu_platform(builder->conf) == PLATFORM_VIRT)
                add_boot(builder);
        add_kernel(builder);
        return 0;
}
