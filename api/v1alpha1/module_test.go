package v1alpha1_test

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const project = "github.com/ontap-operator/ontap-san-operator/"

// TestWhatAnImporterInherits holds the requirements of both modules, and the Kubernetes modules that their packages are
// compiled from, against what a program that imports them is promised. It uses the standard library alone: a library for
// tests would be a requirement, too.
func TestWhatAnImporterInherits(t *testing.T) {
	types := []string{"k8s.io/apimachinery", "k8s.io/klog", "k8s.io/kube-openapi", "k8s.io/utils"}
	for _, c := range []struct {
		name, module string
		requires     []string
		compiles     []string
	}{
		{"the types bring apimachinery", "..", []string{"k8s.io/apimachinery"}, types},
		{"the apply configurations bring client-go too", "applyconfiguration",
			[]string{project + "api", "k8s.io/apimachinery", "k8s.io/client-go", "sigs.k8s.io/structured-merge-diff/v6"},
			append([]string{"k8s.io/api", "k8s.io/client-go"}, types...)},
	} {
		t.Run(c.name, func(t *testing.T) {
			required := requirements(t, c.module)
			if !slices.Equal(required, c.requires) {
				t.Errorf("go.mod requires %q directly, want %q", required, c.requires)
			}
			compiled := dependencies(t, c.module)
			if !slices.Contains(compiled, "k8s.io/apimachinery") {
				t.Error("apimachinery is not imported: go list did not list what it should")
			}
			for _, module := range compiled {
				if !slices.Contains(c.compiles, module) {
					t.Errorf("packages of %s are imported", module)
				}
			}
		})
	}
}

// requirements are the modules that the go.mod in a folder requires directly.
func requirements(t *testing.T, module string) []string {
	t.Helper()
	var declared struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(output(t, module, "mod", "edit", "-json"), &declared); err != nil {
		t.Fatal(err)
	}
	var required []string
	for _, requirement := range declared.Require {
		if !requirement.Indirect {
			required = append(required, requirement.Path)
		}
	}
	slices.Sort(required)
	return required
}

// dependencies are the modules of Kubernetes, controller-runtime and the operator that the packages of a module are compiled
// from.
func dependencies(t *testing.T, module string) []string {
	t.Helper()
	var found []string
	for path := range strings.FieldsSeq(string(output(t, module, "list", "-deps", "./..."))) {
		elements := strings.Split(path, "/")
		if elements[0] == "k8s.io" || strings.HasPrefix(path, "sigs.k8s.io/controller") {
			found = append(found, elements[0]+"/"+elements[1])
		} else if strings.HasPrefix(path, project+"internal/") {
			found = append(found, path)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// output is what go prints in the folder of a module.
func output(t *testing.T, module string, args ...string) []byte {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", append([]string{"-C", module}, args...)...).Output()
	if err != nil {
		t.Fatalf("go %s: %v", strings.Join(args, " "), err)
	}
	return out
}
