/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a definition becomes when it is read: completion, rules, what is live, clone, summary. */
#include "conf/domain.h"

#include <libxml/parser.h>

#include "tests/unit/check.h"

#define DOMAIN(devices)                                                                      \
        "<domain type='kvm'><name>x</name><uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>" \
        "<memory unit='MiB'>64</memory><os><type arch='x86_64'>hvm</type></os><devices>"     \
        devices "</devices></domain>"

#define OTHER(name, rest) "<domain type='kvm'><name>" name "</name>" rest "</domain>"
#define MEMORY "<memory>1</memory>"
#define OS "<os><type>hvm</type></os>"

#define USB_SOURCE "<source><vendor id='1'/><product id='2'/></source>"

static DomainConf *parse(const char *text, ConfFlags flags) {
        DomainConf *conf = NULL;
        Error error = {};

        if (conf_parse(text, flags, &conf, &error) < 0) {
                fprintf(stderr, "%s\nin %s\n", error.message, text);
                exit(1);
        }
        return conf;
}

static void check_refused(const char *text, ConfFlags flags, const char *message) {
        DomainConf *conf = NULL;
        Error error = {};

        CHECK(conf_parse(text, flags, &conf, &error) < 0);
        CHECK(!conf && error.message);
        if (!strstr(error.message, message)) {
                fprintf(stderr, "'%s' does not say '%s'\n", error.message, message);
                exit(1);
        }
        error_clear(&error);
}

/* The text that is printed without a set of rows. */
static char *print(DomainConf *conf, MapFlags without) {
        char *text = NULL;

        CHECK(conf_print(conf, without, &text, NULL) >= 0);
        return text;
}

static void test_minimal(void) {
        _cleanup_(conf_freep) DomainConf *conf = parse(DOMAIN(""), 0);
        _cleanup_(freep) char *text = print(conf, 0);

        CHECK_TEXT(text,
                   "<domain type='kvm'>\n"
                   "  <name>x</name>\n"
                   "  <uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>\n"
                   "  <memory unit='KiB'>65536</memory>\n"
                   "  <currentMemory unit='KiB'>65536</currentMemory>\n"
                   "  <vcpu placement='static'>1</vcpu>\n"
                   "  <os>\n"
                   "    <type arch='x86_64'>hvm</type>\n"
                   "    <boot dev='hd'/>\n"
                   "  </os>\n"
                   "  <clock offset='utc'/>\n"
                   "  <on_poweroff>destroy</on_poweroff>\n"
                   "  <on_reboot>restart</on_reboot>\n"
                   "  <on_crash>destroy</on_crash>\n"
                   "  <devices/>\n"
                   "</domain>\n");
        CHECK(conf->memory == 65536 && conf->current_memory == 65536 && conf->vcpus == 1);
}

static void test_generated(void) {
        _cleanup_(conf_freep) DomainConf *conf = parse(
                "<domain type='qemu'><name>y</name><memory>1024</memory>"
                "<currentMemory>9999</currentMemory>"
                "<os><type>hvm</type></os><devices><interface type='user'/></devices></domain>", 0);

        CHECK(!uuid_is_null(conf->uuid));
        CHECK(conf->current_memory == 1024);
        CHECK(conf->nets.items[0]->mac.bytes[0] == 0x52 &&
              conf->nets.items[0]->mac.bytes[1] == 0x54 && conf->nets.items[0]->mac.bytes[2] == 0);
}

static void test_disks(void) {
        static const struct {
                const char *target;
                DiskBus bus;
                uint32_t controller, place, unit;
        } cases[] = {
                { "hda", DISK_BUS_IDE, 0, 0, 0 },  { "hdd", DISK_BUS_IDE, 0, 1, 1 },
                { "hde", DISK_BUS_IDE, 1, 0, 0 },  { "sda", DISK_BUS_SCSI, 0, 0, 0 },
                { "sdh", DISK_BUS_SCSI, 0, 0, 8 }, { "sdp", DISK_BUS_SCSI, 1, 0, 0 },
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                char text[512];

                snprintf(text, sizeof(text),
                         DOMAIN("<disk><source file='/a'/><target dev='%s'/></disk>"),
                         cases[i].target);
                _cleanup_(conf_freep) DomainConf *conf = parse(text, 0);
                const DomainDisk *disk = conf->disks.items[0];
                const DeviceAddress *a = &disk->device.address;

                CHECK(disk->bus == cases[i].bus && a->type == ADDRESS_DRIVE);
                CHECK(a->controller == cases[i].controller && a->bus == cases[i].place &&
                      a->unit == cases[i].unit);
        }

        _cleanup_(conf_freep) DomainConf *conf = parse(
                DOMAIN("<disk device='cdrom'><target dev='hdc'/></disk>"
                       "<disk type='block'><source dev='/b'/><target dev='vda'/></disk>"), 0);
        CHECK(conf->disks.items[0]->readonly && conf->disks.items[0]->kind == DISK_DEVICE_CDROM);
        CHECK(conf->disks.items[1]->device.address.type == ADDRESS_NONE);
        CHECK_TEXT(conf->disks.items[1]->source, "/b");
}

static void test_consoles(void) {
        _cleanup_(conf_freep) DomainConf *from_console = parse(DOMAIN("<console type='pty'/>"), 0);
        _cleanup_(conf_freep) DomainConf *from_serial = parse(
                DOMAIN("<serial type='tcp'><source mode='bind' host='h' service='1'/></serial>"
                       "<serial type='pty'/>"), 0);

        CHECK(from_console->serials.n == 1 && from_console->serials.items[0]->type == CHAR_PTY);
        CHECK_TEXT(from_console->consoles.items[0]->target_type, "serial");
        CHECK(!from_console->serials.items[0]->target_type);

        CHECK(from_serial->consoles.n == 1 && from_serial->consoles.items[0]->type == CHAR_TCP);
        CHECK_TEXT(from_serial->consoles.items[0]->sources.items[0]->service, "1");
        CHECK_TEXT(from_serial->serials.items[0]->protocol, "raw");
        CHECK(from_serial->serials.items[1]->target_port.set &&
              from_serial->serials.items[1]->target_port.value == 1);
}

static void test_graphics(void) {
        _cleanup_(conf_freep) DomainConf *conf = parse(
                DOMAIN("<graphics type='vnc'/><graphics type='vnc' port='5901' listen='1.2.3.4'/>"
                       "<graphics type='vnc' socket='/s'/><graphics type='spice'/>"), 0);
        DomainGraphics **g = conf->graphics.items;

        CHECK(g[0]->port == -1 && g[0]->autoport == TRISTATE_YES && g[0]->listens.n == 1 &&
              !g[0]->listen);
        CHECK(g[1]->port == 5901 && g[1]->autoport == TRISTATE_NO);
        CHECK_TEXT(g[1]->listens.items[0]->address, "1.2.3.4");
        CHECK_TEXT(g[2]->listens.items[0]->socket, "/s");
        CHECK_TEXT(g[3]->listens.items[0]->type, "none");
}

/* ---- what is live, what is secret ---- */

static const char live[] = DOMAIN(
        "<disk><source file='/a' index='3'/><target dev='vda'/><alias name='virtio-disk0'/></disk>"
        "<interface type='user'><mac address='52:54:00:01:02:03'/><target dev='vnet3'/>"
        "<alias name='ua-mine'/></interface>"
        "<graphics type='vnc' port='5903' autoport='yes' passwd='secret'/>"
        "<hostdev mode='subsystem' type='usb'>" USB_SOURCE "<alias name='hostdev0'/></hostdev>");

static void test_live(void) {
        _cleanup_(conf_freep) DomainConf *conf = parse(live, CONF_LIVE), *stored = parse(live, 0);
        _cleanup_(freep) char *now = print(conf, 0), *at_rest = print(conf, MAP_LIVE),
                              *kept = print(stored, 0), *public = print(conf, MAP_SECRET);

        CHECK(strstr(now, "virtio-disk0") && strstr(now, "vnet3") && strstr(now, "index='3'") &&
              strstr(now, "hostdev0") && strstr(now, "5903") && strstr(now, "passwd"));
        CHECK(!strstr(kept, "virtio-disk0") && !strstr(kept, "vnet3") &&
              !strstr(kept, "index='3'") && !strstr(kept, "hostdev0") && !strstr(kept, "5903"));
        CHECK(strstr(kept, "ua-mine") && strstr(kept, "port='-1'") && strstr(kept, "passwd"));
        CHECK_TEXT(at_rest, kept);
        CHECK(!strstr(public, "passwd") && strstr(public, "virtio-disk0"));
        CHECK(conf_has_secret(conf));

        DeviceKind kind;
        CHECK(conf_find_alias(conf, "virtio-disk0", &kind) && kind == DEVICE_DISK);
        CHECK(!conf_find_alias(stored, "virtio-disk0", NULL));
}

static void test_unknown(void) {
        static const char text[] = DOMAIN("<disk><source file='/a'/><target dev='vda' "
                                          "colour='red'/><!-- c --></disk>");
        _cleanup_(conf_freep) DomainConf *conf = parse(text, 0);
        _cleanup_(freep) char *printed = print(conf, 0);

        CHECK(strstr(printed, "colour='red'") && strstr(printed, "<!-- c -->"));
        check_refused(text, CONF_VALIDATE, "colour");
}

static void test_changes(void) {
        _cleanup_(conf_freep) DomainConf *conf = parse(DOMAIN("<disk><source file='/a'/><target "
                                                              "dev='vda'/></disk>"),
                                                       0);
        DomainDisk *disk = conf_add_device(conf, DEVICE_DISK);

        CHECK(disk && (disk->source = strdup("/b")) && (disk->target = strdup("vdb")));
        disk->bus = DISK_BUS_VIRTIO;
        disk->device.address = (DeviceAddress) { .type = ADDRESS_PCI, .slot = 5 };
        CHECK(conf_sync(conf, NULL) >= 0);

        _cleanup_(conf_freep) DomainConf *copy = NULL;
        CHECK(conf_clone(conf, &copy, NULL) >= 0);
        CHECK(copy->disks.n == 2);

        _cleanup_(freep) char *text = print(copy, 0);
        CHECK(strstr(text, "    <disk type='file' device='disk'>\n"
                           "      <source file='/b'/>\n"
                           "      <target dev='vdb' bus='virtio'/>\n"
                           "      <address type='pci' domain='0x0000' bus='0x00' slot='0x05' "
                           "function='0x0'/>\n"
                           "    </disk>\n"));
}

static void test_pci_anywhere(void) {
        _cleanup_(conf_freep) DomainConf *conf = parse(DOMAIN("<rng model='virtio'><backend "
                                                              "model='random'/><address "
                                                              "type='pci'/></rng>"),
                                                       0);
        _cleanup_(freep) char *text = print(conf, 0);

        CHECK(conf->rngs.items[0]->device.address.type == ADDRESS_PCI_ANY);
        CHECK(strstr(text, "<address type='pci'/>"));
}

/* ---- rules ---- */

static void test_rules(void) {
        static const struct {
                const char *text, *message;
        } cases[] = {
                { OTHER("a/b", MEMORY OS), "'/'" },
                { OTHER(" ", MEMORY OS), "name" },
                { OTHER("a", OS), "Memory size" },
                { OTHER("a", MEMORY "<vcpu>0</vcpu>" OS), "vcpu" },
                { OTHER("a", MEMORY "<vcpu current='3'>2</vcpu>" OS), "maxvcpus" },
                { OTHER("a", MEMORY), "os <type>" },
                { DOMAIN("<disk><source file='/a'/><target dev='vda'/></disk>"
                         "<disk><source file='/b'/><target dev='vda'/></disk>"),
                  "target 'vda' duplicated" },
                { DOMAIN("<disk><source file='/a'/><target dev='vda1'/></disk>"), "partitions" },
                { DOMAIN("<disk><source file='/a'/><target dev='sda'/></disk>"
                         "<disk><source file='/b'/><target dev='sdb'/>"
                         "<address type='drive'/></disk>"),
                  "drive address" },
                { DOMAIN("<disk><source file='/a'/><target dev='sda' bus='scsi'/>"
                         "<address type='pci' slot='5'/></disk>"),
                  "Invalid address type 'pci'" },
                { DOMAIN("<disk device='floppy'><target dev='fda' bus='ide'/></disk>"),
                  "Invalid bus type" },
                { DOMAIN("<disk><driver cache='often'/><source file='/a'/>"
                         "<target dev='vda'/></disk>"),
                  "writeback" },
                { DOMAIN("<controller type='scsi' index='1'/><controller type='scsi' index='1'/>"),
                  "Multiple 'scsi'" },
                { DOMAIN("<disk><source file='/a'/><target dev='vda'/><boot order='1'/></disk>"
                         "<hostdev mode='subsystem' type='usb'>" USB_SOURCE
                         "<boot order='1'/></hostdev>"),
                  "boot order 1" },
                { DOMAIN("<sound model='ac97'><address type='pci' slot='9'/></sound>"
                         "<hostdev type='pci'><source><address bus='1'/></source>"
                         "<address type='pci' slot='9'/></hostdev>"),
                  "PCI address" },
                { DOMAIN("<interface type='user'><alias name='ua-a'/></interface>"
                         "<interface type='user'><alias name='ua-a'/></interface>"),
                  "alias 'ua-a'" },
                { DOMAIN("<sound model='ac97'><address type='pci' slot='0x20'/></sound>"), "0x1F" },
                { DOMAIN("<interface type='bridge'/>"), "'bridge'" },
                { DOMAIN("<graphics type='vnc' port='70000'/>"), "70000" },
                { DOMAIN("<serial type='unknown'/>"), "unknown" },
                { DOMAIN("<shmem/>"), "@name" },
                { OTHER("a", MEMORY OS "<cputune><vcpusched vcpus='0' scheduler='idle'/>"
                        "<vcpusched vcpus='0' scheduler='idle'/></cputune>"),
                  "overlap" },
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++)
                check_refused(cases[i].text, 0, cases[i].message);
        check_refused("<domain type='kvm'><name>a</name>", 0, "line 1");
}

static void test_summary(void) {
        ConfSummary summary = {};
        char text[UUID_TEXT_MAX];

        CHECK(conf_summarize(DOMAIN(""), &summary, NULL) >= 0);
        CHECK_TEXT(summary.name, "x");
        CHECK_TEXT(summary.os_type, "hvm");
        CHECK_TEXT(uuid_format(summary.uuid, text), "c7a5fdbd-edaf-9455-926a-d65c16db1809");
        CHECK(summary.type == VIRT_KVM);
        conf_summary_clear(&summary);
        CHECK(conf_summarize("<network/>", &summary, NULL) < 0);
}

int main(void) {
        test_minimal();
        test_generated();
        test_disks();
        test_consoles();
        test_graphics();
        test_live();
        test_unknown();
        test_changes();
        test_pci_anywhere();
        test_rules();
        test_summary();
        xmlCleanupParser();
        return 0;
}
