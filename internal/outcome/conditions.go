package outcome

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
)

// ReadyCondition is the Ready condition; nil if there is none.
func ReadyCondition(conditions []metav1.Condition) *metav1.Condition {
	return meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
}

// ReadyChanged reports whether the conditions tell something else of whether, and why, the object is ready.
func ReadyChanged(before, after []metav1.Condition) bool {
	was, is := ReadyCondition(before), ReadyCondition(after)
	return was == nil || is == nil || was.Status != is.Status || was.Reason != is.Reason || IsStalled(before) != IsStalled(after)
}

// Connected reports whether the array is connected as spec says now.
func Connected(cluster *v1alpha1.ONTAPCluster) bool {
	return WasConnected(cluster) && ReadyCondition(cluster.Status.Conditions).ObservedGeneration == cluster.Generation
}

// WasConnected reports whether the array was connected when that was last looked at, maybe as an older spec says.
func WasConnected(cluster *v1alpha1.ONTAPCluster) bool {
	return meta.IsStatusConditionTrue(cluster.Status.Conditions, v1alpha1.ConditionReady)
}

// IsStalled reports whether a person must do something.
func IsStalled(conditions []metav1.Condition) bool {
	return meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionStalled)
}
