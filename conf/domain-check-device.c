/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules of one device each: values that don't go together or are out of range on any machine. */
#include "conf/domain-rows.h"

#include <stdio.h>
#include <string.h>

int rules_check(const Rule *rules, size_t n, const xmlNode *node, Error *error) {
        for (size_t i = 0; i < n; i++)
                if (rules[i].broken)
                        return fail_at(error, ERROR_CONFIG_UNSUPPORTED, node, "%s",
                                       rules[i].message);
        return 0;
}

bool is_one_of(const char *text, const char *const *names) {
        return text && map_enum_value(names, text) >= 0;
}

/* ---- what is given from the host ---- */

static int check_filesystem(const DomainConf *conf, const Device *device, Error *error) {
        const DomainFilesystem *fs = (const DomainFilesystem *) device;
        bool virtiofs = is_text(fs->driver, "virtiofs");

        return RULES(device->item.node, error,
                     { !fs->target, "missing target of a filesystem" },
                     { !fs->source && !fs->socket && fs->type <= FILESYSTEM_TEMPLATE,
                       "missing source of a filesystem" },
                     { virtiofs && fs->readonly,
                       "virtiofs does not yet support read-only mode" },
                     { virtiofs && fs->access_mode && strcmp(fs->access_mode, "passthrough") != 0,
                       "virtiofs only supports passthrough accessmode" },
                     { virtiofs && (fs->wrpolicy || fs->format || fs->multidevs || fs->fmode ||
                                    fs->dmode || (fs->model && strcmp(fs->model, "virtio") != 0)),
                       "an option of this filesystem is not supported with virtiofs" },
                     { (fs->fmode || fs->dmode) && is_text(fs->access_mode, "passthrough"),
                       "fmode and dmode must be used with accessmode=mapped|squash" });
}

static bool is_wwpn(const char *text) {
        return strncmp(text, "naa.", 4) == 0 && strlen(text) == 20 &&
               is_made_of(text + 4, DIGITS "abcdefABCDEF");
}

static int check_mdev(const DomainConf *conf, const DomainHostdev *given, Error *error) {
        AddressType at = given->device.address.type;
        bool ap = is_text(given->model, "vfio-ap"), ccw = is_text(given->model, "vfio-ccw");
        bool pci = is_text(given->model, "vfio-pci");
        size_t ramfbs = 0, aps = 0;
        Uuid uuid;

        for (size_t i = 0; i < conf->hostdevs.n; i++) {
                ramfbs += conf->hostdevs.items[i]->ramfb == TRISTATE_YES;
                aps += is_text(conf->hostdevs.items[i]->model, "vfio-ap");
        }
        return RULES(given->device.item.node, error,
                     { !given->model, "missing attribute 'model' of a mediated device" },
                     { !pci && !ap && !ccw, "unknown model of a mediated device" },
                     { !given->source.uuid, "missing 'uuid' of a mediated device" },
                     { uuid_parse(given->source.uuid ?: "", &uuid) < 0,
                       "Cannot parse uuid attribute of <address> element" },
                     { ramfbs > 1, "Only one vgpu device can have 'ramfb' enabled" },
                     { given->ramfb == TRISTATE_YES && given->display != TRISTATE_YES,
                       "'ramfb' attribute requires display to be 'on'" },
                     { given->display != TRISTATE_UNSET && !pci,
                       "display attribute is only supported with model 'vfio-pci'" },
                     { aps > 1, "Only one hostdev of model vfio-ap is supported" },
                     { ap && given->device.boot_order,
                       "booting is not supported by mediated devices of model vfio-ap" },
                     { (pci && at != ADDRESS_NONE && at != ADDRESS_PCI && at != ADDRESS_PCI_ANY &&
                        at != ADDRESS_UNASSIGNED) ||
                               (ccw && at != ADDRESS_NONE && at != ADDRESS_CCW) ||
                               (ap && at != ADDRESS_NONE),
                       "Unsupported address type with this model of a mediated device" });
}

static int check_scsi(const DomainHostdev *given, const xmlNode *node, Error *error) {
        bool iscsi = is_text(given->protocol, "iscsi");

        return RULES(node, error,
                     { iscsi && !given->source_name,
                       "iSCSI session must have an attribute 'name'" },
                     { iscsi && given->hosts.n != 1, "iSCSI session must have one host" },
                     { !iscsi && !given->adapter, "'adapter' must be specified for scsi hostdev" },
                     { !iscsi && !given->has_address,
                       "'address' must be specified for scsi hostdev source" },
                     { given->auth && !iscsi, "<auth> is for protocol 'iscsi'" });
}

static bool is_same_given(const DomainHostdev *a, const DomainHostdev *b) {
        const HostAddress *x = &a->source, *y = &b->source;

        return a->mode == b->mode && a->type == b->type && a->type <= HOSTDEV_SCSI &&
               a->vendor.value == b->vendor.value && a->product.value == b->product.value &&
               x->domain == y->domain && x->bus == y->bus && x->slot == y->slot &&
               x->function == y->function && x->device == y->device && x->target == y->target &&
               x->unit == y->unit && !a->protocol && !b->protocol &&
               (!a->adapter || is_text(b->adapter, a->adapter));
}

static bool is_given_twice(const DomainConf *conf, const DomainHostdev *given) {
        size_t n = 0;

        for (size_t i = 0; i < conf->hostdevs.n; i++)
                n += is_same_given(conf->hostdevs.items[i], given);
        return n > 1;
}

static int check_hostdev(const DomainConf *conf, const Device *device, Error *error) {
        const DomainHostdev *given = (const DomainHostdev *) device;
        const xmlNode *node = device->item.node;
        bool capabilities = given->mode == HOSTDEV_CAPABILITIES;
        bool scsi = given->type == HOSTDEV_SCSI, pci = given->type == HOSTDEV_PCI;
        bool usb_id = given->vendor.set || given->product.set;
        AddressType at = device->address.type;
        bool on_pci = at == ADDRESS_PCI || at == ADDRESS_PCI_ANY;
        int r = 0;

        if (given->type == HOSTDEV_MDEV)
                r = check_mdev(conf, given, error);
        else if (scsi)
                r = check_scsi(given, node, error);
        if (r < 0)
                return r;
        return RULES(node, error,
                     { capabilities != (given->type >= HOSTDEV_STORAGE),
                       "this type of host device belongs to the other mode" },
                     { pci && !given->has_address, "missing source address of a PCI device" },
                     { given->type == HOSTDEV_USB && !usb_id && !given->has_address,
                       "missing vendor and product, or address, of a USB device" },
                     { usb_id && (given->vendor.value == 0 || !given->product.set),
                       "vendor and product of a USB device cannot be 0" },
                     { given->vendor.value > UINT16_MAX || given->product.value > UINT16_MAX,
                       "vendor and product of a USB device are at most 0xffff" },
                     { pci && (given->source.slot > 0x1f || given->source.function > 7 ||
                               given->source.bus > 0xff),
                       "no such PCI address of the host" },
                     { given->type == HOSTDEV_SCSI_HOST &&
                               (!is_text(given->protocol, "vhost") || !given->wwpn ||
                                !is_wwpn(given->wwpn)),
                       "a SCSI host needs protocol 'vhost' and a 'wwpn' of naa. and 16 digits" },
                     { (given->rawio != TRISTATE_UNSET || given->sgio) && !scsi,
                       "rawio and sgio are only supported for scsi host device" },
                     { pci && at != ADDRESS_NONE && !on_pci && at != ADDRESS_UNASSIGNED,
                       "PCI host devices must use 'pci' or 'unassigned' address type" },
                     { scsi && at != ADDRESS_NONE && at != ADDRESS_DRIVE,
                       "SCSI host device must use 'drive' address type" },
                     { given->type == HOSTDEV_SCSI_HOST && at != ADDRESS_NONE && !on_pci &&
                               at != ADDRESS_CCW,
                       "SCSI_host host device must use 'pci' or 'ccw' address type" },
                     { is_given_twice(conf, given),
                       "Hostdev already exists in the domain configuration" },
                     { device->boot_order && capabilities,
                       "booting from assigned devices is only supported for devices of a bus" });
}

static bool is_code(const char *text, unsigned long max) {
        char *end;

        if (!text || strcmp(text, "-1") == 0)
                return true;
        unsigned long n = strtoul(text, &end, 0);
        return end > text && !*end && n <= max;
}

int given_check(const DomainConf *conf, Error *error) {
        int r = CHECK_UNIQUE(&conf->filesystems, DomainFilesystem, target,
                             "filesystem target", error);

        for (size_t i = 0; i < conf->redirfilters.n && r >= 0; i++) {
                const RedirFilter *filter = conf->redirfilters.items[i];

                r = RULES(filter->item.node, error,
                          { !is_code(filter->class, 0xff), "Cannot parse USB Class code" },
                          { !is_code(filter->vendor, 0xffff), "Cannot parse USB vendor ID" },
                          { !is_code(filter->product, 0xffff), "Cannot parse USB product ID" },
                          { filter->version && strcmp(filter->version, "-1") != 0 &&
                                    !is_made_of(filter->version, DIGITS "."),
                            "Cannot parse USB device version" });
        }
        return r;
}

static int check_redirdev(const DomainConf *conf, const Device *device, Error *error) {
        return char_check(&((const DomainRedirdev *) device)->port, DEVICE_REDIRDEV, error);
}

static int check_smartcard(const DomainConf *conf, const Device *device, Error *error) {
        const DomainSmartcard *card = (const DomainSmartcard *) device;
        int r = card->mode == SMARTCARD_PASSTHROUGH
                        ? char_check(&card->port, DEVICE_SMARTCARD, error)
                        : 0;

        if (r < 0)
                return r;
        return RULES(device->item.node, error,
                     { card->mode == SMARTCARD_HOST_CERTIFICATES && card->certificates.n != 3,
                       "host-certificates mode needs exactly three certificates" },
                     { card->database && card->database[0] != '/',
                       "the database of certificates must be an absolute path" },
                     { device->address.type != ADDRESS_NONE && device->address.type != ADDRESS_CCID,
                       "Controllers must use the 'ccid' address type" });
}

/* ---- what QEMU makes ---- */

static int check_video(const DomainConf *conf, const Device *device, Error *error) {
        const DomainVideo *video = (const DomainVideo *) device;
        bool qxl = is_text(video->model, "qxl"), virtio = is_text(video->model, "virtio");
        bool first = conf->videos.items[0] == video;

        return RULES(device->item.node, error,
                     { (video->ram || video->vram64 || video->vgamem) && video->model && !qxl,
                       "ram, vram64 and vgamem are only supported for video type of qxl" },
                     { video->model && !first && !qxl && !virtio &&
                               video->primary != TRISTATE_YES,
                       "non-primary video device must be type of 'qxl' or 'virtio'" },
                     { qxl && video->vgamem && video->vgamem < 1024,
                       "value for 'vgamem' must be at least 1 MiB" },
                     { video->blob != TRISTATE_UNSET && !virtio,
                       "blob is only supported for video type of virtio" },
                     { !video->x != !video->y, "a resolution has two sides" },
                     { video->x && video->model && !qxl && !virtio &&
                               !is_one_of(video->model, WORDS("vga", "bochs", "default")),
                       "model resolution is not supported by this model type" },
                     { has_virtio_options(device) && video->model && !virtio,
                       "iommu, ats and packed are driver options of virtio devices" });
}

bool has_audio(const DomainConf *conf, MaybeU32 id) {
        bool found = id.value == 0 || (id.value == 1 && conf->audios.n == 0);

        for (size_t i = 0; i < conf->audios.n; i++)
                found = found || conf->audios.items[i]->id == id.value;
        return found;
}

static int check_sound(const DomainConf *conf, const Device *device, Error *error) {
        const DomainSound *sound = (const DomainSound *) device;

        return RULES(device->item.node, error,
                     { !has_audio(conf, sound->audio), "no audio device with this ID is defined" });
}

static int check_tpm(const DomainConf *conf, const Device *device, Error *error) {
        const DomainTpm *tpm = (const DomainTpm *) device;
        bool proxy = is_text(tpm->model, "spapr-tpm-proxy"), old = is_text(tpm->version, "1.2");
        size_t proxies = 0;

        for (size_t i = 0; i < conf->tpms.n; i++)
                proxies += is_text(conf->tpms.items[i]->model, "spapr-tpm-proxy");
        return RULES(device->item.node, error,
                     { proxies > 1 || conf->tpms.n - proxies > 1,
                       "only a single TPM device, and a single TPM Proxy device, is supported" },
                     { old && (is_text(tpm->model, "tpm-crb") || is_text(tpm->model, "tpm-spapr")),
                       "this model of TPM has no version 1.2" },
                     { proxy && tpm->backend != TPM_PASSTHROUGH,
                       "TPM Proxy needs the backend 'passthrough'" },
                     { tpm->backend == TPM_EXTERNAL && !tpm->source_path,
                       "missing socket of an external TPM" });
}

static int check_shmem(const DomainConf *conf, const Device *device, Error *error) {
        const DomainShmem *shmem = (const DomainShmem *) device;
        AddressType at = device->address.type;

        return RULES(device->item.node, error,
                     { strchr(shmem->name, '/'), "shmem name cannot include '/' character" },
                     { is_text(shmem->name, ".") || is_text(shmem->name, "..") || !*shmem->name,
                       "shmem name cannot be empty, '.' or '..'" },
                     { shmem->msi && !shmem->has_server,
                       "msi option is only supported with a server" },
                     { is_text(shmem->model, "ivshmem-plain") && shmem->has_server,
                       "server element is not supported for shmem model 'ivshmem-plain'" },
                     { at != ADDRESS_NONE && at != ADDRESS_PCI && at != ADDRESS_PCI_ANY,
                       "only 'pci' addresses are supported for the shared memory device" });
}

static int check_memory(const DomainConf *conf, const Device *device, Error *error) {
        const MemoryDevice *memory = (const MemoryDevice *) device;
        bool nvdimm = is_text(memory->model, "nvdimm"), mem = is_text(memory->model, "virtio-mem");
        bool dimm = is_text(memory->model, "dimm"), pmem = is_text(memory->model, "virtio-pmem");
        AddressType at = device->address.type;

        return RULES(device->item.node, error,
                     { memory->size == 0, "a memory device needs a size" },
                     { (dimm || nvdimm) && at != ADDRESS_NONE && at != ADDRESS_DIMM,
                       "only 'dimm' addresses are supported for this memory device" },
                     { (dimm || nvdimm) && at == ADDRESS_DIMM && conf->memory_slots.set &&
                               device->address.slot_number >= conf->memory_slots.value,
                       "memory device slot exceeds the count of slots" },
                     { (nvdimm || pmem) && !memory->path, "path is required for this model" },
                     { nvdimm && memory->label && memory->label < 128,
                       "nvdimm label must be at least 128KiB" },
                     { nvdimm && memory->label >= memory->size,
                       "label size must be smaller than NVDIMM size" },
                     { memory->discard && nvdimm, "discard is not supported for nvdimms" },
                     { pmem && memory->node.set, "virtio-pmem does not support NUMA nodes" },
                     { mem && !is_power_of_two(memory->block),
                       "block size must be a power of two" },
                     { mem && memory->block && memory->requested % memory->block,
                       "requested size must be an integer multiple of block size" },
                     { mem && memory->block && memory->size % memory->block,
                       "memory device size must be a multiple of block size" },
                     { mem && memory->requested > memory->size,
                       "requested size must be smaller than or equal to the size" });
}

static int check_iommu(const DomainConf *conf, const Device *device, Error *error) {
        const DomainIommu *iommu = (const DomainIommu *) device;
        bool virtio = is_text(iommu->model, "virtio"), intel = is_text(iommu->model, "intel");
        bool options = iommu->intremap || iommu->caching_mode || iommu->eim || iommu->iotlb ||
                       iommu->aw_bits.set;
        AddressType at = device->address.type;

        return RULES(device->item.node, error,
                     { conf->iommus.n > 1, "only a single IOMMU device is supported" },
                     { options && !intel, "this model of IOMMU has no additional attributes" },
                     { virtio && at != ADDRESS_NONE && at != ADDRESS_PCI && at != ADDRESS_PCI_ANY,
                       "IOMMU device: 'virtio' needs a PCI address" },
                     { !virtio && at != ADDRESS_NONE, "this model of IOMMU has no address" },
                     { virtio && !conf->features.acpi,
                       "IOMMU device: 'virtio' requires ACPI; add <acpi/> to <features>" },
                     { iommu->intremap == TRISTATE_YES &&
                               !is_text(conf->features.ioapic_driver, "qemu"),
                       "IOMMU interrupt remapping requires split I/O APIC (ioapic "
                       "driver='qemu')" },
                     { iommu->eim == TRISTATE_YES && iommu->intremap != TRISTATE_YES,
                       "IOMMU eim requires interrupt remapping to be enabled" });
}

static int check_vsock(const DomainConf *conf, const Device *device, Error *error) {
        const DomainVsock *vsock = (const DomainVsock *) device;

        return RULES(device->item.node, error,
                     { conf->vsocks.n > 1, "only a single vsock device is supported" },
                     { vsock->cid.set && vsock->cid.value < 3, "guest CIDs must be >= 3" });
}

static int check_watchdog(const DomainConf *conf, const Device *device, Error *error) {
        const DomainWatchdog *watchdog = (const DomainWatchdog *) device;
        AddressType at = device->address.type;

        return RULES(device->item.node, error,
                     { is_text(watchdog->model, "i6300esb") && at != ADDRESS_NONE &&
                               at != ADDRESS_PCI && at != ADDRESS_PCI_ANY,
                       "i6300esb model of watchdog can go only on PCI bus" },
                     { is_one_of(watchdog->model, WORDS("ib700", "diag288", "itco")) &&
                               at != ADDRESS_NONE && at != ADDRESS_ISA,
                       "this model of watchdog has no address" });
}

static int check_rng(const DomainConf *conf, const Device *device, Error *error) {
        const DomainRng *rng = (const DomainRng *) device;
        DomainChar egd = rng->egd;
        int r = 0;

        egd.device.item.node = device->item.node;
        if (is_text(rng->backend_model, "egd") && (r = char_check(&egd, DEVICE_RNG, error)) < 0)
                return r;
        return RULES(device->item.node, error,
                     { rng->rate_period && !rng->rate_bytes, "invalid RNG rate bytes value" },
                     { is_text(rng->backend_model, "egd") && rng->egd.sources.n == 0,
                       "missing source of the EGD backend" });
}

static int check_input(const DomainConf *conf, const Device *device, Error *error) {
        const DomainInput *input = (const DomainInput *) device;
        bool passthrough = is_text(input->type, "passthrough");

        return RULES(device->item.node, error,
                     { is_text(input->bus, "ps2") &&
                               !is_one_of(input->type, WORDS("mouse", "keyboard")),
                       "ps2 bus does not support this input device" },
                     { passthrough && !is_text(input->bus, "virtio"),
                       "only bus 'virtio' is supported for 'passthrough' input devices" },
                     { passthrough && !input->evdev, "Missing evdev path for input device" },
                     { is_text(input->type, "evdev") && !input->source,
                       "missing source of an evdev input device" },
                     { input->model && strcmp(input->model, "virtio") != 0 && !passthrough,
                       "virtio (non-)transitional models are not supported for this input type" });
}

static int check_panic(const DomainConf *conf, const Device *device, Error *error) {
        const DomainPanic *panic = (const DomainPanic *) device;
        size_t same = 0;

        for (size_t i = 0; i < conf->panics.n; i++)
                same += panic->model && is_text(conf->panics.items[i]->model, panic->model);
        return RULES(device->item.node, error,
                     { same > 1, "there are two panic devices of one model" },
                     { is_one_of(panic->model, WORDS("hyperv", "pseries", "s390")) &&
                               device->address.type != ADDRESS_NONE,
                       "setting the panic device address is not supported for this model" });
}


static int (*const rules[_DEVICE_KIND_MAX])(const DomainConf *, const Device *, Error *) = {
        [DEVICE_NET] = net_rules,             [DEVICE_FILESYSTEM] = check_filesystem,
        [DEVICE_HOSTDEV] = check_hostdev,     [DEVICE_REDIRDEV] = check_redirdev,
        [DEVICE_SMARTCARD] = check_smartcard, [DEVICE_VIDEO] = check_video,
        [DEVICE_SOUND] = check_sound,         [DEVICE_TPM] = check_tpm,
        [DEVICE_SHMEM] = check_shmem,         [DEVICE_MEMORY] = check_memory,
        [DEVICE_IOMMU] = check_iommu,         [DEVICE_VSOCK] = check_vsock,
        [DEVICE_WATCHDOG] = check_watchdog,   [DEVICE_RNG] = check_rng,
        [DEVICE_INPUT] = check_input,         [DEVICE_PANIC] = check_panic,
};

static bool is_loadparm(const char *text) {
        return *text && strlen(text) <= 8 && is_made_of(text, LETTERS DIGITS ". ");
}

int device_rules(const DomainConf *conf, DeviceKind kind, const Device *device, Error *error) {
        const DeviceAddress *at = &device->address;
        _cleanup_(freep) char *order = attribute_of(child_of(device->item.node, "boot"), "order");
        int r = RULES(device->item.node, error,
                      { order && strtol(order, NULL, 10) == 0, "incorrect boot order" },
                      { device->boot_loadparm && !is_loadparm(device->boot_loadparm),
                        "a loadparm has 1 to 8 characters of [a-zA-Z0-9.] and blanks" },
                      { at->uid.set && (at->uid.value > UINT16_MAX ||
                                        (at->uid.value == 0 && !(at->fid.set && !at->fid.value))),
                        "Invalid PCI address uid, must be > 0x0000 and <= 0xffff" });

        return r < 0 || !rules[kind] ? r : rules[kind](conf, device, error);
}
