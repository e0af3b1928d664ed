/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lives of the test driver's guests: states, reasons and events; images; faults. */
#include <stdarg.h>
#include <sys/stat.h>

#include "conf/api-domain.h"
#include "tale.h"

static char folder[] = "/tmp/virtbus-test-XXXXXX";

static void test_start(void) {
        Domain *test = domain_named("test");
        char uuid[UUID_TEXT_MAX];

        CHECK(world->sets[RESOURCE_DOMAIN].n == 1 && test->id == 1);
        CHECK(domain_is_persistent(test) && domain_is_active(test) && !test->autostart);
        STATE(test, DOMAIN_RUNNING, DOMAIN_RUNNING_UNKNOWN);
        CHECK_TEXT(uuid_format(test->resource.uuid, uuid),
                   "6695eb01-f6a4-8304-79aa-97f2502e193f");
        CHECK_TEXT(test->os_type, "hvm");
        HOLDS(xml_of(test, 0), "<memory unit='KiB'>8388608</memory>");
        HOLDS(xml_of(test, 0), "<currentMemory unit='KiB'>2097152</currentMemory>");
        HOLDS(xml_of(test, 0), "<target dev='testnet0'/>");
        HOLDS(xml_of(test, 0), "<domain type='test' id='1'>");
        LACKS(xml_of(test, DOMAIN_XML_INACTIVE), "id='1'");
        CHECK(test_hypervisor.version(world) == 2);
        TALE("");
}

static void test_pause(void) {
        Domain *test = again();

        REFUSED(ERROR_OPERATION_INVALID, "not paused", test_lifecycle.resume, test);
        MUST(test_lifecycle.suspend, test);
        STATE(test, DOMAIN_PAUSED, DOMAIN_PAUSED_USER);
        TALE("~40 (3,0)");
        REFUSED(ERROR_OPERATION_INVALID, "not running", test_lifecycle.suspend, test);
        MUST(test_lifecycle.resume, test);
        STATE(test, DOMAIN_RUNNING, DOMAIN_RUNNING_UNPAUSED);
        TALE("~40 (4,0)");
}

static void test_stop(void) {
        Domain *test = again();

        REFUSED(ERROR_OPERATION_INVALID, "already running", test_lifecycle.start, test, 0);
        MUST(test_lifecycle.reset, test, 0);
        MUST(test_lifecycle.reboot, test, 0);
        STATE(test, DOMAIN_RUNNING, DOMAIN_RUNNING_BOOTED);
        TALE("~40");
        MUST(test_lifecycle.shutdown, test, 0);
        STATE(test, DOMAIN_SHUTOFF, DOMAIN_SHUTOFF_SHUTDOWN);
        TALE("(5,0) ~65");
        REFUSED(ERROR_OPERATION_INVALID, "not running", test_lifecycle.shutdown, test, 0);
        REFUSED(ERROR_OPERATION_INVALID, "not running", test_lifecycle.reset, test, 0);
        MUST(test_lifecycle.start, test, DOMAIN_START_PAUSED);
        STATE(test, DOMAIN_PAUSED, DOMAIN_PAUSED_USER);
        CHECK(test->id == 2);
        TALE("~40 (2,0) ~45 ~40 (3,0)");
        MUST(test_lifecycle.destroy, test, 0);
        STATE(test, DOMAIN_SHUTOFF, DOMAIN_SHUTOFF_DESTROYED);
        TALE("(5,1) ~65");
        MUST(test_definitions.undefine, test, 0);
        TALE("(1,0) -test");
        CHECK(world->sets[RESOURCE_DOMAIN].n == 0);
}

#define MINIMAL(name, more) \
        "<domain type='test'><name>" name "</name><memory>1024</memory>" \
        "<os><type>hvm</type></os>" more "</domain>"

static void test_transient(void) {
        Domain *domain;

        (void) again();
        MUST(test_definitions.create, world, MINIMAL("t", ""), 0);
        domain = domain_of(job.result.resource);
        STATE(domain, DOMAIN_RUNNING, DOMAIN_RUNNING_BOOTED);
        TALE("+t (2,0) ~45");
        REFUSED(ERROR_OPERATION_FAILED, "already exists", test_definitions.create, world,
                MINIMAL("t", "<uuid>c7a5fdbd-edaf-9455-926a-d65c16db1801</uuid>"), 0);
        REFUSED(ERROR_OPERATION_INVALID, "transient", test_definitions.undefine, domain, 0);
        REFUSED(ERROR_OPERATION_INVALID, "transient", test_saving.managed_save, domain, 0);
        resource_ref(&domain->resource);
        MUST(test_lifecycle.destroy, domain, 0);
        TALE("(5,1) ~65 -t");
        CHECK(!domain->resource.attached);
        resource_unref(&domain->resource);

        MUST(test_definitions.create, world, MINIMAL("r", "<on_poweroff>restart</on_poweroff>"),
             DOMAIN_START_PAUSED);
        domain = domain_of(job.result.resource);
        TALE("+r (2,0) ~45 ~40 (3,0)");
        MUST(test_lifecycle.shutdown, domain, 0);
        STATE(domain, DOMAIN_RUNNING, DOMAIN_RUNNING_BOOTED);
        TALE("~40");
        MUST(test_lifecycle.destroy, domain, 0);
}

static void test_definitions_come_and_go(void) {
        Domain *test = again(), *other;

        MUST(test_definitions.define, world, MINIMAL("d", ""), 0);
        other = domain_of(job.result.resource);
        TALE("+d (0,0)");
        REFUSED(ERROR_CONFIG_UNSUPPORTED, "'test'", test_definitions.define, world,
                "<domain type='kvm'><name>k</name><memory>1</memory><os><type>hvm</type></os>"
                "</domain>",
                0);
        REFUSED(ERROR_XML, "", test_definitions.define, world, MINIMAL("x", "<nonsense/>"),
                DOMAIN_DEFINE_VALIDATE);
        REFUSED(ERROR_OPERATION_INVALID, "already exists", test_definitions.rename, other, "test");
        MUST(test_definitions.rename, other, "e");
        TALE("(1,1) (0,2) ~8");
        REFUSED(ERROR_OPERATION_INVALID, "active", test_definitions.rename, test, "f");
        MUST(test_definitions.undefine, test, 0);
        CHECK(!domain_is_persistent(test) && domain_is_active(test));
        TALE("(1,0) ~30");
        MUST(test_lifecycle.destroy, test, 0);
        TALE("(5,1) ~65 -test");
}

/* ---- images ---- */

static char *path_of(const char *name) {
        char *path;

        CHECK(asprintf(&path, "%s/%s", folder, name) >= 0);
        return path;
}

static void test_managed_save(void) {
        Domain *test = again();

        CHECK(!test_saving.has_managed_save(test));
        MUST(test_lifecycle.suspend, test);
        tale[0] = 0;
        MUST(test_saving.managed_save, test, 0);
        STATE(test, DOMAIN_SHUTOFF, DOMAIN_SHUTOFF_SAVED);
        TALE("(5,4) ~65");
        CHECK(test_saving.has_managed_save(test));
        REFUSED(ERROR_OPERATION_INVALID, "not running", test_saving.managed_save, test, 0);
        REFUSED(ERROR_OPERATION_INVALID, "managed save", test_definitions.undefine, test, 0);
        MUST(test_lifecycle.start, test, 0);
        STATE(test, DOMAIN_PAUSED, DOMAIN_PAUSED_USER);
        TALE("~40 (2,2) ~45 ~40 (3,4)");
        CHECK(!test_saving.has_managed_save(test));

        MUST(test_saving.managed_save, test, DOMAIN_SAVE_RUNNING);
        MUST(test_lifecycle.start, test, DOMAIN_START_FORCE_BOOT);
        STATE(test, DOMAIN_RUNNING, DOMAIN_RUNNING_BOOTED);
        CHECK(!test_saving.has_managed_save(test));
        MUST(test_saving.managed_save, test, DOMAIN_SAVE_RUNNING);
        MUST(test_saving.managed_save_remove, test, 0);
        CHECK(!test_saving.has_managed_save(test));
        MUST(test_lifecycle.start, test, 0);
        MUST(test_saving.managed_save, test, 0);
        MUST(test_definitions.undefine, test, DOMAIN_UNDEFINE_MANAGED_SAVE);
        CHECK(!domain_named("test"));
}

static void test_save(void) {
        _cleanup_(freep) char *image = path_of("image"), *none = path_of("none/image");
        Domain *test = again();

        REFUSED(ERROR_INVALID_ARG, "absolute", test_saving.save, test, "image", NULL, 0);
        REFUSED(ERROR_SYSTEM, "none/image", test_saving.save, test, none, NULL, 0);
        REFUSED(ERROR_INVALID_ARG, "exclusive", test_saving.save, test, image, NULL,
                DOMAIN_SAVE_RUNNING | DOMAIN_SAVE_PAUSED);
        CHECK(domain_is_active(test));
        TALE("");
        MUST(test_saving.save, test, image, NULL, 0);
        STATE(test, DOMAIN_SHUTOFF, DOMAIN_SHUTOFF_SAVED);
        TALE("(5,4) ~65");
        MUST(test_saving.image_xml, world, image, 0);
        HOLDS(strdup(job.result.text), "<name>test</name>");
        MUST(test_saving.image_define, world, image,
             "<domain type='test'><name>test</name><title>new</title>"
             "<uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid><memory>1024</memory>"
             "<os><type>hvm</type></os></domain>",
             DOMAIN_SAVE_PAUSED);
        REFUSED(ERROR_OPERATION_FAILED, "uuid", test_saving.image_define, world, image,
                MINIMAL("test", ""), 0);
        MUST(test_saving.restore, world, image, NULL, 0);
        STATE(test, DOMAIN_PAUSED, DOMAIN_PAUSED_USER);
        TALE("~40 (2,2) ~45 ~40 (3,4)");
        HOLDS(xml_of(test, 0), "<title>new</title>");
        LACKS(xml_of(test, DOMAIN_XML_INACTIVE), "<title>new</title>");
        REFUSED(ERROR_OPERATION_INVALID, "already active", test_saving.restore, world, image, NULL,
                0);
        REFUSED(ERROR_SYSTEM, "", test_saving.restore, world, none, NULL, 0);
        REFUSED(ERROR_OPERATION_FAILED, "no image", test_saving.restore, world, "/etc/passwd",
                NULL, 0);
        REFUSED(ERROR_OPERATION_FAILED, "no image", test_saving.restore, world, "/dev/null", NULL,
                0);
}

static void test_core_dump(void) {
        _cleanup_(freep) char *dump = path_of("dump");
        Domain *test = again();
        struct stat info;

        REFUSED(ERROR_OPERATION_UNSUPPORTED, "kdump", test_saving.core_dump, test, dump,
                DUMP_FORMAT_KDUMP_ZLIB, 0);
        CHECK(stat(dump, &info) < 0);
        MUST(test_saving.core_dump, test, dump, DUMP_FORMAT_RAW, 0);
        CHECK(stat(dump, &info) == 0 && info.st_size > 0);
        TALE("");
        MUST(test_saving.core_dump, test, dump, DUMP_FORMAT_RAW, DUMP_CRASH);
        STATE(test, DOMAIN_SHUTOFF, DOMAIN_SHUTOFF_CRASHED);
        TALE("(5,2) ~65");
}

/* ---- faults ---- */

typedef struct Call {
        Job job;
        Resource *resource; /* a reference, as any request holds it */
        int ran, ended, result;
        char message[64];
} Call;

static int call_run(Job *running, Error *error) {
        container_of(running, Call, job)->ran++;
        return DONE;
}

static int call_pass(Job *running, Error *error) {
        return test_fault_ops.pass(world, running, true, call_run, error);
}

static void call_done(Job *ending, int result, Error *error) {
        Call *call = container_of(ending, Call, job);

        call->ended++;
        call->result = result;
        snprintf(call->message, sizeof(call->message), "%s", error->message ?: "");
        call->resource = resource_unref(call->resource);
}

static void call_begin(Call *call, const char *method) {
        Resource *resource = &domain_named("test")->resource;

        *call = (Call) { .job.done = call_done, .resource = resource_ref(resource) };
        job_start(&resource->queue, &call->job, method, call_pass);
}

static void wait_for(const Call *call) {
        while (call->ended == 0)
                CHECK(sd_event_run(world->event, 5000000) > 0);
}

static void test_faults(void) {
        Call first, second;

        (void) again();
        CHECK(test_fault_ops.set_failure(world, "Create", 2, "out of luck", NULL) >= 0);
        call_begin(&first, "Suspend");
        CHECK(first.ran == 1 && first.ended == 1 && first.result == 0);
        for (int i = 0; i < 2; i++) {
                call_begin(&first, "Create");
                CHECK(first.ran == 0 && first.result < 0);
                CHECK_TEXT(first.message, "out of luck");
        }
        call_begin(&first, "Create");
        CHECK(first.ran == 1 && first.result == 0);

        /* whoever is slow holds the queue */
        CHECK(test_fault_ops.set_delay(world, 20000, NULL) >= 0);
        CHECK(test_fault_ops.set_failure(world, "", 1, "late", NULL) >= 0);
        call_begin(&first, "Create");
        call_begin(&second, "Suspend");
        CHECK(first.ended == 0 && second.ended == 0);
        wait_for(&first);
        CHECK(first.ran == 0);
        CHECK_TEXT(first.message, "late");
        CHECK(second.ended == 0);
        wait_for(&second);
        CHECK(second.ran == 1 && second.result == 0);

        /* a reset lets go who waits */
        CHECK(test_fault_ops.set_delay(world, UINT64_C(3600000000), NULL) >= 0);
        call_begin(&first, "Create");
        CHECK(test_fault_ops.reset(world, NULL) >= 0);
        wait_for(&first);
        CHECK(first.ran == 1);
        CHECK(strncmp(tale, "(5,1) ~65 (1,0) -test ", 22) == 0);
        CHECK(strstr(tale, " +test (0,0) ~40 (2,0) ~45"));
        CHECK(domain_named("test")->id == 1);
}

/* Calls that are late when the connection ends are ended. */
static void test_close(void) {
        static Call call;

        CHECK(test_fault_ops.set_delay(world, UINT64_C(3600000000), NULL) >= 0);
        call_begin(&call, "Create");
        (void) world_end();
        CHECK(call.ended == 1 && call.ran == 0 && call.result < 0);
}

int main(void) {
        char command[128];

        CHECK(mkdtemp(folder));
        tale_begin();
        test_start();
        test_pause();
        test_stop();
        test_transient();
        test_definitions_come_and_go();
        test_managed_save();
        test_save();
        test_core_dump();
        test_faults();
        test_close();
        snprintf(command, sizeof(command), "rm -rf '%s'", folder);
        return system(command) == 0 ? 0 : 1;
}
