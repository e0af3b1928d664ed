# SPDX-License-Identifier: LGPL-2.1-or-later
"""The agent in a guest: Debian's qemu-ga in a Linux guest under TCG, and what is no agent at all at
the other end of its channel."""
import os
import re
import shutil
import subprocess
import time
import unittest

from harness import DOMAIN, GUESTS, QEMU, RUNNING, SHUTOFF, BusError, BusTest
from joining import HERE, Guest

FROM_AGENT = 1
ACPI, AGENT = 1, 2  # flags of Shutdown and Reboot
GUEST_VCPUS = 1 << 3
CHANNEL = ("<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/>"
           "</channel>")
SIGNATURES = {
    'FSFreeze': 'asu', 'FSThaw': 'asu', 'FSTrim': 'stu', 'GetFSInfo': 'u', 'GetGuestVcpus': 'u',
    'GetHostname': 'u', 'GetTime': 'u', 'GetVcpus': 'u', 'InterfaceAddresses': 'uu',
    'SetGuestVcpus': 'abiu', 'SetTime': 'tuu', 'SetUserPassword': 'ssu', 'SetVcpus': 'uu',
}


def guest_files():
    made = os.path.join(HERE, '../guests/agent')
    done = subprocess.run([made, GUESTS], check=False, capture_output=True)
    files = [os.path.join(GUESTS, name) for name in ('vmlinuz', 'initrd-agent')]
    return files if done.returncode == 0 and all(map(os.path.exists, files)) else None


class Agents(BusTest):
    def setUp(self):
        made = guest_files()
        if not made:
            self.skipTest('the Linux guest with an agent could not be made')
        self.kernel, self.initrd = made
        super().setUp()

    def guest(self, devices=CHANNEL, name='one'):
        domain = self.client.define(
            f"<domain type='qemu'><name>{name}</name><memory unit='MiB'>192</memory>"
            f"<vcpu>2</vcpu><os><type arch='x86_64' machine='pc'>hvm</type>"
            f"<kernel>{self.kernel}</kernel><initrd>{self.initrd}</initrd>"
            f"<cmdline>console=ttyS0 quiet no_timer_check</cmdline></os>"
            f"<features><acpi/></features><devices>"
            f"<emulator>{QEMU}</emulator><serial type='pty'/><memballoon model='none'/>{devices}"
            f"</devices></domain>"
        )
        domain.Create(0)
        return Guest(domain).booted()

    def call(self, guest, member, *args):
        return self.client.call(guest.domain.path, DOMAIN, member, *args,
                                signature=SIGNATURES.get(member, 'u'), timeout=30)

    def until(self, what, seconds=30):
        deadline = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), deadline, 'it never came to be')
            time.sleep(0.05)

    def states(self):
        return [one.body[0] for one in self.client.signals if one.member == 'AgentEvent']

    def connected(self, guest, state='connected'):
        self.until(lambda: f"state='{state}'" in guest.domain.xml)

    def agent(self, guest):
        guest.must('/agent/start < /dev/null > /dev/null 2>&1', 40)
        self.connected(guest)

    def powered(self, guest, member, flags):
        """Presses no button: the agent does it."""
        guest.must('kill $(cat /acpid.pid)')
        self.call(guest, member, flags)


class Real(Agents):
    def test_answers(self):
        guest = self.guest()
        self.assertIn("state='disconnected'", guest.domain.xml)
        self.assertNotIn("state='disconnected'", guest.domain.GetXMLDesc(2))
        self.refused(self.call, guest, 'GetHostname', 0, text='agent is not connected')
        self.agent(guest)
        self.assertEqual(self.states(), [1])
        guest.must('hostname here; ip addr add 10.1.2.3/28 dev lo label lo:1')
        self.assertEqual(self.call(guest, 'GetHostname', 0), 'here')
        self.assertEqual(self.call(guest, 'GetHostname', 2), 'here')
        self.assertEqual(
            [(name, mac, sorted(found)) for name, mac, found in
             self.call(guest, 'InterfaceAddresses', FROM_AGENT, 0)],
            [('lo', '00:00:00:00:00:00', [(0, '10.1.2.3', 28), (0, '127.0.0.1', 8),
                                          (1, '::1', 128)])])
        self.call(guest, 'SetTime', 1234567890, 500000000, 0)
        self.assertLess(self.call(guest, 'GetTime', 0)[0] - 1234567890, 60)
        self.assertIn('12345', guest.must('date +%s'))
        self.refused(self.call, guest, 'SetTime', 1 << 40, 0, 0, text='too big')
        self.call(guest, 'SetUserPassword', 'root', 'öffne dich', 0)
        self.assertIn('[]root:öffne dich', guest.must('cat /passwords'))
        self.call(guest, 'SetUserPassword', 'root', '$6$salt$xyz', 1)
        self.assertIn('[-e]root:$6$salt$xyz', guest.must('cat /passwords'))
        self.refused(self.call, guest, 'SetUserPassword', 'nobody', 'x', 0,
                     text='guest-set-user-password')

    def test_vcpus(self):
        guest = self.guest()
        self.agent(guest)
        self.assertEqual(self.sets(guest), ('0-1', '0-1', '1'))
        self.assertEqual(self.call(guest, 'GetVcpus', GUEST_VCPUS), 2)
        self.call(guest, 'SetGuestVcpus', [False, True], 0, 0)
        self.assertEqual(self.sets(guest), ('0-1', '0', '1'))
        self.assertEqual(guest.must('cat /sys/devices/system/cpu/online').split()[-1], '0')
        self.assertEqual(self.call(guest, 'GetVcpus', GUEST_VCPUS), 1)
        self.assertEqual(self.call(guest, 'GetVcpus', 1), 2)
        self.call(guest, 'SetVcpus', 2, GUEST_VCPUS)
        self.assertEqual(self.sets(guest)[1], '0-1')
        self.refused(self.call, guest, 'SetGuestVcpus', [True], 0, 0, text="can't be offlined")
        self.refused(self.call, guest, 'SetGuestVcpus', [False] * 7 + [True], 1, 0,
                     text='not present')
        self.refused(self.call, guest, 'SetVcpus', 3, GUEST_VCPUS, text='3 processors')

    def sets(self, guest):
        found = self.call(guest, 'GetGuestVcpus', 0)
        return tuple(found[name][1][1] for name in ('vcpus', 'online', 'offlinable'))

    @unittest.skipUnless(shutil.which('mkfs.ext4'), 'needs mkfs.ext4')
    def test_file_systems(self):
        image = self.bed.path('disk.raw')
        with open(image, 'wb') as file:
            file.truncate(32 << 20)
        subprocess.run(['mkfs.ext4', '-q', image], check=True)
        guest = self.guest(
            CHANNEL + f"<disk type='file' device='disk'><driver name='qemu' type='raw' "
            f"discard='unmap'/><source file='{image}'/><target dev='vda' bus='virtio'/></disk>")
        self.agent(guest)
        guest.must('mkdir /mnt && mount -t ext4 /dev/vda /mnt')
        self.assertEqual(self.call(guest, 'GetFSInfo', 0), [('/mnt', 'vda', 'ext4', ['vda'])])
        guest.must('head -c 8000000 /dev/urandom > /mnt/big; sync; rm /mnt/big; sync')
        used = os.stat(image).st_blocks
        self.call(guest, 'FSTrim', '', 0, 0)
        self.assertLess(os.stat(image).st_blocks, used - 8000)
        self.refused(self.call, guest, 'FSTrim', '/mnt', 0, 0, text='mount point')
        self.assertEqual(self.call(guest, 'FSFreeze', [], 0), 1)
        guest.must('(echo x > /mnt/file; echo written > /tmp/note) > /dev/null 2>&1 &')
        guest.must('sleep 1; [ ! -e /tmp/note ]')
        # While all is frozen the agent does nothing else, and says so.
        self.refused(self.call, guest, 'GetFSInfo', 0, text='guest-get-fsinfo')
        self.refused(self.call, guest, 'FSThaw', ['/mnt'], 0, text='mount points')
        self.assertEqual(self.call(guest, 'FSThaw', [], 0), 1)
        guest.must('for i in $(seq 50); do [ -e /tmp/note ] && break; sleep 0.2; done; '
                   '[ -e /tmp/note ]', 30)
        self.assertEqual(self.call(guest, 'FSFreeze', ['/mnt'], 0), 1)
        self.assertEqual(self.call(guest, 'FSThaw', [], 0), 1)
        self.assertEqual(self.call(guest, 'FSFreeze', ['/nowhere'], 0), 0)
        self.call(guest, 'FSThaw', [], 0)

    def test_restart_and_loss(self):
        """The service dies while a guest has an agent; the agent dies while somebody asks."""
        guest = self.guest()
        self.agent(guest)
        guest.must('hostname here')
        self.assertEqual(self.call(guest, 'GetHostname', 0), 'here')
        self.bed.kill()
        self.bed.start()
        guest.reopen()
        self.connected(guest)
        self.assertEqual(self.call(guest, 'GetHostname', 0), 'here')
        self.bed.kill()
        guest_pid = self.bed.guests('one')
        self.assertEqual(len(guest_pid), 1)
        self.bed.start()
        guest.reopen()
        guest.must('kill -STOP $(cat /run/qemu-ga.pid)')
        self.refused(self.call, guest, 'GetHostname', 0, text="didn't answer")
        serial = self.client.begin(guest.domain.path, DOMAIN, 'GetHostname', 0, signature='u')
        guest.must('kill -9 $(cat /run/qemu-ga.pid)')
        with self.assertRaises(BusError):
            self.client.finish(serial)
        self.connected(guest, 'disconnected')
        self.assertEqual(self.states()[-1], 2)
        self.refused(self.call, guest, 'Shutdown', AGENT, text='agent is not connected')
        self.agent(guest)
        self.assertEqual(self.call(guest, 'GetHostname', 0), 'here')

    def test_power(self):
        guest = self.guest()
        self.agent(guest)
        self.refused(self.call, guest, 'Shutdown', 4, text='agent')
        self.powered(guest, 'Reboot', AGENT)
        guest.booted()
        self.connected(guest, 'disconnected')
        self.assertIn('Reboot', [one.member for one in self.client.signals])
        self.assertEqual(guest.domain.state, RUNNING)
        self.refused(self.call, guest, 'Reboot', AGENT, text='agent is not connected')
        self.agent(guest)
        # It refuses: then the power button is pressed, where that is allowed.
        guest.must('mv /bin/shutdown /bin/no')
        self.refused(self.call, guest, 'Shutdown', AGENT, text='guest-shutdown')
        self.assertEqual(guest.domain.state, RUNNING)
        guest.must('mv /bin/no /bin/shutdown')
        self.powered(guest, 'Shutdown', 0)
        guest.domain.until_state(SHUTOFF)
        guest.console.close()

        guest.domain.Create(0)
        guest = Guest(guest.domain).booted()
        self.agent(guest)
        guest.must('mv /bin/shutdown /bin/no')
        self.call(guest, 'Shutdown', ACPI | AGENT)
        guest.domain.until_state(SHUTOFF)


class NoAgent(Agents):
    def test_not_configured(self):
        guest = self.guest("<channel type='unix'><target type='virtio' name='other.0'/></channel>")
        for member, args in (('GetHostname', (0,)), ('GetFSInfo', (0,)), ('FSFreeze', ([], 0)),
                             ('GetTime', (0,)), ('InterfaceAddresses', (FROM_AGENT, 0)),
                             ('Shutdown', (AGENT,)), ('GetVcpus', (GUEST_VCPUS,))):
            self.refused(self.call, guest, member, *args, text='agent is not configured')
        guest.domain.Suspend()
        self.refused(self.call, guest, 'GetHostname', 0, text='not running')
        guest.domain.Destroy(0)
        self.refused(self.call, guest, 'GetHostname', 0, text='not running')

    def test_rubbish(self):
        """Somebody else has the channel: noise without end, then only silence. Others don't
        suffer, and Destroy ends who waits."""
        guest = self.guest()
        port = re.search(r'port=([^.]+)\.', guest.must('/agent/start port'))[1]
        guest.must(f'(cat /dev/urandom > {port}) < /dev/null > /dev/null 2>&1 &')
        self.connected(guest)
        self.refused(self.call, guest, 'GetHostname', 0, text='agent')
        serial = self.client.begin(guest.domain.path, DOMAIN, 'GetTime', 0, signature='u')
        self.assertEqual(guest.domain.state, RUNNING)
        with self.assertRaises(BusError):
            self.client.finish(serial)
        guest.must('killall cat')
        self.connected(guest, 'disconnected')
        guest.must(f'(exec 3<> {port}; while :; do cat <&3 >> /got; sleep 0.1; done) '
                   '< /dev/null > /dev/null 2>&1 &')
        self.connected(guest)
        self.refused(self.call, guest, 'Shutdown', AGENT, text="didn't answer")
        self.assertIn('guest-sync-delimited', guest.must('cat /got'))
        self.assertNotIn('guest-shutdown', guest.must('cat /got'))
        serial = self.client.begin(guest.domain.path, DOMAIN, 'GetTime', 0, signature='u')
        guest.domain.Destroy(0)
        with self.assertRaises(BusError):
            self.client.finish(serial)
