// Package sitetest has what the unit tests of reconcilers stand on: an array, which the simulator is in process, and an API server,
// which a fake client is, with the ONTAPCluster "default" and the Secret "login" in namespace "operator".
package sitetest

import (
	"errors"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/controller/trigger"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"
)

// Site is an array, and the objects by which the operator is connected to it.
type Site struct {
	*controlclient.Control
	Kube client.WithWatch
}

// New starts a site whose cache has these indexes of ISCSIServices, besides the one by ONTAPCluster.
func New(t *testing.T, indexes map[string]func(*v1alpha1.ISCSIService) []string) *Site {
	t.Helper()
	g := NewWithT(t)
	parsed, err := simulator.ParseScenario([]byte("cluster: {name: array1, version: 9.16.1}\nsvms:\n- {name: svm1, service: {enabled: true}}\n"))
	g.Expect(err).NotTo(HaveOccurred())
	array, err := simulator.Start(simulator.Options{Scenario: parsed, Listen: "127.0.0.1:0", Control: "127.0.0.1:0"})
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { _ = array.Close() })

	scheme := runtime.NewScheme()
	g.Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	g.Expect(corev1.AddToScheme(scheme)).To(Succeed())
	s := &Site{Control: &controlclient.Control{URL: array.ControlURL}}
	builder := fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&v1alpha1.ONTAPCluster{}, &v1alpha1.ISCSIService{})
	for name, value := range indexes {
		builder.WithIndex(&v1alpha1.ISCSIService{}, name, func(obj client.Object) []string {
			return value(obj.(*v1alpha1.ISCSIService))
		})
	}
	s.Kube = builder.
		WithIndex(&v1alpha1.ISCSIService{}, trigger.ServicesByCluster, func(obj client.Object) []string {
			return []string{obj.(*v1alpha1.ISCSIService).ONTAPClusterName()}
		}).
		WithObjects(
			&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "team"}},
			&corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Name: "login", Namespace: "operator"},
				Data:       map[string][]byte{"username": []byte("admin"), "password": []byte("netapp123"), "endpoints": []byte(array.URL)},
			},
			&v1alpha1.ONTAPCluster{
				ObjectMeta: metav1.ObjectMeta{Name: "default", Generation: 1},
				Spec: v1alpha1.ONTAPClusterSpec{
					Endpoint:             array.URL,
					CredentialsSecretRef: v1alpha1.SecretReference{Name: "login"},
					TLS:                  &v1alpha1.TLSConfig{CA: string(array.CA())},
					Metrics:              &v1alpha1.MetricsConfig{Disabled: true},
					Access:               []v1alpha1.AccessRule{{Namespaces: v1alpha1.NamespaceSelector{Names: []string{"team"}}, SVMs: []string{"*"}}},
				},
			}).Build()
	return s
}

// Pass has the reconciler of ONTAPClusters do what is due; retryAfter is when that is due again, 0 with backoff.
func (s *Site) Pass(t *testing.T, clusters reconcile.Reconciler) (retryAfter time.Duration) {
	t.Helper()
	result, err := clusters.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Name: "default"}})
	if !errors.As(err, &outcome.Retry{}) {
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
	}
	return result.RequeueAfter
}

// Cluster returns the ONTAPCluster.
func (s *Site) Cluster(t *testing.T) *v1alpha1.ONTAPCluster {
	t.Helper()
	cluster := &v1alpha1.ONTAPCluster{}
	NewWithT(t).Expect(s.Kube.Get(t.Context(), client.ObjectKey{Name: "default"}, cluster)).To(Succeed())
	return cluster
}

// Ready returns the Ready condition of the ONTAPCluster.
func (s *Site) Ready(t *testing.T) metav1.Condition {
	t.Helper()
	return *outcome.ReadyCondition(s.Cluster(t).Status.Conditions)
}

// Edit changes the spec of the ONTAPCluster, as kubectl apply does.
func (s *Site) Edit(t *testing.T, change func(*v1alpha1.ONTAPClusterSpec)) {
	t.Helper()
	cluster := s.Cluster(t)
	change(&cluster.Spec)
	cluster.Generation++
	NewWithT(t).Expect(s.Kube.Update(t.Context(), cluster)).To(Succeed())
}
