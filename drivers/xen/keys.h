/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys of xl.cfg(5) as members of libxl's configuration, both ways. */
#pragma once

#include "drivers/xen/libxl-api.h"
#include "drivers/xen/native.h"
#include "drivers/xen/xlu.h"

/* Keys that are one member each. A key that isn't known here does nothing and returns 0, 1 when it
 * was set. What the value can't be is refused by the name of its key. */
int xl_key_set(libxl_domain_config *config, Guest guest, const char *name,
               const NativeValue *value, Error *error);

/* All members that aren't as libxl's are at first, as keys; passwords aside. */
void xl_keys_get(const libxl_domain_config *config, Guest guest, NativeConfig *ret);

/* ---- keys that are lists, or have a form of their own ---- */

typedef struct XlList {
        libxl_ctx *ctx; /* NULL: there is no host to ask */
        libxl_domain_config *config;
        const NativeConfig *kept, *written; /* what a document keeps, and what it says itself */
        Guest guest;
        NativeDialect dialect;
        Error *error;

        const char *name; /* of the key at hand, and what follows from it */
        const NativeValue *value;
        Xlu xlu;
} XlList;

/* 1 when the key is one of them, 0 when it isn't. (keys-list.c) */
int xl_list_set(XlList *list, const char *name, const NativeValue *value);
void xl_lists_get(const libxl_domain_config *config, Guest guest, NativeConfig *ret);

size_t xl_list_count(const XlList *list);
const char *xl_list_item(const XlList *list, size_t i); /* "" for what is no text */
const NativeValue *xl_list_other(const XlList *list, const char *name); /* another key, or NULL */
int xl_list_refuse(XlList *list, const char *what);
/* Room for one more item in one of libxl's arrays, zeroed; NULL without memory. */
void *xl_list_add(XlList *list, void *array, int *n, size_t size);

/* Devices that are words with values: p9, vkb, vdispl, vtpm, pvcalls, vsnd. (keys-device.c) */
int xl_set_devices(XlList *list);
int xl_set_sound(XlList *list);
void xl_get_devices(const libxl_domain_config *config, NativeConfig *ret);

/* Devices whose words are partly in the document, and devices of the host. (keys-host.c) */
int xl_set_channels(XlList *list);
int xl_set_framebuffers(XlList *list);
int xl_set_pci(XlList *list);
int xl_set_usb_controllers(XlList *list);
int xl_set_usb_devices(XlList *list);
int xl_set_device_tree(XlList *list);
void xl_get_host_devices(const libxl_domain_config *config, NativeConfig *ret);

/* Where processors run: "all,^node:1,5". (keys-cpus.c) */
int xl_set_cpus(XlList *list);
void xl_get_cpus(const libxl_domain_config *config, NativeConfig *ret);

/* fail() for a key and what is wrong with its value. */
int xl_key_fail(Error *error, const char *name, const NativeValue *value, const char *what);
