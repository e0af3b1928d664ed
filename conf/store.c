/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that are replaced whole or not at all.
 *
 * Whoever reads a file sees the old text or the new one, whatever was killed or filled up: the new
 * text goes to a temporary file in the same folder, which is renamed over the old one when all of
 * it is written. In durable rooms the file is synced before it gets its name, and the folder after,
 * so a power cut doesn't change that. A writer that is killed leaves its temporary file behind;
 * ".NAME.12345678~" is how store_list() knows it and removes it.
 *
 * Folders that were written to lately stay open: a definition then costs open, write, fsync, close,
 * rename, fsync. Such a descriptor is stale when somebody removed the folder; nothing can be made
 * in it then (ENOENT), which is when it is opened anew. */
#include "conf/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#define FOLDERS_MAX 8
#define DEPTH_MAX 32
#define TEMPORARY_TAIL 10 /* ".12345678~" */

typedef struct Folder {
        StoreRoom room;
        char *name; /* NULL: free */
        int fd;
        uint64_t used;
} Folder;

struct Store {
        char *rooms[_STORE_ROOM_MAX];
        Folder folders[FOLDERS_MAX];
        uint64_t clock;
        uint32_t serial; /* of temporary files */
};

/* Where the rooms are. In a session: $variable/virtbus, else $HOME/fallback/virtbus. */
static const struct {
        const char *system;
        const char *variable;
        const char *fallback;
        bool durable;
} rooms[_STORE_ROOM_MAX] = {
        [STORE_CONFIG]  = { "/etc",       "XDG_CONFIG_HOME", ".config",            true },
        [STORE_RUNTIME] = { "/run",       "XDG_RUNTIME_DIR", NULL,                 false },
        [STORE_STATE]   = { "/var/lib",   "XDG_DATA_HOME",   ".local/share",       true },
        [STORE_CACHE]   = { "/var/cache", "XDG_CACHE_HOME",  ".cache",             false },
};

static void dir_closep(DIR **dir) {
        if (*dir)
                closedir(*dir);
}

/* ---- where things are ---- */

/* The specification of these variables: a relative path is to be ignored. */
static const char *absolute_variable(const char *name) {
        const char *value = getenv(name);

        return value && value[0] == '/' ? value : NULL;
}

static const char *home_folder(void) {
        const char *home = absolute_variable("HOME");

        if (home)
                return home;
        const struct passwd *user = getpwuid(getuid());
        return user && user->pw_dir && user->pw_dir[0] == '/' ? user->pw_dir : "/";
}

static char *session_room(const char *root, StoreRoom room) {
        const char *value = absolute_variable(rooms[room].variable);
        char *path;

        if (value)
                return asprintf(&path, "%s%s/virtbus", root, value) < 0 ? NULL : path;
        if (rooms[room].fallback)
                return asprintf(&path, "%s%s/%s/virtbus", root, home_folder(),
                                rooms[room].fallback) < 0 ? NULL : path;

        /* Nobody made us a runtime folder; the cache is at least ours. */
        _cleanup_(freep) char *cache = session_room(root, STORE_CACHE);
        return !cache || asprintf(&path, "%s/run", cache) < 0 ? NULL : path;
}

static char *system_room(const char *root, StoreRoom room) {
        char *path;

        return asprintf(&path, "%s%s/virtbus", root, rooms[room].system) < 0 ? NULL : path;
}

int store_new(bool session, const char *root, Store **ret, Error *error) {
        _cleanup_(store_freep) Store *store = calloc(1, sizeof(*store));

        if (!store)
                return fail_memory(error);
        if (getrandom(&store->serial, sizeof(store->serial), GRND_NONBLOCK) < 0)
                store->serial = getpid();
        for (StoreRoom room = 0; room < _STORE_ROOM_MAX; room++) {
                store->rooms[room] = session ? session_room(root ?: "", room)
                                             : system_room(root ?: "", room);
                if (!store->rooms[room])
                        return fail_memory(error);
        }
        *ret = TAKE(store);
        return 0;
}

static void folder_forget(Folder *folder) {
        if (!folder->name)
                return;
        close(folder->fd);
        free(folder->name);
        *folder = (Folder) {};
}

Store *store_free(Store *store) {
        if (!store)
                return NULL;
        for (size_t i = 0; i < FOLDERS_MAX; i++)
                folder_forget(&store->folders[i]);
        for (StoreRoom room = 0; room < _STORE_ROOM_MAX; room++)
                free(store->rooms[room]);
        free(store);
        return NULL;
}

/* ---- names ---- */

static bool name_is_temporary(const char *name) {
        size_t n = strlen(name);

        return name[0] == '.' && n > 1 + TEMPORARY_TAIL && name[n - 1] == '~' &&
               name[n - TEMPORARY_TAIL] == '.' &&
               strspn(name + n - TEMPORARY_TAIL + 1, "0123456789abcdef") == TEMPORARY_TAIL - 2;
}

/* Relative, every part of it a name that is there to stay. */
static bool name_is_valid(const char *name) {
        while (true) {
                char part[NAME_MAX + 1];
                size_t n = strcspn(name, "/");

                if (n == 0 || n > NAME_MAX)
                        return false;
                memcpy(part, name, n);
                part[n] = 0;
                if (strcmp(part, ".") == 0 || strcmp(part, "..") == 0 || name_is_temporary(part))
                        return false;
                if (name[n] == 0)
                        return true;
                name += n + 1;
        }
}

char *store_path(Store *store, StoreRoom room, const char *name) {
        char *path;

        if (!name || name[0] == 0)
                return strdup(store->rooms[room]);
        if (!name_is_valid(name)) {
                errno = EINVAL;
                return NULL;
        }
        return asprintf(&path, "%s/%s", store->rooms[room], name) < 0 ? NULL : path;
}

/* store_path() with its failure in words. */
static int path_of(Store *store, StoreRoom room, const char *name, char **ret, Error *error) {
        if (name[0] != 0 && !name_is_valid(name))
                return fail(error, ERROR_INVALID_ARG, "'%s' cannot be the name of a file", name);
        *ret = store_path(store, room, name);
        return *ret ? 0 : fail_memory(error);
}

/* "qemu/autostart/a.xml" is "a.xml" in "qemu/autostart"; "a.xml" is in "". */
static int name_split(const char *name, char **ret_folder, const char **ret_file) {
        const char *slash = strrchr(name, '/');

        *ret_folder = slash ? strndup(name, slash - name) : strdup("");
        *ret_file = slash ? slash + 1 : name;
        return *ret_folder ? 0 : -ENOMEM;
}

static char *temporary_name(Store *store, const char *file, char ret[static NAME_MAX + 1]) {
        snprintf(ret, NAME_MAX + 1, ".%.*s.%08x~", NAME_MAX - 1 - TEMPORARY_TAIL, file,
                 store->serial++);
        return ret;
}

/* ---- folders ---- */

static int sync_folder(int fd) {
        if (fsync(fd) == 0)
                return 0;
        /* file systems that have nothing to sync about a folder */
        return errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
}

static int sync_folder_at(const char *path) {
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return errno == EACCES ? 0 : -errno; /* writable, not readable */
        return sync_folder(fd);
}

/* Makes a folder and those above it. A new folder is as durable as its entry in the one above. */
static int make_folders(char *path, bool durable) {
        for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
                if (slash)
                        *slash = 0;
                bool made = mkdir(path, 0700) == 0;
                int r = made || errno == EEXIST ? 0 : -errno;

                if (r == 0 && made && durable) {
                        char *above = strrchr(path, '/');
                        *above = 0;
                        r = sync_folder_at(path[0] ? path : "/");
                        *above = '/';
                }
                if (slash)
                        *slash = '/';
                if (r < 0 || !slash)
                        return r;
        }
}

int store_open_folder(Store *store, StoreRoom room, const char *folder, Error *error) {
        _cleanup_(freep) char *path = NULL;

        int r = path_of(store, room, folder, &path, error);
        if (r < 0)
                return r;
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT) {
                r = make_folders(path, rooms[room].durable);
                if (r < 0)
                        return fail_errno(error, r, "cannot make the folder '%s'", path);
                fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        }
        if (fd < 0)
                return fail_errno(error, -errno, "cannot open the folder '%s'", path);
        return fd;
}

static Folder *folder_find(Store *store, StoreRoom room, const char *name) {
        for (size_t i = 0; i < FOLDERS_MAX; i++) {
                Folder *folder = &store->folders[i];
                if (folder->name && folder->room == room && strcmp(folder->name, name) == 0)
                        return folder;
        }
        return NULL;
}

/* Opens a folder, in place of the one that was used longest ago. */
static int folder_open(Store *store, StoreRoom room, const char *name, Folder **ret, Error *error) {
        Folder *oldest = &store->folders[0];
        int fd = store_open_folder(store, room, name, error);

        if (fd < 0)
                return fd;
        for (size_t i = 1; i < FOLDERS_MAX; i++)
                if (store->folders[i].used < oldest->used)
                        oldest = &store->folders[i];

        char *copy = strdup(name);
        if (!copy) {
                close(fd);
                return fail_memory(error);
        }
        folder_forget(oldest);
        *oldest = (Folder) { .room = room, .name = copy, .fd = fd };
        *ret = oldest;
        return 0;
}

/* Makes a new file, or whatever it is, in a folder; undoes it when it fails. */
typedef int (*Make)(int folder, const char *name, const char *text);

/* Makes something under a new temporary name, in a folder that is there. */
static int make_temporary(Store *store, StoreRoom room, const char *folder_name, const char *file,
                          Make make, const char *text, char temporary[static NAME_MAX + 1],
                          Folder **ret, Error *error) {
        Folder *folder = folder_find(store, room, folder_name);
        int r = folder ? 0 : folder_open(store, room, folder_name, &folder, error);

        if (r < 0)
                return r;
        do
                r = make(folder->fd, temporary_name(store, file, temporary), text);
        while (r == -EEXIST);
        if (r == -ENOENT) { /* the folder went away under its descriptor */
                folder_forget(folder);
                r = folder_open(store, room, folder_name, &folder, error);
                if (r < 0)
                        return r;
                r = make(folder->fd, temporary_name(store, file, temporary), text);
        }
        folder->used = ++store->clock;
        *ret = folder;
        return r;
}

/* ---- writing ---- */

static int write_all(int fd, const char *text, size_t n) {
        while (n > 0) {
                ssize_t k = write(fd, text, n);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k <= 0)
                        return k < 0 ? -errno : -EIO;
                text += k;
                n -= k;
        }
        return 0;
}

static int fill_file(int folder, const char *name, const char *text, bool durable) {
        int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

        if (fd < 0)
                return -errno;
        int r = write_all(fd, text, strlen(text));
        if (r == 0 && durable && fsync(fd) < 0)
                r = -errno;
        if (close(fd) < 0 && errno != EINTR && r == 0) /* network file systems and quotas */
                r = -errno;
        if (r < 0)
                (void) unlinkat(folder, name, 0);
        return r;
}

static int make_file(int folder, const char *name, const char *text) {
        return fill_file(folder, name, text, false);
}

static int make_durable_file(int folder, const char *name, const char *text) {
        return fill_file(folder, name, text, true);
}

static int make_link(int folder, const char *name, const char *target) {
        return symlinkat(target, folder, name) < 0 ? -errno : 0;
}

static int replace(Store *store, StoreRoom room, const char *name, Make make, const char *text,
                   Error *error) {
        _cleanup_(freep) char *path = NULL, *folder_name = NULL;
        char temporary[NAME_MAX + 1];
        const char *file;
        Folder *folder;

        if (name[0] == 0)
                return fail(error, ERROR_INVALID_ARG, "a file needs a name");
        int r = path_of(store, room, name, &path, error);
        if (r < 0)
                return r;
        if (name_split(name, &folder_name, &file) < 0)
                return fail_memory(error);
        r = make_temporary(store, room, folder_name, file, make, text, temporary, &folder, error);
        if (r < 0)
                return fail_errno(error, r, "cannot write '%s'", path);
        if (renameat(folder->fd, temporary, folder->fd, file) < 0) {
                r = -errno;
                (void) unlinkat(folder->fd, temporary, 0);
                return fail_errno(error, r, "cannot replace '%s'", path);
        }
        r = rooms[room].durable ? sync_folder(folder->fd) : 0;
        return r < 0 ? fail_errno(error, r, "cannot sync the folder of '%s'", path) : 0;
}

int store_write(Store *store, StoreRoom room, const char *name, const char *text, Error *error) {
        return replace(store, room, name, rooms[room].durable ? make_durable_file : make_file, text,
                       error);
}

int store_link(Store *store, StoreRoom room, const char *target, const char *name, Error *error) {
        return replace(store, room, name, make_link, target, error);
}

/* ---- reading ---- */

static int read_all(int fd, size_t max, char **ret, size_t *ret_n) {
        struct stat st;
        size_t n = 0;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
        if (st.st_size < 0 || (uint64_t) st.st_size > max)
                return -EFBIG;

        size_t room = st.st_size;
        _cleanup_(freep) char *text = malloc(room + 1);
        if (!text)
                return -ENOMEM;
        while (n < room) {
                ssize_t k = read(fd, text + n, room - n);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                if (k == 0) /* became shorter meanwhile */
                        break;
                n += k;
        }
        text[n] = 0;
        *ret = TAKE(text);
        *ret_n = n;
        return 0;
}

int store_read(Store *store, StoreRoom room, const char *name, size_t max, char **ret,
               Error *error) {
        _cleanup_(freep) char *path = NULL, *text = NULL;
        size_t n = 0;

        int r = path_of(store, room, name, &path, error);
        if (r < 0)
                return r;
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? -ENOENT
                                       : fail_errno(error, -errno, "cannot open '%s'", path);
        r = read_all(fd, max, &text, &n);
        if (r == 0 && strlen(text) != n)
                r = -EILSEQ; /* half a text would look like a whole one */
        if (r < 0)
                return fail_errno(error, r, "cannot read '%s'", path);
        *ret = TAKE(text);
        return 0;
}

bool store_exists(Store *store, StoreRoom room, const char *name) {
        _cleanup_(freep) char *path = store_path(store, room, name);
        struct stat st;

        return path && lstat(path, &st) == 0;
}

static mode_t entry_type(int folder, const struct dirent *entry) {
        struct stat st;

        if (entry->d_type != DT_UNKNOWN)
                return DTTOIF(entry->d_type);
        return fstatat(folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_mode & S_IFMT
                                                                             : 0;
}

static bool is_folder_listed(int folder, const struct dirent *entry) {
        return entry_type(folder, entry) == S_IFDIR && entry->d_name[0] != '.';
}

/* The part of a name before suffix, which is cut off in place; NULL when there isn't any. */
static char *name_before(char *name, const char *suffix) {
        size_t n = strlen(name), k = strlen(suffix);

        if (n <= k || strcmp(name + n - k, suffix) != 0)
                return NULL;
        name[n - k] = 0;
        return name;
}

int store_list(Store *store, StoreRoom room, const char *folder, const char *suffix,
               int (*found)(const char *name, void *userdata), void *userdata, Error *error) {
        _cleanup_(freep) char *path = NULL;
        bool folders = strcmp(suffix, "/") == 0;
        struct dirent *entry;

        int r = path_of(store, room, folder, &path, error);
        if (r < 0)
                return r;
        _cleanup_(dir_closep) DIR *dir = opendir(path);
        if (!dir)
                return errno == ENOENT ? 0 : fail_errno(error, -errno, "cannot open '%s'", path);
        while (errno = 0, (entry = readdir(dir))) {
                if (name_is_temporary(entry->d_name)) {
                        (void) unlinkat(dirfd(dir), entry->d_name, 0);
                        continue;
                }
                if (folders ? !is_folder_listed(dirfd(dir), entry)
                            : entry_type(dirfd(dir), entry) != S_IFREG ||
                                      !name_before(entry->d_name, suffix))
                        continue;
                r = found(entry->d_name, userdata);
                if (r < 0)
                        return r;
        }
        return errno ? fail_errno(error, -errno, "cannot read the folder '%s'", path) : 0;
}

/* ---- removing ---- */

int store_remove(Store *store, StoreRoom room, const char *name, Error *error) {
        _cleanup_(freep) char *path = NULL;

        if (name[0] == 0)
                return fail(error, ERROR_INVALID_ARG, "a file needs a name");
        int r = path_of(store, room, name, &path, error);
        if (r < 0)
                return r;
        if (unlink(path) < 0)
                return errno == ENOENT ? 0 : fail_errno(error, -errno, "cannot remove '%s'", path);
        if (!rooms[room].durable)
                return 0;
        *strrchr(path, '/') = 0;
        r = sync_folder_at(path);
        return r < 0 ? fail_errno(error, r, "cannot sync the folder '%s'", path) : 0;
}

static int remove_content(int folder, unsigned depth);

/* A symbolic link is removed, never followed. */
static int remove_entry(int folder, const char *name, unsigned depth) {
        if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
                return 0;
        if (errno != EISDIR && errno != EPERM)
                return -errno;
        if (depth == DEPTH_MAX)
                return -ELOOP;
        int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        int r = remove_content(fd, depth + 1);
        if (r < 0)
                return r;
        return unlinkat(folder, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

/* Takes the descriptor over. */
static int remove_content(int folder, unsigned depth) {
        _cleanup_(dir_closep) DIR *dir = fdopendir(folder);
        struct dirent *entry;

        if (!dir) {
                close(folder);
                return -ENOMEM;
        }
        while (errno = 0, (entry = readdir(dir))) {
                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                int r = remove_entry(dirfd(dir), entry->d_name, depth);
                if (r < 0)
                        return r;
        }
        return -errno;
}

int store_remove_tree(Store *store, StoreRoom room, const char *folder, Error *error) {
        _cleanup_(freep) char *path = NULL;

        if (room == STORE_CONFIG || folder[0] == 0)
                return fail(error, ERROR_INVALID_ARG,
                            "'%s' is not for being removed with all that is in it", folder);
        int r = path_of(store, room, folder, &path, error);
        if (r < 0)
                return r;
        r = remove_entry(AT_FDCWD, path, 0);
        if (r < 0)
                return fail_errno(error, r, "cannot remove '%s'", path);
        if (!rooms[room].durable)
                return 0;
        *strrchr(path, '/') = 0;
        r = sync_folder_at(path);
        return r < 0 && r != -ENOENT ? fail_errno(error, r, "cannot sync '%s'", path) : 0;
}
