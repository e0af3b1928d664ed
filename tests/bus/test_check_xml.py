# SPDX-License-Identifier: LGPL-2.1-or-later
"""A dry run: what would be refused, what isn't understood, and what QEMU would be called with."""
import os
import re

from harness import CONNECT, ROOT, BusError, BusTest

UUID = '3a3bbd0b-5b64-4a7a-9f0c-222222222222'
VIRTBUS = 'org.virtbus.Connect'


class CheckXml(BusTest):
    def check(self, xml, flags=0):
        return self.client.call(ROOT, VIRTBUS, 'DomainCheckXML', xml, flags, signature='su')

    def problems(self, xml, *wanted):
        """What is told, which has each of these texts, one after the other."""
        problems, command = self.check(xml)
        for text in wanted:
            self.assertTrue(any(text in problem for problem in problems), (text, problems))
        return problems, command

    def tearDown(self):
        self.assertEqual(self.client.connect('ListDomains', 0), [])
        for store in ('config', 'runtime', 'data'):
            left = [name for name in self.bed.files(store) if UUID in name]
            self.assertEqual(left, [], store)
        super().tearDown()

    def test_the_command_line_is_that_of_the_start(self):
        xml = self.bed.xml('one', uuid=UUID)
        problems, command = self.check(xml)
        self.assertEqual(problems, [])
        self.assertIn('guest=one,debug-threads=on', command)

        domain = self.client.define(xml)
        domain.Create(0)
        name = next(name for name in self.bed.files('data') if name.endswith('one.log'))
        with open(os.path.join(self.bed.folder, name)) as log:
            started = log.readline()
        domain.Destroy(0)
        domain.Undefine(0)
        self.assertEqual(re.sub("'", '', started).split(), ' '.join(command).split())

    def test_nothing_is_defined(self):
        self.check(self.bed.xml('one', uuid=UUID))
        self.assertEqual(self.client.signals, [])

    def test_what_is_not_understood_has_path_and_line(self):
        rules = "<strange/>\n<clock offset='utc' sideways='yes'/>"
        xml = self.bed.xml('one', uuid=UUID, rules=rules)
        problems, command = self.problems(
            xml,
            'not understood: XML error: unknown element /domain/strange (line ',
            "not understood: XML error: unknown attribute 'sideways' of /domain/clock (line ",
        )
        self.assertEqual(len(problems), 2)
        self.assertTrue(command, 'it would start all the same')

    def test_all_values_that_are_wrong(self):
        xml = self.bed.xml(
            'one', uuid=UUID, rules='<on_reboot>sleep</on_reboot><on_crash>burn</on_crash>'
        )
        problems, command = self.problems(xml, "define: XML error: line", "'sleep'", "'burn'")
        self.assertEqual((len(problems), command), (2, []))

    def test_all_rules_that_are_broken(self):
        bad = (
            "<interface type='user'><mac address='03:00:00:00:00:01'/></interface>"
            "<disk type='file' device='disk'><source file='/x'/><target dev='vda'/></disk>"
            "<disk type='file' device='disk'><source file='/y'/><target dev='vda'/></disk>"
        )
        _, command = self.problems(self.bed.xml('one', uuid=UUID, devices=bad), 'multicast', 'vda')
        self.assertEqual(command, [])

    def test_all_files_that_are_missing(self):
        devices = ''.join(
            f"<disk type='file' device='disk'><source file='/nowhere/{i}'/>"
            f"<target dev='vd{i}'/></disk>"
            for i in 'abc'
        )
        problems, command = self.problems(
            self.bed.xml('one', uuid=UUID, devices=devices), '/nowhere/a', '/nowhere/b',
            '/nowhere/c',
        )
        self.assertTrue(all(problem.startswith('start: ') for problem in problems), problems)
        self.assertTrue(any('/nowhere/c' in word for word in command), command)

    def test_all_that_this_host_lacks(self):
        devices = (
            "<hostdev mode='subsystem' type='usb'><source><vendor id='0xdead'/>"
            "<product id='0xbeef'/></source></hostdev>"
            "<interface type='network'><source network='nowhere'/><mtu size='1400'/></interface>"
            "<interface type='bridge'><source bridge='nobridge0'/></interface>"
        )
        self.problems(
            self.bed.xml('one', uuid=UUID, devices=devices), "network 'nowhere' can't have",
            "no bridge 'nobridge0'", 'dead:beef',
        )

    def test_no_emulator(self):
        xml = self.bed.xml('one', uuid=UUID)
        xml = re.sub('<emulator>.*?</emulator>', '', xml)
        xml = xml.replace('<devices>', '<devices><emulator>/nowhere/qemu</emulator>')
        problems, command = self.problems(xml, '/nowhere/qemu')
        self.assertEqual((len(problems), command), (1, []))
        self.assertTrue(problems[0].startswith('start: '))

    def test_a_name_that_is_taken(self):
        domain = self.bed.define('one')
        _, command = self.problems(self.bed.xml('one', uuid=UUID), 'already exists')
        self.assertEqual(command, [])
        domain.Undefine(0)

    def test_secrets_are_named_and_never_shown(self):
        devices = (
            "<disk type='network' device='disk'><auth username='u'>"
            f"<secret type='ceph' uuid='{UUID}'/></auth>"
            "<source protocol='rbd' name='pool/image'><host name='h' port='6789'/></source>"
            "<target dev='vda' bus='virtio'/></disk>"
        )
        xml = self.bed.xml('one', uuid=UUID, devices=devices)
        if not any('no secret' in problem for problem in self.check(xml)[0]):
            self.skipTest('this QEMU has no rbd')
        secret = self.client.call(
            ROOT, CONNECT, 'SecretDefineXML',
            f"<secret ephemeral='yes'><uuid>{UUID}</uuid><usage type='ceph'><name>n</name></usage>"
            '</secret>', 0, signature='su',
        )
        self.client.call(secret, 'org.libvirt.Secret', 'SetValue', b'topsecret', 0, signature='ayu')
        problems, command = self.check(xml)
        self.assertEqual(problems, [])
        self.assertNotIn('topsecret', ' '.join(command))
        self.assertIn('/proc/self/fd/', ' '.join(command))
        self.client.call(secret, 'org.libvirt.Secret', 'Undefine')

    def test_what_is_no_xml(self):
        for xml in ('', 'x', '<domain', '<network/>'):
            problems, command = self.check(xml)
            self.assertEqual((len(problems), command), (1, []), xml)
            self.assertTrue(problems[0].startswith('define: '), problems)

    def test_flags_are_none(self):
        with self.assertRaises(BusError):
            self.check(self.bed.xml('one'), 1)

    def test_the_test_driver_has_nothing_to_say(self):
        error = self.refused(
            lambda: self.client.call('/org/libvirt/Test', VIRTBUS, 'DomainCheckXML', '<domain/>', 0,
                                     signature='su')
        )
        self.assertIn('not supported', error.message)
