/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules of a network or a filter, from their text to messages for the kernel.
 *
 * The text is nftables' own language, so that it can be read, tried and compared; but libnftables,
 * which would understand all of it, first makes itself a picture of whatever tables there are, half
 * a megabyte for each. A hundred networks made each start seven milliseconds longer, in which the
 * loop stood still, and the service fifty megabytes larger. What rules.c and filter.c write needs
 * few words of that language, each with its row in nft-rule.c or nft-field.c. A text with any other
 * is refused, and unit tests have nft read the same texts: both have to tell the kernel the same.
 *
 * One transaction: tables and chains first, since rules lead to chains that stand below them. */
#include "drivers/network/nft-private.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

#define WORDS_MAX 64       /* in a line; each becomes no more than two steps */
#define LINE_SIZE (WORDS_MAX * 256) /* bytes that a line becomes, at most */

typedef struct Line {
        char text[1024];
        char *words[WORDS_MAX + 1];
        size_t n;
} Line;

/* ---- messages ---- */

static struct nlmsghdr *begin(NftBatch *batch, uint16_t type, uint16_t flags, unsigned line) {
        struct nlmsghdr *header = mnl_nlmsg_put_header(batch->bytes + batch->n);
        bool is_mark = type == NFNL_MSG_BATCH_BEGIN || type == NFNL_MSG_BATCH_END;

        header->nlmsg_type = is_mark ? type : NFNL_SUBSYS_NFTABLES << 8 | type;
        header->nlmsg_flags = NLM_F_REQUEST | flags;
        header->nlmsg_seq = line;
        struct nfgenmsg *message = mnl_nlmsg_put_extra_header(header, sizeof(*message));
        message->nfgen_family = is_mark ? AF_UNSPEC : batch->family;
        message->res_id = is_mark ? htons(NFNL_SUBSYS_NFTABLES) : 0;
        return header;
}

static void end(NftBatch *batch, struct nlmsghdr *header) {
        batch->n += header->nlmsg_len;
}

/* ---- lines ---- */

static int read_line(const char **text, Line *ret) {
        size_t n = strcspn(*text, "\n");
        char *rest = ret->text;

        if (n >= sizeof(ret->text))
                return -1;
        memcpy(ret->text, *text, n);
        ret->text[n] = 0;
        *text += n + ((*text)[n] == '\n');
        ret->n = 0;
        for (char *word; (word = strsep(&rest, " \t;"));) {
                if (!*word)
                        continue;
                if (ret->n == WORDS_MAX)
                        return -1;
                ret->words[ret->n++] = word;
        }
        ret->words[ret->n] = NULL;
        return 0;
}

static bool line_is(const Line *line, size_t n, const char *first) {
        return line->n == n && strcmp(line->words[0], first) == 0;
}

static void write_table(NftBatch *batch, unsigned number, uint16_t type, const char *name) {
        struct nlmsghdr *header = begin(batch, type, type == NFT_MSG_NEWTABLE ? NLM_F_CREATE : 0,
                                        number);

        mnl_attr_put_strz(header, NFTA_TABLE_NAME, name);
        if (type == NFT_MSG_NEWTABLE)
                mnl_attr_put_u32(header, NFTA_TABLE_FLAGS, htonl(0));
        end(batch, header);
}

static bool is_hook(const Line *line) {
        return line_is(line, 8, "type") || line_is(line, 10, "type");
}

/* "type T hook H priority P policy accept", before "priority" perhaps 'device "vnet0"'; another
 * line is no hook's. */
static int write_hook(struct nlmsghdr *header, const Line *line) {
        static const struct {
                const char *word;
                uint32_t value;
        } hooks[] = {
                { "prerouting", NF_INET_PRE_ROUTING }, { "input", NF_INET_LOCAL_IN },
                { "forward", NF_INET_FORWARD }, { "postrouting", NF_INET_POST_ROUTING },
                { "ingress", NF_NETDEV_INGRESS },
        }, priorities[] = {
                { "raw", (uint32_t) -300 }, { "filter", 0 }, { "srcnat", 100 },
                { "-200", (uint32_t) -200 }, { "-190", (uint32_t) -190 }, { "0", 0 },
        };
        char *const *order = line->words + line->n - 4; /* "priority" */
        char *device = line->n == 10 ? line->words[5] : NULL;
        size_t hook = 0, priority = 0, n = device ? strlen(device) : 0;

        if (!is_hook(line))
                return 0;
        while (hook < ELEMENTS(hooks) && strcmp(hooks[hook].word, line->words[3]) != 0)
                hook++;
        while (priority < ELEMENTS(priorities) &&
               strcmp(priorities[priority].word, order[1]) != 0)
                priority++;
        if (hook == ELEMENTS(hooks) || priority == ELEMENTS(priorities) ||
            (device && (n < 3 || device[0] != '"' || device[n - 1] != '"')))
                return -1;
        struct nlattr *nest = mnl_attr_nest_start(header, NFTA_CHAIN_HOOK);
        mnl_attr_put_u32(header, NFTA_HOOK_HOOKNUM, htonl(hooks[hook].value));
        mnl_attr_put_u32(header, NFTA_HOOK_PRIORITY, htonl(priorities[priority].value));
        if (device) {
                device[n - 1] = 0;
                mnl_attr_put_strz(header, NFTA_HOOK_DEV, device + 1);
        }
        mnl_attr_nest_end(header, nest);
        mnl_attr_put_u32(header, NFTA_CHAIN_POLICY, htonl(NF_ACCEPT));
        mnl_attr_put_strz(header, NFTA_CHAIN_TYPE, line->words[1]);
        return 0;
}

/* next: the line that follows its first one */
static int write_chain(NftBatch *batch, unsigned number, const char *table, const char *name,
                       const Line *next) {
        struct nlmsghdr *header = begin(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE, number);
        int r;

        mnl_attr_put_strz(header, NFTA_CHAIN_TABLE, table);
        mnl_attr_put_strz(header, NFTA_CHAIN_NAME, name);
        r = write_hook(header, next);
        end(batch, header);
        return r;
}

static int write_rule(NftBatch *batch, unsigned number, const char *table, const char *chain,
                      Line *line) {
        struct nlmsghdr *header = begin(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND,
                                        number);
        struct nlattr *nest;
        int r;

        mnl_attr_put_strz(header, NFTA_RULE_TABLE, table);
        mnl_attr_put_strz(header, NFTA_RULE_CHAIN, chain);
        nest = mnl_attr_nest_start(header, NFTA_RULE_EXPRESSIONS);
        r = nft_write_words(header, line->words);
        mnl_attr_nest_end(header, nest);
        end(batch, header);
        return r;
}

/* ---- texts ---- */

/* Where in the text we are. */
typedef struct Place {
        NftBatch *batch;
        bool rules; /* these are what is written this time; else tables and chains */
        char table[NFT_NAME_MAXLEN], chain[NFT_NAME_MAXLEN]; /* "": outside */
        NftSet set; /* without a name: outside */
        uint32_t n_sets;
} Place;

static int read_family(const char *word, uint8_t *ret) {
        static const struct {
                const char *word;
                uint8_t number;
        } families[] = {
                { "inet", NFPROTO_INET }, { "bridge", NFPROTO_BRIDGE },
                { "netdev", NFPROTO_NETDEV },
        };

        for (size_t i = 0; i < ELEMENTS(families); i++)
                if (strcmp(families[i].word, word) == 0) {
                        *ret = families[i].number;
                        return 0;
                }
        return -1;
}

/* All rules of a table; its chains and sets stay. */
static void write_flush(NftBatch *batch, unsigned number, const char *table) {
        struct nlmsghdr *header = begin(batch, NFT_MSG_DELRULE, 0, number);

        mnl_attr_put_strz(header, NFTA_RULE_TABLE, table);
        end(batch, header);
}

/* "table inet NAME {", "delete table inet NAME", "flush table inet NAME" */
static int write_table_line(Place *place, unsigned number, const Line *line) {
        bool flushes = line_is(line, 4, "flush"), deletes = line_is(line, 4, "delete") || flushes;
        const char *name = deletes ? line->words[3] : line->words[2];

        if ((!deletes && !line_is(line, 4, "table")) ||
            read_family(line->words[1 + deletes], &place->batch->family) < 0)
                return -1;
        if (!place->rules && flushes)
                write_flush(place->batch, number, name);
        else if (!place->rules)
                write_table(place->batch, number, deletes ? NFT_MSG_DELTABLE : NFT_MSG_NEWTABLE,
                            name);
        if (!deletes)
                (void) snprintf(place->table, sizeof(place->table), "%s", name);
        return 0;
}

/* The lines of a set up to its '}', and then all of it. */
static int write_set_line(Place *place, unsigned number, const Line *line) {
        struct nlmsghdr *header;

        if (!line_is(line, 1, "}"))
                return line->n == 0 ? 0 : nft_set_read(&place->set, line->words);
        if (!place->rules) {
                header = begin(place->batch, NFT_MSG_NEWSET, NLM_F_CREATE, number);
                mnl_attr_put_strz(header, NFTA_SET_TABLE, place->table);
                nft_set_write(header, &place->set);
                end(place->batch, header);
        }
        place->set.name[0] = 0;
        return 0;
}

static int write_line(Place *place, unsigned number, Line *line, const Line *next) {
        if (*place->set.name)
                return write_set_line(place, number, line);
        if (line_is(line, 1, "}")) {
                *(*place->chain ? place->chain : place->table) = 0;
                return 0;
        }
        if (!*place->table)
                return write_table_line(place, number, line);
        if (*place->chain)
                return !place->rules || is_hook(line)
                               ? 0 : write_rule(place->batch, number, place->table, place->chain,
                                                line);
        if (line_is(line, 3, "set")) {
                place->set = (NftSet) { .number = ++place->n_sets };
                (void) snprintf(place->set.name, sizeof(place->set.name), "%s", line->words[1]);
                return 0;
        }
        if (!line_is(line, 3, "chain"))
                return -1;
        (void) snprintf(place->chain, sizeof(place->chain), "%s", line->words[1]);
        return place->rules ? 0 : write_chain(place->batch, number, place->table, line->words[1],
                                              next);
}

static int write_all(NftBatch *batch, const char *text, bool rules, unsigned *ret_line) {
        Place place = { .batch = batch, .rules = rules };
        const char *ahead;
        Line line, next;

        for (*ret_line = 1; *text; (*ret_line)++) {
                if (read_line(&text, &line) < 0)
                        return -1;
                ahead = text;
                if (read_line(&ahead, &next) < 0)
                        return -1;
                if (line.n > 0 && write_line(&place, *ret_line, &line, &next) < 0)
                        return -1;
        }
        return 0;
}

/* The last but the end is answered when all of it is done. */
static void ask_for_answer(NftBatch *batch) {
        struct nlmsghdr *header = (struct nlmsghdr *) batch->bytes, *last = header;

        while ((char *) header < batch->bytes + batch->n) {
                last = header;
                header = (struct nlmsghdr *) ((char *) header + NLMSG_ALIGN(header->nlmsg_len));
        }
        last->nlmsg_flags |= NLM_F_ACK;
}

int nft_batch(const char *text, NftBatch *ret, Error *error) {
        NftBatch batch = {};
        size_t lines = 4;
        unsigned line = 0;
        int r;

        for (const char *c = text; *c; c++)
                lines += *c == '\n';
        batch.bytes = calloc(lines, LINE_SIZE);
        if (!batch.bytes)
                return fail_memory(error);
        end(&batch, begin(&batch, NFNL_MSG_BATCH_BEGIN, 0, 0));
        r = write_all(&batch, text, false, &line);
        if (r >= 0)
                r = write_all(&batch, text, true, &line);
        if (r < 0) {
                nft_batch_clear(&batch);
                return fail(error, ERROR_INTERNAL,
                            "line %u of the rules isn't understood", line);
        }
        ask_for_answer(&batch);
        end(&batch, begin(&batch, NFNL_MSG_BATCH_END, 0, 0));
        *ret = batch;
        return 0;
}

void nft_batch_clear(NftBatch *batch) {
        free(batch->bytes);
        *batch = (NftBatch) {};
}
