/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <os> and <clock>: how a guest boots and what time it sees. */
#include "conf/domain-rows.h"

#include <errno.h>
#include <stdio.h>

static int parse_maybe_int(const MapField *field, const char *text, void *value) {
        MaybeU32 *maybe = value;
        char *end;

        errno = 0;
        long n = strtol(text, &end, 10);
        if (end == text || *end)
                return -EINVAL;
        if (errno || n < INT32_MIN || n > INT32_MAX)
                return -ERANGE;
        *maybe = (MaybeU32) { true, (uint32_t) n };
        return 0;
}

static int format_maybe_int(const MapField *field, const void *value, char **ret) {
        const MaybeU32 *maybe = value;

        *ret = NULL;
        if (!maybe->set)
                return 0;
        return asprintf(ret, "%d", (int32_t) maybe->value) < 0 ? -ENOMEM : 0;
}

const MapType map_maybe_int = {
        .name = "number",
        .size = sizeof(MaybeU32),
        .parse = parse_maybe_int,
        .format = format_maybe_int,
};

#define MAYBE_INT(p, S, m) { .path = p, .type = &map_maybe_int, .offset = _MAP_AT(S, m, MaybeU32) }

static const MapElement boot_element = { "boot", sizeof(OsBoot), (const MapField[]) {
        WORD  ("@dev", OsBoot, dev, WORDS("fd", "hd", "cdrom", "network"), REQUIRED),
        {}
} };

static const MapElement firmware_feature_element = { "feature", sizeof(NamedState),
                                                     (const MapField[]) {
        YES_NO("@enabled", NamedState, state, REQUIRED),
        WORD  ("@name",    NamedState, name, WORDS("enrolled-keys", "secure-boot"), REQUIRED),
        {}
} };

static const MapElement acpi_table_element = { "table", sizeof(AcpiTable), (const MapField[]) {
        WORD  ("@type", AcpiTable, type, WORDS("slic", "rawset", "msdm"), REQUIRED),
        STRING(".",     AcpiTable, path),
        {}
} };

const MapElement os_element = { "os", sizeof(DomainOs), (const MapField[]) {
        WORD  ("@firmware",           DomainOs, firmware, WORDS("bios", "efi")),
        STRING("type",                DomainOs, type),
        STRING("type/@arch",          DomainOs, arch),
        STRING("type/@machine",       DomainOs, machine),
        KEPT  ("init",                DomainOs, has.init),
        KEPT  ("initarg",             DomainOs, has.initarg),
        KEPT  ("initenv",             DomainOs, has.initenv),
        KEPT  ("initdir",             DomainOs, has.initdir),
        KEPT  ("inituser",            DomainOs, has.inituser),
        KEPT  ("initgroup",           DomainOs, has.initgroup),
        LIST  ("firmware/feature",    DomainOs, firmware_features, NamedState,
               &firmware_feature_element),
        STRING("loader",              DomainOs, loader),
        YES_NO("loader/@readonly",    DomainOs, loader_readonly),
        YES_NO("loader/@secure",      DomainOs, loader_secure),
        WORD  ("loader/@type",        DomainOs, loader_type, WORDS("rom", "pflash")),
        WORD  ("loader/@format",      DomainOs, loader_format, WORDS("raw", "qcow2")),
        YES_NO("loader/@stateless",   DomainOs, loader_stateless),
        STRING("nvram",               DomainOs, nvram),
        STRING("nvram/@template",     DomainOs, nvram_template),
        STRING("nvram/@templateFormat", DomainOs, nvram_template_format),
        STRING("nvram/@type",         DomainOs, nvram_type),
        STRING("nvram/@format",       DomainOs, nvram_format),
        OPTIONAL("nvram",             DomainOs, nvram_image, DomainDisk, &nvram_image_element),
        STRING("kernel",              DomainOs, kernel),
        STRING("initrd",              DomainOs, initrd),
        STRING("cmdline",             DomainOs, cmdline),
        STRING("dtb",                 DomainOs, dtb),
        KEPT  ("shim",                DomainOs, has.shim),
        LIST  ("acpi/table",          DomainOs, acpi_tables, AcpiTable, &acpi_table_element),
        LIST  ("boot",                DomainOs, boots, OsBoot, &boot_element),
        YES_NO("bootmenu/@enable",    DomainOs, bootmenu),
        U32   ("bootmenu/@timeout",   DomainOs, bootmenu_timeout),
        YES_NO("bios/@useserial",     DomainOs, bios_useserial),
        MAYBE_INT("bios/@rebootTimeout", DomainOs, bios_reboot_timeout),
        WORD  ("smbios/@mode",        DomainOs, smbios_mode, WORDS("emulate", "host", "sysinfo")),
        KEPT  ("idmap",               DomainOs, has.idmap),
        {}
} };

static const MapElement timer_element = { "timer", sizeof(ClockTimer), (const MapField[]) {
        WORD  ("@name",       ClockTimer, name,
               WORDS("platform", "pit", "rtc", "hpet", "tsc", "kvmclock", "hypervclock",
                     "armvtimer"), REQUIRED),
        YES_NO("@present",    ClockTimer, present),
        WORD  ("@tickpolicy", ClockTimer, tickpolicy,
               WORDS("delay", "catchup", "merge", "discard")),
        WORD  ("@track",      ClockTimer, track, WORDS("boot", "guest", "wall", "realtime")),
        U64   ("@frequency",  ClockTimer, frequency),
        WORD  ("@mode",       ClockTimer, mode,
               WORDS("auto", "native", "emulate", "paravirt", "smpsafe")),
        FLAG  ("catchup",     ClockTimer, catchup),
        U32   ("catchup/@threshold", ClockTimer, catchup_threshold),
        U32   ("catchup/@slew", ClockTimer, catchup_slew),
        U32   ("catchup/@limit", ClockTimer, catchup_limit),
        {}
} };

const MapElement clock_element = { "clock", sizeof(DomainClock), (const MapField[]) {
        WORD  ("@offset",     DomainClock, offset,
               WORDS("utc", "localtime", "variable", "timezone", "absolute")),
        STRING("@adjustment", DomainClock, adjustment),
        WORD  ("@basis",      DomainClock, basis, WORDS("utc", "localtime")),
        STRING("@timezone",   DomainClock, timezone),
        STRING("@start",      DomainClock, start),
        LIST  ("timer",       DomainClock, timers, ClockTimer, &timer_element),
        {}
} };
