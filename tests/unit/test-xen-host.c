/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a Xen host says of itself, as documents: of hosts that are made up here, checked by what is
 * in them and by libvirt's schemas, where those are installed; and the numbers of disks.
 *
 *         test-xen-host [SCHEMAS]
 *
 * Without the schemas the rest is tried, and it exits with 77, which meson reports as skipped. */
#include <libxml/relaxng.h>
#include <libxml/xpath.h>
#include <unistd.h>

#include "conf/xml.h"
#include "drivers/xen/capabilities.h"
#include "drivers/xen/statistics.h"
#include "tests/unit/check.h"

#define WORDS "xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 "

static const char *schemas;

/* ---- looking into a document ---- */

static bool has(const char *text, const char *xpath) {
        _cleanup_(xml_doc_freep) xmlDoc *document = NULL;
        bool found;

        document = xmlReadDoc((const xmlChar *) text, NULL, NULL, 0);
        CHECK(document);
        xmlXPathContext *context = xmlXPathNewContext(document);
        xmlXPathObject *result = xmlXPathEval((const xmlChar *) xpath, context);
        CHECK(result);
        found = xmlXPathCastToBoolean(result);
        xmlXPathFreeObject(result);
        xmlXPathFreeContext(context);
        if (!found)
                fprintf(stderr, "%s\nlacks %s\n", text, xpath);
        return found;
}

/* The schemas of libvirt 9 don't know the kind of guests that it added last, nor that there are
 * points in names of features. */
static void please(char *text) {
        for (char *at = text; (at = strstr(at, "<os_type>xenpvh<"));)
                memcpy(at, "<os_type>xen   <", 16);
        for (char *at = text; (at = strstr(at, "<feature name="));)
                for (; *at != '>'; at++)
                        *at = *at == '.' ? '-' : *at;
}

static void validate(const char *text, const char *name) {
        _cleanup_(xml_doc_freep) xmlDoc *document = NULL;
        _cleanup_(freep) char *copy = strdup(text);
        char path[512];

        if (!schemas)
                return;
        please(copy);
        snprintf(path, sizeof(path), "%s/%s", schemas, name);
        xmlRelaxNGParserCtxt *parser = xmlRelaxNGNewParserCtxt(path);
        xmlRelaxNG *schema = xmlRelaxNGParse(parser);
        CHECK(schema);
        document = xmlReadDoc((const xmlChar *) copy, NULL, NULL, 0);
        xmlRelaxNGValidCtxt *valid = xmlRelaxNGNewValidCtxt(schema);
        int r = xmlRelaxNGValidateDoc(valid, document);
        if (r != 0)
                fprintf(stderr, "%s\nisn't what %s says\n", text, path);
        CHECK(r == 0);
        xmlRelaxNGFreeValidCtxt(valid);
        xmlRelaxNGFree(schema);
        xmlRelaxNGFreeParserCtxt(parser);
}

/* ---- a host with two cells, hyperthreads, and a CPU that is off ---- */

static const libxl_cputopology cpus[] = {
        { 0, 0, 0 }, { 0, 0, 0 }, { 1, 0, 0 }, { 1, 0, 0 },
        { 0, 1, 1 }, { 0, 1, 1 }, { 1, 1, 1 }, { 1, 1, 1 },
        { LIBXL_CPUTOPOLOGY_INVALID_ENTRY, 0, 0 },
};
static uint32_t near_first[] = { 10, 21 }, near_second[] = { 21, 10 };
static const libxl_numainfo cells[] = {
        { .size = UINT64_C(4) << 30, .free = UINT64_C(1) << 30, .num_dists = 2,
          .dists = near_first },
        { .size = UINT64_C(8) << 30, .free = UINT64_C(2) << 30, .num_dists = 2,
          .dists = near_second },
};
static const XenHost big = {
        .words = WORDS, .cpus = cpus, .n_cpus = ELEMENTS(cpus), .cells = cells,
        .n_cells = ELEMENTS(cells), .cores = 2, .threads = 2, .hap = true, .iommu = true,
};
static const XenHost small = {
        .words = "xen-3.0-x86_64 xen-3.0-x86_32p", .cpus = cpus, .n_cpus = 3, .cells = cells,
        .n_cells = 1, .cores = 2, .threads = 2,
};

static void test_big(void) {
        static const char *const expected[] = {
                "/capabilities/host/topology/cells[@num='2']/cell[@id='1']/memory[.='8388608']",
                "//cell[@id='0']/distances/sibling[@id='1'][@value='21']",
                "//cell[@id='1']/cpus[@num='4']/cpu[@id='6'][@socket_id='1'][@core_id='1']",
                "//cpu[@id='2'][@siblings='2,3']",
                "not(//cpu[@id='8'])",
                "/capabilities/host/cpu/topology[@sockets='1'][@cores='2'][@threads='2']",
                "/capabilities/host/iommu[@support='yes']",
                "not(//host/cpu[arch='x86_64']) or //host/cpu/features/pae",
                "count(/capabilities/host/topology)=1",
                "/capabilities/host/secmodel[model='none']",
                "count(/capabilities/guest)=5",
                "//guest[os_type='xen']/arch[@name='x86_64'][wordsize='64'][machine='xenpv']",
                "//guest[os_type='hvm'][arch/@name='i686'][features/pae][features/nonpae]",
                "//guest[os_type='hvm']/arch[@name='x86_64'][machine='xenfv'][loader]",
                "//guest[os_type='hvm']/features/hap[@default='on']",
                "//guest[os_type='xenpvh']/arch[@name='x86_64'][machine='xenpvh']",
                "not(//guest[os_type='xen']/features/*)",
                "not(//guest/arch/domain[@type!='xen'])",
        };
        _cleanup_(freep) char *text = NULL;

        CHECK(xen_capabilities_xml(&big, &text, NULL) == 0);
        for (size_t i = 0; i < ELEMENTS(expected); i++)
                CHECK(has(text, expected[i]));
        validate(text, "capability.rng");
}

/* Three CPUs aren't cores of two threads each; without hardware there are no other guests. */
static void test_small(void) {
        _cleanup_(freep) char *text = NULL;

        CHECK(xen_capabilities_xml(&small, &text, NULL) == 0);
        CHECK(has(text, "//host/cpu/topology[@sockets='1'][@cores='3'][@threads='1']"));
        CHECK(has(text, "count(//guest)=2 and count(//guest[os_type='xen'])=2"));
        CHECK(has(text, "//guest[arch/@name='i686']/features[pae][not(nonpae)]"));
        CHECK(has(text, "//host/iommu[@support='no']"));
        validate(text, "capability.rng");
}

/* ---- what a definition may ask for ---- */

static void check_domain(const char *machine, const char *const *expected) {
        _cleanup_(freep) char *text = NULL;

        CHECK(xen_domain_capabilities_xml(&big, NULL, "x86_64", machine, "xen", &text, NULL) == 0);
        for (; *expected; expected++)
                CHECK(has(text, *expected));
        validate(text, "domaincaps.rng");
}

static void test_domain(void) {
        check_domain("xenpv", (const char *const[]) {
                "/domainCapabilities[machine='xenpv'][domain='xen'][vcpu/@max='512']",
                "//os/loader[@supported='no']", "//disk/enum[@name='bus'][value='xen']",
                "not(//disk/enum[@name='bus']/value[.='ide'])", "//tpm[@supported='no']", NULL });
        check_domain("xenfv", (const char *const[]) {
                "/domainCapabilities[machine='xenfv'][vcpu/@max='128']",
                "//os/loader[@supported='yes']/value[contains(., 'hvmloader')]",
                "//disk/enum[@name='bus'][value='ide'][value='sata']",
                "//graphics/enum/value[.='spice']", "//video/enum/value[.='cirrus']", NULL });
        check_domain("xenpvh", (const char *const[]) {
                "/domainCapabilities[machine='xenpvh']",
                "not(//graphics/enum/value[.='spice'])", NULL });
        check_domain(NULL, (const char *const[]) { "/*[machine='xenpv']", NULL });
}

static void refused(const char *arch, const char *machine, const char *type, const char *word) {
        _cleanup_(error_clear) Error error = {};
        char *text = NULL;

        CHECK(xen_domain_capabilities_xml(&small, NULL, arch, machine, type, &text, &error) < 0);
        CHECK(strstr(error.message, word));
}

static void test_refused(void) {
        refused("x86_64", "xenfv", NULL, "xenfv");
        refused("x86_64", "q35", NULL, "q35");
        refused("s390x", "xenpv", NULL, "s390x");
        refused("x86_64", "xenpv", "kvm", "kvm");
}

/* ---- numbers of disks ---- */

static void test_disks(void) {
        static const struct {
                const char *target;
                uint32_t number;
        } disks[] = {
                { "xvda", 51712 }, { "xvda1", 51713 }, { "xvdb", 51728 }, { "xvdp15", 51967 },
                { "xvdq", (1 << 28) + (16 << 8) }, { "xvda16", (1 << 28) + 16 },
                { "xvdaa", (1 << 28) + (26 << 8) }, { "hda", 768 }, { "hdb", 832 },
                { "hdc", 5632 }, { "hdd1", 5697 }, { "sda", 2048 }, { "sdb2", 2066 },
        };
        static const char *const none[] = { NULL, "", "xvd", "fda", "vda", "xvda1x", "sdq", "hde",
                                            "xvda999" };
        uint32_t number;

        for (size_t i = 0; i < ELEMENTS(disks); i++) {
                CHECK(xen_disk_number(disks[i].target, &number) == 0);
                CHECK(number == disks[i].number);
        }
        for (size_t i = 0; i < ELEMENTS(none); i++)
                CHECK(xen_disk_number(none[i], &number) < 0);
}

int main(int argc, char **argv) {
        schemas = argc > 1 && access(argv[1], R_OK) == 0 ? argv[1] : NULL;
        test_big();
        test_small();
        test_domain();
        test_refused();
        test_disks();
        xmlRelaxNGCleanupTypes();
        if (!schemas)
                fprintf(stderr, "SKIPPED: no schemas of libvirt to hold the documents against\n");
        return schemas ? 0 : 77;
}
