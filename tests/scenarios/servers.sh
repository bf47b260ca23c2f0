# Programs that use the network, each under a policy that names just what it needs: the same as natively, and held when it
# tries more. Servers and clients meet across the border on the loopback, on ports that were free.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ -x /usr/bin/python3 ] || { skip servers 'python3 is not installed'; exit 0; }
TREE=0
GUARD=60

read -ra ports < <(/usr/bin/python3 -c '
import socket
held = [socket.socket() for _ in range(10)]
for s in held: s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in held])')
web=${ports[0]} other=${ports[1]} shell=${ports[2]} store=${ports[3]} pages=${ports[4]} go=${ports[5]} index=${ports[6]} store_inside=${ports[7]}

children=
trap 'for p in $children; do kill $p; wait $p; done 2>/dev/null' EXIT
outside=$WORK/outside
mkdir -p "$outside/files" "$SCRATCH"
seq 1 20000 >"$outside/files/numbers"
echo 'not for you' >"$outside/files/other"

# outside NAME COMMAND...: a server that runs natively, until the end.
outside() {
	local name=$1
	shift
	(cd "$outside" && exec setsid timeout -k 5 300 "$@") >"$WORK/$name.log" 2>&1 </dev/null &
	children="$children $!"
}
# A server inside; its policy before --. It is ended by `ended`.
within() {
	(cd "$SCRATCH" && exec timeout -k 5 60 "$CORDON" run --rw "$SCRATCH" --allow-run="$SCRATCH" --chdir "$SCRATCH" "$@") \
		>"$WORK/within.out" 2>"$WORK/within.err" </dev/null &
	within=$!
}
ended() {
	kill -TERM $within 2>/dev/null
	wait $within 2>/dev/null
	return 0
}
# Waits until somebody listens on the port outside.
listening() {
	for _ in {1..150}; do
		(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
		sleep 0.1
	done
	return 1
}
check() {
	local name=$1
	shift
	if "$@" >"$OUT" 2>"$ERR"; then pass "$name"; else
		fail "$name" "not so: $*" "$(head -c 2000 "$OUT" "$ERR")" "$(head -c 2000 "$WORK/within.out" "$WORK/within.err" 2>/dev/null)"
	fi
}
need() {
	have "$1" && return
	skip "$1" "$1 is not installed"
	return 1
}

outside web /usr/bin/python3 -m http.server -b 127.0.0.1 -d files "$web"
outside other /usr/bin/python3 -m http.server -b 127.0.0.1 -d files "$other"
listening "$web" && listening "$other" || { fail web "$(cat "$WORK/web.log")"; exit 0; }

# ---- fetching ----

if need curl; then
	same curl --allow-net="127.0.0.1:$web" -- curl -qsS "http://127.0.0.1:$web/numbers" -o numbers
	same 'curl, one after the other' --allow-net="127.0.0.1:$web" -- \
		curl -qsS "http://127.0.0.1:$web/numbers" -o one "http://127.0.0.1:$web/other" -o two "http://127.0.0.1:$web/" -o three
	inside 'curl, another port' 7 --allow-net="127.0.0.1:$web" -- curl -qsS "http://127.0.0.1:$other/other"
	also 'curl, another port: nothing came' out_is ''
fi
if need wget; then
	same wget --allow-net="127.0.0.1:$web" -- wget --no-config -q -O numbers "http://127.0.0.1:$web/numbers"
	inside 'wget, another port' 4 --allow-net="127.0.0.1:$web" -- wget --no-config -q -t 1 -O - "http://127.0.0.1:$other/other"
	also 'wget, another port: nothing came' out_is ''
fi
same 'python, urllib' --allow-net="127.0.0.1:$web" -- /usr/bin/python3 -c "
import urllib.request
print(len(urllib.request.urlopen('http://127.0.0.1:$web/numbers').read()))"
same 'python, asyncio' --allow-net="127.0.0.1:$web" -- /usr/bin/python3 -c "
import asyncio
async def get():
    reader, writer = await asyncio.open_connection('127.0.0.1', $web)
    writer.write(b'GET /numbers HTTP/1.0\r\n\r\n')
    return len((await reader.read()).split(b'\r\n\r\n')[1])
async def main():
    print(await asyncio.gather(*[get() for _ in range(10)]))
asyncio.run(main())"
if need node; then
	same 'node, http' --allow-net="127.0.0.1:$web" -- node -e "
require('http').get('http://127.0.0.1:$web/numbers', a => { let n = 0; a.on('data', d => n += d.length); a.on('end', () => console.log(a.statusCode, n)); });"
	inside 'node, another port' 0 --allow-net="127.0.0.1:$web" -- node -e "
require('http').get('http://127.0.0.1:$other/other').on('error', e => console.log(e.code));"
	also 'node, another port: refused' out_is ECONNREFUSED
fi
if need perl; then
	same 'perl' --allow-net="127.0.0.1:$web" -- perl -MIO::Socket::INET -e "
my \$s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $web, Timeout => 5) or die 'no';
print \$s \"GET /other HTTP/1.0\r\n\r\n\"; my @l = <\$s>; print \$l[-1];"
fi

# ---- a remote shell ----

# As an ordinary user it lets that user in, and nobody else.
if need ssh && { [ -x /usr/sbin/sshd ] || { skip ssh 'openssh-server is not installed'; false; }; }; then
	[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
	ssh-keygen -q -t ed25519 -N '' -f "$outside/host_key" <<<y >/dev/null
	ssh-keygen -q -t ed25519 -N '' -f "$outside/key" <<<y >/dev/null
	cp "$outside/key.pub" "$outside/authorized_keys"
	echo "[127.0.0.1]:$shell $(cat "$outside/host_key.pub")" >"$outside/known_hosts"
	cat >"$outside/sshd_config" <<CONFIG
ListenAddress 127.0.0.1:$shell
HostKey $outside/host_key
AuthorizedKeysFile $outside/authorized_keys
PidFile none
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
CONFIG
	outside sshd /usr/sbin/sshd -D -e -f "$outside/sshd_config"
	fixture_ssh() { cp "$outside/key" "$outside/known_hosts" . && chmod 600 key; }
	FIXTURE=fixture_ssh
	user=$(id -un)
	options=(-F none -i key -p "$shell" -o UserKnownHostsFile=known_hosts -o GlobalKnownHostsFile=/dev/null -o BatchMode=yes
		-o StrictHostKeyChecking=yes -o ConnectTimeout=10 -o IdentitiesOnly=yes)
	if listening "$shell" && (cd "$outside" && timeout 20 ssh "${options[@]}" "$user@127.0.0.1" true) </dev/null >"$WORK/ssh.out" 2>&1; then
		same ssh --allow-net="127.0.0.1:$shell" -- ssh -q "${options[@]}" "$user@127.0.0.1" 'echo from $((6 * 7)); seq 20000 | cksum; exit 3'
		inside 'ssh, another port' 255 --allow-net="127.0.0.1:$shell" -- ssh -p "$other" "${options[@]}" "$user@127.0.0.1" true
		# A forwarded port is a server's, and was not granted: it stays inside.
		within --allow-net="127.0.0.1:$shell" -- ssh "${options[@]}" -N -L "127.0.0.1:$index:127.0.0.1:$web" "$user@127.0.0.1"
		sleep 1.5
		if (exec 3<>"/dev/tcp/127.0.0.1/$index") 2>/dev/null; then fail 'ssh, a forwarded port' 'it can be reached'; else pass 'ssh, a forwarded port'; fi
		ended
		check 'ssh, a forwarded port: said' grep -q "kept inside: net.listen 127.0.0.1:$index" "$WORK/within.err"
	else
		skip ssh "this user cannot log in here: $(tail -n 1 "$WORK/ssh.out") $(tail -n 1 "$WORK/sshd.log")"
	fi
	FIXTURE=fixture_none
fi

# ---- a package index ----

if /usr/bin/python3 -m pip --version >/dev/null 2>&1; then
	mkdir -p "$outside/index/simple/tiny"
	/usr/bin/python3 - "$outside/index/simple/tiny" <<'PYTHON'
import base64, hashlib, sys, zipfile
files = {'tiny.py': 'answer = 42\n',
         'tiny-1.0.dist-info/METADATA': 'Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n',
         'tiny-1.0.dist-info/WHEEL': 'Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n'}
record = ''
for name, text in files.items():
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()
    record += '%s,sha256=%s,%d\n' % (name, digest, len(text))
files['tiny-1.0.dist-info/RECORD'] = record + 'tiny-1.0.dist-info/RECORD,,\n'
with zipfile.ZipFile(sys.argv[1] + '/tiny-1.0-py3-none-any.whl', 'w') as wheel:
    for name, text in files.items():
        wheel.writestr(name, text)
with open(sys.argv[1] + '/index.html', 'w') as page:
    page.write('<a href="tiny-1.0-py3-none-any.whl">tiny-1.0-py3-none-any.whl</a>')
PYTHON
	outside index /usr/bin/python3 -m http.server -b 127.0.0.1 -d index "$index"
	listening "$index" || fail index "$(cat "$WORK/index.log")"
	pip=(/usr/bin/python3 -m pip --isolated --disable-pip-version-check --no-cache-dir install -q --retries 0 --target packages
		--root-user-action ignore)
	inside pip 0 --allow-net="127.0.0.1:$index" -- "${pip[@]}" --index-url "http://127.0.0.1:$index/simple" tiny
	check 'pip: it is there' grep -q 'answer = 42' "$SCRATCH/packages/tiny.py"
	inside 'pip, another index' 1 --allow-net="127.0.0.1:$other" -- "${pip[@]}" --index-url "http://127.0.0.1:$index/simple" tiny
	also 'pip, another index: nothing came' [ ! -e "$SCRATCH/packages/tiny.py" ]
else
	skip pip 'python3-pip is not installed'
fi

# ---- a store of keys ----

if need redis-server && need redis-cli; then
	quiet=(--save '' --appendonly no --daemonize no --bind 127.0.0.1)
	outside redis redis-server "${quiet[@]}" --port "$store"
	listening "$store" || fail redis "$(cat "$WORK/redis.log")"
	same 'redis-cli' --allow-net="127.0.0.1:$store" -- sh -c "
		redis-cli -p $store set key value && redis-cli -p $store get key && seq 1000 | sed 's/.*/INCR count/' | redis-cli -p $store | tail -n 1
		redis-cli -p $store del key count"
	inside 'redis-cli, another port' 1 --allow-net="127.0.0.1:$other" -- redis-cli -p "$store" get key
	within --allow-listen="127.0.0.1:$store_inside" -- redis-server "${quiet[@]}" --port "$store_inside" --dir "$SCRATCH"
	check 'redis inside: reached from outside' listening "$store_inside"
	check 'redis inside: set' [ "$(redis-cli -p "$store_inside" set key value)" = OK ]
	check 'redis inside: get' [ "$(redis-cli -p "$store_inside" get key)" = value ]
	check 'redis inside: many clients' redis-benchmark -p "$store_inside" -n 2000 -c 50 -t get,set -q
	# What it was not granted: another server to copy from.
	redis-cli -p "$store_inside" replicaof 127.0.0.1 "$store" >/dev/null
	sleep 2
	check 'redis inside: it reaches no other server' grep -q 'master_link_status:down' <(redis-cli -p "$store_inside" info replication)
	ended
	check 'redis inside: that is said' grep -q "denied net.connect 127.0.0.1:$store" "$WORK/within.err"
	within -- redis-server "${quiet[@]}" --port "$store_inside" --dir "$SCRATCH"
	sleep 1
	if (exec 3<>"/dev/tcp/127.0.0.1/$store_inside") 2>/dev/null; then fail 'redis, not granted' 'it can be reached'; else pass 'redis, not granted'; fi
	ended
	check 'redis, not granted: said' grep -q "kept inside: net.listen 127.0.0.1:$store_inside" "$WORK/within.err"
fi

# ---- a web server ----

if [ -x /usr/sbin/nginx ]; then
	fixture_nginx() {
		mkdir -p temp pages
		cp "$outside/files/numbers" pages/
		cat >nginx.conf <<CONFIG
daemon off;
$([ "$(id -u)" != 0 ] || echo 'user root root;')
worker_processes 2;
pid nginx.pid;
error_log stderr;
events { worker_connections 200; }
http {
	access_log off;
	client_body_temp_path temp/body; proxy_temp_path temp/proxy; fastcgi_temp_path temp/fastcgi;
	uwsgi_temp_path temp/uwsgi; scgi_temp_path temp/scgi;
	sendfile on;
	server {
		listen 127.0.0.1:$pages backlog=200;
		root pages;
		location /web/ { proxy_pass http://127.0.0.1:$web/; }
		location /other/ { proxy_pass http://127.0.0.1:$other/; }
	}
}
CONFIG
	}
	FIXTURE=fixture_nginx
	refresh
	within --allow-listen="127.0.0.1:$pages" --allow-net="127.0.0.1:$web" -- /usr/sbin/nginx -p "$SCRATCH" -c nginx.conf
	check 'nginx: reached from outside' listening "$pages"
	check 'nginx: a file' cmp "$outside/files/numbers" <(curl -qsS "http://127.0.0.1:$pages/numbers")
	check 'nginx: what it fetches itself' cmp "$outside/files/numbers" <(curl -qsS "http://127.0.0.1:$pages/web/numbers")
	check 'nginx: what it may not fetch' [ "$(curl -qs -o /dev/null -w '%{http_code}' "http://127.0.0.1:$pages/other/other")" = 502 ]
	if have wrk; then
		check 'nginx: 50 connections' wrk -t 2 -c 50 -d 1s "http://127.0.0.1:$pages/numbers"
		also 'nginx: 50 connections, without errors' [ "$(grep -cE 'Socket errors|Non-2xx' "$OUT")" = 0 ]
	fi
	ended
	check 'nginx: that is said' grep -q "denied net.connect 127.0.0.1:$other" "$WORK/within.err"
	FIXTURE=fixture_none
else
	skip nginx 'nginx is not installed'
fi

# ---- a static program that brings its own way to make calls ----

if need go; then
	mkdir -p "$WORK/go"
	cp "$SRC/scenarios/programs/web.go" "$WORK/go/main.go"
	if (cd "$WORK/go" && CGO_ENABLED=0 GOCACHE="$WORK/gocache" GOFLAGS=-mod=mod GO111MODULE=off go build -o web main.go) >"$WORK/go.out" 2>&1; then
		fixture_go() { cp "$WORK/go/web" . && cp -r "$outside/files" .; }
		FIXTURE=fixture_go
		same 'go, a client' --allow-net="127.0.0.1:$web" -- ./web get "http://127.0.0.1:$web"/{numbers,other,none}
		inside 'go, another port' 0 --allow-net="127.0.0.1:$web" -- ./web get "http://127.0.0.1:$other/other"
		also 'go, another port: refused' out_is failed
		refresh
		within --allow-listen="127.0.0.1:$go" -- ./web serve "127.0.0.1:$go" files
		check 'go, a server: reached from outside' listening "$go"
		check 'go, a server: a file' cmp "$outside/files/numbers" <(curl -qsS "http://127.0.0.1:$go/numbers")
		ended
	else
		fail 'go build' "$(cat "$WORK/go.out")"
	fi
fi
