# SPDX-License-Identifier: LGPL-2.1-or-later
"""Changes of a QEMU guest's definition, and which of them reach the running guest."""
from harness import DOMAIN, ROOT, BusTest
from things import Thing

LIVE, CONFIG = 1, 2
MAXIMUM = 4
URI = 'http://example.org/edit'


class Edit(BusTest):
    def thing(self, domain):
        return Thing(self.client, domain.path, DOMAIN)

    def test_metadata_of_a_running_guest(self):
        domain, _ = self.running()
        thing = self.thing(domain)
        start = len(self.client.signals)
        thing.SetMetadata(1, 'its title', '', '', LIVE)
        thing.SetMetadata(2, '<note n="1"/>', 'mine', URI, LIVE | CONFIG)
        self.client.ping()
        told = [one.body for one in self.client.signals[start:] if one.member == 'MetadataChange']
        self.assertEqual(told, [(1, ''), (2, URI)])
        self.bed.restart()
        self.assertEqual(thing.GetMetadata(1, '', LIVE), 'its title')
        self.refused(thing.GetMetadata, 1, '', CONFIG)
        for flags in LIVE, CONFIG:
            self.assertIn('n="1"', thing.GetMetadata(2, URI, flags).replace("'", '"'))

    def test_vcpus_and_memory_for_the_next_start(self):
        domain = self.bed.define('guest')
        thing = self.thing(domain)
        thing.SetVcpus(3, CONFIG | MAXIMUM)
        thing.SetVcpus(2, CONFIG)
        thing.SetMemory(65536, CONFIG | MAXIMUM)
        thing.SetMemory(32768, CONFIG)
        self.bed.restart()
        self.assertEqual(thing.GetVcpus(CONFIG), 2)
        self.assertEqual(thing.GetVcpus(CONFIG | MAXIMUM), 3)
        self.assertIn("<memory unit='KiB'>65536</memory>", domain.xml)
        self.assertIn("<currentMemory unit='KiB'>32768</currentMemory>", domain.xml)
        self.refused(thing.SetVcpus, 9, CONFIG)
        self.refused(thing.SetMemory, 1 << 40, CONFIG)
        domain.Create(0)
        self.assertEqual(thing.GetVcpus(LIVE), 2)

    def test_what_does_not_change_while_it_runs(self):
        domain, _ = self.running()
        thing = self.thing(domain)
        for member, args, why in (
            ('SetVcpus', (1,), 'while a guest runs'),
            ('SetMemory', (8192,), 'without the balloon device'),
        ):
            for flags in 0, LIVE, LIVE | CONFIG:
                self.refused(thing.call, member, *args, flags, text=why)
            thing.call(member, *args, CONFIG)
        self.assertTrue(domain.get('Updated'))
        self.refused(thing.GetVcpus, 8, text='agent')

    def test_limits_are_read(self):
        domain = self.bed.define('guest', rules='<cputune><shares>512</shares></cputune>')
        thing = self.thing(domain)
        self.assertEqual(domain.get('SchedulerType')[0], 'posix')
        found = thing.GetSchedulerParameters(0)
        self.assertEqual(found['cpu_shares'], ('v', ('t', 512)))
        self.assertEqual(len(found), domain.get('SchedulerType')[1])
        self.assertEqual(set(thing.GetMemoryParameters(0)), {
            'hard_limit', 'soft_limit', 'swap_hard_limit', 'min_guarantee',
        })  # fmt: skip
        self.assertIn('total_bytes_sec', thing.GetBlockIOTune('hda', 0))
        self.refused(thing.GetBlockIOTune, 'vdz', 0)

    def test_interfaces_of_a_driver(self):
        found = Thing(self.client, ROOT, 'org.libvirt.Connect').introspect()
        names = {one.get('name') for one in found.iter('interface')}
        self.assertIn('org.virtbus.Connect', names)
        self.assertNotIn('org.virtbus.Test', names)
