# SPDX-License-Identifier: LGPL-2.1-or-later
"""Secrets of the test driver: every member, and that a value is nowhere but in GetValue."""
import xml.etree.ElementTree as ElementTree

from things import DEFINED, NO_UUID, TEST, UNDEFINED, ThingTest, leaf_of_uuid

UUID = '55806c7d-8e93-456f-829b-607d8c198367'
EPHEMERAL, NO_EPHEMERAL, PRIVATE, NO_PRIVATE = 1, 2, 4, 8
VALUE = b'tell nobody \x00\xff'
USAGES = (  # virSecretUsageType, the element that names it
    (0, '', ''),
    (1, 'volume', 'volume'),
    (2, 'ceph', 'name'),
    (3, 'iscsi', 'target'),
    (4, 'tls', 'name'),
    (5, 'vtpm', 'name'),
)


def xml(uuid=UUID, usage='ceph', element='name', name='disks', ephemeral='no', private='no'):
    use = f"<usage type='{usage}'><{element}>{name}</{element}></usage>" if usage else ''
    return f"<secret ephemeral='{ephemeral}' private='{private}'><uuid>{uuid}</uuid>{use}</secret>"


class Secrets(ThingTest):
    interface = 'org.libvirt.Secret'
    folder = 'secret'

    def define(self, **options):
        return self.thing(self.connection.SecretDefineXML(xml(**options), 0))

    def test_none_at_first(self):
        self.assertEqual(self.connection.ListSecrets(0), [])
        self.check_tree()
        self.assertEqual(
            self.refused(self.connection.SecretLookupByUUID, NO_UUID).message,
            f"Secret not found: no secret with matching uuid '{NO_UUID}'",
        )
        self.assertEqual(
            self.refused(self.connection.SecretLookupByUsage, 2, 'x').message,
            "Secret not found: no secret with matching usage 'x'",
        )
        self.refused(self.connection.SecretLookupByUUID, 'x', text='must be a valid UUID')
        self.check_gone(f'{TEST}/secret/{leaf_of_uuid(NO_UUID)}')

    def test_define_and_undefine(self):
        start = self.since()
        secret = self.define()
        self.assertEqual(secret.path, f'{TEST}/secret/{leaf_of_uuid(UUID)}')
        self.assertEqual(self.order(start), ['InterfacesAdded', 'SecretEvent'])
        self.assertEqual(self.heard(start)[1][1], (secret.path, DEFINED, 0))
        self.assertEqual(self.connection.SecretLookupByUUID(UUID), secret.path)
        self.assertEqual(self.connection.SecretLookupByUsage(2, 'disks'), secret.path)
        self.refused(self.connection.SecretLookupByUsage, 1, 'disks')
        self.check_tree(secret.path)
        start = self.since()
        secret.Undefine()
        self.assertEqual(self.order(start), ['SecretEvent', 'InterfacesRemoved'])
        self.assertEqual(self.heard(start)[0][1], (secret.path, UNDEFINED, 0))
        self.check_gone(secret.path)
        self.refused(self.connection.SecretDefineXML, '<secret', 0)
        self.check_flags(self.connection, 'SecretDefineXML', xml())

    def test_usages(self):
        for type, usage, element in USAGES:
            uuid = UUID[:-1] + str(type)
            secret = self.define(uuid=uuid, usage=usage, element=element, name=f'/x/{type}')
            self.assertEqual(
                secret.get_all(),
                {
                    'UUID': ('s', uuid),
                    'UsageID': ('s', f'/x/{type}' if usage else ''),
                    'UsageType': ('i', type),
                },
            )
            if usage:
                self.assertEqual(
                    self.connection.SecretLookupByUsage(type, f'/x/{type}'), secret.path
                )
        self.refused(self.connection.SecretDefineXML, xml(uuid=NO_UUID, name='/x/2'), 0)

    def test_filters(self):
        plain = self.define(uuid=UUID[:-1] + '0', name='0').path
        ephemeral = self.define(uuid=UUID[:-1] + '1', name='1', ephemeral='yes').path
        private = self.define(uuid=UUID[:-1] + '2', name='2', private='yes').path
        for flags, wanted in (
            (0, [plain, ephemeral, private]),
            (EPHEMERAL, [ephemeral]),
            (NO_EPHEMERAL, [plain, private]),
            (PRIVATE, [private]),
            (NO_PRIVATE, [plain, ephemeral]),
            (EPHEMERAL | PRIVATE, []),
            (NO_EPHEMERAL | NO_PRIVATE, [plain]),
            (EPHEMERAL | NO_EPHEMERAL, [plain, ephemeral, private]),
        ):
            self.assertEqual(self.connection.ListSecrets(flags), wanted, flags)
        self.check_flags(self.connection, 'ListSecrets')

    def test_value(self):
        secret = self.define()
        self.refused(secret.GetValue, 0, text='does not have a value')
        start = self.since()
        secret.SetValue(VALUE, 0)
        self.assertEqual(bytes(secret.GetValue(0)), VALUE)
        self.assertEqual(self.heard(start), [])
        secret.SetValue(b'', 0)
        self.assertEqual(bytes(secret.GetValue(0)), b'')
        secret.SetValue(b'x' * 60000, 0)
        self.assertEqual(bytes(secret.GetValue(0)), b'x' * 60000)
        self.check_flags(secret, 'GetValue')
        self.check_flags(secret, 'SetValue', VALUE)

    def test_a_private_value_is_for_nobody(self):
        secret = self.define(private='yes')
        secret.SetValue(VALUE, 0)
        error = self.refused(secret.GetValue, 0, text='private')
        self.assertNotIn('tell nobody', error.message)

    def test_a_value_shows_nowhere_else(self):
        secret = self.define()
        secret.SetValue(VALUE, 0)
        root = ElementTree.fromstring(secret.GetXMLDesc(0))
        self.assertEqual(root.findtext('uuid'), UUID)
        self.assertIsNone(root.find('value'))
        told = [secret.GetXMLDesc(0), str(secret.get_all()), str(self.managed()),
                str(self.client.signals), self.bed.words()]
        for text in told:
            self.assertNotIn('tell nobody', text)
            self.assertNotIn('dGVsbCBub2JvZH', text)
        self.check_flags(secret, 'GetXMLDesc')
