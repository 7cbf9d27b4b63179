#!/bin/bash
# tools/quickstart.sh [MODEL]: from a fresh Debian 12 machine to a model
# compressed, verified, restored and compared, as root or with sudo; then to a
# daemon that is given a model and a fine-tune of it, packs them and serves them
# to a client of the Hub.
#
# MODEL is a file or a folder and is only read; without it a 64 MiB bf16
# sample is made. Everything lands in build/quickstart.

set -euo pipefail
if [ $# -gt 1 ]; then
  echo "usage: tools/quickstart.sh [MODEL]" >&2
  exit 2
fi
model=${1-}
if [ -n "$model" ]; then model=$(realpath -e -- "$model"); fi
cd "$(dirname "$0")/.."
source tools/packages.sh

install_packages "${BUILD_PACKAGES[@]}" curl
build_preset release

bin=$PWD/build/release/bin
out=$PWD/build/quickstart
mkdir -p "$out"
if [ -z "$model" ]; then
  model=$out/sample.safetensors
  "$bin/ingot_sample" "$model"
fi
packed=$out/$(basename -- "$model").ingot
restored=$out/restored
rm -rf -- "$restored"
# A folder stays one, also with a single file in it.
if [ -d "$model" ]; then target=$restored/; else target=$restored; fi

# Runs a command and leaves its wall-clock seconds in $seconds.
timed() {
  local start=$EPOCHREALTIME
  echo "\$ ingot ${*:2}" >&2
  "$@"
  seconds=$(awk -v a="$start" -v b="$EPOCHREALTIME" \
    'BEGIN { printf "%.2f", b - a }')
}
bytes_of() { find "$1" -type f -printf '%s\n' | awk '{ n += $1 }
  END { printf "%.0f", n }'; }

timed "$bin/ingot" compress -q -f -o "$packed" "$model"
compress_seconds=$seconds
timed "$bin/ingot" inspect "$packed" >"$out/inspect.txt"
sed -n 1,12p "$out/inspect.txt"
echo "... (all of it in $out/inspect.txt)"
timed "$bin/ingot" verify "$packed"
verify_seconds=$seconds
timed "$bin/ingot" decompress -q -o "$target" "$packed"
decompress_seconds=$seconds
diff -r -- "$model" "$restored"
echo "restored bytes are identical"
raw=$(bytes_of "$model")
encoded=$(bytes_of "$packed")

# It needs memory for three times the file.
if [ -f "$model" ] && [ "$raw" -le 2000000000 ]; then
  timed "$bin/ingot" bench "$model"
fi

echo
row() { printf '%-12s %15s %10s %9s %9s\n' "$@"; }
speed() { awk -v n="$raw" -v s="$1" \
  'BEGIN { printf "%.2f", (s > 0 ? n / s / 1e9 : 0) }'; }
row "" bytes "size" seconds GB/s
row model "$raw" 1.0000 "" ""
row compress "$encoded" "$(awk -v a="$encoded" -v b="$raw" \
  'BEGIN { printf "%.4f", (b > 0 ? a / b : 0) }')" \
  "$compress_seconds" "$(speed "$compress_seconds")"
row verify "" "" "$verify_seconds" "$(speed "$verify_seconds")"
row decompress "" "" "$decompress_seconds" "$(speed "$decompress_seconds")"

# The daemon, on a port of its own choice.
echo
store=$out/store
address=
daemon=
start_daemon() {
  "$bin/ingotd" serve --data "$store" --listen 127.0.0.1:0 --compact false \
    --log-format text 2>"$out/ingotd.log" &
  daemon=$!
  for _ in $(seq 100); do
    address=$(sed -n 's/.*listening on \([0-9.]*\), port \([0-9]*\).*/\1:\2/p' \
      "$out/ingotd.log")
    if [ -n "$address" ]; then return; fi
    sleep 0.1
  done
  cat "$out/ingotd.log" >&2
  exit 1
}
stop_daemon() {
  kill "$daemon"
  wait "$daemon"
  daemon=
}
trap 'if [ -n "$daemon" ]; then kill "$daemon"; fi' EXIT
push() {
  echo "\$ ingot push $1 $(basename "$2")"
  "$bin/ingot" push -q --endpoint "http://$address" --public "$1" "$2"
}
# As clients of the Hub do, and as ingot does.
pull() {
  local url=http://$address/$1/resolve/main/$(basename "$2")
  rm -rf -- "$out/pulled"
  echo "\$ curl $url"
  curl -sSf -o "$out/pulled" "$url"
  cmp "$out/pulled" "$2"
  echo "\$ ingot pull $1"
  rm -rf -- "$out/pulled"
  "$bin/ingot" pull -q --endpoint "http://$address" -o "$out/pulled" "$1"
  cmp "$out/pulled/$(basename "$2")" "$2"
}

rm -rf -- "$store"
base=$out/base.safetensors
tuned=$out/tuned.safetensors
"$bin/ingot_sample" "$base" 64
"$bin/ingot_sample" "$tuned" 64 tuned
start_daemon
push demo/base "$base"
push demo/tuned "$tuned"
stop_daemon
echo "\$ ingotd compact"
"$bin/ingotd" compact --data "$store"
start_daemon
pull demo/base "$base"
pull demo/tuned "$tuned"
stop_daemon
echo "served bytes are identical"
