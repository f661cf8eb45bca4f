package testbed

import (
	"context"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

// SamplesNamespace is where config/samples has its ISCSIServices.
const SamplesNamespace = "team-a"

// SamplesPollInterval is shorter than that of the samples: whoever watches would not wait a minute to see drift put
// right.
const SamplesPollInterval = "5s"

// ApplySamples applies config/samples as it is but for the array's address, in both its places, its CA and the poll interval, by way of a
// kustomization like a user's own.
func (c *ControlPlane) ApplySamples(ctx context.Context, array *Simulator) error {
	dir := filepath.Join(c.bed.Dir, "samples")
	samples, err := filepath.Rel(dir, c.bed.Path("config", "samples"))
	if err != nil {
		return err
	}
	ontapCluster, err := yaml.Marshal([]map[string]any{
		{"op": "replace", "path": "/spec/endpoint", "value": array.URL},
		{"op": "replace", "path": "/spec/pollInterval", "value": SamplesPollInterval},
		{"op": "add", "path": "/spec/tls", "value": map[string]string{"ca": array.CA}},
	})
	if err != nil {
		return err
	}
	secret, err := yaml.Marshal([]map[string]any{{"op": "replace", "path": "/stringData/endpoints", "value": array.URL}})
	if err != nil {
		return err
	}
	kustomization, err := yaml.Marshal(map[string]any{
		"resources": []string{samples},
		"patches": []map[string]any{
			{"target": map[string]string{"kind": "ONTAPCluster", "name": "default"}, "patch": string(ontapCluster)},
			{"target": map[string]string{"kind": "Secret", "name": "ontap-credentials"}, "patch": string(secret)},
		},
	})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), kustomization, 0o600); err != nil {
		return err
	}
	_, err = c.Kubectl(ctx, "", "apply", "-k", dir)
	return err
}
