package iscsiservice

import (
	"context"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
)

// claimants makes that many ISCSIServices that name svm1, each a second younger than the one before.
func (s *site) claimants(t *testing.T, n int) []client.ObjectKey {
	t.Helper()
	var keys []client.ObjectKey
	for i := range n {
		obj := &v1alpha1.ISCSIService{
			ObjectMeta: metav1.ObjectMeta{
				Name: fmt.Sprintf("claimant-%d", i), Namespace: "team", UID: types.UID(fmt.Sprintf("00000000-0000-0000-0000-%012d", i)), Generation: 1,
				CreationTimestamp: metav1.NewTime(time.Date(2026, 1, 1, 0, 0, i, 0, time.UTC)),
			},
			Spec: v1alpha1.ISCSIServiceSpec{SVM: v1alpha1.SVMSelector{Name: "svm1"}},
		}
		NewWithT(t).Expect(s.Kube.Create(t.Context(), obj)).To(Succeed())
		keys = append(keys, client.ObjectKeyFromObject(obj))
	}
	return keys
}

func TestAClaimLooksAtFewObjectsHoweverManyNameTheSVM(t *testing.T) {
	looked := map[int]int{}
	for _, n := range []int{2, 200} {
		g := NewWithT(t)
		s := newSite(t)
		keys := s.claimants(t, n)
		read := 0
		kube := interceptor.NewClient(s.Kube, interceptor.Funcs{
			List: func(ctx context.Context, kube client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
				err := kube.List(ctx, list, opts...)
				read += meta.LenList(list)
				return err
			},
		})
		r := s.operator(kube)
		pass := func(key client.ObjectKey) time.Duration {
			result, err := r.Reconcile(t.Context(), ctrl.Request{NamespacedName: key})
			g.Expect(err).NotTo(HaveOccurred())
			return result.RequeueAfter
		}
		pass(keys[0])
		g.Expect(s.service(t, keys[0]).Status.Origin).To(Equal(v1alpha1.OriginAdopted))
		last := keys[n-1]
		pass(last)
		read = 0
		g.Expect(pass(last)).To(BeNumerically(">", 30*time.Minute), "the end of the holder triggers the next pass, and not the time")
		g.Expect(outcome.ReadyCondition(s.service(t, last).Status.Conditions).Reason).To(Equal(v1alpha1.ReasonManagementConflict))
		looked[n] = read
	}
	NewWithT(t).Expect(looked[200]).To(Equal(looked[2]))
}

func TestThoseThatWaitForAnObjectLookWhenItsClaimChanges(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	keys, r := s.claimants(t, 3), s.operator(s.Kube)
	for _, key := range keys {
		_, err := r.Reconcile(t.Context(), ctrl.Request{NamespacedName: key})
		g.Expect(err).NotTo(HaveOccurred())
	}
	holder := s.service(t, keys[0])
	waiting := ConsistOf(HaveField("NamespacedName", keys[1]), HaveField("NamespacedName", keys[2]))
	g.Expect(r.waiting(t.Context(), holder)).To(waiting)
	for name, change := range map[string]func(*v1alpha1.ISCSIService){
		"it is being deleted":   func(o *v1alpha1.ISCSIService) { o.DeletionTimestamp = new(metav1.Now()) },
		"it only observes":      func(o *v1alpha1.ISCSIService) { o.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve },
		"it has no service now": func(o *v1alpha1.ISCSIService) { o.Status.Origin = "" },
		"it may not use the SVM any more": func(o *v1alpha1.ISCSIService) {
			o.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Reason: v1alpha1.ReasonAccessDenied}}
		},
	} {
		after := holder.DeepCopy()
		change(after)
		g.Expect(claimChanged.Update(event.UpdateEvent{ObjectOld: holder, ObjectNew: after})).To(BeTrue(), name)
	}
	sample := holder.DeepCopy()
	sample.Status.Metrics = &v1alpha1.Metrics{Status: "ok"}
	g.Expect(claimChanged.Update(event.UpdateEvent{ObjectOld: holder, ObjectNew: sample})).To(BeFalse())
	g.Expect(claimChanged.Delete(event.DeleteEvent{Object: holder})).To(BeTrue())
	g.Expect(claimChanged.Create(event.CreateEvent{Object: holder})).To(BeFalse())

	g.Expect(s.Kube.Delete(t.Context(), s.service(t, keys[2]))).To(Succeed())
	_, err := r.Reconcile(t.Context(), ctrl.Request{NamespacedName: keys[2]})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(r.waiting(t.Context(), holder)).To(ConsistOf(HaveField("NamespacedName", keys[1])))
}
