# cordon report: one page of a log, offline, whatever the log holds.
. "$(dirname "$0")/lib.sh"
PAGE=$WORK/page.html
LOG=$WORK/run.log

try() {
	local name=$1
	shift
	if timeout -k 1 60 "$@" >"$OUT" 2>"$ERR"; then pass "$name"; else fail "$name" "status $?: $*" "$(head -n 20 "$OUT" "$ERR")"; fi
}
refused() {
	local name=$1 text=$2 got
	shift 2
	timeout -k 1 60 "$@" >"$OUT" 2>"$ERR"
	got=$?
	if [ $got = 125 ] && grep -aq -- "$text" "$ERR"; then pass "$name"; else fail "$name" "status $got: $*" "$(head -n 20 "$OUT" "$ERR")"; fi
}
# data EXPRESSION: of d, the page's JSON, and raw, its text
data() {
	python3 - "$PAGE" "$1" <<'END'
import base64, json, re, sys
page = open(sys.argv[1], encoding='utf-8').read()
raw = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S).group(1)
d = json.loads(raw)
columns = base64.b64decode(re.search(r'id="columns">(.*?)</script>', page, re.S).group(1), validate=True)
sys.exit(0 if eval(sys.argv[2]) else 1)
END
}
synthetic() { python3 "$SRC/scenarios/programs/log.py" "$@"; }

# ---- a real run ----
mkdir -p "$WORK/data"
echo text >"$WORK/data/file"
cat >"$WORK/tool.json" <<END
{"version": 1, "name": "tool", "extends": ["base"], "audit": "all",
 "allow": {"fs.read": ["$WORK/data/**", "/srv/never/**"]}}
END
(cd "$WORK" && timeout -k 1 60 "$CORDON" run -q -p tool.json --log "$LOG" -- sh -c "cat $WORK/data/file; cat /etc/shadow; ls /usr >/dev/null" >/dev/null 2>&1)
also 'a log was written' [ -s "$LOG" ]
try 'a page' "$CORDON" report "$LOG" -o "$PAGE"
also 'nothing is printed' [ ! -s "$OUT" ]
also 'its owner alone may read it' [ "$(stat -c %a "$PAGE")" = 600 ]
also 'no file is left beside it' sh -c '[ "$(ls -A "$0" | grep -c "page.html")" = 1 ]' "$WORK"
also 'every record is in it' data "d['records'] == $(grep -c '^{"k":"op"' "$LOG")"
also 'the denial, with what would allow it' data "any(d['texts'][n['object']] == '/etc/shadow' and '--allow-read=/etc/shadow' in n['flag'] and 'fs.read' in n['line'] for n in d['denials'])"
also 'the chain is whole' data 'd["broken_line"] == 0 and d["runs"][0]["tail"]'
also 'nothing is loaded: no address in it' sh -c '! grep -qiE "(src|href)=\"?(https?:)?//" "$0"' "$PAGE"
also 'a policy for the browser' grep -q "Content-Security-Policy.*default-src 'none'; script-src 'sha256-" "$PAGE"
try 'to standard output' "$CORDON" report "$LOG"
also 'the same page' cmp "$OUT" "$PAGE"
try 'with a policy' sh -c 'cd "$1" && exec "$0" report -p tool.json "$2" -o "$3"' "$CORDON" "$WORK" "$LOG" "$PAGE"
also 'what nothing used is listed' data 'any(r["pattern"] == "/srv/never/**" for r in d["unused"])'
also 'what was used is not' data "not any(r['pattern'] == '$WORK/data/**' for r in d['unused'])"

# ---- logs that are not as they should be ----
sed '3s/"k":"/"k":"x/' "$LOG" >"$WORK/changed.log"
try 'a line was changed' "$CORDON" report "$WORK/changed.log" -o "$PAGE"
also 'it is said which' data 'd["broken_line"] == 3'
head -c -20 "$LOG" >"$WORK/cut.log"
try 'cut off' "$CORDON" report "$WORK/cut.log" -o "$PAGE"
also 'it is said, too' data 'd["broken_line"] > 1 and not d["runs"][0]["tail"]'
cat "$LOG" "$LOG" >"$WORK/two.log"
try 'two runs' "$CORDON" report "$WORK/two.log" -o "$PAGE"
also 'both are in it' data 'len(d["runs"]) == 2'
: >"$WORK/empty.log"
try 'an empty log' "$CORDON" report "$WORK/empty.log" -o "$PAGE"
also 'no record' data 'd["records"] == 0 and columns == b""'
head -c 300000 /dev/urandom >"$WORK/noise.log"
try 'noise' "$CORDON" report "$WORK/noise.log" -o "$PAGE"
also 'no record in noise' data 'd["records"] == 0 and d["broken_line"] == 1'
head -c 300000 /dev/zero | tr '\0' '[' >"$WORK/deep.log"
try 'brackets' "$CORDON" report "$WORK/deep.log" -o "$PAGE"
python3 - >"$WORK/odd.log" <<'END'
import json
for t in (1e300, -1e300, "x", None, 1e18):
    for pid in (2, -5, 1e99, 1 << 62, "p"):
        print(json.dumps({"k": "head", "v": 1, "time": t, "argv": [None, 1, {}, "a" * 5000], "policy": 7}))
        print(json.dumps({"k": "op", "t": t, "m": 1, "s": "1" * 3000, "pid": pid, "p": 1 << 40, "c": "open", "o": "fs.read,nonsense", "x": "/" + "x" * 60000, "v": "deny", "r": -1, "e": 1e300, "d": -1}))
        print(json.dumps({"k": "op", "t": t, "m": 1, "s": "1", "pid": pid, "c": "connect", "o": "net.connect", "x": "[::::]:99999999", "v": "deny"}))
        print(json.dumps({"k": "tail", "t": t, "status": 1 << 50, "records": -1}))
END
try 'numbers and texts of any size' "$CORDON" report "$WORK/odd.log" -o "$PAGE"
also 'they are told' data 'd["records"] == 50'
refused 'no such log' 'No such file' "$CORDON" report "$WORK/none.log" -o "$PAGE"
refused 'a directory' 'not a regular file\|Is a directory' "$CORDON" report "$WORK" -o "$PAGE"
refused 'no log' 'which log' "$CORDON" report
refused 'two logs' 'one log' "$CORDON" report "$LOG" "$LOG"
refused 'a page that cannot be written' 'cannot write' "$CORDON" report "$LOG" -o "$WORK/none/page.html"
refused 'a policy that is none' 'noise.log' "$CORDON" report -p "$WORK/noise.log" "$LOG" -o "$PAGE"

# ---- large ----
synthetic 200000 >"$WORK/large.log"
try '200,000 records' "$CORDON" report "$WORK/large.log" -o "$WORK/large.html"
PAGE=$WORK/large.html also 'all of them' data 'd["records"] == 200000'
if have jq; then
	cpu() { python3 -c 'import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL); u = resource.getrusage(resource.RUSAGE_CHILDREN); print(round((u.ru_utime + u.ru_stime) * 1000))' "$@"; }
	ours=$(cpu "$CORDON" report "$WORK/large.log" -o "$WORK/large.html") jq=$(cpu jq length "$WORK/large.log")
	also "less than three times what jq takes ($ours ms, jq $jq ms)" [ "$ours" -lt $((3 * jq)) ]
else
	skip 'how long it takes' 'there is no jq'
fi

# ---- in a browser ----
if ! have chromium; then
	skip browser 'there is no chromium'
	exit 0
fi
browser() { HOME=$WORK timeout -k 1 100 python3 "$SRC/scenarios/programs/browser.py" "$@"; }
# shown NAME PAGE WANTED STEP...: what the steps print, joined by blanks
shown() {
	local name=$1 page=$2 wanted=$3 got
	shift 3
	got=$(browser "$page" "$@" 2>&1 | tr '\n' ' ')
	[ "$got" = "$wanted " ] && pass "$name" || fail "$name" "shown: $got" "wanted: $wanted"
}
synthetic 3000 hostile >"$WORK/hostile.log"
try 'a hostile log' "$CORDON" report "$WORK/hostile.log" -o "$WORK/hostile.html"
everything='js:Object.keys(sections).forEach(drawSection)||1'
shown 'hostile names are text, and nothing is loaded' "$WORK/hostile.html" "1 \"cordon report: $WORK/hostile.log\" [0, 3] 0 []" "$everything" js:document.title \
	'js:[document.querySelectorAll("img,iframe,object,embed,link,base").length,document.scripts.length]' requests problems
shown 'none acts on a line' "$WORK/hostile.html" '1 false true' "$everything" 'js:/[\u0001-\u0008\u000b-\u001f\u202a-\u202e\u2066-\u2069]/.test(document.body.innerText)' \
	'js:document.body.innerText.includes("abc\\u{202e}gpj.exe")'
shown 'the browser holds to the policy' "$WORK/hostile.html" '"no" "no"' 'js:(()=>{const s=document.createElement("script");s.textContent="window.ran=1";document.body.append(s);return window.ran?"ran":"no"})()' \
	'js:fetch("file:///etc/hostname").then(()=>"loaded",()=>"no")'
shown 'a hostile name is found by what it is' "$WORK/hostile.html" 'true' 'js:apply({text:"</script><script>"}),chosen.length>0&&chosen.length<N'
shown 'large: it is there, and soon' "$WORK/large.html" '"200,000 records" true []' 'js:$("f-count").textContent' 'js:performance.now()<8000' problems
shown 'large: a search' "$WORK/large.html" 'true true' 'js:(()=>{const t=performance.now();apply({text:"util1"});return performance.now()-t<2000})()' 'js:[...chosen].every(i=>T[columns.object[i]].includes("util1"))&&chosen.length>100'
shown 'filters add up' "$WORK/large.html" 'true' 'js:apply({verdict:"0",op:"net.connect",from:"10",to:"20"}),chosen.length>0&&[...chosen].every(i=>verdict(i)===0&&T[columns.ops[i]]==="net.connect"&&when(i)>=10&&when(i)<=20)'
shown 'counts are what the log holds' "$WORK/large.html" "$(grep -c '"v":"deny"' <(grep '^{"k":"op"' "$WORK/large.log"))" 'js:apply({verdict:"0"}),chosen.length'
shown 'with the keyboard: into a directory, and out' "$WORK/large.html" '1 "x" "/usr" true "/"' "js:drawSection('files')||1" 'js:document.querySelector("#files .cell[tabindex]").focus()||"x"' key:Enter 'js:filters.dir' \
	'js:document.activeElement.closest("#files")!==null' 'js:document.querySelector("#files .crumbs button").click()||folder' 2>/dev/null
shown 'each control has a name' "$WORK/large.html" '1 0' "$everything" 'js:[...document.querySelectorAll("button,input,select,svg,[role=button]")].filter(e=>!(e.getAttribute("aria-label")||e.textContent.trim()||(e.labels&&e.labels.length))).length'
shown 'light and dark' "$WORK/large.html" '"rgb(255, 255, 255)"' 'js:getComputedStyle(document.body).backgroundColor'
shown 'dark' "$WORK/large.html" '"rgb(20, 23, 26)"' --dark 'js:getComputedStyle(document.body).backgroundColor'
"$CORDON" report "$WORK/empty.log" -o "$WORK/empty.html"
shown 'empty' "$WORK/empty.html" '1 "The log is empty." []' "$everything" 'js:$("state").textContent' problems
browser "$WORK/hostile.html" print:"$WORK/page.pdf" >"$OUT" 2>"$ERR"
also 'it can be printed' sh -c '[ "$(head -c 5 "$0")" = "%PDF-" ]' "$WORK/page.pdf"
