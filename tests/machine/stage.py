# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes a command line start on a host that has nothing of what it names.

Files become empty ones of the right format in a folder of the test. What needs a privilege, a
device, a server or another host gets a stand-in in the same place; then the text of the option is
compared, too (`said`), so that nothing goes unjudged because it was replaced. Both lines of a pair
go through the same stage, so the same path is the same file.

Everything runs on TCG, for that is everywhere the same. Where a sample was made for a QEMU without
some feature and says the same in the older way (`-usb`, `-numa mem=`), it is said in the newer.
"""
import copy
import os
import re
import shutil
import socket
import subprocess

from line import Option, plain

REMOTE = {'nbd', 'rbd', 'iscsi', 'gluster', 'ssh', 'http', 'https', 'ftp', 'ftps', 'nfs',
          'sheepdog', 'nvme', 'vxhs', 'nvme-io_uring', 'virtio-blk-vhost-vdpa',
          'virtio-blk-vhost-user', 'virtio-blk-vfio-pci', 'io_uring'}
STORED = {'file', 'host_device', 'host_cdrom'}
FORMATS = {'qcow2', 'qcow', 'qed', 'vmdk', 'vdi', 'vpc', 'vhdx', 'luks', 'parallels'}
# A device that can't be here, and one that takes its place on the same bus.
DEVICES = {
    'vfio-pci': 'pci-testdev', 'vfio-pci-nohotplug': 'pci-testdev',
    'scsi-generic': 'scsi-hd', 'scsi-block': 'scsi-hd',
    'vhost-user-blk-pci': 'virtio-rng-pci', 'vhost-user-fs-pci': 'virtio-rng-pci',
    'vhost-scsi-pci': 'virtio-rng-pci', 'vhost-vsock-pci': 'virtio-rng-pci',
    'vhost-user-vga': 'virtio-vga', 'vhost-user-gpu-pci': 'virtio-gpu-pci',
    'virtio-vga-gl': 'virtio-vga', 'virtio-gpu-gl-pci': 'virtio-gpu-pci',
    'virtio-input-host-pci': 'virtio-keyboard-pci', 'usb-host': 'usb-mouse',
    'ccid-card-emulated': None, 'tpm-tis': None, 'tpm-crb': None, 'ivshmem-doorbell': None,
}
PLACE = ('driver', 'id', 'bus', 'addr', 'port', 'multifunction', 'acpi-index', 'disable-legacy',
         'disable-modern')
HIGHEST = 1 << 39
UNITS = {'': 1 << 20, 'B': 1, 'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30, 'T': 1 << 40}


def numbers(given):
    """`1-2`, ['1-2', 5], [1, 2, 5] as the last."""
    out = []
    for part in given if isinstance(given, list) else [given]:
        first, _, last = str(part).partition('-')
        out += range(int(first), int(last or first) + 1)
    return sorted(out)


def size_of(text):
    """Bytes; without a unit QEMU takes MiB."""
    number, unit = re.fullmatch(r'(\d+)([A-Z]?)', str(text).upper()).groups()
    return int(number) * UNITS[unit]


class Templates:
    """Images of each format, made once and copied."""

    def __init__(self, folder):
        self.folder = folder
        self.made = {}

    def make(self, form, encrypted, path):
        template = self.made.get((form, encrypted))
        if not template:
            template = os.path.join(self.folder, f'template-{form}-{encrypted}')
            command = ['qemu-img', 'create', '-q', '-f', form]
            prefix = 'encrypt.' if form == 'qcow2' else ''
            if encrypted:
                command += ['--object', 'secret,id=s,data=test', '-o',
                            ('encrypt.format=luks,' if prefix else '') +
                            f'{prefix}key-secret=s,{prefix}iter-time=100']
            for again in range(8):  # the calibration of its key may miss the CPU's time
                if subprocess.run(command + [template, '4M'], check=again == 7,
                                  stderr=subprocess.DEVNULL).returncode == 0:
                    break
            self.made[form, encrypted] = template
        shutil.copyfile(template, path)


class Stage:
    def __init__(self, folder, templates, pki, alias=None, tls=True, host_cpu=False):
        self.host_cpu = host_cpu
        self.alias = alias  # of the machine, as the definition has it
        self.tls = tls  # the definition asks for it; otherwise it is the host's configuration
        self.folder, self.templates, self.pki = folder, templates, pki
        self.paths = {}   # as the line names it: as it is here
        self.said = []    # options whose text is compared
        self.servers = []
        os.makedirs(folder, exist_ok=True)

    # ---- places ----

    def path(self, name, kind='file', size=4 << 20):
        if (name, kind) not in self.paths:
            here = os.path.join(self.folder, f'p{len(self.paths):03}')
            self.paths[name, kind] = here
            if kind == 'folder':
                os.makedirs(here)
            elif kind == 'pipe':
                for end in '.in', '.out':
                    os.mkfifo(here + end)
            elif kind == 'file':
                with open(here, 'wb') as file:
                    file.truncate(size)
        return self.paths[name, kind]

    def original(self, text):
        for (name, _), here in self.paths.items():
            text = text.replace(here, name)
        return text

    def free_port(self, first=0):
        """A port that is free now, and told apart from those of a line that runs beside."""
        while True:
            with socket.socket() as server:
                server.bind(('127.0.0.1', 0))
                port = server.getsockname()[1]
            if port > first:
                return port

    def say(self, option, value=None, drop=()):
        value = copy.deepcopy(option.value if value is None else value)
        if isinstance(value, dict):
            for key in drop:
                value.pop(key, None)
            # Where certificates are is the host's business.
            for key in 'dir', 'x509-dir':
                value.pop(key, None)
            # A device of the host that libvirt looked for is as good as none that was named.
            if value.get('rendernode') == '/dev/dri/foo':
                value.pop('rendernode')
        self.said.append((option.name, plain(value)))

    # ---- the whole ----

    def set(self, options):
        """The options as they are started."""
        self.said = []
        self.nodes = {option.get('node-name'): option for option in options
                      if option.name == 'blockdev'}
        self.away, self.dropped, self.assumed = set(), set(), set()
        machines = [option.get('type', '') for option in options if option.name == 'machine']
        self.chipset = 'piix' if any(re.match(r'pc$|pc-[i0-9]', one) for one in machines) else ''
        self.clients = {option.get('chardev') for option in options if option.name == 'netdev'}
        self.memory = next((size_of(one.get('size')) for one in options if one.name == 'm'), 0)
        self.numa = any(option.name == 'numa' for option in options)
        out, self.more = [], []
        for option in options:
            option = copy.deepcopy(option)
            change = getattr(self, 'set_' + option.name.replace('-', '_'), None)
            if change is None or change(option) is not False:
                out.append(option)
        return self.more + out

    def set_accel(self, option):
        if option.get('accel') == 'kvm':
            self.say(option)
            option.value = {'accel': 'tcg'}

    def set_cpu(self, option):
        if self.host_cpu:
            option.value = {'model': 'max'}
            return
        if option.get('model') == 'host':
            if option.get('migratable') == 'on':  # as without it
                option.value.pop('migratable')
            self.say(option)
            option.value = {**option.value, 'model': 'max'}

    def set_m(self, option):
        """Processors of TCG address 40 bits."""
        if 'maxmem' in option.value and size_of(option.value['maxmem']) > HIGHEST:
            self.say(option)
            option.value['maxmem'] = f'{HIGHEST >> 20}M'

    def set_numa(self, option):
        """Memory by its size only: machines of today want an object."""
        value = option.value
        if 'mem' in value:
            name = f'ram-node{value["nodeid"]}'
            self.more.append(Option('object', f'memory-backend-ram,id={name},'
                                              f'size={size_of(value.pop("mem"))}'))
            value['memdev'] = name

    def set_machine(self, option):
        value = option.value
        for key in 'confidential-guest-support', 'kernel_irqchip':
            if key in value:
                self.say(option, {key: value.pop(key)})
        # libvirt's samples resolve "pc" to that of the QEMU that they assume.
        if self.alias and re.match(r'pc-(i440fx|q35)-', value['type']):
            value['type'] = self.alias
        if 'memory-backend' not in value and not self.numa:
            self.assumed.add('object/pc.ram')  # that QEMU had no backends, so no more is said
            value['memory-backend'] = 'pc.ram'
            self.more.append(Option('object', f'memory-backend-ram,id=pc.ram,size={self.memory}'))

    def set_overcommit(self, option):
        self.say(option)
        option.value = {'mem-lock': 'off'}

    def set_sandbox(self, option):
        return False

    def set_usb(self, option):
        """How the controller of a board was asked for when it had no device of its own."""
        if self.chipset == 'piix':
            option.__init__('device', 'piix3-usb-uhci,id=usb,bus=pci.0,addr=0x1.0x2')

    def set_display(self, option):
        if option.get('type') == 'none':
            return None
        self.say(option)
        if option.get('gl') or option.get('addr') or option.get('type') == 'egl-headless':
            option.value = {'type': 'none'}
        return None

    def set_full_screen(self, option):
        self.say(option)
        return False

    def set_vnc(self, option):
        value = option.value
        place = value['vnc']
        for key in 'tls-creds', 'sasl':  # the host's configuration asks for these
            value.pop(key, None)
        self.say(option)
        if place.startswith('unix:'):
            value['vnc'] = 'unix:' + self.path(place[5:], 'socket')
        elif place != 'none':
            value['vnc'] = f'127.0.0.1:{self.free_port(5900) - 5900}'
        if value.get('websocket'):
            value['websocket'] = str(self.free_port())

    def set_spice(self, option):
        value = option.value
        for key in 'disable-ticketing', 'sasl':  # the host's configuration asks for these
            value.pop(key, None)
        self.say(option)
        for key in 'gl', 'rendernode':
            value.pop(key, None)
        if value.get('unix') == 'on':
            value['addr'] = self.path(value['addr'], 'socket')
        elif 'addr' in value:
            value['addr'] = '127.0.0.1'
        for key in 'port', 'tls-port':
            if value.get(key, '0') != '0':
                value[key] = str(self.free_port())
        if 'x509-dir' in value:
            value['x509-dir'] = self.pki

    def set_audiodev(self, option):
        value = option.value
        if value['driver'] in ('alsa', 'pa', 'oss', 'jack', 'wav', 'dbus', 'sdl', 'pipewire'):
            self.say(option)
            option.value = {'id': value['id'], 'driver': 'none'}

    def set_bios(self, option):
        if option.value.endswith('/seabios/bios-256k.bin'):
            return False  # what QEMU takes by itself
        self.say(option)
        option.value = '/usr/share/seabios/bios.bin'
        return None

    def set_initrd(self, option):
        self.say(option)
        option.value = self.path(option.value)

    set_dtb = set_initrd

    def set_kernel(self, option):
        self.set_initrd(option)
        with open(option.value, 'r+b') as file:  # as much of a bzImage as QEMU looks at
            file.seek(0x202)
            file.write(b'HdrS\x06\x02')
            file.seek(0x211)
            file.write(b'\x01')
            file.seek(0x22c)
            file.write(b'\xff\xff\xff\x37')

    def set_fsdev(self, option):
        if 'path' in option.value:
            option.value['path'] = self.path(option.value['path'], 'folder')

    def set_acpitable(self, option):
        self.say(option)
        return False

    set_rtc = set_smbios = set_fw_cfg = set_k = set_append = lambda self, option: self.say(option)

    def set_tpmdev(self, option):
        self.say(option)
        return False

    def set_add_fd(self, option):
        return False

    def set_incoming(self, option):
        return False  # what is restored isn't in the definition

    # ---- character devices ----

    def set_chardev(self, option):
        value = option.value
        backend, name = value['backend'], value['id']
        if name == 'charmonitor':
            return False
        if not self.tls:
            value.pop('tls-creds', None)
        if 'logfile' in value:
            value['logfile'] = self.path(value['logfile'])
        stand_in = {'backend': 'null', 'id': name}
        if backend == 'file':
            value['path'] = self.path(value['path'])
        elif backend == 'pipe':
            value['path'] = self.path(value['path'], 'pipe')
        elif backend == 'socket' and value.get('server') == 'on' and 'host' not in value and \
                name not in self.clients:
            # A socket that libvirt opened is one that QEMU opens, or the other way round.
            value.pop('fd', None)
            value['path'] = self.path(name, 'socket')
            value.pop('mode', None)
        elif backend in ('socket', 'udp', 'serial', 'parallel', 'tty', 'parport', 'dbus'):
            self.say(option, drop=['path'] if name == 'chrtpm' else [])  # of a helper
            option.value = {**stand_in,
                            **{k: v for k, v in value.items() if k in ('logfile', 'logappend')}}
        return None

    # ---- networks ----

    def set_netdev(self, option):
        value = option.value
        kind = value['type']
        shown = dict(value)
        for key in 'fd', 'vhostfd', 'fds', 'vhostfds':
            if key in shown:
                shown[key] = re.sub(r'[^:]+', 'fd', str(shown[key]))
        if kind != 'user' or 'hostfwd' in value:
            self.say(option, shown)
            option.value = {'type': 'user', 'id': value['id']}

    # ---- block devices ----

    def set_blockdev(self, option):
        value, name = option.value, option.get('node-name')
        driver = value['driver']
        shown = {key: one for key, one in value.items()
                 if key not in ('node-name', 'file', 'discard', 'auto-read-only')}
        if driver in STORED:
            if driver != 'file':
                self.say(option, {'driver': driver})
                value['driver'] = 'file'
            for key in 'aio', 'pr-manager', 'locking':
                if key in value:
                    self.say(option, {'filename': value['filename'], key: value.pop(key)})
            value['filename'] = self.image(name, value['filename'])
            value['locking'] = 'off'
        elif driver == 'vvfat':
            value['dir'] = self.path(value['dir'], 'folder')
        elif driver in REMOTE:
            self.say(option, shown)
            self.away.add(name)
            option.value = {'driver': 'null-co', 'node-name': name, 'size': 4 << 20,
                            'read-only': bool(value.get('read-only', False))}
        elif isinstance(value.get('file'), str) and value['file'] in self.away:
            self.say(option, shown)
            self.away.add(name)
            option.value = {'driver': 'raw', 'node-name': name, 'file': value['file'],
                            'read-only': bool(value.get('read-only', False))}

    def image(self, node, name):
        """The file of a node, in the format that the node above it expects."""
        path = self.path(name)
        for above in self.nodes.values():
            form = above.get('driver')
            if above.get('file') != node or form not in FORMATS:
                continue
            encrypted = form == 'luks' or 'encrypt' in above.value
            if (path, 'made') not in self.paths:
                self.paths[path, 'made'] = path + 'made'
                self.templates.make(form, encrypted, path)
        return path

    # ---- objects ----

    def set_object(self, option):
        value = option.value
        kind = value['qom-type']
        if kind == 'secret':
            if value['id'] == 'masterKey0':
                return False
            option.value = {'qom-type': 'secret', 'id': value['id'], 'data': 'test'}
        elif kind == 'tls-creds-x509':
            if re.match('vnc-tls-creds' if self.tls else 'vnc-tls-creds|objchar', value['id']):
                return False
            self.say(option)
            value['dir'] = self.pki
            value['verify-peer'] = value.get('verify-peer', 'on')
            value.pop('passwordid', None)
        elif kind.startswith('memory-backend'):
            return self.set_memory(option)
        elif kind == 'thread-context':
            self.say(option)
            value.pop('node-affinity', None)
            value.pop('cpu-affinity', None)
        elif kind in ('input-linux', 'pr-manager-helper', 'rng-egd', 'sev-guest', 'tdx-guest'):
            self.say(option)
            self.dropped.add(value['id'])
            if kind == 'sev-guest':
                said = self.said[-1][1]
                said.update({key: 'a file' for key in said if key.endswith('-file')})
            if kind != 'rng-egd':
                return False
            option.value = {'qom-type': 'rng-builtin', 'id': value['id']}
        elif kind == 'rng-random' and not os.path.exists(value['filename']):
            self.say(option)
            value['filename'] = '/dev/urandom'
        return None

    def set_memory(self, option):
        value = option.value
        if value['qom-type'] == 'memory-backend-epc':
            return None
        if 'hugetlb' in value or '/hugepages' in value.get('mem-path', ''):
            # Huge pages are a file below a mount point, or have no name; there are none here.
            for key in 'hugetlb', 'hugetlbsize', 'mem-path', 'prealloc':
                value.pop(key, None)
            self.say(option, {'id': value['id'], 'huge': True, 'share': value.pop('share', False)})
            value['qom-type'] = 'memory-backend-ram'
        lost = {key: value.pop(key) for key in
                ('prealloc', 'hugetlb', 'hugetlbsize', 'host-nodes', 'policy', 'pmem',
                 'prealloc-threads', 'prealloc-context', 'align') if key in value}
        if 'host-nodes' in lost:
            lost['host-nodes'] = numbers(lost['host-nodes'])
        if value.get('mem-path', '').startswith('/var/lib/libvirt/qemu/ram/'):
            # Memory that others map: a file, or what is one without a name.
            value['qom-type'] = 'memory-backend-memfd'
            value.pop('mem-path')
        if lost:
            self.say(option, {'id': value['id'], **lost})
        if 'mem-path' in value:
            size = int(value['size'])
            is_folder = not re.search(r'nvdimm|pmem|virtio|\.(img|raw)$|/dev/', value['mem-path'])
            value['mem-path'] = self.path(value['mem-path'], 'folder') if is_folder else \
                self.path(value['mem-path'], size=size)
        return None

    # ---- devices ----

    def set_device(self, option):
        value = option.value
        driver = value['driver']
        if driver in DEVICES:
            stand_in = DEVICES[driver]
            shown = {key: re.sub(r'^\d+$', 'fd', str(one)) if key == 'vhostfd' else one
                     for key, one in value.items() if key != 'drive'}
            self.say(option, shown)
            if not stand_in:
                return False
            keep = PLACE + (('drive', 'bootindex', 'scsi-id', 'lun', 'channel', 'share-rw')
                            if stand_in == 'scsi-hd' else
                            ('max_outputs', 'xres', 'yres', 'edid') if 'v' in stand_in and
                            ('vga' in stand_in or 'gpu' in stand_in) else ())
            option.value = {key: one for key, one in value.items() if key in keep}
            option.value['driver'] = stand_in
        elif 'romfile' in value and value['romfile']:
            self.say(option, {'id': value['id'], 'romfile': value.pop('romfile')})
        return None
