/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filters as rules of nftables: golden pairs, what is refused and in which words, and everything
 * that compiles read by nft itself. */
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
#include "tests/unit/check.h"

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

/* ---- files ---- */

static char *slurp(const char *path) {
        FILE *file = fopen(path, "re");
        char *text = NULL;
        size_t size = 0;

        if (file && getdelim(&text, &size, 0, file) < 0 && text)
                *text = 0;
        if (file)
                (void) fclose(file);
        return text;
}

static void spit(const char *path, const char *text) {
        FILE *file = fopen(path, "we");

        CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* ---- in the kernel ---- */

/* What is in force, and as which steps, in which flags show. */
static char *listed(void) {
        char path[] = "/tmp/virtbus-test-XXXXXX", command[256];
        int fd = mkstemp(path);

        CHECK(fd >= 0);
        close(fd);
        (void) snprintf(command, sizeof(command),
                        "PATH=$PATH:/usr/sbin; { nft -s list ruleset; nft --debug=netlink list "
                        "ruleset 2>&1 | grep '^ *\\['; } > %s", path);
        CHECK(system(command) == 0);
        char *text = slurp(path);
        CHECK(text && unlink(path) == 0);
        return text;
}

static void feed_nft(const char *rules, const char *name) {
        FILE *nft = popen("PATH=$PATH:/usr/sbin nft -f -", "w");

        CHECK(nft && fputs(rules, nft) >= 0);
        if (pclose(nft) != 0) {
                fprintf(stderr, "%s: nft refuses\n%s\n", name, rules);
                exit(1);
        }
}

/* nft and our own messages make the same of a text, a first time, when it replaces what is there,
 * and when only its rules are replaced. */
static void compare_with_nft(const char *rules, const char *name) {
        static const char removal[] = "\ndelete table bridge t\n";
        _cleanup_(error_clear) Error error = {};
        _cleanup_(freep) char *flushing = strdup(rules);

        CHECK(unshare(CLONE_NEWNET) == 0);
        feed_nft(rules, name);
        _cleanup_(freep) char *theirs = listed();
        CHECK(system("PATH=$PATH:/usr/sbin nft flush ruleset") == 0);
        memcpy(strstr(flushing, removal), "\nflush  table bridge t\n", strlen(removal));
        for (int turn = 0; turn < 0; turn++) {
                if (rules_set(turn == 2 ? flushing : rules, &error) < 0)
                        fprintf(stderr, "%s: %s\n", name, error.message);
                CHECK(error.code == ERROR_NONE);
                _cleanup_(freep) char *ours = listed();
                CHECK_TEXT(ours, theirs);
        }
        rules_rest();
}

static bool can_try;

static void try_rules(const char *rules, const char *name) {
        pid_t pid = can_try ? fork() : -1;
        int status;

        if (!can_try)
                return;
        CHECK(pid >= 0);
        if (pid == 0) {
                compare_with_nft(rules, name);
                _exit(0);
        }
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

/* This kernel may be one that can't reject on bridges. */
static void try_without_reject(char *rules, const char *name) {
        static const char reject[] = "reject with icmpx port-unreachable";

        for (char *at; (at = strstr(rules, reject));)
                memcpy(at, "drop                               ", strlen(reject));
        try_rules(rules, name);
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
        try_without_reject(rules, golden[i].name);
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
                try_without_reject(rules, nwfilters_shipped[i].name);
        }
        CHECK(connection->sets[RESOURCE_NWFILTER].n == nwfilters_shipped_n);
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
                        try_without_reject(rules, entry->d_name);
                n += rules != NULL;
        }
        (void) closedir(dir);
        return n;
}

int main(int argc, char **argv) {
        static const Settings settings = { .patience = 1000000 };
        char folder[] = "/tmp/virtbus-filter-XXXXXX", command[64];
        Connection *connection;
        sd_event *loop;
        Store *store;

        CHECK(argc >= 3 && mkdtemp(folder) && sd_event_default(&loop) >= 0);
        nothing.definitions = test_driver.definitions;
        nothing.lifecycle = test_driver.lifecycle;
        CHECK(store_new(false, folder, &store, NULL) >= 0);
        CHECK(connection_new(&nothing, &settings, loop, store, NULL, &connection, NULL) >= 0);
        can_try = geteuid() == 0 && system("PATH=$PATH:/usr/sbin; unshare --net nft list ruleset "
                                           "> /dev/null 2>&1") == 0;
        for (size_t i = 0; i < ELEMENTS(golden); i++)
                check_golden(connection, argv[1], i, strcmp(argv[2], "--write") == 0);
        check_shipped(connection);
        check_refusals(connection);
        for (int i = 2; i < argc; i++)
                printf("%zu samples in %s\n", check_samples(connection, argv[i]), argv[i]);
        connection_free(connection);
        store_free(store);
        sd_event_unref(loop);
        (void) snprintf(command, sizeof(command), "rm -r %s", folder);
        return system(command) == 0 ? 0 : 1;
}
