# SPDX-License-Identifier: LGPL-2.1-or-later
"""What runs beside QEMU (swtpm, virtiofsd, passt, qemu-pr-helper), what must have run before it,
and what a start hands to it: secrets, overlays, limits. Nothing is left when the guest is gone,
whatever ended first.
"""
import contextlib
import glob
import os
import random
import shutil
import signal
import subprocess
import time
import unittest

from harness import CONNECT, ROOT, RUNNING, SHUTOFF, BusError, BusTest, command_of

ROUNDS = int(os.environ.get('VIRTBUS_ROUNDS', 8))
VIRTIOFSD = glob.glob('/usr/share/qemu/vhost-user/*virtiofsd*.json')

TPM = "<tpm model='tpm-tis'><backend type='emulator' version='2.0'/></tpm>"
SHARED = "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>"
PASST = "<interface type='user'><backend type='passt'/><model type='virtio'/>%s</interface>"

needs_swtpm = unittest.skipUnless(shutil.which('swtpm') and shutil.which('swtpm_setup'),
                                  'swtpm and swtpm-tools are not installed')
needs_virtiofsd = unittest.skipUnless(VIRTIOFSD and os.getuid() == 0,
                                      'virtiofsd is not installed, or this is not root')
needs_passt = unittest.skipUnless(shutil.which('passt'), 'passt is not installed')


def disk(target, bus, path, more='', kind='qcow2'):
    return (f"<disk type='file' device='disk'><driver name='qemu' type='{kind}'/>"
            f"<source file='{path}'/><target dev='{target}' bus='{bus}'/>{more}</disk>")


class HelperTest(BusTest):
    seconds = 120

    def helpers(self, program):
        return [pid for pid in self.bed.guests()
                if os.path.basename(command_of(pid)[0]).startswith(program)]

    def until_helpers(self, program, n, timeout=10):
        deadline = time.monotonic() + timeout
        while len(self.helpers(program)) != n:
            if time.monotonic() > deadline:
                raise AssertionError(f'{len(self.helpers(program))} of {program} and not {n}')
            time.sleep(0.02)

    def qemu_image(self, name, *options):
        path = self.bed.path(name)
        subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', *options, path, '4M'],
                       check=True)
        return path

    def until_said(self, text, timeout=10):
        deadline = time.monotonic() + timeout
        while text not in self.bed.words():
            if time.monotonic() > deadline:
                raise AssertionError(f'the service did not say {text!r}')
            time.sleep(0.02)


@needs_swtpm
class Swtpm(HelperTest):
    def test_comes_and_goes_with_the_guest(self):
        domain, _ = self.running(devices=TPM)
        self.assertEqual(len(self.helpers('swtpm')), 1)
        [state] = glob.glob(self.bed.path('data/virtbus/qemu/tpm/*/2.0'))
        made = os.stat(state).st_ino
        domain.Destroy(0)
        self.assertEqual(self.bed.guests(), [])
        domain.Create(0)
        self.assertEqual(os.stat(state).st_ino, made)
        domain.Destroy(0)
        self.assertEqual(self.bed.guests(), [])
        self.assertTrue(os.listdir(state))

    def test_state_ends_with_the_definition(self):
        domain = self.bed.define('guest', devices=TPM)
        domain.Create(1)
        domain.Destroy(0)
        domain.Undefine(0)
        self.assertEqual(glob.glob(self.bed.path('data/virtbus/qemu/tpm/*')), [])

    def test_survives_the_service(self):
        domain, _ = self.running(devices=TPM)
        before = self.helpers('swtpm')
        self.bed.restart()
        self.assertEqual(domain.state, RUNNING)
        self.assertEqual(self.helpers('swtpm'), before)
        domain.Destroy(0)
        self.assertEqual(self.bed.guests(), [])

    def test_ends_though_nobody_saw_the_guest_end(self):
        domain, _ = self.running(devices=TPM)
        [helper] = self.helpers('swtpm')
        os.kill(helper, signal.SIGSTOP)  # it can't end by itself when QEMU hangs up
        self.bed.kill()
        for pid in self.bed.guests():
            if pid != helper:
                os.kill(pid, signal.SIGKILL)
        self.bed.start()
        self.bed.until_guests(0)
        domain.until_state(SHUTOFF)
        self.assertEqual(self.bed.files('run'), [])

    def test_one_that_hangs_is_killed(self):
        domain, _ = self.running(devices=TPM)
        [helper] = self.helpers('swtpm')
        os.kill(helper, signal.SIGSTOP)
        domain.Destroy(0)
        self.assertEqual(self.bed.guests(), [])
        self.until_said('killed')

    def test_death_is_told(self):
        domain, _ = self.running(devices=TPM)
        [helper] = self.helpers('swtpm')
        os.kill(helper, signal.SIGKILL)
        self.until_said('swtpm ended unexpectedly')
        self.assertEqual(domain.state, RUNNING)

    def test_old_version(self):
        domain, _ = self.running(devices=TPM.replace('2.0', '1.2'))
        self.assertEqual(len(glob.glob(self.bed.path('data/virtbus/qemu/tpm/*/1.2'))), 1)
        domain.Destroy(0)

    def test_destroyed_while_it_is_set_up(self):
        domain = self.bed.define('guest', devices=TPM)
        for _ in range(4):
            shutil.rmtree(self.bed.path('data/virtbus/qemu/tpm'), ignore_errors=True)
            serial = domain.begin('Create', 0)
            time.sleep(random.random() * 0.2)
            with contextlib.suppress(BusError):
                domain.Destroy(0)
            with contextlib.suppress(BusError):
                self.client.finish(serial)
            with contextlib.suppress(BusError):
                domain.Destroy(0)
            self.bed.until_guests(0, timeout=2)

    def test_killed_at_any_moment(self):
        domain = self.bed.define('guest', devices=TPM)
        domain.Create(0)
        domain.Destroy(0)
        for _ in range(ROUNDS):
            domain.begin('Create', 0)
            time.sleep(random.random() * 0.3)
            self.bed.restart()
            state = domain.state
            with contextlib.suppress(BusError):
                domain.Destroy(0)
            self.bed.until_guests(0, timeout=5)
            self.assertEqual(self.bed.files('run'), [], state)


@needs_swtpm
class Secrets(HelperTest):
    def define_secret(self, uuid, value):
        path = self.client.call(
            ROOT, CONNECT, 'SecretDefineXML',
            f"<secret ephemeral='no' private='yes'><uuid>{uuid}</uuid></secret>", 0,
            signature='su')
        self.client.call(path, 'org.libvirt.Secret', 'SetValue', value, 0, signature='ayu')

    def test_encrypted_state(self):
        uuid = '0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f'
        devices = TPM.replace("/></tpm>", f"><encryption secret='{uuid}'/></backend></tpm>")
        domain = self.bed.define('guest', devices=devices)
        self.refused(domain.Create, 0, text=f"no secret with matching uuid '{uuid}'")
        self.define_secret(uuid, b'sEcReT')
        domain.Create(0)
        for pid in self.bed.guests():
            self.assertNotIn('sEcReT', ' '.join(command_of(pid)))
        domain.Destroy(0)

    def test_encrypted_image(self):
        uuid = '0a81f5b2-8403-7b23-c8d6-21ccc2f80d70'
        image = self.bed.path('luks.img')
        create = ['qemu-img', 'create', '-q', '-f', 'luks', '--object', 'secret,id=s,data=sEcReT',
                  '-o', 'key-secret=s,iter-time=10', image, '1M']
        # It measures how fast it is, and gives up on a busy host; the time of a test is bounded.
        while subprocess.run(create).returncode:
            time.sleep(0.2)
        encryption = f"<encryption format='luks'><secret type='passphrase' uuid='{uuid}'/>" \
                     '</encryption>'
        domain = self.bed.define('guest', devices=disk('vda', 'virtio', image, encryption, 'raw'))
        self.refused(domain.Create, 0, text=f"no secret with matching uuid '{uuid}'")
        self.define_secret(uuid, b'wrong')
        self.refused(domain.Create, 0, text='Invalid password')
        self.define_secret(uuid, b'sEcReT')
        domain.Create(0)
        domain.Destroy(0)


@needs_virtiofsd
class Virtiofsd(HelperTest):
    def share(self, more=''):
        folder = self.bed.path('share')
        os.makedirs(folder, exist_ok=True)
        return (f"<filesystem type='mount'><driver type='virtiofs'/>{more}"
                f"<source dir='{folder}'/><target dir='tag'/></filesystem>")

    def test_comes_and_goes_with_the_guest(self):
        domain, _ = self.running(devices=self.share(), rules=SHARED)
        self.assertGreaterEqual(len(self.helpers('virtiofsd')), 1)
        self.bed.restart()
        self.assertEqual(domain.state, RUNNING)
        domain.Destroy(0)
        self.assertEqual(self.bed.guests(), [])

    def test_memory_must_be_shared(self):
        self.refused(self.client.define, self.bed.xml('guest', devices=self.share()),
                     text='shared memory')

    def test_one_that_fails(self):
        domain = self.bed.define('guest', rules=SHARED,
                                 devices=self.share("<binary path='/bin/false'/>"))
        self.refused(domain.Create, 0, text='virtiofsd')
        self.assertEqual(self.bed.guests(), [])

    def test_one_that_is_not_there(self):
        domain = self.bed.define('guest', rules=SHARED,
                                 devices=self.share("<binary path='/no/virtiofsd'/>"))
        self.refused(domain.Create, 0, text='/no/virtiofsd')
        self.assertEqual(self.bed.guests(), [])


@needs_passt
class Passt(HelperTest):
    def test_comes_and_goes_with_the_guest(self):
        forward = "<portForward proto='tcp' address='127.0.0.1'><range start='54321' to='22'/>" \
                  '</portForward>'
        domain, _ = self.running(devices=PASST % forward)
        self.assertGreaterEqual(len(self.helpers('passt')), 1)
        self.bed.restart()
        self.assertEqual(domain.state, RUNNING)
        domain.Destroy(0)
        self.bed.until_guests(0)

    def test_one_that_fails(self):
        domain = self.bed.define('guest', devices=PASST % "<source dev='no-such-device'/>")
        self.refused(domain.Create, 0, text='passt')
        self.bed.until_guests(0)


class Disks(HelperTest):
    def test_transient(self):
        image = self.qemu_image('base.qcow2')
        with open(image, 'rb') as file:
            before = file.read()
        domain, _ = self.running(devices=disk('vda', 'virtio', image, '<transient/>'))
        self.assertEqual(len(glob.glob(self.bed.path('data/virtbus/qemu/transient/*/vda'))), 1)
        other, _ = self.running('other', devices=disk('vda', 'virtio', image, '<transient/>'))
        other.Destroy(0)
        domain.Destroy(0)
        self.assertEqual(glob.glob(self.bed.path('data/virtbus/qemu/transient/*')), [])
        with open(image, 'rb') as file:
            self.assertEqual(file.read(), before)

    def test_limits(self):
        tune = '<iotune><total_bytes_sec>1000000</total_bytes_sec><read_iops_sec>100' \
               '</read_iops_sec><group_name>all</group_name></iotune>'
        buses = [('vda', 'virtio'), ('hdb', 'ide'), ('sda', 'scsi'), ('sdb', 'usb')]
        devices = ''.join(disk(target, bus, self.qemu_image(target), tune)
                          for target, bus in buses)
        domain, _ = self.running(devices=devices + "<controller type='scsi' model='virtio-scsi'/>")
        domain.Destroy(0)

    def test_chain(self):
        base = self.qemu_image('base.qcow2')
        top = self.bed.path('top.qcow2')
        subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, top],
                       check=True)
        chain = f"<backingStore type='file'><format type='qcow2'/><source file='{base}'/>" \
                '<backingStore/></backingStore>'
        domain, _ = self.running(devices=disk('vda', 'virtio', top, chain))
        self.assertIn("index='", domain.xml)
        domain.Destroy(0)

    def test_reservations(self):
        image = self.bed.path('raw.img')
        with open(image, 'wb') as file:
            file.truncate(1 << 20)
        devices = disk('sda', 'scsi', image, kind='raw').replace(
            f"<source file='{image}'/>",
            f"<source file='{image}'><reservations managed='yes'/></source>")
        domain, _ = self.running(
            devices=devices + "<controller type='scsi' model='virtio-scsi'/>")
        self.assertEqual(len(self.helpers('qemu-pr-helper')), 1)
        domain.Destroy(0)
        self.assertEqual(self.bed.guests(), [])

    def test_volume_without_its_pool(self):
        devices = "<disk type='volume' device='disk'><source pool='p' volume='v'/>" \
                  "<target dev='vda' bus='virtio'/></disk>"
        domain = self.bed.define('guest', devices=devices)
        self.refused(domain.Create, 0, text="pool 'p'")


class Threads(HelperTest):
    def threads(self):
        """{name: (CPUs it may run on, its scheduler's number)}"""
        [pid] = self.bed.guests()
        found = {}
        for task in os.listdir(f'/proc/{pid}/task'):
            with open(f'/proc/{pid}/task/{task}/comm') as file:
                name = file.read().strip()
            found[name] = (os.sched_getaffinity(int(task)), os.sched_getscheduler(int(task)))
        return found

    @unittest.skipUnless(len(os.sched_getaffinity(0)) > 1, 'this machine has one CPU')
    def test_pinned(self):
        everywhere = os.sched_getaffinity(0)
        first, last = min(everywhere), max(everywhere)
        tune = (f"<iothreads>2</iothreads><cputune><vcpupin vcpu='0' cpuset='{first}'/>"
                f"<emulatorpin cpuset='{last}'/><iothreadpin iothread='1' cpuset='{first}'/>"
                "<iothreadsched iothreads='1' scheduler='batch'/></cputune>")
        domain, _ = self.running(rules=tune)
        threads = self.threads()
        vcpu = [one for name, one in threads.items() if name.startswith('CPU 0')]
        self.assertEqual(vcpu, [({first}, 0)])
        self.assertEqual(threads['qemu-system-x86'][0], {last})
        self.assertEqual(threads['IO iothread1'], ({first}, os.SCHED_BATCH))
        self.assertEqual(threads['IO iothread2'], (everywhere, 0))
        domain.Destroy(0)

    def test_cpus_that_are_not_there(self):
        domain = self.bed.define(
            'guest', rules="<cputune><vcpupin vcpu='0' cpuset='1000'/></cputune>")
        self.refused(domain.Create, 0, text='cannot pin vcpu 0')


class Hostdevs(HelperTest):
    def test_what_the_host_lacks(self):
        address = "<address domain='0x0000' bus='0xfe' slot='0x1f' function='0x7'/>"
        devices = "<hostdev mode='subsystem' type='pci' managed='yes'>" \
                  f"<source>{address}</source></hostdev>"
        domain = self.bed.define('guest', devices=devices)
        self.refused(domain.Create, 0, text='0000:fe:1f.7')
        usb = "<hostdev mode='subsystem' type='usb'><source%s><vendor id='0xdead'/>" \
              "<product id='0xbeef'/></source></hostdev><controller type='usb' model='piix3-uhci'/>"
        domain = self.bed.define('other', devices=usb % '')
        self.refused(domain.Create, 0, text='dead:beef')
        domain = self.bed.define('third', devices=usb % " startupPolicy='optional'")
        domain.Create(0)
        domain.Destroy(0)


if __name__ == '__main__':
    unittest.main()
