/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nftables: transactions, and a cheap look at what is there, by messages of our own
 * (nft-message.c), which cost the same whatever else there is.
 *
 * To close a socket of nftables waits till the kernel has done away with what was deleted last,
 * some ten milliseconds. So it stays open while there are networks (rules_rest()).
 *
 * The look asks the kernel for tables and chains alone. Their handles are never used twice, and
 * each says how many chains or rules are in it: a table that was flushed, replaced or picked to
 * pieces has another mark. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "drivers/network/nft-message.h"
#include "drivers/network/rules.h"

#define PREFIX "virtbus_"
#define SMALL (64 << 10) /* bytes that any socket takes */

static struct {
        struct mnl_socket *socket;
        unsigned sequence;
} talks;

static void hang_up(void) {
        if (talks.socket)
                mnl_socket_close(talks.socket);
        talks.socket = NULL;
}

void rules_rest(void) {
        hang_up();
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

/* What is asked about: all, a table, or a chain of it. */
typedef struct Object {
        int family;
        const char *table, *chain;
} Object;

static struct nlmsghdr *write_message(void *at, uint16_t type, uint16_t flags,
                                      const Object *object) {
        struct nlmsghdr *header = mnl_nlmsg_put_header(at);

        header->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | type;
        header->nlmsg_flags = NLM_F_REQUEST | flags;
        header->nlmsg_seq = ++talks.sequence;
        struct nfgenmsg *message = mnl_nlmsg_put_extra_header(header, sizeof(*message));
        message->nfgen_family = object->family;
        if (object->table) {
                _Static_assert((int) NFTA_TABLE_NAME == (int) NFTA_CHAIN_TABLE, "one number");
                mnl_attr_put_strz(header, NFTA_TABLE_NAME, object->table);
        }
        if (object->chain)
                mnl_attr_put_strz(header, NFTA_CHAIN_NAME, object->chain);
        return header;
}

/* Sends messages, and hands what is answered to the last of them to found(). */
static int exchange(const void *messages, size_t size, unsigned sequence, mnl_cb_t found,
                    void *userdata) {
        _Alignas(8) char bytes[32768];
        int more = MNL_CB_OK;

        if (mnl_socket_sendto(talks.socket, messages, size) < 0)
                return -errno;
        while (more > MNL_CB_STOP) {
                ssize_t n = mnl_socket_recvfrom(talks.socket, bytes, sizeof(bytes));

                more = n < 0 ? -1 : mnl_cb_run(bytes, n, sequence,
                                               mnl_socket_get_portid(talks.socket), found,
                                               userdata);
        }
        return more < 0 ? -errno : 0;
}

#define REQUEST_MAX 1024

static int ask(uint16_t type, uint16_t flags, const Object *object, mnl_cb_t found,
               void *userdata) {
        _Alignas(8) char bytes[REQUEST_MAX] = {};
        int r = call();

        if (r < 0)
                return r;
        struct nlmsghdr *header = write_message(bytes, type, flags, object);
        return exchange(header, header->nlmsg_len, header->nlmsg_seq, found, userdata);
}

/* Asks for all of one kind. */
static int dump(uint16_t type, int family, mnl_cb_t found, void *userdata, Error *error) {
        int r = ask(type, NLM_F_DUMP, &(Object) { .family = family }, found, userdata);

        if (r >= 0)
                return 0;
        hang_up();
        return fail_errno(error, r, "cannot look at nftables");
}

/* ---- changing ---- */

static const char *line_of(const char *text, unsigned number, int *ret_size) {
        for (; number > 1 && strchr(text, '\n'); number--)
                text = strchr(text, '\n') + 1;
        text += strspn(text, "\t ");
        *ret_size = (int) strcspn(text, "\n");
        return text;
}

/* The first answer that isn't "done", or the one to the last message. */
static int read_answer(unsigned *ret_line) {
        _Alignas(8) char bytes[32768];
        ssize_t n = mnl_socket_recvfrom(talks.socket, bytes, sizeof(bytes));
        int left = (int) n, result = 0;

        if (n < 0)
                return -errno;
        for (struct nlmsghdr *header = (struct nlmsghdr *) bytes;
             result == 0 && mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) {
                if (header->nlmsg_type != NLMSG_ERROR)
                        continue;
                result = ((const struct nlmsgerr *) mnl_nlmsg_get_payload(header))->error;
                *ret_line = header->nlmsg_seq;
        }
        return result;
}

/* What is sent goes in one piece. */
static void make_room(size_t size) {
        int room = (int) MIN(size * 2, (size_t) INT32_MAX / 2);

        if (size > SMALL)
                (void) setsockopt(mnl_socket_get_fd(talks.socket), SOL_SOCKET, SO_SNDBUFFORCE,
                                  &room, sizeof(room));
}

int rules_set(const char *text, Error *error) {
        _cleanup_(nft_batch_clear) NftBatch batch = {};
        unsigned line = 0;
        int r = nft_batch(text, &batch, error), size;

        if (r < 0)
                return r;
        r = call();
        if (r >= 0)
                make_room(batch.n);
        if (r >= 0)
                r = mnl_socket_sendto(talks.socket, batch.bytes, batch.n) < 0 ? -errno
                                                                              : read_answer(&line);
        if (r >= 0)
                return 0;
        hang_up();
        const char *rule = line_of(text, line, &size);
        return fail_errno(error, r, "nftables refuses '%.*s'", line > 0 ? size : 15,
                          line > 0 ? rule : "the transaction");
}

static size_t write_mark(void *at, uint16_t type) {
        struct nlmsghdr *header = mnl_nlmsg_put_header(at);

        header->nlmsg_type = type;
        header->nlmsg_flags = NLM_F_REQUEST;
        header->nlmsg_seq = ++talks.sequence;
        struct nfgenmsg *message = mnl_nlmsg_put_extra_header(header, sizeof(*message));
        message->res_id = __builtin_bswap16(NFNL_SUBSYS_NFTABLES);
        return header->nlmsg_len;
}

int rules_remove(const char *table, Error *error) {
        const Object object = { .family = NFPROTO_INET, .table = table };
        _Alignas(8) char bytes[REQUEST_MAX] = {};
        size_t n = 0;
        int r = call();

        if (r >= 0) {
                n += write_mark(bytes, NFNL_MSG_BATCH_BEGIN);
                struct nlmsghdr *header = write_message(bytes + n, NFT_MSG_DELTABLE, NLM_F_ACK,
                                                        &object);
                n += header->nlmsg_len;
                n += write_mark(bytes + n, NFNL_MSG_BATCH_END);
                r = exchange(bytes, n, header->nlmsg_seq, NULL, NULL);
        }
        if (r >= 0 || r == -ENOENT)
                return 0;
        hang_up();
        return fail_errno(error, r, "cannot remove table '%s' of nftables", table);
}

/* ---- looking ---- */

#define TABLES_MAX 4096

typedef struct Mark {
        char table[NFT_TABLE_MAXNAMELEN];
        uint64_t value;
} Mark;

typedef struct Marks {
        Mark *items;
        size_t n, last;
} Marks;

static uint64_t mix(uint64_t mark, uint64_t number) {
        return (mark ^ number) * UINT64_C(0x100000001b3) + 0x9e3779b9;
}

/* A table's mark is the sum of its own and those of its chains, in whatever order they come. */
static uint64_t mark_of(const struct nlattr *handle, const struct nlattr *use) {
        return mix(mix(0, number_of(handle)), number_of(use));
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
                .value = mark_of(all.items[NFTA_TABLE_HANDLE], all.items[NFTA_TABLE_USE]),
        };
        (void) snprintf(items[marks->n++].table, NFT_TABLE_MAXNAMELEN, "%s", name);
        return MNL_CB_OK;
}

/* Chains come by their tables, and these in the order in which they came themselves. */
static int found_chain(const struct nlmsghdr *header, void *userdata) {
        Marks *marks = userdata;
        Attributes all = {};

        (void) mnl_attr_parse(header, sizeof(struct nfgenmsg), collect, &all);
        const char *name = text_of(all.items[NFTA_CHAIN_TABLE]);
        for (size_t i = 0; i < marks->n; i++) {
                size_t at = (marks->last + i) % marks->n;

                if (strcmp(marks->items[at].table, name) != 0)
                        continue;
                marks->items[at].value += mark_of(all.items[NFTA_CHAIN_HANDLE],
                                                  all.items[NFTA_CHAIN_USE]);
                marks->last = at;
                break;
        }
        return MNL_CB_OK;
}

int rules_look(RulesFound found, void *userdata, Error *error) {
        Marks marks = {};
        int r = dump(NFT_MSG_GETTABLE, NFPROTO_INET, found_table, &marks, error);

        if (r >= 0)
                r = dump(NFT_MSG_GETCHAIN, NFPROTO_INET, found_chain, &marks, error);
        for (size_t i = 0; r >= 0 && i < marks.n; i++)
                found(marks.items[i].table, marks.items[i].value | 1, userdata);
        free(marks.items);
        return r;
}

uint64_t rules_mark(const char *table) {
        Object object = { .family = NFPROTO_INET, .table = table };
        Marks marks = {};
        uint64_t mark;
        int r = ask(NFT_MSG_GETTABLE, NLM_F_ACK, &object, found_table, &marks);

        for (size_t i = 0; r >= 0 && rules_chains[i]; i++) {
                object.chain = rules_chains[i];
                r = ask(NFT_MSG_GETCHAIN, NLM_F_ACK, &object, found_chain, &marks);
                if (r == -ENOENT)
                        r = 0;
        }
        mark = r >= 0 && marks.n > 0 ? marks.items[0].value | 1 : 0;
        free(marks.items);
        if (r < 0 && r != -ENOENT)
                hang_up();
        return mark;
}

/* ---- chains of others ---- */

static int found_hook(const struct nlattr *attribute, void *userdata) {
        if (mnl_attr_get_type(attribute) == NFTA_HOOK_HOOKNUM)
                *(uint64_t *) userdata = number_of(attribute);
        return MNL_CB_OK;
}

static int found_policy(const struct nlmsghdr *header, void *userdata) {
        const struct nfgenmsg *message = mnl_nlmsg_get_payload(header);
        uint64_t hook = UINT64_MAX;
        RulesOthers *others = userdata;
        char **place;
        Attributes all = {};

        (void) mnl_attr_parse(header, sizeof(*message), collect, &all);
        if (strcmp(text_of(all.items[NFTA_CHAIN_TABLE]), "firewalld") == 0)
                others->firewalld = true;
        if (!all.items[NFTA_CHAIN_HOOK] || !all.items[NFTA_CHAIN_POLICY] ||
            number_of(all.items[NFTA_CHAIN_POLICY]) != NF_DROP ||
            (message->nfgen_family != NFPROTO_INET && message->nfgen_family != NFPROTO_IPV4))
                return MNL_CB_OK;
        (void) mnl_attr_parse_nested(all.items[NFTA_CHAIN_HOOK], found_hook, &hook);
        place = hook == NF_INET_FORWARD ? &others->forward
                : hook == NF_INET_LOCAL_IN ? &others->input : NULL;
        if (place && !*place &&
            asprintf(place, "%s %s %s", message->nfgen_family == NFPROTO_INET ? "inet" : "ip",
                     text_of(all.items[NFTA_CHAIN_TABLE]),
                     text_of(all.items[NFTA_CHAIN_NAME])) < 0)
                *place = NULL;
        return MNL_CB_OK;
}

void rules_find_others(RulesOthers *ret) {
        *ret = (RulesOthers) {};
        (void) dump(NFT_MSG_GETCHAIN, NFPROTO_UNSPEC, found_policy, ret, NULL);
}

void rules_others_clear(RulesOthers *others) {
        free(others->forward);
        free(others->input);
}
