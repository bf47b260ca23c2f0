#!/usr/bin/env bash
# Runs the tests and counts them: tests/run.sh BUILD_DIR [unit|scenarios|san]
#
# One line for each test that failed, with its output; the last line is the count, alone:
#   N passed, N failed, N skipped
# Exit status 0 only when something ran and nothing failed.
#
# A scenario file (tests/scenarios/*.sh, tests/attacks/*.sh) runs twice, several at a time: as root and as an
# ordinary user; twice as the same user, when we are not root. One of the two runs has settled calls made natively,
# as anybody's would be; in the other the monitor is asked for everything (CORDON_WITHOUT=shim). What attacks, or is
# about the shim, is always settled.
#
# CORDON_TESTS="shell attacks"	only the files of these names
# CORDON_BORDER=settled|full|nested	each of them in this way; nested: settled, within a space that allows everything
# CORDON_LACKING=userns,...	and without these mechanisms (lib/without.def)
# CORDON_KEEP=1			keep the scratch directory
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
build=${1:?usage: tests/run.sh BUILD_DIR [unit|scenarios|san]}
what=${2:-all}
case $what in all | unit | scenarios | san) ;; *) echo "tests/run.sh: unknown part \"$what\"" >&2; exit 2 ;; esac

# With these it is the other run, not the ordinary user's, whose calls are settled.
settled_for_other=" coreutils denials inherited monitor tools "
always_settled=" shim backtraces rseq shadow cache attacks guards range escape "
case ${CORDON_BORDER:=mixed} in mixed | settled | full | nested) ;; *) echo "tests/run.sh: CORDON_BORDER is settled, full or nested" >&2; exit 2 ;; esac

passed=0 failed=0 skipped=0
started=$SECONDS
say() { printf '%s\n' "$*"; }

root=$(mktemp -d /tmp/cordon-tests.XXXXXX) || exit 1
# A home in a directory that spaces have privately would leave nothing settled: nobody may have its secrets.
homes=$(mktemp -d /var/tmp/cordon-tests.XXXXXX) || exit 1
chmod 711 "$root" "$homes"
: >"$root/signals" # a lock that the runs of both users share
chmod 666 "$root/signals"
declare -A job_name=()

finish() {
	local pid
	for pid in "${!job_name[@]}"; do kill -KILL -- "-$pid" 2>/dev/null; done
	if [ -n "${CORDON_KEEP:-}" ]; then say "kept: $root $homes"; else rm -rf "$root" "$homes"; fi
}
trap finish EXIT
trap 'exit 130' INT TERM

# ---- unit tests ----

# In a process group of its own: a runner that is killed leaves workers behind, which hold the pipe.
run_unit() {
	local binary=$1 out=$root/unit.out pid status line tested passing skipping
	if [ ! -x "$binary" ]; then
		say "FAIL unit: $binary is missing; build it first"
		failed=$((failed + 1))
		return
	fi
	say "unit tests: $binary"
	setsid timeout -k 10 540 "$binary" --color=never >"$out" 2>&1 </dev/null &
	pid=$!
	wait "$pid"
	status=$?
	kill -KILL -- "-$pid" 2>/dev/null
	line=$(grep -aE 'Synthesis: Tested: [0-9]+ \| Passing: [0-9]+ \| Failing: [0-9]+ \| Crashing: [0-9]+' "$out" | tail -n 1)
	if [ -z "$line" ]; then
		say "FAIL unit: no totals (exit status $status)"
		tail -n 40 "$out" | sed 's/^/    /'
		failed=$((failed + 1))
		return
	fi
	tested=$(sed -E 's/.*Tested: ([0-9]+).*/\1/' <<<"$line")
	passing=$(sed -E 's/.*Passing: ([0-9]+).*/\1/' <<<"$line")
	skipping=$(grep -acE '^\[SKIP\]' "$out")
	if [ "$passing" != "$tested" ] || [ "$status" != 0 ]; then
		grep -avE '^\[(====|RUN |PASS|SKIP)' "$out" | tail -n 400 | sed 's/^/    /'
		grep -aE '^\[FAIL\]' "$out" | sed -E 's/^\[FAIL\] +/FAIL unit: /'
	fi
	passed=$((passed + passing))
	failed=$((failed + tested - passing))
	skipped=$((skipped + skipping))
	# All passed and yet it complains: a leak or a crash of the runner itself.
	if [ "$passing" = "$tested" ] && [ "$status" != 0 ]; then
		say "FAIL unit: $binary exited with status $status"
		failed=$((failed + 1))
	fi
	say "unit tests: $passing of $tested passed"
}

# ---- scenarios ----

# An account that exists has a name inside as it has outside.
ordinary_user() {
	getent passwd | awk -F: '$3 >= 1000 && $3 < 60000 { print $3 ":" $4; found = 1; exit } END { if (!found) print "1234:1234" }'
}

prepare_user() {
	local who=$1 owner=$2 dir=$root/$1
	mkdir -p "$dir/bin" "$dir/src" "$dir/work" "$homes/$who"
	cp "$build/cordon" "$dir/bin/cordon"
	[ ! -d "$build/nesters" ] || cp -r "$build/nesters" "$dir/bin/"
	[ ! -x "$build/cordon-hooked" ] || cp "$build/cordon-hooked" "$dir/bin/"
	# cordon in a space that allows everything: what is within it is to be as it would be outside.
	cat >"$dir/bin/nested" <<-NESTED
		#!/bin/bash
		exec "$dir/bin/cordon" run -q --rw / --rw /tmp --rw /var/tmp --allow-net=':*' --allow-listen=':*' \
			--allow='space.create:*' --allow='dev.ioctl:*' --allow='proc.trace:*' --allow-env='*' --chdir "\$PWD" -- \
			"$dir/bin/cordon" "\$@"
	NESTED
	chmod 755 "$dir/bin/nested"
	[ ! -f "$build/libcordon.a" ] || cp "$build/libcordon.a" "$dir/bin/"
	cp -r tests/scenarios tests/attacks tests/property samples include "$dir/src/"
	chmod -R a+rX "$dir"
	chown -R "$owner" "$dir" "$homes/$who"
	: >"$root/$who.results"
	chown "$owner" "$root/$who.results"
}

# border_of WHO NAME: how this user's run of the file has it; nothing: the other run is as good
border_of() {
	local settled=user
	case $1:$CORDON_BORDER:$always_settled in
	again:settled:* | again:full:* | again:nested:* | again:*" $2 "*) return ;;
	*:settled:* | *:full:* | *:nested:*) echo "$CORDON_BORDER"; return ;;
	*" $2 "*) echo settled; return ;;
	esac
	case $settled_for_other in *" $2 "*) settled=other ;; esac
	case $settled:$1 in user:user | other:root | other:again) echo settled ;; *) echo full ;; esac
}

# start_job WHO OWNER FILE
start_job() {
	local who=$1 owner=$2 file=$3 name border without='' become=()
	name=$(basename "$file" .sh)
	border=$(border_of "$who" "$name")
	[ -n "$border" ] || return
	[ "$border" != full ] || without=shim
	without+=${CORDON_LACKING:+,$CORDON_LACKING}
	[ "$owner" = "$(id -u):$(id -g)" ] ||
		become=(setpriv --reuid "${owner%:*}" --regid "${owner#*:}" --clear-groups)
	# setsid would fork if we led a group; in the background of a script we do not, so $! is the session.
	setsid timeout -k 10 420 "${become[@]}" env -i \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM=dumb \
		HOME="$homes/$who" T_WHO="$who" T_NAME="$name" T_ROOT="$root/$who" \
		T_BORDER="$border" CORDON_WITHOUT="$without" \
		T_RESULTS="$root/$who.results" T_LOCK="$root/$who/lock" \
		bash "$root/$who/src/${file#tests/}" </dev/null &
	job_name[$!]="$who/$name, $border"
}

# One job has ended: whatever it left behind goes, and an untimely end is a failure.
reap_job() {
	local pid status
	wait -n -p pid
	status=$?
	# bash may name a child that has been waited for already: the unit tests'.
	[ -n "${pid:-}" ] && [ -n "${job_name[$pid]:-}" ] || return
	kill -KILL -- "-$pid" 2>/dev/null
	if [ "$status" = 0 ]; then
		say "done: ${job_name[$pid]}"
	else
		say "FAIL ${job_name[$pid]}: the file ended with status $status before its last test"
		failed=$((failed + 1))
	fi
	unset "job_name[$pid]"
}

run_scenarios() {
	local who owner file users=() width
	if [ ! -x "$build/cordon" ]; then
		say "FAIL scenarios: $build/cordon is missing; build it first"
		failed=$((failed + 1))
		return
	fi
	if [ "$(id -u)" = 0 ]; then
		users=("root 0:0" "user $(ordinary_user)")
	else
		users=("user $(id -u):$(id -g)" "again $(id -u):$(id -g)")
	fi
	width=$(nproc)
	[ "$width" -ge 2 ] || width=2
	for entry in "${users[@]}"; do
		read -r who owner <<<"$entry"
		say "scenarios as $who ($owner)"
		prepare_user "$who" "$owner"
	done
	for file in tests/scenarios/*.sh tests/attacks/*.sh; do
		[ "$(basename "$file")" != lib.sh ] || continue
		if [ -n "${CORDON_TESTS:-}" ]; then
			case " $CORDON_TESTS " in *" $(basename "$file" .sh) "*) ;; *) continue ;; esac
		fi
		for entry in "${users[@]}"; do
			read -r who owner <<<"$entry"
			while [ "${#job_name[@]}" -ge "$width" ]; do reap_job; done
			start_job "$who" "$owner" "$file"
		done
	done
	while [ "${#job_name[@]}" -gt 0 ]; do reap_job; done
	for entry in "${users[@]}"; do
		read -r who owner <<<"$entry"
		passed=$((passed + $(grep -c '^pass ' "$root/$who.results")))
		failed=$((failed + $(grep -c '^fail ' "$root/$who.results")))
		skipped=$((skipped + $(grep -c '^skip ' "$root/$who.results")))
		grep '^skip ' "$root/$who.results" | sed "s|^skip |skipped: $who/|"
		grep '^fail ' "$root/$who.results" | sed "s|^fail |failed: $who/|"
	done
}

case $what in
all) run_unit "$build/unit-tests"; run_scenarios ;;
unit) run_unit "$build/unit-tests" ;;
scenarios) run_scenarios ;;
san)
	export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}
	export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
	run_unit "$build/san-tests"
	;;
esac

say "took $((SECONDS - started)) s"
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
