/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file of a saved guest.
 *
 *     0          the head, in the machine's own byte order, with a sum of itself
 *     4096       room for the definition, twice
 *     ...        libxl's stream
 *
 * The definition can be replaced while gigabytes behind it stay where they are: the new one is
 * written into the other room, and the head, which lies within one sector, then points there. So
 * there is the old definition or the new one, whenever the power fails. The size of the whole is
 * filled in last: a head without it is of a save that never ended.
 *
 * Images of libvirt's libxl driver are read, too: a head of 64 bytes (magic, version of the stream,
 * length of the definition), the definition with its NUL, the stream. */
#include "drivers/xen/image.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "drivers/xen/driver.h"

#define IMAGE_MAGIC "virtbus-xen-img\n"
#define IMAGE_VERSION 1
#define BLOCK 4096
#define ROOM_MIN (64u << 10)
#define XML_MAX (16u << 20) /* bytes */
#define STREAM_VERSION 2 /* as libxl writes since Xen 4.6 */

#define LIBVIRT_MAGIC "libvirt-xml\n \0 \r"
#define XL_MAGIC "Xen saved domain, xl format\n"

typedef struct Head {
        char magic[16];
        uint32_t version, paused;
        uint64_t room;     /* bytes for a definition; the stream begins at BLOCK + 2 * room */
        uint64_t xml, xml_size, xml_sum;
        uint64_t size;     /* of the file; 0: it isn't whole */
        uint32_t stream, unused;
        uint64_t sum;      /* of all before it */
} Head;

typedef struct LibvirtHead {
        char magic[16];
        uint32_t version, xml_size; /* with its NUL */
        uint32_t unused[10];
} LibvirtHead;

static_assert(sizeof(IMAGE_MAGIC) - 1 == 16 && sizeof(LIBVIRT_MAGIC) - 1 == 16, "a magic");
static_assert(sizeof(Head) <= 512 && sizeof(LibvirtHead) == 64, "within a sector");

/* ---- bytes ---- */

/* FNV-1a: tells damage, not malice. */
static uint64_t sum_of(const void *data, size_t size) {
        uint64_t sum = UINT64_C(0xcbf29ce484222325);

        for (const uint8_t *byte = data; size > 0; byte++, size--)
                sum = (sum ^ *byte) * UINT64_C(0x100000001b3);
        return sum;
}

static int write_at(int fd, const void *data, size_t size, off_t at) {
        const char *bytes = data;

        while (size > 0) {
                ssize_t n = pwrite(fd, bytes, size, at);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                bytes += n;
                at += n;
                size -= n;
        }
        return 0;
}

/* -ENODATA when the file ends before. */
static int read_at(int fd, void *data, size_t size, off_t at) {
        char *bytes = data;

        while (size > 0) {
                ssize_t n = pread(fd, bytes, size, at);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -ENODATA;
                bytes += n;
                at += n;
                size -= n;
        }
        return 0;
}

/* ---- paths ---- */

int xen_image_check_path(const char *path, Error *error) {
        struct stat info;

        if (*path != '/')
                return fail(error, ERROR_INVALID_ARG, "'%s' is no absolute path", path);
        for (const char *c = path; *c; c++)
                if ((unsigned char) *c < ' ')
                        return fail(error, ERROR_INVALID_ARG,
                                    "there is a control character in the path");
        if (lstat(path, &info) < 0)
                return errno == ENOENT ? 0 : fail_errno(error, -errno, "'%s'", path);
        if (!S_ISREG(info.st_mode))
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "'%s' is there, and is no regular file", path);
        return 0;
}

/* ---- writing ---- */

static int put_head(int fd, Head *head, Error *error) {
        head->sum = sum_of(head, offsetof(Head, sum));
        int r = write_at(fd, head, sizeof(*head), 0);
        return r < 0 ? fail_errno(error, r, "cannot write the head of the image") : 0;
}

/* What only a running guest has isn't kept: it gets new ones. */
static int put_xml(int fd, Head *head, uint64_t at, DomainConf *conf, Error *error) {
        _cleanup_(freep) char *xml = NULL;
        size_t size;
        int r;

        conf->id = (MaybeU32) {};
        r = conf_print(conf, MAP_LIVE, &xml, error);
        if (r < 0)
                return r;
        size = strlen(xml);
        if (head->room == 0)
                head->room = MAX(ROOM_MIN, (2 * size + BLOCK - 1) / BLOCK * BLOCK);
        if (size > head->room || size > XML_MAX)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "the definition has %zu bytes, and the image room for %ju", size,
                            (uintmax_t) MIN(head->room, XML_MAX));
        r = write_at(fd, xml, size, at);
        if (r < 0)
                return fail_errno(error, r, "cannot write the definition into the image");
        head->xml = at;
        head->xml_size = size;
        head->xml_sum = sum_of(xml, size);
        return 0;
}

int xen_image_begin(int fd, DomainConf *conf, bool paused, Error *error) {
        Head head = {
                .version = IMAGE_VERSION, .paused = paused, .stream = STREAM_VERSION,
        };
        int r;

        memcpy(head.magic, IMAGE_MAGIC, sizeof(head.magic));
        r = put_xml(fd, &head, BLOCK, conf, error);
        if (r >= 0)
                r = put_head(fd, &head, error);
        if (r < 0)
                return r;
        if (lseek(fd, BLOCK + 2 * head.room, SEEK_SET) < 0)
                return fail_errno(error, -errno, "cannot write the image");
        return 0;
}

int xen_image_end(int fd, Error *error) {
        struct stat info;
        Head head;
        int r = read_at(fd, &head, sizeof(head), 0);

        if (r >= 0 && fstat(fd, &info) < 0)
                r = -errno;
        if (r < 0)
                return fail_errno(error, r, "cannot read the image again");
        head.size = info.st_size;
        return put_head(fd, &head, error);
}

/* ---- reading ---- */

static int get_xml(int fd, uint64_t at, uint64_t size, char **ret, Error *error) {
        _cleanup_(freep) char *xml = NULL;
        int r;

        if (size == 0 || size > XML_MAX)
                return fail(error, ERROR_OPERATION_FAILED,
                            "it is damaged: a definition of %ju bytes", (uintmax_t) size);
        xml = malloc(size + 1);
        if (!xml)
                return fail_memory(error);
        r = read_at(fd, xml, size, at);
        if (r == -ENODATA)
                return fail(error, ERROR_OPERATION_FAILED,
                            "it is damaged: it ends within the definition");
        if (r < 0)
                return fail_errno(error, r, "cannot read it");
        xml[size] = 0;
        *ret = TAKE(xml);
        return 0;
}

static int check_head(const Head *head, const struct stat *info, Error *error) {
        if (head->version != IMAGE_VERSION)
                return fail(error, ERROR_OPERATION_FAILED,
                            "it is of version %u of our format, and only %d is known",
                            head->version, IMAGE_VERSION);
        if (head->sum != sum_of(head, offsetof(Head, sum)))
                return fail(error, ERROR_OPERATION_FAILED, "it is damaged: its head");
        if (head->size == 0)
                return fail(error, ERROR_OPERATION_FAILED,
                            "the save that began it was never finished");
        if (head->size != (uint64_t) info->st_size)
                return fail(error, ERROR_OPERATION_FAILED,
                            "it is damaged: it has %ju bytes instead of %ju",
                            (uintmax_t) info->st_size, (uintmax_t) head->size);
        if (head->room > head->size || BLOCK + 2 * head->room > head->size ||
            head->xml > head->size || head->xml_size > head->room)
                return fail(error, ERROR_OPERATION_FAILED, "it is damaged: its head");
        return 0;
}

static int read_ours(const Head *head, const struct stat *info, XenImage *ret, char **ret_xml,
                     Error *error) {
        int r = check_head(head, info, error);

        if (r >= 0)
                r = get_xml(ret->fd, head->xml, head->xml_size, ret_xml, error);
        if (r < 0)
                return r;
        if (sum_of(*ret_xml, head->xml_size) != head->xml_sum)
                return fail(error, ERROR_OPERATION_FAILED, "it is damaged: its definition");
        ret->paused = head->paused;
        ret->stream = head->stream;
        if (lseek(ret->fd, BLOCK + 2 * head->room, SEEK_SET) < 0)
                return fail_errno(error, -errno, "cannot read it");
        return 0;
}

static int read_libvirts(const LibvirtHead *head, XenImage *ret, char **ret_xml, Error *error) {
        int r;

        if (head->version == 0 || head->version > STREAM_VERSION)
                return fail(error, ERROR_OPERATION_FAILED,
                            "it is of version %u of libvirt's format, and only 1 to %d are known",
                            head->version, STREAM_VERSION);
        r = get_xml(ret->fd, sizeof(*head), head->xml_size, ret_xml, error);
        if (r < 0)
                return r;
        ret->others = true;
        ret->stream = head->version;
        if (lseek(ret->fd, sizeof(*head) + head->xml_size, SEEK_SET) < 0)
                return fail_errno(error, -errno, "cannot read it");
        return 0;
}

/* The magics have the same length, and every image is longer than any head. */
static int read_head(XenImage *ret, char **ret_xml, Error *error) {
        union {
                Head ours;
                LibvirtHead libvirts;
                char bytes[sizeof(XL_MAGIC)];
        } head;
        struct stat info;
        int r;

        if (fstat(ret->fd, &info) < 0)
                return fail_errno(error, -errno, "cannot read it");
        if (!S_ISREG(info.st_mode))
                return fail(error, ERROR_OPERATION_FAILED, "it is no regular file");
        r = read_at(ret->fd, &head, sizeof(head), 0);
        if (r < 0 && r != -ENODATA)
                return fail_errno(error, r, "cannot read it");
        if (r >= 0 && memcmp(head.bytes, IMAGE_MAGIC, 16) == 0)
                return read_ours(&head.ours, &info, ret, ret_xml, error);
        if (r >= 0 && memcmp(head.bytes, LIBVIRT_MAGIC, 16) == 0)
                return read_libvirts(&head.libvirts, ret, ret_xml, error);
        if (r >= 0 && memcmp(head.bytes, XL_MAGIC, sizeof(XL_MAGIC) - 1) == 0)
                return fail(error, ERROR_OPERATION_FAILED,
                            "it was written by xl, and has no definition: xl restore takes it");
        return fail(error, ERROR_OPERATION_FAILED, "it is no image of a saved Xen guest");
}

int xen_image_open(const char *path, bool write, XenImage *ret, Error *error) {
        _cleanup_(freep) char *xml = NULL;
        int r;

        *ret = (XenImage) { .fd = -1 };
        ret->fd = open(path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (ret->fd < 0)
                return fail_errno(error, -errno, "cannot open domain image '%s'", path);
        r = read_head(ret, &xml, error);
        if (r >= 0)
                r = xen_conf_parse(xml, 0, &ret->conf, error);
        if (r < 0)
                error_prefix(error, "domain image '%s'", path);
        return r;
}

void xen_image_done(XenImage *image) {
        closep(&image->fd);
        image->fd = -1;
        conf_free(image->conf);
        image->conf = NULL;
}

/* ---- changing ---- */

int xen_image_replace(XenImage *image, const char *xml, Error *error) {
        DomainConf *conf = NULL;
        int r = xen_conf_parse(xml, 0, &conf, error);

        if (r < 0)
                return r;
        if (!uuid_equal(conf->uuid, image->conf->uuid) ||
            xen_guest_type(conf) != xen_guest_type(image->conf)) {
                bool same = uuid_equal(conf->uuid, image->conf->uuid);

                conf_free(conf);
                return fail(error, ERROR_OPERATION_FAILED,
                            "the definition has another %s than the saved domain",
                            same ? "os/type" : "uuid");
        }
        conf_free(image->conf);
        image->conf = conf;
        return 0;
}

int xen_image_store(XenImage *image, Error *error) {
        Head head;
        int r;

        if (image->others)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "the image was written by libvirt, and has no room for another "
                            "definition");
        r = read_at(image->fd, &head, sizeof(head), 0);
        if (r < 0)
                return fail_errno(error, r, "cannot read the image");
        r = put_xml(image->fd, &head, head.xml == BLOCK ? BLOCK + head.room : BLOCK, image->conf,
                    error);
        if (r >= 0 && fdatasync(image->fd) < 0)
                r = fail_errno(error, -errno, "cannot write the image");
        head.paused = image->paused;
        if (r >= 0)
                r = put_head(image->fd, &head, error);
        if (r >= 0 && fdatasync(image->fd) < 0)
                r = fail_errno(error, -errno, "cannot write the image");
        return r;
}
