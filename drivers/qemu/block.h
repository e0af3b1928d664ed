/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Block nodes: what a disk's images become in QEMU.
 *
 * An image is two nodes, or three: libvirt-N-storage (the file, device or connection),
 * libvirt-N-slice (a part of it, if only a part is meant) and libvirt-N-format (what is in it); N
 * is its source/@index. An image behind another is its backing node. On top there may be limits
 * and copying on read; the drive refers to the uppermost.
 *
 * Everything is added as "-object" and "-blockdev" with JSON, an image behind another before it,
 * so that hot-plug can say the same over QMP. */
#pragma once

#include "drivers/qemu/command-private.h"

/* The cache mode in force: a disk that several guests write to bypasses the host's. NULL: QEMU's
 * own choice. */
const char *block_cache(const DomainDisk *disk);
/* Whether the guest sees a write cache; unset: as QEMU likes. */
Tristate block_writeback(const DomainDisk *disk);

/* Adds all nodes of a disk that has a medium. */
int block_add(Builder *builder, const DomainDisk *disk);

/* The name of the uppermost node; newly allocated, NULL without memory. */
char *block_top(const DomainDisk *disk);

/* block-storage.c: driver and place of an image, and the objects these refer to. disk is the one
 * that it belongs to, whose choices count for the whole chain. */
int block_put_storage(Builder *builder, const DomainDisk *disk, const DomainDisk *image,
                      json_object *node);
/* command-storage.c: the same for images that are reached over a network. id: of the node, after
 * which objects are named. */
int block_put_network(Builder *builder, const DomainDisk *image, const char *id, json_object *node);

/* iSCSI by itself, for disks and for SCSI devices of the host. */
typedef struct BlockIscsi {
        const char *name; /* "iqn.1992-01.com.example/1": target and unit */
        const SourceHost *host;
        const Login *login;
        const char *initiator;
} BlockIscsi;

int block_put_iscsi(Builder *builder, const BlockIscsi *iscsi, const char *secret,
                    json_object *node);
