/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Definitions that are looked at again and again.
 *
 * A definition at rest is its text, and reading one takes 0.1 ms. Who asks every few seconds for
 * the statistics of a thousand domains would spend that a thousand times, so what was read is kept:
 * the view without its document, 4 KB for a small domain. It goes with its text, and all of them go
 * when none was looked at for a while. */
#include <errno.h>

#include "drivers/domain.h"

#define PATIENCE (60 * UINT64_C(1000000)) /* us */

static void text_forget(DomainText *text) {
        conf_free(text->view);
        text->view = NULL;
}

static int views_forget(sd_event_source *timer, uint64_t now, void *userdata) {
        Connection *connection = userdata;
        ResourceSet *set = &connection->sets[RESOURCE_DOMAIN];

        if (connection->views_used) {
                connection->views_used = false;
                return sd_event_source_set_time(timer, now + PATIENCE);
        }
        for (size_t i = 0; i < set->n; i++) {
                text_forget(&domain_of(set->items[i])->persistent);
                text_forget(&domain_of(set->items[i])->live);
        }
        connection->views = sd_event_source_disable_unref(connection->views);
        return 0;
}

const DomainConf *domain_view(Domain *domain) {
        DomainText *text = domain->live.xml ? &domain->live : &domain->persistent;
        Connection *connection = domain->resource.connection;
        int r;

        connection->views_used = true;
        if (text->view)
                return text->view;
        r = domain_conf(domain, DOMAIN_CURRENT, &text->view, NULL);
        if (r < 0)
                return NULL;
        xmlFreeDoc(TAKE(text->view->document));
        if (!connection->views)
                (void) sd_event_add_time_relative(connection->event, &connection->views,
                                                  CLOCK_MONOTONIC, PATIENCE, PATIENCE / 10,
                                                  views_forget, connection);
        if (connection->views)
                (void) sd_event_source_set_enabled(connection->views, SD_EVENT_ON);
        return text->view;
}
