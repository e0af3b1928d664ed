/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the guest is told of itself and can't see in its devices: SMBIOS, fw_cfg, ACPI tables, a
 * generation id; and the object that keeps it from its host. */
#include "drivers/qemu/command-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* ---- smbios ---- */

typedef MAP_LIST(NamedText) Entries;

static const char *entry_of(const Entries *entries, const char *name) {
        for (size_t i = 0; i < entries->n; i++)
                if (text_is(entries->items[i]->name, name))
                        return entries->items[i]->text;
        return NULL;
}

/* Which entries a table of SMBIOS has, and where Linux shows those of the host. */
static const struct {
        unsigned type;
        const char *name, *option, *host;
} fields[] = {
        { 0, "vendor", "vendor", "bios_vendor" },
        { 0, "version", "version", "bios_version" },
        { 0, "date", "date", "bios_date" },
        { 0, "release", "release", "bios_release" },
        { 1, "manufacturer", "manufacturer", "sys_vendor" },
        { 1, "product", "product", "product_name" },
        { 1, "version", "version", "product_version" },
        { 1, "serial", "serial", "product_serial" },
        { 1, "uuid", "uuid", NULL },
        { 1, "sku", "sku", "product_sku" },
        { 1, "family", "family", "product_family" },
        { 2, "manufacturer", "manufacturer", "board_vendor" },
        { 2, "product", "product", "board_name" },
        { 2, "version", "version", "board_version" },
        { 2, "serial", "serial", "board_serial" },
        { 2, "asset", "asset", "board_asset_tag" },
        { 2, "location", "location", NULL },
        { 3, "manufacturer", "manufacturer", "chassis_vendor" },
        { 3, "version", "version", "chassis_version" },
        { 3, "serial", "serial", "chassis_serial" },
        { 3, "asset", "asset", "chassis_asset_tag" },
        { 3, "sku", "sku", NULL },
};

static void add_table(Builder *builder, unsigned type, const Entries *entries) {
        _cleanup_(option_clear) Option option = { builder, NULL };
        bool any = false;

        option_add(&option, "type=%u", type);
        for (size_t i = 0; i < ELEMENTS(fields); i++) {
                const char *text =
                        fields[i].type == type ? entry_of(entries, fields[i].name) : NULL;

                option_add_text(&option, fields[i].option, text);
                any = any || text;
        }
        if (any)
                option_done(&option, "smbios");
}

static void add_strings(Builder *builder, const Entries *strings) {
        _cleanup_(option_clear) Option option = { builder, NULL };

        option_add(&option, "type=11");
        for (size_t i = 0; i < strings->n; i++)
                option_add_text(&option, "value", strings->items[i]->text);
        if (strings->n > 0)
                option_done(&option, "smbios");
}

static void add_own_tables(Builder *builder, const DomainSysinfo *sysinfo) {
        add_table(builder, 0, (const Entries *) &sysinfo->bios);
        add_table(builder, 1, (const Entries *) &sysinfo->system);
        for (size_t i = 0; i < sysinfo->boards.n; i++)
                add_table(builder, 2, (const Entries *) &sysinfo->boards.items[i]->entries);
        add_table(builder, 3, (const Entries *) &sysinfo->chassis);
        add_strings(builder, (const Entries *) &sysinfo->oem_strings);
}

/* The host's own; what only root may read is left out for others. */
static void add_host_field(Option *option, const char *name, const char *file) {
        char path[64], text[256];

        (void) snprintf(path, sizeof(path), "/sys/class/dmi/id/%s", file);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
        closep(&fd);
        if (n <= 0)
                return;
        text[n] = '\0';
        text[strcspn(text, "\n")] = '\0';
        if (text[0])
                option_add_text(option, name, text);
}

static void add_host_tables(Builder *builder) {
        for (unsigned type = 0; type <= 2; type++) {
                _cleanup_(option_clear) Option option = { builder, NULL };

                option_add(&option, "type=%u", type);
                for (size_t i = 0; i < ELEMENTS(fields); i++)
                        if (fields[i].type == type && fields[i].host)
                                add_host_field(&option, fields[i].option, fields[i].host);
                if (strchr(option.text ?: "", ','))
                        option_done(&option, "smbios");
        }
}

static const DomainSysinfo *find_sysinfo(const DomainConf *conf, const char *type) {
        for (size_t i = 0; i < conf->sysinfos.n; i++)
                if (text_is(conf->sysinfos.items[i]->type, type))
                        return conf->sysinfos.items[i];
        return NULL;
}

static int build_smbios(Builder *builder) {
        const char *mode = builder->conf->os.smbios_mode;
        const DomainSysinfo *sysinfo = find_sysinfo(builder->conf, "smbios");

        if (!mode || text_is(mode, "emulate"))
                return 0;
        if (text_is(mode, "host")) {
                add_host_tables(builder);
                return 0;
        }
        if (!sysinfo)
                return unsupported(builder, "os/smbios/@mode 'sysinfo': there is no "
                                   "sysinfo[@type='smbios']");
        add_own_tables(builder, sysinfo);
        return 0;
}

/* ---- fw_cfg and acpi ---- */

static int build_fw_cfg(Builder *builder) {
        const DomainSysinfo *sysinfo = find_sysinfo(builder->conf, "fwcfg");

        for (size_t i = 0; sysinfo && i < sysinfo->entries.n; i++) {
                const NamedText *entry = sysinfo->entries.items[i];
                _cleanup_(option_clear) Option option = { builder, NULL };

                if (!text_starts(entry->name, "opt/"))
                        return unsupported(builder, "sysinfo/entry/@name '%s' must begin with "
                                           "'opt/'", entry->name ?: "");
                option_add(&option, "name=");
                option_add_escaped(&option, entry->name);
                if (entry->file)
                        option_add_text(&option, "file", entry->file);
                else
                        option_add_text(&option, "string", entry->text ?: "");
                option_done(&option, "fw_cfg");
        }
        return 0;
}

static int build_acpi_tables(Builder *builder) {
        const DomainOs *os = &builder->conf->os;

        for (size_t i = 0; i < os->acpi_tables.n; i++) {
                const AcpiTable *table = os->acpi_tables.items[i];
                _cleanup_(option_clear) Option option = { builder, NULL };

                if (text_is(table->type, "slic"))
                        option_add(&option, "sig=SLIC");
                else if (text_is(table->type, "msdm"))
                        option_add(&option, "sig=MSDM");
                else if (!text_in(table->type, (const char *const []) { "raw", "rawset", NULL }))
                        return unsupported(builder, "os/acpi/table/@type '%s'", table->type ?: "");
                option_add(&option, option.text ? ",file=" : "file=");
                option_add_escaped(&option, table->path ?: "");
                option_done(&option, "acpitable");
        }
        return 0;
}

static int build_generation(Builder *builder) {
        const char *id = builder->conf->genid;
        json_object *object;
        int r;

        if (!id)
                return 0;
        if ((r = device_begin_bare(builder, "vmgenid", "vmgenid0", &object, "genid")) < 0)
                return r;
        json_put_text(builder, object, "guid", id);
        device_end(builder, object);
        return 0;
}

int build_sysinfo(Builder *builder) {
        int r;

        if ((r = build_smbios(builder)) < 0 || (r = build_fw_cfg(builder)) < 0 ||
            (r = build_acpi_tables(builder)) < 0)
                return r;
        return build_generation(builder);
}

/* ---- launch security ---- */

/* The guest's owner sends blobs that QEMU wants as files: they are passed as descriptors. */
static int put_blob(Builder *builder, json_object *object, const char *name, const char *text) {
        QemuCommand *command = builder->command;
        QemuCommandSecret *secrets;
        char *copy;

        if (!text)
                return 0;
        secrets = reallocarray(command->secrets, command->n_secrets + 1, sizeof(*secrets));
        if (!secrets)
                return fail_memory(builder->error);
        command->secrets = secrets;
        if (!(copy = strdup(text)))
                return fail_memory(builder->error);
        secrets[command->n_secrets] = (QemuCommandSecret) { .text = copy };
        json_putf(builder, object, name, "/proc/self/fd/%d",
                  builder->places->free_fd + (int) command->n_secrets++);
        return 0;
}

static int put_sev(Builder *builder, const LaunchSecurity *launch, json_object *object) {
        int r;

        if (!launch->cbitpos.set || !launch->reduced_phys_bits.set)
                return unsupported(builder, "launchSecurity: cbitpos and reducedPhysBits of the "
                                   "host's processor are needed");
        json_put_number(builder, object, "cbitpos", launch->cbitpos.value);
        json_put_number(builder, object, "reduced-phys-bits", launch->reduced_phys_bits.value);
        if (launch->policy.set)
                json_put_number(builder, object, "policy", launch->policy.value);
        if (launch->type == LAUNCH_SEV &&
            ((r = put_blob(builder, object, "dh-cert-file", launch->dh_cert)) < 0 ||
             (r = put_blob(builder, object, "session-file", launch->session)) < 0))
                return r;
        json_put_state(builder, object, "kernel-hashes", launch->kernel_hashes);
        return 0;
}

static const char *launch_object(LaunchType type) {
        switch (type) {
        case LAUNCH_SEV:
                return "sev-guest";
        case LAUNCH_SEV_SNP:
                return "sev-snp-guest";
        case LAUNCH_S390_PV:
                return "s390-pv-guest";
        case LAUNCH_TDX:
                return "tdx-guest";
        case LAUNCH_UNSET:
                return NULL;
        }
        return NULL;
}

int build_launch_security(Builder *builder, Option *machine) {
        const LaunchSecurity *launch = builder->conf->launch_security;
        const char *type = launch ? launch_object(launch->type) : NULL;
        json_object *object;
        int r = 0;

        if (!launch)
                return 0;
        if (!type || !qemu_caps_has_type(builder->caps, type))
                return unsupported(builder, "launchSecurity: %s has no '%s'",
                                   builder->caps->binary, type ?: "");
        object = json_new(builder);
        json_put_text(builder, object, "qom-type", type);
        json_put_text(builder, object, "id", "lsec0");
        if (launch->type == LAUNCH_SEV || launch->type == LAUNCH_SEV_SNP)
                r = put_sev(builder, launch, object);
        if (r < 0) {
                json_object_put(object);
                return r;
        }
        argument_json(builder, "object", object);
        option_add(machine, ",confidential-guest-support=lsec0");
        return 0;
}
