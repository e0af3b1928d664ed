/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Native configurations of Xen against libvirt's pairs: each in the directions in which it holds.
 * Documents must say the same, whatever the order of unlike elements; configurations are compared
 * key by key. And there and back keeps every key and value.
 *
 *         test-native CORPUS [-v]
 *
 * What the samples don't say is in tables here. Without the samples only those are tried, and it
 * exits with 77, which meson reports as skipped. */
#include "conf/xml.h"
#include "drivers/xen/native.h"
#include "tests/unit/native.h"

#define EQUAL_MIN 0.95
enum { FILE_NAME, KIND, ROLE, PAIR, CLASS, ARCH, MACHINE, TYPE, NOTE, COLUMNS };

typedef struct Tally {
        const char *folder;
        size_t directions, equal, trips, whole;
        bool verbose;
} Tally;

/* ---- comparisons ---- */

/* Keys of a that b doesn't have, or otherwise. */
static size_t count_lost(const NativeConfig *a, const NativeConfig *b, const char *file,
                         const char *what) {
        size_t lost = 0;

        for (size_t i = 0; i < a->n; i++) {
                const char *name = a->entries[i].name;

                if (native_value_equal(a->entries[i].value, native_get(b, name)))
                        continue;
                lost++;
                printf("%s: %s %s\n", file, what, name);
        }
        return lost;
}

static void drop_ours(xmlNode *root) {
        for (xmlNode *node = root->children, *next; node; node = next) {
                next = node->next;
                if (node->ns && strstr((const char *) node->ns->href, "virtbus")) {
                        xmlUnlinkNode(node);
                        xmlFreeNode(node);
                }
        }
}

static bool never(const char *path) {
        return false;
}

static size_t count_different(const char *expected, const char *actual, const char *file) {
        _cleanup_(xml_doc_freep) xmlDoc *a = NULL, *b = NULL;
        Loss lost = { .may_change = never, .size = &map_kib }, added = lost;

        CHECK(xml_parse(expected, "domain", &a, NULL) >= 0);
        CHECK(xml_parse(actual, "domain", &b, NULL) >= 0);
        drop_ours(xmlDocGetRootElement(b));
        compare(xmlDocGetRootElement(a), xmlDocGetRootElement(b), "/domain", &lost);
        compare(xmlDocGetRootElement(b), xmlDocGetRootElement(a), "/domain", &added);
        if (lost.lost > 0)
                printf("%s: %zu missing, first %s\n", file, lost.lost, lost.first);
        if (added.lost > 0)
                printf("%s: %zu too much, first %s\n", file, added.lost, added.first);
        free(lost.first);
        free(added.first);
        return lost.lost + added.lost;
}

/* ---- directions ---- */

static char *must_read(const char *format, const char *text, const char *file) {
        Error error = {};
        char *xml = NULL;

        if (native_to_xml(format, text, &xml, &error) < 0)
                printf("%s: %s\n", file, error.message);
        error_clear(&error);
        return xml;
}

static char *must_write(const char *format, const char *xml, const char *file) {
        Error error = {};
        char *text = NULL;

        if (native_from_xml(format, xml, &text, &error) < 0)
                printf("%s: %s\n", file, error.message);
        error_clear(&error);
        return text;
}

static void judge_reading(Tally *tally, const char *format, const char *text, const char *expected,
                          const char *file) {
        _cleanup_(freep) char *xml = must_read(format, text, file);

        tally->directions++;
        if (xml && count_different(expected, xml, file) == 0)
                tally->equal++;
        if (tally->verbose && xml)
                printf("%s\n", xml);
}

static void judge_writing(Tally *tally, const char *format, const char *xml, const char *expected,
                          const char *file) {
        _cleanup_(native_config_freep) NativeConfig *a = NULL, *b = NULL;
        _cleanup_(freep) char *text = must_write(format, xml, file);

        tally->directions++;
        if (!text)
                return;
        a = parse(format, expected);
        b = parse(format, text);
        if (count_lost(a, b, file, "lacks or has otherwise") +
                    count_lost(b, a, file, "has besides or otherwise") == 0)
                tally->equal++;
        else if (tally->verbose)
                printf("%s\n", text);
}

static void judge_trip(Tally *tally, const char *format, const char *text, const char *file) {
        _cleanup_(native_config_freep) NativeConfig *before = NULL, *after = NULL;
        _cleanup_(freep) char *xml = must_read(format, text, file);
        _cleanup_(freep) char *again = xml ? must_write(format, xml, file) : NULL;

        tally->trips++;
        if (!again)
                return;
        before = parse(format, text);
        after = parse(format, again);
        if (count_lost(before, after, file, "after a round trip lacks or has otherwise") == 0)
                tally->whole++;
}

/* The firmware's folder has a name of its own in the samples. */
static char *read_sample(const char *folder, const char *file) {
        static const char mark[] = "/LIBXL_FIRMWARE_DIR", place[] = "/usr/lib/xen/boot";
        char *text = read_text(folder, file);

        for (char *found = strstr(text, mark); found; found = strstr(text, mark)) {
                size_t rest = strlen(found + sizeof(mark) - 1) + 1;

                memmove(found + sizeof(place) - 1, found + sizeof(mark) - 1, rest);
                memcpy(found, place, sizeof(place) - 1);
        }
        return text;
}

static void judge_row(Tally *tally, char *const columns[]) {
        const char *file = columns[FILE_NAME], *format = columns[KIND];
        size_t n = strlen(file);

        if (strncmp(format, "xen-", 4) != 0 || n < 4 || strcmp(file + n - 4, ".cfg") != 0)
                return;
        _cleanup_(freep) char *text = read_sample(tally->folder, file);
        _cleanup_(freep) char *xml = read_sample(tally->folder, columns[PAIR]);

        if (strstr(columns[NOTE], "cfg->xml"))
                judge_reading(tally, format, text, xml, file);
        if (strstr(columns[NOTE], "xml->cfg"))
                judge_writing(tally, format, xml, text, columns[PAIR]);
        judge_trip(tally, format, text, file);
        torture(format, text);
}

static bool judge_samples(Tally *tally) {
        _cleanup_(freep) char *path = NULL, *line = NULL;
        size_t room = 0;

        CHECK(asprintf(&path, "%s/MANIFEST.tsv", tally->folder) >= 0);
        FILE *manifest = fopen(path, "re");
        if (!manifest)
                return false;
        while (getline(&line, &room, manifest) > 0) {
                char *columns[COLUMNS] = {}, *rest = line;

                line[strcspn(line, "\n")] = 0;
                for (int i = 0; i < COLUMNS && rest; i++)
                        columns[i] = strsep(&rest, "\t");
                if (columns[NOTE])
                        judge_row(tally, columns);
        }
        fclose(manifest);
        return true;
}

/* ---- what the samples don't say ---- */

static void check_refusals(void) {
        static const struct {
                const char *format, *text, *message;
        } rows[] = {
                { "xen-xl", "name = \"a\"\nmemory = \n", "line 2: near <newline>: syntax error" },
                { "xen-xl", "name = \"a\"\nx = [ 1,\n\n2\nz", "line 5: near `z': syntax error" },
                { "xen-xl", "name = \"a\n", "line 1: near `\"a': lexical error" },
                { "xen-xl", "memory = 64\n", "gives the guest no name" },
                { "xen-xl", "name='a'\n\ndisk=['/x,raw,hda,w,nonsense=1']",
                  "line 3: disk: disk 1" },
                { "xen-xl", "name='a'\ndisk=['target=/x']",
                  "line 2: disk: disk 1: in disk specification: no vdev" },
                { "xen-xl", "name='a'\nvif=['mac=1']", "line 2: vif: '1' is no MAC address" },
                { "xen-xl", "name='a'\npci=['x']", "line 2: pci: 'x' is no PCI device" },
                { "xen-xl", "name='a'\nvcpus=0", "line 2: vcpus: between 1 and" },
                { "xen-xl", "name='a'\nx=[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]",
                  "line 2: lists in lists" },
                { "xen-xl", "name='a\xff'", "line 1: the value of name isn't UTF-8" },
                { "xen-xm", "name = 'a'\nimport os\n", "line 2: '=' expected" },
                { "xen-xm", "name = 'a'\nx = [ 1, 2\n", "line 3: ',' or the end of a list" },
                { "xen-xm", "name = 'a\n", "line 1: a string without an end" },
                { "xen-xm", "name = 'a' + 'b'", "line 1: the end of the line expected" },
                { "xen-xm", "name = 12ab", "line 1: a number that is none" },
                { "xen-xm", "name = '\\x01'", "line 1: the value of name isn't UTF-8" },
                { "xen-xm", "name='a'\ndisk=['phy:/x']", "line 2: disk: disk 1 isn't" },
                { "xen-sxpr", "(domain (name a)\n (x", "line 2, column 4: the end" },
                { "xen-sxpr", "(domain)\n)", "line 2, column 1: a ')' without its '('" },
                { "xen-sxpr", "(domain 'a)", "line 1, column 9: a text without an end" },
                { "xen-sxpr", "(domain) (domain)", "one expression" },
                { "xen-sxpr", "(domain (name a)(image (x)))", "neither linux nor hvm" },
                { "xen-sxpr", "(domain (name a)(image (hvm))(device (vbd)))", "has no (dev ...)" },
                { "vmx", "", "format 'vmx' is none of xen-xl, xen-xm, xen-sxpr" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                _cleanup_(freep) char *xml = NULL;
                Error error = {};
                int r = native_to_xml(rows[i].format, rows[i].text, &xml, &error);

                if (r >= 0 || error.code != ERROR_INVALID_ARG || !error.message ||
                    !strstr(error.message, rows[i].message)) {
                        printf("%s: %s\nis %s\nand not %s\n", rows[i].format, rows[i].text,
                               error.message ?: xml, rows[i].message);
                        CHECK(false);
                }
                error_clear(&error);
        }
}

/* There is what a document must hold, by pieces of it. */
static void check_pieces(const char *format, const char *text, const char *const *pieces) {
        _cleanup_(freep) char *xml = must_read(format, text, format);

        CHECK(xml);
        for (; *pieces; pieces++)
                if (!strstr(xml, *pieces)) {
                        printf("no %s in\n%s\n", *pieces, xml);
                        CHECK(false);
                }
}

#define PIECES(...) (const char *const[]) { __VA_ARGS__, NULL }

static void check_sxpr(void) {
        check_pieces("xen-sxpr",
                     "(domain (domid 5)(name 'pv guest')(memory 420)(maxmem 500)(vcpus 4)"
                     "(vcpu_avail 3)(uuid '596a5d21-71f4-8fb2-e068-e2386a5c413e')"
                     "(on_crash 'preserve')(image (linux (kernel '/vmlinuz')(ramdisk '/initrd')"
                     "(root '/dev/xvda1')(args 'ro quiet')))"
                     "(device (vbd (dev 'xvda')(uname 'phy:/dev/vg/root')(mode 'w')))"
                     "(device (vif (mac '00:16:3e:1b:b1:47')(bridge 'xenbr0')"
                     "(script '/etc/xen/scripts/vif-bridge')))"
                     "(device (vfb (type vnc)(vncunused 1)(vnclisten '0.0.0.0'))))",
                     PIECES("<name>pv guest</name>", "<memory unit='KiB'>512000</memory>",
                            "<vcpu placement='static' current='2'>4</vcpu>",
                            "machine='xenpv'>linux<", "<kernel>/vmlinuz</kernel>",
                            "<cmdline>root=/dev/xvda1 ro quiet</cmdline>",
                            "<on_crash>preserve</on_crash>", "<source dev='/dev/vg/root'/>",
                            "<script path='vif-bridge'/>", "<graphics type='vnc' port='-1'"));
        check_pieces("xen-sxpr",
                     "(domain (name hvm)(memory 64)(vcpus 1)(image (hvm (kernel "
                     "'/usr/lib/xen/boot/hvmloader')(device_model '/usr/bin/qemu-dm')(boot cd)"
                     "(acpi 1)(apic 0)(serial pty)(localtime 1)(vnc 1)(vncdisplay 3)))"
                     "(device (vbd (dev 'hdc:cdrom')(uname 'file:/boot.iso')(mode 'r')))"
                     "(device (tap (dev 'ioemu:hda')(uname 'tap:aio:/x.img')(mode 'w!')))"
                     "(device (pci (dev (domain 0x0)(bus 0x1)(slot 0x1a)(func 0x1)))))",
                     PIECES("machine='xenfv'>hvm<", "<boot dev='hd'/>", "<boot dev='cdrom'/>",
                            "<acpi/>", "basis='localtime'", "<disk type='file' device='cdrom'>",
                            "<emulator>/usr/bin/qemu-dm</emulator>",
                            "<driver name='tap' type='raw'/>",
                            "<shareable/>", "<serial type='pty'>", "port='5903'",
                            "bus='0x01' slot='0x1a' function='0x1'"));
}

/* What is kept goes when the document no longer says what it stands for; and no kept key can write
 * another. */
static void check_kept(void) {
        static const char config[] = "name = \"a\"\ntimer_mode = 2\nmemory = 0x40\n"
                                     "disk = [ \"/dev/x,,xvda\", "
                                     "\"script=s,vdev=xvdb,target=t\" ]\n";
        _cleanup_(freep) char *xml = must_read("xen-xl", config, "kept"), *text = NULL;
        Error error = {};

        CHECK(xml && strstr(xml, "script=s") && strstr(xml, "name='timer_mode' value='2'"));
        CHECK(!strstr(xml, "<memory unit='KiB'>64</memory>"));
        char *place = strstr(xml, "<currentMemory unit='KiB'>65536<");
        CHECK(place);
        memcpy(place, "<currentMemory unit='KiB'>32768<", 32);
        text = must_write("xen-xl", xml, "kept");
        CHECK(text && strstr(text, "memory = 32\n") && strstr(text, "timer_mode = \"2\"") &&
              strstr(text, "script=s"));
        free(TAKE(text));

        CHECK((place = strstr(xml, "<target dev='xvda'")));
        memcpy(place, "<target dev='xvdc'", 18);
        text = must_write("xen-xl", xml, "kept");
        CHECK(text && strstr(text, "vdev=xvdc") && !strstr(text, "script=s"));
        free(TAKE(text));

        CHECK((place = strstr(xml, "'timer_mode'")));
        memcpy(place, "'a\nb = 3\n'  ", 12);
        CHECK(native_from_xml("xen-xl", xml, &text, &error) < 0 && error.code == ERROR_XML);
        error_clear(&error);
}

/* A document may say that anything is a number. */
static void check_number(void) {
        static const char xml[] =
                "<domain type='xen' xmlns:v='https://virtbus.org/xen/1.0'><name>a</name>"
                "<memory>65536</memory><os><type>linux</type><kernel>/k</kernel></os>"
                "<v:xm><v:key name='x' type='number' value='1&#10;kernel = 2'/></v:xm></domain>";
        _cleanup_(freep) char *text = must_write("xen-xm", xml, "number");

        CHECK(text && strstr(text, "kernel = \"/k\"") && strstr(text, "x = \"1\\nkernel = 2\""));
}

/* Both dialects read what they write, whatever the text. */
static void check_quotes(void) {
        static const char *const texts[] = {
                "plain", "with 'one'", "with \"two\"", "with 'both\"", "back\\slash\\n",
                "tab\tline\nend", "\"", "'", "\\", "#no comment", "é",
        };

        for (size_t i = 0; i < ELEMENTS(texts); i++)
                for (NativeDialect dialect = NATIVE_XL; dialect <= NATIVE_XM; dialect++) {
                        _cleanup_(native_config_freep) NativeConfig *config = NULL, *again = NULL;
                        _cleanup_(freep) char *text = NULL;

                        CHECK((config = calloc(1, sizeof(*config))));
                        native_set_text(config, "a", texts[i]);
                        native_add_item(config, "b", texts[i]);
                        CHECK(native_print(config, dialect, &text, NULL) >= 0);
                        again = parse(dialect == NATIVE_XL ? "xen-xl" : "xen-xm", text);
                        CHECK(count_lost(config, again, text, "quoting loses") == 0);
                }
}

int main(int argc, char *argv[]) {
        Tally tally = { .folder = argc > 1 ? argv[1] : "../shared/corpus",
                        .verbose = argc > 2 };

        check_refusals();
        check_sxpr();
        check_kept();
        check_number();
        check_quotes();
        if (!judge_samples(&tally)) {
                printf("no samples in %s\n", tally.folder);
                return 77;
        }
        printf("%zu of %zu directions equal, %zu of %zu round trips whole\n", tally.equal,
               tally.directions, tally.whole, tally.trips);
        CHECK(tally.directions > 0 && tally.equal >= tally.directions * EQUAL_MIN);
        CHECK(tally.whole == tally.trips);
        return 0;
}
