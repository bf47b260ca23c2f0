"""Plays the user at a terminal: a shell of his, in which he starts programs inside and outside.

terminal.py CORDON SCRATCH: one line a case, "pass NAME" or "fail NAME: what was seen instead".
"""
import fcntl
import hashlib
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import traceback

CORDON, SCRATCH = sys.argv[1:3]
RUN = f"{CORDON} run -q --rw {SCRATCH} --allow-run={SCRATCH} --chdir {SCRATCH} --setenv PS1='in> '"


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


class User:
    """A terminal with a shell of the user's in it, or with another program."""

    def __init__(self, *argv, size=(24, 80), environment=None):
        self.master, self.slave = pty.openpty()
        self.name = os.ttyname(self.slave)
        self.resize(*size)
        self.seen = b""
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(self.slave, fd)
            os.closerange(3, 256)
            os.environ.update(PS1="out> ", TERM="dumb", HISTFILE="/dev/null", **(environment or {}))
            argv = argv or ("bash", "--norc", "--noprofile", "-i")
            os.execvp(argv[0], argv)
        if os.path.basename(argv[0] if argv else "bash") == "bash" and "-c" not in argv:
            self.prompt()

    def resize(self, rows, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def look(self, seconds=0.05):
        if select.select([self.master], [], [], seconds)[0]:
            try:
                self.seen += os.read(self.master, 65536)
            except OSError:
                pass

    def expect(self, pattern, seconds=30):
        end = time.time() + seconds
        while True:
            found = re.search(pattern.encode(), self.seen, re.S)
            if found:
                self.seen = self.seen[found.end():]
                return found
            if time.time() > end:
                raise Failed(f"no {pattern!r} in {self.seen[-600:]!r}")
            self.look()

    def never(self, pattern, seconds=0.6):
        end = time.time() + seconds
        while time.time() < end:
            self.look()
        if re.search(pattern.encode(), self.seen, re.S):
            raise Failed(f"{pattern!r} in {self.seen[-600:]!r}")

    def send(self, text):
        os.write(self.master, text if isinstance(text, bytes) else text.encode())

    def line(self, text):
        self.send(text + "\n")

    def prompt(self, which="out> "):
        self.expect(re.escape(which) + "$")

    def modes(self):
        return termios.tcgetattr(self.slave)

    def is_cooked(self):
        return bool(self.modes()[3] & termios.ICANON)

    def wait_until(self, what, why, seconds=20):
        end = time.time() + seconds
        while not what():
            if time.time() > end:
                raise Failed(why)
            self.look()

    def descendants(self):
        found, parents = [], [self.pid]
        while parents:
            out = subprocess.run(["ps", "-o", "pid=", "--ppid", ",".join(map(str, parents))],
                                 capture_output=True, text=True).stdout
            parents = [int(word) for word in out.split()]
            found += parents
        return found

    def find(self, words):
        """The descendant whose command line is exactly that."""
        for pid in self.descendants():
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    if file.read().rstrip(b"\0").split(b"\0") == [w.encode() for w in words]:
                        return pid
            except OSError:
                pass
        return None

    def running(self, *words):
        """A shell may miss what is typed while it starts something."""
        self.wait_until(lambda: self.find(words), f"{' '.join(words)} is not running", 20)
        time.sleep(0.1)

    def keeper(self):
        """The first cordon; CORDON may be a script that starts it."""
        cordon = os.path.realpath(os.path.join(os.path.dirname(CORDON), "cordon"))
        for pid in self.descendants():
            try:
                if os.readlink(f"/proc/{pid}/exe") == cordon:
                    return pid
            except OSError:
                pass
        raise Failed("no cordon is running")

    def close(self):
        pids = self.descendants()
        for fd in (self.master, self.slave):
            try:
                os.close(fd)
            except OSError:
                pass
        for pid in pids + [self.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        try:
            os.waitpid(self.pid, 0)
        except OSError:
            pass


CASES = []


def case(name, **how):
    def add(function):
        CASES.append((name, function, how))
        return function
    return add


def same(user, before):
    if user.modes() != before:
        raise Failed("the terminal's settings are not what they were")


@case("the space's terminal has a name and a size")
def _(user):
    user.resize(33, 99)
    user.line(f"{RUN} sh -c 'tty; stty size; echo hallo >/dev/tty'")
    user.expect("/dev/pts/0\r\n33 99\r\nhallo\r\n")
    user.prompt()


@case("a new size is passed on")
def _(user):
    user.line(f"{RUN} bash --norc -i")
    user.prompt("in> ")
    user.line("trap 'echo win''ched' WINCH")
    user.prompt("in> ")
    user.resize(40, 100)
    user.expect("winched")
    user.line("stty size")
    user.expect("40 100")


@case("bash inside: ^C, ^Z, fg, bg, and a background job that reads")
def _(user):
    before = user.modes()
    user.line(f"{RUN} bash --norc -i")
    user.prompt("in> ")
    user.line("echo begin; sleep 100")
    user.expect("begin\r\n")
    user.running("sleep", "100")
    user.send(b"\x03")
    user.expect(r"\^C")
    user.prompt("in> ")
    user.line("echo $?")
    user.expect("130")
    user.prompt("in> ")
    user.line("sleep 101")
    user.running("sleep", "101")
    user.send(b"\x1a")
    user.expect("Stopped")
    user.prompt("in> ")
    user.line("bg; jobs")
    user.expect("Running")
    user.prompt("in> ")
    user.line("fg")
    user.expect("sleep 101\r\n")
    user.running("sleep", "101")
    user.send(b"\x03")
    user.prompt("in> ")
    user.line("cat &")
    user.prompt("in> ")
    time.sleep(0.3)
    user.line("")
    user.expect("Stopped")
    user.line("kill -KILL %1; sleep 0.3; exit 7")
    user.prompt()
    user.line("echo $?")
    user.expect("7\r\n")
    user.prompt()
    same(user, before)


@case("^C ends the program, and the user's shell goes on")
def _(user):
    before = user.modes()
    user.line(f"{RUN} sh -c 'echo star''ted; sleep 100'; echo status $?")
    user.expect("started")
    user.running("sleep", "100")
    user.send(b"\x03")
    user.expect("status 130")
    user.prompt()
    same(user, before)


@case("^Z stops the space, fg lets it go on; the terminal is the shell's meanwhile")
def _(user):
    before = user.modes()
    user.line(f"{RUN} sh -c 'echo star''ted; sleep 5; echo fin''ished; read x; echo got $x'")
    user.expect("started")
    user.running("sleep", "5")
    user.send(b"\x1a")
    user.expect("Stopped")
    user.prompt()
    same(user, before)
    user.line("echo shell$((1+1))")
    user.expect("shell2")
    user.prompt()
    time.sleep(5)
    user.never("finished")
    user.line("fg")
    user.expect("finished")
    user.line("words")
    user.expect("got words")
    user.prompt()
    same(user, before)


@case("what a program prints before it stops is on the screen before the shell says so")
def _(user):
    user.line(f"{RUN} python3 -c 'import os, signal; os.kill(os.getpid(), signal.SIGSTOP)\n"
              "for i in range(20): os.write(1, b\"x\" * 3000 + b\"la%dst\" % i); os.kill(os.getpid(), signal.SIGSTOP)'")
    user.expect("Stopped")
    for i in range(20):
        user.prompt()
        user.line("fg")
        if not user.expect(f"(la{i}st)?[^x]*Stopped").group(1):
            raise Failed(f"the shell was first, at {i}")


@case("a program in the background cannot read what is typed; brought to the foreground it can")
def _(user):
    before = user.modes()
    user.line(f"{RUN} sh -c 'echo star''ted; stty raw -echo; read x; echo got $x' &")
    user.expect("started")
    time.sleep(0.5)
    same(user, before)
    user.line("echo typed$((1+1))")
    user.expect("typed2")
    user.never("got")
    user.line("fg")
    time.sleep(1)
    user.send(b"words\n")
    user.expect("got words")
    user.prompt()
    same(user, before)


@case("shared, a program in the background can: that is what a terminal of its own is for")
def _(user):
    user.line(f"{RUN} --no-pty sh -c 'echo star''ted; stty -echo; sleep 100' &")
    user.expect("started")
    user.wait_until(lambda: not user.modes()[3] & termios.ECHO, "it could not")


@case("settings are put right when the program was killed")
def _(user):
    before = user.modes()
    for flag in "", "--no-pty":
        user.line(f"{RUN} {flag} sh -c 'stty raw -echo; printf sta; echo rted; exec sleep 1001'; echo status $?")
        user.expect("started")
        user.wait_until(lambda: user.find(["sleep", "1001"]), "nothing to kill")
        os.kill(user.find(["sleep", "1001"]), signal.SIGKILL)
        user.expect("status 137")
        user.prompt()
        same(user, before)


@case("settings are put right when cordon is told to end")
def _(user):
    before = user.modes()
    user.line(f"{RUN} sh -c 'stty raw -echo; printf sta; echo rted; exec sleep 1002'; echo status $?")
    user.expect("started")
    os.kill(user.keeper(), signal.SIGTERM)
    user.expect("status 143")
    user.prompt()
    same(user, before)


@case("settings are put right when the monitor dies")
def _(user):
    before = user.modes()
    user.line(f"{RUN} sh -c 'printf sta; echo rted; exec sleep 1003'; echo status $?")
    user.expect("started")
    monitor = subprocess.run(["pgrep", "-P", str(user.keeper()), "-x", "cordon"], capture_output=True,
                             text=True).stdout.split()
    os.kill(int(monitor[0]), signal.SIGKILL)
    user.expect("status 125")
    user.prompt()
    same(user, before)


@case("output that stops is started again, and a file that does not wait waits again")
def _(user):
    before = user.modes()
    user.line(f"{RUN} --no-pty python3 -c 'import termios, os; os.set_blocking(0, False); "
              "termios.tcflow(1, termios.TCOOFF)'; echo after")
    user.expect("after\r\n")
    user.prompt()
    same(user, before)
    if fcntl.fcntl(user.slave, fcntl.F_GETFL) & os.O_NONBLOCK:
        raise Failed("it does not wait")


@case("a terminal that is closed ends the space")
def _(user):
    user.line(f"{RUN} sh -c 'printf sta; echo rted; sleep 1004; sleep 1004'")
    user.expect("started")
    keeper = user.keeper()
    inside = user.find(["sleep", "1004"])
    os.close(user.slave)
    os.close(user.master)
    user.slave = user.master = -1
    end = time.time() + 10
    while time.time() < end and any(os.path.exists(f"/proc/{p}") for p in (keeper, inside)):
        time.sleep(0.1)
    if os.path.exists(f"/proc/{inside}") or os.path.exists(f"/proc/{keeper}"):
        raise Failed("something is still running")


@case("a megabyte arrives, in order, and at once")
def _(user):
    user.line(f"{RUN} python3 -c 'import sys; sys.stdout.buffer.write(b\"\".join(b\"%07d\\n\" % i for i in range(131072))); "
              "sys.stdout.write(\"END\")'")
    want = b"".join(b"%07d\r\n" % i for i in range(131072)) + b"END"
    end = time.time() + 60
    while not user.seen.endswith(b"ENDout> ") and time.time() < end:
        user.look(1)
    got = user.seen[user.seen.find(b"0000000\r\n"):-len(b"out> ")]
    if got != want:
        raise Failed(f"{len(got)} bytes, not {len(want)}: {got[-100:]!r}")


@case("every byte can be typed to a program that asks for them raw")
def _(user):
    user.line(f"{RUN} python3 -c 'import tty, os, hashlib; tty.setraw(0); os.write(1, b\"rea\" + b\"dy\")\n"
              "got = b\"\"\nwhile len(got) < 65536: got += os.read(0, 4096)\n"
              "print(hashlib.sha256(got).hexdigest())'")
    user.expect("ready")
    sent = bytes(range(256)) * 256
    for at in range(0, len(sent), 1024):
        user.send(sent[at:at + 1024])
    user.expect(hashlib.sha256(sent).hexdigest())
    user.prompt()


@case("an editor and a pager leave the terminal as it was")
def _(user):
    before = user.modes()
    tried = 0
    for program, keys in ("vi file", b":q!\r"), ("less /etc/passwd", b"q"), ("top", b"q"):
        if subprocess.run(["which", program.split()[0]], capture_output=True).returncode:
            continue
        tried += 1
        user.line(f"TERM=xterm {RUN} {program}; echo status $?")
        user.wait_until(lambda: not user.is_cooked(), f"{program} did not start")
        time.sleep(1)
        user.send(keys)
        user.expect("status 0")
        user.prompt()
        same(user, before)
    if not tried:
        raise Failed("no such program here")


@case("where a stream is not the terminal all are as they are")
def _(user):
    user.line(f"{RUN} sh -c 'test -t 0 && ! test -t 1 && ! tty <&2 | grep -q /dev/pts/0; echo no $?' | cat")
    user.expect("no 0\r\n")
    user.prompt()
    user.line(f"echo data | {RUN} cat")
    user.expect("data\r\n")
    user.prompt()


@case("with --pty a program between pipes has a terminal")
def _(user):
    user.line(f"printf 'one\\ntwo' | {RUN} --pty sh -c 'tty; cat' | od -c | head; echo status $?")
    user.expect(r"/   d   e   v   /   p   t   s   /   0  \\r  \\n   o   n   e  \\r\r\n0000020  \\n   t   w   o\r\n")
    user.expect("status 0")
    user.prompt()


@case("a program that lets go of its terminal can take it again")
def _(user):
    user.line(f"{RUN} sh -c 'exec </dev/null >/dev/null 2>&1; sleep 0.5; echo hal''lo >/dev/tty; sleep 0.3'; echo status $?")
    user.expect("hallo\r\nstatus 0")
    user.prompt()


@case("nobody reads on: the program is told")
def _(user):
    user.line(f"{RUN} --pty sh -c 'while :; do echo line; done 2>/dev/null' | head -n 1; echo status ${{PIPESTATUS[0]}}")
    user.expect(r"line\r\nstatus 129")
    user.prompt()


@case("a screen that is stuck: ^C after the end, and the clock before")
def _(user):
    user.line(f"{RUN} sh -c 'echo star''ted; head -c 1000000 /dev/zero | tr \"\\0\" x; echo fin''ished'; echo status $?")
    user.expect("started")
    # Nobody reads what comes; what the pump holds and the two terminals do is not all of it.
    time.sleep(1)
    user.send(b"\x03")
    user.expect("status", 20)
    user.prompt()
    user.line(f"{RUN} --limit=wall_seconds=2 sh -c 'echo star''ted; exec cat /dev/zero'; echo status $?")
    user.expect("started")
    time.sleep(4)
    user.expect("status 137", 20)
    user.prompt()


@case("without a terminal of its own: ^C, ^Z, fg")
def _(user):
    before = user.modes()
    user.line(f"{RUN} --no-pty sh -c 'echo star''ted; sleep 1; echo fin''ished; sleep 100'; echo status $?")
    user.expect("started")
    user.send(b"\x1a")
    user.expect("Stopped")
    user.expect("status")
    user.prompt()
    user.line("fg")
    user.expect("finished")
    user.running("sleep", "100")
    user.send(b"\x03")
    user.prompt()
    same(user, before)


@case("a shell inside that shares the terminal says that it has no job control, and lives through ^C")
def _(user):
    user.line(f"{RUN} --no-pty bash --norc -i")
    user.expect("no job control")
    user.prompt("in> ")
    user.line("echo begin; sleep 100")
    user.expect("begin\r\n")
    user.running("sleep", "100")
    user.send(b"\x03")
    user.prompt("in> ")
    user.line("exit 3")
    user.prompt()


@case("terminals made inside: script, python's pty, and a shell in one of them")
def _(user):
    user.line(f"{RUN} bash --norc -i")
    user.prompt("in> ")
    user.line("script -qc 'tty; echo there >/dev/tty' /dev/null")
    user.expect("/dev/pts/1\r\nthere\r\n")
    user.prompt("in> ")
    user.line("python3 -c 'import pty; pty.spawn([\"bash\", \"--norc\", \"-i\"])'")
    user.prompt("in> ")
    user.line("tty; sleep 100")
    user.expect("/dev/pts/1\r\n")
    user.running("sleep", "100")
    user.send(b"\x1a")
    user.expect("Stopped")
    user.prompt("in> ")
    user.line("kill -KILL %1; stty rows 11 cols 44; stty size")
    user.expect("11 44")
    user.prompt("in> ")
    user.line("exit")
    user.expect("in> ")
    user.line("stty size")
    user.expect("24 80")


@case("what is said while a program runs begins and ends a line")
def _(user):
    user.line(f"{RUN.replace('-q', '-v')} sh -c 'printf abc; cat /etc/shadow 2>/dev/null; sleep 0.5; printf def'")
    user.expect(r"\rcordon: denied fs.read /etc/shadow[^\n]*\r\n")
    user.prompt()


@case("cordon in a session of its own, without a shell", shell=False)
def _(_):
    user = User("bash", "--norc", "-c", f"exec {RUN} sh -c 'echo star\"\"ted; read x; echo got $x'")
    try:
        user.expect("started")
        user.send(b"\x1a")
        time.sleep(0.5)
        user.line("words")
        user.expect("got words")
    finally:
        user.close()


# ---- attacks: each succeeds natively, or proves nothing ----

ATTACK = """
import fcntl, glob, os, struct, sys, termios
SIZE = struct.pack("HHHH", 5, 6, 0, 0)
def attempt(function, *arguments):
    try:
        return function(*arguments)
    except OSError as error:
        print(error.strerror, flush=True)
def resize(fd):
    attempt(fcntl.ioctl, fd, termios.TIOCSWINSZ, SIZE)
def reopen(name):
    fd = attempt(os.open, name, os.O_RDWR | os.O_NOCTTY)
    return -1 if fd is None else fd
"""


def attack(name, code, worked):
    """code runs in the user's terminal; NAMED is the name of another of his. worked(user, other) looks at both."""
    def try_it(_):
        for where in "natively", "--no-pty", "--pty":
            user, other = User(), User("sleep", "1009")
            try:
                with open(f"{SCRATCH}/attack.py", "w") as file:
                    file.write(ATTACK + f"NAMED, OWN = {other.name!r}, {user.name!r}\n" + code)
                user.line(("" if where == "natively" else f"{RUN} {where} ") +
                          f"python3 {SCRATCH}/attack.py; echo d''one")
                user.expect("done\r\n")
                user.look(0.3)
                succeeded = worked(user, other)
            finally:
                other.close()
                user.close()
            if where == "natively" and not succeeded:
                raise Skipped("this machine refuses it anyway")
            if where != "natively" and succeeded:
                raise Failed(f"it worked with {where}")

    CASES.append((name, try_it, {"shell": False}))


def rows(user):
    return struct.unpack("HHHH", fcntl.ioctl(user.slave, termios.TIOCGWINSZ, b"\0" * 8))[0]


def is_exclusive(user):
    return struct.unpack("i", fcntl.ioctl(user.slave, 0x80045440, b"\0" * 4))[0] != 0


attack("type into the user's shell: TIOCSTI", """
for byte in b"echo for''ged\\n":
    attempt(fcntl.ioctl, 0, termios.TIOCSTI, bytes([byte]))
""", lambda user, other: b"\nforged" in user.seen or (time.sleep(0.5), user.look(0.5), b"\nforged" in user.seen)[2])
attack("the size of the user's terminal", "resize(0)", lambda user, other: rows(user) == 5)
attack("the user's terminal by its name", "resize(reopen(OWN))", lambda user, other: rows(user) == 5)
attack("the user's terminal by any descriptor of any process", """
for name in glob.glob("/proc/[0-9]*/fd/*") + glob.glob("/dev/pts/*"):
    try:
        if os.path.realpath(name) == OWN: resize(reopen(name))
    except OSError:
        pass
""", lambda user, other: rows(user) == 5)
attack("the user's terminal as /dev/tty", "resize(reopen('/dev/tty'))", lambda user, other: rows(user) == 5)
attack("write to another terminal of the user's", "attempt(os.write, reopen(NAMED), b'for' + b'ged')",
       lambda user, other: (other.look(0.3), b"forged" in other.seen)[1])
attack("exclusive use of the user's terminal", "attempt(fcntl.ioctl, 0, termios.TIOCEXCL)",
       lambda user, other: (is_exclusive(user), fcntl.ioctl(user.slave, termios.TIOCNXCL))[0])
attack("the user's terminal stolen from his session: TIOCSCTTY", """
if os.fork() == 0:
    os.setsid()
    attempt(fcntl.ioctl, 0, termios.TIOCSCTTY, 1)
    os._exit(0)
os.wait()
print(os.tcgetpgrp(2) if os.isatty(2) else 0, "group")
""", lambda user, other: lost_session(user))


def lost_session(user):
    try:
        with open(f"/proc/{user.pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[4] == "0"
    except OSError:
        return True


def main():
    for name, function, how in CASES:
        if len(sys.argv) > 3 and sys.argv[3] not in name:
            continue
        user = User() if how.get("shell", True) else None
        try:
            function(user)
            print(f"pass {name}", flush=True)
        except Failed as failure:
            print(f"fail {name}\t{failure}", flush=True)
        except Skipped as reason:
            print(f"skip {name}\t{reason}", flush=True)
        except Exception:
            print(f"fail {name}\t{traceback.format_exc()!r}", flush=True)
        finally:
            if user:
                user.close()


main()
