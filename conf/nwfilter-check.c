/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <filter>: the attributes of each protocol, and the rules. */
#include "conf/nwfilter-rows.h"

#define P(n) { n, NULL }
const FilterProtocol nwfilter_protocols[NWFILTER_PROTOCOLS] = {
        P("arp"), P("rarp"), P("mac"), P("vlan"), P("stp"), P("ip"), P("ipv6"), P("tcp"), P("udp"), P("udplite"), P("esp"), P("ah"), P("sctp"), P("icmp"), P("all"), P("igmp"), P("tcp-ipv6"), P("udp-ipv6"), P("udplite-ipv6"), P("esp-ipv6"), P("ah-ipv6"), P("sctp-ipv6"), P("icmpv6"), P("all-ipv6"),
};
