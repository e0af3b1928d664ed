/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules of the system around the devices: what it is told about itself, time, features, labels. */
#include "conf/domain-rows.h"

#include <stdio.h>
#include <string.h>

/* ---- what the guest is told ---- */

static bool is_date(const char *text) {
        unsigned month, day, year;
        int end = 0;

        return sscanf(text, "%2u/%2u/%4u%n", &month, &day, &year, &end) == 3 && !text[end] &&
               month >= 1 && month <= 12 && day >= 1 && day <= 31 && (year < 100 || year >= 1900);
}

static int check_sysinfo(const DomainConf *conf, const DomainSysinfo *info, Error *error) {
        int r = 0;

        for (size_t i = 0; i < info->bios.n && r >= 0; i++) {
                const NamedText *entry = info->bios.items[i];

                r = RULES(entry->item.node, error,
                          { is_text(entry->name, "date") && entry->text && !is_date(entry->text),
                            "Invalid BIOS 'date' format; month/day/year is expected" });
        }
        /* The guest must not be told another uuid than the domain's. */
        for (size_t i = 0; i < info->system.n && r >= 0; i++) {
                const NamedText *entry = info->system.items[i];
                bool given = is_text(entry->name, "uuid") && entry->text;
                Uuid uuid = {};
                bool read = !given || uuid_parse(entry->text, &uuid) >= 0;

                r = RULES(entry->item.node, error, { !read, "malformed uuid element" },
                          { given && read && !uuid_equal(uuid, conf->uuid),
                            "UUID mismatch between <uuid> and <sysinfo>" });
        }
        for (size_t i = 0; i < info->entries.n && r >= 0; i++) {
                const NamedText *entry = info->entries.items[i];

                r = RULES(entry->item.node, error, { !entry->name, "Firmware entry has no name" },
                          { entry->name && strncmp(entry->name, "opt/", 4) != 0,
                            "Invalid firmware name: it must start with opt/" },
                          { !entry->text == !entry->file,
                            "firmware entry must have either a value or a file" });
        }
        return r;
}

static int check_sysinfos(const DomainConf *conf, const xmlNode *root, Error *error) {
        int r = 0;

        for (size_t i = 0; i < conf->sysinfos.n && r >= 0; i++)
                r = check_sysinfo(conf, conf->sysinfos.items[i], error);
        return r;
}

/* ---- features, processor, time ---- */

static int check_features(const DomainConf *conf, const xmlNode *root, Error *error) {
        const DomainFeatures *features = &conf->features;
        uint32_t ring = features->kvm_dirty_ring_size;
        const char *vendor = features->hyperv_vendor;

        return RULES(root, error,
                     { features->hyperv_spinlocks == TRISTATE_YES &&
                               features->hyperv_spinlocks_retries < 0xfff,
                       "HyperV spinlock retry count must be at least 4095" },
                     { vendor && strlen(vendor) > 12,
                       "HyperV vendor_id value must not be more than 12 characters" },
                     { features->hyperv_vendor_id == TRISTATE_YES && !vendor,
                       "missing 'value' attribute for HyperV feature 'vendor_id'" },
                     { vendor && strchr(vendor, ','), "HyperV vendor_id value is invalid" },
                     { features->tseg % 1024 != 0, "SMM TSEG size must be divisible by 1 MiB" },
                     { features->kvm_dirty_ring == TRISTATE_YES &&
                               (ring < 1024 || ring > 65536 || ring & (ring - 1)),
                       "dirty ring must be power of 2 and ranges [1024, 65536]" });
}

static int check_cpu(const DomainConf *conf, const xmlNode *root, Error *error) {
        const DomainCpu *cpu = conf->cpu;

        if (!cpu)
                return 0;
        bool host = is_one_of(cpu->mode, WORDS("host-passthrough", "maximum"));
        bool emulate = is_text(cpu->cache_mode, "emulate");
        bool passthrough = is_text(cpu->cache_mode, "passthrough");
        bool bits_of_host = is_text(cpu->maxphysaddr_mode, "passthrough");
        int r = CHECK_UNIQUE(&cpu->features, CpuFeature, name, "CPU feature", error);
        if (r < 0)
                return r;
        return RULES(root, error,
                     { (cpu->sockets || cpu->cores || cpu->threads) &&
                               !(cpu->sockets && cpu->cores && cpu->threads),
                       "a CPU topology needs sockets, cores and threads" },
                     { cpu->features.n > 0 && is_text(cpu->mode, "custom") && !cpu->model,
                       "CPU features were given for a CPU without a model" },
                     { cpu->vendor && !cpu->model, "CPU vendor specified without CPU model" },
                     { cpu->model_vendor_id && strlen(cpu->model_vendor_id) != 12,
                       "vendor_id must be exactly 12 characters long" },
                     { emulate && cpu->cache_level.value != 3,
                       "CPU cache mode 'emulate' can only be used with level='3'" },
                     { passthrough && cpu->cache_level.set,
                       "unsupported CPU cache level for mode 'passthrough'" },
                     { passthrough && !host,
                       "CPU cache mode 'passthrough' can only be used with 'host-passthrough' / "
                       "'maximum' CPUs" },
                     { cpu->cache_level.value > 3, "invalid CPU cache level, must be in [0,3]" },
                     { bits_of_host && cpu->maxphysaddr_bits.set,
                       "bits of physical addresses can't be given with mode='passthrough'" },
                     { bits_of_host && !host,
                       "maxphysaddr mode='passthrough' needs a CPU of the host" },
                     { is_text(cpu->maxphysaddr_mode, "emulate") && !cpu->maxphysaddr_bits.set,
                       "maxphysaddr mode='emulate' needs the number of bits" });
}

static int check_clock(const DomainConf *conf, const xmlNode *root, Error *error) {
        const DomainClock *clock = &conf->clock;
        const char *adjustment = clock->adjustment;
        bool variable = is_text(clock->offset, "variable");

        return RULES(root, error,
                     { adjustment && (variable || strcmp(adjustment, "reset") != 0) &&
                               (!*adjustment ||
                                !is_made_of(adjustment + (*adjustment == '-'), DIGITS)),
                       "invalid adjustment of the clock: a number is expected" },
                     { is_text(clock->offset, "timezone") && !clock->timezone,
                       "missing 'timezone' attribute for clock with offset='timezone'" },
                     { is_text(clock->offset, "absolute") && !clock->start,
                       "missing 'start' attribute for clock with offset='absolute'" });
}

/* ---- shares of the host ---- */

#define PERIOD_OK(period) ((period) == 0 || ((period) >= 1000 && (period) <= 1000000))
#define QUOTA_OK(quota)   ((quota) <= 0 || ((quota) >= 1000 && (quota) <= 17592186044415))

static int check_shares(const DomainConf *conf, const xmlNode *root, Error *error) {
        const CpuTune *tune = &conf->cputune;
        const MemoryBacking *backing = &conf->backing;

        return RULES(root, error,
                     { !PERIOD_OK(tune->period) || !PERIOD_OK(tune->global_period) ||
                               !PERIOD_OK(tune->emulator_period) ||
                               !PERIOD_OK(tune->iothread_period),
                       "Value of a cputune period must be in range [1000, 1000000]" },
                     { !QUOTA_OK(tune->quota) || !QUOTA_OK(tune->global_quota) ||
                               !QUOTA_OK(tune->emulator_quota) || !QUOTA_OK(tune->iothread_quota),
                       "a cputune quota must be in range [1000, 17592186044415], or negative" },
                     { tune->emulator_schedules.n > 1, "<emulatorsched> is there twice" },
                     { backing->huge_pages && is_text(backing->source, "anonymous"),
                       "hugepages are not allowed with anonymous memory source" },
                     { backing->huge_pages && is_text(backing->allocation, "ondemand"),
                       "hugepages are not allowed with memory allocation ondemand" });
}

static int check_blkio(const DomainConf *conf, const xmlNode *root, Error *error) {
        return CHECK_UNIQUE(&conf->blkiotune.devices, BlkioDevice, path,
                            "<blkiotune> of device", error);
}

#define IOTUNE_MAX UINT64_C(1000000000000000)

/* A limit is for both directions, or for each. */
int iotune_check(const IoTune *tune, const xmlNode *node, Error *error) {
        if (!tune)
                return 0;

        const uint64_t rows[][3] = { /* a limit, what it may be for a while, and how long */
                { tune->total_bytes, tune->total_bytes_max, tune->total_bytes_max_length },
                { tune->read_bytes, tune->read_bytes_max, tune->read_bytes_max_length },
                { tune->write_bytes, tune->write_bytes_max, tune->write_bytes_max_length },
                { tune->total_iops, tune->total_iops_max, tune->total_iops_max_length },
                { tune->read_iops, tune->read_iops_max, tune->read_iops_max_length },
                { tune->write_iops, tune->write_iops_max, tune->write_iops_max_length },
        };
        uint64_t most = tune->size_iops;
        bool unfounded = false;

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                most = MAX(most, MAX(rows[i][0], rows[i][1]));
                unfounded |= (rows[i][1] && !rows[i][0]) || (rows[i][2] && !rows[i][1]);
        }
        return RULES(node, error,
                     { (tune->total_bytes && (tune->read_bytes || tune->write_bytes)) ||
                               (tune->total_iops && (tune->read_iops || tune->write_iops)),
                       "total and read/write of bytes or iops cannot be set at the same time" },
                     { most > IOTUNE_MAX, "a throttle limit must be no more than 10^15" },
                     { unfounded, "a throttle's _max can't be set without what it exceeds, nor "
                                  "its _max_length without _max" },
                     { tune->group && most == 0,
                       "group_name can be configured only together with settings" },
                     { (tune->total_bytes_max && (tune->read_bytes_max || tune->write_bytes_max)) ||
                               (tune->total_iops_max && (tune->read_iops_max ||
                                                         tune->write_iops_max)),
                       "total and read/write of bytes or iops max cannot be set together" });
}

/* Strings are behind the numbers. */
static bool same_group(const IoTune *a, const IoTune *b) {
        return !a || !b || !a->group || !is_text(b->group, a->group) ||
               memcmp(a, b, offsetof(IoTune, group)) == 0;
}

/* ---- what keeps it from others ---- */

/* A label belongs to a security model; which one may be left open only if there is no other. */
int labels_check(SecurityLabel *const *labels, size_t n, Error *error) {
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++) {
                const SecurityLabel *label = labels[i];
                bool none = is_text(label->type, "none"), twice = false;

                for (size_t k = 0; k < i; k++)
                        twice = twice || (label->model && is_text(labels[k]->model, label->model));
                r = RULES(label->item.node, error,
                          { is_text(label->type, "static") && !is_text(label->model, "none") &&
                                    !label->label,
                            "security label is missing" },
                          { is_text(label->type, "dynamic") && is_text(label->relabel, "no"),
                            "dynamic label type must use resource relabeling" },
                          { none && is_text(label->relabel, "yes"),
                            "resource relabeling is not compatible with 'none' label type" },
                          { !label->type && label->label && is_text(label->relabel, "no"),
                            "Cannot specify a label if relabelling is turned off" },
                          { n > 1 && !label->model && !none,
                            "missing security model when using multiple labels" },
                          { twice, "a security model is labelled twice" });
        }
        return r;
}

static int check_labels(const DomainConf *conf, const xmlNode *root, Error *error) {
        return labels_check(conf->labels.items, conf->labels.n, error);
}

static int check_security(const DomainConf *conf, const xmlNode *root, Error *error) {
        const LaunchSecurity *launch = conf->launch_security;
        int r = CHECK_UNIQUE(&conf->key_wraps, NamedState, name, "cipher", error);

        if (r < 0 || (r = CHECK_UNIQUE(&conf->perf_events, NamedState, name,
                                       "perf event", error)) < 0)
                return r;
        return RULES(root, error,
                     { launch && launch->type == LAUNCH_SEV && !launch->policy.set,
                       "failed to get launch security policy for launch security type SEV" });
}

static int check_groups(const DomainConf *conf, const xmlNode *root, Error *error) {
        int r = 0;

        for (size_t i = 0; i < conf->disks.n && r >= 0; i++) {
                const DomainDisk *disk = conf->disks.items[i];

                for (size_t k = 0; k < i && r >= 0; k++)
                        r = RULES(disk->device.item.node, error,
                                  { !same_group(disk->iotune, conf->disks.items[k]->iotune),
                                    "different iotunes for disks of one group" });
        }
        return r;
}

static int check_audios(const DomainConf *conf, const xmlNode *root, Error *error) {
        for (size_t i = 0; i < conf->audios.n; i++)
                for (size_t k = 0; k < i; k++)
                        if (conf->audios.items[k]->id == conf->audios.items[i]->id)
                                return fail_at(error, ERROR_XML, conf->audios.items[i]->item.node,
                                               "audio id %u is used twice",
                                               conf->audios.items[i]->id);
        return 0;
}

int domain_system_check(const DomainConf *conf, const xmlNode *root, Error *error) {
        static int (*const rules[])(const DomainConf *, const xmlNode *, Error *) = {
                check_sysinfos, check_features, check_cpu,      check_clock,  check_shares,
                check_blkio,    check_labels,   check_security, check_audios, check_groups,
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTS(rules) && r >= 0; i++)
                r = rules[i](conf, root, error);
        return r;
}
