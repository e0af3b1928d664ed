/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest of one boot sector: says "ready" on COM1 and then does as it is told, a letter at a time.
 *
 *   p  powers off           r  resets (8042, then port 0xcf9)
 *   c  reports a panic (pvpanic, port 0x505) and hangs
 *   h  hangs with interrupts off
 *
 * Everything else comes back as it was sent. The ACPI power button makes it say "button" and power
 * off, unless it is assembled with deaf=1. With auto=LETTER it does that by itself after saying
 * "ready".
 *
 * It needs no ACPI tables: PMBASE is read from PCI configuration space, register 0x40 of the
 * PIIX4's function 3 (i440fx) or of the ICH9's LPC bridge (q35). At PMBASE are PM1_STS, PM1_EN (+2)
 * and PM1_CNT (+4); bit 8 of the first two is the power button. QEMU latches it only while it is
 * enabled. A machine without ACPI has neither; then there is no button, and p only hangs. */
        .code16
        .globl  _start

        .ifndef auto
        .set    auto, 0
        .endif
        .ifndef deaf
        .set    deaf, 0
        .endif

        .set    COM1, 0x3f8
        .set    BUTTON, 0x100
        .set    SLEEP_S5, 0x2000

_start: ljmp    $0, $1f
1:      xor     %ax, %ax
        mov     %ax, %ds
        mov     %ax, %ss
        mov     $0x7c00, %sp
        cld
        sti

        /* 8 bits, no parity; the speed is of no matter. FIFO on, DTR and RTS. */
        mov     $COM1 + 3, %dx
        mov     $3, %al
        out     %al, %dx
        dec     %dx
        mov     $1, %al
        out     %al, %dx
        mov     $COM1 + 4, %dx
        mov     $3, %al
        out     %al, %dx

        /* PMBASE into %bx */
        mov     $0x80000b40, %eax
        call    pci_read
        cmp     $-1, %eax
        jne     1f
        mov     $0x8000f840, %eax
        call    pci_read
1:      and     $0xff80, %ax
        cmp     $0xff80, %ax
        jne     1f
        xor     %ax, %ax
1:      mov     %ax, %bx

        test    %bx, %bx
        jz      1f
        lea     2(%bx), %dx
        mov     $BUTTON, %ax
        out     %ax, %dx

1:      mov     $ready, %si
        call    say
        .if     auto
        mov     $auto, %al
        jmp     obey
        .endif

        /* Wakes up with the timer, 18 times a second, or with nothing to wait for at once. */
look:   mov     $COM1 + 5, %dx
        in      %dx, %al
        test    $1, %al
        jnz     heard
        .if     !deaf
        mov     %bx, %dx
        test    %dx, %dx
        jz      1f
        in      %dx, %ax
        test    $BUTTON, %ax
        jnz     button
        .endif
1:      hlt
        jmp     look

heard:  mov     $COM1, %dx
        in      %dx, %al
obey:   cmp     $'p', %al
        je      off
        cmp     $'r', %al
        je      reset
        cmp     $'c', %al
        je      panic
        cmp     $'h', %al
        je      hang
        call    put
        jmp     look

button: mov     $pushed, %si
        call    say
off:    test    %bx, %bx
        jz      hang
        lea     4(%bx), %dx
        mov     $SLEEP_S5, %ax
        out     %ax, %dx
        jmp     hang

reset:  mov     $0xfe, %al
        out     %al, $0x64
        mov     $0xcf9, %dx
        mov     $6, %al
        out     %al, %dx
        jmp     hang

panic:  mov     $0x505, %dx
        mov     $1, %al
        out     %al, %dx
hang:   cli
        hlt
        jmp     hang

pci_read:
        mov     $0xcf8, %dx
        out     %eax, %dx
        mov     $0xcfc, %dx
        in      %dx, %eax
        ret

say:    lodsb
        test    %al, %al
        jz      1f
        call    put
        jmp     say

put:    mov     %al, %ah
        mov     $COM1 + 5, %dx
2:      in      %dx, %al
        test    $0x20, %al
        jz      2b
        mov     $COM1, %dx
        mov     %ah, %al
        out     %al, %dx
1:      ret

ready:  .asciz  "ready\r\n"
pushed: .asciz  "button\r\n"

        .org    510
        .word   0xaa55
