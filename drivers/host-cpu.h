/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an x86 processor has, by libvirt's names. Lists end with NULL, their names are constants. */
#pragma once

#include <stdbool.h>

/* All that the kernel shows of this host, in the order in which they are always told. Newly
 * allocated; NULL without memory; empty: unknown. vendor: NULL if it is none we know. */
const char **host_cpu_features(const char **ret_vendor);

/* The same of a model. NULL: none that hosts are described with, or no memory. */
const char **host_cpu_model_features(const char *model, const char **ret_vendor);

/* The models that hosts are described with, older ones first; NULL past the last. */
const char *host_cpu_model(unsigned index);

/* The place of a feature in that order; -1: none that the kernel shows. */
int host_cpu_feature_rank(const char *name);
