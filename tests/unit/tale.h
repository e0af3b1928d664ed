/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What watchers are told of domains, in more detail than story.h has it: "+test" and "-test",
 * "(5,4)" a lifecycle event with its detail, "~81" properties, "meta0", "tunable NAME ...",
 * "added ALIAS", "removed ALIAS", "balloon KIB". */
#pragma once

#include "world.h"

static char tale[4096];

static void tale_add(const char *format, ...) _printf_(1, 2);

static void tale_add(const char *format, ...) {
        size_t n = strlen(tale);
        va_list ap;

        if (n > 0)
                tale[n++] = ' ';
        va_start(ap, format);
        vsnprintf(tale + n, sizeof(tale) - n, format, ap);
        va_end(ap);
}

static void tale_hear(const Event *event, void *userdata) {
        switch ((int) event->kind) {
        case EVENT_ATTACHED:
                tale_add("+%s", event->resource->name);
                break;
        case EVENT_DETACHED:
                tale_add("-%s", event->resource->name);
                break;
        case EVENT_LIFECYCLE:
                tale_add("(%d,%d)", event->type, event->detail);
                break;
        case EVENT_CHANGED:
                tale_add("~%" PRIx64, (uint64_t) event->number);
                break;
        case EVENT_METADATA:
                tale_add("meta%d", event->type);
                break;
        case EVENT_DEVICE_ADDED:
                tale_add("added %s", event->text[0]);
                break;
        case EVENT_DEVICE_REMOVED:
                tale_add("removed %s", event->text[0]);
                break;
        case EVENT_BALLOON:
                tale_add("balloon %" PRIi64, event->number);
                break;
        case EVENT_TUNABLE:
                tale_add("tunable");
                for (size_t i = 0; i < event->values->n; i++)
                        if (event->values->items[i].name)
                                tale_add("%s", event->values->items[i].name);
                break;
        default:
                tale_add("?%d", event->kind);
        }
}

static inline void tale_begin(void) {
        world_begin();
        CHECK(event_watch(&world->hub, tale_hear, NULL, NULL) >= 0);
}

static inline void tale_is_at(const char *file, int line, const char *expected) {
        if (strcmp(tale, expected) != 0) {
                fprintf(stderr, "%s:%d: the tale is\n%s\nand not\n%s\n", file, line, tale,
                        expected);
                exit(1);
        }
        tale[0] = story[0] = 0;
}

#define TALE(expected) tale_is_at(__FILE__, __LINE__, expected)

static inline Domain *domain_named(const char *name) {
        Resource *resource = find(RESOURCE_DOMAIN, name);

        return resource ? domain_of(resource) : NULL;
}

/* The definitions as they are, newly allocated. */
static inline char *xml_of(Domain *domain, uint32_t flags) {
        const char *text;
        char *made = NULL;

        CHECK(domain_xml(domain, flags, &text, &made, NULL) >= 0);
        return made ?: strdup(text);
}

#define STATE(domain, expected, why) \
        CHECK((domain)->state == (expected) && (domain)->reason == (why))

/* The world as at its start, with nothing told. */
static inline Domain *again(void) {
        CHECK(test_reset(world, NULL) >= 0);
        tale[0] = story[0] = 0;
        return domain_named("test");
}
