/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Images of saved Xen guests: what is written is read again, another definition is put in place,
 * libvirt's images are read, and what is torn, damaged or something else is refused in words. No
 * Xen is needed. */
#include <fcntl.h>
#include <string.h>

#include "drivers/xen/driver.h"
#include "drivers/xen/image.h"
#include "tests/unit/check.h"

#define UUID_TEXT "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
#define STREAM "the stream of libxl"

static char path[] = "/tmp/virtbus-xen-image-XXXXXX";

static const char *xml_of(const char *uuid, const char *title) {
        static char text[200000];

        (void) snprintf(text, sizeof(text),
                        "<domain type='xen'><name>saved</name><uuid>%s</uuid><title>%s</title>"
                        "<memory unit='MiB'>64</memory><vcpu>1</vcpu><os>"
                        "<type arch='x86_64' machine='xenpv'>linux</type><kernel>/k</kernel></os>"
                        "</domain>", uuid, title);
        return text;
}

static void put(const void *data, size_t size, off_t at, bool anew) {
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (anew ? O_TRUNC : 0), 0600);

        CHECK(fd >= 0 && pwrite(fd, data, size, at) == (ssize_t) size);
        close(fd);
}

/* A whole image of ours, or one whose save never ended. */
static void write_image(bool paused, bool whole) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        CHECK(fd >= 0 && xen_conf_parse(xml_of(UUID_TEXT, "first"), 0, &conf, NULL) >= 0);
        CHECK(xen_image_begin(fd, conf, paused, NULL) >= 0);
        CHECK(write(fd, STREAM, sizeof(STREAM)) == sizeof(STREAM));
        CHECK(!whole || xen_image_end(fd, NULL) >= 0);
        close(fd);
}

static void check_image(const char *title, bool paused, uint32_t version) {
        _cleanup_(xen_image_done) XenImage image = { .fd = -1 };
        _cleanup_(error_clear) Error error = {};
        char stream[sizeof(STREAM)];

        CHECK(xen_image_open(path, false, &image, &error) >= 0);
        CHECK_TEXT(image.conf->title, title);
        CHECK(image.paused == paused && image.stream == version);
        CHECK(read(image.fd, stream, sizeof(stream)) == sizeof(stream));
        CHECK(memcmp(stream, STREAM, sizeof(STREAM)) == 0);
}

static void refused(const char *word) {
        _cleanup_(xen_image_done) XenImage image = { .fd = -1 };
        _cleanup_(error_clear) Error error = {};

        CHECK(xen_image_open(path, false, &image, &error) < 0);
        CHECK(error.message && strstr(error.message, word));
        CHECK(error.message && strstr(error.message, path));
}

static int change(const char *xml, bool paused, Error *error) {
        _cleanup_(xen_image_done) XenImage image = { .fd = -1 };
        int r = xen_image_open(path, true, &image, error);

        if (r >= 0)
                r = xen_image_replace(&image, xml, error);
        image.paused = paused;
        return r < 0 ? r : xen_image_store(&image, error);
}

static void test_changes(void) {
        _cleanup_(error_clear) Error error = {};
        char long_title[70000];

        write_image(false, true);
        check_image("first", false, 2);
        CHECK(change(xml_of(UUID_TEXT, "second"), true, NULL) >= 0);
        check_image("second", true, 2);
        CHECK(change(xml_of(UUID_TEXT, "third"), false, NULL) >= 0);
        check_image("third", false, 2);
        CHECK(change(xml_of("4dea22b3-1d52-d8f3-2516-782e98ab3fa1", "x"), false, &error) < 0);
        CHECK(error.message && strstr(error.message, "another uuid"));
        error_clear(&error);
        memset(long_title, 'x', sizeof(long_title) - 1);
        long_title[sizeof(long_title) - 1] = 0;
        CHECK(change(xml_of(UUID_TEXT, long_title), false, &error) < 0);
        CHECK(error.message && strstr(error.message, "room for"));
        check_image("third", false, 2);
}

static void test_damage(void) {
        static const char of_xl[160] = "Xen saved domain, xl format\n \0 \r and what follows, more "
                                       "than any head has, so that it isn't too short to be one";

        write_image(true, false);
        refused("never finished");
        write_image(true, true);
        check_image("first", true, 2);
        CHECK(truncate(path, 140000) == 0);
        refused("damaged");
        write_image(true, true);
        put("?", 1, 30, false);
        refused("its head");
        write_image(true, true);
        put("?", 1, 4096 + 20, false);
        refused("its definition");
        put("", 1, 0, true);
        refused("no image");
        put(xml_of(UUID_TEXT, "text"), 200, 0, true);
        refused("no image");
        put(of_xl, sizeof(of_xl), 0, true);
        refused("xl restore");
}

/* magic, version, length with the NUL, 40 bytes; the definition; the stream */
static void write_libvirts(uint32_t version, uint32_t size) {
        const char *xml = xml_of(UUID_TEXT, "libvirt");
        const uint32_t numbers[2] = { version, size ?: strlen(xml) + 1 };
        char zeroes[40] = {};

        put("libvirt-xml\n \0 \r", 16, 0, true);
        put(numbers, sizeof(numbers), 16, false);
        put(zeroes, sizeof(zeroes), 24, false);
        put(xml, strlen(xml) + 1, 64, false);
        put(STREAM, sizeof(STREAM), 64 + strlen(xml) + 1, false);
}

static void test_libvirts(void) {
        _cleanup_(error_clear) Error error = {};

        write_libvirts(2, 0);
        check_image("libvirt", false, 2);
        CHECK(change(xml_of(UUID_TEXT, "other"), false, &error) < 0);
        CHECK(error.message && strstr(error.message, "written by libvirt"));
        write_libvirts(1, 0);
        check_image("libvirt", false, 1);
        write_libvirts(3, 0);
        refused("version 3");
        write_libvirts(2, 4000);
        refused("ends within");
        write_libvirts(2, UINT32_MAX);
        refused("definition of 4294967295 bytes");
}

static void test_paths(void) {
        static const struct {
                const char *path, *word;
        } paths[] = {
                { "relative", "absolute" }, { "/tmp/a\nb", "control" }, { "/tmp", "regular" },
                { "/dev/null", "regular" },
        };

        for (size_t i = 0; i < ELEMENTS(paths); i++) {
                _cleanup_(error_clear) Error error = {};

                CHECK(xen_image_check_path(paths[i].path, &error) < 0);
                CHECK(error.message && strstr(error.message, paths[i].word));
        }
        CHECK(xen_image_check_path("/tmp/virtbus-no-such-file", NULL) >= 0);
}

int main(void) {
        int fd = mkstemp(path);

        CHECK(fd >= 0);
        close(fd);
        test_changes();
        test_damage();
        test_libvirts();
        test_paths();
        (void) unlink(path);
        return 0;
}
