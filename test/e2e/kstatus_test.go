package e2e

import (
	"encoding/json"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// kstatus is what Flux and others make of the ISCSIService's status.
func kstatus(ctx SpecContext, a *array, name string) string {
	GinkgoHelper()
	object := &unstructured.Unstructured{}
	Expect(json.Unmarshal([]byte(kubectl(ctx, "-n", a.name, "get", "iscsisvc", name, "-o", "json")), object)).To(Succeed())
	result, err := status.Compute(object)
	Expect(err).NotTo(HaveOccurred())
	return result.Status.String()
}
