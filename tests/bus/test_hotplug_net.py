# SPDX-License-Identifier: LGPL-2.1-or-later
"""Interfaces with a process of their own at the other end, in guests that run: passt, and a switch
that speaks vhost-user."""
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import unittest

from harness import DOMAIN, SHUTOFF, descendants, reap
from joining import CONFIG, LIVE, MAC, Joins, interface

HERE = os.path.dirname(os.path.realpath(__file__))
SHARED = "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>"
FORWARD = ("<backend type='passt'/><portForward proto='tcp' address='127.0.0.1'>"
           "<range start='2222' to='22'/></portForward>")


class Plugged(Joins):
    def running(self, program):
        """The processes of ours that run a program."""
        found = []
        reap({self.bed.bus.pid, self.bed.service.pid})
        for pid in descendants(os.getpid()):
            with contextlib.suppress(OSError), open(f'/proc/{pid}/cmdline', 'rb') as file:
                name = os.path.basename(file.read().split(b'\0')[0]).decode()
                if name.startswith(program):
                    found.append(pid)
        return found


@unittest.skipUnless(shutil.which('passt'), 'needs passt')
class Passt(Plugged):
    def setUp(self):
        super().setUp()
        self.outside()
        self.host.run('ip', 'route', 'add', 'default', 'via', '10.9.9.2')

    def reaches(self, guest, text):
        """A port of the host leads into the guest."""
        guest.must('rm -f /got; nc -l -p 22 < /dev/null > /got 2>&1 &')
        talk = ('import socket, time; s = socket.create_connection(("127.0.0.1", 2222), 10); '
                f's.sendall(b"{text}"); time.sleep(1)')
        self.host.run('python3', '-c', talk)
        self.until(lambda: text in guest.must('cat /got'), 60)

    def test_it_comes_and_goes(self):
        guest = self.guest('one').booted()
        xml = guest.domain.GetXMLDesc
        net = interface('user', '', FORWARD)
        self.device('Attach', guest, net, LIVE | CONFIG)
        self.assertIn("<backend type='passt'/>", xml(0))
        self.assertIn(MAC, xml(2))
        self.assertEqual(self.device_events(), [('DeviceAdded', 'net0')])
        self.assertEqual(len(self.running('passt')), 1)
        guest.dhcp()
        self.assertTrue(guest.pings('10.9.9.1', 2))
        self.reaches(guest, 'it is open')
        self.refused(self.device, 'Update', guest, interface('user', ''), text='backend')
        self.bed.restart()
        guest.reopen()
        self.assertEqual(len(self.running('passt')), 1)
        self.reaches(guest, 'still open')
        self.device('Detach', guest, net)
        self.until(lambda: not self.running('passt'), 60)
        self.assertNotIn('<interface', xml(0))
        guest.device('eth0', False)
        self.device('Attach', guest, net)
        guest.dhcp()
        self.reaches(guest, 'open again')
        guest.domain.Destroy(0)
        self.until(lambda: not self.running('passt'), 60)

    def test_it_comes_to_nothing(self):
        """The service dies while QEMU doesn't listen; or QEMU does."""
        guest = self.guest('one').booted()
        net = interface('user', '', FORWARD)
        [pid] = self.bed.guests('one')
        os.kill(pid, signal.SIGSTOP)
        self.client.begin(guest.domain.path, DOMAIN, 'AttachDevice', net, LIVE, signature='su')
        self.until(lambda: self.running('passt'), 60)
        self.bed.kill()
        os.kill(pid, signal.SIGCONT)
        self.bed.start()
        self.until(lambda: '<interface' not in guest.domain.GetXMLDesc(0), 60)
        self.until(lambda: not self.running('passt'), 60)
        os.kill(pid, signal.SIGSTOP)
        serial = self.client.begin(guest.domain.path, DOMAIN, 'AttachDevice', net, LIVE,
                                   signature='su')
        self.until(lambda: self.running('passt'), 60)
        os.kill(pid, signal.SIGKILL)
        self.refused(self.client.finish, serial)
        self.until(lambda: guest.domain.state == SHUTOFF, 60)
        self.until(lambda: not self.running('passt'), 60)

    def test_what_is_refused_leaves_nothing(self):
        guest = self.guest('one').booted()
        absent = interface('user', '', FORWARD).replace('virtio', 'absent')
        self.refused(self.device, 'Attach', guest, absent)
        self.until(lambda: not self.running('passt'), 60)
        self.assertNotIn('<interface', guest.domain.GetXMLDesc(0))


class VhostUser(Plugged):
    """A switch in a process of its own, which maps the memory of its guests."""

    switch = [os.path.join(HERE, '../guests/vhost-switch')]

    def setUp(self):
        super().setUp()
        folder = tempfile.mkdtemp(prefix='virtbus-vhost-')
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.sockets = [os.path.join(folder, name) for name in 'ab']
        self.log = open(os.path.join(folder, 'log'), 'w+', encoding='utf-8')
        self.addCleanup(self.log.close)
        process = subprocess.Popen(self.command(), stdin=subprocess.PIPE, stdout=self.log,
                                   stderr=self.log)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdin.close)
        self.addCleanup(self.show)
        self.until(lambda: all(map(os.path.exists, self.sockets)) or process.poll() is not None, 60)
        if process.poll() is not None:
            self.log.seek(0)
            self.skipTest(f'SKIPPED: no switch: {self.log.read()[-300:]}')

    def show(self):
        """What the switch said that ended too early."""
        self.log.seek(0)
        said = self.log.read()
        if 'Traceback' in said or 'EAL: Error' in said:
            self.fail(f'the switch: {said[-2000:]}')

    def command(self):
        return [*self.switch, *self.sockets]

    def interface(self, i, more='', mode='client'):
        return interface('vhostuser', f"<source type='unix' path='{self.sockets[i]}' "
                         f"mode='{mode}'/>", more, MAC[:-1] + str(i))

    def pair(self, *devices):
        """Without message-signalled interrupts: with them QEMU 7.2 under TCG crashes as soon as a
        guest begins to use a card of vhost."""
        guests = [self.guest(f'guest{i}', one, SHARED, ' pci=nomsi')
                  for i, one in enumerate(devices)]
        for guest in guests:
            guest.booted()
        return guests

    def talk(self, guests):
        for i, guest in enumerate(guests):
            guest.device('eth0')
            guest.address(f'10.1.1.{i + 1}')
        self.assertTrue(guests[0].pings('10.1.1.2', 3, 10))
        self.assertTrue(guests[1].pings('10.1.1.1', 3, 10))

    def test_from_the_start(self):
        guests = self.pair(self.interface(0), self.interface(1))
        self.talk(guests)
        self.bed.restart()
        for guest in guests:
            guest.reopen()
        self.talk(guests)

    def test_it_comes_and_goes(self):
        one, two = guests = self.pair(self.interface(0), '')
        xml = two.domain.GetXMLDesc
        for more, mode in ('', 'server'), ("<reconnect enabled='yes' timeout='1'/>", 'client'):
            net = self.interface(1, mode=mode).replace('/><model', f'>{more}</source><model')
            self.refused(self.device, 'Attach', two, net, text='stand still')
        missing = self.interface(1).replace(self.sockets[1], self.sockets[1] + '-absent')
        self.refused(self.device, 'Attach', two, missing, text='absent')
        self.assertNotIn('<interface', xml(0))
        for _ in range(2):
            self.device('Attach', two, self.interface(1), LIVE | CONFIG)
            self.assertIn('vhostuser', xml(0))
            self.assertIn('vhostuser', xml(2))
            self.talk(guests)
            self.device('Detach', two, self.interface(1), LIVE | CONFIG)
            self.assertNotIn('<interface', xml(0))
            two.device('eth0', False)
        self.assertFalse(one.pings('10.1.1.2'))


@unittest.skipUnless(shutil.which('dpdk-testpmd'), 'SKIPPED: needs dpdk-testpmd')
class Dpdk(VhostUser):
    """The same with DPDK's own."""

    def command(self):
        ports = [f'net_vhost{i},iface={path}' for i, path in enumerate(self.sockets)]
        return ['dpdk-testpmd', '--no-huge', '-m', '256', '--no-pci', '--no-telemetry',
                '--file-prefix', f'virtbus{os.getpid()}', '--vdev', ports[0], '--vdev', ports[1],
                '--', '--auto-start', '--forward-mode=io', '--total-num-mbufs=4096',
                '--no-lsc-interrupt']


del Plugged, Joins
