/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Native configurations: DomainXMLFromNative and DomainXMLToNative, which need no hypervisor. */
#include "drivers/xen/native.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conf/xml.h"
#include "drivers/xen/driver.h"

static const struct NativeFormat {
        const char *name;
        NativeDialect dialect;
        int (*parse)(const char *text, NativeConfig **ret, Error *error);
        bool out;
} formats[] = {
        { "xen-xl", NATIVE_XL, native_parse_xl, true },
        { "xen-xm", NATIVE_XM, native_parse_xm, true },
        { "xen-sxpr", NATIVE_SXPR, native_parse_sxpr, false },
};

static const struct NativeFormat *find_format(const char *name, bool out, Error *error) {
        for (size_t i = 0; i < ELEMENTS(formats); i++)
                if (strcmp(formats[i].name, name) == 0 && (formats[i].out || !out))
                        return &formats[i];
        (void) fail(error, ERROR_INVALID_ARG, "format '%.*s' is none of %s", xml_clip(name), name,
                    out ? "xen-xl, xen-xm" : "xen-xl, xen-xm, xen-sxpr");
        return NULL;
}

/* ---- to XML ---- */

/* A document holds texts of UTF-8 without control characters; a configuration may say any. */
static bool is_fit(const char *text) {
        if (!xmlCheckUTF8((const unsigned char *) text))
                return false;
        for (const char *p = text; *p; p++)
                if (((unsigned char) *p < ' ' && !strchr("\t\r\n", *p)) ||
                    (p[0] == '\xef' && p[1] == '\xbf' && (p[2] == '\xbe' || p[2] == '\xbf')))
                        return false;
        return true;
}

static bool value_fits(const NativeValue *value) {
        if (value->text)
                return is_fit(value->text);
        for (size_t i = 0; i < value->n; i++)
                if (!value_fits(value->items[i]))
                        return false;
        return true;
}

static int check_values(const NativeConfig *config, Error *error) {
        for (size_t i = 0; i < config->n; i++)
                if (!value_fits(config->entries[i].value))
                        return fail(error, ERROR_INVALID_ARG,
                                    "line %d: the value of %s isn't UTF-8 or holds control "
                                    "characters", config->entries[i].line, config->entries[i].name);
        if (!native_text(config, "name"))
                return fail(error, ERROR_INVALID_ARG, "the configuration gives the guest no name");
        return 0;
}

static Guest guest_of(const NativeConfig *config) {
        const char *type = native_text(config, "type"), *builder = native_text(config, "builder");
        const char *kernel = native_text(config, "kernel");
        const char *file = kernel ? strrchr(kernel, '/') : NULL;

        if (!type && native_true(config, "pvh", false))
                return GUEST_PVH;
        if (!type)
                type = builder ?: file && strncmp(file, "/hvmloader", 10) == 0 ? "hvm" : "pv";
        if (strcmp(type, "hvm") == 0)
                return GUEST_HVM;
        return strcmp(type, "pvh") == 0 ? GUEST_PVH : GUEST_PV;
}

static int make_document(const NativeConfig *config, NativeDialect dialect, xmlDoc **ret,
                         Error *error) {
        _cleanup_(xml_doc_freep) xmlDoc *document = xmlNewDoc((const xmlChar *) "1.0");
        xmlNode *root = document ? xmlNewDocNode(document, NULL, (const xmlChar *) "domain", NULL)
                                 : NULL;

        if (!root)
                return fail_memory(error);
        xmlDocSetRootElement(document, root);
        NativeRead read = {
                .config = config, .dialect = dialect, .guest = guest_of(config),
                .document = document, .root = root, .error = error,
        };
        native_put(&read, root, "@type", "xen");
        int r = native_read_all(&read);
        if (r >= 0)
                *ret = TAKE(document);
        return r;
}

/* The same configuration again, made from what became of it. */
int native_write(DomainConf *conf, NativeDialect dialect, NativeConfig **ret, Error *error) {
        _cleanup_(native_config_freep) NativeConfig *config = calloc(1, sizeof(*config));
        NativeWrite write = {
                .conf = conf, .config = config, .dialect = dialect, .guest = xen_guest_type(conf),
                .error = error,
        };

        if (!config)
                return fail_memory(error);
        int r = native_write_all(&write);
        if (r >= 0)
                *ret = TAKE(config);
        return r;
}

int native_read(const NativeConfig *config, NativeDialect dialect, char **ret, Error *error) {
        _cleanup_(xml_doc_freep) xmlDoc *document = NULL;
        int r = make_document(config, dialect, &document, error);

        if (r < 0)
                return r;
        return xml_print_doc(document, ret) < 0 ? fail_memory(error) : 0;
}

static int read_config(const NativeConfig *config, NativeDialect dialect, char **ret,
                       Error *error) {
        _cleanup_(native_config_freep) NativeConfig *written = NULL;
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        _cleanup_(freep) char *xml = NULL;
        int r = native_read(config, dialect, &xml, error);

        if (r < 0)
                return r;
        if (dialect == NATIVE_SXPR)
                dialect = NATIVE_XM;
        if ((r = xen_conf_parse(xml, 0, &conf, error)) < 0 ||
            (r = native_write(conf, dialect, &written, error)) < 0 ||
            (r = native_keep(conf, config, written, dialect, error)) < 0)
                return r;
        return conf_print(conf, 0, ret, error);
}

int native_to_xml(const char *format, const char *text, char **ret, Error *error) {
        const struct NativeFormat *found = find_format(format, false, error);
        _cleanup_(native_config_freep) NativeConfig *config = NULL;
        int r = 0;

        if (!found)
                return -EINVAL;
        if (strlen(text) > NATIVE_SIZE_MAX)
                r = fail(error, ERROR_INVALID_ARG, "more than %u bytes", NATIVE_SIZE_MAX);
        if (r >= 0)
                r = found->parse(text, &config, error);
        if (r >= 0)
                r = check_values(config, error);
        if (r >= 0)
                r = read_config(config, found->dialect, ret, error);
        if (r < 0)
                error_prefix(error, "%s configuration", found->name);
        return r;
}

/* ---- and from it ---- */

int native_from_xml(const char *format, const char *xml, char **ret, Error *error) {
        const struct NativeFormat *found = find_format(format, true, error);
        _cleanup_(native_config_freep) NativeConfig *config = NULL;
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int r;

        if (!found)
                return -EINVAL;
        if ((r = xen_conf_parse(xml, 0, &conf, error)) < 0 ||
            (r = native_write(conf, found->dialect, &config, error)) < 0 ||
            (r = native_restore(conf, config, found->dialect, error)) < 0)
                return r;
        return native_print(config, found->dialect, ret, error);
}

/* ---- operations ---- */

static int from_native(Connection *connection, const char *format, const char *config,
                       uint32_t flags, Job *job, Error *error) {
        return native_to_xml(format, config, &job->result.text, error);
}

static int to_native(Connection *connection, const char *format, const char *xml, uint32_t flags,
                     Job *job, Error *error) {
        return native_from_xml(format, xml, &job->result.text, error);
}

const NativeOps xen_native = { .from_native = from_native, .to_native = to_native };
