/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of disks and the size of memory, changed while a guest runs: planned first, told to QEMU,
 * and written down when it agreed, into the definition as it is by then. */
#include "drivers/qemu/live.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/device-edit.h"
#include "drivers/edit.h"
#include "drivers/processors.h"
#include "drivers/tune.h"

typedef struct Live Live;

struct Live {
        Domain *domain; /* borrowed, as the rest: the job's caller holds it */
        Job *job;
        const char *device;
        Values *values;
        uint64_t size;
        uint32_t flags;
        int (*keep)(const Live *live, Error *error); /* writes it down, live and persistent */
};

static void told(Qmp *qmp, json_object *value, Error *error, void *userdata) {
        Live live = *(Live *) userdata;
        _cleanup_(error_clear) Error cause = {};
        int r;

        free(userdata);
        if (value) {
                r = live.keep(&live, &cause);
                job_done(live.job, MIN(r, DONE), &cause);
        } else
                job_done(live.job, -error_number(error->code), error);
}

/* Takes arguments. As an operation. */
static int tell(const Live *live, const char *command, json_object *arguments, Error *error) {
        Live *kept = malloc(sizeof(*kept));
        Qmp *qmp = NULL;
        int r = kept ? qemu_guest_qmp(live->domain, &qmp, error) : fail_memory(error);

        if (r < 0)
                json_object_put(arguments);
        else {
                *kept = *live;
                r = qmp_call(qmp, command, arguments, told, kept, error);
        }
        if (r < 0)
                free(kept);
        return r < 0 ? r : PENDING;
}

/* ---- limits of a disk ---- */

char *qemu_drive_path(const DomainDisk *disk) {
        const char *alias = disk->device.alias;
        char *path;
        int r;

        if (disk->bus == DISK_BUS_VIRTIO)
                r = asprintf(&path, "/machine/peripheral/%s/virtio-backend", alias);
        else if (disk->bus == DISK_BUS_USB)
                r = asprintf(&path, "/machine/peripheral/%s/%s.0/legacy[0]", alias, alias);
        else
                r = asprintf(&path, "%s", alias);
        return r < 0 ? NULL : path;
}

json_object *qemu_drive_limits(const DomainDisk *disk, const char *path) {
        static const IoTune none;
        const IoTune *tune = disk->iotune ?: &none;
        json_object *arguments = qmp_arguments(
                "s", "id", path, "i", "bps", (int64_t) tune->total_bytes, "i", "bps_rd",
                (int64_t) tune->read_bytes, "i", "bps_wr", (int64_t) tune->write_bytes, "i", "iops",
                (int64_t) tune->total_iops, "i", "iops_rd", (int64_t) tune->read_iops, "i",
                "iops_wr", (int64_t) tune->write_iops, NULL);
        const struct {
                const char *name;
                uint64_t value;
        } more[] = {
                { "bps_max", tune->total_bytes_max },
                { "bps_rd_max", tune->read_bytes_max },
                { "bps_wr_max", tune->write_bytes_max },
                { "iops_max", tune->total_iops_max },
                { "iops_rd_max", tune->read_iops_max },
                { "iops_wr_max", tune->write_iops_max },
                { "bps_max_length", tune->total_bytes_max_length },
                { "bps_rd_max_length", tune->read_bytes_max_length },
                { "bps_wr_max_length", tune->write_bytes_max_length },
                { "iops_max_length", tune->total_iops_max_length },
                { "iops_rd_max_length", tune->read_iops_max_length },
                { "iops_wr_max_length", tune->write_iops_max_length },
                { "iops_size", tune->size_iops },
        };

        for (size_t i = 0; arguments && i < ELEMENTS(more); i++)
                if (more[i].value > 0)
                        (void) json_object_object_add(arguments, more[i].name,
                                                      json_object_new_int64(more[i].value));
        if (arguments && tune->group)
                (void) json_object_object_add(arguments, "group",
                                              json_object_new_string(tune->group));
        return arguments;
}

static int change_iotune(DomainConf **conf, bool live, void *userdata, Error *error) {
        const Live *wish = userdata;

        return tune_set(&tune_iotune, *conf, wish->device, wish->values, live, error);
}

static int keep_iotune(const Live *live, Error *error) {
        return domain_set_tune(&tune_iotune, live->domain, live->device, live->values, live->flags,
                               error);
}

static int tell_iotune(const Live *live, DomainConf *conf, Error *error) {
        const DomainDisk *disk = device_find_disk(conf, live->device);
        _cleanup_(freep) char *path = disk ? qemu_drive_path(disk) : NULL;

        if (disk && !disk->source_index.set)
                return fail(error, ERROR_OPERATION_INVALID, "drive '%s' has no medium to limit",
                            live->device);
        if (!path)
                return disk ? fail_memory(error)
                            : fail(error, ERROR_INVALID_ARG, "there is no disk '%s'",
                                   live->device);
        return tell(live, "block_set_io_throttle", qemu_drive_limits(disk, path), error);
}

int qemu_set_iotune(Domain *domain, const char *device, Values *values, uint32_t flags, Job *job,
                    Error *error) {
        _cleanup_(edit_done) DomainEdit edit = { .domain = domain };
        Live live = { .domain = domain, .job = job, .device = device, .values = values,
                      .flags = flags, .keep = keep_iotune };
        int r = tune_check(&tune_iotune, values, error);

        if (r >= 0)
                r = edit_plan(domain, flags, change_iotune, &live, &edit, error);
        if (r < 0)
                return r;
        if (!edit.live)
                return MIN(keep_iotune(&live, error), DONE);
        return tell_iotune(&live, edit.live, error);
}

/* ---- memory, by its balloon ---- */

static int change_memory(DomainConf **conf, bool live, void *userdata, Error *error) {
        const Live *wish = userdata;

        return memory_set(*conf, wish->size, wish->flags, live, error);
}

static int keep_memory(const Live *live, Error *error) {
        Live wish = *live;

        return domain_edit(live->domain, live->flags, change_memory, &wish, error);
}

static bool has_balloon(const DomainConf *conf) {
        const char *model = conf->memballoons.n > 0 ? conf->memballoons.items[0]->model : NULL;

        return model && strcmp(model, "none") != 0;
}

int qemu_set_memory(Domain *domain, uint64_t size, uint32_t flags, Job *job, Error *error) {
        _cleanup_(edit_done) DomainEdit edit = { .domain = domain };
        Live live = { .domain = domain, .job = job, .size = MIN(size, (uint64_t) INT64_MAX),
                      .flags = flags, .keep = keep_memory };
        int r = edit_plan(domain, flags, change_memory, &live, &edit, error);

        if (r < 0)
                return r;
        if (!edit.live)
                return MIN(keep_memory(&live, error), DONE);
        if (!has_balloon(edit.live))
                return fail(error, ERROR_OPERATION_INVALID,
                            "Unable to change memory of active domain without the balloon device "
                            "and guest OS balloon driver");
        return tell(&live, "balloon",
                    qmp_arguments("i", "value", (int64_t) edit.live->current_memory * 1024, NULL),
                    error);
}
