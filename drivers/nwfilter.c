/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network filters: definitions that refer to one another, without a loop, and that stay while
 * others refer to them. A new definition is in force at once for guests that run with it, or isn't
 * taken. */
#include "drivers/nwfilter.h"

#include "config.h"

#include <string.h>

#include "drivers/domain.h"
#if HAVE_NETWORK
#include "drivers/network/guard.h"
#endif

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

static int apply(const Connection *connection, const char *name, const char *text,
                 Error *error) {
#if HAVE_NETWORK
        if (connection->driver->of_host)
                return guard_refilter(connection, name, text, error);
#endif
        return 0;
}

/* What guests had before; a filter that didn't stand there was nobody's. */
static void apply_old(const Connection *connection, const char *name) {
        Resource *old = resource_set_by_name(&connection->sets[RESOURCE_NWFILTER], name);

        if (old)
                (void) apply(connection, name, defined_of(old)->persistent, NULL);
}

static int define(Connection *connection, const char *xml, Job *job, Error *error) {
        _cleanup_(nwfilter_conf_freep) NwfilterConf *conf = NULL;
        _cleanup_(freep) char *text = NULL;
        Defined *filter;
        int r = nwfilter_conf_parse(xml, 0, &conf, error);

        if (r >= 0)
                r = check_loop(&connection->sets[RESOURCE_NWFILTER], conf, error);
        if (r >= 0)
                r = nwfilter_conf_print(conf, MAP_LIVE, &text, error);
        if (r >= 0)
                r = apply(connection, conf->name, text, error);
        if (r < 0)
                return r;
        DefinedIdentity who = { .name = conf->name, .uuid = conf->uuid };
        r = defined_define(connection, &nwfilter_kind_defined, &who, text, &filter, error);
        if (r >= 0)
                job->result.resource = resource_ref(&filter->resource);
        else
                apply_old(connection, conf->name);
        return r;
}

/* ---- those that are there by themselves ---- */

/* As a definition would be kept. */
static int add_shipped(Connection *connection, const char *shipped, Error *error) {
        _cleanup_(nwfilter_conf_freep) NwfilterConf *conf = NULL;
        _cleanup_(freep) char *text = NULL;
        int r = nwfilter_conf_parse(shipped, 0, &conf, error);

        if (r >= 0)
                r = nwfilter_conf_print(conf, MAP_LIVE, &text, error);
        return r < 0 ? r : defined_add(connection, &nwfilter_kind_defined, text, error);
}

int nwfilters_add_shipped(Connection *connection, Error *error) {
        const ResourceSet *set = &connection->sets[RESOURCE_NWFILTER];
        int r = 0;

        if (connection->settings->session)
                return 0;
        for (size_t i = 0; r >= 0 && i < nwfilters_shipped_n; i++)
                if (!resource_set_by_name(set, nwfilters_shipped[i].name))
                        r = add_shipped(connection, nwfilters_shipped[i].text, error);
        return r;
}

/* The uuid of the shipped one is only its own if nobody gave it to another filter. */
static void bring_back(Connection *connection, const char *name) {
        bool shows = connection->driver->of_host && !connection->settings->session;
        const char *text = shows ? nwfilter_shipped(name) : NULL;
        Resource *back;

        if (!text || add_shipped(connection, text, NULL) < 0)
                return;
        back = resource_set_by_name(&connection->sets[RESOURCE_NWFILTER], name);
        defined_of(back)->announced = false;
        defined_announce(defined_of(back));
}

static bool is_shipped(const Defined *filter) {
        const Connection *connection = filter->resource.connection;
        _cleanup_(freep) char *file = defined_file(filter, "", ".xml");

        return connection->driver->of_host && nwfilter_shipped(filter->resource.name) && file &&
               !store_exists(connection->store, STORE_CONFIG, file);
}

static int undefine(Defined *filter, Job *job, Error *error) {
        _cleanup_(freep) char *name = strdup(filter->resource.name);
        Connection *connection = filter->resource.connection;
        int r = name ? check_other_filters(filter, error) : fail_memory(error);

        if (r >= 0)
                r = check_running_domains(filter, error);
        if (r >= 0 && is_shipped(filter))
                r = fail(error, ERROR_OPERATION_INVALID,
                         "nwfilter '%s' is there by itself: it can be redefined, not removed",
                         filter->resource.name);
        if (r >= 0)
                r = defined_undefine(filter, error);
        if (r >= 0)
                bring_back(connection, name);
        return r;
}

const NwfilterOps nwfilter_ops = { .define = define, .undefine = undefine };
