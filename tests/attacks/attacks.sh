# Runs tests/attacks/table: each attack natively, where it must succeed, and in a space, where it must fail.
. "$(dirname "$0")/lib.sh"
for p in read change race escape outside; do program $p || exit 0; done

chosen() { [ "$1" != range ]; }
attacks_of '' chosen
