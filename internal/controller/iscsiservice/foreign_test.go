package iscsiservice

import (
	"context"
	"errors"
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
)

func TestAnAnnotationOnABoundObjectDoesNotKeepItFromARest(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	key, r := s.adopted(t, func(*v1alpha1.ISCSIServiceSpec) {})
	obj := s.service(t, key)
	obj.Annotations = map[string]string{v1alpha1.CreatingSVMAnnotation: "other///"}
	g.Expect(s.Kube.Update(t.Context(), obj)).To(Succeed())
	g.Expect(s.DeleteService(t.Context(), "svm1")).To(Succeed())
	s.reconcile(t)
	for range 2 {
		_, err := look(t, r, key)
		g.Expect(err).NotTo(HaveOccurred())
	}
	g.Expect(s.service(t, key).Status.Origin).To(Equal(v1alpha1.OriginCreated))
}

func TestAnOldCopyOfADeniedObjectIsNotPatchedAgainAndAgain(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	s.Edit(t, func(spec *v1alpha1.ONTAPClusterSpec) { spec.Access[0].SVMs = []string{"svm7"} })
	s.reconcile(t)
	key := s.adoptable(t, func(*v1alpha1.ISCSIServiceSpec) {})
	obj := s.service(t, key)
	obj.Finalizers = []string{v1alpha1.Finalizer}
	g.Expect(s.Kube.Update(t.Context(), obj)).To(Succeed())
	old := s.service(t, key)
	now := old.DeepCopy()
	now.Annotations = map[string]string{"example.com/notes": "mine"}
	g.Expect(s.Kube.Update(t.Context(), now)).To(Succeed())
	patches := 0
	kube := interceptor.NewClient(s.Kube, interceptor.Funcs{
		Get: func(ctx context.Context, kube client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			if service, ok := obj.(*v1alpha1.ISCSIService); ok {
				old.DeepCopyInto(service)
				return nil
			}
			return kube.Get(ctx, key, obj, opts...)
		},
		Patch: func(ctx context.Context, kube client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
			patches++
			return kube.Patch(ctx, obj, patch, opts...)
		},
	})
	again, err := look(t, s.operator(kube), key)
	t.Log(again, err)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(patches).To(BeNumerically("<=", 2))
}

func TestAReservationEndsWithThePassWhateverEndsIt(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	key := s.newService(t, "")
	r := s.operator(interceptor.NewClient(s.Kube, interceptor.Funcs{
		Patch: func(context.Context, client.WithWatch, client.Object, client.Patch, ...client.PatchOption) error {
			panic("a bug")
		},
	}))
	func() {
		defer func() { _ = recover() }() // as controller-runtime does
		_, _ = look(t, r, key)
	}()
	s.remove(t, key)
	_, _ = look(t, r, key)
	r.Client = s.Kube
	next := s.next(t, func(*v1alpha1.ISCSIServiceSpec) {})
	for range 3 {
		_, _ = look(t, r, next)
	}
	g.Expect(s.service(t, next).Status.Origin).To(Equal(v1alpha1.OriginCreated))
}

// squatters makes that many ISCSIServices of a namespace without access, which carry the mark of a create request for svm1.
func (s *site) squatters(t *testing.T, n int) {
	t.Helper()
	g := NewWithT(t)
	g.Expect(s.Kube.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "evil"}})).To(Succeed())
	for i := range n {
		uid := types.UID(fmt.Sprintf("11111111-0000-0000-0000-%012d", i))
		g.Expect(s.Kube.Create(t.Context(), &v1alpha1.ISCSIService{
			ObjectMeta: metav1.ObjectMeta{
				Name: fmt.Sprintf("squatter-%d", i), Namespace: "evil", UID: uid, Generation: 1,
				Annotations: map[string]string{v1alpha1.CreatingAnnotation: string(uid)},
			},
			Spec: v1alpha1.ISCSIServiceSpec{SVM: v1alpha1.SVMSelector{Name: "svm1"}},
		})).To(Succeed())
	}
}

func TestThoseWithoutAccessDoNotMakeAPassLonger(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	key, r := s.adopted(t, func(*v1alpha1.ISCSIServiceSpec) {})
	s.squatters(t, 100)
	requests := 0
	r.Client = interceptor.NewClient(s.Kube, interceptor.Funcs{
		Patch: func(ctx context.Context, kube client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
			requests++
			return kube.Patch(ctx, obj, patch, opts...)
		},
	})
	r.Live = interceptor.NewClient(s.Kube, interceptor.Funcs{
		Get: func(ctx context.Context, kube client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			requests++
			return kube.Get(ctx, key, obj, opts...)
		},
	})
	_, err := look(t, r, key)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(requests).To(BeNumerically("<", 20))
}

func TestThoseWithoutAccessDoNotKeepAnObjectFromItsWork(t *testing.T) {
	for name, live := range map[string]interceptor.Funcs{
		"it changes faster than the cache": {Get: func(ctx context.Context, kube client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			err := kube.Get(ctx, key, obj, opts...)
			if key.Namespace == "evil" {
				obj.SetGeneration(obj.GetGeneration() + 1)
			}
			return err
		}},
		"it cannot be changed": {Patch: func(ctx context.Context, kube client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
			if obj.GetNamespace() == "evil" {
				return apierrors.NewForbidden(v1alpha1.GroupVersion.WithResource("iscsiservices").GroupResource(), obj.GetName(), errors.New("an admission policy"))
			}
			return kube.Patch(ctx, obj, patch, opts...)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := newSite(t)
			key, r := s.adopted(t, func(spec *v1alpha1.ISCSIServiceSpec) { spec.Alias = new("mine") })
			s.squatters(t, 1)
			r.Live, r.Client = interceptor.NewClient(s.Kube, live), interceptor.NewClient(s.Kube, interceptor.Funcs{Patch: live.Patch})
			var err error
			for range 3 {
				_, err = look(t, r, key)
			}
			svm, unread := s.SVM(t.Context(), "svm1")
			g.Expect(unread).NotTo(HaveOccurred())
			g.Expect(svm.Service.Alias).To(HaveValue(Equal("mine")), "%v", err)
		})
	}
}

func TestAFinalizerOfAnyNameDoesNotKeepAnObjectFromRest(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	key, r := s.newService(t, ""), s.operator(s.Kube)
	obj := s.service(t, key)
	obj.Finalizers = []string{"san.ontap-operator.io/omitted-from-cache"} // which once stood for finalizers that the cache lacks
	g.Expect(s.Kube.Update(t.Context(), obj)).To(Succeed())
	_, err := look(t, r, key)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s.service(t, key).Status.Conditions).NotTo(BeEmpty(), "it says what a person must do")
}
