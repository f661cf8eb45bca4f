#!/usr/bin/env bash
# Builds the simulator from two copies of the source in folders of different names, and fails unless the bytes are equal.
# The operator is built by the same script from the same settings.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for copy in a another/folder; do
  mkdir -p "$work/$copy/hack"
  cp -R go.mod go.sum api cmd internal "$work/$copy"
  cp -R hack/release "$work/$copy/hack"
  "$work/$copy/hack/release/build.sh" "$work/$copy/out" v0.0.0-reproducible ontap-simulator
done
cmp "$work/a/out/ontap-simulator" "$work/another/folder/out/ontap-simulator"
said=$("$work/a/out/ontap-simulator" --version)
[[ $said == "ontap-simulator version v0.0.0-reproducible" ]] || { echo "reproducible: --version says: $said" >&2; exit 1; }
if grep -q -F "$work" "$work/a/out/ontap-simulator"; then
  echo "reproducible: the folder of the source is in the program" >&2
  exit 1
fi
echo "reproducible: two builds from two folders are equal, and know their version"
