# The page of attacks, from the table: awk -f list.awk table
BEGIN {
	FS = "\t"
	title["read"] = "Reading what is not granted"
	title["change"] = "Changing what is not granted, or granted for reading only"
	title["race"] = "Races: something is exchanged between the decision and its use"
	title["escape"] = "Out of the space: processes, namespaces, the kernel, sockets, terminals, identity"
	title["range"] = "From the range of addresses in which calls may be native"
	title["outside"] = "The network"
	split("read change race escape outside range", order, " ")
	where["root"] = "as root"
	where["may"] = "where the machine lets one"
	where["may-not"] = "nothing may be found outside"
	print "# Attacks"
	print ""
	print "Made from `tests/attacks/table` by `make docs/attacks.md`. `make check` runs each of these natively first, where it must succeed, and then in a space, where it must"
	print "fail: as root and as an ordinary user, with calls made natively as far as they are settled, and again with every call passing the monitor. All of them are held; those whose"
	print "native try the machine refuses are counted as skipped, as they prove nothing there. Races run until they succeed natively, and thousands of rounds inside."
}
/^#/ || NF < 6 { next }
{
	known[$2] = 1
	n[$2]++
	text = $7 == "" ? $3 : $7
	note = where[$5] == "" ? "" : " (" where[$5] ")"
	line[$2, n[$2]] = "| " $1 " | `" $2 " " $3 "` | " text note " |"
}
END {
	for (i = 1; i in order; i++) {
		kind = order[i]
		if (!(kind in known)) continue
		delete known[kind]
		printf "\n## %s (%d)\n\n| invariants | attack | what it reaches for |\n| --- | --- | --- |\n", title[kind], n[kind]
		for (j = 1; j <= n[kind]; j++) print line[kind, j]
	}
	for (kind in known) { print "list.awk: no title for " kind >"/dev/stderr"; exit 1 }
}
