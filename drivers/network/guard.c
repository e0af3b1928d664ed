/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What holds for the packets of one interface: limits of what a guest sends, and its filter. Each
 * interface has its own tables of nftables, one for either, made and replaced in one transaction,
 * and removed when its interface goes. */
#include "drivers/network/guard.h"

#include <ctype.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "drivers/domain.h"
#include "drivers/log.h"
#include "drivers/network/filter.h"
#include "drivers/network/link.h"
#include "drivers/network/rules.h"

/* nftables adds what passes in a second to the burst: so much more comes through at once. */
#define BURST_MIN UINT64_C(256) /* KiB: segments that are still to be cut up come as one packet */

/* Behind the name of a Xen guest's vif, that of the tap with the same card that is emulated. */
#define EMULATED "-emu"

static FilterSource source_of(const Connection *connection) {
        return (FilterSource) { .set = connection_set(connection, RESOURCE_NWFILTER) };
}

/* ---- tables ---- */

#define LIMIT "netdev" /* families of the two */
#define FILTER "bridge"

/* In nftables' alphabet; two interfaces never get one name. */
static void print_table(FILE *out, const char *family, const char *device) {
        (void) fprintf(out, "table %s virtbus_", family);
        for (const char *c = device; *c; c++)
                if (isalnum((unsigned char) *c))
                        (void) fputc(*c, out);
                else
                        (void) fprintf(out, "_%02x", (unsigned char) *c);
}

/* A command for a table; what it needs to be there is there then. */
static void print_command(FILE *out, const char *command, const char *family,
                          const char *device) {
        print_table(out, family, device);
        (void) fprintf(out, " {\n}\n%s ", command);
        print_table(out, family, device);
        (void) fputc('\n', out);
}

static void print_limit(FILE *out, const char *device, const GuardLimit *outbound) {
        uint64_t average = MIN(outbound->average, (uint64_t) UINT32_MAX);
        uint64_t burst = MAX(outbound->burst ?: average / 100, BURST_MIN);

        print_table(out, LIMIT, device);
        (void) fprintf(out,
                       " {\n\tchain packets {\n"
                       "\t\ttype filter hook ingress device \"%s\" priority 0; policy accept;\n"
                       "\t\tlimit rate over %ju kbytes/second burst %ju kbytes drop\n\t}\n}\n",
                       device, (uintmax_t) average,
                       (uintmax_t) MIN(burst, (uint64_t) UINT32_MAX / 1024));
}

static int print_filter(FILE *out, const FilterSource *source, const DomainNet *net,
                        const char *device, Error *error) {
        int r;

        print_table(out, FILTER, device);
        (void) fputs(" {\n", out);
        r = filter_write(source, net, device, out, error);
        (void) fputs("}\n", out);
        return r;
}

/* ---- telling ---- */

/* A kernel without the module that answers on bridges drops what it should reject. */
static int tell(char *text, Error *error) {
        static const char reject[] = "reject with icmpx port-unreachable";
        int r = rules_set(text, error);
        char *at = r < 0 ? strstr(text, reject) : NULL;

        if (!at)
                return r;
        for (; at; at = strstr(at, reject)) {
                memset(at, ' ', strlen(reject));
                memcpy(at, "drop", strlen("drop"));
        }
        if (rules_set(text, NULL) < 0)
                return r;
        error_clear(error);
        log_message(LOG_WARNING, "this kernel can't reject packets on bridges (nft_reject_bridge): "
                                 "what a filter rejects is dropped");
        return 0;
}

/* ---- one interface ---- */

int guard_check(const Connection *connection, const DomainNet *net, Error *error) {
        const FilterSource source = source_of(connection);
        _cleanup_(freep) char *text = NULL;
        size_t size;
        FILE *out;
        int r;

        if (!net->filterref)
                return 0;
        if (net->type == NET_ETHERNET)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "filterref: only an interface on a bridge is filtered");
        out = open_memstream(&text, &size);
        if (!out)
                return fail_memory(error);
        r = filter_write(&source, net, net->target ?: "", out, error);
        return fclose(out) != 0 && r >= 0 ? fail_memory(error) : r;
}

static int print_all(FILE *out, const Connection *connection, const DomainNet *net,
                     const GuardLimit *outbound, Error *error) {
        const FilterSource source = source_of(connection);
        int r = 0;

        if (net->filterref) {
                print_command(out, "delete", FILTER, net->target);
                r = print_filter(out, &source, net, net->target, error);
        }
        if (outbound->average > 0) {
                print_command(out, "delete", LIMIT, net->target);
                print_limit(out, net->target, outbound);
        }
        return r;
}

/* What an interface never had needn't be taken away: a start without limits asks nothing. */
int guard_set(const Connection *connection, const DomainNet *net, const GuardLimit *outbound,
              Error *error) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        FILE *out;
        int r;

        if (!link_name_is_valid(net->target))
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "target/@dev '%s' is no name for an interface with limits or filters",
                            net->target);
        if (!net->filterref && outbound->average == 0)
                return 0;
        out = open_memstream(&text, &size);
        if (!out)
                return fail_memory(error);
        r = print_all(out, connection, net, outbound, error);
        if (fclose(out) != 0 && r >= 0)
                r = fail_memory(error);
        return r < 0 ? r : tell(text, error);
}

void guard_remove(const DomainNet *net) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        FILE *out;

        if ((!net->filterref && !net->outbound) || !link_name_is_valid(net->target))
                return;
        out = open_memstream(&text, &size);
        if (!out)
                return;
        print_command(out, "delete", FILTER, net->target);
        print_command(out, "delete", LIMIT, net->target);
        if (fclose(out) == 0)
                (void) rules_set(text, NULL);
}

/* ---- all that use a filter ---- */

typedef struct Change {
        FilterSource source;
        FILE *out;
        size_t n;
} Change;

static int refilter_device(Change *change, const DomainNet *net, const char *device,
                           Error *error) {
        if (!link_name_is_valid(device) || if_nametoindex(device) == 0)
                return 0;
        print_command(change->out, "flush", FILTER, device);
        change->n++;
        return print_filter(change->out, &change->source, net, device, error);
}

static int refilter_net(Change *change, const DomainNet *net, Error *error) {
        char emulated[LINK_NAME_MAX + sizeof(EMULATED)];
        int r;

        if (!net->filterref || !net->filterref->filter || !net->target ||
            net->type == NET_HOSTDEV ||
            !filter_includes(&change->source, net->filterref->filter, change->source.name))
                return 0;
        (void) snprintf(emulated, sizeof(emulated), "%.*s" EMULATED, LINK_NAME_MAX, net->target);
        r = refilter_device(change, net, net->target, error);
        return r < 0 ? r : refilter_device(change, net, emulated, error);
}

static int refilter_domains(Change *change, const Connection *connection, Error *error) {
        const ResourceSet *set = &connection->sets[RESOURCE_DOMAIN];
        int r = 0;

        for (size_t i = 0; r >= 0 && i < set->n; i++) {
                Domain *domain = domain_of(set->items[i]);
                _cleanup_(conf_freep) DomainConf *conf = NULL;

                /* most have no filter, and their text says so without being parsed */
                if (!domain->live.xml || !strstr(domain->live.xml, "<filterref"))
                        continue;
                r = domain_conf(domain, DOMAIN_LIVE, &conf, error);
                for (size_t k = 0; r >= 0 && k < conf->nets.n; k++)
                        r = refilter_net(change, conf->nets.items[k], error);
                if (r < 0)
                        error_prefix(error, "domain '%s': ", domain->resource.name);
        }
        return r;
}

int guard_refilter(const Connection *connection, const char *filter, const char *text,
                   Error *error) {
        const Connection *keeper = connection_keeper(connection, RESOURCE_NWFILTER);
        Change change = { .source = { &keeper->sets[RESOURCE_NWFILTER], filter, text } };
        _cleanup_(freep) char *commands = NULL;
        size_t size;
        int r = 0;

        change.out = open_memstream(&commands, &size);
        if (!change.out)
                return fail_memory(error);
        for (const Connection *c = keeper; r >= 0 && c; c = c->sharing)
                r = refilter_domains(&change, c, error);
        if (fclose(change.out) != 0 && r >= 0)
                r = fail_memory(error);
        return r < 0 || change.n == 0 ? r : tell(commands, error);
}
