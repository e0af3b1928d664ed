/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys for Xen guests: the device model's numbers of them, and the letter of Alt+SysRq+key. */
#include "conf/api-domain.h"
#include "drivers/xen/driver.h"
#include "tests/unit/check.h"

static const struct {
        uint32_t codeset, code;
        unsigned expected;
} keys[] = {
        { KEYCODE_LINUX, 1, 0x01 },    /* Esc */
        { KEYCODE_LINUX, 30, 0x1e },   /* A */
        { KEYCODE_LINUX, 88, 0x58 },   /* F12 */
        { KEYCODE_LINUX, 97, 0x9d },   /* right Ctrl */
        { KEYCODE_LINUX, 111, 0xd3 },  /* Delete */
        { KEYCODE_LINUX, 125, 0xdb },  /* left Meta */
        { KEYCODE_LINUX, 84, 0 },      /* none */
        { KEYCODE_LINUX, 700, 0 },
        { KEYCODE_XT, 0x1d, 0x1d },
        { KEYCODE_XT, 0xe053, 0xd3 },
        { KEYCODE_XT, 0xe153, 0 },
        { KEYCODE_XT, 0x80, 0 },
        { KEYCODE_ATSET1, 0xe01d, 0x9d },
        { KEYCODE_QNUM, 0xd3, 0xd3 },
        { KEYCODE_QNUM, 0x100, 0 },
        { KEYCODE_USB, 4, 0 },
};

static char sysrq(size_t n, uint32_t first, uint32_t second, uint32_t third) {
        const uint32_t codes[] = { first, second, third };

        return xen_sysrq_of(KEYCODE_LINUX, codes, n);
}

int main(void) {
        for (size_t i = 0; i < ELEMENTS(keys); i++)
                CHECK(xen_key_code(keys[i].codeset, keys[i].code) == keys[i].expected);
        CHECK(sysrq(3, 56, 99, 35) == 'h');
        CHECK(sysrq(3, 99, 100, 20) == 't');
        CHECK(sysrq(3, 56, 99, 10) == '9');
        CHECK(sysrq(3, 56, 99, 11) == '0');
        CHECK(sysrq(3, 56, 99, 44) == 'z');
        CHECK(sysrq(3, 56, 99, 53) == '/');
        CHECK(sysrq(2, 56, 99, 0) == 0);  /* no letter */
        CHECK(sysrq(3, 56, 30, 99) == 'a');
        CHECK(sysrq(2, 99, 30, 0) == 0);  /* no Alt */
        CHECK(sysrq(3, 56, 99, 28) == 0); /* Enter */
        CHECK(sysrq(3, 56, 30, 31) == 0); /* two letters */
        return 0;
}
