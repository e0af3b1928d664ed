# SPDX-License-Identifier: LGPL-2.1-or-later
"""Networks of the test driver: every member of org.libvirt.Network, and how they are found."""
import xml.etree.ElementTree as ElementTree

from things import (
    DEFINED, NO_UUID, STARTED, STOPPED, TEST, UNDEFINED, ThingTest, leaf_of_uuid,
)

DEFAULT = 'dd8fe884-6c02-601e-7551-cca97df1c5df'
UUID = '004b96e1-2d78-c30f-5aa5-f03c87d21e69'
XML = (
    f"<network><name>lan</name><uuid>{UUID}</uuid><forward mode='nat'/>"
    "<bridge name='virbr7' stp='on' delay='0'/>"
    "<ip address='192.168.7.1' netmask='255.255.255.0'><dhcp>"
    "<range start='192.168.7.10' end='192.168.7.20'/></dhcp></ip></network>"
)
INACTIVE, ACTIVE, PERSISTENT, TRANSIENT, AUTOSTART, NO_AUTOSTART = (1 << n for n in range(6))


class Networks(ThingTest):
    interface = 'org.libvirt.Network'
    folder = 'network'

    def define(self):
        return self.thing(self.connection.NetworkDefineXML(XML))

    def create(self):
        return self.thing(self.connection.NetworkCreateXML(XML))

    def default(self):
        return self.thing(self.connection.NetworkLookupByName('default'))

    def events(self, start):
        return [body for _, body in self.heard(start, 'NetworkEvent')]

    # ---- how they are found ----

    def test_what_is_there_at_first(self):
        [path] = self.connection.ListNetworks(0)
        self.assertEqual(path, f'{TEST}/network/{leaf_of_uuid(DEFAULT)}')
        self.assertEqual(self.connection.NetworkLookupByName('default'), path)
        self.assertEqual(self.connection.NetworkLookupByUUID(DEFAULT), path)
        self.check_tree(path)

    def test_lookups_that_find_nothing(self):
        self.assertEqual(
            self.refused(self.connection.NetworkLookupByName, 'x').message,
            "Network not found: no network with matching name 'x'",
        )
        self.assertEqual(
            self.refused(self.connection.NetworkLookupByUUID, NO_UUID).message,
            f"Network not found: no network with matching uuid '{NO_UUID}'",
        )
        self.refused(self.connection.NetworkLookupByUUID, 'x', text='must be a valid UUID')
        self.check_gone(f'{TEST}/network/{leaf_of_uuid(NO_UUID)}')
        self.check_gone(f'{TEST}/network/default')

    def test_filters(self):
        running = self.default().path
        stopped = self.define().path
        for flags, wanted in (
            (0, {running, stopped}),
            (ACTIVE, {running}),
            (INACTIVE, {stopped}),
            (ACTIVE | INACTIVE, {running, stopped}),
            (PERSISTENT, {running, stopped}),
            (TRANSIENT, set()),
            (NO_AUTOSTART, {running, stopped}),
            (AUTOSTART, set()),
        ):
            self.assertEqual(set(self.connection.ListNetworks(flags)), wanted, flags)
        self.thing(stopped).set('Autostart', ('b', True))
        self.assertEqual(self.connection.ListNetworks(AUTOSTART), [stopped])
        self.assertEqual(self.connection.ListNetworks(AUTOSTART | ACTIVE), [])
        self.check_flags(self.connection, 'ListNetworks')

    # ---- properties ----

    def test_properties(self):
        network = self.define()
        self.assertEqual(
            network.get_all(),
            {
                'Active': ('b', False),
                'Autostart': ('b', False),
                'Name': ('s', 'lan'),
                'Persistent': ('b', True),
                'UUID': ('s', UUID),
            },
        )
        for name, value in network.get_all().items():
            self.assertEqual(network.typed(name), value)
        for name in 'Active', 'Name', 'Persistent', 'UUID':
            with self.assertRaises(Exception):
                network.set(name, network.typed(name))

    def test_what_introspection_says_of_changes(self):
        found = {}
        for one in self.default().introspect().iter('property'):
            for note in one.iter('annotation'):
                if note.get('name') == 'org.freedesktop.DBus.Property.EmitsChangedSignal':
                    found[one.get('name')] = note.get('value')
        self.assertEqual(found.get('Name'), 'const')
        self.assertEqual(found.get('UUID'), 'const')
        self.assertNotIn('Active', found, 'true is what holds without an annotation')

    def test_autostart(self):
        network = self.define()
        start = self.since()
        network.set('Autostart', ('b', True))
        self.assertTrue(network.get('Autostart'))
        self.assertEqual(self.changes(start, network.path), {'Autostart': ('b', True)})
        network.set('Autostart', ('b', False))
        self.assertFalse(network.get('Autostart'))
        transient = self.thing(
            self.connection.NetworkCreateXML('<network><name>t</name></network>')
        )
        self.refused(transient.set, 'Autostart', ('b', True), text='transient')

    # ---- life ----

    def test_define_and_undefine(self):
        start = self.since()
        network = self.define()
        self.assertEqual(network.path, f'{TEST}/network/{leaf_of_uuid(UUID)}')
        self.assertEqual(self.order(start), ['InterfacesAdded', 'NetworkEvent'])
        (path, faces), event = [body for _, body in self.heard(start)]
        self.assertEqual(path, network.path)
        self.assertEqual(faces[self.interface]['Name'], ('s', 'lan'))
        self.assertEqual(event, (network.path, DEFINED))
        self.assertEqual(self.connection.NetworkLookupByName('lan'), network.path)
        self.check_tree(network.path, self.default().path)

        start = self.since()
        network.Undefine()
        self.assertEqual(self.order(start), ['NetworkEvent', 'InterfacesRemoved'])
        self.assertEqual(self.events(start), [(network.path, UNDEFINED)])
        interfaces = [self.interface, 'org.virtbus.Network']
        self.assertEqual(self.heard(start)[1][1], (network.path, interfaces))
        self.check_gone(network.path)
        self.refused(self.connection.NetworkLookupByName, 'lan')

    def test_create_and_destroy(self):
        network = self.define()
        start = self.since()
        network.Create()
        self.assertEqual(self.events(start), [(network.path, STARTED)])
        self.assertEqual(self.changes(start, network.path), {'Active': ('b', True)})
        self.assertTrue(network.get('Active'))
        self.refused(network.Create, text='already active')
        start = self.since()
        network.Destroy()
        self.assertEqual(self.events(start), [(network.path, STOPPED)])
        self.assertEqual(self.changes(start, network.path), {'Active': ('b', False)})
        self.refused(network.Destroy, text='not active')

    def test_transient(self):
        start = self.since()
        network = self.create()
        self.assertEqual(self.order(start)[:2], ['InterfacesAdded', 'NetworkEvent'])
        self.assertEqual(self.events(start), [(network.path, STARTED)])
        self.assertTrue(network.get('Active'))
        self.assertFalse(network.get('Persistent'))
        self.assertEqual(self.connection.ListNetworks(TRANSIENT), [network.path])
        self.refused(network.Undefine)
        start = self.since()
        self.define()
        self.assertEqual(self.changes(start, network.path), {'Persistent': ('b', True)})
        self.assertTrue(network.get('Active'))
        network.Destroy()
        network.Undefine()

        network = self.create()
        start = self.since()
        network.Destroy()
        self.assertEqual(self.events(start), [(network.path, STOPPED)])
        self.assertEqual(self.order(start)[-1], 'InterfacesRemoved')
        self.check_gone(network.path)

    def test_definitions_that_are_refused(self):
        self.define()
        self.refused(self.connection.NetworkDefineXML, '<network/>')
        self.refused(self.connection.NetworkDefineXML, '<pool/>')
        self.refused(self.connection.NetworkDefineXML, XML.replace(UUID, NO_UUID))
        self.refused(self.connection.NetworkCreateXML, 'x')
        self.assertEqual(len(self.connection.ListNetworks(0)), 2)

    # ---- what it is ----

    def test_xml(self):
        network = self.define()
        root = ElementTree.fromstring(network.GetXMLDesc(0))
        self.assertEqual(root.findtext('name'), 'lan')
        self.assertEqual(root.findtext('uuid'), UUID)
        self.assertEqual(root.find('forward').get('mode'), 'nat')
        self.assertEqual(network.GetXMLDesc(1), network.GetXMLDesc(0))
        self.check_flags(network, 'GetXMLDesc')

    def test_update(self):
        network = self.define()
        host = "<host mac='52:54:00:00:00:01' ip='192.168.7.15'/>"
        network.Update(3, 4, -1, host, 2)
        self.assertIn('52:54:00:00:00:01', network.GetXMLDesc(1))
        self.refused(network.Update, 3, 4, -1, host, 1)
        network.Create()
        network.Update(2, 4, -1, host, 1)
        self.assertNotIn('52:54:00:00:00:01', network.GetXMLDesc(0))
        self.assertIn('52:54:00:00:00:01', network.GetXMLDesc(1))
        network.Update(2, 4, -1, host, 2)
        self.assertNotIn('52:54:00:00:00:01', network.GetXMLDesc(1))
        network.Update(3, 4, -1, host, 3)
        self.refused(network.Update, 9, 4, -1, host, 1)
        self.refused(network.Update, 3, 4, -1, '<host', 1)
        self.check_flags(network, 'Update', 3, 4, -1, host)

    def test_leases(self):
        network = self.default()
        leases = network.GetDHCPLeases('', 0)
        self.assertEqual(len(leases), 1)
        name, expiry, kind, mac, iaid, address, prefix, hostname, client = leases[0]
        self.assertEqual((name, kind, mac), ('virbr0', 0, 'aa:bb:cc:dd:ee:ff'))
        self.assertTrue(address.startswith('192.168.122.'), address)
        self.assertEqual(prefix, 24)
        self.assertEqual(network.GetDHCPLeases('aa:bb:cc:dd:ee:ff', 0), leases)
        self.assertEqual(network.GetDHCPLeases('aa:bb:cc:dd:ee:00', 0), [])
        self.check_flags(network, 'GetDHCPLeases', '')

    def test_what_fails_leaves_things_as_they_were(self):
        network = self.define()
        for member, arguments in (
            ('Create', []),
            ('Undefine', []),
            ('Update', [3, 4, -1, "<host mac='52:54:00:00:00:01' ip='192.168.7.15'/>", 2]),
        ):
            self.faults().SetFailure(member, 1, 'the moon is full')
            start = self.since()
            self.refused(network.call, member, *arguments, text='the moon is full')
            self.assertEqual(self.heard(start), [], member)
        self.assertEqual(len(self.connection.ListNetworks(0)), 2)
        self.faults().SetFailure('NetworkCreateXML', 1, 'the moon is full')
        start = self.since()
        self.refused(self.connection.NetworkCreateXML, '<network><name>t</name></network>')
        self.assertEqual(self.heard(start), [])

    def test_calls_of_one_client_stay_in_order(self):
        network = self.define()
        serials = [network.begin(member) for member in ('Create', 'Destroy') * 20]
        for serial in serials:
            self.client.finish(serial)
        self.assertFalse(network.get('Active'))
