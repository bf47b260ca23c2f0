# cordon trace: what a program asks for, live and from a log.
. "$(dirname "$0")/lib.sh"
FIXTURE=fixture_tree

trace() { # trace OPTION... -- COMMAND: its standard output in $OUT, the trace and its own errors in $ERR
	refresh
	(cd "$SCRATCH" && NO_COLOR='' exec timeout -k 10 $GUARD "$CORDON" trace --chdir "$SCRATCH" --rw "$SCRATCH" "$@") \
		>"$OUT" 2>"$ERR" </dev/null
}
no_err() { ! err_has "$1"; }
traces() { ls "${TMPDIR:-/tmp}"/cordon-log.* 2>/dev/null | wc -l; }

export TMPDIR=$WORK/tmp
mkdir -p "$TMPDIR"
before=$(traces)
trace -- sh -c 'exit 5'
status=$?
also 'its status' test $status = 5
trace -- sh -c 'cat a/one; mkdir new; : >/usr/x; true'
also 'its output' out_has '^one$'
also 'a line for each: call, object, operation, result' err_has "openat\(\"$SCRATCH/a/one\", fs.read\) = [0-9]+"
also 'several operations' err_has "mkdir(at)?\(\"$SCRATCH/new\", fs.create(\|fs.write)?\) = 0"
also 'what was denied, and why' err_has 'openat\("/usr/x", .*\) = -1 EACCES \(Permission denied\)  denied: no rule allows fs\.(create|write)'
also 'what is not there' err_has 'ENOENT \(No such file or directory\)  not (there|in the view)'
also 'several processes are told apart' err_has '^\[pid [0-9]+\] '
also 'no summary of run'\''s own' no_err 'to allow it'
also 'no colours but on a terminal' no_err "$(printf '\033')"
also 'nothing is left behind' test "$(traces)" = "$before"
trace --deny-read="$SCRATCH/a/one" -- cat a/one
also 'the rule that denied' err_has 'denied by --deny-read=[^ ]*/a/one of command line'
trace --bind "$SCRATCH/a:/data" -- cat /data/one
also 'where it is outside' err_has "openat\(\"/data/one\" -> \"$SCRATCH/a/one\", fs.read\)"
trace --verdict=deny -- sh -c 'cat a/one; : >/usr/x; true'
also 'by verdict' bash -c "grep -v 'denied:' '$ERR' | grep -qv '^sh: ' && exit 1; grep -q denied: '$ERR'"
trace --protocol=net -- cat a/one
also 'by protocol: none' test ! -s "$ERR"
trace -e mkdir,mkdirat -- sh -c 'cat a/one; mkdir new'
also 'by call' test "$(grep -c mkdir "$ERR")" = "$(wc -l <"$ERR")" -a -s "$ERR"
trace --space=2 -- cat a/one
also 'by space: none' test ! -s "$ERR"
trace --syscalls --protocol=call -- cat a/one
also 'internal calls' err_has '^(\[pid [0-9]+\] )?read\(3, 0x[0-9a-f]+, [0-9]+\)$'
trace -c -- sh -c 'cat a/one a/nothere; : >/usr/x; true'
also '-c: a table' err_has '^% time +seconds +usecs/call +calls +errors +denied call$'
also '-c: with totals' err_has '^100\.00 .* total$'
also '-c: and no lines' no_err 'fs.read'
trace -t -T -o "$WORK/lines" -- cat a/one
also '-o: to a file' grep -qE '^ +[0-9]+\.[0-9]{6} openat\(.*/a/one", fs.read\) = [0-9]+ <0\.[0-9]{6}>$' "$WORK/lines"
also '-o: and nothing else' test ! -s "$ERR"
odd=$(printf 'x\033[31m") = 0\n\001y')
trace --color=never -- cat "$odd"
also 'names are harmless' bash -c "! LC_ALL=C grep -qP '[\\x00-\\x08\\x0b-\\x1f]' <(grep -a openat '$ERR')"
also 'and cannot end their quotes' err_has 'x\\x1b\[31m\\"\) = 0\\x0a\\x01y", fs.read\) = -1 ENOENT'
trace --color=always --verdict=deny -- sh -c ': >/usr/x'
also '--color=always' err_has "$(printf '\033')"
for wrong in '--verdict=denied' '--protocol=disk' '--from=/no/such/log' '--no-such-option' ''; do
	timeout 20 "$CORDON" trace $wrong >"$OUT" 2>"$ERR" </dev/null
	status=$?
	also "wrong: $wrong" test $status = 125 -a "$(wc -l <"$ERR")" = 1
done
trace --verdict=deny -- /no/such/program
also 'a program that is not there' err_has 'No such file or directory'
trace --no-such-flag=1 -- true
also 'nothing is left behind of what never ran' test "$(traces)" = "$before"

if [ "$(id -u)" != 0 ]; then
	without=$CORDON_WITHOUT
	export CORDON_WITHOUT=userns
	trace -c -- sh -c 'cat a/one; true'
	also 'without namespaces: its output' out_has '^one$'
	also 'without namespaces: to the end' err_has '^100\.00 .* total$'
	export CORDON_WITHOUT=$without
fi

# ---- from a log ----
refresh
rm -f "$WORK/log"
(cd "$SCRATCH" && "$CORDON" run -q --audit=all --log "$WORK/log" --rw "$SCRATCH" --chdir "$SCRATCH" -- sh -c 'cat a/one; : >/usr/x') >/dev/null 2>&1 </dev/null
timeout 20 "$CORDON" trace --from="$WORK/log" >"$OUT" 2>"$ERR"
also 'from a log: lines' out_has "openat\(\"$SCRATCH/a/one\", fs.read\) = [0-9]+"
timeout 20 "$CORDON" trace --from="$WORK/log" --verdict=deny -c >"$OUT" 2>"$ERR"
also 'from a log: a table' out_has 'openat'
head -c -300 "$WORK/log" >"$WORK/cut"
(sleep 0.5; tail -c 300 "$WORK/log" >>"$WORK/cut") &
timeout 20 "$CORDON" trace --from="$WORK/cut" --follow --verdict=deny >"$OUT" 2>"$ERR"
also 'from a log: --follow waits for its end' out_has 'openat\("/usr/x"'
wait
head -c 5000 /dev/urandom >"$WORK/cut"
timeout 20 "$CORDON" trace --from="$WORK/cut" >"$OUT" 2>"$ERR"
also 'from rubbish: nothing' test ! -s "$OUT"
