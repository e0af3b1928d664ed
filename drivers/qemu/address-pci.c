/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding places on PCI: buses and slots, and the controllers that must be added for more of them.
 */
#include "drivers/qemu/address-private.h"

#include <errno.h>
#include <string.h>

enum { BUSES_MAX = 256 };

#define ENDS_PCI (CONNECT_PCI | CONNECT_BRIDGE | CONNECT_HOTPLUG | CONNECT_AUTO)

static const BusModel bus_models[] = {
        { "pci-root", ENDS_PCI | CONNECT_EXPANDER, 1, 31, 0, NULL },
        { "pci-bridge", ENDS_PCI, 1, 31, CONNECT_BRIDGE, "pci-bridge" },
        { "pci-expander-bus", CONNECT_PCI | CONNECT_BRIDGE | CONNECT_HOTPLUG, 0, 31,
          CONNECT_EXPANDER, "pxb" },
        { "dmi-to-pci-bridge", CONNECT_PCI | CONNECT_BRIDGE | CONNECT_AUTO, 0, 31,
          CONNECT_DMI_TO_PCI, "i82801b11-bridge" },
        { "pcie-to-pci-bridge", ENDS_PCI, 1, 31, CONNECT_PCIE_TO_PCI, "pcie-pci-bridge" },
        { "pcie-root",
          CONNECT_PCIE | CONNECT_ROOT_PORT | CONNECT_DMI_TO_PCI | CONNECT_PCIE_EXPANDER |
                  CONNECT_AUTO,
          1, 31, 0, NULL },
        { "pcie-root-port",
          CONNECT_PCIE | CONNECT_UPSTREAM | CONNECT_PCIE_TO_PCI | CONNECT_HOTPLUG | CONNECT_AUTO, 0,
          0, CONNECT_ROOT_PORT | CONNECT_SHARE, "pcie-root-port" },
        { "pcie-switch-upstream-port", CONNECT_DOWNSTREAM | CONNECT_AUTO, 0, 31, CONNECT_UPSTREAM,
          "x3130-upstream" },
        { "pcie-switch-downstream-port",
          CONNECT_PCIE | CONNECT_UPSTREAM | CONNECT_PCIE_TO_PCI | CONNECT_HOTPLUG | CONNECT_AUTO, 0,
          0, CONNECT_DOWNSTREAM, "xio3130-downstream" },
        { "pcie-expander-bus", CONNECT_ROOT_PORT | CONNECT_DMI_TO_PCI, 0, 31, CONNECT_PCIE_EXPANDER,
          "pxb-pcie" },
};

const BusModel *bus_model(const char *model) {
        for (size_t i = 0; i < ELEMENTS(bus_models); i++)
                if (text_is(bus_models[i].model, model))
                        return &bus_models[i];
        return NULL;
}

/* ---- taking a place ---- */

/* A place that was asked for may be odd: conventional and express endpoints are taken for one
 * another, and whether a slot lets devices come and go is the user's business. */
static bool fits(Connect takes, Connect connects, bool given) {
        if (given) {
                if (takes & CONNECT_ENDPOINT)
                        takes |= CONNECT_ENDPOINT;
                takes |= CONNECT_HOTPLUG | CONNECT_AUTO;
                if (connects & CONNECT_BRIDGE)
                        connects |= CONNECT_PCI;
                if (connects & CONNECT_PCIE_TO_PCI && takes & CONNECT_PCIE)
                        return true;
        }
        return takes & connects & CONNECT_KINDS && takes & CONNECT_AUTO &&
               (!(connects & CONNECT_HOTPLUG) || takes & CONNECT_HOTPLUG);
}

static int grow(Pci *pci, Connect connects);

/* Instead of bridges there may be more host bridges. */
static bool many_roots(const Pci *pci) {
        return qemu_platform(pci->conf) == PLATFORM_PSERIES;
}

static int check_place(Pci *pci, const Place *owner, const DeviceAddress *at, Connect connects,
                       bool given) {
        char name[128];

        place_describe(owner, name);
        if (at->domain != 0)
                return fail(pci->error, ERROR_XML,
                            "%s: invalid PCI address %04x:%02x:%02x.%x, only PCI domain 0 is "
                            "available",
                            name, at->domain, at->bus, at->slot, at->function);
        if (at->bus >= pci->n_buses || at->slot > 31 || at->function > 7)
                return fail(pci->error, ERROR_XML,
                            "%s: invalid PCI address %04x:%02x:%02x.%x, there are buses 0 "
                            "to %zu",
                            name, at->domain, at->bus, at->slot, at->function, pci->n_buses - 1);
        const BusModel *model = pci->buses[at->bus].model;
        if (!model)
                return 0;
        if (owner && (at->slot < model->first || at->slot > model->last))
                return fail(pci->error, ERROR_XML,
                            "%s: invalid PCI address %04x:%02x:%02x.%x: slots of '%s' are %u "
                            "to %u",
                            name, at->domain, at->bus, at->slot, at->function, model->model,
                            model->first, model->last);
        if (owner && !fits(model->takes, connects, given))
                return fail(pci->error, ERROR_XML,
                            "%s: PCI controller %u, a '%s', can't take this device "
                            "(address %04x:%02x:%02x.%x)",
                            name, at->bus, model->model, at->domain, at->bus, at->slot,
                            at->function);
        return 0;
}

int pci_reserve(Pci *pci, const Place *owner, const DeviceAddress *at, Connect connects,
                bool given) {
        char one[128], other[128];
        int r = 0;

        /* A place on a bus that isn't there asks for that bus; a port of PCIe has one slot only. */
        while (pci->dry && r >= 0 && at->bus < BUSES_MAX && at->bus >= pci->n_buses)
                r = grow(pci, at->slot > 0 && connects & CONNECT_PCIE ? CONNECT_PCI : connects);
        if (r < 0 || (r = check_place(pci, owner, at, connects, given)) < 0)
                return r;
        Slot *slot = &pci->buses[at->bus].slots[at->slot];
        if (slot->functions & BIT(at->function)) {
                place_describe(owner, one);
                place_describe(slot->owners[at->function], other);
                return fail(pci->error, ERROR_XML,
                            "Attempted double use of PCI Address %04x:%02x:%02x.%x: by %s "
                            "and by %s",
                            at->domain, at->bus, at->slot, at->function, other, one);
        }
        if (!slot->functions)
                slot->shared = connects & CONNECT_SHARE;
        slot->functions |= BIT(at->function);
        slot->owners[at->function] = owner;
        return 0;
}

bool pci_slot_is_free(const Pci *pci, unsigned slot) {
        return pci->n_buses > 0 && pci->buses[0].slots[slot].functions == 0;
}

static void settle(Place *place, const DeviceAddress *at) {
        place->address->type = ADDRESS_PCI;
        place->address->domain = at->domain;
        place->address->bus = at->bus;
        place->address->slot = at->slot;
        place->address->function = at->function;
}

int pci_take(Pci *pci, Place *place, unsigned slot, unsigned function) {
        DeviceAddress at = { .slot = slot, .function = function };
        int r = pci_reserve(pci, place, &at, place->connects, true);

        if (r >= 0)
                settle(place, &at);
        return r;
}

/* ---- the next free place ---- */

static bool find_function(const Bus *bus, Connect connects, int function, DeviceAddress *at) {
        for (at->slot = bus->model->first; at->slot <= bus->model->last; at->slot++) {
                const Slot *slot = &bus->slots[at->slot];

                at->function = MAX(function, 0);
                if (!slot->functions)
                        return true;
                if (!(connects & CONNECT_SHARE) || !slot->shared)
                        continue;
                for (; at->function < 8; at->function++) {
                        if (!(slot->functions & BIT(at->function)))
                                return true;
                        if (function >= 0)
                                break;
                }
        }
        return false;
}

static int add_bus(Pci *pci, const char *model) {
        Bus *buses;

        if (pci->n_buses >= BUSES_MAX)
                return fail(pci->error, ERROR_INTERNAL, "No more available PCI slots");
        if (!(buses = reallocarray(pci->buses, pci->n_buses + 1, sizeof(*buses))))
                return fail_memory(pci->error);
        pci->buses = buses;
        buses[pci->n_buses++] = (Bus) { .model = bus_model(model) };
        return 0;
}

static bool takes_anywhere(const Pci *pci, Connect connects) {
        for (size_t i = 0; i < pci->n_buses; i++)
                if (pci->buses[i].model && pci->buses[i].model->takes & connects)
                        return true;
        return false;
}

/* A bus, or two, where such a device finds a place. */
static int grow(Pci *pci, Connect connects) {
        bool modern = qemu_caps_has_type(pci->caps, "pcie-pci-bridge");
        int r;

        if (connects & (CONNECT_PCIE | CONNECT_UPSTREAM | CONNECT_PCIE_TO_PCI))
                return add_bus(pci, "pcie-root-port");
        if (connects & (CONNECT_PCI | CONNECT_BRIDGE)) {
                if (many_roots(pci))
                        return add_bus(pci, "pci-root");
                if (!pci->pcie || takes_anywhere(pci, CONNECT_BRIDGE))
                        return add_bus(pci, "pci-bridge");
                if (modern)
                        return add_bus(pci, "pcie-to-pci-bridge");
                r = add_bus(pci, "dmi-to-pci-bridge");
                return r < 0 || connects & CONNECT_BRIDGE ? r : add_bus(pci, "pci-bridge");
        }
        if (connects & CONNECT_DOWNSTREAM)
                return add_bus(pci, "pcie-switch-upstream-port");
        return fail(pci->error, ERROR_INTERNAL,
                    "Cannot automatically add a new PCI bus for a device with "
                    "connect flags %.2x",
                    connects);
}

static int find_next(Pci *pci, Connect connects, int function, DeviceAddress *ret) {
        for (unsigned tries = 0; tries < 3; tries++) {
                for (size_t i = 0; i < pci->n_buses; i++) {
                        const Bus *bus = &pci->buses[i];

                        ret->bus = i;
                        if (bus->model && fits(bus->model->takes, connects, false) &&
                            find_function(bus, connects, function, ret))
                                return 0;
                }
                if (!pci->dry)
                        break;
                int r = grow(pci, connects);
                if (r < 0)
                        return r;
        }
        return fail(pci->error, ERROR_INTERNAL, "No more available PCI slots");
}

/* A place of this kind for nobody yet. */
static int reserve_next(Pci *pci, Place *place, Connect connects, int function) {
        DeviceAddress at = {};
        int r = find_next(pci, connects, function, &at);

        if (r >= 0)
                r = pci_reserve(pci, place, &at, connects, false);
        if (r >= 0 && place && !pci->dry)
                settle(place, &at);
        return r;
}

int pci_take_next(Pci *pci, Place *place, unsigned function) {
        return reserve_next(pci, place, place->connects, function ? (int) function : -1);
}

/* ---- a run ---- */

static int model_of_bus(Pci *pci, const DomainController *controller) {
        const BusModel *model = bus_model(controller->model);

        if (!model)
                return fail(pci->error, ERROR_CONFIG_UNSUPPORTED,
                            "devices/controller[@type='pci']: unknown model '%s'",
                            controller->model ?: "");
        pci->buses[controller->index.value].model = model;
        return 0;
}

static int make_buses(Pci *pci, size_t n) {
        const MapAnyList *list = conf_devices(pci->conf, DEVICE_CONTROLLER);

        free(pci->buses);
        pci->n_buses = 0;
        if (!(pci->buses = calloc(MAX(n, 1u), sizeof(*pci->buses))))
                return fail_memory(pci->error);
        pci->n_buses = n;
        for (size_t i = 0; i < list->n; i++) {
                const DomainController *controller = (const DomainController *) list->items[i];
                int r = controller->type == CONTROLLER_PCI ? model_of_bus(pci, controller) : 0;

                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < n; i++)
                if (!pci->buses[i].model)
                        pci->buses[i].model =
                                bus_model(i == 0      ? (pci->pcie ? "pcie-root" : "pci-root")
                                          : pci->pcie ? "pcie-root-port"
                                          : many_roots(pci) ? "pci-root"
                                                            : "pci-bridge");
        return 0;
}

static int reserve_given(Pci *pci) {
        for (size_t i = 0; i < pci->n_places; i++) {
                Place *place = &pci->places[i];
                int r = place_is_wanted(place) ? 0 :
                        pci_reserve(pci, place, place->address, place->connects, true);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* All functions of a USB 2 controller are in one slot: the first one seeks it, the others follow.
 */
static const Place *companion_place(const Pci *pci, const Place *place) {
        const DomainController *controller = (const DomainController *) place->device;

        for (size_t i = 0; i < pci->n_places; i++) {
                const Place *other = &pci->places[i];

                if (is_usb2(other, NULL) && !place_is_wanted(other) &&
                    ((const DomainController *) other->device)->index.value ==
                            controller->index.value)
                        return other;
        }
        return NULL;
}

static int assign_usb2(Pci *pci, Place *place, unsigned function) {
        const Place *other = companion_place(pci, place);
        int r;

        if (other) {
                DeviceAddress at = *other->address;

                at.function = function;
                r = pci_reserve(pci, place, &at, place->connects, true);
                if (r >= 0)
                        settle(place, &at);
        } else
                r = pci_take_next(pci, place, function);
        if (r >= 0 && function == 0 && !pci->dry)
                place->address->multifunction = TRISTATE_YES;
        return r;
}

static int assign_wanted(Pci *pci) {
        for (size_t i = 0; i < pci->n_places; i++) {
                Place *place = &pci->places[i];
                unsigned function;
                int r = 0;

                if (!place_is_wanted(place))
                        continue;
                if (is_usb2(place, &function))
                        r = assign_usb2(pci, place, function);
                else
                        r = pci_take_next(pci, place, 0);
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool fully_taken(const Pci *pci) {
        for (size_t i = 0; i < pci->n_buses; i++)
                for (unsigned slot = pci->buses[i].model->first; slot <= pci->buses[i].model->last;
                     slot++)
                        if (!pci->buses[i].slots[slot].functions)
                                return false;
        return true;
}

static int run(Pci *pci, size_t n, bool dry) {
        int r;

        pci->dry = dry;
        if ((r = pci_collect(pci)) < 0)
                return fail_memory(pci->error);
        if ((r = make_buses(pci, n)) < 0 || (r = reserve_given(pci)) < 0 ||
            (r = pci_assign_chipset(pci)) < 0)
                return r;
        /* Room for one bridge more, as long as there is any, so that there can always be more
         * buses. */
        if (dry && !pci->pcie && qemu_is_x86(pci->conf) && !fully_taken(pci) &&
            (r = reserve_next(pci, NULL, CONNECT_PCI | CONNECT_HOTPLUG, -1)) < 0)
                return r;
        return assign_wanted(pci);
}

/* ---- controllers ---- */

static int add_controllers(Pci *pci) {
        for (size_t i = 1; i < pci->n_buses; i++) {
                const BusModel *model = pci->buses[i].model;
                DomainController *controller = qemu_find_controller(pci->conf, CONTROLLER_PCI, i);
                int r;

                if (controller)
                        continue;
                if (!qemu_add_controller(pci->conf, CONTROLLER_PCI, i, model->model))
                        return fail_memory(pci->error);
                if (model->connects && (r = reserve_next(pci, NULL, model->connects, -1)) < 0)
                        return r;
        }
        return 0;
}

static uint32_t free_bus_number(const DomainConf *conf) {
        uint32_t lowest = 256;

        for (size_t i = 0; i < conf->controllers.n; i++)
                if (conf->controllers.items[i]->bus_nr.set)
                        lowest = MIN(lowest, conf->controllers.items[i]->bus_nr.value);
        return lowest > 2 ? lowest - 2 : 0;
}

/* A host bridge of pseries has a number of its own; the first is the machine's. */
static uint32_t free_target_index(const DomainConf *conf) {
        for (uint32_t index = 0;; index++) {
                bool taken = false;

                for (size_t i = 0; i < conf->controllers.n && !taken; i++)
                        taken = conf->controllers.items[i]->target_index.set &&
                                conf->controllers.items[i]->target_index.value == index;
                if (!taken)
                        return index;
        }
}

static void maybe_default(MaybeU32 *member, uint32_t value) {
        if (!member->set)
                *member = (MaybeU32) { true, value };
}

/* What each controller has besides its place, once that is known. */
static int finish_controller(Pci *pci, DomainController *controller) {
        const BusModel *model = bus_model(controller->model);
        const DeviceAddress *at = &controller->device.address;
        const char *name = model ? model->name : NULL;

        if (text_is(controller->model, "pcie-root-port") &&
            !qemu_caps_has_type(pci->caps, "pcie-root-port"))
                name = "ioh3420";
        if (name && text_default(&controller->model_name, name) < 0)
                return fail_memory(pci->error);
        if (text_is(controller->model, "pci-root") && many_roots(pci)) {
                if (text_default(&controller->model_name, "spapr-pci-host-bridge") < 0)
                        return fail_memory(pci->error);
                maybe_default(&controller->target_index, free_target_index(pci->conf));
        } else if (text_is(controller->model, "pci-bridge")) {
                maybe_default(&controller->chassis_nr, controller->index.value);
                if (controller->index.value <= at->bus)
                        return fail(pci->error, ERROR_INTERNAL,
                                    "failed to create PCI bridge on bus %u: too many "
                                    "devices with fixed addresses",
                                    at->bus);
        } else if (text_is(controller->model, "pcie-root-port")) {
                maybe_default(&controller->chassis, controller->index.value);
                maybe_default(&controller->port, (at->slot << 3) + at->function);
        } else if (text_is(controller->model, "pcie-switch-downstream-port")) {
                maybe_default(&controller->chassis, controller->index.value);
                maybe_default(&controller->port, at->slot);
        } else if (text_is(controller->model, "pci-expander-bus") ||
                   text_is(controller->model, "pcie-expander-bus"))
                maybe_default(&controller->bus_nr, free_bus_number(pci->conf));
        return 0;
}

/* Function 0 says that there are others. */
static void mark_multifunction(Pci *pci) {
        for (size_t i = 0; i < pci->n_places; i++) {
                DeviceAddress *at = pci->places[i].address;

                if (at->type != ADDRESS_PCI || at->function != 0 ||
                    at->multifunction != TRISTATE_UNSET)
                        continue;
                if (pci->buses[at->bus].slots[at->slot].functions & ~1u)
                        at->multifunction = TRISTATE_YES;
        }
}

static int finish(Pci *pci) {
        mark_multifunction(pci);
        for (size_t i = 0; i < pci->conf->controllers.n; i++) {
                DomainController *controller = pci->conf->controllers.items[i];
                int r = controller->type == CONTROLLER_PCI ? finish_controller(pci, controller) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- all of it ---- */

static int check_indexes(const DomainConf *conf, uint32_t *ret_highest, Error *error) {
        *ret_highest = 0;
        for (size_t i = 0; i < conf->controllers.n; i++) {
                const DomainController *controller = conf->controllers.items[i];

                if (controller->type != CONTROLLER_PCI)
                        continue;
                if (controller->index.value >= BUSES_MAX)
                        return fail(error, ERROR_XML,
                                    "PCI controller index %u is too high, at most %d",
                                    controller->index.value, BUSES_MAX - 1);
                *ret_highest = MAX(*ret_highest, controller->index.value);
        }
        return 0;
}

static void pci_clear(Pci *pci) {
        free(pci->buses);
        free(pci->places);
}

int qemu_assign_pci(DomainConf *conf, const QemuCaps *caps, Error *error) {
        _cleanup_(pci_clear) Pci pci = { .conf = conf, .caps = caps, .error = error };
        DomainController *root = qemu_find_controller(conf, CONTROLLER_PCI, 0);
        uint32_t highest;
        int r;

        if (!root)
                return 0;
        pci.pcie = text_is(root->model, "pcie-root");
        if ((r = check_indexes(conf, &highest, error)) < 0 ||
            (r = run(&pci, highest + 1, true)) < 0)
                return r;
        /* Nobody manages the buses of a new guest: leave it one port for what is plugged in later.
         */
        if (highest == 0 && pci.n_buses > 1 && pci.pcie &&
            (r = reserve_next(&pci, NULL, CONNECT_PCIE | CONNECT_HOTPLUG, -1)) < 0)
                return r;
        if ((r = add_controllers(&pci)) < 0 || (r = run(&pci, pci.n_buses, false)) < 0)
                return r;
        return finish(&pci);
}
