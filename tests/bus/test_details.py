# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a rule of polkit can know of each kind of object: the details that libvirt gives."""
import os
import signal
import unittest

import system
from harness import CONNECT, DOMAIN, TEST_TIME, BusTest
from things import TEST, Thing

ASK = 'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired'

# Alice may do whatever is about one of these; no other details may be there. Sorted, for the rule
# knows no order.
RULE = '''
polkit.addRule(function(action, subject) {
    var known = [
        ["domain_name", "domain_uuid"], ["network_name", "network_uuid"],
        ["interface_name", "interface_macaddr"], ["node_device_name"],
        ["nwfilter_name", "nwfilter_uuid"], ["pool_name", "pool_uuid"], ["vol_name", "vol_key"],
        ["secret_uuid", "secret_usage_volume", "secret_usage_ceph", "secret_usage_target",
         "secret_usage_name"]
    ];
    var allowed = [
        "6695eb01-f6a4-8304-79aa-97f2502e193f test", "dd8fe884-6c02-601e-7551-cca97df1c5df default",
        "aa:bb:cc:dd:ee:ff eth1", "scsi_host11", "00000000-0000-0000-0000-00000000000f wall",
        "default-pool dfe224cb-28fb-8dd0-c4b2-64eb3f0f4566",
        "/default-pool/mine default-pool dfe224cb-28fb-8dd0-c4b2-64eb3f0f4566 mine",
        "00000000-0000-0000-0000-0000000000c1 ceph:disks",
        "00000000-0000-0000-0000-0000000000c2 target:disks",
        "00000000-0000-0000-0000-0000000000c3 name:disks",
        "00000000-0000-0000-0000-0000000000c4 volume:/disks",
        "00000000-0000-0000-0000-0000000000c5"
    ];
    if (subject.user != "alice" || action.lookup("connect_driver") != "Test")
        return;
    var found = [];
    known.forEach(function(group) {
        group.forEach(function(key) {
            var value = action.lookup(key);
            if (value)
                found.push(key.replace(/^secret_usage_/, "") == key ? value
                           : key.replace(/^secret_usage_/, "") + ":" + value);
        });
    });
    if (allowed.indexOf(found.sort().join(" ")) >= 0)
        return polkit.Result.YES;
});
'''


def secret(last, usage, element, name):
    return (f"<secret ephemeral='no' private='no'><uuid>00000000-0000-0000-0000-0000000000{last}"
            f"</uuid><usage type='{usage}'><{element}>{name}</{element}></usage></secret>")


class Details(unittest.TestCase):
    refused = BusTest.refused
    end = BusTest.end

    def setUp(self):
        system.enter()
        signal.signal(signal.SIGALRM, BusTest.late)
        signal.alarm(TEST_TIME)
        self.bed = system.SystemBed()
        self.addCleanup(self.end)
        self.connection = Thing(self.bed.client, TEST, CONNECT)
        self.alice = self.bed.new_client('alice')
        with open(os.path.join(system.RULES, '10-test.rules'), 'w') as file:
            file.write(RULE)

    def seen(self, path, interface):
        return Thing(self.alice, path, f'org.libvirt.{interface}')

    def look(self, interface, member, *args):
        return self.seen(getattr(self.connection, member)(*args), interface)

    def pool(self):
        return self.look('StoragePool', 'StoragePoolLookupByName', 'default-pool')

    def volume(self, name):
        root = Thing(self.bed.client, self.pool().path, 'org.libvirt.StoragePool')
        text = f'<volume><name>{name}</name><capacity>4096</capacity></volume>'
        return self.seen(root.StorageVolCreateXML(text, 0), 'StorageVol')

    def test_networks_and_filters(self):
        self.look('Network', 'NetworkLookupByName', 'default').Destroy()
        other = self.look('Network', 'NetworkDefineXML', '<network><name>other</name></network>')
        self.refused(other.Undefine, name=ASK)
        uuid = '<uuid>00000000-0000-0000-0000-00000000000f</uuid>'
        self.look('NWFilter', 'NWFilterDefineXML',
                  f"<filter name='wall' chain='root'>{uuid}</filter>").Undefine()
        other = self.look('NWFilter', 'NWFilterDefineXML', "<filter name='other' chain='root'/>")
        self.refused(other.Undefine, name=ASK)

    def test_devices(self):
        self.look('Interface', 'InterfaceLookupByName', 'eth1').Destroy(0)
        self.look('NodeDevice', 'NodeDeviceLookupByName', 'scsi_host11').Destroy()
        other = self.look('NodeDevice', 'NodeDeviceLookupByName', 'scsi_host1')
        self.refused(other.Destroy, name=ASK)

    def test_storage(self):
        self.pool().Refresh(0)
        self.volume('mine').Delete(0)
        self.refused(self.volume('yours').Delete, 0, name=ASK)
        # What is to be made has no name yet; its pool has.
        path = self.pool().StorageVolCreateXML(
            '<volume><name>mine</name><capacity>4096</capacity></volume>', 0)
        self.seen(path, 'StorageVol').Delete(0)

    def test_secrets(self):
        for what in (
            ('c1', 'ceph', 'name', 'disks'), ('c2', 'iscsi', 'target', 'disks'),
            ('c3', 'tls', 'name', 'disks'), ('c4', 'volume', 'volume', '/disks'),
        ):
            self.look('Secret', 'SecretDefineXML', secret(*what), 0).SetValue(b'x', 0)
        none = '<secret><uuid>00000000-0000-0000-0000-0000000000c5</uuid></secret>'
        self.look('Secret', 'SecretDefineXML', none, 0).SetValue(b'x', 0)
        other = self.look('Secret', 'SecretDefineXML', secret('d1', 'ceph', 'name', 'other'), 0)
        self.refused(other.SetValue, b'x', 0, name=ASK)

    def test_snapshots_are_their_domain(self):
        domain = self.look('Domain', 'DomainLookupByName', 'test')
        path = domain.SnapshotCreateXML('<domainsnapshot><name>one</name></domainsnapshot>', 0)
        self.seen(path, 'DomainSnapshot').Delete(0)
        other = Thing(self.bed.client, self.connection.DomainDefineXML(
            "<domain type='test'><name>other</name><memory>1000</memory><os><type>hvm</type></os>"
            "</domain>"), DOMAIN)
        path = other.SnapshotCreateXML('<domainsnapshot><name>one</name></domainsnapshot>', 0)
        self.refused(self.seen(path, 'DomainSnapshot').Delete, 0, name=ASK)
