#!/bin/sh
# What the shim must not have: sh shim/check.sh MAX_SIZE FLAT_BINARY LINKED OBJECTS...
# It runs on the program's thread block and stack, unrelocated, beside whatever libc there is.
set -u
max=$1 flat=$2 linked=$3
shift 3
fail() { echo "shim/check.sh: $1" >&2; exit 1; }

for object; do
	if readelf -rW "$object" | grep -E 'TPOFF|DTPOFF|TLSGD|TLSLD|TLSDESC|DTPMOD'; then fail "$object uses thread-local data"; fi
	if readelf -SW "$object" | grep -E ' (PROGBITS|NOBITS) +[0-9a-f]+ [0-9a-f]+ [0-9a-f]+ [0-9a-f]+ +[A-Z]*T'; then fail "$object has thread-local data"; fi
	if objdump -d "$object" | grep -E '%([xyz]mm|st\()'; then fail "$object uses vector registers"; fi
	# Indirect branch tracking: neither the shim nor a call site has an endbr64 where these go.
	if objdump -d "$object" | grep -E '(call|jmp)q? +\*' | grep -v notrack; then fail "$object branches indirectly, and not notrack"; fi
done
if readelf -rW "$linked" | grep R_X86_64; then fail "$linked has relocations"; fi
undefined=$(nm -u "$linked") || exit 1
[ -z "$undefined" ] || fail "$linked needs $undefined"
size=$(wc -c <"$flat")
[ "$size" -gt 0 ] && [ "$size" -le "$max" ] || fail "$flat has $size bytes; at most $max fit"
