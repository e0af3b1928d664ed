/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of the test driver's guests: they come and go by their definition alone. */
#include <errno.h>
#include <string.h>

#include "conf/api-domain.h"
#include "drivers/device-edit.h"
#include "drivers/edit.h"
#include "drivers/metadata.h"
#include "drivers/test/driver.h"

/* ---- attach, detach, update ---- */

typedef struct Exchange {
        const char *xml;
        char *alias; /* of the device of the running guest */
} Exchange;

static void exchange_done(Exchange *exchange) {
        free(exchange->alias);
}

static int note_alias(Exchange *exchange, const Device *device, Error *error) {
        free(exchange->alias);
        exchange->alias = strdup(device->alias ?: "");
        return exchange->alias ? 0 : fail_memory(error);
}

static int insert(DomainConf **conf, const DeviceSpec *spec, bool live, Exchange *exchange,
                  Error *error) {
        Device *device;
        int r = device_insert(conf, spec, live, &device, error);

        if (r >= 0)
                r = test_name_nets(*conf, error);
        if (r < 0 || !live)
                return r;
        if (!device->alias && device_choose_alias(*conf, spec->kind, device) < 0)
                return fail_memory(error);
        return note_alias(exchange, device, error);
}

static int attach(DomainConf **conf, bool live, void *userdata, Error *error) {
        _cleanup_(device_spec_done) DeviceSpec spec = {};
        Exchange *exchange = userdata;
        int r = device_parse(*conf, exchange->xml, &spec, error);

        if (r < 0)
                return r;
        if (spec.kind == DEVICE_DISK &&
            device_find_disk(*conf, ((DomainDisk *) spec.device)->target))
                return fail(error, ERROR_OPERATION_INVALID, "target %s already exists",
                            ((DomainDisk *) spec.device)->target);
        return insert(conf, &spec, live, exchange, error);
}

static int detach(DomainConf **conf, bool live, void *userdata, Error *error) {
        _cleanup_(device_spec_done) DeviceSpec spec = {};
        Exchange *exchange = userdata;
        Device *device;
        int r = device_parse(*conf, exchange->xml, &spec, error);

        if (r >= 0)
                r = device_find(*conf, &spec, &device, error);
        if (r >= 0 && live)
                r = note_alias(exchange, device, error);
        return r < 0 ? r : device_remove(conf, device, live, error);
}

static int update(DomainConf **conf, bool live, void *userdata, Error *error) {
        _cleanup_(device_spec_done) DeviceSpec spec = {};
        Exchange *exchange = userdata;
        Device *device;
        int r = device_parse(*conf, exchange->xml, &spec, error);

        if (r >= 0)
                r = device_find(*conf, &spec, &device, error);
        if (r >= 0)
                r = device_replace(conf, device, &spec, live, NULL, error);
        return r < 0 ? r : test_name_nets(*conf, error);
}

static int exchange_device(Domain *domain, const char *xml, uint32_t flags, DomainChange change,
                           EventKind event, Error *error) {
        _cleanup_(exchange_done) Exchange exchange = { .xml = xml };
        _cleanup_(edit_done) DomainEdit edit = {};
        int r = edit_plan(domain, flags, change, &exchange, &edit, error);

        if (r >= 0)
                r = edit_commit(&edit, error);
        if (r >= 0 && exchange.alias)
                event_report(&domain->resource.connection->hub,
                             &(Event) { .kind = event, .resource = &domain->resource,
                                        .text = { exchange.alias } });
        return r;
}

static int test_attach(Domain *domain, const char *xml, uint32_t flags, Job *job, Error *error) {
        return exchange_device(domain, xml, flags, attach, EVENT_DEVICE_ADDED, error);
}

static int test_detach(Domain *domain, const char *xml, uint32_t flags, Job *job, Error *error) {
        if (flags & DOMAIN_DEVICE_MODIFY_FORCE)
                return edit_fail_force(error);
        return exchange_device(domain, xml, flags, detach, EVENT_DEVICE_REMOVED, error);
}

static int test_update(Domain *domain, const char *xml, uint32_t flags, Job *job, Error *error) {
        Exchange exchange = { .xml = xml };

        return domain_edit(domain, flags, update, &exchange, error);
}

/* ---- questions ---- */

static int live_conf(Domain *domain, DomainConf **ret, Error *error) {
        int r = domain_need_active(domain, error);

        return r < 0 ? r : domain_conf(domain, DOMAIN_LIVE, ret, error);
}

static int test_interface_addresses(Domain *domain, uint32_t source, uint32_t flags, Job *job,
                                    Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        Values *values = &job->result.values;
        size_t head;
        int r;

        if (source > ADDRESSES_SRC_ARP)
                return fail(error, ERROR_INVALID_ARG, "Unknown IP address data source %u", source);
        r = live_conf(domain, &conf, error);
        if (r < 0)
                return r;
        head = values_array(values);
        for (size_t i = 0; r >= 0 && i < conf->nets.n; i++) {
                const DomainNet *net = conf->nets.items[i];
                char mac[MAC_TEXT_MAX];

                values_element(values, head);
                values_string(values, net->target);
                values_string(values, mac_format(net->mac, mac));
                r = test_append_addresses(domain, net, i, values, error);
        }
        return r;
}

/* libvirt's test driver has trouble with every disk, of each kind in turn. */
static int test_disk_errors(Domain *domain, uint32_t flags, Job *job, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        Values *values = &job->result.values;
        size_t head;
        int r = live_conf(domain, &conf, error);

        if (r < 0)
                return r;
        head = values_array(values);
        for (size_t i = 0; i < conf->disks.n; i++) {
                values_element(values, head);
                values_string(values, conf->disks.items[i]->target);
                values_int(values, i % 2 == 0 ? DISK_ERROR_UNSPEC : DISK_ERROR_NO_SPACE);
        }
        return DONE;
}

static int test_set_metadata(Domain *domain, int type, const char *metadata, const char *key,
                             const char *uri, uint32_t flags, Job *job, Error *error) {
        return metadata_change(domain, type, metadata && *metadata ? metadata : NULL,
                                   key && *key ? key : NULL, uri && *uri ? uri : NULL, flags,
                                   error);
}

const DomainDevices test_devices = {
        .attach = test_attach,
        .detach = test_detach,
        .update = test_update,
        .interface_addresses = test_interface_addresses,
        .disk_errors = test_disk_errors,
        .set_metadata = test_set_metadata,
};
