# SPDX-License-Identifier: LGPL-2.1-or-later
"""Interfaces as the host sees them: devices of pools, existing devices, scripts, many at once, and
what somebody else does to them."""
import os
import re
import stat
import time

from harness import CONNECT, DOMAIN, ROOT, SHUTOFF, START_PAUSED, STOPPED
from joining import LIVE, MAC, Joins, interface
from test_networks import Network

OTHER = MAC[:-1] + '5'


def macs(count, first=0):
    return [f'52:54:00:01:{i // 256:02x}:{i % 256:02x}' for i in range(first, first + count)]


class Ports(Joins):
    def paused(self, name, devices):
        domain = self.bed.define(name, devices=devices)
        domain.Create(START_PAUSED)
        return domain

    def update(self, domain, xml, flags=LIVE):
        return domain.client.call(domain.path, DOMAIN, 'UpdateDevice', xml, flags, signature='su')

    def link(self, name, details=''):
        return self.host.run('ip', *details.split(), '-o', 'link', 'show', name)

    def create(self, xml):
        path = self.client.call(ROOT, CONNECT, 'NetworkCreateXML', xml, signature='s')
        return Network(self.client, path)

    def pool(self, mode, *devices):
        for i, device in enumerate(devices):
            if device not in self.links():
                self.host.run('ip', 'link', 'add', device, 'type', 'veth', 'peer', f'peer{i}')
                self.host.run('ip', 'link', 'set', device, 'up')
        names = ''.join(f"<interface dev='{device}'/>" for device in devices)
        return self.create(f"<network><name>{mode}</name><forward mode='{mode}'>{names}"
                           '</forward></network>')

    def connections(self, network):
        """Of the network, and of each of its devices."""
        whole = re.search(r"<network [^>]*connections='(\d+)'", network.xml)
        each = dict(re.findall(r"<interface dev='(\w+)' connections='(\d+)'", network.xml))
        return int(whole[1]) if whole else 0, {name: int(n) for name, n in each.items()}

    def test_two_hundred(self):
        """Taps of guests and taps of others on one network, and nothing left of them."""
        network = self.network()
        domains = []
        for i in range(4):
            nets = ''.join(interface('network', "<source network='net'/>", mac=mac)
                           for mac in macs(25, 25 * i))
            domains.append(self.paused(f'guest{i}', nets))
        taps = [
            self.client.call(network.path, 'org.virtbus.Network', 'OpenTap', {}, 0,
                             signature='a{sv}u').to_raw_fd()
            for _ in range(100)
        ]
        ports = [line for line in self.host.run('ip', '-o', 'link').splitlines()
                 if 'master vb7' in line]
        self.assertEqual(len(ports), 200)
        self.assertEqual(self.connections(network)[0], 100)
        self.bed.restart()
        self.assertEqual(self.connections(network)[0], 100)
        for tap in taps:
            os.close(tap)
        for domain in domains:
            domain.Destroy(0)
        self.assertEqual(self.links(), ['lo', 'vb7'])
        self.assertNotIn('connections', network.xml)

    def test_somebody_removes_a_tap(self):
        self.network()
        nets = [interface('network', "<source network='net'/>", mac=mac) for mac in (MAC, OTHER)]
        domain = self.paused('guest', ''.join(nets))
        another = self.paused('another', nets[0].replace('77:', '78:'))
        before = domain.xml, another.xml, self.link('vnet1'), self.link('vnet2')
        self.host.run('ip', 'link', 'del', 'vnet0')
        self.until(lambda: "removed 'vnet0'" in self.bed.words(), 30)
        self.assertIn(MAC, self.bed.words())
        self.assertEqual(before, (domain.xml, another.xml, self.link('vnet1'), self.link('vnet2')))
        another.Destroy(0)
        domain.Destroy(0)
        self.assertNotIn("removed 'vnet1'", self.bed.words())
        self.assertNotIn("removed 'vnet2'", self.bed.words())

    def test_macvtap_pools(self):
        """The device that the fewest use; one alone in mode passthrough; and counts of both."""
        network = self.pool('bridge', 'card0', 'card1')
        net = "<source network='{}'/>"
        domains = [self.paused(f'guest{i}', interface('network', net.format('bridge'), mac=mac))
                   for i, mac in enumerate(macs(3))]
        self.assertEqual(self.connections(network), (3, {'card0': 2, 'card1': 1}))
        self.assertIn("dev='card0'", domains[0].xml)
        self.assertIn("mode='bridge'", domains[0].xml)
        self.assertIn("dev='card1'", domains[1].xml)
        self.assertIn('macvtap mode bridge', self.link('macvtap0', '-d'))
        self.assertIn(macs(1)[0], self.link('macvtap0'))
        self.bed.restart()
        self.assertEqual(self.connections(network), (3, {'card0': 2, 'card1': 1}))
        domains[0].Destroy(0)
        self.assertEqual(self.connections(network), (2, {'card0': 1, 'card1': 1}))
        for domain in domains[1:]:
            domain.Destroy(0)
        self.assertEqual(self.connections(network), (0, {}))
        for mode in ('private', 'vepa'):
            self.pool(mode, 'card0')
            domain = self.paused(mode, interface('network', net.format(mode)))
            self.assertIn(f'macvtap mode {mode}', self.link('macvtap0', '-d'))
            domain.Destroy(0)
        network = self.pool('passthrough', 'card0')
        domains[0] = self.paused('alone', interface('network', net.format('passthrough')))
        self.assertEqual(self.connections(network), (1, {'card0': 1}))
        second = self.bed.define('second', devices=interface(
            'network', net.format('passthrough'), mac=OTHER))
        self.refused(second.Create, 0, text='passthrough')
        self.update(domains[0], interface('network', net.format('passthrough'),
                                          "<link state='down'/>"))
        self.assertEqual(self.connections(network), (1, {'card0': 1}))
        domains[0].Destroy(0)
        second.Create(START_PAUSED)
        second.Destroy(0)
        self.assertFalse([name for name in self.links() if name.startswith('macvtap')])

    def test_functions_of_cards(self):
        """A pool that has none, and one whose function isn't there."""
        self.host.run('ip', 'link', 'add', 'card0', 'type', 'veth', 'peer', 'peer0')
        network = "<network><name>net</name><forward mode='hostdev' managed='yes'>{}</forward>" \
                  '</network>'
        self.refused(self.create, network.format("<pf dev='card0'/>"),
                     text='no virtual functions')
        self.refused(self.create, network.format(
            "<address type='pci' domain='0xfff0' bus='0x1f' slot='0x1f' function='0x7'/>"),
            text='fff0:1f:1f.7')
        # The same without a network.
        guest = self.bed.define('guest', devices=(
            f"<interface type='hostdev'><mac address='{MAC}'/><source><address type='pci' "
            "domain='0xfff0' bus='0x1f' slot='0x1f' function='0x7'/></source></interface>"))
        self.refused(guest.Create, 0, text='fff0:1f:1f.7')
        guest.Undefine(0)
        if not os.path.exists('/sys/bus/pci/devices/0000:00:00.0'):
            return
        # What leads to the processor is nobody's function, and nothing is done to it.
        network = self.create(network.format(
            "<address type='pci' domain='0' bus='0' slot='0' function='0'/>").replace('yes', 'no'))
        net = "<interface type='network'><mac address='{}'/><source network='net'/></interface>"
        guest = self.bed.define('guest', devices=net.format(MAC))
        self.refused(guest.Create, 0, text='0000:00:00.0 is not')
        guest.Undefine(0)
        guest = self.bed.define('guest', devices=net.format(MAC) + net.format(OTHER))
        self.refused(guest.Create, 0, text='no device left')
        self.assertEqual(self.connections(network), (0, {}))

    def script(self, name, text):
        path = self.bed.path(name)
        with open(path, 'w') as file:
            file.write(f'#!/bin/sh\n{text}\n')
        os.chmod(path, stat.S_IRWXU)
        return path

    def test_ethernet(self):
        """A script before the guest runs and one behind it, addresses and routes of the host."""
        log = self.bed.path('said')
        up = self.script('up', f'ip -o link show "$1" > {log} && ip link add "x$1" type bridge')
        down = self.script('down', 'ip link del "x$1"')
        source = ("<source><ip address='10.8.0.1' prefix='24'/>"
                  "<ip address='10.8.1.1' prefix='32' peer='10.8.1.2'/>"
                  "<ip family='ipv6' address='fd08::1' prefix='64'/>"
                  "<route address='10.9.0.0' prefix='16' gateway='10.8.0.2'/></source>")
        more = f"<script path='{up}'/><downscript path='{down}'/><mtu size='1400'/>" \
               "<coalesce><rx><frames max='7'/></rx></coalesce>"
        net = interface('ethernet', source, "<target dev='mine0'/>" + more)
        domain = self.paused('guest', net)
        with open(log) as file:
            self.assertIn('mtu 1400', file.read())
        self.assertIn('xmine0', self.links())
        addresses = self.host.run('ip', 'addr', 'show', 'mine0')
        for address in ('10.8.0.1/24', '10.8.1.1 peer 10.8.1.2/32', 'fd08::1/64'):
            self.assertIn(address, addresses)
        self.assertIn('10.9.0.0/16 via 10.8.0.2 dev mine0', self.host.run('ip', 'route'))
        domain.Destroy(0)
        self.until(lambda: self.links() == ['lo'], 30)
        domain.Undefine(0)
        failing = self.script('failing', 'echo "not today" >&2; exit 3')
        guest = self.bed.define('guest', devices=net.replace(up, failing).replace(down, 'true'))
        self.refused(guest.Create, 0, text='not today')
        self.until(lambda: self.links() == ['lo'], 30)
        guest.Undefine(0)
        self.bridge()
        guest = self.bed.define('guest', devices=interface(
            'bridge', "<source bridge='br0'/>", f"<script path='{up}'/>"))
        self.refused(guest.Create, 0, text='ethernet')

    def test_the_service_ends_meanwhile(self):
        """Who waits for a script is told, and what it was for is gone in the next life."""
        slow = self.script('slow', 'sleep 2')
        net = interface('ethernet', '', f"<target dev='mine0'/><script path='{slow}'/>")
        domain = self.paused('guest', '')
        serial = self.client.begin(domain.path, DOMAIN, 'AttachDevice', net, LIVE, signature='su')
        self.until(lambda: 'mine0' in self.links())
        starting = self.bed.define('another', devices=net.replace('mine0', 'mine1')
                                   .replace(MAC, OTHER))
        second = starting.begin('Create', 0)
        self.until(lambda: 'mine1' in self.links())
        self.assertEqual(self.bed.stop(), 0, self.bed.words())
        for one in (serial, second):
            self.refused(self.client.finish, one, text='the service ends')
        self.bed.start()
        self.until(lambda: self.links() == ['lo'], 20)
        self.assertNotIn('<interface', domain.xml)
        self.assertEqual(starting.state, SHUTOFF)
        time.sleep(2)  # the scripts, which nobody waits for

    def test_device_that_is_there(self):
        """It is used as it is, and stays."""
        net = interface('ethernet', '', "<target dev='{}' managed='no'/>{}")
        guest = self.bed.define('guest', devices=net.format('tap7', ''))
        self.refused(guest.Create, 0, text='tap7')
        self.assertNotIn('tap7', self.links())
        guest.Undefine(0)
        self.host.run('ip', 'tuntap', 'add', 'tap7', 'mode', 'tap', 'vnet_hdr')
        self.host.run('ip', 'link', 'set', 'tap7', 'address', '02:00:00:00:00:07', 'up')
        guest = self.bed.define('guest', devices=net.format('tap7', "<mtu size='1400'/>"))
        self.refused(guest.Create, 0, text='as it is')
        guest.Undefine(0)
        domain = self.paused('guest', net.format('tap7', ''))
        self.assertIn('02:00:00:00:00:07', self.link('tap7'))
        self.assertIn('LOWER_UP', self.link('tap7'))
        domain.Destroy(0)
        self.assertIn('02:00:00:00:00:07', self.link('tap7'))
        domain.Undefine(0)
        # A macvtap of somebody's.
        self.host.run('ip', 'link', 'add', 'card0', 'type', 'veth', 'peer', 'peer0')
        self.host.run('ip', 'link', 'add', 'link', 'card0', 'name', 'vnet3', 'type', 'macvtap')
        domain = self.bed.define('guest', devices=net.format('vnet3', ''))
        self.assertIn("dev='vnet3'", domain.xml)

    def test_other_network_while_it_runs(self):
        """UpdateDevice moves the tap, with what holds for it in the network it comes to."""
        groups = "<portgroup name='slow'><bandwidth><inbound average='100'/>" \
                 "<outbound average='50'/></bandwidth></portgroup>"
        one = self.network()
        two = self.network(name='two', number=8, more="<port isolated='yes'/>" + groups)
        self.bridge()
        domain = self.paused('guest', interface('network', "<source network='net'/>"))
        self.assertIn('master vb7', self.link('vnet0'))
        slow = interface('network', "<source network='two' portgroup='slow'/>")
        self.update(domain, slow)
        self.assertIn('master vb8', self.link('vnet0'))
        self.assertIn('isolated on', self.link('vnet0', '-d'))
        self.assertIn('htb', self.host.run('tc', 'qdisc', 'show', 'dev', 'vnet0'))
        self.assertIn('virtbus_vnet0', self.host.run('nft', 'list', 'tables'))
        self.assertEqual((self.connections(one)[0], self.connections(two)[0]), (0, 1))
        self.assertIn("bridge='vb8'", domain.xml)
        # What comes to nothing changes nothing.
        self.refused(self.update, domain, interface('bridge', "<source bridge='none'/>"),
                     text='none')
        self.refused(self.update, domain, interface('network', "<source network='none'/>"),
                     text='network')
        self.assertIn('master vb8', self.link('vnet0'))
        self.assertEqual(self.connections(two)[0], 1)
        self.update(domain, interface('bridge', "<source bridge='br0'/>"))
        self.assertIn('master br0', self.link('vnet0'))
        self.assertIn('isolated off', self.link('vnet0', '-d'))
        self.assertNotIn('htb', self.host.run('tc', 'qdisc', 'show', 'dev', 'vnet0'))
        self.assertNotIn('vnet0', self.host.run('nft', 'list', 'tables'))
        self.assertEqual(self.connections(two)[0], 0)
        self.bed.restart()
        start = len(self.client.signals)
        self.update(domain, slow)
        self.assertIn('master vb8', self.link('vnet0'))
        domain.Destroy(0)
        self.client.event(domain.path, STOPPED, start)
        self.assertEqual(self.connections(two)[0], 0)


del Joins
