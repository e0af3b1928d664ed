/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs that are run for the interfaces of a guest when they join and when they leave. */
#include "drivers/qemu/join-settle.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/log.h"

struct QemuSettling {
        Errand **errands; /* NULL: it is over */
        size_t n, waiting;
        int r;
        Error error; /* of the first that failed */
        QemuSettled settled;
        void *userdata;
};

QemuSettling *qemu_settling_free(QemuSettling *settling) {
        if (!settling)
                return NULL;
        for (size_t i = 0; i < settling->n; i++)
                if (settling->errands[i])
                        errand_forget(settling->errands[i]);
        free(settling->errands);
        error_clear(&settling->error);
        free(settling);
        return NULL;
}

/* ---- which programs ---- */

typedef struct Order {
        Arguments arguments;
        char what[128];
} Order;

static void order_clear(Order *order) {
        arguments_clear(&order->arguments);
}

static void order_script(Order *order, const char *script, const char *target) {
        arguments_add(&order->arguments, "%s", script);
        arguments_add(&order->arguments, "%s", target);
        (void) snprintf(order->what, sizeof(order->what), "script '%.100s'", script);
}

/* False: nothing is to be run. */
static bool order_of(Domain *domain, const DomainNet *net, bool leaves, Order *ret) {
        const char *script = leaves ? net->downscript : net->script;

        if (net->type == NET_ETHERNET && script && net->target) {
                order_script(ret, script, net->target);
                return true;
        }
        if (!ovs_is_port(net))
                return false;
        if (leaves)
                ovs_remove_arguments(&ret->arguments, net);
        else
                ovs_add_arguments(&ret->arguments, net, domain->resource.uuid);
        (void) snprintf(ret->what, sizeof(ret->what), "ovs-vsctl");
        return true;
}

static int run(Domain *domain, const DomainNet *net, const Order *order, ErrandDone done,
               void *userdata, Errand **ret, Error *error) {
        const ErrandSpec spec = {
                .interface = net->target,
                .what = order->what,
                .argv = (const char *const *) order->arguments.items,
        };

        if (order->arguments.failed)
                return fail_memory(error);
        return errand_new(qemu_driver_of(domain->resource.connection)->errands, &spec, done,
                          userdata, ret, error);
}

static void log_failure(const Domain *domain, const Error *error) {
        _cleanup_(freep) char *text = error_text(error);

        log_resource(LOG_WARNING, &domain->resource, "%s", text ?: "out of memory");
}

/* What comes behind it for the same interface waits for it. */
static void forget_limit(Domain *domain, const DomainNet *net) {
        _cleanup_(order_clear) Order order = { .what = "ovs-vsctl" };
        _cleanup_(error_clear) Error error = {};

        if (ovs_is_port(net) && ovs_limit_arguments(&order.arguments, net) &&
            run(domain, net, &order, NULL, NULL, NULL, &error) < 0)
                log_failure(domain, &error);
}

/* ---- joining ---- */

static void one_done(Errand *errand, int r, Error *error, void *userdata) {
        QemuSettling *settling = userdata;

        for (size_t i = 0; i < settling->n; i++)
                if (settling->errands[i] == errand)
                        settling->errands[i] = NULL;
        if (r < 0 && settling->r >= 0) {
                settling->r = r;
                error_move(&settling->error, error);
        }
        if (--settling->waiting == 0)
                settling->settled(settling->r, &settling->error, settling->userdata);
}

static int settle_one(Domain *domain, const DomainNet *net, QemuSettling *settling, Error *error) {
        _cleanup_(order_clear) Order order = {};
        Errand **errands;
        int r;

        if (!order_of(domain, net, false, &order))
                return 0;
        errands = reallocarray(settling->errands, settling->n + 1, sizeof(Errand *));
        if (!errands)
                return fail_memory(error);
        settling->errands = errands;
        forget_limit(domain, net);
        r = run(domain, net, &order, one_done, settling, &errands[settling->n], error);
        if (r < 0)
                return r;
        settling->n++;
        settling->waiting++;
        return 0;
}

static int settle(Domain *domain, DomainNet *const *nets, size_t n, QemuSettled settled,
                  void *userdata, QemuSettling **ret, Error *error) {
        _cleanup_(qemu_settling_freep) QemuSettling *settling = calloc(1, sizeof(*settling));
        int r = settling ? 0 : fail_memory(error);

        if (settling)
                *settling = (QemuSettling) { .settled = settled, .userdata = userdata };
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = settle_one(domain, nets[i], settling, error);
        if (r < 0 || settling->waiting == 0)
                return r < 0 ? r : DONE;
        *ret = TAKE(settling);
        return PENDING;
}

int qemu_nets_settle(Domain *domain, const DomainConf *conf, QemuSettled settled, void *userdata,
                     QemuSettling **ret, Error *error) {
        return settle(domain, conf->nets.items, conf->nets.n, settled, userdata, ret, error);
}

int qemu_net_settle(Domain *domain, const DomainNet *net, QemuSettled settled, void *userdata,
                    QemuSettling **ret, Error *error) {
        DomainNet *one = (DomainNet *) net;

        return settle(domain, &one, 1, settled, userdata, ret, error);
}

/* ---- changing ---- */

static bool says_the_same(const Arguments *a, const Arguments *b) {
        bool same = !a->failed && !b->failed && a->n == b->n;

        for (size_t i = 0; same && i < a->n; i++)
                same = strcmp(a->items[i], b->items[i]) == 0;
        return same;
}

/* A script is for an interface that comes or goes; a port is told anew, where it differs. */
int qemu_net_resettle(Domain *domain, const DomainNet *old, const DomainNet *new,
                      QemuSettled settled, void *userdata, QemuSettling **ret, Error *error) {
        _cleanup_(order_clear) Order before = {}, after = {};

        if (!ovs_is_port(old) || !ovs_is_port(new))
                return DONE;
        (void) order_of(domain, old, false, &before);
        (void) order_of(domain, new, false, &after);
        if (says_the_same(&before.arguments, &after.arguments))
                return DONE;
        qemu_net_unsettle(domain, old);
        return qemu_net_settle(domain, new, settled, userdata, ret, error);
}

/* ---- without waiting ---- */

static void send(Domain *domain, const DomainNet *net, bool leaves) {
        _cleanup_(order_clear) Order order = {};
        _cleanup_(error_clear) Error error = {};

        if (!order_of(domain, net, leaves, &order))
                return;
        forget_limit(domain, net);
        if (run(domain, net, &order, NULL, NULL, NULL, &error) < 0)
                log_failure(domain, &error);
}

void qemu_net_settle_again(Domain *domain, const DomainNet *net) {
        if (ovs_is_port(net))
                send(domain, net, false);
}

void qemu_net_unsettle(Domain *domain, const DomainNet *net) {
        send(domain, net, true);
}
