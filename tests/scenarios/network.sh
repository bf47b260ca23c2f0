# Sockets: programs/net.c natively and in a space that has been granted what it uses, with the same output; what was not
# granted stays inside; the broker may end at any time.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
have gcc || { skip network 'gcc is not installed'; exit 0; }
[ -x /usr/bin/python3 ] || { skip network 'python3 is not installed'; exit 0; }
program net || exit 0

/usr/bin/python3 "$SRC/scenarios/programs/net_server.py" "$WORK/ports" 400 &
server=$!
trap 'kill $server; wait $server' EXIT 2>/dev/null
for _ in {1..100}; do [ -s "$WORK/ports" ] && break; sleep 0.05; done
read -r open closed full name <"$WORK/ports" || { fail server "$(cat "$WORK/ports")"; exit 0; }
# A port that nobody has, for us to listen on.
mine=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

fixture_net() { cp "$WORK/bin/net" .; }
FIXTURE=fixture_net
GUARD=60

granted=(--allow-net="127.0.0.1:$open" --allow-net="[::1]:$open" --allow-net="127.0.0.1:$closed" --allow-net="127.0.0.1:$full"
	--allow=net.send:"udp://127.0.0.1:$open")
for way in blocking nonblocking flags epoll epoll_blocking epoll_thread select refused refused_epoll pending interrupted \
	restarted timed shut_meanwhile options six fork dup_before dup_epoll rights many udp udp_epoll messages pktinfo \
	udp_refused bind_connect local; do
	same "$way" "${granted[@]}" -- ./net "$way" "$open" "$closed" "$full"
done
for way in listen listen_epoll; do
	same "$way" "${granted[@]}" --allow-listen="127.0.0.1:$mine" -- ./net "$way" "$open" "$closed" "$full" "$mine"
done
same listen_any "${granted[@]}" --allow-listen=127.0.0.1:0-65535 -- ./net listen_any "$open" "$closed" "$full"
same abstract --allow-net="unix:@cordon-net-$name" --allow-net="unix:@cordon-net-$name-d" -- \
	./net abstract "$open" "$closed" "$full" "$name"
# A static program has no shim, and a musl's calls are others.
if have musl-gcc && musl-gcc -static -std=gnu11 -O1 -D'strerrorname_np(e)=strerror(e)' -o "$WORK/bin/net-musl" \
	"$SRC/scenarios/programs/net.c" 2>"$WORK/cc.out"; then
	fixture_net() { cp "$WORK/bin/net-musl" net; }
	for way in nonblocking epoll udp messages rights; do
		same "$way, musl" "${granted[@]}" -- ./net "$way" "$open" "$closed" "$full"
	done
	inside 'interfaces, musl' 0 -- ./net interfaces 1 1 1
	also 'interfaces, musl: the loopback' out_has '^lo 127.0.0.1$'
	fixture_net() { cp "$WORK/bin/net" .; }
else
	skip musl "$(head -n 1 "$WORK/cc.out" 2>/dev/null || echo 'musl-gcc is not installed')"
fi

# ---- what is not granted ----
fail_if_reached() { ! grep -aq '^echo: echo' "$OUT"; }
inside 'nothing granted' 0 -- ./net blocking "$open" "$closed" "$full"
also 'nothing granted: refused' out_has '^connect: ECONNREFUSED$'
also 'nothing granted: no echo' fail_if_reached
inside 'abstract name, not granted' 0 -- ./net abstract "$open" "$closed" "$full" "$name"
also 'abstract name, not granted: refused' out_has '^stream: ECONNREFUSED$'
also 'abstract name, not granted: no echo' fail_if_reached
inside 'another address of a granted port' 0 --allow-net="127.0.0.2:$open" -- ./net blocking "$open" "$closed" "$full"
also 'another address of a granted port: no echo' fail_if_reached
inside 'UDP, where TCP is granted' 0 --allow-net="tcp://127.0.0.1:$open" -- ./net udp_epoll "$open" "$closed" "$full"
also 'UDP, where TCP is granted: nothing comes' out_has '^events: 0$'
inside 'the loopback denied: the unspecified address is that' 0 --allow-net=":$open" --deny-net=127.0.0.0/8 --deny-net='[::1]' -- \
	/usr/bin/python3 -c '
import socket, sys
for family, address in ((2, "0.0.0.0"), (10, "::"), (10, "::ffff:0.0.0.0")):
	for kind in (1, 2):
		with socket.socket(family, kind) as s:
			s.settimeout(1)
			for way in (s.connect, lambda to: s.sendto(b"text", to) if kind == 2 else s.connect(to)):
				try: way((address, int(sys.argv[1]))); print("reached", address, kind)
				except PermissionError: pass
' "$open"
also 'the loopback denied: not reached' [ ! -s "$OUT" ]
# Said at the end: -q would not.
fixture_net() { cp "$WORK/bin/net" .; }
refresh
(cd "$SCRATCH" && timeout -k 5 30 "$CORDON" run --rw "$SCRATCH" --allow-run="$SCRATCH" --chdir "$SCRATCH" -- \
	./net kept 1 1 1 "$mine") >"$OUT" 2>"$ERR"
also 'a server that stays inside: works there' out_has '^connect: ok$'
also 'a server that stays inside: said' err_has "kept inside: net.listen 127.0.0.1:$mine"
also 'a server that stays inside: how to grant it' err_has -- "--allow-listen=127.0.0.1:$mine"

# ---- what a space has ----
inside families 0 -- ./net families 1 1 1
also 'families: routes can be asked for, and nothing else' [ "$(grep -ac ': ok$' "$OUT")" = 2 ]
also 'families: routes' out_has '^route: ok$'
inside interfaces 0 -- ./net interfaces 1 1 1
also 'interfaces: the loopback' out_has '^lo 127.0.0.1$'
also 'interfaces: nothing else' [ "$(grep -avc -e '^lo ' -e '^index' -e '^getifaddrs: ok' "$OUT")" = 0 ]
if have ip; then
	inside 'ip addr' 0 -- ip -o addr
	also 'ip addr: the loopback' out_has 'lo +inet 127.0.0.1/8'
	inside 'ip link: nothing can be changed' 2 -- ip link set lo down
	inside 'ip route' 0 -- ip route
else
	skip 'ip addr' 'iproute2 is not installed'
fi
if have node; then
	inside 'interfaces, node' 0 -- node -p 'Object.keys(require("os").networkInterfaces()).join()'
	also 'interfaces, node: the loopback' out_is lo
else
	skip 'interfaces, node' 'node is not installed'
fi
inside 'interfaces, python' 0 -- /usr/bin/python3 -c 'import socket; print([n for _, n in socket.if_nameindex()])'
also 'interfaces, python: the loopback' out_is "['lo']"

# ---- the broker ends ----
# The keeper's children are the monitor and, once the space has asked for the network, the resolver and the broker.
refresh
(cd "$SCRATCH" && exec timeout -k 5 40 "$CORDON" run -q --rw "$SCRATCH" --allow-run="$SCRATCH" --chdir "$SCRATCH" "${granted[@]}" -- \
	./net broker "$open" "$closed" "$full") >"$OUT" 2>"$ERR" &
run=$!
for _ in {1..200}; do [ -e "$SCRATCH/ready" ] && break; sleep 0.05; done
keeper=$(cat /proc/$run/task/$run/children)
read -ra children < <(cat /proc/${keeper% }/task/${keeper% }/children)
broker=${children[-1]}
[ "${#children[@]}" = 3 ] && pass 'one broker' || fail 'one broker' "the keeper's children: ${children[*]}"
kill -KILL "$broker"
sleep 0.2
: >"$SCRATCH/gone"
wait $run
status=$?
[ $status = 0 ] && pass 'without the broker: ends' || fail 'without the broker: ends' "status $status" "$(cat "$OUT" "$ERR")"
cat >"$WORK/want" <<'WANT'
connect: ok
sendto: ok
echo: echo
connect: ENETUNREACH
without waiting: ENETUNREACH
not granted: ENETUNREACH
bind: ENETUNREACH
listen: ENETUNREACH
sendto: ENETUNREACH
sendto, outside: ENETUNREACH
echo: echo
WANT
cmp -s "$OUT" "$WORK/want" && pass 'without the broker: what it had, and no more' ||
	fail 'without the broker: what it had, and no more' "$(diff "$WORK/want" "$OUT")"
