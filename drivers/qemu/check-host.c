/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a start wants of this host beside files: networks, devices, programs, secrets. Only looked
 * at: a start may still find it taken. */
#include "drivers/qemu/check-host.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "drivers/network.h"
#include "drivers/qemu/borrow.h"
#include "drivers/qemu/command-private.h"
#include "drivers/qemu/filesystem.h"
#include "drivers/qemu/passt.h"
#include "drivers/qemu/reservations.h"
#include "drivers/qemu/secrets.h"
#include "drivers/qemu/transient.h"
#include "drivers/qemu/vhost-user.h"

/* ---- interfaces ---- */

static int need_network(Connection *connection, const char *name, Error *error) {
        Resource *network = resource_set_by_name(&connection->sets[RESOURCE_NETWORK], name);

        if (!network)
                return fail(error, ERROR_NO_NETWORK, "no network with matching name '%s'", name);
        return defined_need_active(&network_of(network)->defined, error);
}

static int need_interface(const char *what, const char *name, Error *error) {
        if (if_nametoindex(name) > 0)
                return 0;
        return fail(error, ERROR_OPERATION_INVALID, "devices/interface: this host has no %s '%s'",
                    what, name);
}

static int check_net(Connection *connection, const DomainNet *net, Error *error) {
        if (qemu_net_is_borrowed(connection, net)) /* only the system knows whether it is there */
                return qemu_borrow_check(net, error);
        if (net->type == NET_NETWORK)
                return need_network(connection, net->network, error);
        if (net->type == NET_BRIDGE)
                return need_interface("bridge", net->bridge, error);
        if (net->type == NET_DIRECT)
                return need_interface("interface", net->source_dev, error);
        return 0;
}

/* ---- programs that run before QEMU or beside it ---- */

static int need_program(const char *element, const char *program, Error *error) {
        _cleanup_(freep) char *path = qemu_helper_find(program);

        if (!path)
                return fail_memory(error);
        if (strchr(path, '/') && access(path, X_OK) >= 0)
                return 0;
        return fail(error, ERROR_OPERATION_FAILED, "%s: there is no program '%s'", element,
                    program);
}

static int check_filesystem(const DomainFilesystem *filesystem, Error *error) {
        _cleanup_(freep) char *program = NULL;
        int r;

        if (!qemu_filesystem_has_daemon(filesystem) || !filesystem->source)
                return 0;
        if (access(filesystem->source, F_OK) < 0)
                r = fail_errno(error, -errno, "cannot access the folder '%s' of a filesystem",
                               filesystem->source);
        else if (filesystem->binary)
                r = need_program("devices/filesystem", filesystem->binary, error);
        else
                r = qemu_vhost_user_find("fs", &program, error);
        return r;
}

static int check_tpm(Connection *connection, const DomainTpm *tpm, Error *error) {
        const SecretRef ref = { .uuid = tpm->encryption };
        const void *value;
        size_t size;
        int r;

        if (tpm->backend != TPM_EMULATOR)
                return 0;
        if ((r = error_pass(error, need_program("devices/tpm", "swtpm", error))) < 0 ||
            (r = error_pass(error, need_program("devices/tpm", "swtpm_setup", error))) < 0 ||
            !tpm->encryption)
                return r;
        return qemu_secret_find(connection, &ref, &value, &size, error);
}

static int check_disk(const DomainDisk *disk, Error *error) {
        const Reservations *reservations = qemu_disk_reservations(disk);
        int r = 0;

        if (reservations && qemu_reservations_managed(reservations))
                r = need_program("devices/disk/source/reservations", "qemu-pr-helper", error);
        if ((r = error_pass(error, r)) >= 0 && qemu_disk_is_transient(disk))
                r = need_program("devices/disk/transient", "qemu-img", error);
        return r;
}

/* ---- all of it ---- */

static int check_device(DomainConf *conf, DeviceKind kind, Device *device, void *userdata) {
        const HostCheck *check = userdata;
        int r = 0;

        if (kind == DEVICE_NET) {
                const DomainNet *net = (const DomainNet *) device;

                r = qemu_net_is_passt(net)
                            ? need_program("devices/interface/backend", "passt", check->error)
                            : check_net(check->connection, net, check->error);
        } else if (kind == DEVICE_FILESYSTEM)
                r = check_filesystem((const DomainFilesystem *) device, check->error);
        else if (kind == DEVICE_TPM)
                r = check_tpm(check->connection, (const DomainTpm *) device, check->error);
        else if (kind == DEVICE_DISK)
                r = check_disk((const DomainDisk *) device, check->error);
        else if (kind == DEVICE_VSOCK && access("/dev/vhost-vsock", R_OK | W_OK) < 0)
                r = fail_errno(check->error, -errno, "devices/vsock: cannot open /dev/vhost-vsock");
        return error_pass(check->error, r);
}

int qemu_check_host(const HostCheck *check, DomainConf *live) {
        return conf_visit_devices(live, check_device, (void *) check);
}

int qemu_check_secrets(const HostCheck *check, const QemuCommand *command) {
        for (size_t i = 0; i < command->n_secrets; i++) {
                const void *value;
                size_t size;
                int r = command->secrets[i].text ? 0 :
                        qemu_secret_find(check->connection, &command->secrets[i].ref, &value,
                                         &size, check->error);

                if ((r = error_pass(check->error, r)) < 0)
                        return r;
        }
        return 0;
}
