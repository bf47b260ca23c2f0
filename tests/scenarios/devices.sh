# Devices: which are there, which a rule brings, and what may be requested of them.
. "$(dirname "$0")/lib.sh"
have gcc || { skip devices 'gcc is not installed'; exit 0; }
program device || exit 0
fixture_device() { cp "$WORK/bin/device" .; }
FIXTURE=fixture_device

# ---- those that each space has ----

inside 'what /dev holds' 0 -- sh -c 'ls /dev | grep -vxE "fd|full|null|ptmx|pts|random|shm|stderr|stdin|stdout|tty|urandom|zero"; :'
also 'and nothing else' out_is ''
same 'they behave as outside' -- sh -c 'head -c 5 /dev/zero | od -c; echo x >/dev/full; echo $?; wc -c </dev/null; echo y >/dev/null
	head -c 9 /dev/urandom | wc -c; head -c 9 /dev/random | wc -c; head -c 3 /dev/full | od -c; stat -c "%F %t %T" /dev/[fnruz][ueair][^n]*'
same 'nothing else can be made one' -- sh -c 'mknod null c 1 3 2>/dev/null && [ "$(id -u)" = 0 ] && rm null; [ ! -c null ]'

# ---- requests ----

count=0x80045200 # RNDGETENTCNT: how much entropy there is
inside 'a request that no rule names' 1 -- ./device /dev/random $count
also 'is no request of this device' out_is 'request: Inappropriate ioctl for device'
inside 'a request by its number' 0 --allow=dev.ioctl:R.$count -- ./device /dev/random $count
also 'is made' out_is 'request: done'
inside 'by its type' 0 --allow='dev.ioctl:R.*' -- ./device /dev/random $count
inside 'of another type' 1 --allow='dev.ioctl:T.*' -- ./device /dev/random $count
inside 'denied among those of its type' 1 --allow='dev.ioctl:R.*' --deny=dev.ioctl:R.$count -- ./device /dev/random $count
inside 'a request that takes a privilege' 1 --allow='dev.ioctl:*' -- ./device /dev/random 0x40085203
also 'takes a privilege, still' out_is 'request: Operation not permitted'
inside 'recorded like all else' 0 --audit=all --log "$WORK/log" --allow='dev.ioctl:R.*' -- ./device /dev/random $count
also 'by its name' grep -q '"dev.ioctl".*R\.0x80045200' "$WORK/log"
# What none may be asked, the filter refuses: Linux itself would say that this is no terminal.
for request in 0x5412 0x541c 0x541d 0x5423 0x5437 0x5452 0x10000005412; do
	inside "never: $request" 1 --allow='dev.ioctl:*' -- ./device /dev/zero $request
	also "refused: $request" out_is 'request: Operation not permitted'
done
refresh
(cd "$SCRATCH" && "$CORDON" run --ro "$SCRATCH" -- ./device /dev/random $count) >"$OUT" 2>"$ERR" </dev/null
also 'a denial says what would allow it' err_has '--allow=dev.ioctl:R.0x80045200 .*"dev.ioctl": \["R.0x80045200"\]'
advice=$(grep -o -- '--allow=[^ ]*' "$ERR")
inside 'and that does' 0 "$advice" -- ./device /dev/random $count
for wrong in TIOCSTI 0x5413 T.5413 d.0x5413 'T*'; do
	"$CORDON" run --deny="dev.ioctl:$wrong" -- true 2>"$ERR"
	also "a rule that can match no request: $wrong" err_has 'write TYPE.NUMBER'
done

# ---- those that a rule brings ----

device=
for candidate in /dev/net/tun /dev/fuse; do
	[ ! -c $candidate ] || [ ! -w $candidate ] || device=$candidate
done
[ -n "$device" ] || { skip 'further devices' 'there is none that this user may open'; exit 0; }
case $device in
*tun) request=0x800454cf own=T family='/dev/net/t*' ;; # TUNGETFEATURES
*) request=0x8004e500 own=0xe5 family='/dev/fus*' ;;   # FUSE_DEV_IOC_CLONE, of nothing: EINVAL or EBADF
esac
rule=(--allow=fs.read:$device --allow=fs.write:$device)
inside 'a device without a rule' 1 -- ./device $device
also 'is not there' out_is 'open: No such file or directory'
same 'a device that a rule names' "${rule[@]}" -- ./device $device
same 'a family of devices' --allow="fs.read:$family" --allow="fs.write:$family" -- ./device $device
same 'requests of it' "${rule[@]}" --allow="dev.ioctl:$own.*" -- ./device $device $request
inside 'but for a rule' 1 "${rule[@]}" -- ./device $device $request
also 'none' out_is 'request: Inappropriate ioctl for device'
inside 'for reading alone' 0 --allow=fs.read:$device -- sh -c "! (: >>$device) 2>/dev/null && : <$device"
for wide in /dev '/dev/*'; do
	inside "not by $wide" 1 --allow-read="$wide" --allow-write="$wide" -- ./device $device
	also "not there: $wide" out_is 'open: No such file or directory'
done
if [ $device = /dev/net/tun ]; then
	same 'with the directory that it is in' --rw /dev/net -- ./device $device
	same 'and by a rule for that' --allow=fs.read:'/dev/net/**' --allow=fs.write:'/dev/net/**' -- ./device $device
	inside 'under another name it is no device' 1 --bind /dev/net:/srv -- ./device /srv/tun
fi
