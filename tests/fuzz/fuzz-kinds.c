/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as a document of the kind that its root element names. What must hold if it is taken:
 *
 * - what is printed is taken again, and printing that changes no byte; a clone prints the same;
 * - nothing that was stripped is left;
 * - a change to a part of a network (the text behind a NUL) fails and leaves everything as it was,
 *   or leaves a network that can be read. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/interface.h"
#include "conf/network.h"
#include "conf/node-device.h"
#include "conf/nwfilter.h"
#include "conf/pool.h"
#include "conf/secret.h"
#include "conf/snapshot.h"
#include "conf/volume.h"
#include "conf/xml.h"

#define MUST(condition)                                                                  \
        do {                                                                             \
                if (!(condition)) {                                                      \
                        fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
                        abort();                                                         \
                }                                                                        \
        } while (0)

static const DocumentKind *const kinds[] = {
        &network_kind,    &networkport_kind, &pool_kind,       &pool_source_kind,
        &volume_kind,     &snapshot_kind,    &checkpoint_kind, &backup_kind,
        &secret_kind,     &nwfilter_kind,    &nwfilterbinding_kind,
        &interface_kind,  &node_device_kind,
};

static const DocumentKind *find_kind(const char *text) {
        const char *root = strchr(text, '<');
        size_t n = root ? strcspn(root + 1, " \t\r\n/>'\"") : 0;

        for (size_t i = 0; i < ELEMENTS(kinds) && n > 0; i++)
                if (strlen(kinds[i]->element->name) == n &&
                    memcmp(kinds[i]->element->name, root + 1, n) == 0)
                        return kinds[i];
        return NULL;
}

static char *print(const DocumentKind *kind, void *conf, MapFlags without) {
        char *text;

        MUST(document_print(kind, conf, without, &text, NULL) >= 0);
        return text;
}

/* Prints what a parser makes of a text that must be right. */
static char *reprint(const DocumentKind *kind, const char *text, ConfFlags flags) {
        void *conf = NULL;

        MUST(document_parse(kind, text, flags, &conf, NULL) >= 0);
        char *printed = print(kind, conf, 0);
        document_free(kind, conf);
        return printed;
}

static void must_be_stripped(const DocumentKind *kind, const char *text, MapFlags flags) {
        xmlDoc *document;

        MUST(xml_parse(text, kind->element->name, &document, NULL) >= 0);
        MUST(!map_has(kind->element, xmlDocGetRootElement(document), flags));
        xmlFreeDoc(document);
}

static void check(const DocumentKind *kind, void *conf, ConfFlags flags) {
        char *printed = print(kind, conf, 0), *again = reprint(kind, printed, flags);
        char *stripped = print(kind, conf, MAP_LIVE | MAP_SECRET), *cloned;
        void *clone = NULL;

        MUST(strcmp(printed, again) == 0);
        must_be_stripped(kind, stripped, MAP_LIVE | MAP_SECRET);
        MUST(document_clone(kind, conf, &clone, NULL) >= 0);
        cloned = print(kind, clone, 0);
        MUST(strcmp(printed, cloned) == 0);
        document_free(kind, clone);
        free(printed);
        free(again);
        free(stripped);
        free(cloned);
}

static void change(NetworkConf *conf, const char *fragment) {
        for (uint32_t section = 0; section <= SECTION_DNS_SRV + 1; section++)
                for (uint32_t command = 0; command <= UPDATE_ADD_FIRST + 1; command++) {
                        char *before = print(&network_kind, conf, 0);
                        int r = network_conf_update(conf, command, section,
                                                    section % 2 ? -1 : 0, fragment, NULL);
                        char *after = print(&network_kind, conf, 0);
                        char *again = reprint(&network_kind, after, CONF_TRUSTED | CONF_LIVE);

                        MUST(r >= 0 || strcmp(before, after) == 0);
                        MUST(strcmp(after, again) == 0);
                        free(before);
                        free(after);
                        free(again);
                }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const ConfFlags flags[] = { CONF_LIVE, 0, CONF_VALIDATE, CONF_TRUSTED };
        char *text = strndup((const char *) data, size);
        size_t length = strlen(text);
        char *fragment = length < size ? strndup((const char *) data + length + 1,
                                                 size - length - 1) : NULL;
        const DocumentKind *kind = find_kind(text);
        ConfFlags how = flags[length % 4];
        Error error = {};
        void *conf = NULL;

        if (kind && document_parse(kind, text, how, &conf, &error) >= 0) {
                check(kind, conf, how);
                if (kind == &network_kind && fragment)
                        change(conf, fragment);
                document_free(kind, conf);
        } else
                MUST(!kind || (error.code != ERROR_NONE && error.message));
        error_clear(&error);
        free(text);
        free(fragment);
        return 0;
}
