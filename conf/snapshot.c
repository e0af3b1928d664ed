/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <domainsnapshot>, <domaincheckpoint>, <domainbackup>: rows, what is filled in, rules. */
#include "conf/snapshot.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "conf/domain.h"
#include "conf/rows.h"
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
        STRING("driver/@type", SnapshotDisk, format),
        STRING("source/@file", SnapshotDisk, file),
        STRING("source/@dev",  SnapshotDisk, dev),
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
        STRING("driver/@type",  BackupDisk, format),
        STRING("target/@file",  BackupDisk, file),
        STRING("scratch/@file", BackupDisk, file),
        STRING("target/@dev",   BackupDisk, dev),
        STRING("scratch/@dev",  BackupDisk, dev),
        KEPT  ("target",        BackupDisk, target),
        KEPT  ("scratch",       BackupDisk, scratch),
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

const DocumentKind snapshot_kind = { &snapshot_element, NULL, NULL, strip_domains };
const DocumentKind checkpoint_kind = { &checkpoint_element, NULL, NULL, strip_domains };
const DocumentKind backup_kind = { &backup_element, NULL, NULL, NULL };
