/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices of a domain as its XML describes them. Values not listed in an enum's table are
 * refused; values that are listed and that a driver can't do, when the guest is started. */
#pragma once

#include "conf/map.h"

/* ---- what all devices share ---- */

typedef enum AddressType {
        ADDRESS_NONE,
        ADDRESS_PCI,
        ADDRESS_DRIVE,
        ADDRESS_VIRTIO_SERIAL,
        ADDRESS_CCID,
        ADDRESS_USB,
        ADDRESS_SPAPR_VIO,
        ADDRESS_VIRTIO_S390,
        ADDRESS_CCW,
        ADDRESS_VIRTIO_MMIO,
        ADDRESS_ISA,
        ADDRESS_DIMM,
        ADDRESS_UNASSIGNED,
        ADDRESS_PCI_ANY, /* <address type='pci'/>: a driver chooses a slot and sets ADDRESS_PCI */
        _ADDRESS_MAX,
} AddressType;

extern const char *const address_types[];

typedef struct DeviceAddress {
        AddressType type;
        uint32_t domain, bus, slot, function; /* pci; bus is also drive's and usb's */
        Tristate multifunction;               /* pci */
        uint32_t controller, target, unit;    /* drive; controller also virtio-serial and ccid */
        char *port;                           /* usb: "1.2"; virtio-serial: "1" */
        uint32_t slot_number;                 /* ccid */
        uint32_t iobase, irq;                 /* isa */
        uint32_t cssid, ssid, devno;          /* ccw */
        char *reg, *base;                     /* spapr-vio; dimm */
        MaybeU32 uid, fid;                    /* zpci, on s390 */
} DeviceAddress;

/* Something of the host that is given to the guest; which members count depends on what it is. */
typedef struct HostAddress {
        char *type;                           /* "pci", where an element says so */
        uint32_t domain, bus, slot, function; /* pci; bus is also usb's and scsi's */
        uint32_t device;                      /* usb */
        uint32_t target;                      /* scsi */
        uint64_t unit;
        char *uuid; /* mdev */
} HostAddress;

/* What virtio devices share in <driver>. */
typedef struct VirtioOptions {
        Tristate iommu, ats, packed, page_per_vq;
} VirtioOptions;

/* The first member of every device struct. */
typedef struct Device {
        MapItem item;
        char *alias;             /* "virtio-disk0", or the user's own, which starts with "ua-" */
        uint32_t boot_order;     /* 1 ..., 0 is none */
        char *boot_loadparm;     /* s390 */
        uint32_t acpi_index;     /* 0: none */
        VirtioOptions virtio;
        DeviceAddress address;
} Device;

/* A file's own security label, or one of the domain's. */
typedef struct SecurityLabel {
        MapItem item;
        char *type, *model, *relabel, *labelskip; /* "dynamic", "selinux", "yes" */
        char *label, *base, *image;               /* image: live */
} SecurityLabel;

/* A secret is kept elsewhere: known by its uuid or by what it is for. */
typedef struct SecretRef {
        MapItem item;
        char *type, *uuid, *usage; /* "ceph", "iscsi", "passphrase" */
} SecretRef;

typedef struct Login {
        char *user;
        SecretRef secret;
} Login;

/* Text and a name for it: <cookie>, <entry>, <parameter>. */
typedef struct NamedText {
        MapItem item;
        char *name, *text, *file; /* file: of fwcfg */
} NamedText;

typedef struct Reconnect {
        Tristate enabled;
        MaybeU32 timeout, delay; /* s; delay: of nbd */
} Reconnect;

/* ---- disk ---- */

typedef struct SourceHost {
        MapItem item;
        char *name, *port, *transport, *socket; /* "tcp", "unix", "rdma" */
} SourceHost;

typedef struct ImageSlice {
        MapItem item;
        char *type; /* "storage" */
        uint64_t offset, size; /* bytes */
} ImageSlice;

typedef struct ImageEncryption {
        char *format, *engine; /* "luks", "qemu" */
        MAP_LIST(SecretRef) secrets;
        struct {
                char *name, *mode, *hash;
                uint32_t size;
        } cipher;
        char *ivgen, *ivgen_hash;
} ImageEncryption;

/* A helper that may do SCSI reservations. */
typedef struct Reservations {
        char *managed, *type, *path, *mode; /* "no", "unix", its socket, "client" */
} Reservations;

typedef struct IoTune {
        uint64_t total_bytes, read_bytes, write_bytes; /* a second */
        uint64_t total_iops, read_iops, write_iops;
        uint64_t total_bytes_max, read_bytes_max, write_bytes_max;
        uint64_t total_iops_max, read_iops_max, write_iops_max;
        uint64_t size_iops;
        uint64_t total_bytes_max_length, read_bytes_max_length, write_bytes_max_length; /* s */
        uint64_t total_iops_max_length, read_iops_max_length, write_iops_max_length;
        char *group;
} IoTune;

typedef struct NamedItem {
        MapItem item;
        char *name;
} NamedItem;

typedef enum DiskType {
        DISK_FILE, DISK_BLOCK, DISK_DIR, DISK_NETWORK, DISK_VOLUME, DISK_NVME, DISK_VHOST_USER,
        DISK_VHOST_VDPA,
} DiskType;
typedef enum DiskDevice {
        DISK_DEVICE_DISK,
        DISK_DEVICE_CDROM,
        DISK_DEVICE_FLOPPY,
        DISK_DEVICE_LUN,
} DiskDevice;
typedef enum DiskBus {
        DISK_BUS_UNSET, DISK_BUS_IDE, DISK_BUS_FDC, DISK_BUS_SCSI, DISK_BUS_VIRTIO, DISK_BUS_XEN,
        DISK_BUS_USB, DISK_BUS_UML, DISK_BUS_SATA, DISK_BUS_SD,
} DiskBus;

extern const char *const disk_types[], *const disk_devices[], *const disk_buses[];

/* A disk, and with fewer rows an image behind it: of a chain of overlays each is the `backing` of
 * the one before; and so are the target of a running copy and the store of NVRAM. */
typedef struct DomainDisk {
        Device device;
        DiskType type;
        DiskDevice kind; /* @device */
        char *model, *snapshot, *rawio, *sgio;
        char *driver_name, *format; /* driver/@name, driver/@type; no format: raw */
        char *cache, *error_policy, *rerror_policy, *io, *discard, *detect_zeroes;
        Tristate ioeventfd, event_idx, copy_on_read, discard_no_unref;
        uint32_t queues, queue_size, iothread;
        uint64_t metadata_cache; /* bytes of qcow2's tables at most; 0: as QEMU likes */
        char *source; /* path of the file, block device or directory; NULL: empty drive */
        char *startup_policy;
        char *protocol, *source_name, *source_query, *tls, *tls_hostname; /* network */
        char *pool, *volume, *source_mode;                  /* volume */
        char *source_type, *source_path; /* nvme; vhostuser, vhostvdpa: @type, @path */
        char *source_managed, *source_namespace;            /* nvme */
        MaybeU32 source_index;                              /* live */
        MAP_LIST(SourceHost) hosts;                         /* network */
        char *snapshot_name, *config_file;                  /* rbd */
        Login *auth, *source_auth;                          /* in <disk>; in its <source> */
        ImageEncryption *encryption, *source_encryption;
        Reservations *reservations;
        char *initiator;                                    /* iscsi: the iqn */
        MAP_LIST(NamedText) cookies;                        /* http; secret */
        Tristate ssl_verify;
        uint64_t timeout, readahead;                        /* s, bytes */
        Reconnect reconnect;                                /* vhostuser, nbd */
        char *nfs_user, *nfs_group, *known_hosts;           /* nfs; ssh */
        MAP_LIST(ImageSlice) slices;
        MAP_LIST(SecurityLabel) labels;
        HostAddress source_address;                         /* nvme */
        bool private_data;
        char *target; /* "vda" */
        DiskBus bus;
        char *tray, *removable;
        MaybeU32 rotation_rate;
        bool readonly, shareable, transient;
        Tristate share_backing;
        struct DomainDisk *backing; /* without a type: the chain ends here */
        struct DomainDisk *mirror;  /* live */
        char *mirror_job, *mirror_ready;
        IoTune *iotune;
        MAP_LIST(NamedItem) throttle_groups;
        char *backend_domain;
        char *serial, *wwn, *vendor, *product;
        struct { /* what the guest is told of it */
                uint32_t cylinders, heads, sectors;
                char *translation; /* "auto", "none", "lba" */
        } geometry;
        uint32_t logical_block_size, physical_block_size, discard_granularity;
} DomainDisk;

/* ---- controller ---- */

typedef enum ControllerType {
        CONTROLLER_IDE, CONTROLLER_FDC, CONTROLLER_SCSI, CONTROLLER_SATA, CONTROLLER_VIRTIO_SERIAL,
        CONTROLLER_CCID, CONTROLLER_USB, CONTROLLER_PCI, CONTROLLER_XENBUS, CONTROLLER_ISA,
        CONTROLLER_NVME,
} ControllerType;

extern const char *const controller_types[];

typedef struct DomainController {
        Device device;
        ControllerType type;
        MaybeU32 index;
        char *model; /* "pcie-root-port", "piix3-uhci", "virtio-scsi" ... */
        uint32_t ports, vectors; /* virtio-serial, usb */
        uint32_t queues, cmd_per_lun, max_sectors, iothread;                 /* driver */
        Tristate ioeventfd;
        char *model_name;                                                    /* pci: model/@name */
        MaybeU32 chassis_nr, chassis, port, bus_nr, target_index, node;      /* pci: target */
        char *mem_reserve, *serial;                                          /* serial: nvme */
        uint64_t pcihole64;                                                  /* KiB */
        MaybeU32 max_grant_frames, max_event_channels;                       /* xenbus */
        Tristate hotplug;
        MaybeU32 master_startport;                                           /* usb companion */
} DomainController;

/* ---- interface ---- */

typedef enum NetType {
        NET_USER, NET_ETHERNET, NET_VHOSTUSER, NET_SERVER, NET_CLIENT, NET_MCAST, NET_NETWORK,
        NET_BRIDGE, NET_INTERNAL, NET_DIRECT, NET_HOSTDEV, NET_UDP, NET_VDPA, NET_NULL, NET_VDS,
} NetType;

extern const char *const net_types[];

typedef struct VirtualPort {
        char *type; /* "802.1Qbg", "802.1Qbh", "openvswitch", "midonet" */
        MaybeU32 manager, type_id, type_version;
        char *instance, *profile, *interface; /* uuids, and the profile's name */
} VirtualPort;

typedef struct NetLimit {
        uint64_t average, peak, burst, floor; /* KiB/s; burst KiB */
} NetLimit;

typedef struct VlanTag {
        MapItem item;
        MaybeU32 id;
        char *native_mode;
} VlanTag;

extern const MapElement vlan_tag_element;

typedef struct NetVlan {
        Tristate trunk;
        MAP_LIST(VlanTag) tags;
} NetVlan;

typedef struct NetFilterRef {
        char *filter;
        MAP_LIST(NamedText) parameters;
} NetFilterRef;

typedef struct NetIp {
        MapItem item;
        char *address, *family, *peer;
        MaybeU32 prefix;
} NetIp;

typedef struct NetRoute {
        MapItem item;
        char *address, *family, *netmask, *gateway;
        MaybeU32 prefix, metric;
} NetRoute;

typedef struct PortRange {
        MapItem item;
        uint32_t start, end, to;
        char *exclude;
} PortRange;

typedef struct PortForward {
        MapItem item;
        char *proto, *address, *dev; /* "tcp", "udp" */
        MAP_LIST(PortRange) ranges;
} PortForward;

typedef struct NetOffloads {
        Tristate csum, gso, tso4, tso6, ecn, ufo, mrg_rxbuf;
} NetOffloads;

typedef struct DomainNet {
        Device device;
        NetType type;
        MacAddress mac;
        char *mac_type, *mac_check;
        char *trust_rx_filters, *managed;
        char *bridge, *network, *source_dev, *source_mode, *portgroup; /* source */
        char *source_portid;                                          /* live */
        char *switch_id, *connection_id, *mac_table;                  /* vds; "kernel" */
        char *source_type, *source_path, *source_address, *source_name;
        MaybeU32 source_port;
        Reconnect reconnect;                                          /* vhostuser */
        HostAddress source_pci;                                       /* hostdev; its type is set */
        char *local_address;                                          /* udp */
        MaybeU32 local_port;
        MAP_LIST(NetIp) source_ips;                                   /* of the host's side */
        MAP_LIST(NetRoute) source_routes;
        char *target;                                                 /* target/@dev, "vnet0" */
        Tristate target_managed;
        char *model, *driver_name;
        uint32_t queues, rx_queue_size, tx_queue_size;
        Tristate ioeventfd, event_idx;
        char *link; /* "up" or "down" */
        uint32_t mtu;
        char *script, *downscript, *guest_dev, *backend_type;
        char *backend_tap, *backend_vhost, *backend_log, *backend_upstream, *backend_domain;
        char *tx_mode, *rss, *rss_hash_report, *isolated, *teaming_type, *teaming_persistent;
        VirtualPort *virtualport;
        NetLimit *inbound, *outbound;
        NetVlan *vlan;
        NetFilterRef *filterref;
        MAP_LIST(NetIp) ips; /* of the guest's side */
        MAP_LIST(NetRoute) routes;
        MAP_LIST(PortForward) forwards;
        NetOffloads host, guest;
        MaybeU32 sndbuf, coalesce_rx;
        bool coalesce;
        char *rom_file;
        Tristate rom_bar, rom_enabled;
} DomainNet;

/* ---- serial, parallel, console, channel ---- */

typedef enum CharType {
        CHAR_NULL,
        CHAR_VC,
        CHAR_PTY,
        CHAR_DEV,
        CHAR_FILE,
        CHAR_PIPE,
        CHAR_STDIO,
        CHAR_UDP,
        CHAR_TCP,
        CHAR_UNIX,
        CHAR_SPICEVMC,
        CHAR_SPICEPORT,
        CHAR_NMDM,
        CHAR_QEMU_VDAGENT,
        CHAR_DBUS,
} CharType;
typedef enum CharKind { CHAR_SERIAL, CHAR_PARALLEL, CHAR_CONSOLE, CHAR_CHANNEL } CharKind;

extern const char *const char_types[];

typedef struct CharSource {
        MapItem item;
        char *mode; /* "bind", "connect" */
        char *path, *host, *service, *channel;
        char *master, *slave; /* nmdm */
        Tristate append;
        char *tls, *tls_from_config; /* tcp */
        Tristate reconnect;
        MaybeU32 reconnect_timeout; /* s */
        MAP_LIST(SecurityLabel) labels;
        char *clipboard, *mouse; /* qemu-vdagent: "yes"; "client" */
} CharSource;

typedef struct DomainChar {
        Device device;
        CharType type;
        MAP_LIST(CharSource) sources; /* none, one, or two for udp */
        char *protocol;               /* tcp: "raw", "telnet" */
        char *tty;                    /* console/@tty, live: the path again, for old clients */
        char *target_address;         /* guestfwd */
        char *target_type, *target_model; /* "isa-serial", "virtio"; "16550a" */
        char *target_name;                /* "org.qemu.guest_agent.0" */
        MaybeU32 target_port;
        char *target_state;           /* channel, live: "connected", "disconnected" */
        char *log_file;
        Tristate log_append;
} DomainChar;

/* Where its first source is, on a running guest: the name of a pty or socket. -ENOMEM. */
int char_set_path(DomainChar *port, const char *path);

/* ---- the smaller ones ---- */

typedef struct DomainInput {
        Device device;
        char *type, *bus, *model; /* "tablet", "usb" */
        char *source, *evdev;     /* source/@dev for evdev, source/@evdev for passthrough */
        char *grab, *grab_toggle, *repeat;
} DomainInput;

typedef enum GraphicsType {
        GRAPHICS_SDL,
        GRAPHICS_VNC,
        GRAPHICS_RDP,
        GRAPHICS_DESKTOP,
        GRAPHICS_SPICE,
        GRAPHICS_EGL_HEADLESS,
        GRAPHICS_DBUS,
} GraphicsType;

extern const char *const graphics_types[];

typedef struct GraphicsListen {
        MapItem item;
        char *type; /* "address", "network", "socket", "none" */
        char *address, *network, *socket;
        char *from_config, *auto_generated; /* live */
} GraphicsListen;

typedef struct GraphicsChannel {
        MapItem item;
        char *name, *mode; /* "main", "secure" */
} GraphicsChannel;

typedef struct DomainGraphics {
        Device device; /* no alias, no address */
        GraphicsType type;
        int64_t port, tls_port; /* -1 and 0: chosen at start */
        Tristate autoport;
        int64_t websocket;
        char *listen; /* the first listen address again, as libvirt writes it */
        char *socket, *keymap, *passwd, *passwd_valid_to, *connected, *share_policy, *display,
                *xauth;
        char *default_mode, *power_control, *replace_user, *multi_user, *wait;
        Tristate fullscreen, gl;
        char *rendernode, *bus_address, *p2p;
        MaybeU32 audio;
        MAP_LIST(GraphicsChannel) channels; /* spice, and so are the next */
        char *image, *jpeg, *zlib, *playback, *streaming, *clipboard, *mouse, *filetransfer;
        MAP_LIST(GraphicsListen) listens;
} DomainGraphics;

typedef struct DomainVideo {
        Device device;
        char *model; /* "vga", "cirrus", "qxl", "virtio", "bochs", "none" ... */
        uint32_t ram, vram, vram64, vgamem, heads; /* KiB */
        Tristate primary, accel3d, accel2d, blob, edid;
        char *rendernode, *driver_name, *vgaconf;
        uint32_t x, y; /* resolution */
} DomainVideo;

typedef struct DomainRng {
        Device device;
        char *model, *backend_model, *backend; /* "virtio", "random", "/dev/urandom" */
        DomainChar egd; /* where entropy comes from; its Device counts for nothing */
        uint32_t rate_bytes, rate_period;      /* bytes, ms */
} DomainRng;

typedef struct DomainMemballoon {
        Device device;
        char *model; /* "virtio", "none" ... */
        Tristate autodeflate, free_page_reporting;
        uint32_t stats_period; /* s */
} DomainMemballoon;

typedef struct DomainWatchdog {
        Device device;
        char *model, *action; /* "i6300esb", "reset" */
} DomainWatchdog;

typedef struct SoundCodec {
        MapItem item;
        char *type; /* "duplex", "micro", "output" */
} SoundCodec;

typedef struct DomainSound {
        Device device;
        char *model;
        Tristate multichannel;
        char *streams;
        MAP_LIST(SoundCodec) codecs;
        MaybeU32 audio;
} DomainSound;

typedef struct DomainHub {
        Device device;
        char *type; /* "usb" */
} DomainHub;

typedef struct DomainPanic {
        Device device;
        char *model;
} DomainPanic;

/* ---- what is given from the host ---- */

typedef enum FilesystemType {
        FILESYSTEM_MOUNT, FILESYSTEM_BLOCK, FILESYSTEM_FILE, FILESYSTEM_TEMPLATE, FILESYSTEM_RAM,
        FILESYSTEM_BIND, FILESYSTEM_VOLUME,
} FilesystemType;

typedef struct DomainFilesystem {
        Device device;
        FilesystemType type;
        char *access_mode, *model, *multidevs, *fmode, *dmode; /* "mapped", "virtio", "remap" */
        char *driver, *format, *wrpolicy; /* driver/@type: "path", "handle", "virtiofs" ... */
        char *driver_name;
        uint32_t queue_size;
        char *binary, *xattr, *cache, *posix_locks, *flock, *sandbox; /* of virtiofsd */
        MaybeU32 thread_pool;
        char *source; /* path of the folder, file or device, or name of the template */
        char *socket, *pool, *volume, *usage, *units;
        char *target; /* the tag that the guest mounts */
        bool readonly, idmap;
        uint64_t hard_limit, soft_limit; /* bytes */
} DomainFilesystem;

typedef enum HostdevMode { HOSTDEV_SUBSYSTEM, HOSTDEV_CAPABILITIES } HostdevMode;
typedef enum HostdevType {
        HOSTDEV_USB, HOSTDEV_PCI, HOSTDEV_SCSI, HOSTDEV_SCSI_HOST, HOSTDEV_MDEV, HOSTDEV_STORAGE,
        HOSTDEV_MISC, HOSTDEV_NET,
} HostdevType;

extern const char *const hostdev_types[];

typedef struct DomainHostdev {
        Device device;
        HostdevMode mode;
        HostdevType type;
        char *managed, *model, *sgio; /* "yes"; mdev: "vfio-pci", scsi_host: "virtio" */
        Tristate rawio, display, ramfb;
        char *driver;                        /* driver/@name: "vfio" */
        HostAddress source;                  /* its type isn't set */
        bool has_address;                    /* a source/address is there */
        MaybeU32 vendor, product;            /* usb */
        char *startup_policy, *guest_reset;  /* usb */
        char *write_filtering;               /* pci */
        char *adapter;                       /* scsi: "scsi_host0" */
        char *protocol, *source_name, *wwpn; /* scsi: "iscsi"; scsi_host: "vhost" */
        MAP_LIST(SourceHost) hosts;
        Login *auth;
        char *initiator;
        char *block, *character, *interface; /* capabilities */
        MAP_LIST(NetIp) ips;
        MAP_LIST(NetRoute) routes;
        bool readonly, shareable;
        char *teaming_type, *teaming_persistent;
        char *rom_file;
        Tristate rom_bar, rom_enabled;
} DomainHostdev;

typedef struct DomainRedirdev {
        DomainChar port; /* its Device is the device's */
        char *bus;       /* "usb" */
} DomainRedirdev;

typedef struct RedirFilter {
        MapItem item;
        char *class, *vendor, *product, *version, *allow; /* none or -1: any */
} RedirFilter;

typedef enum SmartcardMode {
        SMARTCARD_HOST, SMARTCARD_HOST_CERTIFICATES, SMARTCARD_PASSTHROUGH,
} SmartcardMode;

typedef struct PlainText {
        MapItem item;
        char *text;
} PlainText;

typedef struct DomainSmartcard {
        DomainChar port; /* its Device is the device's; the rest counts for passthrough */
        SmartcardMode mode;
        MAP_LIST(PlainText) certificates;
        char *database;
} DomainSmartcard;

/* ---- what QEMU makes ---- */

typedef enum TpmBackend { TPM_PASSTHROUGH, TPM_EMULATOR, TPM_EXTERNAL } TpmBackend;

typedef struct DomainTpm {
        Device device;
        char *model; /* "tpm-tis", "tpm-crb", "tpm-spapr", "spapr-tpm-proxy" */
        TpmBackend backend;
        char *path;              /* passthrough: backend/device */
        char *version;           /* emulator: "1.2", "2.0" */
        char *persistent, *encryption; /* "yes"; uuid of a secret */
        struct {
                bool sha1, sha256, sha384, sha512;
        } banks;
        bool has_banks;
        MaybeU32 debug;
        char *source_type, *source_path, *source_mode; /* external */
} DomainTpm;

typedef struct DomainShmem {
        Device device;
        char *name, *role, *model; /* "ivshmem-plain" */
        uint64_t size;             /* KiB */
        char *server;              /* socket */
        bool has_server, msi;
        Tristate msi_enabled, ioeventfd;
        uint32_t vectors;
} DomainShmem;

/* Memory that can be plugged in: part of the domain's, or a medium that is mapped. */
typedef struct MemoryDevice {
        Device device;
        char *model;   /* "dimm", "nvdimm", "virtio-pmem", "virtio-mem", "sgx-epc" */
        uint64_t size; /* KiB, and so are the next */
        uint64_t requested, current, block, label, page_size, align_size;
        MaybeU32 node; /* of the guest */
        char *access, *discard, *uuid;
        char *path, *nodemask; /* source */
        bool readonly, pmem;
} MemoryDevice;

typedef struct DomainIommu {
        Device device;
        char *model; /* "intel", "smmuv3", "virtio" */
        Tristate intremap, caching_mode, eim, iotlb;
        MaybeU32 aw_bits;
} DomainIommu;

typedef struct DomainVsock {
        Device device;
        char *model;
        Tristate auto_cid;
        MaybeU32 cid;
} DomainVsock;

typedef struct DomainCrypto {
        Device device;
        char *model, *type, *backend; /* "virtio", "qemu", "builtin" */
        uint32_t queues;
} DomainCrypto;

typedef struct DomainNvram {
        Device device; /* spapr-vio */
} DomainNvram;

/* What an audio backend records from or plays to. */
typedef struct AudioSide {
        Tristate mixing_engine, fixed_settings, try_poll, exact_name;
        uint32_t voices, buffer_length, buffer_count, latency; /* us */
        uint32_t frequency, channels;
        char *format, *device, *name, *stream; /* settings/@format, alsa, pulseaudio */
        char *server, *client, *connect;       /* jack */
} AudioSide;

typedef struct DomainAudio {
        MapItem item;
        uint32_t id; /* 1 ... */
        char *type;  /* "none", "spice", "alsa" ... */
        uint32_t timer_period; /* us */
        char *server, *driver, *path, *runtime_dir; /* pulseaudio, sdl, file, pipewire */
        Tristate exclusive, try_mmap; /* oss */
        MaybeU32 dsp_policy;
        AudioSide input, output;
} DomainAudio;

typedef struct DomainLease {
        MapItem item;
        char *lockspace, *key, *path;
        uint64_t offset;
} DomainLease;

/* ---- all kinds in one table ---- */

typedef enum DeviceKind {
        DEVICE_DISK, DEVICE_CONTROLLER, DEVICE_NET, DEVICE_INPUT, DEVICE_SERIAL, DEVICE_PARALLEL,
        DEVICE_CONSOLE, DEVICE_CHANNEL, DEVICE_GRAPHICS, DEVICE_SOUND, DEVICE_VIDEO, DEVICE_HUB,
        DEVICE_WATCHDOG, DEVICE_MEMBALLOON, DEVICE_RNG, DEVICE_PANIC, DEVICE_FILESYSTEM,
        DEVICE_HOSTDEV, DEVICE_REDIRDEV, DEVICE_SMARTCARD, DEVICE_TPM, DEVICE_SHMEM,
        DEVICE_MEMORY, DEVICE_IOMMU, DEVICE_VSOCK, DEVICE_CRYPTO, DEVICE_NVRAM,
        _DEVICE_KIND_MAX,
} DeviceKind;

typedef struct DeviceKindInfo {
        const char *name; /* of the element below <devices> */
        const MapElement *element;
        size_t list;      /* offset of the MapAnyList in DomainConf; items start with a Device */
} DeviceKindInfo;

extern const DeviceKindInfo device_kinds[_DEVICE_KIND_MAX];
