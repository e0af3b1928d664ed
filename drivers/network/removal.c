/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel removes an interface while the one who asks waits, till nobody can be using it any
 * more. So a child asks: a copy of ours, which does nothing else. */
#include "drivers/network/removal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drivers/network/link.h"

struct Removal {
        sd_event_source *source;
        RemovalDone done;
        void *userdata;
};

static int over(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Removal *removal = userdata;
        siginfo_t info = {};
        int r = waitid(P_PIDFD, fd, &info, WEXITED | WNOHANG);

        if (r == 0 && info.si_pid == 0)
                return 0;
        r = r == 0 && info.si_code == CLD_EXITED ? -info.si_status : -EIO;
        removal->source = sd_event_source_disable_unref(removal->source);
        removal->done(removal, r, removal->userdata);
        return 0;
}

static int fork_child(unsigned index) {
        Rtnl rtnl;
        int r = rtnl_open(&rtnl, NULL), pidfd;
        pid_t pid;

        if (r < 0)
                return r;
        pid = fork();
        if (pid == 0)
                _exit(-rtnl_remove(&rtnl, index, NULL));
        r = pid < 0 ? -errno : 0;
        rtnl_close(&rtnl);
        if (r < 0)
                return r;
        pidfd = pidfd_open(pid, 0);
        return pidfd < 0 ? -errno : pidfd;
}

int removal_new(sd_event *event, unsigned index, RemovalDone done, void *userdata, Removal **ret,
                Error *error) {
        Removal *removal = calloc(1, sizeof(*removal));
        int pidfd = removal ? fork_child(index) : -ENOMEM, r = pidfd;

        if (r >= 0)
                r = sd_event_add_io(event, &removal->source, pidfd, EPOLLIN, over, removal);
        if (r < 0) {
                if (pidfd >= 0)
                        close(pidfd);
                free(removal);
                return fail_errno(error, r, "cannot remove an interface");
        }
        (void) sd_event_source_set_io_fd_own(removal->source, true);
        removal->done = done;
        removal->userdata = userdata;
        *ret = removal;
        return 0;
}

Removal *removal_free(Removal *removal) {
        if (!removal)
                return NULL;
        sd_event_source_disable_unref(removal->source);
        free(removal);
        return NULL;
}
