package e2e

import (
	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
)

// kstatus is what Flux and others make of the ISCSIService's status.
func kstatus(ctx SpecContext, a *array, name string) string {
	GinkgoHelper()
	return kstatusOf(ctx, "ISCSIService", a, name)
}

// kstatusOf is the same of an object of another kind.
func kstatusOf(ctx SpecContext, kind string, a *array, name string) string {
	GinkgoHelper()
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	Expect(reader.Get(ctx, client.ObjectKey{Namespace: a.name, Name: name}, object)).To(Succeed())
	result, err := status.Compute(object)
	Expect(err).NotTo(HaveOccurred())
	return result.Status.String()
}
