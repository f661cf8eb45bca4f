package controller

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

// An SVM has one iSCSI service, so that one ISCSIService can have it. These are the fields that two objects may name the
// same SVM by: the cache has an index for each, and the API server can select by them.
const (
	specName   = "spec.svm.name"
	specUUID   = "spec.svm.uuid"
	statusName = "status.svm.name"
	statusUUID = "status.svm.uuid"
	// unresolvedIndex, in the cache only, has the objects of which nothing but a UUID is known.
	unresolvedIndex = "unresolved"
)

// claimIndexes are the indexes of the cache, by name.
var claimIndexes = map[string]func(*v1alpha1.ISCSIService) string{
	specName:   func(o *v1alpha1.ISCSIService) string { return o.Spec.SVM.Name },
	specUUID:   func(o *v1alpha1.ISCSIService) string { return o.Spec.SVM.UUID },
	statusName: func(o *v1alpha1.ISCSIService) string { return boundTo(o).Name },
	statusUUID: func(o *v1alpha1.ISCSIService) string { return boundTo(o).UUID },
	unresolvedIndex: func(o *v1alpha1.ISCSIService) string {
		if o.Status.SVM == nil && o.Spec.SVM.Name == "" {
			return "true"
		}
		return ""
	},
}

func boundTo(o *v1alpha1.ISCSIService) ontap.SVMRef {
	if o.Status.SVM == nil {
		return ontap.SVMRef{}
	}
	return ontap.SVMRef{Name: o.Status.SVM.Name, UUID: o.Status.SVM.UUID}
}

// claim finds out whether the SVM is this object's to manage: holder is set to the object that comes before it, and heir
// to one that waits for it.
func (p *pass) claim(ctx context.Context, reader client.Reader) error {
	p.holder, p.heir = nil, nil
	if p.observes() {
		return nil
	}
	candidates, err := p.candidates(ctx, reader)
	if err != nil {
		return err
	}
	// Names pass from one SVM to another, UUIDs do not: where one side is known by its UUID, the other must be too.
	if p.svm.UUID == "" && slices.ContainsFunc(candidates, func(o *v1alpha1.ISCSIService) bool { return meant(o).UUID != "" }) {
		svm, err := p.array.SVM(ctx, p.svm)
		if err != nil {
			return err
		}
		if svm != nil {
			p.svm.UUID = svm.UUID
		}
	}
	others := candidates[:0]
	var rivals []plan.Claimant
	for _, other := range candidates {
		same, denied, err := p.contends(ctx, other)
		if err != nil {
			return err
		}
		if same {
			others, rivals = append(others, other), append(rivals, claimant(other, denied))
		}
	}
	holder, heir := claimant(p.obj, p.denied).Contest(rivals)
	if holder >= 0 {
		p.holder = others[holder]
	}
	if heir >= 0 {
		p.heir = others[heir]
	}
	return nil
}

func claimant(o *v1alpha1.ISCSIService, denied bool) plan.Claimant {
	return plan.Claimant{
		Origin:    origins[o.Status.Origin],
		Creating:  isCreating(o),
		Observe:   o.Spec.ManagementPolicy == v1alpha1.ManagementPolicyObserve,
		Denied:    denied,
		Deleting:  !o.DeletionTimestamp.IsZero(),
		Finalizer: hasFinalizer(o),
		Since:     o.CreationTimestamp.Time,
		UID:       string(o.UID),
	}
}

// candidates are the other objects that may mean the same SVM.
func (p *pass) candidates(ctx context.Context, reader client.Reader) ([]*v1alpha1.ISCSIService, error) {
	var candidates []*v1alpha1.ISCSIService
	seen := map[types.UID]bool{p.obj.UID: true}
	gather := func(reader client.Reader, field, value string) error {
		var list v1alpha1.ISCSIServiceList
		if err := reader.List(ctx, &list, client.MatchingFields{field: value}); err != nil {
			return fmt.Errorf("listing the ISCSIServices of the SVM: %w", err)
		}
		for i := range list.Items {
			if other := &list.Items[i]; !seen[other.UID] {
				seen[other.UID] = true
				candidates = append(candidates, other)
			}
		}
		return nil
	}
	for field, value := range map[string]string{specName: p.svm.Name, specUUID: p.svm.UUID, statusName: p.svm.Name, statusUUID: p.svm.UUID} {
		if value == "" {
			continue
		}
		if err := gather(reader, field, value); err != nil {
			return nil, err
		}
	}
	if p.svm.UUID == "" {
		return candidates, gather(p.r.Client, unresolvedIndex, "true")
	}
	return candidates, nil
}

// meant is the SVM that an object is bound to, or else names.
func meant(o *v1alpha1.ISCSIService) ontap.SVMRef {
	if bound := boundTo(o); bound.UUID != "" {
		return bound
	}
	return ontap.SVMRef{Name: o.Spec.SVM.Name, UUID: o.Spec.SVM.UUID}
}

// contends reports whether the other object, which names the same SVM in some way, means that one, of the same array, and
// whether its namespace may not use it.
func (p *pass) contends(ctx context.Context, other *v1alpha1.ISCSIService) (same, denied bool, err error) {
	if svm := meant(other); svm.UUID != "" && svm.UUID != p.svm.UUID || svm.UUID == "" && svm.Name != p.svm.Name {
		return false, false, nil
	}
	cluster := &v1alpha1.ONTAPCluster{}
	if err := p.r.Client.Get(ctx, types.NamespacedName{Name: other.ONTAPClusterName()}, cluster); err != nil {
		return false, false, client.IgnoreNotFound(err)
	}
	if cluster.Name != p.cluster.Name && !sameArray(cluster, p.cluster) {
		return false, false, nil
	}
	namespace, err := p.r.namespaceLabels(ctx, other.Namespace)
	if err != nil {
		return false, false, client.IgnoreNotFound(err)
	}
	return true, !Allowed(cluster.Spec.Access, other.Namespace, namespace, p.svm.Name), nil
}

func sameArray(a, b *v1alpha1.ONTAPCluster) bool {
	return arrayUUID(a) != "" && arrayUUID(a) == arrayUUID(b)
}

func arrayUUID(cluster *v1alpha1.ONTAPCluster) string {
	if cluster.Status.Array == nil {
		return ""
	}
	return cluster.Status.Array.UUID
}

func (r *ISCSIServiceReconciler) namespaceLabels(ctx context.Context, name string) (map[string]string, error) {
	return namespaceLabels(ctx, r.Client, name)
}

// namespaceLabels are the labels of a namespace, from the cache of metadata.
func namespaceLabels(ctx context.Context, cache client.Reader, name string) (map[string]string, error) {
	namespace := &metav1.PartialObjectMetadata{}
	namespace.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	if err := cache.Get(ctx, types.NamespacedName{Name: name}, namespace); err != nil {
		return nil, fmt.Errorf("reading the labels of namespace %s: %w", name, err)
	}
	return namespace.Labels, nil
}
