/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain as a live resource: its definitions, state, and the rules that hold for every driver.
 *
 * A definition is kept as its text; domain_conf() makes a tree and a view when one is needed.
 * The persistent text is the file CONFIG/<driver>/<uuid>.xml, so that a rename replaces one
 * file; the mark for autostart is a link CONFIG/<driver>/autostart/<uuid>.xml. The live text is
 * what the running guest has; the driver writes it down in its runtime file. */
#pragma once

#include "conf/domain.h"
#include "drivers/connection.h"

/* A definition at rest. */
typedef struct DomainText {
        char *xml;
        bool secret; /* has rows that only some may read */
        DomainConf *view; /* domain_view()'s, or NULL */
} DomainText;

struct Domain {
        Resource resource;
        DomainText persistent; /* xml NULL: transient */
        DomainText live;       /* xml NULL: not running */
        char *os_type;
        VirtType type;
        uint32_t id;           /* 0: not running */
        DomainState state;
        int reason;
        bool autostart;
        bool updated;     /* the persistent definition was changed while it ran */
        bool autodestroy; /* ends with the client that started it */
        bool starting;    /* has an id, isn't shown as active yet */
        bool announced;   /* the world was told that it exists */
        bool managed_save; /* an image of it waits for its next start */
        char *image;       /* that image, of drivers that keep no files; or NULL */
        void *data;       /* the driver's, while running or starting */
};

/* The id of a domain whose number is 0: that in which Xen's tools, and we, run. */
#define DOMAIN_ID_ZERO UINT32_MAX

static inline Domain *domain_of(Resource *resource) {
        return container_of(resource, Domain, resource);
}

static inline bool domain_is_active(const Domain *domain) {
        return domain->id > 0 && !domain->starting;
}

/* What the Id property shows: 0 unless it is active. */
static inline uint32_t domain_shown_id(const Domain *domain) {
        return domain_is_active(domain) && domain->id != DOMAIN_ID_ZERO ? domain->id : 0;
}

static inline bool domain_is_persistent(const Domain *domain) {
        return domain->persistent.xml;
}

typedef enum DomainWhich { DOMAIN_CURRENT, DOMAIN_LIVE, DOMAIN_PERSISTENT } DomainWhich;

/* Tree and view of a definition; CURRENT is the live one while it runs, else the persistent one.
 * ERROR_OPERATION_INVALID when there is none. */
int domain_conf(Domain *domain, DomainWhich which, DomainConf **ret, Error *error);

/* The same of the current one for who only looks, and looks often: without document. Borrowed,
 * until control goes back to the loop; NULL without memory. */
const DomainConf *domain_view(Domain *domain);

/* The text that GetXMLDesc(flags) answers. Newly allocated only in *ret_made; *ret may be
 * borrowed. */
int domain_xml(Domain *domain, uint32_t flags, const char **ret, char **ret_made, Error *error);

/* The pieces from which changes of a definition are made (drivers/edit.h): a definition as text,
 * and the file of the persistent one, where there is one. */
int domain_text_from(DomainConf *conf, MapFlags without, DomainText *ret, Error *error);
void domain_text_clear(DomainText *text);
int domain_save(Domain *domain, const char *xml, Error *error);

/* Replaces the live definition (in memory; the driver writes its runtime file). */
int domain_set_live(Domain *domain, DomainConf *conf, Error *error);

/* The domain that a definition is about: the one with its uuid, or NULL for a new one. A name or
 * uuid that is another's is refused. */
int domain_match(Connection *connection, const DomainConf *conf, Domain **ret, Error *error);

/* Makes or redefines a persistent domain from a complete definition: refuses a name or uuid that is
 * another's, saves the file, reports. With *ret the domain, borrowed. Takes nothing. */
int domain_define(Connection *connection, DomainConf *conf, Domain **ret, Error *error);

/* A domain that lives only as long as it runs; attached but not announced before its first event. A
 * persistent domain of the same name and uuid that is shut off is used as it is. */
int domain_create(Connection *connection, DomainConf *conf, Domain **ret, Error *error);

/* Forgets the persistent definition; a domain that isn't running is detached. Refuses while there
 * is a managed save image or, if it isn't running, a snapshot, unless flags (DOMAIN_UNDEFINE_*)
 * say that it goes, too; files of such images are their driver's. */
int domain_undefine(Domain *domain, uint32_t flags, Error *error);
int domain_rename(Domain *domain, const char *name, Error *error); /* persistent and shut off */
int domain_set_autostart(Domain *domain, bool autostart, Error *error);

/* Reads back what domain_define() wrote: attached without any event. For connection_new(). */
int domain_load(Connection *connection, const char *text, Domain **ret, Error *error);

/* The life of a guest as every driver tells it: starting, (state and events), started ...
 * stopped. */
void domain_starting(Domain *domain,
                     uint32_t id); /* id 0: a new one; otherwise it had one before */
void domain_set_state(Domain *domain, DomainState state, int reason);
void domain_started(Domain *domain, int detail); /* active from now on; reports STARTED */

/* The same for a guest that was found running: nothing is reported. */
void domain_found(Domain *domain);

/* Shut off, id 0, live definition gone, and STOPPED reported unless it never was started; a
 * transient domain is detached. Called with a reference held; domain->data is NULL by then. */
void domain_stopped(Domain *domain, int reason, int detail);

void domain_report(Domain *domain, DomainEventType type, int detail);
void domain_changed(Domain *domain, uint64_t properties);

/* A managed save image appears, with what a driver that keeps no files has of it, or goes. */
void domain_set_managed_save(Domain *domain, bool there, char *image);

/* ERROR_OPERATION_INVALID "domain is not running" and its opposite. */
int domain_need_active(const Domain *domain, Error *error);
int domain_need_inactive(const Domain *domain, Error *error);
