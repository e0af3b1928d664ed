/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hub through which facts reach whoever watches. A watch that ends while its hub reports is
 * only marked, and swept when the outermost report is over: no loop ever steps on a freed one. */
#include "drivers/event.h"

#include <errno.h>

struct EventWatch {
        EventHandler handler; /* NULL: ended */
        void *userdata;
        EventWatch *next;
};

int event_watch(EventHub *hub, EventHandler handler, void *userdata, EventWatch **ret) {
        EventWatch *watch = calloc(1, sizeof(*watch)), **end = &hub->watches;

        if (!watch)
                return -ENOMEM;
        *watch = (EventWatch) { .handler = handler, .userdata = userdata };
        while (*end)
                end = &(*end)->next;
        *end = watch;
        if (ret)
                *ret = watch;
        return 0;
}

static void event_sweep(EventHub *hub) {
        EventWatch **link = &hub->watches;

        while (*link) {
                EventWatch *watch = *link;

                if (watch->handler) {
                        link = &watch->next;
                        continue;
                }
                *link = watch->next;
                free(watch);
        }
}

void event_unwatch(EventHub *hub, EventWatch *watch) {
        if (!watch)
                return;
        watch->handler = NULL;
        if (hub->reporting == 0)
                event_sweep(hub);
}

void event_report(EventHub *hub, const Event *event) {
        hub->reporting++;
        for (EventWatch *watch = hub->watches; watch; watch = watch->next)
                if (watch->handler)
                        watch->handler(event, watch->userdata);
        if (--hub->reporting == 0)
                event_sweep(hub);
}

void event_hub_done(EventHub *hub) {
        for (EventWatch *watch = hub->watches; watch; watch = watch->next)
                watch->handler = NULL;
        event_sweep(hub);
}
