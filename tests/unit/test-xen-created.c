/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A configuration of xl that was converted and defined asks libxl for the guest that `xl create`
 * of it asks for. Both are compared as libxl's JSON; what says the same in other words, and what
 * the two choose on purpose, stands in a table here.
 *
 *         test-xen-created PRELOAD XEN DATA CORPUS
 *
 * xl is taken from the images of the Xen bed (XEN, or VIRTBUS_XEN), and runs without a Xen thanks
 * to PRELOAD. Ours in DATA must be equal; of the samples in CORPUS is printed how many are. Without
 * xl it exits with 77, which meson reports as skipped. */
#include <dirent.h>
#include <fnmatch.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>

#include "tests/unit/fake-xen.h"

#include "drivers/xen/config.h"
#include "drivers/xen/driver.h"
#include "tests/unit/check.h"

#define LINES_MAX 512

static libxl_ctx *ctx;
static char command[3 * PATH_MAX]; /* up to the name of a file */

/* ---- the two ---- */

static char *read_all(FILE *file) {
        char *text = NULL;
        size_t size = 0;

        CHECK(file);
        if (getdelim(&text, &size, 0, file) < 0) {
                free(text);
                text = NULL;
        }
        return text;
}

/* As DomainXMLFromNative, DomainDefineXML and Create do it. */
static char *ours(const char *path) {
        FILE *file = fopen(path, "re");
        _cleanup_(freep) char *text = read_all(file), *xml = NULL;
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        _cleanup_(error_clear) Error error = {};
        libxl_domain_config config;
        char *json = NULL;

        fclose(file);
        libxl_domain_config_init(&config);
        if (native_to_xml("xen-xl", text, &xml, &error) >= 0 &&
            xen_conf_parse(xml, 0, &conf, &error) >= 0 &&
            xen_config_build(conf, ctx, &config, &error) >= 0)
                CHECK(json = libxl_domain_config_to_json(ctx, &config));
        else
                printf("%s: %s\n", path, error.message ?: "");
        libxl_domain_config_dispose(&config);
        return json;
}

static char *theirs(const char *path) {
        char whole[sizeof(command) + PATH_MAX + 32];
        FILE *pipe;

        snprintf(whole, sizeof(whole), "%s -N create '%s' 2> /dev/null", command, path);
        CHECK(pipe = popen(whole, "re"));
        char *text = read_all(pipe);
        if (pclose(pipe) == 0)
                return text;
        free(text);
        return NULL;
}

/* ---- what makes no difference ---- */

/* path and value as patterns, NULL for any value. Lists of devices have "#" for their number. */
static const struct {
        const char *path, *value;
} same[] = {
        /* xl's own settings, and what only xl reads */
        { "b_info.claim_mode", NULL },
        { "c_info.run_hotplug_scripts", "True" },
        { "on_soft_reset", NULL },
        /* what libxl makes of nothing */
        { "b_info.shadow_memkb", "1234" },
        { "b_info.localtime", "False" },
        { "b_info.device_model_version", "qemu_xen" },
        { "b_info.video_memkb", "8192" },
        { "b_info.acpi", "True" },
        { "b_info.apic", "True" },
        { "b_info.type.hvm.pae", "True" },
        { "b_info.type.hvm.vga.kind", "cirrus" },
        { "b_info.type.hvm.viridian", "False" },
        { "b_info.type.hvm.sdl.enable", "False" },
        { "b_info.type.hvm.spice.*", "False" },
        { "nics#.nictype", NULL },
        { "nics#.model", "netfront" },
        { "v[fk]bs#.devid", NULL },
        { "vfbs#.sdl.enable", "False" },
        { "usbdevs#.type.hostdev.*", NULL }, /* xl says of which kind it is when it attaches it */
        /* libvirt's: a port that isn't there needs no mention; the port of a display is chosen
         * before the start; a display is told of twice; all disks may be removed */
        { "b_info.type.hvm.serial", "none" },
        { "b_info.type.hvm.vnc.findunused", NULL },
        { "vfbs#.vnc.*", NULL },
        { "disks#.removable", "1" },
        { "b_info.type.hvm.vnc.enable", "True" },
        { "b_info.type.hvm.boot", "c" },
        { "b_info.max_vcpus", "1" },
        { "b_info.avail_vcpus.0", "0" },
        { "p9s#.devid", NULL },
        { "pcidevs#.vfunc_mask", "1" },
        { "pcidevs#.rdm_policy", "strict" },
        { "b_info.nested_hvm", "False" },
        { "b_info.numa_placement", "False" }, /* xl forgets it where "cpus" is a text */
        { "b_info.*kernel", "/usr/lib/xen*/boot/pvgrub??.bin" },
        /* chosen at random */
        { "nics#.mac", NULL },
};

static bool is_same(const char *path, const char *value) {
        for (size_t i = 0; i < ELEMENTS(same); i++)
                if (fnmatch(same[i].path, path, 0) == 0 &&
                    (!same[i].value || fnmatch(same[i].value, value, 0) == 0))
                        return true;
        return false;
}

/* ---- as lines ---- */

typedef struct Lines {
        char *items[LINES_MAX];
        size_t n;
} Lines;

static void flatten(struct json_object *value, const char *path, Lines *lines) {
        char longer[512];

        if (json_object_is_type(value, json_type_object)) {
                json_object_object_foreach(value, name, member) {
                        snprintf(longer, sizeof(longer), "%s%s%s", path, *path ? "." : "", name);
                        flatten(member, longer, lines);
                }
        } else if (json_object_is_type(value, json_type_array)) {
                for (size_t i = 0; i < json_object_array_length(value); i++) {
                        struct json_object *item = json_object_array_get_idx(value, i);
                        const char *text = json_object_get_string(item);

                        snprintf(longer, sizeof(longer), "%s#", path);
                        if (!json_object_is_type(item, json_type_object))
                                snprintf(longer, sizeof(longer), "%s.%zu", path, i);
                        CHECK(text);
                        flatten(item, longer, lines);
                }
        } else if (value && !is_same(path, json_object_get_string(value))) {
                CHECK(lines->n < LINES_MAX);
                CHECK(asprintf(&lines->items[lines->n++], "%s = %s", path,
                               json_object_get_string(value)) > 0);
        }
}

/* Some members are said in either of two places. */
static char *find_moved(const char *line) {
        static const char *const types[] = { "b_info.type.hvm.", "b_info.type.pv." };
        static const char one[] = "b_info.type.hvm.usbdevice = ";
        static const char *const moved[] = {
                "nested_hvm", "timer_mode", "apic", "acpi", "kernel", "ramdisk", "cmdline",
                "bootloader",
        };
        char *other;

        if (strncmp(line, one, strlen(one)) == 0) {
                CHECK(asprintf(&other, "b_info.type.hvm.usbdevice_list.0 = %s",
                               line + strlen(one)) > 0);
                return other;
        }
        for (size_t i = 0; i < ELEMENTS(types); i++)
                for (size_t k = 0; k < ELEMENTS(moved); k++)
                        if (strncmp(line, types[i], strlen(types[i])) == 0 &&
                            strncmp(line + strlen(types[i]), moved[k], strlen(moved[k])) == 0) {
                                CHECK(asprintf(&other, "b_info.%s", line + strlen(types[i])) > 0);
                                return other;
                        }
        return NULL;
}

static int compare(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* A guest with hardware has its displays once more as framebuffers, as libvirt tells libxl; and
 * whatever is on USB needs no word that there is one. */
static void drop_implied(Lines *lines) {
        bool hard = false, usb = false;
        size_t n = 0;

        for (size_t i = 0; i < lines->n; i++) {
                hard = hard || strncmp(lines->items[i], "b_info.type.hvm.", 16) == 0;
                usb = usb || strncmp(lines->items[i], "b_info.type.hvm.usbdevice", 25) == 0;
        }
        for (size_t i = 0; i < lines->n; i++) {
                char *line = lines->items[i];

                if ((hard && strncmp(line, "vfbs#", 5) == 0) ||
                    (usb && strcmp(line, "b_info.type.hvm.usb = True") == 0))
                        free(line);
                else
                        lines->items[n++] = line;
        }
        lines->n = n;
}

static void read_lines(const char *json, Lines *lines) {
        struct json_object *root = json_tokener_parse(json);

        CHECK(root);
        flatten(root, "", lines);
        json_object_put(root);
        for (size_t i = 0; i < lines->n; i++) {
                char *other = find_moved(lines->items[i]);

                if (other) {
                        free(lines->items[i]);
                        lines->items[i] = other;
                }
        }
        drop_implied(lines);
        qsort(lines->items, lines->n, sizeof(*lines->items), compare);
}

static void clear_lines(Lines *lines) {
        for (size_t i = 0; i < lines->n; i++)
                free(lines->items[i]);
}

static bool are_equal(const char *path, const Lines *a, const Lines *b) {
        bool equal = true;

        for (size_t i = 0, k = 0; i < a->n || k < b->n;) {
                int order = i == a->n ? 1 : k == b->n ? -1 : strcmp(a->items[i], b->items[k]);

                if (order != 0)
                        printf("%s: %s %s\n", path, order < 0 ? "only ours:  " : "only theirs:",
                               order < 0 ? a->items[i] : b->items[k]);
                equal = equal && order == 0;
                i += order <= 0;
                k += order >= 0;
        }
        return equal;
}

/* ---- files ---- */

static bool try_file(const char *path, bool *ret_taken) {
        _cleanup_(freep) char *a = ours(path), *b = theirs(path);
        Lines left = {}, right = {};

        *ret_taken = b != NULL; /* xl itself may need more of a host than there is */
        if (!a || !b)
                return false;
        read_lines(a, &left);
        read_lines(b, &right);
        bool equal = are_equal(path, &left, &right);
        clear_lines(&left);
        clear_lines(&right);
        return equal;
}

static bool try_folder(const char *folder, const char *what) {
        size_t all = 0, equal = 0;
        DIR *dir = opendir(folder);

        for (struct dirent *entry; dir && (entry = readdir(dir));) {
                char path[PATH_MAX];
                bool taken;

                if (fnmatch("*.cfg", entry->d_name, 0) != 0)
                        continue;
                snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
                equal += try_file(path, &taken);
                all += taken;
        }
        if (dir)
                closedir(dir);
        printf("%s: %zu of %zu ask for what xl create asks for\n", what, equal, all);
        return equal == all;
}

int main(int argc, char *argv[]) {
        xentoollog_logger_stdiostream *logger;
        const char *xen = getenv("VIRTBUS_XEN");
        char xl[PATH_MAX], corpus[PATH_MAX];

        CHECK(argc == 5);
        snprintf(xl, sizeof(xl), "%s/dom0/usr/lib/xen-4.17/bin/xl", xen ?: argv[2]);
        if (access(xl, X_OK) < 0) {
                printf("SKIPPED: no %s, which tests/xen/build makes\n", xl);
                return 77;
        }
        snprintf(command, sizeof(command),
                 "LD_LIBRARY_PATH='%s/dom0/usr/lib/x86_64-linux-gnu' LD_PRELOAD='%s' '%s'",
                 xen ?: argv[2], argv[1], xl);
        logger = xtl_createlogger_stdiostream(stderr, XTL_ERROR, 0);
        CHECK(logger &&
              libxl_ctx_alloc(&ctx, LIBXL_VERSION, 0, (xentoollog_logger *) logger) == 0);
        bool well = try_folder(argv[3], "ours");

        snprintf(corpus, sizeof(corpus), "%s/xlconfigdata", argv[4]);
        (void) try_folder(corpus, "samples");
        libxl_ctx_free(ctx);
        xtl_logger_destroy((xentoollog_logger *) logger);
        return well ? 0 : 1;
}
