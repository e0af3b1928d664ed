/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Defaults of what is given from the host, and of memory that can be plugged. */
#include "drivers/qemu/command-private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int complete_filesystems(DomainConf *conf) {
        for (size_t i = 0; i < conf->filesystems.n; i++) {
                DomainFilesystem *fs = conf->filesystems.items[i];

                if (!text_is(fs->driver, "virtiofs") &&
                    text_default(&fs->access_mode, "passthrough") < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* A target of iSCSI has units; the first is meant where none is named. */
static int complete_iscsi(char **name) {
        char *unit;

        if (!*name || strchr(*name, '/'))
                return 0;
        if (asprintf(&unit, "%s/0", *name) < 0)
                return -ENOMEM;
        free(*name);
        *name = unit;
        return 0;
}

static int complete_hostdevs(DomainConf *conf) {
        for (size_t i = 0; i < conf->hostdevs.n; i++) {
                DomainHostdev *given = conf->hostdevs.items[i];

                if (given->mode == HOSTDEV_CAPABILITIES)
                        continue;
                if (text_default(&given->managed, "no") < 0 ||
                    (text_is(given->protocol, "iscsi") && complete_iscsi(&given->source_name) < 0))
                        return -ENOMEM;
        }
        return 0;
}

static int complete_vsocks(DomainConf *conf) {
        for (size_t i = 0; i < conf->vsocks.n; i++)
                if (text_default(&conf->vsocks.items[i]->model, "virtio") < 0)
                        return -ENOMEM;
        return 0;
}

static void complete_smartcards(DomainConf *conf) {
        for (size_t i = 0; i < conf->smartcards.n; i++)
                if (conf->smartcards.items[i]->port.device.address.type == ADDRESS_NONE)
                        conf->smartcards.items[i]->port.device.address.type = ADDRESS_CCID;
}

/* A TPM of one version keeps nothing of use to the other, so the version is fixed once. */
static int complete_tpms(DomainConf *conf) {
        bool pseries = qemu_platform(conf) == PLATFORM_PSERIES;

        for (size_t i = 0; i < conf->tpms.n; i++) {
                DomainTpm *tpm = conf->tpms.items[i];

                if (text_default(&tpm->model, pseries ? "tpm-spapr" : "tpm-tis") < 0)
                        return -ENOMEM;
                bool old = text_is(tpm->model, "tpm-tis") && qemu_is_x86(conf);
                if (tpm->backend == TPM_EMULATOR &&
                    text_default(&tpm->version, old ? "1.2" : "2.0") < 0)
                        return -ENOMEM;
        }
        return 0;
}

static bool slot_is_taken(const DomainConf *conf, const MemoryDevice *but, unsigned slot) {
        for (size_t i = 0; i < conf->memories.n; i++) {
                const MemoryDevice *memory = conf->memories.items[i];

                if (memory != but && memory->device.address.type == ADDRESS_DIMM &&
                    memory->device.address.slot_number == slot)
                        return true;
        }
        return false;
}

static void complete_memories(DomainConf *conf) {
        for (size_t i = 0; i < conf->memories.n; i++) {
                MemoryDevice *memory = conf->memories.items[i];
                unsigned slot = 0;

                if (memory->device.address.type != ADDRESS_NONE ||
                    (!text_is(memory->model, "dimm") && !text_is(memory->model, "nvdimm")))
                        continue;
                while (slot_is_taken(conf, memory, slot))
                        slot++;
                memory->device.address.type = ADDRESS_DIMM;
                memory->device.address.slot_number = slot;
        }
}

int qemu_complete_kept(DomainConf *conf) {
        complete_smartcards(conf);
        complete_memories(conf);
        return complete_filesystems(conf) < 0 || complete_hostdevs(conf) < 0 ||
                               complete_tpms(conf) < 0 || complete_vsocks(conf) < 0
                       ? -ENOMEM
                       : 0;
}
