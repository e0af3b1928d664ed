#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs in the container that `run` makes: what only a real systemd shows. Everything goes through
busctl, systemctl and machinectl, as a person at a shell would do it."""
import json
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import time
import tty
import unittest

NAME, ROOT = 'org.libvirt', '/org/libvirt/QEMU'
CONNECT, DOMAIN = 'org.libvirt.Connect', 'org.libvirt.Domain'
NETWORK, PROPERTIES = 'org.libvirt.Network', 'org.freedesktop.DBus.Properties'
UNIT = 'virtbusd.service'
IMAGE = '/bed/guest.img'

GUEST = '''<domain type='qemu'><name>{name}</name><memory unit='MiB'>{memory}</memory>
<vcpu>1</vcpu>{extra}
<os><type arch='x86_64' machine='pc'>hvm</type>{boot}</os><devices>
<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{image}'/>
<target dev='hda' bus='ide'/></disk>
<serial type='pty'/><memballoon model='none'/>{devices}</devices></domain>'''


def output(*words, check=True, timeout=60):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=timeout)
    if check and done.returncode:
        raise AssertionError(f'{" ".join(words)}: {done.stdout.strip()}')
    return done.stdout


def call(path, interface, member, signature='', *args, prefix=(), check=True):
    """The reply's values; the text of what went wrong with check=False."""
    words = [*prefix, 'busctl', '--json=short', 'call', NAME, path, interface, member]
    text = output(*words, *([signature, '--', *map(str, args)] if signature else []), check=check)
    return json.loads(text)['data'] if text.startswith('{') else text


def get(path, interface, name):
    return json.loads(output('busctl', '--json=short', 'get-property', NAME, path, interface,
                             name))['data']


def unit_property(unit, name):
    return output('systemctl', 'show', '-P', name, unit).strip()


def until(condition, what, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f'not within {seconds} s: {what}')
        time.sleep(0.1)


def machines():
    return re.findall(r'^(\S+)\s+vm\s+virtbus', output('machinectl', '--no-legend'), re.M)


def helper_units():
    text = output('systemctl', 'list-units', '--all', '--plain', '--no-legend', 'virtbus-*')
    return [line.split()[0] for line in text.splitlines()]


def define(name, extra='', devices='', memory=16, boot=''):
    image = f'/var/lib/{name}.img'
    shutil.copyfile(IMAGE, image)
    xml = GUEST.format(name=name, extra=extra, image=image, devices=devices, memory=memory,
                       boot=boot)
    return call(ROOT, CONNECT, 'DomainDefineXML', 's', xml)[0]


class Systemd(unittest.TestCase):
    def setUp(self):
        output('systemctl', 'reset-failed', UNIT, check=False)  # no test starts it too often

    def guest(self, name, extra='', devices='', **more):
        path = define(name, extra, devices, **more)
        self.addCleanup(call, path, DOMAIN, 'Undefine', 'u', 0, check=False)
        self.addCleanup(call, path, DOMAIN, 'Destroy', 'u', 0, check=False)
        return path

    def machine(self, name):
        until(lambda: any(m.endswith(name) for m in machines()), f'machine {name}')
        return next(m for m in machines() if m.endswith(name))

    def scope(self, machine):
        status = output('machinectl', 'status', '--no-pager', machine)
        return re.search(r'Unit: (\S+)', status).group(1)

    # ---- the service ----

    def test_activation(self):
        output('systemctl', 'stop', UNIT)
        version = get(ROOT, CONNECT, 'LibVersion')
        self.assertEqual(version, 9000000)
        self.assertEqual(unit_property(UNIT, 'ActiveState'), 'active')
        self.assertEqual(unit_property(UNIT, 'Type'), 'notify')

    def test_idle_exit(self):
        folder = '/run/systemd/system/virtbusd.service.d'
        os.makedirs(folder, exist_ok=True)
        command = unit_property(UNIT, 'ExecStart').split('argv[]=')[1].split(' ;')[0]
        with open(f'{folder}/idle.conf', 'w') as file:
            short = re.sub(r'--idle-exit=\d+', '--idle-exit=1', command)
            self.assertNotEqual(short, command)
            file.write(f'[Service]\nExecStart=\nExecStart={short}\n')
        output('systemctl', 'daemon-reload')
        output('systemctl', 'restart', UNIT)
        try:
            until(lambda: unit_property(UNIT, 'ActiveState') == 'inactive', 'it ends')
            self.assertEqual(unit_property(UNIT, 'Result'), 'success')
            self.assertEqual(get(ROOT, CONNECT, 'LibVersion'), 9000000)
        finally:
            os.remove(f'{folder}/idle.conf')
            output('systemctl', 'daemon-reload')
            output('systemctl', 'restart', UNIT)

    def test_watchdog_and_log(self):
        get(ROOT, CONNECT, 'LibVersion')
        self.assertEqual(unit_property(UNIT, 'WatchdogUSec'), '1min')
        self.assertNotIn('Failed', output('systemctl', 'status', '--no-pager', UNIT, check=False))

    def test_units_are_right(self):
        """verify is silent, and the system's unit has few holes."""
        os.environ.setdefault('XDG_RUNTIME_DIR', '/run')
        for user, path in ((), UNIT), (('--user',), f'/usr/lib/systemd/user/{UNIT}'):
            self.assertEqual(output('systemd-analyze', *user, '--man=no', 'verify', path), '')
        output('systemd-analyze', 'security', '--offline=yes', '--threshold=40', '--no-pager',
               f'/usr/lib/systemd/system/{UNIT}')

    def test_users_and_folders(self):
        output('systemd-sysusers')
        output('getent', 'group', 'virtbus')
        output('systemd-tmpfiles', '--create')
        for folder in ('/etc/virtbus', '/var/lib/virtbus'):
            self.assertEqual(os.stat(folder).st_mode & 0o777, 0o700, folder)

    # ---- guests ----

    def test_guest_is_a_machine(self):
        path = self.guest('web')
        call(path, DOMAIN, 'Create', 'u', 0)
        machine = self.machine('web')
        status = output('machinectl', 'status', '--no-pager', machine)
        self.assertIn('qemu-system-x86', status)
        scope = self.scope(machine)
        self.assertEqual(unit_property(scope, 'Slice'), 'machine-virtbus.slice')
        self.assertEqual(unit_property(scope, 'TasksMax'), '32768')
        uuid = get(path, DOMAIN, 'UUID')
        self.assertIn(uuid.replace('-', ''), status.replace('-', ''))
        call(path, DOMAIN, 'Destroy', 'u', 0)
        until(lambda: machine not in machines(), 'the machine is gone')

    def needs(self, program):
        if not shutil.which(program) and not os.path.exists(program):
            self.skipTest(f'SKIPPED: no {program}')

    def test_tpm(self):
        """A helper that lives with the service's own limits, in the guest's unit."""
        self.needs('swtpm')
        path = self.guest('tpm', '', "<tpm model='tpm-tis'><backend type='emulator' version='2.0'/>"
                          '</tpm>')
        call(path, DOMAIN, 'Create', 'u', 0)
        self.assertIn('swtpm', output('machinectl', 'status', '--no-pager', self.machine('tpm')))
        call(path, DOMAIN, 'Destroy', 'u', 0)

    # ---- networks ----

    def network(self, name, number):
        """An active one; its path, and the unit of its dnsmasq."""
        self.needs('dnsmasq')
        xml = (f"<network><name>{name}</name><forward mode='nat'/><bridge name='vb{number}'/>"
               f"<ip address='10.77.{number}.1' prefix='24'><dhcp><range start='10.77.{number}.2' "
               f"end='10.77.{number}.9'/></dhcp></ip></network>")
        path = call(ROOT, CONNECT, 'NetworkDefineXML', 's', xml)[0]
        self.addCleanup(call, path, NETWORK, 'Undefine', check=False)
        self.addCleanup(call, path, NETWORK, 'Destroy', check=False)
        call(path, NETWORK, 'Create')
        [unit] = helper_units()
        return path, unit

    def words_of(self, unit):
        return output('journalctl', '-q', '-o', 'cat', '-u', unit)

    def test_network(self):
        path, unit = self.network('a net-1@', 7)
        self.assertEqual(unit, 'virtbus-network-a\\x20net-1\\x40.service')
        self.assertEqual(unit_property(unit, 'ActiveState'), 'active')
        self.assertEqual(unit_property(unit, 'Description'),
                         'DHCP and DNS of virtual network a net-1@')
        for name, value in (('NoNewPrivileges', 'yes'), ('ProtectSystem', 'strict'),
                            ('PrivateNetwork', 'no'), ('Slice', 'system.slice')):
            self.assertEqual(unit_property(unit, name), value, name)
        pid = unit_property(unit, 'MainPID')
        self.assertNotIn('Uid:\t0', open(f'/proc/{pid}/status').read())
        until(lambda: 'started, version' in self.words_of(unit), 'its words are in the journal')
        self.assertIn('10.77.7.1', output('busybox', 'nslookup', '7.77.10.in-addr.arpa',
                                          '10.77.7.1', check=False))
        for way in (('restart', UNIT), ('kill', '-s', 'KILL', UNIT), ('stop', UNIT)):
            output('systemctl', *way)
            until(lambda: 'Active' in str(call(path, PROPERTIES, 'GetAll', 's', NETWORK,
                                               check=False)), f'there after {way}')
            self.assertTrue(get(path, NETWORK, 'Active'))
            self.assertEqual(helper_units(), [unit])
            self.assertEqual(unit_property(unit, 'MainPID'), pid)
        for _ in range(3):  # the name is free when the one before is gone
            call(path, NETWORK, 'Destroy')
            call(path, NETWORK, 'Create')
        self.assertEqual(helper_units(), [unit])
        self.assertNotEqual(unit_property(unit, 'MainPID'), pid)
        call(path, NETWORK, 'Destroy')
        until(lambda: helper_units() == [], 'its unit is gone')
        self.assertNotIn('vb7', output('ip', 'link'))

    def test_dnsmasq_that_dies(self):
        path, unit = self.network('mortal', 8)
        pid = unit_property(unit, 'MainPID')
        output('systemctl', 'kill', '-s', 'KILL', unit)
        until(lambda: unit_property(unit, 'MainPID') not in ('0', pid), 'there is another')
        until(lambda: unit_property(unit, 'ActiveState') == 'active', 'it serves')
        self.assertIn('its dnsmasq ended', self.words_of(UNIT))
        pid = unit_property(unit, 'MainPID')
        output('systemctl', 'stop', UNIT)
        output('systemctl', 'stop', unit)  # while nobody watches
        get(ROOT, CONNECT, 'LibVersion')
        until(lambda: unit_property(unit, 'MainPID') not in ('0', pid), 'there is another again')
        call(path, NETWORK, 'Update', 'uuisu', 3, 11, -1, "<txt name='a' value='b'/>", 1)
        self.assertEqual(helper_units(), [unit])
        call(path, NETWORK, 'Destroy')
        until(lambda: helper_units() == [], 'its unit is gone')

    def test_dnsmasq_that_cannot_start(self):
        self.needs('dnsmasq')
        xml = ("<network xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'>"
               "<name>broken</name><bridge name='vb9'/><ip address='10.77.9.1' prefix='24'/>"
               "<dnsmasq:options><dnsmasq:option value='nonsense=1'/></dnsmasq:options></network>")
        self.assertIn('bad option', str(call(ROOT, CONNECT, 'NetworkCreateXML', 's', xml,
                                             check=False)))
        until(lambda: helper_units() == [], 'its unit is gone')
        self.assertNotIn('vb9', output('ip', 'link'))

    def test_killed_while_dnsmasq_starts(self):
        """No unit is left that no network knows."""
        path, unit = self.network('killed', 6)
        call(path, NETWORK, 'Destroy')
        for delay in range(0, 60, 4):
            output('systemctl', 'reset-failed', UNIT)
            with subprocess.Popen(['busctl', 'call', NAME, path, NETWORK, 'Create'],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as caller:
                time.sleep(delay / 1000)
                output('systemctl', 'kill', '-s', 'KILL', UNIT)
                caller.wait()
            until(lambda: call(path, NETWORK, 'GetXMLDesc', 'u', 0, check=False)[0].startswith('<'),
                  'the service is back')
            if get(path, NETWORK, 'Active'):
                until(lambda: helper_units() == [unit], 'it has its dnsmasq')
                call(path, NETWORK, 'Destroy')
            until(lambda: helper_units() == [], 'nothing is left')
            self.assertNotIn('vb6', output('ip', 'link'))

    # ---- helpers in units of their own ----

    def helped(self, name, helper, devices, extra=''):
        """A guest whose helper needs more than the service may; its path, and the unit."""
        path = self.guest(name, extra, devices)
        self.assertEqual(helper_units(), [])
        call(path, DOMAIN, 'Create', 'u', 0)
        [unit] = helper_units()
        self.assertRegex(unit, f'^virtbus-qemu-[0-9]+-{name}-{helper}.service$')
        return path, unit

    def virtiofs(self, name='share', folder='/var/lib/share-%'):
        self.needs('/usr/lib/qemu/virtiofsd')
        os.makedirs(folder, exist_ok=True)
        return self.helped(
            name, 'fs0-virtiofsd',
            f"<filesystem type='mount'><driver type='virtiofs'/><source dir='{folder}'/>"
            "<target dir='tag'/></filesystem>",
            "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>")

    def way_out(self):
        self.needs('passt')
        for words in ('ip tuntap add way mode tap', 'ip link set way up',
                      'ip addr add 192.0.2.2/24 dev way', 'ip route add default via 192.0.2.1'):
            output(*words.split(), check=False)

    def passt(self):
        self.way_out()
        return self.helped('net', 'net0-passt',
                           "<interface type='user'><backend type='passt'/></interface>")

    def reservations(self):
        self.needs('qemu-pr-helper')
        return self.helped(
            'scsi', 'pr-helper', "<controller type='scsi' model='virtio-scsi'/>"
            "<disk type='file' device='disk'><driver name='qemu' type='raw'/>"
            f"<source file='{IMAGE}'><reservations managed='yes'/></source>"
            "<target dev='sda' bus='scsi'/>"
            '<readonly/></disk>')

    def test_helpers_with_more_rights(self):
        for make, program in ((self.virtiofs, 'virtiofsd'), (self.passt, 'passt'),
                              (self.reservations, 'qemu-pr-helper')):
            with self.subTest(program):
                path, unit = make()
                time.sleep(0.3)  # it has found what it lacks by then
                self.assertEqual(unit_property(unit, 'ActiveState'), 'active')
                self.assertIn(program, output('systemctl', 'status', '--no-pager', unit))
                self.assertEqual(unit_property(unit, 'Slice'), 'machine-virtbus.slice')
                self.assertEqual(unit_property(unit, 'NoNewPrivileges'), 'yes')
                self.assertEqual(unit_property(unit, 'ProtectSystem'), 'strict')
                self.assertEqual(call(path, DOMAIN, 'GetState', 'u', 0), [[1, 1]])
                call(path, DOMAIN, 'Destroy', 'u', 0)
                until(lambda: helper_units() == [], f'{program} ends with its guest')

    def test_a_helper_that_comes_later(self):
        """With an interface that comes to a running guest; and one that doesn't come after all."""
        self.way_out()
        net = "<interface type='user'><backend type='passt'/><model type='{}'/></interface>"
        path = self.guest('late', '<features><acpi/></features>')
        call(path, DOMAIN, 'Create', 'u', 0)
        call(path, DOMAIN, 'AttachDevice', 'su', net.format('absent'), 1, check=False)
        until(lambda: helper_units() == [], 'what was refused left nothing')
        call(path, DOMAIN, 'AttachDevice', 'su', net.format('e1000'), 1)
        self.assertIn('net0', call(path, DOMAIN, 'GetXMLDesc', 'u', 0)[0])
        [unit] = helper_units()
        self.assertRegex(unit, '^virtbus-qemu-[0-9]+-late-net0-passt.service$')
        output('systemctl', 'restart', UNIT)
        self.assertIn('net0', call(path, DOMAIN, 'GetXMLDesc', 'u', 0)[0])
        self.assertEqual(unit_property(unit, 'ActiveState'), 'active')
        call(path, DOMAIN, 'Destroy', 'u', 0)
        until(lambda: helper_units() == [], 'it ends with its guest')

    def test_helpers_at_work(self):
        """What they are there for works inside of their sandboxes: a Linux guest tries it."""
        self.needs('/usr/lib/qemu/virtiofsd')
        self.needs('/bed/vmlinuz')
        self.way_out()
        folder = '/var/lib/shared'
        os.makedirs(folder)
        self.addCleanup(shutil.rmtree, folder)
        path = self.guest(
            'linux', "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>",
            f"<filesystem type='mount'><driver type='virtiofs'/><source dir='{folder}'/>"
            "<target dir='tag'/></filesystem>"
            "<interface type='user'><backend type='passt'/><model type='virtio'/></interface>",
            memory=192, boot='<kernel>/bed/vmlinuz</kernel><initrd>/bed/initrd</initrd>'
            '<cmdline>console=ttyS0 quiet</cmdline>')
        call(path, DOMAIN, 'Create', 'u', 0)
        self.assertEqual(len(helper_units()), 2)
        terminal = re.search(r"<serial type='pty'>\s*<source path='([^']+)'",
                             call(path, DOMAIN, 'GetXMLDesc', 'u', 0)[0]).group(1)
        with open(terminal, 'r+b', buffering=0) as console, \
                socket.create_server(('127.0.0.1', 4000)) as server:
            tty.setraw(console)
            self.read_until(console, b'power button', 60)

            def run(command):
                console.write(f'run {command}\n'.encode())
                text = self.read_until(console, b'guest: it ended with', 30)
                self.assertRegex(text + self.read_until(console, b'.', 5), 'ended with 0.', text)

            run('mkdir /mnt && mount -t virtiofs tag /mnt')
            run('echo words > /mnt/file && chown 1234:5678 /mnt/file && chmod 4755 /mnt/file')
            run('mknod /mnt/node b 7 7 && mkfifo /mnt/fifo && ln /mnt/file /mnt/more')
            run('umount /mnt')
            found = os.stat(f'{folder}/file')
            self.assertEqual((found.st_uid, found.st_gid, found.st_mode & 0o7777, found.st_nlink),
                             (1234, 5678, 0o4755, 2))
            self.assertEqual(os.stat(f'{folder}/node').st_rdev, os.makedev(7, 7))
            run('ip link set eth0 up && udhcpc -n -q -i eth0')
            run('echo hello | nc 192.0.2.1 4000')  # the gateway stands for the host
            server.settimeout(10)
            with server.accept()[0] as connection:
                self.assertEqual(connection.recv(100), b'hello\n')
        call(path, DOMAIN, 'Destroy', 'u', 0)
        until(lambda: helper_units() == [], 'they end with their guest')

    def read_until(self, console, expected, seconds):
        text, deadline = b'', time.monotonic() + seconds
        while expected not in text:
            if not select.select([console], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f'no {expected} within {seconds} s but: {text}')
            text += console.read(1)
        return text.decode(errors='replace')

    def test_helper_outlives_the_service(self):
        path, unit = self.virtiofs('kept')
        pid = unit_property(unit, 'MainPID')
        for way in (('restart', UNIT), ('kill', '-s', 'KILL', UNIT), ('stop', UNIT)):
            output('systemctl', *way)
            until(lambda: call(path, DOMAIN, 'GetState', 'u', 0, check=False) == [[1, 1]],
                  f'running after {way}')
            self.assertEqual(helper_units(), [unit])
            self.assertEqual(unit_property(unit, 'MainPID'), pid)
        call(path, DOMAIN, 'Destroy', 'u', 0)
        until(lambda: helper_units() == [], 'it ends with its guest')

    def test_helper_ends_though_the_service_is_away(self):
        """qemu-pr-helper ends by nobody's hanging up."""
        self.reservations()
        machine = self.machine('scsi')
        output('systemctl', 'stop', UNIT)
        output('machinectl', 'terminate', machine)
        until(lambda: helper_units() == [], 'it ends with its guest')

    def test_helper_that_dies(self):
        path, unit = self.virtiofs('alone')
        output('systemctl', 'kill', '-s', 'KILL', unit)
        until(lambda: 'fs0-virtiofsd ended unexpectedly' in
              output('journalctl', '-q', '-o', 'cat', '-u', UNIT), 'its death is told')
        self.assertEqual(call(path, DOMAIN, 'GetState', 'u', 0), [[1, 1]])
        call(path, DOMAIN, 'Destroy', 'u', 0)

    def test_helper_that_cannot_start(self):
        self.needs('/usr/lib/qemu/virtiofsd')
        path = self.guest('broken', "<memoryBacking><source type='memfd'/><access mode='shared'/>"
                          '</memoryBacking>', "<filesystem type='mount'><driver type='virtiofs'/>"
                          "<binary path='/bin/false'/><source dir='/var/lib'/>"
                          "<target dir='tag'/></filesystem>")
        self.assertIn('fs0-virtiofsd ended while the guest was being started',
                      call(path, DOMAIN, 'Create', 'u', 0, check=False))
        self.assertEqual(helper_units(), [])
        self.assertEqual(machines(), [])

    def test_killed_while_helpers_start(self):
        """Whatever had come to be by then, a restart leaves a whole guest or nothing."""
        path, _ = self.virtiofs('hasty')
        call(path, DOMAIN, 'Destroy', 'u', 0)
        for i in range(16):
            starting = subprocess.Popen(
                ('busctl', 'call', NAME, path, DOMAIN, 'Create', 'u', '0'),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(i * 0.015)
            output('systemctl', 'kill', '--kill-whom=main', '-s', 'KILL', UNIT)
            output('systemctl', 'reset-failed', UNIT, check=False)
            starting.wait()
            until(lambda: call(path, DOMAIN, 'GetState', 'u', 0, check=False)[0][0] in (1, 5),
                  'the service is back')
            if call(path, DOMAIN, 'GetState', 'u', 0)[0][0] == 1:
                self.assertEqual(len(helper_units()), 1)
                call(path, DOMAIN, 'Destroy', 'u', 0)
            until(lambda: helper_units() == [], 'no unit is left')

    def test_limits(self):
        path = self.guest(
            'small',
            "<memtune><hard_limit unit='MiB'>600</hard_limit>"
            "<soft_limit unit='MiB'>500</soft_limit></memtune>"
            '<cputune><shares>2048</shares><global_period>50000</global_period>'
            '<global_quota>25000</global_quota></cputune>'
            '<resource><partition>/machine/production</partition></resource>',
        )
        call(path, DOMAIN, 'Create', 'u', 0)
        scope = self.scope(self.machine('small'))
        self.assertEqual(unit_property(scope, 'MemoryMax'), str(600 << 20))
        self.assertEqual(unit_property(scope, 'MemoryHigh'), str(500 << 20))
        self.assertEqual(unit_property(scope, 'CPUWeight'), '200')
        self.assertEqual(unit_property(scope, 'CPUQuotaPerSecUSec'), '500ms')
        self.assertEqual(unit_property(scope, 'Slice'), 'machine-production.slice')

    def test_guest_outlives_the_service(self):
        path = self.guest('lasting')
        call(path, DOMAIN, 'Create', 'u', 0)
        machine = self.machine('lasting')
        leader = output('machinectl', 'show', '-p', 'Leader', '--value', machine)
        for way in (('restart', UNIT), ('kill', '-s', 'KILL', UNIT), ('stop', UNIT)):
            output('systemctl', *way)
            until(lambda: call(path, DOMAIN, 'GetState', 'u', 0, check=False) == [[1, 1]],
                  f'running after {way}')
            now = output('machinectl', 'show', '-p', 'Leader', '--value', machine)
            self.assertEqual(now, leader)
        call(path, DOMAIN, 'Destroy', 'u', 0)
        until(lambda: machine not in machines(), 'the machine is gone')

    def test_killed_from_outside(self):
        path = self.guest('victim')
        call(path, DOMAIN, 'Create', 'u', 0)
        output('machinectl', 'terminate', self.machine('victim'))
        until(lambda: call(path, DOMAIN, 'GetState', 'u', 0)[0][0] == 5, 'shut off')

    def test_words_in_the_journal(self):
        path = self.guest(
            'loud', "<features><acpi/></features><cpu mode='custom'><model>qemu64</model>"
            "<feature policy='require' name='svm'/>"
            "<feature policy='require' name='avx512f'/></cpu>")
        call(path, DOMAIN, 'Create', 'u', 0)
        pid = output('machinectl', 'show', '-p', 'Leader', '--value', self.machine('loud')).strip()
        call(path, DOMAIN, 'Destroy', 'u', 0)
        until(lambda: 'TCG doesn' in output('journalctl', '-q', '-o', 'cat', f'OBJECT_PID={pid}'),
              "QEMU's warning in the journal")

    # ---- who may ----

    def test_polkit_with_logind(self):
        path = self.guest('guarded')
        prefix = ('systemd-run', '--wait', '--pipe', '-q', '-p', 'User=mallory')
        self.assertIn('authentication required',
                      call(path, DOMAIN, 'Create', 'u', 0, prefix=prefix, check=False))
        self.assertEqual(call(path, DOMAIN, 'GetState', 'u', 0, prefix=prefix)[0][0], 5)

    # ---- a session ----

    def test_session(self):
        prefix = ('systemd-run', '--wait', '--pipe', '-q', '-p', 'PAMName=login',
                  '-p', 'User=alice')
        script = f'''
set -e
export XDG_RUNTIME_DIR=/run/user/$(id -u)
cp {IMAGE} $HOME/guest.img
busctl --user get-property {NAME} {ROOT} {CONNECT} LibVersion
path=$(busctl --user --json=short call {NAME} {ROOT} {CONNECT} DomainDefineXML s "$1" |
    sed 's/.*"\\(\\/org[^"]*\\)".*/\\1/')
busctl --user call {NAME} $path {DOMAIN} Create u 0
systemctl --user --no-pager list-units --type=scope
busctl --user call {NAME} $path {DOMAIN} Destroy u 0
systemctl --user is-active virtbusd.service
'''
        xml = GUEST.format(name='mine', extra='', devices='', memory=16, boot='',
                           image='/home/alice/guest.img')
        text = output(*prefix, 'bash', '-c', script, 'bash', xml)
        self.assertIn('virtbus-qemu-1-mine.scope', text)
        self.assertTrue(text.strip().endswith('active'), text)


class Result(unittest.TestResult):
    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        bad = {str(t) for t, _ in self.failures + self.errors}
        word = 'FAILED' if str(test) in bad else 'ok'
        print(f'{word} systemd.{test._testMethodName} {time.monotonic() - self.began:.1f} s')

    def addSubTest(self, test, part, error):
        super().addSubTest(test, part, error)
        if error:
            print(self._exc_info_to_string(error, part))

    def addFailure(self, test, error):
        super().addFailure(test, error)
        print(self._exc_info_to_string(error, test))

    def addError(self, test, error):
        super().addError(test, error)
        print(self._exc_info_to_string(error, test))


def passes(test):
    """At a second try."""
    result = Result()
    test.run(result)
    if not result.wasSuccessful():
        return False
    print(f'again systemd.{test._testMethodName}')
    return True


def main():
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f'*{text}*' for text in sys.argv[1:]] or None
    tests = loader.loadTestsFromTestCase(Systemd)
    result = Result()
    tests.run(result)
    bad = {getattr(test, 'test_case', test) for test, _ in result.failures + result.errors}
    if os.path.exists('again'):
        bad = {test for test in bad if not passes(test)}
    if bad:
        print(output('journalctl', '-q', '--no-pager', '-u', UNIT, '-n', '60', check=False))
    print(f'{result.testsRun - len(bad)} passed, {len(bad)} failed, 0 skipped')
    return len(bad) > 0


sys.exit(main())
