# SPDX-License-Identifier: LGPL-2.1-or-later
"""How guests join networks, with real packets."""
import os
import select
import shutil
import signal
import subprocess
import time
import unittest

from harness import CONNECT, DOMAIN, ROOT
from joining import CONFIG, LIVE, MAC, Joins, interface
from test_networks import Namespace, Network, network_xml

LEASE, ARP = 0, 2


class Hotplug(Joins):
    def test_interface_comes_and_goes(self):
        self.bridge()
        guest = self.guest('one').booted()
        xml = guest.domain.GetXMLDesc
        net = interface('bridge', "<source bridge='br0'/>")
        self.device('Attach', guest, net, LIVE | CONFIG)
        self.assertIn('vnet0', self.links())
        self.assertIn("<target dev='vnet0'/>", xml(0))
        self.assertIn("<alias name='net0'/>", xml(0))
        self.assertIn(MAC, xml(2))
        self.assertEqual(self.device_events(), [('DeviceAdded', 'net0')])
        guest.device('eth0')
        guest.address('192.168.77.2')
        self.assertTrue(guest.pings('192.168.77.1', 2))
        self.device('Update', guest, interface('bridge', "<source bridge='br0'/>",
                                               "<link state='down'/>"))
        self.assertIn("<link state='down'/>", xml(0))
        guest.run('sleep 0.3')
        self.assertFalse(guest.pings('192.168.77.1', wait=1))
        self.device('Update', guest, net)
        self.assertTrue(guest.pings('192.168.77.1', 2))
        self.bed.restart()
        guest.reopen()
        self.device('Detach', guest, net)
        self.assertEqual(self.device_events()[-1], ('DeviceRemoved', 'net0'))
        self.assertNotIn('vnet0', self.links())
        self.assertNotIn('<interface', xml(0))
        self.assertIn('<interface', xml(2))
        guest.device('eth0', False)
        # Killed while QEMU doesn't listen: it came to nothing, and nothing is left of it.
        pid = self.bed.guests('one')[0]
        os.kill(pid, signal.SIGSTOP)
        self.client.begin(guest.domain.path, DOMAIN, 'AttachDevice', net, LIVE, signature='su')
        while 'vnet0' not in self.links():
            time.sleep(0.01)
        self.bed.kill()
        os.kill(pid, signal.SIGCONT)
        self.bed.start()
        self.until(lambda: 'vnet0' not in self.links())
        self.assertNotIn('<interface', xml(0))
        self.device('Attach', guest, net)
        self.device('Detach', guest, net)
        # What fails leaves nothing behind.
        self.refused(self.device, 'Attach', guest, interface('bridge', "<source bridge='no'/>"))
        self.refused(self.device, 'Attach', guest,
                     interface('bridge', "<source bridge='br0'/>").replace('virtio', 'absent'))
        self.assertEqual(self.links(), ['lo', 'br0'])
        self.assertNotIn('<interface', xml(0))

    def test_disks(self):
        images = []
        for name, first in (('one', b'a'), ('two', b'b'), ('three', b'c')):
            images.append(self.bed.path(f'{name}.raw'))
            with open(images[-1], 'wb') as file:
                file.write(first * (1 << 20))
        cd = ("<disk type='file' device='cdrom'><driver name='qemu' type='raw'/>{}"
              "<target dev='sda' bus='scsi'/><readonly/></disk>")
        source = "<source file='{}'/>"
        more = "<controller type='scsi' index='0' model='virtio-scsi'/>"
        guest = self.guest('one', more + cd.format(source.format(images[0]))).booted()
        xml = guest.domain.GetXMLDesc
        disk = (f"<disk type='file' device='disk'><driver name='qemu' type='raw'/>"
                f"{source.format(images[1])}<target dev='vda' bus='virtio'/></disk>")
        self.device('Attach', guest, disk, LIVE | CONFIG)
        self.assertIn("<alias name='virtio-disk0'/>", xml(0))
        guest.must('for i in $(seq 20); do [ -e /dev/vda ] && break; sleep 0.2; done')
        self.assertEqual(guest.must('head -c 4 /dev/vda').strip(), 'bbbb')
        self.refused(self.device, 'Attach', guest, disk, text='vda')
        self.device('Detach', guest, disk, LIVE | CONFIG)
        self.assertNotIn('vda', xml(0))
        self.assertNotIn('vda', xml(2))
        self.device('Attach', guest, disk)  # its nodes have gone, too
        self.device('Update', guest, cd.format(source.format(images[2])))
        self.assertIn(images[2], xml(0))
        self.assertNotIn(images[0], xml(0))
        self.device('Update', guest, cd.format(''))
        self.assertNotIn(images[2], xml(0))
        self.device('Update', guest, cd.format(source.format(images[0])), LIVE | CONFIG)
        self.assertIn(images[0], xml(0))
        missing = source.format(self.bed.path('missing'))
        self.refused(self.device, 'Update', guest, cd.format(missing), text='missing')
        self.assertIn(images[0], xml(0))
        rng = "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>"
        self.device('Attach', guest, rng)
        self.assertIn("<alias name='rng0'/>", xml(0))
        self.device('Detach', guest, rng)
        self.assertNotIn('<rng', xml(0))

    def test_limits_and_filters(self):
        self.bridge()
        forged = "<filterref filter='clean-traffic'/>"
        guest = self.guest('one', interface('bridge', "<source bridge='br0'/>", forged)).booted()
        guest.address('192.168.77.2')
        self.assertTrue(guest.pings('192.168.77.1', 2))
        self.assertTrue(self.host.pings('192.168.77.2'))
        # Another address than the first, and another sender, are forged.
        guest.address('192.168.77.3')
        self.assertFalse(guest.pings('192.168.77.1'))
        guest.address('192.168.77.2')
        self.assertTrue(guest.pings('192.168.77.1'))
        guest.must('ip link set eth0 down; ip link set eth0 address 52:54:00:00:77:99')
        guest.must('ip link set eth0 up')
        self.assertFalse(guest.pings('192.168.77.1'))
        self.device('Update', guest, interface('bridge', "<source bridge='br0'/>"))
        self.assertTrue(guest.pings('192.168.77.1', 2))
        guest.must(f'ip link set eth0 down; ip link set eth0 address {MAC}; ip link set eth0 up')
        self.assertTrue(guest.pings('192.168.77.1', 3))

        with open(self.bed.path('big'), 'wb') as file:
            file.write(bytes(2 << 20))
        server = subprocess.Popen([*self.wrapper, 'busybox', 'httpd', '-f', '-h', self.bed.folder])
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        guest.must('head -c 2097152 /dev/zero > /big; httpd -h /')
        free = self.transfers(guest)
        limit = "<bandwidth><inbound average='1000'/><outbound average='500'/></bandwidth>"
        self.device('Update', guest, interface('bridge', "<source bridge='br0'/>", limit))
        for rate, before in zip(self.transfers(guest), free):
            self.assertGreater(before, 2400)
            self.assertLess(rate, 1200)
            self.assertGreater(rate, 300)

    def transfers(self, guest):
        """KiB/s to the guest and from it, of 2 MiB."""
        found = []
        for fetch in (
            lambda: guest.must('wget -q -O /dev/null http://192.168.77.1/big', 40),
            lambda: self.host.run('busybox', 'wget', '-q', '-O', '/dev/null',
                                  'http://192.168.77.2/big'),
        ):
            began = time.monotonic()
            fetch()
            found.append(2048 / (time.monotonic() - began))
        return found


class Networks(Joins):
    def test_nat(self):
        """Address, name, host and outside; not from outside; and the service dies in between."""
        outside = self.outside()
        self.network(more="<dns><host ip='10.77.7.1'><hostname>gate</hostname></host></dns>")
        guest = self.guest('one', interface('network', "<source network='net'/>"))
        self.assertIn("bridge='vb7'", guest.domain.xml)
        guest.booted()
        address = guest.dhcp()
        self.assertEqual(self.addresses(guest, LEASE), [('vnet0', MAC, [(0, address, 24)])])
        self.assertIn('10.77.7.1', guest.must('nslookup -type=a gate 10.77.7.1'))
        self.assertTrue(guest.pings('10.77.7.1'))
        self.assertEqual(self.addresses(guest, ARP), [('vnet0', MAC, [(0, address, 0)])])
        self.assertTrue(guest.pings('10.9.9.2', 2))
        self.assertFalse(outside.pings(address))
        self.bed.kill()
        self.assertTrue(self.host.pings(address))
        self.assertFalse(outside.pings(address))
        self.bed.start()
        guest.reopen()
        self.assertTrue(guest.pings('10.9.9.2'))
        self.assertEqual(self.addresses(guest, LEASE)[0][2], [(0, address, 24)])

    def test_a_network_that_is_started_again(self):
        """Who was on it is on it again, as the network now has it."""
        path = self.client.call(ROOT, CONNECT, 'NetworkDefineXML', network_xml(), signature='s')
        network = Network(self.client, path)
        network.Create()
        guest = self.guest('one', interface('network', "<source network='net'/>"))
        guest.booted()
        guest.dhcp()
        self.assertTrue(guest.pings('10.77.7.1', 2))
        network.Destroy()
        self.assertFalse(guest.pings('10.77.7.1'))
        network.Create()
        self.assertIn('master vb7', self.host.run('ip', '-o', 'link', 'show', 'vnet0'))
        self.assertTrue(guest.pings('10.77.7.1', 3))

    def test_isolated(self):
        """Two guests on a network without a way out see each other, and isolated ports don't."""
        self.outside()
        self.network(forward='')
        macs = ['52:54:00:00:77:0a', '52:54:00:00:77:0b']
        nets = [interface('network', "<source network='net'/>", mac=mac) for mac in macs]
        one, two = [self.guest(f'guest{i}', nets[i]) for i in range(2)]
        one.booted().dhcp()
        other = two.booted().dhcp()
        self.assertTrue(one.pings('10.77.7.1'))
        self.assertTrue(one.pings(other, 2))
        self.assertFalse(one.pings('10.9.9.2'))
        for guest, net in ((one, nets[0]), (two, nets[1])):
            self.device('Detach', guest, net)
            self.device('Attach', guest, net.replace('<model', "<port isolated='yes'/><model"))
        self.assertNotEqual(one.dhcp(), two.dhcp())
        self.assertTrue(one.pings('10.77.7.1'))
        self.assertFalse(one.pings(other))

    def test_tap_of_a_network(self):
        """Whoever may join gets a tap that is there as long as it is held."""
        network = self.network()
        options = {'mac': ('s', MAC), 'vnet-headers': ('b', False)}

        def ask(given, path=network.path):
            return self.client.call(path, 'org.virtbus.Network', 'OpenTap', given, 0,
                                    signature='a{sv}u')

        tap = ask(options).to_raw_fd()
        self.assertIn('master vb7', self.host.run('ip', '-o', 'link', 'show', 'vnet0'))
        self.assertIn('fe:54:00:00:77:02', self.host.run('ip', '-o', 'link', 'show', 'vnet0'))
        ask_who = bytes.fromhex('ffffffffffff' + MAC.replace(':', '') + '0806' '0001080006040001'
                                + MAC.replace(':', '') + '0a4d0763' '000000000000' '0a4d0701')
        os.write(tap, ask_who)
        deadline = time.monotonic() + 5
        answer = b''
        while answer[12:14] + answer[20:22] != bytes.fromhex('08060002'):
            if select.select([tap], [], [], max(deadline - time.monotonic(), 0))[0]:
                answer = os.read(tap, 2000)
            self.assertLess(time.monotonic(), deadline, 'the bridge does not answer')
        os.close(tap)
        self.assertNotIn('vnet0', self.links())
        self.refused(ask, {'mac': ('s', 'x')}, text='mac')
        self.refused(ask, {'portgroup': ('s', 'x')}, text='portgroup')
        self.refused(ask, {'other': ('s', 'x')}, text='other')
        self.assertEqual(self.links(), ['lo', 'vb7'])

    def test_macvtap(self):
        """A guest on a device of the host; where it is trusted, its own address counts."""
        other = Namespace()
        self.addCleanup(other.close)
        self.host.link('card', other, 'peer')
        other.run('ip', 'addr', 'add', '10.1.1.9/24', 'dev', 'peer')
        net = interface('direct', "<source dev='card' mode='bridge'/>").replace(
            '<interface ', "<interface trustGuestRxFilters='yes' ")
        guest = self.guest('one', net).booted()
        guest.address('10.1.1.1')
        self.assertTrue(guest.pings('10.1.1.9', 3))
        own = '52:54:00:00:77:99'
        guest.must(f'ip link set eth0 down; ip link set eth0 address {own}; ip link set eth0 up')
        guest.must('ip addr replace 10.1.1.1/24 dev eth0')
        self.until(lambda: own in self.host.run('ip', '-o', 'link', 'show', 'macvtap0'))
        other.run('ip', 'neigh', 'flush', 'all')
        self.assertTrue(guest.pings('10.1.1.9', 3))

    def test_what_is_not_there(self):
        guest = self.bed.define('guest', devices=interface('network', "<source network='net'/>"))
        self.refused(guest.Create, 0, text="no network with matching name 'net'")
        for kind, source, text in (
            ('direct', "<source dev='lo' mode='bridge'/>", 'macvtap'),
            ('bridge', "<source bridge='br0'/><vlan><tag id='4'/></vlan>", 'vlan'),
            ('bridge', "<source bridge='br0'/><filterref filter='mine'/>", 'mine'),
        ):
            domain = self.bed.define('other', devices=interface(kind, source))
            self.refused(domain.Create, 0, text=text)
            domain.Undefine(0)
        self.assertEqual(self.links(), ['lo'])


class Sockets(Joins):
    def pair(self, *nets):
        guests = [self.guest(f'guest{i}', net) for i, net in enumerate(nets)]
        for i, guest in enumerate(guests):
            guest.booted().address(f'10.1.1.{i + 1}')
        return guests

    def test_mcast_and_stream(self):
        """Each guest has one of both."""
        self.host.run('ip', 'route', 'add', '224.0.0.0/4', 'dev', 'lo')
        self.host.run('ip', 'link', 'set', 'lo', 'multicast', 'on')
        mcast = interface('mcast', "<source address='230.0.0.1' port='5558'/>")
        source = "<source address='127.0.0.1' port='5559'/>"
        server = interface('server', source, mac=MAC[:-1] + '4')
        nets = [mcast + server, mcast + server.replace("'server'", "'client'")]
        nets[1] = nets[1].replace(':77:', ':78:')
        one, two = self.pair(*nets)
        for guest, last in ((one, 1), (two, 2)):
            guest.address(f'10.1.2.{last}', 'eth1')
        self.assertTrue(one.pings('10.1.1.2', 2))
        self.assertTrue(one.pings('10.1.2.2', 2))
        self.assertTrue(two.pings('10.1.2.1', 2))

    @staticmethod
    def strays(guest):
        """Datagrams that came to a port on which nobody listens."""
        names, numbers = (line.split() for line in guest.must('grep Udp: /proc/net/snmp')
                          .splitlines()[:2])
        return int(dict(zip(names, numbers))['NoPorts'])

    @unittest.skipUnless(shutil.which('passt'), 'needs passt')
    def test_udp_and_ports(self):
        """Two guests by datagrams; and ports of the host that passt leads to one of them."""
        udp = ("<source address='127.0.0.1' port='{}'><local address='127.0.0.1' port='{}'/>"
               "</source>")
        forward = ("<backend type='passt'/><portForward proto='tcp' address='127.0.0.1'>"
                   "<range start='2222' to='22'/></portForward>"
                   "<portForward proto='udp' address='127.0.0.1'><range start='2323' to='23'/>"
                   "</portForward>")
        self.outside()
        self.host.run('ip', 'route', 'add', 'default', 'via', '10.9.9.2')
        one, two = self.pair(
            interface('udp', udp.format(5601, 5602))
            + interface('user', '', forward, MAC[:-1] + '4'),
            interface('udp', udp.format(5602, 5601), mac=MAC[:-1] + '5'),
        )
        self.assertTrue(one.pings('10.1.1.2', 2))
        self.assertTrue(two.pings('10.1.1.1', 2))
        one.must('ip link set eth1 up && udhcpc -n -q -t 10 -T 1 -i eth1 '
                 '-s /etc/udhcpc/default.script 2>&1', 30)
        one.must('nc -l -p 22 < /dev/null > /got 2>&1 &')
        talk = ('import socket, time; s = socket.create_connection(("127.0.0.1", 2222), 10); '
                's.sendall(b"it is open"); time.sleep(1)')
        self.host.run('python3', '-c', talk)
        self.until(lambda: 'it is open' in one.must('cat /got'), 20)
        before = self.strays(one)
        self.host.run('python3', '-c', 'import socket; socket.socket(socket.AF_INET, '
                      'socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 2323))')
        self.until(lambda: self.strays(one) > before, 20)

    @unittest.skipUnless(shutil.which('passt'), 'needs passt')
    def test_user_and_passt(self):
        forward = ("<backend type='passt'/><portForward proto='tcp' address='127.0.0.1'>"
                   "<range start='2222' to='22'/></portForward>")
        nets = interface('user', '') + interface('user', '', forward, MAC[:-1] + '4')
        self.outside()
        self.host.run('ip', 'route', 'add', 'default', 'via', '10.9.9.2')
        guest = self.guest('one', nets).booted()
        self.assertTrue(guest.dhcp().startswith('10.0.2.'))
        self.assertTrue(guest.pings('10.0.2.2', 2))


del Joins
