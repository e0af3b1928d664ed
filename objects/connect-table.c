/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.libvirt.Connect: its rows. */
#include "conf/api-domain.h"
#include "conf/api-network.h"
#include "conf/api-storage.h"
#include "objects/connect.h"
#include "objects/defined.h"
#include "objects/domain.h"
#include "objects/kinds.h"

#define DEFINITIONS(op) { true, offsetof(Driver, definitions), offsetof(DomainDefinitions, op) }
#define HYPERVISOR(op) { true, offsetof(Driver, hypervisor), offsetof(HypervisorOps, op) }
#define NODE(op) { true, offsetof(Driver, node), offsetof(NodeOps, op) }
#define SAVING(op) { true, offsetof(Driver, saving), offsetof(DomainSaving, op) }
#define STATISTICS(op) { true, offsetof(Driver, statistics), offsetof(DomainStatistics, op) }
#define NETWORKS(op) { true, offsetof(Driver, networks), offsetof(NetworkOps, op) }
#define STORAGE(op) { true, offsetof(Driver, storage), offsetof(StorageOps, op) }
#define INTERFACES(op) { true, offsetof(Driver, interfaces), offsetof(InterfaceOps, op) }
#define NODE_DEVICES(op) { true, offsetof(Driver, node_devices), offsetof(NodeDeviceOps, op) }
#define NWFILTERS(op) { true, offsetof(Driver, nwfilters), offsetof(NwfilterOps, op) }
#define SECRETS(op) { true, offsetof(Driver, secrets), offsetof(SecretOps, op) }

enum {
        CREATE = DOMAIN_START_RESET_NVRAM * 2 - 1, /* all bits up to the last, as below */
        LIST_DOMAINS = LIST_DOMAINS_NO_CHECKPOINT * 2 - 1,
        SAVE_CHOICE = DOMAIN_SAVE_RUNNING | DOMAIN_SAVE_PAUSED,
        RESTORE = DOMAIN_SAVE_RESET_NVRAM * 2 - 1,
        BASELINE = BASELINE_CPU_MIGRATABLE * 2 - 1,
        COMPARE = COMPARE_CPU_VALIDATE_XML * 2 - 1,
        LIST_NETWORKS = LIST_NETWORKS_NO_AUTOSTART * 2 - 1,
        LIST_INTERFACES = LIST_INTERFACES_INACTIVE | LIST_INTERFACES_ACTIVE,
        LIST_SECRETS = LIST_SECRETS_NO_PRIVATE * 2 - 1,
        LIST_POOLS = LIST_POOLS_ISCSI_DIRECT * 2 - 1,
        CREATE_POOL_CHOICE = POOL_CREATE_WITH_BUILD_OVERWRITE |
                             POOL_CREATE_WITH_BUILD_NO_OVERWRITE,
        CREATE_POOL = POOL_CREATE_WITH_BUILD | CREATE_POOL_CHOICE,
};

#define STATS \
        ((LIST_DOMAINS_OTHER * 2 - 1) | STATS_NOWAIT | STATS_BACKING | STATS_ENFORCE)
#define LIST_NODE_DEVICES \
        (LIST_NODE_DEVICES_CAPS | LIST_NODE_DEVICES_ACTIVE | LIST_NODE_DEVICES_INACTIVE)

/* clang-format off */
static const Method methods[] = {
        /* name, in, out, arguments, API, permissions [, operation, flags, handler, attributes] */
        { "BaselineCPU", "asu", "s", "xmlCPUs\0flags\0cpu\0", "virConnectBaselineCPU",
          MAY("connect:read"), HYPERVISOR(baseline_cpu), BASELINE, connect_baseline_cpu },
        { "CompareCPU", "su", "i", "xmlDesc\0flags\0compareResult\0", "virConnectCompareCPU",
          MAY("connect:read"), HYPERVISOR(compare_cpu), COMPARE, connect_call_text },
        { "DomainCreateXML", "su", "o", "xml\0flags\0domain\0", "virDomainCreateXML",
          NEEDS({ "domain:write" }, { "domain:start" }), DEFINITIONS(create), CREATE,
          connect_call_text, STARTS },
        { "DomainCreateXMLWithFiles", "sahu", "o", "xml\0files\0flags\0domain\0",
          "virDomainCreateXMLWithFiles", NEEDS({ "domain:write" }, { "domain:start" }),
          DEFINITIONS(create_with_files), CREATE, connect_create_domain_with_files, STARTS },
        { "DomainDefineXML", "s", "o", "xml\0domain\0", "virDomainDefineXML",
          NEEDS({ "domain:write" }, { "domain:save" }), DEFINITIONS(define), 0,
          connect_call_text },
        { "DomainLookupByID", "i", "o", "id\0domain\0", "virDomainLookupByID",
          MAY("domain:getattr"), NO_OP, 0, connect_domain_by_id },
        { "DomainLookupByName", "s", "o", "name\0domain\0", "virDomainLookupByName",
          MAY("domain:getattr"), NO_OP, 0, connect_domain_by_name },
        { "DomainLookupByUUID", "s", "o", "uuid\0domain\0", "virDomainLookupByUUIDString",
          MAY("domain:getattr"), NO_OP, 0, connect_domain_by_uuid },
        { "DomainRestore", "ssu", "", "from\0xml\0flags\0", "virDomainRestoreFlags",
          NEEDS({ "domain:start" }, { "domain:write" }), SAVING(restore), RESTORE,
          connect_restore_domain, .exclusive = SAVE_CHOICE },
        { "DomainSaveImageDefineXML", "ssu", "", "file\0xml\0flags\0",
          "virDomainSaveImageDefineXML", NEEDS({ "domain:write" }, { "domain:hibernate" }),
          SAVING(image_define), SAVE_CHOICE, connect_define_image, .exclusive = SAVE_CHOICE },
        { "DomainSaveImageGetXMLDesc", "su", "s", "file\0flags\0xml\0",
          "virDomainSaveImageGetXMLDesc", MAY("domain:write"), SAVING(image_xml),
          DOMAIN_SAVE_IMAGE_XML_SECURE, connect_call_text },
        { "FindStoragePoolSources", "ssu", "s", "type\0srcSpec\0flags\0storagePoolSources\0",
          "virConnectFindStoragePoolSources", MAY("connect:detect_storage_pools"),
          STORAGE(find_sources), 0, connect_find_pool_sources },
        { "GetAllDomainStats", "uu", "a(sa{sv})", "stats\0flags\0records\0",
          "virConnectGetAllDomainStats", MAY("connect:search_domains"), STATISTICS(append), STATS,
          connect_get_all_stats },
        { "GetCapabilities", "", "s", "capabilities\0", "virConnectGetCapabilities",
          MAY("connect:read"), HYPERVISOR(capabilities), 0, connect_get_capabilities },
        { "GetCPUModelNames", "su", "as", "arch\0flags\0models\0", "virConnectGetCPUModelNames",
          MAY("connect:read"), HYPERVISOR(cpu_models), 0, connect_get_cpu_models },
        { "GetDomainCapabilities", "ssssu", "s",
          "emulatorbin\0arch\0machine\0virttype\0flags\0domCapabilities\0",
          "virConnectGetDomainCapabilities", MAY("connect:write"), HYPERVISOR(domain_capabilities),
          0, connect_get_domain_capabilities },
        { "GetSysinfo", "u", "s", "flags\0sysinfo\0", "virConnectGetSysinfo", MAY("connect:read"),
          NODE(sysinfo), 0, connect_get_sysinfo },
        { "InterfaceChangeBegin", "u", "", "flags\0", "virInterfaceChangeBegin",
          MAY("connect:interface_transaction"), INTERFACES(change_begin), 0, connect_call_flags },
        { "InterfaceChangeCommit", "u", "", "flags\0", "virInterfaceChangeCommit",
          MAY("connect:interface_transaction"), INTERFACES(change_commit), 0, connect_call_flags },
        { "InterfaceChangeRollback", "u", "", "flags\0", "virInterfaceChangeRollback",
          MAY("connect:interface_transaction"), INTERFACES(change_rollback), 0,
          connect_call_flags },
        { "InterfaceDefineXML", "su", "o", "xml\0flags\0interface\0", "virInterfaceDefineXML",
          NEEDS({ "interface:write" }, { "interface:save" }), INTERFACES(define),
          DEFINE_VALIDATE, connect_call_text },
        { "InterfaceLookupByMAC", "s", "o", "mac\0interface\0", "virInterfaceLookupByMACString",
          MAY("interface:getattr"), NO_OP, 0, connect_interface_by_mac },
        { "InterfaceLookupByName", "s", "o", "name\0interface\0", "virInterfaceLookupByName",
          MAY("interface:getattr"), NO_OP, 0, connect_interface_by_name },
        { "ListDomains", "u", "ao", "flags\0domains\0", "virConnectListAllDomains",
          MAY("connect:search_domains"), NO_OP, LIST_DOMAINS, connect_list_domains },
        { "ListInterfaces", "u", "ao", "flags\0interfaces\0", "virConnectListAllInterfaces",
          MAY("connect:search_interfaces"), NO_OP, LIST_INTERFACES, connect_list_interfaces },
        { "ListNetworks", "u", "ao", "flags\0networks\0", "virConnectListAllNetworks",
          MAY("connect:search_networks"), NO_OP, LIST_NETWORKS, connect_list_networks },
        { "ListNodeDevices", "u", "ao", "flags\0devs\0", "virConnectListAllNodeDevices",
          MAY("connect:search_node_devices"), NO_OP, LIST_NODE_DEVICES,
          connect_list_node_devices },
        { "ListNWFilters", "u", "ao", "flags\0nwfilters\0", "virConnectListAllNWFilters",
          MAY("connect:search_nwfilters"), NO_OP, 0, connect_list_nwfilters },
        { "ListSecrets", "u", "ao", "flags\0secrets\0", "virConnectListAllSecrets",
          MAY("connect:search_secrets"), NO_OP, LIST_SECRETS, connect_list_secrets },
        { "ListStoragePools", "u", "ao", "flags\0storagePools\0", "virConnectListAllStoragePools",
          MAY("connect:search_storage_pools"), NO_OP, LIST_POOLS, connect_list_pools },
        { "NetworkCreateXML", "s", "o", "xml\0network\0", "virNetworkCreateXML",
          NEEDS({ "network:write" }, { "network:start" }), NETWORKS(create), 0, connect_call_xml },
        { "NetworkDefineXML", "s", "o", "xml\0network\0", "virNetworkDefineXML",
          NEEDS({ "network:write" }, { "network:save" }), NETWORKS(define), 0, connect_call_xml },
        { "NetworkLookupByName", "s", "o", "name\0network\0", "virNetworkLookupByName",
          MAY("network:getattr"), NO_OP, 0, connect_network_by_name },
        { "NetworkLookupByUUID", "s", "o", "uuid\0network\0", "virNetworkLookupByUUIDString",
          MAY("network:getattr"), NO_OP, 0, connect_network_by_uuid },
        { "NodeDeviceCreateXML", "su", "o", "xml\0flags\0dev\0", "virNodeDeviceCreateXML",
          NEEDS({ "node_device:write" }, { "node_device:start" }), NODE_DEVICES(create),
          DEFINE_VALIDATE, connect_call_text },
        { "NodeDeviceLookupByName", "s", "o", "name\0dev\0", "virNodeDeviceLookupByName",
          MAY("node_device:getattr"), NO_OP, 0, connect_node_device_by_name },
        { "NodeDeviceLookupSCSIHostByWWN", "ssu", "o", "wwnn\0wwpn\0flags\0dev\0",
          "virNodeDeviceLookupSCSIHostByWWN", MAY("node_device:getattr"), NO_OP, 0,
          connect_node_device_by_wwn },
        { "NWFilterDefineXML", "s", "o", "xml\0nwfilter\0", "virNWFilterDefineXML",
          NEEDS({ "nwfilter:write" }, { "nwfilter:save" }), NWFILTERS(define), 0,
          connect_call_xml },
        { "NWFilterLookupByName", "s", "o", "name\0nwfilter\0", "virNWFilterLookupByName",
          MAY("nwfilter:getattr"), NO_OP, 0, connect_nwfilter_by_name },
        { "NWFilterLookupByUUID", "s", "o", "uuid\0nwfilter\0", "virNWFilterLookupByUUIDString",
          MAY("nwfilter:getattr"), NO_OP, 0, connect_nwfilter_by_uuid },
        { "NodeGetCPUMap", "u", "ab", "flags\0res\0", "virNodeGetCPUMap", MAY("connect:read"),
          NODE(cpu_map), 0, connect_get_cpu_map },
        { "NodeGetCPUStats", "iu", "a{st}", "cpuNum\0flags\0cpuStats\0", "virNodeGetCPUStats",
          MAY("connect:read"), NODE(cpu_times), 0, connect_get_cpu_stats },
        { "NodeGetFreeMemory", "", "t", "freemem\0", "virNodeGetFreeMemory", MAY("connect:read"),
          NODE(memory), 0, connect_get_free_memory },
        { "NodeGetMemoryParameters", "u", "a{sv}", "flags\0memoryParameters\0",
          "virNodeGetMemoryParameters", MAY("connect:read"), NODE(memory_parameters),
          TYPED_PARAM_STRING_OKAY, connect_get_memory_parameters },
        { "NodeGetMemoryStats", "iu", "a{st}", "cellNum\0flags\0stats\0", "virNodeGetMemoryStats",
          MAY("connect:read"), NODE(memory), 0, connect_get_memory_stats },
        { "NodeGetSecurityModel", "", "(ss)", "secModel\0", "virNodeGetSecurityModel",
          MAY("connect:read"), NODE(security_model), 0, connect_get_security_model },
        { "NodeSetMemoryParameters", "a{sv}u", "", "params\0flags\0", "virNodeSetMemoryParameters",
          MAY("connect:write"), NODE(set_memory_parameters), 0, connect_set_memory_parameters },
        { "SecretDefineXML", "su", "o", "xml\0flags\0secret\0", "virSecretDefineXML",
          NEEDS({ "secret:write" }, { "secret:save" }), SECRETS(define), DEFINE_VALIDATE,
          connect_call_text },
        { "SecretLookupByUUID", "s", "o", "uuid\0secret\0", "virSecretLookupByUUIDString",
          MAY("secret:getattr"), NO_OP, 0, connect_secret_by_uuid },
        { "SecretLookupByUsage", "is", "o", "usageType\0usageID\0secret\0",
          "virSecretLookupByUsage", MAY("secret:getattr"), NO_OP, 0, connect_secret_by_usage },
        { "StoragePoolCreateXML", "su", "o", "xml\0flags\0storagePool\0", "virStoragePoolCreateXML",
          NEEDS({ "storage_pool:start" }, { "storage_pool:write" }), STORAGE(create), CREATE_POOL,
          connect_call_text, .exclusive = CREATE_POOL_CHOICE },
        { "StoragePoolDefineXML", "su", "o", "xml\0flags\0storagePool\0", "virStoragePoolDefineXML",
          NEEDS({ "storage_pool:write" }, { "storage_pool:save" }), STORAGE(define),
          DEFINE_VALIDATE, connect_call_text },
        { "StoragePoolLookupByName", "s", "o", "name\0storagePool\0", "virStoragePoolLookupByName",
          MAY("storage_pool:getattr"), NO_OP, 0, connect_pool_by_name },
        { "StoragePoolLookupByUUID", "s", "o", "uuid\0storagePool\0",
          "virStoragePoolLookupByUUIDString", MAY("storage_pool:getattr"), NO_OP, 0,
          connect_pool_by_uuid },
        { "StorageVolLookupByKey", "s", "o", "key\0storageVol\0", "virStorageVolLookupByKey",
          MAY("storage_vol:getattr"), NO_OP, 0, connect_volume_by_key },
        { "StorageVolLookupByPath", "s", "o", "path\0storageVol\0", "virStorageVolLookupByPath",
          MAY("storage_vol:getattr"), NO_OP, 0, connect_volume_by_path },
        {}
};

static const Property properties[] = {
        { "Encrypted",  "b", MAY("connect:getattr"), connect_get_encrypted, .constant = true },
        { "Hostname",   "s", MAY("connect:getattr"), connect_get_hostname },
        { "LibVersion", "t", MAY("connect:getattr"), connect_get_lib_version },
        { "Secure",     "b", MAY("connect:getattr"), connect_get_secure, .constant = true },
        { "Version",    "t", MAY("connect:getattr"), connect_get_version },
        {}
};

static const Signal signals[] = {
        /* name, signature, arguments [, event, how it is filled] */
        { "DomainEvent", "oii", "domain\0event\0detail\0", EVENT_LIFECYCLE, fill_type_detail },
        { "NetworkEvent", "oi", "network\0event\0", EVENT_LIFECYCLE, fill_type,
          RESOURCE_NETWORK },
        { "NodeDeviceEvent", "oii", "dev\0event\0detail\0", EVENT_LIFECYCLE,
          fill_type_detail, RESOURCE_NODE_DEVICE },
        { "SecretEvent", "oii", "secret\0event\0detail\0", EVENT_LIFECYCLE,
          fill_type_detail, RESOURCE_SECRET },
        { "StoragePoolEvent", "oii", "storagePool\0event\0detail\0", EVENT_LIFECYCLE,
          fill_type_detail, RESOURCE_POOL },
        {}
};
/* clang-format on */

const Interface connect_interface = {
        .name = "org.libvirt.Connect",
        .methods = methods,
        .properties = properties,
        .signals = signals,
        .nested = true,
};
