/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processors, I/O threads and memory as a definition has them: questions and changes that are the
 * same for every driver. Changes are made within an edit (drivers/edit.h), which checks what they
 * leave; a map has one entry for each CPU of the host. */
#pragma once

#include "drivers/domain.h"
#include "drivers/values.h"

/* ---- sets of CPUs: "0-3,^2" ---- */

/* Sets map[0 ... n-1]; what is beyond is passed over. -EINVAL. */
int cpuset_parse(const char *text, bool *map, size_t n);
char *cpuset_format(const bool *map, size_t n); /* newly allocated; NULL without memory */

/* ---- processors ---- */

/* How many there are, or with DOMAIN_VCPU_MAXIMUM could be. */
uint32_t vcpus_count(const DomainConf *conf, uint32_t flags);
bool vcpu_is_online(const DomainConf *conf, uint32_t vcpu);

/* What holds for any call of virDomainSetVcpusFlags. */
int vcpus_check(uint32_t n, uint32_t flags, Error *error);

/* flags: DOMAIN_VCPU_MAXIMUM, DOMAIN_VCPU_HOTPLUGGABLE. */
int vcpus_set(DomainConf *conf, uint32_t n, uint32_t flags, Error *error);

/* aab: a map for each that is online; cpus: of the host. */
int vcpu_pins(const DomainConf *conf, size_t cpus, Values *ret, Error *error);
int vcpu_pin(DomainConf *conf, uint32_t vcpu, const bool *map, size_t n, bool live, Error *error);

int emulator_pins(const DomainConf *conf, size_t cpus, Values *ret, Error *error); /* ab */
int emulator_pin(DomainConf *conf, const bool *map, size_t n, Error *error);

/* ---- I/O threads ---- */

int iothread_pins(const DomainConf *conf, size_t cpus, Values *ret, Error *error); /* a(uab) */
int iothread_add(DomainConf *conf, uint32_t id, Error *error);
int iothread_del(DomainConf *conf, uint32_t id, Error *error);
int iothread_pin(DomainConf *conf, uint32_t id, const bool *map, size_t n, Error *error);

/* ---- memory ---- */

/* size in KiB; flags: DOMAIN_MEM_MAXIMUM. */
int memory_set(DomainConf *conf, uint64_t size, uint32_t flags, bool live, Error *error);
int memory_set_period(DomainConf *conf, int32_t period, Error *error); /* s */
