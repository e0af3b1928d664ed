/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nftables: commands carried out in our own process, and a cheap look at what is there.
 *
 * To close a socket of nftables waits till the kernel has done away with what was deleted last,
 * some ten milliseconds. So there is one for commands and one for looks, and they stay open while
 * there are networks (rules_rest()).
 *
 * The look asks the kernel for tables and chains alone. Their handles are never used twice, and
 * each says how many chains or rules are in it: a table that was flushed, replaced or picked to
 * pieces has another mark. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "drivers/network/rules.h"

#define PREFIX "virtbus_"

static struct {
        struct nft_ctx *context;   /* for commands */
        struct mnl_socket *socket; /* for looks */
        unsigned sequence;
} talks;

static void hang_up(void) {
        if (talks.socket)
                mnl_socket_close(talks.socket);
        talks.socket = NULL;
}

void rules_rest(void) {
        if (talks.context)
                nft_ctx_free(talks.context);
        talks.context = NULL;
        hang_up();
}

/* ---- commands ---- */

static struct nft_ctx *get_context(void) {
        if (!talks.context)
                talks.context = nft_ctx_new(NFT_CTX_DEFAULT);
        if (talks.context && nft_ctx_buffer_error(talks.context) == 0 &&
            nft_ctx_buffer_output(talks.context) == 0)
                return talks.context;
        rules_rest();
        return NULL;
}

/* The first line that nft says; the rest shows where in our own text. */
static int tell(Error *error, const char *words) {
        size_t n = words ? strcspn(words, "\n") : 0;

        return fail(error, ERROR_OPERATION_FAILED, "nftables: %.*s", n > 0 ? (int) n : 15,
                    n > 0 ? words : "no reason given");
}

static int run(const char *commands, Error *error) {
        struct nft_ctx *context = get_context();

        if (!context)
                return fail_memory(error);
        if (nft_run_cmd_from_buffer(context, commands) == 0)
                return 0;
        return tell(error, nft_ctx_get_error_buffer(context));
}

int rules_apply(const char *commands, Error *error) {
        return run(commands, error);
}

/* Made and deleted in one transaction: so it needn't be there. */
int rules_remove(const char *table, Error *error) {
        _cleanup_(freep) char *commands = NULL;

        if (asprintf(&commands, "table inet %s {\n}\ndelete table inet %s\n", table, table) < 0)
                return fail_memory(error);
        return run(commands, error);
}

/* ---- looking ---- */

typedef struct Attributes {
        const struct nlattr *items[NFTA_CHAIN_MAX + 1];
} Attributes;

static int collect(const struct nlattr *attribute, void *userdata) {
        uint16_t type = mnl_attr_get_type(attribute);

        if (type <= NFTA_CHAIN_MAX)
                ((Attributes *) userdata)->items[type] = attribute;
        return MNL_CB_OK;
}

static const char *text_of(const struct nlattr *attribute) {
        return attribute ? mnl_attr_get_str(attribute) : "";
}

static uint64_t number_of(const struct nlattr *attribute) {
        size_t size = attribute ? mnl_attr_get_payload_len(attribute) : 0;
        uint64_t wide;
        uint32_t narrow;

        if (size == sizeof(wide)) {
                memcpy(&wide, mnl_attr_get_payload(attribute), sizeof(wide));
                return __builtin_bswap64(wide);
        }
        if (size != sizeof(narrow))
                return 0;
        memcpy(&narrow, mnl_attr_get_payload(attribute), sizeof(narrow));
        return __builtin_bswap32(narrow);
}

static int call(void) {
        if (talks.socket)
                return 0;
        talks.socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
        if (talks.socket && mnl_socket_bind(talks.socket, 0, MNL_SOCKET_AUTOPID) >= 0)
                return 0;
        int r = -errno;
        hang_up();
        return r;
}

static int ask(uint16_t type, int family) {
        _Alignas(8) char bytes[256];
        struct nlmsghdr *header = mnl_nlmsg_put_header(bytes);

        header->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | type;
        header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
        header->nlmsg_seq = ++talks.sequence;
        struct nfgenmsg *message = mnl_nlmsg_put_extra_header(header, sizeof(*message));
        message->nfgen_family = family;
        return mnl_socket_sendto(talks.socket, header, header->nlmsg_len) < 0 ? -errno : 0;
}

/* Asks for all of one kind, and hands the answers to found(). */
static int dump(uint16_t type, int family, mnl_cb_t found, void *userdata, Error *error) {
        _Alignas(8) char bytes[32768];
        int r = call(), more = MNL_CB_OK;

        if (r >= 0)
                r = ask(type, family);
        while (r >= 0 && more > MNL_CB_STOP) {
                ssize_t n = mnl_socket_recvfrom(talks.socket, bytes, sizeof(bytes));

                more = n < 0 ? -1 : mnl_cb_run(bytes, n, talks.sequence,
                                               mnl_socket_get_portid(talks.socket), found,
                                               userdata);
                if (more < 0)
                        r = -errno;
        }
        if (r >= 0)
                return 0;
        hang_up();
        return fail_errno(error, r, "cannot look at nftables");
}

#define TABLES_MAX 4096

typedef struct Mark {
        char table[NFT_TABLE_MAXNAMELEN];
        uint64_t value;
} Mark;

typedef struct Marks {
        Mark *items;
        size_t n;
} Marks;

static uint64_t mix(uint64_t mark, uint64_t number) {
        return (mark ^ number) * UINT64_C(0x100000001b3) + 0x9e3779b9;
}

static int found_table(const struct nlmsghdr *header, void *userdata) {
        Marks *marks = userdata;
        Attributes all = {};

        (void) mnl_attr_parse(header, sizeof(struct nfgenmsg), collect, &all);
        const char *name = text_of(all.items[NFTA_TABLE_NAME]);
        if (strncmp(name, PREFIX, strlen(PREFIX)) != 0 || marks->n == TABLES_MAX)
                return MNL_CB_OK;
        Mark *items = reallocarray(marks->items, marks->n + 1, sizeof(*items));
        if (!items)
                return MNL_CB_OK;
        marks->items = items;
        items[marks->n] = (Mark) {
                .value = mix(number_of(all.items[NFTA_TABLE_HANDLE]),
                             number_of(all.items[NFTA_TABLE_USE])) | 1,
        };
        (void) snprintf(items[marks->n++].table, NFT_TABLE_MAXNAMELEN, "%s", name);
        return MNL_CB_OK;
}

static int found_chain(const struct nlmsghdr *header, void *userdata) {
        Marks *marks = userdata;
        Attributes all = {};

        (void) mnl_attr_parse(header, sizeof(struct nfgenmsg), collect, &all);
        const char *name = text_of(all.items[NFTA_CHAIN_TABLE]);
        if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
                return MNL_CB_OK;
        for (size_t i = 0; i < marks->n; i++)
                if (strcmp(marks->items[i].table, name) == 0)
                        marks->items[i].value =
                                mix(mix(marks->items[i].value,
                                        number_of(all.items[NFTA_CHAIN_HANDLE])),
                                    number_of(all.items[NFTA_CHAIN_USE])) | 1;
        return MNL_CB_OK;
}

int rules_look(RulesFound found, void *userdata, Error *error) {
        Marks marks = {};
        int r = dump(NFT_MSG_GETTABLE, NFPROTO_INET, found_table, &marks, error);

        if (r >= 0)
                r = dump(NFT_MSG_GETCHAIN, NFPROTO_INET, found_chain, &marks, error);
        for (size_t i = 0; r >= 0 && i < marks.n; i++)
                found(marks.items[i].table, marks.items[i].value, userdata);
        free(marks.items);
        return r;
}

typedef struct Wanted {
        const char *table;
        uint64_t mark;
} Wanted;

static void compare(const char *table, uint64_t mark, void *userdata) {
        Wanted *wanted = userdata;

        if (strcmp(wanted->table, table) == 0)
                wanted->mark = mark;
}

uint64_t rules_mark(const char *table) {
        Wanted wanted = { .table = table };

        return rules_look(compare, &wanted, NULL) < 0 ? 0 : wanted.mark;
}

/* ---- chains of others ---- */

typedef struct Search {
        unsigned hook;
        char *found;
} Search;

static int found_hook(const struct nlattr *attribute, void *userdata) {
        if (mnl_attr_get_type(attribute) == NFTA_HOOK_HOOKNUM)
                *(uint64_t *) userdata = number_of(attribute);
        return MNL_CB_OK;
}

static int found_policy(const struct nlmsghdr *header, void *userdata) {
        const struct nfgenmsg *message = mnl_nlmsg_get_payload(header);
        uint64_t hook = UINT64_MAX;
        Search *search = userdata;
        Attributes all = {};

        (void) mnl_attr_parse(header, sizeof(*message), collect, &all);
        if (!all.items[NFTA_CHAIN_HOOK] || !all.items[NFTA_CHAIN_POLICY] || search->found ||
            number_of(all.items[NFTA_CHAIN_POLICY]) != NF_DROP ||
            (message->nfgen_family != NFPROTO_INET && message->nfgen_family != NFPROTO_IPV4))
                return MNL_CB_OK;
        (void) mnl_attr_parse_nested(all.items[NFTA_CHAIN_HOOK], found_hook, &hook);
        if (hook == search->hook &&
            asprintf(&search->found, "%s %s %s",
                     message->nfgen_family == NFPROTO_INET ? "inet" : "ip",
                     text_of(all.items[NFTA_CHAIN_TABLE]),
                     text_of(all.items[NFTA_CHAIN_NAME])) < 0)
                search->found = NULL;
        return MNL_CB_OK;
}

char *rules_find_dropping(unsigned hook) {
        Search search = { .hook = hook };

        (void) dump(NFT_MSG_GETCHAIN, NFPROTO_UNSPEC, found_policy, &search, NULL);
        return search.found;
}

static int found_named(const struct nlmsghdr *header, void *userdata) {
        Wanted *wanted = userdata;
        Attributes all = {};

        (void) mnl_attr_parse(header, sizeof(struct nfgenmsg), collect, &all);
        if (strcmp(text_of(all.items[NFTA_TABLE_NAME]), wanted->table) == 0)
                wanted->mark = 1;
        return MNL_CB_OK;
}

bool rules_has_table(const char *name) {
        Wanted wanted = { .table = name };

        (void) dump(NFT_MSG_GETTABLE, NFPROTO_UNSPEC, found_named, &wanted, NULL);
        return wanted.mark != 0;
}
