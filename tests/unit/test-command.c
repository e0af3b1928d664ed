/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command lines: their parts, what is refused, and the judge that counts: QEMU starts with them.
 *
 *     test-command [FOLDER [CORPUS]]
 *
 * Every definition in FOLDER is completed, named and built, and QEMU is run with it until it
 * answers on its monitor. "@DIR@" in a definition stands for a folder with files to use as disks. A
 * definition that begins with "<!-- needs PATH -->" is skipped where that isn't there. Definitions
 * of the CORPUS that libvirt can start on x86 are built, or refused by the name of what isn't done.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "conf/xml.h"
#include "drivers/ports.h"
#include "tests/unit/qemu.h"

enum { MONITOR_FD = 3, TAP_FD = 9 };

static TestQemu qemu;
static char folder[PATH_MAX];
static bool verbose;

/* ---- building ---- */

static int build(const char *text, int n_taps, QemuCommand *ret, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        QemuTap taps[64];
        QemuPlaces places = { .monitor_fd = MONITOR_FD, .folder = folder, .state_folder = folder };
        int r;

        for (size_t i = 0; i < ELEMENTS(taps); i++)
                taps[i] = (QemuTap) { TAP_FD, -1 };
        if (n_taps) {
                places.taps = taps;
                places.n_taps = n_taps;
        }
        if ((r = conf_parse(text, 0, &conf, error)) < 0 ||
            (r = qemu_complete(conf, qemu.caps, error)) < 0 ||
            (r = qemu_assign_addresses(conf, qemu.caps, error)) < 0 ||
            (r = qemu_assign_aliases(conf, error)) < 0 ||
            (r = display_choose_ports(conf, error)) < 0 ||
            (r = qemu_choose_paths(conf, &places, error)) < 0)
                return r;
        return qemu_command_build(conf, qemu.caps, &places, ret, error);
}

static char *wrap(const char *machine, const char *system, const char *devices) {
        char *text;

        CHECK(asprintf(
                      &text,
                      "<domain type='qemu'><name>a</name><memory>131072</memory><os><type "
                      "arch='x86_64' "
                      "machine='%s'>hvm</type></os>%s<devices>%s</devices></domain>",
                      machine, system, devices) > 0);
        return text;
}

static void has(const char *machine, const char *system, const char *devices,
                const char *expected) {
        _cleanup_(freep) char *text = wrap(machine, system, devices), *line = NULL;
        _cleanup_(qemu_command_clear) QemuCommand command = {};
        Error error = {};

        if (build(text, 1, &command, &error) < 0)
                fprintf(stderr, "%s\n", error.message);
        CHECK(command.n > 0 && !command.argv[command.n]);
        for (size_t i = 0; i + 1 < command.n; i++) {
                free(line);
                CHECK(asprintf(&line, "%s %s", command.argv[i], command.argv[i + 1]) > 0);
                if (strstr(line, expected))
                        return;
        }
        _cleanup_(freep) char *whole = qemu_command_text(&command);
        fprintf(stderr, "no '%s' in\n%s\n", expected, whole);
        exit(1);
}

static void refused(const char *machine, const char *system, const char *devices,
                    const char *expected) {
        _cleanup_(freep) char *text = wrap(machine, system, devices);
        QemuCommand command = {};
        Error error = {};

        if (build(text, 0, &command, &error) >= 0)
                fprintf(stderr, "not refused: %s\n", expected);
        CHECK(error.code != ERROR_NONE);
        if (error.code != ERROR_CONFIG_UNSUPPORTED)
                fprintf(stderr, "%s\n", error.message);
        CHECK(error.code == ERROR_CONFIG_UNSUPPORTED);
        if (!strstr(error.message, expected)) {
                fprintf(stderr, "'%s' lacks '%s'\n", error.message, expected);
                exit(1);
        }
        error_clear(&error);
}

static void test_parts(void) {
        has("pc", "", "", "-chardev socket,id=charmonitor,fd=3,server=on,wait=off");
        has("pc", "", "", "-machine pc-i440fx-");
        has("pc", "", "", "acpi=off");
        has("pc", "", "", "-accel tcg");
        has("pc", "<on_reboot>destroy</on_reboot>", "", "-no-reboot");
        has("pc", "", "<serial type='pty'/>", "-chardev pty,id=charserial0");
        has("pc", "", "<serial type='pty'/>",
            "{\"driver\":\"isa-serial\",\"id\":\"serial0\",\"chardev\":\"charserial0\","
            "\"index\":0}");
        has("pc", "", "<interface type='bridge'><source bridge='br0'/></interface>",
            "{\"type\":\"tap\",\"fd\":\"9\",\"id\":\"hostnet0\"}");
        has("pc", "",
            "<disk type='file' device='disk'><source file='/a b'/><target dev='vda' "
            "bus='virtio'/></disk>",
            "{\"driver\":\"file\",\"filename\":\"/a b\",\"node-name\":\"libvirt-1-storage\","
            "\"auto-read-only\":true,"
            "\"discard\":\"unmap\"}");
        has("q35", "", "<interface type='user'><model type='virtio'/></interface>",
            "\"bus\":\"pci.1\",\"addr\":\"0x0\"");
}

static void test_host(void) {
        has("q35", "",
            "<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' "
            "bus='0x06' slot='0x12' function='0x5'/></source><rom bar='off'/></hostdev>",
            "\"host\":\"0000:06:12.5\",\"rombar\":0");
        has("pc", "",
            "<hostdev mode='subsystem' type='usb'><source guestReset='off'><address bus='14' "
            "device='6'/></source></hostdev>",
            "\"hostdevice\":\"/dev/bus/usb/014/006\",\"guest-reset\":false");
        has("pc", "",
            "<hostdev mode='subsystem' type='mdev' model='vfio-pci' display='on'><source><address "
            "uuid='53764d0e-85a0-42b4-af5c-2046b460b1dc'/></source></hostdev>"
            "<graphics type='vnc'/>",
            "/sys/bus/mdev/devices/53764d0e-85a0-42b4-af5c-2046b460b1dc\",\"display\":\"on\"");
        has("pc", "",
            "<interface type='hostdev' managed='yes'><source><address type='pci' domain='0x2424' "
            "bus='0x21' slot='0x1c' function='0x6'/></source></interface>",
            "\"driver\":\"vfio-pci\",\"id\":\"hostdev0\"");
        has("pc", "", "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>",
            "-tpmdev emulator,id=tpm-tpm0,chardev=chrtpm");
        has("pc", "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>",
            "<filesystem type='mount'><driver type='virtiofs' queue='512'/><source dir='/a'/>"
            "<target dir='tag'/></filesystem>",
            "\"chardev\":\"chr-vu-fs0\",\"queue-size\":512,\"tag\":\"tag\"");
        refused("pc", "",
                "<filesystem type='mount'><driver type='virtiofs'/><source dir='/a'/>"
                "<target dir='tag'/></filesystem>",
                "shared memory");
        refused("pc", "",
                "<filesystem type='ram'><source usage='1'/><target dir='tag'/></filesystem>",
                "only supports mount");
}

static void test_network_disks(void) {
#define DISK(source) "<disk type='network' device='disk'><driver name='qemu' type='raw'/>" source \
                     "<target dev='vda' bus='virtio'/></disk>"
        has("pc", "",
            DISK("<source protocol='https' name='a' query='b=c'><host name='::1'/><cookies><cookie "
                 "name='x'>y</cookie></cookies><ssl verify='no'/><readahead size='65536'/>"
                 "<timeout seconds='7'/></source>"),
            "\"url\":\"https://[::1]:443/a?b=c\",\"cookie-secret\":\"libvirt-1-storage-httpcookie-"
            "secret0\",\"sslverify\":false,\"readahead\":65536,\"timeout\":7");
        has("pc", "",
            DISK("<source protocol='iscsi' name='iqn.a:b/3'><host name='h' port='1'/><initiator>"
                 "<iqn name='iqn.me'/></initiator><auth username='u'><secret type='iscsi' "
                 "usage='s'/></auth></source>"),
            "\"target\":\"iqn.a:b\",\"lun\":3,\"transport\":\"tcp\",\"initiator-name\":\"iqn.me\","
            "\"user\":\"u\",\"password-secret\":\"libvirt-1-storage-auth-secret0\"");
        refused("pc", "", DISK("<source protocol='sheepdog' name='a'/>"), "sheepdog");
        refused("pc", "", DISK("<source protocol='nbd' name='a'/>"), "it needs a <host>");
        refused("pc", "",
                "<disk type='volume' device='disk'><source pool='p' volume='v'/>"
                "<target dev='vda' bus='virtio'/></disk>",
                "'v' of pool 'p'");
}

/* Devices and sections that few guests have. */
static void test_rare(void) {
        has("q35", "", "<shmem name='x' role='peer'><model type='ivshmem-plain'/></shmem>",
            "\"mem-path\":\"/dev/shm/x\",\"size\":4194304,\"share\":true");
        has("q35", "", "<vsock><cid address='42'/></vsock>", "\"guest-cid\":42");
        has("q35", "", "<iommu model='intel'><driver caching_mode='on' aw_bits='48'/></iommu>",
            "{\"driver\":\"intel-iommu\",\"id\":\"iommu0\",\"caching-mode\":true,\"aw-bits\":48}");
        has("pc", "", "<interface type='bridge'><source bridge='br0'/><model type='virtio'/>"
            "<driver queues='4'/></interface>", "\"mq\":true,\"vectors\":10");
        has("pc", "", "<interface type='vhostuser'><source type='unix' path='/a,b' mode='server'/>"
            "<model type='virtio'/></interface>", "socket,id=charnet0,path=/a,,b,server=on");
        has("pc", "", "<serial type='tcp'><source mode='connect' host='h' service='1' tls='yes'/>"
            "</serial>", "tls-creds=objcharserial0_tls0");
        has("pc", "<memoryBacking><hugepages/></memoryBacking>", "",
            "\"hugetlb\":true,\"share\":false");
        has("pc", "<numatune><memory mode='preferred' nodeset='0'/></numatune>", "",
            "\"host-nodes\":[0],\"policy\":\"preferred\"");
        has("pc", "", "<graphics type='spice' port='5930' tlsPort='5931' defaultMode='secure'/>",
            "tls-channel=default");
        has("pc", "", "<panic model='hyperv'/>", "hv-crash=on");
}

static void test_refused(void) {
        refused("pc", "", "<iommu model='smmuv3'/>", "smmuv3");
        refused("pc", "<features><smm><tseg unit='MiB'>8</tseg></smm></features>", "", "TSEG");
        refused("pc", "<launchSecurity type='s390-pv'/>", "", "s390-pv");
        refused("pc", "<cpu><model>qemu64</model><feature name='no-such'/></cpu>", "", "no-such");
        refused("pc", "", "<audio id='1' type='coreaudio'/>", "coreaudio");

        refused("pc", "", "<interface type='bridge'><source bridge='br0'/></interface>", "tap");
        refused("pc", "<cpu mode='host-passthrough'/>", "", "host-passthrough");
        refused("pc", "<cpu mode='custom'><model>Pentium99</model></cpu>", "", "Pentium99");
        refused("q35", "",
                "<disk type='file' device='disk'><source file='/a'/><target dev='hda' "
                "bus='ide'/></disk>",
                "IDE controller");
}

/* A password is set over QMP; whoever may list processes mustn't learn it. */
static void test_secret(void) {
        _cleanup_(freep) char *text = wrap("pc", "",
                                           "<graphics type='vnc' port='-1' passwd='sEcReT'/>"),
                              *line = NULL;
        _cleanup_(qemu_command_clear) QemuCommand command = {};

        CHECK(build(text, 0, &command, NULL) >= 0);
        CHECK((line = qemu_command_text(&command)));
        CHECK(!strstr(line, "sEcReT") && strstr(line, "password=on"));

        _cleanup_(freep) char *cookies = wrap("pc", "",
                                              DISK("<source protocol='http' name='a'><host "
                                                   "name='h'/><cookies><cookie name='c'>sEcReT"
                                                   "</cookie></cookies></source>"));
        _cleanup_(qemu_command_clear) QemuCommand other = {};
        free(line);
        CHECK(build(cookies, 0, &other, NULL) >= 0 && (line = qemu_command_text(&other)));
        CHECK(!strstr(line, "sEcReT") && other.n_secrets == 1);
        CHECK_TEXT(other.secrets[0].text, "c=sEcReT");
}

static void test_text(void) {
        char *argv[] = { (char *) "/usr/bin/qemu", (char *) "a b", (char *) "it's", (char *) "",
                         NULL };
        QemuCommand command = { argv, 4 };
        _cleanup_(freep) char *line = qemu_command_text(&command);

        CHECK_TEXT(line, "/usr/bin/qemu 'a b' 'it'\\''s' ''");
}

/* ---- running ---- */

static void make_file(const char *name, off_t size) {
        char path[PATH_MAX + 64];

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
        CHECK(fd >= 0 && ftruncate(fd, size) == 0);
        close(fd);
}

static void make_files(void) {
        static const char *const disks[] = { "a.img", "b.img", "c.img", "c,comma.img",
                                             "d.img", "e.img", "f.img" };
        char path[PATH_MAX + 64];

        snprintf(folder, sizeof(folder), "%s/files", qemu.root);
        CHECK(mkdir(folder, 0700) == 0);
        for (size_t i = 0; i < ELEMENTS(disks); i++)
                make_file(disks[i], 1 << 20);
        make_file("floppy.img", 1440 << 10);
        make_file("vars.fd", 528 << 10);
        snprintf(path, sizeof(path), "%s/folder", folder);
        CHECK(mkdir(path, 0700) == 0);
        static const char *const fifos[] = { "fifo.in", "fifo.out" };
        for (size_t i = 0; i < ELEMENTS(fifos); i++) {
                snprintf(path, sizeof(path), "%s/%s", folder, fifos[i]);
                CHECK(mkfifo(path, 0600) == 0);
        }
}

static int monitor_listen(struct sockaddr_un *ret) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        *ret = (struct sockaddr_un) { .sun_family = AF_UNIX };
        snprintf(ret->sun_path, sizeof(ret->sun_path), "%s/monitor", qemu.root);
        unlink(ret->sun_path);
        CHECK(fd >= 0 && bind(fd, (struct sockaddr *) ret, sizeof(*ret)) == 0 &&
              listen(fd, 1) == 0);
        return fd;
}

static pid_t spawn(const QemuCommand *command, int monitor) {
        pid_t pid = fork();

        CHECK(pid >= 0);
        if (pid > 0)
                return pid;
        if (dup2(monitor, 100) < 0 || dup2(100, MONITOR_FD) < 0)
                _exit(126);
        execv(command->argv[0], command->argv);
        _exit(127);
}

/* Says something and waits for a line with these words; false at the end of the conversation. */
static bool converse(int fd, const char *say, const char *expected) {
        char text[65536];
        size_t n = 0;

        if (say && write(fd, say, strlen(say)) < 0)
                return false;
        while (n < sizeof(text) - 1) {
                ssize_t got = read(fd, text + n, sizeof(text) - 1 - n);

                if (got <= 0)
                        return false;
                text[n += got] = '\0';
                if (strstr(text, expected))
                        return true;
        }
        return false;
}

static bool runs(const QemuCommand *command) {
        struct sockaddr_un address;
        _cleanup_(closep) int monitor = monitor_listen(&address), fd = -1;
        struct timeval patience = { .tv_sec = 60 };
        pid_t pid;
        int status;

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CHECK(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0);
        CHECK(connect(fd, (struct sockaddr *) &address, sizeof(address)) == 0);
        pid = spawn(command, monitor);
        close(TAKE_FD(monitor)); /* the conversation ends with the process */
        bool good = converse(fd, NULL, "\"QMP\"") &&
                    converse(fd, "{\"execute\":\"qmp_capabilities\"}\n", "\"return\"") &&
                    converse(fd, "{\"execute\":\"query-status\"}\n", "\"prelaunch\"") &&
                    converse(fd, "{\"execute\":\"quit\"}\n", "\"return\"");
        if (!good)
                (void) kill(pid, SIGKILL);
        CHECK(waitpid(pid, &status, 0) == pid);
        return good && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static char *fill_in(const char *text) {
        char *out = strdup(""), *grown;

        for (const char *at; (at = strstr(text, "@DIR@")); text = at + 5) {
                CHECK(asprintf(&grown, "%s%.*s%s", out, (int) (at - text), text, folder) >= 0);
                free(out);
                out = grown;
        }
        CHECK(asprintf(&grown, "%s%s", out, text) >= 0);
        free(out);
        return grown;
}

static bool is_needed_there(const char *text) {
        char path[PATH_MAX];

        return sscanf(text, "<!-- needs %4095s", path) != 1 || access(path, R_OK) == 0;
}

static bool try_file(const char *path) {
        _cleanup_(freep) char *raw = test_read(path), *text = NULL, *line = NULL;
        _cleanup_(qemu_command_clear) QemuCommand command = {};
        Error error = {};

        CHECK(raw);
        if (!is_needed_there(raw)) {
                fprintf(stderr, "SKIPPED: %s: what it needs isn't there\n", path);
                return true;
        }
        text = fill_in(raw);
        if (build(text, 0, &command, &error) < 0) {
                fprintf(stderr, "%s: %s\n", path, error.message);
                error_clear(&error);
                return false;
        }
        if (runs(&command))
                return true;
        line = qemu_command_text(&command);
        fprintf(stderr, "%s: QEMU doesn't come up with\n%s\n", path, line);
        return false;
}

static void test_runs(const char *where) {
        struct dirent **entries;
        int n = scandir(where, &entries, NULL, alphasort), failed = 0, tried = 0;

        CHECK(n >= 0);
        for (int i = 0; i < n; i++) {
                char path[PATH_MAX];

                snprintf(path, sizeof(path), "%s/%s", where, entries[i]->d_name);
                if (strstr(entries[i]->d_name, ".xml")) {
                        failed += !try_file(path);
                        tried++;
                }
                free(entries[i]);
        }
        free(entries);
        printf("%d of %d definitions come up in QEMU\n", tried - failed, tried);
        CHECK(tried > 0 && failed == 0);
}

/* ---- the corpus ---- */

static bool can_start(char *line, char **ret_file) {
        char *columns[8] = {}, *save = NULL;
        size_t n = 0;

        for (char *p = strtok_r(line, "\t\n", &save); p && n < 8; p = strtok_r(NULL, "\t\n", &save))
                columns[n++] = p;
        if (n < 7 || strncmp(columns[0], "qemuxml2argvdata/", 17) != 0 ||
            !strstr(columns[3], ".args"))
                return false;
        *ret_file = columns[0];
        return strcmp(columns[4], "valid") == 0 &&
               (strcmp(columns[5], "x86_64") == 0 || strcmp(columns[5], "i686") == 0) &&
               (strncmp(columns[6], "pc", 2) == 0 || strncmp(columns[6], "q35", 3) == 0);
}

static void test_corpus(const char *corpus) {
        size_t built = 0, not_done = 0, wrong = 0, size = 0;
        char path[PATH_MAX], *line = NULL, *file;

        snprintf(path, sizeof(path), "%s/MANIFEST.tsv", corpus);
        FILE *manifest = fopen(path, "re");
        if (!manifest) {
                fprintf(stderr, "SKIPPED: no corpus in %s\n", corpus);
                return;
        }
        while (getline(&line, &size, manifest) > 0) {
                _cleanup_(qemu_command_clear) QemuCommand command = {};
                Error error = {};

                if (!can_start(line, &file))
                        continue;
                snprintf(path, sizeof(path), "%s/%s", corpus, file);
                _cleanup_(freep) char *text = test_read(path);
                if (!text)
                        continue;
                int r = build(text, 64, &command, &error);
                if (verbose && r < 0)
                        printf("%s: %s\n", file, error.message ?: "");
                built += r >= 0;
                not_done += r < 0 && error.code == ERROR_CONFIG_UNSUPPORTED;
                wrong += r < 0 && error.code != ERROR_CONFIG_UNSUPPORTED;
                error_clear(&error);
        }
        free(line);
        fclose(manifest);
        printf("corpus: %zu built, %zu refused as not supported, %zu refused otherwise\n", built,
               not_done, wrong);
}

int main(int argc, char **argv) {
        signal(SIGPIPE, SIG_IGN);
        verbose = argc > 3;
        if (!test_qemu_open(&qemu)) {
                test_qemu_close(&qemu);
                return 77;
        }
        make_files();
        test_parts();
        test_rare();
        test_host();
        test_network_disks();
        test_refused();
        test_secret();
        test_text();
        if (argc > 1)
                test_runs(argv[1]);
        if (argc > 2)
                test_corpus(argv[2]);
        test_qemu_close(&qemu);
        return 0;
}
