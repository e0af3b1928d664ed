# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a client on a virtual network gets besides an address: files to boot from, answers of other
servers, a packet size, routes, and IPv6, seen by clients in namespaces."""
import os
import subprocess

from test_networks import NetworksTest, network_xml


class Traffic(NetworksTest):
    def test_boot_file(self):
        folder = self.bed.path('tftp')
        os.makedirs(folder)
        with open(f'{folder}/pxe', 'wb') as file:
            file.write(bytes(range(256)) * 40)
        network = self.started(network_xml(dhcp="<bootp file='pxe'/>").replace(
            '<dhcp>', f"<tftp root='{folder}'/><dhcp>"))
        guest = self.guest(network)
        with open(self.script, 'w', encoding='ascii') as file:
            file.write('#!/bin/sh\n[ "$1" = bound ] || exit 0\n'
                       'ip address add "$ip/$mask" dev "$interface"\n'
                       'echo "lease $ip file=$boot_file server=$siaddr"\n')
        self.assertEqual(self.lease(guest)[1], 'file=pxe server=10.77.7.1')
        fetched = self.bed.path('fetched')
        guest.run('busybox', 'tftp', '-g', '-r', 'pxe', '-l', fetched, '10.77.7.1')
        with open(fetched, 'rb') as file:
            self.assertEqual(file.read(), bytes(range(256)) * 40)

    def test_forwarder(self):
        outside = self.outside()
        with subprocess.Popen(
            [*outside.wrapper, 'dnsmasq', '--keep-in-foreground', '--conf-file=/dev/null',
             '--pid-file=', '--no-resolv', '--no-hosts', '--user=root',
             '--address=/far.example/198.51.100.7'], stderr=subprocess.DEVNULL) as server:
            self.addCleanup(server.kill)
            network = self.started(network_xml(
                more="<dns><forwarder domain='far.example' addr='192.0.2.2'/></dns>"))
            guest = self.guest(network)
            self.lease(guest)
            self.until(lambda: '198.51.100.7' in self.resolve(guest, '10.77.7.1',
                                                              'www.far.example'), 20)
            network.Destroy()
            server.kill()

    def test_mtu(self):
        network = self.started(network_xml(more="<mtu size='1300'/>"))
        guest = self.guest(network)
        with open(self.script, 'w', encoding='ascii') as file:
            file.write('#!/bin/sh\n[ "$1" = bound ] || exit 0\necho "lease $ip mtu=$mtu"\n')
        self.assertEqual(self.lease(guest, '-O', 'mtu')[1], 'mtu=1300')
        self.assertIn('mtu 1300', self.host.run('ip', 'link', 'show', 'vb7'))

    def test_static_route(self):
        network = self.started(network_xml(
            forward="<forward mode='route'/>").replace(
                '</network>', "<route address='10.88.0.0' prefix='16' gateway='10.77.7.2'/>"
                '</network>'))
        router = self.guest(network, 'r')
        router.run('ip', 'address', 'add', '10.77.7.2/24', 'dev', 'eth0')
        router.run('ip', 'address', 'add', '10.88.3.4/32', 'dev', 'lo')
        self.assertTrue(self.host.pings('10.88.3.4', count=3, wait=5))

    def test_isolated_in_both_families(self):
        outside = self.outside()
        network = self.started(
            "<network><name>alone</name><bridge name='vb7' stp='off'/>"
            "<ip address='10.77.7.1' prefix='24'/>"
            "<ip family='ipv6' address='fd00:77::1' prefix='64'/></network>")
        guest = self.guest(network)
        guest.run('ip', 'address', 'add', '10.77.7.9/24', 'dev', 'eth0')
        guest.run('ip', '-6', 'address', 'add', 'fd00:77::9/64', 'dev', 'eth0', 'nodad')
        guest.run('ip', 'route', 'add', 'default', 'via', '10.77.7.1')
        guest.run('ip', '-6', 'route', 'add', 'default', 'via', 'fd00:77::1')
        outside.run('ip', 'route', 'add', '10.77.7.0/24', 'via', '192.0.2.1')
        outside.run('ip', '-6', 'route', 'add', 'fd00:77::/64', 'via', '2001:db8:2::1')
        for switch in 'ipv4.ip_forward', 'ipv6.conf.all.forwarding':
            self.host.run('busybox', 'sysctl', '-w', f'net.{switch}=1')
        for here, there in ('10.77.7.1', '192.0.2.2'), ('fd00:77::1', '2001:db8:2::2'):
            self.assertTrue(guest.pings(here, count=3, wait=5), here)
            self.assertFalse(guest.pings(there), there)
        for address in '10.77.7.9', 'fd00:77::9':
            self.assertFalse(outside.pings(address), address)
