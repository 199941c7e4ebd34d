#!/usr/bin/env bash
# strict.sh - runs a test: where NTDRIFT_STRICT is 1, one that was skipped (77) has failed.
"$@"
status=$?
if [ $status -eq 77 ] && [ "${NTDRIFT_STRICT:-0}" = 1 ]; then
    echo "NTDRIFT_STRICT=1: a skipped test is a failure"
    exit 1
fi
exit $status
