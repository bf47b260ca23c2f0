# Random stacks of spaces with random policies: nothing succeeds that the policy of any one of them, alone, refuses;
# and what each of them alone allows, all of them together allow.
#
#   TREES=40    stacks       TREES_SEED=N   the first of them
. "$(dirname "$0")/lib.sh"
have python3 || { skip trees 'no python3'; exit 0; }
cat >"$WORK/probe.py" <<'P'
"""What can be done with each file of the tree, one line each."""
import os, sys
base = sys.argv[1]
def say(what, name, function):
    try: function(); print(what, name, "yes")
    except OSError: print(what, name, "no")
def write(path):
    with open(path, "r+") as f: f.write("x")
for top in "abc":
    for name in (top + "/f", top + "/in/f", top + "/in/deep/f"):
        path = os.path.join(base, name)
        say("stat", name, lambda: os.stat(path))
        say("read", name, lambda: open(path).read())
        say("write", name, lambda: write(path))
        say("run", name, lambda: None if os.access(path, os.X_OK) else os.stat("/nowhere"))
        say("list", os.path.dirname(name), lambda: os.listdir(os.path.dirname(path)))
        say("make", name, lambda: (os.close(os.open(path + ".new", os.O_CREAT | os.O_EXCL | os.O_WRONLY)), os.unlink(path + ".new")))
        say("link", name, lambda: (os.link(path, path + ".link"), os.unlink(path + ".link")))
        say("move", name, lambda: (os.rename(path, path + ".moved"), os.rename(path + ".moved", path)))
    say("up", top, lambda: open(os.path.join(base, top, "in", "..", "f")).read())
P
cat >"$WORK/trees.py" <<'P'
import os, random, shutil, subprocess, sys
cordon, scratch, probe, rounds, seed = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
binary = cordon
def fresh():
    shutil.rmtree(scratch, ignore_errors=True)
    for top in "abc":
        for d in (top, top + "/in", top + "/in/deep"):
            os.makedirs(os.path.join(scratch, d), exist_ok=True)
            path = os.path.join(scratch, d, "f")
            with open(path, "w") as f: f.write("#!/bin/sh\n")
            os.chmod(path, 0o755)
def policy(r):
    flags = []
    for top in "abc":
        where = os.path.join(scratch, top)
        read, write, run = ("--allow-%s=%s" % (verb, where) for verb in ("read", "write", "run"))
        flags += r.choice([[], [read], [read, run], [read, write], [read, write, run], [read, write, run], [read, write + "/in"], [run, write]])
        if r.random() < 0.5:
            flags.append("--deny-%s=%s" % (r.choice(["read", "write", "run"]), os.path.join(where, r.choice(["in", "f", "in/deep", "in/f", "in/deep/f", "later"]))))
        if r.random() < 0.2:
            flags.append("--deny=fs.%s:%s" % (r.choice(["stat", "read", "create", "remove", "*"]), os.path.join(where, r.choice(["in/**", "*", "in/*"]))))
    if r.random() < 0.3: flags.append("--audit=all")
    return flags
def around(flags):
    return [cordon, "run", "-q", "--allow=space.create:*", "--ro", binary, "--ro", probe] + flags + ["--"]
def run(command):
    fresh()
    p = subprocess.run(command + ["/usr/bin/python3", probe, scratch], capture_output=True, text=True, timeout=60, cwd="/")
    return p.returncode, p.stdout.splitlines(), p.stderr
bad = 0
for i in [30442015] + list(range(seed, seed + rounds)): # the first one found what a cover gives away
    r = random.Random(i)
    layers = [policy(r) for _ in range(r.randint(2, 4))]
    alone = [run(around(flags)) for flags in layers]
    together = run([word for flags in layers for word in around(flags)])
    if together[0] or any(a[0] for a in alone):
        print("seed", i, "did not run:", together[2][-400:], [a[2][-200:] for a in alone]); bad += 1; continue
    for n, line in enumerate(together[1]):
        yes, all_yes = line.endswith("yes"), all(a[1][n].endswith("yes") for a in alone)
        if yes and not all_yes: print("seed", i, "MORE:", line, [a[1][n] for a in alone], layers); bad += 1
        if not yes and all_yes: print("seed", i, "less:", line, layers); bad += 1
print("bad", bad)
sys.exit(bad != 0)
P
seed=${TREES_SEED:-$((RANDOM * 1000))}
timeout 300 /usr/bin/python3 "$WORK/trees.py" "$CORDON" "$SCRATCH" "$WORK/probe.py" "${TREES:-25}" "$seed" >"$WORK/trees.out" 2>&1
if [ $? = 0 ]; then pass 'stacks allow what each layer allows, and no more'; else fail 'stacks allow what each layer allows, and no more' "seed $seed" "$(head -c 3000 "$WORK/trees.out")"; fi
