#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-contract.py VIRTBUSD ROWS TABLE: compares what the service offers with the table of the
org.libvirt API: every member, names, argument names, signatures, access, whether a property may
change; and, by the program ROWS, the API each method stands for and the permissions it needs. The
objects are those of the test driver. Any difference fails. Exit status 77: there is no table, or
no bus to be had.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree

ROOT = '/org/libvirt/Test'
INTERFACES = (
    'Connect', 'Domain', 'DomainSnapshot', 'Interface', 'Network', 'NodeDevice', 'NWFilter',
    'Secret', 'StoragePool', 'StorageVol',
)  # fmt: skip
VOLUME = """<volume><name>contract</name><capacity>4096</capacity>
<target><format type='raw'/></target></volume>"""
SNAPSHOT = '<domainsnapshot><name>contract</name></domainsnapshot>'
SECRET = """<secret><description>contract</description></secret>"""
NWFILTER = "<filter name='contract' chain='root'/>"
NUMBERS = {
    'DOMAIN_AFFECT_LIVE': 1,
    'DOMAIN_AFFECT_CONFIG': 2,
    'DOMAIN_XML_SECURE': 1,
    'DOMAIN_XML_MIGRATABLE': 8,
    'DOMAIN_VCPU_GUEST': 8,
    'DOMAIN_SHUTDOWN_GUEST_AGENT': 2,
    'DOMAIN_REBOOT_GUEST_AGENT': 2,
    'DOMAIN_SNAPSHOT_CREATE_QUIESCE': 64,
    'DOMAIN_SNAPSHOT_XML_SECURE': 1,
    'DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT': 1,
    'NETWORK_UPDATE_AFFECT_LIVE': 1,
    'NETWORK_UPDATE_AFFECT_CONFIG': 2,
}
# Values of flags, and of another argument that a permission depends on, that are tried.
PROBES = range(0, 128)


def skip(why):
    print(f'SKIPPED: {why}')
    sys.exit(77)


def read_table(path):
    """{(interface, kind, member): (in, out, api, permissions, whether it emits changes)}"""
    rows = {}
    with open(path) as file:
        for line in file:
            if not line.startswith('#') and line.strip():
                columns = line.rstrip('\n').split('\t')
                rows[tuple(columns[:3])] = tuple(columns[3:8])
    return rows


# ---- what the service says ----


class Bus:
    def __init__(self, environment):
        self.environment = environment

    def busctl(self, *words):
        return subprocess.run(
            ['busctl', '--user', *words],
            env=self.environment,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        ).stdout

    def call(self, path, interface, member, *words):
        """Of what is answered the first text or path; '' where there is none."""
        words = self.busctl(
            'call', 'org.libvirt', path, 'org.libvirt.' + interface, member, *words
        ).split('"')
        return words[1] if len(words) > 1 else ''

    def objects(self):
        """{interface: a path that has it}: what there is at the start, and what is made here."""
        found = {'Connect': ROOT}
        lists = {
            'Domain': 'ListDomains',
            'Network': 'ListNetworks',
            'StoragePool': 'ListStoragePools',
            'Interface': 'ListInterfaces',
            'NodeDevice': 'ListNodeDevices',
        }
        for interface, member in lists.items():
            found[interface] = self.call(ROOT, 'Connect', member, 'u', '0')
        made = (
            ('StorageVol', 'StoragePool', 'StorageVolCreateXML', 'su', VOLUME, '0'),
            ('DomainSnapshot', 'Domain', 'SnapshotCreateXML', 'su', SNAPSHOT, '0'),
            ('Secret', 'Connect', 'SecretDefineXML', 'su', SECRET, '0'),
            ('NWFilter', 'Connect', 'NWFilterDefineXML', 's', NWFILTER),
        )
        for interface, parent, member, *words in made:
            found[interface] = self.call(found[parent], parent, member, *words)
        return found

    def introspect(self, path):
        return ElementTree.fromstring(
            self.busctl('--xml-interface', 'introspect', 'org.libvirt', path)
        )


def arguments(member, direction):
    found = []
    for arg in member.findall('arg'):
        if direction is None or arg.get('direction', 'in') == direction:
            found.append(f'{arg.get("name")}:{arg.get("type")}')
    return ' '.join(found)


def annotation(member):
    for one in member.findall('annotation'):
        if one.get('name') == 'org.freedesktop.DBus.Property.EmitsChangedSignal':
            return one.get('value')
    return 'true'


def read_service(bus):
    rows = {}
    objects = bus.objects()
    for name in INTERFACES:
        for found in bus.introspect(objects[name]).findall('interface'):
            interface = found.get('name')
            if interface != 'org.libvirt.' + name:
                continue
            for one in found:
                if one.tag == 'method':
                    value = arguments(one, 'in'), arguments(one, 'out'), ''
                elif one.tag == 'signal':
                    value = '', arguments(one, None), ''
                elif one.tag == 'property':
                    value = one.get('type'), one.get('access'), annotation(one)
                else:
                    continue
                rows[interface, one.tag, one.get('name')] = value
    return rows


def run_service(program, folder):
    """What a service of our own says on a bus of our own."""
    bus = subprocess.Popen(
        ['dbus-daemon', '--session', '--nofork', '--nopidfile', '--print-address=1'],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    service = None
    try:
        address = bus.stdout.readline().strip()
        environment = dict(os.environ, DBUS_SESSION_BUS_ADDRESS=address)
        service = subprocess.Popen([program, '--bus-address', address, '--root', folder])
        for _ in range(200):
            if subprocess.run(
                ['busctl', '--user', 'status', 'org.libvirt'],
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            ).returncode == 0:
                break
            time.sleep(0.05)
        return read_service(Bus(environment))
    finally:
        for process in (service, bus):
            if process:
                process.terminate()
                process.wait()


# ---- permissions: what is needed for each value of an argument ----


def wanted_permissions(text, argument, value):
    """By the table's words."""
    needed = set()
    flags = value if argument == 'flags' else 0
    for permission in text.split():
        parts = permission.split(':')
        applies = True
        if len(parts) == 3:
            bits = sum(NUMBERS[flag] for flag in parts[2].lstrip('!').split('|'))
            applies = bool(flags & bits) != parts[2].startswith('!')
        elif len(parts) == 5:
            applies = argument == parts[3] and value == NUMBERS[parts[4]]
        if applies:
            needed.add(':'.join(parts[:2]))
    return needed


def our_permissions(text, argument, value):
    """By the words of ROWS."""
    needed = set()
    for permission in text.split():
        name, condition = re.fullmatch(r'(\w+:\w+)(?::(.*))?', permission).groups()
        if not condition:
            needed.add(name)
            continue
        about, how, number = re.fullmatch(r'(\w+)([&!=])(\d+)', condition).groups()
        given = value if about == argument else 0
        number = int(number)
        if {'&': given & number, '!': not given & number, '=': given == number}[how]:
            needed.add(name)
    return needed


def compare_rows(table, program):
    wrong = []
    seen = set()
    out = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True).stdout
    for line in out.splitlines():
        interface, kind, member, api, permissions = line.split('\t')
        row = table.get((interface, kind, member))
        seen.add((interface, kind, member))
        where = f'{interface}.{member}'
        if not row:
            continue  # told by compare()
        if kind == 'method' and api != row[2]:
            wrong.append(f'{where}: stands for {api} and not for {row[2]}')
        for argument in ('flags', 'source'):
            for value in PROBES:
                ours = our_permissions(permissions, argument, value)
                theirs = wanted_permissions(row[3], argument, value)
                if ours != theirs:
                    wrong.append(
                        f'{where}: {argument} {value} needs {sorted(ours)} and not {sorted(theirs)}'
                    )
                    break
    for key in table:
        if key not in seen and key[1] != 'signal':
            wrong.append(f'{" ".join(key)}: has no row')
    return wrong


def compare(table, service):
    wrong = []
    for key in sorted(set(table) | set(service)):
        where = ' '.join(key)
        if key not in service:
            wrong.append(f'{where}: is missing')
        elif key not in table:
            wrong.append(f'{where}: is not in the contract')
        elif table[key][:2] != service[key][:2]:
            wrong.append(f'{where}: is {service[key][:2]} and not {table[key][:2]}')
        elif (table[key][4] == 'const') != (service[key][2] == 'const'):
            # What never changes there never does here; other properties tell of their changes.
            is_, wanted = service[key][2], table[key][4]
            wrong.append(f'{where}: EmitsChangedSignal is {is_} and not {wanted}')
    return wrong


def main():
    program, rows, path = sys.argv[1:]
    if not os.path.exists(path):
        skip(f'no {path} to compare with')
    for tool in ('dbus-daemon', 'busctl'):
        if not shutil.which(tool):
            skip(f'no {tool}')
    table = read_table(path)
    with tempfile.TemporaryDirectory(prefix='virtbus-contract-') as folder:
        service = run_service(program, folder)
    wrong = compare(table, service) + compare_rows(table, rows)
    for line in wrong:
        print(line)
    print(f'{len(table)} members compared, {len(wrong)} differences')
    return 1 if wrong or not table else 0


if __name__ == '__main__':
    sys.exit(main())
