package iscsiservice

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/ontap-operator/ontap-san-operator/internal/controller/ontapcluster"
	"github.com/ontap-operator/ontap-san-operator/internal/controller/sitetest"
	"github.com/ontap-operator/ontap-san-operator/internal/controller/trigger"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
)

// site is an array, and the ONTAPCluster "default" with the Secret "login", by which the operator is connected to it.
type site struct {
	*ontapcluster.Reconciler
	*sitetest.Site
}

func newSite(t *testing.T) *site {
	t.Helper()
	g := NewWithT(t)
	s := &site{Site: sitetest.New(t, claimIndexes)}
	s.Reconciler = &ontapcluster.Reconciler{
		Client:    s.Kube,
		Live:      s.Kube,
		Fleet:     &fleet.Fleet{},
		Events:    events.NewFakeRecorder(100),
		Namespace: "operator",
		Connected: make(chan event.GenericEvent, 100),
		Changed:   make(chan event.TypedGenericEvent[trigger.Change], 100),
		App:       "test/1",
	}
	s.reconcile(t)
	g.Expect(s.Ready(t).Status).To(Equal(metav1.ConditionTrue))
	return s
}

// reconcile does what is due for the ONTAPCluster; retryAfter is when it is due again, 0 with backoff.
func (s *site) reconcile(t *testing.T) (retryAfter time.Duration) {
	t.Helper()
	return s.Pass(t, s.Reconciler)
}
