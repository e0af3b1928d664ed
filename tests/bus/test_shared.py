# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is the host's is there through each connection of a hypervisor: networks, filters and
secrets seen, changed and told of under /org/libvirt/QEMU and /org/libvirt/Xen, judged by polkit on
both; domains aren't, and the test driver has its own. No Xen is needed."""
import os
import signal
import unittest
import xml.etree.ElementTree as ElementTree

import system
import test_matrix as matrix
from harness import CONNECT, PROPERTIES, BusError, BusTest
from test_networks import NETWORK, NetworksTest, network_xml
from things import MANAGER, TEST, Thing, leaf_of_uuid

QEMU, XEN = BOTH = '/org/libvirt/QEMU', '/org/libvirt/Xen'
UUID = '55806c7d-8e93-456f-829b-607d8c198367'
SECRET = (f"<secret ephemeral='no' private='no'><uuid>{UUID}</uuid>"
          "<usage type='ceph'><name>disks</name></usage></secret>")
WALL = f"<filter name='wall' chain='root'><uuid>{UUID}</uuid></filter>"
GUEST = ("<domain type='%s'><name>guest</name><memory unit='MiB'>8</memory><os>"
         "<type arch='x86_64'>hvm</type></os></domain>")


def need_xen(test, client):
    try:
        client.call(XEN, PROPERTIES, 'Get', CONNECT, 'Version', signature='ss')
    except BusError as e:
        if 'Unknown' in e.name:
            test.skipTest('built without the Xen driver')


class Shared(BusTest):
    def setUp(self):
        super().setUp()
        need_xen(self, self.client)
        self.connections = [Thing(self.client, path, CONNECT) for path in (*BOTH, TEST)]
        self.qemu, self.xen, self.test = self.connections

    def seen(self, path, interface):
        """The same thing through QEMU and through Xen."""
        leaf = path.split('/', 4)[4]
        return [Thing(self.client, f'{root}/{leaf}', interface) for root in BOTH]

    def heard(self, start):
        """(path of the sender's connection, member, arguments) of what was told since then."""
        self.client.ping()
        return [('/'.join(one.path.split('/')[:4]), one.member, one.body)
                for one in self.client.signals[start:]]

    def since(self):
        self.client.ping()
        return len(self.client.signals)

    def managed(self, root, below):
        objects = self.client.call(below, MANAGER, 'GetManagedObjects')
        return {path: faces for path, faces in objects.items() if path.startswith(root + '/')}

    def check_there(self, path, interface):
        """In the tree of each connection, with equal properties."""
        one, other = self.seen(path, interface)
        self.assertEqual(one.get_all(), other.get_all())
        for root, thing in zip(BOTH, (one, other)):
            mine = self.managed(root, root)
            self.assertEqual(list(mine), [thing.path])
            self.assertIn(interface, mine[thing.path])
            self.assertEqual(mine, self.managed(root, '/org/libvirt'))
            folder = Thing(self.client, thing.path.rsplit('/', 1)[0], None)
            nodes = [node.get('name') for node in folder.introspect().iter('node')]
            self.assertIn(thing.path.rsplit('/', 1)[1], nodes)
        self.assertEqual(self.managed(TEST, TEST).keys() & {one.path, other.path}, set())

    def test_a_secret(self):
        start = self.since()
        path = self.xen.SecretDefineXML(SECRET, 0)
        self.assertEqual(path, f'{XEN}/secret/{leaf_of_uuid(UUID)}')
        qemu, xen = self.seen(path, 'org.libvirt.Secret')
        self.assertEqual([one[:2] for one in self.heard(start)],
                         [(QEMU, 'InterfacesAdded'), (XEN, 'InterfacesAdded'),
                          (QEMU, 'SecretEvent'), (XEN, 'SecretEvent')])
        told = [body for _, _, body in self.heard(start)]
        self.assertEqual([told[0][0], told[1][0]], [qemu.path, xen.path])
        self.assertEqual(told[0][1], told[1][1])
        self.assertEqual(told[2:], [(qemu.path, 0, 0), (xen.path, 0, 0)])
        self.check_there(path, 'org.libvirt.Secret')
        for connection, thing in (self.qemu, qemu), (self.xen, xen):
            self.assertEqual(connection.ListSecrets(0), [thing.path])
            self.assertEqual(connection.SecretLookupByUUID(UUID), thing.path)
            self.assertEqual(connection.SecretLookupByUsage(2, 'disks'), thing.path)
        self.assertEqual(self.test.ListSecrets(0), [])
        self.refused(self.test.SecretLookupByUUID, UUID, text='no secret')
        qemu.SetValue(b'tell nobody', 0)
        self.assertEqual(xen.GetValue(0), b'tell nobody')
        self.refused(self.qemu.SecretDefineXML, SECRET.replace(UUID, UUID[:-1] + '0'), 0,
                     text='already defined for use')

        start = self.since()
        qemu.Undefine()
        self.assertEqual([one[:2] for one in self.heard(start)],
                         [(QEMU, 'SecretEvent'), (XEN, 'SecretEvent'),
                          (QEMU, 'InterfacesRemoved'), (XEN, 'InterfacesRemoved')])
        for thing in qemu, xen:
            self.refused(thing.Undefine, name='org.freedesktop.DBus.Error.UnknownObject')
        self.assertEqual([one.ListSecrets(0) for one in self.connections], [[], [], []])

    def test_a_filter(self):
        path = self.qemu.NWFilterDefineXML(WALL)
        self.check_there(path, 'org.libvirt.NWFilter')
        xen = self.xen.NWFilterLookupByName('wall')
        self.assertEqual(xen, f'{XEN}/nwfilter/{leaf_of_uuid(UUID)}')
        other = WALL.replace(UUID, UUID[:-1] + '0')
        self.refused(self.xen.NWFilterDefineXML, other, text='already')
        self.test.NWFilterDefineXML(other)  # has its own
        Thing(self.client, xen, 'org.libvirt.NWFilter').Undefine()
        self.assertEqual(self.qemu.ListNWFilters(0), [])
        self.assertEqual(len(self.test.ListNWFilters(0)), 1)

    def test_what_was_defined_through_one_stays(self):
        self.xen.SecretDefineXML(SECRET, 0)
        self.xen.NWFilterDefineXML(WALL)
        self.bed.restart()
        for connection in self.qemu, self.xen:
            self.assertEqual(len(connection.ListSecrets(0)), 1)
            self.assertEqual(len(connection.ListNWFilters(0)), 1)
        self.assertEqual({name.split('/')[2] for name in self.bed.files('config')}, {'qemu'})

    def test_domains_are_not_shared(self):
        for connection, other, kind in (self.qemu, self.xen, 'qemu'), (self.xen, self.qemu, 'xen'):
            start = self.since()
            text = GUEST % kind
            path = connection.DomainDefineXML(
                text.replace("arch='x86_64'", '') if kind == 'xen' else text)
            self.assertEqual({one[0] for one in self.heard(start)}, {connection.path})
            self.assertEqual(other.ListDomains(0), [])
            self.refused(other.DomainLookupByName, 'guest', text='no domain')
            domain = Thing(self.client, path, 'org.libvirt.Domain')
            start = self.since()
            domain.Undefine(0)
            self.assertEqual({one[0] for one in self.heard(start)}, {connection.path})

    def test_kinds_that_neither_has(self):
        """As before: a kind that the keeper hasn't, nobody has who shares."""
        for member, args in (('ListStoragePools', (0,)), ('ListInterfaces', (0,))):
            answers = []
            for connection in self.qemu, self.xen:
                try:
                    answers.append(len(getattr(connection, member)(*args)))
                except BusError as e:
                    answers.append(e.name)
            self.assertEqual(answers[0], answers[1], member)


class Networks(NetworksTest):
    def setUp(self):
        super().setUp()
        need_xen(self, self.client)

    def through(self, root, path, member, *args, signature=''):
        leaf = path.rsplit('/', 1)[1]
        return self.client.call(f'{root}/network/{leaf}', NETWORK, member, *args,
                                signature=signature)

    def test_defined_by_one_and_started_by_the_other(self):
        start = len(self.client.signals)
        path = self.client.call(XEN, CONNECT, 'NetworkDefineXML', network_xml(), signature='s')
        self.assertTrue(path.startswith(XEN + '/network/_'), path)
        self.through(QEMU, path, 'Create')
        leaf = path.rsplit('/', 1)[1]
        for root in BOTH:
            own = f'{root}/network/{leaf}'
            self.assertEqual(self.client.call(root, CONNECT, 'ListNetworks', 2, signature='u'),
                             [own])
            self.assertEqual(self.client.call(root, CONNECT, 'NetworkLookupByName', 'net',
                                              signature='s'), own)
            self.assertTrue(self.client.call(own, PROPERTIES, 'Get', NETWORK, 'Active')[1])
            self.assertIn("bridge name='vb7'",
                          self.through(root, path, 'GetXMLDesc', 0, signature='u'))
            self.assertEqual(self.through(root, path, 'GetDHCPLeases', '', 0, signature='su'), [])
        self.refused(self.through, XEN, path, 'Create', text='already active')
        self.client.call(f'{XEN}/network/{leaf}', PROPERTIES, 'Set', NETWORK, 'Autostart',
                         ('b', True))
        self.through(XEN, path, 'Destroy')
        self.through(QEMU, path, 'Undefine')
        self.client.ping()
        for root in BOTH:
            own = f'{root}/network/{leaf}'
            heard = [one for one in self.client.signals[start:] if one.path.startswith(root)]
            events = [one.body for one in heard if one.member == 'NetworkEvent']
            self.assertEqual(events, [(own, event) for event in (0, 2, 3, 1)])
            changes = [(one.path, one.body[1]) for one in heard
                       if one.member == 'PropertiesChanged']
            self.assertEqual(changes, [(own, {name: ('b', value)}) for name, value in (
                ('Active', True), ('Autostart', True), ('Active', False), ('Autostart', False))])
            self.assertEqual([one.member for one in heard if one.member.startswith('Inter')],
                             ['InterfacesAdded', 'InterfacesRemoved'])

    def test_changes_wait_for_each_other(self):
        """Through whichever path they come: one queue for one network."""
        network = self.define()
        other = f"{XEN}/network/{network.path.rsplit('/', 1)[1]}"
        calls = [self.client.begin(path, NETWORK, member, signature='')
                 for path, member in ((network.path, 'Create'), (other, 'Destroy'),
                                      (network.path, 'Create'), (other, 'Destroy'))]
        for call in calls:
            self.client.finish(call)
        self.assertFalse(network.get('Active'))

    def test_marked_domains_wait_for_the_networks(self):
        """Those of Xen, too: without a Xen the log says when it was their turn."""
        network = self.define()
        domain = self.client.call(XEN, CONNECT, 'DomainDefineXML',
                                  (GUEST % 'xen').replace("arch='x86_64'", ''), signature='s')
        for path, interface in (network.path, NETWORK), (domain, 'org.libvirt.Domain'):
            self.client.call(path, PROPERTIES, 'Set', interface, 'Autostart', ('b', True))
        self.bed.stop()
        for driver in 'qemu', 'xen':
            os.unlink(self.bed.path(f'run/virtbus/{driver}/autostarted'))
        self.bed.start()
        self.until(lambda: 'cannot autostart' in self.bed.words())
        self.assertTrue(network.get('Active'))
        self.assertIn('no Xen on this host', self.bed.words())
        self.client.call(domain, 'org.libvirt.Domain', 'Undefine', 0, signature='u')

    def test_after_a_restart(self):
        network = self.started()
        pid = self.dnsmasq()
        self.bed.restart()
        self.assertEqual(self.dnsmasq(), pid)
        self.through(XEN, network.path, 'Destroy')
        self.assertEqual(self.dnsmasq(), [])


class Gate(unittest.TestCase):
    """The rows of what is shared, under the path of Xen."""

    rule, rows = matrix.Matrix.rule, matrix.Matrix.rows
    variants, needed, cases = matrix.Matrix.variants, matrix.Matrix.needed, matrix.Matrix.cases
    message, answer = matrix.Matrix.message, matrix.Matrix.answer
    stops_what_isnt_free = matrix.Matrix.stops_what_isnt_free
    end = BusTest.end
    refused = BusTest.refused

    def setUp(self):
        system.enter()
        signal.signal(signal.SIGALRM, BusTest.late)
        signal.alarm(matrix.SECONDS)
        self.bed = system.SystemBed()
        self.addCleanup(self.end)
        self.alice = self.bed.new_client('alice')
        need_xen(self, self.bed.client)
        connection = Thing(self.bed.client, XEN, CONNECT)
        network = connection.NetworkDefineXML('<network><name>net</name></network>')
        self.paths = {
            CONNECT: XEN,
            NETWORK: network,
            'org.virtbus.Network': network,
            'org.libvirt.NWFilter': connection.NWFilterDefineXML(WALL),
            'org.libvirt.Secret': connection.SecretDefineXML(SECRET, 0),
        }
        self.network = network

    def find_members(self):
        rows = self.rows()
        for interface, path in self.paths.items():
            tree = ElementTree.fromstring(
                self.bed.client.call(path, matrix.INTROSPECTABLE, 'Introspect', signature=''))
            node = next(n for n in tree.iter('interface') if n.get('name') == interface)
            for kind in 'method', 'property':
                for item in node.iter(kind):
                    arguments = [(a.get('name'), a.get('type')) for a in item.iter('arg')
                                 if a.get('direction') != 'out']
                    yield matrix.Member(path, interface, kind, item.get('name'), arguments,
                                        rows[interface, kind, item.get('name')])

    def test_denied(self):
        self.members = list(self.find_members())
        self.assertGreater(len(self.members), 80)
        self.rule('polkit.Result.NO')
        self.stops_what_isnt_free(matrix.DENIED)

    def undefine(self, root):
        path = f"{root}/network/{self.network.rsplit('/', 1)[1]}"
        return self.alice.call(path, NETWORK, 'Undefine', signature='')

    def test_rules_may_name_the_connection(self):
        """As with libvirt, connect_driver is the one that was called; the rest is the same."""
        uuid = self.network.rsplit('/_', 1)[1].replace('_', '-')
        wanted = f'action.lookup("network_name") == "net" && action.lookup("network_uuid") == ' \
                 f'"{uuid}" && action.lookup("connect_driver") == "%s" ? polkit.Result.YES : ' \
                 'polkit.Result.NO'
        self.rule(wanted % 'QEMU')
        self.refused(self.undefine, XEN, name=matrix.DENIED)
        self.rule(wanted % 'Xen')
        self.refused(self.undefine, QEMU, name=matrix.DENIED)
        self.undefine(XEN)
        self.assertNotIn(self.network, Thing(self.bed.client, XEN, CONNECT).ListNetworks(0))

    def test_a_rule_without_it_holds_for_both(self):
        self.rule('action.id == "org.libvirt.api.network.delete" ? polkit.Result.NO : '
                  'polkit.Result.NOT_HANDLED')
        for root in BOTH:
            self.refused(self.undefine, root, name=matrix.DENIED)
        self.rule('polkit.Result.YES')
        self.undefine(QEMU)


if __name__ == '__main__':
    unittest.main()
