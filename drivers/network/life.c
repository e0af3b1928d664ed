/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Start and end of a virtual network, in the order in which things happen:
 *
 *   start: may we -> live definition -> is the subnet free -> files for dnsmasq -> dnsmasq, held
 *          before its exec -> runtime file -> switches of the kernel -> rules -> bridge, addresses,
 *          routes, rate -> dnsmasq let go -> its word that it serves -> others on the host are told
 *          of the bridge -> runtime file -> events -> the job ends
 *   stop:  runtime file -> dnsmasq is told to end -> it is gone -> rules, bridge -> files, the
 *          runtime file last -> events -> the job ends
 *
 * The runtime file names what there may be before it is made, and goes when nothing is left. What
 * it names is removed only if it is ours: the bridge is known by its address, which is made up with
 * the definition, the table by its name, dnsmasq by its pid and the moment at which it started. */
#include <errno.h>
#include <linux/capability.h>
#include <net/if.h>
#include <string.h>
#include <sys/syscall.h>

#include "drivers/log.h"
#include "drivers/network/files.h"
#include "drivers/network/host.h"
#include "drivers/network/port.h"
#include "drivers/network/rules.h"
#include "drivers/network/sysctl.h"

HostNetwork *host_new(Network *network) {
        HostNetwork *host = calloc(1, sizeof(*host));

        if (!host)
                return NULL;
        host->network = network;
        network->defined.data = host;
        return host;
}

void host_drop(HostNetwork *host) {
        dnsmasq_clear(host);
        host_forget_telling(host);
        removal_free(host->removal);
        free(host->bridge);
        free(host->table);
        host->network->defined.data = NULL;
        free(host);
}

/* ---- may we ---- */

static bool may_administer(void) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

        return syscall(SYS_capget, &header, data) == 0 &&
               data[CAP_TO_INDEX(CAP_NET_ADMIN)].effective & CAP_TO_MASK(CAP_NET_ADMIN);
}

static int check_privileges(const Connection *connection, const NetworkConf *conf, Error *error) {
        if (!network_owns_bridge(conf) || may_administer())
                return 0;
        return fail(error, ERROR_OPERATION_UNSUPPORTED,
                    "network '%s' needs a bridge, and this %s may not make one: it lacks "
                    "CAP_NET_ADMIN; %s", conf->name,
                    connection->settings->session ? "session service" : "service",
                    connection->settings->session
                            ? "use the system service, or interfaces of type 'user'"
                            : "let its unit have it");
}

/* ---- undoing ---- */

/* The number of the bridge, if it is there and ours; else 0. */
static unsigned own_bridge(const HostNetwork *host, Error *error) {
        _cleanup_(rtnl_close) Rtnl rtnl = {};
        Link link;
        int r = host->bridge ? rtnl_open(&rtnl, error) : -ENODEV;

        if (r >= 0)
                r = rtnl_find(&rtnl, host->bridge, &link, error);
        return r >= 0 && link.is_bridge &&
                               memcmp(&link.mac, &host->mac, sizeof(host->mac)) == 0
                       ? link.index : 0;
}

static void remove_bridge(HostNetwork *host, Error *error) {
        _cleanup_(rtnl_close) Rtnl rtnl = {};
        unsigned index = own_bridge(host, error);

        if (index > 0 && rtnl_open(&rtnl, error) >= 0)
                (void) rtnl_remove(&rtnl, index, error);
}

void host_undo(HostNetwork *host) {
        const Network *network = host->network;
        _cleanup_(error_clear) Error error = {};

        if (host->dnsmasq.process)
                (void) process_signal(host->dnsmasq.process, SIGKILL);
        dnsmasq_clear(host);
        host_tell_gone(host);
        if (host->table)
                (void) rules_remove(host->table, &error);
        remove_bridge(host, &error);
        host_remove_files(network, !network->defined.persistent);
        host_forget(network);
        if (error.code == ERROR_NONE)
                return;
        _cleanup_(freep) char *text = error_text(&error);
        log_resource(LOG_ERR, &network->defined.resource, "not all of it could be removed: %s",
                     text ?: "out of memory");
}

/* ---- what it is made of ---- */

int host_set_rules(HostNetwork *host, const NetworkConf *conf, Error *error) {
        _cleanup_(freep) char *commands = NULL;
        int r = host->table ? rules_of_network(conf, host->table, &commands, error) : 0;

        if (r >= 0 && commands) {
                bool is_new = host->mark == 0 && rules_mark(host->table) == 0;

                r = rules_set(is_new ? rules_for_new(commands) : commands, error);
        }
        if (r >= 0 && commands)
                host->mark = rules_mark(host->table);
        return r;
}

/* Said once for each start: nothing of ours can make such a chain accept. */
static void warn_of_dropping(HostNetwork *host, const NetworkConf *conf) {
        _cleanup_(rules_others_clear) RulesOthers others;

        rules_find_others(&others);
        const struct {
                const char *chain, *what;
        } dropping[] = {
                { conf->forward != FORWARD_NONE ? others.forward : NULL,
                  "guests won't reach what is outside" },
                { others.input, "guests won't reach its DHCP and DNS" },
        };
        for (size_t i = 0; i < ELEMENTS(dropping); i++)
                if (dropping[i].chain)
                        log_resource(LOG_WARNING, &host->network->defined.resource,
                                     "chain '%s' of nftables drops what it doesn't know: unless "
                                     "it has a rule that accepts interface '%s', %s",
                                     dropping[i].chain, conf->bridge, dropping[i].what);
        if (others.firewalld && !host->in_zone)
                log_resource(LOG_WARNING, &host->network->defined.resource,
                             "firewalld runs, and has none of the zones that interface '%s' would "
                             "be in: unless its default one lets DHCP and DNS pass, guests get no "
                             "addresses (<bridge zone='trusted'/>)", conf->bridge);
}

static int add_addresses(Rtnl *rtnl, unsigned index, const NetworkConf *conf, Error *error) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < conf->ips.n; i++) {
                const NetworkIp *ip = conf->ips.items[i];
                IpAddress address;

                if (!ip->address || ip_parse(ip->address, &address) < 0)
                        continue;
                r = rtnl_add_address(rtnl, index, &address, NULL, MAX(network_ip_prefix(ip), 0),
                                     error);
                if (r < 0)
                        error_prefix(error, "%s on '%s'", ip->address, conf->bridge);
        }
        return r;
}

static int add_routes(Rtnl *rtnl, unsigned index, const NetworkConf *conf, Error *error) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < conf->routes.n; i++) {
                const NetworkRoute *route = conf->routes.items[i];
                const NetworkIp ip = { .address = route->address, .netmask = route->netmask,
                                       .prefix = route->prefix, .family = route->family };
                RouteSpec spec = { .prefix = MAX(network_ip_prefix(&ip), 0),
                                   .metric = route->metric.value };

                if (ip_parse(route->address, &spec.to) < 0 ||
                    ip_parse(route->gateway, &spec.gateway) < 0)
                        continue;
                r = rtnl_add_route(rtnl, index, &spec, error);
                if (r < 0)
                        error_prefix(error, "%s via %s", route->address, route->gateway);
        }
        return r;
}

static int make_bridge(Rtnl *rtnl, const NetworkConf *conf, Error *error) {
        const BridgeSpec spec = {
                .name = conf->bridge, .mac = conf->mac, .mtu = conf->mtu,
                .stp = conf->stp == TRISTATE_YES, .delay = conf->delay.value,
                .filters_vlans = conf->mac_table_manager &&
                                 strcmp(conf->mac_table_manager, "libvirt") == 0,
        };
        Link link = {};
        int r = rtnl_make_bridge(rtnl, &spec, error);

        if (r >= 0)
                r = rtnl_find(rtnl, conf->bridge, &link, error);
        if (r == -ENODEV)
                r = fail(error, ERROR_OPERATION_FAILED, "bridge '%s' vanished", conf->bridge);
        if (r >= 0)
                r = sysctl_prepare_bridge(conf, conf->bridge, error);
        if (r >= 0)
                r = add_addresses(rtnl, link.index, conf, error);
        if (r >= 0)
                r = rtnl_set_up(rtnl, link.index, error);
        if (r >= 0)
                r = add_routes(rtnl, link.index, conf, error);
        if (r >= 0 && conf->bandwidth && conf->bandwidth->inbound.average > 0)
                r = rtnl_set_rate(rtnl, link.index, &conf->bandwidth->inbound, error);
        return r;
}

/* ---- networks that lean on what the host has ---- */

static int check_devices(const NetworkConf *conf, Error *error) {
        char path[64];

        for (size_t i = 0; i < conf->forward_devs.n; i++)
                if (if_nametoindex(conf->forward_devs.items[i]->dev) == 0)
                        return fail(error, ERROR_OPERATION_FAILED,
                                    "network '%s': this host has no interface '%s'", conf->name,
                                    conf->forward_devs.items[i]->dev);
        for (size_t i = 0; i < conf->forward_pfs.n; i++) {
                const char *dev = conf->forward_pfs.items[i]->dev;

                (void) snprintf(path, sizeof(path), "/sys/class/net/%s/device/virtfn0", dev);
                if (!link_name_is_valid(dev) || access(path, F_OK) < 0)
                        return fail(error, ERROR_CONFIG_UNSUPPORTED,
                                    "network '%s': '%s' has no virtual functions (SR-IOV)",
                                    conf->name, dev);
        }
        for (size_t i = 0; i < conf->forward_addresses.n; i++) {
                const NetworkForwardAddress *pci = conf->forward_addresses.items[i];

                (void) snprintf(path, sizeof(path), "/sys/bus/pci/devices/%04x:%02x:%02x.%x",
                                pci->domain, pci->bus, pci->slot, pci->function);
                if (access(path, F_OK) < 0)
                        return fail(error, ERROR_OPERATION_FAILED,
                                    "network '%s': this host has no PCI device %s", conf->name,
                                    strrchr(path, '/') + 1);
        }
        return 0;
}

static int check_host(const NetworkConf *conf, Error *error) {
        if (conf->forward == FORWARD_BRIDGE && conf->bridge && if_nametoindex(conf->bridge) == 0)
                return fail(error, ERROR_OPERATION_FAILED,
                            "network '%s': this host has no bridge '%s'", conf->name,
                            conf->bridge);
        return check_devices(conf, error);
}

/* ---- start ---- */

static int make_kernel_part(HostNetwork *host, const NetworkConf *conf, Error *error) {
        _cleanup_(rtnl_close) Rtnl rtnl = {};
        int r = rtnl_open(&rtnl, error);

        if (r >= 0)
                r = subnets_check(&rtnl, host_connection(host), conf, error);
        if (r >= 0)
                r = host_save(host, error);
        if (r >= 0)
                r = sysctl_forward(conf, error);
        if (r >= 0)
                r = host_set_rules(host, conf, error);
        return r < 0 ? r : make_bridge(&rtnl, conf, error);
}

static int make_own(HostNetwork *host, const NetworkConf *conf, Error *error) {
        bool served = files_are_needed(conf);
        int r;

        if (if_nametoindex(conf->bridge) > 0)
                return fail(error, ERROR_OPERATION_FAILED,
                            "network '%s': this host has an interface '%s' already", conf->name,
                            conf->bridge);
        host->bridge = strdup(conf->bridge);
        host->table = rules_table_name(conf);
        host->mac = conf->mac;
        if (!host->bridge || !host->table)
                return fail_memory(error);
        _cleanup_(freep) char *rules = NULL;
        r = rules_of_network(conf, host->table, &rules, error);
        if (r >= 0 && !rules)
                free(TAKE(host->table));
        if (r >= 0 && served)
                r = host_write_files(host->network, conf, error);
        if (r >= 0 && served)
                r = dnsmasq_spawn(host, error);
        if (r >= 0)
                r = make_kernel_part(host, conf, error);
        if (r < 0 || !served)
                return r;
        r = dnsmasq_release(host, error);
        return r < 0 ? r : PENDING;
}

static int host_make(HostNetwork *host, const NetworkConf *conf, Error *error) {
        if (network_owns_bridge(conf))
                return make_own(host, conf, error);
        int r = check_host(conf, error);
        return r < 0 ? r : host_save(host, error);
}

/* State, file, events; what fails is undone by the caller. */
static int host_started(HostNetwork *host, Error *error) {
        Connection *connection = host_connection(host);
        Defined *defined = &host->network->defined;
        _cleanup_(network_conf_freep) NetworkConf *conf = NULL;
        int r;

        host->stage = HOST_RUNNING;
        r = host_save(host, error);
        if (r < 0)
                return r;
        if (host->table && network_conf_of(host->network, true, &conf, NULL) >= 0)
                warn_of_dropping(host, conf);
        rules_watch(connection);
        defined_started(defined);
        port_put_back(host->network);
        return 0;
}

static void host_failed(HostNetwork *host) {
        Network *network = host->network;

        host_undo(host);
        host_drop(host);
        defined_start_failed(&network->defined);
}

int host_start(Connection *connection, NetworkConf *conf, Job *job, Network **ret, Error *error) {
        _cleanup_(freep) char *text = NULL;
        HostNetwork *host;
        Defined *defined;
        int r = check_privileges(connection, conf, error);

        if (r >= 0)
                r = network_fill_in(connection, conf, error);
        if (r >= 0)
                r = network_conf_print(conf, 0, &text, error);
        if (r < 0)
                return r;
        const DefinedIdentity who = { .name = conf->name, .uuid = conf->uuid };
        r = defined_create(connection, &network_kind_defined, &who, text, &defined, error);
        if (r < 0)
                return r;
        *ret = network_of(&defined->resource);
        host = host_new(*ret);
        if (!host) {
                defined_start_failed(defined);
                return fail_memory(error);
        }
        host->job = job;
        r = host_make(host, conf, error);
        if (r == DONE)
                r = host_tell(host, conf, error);
        if (r == DONE) {
                host->job = NULL;
                r = host_started(host, error);
        }
        if (r < 0)
                host_failed(host);
        return r;
}

/* All is made and serves, and others know. */
void host_told(HostNetwork *host, Error *error) {
        _cleanup_(error_clear) Error cause = {};
        Job *job = TAKE(host->job);
        int r = 0;

        if (error)
                error_move(&cause, error);
        r = cause.code != ERROR_NONE ? -error_number(cause.code) : host_started(host, &cause);
        if (r < 0) {
                error_prefix(&cause, "network '%s'", host->network->defined.resource.name);
                host_failed(host);
        }
        job_done(job, r, r < 0 ? &cause : NULL);
}

static void start_served(HostNetwork *host, Error *error) {
        _cleanup_(network_conf_freep) NetworkConf *conf = NULL;
        _cleanup_(error_clear) Error cause = {};
        int r;

        if (error && error->code != ERROR_NONE) {
                host_told(host, error);
                return;
        }
        r = network_conf_of(host->network, true, &conf, &cause);
        if (r >= 0)
                r = host_tell(host, conf, &cause);
        if (r != PENDING)
                host_told(host, r < 0 ? &cause : NULL);
}

/* For a start, a change, or nobody: a dnsmasq that died and is back. */
void host_served(HostNetwork *host, Error *error) {
        if (host->stage == HOST_STARTING)
                start_served(host, error);
        else if (host->update)
                host_update_served(host, error);
        else if (error) {
                _cleanup_(freep) char *text = error_text(error);

                log_resource(LOG_ERR, &host->network->defined.resource, "%s",
                             text ?: "its dnsmasq doesn't start again");
                dnsmasq_revive(host);
        } else
                log_resource(LOG_NOTICE, &host->network->defined.resource,
                             "its dnsmasq was started again");
}

/* ---- stop ---- */

static void host_stopped(HostNetwork *host) {
        Defined *defined = &host->network->defined;
        Job *job = TAKE(host->job);

        host_undo(host);
        host_drop(host);
        defined_stopped(defined);
        if (job)
                job_done(job, 0, NULL);
}

/* What couldn't be removed is tried once more, and said. */
static void bridge_removed(Removal *removal, int r, void *userdata) {
        HostNetwork *host = userdata;

        host->removal = removal_free(removal);
        host_stopped(host);
}

/* dnsmasq is gone. PENDING: host_stopped() follows. */
static int host_unmake(HostNetwork *host) {
        unsigned index = own_bridge(host, NULL);

        if (host->table && rules_remove(host->table, NULL) >= 0)
                free(TAKE(host->table));
        return index > 0 && removal_new(host_connection(host)->event, index, bridge_removed, host,
                                        &host->removal, NULL) >= 0
                       ? PENDING : DONE;
}

int host_stop(HostNetwork *host, Job *job, Error *error) {
        HostStage before = host->stage;
        int r;

        host->stage = HOST_STOPPING;
        r = host_save(host, error);
        if (r < 0) {
                host->stage = before;
                return r;
        }
        if (dnsmasq_end(host) || host_unmake(host) == PENDING) {
                host->job = job;
                return PENDING;
        }
        host_stopped(host);
        return DONE;
}

void host_unserved(HostNetwork *host) {
        if (host->update)
                host_update_unserved(host);
        else if (host_unmake(host) == DONE)
                host_stopped(host);
}
