# Sourced: announces each step with its time, and says which one failed.

step() {
  local name=$1 start=$SECONDS
  shift
  echo "== $name"
  "$@" || { echo "== $name failed after $((SECONDS - start)) s" >&2; exit 1; }
  echo "== $name passed in $((SECONDS - start)) s"
}
