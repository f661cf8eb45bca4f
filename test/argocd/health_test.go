package argocd_test

import (
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/argocd"
)

var scripts = argocd.Customizations{Dir: filepath.Join("..", "..", "config", "argocd")}

var kinds = []string{"ISCSIService", "ONTAPCluster", "ISCSIMetricsQuery"}

// What Argo CD calls the states.
const (
	healthy, progressing, degraded, suspended = "Healthy", "Progressing", "Degraded", "Suspended"
)

const (
	generation = 4
	notYet     = "The operator has not looked at it yet."
	notLatest  = "The operator has not looked at the latest change yet."
)

// state is an object as the operator leaves it.
type state struct {
	observed    int64 // generation
	conditions  []metav1.Condition
	annotations map[string]string
	deleted     bool
}

// ready is the happy path: one condition.
func ready(reason string) state {
	return state{observed: generation, conditions: conditions(generation, metav1.ConditionTrue, reason, v1alpha1.ConditionReady)}
}

func stalled(reason string) state {
	return state{observed: generation, conditions: conditions(generation, metav1.ConditionFalse, reason, v1alpha1.ConditionStalled)}
}

// reconciling has the generation observed that was decided upon last.
func reconciling(observed int64, status metav1.ConditionStatus, reason string, more ...string) state {
	return state{observed: observed, conditions: conditions(generation, status, reason, append(more, v1alpha1.ConditionReconciling)...)}
}

// conditions are Ready, and those that stand beside it with its reason and message.
func conditions(generation int64, status metav1.ConditionStatus, reason string, beside ...string) []metav1.Condition {
	list := []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: status, ObservedGeneration: generation, Reason: reason, Message: reason + "."}}
	for _, name := range beside {
		if name != v1alpha1.ConditionReady {
			list = append(list, metav1.Condition{
				Type: name, Status: metav1.ConditionTrue, ObservedGeneration: generation, Reason: reason, Message: reason + ".",
			})
		}
	}
	return list
}

func (s state) paused() state {
	s.conditions = append(s.conditions, metav1.Condition{
		Type: v1alpha1.ConditionPaused, Status: metav1.ConditionTrue, ObservedGeneration: generation,
		Reason: v1alpha1.ReasonPaused, Message: "Paused.",
	})
	return s
}

func (s state) with(c metav1.Condition) state {
	s.conditions = append(s.conditions, c)
	return s
}

func (s state) annotated(key, value string) state {
	s.annotations = map[string]string{key: value}
	return s
}

func (s state) terminating() state {
	s.deleted = true
	return s
}

// older is the state of an object whose spec was changed since.
func (s state) older() state {
	s.observed--
	for i := range s.conditions {
		s.conditions[i].ObservedGeneration--
	}
	return s
}

// object is the state as an object of the kind, as the API server has it.
func (s state) object(t *testing.T, kind string) *unstructured.Unstructured {
	t.Helper()
	meta := metav1.ObjectMeta{Name: "main", Generation: generation, Annotations: s.annotations}
	if s.deleted {
		meta.DeletionTimestamp = &metav1.Time{Time: time.Now()}
	}
	for i := range s.conditions {
		s.conditions[i].LastTransitionTime = metav1.NewTime(time.Date(2026, 11, 23, 10, 15, 0, 0, time.UTC))
	}
	// ISCSIMetricsQuery has the same conditions as the others.
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&v1alpha1.ISCSIService{
		ObjectMeta: meta, Status: v1alpha1.ISCSIServiceStatus{ObservedGeneration: s.observed, Conditions: s.conditions},
	})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	object := &unstructured.Unstructured{Object: fields}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	return object
}

func TestHealth(t *testing.T) {
	for _, c := range []struct {
		name    string
		kinds   []string
		state   state
		health  string
		message string
	}{
		{"nobody has looked yet", kinds, state{observed: -1}, progressing, notYet},
		{"connected", []string{"ONTAPCluster"}, ready(v1alpha1.ReasonConnected), healthy, "Connected."},
		{"enabled", []string{"ISCSIService"}, ready(v1alpha1.ReasonEnabled), healthy, "Enabled."},
		{"disabled, as asked", []string{"ISCSIService"}, ready(v1alpha1.ReasonDisabled), healthy, "Disabled."},
		{"observed", []string{"ISCSIService"}, ready(v1alpha1.ReasonObserved), healthy, "Observed."},
		{"answered", []string{"ISCSIMetricsQuery"}, ready("Completed"), healthy, "Completed."},
		{"no metrics", []string{"ISCSIService"}, ready(v1alpha1.ReasonEnabled).with(metav1.Condition{
			Type: v1alpha1.ConditionMetricsAvailable, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonNoMetrics, Message: "NoMetrics.",
		}), healthy, "Enabled."},

		{"somebody has to do something", kinds, stalled(v1alpha1.ReasonSVMNotFound), degraded, "SVMNotFound."},
		{"something that it needs is missing", kinds, reconciling(-1, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound), progressing, "SecretNotFound."},
		{"trouble that passes", kinds, reconciling(generation, metav1.ConditionFalse, v1alpha1.ReasonBusy), progressing, "Busy."},
		{"the array is out of reach", kinds, reconciling(generation, metav1.ConditionUnknown, v1alpha1.ReasonArrayUnreachable),
			progressing, "ArrayUnreachable."},
		{"the array has never been in reach", kinds, reconciling(-1, metav1.ConditionUnknown, v1alpha1.ReasonArrayUnreachable),
			progressing, "ArrayUnreachable."},
		{"the array refuses the login", kinds, reconciling(generation, metav1.ConditionUnknown, v1alpha1.ReasonCredentialsInvalid),
			progressing, "CredentialsInvalid."},

		{"ready, but for an older spec", kinds, ready(v1alpha1.ReasonEnabled).older(), progressing, notLatest},
		{"stalled, but for an older spec", kinds, stalled(v1alpha1.ReasonSVMNotFound).older(), progressing, notLatest},
		{"at work on the latest spec", kinds, reconciling(generation-1, metav1.ConditionFalse, v1alpha1.ReasonThrottled), progressing, "Throttled."},

		{"initiators are logged in", []string{"ISCSIService"}, reconciling(generation, metav1.ConditionFalse, v1alpha1.ReasonInUse, v1alpha1.ConditionInUse),
			progressing, "InUse."},
		{"paused when it was ready", []string{"ISCSIService"}, ready(v1alpha1.ReasonEnabled).paused(), suspended, "Paused."},
		{"paused when it was stalled", []string{"ISCSIService"}, stalled(v1alpha1.ReasonSVMNotFound).paused(), suspended, "Paused."},
		{"paused, and changed since", []string{"ISCSIService"}, ready(v1alpha1.ReasonEnabled).older().paused(), suspended, "Paused."},
		{"paused from the beginning", []string{"ISCSIService"}, reconciling(-1, metav1.ConditionFalse, v1alpha1.ReasonPaused).paused(), suspended, "Paused."},
		{"an array that is paused", []string{"ONTAPCluster"}, ready(v1alpha1.ReasonConnected).annotated(v1alpha1.PausedAnnotation, "true"),
			suspended, "Paused: the operator changes nothing on this array."},
		{"an array that is paused, and in trouble", []string{"ONTAPCluster"},
			stalled(v1alpha1.ReasonArrayChanged).annotated(v1alpha1.PausedAnnotation, "true"), degraded, "ArrayChanged."},
		{"an array that is not paused", []string{"ONTAPCluster"}, ready(v1alpha1.ReasonConnected).annotated(v1alpha1.PausedAnnotation, "false"),
			healthy, "Connected."},

		{"being deleted", kinds, ready(v1alpha1.ReasonEnabled).terminating(), progressing, "Enabled."},
		{"being deleted, before anybody looked", kinds, state{observed: -1, deleted: true}, progressing, "It is being deleted."},
		{"being deleted, in vain", kinds, stalled(v1alpha1.ReasonRejected).terminating(), progressing, "Rejected."},
		{"being deleted, but paused", []string{"ISCSIService"}, reconciling(generation, metav1.ConditionFalse, v1alpha1.ReasonPaused).paused().terminating(),
			progressing, "Paused."},
	} {
		for _, kind := range c.kinds {
			t.Run(kind+": "+c.name, func(t *testing.T) {
				g := NewWithT(t)
				health, err := scripts.Health(c.state.object(t, kind))
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(health).To(Equal(argocd.Health{Status: c.health, Message: c.message}))
			})
		}
	}
}

func TestHealthOfAnObjectWithoutStatus(t *testing.T) {
	for _, kind := range kinds {
		g := NewWithT(t)
		object := state{}.object(t, kind)
		unstructured.RemoveNestedField(object.Object, "status")
		health, err := scripts.Health(object)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(health).To(Equal(argocd.Health{Status: progressing, Message: notYet}), kind)
	}
}
