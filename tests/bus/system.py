# SPDX-License-Identifier: LGPL-2.1-or-later
"""The system bus, with a real polkitd, in a private namespace.

enter() forks: the parent waits, the child goes on with the tests as process 1 of a pid namespace,
in a mount namespace where /etc, /usr/share and /var are overlays and /run is empty. There the
service is installed as on a machine: bus policy, activation file, polkit actions. All that is
started in it ends with the child, and what is written is gone then: the machine outside sees none
of it.

A client of another user is a connection made while this process has that user's ids, which is what
the bus goes by.
"""
import contextlib
import ctypes
import os
import pty
import pwd
import select
import shutil
import signal
import subprocess
import sys
import termios
import time
import unittest

import harness
from harness import BUILD, NAME, SANITIZER, SERVICE, TOP, BusError, Client
from jeepney import DBusAddress, MessageFlag, new_method_call

ADDRESS = 'unix:path=/run/dbus/system_bus_socket'
POLKITD = '/usr/lib/polkit-1/polkitd'
POLKIT_SERVICE = '/usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service'
RULES = '/etc/polkit-1/rules.d'
OVERLAYS = ('/etc', '/usr/share', '/var')
NEEDED = (SERVICE, POLKITD, POLKIT_SERVICE, '/usr/share/dbus-1/system.conf')

PASSWORD = 'tiger'  # root's

CLONE_NEWNS, CLONE_NEWPID = 0x20000, 0x20000000
PR_SET_PDEATHSIG = 1

ENVIRONMENT = {
    'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', 'detect_leaks=1'),
    'UBSAN_OPTIONS': 'print_stacktrace=1:halt_on_error=1',
}

libc = ctypes.CDLL(None, use_errno=True)


# ---- the namespace ----


def run(*words):
    subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def install(source, folder, name=None):
    os.makedirs(folder, exist_ok=True)
    target = os.path.join(folder, name or os.path.basename(source))
    shutil.copyfile(source, target)
    os.chmod(target, 0o644)
    return target


def mount_all():
    run('mount', '--make-rprivate', '/')
    run('mount', '-t', 'proc', 'proc', '/proc')
    run('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run')
    for target in OVERLAYS:
        upper, work = (f'/run/overlay{target}/{room}' for room in ('upper', 'work'))
        os.makedirs(upper)
        os.makedirs(work)
        options = f'lowerdir={target},upperdir={upper},workdir={work}'
        run('mount', '-t', 'overlay', '-o', options, 'overlay', target)
    os.mkdir('/run/dbus')


def install_all():
    """As `meson install` does, but for the path of the program."""
    data = os.path.join(BUILD, 'data')
    install(os.path.join(TOP, 'data/dbus/org.libvirt.conf'), '/usr/share/dbus-1/system.d')
    install(os.path.join(data, 'org.libvirt.api.policy'), '/usr/share/polkit-1/actions')
    for name in os.listdir(RULES):
        os.remove(os.path.join(RULES, name))


def activate(arguments):
    """The service is what the bus starts when it is called."""
    service = install(
        os.path.join(BUILD, 'data/org.libvirt.system.service'),
        '/usr/share/dbus-1/system-services',
        NAME + '.service',
    )
    variables = ' '.join(f'{name}={value}' for name, value in ENVIRONMENT.items())
    with open(service) as file:
        lines = file.read().split('\n')
    for i, line in enumerate(lines):
        if line.startswith('Exec='):
            words = ' '.join([line.split(maxsplit=1)[1], *arguments])
            lines[i] = f'Exec=/usr/bin/env {variables} {SERVICE} {words}'
    with open(service, 'w') as file:
        file.write('\n'.join(lines))


def add_users():
    run('groupadd', '-f', 'virtbus')
    for name in ('alice', 'mallory', 'oscar'):
        with contextlib.suppress(KeyError):
            pwd.getpwnam(name)
            run('userdel', name)
        run('useradd', '-M', '-d', '/', '-s', '/bin/sh', name)
    run('usermod', '-a', '-G', 'virtbus', 'oscar')
    subprocess.run(['chpasswd'], input=f'root:{PASSWORD}', text=True, check=True)


def begin_namespace():
    """In the child."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    mount_all()
    add_users()
    install_all()


entered = False
refused = None  # why there is no namespace


def enter():
    """Goes on as process 1 of the namespace; skips the test where there can be none."""
    global entered, refused
    if entered:
        return
    if refused:
        raise unittest.SkipTest(refused)
    missing = [path for path in NEEDED if not os.path.exists(path)]
    if missing:
        raise unittest.SkipTest(f'SKIPPED: no {missing[0]}')
    if os.getuid() != 0:
        raise unittest.SkipTest('SKIPPED: only root can make a system bus of its own')
    sys.stdout.flush()
    if libc.unshare(CLONE_NEWNS | CLONE_NEWPID) < 0:
        raise unittest.SkipTest(f'SKIPPED: no namespace: {os.strerror(ctypes.get_errno())}')
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    try:
        begin_namespace()
    except subprocess.CalledProcessError as e:
        refused = f'SKIPPED: {" ".join(e.cmd)}: {e.output.strip()}'
        raise unittest.SkipTest(refused)
    entered = True


# ---- who is who ----


@contextlib.contextmanager
def identity(user):
    """What is done inside is done as the user; the way back stays open."""
    uid, gid = pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid
    groups = os.getgroups()
    os.setgroups([])
    os.setresgid(gid, gid, 0)
    os.setresuid(uid, uid, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
        os.setresgid(0, 0, 0)
        os.setgroups(groups)


def call_with_agent(user, password, *words, timeout=20):
    """Runs a command as the user on a terminal, with polkit's textual agent beside it; types the
    password whenever it is asked for. Returns the exit status and all that was on the terminal.

    The agent has to be that of the process which calls, so the command takes the place of the one
    that started the agent."""
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # by it the agent ends with the command
        account = pwd.getpwnam(user)
        os.initgroups(user, account.pw_gid)
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)
        ready, notify = os.pipe()
        subprocess.Popen(
            ['pkttyagent', '--process', str(os.getpid()), '--notify-fd', str(notify)],
            pass_fds=[notify],
        )
        os.close(notify)
        os.read(ready, 1)
        os.execvp(words[0], words)
    said, typed, deadline = b'', 0, time.monotonic() + timeout
    with contextlib.suppress(OSError):  # the end of a terminal
        while True:
            if not select.select([terminal], [], [], max(deadline - time.monotonic(), 0))[0]:
                raise AssertionError(f'nothing more on the terminal after {said!r}')
            said += os.read(terminal, 4096)
            if said.count(b'assword:') > typed:
                typed += 1
                # What comes before the echo is off is thrown away.
                while termios.tcgetattr(terminal)[3] & termios.ECHO:
                    time.sleep(0.005)
                os.write(terminal, password.encode() + b'\n')
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said.decode(errors='replace')


class UserClient(Client):
    """A client that may let polkit ask somebody for a password."""

    interactive = False

    def send(self, message):
        if self.interactive:
            message.header.flags |= MessageFlag.allow_interactive_authorization
        return super().send(message)

    def ask_bus(self, member, signature=None, *args):
        body = self.wait(self.send(new_method_call(self.bus, member, signature, args)))
        return body[0] if body else None


def processes():
    """Everything in the namespace but this process."""
    harness.reap(set())
    return [int(name) for name in os.listdir('/proc') if name.isdigit() and name != '1']


class SystemBed:
    """A system bus and its clients. The service and polkitd are started by the bus."""

    folder = '/run/bed'

    def __init__(self, arguments=()):
        """arguments: more of them for the service."""
        os.mkdir(self.folder)
        activate(arguments)
        self.log = os.path.join(self.folder, 'log')
        self.clients = []
        with open(self.log, 'ab') as log:
            self.bus = subprocess.Popen(
                ['dbus-daemon', '--system', '--nofork', '--nopidfile', '--print-address=1'],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        if not self.bus.stdout.readline():
            raise AssertionError(f'no bus:\n{self.words()}')
        self.client = self.new_client('root')

    def path(self, name):
        return os.path.join(self.folder, name)

    image = harness.Bed.image
    xml = harness.Bed.xml
    define = harness.Bed.define

    def new_client(self, user):
        with identity(user):
            client = UserClient(ADDRESS)
        self.clients.append(client)
        return client

    def rules(self, name):
        """One of the examples becomes the law."""
        install(os.path.join(TOP, 'data/polkit', name), RULES)

    def words(self):
        with open(self.log, errors='replace') as file:
            return file.read()[:6000]

    def pid_of(self, name):
        return self.client.ask_bus('GetConnectionUnixProcessID', 's', name)

    def owns(self, name):
        return self.client.ask_bus('NameHasOwner', 's', name)

    def until_gone(self, pid, timeout=10):
        deadline = time.monotonic() + timeout
        while pid in processes():
            if time.monotonic() > deadline:
                raise AssertionError(f'process {pid} does not end:\n{self.words()}')
            time.sleep(0.01)

    def polkit_says(self, client, action, **details):
        """Whether polkitd authorizes a client, without asking anybody."""
        address = DBusAddress(
            '/org/freedesktop/PolicyKit1/Authority',
            'org.freedesktop.PolicyKit1',
            'org.freedesktop.PolicyKit1.Authority',
        )
        subject = ('system-bus-name', {'name': ('s', client.connection.unique_name)})
        details = {name: str(value) for name, value in details.items()}
        call = new_method_call(
            address, 'CheckAuthorization', '(sa{sv})sa{ss}us', (subject, action, details, 0, '')
        )
        return self.client.wait(self.client.send(call))[0][0]

    def mask_polkit(self):
        """Neither there nor to be had."""
        os.rename(POLKIT_SERVICE, POLKIT_SERVICE + '.masked')
        self.client.ask_bus('ReloadConfig')
        if self.owns('org.freedesktop.PolicyKit1'):
            pid = self.pid_of('org.freedesktop.PolicyKit1')
            os.kill(pid, signal.SIGKILL)
            self.until_gone(pid)

    def stop_service(self):
        if self.owns(NAME):
            pid = self.pid_of(NAME)
            os.kill(pid, signal.SIGTERM)
            self.until_gone(pid)

    def close(self):
        """Ends everything; returns what is not as it should be."""
        wrong = []
        try:
            with contextlib.suppress(BusError):
                for path in self.client.connect('ListDomains', 1):
                    self.client.call(path, harness.DOMAIN, 'Destroy', 0)
            self.stop_service()
        except Exception as e:
            wrong.append(f'at the end of the test: {type(e).__name__}: {e}')
        words = self.words()
        if SANITIZER.search(words):
            wrong.append('a sanitizer spoke')
        self.abandon()
        return wrong, words

    def abandon(self):
        for client in self.clients:
            client.close()
        self.bus.kill()
        self.bus.wait()
        self.bus.stdout.close()
        for pid in processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            self.until_gone(pid)
        with contextlib.suppress(FileNotFoundError):
            os.rename(POLKIT_SERVICE + '.masked', POLKIT_SERVICE)
        for folder in (RULES, '/etc/virtbus', '/var/lib/virtbus', '/run/virtbus'):
            for name in os.listdir(folder) if os.path.isdir(folder) else ():
                shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
                with contextlib.suppress(FileNotFoundError):
                    os.remove(os.path.join(folder, name))
        shutil.rmtree(self.folder)
