#!/bin/bash
# bench/serve.sh [MIB [ROUNDS]]: what downloads from ingotd cost and how fast
# they are, beside nginx with the same files unpacked. Prints a table; 256 MiB
# and 5 rounds without arguments.
#
# Makes a model and four fine-tunes, each of the one before, packs them at
# levels 3 and 5, and downloads over loopback with curl, one connection: the
# model (no base), the first and the fourth fine-tune (deltas of depth 1 and 4).
# First the same files are read within one process, without network and client,
# by one thread and by two.
#
# CPU seconds are user and system. Client and server share the machine, and the
# kernel charges a part of the sender's work to the receiver, the more the busier
# the machine is: both are given. `memcpy` is that of `ingot bench` in the same
# minutes. Each number is the median of rounds in which all take turns, with the
# lowest and highest.
#
# Needs nginx, curl and the packages of tools/packages.sh; INGOT_BIN names a
# folder of programs to be measured instead of those that it builds. What it
# makes stays in build/serve, and is used again.

set -euo pipefail
mib=${1:-256}
rounds=${2:-5}
cd "$(dirname "$0")/.."
if [ -z "${INGOT_BIN-}" ]; then
  source tools/packages.sh
  build_preset release
  cmake --build build/release --target ingot_read_bench -- --quiet
  INGOT_BIN=build/release/bin
fi
bin=$(realpath -e -- "$INGOT_BIN")
out=$PWD/build/serve/$mib
mkdir -p "$out/files"
# Of one measurement: so that the clock's ticks of 10 ms do not matter.
requests=$(((1023 + mib) / mib))

source bench/daemon.sh
nginx=
end() {
  end_daemon
  if [ -n "$nginx" ]; then kill "$nginx"; wait "$nginx" || true; fi
  nginx=
}
trap end EXIT

start_nginx() {
  local port
  for port in $(seq 17878 17899); do
    cat >"$out/nginx.conf" <<END
daemon off;
master_process off;
pid $out/nginx.pid;
error_log $out/nginx.log;
events {}
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  client_body_temp_path $out;
  server { listen 127.0.0.1:$port; root $out/files; }
}
END
    nginx -e "$out/nginx.log" -c "$out/nginx.conf" &
    nginx=$!
    raw=http://127.0.0.1:$port
    sleep 0.3
    if kill -0 "$nginx" 2>/dev/null; then return; fi
    nginx=
  done
  cat "$out/nginx.log" >&2
  exit 1
}

# One at a time, so that each finds the one before it in a pack.
if [ ! -e "$out/packed" ]; then
  rm -rf -- "$out/store"
  for depth in 0 1 2 3 4; do
    file=$out/files/$depth
    tuned=()
    if [ "$depth" -gt 0 ]; then tuned=(tuned "$depth"); fi
    "$bin/ingot_sample" "$file" "$mib" "${tuned[@]}"
    start_daemon "$out/store"
    push "bench/depth$depth" "$file"
    end
    "$bin/ingotd" compact --data "$out/store" >&2
  done
  touch "$out/packed"
fi

# CPU seconds that a process has used.
cpu_of() {
  awk -v tick="$(getconf CLK_TCK)" \
    '{ sub(/.*\) /, ""); printf "%.2f", ($12 + $13) / tick }' "/proc/$1/stat"
}
# measure NAME PROCESS URL: appends "NAME server client GB/s", the former in CPU
# seconds for each GB.
measure() {
  local name=$1 process=$2 urls=() before after
  local TIMEFORMAT='client %U %S'
  for _ in $(seq "$requests"); do urls+=(-o /dev/null "$3"); done
  before=$(cpu_of "$process")
  { time curl -sSf -w '%{size_download} %{time_total}\n' "${urls[@]}"; } \
    >"$out/sample" 2>&1
  after=$(cpu_of "$process")
  awk -v name="$name" -v before="$before" -v after="$after" '
    $1 == "client" { client = $2 + $3; next }
    { bytes += $1; seconds += $2 }
    END {
      print name, (after - before) / bytes * 1e9, client / bytes * 1e9,
            bytes / seconds / 1e9
    }' "$out/sample" >>"$out/measured"
}
# memcpy's GB/s of these bytes.
measure_memcpy() {
  "$bin/ingot" bench --level 1 --runs 3 --json "$out/files/0" |
    sed -n 's/.*"memcpy_gbps": *\([0-9.]*\).*/memcpy 0 0 \1/p' |
    head -n 1 >>"$out/measured"
}

digests=()
for depth in 0 1 4; do
  digests+=("$(sha256sum "$out/files/$depth" | cut -d ' ' -f 1)")
done
"$bin/ingot_read_bench" --data "$out/store" --runs "$rounds" "${digests[@]}"

: >"$out/measured"
start_daemon "$out/store"
start_nginx
echo "load $(cut -d ' ' -f 1-3 /proc/loadavg)"
for round in $(seq 0 "$rounds"); do
  # The first round fills the page cache.
  if [ "$round" -eq 1 ]; then : >"$out/measured"; fi
  measure nginx "$nginx" "$raw/0"
  for depth in 0 1 4; do
    measure "depth$depth" "$daemon" "$hub/bench/depth$depth/resolve/main/m"
  done
  measure_memcpy
done
echo "load $(cut -d ' ' -f 1-3 /proc/loadavg)"
awk '/^RssAnon/ { print "resident, anonymous: " $2 / 1024 " MiB" }' \
  "/proc/$daemon/status"
end

# Medians, with the lowest and highest.
awk '
  function text(numbers, count,   i, j, swap) {
    for (i = 1; i <= count; ++i) {
      for (j = i + 1; j <= count; ++j) {
        if (numbers[j] < numbers[i]) {
          swap = numbers[i]; numbers[i] = numbers[j]; numbers[j] = swap
        }
      }
    }
    middle = numbers[int((count + 1) / 2)]
    return sprintf("%6.3f (%.3f to %.3f)", middle, numbers[1], numbers[count])
  }
  {
    ++count[$1]
    server[$1, count[$1]] = $2
    client[$1, count[$1]] = $3
    speed[$1, count[$1]] = $4
  }
  END {
    split("nginx depth0 depth1 depth4 memcpy", names, " ")
    printf "%-7s %-24s %-24s %-26s %s\n", "", " server, CPU s/GB",
           " client, CPU s/GB", " GB/s", "server/nginx  both/nginx  speed/memcpy"
    for (n = 5; n >= 1; --n) {
      name = names[n]
      for (i = 1; i <= count[name]; ++i) {
        servers[i] = server[name, i]
        clients[i] = client[name, i]
        speeds[i] = speed[name, i]
      }
      line[name] = sprintf("%-7s %-24s", name, text(servers, count[name]))
      cost[name] = middle
      line[name] = sprintf("%s %-24s", line[name], text(clients, count[name]))
      both[name] = cost[name] + middle
      line[name] = sprintf("%s %-26s", line[name], text(speeds, count[name]))
      gbps[name] = middle
    }
    for (n = 1; n <= 4; ++n) {
      name = names[n]
      printf "%s %8.2f %12.2f %13.3f\n", line[name], cost[name] / cost["nginx"],
             both[name] / both["nginx"], gbps[name] / gbps["memcpy"]
    }
    print line["memcpy"]
  }' "$out/measured"
