/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <domainsnapshot>, <domaincheckpoint>, <domainbackup>: rows, what is filled in, rules. */
#include "conf/snapshot.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "conf/storage-rows.h"
#include "conf/xml.h"

const char *const snapshot_states[] = {
        NULL, "running", "blocked", "paused", "shutdown", "shutoff", "crashed", "pmsuspended",
        "disk-snapshot", NULL,
};
const char *const snapshot_locations[] = {
        NULL, "no", "internal", "external", "manual", NULL,
};

/* ---- rows ---- */

static const MapElement snapshot_disk_element = { "disk", sizeof(SnapshotDisk),
                                                  (const MapField[]) {
        STRING("@name",        SnapshotDisk, name, REQUIRED),
        ENUM  ("@snapshot",    SnapshotDisk, location, snapshot_locations),
        WORD  ("@type",        SnapshotDisk, type, WORDS("file", "block", "network")),
        WORD  ("driver/@type", SnapshotDisk, format, storage_file_formats),
        STRING("source/@file", SnapshotDisk, file),
        STRING("source/@dev",  SnapshotDisk, dev),
        LIST  ("source/seclabel", SnapshotDisk, labels, SecurityLabel, &label_element),
        KEPT  ("driver",       SnapshotDisk, driver),
        KEPT  ("source",       SnapshotDisk, source),
        {}
} };

static const MapElement snapshot_element = { "domainsnapshot", sizeof(SnapshotConf),
                                             (const MapField[]) {
        STRING("name",             SnapshotConf, name),
        STRING("description",      SnapshotConf, description),
        ENUM  ("state",            SnapshotConf, state, snapshot_states),
        STRING("parent/name",      SnapshotConf, parent),
        U64   ("creationTime",     SnapshotConf, creation_time),
        ENUM  ("memory/@snapshot", SnapshotConf, memory, snapshot_locations),
        STRING("memory/@file",     SnapshotConf, memory_file),
        LIST  ("disks/disk",       SnapshotConf, disks, SnapshotDisk, &snapshot_disk_element),
        KEPT  ("domain",           SnapshotConf, domain),
        KEPT  ("inactiveDomain",   SnapshotConf, inactive_domain),
        KEPT  ("cookie",           SnapshotConf, cookie),
        MAYBE ("active",           SnapshotConf, active),
        {}
} };

static const MapElement checkpoint_disk_element = { "disk", sizeof(CheckpointDisk),
                                                    (const MapField[]) {
        STRING("@name",       CheckpointDisk, name, REQUIRED),
        WORD  ("@checkpoint", CheckpointDisk, type, WORDS("no", "bitmap")),
        STRING("@bitmap",     CheckpointDisk, bitmap),
        U64   ("@size",       CheckpointDisk, size),
        {}
} };

static const MapElement checkpoint_element = { "domaincheckpoint", sizeof(CheckpointConf),
                                               (const MapField[]) {
        STRING("name",         CheckpointConf, name),
        STRING("description",  CheckpointConf, description),
        STRING("parent/name",  CheckpointConf, parent),
        U64   ("creationTime", CheckpointConf, creation_time),
        LIST  ("disks/disk",   CheckpointConf, disks, CheckpointDisk, &checkpoint_disk_element),
        KEPT  ("domain",       CheckpointConf, domain),
        MAYBE ("active",       CheckpointConf, active),
        {}
} };

static const MapElement image_element = { "target", sizeof(BackupImage), (const MapField[]) {
        STRING("@file",        BackupImage, file),
        STRING("@dev",         BackupImage, dev),
        OPTIONAL("encryption", BackupImage, encryption, StorageEncryption,
                 &storage_encryption_element),
        LIST  ("seclabel",     BackupImage, labels, SecurityLabel, &label_element),
        {}
} };

static const MapElement backup_disk_element = { "disk", sizeof(BackupDisk), (const MapField[]) {
        STRING("@name",         BackupDisk, name, REQUIRED),
        YES_NO("@backup",       BackupDisk, backup),
        WORD  ("@type",         BackupDisk, type, WORDS("file", "block")),
        WORD  ("@backupmode",   BackupDisk, mode, WORDS("full", "incremental")),
        STRING("@incremental",  BackupDisk, incremental),
        STRING("@exportname",   BackupDisk, export_name),
        STRING("@exportbitmap", BackupDisk, export_bitmap),
        WORD  ("@state",        BackupDisk, state,
               WORDS("running", "complete", "failed", "cancelling", "cancelled")),
        MAYBE ("@index",        BackupDisk, index),
        WORD  ("driver/@type",  BackupDisk, format, storage_file_formats),
        OPTIONAL("target",      BackupDisk, target, BackupImage, &image_element),
        OPTIONAL("scratch",     BackupDisk, scratch, BackupImage, &image_element),
        {}
} };

static const MapElement backup_element = { "domainbackup", sizeof(BackupConf),
                                           (const MapField[]) {
        WORD  ("@mode",             BackupConf, mode, WORDS("push", "pull"), WRITTEN),
        U32   ("@id",               BackupConf, id, LIVE),
        STRING("incremental",       BackupConf, incremental),
        WORD  ("server/@transport", BackupConf, server.transport, WORDS("tcp", "unix", "fd")),
        YES_NO("server/@tls",       BackupConf, server.tls),
        STRING("server/@name",      BackupConf, server.name),
        U32   ("server/@port",      BackupConf, server.port),
        STRING("server/@socket",    BackupConf, server.socket),
        LIST  ("disks/disk",        BackupConf, disks, BackupDisk, &backup_disk_element),
        KEPT  ("privateData",       BackupConf, private_data),
        {}
} };

/* ---- inner domains ---- */

/* Their secrets are hidden as those of the domain itself are. */
static void strip_domains(xmlNode *root, MapFlags unwanted) {
        static const char *const names[] = { "domain", "inactiveDomain" };

        for (size_t i = 0; i < ELEMENTS(names) && unwanted & MAP_SECRET; i++) {
                xmlNode *domain = child_of(root, names[i]);

                if (domain)
                        map_strip(&domain_element, domain, MAP_SECRET);
        }
}

int moment_domain(xmlDoc *document, const char *name, char **ret, Error *error) {
        xmlNode *node = child_of(xmlDocGetRootElement(document), name);
        _cleanup_(xml_doc_freep) xmlDoc *own = node ? xmlNewDoc(NULL) : NULL;
        xmlNode *copy = own ? xmlDocCopyNode(node, own, 1) : NULL;

        *ret = NULL;
        if (!node)
                return 0;
        if (!copy)
                return fail_memory(error);
        (void) xmlDocSetRootElement(own, copy);
        xmlNodeSetName(copy, (const xmlChar *) "domain");
        return xml_print_doc(own, ret) < 0 ? fail_memory(error) : 0;
}

static int set_domain(xmlDoc *document, const char *name, const char *text, Error *error) {
        xmlNode *root = xmlDocGetRootElement(document), *old = child_of(root, name);
        _cleanup_(xml_doc_freep) xmlDoc *own = NULL;
        xmlNode *copy = NULL;
        int r = text ? xml_parse(text, "domain", &own, error) : 0;

        if (r < 0)
                return r;
        if (own && !(copy = xmlDocCopyNode(xmlDocGetRootElement(own), document, 1)))
                return fail_memory(error);
        if (copy) {
                xmlNodeSetName(copy, (const xmlChar *) name);
                if (old)
                        (void) xmlAddPrevSibling(old, copy);
                else
                        (void) xmlAddChild(root, copy);
        }
        if (old) {
                xmlUnlinkNode(old);
                xmlFreeNode(old);
        }
        return 0;
}

int snapshot_set_domain(SnapshotConf *conf, const char *name, const char *text, Error *error) {
        bool inactive = strcmp(name, "inactiveDomain") == 0;
        int r = set_domain(conf->document, name, text, error);

        if (r >= 0)
                *(inactive ? &conf->inactive_domain : &conf->domain) = text;
        return r;
}

int checkpoint_set_domain(CheckpointConf *conf, const char *text, Error *error) {
        int r = set_domain(conf->document, "domain", text, error);

        if (r >= 0)
                conf->domain = text;
        return r;
}

/* ---- labels of an image ---- */

/* One for each security model: none, or one that is given. */
static int check_labels(const void *list, Error *error) {
        const MapAnyList *labels = list;

        for (size_t i = 0; i < labels->n; i++) {
                const SecurityLabel *label = (SecurityLabel *) labels->items[i];
                bool off = is_text(label->relabel, "no");

                if (label->type)
                        return fail_at(error, ERROR_XML, label->item.node,
                                       "the label of an image has no type");
                if (off && label->label)
                        return fail_at(error, ERROR_XML, label->item.node,
                                       "there is no label where relabelling is off");
                if (!off && !label->label && !is_text(label->labelskip, "yes"))
                        return fail_at(error, ERROR_XML, label->item.node,
                                       "the label is missing");
        }
        return CHECK_UNIQUE(labels, SecurityLabel, model, "security model", error);
}

/* ---- snapshot and checkpoint: what is filled in, and rules ---- */

static int complete_head(char **name, uint64_t *creation_time) {
        if (*creation_time == 0)
                *creation_time = time(NULL);
        if (*name)
                return 0;
        return asprintf(name, "%llu", (unsigned long long) *creation_time) < 0 ? -ENOMEM : 0;
}

static int check_name(const char *name, const xmlNode *root, Error *error) {
        if (*name == '.' || strchr(name, '/'))
                return fail_at(error, ERROR_XML, root,
                               "the name '%s' starts with '.' or has a '/' in it", name);
        return 0;
}

static int snapshot_complete(void *object, Error *error) {
        SnapshotConf *conf = object;

        if (complete_head(&conf->name, &conf->creation_time) < 0)
                return fail_memory(error);
        if (conf->memory_file && conf->memory == LOCATION_UNSET)
                conf->memory = LOCATION_EXTERNAL;
        for (size_t i = 0; i < conf->disks.n; i++) {
                SnapshotDisk *disk = conf->disks.items[i];

                if (disk->location == LOCATION_UNSET && (disk->file || disk->dev || disk->format))
                        disk->location = LOCATION_EXTERNAL;
                if (!disk->type && disk->location == LOCATION_EXTERNAL &&
                    set_string(&disk->type, "file") < 0)
                        return fail_memory(error);
        }
        return 0;
}

static int check_memory(const SnapshotConf *conf, const xmlNode *node, Error *error) {
        if (conf->memory_file && conf->memory != LOCATION_EXTERNAL)
                return fail_at(error, ERROR_XML, node, "a memory file is for external snapshots");
        if (conf->memory == LOCATION_EXTERNAL && !conf->memory_file)
                return fail_at(error, ERROR_XML, node, "external memory needs a file");
        if (conf->memory_file && *conf->memory_file != '/')
                return fail_at(error, ERROR_XML, node, "memory file '%s' is no absolute path",
                               conf->memory_file);
        if (conf->memory == LOCATION_MANUAL)
                return fail_at(error, ERROR_XML, node, "memory can't be left to the user");
        return 0;
}

static int check_disk(const SnapshotDisk *disk, Error *error) {
        const xmlNode *node = disk->item.node, *source = child_of(node, "source");

        if (disk->location != LOCATION_EXTERNAL && (disk->file || disk->dev))
                return fail_at(error, ERROR_XML, node, "a source is for external snapshots");
        if (disk->file && *disk->file != '/')
                return fail_at(error, ERROR_XML, node, "'%s' is no absolute path", disk->file);
        if (is_text(disk->type, "network") && child_of(source, "seclabel"))
                return fail_at(error, ERROR_XML, source, "a network source takes no seclabel");
        return check_labels(&disk->labels, error);
}

static int snapshot_check(const void *object, Error *error) {
        const SnapshotConf *conf = object;
        const xmlNode *root = xmlDocGetRootElement(conf->document);
        int r = check_name(conf->name, root, error);

        if (r >= 0)
                r = check_memory(conf, child_of(root, "memory"), error);
        if (r >= 0)
                r = CHECK_UNIQUE(&conf->disks, SnapshotDisk, name, "disk", error);
        for (size_t i = 0; i < conf->disks.n && r >= 0; i++)
                r = check_disk(conf->disks.items[i], error);
        return r;
}

static int checkpoint_complete(void *object, Error *error) {
        CheckpointConf *conf = object;

        if (complete_head(&conf->name, &conf->creation_time) < 0)
                return fail_memory(error);
        for (size_t i = 0; i < conf->disks.n; i++) {
                CheckpointDisk *disk = conf->disks.items[i];

                if (!disk->type && set_string(&disk->type, "bitmap") < 0)
                        return fail_memory(error);
                if (is_text(disk->type, "bitmap") && !disk->bitmap &&
                    set_string(&disk->bitmap, conf->name) < 0)
                        return fail_memory(error);
        }
        return 0;
}

static int checkpoint_check(const void *object, Error *error) {
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789_-.";
        const CheckpointConf *conf = object;
        const xmlNode *root = xmlDocGetRootElement(conf->document);

        if (*conf->name == '.' || conf->name[strspn(conf->name, letters)] ||
            (conf->parent && conf->parent[strspn(conf->parent, letters)]))
                return fail_at(error, ERROR_XML, root,
                               "a checkpoint's name has letters, digits, '_', '-' and '.'");
        for (size_t i = 0; i < conf->disks.n; i++) {
                const CheckpointDisk *disk = conf->disks.items[i];

                if (disk->bitmap && is_text(disk->type, "no"))
                        return fail_at(error, ERROR_XML, disk->item.node,
                                       "a disk without checkpoint has no bitmap");
        }
        return CHECK_UNIQUE(&conf->disks, CheckpointDisk, name, "disk", error);
}

/* ---- backup: what is filled in, and rules ---- */

static int complete_backup_disk(const BackupConf *conf, BackupDisk *disk) {
        bool incremental = disk->incremental || conf->incremental;

        if (disk->backup == TRISTATE_UNSET)
                disk->backup = TRISTATE_YES;
        if (disk->backup == TRISTATE_NO)
                return 0;
        if (!disk->type && set_string(&disk->type, "file") < 0)
                return -ENOMEM;
        if (!disk->mode && set_string(&disk->mode, incremental ? "incremental" : "full") < 0)
                return -ENOMEM;
        if (is_text(disk->mode, "incremental") && !disk->incremental && conf->incremental)
                return set_string(&disk->incremental, conf->incremental);
        return 0;
}

static int backup_complete(void *object, Error *error) {
        BackupConf *conf = object;
        bool pull;

        if (!conf->mode && set_string(&conf->mode, "push") < 0)
                return fail_memory(error);
        pull = is_text(conf->mode, "pull");
        if (pull && !conf->server.transport &&
            child_of(xmlDocGetRootElement(conf->document), "server") &&
            set_string(&conf->server.transport, "tcp") < 0)
                return fail_memory(error);
        for (size_t i = 0; i < conf->disks.n; i++)
                if (complete_backup_disk(conf, conf->disks.items[i]) < 0)
                        return fail_memory(error);
        return 0;
}

static int check_image(const BackupDisk *disk, const BackupImage *image, Error *error) {
        const xmlNode *node = disk->item.node;
        bool block = is_text(disk->type, "block");

        if (!image)
                return 0;
        if (!(block ? image->dev : image->file))
                return fail_at(error, ERROR_XML, node, "an image of type '%s' lacks its path",
                               disk->type);
        int r = check_labels(&image->labels, error);
        return r < 0 ? r : encryption_check(image->encryption, node, error);
}

static int check_backup_disk(const BackupConf *conf, const BackupDisk *disk, Error *error) {
        const xmlNode *node = disk->item.node;
        bool pull = is_text(conf->mode, "pull");

        if (!pull && (disk->export_name || disk->export_bitmap))
                return fail_at(error, ERROR_XML, node, "a push exports nothing");
        if (pull ? disk->target : disk->scratch)
                return fail_at(error, ERROR_XML, node, "a %s has no <%s>", conf->mode,
                               pull ? "target" : "scratch");
        if (pull && disk->format && !is_text(disk->format, "qcow2"))
                return fail_at(error, ERROR_XML, node, "a pull's scratch image is qcow2");
        if (is_text(disk->mode, "full") && disk->incremental)
                return fail_at(error, ERROR_XML, node, "a full backup isn't incremental");
        if (is_text(disk->mode, "incremental") && !disk->incremental)
                return fail_at(error, ERROR_XML, node, "an incremental backup needs a checkpoint");
        return check_image(disk, pull ? disk->scratch : disk->target, error);
}

static int backup_check(const void *object, Error *error) {
        const BackupConf *conf = object;
        const xmlNode *server = child_of(xmlDocGetRootElement(conf->document), "server");
        bool local = is_text(conf->server.transport, "unix");
        int r;

        if (server && is_text(conf->mode, "push"))
                return fail_at(error, ERROR_XML, server, "a push has no server");
        if (local && !conf->server.socket)
                return fail_at(error, ERROR_XML, server, "transport 'unix' needs a socket");
        if (local && *conf->server.socket != '/')
                return fail_at(error, ERROR_XML, server, "'%s' is no absolute path",
                               conf->server.socket);
        if (is_text(conf->server.transport, "tcp") && !conf->server.name)
                return fail_at(error, ERROR_XML, server, "transport 'tcp' needs a name");
        r = CHECK_UNIQUE(&conf->disks, BackupDisk, name, "disk", error);
        for (size_t i = 0; i < conf->disks.n && r >= 0; i++)
                r = check_backup_disk(conf, conf->disks.items[i], error);
        return r;
}

const DocumentKind snapshot_kind = {
        &snapshot_element, snapshot_complete, snapshot_check, strip_domains,
};
const DocumentKind checkpoint_kind = {
        &checkpoint_element, checkpoint_complete, checkpoint_check, strip_domains,
};
const DocumentKind backup_kind = { &backup_element, backup_complete, backup_check, NULL };
