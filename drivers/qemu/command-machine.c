/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The board: machine and accelerator, monitor, clock, power, firmware and what is booted. */
#include "drivers/qemu/command-private.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static bool is_pflash(const DomainConf *conf) {
        return conf->os.loader && text_is(conf->os.loader_type, "pflash");
}

static const ClockTimer *find_timer(const DomainConf *conf, const char *name) {
        for (size_t i = 0; i < conf->clock.timers.n; i++)
                if (text_is(conf->clock.timers.items[i]->name, name))
                        return conf->clock.timers.items[i];
        return NULL;
}

/* <smm/> without a state says on. */
static Tristate given_state(bool given, Tristate state) {
        return given && state == TRISTATE_UNSET ? TRISTATE_YES : state;
}

/* ---- machine and accelerator ---- */

static int add_x86_features(Builder *builder, Option *option) {
        const DomainFeatures *features = &builder->conf->features;
        const ClockTimer *hpet = find_timer(builder->conf, "hpet");

        if (!qemu_is_x86(builder->conf))
                return 0;
        option_add_state(option, "vmport", given_state(features->given.vmport, features->vmport));
        option_add_state(option, "smm", given_state(features->given.smm, features->smm));
        if (text_is(features->ioapic_driver, "qemu"))
                option_add(option, ",kernel_irqchip=split");
        else if (text_is(features->ioapic_driver, "kvm"))
                option_add(option, ",kernel_irqchip=on");
        else if (features->ioapic_driver)
                return unsupported(builder, "features/ioapic/@driver '%s'",
                                   features->ioapic_driver);
        if (qemu_platform_info(builder->conf)->acpi && !features->acpi)
                option_add(option, ",acpi=off");
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

static int add_dirty_ring(Builder *builder) {
        const DomainFeatures *features = &builder->conf->features;

        if (features->kvm_dirty_ring != TRISTATE_YES || builder->conf->type != VIRT_KVM)
                argument(builder, "accel", "%s", accelerator(builder));
        else
                argument(builder, "accel", "kvm,dirty-ring-size=%u", features->kvm_dirty_ring_size);
        return 0;
}

static int refuse_features(Builder *builder) {
        const DomainConf *conf = builder->conf;
        const struct {
                bool asked;
                const char *name;
        } refused[] = {
                { conf->features.xen_e820 || conf->features.xen_passthrough, "features/xen" },
                { conf->features.hpt_resizing || conf->features.hpt_max_page, "features/hpt" },
                { conf->features.async_teardown,                 "features/async-teardown" },
                { conf->launch_security,                         "launchSecurity" },
                { conf->os.bootloader || conf->os.bootloader_args, "bootloader" },
                { conf->os.has.init,                             "os/init" },
        };

        for (size_t i = 0; i < ELEMENTS(refused); i++)
                if (refused[i].asked)
                        return unsupported(builder, "%s is not supported for QEMU guests",
                                           refused[i].name);
        if (!accelerator(builder))
                return unsupported(builder, "domain/@type '%s' is not run by QEMU",
                                   map_enum_name(virt_types, conf->type) ?: "");
        return 0;
}

int build_machine(Builder *builder) {
        const DomainConf *conf = builder->conf;
        _cleanup_(option_clear) Option option = { builder, NULL };
        int r = refuse_features(builder);

        if (r < 0)
                return r;
        option_add(&option, "%s,usb=off", builder->machine->name);
        option_add(&option, ",dump-guest-core=%s", text_is(conf->dump_core, "on") ? "on" : "off");
        if ((r = add_x86_features(builder, &option)) < 0 ||
            (r = add_pflash(builder, &option)) < 0 ||
            (r = add_memory_options(builder, &option)) < 0)
                return r;
        if (conf->features.gic_version)
                option_add(&option, ",gic-version=%s", conf->features.gic_version);
        if (conf->features.ras != TRISTATE_UNSET)
                option_add_state(&option, "ras", conf->features.ras);
        option_done(&option, "machine");
        return add_dirty_ring(builder);
}

/* ---- monitor ---- */

int build_monitor(Builder *builder) {
        argument(builder, "chardev", "socket,id=charmonitor,fd=%d,server=on,wait=off",
                 builder->places->monitor_fd);
        argument(builder, "mon", "chardev=charmonitor,id=monitor,mode=control");
        return 0;
}

/* ---- clock ---- */

static int add_date(Option *option, int64_t seconds, bool local) {
        time_t when = seconds;
        struct tm parts;
        char text[sizeof("-9223372036854775808-12-31T23:59:60")];

        if (!(local ? localtime_r(&when, &parts) : gmtime_r(&when, &parts)) ||
            strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts) == 0)
                return -ERANGE;
        option_add(option, "base=%s", text);
        return 0;
}

static int add_clock_base(Builder *builder, Option *option) {
        const DomainClock *clock = &builder->conf->clock;
        int64_t adjustment = clock->adjustment ? strtoll(clock->adjustment, NULL, 10) : 0;
        int r = 0;

        if (text_is(clock->offset, "localtime"))
                option_add(option, "base=localtime");
        else if (text_is(clock->offset, "variable"))
                r = add_date(option, time(NULL) + adjustment, text_is(clock->basis, "localtime"));
        else if (text_is(clock->offset, "absolute"))
                r = add_date(option, clock->start ? strtoll(clock->start, NULL, 10) : 0, false);
        else if (!clock->offset || text_is(clock->offset, "utc"))
                option_add(option, "base=utc");
        else
                return unsupported(builder, "clock/@offset '%s' is not supported for QEMU guests",
                                   clock->offset);
        return r < 0 ? unsupported(builder, "clock: the date is out of range") : 0;
}

static int add_rtc(Builder *builder) {
        const ClockTimer *rtc = find_timer(builder->conf, "rtc");
        _cleanup_(option_clear) Option option = { builder, NULL };
        int r = add_clock_base(builder, &option);

        if (r < 0)
                return r;
        if (rtc && rtc->track && !text_is(rtc->track, "boot"))
                option_add(&option, ",clock=%s", text_is(rtc->track, "guest") ? "vm" :
                                                 text_is(rtc->track, "realtime") ? "rt" : "host");
        if (rtc && text_is(rtc->tickpolicy, "catchup"))
                option_add(&option, ",driftfix=slew");
        else if (rtc && rtc->tickpolicy && !text_is(rtc->tickpolicy, "delay"))
                return unsupported(builder, "clock/timer[@name='rtc']/@tickpolicy '%s'",
                                   rtc->tickpolicy);
        option_done(&option, "rtc");
        return 0;
}

static int add_pit(Builder *builder) {
        const ClockTimer *pit = find_timer(builder->conf, "pit");

        if (!pit || !pit->tickpolicy || text_is(pit->tickpolicy, "catchup"))
                return 0;
        if (!text_is(pit->tickpolicy, "delay") && !text_is(pit->tickpolicy, "discard"))
                return unsupported(builder, "clock/timer[@name='pit']/@tickpolicy '%s'",
                                   pit->tickpolicy);
        if (builder->conf->type == VIRT_KVM && qemu_caps_has_type(builder->caps, "kvm-pit"))
                argument(builder, "global", "kvm-pit.lost_tick_policy=%s", pit->tickpolicy);
        return 0;
}

/* Sleep states are a property of the power management chip of each chipset. */
static void add_sleep_states(Builder *builder) {
        const DomainConf *conf = builder->conf;
        Platform platform = qemu_platform(conf);
        const char *chip = platform == PLATFORM_Q35 ? "ICH9-LPC" : "PIIX4_PM";

        if (platform != PLATFORM_Q35 && platform != PLATFORM_I440FX)
                return;
        if (conf->suspend_to_mem != TRISTATE_UNSET)
                argument(builder, "global", "%s.disable_s3=%d", chip,
                         conf->suspend_to_mem == TRISTATE_NO);
        if (conf->suspend_to_disk != TRISTATE_UNSET)
                argument(builder, "global", "%s.disable_s4=%d", chip,
                         conf->suspend_to_disk == TRISTATE_NO);
}

int build_clock(Builder *builder) {
        int r;

        if ((r = add_rtc(builder)) < 0 || (r = add_pit(builder)) < 0)
                return r;
        argument(builder, "no-shutdown", NULL);
        if (builder->conf->on_reboot != ACTION_RESTART) /* the driver decides what follows */
                argument(builder, "no-reboot", NULL);
        add_sleep_states(builder);
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

        if (os->acpi_tables.n > 0)
                return unsupported(builder,
                                   "os/acpi (tables of the user's own) is not supported yet");
        if (os->smbios_mode && !text_is(os->smbios_mode, "emulate"))
                return unsupported(builder, "os/smbios/@mode '%s' is not supported yet",
                                   os->smbios_mode);
        if (os->bios_useserial == TRISTATE_YES)
                argument(builder, "device", "sga");
        if ((r = add_loader(builder)) < 0)
                return r;
        if (qemu_is_x86(builder->conf) || qemu_platform(builder->conf) == PLATFORM_PSERIES ||
            qemu_platform(builder->conf) == PLATFORM_VIRT)
                add_boot(builder);
        add_kernel(builder);
        return 0;
}
