# The attacks where no namespace can be made: an ordinary user's space without a view of mounts, its signals, sockets
# and /proc bounded by the monitor and by Landlock alone.
. "$(dirname "$0")/lib.sh"
[ "$T_WHO" = user ] || exit 0
for p in read change race escape; do program $p || exit 0; done
export CORDON_WITHOUT=userns
"$CORDON" run -q -- true 2>"$ERR" || { skip unspaced "$(head -n 1 "$ERR")"; exit 0; }

chosen() { [ "$1" = escape ] || [ "$1" = read ]; }
attacks_of '' chosen
