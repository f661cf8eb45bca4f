package iscsiservice

import (
	"context"
	"errors"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/controller/ontapcluster"
	"github.com/ontap-operator/ontap-san-operator/internal/controller/sitetest"
	"github.com/ontap-operator/ontap-san-operator/internal/controller/trigger"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"
)

// site is an array, and the ONTAPCluster "default" with the Secret "login", by which the operator is connected to it.
type site struct {
	*ontapcluster.Reconciler
	*controlclient.Control
	kube client.WithWatch
	// unreadable is why the API server does not give Secrets, if so.
	unreadable error
}

func newSite(t *testing.T) *site {
	t.Helper()
	g := NewWithT(t)
	fixture := sitetest.New(t, claimIndexes)
	s := &site{Control: fixture.Control, kube: fixture.Kube}
	s.Reconciler = &ontapcluster.Reconciler{
		Client: s.kube,
		Live: interceptor.NewClient(s.kube, interceptor.Funcs{
			Get: func(ctx context.Context, kube client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
				if s.unreadable != nil {
					return s.unreadable
				}
				return kube.Get(ctx, key, obj, opts...)
			},
		}),
		Fleet:     &fleet.Fleet{},
		Events:    events.NewFakeRecorder(100),
		Namespace: "operator",
		Connected: make(chan event.GenericEvent, 100),
		Changed:   make(chan event.TypedGenericEvent[trigger.Change], 100),
		App:       "test/1",
	}
	s.reconcile(t)
	g.Expect(s.ready(t).Status).To(Equal(metav1.ConditionTrue))
	return s
}

// reconcile does what is due for the ONTAPCluster; retry is when it is due again, 0 with backoff.
func (s *site) reconcile(t *testing.T) (retryAfter time.Duration) {
	t.Helper()
	result, err := s.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Name: "default"}})
	if !errors.As(err, &outcome.Retry{}) {
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
	}
	return result.RequeueAfter
}

func (s *site) cluster(t *testing.T) *v1alpha1.ONTAPCluster {
	t.Helper()
	cluster := &v1alpha1.ONTAPCluster{}
	NewWithT(t).Expect(s.kube.Get(t.Context(), client.ObjectKey{Name: "default"}, cluster)).To(Succeed())
	return cluster
}

func (s *site) ready(t *testing.T) metav1.Condition {
	t.Helper()
	return *outcome.ReadyCondition(s.cluster(t).Status.Conditions)
}

// edit changes the spec, as one who applies it does.
func (s *site) edit(t *testing.T, change func(*v1alpha1.ONTAPClusterSpec)) {
	t.Helper()
	cluster := s.cluster(t)
	change(&cluster.Spec)
	cluster.Generation++
	NewWithT(t).Expect(s.kube.Update(t.Context(), cluster)).To(Succeed())
}
