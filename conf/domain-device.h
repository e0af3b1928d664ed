/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices of a domain as its XML describes them. Values not listed in an enum's table are refused;
 * values that are listed and that a driver can't do are refused when the guest is started. */
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
} DeviceAddress;

/* The first member of every device struct. */
typedef struct Device {
        MapItem item;
        char *alias;             /* "virtio-disk0", or the user's own, which starts with "ua-" */
        uint32_t boot_order;     /* 1 ..., 0 is none */
        DeviceAddress address;
} Device;

/* ---- disk ---- */

typedef enum DiskType {
        DISK_FILE, DISK_BLOCK, DISK_DIR, DISK_NETWORK, DISK_VOLUME, DISK_NVME, DISK_VHOST_USER,
        DISK_VHOST_VDPA,
} DiskType;
typedef enum DiskDevice { DISK_DEVICE_DISK, DISK_DEVICE_CDROM, DISK_DEVICE_FLOPPY, DISK_DEVICE_LUN } DiskDevice;
typedef enum DiskBus {
        DISK_BUS_UNSET, DISK_BUS_IDE, DISK_BUS_FDC, DISK_BUS_SCSI, DISK_BUS_VIRTIO, DISK_BUS_XEN,
        DISK_BUS_USB, DISK_BUS_UML, DISK_BUS_SATA, DISK_BUS_SD,
} DiskBus;

extern const char *const disk_types[], *const disk_devices[], *const disk_buses[];

typedef struct DomainDisk {
        Device device;
        DiskType type;
        DiskDevice kind; /* @device */
        char *model, *snapshot;
        char *driver_name, *format; /* driver/@name, driver/@type; no format: raw */
        char *cache, *error_policy, *rerror_policy, *io, *discard, *detect_zeroes;
        Tristate ioeventfd, event_idx, copy_on_read;
        uint32_t queues, queue_size, iothread;
        char *source; /* path of the file or block device; NULL: empty drive */
        char *startup_policy;
        char *target; /* "vda" */
        DiskBus bus;
        char *tray, *removable;
        bool readonly, shareable, transient;
        char *serial, *wwn, *vendor, *product;
        uint32_t logical_block_size, physical_block_size;
} DomainDisk;

/* ---- controller ---- */

typedef enum ControllerType {
        CONTROLLER_IDE, CONTROLLER_FDC, CONTROLLER_SCSI, CONTROLLER_SATA, CONTROLLER_VIRTIO_SERIAL,
        CONTROLLER_CCID, CONTROLLER_USB, CONTROLLER_PCI, CONTROLLER_XENBUS, CONTROLLER_ISA,
} ControllerType;

extern const char *const controller_types[];

typedef struct DomainController {
        Device device;
        ControllerType type;
        MaybeU32 index;
        char *model; /* "pcie-root-port", "piix3-uhci", "virtio-scsi" ... */
        uint32_t ports, vectors;                                             /* virtio-serial, usb */
        uint32_t queues, cmd_per_lun, max_sectors, iothread;                 /* driver */
        Tristate ioeventfd;
        char *model_name;                                                    /* pci: model/@name */
        MaybeU32 chassis_nr, chassis, port, bus_nr;                          /* pci: target */
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
        char *bridge, *network, *source_dev, *source_mode, *portgroup; /* source */
        char *target;                                                 /* target/@dev, "vnet0" */
        Tristate target_managed;
        char *model, *driver_name;
        uint32_t queues, rx_queue_size, tx_queue_size;
        Tristate ioeventfd, event_idx;
        char *link; /* "up" or "down" */
        uint32_t mtu;
        char *script, *guest_dev, *backend_type;
        char *rom_file;
        Tristate rom_bar, rom_enabled;
} DomainNet;

/* ---- serial, parallel, console, channel ---- */

typedef enum CharType {
        CHAR_NULL, CHAR_VC, CHAR_PTY, CHAR_DEV, CHAR_FILE, CHAR_PIPE, CHAR_STDIO, CHAR_UDP, CHAR_TCP,
        CHAR_UNIX, CHAR_SPICEVMC, CHAR_SPICEPORT, CHAR_NMDM, CHAR_QEMU_VDAGENT, CHAR_DBUS,
} CharType;
typedef enum CharKind { CHAR_SERIAL, CHAR_PARALLEL, CHAR_CONSOLE, CHAR_CHANNEL } CharKind;

extern const char *const char_types[];

typedef struct CharSource {
        MapItem item;
        char *mode; /* "bind", "connect" */
        char *path, *host, *service, *channel;
        Tristate append;
} CharSource;

typedef struct DomainChar {
        Device device;
        CharType type;
        MAP_LIST(CharSource) sources; /* none, one, or two for udp */
        char *protocol;               /* tcp: "raw", "telnet" */
        char *tty;                    /* console/@tty, live: the path again, for old clients */
        char *target_type, *target_model, *target_name; /* "isa-serial", "virtio", "org.qemu.guest_agent.0" */
        MaybeU32 target_port;
        char *target_state;           /* channel, live: "connected", "disconnected" */
        char *log_file;
        Tristate log_append;
} DomainChar;

/* ---- the smaller ones ---- */

typedef struct DomainInput {
        Device device;
        char *type, *bus, *model; /* "tablet", "usb" */
        char *source;             /* evdev */
} DomainInput;

typedef enum GraphicsType {
        GRAPHICS_SDL, GRAPHICS_VNC, GRAPHICS_RDP, GRAPHICS_DESKTOP, GRAPHICS_SPICE, GRAPHICS_EGL_HEADLESS,
        GRAPHICS_DBUS,
} GraphicsType;

extern const char *const graphics_types[];

typedef struct GraphicsListen {
        MapItem item;
        char *type; /* "address", "network", "socket", "none" */
        char *address, *network, *socket;
} GraphicsListen;

typedef struct DomainGraphics {
        Device device; /* no alias, no address */
        GraphicsType type;
        int64_t port, tls_port; /* -1 and 0: chosen at start */
        Tristate autoport;
        int64_t websocket;
        char *listen; /* the first listen address again, as libvirt writes it */
        char *socket, *keymap, *passwd, *passwd_valid_to, *connected, *share_policy, *display, *xauth;
        Tristate fullscreen, gl;
        MAP_LIST(GraphicsListen) listens;
} DomainGraphics;

typedef struct DomainVideo {
        Device device;
        char *model; /* "vga", "cirrus", "qxl", "virtio", "bochs", "none" ... */
        uint32_t ram, vram, vram64, vgamem, heads; /* KiB */
        Tristate primary, accel3d, accel2d;
        uint32_t x, y; /* resolution */
} DomainVideo;

typedef struct DomainRng {
        Device device;
        char *model, *backend_model, *backend; /* "virtio", "random", "/dev/urandom" */
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
