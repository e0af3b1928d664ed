/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules of one disk or one interface: values that don't go together on any machine. */
#include "conf/domain-rows.h"
#include "conf/network.h"

#include <string.h>

/* ---- disk ---- */

bool conf_has_iothread(const DomainConf *conf, uint32_t id) {
        for (size_t i = 0; i < conf->iothread_ids.n; i++)
                if (conf->iothread_ids.items[i]->id.value == id)
                        return true;
        return id <= conf->iothreads;
}

static bool drive_fits(const DomainDisk *disk) {
        const DeviceAddress *at = &disk->device.address;

        if (at->type != ADDRESS_DRIVE)
                return true;
        if (disk->bus == DISK_BUS_FDC)
                return at->controller == 0 && at->bus == 0 && at->target == 0 && at->unit < 2;
        return disk->bus != DISK_BUS_SCSI || at->target < 256;
}

static int check_hosts(SourceHost *const *hosts, size_t n, Error *error) {
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++) {
                const SourceHost *host = hosts[i];
                bool local = is_text(host->transport, "unix");

                r = RULES(host->item.node, error,
                          { local && !host->socket, "missing socket for unix transport" },
                          { !local && host->socket,
                            "only transport 'unix' goes with the attribute 'socket'" },
                          { !local && !host->name, "missing name for host" },
                          { host->port && (!*host->port || !is_made_of(host->port, DIGITS)),
                            "failed to parse the port of a host" });
        }
        return r;
}

/* Of HTTP: what RFC 6265 allows. */
static bool cookies_fit(const DomainDisk *disk) {
        static const char name[] = LETTERS DIGITS "!#$%&'*+-.^_`|~";
        bool http = is_one_of(disk->protocol, WORDS("http", "https"));

        for (size_t i = 0; i < disk->cookies.n; i++) {
                const NamedText *cookie = disk->cookies.items[i];
                const char *p = cookie->text ?: "";

                if (!http || !*cookie->name || !is_made_of(cookie->name, name))
                        return false;
                for (; *p; p++)
                        if (*p <= ' ' || *p > '~' || strchr(",;\\", *p))
                                return false;
        }
        return true;
}

static bool has_empty_slice(const DomainDisk *disk) {
        for (size_t i = 0; i < disk->slices.n; i++)
                if (disk->slices.items[i]->size == 0)
                        return true;
        return false;
}

/* Options that only some protocols and formats know. */
static int check_options(const DomainDisk *disk, const xmlNode *node, Error *error) {
        bool http = is_one_of(disk->protocol, WORDS("http", "https", "ftp", "ftps"));
        bool fat = is_text(disk->format, "fat"), dir = disk->type == DISK_DIR;

        return RULES(node, error,
                     { !cookies_fit(disk), "cookies are for http(s), with names and values as "
                                           "RFC 6265 allows them" },
                     { disk->ssl_verify && !is_one_of(disk->protocol, WORDS("https", "ftps")),
                       "ssl verification is supported only with https and ftps" },
                     { disk->readahead && !http,
                       "readahead is supported only with http and ftp" },
                     { has_empty_slice(disk), "a slice needs a size" },
                     { disk->metadata_cache && !is_text(disk->format, "qcow2"),
                       "metadata_cache is supported only with qcow2 images" },
                     { fat && !dir && disk->type != DISK_VOLUME,
                       "storage format 'fat' is supported only with a directory" },
                     { dir && disk->format && !fat,
                       "a directory requires use of storage format 'fat'" },
                     { dir && fat && !disk->readonly,
                       "virtual FAT storage can't be accessed in read-write mode" },
                     { disk->geometry.cylinders &&
                               (disk->bus == DISK_BUS_USB || disk->bus == DISK_BUS_SD),
                       "CHS geometry can not be set for this bus" });
}

static int check_source(const DomainDisk *disk, const xmlNode *node, Error *error) {
        bool rbd = is_text(disk->protocol, "rbd"), network = disk->type == DISK_NETWORK;
        const ImageEncryption *encryption = disk->encryption ?: disk->source_encryption;
        bool librbd = encryption && is_text(encryption->engine, "librbd");
        int r = check_hosts(disk->hosts.items, disk->hosts.n, error);

        if (r < 0)
                return r;
        return RULES(node, error,
                     { network && disk->protocol && !disk->source_name &&
                               !is_text(disk->protocol, "nbd"),
                       "missing name for disk source" },
                     { disk->type == DISK_VOLUME && !disk->pool != !disk->volume,
                       "'pool' and 'volume' must be specified together" },
                     { librbd && !rbd, "librbd encryption engine only goes with protocol 'rbd'" },
                     { encryption && is_one_of(encryption->format, WORDS("luks2", "luks-any")) &&
                               !librbd,
                       "this format of encryption is only supported by the librbd engine" },
                     { disk->reservations && is_text(disk->reservations->managed, "no") &&
                               !disk->reservations->path,
                       "missing connection path for reservations" },
                     { disk->reservations && is_text(disk->reservations->managed, "yes") &&
                               disk->reservations->path,
                       "connection path must not be specified for managed reservations" },
                     { disk->type == DISK_NVME && disk->source_namespace &&
                               strtoul(disk->source_namespace, NULL, 10) == 0,
                       "NVMe namespace can't be zero" });
}

int disk_rules(const DomainConf *conf, const DomainDisk *disk, Error *error) {
        const xmlNode *node = disk->device.item.node;
        bool virtio = disk->bus == DISK_BUS_VIRTIO, lun = disk->kind == DISK_DEVICE_LUN;
        bool changeable = disk->kind == DISK_DEVICE_CDROM || disk->kind == DISK_DEVICE_FLOPPY;
        int r = check_source(disk, node, error);

        if (r < 0 || (r = check_options(disk, node, error)) < 0)
                return r;
        return RULES(node, error,
                     { disk->wwn && (virtio || disk->bus == DISK_BUS_USB),
                       "Only ide and scsi disk support wwn" },
                     { !drive_fits(disk), "there is no such place on this bus" },
                     { disk->iothread && !virtio, "IOThreads are only available for bus 'virtio'" },
                     { disk->iothread && !conf_has_iothread(conf, disk->iothread),
                       "Disk iothread not defined in iothreadid" },
                     { (disk->ioeventfd != TRISTATE_UNSET || disk->event_idx != TRISTATE_UNSET) &&
                               !virtio,
                       "ioeventfd and event_idx are supported only for virtio bus" },
                     { has_virtio_options(&disk->device) && !virtio,
                       "iommu, ats and packed are driver options of virtio devices" },
                     { disk->model && !virtio, "disk model supported only for virtio bus" },
                     { (disk->queues || disk->queue_size) && !virtio,
                       "queues and queue_size are supported only for virtio bus" },
                     { disk->copy_on_read == TRISTATE_YES && disk->readonly,
                       "copy_on_read is not compatible with a read-only disk" },
                     { is_text(disk->io, "native") && disk->cache &&
                               !is_one_of(disk->cache, WORDS("none", "directsync", "default")),
                       "native I/O needs either no disk cache or directsync cache mode" },
                     { is_text(disk->rerror_policy, "enospace"),
                       "unknown disk read error policy: 'enospace'" },
                     { lun && !virtio && disk->bus != DISK_BUS_SCSI,
                       "disk device='lun' is only supported for bus 'virtio' and 'scsi'" },
                     { lun && disk->format && strcmp(disk->format, "raw") != 0,
                       "disk device 'lun' must use 'raw' format" },
                     { disk->rotation_rate.set && (virtio || disk->bus == DISK_BUS_USB),
                       "rotation rate is only valid for SCSI, IDE and SATA" },
                     { disk->rotation_rate.set && disk->rotation_rate.value > UINT16_MAX,
                       "rotation rate is out of range" },
                     { is_text(disk->startup_policy, "requisite") && !changeable,
                       "startupPolicy 'requisite' is only for cdrom and floppy" },
                     { disk->startup_policy && disk->type == DISK_NETWORK,
                       "startupPolicy is not allowed for a disk of network type" },
                     { disk->type == DISK_VHOST_USER && !virtio,
                       "vhostuser disk supports only virtio bus" },
                     { disk->type == DISK_VHOST_USER &&
                               (disk->readonly || disk->transient || disk->shareable ||
                                disk->cache || disk->io || disk->iotune),
                       "an option of this disk is not supported with vhostuser" });
}

/* ---- interface ---- */

static int check_vlan(const NetVlan *vlan, const xmlNode *node, Error *error) {
        bool high = false;

        if (!vlan)
                return 0;
        for (size_t i = 0; i < vlan->tags.n; i++)
                high = high || vlan->tags.items[i]->id.value > 4095;
        return RULES(node, error,
                     { vlan->tags.n == 0, "each <vlan> must have at least one <tag>" },
                     { high, "vlan tag id too large (maximum 4095)" },
                     { vlan->tags.n > 1 && vlan->trunk == TRISTATE_NO,
                       "trunk='no' is not allowed for more than one vlan tag" });
}

static int check_port(const DomainNet *net, const xmlNode *node, Error *error) {
        const VirtualPort *port = net->virtualport;
        bool allowed = net->type == NET_NETWORK || net->type == NET_BRIDGE ||
                       net->type == NET_DIRECT || net->type == NET_HOSTDEV ||
                       net->type == NET_ETHERNET;

        if (!port)
                return 0;
        return RULES(node, error,
                     { !allowed, "<virtualport> element unsupported for this type" },
                     { port->manager.value > UINT8_MAX, "value of managerid out of range" },
                     { port->type_id.value > 0xffffff, "value for typeid out of range" },
                     { port->type_version.value > UINT8_MAX,
                       "value of typeidversion out of range" },
                     { is_text(port->type, "802.1Qbg") && net->type == NET_DIRECT &&
                               (!port->manager.set || !port->type_id.set ||
                                !port->type_version.set),
                       "802.1Qbg needs managerid, typeid and typeidversion" },
                     { port->profile && strlen(port->profile) >= 40,
                       "profileid parameter too long" });
}

static bool limit_is_whole(const NetLimit *limit) {
        return !limit || limit->average || limit->floor;
}

static int check_addresses(const DomainNet *net, const xmlNode *node, Error *error) {
        bool user = net->type == NET_USER;
        size_t v4 = 0, v6 = 0;
        bool wide = false, broken = false;
        IpAddress parsed;

        for (size_t i = 0; i < net->ips.n; i++) {
                const NetIp *ip = net->ips.items[i];

                broken = broken || ip_parse(ip->address, &parsed) < 0;
                bool six = is_text(ip->family, "ipv6") || strchr(ip->address, ':');

                v4 += !six;
                v6 += six;
                wide = wide || (user && ip->prefix.set && ip->prefix.value > (six ? 128 : 32));
        }
        return RULES(node, error,
                     { user && (v4 > 1 || v6 > 1),
                       "only one IPv4 and one IPv6 address per interface allowed" },
                     { wide, "Invalid prefix of an address" },
                     { broken, "Invalid address in <ip>" },
                     { net->forwards.n > 0 && (!user || !is_text(net->backend_type, "passt")),
                       "<portForward> needs <interface type='user'> and its 'passt' backend" },
                     { (net->backend_log || net->backend_upstream) &&
                               !is_text(net->backend_type, "passt"),
                       "'logFile' and 'upstream' are attributes of the 'passt' backend" });
}

static int check_net_source(const DomainNet *net, const xmlNode *node, Error *error) {
        bool socket = net->type == NET_SERVER || net->type == NET_CLIENT ||
                      net->type == NET_MCAST || net->type == NET_UDP;

        return RULES(node, error,
                     { net->type == NET_NETWORK && !net->network,
                       "No 'network' attribute specified with <interface type='network'/>" },
                     { net->type == NET_BRIDGE && !net->bridge,
                       "No 'bridge' attribute specified with <interface type='bridge'/>" },
                     { net->type == NET_DIRECT && !net->source_dev,
                       "No 'dev' attribute specified with <interface type='direct'/>" },
                     { net->type == NET_VHOSTUSER && (!net->source_path || !net->source_mode),
                       "vhostuser needs the path and mode of a socket" },
                     { net->source_port.value > UINT16_MAX, "a port is out of range" },
                     { socket && !net->source_port.set,
                       "No <source> 'port' attribute specified with socket interface" },
                     { socket && net->type != NET_SERVER && !net->source_address,
                       "No <source> 'address' attribute specified with socket interface" },
                     { net->type == NET_UDP && !net->local_port.set,
                       "No <local> 'port' attribute specified with socket interface" },
                     { net->type == NET_VDPA && !net->source_dev,
                       "No 'dev' attribute specified with <interface type='vdpa'/>" },
                     { net->type == NET_INTERNAL && !net->source_name,
                       "No 'name' attribute specified with <interface type='internal'/>" },
                     { net->reconnect.enabled == TRISTATE_YES &&
                               is_text(net->source_mode, "server"),
                       "'reconnect' attribute unsupported in 'server' mode" },
                     { net->type == NET_VHOSTUSER && net->source_type &&
                               strcmp(net->source_type, "unix") != 0,
                       "Type for <interface type='vhostuser'/> must be 'unix'" },
                     { net->type == NET_VHOSTUSER && net->source_mode &&
                               !is_one_of(net->source_mode, WORDS("server", "client")),
                       "Wrong mode of <interface type='vhostuser'/>" },
                     { (net->type == NET_VHOSTUSER || net->type == NET_VDPA) && net->model &&
                               strncmp(net->model, "virtio", 6) != 0,
                       "this type of interface requires the virtio-net frontend" });
}

static bool has_place(const HostAddress *at) {
        return at->type || at->domain || at->bus || at->slot || at->function || at->device;
}

int net_rules(const DomainConf *conf, const Device *device, Error *error) {
        const DomainNet *net = (const DomainNet *) device;
        const xmlNode *node = device->item.node;
        bool virtio = !net->model || strncmp(net->model, "virtio", 6) == 0;
        bool bridged = net->type == NET_NETWORK || net->type == NET_BRIDGE ||
                       net->type == NET_ETHERNET;
        int r;

        if ((r = check_vlan(net->vlan, node, error)) < 0 ||
            (r = check_port(net, node, error)) < 0 ||
            (r = check_addresses(net, node, error)) < 0 ||
            (r = check_net_source(net, node, error)) < 0)
                return r;
        return RULES(node, error,
                     { net->mac.bytes[0] & 1,
                       "expected unicast mac address, found multicast" },
                     { net->model && !is_made_of(net->model, LETTERS DIGITS "_-"),
                       "Model name contains invalid characters" },
                     { net->model && virtio && net->driver_name && net->type != NET_HOSTDEV &&
                               !is_one_of(net->driver_name, WORDS("qemu", "vhost")),
                       "Unknown interface driver name" },
                     { net->coalesce && !bridged && net->type != NET_DIRECT,
                       "coalesce settings on this type of interface are not supported" },
                     { net->inbound && net->inbound->floor && net->type != NET_NETWORK,
                       "'floor' is only for <interface type='network'/>" },
                     { net->type == NET_HOSTDEV && !net->network && !has_place(&net->source_pci),
                       "missing source address of a host's interface" },
                     { net->filterref && !bridged,
                       "filterref is not supported for network interfaces of this type" },
                     { !limit_is_whole(net->inbound) || !limit_is_whole(net->outbound),
                       "Missing mandatory average or floor attributes" },
                     { net->outbound && net->outbound->floor,
                       "'floor' attribute allowed only in <inbound> element" },
                     { net->rx_queue_size && !is_power_of_two(net->rx_queue_size),
                       "rx_queue_size has to be a power of two" },
                     { net->tx_queue_size && !is_power_of_two(net->tx_queue_size),
                       "tx_queue_size has to be a power of two" },
                     { has_virtio_options(device) && !virtio,
                       "iommu, ats and packed are driver options of virtio devices" },
                     { is_text(net->isolated, "yes") && net->type != NET_NETWORK &&
                               net->type != NET_BRIDGE,
                       "<port isolated='yes'/> is not supported for this type" },
                     { is_text(net->teaming_type, "transient") && !net->teaming_persistent,
                       "missing required 'persistent' attribute of a transient <teaming>" },
                     { is_text(net->teaming_type, "persistent") && net->teaming_persistent,
                       "'persistent' is an attribute of a transient <teaming>" });
}
