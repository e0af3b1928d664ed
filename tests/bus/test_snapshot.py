# SPDX-License-Identifier: LGPL-2.1-or-later
"""Snapshots of the test driver's domains: every member, and those of a domain that are about
them."""
import xml.etree.ElementTree as ElementTree

from harness import DOMAIN
from things import TEST, Thing, ThingTest, leaf_of, leaf_of_uuid

UUID = '6695eb01-f6a4-8304-79aa-97f2502e193f'
ROOTS = DESCENDANTS = 1
METADATA, LEAVES, NO_LEAVES, NO_METADATA = 1 << 1, 1 << 2, 1 << 3, 1 << 4
INACTIVE, ACTIVE, DISK_ONLY = 1 << 5, 1 << 6, 1 << 7
INTERNAL, EXTERNAL, TOPOLOGICAL = 1 << 8, 1 << 9, 1 << 10
CHILDREN, METADATA_ONLY, CHILDREN_ONLY = 1, 2, 4
REVERT_RUNNING, REVERT_PAUSED = 1, 2
HAS_SNAPSHOT, NO_SNAPSHOT = 1 << 12, 1 << 13
PAUSED, SHUTOFF, RUNNING = 3, 5, 1


class Snapshots(ThingTest):
    interface = 'org.libvirt.DomainSnapshot'
    folder = 'domainsnapshot'

    def setUp(self):
        super().setUp()
        self.domain = Thing(self.client, self.connection.DomainLookupByName('test'), DOMAIN)

    def take(self, name, flags=0):
        return self.thing(self.domain.SnapshotCreateXML(
            f'<domainsnapshot><name>{name}</name></domainsnapshot>', flags))

    def names(self, paths):
        start = f'{TEST}/domainsnapshot/{leaf_of_uuid(UUID)}_'
        for path in paths:
            self.assertTrue(path.startswith(start), path)
        return [path[len(start):] for path in paths]

    def test_none_at_first(self):
        self.assertEqual(self.domain.ListDomainSnapshots(0), [])
        self.refused(self.domain.SnapshotCurrent, 0, text='does not have a current snapshot')
        self.assertEqual(
            self.refused(self.domain.SnapshotLookupByName, 'x', 0).message,
            "Domain snapshot not found: no domain snapshot with matching name 'x'",
        )
        self.check_tree()
        self.check_gone(f'{TEST}/domainsnapshot/{leaf_of_uuid(UUID)}_x')
        self.check_gone(f'{TEST}/domainsnapshot/{leaf_of_uuid(UUID)}')

    def test_create(self):
        start = self.since()
        snapshot = self.take('before lunch')
        self.assertEqual(
            snapshot.path,
            f'{TEST}/domainsnapshot/{leaf_of_uuid(UUID)}_{leaf_of("before lunch")}',
        )
        self.assertEqual(self.heard(start, 'InterfacesAdded'),
                         [('InterfacesAdded', (snapshot.path, {self.interface: {}}))])
        self.assertEqual(self.domain.ListDomainSnapshots(0), [snapshot.path])
        self.assertEqual(self.domain.SnapshotLookupByName('before lunch', 0), snapshot.path)
        self.assertEqual(self.domain.SnapshotCurrent(0), snapshot.path)
        self.assertTrue(snapshot.IsCurrent(0))
        self.assertEqual(snapshot.get_all(), {})
        self.check_tree(snapshot.path)
        self.refused(self.domain.SnapshotCreateXML, '<domainsnapshot', 0)
        for member, arguments in (
            ('SnapshotCreateXML', ['<domainsnapshot/>']), ('SnapshotCurrent', []),
            ('SnapshotLookupByName', ['before lunch']), ('ListDomainSnapshots', []),
        ):
            self.check_flags(self.domain, member, *arguments)

    def test_xml(self):
        snapshot = self.take('one')
        root = ElementTree.fromstring(snapshot.GetXMLDesc(0))
        self.assertEqual(root.findtext('name'), 'one')
        self.assertEqual(root.findtext('state'), 'running')
        self.assertEqual(root.findtext('domain/name'), 'test')
        self.assertGreater(int(root.findtext('creationTime')), 0)
        self.assertEqual(ElementTree.fromstring(snapshot.GetXMLDesc(1)).tag, 'domainsnapshot')
        self.check_flags(snapshot, 'GetXMLDesc')

    def chain(self):
        """one -> two -> three, one -> four; two was taken while it was shut off."""
        one = self.take('one')
        self.domain.Destroy(0)
        two = self.take('two')
        three = self.take('three')
        one.Revert(0)
        four = self.take('four')
        return one, two, three, four

    def test_families(self):
        one, two, three, four = self.chain()
        error = self.refused(one.GetParent, 0, text='does not have a parent')
        self.assertTrue(error.message.startswith('Domain snapshot not found'), error.message)
        self.assertEqual(two.GetParent(0), one.path)
        self.assertEqual(three.GetParent(0), two.path)
        self.assertEqual(four.GetParent(0), one.path)
        self.assertEqual(one.ListChildren(0), [two.path, four.path])
        self.assertEqual(one.ListChildren(DESCENDANTS), [two.path, three.path, four.path])
        self.assertEqual(one.ListChildren(DESCENDANTS | LEAVES), [three.path, four.path])
        self.assertEqual(three.ListChildren(DESCENDANTS), [])
        self.assertFalse(three.IsCurrent(0))
        self.assertTrue(four.IsCurrent(0))
        for member in 'GetParent', 'ListChildren', 'IsCurrent':
            self.check_flags(two, member)

    def test_filters(self):
        self.chain()
        for flags, wanted in (
            (0, ['one', 'two', 'three', 'four']),
            (ROOTS, ['one']),
            (LEAVES, ['three', 'four']),
            (NO_LEAVES, ['one', 'two']),
            (ROOTS | LEAVES, []),
            (METADATA, ['one', 'two', 'three', 'four']),
            (NO_METADATA, []),
            (ACTIVE, ['one', 'four']),
            (INACTIVE, ['two', 'three']),
            (DISK_ONLY, []),
            (EXTERNAL, []),
            (INTERNAL, ['one', 'two', 'three', 'four']),
            (TOPOLOGICAL, ['one', 'two', 'four', 'three']),
        ):
            self.assertEqual(self.names(self.domain.ListDomainSnapshots(flags)), wanted, flags)

    def test_lists_of_domains(self):
        self.assertEqual(self.connection.ListDomains(HAS_SNAPSHOT), [])
        self.assertEqual(self.connection.ListDomains(NO_SNAPSHOT), [self.domain.path])
        self.take('one')
        self.assertEqual(self.connection.ListDomains(HAS_SNAPSHOT), [self.domain.path])
        self.assertEqual(self.connection.ListDomains(NO_SNAPSHOT), [])

    def test_revert(self):
        one = self.take('one')
        self.domain.Destroy(0)
        one.Revert(0)
        self.assertEqual(self.domain.GetState(0)[0], RUNNING)
        one.Revert(REVERT_PAUSED)
        self.assertEqual(self.domain.GetState(0)[0], PAUSED)
        self.domain.Destroy(0)
        off = self.take('off')
        one.Revert(REVERT_RUNNING)
        self.assertEqual(self.domain.GetState(0)[0], RUNNING)
        off.Revert(0)
        self.assertEqual(self.domain.GetState(0)[0], SHUTOFF)
        self.assertTrue(off.IsCurrent(0))
        self.refused(one.Revert, REVERT_PAUSED | REVERT_RUNNING)
        self.check_flags(one, 'Revert')

    def test_delete(self):
        one, two, three, four = self.chain()
        start = self.since()
        two.Delete(0)
        self.assertEqual(self.heard(start, 'InterfacesRemoved'),
                         [('InterfacesRemoved', (two.path, [self.interface]))])
        self.check_gone(two.path)
        self.assertEqual(three.GetParent(0), one.path)
        one.Delete(CHILDREN_ONLY)
        self.assertEqual(self.domain.ListDomainSnapshots(0), [one.path])
        self.take('five')
        one.Delete(CHILDREN)
        self.assertEqual(self.domain.ListDomainSnapshots(0), [])
        self.check_tree()
        six = self.take('six')
        self.refused(six.Delete, CHILDREN | CHILDREN_ONLY)
        self.check_flags(six, 'Delete')
        six.Delete(METADATA_ONLY)
        self.check_gone(six.path)

    def test_names_that_need_encoding(self):
        for name in 'a b', '1', 'x_y', '\u00e4', 'a-b.c', ':':
            snapshot = self.take(name)
            self.assertEqual(snapshot.path.rsplit('/', 1)[1],
                             f'{leaf_of_uuid(UUID)}_{leaf_of(name)}')
            self.assertTrue(snapshot.IsCurrent(0))
            snapshot.Delete(0)

    def test_they_go_with_their_domain(self):
        snapshot = self.take('one')
        self.domain.Destroy(0)
        self.domain.Undefine(2)
        self.check_gone(snapshot.path)
        self.check_tree()

    def test_changes_wait_in_the_queue_of_the_domain(self):
        snapshot = self.take('one')
        serials = [
            self.domain.begin('SnapshotCreateXML',
                              '<domainsnapshot><name>two</name></domainsnapshot>', 0),
            snapshot.begin('Revert', 0),
            self.domain.begin('Suspend'),
            snapshot.begin('Delete', 0),
            self.domain.begin('Resume'),
        ]
        for serial in serials:
            self.client.finish(serial)
        self.assertEqual(self.names(self.domain.ListDomainSnapshots(0)), ['two'])
