// Command kube-api-linter holds the API's types against the Kubernetes API conventions:
//
//	kube-api-linter ./...
//
// It runs the analyzers of sigs.k8s.io/kube-api-linter by themselves: as a plugin of golangci-lint they would need a golangci-lint
// of their own. The rules that the API's design contradicts are in config.yaml, each with the reason.
package main

import (
	_ "embed"
	"fmt"
	"os"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/multichecker"
	"sigs.k8s.io/kube-api-linter/pkg/plugin/base"
	_ "sigs.k8s.io/kube-api-linter/pkg/registration" // the analyzers
	"sigs.k8s.io/yaml"
)

//go:embed config.yaml
var config []byte

func main() {
	chosen, err := analyzers()
	if err != nil {
		fmt.Fprintln(os.Stderr, "kube-api-linter:", err)
		os.Exit(1)
	}
	multichecker.Main(chosen...)
}

func analyzers() ([]*analysis.Analyzer, error) {
	var settings map[string]any
	if err := yaml.UnmarshalStrict(config, &settings); err != nil {
		return nil, fmt.Errorf("config.yaml: %w", err)
	}
	plugin, err := base.New(settings)
	if err != nil {
		return nil, fmt.Errorf("config.yaml: %w", err)
	}
	return plugin.BuildAnalyzers()
}
