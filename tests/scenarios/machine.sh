# What a space sees of the machine, of itself and of who runs it: /proc, /sys, identity, environment.
. "$(dirname "$0")/lib.sh"

# ---- /proc: its own processes ----

inside 'processes' 0 -- sh -c 'ls /proc; :'
also 'and nothing else is listed' [ "$(grep -vcE '^([0-9]+|self|thread-self)$' "$OUT")" = 0 ]
also 'few' [ "$(grep -cE '^[0-9]+$' "$OUT")" -le 3 ]
for file in cpuinfo filesystems loadavg meminfo stat uptime version mounts self/status net/dev; do
	inside "/proc/$file" 0 -- cat /proc/$file
	also "/proc/$file says something" [ -s "$OUT" ]
done
inside 'of the machine no more' 0 -- sh -c 'for f; do { cat "/proc/$f" || ls "/proc/$f/"; } >/dev/null 2>&1 && echo "$f"; done; :' sh \
	$(ls /proc | grep -vE '^([0-9]+|self|thread-self|cpuinfo|filesystems|loadavg|meminfo|stat|uptime|version|mounts|net|sys|sysvipc)$') \
	sys/kernel/random/boot_id sys/kernel/random/uuid sys/kernel/kptr_restrict sys/kernel/modprobe sys/kernel/usermodehelper/bset \
	sys/vm/drop_caches sys/fs/binfmt_misc
also 'not one' out_is ''
also 'of those that are there' [ -e /proc/kallsyms ] && [ -e /proc/sys/kernel/random/boot_id ]
same 'where it is, as it sees it' -- sh -c 'readlink /proc/self/exe; readlink /proc/self/cwd; readlink /proc/self/root; readlink /proc/self/fd/0; cat /proc/self/comm'
inside 'ids' 0 -- sh -c 'grep -E "^(Tgid|PPid|NSpid|TracerPid|NoNewPrivs|Seccomp|Cap.*|Groups):" /proc/$$/status; cat /proc/self/uid_map /proc/self/gid_map'
also 'no capability' [ "$(grep -cE '^Cap(Inh|Prm|Eff|Bnd|Amb):	0+$' "$OUT")" = 5 ]
also 'and none to come' out_has '^NoNewPrivs:	1$'
also 'a filter' out_has '^Seccomp:	2$'
also 'nobody traces' out_has '^TracerPid:	0$'
also 'the parent is the first process' out_has '^PPid:	1$'
if [ "$(grep -c . /proc/self/uid_map)" = 1 ] && unshare -U true 2>/dev/null; then
	also 'one user' [ "$(grep -cE "^ +$(id -u) +$(id -u) +1\$" "$OUT")" -ge 1 ]
fi

# ---- nothing about the monitor ----

mark=mark-$$-of-the-user
refresh
(cd "$SCRATCH" && MARK=$mark exec "$CORDON" run -q --name space --allow-read=/etc/passwd --setenv IT=mine -- sh -c '
	for p in /proc/[0-9]*; do for f in cmdline environ maps smaps status stat comm cgroup limits auxv sched mounts net/unix; do
		tr "\0" "\n" <$p/$f; done; ls -l $p $p/fd $p/ns $p/task; done 2>/dev/null
	grep -c "^$2$" /proc/$$/environ' sh "$mark" IT=mine) >"$OUT" 2>"$ERR" </dev/null
also 'all of /proc was read' [ "$(wc -l <"$OUT")" -gt 200 ]
also 'its own environment, too' [ "$(tail -n 1 "$OUT")" = 1 ]
# Its own command line holds the mark, as an argument; nobody's environment does.
also 'nothing of the environment of cordon' [ "$(grep -c "MARK=$mark" "$OUT")" = 0 ]
also 'nor of its command line' [ "$(grep -cE -- '--setenv|--name|allow-read' "$OUT")" = 0 ]
also 'nor of its file, or of where its copies are' [ "$(grep -cE "$CORDON|cordon/shim" "$OUT")" = 0 ]
inside 'the first process' 0 -- sh -c 'tr -d "\0" </proc/1/cmdline; echo; cat /proc/1/comm; grep -E "^PPid" /proc/1/status
	for f in environ maps mem auxv io pagemap syscall; do head -c 1 /proc/1/$f; done 2>/dev/null; for f in exe cwd root fd/3 fd/4 ns/user; do readlink /proc/1/$f; done; :'
also 'shows its name and no more' out_is $'cordon-init\ncordon-init\nPPid:\t0'
inside 'the host name is the space'"'"'s' 0 -- uname -n
also 'indeed' out_is cordon
cat >"$WORK/cow.json" <<END
{"version": 1, "extends": ["base"], "allow": {"fs.*": ["/data/**"]}, "view": {"/data": {"from": "$SCRATCH", "mode": "cow"}}}
END
FIXTURE=fixture_tree
inside 'a copy on write' 0 -p "$WORK/cow.json" -- sh -c 'echo new >/data/a/one && grep " /data " /proc/self/mountinfo'
also 'does not tell of what' [ "$(grep -c "lowerdir=[^,]*scratch" "$OUT")" = 0 ]
also 'and changes nothing' [ "$(head -n 1 "$SCRATCH/a/one")" = one ]
printf '{"version": 1, "extends": ["base"], "allow": {"fs.*": ["/data/**"]}, "view": {"/data": {"from": "%s", "mode": "cow"}}}' "$SCRATCH/empty" >"$WORK/cow2.json"
fixture_modes() { fixture_tree && chmod 1750 empty; }
FIXTURE=fixture_modes
inside 'it has the mode of what it is a copy of' 0 -p "$WORK/cow2.json" -- stat -c %a /data
also 'that is' out_is 1750
printf '{"version": 1, "extends": ["base"], "allow": {"fs.*": ["/data/**"]}, "view": {"/data": {"from": "/etc", "mode": "cow"}}}' >"$WORK/cow3.json"
if [ "$(id -u)" != 0 ]; then
	inside 'nothing can be made in a copy of where nothing could' 0 -p "$WORK/cow3.json" -- sh -c 'echo x 2>/dev/null >/data/new || echo refused'
	also 'is refused' out_is refused
fi
FIXTURE=fixture_none

# ---- /proc is not written to ----

inside 'settings' 0 -- sh -c 'for f in self/oom_score_adj self/mem self/comm self/uid_map self/coredump_filter sys/kernel/pid_max sys/vm/max_map_count; do
	(echo 1 >/proc/$f) 2>/dev/null && echo $f; done; :'
also 'none' out_is ''

# ---- /sys: what programs look for when they start, and is nobody's secret ----

inside '/sys' 0 -- sh -c 'find /sys -type f 2>/dev/null; :'
also 'holds no more' [ "$(grep -vcxE '/sys/devices/system/cpu/(online|possible)|/sys/devices/system/node/.*|/sys/kernel/mm/transparent_hugepage/(enabled|hpage_pmd_size)' "$OUT")" = 0 ]
same 'processors' -- sh -c 'nproc; getconf _NPROCESSORS_ONLN; cat /sys/devices/system/cpu/online /sys/kernel/mm/transparent_hugepage/hpage_pmd_size'
inside 'and cannot be written to' 0 -- sh -c '! (echo never >/sys/kernel/mm/transparent_hugepage/enabled) 2>/dev/null'

# ---- the environment ----

refresh
(cd "$SCRATCH" && TOKEN=secret EXTRA=extra LANG=C.UTF-8 LD_LIBRARY_PATH=/none exec "$CORDON" run -q -- env) >"$OUT" 2>"$ERR" </dev/null
also 'what base passes' [ "$(grep -vcE '^(PATH|LANG|LANGUAGE|LC_[A-Z]*|TZ|TERM|COLORTERM|NO_COLOR|COLUMNS|LINES)=' "$OUT")" = 0 ]
also 'which is something' out_has '^PATH='
(cd "$SCRATCH" && TOKEN=secret EXTRA=extra exec "$CORDON" run -q --allow-env=EXTRA --setenv OWN=own -- env) >"$OUT" 2>"$ERR" </dev/null
also 'what is asked for' [ "$(grep -cxE 'EXTRA=extra|OWN=own' "$OUT")" = 2 ]
also 'and not what is not' [ "$(grep -c TOKEN "$OUT")" = 0 ]
printf '{"version": 1, "allow": {"fs.exec": ["/usr/**", "/lib/**", "/lib64/**"], "fs.read": ["/usr/**", "/lib/**", "/lib64/**"]}}' >"$WORK/bare.json"
(cd "$SCRATCH" && TOKEN=secret exec "$CORDON" run -q -p "$WORK/bare.json" -- /usr/bin/env) >"$OUT" 2>"$ERR" </dev/null
also 'empty, where nothing is passed' out_is ''
also 'and nothing went wrong' [ ! -s "$ERR" ]

# ---- core files ----

# Of 1 alone Linux knows that it is to start no helper.
inside 'the limit of a core' 0 -- sh -c 'ulimit -c 0; ulimit -c; prlimit --core=0 2>/dev/null; ulimit -Sc'
also 'is 1, and stays 1' [ "$(tail -n 1 "$OUT")" = "$(head -n 1 "$OUT")" ]
if [ -x /usr/bin/python3 ]; then
	inside 'the limit of a core, exactly' 0 -- /usr/bin/python3 -c 'import resource as r; r.setrlimit(r.RLIMIT_CORE, (0, 0)); print(*r.getrlimit(r.RLIMIT_CORE))'
	also 'is 1 byte' out_is '1 1'
fi

crash='ulimit -c unlimited 2>/dev/null; ulimit -c hard; sh -c "kill -SEGV \$\$"; ls core* 2>/dev/null | wc -l'
refresh
natively=$(cd "$SCRATCH" && ulimit -c unlimited 2>/dev/null && sh -c "$crash" 2>/dev/null | tail -n 1)
if [ "${natively:-0}" -ge 1 ]; then
	inside 'a crash' 0 -- sh -c "$crash"
	also 'leaves no core' [ "$(tail -n 1 "$OUT")" = 0 ]
else
	skip 'core files' 'none is written here natively'
fi
