/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One change of a definition, aimed by DOMAIN_AFFECT_*: at the running guest, at what it will be
 * after its next start, or both; neither means the one in force.
 *
 * A plan is made first: the texts that are meant are read, changed and checked, and nothing is
 * different yet. A driver then acts on the running guest, if there is one in the plan, and commits:
 * both definitions or none. What only touches definitions is domain_edit(). */
#pragma once

#include "drivers/domain.h"

typedef struct DomainEdit {
        Domain *domain; /* borrowed: a job holds it */
        DomainConf *live, *persistent; /* as they will be; NULL: not meant */
} DomainEdit;

/* Changes one of them, or puts another in its place (and frees it); what it leaves is checked
 * afterwards. It may be called twice, for the running guest's first. */
typedef int (*DomainChange)(DomainConf **conf, bool live, void *userdata, Error *error);

/* Which definitions a change is for. ERROR_OPERATION_INVALID when one isn't there. */
int edit_affects(const Domain *domain, uint32_t flags, bool *ret_live, bool *ret_persistent,
                 Error *error);

/* Leaves *ret for edit_done() in every case. */
int edit_plan(Domain *domain, uint32_t flags, DomainChange change, void *userdata, DomainEdit *ret,
              Error *error);
int edit_commit(DomainEdit *edit, Error *error);
void edit_done(DomainEdit *edit);

int domain_edit(Domain *domain, uint32_t flags, DomainChange change, void *userdata, Error *error);

/* Brings a device that came, as XML with its alias and address, into the live definition as it is
 * by now, in the place of one with that alias; commits, with *persistent (or NULL) too. */
int edit_keep_device(Domain *domain, const char *device, DomainConf **persistent, Error *error);

/* Of drivers that can't take a device from a guest that keeps it: DOMAIN_DEVICE_MODIFY_FORCE. */
int edit_fail_force(Error *error);

/* The one definition that a question is about: both at once is ERROR_INVALID_ARG. ret_live may be
 * NULL. */
int edit_read(Domain *domain, uint32_t flags, DomainConf **ret, bool *ret_live, Error *error);

/* The table of the element at a path below <domain> ("cputune/vcpupin"), for map_list_add() and its
 * like; it must be there. */
const MapElement *edit_element(const char *path);
