# Sourced by scripts that measure an ingotd. They set `bin`, the folder of
# programs, and `out`, a folder for what is made.

daemon=
# start_daemon STORE [OPTION...]: on loopback, and it does nothing by itself. Its
# process is then in `daemon`, its port in `port`, its address in `hub`.
start_daemon() {
  "$bin/ingotd" serve --data "$1" --listen 127.0.0.1:0 --compact false \
    --collect 0 --scrub 0 --log-format text "${@:2}" 2>"$out/ingotd.log" &
  daemon=$!
  for _ in $(seq 100); do
    port=$(sed -n 's/.*listening on [0-9.]*, port \([0-9]*\).*/\1/p' \
      "$out/ingotd.log")
    hub=http://127.0.0.1:$port
    if [ -n "$port" ]; then return; fi
    sleep 0.1
  done
  cat "$out/ingotd.log" >&2
  exit 1
}
end_daemon() {
  if [ -n "$daemon" ]; then kill "$daemon"; wait "$daemon" || true; fi
  daemon=
}

# push REPOSITORY FILE [SHA-256]: as clients of the Hub do; it is `m` there.
push() {
  local oid size href
  oid=${3-$(sha256sum "$2" | cut -d ' ' -f 1)}
  size=$(stat -c %s "$2")
  curl -sSf "$hub/api/repos/create" -d "{\"name\": \"$1\"}" >/dev/null
  href=$(curl -sSf "$hub/$1.git/info/lfs/objects/batch" -d "{
    \"operation\": \"upload\",
    \"objects\": [{\"oid\": \"$oid\", \"size\": $size}]}" |
    sed -n 's/.*"href":"\([^"]*signature[^"]*\)".*/\1/p')
  curl -sSf -T "$2" "$href" >/dev/null
  curl -sSf "$hub/api/models/$1/commit/main" --data-binary @- >/dev/null <<END
{"key": "header", "value": {"summary": "Add the model"}}
{"key": "lfsFile", "value": {"path": "m", "algo": "sha256", "oid": "$oid", "size": $size}}
END
}
