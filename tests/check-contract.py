#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-contract.py VIRTBUSD ROWS TABLE: compares what the service offers with the table of the
org.libvirt API: every member of the interfaces that it has, names, argument names, signatures,
access; and, by the program ROWS, the API each method stands for and the permissions it needs.
Any difference fails. Exit status 77: there is no table, or no bus to be had.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree

UUID = 'c7a5fdbd-edaf-9455-926a-d65c16db1809'
DOMAIN = f'''<domain type='qemu'>
  <name>contract</name>
  <uuid>{UUID}</uuid>
  <memory unit='KiB'>65536</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
</domain>
'''
OBJECTS = {
    'org.libvirt.Connect': '/org/libvirt/QEMU',
    'org.libvirt.Domain': '/org/libvirt/QEMU/domain/_' + UUID.replace('-', '_'),
}
NUMBERS = {
    'DOMAIN_AFFECT_LIVE': 1,
    'DOMAIN_AFFECT_CONFIG': 2,
    'DOMAIN_XML_SECURE': 1,
    'DOMAIN_XML_MIGRATABLE': 8,
    'DOMAIN_VCPU_GUEST': 8,
    'DOMAIN_SHUTDOWN_GUEST_AGENT': 2,
    'DOMAIN_REBOOT_GUEST_AGENT': 2,
    'DOMAIN_SNAPSHOT_CREATE_QUIESCE': 64,
    'DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT': 1,
}
# Values of flags, and of another argument that a permission depends on, that are tried.
PROBES = range(0, 128)


def skip(why):
    print(f'SKIPPED: {why}')
    sys.exit(77)


def read_table(path):
    """{(interface, kind, member): (in, out, api, permissions)}"""
    rows = {}
    with open(path) as file:
        for line in file:
            if not line.startswith('#') and line.strip():
                columns = line.rstrip('\n').split('\t')
                interface, kind, member, one, two, api, permissions = columns[:7]
                if interface in OBJECTS:
                    rows[interface, kind, member] = (one, two, api, permissions)
    return rows


# ---- what the service says ----


def introspect(environment, path):
    out = subprocess.run(
        ['busctl', '--user', '--xml-interface', 'introspect', 'org.libvirt', path],
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    return ElementTree.fromstring(out)


def arguments(member, direction):
    found = []
    for arg in member.findall('arg'):
        if direction is None or arg.get('direction', 'in') == direction:
            found.append(f'{arg.get("name")}:{arg.get("type")}')
    return ' '.join(found)


def read_service(environment):
    rows = {}
    for interface, path in OBJECTS.items():
        for found in introspect(environment, path).findall('interface'):
            if found.get('name') != interface:
                continue
            for one in found:
                if one.tag == 'method':
                    value = arguments(one, 'in'), arguments(one, 'out')
                elif one.tag == 'signal':
                    value = '', arguments(one, None)
                elif one.tag == 'property':
                    value = one.get('type'), one.get('access')
                else:
                    continue
                rows[interface, one.tag, one.get('name')] = value
    return rows


def run_service(program, folder):
    """Introspection by a service of our own on a bus of our own, with one domain in its files."""
    files = os.path.join(folder, 'etc/virtbus/qemu')
    os.makedirs(files)
    with open(os.path.join(files, UUID + '.xml'), 'w') as file:
        file.write(DOMAIN)
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
        return read_service(environment)
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
    out = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True).stdout
    for line in out.splitlines():
        interface, kind, member, api, permissions = line.split('\t')
        row = table.get((interface, kind, member))
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
    return wrong


def compare(table, service):
    wrong = []
    for key in sorted(set(table) | set(service)):
        where = ' '.join(key)
        if key not in service:
            wrong.append(f'{where}: is missing')
        elif key not in table:
            wrong.append(f'{where}: is not in the contract')
        elif table[key][:2] != service[key]:
            wrong.append(f'{where}: is {service[key]} and not {table[key][:2]}')
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
