# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every member against every verdict of a real polkitd: root, allowed by a rule, denied, an answer
that somebody would have to give, no polkit; and for each permission a rule that denies it alone.

Made from the tables (`rows`) and from introspection, so a new member is in it by itself. On the
test driver, which is told to fail whatever would change something: what gets past the gate is an
error of another name. What the rows say against the published table is check-contract.py's
business.
"""
import collections
import os
import pwd
import signal
import subprocess
import time
import unittest
import xml.etree.ElementTree as ElementTree

import system
from harness import BUILD, CONNECT, NAME, PROPERTIES, BusError, BusTest
from jeepney import DBusAddress, HeaderFields, new_method_call

ROOT = '/org/libvirt/Test'
TEST = 'org.virtbus.Test'
INTROSPECTABLE = 'org.freedesktop.DBus.Introspectable'
MANAGER = 'org.freedesktop.DBus.ObjectManager'
DENIED = 'org.freedesktop.DBus.Error.AccessDenied'
ASK = 'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired'
SECONDS = 240  # for one scenario, with sanitizers
MOST = (1 << 32) - 1

RULE = '''
polkit.addRule(function(action, subject) {
    if (action.lookup("serial") == "%d")
        return polkit.Result.YES;
    if (action.id.indexOf("org.libvirt.api.") == 0 && subject.user == "alice")
        return %s;
});
'''
ALL_BUT = 'action.id == "%s" ? polkit.Result.NO : polkit.Result.YES'

SNAPSHOT = '<domainsnapshot><name>matrix</name></domainsnapshot>'
SECRET = '<secret><description>matrix</description></secret>'
FILTER = "<filter name='matrix' chain='root'/>"
VOLUME = '<volume><name>matrix</name><capacity>4096</capacity></volume>'


def is_free(permission):
    verb = permission.split(':')[1]
    return verb in ('read', 'getattr') or verb.startswith('search_')


def action(permission):
    return 'org.libvirt.api.' + permission.replace(':', '.').replace('_', '-')


class Need(collections.namedtuple('Need', 'name argument condition bits')):
    """One permission of a row, and when it is needed."""

    @classmethod
    def read(cls, text):
        words = text.split(':', 2)
        name = ':'.join(words[:2])
        if len(words) == 2:
            return cls(name, None, None, 0)
        at = next(i for i, c in enumerate(words[2]) if c in '&!=')
        return cls(name, words[2][:at], words[2][at], int(words[2][at + 1:]))

    def applies(self, values):
        if not self.condition:
            return True
        value = values.get(self.argument, 0)
        if self.condition == '&':
            return bool(value & self.bits)
        return not value & self.bits if self.condition == '!' else value == self.bits


Member = collections.namedtuple('Member', 'path interface kind name arguments needs')


def zero(kind):
    """A value of a type, the same for all calls."""
    if kind in 'ynqiuxt':
        return 0
    if kind in 'sg':
        return ''
    if kind == 'b':
        return False
    if kind == 'd':
        return 0.0
    if kind == 'o':
        return '/'
    if kind.startswith('a{'):
        return {}
    if kind == 'ay':
        return b''
    if kind[0] == 'a':
        return []
    raise AssertionError(kind)


class Matrix(unittest.TestCase):
    def setUp(self):
        system.enter()
        signal.signal(signal.SIGALRM, BusTest.late)
        signal.alarm(SECONDS)
        self.bed = system.SystemBed()
        self.addCleanup(self.end)
        self.root = self.bed.client
        self.alice = self.bed.new_client('alice')
        self.paths = self.make_objects()
        self.members = list(self.find_members())
        self.root.call(ROOT, TEST, 'SetFailure', '', MOST, 'past the gate', signature='sus')

    end = BusTest.end

    def rule(self, verdict):
        """Becomes the law; when this returns, polkitd knows it."""
        self.serial = getattr(self, 'serial', 0) + 1
        path = os.path.join(system.RULES, '10-matrix.rules')
        with open(path + '~', 'w') as file:
            file.write(RULE % (self.serial, verdict))
        os.rename(path + '~', path)
        deadline = time.monotonic() + 10
        while not self.bed.polkit_says(self.alice, action('domain:start'), serial=self.serial):
            self.assertLess(time.monotonic(), deadline, 'polkitd takes no notice of the rule')

    def make_objects(self):
        """{interface: path}"""

        def make(member, signature, *args, path=ROOT, interface=CONNECT):
            return self.root.call(path, interface, member, *args, signature=signature)

        domain = make('DomainLookupByName', 's', 'test')
        pool = make('StoragePoolLookupByName', 's', 'default-pool')
        network = make('NetworkLookupByName', 's', 'default')
        interface = 'org.libvirt.'
        return {
            interface + 'Connect': ROOT,
            interface + 'Domain': domain,
            'org.virtbus.Connect': ROOT,
            'org.virtbus.Domain': domain,
            TEST: ROOT,
            interface + 'Network': network,
            'org.virtbus.Network': network,
            interface + 'Interface': make('InterfaceLookupByName', 's', 'eth1'),
            interface + 'NodeDevice': make('NodeDeviceLookupByName', 's', 'computer'),
            interface + 'StoragePool': pool,
            interface + 'StorageVol': make('StorageVolCreateXML', 'su', VOLUME, 0, path=pool,
                                           interface=interface + 'StoragePool'),
            interface + 'DomainSnapshot': make('SnapshotCreateXML', 'su', SNAPSHOT, 0, path=domain,
                                               interface=interface + 'Domain'),
            interface + 'Secret': make('SecretDefineXML', 'su', SECRET, 0),
            interface + 'NWFilter': make('NWFilterDefineXML', 's', FILTER),
        }

    def rows(self):
        """{(interface, kind, member): [Need]}"""
        program = os.path.join(BUILD, 'tools/rows')
        text = subprocess.run(program, stdout=subprocess.PIPE, text=True, check=True).stdout
        rows = {}
        for line in text.splitlines():
            interface, kind, member, _, needs = line.split('\t')
            rows[interface, kind, member] = [Need.read(word) for word in needs.split()]
        return rows

    def find_members(self):
        rows = self.rows()
        unseen = {key for key in rows if key[0] in self.paths}
        for interface, path in self.paths.items():
            tree = ElementTree.fromstring(
                self.root.call(path, INTROSPECTABLE, 'Introspect', signature='')
            )
            node = next(n for n in tree.iter('interface') if n.get('name') == interface)
            for kind in 'method', 'property':
                for item in node.iter(kind):
                    key = interface, kind, item.get('name')
                    unseen.discard(key)
                    arguments = [
                        (a.get('name'), a.get('type'))
                        for a in item.iter('arg')
                        if a.get('direction') != 'out'
                    ]
                    yield Member(path, interface, kind, item.get('name'), arguments, rows[key])
        self.assertEqual(unseen, set(), 'rows that no object shows')
        self.assertEqual(set(rows), {k for k in rows if k[0] in self.paths}, 'no object for these')

    # ---- calls ----

    def variants(self, member):
        """Values of the arguments that permissions depend on: none, and each bit of theirs."""
        found = [{}]
        for need in member.needs:
            if need.condition == '=':
                found.append({need.argument: need.bits})
            for bit in range(32):
                if need.condition in ('&', '!') and need.bits >> bit & 1:
                    found.append({need.argument: 1 << bit})
        return [dict(values) for values in {tuple(sorted(v.items())) for v in found}]

    def needed(self, member, values):
        return {need.name for need in member.needs if need.applies(values)}

    def message(self, member, values):
        if member.kind == 'property':
            address = DBusAddress(member.path, NAME, PROPERTIES)
            return new_method_call(address, 'Get', 'ss', (member.interface, member.name))
        address = DBusAddress(member.path, NAME, member.interface)
        arguments = [values.get(name, zero(kind)) for name, kind in member.arguments]
        signature = ''.join(kind for _, kind in member.arguments)
        return new_method_call(address, member.name, signature or None, tuple(arguments))

    def answer(self, client, member, values):
        """The name of the error, and its text."""
        try:
            client.wait(client.send(self.message(member, values)))
        except BusError as e:
            return e.name, e.message
        return None, ''

    def cases(self, changing=True):
        for member in self.members:
            if member.interface == TEST and not changing:
                continue  # it would undo what keeps this test in place
            for values in self.variants(member):
                yield member, values, self.needed(member, values)

    def passes_everything(self, client):
        for member, values, _ in self.cases(changing=False):
            name, text = self.answer(client, member, values)
            if name in (DENIED, ASK):
                self.fail(f'{member.interface}.{member.name} {values}: {text}')

    def stops_what_isnt_free(self, error):
        for member, values, needed in self.cases():
            name, text = self.answer(self.alice, member, values)
            stopped = any(not is_free(permission) for permission in needed)
            with self.subTest(member=f'{member.interface}.{member.name}', values=values):
                if stopped:
                    self.assertEqual(name, error, text)
                else:
                    self.assertNotIn(name, (DENIED, ASK), text)

    # ---- verdicts ----

    def test_all_members_are_here(self):
        count = sum(member.interface.startswith('org.libvirt.') for member in self.members)
        self.assertEqual(count, 195 + 37)

    def test_root(self):
        self.passes_everything(self.root)

    def test_allowed_by_a_rule(self):
        self.rule('polkit.Result.YES')
        self.passes_everything(self.alice)

    def test_denied(self):
        self.rule('polkit.Result.NO')
        self.stops_what_isnt_free(DENIED)

    def test_somebody_would_have_to_answer(self):
        self.stops_what_isnt_free(ASK)

    def test_no_polkit(self):
        self.bed.mask_polkit()
        self.stops_what_isnt_free(DENIED)

    def test_each_permission_alone(self):
        """Who has everything but one permission gets everything but what needs it."""
        names = sorted({n.name for m in self.members for n in m.needs if not is_free(n.name)})
        for permission in names:
            self.rule(ALL_BUT % action(permission))
            for member, values, needed in self.cases():
                if permission not in needed:
                    continue
                name, text = self.answer(self.alice, member, values)
                with self.subTest(permission=permission, member=member.name, values=values):
                    self.assertEqual(name, DENIED)
                    self.assertIn(action(permission), text)

    def test_what_rules_know_of_an_object(self):
        """libvirt's detail keys: a rule that compares all of them lets the call pass."""

        def uuid(interface):
            return self.paths['org.libvirt.' + interface].rsplit('/_', 1)[1].replace('_', '-')

        pool = {'pool_name': 'default-pool', 'pool_uuid': uuid('StoragePool')}
        domain = {'domain_name': 'test', 'domain_uuid': uuid('Domain')}
        key = self.root.call(self.paths['org.libvirt.StorageVol'], PROPERTIES, 'Get',
                             'org.libvirt.StorageVol', 'Key', signature='ss')[1]
        for interface, member, details in (
            ('Connect', 'InterfaceChangeBegin', {}),
            ('Domain', 'Suspend', domain),
            ('DomainSnapshot', 'Delete', domain),
            ('Network', 'Destroy', {'network_name': 'default', 'network_uuid': uuid('Network')}),
            ('Interface', 'Undefine',
             {'interface_name': 'eth1', 'interface_macaddr': 'aa:bb:cc:dd:ee:ff'}),
            ('NodeDevice', 'Destroy', {'node_device_name': 'computer'}),
            ('NWFilter', 'Undefine',
             {'nwfilter_name': 'matrix', 'nwfilter_uuid': uuid('NWFilter')}),
            ('Secret', 'Undefine', {'secret_uuid': uuid('Secret')}),
            ('StoragePool', 'Destroy', pool),
            ('StorageVol', 'Delete', {**pool, 'vol_name': 'matrix', 'vol_key': key}),
        ):
            wanted = {'connect_driver': 'Test', **details}
            found = next(m for m in self.members
                         if m.interface == 'org.libvirt.' + interface and m.name == member)
            for name in (None, *wanted):
                changed = {**wanted, name: 'other'} if name else wanted
                self.rule(' && '.join(f'action.lookup("{k}") == "{v}"' for k, v in changed.items())
                          + ' ? polkit.Result.YES : polkit.Result.NO')
                got, text = self.answer(self.alice, found, {})
                with self.subTest(interface=interface, changed=name):
                    self.assertEqual(got == DENIED, name is not None, text)

    def test_writable_properties(self):
        self.rule('polkit.Result.NO')
        for interface in ('Domain', 'Network', 'StoragePool'):
            path = self.paths['org.libvirt.' + interface]
            address = DBusAddress(path, NAME, PROPERTIES)
            call = new_method_call(
                address, 'Set', 'ssv', ('org.libvirt.' + interface, 'Autostart', ('b', True))
            )
            with self.assertRaises(BusError) as caught:
                self.alice.wait(self.alice.send(call))
            self.assertEqual(caught.exception.name, DENIED)

    def test_a_call_without_an_interface(self):
        self.rule('polkit.Result.NO')
        call = new_method_call(DBusAddress(self.paths['org.libvirt.Domain'], NAME), 'Destroy', 'u',
                               (0,))
        call.header.fields.pop(HeaderFields.interface, None)
        with self.assertRaises(BusError):
            self.alice.wait(self.alice.send(call))
        domain = self.paths['org.libvirt.Domain']
        state = self.root.call(domain, 'org.libvirt.Domain', 'GetState', 0, signature='u')
        self.assertEqual(state[0], 1)

    # ---- the tools that people have ----

    def run_as(self, user, *words):
        account = pwd.getpwnam(user)
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              user=account.pw_uid, group=account.pw_gid, extra_groups=[], env={
                                  'PATH': os.environ['PATH'], 'LANG': 'C.UTF-8',
                                  'HOME': '/'}, cwd='/', timeout=30)
        return done.stdout

    def test_busctl_and_gdbus(self):
        domain, pool = self.paths['org.libvirt.Domain'], self.paths['org.libvirt.StoragePool']
        wanted = (
            (domain, 'org.libvirt.Domain', 'Suspend'),
            (pool, 'org.libvirt.StoragePool', 'Destroy'),
        )
        for verdict, words in (('NO', 'ccess denied'), ('YES', 'past the gate')):
            self.rule(f'polkit.Result.{verdict}')
            for path, interface, member in wanted:
                said = self.run_as('alice', 'busctl', '--allow-interactive-authorization=no',
                                   'call', NAME, path, interface, member)
                self.assertIn(words, said)
                said = self.run_as('alice', 'gdbus', 'call', '--system', '--dest', NAME,
                                   '--object-path', path, '--method', f'{interface}.{member}')
                self.assertIn(words, said)
            self.assertIn('test', self.run_as('alice', 'busctl', 'get-property', NAME, domain,
                                              'org.libvirt.Domain', 'Name'))


class AskAlways(unittest.TestCase):
    """--ask-always: what everybody has by default is a rule's to give or to take, too."""

    def setUp(self):
        system.enter()
        signal.signal(signal.SIGALRM, BusTest.late)
        signal.alarm(SECONDS)
        self.bed = system.SystemBed(arguments=('--ask-always',))
        self.addCleanup(self.end)
        self.alice = self.bed.new_client('alice')

    end = BusTest.end
    rule = Matrix.rule

    READS = (
        (CONNECT, 'ListDomains', 'u', (0,), ROOT),
        (PROPERTIES, 'GetAll', 's', (CONNECT,), ROOT),
        (MANAGER, 'GetManagedObjects', '', (), ROOT),
        (MANAGER, 'GetManagedObjects', '', (), '/org/libvirt'),
        (INTROSPECTABLE, 'Introspect', '', (), ROOT + '/domain'),
        (INTROSPECTABLE, 'Introspect', '', (), ROOT + '/secret'),
        (CONNECT, 'DomainLookupByName', 's', ('test',), ROOT),
    )

    def test_reading_is_denied(self):
        self.rule('polkit.Result.NO')
        for interface, member, signature, args, path in self.READS:
            with self.assertRaises(BusError) as caught:
                self.alice.call(path, interface, member, *args, signature=signature)
            self.assertEqual(caught.exception.name, DENIED, member)

    def test_reading_is_allowed(self):
        self.rule('polkit.Result.YES')
        for interface, member, signature, args, path in self.READS:
            self.alice.call(path, interface, member, *args, signature=signature)

    def test_one_kind_is_hidden(self):
        self.rule(ALL_BUT % 'org.libvirt.api.connect.search-secrets')
        self.alice.call(ROOT, CONNECT, 'ListDomains', 0, signature='u')
        for interface, member, signature, args, path in (
            (CONNECT, 'ListSecrets', 'u', (0,), ROOT),
            (MANAGER, 'GetManagedObjects', '', (), ROOT),
            (INTROSPECTABLE, 'Introspect', '', (), ROOT + '/secret'),
        ):
            with self.assertRaises(BusError) as caught:
                self.alice.call(path, interface, member, *args, signature=signature)
            self.assertEqual(caught.exception.name, DENIED, member)


if __name__ == '__main__':
    unittest.main()
