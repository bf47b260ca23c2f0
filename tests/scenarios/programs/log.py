#!/usr/bin/env python3
"""A synthetic log: log.py RECORDS [hostile] >log. The chain is as docs/audit.md says."""
import sys, json, random, hashlib
n = int(sys.argv[1]); hostile = 'hostile' in sys.argv
random.seed(7); last = '0' * 32
out = sys.stdout.buffer
def line(d):
    global last
    s = json.dumps(d, separators=(',', ':'), ensure_ascii=True)[:-1]
    h = hashlib.blake2b(last.encode() + s.encode(), digest_size=16).hexdigest()
    out.write((s + ',"h":"' + h + '"}\n').encode()); last = h
bad = ['</script><script>document.title="owned"</script>', '<img src=x onerror=document.title="owned">', 'a\x1b[31mred', 'abc\u202egpj.exe', 'x\ny', '\u2066iso', '"quote\\', '<!--', '\ud83d\ude00 ok', '&lt;', "'", 'null\u0001', '\xff\xfe']
line({"k": "head", "v": 1, "cordon": "0.1.0", "time": 1795286400.0, "audit": "all", "space": "1", "argv": ["python3", "build.py"] + (bad if hostile else []), "cwd": "/home/me", "program": "/usr/bin/python3", "uid": 1000, "home": "/home/me", "policy": [{"space": "1", "layer": 0, "name": "base", "hash": "00", "files": []}], "prev": None})
progs = ["/usr/bin/python3", "/usr/bin/gcc", "/usr/lib/gcc/cc1", "/usr/bin/ld", "/bin/sh"] + (['/bin/' + b for b in bad] if hostile else [])
for i, p in enumerate(progs): line({"k": "prog", "i": i + 1, "x": p})
rules = [("group:base", "/allow/fs.read/0", "/usr/**"), ("group:base", "/allow/fs.read/8", "/lib/**"), ("command line", "--allow-write=/home/me/out", "/home/me/out/**"), ("tool.json", "/deny/fs.read/0", "/home/me/.ssh/**")] + ([(b, b, b) for b in bad] if hostile else [])
for i, (f, p, m) in enumerate(rules): line({"k": "rule", "i": i + 1, "f": f, "p": p, "m": m, "v": "deny" if i == 3 else "allow"})
dirs = ['/usr/include', '/usr/include/linux', '/usr/include/x86_64-linux-gnu/bits', '/usr/lib/python3.11', '/usr/lib/python3.11/json', '/home/me/out/obj', '/home/me/src', '/etc']
names = ['%s%d%s' % (random.choice(['util', 'main', 'core', 'net', 'test_']), i, random.choice(['.h', '.c', '.py', '.o'])) for i in range(400)]
t = 0.0
for m in range(n):
    t += random.expovariate(2000); r = random.random()
    s = random.choice(['1', '1', '1', '1.1', '1.2', '1.2.1']); pid = random.randint(2, 60)
    d = {"k": "op", "t": round(t, 6), "m": m, "s": s, "pid": pid, "p": random.randint(1, len(progs))}
    if r < .05:
        host = random.choice(['example.org:443', 'pypi.org:443', '192.0.2.7:22', 'udp://192.0.2.1:53', 'unix:/run/x.sock'])
        ok = 'pypi' in host
        d.update({"c": "connect", "o": "net.connect", "x": host, "v": "allow" if ok else "deny", "l": 0, "d": 12, "e": 0 if ok else -13})
        if host.startswith('example'): d["at"] = "192.0.2.9"
    else:
        x = random.choice(dirs) + '/' + random.choice(names)
        if hostile and random.random() < .5: x = random.choice(dirs) + '/' + random.choice(bad)
        wr = x.startswith('/home/me/out') and random.random() < .6
        deny = x.startswith('/etc') or (x.startswith('/home/me/src') and random.random() < .1)
        d.update({"c": "openat", "o": "fs.create,fs.write" if wr else "fs.read", "x": x, "v": "deny" if deny else "allow", "l": 0, "d": random.randint(5, 60), "e": -13 if deny else random.randint(3, 30)})
        if deny and wr: d["no"] = "fs.write"
        if not deny: d["r"] = 3 if wr else random.randint(1, 2)
        elif random.random() < .2: d["r"] = 4
    line(d)
line({"k": "tail", "t": round(t + .01, 6), "status": 0, "complete": True, "records": n, "messages": n, "denied": 5, "left_out": 0, "lost": 0})
