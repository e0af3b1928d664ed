# SPDX-License-Identifier: LGPL-2.1-or-later
"""Virtual networks for real: bridges, dnsmasq and nftables in network namespaces of the test's own,
with clients that ask for addresses and names, and that send packets."""
import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
import unittest

from harness import (
    CALL_TIME,
    CONNECT,
    PROPERTIES,
    ROOT,
    SERVICE,
    BusError,
    BusTest,
    descendants,
    reap,
)

NETWORK = 'org.libvirt.Network'
DEFINED, UNDEFINED, STARTED, STOPPED = range(4)
MODIFY, DELETE, ADD_LAST, ADD_FIRST = 1, 2, 3, 4
SECTION_HOST, SECTION_RANGE, SECTION_DNS_HOST, SECTION_DNS_TXT = 4, 5, 10, 11
LIVE, CONFIG = 1, 2
SIGNATURES = {'GetXMLDesc': 'u', 'GetDHCPLeases': 'su', 'Update': 'uuisu'}
SCRIPT = '''#!/bin/sh
[ "$1" = bound ] || exit 0
ip address add "$ip/$mask" dev "$interface"
[ -z "$router" ] || ip route add default via "$router"
echo "lease $ip/$mask router=$router dns=$dns"
'''


class Namespace:
    """A network namespace as long as its descriptor is open."""

    def __init__(self):
        with subprocess.Popen(
            ['unshare', '--net', 'sh', '-c', 'echo; read line'],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as maker:
            if not maker.stdout.readline():
                raise unittest.SkipTest('no network namespace can be made here')
            self.fd = os.open(f'/proc/{maker.pid}/ns/net', os.O_RDONLY)
        self.path = f'/proc/{os.getpid()}/fd/{self.fd}'
        self.wrapper = ['nsenter', f'--net={self.path}']
        self.run('ip', 'link', 'set', 'lo', 'up')

    def close(self):
        os.close(self.fd)

    def run(self, *words, check=True, timeout=30, **options):
        done = subprocess.run([*self.wrapper, *words], capture_output=True, text=True,
                              timeout=timeout, check=False, **options)
        if check and done.returncode:
            raise AssertionError(f'{words} ended with {done.returncode}: {done.stdout}'
                                 f'{done.stderr}')
        return done.stdout if check else done

    def pings(self, address, count=1, wait=1):
        words = ['busybox', 'ping', '-c', str(count), '-W', str(wait), address]
        return self.run(*words, check=False).returncode == 0

    def link(self, name, other, peer):
        self.run('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', peer, 'netns',
                 other.path)
        self.run('ip', 'link', 'set', name, 'up')
        other.run('ip', 'link', 'set', peer, 'up')


class Network:
    def __init__(self, client, path):
        self.client = client
        self.path = path

    def call(self, member, *args, timeout=CALL_TIME):
        return self.client.call(self.path, NETWORK, member, *args,
                                signature=SIGNATURES.get(member, ''), timeout=timeout)

    def __getattr__(self, member):
        return lambda *args, **options: self.call(member, *args, **options)

    def begin(self, member, *args):
        return self.client.begin(self.path, NETWORK, member, *args,
                                 signature=SIGNATURES.get(member, ''))

    def get(self, name):
        return self.client.call(self.path, PROPERTIES, 'Get', NETWORK, name)[1]

    @property
    def xml(self):
        return self.GetXMLDesc(0)

    @property
    def bridge(self):
        return re.search(r"<bridge name='([^']+)'", self.xml)[1]


def network_xml(name='net', number=7, forward="<forward mode='nat'/>", more='', dhcp='', bridge='',
                head=''):
    """stp off: no port waits before it forwards."""
    return (
        f'<network {head}><name>{name}</name>{forward}'
        f"<bridge name='{bridge or f'vb{number}'}' stp='off'/>{more}"
        f"<ip address='10.77.{number}.1' prefix='24'><dhcp>"
        f"<range start='10.77.{number}.100' end='10.77.{number}.200'/>{dhcp}</dhcp></ip></network>"
    )


@unittest.skipUnless(
    os.geteuid() == 0 and all(map(shutil.which, ('ip', 'nft', 'dnsmasq', 'busybox'))),
    'needs root, ip, nft, dnsmasq and busybox',
)
class NetworksTest(BusTest):
    def setUp(self):
        self.host = self.namespace()
        self.wrapper = self.host.wrapper
        super().setUp()
        self.script = self.bed.path('script')
        with open(self.script, 'w', encoding='ascii') as file:
            file.write(SCRIPT)
        os.chmod(self.script, 0o755)

    def end(self):
        for path in self.client.call(ROOT, CONNECT, 'ListNetworks', 0, signature='u'):
            with contextlib.suppress(BusError):
                self.client.call(path, NETWORK, 'Destroy')
            with contextlib.suppress(BusError):
                self.client.call(path, NETWORK, 'Undefine')
        left = self.traces()
        super().end()
        self.assertEqual(left, [])

    def namespace(self):
        made = Namespace()
        self.addCleanup(made.close)
        return made

    def ours(self):
        own = {self.bed.bus.pid, self.bed.service.pid}
        reap(own)
        return [pid for pid in descendants(os.getpid()) if pid not in own]

    def traces(self):
        """Bridges, tables, processes and runtime files."""
        links = re.findall(r'^\d+: ([^:@]+)', self.host.run('ip', '-o', 'link'), re.M)
        found = [link for link in links if link != 'lo' and not link.startswith('to-')]
        found += re.findall(r'table \S+ virtbus\S*', self.host.run('nft', 'list', 'tables'))
        return found + self.dnsmasq() + self.bed.files('run')

    def until(self, what, seconds=10):
        deadline = time.monotonic() + seconds
        while not (result := what()):
            if time.monotonic() > deadline:
                raise AssertionError(f'never: {what}')
            time.sleep(0.02)
        return result

    def define(self, *args, **options):
        xml = args[0] if args else network_xml(**options)
        return Network(self.client, self.client.call(ROOT, CONNECT, 'NetworkDefineXML', xml,
                                                     signature='s'))

    def create(self, xml):
        return Network(self.client, self.client.call(ROOT, CONNECT, 'NetworkCreateXML', xml,
                                                     signature='s'))

    def started(self, *args, **options):
        network = self.define(*args, **options)
        network.Create()
        return network

    def dnsmasq(self):
        """By the file of its configuration."""
        found = {}
        for pid in self.ours():
            with contextlib.suppress(OSError), open(f'/proc/{pid}/cmdline', 'rb') as file:
                words = file.read().decode().split('\0')
                if words[0].endswith('dnsmasq'):
                    found[words[1]] = pid
        return sorted(found.values())

    def guest(self, network, name='g'):
        """A namespace behind a port of the bridge."""
        guest = self.namespace()
        self.host.link(f'to-{name}', guest, 'eth0')
        self.host.run('ip', 'link', 'set', f'to-{name}', 'master', network.bridge)
        return guest

    def lease(self, guest, *words, tries=5):
        """What a DHCP client gets: address, router, rest; None without an answer."""
        done = guest.run('busybox', 'udhcpc', '-f', '-n', '-q', '-t', str(tries), '-T', '1',
                         '-i', 'eth0', '-s', self.script, *words, check=False, timeout=40)
        found = re.search(r'^lease (\S+) ?(.*)$', done.stdout, re.M)
        return found and (found[1], found[2].strip())

    def outside(self):
        """A second namespace that the host reaches as 192.0.2.2."""
        outside = self.namespace()
        self.host.link('to-out', outside, 'eth0')
        self.host.run('ip', 'address', 'add', '192.0.2.1/24', 'dev', 'to-out')
        outside.run('ip', 'address', 'add', '192.0.2.2/24', 'dev', 'eth0')
        self.host.run('ip', '-6', 'address', 'add', '2001:db8:2::1/64', 'dev', 'to-out', 'nodad')
        outside.run('ip', '-6', 'address', 'add', '2001:db8:2::2/64', 'dev', 'eth0', 'nodad')
        return outside

    def resolve(self, guest, server, name, kind='A'):
        done = guest.run('busybox', 'nslookup', f'-type={kind}', name, server, check=False)
        return done.stdout


class Basics(NetworksTest):
    def test_gives_out_addresses(self):
        network = self.started()
        self.assertTrue(network.get('Active'))
        self.assertEqual(len(self.dnsmasq()), 1)
        guest = self.guest(network)
        lease = self.lease(guest, '-x', 'hostname:web')
        self.assertRegex(lease[0], r'^10\.77\.7\.1\d\d/24$')
        self.assertEqual(lease[1], 'router=10.77.7.1 dns=10.77.7.1')
        address = lease[0].split('/')[0]
        [entry] = network.GetDHCPLeases('', 0)
        mac = re.search(r'link/ether (\S+)', guest.run('ip', 'link', 'show', 'eth0'))[1]
        self.assertEqual(entry[0], 'vb7')
        self.assertGreater(entry[1], time.time())
        self.assertEqual(entry[2:8], (0, mac, '', address, 24, 'web'))
        self.assertEqual(len(network.GetDHCPLeases(mac.upper(), 0)), 1)
        self.assertEqual(network.GetDHCPLeases('52:54:00:00:00:99', 0), [])
        self.assertIn(address, self.resolve(guest, '10.77.7.1', 'web'))
        self.assertTrue(guest.pings('10.77.7.1'))
        network.Destroy()
        self.assertFalse(network.get('Active'))
        self.assertEqual(self.dnsmasq(), [])

    def test_events_and_properties(self):
        start = len(self.client.signals)
        network = self.define()
        network.Create()
        network.Destroy()
        network.Undefine()
        self.client.ping()
        heard = [(one.member, one.body) for one in self.client.signals[start:]
                 if '/QEMU' in one.path]  # a host with Xen tells of it there, too
        events = [body for member, body in heard if member == 'NetworkEvent']
        self.assertEqual(events, [(network.path, one)
                                  for one in (DEFINED, STARTED, STOPPED, UNDEFINED)])
        changes = [body[1] for member, body in heard if member == 'PropertiesChanged']
        self.assertEqual(changes, [{'Active': ('b', True)}, {'Active': ('b', False)}])

    def test_transient(self):
        network = self.create(network_xml())
        self.assertFalse(network.get('Persistent'))
        self.refused(self.create, network_xml(), text='already')
        self.refused(network.Undefine, text='transient')
        network.Destroy()
        self.assertEqual(self.bed.files('data'), [])
        self.assertEqual(self.traces(), [])

    def test_what_is_filled_in(self):
        first = self.define("<network><name>a</name><ip address='10.1.0.1' prefix='24'/></network>")
        second = self.define("<network><name>b</name><bridge name='virbr%d'/></network>")
        self.assertEqual((first.bridge, second.bridge), ('virbr0', 'virbr1'))
        self.assertRegex(first.xml, "<mac address='52:54:00:[0-9a-f:]{8}'/>")
        mac = re.search("mac address='([^']+)'", first.xml)[1]
        first.Create()
        self.assertIn(mac, self.host.run('ip', 'link', 'show', 'virbr0'))
        self.assertIn('10.1.0.1/24', self.host.run('ip', 'address', 'show', 'virbr0'))
        second.Create()
        self.assertNotIn('inet', self.host.run('ip', 'address', 'show', 'virbr1'))

    def test_names_of_bridges(self):
        self.define(name='a', number=1)
        self.refused(self.define, network_xml('b', 2, bridge='vb1'), text="network 'a'")
        self.refused(self.define, network_xml('b', 2, bridge='lo'), text='interface of this host')
        for bad in 'x' * 16, 'a b', 'a/b', 'vb*', 'a"b':
            with self.subTest(bridge=bad):
                self.refused(self.define, network_xml('b', 2, bridge=bad))
        self.host.run('ip', 'link', 'add', 'to-x', 'type', 'veth', 'peer', 'name', 'to-y')
        self.refused(self.define, network_xml('b', 2, bridge='to-x'), text='to-x')
        self.refused(self.define,
                     network_xml('b', 2, "<forward mode='nat' dev='x&quot; accept'/>"))

    def test_overlapping_subnets(self):
        self.outside()
        for ours in '192.0.2.77', '192.0.2.1':
            network = self.define(
                f"<network><name>{ours}</name><ip address='{ours}' prefix='25'/></network>")
            self.refused(network.Create, text="in use by interface 'to-out'")
            self.assertFalse(network.get('Active'))
        first = self.started(name='a', number=1)
        second = self.define(network_xml('b', 1, bridge='vb2'))
        self.refused(second.Create, text="in use by network 'a'")
        self.assertTrue(first.get('Active'))
        self.host.run('ip', 'route', 'add', '10.77.0.0/16', 'via', '192.0.2.9')
        self.host.run('ip', 'route', 'add', '10.77.9.0/24', 'via', '192.0.2.9')
        third = self.started(name='c', number=3)  # a wider route gives way
        self.refused(self.define(name='d', number=9).Create, text="interface 'to-out'")
        third.Destroy()
        self.refused(self.define("<network><name>n</name><ip family='ipv6' address='2001:db8:2::9'"
                                 " prefix='64'/></network>").Create, text='to-out')

    def test_dnsmasq_that_fails(self):
        other = self.started(name='other', number=2)
        before = self.traces()
        network = self.define(network_xml(
            head="xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'",
            more="<dnsmasq:options><dnsmasq:option value='nonsense=1'/></dnsmasq:options>"))
        self.refused(network.Create, text='bad option')
        self.assertEqual(self.traces(), before)
        self.assertTrue(other.get('Active'))
        network.Undefine()
        self.refused(self.create, network_xml(dhcp="<host mac='52:54:00:00:00:01' "
                                              "name='a&#10;dhcp-script=/bin/sh' ip='10.77.7.9'/>"))
        self.assertEqual(self.traces(), before)

    def test_nft_that_refuses(self):
        network = self.define(network_xml(
            forward="<forward mode='nat'><nat><address start='1.2.3.4' end='1.2.3.9'/>"
            "<port start='500' end='1000'/></nat></forward>"))
        network.Create()
        rules = self.host.run('nft', 'list', 'ruleset')
        self.assertIn('snat ip to 1.2.3.4-1.2.3.9:500-1000', rules)

    def test_bridge_by_others(self):
        network = self.define("<network><name>n</name><forward mode='bridge'/>"
                              "<bridge name='to-br'/></network>")
        self.refused(network.Create, text="no bridge 'to-br'")
        self.host.run('ip', 'link', 'add', 'to-br', 'type', 'bridge')
        network.Create()
        network.Destroy()
        self.assertIn('to-br', self.host.run('ip', 'link'))
        for mode in 'private', 'vepa', 'passthrough':
            lean = self.create(f"<network><name>{mode}</name><forward mode='{mode}'>"
                               "<interface dev='to-br'/></forward></network>")
            lean.Destroy()
            self.refused(self.create, f"<network><name>{mode}</name><forward mode='{mode}'>"
                         "<interface dev='absent'/></forward></network>", text="'absent'")
        self.refused(self.create, "<network><name>h</name><forward mode='hostdev' managed='yes'>"
                     "<pf dev='to-br'/></forward></network>", text='virtual functions')
        self.refused(self.create, "<network><name>h</name><forward mode='hostdev' managed='yes'>"
                     "<address type='pci' domain='0xfff' bus='0' slot='9' function='0'/></forward>"
                     "</network>", text='0fff:00:09.0')

    def test_a_bridge_of_its_own_making(self):
        network = self.started(
            "<network><name>n</name><forward mode='route'/>"
            "<bridge name='vb1' stp='on' delay='4'/><mtu size='1400'/>"
            "<mac address='52:54:00:aa:bb:cc'/>"
            "<ip address='10.77.1.1' netmask='255.255.255.128'/>"
            "<ip address='10.77.2.1' prefix='28'/>"
            "<ip family='ipv6' address='fd00:1::1' prefix='64'/>"
            "<ip family='ipv6' address='fd00:2::1' prefix='80'/>"
            "<route address='10.88.0.0' prefix='16' gateway='10.77.1.2' metric='7'/>"
            "<route family='ipv6' address='fd00:88::' prefix='48' gateway='fd00:1::2'/></network>")
        shown = self.host.run('ip', '-d', 'address', 'show', 'vb1')
        for text in ('52:54:00:aa:bb:cc', 'mtu 1400', '10.77.1.1/25', '10.77.2.1/28', 'stp_state 1',
                     'forward_delay 400', 'fd00:1::1/64', 'fd00:2::1/80'):
            self.assertIn(text, shown)
        self.assertNotIn('tentative', shown)
        self.assertIn('10.88.0.0/16 via 10.77.1.2 dev vb1',
                      self.host.run('ip', 'route', 'show', 'metric', '7'))
        self.assertIn('fd00:88::/48 via fd00:1::2', self.host.run('ip', '-6', 'route'))
        network.Destroy()
        self.assertEqual(self.host.run('ip', 'route'), '')

    def test_many_at_once(self):
        def descriptors():
            self.client.ping()
            return len(os.listdir(f'/proc/{self.bed.service.pid}/fd'))

        networks = [self.define(name=f'n{i}', number=i) for i in range(100)]
        held = descriptors()
        for calls in 'Create', 'Destroy':
            serials = [network.begin(calls) for network in networks]
            for serial in serials:
                self.client.finish(serial, timeout=300)
            self.assertEqual(len(self.dnsmasq()), 100 if calls == 'Create' else 0)
        self.assertEqual(self.traces(), [])
        self.assertEqual(self.host.run('ip', 'route', 'show', 'table', 'all').count('vb'), 0)
        self.assertEqual(len(self.bed.files('data')), 100, 'their definitions')
        # Some folders stay open from their first use on; what each network kept would be a hundred.
        self.until(lambda: descriptors() <= held + 10, 30)

    def test_firewalld_out_of_reach(self):
        """test_network_host has one that listens."""
        zone = self.define(network_xml('z', 1).replace("<bridge", "<bridge zone='public'"))
        self.refused(zone.Create, text="zone 'public' of interface 'vb1' takes firewalld")
        self.host.run('nft', 'add table inet firewalld; add chain inet firewalld filter_INPUT')
        self.started()
        self.assertIn('firewalld runs', self.bed.words())

    def test_autostart(self):
        network = self.define()
        self.client.call(network.path, PROPERTIES, 'Set', NETWORK, 'Autostart', ('b', True),
                         signature='ssv')
        self.bed.stop()
        with contextlib.suppress(FileNotFoundError):  # as after a boot of the host
            os.unlink(self.bed.path('run/virtbus/qemu/autostarted'))
        self.bed.start()
        self.until(lambda: network.get('Active'))


class Paths(NetworksTest):
    """Who reaches whom."""

    def test_nat(self):
        outside = self.outside()
        network = self.started()
        guest = self.guest(network)
        address = self.lease(guest)[0].split('/')[0]
        self.assertTrue(guest.pings('192.0.2.2'))
        outside.run('ip', 'route', 'add', '10.77.7.0/24', 'via', '192.0.2.1')
        self.assertFalse(outside.pings(address), 'not from outside')
        self.assertTrue(guest.pings('10.77.7.1'))

    def test_nat_of_udp_and_tcp_hides_addresses(self):
        outside = self.outside()
        network = self.started(forward="<forward mode='nat'><nat><port start='2000' end='2010'/>"
                               '</nat></forward>')
        guest = self.guest(network)
        self.lease(guest)
        with subprocess.Popen(
            [*outside.wrapper, 'python3', '-c', 'import socket; s = socket.socket(); '
             "s.bind(('', 99)); s.listen(); print('up', flush=True); print(s.accept()[1])"],
            stdout=subprocess.PIPE, text=True,
        ) as server:
            server.stdout.readline()
            guest.run('python3', '-c', "import socket; socket.create_connection(('192.0.2.2', 99))")
            seen = server.stdout.read()
        self.assertRegex(seen, r"'192\.0\.2\.1', 20(0\d|10)\b")

    def test_route(self):
        outside = self.outside()
        network = self.started(forward="<forward mode='route'/>")
        guest = self.guest(network)
        address = self.lease(guest)[0].split('/')[0]
        self.assertFalse(guest.pings('192.0.2.2'), 'the way back is not known yet')
        outside.run('ip', 'route', 'add', '10.77.7.0/24', 'via', '192.0.2.1')
        self.assertTrue(guest.pings('192.0.2.2'))
        self.assertTrue(outside.pings(address))
        guest.run('ip', 'address', 'add', '10.66.0.1/32', 'dev', 'lo')
        outside.run('ip', 'route', 'add', '10.66.0.0/24', 'via', '192.0.2.1')
        self.host.run('ip', 'route', 'add', '10.66.0.0/24', 'via', address)
        done = guest.run('busybox', 'ping', '-c', '1', '-W', '1', '-I', '10.66.0.1', '192.0.2.2',
                         check=False)
        self.assertNotEqual(done.returncode, 0, 'a forged source')

    def test_isolated(self):
        outside = self.outside()
        network = self.started(forward='')
        guest, other = self.guest(network), self.guest(network, 'h')
        address, router = self.lease(guest)
        self.assertEqual(router, 'router= dns=10.77.7.1')
        self.assertTrue(other.run('true') == '')
        self.lease(other)
        self.assertTrue(other.pings(address.split('/')[0]))
        self.assertTrue(guest.pings('10.77.7.1'))
        self.host.run('busybox', 'sysctl', '-w', 'net.ipv4.ip_forward=1')
        guest.run('ip', 'route', 'add', 'default', 'via', '10.77.7.1')
        outside.run('ip', 'route', 'add', '10.77.7.0/24', 'via', '192.0.2.1')
        self.assertFalse(guest.pings('192.0.2.2'))
        self.assertFalse(outside.pings(address.split('/')[0]))

    def test_open(self):
        outside = self.outside()
        network = self.started(forward="<forward mode='open'/>")
        guest = self.guest(network)
        address = self.lease(guest)[0].split('/')[0]
        outside.run('ip', 'route', 'add', '10.77.7.0/24', 'via', '192.0.2.1')
        self.assertTrue(outside.pings(address))
        self.assertNotIn('virtbus', self.host.run('nft', 'list', 'ruleset'))

    def test_two_networks(self):
        first, second = self.started(name='a', number=1), self.started(name='b', number=2)
        one, two = self.guest(first, 'a'), self.guest(second, 'b')
        self.lease(one)
        address = self.lease(two)[0].split('/')[0]
        self.assertFalse(one.pings(address), 'networks under NAT are closed to each other')
        third = self.started(network_xml('c', 3, "<forward mode='route'/>"))
        three = self.guest(third, 'c')
        address = self.lease(three)[0].split('/')[0]
        self.assertTrue(one.pings(address))

    def test_ipv6(self):
        outside = self.outside()
        network = self.started(
            "<network><name>six</name><forward mode='nat'><nat ipv6='yes'/></forward>"
            "<bridge name='vb6' stp='off'/>"
            "<ip family='ipv6' address='fd00:77::1' prefix='64'/></network>")
        guest = self.guest(network)
        guest.run('busybox', 'sysctl', '-w', 'net.ipv6.conf.eth0.accept_ra=1')

        def address():
            found = re.search(r'inet6 (fd00:77:\S+)/64 scope global(.*)',
                              guest.run('ip', '-6', 'address', 'show', 'dev', 'eth0'))
            return found and 'tentative' not in found[2] and found[1]

        mine = self.until(address, 20)
        self.assertTrue(guest.pings('fd00:77::1'))
        self.assertTrue(guest.pings('2001:db8:2::2'))
        outside.run('ip', '-6', 'route', 'add', 'fd00:77::/64', 'via', '2001:db8:2::1')
        self.assertFalse(outside.pings(mine))

    def test_limits(self):
        network = self.started(network_xml(
            more="<bandwidth><inbound average='100' peak='200' burst='64'/>"
            "<outbound average='50' burst='16'/></bandwidth>"))
        self.assertIn('rate 819200bit ceil 1638Kbit',
                      self.host.run('tc', 'class', 'show', 'dev', 'vb7'))
        self.assertIn('limit rate over 50 kbytes/second burst 16 kbytes drop',
                      self.host.run('nft', 'list', 'ruleset'))
        guest = self.guest(network)
        address = self.lease(guest)[0].split('/')[0]
        source = ('import socket, time; s = socket.socket(); s.settimeout(20); '
                  "s.connect(('%s', 99)); s.sendall(bytes(%d)); s.shutdown(1); s.recv(1)")
        sink = ("import socket; s = socket.socket(); s.bind(('', 99)); s.listen(); "
                "print('up', flush=True); c = s.accept()[0]\nwhile c.recv(65536): pass")
        for end, other, target in (guest, self.host, address), (self.host, guest, '10.77.7.1'):
            with subprocess.Popen([*end.wrapper, 'python3', '-c', sink],
                                  stdout=subprocess.PIPE) as server:
                server.stdout.readline()
                begun = time.monotonic()
                other.run('python3', '-c', source % (target, 300000))
                self.assertGreater(time.monotonic() - begun, 1)

    def test_a_policy_of_drop(self):
        self.outside()
        self.host.run('nft', 'add table ip docker; add chain ip docker FORWARD '
                      '{ type filter hook forward priority 0; policy drop; }')
        network = self.started()
        guest = self.guest(network)
        self.lease(guest)
        self.assertFalse(guest.pings('192.0.2.2'))
        self.assertIn("chain 'ip docker FORWARD' of nftables drops", self.bed.words())
        self.host.run('nft', 'add rule ip docker FORWARD iifname vb7 accept; '
                      'add rule ip docker FORWARD oifname vb7 accept')
        self.assertTrue(guest.pings('192.0.2.2'))
        network.Destroy()
        self.assertIn('docker', self.host.run('nft', 'list', 'ruleset'))


class Names(NetworksTest):
    def test_static_hosts(self):
        network = self.started(
            network_xml(
                more="<domain name='lan.example' localOnly='yes'/>"
                "<dns><host ip='10.77.7.9'><hostname>printer</hostname></host>"
                "<txt name='note' value='some text'/>"
                "<srv service='ldap' protocol='tcp' domain='lan.example' target='dc.lan.example' "
                "port='389'/></dns>",
                dhcp="<host mac='52:54:00:00:00:01' name='db' ip='10.77.7.50'/>"))
        guest = self.guest(network)
        guest.run('ip', 'link', 'set', 'eth0', 'address', '52:54:00:00:00:01')
        self.assertEqual(self.lease(guest)[0], '10.77.7.50/24')
        self.assertIn('10.77.7.50', self.resolve(guest, '10.77.7.1', 'db.lan.example'))
        self.assertIn('10.77.7.9', self.resolve(guest, '10.77.7.1', 'printer'))
        self.assertIn('some text', self.resolve(guest, '10.77.7.1', 'note', 'TXT'))
        self.assertIn('389', self.resolve(guest, '10.77.7.1', '_ldap._tcp.lan.example', 'SRV'))

    def test_hostile_names(self):
        network = self.started()
        for i, name in enumerate(('a b', '../../etc', 'x' * 200, '\xff\xfe', '*', 'a;reboot',
                                  'duid', '-')):
            guest = self.guest(network, f'g{i}')
            self.lease(guest, '-x', f'0x0c:{name.encode("latin-1").hex()}')
        entries = network.GetDHCPLeases('', 0)
        self.assertEqual(len(entries), 8)
        for entry in entries:
            self.assertRegex(entry[7], r'^[A-Za-z0-9._-]*$')

    def test_leases_outlive(self):
        network = self.started()
        guest = self.guest(network)
        first = self.lease(guest)[0]
        network.Destroy()
        network.Create()
        self.host.run('ip', 'link', 'set', 'to-g', 'master', 'vb7')
        guest.run('ip', 'address', 'flush', 'dev', 'eth0')
        self.assertEqual(len(network.GetDHCPLeases('', 0)), 1)
        self.assertEqual(self.lease(guest)[0], first)

    def test_a_lease_file_cut_in_half(self):
        network = self.started()
        self.lease(self.guest(network))
        [path] = [name for name in self.bed.files('data') if name.endswith('.leases')]
        path = self.bed.path(path)
        with open(path, encoding='ascii') as file:
            whole = file.read()
        later = int(time.time()) + 1000
        for text, wanted in (
            (whole[:-10], 0),
            (whole + whole[:20], 1),
            ('\0\xff garbage\n1 2\n\n' + whole, 1),
            (f'{later} 52:54:00:00:00:09 10.77.7.300 x *\n', 0),
            (f'{later} 52:54:00:00:00:09 10.77.7.30 bad\x01name *\n', 1),
            ('1 52:54:00:00:00:09 10.77.7.30 x *\n', 0),
            (f'0 52:54:00:00:00:09 10.77.7.30 x *\nduid 00:01\n{later} 77 fd00::9 v6 '
             '00:01:00:01:2d:2d:2d:2d:52:54:00:00:00:0a\n', 2),
        ):
            with open(path, 'w', encoding='latin-1') as file:
                file.write(text)
            found = network.GetDHCPLeases('', 0)
            self.assertEqual(len(found), wanted, text)
        self.assertEqual(found[0][1:9], (0, 0, '52:54:00:00:00:09', '', '10.77.7.30', 24, 'x', ''))
        self.assertEqual(found[1][2:6], (1, '52:54:00:00:00:0a', '77', 'fd00::9'))


class Updates(NetworksTest):
    def test_hosts(self):
        network = self.started()
        [pid] = self.dnsmasq()
        guest = self.guest(network)
        guest.run('ip', 'link', 'set', 'eth0', 'address', '52:54:00:00:00:01')
        host = "<host mac='52:54:00:00:00:01' name='db' ip='10.77.7.60'/>"
        network.Update(ADD_LAST, SECTION_HOST, -1, host, LIVE)
        self.assertIn('10.77.7.60', network.xml)
        self.assertNotIn('10.77.7.60', network.GetXMLDesc(1))
        self.assertEqual(self.dnsmasq(), [pid])
        self.assertEqual(self.lease(guest)[0], '10.77.7.60/24')
        self.assertIn('10.77.7.60', self.resolve(guest, '10.77.7.1', 'db'))
        network.Update(ADD_LAST, SECTION_DNS_HOST, -1,
                       "<host ip='10.77.7.61'><hostname>extra</hostname></host>", LIVE | CONFIG)
        self.until(lambda: '10.77.7.61' in self.resolve(guest, '10.77.7.1', 'extra'))
        self.assertEqual(self.dnsmasq(), [pid])
        self.bed.restart()
        self.assertIn('10.77.7.60', network.xml)
        network.Destroy()
        self.assertNotIn('10.77.7.60', network.xml)
        self.assertIn('10.77.7.61', network.xml)

    def test_ranges(self):
        network = self.started()
        [pid] = self.dnsmasq()
        guest = self.guest(network)
        network.Update(DELETE, SECTION_RANGE, -1,
                       "<range start='10.77.7.100' end='10.77.7.200'/>", LIVE)
        network.Update(ADD_LAST, SECTION_RANGE, -1,
                       "<range start='10.77.7.30' end='10.77.7.31'/>", LIVE)
        self.assertNotEqual(self.dnsmasq(), [pid])
        self.assertEqual(len(self.dnsmasq()), 1)
        self.assertIn(self.lease(guest)[0], ('10.77.7.30/24', '10.77.7.31/24'))

    def test_one_that_fails(self):
        network = self.started()
        before = network.xml
        self.refused(network.Update, ADD_LAST, SECTION_RANGE, -1,
                     "<range start='10.99.7.150' end='10.99.7.160'/>", LIVE)
        self.refused(network.Update, ADD_LAST, SECTION_DNS_TXT, -1,
                     "<txt name='a' value='b&#10;dhcp-script=/bin/sh'/>", LIVE)
        self.assertEqual(network.xml, before)
        self.assertTrue(self.lease(self.guest(network)))

    def test_a_dnsmasq_that_refuses(self):
        network = self.started()
        before = network.xml
        self.refused(network.Update, ADD_LAST, SECTION_DNS_TXT, -1,
                     f"<txt name='a' value='{'x' * 300},{'y' * 2000}'/>", LIVE)
        self.assertEqual(network.xml, before)
        self.assertEqual(len(self.dnsmasq()), 1)
        self.assertTrue(self.lease(self.guest(network)))


class Faults(NetworksTest):
    def test_restart_of_the_service(self):
        outside = self.outside()
        network = self.started()
        [pid] = self.dnsmasq()
        guest = self.guest(network)
        self.lease(guest)
        handles = self.host.run('nft', '-a', 'list', 'ruleset')
        with subprocess.Popen(
            [*guest.wrapper, 'busybox', 'ping', '-c', '200', '-i', '0.01', '192.0.2.2'],
            stdout=subprocess.PIPE, text=True,
        ) as ping:
            for _ in range(3):
                self.bed.restart()
            shown = ping.stdout.read()
        self.assertIn(' 0% packet loss', shown)
        self.assertEqual(self.dnsmasq(), [pid])
        self.assertEqual(self.host.run('nft', '-a', 'list', 'ruleset'), handles)
        self.assertTrue(network.get('Active'))
        self.assertEqual(len(network.GetDHCPLeases('', 0)), 1)
        del outside
        network.Destroy()
        self.assertEqual(self.traces(), [])

    def test_transient_one_over_a_restart(self):
        network = self.create(network_xml())
        self.bed.restart()
        self.assertTrue(network.get('Active'))
        self.assertFalse(network.get('Persistent'))
        network.Destroy()

    def test_what_ended_while_we_were_away(self):
        network = self.started()
        [pid] = self.dnsmasq()
        self.bed.kill()
        os.kill(pid, signal.SIGKILL)
        self.host.run('nft', 'flush', 'ruleset')
        self.bed.start()
        [again] = self.until(self.dnsmasq)
        self.assertNotEqual(again, pid)
        self.assertIn('virtbus_vb7', self.host.run('nft', 'list', 'ruleset'))
        self.assertTrue(self.lease(self.guest(network)))
        self.bed.kill()
        self.host.run('ip', 'link', 'del', 'vb7')
        self.bed.start()
        self.assertFalse(network.get('Active'))
        self.until(lambda: not self.dnsmasq())
        self.assertEqual(self.traces(), [])

    def test_nftables_flushed(self):
        network = self.started()
        other = self.started(name='other', number=8)
        rules = self.host.run('nft', 'list', 'ruleset')
        for flush in ('flush ruleset', 'flush table inet virtbus_vb7',
                      'delete table inet virtbus_vb7',
                      'flush chain inet virtbus_vb7 nat', 'add rule inet virtbus_vb7 in accept'):
            handles = self.host.run('nft', '-a', 'list', 'ruleset')
            self.host.run('nft', flush)
            self.until(lambda: self.host.run('nft', '-a', 'list', 'ruleset') != handles and
                       sorted(self.host.run('nft', 'list', 'ruleset').split('table'))
                       == sorted(rules.split('table')))
        self.assertTrue(network.get('Active') and other.get('Active'))
        other.Destroy()
        time.sleep(0.3)
        self.assertNotIn('virtbus_vb8', self.host.run('nft', 'list', 'ruleset'))

    def test_dnsmasq_killed(self):
        network = self.started()
        for _ in range(3):
            [pid] = self.until(self.dnsmasq)
            os.kill(pid, signal.SIGKILL)
            self.until(lambda: self.dnsmasq() not in ([], [pid]))
        self.assertTrue(self.lease(self.guest(network), tries=10))
        [pid] = self.dnsmasq()
        os.kill(pid, signal.SIGKILL)
        network.Destroy()
        time.sleep(0.3)
        self.assertEqual(self.traces(), [])

    def test_a_frozen_dnsmasq(self):
        network = self.started()
        [pid] = self.dnsmasq()
        os.kill(pid, signal.SIGSTOP)
        serial = network.begin('Destroy')
        self.client.ping()
        self.client.finish(serial)
        self.assertEqual(self.traces(), [])

    def test_the_bridge_of_another(self):
        """One of the same name that isn't ours stays."""
        network = self.started()
        self.host.run('ip', 'link', 'del', 'vb7')
        self.host.run('ip', 'link', 'add', 'vb7', 'type', 'bridge')
        network.Destroy()
        self.assertIn('vb7', self.host.run('ip', 'link'))
        self.host.run('ip', 'link', 'del', 'vb7')

    def test_it_stays_while_a_network_is_active(self):
        self.bed.stop()
        self.bed.command = [*self.bed.command, '--idle-exit=1']
        self.bed.start()
        network = self.started()
        time.sleep(3)
        self.assertIsNone(self.bed.service.poll())
        network.Destroy()
        network.Undefine()
        self.assertEqual(self.bed.service.wait(10), 0)
        self.bed.start()

    def test_without_privileges(self):
        self.bed.stop()
        self.bed.command = ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin',
                            *self.bed.command]
        self.bed.start()
        network = self.define()
        self.refused(network.Create, text='lacks CAP_NET_ADMIN')


class System(NetworksTest):
    """As the system's service, with all files below a folder."""

    def setUp(self):
        super().setUp()
        self.bed.stop()
        os.chmod(self.bed.folder, 0o711)
        os.makedirs(self.bed.path('root/var/lib'))  # as on a real one, all may pass there
        self.bed.command = [*self.wrapper, SERVICE, '--system', f'--root={self.bed.path("root")}']
        self.bed.environment['DBUS_SYSTEM_BUS_ADDRESS'] = self.bed.address

    def networks(self):
        return [Network(self.client, path)
                for path in self.client.call(ROOT, CONNECT, 'ListNetworks', 0, signature='u')]

    def test_default(self):
        self.bed.start()
        [network] = self.networks()
        self.assertEqual(network.get('Name'), 'default')
        self.assertEqual(network.bridge, 'virbr0')
        self.assertFalse(network.get('Active'))
        self.assertFalse(network.get('Autostart'))
        network.Create()
        network.Update(ADD_LAST, SECTION_HOST, -1,
                       "<host mac='52:54:00:00:00:01' name='db' ip='192.168.122.9'/>", LIVE)
        [pid] = self.dnsmasq()
        with open(f'/proc/{pid}/status', encoding='ascii') as file:
            self.assertNotEqual(re.search(r'^Uid:\t(\d+)', file.read(), re.M)[1], '0')
        guest = self.guest(network)
        guest.run('ip', 'link', 'set', 'eth0', 'address', '52:54:00:00:00:01')
        self.assertEqual(self.lease(guest, tries=12)[0], '192.168.122.9/24')
        self.bed.restart()
        self.assertEqual(self.dnsmasq(), [pid])
        network.Destroy()
        network.Undefine()
        self.bed.stop()
        self.bed.start()
        self.assertEqual(self.networks(), [], 'it is defined once')

    def test_default_on_a_subnet_in_use(self):
        self.host.run('ip', 'link', 'add', 'to-lan', 'type', 'veth', 'peer', 'name', 'to-lan2')
        self.host.run('ip', 'address', 'add', '192.168.122.40/24', 'dev', 'to-lan')
        self.bed.start()
        [network] = self.networks()
        self.refused(network.Create, text="already in use by interface 'to-lan'")
        self.assertFalse(network.get('Active'))


@unittest.skipUnless(shutil.which('strace'), 'strace is not installed')
class Killed(NetworksTest):
    """kill -9 of the service at each of its system calls of a kind."""

    seconds = 400
    kinds = ('openat', 'write', 'renameat', 'sendto', 'sendmsg', 'clone,fork,vfork', 'unlink,'
             'unlinkat', 'inotify_add_watch', 'pidfd_send_signal', 'waitid')

    @contextlib.contextmanager
    def tampered(self, kind, n, how):
        tracer = subprocess.Popen(
            ['strace', '-p', str(self.bed.service.pid), '-e', f'trace={kind}', '-o', '/dev/null']
            + ['-e', f'inject={kind}:{how}:when={n}'],
            stderr=subprocess.PIPE, text=True,
        )
        self.assertIn('attached', tracer.stderr.readline())
        try:
            yield
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.wait(10)
            tracer.stderr.close()

    def everywhere(self, member, active):
        network = self.define()
        other = self.started(name='other', number=8)
        [pid] = self.dnsmasq()
        kills = 0
        for kind in self.kinds:
            n = 1
            while True:
                if network.get('Active') == active:
                    network.call('Destroy' if active else 'Create')
                with self.tampered(kind, n, 'signal=KILL'):
                    try:
                        network.call(member)
                        done = True
                    except BusError as error:
                        self.assertIn('NoReply', error.name)
                        done = False
                if done:  # what follows the reply may have met it
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        self.bed.service.wait(0.1)
                        done = False
                if not done:
                    self.bed.service.wait()
                    self.bed.start()
                    kills += 1
                with self.subTest(kind=kind, n=n):
                    self.check(network, other, pid, active if done else None)
                if done:
                    break
                n += 1 if n < 12 else 3
        return kills

    def check(self, network, other, pid, active):
        now = network.get('Active')
        if active is not None:
            self.assertEqual(now, active)
        self.assertTrue(other.get('Active'))
        wanted = 2 if now else 1
        self.until(lambda: len(self.dnsmasq()) == wanted)
        self.assertIn(pid, self.dnsmasq())
        traces = self.traces()
        self.assertEqual(sorted(one for one in traces if str(one).startswith('vb')),
                         ['vb7', 'vb8'] if now else ['vb8'])
        self.assertEqual(sum('virtbus_vb' in str(one) for one in traces), wanted)
        self.assertEqual(len(self.bed.files('run')), wanted)

    def test_start(self):
        self.assertGreaterEqual(self.everywhere('Create', True), 20)

    def test_a_kernel_that_refuses(self):
        """Each of the messages to rtnetlink and nftables that make a network, and what dnsmasq is
        held by until its turn."""
        network, refusals = self.define(), 0
        for n in range(1, 25):
            with self.subTest(n=n), self.tampered('sendto', n, 'error=EPERM'):
                try:
                    network.Create()
                    network.Destroy()
                except BusError as error:
                    self.assertRegex(error.message, 'not permitted|cannot run')
                    refusals += 1
            self.until(lambda: self.traces() == [])
        self.assertGreaterEqual(refusals, 5)
        network.Create()

    def test_destroy(self):
        self.assertGreaterEqual(self.everywhere('Destroy', False), 8)
