#!/usr/bin/env bash
# Makes the files of a release in dist/release: programs for every platform, their bills of materials, install.yaml, the
# chart and the checksums. It publishes nothing: see docs/releasing.md for what follows.
# Usage: release.sh VERSION      such as 0.1.0
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

version=${1#v}
stamped=$(sed -n 's/^  newTag: \([^ ]*\).*/\1/p' config/manager/kustomization.yaml)
if [[ $stamped != "$version" ]]; then
  echo "release: config/manager/kustomization.yaml has version $stamped: set newTag to $version, run 'make generate' and commit" >&2
  exit 1
fi
for module in . api/v1alpha1/applyconfiguration test; do
  required=$(go -C "$module" list -m -f '{{.Version}}' github.com/ontap-operator/ontap-san-operator/api)
  if [[ $required != "v$version" ]]; then
    echo "release: $module/go.mod requires version ${required#v} of the API: run 'go -C $module mod edit -require" \
      "github.com/ontap-operator/ontap-san-operator/api@v$version' and commit" >&2
    exit 1
  fi
done
if [[ -n $(git status --porcelain) ]]; then
  echo "release: the tree differs from what is committed" >&2
  exit 1
fi

out=$PWD/dist/release
rm -rf "$out"
mkdir -p "$out"
tool=$(mktemp -d)
trap 'rm -rf "$tool"' EXIT
go -C hack/tools/dist build -o "$tool/dist" .
bin/helm/helm lint --strict dist/chart

for platform in linux/amd64 linux/arm64; do
  GOOS=${platform%/*} GOARCH=${platform#*/}
  export GOOS GOARCH
  suffix=$GOOS-$GOARCH
  hack/release/build.sh "$tool/$suffix" "$version" manager ontap-simulator
  mv "$tool/$suffix/manager" "$out/ontap-san-operator-$suffix"
  mv "$tool/$suffix/ontap-simulator" "$out/ontap-simulator-$suffix"
  for program in ontap-san-operator ontap-simulator; do
    "$tool/dist" sbom "$program" "$version" "$out/$program-$suffix" >"$out/$program-$suffix.cdx.json"
  done
done
unset GOOS GOARCH

cp dist/install.yaml "$out/install.yaml"
# Of one commit there is one archive: names in order, owner 0, of the commit's time.
mkdir "$tool/chart"
cp -R dist/chart "$tool/chart/ontap-san-operator"
tar --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime="@$(git log -1 --format=%ct)" --format=ustar \
  -C "$tool/chart" -cf - ontap-san-operator | gzip -n >"$out/ontap-san-operator-$version.tgz"

(cd "$out" && sha256sum -- * >SHA256SUMS)
echo "release: $version is in dist/release; docs/releasing.md tells how to sign and publish it"
