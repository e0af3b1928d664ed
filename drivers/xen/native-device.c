/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The smaller devices of native configurations: controllers, input, sound, devices of the host, and
 * arguments of the device model. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/xen/native.h"
#include "drivers/xen/xlu.h"

#define XEN_NAMESPACE "http://libvirt.org/schemas/domain/xen/1.0"

/* ---- controllers: limits of the Xen bus, virtual USB ---- */

static void put_usb(NativeRead *read, size_t i, const char *text) {
        _cleanup_(freep) char *version = spec_value(text, "version");
        _cleanup_(freep) char *ports = spec_value(text, "ports");
        xmlNode *node = native_add(read, read->root, "devices/controller");

        native_put(read, node, "@type", "usb");
        native_put(read, node, "@index", "%zu", i);
        native_put(read, node, "@model", "qusb%d", version && strcmp(version, "1") == 0 ? 1 : 2);
        if (ports && *ports && ports[strspn(ports, "0123456789")] == 0)
                native_put(read, node, "@ports", "%s", ports);
}

int native_read_controllers(NativeRead *read) {
        long long frames = 0, channels = 0;

        if (read->dialect != NATIVE_XL)
                return 0;
        for (size_t i = 0; i < native_count(read->config, "usbctrl"); i++)
                put_usb(read, i, native_item(read->config, "usbctrl", i) ?: "");
        (void) native_number(read->config, "max_grant_frames", &frames);
        (void) native_number(read->config, "max_event_channels", &channels);
        xmlNode *node = native_add(read, read->root, "devices/controller");

        native_put(read, node, "@type", "xenbus");
        native_put(read, node, "@index", "0");
        if (frames > 0 && frames <= INT32_MAX)
                native_put(read, node, "@maxGrantFrames", "%lld", frames);
        if (channels > 0 && channels <= INT32_MAX)
                native_put(read, node, "@maxEventChannels", "%lld", channels);
        return 0;
}

static void write_usb(NativeWrite *write, const DomainController *controller) {
        const char *model = controller->model ?: "qusb2";
        NativeSpec spec = {};

        if (strncmp(model, "qusb", 4) != 0)
                return; /* hardware that the device model has by itself */
        spec_add(&spec, "type=qusb");
        spec_add(&spec, "version=%s", model + 4);
        if (controller->ports > 0)
                spec_add(&spec, "ports=%u", controller->ports);
        spec_finish(&spec, write->config, "usbctrl");
}

int native_write_controllers(NativeWrite *write) {
        if (write->dialect != NATIVE_XL)
                return 0;
        for (size_t i = 0; i < write->conf->controllers.n; i++) {
                const DomainController *controller = write->conf->controllers.items[i];

                if (controller->type == CONTROLLER_USB)
                        write_usb(write, controller);
                if (controller->type != CONTROLLER_XENBUS)
                        continue;
                if (controller->max_grant_frames.set)
                        native_set_number(write->config, "max_grant_frames",
                                          controller->max_grant_frames.value);
                if (controller->max_event_channels.set)
                        native_set_number(write->config, "max_event_channels",
                                          controller->max_event_channels.value);
        }
        return 0;
}

/* ---- folders: "tag=share,security_model=none,path=/srv" ---- */

int native_read_filesystems(NativeRead *read) {
        size_t n = read->dialect == NATIVE_XL ? native_count(read->config, "p9") : 0;

        for (size_t i = 0; i < n; i++) {
                const char *text = native_item(read->config, "p9", i) ?: "";
                _cleanup_(freep) char *tag = spec_value(text, "tag");
                _cleanup_(freep) char *path = spec_value(text, "path");

                if (!tag || !path)
                        return native_fail(read, "p9", "folder %zu has no tag or no path", i + 1);
                xmlNode *node = native_add(read, read->root, "devices/filesystem");

                native_put(read, node, "@type", "mount");
                native_put(read, node, "source/@dir", "%s", path);
                native_put(read, node, "target/@dir", "%s", tag);
        }
        return 0;
}

int native_write_filesystems(NativeWrite *write) {
        size_t n = write->dialect == NATIVE_XL ? write->conf->filesystems.n : 0;

        for (size_t i = 0; i < n; i++) {
                const DomainFilesystem *folder = write->conf->filesystems.items[i];
                NativeSpec spec = {};

                if (folder->type != FILESYSTEM_MOUNT || !folder->source || !folder->target)
                        return fail(write->error, ERROR_CONFIG_UNSUPPORTED,
                                    "devices/filesystem: Xen has folders, each with a tag");
                spec_add(&spec, "tag=%s", folder->target);
                spec_add(&spec, "security_model=%s", folder->access_mode ?: "none");
                spec_add(&spec, "path=%s", folder->source);
                spec_finish(&spec, write->config, "p9");
        }
        return 0;
}

/* ---- input ---- */

int native_read_inputs(NativeRead *read) {
        static const char *const types[] = { "mouse", "tablet", "keyboard" };
        const char *bus = read->guest == GUEST_HVM ? "ps2" : "xen";

        for (size_t i = 0; read->guest == GUEST_HVM &&
                           i < native_count(read->config, "usbdevice"); i++)
                for (size_t k = 0; k < ELEMENTS(types); k++) {
                        const char *text = native_item(read->config, "usbdevice", i);

                        if (!text || strcmp(text, types[k]) != 0)
                                continue;
                        xmlNode *input = native_add(read, read->root, "devices/input");

                        native_put(read, input, "@type", "%s", text);
                        native_put(read, input, "@bus", "usb");
                }
        for (size_t k = 0; k < 3; k += 2) {
                xmlNode *input = native_add(read, read->root, "devices/input");

                native_put(read, input, "@type", "%s", types[k]);
                native_put(read, input, "@bus", "%s", bus);
        }
        return 0;
}

int native_write_inputs(NativeWrite *write) {
        const char *devices[16];
        size_t n = 0;

        if (write->guest != GUEST_HVM)
                return 0;
        for (size_t i = 0; i < write->conf->inputs.n && n < ELEMENTS(devices); i++) {
                const DomainInput *input = write->conf->inputs.items[i];

                if (input->bus && strcmp(input->bus, "usb") == 0)
                        devices[n++] = input->type;
        }
        if (n == 0)
                return 0;
        native_set_number(write->config, "usb", 1);
        if (n == 1)
                native_set_text(write->config, "usbdevice", devices[0]);
        for (size_t i = 0; n > 1 && i < n; i++)
                native_add_item(write->config, "usbdevice", devices[i]);
        return 0;
}

/* ---- sound: "sb16,es1370" ---- */

static const struct {
        const char *xl, *model;
} cards[] = {
        { "sb16", "sb16" }, { "es1370", "es1370" }, { "pcspk", "pcspk" }, { "ac97", "ac97" },
        { "hda", "ich6" },
};

int native_read_sounds(NativeRead *read) {
        const char *text = native_text(read->config, "soundhw");

        while (text && *text && read->guest == GUEST_HVM) {
                size_t n = strcspn(text, ",");

                for (size_t i = 0; i < ELEMENTS(cards); i++)
                        if (strlen(cards[i].xl) == n && memcmp(cards[i].xl, text, n) == 0)
                                native_put(read, native_add(read, read->root, "devices/sound"),
                                           "@model", "%s", cards[i].model);
                text += n + (text[n] == ',');
        }
        return 0;
}

int native_write_sounds(NativeWrite *write) {
        NativeSpec spec = {};

        for (size_t i = 0; i < write->conf->sounds.n; i++) {
                const char *model = write->conf->sounds.items[i]->model ?: "";

                spec_add(&spec, "%s", strcmp(model, "ich6") == 0 ? "hda" : model);
        }
        if (write->guest == GUEST_HVM)
                native_set_text(write->config, "soundhw", spec.text);
        write->config->failed = write->config->failed || spec.failed;
        free(spec.text);
        return 0;
}

/* ---- devices of the host ---- */

/* "[dddd:]bb:ss.f[@vv][,key=value]", with "*" for all functions, or "name=...", as xl's own parser
 * has it. */
static int parse_pci(NativeRead *read, const char *text, libxl_device_pci *ret) {
        _cleanup_xlu_ Xlu xlu = {};
        int r = xlu_begin(&xlu, read->error);

        if (r < 0)
                return r;
        libxl_device_pci_init(ret);
        return xlu_pci_parse_spec_string(xlu.config, ret, text) == 0
                       ? 0 : native_fail(read, "pci", "'%s' is no PCI device", text);
}

static int read_pci(NativeRead *read, const char *text) {
        _cleanup_(freep) char *permissive = spec_value(text, "permissive");
        libxl_device_pci pci;
        int r = parse_pci(read, text, &pci);
        bool named = r >= 0 && pci.name;

        if (named)
                libxl_device_pci_dispose(&pci);
        if (r < 0 || named) /* which device that is, Xen says when it is asked for */
                return r;
        xmlNode *node = native_add(read, read->root, "devices/hostdev");

        native_put(read, node, "@mode", "subsystem");
        native_put(read, node, "@type", "pci");
        native_put(read, node, "@managed", "no");
        xmlNode *source = native_add(read, node, "source");

        if (permissive)
                native_put(read, source, "@writeFiltering", "%s",
                           strcmp(permissive, "0") == 0 ? "yes" : "no");
        native_put(read, source, "address/@domain", "0x%04x", (unsigned) pci.domain);
        native_put(read, source, "address/@bus", "0x%02x", pci.bus);
        native_put(read, source, "address/@slot", "0x%02x", pci.dev);
        native_put(read, source, "address/@function", "0x%x", pci.func);
        return 0;
}

/* "hostbus=1,hostaddr=3" */
static int read_usb(NativeRead *read, const char *text) {
        _cleanup_(freep) char *bus = spec_value(text, "hostbus");
        _cleanup_(freep) char *address = spec_value(text, "hostaddr");

        if (!bus || !address || atoi(bus) <= 0 || atoi(address) <= 0)
                return native_fail(read, "usbdev", "'%s' is no USB device", text);
        xmlNode *node = native_add(read, read->root, "devices/hostdev");

        native_put(read, node, "@mode", "subsystem");
        native_put(read, node, "@type", "usb");
        native_put(read, node, "@managed", "no");
        native_put(read, node, "source/address/@bus", "%d", atoi(bus));
        native_put(read, node, "source/address/@device", "%d", atoi(address));
        return 0;
}

int native_read_hostdevs(NativeRead *read) {
        size_t n = read->dialect == NATIVE_XL ? native_count(read->config, "usbdev") : 0;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < native_count(read->config, "pci"); i++)
                if (native_item(read->config, "pci", i))
                        r = read_pci(read, native_item(read->config, "pci", i));
        for (size_t i = 0; r >= 0 && i < n; i++)
                if (native_item(read->config, "usbdev", i))
                        r = read_usb(read, native_item(read->config, "usbdev", i));
        return r;
}

static int write_hostdev(NativeWrite *write, const DomainHostdev *hostdev) {
        const HostAddress *at = &hostdev->source;
        const char *filtering = hostdev->write_filtering;
        bool usb = hostdev->mode == HOSTDEV_SUBSYSTEM && hostdev->type == HOSTDEV_USB &&
                   hostdev->has_address && write->dialect == NATIVE_XL;
        NativeSpec spec = {};

        if (usb) {
                spec_add(&spec, "hostbus=%u,hostaddr=%u", at->bus, at->device);
                spec_finish(&spec, write->config, "usbdev");
                return 0;
        }
        if (hostdev->mode != HOSTDEV_SUBSYSTEM || hostdev->type != HOSTDEV_PCI)
                return fail(write->error, ERROR_CONFIG_UNSUPPORTED,
                            "the configuration has no words for a device of the host of type '%s'",
                            hostdev_types[hostdev->type]);
        spec_add(&spec, "%04x:%02x:%02x.%x", at->domain, at->bus, at->slot, at->function);
        if (filtering && write->dialect == NATIVE_XL)
                spec_add(&spec, "permissive=%d", strcmp(filtering, "no") == 0);
        spec_finish(&spec, write->config, "pci");
        return 0;
}

int native_write_hostdevs(NativeWrite *write) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < write->conf->hostdevs.n; i++)
                r = write_hostdev(write, write->conf->hostdevs.items[i]);
        return r;
}

/* ---- arguments of the device model: <xen:commandline> ---- */

int native_read_arguments(NativeRead *read) {
        size_t n = read->dialect == NATIVE_XL ? native_count(read->config, "device_model_args") : 0;
        xmlNs *ns;

        if (n == 0)
                return 0;
        ns = xmlNewNs(read->root, (const xmlChar *) XEN_NAMESPACE, (const xmlChar *) "xen");
        xmlNode *list = ns ? xmlNewChild(read->root, ns, (const xmlChar *) "commandline", NULL)
                           : NULL;

        for (size_t i = 0; i < n; i++) {
                const char *text = native_item(read->config, "device_model_args", i) ?: "";
                xmlNode *arg = list ? xmlNewChild(list, ns, (const xmlChar *) "arg", NULL) : NULL;

                if (!arg || !xmlNewProp(arg, (const xmlChar *) "value", (const xmlChar *) text))
                        read->failed = true;
        }
        return 0;
}

static bool is_xen(const xmlNode *node, const char *name) {
        return node->type == XML_ELEMENT_NODE && node->ns &&
               xmlStrEqual(node->ns->href, (const xmlChar *) XEN_NAMESPACE) &&
               xmlStrEqual(node->name, (const xmlChar *) name);
}

int native_write_arguments(NativeWrite *write) {
        const xmlNode *list = xmlDocGetRootElement(write->conf->document)->children;

        while (list && !is_xen(list, "commandline"))
                list = list->next;
        for (xmlNode *arg = list && write->dialect == NATIVE_XL ? list->children : NULL; arg;
             arg = arg->next) {
                xmlChar *text = is_xen(arg, "arg") ? xmlGetNoNsProp(arg, (const xmlChar *) "value")
                                                   : NULL;

                if (text)
                        native_add_item(write->config, "device_model_args", (const char *) text);
                xmlFree(text);
        }
        return 0;
}
