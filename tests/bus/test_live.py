# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is changed of a guest that runs: limits, memory, channels; as QEMU itself tells it over a
second monitor."""
import json
import os
import re
import socket

from harness import DOMAIN, BusTest

LIVE, CONFIG = 1, 2
SIGNATURES = {'SetBlockIOTune': 'sa{sv}u', 'GetBlockIOTune': 'su', 'SetMemory': 'tu',
              'PinVcpu': 'uabu', 'GetVcpuPinInfo': 'u', 'GetEmulatorPinInfo': 'u',
              'AttachDevice': 'su', 'UpdateDevice': 'su', 'DetachDevice': 'su'}


class Monitor:
    """The second monitor of a guest."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(path)
        self.lines = self.socket.makefile('rw')
        self.lines.readline()
        self.ask('qmp_capabilities')

    def ask(self, command):
        self.lines.write(json.dumps({'execute': command}) + '\n')
        self.lines.flush()
        while True:
            answer = json.loads(self.lines.readline())
            if 'return' in answer:
                return answer['return']

    def limits(self, device):
        """bps and iops_rd of the drive whose path ends so."""
        for drive in self.ask('query-block'):
            if device in drive.get('qdev', ''):
                return drive['inserted']['bps'], drive['inserted']['iops_rd']
        raise KeyError(device)


class Live(BusTest):
    def guest(self, balloon='none'):
        path = self.bed.path('second')
        xml = self.bed.xml('one').replace('<domain ', "<domain xmlns:qemu='http://libvirt.org/"
                                          "schemas/domain/qemu/1.0' ")
        xml = xml.replace("memballoon model='none'", f"memballoon model='{balloon}'")
        xml = xml.replace('</domain>', f"<qemu:commandline><qemu:arg value='-qmp'/>"
                          f"<qemu:arg value='unix:{path},server=on,wait=off'/>"
                          f"</qemu:commandline></domain>")
        domain = self.client.define(xml)
        domain.Create(0)
        self.monitor = Monitor(path)
        self.addCleanup(self.monitor.socket.close)
        return domain

    def call(self, domain, member, *args):
        return self.client.call(domain.path, DOMAIN, member, *args,
                                signature=SIGNATURES[member])

    def disk(self, more=''):
        return (f"<disk type='file' device='disk'><driver name='qemu' type='raw'/>"
                f"<source file='{self.other}'/><target dev='vdb' bus='virtio'/>{more}</disk>")

    def test_limits(self):
        domain = self.guest()
        self.assertEqual(self.monitor.limits('ide0-0-0'), (0, 0))
        self.call(domain, 'SetBlockIOTune', 'hda', {'total_bytes_sec': ('t', 1000000)}, LIVE)
        self.assertEqual(self.monitor.limits('ide0-0-0'), (1000000, 0))
        self.assertIn('<total_bytes_sec>1000000', domain.xml)
        self.assertNotIn('<iotune', domain.GetXMLDesc(2))
        self.call(domain, 'SetBlockIOTune', 'hda', {'read_iops_sec': ('t', 77)}, LIVE | CONFIG)
        self.assertEqual(self.monitor.limits('ide0-0-0'), (1000000, 77))
        self.assertIn('<read_iops_sec>77', domain.GetXMLDesc(2))
        self.call(domain, 'SetBlockIOTune', 'hda',
                  {'total_bytes_sec': ('t', 0), 'read_iops_sec': ('t', 0)}, LIVE)
        self.assertEqual(self.monitor.limits('ide0-0-0'), (0, 0))
        self.assertNotIn('<iotune', domain.xml)
        self.refused(self.call, domain, 'SetBlockIOTune', 'hdx', {'read_iops_sec': ('t', 1)}, LIVE,
                     text='hdx')
        self.refused(self.call, domain, 'SetBlockIOTune', 'hda', {'no': ('t', 1)}, LIVE, text='no')
        domain.Destroy(0)
        self.call(domain, 'SetBlockIOTune', 'hda', {'read_iops_sec': ('t', 5)}, 0)
        self.assertIn('<read_iops_sec>5<', domain.xml)

    def test_limits_of_what_comes(self):
        self.other = self.bed.image('other')
        domain = self.guest()
        tune = '<iotune><total_bytes_sec>{}</total_bytes_sec></iotune>'
        self.call(domain, 'AttachDevice', self.disk(tune.format(500000)), LIVE)
        self.assertEqual(self.monitor.limits('virtio-disk1'), (500000, 0))
        self.call(domain, 'UpdateDevice', self.disk(tune.format(600000)), LIVE)
        self.assertEqual(self.monitor.limits('virtio-disk1'), (600000, 0))
        self.call(domain, 'UpdateDevice', self.disk(), LIVE)
        self.assertEqual(self.monitor.limits('virtio-disk1'), (0, 0))
        self.assertNotIn('<iotune', domain.xml)

    def test_memory(self):
        domain = self.guest('virtio')
        self.call(domain, 'SetMemory', 8192, LIVE)
        self.assertIn("<currentMemory unit='KiB'>8192<", domain.xml)
        self.assertIn("<currentMemory unit='KiB'>16384<", domain.GetXMLDesc(2))
        self.call(domain, 'SetMemory', 12288, LIVE | CONFIG)
        self.assertIn("<currentMemory unit='KiB'>12288<", domain.xml)
        self.assertIn("<currentMemory unit='KiB'>12288<", domain.GetXMLDesc(2))
        self.refused(self.call, domain, 'SetMemory', 99999, LIVE)
        self.refused(self.call, domain, 'SetMemory', 99999, LIVE | 4)

    def test_memory_without_balloon(self):
        domain = self.guest()
        self.refused(self.call, domain, 'SetMemory', 8192, LIVE, text='balloon')
        self.assertNotIn('8192', domain.xml)
        self.call(domain, 'SetMemory', 8192, CONFIG)
        self.assertIn("<currentMemory unit='KiB'>8192<", domain.GetXMLDesc(2))

    def test_channels(self):
        domain = self.guest()
        channel = ("<channel type='{0}'>{2}<target type='virtio' name='{1}'/></channel>")
        self.refused(self.call, domain, 'AttachDevice', channel.format('unix', 'a.0', ''), LIVE,
                     text='controller')
        domain.Destroy(0)
        domain.Undefine(0)
        self.bed.image('one')
        with_bus = "<controller type='virtio-serial' index='0'/><controller type='usb'/>"
        domain = self.client.define(self.bed.xml('two', devices=with_bus))
        domain.Create(0)
        log = self.bed.path('a,b.log')
        for xml, alias in (
            (channel.format('unix', 'a.0', ''), 'channel0'),
            (channel.format('null', 'b.0', ''), 'channel1'),
            (channel.format('file', 'c.0', f"<source path='{log}'/>"), 'channel2'),
            ("<serial type='null'><target type='usb-serial' port='1'/></serial>", 'serial1'),
        ):
            self.call(domain, 'AttachDevice', xml, LIVE)
            self.assertIn(f"<alias name='{alias}'/>", domain.xml)
        self.assertIn("state='disconnected'", domain.xml)
        self.assertIn('b.log', ' '.join(os.listdir(self.bed.folder)))
        path = re.search(r"path='([^']*/a\.0)'", domain.xml)[1]
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(path)
        with socket.socket(socket.AF_UNIX) as listener:
            there = self.bed.path('listens')
            listener.bind(there)
            listener.listen()
            listener.settimeout(30)
            calls = channel.format('unix', 'e.0', f"<source mode='connect' path='{there}'/>")
            self.call(domain, 'AttachDevice', calls, LIVE)
            listener.accept()[0].close()
            self.call(domain, 'DetachDevice', calls, LIVE)
        self.bed.restart()
        for alias in ('channel0', 'channel1', 'channel2', 'serial1'):
            self.assertIn(f"<alias name='{alias}'/>", domain.xml)
        self.refused(self.call, domain, 'AttachDevice', channel.format('pty', 'd.0', ''), LIVE,
                     text="'pty'")
        self.refused(self.call, domain, 'AttachDevice',
                     "<serial type='null'><target type='isa-serial' port='3'/></serial>", LIVE,
                     text='USB and PCI')
        self.assertNotIn('d.0', domain.xml)
        for kind in ('unix', 'null'):
            xml = channel.format(kind, 'b.0' if kind == 'null' else 'a.0', '')
            self.call(domain, 'DetachDevice', xml, LIVE)
            self.call(domain, 'AttachDevice', xml, LIVE)  # what was behind it is gone, too
            self.call(domain, 'DetachDevice', xml, LIVE)
        self.assertNotIn("name='a.0'", domain.xml)
        self.assertNotIn("name='b.0'", domain.xml)
        self.assertIn("name='c.0'", domain.xml)
        self.assertFalse(os.path.exists(path))

    def test_pins(self):
        domain = self.guest()
        host = os.cpu_count()
        self.assertEqual(self.call(domain, 'GetVcpuPinInfo', 0), [[True] * host])
        first = [True] + [False] * (host - 1)
        self.call(domain, 'PinVcpu', 0, first, LIVE)
        thread = self.monitor.ask('query-cpus-fast')[0]['thread-id']
        self.assertEqual(os.sched_getaffinity(thread), {0})
        self.assertEqual(self.call(domain, 'GetVcpuPinInfo', 0), [first])
        self.assertIn("<vcpupin vcpu='0' cpuset='0'/>", domain.xml)
        self.assertNotIn('<vcpupin', domain.GetXMLDesc(2))
        self.assertEqual(self.call(domain, 'GetEmulatorPinInfo', 0), [True] * host)
        self.refused(self.call, domain, 'PinVcpu', 7, first, LIVE)
        self.call(domain, 'PinVcpu', 0, first, CONFIG)
        self.assertIn("<vcpupin vcpu='0' cpuset='0'/>", domain.GetXMLDesc(2))
