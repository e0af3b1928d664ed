/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's address on the host's vsock: the one of the definition, else the first that is free.
 * The kernel remembers it with the descriptor, so no two guests can get the same. */
#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "drivers/qemu/guest.h"

/* Below are the hypervisor, the guest's own and the host. */
enum { CID_FIRST = 3, CID_TRIES = 65536 };

static int claim(int fd, uint64_t cid) {
        return ioctl(fd, VHOST_VSOCK_SET_GUEST_CID, &cid) < 0 ? -errno : 0;
}

static int claim_any(int fd, MaybeU32 *ret) {
        int r = -EADDRINUSE;

        for (uint32_t cid = CID_FIRST; r == -EADDRINUSE && cid < CID_FIRST + CID_TRIES; cid++)
                if ((r = claim(fd, cid)) >= 0)
                        *ret = (MaybeU32) { true, cid };
        return r;
}

int qemu_vsock_open(DomainConf *live, int *ret, Error *error) {
        DomainVsock *vsock = live->vsocks.n > 0 ? live->vsocks.items[0] : NULL;
        _cleanup_(closep) int fd = -1;
        int r;

        if (!vsock)
                return 0;
        fd = open("/dev/vhost-vsock", O_RDWR | O_CLOEXEC);
        if (fd < 0)
                return fail_errno(error, -errno, "devices/vsock: cannot open /dev/vhost-vsock");
        if (vsock->auto_cid == TRISTATE_YES || !vsock->cid.set)
                r = claim_any(fd, &vsock->cid);
        else
                r = claim(fd, vsock->cid.value);
        if (r == -EADDRINUSE)
                return fail(error, ERROR_RESOURCE_BUSY,
                            "devices/vsock: context id %u is used by another guest",
                            vsock->cid.value);
        if (r < 0)
                return fail_errno(error, r, "devices/vsock: cannot take a context id");
        *ret = TAKE_FD(fd);
        return 0;
}
