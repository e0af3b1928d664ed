/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operations of HypervisorOps that have files of their own. */
#pragma once

#include "drivers/cpu.h"
#include "drivers/qemu/caps.h"

int qemu_check_xml(Connection *connection, const char *xml, uint32_t flags, Job *job,
                   Error *error); /* check-xml.c */

/* hypervisor-cpu.c */
CpuModels qemu_cpu_models(const QemuCaps *caps); /* borrows caps */
int qemu_compare_cpu(Connection *connection, const char *xml, uint32_t flags, Job *job,
                     Error *error);
int qemu_baseline_cpu(Connection *connection, const char *const *xmls, size_t n, uint32_t flags,
                      Job *job, Error *error);
