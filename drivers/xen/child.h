/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of libxl that block (building a guest, dumping its memory), each in a process and with a
 * context of its own. */
#pragma once

#include "drivers/xen/core.h"

typedef struct XenChild XenChild;

/* In the child: what libxl returns. *ret_domid as far as it is known. */
typedef int (*XenWork)(libxl_ctx *ctx, uint32_t *domid, void *argument);

/* In the service, from the loop, once; the child is over and freed behind it. rc as libxl has it;
 * XEN_CHILD_LOST when the child ended without a word. */
#define XEN_CHILD_LOST (-1000)
typedef void (*XenWorked)(int rc, uint32_t domid, const XenLines *lines, void *userdata);

/* argument is the child's through the fork and may be freed behind this call. The child dies with
 * us. */
int xen_child_new(XenCore *core, uint32_t domid, XenWork work, void *argument, XenWorked worked,
                  void *userdata, XenChild **ret, Error *error);

/* In the child, once: a text for whoever waits, which is freed here. False without one. */
bool xen_child_answer(char *text);
/* In the child: a line beside what libxl says. */
void xen_child_say(const char *line);
/* In worked(): what was answered; it is the child's. NULL: nothing. */
const char *xen_child_text(const XenChild *child);

/* The same with a descriptor, borrowed, which is XEN_CHILD_FD there. */
#define XEN_CHILD_FD 4
int xen_child_new_with(XenCore *core, uint32_t domid, int fd, XenWork work, void *argument,
                       XenWorked worked, void *userdata, XenChild **ret, Error *error);

void xen_child_kill(XenChild *child); /* worked() follows, with XEN_CHILD_LOST */
XenChild *xen_child_free(XenChild *child); /* kills it; worked() isn't called */
