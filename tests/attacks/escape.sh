# Those of tests/attacks/table that reach for what is no file: processes, the kernel, sockets, what is inherited, limits.
. "$(dirname "$0")/lib.sh"
program escape || exit 0

chosen() { [ "$1" = escape ]; }
attacks_of '' chosen
