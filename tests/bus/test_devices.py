# SPDX-License-Identifier: LGPL-2.1-or-later
"""Node devices and host interfaces of the test driver: every member, and how they are found."""
import xml.etree.ElementTree as ElementTree

from things import TEST, ThingTest, leaf_of

SYSTEM, PCI, SCSI_HOST, FC_HOST, VPORTS = 1 << 0, 1 << 1, 1 << 5, 1 << 9, 1 << 10
DEVICE_INACTIVE, DEVICE_ACTIVE = 1 << 30, 1 << 31
VPORT = (
    "<device><parent>scsi_host1</parent><capability type='scsi_host'>"
    "<capability type='fc_host'><wwnn>2000000099990001</wwnn><wwpn>1000000099990001</wwpn>"
    "</capability></capability></device>"
)
MAC = 'aa:bb:cc:dd:ee:ff'
INACTIVE, ACTIVE = 1, 2


class Devices(ThingTest):
    interface = 'org.libvirt.NodeDevice'
    folder = 'nodedev'

    def device(self, name):
        return self.thing(self.connection.NodeDeviceLookupByName(name))

    def create(self):
        return self.thing(self.connection.NodeDeviceCreateXML(VPORT, 0))

    def events(self, start):
        return [body for _, body in self.heard(start, 'NodeDeviceEvent')]

    def test_what_is_there_at_first(self):
        names = ['computer', 'scsi_host1', 'scsi_host2', 'scsi_host11']
        paths = [f'{TEST}/nodedev/{leaf_of(name)}' for name in names]
        self.assertEqual(self.connection.ListNodeDevices(0), paths)
        self.check_tree(*paths)
        for name, path in zip(names, paths):
            self.assertEqual(self.device(name).path, path)

    def test_lookups_that_find_nothing(self):
        self.assertEqual(
            self.refused(self.connection.NodeDeviceLookupByName, 'x').message,
            "Node device not found: no node device with matching name 'x'",
        )
        self.check_gone(f'{TEST}/nodedev/x')
        self.check_gone(f'{TEST}/nodedev/scsi_host1')
        self.refused(self.connection.NodeDeviceLookupSCSIHostByWWN, '0', '0', 0,
                     text='Node device not found')

    def test_by_wwn(self):
        look = self.connection.NodeDeviceLookupSCSIHostByWWN
        path = self.device('scsi_host2').path
        self.assertEqual(look('2000000056785678', '1000000056785678', 0), path)
        self.refused(look, '2000000056785678', '1000000012341234', 0)
        self.check_flags(self.connection, 'NodeDeviceLookupSCSIHostByWWN', '0', '0')

    def test_filters(self):
        computer, one, two, eleven = self.connection.ListNodeDevices(0)
        for flags, wanted in (
            (SYSTEM, [computer]),
            (SCSI_HOST, [one, two, eleven]),
            (VPORTS, [one, two]),
            (FC_HOST, [one, two, eleven]),
            (SYSTEM | VPORTS, [computer, one, two]),
            (PCI, []),
            (DEVICE_ACTIVE, [computer, one, two, eleven]),
            (DEVICE_INACTIVE, []),
            (SYSTEM | DEVICE_ACTIVE, [computer]),
            (SYSTEM | DEVICE_INACTIVE, []),
        ):
            self.assertEqual(self.connection.ListNodeDevices(flags), wanted, flags)
        self.check_flags(self.connection, 'ListNodeDevices')

    def test_properties(self):
        self.assertEqual(self.device('scsi_host1').get_all(),
                         {'Name': ('s', 'scsi_host1'), 'Parent': ('s', 'computer')})
        self.assertEqual(self.device('computer').get_all(),
                         {'Name': ('s', 'computer'), 'Parent': ('s', '')})

    def test_capabilities(self):
        self.assertEqual(self.device('computer').ListCaps(), ['system'])
        self.assertEqual(self.device('scsi_host11').ListCaps(), ['scsi_host', 'fc_host'])

    def test_xml(self):
        device = self.device('scsi_host11')
        root = ElementTree.fromstring(device.GetXMLDesc(0))
        self.assertEqual(root.findtext('name'), 'scsi_host11')
        self.assertEqual(root.findtext('parent'), 'scsi_host1')
        self.check_flags(device, 'GetXMLDesc')

    def test_create_and_destroy(self):
        start = self.since()
        device = self.create()
        self.assertEqual(self.order(start), ['InterfacesAdded', 'NodeDeviceEvent'])
        self.assertEqual(self.events(start), [(device.path, 0, 0)])
        self.assertEqual(device.get('Parent'), 'scsi_host1')
        self.assertEqual(len(self.connection.ListNodeDevices(0)), 5)
        start = self.since()
        device.Destroy()
        self.assertEqual(self.events(start), [(device.path, 1, 0)])
        self.assertEqual(self.order(start), ['NodeDeviceEvent', 'InterfacesRemoved'])
        self.check_gone(device.path)
        self.refused(self.connection.NodeDeviceCreateXML, '<device/>', 0)
        self.check_flags(self.connection, 'NodeDeviceCreateXML', VPORT)
        self.refused(self.device('computer').Destroy)

    def test_what_the_driver_lacks_says_so(self):
        device = self.device('computer')
        for member, arguments in ('Detach', ['', 0]), ('ReAttach', []), ('Reset', []):
            error = self.refused(device.call, member, *arguments)
            self.assertTrue(error.message.startswith('this function is not supported'), error)


class Interfaces(ThingTest):
    interface = 'org.libvirt.Interface'
    folder = 'interface'

    def xml(self, name='eth2', mac='52:54:00:00:00:02'):
        address = f"<mac address='{mac}'/>" if mac else ''
        return f"<interface type='ethernet' name='{name}'><start mode='none'/>{address}</interface>"

    def define(self, *args):
        return self.thing(self.connection.InterfaceDefineXML(self.xml(*args), 0))

    def first(self):
        return self.thing(self.connection.InterfaceLookupByName('eth1'))

    def test_what_is_there_at_first(self):
        [path] = self.connection.ListInterfaces(0)
        self.assertEqual(path, f'{TEST}/interface/{leaf_of(MAC)}')
        self.assertEqual(self.connection.InterfaceLookupByName('eth1'), path)
        self.assertEqual(self.connection.InterfaceLookupByMAC(MAC), path)
        self.assertEqual(self.connection.InterfaceLookupByMAC(MAC.upper()), path)
        self.check_tree(path)

    def test_lookups_that_find_nothing(self):
        self.assertEqual(
            self.refused(self.connection.InterfaceLookupByName, 'x').message,
            "Interface not found: no interface with matching name 'x'",
        )
        self.assertEqual(
            self.refused(self.connection.InterfaceLookupByMAC, '00:00:00:00:00:01').message,
            "Interface not found: no interface with matching mac '00:00:00:00:00:01'",
        )
        for leaf in 'eth1', leaf_of(MAC.upper()), leaf_of('00:00:00:00:00:01'):
            self.check_gone(f'{TEST}/interface/{leaf}')

    def test_two_with_one_address(self):
        one, two = self.first(), self.define('br0', MAC)
        self.assertNotEqual(one.path, two.path)
        self.assertEqual((one.get('Name'), two.get('Name')), ('eth1', 'br0'))
        self.assertEqual((one.get('MAC'), two.get('MAC')), (MAC, MAC))
        self.check_tree(one.path, two.path)
        self.refused(self.connection.InterfaceLookupByMAC, MAC, text='multiple')
        self.assertEqual(self.connection.InterfaceLookupByName('br0'), two.path)
        start = self.since()
        one.Undefine()
        self.assertEqual(self.heard(start)[-1],
                         ('InterfacesRemoved', (one.path, [self.interface])))
        self.assertEqual(self.connection.InterfaceLookupByMAC(MAC), two.path)
        self.assertEqual(two.get('Name'), 'br0')

    def test_one_without_an_address(self):
        interface = self.define('tun0', None)
        self.assertEqual(interface.get('MAC'), '')
        self.assertEqual(interface.path, f'{TEST}/interface/tun0')

    def test_filters(self):
        active, inactive = self.first().path, self.define().path
        for flags, wanted in (
            (0, [active, inactive]),
            (ACTIVE, [active]),
            (INACTIVE, [inactive]),
            (ACTIVE | INACTIVE, [active, inactive]),
        ):
            self.assertEqual(self.connection.ListInterfaces(flags), wanted, flags)
        self.check_flags(self.connection, 'ListInterfaces')

    def test_properties(self):
        self.assertEqual(
            self.first().get_all(),
            {'Active': ('b', True), 'MAC': ('s', MAC), 'Name': ('s', 'eth1')},
        )

    def test_life(self):
        start = self.since()
        interface = self.define()
        self.assertEqual(self.order(start), ['InterfacesAdded'])
        self.assertEqual(interface.path, f'{TEST}/interface/{leaf_of("52:54:00:00:00:02")}')
        start = self.since()
        interface.Create(0)
        self.assertEqual(self.changes(start, interface.path), {'Active': ('b', True)})
        self.refused(interface.Create, 0, text='already active')
        start = self.since()
        interface.Destroy(0)
        self.assertEqual(self.changes(start, interface.path), {'Active': ('b', False)})
        self.refused(interface.Destroy, 0, text='not active')
        start = self.since()
        interface.Undefine()
        self.assertEqual(self.order(start), ['InterfacesRemoved'])
        self.check_gone(interface.path)
        for member in 'Create', 'Destroy', 'GetXMLDesc':
            self.check_flags(self.first(), member)
        self.check_flags(self.connection, 'InterfaceDefineXML', self.xml())

    def test_xml(self):
        root = ElementTree.fromstring(self.first().GetXMLDesc(0))
        self.assertEqual(root.get('name'), 'eth1')
        self.assertEqual(root.find('mac').get('address'), MAC)
        self.assertEqual(ElementTree.fromstring(self.first().GetXMLDesc(1)).get('name'), 'eth1')

    def test_transaction(self):
        self.refused(self.connection.InterfaceChangeCommit, 0)
        self.refused(self.connection.InterfaceChangeRollback, 0)
        self.connection.InterfaceChangeBegin(0)
        self.refused(self.connection.InterfaceChangeBegin, 0)
        kept = self.define().path
        self.connection.InterfaceChangeCommit(0)
        self.connection.InterfaceChangeBegin(0)
        dropped = self.define('eth3', '52:54:00:00:00:03').path
        self.connection.InterfaceChangeRollback(0)
        self.assertEqual(self.connection.ListInterfaces(0), [self.first().path, kept])
        self.check_gone(dropped)
        for member in 'Begin', 'Commit', 'Rollback':
            self.check_flags(self.connection, f'InterfaceChange{member}')
