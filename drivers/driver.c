/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The drivers that were built in, and what each must offer. The one place that asks how we were
 * built. */
#include "drivers/driver.h"

#include <assert.h>

#include "config.h"
#include "drivers/test/driver.h"

#if HAVE_QEMU
#include "drivers/qemu/driver.h"
#endif
#if HAVE_XEN
#include "drivers/xen/driver.h"
#endif

const Driver *const drivers[] = {
#if HAVE_QEMU
        &qemu_driver,
#endif
#if HAVE_XEN
        &xen_driver,
#endif
        &test_driver,
        NULL,
};

void driver_check(const Driver *driver) {
        const DomainDefinitions *definitions = driver->definitions;
        const DomainLifecycle *lifecycle = driver->lifecycle;

        assert(driver->name && driver->id && driver->open && driver->close);
        assert(definitions && definitions->define && definitions->create && definitions->undefine &&
               definitions->rename);
        assert(lifecycle && lifecycle->start && lifecycle->destroy);
        assert(!lifecycle->suspend == !lifecycle->resume);
        assert(!driver->faults || driver->faults->pass);
        assert(driver->hypervisor && driver->hypervisor->version);
        assert(driver->node && driver->node->hostname);
        assert(!driver->native || (driver->native->from_native && driver->native->to_native));
}
