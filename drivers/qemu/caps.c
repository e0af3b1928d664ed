/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The capabilities of a QEMU binary in memory, and reading them from their document. */
#include "drivers/qemu/caps.h"

#include <errno.h>
#include <string.h>

#include "drivers/qemu/findings.h"

QemuCaps *qemu_caps_ref(QemuCaps *caps) {
        caps->references++;
        return caps;
}

static void free_models(QemuCpuModel *models, size_t n) {
        for (size_t i = 0; i < n; i++) {
                free(models[i].name);
                free(models[i].usable);
                free(models[i].vendor);
                free(models[i].features);
        }
        free(models);
}

QemuCaps *qemu_caps_unref(QemuCaps *caps) {
        if (!caps || --caps->references > 0)
                return NULL;
        for (size_t i = 0; i < caps->n_machines; i++) {
                free(caps->machines[i].name);
                free(caps->machines[i].alias);
                free(caps->machines[i].default_cpu);
        }
        free(caps->machines);
        free_models(caps->cpus_kvm, caps->n_cpus_kvm);
        free_models(caps->cpus_tcg, caps->n_cpus_tcg);
        for (size_t i = 0; i < caps->n_host_features; i++)
                free(caps->host_features[i]);
        free(caps->host_features);
        free(caps->host_model);
        free(caps->host_vendor);
        free(caps->types);
        free(caps->commands);
        free(caps->features);
        free(caps->binary);
        free(caps->arch);
        free(caps->package);
        free(caps);
        return NULL;
}

/* ---- lookups ---- */

static int compare(const void *a, const void *b) {
        return strcmp(a, *(char *const *) b);
}

static bool has(char *const *names, size_t n, const char *name) {
        return n > 0 && bsearch(name, names, n, sizeof(char *), compare);
}

bool qemu_caps_has_type(const QemuCaps *caps, const char *type) {
        return has(caps->types, caps->n_types, type);
}

bool qemu_caps_has_command(const QemuCaps *caps, const char *command) {
        return has(caps->commands, caps->n_commands, command);
}

bool qemu_caps_has(const QemuCaps *caps, const char *feature) {
        return has(caps->features, caps->n_features, feature);
}

const QemuMachine *qemu_caps_machine(const QemuCaps *caps, const char *name) {
        for (size_t i = 0; i < caps->n_machines; i++) {
                const QemuMachine *machine = &caps->machines[i];

                if (name ? strcmp(machine->name, name) == 0 ||
                           (machine->alias && strcmp(machine->alias, name) == 0) :
                           machine->is_default)
                        return machine;
        }
        return NULL;
}

bool qemu_cpu_is_named(const char *name) {
        static const char *const others[] = { "host", "max", "base" };
        const char *end = strrchr(name, '-');

        for (size_t i = 0; i < ELEMENTS(others); i++)
                if (strcmp(name, others[i]) == 0)
                        return false;
        return !end || end[1] != 'v' || end[2] < '0' || end[2] > '9';
}

/* ---- the document ---- */

static int take_text(json_object *value, char **ret) {
        if (!json_object_is_type(value, json_type_string))
                return -EBADMSG;
        *ret = strdup(json_object_get_string(value));
        return *ret ? 0 : -ENOMEM;
}

static int take_maybe(json_object *value, char **ret) {
        return value ? take_text(value, ret) : 0;
}

/* A name a line becomes an array, in one piece of memory with its names. Lookups rely on the
 * order. */
static int take_names(json_object *value, char ***ret, size_t *ret_n) {
        size_t n = 0, size;

        if (!json_object_is_type(value, json_type_string))
                return -EBADMSG;
        const char *text = json_object_get_string(value);
        size = (size_t) json_object_get_string_len(value);
        for (const char *p = text; (p = strchr(p, '\n')); p++)
                n++;
        char **names = malloc(n * sizeof(char *) + size + 1);
        if (!names)
                return -ENOMEM;
        char *at = memcpy(names + n, text, size + 1);
        for (size_t i = 0; i < n; i++) {
                names[i] = at;
                at = strchr(at, '\n');
                *at++ = '\0';
                if (i > 0 && strcmp(names[i - 1], names[i]) >= 0) {
                        free(names);
                        return -EBADMSG;
                }
        }
        *ret = names;
        *ret_n = n;
        return 0;
}

static int take_machine(json_object *row, QemuMachine *machine) {
        if (json_length(row) != 5)
                return -EBADMSG;
        int flags = json_object_get_int(json_object_array_get_idx(row, 3));
        int r = take_text(json_object_array_get_idx(row, 0), &machine->name);

        if (r >= 0)
                r = take_maybe(json_object_array_get_idx(row, 1), &machine->alias);
        if (r >= 0)
                r = take_maybe(json_object_array_get_idx(row, 2), &machine->default_cpu);
        machine->is_default = flags & 1;
        machine->hotplug_cpus = flags & 2;
        machine->deprecated = flags & 4;
        machine->max_cpus = (uint32_t) json_object_get_int64(json_object_array_get_idx(row, 4));
        return r;
}

static int take_machines(json_object *rows, QemuCaps *caps) {
        size_t n = json_length(rows);
        int r = 0;

        if (n == 0 || !(caps->machines = calloc(n, sizeof(QemuMachine))))
                return n == 0 ? -EBADMSG : -ENOMEM;
        for (; r >= 0 && caps->n_machines < n; caps->n_machines++)
                r = take_machine(json_object_array_get_idx(rows, caps->n_machines),
                                 &caps->machines[caps->n_machines]);
        return r;
}

static int take_model(json_object *row, QemuCpuModel *model) {
        if (json_length(row) != 5)
                return -EBADMSG;
        model->deprecated = json_object_get_boolean(json_object_array_get_idx(row, 2));
        int r = take_text(json_object_array_get_idx(row, 0), &model->name);
        if (r >= 0)
                r = take_text(json_object_array_get_idx(row, 1), &model->usable);
        if (r >= 0)
                r = take_text(json_object_array_get_idx(row, 3), &model->vendor);
        return r < 0 ? r : take_text(json_object_array_get_idx(row, 4), &model->features);
}

/* An accelerator that this QEMU lacks has none. */
static int take_models(json_object *rows, QemuCpuModel **ret, size_t *ret_n) {
        size_t n = json_length(rows);
        int r = 0;

        if (n > 0 && !(*ret = calloc(n, sizeof(QemuCpuModel))))
                return -ENOMEM;
        for (; r >= 0 && *ret_n < n; (*ret_n)++)
                r = take_model(json_object_array_get_idx(rows, *ret_n), &(*ret)[*ret_n]);
        return r;
}

static int take_host(json_object *host, QemuCaps *caps) {
        json_object *features = json_member(host, "features");
        size_t n = json_length(features);

        if (!host)
                return 0;
        int r = take_text(json_member(host, "model"), &caps->host_model);
        if (r >= 0)
                r = take_text(json_member(host, "vendor"), &caps->host_vendor);
        if (n > 0 && !(caps->host_features = calloc(n, sizeof(char *))))
                return -ENOMEM;
        for (size_t i = 0; r >= 0 && i < n; i++)
                if ((r = take_text(json_object_array_get_idx(features, i),
                                   &caps->host_features[i])) >= 0)
                        caps->n_host_features++;
        return r;
}

int qemu_caps_load(json_object *document, const char *binary, QemuCaps **ret) {
        _cleanup_(qemu_caps_unrefp) QemuCaps *caps = calloc(1, sizeof(QemuCaps));
        int r;

        if (!caps)
                return -ENOMEM;
        caps->references = 1;
        caps->kvm = json_truth(document, "kvm");
        caps->version = (uint64_t) json_number(document, "version", 0);
        caps->kvm_max_vcpus = (uint32_t) json_number(document, "kvm-vcpus", 0);
        if (caps->version == 0)
                return -EBADMSG;
        if (!(caps->binary = strdup(binary)))
                return -ENOMEM;
        if ((r = take_text(json_member(document, "arch"), &caps->arch)) < 0 ||
            (r = take_text(json_member(document, "package"), &caps->package)) < 0 ||
            (r = take_machines(json_member(document, "machines"), caps)) < 0 ||
            (r = take_models(json_member(document, "kvm-cpus"), &caps->cpus_kvm,
                             &caps->n_cpus_kvm)) < 0 ||
            (r = take_models(json_member(document, "tcg-cpus"), &caps->cpus_tcg,
                             &caps->n_cpus_tcg)) < 0 ||
            (r = take_host(json_member(document, "host"), caps)) < 0 ||
            (r = take_names(json_member(document, "types"), &caps->types, &caps->n_types)) < 0 ||
            (r = take_names(json_member(document, "commands"), &caps->commands,
                            &caps->n_commands)) < 0 ||
            (r = take_names(json_member(document, "features"), &caps->features,
                            &caps->n_features)) < 0)
                return r;
        *ret = TAKE(caps);
        return 0;
}
