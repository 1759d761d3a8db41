# Shared by the scripts beside it, which source it: `. "$(dirname "$0")/common.sh"`.
# It moves to the root of the checkout.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The same everywhere, so that messages can be compared.
export LC_ALL=C.UTF-8

jobs=$(nproc)
started_at=$SECONDS

# Says what happens now.
step() {
  printf '%s\n' "$*"
}

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
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

# Configures and builds a preset. Further arguments are targets; none means everything.
#   build_preset PRESET [TARGET…]
build_preset() {
  local preset=$1 targets=()
  shift
  [ $# -eq 0 ] || targets=(--target "$@")
  quietly "build/$preset-configure.log" cmake --preset "$preset"
  quietly "build/$preset-build.log" cmake --build --preset "$preset" --parallel "$jobs" \
    "${targets[@]}"
}

# How long the script has been running, for people.
elapsed() {
  local seconds=$((SECONDS - started_at))
  printf '%d min %02d s' $((seconds / 60)) $((seconds % 60))
}
