/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the definition of a running guest says of its devices that nobody chose: names, ports, and
 * the ptys that others make for its consoles. Those appear in xenstore when they are there, which
 * may be after the guest was started, and others when xenconsoled was started anew. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "drivers/host-usb.h"
#include "drivers/log.h"
#include "drivers/ports.h"
#include "drivers/xen/device.h"

#define OWN_CONSOLE "console"

/* ---- aliases ---- */

static int numbered(DomainConf *conf, Device *device, const char *prefix) {
        for (unsigned n = 0;; n++) {
                _cleanup_(freep) char *alias = NULL;

                if (asprintf(&alias, "%s%u", prefix, n) < 0) {
                        alias = NULL;
                        return -ENOMEM;
                }
                if (conf_find_alias(conf, alias, NULL))
                        continue;
                device->alias = TAKE(alias);
                return 0;
        }
}

static const char *const prefixes[_DEVICE_KIND_MAX] = {
        [DEVICE_NET] = "net",         [DEVICE_INPUT] = "input",     [DEVICE_SERIAL] = "serial",
        [DEVICE_PARALLEL] = "parallel", [DEVICE_CONSOLE] = "console",
        [DEVICE_CHANNEL] = "channel", [DEVICE_SOUND] = "sound",     [DEVICE_VIDEO] = "video",
        [DEVICE_MEMBALLOON] = "balloon", [DEVICE_FILESYSTEM] = "fs", [DEVICE_HOSTDEV] = "hostdev",
        [DEVICE_TPM] = "tpm",
};

/* A console that is the first serial port has its name. */
static const char *same_port(const DomainConf *conf, DeviceKind kind, const Device *device) {
        const DomainChar *console = (const DomainChar *) device;

        if (kind != DEVICE_CONSOLE || console != conf->consoles.items[0] ||
            conf->serials.n == 0 || !console->target_type ||
            strcmp(console->target_type, "serial") != 0)
                return NULL;
        return conf->serials.items[0]->device.alias;
}

static int name_device(DomainConf *conf, DeviceKind kind, Device *device, void *userdata) {
        const DomainDisk *disk = (const DomainDisk *) device;
        const DomainController *controller = (const DomainController *) device;
        _cleanup_(freep) char *prefix = NULL;
        const char *same = NULL;
        int r = 0;

        if (device->alias)
                return 0;
        if (kind == DEVICE_CONTROLLER)
                r = asprintf(&device->alias, "%s%" PRIu32, controller_types[controller->type],
                             controller->index.value);
        else if (kind == DEVICE_DISK) {
                r = asprintf(&prefix, "%s-disk", map_enum_name(disk_buses, disk->bus) ?: "xen");
                r = r < 0 ? r : numbered(conf, device, prefix);
        } else if ((same = same_port(conf, kind, device))) {
                device->alias = strdup(same);
                r = device->alias ? 0 : -ENOMEM;
        } else if (prefixes[kind])
                r = numbered(conf, device, prefixes[kind]);
        return r < 0 ? -ENOMEM : 0;
}

int xen_live_aliases(DomainConf *conf, Error *error) {
        return conf_visit_devices(conf, name_device, NULL) < 0 ? fail_memory(error) : 0;
}

/* ---- interfaces ---- */

/* "vif5.0" was chosen by Xen, and for another guest. */
static bool is_generated(const char *name) {
        unsigned domid, n;
        char more;

        return name && sscanf(name, "vif%u.%u%c", &domid, &n, &more) == 2;
}

int xen_live_vifs(DomainConf *conf, uint32_t domid, Error *error) {
        unsigned devid = 0;

        for (size_t i = 0; i < conf->nets.n; i++) {
                DomainNet *net = conf->nets.items[i];

                if (net->type == NET_HOSTDEV)
                        continue;
                if (!net->target && asprintf(&net->target, "vif%" PRIu32 ".%u", domid, devid) < 0) {
                        net->target = NULL;
                        return fail_memory(error);
                }
                devid++;
        }
        return 0;
}

int xen_live_next_vif(XenCore *core, uint32_t domid) {
        char path[64];
        unsigned n = 0;
        int next = 0;
        char **names;

        (void) snprintf(path, sizeof(path), "/local/domain/%" PRIu32 "/device/vif", domid);
        names = core->store ? XEN_CALL(core, xs_directory(core->store, XBT_NULL, path, &n)) : NULL;
        for (unsigned i = 0; i < n; i++)
                next = MAX(next, atoi(names[i]) + 1);
        free(names);
        return next;
}

/* ---- before it is built ---- */

/* RUNTIME/xen/UUID/NAME.sock, which goes with the runtime file. */
static int place_channel(Connection *connection, const DomainConf *conf, DomainChar *channel,
                         Error *error) {
        char uuid[UUID_TEXT_MAX];
        _cleanup_(freep) char *folder = connection_file(connection, "%s",
                                                        uuid_format(conf->uuid, uuid));
        _cleanup_(freep) char *name = strdup(channel->target_name), *file = NULL, *path = NULL;
        _cleanup_(closep) int fd = -1;

        for (char *p = name; p && *p; p++)
                if (*p == '/')
                        *p = '_';
        if (!folder || !name || asprintf(&file, "%s/%s.sock", folder, name) < 0) {
                file = NULL;
                return fail_memory(error);
        }
        fd = store_open_folder(connection->store, STORE_RUNTIME, folder, error);
        if (fd < 0)
                return fd;
        path = store_path(connection->store, STORE_RUNTIME, file);
        return path && char_set_path(channel, path) >= 0 ? 0 : fail_memory(error);
}

static int place_channels(Connection *connection, DomainConf *conf, Error *error) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < conf->channels.n; i++) {
                DomainChar *channel = conf->channels.items[i];
                bool placed = channel->sources.n > 0 && channel->sources.items[0]->path;

                if (channel->type == CHAR_UNIX && channel->target_name && !placed)
                        r = place_channel(connection, conf, channel, error);
        }
        return r;
}

int xen_live_prepare(Connection *connection, DomainConf *conf, bool again, Error *error) {
        int r = 0;

        for (size_t i = 0; i < conf->nets.n; i++)
                if (is_generated(conf->nets.items[i]->target))
                        free(TAKE(conf->nets.items[i]->target));
        if (!again)
                r = display_choose_ports(conf, error);
        if (r >= 0)
                r = host_usb_find(conf, HOST_SYSFS, error);
        if (r >= 0)
                r = place_channels(connection, conf, error);
        return r < 0 ? r : xen_live_aliases(conf, error);
}

/* ---- ptys, and the ports of displays ---- */

typedef struct Ttys {
        XenGuest *guest;
        bool changed, failed;
} Ttys;

static void find_tty(Ttys *ttys, DomainChar *port, const char *folder, size_t n) {
        XenCore *core = ttys->guest->core;
        const char *now = port->sources.n > 0 ? port->sources.items[0]->path : NULL;
        uint32_t domid = ttys->guest->domid;
        char path[96];

        if (port->type != CHAR_PTY)
                return;
        if (strcmp(folder, OWN_CONSOLE) == 0)
                (void) snprintf(path, sizeof(path), "/local/domain/%" PRIu32 "/console/tty", domid);
        else
                (void) snprintf(path, sizeof(path), "/local/domain/%" PRIu32 "/%s/%zu/tty", domid,
                                folder, n);
        _cleanup_(freep) char *tty = XEN_CALL(core, xs_read(core->store, XBT_NULL, path, NULL));
        if (!tty || !*tty || (now && strcmp(now, tty) == 0))
                return;
        ttys->changed = true;
        free(TAKE(port->tty));
        if (char_set_path(port, tty) < 0 || !(port->tty = strdup(tty)))
                ttys->failed = true;
}

/* Channels are numbered behind the console. */
static void find_ttys(Ttys *ttys, DomainConf *conf) {
        bool hvm = xen_guest_type(conf) == GUEST_HVM;
        size_t channels = 0;

        for (size_t i = 0; i < conf->serials.n; i++)
                find_tty(ttys, conf->serials.items[i], "serial", i);
        for (size_t i = 0; i < conf->consoles.n; i++) {
                DomainChar *console = conf->consoles.items[i];
                const char *type = console->target_type;
                bool own = !hvm || (type && strcmp(type, "xen") == 0);

                if (own || i == 0)
                        find_tty(ttys, console, own ? OWN_CONSOLE : "serial", 0);
        }
        for (size_t i = 0; i < conf->channels.n; i++)
                find_tty(ttys, conf->channels.items[i], "device/console", ++channels);
}

/* Of a guest of others: the port of our own's was chosen before its start. */
static void find_port(Ttys *ttys, DomainConf *conf) {
        XenCore *core = ttys->guest->core;
        char path[64];

        (void) snprintf(path, sizeof(path), "/local/domain/%" PRIu32 "/console/vnc-port",
                        ttys->guest->domid);
        _cleanup_(freep) char *text = XEN_CALL(core, xs_read(core->store, XBT_NULL, path, NULL));
        long port = text ? atol(text) : 0;

        for (size_t i = 0; port > 0 && port <= UINT16_MAX && i < conf->graphics.n; i++) {
                DomainGraphics *graphics = conf->graphics.items[i];

                if (graphics->type != GRAPHICS_VNC)
                        continue;
                ttys->changed = ttys->changed || graphics->port != port;
                graphics->port = (int) port;
                return; /* xenstore has one */
        }
}

void xen_live_ttys(XenGuest *guest) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        _cleanup_(error_clear) Error error = {};
        Ttys ttys = { .guest = guest };
        int r;

        if (!guest->core->store || guest->domid == XEN_NO_DOMAIN)
                return;
        r = domain_conf(guest->domain, DOMAIN_LIVE, &conf, &error);
        if (r >= 0) {
                find_ttys(&ttys, conf);
                if (guest->foreign)
                        find_port(&ttys, conf);
                r = ttys.failed ? fail_memory(&error) : 0;
        }
        if (r >= 0 && ttys.changed)
                r = domain_set_live(guest->domain, conf, &error);
        if (r >= 0 && ttys.changed)
                xen_guest_save(guest);
        if (r < 0)
                log_resource(LOG_ERR, &guest->domain->resource, "its consoles: %s",
                             error.message ?: "out of memory");
}
