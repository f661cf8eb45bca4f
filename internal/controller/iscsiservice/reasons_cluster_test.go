package iscsiservice

import (
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"
)

// secret changes the Secret of the ONTAPCluster, which is connected with it; nil data deletes it.
func (x *trial) secret(data map[string]string) {
	x.t.Helper()
	secret := &corev1.Secret{}
	x.Expect(x.Kube.Get(x.t.Context(), client.ObjectKey{Namespace: "operator", Name: "login"}, secret)).To(Succeed())
	if data == nil {
		x.Expect(x.Kube.Delete(x.t.Context(), secret)).To(Succeed())
	} else {
		for name, value := range data {
			secret.Data[name] = []byte(value)
		}
		x.Expect(x.Kube.Update(x.t.Context(), secret)).To(Succeed())
	}
	x.poll()
}

// outwait lets the two minutes pass for which an object waits for others.
func (x *trial) outwait() {
	x.t.Helper()
	long := metav1.NewTime(time.Now().Add(-outcome.Grace - time.Second))
	obj := x.obj()
	for i := range obj.Status.Conditions {
		obj.Status.Conditions[i].LastTransitionTime = long
	}
	x.Expect(x.Kube.Status().Update(x.t.Context(), obj)).To(Succeed())
	cluster := x.Cluster(x.t)
	for i := range cluster.Status.Conditions {
		cluster.Status.Conditions[i].LastTransitionTime = long
	}
	x.Expect(x.Kube.Status().Update(x.t.Context(), cluster)).To(Succeed())
	x.poll()
}

// withSecret has the ONTAPCluster connected with another Secret.
func withSecret(data map[string]string) func(*testing.T) *trial {
	return func(t *testing.T) *trial {
		x := withService(t, unchanged)
		x.secret(data)
		return x
	}
}

// later is a case that has waited for more than two minutes.
func later(bring func(*testing.T) *trial) func(*testing.T) *trial {
	return func(t *testing.T) *trial {
		x := bring(t)
		x.pass()
		x.outwait()
		return x
	}
}

func withoutCluster(t *testing.T) *trial {
	return withService(t, func(spec *v1alpha1.ISCSIServiceSpec) {
		spec.ONTAPClusterRef = &v1alpha1.ONTAPClusterReference{Name: "none"}
	})
}

// ofCluster is what a message says of an ONTAPCluster that cannot be used.
func ofCluster(reason string) []string {
	return []string{`ONTAPCluster "default" cannot be used: ` + reason, "Its status tells the platform team what to do"}
}

var (
	noCluster = []string{`spec.ontapClusterRef: there is no ONTAPCluster "none"`, "Correct the name"}
	noSecret  = withSecret(nil)
	noLogin   = withSecret(map[string]string{"password": ""})
	elsewhere = withSecret(map[string]string{"endpoints": "https://elsewhere.example.com"})
)

// clusterReasons are those of the ONTAPCluster.
var clusterReasons = []reasonCase{
	{reason: v1alpha1.ReasonONTAPClusterNotFound, ready: isNotReady, message: noCluster, bring: withoutCluster},
	{reason: v1alpha1.ReasonONTAPClusterNotFound, ready: isNotReady, stalled: true, message: noCluster, bring: later(withoutCluster)},
	{reason: v1alpha1.ReasonONTAPClusterNotReady, ready: isNotReady, message: []string{`ONTAPCluster "second" is not connected yet`}, bring: func(t *testing.T) *trial {
		x := withService(t, func(spec *v1alpha1.ISCSIServiceSpec) {
			spec.ONTAPClusterRef = &v1alpha1.ONTAPClusterReference{Name: "second"}
		})
		second := x.Cluster(t)
		second.ObjectMeta, second.Status = metav1.ObjectMeta{Name: "second", Generation: 1}, v1alpha1.ONTAPClusterStatus{}
		x.Expect(x.Kube.Create(t.Context(), second)).To(Succeed())
		return x
	}},
	{reason: v1alpha1.ReasonSecretNotFound, ready: isNotReady, message: ofCluster("SecretNotFound"), bring: noSecret},
	{reason: v1alpha1.ReasonSecretNotFound, ready: isNotReady, stalled: true, message: ofCluster("SecretNotFound"), bring: later(noSecret)},
	{reason: v1alpha1.ReasonSecretInvalid, ready: isNotReady, message: ofCluster("SecretInvalid"), bring: noLogin},
	{reason: v1alpha1.ReasonSecretInvalid, ready: isNotReady, stalled: true, message: ofCluster("SecretInvalid"), bring: later(noLogin)},
	{reason: v1alpha1.ReasonEndpointNotAllowed, ready: isNotReady, message: ofCluster("EndpointNotAllowed"), bring: elsewhere},
	{reason: v1alpha1.ReasonEndpointNotAllowed, ready: isNotReady, stalled: true, message: ofCluster("EndpointNotAllowed"), bring: later(elsewhere)},
	{reason: v1alpha1.ReasonInvalidConfiguration, ready: isNotReady, stalled: true, message: ofCluster("InvalidConfiguration"), bring: func(t *testing.T) *trial {
		x := withService(t, unchanged)
		x.configure(func(spec *v1alpha1.ONTAPClusterSpec) {
			spec.Access[0].Namespaces = v1alpha1.NamespaceSelector{Selector: &metav1.LabelSelector{
				MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "san", Operator: "in", Values: []string{"yes"}}},
			}}
		})
		return x
	}},
	{reason: v1alpha1.ReasonArrayChanged, ready: isNotReady, stalled: true, message: ofCluster("ArrayChanged"), bring: func(t *testing.T) *trial {
		x := ofOrigin(t, v1alpha1.OriginCreated, unchanged)
		x.Expect(x.ChangeCluster(t.Context(), map[string]any{"uuid": "99999999-2222-3333-4444-555555555555"})).To(Succeed())
		x.Fleet.Disconnect("default") // who answers is made sure of when the array is connected
		x.poll()
		return x
	}},
}

// metricsReasons are those of MetricsAvailable: faults of the array's performance data.
var metricsReasons = []struct {
	reason  string
	status  metav1.ConditionStatus
	version string
	fault   controlclient.Fault
	message string
}{
	{reason: v1alpha1.ReasonMetricsCurrent, status: metav1.ConditionTrue, message: "latest sample"},
	{reason: v1alpha1.ReasonMetricsNotSupported, status: metav1.ConditionFalse, version: "9.6.0", message: "since 9.7"},
	{reason: v1alpha1.ReasonMetricsThrottled, status: metav1.ConditionFalse, fault: controlclient.Fault{Status: http.StatusServiceUnavailable, Code: "262160"}, message: "ONTAP code 262160"},
	{reason: v1alpha1.ReasonMetricsFailed, status: metav1.ConditionFalse, fault: controlclient.Fault{Status: http.StatusInternalServerError, Code: "8586225"}, message: "ONTAP code 8586225"},
	{reason: v1alpha1.ReasonMetricsFailed, status: metav1.ConditionFalse, fault: controlclient.Fault{Status: http.StatusInternalServerError, Code: "8585947"}, message: "ONTAP code 8585947"},
	{reason: v1alpha1.ReasonNoMetrics, status: metav1.ConditionFalse, fault: controlclient.Fault{Spoil: &controlclient.Spoil{Remove: []string{"metric"}}}, message: "no performance data of this service"},
}

func TestEachReasonOfMetricsAvailable(t *testing.T) {
	for _, c := range metricsReasons {
		t.Run(c.reason+" "+c.fault.Code, func(t *testing.T) {
			x := withService(t, unchanged)
			if c.version != "" {
				x.Expect(x.ChangeCluster(t.Context(), map[string]any{"version": c.version})).To(Succeed())
				x.Fleet.Disconnect("default")
			}
			if c.fault.Match.Query = "metric"; c.fault.Status != 0 || c.fault.Spoil != nil {
				x.fault(c.fault)
			}
			x.configure(func(spec *v1alpha1.ONTAPClusterSpec) { spec.Metrics = nil })
			x.pass()
			x.touch()
			x.pass()
			shown := x.condition(v1alpha1.ConditionMetricsAvailable)
			x.Expect(shown.Reason).To(Equal(c.reason), shown.Message)
			x.Expect(shown.Status).To(Equal(c.status))
			x.Expect(shown.Message).To(ContainSubstring(c.message))
			x.Expect(x.obj().Status.Metrics != nil).To(Equal(c.status == metav1.ConditionTrue))
			ready := x.condition(v1alpha1.ConditionReady)
			x.Expect(ready.Reason).To(Equal(v1alpha1.ReasonEnabled), "Ready is not touched")
			x.Expect(x.obj().Status.ObservedGeneration).To(Equal(x.obj().Generation))
		})
	}
}
