#!/usr/bin/env bash
# Compiles Flux's kustomize-controller for the suite in test/flux, and writes the CRDs that it works with beside it.
# Usage: build.sh DIRECTORY. Does nothing if the directory has what this script and its module describe.
set -euo pipefail

out=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tools=$(cd "$here/../tools/controller-gen" && pwd)
wanted=$(cat "$here"/{go.mod,go.sum,build.sh} "$tools/go.mod" | cksum)
if [[ -f $out/.built && $(<"$out/.built") == "$wanted" ]]; then
  exit
fi

module=github.com/fluxcd/kustomize-controller
echo "flux: compiling kustomize-controller $(go -C "$here" list -m -f '{{.Version}}' $module) into bin/flux"
echo "flux: this happens once; about 5 minutes on two cores"

mkdir -p "$out"
work=$(mktemp -d "$out/.build.XXXXXX")
trap 'rm -rf "$work"' EXIT
failed() {
  echo "flux: $1 failed:" >&2
  tail -n 30 "$work/log" >&2
  exit 1
}

echo "flux: downloading modules"
total=$(go -C "$here" list -deps $module 2>"$work/log" | wc -l) || failed "go list"

# Reads what `go build -v` says, a line for each package that it compiles, and speaks every 20 seconds.
progress() {
  local compiled=0 due=$((SECONDS + 20)) package
  while read -r package; do
    compiled=$((compiled + 1))
    if ((SECONDS >= due)); then
      echo "flux: $((SECONDS / 60))m$((SECONDS % 60))s: compiled $compiled of at most $((total)) packages; now $package"
      due=$((SECONDS + 20))
    fi
  done
}
go -C "$here" build -v -ldflags "-s -w" -o "$work/bin/" $module 2>&1 | tee "$work/log" | progress || failed "go build"

# The module has the CRD of its own kind. Those of the sources are written from their Go types, as Flux does it.
cp "$(go -C "$here" list -m -f '{{.Dir}}' $module)"/config/crd/bases/*.yaml "$work/bin/"
(cd "$here" && go tool -modfile="$tools/go.mod" controller-gen crd \
  paths=github.com/fluxcd/source-controller/api/v1 output:crd:dir="$work/bin") >"$work/log" 2>&1 || failed controller-gen
chmod u+w "$work"/bin/*

mv -f "$work"/bin/* "$out/"
echo "$wanted" >"$out/.built"
echo "flux: done in $((SECONDS / 60))m$((SECONDS % 60))s"
