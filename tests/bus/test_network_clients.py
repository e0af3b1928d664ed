# SPDX-License-Identifier: LGPL-2.1-or-later
"""What clients of a virtual network get and how they look from outside: DHCPv6, the ranges of NAT;
and a host that has no dnsmasq."""
import os
import re
import shutil
import subprocess
import unittest

from test_networks import NetworksTest, network_xml

CLIENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'dhcp6.py')
DUIDS = ['0003000152540000000a', '0003000152540000000b', '00040102030405060708090a0b0c0d0e0f10']


class Dhcp6(NetworksTest):
    def test_addresses(self):
        """One from the range, one by its DUID, one by its name; and all are listed."""
        network = self.started(
            "<network><name>six</name><bridge name='vb6' stp='off'/>"
            "<domain name='six.example'/>"
            "<ip family='ipv6' address='FD00:77:0::1' prefix='64'><dhcp>"
            "<range start='fd00:77::100' end='fd00:77::1FF'/>"
            "<host id='0:3:0:1:52:54:0:0:0:b' name='by-id' ip='fd00:77::21'/>"
            "<host name='by-name' ip='FD00:77::0022'/></dhcp></ip></network>")
        guest = self.guest(network)

        def lease(duid, *name):
            return guest.run('/usr/bin/python3', CLIENT, 'eth0', duid, *name, timeout=60).strip()

        free = lease(DUIDS[0])
        self.assertRegex(free, '^fd00:77::1[0-9a-f]{2}$')
        self.assertEqual(lease(DUIDS[1]), 'fd00:77::21')
        self.assertEqual(lease(DUIDS[2], 'by-name'), 'fd00:77::22')
        found = {entry[5]: entry for entry in network.GetDHCPLeases('', 0)}
        self.assertEqual(set(found), {free, 'fd00:77::21', 'fd00:77::22'})
        self.assertEqual(found[free][2], 1)
        self.assertEqual(found['fd00:77::21'][3], '52:54:00:00:00:0b')
        self.assertEqual(found['fd00:77::21'][6:8], (64, 'by-id'))
        guest.run('ip', '-6', 'address', 'add', f'{free}/64', 'dev', 'eth0', 'nodad')
        self.until(lambda: 'fd00:77::21' in self.resolve(guest, 'fd00:77::1', 'by-id.six.example',
                                                         'AAAA'), 60)


class Nat(NetworksTest):
    """What is outside sees the addresses and ports that the definition names."""

    def seen(self, outside, guest, port=99):
        """The address and port from which a connection of the guest's comes. Each to a port of its
        own: who was there last is remembered for a while."""
        with subprocess.Popen(
            [*outside.wrapper, 'python3', '-c', 'import socket; s = socket.socket(); '
             f"s.settimeout(60); s.bind(('', {port})); s.listen(); print('up', flush=True); "
             'print(*s.accept()[1])'],
            stdout=subprocess.PIPE, text=True,
        ) as server:
            server.stdout.readline()
            guest.run('python3', '-c',
                      f"import socket; socket.create_connection(('192.0.2.2', {port}))")
            address, port = server.stdout.read().split()
        return address, int(port)

    def test_ranges(self):
        outside = self.outside()
        outside.run('ip', 'route', 'add', '198.51.100.0/24', 'via', '192.0.2.1')
        network = self.started(
            forward="<forward mode='nat'><nat><address start='198.51.100.7' end='198.51.100.9'/>"
            "<port start='3000' end='3009'/></nat></forward>")
        guest = self.guest(network)
        self.lease(guest)
        for to in range(99, 103):
            address, port = self.seen(outside, guest, to)
            self.assertIn(address, ('198.51.100.7', '198.51.100.8', '198.51.100.9'))
            self.assertIn(port, range(3000, 3010))

    def test_one_address(self):
        outside = self.outside()
        outside.run('ip', 'route', 'add', '198.51.100.0/24', 'via', '192.0.2.1')
        network = self.started(
            forward="<forward mode='nat'><nat><address start='198.51.100.7' end='198.51.100.7'/>"
            "</nat></forward>")
        guest = self.guest(network)
        self.lease(guest)
        self.assertEqual(self.seen(outside, guest)[0], '198.51.100.7')
        self.assertTrue(guest.pings('192.0.2.2'))


@unittest.skipUnless(shutil.which('unshare'), 'needs unshare')
class WithoutDnsmasq(NetworksTest):
    def setUp(self):
        super().setUp()
        self.bed.stop()
        hide = f'mount --bind /dev/null {shutil.which("dnsmasq")} && exec "$@"'
        self.bed.command = ['unshare', '--mount', 'sh', '-c', hide, 'sh', *self.bed.command]
        self.bed.start()

    def test_it_says_so(self):
        """The cause is told, all is undone, and what needs none is there all the same."""
        bare = self.started("<network><name>bare</name><bridge name='vb1'/></network>")
        before, rules = self.traces(), self.host.run('nft', 'list', 'ruleset')
        network = self.define(network_xml())
        self.refused(network.Create, text='dnsmasq')
        self.refused(self.create, network_xml('transient', 8), text='dnsmasq')
        self.assertFalse(network.get('Active'))
        self.assertEqual(self.traces(), before)
        self.assertEqual(self.host.run('nft', 'list', 'ruleset'), rules)
        self.assertIsNone(re.search('vb[78]', self.host.run('ip', 'link')))
        self.assertTrue(bare.get('Active'))
