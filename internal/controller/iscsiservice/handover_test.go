package iscsiservice

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"
	"github.com/ontap-operator/ontap-san-operator/internal/workqueue"
)

// look is one pass over an object.
func look(t *testing.T, r *Reconciler, key client.ObjectKey) (time.Duration, error) {
	t.Helper()
	result, err := r.Reconcile(t.Context(), ctrl.Request{NamespacedName: key})
	return result.RequeueAfter, err
}

// created makes an ISCSIService that has created the service of svm2.
func (s *site) created(t *testing.T, policy v1alpha1.DeletionPolicy) (client.ObjectKey, *Reconciler) {
	t.Helper()
	g := NewWithT(t)
	key, r := s.newService(t, policy), s.operator(s.Kube)
	_, err := look(t, r, key)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s.service(t, key).Status.Origin).To(Equal(v1alpha1.OriginCreated))
	g.Expect(s.ClearJournal(t.Context())).To(Succeed())
	return key, r
}

// next makes a younger ISCSIService for svm2.
func (s *site) next(t *testing.T, change func(*v1alpha1.ISCSIServiceSpec)) client.ObjectKey {
	t.Helper()
	obj := &v1alpha1.ISCSIService{
		ObjectMeta: metav1.ObjectMeta{
			Name: "next", Namespace: "team", UID: "8e4d2063-1b46-4e1f-8b10-406f3d4b0c22", Generation: 1,
			CreationTimestamp: metav1.NewTime(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)),
		},
		Spec: v1alpha1.ISCSIServiceSpec{SVM: v1alpha1.SVMSelector{Name: "svm2"}},
	}
	change(&obj.Spec)
	NewWithT(t).Expect(s.Kube.Create(t.Context(), obj)).To(Succeed())
	return client.ObjectKeyFromObject(obj)
}

func (s *site) remove(t *testing.T, key client.ObjectKey) {
	t.Helper()
	NewWithT(t).Expect(s.Kube.Delete(t.Context(), s.service(t, key))).To(Succeed())
}

func (s *site) reason(t *testing.T, key client.ObjectKey) string {
	t.Helper()
	return outcome.ReadyCondition(s.service(t, key).Status.Conditions).Reason
}

func (s *site) gone(t *testing.T, key client.ObjectKey) bool {
	t.Helper()
	return apierrors.IsNotFound(s.Kube.Get(t.Context(), key, &v1alpha1.ISCSIService{}))
}

func TestAServiceThatWasTakenOverIsNotDeletedByTheOneThatHadIt(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	main, r := s.created(t, "")
	next := s.next(t, func(spec *v1alpha1.ISCSIServiceSpec) { spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain })
	s.remove(t, main)
	_, err := look(t, r, main)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s.reason(t, main)).To(Equal(v1alpha1.ReasonHandingOver))
	_, err = look(t, r, next)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s.service(t, next).Status.Origin).To(Equal(v1alpha1.OriginAdopted))

	// The operator dies; meanwhile the new owner, which retains the service, is deleted.
	s.remove(t, next)
	r = s.operator(s.Kube)
	for range 3 {
		_, _ = look(t, r, main)
		_, _ = look(t, r, next)
	}
	g.Expect(s.changes(t)).To(BeEmpty(), "its last owner retains the service")
}

func TestAClaimantThatComesWhileTheServiceIsDisabledTakesItOver(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	main, r := s.created(t, "")
	barrier, err := s.Hold(t.Context(), controlclient.Match{Method: http.MethodPatch}, controlclient.After)
	g.Expect(err).NotTo(HaveOccurred())
	s.remove(t, main)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = r.Reconcile(t.Context(), ctrl.Request{NamespacedName: main})
	}()
	g.Expect(barrier.Wait(t.Context(), 20*time.Second)).To(Succeed())
	s.next(t, func(*v1alpha1.ISCSIServiceSpec) {})
	g.Expect(barrier.Release(t.Context())).To(Succeed())
	g.Eventually(ended).WithTimeout(20 * time.Second).Should(BeClosed())
	g.Expect(s.changes(t)).NotTo(ContainElement(http.MethodDelete))
}

func TestAServiceWhoseDeletionIsUnderWayIsNotTakenOver(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	main, r := s.created(t, "")
	barrier, err := s.Hold(t.Context(), controlclient.Match{Method: http.MethodDelete}, controlclient.Before)
	g.Expect(err).NotTo(HaveOccurred())
	s.remove(t, main)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = r.Reconcile(t.Context(), ctrl.Request{NamespacedName: main})
	}()
	g.Expect(barrier.Wait(t.Context(), 20*time.Second)).To(Succeed())
	next := s.next(t, func(spec *v1alpha1.ISCSIServiceSpec) { spec.Enabled = new(false) })
	_, err = look(t, r, next)
	g.Expect(err).NotTo(HaveOccurred())
	tookOver := s.service(t, next).Status.Origin
	g.Expect(barrier.Release(t.Context())).To(Succeed())
	g.Eventually(ended).WithTimeout(20 * time.Second).Should(BeClosed())
	svm, err := s.SVM(t.Context(), "svm2")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(tookOver == "" || svm.Service != nil).To(BeTrue(), "%s, and then deleted: %v", tookOver, s.changes(t))
}

func TestAClaimantThatCanNeverTakeOverDoesNotKeepTheHolderFromItsEnd(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	main, r := s.created(t, "")
	svm, err := s.SVM(t.Context(), "svm2")
	g.Expect(err).NotTo(HaveOccurred())
	next := s.next(t, func(spec *v1alpha1.ISCSIServiceSpec) {
		spec.SVM = v1alpha1.SVMSelector{Name: "other", UUID: svm.UUID}
	})
	_, err = look(t, r, next)
	g.Expect(err).NotTo(HaveOccurred())
	t.Log("the other one:", s.reason(t, next))
	s.remove(t, main)
	for range 3 {
		_, _ = look(t, r, main)
		_, _ = look(t, r, next)
	}
	g.Expect(s.gone(t, main)).To(BeTrue())
}

func TestThoseThatWaitForAPausedObjectLookWhenItLosesAccess(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	other := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "other", Labels: map[string]string{"san": "yes"}}}
	g.Expect(s.Kube.Create(t.Context(), other)).To(Succeed())
	s.Edit(t, func(spec *v1alpha1.ONTAPClusterSpec) {
		spec.Access = append(spec.Access, v1alpha1.AccessRule{
			Namespaces: v1alpha1.NamespaceSelector{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"san": "yes"}}}, SVMs: []string{"*"},
		})
	})
	s.reconcile(t)
	r := s.operator(s.Kube)
	holder := &v1alpha1.ISCSIService{
		ObjectMeta: metav1.ObjectMeta{Name: "holder", Namespace: "other", UID: types.UID("9e4d2063-1b46-4e1f-8b10-406f3d4b0c22"), Generation: 1},
		Spec:       v1alpha1.ISCSIServiceSpec{SVM: v1alpha1.SVMSelector{Name: "svm1"}},
	}
	g.Expect(s.Kube.Create(t.Context(), holder)).To(Succeed())
	key := client.ObjectKeyFromObject(holder)
	_, err := look(t, r, key)
	g.Expect(err).NotTo(HaveOccurred())
	holder = s.service(t, key)
	g.Expect(holder.Status.Origin).To(Equal(v1alpha1.OriginAdopted))
	holder.Annotations = map[string]string{v1alpha1.PausedAnnotation: "true"}
	g.Expect(s.Kube.Update(t.Context(), holder)).To(Succeed())
	_, _ = look(t, r, key)
	waiting := s.claimants(t, 1)[0]
	again, err := look(t, r, waiting)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s.reason(t, waiting)).To(Equal(v1alpha1.ReasonManagementConflict))
	g.Expect(again).To(BeNumerically(">", 30*time.Minute))

	// Access is taken away by a label of the namespace, which has the objects of that namespace looked at.
	other.Labels = nil
	g.Expect(s.Kube.Update(t.Context(), other)).To(Succeed())
	woken := r.requests(t.Context(), client.InNamespace("other"))
	_, err = look(t, r, waiting)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s.service(t, waiting).Status.Origin).To(Equal(v1alpha1.OriginAdopted), "it can take the service on")
	g.Expect(woken).To(ContainElement(HaveField("NamespacedName", waiting)), "and is woken to do so")
}

func TestAClaimantWhoseONTAPClusterIsNotConnectedYetIsWaitedFor(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	main, r := s.created(t, "")
	svm, err := s.SVM(t.Context(), "svm2")
	g.Expect(err).NotTo(HaveOccurred())
	second := s.Cluster(t)
	second.ObjectMeta, second.Status = metav1.ObjectMeta{Name: "second", Generation: 1}, v1alpha1.ONTAPClusterStatus{}
	g.Expect(s.Kube.Create(t.Context(), second)).To(Succeed())
	s.next(t, func(spec *v1alpha1.ISCSIServiceSpec) {
		spec.ONTAPClusterRef = &v1alpha1.ONTAPClusterReference{Name: "second"}
		spec.SVM = v1alpha1.SVMSelector{UUID: svm.UUID}
	})
	s.remove(t, main)
	_, err = look(t, r, main)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s.changes(t)).To(BeEmpty(), "an SVM has its UUID for itself")
}

// errDead is what a process that has died gets done.
var errDead = errors.New("the process is dead")

func TestAServiceIsTakenOverWhereverTheOperatorDies(t *testing.T) {
	for _, applied := range []bool{false, true} {
		for n := 1; n <= 6; n++ {
			for _, policy := range []v1alpha1.DeletionPolicy{"", v1alpha1.DeletionPolicyDelete} {
				t.Run(fmt.Sprint("write ", n, " applied ", applied, " policy ", policy), func(t *testing.T) {
					g := NewWithT(t)
					s := newSite(t)
					main, r := s.created(t, "")
					next := s.next(t, func(spec *v1alpha1.ISCSIServiceSpec) { spec.DeletionPolicy = policy })
					_, _ = look(t, r, next)
					s.remove(t, main)
					writes := 0
					dies := func(write func() error) error {
						if writes++; writes > n || writes == n && !applied {
							return errDead
						} else if writes == n {
							_ = write()
							return errDead
						}
						return write()
					}
					r = s.operator(interceptor.NewClient(s.Kube, interceptor.Funcs{
						Patch: func(ctx context.Context, kube client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
							return dies(func() error { return kube.Patch(ctx, obj, patch, opts...) })
						},
						SubResourcePatch: func(ctx context.Context, kube client.Client, sub string, obj client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
							return dies(func() error { return kube.SubResource(sub).Patch(ctx, obj, patch, opts...) })
						},
					}))
					for range 3 {
						_, _ = look(t, r, main)
						_, _ = look(t, r, next)
					}
					r = s.operator(s.Kube)
					for range 4 {
						_, _ = look(t, r, main)
						_, _ = look(t, r, next)
					}
					g.Expect(s.changes(t)).To(BeEmpty())
					g.Expect(s.gone(t, main)).To(BeTrue())
					g.Expect(s.service(t, next).Status.Origin).To(Equal(v1alpha1.OriginAdopted))
				})
			}
		}
	}
}

func TestALoserThatTheCacheDoesNotTellOfTheHolderIsNotBusy(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	_, _ = s.created(t, "")
	next := s.next(t, func(*v1alpha1.ISCSIServiceSpec) {})
	lists := 0
	r := s.operator(interceptor.NewClient(s.Kube, interceptor.Funcs{
		List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error { return nil },
		Get: func(ctx context.Context, kube client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			if key.Name == "main" {
				return apierrors.NewNotFound(v1alpha1.GroupVersion.WithResource("iscsiservices").GroupResource(), key.Name)
			}
			return kube.Get(ctx, key, obj, opts...)
		},
	}))
	r.Live = interceptor.NewClient(s.Kube, interceptor.Funcs{
		List: func(ctx context.Context, kube client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			lists++
			return kube.List(ctx, list, opts...)
		},
	})
	for range 5 {
		again, err := look(t, r, next)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(again).To(BeNumerically(">=", workqueue.StaleRetry), "%d lists of the API server so far", lists)
	}
}
