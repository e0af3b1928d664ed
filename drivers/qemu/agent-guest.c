/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which channel of a guest leads to its agent, whether somebody listens there, and jobs that wait
 * for what it says. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "drivers/qemu/guest.h"

static bool text_is(const char *text, const char *wanted) {
        return text && strcmp(text, wanted) == 0;
}

/* One whose socket is ours to connect to. */
static bool is_agent(const DomainChar *channel) {
        const CharSource *source = channel->sources.n > 0 ? channel->sources.items[0] : NULL;

        return channel->type == CHAR_UNIX && text_is(channel->target_type, "virtio") &&
               text_is(channel->target_name, AGENT_CHANNEL) && source && source->path &&
               !text_is(source->mode, "connect");
}

static const DomainChar *channel_of(Domain *domain) {
        const DomainConf *conf = domain_view(domain);

        for (size_t i = 0; conf && i < conf->channels.n; i++)
                if (is_agent(conf->channels.items[i]))
                        return conf->channels.items[i];
        return NULL;
}

int qemu_agent_available(Domain *domain, Error *error) {
        const DomainChar *channel;
        int r = domain_need_active(domain, error);

        if (r < 0)
                return r;
        if (domain->state != DOMAIN_RUNNING || !qemu_guest_of(domain))
                return fail(error, ERROR_OPERATION_INVALID, "domain is not running");
        channel = channel_of(domain);
        if (!channel)
                return fail(error, ERROR_ARG_UNSUPPORTED, "QEMU guest agent is not configured: "
                            "domain '%s' has no channel '" AGENT_CHANNEL "'",
                            domain->resource.name);
        if (!text_is(channel->target_state, "connected"))
                return fail(error, ERROR_AGENT_UNRESPONSIVE, "QEMU guest agent is not connected");
        return 0;
}

static int open_channel(void *userdata, Error *error) {
        QemuGuest *guest = userdata;
        const DomainChar *channel = channel_of(guest->domain);
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        const char *path = channel ? channel->sources.items[0]->path : "";
        _cleanup_(closep) int fd = -1;

        if (!channel || strlen(path) >= sizeof(address.sun_path))
                return fail(error, ERROR_AGENT_UNRESPONSIVE,
                            "the channel of the guest agent has no socket to connect to");
        memcpy(address.sun_path, path, strlen(path));
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return fail(error, ERROR_AGENT_UNRESPONSIVE,
                            "cannot connect to the guest agent's channel '%s': %s", path,
                            strerror(errno));
        return TAKE_FD(fd);
}

typedef struct Question {
        Domain *domain; /* borrowed: the job's caller holds it */
        Job *job;
        AgentTake take;
        int (*otherwise)(Domain *domain, Job *job, Error *error);
} Question;

static void told(json_object *value, Error *error, void *userdata) {
        Question question = *(Question *) userdata;
        _cleanup_(error_clear) Error cause = {};
        int r = DONE;

        free(userdata);
        if (value && question.take)
                r = question.take(question.domain, value, question.job, &cause);
        else if (!value && question.otherwise && domain_is_active(question.domain))
                r = question.otherwise(question.domain, question.job, &cause);
        else if (!value) {
                job_done(question.job, -error_number(error->code), error);
                return;
        }
        if (r != PENDING)
                job_done(question.job, r, &cause);
}

static int ask(QemuGuest *guest, const char *command, json_object *arguments, AgentManner manner,
               Question question, Error *error) {
        const Connection *connection = guest->domain->resource.connection;
        Question *kept = NULL;
        int r = 0;

        if (!guest->agent)
                r = agent_new(connection->event, guest->domain->resource.name,
                              connection->settings->patience, open_channel, guest, &guest->agent,
                              error);
        if (r >= 0 && !(kept = malloc(sizeof(*kept))))
                r = fail_memory(error);
        if (r < 0) {
                json_object_put(arguments);
                return r;
        }
        *kept = question;
        r = agent_call(guest->agent, command, arguments, manner, told, kept, error);
        if (r < 0)
                free(kept);
        return r < 0 ? r : PENDING;
}

static int ask_available(const char *command, json_object *arguments, AgentManner manner,
                         Question question, Error *error) {
        int r = qemu_agent_available(question.domain, error);

        if (r < 0) {
                json_object_put(arguments);
                return r;
        }
        return ask(qemu_guest_of(question.domain), command, arguments, manner, question, error);
}

int qemu_agent_ask(Domain *domain, const char *command, json_object *arguments, AgentManner manner,
                   AgentTake take, Job *job, Error *error) {
        Question question = { .domain = domain, .job = job, .take = take };

        return ask_available(command, arguments, manner, question, error);
}

int qemu_agent_ask_or(Domain *domain, const char *command, json_object *arguments,
                      AgentManner manner, int (*otherwise)(Domain *domain, Job *job, Error *error),
                      Job *job, Error *error) {
        Question question = { .domain = domain, .job = job, .otherwise = otherwise };

        return ask_available(command, arguments, manner, question, error);
}

/* ---- which channels are open ---- */

static json_object *chardev_of(json_object *chardevs, const char *alias) {
        for (size_t i = 0; alias && i < json_object_array_length(chardevs); i++) {
                json_object *chardev = json_object_array_get_idx(chardevs, i);
                const char *label = json_text(chardev, "label");

                if (label && strncmp(label, "char", 4) == 0 && strcmp(label + 4, alias) == 0)
                        return chardev;
        }
        return NULL;
}

bool qemu_agent_note_channels(DomainConf *conf, json_object *chardevs) {
        bool changed = false;

        if (!json_object_is_type(chardevs, json_type_array))
                return false;
        for (size_t i = 0; i < conf->channels.n; i++) {
                DomainChar *channel = conf->channels.items[i];
                json_object *chardev = chardev_of(chardevs, channel->device.alias);
                const char *state =
                        json_truth(chardev, "frontend-open") ? "connected" : "disconnected";

                if (!chardev || !text_is(channel->target_type, "virtio") ||
                    text_is(channel->target_state, state))
                        continue;
                free(channel->target_state);
                channel->target_state = strdup(state);
                changed = true;
        }
        return changed;
}
