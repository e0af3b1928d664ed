/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <pool>: what is filled in, and its rules. */
#include "conf/storage-rows.h"

int pool_complete(void *object, Error *error) {
        PoolConf *conf = object;

        if (uuid_is_null(conf->uuid) && uuid_generate(&conf->uuid) < 0)
                return fail(error, ERROR_INTERNAL, "no random numbers for a UUID");
        if (!conf->name && conf->source.name && set_string(&conf->name, conf->source.name) < 0)
                return fail_memory(error);
        return 0;
}
int pool_check(const void *object, Error *error) {
        return 0;
}
