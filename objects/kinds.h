/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Handlers behind rows of org.libvirt.Connect and org.libvirt.Domain that list, look up and make
 * what isn't a domain; what each does is said by libvirt's documentation of the API in its row. */
#pragma once

#include "objects/request.h"

/* For any row whose operation takes the connection and its one argument. */
int connect_call_xml(Request *request, Error *error);
int connect_call_flags(Request *request, Error *error);

int connect_list_networks(Request *request, Error *error);
int connect_network_by_name(Request *request, Error *error);
int connect_network_by_uuid(Request *request, Error *error);

int connect_list_pools(Request *request, Error *error);
int connect_pool_by_name(Request *request, Error *error);
int connect_pool_by_uuid(Request *request, Error *error);
int connect_find_pool_sources(Request *request, Error *error);

int connect_volume_by_key(Request *request, Error *error);
int connect_volume_by_path(Request *request, Error *error);
/* Of org.libvirt.StoragePool. */
int pool_list_volumes(Request *request, Error *error);
int pool_volume_by_name(Request *request, Error *error);
int pool_create_volume(Request *request, Error *error);
int pool_clone_volume(Request *request, Error *error);

int connect_list_interfaces(Request *request, Error *error);
int connect_interface_by_name(Request *request, Error *error);
int connect_interface_by_mac(Request *request, Error *error);

int connect_list_node_devices(Request *request, Error *error);
int connect_node_device_by_name(Request *request, Error *error);
int connect_node_device_by_wwn(Request *request, Error *error);

int connect_list_nwfilters(Request *request, Error *error);
int connect_nwfilter_by_name(Request *request, Error *error);
int connect_nwfilter_by_uuid(Request *request, Error *error);

int connect_list_secrets(Request *request, Error *error);
int connect_secret_by_uuid(Request *request, Error *error);
int connect_secret_by_usage(Request *request, Error *error);

/* Of org.libvirt.Domain. */
int domain_list_snapshots(Request *request, Error *error);
int domain_snapshot_by_name(Request *request, Error *error);
int domain_current_snapshot(Request *request, Error *error);
int domain_create_snapshot(Request *request, Error *error);

extern const Interface virtbus_network_interface;
