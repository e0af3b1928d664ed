/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The handlers behind the rows of org.libvirt.Domain and org.virtbus.Domain; what each does is
 * said by libvirt's documentation of the API in its row. */
#pragma once

#include "conf/api-domain.h"
#include "objects/request.h"

extern const Interface domain_interface, virtbus_domain_interface;

/* By the shape of the arguments; every operation is given the domain and its flags besides. */
int domain_call_plain(Request *request, Error *error); /* without flags */
int domain_call_flags(Request *request, Error *error);
int domain_call_text(Request *request, Error *error);        /* s */
int domain_call_number(Request *request, Error *error);      /* u */
int domain_call_size(Request *request, Error *error);        /* t */
int domain_call_text_size(Request *request, Error *error);   /* st */
int domain_call_map(Request *request, Error *error);         /* ab */
int domain_call_number_map(Request *request, Error *error);  /* uab */
int domain_call_texts(Request *request, Error *error);       /* as */
int domain_get_parameters(Request *request, Error *error);   /* [s] */
int domain_set_parameters(Request *request, Error *error);   /* [s]a{sv} */
int domain_start_with_files(Request *request, Error *error); /* ah */

int domain_call_rename(Request *request, Error *error);
int domain_get_state(Request *request, Error *error);
int domain_get_xml(Request *request, Error *error);
int domain_get_metadata(Request *request, Error *error);
int domain_set_metadata(Request *request, Error *error);

int domain_block_commit(Request *request, Error *error);
int domain_block_copy(Request *request, Error *error);
int domain_block_rebase(Request *request, Error *error);
int domain_peek_block(Request *request, Error *error);
int domain_peek_memory(Request *request, Error *error);
int domain_core_dump(Request *request, Error *error);
int domain_save_to(Request *request, Error *error);
int domain_has_saved_image(Request *request, Error *error);
int domain_migrate(Request *request, Error *error);

int domain_send_key(Request *request, Error *error);
int domain_send_signal(Request *request, Error *error);
int domain_trim(Request *request, Error *error);
int domain_set_password(Request *request, Error *error);
int domain_set_time(Request *request, Error *error);
int domain_set_guest_vcpus(Request *request, Error *error);
int domain_set_memory_period(Request *request, Error *error);
int domain_interface_addresses(Request *request, Error *error);
int domain_get_stats(Request *request, Error *error);

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
int fill_block_job(const Event *event, sd_bus_message *signal);
int fill_threshold(const Event *event, sd_bus_message *signal);
int fill_disk_change(const Event *event, sd_bus_message *signal);
int fill_parameters(const Event *event, sd_bus_message *signal);    /* a{sv} */
