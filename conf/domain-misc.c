/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The smaller devices: their rows. */
#include "conf/domain-rows.h"

const MapElement input_element = { "input", sizeof(DomainInput), (const MapField[]) {
        WORD  ("@type",               DomainInput, type,
               WORDS("mouse", "tablet", "keyboard", "passthrough", "evdev"), REQUIRED),
        WORD  ("@bus",                DomainInput, bus,
               WORDS("default", "ps2", "usb", "xen", "parallels", "virtio", "none")),
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

static const MapElement codec_element = { "codec", sizeof(SoundCodec), (const MapField[]) {
        WORD  ("@type", SoundCodec, type, WORDS("duplex", "micro", "output")),
        {}
} };

const MapElement sound_element = { "sound", sizeof(DomainSound), (const MapField[]) {
        WORD  ("@model",              DomainSound, model,
               WORDS("sb16", "es1370", "pcspk", "ac97", "ich6", "ich9", "usb", "ich7",
                     "virtio"), REQUIRED),
        YES_NO("@multichannel",       DomainSound, multichannel),
        STRING("@streams",            DomainSound, streams),
        LIST  ("codec",               DomainSound, codecs, SoundCodec, &codec_element),
        MAYBE ("audio/@id",           DomainSound, audio),
        VIRTIO_ROWS(DomainSound),
        DEVICE_ROWS(DomainSound),
        {}
} };

const MapElement hub_element = { "hub", sizeof(DomainHub), (const MapField[]) {
        WORD  ("@type",               DomainHub, type, WORDS("usb"), REQUIRED),
        DEVICE_ROWS(DomainHub),
        {}
} };

const MapElement watchdog_element = { "watchdog", sizeof(DomainWatchdog), (const MapField[]) {
        WORD  ("@model",              DomainWatchdog, model,
               WORDS("i6300esb", "ib700", "diag288", "itco"), REQUIRED),
        WORD  ("@action",             DomainWatchdog, action,
               WORDS("reset", "shutdown", "poweroff", "pause", "none", "dump", "inject-nmi")),
        DEVICE_ROWS(DomainWatchdog),
        {}
} };

const MapElement memballoon_element = { "memballoon", sizeof(DomainMemballoon), (const MapField[]) {
        WORD  ("@model",              DomainMemballoon, model,
               WORDS("virtio", "xen", "none", "virtio-transitional",
                     "virtio-non-transitional"), REQUIRED),
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
        WORD  ("backend/@model",      DomainRng, backend_model,
               WORDS("random", "egd", "builtin"), REQUIRED),
        STRING("backend",             DomainRng, backend),
        ENUM  ("backend/@type",       DomainRng, egd.type, char_types),
        LIST  ("backend/source",      DomainRng, egd.sources, CharSource, &char_source_rows),
        WORD  ("backend/protocol/@type", DomainRng, egd.protocol, char_protocol_words),
        STRING("backend/log/@file",   DomainRng, egd.log_file),
        ON_OFF("backend/log/@append", DomainRng, egd.log_append),
        VIRTIO_ROWS(DomainRng),
        DEVICE_ROWS(DomainRng),
        {}
} };

const MapElement panic_element = { "panic", sizeof(DomainPanic), (const MapField[]) {
        WORD  ("@model",              DomainPanic, model,
               WORDS("default", "pseries", "isa", "hyperv", "s390", "pvpanic")),
        DEVICE_ROWS(DomainPanic),
        {}
} };

const MapElement memory_element = { "memory", sizeof(MemoryDevice), (const MapField[]) {
        WORD  ("@model",              MemoryDevice, model,
               WORDS("dimm", "nvdimm", "virtio-pmem", "virtio-mem", "sgx-epc"), REQUIRED),
        WORD  ("@access",             MemoryDevice, access, memory_access_words),
        WORD  ("@discard",            MemoryDevice, discard, yes_no_words),
        STRING("uuid",                MemoryDevice, uuid),
        STRING("source/path",         MemoryDevice, path),
        KIB   ("source/alignsize",    MemoryDevice, align_size, CANONICAL),
        FLAG  ("source/pmem",         MemoryDevice, pmem),
        KIB   ("source/pagesize",     MemoryDevice, page_size, CANONICAL),
        STRING("source/nodemask",     MemoryDevice, nodemask),
        KIB   ("target/size",         MemoryDevice, size, CANONICAL),
        MAYBE ("target/node",         MemoryDevice, node),
        KIB   ("target/label/size",   MemoryDevice, label, CANONICAL),
        KIB   ("target/block",        MemoryDevice, block, CANONICAL),
        KIB   ("target/requested",    MemoryDevice, requested, CANONICAL),
        KIB   ("target/current",      MemoryDevice, current, LIVE),
        FLAG  ("target/readonly",     MemoryDevice, readonly),
        DEVICE_ROWS(MemoryDevice),
        {}
} };

static const char *const tpm_backends[] = { "passthrough", "emulator", "external", NULL };

const MapElement tpm_element = { "tpm", sizeof(DomainTpm), (const MapField[]) {
        WORD  ("@model",                      DomainTpm, model,
               WORDS("default", "tpm-tis", "tpm-crb", "tpm-spapr", "spapr-tpm-proxy")),
        ENUM  ("backend/@type",               DomainTpm, backend, tpm_backends, REQUIRED),
        WORD  ("backend/@version",            DomainTpm, version, WORDS("default", "1.2", "2.0")),
        WORD  ("backend/@persistent_state",   DomainTpm, persistent, yes_no_words),
        MAYBE ("backend/@debug",              DomainTpm, debug),
        STRING("backend/device/@path",        DomainTpm, path),
        STRING("backend/encryption/@secret",  DomainTpm, encryption),
        FLAG  ("backend/active_pcr_banks",    DomainTpm, has_banks),
        FLAG  ("backend/active_pcr_banks/sha1", DomainTpm, banks.sha1),
        FLAG  ("backend/active_pcr_banks/sha256", DomainTpm, banks.sha256),
        FLAG  ("backend/active_pcr_banks/sha384", DomainTpm, banks.sha384),
        FLAG  ("backend/active_pcr_banks/sha512", DomainTpm, banks.sha512),
        WORD  ("backend/source/@type",        DomainTpm, source_type, WORDS("unix")),
        STRING("backend/source/@path",        DomainTpm, source_path),
        WORD  ("backend/source/@mode",        DomainTpm, source_mode, WORDS("connect", "bind")),
        DEVICE_ROWS(DomainTpm),
        {}
} };

const MapElement shmem_element = { "shmem", sizeof(DomainShmem), (const MapField[]) {
        STRING("@name",         DomainShmem, name, REQUIRED),
        WORD  ("@role",         DomainShmem, role, WORDS("master", "peer")),
        WORD  ("model/@type",   DomainShmem, model,
               WORDS("ivshmem", "ivshmem-plain", "ivshmem-doorbell")),
        MIB   ("size",          DomainShmem, size, CANONICAL),
        FLAG  ("server",        DomainShmem, has_server),
        STRING("server/@path",  DomainShmem, server),
        FLAG  ("msi",           DomainShmem, msi),
        ON_OFF("msi/@enabled",  DomainShmem, msi_enabled),
        U32   ("msi/@vectors",  DomainShmem, vectors),
        ON_OFF("msi/@ioeventfd", DomainShmem, ioeventfd),
        DEVICE_ROWS(DomainShmem),
        {}
} };

const MapElement iommu_element = { "iommu", sizeof(DomainIommu), (const MapField[]) {
        WORD  ("@model",               DomainIommu, model,
               WORDS("intel", "smmuv3", "virtio", "amd"), REQUIRED),
        ON_OFF("driver/@intremap",     DomainIommu, intremap),
        ON_OFF("driver/@caching_mode", DomainIommu, caching_mode),
        ON_OFF("driver/@eim",          DomainIommu, eim),
        ON_OFF("driver/@iotlb",        DomainIommu, iotlb),
        MAYBE ("driver/@aw_bits",      DomainIommu, aw_bits),
        DEVICE_ROWS(DomainIommu),
        {}
} };

const MapElement vsock_element = { "vsock", sizeof(DomainVsock), (const MapField[]) {
        WORD  ("@model",       DomainVsock, model, virtio_model_words),
        YES_NO("cid/@auto",    DomainVsock, auto_cid),
        MAYBE ("cid/@address", DomainVsock, cid),
        VIRTIO_ROWS(DomainVsock),
        DEVICE_ROWS(DomainVsock),
        {}
} };

const MapElement crypto_element = { "crypto", sizeof(DomainCrypto), (const MapField[]) {
        WORD  ("@model",          DomainCrypto, model, WORDS("virtio"), REQUIRED),
        WORD  ("@type",           DomainCrypto, type, WORDS("qemu"), REQUIRED),
        WORD  ("backend/@model",  DomainCrypto, backend, WORDS("builtin", "lkcf"), REQUIRED),
        U32   ("backend/@queues", DomainCrypto, queues),
        VIRTIO_ROWS(DomainCrypto),
        DEVICE_ROWS(DomainCrypto),
        {}
} };

const MapElement nvram_element = { "nvram", sizeof(DomainNvram), (const MapField[]) {
        DEVICE_ROWS(DomainNvram),
        {}
} };

/* ---- <audio> ---- */

static const MapElement side_element = { "input", sizeof(AudioSide), (const MapField[]) {
        YES_NO("@mixingEngine",       AudioSide, mixing_engine),
        YES_NO("@fixedSettings",      AudioSide, fixed_settings),
        YES_NO("@tryPoll",            AudioSide, try_poll),
        YES_NO("@exactName",          AudioSide, exact_name),
        U32   ("@voices",             AudioSide, voices),
        U32   ("@bufferLength",       AudioSide, buffer_length),
        U32   ("@bufferCount",        AudioSide, buffer_count),
        U32   ("@latency",            AudioSide, latency),
        STRING("@dev",                AudioSide, device),
        STRING("@name",               AudioSide, name),
        STRING("@streamName",         AudioSide, stream),
        STRING("@serverName",         AudioSide, server),
        STRING("@clientName",         AudioSide, client),
        STRING("@connectPorts",       AudioSide, connect),
        U32   ("settings/@frequency", AudioSide, frequency),
        U32   ("settings/@channels",  AudioSide, channels),
        WORD  ("settings/@format",    AudioSide, format,
               WORDS("s8", "u8", "s16", "u16", "s32", "u32", "f32")),
        {}
} };

const MapElement audio_element = { "audio", sizeof(DomainAudio), (const MapField[]) {
        U32   ("@id",          DomainAudio, id, REQUIRED),
        WORD  ("@type",        DomainAudio, type,
               WORDS("none", "alsa", "coreaudio", "jack", "oss", "pulseaudio", "sdl", "spice",
                     "file", "dbus", "pipewire"), REQUIRED),
        U32   ("@timerPeriod", DomainAudio, timer_period),
        STRING("@serverName",  DomainAudio, server),
        WORD  ("@driver",      DomainAudio, driver,
               WORDS("esd", "alsa", "arts", "pulseaudio", "disk", "dsp", "windib", "dsound")),
        STRING("@path",        DomainAudio, path),
        STRING("@runtimeDir",  DomainAudio, runtime_dir),
        YES_NO("@exclusive",   DomainAudio, exclusive),
        YES_NO("@tryMMap",     DomainAudio, try_mmap),
        MAYBE ("@dspPolicy",   DomainAudio, dsp_policy),
        STRUCT("input",        DomainAudio, input, AudioSide, &side_element),
        STRUCT("output",       DomainAudio, output, AudioSide, &side_element),
        {}
} };
