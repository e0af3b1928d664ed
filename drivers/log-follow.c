/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One inotify watch for each followed file. What it wrote is read to its end at each news; a line
 * that isn't finished yet waits for its rest. */
#include "drivers/log-follow.h"

#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>

#include "drivers/log.h"

#define LINE_LONGEST 4096 /* bytes; a longer one is passed on in pieces */
#define ROUNDS_MAX 64     /* reads for one piece of news: a program that floods its log waits */

struct LogFollow {
        const Resource *resource;
        pid_t pid;
        int fd;
        sd_event_source *source;
        char line[LINE_LONGEST];
        size_t n;
};

/* The finished lines of what was read; with rest, also the unfinished one. */
static void pass_on(LogFollow *follow, bool rest) {
        char *line = follow->line, *end;

        while ((end = memchr(line, '\n', follow->line + follow->n - line))) {
                *end = 0;
                if (*line)
                        log_process(LOG_INFO, follow->resource, follow->pid, line);
                line = end + 1;
        }
        follow->n -= line - follow->line;
        memmove(follow->line, line, follow->n);
        if (follow->n > 0 && (rest || follow->n == sizeof(follow->line) - 1)) {
                follow->line[follow->n] = 0;
                log_process(LOG_INFO, follow->resource, follow->pid, follow->line);
                follow->n = 0;
        }
}

static void catch_up(LogFollow *follow, bool rest) {
        ssize_t n = 1;

        for (int round = 0; n > 0 && round < ROUNDS_MAX; round++) {
                n = read(follow->fd, follow->line + follow->n,
                         sizeof(follow->line) - 1 - follow->n);
                if (n > 0)
                        follow->n += n;
                pass_on(follow, rest && n <= 0);
        }
}

static int changed(sd_event_source *source, const struct inotify_event *event, void *userdata) {
        catch_up(userdata, false);
        return 0;
}

LogFollow *log_follow_new(sd_event *event, const Resource *resource, const char *path, off_t from,
                          pid_t pid) {
        LogFollow *follow;

        if (!log_is_journal())
                return NULL;
        follow = calloc(1, sizeof(*follow));
        if (!follow)
                return NULL;
        follow->resource = resource;
        follow->pid = pid;
        follow->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (follow->fd < 0 || lseek(follow->fd, MAX(from, 0), from < 0 ? SEEK_END : SEEK_SET) < 0 ||
            sd_event_add_inotify(event, &follow->source, path, IN_MODIFY, changed, follow) < 0) {
                log_follow_free(follow);
                return NULL;
        }
        catch_up(follow, false);
        return follow;
}

LogFollow *log_follow_free(LogFollow *follow) {
        if (!follow)
                return NULL;
        if (follow->fd >= 0) {
                catch_up(follow, true);
                close(follow->fd);
        }
        sd_event_source_disable_unref(follow->source);
        free(follow);
        return NULL;
}
