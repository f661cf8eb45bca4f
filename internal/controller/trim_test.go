package controller

import (
	"context"
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"
)

// bloated is metadata with as much as somebody may write there.
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
	g.Expect(hasFinalizer(many)).To(BeTrue())
}

// caching reads ISCSIServices as the manager's cache keeps them, and counts the patches.
func (s *site) caching(patches *int) client.Client {
	return interceptor.NewClient(s.kube, interceptor.Funcs{
		Get: func(ctx context.Context, kube client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			if err := kube.Get(ctx, key, obj, opts...); err != nil {
				return err
			}
			_, err := TrimISCSIService(obj)
			return err
		},
		Patch: func(ctx context.Context, kube client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
			*patches++
			return kube.Patch(ctx, obj, patch, opts...)
		},
	})
}

func TestWhatTheCacheDoesWithoutStaysOnTheObject(t *testing.T) {
	many := make([]string, 0, 1000)
	for i := range 1000 {
		many = append(many, fmt.Sprintf("example.com/finalizer-%d", i))
	}
	for name, finalizers := range map[string][]string{
		"with no finalizer of others": nil,
		"with one":                    {"example.com/other"},
		"with more than are kept":     many,
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := newSite(t)
			key := s.newService(t, "")
			obj := s.service(t, key)
			obj.Annotations = map[string]string{"example.com/notes": "mine"}
			obj.Labels = map[string]string{"team": "a"}
			obj.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "owner", UID: "1"}}
			obj.Finalizers = finalizers
			g.Expect(s.kube.Update(t.Context(), obj)).To(Succeed())
			foreign := func() {
				t.Helper()
				left := s.service(t, key)
				g.Expect(left.Annotations).To(HaveKeyWithValue("example.com/notes", "mine"))
				g.Expect(left.Labels).To(Equal(obj.Labels))
				g.Expect(left.OwnerReferences).To(Equal(obj.OwnerReferences))
				for _, finalizer := range finalizers {
					g.Expect(left.Finalizers).To(ContainElement(finalizer))
				}
				g.Expect(left.Finalizers).NotTo(ContainElement(finalizersOmitted))
			}
			patches := 0
			operator := s.operator(s.caching(&patches))
			reconcile := func() {
				t.Helper()
				_, err := operator.Reconcile(t.Context(), ctrl.Request{NamespacedName: key})
				g.Expect(client.IgnoreNotFound(err)).To(Succeed())
			}

			// The array refuses, so that the marks are put on, and taken off again.
			fault, err := s.InjectFault(t.Context(), controlclient.Fault{Match: controlclient.Match{Method: "POST"}, Status: 400, Code: "2621507"})
			g.Expect(err).NotTo(HaveOccurred())
			reconcile()
			g.Expect(patches).To(BeNumerically(">=", 2))
			g.Expect(isCreating(s.service(t, key))).To(BeFalse())
			foreign()
			reconcile()
			g.Expect(isCreating(s.service(t, key))).To(BeFalse())
			foreign()

			g.Expect(s.RemoveFault(t.Context(), fault)).To(Succeed())
			obj = s.service(t, key)
			obj.Generation++
			g.Expect(s.kube.Update(t.Context(), obj)).To(Succeed())
			reconcile()
			g.Expect(s.service(t, key).Status.Origin).To(Equal(v1alpha1.OriginCreated))
			g.Expect(hasFinalizer(s.service(t, key))).To(BeTrue())
			foreign()

			obj = s.service(t, key)
			obj.Finalizers = append(obj.Finalizers, "example.com/last")
			g.Expect(s.kube.Update(t.Context(), obj)).To(Succeed())
			g.Expect(s.kube.Delete(t.Context(), s.service(t, key))).To(Succeed())
			reconcile()
			g.Expect(hasFinalizer(s.service(t, key))).To(BeFalse())
			g.Expect(s.service(t, key).Finalizers).To(ContainElement("example.com/last"))
			foreign()
		})
	}
}

func TestAnAnnotationBeyondTheLimitIsRefusedAndSaidOnce(t *testing.T) {
	for name, cached := range map[string]bool{"in the cache": true, "live": false} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := newSite(t)
			key := s.newService(t, "")
			patches, kube := 0, client.Client(s.kube)
			if cached {
				kube = s.caching(&patches)
			}
			operator := s.operator(kube)
			told := operator.Events.(*events.FakeRecorder).Events
			pass := func(value string) (warnings []string) {
				t.Helper()
				obj := s.service(t, key)
				obj.Annotations = map[string]string{v1alpha1.ReconcileRequestedAtAnnotation: value}
				g.Expect(s.kube.Update(t.Context(), obj)).To(Succeed())
				_, err := operator.Reconcile(t.Context(), ctrl.Request{NamespacedName: key})
				g.Expect(err).NotTo(HaveOccurred())
				for len(told) > 0 {
					if said := <-told; strings.Contains(said, v1alpha1.EventInvalidAnnotation) {
						warnings = append(warnings, said)
					}
				}
				return warnings
			}
			fits, long := strings.Repeat("t", v1alpha1.MaxAnnotationLength), strings.Repeat("t", v1alpha1.MaxAnnotationLength+1)
			handled := func() string { return s.service(t, key).Status.LastHandledReconcileAt }

			g.Expect(pass(fits)).To(BeEmpty())
			g.Expect(handled()).To(Equal(fits))
			g.Expect(pass(long)).To(ConsistOf(SatisfyAll(
				HavePrefix("Warning "), ContainSubstring(v1alpha1.ReconcileRequestedAtAnnotation), ContainSubstring("256 bytes"), Not(ContainSubstring("ttt")))))
			g.Expect(handled()).To(BeEmpty())
			g.Expect(pass(long+"t")).To(BeEmpty(), "it is known")
			g.Expect(pass("now")).To(BeEmpty())
			g.Expect(handled()).To(Equal("now"))
			g.Expect(pass(long)).To(HaveLen(1), "it is another one")
		})
	}
}

func TestAnAnnotationOfAnONTAPClusterIsRefusedToo(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	told := s.Events.(*events.FakeRecorder).Events
	for len(told) > 0 {
		<-told
	}
	cluster := s.cluster(t)
	cluster.Annotations = map[string]string{v1alpha1.PausedAnnotation: strings.Repeat("t", v1alpha1.MaxAnnotationLength+1)}
	g.Expect(s.kube.Update(t.Context(), cluster)).To(Succeed())
	s.reconcile(t)
	s.reconcile(t)
	g.Expect(told).To(HaveLen(1))
	g.Expect(<-told).To(ContainSubstring(v1alpha1.EventInvalidAnnotation + " " + v1alpha1.PausedAnnotation))
}

func TestOnlyTheFirstOfRefusedAnnotationsWakesTheOperator(t *testing.T) {
	g := NewWithT(t)
	with := func(value string) client.Object {
		obj := &v1alpha1.ISCSIService{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{v1alpha1.ReconcileRequestedAtAnnotation: value}}}
		_, err := TrimISCSIService(obj)
		g.Expect(err).NotTo(HaveOccurred())
		return obj
	}
	wakes := func(before, after string) bool {
		return operated.Update(event.UpdateEvent{ObjectOld: with(before), ObjectNew: with(after)})
	}
	long := strings.Repeat("t", 300)
	g.Expect(wakes("a", "b")).To(BeTrue())
	g.Expect(wakes("", long)).To(BeTrue(), "an event tells of it")
	g.Expect(wakes(long, "u"+long)).To(BeFalse())
	g.Expect(wakes(long, "a")).To(BeTrue())
}
