# SPDX-License-Identifier: LGPL-2.1-or-later
"""Native configurations of Xen on the bus, and what the Xen connection does without a Xen."""
import functools
import xml.etree.ElementTree as ElementTree

from harness import CONNECT, DOMAIN, PROPERTIES, BusError, BusTest

XEN, TEST = '/org/libvirt/Xen', '/org/libvirt/Test'
OWN = 'org.virtbus.Connect'

XL = '''name = "guest"
uuid = "c7a5fdb2-cdaf-9455-926a-d65c16db1809"
type = "pvh"
kernel = "/vmlinuz"
memory = 64
timer_mode = 2
disk = [ "/dev/vg/root,raw,xvda,w" ]
'''
XM = XL.replace('type = "pvh"\n', '').replace('/dev/vg/root,raw,xvda,w', 'phy:/dev/vg/root,xvda,w')
SXPR = "(domain (name guest)(memory 64)(image (linux (kernel '/vmlinuz'))))"


class Native(BusTest):
    def setUp(self):
        super().setUp()
        try:
            self.client.call(XEN, PROPERTIES, 'Get', CONNECT, 'Version', signature='ss')
        except BusError as e:
            if 'Unknown' in e.name:
                self.skipTest('built without the Xen driver')

    def native(self, member, kind, text, flags=0, path=XEN):
        return self.client.call(path, OWN, member, kind, text, flags, signature='ssu')

    def read(self, kind, text, **options):
        return self.native('DomainXMLFromNative', kind, text, **options)

    def write(self, kind, xml, **options):
        return self.native('DomainXMLToNative', kind, xml, **options)

    def define(self, xml):
        return self.client.call(XEN, CONNECT, 'DomainDefineXML', xml, signature='s')

    def test_there_and_back(self):
        for kind, text in (('xen-xl', XL), ('xen-xm', XM)):
            with self.subTest(kind=kind):
                xml = self.read(kind, text)
                root = ElementTree.fromstring(xml)
                self.assertEqual(root.findtext('name'), 'guest')
                # Where no backend is named, xl looks at the file; libvirt says it is one.
                where = 'file' if kind == 'xen-xl' else 'dev'
                self.assertEqual(root.find('devices/disk/source').get(where), '/dev/vg/root')
                again = self.write(kind, xml).splitlines()
                for line in text.splitlines():
                    self.assertIn(line.replace(' 2', ' "2"') if kind == 'xen-xl' and
                                  'timer_mode' in line else line, again)

    def test_sxpr_only_comes_in(self):
        xml = self.read('xen-sxpr', SXPR)
        self.assertIn('<kernel>/vmlinuz</kernel>', xml)
        self.refused(self.write, 'xen-sxpr', xml, text="is none of xen-xl, xen-xm")
        self.assertIn('kernel = "/vmlinuz"', self.write('xen-xl', xml))

    def test_errors(self):
        for kind, text, message in (
            ('xen-xl', 'name = "a"\nmemory = \n', 'xen-xl configuration: line 2: '),
            ('xen-xm', 'name = "a"\nexec(x)\n', "xen-xm configuration: line 2: '=' expected"),
            ('xen-sxpr', '(domain\n(', 'line 2, column 2: the end'),
            ('bhyve-argv', '', "format 'bhyve-argv' is none of"),
        ):
            with self.subTest(text=text):
                self.refused(self.read, kind, text, text=message)
        self.refused(self.write, 'xen-xl', '<domain', text='XML')
        self.refused(self.write, 'xen-xl', "<domain type='kvm'><name>a</name><memory>1</memory>"
                     '<os><type>hvm</type></os></domain>', text="type 'xen' only")
        self.refused(functools.partial(self.read, flags=1), 'xen-xl', XL, text='flags')

    def test_other_connections_have_no_formats(self):
        self.refused(functools.partial(self.read, path=TEST), 'xen-xl', XL, text='not supported')

    def test_without_xen(self):
        """Definitions come, change their names and go; guests don't."""
        path = self.define(self.read('xen-xl', XL))
        self.assertTrue(path.startswith(XEN + '/domain/'))
        self.assertEqual(self.client.call(path, DOMAIN, 'GetState', 0, signature='u'), (5, 0))
        for member in 'Create', 'Shutdown', 'Destroy':
            call = functools.partial(self.client.call, signature='u')
            self.refused(call, path, DOMAIN, member, 0, text='no Xen on this host')
        call = functools.partial(self.client.call, signature='su')
        self.refused(call, XEN, CONNECT, 'DomainCreateXML', self.read('xen-xl', XL), 0,
                     text='no Xen on this host')
        self.client.call(path, DOMAIN, 'Rename', 'other', 0, signature='su')
        xml = self.client.call(path, DOMAIN, 'GetXMLDesc', 0, signature='u')
        self.assertIn('timer_mode', xml)
        self.assertIn('name = "other"', self.write('xen-xl', xml))
        self.client.call(path, DOMAIN, 'Undefine', 0, signature='u')
        self.assertEqual(self.client.call(XEN, CONNECT, 'ListDomains', 0, signature='u'), [])
        version = self.client.call(XEN, PROPERTIES, 'Get', CONNECT, 'Version', signature='ss')
        self.assertEqual(version[1], 0)
