# shellcheck shell=bash disable=SC2034,SC2153 # the sourced files share their variables
# The User-Mode Linux lane: a kernel with rxe built in that runs as a process of the host, built once
# by scripts/build_uml.sh. Starts in a second and needs no privileges. Sourced, never run.

readonly UML_BINARY=${REMIT_UML:-$CACHE/uml/linux}

uml_missing() {
  [[ -x $UML_BINARY ]] || { echo "no User-Mode Linux at $UML_BINARY (scripts/build_uml.sh builds it once)" && return; }
  missing_programs setpriv
}

# UML keeps its memory in a file, best in a tmpfs; a small /dev/shm, as containers have it, would
# kill it in the middle of a test.
uml_memory_dir() {
  local free
  free=$(df -Pm /dev/shm 2>/dev/null | awk 'NR == 2 {print $4}')
  if [[ -w /dev/shm && ${free:-0} -ge $MEMORY ]]; then echo /dev/shm; else echo "$RUN_DIR"; fi
}

lane_uml() {
  TIME_SCALE=${TIME_SCALE:-4}
  : "${MEMORY:=2048}"
  MODULES_DIR=
  refuse_hidden_path "the working directory" "$PWD"
  make_run_dir
  choose_out_dir
  [[ $OUT_DIR != *,* ]] || die "$EXIT_USAGE" "REMIT_OUT=$OUT_DIR has a comma, which User-Mode Linux cannot mount: use another folder"
  write_job uml "$@"
  install -m 755 "$GUEST_DIR/uml_init.sh" "$RUN_DIR/job/init"
  say "lane uml: $UML_BINARY, $MEMORY MiB, one CPU"

  local -a terminal=(con=null)
  if [[ $SHELL_MODE = 1 ]]; then terminal+=("con1=fd:3,fd:4"); fi
  ulimit -c 0                               # a panic would dump its core
  ulimit -n "$(ulimit -Hn)" 2>/dev/null || true # hostfs holds a host file for each open one
  # The console goes to a file of its own, apart from what the monitor of UML says.
  TMPDIR=$(uml_memory_dir) setsid setpriv --pdeathsig KILL -- "$UML_BINARY" \
    "mem=${MEMORY}M" rootfstype=hostfs rootflags=/ ro "init=$RUN_DIR/job/init" "remit_job=$RUN_DIR/job" \
    "umid=remit-$$" "uml_dir=$RUN_DIR/uml" "${terminal[@]}" con0=null,fd:5 loglevel=5 oops=panic \
    <&3 5>>"$RUN_DIR/console" >>"$RUN_DIR/monitor.log" 2>&1 &
  GUEST_PID=$!
  BOOT_TIMEOUT=${BOOT_TIMEOUT:-90}
}
