/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The test driver's world at its start, with somebody who listens. */
#pragma once

#include "drivers/defined.h"
#include "drivers/test/driver.h"
#include "ops.h"
#include "story.h"

static Connection *world;

static inline void world_begin(void) {
        static const Settings settings = { .patience = 1000000 };
        sd_event *loop;

        CHECK(sd_event_new(&loop) >= 0);
        if (connection_new(&test_driver, &settings, loop, NULL, NULL, &world, &problem) < 0) {
                fprintf(stderr, "%s\n", problem.message ?: "no message");
                exit(1);
        }
        CHECK(event_watch(&world->hub, story_hear, NULL, NULL) >= 0);
}

static inline int world_end(void) {
        sd_event *loop = world->event;

        ops_done();
        connection_free(world);
        sd_event_unref(loop);
        return 0;
}

static inline Resource *find(ResourceKind kind, const char *name) {
        ResourceSet *set = &world->sets[kind];

        for (size_t i = 0; i < set->n; i++)
                if (strcmp(set->items[i]->name, name) == 0)
                        return set->items[i];
        return NULL;
}

static inline void holds_at(const char *file, int line, char *text, const char *part, bool yes) {
        if (!strstr(text, part) == yes) {
                fprintf(stderr, "%s:%d: '%s' is%s in\n%s\n", file, line, part, yes ? " not" : "",
                        text);
                exit(1);
        }
        free(text);
}

/* Of a newly allocated text. */
#define HOLDS(text, part) holds_at(__FILE__, __LINE__, text, part, true)
#define LACKS(text, part) holds_at(__FILE__, __LINE__, text, part, false)
