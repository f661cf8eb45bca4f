package ontapcluster

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
)

// showServices shows what a poll brought.
func showServices(cluster *v1alpha1.ONTAPCluster, polled fleet.Poll, managed int32) {
	cluster.Status.Services = &v1alpha1.ServiceCount{
		Seen: int32(polled.Services), Managed: managed, Unreadable: int32(polled.UnreadableCount), //nolint:gosec // a poll reads 100,000 at most
	}
	cluster.Status.UnreadableServices = nil
	for _, odd := range polled.Unreadable[:min(len(polled.Unreadable), v1alpha1.MaxUnreadableServices)] {
		service := v1alpha1.UnreadableService{Message: odd.Reason}
		if odd.SVM != (ontap.SVMRef{}) {
			service.SVM = &v1alpha1.UnreadableSVM{Name: odd.SVM.Name, UUID: odd.SVM.UUID}
		}
		cluster.Status.UnreadableServices = append(cluster.Status.UnreadableServices, service)
	}
}

// showMetricsError says on the ONTAPCluster that no service of the array has performance data.
func showMetricsError(cluster *v1alpha1.ONTAPCluster, err error) {
	if err == nil {
		meta.RemoveStatusCondition(&cluster.Status.Conditions, v1alpha1.ConditionMetricsAvailable)
		return
	}
	reason, message := outcome.MetricsTrouble(err)
	meta.SetStatusCondition(&cluster.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionMetricsAvailable, Status: metav1.ConditionFalse, ObservedGeneration: cluster.Generation,
		Reason: reason, Message: message,
	})
}
