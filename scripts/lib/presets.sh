# Building by CMakePresets.json; needs begin.sh.

jobs=$(nproc)

configure_preset() {
  quietly "build/$1-configure.log" cmake --preset "$1"
}

# Configures and builds a preset. Further arguments are targets; none means everything.
#   build_preset PRESET [TARGET…]
build_preset() {
  local preset=$1 targets=()
  shift
  [ $# -eq 0 ] || targets=(--target "$@")
  configure_preset "$preset"
  quietly "build/$preset-build.log" cmake --build --preset "$preset" --parallel "$jobs" \
    "${targets[@]}"
}
