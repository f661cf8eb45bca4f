package iscsiservice

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/admission"
	"github.com/ontap-operator/ontap-san-operator/internal/controller/ontapcluster"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/lease"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
	"github.com/ontap-operator/ontap-san-operator/internal/workqueue"
)

// unheld is a lease that this process does not have. What is done without it in these tests would be done through a nil
// client.
func unheld(t *testing.T) *lease.Lease {
	t.Helper()
	l, err := lease.New(&rest.Config{Host: "https://nowhere.invalid"}, "namespace", "name", time.Second)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return l
}

func TestWithoutItsLeaseTheOperatorDoesNotEvenLook(t *testing.T) {
	g := NewWithT(t)
	result, err := (&ontapcluster.Reconciler{Lease: unheld(t)}).Reconcile(t.Context(), ctrl.Request{})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(result.RequeueAfter).To(Equal(workqueue.LeaseRetry))

	result, err = (&Reconciler{Fleet: &fleet.Fleet{}, Lease: unheld(t)}).Reconcile(t.Context(), ctrl.Request{})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(result.RequeueAfter).To(Equal(workqueue.LeaseRetry))
}

func TestAPassThatLosesItsLeaseTellsNothing(t *testing.T) {
	g := NewWithT(t)
	r, obj := &Reconciler{Lease: unheld(t), Fleet: &fleet.Fleet{}}, &v1alpha1.ISCSIService{}
	p := &pass{
		r: r, memory: &objectMemory{}, object: r.object(obj), admission: &admission.Admission{Cluster: &v1alpha1.ONTAPCluster{}},
		state: plan.Begin(describe(obj), plan.Memory{}, false, time.Now()),
	}
	g.Expect(p.mark(t.Context(), plan.Step{Do: plan.Mark, Creating: true})).To(MatchError(lease.ErrTooShort))
	g.Expect(p.state.Memory()).To(Equal(plan.Memory{}))
	g.Expect(p.mark(t.Context(), plan.Step{Do: plan.Unmark})).To(MatchError(lease.ErrTooShort))

	p.obj().Status.Origin = v1alpha1.OriginCreated
	g.Expect(p.record(t.Context())).To(MatchError(lease.ErrTooShort))
}
