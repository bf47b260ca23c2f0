# Programs that confine themselves: by filters, which hold as outside, and see the calls that the program makes and no
# others; by namespaces and Landlock, which a space does not have, and says so.
. "$(dirname "$0")/lib.sh"
have gcc || { skip selfsandbox 'gcc is not installed'; exit 0; }
program sandboxed || exit 0
fixture_sandboxed() { cp "$WORK/bin/sandboxed" . && echo x >target && ln -s target link && printf '\x89PNG\r\n\x1a\n' >picture; }
FIXTURE=fixture_sandboxed

for way in look strict seccomp exact refusing handled passed threads asked; do
	same "filter: $way" -- ./sandboxed $way
	# It must not die natively, or it proves nothing.
	also "filter: $way, to the end" grep -qE '^(a link: |trapped 2 times)' "$WORK/native.out"
done
same 'a program after a filtered one' -- sh -c './sandboxed passed; ./sandboxed look; ./sandboxed strict; ls /usr/none; ls none; :'

inside 'namespaces' 0 -- ./sandboxed namespaces
also 'are refused, each' out_is "$(printf '%s: Operation not permitted\n' 'user namespace' 'child in namespaces' chroot)"$'\n''uid map: Read-only file system'
inside 'Landlock' 0 -- ./sandboxed landlock
also 'is not supported' [ "$(grep -c 'Operation not supported$' "$OUT")" = 3 ]

# ---- programs that do so ----

! have file || same 'file' -- file picture /bin/ls nothing sandboxed
if have man && [ -e /usr/share/man/man1/ls.1.gz ]; then
	same 'man' --allow-read=/etc/manpath.config --allow-read=/etc/groff --allow-read=/var/cache/man -- env MANPAGER=cat MANWIDTH=80 man ls
	also 'with its text' grep -q 'list directory contents' "$WORK/inside.out"
fi
if have bwrap; then
	inside 'bwrap' 1 -- bwrap --ro-bind / / true
	also 'says what it lacks' err_has 'namespace'
fi
if have unshare; then
	inside 'unshare' 1 -- unshare -U true
	also 'says so' err_has 'Operation not permitted'
fi
! have ssh || same 'ssh' -- ssh -V
! have setpriv || same 'setpriv --no-new-privs' -- setpriv --no-new-privs true
# ---- and what would raise them ----

for tool in su sudo; do
	[ -u "$(command -v $tool)" ] || continue
	inside "set-user-id: $tool" 1 -- sh -c "timeout 5 $tool -c id </dev/null || exit 1"
	also "$tool: nobody else" [ ! -s "$OUT" ]
done
inside 'the user' 0 -- id
also 'alone' [ "$(sed 's/(.*//; s/.*=//' "$OUT")" = "$(id -u)" ]
also 'in no further group' [ "$(sed 's/.*groups=//; s/([^)]*)//g' "$OUT" | tr ',' '\n' | grep -vcx -e "$(id -g)" -e 65534)" = 0 ]
