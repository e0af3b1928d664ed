/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QEMU's answers about itself, reduced to what is asked of them later. */
#include "drivers/qemu/findings.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "drivers/qemu/arch.h"

/* ---- sets of names ---- */

int names_add(Names *names, const char *format, ...) {
        va_list ap;

        if (names->n == names->allocated) {
                size_t more = MAX(names->allocated * 2, 64u);
                char **items = reallocarray(names->items, more, sizeof(char *));

                if (!items)
                        return -ENOMEM;
                names->items = items;
                names->allocated = more;
        }
        va_start(ap, format);
        int n = vasprintf(&names->items[names->n], format, ap);
        va_end(ap);
        if (n < 0)
                return -ENOMEM;
        names->n++;
        return 0;
}

void names_clear(Names *names) {
        for (size_t i = 0; i < names->n; i++)
                free(names->items[i]);
        free(names->items);
        *names = (Names) {};
}

static int compare(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Sorted, without doubles, a name a line. */
static json_object *names_print(Names *names) {
        _cleanup_(freep) char *text = NULL;
        size_t size = 1, at = 0;

        if (names->n > 1)
                qsort(names->items, names->n, sizeof(char *), compare);
        for (size_t i = 0; i < names->n; i++)
                size += strlen(names->items[i]) + 1;
        if (!(text = malloc(size)))
                return NULL;
        for (size_t i = 0; i < names->n; i++)
                if (i == 0 || strcmp(names->items[i - 1], names->items[i]) != 0)
                        at += sprintf(text + at, "%s\n", names->items[i]);
        return json_object_new_string_len(text, (int) at);
}

/* ---- the document ---- */

int findings_init(Findings *findings) {
        *findings = (Findings) {
                .document = json_object_new_object(),
                .models = json_object_new_object(),
        };
        return findings->document && findings->models ? 0 : -ENOMEM;
}

void findings_done(Findings *findings) {
        json_object_put(findings->document);
        json_object_put(findings->host);
        json_object_put(findings->models);
        names_clear(&findings->types);
        names_clear(&findings->commands);
        names_clear(&findings->features);
        *findings = (Findings) {};
}

/* Takes value; NULL is what a constructor returns without memory. */
static int put(json_object *object, const char *name, json_object *value) {
        if (value && json_object_object_add(object, name, value) == 0)
                return 0;
        json_object_put(value);
        return -ENOMEM;
}

static int append(json_object *array, json_object *value) {
        if (array && json_object_array_add(array, value) == 0)
                return 0;
        json_object_put(value);
        return -ENOMEM;
}

static json_object *text_or_null(const char *text) {
        return text ? json_object_new_string(text) : NULL;
}

int findings_finish(Findings *findings, json_object **ret) {
        json_object *document = findings->document;
        int r = findings_add_facts(findings);

        if (r >= 0)
                r = findings_choose_host(findings);
        if (r >= 0)
                r = put(document, "types", names_print(&findings->types));
        if (r >= 0)
                r = put(document, "commands", names_print(&findings->commands));
        if (r >= 0)
                r = put(document, "features", names_print(&findings->features));
        if (r >= 0)
                *ret = TAKE(findings->document);
        return r;
}

/* ---- one answer each ---- */

int found_version(Findings *findings, json_object *answer, const char *about) {
        json_object *qemu = json_member(answer, "qemu");
        const char *package = json_text(answer, "package") ?: "";

        if (!qemu)
                return -EBADMSG;
        while (isspace((unsigned char) *package))
                package++;
        int r = put(findings->document, "version",
                    json_object_new_int64(json_number(qemu, "major", 0) * 1000000 +
                                          json_number(qemu, "minor", 0) * 1000 +
                                          json_number(qemu, "micro", 0)));
        return r < 0 ? r : put(findings->document, "package", json_object_new_string(package));
}

int found_target(Findings *findings, json_object *answer, const char *about) {
        const char *target = json_text(answer, "arch");

        if (!target)
                return -EBADMSG;
        return put(findings->document, "arch", json_object_new_string(qemu_arch_of_target(target)));
}

int found_kvm(Findings *findings, json_object *answer, const char *about) {
        return put(findings->document, "kvm",
                   json_object_new_boolean(json_truth(answer, "enabled")));
}

/* "qemu64-x86_64-cpu" is the type of model "qemu64". */
static json_object *model_of_type(const char *type) {
        const char *end = type ? strrchr(type, '-') : NULL;

        if (!end || strcmp(end, "-cpu") != 0)
                return text_or_null(type);
        while (end > type && *--end != '-')
                ;
        return end > type ? json_object_new_string_len(type, (int) (end - type)) :
                            json_object_new_string(type);
}

static int fill_machine(json_object *row, json_object *machine, const char *name) {
        int flags = json_truth(machine, "is-default") |
                    json_truth(machine, "hotpluggable-cpus") << 1 |
                    json_truth(machine, "deprecated") << 2;
        int r = append(row, json_object_new_string(name));

        if (r >= 0)
                r = append(row, text_or_null(json_text(machine, "alias")));
        if (r >= 0)
                r = append(row, model_of_type(json_text(machine, "default-cpu-type")));
        if (r >= 0)
                r = append(row, json_object_new_int(flags));
        return r < 0 ? r : append(row, json_object_new_int64(json_number(machine, "cpu-max", 0)));
}

int found_machines(Findings *findings, json_object *answer, const char *about) {
        json_object *machines = json_object_new_array();
        int r = machines ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < json_length(answer); i++) {
                json_object *machine = json_object_array_get_idx(answer, i), *row;
                const char *name = json_text(machine, "name");

                if (!name || strcmp(name, "none") == 0)
                        continue;
                row = json_object_new_array();
                r = fill_machine(row, machine, name);
                if (r >= 0)
                        r = append(machines, row);
                else
                        json_object_put(row);
        }
        if (r >= 0)
                return put(findings->document, "machines", machines);
        json_object_put(machines);
        return r;
}

int found_types(Findings *findings, json_object *answer, const char *about) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < json_length(answer); i++) {
                const char *name = json_text(json_object_array_get_idx(answer, i), "name");

                if (name)
                        r = names_add(&findings->types, "%s", name);
        }
        return r;
}

int found_properties(Findings *findings, json_object *answer, const char *about) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < json_length(answer); i++) {
                const char *name = json_text(json_object_array_get_idx(answer, i), "name");

                if (name)
                        r = names_add(&findings->features, "%s.%s", about, name);
        }
        return r;
}

int found_options(Findings *findings, json_object *answer, const char *about) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < json_length(answer); i++) {
                json_object *option = json_object_array_get_idx(answer, i);
                const char *name = json_text(option, "option");

                if (name)
                        r = found_properties(findings, json_member(option, "parameters"), name);
        }
        return r;
}

/* Features "query-gic-capabilities/kernel=3" for KVM, ".../emulated=3" for TCG. */
int found_gic(Findings *findings, json_object *answer, const char *about) {
        static const char *const ways[] = { "kernel", "emulated" };
        int r = 0;

        for (size_t i = 0; i < json_length(answer); i++) {
                json_object *gic = json_object_array_get_idx(answer, i);
                int version = (int) json_number(gic, "version", 0);

                for (size_t j = 0; r >= 0 && j < ELEMENTS(ways); j++)
                        if (json_truth(gic, ways[j]))
                                r = names_add(&findings->features, "query-gic-capabilities/%s=%d",
                                              ways[j], version);
        }
        return r;
}

static int fill_model(json_object *row, json_object *model, const char *name) {
        json_object *missing = json_member(model, "unavailable-features");
        const char *usable = !missing ? "unknown" : json_length(missing) == 0 ? "yes" : "no";
        int r = append(row, json_object_new_string(name));

        if (r >= 0)
                r = append(row, json_object_new_string(usable));
        return r < 0 ? r : append(row, json_object_new_boolean(json_truth(model, "deprecated")));
}

int found_cpus(Findings *findings, json_object *answer, const char *about) {
        const char *key = strcmp(about, "kvm") == 0 ? "kvm-cpus" : "tcg-cpus";
        json_object *models = json_object_new_array();
        int r = models ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < json_length(answer); i++) {
                json_object *model = json_object_array_get_idx(answer, i), *row;
                const char *name = json_text(model, "name");

                if (!name)
                        continue;
                row = json_object_new_array();
                r = fill_model(row, model, name);
                if (r >= 0)
                        r = append(models, row);
                else
                        json_object_put(row);
        }
        if (r >= 0)
                return put(findings->document, key, models);
        json_object_put(models);
        return r;
}

static json_object *expanded(json_object *answer) {
        json_object *model = json_member(answer, "model");

        return json_object_is_type(json_member(model, "props"), json_type_object) ? model : NULL;
}

int found_model(Findings *findings, json_object *answer, const char *about) {
        json_object *model = expanded(answer);

        return model ? put(findings->models, about, json_object_get(model)) : -EBADMSG;
}

int found_host(Findings *findings, json_object *answer, const char *about) {
        json_object *model = expanded(answer);

        json_object_put(findings->host);
        findings->host = json_object_get(model);
        return model ? 0 : -EBADMSG;
}
