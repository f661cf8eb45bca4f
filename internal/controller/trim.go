package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
)

const (
	// maxFinalizers is how many bytes of finalizers the cache keeps of an object.
	maxFinalizers = 2048
	// finalizersOmitted stands in the cache for more than that. It is never written, and the API server takes no finalizer of
	// that name, so that no user can write it either.
	finalizersOmitted = "more than the cache keeps"
)

// knownAnnotations are those that the operator reads or writes.
var knownAnnotations = []string{
	v1alpha1.CreatingAnnotation, v1alpha1.CreatingSVMAnnotation, v1alpha1.PausedAnnotation, v1alpha1.ReconcileRequestedAtAnnotation,
}

// TrimISCSIService is how the cache keeps an ISCSIService: without what a tenant can make large and the operator does not read there.
func TrimISCSIService(obj any) (any, error) {
	if service, ok := obj.(*v1alpha1.ISCSIService); ok {
		trimMetadata(service)
	}
	return obj, nil
}

// TrimISCSIMetricsQuery is how the cache keeps an ISCSIMetricsQuery: as an ISCSIService, and without its samples.
func TrimISCSIMetricsQuery(obj any) (any, error) {
	if query, ok := obj.(*v1alpha1.ISCSIMetricsQuery); ok {
		trimMetadata(query)
		query.Status.Samples = nil
	}
	return obj, nil
}

// TrimNamespace is how the cache keeps the metadata of a Namespace: access goes by its labels.
func TrimNamespace(obj any) (any, error) {
	if namespace, ok := obj.(client.Object); ok {
		namespace.SetAnnotations(nil)
		namespace.SetManagedFields(nil)
	}
	return obj, nil
}

// TrimSecret is how the cache keeps the metadata of a Secret: that it has changed is all it is asked for. What kubectl
// apply writes into an annotation has the login in it.
func TrimSecret(obj any) (any, error) {
	if secret, ok := obj.(client.Object); ok {
		secret.SetLabels(nil)
		return TrimNamespace(secret)
	}
	return obj, nil
}

func trimMetadata(obj client.Object) {
	var kept map[string]string
	for _, name := range knownAnnotations {
		if value, ok := obj.GetAnnotations()[name]; ok {
			if kept == nil {
				kept = map[string]string{}
			}
			// One byte beyond the limit shows that it is refused, here as in a copy that was not trimmed.
			kept[name] = strings.Clone(value[:min(len(value), v1alpha1.MaxAnnotationLength+1)])
		}
	}
	obj.SetAnnotations(kept)
	obj.SetLabels(nil)
	obj.SetOwnerReferences(nil)
	obj.SetManagedFields(nil)

	size := 0
	for _, finalizer := range obj.GetFinalizers() {
		size += len(finalizer)
	}
	if size > maxFinalizers {
		trimmed := []string{finalizersOmitted}
		if slices.Contains(obj.GetFinalizers(), v1alpha1.Finalizer) {
			trimmed = append(trimmed, v1alpha1.Finalizer)
		}
		obj.SetFinalizers(trimmed)
	}
}

// annotation is the value of one of the operator's annotations. One that is too long is refused: it is as if it were not there.
func annotation(obj client.Object, name string) string {
	if value := obj.GetAnnotations()[name]; len(value) <= v1alpha1.MaxAnnotationLength {
		return value
	}
	return ""
}

// refusedAnnotations are the annotations whose value is too long, one after the other.
func refusedAnnotations(obj client.Object) string {
	var refused []string
	for _, name := range knownAnnotations {
		if len(obj.GetAnnotations()[name]) > v1alpha1.MaxAnnotationLength {
			refused = append(refused, name)
		}
	}
	return strings.Join(refused, ", ")
}

// refusals tells of refused annotations, once for as long as they stay. The zero value is ready to use.
type refusals struct{ told sync.Map }

type refusedSet struct {
	uid         types.UID
	annotations string
}

func (r *refusals) tell(recorder events.EventRecorder, obj client.Object) {
	name, is := client.ObjectKeyFromObject(obj), refusedSet{obj.GetUID(), refusedAnnotations(obj)}
	if is.annotations == "" {
		r.forget(name)
		return
	}
	if was, told := r.told.Swap(name, is); told && was == is {
		return
	}
	recorder.Eventf(obj, nil, corev1.EventTypeWarning, v1alpha1.EventInvalidAnnotation, "Reconcile",
		"%s: longer than %d bytes, and therefore not honoured. Shorten it, or remove it.", is.annotations, v1alpha1.MaxAnnotationLength)
}

func (r *refusals) forget(name types.NamespacedName) { r.told.Delete(name) }

// whole makes sure that the object has all its finalizers, of which a merge patch replaces the list.
func (p *pass) whole(ctx context.Context) error {
	if !slices.Contains(p.stored.Finalizers, finalizersOmitted) {
		return nil
	}
	live := &v1alpha1.ISCSIService{}
	if err := p.r.Live.Get(ctx, client.ObjectKeyFromObject(p.stored), live); err != nil {
		return writeError(err)
	}
	if live.ResourceVersion != p.stored.ResourceVersion {
		return errStale
	}
	p.rebase(live)
	return nil
}

// marksPatch is the patch from a copy that may be trimmed. What was trimmed off is left alone, also if nothing else is left:
// the plain merge patch would then remove all annotations.
type marksPatch struct{ before client.Object }

func (marksPatch) Type() types.PatchType { return types.MergePatchType }

func (m marksPatch) Data(obj client.Object) ([]byte, error) {
	if slices.Contains(obj.GetFinalizers(), finalizersOmitted) {
		return nil, fmt.Errorf("finalizers of %s are not all known", client.ObjectKeyFromObject(obj))
	}
	before, _ := m.before.DeepCopyObject().(client.Object)
	after, _ := obj.DeepCopyObject().(client.Object)
	for _, copied := range []client.Object{before, after} {
		annotations := copied.GetAnnotations()
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[""] = "" // in both: the patch has nothing of it
		copied.SetAnnotations(annotations)
	}
	return client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}).Data(after)
}
