/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asking a QEMU binary what it can do: one run of it, and a second one for TCG where it has KVM. */
#pragma once

#include <json-c/json.h>
#include <systemd/sd-event.h>

#include "conf/error.h"

typedef struct QemuProbe QemuProbe;

/* Once: the document of findings.h, which is the caller's then, or NULL and what went wrong, with
 * the binary's own words. May call qemu_probe_free(). */
typedef void (*QemuProbed)(QemuProbe *probe, json_object *document, Error *error, void *userdata);

/* binary: a path. kvm: whether /dev/kvm can be used; without, TCG only. */
int qemu_probe_new(sd_event *event, const char *binary, bool kvm, uint64_t patience,
                   QemuProbed probed, void *userdata, QemuProbe **ret, Error *error);

/* Ends its processes if need be. */
QemuProbe *qemu_probe_free(QemuProbe *probe);
DEFINE_CLEANUP(QemuProbe *, qemu_probe_free);
