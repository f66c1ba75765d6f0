# Runs the commands of one attempt, once, and ends when they end. It is called below, with the interpreter of the commands
# as its arguments and their text as its input.
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
  if cat >"$claim/commands" && export_environment; then
    arm </dev/null
    cd "$HOME" || cd /
    "$@" "$claim/commands" </dev/null
    code=$?
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

# A second delivery of the commands runs nothing: it ends when and as the first one ends.
follow() {
  echo "ec2-ops: these commands were started on this instance before; following them" >&2
  until [ -f "$claim/exit" ]; do
    if [ -f "$claim/boot" ] && [ "$boot" != "$(cat "$claim/boot")" ]; then
      echo "ec2-ops: the instance was rebooted before they had ended" >&2
      exit 1
    fi
    sleep 1
  done
  exit "$(cat "$claim/exit")"
}

# The last safety net: the instance ends itself later than ec2-ops would have ended it, and right after a reboot, because that
# ends the commands. One that was switched off may be started again.
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
Description=What is switched off after the ec2-ops attempt $attempt may be started again
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

# Says how the commands failed. The agent takes two exit codes for orders: 168 for success, 194 for a reboot after which the
# script runs again.
report() {
  case $code in
  0) return ;;
  168 | 194)
    echo "ec2-ops: exit code $code is an order to the SSM agent; it is reported as 1" >&2
    code=1
    ;;
  esac
  if [ -f "$claim/at" ] && read -r first last <"$claim/at"; then
    [ "$first" = "$last" ] || first="$first to $last"
    echo "ec2-ops: command $first of $commands ended with exit code $code" >&2
  fi
}

# The agent waits until no process holds the output. What the commands left in the background has five seconds, because a
# `tee` may still be writing, and is then ended.
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

# Finds the processes that hold the output, other than this one, its parent and what is older: nothing of that is theirs.
find_leftovers() {
  leftovers=
  started $$ && since=$start
  for fd in /proc/[0-9]*/fd/[12]; do
    pid=${fd#/proc/}
    pid=${pid%%/*}
    case " $$ $PPID$leftovers " in *" $pid "*) continue ;; esac
    for own in "/proc/$$/fd/1" "/proc/$$/fd/2"; do
      if [ -p "$own" ] && [ "$fd" -ef "$own" ] && started "$pid" && [ "$start" -ge "$since" ]; then
        leftovers="$leftovers $pid"
        break
      fi
    done
  done
}

# Finds out when a process started: the 22nd field of proc(5), where the second may hold anything.
started() {
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return
  set -- ${stat##*) }
  shift 19
  start=$1
}
