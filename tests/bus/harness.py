# SPDX-License-Identifier: LGPL-2.1-or-later
"""A private bus, a service on it, and clients that see every message in its order.

Each test gets a Bed: a folder of its own, a dbus-daemon, the service in session mode with all its
folders inside that folder. The process that runs the tests is the subreaper of all it starts, so
that whatever is left behind by the service (which is killed now and then) is still a child here,
and is found.
"""
import contextlib
import ctypes
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from jeepney import DBusAddress, HeaderFields, MessageType, new_method_call
from jeepney.io.blocking import open_dbus_connection

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.realpath(os.environ.get('VIRTBUS_BUILD', os.path.join(TOP, 'build')))
SERVICE = os.path.join(BUILD, 'service/virtbusd')
GUESTS = os.environ.get('VIRTBUS_GUESTS', os.path.join(BUILD, 'guests'))
QEMU = '/usr/bin/qemu-system-x86_64'

NAME = 'org.libvirt'
ROOT = '/org/libvirt/QEMU'
CONNECT = 'org.libvirt.Connect'
DOMAIN = 'org.libvirt.Domain'
OWN = 'org.virtbus.Domain'
PROPERTIES = 'org.freedesktop.DBus.Properties'

TEST_TIME = 60  # s, for one test with all that it starts
CALL_TIME = 20  # s, for one call

# The numbers of the API that tests speak of.
RUNNING, PAUSED, SHUTOFF, CRASHED = 1, 3, 5, 6
DEFINED, UNDEFINED, STARTED, SUSPENDED, RESUMED, STOPPED, SHUTDOWN, _, CRASH = range(9)
START_PAUSED, START_AUTODESTROY = 1, 2

SIGNATURES = {
    (CONNECT, 'DomainDefineXML'): 's',
    (CONNECT, 'DomainCreateXML'): 'su',
    (CONNECT, 'ListDomains'): 'u',
    (CONNECT, 'DomainLookupByName'): 's',
    (CONNECT, 'DomainLookupByUUID'): 's',
    (CONNECT, 'DomainLookupByID'): 'i',
    (DOMAIN, 'Create'): 'u',
    (DOMAIN, 'Destroy'): 'u',
    (DOMAIN, 'Shutdown'): 'u',
    (DOMAIN, 'Reboot'): 'u',
    (DOMAIN, 'Reset'): 'u',
    (DOMAIN, 'Undefine'): 'u',
    (DOMAIN, 'Rename'): 'su',
    (DOMAIN, 'GetState'): 'u',
    (DOMAIN, 'GetXMLDesc'): 'u',
    (DOMAIN, 'OpenGraphicsFD'): 'uu',
    (OWN, 'OpenConsole'): 'su',
    (PROPERTIES, 'Get'): 'ss',
    (PROPERTIES, 'GetAll'): 's',
    (PROPERTIES, 'Set'): 'ssv',
}

SANITIZER = re.compile(r'(Address|Leak|UndefinedBehavior|Memory)Sanitizer|runtime error:')

BUS_CONFIG = '''<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=%s</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
  <limit name="max_incoming_bytes">1000000000</limit>
  <limit name="max_outgoing_bytes">1000000000</limit>
  <limit name="max_message_size">100000000</limit>
  <limit name="max_replies_per_connection">50000</limit>
</busconfig>
'''


class BusError(Exception):
    def __init__(self, name, body):
        self.name = name
        self.message = body[0] if body and isinstance(body[0], str) else ''
        self.data = body[1] if len(body) > 1 else None
        super().__init__(f'{name}: {self.message}')


class Signal:
    def __init__(self, message):
        fields = message.header.fields
        self.path = fields[HeaderFields.path]
        self.interface = fields[HeaderFields.interface]
        self.member = fields[HeaderFields.member]
        self.body = message.body

    def __repr__(self):
        return f'{self.member}{self.body} of {self.path}'


class Client:
    """One connection. Every signal of the service is kept in .signals, in the order of arrival; a
    reply that comes after a signal finds it there."""

    def __init__(self, address):
        self.connection = open_dbus_connection(address, enable_fds=True)
        self.signals = []
        self.replies = {}
        bus = DBusAddress('/org/freedesktop/DBus', 'org.freedesktop.DBus', 'org.freedesktop.DBus')
        self.bus = bus
        for rule in (f"type='signal',sender='{NAME}'",):
            self.wait(self.send(new_method_call(bus, 'AddMatch', 's', (rule,))))

    def close(self):
        self.connection.close()

    def send(self, message):
        serial = next(self.connection.outgoing_serial)
        self.connection.send(message, serial=serial)
        return serial

    def begin(self, path, interface, member, *args, signature=None):
        """Sends a call; finish() takes what this returns."""
        if signature is None:
            signature = SIGNATURES.get((interface, member), '')
        address = DBusAddress(path, NAME, interface)
        return self.send(new_method_call(address, member, signature, args))

    def receive(self, deadline):
        message = self.connection.receive(timeout=max(deadline - time.monotonic(), 0))
        kind = message.header.message_type
        if kind == MessageType.signal:
            if message.header.fields.get(HeaderFields.sender) != 'org.freedesktop.DBus':
                self.signals.append(Signal(message))
        elif kind in (MessageType.method_return, MessageType.error):
            self.replies[message.header.fields[HeaderFields.reply_serial]] = message

    def wait(self, serial, timeout=CALL_TIME):
        deadline = time.monotonic() + timeout
        while serial not in self.replies:
            self.receive(deadline)
        message = self.replies.pop(serial)
        if message.header.message_type == MessageType.error:
            raise BusError(message.header.fields[HeaderFields.error_name], message.body)
        return message.body

    def finish(self, serial, timeout=CALL_TIME):
        body = self.wait(serial, timeout)
        return body[0] if len(body) == 1 else body or None

    def call(self, path, interface, member, *args, signature=None, timeout=CALL_TIME):
        return self.finish(self.begin(path, interface, member, *args, signature=signature), timeout)

    def connect(self, member, *args):
        return self.call(ROOT, CONNECT, member, *args)

    def define(self, xml):
        return Domain(self, self.connect('DomainDefineXML', xml))

    def ping(self):
        self.call(ROOT, 'org.freedesktop.DBus.Peer', 'Ping')

    def collect(self, seconds):
        """Reads what comes by itself."""
        deadline = time.monotonic() + seconds
        with contextlib.suppress(TimeoutError):
            while True:
                self.receive(deadline)

    def until(self, wanted, start=0, timeout=CALL_TIME):
        """The first signal from number start on for which wanted() holds."""
        deadline = time.monotonic() + timeout
        while True:
            for one in self.signals[start:]:
                if wanted(one):
                    return one
            start = len(self.signals)
            self.receive(deadline)

    def event(self, path, event, start=0, timeout=CALL_TIME):
        """Waits for a DomainEvent of this kind; returns its detail."""
        wanted = lambda one: one.member == 'DomainEvent' and one.body[:2] == (path, event)
        return self.until(wanted, start, timeout).body[2]

    def events(self, path, start=0):
        """(event, detail) of the domain so far."""
        return [
            one.body[1:]
            for one in self.signals[start:]
            if one.member == 'DomainEvent' and one.body[0] == path
        ]


class Console:
    """The far end of a guest's serial port."""

    def __init__(self, descriptor):
        self.socket = socket.socket(fileno=descriptor.to_raw_fd())
        self.seen = b''

    def send(self, data):
        self.socket.sendall(data)

    def read(self, timeout):
        """Some bytes; b'' at the end of file."""
        ready, _, _ = select.select([self.socket], [], [], max(timeout, 0))
        if not ready:
            raise TimeoutError(f'nothing more on the console after {self.seen[-200:]!r}')
        data = self.socket.recv(65536)
        self.seen += data
        return data

    def until(self, wanted, timeout=CALL_TIME):
        deadline = time.monotonic() + timeout
        while wanted not in self.seen:
            if not self.read(deadline - time.monotonic()):
                raise EOFError(f'the console ended after {self.seen[-200:]!r}')
        before, self.seen = self.seen.split(wanted, 1)
        return before

    def knock(self, timeout=CALL_TIME):
        """Returns once the boot sector guest echoes: the first bytes may come before it is up."""
        deadline = time.monotonic() + timeout
        while True:
            self.send(b'~')
            with contextlib.suppress(TimeoutError):
                return self.until(b'~', min(0.3, deadline - time.monotonic()))
            if time.monotonic() > deadline:
                raise TimeoutError('the guest does not answer on its console')

    def ended(self, timeout=5):
        """True once there is an end of file."""
        deadline = time.monotonic() + timeout
        try:
            while self.read(deadline - time.monotonic()):
                pass
        except TimeoutError:
            return False
        except ConnectionResetError:
            pass
        return True

    def close(self):
        self.socket.close()


class Domain:
    """dom.Create(0), dom.Name ... of one object; calls go out over the client it was found with."""

    def __init__(self, client, path):
        self.client = client
        self.path = path

    def call(self, member, *args, timeout=CALL_TIME):
        return self.client.call(self.path, DOMAIN, member, *args, timeout=timeout)

    def __getattr__(self, member):
        return lambda *args, **options: self.call(member, *args, **options)

    def begin(self, member, *args):
        return self.client.begin(self.path, DOMAIN, member, *args)

    def get(self, name):
        return self.client.call(self.path, PROPERTIES, 'Get', DOMAIN, name)[1]

    @property
    def state(self):
        return self.GetState(0)[0]

    @property
    def xml(self):
        return self.GetXMLDesc(0)

    def console(self, alias='', flags=0):
        return Console(self.client.call(self.path, OWN, 'OpenConsole', alias, flags))

    def until_state(self, state, timeout=CALL_TIME):
        deadline = time.monotonic() + timeout
        while True:
            now = self.GetState(0)
            if now[0] == state:
                return now[1]
            if time.monotonic() > deadline:
                raise TimeoutError(f'state is {now} and not {state}')
            time.sleep(0.02)


def children_of(pid):
    found = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f'/proc/{pid}/task'):
            with contextlib.suppress(OSError), open(f'/proc/{pid}/task/{task}/children') as file:
                found += [int(child) for child in file.read().split()]
    return found


def command_of(pid):
    try:
        with open(f'/proc/{pid}/cmdline', 'rb') as file:
            return file.read().decode(errors='replace').split('\0')
    except OSError:
        return ['']


def become_subreaper():
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def reap(known):
    """Buries orphans that ended; those in known are somebody's Popen."""
    for pid in children_of(os.getpid()):
        if pid not in known:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def descendants(pid):
    found = []
    for child in children_of(pid):
        found.append(child)
        found += descendants(child)
    return found


class Bed:
    def __init__(self, arguments=(), wrapper=()):
        become_subreaper()
        self.folder = tempfile.mkdtemp(prefix='vb')
        self.others = []  # processes of the test's own
        self.command = [*wrapper, SERVICE, '--session', *arguments]
        self.log = os.path.join(self.folder, 'log')
        self.service = None
        self.clients = []
        self.environment = {
            'PATH': os.environ['PATH'],
            'HOME': self.folder,
            'LANG': 'C.UTF-8',
            'XDG_CONFIG_HOME': self.path('config'),
            'XDG_DATA_HOME': self.path('data'),
            'XDG_CACHE_HOME': self.path('cache'),
            'XDG_RUNTIME_DIR': self.path('run'),
            'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', 'detect_leaks=1'),
            'UBSAN_OPTIONS': 'print_stacktrace=1:halt_on_error=1',
        }
        os.mkdir(self.path('run'), 0o700)
        self.start_bus()
        self.environment['DBUS_SESSION_BUS_ADDRESS'] = self.address
        try:
            self.client = self.new_client()
            self.start()
        except BaseException:
            self.abandon()
            raise

    def path(self, name):
        return os.path.join(self.folder, name)

    def start_bus(self):
        config = self.path('bus.conf')
        with open(config, 'w') as file:
            file.write(BUS_CONFIG % self.path('bus'))
        self.bus = subprocess.Popen(
            [
                'dbus-daemon',
                '--nofork',
                '--nopidfile',
                '--config-file=' + config,
                '--print-address=1',
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=self.environment,
        )
        self.address = self.bus.stdout.readline().strip().split(',')[0]

    def new_client(self):
        client = Client(self.address)
        self.clients.append(client)
        return client

    def start(self):
        """Starts the service and waits for its name."""
        with open(self.log, 'ab') as log:
            self.service = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
                cwd='/',
            )
        deadline = time.monotonic() + 10
        ask = new_method_call(self.client.bus, 'NameHasOwner', 's', (NAME,))
        while not self.client.wait(self.client.send(ask))[0]:
            if self.service.poll() is not None:
                raise AssertionError(
                    f'the service ended with {self.service.returncode}:\n{self.words()}'
                )
            if time.monotonic() > deadline:
                raise AssertionError(f'the service takes no name:\n{self.words()}')
            time.sleep(0.005)

    def kill(self):
        self.service.kill()
        self.service.wait()

    def stop(self):
        self.service.terminate()
        return self.service.wait(10)

    def restart(self):
        self.kill()
        self.start()

    def words(self):
        with open(self.log, errors='replace') as file:
            return file.read()[:6000]

    def guests(self, name=None):
        """Process ids of QEMUs that were started from here, or of the one with this name."""
        own = {self.bus.pid, self.service.pid, *self.others}
        reap(own)
        pids = [pid for pid in descendants(os.getpid()) if pid not in own]
        if name is None:
            return pids
        return [
            pid
            for pid in pids
            if any(
                re.search(rf'(guest=|^){re.escape(name)}(,|$)', word) for word in command_of(pid)
            )
        ]

    def until_guests(self, n, timeout=10, name=None):
        deadline = time.monotonic() + timeout
        while len(self.guests(name)) != n:
            if time.monotonic() > deadline:
                commands = [' '.join(command_of(pid))[:200] for pid in self.guests()]
                raise AssertionError(f'{len(commands)} processes and not {n}: {commands}')
            time.sleep(0.02)

    def files(self, room):
        """What lies in one of the service's folders, sockets and all."""
        found = []
        for folder, _, names in os.walk(self.path(os.path.join(room, 'virtbus'))):
            found += [os.path.relpath(os.path.join(folder, name), self.folder) for name in names]
        # That is there until the machine goes down: autostart happens once.
        return sorted(name for name in found if not name.endswith('/autostarted'))

    def image(self, name='disk', *symbols):
        """A disk of its own with the boot sector guest on it."""
        variant = '-'.join(('sector',) + symbols)
        source = os.path.join(GUESTS, variant)
        if not os.path.exists(source):
            os.makedirs(GUESTS, exist_ok=True)
            temporary = f'{source}.{os.getpid()}'
            subprocess.run(
                [os.path.join(TOP, 'tests/guests/sector'), temporary, *symbols], check=True
            )
            os.rename(temporary, source)
        target = self.path(f'{name}.img')
        shutil.copyfile(source, target)
        return target

    def xml(
        self,
        name,
        *,
        symbols=(),
        devices='',
        rules='',
        disk=None,
        machine='pc',
        emulator=QEMU,
        uuid=None,
    ):
        """The definition of a boot sector guest with a serial console."""
        disk = disk or self.image(name, *symbols)
        identity = f'<uuid>{uuid}</uuid>' if uuid else ''
        return (
            f"<domain type='qemu'><name>{name}</name>{identity}<memory unit='MiB'>16</memory>"
            f"<vcpu>1</vcpu>"
            f"<os><type arch='x86_64' machine='{machine}'>hvm</type></os>"
            f"<features><acpi/></features>{rules}"
            f"<devices><emulator>{emulator}</emulator>"
            f"<disk type='file' device='disk'><driver name='qemu' type='raw'/>"
            f"<source file='{disk}'/>"
            f"<target dev='hda' bus='ide'/></disk>"
            f"<serial type='pty'/><memballoon model='none'/>{devices}</devices></domain>"
        )

    def define(self, name, **options):
        return self.client.define(self.xml(name, **options))

    def destroy_all(self):
        running = []
        with contextlib.suppress(BusError):  # a build without QEMU
            running = self.client.connect('ListDomains', 1)
        for path in running:
            with contextlib.suppress(BusError):
                self.client.call(path, DOMAIN, 'Destroy', 0)

    def close(self):
        """Ends everything; returns what is not as it should be."""
        wrong = []
        try:
            if self.service.poll() is not None:
                wrong.append(f'the service had ended by itself with {self.service.returncode}')
            else:
                self.finish(wrong)
        except Exception as e:
            wrong.append(f'at the end of the test: {type(e).__name__}: {e}')
        words = self.words()
        if SANITIZER.search(words):
            wrong.append('a sanitizer spoke')
        self.abandon()
        return wrong, words

    def abandon(self):
        """Ends all processes and removes the folder."""
        for client in self.clients:
            client.close()
        if self.service:
            if self.service.poll() is None:
                self.kill()
            for pid in self.guests():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.bus.terminate()
        self.bus.wait()
        self.bus.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def finish(self, wrong):
        self.destroy_all()
        try:
            self.until_guests(0, timeout=5)
        except AssertionError as e:
            wrong.append(f'after the last guest was destroyed: {e}')
        left = self.files('run')
        if left:
            wrong.append(f'left in the runtime folder: {left}')
        status = self.stop()
        if status:
            wrong.append(f'the service ended with {status}')


class BusTest(unittest.TestCase):
    """A test with a Bed. What is left behind fails it."""

    arguments = ()
    wrapper = ()
    seconds = TEST_TIME

    def setUp(self):
        signal.signal(signal.SIGALRM, self.late)
        signal.alarm(self.seconds)
        self.bed = Bed(self.arguments, self.wrapper)
        self.client = self.bed.client
        self.addCleanup(self.end)

    @staticmethod
    def late(number, frame):
        raise TimeoutError('the test took too long')

    def end(self):
        signal.alarm(30)
        wrong, words = self.bed.close()
        signal.alarm(0)
        failed = not self._outcome.success
        if (wrong or failed) and words:
            print(f'---- the service said:\n{words}----')
        if wrong:
            self.fail('; '.join(wrong))

    def running(self, name='guest', **options):
        """A domain that runs and answers on its console."""
        domain = self.bed.define(name, **options)
        domain.Create(0)
        console = domain.console()
        self.addCleanup(console.close)
        console.knock()
        return domain, console

    def refused(self, call, *args, name='org.libvirt.Error', text=None):
        with self.assertRaises(BusError) as caught:
            call(*args)
        error = caught.exception
        self.assertEqual(error.name, name, error.message)
        self.assertTrue(error.message)
        if text is not None:
            self.assertIn(text, error.message)
        return error
