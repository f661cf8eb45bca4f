package iscsiservice

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/workqueue"
)

func (p *pass) wantsMetrics() bool { return !p.admission.Cluster.MetricsDisabled() }

// showMetrics brings status.metrics and its condition up to date with the snapshot, and returns when to do so again; 0
// means that there is no need.
func (p *pass) showMetrics(o outcome.Outcome) time.Duration {
	status := &p.obj().Status
	if !p.wantsMetrics() {
		status.Metrics = nil
		meta.RemoveStatusCondition(&status.Conditions, v1alpha1.ConditionMetricsAvailable)
		return 0
	}
	if p.array() == nil || p.sighting.service == nil || !p.shown() || p.deleting() {
		return 0
	}
	polled, known := p.array().Find(p.svm())
	if polled == nil && !known {
		return p.pollInterval()
	}
	if polled == nil || polled.Metric == nil || polled.Metric.Timestamp.IsZero() {
		// A service that is new, or was not looked at since the array was last asked, may well have a sample.
		settled := outcome.ReadyCondition(p.object.Stored().Status.Conditions)
		if err := p.array().MetricsError(); err != nil {
			p.noMetrics(outcome.MetricsTrouble(err))
		} else if settled != nil && o.Ready == settled.Status && p.array().Sampled().After(settled.LastTransitionTime.Time) {
			p.noMetrics(v1alpha1.ReasonNoMetrics, "The array has no performance data of this service.")
		}
		return p.pollInterval()
	}
	interval := p.admission.Cluster.StatusInterval()
	sample := metricsOf(polled.Metric)
	if err := p.array().MetricsError(); err != nil {
		p.noMetrics(outcome.MetricsTrouble(err))
	} else if shown := status.Metrics; shown == nil || p.state.Object().Requested || sample.Timestamp.Sub(shown.Timestamp.Time).Abs() >= interval ||
		!meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionMetricsAvailable) {
		status.Metrics = sample
		meta.SetStatusCondition(&status.Conditions, metav1.Condition{
			Type: v1alpha1.ConditionMetricsAvailable, Status: metav1.ConditionTrue, ObservedGeneration: p.obj().Generation,
			Reason: v1alpha1.ReasonMetricsCurrent, Message: "status.metrics is the latest sample of the array that was due.",
		})
	}
	if status.Metrics == nil {
		return p.pollInterval()
	}
	// The clock of the array may be ahead. Objects that became Ready together have samples of the same time.
	age := max(time.Since(status.Metrics.Timestamp.Time), 0)
	return max(interval+workqueue.Offset(p.obj().UID, interval/4)-age, p.pollInterval())
}

// noMetrics says why there is no new sample. The last one stays.
func (p *pass) noMetrics(reason, message string) {
	meta.SetStatusCondition(&p.obj().Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionMetricsAvailable, Status: metav1.ConditionFalse, ObservedGeneration: p.obj().Generation,
		Reason: reason, Message: message,
	})
}

func metricsOf(m *ontap.Metric) *v1alpha1.Metrics {
	return &v1alpha1.Metrics{
		Timestamp:                metav1.NewTime(m.Timestamp.Local()),
		Duration:                 metav1.Duration{Duration: m.Duration},
		Status:                   m.Status,
		IOPS:                     v1alpha1.OperationValues(m.IOPS),
		LatencyMicroseconds:      v1alpha1.OperationValues(m.Latency),
		ThroughputBytesPerSecond: v1alpha1.ThroughputValues(m.Throughput),
	}
}
