/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The handlers behind the rows of org.libvirt.Domain and org.virtbus.Domain; what each does is
 * said by libvirt's documentation of the API in its row. */
#pragma once

#include "objects/request.h"

extern const Interface domain_interface, virtbus_domain_interface;

/* For any row whose operation takes the domain and flags, or only the domain. */
int domain_call_flags(Request *request, Error *error);
int domain_call_plain(Request *request, Error *error);

int domain_call_rename(Request *request, Error *error);
int domain_get_state(Request *request, Error *error);
int domain_get_xml(Request *request, Error *error);
int domain_get_metadata(Request *request, Error *error);
int domain_open_graphics(Request *request, Error *error);

/* Arguments of signals. */
int fill_nothing(const Event *event, sd_bus_message *signal);
int fill_alias(const Event *event, sd_bus_message *signal);         /* s */
int fill_type(const Event *event, sd_bus_message *signal);          /* i */
int fill_detail(const Event *event, sd_bus_message *signal);        /* i */
int fill_type_detail(const Event *event, sd_bus_message *signal);   /* ii */
int fill_alias_type(const Event *event, sd_bus_message *signal);    /* si */
int fill_type_text(const Event *event, sd_bus_message *signal);     /* is */
int fill_size(const Event *event, sd_bus_message *signal);          /* t */
int fill_offset(const Event *event, sd_bus_message *signal);        /* x */
int fill_io_error(const Event *event, sd_bus_message *signal);
int fill_graphics(const Event *event, sd_bus_message *signal);
