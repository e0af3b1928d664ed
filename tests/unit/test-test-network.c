/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Networks of the test driver. */
#include "conf/api.h"
#include "drivers/network.h"
#include "world.h"

static Network *network(const char *name) {
        Resource *resource = find(RESOURCE_NETWORK, name);

        return resource ? network_of(resource) : NULL;
}

static char *xml_of(const char *name, uint32_t flags) {
        char *text;

        CHECK(network_xml(network(name), flags, &text, NULL) >= 0);
        return text;
}

static void test_default(void) {
        Network *network_default = network("default");
        char uuid[UUID_TEXT_MAX];

        CHECK(world->sets[RESOURCE_NETWORK].n == 1);
        CHECK(network_default->defined.active && network_default->defined.persistent);
        CHECK(!network_default->defined.autostart);
        CHECK_TEXT(network_default->bridge, "virbr0");
        CHECK_TEXT(uuid_format(network_default->defined.resource.uuid, uuid),
                   "dd8fe884-6c02-601e-7551-cca97df1c5df");
        HOLDS(xml_of("default", 0), "<ip address='192.168.122.1' netmask='255.255.255.0'>");
        STORY("");
}

static void test_life(void) {
        Network *n = network("default");

        REFUSED(ERROR_OPERATION_INVALID, "already active", test_networks.start, n);
        REFUSED(ERROR_OPERATION_INVALID, "still running", test_networks.undefine, n);
        CHECK(defined_set_autostart(&n->defined, true, NULL) >= 0);
        MUST(test_networks.destroy, n);
        MUST(test_networks.start, n);
        MUST(test_networks.destroy, n);
        STORY("default~2 default(3) default~1 default(2) default~1 default(3) default~1");
        REFUSED(ERROR_OPERATION_INVALID, "not active", test_networks.destroy, n);
        MUST(test_networks.undefine, n);
        STORY("default~2 default(1) -default");
        CHECK(!network("default"));
        CHECK(test_reset(world, NULL) >= 0);
        CHECK(network("default"));
        story[0] = 0;
}

/* The uuid as 32 digits, and attributes in double quotes. */
#define BAR                                                                                      \
        "<network><name>bar</name><uuid>004b96e12d78c30f5aa5f03c87d21e69</uuid>"                 \
        "<bridge name='brdefault'/><forward dev=\"eth0\"/>"                                      \
        "<ip address='192.168.122.1' netmask='255.255.255.0'><dhcp>"                             \
        "<range start='192.168.122.128' end='192.168.122.253'/></dhcp></ip></network>"

static void test_texts(void) {
        char uuid[UUID_TEXT_MAX];

        MUST(test_networks.create, world, BAR);
        STORY("+bar bar(2) bar~1");
        CHECK(job.result.resource == &network("bar")->defined.resource);
        CHECK_TEXT(uuid_format(network("bar")->defined.resource.uuid, uuid),
                   "004b96e1-2d78-c30f-5aa5-f03c87d21e69");
        MUST(test_networks.destroy, network("bar"));
        STORY("bar(3) bar~1 -bar");
        MUST(test_networks.define, world, BAR);
        STORY("+bar bar(0)");
        CHECK(!network("bar")->defined.active);
        MUST(test_networks.create, world, BAR); /* what is defined can be run from XML */
        STORY("bar(2) bar~1");
        MUST(test_networks.destroy, network("bar"));
        MUST(test_networks.undefine, network("bar"));
        STORY("bar(3) bar~1 bar(1) -bar");
        REFUSED(ERROR_XML, "", test_networks.define, world, "<network/>");
        REFUSED(ERROR_XML, "", test_networks.define, world, "no XML");
        STORY("");
}

#define HOST "<host mac='00:16:3e:77:e2:ed' name='foo.example.com' ip='192.168.122.10'/>"

static void test_update(void) {
        Network *n = network("default");

        MUST(test_networks.update, n, UPDATE_ADD_FIRST, SECTION_IP_DHCP_HOST, 0,
             "\n    " HOST "\n    ", 0);
        HOLDS(xml_of("default", 0), HOST);
        LACKS(xml_of("default", XML_INACTIVE), HOST);
        MUST(test_networks.update, n, UPDATE_ADD_FIRST, SECTION_IP_DHCP_HOST, 0, HOST,
             NETWORK_UPDATE_AFFECT_CONFIG);
        HOLDS(xml_of("default", XML_INACTIVE), HOST);

        /* nothing when one of the two can't be */
        REFUSED(ERROR_OPERATION_INVALID, "", test_networks.update, n, UPDATE_ADD_LAST,
                SECTION_IP_DHCP_HOST, 0, HOST,
                NETWORK_UPDATE_AFFECT_CONFIG | NETWORK_UPDATE_AFFECT_LIVE);
        MUST(test_networks.update, n, UPDATE_DELETE, SECTION_IP_DHCP_HOST, 0, HOST,
             NETWORK_UPDATE_AFFECT_CONFIG | NETWORK_UPDATE_AFFECT_LIVE);
        LACKS(xml_of("default", 0), HOST);
        LACKS(xml_of("default", XML_INACTIVE), HOST);

        MUST(test_networks.destroy, n);
        REFUSED(ERROR_OPERATION_INVALID, "not active", test_networks.update, n, UPDATE_ADD_LAST,
                SECTION_IP_DHCP_HOST, 0, HOST, NETWORK_UPDATE_AFFECT_LIVE);
        MUST(test_networks.update, n, UPDATE_ADD_LAST, SECTION_IP_DHCP_HOST, 0, HOST, 0);
        HOLDS(xml_of("default", XML_INACTIVE), HOST);
        MUST(test_networks.start, n);
        HOLDS(xml_of("default", 0), HOST);

        MUST(test_networks.create, world, BAR);
        REFUSED(ERROR_OPERATION_INVALID, "transient", test_networks.update, network("bar"),
                UPDATE_ADD_LAST, SECTION_IP_DHCP_HOST, 0, HOST, NETWORK_UPDATE_AFFECT_CONFIG);
        CHECK(test_reset(world, NULL) >= 0);
        story[0] = 0;
}

/* a(sxisssuss): the domain that runs has one adapter. */
static void test_leases(void) {
        const Value *v;

        MUST(test_networks.leases, network("default"), NULL, 0);
        v = job.result.values.items;
        CHECK(job.result.values.n == 10 && v[0].type == VALUE_ARRAY && v[0].n == 1);
        CHECK_TEXT(v[1].s, "virbr0");
        CHECK(v[2].x == 0 && v[3].i == 0 && v[7].u == 24);
        CHECK_TEXT(v[4].s, "aa:bb:cc:dd:ee:ff");
        CHECK_TEXT(v[6].s, "192.168.122.3"); /* what its InterfaceAddresses are */
        MUST(test_networks.leases, network("default"), "AA:BB:CC:DD:EE:FF", 0);
        CHECK(job.result.values.items[0].n == 1);
        MUST(test_networks.leases, network("default"), "aa:bb:cc:dd:ee:00", 0);
        CHECK(job.result.values.items[0].n == 0);

        MUST(test_networks.update, network("default"), UPDATE_ADD_LAST, SECTION_IP_DHCP_HOST, 0,
             "<host mac='AA:BB:CC:DD:EE:FF' name='fixed' ip='192.168.122.77'/>", 0);
        MUST(test_networks.leases, network("default"), NULL, 0);
        CHECK_TEXT(job.result.values.items[6].s, "192.168.122.77");
        CHECK_TEXT(job.result.values.items[8].s, "fixed");
        MUST(test_networks.destroy, network("default"));
        REFUSED(ERROR_OPERATION_INVALID, "not active", test_networks.leases, network("default"),
                NULL, 0);
}

int main(void) {
        world_begin();
        test_default();
        test_life();
        test_texts();
        test_update();
        test_leases();
        return world_end();
}
