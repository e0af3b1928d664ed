/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What guests share with their host and with one another: sockets, memory, cryptography. */
#include "drivers/qemu/command-private.h"

#include <stdio.h>
#include <string.h>

/* ---- vsock ---- */

int build_vsock(Builder *builder, const Device *device, size_t index) {
        const DomainVsock *vsock = (const DomainVsock *) device;
        json_object *object;

        if (!vsock->cid.set)
                return unsupported(builder, "devices/vsock/cid: no address was given or chosen");
        _cleanup_(freep) char *driver =
                virtio_driver_of_model("vhost-vsock", vsock->model, device);
        int r = device_begin(builder, driver, device, &object, "devices/vsock");

        if (r < 0)
                return r;
        json_put_number(builder, object, "guest-cid", vsock->cid.value);
        if (builder->places->vsock_fd > 0) /* else QEMU opens the host's device itself */
                json_putf(builder, object, "vhostfd", "%d", builder->places->vsock_fd);
        device_end(builder, object);
        return 0;
}

/* ---- shared memory ---- */

enum { SHARED_KIB = 4096 }; /* where no size is given */

static void put_master(Builder *builder, const DomainShmem *shmem, json_object *object) {
        if (shmem->role)
                json_put_text(builder, object, "master",
                              text_is(shmem->role, "master") ? "on" : "off");
}

static int add_shared_memory(Builder *builder, const DomainShmem *shmem, json_object *object) {
        json_object *memory = json_new(builder);

        json_put_text(builder, memory, "qom-type", "memory-backend-file");
        json_putf(builder, memory, "id", "shmmem-%s", shmem->device.alias);
        json_putf(builder, memory, "mem-path", "/dev/shm/%s", shmem->name ?: "");
        json_put_number(builder, memory, "size",
                        (int64_t) (shmem->size ? shmem->size : SHARED_KIB) * 1024);
        json_put_bool(builder, memory, "share", true);
        argument_json(builder, "object", memory);

        json_putf(builder, object, "memdev", "shmmem-%s", shmem->device.alias);
        put_master(builder, shmem, object);
        return 0;
}

/* A server of the user's tells guests of each other and hands out the memory. */
static int add_shared_server(Builder *builder, const DomainShmem *shmem, json_object *object) {
        _cleanup_(option_clear) Option option = { builder, NULL };

        option_add(&option, "socket,id=char%s", shmem->device.alias);
        if (shmem->server)
                option_add_text(&option, "path", shmem->server);
        else
                option_add(&option, ",path=/var/lib/libvirt/shmem-%s-sock", shmem->name ?: "");
        option_done(&option, "chardev");
        json_putf(builder, object, "chardev", "char%s", shmem->device.alias);
        put_master(builder, shmem, object);
        json_put_some(builder, object, "vectors", shmem->vectors);
        json_put_state(builder, object, "ioeventfd", shmem->ioeventfd);
        return 0;
}

int build_shmem(Builder *builder, const Device *device, size_t index) {
        const DomainShmem *shmem = (const DomainShmem *) device;
        bool plain = text_is(shmem->model, "ivshmem-plain");
        json_object *object;
        int r;

        if (!shmem->name || strchr(shmem->name, '/') || strchr(shmem->name, ','))
                return unsupported(builder, "devices/shmem/@name '%s' can't name a file",
                                   shmem->name ?: "");
        if ((r = device_begin(builder, shmem->model ?: "ivshmem", device, &object,
                              "devices/shmem model '%s'", shmem->model ?: "ivshmem")) < 0)
                return r;
        r = plain ? add_shared_memory(builder, shmem, object)
                  : add_shared_server(builder, shmem, object);
        if (r < 0) {
                json_object_put(object);
                return r;
        }
        device_end(builder, object);
        return 0;
}

/* ---- cryptography ---- */

int build_crypto(Builder *builder, const Device *device, size_t index) {
        const DomainCrypto *crypto = (const DomainCrypto *) device;
        const char *type = text_is(crypto->backend, "lkcf") ? "cryptodev-backend-lkcf"
                                                            : "cryptodev-backend-builtin";
        _cleanup_(freep) char *driver = virtio_driver("virtio-crypto", device);
        json_object *backend, *object;

        if (!qemu_caps_has_type(builder->caps, type))
                return unsupported(builder, "devices/crypto/backend: %s has no '%s'",
                                   builder->caps->binary, type);
        backend = json_new(builder);
        json_put_text(builder, backend, "qom-type", type);
        json_putf(builder, backend, "id", "obj%s", device->alias);
        json_put_some(builder, backend, "queues", crypto->queues);
        argument_json(builder, "object", backend);

        int r = device_begin(builder, driver, device, &object, "devices/crypto");
        if (r < 0)
                return r;
        json_putf(builder, object, "cryptodev", "obj%s", device->alias);
        device_end(builder, object);
        return 0;
}

/* ---- iommu ---- */

static void put_on_off(Builder *builder, json_object *object, const char *name, Tristate state) {
        if (state != TRISTATE_UNSET)
                json_put_text(builder, object, name, state == TRISTATE_YES ? "on" : "off");
}

int build_iommu(Builder *builder, const Device *device, size_t index) {
        const DomainIommu *iommu = (const DomainIommu *) device;
        json_object *object;
        int r;

        if (text_is(iommu->model, "smmuv3")) /* part of the machine */
                return 0;
        if (text_is(iommu->model, "virtio"))
                r = device_begin(builder, "virtio-iommu-pci", device, &object, "devices/iommu");
        else if (text_is(iommu->model, "intel"))
                r = device_begin_bare(builder, "intel-iommu", device->alias, &object,
                                      "devices/iommu");
        else
                r = unsupported(builder, "devices/iommu/@model '%s'", iommu->model ?: "");
        if (r < 0)
                return r;
        put_on_off(builder, object, "intremap", iommu->intremap);
        json_put_state(builder, object, "caching-mode", iommu->caching_mode);
        put_on_off(builder, object, "eim", iommu->eim);
        json_put_state(builder, object, "device-iotlb", iommu->iotlb);
        if (iommu->aw_bits.set)
                json_put_number(builder, object, "aw-bits", iommu->aw_bits.value);
        device_end(builder, object);
        return 0;
}
