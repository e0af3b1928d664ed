/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of a network that is active: what dnsmasq reads and writes, and the runtime file.
 *
 * dnsmasq reads its files of hosts again when it isn't root any more, so these can be read by all,
 * and the way to them can be walked by all: but not looked into. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/xml.h"
#include "drivers/network/files.h"
#include "drivers/network/host.h"

#define FOLDER "networks"
#define STATE_MAX (8u << 20) /* bytes */

/* ---- what dnsmasq reads ---- */

static char *name_of(const Network *network, const char *suffix) {
        char uuid[UUID_TEXT_MAX];

        return connection_file(network->defined.resource.connection, FOLDER "/%s%s",
                               uuid_format(network->defined.resource.uuid, uuid), suffix);
}

char *host_file(const Network *network, const char *suffix) {
        _cleanup_(freep) char *name = name_of(network, suffix);

        return name ? store_path(network->defined.resource.connection->store, STORE_STATE, name)
                    : NULL;
}

static int open_folder(Connection *connection, const char *name, Error *error) {
        int fd = store_open_folder(connection->store, STORE_STATE, name, error);

        if (fd >= 0 && !connection->settings->session)
                (void) fchmod(fd, 0711);
        return fd;
}

static int open_state(Connection *connection, Error *error) {
        const char *const above[] = { "", connection->driver->id };
        _cleanup_(freep) char *folder = connection_file(connection, FOLDER);

        for (size_t i = 0; i < ELEMENTS(above); i++) {
                _cleanup_(closep) int fd = open_folder(connection, above[i], error);

                if (fd < 0)
                        return fd;
        }
        return folder ? open_folder(connection, folder, error) : fail_memory(error);
}

static int write_all(int fd, const char *text) {
        for (size_t left = strlen(text); left > 0;) {
                ssize_t n = write(fd, text, left);

                if (n < 0 && errno != EINTR)
                        return -errno;
                text += MAX(n, 0);
                left -= MAX(n, 0);
        }
        return 0;
}

static int replace(int folder, const char *name, const char *text) {
        _cleanup_(freep) char *temporary = NULL;
        int r;

        if (asprintf(&temporary, ".%s.new", name) < 0)
                return -ENOMEM;
        _cleanup_(closep) int fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_TRUNC |
                                          O_NOFOLLOW | O_CLOEXEC, 0644);
        if (fd < 0)
                return -errno;
        r = fchmod(fd, 0644) < 0 ? -errno : write_all(fd, text);
        if (r >= 0 && renameat(folder, temporary, folder, name) < 0)
                r = -errno;
        if (r < 0)
                (void) unlinkat(folder, temporary, 0);
        return r;
}

int host_write_file(const Network *network, const char *suffix, const char *text, Error *error) {
        _cleanup_(closep) int folder = open_state(network->defined.resource.connection, error);
        char uuid[UUID_TEXT_MAX], name[UUID_TEXT_MAX + 16];
        int r;

        if (folder < 0)
                return folder;
        (void) snprintf(name, sizeof(name), "%s%s",
                        uuid_format(network->defined.resource.uuid, uuid), suffix);
        r = replace(folder, name, text);
        return r < 0 ? fail_errno(error, r, "cannot write %s", name) : 0;
}

int host_write_files(const Network *network, const NetworkConf *conf, Error *error) {
        _cleanup_(freep) char *hosts = host_file(network, ".hosts");
        _cleanup_(freep) char *names = host_file(network, ".names");
        _cleanup_(files_clear) NetworkFiles files = {};
        int r = hosts && names ? files_of_network(conf, hosts, names, &files, error)
                               : fail_memory(error);

        if (r >= 0)
                r = host_write_file(network, ".hosts", files.hosts, error);
        if (r >= 0)
                r = host_write_file(network, ".names", files.names, error);
        return r < 0 ? r : host_write_file(network, ".conf", files.conf, error);
}

void host_remove_files(const Network *network, bool leases) {
        static const char *const suffixes[] = { ".conf", ".hosts", ".names", ".log", ".leases" };

        for (size_t i = 0; i < ELEMENTS(suffixes) - !leases; i++) {
                _cleanup_(freep) char *path = host_file(network, suffixes[i]);

                if (path)
                        (void) unlink(path);
        }
}

/* ---- the runtime file ---- */

/* The live definition is the element's first child. */
static const MapElement state_element = { "state", sizeof(HostState), (const MapField[]) {
        U32   ("@stage",  HostState, stage, REQUIRED),
        U32   ("@unit",   HostState, unit),
        STRING("@bridge", HostState, bridge),
        MAC   ("@mac",    HostState, mac),
        STRING("@table",  HostState, table),
        U64   ("@mark",   HostState, mark),
        U32   ("@pid",    HostState, pid),
        U64   ("@start",  HostState, start),
        {}
} };

int host_save(const HostNetwork *host, Error *error) {
        const Defined *defined = &host->network->defined;
        _cleanup_(freep) char *file = name_of(host->network, ".xml"), *text = NULL;
        const Process *process = host->dnsmasq.process;
        char *at = NULL, mac[MAC_TEXT_MAX];
        size_t size;
        FILE *out = open_memstream(&at, &size);

        if (!out || !file)
                return fail_memory(error);
        (void) fprintf(out, "<state stage='%d'", host->stage);
        if (host->bridge)
                (void) fprintf(out, " bridge='%s' mac='%s'", host->bridge,
                               mac_format(host->mac, mac));
        if (host->table)
                (void) fprintf(out, " table='%s' mark='%" PRIu64 "'", host->table, host->mark);
        if (host->dnsmasq.unit)
                (void) fputs(" unit='1'", out);
        if (process)
                (void) fprintf(out, " pid='%d' start='%" PRIu64 "'", process_pid(process),
                               process_start(process));
        (void) fprintf(out, ">\n%s</state>\n", defined_text(defined, false));
        int r = fclose(out);
        text = at;
        if (r != 0)
                return fail_memory(error);
        return store_write(host_connection(host)->store, STORE_RUNTIME, file, text, error);
}

void host_forget(const Network *network) {
        _cleanup_(freep) char *file = name_of(network, ".xml");

        if (file)
                (void) store_remove(network->defined.resource.connection->store, STORE_RUNTIME,
                                    file, NULL);
}

int host_load(Connection *connection, const char *uuid, HostState *ret, char **ret_text,
              Error *error) {
        _cleanup_(freep) char *file = connection_file(connection, FOLDER "/%s.xml", uuid);
        _cleanup_(xml_doc_freep) xmlDoc *document = NULL;
        _cleanup_(freep) char *text = NULL;
        int r;

        if (!file)
                return fail_memory(error);
        r = store_read(connection->store, STORE_RUNTIME, file, STATE_MAX, &text, error);
        if (r >= 0)
                r = xml_parse(text, "state", &document, error);
        if (r < 0)
                return r;
        xmlNode *root = xmlDocGetRootElement(document), *network = xmlFirstElementChild(root);
        if (!network)
                return fail(error, ERROR_XML, "%s lacks the definition of its network", file);
        r = map_load(&state_element, root, ret, error);
        if (r < 0)
                return r;
        return xml_print(network, ret_text) < 0 ? fail_memory(error) : 0;
}

void host_state_clear(HostState *state) {
        map_clear(&state_element, state);
}
