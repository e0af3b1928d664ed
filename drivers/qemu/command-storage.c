/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Media that are reached over a network: the connection a block node makes. */
#include "drivers/qemu/command-private.h"

#include <errno.h>
#include <string.h>

/* A host of <source>, as the document has it. */
typedef struct Host {
        xmlChar *name, *port, *transport, *socket;
} Host;

static void host_clear(Host *host) {
        xmlFree(host->name);
        xmlFree(host->port);
        xmlFree(host->transport);
        xmlFree(host->socket);
        *host = (Host) {};
}

static int read_host(const DomainDisk *disk, Host *ret) {
        const xmlNode *source = node_child(disk->device.item.node, "source");
        const xmlNode *node = node_child(source, "host");

        if (!node)
                return -ENOENT;
        ret->name = node_attribute(node, "name");
        ret->port = node_attribute(node, "port");
        ret->transport = node_attribute(node, "transport");
        ret->socket = node_attribute(node, "socket");
        return node_next(node) ? -E2BIG : 0;
}

static json_object *server_address(Builder *builder, const Host *host, const char *port,
                                   bool typed) {
        json_object *server = json_new(builder);

        if (host->socket) {
                json_put_text(builder, server, "type", "unix");
                json_put_text(builder, server, "path", (const char *) host->socket);
                return server;
        }
        if (typed)
                json_put_text(builder, server, "type", "inet");
        json_put_text(builder, server, "host", (const char *) host->name);
        json_put_text(builder, server, "port", host->port ? (const char *) host->port : port);
        return server;
}

static void nbd(Builder *builder, const DomainDisk *disk, const Host *host, json_object *node) {
        json_put_text(builder, node, "driver", "nbd");
        json_put(builder, node, "server", server_address(builder, host, "10809", true));
        json_put_text(builder, node, "export", disk->source_name);
}

static void url(Builder *builder, const DomainDisk *disk, const Host *host, json_object *node) {
        static const struct {
                const char *protocol, *port;
        } ports[] = { { "http", "80" }, { "https", "443" }, { "ftp", "21" }, { "ftps", "990" } };
        const char *port = (const char *) host->port;

        for (size_t i = 0; !port && i < ELEMENTS(ports); i++)
                if (text_is(disk->protocol, ports[i].protocol))
                        port = ports[i].port;
        json_put_text(builder, node, "driver", disk->protocol);
        json_putf(builder, node, "url", "%s://%s:%s%s%s%s%s", disk->protocol,
                  (const char *) host->name, port,
                  disk->source_name && disk->source_name[0] == '/' ? "" : "/",
                  disk->source_name ?: "", disk->source_query ? "?" : "", disk->source_query ?: "");
}

static void ssh(Builder *builder, const DomainDisk *disk, const Host *host, json_object *node) {
        json_put_text(builder, node, "driver", "ssh");
        json_put_text(builder, node, "path", disk->source_name);
        json_put(builder, node, "server", server_address(builder, host, "22", false));
}

/* "iqn.1992-01.com.example/1": target and unit. */
static void iscsi(Builder *builder, const DomainDisk *disk, const Host *host, json_object *node) {
        const char *name = disk->source_name ?: "", *slash = strchr(name, '/');

        json_put_text(builder, node, "driver", "iscsi");
        json_putf(builder, node, "portal", "%s:%s", (const char *) host->name,
                  host->port ? (const char *) host->port : "3260");
        json_putf(builder, node, "target", "%.*s",
                  (int) (slash ? slash - name : (ptrdiff_t) strlen(name)), name);
        json_put_number(builder, node, "lun", slash ? strtol(slash + 1, NULL, 10) : 0);
        json_put_text(builder, node, "transport", "tcp");
}

static const struct {
        const char *protocol;
        void (*put)(Builder *builder, const DomainDisk *disk, const Host *host, json_object *node);
} protocols[] = {
        { "nbd", nbd },  { "http", url }, { "https", url },   { "ftp", url },
        { "ftps", url }, { "ssh", ssh },  { "iscsi", iscsi },
};

int put_network_storage(Builder *builder, const DomainDisk *disk, json_object *node) {
        _cleanup_(host_clear) Host host = {};
        int r = read_host(disk, &host);

        if (disk->tls && !text_is(disk->tls, "no"))
                return unsupported(builder, "devices/disk '%s': source/@tls is not supported yet",
                                   disk->target);
        for (size_t i = 0; i < ELEMENTS(protocols); i++) {
                if (!text_is(disk->protocol, protocols[i].protocol))
                        continue;
                if (r < 0 || (!host.name && !host.socket))
                        return unsupported(builder,
                                           "devices/disk '%s': protocol '%s' takes one host",
                                           disk->target, disk->protocol);
                protocols[i].put(builder, disk, &host, node);
                return 0;
        }
        return unsupported(builder, "devices/disk '%s': protocol '%s' is not supported yet",
                           disk->target, disk->protocol ?: "");
}
