/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The runtime file of a Xen guest: what a later life of the service can't learn from Xen. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conf/xml.h"
#include "drivers/xen/away.h"
#include "drivers/xen/device.h"

#define STATUS_MAX (8u << 20) /* bytes */

static const char *const ways[] = {
        [XEN_COMES] = "comes", [XEN_GOES] = "goes", [XEN_CHANGES] = "changes",
};

/* The live definition is the element's child, and behind it a device that is on its way. */
static const MapElement status_element = { "guest", sizeof(XenStatus), (const MapField[]) {
        U32("@domid",       XenStatus, domid, REQUIRED),
        U32("@state",       XenStatus, state, REQUIRED),
        U32("@reason",      XenStatus, reason),
        U32("@stop-reason", XenStatus, stop_reason),
        U32("@stop-detail", XenStatus, stop_detail),
        YES_NO("@incoming",    XenStatus, incoming),
        U32("@away",        XenStatus, away),
        STRING("@image",       XenStatus, image),
        YES_NO("@starting",    XenStatus, starting),
        YES_NO("@restarting",  XenStatus, restarting),
        YES_NO("@stopping",    XenStatus, stopping),
        YES_NO("@foreign",     XenStatus, foreign),
        YES_NO("@autodestroy", XenStatus, autodestroy),
        STRING("@device", XenStatus, device_way),
        {}
} };

static char *status_file(Domain *domain) {
        char uuid[UUID_TEXT_MAX];

        return connection_file(domain->resource.connection, "%s.xml",
                               uuid_format(domain->resource.uuid, uuid));
}

static const char *yes(bool truth) {
        return truth ? "yes" : "no";
}

int xen_status_save(XenGuest *guest, Error *error) {
        Domain *domain = guest->domain;
        _cleanup_(freep) char *file = status_file(domain), *text = NULL, *image = NULL;
        const XenPlug *plug = guest->plug && guest->plug->text ? guest->plug : NULL;
        const XenAway *away = guest->away;
        const bool restarting = guest->restarting ||
                                (guest->stopping && guest->after == ACTION_RESTART);

        image = (char *) xmlEncodeSpecialChars(
                NULL, (const xmlChar *) (away && away->path ? away->path : ""));
        if (!file || !image ||
            asprintf(&text,
                     "<guest domid='%u' state='%d' reason='%d' stop-reason='%d' stop-detail='%d' "
                     "starting='%s' restarting='%s' stopping='%s' foreign='%s' "
                     "autodestroy='%s' incoming='%s' away='%d' image=\"%s\""
                     "%s%s%s>\n%s%s</guest>\n",
                     guest->domid, domain->state, domain->reason, guest->stop_reason,
                     guest->stop_detail, yes(domain->starting), yes(restarting),
                     yes(guest->stopping), yes(guest->foreign), yes(domain->autodestroy),
                     yes(guest->incoming), away ? away->kind : XEN_AWAY_NOT, image,
                     plug ? " device='" : "", plug ? ways[xen_plug_way(plug)] : "",
                     plug ? "'" : "", domain->live.xml, plug ? plug->text : "") < 0) {
                text = NULL;
                return fail_memory(error);
        }
        return store_write(domain->resource.connection->store, STORE_RUNTIME, file, text, error);
}

int xen_status_load(Connection *connection, const char *uuid, XenStatus *ret,
                    DomainConf **ret_conf, Error *error) {
        _cleanup_(freep) char *file = connection_file(connection, "%s.xml", uuid), *text = NULL,
                              *live = NULL;
        _cleanup_(xml_doc_freep) xmlDoc *document = NULL;
        int r;

        if (!file)
                return fail_memory(error);
        r = store_read(connection->store, STORE_RUNTIME, file, STATUS_MAX, &text, error);
        if (r >= 0)
                r = xml_parse(text, "guest", &document, error);
        if (r < 0)
                return r;

        xmlNode *root = xmlDocGetRootElement(document), *domain = xmlFirstElementChild(root);
        if (!domain)
                return fail(error, ERROR_XML, "%s lacks the definition of its guest", file);
        if (xml_print(domain, &live) < 0)
                return fail_memory(error);
        r = map_load(&status_element, root, ret, error);
        xmlNode *device = xmlNextElementSibling(domain);
        if (r >= 0 && device && ret->device_way && xml_print(device, &ret->device) < 0)
                r = fail_memory(error);
        return r < 0 ? r : conf_parse(live, CONF_TRUSTED | CONF_LIVE, ret_conf, error);
}

void xen_status_done(XenStatus *status) {
        free(status->device_way);
        free(status->image);
        free(status->device);
}

void xen_status_device(XenGuest *guest, const XenStatus *status) {
        for (size_t i = 0; status->device && i < ELEMENTS(ways); i++)
                if (strcmp(status->device_way, ways[i]) == 0)
                        xen_plug_found(guest, status->device, i);
}

void xen_status_remove(Domain *domain) {
        Connection *connection = domain->resource.connection;
        _cleanup_(freep) char *file = status_file(domain), *folder = NULL;
        char uuid[UUID_TEXT_MAX];

        folder = connection_file(connection, "%s", uuid_format(domain->resource.uuid, uuid));
        if (folder) /* of its channels */
                (void) store_remove_tree(connection->store, STORE_RUNTIME, folder, NULL);
        if (file)
                (void) store_remove(connection->store, STORE_RUNTIME, file, NULL);
}
