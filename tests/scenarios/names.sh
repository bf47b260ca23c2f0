# Rules that name hosts, in a network of our own: a name server, a service on public and other addresses, and a hosts file.
if [ -z "${IN_WORLD:-}" ]; then
	. "$(dirname "$0")/lib.sh"
	if ! have ip || ! [ -x /usr/bin/python3 ]; then
		skip names 'no iproute2 or python3'
		exit 0
	fi
	user=
	[ "$(id -u)" = 0 ] || user='--user --map-current-user --keep-caps'
	# shellcheck disable=SC2086
	unshare $user --net --mount true 2>/dev/null || { skip names 'no network of our own'; exit 0; }
	# shellcheck disable=SC2086
	IN_WORLD=1 exec unshare $user --net --mount --propagation private bash "$0"
fi
. "$(dirname "$0")/lib.sh"
python=/usr/bin/python3
names=$SRC/scenarios/programs/names.py

ip link set lo up
for address in 203.0.113.1 203.0.113.2 169.254.169.254 10.9.8.7; do ip address add $address/32 dev lo; done
echo 'nameserver 127.0.0.53' >resolv.conf
printf '127.0.0.1 localhost\n10.9.8.7 filed.example.org\n' >hosts
echo 'hosts: files dns' >nsswitch.conf
for file in resolv.conf hosts nsswitch.conf; do mount --bind "$WORK/$file" "$(readlink -f /etc/$file)"; done
: >queries
$python "$names" world "$WORK/queries" "$WORK/ready" &
world=$!
trap 'kill $world 2>/dev/null' EXIT
for _ in $(seq 100); do [ ! -e ready ] || break; sleep 0.1; done

# The capabilities for all this are not the user's own.
plainly() {
	if [ "$(id -u)" = 0 ]; then "$@"; else setpriv --ambient-caps -all --inh-caps -all -- "$@"; fi
}
# asks NAME ANSWERS FLAG... -- HOST...: what comes of connecting
asks() {
	local name=$1 want=$2
	shift 2
	: >queries
	plainly timeout -k 5 $GUARD "$CORDON" run --allow-read="$SRC" "$@" >"$OUT" 2>"$ERR" </dev/null
	if out_is "$want"; then pass "$name"; else fail "$name" "wanted: $want" "$(cat "$OUT")" "$(head -n 20 "$ERR")"; fi
}
no_query() { ! grep -q "$1" queries; }
ask=("$python" "$names" ask)

# What all of it is worth: natively everything is in reach.
natively=$("${ask[@]}" good.example.org inner.example.org meta.example.org other.example.net filed.example.org 127.0.0.1)
if [ "$natively" != 'hello, hello, hello, hello, hello, hello' ]; then
	fail natively "$natively"
	exit 0
fi
pass natively
one=--allow-net=good.example.org:8080
all='--allow-net=*.example.org:8080'

asks 'a granted name leads there' hello $one -- "${ask[@]}" good.example.org
asks 'in any case, and with a dot' 'hello, hello' $one -- "${ask[@]}" GOOD.example.Org good.example.org.
asks 'on its port' 'Permission denied' $one -- "${ask[@]}" good.example.org:8081
asks 'no other name is there' 'no such name, no such name, no such name' $one -- \
	"${ask[@]}" other.example.net two.example.org example.org
also 'nor asked for outside' no_query .
also 'and it is said' err_has 'denied net.connect other.example.net'
also 'with what would allow it' err_has 'to allow it: --allow-net=other.example.net'
asks 'an address is not its name' 'Permission denied, hello, hello' $one -- "${ask[@]}" 203.0.113.1 good.example.org 203.0.113.1
asks 'names below a domain' 'hello, hello, no such name' $all -- "${ask[@]}" good.example.org two.example.org example.org
asks 'no name leads to what is not public' 'no such name, no such name' $all -- \
	"${ask[@]}" inner.example.org meta.example.org
also 'though it was asked for' grep -q meta.example.org queries
asks 'but for a rule of its own' hello $all --allow-net=169.254.169.254:8080 -- "${ask[@]}" meta.example.org
asks 'nor to the same addresses themselves' 'Permission denied, Permission denied' $all -- \
	"${ask[@]}" 169.254.169.254 10.9.8.7
asks 'the hosts file is the user’s word' hello $all -- "${ask[@]}" filed.example.org
also 'and known without asking' no_query .
asks 'a denied name is not there' 'no such name, hello' --allow-net=:8080 --deny-net=good.example.org -- \
	"${ask[@]}" good.example.org two.example.org
asks 'a denied port denies the address, whichever its name' 'Permission denied, Permission denied' \
	--allow-net=:8080-8081 --deny-net=good.example.org:8080 -- "${ask[@]}" good.example.org two.example.org
asks 'any host is any name' 'hello, hello' --allow-net=:8080 -- "${ask[@]}" good.example.org other.example.net
# The user's name server itself is out of reach: names are no way out.
asks 'no way to name servers' denied $all -- $python -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1)
query = b"\0\1\1\0\0\1\0\0\0\0\0\0\6secret\4leak\0\0\1\0\1"
for server in "127.0.0.53", "203.0.113.1", "127.0.0.1":
    try:
        s.sendto(query, (server, 53))
        if s.recv(512)[3] & 15 == 0:
            print("answered by", server)
    except OSError:
        pass
print("denied")'
also 'nothing leaked' no_query leak
# However many names are refused, none goes unsaid.
asks 'a flood of names' '' $one -- $python -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("127.0.0.1", 53))
for i in range(1000):
    name = b"n%03d" % i
    s.send(b"\0\1\1\0\0\1\0\0\0\0\0\0\4" + name + b"\4evil\0\0\1\0\1")
    s.recv(512)'
also 'the first are named' err_has 'denied net.connect n000.evil'
also 'the others are counted' err_has '^cordon: and 488 denials of further objects$'

# A name is taken away while a space runs, and its address with it.
export XDG_RUNTIME_DIR=$WORK/runtime
plainly mkdir -m 700 runtime
go=$WORK/now
: >queries
: >"$OUT"
plainly timeout -k 5 $GUARD "$CORDON" run --name="n$$" --allow-read="$SRC" --allow-read="$WORK" '--allow-net=*.example.org:8080' -- \
	sh -c "'$python' '$names' ask good.example.org; while [ ! -e '$go' ]; do sleep 0.1; done; '$python' '$names' ask 203.0.113.1 good.example.org two.example.org" \
	>"$OUT" 2>"$ERR" </dev/null &
run=$!
for _ in $(seq 100); do grep -q hello "$OUT" && plainly "$CORDON" ps 2>/dev/null | grep -q "n$$" && break; sleep 0.1; done
plainly "$CORDON" revoke "n$$" 'net.*:good.example.org' >revoke.out 2>&1
also 'a name is revoked' [ $? = 0 ]
: >queries
touch "$go"
wait $run
also 'with its address, and nothing else' out_is $'hello\nPermission denied, no such name, Permission denied'
also 'nor is it looked up' no_query good
