/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The arguments of a domain's signals, taken from the event that they tell of. */
#include <string.h>

#include "objects/domain.h"
#include "objects/wire.h"

static const char *text(const Event *event, size_t i) {
        return event->text[i] ?: "";
}

int fill_nothing(const Event *event, sd_bus_message *signal) {
        return 0;
}

int fill_alias(const Event *event, sd_bus_message *signal) {
        return sd_bus_message_append(signal, "s", text(event, 0));
}

int fill_type(const Event *event, sd_bus_message *signal) {
        return sd_bus_message_append(signal, "i", event->type);
}

int fill_detail(const Event *event, sd_bus_message *signal) {
        return sd_bus_message_append(signal, "i", event->detail);
}

int fill_type_detail(const Event *event, sd_bus_message *signal) {
        return sd_bus_message_append(signal, "ii", event->type, event->detail);
}

int fill_alias_type(const Event *event, sd_bus_message *signal) {
        return sd_bus_message_append(signal, "si", text(event, 0), event->type);
}

int fill_type_text(const Event *event, sd_bus_message *signal) {
        return sd_bus_message_append(signal, "is", event->type, text(event, 0));
}

int fill_size(const Event *event, sd_bus_message *signal) {
        return sd_bus_message_append(signal, "t", (uint64_t) event->number);
}

int fill_offset(const Event *event, sd_bus_message *signal) {
        return sd_bus_message_append(signal, "x", event->number);
}

int fill_io_error(const Event *event, sd_bus_message *signal) {
        return sd_bus_message_append(signal, "ssis", text(event, 0), text(event, 1), event->type,
                                     text(event, 2));
}

/* virDomainEventGraphicsAddressType: IPv4, IPv6, Unix */
static int address_family(const char *node) {
        if (strchr(node, '/') || !*node)
                return 2;
        return strchr(node, ':') ? 1 : 0;
}

int fill_graphics(const Event *event, sd_bus_message *signal) {
        const char *local = text(event, 0), *remote = text(event, 2);

        return sd_bus_message_append(signal, "i(iss)(iss)sa(ss)", event->type,
                                     address_family(local), local, text(event, 1),
                                     address_family(remote), remote, text(event, 3),
                                     text(event, 4), 0);
}

int fill_block_job(const Event *event, sd_bus_message *signal) {
        return sd_bus_message_append(signal, "sii", text(event, 0), event->type, event->detail);
}

int fill_threshold(const Event *event, sd_bus_message *signal) {
        return sd_bus_message_append(signal, "sstt", text(event, 0), text(event, 1),
                                     (uint64_t) event->number, event->excess);
}

int fill_disk_change(const Event *event, sd_bus_message *signal) {
        return sd_bus_message_append(signal, "sssi", text(event, 0), text(event, 1), text(event, 2),
                                     event->type);
}

int fill_parameters(const Event *event, sd_bus_message *signal) {
        return append_values(signal, event->values, "a{sv}");
}
