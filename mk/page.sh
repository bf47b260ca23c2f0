#!/bin/sh
# What the page of `cordon report` is made of, as C: mk/page.sh cli/page >page.c
#
# Two texts: what comes before the data, and what comes after. The policy in the first lets the browser run the one
# script and use the one style sheet that are in the page, by their hashes, and load nothing.
set -eu
dir=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for part in data filter charts lists main; do cat "$dir/$part.js"; done >"$work/page.js"
hash_of() { openssl dgst -sha256 -binary "$1" | openssl base64 -A; }
{
	cat "$dir/head.html"
	printf '<meta http-equiv="Content-Security-Policy" content="default-src '"'none'; script-src 'sha256-%s'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'"'">\n' \
		"$(hash_of "$work/page.js")" "$(hash_of "$dir/page.css")"
	printf '<style>'
	cat "$dir/page.css"
	printf '</style>\n</head>\n'
	cat "$dir/body.html"
} >"$work/head"
{
	printf '<script>'
	cat "$work/page.js"
	printf '</script>\n</body>\n</html>\n'
} >"$work/tail"
echo '#include "cli/page.h"'
for part in head tail; do
	echo "const unsigned char cli_page_$part[] = {"
	od -An -v -tu1 "$work/$part" | sed 's/ \+/,/g; s/^,//; s/$/,/'
	echo "};"
	echo "const unsigned cli_page_${part}_len = sizeof(cli_page_$part);"
done
