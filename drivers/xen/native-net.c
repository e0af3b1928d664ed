/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network interfaces of native configurations: "mac=...,bridge=...,script=...". */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "drivers/xen/native.h"

#define BRIDGE_DEFAULT "xenbr0"
#define SCRIPT_DEFAULT "vif-bridge"
#define OVS_SCRIPT "vif-openvswitch"

/* What a guest's driver speaks with no model of hardware between: each has a word for it. */
static const char *front_type(NativeDialect dialect) {
        return dialect == NATIVE_XL ? "vif" : "netfront";
}

/* ---- parts of one ---- */

static int put_mac(NativeRead *read, xmlNode *net, const char *text) {
        MacAddress mac = { { 0x00, 0x16, 0x3e } }; /* Xen's own, for those without one */
        char own[MAC_TEXT_MAX];

        if (text && mac_parse(text, &mac) < 0)
                return native_fail(read, "vif", "'%s' is no MAC address", text);
        if (!text && getrandom(mac.bytes + 3, 3, 0) != 3)
                return fail_errno(read->error, -errno, "cannot make a mac address");
        native_put(read, net, "mac/@address", "%s", mac_format(mac, own));
        return 0;
}

/* "ovsbr0.42" has one tag, "ovsbr0:42:43" is a trunk of some. */
static void put_bridge(NativeRead *read, xmlNode *net, const char *bridge, bool ovs) {
        size_t n = ovs ? strcspn(bridge, ".:") : strlen(bridge);

        native_put(read, net, "source/@bridge", "%.*s", (int) n, bridge);
        if (!ovs)
                return;
        if (bridge[n]) {
                xmlNode *vlan = native_add(read, net, "vlan");
                char mark = bridge[n];

                if (mark == ':')
                        native_put(read, vlan, "@trunk", "yes");
                for (const char *p = bridge + n; *p == mark;) {
                        size_t length = strcspn(++p, ".:");

                        native_put(read, native_add(read, vlan, "tag"), "@id", "%.*s",
                                   (int) length, p);
                        p += length;
                }
        }
        native_put(read, net, "virtualport/@type", "openvswitch");
}

static void put_ips(NativeRead *read, xmlNode *net, const char *text) {
        _cleanup_(freep) char *copy = strdup(text);
        char *rest = NULL;

        read->failed = read->failed || !copy;
        for (char *word = copy ? strtok_r(copy, " ", &rest) : NULL; word;
             word = strtok_r(NULL, " ", &rest)) {
                xmlNode *ip = native_add(read, net, "ip");

                native_put(read, ip, "@address", "%s", word);
                native_put(read, ip, "@family", strchr(word, ':') ? "ipv6" : "ipv4");
        }
}

/* "10Mb/s", "250KB/s", "1MB/s@20ms": KiB a second, or 0 for what isn't said so. */
static unsigned long long rate_of(const char *text) {
        static const struct {
                const char *unit;
                unsigned long long bits;
        } units[] = {
                { "GB/s", 8000000000 }, { "Gb/s", 1000000000 }, { "MB/s", 8000000 },
                { "Mb/s", 1000000 },    { "KB/s", 8000 },       { "Kb/s", 1000 },
                { "B/s", 8 },           { "b/s", 1 },
        };
        char *end;
        unsigned long long number = strtoull(text, &end, 10), bits;

        for (size_t i = 0; isdigit((unsigned char) *text) && i < ELEMENTS(units); i++)
                if (strncmp(end, units[i].unit, strlen(units[i].unit)) == 0)
                        return __builtin_mul_overflow(number, units[i].bits, &bits) ? 0
                                                                                  : bits / 8000;
        return 0;
}

static void put_model(NativeRead *read, xmlNode *net, const char *type, const char *model) {
        bool front = type && (strcmp(type, "vif") == 0 || strcmp(type, "netfront") == 0);

        if (front && read->guest == GUEST_HVM)
                native_put(read, net, "model/@type", "netfront");
        else if (model)
                native_put(read, net, "model/@type", "%s", model);
}

/* ---- all of it ---- */

static const char *const net_words[] = {
        "mac", "bridge", "ip", "script", "type", "model", "vifname", "rate", "backend", "mtu",
};
enum { MAC_WORD, BRIDGE, IP, SCRIPT, TYPE, MODEL, VIFNAME, RATE, BACKEND, MTU, WORDS_N };

static int read_net(NativeRead *read, char *const words[]) {
        xmlNode *net = native_add(read, read->root, "devices/interface");
        const char *script = words[SCRIPT];
        bool bridged = words[BRIDGE] || (script && strcmp(script, SCRIPT_DEFAULT) == 0);
        bool ovs = script && strcmp(script, OVS_SCRIPT) == 0;
        unsigned long long rate = words[RATE] ? rate_of(words[RATE]) : 0;
        int r;

        native_put(read, net, "@type", bridged ? "bridge" : "ethernet");
        if ((r = put_mac(read, net, words[MAC_WORD])) < 0)
                return r;
        if (bridged)
                put_bridge(read, net, words[BRIDGE] ?: BRIDGE_DEFAULT, ovs);
        if (words[IP])
                put_ips(read, net, words[IP]);
        if (script)
                native_put(read, net, "script/@path", "%s", script);
        if (words[BACKEND])
                native_put(read, net, "backenddomain/@name", "%s", words[BACKEND]);
        if (words[VIFNAME])
                native_put(read, net, "target/@dev", "%s", words[VIFNAME]);
        put_model(read, net, words[TYPE], words[MODEL]);
        if (rate > 0)
                native_put(read, net, "bandwidth/outbound/@average", "%llu", rate);
        if (words[MTU] && atoi(words[MTU]) > 0)
                native_put(read, net, "mtu/@size", "%d", atoi(words[MTU]));
        return 0;
}

int native_read_nets(NativeRead *read) {
        for (size_t i = 0; i < native_count(read->config, "vif"); i++) {
                const char *text = native_item(read->config, "vif", i);
                char *words[WORDS_N];
                int r;

                if (!text)
                        return native_fail(read, "vif", "interface %zu is no text", i + 1);
                for (size_t k = 0; k < WORDS_N; k++)
                        words[k] = spec_value(text, net_words[k]);
                r = read_net(read, words);
                for (size_t k = 0; k < WORDS_N; k++)
                        free(words[k]);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- back ---- */

static void add_bridge(NativeSpec *spec, const DomainNet *net, const char *bridge) {
        _cleanup_(freep) char *tags = strdup("");
        bool trunk = net->vlan && (net->vlan->trunk == TRISTATE_YES || net->vlan->tags.n > 1);

        for (size_t i = 0; tags && net->vlan && i < net->vlan->tags.n; i++) {
                char *longer = NULL;

                if (asprintf(&longer, "%s%c%u", tags, trunk ? ':' : '.',
                             net->vlan->tags.items[i]->id.value) < 0)
                        longer = NULL;
                free(tags);
                tags = longer;
        }
        spec->failed = spec->failed || !tags;
        spec_add(spec, "bridge=%s%s", bridge, tags ?: "");
}

static void add_ips(NativeSpec *spec, const DomainNet *net) {
        _cleanup_(freep) char *text = NULL;

        for (size_t i = 0; i < net->ips.n; i++) {
                char *longer = NULL;

                if (asprintf(&longer, "%s%s%s", text ?: "", text ? " " : "",
                             net->ips.items[i]->address ?: "") < 0)
                        longer = NULL;
                free(text);
                text = longer;
                spec->failed = spec->failed || !text;
        }
        if (text)
                spec_add(spec, "ip=%s", text);
}

/* A virtual network is joined through its bridge, whose name is known where it was asked for. */
static const char *bridge_of(const DomainNet *net) {
        if (net->type == NET_BRIDGE)
                return net->bridge ?: BRIDGE_DEFAULT;
        return net->type == NET_NETWORK ? net->bridge ?: net->network : NULL;
}

static void write_net(NativeWrite *write, const DomainNet *net) {
        const char *bridge = bridge_of(net), *model = net->model;
        bool front = model && strcmp(model, "netfront") == 0;
        char mac[MAC_TEXT_MAX];
        NativeSpec spec = {};

        spec_add(&spec, "mac=%s", mac_format(net->mac, mac));
        if (bridge)
                add_bridge(&spec, net, bridge);
        add_ips(&spec, net);
        if (net->script || bridge)
                spec_add(&spec, "script=%s", net->script ?: SCRIPT_DEFAULT);
        if (front && write->guest == GUEST_HVM)
                spec_add(&spec, "type=%s", front_type(write->dialect));
        else if (model && !front)
                spec_add(&spec, "model=%s", model);
        if (net->target)
                spec_add(&spec, "vifname=%s", net->target);
        if (net->backend_domain)
                spec_add(&spec, "backend=%s", net->backend_domain);
        if (net->outbound && net->outbound->average > 0)
                spec_add(&spec, "rate=%lluKB/s", (unsigned long long) net->outbound->average);
        if (net->mtu > 0 && write->dialect == NATIVE_XL)
                spec_add(&spec, "mtu=%u", net->mtu);
        spec_finish(&spec, write->config, "vif");
}

int native_write_nets(NativeWrite *write) {
        for (size_t i = 0; i < write->conf->nets.n; i++) {
                const DomainNet *net = write->conf->nets.items[i];

                if (net->type != NET_BRIDGE && net->type != NET_ETHERNET &&
                    net->type != NET_NETWORK)
                        return fail(write->error, ERROR_CONFIG_UNSUPPORTED,
                                    "Xen's configurations have no interface of type '%s'",
                                    net_types[net->type]);
                write_net(write, net);
        }
        return 0;
}
