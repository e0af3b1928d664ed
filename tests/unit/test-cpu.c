/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processors compared and brought together, against libvirt's own samples.
 *
 *         test-cpu ../shared/corpus/cputestdata [-v]
 *
 * Models are those of drivers/host-cpu.h and of the QEMU that is installed. A sample with a model
 * that neither knows can't be judged; how many could is printed. */
#include <string.h>
#include <sys/stat.h>

#include "conf/api-domain.h"
#include "conf/xml.h"
#include "drivers/cpu.h"
#include "drivers/qemu/hypervisor.h"
#include "tests/unit/qemu.h"

static TestQemu qemu;
static CpuModels models; /* of it */
static const char *folder;
static bool verbose;

static char *sample(const char *name) {
        char path[PATH_MAX];

        snprintf(path, sizeof(path), "%s/%s.xml", folder, name);
        return test_read(path);
}

static CpuConf *parse(const char *text, Error *error) {
        CpuConf *conf = NULL;

        return text && cpu_conf_parse(text, 0, &conf, error) >= 0 ? conf : NULL;
}

/* ---- compare ---- */

enum { FAILS = -1, UNKNOWN = -2 }; /* UNKNOWN: a sample or model that isn't here */

static int compare(const char *host_name, const char *cpu_name) {
        _cleanup_(freep) char *host_text = sample(host_name), *cpu_text = sample(cpu_name);
        _cleanup_(freep) char *why = NULL;
        _cleanup_(error_clear) Error error = {};
        CpuConf *host_conf = parse(host_text, &error), *conf = parse(cpu_text, &error);
        CpuHost host = {};
        CpuRelation relation;
        int result = UNKNOWN;

        if (host_conf && cpu_text) {
                if (!conf || cpu_host_of(host_conf, &models, &host, &error) < 0 ||
                    cpu_compare(&host, conf, &models, &relation, &why, &error) < 0)
                        result = FAILS;
                else
                        result = relation;
        }
        if (verbose)
                printf("%s, %s: %d %s\n", host_name, cpu_name, result,
                       why ?: error.message ?: "");
        cpu_host_clear(&host);
        cpu_conf_free(host_conf);
        cpu_conf_free(conf);
        return result;
}

/* What libvirt says of its own samples. */
static const struct {
        const char *host, *cpu;
        int result;
} comparisons[] = {
        { "x86_64-host-no-vendor", "x86_64-host-no-vendor", CPU_IDENTICAL },
        { "x86_64-host-no-vendor", "x86_64-exact", CPU_SUPERSET },
        { "x86_64-host-no-vendor", "x86_64-min", CPU_SUPERSET },
        { "x86_64-host-no-vendor", "x86_64-pentium3", CPU_SUPERSET },
        { "x86_64-host-no-vendor", "x86_64-exact-forbid", CPU_INCOMPATIBLE },
        { "x86_64-host-no-vendor", "x86_64-exact-forbid-extra", CPU_SUPERSET },
        { "x86_64-host-no-vendor", "x86_64-exact-disable2", CPU_SUPERSET },
        { "x86_64-host-no-vendor", "x86_64-exact-disable-extra", CPU_SUPERSET },
        { "x86_64-host-no-vendor", "x86_64-exact-require", CPU_SUPERSET },
        { "x86_64-host-no-vendor", "x86_64-exact-require-extra", CPU_INCOMPATIBLE },
        { "x86_64-host-no-vendor", "x86_64-strict", CPU_INCOMPATIBLE },
        { "x86_64-host-no-vendor", "x86_64-strict-full", CPU_IDENTICAL },
        { "x86_64-host-no-vendor", "x86_64-strict-force-extra", CPU_IDENTICAL },
        { "x86_64-host-no-vendor", "x86_64-guest", CPU_SUPERSET },
        { "x86_64-host-no-vendor", "x86_64-bogus-model", FAILS },
        { "x86_64-host-no-vendor", "x86_64-bogus-vendor", FAILS },
        { "ppc64-host", "ppc64-host", CPU_IDENTICAL },
        { "ppc64-host", "ppc64-host-better", CPU_INCOMPATIBLE },
        { "ppc64-host", "ppc64-host-incomp-arch", CPU_INCOMPATIBLE },
        { "ppc64-host", "ppc64-guest", CPU_IDENTICAL },
        { "ppc64-host", "ppc64-guest-legacy-incompatible", CPU_INCOMPATIBLE },
};

static unsigned test_comparisons(void) {
        unsigned wrong = 0, judged = 0;

        for (size_t i = 0; i < ELEMENTS(comparisons); i++) {
                int result = compare(comparisons[i].host, comparisons[i].cpu);

                judged += result != UNKNOWN;
                if (result == UNKNOWN || result == comparisons[i].result)
                        continue;
                printf("WRONG: %s, %s: %d, not %d\n", comparisons[i].host, comparisons[i].cpu,
                       result, comparisons[i].result);
                wrong++;
        }
        printf("%u of %zu comparisons judged, %u wrong\n", judged, ELEMENTS(comparisons), wrong);
        return wrong;
}

static bool is_known(const char *name) {
        /* The models of one side are QEMU's alone, which says of them under TCG that they have no
         * "vme", whatever they have. */
        return strstr(name, "Pentium-P6100") || strstr(name, "Atom-P5362");
}

/* A host and the guest that has all of it are the same. */
static bool is_wrong(const char *file, unsigned *judged) {
        const char *end = strstr(file, "-host.xml");
        char host[256], guest[256];
        int result;

        if (strncmp(file, "x86_64-cpuid-", 13) != 0 || !end)
                return false;
        snprintf(host, sizeof(host), "%.*s-host", (int) (end - file), file);
        snprintf(guest, sizeof(guest), "%.*s-guest", (int) (end - file), file);
        result = compare(host, guest);
        *judged += result >= 0;
        if (result < 0 || result == CPU_IDENTICAL || is_known(host))
                return false;
        printf("WRONG: %s, %s: %d\n", host, guest, result);
        return true;
}

static unsigned test_hosts(void) {
        unsigned wrong = 0, judged = 0;
        struct dirent **names = NULL;
        int n = scandir(folder, &names, NULL, alphasort);

        for (int i = 0; i < n; i++) {
                wrong += is_wrong(names[i]->d_name, &judged);
                free(names[i]);
        }
        free(names);
        printf("%u hosts and their guests judged, %u wrong\n", judged, wrong);
        return wrong;
}

/* ---- baseline ---- */

static char *baseline(CpuConf *const *confs, size_t n, uint32_t flags) {
        _cleanup_(error_clear) Error error = {};
        char *text = NULL;

        if (cpu_baseline(confs, n, &models, flags, &text, &error) < 0 && verbose)
                printf("%s\n", error.message ?: "");
        return text;
}

/* The <cpu>s of a <cpuTest>. */
static size_t parse_all(const char *name, CpuConf *confs[static 8]) {
        _cleanup_(freep) char *text = sample(name);
        _cleanup_(xml_doc_freep) xmlDoc *document = NULL;
        size_t n = 0;

        if (!text || xml_parse(text, "cpuTest", &document, NULL) < 0)
                return 0;
        for (xmlNode *node = xmlDocGetRootElement(document)->children; node; node = node->next) {
                _cleanup_(freep) char *one = NULL;

                if (node->type != XML_ELEMENT_NODE || n == 8)
                        continue;
                CHECK(xml_print(node, &one) >= 0);
                if ((confs[n] = parse(one, NULL)))
                        n++;
        }
        return n;
}

/* The lines of one that the other lacks. */
static unsigned count_missing(const char *text, const char *other) {
        unsigned n = 0;
        char line[256];

        for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
                snprintf(line, sizeof(line), "%.*s", (int) (end - text + 1), text);
                n += !strstr(other, line);
        }
        return n;
}

/* The same but for the order of features. */
static bool same_text(const char *a, const char *b) {
        return count_missing(a, b) == 0 && count_missing(b, a) == 0;
}

static const struct {
        const char *name, *result; /* NULL: refused */
        uint32_t flags;
} baselines[] = {
        { "x86_64-baseline-simple", "x86_64-baseline-simple-result", 0 },
        { "x86_64-baseline-simple", "x86_64-baseline-simple-expanded",
          BASELINE_CPU_EXPAND_FEATURES },
        { "x86_64-baseline-features", "x86_64-baseline-features-result", 0 },
        { "x86_64-baseline-features", "x86_64-baseline-features-expanded",
          BASELINE_CPU_EXPAND_FEATURES },
        { "x86_64-baseline-incompatible-vendors", NULL, 0 },
        { "ppc64-baseline-incompatible-vendors", NULL, 0 },
        { "ppc64-baseline-incompatible-models", NULL, 0 },
        { "ppc64-baseline-no-vendor", "ppc64-baseline-no-vendor-result", 0 },
        { "ppc64-baseline-same-model", "ppc64-baseline-same-model-result", 0 },
};

/* Samples that are what two of the processors have in common, as libvirt sees it. */
static const struct {
        const char *a, *b, *result;
} pairs[] = {
        { "EPYC-7601-32-Core", "EPYC-7502-32-Core", "EPYC+Rome" },
        { "Xeon-Platinum-9242", "Xeon-Gold-6148", "Cascadelake+Skylake" },
        { "Xeon-Platinum-9242", "Ice-Lake-Server", "Cascadelake+Icelake" },
        { "Cooperlake", "Ice-Lake-Server", "Cooperlake+Icelake" },
        { "Cooperlake", "Xeon-Platinum-9242", "Cooperlake+Cascadelake" },
        { "Core-i7-4600U", "Xeon-Gold-5115", "Haswell+Skylake" },
        { "Xeon-E5-2609-v3", "Xeon-E5-2650-v4", "Haswell-noTSX-IBRS+Broadwell" },
        { "Xeon-E5-2609-v3", "Xeon-Gold-6148", "Haswell-noTSX-IBRS+Skylake" },
        { "Xeon-E5-2623-v4", "Xeon-Platinum-8268", "Broadwell-IBRS+Cascadelake" },
};

/* Not counted: libvirt chooses among models of its own, whose features differ from QEMU's. What we
 * make must run on both, though, and have nothing that libvirt's hasn't. */
static void show_pair(size_t i) {
        CpuConf *confs[2] = {}, *wanted_conf;
        char name[2][128], result[128];

        snprintf(name[0], 128, "x86_64-cpuid-%s-json", pairs[i].a);
        snprintf(name[1], 128, "x86_64-cpuid-%s-json", pairs[i].b);
        snprintf(result, sizeof(result), "x86_64-cpuid-baseline-%s", pairs[i].result);
        _cleanup_(freep) char *a = sample(name[0]), *b = sample(name[1]), *wanted = sample(result);

        confs[0] = parse(a, NULL);
        confs[1] = parse(b, NULL);
        wanted_conf = parse(wanted, NULL);
        if (confs[0] && confs[1] && wanted_conf) {
                _cleanup_(freep) char *text = baseline(confs, 2, 0);

                printf("%s: %s\n", pairs[i].result, !text ? "refused" :
                       same_text(text, wanted) ? "as libvirt" : "otherwise");
                if (verbose)
                        printf("%s", text ?: "");
        }
        cpu_conf_free(confs[0]);
        cpu_conf_free(confs[1]);
        cpu_conf_free(wanted_conf);
}

static unsigned test_baselines(void) {
        unsigned wrong = 0, judged = 0;

        for (size_t i = 0; i < ELEMENTS(baselines); i++) {
                CpuConf *confs[8];
                size_t n = parse_all(baselines[i].name, confs);
                _cleanup_(freep) char *wanted =
                        baselines[i].result ? sample(baselines[i].result) : NULL;

                if (n > 0 && (wanted || !baselines[i].result)) {
                        _cleanup_(freep) char *text = baseline(confs, n, baselines[i].flags);

                        judged++;
                        if (wanted ? !text || !same_text(text, wanted) : text != NULL) {
                                printf("WRONG: %s:\n%s", baselines[i].name, text ?: "refused\n");
                                wrong++;
                        }
                }
                for (size_t j = 0; j < n; j++)
                        cpu_conf_free(confs[j]);
        }
        for (size_t i = 0; i < ELEMENTS(pairs); i++)
                show_pair(i);
        printf("%u of %zu baselines judged, %u wrong\n", judged, ELEMENTS(baselines), wrong);
        return wrong;
}

/* ---- the two agree ---- */

/* A processor runs what it has in common with another. */
static void test_agreement(void) {
        static const char *const names[] = { "Westmere", "Nehalem", "Haswell", "pentium3",
                                             "Skylake-Server", "EPYC", "EPYC-Milan" };

        for (size_t i = 0; i < ELEMENTS(names); i++)
                for (size_t j = 0; j < ELEMENTS(names); j++) {
                        char texts[2][128];
                        CpuConf *confs[2], *common;
                        _cleanup_(freep) char *why = NULL;
                        CpuHost host = {};
                        CpuRelation relation;

                        snprintf(texts[0], 128, "<cpu><model>%s</model></cpu>", names[i]);
                        snprintf(texts[1], 128, "<cpu><model>%s</model></cpu>", names[j]);
                        confs[0] = parse(texts[0], NULL);
                        confs[1] = parse(texts[1], NULL);
                        _cleanup_(freep) char *text = baseline(confs, 2, 0);
                        if (text) {
                                CHECK((common = parse(text, NULL)));
                                CHECK(cpu_host_of(confs[0], &models, &host, NULL) == 0);
                                CHECK(cpu_compare(&host, common, &models, &relation, &why,
                                                       NULL) == 0);
                                CHECK(relation == (i == j ? CPU_IDENTICAL : relation));
                                CHECK(relation != CPU_INCOMPATIBLE);
                                cpu_conf_free(common);
                        }
                        cpu_host_clear(&host);
                        cpu_conf_free(confs[0]);
                        cpu_conf_free(confs[1]);
                }
}

static void test_models_are_known(void) {
        CHECK(qemu.caps->n_cpus_tcg > 20);
        for (size_t i = 0; models.name(models.data, i); i++) {
                const char *vendor, *name = models.name(models.data, i);

                CHECK(models.features(models.data, name, &vendor));
        }
        for (size_t i = 0; i < qemu.caps->n_cpus_tcg; i++)
                if (qemu_cpu_is_named(qemu.caps->cpus_tcg[i].name))
                        CHECK(strstr(qemu.caps->cpus_tcg[i].features, "fpu\n"));
}

int main(int argc, char **argv) {
        struct stat st;
        unsigned wrong;

        folder = argc > 1 ? argv[1] : "../shared/corpus/cputestdata";
        verbose = argc > 2;
        if (!test_qemu_open(&qemu)) {
                test_qemu_close(&qemu);
                return 77;
        }
        models = qemu_cpu_models(qemu.caps);
        test_models_are_known();
        test_agreement();
        if (stat(folder, &st) < 0) {
                fprintf(stderr, "SKIPPED: no samples in %s\n", folder);
                test_qemu_close(&qemu);
                return 77;
        }
        wrong = test_comparisons() + test_hosts() + test_baselines();
        test_qemu_close(&qemu);
        return wrong > 0;
}
