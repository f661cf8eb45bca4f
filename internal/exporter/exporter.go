// Package exporter shows the arrays and their iSCSI services to Prometheus: a collector over the snapshots of the fleet
// and the objects in the cache. It asks neither an array nor the API server for anything.
package exporter

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// collectTimeout ends a scrape that hangs. The cache is in memory.
const collectTimeout = 5 * time.Second

// Exporter collects all series of the operator's own. New makes one.
type Exporter struct {
	config Config

	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec

	mu sync.Mutex
	// asked has the answers so far of the arrays that were sent requests, by ONTAPCluster.
	asked map[string]map[answer]bool
	// corrected is what was put back, by object and field.
	corrected map[types.UID]map[string]int
}

// answer is an HTTP status with ONTAP's code.
type answer struct {
	status int
	code   ontap.Code
}

// maxAnswers is how many answers of an array are counted each for itself. An array has some dozens; one that makes up codes
// would make up series.
const maxAnswers = 100

// other stands for the status and the code of all answers above that.
const other = "other"

// Config is what an Exporter works with.
type Config struct {
	// Cache has the objects, and the metadata of namespaces.
	Cache client.Reader
	// Fleet has the arrays.
	Fleet *fleet.Fleet
	// Elected is closed once this process works, and the cache is filled: until then there are no series. Of several
	// replicas, one has all of them.
	Elected <-chan struct{}
	// Allowed tells whether access rules let a namespace, with those labels, use an SVM.
	Allowed func(rules []v1alpha1.AccessRule, namespace string, labels map[string]string, svm string) bool
	// Has tells whether an ONTAPCluster is this operator's to work on; one that does not exist is asked about as empty.
	Has func(cluster *v1alpha1.ONTAPCluster) bool
}

// New makes an Exporter. Its Observe and DriftCorrected are to be told of what happens.
func New(config Config) *Exporter {
	return &Exporter{
		config:   config,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: requestsName, Help: requestsHelp}, requestsLabels),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: durationsName, Help: durationsHelp, Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, durationsLabels),
		asked:     map[string]map[answer]bool{},
		corrected: map[types.UID]map[string]int{},
	}
}

// Observe counts a request to the array of that ONTAPCluster.
func (e *Exporter) Observe(cluster string, x ontap.Exchange) {
	operation := strings.ReplaceAll(strings.ToLower(x.Operation), " ", "_")
	e.mu.Lock()
	defer e.mu.Unlock()
	status, code := e.answered(cluster, answer{x.Status, x.Code})
	e.requests.WithLabelValues(cluster, operation, status, code).Inc()
	e.durations.WithLabelValues(cluster, operation).Observe(x.Duration.Seconds())
}

// answered remembers an answer, and returns the status and the code to count it under.
func (e *Exporter) answered(cluster string, a answer) (status, code string) {
	if e.asked[cluster] == nil {
		e.asked[cluster] = map[answer]bool{}
	}
	if answers := e.asked[cluster]; answers[a] || len(answers) < maxAnswers {
		answers[a] = true
		return strconv.Itoa(a.status), strconv.Itoa(int(a.code))
	}
	return other, other
}

// DriftCorrected counts a field of the object's service that was put back.
func (e *Exporter) DriftCorrected(obj *v1alpha1.ISCSIService, field string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.corrected[obj.UID] == nil {
		e.corrected[obj.UID] = map[string]int{}
	}
	e.corrected[obj.UID][field]++
}

// Describe implements prometheus.Collector.
func (e *Exporter) Describe(descs chan<- *prometheus.Desc) {
	for _, f := range families {
		descs <- f.desc
	}
	e.requests.Describe(descs)
	e.durations.Describe(descs)
}

// Collect implements prometheus.Collector.
func (e *Exporter) Collect(metrics chan<- prometheus.Metric) {
	select {
	case <-e.config.Elected:
	default:
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), collectTimeout)
	defer cancel()
	asked, corrected := e.remembered()
	s := scrape{Config: e.config, emit: func(m prometheus.Metric) { metrics <- m }, now: time.Now()}
	if err := s.read(ctx); err != nil {
		// Without objects there is nothing to say; a scrape that fails says that.
		metrics <- prometheus.NewInvalidMetric(objects.desc, err)
		return
	}
	e.forget(asked, corrected, &s)
	s.countObjects()
	for i := range s.clusters {
		s.array(&s.clusters[i])
	}
	for i := range s.services {
		s.service(&s.services[i])
		s.drift(&s.services[i], e.corrections(s.services[i].UID))
	}
	e.requests.Collect(metrics)
	e.durations.Collect(metrics)
}

// remembered returns what there is to forget if it has no object any more.
func (e *Exporter) remembered() (asked []string, corrected []types.UID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for name := range e.asked {
		asked = append(asked, name)
	}
	for uid := range e.corrected {
		corrected = append(corrected, uid)
	}
	return asked, corrected
}

// forget forgets which of those have no object any more. They were there before the objects were read: what has begun
// since may be about an object that was not there yet.
func (e *Exporter) forget(asked []string, corrected []types.UID, s *scrape) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, name := range asked {
		if s.clusterOf[name] == nil {
			delete(e.asked, name)
			e.requests.DeletePartialMatch(prometheus.Labels{labelArray: name})
			e.durations.DeletePartialMatch(prometheus.Labels{labelArray: name})
		}
	}
	for _, uid := range corrected {
		if !s.lives[uid] {
			delete(e.corrected, uid)
		}
	}
}

func (e *Exporter) corrections(uid types.UID) map[string]int {
	e.mu.Lock()
	defer e.mu.Unlock()
	counts := make(map[string]int, len(e.corrected[uid]))
	for field, count := range e.corrected[uid] {
		counts[field] = count
	}
	return counts
}
