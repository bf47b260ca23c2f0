# The attacks by calls from the shim's range of addresses, which the filter lets through where the policy settles them.
. "$(dirname "$0")/lib.sh"
program range || exit 0
for p in read change race escape; do
	program $p -DRANGE_FOR_ALL -include "$SRC/attacks/range.h" || exit 0
done

chosen() {
	case $1 in
	outside) return 1 ;; # nothing of it is ever native
	escape) case $2 in unix* | stdin* | set* | proc* | see | tiocsti* | sys*) ;; *) return 1 ;; esac ;;
	esac
	[ "$3" != signal ]
}
attacks_of '' chosen
