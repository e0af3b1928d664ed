/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libvirt's document has no word for, kept in it under a namespace of ours:
 *
 *         <virtbus:xl>
 *           <virtbus:key name='timer_mode' value='2'/>
 *           <virtbus:key name='disk' type='list' instead='9d0c66e3b1a6f2d5'>
 *             <virtbus:item value='phy:/dev/vg/root,xvda,w'/>
 *           </virtbus:key>
 *         </virtbus:xl>
 *
 * A key that the document does have words for, but that reads otherwise when it is written from
 * them, says in @instead which value it stands for. Once the document is changed there, it is
 * written in other words, and what was kept no longer holds. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/xml.h"
#include "drivers/xen/native.h"

#define KEPT_NAMESPACE "https://virtbus.org/xen/1.0"

static const char *list_name(NativeDialect dialect) {
        return dialect == NATIVE_XL ? "xl" : "xm";
}

/* ---- into the document ---- */

static int set_property(xmlNode *node, const char *name, const char *value) {
        return xmlNewProp(node, (const xmlChar *) name, (const xmlChar *) value) ? 0 : -ENOMEM;
}

static int put_value(xmlNode *node, xmlNs *ns, const NativeValue *value) {
        int r = 0;

        if (value->text && value->number)
                r = set_property(node, "type", "number");
        if (value->text)
                return r < 0 ? r : set_property(node, "value", value->text);
        r = set_property(node, "type", "list");
        for (size_t i = 0; r >= 0 && i < value->n; i++) {
                xmlNode *item = xmlNewChild(node, ns, (const xmlChar *) "item", NULL);

                r = item ? put_value(item, ns, value->items[i]) : -ENOMEM;
        }
        return r;
}

static int put_key(xmlNode *list, xmlNs *ns, const NativeEntry *entry,
                   const NativeValue *instead) {
        xmlNode *node = xmlNewChild(list, ns, (const xmlChar *) "key", NULL);
        char hash[17];
        int r = node ? set_property(node, "name", entry->name) : -ENOMEM;

        if (r >= 0 && instead) {
                snprintf(hash, sizeof(hash), "%016" PRIx64, native_value_hash(instead));
                r = set_property(node, "instead", hash);
        }
        return r < 0 ? r : put_value(node, ns, entry->value);
}

static int begin_list(DomainConf *conf, NativeDialect dialect, xmlNode **ret, xmlNs **ret_ns) {
        xmlNode *root = xmlDocGetRootElement(conf->document);

        if (*ret)
                return 0;
        *ret_ns = xmlNewNs(root, (const xmlChar *) KEPT_NAMESPACE, (const xmlChar *) "virtbus");
        if (*ret_ns)
                *ret = xmlNewChild(root, *ret_ns, (const xmlChar *) list_name(dialect), NULL);
        return *ret ? 0 : -ENOMEM;
}

int native_keep(DomainConf *conf, const NativeConfig *config, const NativeConfig *written,
                NativeDialect dialect, Error *error) {
        xmlNode *list = NULL;
        xmlNs *ns = NULL;

        for (size_t i = 0; i < config->n; i++) {
                const NativeEntry *entry = &config->entries[i];
                const NativeValue *other = native_get(written, entry->name);

                if (native_value_equal(entry->value, other))
                        continue;
                if (begin_list(conf, dialect, &list, &ns) < 0 ||
                    put_key(list, ns, entry, other) < 0)
                        return fail_memory(error);
        }
        return 0;
}

/* ---- and out of it ---- */

static bool is_ours(const xmlNode *node, const char *name) {
        return node->type == XML_ELEMENT_NODE && node->ns &&
               xmlStrEqual(node->ns->href, (const xmlChar *) KEPT_NAMESPACE) &&
               xmlStrEqual(node->name, (const xmlChar *) name);
}

static char *property(const xmlNode *node, const char *name) {
        return (char *) xmlGetNoNsProp((xmlNode *) node, (const xmlChar *) name);
}

/* A name goes into a configuration as it is, so it can't be just any text. */
static bool is_key(const char *name) {
        if (!name || (!isalpha((unsigned char) *name) && *name != '_'))
                return false;
        for (const char *p = name; *p; p++)
                if (!isalnum((unsigned char) *p) && *p != '_')
                        return false;
        return true;
}

static NativeValue *take_value(const xmlNode *node) {
        _cleanup_(freep) char *type = property(node, "type"), *text = property(node, "value");
        _cleanup_(native_value_freep) NativeValue *value = NULL;
        bool list = type && strcmp(type, "list") == 0;

        value = native_value_new(list ? NULL : text ?: "", type && strcmp(type, "number") == 0);
        for (const xmlNode *item = list && value ? node->children : NULL; item; item = item->next)
                if (is_ours(item, "item") && native_value_append(value, take_value(item)) < 0)
                        return NULL;
        return TAKE(value);
}

static bool still_holds(const xmlNode *node, const NativeValue *written) {
        _cleanup_(freep) char *instead = property(node, "instead");
        char hash[17] = "";

        if (written)
                snprintf(hash, sizeof(hash), "%016" PRIx64, native_value_hash(written));
        return strcmp(instead ?: "", hash) == 0;
}

/* One that still holds goes into ret, which may be what it is compared with. */
static int restore_key(const xmlNode *node, const NativeConfig *written, NativeConfig *ret,
                       Error *error) {
        _cleanup_(freep) char *name = property(node, "name");

        if (!is_key(name))
                return fail(error, ERROR_XML, "a kept key (line %ld) has no name that could be one",
                            xmlGetLineNo((xmlNode *) node));
        if (still_holds(node, native_get(written, name)))
                native_set(ret, name, take_value(node));
        return ret->failed ? fail_memory(error) : 0;
}

int native_kept(const DomainConf *conf, const NativeConfig *written, NativeDialect dialect,
                NativeConfig *ret, Error *error) {
        const xmlNode *list = xmlDocGetRootElement(conf->document)->children;
        int r = 0;

        for (; list && r >= 0; list = list->next) {
                if (!is_ours(list, list_name(dialect)))
                        continue;
                for (const xmlNode *key = list->children; key && r >= 0; key = key->next)
                        if (is_ours(key, "key"))
                                r = restore_key(key, written, ret, error);
        }
        return r;
}

int native_restore(const DomainConf *conf, NativeConfig *written, NativeDialect dialect,
                   Error *error) {
        return native_kept(conf, written, dialect, written, error);
}

bool native_keeps(const DomainConf *conf) {
        const xmlNode *list = xmlDocGetRootElement(conf->document)->children;

        while (list && !is_ours(list, "xl") && !is_ours(list, "xm"))
                list = list->next;
        return list;
}
