# What the files of attacks share: the victim, the servers, the fixture, and how one attack is judged.
. "$(dirname "${BASH_SOURCE[0]}")/../scenarios/lib.sh"
have gcc || { skip attacks 'gcc is not installed'; exit 0; }
[ -x /usr/bin/python3 ] || { skip attacks 'python3 is not installed'; exit 0; }
T_PROGRAMS=attacks
mkdir -p "$WORK/bin"
GUARD=90
export SECRET=TOP-SECRET

outside=$(mktemp -d /var/tmp/cordon-tests.XXXXXX)
children=
served=$(mktemp -d /var/tmp/cordon-tests.XXXXXX)
# Secrets are denied below the home: where that is below /tmp, which programs may write to, nothing of it would be settled.
HOME=$(mktemp -d /var/tmp/cordon-tests.XXXXXX)
trap 'for p in $children; do kill -KILL $p; wait $p; done 2>/dev/null; rm -rf "$outside" "$served" "$HOME"' EXIT
abstract=cordon-test-$$
/usr/bin/python3 "$SRC/attacks/server.py" "$WORK" "$abstract" "$served" "$outside" &
children="$children $!"
exec 9< <(exec sleep 1000)
children="$children $!"
/usr/bin/python3 -c 'import os, time; os.write(os.memfd_create("text"), b"text"); time.sleep(1000)' &
memory=$!
children="$children $memory"
mark=victim-$$-mark
setsid bash -c 'trap "echo hit >>$0/hits" URG; while :; do sleep 0.05; done' "$WORK" "$mark" &
victim=$!
children="$children $victim"
while [ ! -s "$WORK/port" ]; do sleep 0.05; done
port=$(cat "$WORK/port")

fixture_attack() {
	chmod -R u+rwX "$outside"
	rm -rf "$outside"/* "$outside"/.ssh
	local secrets=("$outside/.ssh/id_secret" private/id_secret "$outside/ro/file" "$outside/home/private/id_secret"
		"$outside/home/a.key" "$outside/home/tools/script")
	mkdir -p "$outside/.ssh" "$outside/ro" private "$outside/home"/{private,data/deep/denied,tools,empty}
	for f in "${secrets[@]}"; do
		printf '#!/bin/echo TOP-SECRET\n' >"$f"
		chmod 700 "$f"
	done
	/usr/bin/python3 -c 'import os, sys; [os.setxattr(f, "user.note", b"TOP-SECRET") for f in sys.argv[1:]]' \
		"${secrets[@]}" 2>/dev/null
	printf 'text\n' >"$outside/home/plain"
	printf '#!/bin/echo TOP-SECRET\n' >"$outside/home/netrc"
	cp /bin/true "$outside/home/program"
	cp /bin/sleep "$outside/ro/sleep"
	mkdir -p -m 700 "$outside/home/.cache/cordon/shim"
	mkfifo "$outside/ro/fifo"
	printf 'may be read\n' >"$outside/ro/file"
	printf 'comes in by a descriptor\n' >"$outside/stream"
	chmod 644 "$outside/ro/file" "$outside/stream"
	cp "$WORK/bin"/* .
	ln "$WORK/server.sock" server.sock
	ln "$WORK/server.dgram" server.dgram
	rm -f "$WORK/hits"
}
FIXTURE=fixture_attack
# What must be as it was after an attack that failed.
outside_state() {
	(cd "$outside" && find . -path ./home -prune -o -printf '%P %y %m %U:%G %n %s %T@ %C@\n' | LC_ALL=C sort; cat .ssh/id_secret ro/file) 2>&1
	for dir in "$SCRATCH" "$outside/home"; do
		(cd "$dir" && stat -c '%a %s %Y' private/id_secret && cat private/id_secret) 2>&1
	done
}

expand() {
	local text=$1
	text=${text//@SECRET/$outside/.ssh/id_secret}
	text=${text//@PRIVATE/$SCRATCH/private/id_secret}
	text=${text//@RODIR/$outside/ro}
	text=${text//@RO/$outside/ro/file}
	text=${text//@HOME/$outside/home}
	text=${text//@OUTSIDE/$outside}
	text=${text//@WORK/$WORK}
	text=${text//@VICTIM/$victim}
	text=${text//@PORT/$port}
	text=${text//@SOCK/$WORK/server.sock}
	text=${text//@ABS/$abstract}
	text=${text//@SERVED/$served}
	text=${text//@MARK/$mark}
	text=${text//@SCRATCH/$SCRATCH}
	text=${text//@NOWRITE/--deny=fs.write:$SCRATCH/private/** --deny=fs.create:$SCRATCH/private/** --deny=fs.remove:$SCRATCH/private/**}
	text=${text//@DENY/--deny=fs.*:$SCRATCH/private/**}
	printf '%s' "$text"
}

# Did it work? By its exit status, by what it printed, by what reached the victim.
worked() {
	local kind=$1 status=$2 out=$3
	if [ "$kind" = signal ]; then
		sleep 0.2
		[ -e "$WORK/hits" ]
		return
	fi
	[ "$status" = 0 ] || grep -aq TOP-SECRET "$out"
}

# A file that is denied is replaced, as editors do it, while the program runs.
replace_soon() {
	for _ in {1..100}; do
		[ ! -e "$outside/home/ready" ] || break
		sleep 0.02
	done
	cp "$outside/home/netrc" "$outside/home/netrc.new"
	mv "$outside/home/netrc.new" "$outside/home/netrc"
} 2>/dev/null

# --audit=all: everything goes through the monitor, and attacks are known to succeed natively.
MEDIATED=
attack() {
	local inv=$1 program=$2 way=$3 args=$4 kind=$5 flags=$6 what=$7 name native inside before after replacer text=
	name="$program $way${8:+ ($8)}"
	case $kind in
	root) [ "$T_WHO" = root ] || return 0 ;;
	limit-user) [ "$T_WHO" != root ] || return 0 ;;
	esac
	[ "$args" != - ] || args=
	[ "$flags" != - ] || flags=
	read -ra args <<<"$args"
	read -ra flags <<<"$flags"
	refresh
	case $kind in
	stdin) STDIN=$outside ;;
	stream) STDIN=$outside/stream ;;
	stdin-ro) STDIN=$outside/ro/file ;;
	stdin-home) STDIN=$outside/home/private/id_secret ;;
	pipe) STDIN=/dev/fd/9 ;;
	memory) STDIN=/proc/$memory/fd/3 ;;
	connected) STDIN=/dev/tcp/127.0.0.1/$port ;;
	*) STDIN=/dev/null ;;
	esac
	# ---- natively ----
	if [ -n "$MEDIATED" ]; then
		native=0
	elif [ "$kind" = inherit ]; then
		run_native "./$program" "$way" "${args[@]}" 7<"$outside/.ssh/id_secret"
	else
		run_native "./$program" "$way" "${args[@]}"
	fi
	native=$?
	if [ "$kind" = may-not ] || [ -n "$MEDIATED" ]; then
		:
	elif [ $native = 2 ] || ! worked "$kind" $native "$WORK/native.out"; then
		if [ "$kind" = may ]; then
			skip "$name" "this machine refuses it anyway ($what)"
		else
			fail "$name" "natively it must succeed, or it proves nothing: status $native" "$(head -n 5 "$WORK/native.err")"
		fi
		return
	fi
	# A signal of the native attempt may arrive late: the victim looks up every so often.
	while [ "$kind" = signal ] && [ -e "$WORK/hits" ]; do
		rm -f "$WORK/hits"
		sleep 0.5
	done
	# ---- inside ----
	refresh
	args=("${args[@]/3000000/4000}")
	[ "$kind" != replace ] || replace_soon &
	replacer=$!
	before=$(outside_state)
	if [ "$kind" = inherit ]; then
		run_inside $MEDIATED --ro "$outside/ro" "${flags[@]}" -- "./$program" "$way" "${args[@]}" 7<"$outside/.ssh/id_secret"
	elif [ "$kind" = cache ]; then
		XDG_CACHE_HOME=$outside/home/.cache run_inside $MEDIATED "${flags[@]}" -- "./$program" "$way" "${args[@]}"
	else
		run_inside $MEDIATED --ro "$outside/ro" "${flags[@]}" -- "./$program" "$way" "${args[@]}"
	fi
	inside=$?
	after=$(outside_state)
	wait $replacer
	STDIN=/dev/null
	if worked "$kind" $inside "$WORK/inside.out"; then
		text="it worked in a space: $what (invariant $inv)"
	elif [ "$kind" != signal ] && [ $inside != 1 ] && [ $inside != 126 ] && [ $inside != 77 ] && [ $inside -le 128 ]; then
		text="it broke: status $inside"
	elif [ $inside = 124 ] || { [ $inside = 137 ] && ! grep -qs '^cordon: the limit ' "$WORK/inside.err"; }; then
		text="it hung, or was killed: status $inside"
	elif [ "$before" != "$after" ]; then
		text="it changed something outside: $what"$'\n'$(diff <(printf '%s\n' "$before") <(printf '%s\n' "$after"))
	fi
	if [ -z "$text" ]; then pass "$name"; else fail "$name" "$text" "$(head -n 5 "$WORK/inside.err")"; fi
}


# attacks_of PREFIX CHOICE: the lines of the table that the function CHOICE (program way kind) chooses, by PREFIX's programs.
attacks_of() {
	local prefix=$1 choice=$2 inv program way args kind flags what label
	while IFS=$'\t' read -r inv program way args kind flags what; do
		case $inv in '#'* | '') continue ;; esac
		"$choice" "$program" "$way" "$kind" || continue
		label=
		case $args in
		*@PRIVATE*) label=inside ;;
		server.*' '*) label=${args#* } ;;
		server.*) label='below /tmp' ;;
		/etc/*) label=$args ;;
		cordon_run) label=monitor ;;
		esac
		case $flags in *@NOWRITE*) label='by rules alone' ;; esac
		case $flags in *proc.trace*) label+=${label:+, }'tracing granted' ;; *dev.ioctl*) label='requests granted' ;; esac
		[ "$program" != range ] || label="$kind, $args, $flags"
		[ "$kind" != stream ] || label='standard input'
		# A native signal to everybody reaches the victim of the other user's run as well: one at a time.
		[ "$kind" != signal ] || flock 8
		attack "$inv" "$prefix$program" "$way" "$(expand "$args")" "$kind" "$(expand "$flags")" "$what" "$label" 8>&-
		[ "$kind" != signal ] || flock -u 8
	done 8<>"$T_ROOT/../signals" <"$SRC/attacks/table"
}
