/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What users keep in a definition for themselves: description, title, and elements of namespaces of
 * their own. Both functions take texts that are NULL where there is none. */
#pragma once

#include "drivers/domain.h"

/* Of one definition; metadata NULL removes. An element is known by the uri of its namespace, for
 * which the document gets the prefix key. */
int metadata_set(DomainConf *conf, DomainMetadataType type, const char *metadata, const char *key,
                 const char *uri, Error *error);

/* virDomainSetMetadata as a whole: checks, edits by flags, reports EVENT_METADATA. */
int metadata_change(Domain *domain, DomainMetadataType type, const char *metadata,
                        const char *key, const char *uri, uint32_t flags, Error *error);
