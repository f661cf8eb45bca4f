package controller

import (
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
)

// pausedBy names what keeps the operator from changing anything for an object; empty means nothing does.
func pausedBy(service *v1alpha1.ISCSIService, cluster *v1alpha1.ONTAPCluster) string {
	switch {
	case isPaused(service):
		return "this object"
	case isPaused(cluster):
		return fmt.Sprintf("ONTAPCluster %q", cluster.Name)
	}
	return ""
}

func isPaused(obj client.Object) bool {
	return annotation(obj, v1alpha1.PausedAnnotation) == "true"
}

// paused is the outcome of a pass that must not change anything. What was found before stays, unless there is nothing
// yet, or the object is being deleted and somebody waits for that.
func (p *pass) paused(by string) *outcome {
	message := fmt.Sprintf("The annotation %s on %s keeps the operator from changing anything. Remove it to go on.", v1alpha1.PausedAnnotation, by)
	o := reconciling(v1alpha1.ReasonPaused, message, time.Hour)
	o.expected, o.paused = true, true
	if c := readyCondition(p.obj.Status.Conditions); c != nil && !p.deleting() {
		o.frozen = true
	}
	return &o
}

// operated lets through what a person asks for by annotation: pausing, going on, looking again.
var operated = predicate.Funcs{
	CreateFunc:  func(event.CreateEvent) bool { return false },
	DeleteFunc:  func(event.DeleteEvent) bool { return false },
	GenericFunc: func(event.GenericEvent) bool { return false },
	UpdateFunc: func(e event.UpdateEvent) bool {
		changed := func(name string) bool { return annotation(e.ObjectOld, name) != annotation(e.ObjectNew, name) }
		return changed(v1alpha1.PausedAnnotation) || changed(v1alpha1.ReconcileRequestedAtAnnotation) ||
			refusedAnnotations(e.ObjectOld) != refusedAnnotations(e.ObjectNew)
	},
}
