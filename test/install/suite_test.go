// Package install tries what is installed: dist/install.yaml, the Helm chart, and one version over another. A real API
// server validates strictly what users would apply, and enforces the Pod Security level `restricted`.
package install

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/ontap-operator/ontap-san-operator/test/suite"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

var (
	bed     *testbed.Bed
	cluster *testbed.ControlPlane
	// distTool is the program of hack/tools/dist.
	distTool string
)

func TestInstall(t *testing.T) { suite.Run(t, "Installation") }

var _ = BeforeSuite(func(ctx SpecContext) {
	bed = suite.NewBed()
	distTool = filepath.Join(bed.Dir, "dist")
	out, err := exec.CommandContext(ctx, "go", "-C", bed.Path("hack", "tools", "dist"), "build", "-o", distTool, ".").CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "%s", out)
	cluster, err = bed.StartControlPlane(ctx)
	Expect(err).NotTo(HaveOccurred())
})

// kubectl runs kubectl as the administrator, expects it to succeed and returns what it prints.
func kubectl(ctx SpecContext, args ...string) string {
	GinkgoHelper()
	return suite.Kubectl(ctx, cluster, args...)
}

// apply applies a manifest as a user does, validated strictly; what the API server warns of is refused, too.
func apply(ctx SpecContext, manifest string, flags ...string) error {
	_, err := cluster.Kubectl(ctx, manifest, append([]string{"apply", "--validate=strict", "--warnings-as-errors", "-f", "-"}, flags...)...)
	return err
}

// awaitCRDs waits until the API server serves the CRDs that were applied.
func awaitCRDs(ctx SpecContext) {
	GinkgoHelper()
	kubectl(ctx, "wait", "--for=condition=Established", "--timeout=60s",
		"crd/iscsiservices.san.ontap-operator.io", "crd/ontapclusters.san.ontap-operator.io")
}

// namespace makes a namespace that lets pods of the level `restricted` in, and no others.
func namespace(ctx SpecContext, name string) {
	GinkgoHelper()
	Expect(apply(ctx, `
apiVersion: v1
kind: Namespace
metadata:
  name: `+name+`
  labels:
    pod-security.kubernetes.io/enforce: restricted
    pod-security.kubernetes.io/warn: restricted
`)).To(Succeed())
}

// file reads a file of the repository.
func file(elem ...string) string {
	GinkgoHelper()
	text, err := os.ReadFile(bed.Path(elem...))
	Expect(err).NotTo(HaveOccurred())
	return string(text)
}

// objects are the objects of a manifest, by kind and name.
func objects(manifest string) map[string]unstructured.Unstructured {
	GinkgoHelper()
	found := map[string]unstructured.Unstructured{}
	for documents := yaml.NewYAMLOrJSONDecoder(strings.NewReader(manifest), 4096); ; {
		var document json.RawMessage
		err := documents.Decode(&document)
		if errors.Is(err, io.EOF) {
			return found
		}
		Expect(err).NotTo(HaveOccurred())
		if len(document) == 0 || string(document) == "null" {
			continue
		}
		var object unstructured.Unstructured
		Expect(object.UnmarshalJSON(document)).To(Succeed())
		key := object.GetKind() + " " + object.GetName()
		Expect(found).NotTo(HaveKey(key), "there twice")
		found[key] = object
	}
}

// convert reads an object as the type that its kind has in Go.
func convert[T any](object unstructured.Unstructured) T {
	GinkgoHelper()
	var typed T
	text, err := json.Marshal(object.Object)
	Expect(err).NotTo(HaveOccurred())
	Expect(json.Unmarshal(text, &typed)).To(Succeed())
	return typed
}
