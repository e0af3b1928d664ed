/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a definition says in QEMU's own words, in the namespace that libvirt has for it: arguments,
 * properties of devices, what QEMU does about use that is deprecated. */
#include "drivers/qemu/address-private.h"

#include <errno.h>
#include <string.h>

static const char *const namespace = "http://libvirt.org/schemas/domain/qemu/1.0";

static bool is_ours(const xmlNode *node, const char *name) {
        return node->type == XML_ELEMENT_NODE && node->ns &&
               text_is((const char *) node->name, name) &&
               text_is((const char *) node->ns->href, namespace);
}

static const xmlNode *first_of(const xmlNode *node, const char *name) {
        for (const xmlNode *child = node ? node->children : NULL; child; child = child->next)
                if (is_ours(child, name))
                        return child;
        return NULL;
}

static const xmlNode *next_of(const xmlNode *node) {
        for (const xmlNode *other = node->next; other; other = other->next)
                if (is_ours(other, (const char *) node->name))
                        return other;
        return NULL;
}

static const xmlNode *root_of(const DomainConf *conf) {
        return conf->document ? xmlDocGetRootElement(conf->document) : NULL;
}

/* ---- what libvirt refuses to define ---- */

/* Each element of a name has an attribute that says something. */
static int check_words(const xmlNode *parent, const char *name, const char *attribute,
                       Error *error) {
        for (const xmlNode *node = first_of(parent, name); node; node = next_of(node)) {
                _cleanup_(xml_freep) xmlChar *value = node_attribute(node, attribute);

                if (!value || (!*value && !text_is(name, "arg")))
                        return fail(error, ERROR_XML, "line %ld: qemu:%s lacks its %s",
                                    xmlGetLineNo(node), name, attribute);
        }
        return 0;
}

static int check_environment(const xmlNode *line, Error *error) {
        static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
        static const char others[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
                                     "0123456789";

        for (const xmlNode *node = first_of(line, "env"); node; node = next_of(node)) {
                _cleanup_(xml_freep) xmlChar *value = node_attribute(node, "name");
                const char *name = (const char *) value;

                if (!name || !strspn(name, letters) || name[strspn(name, others)])
                        return fail(error, ERROR_XML,
                                    "line %ld: qemu:env: name '%s' of an environment variable: "
                                    "letters, digits and _ are expected",
                                    xmlGetLineNo(node), name ?: "");
        }
        return 0;
}

int qemu_check_extras(const DomainConf *conf, Error *error) {
        const xmlNode *root = root_of(conf), *line = first_of(root, "commandline");
        const xmlNode *override = first_of(root, "override");
        const xmlNode *capabilities = first_of(root, "capabilities");
        int r;

        if ((r = check_words(line, "arg", "value", error)) < 0 ||
            (r = check_environment(line, error)) < 0 ||
            (r = check_words(capabilities, "add", "capability", error)) < 0 ||
            (r = check_words(capabilities, "del", "capability", error)) < 0 ||
            (r = check_words(override, "device", "alias", error)) < 0)
                return r;
        for (const xmlNode *node = first_of(override, "device"); node; node = next_of(node)) {
                const xmlNode *frontend = first_of(node, "frontend");

                if ((r = check_words(frontend, "property", "name", error)) < 0 ||
                    (r = check_words(frontend, "property", "type", error)) < 0)
                        return r;
        }
        return 0;
}

/* ---- properties of devices ---- */

static int put_typed(Builder *builder, json_object *object, const char *name, const char *type,
                     const char *value) {
        if (text_is(type, "remove"))
                json_object_object_del(object, name);
        else if (text_is(type, "string"))
                json_put_text(builder, object, name, value ?: "");
        else if (text_is(type, "bool"))
                json_put_bool(builder, object, name, text_is(value, "true"));
        else if (text_is(type, "signed"))
                json_put_number(builder, object, name, strtoll(value ?: "0", NULL, 0));
        else if (text_is(type, "unsigned"))
                json_put(builder, object, name,
                         json_object_new_uint64(strtoull(value ?: "0", NULL, 0)));
        else
                return unsupported(builder, "qemu:property/@type '%s'", type);
        return 0;
}

static int put_property(Builder *builder, json_object *object, const xmlNode *node) {
        _cleanup_(xml_freep) xmlChar *name = node_attribute(node, "name");
        _cleanup_(xml_freep) xmlChar *type = node_attribute(node, "type");
        _cleanup_(xml_freep) xmlChar *value = node_attribute(node, "value");

        if (!name || !type)
                return unsupported(builder, "qemu:property needs a @name and a @type");
        return put_typed(builder, object, (const char *) name, (const char *) type,
                         (const char *) value);
}

int override_device(Builder *builder, json_object *object) {
        const xmlNode *device = first_of(first_of(root_of(builder->conf), "override"), "device");
        json_object *id;
        int r = 0;

        if (!device || !json_object_object_get_ex(object, "id", &id))
                return 0;
        for (; device && r >= 0; device = next_of(device)) {
                if (!node_attribute_is(device, "alias", json_object_get_string(id)))
                        continue;
                const xmlNode *node = first_of(first_of(device, "frontend"), "property");

                for (; node && r >= 0; node = next_of(node))
                        r = put_property(builder, object, node);
        }
        return r;
}

/* ---- arguments ---- */

static int add_arguments(Builder *builder) {
        const xmlNode *line = first_of(root_of(builder->conf), "commandline");

        for (const xmlNode *node = first_of(line, "arg"); node; node = next_of(node)) {
                _cleanup_(xml_freep) xmlChar *value = node_attribute(node, "value");

                if (!value)
                        return unsupported(builder, "qemu:arg needs a @value");
                argument_bare(builder, (const char *) value);
        }
        return 0;
}

static int add_environment(Builder *builder) {
        const xmlNode *line = first_of(root_of(builder->conf), "commandline");

        for (const xmlNode *node = first_of(line, "env"); node; node = next_of(node)) {
                _cleanup_(xml_freep) xmlChar *name = node_attribute(node, "name");
                _cleanup_(xml_freep) xmlChar *value = node_attribute(node, "value");

                if (!name || !*name || strchr((const char *) name, '='))
                        return unsupported(builder, "qemu:env/@name '%s'",
                                           name ? (const char *) name : "");
                environment(builder, (const char *) name, (const char *) value);
        }
        return 0;
}

static int add_deprecation(Builder *builder) {
        static const struct {
                const char *behavior, *text;
        } behaviors[] = {
                { "omit", "deprecated-output=hide" },
                { "reject", "deprecated-output=hide,deprecated-input=reject" },
                { "crash", "deprecated-output=hide,deprecated-input=crash" },
        };
        const xmlNode *node = first_of(root_of(builder->conf), "deprecation");

        for (size_t i = 0; node && i < ELEMENTS(behaviors); i++)
                if (node_attribute_is(node, "behavior", behaviors[i].behavior))
                        argument(builder, "compat", "%s", behaviors[i].text);
        return 0;
}

int build_extras(Builder *builder) {
        int r;

        /* Here features are asked of QEMU itself, so there is nothing that could be set. */
        if (first_of(root_of(builder->conf), "capabilities"))
                return unsupported(builder, "qemu:capabilities: what %s can do is asked of it and "
                                   "can't be overridden", builder->caps->binary);
        if ((r = add_deprecation(builder)) < 0 || (r = add_environment(builder)) < 0)
                return r;
        return add_arguments(builder);
}
