# Evaluates each entry on its own, so that one that fails ends the run. Entries that are complete only together are evaluated
# as one. This shell itself checks that, because another shell may have other words. Inside an open here-document, a lone `)`
# is not an error. An entry may turn on bash's `extglob` before it uses it.
set -e
# An interactive shell ignores `set -n`: it would run what it only has to check.
case $- in
  *i*)
    echo "ec2-ops: an interactive shell (-i) cannot run the commands; a login shell (-l) can" >&2
    exit 2
    ;;
esac
ec2_ops_piece= ec2_ops_done=0 ec2_ops_read=0
ec2_ops_complete() {
  ! (shopt -s extglob; eval "set -n
$ec2_ops_piece)") 2>/dev/null && (shopt -s extglob || :; eval "set -n
$ec2_ops_piece") 2>/dev/null
}
ec2_ops_take='ec2_ops_read=$((ec2_ops_read + 1)) ec2_ops_piece=$ec2_ops_piece$ec2_ops"
"'
ec2_ops_note='{ echo "$((ec2_ops_done + 1)) $ec2_ops_read" >|"${0%/*}/at"; } 2>/dev/null || :'
# An entry that fails after `set +e` ends the run, too.
ec2_ops_run='eval "$ec2_ops_take"
if ec2_ops_complete; then
  eval "$ec2_ops_note"
  ec2_ops_done=$ec2_ops_read ec2_ops=$ec2_ops_piece ec2_ops_piece=
  eval "$ec2_ops"
  ec2_ops=$?
  [ "$ec2_ops" = 0 ] || exit "$ec2_ops"
fi'
# What is left at the end is not evaluated. After `set -n`, the shell runs nothing and finds the error in the last line.
ec2_ops_end='if [ -z "$ec2_ops_piece" ]; then exit 0; fi
eval "$ec2_ops_note"
(eval "set -n
$ec2_ops_piece") || :
echo "ec2-ops: this is no complete command: something is not closed, or is closed and was never opened" >&2
exit 2'
