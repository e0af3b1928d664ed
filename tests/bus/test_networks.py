# SPDX-License-Identifier: LGPL-2.1-or-later
"""Virtual networks for real: bridges, dnsmasq and nftables in network namespaces of the test's own,
with clients that ask for addresses and names, and that send packets."""
import contextlib
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import time
import unittest

from harness import CALL_TIME, CONNECT, PROPERTIES, ROOT, BusError, BusTest, descendants, reap

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
echo "lease $ip/$mask $router $dns $hostname"
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
        return found + self.ours() + self.bed.files('run')

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
        self.assertTrue(lease[1].startswith('10.77.7.1'), lease)
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
