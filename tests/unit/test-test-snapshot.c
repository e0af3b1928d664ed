/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Snapshots of the test driver's guests: made, described, reverted to, deleted. */
#include <stdarg.h>

#include "conf/api-domain.h"
#include "conf/api-snapshot.h"
#include "drivers/snapshot.h"
#include "tale.h"

enum { RUNNING_AFTER = DOMAIN_SNAPSHOT_REVERT_RUNNING, PAUSED_AFTER = DOMAIN_SNAPSHOT_REVERT_PAUSED,
       FORCE = DOMAIN_SNAPSHOT_REVERT_FORCE };

#define NAMED(name) "<domainsnapshot><name>" name "</name></domainsnapshot>"

static Snapshot *make(Domain *test, const char *name, uint32_t flags) {
        char xml[128];

        snprintf(xml, sizeof(xml), NAMED("%s"), name);
        MUST(test_snapshots.create, test, xml, flags);
        return snapshot_of(job.result.resource);
}

static char *text_of(const Snapshot *snapshot, uint32_t flags) {
        char *text;

        CHECK(snapshot_xml(snapshot, flags, &text, NULL) >= 0);
        return text;
}

static void test_create(void) {
        Domain *test = again();
        Snapshot *first = make(test, "first", 0), *second, *unnamed;

        TALE("+first");
        CHECK(first->current && !first->base && first->state == DOMAIN_RUNNING);
        CHECK(!first->external && !first->disk_only && first->created > 0);
        HOLDS(text_of(first, 0), "<state>running</state>");
        HOLDS(text_of(first, 0), "<memory snapshot='internal'/>");
        HOLDS(text_of(first, 0), "<disk name='vda' snapshot='internal'/>");
        HOLDS(text_of(first, 0), "<domain type='test' id='1'>");
        HOLDS(text_of(first, 0), "<inactiveDomain type='test'>");
        LACKS(text_of(first, 0), "<active>");
        second = make(test, "second", 0);
        CHECK(second->base == first && second->current && !first->current);
        CHECK(snapshot_current(test) == second && snapshot_descends(second, first));
        HOLDS(text_of(second, 0), "<name>first</name>");
        MUST(test_snapshots.create, test, "<domainsnapshot/>", 0);
        unnamed = snapshot_of(job.result.resource);
        CHECK(labs(strtol(unnamed->resource.name, NULL, 10) - unnamed->created) <= 2);
        CHECK(strncmp(tale, "+second +", 9) == 0);
}

static void test_refusals(void) {
        Domain *test = again();

        (void) make(test, "s", 0);
        tale[0] = 0;
        REFUSED(ERROR_OPERATION_FAILED, "already exists", test_snapshots.create, test, NAMED("s"),
                0);
        REFUSED(ERROR_XML, "'/'", test_snapshots.create, test, NAMED("a/b"), 0);
        REFUSED(ERROR_XML, "'.'", test_snapshots.create, test, NAMED(".a"), 0);
        REFUSED(ERROR_XML, "", test_snapshots.create, test, "<domain/>", 0);
        REFUSED(ERROR_INVALID_ARG, "", test_snapshots.create, test, NAMED("t"),
                DOMAIN_SNAPSHOT_CREATE_CURRENT);
        REFUSED(ERROR_INVALID_ARG, "", test_snapshots.create, test, NAMED("t"),
                DOMAIN_SNAPSHOT_CREATE_QUIESCE);
        REFUSED(ERROR_OPERATION_UNSUPPORTED, "", test_snapshots.create, test, NAMED("t"),
                DOMAIN_SNAPSHOT_CREATE_NO_METADATA);
        REFUSED(ERROR_CONFIG_UNSUPPORTED, "vdx", test_snapshots.create, test,
                "<domainsnapshot><disks><disk name='vdx'/></disks></domainsnapshot>", 0);
        REFUSED(ERROR_CONFIG_UNSUPPORTED, "external", test_snapshots.create, test,
                "<domainsnapshot><disks><disk name='vda' snapshot='internal'/></disks>"
                "</domainsnapshot>",
                DOMAIN_SNAPSHOT_CREATE_DISK_ONLY);
        CHECK(snapshot_count(test) == 1);
        TALE("");
}

static void test_disk_only(void) {
        Domain *test = again();
        Snapshot *s = make(test, "d", DOMAIN_SNAPSHOT_CREATE_DISK_ONLY |
                                              DOMAIN_SNAPSHOT_CREATE_QUIESCE);

        CHECK(s->disk_only && s->external);
        HOLDS(text_of(s, 0), "<state>disk-snapshot</state>");
        HOLDS(text_of(s, 0), "<disk name='vda' snapshot='external' type='file'>");
        HOLDS(text_of(s, 0), "<source file='/guest/diskimage1.d'/>");
        HOLDS(xml_of(test, 0), "<source file='/guest/diskimage1.d'/>");
        HOLDS(xml_of(test, DOMAIN_XML_INACTIVE), "<source file='/guest/diskimage1.d'/>");
        tale[0] = 0;
        MUST(test_snapshots.revert, s, 0);
        TALE("(5,6) ~65");
        HOLDS(xml_of(test, 0), "<source file='/guest/diskimage1'/>");

        test = again();
        s = make(test, "h", DOMAIN_SNAPSHOT_CREATE_HALT);
        STATE(test, DOMAIN_SHUTOFF, DOMAIN_SHUTOFF_FROM_SNAPSHOT);
        TALE("+h (5,6) ~65");
        CHECK(s->state == DOMAIN_RUNNING);
        REFUSED(ERROR_OPERATION_INVALID, "not running", test_snapshots.create, test, NAMED("q"),
                DOMAIN_SNAPSHOT_CREATE_QUIESCE | DOMAIN_SNAPSHOT_CREATE_DISK_ONLY);
}

/* ---- revert: every way from one state to another ---- */

static const char *const states[] = { "off", "running", "paused" };

static void bring(Domain *test, int to) {
        if (to == 0)
                MUST(test_lifecycle.destroy, test, 0);
        if (to == 2)
                MUST(test_lifecycle.suspend, test);
}

static void test_revert(void) {
        static const struct {
                int from, to;
                const char *tale;
        } ways[] = {
                { 0, 0, "" },
                { 0, 1, "~40 (2,3) ~45" },
                { 0, 2, "~40 (2,3) ~45 ~40 (3,5)" },
                { 1, 0, "(5,6) ~65" },
                { 1, 1, "~40" },
                { 1, 2, "~40 (3,5)" },
                { 2, 0, "(5,6) ~65" },
                { 2, 1, "~40 (4,2)" },
                { 2, 2, "~40" },
        };

        for (size_t i = 0; i < ELEMENTS(ways); i++) {
                Domain *test = again();
                Snapshot *s;

                bring(test, ways[i].to);
                s = make(test, states[ways[i].to], 0);
                if (ways[i].to == 0)
                        MUST(test_lifecycle.start, test, 0);
                else if (ways[i].to == 2)
                        MUST(test_lifecycle.resume, test);
                bring(test, ways[i].from);
                tale[0] = 0;
                MUST(test_snapshots.revert, s, 0);
                if (strcmp(tale, ways[i].tale) != 0)
                        fprintf(stderr, "from %s to %s:\n", states[ways[i].from],
                                states[ways[i].to]);
                TALE(ways[i].tale);
                CHECK(domain_is_active(test) == (ways[i].to > 0));
                CHECK(test->state == (ways[i].to == 0   ? DOMAIN_SHUTOFF
                                      : ways[i].to == 1 ? DOMAIN_RUNNING
                                                        : DOMAIN_PAUSED));
        }
}

static void test_revert_flags(void) {
        Domain *test = again();
        Snapshot *off, *running = make(test, "running", 0);

        MUST(test_snapshots.revert, running, PAUSED_AFTER);
        STATE(test, DOMAIN_PAUSED, DOMAIN_PAUSED_FROM_SNAPSHOT);
        MUST(test_snapshots.revert, running, RUNNING_AFTER);
        STATE(test, DOMAIN_RUNNING, DOMAIN_RUNNING_FROM_SNAPSHOT);
        REFUSED(ERROR_INVALID_ARG, "both", test_snapshots.revert, running,
                RUNNING_AFTER | PAUSED_AFTER);
        bring(test, 0);
        off = make(test, "off", 0);
        MUST(test_lifecycle.start, test, 0);
        tale[0] = 0;
        REFUSED(ERROR_SNAPSHOT_RISKY, "respawn", test_snapshots.revert, off, RUNNING_AFTER);
        TALE("");
        MUST(test_snapshots.revert, off, RUNNING_AFTER | FORCE);
        TALE("(5,6) ~65 ~40 (2,3) ~45");
        CHECK(snapshot_current(test) == off);

        /* a guest that is another one can't just go on as what it was */
        bring(test, 0);
        MUST(test_processors.set_memory, test, 4194304, DOMAIN_MEM_MAXIMUM | DOMAIN_AFFECT_CONFIG);
        MUST(test_lifecycle.start, test, 0);
        tale[0] = 0;
        REFUSED(ERROR_SNAPSHOT_RISKY, "memory", test_snapshots.revert, running, 0);
        TALE("");
        MUST(test_snapshots.revert, running, FORCE);
        TALE("(5,6) ~65 ~40 (2,3) ~45");
        HOLDS(xml_of(test, 0), "<memory unit='KiB'>8388608</memory>");
        HOLDS(xml_of(test, DOMAIN_XML_INACTIVE), "<memory unit='KiB'>8388608</memory>");

        MUST(test_definitions.undefine, test, DOMAIN_UNDEFINE_SNAPSHOTS_METADATA);
        CHECK(snapshot_count(test) == 2);
        REFUSED(ERROR_OPERATION_INVALID, "transient", test_snapshots.revert, off, 0);
        tale[0] = 0;
        MUST(test_lifecycle.destroy, test, 0);
        TALE("(5,1) ~65 -off -running -test");
}

/* ---- delete ---- */

static void test_delete(void) {
        Domain *test = again();
        Snapshot *a = make(test, "a", 0), *b = make(test, "b", 0), *c = make(test, "c", 0), *d;

        MUST(test_snapshots.revert, b, 0);
        d = make(test, "d", 0);
        CHECK(d->base == b && snapshot_has_children(b) && !snapshot_has_children(c));
        tale[0] = 0;
        MUST(test_snapshots.delete, b, 0);
        TALE("-b");
        CHECK(c->base == a && d->base == a && snapshot_current(test) == d);
        HOLDS(text_of(c, 0), "<parent>\n    <name>a</name>");
        REFUSED(ERROR_INVALID_ARG, "exclusive", test_snapshots.delete, a,
                DOMAIN_SNAPSHOT_DELETE_CHILDREN | DOMAIN_SNAPSHOT_DELETE_CHILDREN_ONLY);
        MUST(test_snapshots.delete, a, DOMAIN_SNAPSHOT_DELETE_CHILDREN_ONLY);
        TALE("-c -d");
        CHECK(snapshot_current(test) == a);
        (void) make(test, "e", 0);
        tale[0] = 0;
        MUST(test_snapshots.delete, a,
             DOMAIN_SNAPSHOT_DELETE_CHILDREN | DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY);
        TALE("-e -a");
        CHECK(!snapshot_current(test) && snapshot_count(test) == 0);

        (void) make(test, "x", 0);
        bring(test, 0);
        REFUSED(ERROR_OPERATION_INVALID, "1 snapshot", test_definitions.undefine, test, 0);
        tale[0] = 0;
        MUST(test_definitions.undefine, test, DOMAIN_UNDEFINE_SNAPSHOTS_METADATA);
        TALE("(1,0) -x -test");
}

/* ---- described from outside ---- */

#define DESCRIBED(name, more) \
        "<domainsnapshot><name>" name "</name><creationTime>100</creationTime>" more \
        "</domainsnapshot>"

static void test_redefine(void) {
        const uint32_t flags = DOMAIN_SNAPSHOT_CREATE_REDEFINE;
        Domain *test = again();
        Snapshot *s = make(test, "s", 0), *t;
        _cleanup_(freep) char *text = text_of(s, DOMAIN_SNAPSHOT_XML_SECURE);

        tale[0] = 0;
        MUST(test_snapshots.create, test, DESCRIBED("t", "<state>shutoff</state>"
                                                         "<parent><name>s</name></parent>"),
             flags);
        TALE("+t");
        t = snapshot_by_name(test, "t");
        CHECK(t->base == s && t->created == 100 && !t->current && s->current);
        REFUSED(ERROR_SNAPSHOT_RISKY, "rollback info", test_snapshots.revert, t, FORCE);
        MUST(test_snapshots.create, test, DESCRIBED("t", "<state>shutoff</state>"),
             flags | DOMAIN_SNAPSHOT_CREATE_CURRENT);
        TALE("");
        CHECK(!t->base && t->current && snapshot_by_name(test, "t") == t);
        MUST(test_snapshots.create, test, text, flags);
        CHECK(snapshot_count(test) == 2);

        REFUSED(ERROR_XML, "name", test_snapshots.create, test, "<domainsnapshot/>", flags);
        REFUSED(ERROR_XML, "creationTime", test_snapshots.create, test, NAMED("u"), flags);
        REFUSED(ERROR_XML, "state", test_snapshots.create, test, DESCRIBED("u", ""), flags);
        REFUSED(ERROR_INVALID_ARG, "not found", test_snapshots.create, test,
                DESCRIBED("u", "<state>shutoff</state><parent><name>v</name></parent>"), flags);
        REFUSED(ERROR_INVALID_ARG, "own parent", test_snapshots.create, test,
                DESCRIBED("u", "<state>shutoff</state><parent><name>u</name></parent>"), flags);
        REFUSED(ERROR_INVALID_ARG, "online", test_snapshots.create, test,
                DESCRIBED("t", "<state>running</state>"), flags);
        REFUSED(ERROR_INVALID_ARG, "uuid", test_snapshots.create, test,
                DESCRIBED("u", "<state>shutoff</state><domain type='test'><name>test</name>"
                               "<uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid></domain>"),
                flags);
        MUST(test_snapshots.create, test, DESCRIBED("w", "<state>shutoff</state>"
                                                         "<parent><name>t</name></parent>"),
             flags);
        REFUSED(ERROR_INVALID_ARG, "cycle", test_snapshots.create, test,
                DESCRIBED("t", "<state>shutoff</state><parent><name>w</name></parent>"), flags);
}

int main(void) {
        tale_begin();
        test_create();
        test_refusals();
        test_disk_only();
        test_revert();
        test_revert_flags();
        test_delete();
        test_redefine();
        return world_end();
}
