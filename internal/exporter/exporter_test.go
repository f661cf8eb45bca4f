package exporter

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/access"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator"
)

const (
	svmUUID  = "11111111-2222-3333-4444-555555555555"
	scenario = `
cluster: {name: array1, version: 9.16.1}
svms:
- {name: svm1, uuid: ` + svmUUID + `, service: {enabled: true}}
- {name: svm2, service: {enabled: true}}
`
)

// site is an array that was polled, the objects about it, and the exporter of both.
type site struct {
	*Exporter
	kube  client.Client
	fleet *fleet.Fleet
	array *fleet.Array
	stop  func()
}

func newSite(t *testing.T) *site {
	t.Helper()
	g := NewWithT(t)
	scheme := runtime.NewScheme()
	g.Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	g.Expect(corev1.AddToScheme(scheme)).To(Succeed())
	elected := make(chan struct{})
	close(elected)
	s := &site{fleet: &fleet.Fleet{}}
	s.kube = fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&v1alpha1.ISCSIService{}, &v1alpha1.ONTAPCluster{}).Build()
	s.Exporter = New(Config{Cache: s.kube, Fleet: s.fleet, Elected: elected, Allowed: access.Allowed, Has: access.Shard{}.Has})
	s.fleet.Observe = s.Observe

	parsed, err := simulator.ParseScenario([]byte(scenario))
	g.Expect(err).NotTo(HaveOccurred())
	array, err := simulator.Start(simulator.Options{Scenario: parsed, Listen: "127.0.0.1:0", Control: "127.0.0.1:0"})
	g.Expect(err).NotTo(HaveOccurred())
	s.stop = func() { _ = array.Close() }
	t.Cleanup(s.stop)
	s.array, err = s.fleet.Connect("default", ontap.Config{
		Endpoint: array.URL, App: "test/1", TLS: ontap.TLS{CA: array.CA()},
		Credentials: ontap.Credentials{Username: "admin", Password: "netapp123"},
	}, fleet.Limits{})
	g.Expect(err).NotTo(HaveOccurred())
	found, err := s.array.Identify(t.Context(), "")
	g.Expect(err).NotTo(HaveOccurred())
	_, err = s.array.Poll(t.Context(), true)
	g.Expect(err).NotTo(HaveOccurred())

	s.create(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "team-a", Labels: map[string]string{"tier": "gold"}}})
	s.create(t, &v1alpha1.ONTAPCluster{
		ObjectMeta: metav1.ObjectMeta{Name: "default"},
		Spec: v1alpha1.ONTAPClusterSpec{Access: []v1alpha1.AccessRule{{
			Namespaces: v1alpha1.NamespaceSelector{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"tier": "gold"}}},
			SVMs:       []string{"svm1"},
		}}},
		Status: v1alpha1.ONTAPClusterStatus{
			Array:      &v1alpha1.ArrayStatus{Name: found.Name, UUID: found.UUID, Version: "9.16.1"},
			Conditions: readyBecause(v1alpha1.ReasonConnected),
		},
	})
	s.create(t, s.service())
	return s
}

// service is an object that is bound to svm1.
func (s *site) service() *v1alpha1.ISCSIService {
	identity, _ := s.array.Identity(time.Hour)
	return &v1alpha1.ISCSIService{
		ObjectMeta: metav1.ObjectMeta{Name: "orders", Namespace: "team-a", UID: "uid-1", Finalizers: []string{v1alpha1.Finalizer}},
		Status: v1alpha1.ISCSIServiceStatus{
			Conditions: readyBecause(v1alpha1.ReasonEnabled),
			SVM:        &v1alpha1.SVMStatus{Name: "svm1", UUID: svmUUID},
			ArrayUUID:  identity.UUID,
			Origin:     v1alpha1.OriginCreated,
		},
	}
}

func readyBecause(reason string) []metav1.Condition {
	return []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: reason}}
}

func (s *site) create(t *testing.T, obj client.Object) {
	t.Helper()
	NewWithT(t).Expect(s.kube.Create(t.Context(), obj)).To(Succeed())
}

// scrape returns what a scrape brings: values by series, as in name{a="b"}. Those of a histogram are its count.
func (s *site) scrape(t *testing.T) map[string]float64 {
	t.Helper()
	series := map[string]float64{}
	for _, f := range s.gather(t) {
		for _, m := range f.GetMetric() {
			labels := make([]string, 0, len(m.GetLabel()))
			for _, l := range m.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			value := m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
			series[f.GetName()+"{"+strings.Join(labels, ",")+"}"] = value
		}
	}
	return series
}

func (s *site) gather(t *testing.T) []*dto.MetricFamily {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	g := NewWithT(t)
	g.Expect(registry.Register(s.Exporter)).To(Succeed())
	gathered, err := registry.Gather()
	g.Expect(err).NotTo(HaveOccurred())
	return gathered
}

// about are the series that have all these parts.
func about(series map[string]float64, parts ...string) []string {
	return slices.Sorted(func(yield func(string) bool) {
		for name := range series {
			if !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(name, part) }) && !yield(name) {
				return
			}
		}
	})
}

const orders = `{name="orders",namespace="team-a",ontapcluster="default",svm="svm1"}`

// with is the label set of orders with one label more, which sorts behind svm unless it is operation.
func operation(name string) string {
	return strings.Replace(orders, `,svm=`, `,operation="`+name+`",svm=`, 1)
}

func TestAServiceIsShownInBaseUnits(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	on, _ := s.array.Find(ontap.SVMRef{UUID: svmUUID})
	series := s.scrape(t)

	g.Expect(series).To(HaveKeyWithValue("ontap_san_iscsi_service_enabled"+orders, 1.0))
	g.Expect(about(series, "ontap_san_iscsi_service_info{", `target="`+on.Target.Name+`"`, `svm_uuid="`+svmUUID+`"`, `origin="Created"`)).To(HaveLen(1))
	g.Expect(series).To(HaveKeyWithValue("ontap_san_iscsi_service_sample_age_seconds"+orders, BeNumerically("~", 15, 20)))
	g.Expect(series).To(HaveKeyWithValue(strings.Replace("ontap_san_iscsi_service_sample_status"+orders, ",svm=", `,status="ok",svm=`, 1), 1.0))
	m, c := on.Metric, on.Statistics
	for name, want := range map[string]float64{
		"operations_per_second" + operation("read"):        float64(m.IOPS.Read),
		"operations_per_second" + operation("write"):       float64(m.IOPS.Write),
		"operations_per_second" + operation("other"):       float64(m.IOPS.Other),
		"overall_operations_per_second" + orders:           float64(m.IOPS.Total),
		"latency_seconds" + operation("read"):              float64(m.Latency.Read) / 1e6,
		"latency_seconds" + operation("write"):             float64(m.Latency.Write) / 1e6,
		"latency_seconds" + operation("other"):             float64(m.Latency.Other) / 1e6,
		"overall_latency_seconds" + orders:                 float64(m.Latency.Total) / 1e6,
		"throughput_bytes_per_second" + operation("read"):  float64(m.Throughput.Read),
		"throughput_bytes_per_second" + operation("write"): float64(m.Throughput.Write),
		"overall_throughput_bytes_per_second" + orders:     float64(m.Throughput.Total),
		"operations_total" + operation("read"):             float64(c.IOPSRaw.Read),
		"operations_total" + operation("write"):            float64(c.IOPSRaw.Write),
		"operations_total" + operation("other"):            float64(c.IOPSRaw.Other),
		"operation_seconds_total" + operation("read"):      float64(c.LatencyRaw.Read) / 1e6,
		"operation_seconds_total" + operation("write"):     float64(c.LatencyRaw.Write) / 1e6,
		"operation_seconds_total" + operation("other"):     float64(c.LatencyRaw.Other) / 1e6,
		"transferred_bytes_total" + operation("read"):      float64(c.ThroughputRaw.Read),
		"transferred_bytes_total" + operation("write"):     float64(c.ThroughputRaw.Write),
	} {
		g.Expect(want).To(BeNumerically(">", 0), name)
		g.Expect(series).To(HaveKeyWithValue("ontap_san_iscsi_service_"+name, BeNumerically("~", want, want*1e-9)))
	}
	g.Expect(about(series, `svm="svm2"`)).To(BeEmpty(), "nobody has an object for it")
}

func TestFiguresAreShownOnlyToWhomTheServiceIs(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(obj *v1alpha1.ISCSIService)
		rules  []v1alpha1.AccessRule
	}{
		{name: "not to an object that is not bound", change: func(obj *v1alpha1.ISCSIService) { obj.Status.SVM = nil }},
		{name: "not to one that is denied access", change: func(obj *v1alpha1.ISCSIService) {
			obj.Status.Conditions = readyBecause(v1alpha1.ReasonAccessDenied)
		}},
		{name: "not to one that yields to another", change: func(obj *v1alpha1.ISCSIService) {
			obj.Status.Conditions = readyBecause(v1alpha1.ReasonManagementConflict)
		}},
		{name: "not to one that is bound on another array", change: func(obj *v1alpha1.ISCSIService) { obj.Status.ArrayUUID = "another" }},
		{name: "not to one of another ONTAPCluster", change: func(obj *v1alpha1.ISCSIService) {
			obj.Spec.ONTAPClusterRef = &v1alpha1.ONTAPClusterReference{Name: "other"}
		}},
		{name: "not after access was revoked, even if no pass has seen that", rules: []v1alpha1.AccessRule{{
			Namespaces: v1alpha1.NamespaceSelector{Names: []string{"team-b"}}, SVMs: []string{"*"},
		}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			s := newSite(t)
			obj := s.service()
			if c.change != nil {
				g.Expect(s.kube.Get(t.Context(), client.ObjectKeyFromObject(obj), obj)).To(Succeed())
				c.change(obj)
				status := obj.Status
				g.Expect(s.kube.Update(t.Context(), obj)).To(Succeed())
				obj.Status = status
				g.Expect(s.kube.Status().Update(t.Context(), obj)).To(Succeed())
			}
			if c.rules != nil {
				cluster := &v1alpha1.ONTAPCluster{}
				g.Expect(s.kube.Get(t.Context(), types.NamespacedName{Name: "default"}, cluster)).To(Succeed())
				cluster.Spec.Access = c.rules
				g.Expect(s.kube.Update(t.Context(), cluster)).To(Succeed())
			}
			series := s.scrape(t)
			g.Expect(about(series, `svm="svm1"`)).To(BeEmpty())
			g.Expect(about(series, "ontap_san_iscsi_service_ready{", `name="orders"`)).To(HaveLen(1))
		})
	}
}

func TestCountersAreLeftOutWhileTheArraySaysThatTheyMayBeWrong(t *testing.T) {
	at := func(status string, reads int64) []string {
		s := newSite(t)
		var seen []string
		look := scrape{Config: s.config, now: time.Now(), emit: func(m prometheus.Metric) {
			var written dto.Metric
			if m.Write(&written) == nil && written.Counter != nil {
				seen = append(seen, fmt.Sprintf("%s %v", written.GetLabel()[3].GetValue(), written.Counter.GetValue()))
			}
		}}
		NewWithT(t).Expect(look.read(t.Context())).To(Succeed())
		service := look.onArray["default"][svmUUID]
		service.Statistics = &ontap.Statistics{Status: status, IOPSRaw: ontap.Operations{Read: reads}}
		look.onArray["default"][svmUUID] = service
		look.service(&look.services[0])
		return seen
	}
	g := NewWithT(t)
	g.Expect(at("ok", 1000)).To(ContainElement("read 1000"))
	g.Expect(at("partial_no_data", 10)).To(BeEmpty(), "a dip would read as a reset, and the way back as a leap")
	g.Expect(at("ok", 7)).To(ContainElement("read 7"), "a reset is handed on: Prometheus knows what to do with it")
}

func TestArraysAndObjectsAreCounted(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	waiting := s.service()
	waiting.Name, waiting.UID = "waiting", "uid-2"
	waiting.Status = v1alpha1.ISCSIServiceStatus{}
	s.create(t, waiting)
	s.DriftCorrected(s.service(), "enabled")
	series := s.scrape(t)
	for name, want := range map[string]float64{
		`objects{kind="ISCSIService",ready="True",reason="Enabled"}`:                                         1,
		`objects{kind="ISCSIService",ready="Unknown",reason="Pending"}`:                                      1,
		`objects{kind="ONTAPCluster",ready="True",reason="Connected"}`:                                       1,
		`array_ready{ontapcluster="default",reason="Connected"}`:                                             1,
		`array_poll_interval_seconds{ontapcluster="default"}`:                                                60,
		`array_services{ontapcluster="default"}`:                                                             2,
		`array_samples_available{ontapcluster="default"}`:                                                    1,
		`array_breaker_state{ontapcluster="default",state="closed"}`:                                         1,
		`array_breaker_state{ontapcluster="default",state="open"}`:                                           0,
		`array_requests_total{code="0",ontapcluster="default",operation="list_iscsi_services",status="200"}`: 1,
		`array_request_duration_seconds{ontapcluster="default",operation="list_iscsi_services"}`:             1,
		`drift_corrected_total{field="enabled",name="orders",namespace="team-a",ontapcluster="default"}`:     1,
		`drift_corrected_total{field="alias",name="orders",namespace="team-a",ontapcluster="default"}`:       0,
		`drift_corrected_total{field="enabled",name="waiting",namespace="team-a",ontapcluster="default"}`:    0,
		`iscsi_service_desired_enabled{name="waiting",namespace="team-a",ontapcluster="default"}`:            1,
		`iscsi_service_ready{name="orders",namespace="team-a",ontapcluster="default",reason="Enabled"}`:      1,
		`iscsi_service_ready{name="waiting",namespace="team-a",ontapcluster="default",reason="Pending"}`:     0,
	} {
		g.Expect(series).To(HaveKeyWithValue("ontap_san_"+name, want))
	}
	g.Expect(series).To(HaveKeyWithValue(`ontap_san_array_poll_age_seconds{ontapcluster="default"}`, BeNumerically("<", 10)))

	g.Expect(s.array.Delete(t.Context(), svmUUID)).NotTo(Succeed())
	g.Expect(s.scrape(t)).To(HaveKeyWithValue(
		`ontap_san_array_requests_total{code="5373960",ontapcluster="default",operation="delete_iscsi_service",status="409"}`, 1.0))
	s.stop()
	for range 3 {
		_, err := s.array.Poll(t.Context(), true)
		g.Expect(err).To(HaveOccurred())
	}
	series = s.scrape(t)
	g.Expect(series).To(HaveKeyWithValue(`ontap_san_array_breaker_state{ontapcluster="default",state="open"}`, 1.0))
	g.Expect(series).To(HaveKeyWithValue(
		`ontap_san_array_requests_total{code="0",ontapcluster="default",operation="list_iscsi_services",status="0"}`, 3.0))
}

func TestSeriesVanishWithTheirObject(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	s.DriftCorrected(s.service(), "enabled")
	g.Expect(s.kube.Delete(t.Context(), s.service())).To(Succeed())
	series := s.scrape(t)
	g.Expect(about(series, "ontap_san_object_deletion_timestamp_seconds{", `kind="ISCSIService"`, `name="orders"`)).To(HaveLen(1))
	obj := s.service()
	g.Expect(s.kube.Get(t.Context(), client.ObjectKeyFromObject(obj), obj)).To(Succeed())
	obj.Finalizers = nil
	g.Expect(s.kube.Update(t.Context(), obj)).To(Succeed())
	series = s.scrape(t)
	g.Expect(about(series, `name="orders"`)).To(BeEmpty())
	g.Expect(about(series, `kind="ISCSIService"`)).To(BeEmpty())
	g.Expect(s.corrected).To(BeEmpty(), "nothing piles up")

	g.Expect(s.kube.Delete(t.Context(), &v1alpha1.ONTAPCluster{ObjectMeta: metav1.ObjectMeta{Name: "default"}})).To(Succeed())
	s.fleet.Disconnect("default")
	g.Expect(s.scrape(t)).To(BeEmpty())
	g.Expect(s.asked).To(BeEmpty())
}

func TestThereIsNothingBeforeTheElection(t *testing.T) {
	s := newSite(t)
	s.config.Elected = make(chan struct{})
	NewWithT(t).Expect(s.scrape(t)).To(BeEmpty())
}

func TestAnObserverWhoDoesNotSayAsksForNothing(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	obj := s.service()
	g.Expect(s.kube.Get(t.Context(), client.ObjectKeyFromObject(obj), obj)).To(Succeed())
	obj.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
	g.Expect(s.kube.Update(t.Context(), obj)).To(Succeed())
	g.Expect(about(s.scrape(t), "ontap_san_iscsi_service_desired_enabled")).To(BeEmpty())
}

func TestNamesAreConventional(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	s.create(t, &v1alpha1.ISCSIService{ObjectMeta: metav1.ObjectMeta{Name: "leaving", Namespace: "team-a", Finalizers: []string{v1alpha1.Finalizer}}})
	g.Expect(s.kube.Delete(t.Context(), &v1alpha1.ISCSIService{ObjectMeta: metav1.ObjectMeta{Name: "leaving", Namespace: "team-a"}})).To(Succeed())
	gathered := s.gather(t)
	names := map[string]bool{}
	for _, f := range gathered {
		names[f.GetName()] = true
	}
	g.Expect(slices.Collect(maps.Keys(names))).To(HaveLen(len(families)+2), "all families are there to be looked at")
	problems, err := promlint.NewWithMetricFamilies(gathered).Lint()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(problems).To(BeEmpty())
}

func TestAnArrayCannotMakeUpSeries(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	for i := range 1000 {
		s.Observe("default", ontap.Exchange{Operation: "read cluster", Status: 100 + i%900, Code: ontap.Code(1_000_000 * i)})
	}
	series := s.scrape(t)
	g.Expect(len(about(series, requestsName, `operation="read_cluster"`))).To(BeNumerically("<=", maxAnswers+1))
	g.Expect(series[requestsName+`{code="other",ontapcluster="default",operation="read_cluster",status="other"}`]).To(BeNumerically(">", 800))
	known := requestsName + `{code="0",ontapcluster="default",operation="read_cluster",status="200"}`
	s.Observe("default", ontap.Exchange{Operation: "read cluster", Status: 200})
	g.Expect(s.scrape(t)[known]).To(Equal(series[known]+1), "what was known before is counted as before")
}
