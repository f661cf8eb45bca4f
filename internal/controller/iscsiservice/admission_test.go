package iscsiservice

import (
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/admission"
	"github.com/ontap-operator/ontap-san-operator/internal/controller/trigger"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
)

func TestAServiceWaitsUntilItsONTAPClusterIsConnectedAsSpecSaysNow(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	connect := func(deleted *metav1.Time) error {
		t.Helper()
		obj := &v1alpha1.ISCSIService{
			ObjectMeta: metav1.ObjectMeta{Name: "main", Namespace: "team", DeletionTimestamp: deleted, Finalizers: []string{v1alpha1.Finalizer}},
			Spec:       v1alpha1.ISCSIServiceSpec{SVM: v1alpha1.SVMSelector{Name: "svm1"}},
			Status: v1alpha1.ISCSIServiceStatus{
				SVM: &v1alpha1.SVMStatus{Name: "svm1", UUID: "11111111-2222-3333-4444-555555555555"}, Origin: v1alpha1.OriginCreated,
			},
		}
		slot := s.Fleet.Visit(fleet.Visitor{Key: "main", Wake: func() {}})
		p, err := (&Reconciler{Client: s.Kube, Fleet: s.Fleet}).begin(t.Context(), obj, slot)
		g.Expect(err).NotTo(HaveOccurred())
		defer p.end()
		err = p.connect(t.Context())
		g.Expect(p.failure).To(BeNil())
		return err
	}
	g.Expect(connect(nil)).To(Succeed())
	s.Edit(t, func(spec *v1alpha1.ONTAPClusterSpec) { spec.Endpoint = "https://127.0.0.1:1" })
	g.Expect(connect(nil)).To(MatchError(admission.ErrNotConnected), "nothing is told, and nothing sent where spec led before")
	g.Expect(connect(new(metav1.Now()))).To(Succeed(), "a deletion takes the connection that there is")

	before := s.Cluster(t)
	after := before.DeepCopy()
	outcome.SetConditions(&after.Status.Conditions, &after.Status.ObservedGeneration, after.Generation, outcome.Ready(v1alpha1.ReasonConnected, "m", 0))
	g.Expect(outcome.Connected(after)).To(BeTrue())
	g.Expect(trigger.ClusterChanged.Update(event.UpdateEvent{ObjectOld: before, ObjectNew: after})).To(BeTrue(), "it is woken then")
	g.Expect(trigger.ClusterChanged.Update(event.UpdateEvent{ObjectOld: after, ObjectNew: after})).To(BeFalse())
}
