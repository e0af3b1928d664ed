/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the model makes of documents. They come on stdin, each ended by a NUL, and the kind of each
 * is the name of its root element. A line for each: "ok", or what went wrong, a tab, and where:
 * "refused" (the message), "unknown" (no row for it), "lost" (not in what is printed), "changed"
 * (printing is no fixed point). */
#include <libxml/parser.h>

#include "conf/domain.h"
#include "conf/interface.h"
#include "conf/network.h"
#include "conf/node-device.h"
#include "conf/nwfilter.h"
#include "conf/pool.h"
#include "conf/secret.h"
#include "conf/snapshot.h"
#include "conf/volume.h"
#include "conf/xml.h"
#include "tests/unit/compare.h"
#include "tests/unit/domain-changes.h"

static const DocumentKind *const kinds[] = {
        &network_kind,    &pool_kind,   &volume_kind,   &snapshot_kind,  &checkpoint_kind,
        &backup_kind,     &secret_kind, &nwfilter_kind, &interface_kind, &node_device_kind,
        &networkport_kind, &nwfilterbinding_kind,
};

/* NULL: a domain. */
static const DocumentKind *kind_of(const char *text, const char **ret_name) {
        for (size_t i = 0; i < ELEMENTS(kinds); i++) {
                const char *name = kinds[i]->element->name;
                size_t n = strlen(name);

                if (strncmp(text + 1, name, n) == 0 && !isalpha((unsigned char) text[1 + n])) {
                        *ret_name = name;
                        return kinds[i];
                }
        }
        *ret_name = "domain";
        return NULL;
}

/* Parses and prints, with live values. */
static int pass(const DocumentKind *kind, const char *text, ConfFlags flags, char **ret,
                Error *error) {
        void *conf = NULL;
        int r = kind ? document_parse(kind, text, flags, &conf, error)
                     : conf_parse(text, flags, (DomainConf **) &conf, error);

        if (r < 0)
                return r;
        r = kind ? document_print(kind, conf, 0, ret, error) : conf_print(conf, 0, ret, error);
        if (kind)
                document_free(kind, conf);
        else
                conf_free(conf);
        return r;
}

static bool nothing_may_change(const char *path) {
        return false;
}

static void say_lost(const DocumentKind *kind, const char *name, const char *text,
                     const char *printed) {
        _cleanup_(xml_doc_freep) xmlDoc *in = NULL, *out = NULL;
        Loss loss = { .may_change = kind ? nothing_may_change : domain_may_change,
                      .size = kind ? &map_bytes : &map_kib };
        _cleanup_(freep) char *root = NULL;

        CHECK(asprintf(&root, "/%s", name) >= 0);
        CHECK(xml_parse(text, name, &in, NULL) >= 0 && xml_parse(printed, name, &out, NULL) >= 0);
        compare(xmlDocGetRootElement(in), xmlDocGetRootElement(out), root, &loss);
        printf(loss.lost ? "lost\t%s\n" : "ok\n", loss.first);
        free(loss.first);
}

static void judge(const char *text) {
        const char *name;
        const DocumentKind *kind = kind_of(text, &name);
        _cleanup_(freep) char *printed = NULL, *again = NULL, *strict = NULL;
        Error error = {};

        if (pass(kind, text, CONF_LIVE, &printed, &error) < 0)
                printf("refused\t%s\n", error.message);
        else if (pass(kind, text, CONF_LIVE | CONF_VALIDATE, &strict, &error) < 0)
                printf("unknown\t%s\n", error.message);
        else if (pass(kind, printed, CONF_LIVE, &again, &error) < 0)
                printf("changed\t%s\n", error.message);
        else if (strcmp(printed, again) != 0)
                printf("changed\tprinting is no fixed point\n");
        else
                say_lost(kind, name, text, printed);
        error_clear(&error);
}

int main(void) {
        _cleanup_(freep) char *text = NULL;
        size_t room = 0;

        while (getdelim(&text, &room, 0, stdin) > 0)
                judge(text);
        xmlCleanupParser();
        return 0;
}
