/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of the test driver: what is there, and vports that come and go. */
#include "drivers/node-device.h"
#include "world.h"

static NodeDevice *device(const char *name) {
        Resource *resource = find(RESOURCE_NODE_DEVICE, name);

        return resource ? node_device_of(resource) : NULL;
}

static char *xml_of(const char *name) {
        char *text;

        CHECK(node_device_xml(device(name), 0, &text, NULL) >= 0);
        return text;
}

static void caps_are(const char *name, const char *expected) {
        char all[256] = "";

        for (const char **cap = device(name)->caps; *cap; cap++)
                snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s ", *cap);
        CHECK_TEXT(all, expected);
}

static void test_default(void) {
        CHECK(world->sets[RESOURCE_NODE_DEVICE].n == 4);
        caps_are("computer", "system ");
        caps_are("scsi_host1", "scsi_host fc_host vports ");
        caps_are("scsi_host11", "scsi_host fc_host ");
        CHECK(device("computer")->list_caps == 1);
        CHECK(device("scsi_host2")->list_caps == (1 << 5 | 1 << 9 | 1 << 10));
        CHECK(!device("computer")->parent);
        CHECK_TEXT(device("scsi_host1")->parent, "computer");
        CHECK_TEXT(device("scsi_host11")->parent, "scsi_host1");
        CHECK(node_device_by_wwn(world, "2000000056785678", "1000000056785678") ==
              device("scsi_host2"));
        HOLDS(xml_of("computer"), "<uuid>11111111-2222-3333-4444-555555555555</uuid>");
        HOLDS(xml_of("scsi_host1"), "<vports>1</vports>");
}

#define VPORT(parent, names)                                                                    \
        "<device><name>scsi_host22</name>" parent "<capability type='scsi_host'><host>22</host>" \
        "<unique_id>22</unique_id><capability type='fc_host'>" names "</capability>"             \
        "</capability></device>"
#define NAMES                                                                       \
        "<wwnn>2000000098765432</wwnn><wwpn>1000000098765432</wwpn>"                \
        "<fabric_wwn>2000000098769876</fabric_wwn>"

static void test_vport(void) {
        MUST(test_node_devices.create, world, VPORT("<parent>scsi_host2</parent>", NAMES), 0);
        STORY("+scsi_host12 scsi_host12(0)");
        CHECK(job.result.resource == &device("scsi_host12")->defined.resource);
        CHECK_TEXT(device("scsi_host12")->parent, "scsi_host2");
        CHECK_TEXT(device("scsi_host12")->wwnn, "2000000098765432");
        caps_are("scsi_host12", "scsi_host fc_host ");
        HOLDS(xml_of("scsi_host12"), "<host>12</host>");
        HOLDS(xml_of("scsi_host12"), "<fabric_wwn>2000000087658765</fabric_wwn>");
        HOLDS(xml_of("scsi_host2"), "<vports>1</vports>");
        REFUSED(ERROR_OPERATION_FAILED, "there is an adapter", test_node_devices.create, world,
                VPORT("<parent>scsi_host2</parent>", NAMES), 0);

        MUST(test_node_devices.destroy, device("scsi_host12"));
        STORY("scsi_host12(1) -scsi_host12");
        HOLDS(xml_of("scsi_host2"), "<vports>0</vports>");
}

/* Each way to name a parent, and names that are invented: the same each time. */
static void test_parents(void) {
        static const char *const parents[] = {
                "<parent wwnn='2000000056785678' wwpn='1000000056785678'/>",
                "<parent fabric_wwn='2000000087658765'/>",
                "<parent>scsi_host2</parent>",
                "",
        };
        static const char *const expected[] = { "scsi_host2", "scsi_host2", "scsi_host2",
                                                "scsi_host1" };

        for (size_t i = 0; i < ELEMENTS(parents); i++) {
                char xml[1024], name[32], wwpn[32];

                snprintf(xml, sizeof(xml), VPORT("%s", ""), parents[i]);
                MUST(test_node_devices.create, world, xml, 0);
                snprintf(name, sizeof(name), "scsi_host%zu", 12 + i);
                snprintf(wwpn, sizeof(wwpn), "1000001a4a%06zx", i + 1);
                CHECK_TEXT(device(name)->parent, expected[i]);
                CHECK_TEXT(device(name)->wwpn, wwpn);
                CHECK(strncmp(device(name)->wwnn, "2000001a4a", 10) == 0);
        }
        CHECK(test_reset(world, NULL) >= 0);
        CHECK(world->sets[RESOURCE_NODE_DEVICE].n == 4);
        HOLDS(xml_of("scsi_host2"), "<vports>0</vports>");
        story[0] = 0;
}

static void test_refused(void) {
        REFUSED(ERROR_INTERNAL, "could not find parent device", test_node_devices.create, world,
                VPORT("<parent>scsi_host7</parent>", NAMES), 0);
        REFUSED(ERROR_INTERNAL, "not capable of vport operations", test_node_devices.create, world,
                VPORT("<parent>computer</parent>", NAMES), 0);
        REFUSED(ERROR_XML, "wwnn and wwpn", test_node_devices.create, world,
                VPORT("<parent wwnn='2000000056785678'/>", NAMES), 0);
        REFUSED(ERROR_XML, "malformed wwn", test_node_devices.create, world,
                VPORT("", "<wwnn>12</wwnn><wwpn>1000000098765432</wwpn>"), 0);
        REFUSED(ERROR_CONFIG_UNSUPPORTED, "only vports", test_node_devices.create, world,
                "<device><capability type='scsi_host'><host>1</host></capability></device>", 0);
        REFUSED(ERROR_INTERNAL, "parent device computer", test_node_devices.destroy,
                device("scsi_host1"));
        REFUSED(ERROR_CONFIG_UNSUPPORTED, "only vports", test_node_devices.destroy,
                device("computer"));
        STORY("");
        CHECK(!test_node_devices.detach && !test_node_devices.reattach && !test_node_devices.reset);
}

int main(void) {
        world_begin();
        test_default();
        test_vport();
        test_parents();
        test_refused();
        return world_end();
}
