/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys of xl.cfg(5) as members of libxl's configuration, both ways. */
#pragma once

#include "drivers/xen/libxl-api.h"
#include "drivers/xen/native.h"

/* Keys that are one member each. A key that isn't known here does nothing and returns 0, 1 when it
 * was set. What the value can't be is refused by the name of its key. */
int xl_key_set(libxl_domain_config *config, Guest guest, const char *name,
               const NativeValue *value, Error *error);

/* All members that aren't as libxl's are at first, as keys; passwords aside. */
void xl_keys_get(const libxl_domain_config *config, Guest guest, NativeConfig *ret);

/* Lists of devices; 1 when the key is one of them. (keys-list.c) */
int xl_list_set(libxl_domain_config *config, const char *name, const NativeValue *value,
                Error *error);
void xl_lists_get(const libxl_domain_config *config, Guest guest, NativeConfig *ret);

/* Whether xl knows a key that neither of these does. */
bool xl_key_is_xl(const char *name);

/* fail() for a key and what is wrong with its value. */
int xl_key_fail(Error *error, const char *name, const NativeValue *value, const char *what);
