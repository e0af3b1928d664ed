/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which rules the filter of an interface consists of, and what their variables stand for.
 *
 * Filters refer to others and give them parameters; what the interface says goes before, and an
 * outer filter before an inner one. A variable may have many values: "$A" and "$A[@1]" are counted
 * through, all with the same number after the @ in step, and "$A[2]" is one of them. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "conf/xml.h"
#include "drivers/defined.h"
#include "drivers/network/filter-private.h"
#include "drivers/nwfilter.h"

#define DEPTH_MAX 64
#define RULES_MAX 10000
#define ITERATORS_MAX 8
#define CASES_MAX 4096 /* of one rule */

typedef struct Binding {
        const char *name, *value;
} Binding;

struct FilterScope {
        const FilterScope *outer;
        NwfilterConf *conf; /* NULL: the interface */
        Binding *items;
        size_t n;
};

const NwfilterConf *filter_conf_of(const FilterScope *scope) {
        return scope->conf;
}

int filter_refuse(const FilterRule *rule, Error *error, const char *format, ...) {
        _cleanup_(freep) char *words = NULL;
        va_list list;
        int n;

        va_start(list, format);
        n = vasprintf(&words, format, list);
        va_end(list);
        if (n < 0) {
                words = NULL;
                return fail_memory(error);
        }
        return fail(error, ERROR_CONFIG_UNSUPPORTED, "nwfilter '%s', rule in line %ld (%s): %s",
                    rule->filter, xmlGetLineNo(rule->rule->item.node), rule->protocol ?: "any",
                    words);
}

/* ---- the tree ---- */

void filter_tree_clear(FilterTree *tree) {
        for (size_t i = 0; i < tree->n_scopes; i++) {
                if (tree->scopes[i]->conf)
                        nwfilter_conf_free(tree->scopes[i]->conf);
                free(tree->scopes[i]->items);
                free(tree->scopes[i]);
        }
        free(tree->scopes);
        free(tree->rules);
        *tree = (FilterTree) {};
}

/* A scope with room for this many values. */
static FilterScope *add_scope(FilterTree *tree, const FilterScope *outer, size_t room) {
        FilterScope **scopes = reallocarray(tree->scopes, tree->n_scopes + 1, sizeof(*scopes));
        FilterScope *scope = scopes ? calloc(1, sizeof(*scope)) : NULL;

        if (scopes)
                tree->scopes = scopes;
        if (!scope)
                return NULL;
        scope->outer = outer;
        scope->items = calloc(room + 1, sizeof(*scope->items));
        tree->scopes[tree->n_scopes++] = scope;
        return scope->items ? scope : NULL;
}

static void bind(FilterScope *scope, const char *name, const char *value) {
        if (name && value)
                scope->items[scope->n++] = (Binding) { name, value };
}

static int read_filter(const FilterSource *source, const char *name, NwfilterConf **ret,
                       Error *error) {
        const Resource *resource = resource_set_by_name(source->set, name);

        if (source->name && strcmp(source->name, name) == 0)
                return nwfilter_conf_parse(source->instead, CONF_TRUSTED, ret, error);
        if (resource)
                return nwfilter_conf_parse(container_of(resource, const Defined,
                                                        resource)->persistent,
                                           CONF_TRUSTED, ret, error);
        if (!nwfilter_shipped(name))
                return fail(error, ERROR_NO_NWFILTER, "referenced filter '%s' is missing", name);
        return nwfilter_conf_parse(nwfilter_shipped(name), 0, ret, error);
}

static int add_rule(FilterTree *tree, const FilterScope *scope, const NwfilterRule *rule,
                    Error *error) {
        FilterRule *rules;

        if (tree->n == RULES_MAX)
                return fail(error, ERROR_CONFIG_UNSUPPORTED, "nwfilter '%s': more than %d rules",
                            scope->conf->name, RULES_MAX);
        rules = reallocarray(tree->rules, tree->n + 1, sizeof(*rules));
        if (!rules)
                return fail_memory(error);
        tree->rules = rules;
        rules[tree->n] = (FilterRule) { .scope = scope, .rule = rule,
                                        .filter = scope->conf->name,
                                        .protocol = nwfilter_rule_protocol(rule),
                                        .order = tree->n };
        tree->n++;
        return 0;
}

static int add_filter(FilterTree *tree, const FilterScope *outer, const NwfilterRef *ref,
                      unsigned depth, Error *error);

/* What stands first in the document comes first. */
static int add_content(FilterTree *tree, const FilterScope *scope, unsigned depth, Error *error) {
        const NwfilterConf *conf = scope->conf;
        const xmlNode *child = xmlDocGetRootElement(conf->document)->children;
        size_t rule = 0, ref = 0;
        int r = 0;

        for (; child && r >= 0; child = child->next) {
                if (rule < conf->rules.n && conf->rules.items[rule]->item.node == child)
                        r = add_rule(tree, scope, conf->rules.items[rule++], error);
                else if (ref < conf->refs.n && conf->refs.items[ref]->item.node == child)
                        r = add_filter(tree, scope, conf->refs.items[ref++], depth + 1, error);
        }
        return r;
}

static int add_filter(FilterTree *tree, const FilterScope *outer, const NwfilterRef *ref,
                      unsigned depth, Error *error) {
        FilterScope *scope;
        int r;

        if (depth > DEPTH_MAX || tree->n_scopes > RULES_MAX)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "nwfilter '%s' is referred to too often, or too deep", ref->filter);
        scope = add_scope(tree, outer, ref->parameters.n);
        if (!scope)
                return fail_memory(error);
        r = read_filter(tree->source, ref->filter, &scope->conf, error);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ref->parameters.n; i++)
                bind(scope, ref->parameters.items[i]->name, ref->parameters.items[i]->value);
        return add_content(tree, scope, depth, error);
}

static int by_priority(const void *left, const void *right) {
        const FilterRule *a = left, *b = right;
        int first = (int) a->rule->priority.value, second = (int) b->rule->priority.value;

        if (first != second)
                return first < second ? -1 : 1;
        return a->order < b->order ? -1 : a->order > b->order;
}

static int note_learning(FilterTree *tree, Error *error) {
        static const char *const words[] = { "any", "dhcp", "none", NULL };
        const char *word = filter_parameter(tree, "CTRL_IP_LEARNING", 0);

        for (size_t i = 0; word && words[i]; i++)
                if (strcasecmp(words[i], word) == 0) {
                        tree->learning = (FilterLearning) i;
                        return 0;
                }
        return word ? fail(error, ERROR_CONFIG_UNSUPPORTED,
                           "filterref: CTRL_IP_LEARNING='%s' is none of any, dhcp and none", word)
                    : 0;
}

int filter_tree_read(const FilterSource *source, const DomainNet *net, FilterTree *ret,
                     Error *error) {
        const NetFilterRef *given = net->filterref;
        NwfilterRef ref = { .filter = given->filter };
        FilterTree tree = { .source = source };
        FilterScope *scope = add_scope(&tree, NULL, given->parameters.n);
        int r = scope ? 0 : fail_memory(error);

        (void) mac_format(net->mac, tree.mac);
        for (size_t i = 0; r >= 0 && i < given->parameters.n; i++)
                bind(scope, given->parameters.items[i]->name, given->parameters.items[i]->text);
        if (r >= 0)
                r = note_learning(&tree, error);
        if (r >= 0)
                r = add_filter(&tree, scope, &ref, 0, error);
        if (r < 0) {
                filter_tree_clear(&tree);
                return r;
        }
        if (tree.n > 0)
                qsort(tree.rules, tree.n, sizeof(*tree.rules), by_priority);
        *ret = tree;
        return 0;
}

/* ---- who refers to whom ---- */

static bool includes(const FilterSource *source, const char *whole, const char *part,
                     unsigned depth) {
        _cleanup_(nwfilter_conf_freep) NwfilterConf *conf = NULL;

        if (strcmp(whole, part) == 0)
                return true;
        if (depth > DEPTH_MAX || read_filter(source, whole, &conf, NULL) < 0)
                return false;
        for (size_t i = 0; i < conf->refs.n; i++)
                if (includes(source, conf->refs.items[i]->filter, part, depth + 1))
                        return true;
        return false;
}

bool filter_includes(const FilterSource *source, const char *whole, const char *part) {
        return includes(source, whole, part, 0);
}

/* ---- variables ---- */

/* The outermost that knows the name. */
static const FilterScope *scope_of(const FilterScope *scope, const char *name) {
        const FilterScope *found = scope->outer ? scope_of(scope->outer, name) : NULL;

        for (size_t i = 0; !found && i < scope->n; i++)
                if (strcmp(scope->items[i].name, name) == 0)
                        found = scope;
        return found;
}

static const char *value_in(const FilterScope *scope, const char *name, size_t n) {
        for (size_t i = 0; scope && i < scope->n; i++)
                if (strcmp(scope->items[i].name, name) == 0 && n-- == 0)
                        return scope->items[i].value;
        return NULL;
}

const char *filter_parameter(const FilterTree *tree, const char *name, size_t n) {
        return value_in(tree->scopes[0], name, n);
}

static const char *value_of(const FilterTree *tree, const FilterScope *scope, const char *name,
                            size_t n) {
        if (strcmp(name, "MAC") == 0)
                return n == 0 ? tree->mac : NULL;
        return value_in(scope_of(scope, name), name, n);
}

/* "$NAME", "$NAME[2]", "$NAME[@1]" */
typedef struct Variable {
        char name[64];
        bool fixed; /* number is which value; else by what it is counted */
        unsigned number;
} Variable;

static bool read_variable(const char *text, Variable *ret) {
        size_t n = text && *text == '$' ? strcspn(text + 1, "[") : 0;
        const char *index = text + 1 + n;

        if (n == 0 || n >= sizeof(ret->name))
                return false;
        *ret = (Variable) {};
        memcpy(ret->name, text + 1, n);
        if (*index) {
                ret->fixed = index[1] != '@';
                ret->number = strtoul(index + (ret->fixed ? 1 : 2), NULL, 10);
        }
        return true;
}

static bool is_own_address(const char *name) {
        return strcmp(name, "IP") == 0 || strcmp(name, "IPV6") == 0;
}

/* Nothing is known of the guest's own address, so it has to be found out. */
static bool is_learnt(const FilterTree *tree, const FilterScope *scope, const Variable *variable) {
        bool may = tree->learning == LEARN_ANY ||
                   (tree->learning == LEARN_DHCP && strcmp(variable->name, "IP") == 0);

        return may && is_own_address(variable->name) && !scope_of(scope, variable->name);
}

/* ---- cases ---- */

typedef struct Iterator {
        unsigned number;
        size_t size, at;
} Iterator;

typedef struct Iterators {
        Iterator items[ITERATORS_MAX];
        size_t n;
} Iterators;

static Iterator *iterator_of(Iterators *all, unsigned number) {
        for (size_t i = 0; i < all->n; i++)
                if (all->items[i].number == number)
                        return &all->items[i];
        return NULL;
}

static int count(const FilterTree *tree, const FilterRule *rule, const Variable *variable,
                 Iterators *all, Error *error) {
        Iterator *iterator = iterator_of(all, variable->number);
        size_t n = 0;

        while (value_of(tree, rule->scope, variable->name, n))
                n++;
        if (n == 0)
                return filter_refuse(rule, error, "nothing says what variable '%s' is",
                                     variable->name);
        if (iterator)
                return iterator->size == n
                               ? 0 : filter_refuse(rule, error, "variable '%s' has %zu values, "
                                                   "another that is counted with it has %zu",
                                                   variable->name, n, iterator->size);
        if (all->n == ITERATORS_MAX)
                return filter_refuse(rule, error, "more than %d lists", ITERATORS_MAX);
        all->items[all->n++] = (Iterator) { variable->number, n, 0 };
        return 0;
}

static int find_iterators(const FilterTree *tree, const FilterCase *one, Iterators *all,
                          Error *error) {
        size_t product = 1;
        Variable variable;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < one->n; i++)
                if (read_variable(one->given[i].text, &variable) && !variable.fixed &&
                    !is_learnt(tree, one->rule->scope, &variable))
                        r = count(tree, one->rule, &variable, all, error);
        for (size_t i = 0; r >= 0 && i < all->n; i++)
                if ((product *= all->items[i].size) > CASES_MAX)
                        return filter_refuse(one->rule, error, "its lists make more than %d rules",
                                             CASES_MAX);
        return r;
}

/* What one attribute stands for this time. */
static int resolve(const FilterTree *tree, const FilterCase *one, FilterGiven *given,
                   Iterators *all, Error *error) {
        const char *wanted;
        Variable variable;

        given->value = given->text;
        if (read_variable(given->text, &variable)) {
                if (is_learnt(tree, one->rule->scope, &variable)) {
                        given->value = NULL;
                        return 0;
                }
                given->value = value_of(tree, one->rule->scope, variable.name,
                                        variable.fixed ? variable.number
                                                       : iterator_of(all, variable.number)->at);
                if (!given->value)
                        return filter_refuse(one->rule, error, "variable '%s' has no value %u",
                                             variable.name, variable.number);
        }
        wanted = nwfilter_value_wanted(one->rule->protocol, given->name, given->value);
        return wanted ? filter_refuse(one->rule, error, "%s='%.64s' is no %s", given->name,
                                      given->value, wanted)
                      : 0;
}

static bool is_no(const xmlNode *element) {
        _cleanup_(xml_freep) xmlChar *text = xmlGetNoNsProp((xmlNode *) element,
                                                            (const xmlChar *) "match");
        const char *word = (const char *) text;

        return word && (strcasecmp(word, "no") == 0 || strcasecmp(word, "false") == 0 ||
                        strcmp(word, "0") == 0);
}

/* Of an attribute that stands there twice, the first counts. */
static int collect_element(FilterCase *one, const xmlNode *element, Error *error) {
        bool negated = is_no(element);

        for (const xmlAttr *a = element->properties; a; a = a->next) {
                const char *name = (const char *) a->name;
                FilterGiven *given = &one->given[one->n];

                if (a->ns || strcmp(name, "match") == 0 || strcmp(name, "comment") == 0 ||
                    filter_given(one, name))
                        continue;
                if (one->n == FILTER_GIVEN_MAX)
                        return filter_refuse(one->rule, error, "more than %d attributes",
                                             FILTER_GIVEN_MAX);
                *given = (FilterGiven) { .name = name, .negated = negated };
                given->text = (char *) xmlGetNoNsProp((xmlNode *) element, a->name);
                if (!given->text)
                        return fail_memory(error);
                one->n++;
        }
        return 0;
}

static int collect(FilterCase *one, Error *error) {
        const FilterRule *rule = one->rule;
        int r = 0;

        for (const xmlNode *c = rule->rule->item.node->children; rule->protocol && c && r >= 0;
             c = c->next)
                if (c->type == XML_ELEMENT_NODE && !c->ns &&
                    strcmp((const char *) c->name, rule->protocol) == 0)
                        r = collect_element(one, c, error);
        return r;
}

/* The next combination; false behind the last. */
static bool advance(Iterators *all) {
        for (size_t i = 0; i < all->n; i++) {
                if (++all->items[i].at < all->items[i].size)
                        return true;
                all->items[i].at = 0;
        }
        return false;
}

const FilterGiven *filter_given(const FilterCase *one, const char *name) {
        for (size_t i = 0; i < one->n; i++)
                if (strcmp(one->given[i].name, name) == 0)
                        return &one->given[i];
        return NULL;
}

static void case_clear(FilterCase *one) {
        for (size_t i = 0; i < one->n; i++)
                xmlFree(one->given[i].text);
        one->n = 0;
}

int filter_each_case(const FilterTree *tree, const FilterRule *rule, FilterFound found,
                     void *userdata, Error *error) {
        _cleanup_(case_clear) FilterCase one = { .rule = rule };
        Iterators all = {};
        int r = collect(&one, error);

        if (r >= 0)
                r = find_iterators(tree, &one, &all, error);
        if (r < 0)
                return r;
        do {
                for (size_t i = 0; r >= 0 && i < one.n; i++)
                        r = resolve(tree, &one, &one.given[i], &all, error);
                if (r >= 0)
                        r = found(&one, userdata, error);
        } while (r >= 0 && advance(&all));
        return r;
}
