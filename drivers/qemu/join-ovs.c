/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What ovs-vsctl is told of an interface: one transaction that makes it a port of a bridge, and one
 * that takes it away. Both remove what is there under its name, so each may be repeated.
 *
 * Open vSwitch removes queueing disciplines that it didn't make, so a limit of what goes to the
 * guest is told to it, too. Such a limit is two rows that nothing else removes; their uuids follow
 * from the port's, so that the live definition is enough to find them again. They can't go in the
 * transaction that removes the port, which is still thought to refer to them. */
#include <stdio.h>
#include <string.h>

#include "drivers/qemu/join-settle.h"

#define PATIENCE "10" /* s that a switch may take to answer */

static void add_all(Arguments *arguments, const char *const *words) {
        for (size_t i = 0; words[i]; i++)
                arguments_add(arguments, "%s", words[i]);
}

#define ADD(arguments, ...) add_all(arguments, (const char *const[]) { __VA_ARGS__, NULL })

bool ovs_is_port(const DomainNet *net) {
        return net->virtualport && net->virtualport->type && net->target &&
               strcmp(net->virtualport->type, "openvswitch") == 0;
}

/* ---- the rows of a limit ---- */

/* "qos" and "queue": not the same uuid, though they are in different tables. */
static int limit_uuid(const DomainNet *net, bool queue, char text[static UUID_TEXT_MAX]) {
        Uuid uuid;

        if (!net->virtualport->interface || uuid_parse(net->virtualport->interface, &uuid) < 0)
                return -1;
        uuid.bytes[15] ^= queue;
        (void) uuid_format(uuid, text);
        return 0;
}

static bool is_limited(const DomainNet *net) {
        return net->inbound && net->inbound->average > 0;
}

bool ovs_limit_arguments(Arguments *arguments, const DomainNet *net) {
        char qos[UUID_TEXT_MAX], queue[UUID_TEXT_MAX];

        if (!is_limited(net) || limit_uuid(net, false, qos) < 0 || limit_uuid(net, true, queue) < 0)
                return false;
        ADD(arguments, "ovs-vsctl", "--timeout=" PATIENCE);
        ADD(arguments, "--", "--if-exists", "clear", "Port", net->target, "qos");
        ADD(arguments, "--", "--if-exists", "destroy", "QoS", qos);
        ADD(arguments, "--", "--if-exists", "destroy", "Queue", queue);
        return true;
}

static void add_limit(Arguments *arguments, const DomainNet *net) {
        const NetLimit *limit = net->inbound;
        char qos[UUID_TEXT_MAX], queue[UUID_TEXT_MAX];

        if (!is_limited(net) || limit_uuid(net, false, qos) < 0 || limit_uuid(net, true, queue) < 0)
                return;
        uint64_t peak = MAX(limit->peak, limit->average);

        ADD(arguments, "--", "set", "Port", net->target);
        arguments_add(arguments, "qos=%s", qos);
        arguments_add(arguments, "--");
        arguments_add(arguments, "--id=%s", qos);
        ADD(arguments, "create", "QoS", "type=linux-htb");
        arguments_add(arguments, "other-config:max-rate=%ju", (uintmax_t) peak * 8192);
        arguments_add(arguments, "queues:0=%s", queue);
        arguments_add(arguments, "--");
        arguments_add(arguments, "--id=%s", queue);
        ADD(arguments, "create", "Queue");
        arguments_add(arguments, "other-config:min-rate=%ju", (uintmax_t) limit->average * 8192);
        arguments_add(arguments, "other-config:max-rate=%ju", (uintmax_t) peak * 8192);
        if (limit->burst > 0)
                arguments_add(arguments, "other-config:burst=%ju",
                              (uintmax_t) limit->burst * 8192);
}

/* ---- the port ---- */

/* The vlan whose packets have no tag on the guest's side, or none on both ends of a trunk. */
static const VlanTag *native_tag(const NetVlan *vlan) {
        for (size_t i = 0; i < vlan->tags.n; i++) {
                const char *mode = vlan->tags.items[i]->native_mode;

                if (mode && strcmp(mode, "default") != 0)
                        return vlan->tags.items[i];
        }
        return NULL;
}

static void add_vlan(Arguments *arguments, const NetVlan *vlan) {
        const VlanTag *native = vlan ? native_tag(vlan) : NULL;
        char list[5 * 4096 + 1];
        size_t at = 0;

        if (!vlan || vlan->tags.n == 0)
                return;
        if (native) {
                arguments_add(arguments, "vlan_mode=native-%s", native->native_mode);
                arguments_add(arguments, "tag=%u", native->id.value);
        }
        if (vlan->trunk != TRISTATE_YES && vlan->tags.n == 1) {
                if (!native)
                        arguments_add(arguments, "tag=%u", vlan->tags.items[0]->id.value);
                return;
        }
        for (size_t i = 0; i < vlan->tags.n && at < sizeof(list) - 6; i++)
                at += (size_t) snprintf(list + at, sizeof(list) - at, "%s%u", i ? "," : "",
                                        vlan->tags.items[i]->id.value);
        arguments_add(arguments, "trunks=%s", list);
}

/* Values are quoted: a comma or a bracket in one isn't the database's syntax then. */
static void add_id(Arguments *arguments, const char *name, const char *value) {
        _cleanup_(freep) char *quoted = malloc(2 * strlen(value) + 3);
        char *at = quoted;

        if (!quoted) {
                arguments->failed = true;
                return;
        }
        *at++ = '"';
        for (const char *c = value; *c; c++) {
                if (*c == '"' || *c == '\\')
                        *at++ = '\\';
                *at++ = *c;
        }
        memcpy(at, "\"", 2);
        arguments_add(arguments, "external_ids:%s=%s", name, quoted);
}

void ovs_add_arguments(Arguments *arguments, const DomainNet *net, Uuid owner) {
        char mac[MAC_TEXT_MAX], uuid[UUID_TEXT_MAX];

        ovs_remove_arguments(arguments, net);
        ADD(arguments, "--", "add-port", net->bridge ?: "", net->target);
        add_vlan(arguments, net->vlan);
        if (net->isolated && strcmp(net->isolated, "yes") == 0)
                ADD(arguments, "--", "set", "Port", net->target, "protected=true");
        ADD(arguments, "--", "set", "Interface", net->target);
        add_id(arguments, "attached-mac", mac_format(net->mac, mac));
        add_id(arguments, "iface-id", net->virtualport->interface ?: "");
        add_id(arguments, "vm-id", uuid_format(owner, uuid));
        if (net->virtualport->profile)
                add_id(arguments, "port-profile", net->virtualport->profile);
        add_id(arguments, "iface-status", "active");
        add_limit(arguments, net);
}

void ovs_remove_arguments(Arguments *arguments, const DomainNet *net) {
        ADD(arguments, "ovs-vsctl", "--timeout=" PATIENCE);
        ADD(arguments, "--", "--if-exists", "del-port", net->target);
}
