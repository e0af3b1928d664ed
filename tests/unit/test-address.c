/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Defaults, places and aliases: rules of our own, and libvirt's documents as the judge.
 *
 *     test-address [CORPUS [-v]]
 *
 * Each definition of the corpus for an x86 machine that can be read is completed and compared,
 * device by device and without regard to their order, with what libvirt writes back. Documents that
 * libvirt made for an older set of QEMU's features differ where ours has more; so the share of
 * lines is what is judged. */
#include "conf/xml.h"
#include "drivers/qemu/command-private.h"
#include "tests/unit/qemu.h"

static TestQemu qemu;
static bool verbose;

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
        refused("pc-i440fx-99.0", "", "pc-i440fx-99.0");
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

/* ---- the corpus ---- */

/* Lines of a document without regard to the order of devices: each line with the path above it. */
typedef struct Lines {
        char **items;
        size_t n;
} Lines;

static int compare_lines(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

static void add_line(Lines *lines, const char *text) {
        lines->items = reallocarray(lines->items, lines->n + 1, sizeof(*lines->items));
        CHECK(lines->items && (lines->items[lines->n++] = strdup(text)));
}

static void sort_lines(Lines *lines) {
        if (lines->n > 0)
                qsort(lines->items, lines->n, sizeof(char *), compare_lines);
}

static void clear_lines(Lines *lines) {
        for (size_t i = 0; i < lines->n; i++)
                free(lines->items[i]);
        free(lines->items);
}

static bool skipped(const xmlNode *node) {
        return node->type != XML_ELEMENT_NODE ||
               xmlStrEqual(node->name, (const xmlChar *) "metadata");
}

/* An element in one line, attributes sorted, what is below it behind. */
static void flatten(xmlNode *node, char **text) {
        Lines attributes = {};
        char *grown;

        for (xmlAttr *attribute = node->properties; attribute; attribute = attribute->next) {
                _cleanup_(xml_freep) xmlChar *value = xmlGetNoNsProp(node, attribute->name);
                char one[512];

                snprintf(one, sizeof(one), " %s='%s'", attribute->name,
                         value ? (char *) value : "");
                add_line(&attributes, one);
        }
        sort_lines(&attributes);
        CHECK(asprintf(&grown, "%s<%s", *text, node->name) > 0);
        free(*text);
        *text = grown;
        for (size_t i = 0; i < attributes.n; i++) {
                CHECK(asprintf(&grown, "%s%s", *text, attributes.items[i]) > 0);
                free(*text);
                *text = grown;
        }
        clear_lines(&attributes);
        for (xmlNode *child = node->children; child; child = child->next)
                if (child->type == XML_TEXT_NODE && !xmlIsBlankNode(child)) {
                        CHECK(asprintf(&grown, "%s %s", *text, child->content) > 0);
                        free(*text);
                        *text = grown;
                }
        Lines children = {};
        for (xmlNode *child = node->children; child; child = child->next) {
                if (skipped(child))
                        continue;
                char *below = strdup("");
                flatten(child, &below);
                add_line(&children, below);
                free(below);
        }
        sort_lines(&children);
        for (size_t i = 0; i < children.n; i++) {
                CHECK(asprintf(&grown, "%s%s", *text, children.items[i]) > 0);
                free(*text);
                *text = grown;
        }
        clear_lines(&children);
}

/* What the emulator is called and which version of a machine is meant differs between hosts. */
static bool depends_on_host(const xmlNode *node) {
        return xmlStrEqual(node->name, (const xmlChar *) "os") ||
               xmlStrEqual(node->name, (const xmlChar *) "emulator");
}

static void collect(xmlDoc *document, Lines *ret) {
        xmlNode *root = xmlDocGetRootElement(document), *devices = node_child(root, "devices");

        for (int below = 0; below < 2; below++)
                for (xmlNode *node = below ? devices ? devices->children : NULL : root->children;
                     node; node = node->next) {
                        if (skipped(node) || node == devices || depends_on_host(node))
                                continue;
                        char *line = strdup("");
                        flatten(node, &line);
                        add_line(ret, line);
                        free(line);
                }
        sort_lines(ret);
}

static void differences(const char *name, const Lines *ours, const Lines *theirs, size_t *same,
                        size_t *all) {
        size_t i = 0, j = 0;

        while (i < ours->n || j < theirs->n) {
                int order = i == ours->n     ? 1
                            : j == theirs->n ? -1
                                             : strcmp(ours->items[i], theirs->items[j]);

                if (order == 0)
                        ++*same;
                else if (verbose)
                        printf("%s %c %s\n", name, order < 0 ? '+' : '-',
                               order < 0 ? ours->items[i] : theirs->items[j]);
                ++*all;
                i += order <= 0;
                j += order >= 0;
        }
}

typedef struct Score {
        size_t files, perfect, lines, lines_same, refused;
} Score;

static void judge(const char *name, const char *input, const char *expected, Score *score) {
        _cleanup_(freep) char *text = test_read(input), *golden = test_read(expected),
                              *printed = NULL;
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        _cleanup_(xml_doc_freep) xmlDoc *ours = NULL, *theirs = NULL;
        Lines a = {}, b = {};
        size_t same = 0, all = 0;
        Error error = {};

        if (!text || !golden)
                return;
        if (!(conf = complete_text(text, &error))) {
                if (verbose)
                        printf("%s refused: %s\n", name, error.message ?: "");
                score->refused++;
                error_clear(&error);
                return;
        }
        CHECK(conf_print(conf, 0, &printed, &error) >= 0);
        CHECK(xml_parse(printed, "domain", &ours, &error) >= 0 &&
              xml_parse(golden, "domain", &theirs, &error) >= 0);
        collect(ours, &a);
        collect(theirs, &b);
        differences(name, &a, &b, &same, &all);
        clear_lines(&a);
        clear_lines(&b);
        score->files++;
        score->perfect += same == all;
        score->lines += all;
        score->lines_same += same;
}

/* A line of the manifest: file, kind, role, partners, class, architecture, machine ... */
static bool in_scope(char *line, char **ret_file, char **ret_pair) {
        char *columns[8] = {}, *save = NULL;
        size_t n = 0;

        for (char *p = strtok_r(line, "\t\n", &save); p && n < 8; p = strtok_r(NULL, "\t\n", &save))
                columns[n++] = p;
        if (n < 7 || strncmp(columns[0], "qemuxml2argvdata/", 17) != 0 ||
            strcmp(columns[4], "valid") != 0)
                return false;
        *ret_file = columns[0];
        *ret_pair = columns[3];
        return (strcmp(columns[5], "x86_64") == 0 || strcmp(columns[5], "i686") == 0) &&
               (strncmp(columns[6], "pc", 2) == 0 || strncmp(columns[6], "q35", 3) == 0);
}

static void judge_pair(const char *corpus, const char *file, char *pairs, Score *latest,
                       Score *older) {
        char *save = NULL, input[PATH_MAX], expected[PATH_MAX];

        snprintf(input, sizeof(input), "%s/%s", corpus, file);
        for (char *pair = strtok_r(pairs, ",", &save); pair; pair = strtok_r(NULL, ",", &save)) {
                const char *base = strrchr(pair, '/');

                if (strncmp(pair, "qemuxml2xmloutdata/", 19) != 0 || strstr(pair, "-active."))
                        continue;
                snprintf(expected, sizeof(expected), "%s/%s", corpus, pair);
                judge(base + 1, input, expected, strstr(pair, "x86_64-latest") ? latest : older);
        }
}

static void report(const char *what, const Score *score) {
        printf("%s: %zu documents, %zu the same (%.1f %%); "
               "of %zu elements %.2f %% the same; %zu refused\n",
               what, score->files, score->perfect,
               score->files ? 100.0 * score->perfect / score->files : 0, score->lines,
               score->lines ? 100.0 * score->lines_same / score->lines : 0, score->refused);
}

static void test_corpus(const char *corpus) {
        Score latest = {}, older = {};
        char path[PATH_MAX], *line = NULL, *file, *pairs;
        size_t size = 0;

        snprintf(path, sizeof(path), "%s/MANIFEST.tsv", corpus);
        FILE *manifest = fopen(path, "re");
        if (!manifest) {
                fprintf(stderr, "SKIPPED: no corpus in %s\n", corpus);
                return;
        }
        while (getline(&line, &size, manifest) > 0)
                if (in_scope(line, &file, &pairs))
                        judge_pair(corpus, file, pairs, &latest, &older);
        free(line);
        fclose(manifest);
        report("for a current QEMU", &latest);
        report("for a short list of features", &older);
        /* What was reached; less is a step back. */
        CHECK(latest.files > 0 && latest.perfect * 100 >= latest.files * 91);
        CHECK(latest.lines_same * 100 >= latest.lines * 99);
        CHECK(older.lines_same * 100 >= older.lines * 85);
}

int main(int argc, char **argv) {
        verbose = argc > 2;
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
        if (argc > 1)
                test_corpus(argv[1]);
        test_qemu_close(&qemu);
        return 0;
}
