/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pump between a pty and its holder: all bytes, unchanged, both ways, and how it ends. */
#include "drivers/console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <termios.h>

#include "tests/unit/check.h"

#define TOTAL (1u << 20)

static sd_event *loop;

typedef struct Watch {
        unsigned closed;
        bool keep;
} Watch;

static void closed(Console *console, void *userdata) {
        Watch *watch = userdata;

        watch->closed++;
        if (!watch->keep)
                console_free(console);
}

/* A pty, its master where a guest would have it. */
static int open_master(char name[static 64]) {
        int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

        CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
        CHECK(ptsname_r(master, name, 64) == 0);
        return master;
}

static Console *open_console(const char *name, Watch *watch, int *ret_fd) {
        Console *console;

        int slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
        CHECK(slave >= 0);
        CHECK(console_new(loop, slave, closed, watch, ret_fd, &console, NULL) == 0);
        CHECK((fcntl(*ret_fd, F_GETFL) & O_NONBLOCK) == 0);
        CHECK(fcntl(*ret_fd, F_SETFL, O_NONBLOCK) == 0);
        return console;
}

/* Runs the loop until nothing happens any more. */
static void settle(void) {
        while (sd_event_run(loop, 20 * 1000) > 0)
                ;
}

static void wait_for(const unsigned *number) {
        while (*number == 0)
                CHECK(sd_event_run(loop, 5 * 1000 * 1000) > 0);
}

static char byte_at(size_t position, char seed) {
        return (char) (position * 31 + position / 251 + seed);
}

/* Every value of a byte, with the ones a terminal likes to change among them. */
static void pour(int fd, size_t *position, char seed) {
        char block[3000];

        if (*position == TOTAL)
                return;
        size_t n = MIN(sizeof(block), TOTAL - *position);
        for (size_t i = 0; i < n; i++)
                block[i] = byte_at(*position + i, seed);
        ssize_t k = write(fd, block, n);
        CHECK(k > 0 || errno == EAGAIN);
        if (k > 0)
                *position += k;
}

static void drink(int fd, size_t *position, char seed) {
        char block[5000];

        ssize_t k = read(fd, block, sizeof(block));
        CHECK(k > 0 || errno == EAGAIN);
        for (ssize_t i = 0; i < k; i++)
                CHECK(block[i] == byte_at(*position + i, seed));
        if (k > 0)
                *position += k;
}

static void test_bytes(void) {
        size_t guest_out = 0, guest_in = 0, client_out = 0, client_in = 0;
        char name[64];
        Watch watch = {};
        int client;

        int master = open_master(name);
        Console *console = open_console(name, &watch, &client);
        while (guest_in < TOTAL || client_in < TOTAL) {
                pour(master, &guest_out, 1);
                pour(client, &client_out, 2);
                CHECK(sd_event_run(loop, 10 * 1000) >= 0);
                drink(client, &client_in, 1);
                drink(master, &guest_in, 2);
        }
        CHECK(watch.closed == 0);
        console_free(console);
        char byte;
        CHECK(read(client, &byte, 1) == 0);
        close(client);
        close(master);
}

/* Nobody reads: the pump takes a bounded amount and doesn't spin. */
static void test_back_pressure(void) {
        size_t client_out = 0, before = 1, guest_in = 0, guest_out = 0;
        char name[64];
        Watch watch = {};
        int client;

        int master = open_master(name);
        Console *console = open_console(name, &watch, &client);
        while (client_out != before) {
                before = client_out;
                pour(client, &client_out, 3);
                settle();
        }
        CHECK(client_out > 20000 && client_out < TOTAL);
        before = 1;
        while (guest_out != before) {
                before = guest_out;
                pour(master, &guest_out, 3);
                settle();
        }
        CHECK(guest_out > 20000 && guest_out < TOTAL);
        CHECK(sd_event_run(loop, 0) == 0);
        while (guest_in < client_out) {
                drink(master, &guest_in, 3);
                CHECK(sd_event_run(loop, 10 * 1000) >= 0);
        }
        CHECK(watch.closed == 0);
        console_free(console);
        close(client);
        close(master);
}

/* The new holder has the device, the old one an end of file. */
static void test_replaced(void) {
        char name[64], text[16] = {};
        Watch first_watch = {}, second_watch = {};
        int first, second;

        int master = open_master(name);
        Console *console = open_console(name, &first_watch, &first);
        console_free(console);
        console = open_console(name, &second_watch, &second);
        CHECK(read(first, text, sizeof(text)) == 0);
        CHECK(write(master, "hello\n", 6) == 6);
        settle();
        CHECK(read(second, text, sizeof(text)) == 6 && memcmp(text, "hello\n", 6) == 0);
        CHECK(send(first, "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE);
        CHECK(write(second, "\003\r", 2) == 2);
        settle();
        CHECK(read(master, text, sizeof(text)) == 2 && memcmp(text, "\003\r", 2) == 0);
        CHECK(first_watch.closed == 0 && second_watch.closed == 0);
        console_free(console);
        close(first);
        close(second);
        close(master);
}

static void test_device_closed(void) {
        char name[64], byte;
        Watch watch = { .keep = true };
        int client;

        int master = open_master(name);
        Console *console = open_console(name, &watch, &client);
        CHECK(write(client, "lost", 4) == 4);
        close(master);
        wait_for(&watch.closed);
        settle();
        CHECK(watch.closed == 1);
        CHECK(read(client, &byte, 1) < 0 && errno == EAGAIN); /* until it is freed */
        console_free(console);
        CHECK(read(client, &byte, 1) == 0);
        close(client);
}

/* What was written before closing still arrives. */
static void test_client_closed(void) {
        char name[64], text[16] = {};
        Watch watch = {};
        int client;

        int master = open_master(name);
        (void) open_console(name, &watch, &client);
        CHECK(write(client, "last words", 10) == 10);
        CHECK(write(master, "unread", 6) == 6);
        close(client);
        wait_for(&watch.closed);
        CHECK(watch.closed == 1);
        CHECK(read(master, text, sizeof(text)) == 10 && strcmp(text, "last words") == 0);
        close(master);
}

static void test_client_shuts_down(void) {
        char name[64], text[16] = {};
        Watch watch = {};
        int client;

        int master = open_master(name);
        (void) open_console(name, &watch, &client);
        CHECK(write(client, "question", 8) == 8 && shutdown(client, SHUT_WR) == 0);
        settle();
        CHECK(read(master, text, sizeof(text)) == 8 && watch.closed == 0);
        CHECK(write(master, "answer", 6) == 6);
        settle();
        CHECK(read(client, text, sizeof(text)) == 6 && memcmp(text, "answer", 6) == 0);
        CHECK(watch.closed == 0);
        close(client);
        wait_for(&watch.closed);
        close(master);
}

/* The client goes while the guest doesn't read: a second, and it is over. */
static void test_client_closed_guest_stuck(void) {
        size_t written = 0;
        char name[64];
        Watch watch = {};
        int client;

        int master = open_master(name);
        (void) open_console(name, &watch, &client);
        for (int i = 0; i < 50; i++) {
                pour(client, &written, 4);
                settle();
        }
        close(client);
        settle();
        CHECK(watch.closed == 0);
        CHECK(sd_event_run(loop, 0) == 0); /* waits, doesn't spin */
        wait_for(&watch.closed);
        CHECK(watch.closed == 1);
        close(master);
}

/* What isn't a terminal works too. */
static void test_socket(void) {
        char text[16] = {};
        Watch watch = {};
        Console *console;
        Error error = {};
        int ends[2], client;

        CHECK(console_new(loop, 999, closed, &watch, &client, &console, &error) == -EBADF);
        CHECK(error.code == ERROR_SYSTEM);
        error_clear(&error);
        CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
        CHECK(console_new(loop, ends[0], closed, &watch, &client, &console, NULL) == 0);
        CHECK(write(ends[1], "from", 4) == 4 && write(client, "to", 2) == 2);
        settle();
        CHECK(read(client, text, sizeof(text)) == 4 && read(ends[1], text, sizeof(text)) == 2);
        CHECK(write(ends[1], "bye", 3) == 3);
        close(ends[1]);
        wait_for(&watch.closed);
        CHECK(read(client, text, sizeof(text)) == 3 && read(client, text, sizeof(text)) == 0);
        close(client);
}

int main(void) {
        CHECK(sd_event_new(&loop) >= 0);
        test_bytes();
        test_back_pressure();
        test_replaced();
        test_device_closed();
        test_client_closed();
        test_client_shuts_down();
        test_client_closed_guest_stuck();
        test_socket();
        console_free(NULL);
        sd_event_unref(loop);
        return 0;
}
