package controller

import (
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// defaultStatusInterval is what an unset spec.metrics.statusInterval means.
const defaultStatusInterval = 5 * time.Minute

func metricsDisabled(cluster *v1alpha1.ONTAPCluster) bool {
	return cluster.Spec.Metrics != nil && cluster.Spec.Metrics.Disabled
}

func statusInterval(cluster *v1alpha1.ONTAPCluster) time.Duration {
	if cluster.Spec.Metrics == nil || cluster.Spec.Metrics.StatusInterval == nil {
		return defaultStatusInterval
	}
	return cluster.Spec.Metrics.StatusInterval.Duration
}

func (p *pass) wantsMetrics() bool { return !metricsDisabled(p.cluster) }

// showMetrics brings status.metrics and its condition up to date with the snapshot, and returns when to do so again; 0
// means that there is no need.
func (p *pass) showMetrics(o outcome) time.Duration {
	status := &p.obj.Status
	if !p.wantsMetrics() {
		status.Metrics = nil
		meta.RemoveStatusCondition(&status.Conditions, v1alpha1.ConditionMetricsAvailable)
		return 0
	}
	if p.array == nil || p.service == nil || !p.shown() || p.deleting() {
		return 0
	}
	polled, known := p.array.Find(p.svm)
	if polled == nil && !known {
		return p.pollInterval()
	}
	if polled == nil || polled.Metric == nil || polled.Metric.Timestamp.IsZero() {
		// A service that is new, or was not looked at since the array was last asked, may well have a sample.
		settled := readyCondition(p.stored.Status.Conditions)
		if err := p.array.MetricsError(); err != nil {
			p.noMetrics(metricsTrouble(err))
		} else if settled != nil && o.ready == settled.Status && p.array.Sampled().After(settled.LastTransitionTime.Time) {
			p.noMetrics(v1alpha1.ReasonNoMetrics, "The array has no performance data of this service.")
		}
		return p.pollInterval()
	}
	interval := statusInterval(p.cluster)
	sample := metricsOf(polled.Metric)
	if err := p.array.MetricsError(); err != nil {
		p.noMetrics(metricsTrouble(err))
	} else if shown := status.Metrics; shown == nil || p.asked() || sample.Timestamp.Sub(shown.Timestamp.Time).Abs() >= interval ||
		!meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionMetricsAvailable) {
		status.Metrics = sample
		meta.SetStatusCondition(&status.Conditions, metav1.Condition{
			Type: v1alpha1.ConditionMetricsAvailable, Status: metav1.ConditionTrue, ObservedGeneration: p.obj.Generation,
			Reason: v1alpha1.ReasonMetricsCurrent, Message: "status.metrics is the latest sample of the array that was due.",
		})
	}
	if status.Metrics == nil {
		return p.pollInterval()
	}
	// The clock of the array may be ahead. Objects that became Ready together have samples of the same time.
	age := max(time.Since(status.Metrics.Timestamp.Time), 0)
	return max(interval+offset(p.obj.UID, interval/4)-age, p.pollInterval())
}

// noMetrics says why there is no new sample. The last one stays.
func (p *pass) noMetrics(reason, message string) {
	meta.SetStatusCondition(&p.obj.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionMetricsAvailable, Status: metav1.ConditionFalse, ObservedGeneration: p.obj.Generation,
		Reason: reason, Message: message,
	})
}

// showMetricsError says on the ONTAPCluster that no service of the array has performance data.
func showMetricsError(cluster *v1alpha1.ONTAPCluster, err error) {
	if err == nil {
		meta.RemoveStatusCondition(&cluster.Status.Conditions, v1alpha1.ConditionMetricsAvailable)
		return
	}
	reason, message := metricsTrouble(err)
	meta.SetStatusCondition(&cluster.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionMetricsAvailable, Status: metav1.ConditionFalse, ObservedGeneration: cluster.Generation,
		Reason: reason, Message: message,
	})
}

func metricsTrouble(err error) (reason, message string) {
	if errors.Is(err, fleet.ErrMetricsNotSupported) {
		return v1alpha1.ReasonMetricsNotSupported, "The array runs an older ONTAP: performance data of iSCSI services exists since 9.7."
	}
	var refusal *ontap.Error
	if !errors.As(err, &refusal) {
		return v1alpha1.ReasonMetricsFailed, "The array was not asked for performance data."
	}
	if fleet.Throttles(refusal) {
		return v1alpha1.ReasonMetricsThrottled, "The array asks for fewer requests (" + cited(refusal) +
			"). It is asked for performance data again after a few minutes; everything else goes on."
	}
	return v1alpha1.ReasonMetricsFailed, "The array gives no performance data (" + cited(refusal) + "). It is asked again at every poll."
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
