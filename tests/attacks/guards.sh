# What must be as it is natively, or a program of the space is at the mercy of another one, or of what it unpacks:
# flags by which a program guards itself hold, and nobody in a space can hold up the others.
. "$(dirname "${BASH_SOURCE[0]}")/../scenarios/lib.sh"
have gcc || { skip guards 'gcc is not installed'; exit 0; }
T_PROGRAMS=attacks
for p in resolve hold; do program $p || exit 0; done
fixture_guards() { cp "$WORK/bin/resolve" "$WORK/bin/hold" .; }
FIXTURE=fixture_guards
GUARD=40

same 'openat2: RESOLVE_ flags hold for what is made' -- ./resolve
# Natively it made something, and was kept from making something, or it proves nothing.
also 'and some of it is made' grep -q 'beneath: exclusive new: .*/jail/new$' "$WORK/native.out"
also 'and some of it is not' grep -q 'beneath: exclusive out/new: nothing$' "$WORK/native.out"

sockets=(--allow=net.listen:unix:"$SCRATCH/**" --allow=net.connect:unix:"$SCRATCH/**")
same 'connecting to a full backlog' "${sockets[@]}" -- ./hold waiting
same 'likewise, while O_NONBLOCK comes and goes' "${sockets[@]}" -- ./hold toggled
same 'likewise, a socket of packets' "${sockets[@]}" -- ./hold packets_toggled
