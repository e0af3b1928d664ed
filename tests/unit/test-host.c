/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host as its files describe it: hosts made of files, and this one. */
#include "drivers/host.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "conf/xml.h"
#include "drivers/host-private.h"
#include "tests/unit/check.h"

static char root[] = "/tmp/test-host-XXXXXX";

/* Writes a file below the root, with its folders. */
__attribute__((format(printf, 2, 3))) static void put(const char *text, const char *format, ...) {
        char path[512];
        va_list ap;

        int n = snprintf(path, sizeof(path), "%s", root);
        va_start(ap, format);
        vsnprintf(path + n, sizeof(path) - n, format, ap);
        va_end(ap);
        for (char *slash = strchr(path + n + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                *slash = 0;
                CHECK(mkdir(path, 0700) == 0 || errno == EEXIST);
                *slash = '/';
        }
        FILE *file = fopen(path, "we");
        CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void remove_root(void) {
        char command[64];

        snprintf(command, sizeof(command), "rm -rf %s/*", root);
        CHECK(system(command) == 0);
}

/* Two cells, each a socket of two cores of two threads; CPU 7 is offline if asked. */
static void make_host(bool offline) {
        char text[64];

        put("0-7\n", "/sys/devices/system/cpu/present");
        put(offline ? "0-6\n" : "0-7\n", "/sys/devices/system/cpu/online");
        for (int i = 0; i < (offline ? 7 : 8); i++) {
                snprintf(text, sizeof(text), "%d\n", i / 4);
                put(text, "/sys/devices/system/cpu/cpu%d/topology/physical_package_id", i);
                put("0\n", "/sys/devices/system/cpu/cpu%d/topology/die_id", i);
                snprintf(text, sizeof(text), "%d\n", i % 4 / 2);
                put(text, "/sys/devices/system/cpu/cpu%d/topology/core_id", i);
                snprintf(text, sizeof(text), "%d-%d\n", i / 2 * 2, i / 2 * 2 + 1);
                put(text, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", i);
        }
        for (int i = 0; i < 2; i++) {
                put(i == 0 ? "0-3\n" : offline ? "4-6\n" : "4-7\n",
                    "/sys/devices/system/node/node%d/cpulist", i);
                put("Node 0 MemTotal:       4194304 kB\nNode 0 MemFree:  1000 kB\n",
                    "/sys/devices/system/node/node%d/meminfo", i);
                put(i == 0 ? "10 21\n" : "21 10\n", "/sys/devices/system/node/node%d/distance", i);
                put(i == 0 ? "512\n" : "0\n",
                    "/sys/devices/system/node/node%d/hugepages/hugepages-2048kB/nr_hugepages", i);
        }
        put("512\n", "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
        put("MemTotal:        8388608 kB\nMemFree:         2000 kB\nMemAvailable:    3000 kB\n"
            "Buffers:         40 kB\nCached:          50 kB\nSwapCached:      60 kB\n",
            "/proc/meminfo");
        put("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 10 20 30 40 50 60 70 0 0 0\ncpu10 0 0 0 0 0 0 0 0\n",
            "/proc/stat");
        put("35383339-3134-5553-4531-30314e394a50\n", "/sys/class/dmi/id/product_uuid");
        put("freeze mem disk\n", "/sys/power/state");
        put("[platform] shutdown reboot suspend test_resume\n", "/sys/power/disk");
        put("", "/sys/kernel/iommu_groups/0/devices");
}

static const char intel[] =
        "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 63\n"
        "model name\t: Some CPU\nstepping\t: 2\nmicrocode\t: 0x2d\n"
        "flags\t\t: fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 "
        "clflush dts mmx fxsr sse sse2 ss ht syscall nx pdpe1gb rdtscp lm constant_tsc nonstop_tsc "
        "pni "
        "pclmulqdq vmx ssse3 fma cx16 pcid sse4_1 sse4_2 x2apic movbe popcnt tsc_deadline_timer "
        "aes xsave avx f16c rdrand lahf_lm abm fsgsbase bmi1 avx2 smep bmi2 erms invpcid ssbd ibrs "
        "stibp avx512_vnni unheard_of\nbugs\t\t: spectre_v1\n"
        "address sizes\t: 46 bits physical, 48 bits virtual\n\n"
        "processor\t: 1\nflags\t\t: none\n";

static const char expected[] =
        "<host>\n"
        "  <uuid>35383339-3134-5553-4531-30314e394a50</uuid>\n"
        "  <cpu>\n"
        "    <arch>%s</arch>\n"
        "    <model>Haswell-noTSX</model>\n"
        "    <vendor>Intel</vendor>\n"
        "    <microcode version='45'/>\n"
        "    <signature family='6' model='63' stepping='2'/>\n"
        "    <topology sockets='1' dies='1' cores='2' threads='2'/>\n"
        "    <maxphysaddr mode='emulate' bits='46'/>\n"
        "    <feature name='vme'/>\n    <feature name='ds'/>\n    <feature name='ss'/>\n"
        "    <feature name='ht'/>\n    <feature name='vmx'/>\n    <feature name='f16c'/>\n"
        "    <feature name='rdrand'/>\n    <feature name='avx512vnni'/>\n"
        "    <feature name='spec-ctrl'/>\n    <feature name='stibp'/>\n    <feature name='ssbd'/>\n"
        "    <feature name='pdpe1gb'/>\n    <feature name='abm'/>\n    <feature name='invtsc'/>\n"
        "    <pages unit='KiB' size='4'/>\n    <pages unit='KiB' size='2048'/>\n"
        "  </cpu>\n"
        "  <power_management>\n    <suspend_mem/>\n    <suspend_disk/>\n    <suspend_hybrid/>\n"
        "  </power_management>\n"
        "  <iommu support='yes'/>\n"
        "  <migration_features>\n    <live/>\n    <uri_transports>\n"
        "      <uri_transport>tcp</uri_transport>\n    </uri_transports>\n  </migration_features>\n"
        "  <topology>\n    <cells num='2'>\n"
        "      <cell id='0'>\n"
        "        <memory unit='KiB'>4194304</memory>\n"
        "        <pages unit='KiB' size='4'>786432</pages>\n"
        "        <pages unit='KiB' size='2048'>512</pages>\n"
        "        <distances>\n          <sibling id='0' value='10'/>\n"
        "          <sibling id='1' value='21'/>\n        </distances>\n"
        "        <cpus num='4'>\n"
        "          <cpu id='0' socket_id='0' die_id='0' core_id='0' siblings='0-1'/>\n"
        "          <cpu id='1' socket_id='0' die_id='0' core_id='0' siblings='0-1'/>\n"
        "          <cpu id='2' socket_id='0' die_id='0' core_id='1' siblings='2-3'/>\n"
        "          <cpu id='3' socket_id='0' die_id='0' core_id='1' siblings='2-3'/>\n"
        "        </cpus>\n"
        "      </cell>\n"
        "      <cell id='1'>\n"
        "        <memory unit='KiB'>4194304</memory>\n"
        "        <pages unit='KiB' size='4'>1048576</pages>\n"
        "        <pages unit='KiB' size='2048'>0</pages>\n"
        "        <distances>\n          <sibling id='0' value='21'/>\n"
        "          <sibling id='1' value='10'/>\n        </distances>\n"
        "        <cpus num='4'>\n"
        "          <cpu id='4' socket_id='1' die_id='0' core_id='0' siblings='4-5'/>\n"
        "          <cpu id='5' socket_id='1' die_id='0' core_id='0' siblings='4-5'/>\n"
        "          <cpu id='6' socket_id='1' die_id='0' core_id='1' siblings='6-7'/>\n"
        "          <cpu id='7' socket_id='1' die_id='0' core_id='1' siblings='6-7'/>\n"
        "        </cpus>\n"
        "      </cell>\n"
        "    </cells>\n  </topology>\n"
        "  <secmodel>\n    <model>%s</model>\n    <doi>0</doi>\n  </secmodel>\n"
        "</host>";

static void test_lists(void) {
        static const char *const bad[] = {
                "x", "1-", "-1", "3-1", "1,,2", "1 2", "99999999", "1-2-3",
        };
        bool *set;
        size_t n;

        CHECK(host_parse_list("0,2-4,7", &set, &n) == 0 && n == 8);
        CHECK(memcmp(set, (bool[]) { 1, 0, 1, 1, 1, 0, 0, 1 }, 8) == 0);
        free(set);
        CHECK(host_parse_list("", &set, &n) == 0 && n == 0);
        for (size_t i = 0; i < ELEMENTS(bad); i++)
                CHECK(host_parse_list(bad[i], &set, &n) == -EINVAL);
}

static void test_operations(void) {
        NodeCpuTimes times;
        NodeMemory memory;
        Error error = {};
        bool *online;
        size_t n;

        uint64_t tick = UINT64_C(1000000000) / sysconf(_SC_CLK_TCK);
        CHECK(host_node.cpu_map(NULL, &online, &n, &error) == 0 && n == 8);
        CHECK(online[6] && !online[7]);
        free(online);
        CHECK(host_node.cpu_times(NULL, -1, &times, &error) == 0);
        CHECK(times.user == 3 * tick && times.kernel == 16 * tick && times.idle == 4 * tick &&
              times.iowait == 5 * tick);
        CHECK(host_node.cpu_times(NULL, 0, &times, &error) == 0 && times.user == 30 * tick);
        CHECK(host_node.cpu_times(NULL, 1, &times, &error) == -EINVAL);
        CHECK(error.code == ERROR_INVALID_ARG);
        error_clear(&error);
        CHECK(host_node.memory(NULL, -1, &memory, &error) == 0);
        CHECK(memory.total == 8388608 && memory.free == 2000 && memory.buffers == 40 &&
              memory.cached == 50);
        CHECK(host_node.memory(NULL, 1, &memory, &error) == 0);
        CHECK(memory.total == 4194304 && memory.free == 1000 && memory.cached == 0);
        CHECK(host_node.memory(NULL, 2, &memory, &error) == -EINVAL);
        error_clear(&error);
}

static void test_capabilities(void) {
        char whole[sizeof(expected) + 64], *text;
        Error error = {};

        make_host(false);
        put(intel, "/proc/cpuinfo");
        snprintf(whole, sizeof(whole), expected, host_arch(), geteuid() == 0 ? "dac" : "none");
        CHECK(host_capabilities(&text, &error) == 0);
        CHECK_TEXT(text, whole);
        free(text);
}

/* A CPU is missing, no NUMA, no x86: less is said, and nothing wrong. */
static void test_poor_hosts(void) {
        char *text;

        remove_root();
        make_host(true);
        put("processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd\n", "/proc/cpuinfo");
        test_operations();
        CHECK(host_capabilities(&text, NULL) == 0);
        CHECK(strstr(text, "<topology sockets='1' dies='1' cores='7' threads='1'/>"));
        CHECK(strstr(text, "<cpus num='3'>"));
        CHECK(!strstr(text, "<feature") && !strstr(text, "<vendor>"));
        free(text);

        remove_root();
        put("0\n", "/sys/devices/system/cpu/present");
        put("MemTotal: 1024 kB\n", "/proc/meminfo");
        put("vendor_id\t: Unheard\nflags\t\t: fpu sse4_1\n", "/proc/cpuinfo");
        CHECK(host_capabilities(&text, NULL) == 0);
        CHECK(strstr(text, "<cells num='1'>") && strstr(text, "<memory unit='KiB'>1024</memory>"));
        CHECK(strstr(text, "<feature name='sse4.1'/>") && !strstr(text, "<vendor>"));
        CHECK(strstr(text, "<power_management/>") && strstr(text, "<iommu support='no'/>"));
        CHECK(strstr(text, "<cpu id='0'/>"));
        free(text);

        remove_root();
        Error error = {};
        CHECK(host_capabilities(&text, &error) < 0 && error.code == ERROR_SYSTEM);
        error_clear(&error);
}

/* A model is found from exactly its own flags and not with one less. */
static void test_models(void) {
        static const char head[] = "vendor_id\t: AuthenticAMD\nflags\t\t: ";
        static const char base[] = "fpu de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat "
                                   "pse36 clflush mmx fxsr sse sse2 syscall nx lm pni";
        static const struct {
                const char *more, *model;
        } cases[] = {
                { "", "Opteron_G1" },
                { " cx16 lahf_lm rdtscp", "Opteron_G1" },
                { " cx16 lahf_lm rdtscp svm", "Opteron_G2" },
                { " cx16 lahf_lm rdtscp svm abm misalignsse popcnt sse4a", "Opteron_G3" },
        };
        char text[1024];
        HostCpu cpu;

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                snprintf(text, sizeof(text), "%s%s%s\n", head, base, cases[i].more);
                put(text, "/proc/cpuinfo");
                CHECK(host_cpu_read(&cpu) == 0);
                CHECK_TEXT(cpu.model, cases[i].model);
                CHECK_TEXT(cpu.vendor, "AMD");
                CHECK(!cpu.features[0] == (i != 1));
                host_cpu_done(&cpu);
        }
        snprintf(text, sizeof(text), "%s%s\n", head, base + 4);
        put(text, "/proc/cpuinfo");
        CHECK(host_cpu_read(&cpu) == 0 && !cpu.model && cpu.features[0]);
        host_cpu_done(&cpu);
}

static void test_this_host(void) {
        _cleanup_(freep) char *first = NULL, *second = NULL, *name = host_node.hostname(NULL);
        _cleanup_(xml_doc_freep) xmlDoc *doc = NULL;
        NodeCpuTimes times;
        NodeMemory memory, cell;
        Error error = {};

        host_root = "";
        CHECK(name && name[0]);
        CHECK(host_node.cpu_times(NULL, -1, &times, &error) == 0);
        CHECK(times.user > 0 && times.idle > 0);
        CHECK(host_node.memory(NULL, -1, &memory, &error) == 0 && memory.total > memory.free);
        CHECK(host_node.memory(NULL, 0, &cell, &error) == 0 && cell.total <= memory.total * 2);
        CHECK(host_capabilities(&first, &error) == 0);
        CHECK(xml_parse(first, "host", &doc, &error) == 0);
        CHECK(host_capabilities(&second, &error) == 0);
        if (getenv("SHOW"))
                printf("%s\n", first);
}

int main(void) {
        CHECK(mkdtemp(root));
        host_root = root;
        test_lists();
        test_capabilities();
        test_poor_hosts();
        test_models();
        test_this_host();
        remove_root();
        CHECK(rmdir(root) == 0);
        return 0;
}
