/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The machine below Xen. Dom0 sees only what Xen gives it, so CPUs and memory are asked of Xen;
 * where there is none, the machine is what the kernel sees. */
#include <errno.h>

#include "drivers/host.h"
#include "drivers/xen/tuning.h"

/* NULL where the kernel knows better. */
static XenCore *core_of(Connection *connection) {
        return xen_driver_of(connection)->core;
}

/* ---- CPUs ---- */

static bool is_online(const libxl_cputopology *cpu) {
        return cpu->core != LIBXL_CPUTOPOLOGY_INVALID_ENTRY;
}

static int cpu_map(Connection *connection, bool **ret_online, size_t *ret_n, Error *error) {
        XenCore *core = core_of(connection);
        libxl_cputopology *cpus;
        bool *online;
        int n = 0;

        if (!core)
                return host_node.cpu_map(connection, ret_online, ret_n, error);
        cpus = XEN_CALL(core, libxl_get_cpu_topology(core->ctx, &n));
        if (!cpus)
                return fail(error, ERROR_OPERATION_FAILED, "cannot ask Xen for the host's CPUs");
        online = calloc((size_t) n + 1, sizeof(*online));
        *ret_n = 0;
        for (int i = 0; online && i < n; i++) {
                online[i] = is_online(&cpus[i]);
                if (online[i])
                        *ret_n = (size_t) i + 1;
        }
        libxl_cputopology_list_free(cpus, n);
        if (!online)
                return fail_memory(error);
        *ret_online = online;
        return 0;
}

size_t xen_cpus(Connection *connection) {
        _cleanup_(freep) bool *online = NULL;
        size_t n = 0;

        return cpu_map(connection, &online, &n, NULL) < 0 ? 1 : n;
}

/* What dom0's kernel counts are its own processors. */
static int cpu_times(Connection *connection, int cpu, NodeCpuTimes *ret, Error *error) {
        if (!core_of(connection))
                return host_node.cpu_times(connection, cpu, ret, error);
        return fail(error, ERROR_OPERATION_UNSUPPORTED,
                    "Xen doesn't tell what the host's CPUs did; what its guests did, their "
                    "statistics say");
}

/* ---- memory ---- */

static int whole_memory(XenCore *core, NodeMemory *ret, Error *error) {
        const libxl_version_info *version = XEN_CALL(core, libxl_get_version_info(core->ctx));
        uint64_t page = version && version->pagesize > 0 ? version->pagesize / 1024u : 4;
        libxl_physinfo info;

        libxl_physinfo_init(&info);
        int rc = XEN_CALL(core, libxl_get_physinfo(core->ctx, &info));
        *ret = (NodeMemory) {
                .total = info.total_pages * page,
                .free = (info.free_pages - MIN(info.free_pages, info.outstanding_pages)) * page,
        };
        libxl_physinfo_dispose(&info);
        return rc == 0 ? 0 : xen_fail(error, rc, NULL, "cannot ask Xen for the host's memory");
}

static int cell_memory(XenCore *core, int cell, NodeMemory *ret, Error *error) {
        int n = 0;
        libxl_numainfo *cells = XEN_CALL(core, libxl_get_numainfo(core->ctx, &n));
        bool there = cells && cell < n && cells[cell].size != LIBXL_NUMAINFO_INVALID_ENTRY;

        if (there)
                *ret = (NodeMemory) {
                        .total = cells[cell].size / 1024, .free = cells[cell].free / 1024,
                };
        if (cells)
                libxl_numainfo_list_free(cells, n);
        if (!cells)
                return fail(error, ERROR_OPERATION_FAILED,
                            "cannot ask Xen for the host's NUMA cells");
        return there ? 0 : fail(error, ERROR_INVALID_ARG, "NUMA cell %d does not exist", cell);
}

static int memory(Connection *connection, int cell, NodeMemory *ret, Error *error) {
        XenCore *core = core_of(connection);

        if (!core)
                return host_node.memory(connection, cell, ret, error);
        return cell < 0 ? whole_memory(core, ret, error) : cell_memory(core, cell, ret, error);
}

/* ---- the rest ---- */

static char *hostname(Connection *connection) {
        return host_node.hostname(connection);
}

static int security_model(Connection *connection, const char **ret_model, const char **ret_doi,
                          Error *error) {
        *ret_model = "none";
        *ret_doi = "0";
        return 0;
}

const NodeOps xen_node = {
        .hostname = hostname,
        .cpu_map = cpu_map,
        .cpu_times = cpu_times,
        .memory = memory,
        .security_model = security_model,
};
