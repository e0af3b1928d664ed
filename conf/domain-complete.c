/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a definition says without saying it: defaults that hold for any hypervisor, written out as
 * libvirt writes them, so that the stored document no longer depends on who reads it. */
#include "conf/domain-rows.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "conf/xml.h"


static int set_default(char **string, const char *text) {
        return *string ? 0 : set_string(string, text);
}

/* ---- what only a running domain has ---- */

static bool is_generated_target(const char *target) {
        static const char *const prefixes[] = { "vnet", "macvtap", "macvlan" };

        for (size_t i = 0; i < ELEMENTS(prefixes); i++) {
                size_t n = strlen(prefixes[i]);

                if (strncmp(target, prefixes[i], n) == 0 && target[n] &&
                    target[n + strspn(target + n, "0123456789")] == 0)
                        return true;
        }
        return false;
}

static int drop_device_alias(DomainConf *conf, DeviceKind kind, Device *device, void *userdata) {
        if (device->alias && strncmp(device->alias, "ua-", 3) != 0)
                free(TAKE(device->alias));
        return 0;
}

static void drop_live_ports(DomainGraphics *graphics) {
        if (graphics->autoport != TRISTATE_YES)
                return;
        switch (graphics->type) {
        case GRAPHICS_VNC:
                graphics->port = graphics->port ? -1 : 0;
                break;
        case GRAPHICS_SPICE:
        case GRAPHICS_RDP:
                graphics->port = graphics->tls_port = 0;
                break;
        case GRAPHICS_SDL:
        case GRAPHICS_DESKTOP:
        case GRAPHICS_EGL_HEADLESS:
        case GRAPHICS_DBUS:
                break;
        }
}

static void drop_live_chain(DomainDisk *image) {
        for (image = image->backing; image; image = image->backing)
                image->source_index.set = false;
}

void domain_drop_live(DomainConf *conf) {
        (void) conf_visit_devices(conf, drop_device_alias, NULL);
        for (size_t i = 0; i < conf->nets.n; i++) {
                DomainNet *net = conf->nets.items[i];

                if (net->target && net->target_managed != TRISTATE_NO &&
                    is_generated_target(net->target))
                        free(TAKE(net->target));
        }
        for (size_t i = 0; i < conf->graphics.n; i++)
                drop_live_ports(conf->graphics.items[i]);
        for (size_t i = 0; i < conf->disks.n; i++)
                drop_live_chain(conf->disks.items[i]);
}

/* ---- memory and processors ---- */

/* The memory of NUMA cells is that of the domain if it doesn't say another. */
static int complete_numa_memory(DomainConf *conf, Error *error) {
        uint64_t total = 0;

        for (size_t i = 0; conf->cpu && i < conf->cpu->cells.n; i++)
                if (__builtin_add_overflow(total, conf->cpu->cells.items[i]->memory, &total))
                        return fail(error, ERROR_XML, "the memory of the NUMA cells is too much");
        if (conf->memory == 0)
                conf->memory = total;
        return 0;
}

static int complete_memory(DomainConf *conf, Error *error) {
        int r = complete_numa_memory(conf, error);

        if (r < 0)
                return r;
        if (conf->current_memory == 0 || conf->current_memory > conf->memory)
                conf->current_memory = conf->memory;
        return 0;
}

static void complete_cpu(DomainCpu *cpu) {
        if (!cpu)
                return;
        if (cpu->sockets > 0 && cpu->dies == 0)
                cpu->dies = 1;
        for (size_t i = 0; i < cpu->cells.n; i++)
                if (!cpu->cells.items[i]->id.set)
                        cpu->cells.items[i]->id = (MaybeU32) { true, i };
}

/* Where the host's advice decides on memory, it decides on processors too. */
static bool numa_places_vcpus(const DomainConf *conf) {
        const CpuTune *tune = &conf->cputune;

        return !tune->vcpus.n && !tune->emulator_cpuset && !tune->iothreads.n &&
               is_text(conf->numatune.placement, "auto");
}

static int complete_vcpus(DomainConf *conf) {
        const xmlNode *node = child_of(xmlDocGetRootElement(conf->document), "vcpu");

        if (!node && conf->vcpus == 0)
                conf->vcpus = 1;
        complete_cpu(conf->cpu);
        if (!conf->vcpu_cpuset && numa_places_vcpus(conf))
                return set_string(&conf->vcpu_placement, "auto");
        return set_default(&conf->vcpu_placement, "static");
}

/* ---- the system ---- */

static void complete_features(DomainFeatures *features) {
        struct {
                bool given;
                Tristate *state;
        } rows[] = {
                { features->given.hap, &features->hap },
                { features->given.pmu, &features->pmu },
                { features->given.vmport, &features->vmport },
                { features->given.smm, &features->smm },
                { features->given.pvspinlock, &features->pvspinlock },
                { features->given.vmcoreinfo, &features->vmcoreinfo },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++)
                if (rows[i].given && *rows[i].state == TRISTATE_UNSET)
                        *rows[i].state = TRISTATE_YES;
}

/* Whether any device, of a kind with rows or without, has a place in the boot order. */
static bool has_boot_order(DomainConf *conf) {
        const xmlNode *devices = child_of(xmlDocGetRootElement(conf->document), "devices");

        for (const xmlNode *node = devices ? devices->children : NULL; node; node = node->next)
                if (child_of(node, "boot"))
                        return true;
        return false;
}

static int complete_boot(DomainConf *conf) {
        const MapField *row = os_element.fields;

        if (!is_text(conf->os.type, "hvm") || conf->os.boots.n > 0 || has_boot_order(conf))
                return 0;
        while (row->path && strcmp(row->path, "boot") != 0)
                row++;

        OsBoot *boot = map_list_add(row->arg, &conf->os.boots);
        return boot ? set_string(&boot->dev, "hd") : -ENOMEM;
}

static int complete_system(DomainConf *conf) {
        int r;

        complete_features(&conf->features);
        if (conf->on_poweroff == ACTION_UNSET)
                conf->on_poweroff = ACTION_DESTROY;
        if (conf->on_reboot == ACTION_UNSET)
                conf->on_reboot = ACTION_RESTART;
        if (conf->on_crash == ACTION_UNSET)
                conf->on_crash = ACTION_DESTROY;
        if ((r = set_default(&conf->clock.offset, "utc")) < 0)
                return r;
        return complete_boot(conf);
}

/* ---- devices ---- */

/* USB 2 controllers of the ICH9 kind share the index of their master. */
static bool joins(const DomainController *controller, const DomainController *before) {
        return before && before->index.set && controller->type == CONTROLLER_USB &&
               before->type == CONTROLLER_USB && controller->model && before->model &&
               strncmp(controller->model, "ich9-", 5) == 0 &&
               strncmp(before->model, "ich9-", 5) == 0 &&
               strcmp(controller->model, before->model) != 0;
}

/* The first of PCI is the root that every machine has. */
static uint32_t unused_index(DomainConf *conf, const DomainController *controller) {
        const char *model = controller->model;
        bool root = !model || is_text(model, "pci-root") || is_text(model, "pcie-root");
        uint32_t index = controller->type == CONTROLLER_PCI && !root;

        while (conf_find_controller(conf, controller->type, index))
                index++;
        return index;
}

static void complete_controllers(DomainConf *conf) {
        DomainController *before = NULL;

        for (size_t i = 0; i < conf->controllers.n; i++) {
                DomainController *controller = conf->controllers.items[i];

                if (!controller->index.set) {
                        uint32_t index = joins(controller, before)
                                                 ? before->index.value
                                                 : unused_index(conf, controller);
                        controller->index = (MaybeU32) { true, index };
                }
                before = controller;
        }
}

/* Each hypervisor has its own beginning. */
static int complete_net(const DomainConf *conf, DomainNet *net, Error *error) {
        static const MacAddress xen = { { 0x00, 0x16, 0x3e } }, others = { { 0x52, 0x54, 0x00 } };

        if (!mac_is_null(net->mac))
                return 0;

        net->mac = conf->type == VIRT_XEN ? xen : others;
        if (getrandom(net->mac.bytes + 3, 3, 0) != 3)
                return fail_errno(error, -errno, "cannot make a mac address");
        return 0;
}

static bool is_pc(const DomainConf *conf) {
        const char *arch = conf->os.arch;

        return !arch || is_text(arch, "x86_64") || is_text(arch, "i686");
}

static int complete_input(const DomainConf *conf, DomainInput *input) {
        bool basic = is_text(input->type, "mouse") || is_text(input->type, "keyboard");

        if (input->bus || is_text(input->type, "evdev") || !is_text(conf->os.type, "hvm"))
                return 0;
        if (is_text(input->type, "passthrough") ||
            (conf->os.arch && strncmp(conf->os.arch, "s390", 4) == 0))
                return set_string(&input->bus, "virtio");
        return set_string(&input->bus, basic && is_pc(conf) ? "ps2" : "usb");
}

/* The primary one comes first, as clients expect. */
static void move_primary(DomainConf *conf) {
        for (size_t i = 1; i < conf->videos.n; i++) {
                DomainVideo *video = conf->videos.items[i];

                if (video->primary != TRISTATE_YES)
                        continue;
                memmove(conf->videos.items + 1, conf->videos.items,
                        i * sizeof(*conf->videos.items));
                conf->videos.items[0] = video;
                return;
        }
}

static void complete_videos(DomainConf *conf) {
        bool primary = false;

        for (size_t i = 0; i < conf->videos.n; i++) {
                DomainVideo *video = conf->videos.items[i];

                if (video->heads == 0 && video->model && !is_text(video->model, "none"))
                        video->heads = 1;
                primary = primary || video->primary == TRISTATE_YES;
        }
        if (conf->videos.n > 0 && !primary && !is_text(conf->videos.items[0]->model, "none"))
                conf->videos.items[0]->primary = TRISTATE_YES;
        move_primary(conf);
}

static int complete_lists(DomainConf *conf, Error *error) {
        int r;

        for (size_t i = 0; i < conf->disks.n; i++)
                if ((r = disk_complete(conf->disks.items[i], error)) < 0)
                        return r;
        for (size_t i = 0; i < conf->nets.n; i++)
                if ((r = complete_net(conf, conf->nets.items[i], error)) < 0)
                        return r;
        for (size_t i = 0; i < conf->graphics.n; i++)
                if ((r = graphics_complete(conf->graphics.items[i], error)) < 0)
                        return r;
        for (size_t i = 0; i < conf->inputs.n; i++)
                if (complete_input(conf, conf->inputs.items[i]) < 0)
                        return fail_memory(error);
        for (size_t i = 0; i < conf->watchdogs.n; i++)
                if (set_default(&conf->watchdogs.items[i]->action, "reset") < 0)
                        return fail_memory(error);
        return 0;
}

/* A label of no kind belongs to no security driver. */
static int complete_labels(DomainConf *conf, Error *error) {
        for (size_t i = 0; i < conf->labels.n; i++)
                if (is_text(conf->labels.items[i]->type, "none") &&
                    set_default(&conf->labels.items[i]->model, "none") < 0)
                        return fail_memory(error);
        return 0;
}

/* <genid/> asks for one. */
static int complete_genid(DomainConf *conf, Error *error) {
        const xmlNode *node = child_of(xmlDocGetRootElement(conf->document), "genid");
        char text[UUID_TEXT_MAX];
        Uuid uuid;

        if (!node || (conf->genid && *conf->genid))
                return 0;
        int r = uuid_generate(&uuid);
        if (r < 0)
                return fail_errno(error, r, "cannot make a genid");
        return set_string(&conf->genid, uuid_format(uuid, text)) < 0 ? fail_memory(error) : 0;
}

int domain_complete(DomainConf *conf, Error *error) {
        int r;

        if (uuid_is_null(conf->uuid) && (r = uuid_generate(&conf->uuid)) < 0)
                return fail_errno(error, r, "cannot make a uuid");
        if ((r = complete_genid(conf, error)) < 0 || (r = complete_memory(conf, error)) < 0)
                return r;
        if (complete_vcpus(conf) < 0 || complete_system(conf) < 0)
                return fail_memory(error);
        complete_controllers(conf);
        complete_videos(conf);
        if ((r = chars_complete(conf, error)) < 0 || (r = complete_labels(conf, error)) < 0)
                return r;
        return complete_lists(conf, error);
}
