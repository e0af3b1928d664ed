/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* passt: one process for each interface, joined to QEMU by a pair of sockets. */
#include "drivers/qemu/passt.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

bool qemu_net_is_passt(const DomainNet *net) {
        return net->type == NET_USER && net->backend_type &&
               strcmp(net->backend_type, "passt") == 0;
}

/* ---- its arguments ---- */

static void add_option(Arguments *arguments, const char *option, const char *value) {
        if (!value)
                return;
        arguments_add(arguments, "%s", option);
        arguments_add(arguments, "%s", value);
}

static void add_addresses(Arguments *arguments, const DomainNet *net) {
        for (size_t i = 0; i < net->ips.n; i++) {
                const NetIp *ip = net->ips.items[i];
                bool six = ip->family && strcmp(ip->family, "ipv6") == 0;

                add_option(arguments, "--address", ip->address);
                if (!ip->prefix.set || six) /* with IPv6 it is always 64 */
                        continue;
                arguments_add(arguments, "--netmask");
                arguments_add(arguments, "%u", ip->prefix.value);
        }
}

/* "start-end:to-...", "~start-end" for what is left out */
static void print_range(FILE *out, const PortRange *range) {
        bool excluded = range->exclude && strcmp(range->exclude, "yes") == 0;

        (void) fprintf(out, "%s%u", excluded ? "~" : "", range->start);
        if (range->end)
                (void) fprintf(out, "-%u", range->end);
        if (!range->to)
                return;
        (void) fprintf(out, ":%u", range->to);
        if (range->end)
                (void) fprintf(out, "-%u", range->to + range->end - range->start);
}

/* "ADDRESS%DEVICE/RANGE,RANGE" */
static char *format_forward(const PortForward *forward) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return NULL;
        if (forward->address)
                (void) fputs(forward->address, out);
        if (forward->dev)
                (void) fprintf(out, "%%%s", forward->dev);
        if (forward->address || forward->dev)
                (void) fputc('/', out);
        for (size_t i = 0; i < forward->ranges.n; i++) {
                if (i > 0)
                        (void) fputc(',', out);
                print_range(out, forward->ranges.items[i]);
        }
        if (forward->ranges.n == 0)
                (void) fputs("all", out);
        if (fclose(out) == 0)
                return text;
        free(text);
        return NULL;
}

static int add_forwards(Arguments *arguments, const DomainNet *net, Error *error) {
        for (size_t i = 0; i < net->forwards.n; i++) {
                const PortForward *forward = net->forwards.items[i];
                bool udp = forward->proto && strcmp(forward->proto, "udp") == 0;
                _cleanup_(freep) char *text = format_forward(forward);

                if (!text)
                        return fail_memory(error);
                add_option(arguments, udp ? "--udp-ports" : "--tcp-ports", text);
        }
        return 0;
}

static int make_arguments(Arguments *arguments, const DomainNet *net, Error *error) {
        _cleanup_(freep) char *program = qemu_helper_find("passt");
        int r;

        if (!program)
                return fail_memory(error);
        arguments_add(arguments, "%s", program);
        arguments_add(arguments, "--foreground");
        arguments_add(arguments, "--one-off");
        arguments_add(arguments, "--fd");
        arguments_add(arguments, "3");
        if (net->backend_log)
                add_option(arguments, "--log-file", net->backend_log);
        else
                arguments_add(arguments, "--stderr");
        add_option(arguments, "--interface", net->source_dev);
        add_addresses(arguments, net);
        r = add_forwards(arguments, net, error);
        if (r < 0)
                return r;
        return arguments->failed ? fail_memory(error) : 0;
}

/* ---- its process ---- */

/* It becomes nobody, who makes a user namespace to lock itself in. */
static const UnitSandbox sandbox = {
        .capabilities = BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_SETGID) | BIT(CAP_SETPCAP) |
                        BIT(CAP_SETUID),
        .namespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS,
        .network = true,
        .families = (const char *const[]) { "AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK", NULL },
        .calls = (const char *const[]) { "@mount", NULL },
};

/* The folder of the log that the definition names. */
static int log_folder(const DomainNet *net, char **ret, Error *error) {
        const char *slash = net->backend_log ? strrchr(net->backend_log, '/') : NULL;

        if (!slash || slash == net->backend_log)
                return 0;
        *ret = strndup(net->backend_log, slash - net->backend_log);
        return *ret ? 0 : fail_memory(error);
}

int qemu_passt_spawn_one(QemuGuest *guest, const DomainNet *net, QemuTap *tap, Error *error) {
        _cleanup_(arguments_clear) Arguments arguments = {};
        _cleanup_(freep) char *writable = NULL;
        int ends[2], r = make_arguments(&arguments, net, error);

        if (r >= 0)
                r = log_folder(net, &writable, error);
        if (r < 0)
                return r;
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
                return fail_errno(error, -errno, "cannot make a pair of sockets");
        tap->fd = ends[0];

        _cleanup_(closep) int other = ends[1];
        const HelperSpec spec = {
                .device = net->device.alias,
                .kind = PASST,
                .argv = (const char *const *) arguments.items,
                .fds = &other,
                .n_fds = 1,
                .sandbox = &sandbox,
                .writable = writable,
        };
        return qemu_helper_spawn(guest, &spec, error);
}

int qemu_passt_spawn(QemuGuest *guest, const DomainConf *conf, QemuTaps *taps, Error *error) {
        for (size_t i = 0; i < conf->nets.n; i++) {
                int r = qemu_net_is_passt(conf->nets.items[i])
                                ? qemu_passt_spawn_one(guest, conf->nets.items[i],
                                                       &taps->items[i], error)
                                : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}
