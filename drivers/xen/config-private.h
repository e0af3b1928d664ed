/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files that turn a definition into libxl's configuration share. */
#pragma once

#include <string.h>

#include "drivers/xen/config.h"
#include "drivers/xen/driver.h"

/* Only what a definition asks for can be refused, so what merely copies returns nothing: running
 * out of memory is remembered, and told once at the end. */
typedef struct XenConfig {
        const DomainConf *conf;
        libxl_ctx *ctx; /* or NULL */
        libxl_domain_config *config; /* NULL: a device alone */
        Guest guest;
        bool failed;
        Error *error;
} XenConfig;

/* ---- values that libxl frees ---- */

void config_text(XenConfig *xen, char **member, const char *text); /* NULL: left as it is */
void config_format(XenConfig *xen, char **member, const char *format, ...) _printf_(3, 4);
void config_word(XenConfig *xen, libxl_string_list *list, const char *text); /* at the end */
void config_bool(libxl_defbool *member, Tristate state); /* unset: left to libxl */

/* Room for one more item in one of libxl's arrays, zeroed; NULL without memory. */
void *config_add(XenConfig *xen, void *array, int *n, size_t size);

/* A set of n bits, none set. False without memory. */
bool config_bitmap(XenConfig *xen, libxl_bitmap *ret, size_t n);
/* Sets those that "0-3,^2" names; path: whose text that is. */
int config_cpuset(XenConfig *xen, libxl_bitmap *ret, const char *text, const char *path);

/* ---- questions ---- */

static inline bool config_is(const char *text, const char *value) {
        return text && value && strcmp(text, value) == 0;
}

const char *config_listen(const DomainGraphics *graphics); /* an address or NULL */

/* Always a negative errno. what: the place in the definition, then what is wrong there. */
int config_refuse(XenConfig *xen, const char *what, ...) _printf_(2, 3);

/* What libxl has no field for, and isn't harmless to leave out. */
int config_check(XenConfig *xen);

/* ---- the parts, a file or half of one each ---- */

int config_os(XenConfig *xen);
int config_features(XenConfig *xen);
int config_clock(XenConfig *xen);
int config_memory(XenConfig *xen);
int config_vcpus(XenConfig *xen);
int config_cpu(XenConfig *xen);
int config_numa(XenConfig *xen);
int config_disks(XenConfig *xen);
int config_nics(XenConfig *xen);
int config_displays(XenConfig *xen);
int config_chars(XenConfig *xen);
int config_inputs(XenConfig *xen);
int config_sounds(XenConfig *xen);
int config_controllers(XenConfig *xen);
int config_hostdevs(XenConfig *xen);
int config_filesystems(XenConfig *xen);
int config_tpms(XenConfig *xen);

/* "rbd:pool/image:mon_host=...", as the device model takes it. */
int config_disk_source(XenConfig *xen, const DomainDisk *disk, char **ret);
