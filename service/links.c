/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* firewalld forgets zones that were set while it runs, when it is reloaded or started anew: so what
 * it was told is kept here, and told again. Whether it runs is known by the owner of its name; we
 * never start it. systemd-resolved forgets a link when that goes, and not before. */
#include "service/links.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/job.h"
#include "drivers/log.h"

#define FIREWALLD "org.fedoraproject.FirewallD1"
#define FIREWALLD_PATH "/org/fedoraproject/FirewallD1"
#define RESOLVED "org.freedesktop.resolve1"

/* An interface that firewalld is to know. */
typedef struct Known {
        char *name;
        char **zones; /* ended by NULL */
} Known;

typedef struct Links {
        HostLinks links;
        sd_bus *bus;
        bool session, has_firewalld;
        sd_bus_slot *owner, *changes, *reloads;
        Known *known;
        size_t n_known;
} Links;

/* One on its way: zones are tried in turn, then names are told. */
struct HostLinkRequest {
        Links *links;
        char *name, *domain;
        char **zones; /* ended by NULL */
        size_t zone;  /* the one that is tried */
        bool zone_needed, in_zone;
        IpAddress dns;
        HostLinkTold told; /* NULL: nobody waits */
        void *userdata;
        sd_bus_slot *call;
};

static char **copy_zones(const char *const *zones) {
        size_t n = 0;

        while (zones && zones[n])
                n++;
        char **copy = calloc(n + 1, sizeof(*copy));
        for (size_t i = 0; copy && i < n; i++)
                if (!(copy[i] = strdup(zones[i])))
                        break;
        return copy;
}

static void free_zones(char **zones) {
        for (size_t i = 0; zones && zones[i]; i++)
                free(zones[i]);
        free(zones);
}

static void request_free(HostLinkRequest *request) {
        sd_bus_slot_unref(request->call);
        free(request->name);
        free(request->domain);
        free_zones(request->zones);
        free(request);
}

DEFINE_CLEANUP(HostLinkRequest *, request_free);

static HostLinkRequest *request_new(Links *links, const char *name, const char *const *zones) {
        HostLinkRequest *request = calloc(1, sizeof(*request));

        if (!request)
                return NULL;
        request->links = links;
        request->name = strdup(name);
        request->zones = copy_zones(zones);
        if (request->name && request->zones)
                return request;
        request_free(request);
        return NULL;
}

/* ---- what is known ---- */

static Known *find_known(Links *links, const char *name) {
        for (size_t i = 0; i < links->n_known; i++)
                if (strcmp(links->known[i].name, name) == 0)
                        return &links->known[i];
        return NULL;
}

static void drop_known(Links *links, Known *known) {
        free(known->name);
        free_zones(known->zones);
        *known = links->known[--links->n_known];
}

static void links_remember(HostLinks *face, const HostLink *link) {
        Links *links = container_of(face, Links, links);
        Known *known = find_known(links, link->name);

        if (known)
                drop_known(links, known);
        if (links->session || !link->zones)
                return;
        known = reallocarray(links->known, links->n_known + 1, sizeof(*known));
        if (!known)
                return;
        links->known = known;
        known += links->n_known;
        *known = (Known) { strdup(link->name), copy_zones(link->zones) };
        if (known->name && known->zones) {
                links->n_known++;
                return;
        }
        free(known->name);
        free_zones(known->zones);
}

/* ---- telling, in the order in which it happens ---- */

static void request_end(HostLinkRequest *request, Error *error) {
        HostLinkTold told = request->told;
        void *userdata = request->userdata;
        int result = error ? -error_number(error->code) : request->in_zone;

        request_free(request);
        if (told)
                told(result, error, userdata);
}

static void request_refused(HostLinkRequest *request, const char *who,
                            const sd_bus_error *refusal) {
        _cleanup_(error_clear) Error error = {};

        (void) fail(&error, ERROR_OPERATION_FAILED, "%s refuses interface '%s': %s", who,
                    request->name, refusal && refusal->message ? refusal->message : "no answer");
        request_end(request, &error);
}

static int domain_answered(sd_bus_message *reply, void *userdata, sd_bus_error *unused) {
        HostLinkRequest *request = userdata;

        request->call = sd_bus_slot_unref(request->call);
        if (sd_bus_message_is_method_error(reply, NULL))
                request_refused(request, "systemd-resolved", sd_bus_message_get_error(reply));
        else
                request_end(request, NULL);
        return 0;
}

static int call_resolved(HostLinkRequest *request, const char *member, sd_bus_message **ret) {
        int r = sd_bus_message_new_method_call(request->links->bus, ret, RESOLVED,
                                               "/org/freedesktop/resolve1",
                                               RESOLVED ".Manager", member);

        return r < 0 ? r : sd_bus_message_append(*ret, "i", (int) if_nametoindex(request->name));
}

/* "~name": what is below it is asked for here alone, and it isn't put behind short names. */
static int dns_answered(sd_bus_message *reply, void *userdata, sd_bus_error *unused) {
        HostLinkRequest *request = userdata;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r = -EIO;

        request->call = sd_bus_slot_unref(request->call);
        if (!sd_bus_message_is_method_error(reply, NULL))
                r = call_resolved(request, "SetLinkDomains", &call);
        if (r >= 0)
                r = sd_bus_message_append(call, "a(sb)", 1, request->domain, true);
        if (r >= 0)
                r = sd_bus_call_async(request->links->bus, &request->call, call, domain_answered,
                                      request, 0);
        if (r < 0)
                request_refused(request, "systemd-resolved", sd_bus_message_get_error(reply));
        return 0;
}

static int tell_resolved(HostLinkRequest *request) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r = call_resolved(request, "SetLinkDNS", &call);

        if (r >= 0)
                r = sd_bus_message_open_container(call, 'a', "(iay)");
        if (r >= 0)
                r = sd_bus_message_open_container(call, 'r', "iay");
        if (r >= 0)
                r = sd_bus_message_append(call, "i", request->dns.family);
        if (r >= 0)
                r = sd_bus_message_append_array(call, 'y', request->dns.bytes,
                                                ip_bits(request->dns.family) / 8);
        for (int i = 0; r >= 0 && i < 2; i++)
                r = sd_bus_message_close_container(call);
        return r < 0 ? r : sd_bus_call_async(request->links->bus, &request->call, call,
                                             dns_answered, request, 0);
}

static int try_zone(HostLinkRequest *request);

static void zones_over(HostLinkRequest *request, const sd_bus_error *refusal) {
        if (!request->in_zone && request->zone_needed)
                request_refused(request, "firewalld", refusal);
        else if (!request->domain)
                request_end(request, NULL);
        else if (tell_resolved(request) < 0)
                request_refused(request, "systemd-resolved", NULL);
}

static int zone_answered(sd_bus_message *reply, void *userdata, sd_bus_error *unused) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);
        HostLinkRequest *request = userdata;

        request->call = sd_bus_slot_unref(request->call);
        request->in_zone = !error;
        if (error && request->zones[++request->zone] && try_zone(request) >= 0)
                return 0;
        if (error && !request->told)
                log_message(LOG_WARNING, "firewalld doesn't take interface %s: %s", request->name,
                            error->message ?: error->name);
        zones_over(request, error);
        return 0;
}

static int try_zone(HostLinkRequest *request) {
        return sd_bus_call_method_async(request->links->bus, &request->call, FIREWALLD,
                                        FIREWALLD_PATH, FIREWALLD ".zone", "changeZoneOfInterface",
                                        zone_answered, request, "ss",
                                        request->zones[request->zone], request->name);
}

static int links_tell(HostLinks *face, const HostLink *link, HostLinkTold told, void *userdata,
                      HostLinkRequest **ret, Error *error) {
        Links *links = container_of(face, Links, links);
        bool zones = links->has_firewalld && link->zones;
        _cleanup_(request_freep) HostLinkRequest *request = NULL;
        int r;

        if (link->zone_needed && !zones)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "zone '%s' of interface '%s' takes firewalld, which doesn't run",
                            link->zones[0], link->name);
        if (link->domain && (links->session || !links->bus))
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "names below '%s' can be told to the system's systemd-resolved by the "
                            "system's service alone", link->domain);
        if (!link->zone_needed)
                links_remember(face, link);
        if (!zones && !link->domain)
                return DONE;
        request = request_new(links, link->name, zones ? link->zones : NULL);
        if (!request || (link->domain && !(request->domain = strdup(link->domain))))
                return fail_memory(error);
        request->zone_needed = link->zone_needed;
        request->dns = link->dns;
        request->told = told;
        request->userdata = userdata;
        r = zones ? try_zone(request) : tell_resolved(request);
        if (r < 0)
                return fail_errno(error, r, "cannot tell others of interface '%s'", link->name);
        if (link->zone_needed)
                links_remember(face, link);
        *ret = TAKE(request);
        return PENDING;
}

static void links_remove(HostLinks *face, const char *name) {
        Links *links = container_of(face, Links, links);
        Known *known = find_known(links, name);

        if (!known)
                return;
        drop_known(links, known);
        if (links->bus && links->has_firewalld)
                (void) sd_bus_call_method_async(links->bus, NULL, FIREWALLD, FIREWALLD_PATH,
                                                FIREWALLD ".zone", "removeInterface", NULL, NULL,
                                                "ss", "", name);
}

static void links_forget(HostLinks *face, HostLinkRequest *request) {
        if (request)
                request_free(request);
}

/* ---- firewalld comes, goes, and forgets ---- */

/* Nobody waits for these, so they free themselves. */
static void tell_all(Links *links) {
        for (size_t i = 0; links->has_firewalld && i < links->n_known; i++) {
                const Known *known = &links->known[i];
                HostLinkRequest *request = request_new(links, known->name,
                                                       (const char *const *) known->zones);

                if (request && try_zone(request) < 0)
                        request_free(request);
        }
}

static int owner_answered(sd_bus_message *reply, void *userdata, sd_bus_error *unused) {
        Links *links = userdata;

        links->owner = sd_bus_slot_unref(links->owner);
        links->has_firewalld = !sd_bus_message_is_method_error(reply, NULL);
        tell_all(links);
        return 0;
}

static int owner_changed(sd_bus_message *signal, void *userdata, sd_bus_error *unused) {
        const char *name, *before, *after;
        Links *links = userdata;

        if (sd_bus_message_read(signal, "sss", &name, &before, &after) <= 0 ||
            strcmp(name, FIREWALLD) != 0)
                return 0;
        links->has_firewalld = *after;
        tell_all(links);
        return 0;
}

static int reloaded(sd_bus_message *signal, void *userdata, sd_bus_error *unused) {
        tell_all(userdata);
        return 0;
}

static int listen_to(Links *links) {
        int r = sd_bus_add_match_async(links->bus, &links->changes,
                                       "type='signal',sender='org.freedesktop.DBus',"
                                       "interface='org.freedesktop.DBus',"
                                       "member='NameOwnerChanged',arg0='" FIREWALLD "'",
                                       owner_changed, NULL, links);

        if (r >= 0)
                r = sd_bus_match_signal_async(links->bus, &links->reloads, FIREWALLD,
                                              FIREWALLD_PATH, FIREWALLD, "Reloaded", reloaded,
                                              NULL, links);
        return r < 0 ? r : sd_bus_call_method_async(links->bus, &links->owner,
                                                    "org.freedesktop.DBus",
                                                    "/org/freedesktop/DBus",
                                                    "org.freedesktop.DBus", "GetNameOwner",
                                                    owner_answered, links, "s", FIREWALLD);
}

void links_set_bus(HostLinks *face, sd_bus *bus) {
        Links *links = container_of(face, Links, links);

        links->owner = sd_bus_slot_unref(links->owner);
        links->changes = sd_bus_slot_unref(links->changes);
        links->reloads = sd_bus_slot_unref(links->reloads);
        links->bus = bus;
        if (bus && !links->session && listen_to(links) < 0)
                log_message(LOG_WARNING, "firewalld isn't watched: it isn't told of bridges");
}

/* ---- life ---- */

int links_new(bool session, HostLinks **ret) {
        Links *links = calloc(1, sizeof(*links));

        if (!links)
                return -ENOMEM;
        *links = (Links) {
                .links = {
                        .tell = links_tell,
                        .remember = links_remember,
                        .remove = links_remove,
                        .forget = links_forget,
                },
                .session = session,
        };
        *ret = &links->links;
        return 0;
}

HostLinks *links_free(HostLinks *face) {
        Links *links = face ? container_of(face, Links, links) : NULL;

        if (!links)
                return NULL;
        links_set_bus(face, NULL);
        while (links->n_known > 0)
                drop_known(links, links->known);
        free(links->known);
        free(links);
        return NULL;
}
