# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests of a user without privileges on a network of the system: the session's service gets their
taps from the system's, if polkit consents. Real packets, an unprivileged user, a real polkitd."""
import contextlib
import os
import pwd
import re
import shutil
import signal
import subprocess
import time
import unittest

import system
from harness import (CONNECT, DOMAIN, QEMU, ROOT, RUNNING, SERVICE, SHUTOFF, BusError,
                     BusTest, Client, Domain)
from joining import Guest, linux

ALLOW = '''
polkit.addRule(function(action, subject) {
    if (action.id == "org.libvirt.api.network.open-tap" && subject.user == "alice" &&
        action.lookup("network_name") == "net")
        return polkit.Result.YES;
});
'''
ASK, DENIED = 'InteractiveAuthorizationRequired', 'AccessDenied'
NETWORK = ("<network><name>{0}</name><forward mode='nat'/><bridge name='vb{0}'/>"
           "<ip address='10.77.{1}.1' netmask='255.255.255.0'><dhcp>"
           "<range start='10.77.{1}.2' end='10.77.{1}.99'/></dhcp></ip></network>")
MAC = '52:54:00:00:77:02'
CLONE_NEWNET = 0x40000000


class SessionClient(Client):
    """Of the user's own bus."""


class Session:
    """A session bus and the service on it, as a user."""

    def __init__(self, user):
        self.user = user
        self.folder = f'/run/session-{user}'
        account = pwd.getpwnam(user)
        os.mkdir(self.folder, 0o700)
        os.chown(self.folder, account.pw_uid, account.pw_gid)
        self.address = f'unix:path={self.folder}/bus'
        self.environment = dict(
            system.ENVIRONMENT, PATH='/usr/sbin:/usr/bin:/sbin:/bin', HOME=self.folder,
            XDG_RUNTIME_DIR=self.folder, DBUS_SESSION_BUS_ADDRESS=self.address,
        )
        self.log = f'{self.folder}/log'
        self.bus = self.popen('dbus-daemon', '--session', '--nofork', '--nopidfile',
                              f'--address={self.address}')
        self.service = None
        self.client = None
        deadline = time.monotonic() + 30
        while not os.path.exists(f'{self.folder}/bus') and time.monotonic() < deadline:
            time.sleep(0.01)
        self.start()

    def popen(self, *words):
        account = pwd.getpwnam(self.user)
        with open(self.log, 'ab') as log:
            return subprocess.Popen(
                words, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                user=account.pw_uid, group=account.pw_gid, extra_groups=[],
                start_new_session=True)

    def start(self):
        self.service = self.popen(SERVICE, '--session')
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError, BusError):
                with system.identity(self.user):
                    client = SessionClient(self.address)
                client.ping()
                break
            if time.monotonic() > deadline:
                raise AssertionError(f'no session: {open(self.log).read()}')
            time.sleep(0.05)
        self.client = client

    def restart(self):
        self.service.kill()
        self.service.wait()
        self.client.close()
        self.start()

    def close(self):
        self.client.close()
        for process in (self.service, self.bus):
            process.terminate()
            process.wait()
        with open(self.log, errors='replace') as file:
            words = file.read()
        shutil.rmtree(self.folder, ignore_errors=True)
        return words


@unittest.skipUnless(
    os.geteuid() == 0
    and all(map(shutil.which, ('ip', 'nft', 'dnsmasq', 'busybox', 'dbus-daemon')))
    and os.path.exists('/dev/net/tun'),
    'needs root, ip, nft, dnsmasq, busybox and /dev/net/tun',
)
class Taps(unittest.TestCase):
    refused = BusTest.refused

    def setUp(self):
        made = linux()
        if not made:
            self.skipTest('the Linux guest could not be made')
        self.kernel, self.initrd = made
        system.enter()
        signal.signal(signal.SIGALRM, BusTest.late)
        signal.alarm(150)
        self.assertEqual(system.libc.unshare(CLONE_NEWNET), 0)
        subprocess.run(['mount', '-t', 'sysfs', 'sysfs', '/sys'], check=True)
        self.addCleanup(subprocess.run, ['umount', '/sys'], check=True)
        subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
        self.bed = system.SystemBed()
        self.addCleanup(self.end)
        self.client = self.bed.client
        self.session = Session('alice')
        self.addCleanup(self.close_session)
        shutil.copy(self.kernel, self.session.folder)
        shutil.copy(self.initrd, self.session.folder)
        for name in ('vmlinuz', 'initrd'):
            os.chmod(f'{self.session.folder}/{name}', 0o644)

    def end(self):
        for path in self.client.call(ROOT, CONNECT, 'ListNetworks', 0, signature='u'):
            with contextlib.suppress(BusError):
                self.client.call(path, 'org.libvirt.Network', 'Destroy')
        BusTest.end(self)

    def close_session(self):
        words = self.session.close()
        if system.SANITIZER.search(words):
            self.fail(words)

    def network(self, name='net', number=7):
        return self.client.call(ROOT, CONNECT, 'NetworkCreateXML', NETWORK.format(name, number),
                                signature='s')

    def rule(self, text=ALLOW):
        with open(os.path.join(system.RULES, '10-test.rules'), 'w') as file:
            file.write(text)

    def define(self, devices):
        folder = self.session.folder
        return self.session.client.define(
            f"<domain type='qemu'><name>one</name><memory unit='MiB'>128</memory><vcpu>1</vcpu>"
            f"<os><type arch='x86_64' machine='pc'>hvm</type><kernel>{folder}/vmlinuz</kernel>"
            f"<initrd>{folder}/initrd</initrd><cmdline>console=ttyS0 quiet</cmdline></os>"
            f"<features><acpi/></features><devices><emulator>{QEMU}</emulator>"
            f"<serial type='pty'/><memballoon model='none'/>{devices}</devices></domain>")

    def interface(self, more='', network='net'):
        return (f"<interface type='network'><mac address='{MAC}'/><source network='{network}'/>"
                f"<model type='virtio'/>{more}</interface>")

    def links(self):
        return dict(re.findall(r'(?m)^\d+: (vnet\d+): .* master (\S+)', self.ip('link')))

    def ip(self, *words):
        return subprocess.run(['ip', '-o', *words], check=True, capture_output=True,
                              text=True).stdout

    def until(self, what, seconds=20):
        deadline = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), deadline, 'it never came to be')
            time.sleep(0.02)

    def again(self, domain):
        return Domain(self.session.client, domain.path)

    def test_address(self):
        """DHCP and packets; both services die; nothing is left."""
        self.network()
        self.rule()
        domain = self.define(self.interface())
        domain.Create(0)
        self.assertEqual(self.links(), {'vnet0': 'vbnet'})
        self.assertRegex(self.ip('link', 'show', 'vnet0'),
                         rf'alias virtbus: handed to :\S+ for {MAC} on network net')
        self.assertIn("<target dev='vnet0'/>", domain.xml)
        self.assertNotIn('vnet0', domain.GetXMLDesc(2))
        pid = [pid for pid in system.processes() if b'guest=one' in self.command(pid)][0]
        self.assertEqual(os.stat(f'/proc/{pid}').st_uid, pwd.getpwnam('alice').pw_uid)
        guest = Guest(domain).booted()
        address = guest.dhcp()
        self.assertTrue(address.startswith('10.77.7.'))
        self.assertTrue(guest.pings('10.77.7.1', 2))
        self.session.restart()
        domain = guest.domain = self.again(domain)
        guest.reopen()
        self.assertEqual(domain.state, RUNNING)
        self.assertTrue(guest.pings('10.77.7.1', 2))
        pid = self.bed.pid_of('org.libvirt')
        os.kill(pid, signal.SIGKILL)
        self.bed.until_gone(pid)
        self.assertTrue(guest.pings('10.77.7.1', 2))
        self.client.call(ROOT, CONNECT, 'ListNetworks', 0, signature='u')  # it is back
        self.assertTrue(guest.pings('10.77.7.1', 2))
        self.assertEqual(self.links(), {'vnet0': 'vbnet'})
        guest.console.close()
        domain.Destroy(0)
        self.until(lambda: not self.links())
        domain.Create(0)
        self.assertEqual(len(self.links()), 1)
        domain.Destroy(0)
        self.until(lambda: not self.links())

    def command(self, pid):
        with contextlib.suppress(OSError), open(f'/proc/{pid}/cmdline', 'rb') as file:
            return file.read()
        return b''

    def plug(self, domain, verb, xml):
        self.session.client.call(domain.path, DOMAIN, f'{verb}Device', xml, 1, signature='su')

    def test_a_network_that_is_started_again(self):
        """The tap is a port of its bridge again, as the network now has it; others aren't."""
        xml = NETWORK.format('net', 7).replace(
            '<forward', '<uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>'
            "<mac address='52:54:00:77:77:77'/><forward")
        path = self.client.call(ROOT, CONNECT, 'NetworkDefineXML', xml, signature='s')
        self.client.call(path, 'org.libvirt.Network', 'Create')
        self.rule()
        domain = self.define(self.interface())
        domain.Create(0)
        guest = Guest(domain).booted()
        guest.dhcp()
        self.assertTrue(guest.pings('10.77.7.1', 2))
        self.client.call(path, 'org.libvirt.Network', 'Destroy')
        self.assertEqual(self.links(), {})
        self.network('other', 8)
        self.assertEqual(self.links(), {})
        isolated = xml.replace('<ip ', "<port isolated='yes'/><ip ")
        self.client.call(ROOT, CONNECT, 'NetworkDefineXML', isolated, signature='s')
        self.client.call(path, 'org.libvirt.Network', 'Create')
        self.assertEqual(self.links(), {'vnet0': 'vbnet'})
        self.assertIn('isolated on', self.ip('-d', 'link', 'show', 'vnet0'))
        self.until(lambda: guest.pings('10.77.7.1'), 60)
        guest.console.close()
        domain.Destroy(0)
        self.until(lambda: not self.links())

    def test_plugged(self):
        self.network()
        self.rule()
        domain = self.define('')
        domain.Create(0)
        guest = Guest(domain).booted()
        self.plug(domain, 'Attach', self.interface())
        self.assertEqual(self.links(), {'vnet0': 'vbnet'})
        self.assertTrue(guest.dhcp().startswith('10.77.7.'))
        down = self.interface("<link state='down'/>")
        self.plug(domain, 'Update', down)
        self.assertIn("<link state='down'/>", domain.xml)
        self.refused(self.plug, domain, 'Update', self.interface(network='other'), text='move')
        self.refused(self.plug, domain, 'Update', self.interface("<port isolated='yes'/>"),
                     text='isolation')
        self.plug(domain, 'Detach', down)
        self.until(lambda: not self.links())
        self.assertNotIn('<interface', domain.xml)
        self.refused(self.plug, domain, 'Attach', self.interface(network='nowhere'),
                     text='nowhere')
        self.refused(self.plug, domain, 'Attach', self.interface("<mtu size='1400'/>"), text='mtu')
        self.assertNotIn('<interface', domain.xml)
        guest.console.close()
        domain.Destroy(0)

    def test_refused(self):
        path = self.network()
        domain = self.define(self.interface())
        with self.assertRaises(BusError) as caught:
            domain.Create(0)
        self.assertIn(ASK, caught.exception.name)
        self.assertIn("network 'net'", caught.exception.message)
        self.rule(ALLOW.replace('YES', 'NO'))
        self.denied(domain)
        self.rule()
        self.until(lambda: self.bed.polkit_says(
            self.bed.new_client('alice'), 'org.libvirt.api.network.open-tap',
            network_name='net'))
        self.client.call(path, 'org.libvirt.Network', 'Destroy')
        self.refused(domain.Create, 0, text="no network with matching name 'net'")
        self.network('other', 8)
        self.refused(domain.Create, 0, text="no network with matching name 'net'")
        self.assertEqual(domain.state, SHUTOFF)
        self.assertEqual(self.links(), {})

    def denied(self, domain):
        """polkitd reads its rules when it sees that they changed."""
        deadline = time.monotonic() + 20
        while True:
            with self.assertRaises(BusError) as caught:
                domain.Create(0)
            if DENIED in caught.exception.name:
                return
            self.assertLess(time.monotonic(), deadline)

    def test_nobody_to_ask(self):
        domain = self.define(self.interface())
        service = '/usr/share/dbus-1/system-services/org.libvirt.service'
        os.rename(service, service + '.masked')
        try:
            self.client.ask_bus('ReloadConfig')
            self.bed.stop_service()
            self.refused(domain.Create, 0, text='nor of the system')
            self.assertEqual(domain.state, SHUTOFF)
        finally:
            os.rename(service + '.masked', service)
            self.client.ask_bus('ReloadConfig')
