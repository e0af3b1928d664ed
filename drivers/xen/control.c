/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys, NMIs and wake-ups for Xen guests. An HVM guest has a keyboard, which its device model
 * plays; others have none, but their kernels take a SysRq from xenstore, so Alt+SysRq+key reaches
 * every guest, and nothing else can. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conf/api-domain.h"
#include "drivers/xen/guest.h"

/* ---- keys as the device model counts them ---- */

enum { EXTENDED = 0x80, EXTENDED_XT = 0xe000 };
enum { LINUX_LEFTALT = 56, LINUX_RIGHTALT = 100, LINUX_SYSRQ = 99 };

/* Linux numbers keys as a PC's keyboard did, up to F12; these it moved. */
static const struct {
        uint8_t linux_code, code;
} moved[] = {
        { 96, 0x9c },  { 97, 0x9d },  { 98, 0xb5 },  { 99, 0x54 },  { 100, 0xb8 }, { 102, 0xc7 },
        { 103, 0xc8 }, { 104, 0xc9 }, { 105, 0xcb }, { 106, 0xcd }, { 107, 0xcf }, { 108, 0xd0 },
        { 109, 0xd1 }, { 110, 0xd2 }, { 111, 0xd3 }, { 113, 0xa0 }, { 114, 0xae }, { 115, 0xb0 },
        { 116, 0xde }, { 119, 0xc6 }, { 125, 0xdb }, { 126, 0xdc }, { 127, 0xdd }, { 142, 0xdf },
        { 143, 0xe3 },
};

/* 0: none */
static unsigned code_of_linux(uint32_t code) {
        if (code <= 83 || (code >= 86 && code <= 88))
                return code;
        for (size_t i = 0; i < ELEMENTS(moved); i++)
                if (moved[i].linux_code == code)
                        return moved[i].code;
        return 0;
}

unsigned xen_key_code(uint32_t codeset, uint32_t code) {
        switch (codeset) {
        case KEYCODE_LINUX:
                return code_of_linux(code);
        case KEYCODE_XT:
        case KEYCODE_ATSET1:
                if (code < EXTENDED)
                        return code;
                return (code & 0xff80) == EXTENDED_XT ? EXTENDED | (code & 0x7f) : 0;
        case KEYCODE_QNUM:
                return code <= 0xff ? code : 0;
        }
        return 0;
}

static int check_keys(uint32_t codeset, const uint32_t *codes, size_t n, Error *error) {
        if (codeset != KEYCODE_LINUX && codeset != KEYCODE_XT && codeset != KEYCODE_ATSET1 &&
            codeset != KEYCODE_QNUM)
                return fail(error, codeset < _KEYCODE_MAX ? ERROR_OPERATION_UNSUPPORTED
                                                          : ERROR_INVALID_ARG,
                            "keys of codeset %u aren't known: only those of %d (linux), %d (xt), "
                            "%d (atset1) and %d (qnum)", codeset, KEYCODE_LINUX, KEYCODE_XT,
                            KEYCODE_ATSET1, KEYCODE_QNUM);
        if (n == 0 || n > SEND_KEY_MAX)
                return fail(error, ERROR_INVALID_ARG, "1 to %d keys can be pressed, not %zu",
                            SEND_KEY_MAX, n);
        for (size_t i = 0; i < n; i++)
                if (xen_key_code(codeset, codes[i]) == 0)
                        return fail(error, ERROR_INVALID_ARG, "invalid keycode %u of codeset %u",
                                    codes[i], codeset);
        return 0;
}

/* ---- HVM: its device model presses them ---- */

typedef struct Pressing {
        Job *job;
        char *said; /* by the device model: it complains in words, and succeeds */
} Pressing;

static void pressed(XenCall *call, int rc, void *userdata) {
        Pressing *pressing = userdata;
        _cleanup_(error_clear) Error error = {};
        int r = 0;

        if (rc != 0)
                r = xen_fail(&error, rc, &call->lines, "cannot press the keys");
        else if (pressing->said && pressing->said[strspn(pressing->said, " \r\n")])
                r = fail(&error, ERROR_OPERATION_FAILED, "the device model says: %s",
                         pressing->said);
        job_done(pressing->job, r, &error);
        free(pressing->said);
        free(pressing);
}

static int press(XenGuest *guest, const char *command, Job *job, Error *error) {
        XenCore *core = guest->core;
        Pressing *pressing = calloc(1, sizeof(*pressing));
        XenCall *call = pressing ? xen_call_new(core, guest->domid, pressed, pressing) : NULL;
        int rc, r;

        if (!call) {
                free(pressing);
                return fail_memory(error);
        }
        pressing->job = job;
        rc = XEN_CALL(core, libxl_qemu_monitor_command(core->ctx, guest->domid, command,
                                                       &pressing->said, &call->how));
        if (rc == 0)
                return PENDING;
        r = xen_fail(error, rc, &call->lines, "cannot press the keys");
        xen_call_drop(call);
        free(pressing);
        return r;
}

static int press_keys(XenGuest *guest, uint32_t codeset, uint32_t hold, const uint32_t *codes,
                      size_t n, Job *job, Error *error) {
        char command[16 + 5 * SEND_KEY_MAX + 16] = "sendkey ";
        size_t used = strlen(command);

        for (size_t i = 0; i < n; i++)
                used += snprintf(command + used, sizeof(command) - used, "%s0x%02x",
                                 i > 0 ? "-" : "", xen_key_code(codeset, codes[i]));
        if (hold > 0)
                (void) snprintf(command + used, sizeof(command) - used, " %u", hold);
        return press(guest, command, job, error);
}

/* ---- others: a SysRq ---- */

/* What stands on the keys of a US keyboard, by their codes. */
static const char letters[] = "\0\0" "1234567890" "-=\0\0" "qwertyuiop" "[]\0\0" "asdfghjkl"
                              ";'`\0\\" "zxcvbnm" ",./";

char xen_sysrq_of(uint32_t codeset, const uint32_t *codes, size_t n) {
        bool alt = false, sysrq = false;
        char letter = 0;

        for (size_t i = 0; i < n; i++) {
                unsigned code = xen_key_code(codeset, codes[i]);

                if (code == LINUX_LEFTALT || code == (EXTENDED | LINUX_LEFTALT))
                        alt = true;
                else if (code == 0x54 || code == (EXTENDED | 0x37))
                        sysrq = true;
                else if (letter == 0 && code < sizeof(letters))
                        letter = letters[code];
                else
                        return 0;
        }
        return alt && sysrq ? letter : 0;
}

static int send_sysrq(XenGuest *guest, uint32_t codeset, const uint32_t *codes, size_t n,
                      Error *error) {
        XenLines lines = {};
        char letter = xen_sysrq_of(codeset, codes, n);
        int rc;

        if (letter == 0)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "a guest without a keyboard takes Alt+SysRq and one more key only");
        rc = XEN_CALL(guest->core,
                      libxl_send_sysrq(guest->core->ctx, guest->domid, letter));
        return rc != 0 ? xen_fail(error, rc, &lines, "cannot send the SysRq") : DONE;
}

static int is_hvm(Domain *domain, bool *ret, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int r = domain_conf(domain, DOMAIN_LIVE, &conf, error);

        if (r >= 0)
                *ret = xen_guest_type(conf) == GUEST_HVM;
        return r;
}

int xen_need_hvm(Domain *domain, const char *what, Error *error) {
        XenGuest *guest;
        bool hvm;
        int r = xen_guest_get(domain, &guest, error);

        if (r >= 0)
                r = is_hvm(domain, &hvm, error);
        if (r < 0 || hvm)
                return r;
        return fail(error, ERROR_OPERATION_UNSUPPORTED, "only HVM guests %s", what);
}

static int xen_send_key(Domain *domain, uint32_t codeset, uint32_t hold, const uint32_t *codes,
                        size_t n, uint32_t flags, Job *job, Error *error) {
        XenGuest *guest;
        bool hvm;
        int r = check_keys(codeset, codes, n, error);

        if (r >= 0)
                r = xen_guest_get(domain, &guest, error);
        if (r >= 0)
                r = is_hvm(domain, &hvm, error);
        if (r < 0)
                return r;
        return hvm ? press_keys(guest, codeset, hold, codes, n, job, error)
                   : send_sysrq(guest, codeset, codes, n, error);
}

/* ---- triggers ---- */

/* To the first processor, as a machine's NMI button. */
static int ask_nmi(libxl_ctx *ctx, uint32_t domid, const libxl_asyncop_how *how) {
        return libxl_send_trigger(ctx, domid, LIBXL_TRIGGER_NMI, 0, how);
}

static int ask_wakeup(libxl_ctx *ctx, uint32_t domid, const libxl_asyncop_how *how) {
        return libxl_send_trigger(ctx, domid, LIBXL_TRIGGER_S3RESUME, 0, how);
}

static int xen_inject_nmi(Domain *domain, uint32_t flags, Job *job, Error *error) {
        return xen_ask(domain, ask_nmi, "cannot inject an NMI", NULL, job, error);
}

/* Whether it sleeps (S3), its device model knows, and refuses if it doesn't. */
static int xen_pm_wakeup(Domain *domain, uint32_t flags, Job *job, Error *error) {
        int r = xen_need_hvm(domain, "have firmware that can wake them up", error);

        if (r < 0)
                return r;
        return xen_ask(domain, ask_wakeup, "cannot wake the guest up", NULL, job, error);
}

const DomainControl xen_control = {
        .send_key = xen_send_key,
        .inject_nmi = xen_inject_nmi,
        .pm_wakeup = xen_pm_wakeup,
};
