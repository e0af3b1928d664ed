/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Statistics of one domain and of many.
 *
 * A driver has some of them in memory, and may have others that the hypervisor has to be asked for
 * (drivers/driver.h). The first are written straight into the reply, from one array of values that
 * is used again for each domain. The others are asked for at once, of all domains side by side, and
 * each answer is awaited; a guest that gives none is listed with what is in memory.
 *
 * Each value is a variant in a variant, as all typed parameters are. */
#include <errno.h>

#include "objects/connect.h"
#include "objects/domain.h"
#include "objects/wire.h"

#define EVERY_STATS_FLAG (STATS_NOWAIT | STATS_BACKING | STATS_ENFORCE)

/* The groups to tell: those asked for that there are, or the usual ones. 0: none. */
static int read_groups(Request *request, uint32_t *ret, Error *error) {
        const DomainStatistics *statistics = request->object.connection->driver->statistics;
        uint32_t known = statistics->groups;
        int r = request_read(request, error, ret, NULL);

        if (r < 0)
                return r;
        if (*ret == 0)
                *ret = statistics->usual ?: known;
        if ((request->flags & STATS_ENFORCE) && (*ret & ~known))
                return fail(error, ERROR_ARG_UNSUPPORTED,
                            "this hypervisor has no statistics of types 0x%x", *ret & ~known);
        *ret &= known;
        return 0;
}

/* The entries of an a{sv} that is open. values: an array of parameters and nothing else. */
static int append_entries(sd_bus_message *reply, const Values *values) {
        int r = values->failed ? -ENOMEM : 0;

        for (size_t i = 1; r >= 0 && i < values->n; i++)
                r = append_parameter(reply, &values->items[i]);
        return r;
}

/* a{sv}: from memory, and what was answered. */
static int append_stats(sd_bus_message *reply, Domain *domain, uint32_t groups, uint32_t flags,
                        Values *values, const Values *answered) {
        const DomainStatistics *statistics = domain->resource.connection->driver->statistics;
        int r = sd_bus_message_open_container(reply, 'a', "{sv}");

        values_reset(values);
        if (groups)
                statistics->append(domain, groups, flags, values, values_array(values));
        if (r >= 0)
                r = append_entries(reply, values);
        if (r >= 0 && answered)
                r = append_entries(reply, answered);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* ---- one ---- */

static int reply_one(Request *request, sd_bus_message *reply) {
        _cleanup_(values_clear) Values values = {};
        uint32_t groups;
        int r = sd_bus_message_rewind(request->message, true);

        if (r >= 0)
                r = read_groups(request, &groups, NULL);
        if (r < 0)
                return r;
        return append_stats(reply, request_domain(request), groups, request->flags, &values,
                            &request->job.result.values);
}

int domain_get_stats(Request *request, Error *error) {
        const DomainStatistics *statistics = request->object.connection->driver->statistics;
        Domain *domain = request_domain(request);
        uint32_t groups;
        int r = read_groups(request, &groups, error);

        if (r < 0)
                return r;
        request->reply = reply_one;
        if (!statistics->query || groups == 0 || (request->flags & STATS_NOWAIT) ||
            !domain_is_active(domain))
                return DONE;
        return statistics->query(domain, groups, request->flags, &request->job, error);
}

/* ---- many ---- */

/* One domain of a list, asked by a job of its own. */
typedef struct Asked {
        Job job;
        Domain *domain; /* a reference */
        struct Survey *survey;
} Asked;

typedef struct Survey {
        Request *request;
        uint32_t groups;
        size_t n, pending; /* pending: and one while not all have been asked */
        Asked asked[];
} Survey;

static void survey_free(void *data) {
        Survey *survey = data;

        for (size_t i = 0; i < survey->n; i++) {
                job_result_clear(&survey->asked[i].job.result);
                resource_unref(&survey->asked[i].domain->resource);
        }
        free(survey);
}

static int append_record(sd_bus_message *reply, const Survey *survey, const Asked *asked,
                         Values *values) {
        const Resource *resource = &asked->domain->resource;
        char path[OBJECT_PATH_MAX];
        int r;

        r = sd_bus_message_open_container(reply, 'r', "sa{sv}");
        if (r >= 0)
                r = sd_bus_message_append_basic(reply, 's', object_path(resource->connection,
                                                                        resource, path));
        if (r >= 0)
                r = append_stats(reply, asked->domain, survey->groups, survey->request->flags,
                                 values, &asked->job.result.values);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* A domain that went away meanwhile is left out. */
static int reply_survey(Request *request, sd_bus_message *reply) {
        const Survey *survey = request->job.result.baggage;
        _cleanup_(values_clear) Values values = {};
        int r = sd_bus_message_open_container(reply, 'a', "(sa{sv})");

        for (size_t i = 0; r >= 0 && i < survey->n; i++)
                if (survey->asked[i].domain->resource.attached)
                        r = append_record(reply, survey, &survey->asked[i], &values);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static void asked_done(Job *job, int result, Error *error) {
        Survey *survey = container_of(job, Asked, job)->survey;

        if (result < 0)
                values_clear(&job->result.values);
        if (--survey->pending == 0)
                job_done(&survey->request->job, 0, NULL);
}

static void ask(Asked *asked) {
        const Survey *survey = asked->survey;
        const DomainStatistics *statistics = asked->domain->resource.connection->driver->statistics;
        _cleanup_(error_clear) Error error = {};
        int r;

        asked->survey->pending++;
        r = statistics->query(asked->domain, survey->groups, survey->request->flags, &asked->job,
                              &error);
        if (r != PENDING)
                asked->survey->pending--;
        if (r < 0)
                values_clear(&asked->job.result.values);
}

static Survey *survey_new(Request *request, uint32_t groups) {
        const ResourceSet *set = &request->object.connection->sets[RESOURCE_DOMAIN];
        uint32_t filter = request->flags & ~EVERY_STATS_FLAG;
        Survey *survey = calloc(1, sizeof(*survey) + set->n * sizeof(Asked));

        if (!survey)
                return NULL;
        survey->request = request;
        survey->groups = groups;
        survey->pending = 1;
        for (size_t i = 0; i < set->n; i++) {
                Asked *asked = &survey->asked[survey->n];

                if (!domain_kind.listed(set->items[i]) ||
                    !filters_pass(domain_filters, set->items[i], filter))
                        continue;
                *asked = (Asked) { .job = { .done = asked_done, .what = "GetAllDomainStats" },
                                   .domain = domain_of(resource_ref(set->items[i])),
                                   .survey = survey };
                survey->n++;
        }
        return survey;
}

int connect_get_all_stats(Request *request, Error *error) {
        const DomainStatistics *statistics = request->object.connection->driver->statistics;
        bool asking = statistics->query && !(request->flags & STATS_NOWAIT);
        Survey *survey;
        uint32_t groups;
        int r = read_groups(request, &groups, error);

        if (r < 0)
                return r;
        survey = survey_new(request, groups);
        if (!survey)
                return fail_memory(error);
        request->reply = reply_survey;
        request->job.result.baggage = survey;
        request->job.result.baggage_free = survey_free;
        for (size_t i = 0; asking && groups && i < survey->n; i++)
                if (domain_is_active(survey->asked[i].domain))
                        ask(&survey->asked[i]);
        return --survey->pending == 0 ? DONE : PENDING;
}
