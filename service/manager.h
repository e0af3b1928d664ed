/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process: its loop, its bus, and every connection, in the order in which they are made. */
#pragma once

#include "drivers/connection.h"

typedef struct Options {
        Settings settings;
        const char *address; /* of the bus; NULL: the usual one */
        bool ask_always;     /* polkit also for what everybody has */
        uint64_t idle_exit;  /* us without anything to do until the end; 0: never */
        const char *root;    /* stands for "/" in the store; "" normally */
} Options;

/* Runs until a signal, the loss of the bus, or a failure. The exit status. */
int manager_run(const Options *options);
