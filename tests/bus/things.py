# SPDX-License-Identifier: LGPL-2.1-or-later
"""Objects of the test driver, called by what they say of themselves."""
import subprocess
import time
import xml.etree.ElementTree as ElementTree

from harness import CONNECT, PROPERTIES, BusError, BusTest

TEST = '/org/libvirt/Test'
INTROSPECTABLE = 'org.freedesktop.DBus.Introspectable'
MANAGER = 'org.freedesktop.DBus.ObjectManager'
UNKNOWN_OBJECT = 'org.freedesktop.DBus.Error.UnknownObject'
NO_UUID = '00000000-0000-0000-0000-000000000001'

# virNetworkEventLifecycleType and its like
DEFINED, UNDEFINED, STARTED, STOPPED, CREATED, DELETED = range(6)


def leaf_of_uuid(uuid):
    return '_' + uuid.replace('-', '_')


def leaf_of(name):
    return ''.join(
        chr(byte) if chr(byte).isascii() and chr(byte).isalnum() else f'_{byte:02x}'
        for byte in name.encode()
    )


class Thing:
    """thing.Create(0): the signature comes from introspection, once for each interface."""

    signatures = {}

    def __init__(self, client, path, interface):
        self.client = client
        self.path = path
        self.interface = interface

    def introspect(self):
        return ElementTree.fromstring(self.client.call(self.path, INTROSPECTABLE, 'Introspect'))

    def signature(self, member):
        if self.interface not in self.signatures:
            found = self.introspect().find(f"interface[@name='{self.interface}']")
            self.signatures[self.interface] = {
                method.get('name'): ''.join(
                    arg.get('type') for arg in method.iter('arg') if arg.get('direction') == 'in'
                )
                for method in found.iter('method')
            }
        return self.signatures[self.interface][member]

    def begin(self, member, *args):
        return self.client.begin(
            self.path, self.interface, member, *args, signature=self.signature(member)
        )

    def call(self, member, *args):
        return self.client.finish(self.begin(member, *args))

    def __getattr__(self, member):
        return lambda *args: self.call(member, *args)

    def get(self, name):
        return self.client.call(self.path, PROPERTIES, 'Get', self.interface, name)[1]

    def typed(self, name):
        return self.client.call(self.path, PROPERTIES, 'Get', self.interface, name)

    def set(self, name, value):
        self.client.call(self.path, PROPERTIES, 'Set', self.interface, name, value)

    def get_all(self):
        """Without the outer of the two variants."""
        found = self.client.call(self.path, PROPERTIES, 'GetAll', self.interface)
        assert all(signature == 'v' for signature, _ in found.values()), found
        return {name: inner for name, (_, inner) in found.items()}


class ThingTest(BusTest):
    """A connection to the test driver."""

    interface = None  # of what the test is about
    folder = None

    def setUp(self):
        super().setUp()
        self.connection = Thing(self.client, TEST, CONNECT)

    def faults(self):
        return Thing(self.client, TEST, 'org.virtbus.Test')

    def outcomes(self, *serials):
        """What became of calls, in the order in which they were answered: (place, error text)."""
        waiting = dict(zip(serials, range(len(serials))))
        ended = []
        while waiting:
            for serial in [one for one in self.client.replies if one in waiting]:
                try:
                    self.client.finish(serial)
                    ended.append((waiting.pop(serial), None))
                except BusError as e:
                    ended.append((waiting.pop(serial), e.message))
            if waiting:
                self.client.receive(time.monotonic() + 20)
        return ended

    def thing(self, path):
        self.assertTrue(path.startswith(f'{TEST}/{self.folder}/'), path)
        return Thing(self.client, path, self.interface)

    def since(self):
        """The number of signals so far."""
        self.client.ping()
        return len(self.client.signals)

    def heard(self, start, *members):
        """(member, arguments) of the signals since then, or only of these members."""
        self.client.ping()
        return [
            (one.member, one.body)
            for one in self.client.signals[start:]
            if not members or one.member in members
        ]

    def order(self, start):
        return [member for member, _ in self.heard(start)]

    def changes(self, start, path):
        """What PropertiesChanged told of an object."""
        found = {}
        for one in self.client.signals[start:]:
            if one.member == 'PropertiesChanged' and one.path == path:
                self.assertEqual(one.body[0], self.interface)
                self.assertEqual(one.body[2], [])
                found.update(one.body[1])
        return found

    def managed(self, path=TEST):
        return self.client.call(path, MANAGER, 'GetManagedObjects')

    def children(self):
        folder = Thing(self.client, f'{TEST}/{self.folder}', self.interface)
        return [f'{folder.path}/{node.get("name")}' for node in folder.introspect().iter('node')
                if node.get('name')]

    def check_tree(self, *paths):
        """These and no others are children of the folder and managed objects."""
        for managed in self.managed(), self.managed('/org/libvirt'):
            found = {path: faces for path, faces in managed.items()
                     if path.startswith(f'{TEST}/{self.folder}/')}
            self.assertEqual(set(found), set(paths))
            for faces in found.values():
                self.assertIn(self.interface, faces)
        self.assertEqual(sorted(self.children()), sorted(paths))

    def check_gone(self, path):
        with self.assertRaises(BusError) as caught:
            self.client.call(path, PROPERTIES, 'GetAll', self.interface)
        self.assertEqual(caught.exception.name, UNKNOWN_OBJECT)
        with self.assertRaises(BusError):
            self.client.call(path, INTROSPECTABLE, 'Introspect')

    def check_flags(self, thing, member, *args):
        """The last argument is flags: a bit that nobody knows is refused by name."""
        self.refused(thing.call, member, *args, 1 << 28, text='0x10000000')

    def tool(self, *words):
        return subprocess.run(words, env=self.bed.environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=30)
