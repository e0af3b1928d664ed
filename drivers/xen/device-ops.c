/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is asked about and done to the devices of a Xen guest. */
#include <errno.h>

#include "drivers/addresses.h"
#include "drivers/metadata.h"
#include "drivers/xen/device.h"

static int xen_set_metadata(Domain *domain, int type, const char *metadata, const char *key,
                            const char *uri, uint32_t flags, Job *job, Error *error) {
        return metadata_change(domain, type, metadata && *metadata ? metadata : NULL,
                               key && *key ? key : NULL, uri && *uri ? uri : NULL, flags, error);
}

/* No agent of a Xen guest's is known. */
static int xen_interface_addresses(Domain *domain, uint32_t source, uint32_t flags, Job *job,
                                   Error *error) {
        int r = xen_need(domain->resource.connection, error);

        return r < 0 ? r : addresses_of_domain(domain, source, job, error);
}

const DomainDevices xen_devices = {
        .attach = xen_attach,
        .detach = xen_detach,
        .update = xen_update,
        .interface_addresses = xen_interface_addresses,
        .set_metadata = xen_set_metadata,
};
