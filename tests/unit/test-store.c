/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file store: where things go, and that a file is the old or the new one whatever happens. */
#include "conf/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/unit/check.h"

#define ROUNDS 200
#define TEXT_SIZE 200000

static char root[] = "/var/tmp/test-store-XXXXXX";

static char *read_text(Store *store, StoreRoom room, const char *name) {
        static char text[TEXT_SIZE + 1];
        _cleanup_(freep) char *whole = NULL;

        if (store_read(store, room, name, TEXT_SIZE, &whole, NULL) < 0)
                return NULL;
        return strcpy(text, whole);
}

static int count(const char *name, void *userdata) {
        (*(unsigned *) userdata)++;
        return 0;
}

static unsigned list(Store *store, StoreRoom room, const char *folder, const char *suffix) {
        unsigned n = 0;

        CHECK(store_list(store, room, folder, suffix, count, &n, NULL) == 0);
        return n;
}

/* The files a folder really has. */
static unsigned entries(const char *folder) {
        char command[512];
        unsigned n;

        snprintf(command, sizeof(command), "ls -A %s%s | wc -l", root, folder);
        FILE *pipe = popen(command, "r");
        CHECK(fscanf(pipe, "%u", &n) == 1);
        pclose(pipe);
        return n;
}

static void check_path(bool session, StoreRoom room, const char *expected) {
        Store *store;

        CHECK(store_new(session, "", &store, NULL) == 0);
        _cleanup_(freep) char *path = store_path(store, room, NULL);
        CHECK_TEXT(path, expected);
        store_free(store);
}

static void test_rooms(void) {
        check_path(false, STORE_CONFIG, "/etc/virtbus");
        check_path(false, STORE_RUNTIME, "/run/virtbus");
        check_path(false, STORE_STATE, "/var/lib/virtbus");
        check_path(false, STORE_CACHE, "/var/cache/virtbus");

        setenv("HOME", "/home/u", 1);
        setenv("XDG_CONFIG_HOME", "relative", 1); /* to be ignored */
        unsetenv("XDG_RUNTIME_DIR");
        unsetenv("XDG_DATA_HOME");
        unsetenv("XDG_CACHE_HOME");
        check_path(true, STORE_CONFIG, "/home/u/.config/virtbus");
        check_path(true, STORE_RUNTIME, "/home/u/.cache/virtbus/run");
        check_path(true, STORE_STATE, "/home/u/.local/share/virtbus");
        check_path(true, STORE_CACHE, "/home/u/.cache/virtbus");
        setenv("XDG_CONFIG_HOME", "/c", 1);
        setenv("XDG_RUNTIME_DIR", "/r", 1);
        setenv("XDG_DATA_HOME", "/d", 1);
        setenv("XDG_CACHE_HOME", "/x", 1);
        check_path(true, STORE_CONFIG, "/c/virtbus");
        check_path(true, STORE_RUNTIME, "/r/virtbus");
        check_path(true, STORE_STATE, "/d/virtbus");
        check_path(true, STORE_CACHE, "/x/virtbus");
}

static void test_names(Store *store) {
        static const char *const bad[] = {
                "/etc/passwd", "../x", "a/../b", "a/./b", "a//b", "a/", ".", "..", "",
                ".x.0123abcd~", ".x.0123abcd~/a",
        };
        Error error = {};
        char *text;

        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                CHECK(store_write(store, STORE_RUNTIME, bad[i], "x", &error) == -EINVAL);
                CHECK(error.code == ERROR_INVALID_ARG);
                error_clear(&error);
                CHECK(store_remove(store, STORE_RUNTIME, bad[i], NULL) == -EINVAL);
                CHECK(store_link(store, STORE_RUNTIME, "x", bad[i], NULL) == -EINVAL);
                if (bad[i][0] == 0)
                        continue;
                CHECK(store_read(store, STORE_RUNTIME, bad[i], 10, &text, NULL) == -EINVAL);
                CHECK(!store_path(store, STORE_RUNTIME, bad[i]));
                CHECK(!store_exists(store, STORE_RUNTIME, bad[i]));
        }
        CHECK(store_write(store, STORE_RUNTIME, ".hidden.xml", "x", NULL) == 0);
        CHECK(store_write(store, STORE_RUNTIME, "...", "x", NULL) == 0);

        char longest[256];
        memset(longest, 'x', sizeof(longest) - 1);
        longest[sizeof(longest) - 1] = 0;
        CHECK(store_write(store, STORE_RUNTIME, longest, "x", &error) == 0);
        CHECK(store_remove(store, STORE_RUNTIME, longest, &error) == 0);
}

static void test_files(Store *store) {
        _cleanup_(freep) char *path = store_path(store, STORE_CONFIG, "qemu/a.xml");
        Error error = {};
        struct stat st;
        char *text;

        CHECK(store_read(store, STORE_CONFIG, "qemu/a.xml", 10, &text, &error) == -ENOENT);
        CHECK(error.code == ERROR_NONE);
        CHECK(store_remove(store, STORE_CONFIG, "qemu/a.xml", &error) == 0);
        CHECK(list(store, STORE_CONFIG, "qemu", ".xml") == 0);

        CHECK(store_write(store, STORE_CONFIG, "qemu/a.xml", "one", &error) == 0);
        CHECK_TEXT(read_text(store, STORE_CONFIG, "qemu/a.xml"), "one");
        CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600);
        *strrchr(path, '/') = 0;
        CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0700);
        CHECK(store_write(store, STORE_CONFIG, "qemu/a.xml", "", &error) == 0);
        CHECK_TEXT(read_text(store, STORE_CONFIG, "qemu/a.xml"), "");
        CHECK(store_write(store, STORE_CONFIG, "qemu/b.xml", "two", &error) == 0);

        CHECK(store_read(store, STORE_CONFIG, "qemu/b.xml", 2, &text, &error) == -EFBIG);
        CHECK(strstr(error.message, "qemu/b.xml"));
        error_clear(&error);
        CHECK(store_read(store, STORE_CONFIG, "qemu", 2, &text, NULL) == -EISDIR);
        CHECK(store_write(store, STORE_CONFIG, "qemu/a.xml/c", "x", &error) == -ENOTDIR);
        error_clear(&error);
        CHECK(store_remove(store, STORE_CONFIG, "qemu", NULL) == -EISDIR);

        CHECK(store_link(store, STORE_CONFIG, "../b.xml", "qemu/autostart/b.xml", &error) == 0);
        CHECK(store_link(store, STORE_CONFIG, "../a.xml", "qemu/autostart/b.xml", &error) == 0);
        CHECK_TEXT(read_text(store, STORE_CONFIG, "qemu/autostart/b.xml"), "");
        CHECK(store_exists(store, STORE_CONFIG, "qemu/autostart/b.xml"));
        CHECK(list(store, STORE_CONFIG, "qemu", ".xml") == 2);
        CHECK(list(store, STORE_CONFIG, "qemu", ".txt") == 0);
        CHECK(store_remove(store, STORE_CONFIG, "qemu/a.xml", &error) == 0);
        CHECK(!store_exists(store, STORE_CONFIG, "qemu/a.xml"));
        /* a link to nothing is there */
        CHECK(store_exists(store, STORE_CONFIG, "qemu/autostart/b.xml"));
        CHECK(list(store, STORE_CONFIG, "qemu", ".xml") == 1);
}

static void test_left_overs(Store *store) {
        char command[256];

        CHECK(store_write(store, STORE_CONFIG, "left/a.xml", "x", NULL) == 0);
        snprintf(command, sizeof(command), "cd %s/etc/virtbus/left && touch .a.xml.0123abcd~ .b~ "
                 ".a.xml.0123ABCD~ a.xml.0123abcd~ && ln -s a.xml .c.00000000~", root);
        CHECK(system(command) == 0);
        CHECK(entries("/etc/virtbus/left") == 6);
        CHECK(list(store, STORE_CONFIG, "left", ".xml") == 1);
        CHECK(entries("/etc/virtbus/left") == 4);
}

static int stop(const char *name, void *userdata) {
        return -ECANCELED;
}

static void test_special_files(Store *store) {
        _cleanup_(freep) char *fifo = store_path(store, STORE_STATE, "odd/fifo.xml");
        _cleanup_(freep) char *zero = store_path(store, STORE_STATE, "odd/zero.xml");
        Error error = {};
        char *text;

        CHECK(store_write(store, STORE_STATE, "odd/zero.xml", "x", NULL) == 0);
        CHECK(mkfifo(fifo, 0600) == 0 && truncate(zero, 4) == 0);
        CHECK(store_read(store, STORE_STATE, "odd/fifo.xml", 10, &text, NULL) == -EINVAL);
        CHECK(store_read(store, STORE_STATE, "odd/zero.xml", 10, &text, NULL) == -EILSEQ);
        CHECK(list(store, STORE_STATE, "odd", ".xml") == 1);
        CHECK(store_list(store, STORE_STATE, "odd", ".xml", stop, NULL, &error) == -ECANCELED);
}

/* Folders that go away behind the store's back, more of them than stay open, and whole trees. */
static void test_folders(Store *store) {
        _cleanup_(freep) char *path = store_path(store, STORE_RUNTIME, "vm3");
        char name[64], command[512];
        Error error = {};

        for (int i = 0; i < 40; i++) {
                snprintf(name, sizeof(name), "vm%d/state.xml", i % 20);
                CHECK(store_write(store, STORE_RUNTIME, name, name, NULL) == 0);
        }
        for (int i = 0; i < 20; i++) {
                snprintf(name, sizeof(name), "vm%d/state.xml", i);
                CHECK_TEXT(read_text(store, STORE_RUNTIME, name), name);
        }
        CHECK(store_write(store, STORE_RUNTIME, "vm3/state.xml", "1", NULL) == 0);
        snprintf(command, sizeof(command), "rm -r %s && mkdir %s", path, path);
        CHECK(system(command) == 0);
        CHECK(store_write(store, STORE_RUNTIME, "vm3/state.xml", "2", &error) == 0);
        CHECK_TEXT(read_text(store, STORE_RUNTIME, "vm3/state.xml"), "2");

        CHECK(store_write(store, STORE_RUNTIME, "vm3/a/b/c", "x", NULL) == 0);
        CHECK(store_link(store, STORE_RUNTIME, "../vm4", "vm3/a/vm4", NULL) == 0);
        CHECK(store_remove_tree(store, STORE_RUNTIME, "vm3", &error) == 0);
        CHECK(store_remove_tree(store, STORE_RUNTIME, "vm3", &error) == 0);
        CHECK(!store_exists(store, STORE_RUNTIME, "vm3"));
        CHECK(store_exists(store, STORE_RUNTIME, "vm4/state.xml"));
        CHECK(store_write(store, STORE_RUNTIME, "vm3/state.xml", "3", &error) == 0);
        CHECK_TEXT(read_text(store, STORE_RUNTIME, "vm3/state.xml"), "3");
        CHECK(store_remove_tree(store, STORE_RUNTIME, "", NULL) == -EINVAL);
        CHECK(store_remove_tree(store, STORE_RUNTIME, "../virtbus", NULL) == -EINVAL);
        CHECK(store_remove_tree(store, STORE_CONFIG, "qemu", NULL) == -EINVAL);

        int fd = store_open_folder(store, STORE_STATE, "nvram/deep", &error);
        CHECK(fd >= 0 && close(fd) == 0);
        fd = store_open_folder(store, STORE_STATE, "", &error);
        CHECK(fd >= 0 && close(fd) == 0);
}

static char *filled(char *text, char with) {
        memset(text, with, TEXT_SIZE);
        text[TEXT_SIZE] = 0;
        return text;
}

_Noreturn static void write_for_ever(Store *store, StoreRoom room, char *old, char *new) {
        while (true) {
                CHECK(store_write(store, room, "torn/a.xml", new, NULL) == 0);
                CHECK(store_write(store, room, "torn/a.xml", old, NULL) == 0);
        }
}

/* A writer that is killed at any moment leaves the old file or the new one, and at most one other
 * file, which the next listing removes. */
static void test_kill(Store *store, StoreRoom room, const char *folder) {
        static char old[TEXT_SIZE + 1], new[TEXT_SIZE + 1];
        unsigned with_old = 0, left_over = 0;

        CHECK(store_write(store, room, "torn/a.xml", filled(old, 'o'), NULL) == 0);
        filled(new, 'n');
        for (int i = 0; i < ROUNDS; i++) {
                struct timespec moment = { .tv_nsec = 200000 + random() % 3000000 };
                pid_t pid = fork();

                if (pid == 0)
                        write_for_ever(store, room, old, new);
                nanosleep(&moment, NULL);
                CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);

                const char *text = read_text(store, room, "torn/a.xml");
                CHECK(text && (strcmp(text, old) == 0 || strcmp(text, new) == 0));
                with_old += text[0] == 'o';
                unsigned n = entries(folder);
                CHECK(n == 1 || n == 2);
                left_over += n == 2;
                CHECK(list(store, room, "torn", ".xml") == 1);
                CHECK(entries(folder) == 1);
        }
        printf("%s: %d writers killed: %u times the old text, %u left-overs removed\n", folder,
               ROUNDS, with_old, left_over);
}

/* In a mount namespace of its own. */
static void check_full_disk(void) {
        static char big[TEXT_SIZE + 1];
        _cleanup_(store_freep) Store *store = NULL;
        Error error = {};

        CHECK(store_new(false, root, &store, NULL) == 0);
        CHECK(store_write(store, STORE_CONFIG, "full/a.xml", "old", &error) == 0);
        CHECK(store_write(store, STORE_CONFIG, "full/a.xml", filled(big, 'b'), &error) == -ENOSPC);
        CHECK(error.code == ERROR_SYSTEM && strstr(error.message, "/full/a.xml"));
        error_clear(&error);
        CHECK_TEXT(read_text(store, STORE_CONFIG, "full/a.xml"), "old");
        CHECK(entries("/etc/virtbus/full") == 1);
        CHECK(store_write(store, STORE_CONFIG, "full/a.xml", "new", &error) == 0);
        CHECK_TEXT(read_text(store, STORE_CONFIG, "full/a.xml"), "new");
        CHECK(store_remove(store, STORE_CONFIG, "full/a.xml", &error) == 0);
}

static void test_full_disk(void) {
        int status;

        pid_t pid = fork();
        if (pid == 0) {
                if (unshare(CLONE_NEWNS) < 0 ||
                    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
                    mount("none", root, "tmpfs", 0, "size=64k") < 0)
                        _exit(77);
                check_full_disk();
                _exit(0);
        }
        CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
        if (WEXITSTATUS(status) == 77)
                printf("SKIPPED: a full disk, because nothing can be mounted here\n");
        else
                CHECK(WEXITSTATUS(status) == 0);
}

static void test_latency(Store *store, StoreRoom room, const char *what) {
        struct timespec from, to;
        const int rounds = 200;
        char name[32];

        clock_gettime(CLOCK_MONOTONIC, &from);
        for (int i = 0; i < rounds; i++) {
                snprintf(name, sizeof(name), "speed/%d.xml", i);
                CHECK(store_write(store, room, name, "<domain/>", NULL) == 0);
        }
        clock_gettime(CLOCK_MONOTONIC, &to);
        printf("a %s write takes %.3f ms on average\n", what,
               ((to.tv_sec - from.tv_sec) * 1e3 + (to.tv_nsec - from.tv_nsec) / 1e6) / rounds);
}

int main(void) {
        _cleanup_(store_freep) Store *store = NULL;
        char command[64];

        CHECK(mkdtemp(root));
        CHECK(store_new(false, root, &store, NULL) == 0);
        test_rooms();
        test_names(store);
        test_files(store);
        test_left_overs(store);
        test_special_files(store);
        test_folders(store);
        test_kill(store, STORE_CONFIG, "/etc/virtbus/torn");
        test_kill(store, STORE_RUNTIME, "/run/virtbus/torn");
        test_full_disk();
        test_latency(store, STORE_CONFIG, "durable");
        test_latency(store, STORE_RUNTIME, "runtime");
        store_free(NULL);
        snprintf(command, sizeof(command), "rm -r %s", root);
        CHECK(system(command) == 0);
        return 0;
}
