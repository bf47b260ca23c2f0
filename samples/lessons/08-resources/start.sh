# Runs a guest's program in a space of its own. This is itself run in a space: one that may have 600 processes, for
# its own work and all its guests'.
#
# usage: sh start.sh CORDON COMMAND...
#
# TODO: the guest cannot have more than what is granted here. How much is granted here?
cordon=$1
shift
exec "$cordon" run -q --name=guest -- "$@"
