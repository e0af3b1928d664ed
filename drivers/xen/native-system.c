/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory, processors' number, what is booted, features of Xen and the clock of a native
 * configuration. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/host.h"
#include "drivers/xen/driver.h"
#include "drivers/xen/native.h"

#define MEMORY_DEFAULT 128 /* MiB */
#define MEMORY_MAX (1ll << 40)

/* ---- memory ---- */

int native_read_memory(NativeRead *read) {
        long long most, memory;

        if (!native_number(read->config, "memory", &memory))
                memory = MEMORY_DEFAULT;
        if (!native_number(read->config, "maxmem", &most))
                most = memory;
        if (memory <= 0 || memory > MEMORY_MAX || most <= 0 || most > MEMORY_MAX)
                return native_fail(read, memory <= 0 || memory > MEMORY_MAX ? "memory" : "maxmem",
                                   "no guest can have so much or so little");
        native_put(read, read->root, "memory", "%lld", most * 1024);
        native_put(read, read->root, "currentMemory", "%lld", memory * 1024);
        return 0;
}

int native_write_memory(NativeWrite *write) {
        native_set_number(write->config, "maxmem", write->conf->memory / 1024);
        native_set_number(write->config, "memory", write->conf->current_memory / 1024);
        return 0;
}

/* ---- how many processors, and where they run ---- */

static bool is_cpu_set(const char *text) {
        return text && *text && text[strspn(text, "0123456789,-^")] == 0 &&
               strspn(text, "0123456789") > 0;
}

/* Before there was maxvcpus, vcpus was that, and a map said which of them are there. */
static void read_map(NativeRead *read, long long *vcpus) {
        long long map;

        if (read->dialect != NATIVE_XL && native_number(read->config, "vcpu_avail", &map) &&
            map > 0 && !native_get(read->config, "maxvcpus"))
                *vcpus = MIN(*vcpus, __builtin_popcountll(map));
}

int native_read_vcpus(NativeRead *read) {
        const NativeValue *cpus = native_get(read->config, "cpus");
        long long vcpus = 1, most, all;

        if (native_number(read->config, "vcpus", &vcpus) && (vcpus < 1 || vcpus > UINT16_MAX))
                return native_fail(read, "vcpus", "between 1 and %d", UINT16_MAX);
        all = vcpus;
        read_map(read, &vcpus);
        if (!native_number(read->config, "maxvcpus", &most) || most < all)
                most = all;
        if (most > UINT16_MAX)
                return native_fail(read, "maxvcpus", "between 1 and %d", UINT16_MAX);
        xmlNode *node = native_put(read, read->root, "vcpu", "%lld", most);

        native_put(read, node, "@placement", "static");
        if (cpus && is_cpu_set(cpus->text))
                native_put(read, node, "@cpuset", "%s", cpus->text);
        if (most > vcpus)
                native_put(read, node, "@current", "%lld", vcpus);
        for (size_t i = 0; cpus && i < cpus->n && i < (size_t) most; i++) {
                if (!is_cpu_set(cpus->items[i]->text))
                        continue;
                xmlNode *pin = native_add(read, read->root, "cputune/vcpupin");

                native_put(read, pin, "@vcpu", "%zu", i);
                native_put(read, pin, "@cpuset", "%s", cpus->items[i]->text);
        }
        return 0;
}

/* As a list only if each of the first ones has its own. */
static bool write_pins(NativeWrite *write) {
        const CpuTune *tune = &write->conf->cputune;
        const char *sets[64] = {};
        size_t n = 0;

        for (size_t i = 0; i < tune->vcpus.n; i++) {
                uint32_t vcpu = tune->vcpus.items[i]->id.value;

                if (vcpu < ELEMENTS(sets)) {
                        sets[vcpu] = tune->vcpus.items[i]->cpuset;
                        n = MAX(n, vcpu + 1);
                }
        }
        for (size_t i = 0; i < n; i++)
                if (!sets[i])
                        return false;
        for (size_t i = 0; i < n; i++)
                native_add_item(write->config, "cpus", sets[i]);
        return n > 0;
}

int native_write_vcpus(NativeWrite *write) {
        const DomainConf *conf = write->conf;
        bool fewer = conf->current_vcpus > 0 && conf->current_vcpus < conf->vcpus;

        if (fewer)
                native_set_number(write->config, "maxvcpus", conf->vcpus);
        native_set_number(write->config, "vcpus", fewer ? conf->current_vcpus : conf->vcpus);
        if (!write_pins(write))
                native_set_text(write->config, "cpus", conf->vcpu_cpuset);
        return 0;
}

/* ---- what is booted ---- */

static const struct {
        char letter;
        const char *dev;
} boot_devices[] = { { 'a', "fd" }, { 'c', "hd" }, { 'd', "cdrom" }, { 'n', "network" } };

static void read_boot(NativeRead *read) {
        for (const char *p = native_text(read->config, "boot") ?: "c"; *p; p++)
                for (size_t i = 0; i < ELEMENTS(boot_devices); i++)
                        if (boot_devices[i].letter == *p)
                                native_put(read, native_add(read, read->root, "os/boot"), "@dev",
                                           "%s", boot_devices[i].dev);
}

/* xl: cmdline, or the two of old. */
static void read_cmdline(NativeRead *read) {
        const NativeConfig *config = read->config;
        const char *cmdline = read->dialect == NATIVE_XL ? native_text(config, "cmdline") : NULL;
        const char *root = native_text(config, "root"), *extra = native_text(config, "extra");

        if (cmdline)
                native_put(read, read->root, "os/cmdline", "%s", cmdline);
        else if (root || extra)
                native_put(read, read->root, "os/cmdline", "%s%s%s%s", root ? "root=" : "",
                           root ?: "", root && extra ? " " : "", extra ?: "");
}

static void read_kernel(NativeRead *read) {
        const char *kernel = native_text(read->config, "kernel");
        const char *ramdisk = native_text(read->config, "ramdisk");

        if (kernel)
                native_put(read, read->root, "os/kernel", "%s", kernel);
        if (ramdisk)
                native_put(read, read->root, "os/initrd", "%s", ramdisk);
        read_cmdline(read);
}

static void read_loader(NativeRead *read) {
        const NativeConfig *config = read->config;
        const char *bios = read->dialect == NATIVE_XL ? native_text(config, "firmware") : NULL;
        const char *path = NULL;

        bios = bios ?: native_text(config, "bios");
        bool ovmf = bios && (strcmp(bios, "ovmf") == 0 || strcmp(bios, "uefi") == 0);

        if (read->dialect == NATIVE_XL)
                path = native_text(config, "bios_path_override");
        else
                path = native_text(config, "kernel");
        xmlNode *loader = native_add(read, read->root, "os/loader");

        if (ovmf)
                native_put(read, loader, "@readonly", "yes");
        native_put(read, loader, "@type", "%s", ovmf ? "pflash" : "rom");
        if (path && (ovmf || read->dialect != NATIVE_XL))
                native_put(read, loader, "", "%s", path);
        else
                native_put(read, loader, "", "%s", ovmf ? XEN_FIRMWARE_DIR "/ovmf.bin"
                                                        : XEN_FIRMWARE_DIR "/hvmloader");
}

int native_read_os(NativeRead *read) {
        const char *types[] = { [GUEST_PV] = "linux", [GUEST_HVM] = "hvm", [GUEST_PVH] = "xenpvh" };
        const char *machines[] = {
                [GUEST_PV] = "xenpv", [GUEST_HVM] = "xenfv", [GUEST_PVH] = "xenpvh",
        };
        const char *slic = native_text(read->config, "acpi_firmware");
        xmlNode *type = native_put(read, read->root, "os/type", "%s", types[read->guest]);

        native_put(read, type, "@arch", "%s", host_arch());
        native_put(read, type, "@machine", "%s", machines[read->guest]);
        if (read->guest != GUEST_HVM) {
                read_kernel(read);
                return 0;
        }
        read_loader(read);
        if (read->dialect == NATIVE_XL)
                read_kernel(read);
        if (slic) {
                xmlNode *table = native_put(read, read->root, "os/acpi/table", "%s", slic);

                native_put(read, table, "@type", "slic");
        }
        read_boot(read);
        return 0;
}

static void write_boot(NativeWrite *write) {
        const DomainOs *os = &write->conf->os;
        char letters[8];
        size_t n = 0;

        for (size_t i = 0; i < os->boots.n && n < sizeof(letters) - 1; i++)
                for (size_t k = 0; k < ELEMENTS(boot_devices); k++)
                        if (os->boots.items[i]->dev && n < sizeof(letters) - 1 &&
                            strcmp(os->boots.items[i]->dev, boot_devices[k].dev) == 0)
                                letters[n++] = boot_devices[k].letter;
        letters[n] = 0;
        native_set_text(write->config, "boot", n > 0 ? letters : "c");
}

static void write_kernel(NativeWrite *write) {
        const DomainOs *os = &write->conf->os;

        native_set_text(write->config, "kernel", os->kernel);
        native_set_text(write->config, "ramdisk", os->initrd);
        native_set_text(write->config, write->dialect == NATIVE_XL ? "cmdline" : "extra",
                        os->cmdline);
}

/* The firmware itself needs no naming where it is Xen's, whatever folder that has it in. */
static void write_loader(NativeWrite *write) {
        const DomainOs *os = &write->conf->os;
        const char *name = os->loader ? strrchr(os->loader, '/') : NULL;

        if (write->dialect != NATIVE_XL) {
                native_set_text(write->config, "kernel", os->loader);
                return;
        }
        bool flash = os->loader_type && strcmp(os->loader_type, "pflash") == 0;

        if (!flash && !(os->firmware && strcmp(os->firmware, "efi") == 0))
                return;
        native_set_text(write->config, "bios", "ovmf");
        if (name && strcmp(name, "/ovmf.bin") != 0)
                native_set_text(write->config, "bios_path_override", os->loader);
}

int native_write_os(NativeWrite *write) {
        const DomainOs *os = &write->conf->os;

        if (write->guest == GUEST_PVH)
                native_set_text(write->config, "type", "pvh");
        if (write->guest != GUEST_HVM) {
                write_kernel(write);
                return 0;
        }
        native_set_text(write->config, "builder", "hvm");
        for (size_t i = 0; i < os->acpi_tables.n; i++)
                native_set_text(write->config, "acpi_firmware", os->acpi_tables.items[i]->path);
        write_loader(write);
        if (write->dialect == NATIVE_XL)
                write_kernel(write);
        write_boot(write);
        return 0;
}

/* ---- the clock ---- */

static const struct {
        const char *xl, *mode;
} tsc_modes[] = {
        { "default", "auto" },
        { "always_emulate", "emulate" },
        { "native", "native" },
        { "native_paravirt", "paravirt" },
};

static void read_timers(NativeRead *read, xmlNode *clock) {
        const char *mode = native_text(read->config, "tsc_mode");
        long long number;

        for (size_t i = 0; mode && i < ELEMENTS(tsc_modes); i++) {
                char digit[2] = { '0' + (char) i };

                if (strcmp(mode, tsc_modes[i].xl) != 0 && strcmp(mode, digit) != 0)
                        continue;
                xmlNode *timer = native_add(read, clock, "timer");

                native_put(read, timer, "@name", "tsc");
                native_put(read, timer, "@present", "yes");
                native_put(read, timer, "@mode", "%s", tsc_modes[i].mode);
        }
        if (read->guest == GUEST_HVM && native_number(read->config, "hpet", &number)) {
                xmlNode *timer = native_add(read, clock, "timer");

                native_put(read, timer, "@name", "hpet");
                native_put(read, timer, "@present", "%s", number ? "yes" : "no");
        }
}

int native_read_clock(NativeRead *read) {
        const char *basis = native_true(read->config, "localtime", false) ? "localtime" : "utc";
        xmlNode *clock = native_add(read, read->root, "clock");
        long long offset = 0;

        if (read->guest == GUEST_HVM) {
                (void) native_number(read->config, "rtc_timeoffset", &offset);
                native_put(read, clock, "@offset", "variable");
                native_put(read, clock, "@adjustment", "%lld", offset);
                native_put(read, clock, "@basis", "%s", basis);
        } else {
                native_put(read, clock, "@offset", "%s", basis);
                native_put(read, clock, "@adjustment", "reset");
        }
        read_timers(read, clock);
        return 0;
}

static void write_timers(NativeWrite *write) {
        const DomainClock *clock = &write->conf->clock;

        for (size_t i = 0; i < clock->timers.n; i++) {
                const ClockTimer *timer = clock->timers.items[i];

                if (timer->name && strcmp(timer->name, "hpet") == 0 && write->guest == GUEST_HVM)
                        native_set_number(write->config, "hpet", timer->present != TRISTATE_NO);
                if (!timer->name || strcmp(timer->name, "tsc") != 0 || !timer->mode)
                        continue;
                for (size_t k = 0; k < ELEMENTS(tsc_modes); k++)
                        if (strcmp(timer->mode, tsc_modes[k].mode) == 0)
                                native_set_text(write->config, "tsc_mode", tsc_modes[k].xl);
        }
}

int native_write_clock(NativeWrite *write) {
        const DomainClock *clock = &write->conf->clock;
        const char *offset = clock->offset ?: "utc", *basis = offset;
        long long adjustment = 0;

        if (strcmp(offset, "variable") == 0) {
                basis = clock->basis ?: "utc";
                adjustment = clock->adjustment ? atoll(clock->adjustment) : 0;
        } else if (strcmp(offset, "utc") != 0 && strcmp(offset, "localtime") != 0)
                return fail(write->error, ERROR_CONFIG_UNSUPPORTED,
                            "Xen has no clock with offset '%s'", offset);
        else if (clock->adjustment && strcmp(clock->adjustment, "reset") != 0)
                adjustment = atoll(clock->adjustment);
        write_timers(write);
        if (write->guest == GUEST_HVM)
                native_set_number(write->config, "rtc_timeoffset", adjustment);
        native_set_number(write->config, "localtime", strcmp(basis, "localtime") == 0);
        return 0;
}
