# Runs a guest's program in a space of its own. This is itself run in a space: one that may have 600 processes, for
# its own work and all its guests'.
#
# usage: sh solution.sh CORDON COMMAND...
#
# A part of what there is, and a part is left: what a guest may use up is granted like everything else.
cordon=$1
shift
exec "$cordon" run -q --name=guest --limit=processes=24 -- "$@"
