/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CPU models: whose they are, and which is next to the host's CPU.
 *
 * "host-model" is a named model and the features in which the host differs from it, so that a
 * guest can be told apart from its host and moved to another. QEMU itself says what KVM can give
 * a guest (the expansion of "host") and what each named model has; the model of the same vendor
 * with the fewest differences is taken. Where the expansion of "host" already is a named model
 * (s390x), that is it.
 *
 * The models are asked of a QEMU with TCG: with KVM each of them has the vendor of the host. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/qemu/findings.h"

static const struct {
        const char *id, *name;
} vendors[] = {
        { "AuthenticAMD", "AMD" },
        { "GenuineIntel", "Intel" },
        { "HygonGenuine", "Hygon" },
};

/* Names that libvirt's documents have and QEMU spells otherwise. */
static const struct {
        const char *qemu, *name;
} spellings[] = {
        { "cmp-legacy", "cmp_legacy" },
        { "ds-cpl", "ds_cpl" },
        { "fxsr-opt", "fxsr_opt" },
        { "lahf-lm", "lahf_lm" },
        { "nodeid-msr", "nodeid_msr" },
        { "pclmulqdq", "pclmuldq" },
        { "perfctr-core", "perfctr_core" },
        { "perfctr-nb", "perfctr_nb" },
        { "tsc-adjust", "tsc_adjust" },
};

/* Features of the accelerator, or finer than what a definition names. */
static const char *const not_of_the_cpu[] = { "kvm", "hv-", "vmx-", "tcg-" };

static const char *vendor_of(json_object *model) {
        const char *id = json_text(json_member(model, "props"), "vendor");

        for (size_t i = 0; id && i < ELEMENTS(vendors); i++)
                if (strcmp(vendors[i].id, id) == 0)
                        return vendors[i].name;
        return "unknown";
}

static bool counts(const char *feature) {
        for (size_t i = 0; i < ELEMENTS(not_of_the_cpu); i++)
                if (strncmp(feature, not_of_the_cpu[i], strlen(not_of_the_cpu[i])) == 0)
                        return false;
        return true;
}

static const char *spelling(const char *feature) {
        for (size_t i = 0; i < ELEMENTS(spellings); i++)
                if (strcmp(spellings[i].qemu, feature) == 0)
                        return spellings[i].name;
        return feature;
}

/* QEMU adds "hypervisor" to whatever it makes a CPU of. */
static json_object *feature_lines(json_object *model) {
        _cleanup_(freep) char *text = NULL;
        json_object *props = json_member(model, "props");
        size_t size = 1, at = 0;

        if (!props)
                return json_object_new_string("");
        json_object_object_foreach(props, name, value) {
                (void) value;
                size += strlen(spelling(name)) + 1;
        }
        if (!(text = malloc(size)))
                return NULL;
        *text = '\0';
        json_object_object_foreach(props, feature, on) {
                if (json_object_is_type(on, json_type_boolean) && json_object_get_boolean(on) &&
                    counts(feature) && strcmp(feature, "hypervisor") != 0)
                        at += sprintf(text + at, "%s\n", spelling(feature));
        }
        return json_object_new_string(text);
}

/* Of each model whose it is and, with features, what is in it. */
static int add_facts(Findings *findings, const char *key, bool features) {
        json_object *rows = json_member(findings->document, key);

        for (size_t i = 0; i < json_length(rows); i++) {
                json_object *row = json_object_array_get_idx(rows, i);
                const char *name = json_object_get_string(json_object_array_get_idx(row, 0));
                const char *vendor = vendor_of(json_member(findings->models, name));

                json_object *lines = features ? feature_lines(json_member(findings->models, name))
                                              : json_object_new_string("");

                if (json_object_array_add(row, json_object_new_string(vendor)) < 0 ||
                    json_object_array_add(row, lines) < 0)
                        return -ENOMEM;
        }
        return 0;
}

int findings_add_facts(Findings *findings) {
        int r = add_facts(findings, "kvm-cpus", false);

        return r < 0 ? r : add_facts(findings, "tcg-cpus", true);
}

/* How many features of the CPU differ. With names: each as "+x" (the host has it) or "-x". Without
 * a model, host is the answer that names one already, and its props are the differences. */
static int differences(json_object *host, json_object *model, json_object *names) {
        json_object *of_model = json_member(model, "props");
        int n = 0;

        json_object_object_foreach(json_member(host, "props"), name, value) {
                bool wanted = json_object_get_boolean(value);
                bool has = model ? json_truth(of_model, name) : !wanted;
                char text[128];

                if (!json_object_is_type(value, json_type_boolean) || !counts(name) ||
                    has == wanted)
                        continue;
                n++;
                snprintf(text, sizeof(text), "%c%s", has ? '-' : '+', spelling(name));
                if (names && json_object_array_add(names, json_object_new_string(text)) < 0)
                        return -ENOMEM;
        }
        return n;
}

static const char *nearest(Findings *findings) {
        const char *vendor = vendor_of(findings->host), *best = NULL;
        int least = 0;

        json_object_object_foreach(findings->models, name, model) {
                if (strcmp(vendor_of(model), vendor) != 0)
                        continue;
                int n = differences(findings->host, model, NULL);
                if (!best || n < least) {
                        best = name;
                        least = n;
                }
        }
        return best;
}

int findings_choose_host(Findings *findings) {
        const char *name = json_text(findings->host, "name");
        json_object *names, *model = NULL, *result;

        if (!json_member(findings->host, "props"))
                return 0;
        if (!name || strcmp(name, "base") == 0) {
                if (!(name = nearest(findings)))
                        return 0;
                model = json_member(findings->models, name);
        }
        names = json_object_new_array();
        if (!names || differences(findings->host, model, names) < 0) {
                json_object_put(names);
                return -ENOMEM;
        }
        result = qmp_arguments("s", "model", name, "s", "vendor", vendor_of(findings->host),
                               "o", "features", names, NULL);
        if (!result || json_object_object_add(findings->document, "host", result) < 0) {
                json_object_put(result);
                return -ENOMEM;
        }
        return 0;
}
