/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent in a guest (qemu-ga): one conversation over the guest's channel, and what is asked of
 * it on behalf of a domain.
 *
 * Nothing that comes from there is trusted. An agent that says nothing, too much, or rubbish costs
 * those who asked it an error, and nobody else anything: each question has a deadline, an answer a
 * largest size, and while there is no question nothing is read, so that what a guest sends unasked
 * stays with its QEMU. */
#pragma once

#include <json-c/json.h>
#include <systemd/sd-event.h>

#include "drivers/domain.h"

#define AGENT_CHANNEL "org.qemu.guest_agent.0"
#define AGENT_ANSWER_MAX (2u << 20) /* bytes; a value of JSON takes many times its text */

/* ---- the conversation: agent.c ---- */

typedef struct Agent Agent;

/* value: its "return", borrowed; NULL on failure. ERROR_AGENT_UNRESPONSIVE: no answer, or none that
 * can be read; ERROR_OPERATION_UNSUPPORTED: it knows no such command; ERROR_INTERNAL: it refused,
 * and says why. */
typedef void (*AgentReply)(json_object *value, Error *error, void *userdata);

/* A connected stream socket that doesn't block, made whenever there is a question and none yet. */
typedef int (*AgentOpen)(void *userdata, Error *error);

/* name: of the guest, for messages, copied. patience: us for an answer. */
int agent_new(sd_event *event, const char *name, uint64_t patience, AgentOpen open, void *userdata,
              Agent **ret, Error *error);

typedef enum AgentManner {
        AGENT_ANSWERS,
        AGENT_TAKES_LONG, /* what works on disks: it has AGENT_LONG times the patience */
        AGENT_SILENT,     /* it answers only to refuse: once it heard, silence is consent */
} AgentManner;

#define AGENT_LONG 10

/* Takes arguments, also on failure; NULL: none. The reply comes once, never before this returns,
 * unless that is a negative errno. */
int agent_call(Agent *agent, const char *command, json_object *arguments, AgentManner manner,
               AgentReply reply, void *userdata, Error *error);

/* The channel was closed on the guest's side: who waits is told. */
void agent_gone(Agent *agent);

/* Tells who waits that it ends. */
Agent *agent_free(Agent *agent);

/* A text that may be handed on; NULL: there is none. */
const char *agent_text(json_object *object, const char *name);

/* ---- of a domain: agent-guest.c ---- */

typedef struct QemuGuest QemuGuest;
typedef struct DomainAgent DomainAgent;

/* Makes a job's result of an answer: as an operation, which may ask for more. */
typedef int (*AgentTake)(Domain *domain, json_object *value, Job *job, Error *error);

/* One question to the agent of a running guest. As an operation; take NULL: there is nothing in the
 * answer. ERROR_ARG_UNSUPPORTED: the guest has no channel for an agent; ERROR_AGENT_UNRESPONSIVE:
 * nobody listens there. */
int qemu_agent_ask(Domain *domain, const char *command, json_object *arguments, AgentManner manner,
                   AgentTake take, Job *job, Error *error);

/* The same; what fails once it was asked goes on with otherwise(), an operation like it. */
int qemu_agent_ask_or(Domain *domain, const char *command, json_object *arguments,
                      AgentManner manner, int (*otherwise)(Domain *domain, Job *job, Error *error),
                      Job *job, Error *error);

/* Whether it could be asked, and why not. */
int qemu_agent_available(Domain *domain, Error *error);

/* The channels of a guest by QEMU's answer to query-chardev: which are open on its side. Returns
 * whether something is different. */
bool qemu_agent_note_channels(DomainConf *conf, json_object *chardevs);

/* ---- what it is asked for ---- */

extern const DomainAgent qemu_agent;

int qemu_agent_addresses(Domain *domain, Job *job, Error *error); /* agent-addresses.c */
int qemu_agent_file_systems(Domain *domain, uint32_t flags, Job *job, Error *error);

/* agent-vcpus.c */
int qemu_agent_get_vcpus(Domain *domain, uint32_t flags, Job *job, Error *error);
int qemu_agent_set_vcpus(Domain *domain, const bool *map, size_t n, int32_t state, uint32_t flags,
                         Job *job, Error *error);
/* As DomainProcessors' with DOMAIN_VCPU_GUEST: how many of them the guest uses. */
int qemu_agent_count_vcpus(Domain *domain, Job *job, Error *error);
int qemu_agent_use_vcpus(Domain *domain, uint32_t n, Job *job, Error *error);
