#!/usr/bin/env bash
# Compiles the control plane that tests and demo run: etcd, kube-apiserver, kube-controller-manager and kubectl.
# Usage: build.sh DIRECTORY. Does nothing if the directory has what this script and its module describe.
set -euo pipefail

programs=(etcd kube-apiserver kube-controller-manager kubectl)
packages=(
  go.etcd.io/etcd/server/v3
  k8s.io/kubernetes/cmd/kube-apiserver
  k8s.io/kubernetes/cmd/kube-controller-manager
  k8s.io/kubernetes/cmd/kubectl
)

if [[ -n ${KUBEBUILDER_ASSETS:-} ]]; then
  for program in etcd kube-apiserver kubectl; do
    [[ -x $KUBEBUILDER_ASSETS/$program ]] || { echo "control-plane: KUBEBUILDER_ASSETS=$KUBEBUILDER_ASSETS has no $program" >&2; exit 1; }
  done
  echo "control-plane: using KUBEBUILDER_ASSETS=$KUBEBUILDER_ASSETS"
  exit
fi

out=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
wanted=$(cat "$here"/{go.mod,go.sum,build.sh} | cksum)
if [[ -f $out/.built && $(<"$out/.built") == "$wanted" ]]; then
  exit
fi

version=$(go -C "$here" list -m -f '{{.Version}}' k8s.io/kubernetes)
echo "control-plane: compiling ${programs[*]} (Kubernetes $version) into bin/control-plane"
echo "control-plane: this happens once; about 12 minutes on two cores, 4 on eight"

# The servers and kubectl know their version only if the linker tells them.
IFS=. read -r major minor _ <<<"${version#v}"
ldflags="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  ldflags+=" -X $package.gitVersion=$version -X $package.gitMajor=$major -X $package.gitMinor=$minor"
done

mkdir -p "$out"
work=$(mktemp -d "$out/.build.XXXXXX")
trap 'rm -rf "$work"' EXIT
failed() {
  echo "control-plane: $1 failed:" >&2
  tail -n 30 "$work/log" >&2
  exit 1
}

echo "control-plane: downloading modules"
total=$(go -C "$here" list -deps "${packages[@]}" 2>"$work/log" | wc -l) || failed "go list"

# Reads what `go build -v` says, a line for each package that it compiles, and speaks every 20 seconds.
progress() {
  local compiled=0 due=$((SECONDS + 20)) package
  while read -r package; do
    compiled=$((compiled + 1))
    if ((SECONDS >= due)); then
      echo "control-plane: $((SECONDS / 60))m$((SECONDS % 60))s: compiled $compiled of $((total)) packages; now $package"
      due=$((SECONDS + 20))
    fi
  done
}
go -C "$here" build -v -ldflags "$ldflags" -o "$work/bin/" "${packages[@]}" 2>&1 | tee "$work/log" | progress || failed "go build"

mv "$work/bin/server" "$work/bin/etcd" # etcd's main package is named server
for program in "${programs[@]}"; do
  mv -f "$work/bin/$program" "$out/$program"
done
echo "$wanted" >"$out/.built"
echo "control-plane: done in $((SECONDS / 60))m$((SECONDS % 60))s"
