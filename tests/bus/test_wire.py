# SPDX-License-Identifier: LGPL-2.1-or-later
"""The form of what goes over the bus: what clients of org.libvirt rely on beyond signatures."""
import json
import re
import subprocess
import xml.etree.ElementTree as ElementTree

from harness import CONNECT, DOMAIN, NAME, OWN, PROPERTIES, ROOT, BusError, BusTest, Domain

INTROSPECTABLE = 'org.freedesktop.DBus.Introspectable'
MANAGER = 'org.freedesktop.DBus.ObjectManager'
ABSENT = f'{ROOT}/domain/_00000000_0000_0000_0000_000000000000'


class Wire(BusTest):
    def tool(self, *words):
        return subprocess.run(
            words,
            env=self.bed.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=20,
        )

    def introspect(self, path):
        return ElementTree.fromstring(self.client.call(path, INTROSPECTABLE, 'Introspect'))

    def test_get_all_has_a_variant_in_a_variant(self):
        domain = self.bed.define('one')
        for path, interface, name, value in (domain.path, DOMAIN, 'Name', ('s', 'one')), (
            ROOT,
            CONNECT,
            'Encrypted',
            None,
        ):
            every = self.client.call(path, PROPERTIES, 'GetAll', interface)
            for key, (signature, inner) in every.items():
                self.assertEqual(signature, 'v', key)
                self.assertIsInstance(inner, tuple, key)
            self.assertIn(name, every)
            if value:
                self.assertEqual(every[name][1], value)

    def test_get_has_one_level(self):
        domain = self.bed.define('one')
        self.assertEqual(
            self.client.call(domain.path, PROPERTIES, 'Get', DOMAIN, 'Name'), ('s', 'one')
        )

    def test_our_own_interface_is_standard(self):
        domain = self.bed.define('one')
        for key, (signature, _) in self.client.call(domain.path, PROPERTIES, 'GetAll', OWN).items():
            self.assertNotEqual(signature, 'v', key)

    def test_properties_of_a_domain(self):
        domain = self.bed.define('one')
        every = {
            key: inner
            for key, (_, inner) in self.client.call(
                domain.path, PROPERTIES, 'GetAll', DOMAIN
            ).items()
        }
        self.assertEqual(
            every,
            {
                'Active': ('b', False),
                'Autostart': ('b', False),
                'Id': ('u', 0),
                'Name': ('s', 'one'),
                'OSType': ('s', 'hvm'),
                'Persistent': ('b', True),
                'SchedulerType': ('(si)', every['SchedulerType'][1]),
                'Updated': ('b', False),
                'UUID': ('s', domain.get('UUID')),
            },
        )
        self.assertEqual(domain.path, f'{ROOT}/domain/_{domain.get("UUID").replace("-", "_")}')

    def test_properties_of_the_connection(self):
        every = {
            key: inner
            for key, (_, inner) in self.client.call(ROOT, PROPERTIES, 'GetAll', CONNECT).items()
        }
        self.assertEqual(every['LibVersion'], ('t', 9000000))
        self.assertEqual(every['Encrypted'][0], 'b')
        self.assertEqual(every['Secure'][0], 'b')
        with open('/proc/sys/kernel/hostname') as file:
            self.assertEqual(every['Hostname'], ('s', file.read().strip()))
        self.bed.define('one').Create(1)
        version = self.client.call(ROOT, PROPERTIES, 'Get', CONNECT, 'Version')
        wanted = re.search(
            r'version (\d+)\.(\d+)\.(\d+)',
            self.tool('/usr/bin/qemu-system-x86_64', '--version').stdout,
        )
        self.assertEqual(
            version, ('t', int(wanted[1]) * 1000000 + int(wanted[2]) * 1000 + int(wanted[3]))
        )

    def test_properties_that_are_not_there(self):
        domain = self.bed.define('one')
        for arguments in (DOMAIN, 'Nothing'), ('org.example.None', 'Name'):
            with self.assertRaises(BusError):
                self.client.call(domain.path, PROPERTIES, 'Get', *arguments)
        with self.assertRaises(BusError):
            self.client.call(domain.path, PROPERTIES, 'Set', DOMAIN, 'Name', ('s', 'two'))
        with self.assertRaises(BusError):
            self.client.call(domain.path, PROPERTIES, 'Set', DOMAIN, 'Autostart', ('s', 'yes'))

    def test_unknown_flags_are_refused_by_name(self):
        domain = self.bed.define('one')
        for member, arguments in (
            ('Create', [1 << 30]),
            ('Destroy', [1 << 30]),
            ('Undefine', [1 << 30]),
            ('GetState', [1]),
            ('Reset', [1]),
            ('Rename', ['x', 1]),
            ('GetXMLDesc', [1 << 30]),
        ):
            with self.subTest(member=member):
                error = self.refused(domain.call, member, *arguments)
                self.assertRegex(error.message, '(?i)flag')
                self.assertRegex(error.message, f'(?i)0x{arguments[-1]:x}|{member}')
        self.refused(self.client.connect, 'ListDomains', 1 << 30, text='flag')
        self.assertEqual(domain.get('Name'), 'one')

    def test_errors_carry_data_for_who_asks(self):
        error = self.refused(self.client.connect, 'DomainLookupByName', 'nobody')
        self.assertTrue(error.message.startswith('Domain not found'), error.message)
        self.assertIn('nobody', error.message)
        self.assertIsNone(error.data, 'not every client takes more than a message')

        self.client.call(ROOT, 'org.virtbus.Connect', 'SetErrorDetails', True, signature='b')
        error = self.refused(self.client.connect, 'DomainLookupByName', 'nobody')
        self.assertTrue(error.message.startswith('Domain not found'), error.message)
        self.assertEqual(error.data['code'], ('i', 42))
        self.assertEqual(error.data['level'], ('i', 2))
        self.assertIn('domain', error.data)
        other = self.bed.new_client()
        error = self.refused(other.connect, 'DomainLookupByName', 'nobody')
        self.assertIsNone(error.data)

    def test_unknown_members(self):
        domain = self.bed.define('one')
        for path, interface, member in (
            (ROOT, CONNECT, 'Nonsense'),
            (domain.path, DOMAIN, 'Nonsense'),
            (domain.path, CONNECT, 'ListDomains'),
            (ROOT, 'org.example.None', 'X'),
        ):
            with self.assertRaises(BusError) as caught:
                self.client.call(path, interface, member, signature='')
            self.assertIn(
                caught.exception.name,
                (
                    'org.freedesktop.DBus.Error.UnknownMethod',
                    'org.freedesktop.DBus.Error.UnknownInterface',
                ),
            )

    def test_wrong_signature(self):
        domain = self.bed.define('one')
        for signature, arguments in ('', []), ('s', ['0']), ('uu', [0, 0]), ('i', [0]):
            with self.assertRaises(BusError) as caught:
                self.client.call(domain.path, DOMAIN, 'Create', *arguments, signature=signature)
            self.assertIn('InvalidArgs', caught.exception.name + caught.exception.message)

    def test_paths_that_are_not_there(self):
        for path in (
            ABSENT,
            f'{ROOT}/domain/_x',
            f'{ROOT}/domain/one',
            f'{ROOT}/nothing',
            '/org/libvirt/None',
            f'{ABSENT}/more',
        ):
            with self.subTest(path=path):
                for interface, member, arguments in (
                    (DOMAIN, 'GetState', [0]),
                    (PROPERTIES, 'GetAll', [DOMAIN]),
                    (PROPERTIES, 'Get', [DOMAIN, 'Name']),
                ):
                    with self.assertRaises(BusError) as caught:
                        self.client.call(path, interface, member, *arguments)
                    error = caught.exception
                    self.assertTrue(
                        'Unknown' in error.name or error.message.startswith('Domain not found'),
                        error,
                    )

    def test_a_path_that_is_not_there_has_no_interfaces(self):
        try:
            names = [one.get('name') for one in self.introspect(ABSENT).iter('interface')]
        except BusError:
            names = []
        self.assertNotIn(DOMAIN, names)

    def test_the_tree(self):
        one, two = self.bed.define('one'), self.bed.define('two')
        tree = self.tool('busctl', '--user', 'tree', '--list', NAME).stdout.split()
        for path in ('/org/libvirt', ROOT, one.path, two.path):
            self.assertIn(path, tree)
        self.assertEqual([path for path in tree if path.startswith(one.path + '/')], [])
        children = [
            node.get('name')
            for node in self.introspect(f'{ROOT}/domain').iter('node')
            if node.get('name')
        ]
        self.assertEqual(
            sorted(name.rsplit('/', 1)[-1] for name in children),
            sorted(path.rsplit('/', 1)[1] for path in (one.path, two.path)),
        )

    def test_every_interface_introspects(self):
        domain = self.bed.define('one')
        for path, interface in (ROOT, CONNECT), (domain.path, DOMAIN), (domain.path, OWN):
            found = [
                one
                for one in self.introspect(path).iter('interface')
                if one.get('name') == interface
            ]
            self.assertEqual(len(found), 1, interface)
            self.assertTrue(list(found[0].iter('method')))

    def test_object_manager(self):
        one, two = self.bed.define('one'), self.bed.define('two')
        for path in '/org/libvirt', ROOT, '/':
            try:
                objects = self.client.call(path, MANAGER, 'GetManagedObjects')
                break
            except BusError:
                objects = None
        self.assertIsNotNone(objects, 'no ObjectManager at /org/libvirt, below it or above it')
        self.assertTrue({one.path, two.path} <= set(objects))
        self.assertEqual(objects[one.path][DOMAIN]['Name'], ('s', 'one'))
        self.assertEqual(objects[two.path][DOMAIN]['Active'], ('b', False))

    def test_busctl(self):
        domain = self.bed.define('one')
        for words in (
            ['get-property', NAME, domain.path, DOMAIN, 'Name'],
            ['introspect', NAME, domain.path],
            ['call', NAME, domain.path, DOMAIN, 'GetXMLDesc', 'u', '0'],
        ):
            ran = self.tool('busctl', '--user', *words)
            self.assertEqual(ran.returncode, 0, f'{words}: {ran.stdout}')
        ran = self.tool(
            'busctl',
            '--user',
            '--json=short',
            'call',
            NAME,
            domain.path,
            DOMAIN,
            'GetState',
            'u',
            '0',
        )
        self.assertEqual(json.loads(ran.stdout), {'type': '(ii)', 'data': [[5, 0]]})

    def test_gdbus(self):
        domain = self.bed.define('one')
        ran = self.tool('gdbus', 'introspect', '--session', '-d', NAME, '-o', domain.path)
        self.assertEqual(ran.returncode, 0, ran.stdout)
        self.assertIn('GetXMLDesc', ran.stdout)
        ran = self.tool(
            'gdbus',
            'call',
            '--session',
            '-d',
            NAME,
            '-o',
            domain.path,
            '-m',
            f'{DOMAIN}.GetState',
            '0',
        )
        self.assertEqual(ran.stdout, '((5, 0),)\n')

    def test_what_the_driver_lacks_says_so(self):
        domain = self.bed.define('one')
        error = self.refused(
            lambda: self.client.call(domain.path, DOMAIN, 'InjectNMI', 0, signature='u')
        )
        self.assertIn('not supported', error.message)

    def test_capabilities(self):
        caps = ElementTree.fromstring(self.client.connect('GetCapabilities'))
        self.assertIn('x86_64', [arch.get('name') for arch in caps.iter('arch')])
        text = self.client.call(
            ROOT, CONNECT, 'GetDomainCapabilities', '', 'x86_64', '', 'qemu', 0, signature='ssssu'
        )
        root = ElementTree.fromstring(text)
        self.assertEqual(root.tag, 'domainCapabilities')
        self.assertIn(
            'virtio', [value.text for value in root.findall("devices/disk/enum[@name='bus']/value")]
        )

    def test_a_late_client_is_no_trouble(self):
        """Someone who asks and leaves without waiting for the answer."""
        domain = self.bed.define('one')
        for member in 'Create', 'GetXMLDesc', 'Destroy':
            other = self.bed.new_client()
            other.begin(domain.path, DOMAIN, member, 0)
            other.close()
        self.client.collect(1)
        self.client.ping()

    def test_five_hundred_calls_at_once(self):
        domain = Domain(self.client, self.bed.define('one').path)
        serials = [domain.begin('GetXMLDesc', 0) for _ in range(500)]
        self.assertEqual(len({self.client.finish(serial) for serial in serials}), 1)
