/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The smaller devices: their rows. */
#include "conf/domain-rows.h"

const MapElement input_element = { "input", sizeof(DomainInput), (const MapField[]) {
        WORD  ("@type",               DomainInput, type, input_type_words, REQUIRED),
        WORD  ("@bus",                DomainInput, bus, input_bus_words),
        WORD  ("@model",              DomainInput, model, virtio_model_words),
        VIRTIO_ROWS(DomainInput),
        STRING("source/@evdev",       DomainInput, evdev),
        STRING("source/@dev",         DomainInput, source),
        STRING("source/@grab",        DomainInput, grab),
        STRING("source/@grabToggle",  DomainInput, grab_toggle),
        WORD  ("source/@repeat",      DomainInput, repeat, on_off_words),
        DEVICE_ROWS(DomainInput),
        {}
} };

const MapElement sound_element = { "sound", sizeof(DomainSound), (const MapField[]) {
        WORD  ("@model",              DomainSound, model, sound_model_words, REQUIRED),
        YES_NO("@multichannel",       DomainSound, multichannel),
        STRING("@streams",            DomainSound, streams),
        KEPT  ("codec",               DomainSound, codec),
        MAYBE ("audio/@id",           DomainSound, audio),
        VIRTIO_ROWS(DomainSound),
        DEVICE_ROWS(DomainSound),
        {}
} };

const MapElement hub_element = { "hub", sizeof(DomainHub), (const MapField[]) {
        WORD  ("@type",               DomainHub, type, hub_type_words, REQUIRED),
        DEVICE_ROWS(DomainHub),
        {}
} };

const MapElement watchdog_element = { "watchdog", sizeof(DomainWatchdog), (const MapField[]) {
        WORD  ("@model",              DomainWatchdog, model, watchdog_model_words, REQUIRED),
        WORD  ("@action",             DomainWatchdog, action, watchdog_action_words),
        DEVICE_ROWS(DomainWatchdog),
        {}
} };

const MapElement memballoon_element = { "memballoon", sizeof(DomainMemballoon), (const MapField[]) {
        WORD  ("@model",              DomainMemballoon, model, memballoon_model_words, REQUIRED),
        ON_OFF("@autodeflate",        DomainMemballoon, autodeflate),
        ON_OFF("@freePageReporting",  DomainMemballoon, free_page_reporting),
        U32   ("stats/@period",       DomainMemballoon, stats_period),
        VIRTIO_ROWS(DomainMemballoon),
        DEVICE_ROWS(DomainMemballoon),
        {}
} };

const MapElement rng_element = { "rng", sizeof(DomainRng), (const MapField[]) {
        WORD  ("@model",              DomainRng, model, virtio_model_words, REQUIRED),
        U32   ("rate/@bytes",         DomainRng, rate_bytes),
        U32   ("rate/@period",        DomainRng, rate_period),
        WORD  ("backend/@model",      DomainRng, backend_model, rng_backend_words, REQUIRED),
        STRING("backend/@type",       DomainRng, backend_type),
        KEPT  ("backend/source",      DomainRng, egd_source),
        KEPT  ("backend/protocol",    DomainRng, egd_protocol),
        VIRTIO_ROWS(DomainRng),
        DEVICE_ROWS(DomainRng),
        {}
} };

const MapElement panic_element = { "panic", sizeof(DomainPanic), (const MapField[]) {
        WORD  ("@model",              DomainPanic, model, panic_model_words),
        DEVICE_ROWS(DomainPanic),
        {}
} };

const MapElement memory_element = { "memory", sizeof(MemoryDevice), (const MapField[]) {
        WORD  ("@model",              MemoryDevice, model, memory_model_words, REQUIRED),
        WORD  ("@access",             MemoryDevice, access, memory_access_words),
        WORD  ("@discard",            MemoryDevice, discard, yes_no_words),
        STRING("uuid",                MemoryDevice, uuid),
        KEPT  ("source",              MemoryDevice, source),
        KIB   ("target/size",         MemoryDevice, size, .flags = MAP_CANONICAL),
        MAYBE ("target/node",         MemoryDevice, node),
        KIB   ("target/label/size",   MemoryDevice, label, .flags = MAP_CANONICAL),
        KIB   ("target/block",        MemoryDevice, block, .flags = MAP_CANONICAL),
        KIB   ("target/requested",    MemoryDevice, requested, .flags = MAP_CANONICAL),
        KIB   ("target/current",      MemoryDevice, current, LIVE),
        FLAG  ("target/readonly",     MemoryDevice, readonly),
        KEPT  ("alias",               MemoryDevice, alias),
        KEPT  ("address",             MemoryDevice, address),
        {}
} };
