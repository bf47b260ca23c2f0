# Calls that few programs make, and that answer in a space as they do outside, or say what is different.
. "$(dirname "$0")/lib.sh"
have gcc || { skip calls 'gcc is not installed'; exit 0; }
program calls || exit 0
fixture_calls() {
	cp "$WORK/bin/calls" . && echo text >file && mkdir dir
	ln -s file link && ln -s loop loop && ln -s /proc/version version
}
FIXTURE=fixture_calls

# A path descriptor is one, where all of the view may be looked at; else it is one for reading, as the rule says.
if [ "$T_BORDER" != nested ]; then
	same 'path descriptors' -- ./calls path
	same 'mediated' --audit=all -- ./calls path
fi
inside 'where something may not be looked at' 0 --deny='fs.*':"$SCRATCH"/dir/** -- ./calls path
also 'it can be read' out_has '^read: done$'
also 'and a link has none' out_has '^readlinkat: Bad file descriptor$'
inside 'what may not be looked at' 0 --deny='fs.*':"$SCRATCH"/file -- ./calls path
also 'has none either' out_has '^fstat: Bad file descriptor$'

same 'handles' -- ./calls handles
[ "$T_WHO" = root ] || same 'roots' -- ./calls roots
inside 'a root of its own' 0 -- ./calls roots
also 'is what nobody has' out_is $'too long: File name too long\na file: Not a directory\nnothing there: No such file or directory\nno memory: Bad address\na loop: Too many levels of symbolic links\nhere: Operation not permitted'
same 'flags of files' -- ./calls attributes
same 'names under rules of its own' -- ./calls restricted
same 'directories that tell of changes' -- ./calls notify
inside 'of what may not be read' 0 --deny=fs.read:"$SCRATCH"/dir -- ./calls notify
also 'nothing is told' out_has '^F_NOTIFY: Bad file descriptor$'
inside 'recorded like all else' 0 --audit=all --log "$WORK/log" -- ./calls notify
also 'as what it is' grep -q '"c":"fcntl","o":"fs.read"' "$WORK/log"

same 'clocks' -- ./calls clocks
inside 'setting one' 0 -- ./calls set_clock
also 'takes a privilege' [ "$(grep -c ': Operation not permitted$' "$OUT")" = 5 ]
same 'personalities' -- ./calls personalities
! have setarch || same 'setarch' -- setarch linux32 uname -m
same 'mounts' -- ./calls mounts
same 'file systems' -- ./calls devices
DEVICE=$(stat -c %d /sys) "$WORK/bin/calls" devices >"$OUT" 2>"$ERR"
also 'natively of any' out_has '^of another: done$'
inside 'inside of what the view shows' 0 --setenv DEVICE="$(stat -c %d /sys)" -- ./calls devices
also 'and no other' out_has '^of another: Invalid argument$'
inside 'namespaces' 0 -- ./calls namespaces
also 'can be asked about, and not entered' out_is $'kind: done\nowner of what is none: Invalid argument\naround: Operation not permitted\nentering it: Operation not permitted\nthe same: 1'
inside 'what is in memory' 0 -- ./calls cached
if out_has '^may be written: done$'; then
	also 'is told to who could write it' out_is $'may be written: done\nmay be read: Operation not permitted\nno memory: Bad address\nunknown flags: Invalid argument\nno descriptor: Bad file descriptor'
fi
same 'multicast groups' -- ./calls groups
same 'message queues' -- ./calls queues
inside 'inside' 0 -- ./calls queues
also 'they work' out_is $'made: done\nopened: done\nsent: done\nreceived: done\nremoved: done\nremoved again: No such file or directory'
inside 'interfaces' 0 -- ./calls interfaces
also 'are the loopback' out_is $'list: done\nlo 127.0.0.1\nhow much: done\nit takes: 1\nflags: done\nup: 1, leads back: 1\ndown: Operation not permitted\nno memory: Bad address\nanother: No such device\nof a file: Inappropriate ioctl for device\na group of any: done'
inside 'granted by a rule' 0 --allow='dev.ioctl:0x89.*' -- ./calls interfaces
also 'Linux tells' out_has '^lo 127\.0\.0\.1$'
