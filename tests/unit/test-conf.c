/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What drivers ask of the models besides the domain's: members, questions, changes. What documents
 * may say is judged by test-kinds. */
#include <libxml/parser.h>

#include "conf/interface.h"
#include "conf/network.h"
#include "conf/node-device.h"
#include "conf/nwfilter.h"
#include "conf/pool.h"
#include "conf/secret.h"
#include "conf/snapshot.h"
#include "conf/volume.h"
#include "tests/unit/check.h"

/* ---- network ---- */

static const char network_text[] =
        "<network>\n"
        "  <name>net</name>\n"
        "  <uuid>11111111-2222-3333-4444-555555555555</uuid>\n"
        "  <forward dev='eth0' mode='nat'>\n"
        "    <interface dev='eth0'/>\n"
        "  </forward>\n"
        "  <bridge name='br' stp='on' delay='0'/>\n"
        "  <!-- ours -->\n"
        "  <ip address='10.0.0.1' netmask='255.255.255.0'>\n"
        "    <dhcp>\n"
        "      <range start='10.0.0.2' end='10.0.0.99'/>\n"
        "      <host mac='02:00:00:00:00:01' name='one' ip='10.0.0.101'/>\n"
        "    </dhcp>\n"
        "  </ip>\n"
        "</network>\n";

static void check_update(NetworkUpdateCommand command, NetworkUpdateSection section,
                         const char *fragment, const char *removed, const char *added) {
        _cleanup_(network_conf_freep) NetworkConf *conf = NULL;
        _cleanup_(freep) char *printed = NULL, *expected = NULL;
        Error error = {};

        CHECK(network_conf_parse(network_text, 0, &conf, &error) >= 0);
        CHECK(network_conf_update(conf, command, section, -1, fragment, &error) >= 0);
        CHECK(network_conf_print(conf, 0, &printed, &error) >= 0);
        const char *at = strstr(network_text, removed);
        CHECK(at);
        CHECK(asprintf(&expected, "%.*s%s%s", (int) (at - network_text), network_text, added,
                       at + strlen(removed)) >= 0);
        CHECK_TEXT(printed, expected);
}

/* The rest of the document stays, byte for byte. */
static void test_network_update(void) {
        const char host[] = "      <host mac='02:00:00:00:00:01' name='one' ip='10.0.0.101'/>\n";
        const char two[] = "<host mac='2:0:0:0:0:2' ip='10.0.0.102'><!-- mine --></host>";
        const char two_in_place[] = "      <host mac='2:0:0:0:0:2' ip='10.0.0.102'>\n"
                                    "        <!-- mine -->\n"
                                    "      </host>\n"
                                    "      <host mac='02:00:00:00:00:01' name='one' "
                                    "ip='10.0.0.101'/>\n";
        const char dhcp_end[] = "    </dhcp>\n";

        check_update(UPDATE_ADD_FIRST, SECTION_IP_DHCP_HOST, two, host, two_in_place);
        check_update(UPDATE_DELETE, SECTION_IP_DHCP_HOST, "<host name='one'/>", host, "");
        check_update(UPDATE_MODIFY, SECTION_IP_DHCP_HOST,
                     "<host mac='2:0:0:0:0:1' name='uno' ip='10.0.0.9'/>", host,
                     "      <host mac='2:0:0:0:0:1' name='uno' ip='10.0.0.9'/>\n");
        check_update(UPDATE_ADD_LAST, SECTION_IP_DHCP_HOST, "<host name='b' ip='10.0.0.3'/>",
                     dhcp_end, "      <host name='b' ip='10.0.0.3'/>\n    </dhcp>\n");
        check_update(UPDATE_DELETE, SECTION_FORWARD_INTERFACE, "<interface dev='eth0'/>",
                     "  <forward dev='eth0' mode='nat'>\n    <interface dev='eth0'/>\n"
                     "  </forward>\n",
                     "  <forward mode='nat'/>\n");
        check_update(UPDATE_ADD_LAST, SECTION_DNS_TXT, "<txt name='a' value='b'/>",
                     "  <!-- ours",
                     "  <dns>\n    <txt name='a' value='b'/>\n  </dns>\n  <!-- ours");
}

static void refuse_update(uint32_t command, uint32_t section, int32_t index, const char *fragment,
                          ErrorCode code) {
        _cleanup_(network_conf_freep) NetworkConf *conf = NULL;
        _cleanup_(freep) char *printed = NULL;
        Error error = {};

        CHECK(network_conf_parse(network_text, 0, &conf, &error) >= 0);
        CHECK(network_conf_update(conf, command, section, index, fragment, &error) < 0);
        CHECK(error.code == code);
        CHECK(network_conf_print(conf, 0, &printed, NULL) >= 0);
        CHECK_TEXT(printed, network_text);
        error_clear(&error);
}

static void test_network_refusals(void) {
        const char range[] = "<range start='10.0.0.2' end='10.0.0.99'/>";

        refuse_update(UPDATE_ADD_LAST, SECTION_BRIDGE, -1, "<bridge/>",
                      ERROR_OPERATION_UNSUPPORTED);
        refuse_update(UPDATE_MODIFY, SECTION_IP_DHCP_RANGE, -1, range,
                      ERROR_OPERATION_UNSUPPORTED);
        refuse_update(UPDATE_ADD_LAST, SECTION_IP_DHCP_RANGE, -1, range, ERROR_OPERATION_INVALID);
        refuse_update(UPDATE_ADD_LAST, SECTION_IP_DHCP_RANGE, 1, range, ERROR_INVALID_ARG);
        refuse_update(UPDATE_ADD_LAST, SECTION_IP_DHCP_RANGE, 0, "<host/>", ERROR_XML);
        refuse_update(UPDATE_ADD_LAST, SECTION_IP_DHCP_HOST, 0,
                      "<host name='x' ip='10.0.0.101'/>", ERROR_OPERATION_INVALID);
        refuse_update(UPDATE_DELETE, SECTION_PORTGROUP, -1, "<portgroup name='x'/>",
                      ERROR_OPERATION_INVALID);
        refuse_update(0, SECTION_PORTGROUP, -1, "<portgroup name='x'/>", ERROR_INVALID_ARG);
        refuse_update(UPDATE_DELETE, 99, -1, "<portgroup name='x'/>", ERROR_INVALID_ARG);
}

static void test_addresses(void) {
        NetworkIp ip = { .address = (char *) "192.168.1.1" };
        IpAddress mask;

        CHECK(network_ip_prefix(&ip) == 24);
        ip.netmask = (char *) "255.255.240.0";
        CHECK(network_ip_prefix(&ip) == 20);
        CHECK(ip_parse("255.0.255.0", &mask) >= 0 && ip_mask_prefix(&mask) < 0);
        CHECK(ip_parse("10.0.0", &mask) < 0);
}

/* ---- storage ---- */

static void test_volume(void) {
        _cleanup_(volume_conf_freep) VolumeConf *conf = NULL, *empty = NULL;
        Error error = {};

        CHECK(volume_conf_parse("<volume><name>v</name><capacity unit='M'>3</capacity></volume>", 0,
                                &conf, &error) >= 0);
        CHECK(conf->capacity == 3 << 20 && conf->allocation == conf->capacity);
        CHECK(!conf->has_allocation);
        CHECK(volume_conf_settle(conf, POOL_DISK, true, &error) >= 0);
        CHECK_TEXT(conf->target.format, "none");
        CHECK(volume_conf_settle(conf, POOL_DIR, true, &error) >= 0);
        free(conf->target.format);
        conf->target.format = strdup("ext4");
        CHECK(volume_conf_settle(conf, POOL_DIR, true, &error) < 0 && error.code == ERROR_XML);
        error_clear(&error);
        CHECK(volume_conf_parse("<volume><name>v</name></volume>", 0, &empty, &error) >= 0);
        CHECK(volume_conf_settle(empty, POOL_LOGICAL, false, &error) >= 0);
        CHECK(!empty->target.format);
        CHECK(volume_conf_settle(empty, POOL_LOGICAL, true, &error) < 0);
        error_clear(&error);
}

static void test_pool(void) {
        _cleanup_(pool_conf_freep) PoolConf *conf = NULL;
        _cleanup_(pool_source_conf_freep) PoolSourceSpec *spec = NULL;
        Error error = {};

        CHECK(pool_conf_parse("<pool type='logical'><source><name>vg</name></source></pool>", 0,
                              &conf, &error) >= 0);
        CHECK_TEXT(conf->name, "vg");
        CHECK_TEXT(conf->target_path, "/dev/vg");
        CHECK_TEXT(conf->source.format, "lvm2");
        CHECK(!uuid_is_null(conf->uuid));
        CHECK(pool_source_conf_parse("<source><host name='h' port='7'/></source>", 0, &spec,
                                     &error) >= 0);
        CHECK_TEXT(spec->host, "h");
        CHECK(spec->port == 7);
}

/* ---- snapshot ---- */

static void test_snapshot(void) {
        static const char inner[] = "<domain type='qemu'>\n"
                                    "  <name>d</name>\n"
                                    "  <devices>\n"
                                    "    <graphics type='vnc' passwd='geheim'/>\n"
                                    "  </devices>\n"
                                    "</domain>\n";
        _cleanup_(snapshot_conf_freep) SnapshotConf *conf = NULL;
        _cleanup_(freep) char *text = NULL, *shown = NULL, *whole = NULL, *gone = NULL;
        Error error = {};

        CHECK(snapshot_conf_parse("<domainsnapshot/>", 0, &conf, &error) >= 0);
        CHECK(conf->creation_time > 0 && conf->name && !conf->domain);
        CHECK(snapshot_set_domain(conf, "inactiveDomain", inner, &error) >= 0);
        CHECK(conf->inactive_domain && !conf->domain);
        CHECK(moment_domain(conf->document, "inactiveDomain", &text, &error) >= 0);
        CHECK_TEXT(text, inner);
        CHECK(snapshot_conf_print(conf, 0, &whole, &error) >= 0);
        CHECK(strstr(whole, "<inactiveDomain type='qemu'>") && strstr(whole, "geheim"));
        CHECK(snapshot_conf_print(conf, MAP_SECRET, &shown, &error) >= 0);
        CHECK(strstr(shown, "<inactiveDomain") && !strstr(shown, "geheim"));
        CHECK(snapshot_set_domain(conf, "inactiveDomain", NULL, &error) >= 0);
        CHECK(moment_domain(conf->document, "inactiveDomain", &gone, &error) >= 0 && !gone);
}

/* ---- the rest ---- */

static void test_nwfilter(void) {
        _cleanup_(nwfilter_conf_freep) NwfilterConf *conf = NULL;
        _cleanup_(freep) char *mac = NULL, *mask = NULL;
        Error error = {};

        CHECK(nwfilter_conf_parse("<filter name='f' chain='arp-x'>"
                                  "<rule action='drop' direction='in' priority='-7'>"
                                  "<udp srcmacaddr='1:2:3:4:5:6' dstipmask='255.255.0.0'/>"
                                  "<tcp srcportstart='1'/></rule></filter>",
                                  0, &conf, &error) >= 0);
        const NwfilterRule *rule = conf->rules.items[0];
        CHECK(rule->action == NWFILTER_DROP && (int) rule->priority.value == -7);
        CHECK_TEXT(nwfilter_rule_protocol(rule), "udp");
        CHECK_TEXT((mac = nwfilter_rule_value(rule, "srcmacaddr")), "01:02:03:04:05:06");
        CHECK_TEXT((mask = nwfilter_rule_value(rule, "dstipmask")), "16");
        CHECK(!nwfilter_rule_value(rule, "srcportstart"));
        CHECK(nwfilter_chain_priority(conf) == -500);
}

static void test_node_device(void) {
        _cleanup_(node_device_conf_freep) NodeDeviceConf *conf = NULL;
        NodeCapability found[2];
        Error error = {};

        CHECK(node_device_conf_parse("<device><parent>scsi_host1</parent>"
                                     "<capability type='scsi_host'><capability type='vport_ops'/>"
                                     "<capability type='fc_host'><wwnn>1</wwnn><wwpn>2</wwpn>"
                                     "</capability></capability></device>",
                                     0, &conf, &error) >= 0);
        CHECK(node_device_capabilities(conf, found, ELEMENTS(found)) == 3);
        CHECK(found[0] == NODE_SCSI_HOST && found[1] == NODE_VPORT_OPS);
        CHECK_TEXT(node_device_fc_host(conf)->wwpn, "2");
}

static void test_interface(void) {
        _cleanup_(interface_conf_freep) InterfaceConf *conf = NULL;
        Error error = {};

        CHECK(interface_conf_parse("<interface type='vlan'><vlan tag='7'><interface name='e'/>"
                                   "</vlan></interface>",
                                   0, &conf, &error) >= 0);
        CHECK_TEXT(conf->top.name, "e.7");
}

static void test_secret(void) {
        _cleanup_(secret_conf_freep) SecretConf *conf = NULL, *copy = NULL;
        Error error = {};

        CHECK(secret_conf_parse("<secret><usage type='iscsi'><target>t</target></usage></secret>",
                                CONF_VALIDATE, &conf, &error) >= 0);
        CHECK(conf->usage == SECRET_ISCSI && conf->ephemeral == TRISTATE_NO);
        CHECK_TEXT(conf->usage_id, "t");
        CHECK(secret_conf_clone(conf, &copy, &error) >= 0 && uuid_equal(copy->uuid, conf->uuid));
}

static void test_validation(void) {
        _cleanup_(secret_conf_freep) SecretConf *conf = NULL;
        Error error = {};

        CHECK(secret_conf_parse("<secret>\n<description>a</description>\n"
                                "<description>b</description></secret>",
                                CONF_VALIDATE, &conf, &error) < 0);
        CHECK_TEXT(error.message, "there are two <description> (/secret/description[2], line 3)");
        error_clear(&error);
}

int main(void) {
        test_network_update();
        test_network_refusals();
        test_addresses();
        test_volume();
        test_pool();
        test_snapshot();
        test_nwfilter();
        test_node_device();
        test_interface();
        test_secret();
        test_validation();
        xmlCleanupParser();
        return 0;
}
