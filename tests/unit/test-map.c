/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The walks of the XML map, and each way they can fail. Values are in test-map-types.c. */
#include "conf/map.h"

#include <errno.h>
#include <libxml/parser.h>

#include "conf/xml.h"
#include "tests/unit/check.h"

/* ---- tables ---- */

typedef enum PartType { PART_FILE, PART_BLOCK, PART_NET } PartType;
static const char *const part_types[] = { "file", "block", "net", NULL };
static const char *const colours[] = { NULL, "red", "green", NULL };

typedef struct Host {
        MapItem item;
        char *name;
        uint32_t port;
} Host;

typedef struct Address {
        uint32_t bus, slot;
        MaybeU32 unit;
} Address;

typedef struct Common {
        char *alias;
        uint32_t order;
} Common;

typedef struct Part {
        MapItem item;
        PartType type;
        Common common;
        char *source;
        MAP_LIST(Host) hosts;
        Address address;
        bool readonly;
} Part;

typedef struct Arg {
        MapItem item;
        char *value;
} Arg;

typedef struct Whole {
        char *name, *title, *type, *arch, *passwd;
        Uuid uuid;
        uint64_t memory;
        uint32_t vcpus;
        int colour;
        bool metadata, acpi, apic;
        Tristate eoi;
        Address *cpu;
        MAP_LIST(Part) parts;
        MAP_LIST(Arg) args;
} Whole;

static const MapElement host_element = { "host", sizeof(Host), (const MapField[]) {
        STRING("@name", Host, name, REQUIRED),
        U32   ("@port", Host, port, EXPLICIT),
        {}
} };

static const MapElement address_element = { "address", sizeof(Address), (const MapField[]) {
        HEX  ("@bus",  Address, bus),
        HEX4 ("@slot", Address, slot),
        MAYBE("@unit", Address, unit),
        {}
} };

static const MapElement common_element = { "common", sizeof(Common), (const MapField[]) {
        STRING("alias/@name", Common, alias, LIVE),
        U32   ("boot/@order", Common, order),
        {}
} };

static const MapElement part_element = { "part", sizeof(Part), (const MapField[]) {
        ENUM  ("@type",        Part, type, part_types, REQUIRED),
        STRING("source/@file", Part, source, WHEN(Part, type, BIT(PART_FILE))),
        STRING("source/@dev",  Part, source, WHEN(Part, type, BIT(PART_BLOCK))),
        LIST  ("source/host",  Part, hosts, Host, &host_element, WHEN(Part, type, BIT(PART_NET))),
        FLAG  ("readonly",     Part, readonly),
        STRUCT(".",            Part, common, Common, &common_element),
        STRUCT("address",      Part, address, Address, &address_element),
        {}
} };

static const MapElement arg_element = { "arg", sizeof(Arg), (const MapField[]) {
        STRING("@value", Arg, value),
        {}
} };

static const MapElement whole_element = { "domain", sizeof(Whole), (const MapField[]) {
        STRING  ("name",               Whole, name, REQUIRED),
        UUID    ("uuid",               Whole, uuid),
        STRING  ("title",              Whole, title),
        OPAQUE  ("metadata",           Whole, metadata),
        KIB     ("memory",             Whole, memory, FLAGS(MAP_EXPLICIT | MAP_CANONICAL)),
        U32     ("vcpu",               Whole, vcpus, FLAGS(MAP_CANONICAL)),
        STRING  ("os/type",            Whole, type),
        STRING  ("os/type/@arch",      Whole, arch),
        ENUM    ("colour",             Whole, colour, colours),
        FLAG    ("features/acpi",      Whole, acpi),
        FLAG    ("features/apic",      Whole, apic),
        ON_OFF  ("features/apic/@eoi", Whole, eoi),
        OPTIONAL("cpu",                Whole, cpu, Address, &address_element),
        LIST    ("devices/part",       Whole, parts, Part, &part_element),
        STRING  ("auth/@passwd",       Whole, passwd, SECRET),
        LIST    ("qemu:commandline/qemu:arg", Whole, args, Arg, &arg_element),
        {}
} };

/* ---- helpers ---- */

#define D(inner) "<domain><name>n</name>" inner "</domain>"

/* What a test works on. */
typedef struct Case {
        xmlDoc *doc;
        xmlNode *root;
        Whole whole;
} Case;

static Case open_case(const char *text) {
        Case c = {};
        Error error = {};

        if (xml_parse(text, "domain", &c.doc, &error) < 0)
                fprintf(stderr, "%s\n", error.message);
        CHECK(c.doc);
        c.root = xmlDocGetRootElement(c.doc);
        if (map_load(&whole_element, c.root, &c.whole, &error) < 0) {
                fprintf(stderr, "%s\n", error.message);
                exit(1);
        }
        return c;
}

static void close_case(Case *c) {
        map_clear(&whole_element, &c->whole);
        xmlFreeDoc(c->doc);
}

static void set(char **string, const char *text) {
        free(*string);
        *string = text ? strdup(text) : NULL;
}

static void check_doc(Case *c, const char *expected) {
        char *text, *same;
        xmlDoc *other = NULL;

        CHECK(xml_print_doc(c->doc, &text) >= 0);
        CHECK(xml_parse(expected, NULL, &other, NULL) >= 0);
        CHECK(xml_print_doc(other, &same) >= 0);
        CHECK_TEXT(text, same);
        free(text);
        free(same);
        xmlFreeDoc(other);
}

/* Stores, and expects this document; storing again must leave it so. */
static void check_store(Case *c, const char *expected) {
        CHECK(map_store(&whole_element, c->root, &c->whole) >= 0);
        check_doc(c, expected);
        CHECK(map_store(&whole_element, c->root, &c->whole) >= 0);
        check_doc(c, expected);
}

/* ---- load ---- */

static const char full[] =
        "<!-- mine --><domain a:b='1' xmlns:a='urn:a' "
        "xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>"
        "<name>vm &amp; co</name><!-- two --><uuid>C7A5FDBDedaf9455926ad65c16db1809</uuid>"
        "<title>a<!-- in between -->b<![CDATA[<c>]]></title>"
        "<metadata><a:x>kept <b/></a:x></metadata><memory unit='GiB'>4</memory><vcpu> 2 </vcpu>"
        "<os odd='1'><type arch='x86_64'>hvm</type><new/></os><colour>red</colour>"
        "<features><acpi/><apic eoi='on'/></features><cpu bus='1' unit='0'/>"
        "<devices><part type='file'><alias name='p0'/><source file='/a'/><readonly/>"
        "<address slot='0x1'/>"
        "</part><future speed='9'/><part type='net'><source><host name='h' port='0'/>"
        "<host name='i'/>"
        "</source></part></devices><auth passwd='s'/>"
        "<q:commandline><q:arg value='-v'/><q:env/></q:commandline></domain>";

static void test_load(void) {
        Case c = open_case(full);
        Whole *w = &c.whole;

        CHECK_TEXT(w->name, "vm & co");
        CHECK_TEXT(w->title, "ab<c>");
        CHECK(w->uuid.bytes[0] == 0xc7 && w->uuid.bytes[15] == 9);
        CHECK(w->memory == 4 << 20 && w->vcpus == 2);
        CHECK_TEXT(w->type, "hvm");
        CHECK_TEXT(w->arch, "x86_64");
        CHECK(w->colour == 1 && w->metadata && w->acpi && w->apic && w->eoi == TRISTATE_YES);
        CHECK(w->cpu && w->cpu->bus == 1 && w->cpu->unit.set && w->cpu->unit.value == 0);
        CHECK(w->parts.n == 2 && w->args.n == 1);
        CHECK_TEXT(w->args.items[0]->value, "-v");

        Part *first = w->parts.items[0], *second = w->parts.items[1];
        CHECK(first->type == PART_FILE && first->readonly && first->address.slot == 1);
        CHECK_TEXT(first->source, "/a");
        CHECK_TEXT(first->common.alias, "p0");
        CHECK(second->type == PART_NET && !second->source && second->hosts.n == 2);
        CHECK_TEXT(second->hosts.items[1]->name, "i");
        check_store(&c, full);
        close_case(&c);
        CHECK(!c.whole.name && !c.whole.cpu && c.whole.parts.n == 0 && !c.whole.parts.items);
        CHECK(c.whole.memory == 0 && uuid_is_null(c.whole.uuid));
}

static void test_absent(void) {
        Case c = open_case(D("<title/><os><type arch='x'/></os><vcpu/><uuid></uuid><cpu/>"));

        CHECK(!c.whole.title && !c.whole.type && c.whole.vcpus == 0 && c.whole.cpu);
        CHECK_TEXT(c.whole.arch, "x");
        check_store(&c, D("<title/><os><type arch='x'/></os><vcpu/><uuid></uuid><cpu/>"));
        close_case(&c);
}

static void check_load_fails(const char *text, const char *message) {
        Error error = {};
        Whole whole = {};
        xmlDoc *doc;

        CHECK(xml_parse(text, "domain", &doc, NULL) >= 0);
        CHECK(map_load(&whole_element, xmlDocGetRootElement(doc), &whole, &error) == -EBADMSG);
        CHECK(error.code == ERROR_XML);
        CHECK_TEXT(error.message, message);
        error_clear(&error);
        map_clear(&whole_element, &whole);
        CHECK(map_load(&whole_element, xmlDocGetRootElement(doc), &whole, NULL) < 0);
        map_clear(&whole_element, &whole);
        xmlFreeDoc(doc);
}

static void test_load_failures(void) {
        check_load_fails("<domain/>", "line 1: /domain lacks name");
        check_load_fails("<domain xmlns='u'><name>n</name></domain>", "line 1: /domain lacks name");
        check_load_fails("<domain>\n<name/></domain>", "line 1: /domain lacks name");
        check_load_fails(D("\n<vcpu>x</vcpu>"),
                         "line 2: /domain/vcpu: invalid value 'x', expected number");
        check_load_fails(D("<vcpu>4294967296</vcpu>"),
                         "line 1: /domain/vcpu: value '4294967296' is out of range");
        check_load_fails(D("<memory unit='furlong'>1</memory>"),
                         "line 1: /domain/memory: invalid value '1 furlong', "
                         "expected size with its unit");
        check_load_fails(D("<colour>blue</colour>"),
                         "line 1: /domain/colour: unknown value 'blue', "
                         "expected one of red, green");
        check_load_fails(D("<devices><part type='net'/>\n\n<part type='foo'/></devices>"),
                         "line 3: /domain/devices/part[2]/@type: unknown value 'foo', "
                         "expected one of file, block, net");
        check_load_fails(D("<devices><part type='file'/>\n<part/></devices>"),
                         "line 2: /domain/devices/part[2] lacks @type");
        check_load_fails(D("<features><apic eoi=''/></features>"),
                         "line 1: /domain/features/apic/@eoi: invalid value '', "
                         "expected on or off");
        check_load_fails(D("<cpu unit='1'/><cpu slot='x'/><devices><part type='net'><source>"
                           "<host/></source></part></devices>"),
                         "line 1: /domain/devices/part/source/host lacks @name");
        check_load_fails(D("<uuid>1</uuid>"),
                         "line 1: /domain/uuid: invalid value '1', expected UUID");
}

/* ---- store ---- */

static void test_order(void) {
        Case c = open_case(D("<!-- c --><vcpu>1</vcpu><other/><devices/>"));

        CHECK(uuid_parse("c7a5fdbd-edaf-9455-926a-d65c16db1809", &c.whole.uuid) >= 0);
        set(&c.whole.title, "t");
        set(&c.whole.arch, "a");
        set(&c.whole.type, "hvm");
        c.whole.memory = 5;
        c.whole.eoi = TRISTATE_NO;
        c.whole.apic = c.whole.acpi = true;
        check_store(&c, D("<uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid><title>t</title>"
                          "<memory unit='KiB'>5</memory><!-- c --><vcpu>1</vcpu>"
                          "<os><type arch='a'>hvm</type></os><features><acpi/><apic eoi='off'/>"
                          "</features>"
                          "<other/><devices/>"));
        close_case(&c);

        c = open_case(D("<devices><part type='file'><address bus='1'/></part></devices>"));
        set(&c.whole.parts.items[0]->source, "s");
        c.whole.parts.items[0]->readonly = true;
        c.whole.parts.items[0]->common.order = 1;
        set(&c.whole.parts.items[0]->common.alias, "p");
        c.whole.parts.items[0]->address.unit.set = true;
        check_store(&c, D("<devices><part type='file'><source file='s'/><readonly/>"
                          "<alias name='p'/>"
                          "<boot order='1'/><address bus='1' unit='0'/></part></devices>"));
        close_case(&c);
}

static void test_order_of_attributes(void) {
        Case c = open_case(D("<cpu unit='1' odd='2'/>"));

        c.whole.cpu->slot = 3;
        check_store(&c, D("<cpu slot='0x0003' unit='1' odd='2'/>"));
        c.whole.cpu->bus = 4;
        check_store(&c, D("<cpu bus='0x04' slot='0x0003' unit='1' odd='2'/>"));
        close_case(&c);
}

static void test_first_name(void) {
        xmlDoc *doc = NULL;
        Whole whole = { .name = strdup("n"), .vcpus = 1 };

        CHECK(xml_parse("<domain/>", NULL, &doc, NULL) >= 0);
        Case c = { .doc = doc, .root = xmlDocGetRootElement(doc), .whole = whole };
        check_store(&c, D("<memory unit='KiB'>0</memory><vcpu>1</vcpu>")); /* memory is EXPLICIT */
        close_case(&c);

        CHECK(xml_parse("<domain><vcpu>1</vcpu></domain>", NULL, &doc, NULL) >= 0);
        c = (Case) { .doc = doc, .root = xmlDocGetRootElement(doc) };
        set(&c.whole.name, "n");
        c.whole.vcpus = 1;
        check_store(&c, D("<vcpu>1</vcpu>"));
        close_case(&c);
}

static void test_change(void) {
        Case c = open_case(full);
        Whole *w = &c.whole;

        set(&w->name, "<new>");
        set(&w->title, "t");
        w->memory = 77;
        w->colour = 2;
        w->eoi = TRISTATE_UNSET;
        w->cpu->unit = (MaybeU32) { .value = 3 };
        CHECK(map_store(&whole_element, c.root, w) >= 0);
        check_doc(&c,
                  "<!-- mine --><domain a:b='1' xmlns:a='urn:a' "
                  "xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>"
                  "<name>&lt;new></name><!-- two --><uuid>C7A5FDBDedaf9455926ad65c16db1809</uuid>"
                  "<title>t<!-- in between --></title>"
                  "<metadata><a:x>kept <b/></a:x></metadata><memory unit='KiB'>77</memory><vcpu>"
                  " 2 </vcpu>"
                  "<os odd='1'><type arch='x86_64'>hvm</type><new/></os><colour>green</colour>"
                  "<features><acpi/><apic/></features><cpu bus='1'/>"
                  "<devices><part type='file'><alias name='p0'/><source file='/a'/><readonly/>"
                  "<address slot='0x1'/></part><future speed='9'/><part type='net'><source>"
                  "<host name='h' port='0'/><host name='i'/></source></part></devices>"
                  "<auth passwd='s'/>"
                  "<q:commandline><q:arg value='-v'/><q:env/></q:commandline></domain>");
        close_case(&c);
}

static void test_removal(void) {
        Case c = open_case(D("<title>t</title><memory>5</memory><os><type arch='a'>hvm</type></os>"
                             "<colour>red</colour><features><acpi/></features><auth passwd='p'/>"
                             "<devices><part type='file'><source file='a' odd='1'/>"
                             "<address bus='1'/>"
                             "</part></devices>"));

        set(&c.whole.title, NULL);
        set(&c.whole.type, "");
        c.whole.memory = 0;
        c.whole.colour = 0;
        c.whole.acpi = false;
        set(&c.whole.passwd, NULL);
        set(&c.whole.parts.items[0]->source, NULL);
        c.whole.parts.items[0]->address.bus = 0;
        check_store(&c, D("<memory unit='KiB'>0</memory><os><type arch='a'/></os>"
                          "<devices><part type='file'><source odd='1'/></part></devices>"));
        set(&c.whole.arch, NULL);
        check_store(&c, D("<memory unit='KiB'>0</memory>"
                          "<devices><part type='file'><source odd='1'/></part></devices>"));
        close_case(&c);

        c = open_case(D("<auth passwd='p'/>"));
        set(&c.whole.passwd, "");
        check_store(&c, D("<auth passwd=''/>"));
        close_case(&c);
}

/* Where an element occurs twice the first counts, and the second must not come to the fore. */
static void test_twice(void) {
        Case c = open_case(D("<title>a</title><title>b</title><auth passwd='a'/><auth passwd='b'/>"
                             "<features><acpi/><acpi/></features><features><acpi/></features><cpu/>"
                             "<cpu/>"));

        CHECK_TEXT(c.whole.title, "a");
        set(&c.whole.title, NULL);
        set(&c.whole.passwd, NULL);
        c.whole.acpi = false;
        free(TAKE(c.whole.cpu));
        check_store(&c, D("<title/><title>b</title><auth/><auth passwd='b'/><features/>"
                          "<features><acpi/></features>"));
        close_case(&c);
}

static void test_optional(void) {
        Case c = open_case(D("<title>t</title><devices/>"));

        c.whole.cpu = calloc(1, sizeof(Address));
        check_store(&c, D("<title>t</title><cpu/><devices/>"));
        c.whole.cpu->bus = 10;
        check_store(&c, D("<title>t</title><cpu bus='0x0a'/><devices/>"));
        free(TAKE(c.whole.cpu));
        check_store(&c, D("<title>t</title><devices/>"));
        close_case(&c);
}

static void test_union(void) {
        Case c = open_case(D("<devices><part type='file'><!-- c --><source dev='mine' file='a'/>"
                             "</part></devices>"));
        Part *part = c.whole.parts.items[0];

        check_store(&c, D("<devices><part type='file'><!-- c --><source dev='mine' file='a'/>"
                          "</part></devices>"));
        part->type = PART_BLOCK;
        set(&part->source, "b");
        check_store(&c, D("<devices><part type='block'><!-- c --><source dev='b'/></part>"
                          "</devices>"));
        part->type = PART_NET;
        Host *host = map_list_add(&host_element, &part->hosts);
        set(&host->name, "h");
        check_store(&c, D("<devices><part type='net'><!-- c --><source><host name='h' port='0'/>"
                          "</source>"
                          "</part></devices>"));
        part->type = PART_BLOCK;
        set(&part->source, NULL);
        check_store(&c, D("<devices><part type='block'><!-- c --></part></devices>"));
        close_case(&c);
}

/* ---- lists ---- */

static void test_lists(void) {
        Case c = open_case(D("<devices><part type='file' n='1'/><x/><part type='block' n='2'/><y/>"
                             "</devices>"));
        Part *added = map_list_add(&part_element, &c.whole.parts);

        added->type = PART_BLOCK;
        check_store(&c, D("<devices><part type='file' n='1'/><x/><part type='block' n='2'/>"
                          "<part type='block'/><y/></devices>"));
        CHECK(added->item.node);

        c.whole.parts.items[2] = c.whole.parts.items[0];
        c.whole.parts.items[0] = added;
        check_store(&c, D("<devices><part type='block'/><part type='block' n='2'/>"
                          "<part type='file' n='1'/>"
                          "<x/><y/></devices>"));

        map_list_remove(&part_element, &c.whole.parts, 1);
        CHECK(c.whole.parts.n == 2 && c.whole.parts.items[0] == added);
        check_store(&c, D("<devices><part type='block'/><part type='file' n='1'/><x/><y/>"
                          "</devices>"));
        map_list_remove(&part_element, &c.whole.parts, 1);
        map_list_remove(&part_element, &c.whole.parts, 0);
        check_store(&c, D("<devices><x/><y/></devices>"));
        close_case(&c);

        /* two texts become neighbours, and print as the one they will be read as */
        c = open_case(D("<devices><x/>&#32;<part type='file'/>text</devices>"));
        map_list_remove(&part_element, &c.whole.parts, 0);
        check_store(&c, D("<devices><x/> text</devices>"));
        close_case(&c);
}

/* An item whose node is in another document, or gone, gets a new one. */
static void test_foreign_item(void) {
        Case c = open_case(D("")), other = open_case(full);
        Part *part = other.whole.parts.items[1];

        c.whole.parts.items = calloc(1, sizeof(Part *));
        c.whole.parts.items[c.whole.parts.n++] = part;
        other.whole.parts.n--;
        close_case(&other);
        check_store(&c, D("<devices><part type='net'><source><host name='h' port='0'/>"
                          "<host name='i' port='0'/></source></part></devices>"));
        close_case(&c);
}

static void test_namespace(void) {
        Case c = open_case(D("<devices/>"));
        Arg *arg = map_list_add(&arg_element, &c.whole.args);

        set(&arg->value, "-v");
        check_store(&c, D("<devices/><qemu:commandline "
                          "xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
                          "<qemu:arg value='-v'/></qemu:commandline>"));
        map_list_remove(&arg_element, &c.whole.args, 0);
        check_store(&c, D("<devices/>"));
        close_case(&c);

        /* another prefix is as good; the right prefix for another URI, or for none, isn't */
        c = open_case(D("<e:commandline xmlns:e='http://libvirt.org/schemas/domain/qemu/1.0'>"
                        "<e:arg/>"
                        "</e:commandline>"));
        CHECK(c.whole.args.n == 1);
        set(&c.whole.args.items[0]->value, "x");
        map_list_add(&arg_element, &c.whole.args);
        check_store(&c, D("<e:commandline xmlns:e='http://libvirt.org/schemas/domain/qemu/1.0'>"
                          "<e:arg value='x'/><e:arg/></e:commandline>"));
        close_case(&c);
        c = open_case(D("<qemu:commandline xmlns:qemu='urn:x'><qemu:arg/></qemu:commandline>"));
        CHECK(c.whole.args.n == 0);
        close_case(&c);
        c = open_case(D("<qemu:commandline><qemu:arg/></qemu:commandline>"));
        CHECK(c.whole.args.n == 0);
        close_case(&c);
}

static void test_store_failures(void) {
        static const char *const bad[] = { "\x01", "a\x1f", "\xff", "\xef\xbf\xbf" };
        Case c = open_case(D(""));

        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                set(&c.whole.title, bad[i]);
                CHECK(map_store(&whole_element, c.root, &c.whole) == -EINVAL);
                check_doc(&c, D(""));
        }
        set(&c.whole.title, NULL);
        c.whole.colour = 9;
        CHECK(map_store(&whole_element, c.root, &c.whole) == -EINVAL);
        c.whole.colour = -1;
        CHECK(map_store(&whole_element, c.root, &c.whole) == -EINVAL);
        close_case(&c);
}

/* ---- the other walks ---- */

static void test_canonicalize(void) {
        Case c = open_case(D("<memory unit='MiB'>1</memory><uuid>"
                             "C7A5FDBDedaf9455926ad65c16db1809</uuid>"
                             "<vcpu> 02 </vcpu>"));

        CHECK(map_canonicalize(&whole_element, c.root, &c.whole) >= 0);
        check_doc(&c, D("<memory unit='KiB'>1024</memory><uuid>"
                        "C7A5FDBDedaf9455926ad65c16db1809</uuid>"
                        "<vcpu>2</vcpu>"));
        close_case(&c);

        c = open_case(D("<memory>7</memory>"));
        CHECK(map_canonicalize(&whole_element, c.root, &c.whole) >= 0);
        check_doc(&c, D("<memory unit='KiB'>7</memory>"));
        close_case(&c);

        c = open_case(D("<title/>"));
        c.whole.vcpus = 3;
        CHECK(map_canonicalize(&whole_element, c.root, &c.whole) >= 0);
        check_doc(&c, D("<title/><memory unit='KiB'>0</memory><vcpu>3</vcpu>"));
        close_case(&c);
}

static void test_strip(void) {
        Case c = open_case(full);

        CHECK(map_has(&whole_element, c.root, MAP_LIVE));
        CHECK(map_has(&whole_element, c.root, MAP_SECRET));
        map_strip(&whole_element, c.root, MAP_LIVE);
        CHECK(!map_has(&whole_element, c.root, MAP_LIVE));
        CHECK(map_has(&whole_element, c.root, MAP_SECRET));
        map_strip(&whole_element, c.root, MAP_LIVE | MAP_SECRET);
        CHECK(!map_has(&whole_element, c.root, MAP_SECRET));
        check_doc(&c,
                  "<!-- mine --><domain a:b='1' xmlns:a='urn:a' "
                  "xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>"
                  "<name>vm &amp; co</name><!-- two --><uuid>"
                  "C7A5FDBDedaf9455926ad65c16db1809</uuid>"
                  "<title>a<!-- in between -->b<![CDATA[<c>]]></title>"
                  "<metadata><a:x>kept <b/></a:x></metadata><memory unit='GiB'>4</memory><vcpu>"
                  " 2 </vcpu>"
                  "<os odd='1'><type arch='x86_64'>hvm</type><new/></os><colour>red</colour>"
                  "<features><acpi/><apic eoi='on'/></features><cpu bus='1' unit='0'/>"
                  "<devices><part type='file'><source file='/a'/><readonly/><address slot='0x1'/>"
                  "</part><future speed='9'/><part type='net'><source><host name='h' port='0'/>"
                  "<host name='i'/></source></part></devices>"
                  "<q:commandline><q:arg value='-v'/><q:env/></q:commandline></domain>");
        close_case(&c);

        /* a secret in an element that loading passes over */
        c = open_case(D("<auth/><auth passwd='s'/>"));
        CHECK(!c.whole.passwd && map_has(&whole_element, c.root, MAP_SECRET));
        map_strip(&whole_element, c.root, MAP_SECRET);
        CHECK(!map_has(&whole_element, c.root, MAP_SECRET));
        close_case(&c);
}

static char reported[400];

static void report(xmlNode *node, void *userdata) {
        char *path = xml_node_path(node);

        CHECK(userdata == reported && path);
        snprintf(reported + strlen(reported), sizeof(reported) - strlen(reported), "%s ", path);
        free(path);
}

static void check_unknown(const char *text, size_t n, const char *paths) {
        Case c = open_case(text);

        *reported = 0;
        CHECK(map_unknown(&whole_element, c.root, report, reported) == n);
        CHECK_TEXT(reported, paths);
        CHECK(map_unknown(&whole_element, c.root, NULL, NULL) == n);
        close_case(&c);
}

static void test_unknown(void) {
        check_unknown(D(""), 0, "");
        check_unknown(full, 3, "/domain/os/@odd /domain/os/new /domain/devices/future ");
        check_unknown(D("<metadata><x y='1'><z/></x></metadata>"), 0, "");
        check_unknown(D("<memory unit='b' dump='1'><x/></memory>"), 2,
                      "/domain/memory/@dump /domain/memory/x ");
        check_unknown(D("<vcpu unit='b'/>"), 1, "/domain/vcpu/@unit ");
        check_unknown(D("<f:x xmlns:f='u'><y/></f:x><x f:a='1' xmlns:f='u'/>"), 1, "/domain/x ");
        check_unknown(D("<devices unit='1'><part type='file'><alias name='' x=''/><boot/><host/>"
                        "</part></devices>"),
                      3,
                      "/domain/devices/@unit /domain/devices/part/alias/@x "
                      "/domain/devices/part/host ");
        check_unknown(D("<features><apic><eoi/></apic><acpi x='1'/></features>"), 2,
                      "/domain/features/apic/eoi /domain/features/acpi/@x ");
        check_unknown(D("<nam/><names/>"), 2, "/domain/nam /domain/names ");
}

int main(void) {
        test_load();
        test_absent();
        test_load_failures();
        test_order();
        test_order_of_attributes();
        test_first_name();
        test_change();
        test_removal();
        test_twice();
        test_optional();
        test_union();
        test_lists();
        test_foreign_item();
        test_namespace();
        test_store_failures();
        test_canonicalize();
        test_strip();
        test_unknown();
        xmlCleanupParser();
        return 0;
}
