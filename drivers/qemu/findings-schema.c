/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The answer of query-qmp-schema, reduced to names.
 *
 *     "blockdev-add"                          is a command
 *     "blockdev-add/read-only"                one of its arguments, variants included
 *     "netdev_add/type=vhost-vdpa"            a value of an argument that is an enum
 *     "query-display-options/type=dbus"       the same of what comes back, for the few that tell so
 *
 * Types in the schema have numbers for names and refer to each other; an index keeps it linear. */
#include <errno.h>
#include <string.h>

#include "drivers/qemu/findings.h"

/* Commands whose answer, and not their arguments, says what this QEMU was built with. */
static const char *const told_by_answer[] = { "query-display-options" };

typedef struct Schema {
        json_object *index; /* name: entity, references */
        Findings *findings;
        const char *command;
} Schema;

static json_object *entity(const Schema *schema, const char *name) {
        return name ? json_member(schema->index, name) : NULL;
}

static int add_values(const Schema *schema, const char *member, json_object *type) {
        json_object *values = json_member(type, "values");
        int r = 0;

        for (size_t i = 0; r >= 0 && i < json_length(values); i++)
                r = names_add(&schema->findings->features, "%s/%s=%s", schema->command, member,
                              json_object_get_string(json_object_array_get_idx(values, i)));
        return r;
}

/* The members of an object type; top: with the values of enums. */
static int add_members(const Schema *schema, json_object *type, bool top) {
        json_object *members = json_member(type, "members");
        int r = 0;

        for (size_t i = 0; r >= 0 && i < json_length(members); i++) {
                json_object *member = json_object_array_get_idx(members, i);
                const char *name = json_text(member, "name");
                json_object *of = entity(schema, json_text(member, "type"));

                if (!name)
                        return -EBADMSG;
                r = names_add(&schema->findings->features, "%s/%s", schema->command, name);
                if (r >= 0 && top && of)
                        r = add_values(schema, name, of);
        }
        return r;
}

static int add_object(const Schema *schema, const char *name) {
        json_object *type = entity(schema, name);
        json_object *variants = json_member(type, "variants");
        int r = add_members(schema, type, true);

        for (size_t i = 0; r >= 0 && i < json_length(variants); i++) {
                json_object *variant = json_object_array_get_idx(variants, i);

                r = add_members(schema, entity(schema, json_text(variant, "type")), false);
        }
        return r;
}

static int add_command(Schema *schema, json_object *command) {
        schema->command = json_text(command, "name");
        int r = names_add(&schema->findings->commands, "%s", schema->command);
        if (r >= 0)
                r = add_object(schema, json_text(command, "arg-type"));
        for (size_t i = 0; i < ELEMENTS(told_by_answer); i++)
                if (r >= 0 && strcmp(schema->command, told_by_answer[i]) == 0)
                        r = add_object(schema, json_text(command, "ret-type"));
        return r;
}

int found_schema(Findings *findings, json_object *answer, const char *about) {
        Schema schema = { json_object_new_object(), findings, NULL };
        int r = schema.index ? 0 : -ENOMEM;
        size_t n = json_length(answer);

        for (size_t i = 0; r >= 0 && i < n; i++) {
                json_object *item = json_object_array_get_idx(answer, i);
                const char *name = json_text(item, "name");

                if (!name)
                        r = -EBADMSG;
                else if (json_object_object_add(schema.index, name, json_object_get(item)) < 0)
                        r = -ENOMEM;
        }
        for (size_t i = 0; r >= 0 && i < n; i++) {
                json_object *item = json_object_array_get_idx(answer, i);
                const char *kind = json_text(item, "meta-type");

                if (kind && strcmp(kind, "command") == 0)
                        r = add_command(&schema, item);
        }
        json_object_put(schema.index);
        return r;
}
