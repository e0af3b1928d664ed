/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The runtime file of a guest: all that a later life of the service must know. */
#include "drivers/qemu/status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/xml.h"
#include "drivers/qemu/transient.h"

#define STATUS_MAX (8u << 20) /* bytes */

static const MapElement helper_element = { "helper", sizeof(HelperStatus), (const MapField[]) {
        STRING("@name",  HelperStatus, name, REQUIRED),
        U32   ("@pid",   HelperStatus, pid, REQUIRED),
        U64   ("@start", HelperStatus, start, REQUIRED),
        YES_NO("@unit",  HelperStatus, unit),
        {}
} };

/* The live definition is the element's first child. */
static const MapElement status_element = { "guest", sizeof(QemuStatus), (const MapField[]) {
        U32("@pid",         QemuStatus, pid, REQUIRED),
        U64("@start",       QemuStatus, start, REQUIRED),
        U32("@id",          QemuStatus, id, REQUIRED),
        U32("@state",       QemuStatus, state, REQUIRED),
        U32("@reason",      QemuStatus, reason),
        U64("@log",         QemuStatus, log_start),
        YES_NO("@starting",    QemuStatus, starting),
        YES_NO("@rebooting",   QemuStatus, rebooting),
        YES_NO("@autodestroy", QemuStatus, autodestroy),
        YES_NO("@stopping",    QemuStatus, stopping),
        U32("@stop-reason",    QemuStatus, stop_reason),
        U32("@stop-detail",    QemuStatus, stop_detail),
        LIST("helper",         QemuStatus, helpers, HelperStatus, &helper_element),
        LIST("binding",        QemuStatus, bindings, QemuBinding, &qemu_binding_element),
        {}
} };

char *qemu_guest_folder(Domain *domain) {
        char uuid[UUID_TEXT_MAX];

        return connection_file(domain->resource.connection, "%s",
                               uuid_format(domain->resource.uuid, uuid));
}

static char *status_file(Domain *domain) {
        char uuid[UUID_TEXT_MAX];

        return connection_file(domain->resource.connection, "%s.xml",
                               uuid_format(domain->resource.uuid, uuid));
}

static const char *yes(bool truth) {
        return truth ? "yes" : "no";
}

/* What else must be ended or undone. Names are made by us and need no quoting. */
static char *status_rest(const QemuGuest *guest) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return NULL;
        for (size_t i = 0; i < guest->helpers.n; i++) {
                const QemuHelper *helper = guest->helpers.items[i];

                const Process *process = helper->process;

                (void) fprintf(out,
                               "  <helper name='%s' pid='%d' start='%" PRIu64 "' unit='%s'/>\n",
                               helper->name, process ? process_pid(process) : 0,
                               process ? process_start(process) : 0, yes(helper->unit));
        }
        for (size_t i = 0; i < guest->bindings.n; i++) {
                const QemuBinding *binding = guest->bindings.items[i];

                (void) fprintf(out, "  <binding device='%s'", binding->device);
                if (binding->driver)
                        (void) fprintf(out, " driver='%s'", binding->driver);
                (void) fputs("/>\n", out);
        }
        if (guest->left || guest->coming)
                (void) fprintf(out, "  <coming>\n%s  </coming>\n", guest->left ?: guest->coming);
        if (fclose(out) == 0)
                return text;
        free(text);
        return NULL;
}

int qemu_status_save(QemuGuest *guest, Error *error) {
        Domain *domain = guest->domain;
        _cleanup_(freep) char *file = status_file(domain), *text = NULL;
        _cleanup_(freep) char *rest = status_rest(guest);

        if (!file || !rest ||
            asprintf(&text,
                     "<guest pid='%d' start='%" PRIu64 "' id='%u' state='%d' reason='%d' log='%jd' "
                     "starting='%s' rebooting='%s' autodestroy='%s' stopping='%s' "
                     "stop-reason='%d' stop-detail='%d'>\n%s%s</guest>\n",
                     process_pid(guest->process), process_start(guest->process), domain->id,
                     domain->state, domain->reason, (intmax_t) guest->log_start,
                     yes(domain->starting), yes(guest->rebooting), yes(domain->autodestroy),
                     yes(guest->stopping), guest->stop_reason, guest->stop_detail,
                     domain->live.xml, rest) < 0)
                return fail_memory(error);
        return store_write(domain->resource.connection->store, STORE_RUNTIME, file, text, error);
}

static int load_coming(xmlNode *root, QemuStatus *ret, Error *error) {
        xmlNode *node = xmlFirstElementChild(root);

        while (node && strcmp((const char *) node->name, "coming") != 0)
                node = xmlNextElementSibling(node);
        node = node ? xmlFirstElementChild(node) : NULL;
        return node && xml_print(node, &ret->coming) < 0 ? fail_memory(error) : 0;
}

int qemu_status_load(Connection *connection, const char *uuid, QemuStatus *ret,
                     DomainConf **ret_conf, Error *error) {
        _cleanup_(freep) char *file = connection_file(connection, "%s.xml", uuid), *text = NULL,
                              *live = NULL;
        _cleanup_(xml_doc_freep) xmlDoc *document = NULL;
        int r;

        if (!file)
                return fail_memory(error);
        r = store_read(connection->store, STORE_RUNTIME, file, STATUS_MAX, &text, error);
        if (r < 0)
                return r;
        r = xml_parse(text, "guest", &document, error);
        if (r < 0)
                return r;

        xmlNode *root = xmlDocGetRootElement(document);
        xmlNode *domain = xmlFirstElementChild(root);
        if (!domain)
                return fail(error, ERROR_XML, "%s lacks the definition of its guest", file);
        r = xml_print(domain, &live);
        if (r < 0)
                return fail_memory(error);
        r = map_load(&status_element, root, ret, error);
        if (r >= 0)
                r = load_coming(root, ret, error);
        if (r < 0)
                return r;
        return conf_parse(live, CONF_TRUSTED | CONF_LIVE, ret_conf, error);
}

void qemu_status_clear(QemuStatus *status) {
        free(TAKE(status->coming));
        map_clear(&status_element, status);
}

void qemu_status_remove(Domain *domain) {
        Store *store = domain->resource.connection->store;
        _cleanup_(freep) char *file = status_file(domain), *folder = qemu_guest_folder(domain);

        qemu_transient_remove(domain);
        if (folder)
                (void) store_remove_tree(store, STORE_RUNTIME, folder, NULL);
        if (file)
                (void) store_remove(store, STORE_RUNTIME, file, NULL);
}
