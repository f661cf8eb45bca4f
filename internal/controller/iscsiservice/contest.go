package iscsiservice

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/access"
	"github.com/ontap-operator/ontap-san-operator/internal/admission"
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

// contest finds out where the object stands, and tells the state.
func (p *pass) contest(ctx context.Context, scope plan.Scope) error {
	if scope == plan.Adopters {
		adopters, err := p.contenders(ctx, p.r.Live, statusUUID)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(adopters, func(c contender) bool { return c.claimant.Origin != plan.None && !c.claimant.Deleting }) {
			scope = plan.All
		}
	}
	var contenders []contender
	var err error
	if scope == plan.All {
		contenders, err = p.contenders(ctx, p.r.Live, specName, specUUID, statusName, statusUUID)
	} else if contenders, err = p.contenders(ctx, p.r.Client, holderIndex); err == nil {
		contenders, err = p.withFirst(ctx, contenders)
	}
	if err != nil {
		return err
	}
	s, found := p.standingAmong(contenders)
	p.standing = s
	p.state.Contested(found, len(s.former) > 0, scope)
	return nil
}

func (p *pass) self() plan.Claimant {
	self := claimant(p.obj(), p.state.Denied())
	self.Origin = p.state.Object().Origin
	return self
}

// standingAmong is where the object stands among the contenders.
func (p *pass) standingAmong(contenders []contender) (s standing, found plan.Standing) {
	claimants := make([]plan.Claimant, len(contenders))
	for i, c := range contenders {
		claimants[i] = c.claimant
		if (c.claimant.Origin != plan.None || c.claimant.Creating) && (c.claimant.Observe || c.claimant.Denied) && !c.claimant.Deleting {
			s.former = append(s.former, c.obj)
		}
	}
	found = p.self().Contest(claimants)
	if found.Holder >= 0 {
		s.holder = contenders[found.Holder].obj
	}
	if found.NextClaimant >= 0 {
		s.next = contenders[found.NextClaimant].obj
	}
	return s, found
}

// withFirst adds to the holders the first of the objects that only wait, if it matters who that is: no holder comes before
// this object, or one that is being deleted does, or this object is being deleted.
func (p *pass) withFirst(ctx context.Context, holders []contender) ([]contender, error) {
	known, _ := p.standingAmong(holders)
	holder, self := known.holder, p.self()
	if !self.Deleting && (self.Origin != plan.None || self.Creating || holder != nil && holder.DeletionTimestamp.IsZero()) {
		return holders, nil
	}
	first, err := p.firstWaiting(ctx)
	if err != nil || first == nil {
		return holders, err
	}
	return append(holders, *first), nil
}

// firstWaiting is the first of the other objects that wait for the SVM, or, unless this object is being deleted, of those
// before it.
func (p *pass) firstWaiting(ctx context.Context) (*contender, error) {
	waits := func(r contender) bool {
		return !hasOrBegan(r.obj) && !r.claimant.Deleting && !r.claimant.Observe && !r.claimant.Denied &&
			(p.deleting() || p.self().Contest([]plan.Claimant{r.claimant}).Holder == 0)
	}
	known := &v1alpha1.ISCSIService{}
	if name := p.memory.first; name.Name != "" && !p.deleting() && p.r.Client.Get(ctx, name, known, client.UnsafeDisableDeepCopy) == nil {
		// Who came before this object does so still, as a rule.
		if r, same, err := p.contends(ctx, known); err != nil || same && waits(r) {
			return &r, err
		}
	}
	candidates, err := p.candidates(ctx, p.r.Client, specName, specUUID, statusName, statusUUID)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(candidates, func(a, b *v1alpha1.ISCSIService) int {
		if claimant(a, false).Before(claimant(b, false)) {
			return -1
		}
		return 1
	})
	for _, candidate := range candidates {
		if hasOrBegan(candidate) {
			continue
		}
		if r, same, err := p.contends(ctx, candidate); err != nil || same && waits(r) {
			p.memory.first = client.ObjectKeyFromObject(candidate)
			return &r, err
		}
	}
	return nil, nil
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
		values := []string{p.svm().Name, p.svm().UUID}
		switch index {
		case specName, statusName:
			values = values[:1]
		case specUUID, statusUUID:
			values = values[1:]
		}
		for _, value := range values {
			if value == "" {
				continue
			}
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

// arrayUUID is the UUID of the array that an ONTAPCluster leads to: the one that answers, or else the one that is remembered.
func (r *Reconciler) arrayUUID(cluster *v1alpha1.ONTAPCluster) string {
	return admission.ArrayUUID(r.Fleet, cluster)
}
