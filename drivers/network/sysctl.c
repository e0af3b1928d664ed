/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The switches of the kernel that networks need. */
#include "drivers/network/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "drivers/network/host.h"

#define ROOT "/proc/sys/net/"

static int read_switch(const char *path) {
        char text[16];
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

        if (n < 0)
                return -errno;
        text[n] = 0;
        return atoi(text);
}

/* One that has the value already isn't written: it may be read-only in a container. A kernel
 * without IPv6 has it off. */
static int write_switch(const char *path, const char *value, Error *error) {
        if (read_switch(path) == atoi(value))
                return 0;
        _cleanup_(closep) int fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT && strncmp(path, ROOT "ipv6/", strlen(ROOT "ipv6/")) == 0 &&
            strstr(path, "disable_ipv6"))
                return 0;
        if (fd < 0 || write(fd, value, strlen(value)) < 0)
                return fail_errno(error, -errno, "cannot write %s into %s", value, path);
        return 0;
}

static int write_of_bridge(const char *bridge, const char *name, const char *value,
                           Error *error) {
        char path[128];

        (void) snprintf(path, sizeof(path), ROOT "ipv6/conf/%s/%s", bridge, name);
        return write_switch(path, value, error);
}

int sysctl_prepare_bridge(const NetworkConf *conf, const char *bridge, Error *error) {
        bool has_v6 = network_has_family(conf, true);
        int r;

        if (!has_v6 && conf->ipv6 != TRISTATE_YES)
                return write_of_bridge(bridge, "disable_ipv6", "1", error);
        r = write_of_bridge(bridge, "disable_ipv6", "0", error);
        if (r >= 0)
                r = write_of_bridge(bridge, "accept_ra", "0", error);
        return r < 0 ? r : write_of_bridge(bridge, "autoconf", "0", error);
}

/* ---- forwarding ---- */

#define FROM_ADVERTISEMENT 0x00040000 /* RTF_ADDRCONF */
#define IS_DEFAULT 0x00010000         /* RTF_DEFAULT */

/* A host that forwards ignores router advertisements, unless accept_ra is 2. */
static int check_advertised_routes(Error *error) {
        FILE *routes = fopen("/proc/net/ipv6_route", "re");
        char line[256], link[32], path[128];
        unsigned flags;
        int r = 0;

        while (routes && r >= 0 && fgets(line, sizeof(line), routes)) {
                if (sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %*s %x %31s", &flags, link) != 2 ||
                    !(flags & FROM_ADVERTISEMENT) || !(flags & IS_DEFAULT))
                        continue;
                (void) snprintf(path, sizeof(path), ROOT "ipv6/conf/%s/accept_ra", link);
                if (read_switch(path) == 1)
                        r = fail(error, ERROR_OPERATION_FAILED,
                                 "forwarding IPv6 would cost this host the routes that '%s' has by "
                                 "router advertisement; set net.ipv6.conf.%s.accept_ra to 2, or "
                                 "configure them", link, link);
        }
        if (routes)
                (void) fclose(routes);
        return r;
}

int sysctl_forward(const NetworkConf *conf, Error *error) {
        int r = 0;

        if (conf->forward == FORWARD_NONE)
                return 0;
        if (network_has_family(conf, false))
                r = write_switch(ROOT "ipv4/ip_forward", "1", error);
        if (r < 0 || !network_has_family(conf, true) ||
            read_switch(ROOT "ipv6/conf/all/forwarding") == 1)
                return r;
        r = check_advertised_routes(error);
        return r < 0 ? r : write_switch(ROOT "ipv6/conf/all/forwarding", "1", error);
}
