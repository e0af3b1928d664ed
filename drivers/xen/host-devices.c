/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of the host that guests have: which guest has one, and how those of PCI go back.
 *
 * With managed='yes' libxl takes a device from its driver when a guest gets it ("seize"), and gives
 * none back: that is left to whoever looks after guests. So it is done where a guest ends, by the
 * child that removes the guest from Xen, before anybody is told: who starts the next guest with the
 * device then finds it as it was before. What another domain has is left alone, whoever asks. */
#include <inttypes.h>
#include <string.h>

#include "drivers/xen/device.h"

/* ---- the devices of a definition ---- */

typedef struct Wanted {
        const HostAddress *at;
        bool managed;
} Wanted;

bool xen_pci_is_managed(const char *managed) {
        return managed && strcmp(managed, "yes") == 0;
}

/* Cards that are interfaces, then the other devices, as config-device.c has them; false: there are
 * no more. */
static bool wanted(const DomainConf *conf, size_t nth, Wanted *ret) {
        for (size_t i = 0; i < conf->nets.n; i++) {
                const DomainNet *net = conf->nets.items[i];

                if (net->type != NET_HOSTDEV || nth-- > 0)
                        continue;
                *ret = (Wanted) { &net->source_pci, xen_pci_is_managed(net->managed) };
                return true;
        }
        for (size_t i = 0; i < conf->hostdevs.n; i++) {
                const DomainHostdev *hostdev = conf->hostdevs.items[i];

                if (hostdev->mode != HOSTDEV_SUBSYSTEM || hostdev->type != HOSTDEV_PCI ||
                    nth-- > 0)
                        continue;
                *ret = (Wanted) { &hostdev->source, xen_pci_is_managed(hostdev->managed) };
                return true;
        }
        return false;
}

void xen_pci_seize(const DomainConf *conf, libxl_domain_config *config) {
        Wanted device;

        for (int i = 0; i < config->num_pcidevs && wanted(conf, i, &device); i++)
                config->pcidevs[i].seize = device.managed;
}

static bool is_any_managed(const DomainConf *conf) {
        Wanted device;

        for (size_t i = 0; wanted(conf, i, &device); i++)
                if (device.managed)
                        return true;
        return false;
}

/* ---- who has it ---- */

static bool same_place(const HostAddress *a, const HostAddress *b) {
        return a->domain == b->domain && a->bus == b->bus && a->slot == b->slot &&
               a->function == b->function;
}

static int need_card(const DomainConf *live, const HostAddress *at, const char *other,
                     Error *error) {
        Wanted device;

        for (size_t i = 0; wanted(live, i, &device); i++)
                if (same_place(device.at, at))
                        return fail(error, ERROR_OPERATION_INVALID,
                                    "PCI device %04" PRIx32 ":%02" PRIx32 ":%02" PRIx32 ".%" PRIx32
                                    " is in use by domain '%s'", at->domain, at->bus, at->slot,
                                    at->function, other);
        return 0;
}

static bool is_usb(const DomainHostdev *hostdev) {
        return hostdev->mode == HOSTDEV_SUBSYSTEM && hostdev->type == HOSTDEV_USB &&
               hostdev->has_address;
}

static int need_usb(const DomainConf *live, const HostAddress *at, const char *other,
                    Error *error) {
        for (size_t i = 0; i < live->hostdevs.n; i++) {
                const DomainHostdev *hostdev = live->hostdevs.items[i];

                if (is_usb(hostdev) && hostdev->source.bus == at->bus &&
                    hostdev->source.device == at->device)
                        return fail(error, ERROR_OPERATION_INVALID,
                                    "USB device %" PRIu32 " on bus %" PRIu32 " is in use by domain "
                                    "'%s'", at->device, at->bus, other);
        }
        return 0;
}

/* None of conf's is other's. */
static int need_other(const DomainConf *conf, Domain *other, Error *error) {
        _cleanup_(conf_freep) DomainConf *live = NULL;
        const char *name = other->resource.name;
        int r = domain_conf(other, DOMAIN_LIVE, &live, error);
        Wanted device;

        for (size_t i = 0; r >= 0 && wanted(conf, i, &device); i++)
                r = need_card(live, device.at, name, error);
        for (size_t i = 0; r >= 0 && i < conf->hostdevs.n; i++)
                if (is_usb(conf->hostdevs.items[i]))
                        r = need_usb(live, &conf->hostdevs.items[i]->source, name, error);
        return r;
}

int xen_hostdevs_need_free(const Domain *domain, const DomainConf *conf, Error *error) {
        const ResourceSet *set = &domain->resource.connection->sets[RESOURCE_DOMAIN];
        Wanted device;
        int r = 0;

        if (conf->hostdevs.n == 0 && !wanted(conf, 0, &device))
                return 0;
        for (size_t i = 0; r >= 0 && i < set->n; i++) {
                Domain *other = domain_of(set->items[i]);

                if (other != domain && xen_guest_of(other))
                        r = need_other(conf, other, error);
        }
        return r;
}

/* ---- in a child ---- */

static bool same_device(const libxl_device_pci *a, const libxl_device_pci *b) {
        return a->domain == b->domain && a->bus == b->bus && a->dev == b->dev &&
               a->func == b->func;
}

static bool domain_has(libxl_ctx *ctx, uint32_t domid, const libxl_device_pci *pci) {
        int n = 0;
        libxl_device_pci *list = libxl_device_pci_list(ctx, domid, &n);
        bool found = false;

        for (int i = 0; i < n; i++)
                found = found || same_device(&list[i], pci);
        libxl_device_pci_list_free(list, n);
        return found;
}

static bool is_assigned(libxl_ctx *ctx, const libxl_device_pci *pci) {
        int n = 0;
        libxl_dominfo *list = libxl_list_domain(ctx, &n);
        bool found = !list; /* nobody knows */

        for (int i = 0; list && i < n; i++)
                found = found || domain_has(ctx, list[i].domid, pci);
        if (list)
                libxl_dominfo_list_free(list, n);
        return found;
}

static bool is_taken(libxl_ctx *ctx, const libxl_device_pci *pci) {
        int n = 0;
        libxl_device_pci *list = libxl_device_pci_assignable_list(ctx, &n);
        bool found = false;

        for (int i = 0; i < n; i++)
                found = found || same_device(&list[i], pci);
        libxl_device_pci_assignable_list_free(list, n);
        return found;
}

/* Without one, libxl finds out when it has taken the device, and can't give it back. */
static bool has_iommu(libxl_ctx *ctx) {
        libxl_physinfo info;
        bool found;

        libxl_physinfo_init(&info);
        found = libxl_get_physinfo(ctx, &info) == 0 && info.cap_hvm_directio;
        libxl_physinfo_dispose(&info);
        return found;
}

/* Xen decides when a domain is made whether it is ever given a device. */
static bool is_closed(libxl_ctx *ctx, uint32_t domid) {
        libxl_domain_config config;
        libxl_passthrough passthrough;
        bool closed = false;

        libxl_domain_config_init(&config);
        if (libxl_retrieve_domain_configuration(ctx, domid, &config, NULL) == 0) {
                passthrough = config.c_info.passthrough;
                closed = passthrough == LIBXL_PASSTHROUGH_DISABLED ||
                         (passthrough == LIBXL_PASSTHROUGH_DEFAULT && config.num_pcidevs == 0);
        }
        libxl_domain_config_dispose(&config);
        return closed;
}

int xen_pci_add(libxl_ctx *ctx, uint32_t domid, libxl_device_pci *pci) {
        int rc;

        if (!has_iommu(ctx)) {
                xen_child_say("this host has no IOMMU");
                return ERROR_NI;
        }
        rc = libxl_device_pci_add(ctx, domid, pci, NULL);
        if (rc != 0 && is_closed(ctx, domid))
                xen_child_say("a guest that was started without PCI devices gets some while it "
                              "runs if its <features> have <xen><passthrough state='on'/></xen>");
        return rc;
}

/* libxl gives up on a guest that doesn't answer, and calls that a success. */
int xen_pci_remove(libxl_ctx *ctx, uint32_t domid, const libxl_device_pci *pci, bool force) {
        int n = 0, rc = 0;
        libxl_device_pci *list = libxl_device_pci_list(ctx, domid, &n);

        for (int i = 0; i < n; i++) {
                if (!same_device(&list[i], pci))
                        continue;
                rc = force ? libxl_device_pci_destroy(ctx, domid, &list[i], NULL)
                           : libxl_device_pci_remove(ctx, domid, &list[i], NULL);
        }
        libxl_device_pci_list_free(list, n);
        return rc == 0 && domain_has(ctx, domid, pci) ? ERROR_TIMEDOUT : rc;
}

void xen_pci_give_back(libxl_ctx *ctx, libxl_device_pci *pci) {
        if (is_taken(ctx, pci) && !is_assigned(ctx, pci))
                (void) libxl_device_pci_assignable_remove(ctx, pci, true);
}

/* ---- a guest is removed ---- */

static void give_back_all(libxl_ctx *ctx, const DomainConf *conf) {
        Wanted device;

        for (size_t i = 0; wanted(conf, i, &device); i++) {
                libxl_device_pci pci;

                if (!device.managed)
                        continue;
                libxl_device_pci_init(&pci);
                pci.domain = (int) device.at->domain;
                pci.bus = (uint8_t) device.at->bus;
                pci.dev = (uint8_t) device.at->slot;
                pci.func = (uint8_t) device.at->function;
                xen_pci_give_back(ctx, &pci);
                libxl_device_pci_dispose(&pci);
        }
}

static int remove_guest(libxl_ctx *ctx, uint32_t *domid, void *argument) {
        bool known = *domid != XEN_NO_DOMAIN;
        int rc = known ? libxl_domain_destroy(ctx, *domid, NULL) : 0;

        if (rc != 0 && libxl_domain_info(ctx, NULL, *domid) != ERROR_DOMAIN_NOTFOUND)
                return rc;
        if (argument)
                give_back_all(ctx, argument);
        return rc;
}

DomainConf *xen_pci_taken(XenGuest *guest) {
        DomainConf *conf = guest->plug ? TAKE(guest->plug->edit.live) : NULL;

        if (!conf && !guest->foreign)
                (void) domain_conf(guest->domain, DOMAIN_LIVE, &conf, NULL);
        return conf && !guest->foreign && is_any_managed(conf) ? conf : conf_free(conf);
}

int xen_guest_remove(XenGuest *guest, uint32_t domid, DomainConf *taken, XenWorked worked,
                     Error *error) {
        return xen_child_new(guest->core, domid, remove_guest, taken, worked, guest, &guest->child,
                             error);
}
