# SPDX-License-Identifier: LGPL-2.1-or-later
"""Processors: named, compared with this host, brought to what they have in common."""
import os
import xml.etree.ElementTree as ElementTree

from harness import CONNECT, DOMAIN, QEMU, ROOT, BusTest
from test_shared import XEN, need_xen

INCOMPATIBLE, IDENTICAL, SUPERSET = range(3)
FAIL, VALIDATE = 1, 2
EXPAND, MIGRATABLE = 1, 2


class Cpu(BusTest):
    def compare(self, xml, flags=0):
        return self.client.call(ROOT, CONNECT, 'CompareCPU', xml, flags, signature='su')

    def baseline(self, *xmls, flags=0):
        return self.client.call(ROOT, CONNECT, 'BaselineCPU', list(xmls), flags, signature='asu')

    def host(self):
        text = self.client.call(ROOT, CONNECT, 'GetCapabilities')
        cpu = ElementTree.fromstring(text).find('host/cpu')
        if cpu.find('model') is None:
            self.skipTest('the model of this host is unknown')
        return ElementTree.tostring(cpu, encoding='unicode')

    def test_the_host_is_itself(self):
        self.assertEqual(self.compare(self.host(), VALIDATE), IDENTICAL)

    def test_more_and_less_than_the_host(self):
        host = ElementTree.fromstring(self.host())
        model = host.findtext('model')
        self.assertEqual(self.compare('<cpu><model>486</model></cpu>'), SUPERSET)
        less = f'<cpu match="strict"><model>{model}</model></cpu>'
        self.assertEqual(self.compare(less), INCOMPATIBLE)
        # Of two vendors there is always one that this host hasn't.
        more = [
            f"<cpu><model>{model}</model><feature policy='require' name='{name}'/></cpu>"
            for name in ('3dnowext', 'smx')
        ]
        self.assertIn(INCOMPATIBLE, [self.compare(xml) for xml in more])
        self.assertEqual(
            self.compare(f"<cpu><model>{model}</model><feature policy='forbid' name='fpu'/></cpu>"),
            INCOMPATIBLE,
        )

    def test_a_model_that_only_qemu_knows(self):
        self.assertEqual(self.compare("<cpu><model>pentium</model></cpu>"), SUPERSET)

    def test_what_is_missing_is_said(self):
        xml = "<cpu><arch>ppc64</arch><model>POWER9</model></cpu>"
        self.assertEqual(self.compare(xml), INCOMPATIBLE)
        error = self.refused(self.compare, xml, FAIL, text='another architecture')
        self.assertIn('incompatible', error.message)

    def test_what_makes_no_sense_is_refused(self):
        self.refused(self.compare, '<cpu><model>Bogus</model></cpu>', text="'Bogus'")
        self.refused(self.compare, '<cpu><vendor>Bogus</vendor></cpu>', text="'Bogus'")
        self.refused(self.compare, "<cpu><model>486</model><feature name='bogus'/></cpu>",
                     text="'bogus'")
        self.refused(self.compare, '<cpu/', text='line 1')
        self.refused(self.compare, '<domain/>', text='cpu')
        self.refused(self.compare, '<cpu><model>486</model><strange/></cpu>', VALIDATE,
                     text='strange')

    def test_baseline(self):
        host = self.host()
        found = ElementTree.fromstring(self.baseline(host))
        self.assertEqual(found.get('mode'), 'custom')
        self.assertEqual(found.findtext('model'), ElementTree.fromstring(host).findtext('model'))
        self.assertEqual(found.find('model').get('fallback'), 'forbid')
        text = self.baseline(host, flags=MIGRATABLE)
        self.assertNotIn('invtsc', text)
        self.assertIn(self.compare(text), (IDENTICAL, SUPERSET))
        expanded = self.baseline(host, flags=EXPAND)
        self.assertIn("name='fpu'", expanded)
        self.assertEqual(self.compare(expanded), IDENTICAL)

    def test_baseline_of_two(self):
        old = '<cpu><arch>x86_64</arch><model>Westmere</model></cpu>'
        new = '<cpu><arch>x86_64</arch><model>Haswell</model></cpu>'
        for order in ((old, new), (new, old)):
            found = ElementTree.fromstring(self.baseline(*order))
            self.assertEqual(found.findtext('model'), 'Westmere')
        self.refused(self.baseline, old, '<cpu><arch>x86_64</arch><model>EPYC</model></cpu>',
                     text='vendors')
        self.refused(self.baseline, text='xmlCPUs')
        self.refused(self.baseline, '<cpu/>', text='model')

    def test_a_model_like_the_host_has_a_name(self):
        if not os.access('/dev/kvm', os.R_OK | os.W_OK):
            self.skipTest('KVM is not here')
        text = self.client.call(ROOT, CONNECT, 'GetDomainCapabilities', QEMU, '', '', 'kvm', 0,
                                signature='ssssu')
        known = ElementTree.fromstring(text).find("cpu/mode[@name='host-model']")
        if known is None or known.find('model') is None:
            self.skipTest('QEMU names no model that is next to this host')
        # There are kernels below which no guest starts that has this one.
        mine = 'arch-capabilities'
        rules = f"<cpu mode='host-model'><feature policy='disable' name='{mine}'/></cpu>"
        xml = self.bed.xml('one', rules=rules).replace("type='qemu'", "type='kvm'", 1)
        domain = self.client.define(xml)
        self.assertIn("mode='host-model'", domain.xml)
        domain.Create(0)
        live = ElementTree.fromstring(domain.xml).find('cpu')
        self.assertEqual((live.get('mode'), live.findtext('model')),
                         ('custom', known.findtext('model')))
        wanted = {(f.get('name'), f.get('policy')) for f in known.findall('feature')}
        found = {(f.get('name'), f.get('policy')) for f in live.findall('feature')}
        self.assertEqual(found, {one for one in wanted if one[0] != mine} | {(mine, 'disable')})
        kept = self.client.call(domain.path, DOMAIN, 'GetXMLDesc', 2, signature='u')
        self.assertIn("mode='host-model'", kept)
        domain.Destroy(0)

    def test_names(self):
        names = self.client.call(ROOT, CONNECT, 'GetCPUModelNames', 'x86_64', 0, signature='su')
        self.assertIn('Westmere', names)
        self.assertNotIn('host', names)


class XenCpu(BusTest):
    """What Xen's connection says of processors where no Xen runs: what needs no host."""

    def setUp(self):
        super().setUp()
        need_xen(self, self.client)

    def names(self, arch):
        return self.client.call(XEN, CONNECT, 'GetCPUModelNames', arch, 0, signature='su')

    def compare(self, xml):
        return self.client.call(XEN, CONNECT, 'CompareCPU', xml, 0, signature='su')

    def baseline(self, *models):
        xmls = [f'<cpu><arch>x86_64</arch><model>{model}</model></cpu>' for model in models]
        return self.client.call(XEN, CONNECT, 'BaselineCPU', xmls, 0, signature='asu')

    def test_names(self):
        self.assertIn('Westmere', self.names('x86_64'))
        self.refused(self.names, 'vax', text="'vax'")

    def test_what_is_common(self):
        cpu = ElementTree.fromstring(self.baseline('Westmere', 'SandyBridge'))
        self.assertEqual(cpu.findtext('model'), 'Westmere')
        self.refused(self.baseline, 'Westmere', 'Bogus', text="'Bogus'")

    def test_a_host_is_compared_by_xen(self):
        if os.path.exists('/proc/xen') or os.path.exists('/dev/xen/privcmd'):
            self.skipTest('this is a host of Xen')
        self.refused(self.compare, '<cpu/>', text='no Xen')
