/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Places that the chipset decides: devices that are part of it, and those that real boards and QEMU
 * put in certain slots. */
#include "drivers/qemu/address-private.h"

/* A function of a USB 2 controller: EHCI and the companions that it shares a slot with. */
bool is_usb2(const Place *place, unsigned *ret_function) {
        static const struct {
                const char *model;
                unsigned function;
        } models[] = {
                { "ich9-uhci1", 0 }, { "ich9-uhci2", 1 }, { "ich9-uhci3", 2 }, { "ich9-ehci1", 7 }
        };
        const DomainController *controller = (const DomainController *) place->device;

        if (place->kind != DEVICE_CONTROLLER || controller->type != CONTROLLER_USB)
                return false;
        for (size_t i = 0; i < ELEMENTS(models); i++)
                if (text_is(controller->model, models[i].model)) {
                        if (ret_function)
                                *ret_function = models[i].function;
                        return true;
                }
        return false;
}

static bool is_controller(const Place *place, ControllerType type) {
        return place->kind == DEVICE_CONTROLLER &&
               ((const DomainController *) place->device)->type == type;
}

static uint32_t index_of(const Place *place) {
        return ((const DomainController *) place->device)->index.value;
}

/* A device of the chipset is where it is. */
static int nail(Pci *pci, Place *place, const char *name, unsigned slot, unsigned function) {
        const DeviceAddress *at = place->address;

        if (place_is_wanted(place))
                return pci_take(pci, place, slot, function);
        if (at->domain == 0 && at->bus == 0 && at->slot == slot && at->function == function)
                return 0;
        return fail(pci->error, ERROR_CONFIG_UNSUPPORTED, "%s must have PCI address 0:0:%x.%x",
                    name, slot, function);
}

/* A part of the chipset that no definition mentions. */
static int reserve_part(Pci *pci, unsigned slot, unsigned function) {
        DeviceAddress at = { .slot = slot, .function = function };

        return pci_reserve(pci, NULL, &at, 0, true);
}

/* The first of these slots that is free, if any is. */
static int prefer(Pci *pci, Place *place, const unsigned *slots, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (pci_slot_is_free(pci, slots[i]))
                        return pci_take(pci, place, slots[i], 0);
        return 0;
}

/* QEMU puts the first video card into the first slot that is free on a board without anything else.
 */
static int place_video(Pci *pci, unsigned slot) {
        for (size_t i = 0; i < pci->n_places; i++) {
                Place *place = &pci->places[i];

                if (place->kind != DEVICE_VIDEO ||
                    place->device != &pci->conf->videos.items[0]->device)
                        continue;
                if (!place_is_wanted(place))
                        return 0;
                return pci_slot_is_free(pci, slot) ? pci_take(pci, place, slot, 0) :
                                                     pci_take_next(pci, place, 0);
        }
        return 0;
}

static int place_i440fx(Pci *pci) {
        int r = 0;

        for (size_t i = 0; i < pci->n_places && r >= 0; i++) {
                Place *place = &pci->places[i];

                if (is_controller(place, CONTROLLER_IDE) && index_of(place) == 0)
                        r = nail(pci, place, "Primary IDE controller", 1, 1);
                else if (is_controller(place, CONTROLLER_USB) && index_of(place) == 0 &&
                         text_is(((DomainController *) place->device)->model, "piix3-uhci"))
                        r = nail(pci, place, "PIIX3 USB controller", 1, 2);
        }
        if (r >= 0)
                r = reserve_part(pci, 1, 0);
        return r < 0 ? r : place_video(pci, 2);
}

static int place_q35_controllers(Pci *pci) {
        unsigned function;
        int r = 0;

        for (size_t i = 0; i < pci->n_places && r >= 0; i++) {
                Place *place = &pci->places[i];

                if (is_controller(place, CONTROLLER_SATA) && index_of(place) == 0)
                        r = nail(pci, place, "Primary SATA controller", 0x1f, 2);
                else if (is_usb2(place, &function) && function == 0 && place_is_wanted(place)) {
                        r = prefer(pci, place, (const unsigned []) { 0x1d, 0x1a }, 2);
                        if (!place_is_wanted(place))
                                place->address->multifunction = TRISTATE_YES;
                } else if (is_controller(place, CONTROLLER_PCI) && place_is_wanted(place) &&
                           text_is(((DomainController *) place->device)->model,
                                   "dmi-to-pci-bridge"))
                        r = prefer(pci, place, (const unsigned []) { 0x1e }, 1);
        }
        return r;
}

static int place_q35(Pci *pci) {
        int r;

        if ((r = place_q35_controllers(pci)) < 0 || (r = reserve_part(pci, 0x1f, 0)) < 0 ||
            (r = reserve_part(pci, 0x1f, 3)) < 0 || (r = place_video(pci, 1)) < 0)
                return r;
        for (size_t i = 0; i < pci->n_places && r >= 0; i++) {
                Place *place = &pci->places[i];

                if (place->kind == DEVICE_SOUND && place_is_wanted(place) &&
                    text_is(((DomainSound *) place->device)->model, "ich9"))
                        r = prefer(pci, place, (const unsigned []) { 0x1b }, 1);
        }
        return r;
}

int pci_assign_chipset(Pci *pci) {
        switch (qemu_platform(pci->conf)) {
        case PLATFORM_I440FX:
                return place_i440fx(pci);
        case PLATFORM_Q35:
                return place_q35(pci);
        case PLATFORM_ISAPC: case PLATFORM_MICROVM: case PLATFORM_VIRT: case PLATFORM_S390:
        case PLATFORM_PSERIES: case PLATFORM_OTHER:
                return 0;
        }
        return 0;
}
