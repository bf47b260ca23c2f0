# A browser: processes, threads, shared memory, sandboxes of its own that it does without; it shows what it may reach.
. "$(dirname "$0")/lib.sh"
have chromium || { skip chromium 'there is no chromium'; exit 0; }
flags=()
for place in /etc/chromium /etc/chromium.d /etc/fonts /var/cache/fontconfig; do
	[ ! -e $place ] || flags+=(--ro "$place")
done
# Its zygote asks a socket who has sent something, and is told of the monitor: docs/caveats.md.
cat >"$WORK/browse" <<'END'
#!/bin/sh
exec chromium --headless --no-sandbox --no-zygote --disable-gpu --disable-quic --no-first-run --disable-background-networking \
	--disable-component-update --disable-sync --user-data-dir="$HOME/profile" --virtual-time-budget=5000 --dump-dom "$1" 2>/dev/null
END
chmod 755 "$WORK/browse"
cat >"$WORK/page.html" <<'END'
<html><body><p id="sum"></p><p id="worker"></p><script>
document.getElementById("sum").textContent = [...Array(100).keys()].reduce((a, b) => a + b);
const source = new Blob(["postMessage(6 * 7)"]), worker = new Worker(URL.createObjectURL(source));
worker.onmessage = e => document.getElementById("worker").textContent = e.data;
</script></body></html>
END
fixture_page() { cp "$WORK/page.html" "$WORK/browse" .; }
FIXTURE=fixture_page
TREE=0 # its profile holds times and random numbers
same 'a page with scripts' "${flags[@]}" -- ./browse "file://$SCRATCH/page.html"
also 'they ran' grep -q '4950</p>.*42</p>' "$WORK/inside.out"

have python3 || { skip 'what it may reach' 'no python3'; exit 0; }
mkdir -p "$WORK/www"
echo '<html><body>from the server</body></html>' >"$WORK/www/index.html"
(cd "$WORK/www" && exec timeout 200 python3 -u -m http.server --bind 127.0.0.1 0) >"$WORK/server.out" 2>/dev/null &
server=$!
trap 'kill $server 2>/dev/null' EXIT
for ((i = 0; i < 100; i++)); do
	port=$(sed -n 's/.*port \([0-9]*\).*/\1/p' "$WORK/server.out")
	[ -z "$port" ] || break
	sleep 0.1
done
same 'from a server that is granted' "${flags[@]}" --allow-net="127.0.0.1:$port" -- ./browse "http://127.0.0.1:$port/"
inside 'one that is not' 0 "${flags[@]}" -- ./browse "http://127.0.0.1:$port/"
if grep -q 'from the server' "$OUT"; then fail 'shows nothing of it'; else pass 'shows nothing of it'; fi
echo secret >"$WORK/secret"
refresh
run_native ./browse "file://$WORK/secret"
also 'natively it shows any file' grep -q secret "$WORK/native.out"
inside "a file that is not granted" 0 "${flags[@]}" -- ./browse "file://$WORK/secret"
if grep -q secret "$OUT"; then fail 'shows nothing of that, either'; else pass 'shows nothing of that, either'; fi
