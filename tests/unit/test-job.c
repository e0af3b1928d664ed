/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Jobs, queues, resources and the event hub: who runs when, who is told what, who is freed. */
#include "drivers/job.h"

#include <errno.h>

#include "check.h"
#include "drivers/event.h"
#include "drivers/resource.h"

static sd_event *loop;
static char story[64]; /* a letter for each thing that happened */

typedef struct Work {
        Job job;
        char letter;
        int answer;         /* of run() */
        Resource *resource; /* a reference, dropped by done() */
        ErrorCode told;
} Work;

static void note(char letter) {
        size_t n = strlen(story);

        if (n + 1 < sizeof(story))
                story[n] = letter;
}

static int work_run(Job *job, Error *error) {
        Work *work = container_of(job, Work, job);

        note(work->letter);
        return work->answer < 0 ? fail(error, ERROR_OPERATION_FAILED, "no luck") : work->answer;
}

static void work_done(Job *job, int result, Error *error) {
        Work *work = container_of(job, Work, job);

        note(result < 0 ? '!' : '.');
        work->told = error->code;
        work->resource = resource_unref(work->resource);
}

static Work make(char letter, int answer) {
        return (Work) { .job.done = work_done, .letter = letter, .answer = answer };
}

static void begin(JobQueue *queue, Work *work) {
        job_start(queue, &work->job, "a change", work_run);
}

static void test_order(void) {
        JobQueue queue = { .event = loop, .owner = "guest" };
        Work a = make('a', DONE), b = make('b', PENDING), c = make('c', DONE), d = make('d', -EIO),
             e = make('e', PENDING);

        memset(story, 0, sizeof(story));
        begin(&queue, &a);
        begin(&queue, &b);
        begin(&queue, &c);
        begin(&queue, &d);
        begin(&queue, &e);
        CHECK_TEXT(story, "a.b");
        job_done(&b.job, 0, NULL);
        CHECK_TEXT(story, "a.b.c.d!e");
        CHECK(d.told == ERROR_OPERATION_FAILED && c.told == ERROR_NONE);
        job_done(&e.job, 0, NULL);
        CHECK(!queue.running && !queue.first);

        memset(story, 0, sizeof(story));
        begin(NULL, &a);
        CHECK_TEXT(story, "a.");
}

/* Ten thousand jobs that end at once must not nest. */
static void test_many(void) {
        enum { MANY = 10000 };
        JobQueue queue = { .event = loop, .owner = "guest" };
        Work *works = calloc(MANY, sizeof(*works)), first = make('f', PENDING);

        begin(&queue, &first);
        for (size_t i = 0; i < MANY; i++) {
                works[i] = make('x', DONE);
                begin(&queue, &works[i]);
        }
        job_done(&first.job, 0, NULL);
        CHECK(!queue.running && !queue.first && !queue.last);
        free(works);
}

static void test_patience(void) {
        JobQueue queue = { .event = loop, .owner = "guest", .patience = 1000 };
        Work a = make('a', PENDING), b = make('b', DONE), c = make('c', DONE);

        memset(story, 0, sizeof(story));
        begin(&queue, &a);
        begin(&queue, &b);
        begin(&queue, &c);
        while (c.told == ERROR_NONE)
                CHECK(sd_event_run(loop, UINT64_MAX) >= 0);
        CHECK(b.told == ERROR_OPERATION_TIMEOUT);
        CHECK_TEXT(story, "a!!");
        job_done(&a.job, 0, NULL);
        CHECK_TEXT(story, "a!!.");
        CHECK(!queue.running && !queue.last);
}

/* ---- resources ---- */

static unsigned freed;

static void resource_gone(Resource *resource) {
        free(resource->name);
        free(resource);
        freed++;
}

static Resource *resource_make(const char *name, uint8_t number) {
        Resource *resource = calloc(1, sizeof(*resource));

        *resource = (Resource) { .references = 1, .name = strdup(name), .free = resource_gone };
        resource->uuid.bytes[0] = number;
        resource->queue = (JobQueue) { .event = loop, .owner = resource->name };
        return resource;
}

static void test_set(void) {
        ResourceSet set = {};
        Resource *one = resource_make("one", 1), *two = resource_make("two", 2),
                 *same_name = resource_make("one", 3), *same_uuid = resource_make("four", 1);

        CHECK(resource_set_attach(&set, one) == 0 && resource_set_attach(&set, two) == 0);
        CHECK(resource_set_attach(&set, same_name) == -EEXIST);
        CHECK(resource_set_attach(&set, same_uuid) == -EEXIST);
        CHECK(set.n == 2 && one->attached && !same_name->attached);
        CHECK(resource_set_by_name(&set, "two") == two &&
              resource_set_by_uuid(&set, one->uuid) == one);
        CHECK(resource_set_rename(&set, one, "two") == -EEXIST);
        CHECK(resource_set_rename(&set, one, "uno") == 0);
        CHECK(resource_set_by_name(&set, "uno") == one && !resource_set_by_name(&set, "one"));
        CHECK_TEXT(one->queue.owner, "uno");
        CHECK(resource_set_attach(&set, same_name) == 0);

        resource_unref(same_name);
        resource_unref(same_uuid);
        CHECK(freed == 1);
        resource_set_detach(&set, one);
        CHECK(!one->attached && !resource_set_by_name(&set, "uno") && set.n == 2 &&
              set.items[0] == two);
        resource_unref(one);
        resource_unref(two);
        resource_set_clear(&set);
        CHECK(freed == 4);
}

/* A job may hold the last reference to the resource whose queue it leaves. */
static void test_last_reference(void) {
        ResourceSet set = {};
        Resource *resource = resource_make("gone", 9);
        Work running = make('r', PENDING), waiting = make('w', DONE);

        CHECK(resource_set_attach(&set, resource) == 0);
        running.resource = resource_ref(resource);
        waiting.resource = resource_ref(resource);
        begin(&resource->queue, &running);
        begin(&resource->queue, &waiting);
        freed = 0;
        resource_unref(resource);
        resource_set_detach(&set, resource);
        CHECK(waiting.told == ERROR_NO_DOMAIN && freed == 0);
        job_done(&running.job, 0, NULL);
        CHECK(freed == 1);
        resource_set_clear(&set);
}

/* ---- facts ---- */

static EventHub hub;
static EventWatch *second;

static void first_hears(const Event *event, void *userdata) {
        note('1');
        event_unwatch(&hub, second);
        second = NULL;
}

static void hears(const Event *event, void *userdata) {
        note(*(char *) userdata);
}

static void test_hub(void) {
        char two = '2', three = '3';
        Event event = { .kind = EVENT_REBOOT };

        memset(story, 0, sizeof(story));
        CHECK(event_watch(&hub, first_hears, NULL, NULL) == 0);
        CHECK(event_watch(&hub, hears, &two, &second) == 0);
        CHECK(event_watch(&hub, hears, &three, NULL) == 0);
        event_report(&hub, &event);
        event_report(&hub, &event);
        CHECK_TEXT(story, "1313");
        event_hub_done(&hub);
        event_report(&hub, &event);
        CHECK_TEXT(story, "1313");
}

int main(void) {
        CHECK(sd_event_new(&loop) >= 0);
        test_order();
        test_many();
        test_patience();
        test_set();
        test_last_reference();
        test_hub();
        sd_event_unref(loop);
        return 0;
}
