# SPDX-License-Identifier: LGPL-2.1-or-later
"""How guests join networks, with real packets: a Linux guest under TCG in a network namespace of
the test's own."""
import os
import re
import shutil
import subprocess
import time
import unittest

import harness
from harness import DOMAIN, GUESTS, QEMU, RUNNING, BusError, BusTest, Domain

LIVE, CONFIG = 1, 2
NETWORK = 'org.libvirt.Network'
HERE = os.path.dirname(os.path.realpath(__file__))


def linux():
    """The kernel and the initrd of the guest; both None where they can't be made."""
    if not os.path.exists(os.path.join(GUESTS, 'vmlinuz')):
        subprocess.run(
            [os.path.join(HERE, '../guests/linux'), GUESTS], check=False, capture_output=True
        )
    files = [os.path.join(GUESTS, name) for name in ('vmlinuz', 'initrd')]
    return files if all(os.path.exists(name) for name in files) else (None, None)


@unittest.skipUnless(
    os.geteuid() == 0 and shutil.which('ip') and os.path.exists('/dev/net/tun'),
    'needs root, ip and /dev/net/tun',
)
class Joins(BusTest):
    def setUp(self):
        self.kernel, self.initrd = linux()
        if not self.kernel:
            self.skipTest('the Linux guest could not be made')
        with subprocess.Popen(
            ['unshare', '--net', 'sh', '-c', 'echo; read line'],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as maker:
            if not maker.stdout.readline():
                self.skipTest('no network namespace can be made here')
            namespace = os.open(f'/proc/{maker.pid}/ns/net', os.O_RDONLY)
        self.addCleanup(os.close, namespace)  # with the descriptor it goes
        self.wrapper = ['nsenter', f'--net=/proc/{os.getpid()}/fd/{namespace}']
        self.run_in('ip', 'link', 'set', 'lo', 'up')
        super().setUp()

    def run_in(self, *words, **options):
        """A program of the host, in the namespace; its output."""
        command = [*self.wrapper, *words]
        options = {'check': True, 'capture_output': True, 'text': True, **options}
        return subprocess.run(command, **options).stdout

    def links(self):
        found = self.run_in('ip', '-o', 'link')
        return [re.match(r'\d+: ([^:@]+)', line)[1] for line in found.splitlines()]

    def bridge(self, name='br0', address='192.168.77.1/24'):
        self.run_in('ip', 'link', 'add', name, 'type', 'bridge')
        self.run_in('ip', 'addr', 'add', address, 'dev', name)
        self.run_in('ip', 'link', 'set', name, 'up')

    def guest(self, name, devices=''):
        """A running guest, and its console."""
        domain = self.bed.client.define(
            f"<domain type='qemu'><name>{name}</name><memory unit='MiB'>128</memory><vcpu>1</vcpu>"
            f"<os><type arch='x86_64' machine='pc'>hvm</type><kernel>{self.kernel}</kernel>"
            f"<initrd>{self.initrd}</initrd><cmdline>console=ttyS0 quiet</cmdline></os>"
            f"<features><acpi/></features><devices><emulator>{QEMU}</emulator>"
            f"<serial type='pty'/><memballoon model='none'/>{devices}</devices></domain>"
        )
        domain.Create(0)
        return domain, Guest(domain.console())

    def attach(self, domain, xml, flags=LIVE):
        return self.bed.client.call(domain.path, DOMAIN, 'AttachDevice', xml, flags, signature='su')

    def detach(self, domain, xml, flags=LIVE):
        return self.bed.client.call(domain.path, DOMAIN, 'DetachDevice', xml, flags, signature='su')

    def update(self, domain, xml, flags=LIVE):
        return self.bed.client.call(domain.path, DOMAIN, 'UpdateDevice', xml, flags, signature='su')

    def device_events(self):
        return [
            (one.member, one.body[-1])
            for one in self.bed.client.signals
            if one.member.startswith('Device')
        ]


class Guest:
    """What runs in a guest, by its serial port."""

    def __init__(self, console):
        self.console = console
        self.console.until(b'waiting for its power button', 40)

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


class Hotplug(Joins):
    def test_interface_comes_and_goes(self):
        self.bridge()
        domain, guest = self.guest('one')
        net = (
            "<interface type='bridge'><mac address='52:54:00:00:77:02'/><source bridge='br0'/>"
            "<model type='virtio'/></interface>"
        )
        self.attach(domain, net, LIVE | CONFIG)
        self.assertIn('vnet0', self.links())
        self.assertIn("<target dev='vnet0'/>", domain.xml)
        self.assertIn("<alias name='net0'/>", domain.xml)
        self.assertIn('52:54:00:00:77:02', domain.call('GetXMLDesc', 2))
        guest.must('for i in 1 2 3 4 5 6 7 8 9; do [ -e /sys/class/net/eth0 ] || sleep 0.3; done')
        guest.must('ip addr add 192.168.77.2/24 dev eth0; ip link set eth0 up')
        guest.must('ping -c 2 -W 5 192.168.77.1')
        self.update(domain, net.replace('<model', "<link state='down'/><model"))
        guest.run('sleep 0.5')
        self.assertNotEqual(guest.run('ping -c 1 -W 1 192.168.77.1')[1], 0)
        self.update(domain, net)
        guest.must('ping -c 2 -W 5 192.168.77.1')
        self.bed.restart()
        guest = Guest.__new__(Guest)
        guest.console = domain.console()
        self.detach(domain, net)
        self.assertNotIn('vnet0', self.links())
        self.assertNotIn('<interface', domain.xml)
        self.assertIn('<interface', domain.call('GetXMLDesc', 2))
        guest.run('true')
        self.assertEqual(guest.run('[ -e /sys/class/net/eth0 ]')[1], 1)
        domain.Destroy(0)


del Joins
