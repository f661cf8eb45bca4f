package iscsiservice

import (
	"context"
	"fmt"
	"time"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/admission"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

// pass is one run over an object: all that it knows, and what becomes of it.
type pass struct {
	r *Reconciler
	// memory is what this process remembers of the object.
	memory *objectMemory
	// object is the ISCSIService as it is stored and as this pass leaves it.
	object *object
	// state decides.
	state plan.State
	// admission is the ONTAPCluster, and its array once that was found.
	admission *admission.Admission
	// visit is the pass's stay at the array.
	visit *visit
	// sighting is what the array showed last.
	sighting sighting
	// standing is where the object stands among those that name the SVM.
	standing standing
	// failure is what kept a step from being taken.
	failure *outcome.Outcome
	// journal has the events of the pass.
	journal journal
}

// begin begins a pass over an object. The error is admission.ErrOtherShard if it is another operator's.
func (r *Reconciler) begin(ctx context.Context, stored *v1alpha1.ISCSIService, slot *fleet.Visit) (*pass, error) {
	sources := admission.Sources{Cache: r.Client, Fleet: r.Fleet, Shard: r.Shard}
	found, err := sources.Find(ctx, stored.ONTAPClusterName(), stored.Namespace)
	if err != nil {
		return nil, err
	}
	memory := r.memory.of(client.ObjectKeyFromObject(stored), stored.UID)
	p := &pass{
		r: r, memory: memory, object: r.object(stored), admission: found,
		visit: &visit{slot: slot, reservations: &r.memory},
	}
	p.state = plan.Begin(describe(stored), memory.load(), kube.IsPaused(found.Cluster), time.Now())
	return p, nil
}

// end ends the pass: what it leaves is remembered, and other passes may go where it was.
func (p *pass) end() {
	p.remember()
	p.visit.Done()
}

// remember keeps what outlives the pass.
func (p *pass) remember() { p.memory.save(p.state.Memory()) }

// subject names the SVM as the user did.
func (p *pass) subject() string {
	svm := plan.SVM{Name: p.obj().Spec.SVM.Name, UUID: p.obj().Spec.SVM.UUID}
	if p.state.SVMChanged() {
		svm = p.state.Target()
	}
	switch {
	case svm.Name != "" && svm.UUID != "":
		return fmt.Sprintf("SVM %q (%s)", svm.Name, svm.UUID)
	case svm.Name != "":
		return fmt.Sprintf("SVM %q", svm.Name)
	default:
		return "SVM " + svm.UUID
	}
}

func (p *pass) obj() *v1alpha1.ISCSIService { return p.object.Desired() }

func (p *pass) array() *fleet.Array { return p.admission.Array }

func (p *pass) arrayUUID() string { return p.r.arrayUUID(p.admission.Cluster) }

// svm is the SVM that the pass is about, as the client of the array names it.
func (p *pass) svm() ontap.SVMRef { return svmRef(p.state.SVM()) }

func (p *pass) deleting() bool { return !p.obj().DeletionTimestamp.IsZero() }

func (p *pass) observes() bool {
	return p.obj().Spec.ManagementPolicy == v1alpha1.ManagementPolicyObserve
}

func (p *pass) pollInterval() time.Duration { return p.admission.Cluster.PollInterval() }

// sighting is what the array showed last of the service, and of who uses it.
type sighting struct {
	// service was seen, and is not known to be gone; nil if it was not.
	service *plan.Service
	// initiators are those of the sessions that were counted, and uncounted is why they could not be counted.
	initiators []string
	uncounted  *ontap.Error
}

// standing is where an object stands among those that name its SVM. The objects are those of the cache, and not to be
// changed.
type standing struct {
	// holder comes before this object, and next takes the service over from it; nil if there is none.
	holder, next *v1alpha1.ISCSIService
	// former have an origin, or have begun to create the service, and cannot claim it now.
	former []*v1alpha1.ISCSIService
}

// shown reports whether anything of the service may be shown on this object.
func (p *pass) shown() bool { return !p.state.Denied() && !p.state.Behind() }

// stands reports, as an error, that the pass does not stand on the object any more that is there now. Only the operator writes
// status: another one means that the cache was behind what it wrote itself. And what was learned about one SVM says nothing
// about the one that an unbound object names by now.
func (p *pass) stands(live *v1alpha1.ISCSIService) error {
	stored := p.object.Stored()
	if !apiequality.Semantic.DeepEqual(live.Status, stored.Status) || live.Status.SVM == nil && live.Spec.SVM != stored.Spec.SVM {
		return kube.ErrStale
	}
	return nil
}

// journal has what a pass tells in events.
type journal struct {
	// acted: an event tells what this pass did. Events are those to send once status is written.
	acted  bool
	events []func()
	// created: this pass has created the service.
	created bool
}
