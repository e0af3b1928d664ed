/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operations on definitions that are the same for every driver: its table holds them as they are,
 * or its own begin with them. */
#pragma once

#include "drivers/domain.h"
#include "drivers/job.h"

/* domain_define(), and the job's result is the domain. */
int domain_op_define(Connection *connection, DomainConf *conf, Job *job, Error *error);

/* Starts a domain that isn't running. Takes conf, whatever it returns. */
typedef int (*DomainStart)(Domain *domain, DomainConf *conf, uint32_t flags, Job *job,
                           Error *error);

/* domain_create(), then start() in the domain's queue, since a domain that exists may be busy: the
 * caller's job goes on there, and its result is the domain. Takes conf, whatever it returns. */
int domain_op_create(Connection *connection, DomainConf *conf, uint32_t flags, DomainStart start,
                     Job *job, Error *error);

int domain_op_undefine(Domain *domain, uint32_t flags, Job *job, Error *error);
int domain_op_rename(Domain *domain, const char *name, Job *job, Error *error);
