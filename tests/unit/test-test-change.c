/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes of definitions, aimed by flags: metadata, devices, limits, processors, memory; and what
 * guests say of themselves. */
#include <stdarg.h>

#include "conf/api-domain.h"
#include "drivers/edit.h"
#include "drivers/processors.h"
#include "drivers/tune.h"
#include "tale.h"

enum { LIVE_ONLY = DOMAIN_AFFECT_LIVE, CONFIG = DOMAIN_AFFECT_CONFIG,
       BOTH = DOMAIN_AFFECT_LIVE | DOMAIN_AFFECT_CONFIG };

#define IN_LIVE(part)    HOLDS(xml_of(test, DOMAIN_XML_SECURE), part)
#define NOT_LIVE(part)   LACKS(xml_of(test, DOMAIN_XML_SECURE), part)
#define IN_CONFIG(part)  HOLDS(xml_of(test, DOMAIN_XML_INACTIVE | DOMAIN_XML_SECURE), part)
#define NOT_CONFIG(part) LACKS(xml_of(test, DOMAIN_XML_INACTIVE | DOMAIN_XML_SECURE), part)

/* The value of the last answer with this name. */
static const Value *value(const char *name) {
        const Value *found = values_find(&job.result.values, name);

        if (!found)
                fprintf(stderr, "no value '%s'\n", name);
        CHECK(found);
        return found;
}

/* ---- who is meant ---- */

static void test_aim(void) {
        Domain *test = again();
        bool live, persistent;

        CHECK(edit_affects(test, 0, &live, &persistent, NULL) >= 0 && live && !persistent);
        CHECK(edit_affects(test, BOTH, &live, &persistent, NULL) >= 0 && live && persistent);
        MUST(test_lifecycle.destroy, test, 0);
        CHECK(edit_affects(test, 0, &live, &persistent, NULL) >= 0 && !live && persistent);
        REFUSED(ERROR_OPERATION_INVALID, "not running", test_processors.set_vcpus, test, 1, BOTH);
        REFUSED(ERROR_INVALID_ARG, "exclusive", test_processors.get_vcpus, test, BOTH);

        MUST(test_definitions.create, world,
             "<domain type='test'><name>t</name><memory>1024</memory><os><type>hvm</type></os>"
             "</domain>",
             0);
        test = domain_named("t");
        REFUSED(ERROR_OPERATION_INVALID, "transient", test_processors.set_vcpus, test, 1, CONFIG);
}

static void test_metadata(void) {
        Domain *test = again();

        MUST(test_devices.set_metadata, test, DOMAIN_METADATA_DESCRIPTION, "some words", "", "", 0);
        TALE("meta0");
        IN_LIVE("<description>some words</description>");
        NOT_CONFIG("some words");
        MUST(test_devices.set_metadata, test, DOMAIN_METADATA_TITLE, "a title", "", "", CONFIG);
        TALE("~20 meta1");
        IN_CONFIG("<title>a title</title>");
        REFUSED(ERROR_INVALID_ARG, "newlines", test_devices.set_metadata, test,
                DOMAIN_METADATA_TITLE, "a\nb", "", "", 0);
        MUST(test_devices.set_metadata, test, DOMAIN_METADATA_DESCRIPTION, "", "", "", 0);
        NOT_LIVE("description");

        REFUSED(ERROR_INVALID_ARG, "uri", test_devices.set_metadata, test, DOMAIN_METADATA_ELEMENT,
                "<a/>", "k", "", 0);
        REFUSED(ERROR_INVALID_ARG, "key", test_devices.set_metadata, test, DOMAIN_METADATA_ELEMENT,
                "<a/>", "", "urn:a", 0);
        REFUSED(ERROR_XML, "", test_devices.set_metadata, test, DOMAIN_METADATA_ELEMENT, "<a", "k",
                "urn:a", 0);
        tale[0] = 0;
        MUST(test_devices.set_metadata, test, DOMAIN_METADATA_ELEMENT, "<a x='1'><b/></a>", "k",
             "urn:a", BOTH);
        MUST(test_devices.set_metadata, test, DOMAIN_METADATA_ELEMENT, "<c/>", "l", "urn:b", BOTH);
        TALE("meta2 meta2");
        IN_LIVE("<k:a xmlns:k='urn:a' x='1'>");
        IN_CONFIG("<k:b/>");
        IN_CONFIG("<l:c xmlns:l='urn:b'/>");
        MUST(test_devices.set_metadata, test, DOMAIN_METADATA_ELEMENT, "<d/>", "k", "urn:a", BOTH);
        NOT_CONFIG("<k:a");
        IN_CONFIG("<k:d xmlns:k='urn:a'/>");
        MUST(test_devices.set_metadata, test, DOMAIN_METADATA_ELEMENT, "", "", "urn:a", BOTH);
        MUST(test_devices.set_metadata, test, DOMAIN_METADATA_ELEMENT, "", "", "urn:b", BOTH);
        NOT_CONFIG("metadata");
        NOT_LIVE("metadata");
        IN_LIVE("<disk"); /* and the rest is where it was */
}

/* ---- devices ---- */

#define DISK(target, more) \
        "<disk type='file' device='disk'><source file='/guest/" target "'/>" more \
        "<target dev='" target "' bus='virtio'/></disk>"

static void test_disks(void) {
        Domain *test = again();

        MUST(test_devices.attach, test, DISK("vdb", "<!-- kept -->"), BOTH);
        TALE("~20 added disk0");
        IN_LIVE("<alias name='disk0'/>");
        IN_LIVE("<!-- kept -->");
        IN_CONFIG("/guest/vdb");
        NOT_CONFIG("alias");
        REFUSED(ERROR_OPERATION_INVALID, "vdb already exists", test_devices.attach, test,
                DISK("vdb", ""), 0);
        REFUSED(ERROR_XML, "", test_devices.attach, test, "<disk type='file'>", 0);
        REFUSED(ERROR_XML, "unknown device", test_devices.attach, test, "<nonsense/>", 0);
        REFUSED(ERROR_XML, "", test_devices.attach, test, "<disk type='file' device='disk'/>", 0);
        TALE("");
        MUST(test_devices.update, test, DISK("vdb", "<readonly/>"), LIVE_ONLY);
        IN_LIVE("<readonly/>");
        IN_LIVE("<alias name='disk0'/>");
        NOT_CONFIG("<readonly/>");
        REFUSED(ERROR_DEVICE_MISSING, "vdx", test_devices.update, test, DISK("vdx", ""), 0);
        MUST(test_devices.detach, test, "<disk><target dev='vdb'/></disk>", LIVE_ONLY);
        TALE("removed disk0");
        NOT_LIVE("vdb");
        IN_CONFIG("vdb");
        REFUSED(ERROR_DEVICE_MISSING, "vdb", test_devices.detach, test, DISK("vdb", ""), BOTH);
        IN_CONFIG("vdb"); /* both or none */
        MUST(test_devices.detach, test, DISK("vdb", ""), CONFIG);
        NOT_CONFIG("vdb");
}

static void test_nets(void) {
        Domain *test = again();

        MUST(test_devices.attach, test, "<interface type='network'><source network='default'/>"
                                        "<model type='e1000'/></interface>", LIVE_ONLY);
        TALE("added interface0");
        IN_LIVE("<target dev='testnet1'/>");
        IN_LIVE("<mac address='52:54:00");
        MUST(test_devices.interface_addresses, test, ADDRESSES_SRC_LEASE, 0);
        CHECK(job.result.values.items[0].n == 2);
        REFUSED(ERROR_OPERATION_FAILED, "multiple", test_devices.detach, test,
                "<interface type='network'/>", 0);
        REFUSED(ERROR_DEVICE_MISSING, "aa:bb:cc:00:00:00", test_devices.detach, test,
                "<interface type='network'><mac address='aa:bb:cc:00:00:00'/></interface>", 0);
        MUST(test_devices.detach, test,
             "<interface type='network'><mac address='AA:BB:CC:DD:EE:FF'/></interface>", 0);
        NOT_LIVE("testnet0");
        IN_LIVE("testnet1");
        MUST(test_devices.detach, test, "<interface type='network'/>", 0);
        NOT_LIVE("<interface");
}

/* Other kinds are found by what tells them apart. */
static void test_other_devices(void) {
        Domain *test = again();

        MUST(test_devices.attach, test,
             "<rng model='virtio'><backend model='random'>/dev/random</backend></rng>", BOTH);
        MUST(test_devices.attach, test,
             "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>", BOTH);
        MUST(test_devices.attach, test, "<watchdog model='i6300esb' action='reset'/>", BOTH);
        MUST(test_devices.attach, test, "<controller type='scsi' model='virtio-scsi'/>", BOTH);
        MUST(test_devices.attach, test, "<controller type='scsi' model='virtio-scsi'/>", BOTH);
        IN_CONFIG("<controller type='scsi' index='1' model='virtio-scsi'");
        MUST(test_devices.detach, test,
             "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>", BOTH);
        NOT_LIVE("/dev/urandom");
        IN_LIVE("/dev/random");
        MUST(test_devices.detach, test, "<controller type='scsi' index='0'/>", CONFIG);
        IN_CONFIG("index='1'");
        REFUSED(ERROR_DEVICE_MISSING, "watchdog", test_devices.detach, test,
                "<watchdog model='ib700'/>", CONFIG);
        MUST(test_devices.detach, test, "<watchdog model='i6300esb'/>", CONFIG);
        NOT_CONFIG("watchdog");
        IN_LIVE("watchdog");
        REFUSED(ERROR_DEVICE_MISSING, "memballoon", test_devices.detach, test,
                "<memballoon model='virtio'><address type='pci' slot='0x9'/></memballoon>", 0);
        MUST(test_devices.detach, test,
             "<memballoon model='virtio'><address type='pci' domain='0' bus='0' slot='2' "
             "function='0'/></memballoon>",
             0);
        MUST(test_devices.disk_errors, test, 0);
        CHECK(job.result.values.n == 3 && job.result.values.items[2].i == DISK_ERROR_UNSPEC);
}

/* ---- limits ---- */

static Values given;

static Values *with(const char *name, Value value_) {
        size_t n = given.n;
        Values one = {};

        /* as an element of an array, whose head isn't one of the parameters */
        values_named(&one, values_array(&one), value_, "%s", name);
        CHECK(!one.failed && one.n == 2);
        given.items = reallocarray(given.items, n + 1, sizeof(Value));
        given.items[given.n++] = one.items[1];
        free(one.items);
        return &given;
}

static Values *only(const char *name, Value value_) {
        values_clear(&given);
        given = (Values) {};
        return with(name, value_);
}

static void test_memory_limits(void) {
        Domain *test = again();

        MUST(test_tuning.get_memory, test, NULL, 0);
        CHECK(value("hard_limit")->t == MEMORY_UNLIMITED);
        MUST(test_tuning.set_memory, test, NULL, only("hard_limit", NAMED_UINT(5000)), BOTH);
        IN_LIVE("<hard_limit unit='KiB'>5000</hard_limit>");
        IN_CONFIG("<hard_limit unit='KiB'>5000</hard_limit>");
        REFUSED(ERROR_INVALID_ARG, "lower than or equal", test_tuning.set_memory, test, NULL,
                only("swap_hard_limit", NAMED_ULLONG(4000)), 0);
        REFUSED(ERROR_INVALID_ARG, "not supported", test_tuning.set_memory, test, NULL,
                only("easy_limit", NAMED_ULLONG(1)), 0);
        REFUSED(ERROR_INVALID_ARG, "type", test_tuning.set_memory, test, NULL,
                only("hard_limit", NAMED_STRING("1")), 0);
        MUST(test_tuning.set_memory, test, NULL, only("hard_limit", NAMED_ULLONG(MEMORY_UNLIMITED)),
             0);
        NOT_LIVE("hard_limit");
        IN_CONFIG("hard_limit");
}

static void test_numa(void) {
        Domain *test = again();

        REFUSED(ERROR_INVALID_ARG, "mode", test_tuning.set_numa, test, NULL,
                only("numa_mode", NAMED_INT(4)), CONFIG);
        REFUSED(ERROR_OPERATION_INVALID, "nodeset", test_tuning.set_numa, test, NULL,
                only("numa_nodeset", NAMED_STRING("")), CONFIG);
        only("numa_nodeset", NAMED_STRING("0-1"));
        MUST(test_tuning.set_numa, test, NULL, with("numa_mode", NAMED_INT(2)), BOTH);
        IN_CONFIG("<memory mode='interleave' nodeset='0-1'/>");
        MUST(test_tuning.get_numa, test, NULL, LIVE_ONLY);
        CHECK(value("numa_mode")->i == 2);
        CHECK_TEXT(value("numa_nodeset")->s, "0-1");
        REFUSED(ERROR_OPERATION_INVALID, "running", test_tuning.set_numa, test, NULL,
                only("numa_mode", NAMED_INT(0)), LIVE_ONLY);
        MUST(test_tuning.set_numa, test, NULL, only("numa_mode", NAMED_INT(0)), CONFIG);
}

static void test_shares(void) {
        Domain *test = again();
        int n;

        CHECK_TEXT(test_tuning.scheduler_type(test, &n), "fair");
        CHECK(n == 1);
        MUST(test_tuning.get_scheduler, test, NULL, 0);
        CHECK(value("weight")->u == 50);
        MUST(test_tuning.set_scheduler, test, NULL, only("weight", NAMED_UINT(70)), BOTH);
        MUST(test_tuning.get_scheduler, test, NULL, CONFIG);
        CHECK(value("weight")->u == 70);
        REFUSED(ERROR_INVALID_ARG, "range", test_tuning.set_scheduler, test, NULL,
                only("weight", NAMED_UINT(1)), 0);

        /* the parameters of schedulers with quotas, on the definition alone */
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        _cleanup_(values_clear) Values values = {};
        CHECK(domain_conf(test, DOMAIN_LIVE, &conf, NULL) >= 0);
        only("vcpu_quota", NAMED_LLONG(-1));
        with("emulator_period", NAMED_ULLONG(5000));
        CHECK(tune_check(&tune_scheduler, &given, NULL) >= 0);
        CHECK(tune_set(&tune_scheduler, conf, NULL, &given, true, NULL) >= 0);
        CHECK(conf->cputune.quota == -1 && conf->cputune.emulator_period == 5000);
        CHECK(tune_get(&tune_scheduler, conf, NULL, &values, NULL) >= 0 && values.n == 10);
        CHECK(tune_check(&tune_scheduler, only("global_period", NAMED_ULLONG(999)), NULL) < 0);
        CHECK(tune_check(&tune_scheduler, only("global_quota", NAMED_LLONG(-2)), NULL) < 0);
        CHECK(tune_check(&tune_scheduler, only("global_quota", NAMED_LLONG(0)), NULL) >= 0);
}

static void test_blkio(void) {
        Domain *test = again();

        only("weight", NAMED_UINT(500));
        MUST(test_tuning.set_blkio, test, NULL,
             with("device_weight", NAMED_STRING("/dev/sda,100,/dev/sdb,200")), BOTH);
        MUST(test_tuning.set_blkio, test, NULL,
             only("device_read_bytes_sec", NAMED_STRING("/dev/sdb,5000000000")), LIVE_ONLY);
        MUST(test_tuning.get_blkio, test, NULL, 0);
        CHECK(value("weight")->u == 500);
        CHECK_TEXT(value("device_weight")->s, "/dev/sda,100,/dev/sdb,200");
        CHECK_TEXT(value("device_read_bytes_sec")->s, "/dev/sdb,5000000000");
        CHECK_TEXT(value("device_write_bytes_sec")->s, "");
        MUST(test_tuning.set_blkio, test, NULL,
             only("device_weight", NAMED_STRING("/dev/sda,0")), LIVE_ONLY);
        NOT_LIVE("/dev/sda");
        IN_CONFIG("<path>/dev/sda</path>");
        static const char *const wrong[] = {
                "/dev/sda", "/dev/sda,", "/dev/sda,x", ",1", "/dev/sda,1,", "/dev/sda,-1",
                "/dev/sda,1,/dev/sdb", "/dev/sda,5000000000",
        };
        for (size_t i = 0; i < ELEMENTS(wrong); i++)
                REFUSED(ERROR_INVALID_ARG, "unable to parse", test_tuning.set_blkio, test, NULL,
                        only("device_weight", NAMED_STRING(wrong[i])), 0);
}

static void test_iotune(void) {
        Domain *test = again();

        MUST(test_tuning.set_iotune, test, "vda", only("total_bytes_sec", NAMED_UINT(1000)), BOTH);
        TALE("~20 tunable blkdeviotune.disk blkdeviotune.total_bytes_sec");
        IN_LIVE("<total_bytes_sec>1000</total_bytes_sec>");
        /* what is given of a part replaces the part */
        MUST(test_tuning.set_iotune, test, "vda", only("read_bytes_sec", NAMED_ULLONG(10)), 0);
        NOT_LIVE("total_bytes_sec");
        IN_LIVE("<read_bytes_sec>10</read_bytes_sec>");
        only("total_iops_sec", NAMED_ULLONG(1));
        REFUSED(ERROR_INVALID_ARG, "same time", test_tuning.set_iotune, test, "vda",
                with("write_iops_sec", NAMED_ULLONG(1)), 0);
        only("read_bytes_sec", NAMED_ULLONG(100));
        REFUSED(ERROR_INVALID_ARG, "higher", test_tuning.set_iotune, test, "vda",
                with("read_bytes_sec_max", NAMED_ULLONG(50)), 0);
        REFUSED(ERROR_INVALID_ARG, "not found", test_tuning.set_iotune, test, "vdz",
                only("read_bytes_sec", NAMED_ULLONG(1)), 0);
        REFUSED(ERROR_INVALID_ARG, "range", test_tuning.set_iotune, test, "vda",
                only("read_bytes_sec", NAMED_ULLONG(UINT64_C(1000000000000001))), 0);
        MUST(test_tuning.set_iotune, test, "/guest/diskimage1",
             only("group_name", NAMED_STRING("g")), 0);
        MUST(test_tuning.get_iotune, test, "vda", 0);
        CHECK(value("read_bytes_sec")->t == 10 && value("total_bytes_sec")->t == 0);
        CHECK_TEXT(value("group_name")->s, "g");
        only("read_bytes_sec", NAMED_ULLONG(0));
        MUST(test_tuning.set_iotune, test, "vda", with("group_name", NAMED_STRING("")), 0);
        NOT_LIVE("iotune");
}

static void test_bandwidth_and_perf(void) {
        Domain *test = again();

        only("inbound.average", NAMED_UINT(100));
        MUST(test_tuning.set_interface, test, "testnet0",
             with("inbound.peak", NAMED_UINT(200)), BOTH);
        IN_LIVE("<inbound average='100' peak='200'/>");
        MUST(test_tuning.set_interface, test, "aa:bb:cc:dd:ee:ff",
             only("outbound.average", NAMED_UINT(7)), BOTH);
        IN_CONFIG("<outbound average='7'/>");
        MUST(test_tuning.set_interface, test, "testnet0", only("inbound.average", NAMED_UINT(0)),
             LIVE_ONLY);
        NOT_LIVE("<inbound");
        MUST(test_tuning.get_interface, test, "testnet0", CONFIG);
        CHECK(value("inbound.peak")->u == 200 && value("outbound.average")->u == 7);
        REFUSED(ERROR_INVALID_ARG, "not a known interface", test_tuning.get_interface, test,
                "vnet7", 0);

        only("cmt", NAMED_BOOLEAN(true));
        MUST(test_tuning.set_perf, test, NULL, with("page_faults", NAMED_BOOLEAN(false)), 0);
        MUST(test_tuning.get_perf, test, NULL, 0);
        CHECK(value("cmt")->b && !value("page_faults")->b && !value("mbmt")->b);
        IN_LIVE("<event name='cmt' enabled='yes'/>");
        IN_LIVE("<event name='page_faults' enabled='no'/>");
}

/* ---- processors and memory ---- */

static uint32_t vcpus(Domain *test, uint32_t flags) {
        MUST(test_processors.get_vcpus, test, flags);
        return job.result.values.items[0].u;
}

static void test_vcpus(void) {
        Domain *test = again();

        CHECK(vcpus(test, 0) == 2 && vcpus(test, DOMAIN_VCPU_MAXIMUM) == 2);
        MUST(test_processors.set_vcpus, test, 2, 0);
        CHECK(vcpus(test, 0) == 2);
        REFUSED(ERROR_INVALID_ARG, "zero", test_processors.set_vcpus, test, 0, 0);
        REFUSED(ERROR_INVALID_ARG, "3 > 2", test_processors.set_vcpus, test, 3, 0);
        REFUSED(ERROR_INVALID_ARG, "33 > 32", test_processors.set_vcpus, test, 33, 0);
        REFUSED(ERROR_INVALID_ARG, "flag", test_processors.set_vcpus, test, 4,
                DOMAIN_VCPU_MAXIMUM);
        REFUSED(ERROR_INVALID_ARG, "running", test_processors.set_vcpus, test, 4,
                DOMAIN_VCPU_MAXIMUM | BOTH);
        MUST(test_processors.set_vcpus, test, 4, DOMAIN_VCPU_MAXIMUM | CONFIG);
        CHECK(vcpus(test, DOMAIN_VCPU_MAXIMUM | CONFIG) == 4 && vcpus(test, CONFIG) == 2);
        CHECK(vcpus(test, DOMAIN_VCPU_MAXIMUM) == 2);
        IN_CONFIG("<vcpu placement='static' current='2'>4</vcpu>");
        MUST(test_processors.set_vcpus, test, 1, BOTH);
        CHECK(vcpus(test, 0) == 1 && vcpus(test, CONFIG) == 1);
        MUST(test_processors.set_vcpus, test, 3, CONFIG | DOMAIN_VCPU_HOTPLUGGABLE);
        IN_CONFIG("<vcpu id='2' enabled='yes' hotpluggable='yes'/>");
        IN_CONFIG("<vcpu id='3' enabled='no' hotpluggable='");
        MUST(test_processors.set_vcpus, test, 2, CONFIG | DOMAIN_VCPU_MAXIMUM);
        CHECK(vcpus(test, CONFIG) == 2);

        MUST(test_processors.set_vcpus, test, 2, 0);
        MUST(test_processors.set_vcpus, test, 1, DOMAIN_VCPU_GUEST);
        CHECK(vcpus(test, DOMAIN_VCPU_GUEST) == 1 && vcpus(test, 0) == 2);
}

static void test_pins(void) {
        static const bool some[] = { false, true, true, false, true }, none[3] = {};
        Domain *test = again();

        MUST(test_processors.get_vcpu_pins, test, 0);
        CHECK(job.result.values.items[0].n == 2 && job.result.values.items[1].n == TEST_CPUS);
        for (size_t i = 2; i < 2 + TEST_CPUS; i++)
                CHECK(job.result.values.items[i].b);
        MUST(test_processors.pin_vcpu, test, 1, some, ELEMENTS(some), BOTH);
        IN_LIVE("<vcpupin vcpu='1' cpuset='1-2,4'/>");
        IN_CONFIG("<vcpupin vcpu='1' cpuset='1-2,4'/>");
        REFUSED(ERROR_INVALID_ARG, "'2'", test_processors.pin_vcpu, test, 2, some, 3, 0);
        REFUSED(ERROR_INVALID_ARG, "Empty", test_processors.pin_vcpu, test, 0, none, 3, 0);
        MUST(test_processors.get_vcpu_pins, test, 0);
        CHECK(job.result.values.items[2].b && !job.result.values.items[3 + TEST_CPUS].b &&
              job.result.values.items[4 + TEST_CPUS].b);
        MUST(test_processors.pin_emulator, test, some, 2, 0);
        IN_LIVE("<emulatorpin cpuset='1'/>");
        MUST(test_processors.get_emulator_pin, test, 0);
        CHECK(job.result.values.n == 1 + TEST_CPUS && job.result.values.items[2].b &&
              !job.result.values.items[1].b);
}

static void test_iothreads(void) {
        static const bool some[] = { true };
        Domain *test = again();

        REFUSED(ERROR_INVALID_ARG, "0", test_processors.add_iothread, test, 0, 0);
        MUST(test_processors.add_iothread, test, 3, BOTH);
        MUST(test_processors.add_iothread, test, 1, 0);
        IN_LIVE("<iothreads>2</iothreads>");
        IN_LIVE("<iothread id='3'/>");
        REFUSED(ERROR_INVALID_ARG, "already using", test_processors.add_iothread, test, 3, CONFIG);
        MUST(test_processors.pin_iothread, test, 3, some, 1, 0);
        REFUSED(ERROR_INVALID_ARG, "not found", test_processors.pin_iothread, test, 2, some, 1, 0);
        MUST(test_processors.get_iothreads, test, 0);
        CHECK(job.result.values.items[0].n == 2 && job.result.values.items[1].u == 3);
        MUST(test_devices.attach, test, DISK("vdb", "<driver name='qemu' iothread='1'/>"), 0);
        REFUSED(ERROR_INVALID_ARG, "being used", test_processors.del_iothread, test, 1, 0);
        REFUSED(ERROR_INVALID_ARG, "cannot find", test_processors.del_iothread, test, 9, 0);
        MUST(test_processors.del_iothread, test, 3, BOTH);
        NOT_LIVE("iothreadpin");
        NOT_CONFIG("iothread");
}

static void test_memory(void) {
        Domain *test = again();

        MUST(test_processors.set_memory, test, 1048576, BOTH);
        TALE("~20 balloon 1048576");
        IN_LIVE("<currentMemory unit='KiB'>1048576</currentMemory>");
        REFUSED(ERROR_INVALID_ARG, "higher", test_processors.set_memory, test, 8388609, 0);
        REFUSED(ERROR_OPERATION_INVALID, "active", test_processors.set_memory, test, 9000000,
                DOMAIN_MEM_MAXIMUM);
        MUST(test_processors.set_memory, test, 524288, DOMAIN_MEM_MAXIMUM | CONFIG);
        IN_CONFIG("<memory unit='KiB'>524288</memory>");
        IN_CONFIG("<currentMemory unit='KiB'>524288</currentMemory>");
        MUST(test_processors.set_memory_period, test, 5, 0);
        IN_LIVE("<stats period='5'/>");
        REFUSED(ERROR_INVALID_ARG, "negative", test_processors.set_memory_period, test, -1, 0);
        MUST(test_devices.detach, test, "<memballoon model='virtio'/>", 0);
        REFUSED(ERROR_OPERATION_INVALID, "balloon", test_processors.set_memory_period, test, 5, 0);
}

static void test_sets(void) {
        static const char *const wrong[] = { "a", "1-", "-1", "3-1", "1,,2", "1,", "^", "99999" };
        bool map[8];
        char *text;

        CHECK(cpuset_parse(" 0-3 ,^2,6-20", map, 8) == 0);
        text = cpuset_format(map, 8);
        CHECK_TEXT(text, "0-1,3,6-7");
        free(text);
        CHECK(cpuset_parse("", map, 8) == 0 && !map[0]);
        for (size_t i = 0; i < ELEMENTS(wrong); i++)
                CHECK(cpuset_parse(wrong[i], map, 8) < 0);
}

/* ---- what guests say ---- */

static void test_statistics_of_guests(void) {
        Domain *test = again();
        size_t head;

        fresh();
        head = values_array(&job.result.values);
        test_statistics.append(test, test_statistics.groups, 0, &job.result.values, head);
        CHECK(!job.result.values.failed && job.result.values.items[0].n + 1 == job.result.values.n);
        CHECK(value("state.state")->i == DOMAIN_RUNNING && value("vcpu.maximum")->u == 2);
        CHECK(value("balloon.maximum")->t == 8388608 && value("net.count")->u == 1);
        CHECK_TEXT(value("block.0.name")->s, "vda");
        CHECK_TEXT(value("net.0.name")->s, "testnet0");
        MUST(test_statistics.control, test, 0);
        CHECK(job.result.values.items[0].u == CONTROL_OK);
        MUST(test_agent.set_time, test, 30002, 0, 0);
        MUST(test_statistics.control, test, 0);
        CHECK(job.result.values.items[0].u == CONTROL_ERROR &&
              job.result.values.items[1].u == CONTROL_ERROR_MONITOR &&
              job.result.values.items[2].t == 2);
        REFUSED(ERROR_OPERATION_INVALID, "no job", test_statistics.abort_job, test);
        MUST(test_statistics.job_info, test);
        CHECK(job.result.values.n == 12);
        MUST(test_lifecycle.destroy, test, 0);
        REFUSED(ERROR_OPERATION_INVALID, "not running", test_statistics.memory, test, 0);
        fresh();
        head = values_array(&job.result.values);
        test_statistics.append(test, test_statistics.groups, 0, &job.result.values, head);
        CHECK(value("state.state")->i == DOMAIN_SHUTOFF && value("block.count")->u == 1);
        CHECK(!values_find(&job.result.values, "cpu.time"));
}

static void test_agent_of_guests(void) {
        static const char *const boot[] = { "/boot" }, *const wrong[] = { "/", "/home" };
        static const bool second[] = { false, true }, first[] = { true };
        Domain *test = again();

        MUST(test_agent.freeze, test, boot, 1, 0);
        CHECK(job.result.values.items[0].u == 1);
        MUST(test_agent.freeze, test, NULL, 0, 0);
        CHECK(job.result.values.items[0].u == 1);
        REFUSED(ERROR_OPERATION_INVALID, "/home", test_agent.thaw, test, wrong, 2, 0);
        MUST(test_agent.thaw, test, NULL, 0, 0);
        CHECK(job.result.values.items[0].u == 2);
        MUST(test_agent.trim, test, NULL, 0, 0);
        MUST(test_agent.trim, test, "/boot", 0, 0);
        REFUSED(ERROR_OPERATION_INVALID, "/x", test_agent.trim, test, "/x", 0, 0);
        MUST(test_agent.file_systems, test, 0);
        CHECK(job.result.values.items[0].n == 2);
        CHECK_TEXT(job.result.values.items[2].s, "vda1");
        MUST(test_agent.hostname, test, 0);
        CHECK_TEXT(job.result.text, "testhost");
        MUST(test_agent.set_vcpus, test, second, 2, 0, 0);
        MUST(test_agent.get_vcpus, test, 0);
        CHECK_TEXT(value("online")->s, "0");
        CHECK_TEXT(value("vcpus")->s, "0-1");
        REFUSED(ERROR_INVALID_ARG, "offlined", test_agent.set_vcpus, test, first, 1, 0, 0);
        MUST(test_agent.get_time, test, 0);
        CHECK(job.result.values.items[0].t == 627319920);
        MUST(test_lifecycle.suspend, test);
        REFUSED(ERROR_OPERATION_INVALID, "not running", test_agent.get_time, test, 0);
}

static void test_control_of_guests(void) {
        static const uint32_t keys[] = { 30, 48 }, wrong[] = { 30, 100000 };
        Domain *test = again();

        MUST(test_control.send_key, test, KEYCODE_LINUX, 100, keys, 2, 0);
        REFUSED(ERROR_INVALID_ARG, "100000", test_control.send_key, test, KEYCODE_LINUX, 100,
                wrong, 2, 0);
        REFUSED(ERROR_INVALID_ARG, "codeset", test_control.send_key, test, 77, 100, keys, 2, 0);
        MUST(test_control.send_signal, test, 1, 15, 0);
        REFUSED(ERROR_INVALID_ARG, "pid 1", test_control.send_signal, test, 2, 15, 0);
        REFUSED(ERROR_INVALID_ARG, "range", test_control.send_signal, test, 1, 65, 0);
        MUST(test_control.inject_nmi, test, 0);
        REFUSED(ERROR_OPERATION_INVALID, "pmsuspended", test_control.pm_wakeup, test, 0);
        MUST(test_control.peek_memory, test, 254, 4, MEMORY_PHYSICAL);
        CHECK(job.result.values.items[0].bytes.size == 4 &&
              memcmp(job.result.values.items[0].bytes.data, "\xfe\xff\x00\x01", 4) == 0);
        REFUSED(ERROR_INVALID_ARG, "flags", test_control.peek_memory, test, 0, 1, 0);
}

static void test_blocks_of_guests(void) {
        Domain *test = again();

        MUST(test_blocks.info, test, "vda", 0);
        CHECK(job.result.values.n == 4 && job.result.values.items[0].i == 0);
        REFUSED(ERROR_INVALID_ARG, "vdx", test_blocks.info, test, "vdx", 0);
        REFUSED(ERROR_OPERATION_INVALID, "active block job", test_blocks.abort, test, "vda", 0);
}

int main(void) {
        tale_begin();
        test_aim();
        test_metadata();
        test_disks();
        test_nets();
        test_other_devices();
        test_memory_limits();
        test_numa();
        test_shares();
        test_blkio();
        test_iotune();
        test_bandwidth_and_perf();
        test_vcpus();
        test_pins();
        test_iothreads();
        test_memory();
        test_sets();
        test_statistics_of_guests();
        test_agent_of_guests();
        test_control_of_guests();
        test_blocks_of_guests();
        values_clear(&given);
        return world_end();
}
