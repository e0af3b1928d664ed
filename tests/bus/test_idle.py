# SPDX-License-Identifier: LGPL-2.1-or-later
"""--idle-exit: the service ends when nobody needs it, and only then."""
import time
import unittest

from harness import CONNECT, ROOT, Bed, BusError

SECONDS = 1
LONGER = 2.6 * SECONDS


class Idle(unittest.TestCase):
    def setUp(self):
        self.bed = Bed(arguments=[f'--idle-exit={SECONDS}'])
        self.addCleanup(self.bed.abandon)

    def ends(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.bed.service.poll() is not None:
                return True
            time.sleep(0.05)
        return False

    def test_ends_by_itself(self):
        self.assertTrue(self.ends(10))
        self.assertEqual(self.bed.service.returncode, 0, self.bed.words())

    def test_calls_keep_it(self):
        deadline = time.monotonic() + LONGER
        while time.monotonic() < deadline:
            self.bed.client.ping()
            time.sleep(SECONDS / 4)
        self.assertIsNone(self.bed.service.poll())
        self.assertTrue(self.ends(10))

    def test_a_guest_keeps_it(self):
        domain = self.bed.define('held')
        domain.Create(0)
        self.assertFalse(self.ends(LONGER))
        domain.Destroy(0)
        self.assertTrue(self.ends(10))
        self.assertEqual(self.bed.service.returncode, 0, self.bed.words())

    def test_a_wish_of_a_client_keeps_it(self):
        client = self.bed.new_client()
        client.call(ROOT, 'org.virtbus.Connect', 'SetErrorDetails', True, signature='b')
        self.assertFalse(self.ends(LONGER))
        client.close()
        self.assertTrue(self.ends(10))

    def test_no_call_is_lost(self):
        """Calls without a pause around the moment at which it ends: each is answered, or says that
        nobody has the name."""
        answered = refused = 0
        time.sleep(SECONDS * 0.7)
        deadline = time.monotonic() + 4 * SECONDS
        while time.monotonic() < deadline and self.bed.service.poll() is None:
            try:
                self.bed.client.call(ROOT, CONNECT, 'ListDomains', 0, timeout=5)
                answered += 1
            except BusError as e:
                self.assertIn('ServiceUnknown', e.name)
                refused += 1
            time.sleep(SECONDS * 1.5 if answered % 3 == 0 else 0)
        self.assertGreater(answered, 0)


if __name__ == '__main__':
    unittest.main()
