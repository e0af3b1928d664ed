/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What networks become: dnsmasq's files, against libvirt's own samples, and nftables' rules,
 * against files of ours. dnsmasq and nft are asked whether they take them, where they are there.
 *
 *         test-network-files tests/data/network tests/data/dnsmasq [CORPUS]/networkxml2confdata
 *         test-network-files tests/data/network --write
 *
 * The second way writes the rules that the first compares with. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>

#include "drivers/network/files.h"
#include "drivers/network/leases.h"
#include "drivers/network/link.h"
#include "drivers/network/nft-message.h"
#include "drivers/network/rules.h"
#include "tests/unit/nft.h"

static bool has_program(const char *name) {
        char command[128];

        (void) snprintf(command, sizeof(command),
                        "PATH=$PATH:/usr/sbin command -v %s > /dev/null", name);
        return system(command) == 0;
}

/* Whether a program takes a text as a file. */
static void is_taken(const char *program, const char *text, const char *about) {
        char path[] = "/tmp/virtbus-test-XXXXXX", command[256];
        int fd = mkstemp(path);

        CHECK(fd >= 0);
        close(fd);
        spit(path, text);
        (void) snprintf(command, sizeof(command), "PATH=$PATH:/usr/sbin %s%s 2> %s.err", program,
                        path, path);
        if (system(command) != 0) {
                fprintf(stderr, "%s is refused by %s:\n%s\n", about, program, text);
                (void) snprintf(command, sizeof(command), "cat %s.err >&2; rm %s*", path, path);
                (void) !system(command);
                exit(1);
        }
        (void) unlink(path);
        (void) snprintf(command, sizeof(command), "%s.err", path);
        (void) unlink(command);
}

static NetworkConf *read_network(const char *path) {
        _cleanup_(error_clear) Error error = {};
        _cleanup_(freep) char *text = slurp(path);
        NetworkConf *conf = NULL;

        CHECK(text);
        if (network_conf_parse(text, 0, &conf, &error) < 0) {
                fprintf(stderr, "%s: %s\n", path, error.message);
                exit(1);
        }
        return conf;
}

/* ---- dnsmasq ---- */

static int by_text(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* The settings in a configuration, sorted: comments and paths don't count. */
static size_t settings_of(char *text, char **ret, size_t max) {
        size_t n = 0;

        for (char *line; (line = strsep(&text, "\n"));) {
                if (!*line || *line == '#')
                        continue;
                if (strncmp(line, "dhcp-hostsfile=", 15) == 0 ||
                    strncmp(line, "addn-hosts=", 11) == 0)
                        *strchr(line, '=') = 0;
                CHECK(n < max);
                ret[n++] = line;
        }
        qsort(ret, n, sizeof(*ret), by_text);
        return n;
}

static bool compare_settings(char *ours, char *theirs, const char *about) {
        char *a[256], *b[256];
        size_t n = settings_of(ours, a, ELEMENTS(a)), m = settings_of(theirs, b, ELEMENTS(b));
        size_t i = 0, k = 0;
        bool same = true;

        while (i < n || k < m) {
                int r = i == n ? 1 : k == m ? -1 : strcmp(a[i], b[k]);

                if (r != 0) {
                        fprintf(stderr, "%s: %s %s\n", about, r < 0 ? "ours alone:" : "missing:",
                                r < 0 ? a[i] : b[k]);
                        same = false;
                }
                i += r <= 0;
                k += r >= 0;
        }
        return same;
}

static bool check_sample(const char *folder, const char *name, bool have_dnsmasq) {
        _cleanup_(freep) char *path = NULL, *conf_path = NULL, *hosts_path = NULL;
        _cleanup_(files_clear) NetworkFiles files = {};
        _cleanup_(error_clear) Error error = {};

        CHECK(asprintf(&path, "%s/%s.xml", folder, name) > 0);
        CHECK(asprintf(&conf_path, "%s/%s.conf", folder, name) > 0);
        CHECK(asprintf(&hosts_path, "%s/%s.hostsfile", folder, name) > 0);
        _cleanup_(network_conf_freep) NetworkConf *conf = read_network(path);
        _cleanup_(freep) char *theirs = slurp(conf_path), *hosts = slurp(hosts_path);
        if (!theirs)
                return true;
        CHECK(files_of_network(conf, "/hosts", "/names", &files, &error) >= 0);
        if (have_dnsmasq)
                is_taken("dnsmasq --test -C ", files.conf, name);
        if (hosts)
                CHECK_TEXT(files.hosts, hosts);
        return compare_settings(files.conf, theirs, name);
}

static size_t check_samples(const char *folder) {
        bool have_dnsmasq = has_program("dnsmasq"), fine = true;
        DIR *dir = opendir(folder);
        size_t n = 0;

        if (!dir) {
                printf("skipped: no samples in %s\n", folder);
                return 0;
        }
        for (struct dirent *entry; (entry = readdir(dir));) {
                char *end = strstr(entry->d_name, ".xml");

                if (!end || end[4])
                        continue;
                *end = 0;
                fine = check_sample(folder, entry->d_name, have_dnsmasq) && fine;
                n++;
        }
        (void) closedir(dir);
        CHECK(fine);
        return n;
}

/* Texts that would be more than a line, wherever they stand. */
static void check_line_ends(void) {
        static const char *const parts[] = {
                "<domain name='a&#10;b'/>",
                "<dns><txt name='a' value='b&#10;c'/></dns>",
                "<dns><srv service='a&#10;b' protocol='tcp'/></dns>",
                "<dns><forwarder domain='a&#10;b' addr='1.2.3.4'/></dns>",
                "<dns><host ip='1.2.3.4'><hostname>a&#13;b</hostname></host></dns>",
                "<ip address='10.1.2.1' prefix='24'><tftp root='/a&#10;b'/></ip>",
                "<ip address='10.1.2.1' prefix='24'><dhcp><host mac='52:54:00:00:00:01' "
                "name='a&#10;b' ip='10.1.2.3'/></dhcp></ip>",
                "<ip address='10.1.2.1' prefix='24'><dhcp><range start='10.1.2.3' end='10.1.2.9'/>"
                "<bootp file='a&#10;b'/></dhcp></ip>",
        };

        for (size_t i = 0; i < ELEMENTS(parts); i++) {
                _cleanup_(network_conf_freep) NetworkConf *conf = NULL;
                _cleanup_(files_clear) NetworkFiles files = {};
                _cleanup_(freep) char *xml = NULL;

                CHECK(asprintf(&xml, "<network><name>n</name><bridge name='b'/>%s</network>",
                               parts[i]) > 0);
                if (network_conf_parse(xml, 0, &conf, NULL) >= 0)
                        CHECK(files_of_network(conf, "/h", "/n", &files, NULL) < 0);
        }
}

/* ---- nftables ---- */

/* In a network namespace without rules: nft and our own messages make the same of a text, a first
 * time and when it replaces what is there, and it can be removed and found. */
static void compare_with_nft(const char *rules, const char *table, const char *name) {
        CHECK(unshare(CLONE_NEWNET) == 0);
        is_taken("nft -f ", rules, name);
        _cleanup_(freep) char *theirs = listed();
        CHECK(rules_mark(table) != 0);
        CHECK(rules_remove(table, NULL) == 0 && rules_remove(table, NULL) == 0);
        CHECK(rules_mark(table) == 0);
        for (int again = 0; again <= 1; again++) {
                _cleanup_(error_clear) Error error = {};

                if (rules_set(again ? rules : rules_for_new(rules), &error) < 0)
                        fprintf(stderr, "%s: %s\n", name, error.message);
                CHECK(error.code == ERROR_NONE);
                _cleanup_(freep) char *ours = listed();
                CHECK_TEXT(ours, theirs);
        }
        uint64_t before = rules_mark(table);
        CHECK(rules_set(rules, NULL) >= 0 && rules_mark(table) != before);
        rules_rest();
}

static void check_in_kernel(const char *rules, const char *table, const char *name) {
        pid_t pid = fork();
        int status;

        CHECK(pid >= 0);
        if (pid == 0) {
                compare_with_nft(rules, table, name);
                _exit(0);
        }
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void check_messages(void) {
        static const char *const bad[] = {
                "counter accept", "iifname vb accept", "iifname \"0123456789abcdef\" drop",
                "ip saddr 1.2.3 accept", "ip saddr fd00::1 accept", "ip saddr 1.2.3.4/33 drop",
                "udp dport 65536 drop", "jump", "snat ip to 1.2.3.4:5 drop", "masquerade to 5",
                "ct state new accept", "limit rate over 5 mbytes/second", "reject with icmp",
        };

        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                _cleanup_(nft_batch_clear) NftBatch batch = {};
                _cleanup_(error_clear) Error error = {};
                char text[256];

                (void) snprintf(text, sizeof(text), "table inet t {\n\tchain c {\n\t\t%s\n\t}\n}\n",
                                bad[i]);
                CHECK(nft_batch(text, &batch, &error) < 0);
                CHECK(strstr(error.message, "line 3"));
        }
}

static void check_rules(const char *folder, const char *name, bool write, bool have_nft) {
        _cleanup_(freep) char *path = NULL, *rules_path = NULL;

        CHECK(asprintf(&path, "%s/%s.xml", folder, name) > 0);
        CHECK(asprintf(&rules_path, "%s/%s.nft", folder, name) > 0);
        _cleanup_(network_conf_freep) NetworkConf *conf = read_network(path);
        _cleanup_(freep) char *table = rules_table_name(conf), *rules = NULL;
        _cleanup_(freep) char *wanted = slurp(rules_path);
        CHECK(table);
        CHECK(rules_of_network(conf, table, &rules, NULL) >= 0);
        if (write) {
                spit(rules_path, rules ?: "");
                return;
        }
        CHECK(wanted);
        CHECK_TEXT(rules ?: "", wanted);
        if (rules && have_nft)
                check_in_kernel(rules, table, name);
}

static size_t check_all_rules(const char *folder, bool write) {
        bool have_nft = geteuid() == 0 && has_program("nft") &&
                        system("unshare --net true 2> /dev/null") == 0;
        DIR *dir = opendir(folder);
        size_t n = 0;

        CHECK(dir);
        for (struct dirent *entry; (entry = readdir(dir));) {
                char *end = strstr(entry->d_name, ".xml");

                if (!end || end[4])
                        continue;
                *end = 0;
                check_rules(folder, entry->d_name, write, have_nft);
                n++;
        }
        (void) closedir(dir);
        CHECK(n > 0);
        return n;
}

/* ---- the rest ---- */

static void check_link_names(void) {
        static const char *const good[] = { "virbr0", "br-lab.1", "a", "vb@lab",
                                            "123456789012345" };
        static const char *const bad[] = { "", ".", "..", "a b", "a/b", "a:b", "a\"b", "a\\b",
                                           "vb*", "1234567890123456", "a\nb", "\xc3\xa4", "a'b",
                                           "<a>" };

        for (size_t i = 0; i < ELEMENTS(good); i++)
                CHECK(link_name_is_valid(good[i]));
        for (size_t i = 0; i < ELEMENTS(bad); i++)
                CHECK(!link_name_is_valid(bad[i]));
}

static void write_lease(Lease *lease, void *userdata) {
        fprintf(userdata, "%d %s %s %s %s %s\n", (int) lease->expiry, lease->mac, lease->iaid,
                lease->ip, lease->hostname, lease->client);
}

static void check_leases(void) {
        char text[] = "100 52:54:00:00:00:01 10.0.0.5 web 01:52:54:00:00:00:01\n"
                      "0 52:54:00:00:00:02 10.0.0.6 * *\n"
                      "9 52:54:00:00:00:03 10.0.0.7 late *\n"
                      "100 nonsense 10.0.0.7 x *\n"
                      "-5 52:54:00:00:00:03 10.0.0.7 x *\n"
                      "100 52:54:00:00:00:03 fd00::1 x *\n"
                      "100\n"
                      "duid 00:01:00:01:aa\n"
                      "100 77 fd00::9 six 00:03:00:01:52:54:00:00:00:0a\n"
                      "100 T78 fd00::a * 00:04:01:02\n"
                      "100 79 10.0.0.9 x *\n"
                      "100 80 fd00::b cut";
        _cleanup_(freep) char *seen = NULL;
        size_t size;
        FILE *out = open_memstream(&seen, &size);

        leases_parse(text, 50, write_lease, out);
        CHECK(fclose(out) == 0);
        CHECK_TEXT(seen, "100 52:54:00:00:00:01  10.0.0.5 web 01:52:54:00:00:00:01\n"
                         "0 52:54:00:00:00:02  10.0.0.6  \n"
                         "100 52:54:00:00:00:0a 77 fd00::9 six 00:03:00:01:52:54:00:00:00:0a\n"
                         "100  T78 fd00::a  00:04:01:02\n");
}

int main(int argc, char **argv) {
        CHECK(argc >= 3);
        bool write = strcmp(argv[2], "--write") == 0;
        size_t n = check_all_rules(argv[1], write);

        if (write)
                return 0;
        printf("%zu networks as rules\n", n);
        for (int i = 2; i < argc; i++)
                printf("%zu networks as dnsmasq's files\n", check_samples(argv[i]));
        check_line_ends();
        check_messages();
        check_link_names();
        check_leases();
        return 0;
}
