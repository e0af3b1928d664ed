/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Definitions of the test driver as they come and go. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/domain-ops.h"
#include "drivers/test/driver.h"

#define NETS_MAX 1024

/* ---- what is filled in ---- */

static bool has_target(const DomainConf *conf, const char *target) {
        for (size_t i = 0; i < conf->nets.n; i++)
                if (conf->nets.items[i]->target && strcmp(conf->nets.items[i]->target, target) == 0)
                        return true;
        return false;
}

int test_name_nets(DomainConf *conf, Error *error) {
        unsigned next = 0;

        for (size_t i = 0; i < conf->nets.n; i++) {
                char name[16];

                if (conf->nets.items[i]->target)
                        continue;
                do
                        snprintf(name, sizeof(name), "testnet%u", next++);
                while (has_target(conf, name));
                if (next > NETS_MAX)
                        return fail(error, ERROR_CONFIG_UNSUPPORTED,
                                    "more than %d interfaces without a name", NETS_MAX);
                conf->nets.items[i]->target = strdup(name);
                if (!conf->nets.items[i]->target)
                        return fail_memory(error);
        }
        return 0;
}

int test_conf_parse(const char *xml, ConfFlags flags, DomainConf **ret, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int r = conf_parse(xml, flags, &conf, error);

        if (r < 0)
                return r;
        if (conf->type != VIRT_TEST)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "the test driver runs domains of type 'test' only");
        if (!conf->os.arch && !(conf->os.arch = strdup("i686")))
                return fail_memory(error);
        r = test_name_nets(conf, error);
        if (r >= 0)
                r = conf_sync(conf, error);
        if (r >= 0)
                *ret = TAKE(conf);
        return r;
}

/* ---- define, create ---- */

static int test_define(Connection *connection, const char *xml, uint32_t flags, Job *job,
                       Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int r = test_conf_parse(xml, flags & DOMAIN_DEFINE_VALIDATE ? CONF_VALIDATE : 0, &conf,
                                error);

        return r < 0 ? r : domain_op_define(connection, conf, job, error);
}

static int test_create(Connection *connection, const char *xml, uint32_t flags, Job *job,
                       Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        Domain *domain;
        int r = test_conf_parse(xml, flags & DOMAIN_START_VALIDATE ? CONF_VALIDATE : 0, &conf,
                                error);

        if (r >= 0)
                r = domain_create(connection, conf, &domain, error);
        if (r >= 0)
                r = test_guest_start(domain, conf, DOMAIN_RUNNING_BOOTED, STARTED_BOOTED, error);
        if (r < 0)
                return r;
        if (flags & DOMAIN_START_PAUSED)
                test_guest_pause(domain, DOMAIN_PAUSED_USER, SUSPENDED_PAUSED);
        job->result.resource = resource_ref(&domain->resource);
        return DONE;
}

/* A guest that is no process has no use for descriptors. */
static int test_create_with_files(Connection *connection, const char *xml, const int *files,
                                  size_t n_files, uint32_t flags, Job *job, Error *error) {
        return test_create(connection, xml, flags, job, error);
}

const DomainDefinitions test_definitions = {
        .define = test_define,
        .create = test_create,
        .create_with_files = test_create_with_files,
        .undefine = domain_op_undefine,
        .rename = domain_op_rename,
};
