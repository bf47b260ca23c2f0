# Each mechanism of Linux that may be missing, switched off: the same programs, the same verdicts.
. "$(dirname "$0")/lib.sh"
have gcc || { skip fallback 'gcc is not installed'; exit 0; }
program processes || exit 0
program ownfds || exit 0
outside=$(mktemp -d /var/tmp/cordon-tests.XXXXXX)
trap 'rm -rf "$outside"' EXIT
mkdir "$outside/ro"
printf 'may be read\n' >"$outside/ro/file"
printf 'the secret\n' >"$outside/secret"
given=${CORDON_WITHOUT:-}
sockets=("--allow=net.listen:unix:$SCRATCH/**" "--allow=net.connect:unix:$SCRATCH/**")

fixture_fallback() {
	fixture_tree
	cp "$WORK/bin"/* .
	printf 'int main(void) { return 7; }\n' >seven.c
	cat >script.py <<'P'
import os, socket, subprocess, threading
a, b = socket.socketpair()
threading.Thread(target=lambda: a.sendall(b"through")).start()
print(b.recv(7), sorted(os.listdir("a")), subprocess.run(["sh", "-c", "exit 3"]).returncode)
s = socket.socket(socket.AF_UNIX)
s.bind("here.sock"); s.listen()
c = socket.socket(socket.AF_UNIX); c.connect("here.sock")
print(s.accept()[0].fileno() > 0)
os.unlink("here.sock")
P
}
FIXTURE=fixture_fallback

# What is tried, in an order that two runs share; then what was said of it.
attempts='cat '$outside'/secret; echo x >'$outside'/ro/file; cat '$outside'/ro/file; ls '$outside'/ro; rm '$outside'/ro/file
	mkdir '$outside'/new; mv a/one '$outside'/ro/one; ln a/one '$outside'/one; cd '$outside'/ro && echo in || echo out
	chmod 700 '$outside'/ro/file; '$outside'/ro/file; cat /etc/shadow; cat /proc/sys/vm/max_map_count
	echo x >/proc/sys/vm/swappiness; echo x >/usr/new; chmod 755 /usr; kill -0 '$$'; ls /root /home; echo $? end'
verdicts() {
	refresh
	(cd "$SCRATCH" && exec timeout -k 10 $GUARD "$CORDON" run --rw "$SCRATCH" --ro "$outside/ro" --chdir "$SCRATCH" \
		-- sh -c "$attempts") </dev/null >"$1" 2>&1
	# Files of others show as nobody's only in a user namespace; the order of two streams is anybody's guess.
	sort -o "$1" "$1"
}

run_all() {
	same "$1: shell" -- sh -c 'seq 9 | sort -r | tr "\n" " "; cp -a a copy; mv copy/b/numbers copy/one; ln copy/one copy/b/again
		find copy | sort | xargs ls -ld >/dev/null && rm -r copy/b; cat copy/one | wc -l; cd /tmp && pwd'
	same "$1: gcc" -- sh -c 'gcc -o seven seven.c && ./seven; echo $?; rm seven'
	[ ! -x /usr/bin/python3 ] || same "$1: python" "${sockets[@]}" -- /usr/bin/python3 script.py
	same "$1: a thread with descriptors of its own" "${sockets[@]}" -- ./ownfds socket
	verdicts "$WORK/verdicts"
	if cmp -s "$WORK/verdicts" "$WORK/verdicts.all"; then pass "$1: the same verdicts"; else
		fail "$1: the same verdicts" "$(diff "$WORK/verdicts.all" "$WORK/verdicts")"
	fi
}

verdicts "$WORK/verdicts.all"
also 'verdicts: there are some' test "$(grep -c 'cordon: denied' "$WORK/verdicts.all")" -ge 5
also 'verdicts: what may be read is' grep -q 'may be read' "$WORK/verdicts.all"
also 'verdicts: what may not is not' test "$(grep -c 'the secret' "$WORK/verdicts.all")" = 0

for without in landlock landlock2 landlock4 landlock5 killable_recv sync_wakeup pidfd_thread linux5.15 userns userns,landlock,linux5.15; do
	case $without:$T_WHO in userns,*:user | userns,*:again) continue ;; esac
	export CORDON_WITHOUT=$given${given:+,}$without
	run_all "without $without"
done
