/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names in paths, the paths of every kind of resource, how they are found by them, and what polkit
 * is told. */
#include <stdarg.h>
#include <sys/socket.h>

#include "drivers/interface.h"
#include "drivers/network.h"
#include "drivers/node-device.h"
#include "drivers/nwfilter.h"
#include "drivers/secret.h"
#include "drivers/snapshot.h"
#include "drivers/storage.h"
#include "objects/lookup.h"
#include "objects/path.h"
#include "toy.h"

static Connection *connection;
static Tree *tree;
static sd_bus *server;

/* ---- names ---- */

static void encodes(const char *name, const char *expected) {
        _cleanup_(freep) char *back = path_decode(expected);
        char leaf[64];

        CHECK(path_encode(name, leaf, sizeof(leaf)) == (int) strlen(expected));
        CHECK_TEXT(leaf, expected);
        CHECK_TEXT(back, name);
}

static void test_encoding(void) {
        static const char *const bad[] = { "_", "_4", "_5F", "_61", "a-b", "_00", "_g0", "_5" };
        char small[5];

        encodes("eth0", "eth0");
        encodes("0", "0");
        encodes("", "");
        encodes("pci_0000_00", "pci_5f0000_5f00");
        encodes("52:54:00", "52_3a54_3a00");
        encodes("\xc3\xa4/", "_c3_a4_2f");
        encodes("/var/lib/x.qcow2", "_2fvar_2flib_2fx_2eqcow2");
        for (size_t i = 0; i < ELEMENTS(bad); i++)
                CHECK(!path_decode(bad[i]));

        /* Whole letters only, never past the end. */
        memset(small, 'x', sizeof(small));
        CHECK(path_encode("a//", small, 5) == 7);
        CHECK_TEXT(small, "a_2f");
        CHECK(path_encode("a//", small, 4) == 7);
        CHECK_TEXT(small, "a");
        CHECK(path_encode("", NULL, 0) == 0);
}

static void test_uuids(void) {
        static const char *const bad[] = {
                "", "_", "c7a5fdbd_edaf_9455_926a_d65c16db1801",
                "_c7a5fdbd-edaf-9455-926a-d65c16db1801", "_C7A5fdbd_edaf_9455_926a_d65c16db1801",
                "_c7a5fdbdedaf_9455_926a_d65c16db1801_", "_c7a5fdbd_edaf_9455_926a_d65c16db180",
        };
        const char *rest;
        Uuid uuid;

        CHECK(path_uuid_parse("_c7a5fdbd_edaf_9455_926a_d65c16db1801_x", &uuid, &rest) == 0);
        CHECK_TEXT(rest, "_x");
        for (size_t i = 0; i < ELEMENTS(bad); i++)
                CHECK(path_uuid_parse(bad[i], &uuid, &rest) < 0);
}

/* ---- one of each kind ---- */

#define UUID_LINE "<uuid>" TOY_UUID "1</uuid>"
#define UUID_LEAF "_c7a5fdbd_edaf_9455_926a_d65c16db1801"

static const struct Sample {
        const DefinedKind *kind;
        const char *name, *key, *uuid, *xml, *leaf, *details;
} samples[] = {
        { &network_kind_defined, "lan", NULL, TOY_UUID "1",
          "<network><name>lan</name>" UUID_LINE "</network>", "network/" UUID_LEAF,
          "network_name=lan network_uuid=" TOY_UUID "1 " },
        { &nwfilter_kind_defined, "wall", NULL, TOY_UUID "1",
          "<filter name='wall' chain='root'>" UUID_LINE "</filter>", "nwfilter/" UUID_LEAF,
          "nwfilter_name=wall nwfilter_uuid=" TOY_UUID "1 " },
        { &secret_kind_defined, TOY_UUID "1", NULL, TOY_UUID "1",
          "<secret ephemeral='no' private='no'>" UUID_LINE
          "<usage type='iscsi'><target>disks</target></usage></secret>", "secret/" UUID_LEAF,
          "secret_uuid=" TOY_UUID "1 secret_usage_target=disks " },
        { &pool_kind_defined, "disks", NULL, TOY_UUID "1",
          "<pool type='dir'><name>disks</name>" UUID_LINE
          "<target><path>/disks</path></target></pool>", "storagepool/" UUID_LEAF,
          "pool_name=disks pool_uuid=" TOY_UUID "1 " },
        { &volume_kind_defined, "a.img", "/disks/a.img", NULL,
          "<volume type='file'><name>a.img</name><key>/disks/a.img</key><capacity>1</capacity>"
          "<target><path>/disks/a.img</path></target></volume>", "storagevol/_2fdisks_2fa_2eimg",
          "pool_name=disks pool_uuid=" TOY_UUID "1 vol_name=a.img vol_key=/disks/a.img " },
        { &interface_kind_defined, "eth0", "aa:bb:cc:dd:ee:ff", NULL,
          "<interface type='ethernet' name='eth0'><mac address='aa:bb:cc:dd:ee:ff'/></interface>",
          "interface/aa_3abb_3acc_3add_3aee_3aff",
          "interface_name=eth0 interface_macaddr=aa:bb:cc:dd:ee:ff " },
        { &interface_kind_defined, "tun0", NULL, NULL,
          "<interface type='ethernet' name='tun0'/>", "interface/tun0",
          "interface_name=tun0 interface_macaddr= " },
        { &node_device_kind_defined, "pci_0000_00_1f_2", NULL, NULL,
          "<device><name>pci_0000_00_1f_2</name><capability type='system'><hardware/><firmware/>"
          "</capability></device>", "nodedev/pci_5f0000_5f00_5f1f_5f2",
          "node_device_name=pci_0000_00_1f_2 " },
};

static Defined *made[ELEMENTS(samples)];

static Defined *make(const struct Sample *sample, const char *name) {
        DefinedIdentity who = { .name = name ?: sample->name, .key = sample->key };
        Defined *defined;
        Error error = {};

        if (sample->uuid)
                CHECK(uuid_parse(sample->uuid, &who.uuid) >= 0);
        if (sample->kind == &volume_kind_defined)
                who.parent = connection->sets[RESOURCE_POOL].items[0];
        if (defined_create(connection, sample->kind, &who, sample->xml, &defined, &error) < 0)
                CHECK_TEXT(error.message, "");
        defined->active = true;
        defined_announce(defined);
        return defined;
}

static void path_is(const Resource *resource, const char *leaf) {
        char path[OBJECT_PATH_MAX], expected[512];
        Object object;

        snprintf(expected, sizeof(expected), TOY_PATH "/%s", leaf);
        CHECK_TEXT(object_path(connection, resource, path), expected);
        CHECK(tree_find(tree, path, &object) && object.resource == resource);
        CHECK(object.kind == kind_of(resource));
        strcat(path, "_");
        CHECK(!tree_find(tree, path, &object));
        strcat(path, "2f");
        CHECK(!tree_find(tree, path, &object));
}

static void details_are(const Resource *resource, const char *expected) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        const char *key, *value;
        char text[512] = "";
        size_t n = 0;

        CHECK(sd_bus_message_new_signal(server, &message, "/", "a.b", "c") >= 0);
        CHECK(sd_bus_message_open_container(message, 'a', "{ss}") >= 0);
        CHECK(kind_of(resource)->details(resource, message) >= 0);
        CHECK(sd_bus_message_close_container(message) >= 0);
        CHECK(sd_bus_message_seal(message, 1, 0) >= 0);
        CHECK(sd_bus_message_enter_container(message, 'a', "{ss}") > 0);
        while (sd_bus_message_read(message, "{ss}", &key, &value) > 0)
                n += snprintf(text + n, sizeof(text) - n, "%s=%s ", key, value);
        CHECK_TEXT(text, expected);
}

static void test_kinds(void) {
        for (size_t i = 0; i < ELEMENTS(samples); i++) {
                made[i] = make(&samples[i], NULL);
                path_is(&made[i]->resource, samples[i].leaf);
                details_are(&made[i]->resource, samples[i].details);
        }
}

/* ---- snapshots ---- */

static void test_snapshots(void) {
        static const char domain_details[] = "domain_name=a domain_uuid=" TOY_UUID "1 ";
        Domain *domain = domain_of(connection->sets[RESOURCE_DOMAIN].items[0]);
        _cleanup_(snapshot_conf_freep) SnapshotConf *conf = NULL;
        Object object = { .tree = tree, .connection = connection };
        Snapshot *snapshot;
        Error error = {};

        if (snapshot_conf_parse("<domainsnapshot><name>before lunch</name><state>shutoff</state>"
                                "<creationTime>1</creationTime></domainsnapshot>", CONF_TRUSTED,
                                &conf, &error) < 0 ||
            snapshot_add(domain, conf, true, &snapshot, &error) < 0)
                CHECK_TEXT(error.message, "");
        path_is(&snapshot->resource, "domainsnapshot/" UUID_LEAF "_before_20lunch");
        details_are(&snapshot->resource, domain_details);
        CHECK(!tree_find(tree, TOY_PATH "/domainsnapshot/" UUID_LEAF, &object));
        CHECK(!tree_find(tree, TOY_PATH "/domainsnapshot/" UUID_LEAF "_", &object));
        CHECK(!tree_find(tree, TOY_PATH "/domainsnapshot/_c7a5fdbd_edaf_9455_926a_d65c16db1802"
                               "_before_20lunch", &object));

        object.resource = &snapshot->resource;
        CHECK(object_queue(&object) == &domain->resource.queue);
        object.resource = &domain->resource;
        CHECK(object_queue(&object) == &domain->resource.queue);
        object.resource = NULL;
        CHECK(!object_queue(&object));
}

/* ---- the longest names ---- */

static void test_long_names(void) {
        const struct Sample *sample = &samples[ELEMENTS(samples) - 1];
        char name[RESOURCE_NAME_MAX + 1], path[OBJECT_PATH_MAX];
        Defined *device;
        Object object;

        memset(name, '-', RESOURCE_NAME_MAX);
        name[RESOURCE_NAME_MAX] = 0;
        device = make(sample, name);
        object_path(connection, &device->resource, path);
        CHECK(strlen(path) == strlen(TOY_PATH "/nodedev/") + 3 * RESOURCE_NAME_MAX);
        CHECK(sd_bus_object_path_is_valid(path) > 0);
        CHECK(tree_find(tree, path, &object) && object.resource == &device->resource);
        path[strlen(path) - 1]--;
        CHECK(!tree_find(tree, path, &object));
}

/* ---- what is no path of ours ---- */

static void test_strangers(void) {
        static const char *const paths[] = {
                TOY_PATH "/network", TOY_PATH "/network/", TOY_PATH "/network/lan",
                TOY_PATH "/networks/" UUID_LEAF, TOY_PATH "/storagevol/a_2eimg",
                TOY_PATH "/interface/eth0", TOY_PATH "/interface/AA_3aBB_3aCC_3aDD_3aEE_3aFF",
                TOY_PATH "/nodedev/pci_0000_00_1f_2", TOY_PATH "/secret/" UUID_LEAF "/x", "/",
                "/org/libvirt", "/org/libvirt/To", "/org/libvirt/Toys",
        };
        Object object;

        for (size_t i = 0; i < ELEMENTS(paths); i++)
                CHECK(!tree_find(tree, paths[i], &object));
}

/* ---- filters ---- */

static bool is_odd(const Resource *resource) {
        return (uintptr_t) resource & 1;
}

static uint32_t two_bits(const Resource *resource) {
        return 4 | 16;
}

static void test_filters(void) {
        static const Filter filters[] = { { 1, 2, is_odd }, { 4 | 8 | 16, .bits = two_bits }, {} };
        const Resource *odd = (const Resource *) 1, *even = (const Resource *) 2;

        CHECK(filters_pass(NULL, odd, 0xff));
        CHECK(filters_pass(filters, odd, 0) && filters_pass(filters, even, 0));
        CHECK(filters_pass(filters, odd, 1) && !filters_pass(filters, even, 1));
        CHECK(!filters_pass(filters, odd, 2) && filters_pass(filters, even, 2));
        CHECK(filters_pass(filters, odd, 3) && filters_pass(filters, even, 3));
        CHECK(filters_pass(filters, odd, 4) && filters_pass(filters, odd, 8 | 16));
        CHECK(!filters_pass(filters, odd, 8) && !filters_pass(filters, even, 1 | 4));
}

int main(void) {
        sd_id128_t id;
        Store *store;
        int fds[2];

        CHECK(sd_event_new(&toy_loop) >= 0);
        connection = toy_connection(&store);
        CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
        CHECK(sd_id128_randomize(&id) >= 0);
        CHECK(sd_bus_new(&server) >= 0 && sd_bus_set_fd(server, fds[0], fds[0]) >= 0);
        CHECK(sd_bus_set_server(server, true, id) >= 0 && sd_bus_start(server) >= 0);
        CHECK(tree_new(server, &tree) >= 0);
        CHECK(tree_add(tree, connection) >= 0);

        test_encoding();
        test_uuids();
        test_kinds();
        test_snapshots();
        test_long_names();
        test_strangers();
        test_filters();

        tree_close(tree);
        connection_free(connection);
        tree_free(tree);
        close(fds[1]);
        sd_bus_close_unref(server);
        store_free(store);
        sd_event_unref(toy_loop);
        toy_remove(toy_folder);
        return 0;
}
