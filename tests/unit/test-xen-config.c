/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Definitions as libxl's configurations, in libxl's own JSON: libvirt's samples must come out as
 * libvirt has them, and ours with the values that the tables below name, and each must be read back
 * by libxl as what it was. What libxl can't do is refused, with its place.
 *
 *         test-xen-config DATA CORPUS [-v]
 *
 * No Xen is needed. Without the samples only our own are tried, and it exits with 77, which meson
 * reports as skipped. */
#include <json-c/json.h>
#include <limits.h>

#include "tests/unit/fake-xen.h"

#include "conf/xml.h"
#include "drivers/xen/config.h"
#include "drivers/xen/driver.h"
#include "tests/unit/check.h"

#define NODES_MANY 64

static libxl_ctx *ctx;
static bool verbose;

/* ---- as the driver does it ---- */

static char *read_text(const char *path) {
        FILE *file = fopen(path, "re");
        char *text = NULL;
        size_t size = 0;

        if (!file)
                return NULL;
        if (getdelim(&text, &size, 0, file) < 0)
                text = NULL;
        fclose(file);
        return text;
}

/* The configuration as JSON, or NULL and why. */
static char *build(const char *xml, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        libxl_domain_config config;
        char *json = NULL;

        if (xen_conf_parse(xml, 0, &conf, error) < 0)
                return NULL;
        int r = xen_config_build(conf, ctx, &config, error);

        CHECK((r < 0) == (error->code != ERROR_NONE));
        if (r >= 0)
                CHECK(json = libxl_domain_config_to_json(ctx, &config));
        libxl_domain_config_dispose(&config);
        return json;
}

/* What libxl makes of JSON that may be another version's; NULL if it can't read it. */
static char *reread(const char *json) {
        libxl_domain_config config;
        char *again = NULL;

        libxl_domain_config_init(&config);
        if (libxl_domain_config_from_json(ctx, &config, json) == 0)
                CHECK(again = libxl_domain_config_to_json(ctx, &config));
        libxl_domain_config_dispose(&config);
        return again;
}

/* ---- libvirt's samples ---- */

/* Members that were moved, in libxl's words "deprecated": it takes them from either place. */
static void move_members(struct json_object *root) {
        static const char *const types[] = { "type.hvm", "type.pv" };
        static const char *const moved[] = {
                "nested_hvm", "timer_mode", "apic", "acpi", "kernel", "ramdisk", "cmdline",
                "bootloader", "bootloader_args",
        };
        struct json_object *build = json_object_object_get(root, "b_info"), *type;

        for (size_t i = 0; i < ELEMENTS(types); i++)
                for (size_t k = 0; k < ELEMENTS(moved); k++) {
                        struct json_object *value = NULL;

                        if (!(type = json_object_object_get(build, types[i])) ||
                            !(value = json_object_object_get(type, moved[k])))
                                continue;
                        json_object_object_add(build, moved[k], json_object_get(value));
                        json_object_object_del(type, moved[k]);
                }
}

static bool same(const char *a, const char *b) {
        struct json_object *x = json_tokener_parse(a), *y = json_tokener_parse(b);

        CHECK(x && y);
        move_members(x);
        move_members(y);
        bool equal = json_object_equal(x, y);

        json_object_put(x);
        json_object_put(y);
        return equal;
}

typedef struct Tally {
        size_t all, equal;
} Tally;

/* A sample doesn't say how many nodes its host had. Expected is what libxl reads in it: some were
 * written by versions before it, with names that are gone. */
static bool holds(const char *xml, const char *expected, const char *name) {
        for (fake_nodes = 1; fake_nodes <= NODES_MANY; fake_nodes += NODES_MANY - 1) {
                Error error = {};
                _cleanup_(freep) char *json = build(xml, &error);

                if (!json)
                        printf("%s: %s\n", name, error.message ?: "");
                error_clear(&error);
                if (!json)
                        return false;
                if (same(json, expected))
                        return true;
                if (verbose)
                        printf("%s is\n%s\nand not\n%s\n", name, json, expected);
        }
        return false;
}

static void try_pair(const char *corpus, const char *xml_name, const char *json_name,
                     Tally *tally) {
        char xml_path[PATH_MAX], json_path[PATH_MAX];

        snprintf(xml_path, sizeof(xml_path), "%s/%s", corpus, xml_name);
        snprintf(json_path, sizeof(json_path), "%s/%s", corpus, json_name);
        _cleanup_(freep) char *xml = read_text(xml_path), *json = read_text(json_path);
        CHECK(xml && json);
        _cleanup_(freep) char *expected = reread(json);
        CHECK(expected);
        bool equal = holds(xml, expected, xml_name);

        printf("%s: %s\n", xml_name, equal ? "equal" : "DIFFERENT");
        tally->all++;
        tally->equal += equal;
}

/* Lines of "file, kind, role, pair, ..." */
static bool try_samples(const char *corpus, Tally *tally) {
        char path[PATH_MAX], *save = NULL;

        snprintf(path, sizeof(path), "%s/MANIFEST.tsv", corpus);
        _cleanup_(freep) char *manifest = read_text(path);

        for (char *line = manifest ? strtok_r(manifest, "\n", &save) : NULL; line;
             line = strtok_r(NULL, "\n", &save)) {
                char *words[4] = {};

                for (size_t i = 0; i < ELEMENTS(words); i++)
                        words[i] = strsep(&line, "\t");
                if (words[3] && strcmp(words[1], "libxl") == 0 && strcmp(words[2], "input") == 0)
                        try_pair(corpus, words[0], words[3], tally);
        }
        return tally->all > 0;
}

/* ---- our own ---- */

static const struct {
        const char *file, *path, *value; /* value NULL: not there; path NULL: anywhere, since
                                          * versions of libxl have it elsewhere */
} values[] = {
        { "pv-kernel", "c_info.type", "pv" },
        { "pv-kernel", "b_info.type.pv.kernel", "/boot/vmlinuz" },
        { "pv-kernel", "b_info.type.pv.ramdisk", "/boot/initrd.img" },
        { "pv-kernel", "b_info.type.pv.cmdline", "root=/dev/xvda1 ro" },
        { "pv-kernel", "b_info.max_memkb", "1048576" },
        { "pv-kernel", "b_info.target_memkb", "525312" },
        { "pv-kernel", "b_info.max_vcpus", "4" },
        { "pv-kernel", "b_info.avail_vcpus.1", "1" },
        { "pv-kernel", "b_info.avail_vcpus.2", NULL },
        { "pv-kernel", "b_info.vcpu_hard_affinity.0.0", "2" },
        { "pv-kernel", "b_info.vcpu_hard_affinity.1.3", "3" },
        { "pv-kernel", "b_info.numa_placement", "False" },
        { "pv-kernel", "b_info.sched_params.weight", "512" },
        { "pv-kernel", "b_info.sched_params.cap", "200" },
        { "pv-kernel", "b_info.tsc_mode", "always_emulate" },
        { "pv-kernel", "b_info.type.pv.e820_host", "True" },
        { "pv-kernel", "b_info.max_grant_frames", "64" },
        { "pv-kernel", "b_info.event_channels", "2047" },
        { "pv-kernel", "on_poweroff", "preserve" },
        { "pv-kernel", "on_reboot", "restart_rename" },
        { "pv-kernel", "on_crash", "coredump_restart" },
        { "pv-kernel", "disks.0.backend", "phy" },
        { "pv-kernel", "disks.0.readwrite", "1" },
        { "pv-kernel", "disks.0.discard_enable", "True" },
        { "pv-kernel", "disks.1.format", "vhd" },
        { "pv-kernel", "disks.1.backend", "tap" },
        { "pv-kernel", "disks.1.readwrite", NULL },
        { "pv-kernel", "disks.1.backend_domname", "storage" },
        { "pv-kernel", "disks.2.pdev_path",
          "rbd:pool/image:auth_supported=none:mon_host=mon1\\:6321\\;\\[2001\\:db8\\:\\:1\\]" },
        { "pv-kernel", "disks.2.backend", "qdisk" },
        { "pv-kernel", "disks.3.pdev_path", "nbd:nbd.example.org:10809:exportname=export" },
        { "pv-kernel", "disks.4.pdev_path",
          "iscsi://[2001:db8::2]:3260/iqn.2013-07.com.example:iscsi-pool/1" },
        { "pv-kernel", "disks.4.direct_io_safe", "true" },
        { "pv-kernel", "nics.0.ip", "192.0.2.1 2001:db8::3" },
        { "pv-kernel", "nics.0.script", "vif-route" },
        { "pv-kernel", "nics.0.bridge", NULL },
        { "pv-kernel", "nics.0.ifname", "vif-blue" },
        { "pv-kernel", "nics.0.rate_bytes_per_interval", "51200" },
        { "pv-kernel", "nics.0.rate_interval_usecs", "50000" },
        { "pv-kernel", "nics.0.mtu", "9000" },
        { "pv-kernel", "nics.1.bridge", "ovsbr0:42:43" },
        { "pv-kernel", "nics.1.script", "vif-openvswitch" },
        { "pv-kernel", "nics.1.devid", "1" },
        { "pv-kernel", "nics.1.backend_domname", "netvm" },
        { "pv-kernel", "vfbs.0.sdl.enable", "True" },
        { "pv-kernel", "vfbs.0.sdl.display", ":1" },
        { "pv-kernel", "vfbs.0.keymap", "de" },
        { "pv-kernel", "channels.0.name", "org.example.one" },
        { "pv-kernel", "channels.0.connection.pty", "{ }" },
        { "pv-kernel", "channels.1.connection.socket.path", "/run/two.sock" },
        { "pv-kernel", "pcidevs.0.bus", "3" },
        { "pv-kernel", "pcidevs.0.permissive", "true" },
        { "pv-kernel", "usbctrls.0.version", "1" },
        { "pv-kernel", "usbctrls.0.ports", "4" },
        { "pv-kernel", "usbdevs.0.ctrl", "0" },
        { "pv-kernel", "usbdevs.0.port", "2" },
        { "pv-kernel", "usbdevs.0.type.hostdev.hostaddr", "7" },
        { "pv-kernel", "p9s.0.tag", "share" },
        { "pv-kernel", "p9s.0.path", "/srv/share" },
        { "pv-kernel", "p9s.0.security_model", "mapped" },
        { "pv-bootloader", "b_info.type.pv.bootloader", "/usr/bin/pygrub" },
        { "pv-bootloader", "b_info.type.pv.bootloader_args.0", "-q" },
        { "pv-bootloader", "b_info.type.pv.bootloader_args.1", "--entry=1" },
        { "pv-bootloader", "b_info.type.pv.kernel", NULL },
        { "pv-bootloader", "disks.0.format", "qcow2" },
        { "pv-bootloader", "disks.0.backend", "qdisk" },
        { "pv-bootloader", "vfbs.0.vnc.display", "12" },
        { "pv-bootloader", "vfbs.0.vnc.passwd", "secret" },
        { "pv-bootloader", "vfbs.0.vnc.listen", "127.0.0.1" },
        { "pv-bootloader", "b_info.nodemap.0", "1" },
        { "pvh", "c_info.type", "pvh" },
        { "pvh", "c_info.hap", "True" },
        { "pvh", "c_info.passthrough", "sync_pt" },
        { "pvh", "b_info.acpi", "True" },
        { "pvh", "b_info.apic", NULL },
        { "pvh", "b_info.nested_hvm", "False" },
        { "pvh", NULL, "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx0\"" }, /* cpuid */
        { "pvh", NULL, "\"xxxxxxxxxxxxxxxxxxxxxxxxxxx1xxxx\"" },
        { "pvh", "b_info.vnuma_nodes.1.memkb", "262144" },
        { "pvh", "b_info.vnuma_nodes.0.distances.1", "21" },
        { "pvh", "b_info.vnuma_nodes.1.distances.0", "21" },
        { "pvh", "b_info.vnuma_nodes.1.vcpus.0", "2" },
        { "pvh", "b_info.vnuma_nodes.1.pnode", "3" },
        { "pvh", "nics.0.nictype", "vif" },
        { "pvh", "b_info.vpmu", "True" },
        { "hvm-bios", "b_info.type.hvm.boot", "dcn" },
        { "hvm-bios", "b_info.type.hvm.bios", NULL },
        { "hvm-bios", "b_info.rtc_timeoffset", "4294963696" },
        { "hvm-bios", "b_info.timer_mode", "one_missed_tick_pending" },
        { "hvm-bios", "b_info.device_model_version", "qemu_xen_traditional" },
        { "hvm-bios", "b_info.type.hvm.vga.kind", "std" },
        { "hvm-bios", "b_info.video_memkb", "16384" },
        { "hvm-bios", "b_info.type.hvm.spice.enable", "True" },
        { "hvm-bios", "b_info.type.hvm.spice.port", "5901" },
        { "hvm-bios", "b_info.type.hvm.spice.tls_port", "5902" },
        { "hvm-bios", "b_info.type.hvm.spice.passwd", "thebeast" },
        { "hvm-bios", "b_info.type.hvm.spice.disable_ticketing", "False" },
        { "hvm-bios", "b_info.type.hvm.spice.agent_mouse", "True" },
        { "hvm-bios", "b_info.type.hvm.spice.clipboard_sharing", "True" },
        { "hvm-bios", "b_info.type.hvm.spice.image_compression", "auto_glz" },
        { "hvm-bios", "vfbs", NULL },
        { "hvm-bios", "b_info.type.hvm.serial_list.0", "pty" },
        { "hvm-bios", "b_info.type.hvm.serial_list.1", "tcp:127.0.0.1:4555,server,nowait" },
        { "hvm-bios", "b_info.type.hvm.soundhw", "hda,sb16" },
        { "hvm-bios", "b_info.type.hvm.viridian", "True" },
        { "hvm-bios", "b_info.type.hvm.viridian_enable.0", "0" },
        { "hvm-bios", "b_info.type.hvm.viridian_enable.1", "2" },
        { "hvm-bios", "b_info.type.hvm.viridian_disable.0", "9" },
        { "hvm-bios", "b_info.type.hvm.acpi_firmware", "/sys/firmware/acpi/tables/SLIC" },
        { "hvm-bios", "b_info.type.hvm.hpet", "False" },
        { "hvm-bios", "b_info.nested_hvm", "True" },
        { "hvm-bios", "b_info.extra.1", "isa-fdc.driveA=x" },
        { "hvm-bios", "b_info.extra_hvm.1",
          "if=floppy,index=0,format=raw,readonly=off,file=/root/a,,b.img" },
        { "hvm-bios", "disks.0.backend", NULL },
        { "hvm-bios", "disks.1.format", "empty" },
        { "hvm-bios", "disks.1.is_cdrom", "1" },
        { "hvm-bios", "disks.1.pdev_path", NULL },
        { "hvm-bios", "disks.2.pdev_path", NULL },
        { "hvm-bios", "nics.0.model", "e1000" },
        { "hvm-bios", "nics.0.nictype", "vif_ioemu" },
        { "hvm-bios", "pcidevs.0.vdevfn", "40" },
        { "hvm-bios", "usbctrls.0.type", "devicemodel" },
        { "hvm-bios", "usbctrls.0.version", "3" },
        { "hvm-ovmf", "b_info.type.hvm.bios", "ovmf" },
        { "hvm-ovmf", "b_info.type.hvm.system_firmware", NULL },
        { "hvm-ovmf", "b_info.kernel", "/boot/vmlinuz" },
        { "hvm-ovmf", "b_info.cmdline", "console=ttyS0" },
        { "hvm-ovmf", "b_info.type.hvm.hdtype", "ahci" },
        { "hvm-ovmf", "b_info.type.hvm.nographic", "True" },
        { "hvm-ovmf", "b_info.type.hvm.vnc.enable", "False" },
        { "hvm-ovmf", "b_info.type.hvm.pae", "False" },
        { "hvm-ovmf", "b_info.extra_hvm.1", "passthrough,id=tpm0,path=/dev/tpm0" },
        { "hvm-ovmf", "b_info.type.hvm.boot", "nc" },
};

/* Some names have a dot in them: "type.hvm" is one. */
static struct json_object *find(struct json_object *json, const char *path) {
        while (json && *path) {
                size_t n = strcspn(path, ".");
                char name[64];

                snprintf(name, sizeof(name), "%.*s", (int) n, path);
                if (path[n] && json_object_is_type(json, json_type_object) &&
                    !json_object_object_get(json, name))
                        n += 1 + strcspn(path + n + 1, ".");
                snprintf(name, sizeof(name), "%.*s", (int) n, path);
                json = json_object_is_type(json, json_type_array)
                               ? json_object_array_get_idx(json, strtoul(name, NULL, 10))
                               : json_object_object_get(json, name);
                path += n + (path[n] == '.');
        }
        return json;
}

static size_t check_values(const char *file, const char *json) {
        struct json_object *root = json_tokener_parse(json);
        size_t n = 0, wrong = 0;

        CHECK(root);
        for (size_t i = 0; i < ELEMENTS(values); i++) {
                if (strcmp(values[i].file, file) != 0)
                        continue;
                n++;
                if (!values[i].path) {
                        CHECK(strstr(json, values[i].value));
                        continue;
                }
                struct json_object *at = find(root, values[i].path);
                const char *text = at ? json_object_get_string(at) : NULL;

                if (!values[i].value ? !text : text && strcmp(text, values[i].value) == 0)
                        continue;
                printf("%s: %s is %s and not %s\n", file, values[i].path, text ?: "not there",
                       values[i].value ?: "left out");
                wrong++;
        }
        json_object_put(root);
        CHECK(n > 0);
        return wrong;
}

static void try_own(const char *data) {
        static const char *const files[] = {
                "pv-kernel", "pv-bootloader", "pvh", "hvm-bios", "hvm-ovmf",
        };
        size_t wrong = 0;

        for (size_t i = 0; i < ELEMENTS(files); i++) {
                char path[PATH_MAX];
                Error error = {};

                snprintf(path, sizeof(path), "%s/%s.xml", data, files[i]);
                _cleanup_(freep) char *xml = read_text(path);
                CHECK(xml);
                _cleanup_(freep) char *json = build(xml, &error);

                if (!json)
                        printf("%s: %s\n", files[i], error.message ?: "");
                CHECK(json);
                _cleanup_(freep) char *again = reread(json);
                CHECK(again);
                if (verbose)
                        puts(json);
                CHECK(same(json, again));
                wrong += check_values(files[i], json);
        }
        CHECK(wrong == 0);
}

/* ---- what is refused ---- */

#define DEVICE(xml, words) { "hvm", "", xml, words }
#define DOMAIN(xml, words) { "hvm", xml, "", words }

static const struct {
        const char *type, *xml, *device, *words;
} refusals[] = {
        DEVICE("<watchdog model='i6300esb' action='reset'/>", "devices/watchdog"),
        DEVICE("<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>",
               "devices/rng"),
        DEVICE("<disk type='file' device='disk'><source file='/a'/>"
               "<target dev='vda' bus='virtio'/></disk>", "devices/disk 'vda'"),
        DEVICE("<disk type='file' device='disk'><driver name='phy' type='qcow2'/>"
               "<source file='/a'/><target dev='hda'/></disk>", "reads no 'qcow2'"),
        DEVICE("<disk type='file' device='disk'><driver name='qemu' type='vmdk'/>"
               "<source file='/a'/><target dev='hda'/></disk>", "format 'vmdk'"),
        DEVICE("<disk type='file' device='disk'><driver name='qemu' cache='writethrough'/>"
               "<source file='/a'/><target dev='hda'/></disk>", "cache"),
        DEVICE("<disk type='network' device='disk'><driver name='qemu'/>"
               "<source protocol='sheepdog' name='a'/><target dev='hda'/></disk>", "sheepdog"),
        DEVICE("<interface type='user'/>", "devices/interface"),
        DEVICE("<interface type='network'><source network='default'/></interface>",
               "no bridge yet"),
        DEVICE("<interface type='bridge'><source bridge='b'/><link state='down'/></interface>",
               "(link)"),
        DEVICE("<channel type='unix'><target type='virtio' name='a'/></channel>",
               "devices/channel"),
        DEVICE("<input type='tablet' bus='virtio'/>", "'virtio'"),
        DEVICE("<sound model='usb'/>", "devices/sound 'usb'"),
        DEVICE("<graphics type='rdp'/>", "devices/graphics 'rdp'"),
        DEVICE("<graphics type='vnc' port='5900'/><graphics type='vnc' port='5901'/>",
               "one of a kind"),
        DEVICE("<video><model type='vga' vram='4096'/></video>", "at least 16384 KiB"),
        DEVICE("<hostdev mode='subsystem' type='scsi'><source><adapter name='scsi_host0'/>"
               "<address bus='0' target='0' unit='0'/></source></hostdev>", "'scsi'"),
        DEVICE("<tpm model='tpm-crb'><backend type='emulator'/></tpm>", "devices/tpm"),
        DOMAIN("<features><kvm><hidden state='on'/></kvm></features>", "features/kvm/hidden"),
        DOMAIN("<cpu mode='custom'><model>Haswell</model></cpu>", "'Haswell'"),
        DOMAIN("<cpu mode='host-passthrough'><feature policy='force' name='nonsense'/></cpu>",
               "cpu/feature 'nonsense'"),
        DOMAIN("<clock offset='timezone' timezone='Europe/Paris'/>", "clock/@offset"),
        DOMAIN("<clock offset='utc'><timer name='kvmclock' present='yes'/></clock>",
               "clock/timer 'kvmclock'"),
        DOMAIN("<memoryBacking><hugepages/></memoryBacking>", "memoryBacking/hugepages"),
        DOMAIN("<iothreads>2</iothreads>", "iothreads"),
        DOMAIN("<bootloader>/usr/bin/pygrub</bootloader>", "bootloader"),
        { "xenpvh", "", "", "neither a kernel nor a bootloader" },
        { "linux", "<bootloader>/b</bootloader>", "<serial type='pty'/>", "devices/serial" },
        { "linux", "<bootloader>/b</bootloader>",
          "<interface type='bridge'><source bridge='b'/><model type='e1000'/></interface>",
          "netfront" },
        { "linux", "<bootloader>/b</bootloader>", "<graphics type='spice' port='5900'/>",
          "only for hvm" },
};

static void try_refusals(void) {
        for (size_t i = 0; i < ELEMENTS(refusals); i++) {
                _cleanup_(freep) char *xml = NULL;
                Error error = {};

                CHECK(asprintf(&xml, "<domain type='xen'><name>a</name><memory>65536</memory>"
                               "<vcpu>1</vcpu><os><type>%s</type></os>%s<devices>%s</devices>"
                               "</domain>", refusals[i].type, refusals[i].xml,
                               refusals[i].device) >= 0);
                _cleanup_(freep) char *json = build(xml, &error);

                if (json || error.code != ERROR_CONFIG_UNSUPPORTED || !error.message ||
                    !strstr(error.message, refusals[i].words))
                        printf("%s%s: %s and not '%s'\n", refusals[i].xml, refusals[i].device,
                               error.message ?: "accepted", refusals[i].words);
                CHECK(!json && error.code == ERROR_CONFIG_UNSUPPORTED);
                CHECK(error.message && strstr(error.message, refusals[i].words));
                error_clear(&error);
        }
}

/* Xen's beginning of addresses, where a definition has none. */
static void try_mac(void) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        char mac[MAC_TEXT_MAX];

        CHECK(xen_conf_parse("<domain type='xen'><name>a</name><memory>65536</memory>"
                             "<os><type>linux</type></os><devices><interface type='bridge'>"
                             "<source bridge='br0'/></interface></devices></domain>", 0, &conf,
                             NULL) >= 0);
        CHECK(conf->nets.n == 1);
        CHECK(strncmp(mac_format(conf->nets.items[0]->mac, mac), "00:16:3e:", 9) == 0);
}

int main(int argc, char *argv[]) {
        xentoollog_logger_stdiostream *logger = xtl_createlogger_stdiostream(stderr, XTL_ERROR, 0);
        Tally tally = {};

        CHECK(argc >= 3 && logger);
        verbose = argc > 3;
        CHECK(libxl_ctx_alloc(&ctx, LIBXL_VERSION, 0, (xentoollog_logger *) logger) == 0);
        try_own(argv[1]);
        try_refusals();
        try_mac();
        bool samples = try_samples(argv[2], &tally);

        libxl_ctx_free(ctx);
        xtl_logger_destroy((xentoollog_logger *) logger);
        xmlCleanupParser();
        if (!samples) {
                puts("SKIPPED: the sample documents are not here");
                return 77;
        }
        printf("%zu of %zu samples are equal\n", tally.equal, tally.all);
        return tally.equal == tally.all ? 0 : 1;
}
