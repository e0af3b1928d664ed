/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is chosen for the devices of a Xen guest that is about to run: their names, those of its
 * interfaces, ports of displays; and which of them come and go. */
#include "drivers/xen/device.h"
#include "tests/unit/check.h"

#define DOMAIN(type, devices)                                                                     \
        "<domain type='xen'><name>a</name><memory>65536</memory><os><type>" type "</type>"        \
        "<kernel>/k</kernel></os><devices>" devices "</devices></domain>"
#define CARD(mac, more)                                                                           \
        "<interface type='bridge'><mac address='00:16:3e:00:00:0" mac "'/>"                       \
        "<source bridge='b'/>" more "</interface>"
#define DISK(kind, target, bus)                                                                   \
        "<disk type='file' device='" kind "'><source file='/" target "'/><target dev='" target    \
        "' bus='" bus "'/></disk>"

static DomainConf *parse(const char *xml) {
        DomainConf *conf = NULL;
        Error error = {};

        CHECK(xen_conf_parse(xml, 0, &conf, &error) >= 0);
        return conf;
}

static DomainConf *prepared(const char *xml) {
        DomainConf *conf = parse(xml);
        Error error = {};

        CHECK(xen_live_prepare(NULL, conf, false, &error) >= 0);
        return conf;
}

/* What an interface of a running guest can become; NULL: it can. */
static void test_changes(void) {
        static const struct {
                const char *old, *new, *what;
        } rows[] = {
                { CARD("1", ""), CARD("1", ""), NULL },
                { CARD("1", ""), CARD("1", "<bandwidth><inbound average='9'/></bandwidth>"), NULL },
                { CARD("1", "<port isolated='yes'/>"), CARD("1", ""), NULL },
                { CARD("1", "<filterref filter='f'/>"),
                  CARD("1", "<filterref filter='g'/>"), NULL },
                { CARD("1", ""), CARD("2", ""), "its mac address" },
                { CARD("1", ""), CARD("1", "<model type='netfront'/>"), "its model" },
                { CARD("1", ""), CARD("1", "<mtu size='900'/>"), "its mtu" },
                { CARD("1", ""), CARD("1", "<link state='down'/>"), "its link" },
                { CARD("1", "<script path='a'/>"), CARD("1", "<script path='b'/>"), "its script" },
                { CARD("1", ""), CARD("1", "<ip address='10.0.0.1'/>"), "its addresses" },
                { CARD("1", ""), CARD("1", "<bandwidth><outbound average='9'/></bandwidth>"),
                  "what it sends" },
                { CARD("1", ""), "<interface type='bridge'><mac address='00:16:3e:00:00:01'/>"
                                 "<source bridge='c'/></interface>", "what it is connected to" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                char *texts[2];
                DomainConf *confs[2];
                Error error = {};

                for (size_t k = 0; k < 2; k++) {
                        CHECK(asprintf(&texts[k], DOMAIN("linux", "%s"),
                                       k == 0 ? rows[i].old : rows[i].new) > 0);
                        confs[k] = parse(texts[k]);
                }
                int r = xen_net_check_change(confs[0]->nets.items[0], confs[1]->nets.items[0],
                                             &error);
                CHECK((r >= 0) == !rows[i].what);
                CHECK(r >= 0 || (error.code == ERROR_OPERATION_UNSUPPORTED &&
                                 strstr(error.message, rows[i].what)));
                error_clear(&error);
                for (size_t k = 0; k < 2; k++) {
                        conf_free(confs[k]);
                        free(texts[k]);
                }
        }
}

static void test_aliases(void) {
        _cleanup_(conf_freep) DomainConf *conf = prepared(DOMAIN("hvm",
                DISK("disk", "hda", "ide") DISK("disk", "xvdb", "xen")
                "<disk type='file' device='disk'><source file='/c'/><target dev='xvdc'/>"
                "<alias name='ua-mine'/></disk>" CARD("1", "") CARD("2", "")
                "<serial type='pty'/><console type='pty'/><channel type='pty'>"
                "<target type='xen' name='n'/></channel>"));

        CHECK_TEXT(conf->disks.items[0]->device.alias, "ide-disk0");
        CHECK_TEXT(conf->disks.items[1]->device.alias, "xen-disk0");
        CHECK_TEXT(conf->disks.items[2]->device.alias, "ua-mine");
        CHECK_TEXT(conf->nets.items[1]->device.alias, "net1");
        CHECK_TEXT(conf->serials.items[0]->device.alias, "serial0");
        CHECK_TEXT(conf->consoles.items[0]->device.alias, "serial0");
        CHECK_TEXT(conf->channels.items[0]->device.alias, "channel0");
        CHECK_TEXT(conf->controllers.items[0]->device.alias, "xenbus0");
        CHECK_TEXT(conf->memballoons.items[0]->device.alias, "balloon0");
}

/* A name that was asked for stays, one of Xen's belongs to another life. */
static void test_vifs(void) {
        _cleanup_(conf_freep) DomainConf *conf = prepared(DOMAIN("linux",
                CARD("1", "") CARD("2", "<target dev='web0'/>")
                CARD("3", "<target dev='vif7.1'/>") CARD("4", "<target dev='vif7.x'/>")));
        Error error = {};

        CHECK(!conf->nets.items[2]->target);
        CHECK(xen_live_vifs(conf, 12, &error) >= 0);
        CHECK_TEXT(conf->nets.items[0]->target, "vif12.0");
        CHECK_TEXT(conf->nets.items[1]->target, "web0");
        CHECK_TEXT(conf->nets.items[2]->target, "vif12.2");
        CHECK_TEXT(conf->nets.items[3]->target, "vif7.x");
        CHECK(xen_live_prepare(NULL, conf, true, &error) >= 0);
        CHECK(xen_live_vifs(conf, 13, &error) >= 0);
        CHECK_TEXT(conf->nets.items[2]->target, "vif13.2");
}

/* Open ports are chosen once, and kept when the guest is built again. */
static void test_ports(void) {
        _cleanup_(conf_freep) DomainConf *conf = prepared(DOMAIN("linux",
                "<graphics type='vnc' autoport='yes' port='-1'/>"));
        int64_t port = conf->graphics.items[0]->port;
        Error error = {};

        CHECK(port >= 5900);
        CHECK(xen_live_prepare(NULL, conf, true, &error) >= 0);
        CHECK(conf->graphics.items[0]->port == port);
}

static const struct {
        const char *device;
        DeviceKind kind;
        bool known, fits;
} kinds[] = {
        { DISK("disk", "xvda", "xen"), DEVICE_DISK, true, true },
        { DISK("cdrom", "xvdc", "xen"), DEVICE_DISK, true, true },
        { DISK("disk", "hda", "ide"), DEVICE_DISK, true, false },
        { DISK("floppy", "fda", "fdc"), DEVICE_DISK, true, false },
        { CARD("1", ""), DEVICE_NET, true, true },
        { "<hostdev mode='subsystem' type='pci'><source><address domain='0' bus='1' slot='2' "
          "function='3'/></source></hostdev>", DEVICE_HOSTDEV, true, true },
        { "<hostdev mode='subsystem' type='usb'><source><address bus='1' device='2'/></source>"
          "</hostdev>", DEVICE_HOSTDEV, true, true },
        { "<hostdev mode='subsystem' type='scsi'><source><adapter name='scsi_host0'/>"
          "<address bus='0' target='0' unit='0'/></source></hostdev>", DEVICE_HOSTDEV, false,
          false },
        { "<sound model='ac97'/>", DEVICE_SOUND, false, false },
        { "<channel type='pty'><target type='xen' name='n'/></channel>", DEVICE_CHANNEL, false,
          false },
        { "<graphics type='vnc'/>", DEVICE_GRAPHICS, false, false },
        { "<filesystem type='mount'><source dir='/a'/><target dir='a'/></filesystem>",
          DEVICE_FILESYSTEM, false, false },
};

/* How libxl would be told of it, and given back what that took. */
static bool fits(const XenDeviceKind *kind, const DomainConf *conf, const Device *device) {
        XenDevice made = {};
        Error error = {};
        bool well = (!kind->check || kind->check(conf, device, &error) >= 0) &&
                    kind->make(conf, device, &made, &error) >= 0;

        kind->dispose(&made);
        error_clear(&error);
        return well;
}

static void test_kinds(void) {
        for (size_t i = 0; i < ELEMENTS(kinds); i++) {
                char xml[1024];

                snprintf(xml, sizeof(xml), DOMAIN("hvm", "%s"), kinds[i].device);
                _cleanup_(conf_freep) DomainConf *conf = parse(xml);
                const Device *device =
                        (const Device *) conf_devices(conf, kinds[i].kind)->items[0];
                const XenDeviceKind *kind = xen_device_kind(kinds[i].kind, device);

                if ((kind != NULL) != kinds[i].known ||
                    (kind && fits(kind, conf, device) != kinds[i].fits)) {
                        fprintf(stderr, "%s\n", kinds[i].device);
                        CHECK(!"as the table says");
                }
        }
}

int main(void) {
        test_aliases();
        test_changes();
        test_vifs();
        test_ports();
        test_kinds();
        return 0;
}
