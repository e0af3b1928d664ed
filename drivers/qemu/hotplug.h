/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of a running guest that come, go and change.
 *
 * What is said of a device on a command line is said over QMP here, one command after the other:
 * each has one that undoes it, and all that were carried out are undone when a later one fails.
 * The live definition, and the runtime file with it, change when QEMU has done its part.
 *
 * A device that is to be there is in the runtime file before QEMU is told of it, so that a service
 * which was killed meanwhile finds out from QEMU whether it came, and either keeps or undoes it
 * (hotplug-found.c). A device that is to go stays in the live definition until QEMU says that the
 * guest let go of it. */
#pragma once

#include "drivers/edit.h"
#include "drivers/qemu/borrow.h"
#include "drivers/qemu/guest.h"
#include "drivers/qemu/join-settle.h"

/* ---- steps: hotplug-steps.c ---- */

typedef struct QemuStep {
        const char *command, *undo; /* undo NULL: there is nothing to undo */
        const char *name;           /* of the member of undo's arguments that says what */
        char *id;
        json_object *arguments;
        int fd;      /* goes along, is somebody else's; -1: none */
        bool guests; /* the guest has a word in its end: it isn't undone like the others */
} QemuStep;

typedef struct QemuSteps {
        QemuStep *items;
        size_t n, done;
        Qmp *qmp;
        void (*ended)(int r, Error *error, void *userdata);
        void *userdata;
} QemuSteps;

/* Takes arguments, also on failure; the rest is copied or constant. */
int qemu_steps_add(QemuSteps *steps, QemuStep step, Error *error);

/* The same for a character device, as the text of "-chardev": hotplug-char.c. */
int qemu_steps_add_chardev(QemuSteps *steps, const char *text, Error *error);

/* Those that make the device, whose descriptors have been given (below). An option that has no
 * counterpart in QMP is ERROR_CONFIG_UNSUPPORTED. */
int qemu_steps_of_device(QemuSteps *steps, const DomainConf *live, const QemuCaps *caps,
                         const QemuPlaces *places, DeviceKind kind, const Device *device,
                         Error *error);

/* Carries them out; ended() is called once, unless a negative errno is returned. When one fails,
 * those before have been undone by then. */
int qemu_steps_run(QemuSteps *steps, Qmp *qmp, void (*ended)(int r, Error *error, void *userdata),
                   void *userdata, Error *error);
/* Undoes n of them, the last first; answers aren't waited for. with_device: the device, too. */
void qemu_steps_undo(const QemuSteps *steps, Qmp *qmp, size_t n, bool with_device);
void qemu_steps_clear(QemuSteps *steps);

/* ---- kinds: hotplug-kinds.c ---- */

typedef struct QemuPlug QemuPlug;

typedef struct QemuPlugKind {
        bool comes, goes; /* while a guest runs */
        /* Opens what it needs of the host, and adds the steps that hand it to QEMU. May be NULL. */
        int (*open)(QemuPlug *plug, const QemuCaps *caps, Error *error);
        /* Has others do what they do for it on the host, old NULL, or for its change; DONE or
         * PENDING, and then settled() (join-settle.h). May be NULL. */
        int (*settle)(QemuPlug *plug, Device *old, Device *device, QemuSettled settled,
                      Error *error);
        /* A change failed at that: old is put back. May be NULL. */
        void (*unsettled)(QemuPlug *plug, Device *old);
        /* Adds steps that come behind those of the device. May be NULL. */
        int (*finish)(QemuPlug *plug, Error *error);
        /* It is gone, or didn't come: undoes what open() did on the host. May be NULL. */
        void (*close)(Domain *domain, Device *device);
        /* Adds the steps that make old, which is there, like new; fills in what new has from old.
         * ERROR_OPERATION_UNSUPPORTED says what can't be changed. May be NULL. */
        int (*change)(QemuPlug *plug, Device *old, Device *new, Error *error);
        /* QEMU did them: what is left to do, on the host and behind it. May be NULL. */
        int (*changed)(QemuPlug *plug, Device *old, Device *new, Error *error);
} QemuPlugKind;

const QemuPlugKind *qemu_plug_kind(DeviceKind kind); /* never NULL */

/* ---- one of them on its way: hotplug.c ---- */

struct QemuPlug {
        Domain *domain; /* borrowed: the job's caller holds it */
        Job *job;
        char *xml;      /* as it was given */
        uint32_t flags;
        QemuCaps *caps; /* a reference */
        int (*begin)(QemuPlug *plug, Error *error); /* as an operation */
        DomainEdit edit;
        DeviceKind kind;
        Device *device; /* in edit.live */
        DomainConf *before; /* the live definition, for a change of what is there */
        Device *old;        /* in it */
        bool has_mac;       /* the XML that was given names one */
        char *alias;    /* of the device of the running guest; NULL: none is meant */
        MacAddress mac; /* of an interface, for both definitions */
        QemuBorrow *borrow; /* of an interface: its tap is the system's */
        QemuTap tap;    /* of an interface */
        struct QemuSettling *settling; /* of an interface, while it is under way */
        QemuSettled settled;           /* who is told, while a helper of it is */
        QemuPlaces places;
        QemuTap *numbers; /* of conf->nets, as QEMU is told of them */
        QemuSteps steps;
};

/* Begins when the capabilities of the guest's QEMU are known. As an operation. */
int qemu_plug_start(Domain *domain, const char *xml, uint32_t flags,
                    int (*begin)(QemuPlug *plug, Error *error), Job *job, Error *error);
QemuPlug *qemu_plug_free(QemuPlug *plug);

/* Ends the job. */
void qemu_plug_end(QemuPlug *plug, int r, Error *error);

/* Where things are for the device with this alias. */
int qemu_plug_places(QemuPlug *plug, Error *error);
/* Hands descriptors of a tap to QEMU by name. */
int qemu_plug_give_tap(QemuPlug *plug, size_t index, Error *error);

int qemu_attach(Domain *domain, const char *xml, uint32_t flags, Job *job, Error *error);

/* ---- going: hotplug-remove.c ---- */

/* A device that was told to go, and who waits for it. */
typedef struct QemuUnplug QemuUnplug;

int qemu_detach(Domain *domain, const char *xml, uint32_t flags, Job *job, Error *error);
/* QEMU says so. */
void qemu_device_gone(QemuGuest *guest, const char *alias);
void qemu_device_stays(QemuGuest *guest, const char *alias);
/* The guest is over: who waits is told. */
void qemu_unplugs_end(QemuUnplug *unplugs);
void qemu_unplugs_free(QemuUnplug *unplugs);

/* ---- changing: hotplug-update.c ---- */

int qemu_update(Domain *domain, const char *xml, uint32_t flags, Job *job, Error *error);

/* ---- after a restart of the service: hotplug-found.c ---- */

/* Asks QEMU which devices it has, and follows. */
void qemu_devices_find(QemuGuest *guest);
