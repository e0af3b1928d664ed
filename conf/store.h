/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that are replaced whole or not at all, in four folders with different lives.
 *
 *                system              session
 * STORE_CONFIG   /etc/virtbus        $XDG_CONFIG_HOME/virtbus
 * STORE_RUNTIME  /run/virtbus        $XDG_RUNTIME_DIR/virtbus
 * STORE_STATE    /var/lib/virtbus    $XDG_DATA_HOME/virtbus
 * STORE_CACHE    /var/cache/virtbus  $XDG_CACHE_HOME/virtbus
 *
 * A definition is durable: temporary file, write all, fsync, rename, fsync of the folder. What
 * lives in /run needs no fsync: it doesn't survive a power cut, and a process cannot lose a page
 * cache. */
#pragma once

#include <stddef.h>

#include "conf/error.h"

typedef enum StoreRoom {
        STORE_CONFIG, /* definitions; durable */
        STORE_RUNTIME, /* of running guests; gone after a reboot */
        STORE_STATE,  /* nvram, managed saves, logs; durable */
        STORE_CACHE,  /* may be deleted at any time */
        _STORE_ROOM_MAX,
} StoreRoom;

typedef struct Store Store;

/* Opens the rooms for the system (root: "" or a folder that stands for "/", for tests) or, with
 * session, for the calling user. Folders are made as needed, mode 0700. */
int store_new(bool session, const char *root, Store **ret, Error *error);
Store *store_free(Store *store);
DEFINE_CLEANUP(Store *, store_free);

/* The absolute path of a room (name NULL or ""), or of something in it. Newly allocated; NULL
 * without memory, or with errno EINVAL for a name that leads out of the room. */
char *store_path(Store *store, StoreRoom room, const char *name);

/* A descriptor of a folder in a room ("" is the room itself), made if it isn't there. The caller
 * closes it. */
int store_open_folder(Store *store, StoreRoom room, const char *folder, Error *error);

/* Replaces a file; name is relative to the room ("qemu/UUID.xml"), its folder is made if need
 * be. */
int store_write(Store *store, StoreRoom room, const char *name, const char *text, Error *error);

/* Reads a file of at most max bytes; *ret ends with a NUL. -ENOENT leaves error alone. */
int store_read(Store *store, StoreRoom room, const char *name, size_t max, char **ret,
               Error *error);

/* Removes a file (durably in durable rooms). One that isn't there is no error. */
int store_remove(Store *store, StoreRoom room, const char *name, Error *error);

/* Removes a folder with all that is in it; only below STORE_RUNTIME, STORE_STATE and
 * STORE_CACHE. */
int store_remove_tree(Store *store, StoreRoom room, const char *folder, Error *error);

/* A symbolic link name -> target, replaced atomically; durable in durable rooms. */
int store_link(Store *store, StoreRoom room, const char *target, const char *name, Error *error);

/* Calls found() for every regular file of a folder whose name ends with suffix, in no order;
 * name is without the suffix. With the suffix "/", for every folder that isn't hidden. Left-over
 * temporary files are removed on the way. A folder that isn't there is empty. found() returns
 * negative to stop. */
int store_list(Store *store, StoreRoom room, const char *folder, const char *suffix,
               int (*found)(const char *name, void *userdata), void *userdata, Error *error);

bool store_exists(Store *store, StoreRoom room, const char *name);
