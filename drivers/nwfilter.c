/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network filters: definitions that refer to one another, without a loop, and that stay while
 * others refer to them. */
#include "drivers/nwfilter.h"

#include <string.h>

#include "drivers/domain.h"

static int identify(const char *text, DefinedIdentity *ret, char **ret_name, Error *error) {
        _cleanup_(nwfilter_conf_freep) NwfilterConf *conf = NULL;
        int r = nwfilter_conf_parse(text, 0, &conf, error);

        if (r < 0)
                return r;
        *ret_name = TAKE(conf->name);
        *ret = (DefinedIdentity) { .name = *ret_name, .uuid = conf->uuid };
        return 0;
}

const DefinedKind nwfilter_kind_defined = {
        .kind = RESOURCE_NWFILTER, .noun = "nwfilter", .folder = "nwfilters",
        .size = sizeof(Defined), .identify = identify,
};

int nwfilter_xml(const Defined *filter, uint32_t flags, char **ret, Error *error) {
        *ret = strdup(filter->persistent);
        return *ret ? 0 : fail_memory(error);
}

/* ---- who refers to whom ---- */

static bool refers_to(const NwfilterConf *conf, const char *name) {
        for (size_t i = 0; i < conf->refs.n; i++)
                if (strcmp(conf->refs.items[i]->filter, name) == 0)
                        return true;
        return false;
}

static int conf_of(const Defined *filter, NwfilterConf **ret, Error *error) {
        return nwfilter_conf_parse(filter->persistent, CONF_TRUSTED, ret, error);
}

typedef struct Walk {
        const ResourceSet *set;
        const char *name; /* of the filter that is to be defined */
        bool *seen;       /* a place for each of the set */
} Walk;

static int follow(Walk *walk, const NwfilterConf *conf, Error *error);

static int follow_one(Walk *walk, size_t k, Error *error) {
        _cleanup_(nwfilter_conf_freep) NwfilterConf *next = NULL;
        int r = conf_of(defined_of(walk->set->items[k]), &next, error);

        return r < 0 ? r : follow(walk, next, error);
}

/* What isn't defined yet leads nowhere. */
static int follow(Walk *walk, const NwfilterConf *conf, Error *error) {
        int r = 0;

        if (refers_to(conf, walk->name))
                return fail(error, ERROR_OPERATION_FAILED, "filter '%s' would introduce a loop",
                            walk->name);
        for (size_t k = 0; r >= 0 && k < walk->set->n; k++)
                if (!walk->seen[k] && refers_to(conf, walk->set->items[k]->name)) {
                        walk->seen[k] = true;
                        r = follow_one(walk, k, error);
                }
        return r;
}

static int check_loop(const ResourceSet *set, const NwfilterConf *conf, Error *error) {
        _cleanup_(freep) bool *seen = calloc(set->n + 1, sizeof(*seen));
        Walk walk = { .set = set, .name = conf->name, .seen = seen };

        return seen ? follow(&walk, conf, error) : fail_memory(error);
}

/* ---- who uses it ---- */

static int check_other_filters(const Defined *filter, Error *error) {
        const ResourceSet *set = &filter->resource.connection->sets[RESOURCE_NWFILTER];
        const char *name = filter->resource.name;

        for (size_t i = 0; i < set->n; i++) {
                _cleanup_(nwfilter_conf_freep) NwfilterConf *conf = NULL;
                int r = conf_of(defined_of(set->items[i]), &conf, error);

                if (r < 0)
                        return r;
                if (refers_to(conf, name))
                        return fail(error, ERROR_OPERATION_INVALID,
                                    "nwfilter '%s' is in use by nwfilter '%s'", name,
                                    set->items[i]->name);
        }
        return 0;
}

static int check_domains_of(const Connection *connection, const Defined *filter, Error *error) {
        const ResourceSet *set = &connection->sets[RESOURCE_DOMAIN];

        for (size_t i = 0; i < set->n; i++) {
                Domain *domain = domain_of(set->items[i]);
                _cleanup_(conf_freep) DomainConf *conf = NULL;
                int r = 0;

                /* most have no filter, and their text says so without being parsed */
                if (!domain->live.xml || !strstr(domain->live.xml, "<filterref"))
                        continue;
                r = domain_conf(domain, DOMAIN_LIVE, &conf, error);
                if (r < 0)
                        return r;
                for (size_t k = 0; k < conf->nets.n; k++) {
                        const NetFilterRef *ref = conf->nets.items[k]->filterref;

                        if (ref && ref->filter && strcmp(ref->filter, filter->resource.name) == 0)
                                return fail(error, ERROR_OPERATION_INVALID,
                                            "nwfilter '%s' is in use by domain '%s'",
                                            filter->resource.name, domain->resource.name);
                }
        }
        return 0;
}

static int check_running_domains(const Defined *filter, Error *error) {
        const Connection *connection = filter->resource.connection;
        int r = 0;

        for (; r >= 0 && connection; connection = connection->sharing)
                r = check_domains_of(connection, filter, error);
        return r;
}

/* ---- the operations ---- */

static int define(Connection *connection, const char *xml, Job *job, Error *error) {
        _cleanup_(nwfilter_conf_freep) NwfilterConf *conf = NULL;
        _cleanup_(freep) char *text = NULL;
        Defined *filter;
        int r = nwfilter_conf_parse(xml, 0, &conf, error);

        if (r >= 0)
                r = check_loop(&connection->sets[RESOURCE_NWFILTER], conf, error);
        if (r >= 0)
                r = nwfilter_conf_print(conf, MAP_LIVE, &text, error);
        if (r < 0)
                return r;
        DefinedIdentity who = { .name = conf->name, .uuid = conf->uuid };
        r = defined_define(connection, &nwfilter_kind_defined, &who, text, &filter, error);
        if (r >= 0)
                job->result.resource = resource_ref(&filter->resource);
        return r;
}

static int undefine(Defined *filter, Job *job, Error *error) {
        int r = check_other_filters(filter, error);

        if (r >= 0)
                r = check_running_domains(filter, error);
        return r < 0 ? r : defined_undefine(filter, error);
}

const NwfilterOps nwfilter_ops = { .define = define, .undefine = undefine };
