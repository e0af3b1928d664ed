/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files that turn a definition into a command line share: the machines they know, the
 * builder, and the parts of QEMU's options that come up everywhere. */
#pragma once

#include <json-c/json.h>

#include "conf/xml.h"
#include "drivers/qemu/command.h"

/* ---- machines: platform.c ---- */

typedef enum Platform {
        PLATFORM_I440FX,
        PLATFORM_Q35,
        PLATFORM_ISAPC,
        PLATFORM_MICROVM,
        PLATFORM_VIRT,
        PLATFORM_S390,
        PLATFORM_PSERIES,
        PLATFORM_OTHER,
} Platform;

/* What a machine has without being told, and what it takes where a definition leaves the choice. */
typedef struct PlatformInfo {
        const char *pci_root;      /* model of PCI controller 0; NULL: no PCI */
        const char *usb;           /* model of USB controller 0 that every guest gets; NULL: none */
        const char *default_usb;   /* model of a USB controller without one */
        const char *net, *scsi;    /* default models */
        const char *video;
        const char *serial_target, *serial_model;
        bool balloon, sata, ps2, acpi;
} PlatformInfo;

Platform qemu_platform(const DomainConf *conf);
const PlatformInfo *qemu_platform_info(const DomainConf *conf);
bool qemu_shares_memory(const DomainConf *conf); /* with a process beside QEMU */
bool qemu_is_x86(const DomainConf *conf);

/* ---- views of a definition: platform.c ---- */

/* The controllers sorted by index within each type, types in the order of their first appearance,
 * and the disks sorted by target within each bus: libvirt keeps its lists so, and places devices in
 * that order. The arrays end with NULL and are the caller's; the items aren't. NULL without memory.
 */
DomainController **qemu_sorted_controllers(const DomainConf *conf);
DomainDisk **qemu_sorted_disks(const DomainConf *conf);

DomainController *qemu_find_controller(const DomainConf *conf, ControllerType type, uint32_t index);
DomainController *qemu_find_usb_master(const DomainConf *conf, uint32_t index);
bool qemu_disk_has_medium(const DomainDisk *disk); /* something is in the drive */
int qemu_disk_index(const char *target); /* "vda" and "sda1" 0, "hdb" 1; -EINVAL */
bool text_is(const char *text, const char *value); /* both there and equal */
bool text_starts(const char *text, const char *start);
bool text_in(const char *text, const char *const *values); /* values ends with NULL */
int text_set(char **member, const char *value); /* -ENOMEM */
int text_default(char **member, const char *value); /* only when it is NULL */

/* ---- parts that only the document has: node.c ---- */

xmlNode *node_child(const xmlNode *node, const char *name); /* the first, or NULL */
xmlNode *node_last(const xmlNode *node, const char *name);
xmlNode *node_next(const xmlNode *node);                    /* the next of the same name, or NULL */
xmlChar *node_attribute(const xmlNode *node, const char *name); /* the caller's; xmlFree() */
xmlNode *devices_node(const DomainConf *conf);              /* <devices>, or NULL */
bool node_attribute_is(const xmlNode *node, const char *name, const char *value);

/* ---- defaults and places ---- */

int qemu_complete_devices(DomainConf *conf, const QemuCaps *caps,
                          Error *error);  /* complete-device.c */
int qemu_complete_kept(DomainConf *conf); /* complete-kept.c; -ENOMEM */
int qemu_complete_controllers(DomainConf *conf, const QemuCaps *caps,
                              Error *error); /* complete-controller.c */
int qemu_assign_pci(DomainConf *conf, const QemuCaps *caps, Error *error);
int qemu_assign_usb(DomainConf *conf, Error *error);
int qemu_assign_virtio_serial(DomainConf *conf, Error *error);
int qemu_assign_ccw(DomainConf *conf, Error *error);
int qemu_assign_drives(DomainConf *conf, Error *error);
DomainController *qemu_add_controller(DomainConf *conf, ControllerType type, uint32_t index,
                                      const char *model);

/* The table of a channel's <source>. */
const MapElement *char_source_element(void);
/* Whether a char device sits on a virtio-serial bus. */
bool qemu_char_is_virtio(DeviceKind kind, const DomainChar *chr);
/* Whether the first console only repeats the first serial port, as old clients expect. */
bool qemu_console_is_serial(const DomainConf *conf, size_t index);

/* ---- the builder: command.c ---- */

/* Arguments are added as they are made. Only what a definition asks for can be refused, so the
 * functions that add return nothing: running out of memory is remembered, and told once at the end.
 */
typedef struct Builder {
        const DomainConf *conf;
        const QemuCaps *caps;
        const QemuPlaces *places;
        const QemuMachine *machine;
        QemuCommand *command;
        bool no_memory;
        int failed; /* a refusal that was met where nothing could be returned */
        Error *error;
} Builder;

/* "-option", and its value unless format is NULL. */
void argument(Builder *builder, const char *option, const char *format, ...) _printf_(3, 4);
void argument_bare(Builder *builder, const char *text); /* as it stands */
void environment(Builder *builder, const char *name, const char *value);
/* "-option {json}"; takes value, which may be NULL after running out of memory. */
void argument_json(Builder *builder, const char *option, json_object *value);

/* Text in QEMU's own comma-separated syntax: grows, doubles commas where it is told to. */
typedef struct Option {
        Builder *builder;
        char *text;
} Option;

void option_add(Option *option, const char *format, ...) _printf_(2, 3);
void option_add_escaped(Option *option, const char *value);                /* commas doubled */
void option_add_text(Option *option, const char *name,
                     const char *value); /* ",name=va,,lue"; NULL: nothing */
void option_add_state(Option *option, const char *name,
                      Tristate state);              /* ",name=on"; unset: nothing */
void option_done(Option *option, const char *name); /* adds "-name TEXT" */
void option_clear(Option *option);

json_object *json_new(Builder *builder);
void json_put(Builder *builder, json_object *object, const char *name,
              json_object *value); /* takes value */
void json_put_text(Builder *builder, json_object *object, const char *name,
                   const char *value); /* NULL: nothing */
void json_put_number(Builder *builder, json_object *object, const char *name, int64_t value);
void json_put_bool(Builder *builder, json_object *object, const char *name, bool value);
void json_put_state(Builder *builder, json_object *object, const char *name,
                    Tristate state); /* unset: nothing */
void json_put_some(Builder *builder, json_object *object, const char *name,
                   int64_t value); /* 0: nothing */
void json_putf(Builder *builder, json_object *object, const char *name, const char *format, ...)
        _printf_(4, 5);

/* Begins a "-device": driver, id, place, boot order and virtio's common options.
 * ERROR_CONFIG_UNSUPPORTED when this QEMU has no such device; element is named then ("sound model
 * 'ac97'"). */
int device_begin(Builder *builder, const char *driver, const Device *device, json_object **ret,
                 const char *element, ...) _printf_(5, 6);
/* The same without an address: for what sits where it is put. */
int device_begin_bare(Builder *builder, const char *driver, const char *id, json_object **ret,
                      const char *element, ...) _printf_(5, 6);
void device_end(Builder *builder, json_object *device);

/* The virtio device of a class for the bus its address says: "virtio-net" and "-pci", "-ccw",
 * "-device". */
char *virtio_driver(const char *name, const Device *device);
/* The same for models like "virtio-transitional"; NULL without memory. */
char *virtio_driver_of_model(const char *name, const char *model, const Device *device);

int unsupported(Builder *builder, const char *format, ...) _printf_(2, 3);

unsigned boot_index(const Builder *builder, DeviceKind kind, const Device *device);
bool is_pcie(const Builder *builder);

/* ---- devices, each file its kinds ---- */

int build_machine(Builder *builder);  /* command-machine.c: -machine to -boot */
int build_monitor(Builder *builder);
int build_clock(Builder *builder);
int build_firmware(Builder *builder);
const ClockTimer *clock_timer(const DomainConf *conf, const char *name); /* command-clock.c */
int build_sysinfo(Builder *builder);  /* command-sysinfo.c */
int build_launch_security(Builder *builder, Option *machine);
int build_cpu(Builder *builder);      /* command-cpu.c */
int build_extras(Builder *builder);   /* command-extra.c: what is said in QEMU's own words */
int override_device(Builder *builder, json_object *object); /* the same of one "-device" */

/* Memory that is made for a cell, for a module, or for the whole guest. */
typedef struct Ram {
        const char *id;
        const char *type; /* of the object; NULL: as the domain's memory is backed */
        const char *access, *discard, *path, *nodes; /* NULL: as the domain's */
        uint64_t kib, page, align; /* KiB; page 0: as the domain's */
        int cell;                  /* of the guest; -1: none */
        bool main, prealloc, sparse, pmem;
} Ram;

int add_ram(Builder *builder, const Ram *ram); /* command-memory.c */
int build_memory(Builder *builder);
int add_memory_options(Builder *builder, Option *option); /* the machine's share of it */
uint64_t memory_round(uint64_t kib); /* up to whole MiB, as QEMU has it */
uint64_t memory_initial(const DomainConf *conf); /* KiB, without modules */
bool nodeset_has(const char *set, unsigned node); /* "0-3,^2"; NULL: false */

int build_numa(Builder *builder); /* command-numa.c */
bool numa_is_hmat(const DomainCpu *cpu);
int build_memory_device(Builder *builder, const Device *device, size_t index);
int build_enclave_memory(Builder *builder);
int build_devices(Builder *builder);
/* The same for one of them. */
int build_device(Builder *builder, DeviceKind kind, const Device *device);

int build_controllers(Builder *builder); /* command-controller.c */
int build_disk(Builder *builder, const Device *device, size_t index);
int build_filesystem(Builder *builder, const Device *device, size_t index);
int build_hostdev(Builder *builder, const Device *device, size_t index);
/* The device of an <interface type='hostdev'>. */
int build_hostdev_net(Builder *builder, const DomainNet *net);
int build_tpm(Builder *builder, const Device *device, size_t index);

/* "-object secret" that is filled from a descriptor, for the start to open: command-secret.c. A
 * reference by usage means a secret of usage_type, or of its own type if that is NULL. */
int secret_object(Builder *builder, const SecretRef *ref, const char *usage_type, const char *id);
void secret_object_text(Builder *builder, const char *text, const char *id);
void secrets_clear(QemuCommand *command);
/* "bus", and the place on a SCSI controller; for disks and SCSI devices of the host. */
int put_scsi_place(Builder *builder, const DeviceAddress *at, json_object *device,
                   const char *what);
int build_net(Builder *builder, const Device *device, size_t index);
int build_serial(Builder *builder, const Device *device, size_t index);
int build_parallel(Builder *builder, const Device *device, size_t index);
int build_console(Builder *builder, const Device *device, size_t index);
int build_channel(Builder *builder, const Device *device, size_t index);
int build_graphics(Builder *builder, const Device *device, size_t index);
int build_video(Builder *builder, const Device *device, size_t index);
int build_audio(Builder *builder); /* command-audio.c */
void audio_id(Builder *builder, MaybeU32 chosen, char text[static 24]);
int build_sound(Builder *builder, const Device *device, size_t index);
int build_input(Builder *builder, const Device *device, size_t index);
int build_redirdev(Builder *builder, const Device *device, size_t index); /* command-usb.c */
int build_smartcard(Builder *builder, const Device *device, size_t index);
int build_vsock(Builder *builder, const Device *device, size_t index);
int build_shmem(Builder *builder, const Device *device, size_t index);
int build_iommu(Builder *builder, const Device *device, size_t index);
int build_crypto(Builder *builder, const Device *device, size_t index);
int build_hub(Builder *builder, const Device *device, size_t index);
int build_watchdog(Builder *builder, const Device *device, size_t index);
int build_balloon(Builder *builder, const Device *device, size_t index);
int build_rng(Builder *builder, const Device *device, size_t index);
int build_panic(Builder *builder, const Device *device, size_t index);

/* Adds "-chardev" with this id. spice: what a channel of SPICE is for ("vdagent"); may be NULL. */
int build_chardev(Builder *builder, const DomainChar *chr, const char *id, const char *spice);
void put_reconnect(Option *option, unsigned seconds);
enum { TLS_FOLDER_MAX = 64 };
const char *tls_folder(const char *use, char path[static TLS_FOLDER_MAX]); /* "chardev", "spice" */
/* The same for a device, whose "-device" is begun. */
int add_char_device(Builder *builder, const DomainChar *chr, const char *driver, const char *spice,
                    const char *element, json_object **ret);
