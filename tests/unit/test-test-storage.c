/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pools and volumes of the test driver. */
#include "conf/api.h"
#include "drivers/storage.h"
#include "world.h"

#define GIB (UINT64_C(1) << 30)

static Pool *pool(const char *name) {
        Resource *resource = find(RESOURCE_POOL, name);

        return resource ? pool_of(resource) : NULL;
}

static Volume *volume(const char *name) {
        Resource *resource = find(RESOURCE_VOLUME, name);

        return resource ? volume_of(resource) : NULL;
}

static char *pool_text(const char *name, uint32_t flags) {
        char *text;

        CHECK(pool_xml(pool(name), flags, &text, NULL) >= 0);
        return text;
}

static char *volume_text(const char *name) {
        char *text;

        CHECK(volume_xml(volume(name), 0, &text, NULL) >= 0);
        return text;
}

static void sizes_are(const char *name, uint64_t capacity, uint64_t allocation) {
        const Pool *p = pool(name);

        CHECK(p->capacity == capacity && p->allocation == allocation &&
              p->available == capacity - allocation);
}

static void again(void) {
        CHECK(test_reset(world, NULL) >= 0);
        story[0] = 0;
}

static void test_default(void) {
        const Pool *p = pool("default-pool");
        char uuid[UUID_TEXT_MAX];

        CHECK(world->sets[RESOURCE_POOL].n == 1 && world->sets[RESOURCE_VOLUME].n == 0);
        CHECK(p->defined.active && p->defined.persistent && p->state == POOL_RUNNING);
        CHECK(p->list_type == 1 << 6);
        CHECK_TEXT(uuid_format(p->defined.resource.uuid, uuid),
                   "dfe224cb-28fb-8dd0-c4b2-64eb3f0f4566");
        sizes_are("default-pool", 100 * GIB, 0);
        HOLDS(pool_text("default-pool", 0), "<available unit='bytes'>107374182400</available>");
        HOLDS(pool_text("default-pool", 0), "<path>/default-pool</path>");
}

static void test_life(void) {
        Pool *p = pool("default-pool");

        REFUSED(ERROR_OPERATION_INVALID, "storage pool 'default-pool' is already active",
                test_storage.start, p, 0);
        REFUSED(ERROR_OPERATION_INVALID, "active", test_storage.undefine, p);
        REFUSED(ERROR_OPERATION_INVALID, "active", test_storage.build, p, 0);
        REFUSED(ERROR_OPERATION_INVALID, "active", test_storage.delete, p, 0);
        MUST(test_storage.refresh, p, 0);
        STORY("default-pool*");
        MUST(test_storage.destroy, p);
        STORY("default-pool(3) default-pool~1");
        CHECK(p->state == POOL_INACTIVE);
        sizes_are("default-pool", 0, 0);
        HOLDS(pool_text("default-pool", 0), "<capacity unit='bytes'>0</capacity>");
        REFUSED(ERROR_OPERATION_INVALID, "storage pool 'default-pool' is not active",
                test_storage.refresh, p, 0);
        REFUSED(ERROR_OPERATION_INVALID, "not active", test_storage.create_volume, p,
                "<volume><name>v</name><capacity>1</capacity></volume>", 0);
        REFUSED(ERROR_INVALID_ARG, "both", test_storage.build, p,
                POOL_BUILD_OVERWRITE | POOL_BUILD_NO_OVERWRITE);
        MUST(test_storage.build, p, 0);
        MUST(test_storage.delete, p, 0);
        MUST(test_storage.start, p, 0);
        STORY("default-pool(4) default-pool(5) default-pool(2) default-pool~1");
        MUST(test_storage.destroy, p);
        MUST(test_storage.undefine, p);
        STORY("default-pool(3) default-pool~1 default-pool(1) -default-pool");
        again();
}

#define FOO                                                                                  \
        "<pool type='dir'><name>foo</name><uuid>35bb2ad9-388a-cdfe-461a-b8907f6e53fe</uuid>" \
        "<target><path>/foo</path></target></pool>"

static void test_texts(void) {
        MUST(test_storage.create, world, FOO, 0);
        STORY("+foo foo(2) foo~1");
        REFUSED(ERROR_OPERATION_INVALID, "already active as 'foo'", test_storage.create, world,
                FOO, 0);
        MUST(test_storage.destroy, pool("foo"));
        STORY("foo(3) foo~1 -foo");
        MUST(test_storage.define, world, FOO, 0);
        STORY("+foo foo(0)");
        MUST(test_storage.undefine, pool("foo"));
        STORY("foo(1) -foo");
        REFUSED(ERROR_XML, "", test_storage.define, world, "<pool type='dir'/>", 0);
}

#define VOLUME(name, capacity, more) \
        "<volume><name>" name "</name><capacity unit='G'>" capacity "</capacity>" more "</volume>"

static void test_volumes(void) {
        Pool *p = pool("default-pool");

        MUST(test_storage.create_volume, p,
             VOLUME("sparse.img", "2", "<target><path>/var/lib/virt/x.img</path></target>"), 0);
        STORY("+sparse.img");
        Volume *v = volume("sparse.img");
        CHECK(job.result.resource == &v->defined.resource && volume_pool(v) == p);
        CHECK_TEXT(v->defined.resource.key, "/default-pool/sparse.img");
        CHECK_TEXT(v->path, "/default-pool/sparse.img");
        CHECK(v->type == VOLUME_FILE && v->capacity == 2 * GIB && v->allocation == 2 * GIB);
        sizes_are("default-pool", 100 * GIB, 2 * GIB);
        HOLDS(volume_text("sparse.img"), "<capacity unit='bytes'>2147483648</capacity>");
        HOLDS(volume_text("sparse.img"), "<path>/default-pool/sparse.img</path>");
        CHECK(volume_by_path(world, "/default-pool/sparse.img") == v);
        CHECK(!volume_by_path(world, "/var/lib/virt/x.img"));

        REFUSED(ERROR_VOLUME_EXISTS, "sparse.img", test_storage.create_volume, p,
                VOLUME("sparse.img", "1", ""), 0);
        REFUSED(ERROR_XML, "", test_storage.create_volume, p, VOLUME("../up", "1", ""), 0);
        REFUSED(ERROR_OPERATION_FAILED, "not enough free space", test_storage.create_volume, p,
                VOLUME("big", "99", ""), 0);
        MUST(test_storage.create_volume, p,
             VOLUME("thin", "1000", "<allocation unit='G'>1</allocation>"), 0);
        sizes_are("default-pool", 100 * GIB, 3 * GIB);
        STORY("+thin");

        MUST(test_storage.clone_volume, p, VOLUME("clone.img", "1", ""), v, 0);
        STORY("+clone.img");
        CHECK(volume("clone.img")->capacity == 2 * GIB); /* not less than what it copies */
        sizes_are("default-pool", 100 * GIB, 5 * GIB);
        MUST(test_storage.delete_volume, v, 0);
        STORY("-sparse.img");
        sizes_are("default-pool", 100 * GIB, 3 * GIB);
}

static void test_resize(void) {
        Volume *v = volume("thin"); /* 1000 GiB, 1 of them there */

        REFUSED(ERROR_INVALID_ARG, "below current capacity", test_storage.resize_volume, v, 5 * GIB,
                0);
        MUST(test_storage.resize_volume, v, 5 * GIB, VOLUME_RESIZE_SHRINK);
        CHECK(v->capacity == 5 * GIB && v->allocation == GIB);
        REFUSED(ERROR_INVALID_ARG, "below existing allocation", test_storage.resize_volume, v,
                GIB / 2, VOLUME_RESIZE_SHRINK);
        MUST(test_storage.resize_volume, v, 2 * GIB, VOLUME_RESIZE_DELTA);
        CHECK(v->capacity == 7 * GIB && v->allocation == GIB);
        MUST(test_storage.resize_volume, v, 3 * GIB, VOLUME_RESIZE_DELTA | VOLUME_RESIZE_SHRINK);
        CHECK(v->capacity == 4 * GIB);
        MUST(test_storage.resize_volume, v, 6 * GIB, VOLUME_RESIZE_ALLOCATE);
        CHECK(v->capacity == 6 * GIB && v->allocation == 3 * GIB);
        sizes_are("default-pool", 100 * GIB, 5 * GIB);
        REFUSED(ERROR_OPERATION_FAILED, "not enough free space", test_storage.resize_volume, v,
                102 * GIB, 0);
        REFUSED(ERROR_INVALID_ARG, "2^64", test_storage.resize_volume, v, UINT64_MAX,
                VOLUME_RESIZE_DELTA);
        HOLDS(volume_text("thin"), "<capacity unit='bytes'>6442450944</capacity>");
        MUST(test_storage.wipe_volume, v, 0, 0);
        REFUSED(ERROR_INVALID_ARG, "wiping algorithm 10", test_storage.wipe_volume, v, 10, 0);
        STORY("");
}

/* A stopped pool shows no volumes, and has them again when it starts. */
static void test_disk(void) {
        Pool *p = pool("default-pool");

        MUST(test_storage.destroy, p);
        STORY("-clone.img -thin default-pool(3) default-pool~1");
        MUST(test_storage.start, p, 0);
        STORY("default-pool(2) default-pool~1 +thin +clone.img");
        sizes_are("default-pool", 100 * GIB, 5 * GIB);
        CHECK(volume("thin")->capacity == 6 * GIB);
        MUST(test_storage.destroy, p);
        MUST(test_storage.delete, p, 0);
        MUST(test_storage.start, p, 0);
        CHECK(!volume("thin"));
        sizes_are("default-pool", 100 * GIB, 0);
        again();
}

static void test_sources(void) {
        MUST(test_storage.find_sources, world, "logical", "", 0);
        CHECK(strstr(job.result.text, "<name>testvg1</name>"));
        MUST(test_storage.find_sources, world, "netfs",
             "<source><host name='a&lt;&apos;b'/></source>", 0);
        CHECK(strstr(job.result.text, "<dir path='/testshare'/>"));
        CHECK(!strstr(job.result.text, "a<'b"));
        REFUSED(ERROR_INVALID_ARG, "hostname", test_storage.find_sources, world, "netfs", "", 0);
        REFUSED(ERROR_NO_SUPPORT, "discovery", test_storage.find_sources, world, "dir", "", 0);
        REFUSED(ERROR_INVALID_ARG, "unknown", test_storage.find_sources, world, "tape", "", 0);
}

#define ADAPTER                                                                                \
        "<pool type='scsi'><name>vhba</name><source><adapter type='fc_host' "                  \
        "parent='scsi_host2' wwnn='20000000c9831b4b' wwpn='10000000c9831b4b'/></source>"       \
        "<target><path>/dev/disk/by-path</path></target></pool>"

/* A pool behind a virtual adapter brings it along. */
static void test_adapter(void) {
        MUST(test_storage.create, world, ADAPTER, 0);
        STORY("+scsi_host12 scsi_host12(0) +vhba vhba(2) vhba~1");
        MUST(test_storage.create_volume, pool("vhba"), VOLUME("lun0", "1", ""), 0);
        CHECK(volume("lun0")->type == VOLUME_BLOCK);
        story[0] = 0;
        MUST(test_storage.destroy, pool("vhba"));
        STORY("scsi_host12(1) -scsi_host12 -lun0 vhba(3) vhba~1 -vhba");
}

int main(void) {
        world_begin();
        test_default();
        test_life();
        test_texts();
        test_volumes();
        test_resize();
        test_disk();
        test_sources();
        test_adapter();
        return world_end();
}
