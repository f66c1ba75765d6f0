# Evaluates each entry by itself, so that one that fails ends the run. Entries that are complete only together are
# evaluated together. This shell is asked what is complete, because another one may know other words. Inside an open
# here-document even a lone `)` is no error.
set -e
ec2_ops_piece= ec2_ops_done=0 ec2_ops_read=0
ec2_ops_complete() {
  ! (eval "set -n
$ec2_ops_piece)") 2>/dev/null && (eval "set -n
$ec2_ops_piece") 2>/dev/null
}
ec2_ops_take='ec2_ops_read=$((ec2_ops_read + 1)) ec2_ops_piece=$ec2_ops_piece$ec2_ops"
"'
ec2_ops_note='{ echo "$((ec2_ops_done + 1)) $ec2_ops_read" >|"${0%/*}/at"; } 2>/dev/null || :'
# `set +e` is for the inside of an entry.
ec2_ops_run='eval "$ec2_ops_take"
if ec2_ops_complete; then
  eval "$ec2_ops_note"
  ec2_ops_done=$ec2_ops_read ec2_ops=$ec2_ops_piece ec2_ops_piece=
  eval "$ec2_ops"
  ec2_ops=$?
  [ "$ec2_ops" = 0 ] || exit "$ec2_ops"
fi'
# What is left is never evaluated. `set -n` in an entry leads to the error in the last line.
ec2_ops_end='if [ -z "$ec2_ops_piece" ]; then exit 0; fi
eval "$ec2_ops_note"
(eval "set -n
$ec2_ops_piece") || :
echo "ec2-ops: this is no complete command: something is not closed, or is closed and was never opened" >&2
exit 2'
