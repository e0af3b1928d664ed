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
        bool zpci;                            /* s390 identifiers, as the user gave them */
} DeviceAddress;

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

/* ---- disk ---- */

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

typedef struct DomainDisk {
        Device device;
        DiskType type;
        DiskDevice kind; /* @device */
        char *model, *snapshot, *rawio, *sgio;
        char *driver_name, *format; /* driver/@name, driver/@type; no format: raw */
        char *cache, *error_policy, *rerror_policy, *io, *discard, *detect_zeroes;
        Tristate ioeventfd, event_idx, copy_on_read;
        uint32_t queues, queue_size, iothread, max_size;
        bool metadata_cache;
        char *source; /* path of the file, block device or directory; NULL: empty drive */
        char *startup_policy;
        char *protocol, *source_name, *source_query, *tls, *tls_hostname; /* network */
        char *pool, *volume, *source_mode;                  /* volume */
        char *source_type, *source_path; /* nvme; vhostuser, vhostvdpa: @type, @path */
        char *source_managed, *source_namespace;            /* nvme */
        MaybeU32 source_index;                              /* live */
        struct { /* there or not; content is the user's */
                bool hosts, snapshot, config, auth, encryption, reservations, initiator, cookies,
                        ssl, timeout, readahead, reconnect, identity, slices, seclabels, address,
                        knownhosts, privatedata;
        } source_has;
        char *target; /* "vda" */
        DiskBus bus;
        char *tray, *removable;
        MaybeU32 rotation_rate;
        bool readonly, shareable, transient;
        Tristate share_backing;
        bool auth, encryption, backing_store, mirror, iotune, throttle_filters; /* the user's */
        char *backend_domain;
        char *serial, *wwn, *vendor, *product;
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

typedef struct DomainNet {
        Device device;
        NetType type;
        MacAddress mac;
        char *mac_type, *mac_check;
        char *trust_rx_filters, *managed;
        char *bridge, *network, *source_dev, *source_mode, *portgroup; /* source */
        char *source_portid;                                          /* live */
        char *source_type, *source_path, *source_address, *source_name;
        MaybeU32 source_port;
        bool source_reconnect, source_pci, source_local, source_ips, source_routes; /* the user's */
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
        struct { /* there or not; content is the user's */
                bool virtualport, bandwidth, vlan, filterref, ips, routes, tune, coalesce, host,
                        guest_offloads, port_forward;
        } has;
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
        bool seclabel, clipboard, mouse; /* content is the user's */
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
        struct { /* spice; there or not */
                bool channels, image, jpeg, zlib, playback, streaming, clipboard, mouse,
                        filetransfer;
        } has;
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
        char *backend_type;                    /* egd: a character device */
        bool egd_source, egd_protocol;
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

typedef struct DomainSound {
        Device device;
        char *model;
        Tristate multichannel;
        char *streams;
        bool codec;
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

/* ---- all kinds in one table ---- */

typedef enum DeviceKind {
        DEVICE_DISK, DEVICE_CONTROLLER, DEVICE_NET, DEVICE_INPUT, DEVICE_SERIAL, DEVICE_PARALLEL,
        DEVICE_CONSOLE, DEVICE_CHANNEL, DEVICE_GRAPHICS, DEVICE_SOUND, DEVICE_VIDEO, DEVICE_HUB,
        DEVICE_WATCHDOG, DEVICE_MEMBALLOON, DEVICE_RNG, DEVICE_PANIC,
        _DEVICE_KIND_MAX,
} DeviceKind;

typedef struct DeviceKindInfo {
        const char *name; /* of the element below <devices> */
        const MapElement *element;
        size_t list;      /* offset of the MapAnyList in DomainConf; items start with a Device */
} DeviceKindInfo;

extern const DeviceKindInfo device_kinds[_DEVICE_KIND_MAX];
