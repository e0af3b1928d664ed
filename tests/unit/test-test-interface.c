/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Host interfaces of the test driver, and their transaction. */
#include "drivers/interface.h"
#include "world.h"

static HostInterface *interface(const char *name) {
        Resource *resource = find(RESOURCE_INTERFACE, name);

        return resource ? host_interface_of(resource) : NULL;
}

static char *xml_of(const char *name) {
        char *text;

        CHECK(host_interface_xml(interface(name), 0, &text, NULL) >= 0);
        return text;
}

static void test_default(void) {
        size_t n;

        CHECK(world->sets[RESOURCE_INTERFACE].n == 1);
        CHECK(interface("eth1")->defined.active);
        CHECK_TEXT(interface("eth1")->mac, "aa:bb:cc:dd:ee:ff");
        CHECK(host_interface_by_mac(world, "AA:bb:CC:dd:EE:ff", &n) == interface("eth1") && n == 1);
        CHECK(!host_interface_by_mac(world, "aa:bb:cc:dd:ee:00", &n) && n == 0);
        CHECK(!host_interface_by_mac(world, "no address", &n) && n == 0);
        HOLDS(xml_of("eth1"), "<ip address='192.168.0.5' prefix='24'/>");
        STORY("");
}

#define ETHERNET(name, mac)                                                                 \
        "<interface type='ethernet' name='" name "'><start mode='onboot'/><mac address='"   \
        mac "'/><mtu size='1492'/><protocol family='ipv4'><ip address='192.168.15.5' "      \
        "prefix='24'/><route gateway='192.168.15.1'/></protocol></interface>"

static void test_life(void) {
        HostInterface *i;
        size_t n;

        MUST(test_interfaces.define, world, ETHERNET("test-iface", "11:22:33:44:55:66"), 0);
        STORY("+test-iface test-iface(0)");
        i = interface("test-iface");
        CHECK(job.result.resource == &i->defined.resource && !i->defined.active);
        CHECK(host_interface_by_mac(world, "11:22:33:44:55:66", &n) == i);
        REFUSED(ERROR_OPERATION_INVALID, "interface 'test-iface' is not active",
                test_interfaces.destroy, i, 0);
        MUST(test_interfaces.start, i, 0);
        REFUSED(ERROR_OPERATION_INVALID, "already active", test_interfaces.start, i, 0);
        MUST(test_interfaces.define, world, ETHERNET("test-iface", "11:22:33:44:55:67"), 0);
        CHECK_TEXT(i->mac, "11:22:33:44:55:66");
        MUST(test_interfaces.destroy, i, 0);
        CHECK_TEXT(i->mac, "11:22:33:44:55:67");
        MUST(test_interfaces.define, world, ETHERNET("twin", "11:22:33:44:55:67"), 0);
        CHECK(host_interface_by_mac(world, "11:22:33:44:55:67", &n) == i && n == 2);
        story[0] = 0;
        MUST(test_interfaces.undefine, i);
        STORY("test-iface(1) -test-iface");
        MUST(test_interfaces.start, interface("twin"), 0);
        MUST(test_interfaces.undefine, interface("twin"));
        STORY("twin(2) twin~1 twin(1) -twin");
        REFUSED(ERROR_XML, "", test_interfaces.define, world, "<interface type='ethernet'/>", 0);
}

static void test_transaction(void) {
        REFUSED(ERROR_OPERATION_INVALID, "no transaction running", test_interfaces.change_commit,
                world, 0);
        REFUSED(ERROR_OPERATION_INVALID, "no transaction running", test_interfaces.change_rollback,
                world, 0);
        MUST(test_interfaces.change_begin, world, 0);
        REFUSED(ERROR_OPERATION_INVALID, "another transaction", test_interfaces.change_begin, world,
                0);
        MUST(test_interfaces.define, world, ETHERNET("new", "11:22:33:44:55:66"), 0);
        MUST(test_interfaces.change_commit, world, 0);
        CHECK(interface("new"));
        REFUSED(ERROR_OPERATION_INVALID, "no transaction running", test_interfaces.change_commit,
                world, 0);
}

/* Whatever was done since: gone, back, as it was. */
static void test_rollback(void) {
        char *before = xml_of("new");

        MUST(test_interfaces.change_begin, world, 0);
        MUST(test_interfaces.define, world, ETHERNET("more", "11:22:33:44:55:68"), 0);
        MUST(test_interfaces.start, interface("more"), 0);
        MUST(test_interfaces.define, world, ETHERNET("new", "11:22:33:44:55:69"), 0);
        MUST(test_interfaces.start, interface("new"), 0);
        MUST(test_interfaces.undefine, interface("eth1"));
        story[0] = 0;
        MUST(test_interfaces.change_rollback, world, 0);
        STORY("more(1) -more +eth1 eth1(0) eth1(2) eth1~1 new(0) new(3) new~1");
        CHECK(!interface("more") && world->sets[RESOURCE_INTERFACE].n == 2);
        CHECK(interface("eth1")->defined.active && !interface("new")->defined.active);
        HOLDS(xml_of("new"), before);
        free(before);

        MUST(test_interfaces.change_begin, world, 0); /* left open: closed with the connection */
}

int main(void) {
        world_begin();
        test_default();
        test_life();
        test_transaction();
        test_rollback();
        return world_end();
}
