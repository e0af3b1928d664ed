/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What may go from a domain's definition, because libvirt drops or rewrites it too. */
#pragma once

#include <stdbool.h>
#include <string.h>

#include "conf/macro.h"

/* What libvirt drops or rewrites, and we with it; compared with the path without indexes. */
static const struct {
        const char *path;
        const char *reason;
} rewritten[] = {
        { "/domain/@id", "live" },
        { "/domain/devices/*/alias", "generated, unless it starts with ua-" },
        { "/domain/devices/disk/source/@index", "live" },
        { "/domain/devices/disk/backingStore/@index", "live" },
        { "/domain/devices/disk/mirror", "live" },
        { "/domain/devices/interface/target", "generated" },
        { "/domain/devices/interface/target/@dev", "generated" },
        { "/domain/devices/interface/source/@portid", "live" },
        { "/domain/devices/channel/target/@state", "live" },
        { "/domain/devices/console/@tty", "live" },
        { "/domain/devices/graphics/@port", "-1 with autoport" },
        { "/domain/devices/graphics/@tlsPort", "dropped with autoport" },
        { "/domain/devices/graphics/@listen", "follows the first listen element" },
        { "/domain/devices/graphics/@socket", "follows the first listen element" },
        { "/domain/devices/graphics/@autoport", "yes without a port" },
        { "/domain/devices/graphics/listen/@type", "a socket attribute makes it a socket" },
        { "/domain/devices/graphics/listen/@address", "a socket attribute makes it a socket" },
        { "/domain/seclabel/imagelabel", "live" },
        { "/domain/cputune/cachetune/@id", "live" },
        { "/domain/cputune/memorytune/@id", "live" },
        { "/domain/vcpu/@placement", "auto where numatune says so" },
        { "/domain/currentMemory", "not more than memory" },
        { "/domain/genid", "made where it is empty" },
        { "/domain/devices/disk/target/@dev", "without ioemu:" },
        { "/domain/memoryBacking/hugepages/page/@size", "in KiB" },
        { "/domain/memoryBacking/hugepages/page/@unit", "in KiB" },
        { "/domain/devices/channel/source", "of a socket that is made at each start" },
        { "/domain/os/type/@machine", "an alias becomes the version that it stands for" },
};

static inline bool domain_may_change(const char *path) {
        static const char devices[] = "/domain/devices/";

        for (size_t i = 0; i < ELEMENTS(rewritten); i++) {
                const char *p = rewritten[i].path, *q = path;
                const char *star = strchr(p, '*');

                if (!star ? strcmp(p, q) == 0 : false)
                        return true;
                if (star && strncmp(q, devices, sizeof(devices) - 1) == 0 &&
                    (q = strchr(q + sizeof(devices), '/')) && strcmp(q, star + 1) == 0)
                        return true;
        }
        return strstr(path, "/backingStore/@index");
}
