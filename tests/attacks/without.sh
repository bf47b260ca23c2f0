# The attacks where what may be missing is missing: as on Linux 5.15; for root without user namespaces, for others
# without Landlock.
. "$(dirname "$0")/lib.sh"
for p in read change race escape outside; do program $p || exit 0; done
missing=landlock
[ "$T_WHO" != root ] || missing=userns
export CORDON_WITHOUT=${CORDON_WITHOUT:-}${CORDON_WITHOUT:+,}linux5.15,$missing

# What races is the same race; what changes files is refused by the monitor as ever.
chosen() { [ "$1" = escape ] || [ "$1" = read ] || [ "$1" = outside ]; }
attacks_of '' chosen
