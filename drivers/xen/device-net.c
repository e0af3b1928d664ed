/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An interface of a running guest becomes another, as far as that can be.
 *
 * libxl has no way to change one, and to take it away and bring another would be noticed by the
 * guest. What changes is what this host does with its vif, and libxl has no part in: limits of what
 * the guest gets, isolation, filters. All else is refused by its name. */
#include <errno.h>
#include <string.h>

#include "drivers/device-edit.h"
#include "drivers/xen/device.h"
#include "drivers/xen/join.h"

static bool differ(const char *a, const char *b) {
        return a && b ? strcmp(a, b) != 0 : a != b;
}

static bool limits_differ(const NetLimit *a, const NetLimit *b) {
        static const NetLimit none;

        a = a ?: &none;
        b = b ?: &none;
        return a->average != b->average || a->peak != b->peak || a->burst != b->burst;
}

static bool tags_differ(const DomainNet *a, const DomainNet *b) {
        size_t n = a->vlan ? a->vlan->tags.n : 0;

        if (n != (b->vlan ? b->vlan->tags.n : 0))
                return true;
        for (size_t i = 0; i < n; i++)
                if (a->vlan->tags.items[i]->id.value != b->vlan->tags.items[i]->id.value)
                        return true;
        return false;
}

static bool addresses_differ(const DomainNet *a, const DomainNet *b) {
        if (a->ips.n != b->ips.n)
                return true;
        for (size_t i = 0; i < a->ips.n; i++)
                if (differ(a->ips.items[i]->address, b->ips.items[i]->address))
                        return true;
        return false;
}

int xen_net_check_change(const DomainNet *old, const DomainNet *new, Error *error) {
        const struct {
                bool differs;
                const char *what;
        } fixed[] = {
                { old->type != new->type, "its type" },
                { memcmp(&old->mac, &new->mac, sizeof(old->mac)) != 0, "its mac address" },
                { differ(old->model, new->model), "its model" },
                { differ(old->target, new->target), "the name of its target" },
                { differ(old->bridge, new->bridge) || differ(old->network, new->network) ||
                  differ(old->portgroup, new->portgroup), "what it is connected to" },
                { tags_differ(old, new), "its vlan" },
                { differ(old->virtualport ? old->virtualport->type : NULL,
                         new->virtualport ? new->virtualport->type : NULL), "its virtualport" },
                { differ(old->script, new->script), "its script" },
                { differ(old->backend_domain, new->backend_domain), "its backenddomain" },
                { addresses_differ(old, new), "its addresses (ip)" },
                { old->mtu != new->mtu, "its mtu" },
                { limits_differ(old->outbound, new->outbound),
                  "the bandwidth of what it sends (outbound: its backend is told once)" },
                { differ(old->link, new->link), "its link (Xen pulls no cable)" },
        };

        for (size_t i = 0; i < ELEMENTS(fixed); i++)
                if (fixed[i].differs)
                        return fail(error, ERROR_OPERATION_UNSUPPORTED,
                                    "of an interface of a running Xen guest %s can't be changed",
                                    fixed[i].what);
        return 0;
}

/* ---- planned ---- */

/* What a caller needn't say is as it was. */
static int keep(DomainNet *net, const DomainNet *old, Error *error) {
        if (net->target || !old->target)
                return 0;
        net->target = strdup(old->target);
        return net->target ? 0 : fail_memory(error);
}

static int plan_live(XenPlug *plug, DomainConf *conf, DomainNet *net, Error *error) {
        const Device *before;
        int r = domain_conf(plug->domain, DOMAIN_LIVE, &plug->before, error);

        if (r < 0)
                return r;
        before = conf_find_alias(plug->before, plug->alias, NULL);
        if (!before)
                return fail(error, ERROR_DEVICE_MISSING, "the interface has no alias");
        plug->was = (const DomainNet *) before;
        plug->kind = xen_device_kind(DEVICE_NET, &net->device);
        r = keep(net, plug->was, error);
        if (r >= 0)
                r = xen_net_plan(plug->domain, net, error);
        if (r >= 0)
                r = xen_net_check_change(plug->was, net, error);
        if (r >= 0 && plug->kind)
                r = plug->kind->make(conf, &net->device, &plug->libxl, error);
        plug->device = &net->device;
        return r;
}

int xen_plan_net(XenPlug *plug, DomainConf **conf, bool live, Device *device,
                 const DeviceSpec *spec, Error *error) {
        bool named = !mac_is_null(((DomainNet *) spec->device)->mac);
        MacAddress mac = ((DomainNet *) device)->mac;
        int r = 0;

        if (live) {
                free(plug->alias);
                plug->alias = strdup(device->alias ?: "");
                r = plug->alias ? 0 : fail_memory(error);
        }
        if (r >= 0)
                r = device_replace(conf, device, spec, live, &device, error);
        if (r < 0)
                return r;
        if (!named)
                ((DomainNet *) device)->mac = mac;
        r = xen_complete(*conf, error);
        return r < 0 || !live ? r : plan_live(plug, *conf, (DomainNet *) device, error);
}

/* ---- and done, at once ---- */

int xen_change_net(XenPlug *plug, Error *error) {
        const DomainNet *net = (const DomainNet *) plug->device;
        int r = xen_net_change(plug->domain, plug->was, net, error);

        if (r >= 0)
                r = edit_commit(&plug->edit, error);
        if (r < 0)
                (void) xen_net_change(plug->domain, net, plug->was, NULL);
        return r;
}
