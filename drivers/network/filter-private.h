/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the compiler of filters share. It goes through them in this order: which rules
 * there are and what their variables stand for (filter-tree.c), what a rule asks of a packet
 * (filter-match.c), what is remembered of conversations (filter-state.c), the chains (filter.c). */
#pragma once

#include "drivers/network/filter.h"

/* ---- rules ---- */

/* A filter in one of its uses, or the interface that uses the first. */
typedef struct FilterScope FilterScope;

typedef struct FilterRule {
        const FilterScope *scope;
        const NwfilterRule *rule;
        const char *filter, *protocol; /* protocol: NULL is any packet */
        size_t order;                  /* in which they were come upon */
} FilterRule;

/* One attribute of a rule. */
typedef struct FilterGiven {
        const char *name;
        char *text;        /* as it stands there */
        const char *value; /* what that stands for; NULL: the guest's own address, to be learnt */
        bool negated;
} FilterGiven;

#define FILTER_GIVEN_MAX 40

/* A rule with all its variables replaced. */
typedef struct FilterCase {
        const FilterRule *rule;
        FilterGiven given[FILTER_GIVEN_MAX];
        size_t n;
} FilterCase;

typedef enum FilterLearning { LEARN_ANY, LEARN_DHCP, LEARN_NONE } FilterLearning;

/* All that an interface's filter consists of, by priority. Zeroed is empty. */
typedef struct FilterTree {
        const FilterSource *source;
        char mac[MAC_TEXT_MAX];
        FilterScope **scopes;
        size_t n_scopes;
        FilterRule *rules;
        size_t n;
        FilterLearning learning;
} FilterTree;

int filter_tree_read(const FilterSource *source, const DomainNet *net, FilterTree *ret,
                     Error *error);
void filter_tree_clear(FilterTree *tree);
const NwfilterConf *filter_conf_of(const FilterScope *scope);

/* The n-th value that a parameter of the interface has, or NULL. */
const char *filter_parameter(const FilterTree *tree, const char *name, size_t n);

/* Calls a function for each combination of what the variables of a rule stand for. */
typedef int (*FilterFound)(const FilterCase *one, void *userdata, Error *error);

int filter_each_case(const FilterTree *tree, const FilterRule *rule, FilterFound found,
                     void *userdata, Error *error);

const FilterGiven *filter_given(const FilterCase *one, const char *name); /* NULL: not there */

/* Fails with the place of a rule before the words. */
int filter_refuse(const FilterRule *rule, Error *error, const char *format, ...) _printf_(3, 4);

/* ---- what a rule asks of a packet ---- */

typedef struct FilterMatch {
        char *text;     /* what has to hold, in nftables' words; "" is nothing */
        const char *own; /* the field that has to be the guest's own address; NULL: none */
        bool own_negated, own_is_sender;
        unsigned family; /* of own: 4 or 6 */
} FilterMatch;

/* reversed: as it looks in an answer, sender and receiver changed places. */
int filter_match(const FilterCase *one, bool reversed, FilterMatch *ret, Error *error);
void filter_match_clear(FilterMatch *match);

/* 4 or 6 for what is judged after all frames were, by what is in them; 0: by the frame. */
unsigned filter_family(const char *protocol);

/* ---- what is remembered ---- */

typedef enum FilterSide { FROM_GUEST, TO_GUEST, _FILTER_SIDE_MAX } FilterSide;

extern const char *const filter_sides[]; /* "out", "in" */

/* Whether there is anything that asks for conversations. */
bool filter_needs_state(const FilterTree *tree);
bool filter_has_state(const FilterRule *rule, char **ret); /* ret: words of the attribute */
bool filter_keeps_answers(const NwfilterRule *rule);

/* Sets, and chains that can be gone to. */
void filter_write_memory(FILE *out);

/* The lines of a chain that applies a verdict to packets in one of these states. */
int filter_write_states(FILE *out, const FilterRule *rule, const char *states, FilterSide side,
                        const char *verdict, Error *error);
