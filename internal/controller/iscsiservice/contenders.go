package iscsiservice

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/access"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
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
	// holderIndex, in the cache only, has the objects that have a service, or have begun to create one, by the UUID of the
	// SVM and by its name. However many objects name an SVM, they are few.
	holderIndex = "holder"
)

// claimIndexes are the indexes of the cache, by name.
var claimIndexes = map[string]func(*v1alpha1.ISCSIService) []string{
	specName:    func(o *v1alpha1.ISCSIService) []string { return unlessEmpty(o.Spec.SVM.Name) },
	specUUID:    func(o *v1alpha1.ISCSIService) []string { return unlessEmpty(o.Spec.SVM.UUID) },
	statusName:  func(o *v1alpha1.ISCSIService) []string { return unlessEmpty(boundTo(o).Name) },
	statusUUID:  func(o *v1alpha1.ISCSIService) []string { return unlessEmpty(boundTo(o).UUID) },
	holderIndex: holderKeys,
}

// unlessEmpty leaves out who has no value, and is not looked for: the index is smaller.
func unlessEmpty(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

func holderKeys(o *v1alpha1.ISCSIService) []string {
	if !hasOrBegan(o) {
		return nil
	}
	svm := meant(o)
	return slices.Concat(unlessEmpty(svm.Name), unlessEmpty(svm.UUID))
}

// hasOrBegan reports whether the object has a service, or has begun to create one.
func hasOrBegan(o *v1alpha1.ISCSIService) bool { return o.Status.Origin != "" || isCreating(o) }

func boundTo(o *v1alpha1.ISCSIService) ontap.SVMRef {
	if o.Status.SVM == nil {
		return ontap.SVMRef{}
	}
	return ontap.SVMRef{Name: o.Status.SVM.Name, UUID: o.Status.SVM.UUID}
}

// meant is the SVM that an object is bound to; or that a create request was sent for; or that it names.
func meant(o *v1alpha1.ISCSIService) ontap.SVMRef {
	if bound := boundTo(o); bound.UUID != "" {
		return bound
	}
	if request, ok := createRequestOf(o); ok && isCreating(o) {
		return svmRef(request.resolved)
	}
	return ontap.SVMRef{Name: o.Spec.SVM.Name, UUID: o.Spec.SVM.UUID}
}

// contender is another object that means the same SVM.
type contender struct {
	obj      *v1alpha1.ISCSIService
	claimant plan.Claimant
}

// contenders are the other objects that mean the same SVM, found in those indexes.
func (p *pass) contenders(ctx context.Context, reader client.Reader, indexes ...string) ([]contender, error) {
	candidates, err := p.candidates(ctx, reader, indexes...)
	if err != nil {
		return nil, err
	}
	var contenders []contender
	for _, candidate := range candidates {
		r, same, err := p.contends(ctx, candidate)
		if err != nil {
			return nil, err
		}
		if same {
			contenders = append(contenders, r)
		}
	}
	return contenders, nil
}

// candidates are the other objects that may mean the same SVM, found in those indexes.
func (p *pass) candidates(ctx context.Context, reader client.Reader, indexes ...string) ([]*v1alpha1.ISCSIService, error) {
	var candidates []*v1alpha1.ISCSIService
	seen := map[types.UID]bool{p.obj().UID: true}
	for _, index := range indexes {
		for _, value := range p.indexed(index) {
			var list v1alpha1.ISCSIServiceList
			if err := reader.List(ctx, &list, client.MatchingFields{index: value}, client.UnsafeDisableDeepCopy); err != nil {
				return nil, fmt.Errorf("listing the ISCSIServices of the SVM: %w", err)
			}
			for i := range list.Items {
				if other := &list.Items[i]; !seen[other.UID] {
					seen[other.UID] = true
					candidates = append(candidates, other)
				}
			}
		}
	}
	return candidates, nil
}

// indexed are the values that the objects of the SVM have in an index.
func (p *pass) indexed(index string) []string {
	svm := p.svm()
	switch index {
	case specName, statusName:
		return unlessEmpty(svm.Name)
	case specUUID, statusUUID:
		return unlessEmpty(svm.UUID)
	}
	return slices.Concat(unlessEmpty(svm.Name), unlessEmpty(svm.UUID))
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

// contends reports whether the other object, which names the same SVM in some way, means that one, of the same array. Names
// pass from one SVM to another: where one side is known by its UUID only the other must be too, and is before anything is
// done.
func (p *pass) contends(ctx context.Context, other *v1alpha1.ISCSIService) (contender, bool, error) {
	svm := meant(other)
	if svm.UUID != "" && svm.UUID != p.svm().UUID || svm.UUID == "" && svm.Name != p.svm().Name {
		return contender{}, false, nil
	}
	if !hasOrBegan(other) && other.Status.SVM == nil && svm.Name != "" && svm.Name != p.svm().Name {
		return contender{}, false, nil // its name and its UUID are of two SVMs, so that it can have neither
	}
	cluster := &v1alpha1.ONTAPCluster{}
	missing := p.r.Client.Get(ctx, types.NamespacedName{Name: other.ONTAPClusterName()}, cluster)
	if client.IgnoreNotFound(missing) != nil {
		return contender{}, false, missing
	}
	if !p.sameArray(other, cluster) {
		return contender{}, false, nil
	}
	namespace, err := kube.NamespaceLabels(ctx, p.r.Client, other.Namespace)
	if client.IgnoreNotFound(err) != nil {
		return contender{}, false, err
	}
	// A rule that cannot be read takes nothing away.
	denied := missing != nil || err != nil ||
		access.Validate(cluster.Spec.Access) == nil && !access.Allowed(cluster.Spec.Access, other.Namespace, namespace, p.svm().Name)
	return contender{obj: other, claimant: claimant(other, denied)}, true, nil
}

// sameArray reports whether the other object, of that ONTAPCluster, is about the array that this one is about. An object that
// is bound knows its array, whatever has become of the ONTAPCluster.
func (p *pass) sameArray(other *v1alpha1.ISCSIService, cluster *v1alpha1.ONTAPCluster) bool {
	if other.Status.ArrayUUID != "" {
		return other.Status.ArrayUUID == p.r.arrayUUID(p.admission.Cluster)
	}
	if cluster.Name != "" && cluster.Name == p.admission.Cluster.Name {
		return true
	}
	array := p.r.arrayUUID(cluster)
	if array == "" && p.deleting() {
		// Its ONTAPCluster has not been connected yet. The UUID of the SVM tells, and a deletion can wait.
		return cluster.Name != "" && other.Spec.SVM.UUID == p.svm().UUID
	}
	return array != "" && array == p.r.arrayUUID(p.admission.Cluster)
}
