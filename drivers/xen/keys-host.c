/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys of xl.cfg(5) for devices that a document tells of, but not in every word: channels, virtual
 * framebuffers, and what is given away of the host (PCI, USB, nodes of a device tree). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/xen/keys.h"

static int set_text(XlList *list, char **member, char *text) {
        if (!text)
                return 0;
        free(*member);
        *member = strdup(text);
        return *member ? 0 : fail_memory(list->error);
}

/* ---- channels and displays: what the document lacks ---- */

int xl_set_channels(XlList *list) {
        libxl_domain_config *config = list->config;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < xl_list_count(list) && i < (size_t) config->num_channels;
             i++) {
                _cleanup_(freep) char *backend = spec_value(xl_list_item(list, i), "backend");

                r = set_text(list, &config->channels[i].backend_domname, backend);
        }
        return r;
}

int xl_set_framebuffers(XlList *list) {
        libxl_domain_config *config = list->config;
        int r = 0;

        if (xl_list_count(list) != (size_t) config->num_vfbs)
                return 0; /* one of them is two displays */
        for (int i = 0; r >= 0 && i < config->num_vfbs; i++) {
                _cleanup_(freep) char *keymap = spec_value(xl_list_item(list, i), "keymap");
                _cleanup_(freep) char *opengl = spec_value(xl_list_item(list, i), "opengl");

                r = set_text(list, &config->vfbs[i].keymap, keymap);
                if (opengl)
                        libxl_defbool_set(&config->vfbs[i].sdl.opengl, atoi(opengl) != 0);
        }
        return r;
}

/* ---- PCI ---- */

static bool is_on(const XlList *list, const char *name) {
        const NativeValue *value = xl_list_other(list, name);

        return value && value->text && atoi(value->text) != 0;
}

static int parse_pci(XlList *list, const char *text, libxl_device_pci *ret) {
        int line;

        libxl_device_pci_init(ret);
        ret->msitranslate = is_on(list, "pci_msitranslate");
        ret->power_mgmt = is_on(list, "pci_power_mgmt");
        ret->permissive = is_on(list, "pci_permissive");
        ret->seize = is_on(list, "pci_seize");
        ret->rdm_policy = list->guest == GUEST_HVM ? list->config->b_info.u.hvm.rdm.policy
                                                   : LIBXL_RDM_RESERVE_POLICY_STRICT;
        if (xlu_pci_parse_spec_string(list->xlu.config, ret, text) == 0)
                return 0;
        libxl_device_pci_dispose(ret);
        return xl_list_refuse(list, xlu_reason(&list->xlu, &line));
}

/* All of them again, by the parser that xl uses; what holds for all of them is in keys of their
 * own, which come here, too. The document has all of them but those that only have a name. */
int xl_set_pci(XlList *list) {
        libxl_domain_config *config = list->config;
        const NativeValue *all = xl_list_other(list, "pci");
        int known = config->num_pcidevs, next = 0, r = 0;

        for (size_t i = 0; r >= 0 && all && i < all->n; i++) {
                libxl_device_pci pci, *place = NULL;

                if ((r = parse_pci(list, all->items[i]->text ?: "", &pci)) < 0)
                        return r;
                if (!pci.name && next < known)
                        place = &config->pcidevs[next++];
                else if (pci.name && strcmp(list->name, "pci") == 0) /* once, whatever key it is */
                        place = xl_list_add(list, &config->pcidevs, &config->num_pcidevs,
                                            sizeof(*place));
                if (place) {
                        libxl_device_pci_dispose(place);
                        *place = pci;
                } else
                        libxl_device_pci_dispose(&pci);
        }
        return r;
}

static void get_pci(const libxl_device_pci *pci, NativeConfig *ret) {
        const struct {
                const char *word;
                bool set;
        } words[] = {
                { "permissive", pci->permissive },
                { "msitranslate", pci->msitranslate },
                { "power_mgmt", pci->power_mgmt },
                { "seize", pci->seize },
        };
        NativeSpec spec = {};

        spec_add(&spec, "%04x:%02x:%02x.%x", pci->domain, pci->bus, pci->dev, pci->func);
        for (size_t i = 0; i < ELEMENTS(words); i++)
                if (words[i].set)
                        spec_add(&spec, "%s=1", words[i].word);
        if (pci->rdm_policy == LIBXL_RDM_RESERVE_POLICY_RELAXED)
                spec_add(&spec, "rdm_policy=relaxed");
        spec_finish(&spec, ret, "pci");
}

/* ---- USB ---- */

int xl_set_usb_controllers(XlList *list) {
        libxl_domain_config *config = list->config;

        for (size_t i = 0; i < xl_list_count(list) && i < (size_t) config->num_usbctrls; i++) {
                const char *text = xl_list_item(list, i);
                _cleanup_(freep) char *type = spec_value(text, "type");
                _cleanup_(freep) char *version = spec_value(text, "version");
                _cleanup_(freep) char *ports = spec_value(text, "ports");
                libxl_device_usbctrl *controller = &config->usbctrls[i];

                controller->type = LIBXL_USBCTRL_TYPE_AUTO;
                if (type && libxl_usbctrl_type_from_string(type, &controller->type) != 0)
                        return xl_list_refuse(list, "has what is no type of controller");
                controller->version = version ? atoi(version) : 0;
                controller->ports = ports ? atoi(ports) : 0;
        }
        return 0;
}

int xl_set_usb_devices(XlList *list) {
        libxl_domain_config *config = list->config;

        for (size_t i = 0; i < xl_list_count(list) && i < (size_t) config->num_usbdevs; i++) {
                const char *text = xl_list_item(list, i);
                _cleanup_(freep) char *controller = spec_value(text, "controller");
                _cleanup_(freep) char *port = spec_value(text, "port");

                if (controller)
                        config->usbdevs[i].ctrl = atoi(controller);
                if (port)
                        config->usbdevs[i].port = atoi(port);
        }
        return 0;
}

static void get_usb(const libxl_domain_config *config, NativeConfig *ret) {
        for (int i = 0; i < config->num_usbctrls; i++) {
                const libxl_device_usbctrl *controller = &config->usbctrls[i];
                NativeSpec spec = {};

                spec_add(&spec, "type=%s", libxl_usbctrl_type_to_string(controller->type));
                if (controller->version > 0)
                        spec_add(&spec, "version=%d", controller->version);
                if (controller->ports > 0)
                        spec_add(&spec, "ports=%d", controller->ports);
                spec_finish(&spec, ret, "usbctrl");
        }
        for (int i = 0; i < config->num_usbdevs; i++) {
                const libxl_device_usbdev *device = &config->usbdevs[i];
                NativeSpec spec = {};

                if (device->type != LIBXL_USBDEV_TYPE_HOSTDEV)
                        continue;
                spec_add(&spec, "hostbus=%d,hostaddr=%d", device->u.hostdev.hostbus,
                         device->u.hostdev.hostaddr);
                if (device->ctrl >= 0 && device->port > 0)
                        spec_add(&spec, "controller=%d,port=%d", device->ctrl, device->port);
                spec_finish(&spec, ret, "usbdev");
        }
}

/* ---- nodes of a device tree ---- */

int xl_set_device_tree(XlList *list) {
        libxl_domain_config *config = list->config;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < xl_list_count(list); i++) {
                libxl_device_dtdev *node = xl_list_add(list, &config->dtdevs, &config->num_dtdevs,
                                                       sizeof(*node));

                if (!node)
                        return -ENOMEM;
                libxl_device_dtdev_init(node);
                r = set_text(list, &node->path, (char *) xl_list_item(list, i));
        }
        return r;
}

/* ---- and back ---- */

static void get_channel(const libxl_device_channel *channel, NativeConfig *ret) {
        bool socket = channel->connection == LIBXL_CHANNEL_CONNECTION_SOCKET;
        NativeSpec spec = {};

        if (!channel->name || (!socket && channel->connection != LIBXL_CHANNEL_CONNECTION_PTY))
                return;
        spec_add(&spec, "connection=%s", socket ? "socket" : "pty");
        if (socket && channel->u.socket.path)
                spec_add(&spec, "path=%s", channel->u.socket.path);
        spec_add(&spec, "name=%s", channel->name);
        if (channel->backend_domname)
                spec_add(&spec, "backend=%s", channel->backend_domname);
        spec_finish(&spec, ret, "channel");
}

void xl_get_host_devices(const libxl_domain_config *config, NativeConfig *ret) {
        for (int i = 0; i < config->num_pcidevs; i++)
                get_pci(&config->pcidevs[i], ret);
        get_usb(config, ret);
        for (int i = 0; i < config->num_dtdevs; i++)
                if (config->dtdevs[i].path)
                        native_add_item(ret, "dtdev", config->dtdevs[i].path);
        for (int i = 0; i < config->num_channels; i++)
                get_channel(&config->channels[i], ret);
}
