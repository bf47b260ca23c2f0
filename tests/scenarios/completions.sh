# What shells complete: each command, its options, and what may follow them.
. "$(dirname "$0")/lib.sh"
export XDG_RUNTIME_DIR=$WORK/runtime
mkdir -p "$XDG_RUNTIME_DIR" "$WORK/here" && chmod 700 "$XDG_RUNTIME_DIR"
cd "$WORK/here" || exit 1
touch some.json other.log
mkdir -p folder
export PATH=$T_ROOT/bin:$PATH
COMMANDS=$("$CORDON" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p' | grep -v '^cordon$')
also 'there are commands' [ "$(wc -w <<<"$COMMANDS")" -ge 10 ]
for shell in bash zsh fish; do
	"$CORDON" completions $shell >"$WORK/$shell" 2>"$ERR"
	also "$shell: something comes" [ -s "$WORK/$shell" ]
done
"$CORDON" completions tcsh >"$OUT" 2>"$ERR"
also 'no such shell' [ $? = 125 ]
"$CORDON" completions >"$OUT" 2>"$ERR"
also 'no shell' [ $? = 125 ]
"$CORDON" run -q --name here -- sleep 30 &
SPACE=$!
for _ in $(seq 200); do [ -n "$("$CORDON" ps --quiet)" ] && break; sleep 0.05; done

# of SHELL LINE: what completes the last word of the line, one in each line
of_bash() {
	bash --norc --noprofile -c '
		source "$0"
		read -ra words <<<"$(sed "s/=/ = /g" <<<"$1")"
		case $1 in *" " | *=) words+=("") ;; esac
		COMP_WORDS=("${words[@]}") COMP_CWORD=$((${#words[@]} - 1))
		compopt() { :; }
		_cordon
		printf "%s\n" "${COMPREPLY[@]}"' "$WORK/bash" "$1" 2>&1
}
of_fish() { HOME=$WORK fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$WORK/fish" "$1" 2>&1 | cut -f 1 | sed 's/^--[a-z-]*=//'; }
# The line as zsh has it after the tabulator key: what is unambiguous.
of_zsh() {
	zsh -f -c '
		zmodload zsh/zpty
		zpty z "TERM=dumb zsh -f -i"
		zpty -w z "PS1=; unsetopt zle_bracketed_paste beep; fpath=($2 \$fpath); autoload -U compinit; compinit -u -D; setopt no_list_beep; echo ready-\$((1+1))"
		deadline=$((SECONDS + 10)) all= some=
		while [[ $all != *ready-2* && $SECONDS -lt $deadline ]] { zpty -r -t z some && all+=$some; sleep 0.02 }
		all=
		zpty -w -n z "$1"$'"'\\t'"'
		deadline=$((SECONDS + 3))
		while (( SECONDS < deadline )) { while zpty -r -t z some; do all+=$some; done; [[ $all == *$3* ]] && break; sleep 0.05 }
		zpty -d z
		print -r -- "$all"' zsh "$1" "$WORK/zfunc" "$2" 2>&1 | tr -d '\r\a'
}
# completes SHELL LINE WORD...: each is among what completes it
completes() {
	local shell=$1 line=$2 got word missing=
	shift 2
	got=$(of_$shell "$line")
	for word; do grep -qxF -- "$word" <<<"$got" || missing+=" $word"; done
	if [ -z "$missing" ]; then pass "$shell: $line"; else fail "$shell: $line" "missing:$missing" "$(head -n 20 <<<"$got")"; fi
}
for shell in bash fish; do
	if ! have $shell; then
		skip "$shell" 'it is not there'
		continue
	fi
	equals=
	[ $shell = fish ] || equals==
	completes $shell 'cordon ' $COMMANDS
	completes $shell 'cordon ru' run
	completes $shell 'cordon run --allow-r' --allow-read$equals --allow-run$equals
	completes $shell 'cordon run --no-p' --no-pty
	completes $shell 'cordon run --on-deny=' errno hide kill
	completes $shell 'cordon run --policy=so' some.json
	completes $shell 'cordon policy ' check show test groups
	completes $shell 'cordon policy check so' some.json
	completes $shell 'cordon kill ' "$SPACE"
	completes $shell 'cordon report oth' other.log
	for command in $COMMANDS; do
		options=$("$CORDON" "$command" --help | sed -n 's/^ \{2,6\}\(-., \)\{0,1\}--\([a-z-]*\)\(=[^ ]*\)\{0,1\}\(  .*\)\{0,1\}$/--\2/p' | sort -u)
		[ -z "$options" ] || completes $shell "cordon $command --" $([ $shell = fish ] && echo "$options" || "$CORDON" "$command" --help | sed -n 's/^ \{2,6\}\(-., \)\{0,1\}--\([a-z-]*\)\(=\{0,1\}\)[^ ]*\(  .*\)\{0,1\}$/--\2\3/p' | sort -u)
	done
done
completes bash 'cordon run -p so' some.json
completes bash 'cordon run --chdir=f' folder
completes bash 'cordon run -v -p some.json ca' cat

if ! have zsh; then
	skip zsh 'it is not there'
else
	mkdir -p "$WORK/zfunc"
	cp "$WORK/zsh" "$WORK/zfunc/_cordon"
	also 'zsh: it can be read' zsh -n "$WORK/zsh"
	zsh_completes() {
		local got
		got=$(of_zsh "$1" "$2")
		case $got in *"$2"*) pass "zsh: $1" ;; *) fail "zsh: $1" "wanted: $2" "$got" ;; esac
	}
	zsh_completes 'cordon ru' 'cordon run '
	zsh_completes 'cordon run --no-p' '--no-pty '
	zsh_completes 'cordon run --on-deny=hi' '--on-deny=hide '
	zsh_completes 'cordon policy gro' 'policy groups '
	zsh_completes 'cordon run --policy=so' '--policy=some.json '
	zsh_completes 'cordon report oth' 'report other.log '
	zsh_completes 'cordon kill ' "kill $SPACE "
fi
"$CORDON" kill here >/dev/null
wait $SPACE 2>/dev/null
:
