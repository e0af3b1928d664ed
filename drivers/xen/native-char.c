/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Serial and parallel ports, consoles and channels of native configurations. A port is written as
 * QEMU's -serial has it: "pty", "tcp:host:port,server,nowait". */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/xen/native.h"

#define PORTS_MAX 32

static bool starts(const char *text, const char *prefix) {
        return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* ---- one port ---- */

/* "host:port" */
static void put_host(NativeRead *read, xmlNode *source, const char *text, size_t n) {
        const char *colon = memrchr(text, ':', n);
        size_t host = colon ? (size_t) (colon - text) : n;

        if (host > 0)
                native_put(read, source, "@host", "%.*s", (int) host, text);
        if (colon && colon + 1 < text + n)
                native_put(read, source, "@service", "%.*s", (int) (n - host - 1), colon + 1);
}

static void put_stream(NativeRead *read, xmlNode *port, const char *text, const char *protocol) {
        size_t n = strcspn(text, ",");
        xmlNode *source = native_add(read, port, "source");

        native_put(read, source, "@mode", "%s", strstr(text + n, ",server") ? "bind" : "connect");
        if (!protocol) {
                native_put(read, source, "@path", "%.*s", (int) n, text);
                return;
        }
        put_host(read, source, text, n);
        native_put(read, port, "protocol/@type", "%s", protocol);
}

/* "[host]:port[@[host]:port]": where to, and where from */
static void put_datagrams(NativeRead *read, xmlNode *port, const char *text) {
        size_t n = strcspn(text, "@");

        if (text[n] == '@' && text[n + 1]) {
                xmlNode *bind = native_add(read, port, "source");

                native_put(read, bind, "@mode", "bind");
                put_host(read, bind, text + n + 1, strlen(text + n + 1));
        }
        xmlNode *connect = native_add(read, port, "source");

        native_put(read, connect, "@mode", "connect");
        put_host(read, connect, text, n);
}

static const struct {
        const char *prefix, *type; /* what follows is a path */
} paths[] = { { "file:", "file" }, { "pipe:", "pipe" }, { "pty:", "pty" }, { "/", "dev" } };

static bool put_path(NativeRead *read, xmlNode *port, const char *text) {
        for (size_t i = 0; i < ELEMENTS(paths); i++) {
                const char *path = *paths[i].prefix == '/' ? text
                                                           : text + strlen(paths[i].prefix);

                if (!starts(text, paths[i].prefix))
                        continue;
                native_put(read, port, "@type", "%s", paths[i].type);
                if (strcmp(paths[i].type, "pty") != 0)
                        native_put(read, port, "source/@path", "%s", path);
                return true;
        }
        return false;
}

static int put_port(NativeRead *read, const char *key, const char *text, size_t n) {
        static const char *const plain[] = { "null", "vc", "pty", "stdio" };
        xmlNode *port;

        for (size_t i = 0; i < ELEMENTS(plain); i++)
                if (strcmp(text, plain[i]) == 0) {
                        port = native_add(read, read->root, key);
                        native_put(read, port, "@type", "%s", text);
                        native_put(read, port, "target/@port", "%zu", n);
                        return 0;
                }
        port = native_add(read, read->root, key);
        if (starts(text, "tcp:") || starts(text, "telnet:")) {
                native_put(read, port, "@type", "tcp");
                put_stream(read, port, strchr(text, ':') + 1, *text == 't' && text[1] == 'c'
                                                                      ? "raw" : "telnet");
        } else if (starts(text, "unix:")) {
                native_put(read, port, "@type", "unix");
                put_stream(read, port, text + 5, NULL);
        } else if (starts(text, "udp:")) {
                native_put(read, port, "@type", "udp");
                put_datagrams(read, port, text + 4);
        } else if (!put_path(read, port, text))
                return native_fail(read, strrchr(key, '/') + 1, "'%s' is no port", text);
        native_put(read, port, "target/@port", "%zu", n);
        return 0;
}

static int put_ports(NativeRead *read, const char *key, const char *path) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < native_count(read->config, key); i++) {
                const char *text = native_item(read->config, key, i);

                if (text && strcmp(text, "none") != 0)
                        r = put_port(read, path, text, i);
        }
        return r;
}

/* Without hardware there is one console, always. */
int native_read_chars(NativeRead *read) {
        int r;

        if (read->guest != GUEST_HVM) {
                xmlNode *console = native_add(read, read->root, "devices/console");

                native_put(read, console, "@type", "pty");
                native_put(read, console, "target/@type", "xen");
                native_put(read, console, "target/@port", "0");
                return 0;
        }
        r = put_ports(read, "serial", "devices/serial");
        return r < 0 ? r : put_ports(read, "parallel", "devices/parallel");
}

/* ---- back ---- */

static const CharSource *source_of(const DomainChar *port, const char *mode) {
        for (size_t i = 0; i < port->sources.n; i++)
                if (!mode || (port->sources.items[i]->mode &&
                              strcmp(port->sources.items[i]->mode, mode) == 0))
                        return port->sources.items[i];
        return NULL;
}

static const char *or_none(const char *text) {
        return text ?: "";
}

static int format_udp(const DomainChar *port, char **ret) {
        const CharSource *to = source_of(port, "connect"), *from = source_of(port, "bind");

        return asprintf(ret, "udp:%s:%s@%s:%s", to ? or_none(to->host) : "",
                        to ? or_none(to->service) : "", from ? or_none(from->host) : "",
                        from ? or_none(from->service) : "");
}

int native_format_port(const DomainChar *port, char **ret) {
        const CharSource *source = source_of(port, NULL);
        const char *path = source ? or_none(source->path) : "";
        const char *server = source && source->mode && strcmp(source->mode, "bind") == 0
                                     ? ",server,nowait" : "";

        switch (port->type) {
        case CHAR_NULL:
        case CHAR_VC:
        case CHAR_PTY:
        case CHAR_STDIO:
                return asprintf(ret, "%s", char_types[port->type]);
        case CHAR_DEV:
                return asprintf(ret, "%s", path);
        case CHAR_FILE:
        case CHAR_PIPE:
                return asprintf(ret, "%s:%s", char_types[port->type], path);
        case CHAR_UNIX:
                return asprintf(ret, "unix:%s%s", path, server);
        case CHAR_TCP:
                return asprintf(ret, "%s:%s:%s%s",
                                port->protocol && strcmp(port->protocol, "telnet") == 0 ? "telnet"
                                                                                        : "tcp",
                                source ? or_none(source->host) : "",
                                source ? or_none(source->service) : "", server);
        case CHAR_UDP:
                return format_udp(port, ret);
        case CHAR_SPICEVMC:
        case CHAR_SPICEPORT:
        case CHAR_NMDM:
        case CHAR_QEMU_VDAGENT:
        case CHAR_DBUS:
                break;
        }
        return 0;
}

/* By number; "none" where one is left out. A single first one needs no list. */
static int write_ports(NativeWrite *write, const char *key, DomainChar *const *ports, size_t n) {
        char *texts[PORTS_MAX] = {};
        size_t last = 0;

        for (size_t i = 0; i < n; i++) {
                uint32_t number = ports[i]->target_port.set ? ports[i]->target_port.value : i;
                char *text = NULL;
                int r = number < PORTS_MAX ? native_format_port(ports[i], &text) : 0;

                if (r > 0) {
                        free(texts[number]);
                        texts[number] = text;
                        last = MAX(last, (size_t) number);
                        continue;
                }
                for (size_t k = 0; k < PORTS_MAX; k++)
                        free(texts[k]);
                return r < 0 ? fail_memory(write->error)
                             : fail(write->error, ERROR_CONFIG_UNSUPPORTED,
                                    "Xen has no %s port %u of type '%s'", key, number,
                                    char_types[ports[i]->type]);
        }
        if (last == 0)
                native_set_text(write->config, key, texts[0] ?: "none");
        for (size_t k = 0; k <= last; k++) {
                if (last > 0)
                        native_add_item(write->config, key, texts[k] ?: "none");
                free(texts[k]);
        }
        return 0;
}

int native_write_chars(NativeWrite *write) {
        const DomainConf *conf = write->conf;
        int r;

        if (write->guest != GUEST_HVM)
                return 0;
        r = write_ports(write, "parallel", conf->parallels.items, conf->parallels.n);
        return r < 0 ? r : write_ports(write, "serial", conf->serials.items, conf->serials.n);
}

/* ---- channels ---- */

int native_read_channels(NativeRead *read) {
        for (size_t i = 0; i < native_count(read->config, "channel"); i++) {
                const char *text = native_item(read->config, "channel", i) ?: "";
                _cleanup_(freep) char *connection = spec_value(text, "connection");
                _cleanup_(freep) char *name = spec_value(text, "name");
                _cleanup_(freep) char *path = spec_value(text, "path");
                bool pty = connection && strcasecmp(connection, "pty") == 0;

                if (!name || !connection || (!pty && strcasecmp(connection, "socket") != 0))
                        return native_fail(read, "channel", "channel %zu has no name or is no "
                                           "socket or pty", i + 1);
                xmlNode *channel = native_add(read, read->root, "devices/channel");

                native_put(read, channel, "@type", "%s", pty ? "pty" : "unix");
                if (!pty) {
                        native_put(read, channel, "source/@mode", "bind");
                        if (path)
                                native_put(read, channel, "source/@path", "%s", path);
                }
                native_put(read, channel, "target/@type", "xen");
                native_put(read, channel, "target/@name", "%s", name);
        }
        return 0;
}

int native_write_channels(NativeWrite *write) {
        for (size_t i = 0; i < write->conf->channels.n; i++) {
                const DomainChar *channel = write->conf->channels.items[i];
                const CharSource *source = source_of(channel, NULL);
                NativeSpec spec = {};

                if (!channel->target_type || strcmp(channel->target_type, "xen") != 0)
                        continue; /* none of Xen's */
                if (channel->type != CHAR_PTY && channel->type != CHAR_UNIX)
                        return fail(write->error, ERROR_CONFIG_UNSUPPORTED,
                                    "Xen has no channel of type '%s'", char_types[channel->type]);
                spec_add(&spec, "connection=%s", channel->type == CHAR_PTY ? "pty" : "socket");
                if (channel->type == CHAR_UNIX && source && source->path)
                        spec_add(&spec, "path=%s", source->path);
                spec_add(&spec, "name=%s", channel->target_name ?: "");
                spec_finish(&spec, write->config, "channel");
        }
        return 0;
}
