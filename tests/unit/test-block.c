/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Block nodes: each <disk> of the samples in FOLDER becomes the nodes that its JSON file lists.
 *
 *     test-block FOLDER
 *
 * The samples name nodes as they please; ours are given these names before they are compared. */
#include <json-c/json.h>

#include "conf/xml.h"
#include "drivers/qemu/command-private.h"
#include "tests/unit/qemu.h"

enum { MAX_IMAGES = 8 };

static TestQemu qemu;

/* ---- names ---- */

/* Of image number n of the chain, counted from 1 as ours are. */
typedef struct Names {
        char *storage, *format;
} Names;

static void read_names(const xmlNode *element, Names names[static MAX_IMAGES]) {
        for (size_t n = 1; element && n < MAX_IMAGES; n++) {
                const xmlNode *source = node_child(element, "source");
                const xmlNode *list = node_child(node_child(source, "privateData"), "nodenames");

                for (const xmlNode *node = node_child(list, "nodename"); node;
                     node = node_next(node)) {
                        char *name = (char *) node_attribute(node, "name");

                        if (node_attribute_is(node, "type", "storage"))
                                names[n].storage = name;
                        else
                                names[n].format = name;
                }
                element = node_child(element, "backingStore");
        }
}

/* "libvirt-2-storage" and what is named after it, as the samples name it. */
static json_object *rename_text(const char *text, const Names names[static MAX_IMAGES]) {
        static const struct {
                const char *ours, *theirs;
        } ends[] = {
                { "-encryption-secret0", "-encalias" },
                { "-auth-secret0", "-secalias" },
                { "_tls0", "-tls0" },
        };
        const char *at = strncmp(text, "objlibvirt-", 11) == 0 ? text + 3 : text;
        char *rest = NULL, *whole;

        if (strncmp(at, "libvirt-", 8) != 0)
                return json_object_new_string(text);
        const Names *of = &names[strtoul(at + 8, &rest, 10)];
        bool storage = strncmp(rest, "-storage", 8) == 0;
        const char *end = strchr(rest + 1, storage ? 'e' : 't') + 1;
        for (size_t i = 0; i < ELEMENTS(ends); i++)
                if (strcmp(end, ends[i].ours) == 0)
                        end = ends[i].theirs;
        CHECK(asprintf(&whole, "%s%s", (storage ? of->storage : of->format) ?: "", end) >= 0);
        json_object *renamed = json_object_new_string(whole);
        free(whole);
        return renamed;
}

static void rename_all(json_object *node, const Names names[static MAX_IMAGES]) {
        json_object_object_foreach(node, key, value) {
                if (json_object_is_type(value, json_type_string))
                        json_object_object_add(node, key,
                                               rename_text(json_object_get_string(value), names));
                else if (json_object_is_type(value, json_type_object))
                        rename_all(value, names);
        }
}

/* ---- ours and theirs ---- */

static json_object *our_nodes(const char *disk, Error *error) {
        _cleanup_(freep) char *text = NULL;
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        _cleanup_(qemu_command_clear) QemuCommand command = {};
        const QemuPlaces places = { .monitor_fd = 3, .folder = "/f", .state_folder = "/s" };

        CHECK(asprintf(&text,
                       "<domain type='qemu'><name>a</name><memory>131072</memory><os><type "
                       "arch='x86_64' machine='pc'>hvm</type></os><devices>%s</devices></domain>",
                       disk) > 0);
        if (conf_parse(text, 0, &conf, error) < 0 || qemu_complete(conf, qemu.caps, error) < 0 ||
            qemu_assign_addresses(conf, qemu.caps, error) < 0 ||
            qemu_assign_aliases(conf, error) < 0 ||
            qemu_command_build(conf, qemu.caps, &places, &command, error) < 0)
                return NULL;
        json_object *nodes = json_object_new_array();
        for (size_t i = 0; i + 1 < command.n; i++)
                if (strcmp(command.argv[i], "-blockdev") == 0)
                        json_object_array_add(nodes, json_tokener_parse(command.argv[i + 1]));
        return nodes;
}

static json_object *their_nodes(const char *text) {
        json_tokener *tokener = json_tokener_new();
        json_object *nodes = json_object_new_array(), *node;

        while ((node = json_tokener_parse_ex(tokener, text, (int) strlen(text)))) {
                json_object_array_add(nodes, node);
                text += json_tokener_get_parse_end(tokener);
        }
        json_tokener_free(tokener);
        return nodes;
}

/* Ours begin at the end of the chain, each with its storage; theirs with the disk's format. */
static bool are_same(json_object *ours, json_object *theirs, const Names names[static MAX_IMAGES]) {
        size_t n = json_object_array_length(theirs);
        bool same = json_object_array_length(ours) == n;

        for (size_t i = 0; same && i < n; i++) {
                json_object *node = json_object_array_get_idx(ours, n - 1 - i);

                rename_all(node, names);
                json_object_object_del(node, "debug"); /* what QEMU takes by itself */
                same = json_object_equal(node, json_object_array_get_idx(theirs, i));
        }
        return same;
}

static bool try_sample(const char *folder, const char *name) {
        char path[PATH_MAX];
        Names names[MAX_IMAGES] = {};
        Error error = {};
        xmlDoc *document;
        bool same;

        snprintf(path, sizeof(path), "%s/%s.xml", folder, name);
        _cleanup_(freep) char *disk = test_read(path);
        snprintf(path, sizeof(path), "%s/%s.json", folder, name);
        _cleanup_(freep) char *expected = test_read(path);
        CHECK(disk && expected && xml_parse(disk, "disk", &document, NULL) >= 0);
        read_names(xmlDocGetRootElement(document), names);

        json_object *ours = our_nodes(disk, &error), *theirs = their_nodes(expected);
        same = ours && are_same(ours, theirs, names);
        if (!same)
                fprintf(stderr, "%s: %s\n", name,
                        ours ? json_object_to_json_string(ours) : error.message);
        json_object_put(ours);
        json_object_put(theirs);
        error_clear(&error);
        xmlFreeDoc(document);
        for (size_t i = 0; i < MAX_IMAGES; i++) {
                free(names[i].storage);
                free(names[i].format);
        }
        return same;
}

static int is_sample(const struct dirent *entry) {
        size_t n = strlen(entry->d_name);

        return n > 5 && strcmp(entry->d_name + n - 5, ".json") == 0 &&
               !strstr(entry->d_name, "-srconly.json");
}

int main(int argc, char **argv) {
        struct dirent **entries;
        int n = argc > 1 ? scandir(argv[1], &entries, is_sample, alphasort) : -1, good = 0;

        if (n <= 0) {
                fprintf(stderr, "SKIPPED: no samples in %s\n", argc > 1 ? argv[1] : "");
                return 77;
        }
        if (!test_qemu_open(&qemu)) {
                test_qemu_close(&qemu);
                return 77;
        }
        for (int i = 0; i < n; i++) {
                *strrchr(entries[i]->d_name, '.') = '\0';
                good += try_sample(argv[1], entries[i]->d_name);
                free(entries[i]);
        }
        free(entries);
        test_qemu_close(&qemu);
        printf("%d of %d disks become the nodes they should\n", good, n);
        return good == n ? 0 : 1;
}
