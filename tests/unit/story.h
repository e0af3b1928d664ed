/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What watchers are told, as a line of text: "+a" a comes, "-a" it goes, "a(2)" a lifecycle event,
 * "a~1" properties, "a*" its volumes were looked at. */
#pragma once

#include <inttypes.h>

#include "check.h"
#include "drivers/event.h"

static char story[2048];

static void story_hear(const Event *event, void *userdata) {
        size_t n = strlen(story);
        const char *name = event->resource->name, *blank = n ? " " : "";
        char *at = story + n;
        size_t left = sizeof(story) - n;

        if (event->kind == EVENT_LIFECYCLE)
                snprintf(at, left, "%s%s(%d)", blank, name, event->type);
        else if (event->kind == EVENT_CHANGED)
                snprintf(at, left, "%s%s~%" PRIx64, blank, name, (uint64_t) event->number);
        else if (event->kind == EVENT_REFRESH)
                snprintf(at, left, "%s%s*", blank, name);
        else
                snprintf(at, left, "%s%c%s", blank,
                         event->kind == EVENT_ATTACHED   ? '+'
                         : event->kind == EVENT_DETACHED ? '-'
                                                         : '?',
                         name);
}

static inline void story_is_at(const char *file, int line, const char *expected) {
        if (strcmp(story, expected) != 0) {
                fprintf(stderr, "%s:%d: the story is\n%s\nand not\n%s\n", file, line, story,
                        expected);
                exit(1);
        }
        story[0] = 0;
}

#define STORY(expected) story_is_at(__FILE__, __LINE__, expected)
