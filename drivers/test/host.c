/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The machine that the test driver shows: not the one below, and the same each time. Numbers are
 * those of libvirt's test:///default. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "drivers/test/driver.h"

enum {
        CELL_CPUS = 8,
        CELL_MEMORY = 2048 * 1024, /* KiB, of the first; the second has twice as much */
        CELL_FREE = 1024,          /* KiB, likewise */
        MEMORY = 3 * 1024 * 1024,  /* KiB that the node says it has */
};

/* ---- the hypervisor ---- */

static uint64_t version(Connection *connection) {
        return 2;
}

static void print_cell(FILE *out, int cell) {
        static const int page[TEST_CELLS] = { 4, 8 }; /* KiB */
        int memory = (cell + 1) * CELL_MEMORY;

        fprintf(out, "        <cell id='%d'>\n", cell);
        fprintf(out, "          <memory unit='KiB'>%d</memory>\n", memory);
        fprintf(out, "          <pages unit='KiB' size='%d'>%d</pages>\n", page[cell],
                memory / page[cell]);
        fprintf(out, "          <pages unit='KiB' size='2048'>0</pages>\n");
        fprintf(out, "          <pages unit='KiB' size='1048576'>0</pages>\n");
        fprintf(out, "          <cpus num='%d'>\n", CELL_CPUS);
        for (int i = 0; i < CELL_CPUS; i++)
                fprintf(out,
                        "            <cpu id='%d' socket_id='%d' core_id='%d' siblings='%d'/>\n",
                        cell * CELL_CPUS + i, cell, i, cell * CELL_CPUS + i);
        fprintf(out, "          </cpus>\n        </cell>\n");
}

static void print_guest(FILE *out, const char *os_type) {
        fprintf(out,
                "  <guest>\n"
                "    <os_type>%s</os_type>\n"
                "    <arch name='i686'>\n"
                "      <wordsize>32</wordsize>\n"
                "      <emulator>/usr/bin/test-hv</emulator>\n"
                "      <domain type='test'/>\n"
                "    </arch>\n"
                "    <features>\n"
                "      <pae/>\n"
                "      <nonpae/>\n"
                "    </features>\n"
                "  </guest>\n",
                os_type);
}

static int capabilities(Connection *connection, Job *job, Error *error) {
        size_t size;
        FILE *out = open_memstream(&job->result.text, &size);

        if (!out)
                return fail_memory(error);
        fprintf(out,
                "<capabilities>\n"
                "  <host>\n"
                "    <cpu>\n"
                "      <arch>i686</arch>\n"
                "      <features>\n"
                "        <pae/>\n"
                "        <nonpae/>\n"
                "      </features>\n"
                "      <pages unit='KiB' size='4'/>\n"
                "      <pages unit='KiB' size='8'/>\n"
                "      <pages unit='KiB' size='2048'/>\n"
                "      <pages unit='KiB' size='1048576'/>\n"
                "    </cpu>\n"
                "    <power_management/>\n"
                "    <iommu support='no'/>\n"
                "    <topology>\n"
                "      <cells num='%d'>\n",
                TEST_CELLS);
        for (int i = 0; i < TEST_CELLS; i++)
                print_cell(out, i);
        fprintf(out, "      </cells>\n    </topology>\n"
                     "    <secmodel>\n      <model>testSecurity</model>\n      <doi></doi>\n"
                     "    </secmodel>\n  </host>\n");
        print_guest(out, "hvm");
        print_guest(out, "xen");
        fprintf(out, "</capabilities>\n");
        return fclose(out) < 0 ? fail_memory(error) : DONE;
}

static int cpu_models(Connection *connection, const char *arch, uint32_t flags, Job *job,
                      Error *error) {
        static const char *const names[] = {
                "486", "pentium", "pentium2", "pentium3", "pentiumpro", "coreduo", "n270",
                "core2duo", "qemu32", "kvm32", "cpu64-rhel5", "cpu64-rhel6", "qemu64", "kvm64",
                "Conroe", "Penryn", "Nehalem", "Westmere", "SandyBridge", "IvyBridge",
                "Haswell-noTSX", "Haswell", "Broadwell-noTSX", "Broadwell", "Skylake-Client",
                "Skylake-Server", "Cascadelake-Server", "Icelake-Client", "Icelake-Server",
                "Cooperlake", "Snowridge", "athlon", "phenom", "Opteron_G1", "Opteron_G2",
                "Opteron_G3", "Opteron_G4", "Opteron_G5", "EPYC", "EPYC-IBPB", "EPYC-Rome",
                "EPYC-Milan", "Dhyana",
        };
        size_t size;
        FILE *out;

        if (!arch || (strcmp(arch, "i686") != 0 && strcmp(arch, "x86_64") != 0))
                return fail(error, ERROR_INVALID_ARG, "cannot find architecture %s", arch ?: "");
        out = open_memstream(&job->result.text, &size);
        if (!out)
                return fail_memory(error);
        for (size_t i = 0; i < ELEMENTS(names); i++)
                fprintf(out, "%s\n", names[i]);
        return fclose(out) < 0 ? fail_memory(error) : DONE;
}

const HypervisorOps test_hypervisor = {
        .version = version,
        .capabilities = capabilities,
        .cpu_models = cpu_models,
};

/* ---- the node ---- */

static char *hostname(Connection *connection) {
        char name[HOST_NAME_MAX + 1];

        return strdup(gethostname(name, sizeof(name)) < 0 ? "localhost" : name);
}

static int cpu_map(Connection *connection, bool **ret_online, size_t *ret_n, Error *error) {
        static const bool online[TEST_CPUS] = { true, false, true, false, true };
        bool *copy = malloc(sizeof(online));

        if (!copy)
                return fail_memory(error);
        *ret_online = memcpy(copy, online, sizeof(online));
        *ret_n = TEST_CPUS;
        return 0;
}

static int cpu_times(Connection *connection, int cpu, NodeCpuTimes *ret, Error *error) {
        if (cpu < -1 || cpu >= TEST_CPUS)
                return fail(error, ERROR_INVALID_ARG, "Invalid cpuNum in virNodeGetCPUStats");
        *ret = (NodeCpuTimes) {
                .user = 9797400000, .kernel = 34678723400000, .idle = 87264900000,
                .iowait = 763600000,
        };
        return 0;
}

static int memory(Connection *connection, int cell, NodeMemory *ret, Error *error) {
        if (cell < -1 || cell >= TEST_CELLS)
                return fail(error, ERROR_INVALID_ARG, "Range exceeds available cells");
        if (cell < 0)
                *ret = (NodeMemory) { .total = MEMORY, .free = 3 * CELL_FREE };
        else
                *ret = (NodeMemory) { .total = (cell + 1) * CELL_MEMORY,
                                      .free = (cell + 1) * CELL_FREE };
        return 0;
}

static int sysinfo(Connection *connection, char **ret, Error *error) {
        *ret = strdup("<sysinfo type='smbios'>\n"
                      "  <bios>\n"
                      "    <entry name='vendor'>LENOVO</entry>\n"
                      "    <entry name='version'>G4ETA1WW (2.61 )</entry>\n"
                      "    <entry name='date'>05/07/2014</entry>\n"
                      "    <entry name='release'>2.61</entry>\n"
                      "  </bios>\n"
                      "</sysinfo>\n");
        return *ret ? 0 : fail_memory(error);
}

static int security_model(Connection *connection, const char **ret_model, const char **ret_doi,
                          Error *error) {
        *ret_model = "testSecurity";
        *ret_doi = "";
        return 0;
}

const NodeOps test_node = {
        .hostname = hostname,
        .cpu_map = cpu_map,
        .cpu_times = cpu_times,
        .memory = memory,
        .sysinfo = sysinfo,
        .security_model = security_model,
};
