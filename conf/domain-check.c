/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules that no row can state because they are about several values: what libvirt refuses to
 * define. */
#include "conf/domain-rows.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "conf/xml.h"

/* ---- the domain itself ---- */

static int check_name(const DomainConf *conf, const xmlNode *root, Error *error) {
        const char *name = conf->name;
        Uuid genid;

        if (!name || name[strspn(name, " \t\r\n")] == 0)
                return fail_at(error, ERROR_XML, root,
                               "a domain needs a name that is more than blanks");
        if (strchr(name, '/'))
                return fail_at(error, ERROR_XML, root, "name %s cannot contain '/'", name);
        if (strchr(name, '\n'))
                return fail_at(error, ERROR_XML, root, "name cannot contain a line break");
        if (is_text(name, ".") || is_text(name, ".."))
                return fail_at(error, ERROR_XML, root, "name cannot be '%s'", name);
        if (conf->title && strchr(conf->title, '\n'))
                return fail_at(error, ERROR_XML, root, "domain title cannot contain a line break");
        if (conf->genid && uuid_parse(conf->genid, &genid) < 0)
                return fail_at(error, ERROR_XML, root, "malformed genid element");
        return 0;
}

static int check_size(const DomainConf *conf, const xmlNode *root, Error *error) {
        if (conf->memory == 0)
                return fail_at(error, ERROR_XML, root,
                               "Memory size must be specified via <memory> or in the "
                               "<numa> configuration");
        if (conf->vcpus == 0)
                return fail_at(error, ERROR_XML, root, "<vcpu> must be at least 1");
        if (conf->current_vcpus > conf->vcpus)
                return fail_at(error, ERROR_XML, root,
                               "maxvcpus must not be less than current vcpus "
                               "(%" PRIu32 " < %" PRIu32 ")",
                               conf->vcpus, conf->current_vcpus);
        if (conf->max_memory && conf->memory_slots.value == 0)
                return fail_at(error, ERROR_XML, root, "<maxMemory> needs the number of slots");
        if (conf->max_memory && conf->max_memory < conf->memory)
                return fail_at(error, ERROR_XML, root, "<maxMemory> is less than <memory>");
        return 0;
}

static Tristate feature_of(const DomainOs *os, const char *name) {
        for (size_t i = 0; i < os->firmware_features.n; i++)
                if (is_text(os->firmware_features.items[i]->name, name))
                        return os->firmware_features.items[i]->state;
        return TRISTATE_UNSET;
}

static int check_loader(const DomainOs *os, const xmlNode *root, Error *error) {
        bool nvram = os->nvram || os->nvram_template || os->nvram_type;
        bool details = os->loader_readonly || os->loader_secure || os->loader_type ||
                       os->loader_stateless;

        if (!os->firmware && os->firmware_features.n > 0)
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, root,
                               "features of a firmware need <os firmware='...'>");
        if (feature_of(os, "enrolled-keys") == TRISTATE_YES &&
            feature_of(os, "secure-boot") == TRISTATE_NO)
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, root,
                               "firmware feature 'enrolled-keys' cannot be enabled when "
                               "'secure-boot' is disabled");
        if (os->firmware && os->loader)
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, root,
                               "a loader path cannot be given when "
                               "the firmware is chosen automatically (<os firmware='%s'>)",
                               os->firmware);
        if (os->firmware &&
            (os->loader_readonly || os->loader_type || os->loader_secure == TRISTATE_NO))
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, root,
                               "<loader> cannot say readonly, type or "
                               "secure='no' when the firmware is chosen automatically");
        if (is_text(os->firmware, "bios") && (nvram || os->loader_stateless == TRISTATE_NO))
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, root,
                               "Only EFI firmware permits NVRAM");
        if (!os->firmware && (details || nvram) && !os->loader)
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, root,
                               "no loader path specified and firmware "
                               "auto selection disabled");
        if (!os->firmware && !is_text(os->loader_type, "pflash") &&
            (nvram || os->loader_stateless == TRISTATE_NO) && os->loader)
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, root,
                               "Only pflash loader type permits NVRAM");
        if (os->loader_stateless == TRISTATE_YES && nvram)
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, root,
                               "NVRAM is not permitted when loader is "
                               "stateless");
        return 0;
}

static int check_os(const DomainConf *conf, const xmlNode *root, Error *error) {
        static const char *const devices[] = { "fd", "hd", "cdrom", "network", NULL };
        const DomainOs *os = &conf->os;

        if (!os->type && !os->bootloader)
                return fail_at(error, ERROR_XML, root, "an os <type> must be specified");
        for (size_t i = 0; i < os->boots.n; i++)
                if (map_enum_value(devices, os->boots.items[i]->dev) < 0)
                        return fail_at(error, ERROR_XML, os->boots.items[i]->item.node,
                                       "unknown boot device "
                                       "'%s'; there are: fd, hd, cdrom, network",
                                       os->boots.items[i]->dev);
        if (os->bootmenu_timeout > UINT16_MAX)
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, root,
                               "invalid value for boot menu timeout, "
                               "must be in range [0,65535]");
        if (os->bios_reboot_timeout.set && (int32_t) os->bios_reboot_timeout.value != -1 &&
            os->bios_reboot_timeout.value > UINT16_MAX)
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, root,
                               "invalid value for rebootTimeout, must be "
                               "in range [-1,65535]");
        return check_loader(os, root, error);
}

/* Memory that is plugged in needs room, and a node of the guest if it has any. */
static int check_memories(const DomainConf *conf, Error *error) {
        size_t cells = conf->cpu ? conf->cpu->cells.n : 0, modules = 0;
        uint64_t total = 0;
        int r = 0;

        for (size_t i = 0; i < conf->memories.n && r >= 0; i++) {
                const MemoryDevice *memory = conf->memories.items[i];
                bool enclave = is_text(memory->model, "sgx-epc");

                modules += is_one_of(memory->model, WORDS("dimm", "nvdimm"));
                total += enclave ? 0 : memory->size;
                r = RULES(memory->device.item.node, error,
                          { total > conf->memory,
                            "Total size of memory devices exceeds the total memory size" },
                          { !enclave && conf->max_memory == 0,
                            "a memory device needs <maxMemory> in the domain" },
                          { modules > conf->memory_slots.value && !enclave,
                            "memory device count exceeds slots count" },
                          { memory->node.set && memory->node.value >= MAX(cells, 1),
                            "target NUMA node of a memory device is not one of the guest's" });
        }
        return r;
}

/* ---- controllers ---- */

static bool may_share_index(const DomainController *a, const DomainController *b) {
        return a->type == CONTROLLER_USB && (a->master_startport.set || b->master_startport.set ||
               (a->model && b->model && strncmp(a->model, "ich9-", 5) == 0 &&
                strncmp(b->model, "ich9-", 5) == 0));
}

static bool has_usb_master(const DomainConf *conf, const DomainController *companion) {
        for (size_t i = 0; i < conf->controllers.n; i++) {
                const DomainController *other = conf->controllers.items[i];

                if (other->type == CONTROLLER_USB && other->index.value == companion->index.value &&
                    !other->master_startport.set)
                        return true;
        }
        return false;
}

static int check_usb_controller(const DomainConf *conf, const DomainController *controller,
                                Error *error) {
        const xmlNode *node = controller->device.item.node;

        if (controller->master_startport.set && !has_usb_master(conf, controller))
                return fail_at(error, ERROR_XML, node, "No master USB controller specified");
        if (!is_text(controller->model, "none"))
                return 0;
        for (size_t i = 0; i < conf->controllers.n; i++)
                if (conf->controllers.items[i]->type == CONTROLLER_USB &&
                    conf->controllers.items[i] != controller)
                        return fail_at(error, ERROR_XML, node,
                                       "Can't add another USB controller: USB is "
                                       "disabled for this domain");
        return 0;
}

/* On what a controller may sit, where that isn't any bus. */
static const struct {
        const char *model, *parents[4];
} seats[] = {
        { "pci-expander-bus", { "pci-root" } },
        { "pcie-expander-bus", { "pcie-root" } },
        { "dmi-to-pci-bridge", { "pcie-root", "pcie-expander-bus" } },
        { "pcie-root-port", { "pcie-root", "pcie-expander-bus" } },
        { "pcie-switch-upstream-port", { "pcie-root-port", "pcie-switch-downstream-port" } },
        { "pcie-switch-downstream-port", { "pcie-switch-upstream-port" } },
};

static bool is_seated(const DomainConf *conf, const DomainController *controller) {
        const DeviceAddress *at = &controller->device.address;
        const DomainController *parent =
                at->type == ADDRESS_PCI
                        ? conf_find_controller((DomainConf *) conf, CONTROLLER_PCI, at->bus)
                        : NULL;

        for (size_t i = 0; parent && parent->model && i < ELEMENTS(seats); i++)
                if (is_text(controller->model, seats[i].model))
                        return is_one_of(parent->model, seats[i].parents);
        return true;
}

static bool has_other_root(const DomainConf *conf, const DomainController *controller) {
        const char *machine = conf->os.machine ?: "";
        bool q35 = is_text(machine, "q35") || strncmp(machine, "pc-q35-", 7) == 0;
        bool pc = is_text(machine, "pc") || strncmp(machine, "pc-i440fx-", 10) == 0;

        return controller->index.set && controller->index.value == 0 && controller->model &&
               ((q35 && strcmp(controller->model, "pcie-root") != 0) ||
                (pc && strcmp(controller->model, "pci-root") != 0));
}

static int check_pci_controller(const DomainConf *conf, const DomainController *controller,
                                Error *error) {
        const xmlNode *node = controller->device.item.node;
        bool root = is_text(controller->model, "pci-root") || is_text(controller->model, "pcie-"
                                                                                         "root");
        size_t cells = conf->cpu ? conf->cpu->cells.n : 0;
        bool many = conf->os.arch && strncmp(conf->os.arch, "ppc", 3) == 0; /* pSeries */

        if (root && controller->index.value != 0 && !many)
                return fail_at(error, ERROR_XML, node,
                               "pci-root and pcie-root controllers should have index 0");
        if (root && controller->device.address.type != ADDRESS_NONE)
                return fail_at(error, ERROR_XML, node,
                               "pci-root and pcie-root controllers should not have an "
                               "address");
        if (!is_seated(conf, controller))
                return fail_at(error, ERROR_XML, node,
                               "a %s cannot be plugged into the PCI controller with index='%u'",
                               controller->model, controller->device.address.bus);
        if (has_other_root(conf, controller))
                return fail_at(error, ERROR_XML, node,
                               "The PCI controller with index='0' must be the root of this machine "
                               "type, but model='%s' was found instead", controller->model);
        if (controller->node.set && controller->node.value >= cells)
                return fail_at(error, ERROR_XML, node,
                               "the controller is configured for a NUMA node (%" PRIu32
                               ") not present in the domain's <cpu><numa> array (%zu)",
                               controller->node.value, cells);
        return 0;
}

/* Models by type; a type that isn't here has any. */
static const char *const *const controller_models[] = {
#define MODELS(...) (const char *const[]) { __VA_ARGS__, NULL }
        [CONTROLLER_IDE] = MODELS("piix3", "piix4", "ich6"),
        [CONTROLLER_SCSI] = MODELS("auto", "buslogic", "lsilogic", "lsisas1068", "vmpvscsi",
                                   "ibmvscsi", "virtio-scsi", "lsisas1078", "virtio-transitional",
                                   "virtio-non-transitional", "ncr53c90", "dc390", "am53c974"),
        [CONTROLLER_USB] = MODELS("piix3-uhci", "piix4-uhci", "ehci", "ich9-ehci1", "ich9-uhci1",
                                  "ich9-uhci2", "ich9-uhci3", "vt82c686b-uhci", "pci-ohci",
                                  "nec-xhci", "qusb1", "qusb2", "qemu-xhci", "none"),
        [CONTROLLER_PCI] = MODELS("pci-root", "pcie-root", "pci-bridge", "dmi-to-pci-bridge",
                                  "pcie-root-port", "pcie-switch-upstream-port",
                                  "pcie-switch-downstream-port", "pci-expander-bus",
                                  "pcie-expander-bus", "pcie-to-pci-bridge"),
        [CONTROLLER_VIRTIO_SERIAL] = MODELS("virtio", "virtio-transitional",
                                            "virtio-non-transitional"),
        [CONTROLLER_NVME] = NULL,
#undef MODELS
};

static int check_controller(const DomainConf *conf, const DomainController *controller,
                            Error *error) {
        const char *const *models = controller_models[controller->type];

        if (models && controller->model && map_enum_value(models, controller->model) < 0)
                return fail_at(error, ERROR_XML, controller->device.item.node,
                               "Unknown model type '%s' of a %s "
                               "controller",
                               controller->model, controller_types[controller->type]);
        if (controller->type == CONTROLLER_USB)
                return check_usb_controller(conf, controller, error);
        if (controller->type == CONTROLLER_PCI)
                return check_pci_controller(conf, controller, error);
        return 0;
}

static int check_controllers(const DomainConf *conf, Error *error) {
        for (size_t i = 0; i < conf->controllers.n; i++) {
                const DomainController *a = conf->controllers.items[i];
                int r;

                for (size_t k = 0; k < i; k++) {
                        const DomainController *b = conf->controllers.items[k];

                        if (a->type != b->type || !a->index.set || !b->index.set ||
                            a->index.value != b->index.value || may_share_index(a, b))
                                continue;
                        return fail_at(error, ERROR_XML, a->device.item.node,
                                       "Multiple '%s' controllers with "
                                       "index '%" PRIu32 "'",
                                       controller_types[a->type], a->index.value);
                }
                if ((r = check_controller(conf, a, error)) < 0)
                        return r;
        }
        return 0;
}

/* ---- graphics, video, interfaces ---- */

/* The attributes of <graphics> say what its first <listen> says. */
static bool is_other(const char *attribute, const char *listen) {
        return attribute && listen && strcmp(attribute, listen) != 0;
}

static int check_listen(const DomainGraphics *graphics, const GraphicsListen *listen, bool first,
                        Error *error) {
        bool network = is_text(listen->type, "network"), socket = is_text(listen->type, "socket");
        bool address = is_text(listen->type, "address");

        return RULES(listen->item.node ?: graphics->device.item.node, error,
                     { !address && !network && !socket && !is_text(listen->type, "none"),
                       "a graphics listen type must be one of: address, network, socket, none" },
                     { network && !listen->network,
                       "'network' attribute is required for listen type 'network'" },
                     { listen->network && !network,
                       "'network' attribute is for listen type 'network' only" },
                     { listen->socket && !socket,
                       "'socket' attribute is for listen type 'socket' only" },
                     { first && address && is_other(graphics->listen, listen->address),
                       "graphics 'listen' attribute must match 'address' attribute of first listen "
                       "element" },
                     { first && is_other(graphics->socket, listen->socket),
                       "graphics 'socket' attribute must match 'socket' attribute of first listen "
                       "element" });
}

int graphics_check_listens(const DomainGraphics *graphics, Error *error) {
        for (size_t i = 0; i < graphics->listens.n; i++) {
                int r = check_listen(graphics, graphics->listens.items[i], i == 0, error);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int check_display(const DomainConf *conf, const DomainGraphics *graphics, Error *error) {
        const char *until = graphics->passwd_valid_to;
        struct tm tm = {};

        return RULES(graphics->device.item.node, error,
                     { until && !strptime(until, "%Y-%m-%dT%H:%M:%S", &tm),
                       "cannot parse password validity time: passwdValidTo" },
                     { graphics->type == GRAPHICS_VNC && graphics->connected &&
                               strcmp(graphics->connected, "keep") != 0,
                       "VNC supports connected='keep' only" },
                     { !has_audio(conf, graphics->audio),
                       "no audio device with this ID is defined" });
}

static int check_graphics(const DomainConf *conf, Error *error) {
        size_t opengl = 0;

        for (size_t i = 0; i < conf->graphics.n; i++) {
                const DomainGraphics *graphics = conf->graphics.items[i];
                const xmlNode *node = graphics->device.item.node;
                const int64_t ports[] = { graphics->port, graphics->tls_port, graphics->websocket };
                int r;

                for (size_t k = 0; k < ELEMENTS(ports); k++)
                        if (ports[k] < -1 || ports[k] > UINT16_MAX)
                                return fail_at(error, ERROR_XML, node,
                                               "port %" PRId64 " is out of range", ports[k]);
                if ((r = graphics_check_listens(graphics, error)) < 0)
                        return r;
                if ((r = check_display(conf, graphics, error)) < 0)
                        return r;
                opengl += graphics->gl == TRISTATE_YES || graphics->type == GRAPHICS_EGL_HEADLESS;
                if (opengl > 1)
                        return fail_at(error, ERROR_CONFIG_UNSUPPORTED, node,
                                       "multiple OpenGL displays are not "
                                       "supported");
        }
        return 0;
}

static int check_videos(const DomainConf *conf, Error *error) {
        size_t primaries = 0;

        for (size_t i = 0; i < conf->videos.n; i++)
                if (conf->videos.n > 1 && is_text(conf->videos.items[i]->model, "none"))
                        return fail_at(error, ERROR_CONFIG_UNSUPPORTED,
                                       conf->videos.items[i]->device.item.node,
                                       "a 'none' video type must be the only video device");
        for (size_t i = 0; i < conf->videos.n; i++)
                if (conf->videos.items[i]->primary == TRISTATE_YES && ++primaries > 1)
                        return fail_at(error, ERROR_XML, conf->videos.items[i]->device.item.node,
                                       "Only one primary video device is supported");
        if (conf->nvrams.n > 1)
                return fail_at(error, ERROR_XML, conf->nvrams.items[1]->device.item.node,
                               "only a single nvram device is supported");
        if (conf->memballoons.n > 1)
                return fail_at(error, ERROR_XML, conf->memballoons.items[1]->device.item.node,
                               "only a single memory balloon device is supported");
        return 0;
}

/* Devices on a bus that the definition has switched off. */
static bool is_on_usb(DeviceKind kind, const Device *device) {
        return kind == DEVICE_HUB || kind == DEVICE_REDIRDEV ||
               (kind == DEVICE_INPUT && is_text(((const DomainInput *) device)->bus, "usb")) ||
               (kind == DEVICE_DISK && ((const DomainDisk *) device)->bus == DISK_BUS_USB) ||
               (kind == DEVICE_HOSTDEV && ((const DomainHostdev *) device)->type == HOSTDEV_USB);
}

static int refuse_usb(DomainConf *conf, DeviceKind kind, Device *device, void *userdata) {
        if (!is_on_usb(kind, device))
                return 0;
        return fail_at(userdata, ERROR_CONFIG_UNSUPPORTED, device->item.node,
                       "Device configuration is not compatible: Domain has USB bus disabled");
}

static int check_usb(const DomainConf *conf, Error *error) {
        for (size_t i = 0; i < conf->controllers.n; i++)
                if (conf->controllers.items[i]->type == CONTROLLER_USB &&
                    is_text(conf->controllers.items[i]->model, "none"))
                        return conf_visit_devices((DomainConf *) conf, refuse_usb, error);
        return 0;
}

/* ---- all ---- */

static int device_check(const DomainConf *conf, DeviceKind kind, Device *device, Error *error) {
        int r = address_check(device, error);

        if (r < 0)
                return r;
        if ((r = device_rules(conf, kind, device, error)) < 0)
                return r;
        if (kind == DEVICE_DISK)
                return disk_check(conf, (const DomainDisk *) device, error);
        if (kind == DEVICE_SERIAL || kind == DEVICE_PARALLEL || kind == DEVICE_CONSOLE ||
            kind == DEVICE_CHANNEL)
                return char_check((DomainChar *) device, kind, error);
        return 0;
}

static int check_device(DomainConf *conf, DeviceKind kind, Device *device, void *error) {
        return error_pass(error, device_check(conf, kind, device, error));
}

int conf_check(const DomainConf *conf, Error *error) {
        static int (*const rules[])(const DomainConf *, const xmlNode *, Error *) = {
                check_name, check_size, check_os, domain_tune_check, domain_system_check,
        };
        static int (*const lists[])(const DomainConf *, Error *) = {
                check_controllers, check_memories, check_graphics, check_videos,
                check_usb,         given_check,    places_check,
        };
        const xmlNode *root = conf->document ? xmlDocGetRootElement(conf->document) : NULL;
        int r;

        for (size_t i = 0; i < ELEMENTS(rules); i++)
                if ((r = error_pass(error, rules[i](conf, root, error))) < 0)
                        return r;
        if ((r = conf_visit_devices((DomainConf *) conf, check_device, error)) < 0)
                return r;
        for (size_t i = 0; i < ELEMENTS(lists); i++)
                if ((r = error_pass(error, lists[i](conf, error))) < 0)
                        return r;
        return 0;
}
