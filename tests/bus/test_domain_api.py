# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every method of org.libvirt.Domain on the test driver: what it answers and in which form, what it
changes, what it refuses before the driver is asked; and errors as data."""
import os

from harness import DOMAIN, BusError
from things import TEST, Thing, ThingTest

LIVE, CONFIG = 1, 2
EVERY_GROUP = 0xFF  # of statistics
UUID = '6695eb01-f6a4-8304-79aa-97f2502e193f'
OTHER = '''<domain type='test'><name>other</name><memory>65536</memory><vcpu>1</vcpu>
<os><type>hvm</type></os></domain>'''
DISK = "<disk type='file'><source file='/tmp/x'/><target dev='vdb' bus='virtio'/></disk>"
CPUS = 8
MANY = 1 << 28
NOT_SUPPORTED = 'this function is not supported by the connection driver'

# What every method is called with to be refused: its last argument, flags, holds an unknown bit.
REFUSED = {
    'AddIOThread': (7,),
    'AttachDevice': (DISK,),
    'BlockCommit': ('vda', '', '', 0),
    'BlockCopy': ('vda', '<disk/>', {}),
    'BlockJobAbort': ('vda',),
    'BlockPeek': ('vda', 0, 16),
    'BlockPull': ('vda', 0),
    'BlockRebase': ('vda', '', 0),
    'BlockResize': ('vda', 1),
    'BlockJobSetSpeed': ('vda', 1),
    'CoreDump': ('/tmp/x', 0),
    'Create': (),
    'CreateWithFiles': ([],),
    'DelIOThread': (7,),
    'Destroy': (),
    'DetachDevice': (DISK,),
    'FSFreeze': ([],),
    'FSThaw': ([],),
    'FSTrim': ('', 0),
    'GetBlockIOParameters': (),
    'GetBlockIOTune': ('vda',),
    'GetBlockJobInfo': ('vda',),
    'GetControlInfo': (),
    'GetDiskErrors': (),
    'GetEmulatorPinInfo': (),
    'GetFSInfo': (),
    'GetGuestVcpus': (),
    'GetHostname': (),
    'GetInterfaceParameters': ('testnet0',),
    'GetIOThreadInfo': (),
    'GetJobStats': (),
    'GetMemoryParameters': (),
    'GetMetadata': (0, ''),
    'GetNumaParameters': (),
    'GetPerfEvents': (),
    'GetSchedulerParameters': (),
    'GetState': (),
    'GetStats': (0,),
    'GetTime': (),
    'GetVcpuPinInfo': (),
    'GetVcpus': (),
    'GetXMLDesc': (),
    'HasManagedSaveImage': (),
    'InjectNMI': (),
    'InterfaceAddresses': (0,),
    'ListDomainSnapshots': (),
    'ManagedSave': (),
    'ManagedSaveRemove': (),
    'MemoryPeek': (0, 16),
    'MemoryStats': (),
    'MigrateGetCompressionCache': (),
    'MigrateGetMaxSpeed': (),
    'MigrateSetCompressionCache': (1,),
    'MigrateSetMaxDowntime': (1,),
    'MigrateSetMaxSpeed': (1,),
    'MigrateStartPostCopy': (),
    'MigrateToURI3': ('test:///', {}),
    'OpenGraphicsFD': (0,),
    'PinEmulator': ([True],),
    'PinIOThread': (1, [True]),
    'PinVcpu': (0, [True]),
    'PMWakeup': (),
    'Reboot': (),
    'Rename': ('x',),
    'Reset': (),
    'Save': ('/tmp/x', ''),
    'SendKey': (0, 0, [1]),
    'SendProcessSignal': (1, 1),
    'SetBlockIOParameters': ({'weight': ('u', 500)},),
    'SetBlockIOTune': ('vda', {'total_bytes_sec': ('t', 1)}),
    'SetBlockThreshold': ('vda', 1),
    'SetGuestVcpus': ([False, True], 1),
    'SetInterfaceParameters': ('testnet0', {'inbound.average': ('u', 1)}),
    'SetMemory': (1024,),
    'SetMemoryParameters': ({'soft_limit': ('t', 1)},),
    'SetMemoryStatsPeriod': (1,),
    'SetMetadata': (0, 'x', '', ''),
    'SetNumaParameters': ({'numa_nodeset': ('s', '0')},),
    'SetPerfEvents': ({'cmt': ('b', True)},),
    'SetSchedulerParameters': ({'weight': ('u', 60)},),
    'SetUserPassword': ('root', 'x'),
    'SetTime': (0, 0),
    'SetVcpus': (1,),
    'Shutdown': (),
    'SnapshotCurrent': (),
    'SnapshotCreateXML': ('<domainsnapshot/>',),
    'SnapshotLookupByName': ('x',),
    'Undefine': (),
    'UpdateDevice': (DISK,),
}
WITHOUT_FLAGS = {'AbortJob', 'GetJobInfo', 'GetSecurityLabelList', 'Resume', 'Suspend'}


def plain(parameters):
    """Typed parameters without their two variants, of which each value must have both."""
    for name, (outer, inner) in parameters.items():
        assert outer == 'v' and isinstance(inner, tuple) and len(inner) == 2, (name, outer, inner)
    return {name: inner for name, (_, inner) in parameters.items()}


class DomainAPI(ThingTest):
    interface = DOMAIN
    folder = 'domain'

    def setUp(self):
        super().setUp()
        self.domain = self.thing(self.connection.DomainLookupByName('test'))

    def other(self):
        return self.thing(self.connection.DomainDefineXML(OTHER))

    # ---- what all of them have in common ----

    def test_unknown_flags_are_refused_everywhere(self):
        found = self.domain.introspect().find(f"interface[@name='{DOMAIN}']")
        members = {method.get('name') for method in found.iter('method')}
        self.assertEqual(members, set(REFUSED) | WITHOUT_FLAGS)
        for member, args in REFUSED.items():
            error = self.refused(self.domain.call, member, *args, MANY)
            self.assertTrue(
                NOT_SUPPORTED in error.message or 'unsupported flags (0x10000000)' in error.message,
                f'{member}: {error.message}',
            )

    def test_one_definition_is_read_at_a_time(self):
        for member in (
            'GetBlockIOParameters', 'GetEmulatorPinInfo', 'GetIOThreadInfo', 'GetMemoryParameters',
            'GetNumaParameters', 'GetPerfEvents', 'GetSchedulerParameters', 'GetVcpuPinInfo',
            'GetVcpus',
        ):  # fmt: skip
            self.refused(self.domain.call, member, LIVE | CONFIG, text='mutually exclusive')

    def test_what_the_driver_lacks(self):
        error = self.refused(self.domain.MigrateToURI3, 'test:///', {}, 0, text=NOT_SUPPORTED)
        self.assertIn('virDomainMigrateToURI3', error.message)

    def test_get_all(self):
        found = self.domain.get_all()
        self.assertEqual(
            found,
            {
                'Active': ('b', True),
                'Autostart': ('b', False),
                'Id': ('u', 1),
                'Name': ('s', 'test'),
                'OSType': ('s', 'hvm'),
                'Persistent': ('b', True),
                'SchedulerType': ('(si)', ('fair', 1)),
                'Updated': ('b', False),
                'UUID': ('s', UUID),
            },
        )

    # ---- errors ----

    def details(self, call, *args):
        with self.assertRaises(BusError) as caught:
            call(*args)
        return caught.exception

    def test_errors_as_data(self):
        own = Thing(self.client, TEST, 'org.virtbus.Connect')
        own.SetErrorDetails(True)
        error = self.details(self.connection.DomainLookupByName, 'none')
        self.assertEqual(
            error.data,
            {
                'code': ('i', 42),
                'domain': ('i', 12),
                'level': ('i', 2),
                'message': ('s', error.message),
                'object': ('s', ''),
                'str1': ('s', 'Domain not found: %s'),
                'str2': ('s', "no domain with matching name 'none'"),
                'str3': ('s', ''),
                'int1': ('i', -1),
                'int2': ('i', -1),
            },
        )
        error = self.details(self.domain.Create, 0)
        self.assertEqual(error.data['object'], ('s', 'test'))
        self.assertEqual(error.data['code'], ('i', 55))
        error = self.details(self.domain.Create, MANY)
        self.assertEqual(error.data['code'], ('i', 8))
        own.SetErrorDetails(False)
        self.assertIsNone(self.details(self.domain.Create, 0).data)

    # ---- typed parameters ----

    def check_parameters(self, getter, setter, name, value, before=(), after=None):
        """Sets in one variant and in two, with another kind of number, and reads it back."""
        get = lambda: plain(self.domain.call(getter, *before, LIVE))
        self.assertEqual(get()[name][0], value[0])
        for given in value, ('v', value):
            self.domain.call(setter, *before, {name: given}, LIVE | CONFIG)
            self.assertEqual(get()[name], value)
        self.refused(self.domain.call, setter, *before, {}, 0, text='must not be empty')
        self.refused(self.domain.call, setter, *before, {'nothing': value}, 0, text="'nothing'")
        self.refused(
            self.domain.call, setter, *before, {name: ('as', ['x'])}, 0, text=f"'{name}'"
        )
        self.refused(self.domain.call, setter, *before, {name: ('v', ('v', value))}, 0)
        # The caller takes strings: a flag of libvirt's that says so is known, and means nothing.
        self.assertEqual(plain(self.domain.call(getter, *before, LIVE | 4))[name], value)
        self.refused(self.domain.call, getter, *before, LIVE | 8)

    def test_memory_parameters(self):
        self.check_parameters(
            'GetMemoryParameters', 'SetMemoryParameters', 'soft_limit', ('t', 2000000)
        )
        self.domain.SetMemoryParameters({'soft_limit': ('u', 1000000)}, LIVE)
        self.assertEqual(
            plain(self.domain.GetMemoryParameters(LIVE))['soft_limit'], ('t', 1000000)
        )
        self.assertEqual(
            plain(self.domain.GetMemoryParameters(CONFIG))['soft_limit'], ('t', 2000000)
        )
        self.refused(self.domain.SetMemoryParameters, {'soft_limit': ('i', -1)}, LIVE)
        self.refused(self.domain.SetMemoryParameters, {'soft_limit': ('s', '1')}, LIVE)

    def test_scheduler_parameters(self):
        self.check_parameters('GetSchedulerParameters', 'SetSchedulerParameters', 'weight',
                              ('u', 60))

    def test_numa_parameters(self):
        self.check_parameters('GetNumaParameters', 'SetNumaParameters', 'numa_nodeset', ('s', '0'))

    def test_perf_events(self):
        self.check_parameters('GetPerfEvents', 'SetPerfEvents', 'cmt', ('b', True))

    def test_block_io_parameters(self):
        self.check_parameters('GetBlockIOParameters', 'SetBlockIOParameters', 'weight', ('u', 500))

    def test_block_io_tune(self):
        self.check_parameters('GetBlockIOTune', 'SetBlockIOTune', 'total_bytes_sec', ('t', 4096),
                              before=('vda',))
        self.refused(self.domain.GetBlockIOTune, '', 0, text='must not be empty')
        self.refused(self.domain.GetBlockIOTune, 'vdx', 0)

    def test_interface_parameters(self):
        device = self.domain.GetStats(16, 0)['net.0.name'][1][1]
        self.check_parameters('GetInterfaceParameters', 'SetInterfaceParameters', 'inbound.average',
                              ('u', 100), before=(device,))

    def test_tunable(self):
        start = self.since()
        self.domain.SetBlockIOTune('vda', {'total_bytes_sec': ('t', 8192)}, LIVE)
        [(_, (found,))] = self.heard(start, 'Tunable')
        found = plain(found)
        self.assertEqual(found['blkdeviotune.disk'], ('s', 'vda'))
        self.assertEqual(found['blkdeviotune.total_bytes_sec'], ('t', 8192))

    # ---- processors and memory ----

    def test_vcpus(self):
        self.assertEqual(self.domain.GetVcpus(0), 2)
        self.domain.SetVcpus(1, LIVE)
        self.assertEqual(self.domain.GetVcpus(LIVE), 1)
        self.assertEqual(self.domain.GetVcpus(CONFIG), 2)
        self.assertEqual(self.domain.GetVcpus(4), 2)
        self.refused(self.domain.SetVcpus, 0, LIVE, text='greater than zero')
        self.refused(self.domain.SetVcpus, 1, CONFIG | 8, text='mutually exclusive')

    def test_vcpu_pins(self):
        self.assertEqual(self.domain.GetVcpuPinInfo(0), [[True] * CPUS] * 2)
        wanted = [False, True] + [False] * (CPUS - 2)
        self.domain.PinVcpu(1, wanted, 0)
        self.assertEqual(self.domain.GetVcpuPinInfo(0), [[True] * CPUS, wanted])
        self.domain.PinVcpu(0, [True, True, True], 0)
        self.assertEqual(self.domain.GetVcpuPinInfo(0)[0], [True] * 3 + [False] * (CPUS - 3))
        for empty in [], [False] * CPUS:
            self.refused(self.domain.PinVcpu, 0, empty, 0, text='no CPU')
        self.refused(self.domain.PinVcpu, 7, wanted, 0)

    def test_emulator_pin(self):
        wanted = [True] + [False] * (CPUS - 1)
        self.assertEqual(self.domain.GetEmulatorPinInfo(0), [True] * CPUS)
        self.domain.PinEmulator(wanted, 0)
        self.assertEqual(self.domain.GetEmulatorPinInfo(0), wanted)
        self.refused(self.domain.PinEmulator, [], 0, text='no CPU')

    def test_iothreads(self):
        self.assertEqual(self.domain.GetIOThreadInfo(0), [])
        self.domain.AddIOThread(3, LIVE | CONFIG)
        self.assertEqual(self.domain.GetIOThreadInfo(0), [(3, [True] * CPUS)])
        wanted = [False] * (CPUS - 1) + [True]
        self.domain.PinIOThread(3, wanted, LIVE)
        self.assertEqual(self.domain.GetIOThreadInfo(LIVE), [(3, wanted)])
        self.domain.DelIOThread(3, LIVE | CONFIG)
        self.assertEqual(self.domain.GetIOThreadInfo(0), [])
        for member, args in ('AddIOThread', ()), ('DelIOThread', ()), ('PinIOThread', ([True],)):
            self.refused(self.domain.call, member, 0, *args, 0, text='greater than zero')

    def test_memory(self):
        start = self.since()
        self.domain.SetMemory(1048576, LIVE)
        self.assertEqual(self.heard(start, 'BalloonChange'), [('BalloonChange', (1048576,))])
        self.refused(self.domain.SetMemory, 0, LIVE, text='greater than zero')
        self.domain.SetMemoryStatsPeriod(5, CONFIG)
        self.refused(self.domain.SetMemoryStatsPeriod, -1, 0, text='must not be negative')
        stats = self.domain.MemoryStats(0)
        self.assertEqual(stats[6], 1048576)
        self.assertIn(7, stats)

    # ---- devices ----

    def test_devices(self):
        start = self.since()
        self.domain.AttachDevice(DISK, LIVE)
        self.assertIn('vdb', self.domain.GetXMLDesc(0))
        self.assertNotIn('vdb', self.domain.GetXMLDesc(2))
        self.domain.UpdateDevice(DISK.replace('/tmp/x', '/tmp/y'), LIVE | 4)
        self.assertIn('/tmp/y', self.domain.GetXMLDesc(0))
        self.domain.DetachDevice(DISK.replace('/tmp/x', '/tmp/y'), LIVE)
        self.assertNotIn('vdb', self.domain.GetXMLDesc(0))
        self.assertEqual(
            [member for member, _ in self.heard(start, 'DeviceAdded', 'DeviceRemoved')],
            ['DeviceAdded', 'DeviceRemoved'],
        )
        self.refused(self.domain.AttachDevice, '', 0, text='xml in')
        self.refused(self.domain.AttachDevice, '<disk', 0)

    def test_interface_addresses(self):
        for source in 0, 1, 2:
            [(name, mac, addresses)] = self.domain.InterfaceAddresses(source, 0)
            self.assertEqual(mac, 'aa:bb:cc:dd:ee:ff')
            for kind, address, prefix in addresses:
                self.assertIn(kind, (0, 1))
                self.assertIsInstance(address, str)
                self.assertLess(prefix, 129)
        self.refused(self.domain.InterfaceAddresses, 3, 0, text='source 3')

    def test_disk_errors(self):
        self.assertEqual(self.domain.GetDiskErrors(0), [('vda', 1)])

    def test_metadata(self):
        start = self.since()
        uri = 'http://example.org/a'
        self.domain.SetMetadata(1, 'a title', '', '', LIVE | CONFIG)
        self.domain.SetMetadata(2, '<a x="1"/>', 'key', uri, LIVE | CONFIG)
        self.assertEqual(self.domain.GetMetadata(1, '', 0), 'a title')
        self.assertIn('x=', self.domain.GetMetadata(2, uri, CONFIG))
        self.assertEqual(
            [body for _, body in self.heard(start, 'MetadataChange')], [(1, ''), (2, uri)]
        )
        self.domain.SetMetadata(2, '', '', uri, LIVE | CONFIG)
        self.refused(self.domain.GetMetadata, 2, uri, 0)
        for args in (
            (3, 'x', '', ''), (-1, 'x', '', ''), (2, '<a/>', 'key', ''), (2, '<a/>', '', uri),
            (1, 'two\nlines', '', ''), (0, 'x', 'key', ''), (0, 'x', '', uri),
        ):  # fmt: skip
            self.refused(self.domain.SetMetadata, *args, 0, text='invalid argument')

    # ---- statistics ----

    def test_stats(self):
        usual = {'state.state', 'state.reason'}
        self.assertEqual(set(self.domain.GetStats(0, 0)), usual)
        found = plain(self.domain.GetStats(EVERY_GROUP, 0))
        self.assertEqual(found['state.state'], ('i', 1))
        self.assertEqual(found['vcpu.current'], ('u', 2))
        self.assertEqual(found['block.0.name'], ('s', 'vda'))
        self.assertEqual(found['block.0.capacity'][0], 't')
        self.assertEqual(set(plain(self.domain.GetStats(1, 0))), {'state.state', 'state.reason'})
        # A group that isn't there is left out, unless that is to be an error.
        self.assertEqual(self.domain.GetStats(1 << 20, 0), {})
        self.assertEqual(set(self.domain.GetStats(1 | 1 << 20, 0)), {'state.state', 'state.reason'})
        self.refused(self.domain.GetStats, 1 | 1 << 20, 1 << 31, text='0x100000')
        self.domain.GetStats(1, 1 << 31)
        self.refused(self.domain.GetStats, 0, 1, text='unsupported flags')

    def test_stats_follow_changes(self):
        before = plain(self.domain.GetStats(EVERY_GROUP, 0))
        self.domain.AttachDevice(DISK, LIVE)
        self.domain.SetMemory(1048576, LIVE)
        self.domain.SetVcpus(1, LIVE)
        after = plain(self.domain.GetStats(EVERY_GROUP, 0))
        self.assertEqual(after['block.count'], ('u', before['block.count'][1] + 1))
        self.assertEqual(after['balloon.current'], ('t', 1048576))
        self.assertEqual(after['vcpu.current'], ('u', 1))
        self.domain.Destroy(0)
        usual = {'state.state', 'state.reason'}
        self.assertEqual(set(self.domain.GetStats(0, 0)), usual)
        found = plain(self.domain.GetStats(EVERY_GROUP, 0))
        self.assertEqual(found['block.count'], before['block.count'])
        self.assertEqual(found['state.state'], ('i', 5))

    def test_stats_of_all(self):
        other = self.other()
        found = dict(self.connection.GetAllDomainStats(0, 0))
        self.assertEqual(set(found), {self.domain.path, other.path})
        self.assertEqual(found[self.domain.path], self.domain.GetStats(0, 0))
        self.assertEqual(found[other.path], other.GetStats(0, 0))
        for flags, paths in (
            (1, [self.domain.path]), (2, [other.path]), (3, [self.domain.path, other.path]),
            (8, []), (1 | 16, [self.domain.path]), (1 << 29 | 2, [other.path]),
        ):  # fmt: skip
            self.assertEqual([path for path, _ in self.connection.GetAllDomainStats(1, flags)],
                             paths, flags)
        self.refused(self.connection.GetAllDomainStats, 0, 1 << 8, text='unsupported flags')
        self.refused(self.connection.GetAllDomainStats, 1 << 20, 1 << 31, text='0x100000')
        self.assertEqual(dict(self.connection.GetAllDomainStats(1 << 20, 2)), {other.path: {}})

    def test_jobs(self):
        self.assertEqual(self.domain.GetJobInfo(), (0,) * 12)
        kind, parameters = self.domain.GetJobStats(0)
        self.assertEqual((kind, plain(parameters)), (0, {}))
        self.refused(self.domain.AbortJob)
        self.assertEqual(self.domain.GetControlInfo(0), (0, 0, 0))
        for label, enforced in self.domain.GetSecurityLabelList():
            self.assertIsInstance(label, str)
            self.assertIsInstance(enforced, bool)

    # ---- the guest ----

    def test_keys(self):
        self.domain.SendKey(0, 10, [29, 56, 111], 0)
        self.domain.SendKey(0, 0, [1] * 16, 0)
        self.refused(self.domain.SendKey, 0, 0, [1] * 17, 0, text='16')
        self.refused(self.domain.SendKey, 0, 0, [], 0, text='must not be empty')
        self.refused(self.domain.SendKey, 99, 0, [1], 0, text='codeset 99')

    def test_signals(self):
        self.domain.SendProcessSignal(1, 15, 0)
        self.refused(self.domain.SendProcessSignal, 0, 15, 0, text='must not be zero')
        self.refused(self.domain.SendProcessSignal, 1, 65, 0, text='signal 65')
        self.domain.InjectNMI(0)
        self.refused(self.domain.PMWakeup, 0)

    def test_peek(self):
        self.assertEqual(bytes(self.domain.MemoryPeek(2, 4, 1)), b'\2\3\4\5')
        for args in (0, 1, 0), (0, 1, 3), (0, (4 << 20) + 1, 1), (2**64 - 1, 2, 1):
            self.refused(self.domain.MemoryPeek, *args, text='invalid argument')

    def test_agent(self):
        self.assertEqual(self.domain.FSFreeze(['/'], 0), 1)
        self.assertEqual(self.domain.FSFreeze([], 0), 1)
        self.assertEqual(self.domain.FSThaw([], 0), 2)
        self.refused(self.domain.FSFreeze, ['/none'], 0)
        self.domain.FSTrim('', 0, 0)
        self.refused(self.domain.FSTrim, '/none', 0, 0)
        for mount_point, name, kind, disks in self.domain.GetFSInfo(0):
            self.assertTrue(mount_point.startswith('/') and name and kind)
            self.assertEqual(disks, ['vda'])
        self.assertEqual(self.domain.GetHostname(0), 'testhost')
        self.refused(self.domain.GetHostname, 3, text='mutually exclusive')
        self.domain.SetUserPassword('root', 'secret', 0)
        self.refused(self.domain.SetUserPassword, '', 'secret', 0, text='user in')

    def test_guest_vcpus(self):
        found = plain(self.domain.GetGuestVcpus(0))
        self.assertEqual(found, {'vcpus': ('s', '0-1'), 'online': ('s', '0-1'),
                                 'offlinable': ('s', '1')})
        self.domain.SetGuestVcpus([False, True], 0, 0)
        self.assertEqual(plain(self.domain.GetGuestVcpus(0))['online'], ('s', '0'))
        for args in ([False, True], 2), ([False, True], -1), ([], 1):
            self.refused(self.domain.SetGuestVcpus, *args, 0, text='invalid argument')

    def test_time(self):
        self.domain.SetTime(1000000, 5, 0)
        self.assertEqual(self.domain.GetTime(0), (1000000, 5))
        self.refused(self.domain.SetTime, 2**63, 0, 0, text='no time')
        self.refused(self.domain.SetTime, 0, 1000000000, 0, text='no time')

    # ---- files ----

    def test_save_and_restore(self):
        file = self.bed.path('image')
        for args in ('', '', 0), (file, '', 6):
            self.refused(self.domain.Save, *args, text='invalid argument')
        start = self.since()
        self.domain.Save(file, '', 0)
        self.assertEqual(self.domain.GetState(0)[0], 5)
        self.assertIn('<name>test</name>', self.connection.DomainSaveImageGetXMLDesc(file, 0))
        self.refused(self.connection.DomainSaveImageDefineXML, file, '', 0, text='xml in')
        xml = self.connection.DomainSaveImageGetXMLDesc(file, 1)
        self.connection.DomainSaveImageDefineXML(file, xml, 4)
        self.connection.DomainRestore(file, '', 0)
        self.assertEqual(self.domain.GetState(0)[0], 3)
        self.assertIn('DomainEvent', self.order(start))
        self.refused(self.connection.DomainRestore, self.bed.path('none'), '', 0)
        self.refused(self.connection.DomainRestore, '', '', 0, text='file in')

    def test_managed_save(self):
        lists = lambda flags: self.connection.ListDomains(flags)
        self.assertIs(self.domain.HasManagedSaveImage(0), False)
        self.domain.ManagedSave(0)
        self.assertIs(self.domain.HasManagedSaveImage(0), True)
        self.assertEqual(lists(1 << 8), [self.domain.path])
        self.assertEqual(lists(1 << 9), [])
        self.domain.ManagedSaveRemove(0)
        self.assertEqual(lists(1 << 9), [self.domain.path])
        self.refused(self.domain.ManagedSave, 6, text='mutually exclusive')

    def test_core_dump(self):
        self.domain.CoreDump(self.bed.path('core'), 0, 0)
        for args in ('', 0, 0), (self.bed.path('core'), 99, 0), (self.bed.path('core'), 0, 3):
            self.refused(self.domain.CoreDump, *args, text='invalid argument')

    def test_descriptors(self):
        other = self.other()
        with open('/dev/null', 'rb') as null:
            for call, args in (
                (other.CreateWithFiles, ([null.fileno(), null.fileno()],)),
                (self.connection.DomainCreateXMLWithFiles,
                 (OTHER.replace('other', 'third'), [null.fileno()])),
            ):
                try:
                    call(*args, 0)
                except BusError as error:
                    self.assertIn(NOT_SUPPORTED, error.message)

    # ---- blocks ----

    def test_checks_of_blocks(self):
        for member, args in (
            ('BlockRebase', ('vda', '', 0, 1)),
            ('BlockRebase', ('vda', '', 0, 8)),
            ('BlockCopy', ('vda', '', {}, 0)),
            ('BlockCommit', ('', '', '', 0, 0)),
            ('BlockPull', ('', 0, 0)),
            ('BlockPeek', ('', 0, 1, 0)),
        ):
            error = self.refused(self.domain.call, member, *args)
            self.assertTrue(
                NOT_SUPPORTED in error.message or 'invalid argument' in error.message, error.message
            )

    # ---- snapshots ----

    def test_snapshots(self):
        self.refused(self.domain.SnapshotCurrent, 0)
        self.assertEqual(self.connection.ListDomains(1 << 13), [self.domain.path])
        path = self.domain.SnapshotCreateXML('<domainsnapshot><name>a b</name></domainsnapshot>', 0)
        self.assertEqual(path, f'{TEST}/domainsnapshot/_{UUID.replace("-", "_")}_a_20b')
        self.assertEqual(self.domain.SnapshotCurrent(0), path)
        self.assertEqual(self.domain.SnapshotLookupByName('a b', 0), path)
        self.assertEqual(self.domain.ListDomainSnapshots(0), [path])
        self.assertEqual(self.connection.ListDomains(1 << 12), [self.domain.path])
        self.assertEqual(self.connection.ListDomains(1 << 13), [])

    # ---- the life of it ----

    def test_lifecycle(self):
        for member, args, state in (
            ('Suspend', (), 3), ('Resume', (), 1), ('Reboot', (0,), 1), ('Reset', (0,), 1),
            ('Shutdown', (0,), 5), ('Create', (1,), 3), ('Destroy', (0,), 5), ('Create', (0,), 1),
        ):  # fmt: skip
            self.domain.call(member, *args)
            self.assertEqual(self.domain.GetState(0)[0], state, member)
        other = self.other()
        other.Rename('renamed', 0)
        self.assertEqual(other.get('Name'), 'renamed')
        other.Undefine(0)
        self.check_gone(other.path)

    # ---- the host ----

    def test_host(self):
        self.assertEqual(self.connection.NodeGetSecurityModel(), ('testSecurity', ''))
        self.assertEqual(len(self.connection.NodeGetCPUMap(0)), CPUS)
        for member, args in (
            ('GetSysinfo', ()), ('NodeGetMemoryParameters', ()),
            ('NodeSetMemoryParameters', ({'shm_pages_to_scan': ('u', 1)},)),
            ('CompareCPU', ('<cpu/>',)), ('BaselineCPU', (['<cpu/>'],)),
        ):  # fmt: skip
            try:
                self.connection.call(member, *args, 0)
            except BusError as error:
                self.assertEqual(error.name, 'org.libvirt.Error', error.message)

    # ---- faults on demand ----

    def test_faults(self):
        faults = Thing(self.client, TEST, 'org.virtbus.Test')
        faults.SetFailure('Suspend', 1, 'as it was told to')
        self.refused(self.domain.Suspend, text='as it was told to')
        self.domain.Suspend()
        faults.SetDelay(100000)
        self.domain.Resume()
        faults.Reset()
        self.assertEqual(self.connection.ListDomains(0), [self.domain.path])
        self.assertEqual(self.domain.GetState(0)[0], 1)
        with self.assertRaises(BusError):
            self.client.call(os.path.dirname(TEST), 'org.virtbus.Test', 'Reset')
