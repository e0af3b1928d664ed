/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What went wrong, in the words of the API. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/macro.h"

/* Each code stands for one of libvirt's error numbers (virErrorNumber); see the table in
 * error.c. */
typedef enum ErrorCode {
        ERROR_NONE,
        ERROR_INTERNAL,             /* a bug, or a part below us that broke its word */
        ERROR_NO_MEMORY,
        ERROR_NO_SUPPORT,           /* the driver has no such operation */
        ERROR_INVALID_ARG,          /* an argument of the call is wrong */
        ERROR_ARG_UNSUPPORTED,      /* it makes sense, but not here */
        ERROR_OPERATION_FAILED,
        ERROR_OPERATION_INVALID,    /* right call, wrong state */
        ERROR_OPERATION_UNSUPPORTED, /* known, but not with these flags or here */
        ERROR_OPERATION_TIMEOUT,    /* a deadline passed */
        ERROR_OPERATION_ABORTED,
        ERROR_CONFIG_UNSUPPORTED,   /* the XML asks for what this host or hypervisor lacks */
        ERROR_XML,                  /* the XML is not well formed or not valid */
        ERROR_SYSTEM,               /* a system call failed */
        ERROR_ACCESS_DENIED,
        ERROR_AUTH_NEEDED,          /* would be allowed after an interactive authorization */
        ERROR_RESOURCE_BUSY,
        ERROR_NO_DOMAIN,
        ERROR_NO_NETWORK,
        ERROR_NO_POOL,
        ERROR_NO_VOLUME,
        ERROR_NO_NODE_DEVICE,
        ERROR_NO_INTERFACE,
        ERROR_NO_NWFILTER,
        ERROR_NO_SECRET,
        ERROR_NO_SNAPSHOT,
        ERROR_DOMAIN_EXISTS,
        ERROR_VOLUME_EXISTS,
        ERROR_SNAPSHOT_RISKY,       /* reverting would lose something; force would do it */
        ERROR_DEVICE_MISSING,       /* a domain has no such device */
        ERROR_NO_METADATA,          /* a domain has no such metadata */
        ERROR_AGENT_UNRESPONSIVE,
        ERROR_MONITOR_FAILED,       /* QEMU answered a command with an error */
        ERROR_INVALID_SECRET,       /* a secret is not for this: private */
        ERROR_MULTIPLE_INTERFACES,  /* a MAC address is that of several */
        ERROR_LIMIT,                /* too many of something at once */
        ERROR_CPU_INCOMPATIBLE,
        _ERROR_MAX,
} ErrorCode;

/* Which part spoke, in libvirt's numbers (virErrorDomain): what clients see as "domain". */
typedef enum ErrorOrigin {
        ORIGIN_NONE = 0,
        ORIGIN_XML = 5,
        ORIGIN_DOMAIN = 6,
        ORIGIN_RPC = 7,
        ORIGIN_QEMU = 10,
        ORIGIN_TEST = 12,
        ORIGIN_STORAGE = 18,
        ORIGIN_NETWORK = 19,
        ORIGIN_NODE_DEVICE = 22,
        ORIGIN_INTERFACE = 26,
        ORIGIN_SECRET = 30,
        ORIGIN_NWFILTER = 33,
        ORIGIN_SNAPSHOT = 35,
        ORIGIN_LIBXL = 41,
        ORIGIN_ACCESS = 55,
} ErrorOrigin;

/* What is wrong with something, all of it: for a check that doesn't end at the first. */
typedef struct Problems {
        char **items;      /* sentences, each once */
        size_t n;
        const char *stage; /* what each begins with: "start"; borrowed */
        bool met;          /* there was one in this stage */
        bool failed;       /* one is missing: out of memory */
} Problems;

void problems_begin(Problems *problems, const char *stage);
void problems_clear(Problems *problems);

/* Zeroed is "nothing wrong". Freed by error_clear(). */
typedef struct Error {
        ErrorCode code;
        ErrorOrigin origin;
        char *message; /* without the prefix of its code; NULL: the prefix says it all */
        char *object;  /* name of the domain, network ... it is about, or NULL */
        char *output;  /* what a program said that failed, its last lines; or NULL */
        int number;    /* errno of the system call that failed; 0: it was none */
        Problems *problems; /* where error_pass() puts them; borrowed; NULL: the first ends it */
} Error;

/* Records the first cause and returns a negative errno, so that it can be returned at once:
 *         return fail(error, ERROR_NO_DOMAIN, "no domain with matching name '%s'", name);
 * On an Error that is set already only the number is returned: later calls are echoes of the first.
 * error may be NULL. */
int fail(Error *error, ErrorCode code, const char *format, ...) _printf_(3, 4);

/* The same for a failed system call: r is the negative errno, its text is appended, r is
 * returned. */
int fail_errno(Error *error, int r, const char *format, ...) _printf_(3, 4);

int fail_memory(Error *error); /* always -ENOMEM */

/* Puts "prefix: " before the message that is there already, to say where it happened. */
void error_prefix(Error *error, const char *format, ...) _printf_(2, 3);

/* For rules that don't need one another: r is what one of them returned. Where all problems are
 * wanted, a refusal is noted among them and 0 returned, so that the next rule has its turn. */
int error_pass(Error *error, int r);

/* For what needs all that went before: -EINVAL when there was a problem in this stage. The error
 * stays empty, since it is noted already. */
int error_gate(const Error *error);

/* Moves an error; *to must be empty. */
void error_move(Error *to, Error *from);
void error_clear(Error *error);

/* What the table says about a code. */
int error_number(ErrorCode code);              /* positive errno */
int error_api_number(ErrorCode code);          /* libvirt's virErrorNumber */
const char *error_bus_name(ErrorCode code);    /* D-Bus error name */
const char *error_words(ErrorCode code);       /* the prefix: "Domain not found" */

/* The whole sentence, the code's prefix included, e.g. "Domain not found: no domain with ...".
 * Newly allocated; NULL without memory. */
char *error_text(const Error *error);
