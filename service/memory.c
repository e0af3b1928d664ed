/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the start leaves resident, given back.
 *
 * Relocating the libraries reads the symbol tables of all of them, libxml2's libicu and libstdc++
 * first: 2 MB that nobody looks at again. They are pages of files, mapped without the right to
 * write, so the kernel can take them back at once and read anew the few that are needed. The heap
 * is trimmed at the same moment. */
#include "service/memory.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#define MOMENT UINT64_C(1000000) /* us */

static int drop_constant(struct dl_phdr_info *object, size_t size, void *userdata) {
        uintptr_t page = sysconf(_SC_PAGESIZE);

        for (size_t i = 0; i < object->dlpi_phnum; i++) {
                const ElfW(Phdr) *part = &object->dlpi_phdr[i];
                uintptr_t start = (object->dlpi_addr + part->p_vaddr) & ~(page - 1);
                uintptr_t end = object->dlpi_addr + part->p_vaddr + part->p_memsz;

                /* no harm where it fails: the kernel's own object */
                if (part->p_type == PT_LOAD && !(part->p_flags & PF_W))
                        (void) madvise((void *) start, end - start, MADV_DONTNEED);
        }
        return 0;
}

static int settle(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) malloc_trim(0);
        (void) dl_iterate_phdr(drop_constant, NULL);
        return 0;
}

int memory_settle(sd_event *event) {
        return sd_event_add_time_relative(event, NULL, CLOCK_MONOTONIC, MOMENT, 0, settle, NULL);
}
