/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of disks and the size of memory of a running guest. */
#pragma once

#include "drivers/qemu/guest.h"

/* QEMU knows the guest's side of a drive by the path of what holds it. NULL without memory. */
char *qemu_drive_path(const DomainDisk *disk);
/* The arguments of block_set_io_throttle; without <iotune>: no limits. */
json_object *qemu_drive_limits(const DomainDisk *disk, const char *path);

/* DomainTuning.set_iotune, DomainProcessors.set_memory */
int qemu_set_iotune(Domain *domain, const char *device, Values *values, uint32_t flags, Job *job,
                    Error *error);
int qemu_set_memory(Domain *domain, uint64_t size, uint32_t flags, Job *job, Error *error);

/* pins.c: as the operations of DomainProcessors */
int qemu_get_vcpu_pins(Domain *domain, uint32_t flags, Job *job, Error *error);
int qemu_get_emulator_pin(Domain *domain, uint32_t flags, Job *job, Error *error);
int qemu_get_iothreads(Domain *domain, uint32_t flags, Job *job, Error *error);
int qemu_pin_vcpu(Domain *domain, uint32_t vcpu, const bool *map, size_t n, uint32_t flags,
                  Job *job, Error *error);
