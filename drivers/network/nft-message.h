/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules as the kernel reads them. */
#pragma once

#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/error.h"

/* One transaction: messages of netlink, whose sequence numbers are lines of the text. The last but
 * one asks for an answer, which comes when all of it is in force; each that fails is answered
 * too. Zeroed is empty. */
typedef struct NftBatch {
        char *bytes;
        size_t n;
        uint8_t family; /* of the table that is written */
} NftBatch;

/* What rules_of_network() and guard.c made, and nothing else: ERROR_INTERNAL. */
int nft_batch(const char *text, NftBatch *ret, Error *error);
void nft_batch_clear(NftBatch *batch);

/* The steps of one rule, into a message (nft-rule.c). -1: not understood. Words may be changed. */
int nft_write_words(struct nlmsghdr *header, char **words);
