/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <controller>: its rows. Which controllers a machine has by itself is its driver's business. */
#include "conf/domain-rows.h"

const char *const controller_types[] = {
        "ide", "fdc", "scsi", "sata", "virtio-serial", "ccid", "usb", "pci", "xenbus", "isa",
        "nvme", NULL,
};

#define TYPE(type_) .when_offset = offsetof(DomainController, type), .when = BIT(type_)

const MapElement controller_element = { "controller", sizeof(DomainController), (const MapField[]) {
        ENUM  ("@type",              DomainController, type, controller_types, REQUIRED),
        MAYBE ("@index",             DomainController, index),
        STRING("@model",             DomainController, model),
        U32   ("@ports",             DomainController, ports),
        U32   ("@vectors",           DomainController, vectors, TYPE(CONTROLLER_VIRTIO_SERIAL)),
        MAYBE ("@maxGrantFrames",    DomainController, max_grant_frames, TYPE(CONTROLLER_XENBUS)),
        MAYBE ("@maxEventChannels",  DomainController, max_event_channels, TYPE(CONTROLLER_XENBUS)),
        STRING("serial",             DomainController, serial, TYPE(CONTROLLER_NVME)),
        STRING("model/@name",        DomainController, model_name),
        MAYBE ("target/@chassisNr",  DomainController, chassis_nr),
        MAYBE ("target/@chassis",    DomainController, chassis),
        _MAP_ROW("target/@port", map_maybe_hex, _MAP_AT(DomainController, port, MaybeU32)),
        MAYBE ("target/@busNr",      DomainController, bus_nr),
        MAYBE ("target/@index",      DomainController, target_index),
        ON_OFF("target/@hotplug",    DomainController, hotplug),
        STRING("target/@memReserve", DomainController, mem_reserve),
        MAYBE ("target/node",        DomainController, node),
        KIB   ("pcihole64",          DomainController, pcihole64, .flags = MAP_CANONICAL),
        U32   ("driver/@queues",     DomainController, queues),
        U32   ("driver/@cmd_per_lun", DomainController, cmd_per_lun),
        U32   ("driver/@max_sectors", DomainController, max_sectors),
        ON_OFF("driver/@ioeventfd",  DomainController, ioeventfd),
        U32   ("driver/@iothread",   DomainController, iothread),
        VIRTIO_ROWS(DomainController),
        MAYBE ("master/@startport",  DomainController, master_startport),
        DEVICE_ROWS(DomainController),
        {}
} };
