/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capabilities of all binaries, in memory and in STORE_CACHE.
 *
 * What a binary can do depends on more than the file: on its modules, on /dev/kvm, on the kernel
 * and the CPU. All of that is in a stamp, which is taken anew at every question (a few calls of
 * stat) and must be the one that stands beside the answers. A cache file that is broken, old or of
 * another host counts as none and is written again after the next probe. */
#include <errno.h>
#include <malloc.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "config.h"
#include "drivers/host.h"
#include "drivers/log.h"
#include "drivers/qemu/findings.h"
#include "drivers/qemu/guest.h"
#include "drivers/qemu/probe.h"

#define FORMAT 2              /* of the document; counts up when the probe asks something new */
#define FILE_MAX (8u << 20)
#define PATIENCE_MIN UINT64_C(5000000) /* us for a whole probe, at the least */
#define PATIENCE_MAX UINT64_C(20000000)
#define FAILURE_KEPT 10000000 /* us in which a binary that failed isn't tried again */
#define PROBES_MAX 4          /* at once; an answer about all architectures may need thirty */

typedef struct Waiter {
        struct Waiter *next;
        QemuCapsReady ready;
        void *userdata;
} Waiter;

typedef struct Entry {
        struct Entry *next;
        QemuCapsCache *cache;
        char *binary, *stamp;
        QemuCaps *caps;
        QemuProbe *probe;
        bool queued; /* for a probe */
        Waiter *first, *last;
        Error failure;
        uint64_t failed_until;
} Entry;

struct QemuCapsCache {
        Connection *connection;
        char *host; /* kernel and CPU */
        Entry *entries;
        size_t n_probes;
        sd_event_source *starter; /* so that no probe fails from within the question */
};

/* ---- stamps ---- */

/* FNV-1a: tells apart, protects from nothing. */
#define HASH_START UINT64_C(0xcbf29ce484222325)

static uint64_t hash_byte(uint64_t hash, char byte) {
        return (hash ^ (unsigned char) byte) * UINT64_C(0x100000001b3);
}

/* The lines of /proc/cpuinfo that say what the first CPU is, as a number. */
static uint64_t hash_cpu(void) {
        static const char *const lines[] = { "vendor_id", "model name", "microcode", "flags",
                                             "Features", "CPU part", "cpu\t", "isa" };
        FILE *file = fopen("/proc/cpuinfo", "re");
        _cleanup_(freep) char *line = NULL;
        uint64_t hash = HASH_START;
        size_t size = 0;

        while (file && getline(&line, &size, file) > 1)
                for (size_t i = 0; i < ELEMENTS(lines); i++)
                        if (strncmp(line, lines[i], strlen(lines[i])) == 0)
                                for (const char *c = line; *c; c++)
                                        hash = hash_byte(hash, *c);
        if (file)
                fclose(file);
        return hash;
}

static char *describe_host(void) {
        struct utsname name = {};
        char *text;

        (void) uname(&name);
        return asprintf(&text, "%s %s %016llx", name.release, name.version,
                        (unsigned long long) hash_cpu()) < 0 ? NULL : text;
}

static long long mtime_of(const struct stat *st) {
        return st->st_mtim.tv_sec * 1000000000LL + st->st_mtim.tv_nsec;
}

/* Modules come and go with packages of their own, and their folder tells. */
static long long mtime_of_modules(void) {
        char folders[][64] = { "/usr/lib/qemu", "/usr/lib64/qemu", "" };
        long long latest = 0;
        struct stat st;

        snprintf(folders[2], sizeof(folders[2]), "/usr/lib/%s-linux-gnu/qemu", host_arch());
        for (size_t i = 0; i < ELEMENTS(folders); i++)
                if (stat(folders[i], &st) == 0)
                        latest = MAX(latest, mtime_of(&st));
        return latest;
}

static bool kvm_usable(void) {
        return faccessat(AT_FDCWD, "/dev/kvm", R_OK | W_OK, AT_EACCESS) == 0;
}

static int make_stamp(QemuCapsCache *cache, const char *binary, char **ret, Error *error) {
        struct stat st;

        if (binary[0] != '/')
                return fail(error, ERROR_INVALID_ARG, "the path of QEMU must be absolute: '%s'",
                            binary);
        if (stat(binary, &st) < 0 || access(binary, X_OK) < 0)
                return fail(error, ERROR_INVALID_ARG, "cannot check QEMU binary '%s': %s", binary,
                            strerror(errno));
        if (!S_ISREG(st.st_mode))
                return fail(error, ERROR_INVALID_ARG, "'%s' is not a program", binary);
        if (asprintf(ret, "virtbus " VERSION " %d; size %lld, mtime %lld; modules %lld; kvm %d; %s",
                     FORMAT, (long long) st.st_size, mtime_of(&st), mtime_of_modules(),
                     kvm_usable(), cache->host) < 0)
                return fail_memory(error);
        return 0;
}

/* ---- files ---- */

/* "qemu/caps/qemu-system-x86_64-HASH.json": two binaries of the same name don't share a file. */
static char *file_of(const char *binary) {
        uint64_t hash = HASH_START;
        const char *slash = strrchr(binary, '/');
        char *name;

        for (const char *c = binary; *c; c++)
                hash = hash_byte(hash, *c);
        return asprintf(&name, "qemu/caps/%.64s-%016llx.json", slash ? slash + 1 : binary,
                        (unsigned long long) hash) < 0 ? NULL : name;
}

static bool same(json_object *file, const char *name, const char *value) {
        const char *text = json_text(file, name);

        return text && strcmp(text, value) == 0;
}

/* Sets entry->caps if there is a good file. */
/* A document takes some MB while it is read; the service lives on for months without. */
static void document_done(json_object *document) {
        json_object_put(document);
        (void) malloc_trim(0);
}

static void read_file(Entry *entry) {
        Store *store = entry->cache->connection->store;
        _cleanup_(freep) char *name = file_of(entry->binary), *text = NULL;
        Error ignored = {};

        if (name && store_read(store, STORE_CACHE, name, FILE_MAX, &text, &ignored) >= 0) {
                json_object *file = json_tokener_parse(text);

                if (same(file, "binary", entry->binary) && same(file, "stamp", entry->stamp))
                        (void) qemu_caps_load(json_member(file, "caps"), entry->binary,
                                              &entry->caps);
                document_done(file);
        }
        error_clear(&ignored);
}

static void write_file(Entry *entry, json_object *document) {
        Store *store = entry->cache->connection->store;
        _cleanup_(freep) char *name = file_of(entry->binary);
        json_object *file = qmp_arguments("s", "binary", entry->binary, "s", "stamp", entry->stamp,
                                          "o", "caps", json_object_get(document), NULL);
        const char *text = json_object_to_json_string_ext(file, JSON_C_TO_STRING_PLAIN |
                                                                JSON_C_TO_STRING_NOSLASHESCAPE);
        Error error = {};

        if (name && text && store_write(store, STORE_CACHE, name, text, &error) < 0)
                log_message(LOG_WARNING, "cannot keep the capabilities of %s: %s", entry->binary,
                            error.message ?: "out of memory");
        error_clear(&error);
        json_object_put(file);
}

/* ---- entries ---- */

static void entry_has_caps(Entry *entry) {
        QemuDriver *driver = entry->cache->connection->data;

        if (driver && strcmp(entry->caps->arch, host_arch()) == 0)
                driver->version = entry->caps->version;
}

static void entry_tell(Entry *entry, QemuCaps *caps, Error *error) {
        Waiter *waiter = TAKE(entry->first);

        entry->last = NULL;
        while (waiter) {
                Waiter *next = waiter->next;
                Error copy = {};

                if (!caps)
                        (void) fail(&copy, error->code, "%s", error->message ?: "out of memory");
                waiter->ready(caps, caps ? NULL : &copy, waiter->userdata);
                error_clear(&copy);
                free(waiter);
                waiter = next;
        }
}

static void entry_free(Entry *entry) {
        qemu_probe_free(entry->probe);
        qemu_caps_unref(entry->caps);
        error_clear(&entry->failure);
        free(entry->binary);
        free(entry->stamp);
        free(entry);
}

static int entry_new(QemuCapsCache *cache, const char *binary, Entry **ret) {
        Entry *entry = calloc(1, sizeof(Entry));

        if (!entry || !(entry->binary = strdup(binary))) {
                free(entry);
                return -ENOMEM;
        }
        entry->cache = cache;
        entry->next = cache->entries;
        *ret = cache->entries = entry;
        return 0;
}

static int entry_find(QemuCapsCache *cache, const char *binary, Entry **ret) {
        for (Entry *entry = cache->entries; entry; entry = entry->next)
                if (strcmp(entry->binary, binary) == 0) {
                        *ret = entry;
                        return 0;
                }
        return entry_new(cache, binary, ret);
}

static int entry_wait(Entry *entry, QemuCapsReady ready, void *userdata) {
        Waiter *waiter = calloc(1, sizeof(Waiter));

        if (!waiter)
                return -ENOMEM;
        waiter->ready = ready;
        waiter->userdata = userdata;
        if (entry->last)
                entry->last->next = waiter;
        else
                entry->first = waiter;
        entry->last = waiter;
        return 0;
}

/* Remembers why, for those who ask again soon. */
static void entry_failed(Entry *entry, Error *error) {
        uint64_t now = 0;

        (void) sd_event_now(entry->cache->connection->event, CLOCK_MONOTONIC, &now);
        error_clear(&entry->failure);
        (void) fail(&entry->failure, error->code, "%s", error->message ?: "out of memory");
        entry->failed_until = now + FAILURE_KEPT;
        entry_tell(entry, NULL, error);
}

static void on_probed(QemuProbe *probe, json_object *document, Error *error, void *userdata);

static uint64_t probe_patience(const QemuCapsCache *cache) {
        uint64_t patience = cache->connection->settings->patience;

        return MIN(MAX(patience, PATIENCE_MIN), PATIENCE_MAX);
}

/* Starts what is queued, as long as there is room. */
static void start_probes(QemuCapsCache *cache) {
        for (Entry *entry = cache->entries; entry; entry = entry->next) {
                Error error = {};

                if (!entry->queued || cache->n_probes >= PROBES_MAX)
                        continue;
                entry->queued = false;
                if (qemu_probe_new(cache->connection->event, entry->binary, kvm_usable(),
                                   probe_patience(cache), on_probed, entry, &entry->probe,
                                   &error) >= 0)
                        cache->n_probes++;
                else
                        entry_failed(entry, &error);
                error_clear(&error);
        }
}

static void on_probed(QemuProbe *probe, json_object *document, Error *error, void *userdata) {
        Entry *entry = userdata;

        entry->probe = qemu_probe_free(probe);
        entry->cache->n_probes--;
        if (document && qemu_caps_load(document, entry->binary, &entry->caps) < 0)
                (void) fail(error, ERROR_OPERATION_FAILED,
                            "cannot probe '%s': its answers make no sense", entry->binary);
        start_probes(entry->cache);
        if (entry->caps) {
                _cleanup_(qemu_caps_unrefp) QemuCaps *caps = qemu_caps_ref(entry->caps);

                write_file(entry, document);
                entry_has_caps(entry);
                entry_tell(entry, caps, NULL);
        } else
                entry_failed(entry, error);
        document_done(document);
}

static int on_start(sd_event_source *source, void *userdata) {
        start_probes(userdata);
        return 0;
}

/* ---- the cache ---- */

QemuCapsCache *qemu_caps_cache_new(Connection *connection) {
        QemuCapsCache *cache = calloc(1, sizeof(QemuCapsCache));

        if (!cache)
                return NULL;
        cache->connection = connection;
        cache->host = describe_host();
        if (cache->host &&
            sd_event_add_defer(connection->event, &cache->starter, on_start, cache) >= 0 &&
            sd_event_source_set_enabled(cache->starter, SD_EVENT_OFF) >= 0)
                return cache;
        return qemu_caps_cache_free(cache);
}

QemuCapsCache *qemu_caps_cache_free(QemuCapsCache *cache) {
        if (!cache)
                return NULL;
        while (cache->entries) {
                Entry *entry = cache->entries;
                Error error = {};

                cache->entries = entry->next;
                (void) fail(&error, ERROR_OPERATION_ABORTED, "the service is shutting down");
                entry_tell(entry, NULL, &error);
                error_clear(&error);
                entry_free(entry);
        }
        sd_event_source_disable_unref(cache->starter);
        free(cache->host);
        free(cache);
        return NULL;
}

/* Looks in memory and in the file: true when entry->caps is what this stamp says. */
static bool entry_known(Entry *entry, char *stamp) {
        if (entry->stamp && strcmp(entry->stamp, stamp) == 0) {
                free(stamp);
                if (entry->caps)
                        return true;
        } else {
                free(entry->stamp);
                entry->stamp = stamp;
                entry->caps = qemu_caps_unref(entry->caps);
                error_clear(&entry->failure);
        }
        read_file(entry);
        if (entry->caps)
                entry_has_caps(entry);
        return entry->caps;
}

/* Has it probed in its turn; a failure comes to ready(). */
static int entry_probe(Entry *entry, QemuCapsReady ready, void *userdata, Error *error) {
        uint64_t now = 0;

        (void) sd_event_now(entry->cache->connection->event, CLOCK_MONOTONIC, &now);
        if (entry->failure.code != ERROR_NONE && now < entry->failed_until)
                return fail(error, entry->failure.code, "%s",
                            entry->failure.message ?: "out of memory");
        if (entry_wait(entry, ready, userdata) < 0)
                return fail_memory(error);
        entry->queued = true;
        (void) sd_event_source_set_enabled(entry->cache->starter, SD_EVENT_ONESHOT);
        return PENDING;
}

int qemu_caps_get(QemuCapsCache *cache, const char *binary, QemuCapsReady ready, void *userdata,
                  QemuCaps **ret, Error *error) {
        Entry *entry;
        char *stamp;
        int r = make_stamp(cache, binary, &stamp, error);

        if (r < 0)
                return r;
        if (entry_find(cache, binary, &entry) < 0) {
                free(stamp);
                return fail_memory(error);
        }
        if (entry->probe || entry->queued) {
                free(stamp); /* one that differs shows at the next question */
                return entry_wait(entry, ready, userdata) < 0 ? fail_memory(error) : PENDING;
        }
        if (!entry_known(entry, stamp))
                return entry_probe(entry, ready, userdata, error);
        *ret = entry->caps;
        return DONE;
}
