/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest's agent knows of its interfaces and file systems: lists of the guest's own making,
 * whose members may be missing or of another kind than they should be. */
#include <errno.h>
#include <string.h>

#include "conf/api-domain.h"
#include "drivers/qemu/guest.h"

/* One whose end of the list is the end of the work: NULL is none. */
static json_object *item(json_object *list, size_t i) {
        return json_object_is_type(list, json_type_array) ? json_object_array_get_idx(list, i)
                                                          : NULL;
}

static size_t count(json_object *list) {
        return json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
}

static int need_list(json_object *value, const char *what, Error *error) {
        if (json_object_is_type(value, json_type_array))
                return 0;
        return fail(error, ERROR_AGENT_UNRESPONSIVE, "the guest agent's answer is no list of %s",
                    what);
}

/* ---- interfaces ---- */

enum { FAMILY_IPV4 = 0, FAMILY_IPV6 = 1 }; /* libvirt's numbers */

static void append_address(Values *values, size_t head, json_object *address) {
        const char *kind = agent_text(address, "ip-address-type");
        const char *text = agent_text(address, "ip-address");
        int64_t prefix = json_number(address, "prefix", 0);

        if (!kind || !text || prefix < 0 || prefix > 128)
                return;
        values_element(values, head);
        values_int(values, strcmp(kind, "ipv6") == 0 ? FAMILY_IPV6 : FAMILY_IPV4);
        values_string(values, text);
        values_uint(values, prefix);
}

/* What stands before the colon of an old alias: "eth0:1" is eth0. */
static size_t plain_length(const char *name) {
        return strcspn(name, ":");
}

static bool same_interface(const char *a, const char *b) {
        return plain_length(a) == plain_length(b) && strncmp(a, b, plain_length(a)) == 0;
}

static bool listed_before(json_object *list, size_t i, const char *name) {
        for (size_t k = 0; k < i; k++) {
                const char *other = agent_text(item(list, k), "name");

                if (other && same_interface(other, name))
                        return true;
        }
        return false;
}

/* Aliases add their addresses to those of the interface. */
static int append_interface(Values *values, size_t head, json_object *list, size_t i,
                            Error *error) {
        const char *name = agent_text(item(list, i), "name");
        _cleanup_(freep) char *plain = name ? strndup(name, plain_length(name)) : NULL;
        size_t addresses;

        if (!name || listed_before(list, i, name))
                return 0;
        if (!plain)
                return fail_memory(error);
        values_element(values, head);
        values_string(values, plain);
        values_string(values, agent_text(item(list, i), "hardware-address") ?: "");
        addresses = values_array(values);
        for (size_t k = i; k < count(list); k++) {
                const char *other = agent_text(item(list, k), "name");
                json_object *own = json_member(item(list, k), "ip-addresses");

                for (size_t n = 0; other && same_interface(other, name) && n < count(own); n++)
                        append_address(values, addresses, item(own, n));
        }
        return 0;
}

#define INTERFACES_MAX 1024 /* each is compared with those before it */

static int take_interfaces(Domain *domain, json_object *value, Job *job, Error *error) {
        Values *values = &job->result.values;
        size_t head;
        int r = need_list(value, "interfaces", error);

        if (r < 0)
                return r;
        if (count(value) > INTERFACES_MAX)
                return fail(error, ERROR_AGENT_UNRESPONSIVE,
                            "the guest agent's answer has more than %d interfaces",
                            INTERFACES_MAX);
        head = values_array(values);
        for (size_t i = 0; r >= 0 && i < count(value); i++)
                r = append_interface(values, head, value, i, error);
        return MIN(r, DONE);
}

int qemu_agent_addresses(Domain *domain, Job *job, Error *error) {
        return qemu_agent_ask(domain, "guest-network-get-interfaces", NULL, AGENT_ANSWERS,
                              take_interfaces, job, error);
}

/* ---- file systems ---- */

static bool same_pci(const DeviceAddress *at, json_object *pci) {
        return at->type == ADDRESS_PCI && json_number(pci, "domain", -1) == at->domain &&
               json_number(pci, "bus", -1) == at->bus && json_number(pci, "slot", -1) == at->slot &&
               json_number(pci, "function", -1) == at->function;
}

/* A drive's controller has the type of the drive's bus. */
static bool is_controller_of(const DomainController *controller, const DomainDisk *disk) {
        static const struct {
                DiskBus bus;
                ControllerType type;
        } kinds[] = {
                { DISK_BUS_IDE, CONTROLLER_IDE },
                { DISK_BUS_SATA, CONTROLLER_SATA },
                { DISK_BUS_SCSI, CONTROLLER_SCSI },
        };

        for (size_t i = 0; i < ELEMENTS(kinds); i++)
                if (kinds[i].bus == disk->bus)
                        return controller->type == kinds[i].type && controller->index.set &&
                               controller->index.value == disk->device.address.controller;
        return false;
}

static bool is_drive(const DomainConf *conf, const DomainDisk *disk, json_object *where) {
        const DeviceAddress *at = &disk->device.address;

        if (at->type != ADDRESS_DRIVE || json_number(where, "bus", -1) != at->bus ||
            json_number(where, "target", -1) != at->target ||
            json_number(where, "unit", -1) != at->unit)
                return false;
        for (size_t i = 0; i < conf->controllers.n; i++) {
                const DomainController *controller = conf->controllers.items[i];

                if (is_controller_of(controller, disk) &&
                    same_pci(&controller->device.address, json_member(where, "pci-controller")))
                        return true;
        }
        return false;
}

/* Which disk it is, by its place in the guest; or NULL. */
static const DomainDisk *find_disk(const DomainConf *conf, json_object *where) {
        for (size_t i = 0; i < conf->disks.n; i++) {
                const DomainDisk *disk = conf->disks.items[i];

                if (same_pci(&disk->device.address, json_member(where, "pci-controller")) ||
                    is_drive(conf, disk, where))
                        return disk;
        }
        return NULL;
}

static void append_file_system(Values *values, size_t head, const DomainConf *conf,
                               json_object *found) {
        const char *mountpoint = agent_text(found, "mountpoint"), *name = agent_text(found, "name");
        const char *type = agent_text(found, "type");
        json_object *disks = json_member(found, "disk");
        size_t targets;

        if (!mountpoint || !name || !type)
                return;
        values_element(values, head);
        values_string(values, mountpoint);
        values_string(values, name);
        values_string(values, type);
        targets = values_array(values);
        for (size_t i = 0; i < count(disks); i++) {
                const DomainDisk *disk = find_disk(conf, item(disks, i));

                if (!disk || !disk->target)
                        continue;
                values_element(values, targets);
                values_string(values, disk->target);
        }
}

static int take_file_systems(Domain *domain, json_object *value, Job *job, Error *error) {
        const DomainConf *conf = domain_view(domain);
        Values *values = &job->result.values;
        size_t head;
        int r = need_list(value, "file systems", error);

        if (r < 0)
                return r;
        if (!conf)
                return fail_memory(error);
        head = values_array(values);
        for (size_t i = 0; i < count(value); i++)
                append_file_system(values, head, conf, item(value, i));
        return DONE;
}

int qemu_agent_file_systems(Domain *domain, uint32_t flags, Job *job, Error *error) {
        return qemu_agent_ask(domain, "guest-get-fsinfo", NULL, AGENT_ANSWERS, take_file_systems,
                              job, error);
}
