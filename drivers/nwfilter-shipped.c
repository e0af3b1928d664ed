/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The filters that are there without anybody having defined them: those that libvirt brings along,
 * by their names and in their sense. They are texts like all others, and who defines one of the
 * name has his. */
#include <string.h>

#include "drivers/nwfilter.h"

#define FILTER(name, uuid, attributes, content) \
        { name, "<filter name='" name "'" attributes "><uuid>" uuid "</uuid>" content "</filter>" }

const NwfilterShipped nwfilters_shipped[] = {
        FILTER("allow-arp", "c0d7c904-17c8-4bce-b69c-38a51f6722bf",
               " chain='arp' priority='-500'",
               "<rule action='accept' direction='inout' priority='500'/>"),
        FILTER("allow-dhcp", "51d8759d-e253-4839-9459-2f9b4abaf2d1",
               " chain='ipv4' priority='-700'",
               "<rule action='accept' direction='out' priority='100'><ip srcipaddr='0.0.0.0' "
               "dstipaddr='255.255.255.255' protocol='udp' srcportstart='68' "
               "dstportstart='67'/></rule>"
               "<rule action='accept' direction='in' priority='100'><ip protocol='udp' "
               "srcportstart='67' dstportstart='68'/></rule>"),
        FILTER("allow-dhcp-server", "2b2816d0-430b-42b4-9a7e-f1113f33dc3a",
               " chain='ipv4' priority='-700'",
               "<rule action='accept' direction='out' priority='100'><ip srcipaddr='0.0.0.0' "
               "dstipaddr='255.255.255.255' protocol='udp' srcportstart='68' "
               "dstportstart='67'/></rule>"
               "<rule action='accept' direction='in' priority='100'><ip srcipaddr='$DHCPSERVER' "
               "protocol='udp' srcportstart='67' dstportstart='68'/></rule>"),
        FILTER("allow-dhcpv6", "892f78e0-99d3-4329-beb8-e9ec26049bd6",
               " chain='ipv6' priority='-600'",
               "<rule action='accept' direction='out' priority='100'><ipv6 srcipaddr='fe80::' "
               "srcipmask='10' dstipaddr='ff02::1:2' protocol='udp' srcportstart='546' "
               "dstportstart='547'/></rule>"
               "<rule action='accept' direction='in' priority='100'><ipv6 srcipaddr='fe80::' "
               "srcipmask='10' protocol='udp' srcportstart='547' dstportstart='546'/></rule>"),
        FILTER("allow-dhcpv6-server", "7026aec7-8447-46c7-a9af-1ec80f3f7c99",
               " chain='ipv6' priority='-600'",
               "<rule action='accept' direction='out' priority='100'><ipv6 srcipaddr='fe80::' "
               "srcipmask='10' dstipaddr='ff02::1:2' protocol='udp' srcportstart='546' "
               "dstportstart='547'/></rule>"
               "<rule action='accept' direction='in' priority='100'><ipv6 "
               "srcipaddr='$DHCPSERVERV6' protocol='udp' srcportstart='547' "
               "dstportstart='546'/></rule>"),
        FILTER("allow-incoming-ipv4", "8ed370c7-ec4a-468a-b5a3-44accb9a7d82",
               " chain='ipv4' priority='-700'",
               "<rule action='accept' direction='in' priority='500'/>"),
        FILTER("allow-incoming-ipv6", "443aa2ca-ad7e-4d1c-9a62-e68c4d25d5c6",
               " chain='ipv6' priority='-600'",
               "<rule action='accept' direction='in' priority='500'/>"),
        FILTER("allow-ipv4", "c572bfc0-457d-4781-9bdd-2a79c14c11d1",
               " chain='ipv4' priority='-700'",
               "<rule action='accept' direction='inout' priority='500'/>"),
        FILTER("allow-ipv6", "1337f77b-2cb1-429c-b6a9-8cfbbe524443",
               " chain='ipv6' priority='-600'",
               "<rule action='accept' direction='inout' priority='500'/>"),
        FILTER("clean-traffic", "80f0d32f-292b-4f3e-bd09-2137c21c236b",
               " chain='root'",
               "<filterref filter='no-mac-spoofing'/>"
               "<filterref filter='no-ip-spoofing'/>"
               "<rule action='accept' direction='out' priority='-650'><mac "
               "protocolid='ipv4'/></rule>"
               "<filterref filter='allow-incoming-ipv4'/>"
               "<filterref filter='no-arp-spoofing'/>"
               "<rule action='accept' direction='inout' priority='-500'><mac "
               "protocolid='arp'/></rule>"
               "<filterref filter='no-other-l2-traffic'/>"
               "<filterref filter='qemu-announce-self'/>"),
        FILTER("clean-traffic-gateway", "56511822-8ebe-4370-95d0-8e3bd93dc88b",
               " chain='root'",
               "<filterref filter='no-mac-spoofing'/>"
               "<filterref filter='no-ip-spoofing'/>"
               "<filterref filter='no-arp-spoofing'/>"
               "<rule action='accept' direction='inout' priority='-500'><mac "
               "protocolid='arp'/></rule>"
               "<rule action='accept' direction='out' priority='-650'><mac "
               "dstmacaddr='$GATEWAY_MAC' protocolid='ipv4'/></rule>"
               "<rule action='accept' direction='in' priority='-650'><mac "
               "srcmacaddr='$GATEWAY_MAC' protocolid='ipv4'/></rule>"
               "<filterref filter='no-other-l2-traffic'/>"
               "<filterref filter='qemu-announce-self'/>"),
        FILTER("no-arp-ip-spoofing", "f17783e7-cfa0-4b50-bb69-3b493726a388",
               " chain='arp-ip' priority='-510'",
               "<rule action='return' direction='out' priority='400'><arp "
               "arpsrcipaddr='$IP'/></rule>"
               "<rule action='return' direction='out' priority='400'><arp "
               "arpsrcipaddr='0.0.0.0'/></rule>"
               "<rule action='drop' direction='out' priority='1000'/>"),
        FILTER("no-arp-mac-spoofing", "53eb3fbf-14db-4adc-8896-aaf757947042",
               " chain='arp-mac' priority='-520'",
               "<rule action='return' direction='out' priority='350'><arp "
               "arpsrcmacaddr='$MAC'/></rule>"
               "<rule action='drop' direction='out' priority='1000'/>"),
        FILTER("no-arp-spoofing", "a0d51be4-d07f-4282-9734-65166a39d10d",
               " chain='root'",
               "<filterref filter='no-arp-mac-spoofing'/>"
               "<filterref filter='no-arp-ip-spoofing'/>"),
        FILTER("no-ip-multicast", "1962d653-1a8f-45aa-b027-6b4367d13681",
               " chain='ipv4' priority='-700'",
               "<rule action='drop' direction='out' priority='500'><ip dstipaddr='224.0.0.0' "
               "dstipmask='4'/></rule>"),
        FILTER("no-ip-spoofing", "52c9bc84-11e6-4f1d-964a-abbe999efd07",
               " chain='ipv4-ip' priority='-710'",
               "<rule action='return' direction='out' priority='100'><ip srcipaddr='0.0.0.0' "
               "protocol='udp'/></rule>"
               "<rule action='return' direction='out' priority='500'><ip "
               "srcipaddr='$IP'/></rule>"
               "<rule action='drop' direction='out' priority='1000'/>"),
        FILTER("no-ipv6-multicast", "639e11fd-ca7a-4cc2-8a84-9796a5645293",
               " chain='ipv6' priority='-600'",
               "<rule action='drop' direction='out' priority='500'><ipv6 dstipaddr='ff00::' "
               "dstipmask='8'/></rule>"),
        FILTER("no-ipv6-spoofing", "5a36a5da-e722-4282-8d8d-4df349ac7076",
               " chain='ipv6-ip' priority='-610'",
               "<rule action='return' direction='out' priority='100'><ipv6 srcipaddr='fe80::' "
               "srcipmask='10'/></rule>"
               "<rule action='return' direction='out' priority='100'><ipv6 "
               "srcipaddr='::'/></rule>"
               "<rule action='return' direction='out' priority='500'><ipv6 "
               "srcipaddr='$IPV6'/></rule>"
               "<rule action='drop' direction='out' priority='1000'/>"),
        FILTER("no-mac-broadcast", "35739900-7fcc-4a29-9e8c-54e980113a83",
               " chain='ipv4' priority='-700'",
               "<rule action='drop' direction='out' priority='500'><mac "
               "dstmacaddr='ff:ff:ff:ff:ff:ff'/></rule>"),
        FILTER("no-mac-spoofing", "8ded828b-04c0-42ba-93be-32451462cf86",
               " chain='mac' priority='-800'",
               "<rule action='return' direction='out' priority='500'><mac "
               "srcmacaddr='$MAC'/></rule>"
               "<rule action='drop' direction='out' priority='500'/>"),
        FILTER("no-other-l2-traffic", "f91fed54-41c7-4445-bcbc-e6037fc1400e",
               " chain='root'",
               "<rule action='drop' direction='inout' priority='1000'/>"),
        FILTER("no-other-rarp-traffic", "9f913aca-068b-4cfd-9de4-4cad56fdd6de",
               " chain='rarp' priority='-400'",
               "<rule action='drop' direction='inout' priority='1000'/>"),
        FILTER("qemu-announce-self", "11def52f-7402-496f-ab5f-8a1965acbe9a",
               " chain='root'",
               "<filterref filter='qemu-announce-self-rarp'/>"
               "<filterref filter='no-other-rarp-traffic'/>"),
        FILTER("qemu-announce-self-rarp", "9c2f7a11-f289-43dc-a237-d69c733e6129",
               " chain='rarp' priority='-400'",
               "<rule action='accept' direction='out' priority='500'><rarp srcmacaddr='$MAC' "
               "dstmacaddr='ff:ff:ff:ff:ff:ff' opcode='Request_Reverse' arpsrcmacaddr='$MAC' "
               "arpdstmacaddr='$MAC' arpsrcipaddr='0.0.0.0' arpdstipaddr='0.0.0.0'/></rule>"
               "<rule action='accept' direction='in' priority='500'><rarp "
               "dstmacaddr='ff:ff:ff:ff:ff:ff' opcode='Request_Reverse' arpsrcmacaddr='$MAC' "
               "arpdstmacaddr='$MAC' arpsrcipaddr='0.0.0.0' arpdstipaddr='0.0.0.0'/></rule>"),
};

const size_t nwfilters_shipped_n = ELEMENTS(nwfilters_shipped);

const char *nwfilter_shipped(const char *name) {
        for (size_t i = 0; i < nwfilters_shipped_n; i++)
                if (strcmp(nwfilters_shipped[i].name, name) == 0)
                        return nwfilters_shipped[i].text;
        return NULL;
}
