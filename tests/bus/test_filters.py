# SPDX-License-Identifier: LGPL-2.1-or-later
"""What filters let through, by packets that are made by hand: the rules of a filter are put on a
port of a bridge, behind which is no guest but a namespace. Whoever waits for a packet that must not
come waits for one that was sent after it, so no test depends on time."""
import ctypes
import itertools
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

from harness import BUILD, CONNECT, ROOT, START_PAUSED
from joining import Joins, interface
from test_networks import Namespace

COMPILER = os.path.join(BUILD, 'tests/unit/test-filter')
GUEST, OTHER, EVERYBODY = '52:54:00:00:77:01', '52:54:00:00:77:03', 'ff:ff:ff:ff:ff:ff'
MARK = 0x88b5
PATIENCE = 30
TOKEN = len(b'packet 000000')
SYN, ACK, FIN, RST, PUSH = 2, 16, 1, 4, 8
TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58
IN_PAIRS = {'out': ('guest', 'other'), 'in': ('other', 'guest')}
numbers = itertools.count(1)


def mac(text):
    return bytes.fromhex(text.replace(':', ''))


def address(text):
    return socket.inet_pton(socket.AF_INET6 if ':' in text else socket.AF_INET, text)


def arp(sender='192.168.77.2', target='192.168.77.3', source=GUEST, operation=1):
    return struct.pack('!HHBBH6s4s6s4s', 1, 0x800, 6, 4, operation, mac(source), address(sender),
                       bytes(6), address(target))


def ip4(source, target, protocol, payload):
    """With its sum, without which a bridge may not forward it."""
    header = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(payload) + TOKEN, 0, 0, 64, protocol, 0,
                         address(source), address(target))
    total = sum(struct.unpack('!10H', header))
    total = (total & 0xffff) + (total >> 16)
    total = ~((total & 0xffff) + (total >> 16)) & 0xffff
    return header[:10] + struct.pack('!H', total) + header[12:] + payload


def ip6(source, target, protocol, payload):
    return struct.pack('!IHBB16s16s', 6 << 28, len(payload) + TOKEN, protocol, 64, address(source),
                       address(target)) + payload


def tcp(source, target, flags=SYN):
    return struct.pack('!HHIIBBHHH', source, target, 1, 1, 5 << 4, flags, 1000, 0, 0)


def udp(source, target):
    return struct.pack('!HHHH', source, target, 40, 0)


def icmp(kind, code=0):
    return struct.pack('!BBHI', kind, code, 0, 0)


class Port:
    """Raw frames on an interface of a namespace."""

    def __init__(self, namespace, name):
        libc = ctypes.CDLL(None, use_errno=True)
        own = os.open('/proc/self/ns/net', os.O_RDONLY)
        try:
            if libc.setns(namespace.fd, 0):
                raise OSError(ctypes.get_errno(), 'setns')
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            self.socket.bind((name, 0))
        finally:
            libc.setns(own, 0)
            os.close(own)
        self.socket.settimeout(0.2)

    def send(self, target, source, kind, content):
        """Each has a number of its own at its end."""
        token = b'packet %06d' % next(numbers)
        self.socket.send((mac(target) + mac(source) + struct.pack('!H', kind) + content + token)
                         .ljust(60, b'\0'))
        return token

    def heard(self):
        try:
            return self.socket.recv(4096)
        except TimeoutError:
            return b''


@unittest.skipUnless(
    os.geteuid() == 0 and all(map(shutil.which, ('ip', 'nft'))) and os.path.exists(COMPILER),
    'needs root, ip, nft and the compiler of filters',
)
class Filters(unittest.TestCase):
    def setUp(self):
        self.host, guest, other = (Namespace() for _ in range(3))
        for namespace in (self.host, guest, other):
            self.addCleanup(namespace.close)
            namespace.run('sysctl', '-q', '-w', 'net.ipv6.conf.all.disable_ipv6=1',
                          'net.ipv6.conf.default.disable_ipv6=1')
        run = self.host.run
        run('ip', 'link', 'add', 'br0', 'type', 'bridge')
        run('ip', 'addr', 'add', '192.168.77.1/24', 'dev', 'br0')
        run('ip', 'link', 'set', 'br0', 'up')
        self.ports = {}
        for name, namespace, device in (('guest', guest, 'vnet0'), ('other', other, 'port')):
            self.host.link(device, namespace, 'eth0')
            run('ip', 'link', 'set', device, 'master', 'br0')
            self.ports[name] = Port(namespace, 'eth0')
        deadline = time.monotonic() + PATIENCE
        for direction in ('out', 'in'):
            while not self.passes(direction, wait=0.5):
                self.assertLess(time.monotonic(), deadline, 'the bridge never forwards')

    def load(self, filters, parameters='', chain='root', instead='drop'):
        """Marks pass whatever the filter says."""
        xml = (f"<filter name='tried' chain='{chain}'><rule action='accept' direction='inout' "
               f"priority='-1000'><mac protocolid='{MARK:#x}'/></rule>{filters}</filter>")
        with tempfile.NamedTemporaryFile('w', prefix='virtbus-filter-') as file:
            file.write(xml)
            file.flush()
            done = subprocess.run([COMPILER, '--print', file.name, parameters], check=False,
                                  capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.rules = done.stdout.replace('reject with icmpx port-unreachable', instead)
        self.host.run('nft', '-f', '-', input=self.rules)

    def passes(self, direction, kind=MARK, content=b'', source=None, target=EVERYBODY,
               wait=PATIENCE):
        """Whether a frame arrives before the mark that is sent after it."""
        sender, receiver = (self.ports[name] for name in IN_PAIRS[direction])
        source = source or (GUEST if direction == 'out' else OTHER)
        token = sender.send(target, source, kind, content)
        mark = sender.send(EVERYBODY, source if kind == MARK else
                           (GUEST if direction == 'out' else OTHER), MARK, b'')
        found, deadline = False, time.monotonic() + wait
        while time.monotonic() < deadline:
            frame = receiver.heard()
            found = found or token in frame
            if mark in frame:
                return found
        if wait == PATIENCE:
            self.fail('not even the mark came through')
        return False

    def out(self, payload, protocol=TCP, source='192.168.77.2', target='192.168.77.3'):
        return self.packet('out', source, target, protocol, payload)

    def back(self, payload, protocol=TCP, source='192.168.77.3', target='192.168.77.2'):
        return self.packet('in', source, target, protocol, payload)

    def packet(self, direction, source, target, protocol, payload):
        if ':' in source:
            return self.passes(direction, 0x86dd, ip6(source, target, protocol, payload))
        return self.passes(direction, 0x800, ip4(source, target, protocol, payload))

    def test_clean_traffic(self):
        self.load("<filterref filter='clean-traffic'/>")
        self.assertTrue(self.passes('out', 0x806, arp()))
        self.assertTrue(self.out(udp(1, 2), UDP))
        self.assertFalse(self.out(udp(1, 2), UDP, source='192.168.77.9'))
        self.assertTrue(self.out(udp(68, 67), UDP, source='0.0.0.0'))
        self.assertFalse(self.out(tcp(68, 67), source='0.0.0.0'))
        self.assertFalse(self.passes('out', 0x800, ip4('192.168.77.2', '192.168.77.3', UDP,
                                                       udp(1, 2)), OTHER))
        self.assertFalse(self.passes('out', 0x806, arp(sender='192.168.77.9')))
        self.assertFalse(self.passes('out', 0x806, arp(source=OTHER)))
        self.assertTrue(self.passes('in', 0x806, arp(sender='192.168.77.9', source=OTHER)))
        self.assertTrue(self.back(tcp(5, 6)))
        self.assertFalse(self.passes('out', 0x86dd, ip6('fd00::1', 'fd00::2', UDP, udp(1, 2))))
        self.assertFalse(self.passes('in', 0x88cc, b'x'))
        # It stays what it was when only the rules are replaced, and is learnt anew otherwise.
        self.host.run('nft', '-f', '-', input=self.rules.replace('delete table', 'flush table'))
        self.assertFalse(self.out(udp(1, 2), UDP, source='192.168.77.9'))
        self.assertTrue(self.out(udp(1, 2), UDP))
        self.host.run('nft', '-f', '-', input=self.rules)
        self.assertTrue(self.out(udp(1, 2), UDP, source='192.168.77.9'))
        self.assertFalse(self.out(udp(1, 2), UDP))

    def test_address_that_is_given(self):
        self.load("<filterref filter='no-ip-spoofing'/><filterref filter='no-arp-spoofing'/>",
                  'IP=192.168.77.2 IP=192.168.77.4')
        self.assertFalse(self.out(udp(1, 2), UDP, source='192.168.77.9'))
        self.assertTrue(self.out(udp(1, 2), UDP))
        self.assertTrue(self.out(udp(1, 2), UDP, source='192.168.77.4'))
        self.assertTrue(self.passes('out', 0x806, arp(sender='192.168.77.4')))
        self.assertFalse(self.passes('out', 0x806, arp(sender='192.168.77.5')))

    def test_address_of_a_lease(self):
        self.load("<filterref filter='no-ip-spoofing'/>",
                  'CTRL_IP_LEARNING=dhcp DHCPSERVER=192.168.77.3')

        def acknowledge(server, kind=5, guest=GUEST):
            bootp = struct.pack('!BBBBIHH4s4s4s4s16s192s4sBBB', 2, 1, 6, 0, 7, 0, 0, bytes(4),
                                address('192.168.77.2'), address(server), bytes(4), mac(guest),
                                bytes(192), b'\x63\x82\x53\x63', 53, 1, kind)
            self.assertTrue(self.back(udp(67, 68) + bootp, UDP, source=server))
            return self.out(udp(1, 2), UDP)

        self.assertFalse(self.out(udp(1, 2), UDP))
        self.assertFalse(acknowledge('192.168.77.9'))
        self.assertFalse(acknowledge('192.168.77.3', kind=2))
        self.assertFalse(acknowledge('192.168.77.3', guest=OTHER))
        self.assertTrue(acknowledge('192.168.77.3'))
        self.assertFalse(self.out(udp(1, 2), UDP, source='192.168.77.9'))

    def test_conversations(self):
        self.load("<rule action='accept' direction='in'><tcp dstportstart='22'/></rule>"
                  "<rule action='accept' direction='out'><udp dstportstart='53'/></rule>"
                  "<rule action='accept' direction='out'><icmp type='8'/></rule>"
                  "<rule action='accept' direction='in'><icmp type='0'/></rule>"
                  "<rule action='accept' direction='inout'><icmpv6/></rule>"
                  "<rule action='accept' direction='out'><tcp-ipv6 dstportstart='80'/></rule>"
                  "<rule action='reject' direction='inout' priority='900'><all/></rule>"
                  "<rule action='drop' direction='inout' priority='900'><all-ipv6/></rule>")
        self.assertFalse(self.out(tcp(22, 1000, SYN | ACK)))
        self.assertTrue(self.back(tcp(1000, 22)))
        self.assertTrue(self.out(tcp(22, 1000, SYN | ACK)))
        self.assertFalse(self.out(tcp(22, 1001, SYN | ACK)))
        self.assertFalse(self.out(tcp(22, 1000), target='192.168.77.4'))
        self.assertFalse(self.back(tcp(1000, 23)))
        self.assertFalse(self.back(udp(53, 999), UDP))
        self.assertTrue(self.out(udp(999, 53), UDP))
        self.assertTrue(self.back(udp(53, 999), UDP))
        self.assertFalse(self.back(udp(53, 998), UDP))
        self.assertFalse(self.back(icmp(8), ICMP))
        self.assertTrue(self.out(icmp(8), ICMP))
        self.assertTrue(self.back(icmp(0), ICMP))
        self.assertFalse(self.out(icmp(0), ICMP))
        six = {'source': 'fd00::2', 'target': 'fd00::3'}
        back = {'source': 'fd00::3', 'target': 'fd00::2'}
        self.assertTrue(self.out(icmp(135), ICMP6, **six))
        self.assertTrue(self.back(icmp(136), ICMP6, **back))
        self.assertFalse(self.back(tcp(80, 999, SYN | ACK), **back))
        self.assertTrue(self.out(tcp(999, 80), **six))
        self.assertTrue(self.back(tcp(80, 999, SYN | ACK), **back))
        self.assertTrue(self.back(tcp(80, 999, FIN | ACK), **back))
        self.assertFalse(self.out(tcp(999, 81), **six))

    def test_states(self):
        self.load("<rule action='accept' direction='in'><all state='ESTABLISHED,RELATED'/></rule>"
                  "<rule action='accept' direction='out'><all state='NEW,ESTABLISHED'/></rule>"
                  "<rule action='accept' direction='in'><tcp state='NEW' dstportstart='80' "
                  "flags='SYN,ACK/SYN'/></rule>"
                  "<rule action='drop' direction='inout' priority='900'><all/></rule>")
        self.assertFalse(self.back(tcp(9, 1000, ACK)))
        self.assertFalse(self.back(udp(9, 1000), UDP))
        self.assertTrue(self.out(udp(1000, 9), UDP))
        self.assertTrue(self.back(udp(9, 1000), UDP))
        self.assertTrue(self.back(icmp(3, 3), ICMP))
        self.assertFalse(self.back(tcp(9, 80, ACK)))
        self.assertTrue(self.back(tcp(9, 80)))
        self.assertTrue(self.back(tcp(9, 80, ACK)))
        # What isn't known any more isn't let in.
        self.host.run('nft', 'flush', 'set', 'bridge', 't', 'talks4')
        self.assertFalse(self.back(tcp(9, 80, ACK)))
        self.assertFalse(self.back(udp(9, 1000), UDP))

    def test_lists_and_ranges(self):
        self.load("<rule action='accept' direction='in'><tcp dstportstart='$A'/></rule>"
                  "<rule action='accept' direction='in'><tcp srcipfrom='192.168.77.10' "
                  "srcipto='192.168.77.12' dstportstart='100' dstportend='200'/></rule>"
                  "<rule action='accept' direction='in'><udp match='no' srcportstart='$A[1]'/>"
                  "</rule><rule action='drop' direction='in' priority='900'><all/></rule>",
                  'A=22 A=80')
        self.assertTrue(self.back(tcp(5, 22)))
        self.assertTrue(self.back(tcp(5, 80)))
        self.assertFalse(self.back(tcp(5, 81)))
        self.assertFalse(self.back(tcp(5, 150)))
        self.assertTrue(self.back(tcp(5, 150), source='192.168.77.11'))
        self.assertTrue(self.back(tcp(5, 200), source='192.168.77.12'))
        self.assertFalse(self.back(tcp(5, 201), source='192.168.77.12'))
        self.assertFalse(self.back(tcp(5, 150), source='192.168.77.13'))
        self.assertTrue(self.back(udp(79, 1), UDP))
        self.assertFalse(self.back(udp(80, 1), UDP))

    def test_chains_and_priorities(self):
        """Chains stand among the rules of root where their priority says, and return goes on."""
        self.load("<rule action='drop' direction='out' priority='-600'>"
                  "<ip srcipaddr='192.168.77.8'/></rule>"
                  "<filterref filter='allow-ipv4'/>"
                  "<rule action='drop' direction='out'><ip srcipaddr='192.168.77.9'/></rule>"
                  "<filterref filter='no-mac-spoofing'/>"
                  "<rule action='drop' direction='inout' priority='900'/>")
        self.assertTrue(self.out(udp(1, 2), UDP, source='192.168.77.8'))  # -700 goes before -600
        self.assertTrue(self.out(udp(1, 2), UDP, source='192.168.77.9'))
        self.assertFalse(self.passes('out', 0x800, ip4('192.168.77.2', '192.168.77.3', UDP,
                                                       udp(1, 2)), OTHER))
        self.assertFalse(self.passes('out', 0x806, arp()))
        self.load("<rule action='drop' direction='out' priority='-710'>"
                  "<ip srcipaddr='192.168.77.8'/></rule><filterref filter='allow-ipv4'/>")
        self.assertFalse(self.out(udp(1, 2), UDP, source='192.168.77.8'))

    def test_frames(self):
        self.load("<rule action='drop' direction='inout'><mac srcmacaddr='02:00:00:00:00:00' "
                  "srcmacmask='ff:00:00:00:00:00'/></rule>"
                  "<rule action='drop' direction='out'><vlan vlanid='12'/></rule>"
                  "<rule action='drop' direction='out'><arp opcode='Reply' "
                  "arpdstipaddr='192.168.77.0' arpdstipmask='24'/></rule>"
                  "<rule action='drop' direction='in'><ip dscp='0' protocol='udp' "
                  "dstportstart='7' dstportend='9'/></rule>"
                  "<rule action='drop' direction='in'><ipv6 protocol='icmpv6' type='133' "
                  "typeend='134'/></rule>")
        own, to = '02:00:00:00:00:07', '02:00:00:00:00:08'
        self.assertFalse(self.passes('in', 0x88cc, b'x', own))
        self.assertTrue(self.passes('in', 0x88cc, b'x', target=to))
        self.assertFalse(self.passes('out', 0x88cc, b'x', target=to))  # both ways is reversed here
        self.assertTrue(self.passes('out', 0x88cc, b'x', own))
        self.assertFalse(self.passes('out', 0x8100, struct.pack('!HH', 12, 0x88cc)))
        self.assertFalse(self.passes('out', 0x8100, struct.pack('!HH', 0x200c, 0x88cc)))
        self.assertTrue(self.passes('out', 0x8100, struct.pack('!HH', 13, 0x88cc)))
        self.assertFalse(self.passes('out', 0x806, arp(operation=2)))
        self.assertTrue(self.passes('out', 0x806, arp(target='192.168.78.3', operation=2)))
        self.assertTrue(self.passes('out', 0x806, arp()))
        self.assertFalse(self.back(udp(1, 8), UDP))
        self.assertTrue(self.back(udp(1, 10), UDP))
        self.assertTrue(self.back(tcp(1, 8)))
        self.assertFalse(self.back(icmp(134), ICMP6, source='fd00::3', target='fd00::2'))
        self.assertTrue(self.back(icmp(135), ICMP6, source='fd00::3', target='fd00::2'))

    def test_what_the_host_sends(self):
        """Its programs aren't judged by what they send; what it routes is."""
        outside = Namespace()
        self.addCleanup(outside.close)
        run = self.host.run
        self.host.link('out', outside, 'in')
        run('ip', 'addr', 'add', '10.9.9.1/24', 'dev', 'out')
        run('sysctl', '-q', '-w', 'net.ipv4.ip_forward=1')
        run('ip', 'neigh', 'add', '192.168.77.2', 'lladdr', GUEST, 'dev', 'br0')
        outside.run('ip', 'addr', 'add', '10.9.9.2/24', 'dev', 'in')
        outside.run('ip', 'route', 'add', '192.168.77.0/24', 'via', '10.9.9.1')
        self.load("<rule action='accept' direction='in'><udp dstportstart='1000'/></rule>"
                  "<rule action='drop' direction='inout' priority='900'><all/></rule>")

        def sends(namespace, port, word):
            code = (f"import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)"
                    f".sendto(b'{word}', ('192.168.77.2', {port}))")
            namespace.run(sys.executable, '-c', code)

        for namespace, word in ((outside, 'routed'), (self.host, 'local')):
            sends(namespace, 999, f'{word} one')
            sends(namespace, 1000, f'{word} two')
        heard, deadline = b'', time.monotonic() + PATIENCE
        while b'local two' not in heard or b'routed two' not in heard:
            self.assertLess(time.monotonic(), deadline, 'it never came')
            heard += self.ports['guest'].heard()
        self.assertNotIn(b'routed one', heard)
        self.assertIn(b'local one', heard)


class InForce(Joins):
    """Filters of somebody's own, and what running guests have of them."""

    def define(self, name, content):
        uuid = f'5c6d49af-b071-6127-b4ec-{sum(name.encode()):012x}'
        xml = f"<filter name='{name}' chain='root'><uuid>{uuid}</uuid>{content}</filter>"
        return self.client.call(ROOT, CONNECT, 'NWFilterDefineXML', xml, signature='s')

    def port_rule(self, port, action='drop'):
        return f"<rule action='{action}' direction='in'><tcp dstportstart='{port}'/></rule>"

    def filter(self, path):
        return lambda member, *args: self.client.call(path, 'org.libvirt.NWFilter', member, *args,
                                                      signature='u' * len(args))

    def started(self, name, filterref):
        net = interface('bridge', "<source bridge='br0'/>", filterref)
        domain = self.bed.define(name, devices=net)
        domain.Create(START_PAUSED)
        return domain

    def rules(self, device='vnet0'):
        return self.host.run('nft', 'list', 'table', 'bridge', f'virtbus_{device}')

    def test_redefined_while_in_use(self):
        self.bridge()
        low = self.define('low', self.port_rule('$PORT'))
        high = self.define('high', "<filterref filter='low'/>" + self.port_rule(1001))
        mine = "<filterref filter='high'><parameter name='PORT' value='{}'/></filterref>"
        one = self.started('one', mine.format(2001))
        two = self.started('two', mine.format(2002).replace('high', 'low'))
        self.assertIn('tcp dport 1001 drop', self.rules())
        self.assertIn('tcp dport 2001 drop', self.rules())
        self.assertNotIn('1001', self.rules('vnet1'))
        self.define('high', "<filterref filter='low'/>" + self.port_rule(1003))
        self.assertIn('tcp dport 1003 drop', self.rules())
        self.assertNotIn('1001', self.rules())
        self.define('low', self.port_rule('$PORT', 'accept'))
        for device, port in (('vnet0', 2001), ('vnet1', 2002)):
            self.assertRegex(self.rules(device), rf'tcp dport {port} (accept|goto in-keep4)')
            self.assertNotIn(f'tcp dport {port} drop', self.rules(device))
        # What can't be had, for one guest or for all, isn't taken, and all is as it was.
        before = self.rules(), self.rules('vnet1'), self.filter(low)('GetXMLDesc', 0)
        for content, text in (("<filterref filter='nowhere'/>", "'nowhere' is missing"),
                              (self.port_rule('$OTHER'), "variable 'OTHER'"),
                              ("<rule action='drop' direction='in'><all ipset='a' "
                               "ipsetflags='src'/></rule>", "nwfilter 'low', rule in line")):
            self.refused(self.define, 'low', content, text=text)
        self.assertEqual(before, (self.rules(), self.rules('vnet1'),
                                  self.filter(low)('GetXMLDesc', 0)))
        # A new service knows who uses what.
        self.bed.restart()
        self.refused(self.filter(low), 'Undefine', text="'low' is in use")
        self.refused(self.filter(high), 'Undefine', text="'high' is in use by domain 'one'")
        self.define('low', self.port_rule('$PORT'))
        self.assertIn('tcp dport 2002 drop', self.rules('vnet1'))
        one.Destroy(0)
        two.Destroy(0)
        self.filter(high)('Undefine')
        self.filter(low)('Undefine')

    def test_missing(self):
        self.bridge()
        self.define('high', "<filterref filter='low'/>")
        self.refused(self.started, 'one', "<filterref filter='high'/>", text="'low' is missing")
        self.assertEqual(self.links(), ['lo', 'br0'])
        self.define('low', self.port_rule('$PORT'))
        self.refused(self.started, 'two', "<filterref filter='high'/>", text="variable 'PORT'")
        self.define('low', '')
        self.started('three', "<filterref filter='high'/>").Destroy(0)

    def test_shipped_one_is_replaced(self):
        """A definition goes before what is there by itself, and that is back without it."""
        self.bridge()
        clean = "<filterref filter='clean-traffic'/>"
        own = self.define('no-mac-spoofing', self.port_rule(1001))
        guest = self.started('one', clean)
        self.assertIn('1001', self.rules())
        self.assertNotIn('out-mac', self.rules())
        guest.Destroy(0)
        self.filter(own)('Undefine')
        guest = self.started('two', clean)
        self.assertIn('jump out-mac', self.rules())
        guest.Destroy(0)
