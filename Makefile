# ONTAP SAN Operator. `make help` lists what there is to run.
# It takes Go 1.26, make, git and bash; everything else is compiled from Go modules, pinned in hack/.
SHELL := /usr/bin/env bash
.DEFAULT_GOAL := help
# The steps of a target build on each other, and each uses all cores by itself.
.NOTPARALLEL:

BIN          := $(CURDIR)/bin
# The modules that have Go code of the project; the others pin tools.
CODE_MODULES := . api api/v1alpha1/applyconfiguration test hack/tools/dist hack/tools/kube-api-linter
MODULES      := $(CODE_MODULES) $(patsubst %/go.mod,%,$(filter-out $(CODE_MODULES:%=%/go.mod), \
	$(sort $(wildcard hack/*/go.mod hack/*/*/go.mod))))

# Pinned tools live in modules of their own, so that their dependencies never meet the operator's.
CONTROLLER_GEN := tool -modfile=$(CURDIR)/hack/tools/controller-gen/go.mod controller-gen
GOLANGCI_LINT  := tool -modfile=$(CURDIR)/hack/tools/golangci-lint/go.mod golangci-lint
GOVULNCHECK    := tool -modfile=$(CURDIR)/hack/tools/govulncheck/go.mod govulncheck

# $(call each-module,ARGUMENTS) runs go with these arguments in every module that has code, and stops at the first failure.
each-module = @for module in $(CODE_MODULES); do \
	echo "go -C $$module $(subst $(CURDIR)/,,$(1))"; go -C $$module $(1) || exit 1; \
done

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# The tag that config/ and the chart ask for.
IMAGE_TAG = $(shell sed -n 's/^  newTag: \([^ ]*\).*/\1/p' config/manager/kustomization.yaml)
RELEASE  ?= $(IMAGE_TAG)
IMAGES    = $(addsuffix /,$(REGISTRY))

# The longest suite has to fit, on two busy cores.
TEST_TIMEOUT ?= 40m
# How many processes share the cases of a suite; each has a control plane of its own, which takes half a GiB.
SUITE_PROCESSES ?= e2e=5,transcripts=3

##@ Run it

.PHONY: demo
demo: control-plane build ## Start everything on this machine, apply config/samples, show it (ONCE=1: check the whole life and exit)
	@exec $(BIN)/demo $(if $(ONCE),--once)

.PHONY: run
run: build ## Run the operator on this machine, against the cluster of your kubeconfig, with CRDs and roles installed there
	kubectl apply --server-side -k config/local
	@exec $(BIN)/manager --operator-namespace ontap-san-system

##@ Change it

.PHONY: generate
generate: ## Write what follows from the Go types and markers (code, CRDs, RBAC, docs/reference.md), and dist/ from config/
	@rm -rf api/v1alpha1/applyconfiguration/*/ api/v1alpha1/applyconfiguration/*.go # what belongs to a type that is gone goes, too
	go -C api $(CONTROLLER_GEN) object:headerFile=../hack/boilerplate.go.txt paths=./v1alpha1
	go -C api $(CONTROLLER_GEN) applyconfiguration:headerFile=../hack/boilerplate.go.txt paths=./v1alpha1
	go -C api $(CONTROLLER_GEN) crd paths=./v1alpha1 output:crd:artifacts:config=../config/crd/bases
	go $(CONTROLLER_GEN) rbac:roleName=manager-role paths=./internal/controller/... output:rbac:artifacts:config=config/rbac
	go run ./hack/apidocs
	go -C hack/tools/dist run . generate $(CURDIR)

.PHONY: fmt
fmt: ## Format the code and group its imports
	$(call each-module,$(GOLANGCI_LINT) fmt)

.PHONY: lint
lint: ## Run golangci-lint, and kube-api-linter over the API's types
	$(call each-module,$(GOLANGCI_LINT) run)
	@echo "kube-api-linter ./api/v1alpha1"
	@kal=$$(mktemp) && go -C hack/tools/kube-api-linter build -o $$kal . && (cd api && $$kal ./v1alpha1); ended=$$?; rm -f $$kal; exit $$ended

.PHONY: verify
verify: generate vet lint tidy-check clean-tree ## Regenerate, format, vet, lint, check module tidiness; fail if anything changed

.PHONY: vet
vet:
	$(call each-module,vet ./...)

.PHONY: tidy-check
tidy-check:
	@for module in $(MODULES); do \
		echo "go -C $$module mod tidy -diff"; \
		go -C $$module mod tidy -diff || { echo "$$module: go.mod or go.sum is not tidy: run 'go -C $$module mod tidy'"; exit 1; }; \
	done

.PHONY: clean-tree
clean-tree:
	@test -z "$$(git status --porcelain)" || { \
		git --no-pager diff --stat; git status --short; \
		echo "verify: the tree differs from what is committed: commit what 'make generate' and 'make fmt' wrote"; exit 1; }

.PHONY: vuln
vuln: ## Look for known vulnerabilities in all modules; needs the network, for the database at vuln.go.dev
	$(call each-module,$(GOVULNCHECK) ./...)

##@ Build and test it

.PHONY: build
build: ## Compile the operator, the simulator and the demo into bin/
	@echo "build: operator, simulator and demo into bin/ (the first time compiles their modules, too: some minutes)"
	@go build -ldflags '-X main.version=$(VERSION)' -o $(BIN)/ ./cmd/...
	@go -C test build -o $(BIN)/ ./demo

.PHONY: control-plane
control-plane: ## Compile etcd, kube-apiserver, kube-controller-manager and kubectl into bin/control-plane, once
	@hack/controlplane/build.sh $(BIN)/control-plane

.PHONY: flux
flux: ## Compile Flux's kustomize-controller into bin/flux, once
	@hack/flux/build.sh $(BIN)/flux

.PHONY: prometheus
prometheus: ## Compile Prometheus and promtool into bin/prometheus, once
	@hack/prometheus/build.sh $(BIN)/prometheus

.PHONY: helm
helm: ## Compile helm into bin/helm
	@echo "helm: into bin/helm (the first time compiles its modules, too: some minutes)"
	@go -C hack/tools/helm build -o $(BIN)/helm/ helm.sh/helm/v4/cmd/helm

.PHONY: unit
unit: ## Run the unit tests, which need no control plane, in 74 seconds on two idle cores (RACE=1: under the race detector)
	go test -count=1 $(if $(RACE),-race) -skip '^TestModel' ./...
	go -C api test -count=1 $(if $(RACE),-race) ./...

.PHONY: model
model: ## Search the plan against a model of the world
	go test -v -timeout 40m -run '^TestModel' ./internal/plan

.PHONY: suites
suites: control-plane flux prometheus helm build ## Run the suites that start the real programs, side by side (VERBOSE=1: show each case)
	@go -C test build -o $(BIN)/ ./runner github.com/onsi/ginkgo/v2/ginkgo
	@exec $(BIN)/runner -processes $(SUITE_PROCESSES) -timeout $(TEST_TIMEOUT) $(if $(VERBOSE),-v)

.PHONY: test
test: unit model suites ## Run all tests: the unit tests, the plan's model, the suites, the demo, and a release made twice
	@echo "test: the demo"
	$(BIN)/demo --once
	@echo "test: a release, made twice"
	@hack/release/reproducible.sh

.PHONY: image
image: ## Build both container images with docker, for this machine (REGISTRY=…, PUSH=1: push them; KIND=1: load them into a kind cluster)
	docker build -t $(IMAGES)ontap-san-operator:$(IMAGE_TAG) --build-arg VERSION=$(VERSION) .
	docker build -t $(IMAGES)ontap-simulator:$(IMAGE_TAG) --build-arg VERSION=$(VERSION) --build-arg PROGRAM=ontap-simulator .
	$(if $(PUSH),docker push $(IMAGES)ontap-san-operator:$(IMAGE_TAG) && docker push $(IMAGES)ontap-simulator:$(IMAGE_TAG))
	$(if $(KIND),kind load docker-image $(IMAGES)ontap-san-operator:$(IMAGE_TAG) $(IMAGES)ontap-simulator:$(IMAGE_TAG))

.PHONY: release
release: helm ## Make the files of a release in dist/release (RELEASE=0.1.0); docs/releasing.md has the rest
	@hack/release/release.sh $(RELEASE)

.PHONY: bench
bench: control-plane build ## Measure what the operator costs and how fast it is, each figure beside its goal
	@echo "bench: $$(getconf _NPROCESSORS_ONLN) cores; what a client waits for a page of 1,000 services with metrics, from a simulator of 10,000 SVMs:"
	@go test -run '^$$' -bench '^BenchmarkPageOverTLS$$' -count 3 ./internal/simulator
	@go -C test build -o $(BIN)/ ./bench
	@exec $(BIN)/bench $(BENCH_FLAGS)

.PHONY: clean
clean: ## Remove what was built (the control plane too)
	rm -rf $(BIN)

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
