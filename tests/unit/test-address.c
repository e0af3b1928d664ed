/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Defaults, places and aliases: rules of our own. What libvirt makes of its own samples,
 * test-define compares. */
#include "drivers/qemu/command-private.h"
#include "tests/unit/qemu.h"

static TestQemu qemu;

static DomainConf *complete_text(const char *text, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;

        if (conf_parse(text, 0, &conf, error) < 0 || qemu_complete(conf, qemu.caps, error) < 0)
                return NULL;
        return TAKE(conf);
}

static DomainConf *complete_devices(const char *machine, const char *devices, Error *error) {
        _cleanup_(freep) char *text = NULL;

        CHECK(asprintf(
                      &text,
                      "<domain type='qemu'><name>a</name><memory>65536</memory><os><type "
                      "arch='x86_64' "
                      "machine='%s'>hvm</type></os><devices>%s</devices></domain>",
                      machine, devices) > 0);
        return complete_text(text, error);
}

static DomainConf *completed(const char *machine, const char *devices) {
        Error error = {};
        DomainConf *conf = complete_devices(machine, devices, &error);

        if (!conf)
                fprintf(stderr, "%s\n", error.message);
        CHECK(conf);
        return conf;
}

static void refused(const char *machine, const char *devices, const char *expected) {
        Error error = {};
        DomainConf *conf = complete_devices(machine, devices, &error);

        CHECK(!conf && error.message);
        if (!strstr(error.message, expected)) {
                fprintf(stderr, "'%s' lacks '%s'\n", error.message, expected);
                exit(1);
        }
        error_clear(&error);
}

static bool at(const Device *device, unsigned bus, unsigned slot, unsigned function) {
        const DeviceAddress *a = &device->address;

        if (a->type == ADDRESS_PCI && a->bus == bus && a->slot == slot && a->function == function)
                return true;
        fprintf(stderr, "is at %x:%x.%x (%s)\n", a->bus, a->slot, a->function,
                address_types[a->type] ?: "none");
        return false;
}

static DomainController *controller(DomainConf *conf, ControllerType type, uint32_t index) {
        DomainController *found = conf_find_controller(conf, type, index);

        CHECK(found);
        return found;
}

/* ---- rules ---- */

static void test_i440fx(void) {
        _cleanup_(conf_freep) DomainConf *conf = completed(
                "pc",
                "<disk device='disk' type='file'><source file='/a'/><target dev='hda' "
                "bus='ide'/></disk>"
                "<disk device='disk' type='file'><source file='/b'/><target dev='vda' "
                "bus='virtio'/></disk>"
                "<interface type='user'/><graphics type='vnc'/>");

        CHECK(strncmp(conf->os.machine, "pc-i440fx-", 10) == 0);
        CHECK_TEXT(controller(conf, CONTROLLER_PCI, 0)->model, "pci-root");
        CHECK(at(&controller(conf, CONTROLLER_IDE, 0)->device, 0, 1, 1));
        CHECK(at(&controller(conf, CONTROLLER_USB, 0)->device, 0, 1, 2));
        CHECK(at(&conf->videos.items[0]->device, 0, 2, 0));
        CHECK(at(&conf->nets.items[0]->device, 0, 3, 0));
        CHECK(at(&conf->disks.items[1]->device, 0, 4, 0));
        CHECK(at(&conf->memballoons.items[0]->device, 0, 5, 0));
        CHECK_TEXT(conf->nets.items[0]->model, "rtl8139");
        CHECK_TEXT(conf->disks.items[0]->format, "raw");
}

static void test_q35(void) {
        _cleanup_(conf_freep) DomainConf *conf = completed(
                "q35",
                "<disk device='disk' type='file'><source file='/b'/><target dev='vda' "
                "bus='virtio'/></disk>"
                "<interface type='user'><model type='virtio'/></interface><graphics type='vnc'/>"
                "<watchdog model='i6300esb'/>");

        CHECK(at(&controller(conf, CONTROLLER_SATA, 0)->device, 0, 0x1f, 2));
        CHECK(at(&conf->videos.items[0]->device, 0, 1, 0));
        CHECK(at(&conf->nets.items[0]->device, 2, 0, 0)); /* the bridge goes first */
        CHECK(at(&controller(conf, CONTROLLER_USB, 0)->device, 3, 0, 0));
        CHECK_TEXT(controller(conf, CONTROLLER_USB, 0)->model, "qemu-xhci");
        CHECK(at(&conf->disks.items[0]->device, 4, 0, 0));
        CHECK(at(&conf->memballoons.items[0]->device, 6, 0, 0));
        CHECK_TEXT(controller(conf, CONTROLLER_PCI, 5)->model, "pcie-to-pci-bridge");
        CHECK(at(&controller(conf, CONTROLLER_PCI, 5)->device, 1, 0, 0));
        CHECK(at(&conf->watchdogs.items[0]->device, 5, 1, 0));
        CHECK_TEXT(controller(conf, CONTROLLER_PCI, 7)->model, "pcie-root-port"); /* to spare */

        const DomainController *port = controller(conf, CONTROLLER_PCI, 1);
        CHECK(at(&port->device, 0, 2, 0) && port->device.address.multifunction == TRISTATE_YES);
        CHECK(port->chassis.value == 1 && port->port.value == 0x10);
        CHECK(at(&controller(conf, CONTROLLER_PCI, 2)->device, 0, 2, 1));
}

/* A definition that has its places keeps them, byte for byte, and a new device gets a free one. */
static void test_stable(void) {
        _cleanup_(conf_freep) DomainConf *conf = completed(
                "q35",
                "<interface type='user'><mac address='52:54:00:00:00:01'/><model type='virtio'/>"
                "</interface>"
                "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/>"
                "</channel>");
        _cleanup_(conf_freep) DomainConf *again = NULL;
        _cleanup_(freep) char *before = NULL, *after = NULL;
        Error error = {};

        CHECK(conf_print(conf, 0, &before, &error) >= 0);
        CHECK((again = complete_text(before, &error)));
        CHECK(conf_print(again, 0, &after, &error) >= 0);
        CHECK_TEXT(after, before);

        DomainNet *net = conf_add_device(again, DEVICE_NET);
        CHECK(net && (net->model = strdup("virtio")));
        net->type = NET_USER;
        CHECK(qemu_complete(again, qemu.caps, &error) >= 0);
        CHECK(at(&again->nets.items[0]->device, 1, 0, 0));
        CHECK(net->device.address.type == ADDRESS_PCI && net->device.address.bus == 5);
        CHECK_TEXT(conf->channels.items[0]->device.address.port, "1");
}

static void test_bridges(void) {
        char devices[16384] = "", *p = devices;

        for (int i = 0; i < 40; i++)
                p += sprintf(
                        p,
                        "<interface type='user'><mac address='52:54:00:00:00:%02x'/></interface>",
                        i);
        _cleanup_(conf_freep) DomainConf *conf = completed("pc", devices);
        const DomainController *bridge = controller(conf, CONTROLLER_PCI, 1);
        CHECK_TEXT(bridge->model, "pci-bridge");
        CHECK(bridge->chassis_nr.value == 1);
        for (size_t i = 0; i < conf->nets.n; i++)
                CHECK(conf->nets.items[i]->device.address.type == ADDRESS_PCI);
}

static void test_refused(void) {
        refused("pc",
                "<interface type='user'><mac address='52:54:00:00:00:01'/><address type='pci' "
                "domain='0' "
                "bus='0' slot='1' function='0'/></interface>",
                "0000:00:01.0: by interface '52:54:00:00:00:01' and by a part of the machine");
        refused("pc", "<interface type='user'><address type='pci' domain='1' bus='0' slot='4' "
                "function='0'/></interface>", "only PCI domain 0");
        refused("pc",
                "<controller type='ide' index='0'><address type='pci' domain='0' bus='0' slot='7' "
                "function='0'/></controller>",
                "0:0:1.1");
        refused("fancy-99.0", "", "fancy-99.0");
}

static void test_usb(void) {
        char devices[8192] = "", *p = devices;
        Error error = {};

        for (int i = 0; i < 5; i++)
                p += sprintf(p, "<input type='tablet' bus='usb'/>");
        _cleanup_(conf_freep) DomainConf *conf = completed("pc", devices);
        CHECK(qemu_assign_addresses(conf, qemu.caps, &error) >= 0);
        CHECK(conf->hubs.n == 1);
        CHECK_TEXT(conf->hubs.items[0]->device.address.port, "1");
        CHECK_TEXT(conf->inputs.items[0]->device.address.port, "2");
        CHECK_TEXT(conf->inputs.items[1]->device.address.port, "1.1");
        CHECK(qemu_assign_addresses(conf, qemu.caps, &error) >= 0);
        CHECK(conf->hubs.n == 1);
}

static void test_aliases(void) {
        _cleanup_(conf_freep) DomainConf *conf = completed(
                "pc",
                "<disk device='disk' type='file'><source file='/a'/><target dev='hda' "
                "bus='ide'/></disk>"
                "<disk device='disk' type='file'><source file='/b'/><target dev='vdb' "
                "bus='virtio'/></disk>"
                "<disk device='cdrom' type='file'><target dev='sda' bus='scsi'/></disk>"
                "<controller type='scsi' index='0' model='virtio-scsi'/>"
                "<interface type='user'/><interface type='user'><alias name='ua-mine'/></interface>"
                "<serial type='pty'/><channel type='unix'><target type='virtio' name='a'/>"
                "</channel>"
                "<input type='tablet' bus='usb'/><graphics type='vnc'/><rng model='virtio'>"
                "<backend "
                "model='random'/></rng><watchdog model='i6300esb'/><sound model='ich6'/>");
        static const char *const expected[] = {
                "ide0-0-0", "virtio-disk1", "scsi0-0-0-0",    "scsi0",     "pci.0",
                "usb",      "ide",          "virtio-serial0", "net0",      "ua-mine",
                "serial0",  "channel0",     "input0",         "input1",    "input2",
                "video0",   "balloon0",     "rng0",           "watchdog0", "sound0",
        };
        Error error = {};

        CHECK(qemu_assign_aliases(conf, &error) >= 0);
        for (size_t i = 0; i < ELEMENTS(expected); i++) {
                if (!conf_find_alias(conf, expected[i], NULL))
                        fprintf(stderr, "no alias %s\n", expected[i]);
                CHECK(conf_find_alias(conf, expected[i], NULL));
        }
        CHECK_TEXT(conf->consoles.items[0]->device.alias, "serial0");
        CHECK(conf->disks.items[0]->source_index.value == 2 &&
              conf->disks.items[1]->source_index.value == 1);
        CHECK(!conf->disks.items[2]->source_index.set);
}

int main(void) {
        if (!test_qemu_open(&qemu)) {
                test_qemu_close(&qemu);
                return 77;
        }
        test_i440fx();
        test_q35();
        test_stable();
        test_bridges();
        test_refused();
        test_usb();
        test_aliases();
        test_qemu_close(&qemu);
        return 0;
}
