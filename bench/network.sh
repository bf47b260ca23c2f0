#!/bin/bash
# What granted connections cost: servers and clients inside a space beside the same natively, over the loopback.
#
# usage: bash bench/network.sh BUILD
#
#   ROUNDS=7   pairs of runs. In each, native and inside follow one another; the ratio's median is printed, and the least and the
#              greatest. Above 1 is faster than natively.
#
# Needs redis-server, nginx and wrk; what is missing is left out.
set -u
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
build=$(cd "${1:-build}" && pwd) || exit 1
source=$(cd "$(dirname "$0")/.." && pwd) || exit 1
ROUNDS=${ROUNDS:-7}
place=$(mktemp -d /var/tmp/cordon-bench.XXXXXX) || exit 1
servers=
trap 'kill $servers 2>/dev/null; wait; rm -rf "$place"' EXIT
cd "$place" || exit 1
gcc -std=gnu11 -O2 "$source/bench/stream.c" -o stream || exit 1
read -r sink one two < <(/usr/bin/python3 -c '
import socket
held = [socket.socket() for _ in range(3)]
for s in held: s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in held])')

run_in() { "$build/cordon" run -q --rw "$place" --allow-run="$place" --chdir "$place" "$@"; }
client() { run_in --allow-net="127.0.0.1:$sink" --allow-net="127.0.0.1:$one" -- "$@"; }
# A server natively on the first port, and inside on the second.
serve() {
	local name=$1
	shift
	"${@//@PORT/$one}" >"$name.log" 2>&1 </dev/null &
	servers="$servers $!"
	"$build/cordon" run -q --rw "$place" --allow-run="$place" --chdir "$place" --allow-listen="127.0.0.1:$two" -- \
		"${@//@PORT/$two}" >"$name.inside.log" 2>&1 </dev/null &
	servers="$servers $!"
	sleep 1.5
}
stop() {
	kill $servers
	wait $servers
	servers=
} 2>/dev/null

# compare NAME NATIVE INSIDE: each a command that prints a number, more being better.
compare() {
	local name=$1 native=$2 inside=$3 n i
	for ((round = 0; round < ROUNDS; round++)); do
		if ((round % 2)); then n=$($native) i=$($inside); else i=$($inside) n=$($native); fi
		echo "${n:-0} ${i:-0}"
	done | awk '$1 > 0 { print $2 / $1, $1, $2 }' | sort -n | awk -v name="$name" '
		{ ratio[NR] = $1; native[NR] = $2; inside[NR] = $3 }
		END {
			m = int((NR + 1) / 2)
			if (NR) printf "%-44s %5.2f   (%.2f to %.2f, %d pairs; native %d, inside %d)\n", name, ratio[m], ratio[1], ratio[NR], NR, native[m], inside[m]
			else print name, "was not measured"
		}'
}

./stream sink "$sink" &
servers="$servers $!"
sleep 0.5
compare 'TCP, MB a second, the client inside' "./stream send $sink 1000" "client ./stream send $sink 1000"
compare 'connections a second, the client inside' "./stream connect $sink 2000" "client ./stream connect $sink 2000"
for other in bwrap firejail; do
	case $other in
	bwrap) with="bwrap --dev-bind / / --unshare-user --unshare-pid" ;;
	firejail) with="firejail --quiet --noprofile" ;;
	esac
	# Both leave the user's network to the program: nothing is decided on.
	command -v $other >/dev/null && compare "  $other, which decides nothing" "./stream connect $sink 2000" "$with ./stream connect $sink 2000"
done
command -v strace >/dev/null && compare '  strace -f' "./stream connect $sink 2000" "strace -f -o /dev/null ./stream connect $sink 2000"
stop
if command -v redis-server >/dev/null; then
	serve redis redis-server --save '' --appendonly no --bind 127.0.0.1 --port @PORT
	requests() { "${@:2}" redis-benchmark -p "$1" -t get -n 40000 -c 20 --csv | awk -F'"' '/GET/ { print int($4) }'; }
	piped() { redis-benchmark -p "$1" -t set -n 300000 -c 20 -P 16 --csv | awk -F'"' '/SET/ { print int($4) }'; }
	compare 'redis, GET a second, the server inside' "requests $one" "requests $two"
	compare 'redis, SET a second, 16 at once' "piped $one" "piped $two"
	compare 'redis, GET a second, the client inside' "requests $one" "requests $one client"
	stop
fi
if command -v nginx >/dev/null && command -v wrk >/dev/null; then
	for port in $one $two; do
		mkdir -p "$port/temp" pages
		head -c 4096 /dev/zero >pages/page
		cat >"$port/nginx.conf" <<CONFIG
daemon off;
$([ "$(id -u)" != 0 ] || echo 'user root root;')
worker_processes 1;
pid nginx.pid;
error_log stderr crit;
events { worker_connections 200; }
http {
	access_log off;
	client_body_temp_path temp/a; proxy_temp_path temp/b; fastcgi_temp_path temp/c; uwsgi_temp_path temp/d; scgi_temp_path temp/e;
	sendfile on;
	open_file_cache max=10;
	server { listen 127.0.0.1:$port; root $place/pages; }
}
CONFIG
	done
	serve nginx nginx -p "$place/@PORT" -c nginx.conf
	pages() { wrk -t 1 -c 20 -d 1s "http://127.0.0.1:$1/page" | awk '/Requests\/sec/ { print int($2) }'; }
	compare 'nginx, pages a second, the server inside' "pages $one" "pages $two"
	stop
fi
