package goclient

import (
	"os/exec"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

const api = "github.com/ontap-operator/ontap-san-operator/api/v1alpha1"

// TestWhatTheAPIBringsAlong holds the imports of the API's packages, direct and indirect, against what a program that
// uses them can be asked to link.
func TestWhatTheAPIBringsAlong(t *testing.T) {
	for _, c := range []struct {
		name, packages string
		allowed        []string
	}{
		{"the types bring apimachinery", api, []string{"k8s.io/apimachinery", "k8s.io/klog", "k8s.io/kube-openapi", "k8s.io/utils"}},
		{"the apply configurations bring client-go too", api + "/...",
			[]string{"k8s.io/api", "k8s.io/apimachinery", "k8s.io/client-go", "k8s.io/klog", "k8s.io/kube-openapi", "k8s.io/utils"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			out, err := exec.Command("go", "list", "-deps", c.packages).Output()
			g.Expect(err).NotTo(HaveOccurred())
			brought := map[string]bool{}
			for path := range strings.FieldsSeq(string(out)) {
				elements := strings.Split(path, "/")
				switch {
				case elements[0] == "k8s.io":
					brought["k8s.io/"+elements[1]] = true
				case strings.HasPrefix(path, "sigs.k8s.io/controller"):
					brought[path] = true
				}
			}
			g.Expect(brought).To(HaveKey("k8s.io/apimachinery"))
			for module := range brought {
				g.Expect(c.allowed).To(ContainElement(module))
			}
		})
	}
}
