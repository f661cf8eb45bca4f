// Package trigger has what wakes more than one reconciler.
package trigger

import (
	"maps"

	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
)

// ServicesByCluster is the index of the cache that finds the ISCSIServices of an ONTAPCluster.
const ServicesByCluster = "ontapCluster"

// Change is what a poll found: the SVMs, of the array of an ONTAPCluster, whose service is another one than before.
type Change struct {
	ONTAPCluster string
	SVMs         []ontap.SVMRef
}

// AnnotationsChanged lets through what a person asks for by annotation: pausing, going on, looking again.
var AnnotationsChanged = predicate.Funcs{
	CreateFunc:  func(event.CreateEvent) bool { return false },
	DeleteFunc:  func(event.DeleteEvent) bool { return false },
	GenericFunc: func(event.GenericEvent) bool { return false },
	UpdateFunc: func(e event.UpdateEvent) bool {
		changed := func(name string) bool {
			return kube.Annotation(e.ObjectOld, name) != kube.Annotation(e.ObjectNew, name)
		}
		return changed(v1alpha1.PausedAnnotation) || changed(v1alpha1.ReconcileRequestedAtAnnotation) ||
			kube.RefusedAnnotations(e.ObjectOld) != kube.RefusedAnnotations(e.ObjectNew)
	},
}

// ClusterChanged lets through what matters to the services of an ONTAPCluster: its spec, and whether it can be used.
var ClusterChanged = predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok1 := e.ObjectOld.(*v1alpha1.ONTAPCluster)
		after, ok2 := e.ObjectNew.(*v1alpha1.ONTAPCluster)
		if !ok1 || !ok2 || before.Generation != after.Generation || kube.IsPaused(before) != kube.IsPaused(after) ||
			!maps.Equal(before.Labels, after.Labels) || outcome.ReadyChanged(before.Status.Conditions, after.Status.Conditions) {
			return true
		}
		return outcome.ReadyCondition(before.Status.Conditions).ObservedGeneration != outcome.ReadyCondition(after.Status.Conditions).ObservedGeneration
	},
}
