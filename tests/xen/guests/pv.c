/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A PV guest of a few pages whose memory Xen's tools can read: it says where its list of frames is,
 * as Linux does. With "crash" on its command line it crashes then, else it waits for ever. */
#define __XEN_INTERFACE_VERSION__ 0x00040d00 /* without one, it is that of 2006 */
#include <stdint.h>
#include <xen/xen.h>
#include <xen/sched.h>

#define PAGE 4096
#define PER_PAGE (PAGE / sizeof(xen_pfn_t))
#define PRESENT_WRITABLE_USER 0x67

__asm__(".pushsection .note.Xen, \"a\", @note\n"
        ".macro note type, size\n"
        ".balign 4; .long 4, \\size, \\type; .asciz \"Xen\"\n"
        ".endm\n"
        "note 1, 8; .quad start\n"
        "note 2, 8; .quad hypercall_page\n"
        "note 3, 8; .quad 0\n"
        "note 4, 8; .quad 0\n"
        "note 5, 8; .asciz \"xen-3.0\"\n"
        "note 6, 8; .asciz \"virtbus\"\n"
        "note 8, 8; .asciz \"generic\"\n"
        "note 9, 4; .asciz \"yes\"\n"
        ".popsection\n"
        ".globl start\n"
        "start: cld; lea stack_end(%rip), %rsp; mov %rsi, %rdi; call begin\n"
        ".balign 4096\n"
        "hypercall_page: .skip 4096\n"
        ".pushsection .bss; .balign 16; .skip 8192; stack_end: .popsection\n");

extern char hypercall_page[];

const char mark[] = "this is the memory of a guest of virtbus";

static char shared[PAGE] __attribute__((aligned(PAGE)));
static xen_pfn_t lists[PER_PAGE] __attribute__((aligned(PAGE)));
static xen_pfn_t list[PER_PAGE] __attribute__((aligned(PAGE)));

static long hypercall(long number, long a, long b, long c) {
        register long rdi __asm__("rdi") = a, rsi __asm__("rsi") = b, rdx __asm__("rdx") = c;

        __asm__ volatile("call *%[page]"
                         : "=a"(number), "+r"(rdi), "+r"(rsi), "+r"(rdx)
                         : [page] "r"(hypercall_page + number * 32)
                         : "memory", "rcx", "r8", "r9", "r10", "r11");
        return number;
}

/* Virtual addresses begin at 0, so a page's number is that of its address. */
static xen_pfn_t frame_of(const xen_pfn_t *frames, const void *page) {
        return frames[(unsigned long) page / PAGE];
}

static void tell_frames(const start_info_t *info) {
        const xen_pfn_t *frames = (const xen_pfn_t *) info->mfn_list;
        shared_info_t *told = (shared_info_t *) shared;

        hypercall(__HYPERVISOR_update_va_mapping, (long) shared,
                  (long) (info->shared_info | PRESENT_WRITABLE_USER), UVMF_INVLPG);
        for (unsigned long i = 0; i * PER_PAGE < info->nr_pages; i++)
                list[i] = frame_of(frames, frames + i * PER_PAGE);
        lists[0] = frame_of(frames, list);
        told->arch.pfn_to_mfn_frame_list_list = frame_of(frames, lists);
        told->arch.max_pfn = info->nr_pages;
}

__attribute__((noreturn, used)) void begin(const start_info_t *info) {
        sched_shutdown_t crash = { .reason = SHUTDOWN_crash };

        tell_frames(info);
        if (info->cmd_line[0] == 'c')
                hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (long) &crash, 0);
        for (;;)
                hypercall(__HYPERVISOR_sched_op, SCHEDOP_block, 0, 0);
}
