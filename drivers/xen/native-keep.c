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

/* Passwords are in a list of their own, which is shown to those alone who may see secrets. */
static const char *list_name(NativeDialect dialect, bool secret) {
        if (secret)
                return dialect == NATIVE_XL ? "xl-secret" : "xm-secret";
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

static bool holds_password(const char *name, const NativeValue *value) {
        static const char word[] = "passwd";
        size_t n = strlen(name);

        if (value->text)
                return strstr(value->text, "passwd=") ||
                       (n >= strlen(word) && strcmp(name + n - strlen(word), word) == 0);
        for (size_t i = 0; i < value->n; i++)
                if (holds_password(name, value->items[i]))
                        return true;
        return false;
}

static int begin_list(DomainConf *conf, const char *name, xmlNode **ret, xmlNs **ret_ns) {
        xmlNode *root = xmlDocGetRootElement(conf->document);

        if (*ret)
                return 0;
        if (!*ret_ns)
                *ret_ns = xmlNewNs(root, (const xmlChar *) KEPT_NAMESPACE,
                                   (const xmlChar *) "virtbus");
        if (*ret_ns)
                *ret = xmlNewChild(root, *ret_ns, (const xmlChar *) name, NULL);
        conf->xl_secret = conf->xl_secret || strcmp(name, "xl-secret") == 0;
        conf->xm_secret = conf->xm_secret || strcmp(name, "xm-secret") == 0;
        return *ret ? 0 : -ENOMEM;
}

/* Of a rate the document says how many units of 1024 bytes a second, and xl counts in 1000: it is
 * kept as it was said. */
static bool says_more(const NativeEntry *entry) {
        for (size_t i = 0; strcmp(entry->name, "vif") == 0 && i < entry->value->n; i++) {
                _cleanup_(freep) char *rate = spec_value(entry->value->items[i]->text ?: "",
                                                         "rate");

                if (rate)
                        return true;
        }
        return false;
}

int native_keep(DomainConf *conf, const NativeConfig *config, const NativeConfig *written,
                NativeDialect dialect, Error *error) {
        xmlNode *lists[2] = {}; /* the second has the secrets */
        xmlNs *ns = NULL;

        for (size_t i = 0; i < config->n; i++) {
                const NativeEntry *entry = &config->entries[i];
                const NativeValue *other = native_get(written, entry->name);

                if (native_value_equal(entry->value, other) && !says_more(entry))
                        continue;
                bool secret = holds_password(entry->name, entry->value);

                if (begin_list(conf, list_name(dialect, secret), &lists[secret], &ns) < 0 ||
                    put_key(lists[secret], ns, entry, other) < 0)
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

static bool is_list(const xmlNode *node, NativeDialect dialect) {
        return is_ours(node, list_name(dialect, false)) || is_ours(node, list_name(dialect, true));
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
                if (!is_list(list, dialect))
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

bool native_keeps(const DomainConf *conf, NativeDialect dialect) {
        const xmlNode *list = xmlDocGetRootElement(conf->document)->children;

        while (list && !is_list(list, dialect))
                list = list->next;
        return list;
}
