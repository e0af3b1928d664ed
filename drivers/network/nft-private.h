/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files share that make messages of rules. */
#pragma once

#include <stdint.h>

#include "drivers/network/nft-message.h"

/* ---- steps ---- */

typedef struct NftStep {
        struct nlattr *element, *data;
} NftStep;

NftStep nft_step_begin(struct nlmsghdr *header, const char *name);
void nft_step_end(struct nlmsghdr *header, NftStep step);

/* In the network's order. */
void nft_put_number(struct nlmsghdr *header, uint16_t type, uint32_t number);
void nft_put_wide(struct nlmsghdr *header, uint16_t type, uint64_t number);
void nft_put_value(struct nlmsghdr *header, uint16_t type, const void *bytes, size_t size);

void nft_load_meta_to(struct nlmsghdr *header, uint32_t reg, uint32_t key);
void nft_load_payload_to(struct nlmsghdr *header, uint32_t reg, uint32_t base, uint32_t offset,
                         uint32_t size);
void nft_load_value(struct nlmsghdr *header, uint32_t reg, const void *bytes, size_t size);

/* Of register 1. */
void nft_mask(struct nlmsghdr *header, const void *bytes, size_t size);
void nft_compare(struct nlmsghdr *header, uint32_t how, const void *bytes, size_t size);
void nft_match_byte(struct nlmsghdr *header, uint32_t key, uint8_t byte);

void nft_decide(struct nlmsghdr *header, int verdict, const char *chain); /* chain: or NULL */

/* ---- sets ---- */

typedef struct NftSet {
        char name[32];
        uint32_t number; /* in its transaction */
        uint32_t type, length; /* of its keys */
        uint32_t size, flags, timeout; /* seconds */
} NftSet;

/* A line between its braces; -1: not understood. */
int nft_set_read(NftSet *set, char *const *words);
void nft_set_write(struct nlmsghdr *header, const NftSet *set);

/* ---- words; a function takes those that follow, and returns how many it took, or -1 ---- */

typedef struct NftRule {
        struct nlmsghdr *header;
        uint32_t family; /* that its packets are known to be of; 0: any */
} NftRule;

int nft_take_number(const char *word, uint32_t *ret); /* decimal, all of the word */

/* Those of filters; word: the first one itself. */
int nft_take_raw(NftRule *rule, const char *word, char **words);
int nft_take_meta(NftRule *rule, char **words);
int nft_take_set(NftRule *rule, char **words, uint32_t operation);

/* A key ("ip saddr . th sport") with the set or the address that it is compared with. words: with
 * the first. 0: it isn't one that filters have. */
int nft_take_key(NftRule *rule, char **words);
