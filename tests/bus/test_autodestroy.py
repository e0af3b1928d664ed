# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest that ends with the client that started it."""
from harness import (
    CONNECT,
    DOMAIN,
    ROOT,
    RUNNING,
    SHUTOFF,
    START_AUTODESTROY,
    STOPPED,
    BusTest,
    Domain,
)


class Autodestroy(BusTest):
    def test_persistent(self):
        other = self.bed.new_client()
        domain = self.bed.define('guest')
        other.call(domain.path, DOMAIN, 'Create', START_AUTODESTROY)
        self.assertEqual(domain.state, RUNNING)
        other.close()
        self.assertEqual(self.client.event(domain.path, STOPPED), 1)
        self.assertEqual(domain.GetState(0), (SHUTOFF, 2))

    def test_transient(self):
        other = self.bed.new_client()
        domain = Domain(
            self.client,
            other.call(ROOT, CONNECT, 'DomainCreateXML', self.bed.xml('guest'), START_AUTODESTROY),
        )
        self.assertEqual(domain.state, RUNNING)
        other.close()
        self.client.event(domain.path, STOPPED)
        self.assertEqual(self.client.connect('ListDomains', 0), [])

    def test_only_its_own(self):
        one, two = self.bed.new_client(), self.bed.new_client()
        first, second, third = (self.bed.define(name) for name in ('first', 'second', 'third'))
        one.call(first.path, DOMAIN, 'Create', START_AUTODESTROY)
        two.call(second.path, DOMAIN, 'Create', START_AUTODESTROY)
        one.call(third.path, DOMAIN, 'Create', 0)
        one.close()
        self.client.event(first.path, STOPPED)
        self.client.collect(0.3)
        self.assertEqual([domain.state for domain in (second, third)], [RUNNING, RUNNING])

    def test_a_client_that_is_gone_before_the_start_is_over(self):
        other = self.bed.new_client()
        domain = self.bed.define('guest')
        other.begin(domain.path, DOMAIN, 'Create', START_AUTODESTROY)
        other.close()
        self.client.collect(1.5)
        domain.until_state(SHUTOFF)
        self.bed.until_guests(0)

    def test_destroyed_before(self):
        other = self.bed.new_client()
        domain = self.bed.define('guest')
        other.call(domain.path, DOMAIN, 'Create', START_AUTODESTROY)
        domain.Destroy(0)
        domain.Create(0)
        other.close()
        self.client.collect(0.5)
        self.assertEqual(domain.state, RUNNING)

    def test_not_after_a_restart_of_the_service(self):
        """Its client has lost the service that had promised it; the guest ends."""
        other = self.bed.new_client()
        domain = self.bed.define('guest')
        other.call(domain.path, DOMAIN, 'Create', START_AUTODESTROY)
        self.bed.restart()
        domain.until_state(SHUTOFF)
        self.bed.until_guests(0)
