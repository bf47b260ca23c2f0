#!/bin/sh
# Install what building, testing and measuring need. Asks for nothing when all of it is there.
set -eu
build="gcc make musl-tools musl-dev libc6-dev linux-libc-dev libelf-dev zlib1g-dev libcapstone-dev libc-ares-dev libjansson-dev libsodium-dev libcriterion-dev openssl"
# What the scenarios run inside a space, so that none of them is skipped.
scenario="busybox-static bash coreutils findutils tar perl python3 nodejs default-jre-headless git sqlite3 golang-go gdb
  curl wget iproute2 python3-pip python3-jsonschema tmux openssh-client openssh-server redis-server redis-tools nginx-light wrk jq"
# In which the page of `cordon report` is looked at, and shells that are completed in; large, and the scenarios do without.
late="chromium zsh fish"
# Beside which the benchmarks stand, and what the slow checks and the fuzzers use.
extra="bubblewrap strace clang libclang-rt-14-dev clang-format cppcheck jq util-linux"
missing=
for package in $build $scenario $extra $late; do
	dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
echo "installing:$missing"
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || { echo "make deps: run as root once: apt-get install$missing" >&2; exit 1; }
	sudo=sudo
else
	sudo=
fi
export DEBIAN_FRONTEND=noninteractive
# Servers are for the scenarios to start: nothing listens because it was installed.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap '$sudo rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
	$sudo chmod 755 "$policy"
fi
$sudo apt-get update -q >/dev/null || true
# shellcheck disable=SC2086
$sudo apt-get install -y -q --no-install-recommends $missing >/dev/null
