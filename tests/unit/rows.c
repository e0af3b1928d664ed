/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints which permissions each method and property of our tables needs, one a line, for
 * check-contract.py: interface, kind, member, and the permissions as object:verb[:condition]. */
#include <inttypes.h>
#include <stdio.h>

#include "objects/connect.h"
#include "objects/domain.h"

static const Interface *const interfaces[] = {
        &connect_interface,
        &domain_interface,
        &virtbus_connect_interface,
        &virtbus_domain_interface,
};

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

static void print(const char *interface, const char *kind, const char *member, const char *api,
                  const Permission *permissions) {
        printf("%s\t%s\t%s\t%s\t", interface, kind, member, api);
        for (const Permission *p = permissions; p && p->name; p++) {
                printf("%s%s", p > permissions ? " " : "", p->name);
                print_condition(p);
        }
        putchar('\n');
}

int main(void) {
        for (size_t i = 0; i < ELEMENTS(interfaces); i++) {
                const Interface *interface = interfaces[i];

                for (const Method *m = interface->methods; m->name; m++)
                        print(interface->name, "method", m->name, m->api, m->permissions);
                for (const Property *p = interface->properties; p && p->name; p++)
                        print(interface->name, "property", p->name, "", p->permissions);
        }
        return 0;
}
