package kube

import (
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
)

// knownAnnotations are those that the operator reads or writes.
var knownAnnotations = []string{
	v1alpha1.CreatingAnnotation, v1alpha1.CreatingSVMAnnotation, v1alpha1.PausedAnnotation, v1alpha1.ReconcileRequestedAtAnnotation,
}

// Annotation is the value of one of the operator's annotations. One that is too long is refused: it is as if it were not there.
func Annotation(obj client.Object, name string) string {
	if value := obj.GetAnnotations()[name]; len(value) <= v1alpha1.MaxAnnotationLength {
		return value
	}
	return ""
}

// RefusedAnnotations are the annotations whose value is too long, one after the other.
func RefusedAnnotations(obj client.Object) string {
	var refused []string
	for _, name := range knownAnnotations {
		if len(obj.GetAnnotations()[name]) > v1alpha1.MaxAnnotationLength {
			refused = append(refused, name)
		}
	}
	return strings.Join(refused, ", ")
}

// IsPaused reports whether an annotation asks the operator not to change anything for the object.
func IsPaused(obj client.Object) bool {
	return Annotation(obj, v1alpha1.PausedAnnotation) == "true"
}

// Refusals reports refused annotations in events, once for as long as they stay. The zero value is ready to use.
type Refusals struct{ reported sync.Map }

type refusedSet struct {
	uid         types.UID
	annotations string
}

// Report sends an event if the object has annotations that are refused, unless that was done already.
func (r *Refusals) Report(recorder events.EventRecorder, obj client.Object) {
	name, is := client.ObjectKeyFromObject(obj), refusedSet{obj.GetUID(), RefusedAnnotations(obj)}
	if is.annotations == "" {
		r.Forget(name)
		return
	}
	if was, reported := r.reported.Swap(name, is); reported && was == is {
		return
	}
	recorder.Eventf(obj, nil, corev1.EventTypeWarning, v1alpha1.EventInvalidAnnotation, "Reconcile",
		"%s: longer than %d bytes, and therefore not honoured. Shorten it, or remove it.", is.annotations, v1alpha1.MaxAnnotationLength)
}

// Forget forgets an object that is gone.
func (r *Refusals) Forget(name types.NamespacedName) { r.reported.Delete(name) }
