/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules of a filter as chains of nftables.
 *
 * A packet is judged twice, and has to pass both times, as in libvirt: first as a frame, by rules
 * about mac, vlan, stp, arp, rarp, ip and ipv6, which stand in chains; then by what is in it (tcp,
 * icmp, all-ipv6 ...), by rules in one row whose chains don't matter. Each is a chain of its own on
 * the same hook, so that to accept ends one judgement and not the other:
 *
 *   out     frames that the guest sends       out-l3  what is in them
 *   in      frames that it gets               in-l3   what is in them
 *
 * Behind them are out-hook, out-l3-hook ..., in which the name of the interface stands. "out" and
 * "in" are the root chains; the others (out-ipv4, in-arp-mac ...) are jumped to from there, at the
 * place that their priority gives them among root's rules. Rules of both directions are as they are
 * written for what the guest gets, and reversed for what it sends.
 *
 * A rule of one direction about what is in a frame also holds for the answers: of what was accepted
 * if they belong to a conversation (filter-state.c), of what was dropped in any case. What programs
 * of this host send is not judged by its content, as in libvirt; what the host routes is.
 *
 * An address of the guest that nobody gave is the first that it sends from, or those that DHCP
 * servers gave it: sets, which stay when the filter is replaced.
 *
 * The kernel rejects what comes from a port of a bridge, not what goes to one: to reject what comes
 * to a guest is to drop it, and so is to reject frames, as in libvirt. */
#include "drivers/network/filter.h"

#include <stdint.h>
#include <string.h>

#include "conf/network.h"
#include "drivers/network/filter-private.h"

#define CHAINS_MAX 512
#define DHCP_SERVERS_MAX 64

typedef struct Chain {
        const char *name, *kind; /* as the filter has them */
        int priority;
        bool linked; /* the root chain jumps there */
        char *text;
        size_t size;
        FILE *out;
} Chain;

/* One direction. */
typedef struct Side {
        Chain root, content;
        Chain chains[CHAINS_MAX];
        size_t n;
} Side;

typedef struct Writer {
        const FilterTree *tree;
        Side sides[_FILTER_SIDE_MAX];
        Chain states; /* chains of rules that ask for a state */
        unsigned n_states;
        bool stateful;
        bool learns[7]; /* by family */
} Writer;

/* ---- chains ---- */

static int chain_open(Chain *chain, Error *error) {
        chain->out = open_memstream(&chain->text, &chain->size);
        return chain->out ? 0 : fail_memory(error);
}

static int chain_close(Chain *chain, Error *error) {
        FILE *out = TAKE(chain->out);

        return out && fclose(out) != 0 ? fail_memory(error) : 0;
}

static void chain_done(Chain *chain) {
        (void) chain_close(chain, NULL);
        free(chain->text);
}

static void writer_free(Writer *writer) {
        for (int side = 0; side < _FILTER_SIDE_MAX; side++) {
                Side *s = &writer->sides[side];

                chain_done(&s->root);
                chain_done(&s->content);
                for (size_t i = 0; i < s->n; i++)
                        chain_done(&s->chains[i]);
        }
        chain_done(&writer->states);
        free(writer);
}

DEFINE_CLEANUP(Writer *, writer_free);

static int writer_new(const FilterTree *tree, Writer **ret, Error *error) {
        _cleanup_(writer_freep) Writer *writer = calloc(1, sizeof(*writer));
        int r = writer ? chain_open(&writer->states, error) : fail_memory(error);

        for (int side = 0; r >= 0 && side < _FILTER_SIDE_MAX; side++) {
                r = chain_open(&writer->sides[side].root, error);
                if (r >= 0)
                        r = chain_open(&writer->sides[side].content, error);
        }
        if (r < 0)
                return r;
        writer->tree = tree;
        writer->stateful = filter_needs_state(tree);
        *ret = TAKE(writer);
        return 0;
}

/* In nftables' alphabet, which has no ':'. */
static void print_name(FILE *out, FilterSide side, const char *chain) {
        (void) fprintf(out, "%s-", filter_sides[side]);
        for (; *chain; chain++)
                (void) fputc(*chain == ':' ? '/' : *chain, out);
}

/* The chain of frames that a rule stands in. */
static int find_chain(Side *side, const FilterRule *rule, Chain **ret, Error *error) {
        const NwfilterConf *conf = filter_conf_of(rule->scope);
        const char *kind = nwfilter_chain_kind(conf);
        Chain *chain = side->chains;

        *ret = &side->root;
        if (strcmp(kind, "root") == 0)
                return 0;
        for (; chain < side->chains + side->n; chain++)
                if (strcmp(chain->name, conf->chain) == 0) {
                        *ret = chain;
                        return 0;
                }
        if (side->n == CHAINS_MAX)
                return filter_refuse(rule, error, "more than %d chains", CHAINS_MAX);
        side->n++;
        *chain = (Chain) { .name = conf->chain, .kind = kind,
                           .priority = nwfilter_chain_priority(conf) };
        *ret = chain;
        return chain_open(chain, error);
}

/* ---- rules ---- */

/* The line of a rule, and those by which an address is learnt. */
static void write_match(const Writer *writer, FILE *out, const FilterMatch *match,
                        const char *verdict) {
        bool learns = match->own && match->own_is_sender && writer->tree->learning == LEARN_ANY;
        char learn[128];

        if (!match->own) {
                (void) fprintf(out, "\t\t%s%s\n", match->text, verdict);
                return;
        }
        (void) snprintf(learn, sizeof(learn), "%s != %s add @own%u { %s }", match->own,
                        match->family == 4 ? "0.0.0.0" : "::", match->family, match->own);
        if (learns && match->own_negated)
                (void) fprintf(out, "\t\t%s%s\n", match->text, learn);
        (void) fprintf(out, "\t\t%s%s %s@own%u %s\n", match->text, match->own,
                       match->own_negated ? "!= " : "", match->family, verdict);
        if (learns && !match->own_negated)
                (void) fprintf(out, "\t\t%s%s %s\n", match->text, learn, verdict);
}

/* What has to hold, and what is done then. */
static int write_case(Writer *writer, FILE *out, const FilterCase *one, bool reversed,
                      const char *verdict, Error *error) {
        _cleanup_(filter_match_clear) FilterMatch match = {};
        int r = filter_match(one, reversed, &match, error);

        if (r < 0)
                return r;
        write_match(writer, out, &match, verdict);
        if (match.own)
                writer->learns[match.family] = true;
        return 0;
}

static bool is_reversed(const NwfilterRule *rule, FilterSide side) {
        if (rule->direction == NWFILTER_INOUT)
                return side == FROM_GUEST;
        return (rule->direction == NWFILTER_OUT) != (side == FROM_GUEST);
}

static bool is_for(const NwfilterRule *rule, FilterSide side) {
        return rule->direction == NWFILTER_INOUT || !is_reversed(rule, side);
}

static int write_frame_rule(Writer *writer, const FilterCase *one, FilterSide side, Error *error) {
        static const char *const verdicts[] = { "drop", "accept", "drop", "return" };
        const NwfilterRule *rule = one->rule->rule;
        Chain *chain;
        int r;

        if (!is_for(rule, side))
                return 0;
        r = find_chain(&writer->sides[side], one->rule, &chain, error);
        return r < 0 ? r : write_case(writer, chain->out, one, is_reversed(rule, side),
                                      verdicts[rule->action], error);
}

static const char *content_verdict(const Writer *writer, const FilterCase *one, FilterSide side) {
        static const char *const keeps[2][2] = { { "goto out-keep4", "goto out-keep6" },
                                                 { "goto in-keep4", "goto in-keep6" } };
        NwfilterAction action = one->rule->rule->action;

        if (action == NWFILTER_REJECT && side == FROM_GUEST)
                return "reject with icmpx port-unreachable";
        if (action == NWFILTER_DROP || action == NWFILTER_REJECT)
                return "drop";
        return writer->stateful ? keeps[side][filter_family(one->rule->protocol) == 6] : "accept";
}

/* A rule that says in which state a conversation has to be holds in its own direction alone. */
static int write_state_rule(Writer *writer, const FilterCase *one, FilterSide side,
                            const char *states, Error *error) {
        char jump[32];
        int r;

        if (!is_for(one->rule->rule, side))
                return 0;
        (void) snprintf(jump, sizeof(jump), "jump %s-state%u", filter_sides[side],
                        writer->n_states);
        (void) fprintf(writer->states.out, "\tchain %s-state%u {\n", filter_sides[side],
                       writer->n_states++);
        r = filter_write_states(writer->states.out, one->rule, states, side,
                                content_verdict(writer, one, side), error);
        (void) fputs("\t}\n", writer->states.out);
        if (r < 0)
                return r;
        return write_case(writer, writer->sides[side].content.out, one,
                          is_reversed(one->rule->rule, side), jump, error);
}

static int write_content_rule(Writer *writer, const FilterCase *one, FilterSide side,
                              Error *error) {
        static const char *const known[2][2] = { { "jump out-known4", "jump out-known6" },
                                                 { "jump in-known4", "jump in-known6" } };
        const NwfilterRule *rule = one->rule->rule;
        FILE *out = writer->sides[side].content.out;
        const char *verdict = content_verdict(writer, one, side);
        _cleanup_(freep) char *states = NULL;

        if (filter_has_state(one->rule, &states))
                return write_state_rule(writer, one, side, states, error);
        if (!is_for(rule, side)) {
                /* an answer of ICMP has another type; state='NONE' wants no answers */
                if (filter_given(one, "type") || filter_given(one, "state"))
                        return 0;
                if (filter_keeps_answers(rule))
                        verdict = known[side][filter_family(one->rule->protocol) == 6];
        }
        return write_case(writer, out, one, is_reversed(rule, side), verdict, error);
}

static int write_rule(const FilterCase *one, void *userdata, Error *error) {
        Writer *writer = userdata;
        bool content = filter_family(one->rule->protocol) != 0;
        int r = 0;

        if (one->rule->rule->action == NWFILTER_CONTINUE)
                return 0;
        for (int side = 0; r >= 0 && side < _FILTER_SIDE_MAX; side++)
                r = content ? write_content_rule(writer, one, (FilterSide) side, error)
                            : write_frame_rule(writer, one, (FilterSide) side, error);
        return r;
}

/* ---- jumps ---- */

static void write_jump(FILE *out, FilterSide side, Chain *chain) {
        static const struct {
                const char *kind, *match;
        } matches[] = {
                { "stp", "@ll,0,48 0x0180c2000000 " }, { "vlan", "@ll,96,16 0x8100 " },
                { "ipv4", "@ll,96,16 0x0800 " },       { "ipv6", "@ll,96,16 0x86dd " },
                { "arp", "@ll,96,16 0x0806 " },        { "rarp", "@ll,96,16 0x8035 " },
                { "mac", "" },
        };

        for (size_t i = 0; i < ELEMENTS(matches); i++)
                if (strcmp(matches[i].kind, chain->kind) == 0)
                        (void) fprintf(out, "\t\t%sjump ", matches[i].match);
        print_name(out, side, chain->name);
        (void) fputc('\n', out);
        chain->linked = true;
}

/* To all chains up to a priority that aren't linked yet, the first first. */
static void write_jumps(FILE *out, FilterSide which, Side *side, int priority) {
        Chain *next;

        do {
                next = NULL;
                for (size_t i = 0; i < side->n; i++) {
                        Chain *chain = &side->chains[i];

                        if (!chain->linked && chain->priority <= priority &&
                            (!next || chain->priority < next->priority))
                                next = chain;
                }
                if (next)
                        write_jump(out, which, next);
        } while (next);
}

/* Whether a rule has a line in the root chain of this direction. */
static bool is_in_root(const FilterRule *rule, FilterSide side) {
        return filter_family(rule->protocol) == 0 && is_for(rule->rule, side) &&
               strcmp(nwfilter_chain_kind(filter_conf_of(rule->scope)), "root") == 0;
}

/* Rules of other chains first: then it is known which chains there are to jump to. */
static int write_rules(Writer *writer, Error *error) {
        const FilterTree *tree = writer->tree;
        int r = 0;

        for (int pass = 0; pass < 2; pass++)
                for (size_t i = 0; r >= 0 && i < tree->n; i++) {
                        const FilterRule *rule = &tree->rules[i];
                        bool in_root = is_in_root(rule, FROM_GUEST) || is_in_root(rule, TO_GUEST);

                        if (in_root != (pass == 1))
                                continue;
                        for (int side = 0; side < _FILTER_SIDE_MAX; side++)
                                if (is_in_root(rule, (FilterSide) side))
                                        write_jumps(writer->sides[side].root.out,
                                                    (FilterSide) side, &writer->sides[side],
                                                    (int) rule->rule->priority.value);
                        r = filter_each_case(tree, rule, write_rule, writer, error);
                }
        for (int side = 0; side < _FILTER_SIDE_MAX; side++)
                write_jumps(writer->sides[side].root.out, (FilterSide) side,
                            &writer->sides[side], INT32_MAX);
        return r;
}

/* ---- addresses ---- */

static void write_own_sets(const Writer *writer, FILE *out) {
        if (writer->learns[4])
                (void) fprintf(out,
                               "\tset own4 {\n\t\ttype ipv4_addr\n\t\tsize %d\n"
                               "\t\tflags dynamic\n\t}\n",
                               writer->tree->learning == LEARN_DHCP ? 16 : 1);
        if (writer->learns[6])
                (void) fputs("\tset own6 {\n\t\ttype ipv6_addr\n\t\tsize 1\n"
                             "\t\tflags dynamic\n\t}\n", out);
}

static void write_lease(FILE *out, const FilterTree *tree, const char *server) {
        (void) fputs("\t\t@ll,96,16 0x0800 meta protocol 0x0800 ", out);
        if (server)
                (void) fprintf(out, "ip saddr %s ", server);
        (void) fputs("meta l4proto 17 @th,0,32 0x00430044 @th,64,8 0x02 @th,288,48 0x", out);
        for (const char *c = tree->mac; *c; c++)
                if (*c != ':')
                        (void) fputc(*c, out);
        (void) fputs(" @th,1984,24 0x350105 add @own4 { @th,192,32 }\n", out);
}

/* What a DHCP server tells this guest that it has: an acknowledgement, whose kind is its first
 * option. DHCPSERVER says who may. */
static int write_leases(const Writer *writer, FILE *out, Error *error) {
        const char *server;
        IpAddress ip;

        if (!writer->learns[4] || writer->tree->learning != LEARN_DHCP)
                return 0;
        for (size_t i = 0; i < DHCP_SERVERS_MAX; i++) {
                server = filter_parameter(writer->tree, "DHCPSERVER", i);
                if (server && (ip_parse(server, &ip) < 0 || ip_bits(ip.family) != 32))
                        return fail(error, ERROR_CONFIG_UNSUPPORTED,
                                    "filterref: DHCPSERVER='%.64s' is no IPv4 address", server);
                if (server || i == 0)
                        write_lease(out, writer->tree, server);
                if (!server)
                        break;
        }
        return 0;
}

/* ---- the table ---- */

/* A chain, and the one on a hook that leads to it. */
static void write_base(FILE *out, const char *name, FilterSide side, const char *device,
                       int priority) {
        (void) fprintf(out,
                       "\tchain %s-hook {\n\t\ttype filter hook %s priority %d; policy accept;\n"
                       "\t\t%s \"%s\" jump %s\n\t}\n\tchain %s {\n",
                       name, side == FROM_GUEST ? "prerouting" : "postrouting", priority,
                       side == FROM_GUEST ? "iifname" : "oifname", device, name, name);
}

static int write_frames(Writer *writer, FILE *out, FilterSide which, const char *device,
                        Error *error) {
        Side *side = &writer->sides[which];
        bool leases = which == TO_GUEST && writer->learns[4] &&
                      writer->tree->learning == LEARN_DHCP;
        int r = 0;

        for (size_t i = 0; i < side->n; i++) {
                (void) fputs("\tchain ", out);
                print_name(out, which, side->chains[i].name);
                (void) fprintf(out, " {\n%s\t}\n", side->chains[i].text);
        }
        if (side->root.size == 0 && !leases)
                return 0;
        write_base(out, filter_sides[which], which, device, -200);
        if (leases)
                r = write_leases(writer, out, error);
        (void) fprintf(out, "%s\t}\n", side->root.text);
        return r;
}

/* At the end stands what is let through because nobody said otherwise. */
static void write_contents(const Writer *writer, FILE *out, FilterSide which,
                           const char *device) {
        static const char *const names[] = { "out-l3", "in-l3" };
        const char *side = filter_sides[which];

        if (writer->sides[which].content.size == 0 && !writer->stateful)
                return;
        write_base(out, names[which], which, device, -190);
        if (which == TO_GUEST && writer->stateful)
                (void) fputs("\t\tmeta skuid != 4294967295 meta protocol 0x0800 goto in-keep4\n"
                             "\t\tmeta skuid != 4294967295 meta protocol 0x86dd goto in-keep6\n",
                             out);
        else if (which == TO_GUEST)
                (void) fputs("\t\tmeta skuid != 4294967295 accept\n", out);
        (void) fputs(writer->sides[which].content.text, out);
        if (writer->stateful)
                (void) fprintf(out,
                               "\t\tmeta protocol 0x0800 goto %s-keep4\n"
                               "\t\tmeta protocol 0x86dd goto %s-keep6\n",
                               side, side);
        (void) fputs("\t}\n", out);
}

static int write_table(Writer *writer, const char *device, FILE *out, Error *error) {
        int r = 0;

        write_own_sets(writer, out);
        if (writer->stateful)
                filter_write_memory(out);
        (void) fputs(writer->states.text, out);
        for (int side = 0; r >= 0 && side < _FILTER_SIDE_MAX; side++) {
                r = write_frames(writer, out, (FilterSide) side, device, error);
                write_contents(writer, out, (FilterSide) side, device);
        }
        return r;
}

static int close_all(Writer *writer, Error *error) {
        int r = chain_close(&writer->states, error);

        for (int side = 0; side < _FILTER_SIDE_MAX; side++) {
                Side *s = &writer->sides[side];

                if (r >= 0)
                        r = chain_close(&s->root, error);
                if (r >= 0)
                        r = chain_close(&s->content, error);
                for (size_t i = 0; r >= 0 && i < s->n; i++)
                        r = chain_close(&s->chains[i], error);
        }
        return r;
}

int filter_write(const FilterSource *source, const DomainNet *net, const char *device, FILE *out,
                 Error *error) {
        _cleanup_(filter_tree_clear) FilterTree tree = {};
        _cleanup_(writer_freep) Writer *writer = NULL;
        int r = filter_tree_read(source, net, &tree, error);

        if (r >= 0)
                r = writer_new(&tree, &writer, error);
        if (r >= 0)
                r = write_rules(writer, error);
        if (r >= 0)
                r = close_all(writer, error);
        return r < 0 ? r : write_table(writer, device, out, error);
}
