/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A limit of what goes out of an interface: a token bucket (htb) at its root, with one class.
 *
 * The kernel counts a bucket in the time that it takes to fill, in ticks of 64 ns. */
#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "drivers/network/link-private.h"

#define TICK 64                      /* ns */
#define BURST_MIN UINT64_C(1600)     /* bytes: less than a frame would let nothing through */
#define BURST_TIME 10                /* ms of the rate, where no burst is given */
#define RATE_MAX (UINT64_MAX / 1024) /* KiB/s */
#define HANDLE TC_H_MAKE(1 << 16, 0)
#define CLASS TC_H_MAKE(1 << 16, 1)

static uint32_t ticks_of(uint64_t bytes, uint64_t rate) {
        double ticks = (double) bytes * 1e9 / (double) rate / TICK;

        return ticks >= UINT32_MAX ? UINT32_MAX : (uint32_t) ticks;
}

static void put_rate(struct nlmsghdr *header, struct tc_ratespec *spec, uint16_t wide,
                     uint64_t rate) {
        spec->linklayer = TC_LINKLAYER_ETHERNET;
        spec->rate = rate >= UINT32_MAX ? UINT32_MAX : (uint32_t) rate;
        if (rate >= UINT32_MAX)
                mnl_attr_put_u64(header, wide, rate);
}

static struct tcmsg *put_message(RtnlRequest *request, unsigned index, const char *kind) {
        struct tcmsg *message = request_extra(request, sizeof(*message));

        message->tcm_ifindex = index;
        mnl_attr_put_strz(request->header, TCA_KIND, kind);
        return message;
}

static int make_class(Rtnl *rtnl, unsigned index, const NetworkRate *rate) {
        uint64_t average = MIN(rate->average, RATE_MAX) * 1024;
        uint64_t peak = rate->peak > 0 ? MIN(rate->peak, RATE_MAX) * 1024 : average;
        uint64_t burst = rate->burst > 0 ? MIN(rate->burst, RATE_MAX) * 1024
                                         : average / 1000 * BURST_TIME;
        struct tc_htb_opt options = {};
        RtnlRequest request;

        peak = MAX(peak, average);
        burst = MAX(burst, BURST_MIN);
        request_begin(&request, RTM_NEWTCLASS, NLM_F_CREATE | NLM_F_EXCL);
        struct tcmsg *message = put_message(&request, index, "htb");
        message->tcm_parent = HANDLE;
        message->tcm_handle = CLASS;
        struct nlattr *nest = mnl_attr_nest_start(request.header, TCA_OPTIONS);
        put_rate(request.header, &options.rate, TCA_HTB_RATE64, average);
        put_rate(request.header, &options.ceil, TCA_HTB_CEIL64, peak);
        options.buffer = ticks_of(burst, average);
        options.cbuffer = ticks_of(MAX(BURST_MIN, peak / 1000 * BURST_TIME), peak);
        options.quantum = 1500 * 4;
        mnl_attr_put(request.header, TCA_HTB_PARMS, sizeof(options), &options);
        mnl_attr_nest_end(request.header, nest);
        return rtnl_talk(rtnl, &request, NULL, NULL);
}

int rtnl_set_rate(Rtnl *rtnl, unsigned index, const NetworkRate *rate, Error *error) {
        struct tc_htb_glob options = { .version = 3, .rate2quantum = 10, .defcls = 1 };
        RtnlRequest request;
        int r;

        request_begin(&request, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE);
        struct tcmsg *message = put_message(&request, index, "htb");
        message->tcm_parent = TC_H_ROOT;
        message->tcm_handle = HANDLE;
        struct nlattr *nest = mnl_attr_nest_start(request.header, TCA_OPTIONS);
        mnl_attr_put(request.header, TCA_HTB_INIT, sizeof(options), &options);
        mnl_attr_nest_end(request.header, nest);
        r = rtnl_talk(rtnl, &request, NULL, NULL);
        if (r >= 0)
                r = make_class(rtnl, index, rate);
        return r < 0 ? fail_errno(error, r, "cannot limit the bandwidth of a bridge") : 0;
}

static int drop_rate(Rtnl *rtnl, unsigned index) {
        RtnlRequest request;

        request_begin(&request, RTM_DELQDISC, 0);
        struct tcmsg *message = request_extra(&request, sizeof(*message));
        message->tcm_ifindex = (int) index;
        message->tcm_parent = TC_H_ROOT;
        return rtnl_talk(rtnl, &request, NULL, NULL);
}

/* The bucket's class can't be made twice, so what was there goes first. */
int port_set_rate(const char *name, const NetworkRate *rate, Error *error) {
        _cleanup_(rtnl_close) Rtnl rtnl = {};
        Link link;
        int r = rtnl_open(&rtnl, error);

        if (r >= 0)
                r = rtnl_find(&rtnl, name, &link, error);
        if (r == -ENODEV)
                return fail(error, ERROR_OPERATION_FAILED, "there is no interface '%s'", name);
        if (r < 0)
                return r;
        (void) drop_rate(&rtnl, link.index); /* there may be none */
        return rate->average > 0 ? rtnl_set_rate(&rtnl, link.index, rate, error) : 0;
}
