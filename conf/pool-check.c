/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <pool>: what each type of pool needs, what is filled in, and the rules. */
#include "conf/storage-rows.h"

#include <errno.h>
#include <string.h>

/* ---- types ---- */

enum {
        HOST = 1 << 0,
        DEVICE = 1 << 1, /* at least one */
        DIR = 1 << 2,
        NAME = 1 << 3, /* of the source; the pool's name where none is given */
        ADAPTER = 1 << 4,
        INITIATOR = 1 << 5,
        TARGET = 1 << 6, /* a path, given or made of the source's name */
        COW = 1 << 7,
        PROTOCOL = 1 << 8,
};

static const char *const fs_formats[] = {
        "auto", "ext2", "ext3", "ext4", "ufs", "iso9660", "udf", "gfs", "gfs2", "vfat", "hfs+",
        "xfs", "ocfs2", "vmfs", NULL,
};
const char *const storage_file_formats[] = {
        "raw", "none", "dir", "bochs", "cloop", "dmg", "iso", "vpc", "vdi", "vhdx", "fat", "vhd",
        "ploop", "cow", "qcow", "qcow2", "qed", "vmdk", "luks", "unknown", NULL,
};
static const char *const partition_formats[] = {
        "none", "linux", "fat16", "fat32", "linux-swap", "linux-lvm", "linux-raid", "extended",
        NULL,
};

static const struct {
        unsigned needs;
        const char *const *source_formats, *const *volume_formats;
        const char *target; /* before the source's name */
} types[] = {
        [POOL_DIR] = { TARGET | COW, NULL, storage_file_formats, NULL },
        [POOL_FS] = { DEVICE | TARGET | COW, fs_formats, storage_file_formats, NULL },
        [POOL_NETFS] = { HOST | DIR | TARGET | PROTOCOL, WORDS("auto", "nfs", "glusterfs", "cifs"),
                         storage_file_formats, NULL },
        [POOL_LOGICAL] = { NAME | TARGET, WORDS("lvm2", "unknown"), NULL, "/dev/" },
        [POOL_DISK] = { DEVICE | TARGET,
                        WORDS("unknown", "dos", "dvh", "gpt", "mac", "bsd", "pc98", "sun", "lvm2"),
                        partition_formats, NULL },
        [POOL_ISCSI] = { HOST | TARGET, NULL, NULL, NULL },
        [POOL_ISCSI_DIRECT] = { HOST | INITIATOR, NULL, NULL, NULL },
        [POOL_SCSI] = { ADAPTER | TARGET, NULL, NULL, NULL },
        [POOL_MPATH] = { TARGET, NULL, NULL, NULL },
        [POOL_RBD] = { HOST | NAME, NULL, storage_file_formats, NULL },
        [POOL_SHEEPDOG] = { HOST | NAME, NULL, NULL, NULL },
        [POOL_GLUSTER] = { HOST | NAME | DIR, NULL, storage_file_formats, NULL },
        [POOL_ZFS] = { NAME | TARGET, NULL, NULL, "/dev/zvol/" },
        [POOL_VSTORAGE] = { NAME | TARGET, NULL, storage_file_formats, NULL },
};

const char *const *pool_source_formats(PoolType type) {
        return types[type].source_formats;
}

const char *const *pool_volume_formats(PoolType type) {
        return types[type].volume_formats;
}

/* ---- what is filled in ---- */

/* One slash between the parts of a path and none at its end; two at its start may have a meaning
 * of their own and stay. */
static void tidy_path(char *path) {
        char *to = path, *from = path;

        if (!path || *path != '/')
                return;
        if (path[1] == '/' && path[2] != '/')
                *to++ = *from++;
        for (; *from; from++)
                if (*from != '/' || from[1] != '/')
                        *to++ = *from;
        *to = 0;
        if (to - path > 1 && to[-1] == '/')
                to[-1] = 0;
}

static int complete_source(PoolConf *conf) {
        const char *const *formats = types[conf->type].source_formats;

        if (!conf->source.name && types[conf->type].needs & NAME && conf->type != POOL_RBD &&
            conf->name &&
            set_string(&conf->source.name, conf->name) < 0)
                return -ENOMEM;
        if (!conf->name && conf->source.name && set_string(&conf->name, conf->source.name) < 0)
                return -ENOMEM;
        if (!conf->source.dir && conf->type == POOL_GLUSTER)
                return set_string(&conf->source.dir, "/");
        if (!conf->source.format && formats && set_string(&conf->source.format, *formats) < 0)
                return -ENOMEM;
        if (conf->source.adapter.name && !conf->source.adapter.type)
                return set_string(&conf->source.adapter.type, "scsi_host");
        return 0;
}

static int complete_target(PoolConf *conf) {
        const char *prefix = types[conf->type].target;

        if (conf->type == POOL_NETFS)
                tidy_path(conf->source.dir);
        if (prefix && conf->source.name) {
                char *path = NULL;

                if (asprintf(&path, "%s%s", prefix, conf->source.name) < 0)
                        return -ENOMEM;
                free(conf->target_path);
                conf->target_path = path;
        }
        tidy_path(conf->target_path);
        return 0;
}

/* Sizes and free extents are what the driver finds, whatever a definition says. */
int pool_complete(void *object, Error *error) {
        PoolConf *conf = object;

        if (uuid_is_null(conf->uuid) && uuid_generate(&conf->uuid) < 0)
                return fail(error, ERROR_INTERNAL, "no random numbers for a UUID");
        if (complete_source(conf) < 0 || complete_target(conf) < 0)
                return fail_memory(error);
        conf->capacity = conf->allocation = conf->available = 0;
        for (size_t i = 0; i < conf->source.devices.n; i++) {
                PoolDevice *device = conf->source.devices.items[i];

                while (device->free_extents.n > 0)
                        map_list_remove(&storage_extent_element, &device->free_extents,
                                        device->free_extents.n - 1);
        }
        return 0;
}

/* ---- rules ---- */

static bool is_wwn(const char *text) {
        if (strncmp(text, "0x", 2) == 0)
                text += 2;
        return strlen(text) == 16 && text[strspn(text, "0123456789abcdefABCDEF")] == 0;
}

static int check_fc_host(const PoolAdapter *adapter, const xmlNode *node, Error *error) {
        const char *const names[] = { adapter->wwnn, adapter->wwpn, adapter->parent_wwnn,
                                      adapter->parent_wwpn, adapter->parent_fabric_wwn };

        if (!adapter->wwnn || !adapter->wwpn)
                return fail_at(error, ERROR_XML, node, "an fc_host adapter needs wwnn and wwpn");
        if (!adapter->parent_wwnn != !adapter->parent_wwpn)
                return fail_at(error, ERROR_XML, node,
                               "parent_wwnn and parent_wwpn are given together");
        for (size_t i = 0; i < ELEMENTS(names); i++)
                if (names[i] && !is_wwn(names[i]))
                        return fail_at(error, ERROR_XML, node, "'%s' is no world wide name",
                                       names[i]);
        return 0;
}

static int check_adapter(const PoolAdapter *adapter, const xmlNode *source, Error *error) {
        const xmlNode *node = child_of(source, "adapter");

        if (!node)
                return fail_at(error, ERROR_XML, source, "the pool's source lacks its adapter");
        if (!adapter->type && (adapter->wwnn || adapter->wwpn || adapter->parent ||
                               adapter->parent_address.there))
                return fail_at(error, ERROR_XML, node, "this adapter needs a type");
        if (is_text(adapter->type, "fc_host"))
                return check_fc_host(adapter, node, error);
        if (!adapter->name == !adapter->parent_address.there)
                return fail_at(error, ERROR_XML, node,
                               "a scsi_host adapter has either a name or a parentaddr");
        if (adapter->parent_address.there &&
            (!adapter->unique_id.set || !child_of(child_of(node, "parentaddr"), "address")))
                return fail_at(error, ERROR_XML, node, "parentaddr needs address and unique_id");
        return 0;
}

static int check_auth(const PoolConf *conf, const xmlNode *source, Error *error) {
        const xmlNode *node = child_of(source, "auth");
        const PoolAuth *auth = conf->source.auth;

        if (!auth)
                return 0;
        if (uuid_is_null(auth->secret) == !auth->secret_usage)
                return fail_at(error, ERROR_XML, node,
                               "the secret of auth has either uuid or usage");
        if (is_text(auth->type, "ceph") != (conf->type == POOL_RBD))
                return fail_at(error, ERROR_XML, node, "a pool of type '%s' has no '%s' auth",
                               pool_types[conf->type], auth->type);
        return 0;
}

static int check_source(const PoolConf *conf, const xmlNode *root, Error *error) {
        const xmlNode *source = child_of(root, "source");
        const xmlNode *node = source ?: root;
        unsigned needs = types[conf->type].needs;
        const struct {
                unsigned bit;
                const char *what;
                bool there;
        } parts[] = {
                { HOST, "host", conf->source.hosts.n > 0 },
                { DEVICE, "device", conf->source.devices.n > 0 },
                { DIR, "dir", conf->source.dir },
                { NAME, "name", conf->source.name },
                { INITIATOR, "initiator's iqn", conf->source.initiator_iqn },
        };
        const char *const *formats = types[conf->type].source_formats;

        for (size_t i = 0; i < ELEMENTS(parts); i++)
                if (needs & parts[i].bit && !parts[i].there)
                        return fail_at(error, ERROR_XML, node,
                                       "the source of a pool of type '%s' lacks its %s",
                                       pool_types[conf->type], parts[i].what);
        for (size_t i = 0; i < conf->source.hosts.n; i++)
                if (conf->source.hosts.items[i]->port > 65535)
                        return fail_at(error, ERROR_XML, conf->source.hosts.items[i]->item.node,
                                       "a port is 65535 at most");
        if (conf->source.format && formats && map_enum_value(formats, conf->source.format) < 0)
                return fail_at(error, ERROR_XML, child_of(source, "format"),
                               "a pool of type '%s' has no format '%s'", pool_types[conf->type],
                               conf->source.format);
        if (conf->source.protocol_version &&
            (!(needs & PROTOCOL) ||
             conf->source.protocol_version[strspn(conf->source.protocol_version, "0123456789.")]))
                return fail_at(error, ERROR_XML, node, "protocol version '%s' is not possible",
                               conf->source.protocol_version);
        int r = needs & ADAPTER ? check_adapter(&conf->source.adapter, source ?: root, error) : 0;
        return r < 0 ? r : check_auth(conf, source, error);
}

int encryption_check(const StorageEncryption *encryption, const xmlNode *node, Error *error) {
        if (!encryption)
                return 0;
        for (size_t i = 0; i < encryption->secrets.n; i++)
                if (uuid_is_null(encryption->secrets.items[i]->uuid) ==
                    !encryption->secrets.items[i]->usage)
                        return fail_at(error, ERROR_XML, encryption->secrets.items[i]->item.node,
                                       "a secret has either uuid or usage");
        if ((encryption->cipher != NULL) != (encryption->cipher_size > 0) ||
            (encryption->ivgen && !encryption->cipher))
                return fail_at(error, ERROR_XML, node,
                               "a cipher has name and size, and ivgen needs a cipher");
        if (encryption->cipher && !is_text(encryption->format, "luks"))
                return fail_at(error, ERROR_XML, node, "only LUKS takes a cipher");
        return 0;
}

int pool_check(const void *object, Error *error) {
        const PoolConf *conf = object;
        const xmlNode *root = xmlDocGetRootElement(conf->document);
        const xmlNode *target = child_of(root, "target");
        unsigned needs = types[conf->type].needs;
        int r;

        if (!conf->name)
                return fail_at(error, ERROR_XML, root, "a pool lacks its name");
        if (strchr(conf->name, '/'))
                return fail_at(error, ERROR_XML, root, "a pool's name has no '/' in it");
        if (conf->cow != TRISTATE_UNSET && !(needs & COW))
                return fail_at(error, ERROR_XML, root, "a pool of type '%s' can't do cow",
                               pool_types[conf->type]);
        for (size_t i = 0; i < conf->rbd_options.n; i++)
                if (!conf->rbd_options.items[i]->value)
                        return fail_at(error, ERROR_XML, conf->rbd_options.items[i]->item.node,
                                       "an option of rbd lacks its value");
        if ((r = check_source(conf, root, error)) < 0 ||
            (r = encryption_check(conf->encryption, target, error)) < 0)
                return r;
        if (needs & TARGET && !conf->target_path)
                return fail_at(error, ERROR_XML, target ?: root, "the pool's target lacks a path");
        return 0;
}
