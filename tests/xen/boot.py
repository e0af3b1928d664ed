#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Xen host in QEMU (TCG), from images that tests/xen/build made.

  boot.py snapshot IMAGES             boots it once, keeps it as it is when it is READY
  boot.py run IMAGES FOLDER [SECONDS] goes on from there, shares FOLDER with dom0, runs its `test`
                                      there, prints what it prints, and ends with its status
"""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

MEMORY, DOM0_MEMORY = 1280, 512  # MiB
LOST = 98  # no status came: QEMU ended, or time was up

# What guests can be given: a card that nothing else needs (in slot 2 it would pass for graphics of
# Intel's), and two things on USB.
# VIRTBUS_XEN_LINE is the other end of the card's wire, as QEMU's -netdev takes it.
LINE = os.environ.get('VIRTBUS_XEN_LINE')
SPARE = [*(['-netdev', LINE + ',id=line'] if LINE else []),
         '-device', 'e1000e,id=spare,addr=0x10' + (',netdev=line' if LINE else ''),
         '-device', 'qemu-xhci,id=usb', '-device', 'usb-tablet,bus=usb.0,serial=one',
         '-device', 'usb-kbd,bus=usb.0,serial=two']
# With it guests with hardware can be given a card, too. Its tables aren't the CPUs', which are
# another maker's.
IOMMU = bool(os.environ.get('VIRTBUS_XEN_IOMMU'))
VT_D = ['-machine', 'q35,kernel-irqchip=split', '-device', 'intel-iommu,intremap=on']


class Machine:
    def __init__(self, images, share, seconds, incoming):
        self.folder = tempfile.mkdtemp(prefix='virtbus-xen-')
        self.socket = self.folder + '/monitor'
        kernel = f'{images}/vmlinuz console=hvc0 quiet random.trust_cpu=on'.replace(',', ',,')
        arguments = [
            'qemu-system-x86_64', *(VT_D if IOMMU else []), '-accel', 'tcg,thread=multi',
            # Other CPUs make Xen or its dom0 stumble under TCG; without rdrand each start of a
            # guest waits for entropy.
            '-cpu', 'qemu64,+svm,+npt,+rdrand', '-smp', '2', '-m', str(MEMORY),
            '-display', 'none', '-nodefaults', '-no-reboot', '-net', 'none', '-serial', 'stdio',
            '-monitor', f'unix:{self.socket},server=on,wait=off',
            '-fsdev', f'local,id=s,path={os.path.abspath(share)},security_model=none,'
                      'multidevs=remap',
            '-device', 'virtio-9p-pci,fsdev=s,mount_tag=share,disable-modern=on',
            '-kernel', f'{images}/xen.elf',
            '-append', f'console=com1 dom0_mem={DOM0_MEMORY}M,max:{DOM0_MEMORY}M '
                       'dom0_max_vcpus=1 loglvl=warning guest_loglvl=warning'
                       + (' iommu=no-sharept' if IOMMU else ''),
            '-initrd', f'{kernel},{images}/dom0.cpio', *SPARE]
        if incoming:
            arguments += ['-incoming', f'exec:cat {incoming}']
        self.began = time.monotonic()
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, bufsize=0)
        self.limit = threading.Timer(seconds, self.process.kill)
        self.limit.start()

    def monitor(self, *commands):
        """Each command's answer; QEMU may need a moment until it listens."""
        talk = socket.socket(socket.AF_UNIX)
        for _ in range(500):
            try:
                talk.connect(self.socket)
                break
            except OSError:
                time.sleep(0.01)

        def answer():
            text = b''
            while not text.endswith(b'(qemu) '):
                more = talk.recv(65536)
                if not more:
                    break
                text += more
            return text.decode('utf-8', 'replace')

        answer()
        answers = []
        for command in commands:
            talk.sendall(command.encode() + b'\n')
            answers.append(answer())
        talk.close()
        return answers

    def go(self):
        self.process.stdin.write(b'go %d\n' % time.time())

    def say(self, text):
        print(f'[{time.monotonic() - self.began:7.2f}] {text}', flush=True)

    def lines(self):
        rest = b''
        while True:
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                return
            *whole, rest = (rest + more).split(b'\n')
            for line in whole:
                yield line.decode('utf-8', 'replace').rstrip('\r')

    def end(self):
        self.limit.cancel()
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def snapshot_of(images):
    return f'{images}/snapshot' + ('-iommu' if IOMMU else '')


def take_snapshot(images):
    machine = Machine(images, images, 120, None)
    try:
        for line in machine.lines():
            machine.say(line)
            if line.startswith('READY'):
                time.sleep(1)
                file = snapshot_of(images)
                machine.monitor('stop', 'migrate_set_parameter max-bandwidth 100G',
                                f'migrate "exec:cat > {file}.new"', 'quit')
                os.rename(f'{file}.new', file)
                return 0
        return LOST
    finally:
        machine.end()


def run(images, folder, seconds):
    machine = Machine(images, folder, seconds, snapshot_of(images))
    try:
        while 'inmigrate' in machine.monitor('info status')[0]:
            time.sleep(0.02)
        machine.monitor('cont')
        machine.go()
        for line in machine.lines():
            if line.startswith('EXIT '):
                return int(line.split()[1])
            machine.say(line)
        return LOST
    finally:
        machine.end()


def main():
    if len(sys.argv) == 3 and sys.argv[1] == 'snapshot':
        return take_snapshot(sys.argv[2])
    if len(sys.argv) in (4, 5) and sys.argv[1] == 'run':
        return run(sys.argv[2], sys.argv[3], float(sys.argv[4] if len(sys.argv) == 5 else 240))
    print(__doc__)
    return 2


sys.exit(main())
