/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All interfaces of a guest, when it starts and when it is over. */
#include "drivers/qemu/join.h"

int qemu_nets_join(QemuGuest *guest, DomainConf *conf, QemuBorrow *borrow, QemuTaps *ret,
                   Error *error) {
        int r = 0;

        if (conf->nets.n == 0)
                return 0;
        ret->items = calloc(conf->nets.n, sizeof(*ret->items));
        if (!ret->items)
                return fail_memory(error);
        for (; ret->n < conf->nets.n; ret->n++)
                ret->items[ret->n] = (QemuTap) { .fd = -1, .vhost_fd = -1 };
        for (size_t i = 0; i < conf->nets.n; i++) {
                if (qemu_borrow_take(borrow, conf->nets.items[i], &ret->items[i]))
                        continue;
                r = qemu_net_join(guest->domain, conf, conf->nets.items[i], &ret->items[i], error);
                if (r >= 0)
                        continue;
                while (i-- > 0)
                        qemu_net_leave(guest->domain, conf->nets.items[i]);
                return r;
        }
        guest->joined = true;
        return 0;
}

void qemu_nets_leave(Domain *domain, const DomainConf *conf) {
        for (size_t i = 0; i < conf->nets.n; i++)
                qemu_net_leave(domain, conf->nets.items[i]); /* nothing, of a borrowed one */
}
