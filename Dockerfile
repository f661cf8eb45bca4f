# One file for both images:
#   docker build -t ontap-san-operator .
#   docker build -t ontap-simulator --build-arg PROGRAM=ontap-simulator .
FROM golang:1.26 AS build
ARG PROGRAM=manager
ARG VERSION=dev
ARG TARGETOS
ARG TARGETARCH
WORKDIR /src
# The modules change less often than the code: a layer of their own.
COPY go.mod go.sum ./
RUN go mod download
COPY api/ api/
COPY cmd/ cmd/
COPY internal/ internal/
RUN CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH} \
    go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /program ./cmd/${PROGRAM}

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /program /program
USER 65532:65532
ENTRYPOINT ["/program"]
