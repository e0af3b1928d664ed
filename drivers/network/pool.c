/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of the host that a network hands out: interfaces for macvtap, PCI functions as a whole.
 * Who uses what is counted in the network (drivers/network.h), nowhere else. */
#include "drivers/network/pool.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define VF_MAX 65536

int pool_choose_dev(NetworkPlug *plug, Error *error) {
        bool alone = plug->conf->forward == FORWARD_PASSTHROUGH;
        const NetworkForwardDev *best = NULL;

        for (size_t i = 0; i < plug->conf->forward_devs.n; i++) {
                const NetworkForwardDev *dev = plug->conf->forward_devs.items[i];

                if (!best || dev->connections.value < best->connections.value)
                        best = dev;
        }
        if (!best || (alone && best->connections.value > 0))
                return fail(error, ERROR_OPERATION_FAILED,
                            "network '%s' has no interface left for a guest%s", plug->conf->name,
                            best ? ": in mode 'passthrough' each is for one alone" : "");
        plug->dev = best->dev;
        return 0;
}

/* ---- PCI functions ---- */

static bool is_used(const NetworkPlug *plug, const NetworkForwardAddress *address) {
        char name[PCI_TEXT_MAX];

        (void) network_pci_text(address, name);
        for (size_t i = 0; i < plug->network->n_uses; i++)
                if (strcmp(plug->network->uses[i], name) == 0)
                        return true;
        return false;
}

/* A virtual function by its number; -ENOENT behind the last. */
static int find_function(const char *sysfs, const char *dev, unsigned number,
                         NetworkForwardAddress *ret) {
        char path[PATH_MAX], target[PATH_MAX];
        const char *slash;

        (void) snprintf(path, sizeof(path), "%s/class/net/%s/device/virtfn%u", sysfs, dev, number);
        ssize_t n = readlink(path, target, sizeof(target) - 1);
        if (n < 0)
                return -errno;
        target[n] = '\0';
        slash = strrchr(target, '/');
        *ret = (NetworkForwardAddress) {};
        return sscanf(slash ? slash + 1 : target, "%x:%x:%x.%x", &ret->domain, &ret->bus,
                      &ret->slot, &ret->function) == 4 ? 0 : -EINVAL;
}

/* 1: found. */
static int search_functions(NetworkPlug *plug, const char *sysfs, const char *dev) {
        int r = 0;

        for (unsigned i = 0; r >= 0 && i < VF_MAX; i++) {
                NetworkForwardAddress address;

                r = find_function(sysfs, dev, i, &address);
                if (r >= 0 && !is_used(plug, &address)) {
                        plug->address = address;
                        return 1;
                }
        }
        return 0;
}

int pool_choose_address(NetworkPlug *plug, const char *sysfs, Error *error) {
        const NetworkConf *conf = plug->conf;

        for (size_t i = 0; i < conf->forward_addresses.n; i++)
                if (!is_used(plug, conf->forward_addresses.items[i])) {
                        plug->address = *conf->forward_addresses.items[i];
                        return 0;
                }
        for (size_t i = 0; i < conf->forward_pfs.n; i++)
                if (search_functions(plug, sysfs, conf->forward_pfs.items[i]->dev) > 0)
                        return 0;
        if (conf->forward_pfs.n > 0 && plug->network->n_uses == 0)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "network '%s': '%s' has no virtual functions (SR-IOV); "
                            "device/sriov_numvfs in its folder of %s/class/net makes them",
                            conf->name, conf->forward_pfs.items[0]->dev, sysfs);
        return fail(error, ERROR_OPERATION_FAILED, "network '%s' has no device left for a guest",
                    conf->name);
}
