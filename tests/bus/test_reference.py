# SPDX-License-Identifier: LGPL-2.1-or-later
"""The documents that two old manuals show: each can be defined, and says the same afterwards."""
import os
import re
import unittest
from xml.etree import ElementTree

from harness import CONNECT, DOMAIN, TOP, BusTest

FOLDER = os.path.join(TOP, '../shared/reference')
XEN = '/org/libvirt/Xen'
QEMU = '/org/libvirt/QEMU'


def blocks(name):
    """What stands between ``` and ```, without the commands that print it."""
    with open(os.path.join(FOLDER, name), encoding='utf-8') as file:
        found = re.findall(r'^```\n(.*?)^```', file.read(), re.DOTALL | re.MULTILINE)
    return [re.sub(r'\A\$ .*\n', '', block.strip()) for block in found]


def documents(start):
    names = ('libxl-driver.md', 'libvirt-0.2.2-manual.md')
    return [block for name in names for block in blocks(name) if block.startswith(start)]


# An address in the text lacks its closing quote, and is one of many receivers.
SLIP = ('"11:22:33:44:55:66:/>', '"52:22:33:44:55:66"/>')


@unittest.skipUnless(os.path.isdir(FOLDER), f'SKIPPED: no {FOLDER}')
class Reference(BusTest):
    def define(self, root, xml):
        path = self.client.call(root, CONNECT, 'DomainDefineXML', xml, signature='s')
        printed = self.client.call(path, DOMAIN, 'GetXMLDesc', 2, signature='u')
        self.client.call(path, DOMAIN, 'Undefine', 0, signature='u')
        return ElementTree.fromstring(printed)

    def test_domains(self):
        whole = [xml for xml in documents('<domain') if '...' not in xml]
        self.assertGreater(len(whole), 8)
        for xml in whole:
            root = XEN if "'xen'" in xml else QEMU
            with self.subTest(xml=xml):
                given, printed = ElementTree.fromstring(xml), self.define(root, xml)
                for path in ('name', 'memory', 'os/type', 'os/kernel', 'os/loader', 'bootloader'):
                    self.assertEqual(printed.findtext(path), given.findtext(path), path)
                for path in ('disk/source', 'disk/target', 'interface/mac', 'graphics'):
                    for was, now in zip(given.iterfind(f'devices/{path}'),
                                        printed.iterfind(f'devices/{path}')):
                        self.assertLessEqual(was.attrib.items(), now.attrib.items(), path)

    def test_parts(self):
        for part in documents('<domain'):
            if '...' not in part:
                continue
            inside = re.sub(r'\A<domain[^>]*>|</domain>\Z|\.\.\.', '', part)
            with self.subTest(part=part):
                printed = self.define(XEN, "<domain type='xen' "
                                      "xmlns:xen='http://libvirt.org/schemas/domain/xen/1.0'>"
                                      '<name>part</name><memory>65536</memory>'
                                      f"<os><type arch='x86_64'>hvm</type></os>{inside}</domain>")
                for was in ElementTree.fromstring(part):
                    self.assertEqual(printed.findtext(was.tag).strip(), was.text.strip())
                    self.assertEqual([one.attrib for one in printed.find(was.tag)],
                                     [one.attrib for one in was])

    def test_interfaces(self):
        parts = documents('<interface')
        self.assertGreater(len(parts), 7)
        for part in parts:
            part = part.replace(*SLIP)
            with self.subTest(part=part):
                printed = self.define(QEMU, "<domain type='qemu'><name>part</name>"
                                      "<memory>65536</memory><os><type arch='x86_64'>hvm</type>"
                                      f'</os><devices>{part}</devices></domain>')
                self.assertEqual(len(printed.findall('devices/interface')),
                                 part.count('<interface'))

    def test_native(self):
        """The XML that the text shows, as a configuration: what both have is the same. Only a guest
        that runs has a kernel which its boot loader found, and its screen is a vfb by now."""
        xml = next(one for one in documents('<domain') if 'rhel5pv' in one)
        shown = next(one for one in blocks('libxl-driver.md') if one.startswith('name = "rhel5pv"'))
        made = self.client.call(XEN, 'org.virtbus.Connect', 'DomainXMLToNative', 'xen-xm', xml, 0,
                                signature='ssu')
        same = set(shown.splitlines()) & set(made.splitlines())
        self.assertEqual({line.split()[0] for line in same},
                         {'name', 'uuid', 'maxmem', 'memory', 'vcpus', 'bootloader', 'on_poweroff',
                          'on_reboot', 'on_crash', 'disk'})

    def test_old_spellings(self):
        """What the first manuals call otherwise is printed as it is called today."""
        printed = self.define(QEMU, """<domain type='qemu'><name>old</name><memory>65536</memory>
            <os><type arch='x86_64'>hvm</type></os><clock sync='localtime'/><devices>
            <interface type='bridge'><source dev='br7'/></interface>
            <interface type='network'><source name='default'/></interface>
            <console tty='/dev/pts/5'/></devices></domain>""")
        self.assertEqual(printed.find('clock').attrib['offset'], 'localtime')
        self.assertNotIn('sync', printed.find('clock').attrib)
        bridge, network = (one.attrib for one in printed.iterfind('devices/interface/source'))
        self.assertEqual(bridge, {'bridge': 'br7'})
        self.assertEqual(network, {'network': 'default'})
        self.assertEqual(printed.find('devices/console').attrib['type'], 'pty')
