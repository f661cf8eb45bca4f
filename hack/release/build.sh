#!/usr/bin/env bash
# Compiles programs of cmd/ so that two builds of one commit, by one version of Go, are equal byte for byte.
# Usage: build.sh DIRECTORY VERSION PROGRAM…     GOOS and GOARCH say for which platform.
set -euo pipefail

out=$1 version=$2
shift 2
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
mkdir -p "$out"

# What would tell one build from another: the folder, the C compiler, the state of git, flags and CPU from the environment.
# -buildid is a hash of all that, too.
export CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOAMD64=v1 GOARM64=v8.0 GOWORK=off GOEXPERIMENT=
for program in "$@"; do
  go build -trimpath -ldflags "-s -w -buildid= -X main.version=$version" -o "$out/$program" "./cmd/$program"
done
