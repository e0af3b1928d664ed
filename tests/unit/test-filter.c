/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filters as rules of nftables: golden pairs, what is refused and in which words, and everything
 * that compiles read by nft itself.
 *
 *         test-filter tests/data/nwfilter [SAMPLES ...]
 *         test-filter tests/data/nwfilter --write
 *         test-filter --print FILTER 'NAME=VALUE ...' */
#include <dirent.h>
#include <sched.h>
#include <sys/wait.h>

#include "conf/network.h"
#include "drivers/connection.h"
#include "drivers/driver.h"
#include "drivers/network/filter.h"
#include "drivers/network/rules.h"
#include "drivers/nwfilter.h"
#include "drivers/test/driver.h"
#include "tests/unit/nft.h"
#include "tests/unit/ops.h"

/* ---- a connection that has nothing but the filters that are there by themselves ---- */

static uint64_t version(Connection *connection) {
        return 1;
}

static char *hostname(Connection *connection) {
        return NULL;
}

static int open_nothing(Connection *connection, Error *error) {
        return 0;
}

static void close_nothing(Connection *connection) {
}

static const HypervisorOps hypervisor = { .version = version };
static const NodeOps node = { .hostname = hostname };
static Driver nothing = {
        .name = "Nothing", .id = "nothing", .keeps_files = true, .of_host = true,
        .open = open_nothing, .close = close_nothing, .nwfilters = &nwfilter_ops,
        .hypervisor = &hypervisor, .node = &node,
};

/* ---- an interface ---- */

/* "IP=10.0.0.1 IP=10.0.0.2 ..." */
static char *compile(const Connection *connection, const char *xml, const char *parameters,
                     Error *error) {
        _cleanup_(freep) char *words = strdup(parameters), *text = NULL;
        _cleanup_(nwfilter_conf_freep) NwfilterConf *conf = NULL;
        NamedText given[32] = {}, *list[32];
        NetFilterRef ref = {};
        DomainNet net = { .filterref = &ref, .target = (char *) "vnet0" };
        char *rest = words, *rules = NULL;
        size_t size;

        CHECK(mac_parse("52:54:00:00:77:01", &net.mac) >= 0);
        ref.parameters.items = list;
        for (char *word; (word = strsep(&rest, " ")) && *word; ref.parameters.n++) {
                list[ref.parameters.n] = &given[ref.parameters.n];
                given[ref.parameters.n].name = strsep(&word, "=");
                given[ref.parameters.n].text = word;
        }
        if (nwfilter_conf_parse(xml, 0, &conf, error) < 0)
                return NULL;
        ref.filter = conf->name;
        CHECK(nwfilter_conf_print(conf, MAP_LIVE, &text, NULL) >= 0);
        const FilterSource source = { &connection->sets[RESOURCE_NWFILTER], conf->name, text };
        FILE *out = open_memstream(&rules, &size);
        CHECK(out);
        (void) fputs("table bridge t {\n}\ndelete table bridge t\ntable bridge t {\n", out);
        int r = filter_write(&source, &net, "vnet0", out, error);
        (void) fputs("}\n", out);
        CHECK(fclose(out) == 0);
        if (r < 0)
                free(TAKE(rules));
        return rules;
}

/* ---- in the kernel ---- */

static void feed_nft(const char *rules, const char *name) {
        FILE *nft = popen("PATH=$PATH:/usr/sbin nft -f -", "w");

        CHECK(nft && fputs(rules, nft) >= 0);
        if (pclose(nft) != 0) {
                fprintf(stderr, "%s: nft refuses\n%s\n", name, rules);
                exit(1);
        }
}

/* nft makes one step of two comparisons with neighbouring places in a packet. */
static bool is_merged(const char *line, size_t length) {
        struct {
                char base[3];
                unsigned offset, bits;
        } places[32];
        size_t n = 0;

        for (const char *at = line; (at = memchr(at, '@', length - (size_t) (at - line))); at++) {
                unsigned offset, bits;
                char base[3], value[80];

                if (n == ELEMENTS(places) ||
                    sscanf(at, "@%2[a-z],%u,%u %79[0-9a-fx-]", base, &offset, &bits, value) != 4 ||
                    strchr(value, '-'))
                        continue;
                for (size_t i = 0; i < n; i++)
                        if (strcmp(places[i].base, base) == 0 &&
                            (places[i].offset + places[i].bits == offset ||
                             offset + bits == places[i].offset))
                                return true;
                (void) snprintf(places[n].base, sizeof(base), "%s", base);
                places[n].offset = offset;
                places[n++].bits = bits;
        }
        return false;
}

/* The same without lines of which nft makes something shorter. */
static char *without_merged(const char *rules) {
        char *plain = calloc(1, strlen(rules) + 1), *to = plain;

        CHECK(plain);
        for (size_t n; *rules; rules += n) {
                n = strcspn(rules, "\n") + 1;
                if (!is_merged(rules, n))
                        to = mempcpy(to, rules, n);
        }
        return plain;
}

/* nft and our own messages make the same of a text: the first time and, where there is more than
 * one turn, when it replaces what is there and when only its rules are replaced. */
static void compare_with_nft(const char *whole, const char *name, int turns) {
        static const char removal[] = "\ndelete table bridge t\n";
        _cleanup_(error_clear) Error error = {};
        _cleanup_(freep) char *rules = without_merged(whole), *flushing = strdup(rules);

        CHECK(unshare(CLONE_NEWNET) == 0);
        feed_nft(whole, name);
        CHECK(rules_set(whole, &error) >= 0);
        feed_nft(rules, name);
        _cleanup_(freep) char *theirs = listed();
        CHECK(system("PATH=$PATH:/usr/sbin nft flush ruleset") == 0);
        memcpy(strstr(flushing, removal), "\nflush  table bridge t\n", strlen(removal));
        for (int turn = 0; turn < turns; turn++) {
                if (rules_set(turn == 2 ? flushing : rules, &error) < 0)
                        fprintf(stderr, "%s: %s\n", name, error.message);
                CHECK(error.code == ERROR_NONE);
                _cleanup_(freep) char *ours = listed();
                CHECK_TEXT(ours, theirs);
        }
        rules_rest();
}

static bool can_try;

static void in_child(void (*check)(void)) {
        pid_t pid = fork();
        int status;

        CHECK(pid >= 0);
        if (pid == 0) {
                check();
                _exit(0);
        }
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void try_rules(const char *rules, const char *name, int turns) {
        pid_t pid = can_try ? fork() : -1;
        int status;

        if (!can_try)
                return;
        CHECK(pid >= 0);
        if (pid == 0) {
                compare_with_nft(rules, name, turns);
                _exit(0);
        }
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

/* The limit of what a guest sends stands on its interface. */
static void compare_limit(void) {
        static const char limit[] =
                "table netdev t {\n\tchain packets {\n"
                "\t\ttype filter hook ingress device \"lo\" priority 0; policy accept;\n"
                "\t\tlimit rate over 100 kbytes/second burst 256 kbytes drop\n\t}\n}\n";

        CHECK(unshare(CLONE_NEWNET) == 0);
        feed_nft(limit, "limit");
        _cleanup_(freep) char *theirs = listed();
        CHECK(system("PATH=$PATH:/usr/sbin nft flush ruleset") == 0);
        CHECK(rules_set(limit, NULL) >= 0);
        _cleanup_(freep) char *ours = listed();
        CHECK_TEXT(ours, theirs);
        rules_rest();
}

/* A list so long that its rules don't fit into a common socket buffer. */
static void check_long_list(const Connection *connection) {
        static const char xml[] =
                "<filter name='long'><rule action='accept' direction='in'>"
                "<tcp srcipaddr='$A' srcportstart='$B[@1]' dstportstart='$B[@2]'/></rule></filter>";
        static const char given[] = "A=10.0.0.1 A=10.0.0.2 A=10.0.0.3 A=10.0.0.4 A=10.0.0.5 "
                                    "B=1 B=2 B=3 B=4 B=5 B=6 B=7 B=8 B=9 B=10 B=11 B=12";
        _cleanup_(freep) char *rules = compile(connection, xml, given, NULL);

        CHECK(rules);
        try_rules(rules, "long", 1);
}

/* This kernel may be one that can't reject on bridges. */
static void try_without_reject(char *rules, const char *name, int turns) {
        static const char reject[] = "reject with icmpx port-unreachable";

        for (char *at; (at = strstr(rules, reject));)
                memcpy(at, "drop                               ", strlen(reject));
        try_rules(rules, name, turns);
}

/* ---- golden pairs ---- */

static const struct {
        const char *name, *parameters;
} golden[] = {
        { "clean-traffic", "" },
        { "given", "IP=10.0.0.1 IP=10.0.0.2 A=1 A=2 B=3 B=4 GATEWAY_MAC=52:54:00:00:00:01" },
        { "frames", "" },
        { "conversations", "IP=10.0.0.1" },
        { "leases", "CTRL_IP_LEARNING=dhcp DHCPSERVER=10.0.0.254" },
};

static void check_golden(const Connection *connection, const char *folder, size_t i, bool write) {
        _cleanup_(freep) char *path = NULL, *wanted_path = NULL;
        _cleanup_(error_clear) Error error = {};

        CHECK(asprintf(&path, "%s/%s.xml", folder, golden[i].name) > 0);
        CHECK(asprintf(&wanted_path, "%s/%s.nft", folder, golden[i].name) > 0);
        _cleanup_(freep) char *xml = slurp(path), *wanted = slurp(wanted_path);
        CHECK(xml);
        _cleanup_(freep) char *rules = compile(connection, xml, golden[i].parameters, &error);
        if (!rules)
                fprintf(stderr, "%s: %s\n", golden[i].name, error.message);
        CHECK(rules);
        if (write)
                spit(wanted_path, rules);
        else
                CHECK_TEXT(rules, wanted);
        try_without_reject(rules, golden[i].name, 3);
}

/* ---- those that are there ---- */

#define ALL_GIVEN \
        "IP=10.0.0.1 IPV6=fd00::1 GATEWAY_MAC=52:54:00:00:00:01 DHCPSERVER=10.0.0.254 " \
        "DHCPSERVERV6=fe80::1"

static void check_shipped(const Connection *connection) {
        for (size_t i = 0; i < nwfilters_shipped_n; i++) {
                _cleanup_(error_clear) Error error = {};
                _cleanup_(freep) char *rules = compile(connection, nwfilters_shipped[i].text,
                                                       ALL_GIVEN, &error);

                CHECK(rules);
                try_without_reject(rules, nwfilters_shipped[i].name, 1);
        }
        CHECK(connection->sets[RESOURCE_NWFILTER].n == nwfilters_shipped_n);
}

/* A definition goes before, and what is there by itself is back without it. */
static void check_replaced(Connection *connection) {
        static const char name[] = "allow-arp";
        const char *shipped = nwfilter_shipped(name);
        Resource *filter = resource_set_by_name(&connection->sets[RESOURCE_NWFILTER], name);
        _cleanup_(freep) char *own = strdup(shipped), *before = NULL;

        before = strdup(defined_of(filter)->persistent);
        memcpy(strstr(own, "accept"), "return", strlen("return"));
        REFUSED(ERROR_OPERATION_INVALID, "there by itself", nwfilter_ops.undefine,
                defined_of(filter));
        MUST(nwfilter_ops.define, connection, own);
        CHECK(strstr(defined_of(filter)->persistent, "return"));
        MUST(nwfilter_ops.undefine, defined_of(filter));
        filter = resource_set_by_name(&connection->sets[RESOURCE_NWFILTER], name);
        CHECK(filter);
        CHECK_TEXT(defined_of(filter)->persistent, before);
        ops_done();
}

/* ---- refusals ---- */

#define RULE(what) \
        "<filter name='f'>\n<rule action='accept' direction='in'>" what "</rule></filter>"

static void check_refusals(const Connection *connection) {
        static const struct {
                const char *xml, *parameters, *words;
        } bad[] = {
                { RULE("<tcp connlimit-above='1'/>"), "",
                  "nwfilter 'f', rule in line 3 (tcp): connlimit-above" },
                { RULE("<all ipset='x' ipsetflags='src'/>"), "", "ipset" },
                { RULE("<arp gratuitous='true'/>"), "", "gratuitous" },
                { RULE("<all state='INVALID'/>"), "", "INVALID" },
                { RULE("<icmp match='no' type='8' code='0'/>"), "", "match='no'" },
                { RULE("<ipv6 type='1'/>"), "", "icmpv6" },
                { RULE("<tcp dstportstart='$A'/>"), "", "variable 'A'" },
                { RULE("<tcp dstportstart='$A'/>"), "A=x", "dstportstart='x' is no number" },
                { RULE("<tcp dstportstart='$A[2]'/>"), "A=1 A=2", "variable 'A' has no value 2" },
                { RULE("<tcp srcportstart='$A' dstportstart='$B'/>"), "A=1 B=2 B=3", "has 2" },
                { RULE("<tcp dstportstart='9' dstportend='5'/>"), "", "behind" },
                { RULE("<tcp dstportend='5'/>"), "", "without dstportstart" },
                { RULE("<ip srcipaddr='$IP' srcipmask='24'/>"), "", "there is a mask" },
                { RULE("<rarp arpsrcipaddr='$IP'/>"), "", "can't be learnt" },
                { RULE("<ip srcipaddr='$IP' dstipaddr='$IP'/>"), "", "two addresses" },
                { RULE("<ip srcipaddr='$IP'/>"), "CTRL_IP_LEARNING=none", "variable 'IP'" },
                { RULE("<ip srcipaddr='$IP'/>"), "CTRL_IP_LEARNING=guess", "guess" },
                { RULE("<ip srcipaddr='$IP'/>"), "IP=fd00::1", "no IPv4 address" },
                { RULE("<ip srcipaddr='$IP'/>"), "CTRL_IP_LEARNING=dhcp DHCPSERVER=x",
                  "DHCPSERVER" },
                { "<filter name='f'><filterref filter='nowhere'/></filter>", "",
                  "'nowhere' is missing" },
        };

        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                _cleanup_(error_clear) Error error = {};
                _cleanup_(freep) char *rules = compile(connection, bad[i].xml, bad[i].parameters,
                                                       &error);

                if (rules || !strstr(error.message, bad[i].words))
                        fprintf(stderr, "%s\n%s\n", bad[i].xml, rules ?: error.message);
                CHECK(!rules && strstr(error.message, bad[i].words));
        }
}

/* ---- samples ---- */

/* What isn't refused by the name of what can't be had is read by nft. */
static size_t check_samples(const Connection *connection, const char *folder) {
        static const char given[] =
                "A=1.1.1.1 A=2.2.2.2 A=3.3.3.3 B=80 B=90 B=100 C=1080 C=1090 C=1100 D=1 D=2 D=3 "
                "E=1 F=2 TEST=5 TEST=6 HOST=1 SRCIPADDRESS=10.1.2.3 "
                "IP=10.0.0.1 GATEWAY_MAC=52:54:00:00:00:01 DHCPSERVER=10.0.0.254";
        DIR *dir = opendir(folder);
        size_t n = 0;

        if (!dir) {
                printf("skipped: no samples in %s\n", folder);
                return 0;
        }
        for (struct dirent *entry; (entry = readdir(dir));) {
                _cleanup_(freep) char *path = NULL;
                _cleanup_(error_clear) Error error = {};

                if (!strstr(entry->d_name, ".xml") || strstr(entry->d_name, "invalid"))
                        continue;
                CHECK(asprintf(&path, "%s/%s", folder, entry->d_name) > 0);
                _cleanup_(freep) char *xml = slurp(path);
                _cleanup_(freep) char *rules = compile(connection, xml, given, &error);
                if (!rules)
                        printf("%s: %s\n", entry->d_name, error.message);
                else
                        try_without_reject(rules, entry->d_name, 1);
                n += rules != NULL;
        }
        (void) closedir(dir);
        return n;
}

/* For tests with packets. */
static int print_rules(const Connection *connection, const char *path, const char *parameters) {
        _cleanup_(error_clear) Error error = {};
        _cleanup_(freep) char *xml = slurp(path);
        _cleanup_(freep) char *rules = xml ? compile(connection, xml, parameters, &error) : NULL;

        (void) fputs(rules ?: error.message ?: "no such file\n", rules ? stdout : stderr);
        return rules ? 0 : 1;
}

static void check_all(Connection *connection, int argc, char **argv) {
        can_try = geteuid() == 0 && system("PATH=$PATH:/usr/sbin; unshare --net nft list ruleset "
                                           "> /dev/null 2>&1") == 0;
        for (size_t i = 0; i < ELEMENTS(golden); i++)
                check_golden(connection, argv[1], i,
                             argc == 3 && strcmp(argv[2], "--write") == 0);
        check_shipped(connection);
        check_replaced(connection);
        check_long_list(connection);
        if (can_try)
                in_child(compare_limit);
        check_refusals(connection);
        for (int i = 2; i < argc; i++)
                printf("%zu samples in %s\n", check_samples(connection, argv[i]), argv[i]);
}

int main(int argc, char **argv) {
        static const Settings settings = { .patience = 1000000 };
        char folder[] = "/tmp/virtbus-filter-XXXXXX", command[64];
        Connection *connection;
        sd_event *loop;
        Store *store;
        int r = 0;

        CHECK(argc >= 2 && mkdtemp(folder) && sd_event_default(&loop) >= 0);
        nothing.definitions = test_driver.definitions;
        nothing.lifecycle = test_driver.lifecycle;
        CHECK(store_new(false, folder, &store, NULL) >= 0);
        CHECK(connection_new(&nothing, &settings, loop, store, NULL, &connection, NULL) >= 0);
        if (argc == 4 && strcmp(argv[1], "--print") == 0)
                r = print_rules(connection, argv[2], argv[3]);
        else
                check_all(connection, argc, argv);
        connection_free(connection);
        store_free(store);
        sd_event_unref(loop);
        (void) snprintf(command, sizeof(command), "rm -r %s", folder);
        return system(command) == 0 ? r : 1;
}
