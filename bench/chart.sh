#!/bin/bash
# Draws the rows of group "native" of a bench.json (bench/run.sh writes one row in each line) as bars: the ratio to native, on a
# logarithmic scale. Prints SVG.
#
# usage: bash bench/chart.sh bench.json >bench.svg
set -u
# shellcheck disable=SC2016
awk '
	function field(line, name,    rest) {
		if (!match(line, "\"" name "\": "))
			return ""
		rest = substr(line, RSTART + RLENGTH)
		if (rest ~ /^"/) {
			rest = substr(rest, 2)
			match(rest, /^([^"\\]|\\.)*/)
			rest = substr(rest, 1, RLENGTH)
			gsub(/\\/, "", rest)
		} else {
			match(rest, /^[^,}]*/)
			rest = substr(rest, 1, RLENGTH)
		}
		return rest == "null" ? "" : rest
	}
	function xml(s) { gsub(/&/, "\\&amp;", s); gsub(/</, "\\&lt;", s); gsub(/>/, "\\&gt;", s); return s }
	function x(ratio) { return left + (log(ratio) - log(least)) / (log(most) - log(least)) * wide }
	/"cpu":/ { machine = field($0, "cpu") ", " field($0, "cores") " processors, " field($0, "kernel") }
	/"group": "native"/ {
		side = field($0, "side")
		id = field($0, "id")
		if (!(id in label)) {
			label[id] = field($0, "what")
			order[++rows] = id
		}
		ratio[id, side] = field($0, "ratio")
		if (side == "cordon")
			goal[id] = field($0, "goal")
	}
	END {
		sides = split("cordon full bwrap strace", side_of, " ")
		name["cordon"] = "cordon"; name["full"] = "cordon, full mediation"; name["bwrap"] = "bwrap"; name["strace"] = "strace -f"
		left = 270; wide = 560; bar = 9; gap = 12; top = 84
		least = 0.5; most = 10
		for (r = 1; r <= rows; r++)
			for (s = 1; s <= sides; s++)
				while (ratio[order[r], side_of[s]] + 0 > most)
					most *= 10
		height = top + 30
		for (r = 1; r <= rows; r++) {
			for (s = 1; s <= sides; s++)
				height += ratio[order[r], side_of[s]] == "" ? 0 : bar + 1
			height += gap
		}
		printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 900 %d\" width=\"900\" height=\"%d\" role=\"img\">\n", height, height
		print "<title>What cordon costs: ratio to native</title>"
		print "<style>"
		print "text { font: 12px system-ui, sans-serif; fill: #24292f } .title { font-size: 16px; font-weight: 600 } .small { font-size: 10px; fill: #57606a }"
		print ".page { fill: #fff } .grid { stroke: #d0d7de } .one { stroke: #57606a } .goal { stroke: #24292f; stroke-width: 2 }"
		print ".cordon { fill: #1a7f37 } .full { fill: #8ac99b } .bwrap { fill: #0969da } .strace { fill: #bc4c00 }"
		print "@media (prefers-color-scheme: dark) {"
		print "text { fill: #e6edf3 } .small { fill: #9198a1 } .page { fill: #0d1117 } .grid { stroke: #30363d } .one { stroke: #9198a1 } .goal { stroke: #e6edf3 }"
		print ".cordon { fill: #3fb950 } .full { fill: #246b35 } .bwrap { fill: #58a6ff } .strace { fill: #db8540 }"
		print "}"
		print "</style>"
		printf "<rect class=\"page\" width=\"900\" height=\"%d\" rx=\"6\"/>\n", height
		print "<text class=\"title\" x=\"16\" y=\"26\">Ratio to native (less is better; logarithmic)</text>"
		at = 16
		for (s = 1; s <= sides; s++) {
			printf "<rect class=\"%s\" x=\"%d\" y=\"40\" width=\"11\" height=\"11\" rx=\"2\"/><text x=\"%d\" y=\"50\">%s</text>\n", side_of[s], at, at + 16, name[side_of[s]]
			at += 34 + 7 * length(name[side_of[s]])
		}
		printf "<line class=\"goal\" x1=\"%d\" x2=\"%d\" y1=\"40\" y2=\"52\"/><text x=\"%d\" y=\"50\">goal for cordon</text>\n", at + 4, at + 4, at + 12
		count = split("0.5 1 2 5 10 20 50 100 200 500 1000", tick, " ")
		for (i = 1; i <= count && tick[i] <= most; i++) {
			printf "<line class=\"%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>", tick[i] == 1 ? "one" : "grid", x(tick[i]), x(tick[i]), top - 8, height - 26
			printf "<text class=\"small\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x(tick[i]), top - 13, tick[i]
		}
		y = top
		for (r = 1; r <= rows; r++) {
			start = y
			for (s = 1; s <= sides; s++) {
				if (ratio[order[r], side_of[s]] == "")
					continue
				value = ratio[order[r], side_of[s]] + 0
				end = x(value < least ? least : value)
				from = end < x(1) ? end : x(1)
				mark = end < x(1) ? x(1) : end
				if (side_of[s] == "cordon" && goal[order[r]] != "" && x(goal[order[r]]) > mark)
					mark = x(goal[order[r]])
				length_of = end < x(1) ? x(1) - end : end - x(1)
				printf "<rect class=\"%s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>", side_of[s], from, y, length_of < 1 ? 1 : length_of, bar
				printf "<text class=\"small\" x=\"%.1f\" y=\"%d\">%s</text>\n", mark + 4, y + bar - 0.5, sprintf(value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value)
				if (side_of[s] == "cordon" && goal[order[r]] != "")
					printf "<line class=\"goal\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>\n", x(goal[order[r]]), x(goal[order[r]]), y - 1, y + bar + 1
				y += bar + 1
			}
			printf "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", left - 30, (start + y) / 2 + 4, xml(label[order[r]])
			y += gap
		}
		printf "<text class=\"small\" x=\"16\" y=\"%d\">%s</text>\n</svg>\n", height - 10, xml(machine)
	}' "$1"
