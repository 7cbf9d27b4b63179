#!/bin/bash
# bench/latency.sh [MIB [ROUNDS]]: how long reads of 1 MiB take at an ingotd that
# is idle, takes uploads, packs, or collects. Prints a table and a line of JSON;
# files of 64 MiB and five rounds without arguments.
#
# Three models and a fine-tune of each are packed at levels 3 and 5 (the
# fine-tunes as deltas), in packs that also have as many others. Then four clients
# read ranges of those six at random places through `resolve`, each over a
# connection that is kept: for 10 s while nothing else is done, and in each round
# while
#   uploading   16 files come one after the other, as the Hub's clients send them
#   packing     `ingotd compact` packs these: eight models, a fine-tune of each
#   collecting  `ingotd gc --grace 0` after half of these were deleted, and again
#               after all were; in the first round also the others in the packs
#               that are read, so that these are repacked and removed, too
# A read is from the request to its last byte. The clients (ingot_range_reads, C++)
# share the machine, and compare every eighth read with the file. The models that
# are read fit into the page cache; decoded bases do not fit into the daemon's
# cache (--cache, 64 MiB).
#
# Needs curl and the packages of tools/packages.sh; INGOT_BIN names a folder of
# programs to be measured instead of those that it builds. Files that it makes
# stay in build/latency, and are used again; the store is removed.

set -euo pipefail
mib=${1:-64}
rounds=${2:-5}
cd "$(dirname "$0")/.."
if [ -z "${INGOT_BIN-}" ]; then
  source tools/packages.sh
  build_preset release
  cmake --build build/release --target ingot_range_reads -- --quiet
  INGOT_BIN=build/release/bin
fi
bin=$(realpath -e -- "$INGOT_BIN")
out=$PWD/build/latency/$mib
mkdir -p "$out"
source bench/daemon.sh
store=$(mktemp -d "$out/store.XXXXXX")
end() {
  end_daemon
  rm -rf -- "$store"
}
trap end EXIT

# Files are named FAMILY-TUNINGS; FAMILY-TUNINGS.sha256 exists when both are whole.
read=(1-0 1-1 2-0 2-1 3-0 3-1)
others=(4-0 4-1 5-0 5-1 6-0 6-1)
uploads=()
for family in $(seq 7 14); do uploads+=("$family-0" "$family-1"); done
for name in "${read[@]}" "${others[@]}" "${uploads[@]}"; do
  file=$out/$name
  if [ -e "$file.sha256" ]; then continue; fi
  "$bin/ingot_sample" "$file" "$mib" tuned "${name#*-}" "${name%-*}"
  sha256sum "$file" | cut -d ' ' -f 1 >"$file.part"
  mv "$file.part" "$file.sha256"
done

send() { # send NAME...
  local name
  for name in "$@"; do
    push "bench/m$name" "$out/$name" "$(cat "$out/$name.sha256")"
  done
}
delete() { # delete NAME...
  local name
  for name in "$@"; do
    curl -sSf -X DELETE "$hub/api/repos/delete" \
      -d "{\"name\": \"bench/m$name\"}" >/dev/null
  done
}
pack() { "$bin/ingotd" compact --data "$store"; }
collect() { "$bin/ingotd" gc --data "$store" --grace 0; }
targets=()
for name in "${read[@]}"; do
  targets+=("$out/$name=/bench/m$name/resolve/main/m")
done
# during PHASE COMMAND...: reads while it runs.
during() {
  echo "$1" >&2
  local start=$EPOCHREALTIME
  "${@:2}" | "$bin/ingot_range_reads" --port "$port" "${targets[@]}" \
    >>"$out/$1.reads"
  echo "$start $EPOCHREALTIME" >>"$out/$1.times"
}

phases=(idle uploading packing collecting)
for phase in "${phases[@]}"; do
  : >"$out/$phase.reads"
  : >"$out/$phase.times"
done
start_daemon "$store"
for i in "${!read[@]}"; do send "${read[i]}" "${others[i]}"; done
pack >&2
echo "load $(cut -d ' ' -f 1-3 /proc/loadavg), $(nproc) cores"
during idle sleep 3 # fills the caches
: >"$out/idle.reads"
: >"$out/idle.times"
during idle sleep 10
half=()
rest=()
for i in "${!uploads[@]}"; do
  if [ $((i % 4)) -lt 2 ]; then half+=("${uploads[i]}"); else rest+=("${uploads[i]}"); fi
done
for _ in $(seq "$rounds"); do
  during uploading send "${uploads[@]}"
  during packing pack
  delete "${half[@]}" "${others[@]}"
  others=()
  during collecting collect
  delete "${rest[@]}"
  during collecting collect
done
echo "load $(cut -d ' ' -f 1-3 /proc/loadavg)"
end_daemon

json=
printf '%-11s %8s %8s %8s %8s %8s %8s   milliseconds\n' \
  while reads seconds p50 p99 p99.9 most
for phase in "${phases[@]}"; do
  seconds=$(awk '{ sum += $2 - $1 } END { printf "%.1f", sum }' \
    "$out/$phase.times")
  line=$(sort -n "$out/$phase.reads" | awk -v seconds="$seconds" '
    { took[NR] = $1 }
    function at(share,   i) { # the least that so many reads do not exceed
      i = int(share * NR)
      return took[i < share * NR ? i + 1 : i]
    }
    END { print NR, seconds, at(0.5), at(0.99), at(0.999), took[NR] }')
  read -r count _ p50 p99 p999 most <<<"$line"
  printf '%-11s %8d %8.1f %8.2f %8.2f %8.2f %8.2f\n' "$phase" $line
  json+="${json:+, }{\"phase\": \"$phase\", \"reads\": $count, \
\"seconds\": $seconds, \"p50_ms\": $p50, \"p99_ms\": $p99, \
\"p999_ms\": $p999, \"most_ms\": $most}"
done
printf '{"file_mib": %d, "range_bytes": 1048576, "clients": 4, "phases": [%s]}\n' \
  "$mib" "$json"
