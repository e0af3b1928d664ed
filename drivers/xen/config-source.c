/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks that are reached over the network, in the words of the device model. libxl hands on one
 * text, so all that is said of a source has to be in its address. */
#include "drivers/xen/config-private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int refuse_source(XenConfig *xen, const DomainDisk *disk, const char *what) {
        return config_refuse(xen, "devices/disk '%s'/source: %s", disk->target ?: "", what);
}

/* "[::1]" */
static void put_host(FILE *out, const char *name) {
        bool numeric = name && strchr(name, ':');

        fprintf(out, numeric ? "[%s]" : "%s", name ?: "");
}

static void put_escaped(FILE *out, const char *text, const char *special) {
        for (const char *p = text ?: ""; *p; p++)
                fprintf(out, strchr(special, *p) ? "\\%c" : "%c", *p);
}

/* ---- rbd ---- */

#define RBD_SPECIAL ":@=\\"

static void put_monitors(FILE *out, const DomainDisk *disk) {
        for (size_t i = 0; i < disk->hosts.n; i++) {
                const SourceHost *host = disk->hosts.items[i];
                bool numeric = host->name && strchr(host->name, ':');

                fputs(i == 0 ? ":mon_host=" : "\\;", out);
                if (numeric)
                        fputs("\\[", out);
                put_escaped(out, host->name, ":");
                if (numeric)
                        fputs("\\]", out);
                if (host->port)
                        fprintf(out, "\\:%s", host->port);
        }
}

static int put_rbd(XenConfig *xen, const DomainDisk *disk, FILE *out) {
        fputs("rbd:", out);
        put_escaped(out, disk->source_name, RBD_SPECIAL);
        if (disk->snapshot_name) {
                fputc('@', out);
                put_escaped(out, disk->snapshot_name, RBD_SPECIAL);
        }
        fputs(":auth_supported=none", out);
        put_monitors(out, disk);
        if (disk->config_file) {
                fputs(":conf=", out);
                put_escaped(out, disk->config_file, RBD_SPECIAL);
        }
        return 0;
}

/* ---- the others ---- */

static int put_nbd(XenConfig *xen, const DomainDisk *disk, FILE *out) {
        const SourceHost *host = disk->hosts.items[0];

        if (config_is(host->transport, "unix"))
                fprintf(out, "nbd:unix:%s", host->socket ?: "");
        else {
                fputs("nbd:", out);
                put_host(out, host->name);
                fprintf(out, ":%s", host->port ?: "10809");
        }
        if (disk->source_name)
                fprintf(out, ":exportname=%s", disk->source_name);
        return 0;
}

/* "iqn.2013-07.com.example:pool/1": what follows the slash is the unit, 0 if nothing does */
static int put_iscsi(XenConfig *xen, const DomainDisk *disk, FILE *out) {
        const SourceHost *host = disk->hosts.items[0];
        const char *name = disk->source_name ?: "";

        if (disk->initiator)
                return refuse_source(xen, disk, "an initiator can't be said in an address");
        fputs("iscsi://", out);
        put_host(out, host->name);
        fprintf(out, ":%s/%s%s", host->port ?: "3260", name, strchr(name, '/') ? "" : "/0");
        return 0;
}

static int put_url(XenConfig *xen, const DomainDisk *disk, FILE *out) {
        const SourceHost *host = disk->hosts.items[0];
        const char *name = disk->source_name ?: "";

        if (host->transport && !config_is(host->transport, "tcp"))
                return refuse_source(xen, disk, "only over tcp");
        if (disk->cookies.n > 0)
                return refuse_source(xen, disk, "cookies can't be said in an address");
        fprintf(out, "%s://", disk->protocol);
        put_host(out, host->name);
        if (host->port)
                fprintf(out, ":%s", host->port);
        fprintf(out, "%s%s", *name == '/' ? "" : "/", name);
        if (disk->source_query)
                fprintf(out, "?%s", disk->source_query);
        return 0;
}

static const struct {
        const char *protocol;
        int (*put)(XenConfig *xen, const DomainDisk *disk, FILE *out);
        size_t hosts_min, hosts_max;
} protocols[] = {
        { "rbd", put_rbd, 0, SIZE_MAX }, { "nbd", put_nbd, 1, 1 },   { "iscsi", put_iscsi, 1, 1 },
        { "http", put_url, 1, 1 },       { "https", put_url, 1, 1 }, { "ftp", put_url, 1, 1 },
        { "ftps", put_url, 1, 1 },       { "tftp", put_url, 1, 1 },  { "gluster", put_url, 1, 1 },
        { "ssh", put_url, 1, 1 },
};

int config_disk_source(XenConfig *xen, const DomainDisk *disk, char **ret) {
        size_t i = 0, size;
        FILE *out;
        int r;

        while (i < ELEMENTS(protocols) && !config_is(disk->protocol, protocols[i].protocol))
                i++;
        if (i == ELEMENTS(protocols))
                return config_refuse(xen, "devices/disk '%s'/source: Xen has no protocol '%s'",
                                     disk->target ?: "", disk->protocol ?: "");
        if (disk->hosts.n < protocols[i].hosts_min || disk->hosts.n > protocols[i].hosts_max)
                return refuse_source(xen, disk, "one host is needed, and only one");
        if (disk->auth || disk->source_auth)
                return refuse_source(xen, disk, "a secret would be in xenstore (auth)");
        if (config_is(disk->tls, "yes"))
                return refuse_source(xen, disk, "TLS can't be said in an address");
        if (!(out = open_memstream(ret, &size)))
                return fail_memory(xen->error);
        r = protocols[i].put(xen, disk, out);
        return fclose(out) != 0 ? fail_memory(xen->error) : r;
}
