# One file for both images; docs/releasing.md builds them for several platforms:
#   docker build -t ontap-san-operator:0.1.0 .
#   docker build -t ontap-simulator:0.1.0 --build-arg PROGRAM=ontap-simulator .
# The Go version decides the bytes of the program, hence all three numbers of it.
ARG GO_VERSION=1.26.8
# Compiled where the builder runs, for the platform that is asked for: Go needs no emulation.
FROM --platform=$BUILDPLATFORM golang:${GO_VERSION} AS build
ARG PROGRAM=manager
ARG VERSION=dev
ARG TARGETOS
ARG TARGETARCH
WORKDIR /src
# The modules change less often than the code: a layer of their own.
COPY go.mod go.sum ./
COPY api/go.mod api/go.sum api/
RUN go mod download
COPY hack/release/build.sh hack/release/
COPY api/ api/
COPY cmd/ cmd/
COPY internal/ internal/
RUN GOOS=${TARGETOS} GOARCH=${TARGETARCH} GOTOOLCHAIN=local hack/release/build.sh /out ${VERSION} ${PROGRAM} && \
    mv /out/${PROGRAM} /out/program

FROM scratch
ARG PROGRAM=manager
ARG VERSION=dev
LABEL org.opencontainers.image.title=${PROGRAM} \
      org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.source=https://github.com/ontap-operator/ontap-san-operator \
      org.opencontainers.image.licenses=Apache-2.0
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/program /program
USER 65532:65532
ENTRYPOINT ["/program"]
