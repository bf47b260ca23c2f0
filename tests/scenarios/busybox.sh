# Static busybox: one program, no loader, its own libc.
. "$(dirname "$0")/lib.sh"
FIXTURE=fixture_tree
bb=$(command -v busybox) || { skip busybox 'busybox is not installed'; exit 0; }
ldd "$bb" >/dev/null 2>&1 && skip 'is static' 'this busybox is dynamic (busybox-static is wanted)'

same sh -- "$bb" sh -c 'for f in a/*; do echo $f; done; echo $((1+2)); cat a/one | wc -c; exit 9'
same ls -- "$bb" ls -la --full-time a/one a/two a/b/numbers
same 'ls -R' -- "$bb" ls -R1 .
same find -- "$bb" sh -c "$bb find . -type f | $bb sort"
same grep -- "$bb" grep -rn 1 a/b/numbers
same sed -- "$bb" sed -n 's/o/0/gp' a/one
same awk -- "$bb" awk '{s+=$1} END {print s}' a/b/numbers
same sort -- "$bb" sort -rn a/b/numbers
same tar -- "$bb" sh -c "$bb tar cf t.tar a/one a/link a/b && mkdir x && $bb tar xf t.tar -C x && $bb find x | $bb sort && rm t.tar"
same gzip -- "$bb" sh -c "$bb gzip -nc a/b/large | $bb gunzip -c | $bb md5sum"
same 'cp and mv' -- "$bb" sh -c "$bb cp -a a copy; $bb mv copy moved; $bb rm -r linkdir; $bb ln -s moved l; $bb rmdir empty"
same dd -- "$bb" sh -c "$bb dd if=a/b/large of=part bs=1000 count=3 2>/dev/null; $bb wc -c part"
same chmod -- "$bb" sh -c "$bb chmod 640 a/one; $bb stat -c '%a %s' a/one"
same touch -- "$bb" sh -c "$bb touch -d '2001-02-03 04:05:06' new; $bb stat -c %Y new"
same vi -- "$bb" sh -c "printf 'ddZZ' | $bb vi a/one >/dev/null 2>&1; $bb cat a/one"
same xargs -- "$bb" sh -c "$bb find a -type f -print0 | $bb sort -z | $bb xargs -0 -n 2 $bb echo"
same sum -- "$bb" sha256sum a/one a/b/numbers
same du -- "$bb" du -a a/b/c
same id -- "$bb" id -u
same nothing -- "$bb" nosuchapplet
same env -- "$bb" env -i A=b "$bb" env
same ash-jobs -- "$bb" ash -c 'sleep 0.1 & sleep 0.2 & wait; echo done; kill -0 $$; echo $?'
same readlink -- "$bb" readlink -f linkdir/../one
same timeout -- "$bb" sh -c "$bb timeout 1 $bb sleep 30; echo \$?"
same mkfifo -- "$bb" sh -c "$bb mkfifo p; echo through >p & $bb cat p"
same df -- "$bb" sh -c "$bb df . >/dev/null; echo \$?"
