#!/bin/bash
# Prints bench/run.sh's rows as tables in Markdown.
#
# usage: bash bench/tables.sh ROWS
set -u
# shellcheck disable=SC2016
awk -F '\t' '
	function time(ns) { return ns == "" ? "-" : ns + 0 < 1e3 ? sprintf("%d ns", ns) : ns + 0 < 1e6 ? sprintf("%.1f us", ns / 1e3) : sprintf("%.2f ms", ns / 1e6) }
	function times(r) { return r == "" ? "-" : r + 0 < 100 ? sprintf("%.2f", r) : sprintf("%.0f", r) }
	function verdict(r, goal) { return goal == "" ? "" : r == "" ? "at most " goal ": not measured" : "at most " goal (r + 0 <= goal + 0 ? ": met" : ": MISSED") }
	{ group[NR] = $1; id[NR] = $2; what[NR] = $3; side[NR] = $4; n[NR] = $5; ratio[NR] = $6; to[NR] = $7; goal[NR] = $8; ns[NR] = $9; kib[NR] = $11
	  at[$1, $2, $4, $5] = NR; known[$4] = known[$4] || $1 == "native" }
	END {
		count = split("bwrap firejail runsc strace", all, " ")
		for (i = 1; i <= count; i++)
			if (known[all[i]])
				peers[++most] = all[i]
		head = "| native = 1 | native | cordon | goal | full mediation | goal |"
		rule = "| --- | --- | --- | --- | --- | --- |"
		for (i = 1; i <= most; i++) {
			head = head " " (peers[i] == "strace" ? "strace -f" : peers[i]) " |"
			rule = rule " --- |"
		}
		print head "\n" rule
		for (r = 1; r <= NR; r++) {
			if (group[r] != "native" || side[r] != "cordon")
				continue
			native = at["native", id[r], "native", ""]
			full = at["native", id[r], "full", ""]
			line = "| " what[r] " | " time(ns[native]) " | " times(ratio[r]) " | " verdict(ratio[r], goal[r]) " | " times(ratio[full]) " | " verdict(ratio[full], goal[full]) " |"
			for (i = 1; i <= most; i++)
				line = line " " times(ratio[at["native", id[r], peers[i], ""]]) " |"
			gsub(/  /, " ", line)
			print line
		}
		print "\n| what | by | | ratio | to | goal |\n| --- | --- | --- | --- | --- | --- |"
		for (r = 1; r <= NR; r++)
			if (group[r] == "other")
				print "| " what[r] " | " side[r] " | " (kib[r] != "" ? kib[r] " KiB" : time(ns[r])) " | " times(ratio[r]) " | " to[r] " | " verdict(ratio[r], goal[r]) " |"
		print "\n| rules | start to end | to 10 rules | stat of a settled path | to native |\n| --- | --- | --- | --- | --- |"
		for (r = 1; r <= NR; r++)
			if (id[r] == "rules-start") {
				other = at["rules", "rules-stat", "cordon", n[r]]
				print "| " n[r] " | " time(ns[r]) " | " times(ratio[r]) " | " time(ns[other]) " | " times(ratio[other]) " |"
			}
		print "\n| processes at once | native stat | settled | to native | by the monitor | to native |\n| --- | --- | --- | --- | --- | --- |"
		for (r = 1; r <= NR; r++)
			if (group[r] == "processes" && side[r] == "native") {
				settled = at["processes", id[r], "cordon", n[r]]
				full = at["processes", id[r], "full", n[r]]
				print "| " n[r] " | " time(ns[r]) " | " time(ns[settled]) " | " times(ratio[settled]) " | " time(ns[full]) " | " times(ratio[full]) " |"
			}
		print ""
	}' "$1"
