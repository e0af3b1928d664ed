/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints what the tables of the bus's side say, for checks and as a manual page.
 *
 *   rows            each member a line: interface, kind, member, API, permissions as
 *                   object:verb[:condition]
 *   rows --manual   virtbus-api(7) */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "objects/connect.h"
#include "objects/wire.h"

static const Kind *const kinds[] = {
        &connect_kind,      &domain_kind,     &snapshot_objects,  &network_objects,
        &pool_objects,      &volume_objects,  &interface_objects, &node_device_objects,
        &nwfilter_objects,  &secret_objects,
};

/* ---- a line for each member ---- */

static void print_condition(const Permission *permission) {
        const char *argument = permission->argument ?: "flags";

        switch (permission->condition) {
        case ALWAYS:
                return;
        case WITH_ANY:
                printf(":%s&%" PRIu32, argument, permission->bits);
                return;
        case WITH_NONE:
                printf(":%s!%" PRIu32, argument, permission->bits);
                return;
        case WITH_VALUE:
                printf(":%s=%" PRIu32, argument, permission->bits);
                return;
        }
}

static void print_row(const char *interface, const char *kind, const char *member, const char *api,
                      const Permission *permissions) {
        printf("%s\t%s\t%s\t%s\t", interface, kind, member, api);
        for (const Permission *p = permissions; p && p->name; p++) {
                printf("%s%s", p > permissions ? " " : "", p->name);
                print_condition(p);
        }
        putchar('\n');
}

static void print_rows(const Kind *kind, const Interface *interface) {
        for (const Method *m = interface->methods; m && m->name; m++)
                print_row(interface->name, "method", m->name, m->api, m->permissions);
        for (const Property *p = interface->properties; p && p->name; p++)
                print_row(interface->name, "property", p->name, "", p->permissions);
}

/* ---- the manual ---- */

/* "(u flags, s name)" of as many arguments as the signature has; where they end in names. */
static const char *man_arguments(const char *signature, const char *names) {
        char type[TYPE_MAX];

        putchar('(');
        for (const char *one = signature; *one; one += type_length(one)) {
                type_copy(one, type_length(one), type);
                printf("%s\\fB%s\\fP \\fI%s\\fP", one > signature ? ", " : "", type, names);
                names += strlen(names) + 1;
        }
        putchar(')');
        return names;
}

static void man_permissions(const Permission *permissions) {
        for (const Permission *p = permissions; p && p->name; p++) {
                printf("%s%s", p > permissions ? ", " : "Needs ", p->name);
                if (p->condition == WITH_ANY)
                        printf(" (%s & %#" PRIx32 ")", p->argument ?: "flags", p->bits);
                if (p->condition == WITH_NONE)
                        printf(" (unless %s & %#" PRIx32 ")", p->argument ?: "flags", p->bits);
                if (p->condition == WITH_VALUE)
                        printf(" (%s = %" PRIu32 ")", p->argument, p->bits);
        }
        puts(".");
}

/* What a driver has at an offset: a group. */
static const char *group_of(const Driver *driver, size_t offset) {
        const char *group;

        memcpy(&group, (const char *) driver + offset, sizeof(group));
        return group;
}

static bool has_operation(const Driver *driver, const Operation *operation) {
        const char *group = operation->set ? group_of(driver, operation->group) : NULL;

        if (!operation->set)
                return true;
        return group && *(void *const *) (group + operation->member);
}

static bool has_interface(const Driver *driver, const Kind *kind, const Interface *interface) {
        if (interface->offered && !interface->offered(driver))
                return false;
        return !kind->folder || group_of(driver, kind->group);
}

/* Which drivers have an interface, or a method of it; nothing where all do. */
static void man_drivers(const Kind *kind, const Interface *interface, const Method *method) {
        size_t have = 0, all = 0;

        for (size_t i = 0; drivers[i]; i++, all++)
                have += has_interface(drivers[i], kind, interface) &&
                        (!method || has_operation(drivers[i], &method->operation));
        if (have == all)
                return;
        printf("%s", have ? "Drivers that have it:" : "No driver has it.");
        for (size_t i = 0; drivers[i]; i++)
                if (has_interface(drivers[i], kind, interface) &&
                    (!method || has_operation(drivers[i], &method->operation)))
                        printf(" %s", drivers[i]->name);
        puts(have ? "." : "");
}

static void man_method(const Kind *kind, const Interface *interface, const Method *method) {
        const char *names;

        printf(".TP\n\\fB%s\\fP", method->name);
        names = man_arguments(method->in, method->names);
        if (*method->out) {
                printf(" \\(-> ");
                (void) man_arguments(method->out, names);
        }
        putchar('\n');
        if (strncmp(method->api, "vir", 3) == 0)
                printf("%s. ", method->api);
        man_permissions(method->permissions);
        if (method->flags)
                printf("Flags: %#" PRIx32 ".\n", method->flags);
        man_drivers(kind, interface, method);
}

static void man_property(const Property *property) {
        printf(".TP\n\\fB%s\\fP: \\fB%s\\fP%s%s\n", property->name, property->type,
               property->set ? ", writable" : "", property->constant ? ", constant" : "");
        man_permissions(property->permissions);
        if (property->set) {
                fputs("To set it: ", stdout);
                man_permissions(property->set_permissions);
        }
}

static void man_interface(const Kind *kind, const Interface *interface) {
        const char *folder = kind->folder ?: "";

        printf(".SH %s\nOf %s/DRIVER%s%s%s.\n", interface->name, TREE_ROOT, *folder ? "/" : "",
               folder, *folder ? "/*" : "");
        man_drivers(kind, interface, NULL);
        for (const Property *p = interface->properties; p && p->name; p++) {
                if (p == interface->properties)
                        puts(".SS Properties");
                man_property(p);
        }
        for (const Method *m = interface->methods; m && m->name; m++) {
                if (m == interface->methods)
                        puts(".SS Methods");
                man_method(kind, interface, m);
        }
        for (const Signal *s = interface->signals; s && s->name; s++) {
                if (s == interface->signals)
                        puts(".SS Signals");
                printf(".TP\n\\fB%s\\fP", s->name);
                (void) man_arguments(s->signature, s->names);
                putchar('\n');
        }
}

static void man_begin(void) {
        puts(".\\\" SPDX-License-Identifier: LGPL-2.1-or-later\n"
             ".\\\" Made by tools/rows from the tables in objects/.\n"
             ".TH VIRTBUS-API 7 \"\" \"virtbus\" \"Interfaces on D-Bus\"\n"
             ".SH NAME\n"
             "virtbus-api \\- the D-Bus interfaces of virtbusd\n"
             ".SH DESCRIPTION\n"
             "Each connection is an object of its own,\n"
             ".BI " TREE_ROOT "/ DRIVER\\fR,\n"
             "and what belongs to it stands below. This page lists every interface, who has it, "
             "and what its methods, properties and signals look like: arguments as type and name, "
             "the permissions that a caller needs (see\n"
             ".BR virtbusd (8)),\n"
             "the flags that are known, and the function of libvirt whose documentation says what "
             "a method does. What a method needs only with some flags is said in brackets.\n"
             ".PP\n"
             "In the dictionaries of\n"
             ".B org.libvirt.*\n"
             "each value is a variant in a variant.\n"
             ".PP\n"
             "This build has the drivers:");
        for (size_t i = 0; drivers[i]; i++)
                printf(".B %s\n", drivers[i]->name);
}

int main(int argc, char *argv[]) {
        bool manual = argc > 1 && strcmp(argv[1], "--manual") == 0;

        if (manual)
                man_begin();
        for (size_t k = 0; k < ELEMENTS(kinds); k++)
                for (size_t i = 0; kinds[k]->interfaces[i]; i++)
                        (manual ? man_interface : print_rows)(kinds[k], kinds[k]->interfaces[i]);
        if (manual)
                puts(".SH SEE ALSO\n.BR virtbusd (8),\n.BR busctl (1)");
        return 0;
}
