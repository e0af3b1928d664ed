/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits and shares as typed parameters (virTypedParameter): a table relates each to a member of
 * the definition, and reading and writing are walks over it.
 *
 * A row is one parameter. Its codec knows how the member is kept; what it can't know, such as that
 * total and read limits exclude each other, is the group's settle(). */
#pragma once

#include "drivers/domain.h"
#include "drivers/values.h"

typedef struct TuneRow TuneRow;

typedef struct TuneCodec {
        /* *ret: a value of the parameter's type; a string is newly allocated. -ENOMEM. */
        int (*get)(const TuneRow *row, const void *object, Value *ret);
        int (*set)(const TuneRow *row, void *object, const Value *value, Error *error);
} TuneCodec;

struct TuneRow {
        Parameter parameter; /* the name NULL: the end */
        const TuneCodec *codec;
        size_t offset;     /* of the member in the object of the group */
        size_t inner;      /* where the member is a pointer: in what it points to */
        uint64_t min, max; /* of values other than 0, where max isn't 0 */
        /* Rows of one part that are not given become 0 when one that leads is. 0: no part. */
        int part;
        bool leads;
};

typedef struct TuneGroup {
        const char *tunable; /* the prefix in EVENT_TUNABLE, or NULL: not told */
        const TuneRow *rows;
        /* What the rows are about; made if it isn't there. device: NULL where there is none. */
        int (*find)(DomainConf *conf, const char *device, void **ret, Error *error);
        /* Before and after a change, for rules across rows; the second also takes away what says
         * nothing any more. values: what was given. May be NULL. */
        int (*allow)(const void *object, const Values *values, bool live, Error *error);
        int (*settle)(DomainConf *conf, void *object, const Values *values, Error *error);
} TuneGroup;

extern const TuneGroup tune_memory, tune_numa, tune_blkio, tune_iotune, tune_interface, tune_perf;
extern const TuneGroup tune_scheduler; /* "posix": shares, periods and quotas */
extern const TuneGroup tune_weight;    /* "fair": one weight */

size_t tune_count(const TuneGroup *group); /* of parameters */

/* Appends the entries of one a{sv}. */
int tune_get(const TuneGroup *group, DomainConf *conf, const char *device, Values *ret,
             Error *error);
int tune_set(const TuneGroup *group, DomainConf *conf, const char *device, const Values *values,
             bool live, Error *error);

/* ERROR_INVALID_ARG for parameters that the group doesn't have, or out of range. */
int tune_check(const TuneGroup *group, Values *values, Error *error);

/* The whole of a DomainGetParameters and a DomainSetParameters for what is in definitions only: to
 * be called by operations of that kind with their arguments. Setting reports EVENT_TUNABLE. */
int domain_get_tune(const TuneGroup *group, Domain *domain, const char *device, uint32_t flags,
                    Values *ret, Error *error);
int domain_set_tune(const TuneGroup *group, Domain *domain, const char *device, Values *values,
                    uint32_t flags, Error *error);

/* What EVENT_TUNABLE says of a change that was made to a running guest. */
void tune_report(const TuneGroup *group, Domain *domain, const char *device,
                 const Values *values);
