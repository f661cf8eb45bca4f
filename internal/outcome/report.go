package outcome

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
)

// SetConditions brings the conditions in line with the outcome. observedGeneration moves only when the
// generation is decided upon.
func SetConditions(conditions *[]metav1.Condition, observedGeneration *int64, generation int64, o Outcome) {
	set := func(conditionType string, status metav1.ConditionStatus) {
		meta.SetStatusCondition(conditions, metav1.Condition{
			Type: conditionType, Status: status, ObservedGeneration: generation, Reason: o.Reason, Message: o.Message,
		})
	}
	setIf := func(applies bool, conditionType string) {
		if applies {
			set(conditionType, metav1.ConditionTrue)
		} else {
			meta.RemoveStatusCondition(conditions, conditionType)
		}
	}
	setIf(o.Paused, v1alpha1.ConditionPaused)
	if o.Frozen {
		return
	}
	decided := o.Stalled || o.Ready == metav1.ConditionTrue
	set(v1alpha1.ConditionReady, o.Ready)
	setIf(o.InUse, v1alpha1.ConditionInUse)
	setIf(o.Stalled, v1alpha1.ConditionStalled)
	setIf(!decided, v1alpha1.ConditionReconciling)
	if decided {
		*observedGeneration = generation
	}
}

// Announce sends an event when the outcome is another one than the conditions told before, and only then.
func Announce(recorder events.EventRecorder, obj client.Object, before []metav1.Condition, o Outcome) {
	if c := ReadyCondition(before); o.Expected || c != nil && c.Status == o.Ready && c.Reason == o.Reason && IsStalled(before) == o.Stalled {
		return
	}
	eventType := corev1.EventTypeWarning
	if o.Ready == metav1.ConditionTrue {
		eventType = corev1.EventTypeNormal
	}
	recorder.Eventf(obj, nil, eventType, o.Reason, "Reconcile", "%s", o.Message)
}
