"""Spaces within spaces, of which something dies: chaos.py CORDON DIR ROUNDS [SEED]

A space that stays starts a tree of spaces, each within the one before, with programs that work on files and on
the network at each level. Some process of all that is killed. What was below it has to end, and to leave nothing:
no process, no mount, no file in DIR, and no descriptor in the keeper and the monitor of the space that stays.
Prints a line for what is left behind, and the number of rounds by who was killed.
"""
import collections
import os
import random
import subprocess
import sys
import time

CORDON, DIR, ROUNDS = sys.argv[1], sys.argv[2], int(sys.argv[3])
SEED = int(sys.argv[4]) if len(sys.argv) > 4 else random.randrange(1 << 30)
DEPTH = 8
rng = random.Random(SEED)
WORK = ("while :; do echo x >/tmp/a; cat /tmp/a /usr/bin/true >/dev/null; rm /tmp/a; "
        "(exec 3<>/dev/tcp/127.0.0.1/9) 2>/dev/null; getent hosts none.example >/dev/null; done")
NEST = [CORDON, "run", "-q", "--allow=space.create:*", "--ro", CORDON, "--allow-net=none.example:80"]


# One text for all levels: works, and starts the next one; $0 is the depth.
TREE = (f"( {WORK} ) & if [ $0 -lt {DEPTH} ]; then " + " ".join(NEST) +
        ' --setenv=TREE="$TREE" -- bash -c "$TREE" $(($0 + 1)); else echo up; sleep 1000; fi')
TOP = 'echo ready; while read -r line; do bash -c "$TREE" 1 & wait $!; kill $(jobs -p) 2>/dev/null; echo over; done'


def processes():
    """pid -> (parent, start time)"""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if fields[0] != "Z":
            found[int(entry)] = (int(fields[1]), int(fields[19]))
    return found


def below(root):
    all_of_them = processes()
    children = collections.defaultdict(list)
    for pid, (parent, _) in all_of_them.items():
        children[parent].append(pid)
    found, rest = {}, [root]
    while rest:
        pid = rest.pop()
        if pid in all_of_them:
            found[pid] = all_of_them[pid][1]
        rest += children[pid]
    return found


def alive(known):
    now = processes()
    return {pid for pid, start in known.items() if pid in now and now[pid][1] == start}


def text(path):
    try:
        with open(path, "rb") as file:
            return file.read().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def describe(pid):
    try:
        exe = os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        exe = "?"
    line = text(f"/proc/{pid}/cmdline")
    if exe == "?":
        exe = text(f"/proc/{pid}/wchan")
    return f"{exe}{'' if line else ' (warden, monitor)'}"


def mounts():
    return len(open("/proc/self/mountinfo").readlines())


def descriptors(pid):
    return sorted(os.readlink(f"/proc/{pid}/fd/{fd}").split(":")[0] for fd in os.listdir(f"/proc/{pid}/fd"))


class Top:
    def __init__(self):
        self.process = subprocess.Popen(NEST + [f"--setenv=TREE={TREE}", "--", "bash", "-c", TOP],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.own = None
        self.held = None

    def begin(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return self.process.stdout.readline() == "up\n"

    def end(self):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()


def wait_until(condition, seconds):
    end = time.time() + seconds
    while time.time() < end:
        if condition():
            return True
        time.sleep(0.01)
    return condition()


def main():
    killed = collections.Counter()
    failures = 0
    before = mounts()
    files = set(os.listdir(DIR))
    top = None
    for number in range(ROUNDS):
        if top is None:
            top = Top()
            top.process.stdout.readline()
            top.own = below(top.process.pid)
        if not top.begin():
            print(f"round {number}: the tree does not come up")
            failures += 1
            top.end()
            top = None
            continue
        everything = below(top.process.pid)
        # Its broker and resolver, which came with the first round, stay; wardens have no command line any more.
        for pid, (parent, start) in processes().items():
            if parent == top.process.pid and text(f"/proc/{pid}/cmdline"):
                top.own[pid] = start
        time.sleep(rng.random() * 0.1)
        victim = rng.choice(sorted(alive(everything)) or [top.process.pid])
        what = describe(victim)
        killed[what] += 1
        try:
            os.kill(victim, 9)
        except OSError:
            pass
        inside = victim not in top.own
        # The end of a worker, a broker or a resolver need not end anything: then the tree is ended from above.
        rest = {pid: start for pid, start in everything.items() if pid not in top.own} if inside else everything
        if inside and not wait_until(lambda: not alive(rest), 3):
            for pid in sorted(alive(rest)):
                if text(f"/proc/{pid}/cmdline").startswith("bash -c ( while"):
                    try:
                        os.kill(pid, 9)
                    except OSError:
                        pass
        if not inside and not wait_until(lambda: not alive(rest), 3):
            top.process.kill()
        if not wait_until(lambda: not alive(rest), 10):
            left = alive(rest)
            print(f"round {number}, {what} {victim} killed: left behind:", *[f"{pid} {describe(pid)} {text(f'/proc/{pid}/cmdline')[:60]}" for pid in left])
            failures += 1
            for pid in left:
                try:
                    os.kill(pid, 9)
                except OSError:
                    pass
        if mounts() != before:
            print(f"round {number}: {mounts() - before} mounts left behind")
            failures += 1
            before = mounts()
        more = set(os.listdir(DIR)) - files
        if more:
            print(f"round {number}: files left behind: {more}")
            failures += 1
            files |= more
        if not inside or top.process.poll() is not None:
            top.end()
            top = None
            continue
        if top.process.stdout.readline() != "over\n":
            print(f"round {number}, {what} killed: the space around ended, too")
            failures += 1
            top.end()
            top = None
            continue
        holders = {pid: descriptors(pid) for pid in [top.process.pid]}
        if top.held is None:
            top.held = holders
        elif top.held != holders:
            print(f"round {number}: descriptors: {top.held} -> {holders}")
            failures += 1
            top.held = holders
    if top:
        top.end()
    print(f"{ROUNDS} rounds, seed {SEED}, {failures} failures;", ", ".join(f"{name} {count}" for name, count in killed.most_common()))
    sys.exit(failures != 0)


main()
