package kube

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// metadataPatch is the patch from a copy that may be trimmed, which the API server takes only if nothing has changed since. What was trimmed off is left alone, also if nothing else is left:
// the plain merge patch would then remove all annotations.
type metadataPatch struct{ before client.Object }

func (metadataPatch) Type() types.PatchType { return types.MergePatchType }

func (m metadataPatch) Data(obj client.Object) ([]byte, error) {
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
