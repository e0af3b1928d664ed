/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <cpu> as a document of its own, for who compares processors: its rows and rules. */
#include "conf/cpu.h"

#include <string.h>

#include "conf/domain-rows.h"

static const MapElement root_element = { "cpu", sizeof(CpuConf), (const MapField[]) {
        STRING("arch",      CpuConf, arch),
        STRUCT(".",         CpuConf, cpu, DomainCpu, &cpu_element),
        OPAQUE("signature", CpuConf, signature),
        OPAQUE("microcode", CpuConf, microcode),
        OPAQUE("counter",   CpuConf, counter),
        OPAQUE("pages",     CpuConf, pages),
        {}
} };

static int check_feature(const DomainCpu *cpu, size_t at, Error *error) {
        const CpuFeature *feature = cpu->features.items[at];

        for (size_t i = 0; i < at; i++)
                if (strcmp(cpu->features.items[i]->name, feature->name) == 0)
                        return fail(error, ERROR_XML, "line %ld: CPU feature '%s' is there twice",
                                    xmlGetLineNo(feature->item.node), feature->name);
        return 0;
}

static int cpu_check(const void *object, Error *error) {
        const CpuConf *conf = object;
        const DomainCpu *cpu = &conf->cpu;

        if (conf->arch && cpu->match)
                return fail(error, ERROR_XML,
                            "cpu: <arch> is of a host, and @match of a CPU for guests");
        if (!cpu->model && (conf->arch || cpu->features.n > 0))
                return fail(error, ERROR_XML, "cpu lacks <model>");
        for (size_t i = 0; i < cpu->features.n; i++) {
                int r = check_feature(cpu, i, error);

                if (r < 0)
                        return r;
        }
        return 0;
}

const DocumentKind cpu_kind = { .element = &root_element, .check = cpu_check };
