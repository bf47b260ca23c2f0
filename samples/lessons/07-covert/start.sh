# Runs a program in a space, where it can read one dictionary, and nothing else of yours.
#
# usage: sh start.sh CORDON DICTIONARY COMMAND...
#
# Two programs that know nothing of each other are run so, at the same time. Neither can write anything, neither
# has a network.
#
# TODO: and yet one can tell the other what it knows. What do they share?
cordon=$1 dictionary=$2
shift 2
exec "$cordon" run -q --ro="$dictionary" -- "$@"
