/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a probe learns, answer by answer, until it is the document that is kept in the cache.
 *
 * The document is compact JSON, since it is read at the start of the service: machines and CPU
 * models are arrays, sets of names are sorted and one string each, a name a line.
 * qemu_caps_load() reads it, from a probe and from the cache alike. */
#pragma once

#include "drivers/qemu/caps.h"
#include "drivers/qemu/qmp.h"

typedef struct Names {
        char **items;
        size_t n, allocated;
} Names;

typedef struct Findings {
        json_object *document;
        Names types, commands, features;
        json_object *host;   /* the host's CPU as KVM has it: answer of query-cpu-model-expansion */
        json_object *models; /* name: the same answer for each named model, as TCG has it */
} Findings;

/* 0 for what is no array: answers are believed nothing. */
static inline size_t json_length(json_object *array) {
        return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

int findings_init(Findings *findings); /* -ENOMEM */
void findings_done(Findings *findings);

/* One function for each kind of answer. about: what was asked about, e.g. the device type. Returns
 * -ENOMEM, or -EBADMSG for an answer that isn't what its command promises. */
typedef int (*Finding)(Findings *findings, json_object *answer, const char *about);

int found_version(Findings *findings, json_object *answer, const char *about);
int found_target(Findings *findings, json_object *answer, const char *about);
int found_kvm(Findings *findings, json_object *answer, const char *about);
int found_machines(Findings *findings, json_object *answer, const char *about);
int found_types(Findings *findings, json_object *answer, const char *about);
int found_schema(Findings *findings, json_object *answer, const char *about);
int found_options(Findings *findings, json_object *answer, const char *about);
int found_gic(Findings *findings, json_object *answer, const char *about);
int found_properties(Findings *findings, json_object *answer, const char *about); /* the type */
int found_cpus(Findings *findings, json_object *answer, const char *about); /* "kvm" or "tcg" */
int found_model(Findings *findings, json_object *answer, const char *about); /* the model's name */
int found_host(Findings *findings, json_object *answer, const char *about);

/* Completes the document: sorts, chooses the named model that is next to the host. *ret is owned.
 */
int findings_finish(Findings *findings, json_object **ret);

/* Names of a set, without memory -ENOMEM. */
int names_add(Names *names, const char *format, ...) _printf_(2, 3);
void names_clear(Names *names);

/* findings-cpu.c: the last two steps of CPU models. */
int findings_add_facts(Findings *findings);
int findings_choose_host(Findings *findings);

/* caps.c: what a document says. -EBADMSG when it isn't one of ours. */
int qemu_caps_load(json_object *document, const char *binary, QemuCaps **ret);
