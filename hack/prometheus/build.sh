#!/usr/bin/env bash
# Compiles Prometheus and promtool, which the suite in test/prometheus runs, without Prometheus's web pages.
# Usage: build.sh DIRECTORY. Does nothing if the directory has what this script and its module describe.
set -euo pipefail

out=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
wanted=$(cat "$here"/{go.mod,go.sum,build.sh} | cksum)
if [[ -f $out/.built && $(<"$out/.built") == "$wanted" ]]; then
  exit
fi

programs=(prometheus promtool)
module=github.com/prometheus/prometheus
version=$(go -C "$here" list -m -f '{{.Version}}' "$module")
echo "prometheus: compiling ${programs[*]} ($version) into bin/prometheus"
echo "prometheus: this happens once; about 5 minutes on two cores"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed() {
  echo "prometheus: $1 failed:" >&2
  tail -n 30 "$work/log" >&2
  exit 1
}

# None of the ways to discover targets is needed that clouds have.
flags=(-tags remove_all_sd -ldflags "-s -w -X github.com/prometheus/common/version.Version=${version#v}")
packages=("${programs[@]/#/$module/cmd/}")

echo "prometheus: downloading modules"
total=$(go -C "$here" list "${flags[@]:0:2}" -deps "${packages[@]}" 2>"$work/log" | wc -l) || failed "go list"

# Reads what `go build -v` says, a line for each package that it compiles, and speaks every 20 seconds.
progress() {
  local compiled=0 due=$((SECONDS + 20)) package
  while read -r package; do
    compiled=$((compiled + 1))
    if ((SECONDS >= due)); then
      echo "prometheus: $((SECONDS / 60))m$((SECONDS % 60))s: compiled $compiled of $((total)) packages; now $package"
      due=$((SECONDS + 20))
    fi
  done
}
mkdir -p "$out" "$work/bin"
go -C "$here" build -v "${flags[@]}" -o "$work/bin/" "${packages[@]}" 2>&1 | tee "$work/log" | progress || failed "go build"

for program in "${programs[@]}"; do
  mv -f "$work/bin/$program" "$out/$program"
done
echo "$wanted" >"$out/.built"
echo "prometheus: done in $((SECONDS / 60))m$((SECONDS % 60))s"
