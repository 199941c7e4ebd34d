#!/usr/bin/env bash
# manual.sh - MANUAL.md, made of what the programs say of themselves.
#
#   manual.sh            fails where it is not what they say now, and prints how it differs
#   manual.sh --accept   writes it
#
# The environment variables NT_ANALYZER and NT_DIFFER name the programs.
set -euo pipefail
manual=$(dirname "$0")/../MANUAL.md

# commands PROGRAM: the first column of the commands that its help lists.
commands() { "$1" --help | sed -n '/^commands:/,/^$/s/^  \([a-z][a-z ]*[a-z]\)  .*/\1/p'; }

# help_of NAME PROGRAM: each command with its help.
help_of() {
    local command
    printf '\n## %s\n\n```text\n' "$1"
    "$2" --help
    printf '```\n'
    while read -r command; do
        printf '\n### %s %s\n\n```text\n' "$1" "$command"
        # shellcheck disable=SC2086 # "profile make" is two words
        "$2" $command --help
        printf '```\n'
    done < <(commands "$2")
}

write_manual() {
    printf '# The manual of ntdrift\n\n'
    printf 'What each command does and what each kind of change means. It is made by\n'
    printf '`tests/manual.sh --accept` of the texts in the programs; [README](README.md) is where to begin.\n'
    help_of nt-analyzer "$NT_ANALYZER"
    help_of nt-differ "$NT_DIFFER"
    printf '\n## The kinds of change\n\n'
    "$NT_DIFFER" explain --format markdown
}

if [ "${1:-}" = --accept ]; then
    write_manual >"$manual.tmp"
    mv "$manual.tmp" "$manual"
    exit
fi
write_manual | diff -u "$manual" - || {
    echo "MANUAL.md is not what the programs say; to accept: tests/manual.sh --accept"
    exit 1
}
echo "MANUAL.md is what the programs say"
