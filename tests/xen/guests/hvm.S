/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The boot sector of an HVM guest: says HVM_UP on COM1, then TICK once a second. It tells what else
 * happens to it:
 *
 *   KEY x     x came from the keyboard
 *   NMI       an NMI
 *   BUTTON    the ACPI power button: it powers off
 *   SLEEPY    the ACPI sleep button: it goes to S3, and boots anew when it is woken up
 *
 * The PM1 registers are where Xen has them: STS at 0xb000, CNT at 0xb004. */
        .code16
        .globl  _start

        .set    COM1, 0x3f8
        .set    PM1_STS, 0xb000
        .set    PM1_CNT, 0xb004
        .set    POWER_BUTTON, 0x100
        .set    SLEEP_BUTTON, 0x200
        .set    SLEEP_S3, 0x2400
        .set    SLEEP_S5, 0x2000
        .set    NMI_VECTOR, 2 * 4

_start: ljmp    $0, $1f
1:      xor     %ax, %ax
        mov     %ax, %ds
        mov     %ax, %ss
        mov     $0x7c00, %sp
        cld
        movw    $nmi, NMI_VECTOR
        movw    $0, NMI_VECTOR + 2
        sti
        mov     $COM1 + 3, %dx
        mov     $3, %al
        out     %al, %dx
        mov     $up, %si
        call    say

tick:   mov     $18, %cx
1:      hlt
        call    look
        loop    1b
        mov     $ticks, %si
        call    say
        jmp     tick

/* The timer wakes the processor up 18 times a second. */
look:   cmpb    $0, had_nmi
        je      1f
        movb    $0, had_nmi
        mov     $had, %si
        call    say
1:      mov     $1, %ah
        int     $0x16
        jz      2f
        xor     %ah, %ah
        int     $0x16
        mov     %al, letter
        mov     $key, %si
        call    say
2:      mov     $PM1_STS, %dx
        in      %dx, %ax
        test    $POWER_BUTTON, %ax
        jnz     off
        test    $SLEEP_BUTTON, %ax
        jnz     sleep
        ret

off:    mov     $button, %si
        call    say
        mov     $SLEEP_S5, %ax
        jmp     leave

sleep:  mov     $SLEEP_BUTTON, %ax
        out     %ax, %dx
        mov     $sleepy, %si
        call    say
        mov     $SLEEP_S3, %ax
leave:  mov     $PM1_CNT, %dx
        out     %ax, %dx
1:      hlt
        jmp     1b

nmi:    movb    $1, %cs:had_nmi
        iret

say:    lodsb
        test    %al, %al
        jz      2f
        mov     %al, %ah
        mov     $COM1 + 5, %dx
1:      in      %dx, %al
        test    $0x20, %al
        jz      1b
        mov     $COM1, %dx
        mov     %ah, %al
        out     %al, %dx
        jmp     say
2:      ret

up:      .asciz "HVM_UP\r\n"
ticks:   .asciz "TICK\r\n"
had:     .asciz "NMI\r\n"
button:  .asciz "BUTTON\r\n"
sleepy:  .asciz "SLEEPY\r\n"
key:     .ascii "KEY "
letter:  .asciz "?\r\n"
had_nmi: .byte  0

        .org    510
        .word   0xaa55
