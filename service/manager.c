/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Start: store, drivers, bus, name; then autostart. Stop: the reverse. Guests outlive us. */
#include "service/manager.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "drivers/driver.h"
#include "drivers/log.h"
#include "objects/tree.h"
#include "service/bus.h"
#include "service/gate.h"
#include "service/idle.h"
#include "service/links.h"
#include "service/memory.h"
#include "service/peers.h"
#include "service/taps.h"
#include "service/units.h"

typedef struct Manager {
        const Options *options;
        Settings settings;
        sd_event *event;
        sd_event_source *leave;
        UnitManager *units;
        TapBroker *taps; /* NULL: not in a session */
        HostLinks *links;
        PeerManager *peers;
        Store *store;
        Connection **connections;
        size_t n_connections;
        Connection *keeper; /* of what is the host's: the first that is about it */
        sd_bus *bus;
        Tree *tree;
        Gate *gate;
        Idle *idle;
        sd_bus_slot *name[2];
        bool stopping;
} Manager;

/* Calls that are under way are answered: that they can't be finished. */
static void manager_close(Manager *manager) {
        for (size_t i = 0; i < ELEMENTS(manager->name); i++)
                manager->name[i] = sd_bus_slot_unref(manager->name[i]);
        manager->idle = idle_free(manager->idle);
        manager->gate = gate_free(manager->gate);
        taps_close(manager->taps);
        tree_close(manager->tree);
        while (manager->n_connections > 0)
                connection_free(manager->connections[--manager->n_connections]);
}

static void manager_done(Manager *manager) {
        manager_close(manager);
        free(manager->connections);
        tree_free(manager->tree);
        taps_free(manager->taps);
        units_free(manager->units);
        links_free(manager->links);
        peers_free(manager->peers);
        sd_bus_flush_close_unref(manager->bus);
        store_free(manager->store);
        sd_event_source_disable_unref(manager->leave);
        sd_event_unref(manager->event);
}

/* ---- the loop ---- */

static void stopped(void *userdata) {
        (void) sd_event_exit(((Manager *) userdata)->event, EXIT_SUCCESS);
}

/* Calls that are on their way are heard before the end, so that each is answered; who says it twice
 * doesn't want to wait for that. */
static int stop(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        Manager *manager = userdata;

        log_message(LOG_INFO, "stopping: %s", strsignal(info->ssi_signo));
        manager->idle = idle_free(manager->idle);
        if (manager->stopping || !manager->bus ||
            bus_release_name(manager->bus, stopped, manager, manager->name, NULL) < 0)
                return sd_event_exit(manager->event, EXIT_SUCCESS);
        manager->stopping = true;
        return 0;
}

/* The loop ends; before sd-bus, which closes the bus then. */
static int leave(sd_event_source *source, void *userdata) {
        (void) sd_notify(false, "STOPPING=1");
        manager_close(userdata);
        return 0;
}

static int manager_open_loop(Manager *manager, Error *error) {
        static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
        sigset_t set;
        int r;

        sigemptyset(&set);
        for (size_t i = 0; i < ELEMENTS(signals); i++)
                sigaddset(&set, signals[i]);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
                return fail_errno(error, -errno, "cannot set up signals");
        r = sd_event_default(&manager->event);
        for (size_t i = 0; r >= 0 && i < ELEMENTS(signals); i++)
                r = sd_event_add_signal(manager->event, NULL, signals[i], stop, manager);
        if (r >= 0)
                r = sd_event_add_exit(manager->event, &manager->leave, leave, manager);
        if (r >= 0)
                r = sd_event_source_set_priority(manager->leave, SD_EVENT_PRIORITY_IMPORTANT);
        if (r >= 0)
                r = sd_event_set_watchdog(manager->event, true);
        return r < 0 ? fail_errno(error, r, "cannot set up the event loop") : 0;
}

/* ---- the drivers ---- */

static void manager_open_driver(Manager *manager, const Driver *driver) {
        _cleanup_(error_clear) Error error = {};
        _cleanup_(freep) char *text = NULL;
        Connection *keeper = driver->of_host ? manager->keeper : NULL, *connection;

        if (connection_new(driver, &manager->settings, manager->event, manager->store, keeper,
                           &connection, &error) >= 0) {
                manager->connections[manager->n_connections++] = connection;
                if (driver->of_host && !keeper)
                        manager->keeper = connection;
                return;
        }
        text = error_text(&error);
        log_message(LOG_ERR, "the driver %s stays out: %s", driver->name, text ?: "out of memory");
}

static int manager_open_drivers(Manager *manager, Error *error) {
        size_t n = 0;

        while (drivers[n])
                n++;
        manager->connections = calloc(n + 1, sizeof(*manager->connections));
        if (!manager->connections)
                return fail_memory(error);
        for (size_t i = 0; i < n; i++)
                manager_open_driver(manager, drivers[i]);
        return 0;
}

/* ---- idle ---- */

static int manager_watch_idle(Manager *manager);

static void ready_again(void *userdata) {
}

/* What was sent to the name before it was given back has arrived. If that leaves something to do,
 * we stay after all. */
static void released(void *userdata) {
        Manager *manager = userdata;

        if (idle_now(manager->idle)) {
                log_message(LOG_INFO, "stopping: nobody needs the service");
                (void) sd_event_exit(manager->event, EXIT_SUCCESS);
                return;
        }
        if (manager_watch_idle(manager) < 0 ||
            bus_request_name(manager->bus, ready_again, manager, manager->name, NULL) < 0)
                (void) sd_event_exit(manager->event, EXIT_FAILURE);
}

static void bored(void *userdata) {
        Manager *manager = userdata;
        _cleanup_(error_clear) Error error = {};

        if (bus_release_name(manager->bus, released, manager, manager->name, &error) < 0)
                log_message(LOG_WARNING, "stays, though nobody needs it: %s",
                            error.message ?: "out of memory");
}

static int manager_watch_idle(Manager *manager) {
        uint64_t patience = manager->options->idle_exit;

        manager->idle = idle_free(manager->idle);
        if (patience == 0)
                return 0;
        return idle_new(manager->tree, manager->gate, patience, bored, manager, &manager->idle);
}

/* ---- the bus ---- */

static int manager_open_bus(Manager *manager, Error *error) {
        const Options *options = manager->options;
        int r;

        r = bus_open(manager->event, options->settings.session, options->address, &manager->bus,
                     error);
        if (r < 0)
                return r;
        units_set_bus(manager->units, manager->bus);
        links_set_bus(manager->links, manager->bus);
        r = tree_new(manager->bus, &manager->tree);
        for (size_t i = 0; r >= 0 && i < manager->n_connections; i++)
                r = tree_add(manager->tree, manager->connections[i]);
        if (r >= 0)
                r = gate_new(manager->tree, options->settings.patience, options->ask_always,
                             &manager->gate);
        if (r >= 0)
                r = manager_watch_idle(manager);
        return r < 0 ? fail_errno(error, r, "cannot set up the objects on the bus") : 0;
}

/* ---- the name ---- */

/* Calls that came before are waiting in the bus; they are answered before or after, as they
 * come. */
static void ready(void *userdata) {
        Manager *manager = userdata;

        (void) sd_notify(false, "READY=1");
        (void) memory_settle(manager->event);
        for (size_t i = 0; i < manager->n_connections; i++)
                connection_autostart(manager->connections[i]);
}

static int manager_start(Manager *manager, Error *error) {
        const Options *options = manager->options;
        int r;

        r = manager_open_loop(manager, error);
        if (r >= 0 && units_new(options->settings.session, &manager->units) < 0)
                r = fail_memory(error);
        if (r >= 0 && options->settings.session && taps_new(manager->event, &manager->taps) < 0)
                r = fail_memory(error);
        manager->settings = options->settings;
        if (r >= 0 && links_new(options->settings.session, &manager->links) < 0)
                r = fail_memory(error);
        manager->settings.units = manager->units;
        manager->settings.taps = manager->taps;
        manager->settings.links = manager->links;
        if (r >= 0 && peers_new(manager->event, &manager->peers) < 0)
                r = fail_memory(error);
        manager->settings.peers = manager->peers;
        if (r >= 0)
                r = store_new(options->settings.session, options->root, &manager->store, error);
        if (r >= 0)
                r = manager_open_drivers(manager, error);
        if (r >= 0)
                r = manager_open_bus(manager, error);
        if (r >= 0)
                r = bus_request_name(manager->bus, ready, manager, manager->name, error);
        return r;
}

int manager_run(const Options *options) {
        _cleanup_(manager_done) Manager manager = { .options = options };
        _cleanup_(error_clear) Error error = {};
        _cleanup_(freep) char *text = NULL;
        int r;

        r = manager_start(&manager, &error);
        if (r < 0) {
                text = error_text(&error);
                log_message(LOG_ERR, "cannot start: %s", text ?: "out of memory");
                return EXIT_FAILURE;
        }
        r = sd_event_loop(manager.event);
        if (r < 0) {
                log_message(LOG_ERR, "the event loop failed: %s", strerror(-r));
                return EXIT_FAILURE;
        }
        return r;
}
