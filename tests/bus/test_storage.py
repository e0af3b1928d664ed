# SPDX-License-Identifier: LGPL-2.1-or-later
"""Storage pools and volumes of the test driver: every member, and how they are found."""
import xml.etree.ElementTree as ElementTree

from things import (
    CREATED, DEFINED, DELETED, NO_UUID, STARTED, STOPPED, TEST, UNDEFINED, Thing, ThingTest,
    leaf_of, leaf_of_uuid,
)

DEFAULT = 'dfe224cb-28fb-8dd0-c4b2-64eb3f0f4566'
UUID = '35bb2ad9-388a-cdfe-461a-b8907f6e53fe'
XML = (
    f"<pool type='logical'><name>vg</name><uuid>{UUID}</uuid>"
    "<source><device path='/dev/sdz'/></source><target><path>/dev/vg</path></target></pool>"
)
INACTIVE, ACTIVE, PERSISTENT, TRANSIENT, AUTOSTART, NO_AUTOSTART = (1 << n for n in range(6))
DIR, LOGICAL, RBD = 1 << 6, 1 << 9, 1 << 14
GIB = 1 << 30


def volume_xml(name, gib=1):
    return (
        f"<volume><name>{name}</name><capacity unit='GiB'>{gib}</capacity>"
        "<target><format type='qcow2'/></target></volume>"
    )


class Pools(ThingTest):
    interface = 'org.libvirt.StoragePool'
    folder = 'storagepool'

    def define(self):
        return self.thing(self.connection.StoragePoolDefineXML(XML, 0))

    def default(self):
        return self.thing(self.connection.StoragePoolLookupByName('default-pool'))

    def events(self, start):
        return [body for _, body in self.heard(start, 'StoragePoolEvent')]

    def test_what_is_there_at_first(self):
        [path] = self.connection.ListStoragePools(0)
        self.assertEqual(path, f'{TEST}/storagepool/{leaf_of_uuid(DEFAULT)}')
        self.assertEqual(self.connection.StoragePoolLookupByName('default-pool'), path)
        self.assertEqual(self.connection.StoragePoolLookupByUUID(DEFAULT), path)
        self.check_tree(path)

    def test_lookups_that_find_nothing(self):
        self.assertEqual(
            self.refused(self.connection.StoragePoolLookupByName, 'x').message,
            "Storage pool not found: no storage pool with matching name 'x'",
        )
        self.assertEqual(
            self.refused(self.connection.StoragePoolLookupByUUID, NO_UUID).message,
            f"Storage pool not found: no storage pool with matching uuid '{NO_UUID}'",
        )
        self.refused(self.connection.StoragePoolLookupByUUID, 'x', text='must be a valid UUID')
        self.check_gone(f'{TEST}/storagepool/{leaf_of_uuid(NO_UUID)}')

    def test_filters(self):
        running, stopped = self.default().path, self.define().path
        for flags, wanted in (
            (ACTIVE, {running}),
            (INACTIVE, {stopped}),
            (PERSISTENT, {running, stopped}),
            (TRANSIENT, set()),
            (NO_AUTOSTART, {running, stopped}),
            (AUTOSTART, set()),
            (DIR, {running}),
            (LOGICAL, {stopped}),
            (DIR | LOGICAL, {running, stopped}),
            (RBD, set()),
            (DIR | INACTIVE, set()),
        ):
            self.assertEqual(set(self.connection.ListStoragePools(flags)), wanted, flags)
        self.check_flags(self.connection, 'ListStoragePools')

    def test_properties(self):
        pool = self.define()
        self.assertEqual(
            pool.get_all(),
            {
                'Active': ('b', False),
                'Autostart': ('b', False),
                'Name': ('s', 'vg'),
                'Persistent': ('b', True),
                'UUID': ('s', UUID),
            },
        )
        start = self.since()
        pool.set('Autostart', ('b', True))
        self.assertEqual(self.changes(start, pool.path), {'Autostart': ('b', True)})
        self.assertTrue(pool.get('Autostart'))
        self.assertEqual(self.connection.ListStoragePools(AUTOSTART), [pool.path])

    def test_define_and_undefine(self):
        start = self.since()
        pool = self.define()
        self.assertEqual(self.order(start), ['InterfacesAdded', 'StoragePoolEvent'])
        self.assertEqual(self.events(start), [(pool.path, DEFINED, 0)])
        self.check_tree(pool.path, self.default().path)
        start = self.since()
        pool.Undefine()
        self.assertEqual(self.order(start), ['StoragePoolEvent', 'InterfacesRemoved'])
        self.assertEqual(self.events(start), [(pool.path, UNDEFINED, 0)])
        self.check_gone(pool.path)
        self.refused(self.default().Undefine, text='active')
        self.refused(self.connection.StoragePoolDefineXML, '<pool/>', 0)
        self.check_flags(self.connection, 'StoragePoolDefineXML', XML)

    def test_life(self):
        pool = self.define()
        self.assertEqual(pool.GetInfo(), (0, 0, 0, 0))
        start = self.since()
        pool.Build(0)
        self.assertEqual(self.events(start), [(pool.path, CREATED, 0)])
        start = self.since()
        pool.Create(0)
        self.assertEqual(self.events(start), [(pool.path, STARTED, 0)])
        self.assertEqual(self.changes(start, pool.path), {'Active': ('b', True)})
        state, capacity, allocation, available = pool.GetInfo()
        self.assertEqual((state, capacity), (2, allocation + available))
        self.assertGreater(capacity, 0)
        self.refused(pool.Create, 0, text='active')
        self.refused(pool.Delete, 0, text='active')
        start = self.since()
        pool.Destroy()
        self.assertEqual(self.events(start), [(pool.path, STOPPED, 0)])
        self.assertEqual(self.changes(start, pool.path), {'Active': ('b', False)})
        self.refused(pool.Destroy, text='not active')
        start = self.since()
        pool.Delete(0)
        self.assertEqual(self.events(start), [(pool.path, DELETED, 0)])
        for member in 'Build', 'Create', 'Delete':
            self.check_flags(pool, member)
        self.refused(pool.Create, 2 | 4)
        self.refused(pool.Build, 4 | 8)

    def test_transient(self):
        start = self.since()
        pool = self.thing(self.connection.StoragePoolCreateXML(XML, 0))
        self.assertEqual(self.order(start)[:2], ['InterfacesAdded', 'StoragePoolEvent'])
        self.assertFalse(pool.get('Persistent'))
        self.assertEqual(self.connection.ListStoragePools(TRANSIENT), [pool.path])
        start = self.since()
        pool.Destroy()
        self.assertEqual(self.order(start)[-1], 'InterfacesRemoved')
        self.check_gone(pool.path)
        self.refused(self.connection.StoragePoolCreateXML, XML, 2 | 4)
        self.check_flags(self.connection, 'StoragePoolCreateXML', XML)

    def test_refresh(self):
        pool = self.default()
        start = self.since()
        pool.Refresh(0)
        self.assertEqual(self.heard(start), [('Refresh', ())])
        self.assertEqual(self.client.signals[start].path, pool.path)
        self.assertEqual(self.client.signals[start].interface, self.interface)
        self.check_flags(pool, 'Refresh')
        self.refused(self.define().Refresh, 0, text='not active')

    def test_xml(self):
        pool = self.default()
        root = ElementTree.fromstring(pool.GetXMLDesc(0))
        self.assertEqual(root.get('type'), 'dir')
        self.assertGreater(int(root.findtext('capacity')), 0)
        root = ElementTree.fromstring(self.define().GetXMLDesc(1))
        for name in 'capacity', 'allocation', 'available':
            self.assertEqual(root.findtext(name), '0')
        self.check_flags(pool, 'GetXMLDesc')

    def test_sources(self):
        text = self.connection.FindStoragePoolSources('logical', '', 0)
        self.assertEqual(ElementTree.fromstring(text).tag, 'sources')
        text = self.connection.FindStoragePoolSources(
            'netfs', "<source><host name='nas'/></source>", 0
        )
        self.assertEqual(ElementTree.fromstring(text).find('source/host').get('name'), 'nas')
        self.refused(self.connection.FindStoragePoolSources, 'nonsense', '', 0)
        self.check_flags(self.connection, 'FindStoragePoolSources', 'logical', '')


class Volumes(ThingTest):
    interface = 'org.libvirt.StorageVol'
    folder = 'storagevol'

    def setUp(self):
        super().setUp()
        self.pool = Thing(
            self.client, self.connection.StoragePoolLookupByName('default-pool'),
            'org.libvirt.StoragePool',
        )

    def make(self, name='a.img', gib=1):
        return self.thing(self.pool.StorageVolCreateXML(volume_xml(name, gib), 0))

    def test_create(self):
        start = self.since()
        volume = self.make()
        self.assertEqual(volume.path, f'{TEST}/storagevol/{leaf_of("/default-pool/a.img")}')
        self.assertEqual(self.order(start), ['InterfacesAdded'])
        self.assertEqual(
            volume.get_all(),
            {
                'Name': ('s', 'a.img'),
                'Key': ('s', '/default-pool/a.img'),
                'Path': ('s', '/default-pool/a.img'),
            },
        )
        self.assertEqual(volume.GetInfo(0), (0, GIB, GIB))
        self.check_tree(volume.path)
        self.assertEqual(self.pool.ListStorageVolumes(0), [volume.path])
        self.refused(self.pool.StorageVolCreateXML, volume_xml('a.img'), 0, text='already exists')
        self.refused(self.pool.StorageVolCreateXML, '<volume/>', 0)
        self.check_flags(self.pool, 'StorageVolCreateXML', volume_xml('b.img'))
        self.check_flags(self.pool, 'ListStorageVolumes')

    def test_lookups(self):
        volume = self.make('a b-c_\u00e4.img')
        key = volume.get('Key')
        self.assertEqual(volume.path, f'{TEST}/storagevol/{leaf_of(key)}')
        self.assertEqual(self.pool.StorageVolLookupByName('a b-c_\u00e4.img'), volume.path)
        self.assertEqual(self.connection.StorageVolLookupByKey(key), volume.path)
        self.assertEqual(self.connection.StorageVolLookupByPath(key), volume.path)
        self.assertEqual(
            self.connection.StorageVolLookupByPath(key.replace('/', '//')), volume.path
        )
        for call, what in (
            (self.pool.StorageVolLookupByName, 'name'),
            (self.connection.StorageVolLookupByKey, 'key'),
            (self.connection.StorageVolLookupByPath, 'path'),
        ):
            self.assertEqual(
                self.refused(call, '/x').message,
                f"Storage volume not found: no storage vol with matching {what} '/x'",
            )
        self.check_gone(f'{TEST}/storagevol/{leaf_of("/x")}')
        self.check_gone(volume.path + '_')

    def test_clone(self):
        volume = self.make('a.img', 2)
        path = self.pool.StorageVolCreateXMLFrom(volume_xml('b.img'), volume.get('Key'), 0)
        self.assertEqual(self.thing(path).GetInfo(0)[1], 2 * GIB)
        self.refused(self.pool.StorageVolCreateXMLFrom, volume_xml('c.img'), '/x', 0,
                     text='no storage vol with matching')
        self.check_flags(self.pool, 'StorageVolCreateXMLFrom', volume_xml('c.img'), '/x')

    def test_delete(self):
        volume = self.make()
        before = self.pool.GetInfo()[2]
        start = self.since()
        volume.Delete(0)
        self.assertEqual(self.heard(start),
                         [('InterfacesRemoved', (volume.path, [self.interface]))])
        self.assertEqual(self.pool.GetInfo()[2], before - GIB)
        self.check_gone(volume.path)
        self.check_tree()
        self.check_flags(self.make(), 'Delete')

    def test_resize(self):
        volume = self.make()
        volume.Resize(2 * GIB, 0)
        self.assertEqual(volume.GetInfo(0)[1], 2 * GIB)
        volume.Resize(GIB, 2)
        self.assertEqual(volume.GetInfo(0)[1], 3 * GIB)
        self.refused(volume.Resize, 2 * GIB, 0)
        volume.Resize(2 * GIB, 4)
        self.assertEqual(volume.GetInfo(0)[1], 2 * GIB)
        volume.Resize(3 * GIB, 1)
        self.assertEqual(volume.GetInfo(0)[2], 2 * GIB)
        self.assertEqual(volume.GetInfo(1)[2], 2 * GIB)
        self.check_flags(volume, 'Resize', GIB)
        self.check_flags(volume, 'GetInfo')

    def test_wipe(self):
        volume = self.make()
        for algorithm in range(10):
            volume.Wipe(algorithm, 0)
        self.refused(volume.Wipe, 10, 0, text='wip')
        self.check_flags(volume, 'Wipe', 0)

    def test_xml(self):
        root = ElementTree.fromstring(self.make().GetXMLDesc(0))
        self.assertEqual(root.findtext('name'), 'a.img')
        self.assertEqual(root.findtext('key'), '/default-pool/a.img')
        self.assertEqual(root.findtext('target/path'), '/default-pool/a.img')
        self.assertEqual(root.find('target/format').get('type'), 'qcow2')
        self.assertEqual(root.findtext('capacity'), str(GIB))
        self.check_flags(self.make('b.img'), 'GetXMLDesc')

    def test_with_their_pool(self):
        """They live as long as their pool is active."""
        volumes = [self.make(f'{n}.img').path for n in range(3)]
        start = self.since()
        self.pool.Destroy()
        gone = [body[0] for _, body in self.heard(start, 'InterfacesRemoved')]
        self.assertEqual(sorted(gone), sorted(volumes))
        self.assertEqual(self.order(start)[3], 'StoragePoolEvent')
        self.check_gone(volumes[0])
        self.check_tree()
        self.refused(self.pool.ListStorageVolumes, 0, text='not active')
        self.refused(self.pool.StorageVolLookupByName, '0.img', text='not active')
        self.refused(self.pool.StorageVolCreateXML, volume_xml('x'), 0, text='not active')
        self.pool.Create(0)
        self.assertEqual(sorted(self.pool.ListStorageVolumes(0)), sorted(volumes))

    def test_the_same_name_in_two_pools(self):
        other = Thing(self.client, self.connection.StoragePoolCreateXML(
            "<pool type='dir'><name>p2</name><target><path>/p2</path></target></pool>", 0),
            'org.libvirt.StoragePool')
        one = self.make().path
        two = other.StorageVolCreateXML(volume_xml('a.img'), 0)
        self.assertNotEqual(one, two)
        self.assertEqual(self.pool.StorageVolLookupByName('a.img'), one)
        self.assertEqual(other.StorageVolLookupByName('a.img'), two)
        self.assertEqual(other.ListStorageVolumes(0), [two])
        other.Destroy()
        self.assertEqual(self.pool.ListStorageVolumes(0), [one])

    def test_changes_wait_in_the_queue_of_the_pool(self):
        """The order in which they were asked for, whichever of the pool and its volumes it was."""
        volume = self.make()
        serials = [
            volume.begin('Resize', 2 * GIB, 0),
            self.pool.begin('StorageVolCreateXML', volume_xml('b.img'), 0),
            volume.begin('Delete', 0),
            self.pool.begin('StorageVolCreateXML', volume_xml('a.img'), 0),
            self.pool.begin('Refresh', 0),
        ]
        for serial in serials:
            self.client.finish(serial)
        self.assertEqual(len(self.pool.ListStorageVolumes(0)), 2)

    def test_a_slow_pool_delays_its_own_volumes_only(self):
        one, two = self.make('1.img'), self.make('2.img')
        other = Thing(self.client, self.connection.StoragePoolCreateXML(
            "<pool type='dir'><name>p2</name><target><path>/p2</path></target></pool>", 0),
            'org.libvirt.StoragePool')
        self.faults().SetDelay(100000)
        serials = [
            one.begin('Resize', 2 * GIB, 0),
            two.begin('Resize', 2 * GIB, 0),
            other.begin('Refresh', 0),
            two.begin('GetInfo', 0),
        ]
        ended = [place for place, _ in self.outcomes(*serials)]
        self.assertEqual(ended[0], 3, 'a query waits for nobody')
        self.assertEqual(ended[-1], 1, 'the second change of a pool waits for the first')
        self.faults().SetDelay(0)

    def test_what_goes_while_calls_wait(self):
        volume = self.make()
        self.faults().SetDelay(50000)
        serials = [volume.begin('Delete', 0), volume.begin('Resize', 2 * GIB, 0)]
        (first, no), (second, why) = self.outcomes(*serials)
        self.assertEqual((first, no, second), (0, None, 1))
        self.assertTrue(why.startswith('Storage volume not found'), why)
        serials = [
            self.pool.begin('Destroy'), self.pool.begin('Undefine'), self.pool.begin('Refresh', 0),
        ]
        ended = dict(self.outcomes(*serials))
        self.assertEqual((ended[0], ended[1]), (None, None))
        self.assertTrue(ended[2].startswith('Storage pool not found'), ended)
        self.faults().SetDelay(0)

    def test_what_fails_leaves_things_as_they_were(self):
        volume = self.make()
        calls = (
            (self.pool, 'StorageVolCreateXML', [volume_xml('b.img'), 0]),
            (self.pool, 'StorageVolCreateXMLFrom', [volume_xml('b.img'), volume.get('Key'), 0]),
            (self.pool, 'Refresh', [0]),
            (self.pool, 'Destroy', []),
            (volume, 'Resize', [2 * GIB, 0]),
            (volume, 'Wipe', [0, 0]),
            (volume, 'Delete', [0]),
        )
        for thing, member, arguments in calls:
            self.faults().SetFailure(member, 1, 'the moon is full')
            start = self.since()
            self.refused(thing.call, member, *arguments, text='the moon is full')
            self.assertEqual(self.heard(start), [], member)
        self.assertEqual(self.pool.ListStorageVolumes(0), [volume.path])
        self.assertEqual(volume.GetInfo(0), (0, GIB, GIB))
