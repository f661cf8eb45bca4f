package outcome

import (
	"errors"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// MetricsTrouble is why the array gives no performance data: a reason and a message of the condition MetricsAvailable.
func MetricsTrouble(err error) (reason, message string) {
	if errors.Is(err, fleet.ErrMetricsNotSupported) {
		return v1alpha1.ReasonMetricsNotSupported, "The array runs an older ONTAP: performance data of iSCSI services exists since 9.7."
	}
	var refusal *ontap.Error
	if !errors.As(err, &refusal) {
		return v1alpha1.ReasonMetricsFailed, "The array was not asked for performance data."
	}
	if fleet.Throttles(refusal) {
		return v1alpha1.ReasonMetricsThrottled, "The array asks for fewer requests (" + Cited(refusal) +
			"). It is asked for performance data again after a few minutes; everything else goes on."
	}
	return v1alpha1.ReasonMetricsFailed, "The array gives no performance data (" + Cited(refusal) + "). It is asked again at every poll."
}
