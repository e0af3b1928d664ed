/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What dnsmasq reads: its configuration and two files of hosts, made of a network. */
#pragma once

#include "conf/network.h"

typedef struct NetworkFiles {
        char *conf;
        char *hosts; /* DHCP: who gets which address */
        char *names; /* DNS: as /etc/hosts */
} NetworkFiles;

/* Whether a network has anything for dnsmasq to do. */
bool files_are_needed(const NetworkConf *conf);

/* conf names the two others by these paths. A text that would be more than one line of a file is
 * refused: ERROR_CONFIG_UNSUPPORTED. */
int files_of_network(const NetworkConf *conf, const char *hosts_path, const char *names_path,
                     NetworkFiles *ret, Error *error);
void files_clear(NetworkFiles *files);
