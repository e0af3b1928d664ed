/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Saved guests of the test driver: an image is a line that says what it is, one with the state, and
 * the domain as it ran. Managed ones are in memory only. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/api-domain.h"
#include "drivers/test/driver.h"

#define IMAGE_MAGIC "virtbus test image 1\n"
#define IMAGE_RUNNING "state running\n"
#define IMAGE_PAUSED "state paused\n"
#define IMAGE_SIZE_MAX (16u << 20)

/* ---- images ---- */

typedef struct Image {
        DomainConf *conf;
        bool paused;
} Image;

static void image_done(Image *image) {
        conf_free(image->conf);
}

static int image_print(const Image *image, char **ret, Error *error) {
        _cleanup_(freep) char *xml = NULL;
        int r = conf_print(image->conf, 0, &xml, error);

        if (r < 0)
                return r;
        if (asprintf(ret, IMAGE_MAGIC "%s%s", image->paused ? IMAGE_PAUSED : IMAGE_RUNNING,
                     xml) < 0)
                return fail_memory(error);
        return 0;
}

static bool take_line(const char **text, const char *line) {
        if (strncmp(*text, line, strlen(line)) != 0)
                return false;
        *text += strlen(line);
        return true;
}

static int image_parse(const char *text, Image *ret, Error *error) {
        if (!take_line(&text, IMAGE_MAGIC))
                return fail(error, ERROR_OPERATION_FAILED, "this is no image of a saved domain");
        ret->paused = take_line(&text, IMAGE_PAUSED);
        if (!ret->paused && !take_line(&text, IMAGE_RUNNING))
                return fail(error, ERROR_OPERATION_FAILED,
                            "the image doesn't say what state the domain was in");
        return test_conf_parse(text, CONF_LIVE, &ret->conf, error);
}

/* Another definition for the same domain. */
static int image_replace(Image *image, const char *xml, Error *error) {
        DomainConf *conf = NULL;
        int r = test_conf_parse(xml, CONF_LIVE, &conf, error);

        if (r < 0)
                return r;
        if (!uuid_equal(conf->uuid, image->conf->uuid)) {
                conf_free(conf);
                return fail(error, ERROR_OPERATION_FAILED,
                            "the definition has another uuid than the saved domain");
        }
        conf_free(image->conf);
        image->conf = conf;
        return 0;
}

static void image_choose(Image *image, uint32_t flags) {
        if (flags & DOMAIN_SAVE_RUNNING)
                image->paused = false;
        if (flags & DOMAIN_SAVE_PAUSED)
                image->paused = true;
}

static int check_flags(uint32_t flags, Error *error) {
        if ((flags & DOMAIN_SAVE_RUNNING) && (flags & DOMAIN_SAVE_PAUSED))
                return fail(error, ERROR_INVALID_ARG,
                            "running (flag %d) and paused (flag %d) are mutually exclusive",
                            DOMAIN_SAVE_RUNNING, DOMAIN_SAVE_PAUSED);
        return 0;
}

static int image_of(Domain *domain, const char *xml, uint32_t flags, Image *ret, Error *error) {
        int r = check_flags(flags, error);

        if (r >= 0)
                r = domain_need_active(domain, error);
        if (r >= 0)
                r = domain_conf(domain, DOMAIN_LIVE, &ret->conf, error);
        if (r < 0)
                return r;
        ret->paused = domain->state == DOMAIN_PAUSED;
        image_choose(ret, flags);
        return xml ? image_replace(ret, xml, error) : 0;
}

/* ---- files ---- */

static int write_all(int fd, const char *text) {
        size_t left = strlen(text);

        while (left > 0) {
                ssize_t n = write(fd, text, left);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                text += n;
                left -= n;
        }
        return 0;
}

static int write_file(const char *path, const char *text, Error *error) {
        _cleanup_(closep) int fd = -1;
        int r;

        if (*path != '/')
                return fail(error, ERROR_INVALID_ARG, "'%s' is no absolute path", path);
        fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
        if (fd < 0)
                return fail_errno(error, -errno, "cannot open '%s'", path);
        r = write_all(fd, text);
        if (r < 0) {
                (void) unlink(path);
                return fail_errno(error, r, "cannot write '%s'", path);
        }
        return 0;
}

static int read_file(const char *path, Image *ret, Error *error) {
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        _cleanup_(freep) char *text = NULL;
        struct stat info;
        ssize_t n;

        if (fd < 0 || fstat(fd, &info) < 0)
                return fail_errno(error, -errno, "cannot read domain image '%s'", path);
        if (!S_ISREG(info.st_mode) || info.st_size > IMAGE_SIZE_MAX)
                return fail(error, ERROR_OPERATION_FAILED,
                            "'%s' is no image of a saved domain", path);
        text = malloc(info.st_size + 1);
        if (!text)
                return fail_memory(error);
        n = pread(fd, text, info.st_size, 0);
        if (n < 0)
                return fail_errno(error, -errno, "cannot read domain image '%s'", path);
        text[n] = 0;
        int r = image_parse(text, ret, error);
        if (r < 0)
                error_prefix(error, "'%s'", path);
        return r;
}

/* ---- save, restore ---- */

static int test_save(Domain *domain, const char *to, const char *xml, uint32_t flags, Job *job,
                     Error *error) {
        _cleanup_(image_done) Image image = {};
        _cleanup_(freep) char *text = NULL;
        int r = image_of(domain, xml, flags, &image, error);

        if (r >= 0)
                r = image_print(&image, &text, error);
        if (r >= 0)
                r = write_file(to, text, error);
        if (r >= 0)
                test_guest_stop(domain, DOMAIN_SHUTOFF_SAVED, STOPPED_SAVED);
        return r;
}

static int restart(Domain *domain, Image *image, Error *error) {
        int r = test_guest_start(domain, image->conf, DOMAIN_RUNNING_RESTORED, STARTED_RESTORED,
                                 error);

        if (r >= 0 && image->paused)
                test_guest_pause(domain, DOMAIN_PAUSED_USER, SUSPENDED_RESTORED);
        return r;
}

static int test_restore(Connection *connection, const char *from, const char *xml, uint32_t flags,
                        Job *job, Error *error) {
        _cleanup_(image_done) Image image = {};
        Domain *domain;
        int r = check_flags(flags, error);

        if (r >= 0)
                r = read_file(from, &image, error);
        if (r >= 0 && xml)
                r = image_replace(&image, xml, error);
        if (r < 0)
                return r;
        image_choose(&image, flags);
        r = domain_create(connection, image.conf, &domain, error);
        return r < 0 ? r : restart(domain, &image, error);
}

static int test_image_xml(Connection *connection, const char *file, uint32_t flags, Job *job,
                          Error *error) {
        _cleanup_(image_done) Image image = {};
        int r = read_file(file, &image, error);

        if (r < 0)
                return r;
        return conf_print(image.conf, flags & DOMAIN_SAVE_IMAGE_XML_SECURE ? 0 : MAP_SECRET,
                          &job->result.text, error);
}

static int test_image_define(Connection *connection, const char *file, const char *xml,
                             uint32_t flags, Job *job, Error *error) {
        _cleanup_(image_done) Image image = {};
        _cleanup_(freep) char *text = NULL;
        int r = check_flags(flags, error);

        if (r >= 0)
                r = read_file(file, &image, error);
        if (r >= 0)
                r = image_replace(&image, xml, error);
        if (r < 0)
                return r;
        image_choose(&image, flags);
        r = image_print(&image, &text, error);
        return r < 0 ? r : write_file(file, text, error);
}

/* ---- managed save ---- */

static int test_managed_save(Domain *domain, uint32_t flags, Job *job, Error *error) {
        _cleanup_(image_done) Image image = {};
        char *text;
        int r = domain_need_active(domain, error);

        if (r >= 0 && !domain_is_persistent(domain))
                r = fail(error, ERROR_OPERATION_INVALID,
                         "cannot do managed save for transient domain");
        if (r >= 0)
                r = image_of(domain, NULL, flags, &image, error);
        if (r >= 0)
                r = image_print(&image, &text, error);
        if (r < 0)
                return r;
        domain_set_managed_save(domain, true, text);
        test_guest_stop(domain, DOMAIN_SHUTOFF_SAVED, STOPPED_SAVED);
        return DONE;
}

static int test_managed_save_remove(Domain *domain, uint32_t flags, Job *job, Error *error) {
        domain_set_managed_save(domain, false, NULL);
        return DONE;
}

static bool test_has_managed_save(const Domain *domain) {
        return domain->managed_save;
}

int test_start_saved(Domain *domain, Error *error) {
        _cleanup_(image_done) Image image = {};
        int r = image_parse(domain->image, &image, error);

        if (r >= 0)
                r = restart(domain, &image, error);
        if (r >= 0)
                domain_set_managed_save(domain, false, NULL);
        return r;
}

/* ---- core dump ---- */

static int test_core_dump(Domain *domain, const char *to, uint32_t format, uint32_t flags, Job *job,
                          Error *error) {
        int r = domain_need_active(domain, error);

        if (r < 0)
                return r;
        if (format >= _DUMP_FORMAT_MAX)
                return fail(error, ERROR_INVALID_ARG, "there is no format %u of dumps", format);
        if (format != DUMP_FORMAT_RAW)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "kdump-compressed format is not supported here");
        r = write_file(to, IMAGE_MAGIC, error);
        if (r >= 0 && (flags & DUMP_CRASH))
                test_guest_stop(domain, DOMAIN_SHUTOFF_CRASHED, STOPPED_CRASHED);
        return r;
}

const DomainSaving test_saving = {
        .save = test_save,
        .restore = test_restore,
        .image_xml = test_image_xml,
        .image_define = test_image_define,
        .managed_save = test_managed_save,
        .managed_save_remove = test_managed_save_remove,
        .has_managed_save = test_has_managed_save,
        .core_dump = test_core_dump,
};
