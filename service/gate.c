/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every call passes here before any handler sees it.
 *
 *         message -> rows -> permissions -- all free? ----------------------------------> goes on
 *                                  |
 *                              who is it? (asked of the bus once per client)
 *                                  |-- root, or the user we run as --------------------> goes on
 *                              polkit: one question for each permission that isn't free
 *                                  |-- yes to all -------------------------------------> goes on
 *                                  `-- no, or no answer ---------------------> access denied
 *
 * While a question is under way the message is put aside; afterwards it is queued for reading
 * again and comes back here, where its answer is found and everything else is looked up anew, by
 * sd-bus and by the handler: nothing that may have gone meanwhile is held. A client's calls that
 * wait for the same answer go on in their order; a call that needs no answer may overtake them.
 *
 * Fails closed: who cannot be identified and what polkit doesn't know is denied. What each
 * permission means is the rows' business; which of them everybody has, is_free()'s. */
#include "service/gate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/log.h"
#include "objects/request.h"
#include "objects/rights.h"

/* How far a query is; each has a list, in the order in which its queries came. */
typedef enum Stage {
        STAGE_WHO,   /* the bus is asked who the client is */
        STAGE_TURN,  /* waits until fewer questions are under way */
        STAGE_ASKED, /* polkit is asked */
        STAGE_YES,   /* answered: its message will come back */
        STAGE_NO,    /* the same; error says why */
        _STAGE_MAX,
} Stage;

/* A call that was put aside. */
typedef struct Query {
        Gate *gate;
        Stage stage;
        sd_bus_message *message;
        ClientWatch client;
        const char *permissions[NEEDED_MAX]; /* of the rows, that have to be asked for */
        size_t n, next;                      /* next: the one that is being asked for */
        sd_bus_slot *question;
        char cancellation[32];
        Error error;
        struct Query *before, *after;
} Query;

typedef struct QueryList {
        Query *first, *last;
        unsigned n;
} QueryList;

struct Gate {
        Tree *tree;
        uint64_t patience;
        bool always; /* nothing is free */
        sd_bus_slot *filter;
        QueryList stages[_STAGE_MAX];
        uint64_t last_cancellation;
};

/* ---- queries ---- */

static void query_unlink(Query *query) {
        QueryList *list = &query->gate->stages[query->stage];

        *(query->before ? &query->before->after : &list->first) = query->after;
        *(query->after ? &query->after->before : &list->last) = query->before;
        list->n--;
        if (query->client.client && (query->stage == STAGE_TURN || query->stage == STAGE_ASKED))
                query->client.client->asking--;
}

static void query_link(Query *query, Stage stage) {
        QueryList *list = &query->gate->stages[stage];

        query->stage = stage;
        query->before = list->last;
        query->after = NULL;
        *(list->last ? &list->last->after : &list->first) = query;
        list->last = query;
        list->n++;
        if (stage == STAGE_TURN || stage == STAGE_ASKED)
                query->client.client->asking++;
}

static void query_move(Query *query, Stage stage) {
        query_unlink(query);
        query_link(query, stage);
}

static void query_free(Query *query) {
        query_unlink(query);
        sd_bus_slot_unref(query->question);
        client_unwatch(&query->client);
        sd_bus_message_unref(query->message);
        error_clear(&query->error);
        free(query);
}

/* The message comes back through the filter. */
static void query_answer(Query *query, Stage answer) {
        if (sd_bus_enqueue_for_read(query->gate->tree->bus, query->message) >= 0) {
                query_move(query, answer);
                return;
        }
        log_message(LOG_WARNING, "a call of %s got lost: no room to queue it again",
                    sd_bus_message_get_sender(query->message) ?: "the peer");
        query_free(query);
}

/* ---- polkit ---- */

#define POLKIT "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority", \
               "org.freedesktop.PolicyKit1.Authority"
#define POLKIT_ALLOW_INTERACTION 1u
#define PERSON_PATIENCE (5 * 60 * UINT64_C(1000000)) /* us for somebody to type a password */

static void gate_pump(Gate *gate);

/* "domain:open_graphics" -> "org.libvirt.api.domain.open-graphics" */
static void action_of(const char *permission, char *to, size_t size) {
        snprintf(to, size, "org.libvirt.api.%s", permission);
        for (; *to; to++)
                if (*to == '_' || *to == ':')
                        *to = *to == ':' ? '.' : '-';
}

static int deny(Query *query, const char *why) {
        char action[128];

        action_of(query->permissions[query->next], action, sizeof(action));
        return fail(&query->error, ERROR_ACCESS_DENIED, "'%s' is needed for %s: %s", action,
                    sd_bus_message_get_member(query->message), why);
}

static int read_verdict(Query *query, sd_bus_message *reply) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);
        int yes, challenge;

        if (error) {
                log_message(LOG_NOTICE, "polkit gave no answer: %s", error->message ?: error->name);
                return deny(query, sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY)
                                           ? "polkit didn't answer"
                                           : "polkit isn't there or doesn't know it");
        }
        if (sd_bus_message_enter_container(reply, 'r', "bba{ss}") <= 0 ||
            sd_bus_message_read(reply, "bb", &yes, &challenge) <= 0)
                return deny(query, "polkit's answer makes no sense");
        if (yes)
                return 0;
        if (challenge)
                return fail(&query->error, ERROR_AUTH_NEEDED, "for %s, by polkit",
                            sd_bus_message_get_member(query->message));
        return deny(query, "polkit said no");
}

static int verdict(sd_bus_message *reply, void *userdata, sd_bus_error *unused) {
        Query *query = userdata;
        Gate *gate = query->gate;

        query->question = sd_bus_slot_unref(query->question);
        if (read_verdict(query, reply) < 0)
                query_answer(query, STAGE_NO);
        else if (++query->next < query->n)
                query_move(query, STAGE_TURN);
        else
                query_answer(query, STAGE_YES);
        gate_pump(gate);
        return 0;
}

static bool is_about(const char *permission, const Kind *kind) {
        size_t n = strlen(kind->rights);

        return strncmp(permission, kind->rights, n) == 0 && permission[n] == ':';
}

static int append_message(sd_bus_message *call, const Query *query) {
        char text[128];

        snprintf(text, sizeof(text), "Authentication is required for %s, which needs %s",
                 sd_bus_message_get_member(query->message), query->permissions[query->next]);
        return sd_bus_message_append(call, "{ss}", "polkit.message", text);
}

/* Who makes something new, on a connection or in a pool, has no name of it in the details, and
 * polkit would show the bare $(domain_name) of the action's message: so it gets another message. */
static int append_details(sd_bus_message *call, const Query *query, const Object *object) {
        const char *driver = object->through->driver->name; /* as libvirt */
        int r = sd_bus_message_append(call, "{ss}", "connect_driver", driver);

        if (r >= 0 && object->resource)
                r = object->kind->details(object->resource, call);
        if (r < 0 || is_about(query->permissions[query->next], object->kind))
                return r;
        return append_message(call, query);
}

static int append_question(sd_bus_message *call, Query *query, bool interactive) {
        const char *path = sd_bus_message_get_path(query->message);
        char action[128];
        Object object;
        int r;

        action_of(query->permissions[query->next], action, sizeof(action));
        snprintf(query->cancellation, sizeof(query->cancellation), "virtbus-%llu",
                 (unsigned long long) ++query->gate->last_cancellation);
        r = sd_bus_message_append(call, "(sa{sv})s", "system-bus-name", 1, "name", "s",
                                  query->client.client->name, action);
        if (r >= 0)
                r = sd_bus_message_open_container(call, 'a', "{ss}");
        if (r >= 0 && tree_find(query->gate->tree, path, &object))
                r = append_details(call, query, &object);
        if (r >= 0)
                r = sd_bus_message_close_container(call);
        if (r >= 0)
                r = sd_bus_message_append(call, "us", interactive ? POLKIT_ALLOW_INTERACTION : 0,
                                          query->cancellation);
        return r;
}

static int ask_polkit(Query *query) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        bool interactive = sd_bus_message_get_allow_interactive_authorization(query->message) > 0;
        sd_bus *bus = query->gate->tree->bus;
        int r;

        r = sd_bus_message_new_method_call(bus, &call, POLKIT, "CheckAuthorization");
        if (r >= 0)
                r = append_question(call, query, interactive);
        if (r >= 0)
                r = sd_bus_call_async(bus, &query->question, call, verdict, query,
                                      interactive ? PERSON_PATIENCE : query->gate->patience);
        if (r >= 0)
                query_move(query, STAGE_ASKED);
        return r;
}

static void gate_pump(Gate *gate) {
        while (gate->stages[STAGE_TURN].first && gate->stages[STAGE_ASKED].n < GATE_ASKING_MAX) {
                Query *query = gate->stages[STAGE_TURN].first;
                int r = ask_polkit(query);

                if (r < 0) {
                        deny(query, strerror(-r));
                        query_answer(query, STAGE_NO);
                }
        }
}

/* ---- the client ---- */

/* On --session that is everybody there is. */
static bool is_privileged(const Client *client) {
        return client->identity == IDENTITY_KNOWN && (client->uid == 0 || client->uid == getuid());
}

static int deny_stranger(Query *query) {
        const Client *client = query->client.client;

        if (client->identity != IDENTITY_KNOWN || !*client->name)
                return deny(query, "the caller can't be identified");
        if (query->gate->stages[STAGE_TURN].n + query->gate->stages[STAGE_ASKED].n >= GATE_TURN_MAX)
                return fail(&query->error, ERROR_LIMIT, "too many calls wait for polkit's answer");
        if (client->asking >= GATE_CLIENT_MAX)
                return fail(&query->error, ERROR_LIMIT, "too many calls of one client wait for it");
        return 0;
}

static void client_is_known(ClientWatch *watch) {
        Query *query = container_of(watch, Query, client);
        Gate *gate = query->gate;

        if (query->stage != STAGE_WHO)
                return;
        if (is_privileged(watch->client))
                query_answer(query, STAGE_YES);
        else if (deny_stranger(query) < 0)
                query_answer(query, STAGE_NO);
        else
                query_move(query, STAGE_TURN);
        gate_pump(gate);
}

/* The answer would reach nobody, so what was asked for isn't done either. client_unwatch() came
 * before this: the client's own count goes with it. */
static void client_left(ClientWatch *watch) {
        Query *query = container_of(watch, Query, client);
        Gate *gate = query->gate;

        if (query->stage == STAGE_YES || query->stage == STAGE_NO)
                return; /* its message comes back, and ends there */
        if (query->stage == STAGE_ASKED)
                (void) sd_bus_call_method_async(gate->tree->bus, NULL, POLKIT,
                                                "CancelCheckAuthorization", NULL, NULL, "s",
                                                query->cancellation);
        query_free(query);
        gate_pump(gate);
}

/* ---- the filter ---- */

/* libvirt gives these to everybody, whatever the object. */
static bool is_free(const char *permission) {
        const char *verb = strchr(permission, ':') + 1;

        return strcmp(verb, "read") == 0 || strcmp(verb, "getattr") == 0 ||
               strncmp(verb, "search_", strlen("search_")) == 0;
}

static int refuse(Gate *gate, sd_bus_message *message, ErrorCode code, const char *why) {
        _cleanup_(error_clear) Error error = {};
        int r = fail(&error, code, "%s", why);

        r = reply_error(gate->tree, message, r, &error);
        return r < 0 ? r : 1;
}

static int put_aside(Gate *gate, sd_bus_message *message, Client *client,
                     const char *const *permissions, size_t n) {
        Query *query;

        if (gate->stages[STAGE_WHO].n >= GATE_STRANGERS_MAX)
                return refuse(gate, message, ERROR_LIMIT, "too many calls wait for authorization");
        query = calloc(1, sizeof(*query));
        if (!query)
                return -ENOMEM;
        *query = (Query) { .gate = gate, .message = sd_bus_message_ref(message), .n = n,
                           .client = { .known = client_is_known, .gone = client_left } };
        memcpy(query->permissions, permissions, n * sizeof(*permissions));
        client_watch(client, &query->client);
        query_link(query, STAGE_WHO);
        client_identify(client);
        if (client->identity != IDENTITY_ASKED)
                client_is_known(&query->client);
        return 1;
}

/* The query of a message that came back. They come back in order, so it is the first of its
 * stage. */
static Query *find_answered(Gate *gate, sd_bus_message *message) {
        for (Stage stage = STAGE_YES; stage <= STAGE_NO; stage++)
                for (Query *query = gate->stages[stage].first; query; query = query->after)
                        if (query->message == message)
                                return query;
        return NULL;
}

static int conclude(Query *query) {
        bool left = !query->client.client, no = query->stage == STAGE_NO;
        int r = 0;

        if (no && !left)
                r = reply_error(query->gate->tree, query->message, -EACCES, &query->error);
        query_free(query);
        if (r < 0)
                return r;
        return no || left;
}

static int gate_filter(sd_bus_message *message, void *userdata, sd_bus_error *unused) {
        const char *permissions[NEEDED_MAX];
        Gate *gate = userdata;
        Needed needed;
        Client *client;
        Query *query;
        uint8_t type;
        size_t n = 0;

        if (sd_bus_message_get_type(message, &type) < 0 || type != SD_BUS_MESSAGE_METHOD_CALL)
                return 0;
        query = find_answered(gate, message);
        if (query)
                return conclude(query);

        message_needs(gate->tree, message, &needed);
        for (size_t i = 0; i < needed.n; i++)
                if (gate->always || !is_free(needed.names[i]))
                        permissions[n++] = needed.names[i];
        if (n == 0)
                return 0;
        client = client_of(gate->tree->clients, message);
        if (!client)
                return -ENOMEM;
        if (is_privileged(client))
                return 0;
        return put_aside(gate, message, client, permissions, n);
}

/* ---- the gate ---- */

int gate_new(Tree *tree, uint64_t patience, bool always, Gate **ret) {
        _cleanup_(gate_freep) Gate *gate = calloc(1, sizeof(*gate));
        int r;

        if (!gate)
                return -ENOMEM;
        *gate = (Gate) { .tree = tree, .patience = patience, .always = always };
        r = sd_bus_add_filter(tree->bus, &gate->filter, gate_filter, gate);
        if (r < 0)
                return r;
        *ret = TAKE(gate);
        return 0;
}

bool gate_is_idle(const Gate *gate) {
        for (Stage stage = STAGE_WHO; stage < _STAGE_MAX; stage++)
                if (gate->stages[stage].n > 0)
                        return false;
        return true;
}

Gate *gate_free(Gate *gate) {
        if (!gate)
                return NULL;
        for (Stage stage = STAGE_WHO; stage < _STAGE_MAX; stage++)
                while (gate->stages[stage].first)
                        query_free(gate->stages[stage].first);
        sd_bus_slot_unref(gate->filter);
        free(gate);
        return NULL;
}
