#!/bin/sh
# Shows one program twice: run freely, and held by cordon.
#
# usage: sh samples/demo.sh BUILD
#
# The program is samples/thief.c: it counts words, as it says, and on the side takes the secrets of $HOME and sends
# them away. Everything it can reach here is a decoy: a home directory that this script makes, and a listener on
# this machine's loopback that this script starts. Both are gone at the end.
#
# Exit status: 0 the thief stole everything when free and nothing when held; 1 otherwise.
set -u
build=$(cd "${1:-build}" && pwd) || exit 1
samples=$(cd "$(dirname "$0")" && pwd) || exit 1
cordon=$build/cordon
thief=$build/samples/thief

for needed in "$cordon" "$thief" "$build/samples/fence"; do
	[ -x "$needed" ] || { echo "demo: $needed is not there: make all" >&2; exit 1; }
done

place=$(mktemp -d /var/tmp/cordon-demo.XXXXXX 2>/dev/null || mktemp -d) || exit 1
fence=
clean_up() {
	exec 9>&-
	[ -n "$fence" ] && wait "$fence" 2>/dev/null
	rm -rf "$place"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

# --- the decoys ---
home=$place/home
mkdir -m 700 "$home" "$home/.ssh" "$home/.aws" "$home/.gnupg" "$home/documents"
echo "-----BEGIN DECOY KEY----- ssh-decoy-a81f" >"$home/.ssh/id_ed25519"
echo "aws_secret_access_key = aws-decoy-52c0" >"$home/.aws/credentials"
echo "machine example.org login me password netrc-decoy-77b3" >"$home/.netrc"
echo "mysql -p history-decoy-09de" >"$home/.bash_history"
touch "$home/.gnupg/gnupg-decoy-ring"
echo "Dear reader, this letter has nine words in all." >"$home/documents/letter.txt"

# --- the listener: ends when our end of the pipe is closed ---
mkfifo "$place/hold"
"$build/samples/fence" "$place/received" <"$place/hold" >"$place/port" &
fence=$!
exec 9>"$place/hold"
tries=0
until [ -s "$place/port" ]; do
	tries=$((tries + 1))
	[ $tries -le 50 ] || { echo "demo: the listener does not start" >&2; exit 1; }
	sleep 0.1
done
port=$(cat "$place/port")

# What the listener has got, and how many of the five decoys are in it.
decoys() { cat "$@" 2>/dev/null | grep -oE '[a-z]+-decoy-[a-z0-9]+' | sort -u | wc -l; }

export HOME="$home" THIEF_ADDRESS="127.0.0.1:$port"
cd "$home" || exit 1

echo "1. The thief, run freely, with decoys for a home and a listener for an accomplice"
echo
echo "   \$ thief ~/documents/letter.txt"
"$thief" "$home/documents/letter.txt" >"$place/free" 2>&1 9>&-
sed "s|^|   |; s|$home|~|g" "$place/free"
sleep 0.2
free=$(decoys "$place/received")
echo
echo "   The listener received $free of 5 secrets."
: >"$place/received"

echo
echo "2. The same, held by cordon: the policy lets it read ~/documents, which is what it needs"
echo
echo "   \$ cordon run -p thief.json -- thief ~/documents/letter.txt"
"$cordon" run -p "$samples/thief.json" -- "$thief" "$home/documents/letter.txt" \
	>"$place/held" 2>"$place/denials" 9>&-
status=$?
sed "s|^|   |; s|$home|~|g" "$place/held"
echo
grep -v '^ *to allow it' "$place/denials" | sed "s|^|   |; s|$home|~|g"
sleep 0.2
held=$(decoys "$place/received" "$place/held")
bytes=$(wc -c <"$place/received")

echo
echo "In short"
worked=no
grep -q '^9 words' "$place/held" && worked=yes
denied=$(grep -c '^cordon: denied' "$place/denials")
echo "   free:  $free of 5 secrets stolen and sent away"
echo "   held:  $held of 5 secrets stolen, $bytes bytes sent away, $denied attempts on record"
echo "   held:  it did its work: $worked"
if [ "$free" != 5 ]; then
	echo "demo: the thief should have had all five when run freely" >&2
	exit 1
fi
if [ "$held" != 0 ] || [ "$bytes" != 0 ] || grep -q 'stolen:' "$place/held"; then
	echo "demo: THE THIEF GOT SOMETHING WHILE HELD" >&2
	exit 1
fi
if [ "$worked" != yes ] || [ "$status" != 0 ] || [ "$denied" = 0 ]; then
	echo "demo: held, the thief should have counted words, been denied the rest, and ended with 0, not $status" >&2
	exit 1
fi
