/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The handlers behind the rows of org.libvirt.Connect and org.virtbus.Connect; what each does is
 * said by libvirt's documentation of the API in its row. */
#pragma once

#include "objects/lookup.h"

extern const Interface connect_interface, virtbus_connect_interface, virtbus_test_interface;

/* The version of libvirt whose API we speak: what LibVersion answers. */
#define API_LEVEL UINT64_C(9000000)

/* For any row whose operation takes the connection, a text and flags. */
int connect_call_text(Request *request, Error *error);

extern const Filter domain_filters[]; /* by virConnectListAllDomainsFlags */

int connect_list_domains(Request *request, Error *error);
int connect_domain_by_id(Request *request, Error *error);
int connect_domain_by_name(Request *request, Error *error);
int connect_domain_by_uuid(Request *request, Error *error);
int connect_create_domain_with_files(Request *request, Error *error);
int connect_restore_domain(Request *request, Error *error);
int connect_define_image(Request *request, Error *error);
int connect_get_all_stats(Request *request, Error *error);

int connect_get_capabilities(Request *request, Error *error);
int connect_get_domain_capabilities(Request *request, Error *error);
int connect_get_cpu_models(Request *request, Error *error);
int connect_baseline_cpu(Request *request, Error *error);
int connect_get_cpu_map(Request *request, Error *error);
int connect_get_cpu_stats(Request *request, Error *error);
int connect_get_free_memory(Request *request, Error *error);
int connect_get_memory_stats(Request *request, Error *error);
int connect_get_memory_parameters(Request *request, Error *error);
int connect_set_memory_parameters(Request *request, Error *error);
int connect_get_security_model(Request *request, Error *error);
int connect_get_sysinfo(Request *request, Error *error);

int connect_get_encrypted(const Object *object, sd_bus_message *reply);
int connect_get_hostname(const Object *object, sd_bus_message *reply);
int connect_get_lib_version(const Object *object, sd_bus_message *reply);
int connect_get_secure(const Object *object, sd_bus_message *reply);
int connect_get_version(const Object *object, sd_bus_message *reply);
