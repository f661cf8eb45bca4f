package kube

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
)

// bloated is metadata with as much as a user may write there.
func bloated(name string) metav1.ObjectMeta {
	large := strings.Repeat("x", 250<<10)
	return metav1.ObjectMeta{
		Name: name, Namespace: "team", UID: "7d3c1f52-0a35-4d0e-9a0f-3f6f2c3a9b11", Generation: 3, ResourceVersion: "7", DeletionTimestamp: new(metav1.Now()),
		Annotations: map[string]string{
			"example.com/notes": large, v1alpha1.PausedAnnotation: "true", v1alpha1.CreatingAnnotation: "7d3c1f52-0a35-4d0e-9a0f-3f6f2c3a9b11",
			v1alpha1.CreatingSVMAnnotation: "svm1//", v1alpha1.ReconcileRequestedAtAnnotation: large,
		},
		Labels:          map[string]string{"team": "a"},
		OwnerReferences: []metav1.OwnerReference{{Name: large}},
		ManagedFields:   []metav1.ManagedFieldsEntry{{Manager: large}},
		Finalizers:      []string{"example.com/other", v1alpha1.Finalizer},
	}
}

func TestTheCacheKeepsNoMoreThanTheOperatorReads(t *testing.T) {
	g := NewWithT(t)
	trimmed := func(transform func(any) (any, error), obj client.Object) client.Object {
		t.Helper()
		got, err := transform(obj)
		g.Expect(err).NotTo(HaveOccurred())
		return got.(client.Object)
	}
	want := bloated("main")
	want.Labels, want.OwnerReferences, want.ManagedFields = nil, nil, nil
	delete(want.Annotations, "example.com/notes")
	want.Annotations[v1alpha1.ReconcileRequestedAtAnnotation] = strings.Repeat("x", v1alpha1.MaxAnnotationLength+1)

	spec := v1alpha1.ISCSIServiceSpec{SVM: v1alpha1.SVMSelector{Name: "svm1"}}
	status := v1alpha1.ISCSIServiceStatus{Origin: v1alpha1.OriginCreated}
	meta := bloated("main")
	meta.DeletionTimestamp = want.DeletionTimestamp
	g.Expect(trimmed(TrimISCSIService, &v1alpha1.ISCSIService{ObjectMeta: meta, Spec: spec, Status: status})).To(Equal(
		&v1alpha1.ISCSIService{ObjectMeta: want, Spec: spec, Status: status}))

	meta = bloated("main")
	meta.DeletionTimestamp = want.DeletionTimestamp
	g.Expect(trimmed(TrimISCSIMetricsQuery, &v1alpha1.ISCSIMetricsQuery{
		ObjectMeta: meta, Status: v1alpha1.ISCSIMetricsQueryStatus{ObservedGeneration: 3, Samples: []v1alpha1.MetricsSample{{Status: "ok"}}},
	})).To(Equal(&v1alpha1.ISCSIMetricsQuery{ObjectMeta: want, Status: v1alpha1.ISCSIMetricsQueryStatus{ObservedGeneration: 3}}))

	namespace := trimmed(TrimNamespace, &metav1.PartialObjectMetadata{ObjectMeta: bloated("team")})
	g.Expect(namespace.GetLabels()).To(Equal(map[string]string{"team": "a"}))
	g.Expect(namespace.GetAnnotations()).To(BeEmpty())
	g.Expect(namespace.GetManagedFields()).To(BeEmpty())
	secret := trimmed(TrimSecret, &metav1.PartialObjectMetadata{ObjectMeta: bloated("login")})
	g.Expect(secret.GetResourceVersion()).To(Equal("7"), "it tells of a change")
	g.Expect(secret.GetLabels()).To(BeEmpty())
	g.Expect(secret.GetAnnotations()).To(BeEmpty())
	g.Expect(secret.GetManagedFields()).To(BeEmpty())

	many := &v1alpha1.ISCSIService{}
	for i := range 1000 {
		many.Finalizers = append(many.Finalizers, fmt.Sprintf("example.com/finalizer-%d", i))
	}
	g.Expect(trimmed(TrimISCSIService, many.DeepCopy()).GetFinalizers()).To(HaveLen(1))
	many.Finalizers = append(many.Finalizers, v1alpha1.Finalizer)
	many = trimmed(TrimISCSIService, many).(*v1alpha1.ISCSIService)
	g.Expect(many.Finalizers).To(HaveLen(2))
	g.Expect(slices.Contains(many.Finalizers, v1alpha1.Finalizer)).To(BeTrue())
}
