/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Conversations, for rules that let answers through and for those that ask for a state.
 *
 * The kernel's own tracking of what passes a bridge is a module that not every kernel has, and once
 * loaded it changes what all bridges do. So each interface's table remembers by itself: a set of
 * address, address, protocol, port and port, always the guest's first, and one without ports for
 * protocols that have none. What a rule accepts is put there, or stays there longer. An end of TCP
 * lets it be forgotten soon; the acknowledgement after it keeps nothing alive. A set that is full
 * lets through what a rule accepts, and forgets it.
 *
 * NEW is what isn't in the set, ESTABLISHED what is. RELATED are ICMP's errors, whichever packet
 * they quote. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "drivers/network/filter-private.h"

const char *const filter_sides[] = { "out", "in" };

/* Of the whole second, as nftables reads it. */
#define ENDED "120s"
#define QUIET "180s"

static const struct {
        unsigned family;
        const char *protocol, *key, *address;
        const char *errors;
} families[] = {
        { 4, "0x0800", "ipv4_addr", "ip", "meta l4proto 1 @th,0,8" },
        { 6, "0x86dd", "ipv6_addr", "ip6", "meta l4proto 58 @th,0,8" },
};

/* Those with ports. */
static const struct {
        unsigned number;
        const char *kept; /* for how long; NULL: as the set says */
} carriers[] = { { 6, NULL }, { 17, QUIET }, { 132, NULL }, { 136, QUIET } };

/* ---- what is asked for ---- */

bool filter_has_state(const FilterRule *rule, char **ret) {
        char *text = rule->protocol ? nwfilter_rule_value(rule->rule, "state") : NULL;

        if (text && strcmp(text, "NONE") != 0) {
                *ret = text;
                return true;
        }
        free(text);
        return false;
}

bool filter_keeps_answers(const NwfilterRule *rule) {
        const char *word = rule->statematch;

        return rule->action == NWFILTER_ACCEPT && rule->direction != NWFILTER_INOUT &&
               !(word && (strcasecmp(word, "false") == 0 || strcmp(word, "0") == 0));
}

bool filter_needs_state(const FilterTree *tree) {
        for (size_t i = 0; i < tree->n; i++) {
                const FilterRule *rule = &tree->rules[i];
                _cleanup_(freep) char *state = NULL;

                if (filter_family(rule->protocol) != 0 &&
                    (filter_has_state(rule, &state) || filter_keeps_answers(rule->rule)))
                        return true;
        }
        return false;
}

/* ---- sets ---- */

static void write_sets(FILE *out, size_t i) {
        const char *key = families[i].key;

        (void) fprintf(out,
                       "\tset talks%u {\n\t\ttype %s . %s . inet_proto . inet_service . "
                       "inet_service\n\t\tsize 65536\n\t\tflags dynamic,timeout\n"
                       "\t\ttimeout 10800s\n\t}\n"
                       "\tset peers%u {\n\t\ttype %s . %s . inet_proto\n\t\tsize 65536\n"
                       "\t\tflags dynamic,timeout\n\t\ttimeout " QUIET "\n\t}\n",
                       families[i].family, key, key, families[i].family, key, key);
}

/* The guest's address and port come first. */
static void write_key(FILE *out, size_t i, FilterSide side, bool ports) {
        bool from = side == FROM_GUEST;

        (void) fprintf(out, "%s %s . %s %s . meta l4proto", families[i].address,
                       from ? "saddr" : "daddr", families[i].address, from ? "daddr" : "saddr");
        if (ports)
                (void) fprintf(out, " . th %s . th %s", from ? "sport" : "dport",
                               from ? "dport" : "sport");
}

/* ---- chains ---- */

static void write_step(FILE *out, size_t i, FilterSide side, unsigned carrier, const char *when,
                       const char *how, const char *timeout) {
        (void) fprintf(out, "\t\tmeta protocol %s ", families[i].protocol);
        if (carrier)
                (void) fprintf(out, "meta l4proto %u ", carrier);
        (void) fprintf(out, "%s%s @%s%u { ", when, how, carrier ? "talks" : "peers",
                       families[i].family);
        write_key(out, i, side, carrier);
        if (timeout)
                (void) fprintf(out, " timeout %s", timeout);
        (void) fputs(" } accept\n", out);
}

static void write_keep(FILE *out, size_t i, FilterSide side) {
        (void) fprintf(out, "\tchain %s-keep%u {\n", filter_sides[side], families[i].family);
        write_step(out, i, side, 6, "@th,104,8 & 0x05 != 0x00 ", "update", ENDED);
        write_step(out, i, side, 6, "@th,104,8 0x10 ", "add", NULL);
        for (size_t k = 0; k < ELEMENTS(carriers); k++)
                write_step(out, i, side, carriers[k].number, "", "update", carriers[k].kept);
        write_step(out, i, side, 0, "", "update", NULL);
        (void) fputs("\t\taccept\n\t}\n", out);
}

/* Lines that apply a verdict to what belongs to a conversation that is known. */
static void write_known(FILE *out, size_t i, FilterSide side, const char *verdict) {
        for (size_t k = 0; k <= ELEMENTS(carriers); k++) {
                bool ports = k < ELEMENTS(carriers);

                (void) fprintf(out, "\t\tmeta protocol %s ", families[i].protocol);
                if (ports)
                        (void) fprintf(out, "meta l4proto %u ", carriers[k].number);
                write_key(out, i, side, ports);
                (void) fprintf(out, " @%s%u %s\n", ports ? "talks" : "peers", families[i].family,
                               verdict);
        }
}

void filter_write_memory(FILE *out) {
        char verdict[32];

        for (size_t i = 0; i < ELEMENTS(families); i++)
                write_sets(out, i);
        for (size_t i = 0; i < ELEMENTS(families); i++)
                for (int side = 0; side < _FILTER_SIDE_MAX; side++) {
                        write_keep(out, i, side);
                        (void) snprintf(verdict, sizeof(verdict), "goto %s-keep%u",
                                        filter_sides[side], families[i].family);
                        (void) fprintf(out, "\tchain %s-known%u {\n", filter_sides[side],
                                       families[i].family);
                        write_known(out, i, side, verdict);
                        (void) fputs("\t}\n", out);
                }
}

/* ---- states by name ---- */

static bool has_word(const char *words, const char *word) {
        size_t n = strlen(word);

        for (; *words; words += strcspn(words, ","), words += *words == ',')
                if (strncmp(words, word, n) == 0 && (words[n] == ',' || !words[n]))
                        return true;
        return false;
}

static void write_errors(FILE *out, size_t i, const char *verdict) {
        static const char *const types[2][6] = { { "3", "4", "5", "11", "12" },
                                                 { "1", "2", "3", "4" } };

        for (size_t k = 0; types[i][k]; k++)
                (void) fprintf(out, "\t\t%s %s %s\n", families[i].errors, types[i][k], verdict);
}

int filter_write_states(FILE *out, const FilterRule *rule, const char *states, FilterSide side,
                        const char *verdict, Error *error) {
        bool new = has_word(states, "NEW"), old = has_word(states, "ESTABLISHED");
        size_t i = filter_family(rule->protocol) == 6;

        if (has_word(states, "INVALID"))
                return filter_refuse(rule, error, "state INVALID can't be told here");
        write_errors(out, i, has_word(states, "RELATED") ? verdict : "return");
        if (old)
                write_known(out, i, side, verdict);
        else if (new) {
                (void) fprintf(out, "\t\tmeta l4proto 6 @th,104,8 & 0x12 == 0x02 %s\n", verdict);
                write_known(out, i, side, "return");
        }
        if (new)
                (void) fprintf(out, "\t\t%s\n", verdict);
        return 0;
}
