/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capabilities: of the QEMU that is installed, from the cache, and of binaries that are none. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include <libxml/relaxng.h>

#include "conf/xml.h"
#include "drivers/host.h"
#include "drivers/qemu/caps.h"
#include "drivers/qemu/findings.h"
#include "drivers/qemu/probe.h"
#include "tests/unit/check.h"

static char root[] = "/tmp/virtbus-test-caps-XXXXXX";
static const Settings settings = { .patience = 20000000 };
static Connection connection = { .settings = &settings };

typedef struct Answer {
        QemuCaps *caps; /* a reference */
        int times;
        ErrorCode code;
        char text[2048];
} Answer;

static void on_ready(QemuCaps *caps, Error *error, void *userdata) {
        Answer *a = userdata;

        a->times++;
        a->caps = caps ? qemu_caps_ref(caps) : NULL;
        if (!caps) {
                a->code = error->code;
                snprintf(a->text, sizeof(a->text), "%s", error->message);
        }
}

static uint64_t now(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t) t.tv_sec * 1000000 + (uint64_t) t.tv_nsec / 1000;
}

static void wait_for(Answer *a) {
        for (uint64_t end = now() + 30000000; a->times == 0;) {
                CHECK(now() < end);
                CHECK(sd_event_run(connection.event, 100000) >= 0);
        }
        CHECK(a->times == 1);
}

/* A shell script that stands for QEMU; the monitor is its descriptor 3. */
static char *script(const char *name, const char *text) {
        static char path[256];
        FILE *file;

        snprintf(path, sizeof(path), "%s/%s", root, name);
        CHECK((file = fopen(path, "we")));
        fprintf(file, "#!/bin/sh\n%s\n", text);
        CHECK(fclose(file) == 0 && chmod(path, 0755) == 0);
        return path;
}

static void fails(QemuCapsCache *cache, const char *binary, const char *expected) {
        Answer a = {};
        Error error = {};
        QemuCaps *caps;
        int r = qemu_caps_get(cache, binary, on_ready, &a, &caps, &error);

        CHECK(r == PENDING || r < 0);
        if (r == PENDING)
                wait_for(&a);
        else
                snprintf(a.text, sizeof(a.text), "%s", error.message);
        CHECK(!a.caps);
        if (!strstr(a.text, expected)) {
                fprintf(stderr, "'%s' lacks '%s'\n", a.text, expected);
                exit(1);
        }
        error_clear(&error);
}

static void test_no_qemu(void) {
        QemuCapsCache *cache = qemu_caps_cache_new(&connection);
        char *path;

        fails(cache, "/nowhere/qemu", "cannot check QEMU binary '/nowhere/qemu': No such file");
        fails(cache, "/tmp", "'/tmp' is not a program");
        fails(cache, "qemu", "must be absolute");
        path = script("words", "echo 'no such option: -S' >&2; echo second line >&2; exit 7");
        fails(cache, path, "it exited with status 7; it said: no such option: -S second line");
        fails(cache, path, "it exited with status 7"); /* remembered, not run again */
        fails(cache, script("quiet", "exit 0"), "QEMU closed its monitor");
        fails(cache, script("killed", "kill -SEGV $$"), "it was killed by signal 11");
        fails(cache, script("garbage", "echo hello >&3; exec sleep 100"),
              "QEMU's monitor sent garbage: \"hello\\x0a\"");
        fails(cache, script("last", "echo oops; echo bye >&3"), "\"bye\\x0a\"; it said: oops");
        fails(cache, script("liar",
                            "echo '{\"QMP\": {}}' >&3\n"
                            "read line <&3; echo '{\"return\": {}, \"id\": 0}' >&3; exit 3"),
              "it exited with status 3");
        qemu_caps_cache_free(cache);
}

static void on_probed(QemuProbe *probe, json_object *document, Error *error, void *userdata) {
        Answer *a = userdata;

        a->times++;
        CHECK(!document);
        a->code = error->code;
        snprintf(a->text, sizeof(a->text), "%s", error->message);
}

static void test_hangs(void) {
        Answer a = {};
        QemuProbe *probe;
        const char *path = script("hangs", "echo waiting; exec sleep 100");
        uint64_t start = now();

        CHECK(qemu_probe_new(connection.event, path, false, 300000, on_probed, &a, &probe,
                             NULL) == 0);
        wait_for(&a);
        CHECK(a.code == ERROR_OPERATION_TIMEOUT && now() - start < 3000000);
        CHECK(strstr(a.text, "within 0.3 s") && strstr(a.text, "it said: waiting"));
        qemu_probe_free(probe);

        /* Freed while it waits: told nothing, and the process is gone. */
        a = (Answer) {};
        CHECK(qemu_probe_new(connection.event, path, false, 300000, on_probed, &a, &probe,
                             NULL) == 0);
        (void) sd_event_run(connection.event, 1000);
        qemu_probe_free(probe);
        CHECK(a.times == 0);
}

static void test_cache_freed(void) {
        QemuCapsCache *cache = qemu_caps_cache_new(&connection);
        Answer a = {}, b = {};
        QemuCaps *caps;
        const char *path = script("hangs", "exec sleep 100");

        CHECK(qemu_caps_get(cache, path, on_ready, &a, &caps, NULL) == PENDING);
        CHECK(qemu_caps_get(cache, path, on_ready, &b, &caps, NULL) == PENDING);
        qemu_caps_cache_free(cache);
        CHECK(a.times == 1 && a.code == ERROR_OPERATION_ABORTED && b.times == 1);
}

static void check_caps(const QemuCaps *caps) {
        const QemuMachine *machine = qemu_caps_machine(caps, NULL);

        CHECK_TEXT(caps->arch, "x86_64");
        CHECK(caps->version >= 5000000 && caps->package);
        CHECK(machine && machine == qemu_caps_machine(caps, "pc") && machine->max_cpus == 255);
        CHECK_TEXT(machine->default_cpu, "qemu64");
        CHECK(qemu_caps_machine(caps, "q35") && !qemu_caps_machine(caps, "none"));
        CHECK(qemu_caps_has_type(caps, "virtio-blk-pci") && !qemu_caps_has_type(caps, "virtio"));
        CHECK(qemu_caps_has_command(caps, "query-jobs") && !qemu_caps_has_command(caps, "query"));
        CHECK(qemu_caps_has(caps, "virtio-blk-pci.write-cache"));
        CHECK(caps->n_features > 1000);
        CHECK(qemu_caps_has(caps, "blockdev-add/driver=qcow2"));
        CHECK(qemu_caps_has(caps, "device_del/id"));
        CHECK(qemu_caps_has(caps, "sandbox.spawn") && !qemu_caps_has(caps, "sandbox"));
        CHECK(caps->n_cpus_tcg > 20 && (!caps->kvm || caps->n_cpus_kvm > 20));
        for (size_t i = 0; i < caps->n_cpus_tcg; i++) {
                if (strcmp(caps->cpus_tcg[i].name, "EPYC") == 0)
                        CHECK_TEXT(caps->cpus_tcg[i].vendor, "AMD");
                if (strcmp(caps->cpus_tcg[i].name, "Haswell") == 0)
                        CHECK_TEXT(caps->cpus_tcg[i].vendor, "Intel");
        }
}

/* ---- documents ---- */

/* By libvirt's own schema, where it is installed. What came to libvirt after that schema is left
 * out. */
static void validate(const char *schema, const char *text) {
        static const struct {
                const char *begin, *end;
        } newer[] = { { "<externalSnapshot", "/>" }, { "<interface ", "</interface>" } };
        xmlRelaxNGParserCtxt *parser;
        xmlRelaxNGValidCtxt *validator;
        xmlRelaxNG *rules;
        xmlDoc *document;
        char path[256];

        snprintf(path, sizeof(path), "/usr/share/libvirt/schemas/%s", schema);
        if (access(path, R_OK) < 0) {
                printf("not validated, %s is not there\n", path);
                return;
        }
        char *copy = strdup(text);
        for (size_t i = 0; i < ELEMENTS(newer); i++)
                for (char *at; (at = strstr(copy, newer[i].begin));) {
                        char *end = strstr(at, newer[i].end);

                        memset(at, ' ', (size_t) (end - at) + strlen(newer[i].end));
                }
        for (char *at; (at = strstr(copy, "'sse4."));)
                at[5] = '_'; /* libvirt writes this name, and its schema knows no dots */
        CHECK((parser = xmlRelaxNGNewParserCtxt(path)) && (rules = xmlRelaxNGParse(parser)));
        CHECK((document = xmlReadDoc((xmlChar *) copy, NULL, NULL, 0)));
        CHECK((validator = xmlRelaxNGNewValidCtxt(rules)));
        if (xmlRelaxNGValidateDoc(validator, document) != 0) {
                fprintf(stderr, "not by %s:\n%s\n", schema, text);
                exit(1);
        }
        xmlRelaxNGFreeValidCtxt(validator);
        xmlFreeDoc(document);
        xmlRelaxNGFree(rules);
        xmlRelaxNGFreeParserCtxt(parser);
        free(copy);
}

static void has(const char *text, const char *part) {
        if (strstr(text, part))
                return;
        fprintf(stderr, "%s\nlacks\n%s\n", text, part);
        exit(1);
}

static void test_documents(QemuCaps *caps) {
        char *text, part[256];
        Error error = {};

        CHECK(qemu_capabilities_xml(&caps, 1, &text, NULL) == 0);
        has(text, "<arch name='x86_64'>\n      <wordsize>64</wordsize>\n      <emulator>");
        has(text, "<machine canonical='pc-i440fx-");
        has(text, "<domain type='qemu'/>");
        has(text, "<disksnapshot default='on' toggle='no'/>");
        has(text, "<arch name='i686'>");
        validate("capability.rng", text);
        free(text);
        CHECK(qemu_capabilities_xml(NULL, 0, &text, NULL) == 0 && !strstr(text, "<guest>"));
        validate("capability.rng", text);
        free(text);

        CHECK(qemu_domain_capabilities_xml(caps, NULL, "q35", VIRT_QEMU, &text, NULL) == 0);
        snprintf(part, sizeof(part), "<path>%s</path>\n  <domain>qemu</domain>\n  <machine>pc-q35-",
                 caps->binary);
        has(text, part);
        has(text, "<value>virtio</value>");
        has(text, "<value>sata</value>");
        has(text, "<mode name='host-passthrough' supported='no'/>");
        has(text, "vendor='AMD'>EPYC</model>");
        CHECK(!strstr(text, "<value>ide</value>") && !strstr(text, "EPYC-v1"));
        validate("domaincaps.rng", text);
        free(text);
        CHECK(qemu_domain_capabilities_xml(caps, "x86_64", NULL, VIRT_UNSET, &text, NULL) == 0);
        has(text, caps->kvm ? "<domain>kvm</domain>" : "<domain>qemu</domain>");
        has(text, "<machine>pc-i440fx-");
        has(text, "<value>ide</value>");
        validate("domaincaps.rng", text);
        if (getenv("SHOW"))
                printf("%s\n", text);
        free(text);

        CHECK(qemu_domain_capabilities_xml(caps, NULL, "nothing", VIRT_UNSET, &text,
                                           &error) == -EINVAL);
        has(error.message, "the machine 'nothing' is not supported by emulator '");
        error_clear(&error);
        CHECK(qemu_domain_capabilities_xml(caps, "s390x", NULL, VIRT_UNSET, &text,
                                           &error) == -EINVAL);
        has(error.message, "doesn't match given architecture 's390x'");
        error_clear(&error);
        CHECK(qemu_domain_capabilities_xml(caps, NULL, NULL, VIRT_XEN, &text, &error) == -EINVAL);
        error_clear(&error);
}

/* ---- a real probe ---- */

static void only_file(char *ret, size_t size) {
        FILE *list;
        char command[512];

        snprintf(command, sizeof(command), "find %s -name 'qemu*.json'", root);
        CHECK((list = popen(command, "re")) && fgets(ret, (int) size, list));
        CHECK(pclose(list) == 0);
        ret[strcspn(ret, "\n")] = '\0';
}

static void overwrite(const char *path, const char *text) {
        FILE *file = fopen(path, "we");

        CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* Asks a new cache, that is, one that knows only its files. */
static int ask_again(const char *binary, QemuCaps **ret) {
        QemuCapsCache *cache = qemu_caps_cache_new(&connection);
        Answer a = {};
        QemuCaps *caps;
        int r = qemu_caps_get(cache, binary, on_ready, &a, &caps, NULL);

        CHECK(r >= 0);
        if (r == DONE)
                *ret = qemu_caps_ref(caps);
        else {
                wait_for(&a);
                CHECK(a.caps);
                *ret = a.caps;
        }
        qemu_caps_cache_free(cache);
        return r;
}

static void test_probe(const char *binary) {
        QemuCapsCache *cache = qemu_caps_cache_new(&connection);
        Answer a = {}, b = {};
        QemuCaps *caps;
        uint64_t start = now();

        CHECK(qemu_caps_get(cache, binary, on_ready, &a, &caps, NULL) == PENDING);
        CHECK(qemu_caps_get(cache, binary, on_ready, &b, &caps, NULL) == PENDING);
        wait_for(&a);
        printf("probed in %llu ms\n", (unsigned long long) (now() - start) / 1000);
        if (!a.caps)
                fprintf(stderr, "%s\n", a.text);
        CHECK(b.times == 1 && a.caps && a.caps == b.caps);
        check_caps(a.caps);
        printf("host model: %s %s and %zu features; kvm %d, %u vcpus; %zu types, %zu features\n",
               a.caps->host_vendor ?: "-", a.caps->host_model ?: "none", a.caps->n_host_features,
               a.caps->kvm, a.caps->kvm_max_vcpus, a.caps->n_types, a.caps->n_features);
        CHECK(qemu_caps_get(cache, binary, on_ready, &a, &caps, NULL) == DONE && caps == a.caps);
        test_documents(caps);
        qemu_caps_cache_free(cache);
        qemu_caps_unref(a.caps);
        qemu_caps_unref(b.caps);
}

static void test_cache(const char *original) {
        char path[256], link[300], command[600];
        QemuCaps *caps = NULL;

        /* One whose time stamp we may touch; not a copy, which wouldn't find its modules. */
        snprintf(command, sizeof(command), "exec %s \"$@\"", original);
        snprintf(link, sizeof(link), "%s", script("qemu-script", command));
        CHECK(ask_again(link, &caps) == PENDING);
        qemu_caps_unref(caps);

        uint64_t start = now();
        CHECK(ask_again(link, &caps) == DONE);
        printf("from the cache in %llu us\n", (unsigned long long) (now() - start));
        check_caps(caps);
        qemu_caps_unref(caps);

        snprintf(command, sizeof(command), "rm -f $(find %s -name 'qemu-system*.json')", root);
        CHECK(system(command) == 0);
        only_file(path, sizeof(path));
        overwrite(path, "{\"binary\": \"x\", ");
        CHECK(ask_again(link, &caps) == PENDING); /* broken: probed and written again */
        qemu_caps_unref(caps);
        CHECK(ask_again(link, &caps) == DONE);
        qemu_caps_unref(caps);

        snprintf(command, sizeof(command), "sed -i 's/virtio-blk-pci/zirtio-blk-pci/' %s", path);
        CHECK(system(command) == 0);
        CHECK(ask_again(link, &caps) == PENDING); /* not in order: not one that we wrote */
        qemu_caps_unref(caps);

        CHECK(utimensat(AT_FDCWD, link, (struct timespec[2]) { { 1, 1 }, { 1, 1 } }, 0) == 0);
        CHECK(ask_again(link, &caps) == PENDING); /* another binary under the same path */
        check_caps(caps);
        qemu_caps_unref(caps);
        CHECK(ask_again(link, &caps) == DONE);
        check_caps(caps);
        qemu_caps_unref(caps);
}

int main(void) {
        _cleanup_(freep) char *binary = NULL;
        char command[300];
        Error error = {};

        CHECK(mkdtemp(root));
        CHECK(sd_event_new(&connection.event) == 0);
        CHECK(store_new(false, root, &connection.store, NULL) == 0);
        test_no_qemu();
        test_hangs();
        test_cache_freed();

        int r = qemu_find_binary("x86_64", &binary, &error);
        if (r >= 0) {
                test_probe(binary);
                test_cache(binary);
        }
        store_free(connection.store);
        sd_event_unref(connection.event);
        snprintf(command, sizeof(command), "rm -rf %s", root);
        CHECK(system(command) == 0);
        if (r < 0) {
                fprintf(stderr, "SKIPPED, nothing was probed: %s\n", error.message);
                error_clear(&error);
                return 77;
        }
        return 0;
}
