/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Properties on the bus: single ones through sd-bus, whole objects by ourselves. */
#pragma once

#include "objects/tree.h"

/* For vtables; userdata is the Row. */
int property_get(sd_bus *bus, const char *path, const char *interface, const char *name,
                 sd_bus_message *reply, void *userdata, sd_bus_error *error);
int property_set(sd_bus *bus, const char *path, const char *interface, const char *name,
                 sd_bus_message *value, void *userdata, sd_bus_error *error);

/* Answers GetAll of our interfaces and GetManagedObjects; userdata is the Tree. */
int properties_filter(sd_bus_message *message, void *userdata, sd_bus_error *error);

/* a{sv} of the properties with one of these PROPERTY_* bits; 0: all. Variants in variants if
 * nested. */
int append_properties(sd_bus_message *message, const Face *face, const Object *object,
                      uint64_t changes, bool nested);

/* a{sa{sv}}: every interface of an object with its properties, one level of variants. */
int append_interfaces(sd_bus_message *message, const Object *object);
