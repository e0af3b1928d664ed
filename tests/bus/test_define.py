# SPDX-License-Identifier: LGPL-2.1-or-later
"""Definitions: in, out, again, under another name, away."""
import os
import re
import shutil
import xml.etree.ElementTree as ElementTree

from harness import CONNECT, DOMAIN, PROPERTIES, ROOT, BusTest, Domain

UUID = '3a3bbd0b-5b64-4a7a-9f0c-111111111111'


class Define(BusTest):
    def test_define_look_up_undefine(self):
        domain = self.bed.define('one', uuid=UUID)
        self.assertEqual(domain.path, f'{ROOT}/domain/_{UUID.replace("-", "_")}')
        for found in (
            self.client.connect('DomainLookupByName', 'one'),
            self.client.connect('DomainLookupByUUID', UUID),
        ):
            self.assertEqual(found, domain.path)
        self.assertEqual(self.client.connect('ListDomains', 0), [domain.path])
        self.assertEqual(domain.GetState(0), (5, 0))
        self.assertTrue(any(UUID in name for name in self.bed.files('config')))

        domain.Undefine(0)
        self.assertEqual(self.client.connect('ListDomains', 0), [])
        self.assertFalse(any(UUID in name for name in self.bed.files('config')))
        for member, argument in (
            ('DomainLookupByName', 'one'),
            ('DomainLookupByUUID', UUID),
            ('DomainLookupByID', 1),
        ):
            error = self.refused(self.client.connect, member, argument)
            self.assertTrue(error.message.startswith('Domain not found'), error.message)

    def test_nothing_of_the_users_is_lost(self):
        mine = "<my:thing xmlns:my='urn:my' with='this'>and &lt;that&gt;</my:thing>"
        domain = self.bed.define(
            'one', rules=f'<!-- kept --><metadata>{mine}</metadata><strange way="1"/>'
        )
        found = ElementTree.fromstring(domain.xml).find('metadata/{urn:my}thing')
        self.assertEqual((found.get('with'), found.text), ('this', 'and <that>'))
        self.assertIn('kept', domain.xml)
        self.assertIn('strange', domain.xml)

    def test_the_document_is_as_libvirt_writes_it(self):
        xml = self.bed.define('one').xml
        self.assertFalse(xml.startswith('<?xml'))
        self.assertRegex(xml, r"<memory unit='KiB'>16384</memory>")
        self.assertRegex(xml, r"<currentMemory unit='KiB'>16384</currentMemory>")
        self.assertRegex(xml, r'<vcpu[^>]*>1</vcpu>')
        self.assertRegex(xml, r'<uuid>[0-9a-f-]{36}</uuid>')

    def test_define_is_idempotent(self):
        domain = self.bed.define('one')
        first = domain.xml
        self.assertEqual(self.client.define(first).path, domain.path)
        self.assertEqual(domain.xml, first)

    def test_a_definition_survives_a_restart_byte_by_byte(self):
        domain = self.bed.define('one', rules='<title>Ein Gäst</title>')
        before = domain.xml
        self.bed.restart()
        self.assertEqual(domain.xml, before)
        self.assertEqual(domain.get('Name'), 'one')

    def test_redefine_with_another_name_is_refused(self):
        self.bed.define('one', uuid=UUID)
        error = self.refused(lambda: self.bed.define('two', uuid=UUID))
        self.assertIn('one', error.message)

    def test_name_of_another_is_refused(self):
        self.bed.define('one')
        error = self.refused(lambda: self.bed.define('one', uuid=UUID))
        self.assertIn('one', error.message)
        self.assertEqual(len(self.client.connect('ListDomains', 0)), 1)

    def test_rename(self):
        domain = self.bed.define('one')
        domain.Rename('two', 0)
        self.assertEqual(domain.get('Name'), 'two')
        self.assertIn('<name>two</name>', domain.xml)
        self.assertEqual(self.client.connect('DomainLookupByName', 'two'), domain.path)
        self.refused(self.client.connect, 'DomainLookupByName', 'one')
        self.bed.restart()
        self.assertEqual(domain.get('Name'), 'two')

    def test_rename_to_a_name_of_another(self):
        domain = self.bed.define('one')
        self.bed.define('two')
        self.refused(domain.Rename, 'two', 0)
        self.assertEqual(domain.get('Name'), 'one')
        self.refused(domain.Rename, '', 0)
        self.refused(domain.Rename, 'a/b', 0)

    def test_list_by_flags(self):
        off = self.bed.define('off')
        on = self.bed.define('on')
        on.Create(1)
        passing = Domain(
            self.client, self.client.connect('DomainCreateXML', self.bed.xml('passing'), 0)
        )
        for flags, expected in (
            (0, {off, on, passing}),
            (1, {on, passing}),
            (2, {off}),
            (3, {off, on, passing}),
            (4, {off, on}),
            (8, {passing}),
            (16, {passing}),
            (32, {on}),
            (64, {off}),
            (1 | 4, {on}),
            (1024, set()),
            (2048, {off, on, passing}),
        ):
            with self.subTest(flags=flags):
                self.assertEqual(
                    set(self.client.connect('ListDomains', flags)), {one.path for one in expected}
                )

    def reboot(self):
        """What a start of the machine is to the service: its runtime folder is empty."""
        self.bed.stop()
        shutil.rmtree(self.bed.path('run/virtbus'))
        self.bed.start()

    def test_autostart(self):
        domain = self.bed.define('one')
        self.assertFalse(domain.get('Autostart'))
        self.client.call(domain.path, PROPERTIES, 'Set', DOMAIN, 'Autostart', ('b', True))
        self.assertTrue(domain.get('Autostart'))
        self.bed.stop()
        self.bed.start()
        self.client.collect(0.3)
        self.assertTrue(domain.get('Autostart'))
        self.assertEqual(domain.state, 5, 'a restart of the service is no start of the machine')
        self.reboot()
        self.assertEqual(domain.until_state(1), 1)
        self.client.call(domain.path, PROPERTIES, 'Set', DOMAIN, 'Autostart', ('b', False))
        domain.Destroy(0)
        self.reboot()
        self.client.collect(0.3)
        self.assertEqual(domain.state, 5)

    def test_redefined_while_it_runs(self):
        domain, _ = self.running('one')
        uuid = domain.get('UUID')
        self.assertFalse(domain.get('Updated'))
        self.client.define(
            self.bed.xml(
                'one',
                uuid=uuid,
                disk=self.bed.path('one.img'),
                rules='<description>later</description>',
            )
        )
        self.assertNotIn('later', domain.GetXMLDesc(0))
        self.assertIn('later', domain.GetXMLDesc(2))
        self.assertTrue(domain.get('Updated'))
        domain.Destroy(0)
        self.assertIn('later', domain.GetXMLDesc(0))
        self.assertFalse(domain.get('Updated'))

    def test_undefined_while_it_runs_it_becomes_transient(self):
        domain, _ = self.running('one')
        domain.Undefine(0)
        self.assertFalse(domain.get('Persistent'))
        self.assertEqual(domain.state, 1)
        domain.Destroy(0)
        self.assertEqual(self.client.connect('ListDomains', 0), [])

    def test_a_hundred(self):
        disk = self.bed.image()
        serials = [
            self.client.begin(ROOT, CONNECT, 'DomainDefineXML', self.bed.xml(f'n{i}', disk=disk))
            for i in range(100)
        ]
        paths = [self.client.finish(serial) for serial in serials]
        self.assertEqual(len(set(paths)), 100)
        self.assertEqual(sorted(self.client.connect('ListDomains', 0)), sorted(paths))
        self.bed.restart()
        self.assertEqual(sorted(self.client.connect('ListDomains', 0)), sorted(paths))
        for path in paths:
            self.client.call(path, DOMAIN, 'Undefine', 0)
        self.assertEqual(
            [name for name in self.bed.files('config') if re.search(r'\.xml', name)], []
        )

    def test_files_are_the_owners_alone(self):
        self.bed.define('one')
        for name in self.bed.files('config'):
            self.assertEqual(os.stat(self.bed.path(name)).st_mode & 0o077, 0, name)
