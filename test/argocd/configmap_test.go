package argocd_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
)

var update = flag.Bool("update", false, "write config/argocd/argocd-cm.yaml from the scripts")

const configMapHead = `# What the scripts beside this file come to in Argo CD's own ConfigMap. Written by go -C test test ./argocd -update.
`

// TestConfigMap holds config/argocd/argocd-cm.yaml against the scripts.
func TestConfigMap(t *testing.T) {
	g := NewWithT(t)
	data := map[string]string{}
	for _, kind := range kinds {
		script := func(elem ...string) string {
			source, err := os.ReadFile(filepath.Join(append([]string{scripts.Dir, v1alpha1.GroupVersion.Group, kind}, elem...)...))
			g.Expect(err).NotTo(HaveOccurred())
			return string(source)
		}
		definitions := []map[string]string{}
		folders, err := filepath.Glob(filepath.Join(scripts.Dir, v1alpha1.GroupVersion.Group, kind, "actions", "*", "action.lua"))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(folders).NotTo(BeEmpty())
		for _, path := range folders {
			name := filepath.Base(filepath.Dir(path))
			definitions = append(definitions, map[string]string{"name": name, "action.lua": script("actions", name, "action.lua")})
		}
		actions, err := yaml.Marshal(map[string]any{"discovery.lua": script("actions", "discovery.lua"), "definitions": definitions})
		g.Expect(err).NotTo(HaveOccurred())
		key := v1alpha1.GroupVersion.Group + "_" + kind
		data["resource.customizations.health."+key] = script("health.lua")
		data["resource.customizations.actions."+key] = string(actions)
	}
	want, err := yaml.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]string{"name": "argocd-cm", "namespace": "argocd"}, "data": data,
	})
	g.Expect(err).NotTo(HaveOccurred())
	want = append([]byte(configMapHead), want...)

	path := filepath.Join(scripts.Dir, "argocd-cm.yaml")
	if *update {
		g.Expect(os.WriteFile(path, want, 0o600)).To(Succeed())
	}
	got, err := os.ReadFile(path)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(strings.Split(string(got), "\n")).To(Equal(strings.Split(string(want), "\n")), "run go -C test test ./argocd -update")
}
