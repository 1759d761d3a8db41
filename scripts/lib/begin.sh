# How every script begins: `. "$(dirname "$0")/lib/begin.sh"`. It moves to the root of the checkout and
# brings the ways to speak to whoever runs the script.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# The same everywhere, so that messages can be compared.
export LC_ALL=C.UTF-8

started_at=$SECONDS

# Says what happens now.
step() {
  printf '%s\n' "$*"
}

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# How long the script has been running, for people.
elapsed() {
  local seconds=$((SECONDS - started_at))
  printf '%d min %02d s' $((seconds / 60)) $((seconds % 60))
}

# Runs a command with its output in a file, which is shown only when the command fails.
#   quietly LOG COMMAND…
quietly() {
  local log=$1 status=0
  shift
  mkdir -p "$(dirname "$log")"
  "$@" >"$log" 2>&1 || status=$?
  [ "$status" -eq 0 ] && return 0
  tail -n 60 "$log" >&2
  die "failed: $* (the whole log: $log)"
}
