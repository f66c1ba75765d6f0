# Runs the commands of one attempt, once. Its arguments are the interpreter of the commands, its input is their text.
main() {
  set_environment
  claim=$HOME/.ec2-ops/$attempt
  mkdir -p "$HOME/.ec2-ops"
  boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)
  if ! mkdir -m 700 "$claim" 2>/dev/null; then
    [ ! -d "$claim" ] || follow
    echo "ec2-ops: the directory $claim, which keeps the commands from running twice, cannot be created" >&2
    exit 1
  fi
  echo "$boot" >"$claim/boot"
  started $$ && echo "$$ $start" >"$claim/owner"
  if cat >"$claim/commands"; then
    arm </dev/null
    cd "$HOME" || cd /
    tell >/dev/null &
    teller=$!
    # The variables of the document may have the same names as those of this script.
    (set -- "$@" "$claim/commands" && export_environment && exec "$@") </dev/null
    code=$?
    { kill "$teller" && wait "$teller"; } 2>/dev/null
  else
    code=1
  fi
  report
  echo "$code" >"$claim/exit.new" && mv "$claim/exit.new" "$claim/exit"
  end_leftovers
  exit "$code"
}

# The SSM agent sets none of these variables.
set_environment() {
  IFS=: read -r _ _ _ _ _ home shell <<EOF
$(getent passwd root 2>/dev/null || grep '^root:' /etc/passwd)
EOF
  export HOME="${HOME:-${home:-/root}}" SHELL="${SHELL:-${shell:-/bin/sh}}" TMPDIR="${TMPDIR:-/tmp}"
  export USER="${USER:-root}" LOGNAME="${LOGNAME:-root}"
}

# A second copy of this script runs nothing. It waits for the first copy and exits with its code. The agent kills a script
# that is cancelled or reaches its limit; then there is no code, and SSM should know of the first end before the second.
follow() {
  echo "ec2-ops: these commands were started on this instance before; waiting for them" >&2
  while owner_runs; do
    sleep 1
  done
  [ ! -f "$claim/exit" ] || exit "$(cat "$claim/exit")"
  sleep 30
  echo "ec2-ops: they were killed, or the instance was rebooted, before they had ended" >&2
  exit 1
}

# Whether the first copy runs and has no exit code yet. Until it has written who it is, it does.
owner_runs() {
  if [ -f "$claim/boot" ] && [ "$boot" != "$(cat "$claim/boot")" ]; then return 1; fi
  [ ! -f "$claim/exit" ] || return
  read -r pid since 2>/dev/null <"$claim/owner" || return 0
  started "$pid" && [ "$start" = "$since" ]
}

# The fourth safety net: the instance shuts itself down if ec2-ops does not end it. It also shuts itself down after a reboot,
# which has killed the commands. An instance that was stopped may be started again.
arm() {
  if ! systemd-run --unit="ec2-ops-$attempt" --on-active="$deadline" poweroff >/dev/null 2>&1; then
    setsid sh -c "sleep $deadline; poweroff" >/dev/null 2>&1 &
    echo "ec2-ops: without systemd, a reboot of this instance is not noticed before the limit on the commands" >&2
    return
  fi
  : >"$claim/armed"
  cat >"$claim/ec2-ops-$attempt-reboot.service" <<EOF
[Unit]
Description=A reboot ends the ec2-ops attempt $attempt
ConditionPathExists=$claim/armed
[Service]
Type=oneshot
ExecStart="$(command -v poweroff)"
[Install]
WantedBy=multi-user.target
EOF
  cat >"$claim/ec2-ops-$attempt-poweroff.service" <<EOF
[Unit]
Description=A power off disarms ec2-ops-$attempt-reboot
DefaultDependencies=no
Before=poweroff.target
[Service]
Type=oneshot
ExecStart="$(command -v rm)" -f "$claim/armed"
[Install]
WantedBy=poweroff.target
EOF
  systemctl -q enable "$claim/ec2-ops-$attempt-reboot.service" "$claim/ec2-ops-$attempt-poweroff.service"
}

# Reports how the commands failed. The agent reads two exit codes as orders: 168 means success, 194 means reboot and run the
# script again.
report() {
  case $code in
  0) return ;;
  168 | 194)
    echo "ec2-ops: the SSM agent would read exit code $code as an order; it is reported as 1" >&2
    code=1
    ;;
  esac
  if find_entry; then
    echo "ec2-ops: command $entry of $commands ended with exit code $code" >&2
  fi
}

# Says which entry runs, once they take long. SSM returns 8,000 characters of stderr; this may take a fifth of them.
tell() {
  told= pause=10
  if [ "$commands" -gt 50 ]; then return; fi
  while sleep "$pause" 2>/dev/null && kill -0 $$ 2>/dev/null; do
    pause=1
    if find_entry && [ "$entry" != "$told" ]; then
      told=$entry
      echo "ec2-ops: command $entry of $commands runs" >&2
    fi
  done
}

# Finds the entry that runs. Entries that are complete only together are one.
find_entry() {
  read -r entry last 2>/dev/null <"$claim/at" || return
  [ "$entry" = "$last" ] || entry="$entry to $last"
}

# The agent waits until no process holds the output. So the processes that the commands have left in the background are killed
# after five seconds. A `tee` needs them to write the end of the output.
end_leftovers() {
  for round in 1 2 3 4 5 6 7 8 9 10; do
    find_leftovers
    [ -n "$leftovers" ] || return
    if [ "$round" -gt 5 ]; then
      echo "ec2-ops: ending what the commands left in the background:$leftovers" >&2
      kill -9 $leftovers 2>/dev/null
    fi
    sleep 1
  done
}

# Finds the processes that can write to the output. The commands have not started this process, its parent and older
# processes.
find_leftovers() {
  leftovers=
  started $$ && since=$start
  for fd in /proc/[0-9]*/fd/*; do
    pid=${fd#/proc/}
    pid=${pid%%/*}
    case " $$ $PPID$leftovers " in *" $pid "*) continue ;; esac
    for own in "/proc/$$/fd/1" "/proc/$$/fd/2"; do
      if [ -p "$own" ] && [ "$fd" -ef "$own" ] && writes "$fd" && started "$pid" && [ "$start" -ge "$since" ]; then
        leftovers="$leftovers $pid"
        break
      fi
    done
  done
}

# Whether a file is open for writing: the last digit of its flags, which proc(5) has as the second line of fdinfo.
writes() {
  { read -r _ && read -r _ flags; } 2>/dev/null <"${1%/fd/*}/fdinfo/${1##*/}" || return
  case $flags in *[12]) ;; *) return 1 ;; esac
}

# Reads when a process started: field 22 of proc(5). Field 2 may contain anything, also spaces and parentheses.
started() {
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return
  set -- ${stat##*) }
  shift 19
  start=$1
}
