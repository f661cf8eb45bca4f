package exporter

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

const (
	kindService = "ISCSIService"
	kindCluster = "ONTAPCluster"
)

// scrape is one look at all there is.
type scrape struct {
	Config
	emit func(prometheus.Metric)
	now  time.Time

	clusters  []v1alpha1.ONTAPCluster
	services  []v1alpha1.ISCSIService
	clusterOf map[string]*v1alpha1.ONTAPCluster
	lives     map[types.UID]bool
	// labels of the namespaces.
	labels map[string]map[string]string
	// onArray has the services by the name of the ONTAPCluster and the UUID of the SVM.
	onArray map[string]map[string]ontap.Service
}

// read takes the objects from the cache, and the services from the snapshots. The objects are not changed, hence not
// copied.
func (s *scrape) read(ctx context.Context) error {
	var clusters v1alpha1.ONTAPClusterList
	var services v1alpha1.ISCSIServiceList
	var namespaces metav1.PartialObjectMetadataList
	namespaces.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("NamespaceList"))
	for _, list := range []client.ObjectList{&clusters, &services, &namespaces} {
		if err := s.Cache.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
			return err
		}
	}
	s.choose(clusters.Items, services.Items)
	s.lives = make(map[types.UID]bool, len(s.services))
	for i := range s.services {
		s.lives[s.services[i].UID] = true
	}
	s.labels = make(map[string]map[string]string, len(namespaces.Items))
	for i := range namespaces.Items {
		s.labels[namespaces.Items[i].Name] = namespaces.Items[i].Labels
	}
	s.onArray = map[string]map[string]ontap.Service{}
	for name, array := range s.Fleet.Arrays() {
		byUUID := map[string]ontap.Service{}
		for _, service := range array.Services() {
			byUUID[service.SVM.UUID] = service
		}
		s.onArray[name] = byUUID
	}
	return nil
}

// choose keeps the objects that this operator shows: where several operators share the arrays, each shows what is its own.
func (s *scrape) choose(clusters []v1alpha1.ONTAPCluster, services []v1alpha1.ISCSIService) {
	exists := make(map[string]bool, len(clusters))
	s.clusterOf = make(map[string]*v1alpha1.ONTAPCluster, len(clusters))
	for i := range clusters {
		exists[clusters[i].Name] = true
		if s.Has(&clusters[i]) {
			s.clusters = append(s.clusters, clusters[i])
			s.clusterOf[clusters[i].Name] = &clusters[i]
		}
	}
	for i := range services {
		name := services[i].ONTAPClusterName()
		if s.clusterOf[name] != nil || !exists[name] && s.Has(&v1alpha1.ONTAPCluster{}) {
			s.services = append(s.services, services[i])
		}
	}
}

// countObjects counts them by reason, and says which are being deleted.
func (s *scrape) countObjects() {
	type state struct{ kind, ready, reason string }
	counts := map[state]int{}
	count := func(kind string, obj client.Object, conditions []metav1.Condition) {
		ready, reason := readiness(conditions)
		counts[state{kind, string(ready), reason}]++
		if since := obj.GetDeletionTimestamp(); since != nil {
			s.emit(deletionTime.series(float64(since.Unix()), kind, obj.GetNamespace(), obj.GetName()))
		}
	}
	for i := range s.clusters {
		count(kindCluster, &s.clusters[i], s.clusters[i].Status.Conditions)
	}
	for i := range s.services {
		count(kindService, &s.services[i], s.services[i].Status.Conditions)
	}
	for state, n := range counts {
		s.emit(objects.series(float64(n), state.kind, state.ready, state.reason))
	}
}

// readiness is the condition Ready; an object that the operator has not looked at yet is Pending.
func readiness(conditions []metav1.Condition) (metav1.ConditionStatus, string) {
	if c := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady); c != nil {
		return c.Status, c.Reason
	}
	return metav1.ConditionUnknown, "Pending"
}

func (s *scrape) array(cluster *v1alpha1.ONTAPCluster) {
	ready, reason := readiness(cluster.Status.Conditions)
	s.emit(arrayReady.series(truth(ready == metav1.ConditionTrue), cluster.Name, reason))
	s.emit(arrayPollInterval.series(cluster.PollInterval().Seconds(), cluster.Name))
	if who := cluster.Status.Array; who != nil {
		s.emit(arrayInfo.series(1, cluster.Name, who.Name, who.UUID, who.Version))
	}
	array, connected := s.Fleet.Array(cluster.Name)
	if !connected {
		return
	}
	for _, state := range []string{"closed", "half-open", "open"} {
		s.emit(arrayBreaker.series(truth(array.Breaker() == state), cluster.Name, state))
	}
	polled := array.Polled()
	if polled.IsZero() {
		return
	}
	s.emit(arrayPollAge.series(s.now.Sub(polled).Seconds(), cluster.Name))
	s.emit(arrayServices.series(float64(len(s.onArray[cluster.Name])), cluster.Name))
	if !cluster.MetricsDisabled() {
		s.emit(arraySamples.series(truth(array.MetricsError() == nil), cluster.Name))
	}
}

func (s *scrape) service(obj *v1alpha1.ISCSIService) {
	ready, reason := readiness(obj.Status.Conditions)
	s.emit(serviceReady.series(truth(ready == metav1.ConditionTrue), obj.Namespace, obj.Name, obj.ONTAPClusterName(), reason))
	if obj.Spec.Enabled != nil || obj.Spec.ManagementPolicy != v1alpha1.ManagementPolicyObserve {
		s.emit(serviceWanted.series(truth(obj.WantsEnabled()), obj.Namespace, obj.Name, obj.ONTAPClusterName()))
	}
	service, ok := s.shown(obj, reason)
	if !ok {
		return
	}
	of := func(more ...string) []string {
		return append([]string{obj.Namespace, obj.Name, obj.ONTAPClusterName(), service.SVM.Name}, more...)
	}
	s.emit(serviceInfo.series(1, of(service.SVM.UUID, service.Target.Name, service.Target.Alias, string(obj.Status.Origin))...))
	s.emit(serviceEnabled.series(truth(service.Enabled), of()...))
	if m := service.Metric; m != nil && !m.Timestamp.IsZero() {
		s.sample(m, of)
	}
	// A counter that is wrong for one sample would read as a reset and a leap.
	if c := service.Statistics; c != nil && c.Status == ontap.StatusOK {
		s.counters(c, of)
	}
}

// shown returns the service of the object, if it is bound to one and may see it. Access is looked at anew: a pass over
// an object that is paused does not.
func (s *scrape) shown(obj *v1alpha1.ISCSIService, reason string) (service ontap.Service, ok bool) {
	cluster := s.clusterOf[obj.ONTAPClusterName()]
	if cluster == nil || obj.Status.SVM == nil || reason == v1alpha1.ReasonAccessDenied || reason == v1alpha1.ReasonManagementConflict {
		return service, false
	}
	if who := cluster.Status.Array; who == nil || who.UUID != obj.Status.ArrayUUID {
		return service, false
	}
	service, ok = s.onArray[cluster.Name][obj.Status.SVM.UUID]
	return service, ok && s.Allowed(cluster.Spec.Access, obj.Namespace, s.labels[obj.Namespace], service.SVM.Name)
}

func (s *scrape) sample(m *ontap.Metric, of func(...string) []string) {
	s.perOperation(serviceOperations, m.IOPS, 1, of)
	s.emit(serviceOverallOperations.series(float64(m.IOPS.Total), of()...))
	s.perOperation(serviceLatency, m.Latency, microsecond, of)
	s.emit(serviceOverallLatency.series(float64(m.Latency.Total)*microsecond, of()...))
	s.perDirection(serviceThroughput, m.Throughput, of)
	s.emit(serviceOverallThroughput.series(float64(m.Throughput.Total), of()...))
	s.emit(serviceSampleAge.series(s.now.Sub(m.Timestamp).Seconds(), of()...))
	s.emit(serviceSampleStatus.series(1, of(m.Status)...))
}

func (s *scrape) counters(c *ontap.Statistics, of func(...string) []string) {
	s.perOperation(serviceOperationsTotal, c.IOPSRaw, 1, of)
	s.perOperation(serviceSecondsTotal, c.LatencyRaw, microsecond, of)
	s.perDirection(serviceBytesTotal, c.ThroughputRaw, of)
}

// microsecond is ONTAP's unit of time in Prometheus's.
const microsecond = 1e-6

func (s *scrape) perOperation(f *family, values ontap.Operations, unit float64, of func(...string) []string) {
	s.emit(f.series(float64(values.Read)*unit, of("read")...))
	s.emit(f.series(float64(values.Write)*unit, of("write")...))
	s.emit(f.series(float64(values.Other)*unit, of("other")...))
}

func (s *scrape) perDirection(f *family, values ontap.Bytes, of func(...string) []string) {
	s.emit(f.series(float64(values.Read), of("read")...))
	s.emit(f.series(float64(values.Write), of("write")...))
}

// drift shows counts from zero on: Prometheus does not see the first increment of a series that begins with it.
func (s *scrape) drift(obj *v1alpha1.ISCSIService, counts map[string]int) {
	for _, field := range []string{"enabled", "alias"} {
		s.emit(driftCorrected.series(float64(counts[field]), obj.Namespace, obj.Name, obj.ONTAPClusterName(), field))
	}
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
