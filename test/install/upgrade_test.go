package install

import (
	"encoding/json"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// later is an object with what came after the first issue, in spec and in status.
const later = `
apiVersion: san.ontap-operator.io/v1alpha1
kind: ISCSIService
metadata:
  name: later
  namespace: upgrade
spec:
  svm: {name: svm3}
  managementPolicy: Observe
  inUsePolicy: Disconnect
status:
  observedGeneration: 1
  arrayUUID: 1cd8a442-86d1-11e0-ae1c-123478563412
  lastHandledReconcileAt: "1"
  drift: {field: enabled, desired: "true", observed: "false", since: "2026-11-23T10:00:00Z"}
  metrics:
    timestamp: "2026-11-23T10:00:00Z"
    duration: 15s
    status: ok
    iops: {read: 1, write: 2, other: 3, total: 6}
    latencyMicroseconds: {read: 1, write: 2, other: 3, total: 6}
    throughputBytesPerSecond: {read: 1, write: 2, total: 3}
`

var _ = Describe("Another version", Ordered, func() {
	var first, current, written string

	BeforeAll(func(ctx SpecContext) {
		first, current = file("test", "install", "testdata", "crds-first.yaml"), file("dist", "install.yaml")
		written = file("test", "install", "testdata", "objects-first.yaml")
		namespace(ctx, "upgrade")
		install(ctx, first, false)
		write(ctx, written)
		for key, stored := range readBack(ctx, written) {
			Expect(stored).To(Equal(told(objects(written)[key])), "%s is not stored as written", key)
		}
	})

	It("installed over the first issue's reads its objects unchanged", func(ctx SpecContext) {
		before := readBack(ctx, written)
		install(ctx, current, true)
		Expect(readBack(ctx, written)).To(Equal(before))
	})

	It("leaves them so when they are written to", func(ctx SpecContext) {
		before := readBack(ctx, written)
		touch(ctx, written, "under-current")
		Expect(readBack(ctx, written)).To(Equal(before))
	})

	It("can be taken back: the first issue's has them as they were, also when they are written to", func(ctx SpecContext) {
		before := readBack(ctx, written)
		install(ctx, first, false)
		Expect(readBack(ctx, written)).To(Equal(before))
		touch(ctx, written, "under-first")
		Expect(readBack(ctx, written)).To(Equal(before))
	})

	It("can be taken back without its CRDs", func(ctx SpecContext) {
		install(ctx, current, true)
		out := kubectl(ctx, "apply", "--validate=strict", "-f", bed.Path("dist", "install.yaml"), "--selector", "app.kubernetes.io/component!=crd")
		rest := 0
		for name := range objects(current) {
			if !strings.HasPrefix(name, "CustomResourceDefinition ") {
				rest++
			}
		}
		Expect(strings.Count(out, "\n")).To(Equal(rest))
		Expect(out).NotTo(ContainSubstring("customresourcedefinition"))
	})

	It("has what is new again when it comes back, if nothing was written in between", func(ctx SpecContext) {
		install(ctx, current, true)
		write(ctx, later)
		before := readBack(ctx, later)
		Expect(before).To(HaveKeyWithValue("ISCSIService later", told(objects(later)["ISCSIService later"])))
		install(ctx, first, false)
		Expect(readBack(ctx, later)).NotTo(Equal(before), "the first issue's CRDs know nothing of it")
		install(ctx, current, true)
		Expect(readBack(ctx, later)).To(Equal(before))
	})
})

// install applies a version and returns when the API server goes by its CRDs; they know managementPolicy, or do not yet.
func install(ctx SpecContext, manifest string, knowsPolicy bool) {
	GinkgoHelper()
	Expect(apply(ctx, manifest)).To(Succeed())
	awaitCRDs(ctx)
	Eventually(func(ctx SpecContext) (bool, error) {
		err := apply(ctx, `
apiVersion: san.ontap-operator.io/v1alpha1
kind: ISCSIService
metadata: {name: probe, namespace: upgrade}
spec: {svm: {name: probe}, managementPolicy: Manage}
`, "--dry-run=server")
		if err != nil && !strings.Contains(err.Error(), `unknown field "spec.managementPolicy"`) {
			return false, err
		}
		return err == nil, nil
	}).WithContext(ctx).Should(Equal(knowsPolicy))
}

// write creates objects with their status.
func write(ctx SpecContext, manifest string) {
	GinkgoHelper()
	Expect(apply(ctx, manifest)).To(Succeed())
	_, err := cluster.Kubectl(ctx, manifest, "apply", "--server-side", "--subresource=status", "--validate=strict", "-f", "-")
	Expect(err).NotTo(HaveOccurred())
}

// touch writes to objects without a change of spec or status: the API server stores them anew.
func touch(ctx SpecContext, manifest, value string) {
	GinkgoHelper()
	_, err := cluster.Kubectl(ctx, manifest, "annotate", "--overwrite", "-f", "-", "touched="+value)
	Expect(err).NotTo(HaveOccurred())
}

// readBack returns what the API server tells of objects now, by kind and name.
func readBack(ctx SpecContext, manifest string) map[string]map[string]any {
	GinkgoHelper()
	found := map[string]map[string]any{}
	for key, object := range objects(manifest) {
		args := []string{"get", object.GetKind(), object.GetName(), "-o", "json"}
		if object.GetNamespace() != "" {
			args = append(args, "--namespace", object.GetNamespace())
		}
		var stored unstructured.Unstructured
		Expect(json.Unmarshal([]byte(kubectl(ctx, args...)), &stored)).To(Succeed())
		found[key] = told(stored)
	}
	return found
}

// told is what an object says: its spec, its status, and the finalizers that keep it.
func told(object unstructured.Unstructured) map[string]any {
	return map[string]any{
		"spec": object.Object["spec"], "status": object.Object["status"], "finalizers": object.GetFinalizers(),
	}
}
