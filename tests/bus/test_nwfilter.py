# SPDX-License-Identifier: LGPL-2.1-or-later
"""Network filters of the test driver: every member, and how they are found."""
import xml.etree.ElementTree as ElementTree

from things import NO_UUID, TEST, ThingTest, leaf_of_uuid

UUID = '5c6d49af-b071-6127-b4ec-6f8ed4b55335'
XML = (
    f"<filter name='no-noise' chain='ipv4'><uuid>{UUID}</uuid>"
    "<rule action='drop' direction='inout' priority='500'><ip dstipaddr='224.0.0.1'/></rule>"
    "</filter>"
)


class Filters(ThingTest):
    interface = 'org.libvirt.NWFilter'
    folder = 'nwfilter'

    def define(self, xml=XML):
        return self.thing(self.connection.NWFilterDefineXML(xml))

    def test_none_at_first(self):
        self.assertEqual(self.connection.ListNWFilters(0), [])
        self.check_tree()
        self.assertEqual(
            self.refused(self.connection.NWFilterLookupByName, 'x').message,
            "Network filter not found: no nwfilter with matching name 'x'",
        )
        self.assertEqual(
            self.refused(self.connection.NWFilterLookupByUUID, NO_UUID).message,
            f"Network filter not found: no nwfilter with matching uuid '{NO_UUID}'",
        )
        self.refused(self.connection.NWFilterLookupByUUID, 'x', text='must be a valid UUID')
        self.check_gone(f'{TEST}/nwfilter/{leaf_of_uuid(NO_UUID)}')
        self.check_flags(self.connection, 'ListNWFilters')

    def test_define_and_undefine(self):
        start = self.since()
        one = self.define()
        self.assertEqual(one.path, f'{TEST}/nwfilter/{leaf_of_uuid(UUID)}')
        self.assertEqual(self.order(start), ['InterfacesAdded'])
        self.assertEqual(self.connection.ListNWFilters(0), [one.path])
        self.assertEqual(self.connection.NWFilterLookupByName('no-noise'), one.path)
        self.assertEqual(self.connection.NWFilterLookupByUUID(UUID), one.path)
        self.check_tree(one.path)
        start = self.since()
        one.Undefine()
        self.assertEqual(self.heard(start), [('InterfacesRemoved', (one.path, [self.interface]))])
        self.check_gone(one.path)
        self.refused(self.connection.NWFilterDefineXML, '<filter/>')

    def test_redefine(self):
        one = self.define()
        start = self.since()
        self.assertEqual(self.define(XML.replace("'drop'", "'accept'")).path, one.path)
        self.assertEqual(self.order(start), [])
        self.assertIn("'accept'", one.GetXMLDesc(0))
        self.refused(self.connection.NWFilterDefineXML, XML.replace(UUID, NO_UUID))

    def test_properties(self):
        self.assertEqual(self.define().get_all(), {'Name': ('s', 'no-noise'), 'UUID': ('s', UUID)})

    def test_xml(self):
        one = self.define()
        root = ElementTree.fromstring(one.GetXMLDesc(0))
        self.assertEqual(root.get('name'), 'no-noise')
        self.assertEqual(root.findtext('uuid'), UUID)
        self.assertEqual(root.find('rule').get('action'), 'drop')
        self.check_flags(one, 'GetXMLDesc')
