/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain as a whole: its rows, and the way from text to struct and back. */
#include "conf/domain-rows.h"

#include <errno.h>
#include <string.h>

#include "conf/xml.h"

const char *const virt_types[] = {
        NULL,   "qemu", "kvm",       "xen",   "test", "lxc",   "hvf", "vmware", "hyperv",
        "vbox", "phyp", "parallels", "bhyve", "vz",   "kqemu", "uml", "openvz", NULL,
};
const char *const lifecycle_actions[] = {
        NULL,       "destroy",          "restart",          "rename-restart",
        "preserve", "coredump-destroy", "coredump-restart", NULL,
};

#define DEVICES(name, m, T, element) LIST("devices/" name, DomainConf, m, T, &element)

const MapElement domain_element = { "domain", sizeof(DomainConf), (const MapField[]) {
        ENUM  ("@type",                    DomainConf, type, virt_types, REQUIRED),
        MAYBE ("@id",                      DomainConf, id, LIVE),
        STRING("name",                     DomainConf, name, REQUIRED),
        UUID  ("uuid",                     DomainConf, uuid, CANONICAL),
        STRING("genid",                    DomainConf, genid),
        STRING("title",                    DomainConf, title),
        STRING("description",              DomainConf, description),
        OPAQUE("metadata",                 DomainConf, metadata),
        KIB   ("maxMemory",                DomainConf, max_memory, CANONICAL),
        MAYBE ("maxMemory/@slots",         DomainConf, memory_slots),
        KIB   ("memory",                   DomainConf, memory, CANONICAL),
        WORD  ("memory/@dumpCore",         DomainConf, dump_core, on_off_words),
        KIB   ("currentMemory",            DomainConf, current_memory, CANONICAL),
        STRUCT("blkiotune",                DomainConf, blkiotune, BlkioTune, &blkiotune_element),
        KIB   ("memtune/hard_limit",       DomainConf, memtune.hard_limit, CANONICAL),
        KIB   ("memtune/soft_limit",       DomainConf, memtune.soft_limit, CANONICAL),
        KIB   ("memtune/swap_hard_limit",  DomainConf, memtune.swap_hard_limit, CANONICAL),
        KIB   ("memtune/min_guarantee",    DomainConf, memtune.min_guarantee, CANONICAL),
        STRUCT("memoryBacking",            DomainConf, backing, MemoryBacking, &backing_element),
        U32   ("vcpu",                     DomainConf, vcpus),
        WORD  ("vcpu/@placement",          DomainConf, vcpu_placement, WORDS("static", "auto")),
        STRING("vcpu/@cpuset",             DomainConf, vcpu_cpuset),
        U32   ("vcpu/@current",            DomainConf, current_vcpus),
        LIST  ("vcpus/vcpu",               DomainConf, vcpu_states, VcpuState, &vcpu_state_element),
        U32   ("iothreads",                DomainConf, iothreads),
        LIST  ("iothreadids/iothread",     DomainConf, iothread_ids, IoThread, &iothread_element),
        MAYBE ("defaultiothread/@thread_pool_min", DomainConf, default_iothread_min),
        MAYBE ("defaultiothread/@thread_pool_max", DomainConf, default_iothread_max),
        STRUCT("cputune",                  DomainConf, cputune, CpuTune, &cputune_element),
        STRUCT("numatune",                 DomainConf, numatune, NumaTune, &numatune_element),
        STRING("resource/partition",       DomainConf, partition),
        STRING("resource/fibrechannel/@appid", DomainConf, fibre_channel),
        LIST  ("sysinfo",                  DomainConf, sysinfos, DomainSysinfo, &sysinfo_element),
        STRING("bootloader",               DomainConf, os.bootloader),
        STRING("bootloader_args",          DomainConf, os.bootloader_args),
        STRUCT("os",                       DomainConf, os, DomainOs, &os_element),
        KEPT  ("idmap",                    DomainConf, idmap),
        STRUCT("features",                 DomainConf, features, DomainFeatures, &features_element),
        OPTIONAL("cpu",                    DomainConf, cpu, DomainCpu, &cpu_element),
        STRUCT("clock",                    DomainConf, clock, DomainClock, &clock_element),
        ENUM  ("on_poweroff",              DomainConf, on_poweroff, lifecycle_actions),
        ENUM  ("on_reboot",                DomainConf, on_reboot, lifecycle_actions),
        ENUM  ("on_crash",                 DomainConf, on_crash, lifecycle_actions),
        WORD  ("on_lockfailure",           DomainConf, on_lockfailure,
               WORDS("default", "poweroff", "restart", "pause", "ignore")),
        YES_NO("pm/suspend-to-mem/@enabled",  DomainConf, suspend_to_mem),
        YES_NO("pm/suspend-to-disk/@enabled", DomainConf, suspend_to_disk),
        LIST  ("perf/event",               DomainConf, perf_events, NamedState, &perf_element),
        LIST  ("throttlegroups/throttlegroup", DomainConf, throttle_groups, ThrottleGroup,
               &throttle_group_element),
        STRING("devices/emulator",         DomainConf, emulator),
        DEVICES("disk",                    disks, DomainDisk, disk_element),
        DEVICES("controller",              controllers, DomainController, controller_element),
        DEVICES("lease",                   leases, DomainLease, lease_element),
        DEVICES("filesystem",              filesystems, DomainFilesystem, filesystem_element),
        DEVICES("interface",               nets, DomainNet, net_element),
        DEVICES("smartcard",               smartcards, DomainSmartcard, smartcard_element),
        DEVICES("serial",                  serials, DomainChar, serial_element),
        DEVICES("parallel",                parallels, DomainChar, parallel_element),
        DEVICES("console",                 consoles, DomainChar, console_element),
        DEVICES("channel",                 channels, DomainChar, channel_element),
        DEVICES("input",                   inputs, DomainInput, input_element),
        DEVICES("tpm",                     tpms, DomainTpm, tpm_element),
        DEVICES("graphics",                graphics, DomainGraphics, graphics_element),
        DEVICES("sound",                   sounds, DomainSound, sound_element),
        DEVICES("audio",                   audios, DomainAudio, audio_element),
        DEVICES("video",                   videos, DomainVideo, video_element),
        DEVICES("hostdev",                 hostdevs, DomainHostdev, hostdev_element),
        DEVICES("redirdev",                redirdevs, DomainRedirdev, redirdev_element),
        DEVICES("redirfilter/usbdev",      redirfilters, RedirFilter, redirfilter_element),
        DEVICES("hub",                     hubs, DomainHub, hub_element),
        DEVICES("watchdog",                watchdogs, DomainWatchdog, watchdog_element),
        DEVICES("memballoon",              memballoons, DomainMemballoon, memballoon_element),
        DEVICES("rng",                     rngs, DomainRng, rng_element),
        DEVICES("nvram",                   nvrams, DomainNvram, nvram_element),
        DEVICES("panic",                   panics, DomainPanic, panic_element),
        DEVICES("shmem",                   shmems, DomainShmem, shmem_element),
        DEVICES("memory",                  memories, MemoryDevice, memory_element),
        DEVICES("iommu",                   iommus, DomainIommu, iommu_element),
        DEVICES("vsock",                   vsocks, DomainVsock, vsock_element),
        DEVICES("crypto",                  cryptos, DomainCrypto, crypto_element),
        KEPT  ("devices/pstore",           DomainConf, pstore),
        LIST  ("seclabel",                 DomainConf, labels, SecurityLabel, &label_element),
        LIST  ("keywrap/cipher",           DomainConf, key_wraps, NamedState, &key_wrap_element),
        OPTIONAL("launchSecurity",         DomainConf, launch_security, LaunchSecurity,
                 &launch_element),
        OPAQUE("virtbus:xl-secret",        DomainConf, xl_secret, SECRET),
        OPAQUE("virtbus:xm-secret",        DomainConf, xm_secret, SECRET),
        {}
} };

/* ---- from text ---- */

static int parse_document(const char *text, ConfFlags flags, DomainConf *conf, Error *error) {
        int r = xml_parse(text, "domain", &conf->document, error);

        if (r < 0 || flags & CONF_TRUSTED)
                return r;
        if (!(flags & CONF_LIVE))
                map_strip(&domain_element, xmlDocGetRootElement(conf->document), MAP_LIVE);
        return domain_renew_spellings(xmlDocGetRootElement(conf->document), error);
}

static void report_unknown(xmlNode *node, void *userdata) {
        Error *error = userdata;
        _cleanup_(freep) char *path = xml_node_path(node->type == XML_ATTRIBUTE_NODE ? node->parent
                                                                                     : node);

        if (node->type == XML_ATTRIBUTE_NODE)
                (void) fail(error, ERROR_XML, "unknown attribute '%s' of %s (line %ld)",
                            (const char *) node->name, path, xmlGetLineNo(node->parent));
        else
                (void) fail(error, ERROR_XML, "unknown element %s (line %ld)", path,
                            xmlGetLineNo(node));
        (void) error_pass(error, -EINVAL);
}

static int validate(DomainConf *conf, Error *error) {
        xmlNode *root = xmlDocGetRootElement(conf->document);

        if (map_unknown(&domain_element, root, report_unknown, error) > 0)
                return error_pass(error, -EINVAL);
        return 0;
}

int conf_validate(const char *text, Error *error) {
        DomainConf conf = {};
        _cleanup_(xml_doc_freep) xmlDoc *document = NULL;
        int r = xml_parse(text, "domain", &document, error);

        conf.document = document;
        return r < 0 ? r : validate(&conf, error);
}

static void settle_addresses(DomainConf *conf) {
        for (int kind = 0; kind < _DEVICE_KIND_MAX; kind++) {
                MapAnyList *list = conf_devices(conf, kind);

                for (size_t i = 0; i < list->n; i++)
                        address_complete(&((Device *) list->items[i])->address);
        }
}

static int write_document(DomainConf *conf, Error *error) {
        xmlNode *root = xmlDocGetRootElement(conf->document);

        if (map_store(&domain_element, root, conf) < 0 ||
            map_canonicalize(&domain_element, root, conf) < 0)
                return fail_memory(error);
        return 0;
}

int conf_parse(const char *text, ConfFlags flags, DomainConf **ret, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = calloc(1, sizeof(*conf));
        int r;

        if (!conf)
                return fail_memory(error);
        if ((r = parse_document(text, flags, conf, error)) < 0)
                return r;
        if (flags & CONF_VALIDATE && (r = validate(conf, error)) < 0)
                return r;
        r = map_load(&domain_element, xmlDocGetRootElement(conf->document), conf, error);
        if (r < 0 || (r = error_gate(error)) < 0)
                return r;
        settle_addresses(conf);

        if (!(flags & CONF_TRUSTED)) {
                if (!(flags & CONF_LIVE))
                        domain_drop_live(conf);
                if ((r = domain_complete(conf, error)) < 0 || (r = conf_check(conf, error)) < 0 ||
                    (r = error_gate(error)) < 0 || (r = write_document(conf, error)) < 0)
                        return r;
        }
        *ret = TAKE(conf);
        return 0;
}

/* ---- to text ---- */

int conf_sync(DomainConf *conf, Error *error) {
        return write_document(conf, error);
}

/* A definition of its own from a copy of the document, rows left out. */
static int copy_conf(const DomainConf *conf, MapFlags without, DomainConf **ret, Error *error) {
        _cleanup_(conf_freep) DomainConf *copy = calloc(1, sizeof(*copy));
        int r;

        if (!copy || !(copy->document = xmlCopyDoc(conf->document, 1)))
                return fail_memory(error);

        xmlNode *root = xmlDocGetRootElement(copy->document);
        if (without)
                map_strip(&domain_element, root, without);
        if ((r = map_load(&domain_element, root, copy, error)) < 0)
                return r;
        settle_addresses(copy);
        *ret = TAKE(copy);
        return 0;
}

/* Taking away what is live needs the struct too: generated values are told by what they are. */
static int print_without(const DomainConf *conf, MapFlags without, char **ret, Error *error) {
        _cleanup_(conf_freep) DomainConf *copy = NULL;
        int r = copy_conf(conf, without, &copy, error);

        if (r < 0)
                return r;
        if (without & MAP_LIVE) {
                domain_drop_live(copy);
                if ((r = write_document(copy, error)) < 0)
                        return r;
        }
        return xml_print_doc(copy->document, ret) < 0 ? fail_memory(error) : 0;
}

int conf_print(DomainConf *conf, MapFlags without, char **ret, Error *error) {
        int r = conf_sync(conf, error);

        if (r < 0)
                return r;
        if (without)
                return print_without(conf, without, ret, error);
        return xml_print_doc(conf->document, ret) < 0 ? fail_memory(error) : 0;
}

int conf_clone(DomainConf *conf, DomainConf **ret, Error *error) {
        int r = conf_sync(conf, error);

        return r < 0 ? r : copy_conf(conf, 0, ret, error);
}

DomainConf *conf_free(DomainConf *conf) {
        if (!conf)
                return NULL;

        xmlDoc *document = TAKE(conf->document);
        map_clear(&domain_element, conf);
        if (document)
                xmlFreeDoc(document);
        free(conf);
        return NULL;
}

bool conf_has_secret(const DomainConf *conf) {
        return map_has(&domain_element, xmlDocGetRootElement(conf->document), MAP_SECRET);
}

/* ---- summary ---- */

static const MapElement summary_element = { "domain", sizeof(ConfSummary), (const MapField[]) {
        ENUM  ("@type",   ConfSummary, type, virt_types, REQUIRED),
        STRING("name",    ConfSummary, name, REQUIRED),
        UUID  ("uuid",    ConfSummary, uuid),
        STRING("os/type", ConfSummary, os_type),
        {}
} };

int conf_summarize(const char *text, ConfSummary *ret, Error *error) {
        _cleanup_(xml_doc_freep) xmlDoc *document = NULL;
        ConfSummary summary = {};
        int r = xml_parse(text, "domain", &document, error);

        if (r < 0)
                return r;
        if ((r = map_load(&summary_element, xmlDocGetRootElement(document), &summary, error)) < 0) {
                conf_summary_clear(&summary);
                return r;
        }
        summary.secret = map_has(&domain_element, xmlDocGetRootElement(document), MAP_SECRET);
        *ret = summary;
        return 0;
}

void conf_summary_clear(ConfSummary *summary) {
        map_clear(&summary_element, summary);
}
