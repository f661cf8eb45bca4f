package kube

import (
	"slices"
	"strings"

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
