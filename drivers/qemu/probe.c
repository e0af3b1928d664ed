/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A probe: QEMU without a machine, and questions over QMP.
 *
 * All questions are put at once; QEMU answers in order. What one accelerator can't tell (which CPU
 * models TCG has, and what is in them) is asked of a second process beside it, once the first has
 * said that it uses KVM. A process whose questions are answered is killed: it holds nothing. The
 * probe is over when all its processes are.
 *
 * A question that this QEMU doesn't know is an answer too, unless nothing can be said without it.
 * When the conversation breaks, the process gets a moment to end by itself, since its exit status
 * and last words tell more than a closed socket does. */
#include "drivers/qemu/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#ifdef __linux__
#include <linux/kvm.h>
#endif

#include "drivers/process.h"
#include "drivers/qemu/findings.h"

#define GRACE 500000   /* us to end by itself after the conversation broke */
#define WORDS_MAX 1024 /* of what a binary says, in an error */

typedef struct Run Run;

typedef struct Question {
        const char *command;
        Finding found;
        bool needed;
        void (*then)(Run *run, json_object *answer); /* may be NULL */
} Question;

typedef struct Asked {
        struct Asked *next;
        Run *run;
        const Question *question;
        char *about;
} Asked;

struct Run {
        QemuProbe *probe;
        const char *accel;
        Process *process;
        Qmp *qmp;
        Asked *asked;
        size_t waiting;
        int words; /* what it prints: the end of a pipe that we read, -1 */
        bool killed;
        int code, status; /* of its exit */
        Error error;
};

struct QemuProbe {
        sd_event *event;
        sd_event_source *deadline;
        char *binary;
        uint64_t patience;
        Run kvm_run, tcg_run; /* the first with KVM if there is one, the second only beside that */
        Findings findings;
        QemuProbed probed;
        void *userdata;
};

/* What definitions ask for and not every QEMU has, for who builds a command line. Those with
 * "-gl" are missing: asked about one whose module is not installed, QEMU 7.2 exits. */
static const char *const device_types[] = {
        "AC97", "ES1370", "VGA", "am53c974", "ati-vga", "bochs-display", "ccid-card-emulated",
        "ccid-card-passthru", "cirrus-vga", "e1000", "e1000e", "hda-duplex", "hda-micro",
        "hda-output", "i6300esb", "ich9-ahci", "ich9-intel-hda", "ide-cd", "ide-hd", "igb",
        "intel-hda", "intel-iommu", "ioh3420", "isa-debugcon", "isa-parallel", "isa-serial",
        "ivshmem-plain", "lsi53c895a", "megasas", "mptsas1068", "nec-usb-xhci", "nvdimm", "nvme",
        "nvme-ns", "pc-dimm", "pci-bridge", "pci-serial", "pcie-pci-bridge", "pcie-root-port",
        "piix3-usb-uhci", "pvpanic", "pvpanic-pci", "qemu-xhci", "qxl", "qxl-vga", "ramfb",
        "rtl8139", "sb16", "scsi-block", "scsi-cd", "scsi-generic", "scsi-hd", "secondary-vga",
        "tpm-crb", "tpm-tis", "usb-audio", "usb-ccid", "usb-ehci", "usb-host", "usb-hub",
        "usb-kbd", "usb-mouse", "usb-net", "usb-redir", "usb-serial", "usb-storage", "usb-tablet",
        "usb-wacom-tablet", "vfio-ap", "vfio-ccw", "vfio-pci", "vhost-scsi-pci",
        "vhost-user-blk-pci", "vhost-user-fs-pci", "vhost-vsock-pci", "virtio-9p-pci",
        "virtio-balloon-pci", "virtio-blk-ccw", "virtio-blk-device", "virtio-blk-pci",
        "virtio-crypto-pci", "virtio-gpu-pci", "virtio-input-host-pci", "virtio-iommu-pci",
        "virtio-keyboard-pci", "virtio-mem-pci", "virtio-mouse-pci", "virtio-net-ccw",
        "virtio-net-device", "virtio-net-pci", "virtio-pmem-pci", "virtio-rng-pci",
        "virtio-scsi-ccw", "virtio-scsi-pci", "virtio-serial-pci", "virtio-tablet-pci",
        "virtio-vga", "virtserialport", "vmcoreinfo", "vmgenid", "vmware-svga", "vmxnet3",
};

static const char *const object_types[] = {
        "dbus-vmstate", "filter-buffer", "input-linux", "iothread", "max-i386-cpu",
        "max-x86_64-cpu", "memory-backend-epc",
        "memory-backend-file", "memory-backend-memfd", "memory-backend-ram", "rng-builtin",
        "rng-egd", "rng-random", "secret", "sev-guest", "thread-context", "throttle-group",
        "tls-creds-x509",
};

/* ---- the end of a run and of the probe ---- */

static void run_kill(Run *run) {
        if (!run->process || run->killed)
                return;
        run->killed = true;
        (void) process_signal(run->process, SIGKILL);
}

static void run_done(Run *run) {
        run->qmp = qmp_free(run->qmp);
        run->process = process_free(run->process);
        if (run->words >= 0)
                close(TAKE_FD(run->words));
        while (run->asked) {
                Asked *asked = run->asked;

                run->asked = asked->next;
                free(asked->about);
                free(asked);
        }
        run->waiting = 0;
        error_clear(&run->error);
}

QemuProbe *qemu_probe_free(QemuProbe *probe) {
        if (!probe)
                return NULL;
        run_done(&probe->kvm_run);
        run_done(&probe->tcg_run);
        sd_event_source_disable_unref(probe->deadline);
        findings_done(&probe->findings);
        sd_event_unref(probe->event);
        free(probe->binary);
        free(probe);
        return NULL;
}

static void probe_report(QemuProbe *probe) {
        json_object *document = NULL;
        Error error = {};

        (void) sd_event_source_set_enabled(probe->deadline, SD_EVENT_OFF);
        if (probe->kvm_run.error.code != ERROR_NONE)
                error_move(&error, &probe->kvm_run.error);
        else if (findings_finish(&probe->findings, &document) < 0)
                fail_memory(&error);
        probe->probed(probe, document, &error, probe->userdata);
        error_clear(&error);
}

/* What it printed, on one line and safe to show. */
static void read_words(Run *run, char *words, size_t size) {
        ssize_t n = read(run->words, words, size - 1);

        while (n > 0 && (unsigned char) words[n - 1] <= ' ')
                n--;
        words[MAX(n, 0)] = '\0';
        for (char *c = words; *c; c++)
                if (*c == '\n')
                        *c = ' ';
                else if (*c < ' ' || *c == 0x7f)
                        *c = '?';
}

/* A run whose process is reaped and whose conversation is over or of no interest. */
static void run_over(Run *run) {
        QemuProbe *probe = run->probe;
        Error *error = &run->error;
        char words[WORDS_MAX];

        run->qmp = qmp_free(run->qmp);
        read_words(run, words, sizeof(words));
        if (!run->killed && run->waiting > 0 && (run->code != CLD_EXITED || run->status != 0)) {
                error_clear(error);
                (void) fail(error, ERROR_OPERATION_FAILED, "it %s %d",
                            run->code == CLD_EXITED ? "exited with status" :
                                                      "was killed by signal", run->status);
        }
        if (error->code != ERROR_NONE) {
                Error whole = {};

                (void) fail(&whole, error->code, "cannot probe '%s': %s%s%s", probe->binary,
                            error->message ?: "out of memory", *words ? "; it said: " : "",
                            words);
                error_clear(error);
                error_move(error, &whole);
                if (run == &probe->kvm_run)
                        run_kill(&probe->tcg_run);
        }
        if (!probe->kvm_run.process && !probe->kvm_run.qmp && !probe->tcg_run.process)
                probe_report(probe);
}

static void on_exited(Process *process, int code, int status, void *userdata) {
        Run *run = userdata;

        run->process = process_free(run->process);
        run->code = code;
        run->status = status;
        if (run->killed || !run->qmp || run == &run->probe->tcg_run)
                run_over(run);
}

/* ---- a conversation ---- */

static void on_closed(Qmp *qmp, Error *error, void *userdata) {
        Run *run = userdata;
        QemuProbe *probe = run->probe;
        uint64_t now = 0;

        run->qmp = qmp_free(run->qmp);
        if (run->killed)
                return;
        error_move(&run->error, error);
        if (!run->process) {
                run_over(run);
                return;
        }
        if (run == &probe->tcg_run) {
                run_kill(run);
                return;
        }
        (void) sd_event_now(probe->event, CLOCK_MONOTONIC, &now);
        (void) sd_event_source_set_time(probe->deadline, now + GRACE);
}

static void on_answer(Qmp *qmp, json_object *answer, Error *error, void *userdata) {
        Asked *asked = userdata;
        Run *run = asked->run;
        const Question *question = asked->question;
        int r = 0;

        /* The end of the conversation leaves its questions waiting, for on_exited() to see. */
        if (!answer && error->code != ERROR_MONITOR_FAILED)
                return;
        if (answer)
                r = question->found(&run->probe->findings, answer, asked->about);
        if (r == -ENOMEM)
                fail_memory(&run->error);
        else if (question->needed && (!answer || r < 0))
                (void) fail(&run->error, ERROR_OPERATION_FAILED, "%s",
                            answer ? "its answer makes no sense" : error->message);
        if (answer && r >= 0 && question->then)
                question->then(run, answer);
        if (--run->waiting == 0 || run->error.code != ERROR_NONE)
                run_kill(run);
}

static void ask(Run *run, const Question *question, json_object *arguments, const char *about) {
        Asked *asked = calloc(1, sizeof(Asked));

        if (!asked || (about && !(asked->about = strdup(about)))) {
                free(asked);
                json_object_put(arguments);
                fail_memory(&run->error);
                return;
        }
        asked->run = run;
        asked->question = question;
        asked->next = run->asked;
        run->asked = asked;
        if (qmp_call(run->qmp, question->command, arguments, on_answer, asked, &run->error) >= 0)
                run->waiting++;
}

static void ask_list(Run *run, const Question *question, const char *const *types, size_t n) {
        for (size_t i = 0; i < n; i++)
                ask(run, question, qmp_arguments("s", "typename", types[i], NULL), types[i]);
}

static void ask_expansion(Run *run, const Question *question, const char *model) {
        ask(run, question, qmp_arguments("s", "type", "static", "o", "model",
                                         qmp_arguments("s", "name", model, NULL), NULL), model);
}

/* ---- a process ---- */

static int run_spawn(Run *run, int monitor, int words, Error *error) {
        char machine[64];
        const char *const argv[] = {
                run->probe->binary, "-S", "-no-user-config", "-nodefaults", "-nographic",
                "-machine", machine, "-chardev", "socket,id=monitor,fd=3",
                "-mon", "chardev=monitor,mode=control", NULL,
        };
        const ProcessSpec spec = { .argv = argv, .out = words, .err = words,
                                   .fds = &monitor, .n_fds = 1 };

        snprintf(machine, sizeof(machine), "none,accel=%s", run->accel);
        return process_new(run->probe->event, &spec, on_exited, run, &run->process, error);
}

static int run_start(Run *run, const char *accel, Error *error) {
        static const QmpHandlers handlers = { .closed = on_closed };
        _cleanup_(closep) int theirs = -1, ours = -1, words = -1;
        int fds[2];

        run->accel = accel;
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
                return fail_errno(error, -errno, "cannot make a socket for QMP");
        ours = fds[0];
        theirs = fds[1];
        if (pipe2(fds, O_CLOEXEC) < 0)
                return fail_errno(error, -errno, "cannot make a pipe");
        run->words = fds[0];
        words = fds[1];
        (void) fcntl(run->words, F_SETFL, O_NONBLOCK);
        int r = run_spawn(run, theirs, words, error);
        if (r >= 0)
                r = qmp_new(run->probe->event, ours, run->probe->binary, run->probe->patience,
                            &handlers, run, &run->qmp, error);
        if (r < 0)
                return r;
        TAKE_FD(ours);
        return 0;
}

/* ---- the questions ---- */

static const Question ask_model = { "query-cpu-model-expansion", found_model };
static const Question ask_host = { "query-cpu-model-expansion", found_host };
static const Question ask_device = { "device-list-properties", found_properties };
static const Question ask_object = { "qom-list-properties", found_properties };

static void expand_models(Run *run, json_object *answer) {
        for (size_t i = 0; i < json_length(answer); i++) {
                const char *name = json_text(json_object_array_get_idx(answer, i), "name");

                if (name && qemu_cpu_is_named(name))
                        ask_expansion(run, &ask_model, name);
        }
}

static const Question ask_kvm_cpus = { "query-cpu-definitions", found_cpus };
static const Question ask_tcg_cpus = { "query-cpu-definitions", found_cpus, false, expand_models };

/* With KVM its models are asked here, and TCG's of a process of their own. That one may fail:
 * there are builds without TCG. */
static void choose_cpus(Run *run, json_object *answer) {
        QemuProbe *probe = run->probe;
        Error ignored = {};

        if (!json_truth(answer, "enabled")) {
                ask(run, &ask_tcg_cpus, NULL, "tcg");
                return;
        }
        ask(run, &ask_kvm_cpus, NULL, "kvm");
        ask_expansion(run, &ask_host, "host");
        if (run_start(&probe->tcg_run, "tcg", &ignored) >= 0)
                ask(&probe->tcg_run, &ask_tcg_cpus, NULL, "tcg");
        else
                run_done(&probe->tcg_run);
        error_clear(&ignored);
}

static const Question questions[] = {
        { "query-version", found_version, true },
        { "query-target", found_target, true },
        { "query-kvm", found_kvm, true, choose_cpus },
        { "query-machines", found_machines, true },
        { "qom-list-types", found_types, true },
        { "query-qmp-schema", found_schema, true },
        { "query-command-line-options", found_options },
        { "query-gic-capabilities", found_gic },
};

/* How many virtual CPUs the kernel gives a guest. */
static int kvm_max_vcpus(void) {
#ifdef __linux__
        _cleanup_(closep) int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

        return fd < 0 ? 0 : ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);
#else
        return 0;
#endif
}

static int on_deadline(sd_event_source *source, uint64_t now, void *userdata) {
        QemuProbe *probe = userdata;
        Run *run = &probe->kvm_run;

        run_kill(&probe->tcg_run);
        if (!run->process && !run->qmp)
                return 0; /* all was said, but for TCG's models */
        (void) fail(&run->error, ERROR_OPERATION_TIMEOUT, "it did not answer within %g s",
                    (double) probe->patience / 1e6);
        if (run->process)
                run_kill(run);
        else
                run_over(run);
        return 0;
}

static int probe_start(QemuProbe *probe, bool kvm, Error *error) {
        int vcpus = kvm ? kvm_max_vcpus() : 0;
        int r = sd_event_add_time_relative(probe->event, &probe->deadline, CLOCK_MONOTONIC,
                                           probe->patience, 0, on_deadline, probe);

        if (r < 0 || (r = findings_init(&probe->findings)) < 0)
                return fail_errno(error, r, "cannot probe '%s'", probe->binary);
        if (json_object_object_add(probe->findings.document, "kvm-vcpus",
                                   json_object_new_int(MAX(vcpus, 0))) < 0)
                return fail_memory(error);
        r = run_start(&probe->kvm_run, kvm ? "kvm:tcg" : "tcg", error);
        if (r < 0) {
                error_prefix(error, "cannot probe '%s'", probe->binary);
                return r;
        }
        for (size_t i = 0; i < ELEMENTS(questions); i++)
                ask(&probe->kvm_run, &questions[i], NULL, NULL);
        ask_list(&probe->kvm_run, &ask_device, device_types, ELEMENTS(device_types));
        ask_list(&probe->kvm_run, &ask_object, object_types, ELEMENTS(object_types));
        return 0;
}

int qemu_probe_new(sd_event *event, const char *binary, bool kvm, uint64_t patience,
                   QemuProbed probed, void *userdata, QemuProbe **ret, Error *error) {
        _cleanup_(qemu_probe_freep) QemuProbe *probe = calloc(1, sizeof(QemuProbe));

        if (!probe)
                return fail_memory(error);
        probe->kvm_run = (Run) { .probe = probe, .words = -1 };
        probe->tcg_run = (Run) { .probe = probe, .words = -1 };
        probe->event = sd_event_ref(event);
        probe->patience = patience;
        probe->probed = probed;
        probe->userdata = userdata;
        if (!(probe->binary = strdup(binary)))
                return fail_memory(error);
        int r = probe_start(probe, kvm, error);
        if (r < 0)
                return r;
        *ret = TAKE(probe);
        return 0;
}
