# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tests of joining have in common: Linux guests under TCG, in a network namespace of the
test's own."""
import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from harness import CONNECT, DOMAIN, GUESTS, QEMU, ROOT, BusError, BusTest
from test_networks import NETWORK, Namespace, Network, network_xml

LIVE, CONFIG = 1, 2
HERE = os.path.dirname(os.path.realpath(__file__))
MAC = '52:54:00:00:77:02'


def linux():
    """The kernel and the initrd of the guest; None where they can't be made."""
    made = os.path.join(HERE, '../guests/linux')
    done = subprocess.run([made, GUESTS], check=False, capture_output=True)
    files = [os.path.join(GUESTS, name) for name in ('vmlinuz', 'initrd')]
    return files if done.returncode == 0 and all(map(os.path.exists, files)) else None


class Guest:
    """What runs in a guest, by its serial port."""

    def __init__(self, domain):
        self.domain = domain
        self.console = domain.console()

    def booted(self):
        self.console.until(b'waiting for its power button', 40)
        return self

    def reopen(self):
        """Of a service that was started anew."""
        self.console.close()
        self.console = self.domain.console()

    def run(self, command, timeout=20):
        """The output of a command and its exit status."""
        self.console.send(f'run {command}\n'.encode())
        self.console.until(b'run ', timeout)  # its echo
        self.console.until(b'\n', timeout)
        output = self.console.until(b'guest: it ended with ', timeout).decode(errors='replace')
        return output.replace('\r', ''), int(self.console.until(b'.', timeout))

    def must(self, command, timeout=20):
        output, status = self.run(command, timeout)
        if status:
            raise AssertionError(f'{command!r} ended with {status} in the guest: {output}')
        return output

    def pings(self, address, count=1, wait=2):
        return self.run(f'ping -q -c {count} -W {wait} {address}')[1] == 0

    def address(self, address, device='eth0'):
        self.must(f'ip addr flush dev {device}; ip addr add {address}/24 dev {device}')
        self.must(f'ip link set {device} up')

    def device(self, name, there=True):
        """Waits until it has come or gone."""
        word = '' if there else '!'
        self.must(f'for i in $(seq 20); do [ {word} -e /sys/class/net/{name} ] && break; '
                  f'sleep 0.2; done; [ {word} -e /sys/class/net/{name} ]')

    def dhcp(self):
        """The address that it is given."""
        self.device('eth0')
        output = self.must('ip link set eth0 up && udhcpc -n -q -t 10 -T 1 -i eth0 '
                           '-s /etc/udhcpc/default.script 2>&1', 30)
        return re.search(r'lease of ([0-9.]+) ', output)[1]


@unittest.skipUnless(
    os.geteuid() == 0
    and all(map(shutil.which, ('ip', 'nft', 'dnsmasq', 'busybox')))
    and os.path.exists('/dev/net/tun'),
    'needs root, ip, nft, dnsmasq, busybox and /dev/net/tun',
)
class Joins(BusTest):
    def setUp(self):
        made = linux()
        if not made:
            self.skipTest('the Linux guest could not be made')
        self.kernel, self.initrd = made
        self.host = Namespace()
        self.addCleanup(self.host.close)
        self.wrapper = self.host.wrapper
        self.begin()
        super().setUp()

    def begin(self):
        """What must be there before the service."""

    def folder(self):
        """One of the test's own."""
        made = tempfile.mkdtemp(prefix='virtbus-joins-')
        self.addCleanup(shutil.rmtree, made, ignore_errors=True)
        return os.path.join(made, 'folder')

    def end(self):
        for path in self.client.call(ROOT, CONNECT, 'ListDomains', 1, signature='u'):
            self.client.call(path, DOMAIN, 'Destroy', 0)
        for path in self.client.call(ROOT, CONNECT, 'ListNetworks', 0, signature='u'):
            with contextlib.suppress(BusError):
                self.client.call(path, NETWORK, 'Destroy')
            with contextlib.suppress(BusError):
                self.client.call(path, NETWORK, 'Undefine')
        rules = self.host.run('nft', 'list', 'tables')
        super().end()
        self.assertEqual(rules, '', 'what is left of rules')

    def links(self):
        found = self.host.run('ip', '-o', 'link')
        return [re.match(r'\d+: ([^:@]+)', line)[1] for line in found.splitlines()]

    def bridge(self, name='br0', address='192.168.77.1/24'):
        self.host.run('ip', 'link', 'add', name, 'type', 'bridge')
        self.host.run('ip', 'addr', 'add', address, 'dev', name)
        self.host.run('ip', 'link', 'set', name, 'up')

    def outside(self):
        """Another host, which knows the way back."""
        outside = Namespace()
        self.addCleanup(outside.close)
        self.host.link('out', outside, 'in')
        self.host.run('ip', 'addr', 'add', '10.9.9.1/24', 'dev', 'out')
        outside.run('ip', 'addr', 'add', '10.9.9.2/24', 'dev', 'in')
        outside.run('ip', 'route', 'add', '10.77.7.0/24', 'via', '10.9.9.1')
        return outside

    def network(self, **options):
        path = self.client.call(ROOT, CONNECT, 'NetworkCreateXML', network_xml(**options),
                                signature='s')
        return Network(self.client, path)

    def guest(self, name, devices='', more='', words=''):
        """A guest on its way up."""
        domain = self.client.define(
            f"<domain type='qemu'><name>{name}</name><memory unit='MiB'>128</memory><vcpu>1</vcpu>"
            f"<os><type arch='x86_64' machine='pc'>hvm</type><kernel>{self.kernel}</kernel>"
            f"<initrd>{self.initrd}</initrd>"
            f"<cmdline>console=ttyS0 quiet no_timer_check{words}</cmdline></os>"
            f"{more}<features><acpi/></features><devices><emulator>{QEMU}</emulator>"
            f"<serial type='pty'/><memballoon model='none'/>{devices}</devices></domain>"
        )
        domain.Create(0)
        return Guest(domain)

    def device(self, verb, guest, xml, flags=LIVE):
        """A device that goes is gone then: a slow guest lets go of it after the reply."""
        before = self.gone()
        self.client.call(guest.domain.path, DOMAIN, f'{verb}Device', xml, flags, signature='su')
        if verb == 'Detach' and flags & LIVE:
            self.until(lambda: self.gone() > before, 60)

    def gone(self):
        self.client.ping()
        return sum(one.member == 'DeviceRemoved' for one in self.client.signals)

    def addresses(self, guest, source):
        return self.client.call(guest.domain.path, DOMAIN, 'InterfaceAddresses', source, 0,
                                signature='uu')

    def until(self, what, seconds=10):
        deadline = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), deadline, 'it never came to be')
            time.sleep(0.02)

    def device_events(self):
        return [
            (one.member, one.body[-1])
            for one in self.client.signals
            if one.member in ('DeviceAdded', 'DeviceRemoved')
        ]


def interface(kind, source, more='', mac=MAC):
    return (f"<interface type='{kind}'><mac address='{mac}'/>{source}<model type='virtio'/>"
            f"{more}</interface>")
