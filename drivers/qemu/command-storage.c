/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Images that are reached over a network: the connection a block node makes, by protocol. */
#include "drivers/qemu/block.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

/* Where QEMU's own documentation puts the certificates of a host. */
#define TLS_FOLDER "/etc/pki/qemu"
#define GLUSTER_DEBUG 4 /* errors, which QEMU says by itself, too */

static int refuse(Builder *builder, const DomainDisk *image, const char *what) {
        return unsupported(builder, "devices/disk: protocol '%s' of image '%s': %s",
                           image->protocol ?: "", image->source_name ?: "", what);
}

static const Login *login_of(const DomainDisk *image) {
        return image->source_auth ?: image->auth;
}

/* ---- hosts ---- */

static json_object *server_address(Builder *builder, const SourceHost *host, const char *port,
                                   bool typed) {
        json_object *server = json_new(builder);

        if (host->socket) {
                json_put_text(builder, server, "type", "unix");
                json_put_text(builder, server, "path", host->socket);
                return server;
        }
        if (typed)
                json_put_text(builder, server, "type", "inet");
        json_put_text(builder, server, "host", host->name);
        json_put_text(builder, server, "port", host->port ?: port);
        return server;
}

static json_object *server_list(Builder *builder, const DomainDisk *image, const char *port,
                                bool typed) {
        json_object *list = json_object_new_array();

        for (size_t i = 0; list && i < image->hosts.n; i++)
                if (json_object_array_add(list, server_address(builder, image->hosts.items[i], port,
                                                               typed)) < 0)
                        builder->no_memory = true;
        return list;
}

/* "volume/path": the first part, and where the second begins. */
static const char *split_name(const DomainDisk *image, int *ret_first) {
        const char *name = image->source_name ?: "", *slash = strchr(name, '/');

        *ret_first = slash ? slash - name : (int) strlen(name);
        return slash ? slash + 1 : NULL;
}

/* ---- nbd ---- */

static int nbd(Builder *builder, const DomainDisk *image, const char *id, json_object *node) {
        json_object *credentials;

        json_put_text(builder, node, "driver", "nbd");
        json_put(builder, node, "server",
                 server_address(builder, image->hosts.items[0], "10809", true));
        json_put_text(builder, node, "export", image->source_name);
        if (image->reconnect.delay.set)
                json_put_number(builder, node, "reconnect-delay", image->reconnect.delay.value);
        if (!text_is(image->tls, "yes"))
                return 0;
        credentials = json_new(builder);
        json_put_text(builder, credentials, "qom-type", "tls-creds-x509");
        json_putf(builder, credentials, "id", "obj%s_tls0", id);
        json_put_text(builder, credentials, "dir", TLS_FOLDER);
        json_put_text(builder, credentials, "endpoint", "client");
        json_put_bool(builder, credentials, "verify-peer", true);
        argument_json(builder, "object", credentials);
        json_putf(builder, node, "tls-creds", "obj%s_tls0", id);
        json_put_text(builder, node, "tls-hostname", image->tls_hostname);
        return 0;
}

/* ---- http, https, ftp, ftps ---- */

/* "a=b; c=d", which may tell who may enter: QEMU gets them as it gets secrets. */
static int put_cookies(Builder *builder, const DomainDisk *image, const char *id,
                       json_object *node) {
        _cleanup_(freep) char *text = NULL;
        char secret[64];

        for (size_t i = 0; i < image->cookies.n; i++) {
                const NamedText *cookie = image->cookies.items[i];
                char *more;

                if (asprintf(&more, "%s%s%s=%s", text ?: "", text ? "; " : "", cookie->name,
                             cookie->text ?: "") < 0)
                        return fail_memory(builder->error);
                free(text);
                text = more;
        }
        if (!text)
                return 0;
        (void) snprintf(secret, sizeof(secret), "%s-httpcookie-secret0", id);
        secret_object_text(builder, text, secret);
        json_put_text(builder, node, "cookie-secret", secret);
        return 0;
}

static int put_login(Builder *builder, const DomainDisk *image, const char *id,
                     json_object *node) {
        const Login *login = login_of(image);
        char secret[64];
        int r;

        if (!login)
                return 0;
        (void) snprintf(secret, sizeof(secret), "%s-auth-secret0", id);
        r = secret_object(builder, &login->secret, NULL, secret);
        if (r < 0)
                return r;
        json_put_text(builder, node, "username", login->user);
        json_put_text(builder, node, "password-secret", secret);
        return 0;
}

static int url(Builder *builder, const DomainDisk *image, const char *id, json_object *node) {
        static const struct {
                const char *protocol, *port;
        } ports[] = { { "http", "80" }, { "https", "443" }, { "ftp", "21" }, { "ftps", "990" } };
        const SourceHost *host = image->hosts.items[0];
        const char *port = host->port, *path = image->source_name ?: "";
        bool six = host->name && strchr(host->name, ':');
        int r;

        if (!host->name)
                return refuse(builder, image, "the host needs a @name");
        for (size_t i = 0; !port && i < ELEMENTS(ports); i++)
                if (text_is(image->protocol, ports[i].protocol))
                        port = ports[i].port;
        json_put_text(builder, node, "driver", image->protocol);
        json_putf(builder, node, "url", "%s://%s%s%s:%s%s%s%s%s", image->protocol, six ? "[" : "",
                  host->name, six ? "]" : "", port, path[0] == '/' ? "" : "/", path,
                  image->source_query ? "?" : "", image->source_query ?: "");
        r = put_login(builder, image, id, node);
        if (r >= 0)
                r = put_cookies(builder, image, id, node);
        if (r < 0)
                return r;
        if (text_in(image->protocol, (const char *const []) { "https", "ftps", NULL }))
                json_put_state(builder, node, "sslverify", image->ssl_verify);
        json_put_some(builder, node, "readahead", (int64_t) image->readahead);
        json_put_some(builder, node, "timeout", (int64_t) image->timeout);
        return 0;
}

/* ---- ssh, nfs, gluster ---- */

static int ssh(Builder *builder, const DomainDisk *image, const char *id, json_object *node) {
        const Login *login = login_of(image);

        if (image->known_hosts)
                return refuse(builder, image,
                              "QEMU knows hosts from ~/.ssh/known_hosts alone, not from another "
                              "file");
        json_put_text(builder, node, "driver", "ssh");
        json_put_text(builder, node, "path", image->source_name);
        json_put(builder, node, "server",
                 server_address(builder, image->hosts.items[0], "22", false));
        json_put_text(builder, node, "user", login ? login->user : NULL);
        return 0;
}

/* "+1000" is a number, "alice" a name of this host. */
static int put_owner(Builder *builder, const DomainDisk *image, const char *option,
                     const char *name, json_object *node) {
        struct passwd *user = NULL;
        struct group *group = NULL;
        int64_t number;

        if (!name)
                return 0;
        if (name[0] == '+')
                number = strtoll(name + 1, NULL, 10);
        else if (text_is(option, "user") && (user = getpwnam(name)))
                number = user->pw_uid;
        else if (text_is(option, "group") && (group = getgrnam(name)))
                number = group->gr_gid;
        else
                return refuse(builder, image, "its <identity> names nobody of this host");
        json_put_number(builder, node, option, number);
        return 0;
}

static int nfs(Builder *builder, const DomainDisk *image, const char *id, json_object *node) {
        json_object *server = json_new(builder);
        int r;

        json_put_text(builder, server, "type", "inet");
        json_put_text(builder, server, "host", image->hosts.items[0]->name);
        json_put_text(builder, node, "driver", "nfs");
        json_put(builder, node, "server", server);
        json_put_text(builder, node, "path", image->source_name);
        r = put_owner(builder, image, "user", image->nfs_user, node);
        return r < 0 ? r : put_owner(builder, image, "group", image->nfs_group, node);
}

static int gluster(Builder *builder, const DomainDisk *image, const char *id, json_object *node) {
        int n;
        const char *path = split_name(image, &n);

        if (!path)
                return refuse(builder, image, "its name must be 'volume/path'");
        json_put_text(builder, node, "driver", "gluster");
        json_putf(builder, node, "volume", "%.*s", n, image->source_name);
        json_put_text(builder, node, "path", path);
        json_put(builder, node, "server", server_list(builder, image, "24007", true));
        json_put_number(builder, node, "debug", GLUSTER_DEBUG);
        return 0;
}

/* ---- rbd ---- */

static int put_ceph_login(Builder *builder, const DomainDisk *image, const char *id,
                          json_object *node) {
        const Login *login = login_of(image);
        json_object *modes;
        char secret[64];
        int r;

        if (!login)
                return 0;
        (void) snprintf(secret, sizeof(secret), "%s-auth-secret0", id);
        r = secret_object(builder, &login->secret, "ceph", secret);
        if (r < 0)
                return r;
        json_put_text(builder, node, "user", login->user);
        modes = json_object_new_array();
        if (!modes || json_object_array_add(modes, json_object_new_string("cephx")) < 0 ||
            json_object_array_add(modes, json_object_new_string("none")) < 0)
                builder->no_memory = true;
        json_put(builder, node, "auth-client-required", modes);
        json_put_text(builder, node, "key-secret", secret);
        return 0;
}

/* The library may do what QEMU's own drivers else do above it. */
static int put_ceph_encryption(Builder *builder, const DomainDisk *image, const char *id,
                               json_object *node) {
        const ImageEncryption *encryption = image->source_encryption ?: image->encryption;
        json_object *options;
        char secret[64];
        int r;

        if (!encryption || !text_is(encryption->engine, "librbd"))
                return 0;
        if (encryption->secrets.n != 1)
                return refuse(builder, image, "<encryption> takes one <secret>");
        (void) snprintf(secret, sizeof(secret), "%s-encryption-secret0", id);
        r = secret_object(builder, encryption->secrets.items[0], "volume", secret);
        if (r < 0)
                return r;
        options = json_new(builder);
        json_put_text(builder, options, "format", encryption->format);
        json_put_text(builder, options, "key-secret", secret);
        json_put(builder, node, "encrypt", options);
        return 0;
}

static int rbd(Builder *builder, const DomainDisk *image, const char *id, json_object *node) {
        int n, r;
        const char *path = split_name(image, &n), *slash = path ? strchr(path, '/') : NULL;

        if (!path)
                return refuse(builder, image, "its name must be 'pool/image'");
        json_put_text(builder, node, "driver", "rbd");
        json_putf(builder, node, "pool", "%.*s", n, image->source_name);
        if (slash)
                json_putf(builder, node, "namespace", "%.*s", (int) (slash - path), path);
        json_put_text(builder, node, "image", slash ? slash + 1 : path);
        json_put_text(builder, node, "snapshot", image->snapshot_name);
        json_put_text(builder, node, "conf", image->config_file);
        if (image->hosts.n > 0)
                json_put(builder, node, "server", server_list(builder, image, "0", false));
        r = put_ceph_login(builder, image, id, node);
        return r < 0 ? r : put_ceph_encryption(builder, image, id, node);
}

/* ---- iscsi ---- */

int block_put_iscsi(Builder *builder, const BlockIscsi *iscsi, const char *secret,
                    json_object *node) {
        const char *name = iscsi->name ?: "", *slash = strchr(name, '/');
        bool six = iscsi->host->name && strchr(iscsi->host->name, ':');
        int r;

        json_put_text(builder, node, "driver", "iscsi");
        json_putf(builder, node, "portal", "%s%s%s:%s", six ? "[" : "", iscsi->host->name ?: "",
                  six ? "]" : "", iscsi->host->port ?: "3260");
        json_putf(builder, node, "target", "%.*s",
                  (int) (slash ? slash - name : (ptrdiff_t) strlen(name)), name);
        json_put_number(builder, node, "lun", slash ? strtol(slash + 1, NULL, 10) : 0);
        json_put_text(builder, node, "transport", "tcp");
        json_put_text(builder, node, "initiator-name", iscsi->initiator);
        if (!iscsi->login)
                return 0;
        r = secret_object(builder, &iscsi->login->secret, "iscsi", secret);
        if (r < 0)
                return r;
        json_put_text(builder, node, "user", iscsi->login->user);
        json_put_text(builder, node, "password-secret", secret);
        return 0;
}

static int iscsi(Builder *builder, const DomainDisk *image, const char *id, json_object *node) {
        const BlockIscsi iscsi = {
                .name = image->source_name,
                .host = image->hosts.items[0],
                .login = login_of(image),
                .initiator = image->initiator,
        };
        char secret[64];

        (void) snprintf(secret, sizeof(secret), "%s-auth-secret0", id);
        return block_put_iscsi(builder, &iscsi, secret, node);
}

/* ---- all of them ---- */

static const struct {
        const char *protocol, *driver;
        size_t min, max; /* hosts */
        int (*put)(Builder *builder, const DomainDisk *image, const char *id, json_object *node);
} protocols[] = {
        { "nbd",     "nbd",     1, 1,        nbd },
        { "http",    "http",    1, 1,        url },
        { "https",   "https",   1, 1,        url },
        { "ftp",     "ftp",     1, 1,        url },
        { "ftps",    "ftps",    1, 1,        url },
        { "ssh",     "ssh",     1, 1,        ssh },
        { "iscsi",   "iscsi",   1, 1,        iscsi },
        { "nfs",     "nfs",     1, 1,        nfs },
        { "gluster", "gluster", 1, SIZE_MAX, gluster },
        { "rbd",     "rbd",     0, SIZE_MAX, rbd },
};

int block_put_network(Builder *builder, const DomainDisk *image, const char *id,
                      json_object *node) {
        for (size_t i = 0; i < ELEMENTS(protocols); i++) {
                char feature[64];

                if (!text_is(image->protocol, protocols[i].protocol))
                        continue;
                (void) snprintf(feature, sizeof(feature), "blockdev-add/driver=%s",
                                protocols[i].driver);
                if (!qemu_caps_has(builder->caps, feature))
                        return refuse(builder, image, "this QEMU doesn't speak it");
                if (image->hosts.n < protocols[i].min)
                        return refuse(builder, image, "it needs a <host>");
                if (image->hosts.n > protocols[i].max)
                        return refuse(builder, image, "it takes one <host>");
                return protocols[i].put(builder, image, id, node);
        }
        return refuse(builder, image, "QEMU doesn't speak it (any more)");
}
