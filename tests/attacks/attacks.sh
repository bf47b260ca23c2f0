# Runs tests/attacks/table: each attack natively, where it must succeed, and in a space, where it must fail.
. "$(dirname "$0")/lib.sh"
for p in read change race outside; do program $p || exit 0; done

chosen() { case $1 in range | escape) return 1 ;; esac; }
attacks_of '' chosen
