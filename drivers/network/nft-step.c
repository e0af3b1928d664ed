/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a rule does for each packet, step by step: a value is loaded into a register, compared
 * there, and what matched so far goes on to the next step. */
#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>

#include "drivers/network/nft-private.h"

void nft_put_number(struct nlmsghdr *header, uint16_t type, uint32_t number) {
        mnl_attr_put_u32(header, type, htonl(number));
}

void nft_put_wide(struct nlmsghdr *header, uint16_t type, uint64_t number) {
        mnl_attr_put_u64(header, type, __builtin_bswap64(number));
}

NftStep nft_step_begin(struct nlmsghdr *header, const char *name) {
        NftStep step = { .element = mnl_attr_nest_start(header, NFTA_LIST_ELEM) };

        mnl_attr_put_strz(header, NFTA_EXPR_NAME, name);
        step.data = mnl_attr_nest_start(header, NFTA_EXPR_DATA);
        return step;
}

void nft_step_end(struct nlmsghdr *header, NftStep step) {
        mnl_attr_nest_end(header, step.data);
        mnl_attr_nest_end(header, step.element);
}

void nft_put_value(struct nlmsghdr *header, uint16_t type, const void *bytes, size_t size) {
        struct nlattr *nest = mnl_attr_nest_start(header, type);

        mnl_attr_put(header, NFTA_DATA_VALUE, size, bytes);
        mnl_attr_nest_end(header, nest);
}

void nft_load_meta_to(struct nlmsghdr *header, uint32_t reg, uint32_t key) {
        NftStep step = nft_step_begin(header, "meta");

        nft_put_number(header, NFTA_META_KEY, key);
        nft_put_number(header, NFTA_META_DREG, reg);
        nft_step_end(header, step);
}

void nft_load_payload_to(struct nlmsghdr *header, uint32_t reg, uint32_t base, uint32_t offset,
                         uint32_t size) {
        NftStep step = nft_step_begin(header, "payload");

        nft_put_number(header, NFTA_PAYLOAD_DREG, reg);
        nft_put_number(header, NFTA_PAYLOAD_BASE, base);
        nft_put_number(header, NFTA_PAYLOAD_OFFSET, offset);
        nft_put_number(header, NFTA_PAYLOAD_LEN, size);
        nft_step_end(header, step);
}

void nft_load_value(struct nlmsghdr *header, uint32_t reg, const void *bytes, size_t size) {
        NftStep step = nft_step_begin(header, "immediate");

        nft_put_number(header, NFTA_IMMEDIATE_DREG, reg);
        nft_put_value(header, NFTA_IMMEDIATE_DATA, bytes, size);
        nft_step_end(header, step);
}

void nft_mask(struct nlmsghdr *header, const void *bytes, size_t size) {
        static const uint8_t nothing[16];
        NftStep step = nft_step_begin(header, "bitwise");

        nft_put_number(header, NFTA_BITWISE_SREG, NFT_REG_1);
        nft_put_number(header, NFTA_BITWISE_DREG, NFT_REG_1);
        nft_put_number(header, NFTA_BITWISE_LEN, size);
        nft_put_value(header, NFTA_BITWISE_MASK, bytes, size);
        nft_put_value(header, NFTA_BITWISE_XOR, nothing, size);
        nft_step_end(header, step);
}

void nft_compare(struct nlmsghdr *header, uint32_t how, const void *bytes, size_t size) {
        NftStep step = nft_step_begin(header, "cmp");

        nft_put_number(header, NFTA_CMP_SREG, NFT_REG_1);
        nft_put_number(header, NFTA_CMP_OP, how);
        nft_put_value(header, NFTA_CMP_DATA, bytes, size);
        nft_step_end(header, step);
}

void nft_decide(struct nlmsghdr *header, int verdict, const char *chain) {
        NftStep step = nft_step_begin(header, "immediate");
        struct nlattr *data, *nest;

        nft_put_number(header, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
        data = mnl_attr_nest_start(header, NFTA_IMMEDIATE_DATA);
        nest = mnl_attr_nest_start(header, NFTA_DATA_VERDICT);
        nft_put_number(header, NFTA_VERDICT_CODE, verdict);
        if (chain)
                mnl_attr_put_strz(header, NFTA_VERDICT_CHAIN, chain);
        mnl_attr_nest_end(header, nest);
        mnl_attr_nest_end(header, data);
        nft_step_end(header, step);
}
