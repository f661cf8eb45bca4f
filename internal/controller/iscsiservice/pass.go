package iscsiservice

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/admission"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

// maxSteps bounds one pass. The longest that makes sense, losing a service and creating it anew with an empty alias, takes
// some forty.
const maxSteps = 80

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

// object is an ISCSIService as it is stored, and as a pass leaves it.
type object = kube.Object[v1alpha1.ISCSIService, v1alpha1.ISCSIServiceStatus, *v1alpha1.ISCSIService]

func statusOf(obj *v1alpha1.ISCSIService) *v1alpha1.ISCSIServiceStatus { return &obj.Status }

func (r *Reconciler) object(stored *v1alpha1.ISCSIService) *object {
	return kube.NewObject(r.Client, r.Live, stored, statusOf)
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

// run observes, plans and acts until the plan comes to rest, and returns how it ended: nil without an error if there is
// nothing left to report on.
func (p *pass) run(ctx context.Context) (*conclusion, error) {
	for range maxSteps {
		step := plan.Next(p.state)
		switch {
		case step.Asks() && !p.connected():
			if err := p.connect(ctx); err != nil {
				return nil, err
			}
			continue
		case step.Do == plan.Stop && step.Why == plan.Failed && p.failure == nil:
			return nil, ctx.Err()
		case step.Do == plan.Rest && p.deleting():
			return nil, nil
		case step.Do == plan.Rest, step.Do == plan.Stop, step.Do == plan.Wait:
			return p.conclude(ctx, step), nil
		case step.Do == plan.Release:
			return nil, p.release(ctx, step.Why)
		}
		if err := p.take(ctx, step); err != nil {
			if err := p.failed(ctx, step, err); err != nil {
				return nil, err
			}
		}
	}
	return nil, fmt.Errorf("no rest after %d steps", maxSteps)
}

// take takes one step of the plan, and tells the state what came of it.
func (p *pass) take(ctx context.Context, step plan.Step) error {
	ctx = p.visit.context(ctx)
	switch step.Do {
	case plan.Look:
		return p.look(ctx, step.Live)
	case plan.Confirm:
		return p.confirm(ctx)
	case plan.Contest:
		return p.contest(ctx, step.Scope)
	case plan.Reserve:
		return p.reserve()
	case plan.Await:
		return p.await(ctx)
	case plan.Recheck:
		return p.recheck(ctx)
	case plan.Count:
		return p.countSessions(ctx)
	case plan.BackOff:
		return p.backOff(ctx)
	case plan.Mark, plan.Unmark:
		return p.mark(ctx, step)
	case plan.Supersede:
		return p.supersede(ctx)
	case plan.Bind:
		return p.bind(step.Origin)
	case plan.Disown:
		return p.disown()
	case plan.Forget:
		return p.forget(step.Why)
	case plan.Record:
		return p.record(ctx)
	}
	return p.request(ctx, step)
}

// failed tells the state that a step was not taken, unless the error ends the pass.
func (p *pass) failed(ctx context.Context, step plan.Step, err error) error {
	o, fromArray := outcome.FromArray(err, p.subject())
	switch barred := p.state.Denied() || p.state.Paused(); {
	case errors.Is(err, fleet.ErrNotIdentified), errors.Is(err, fleet.ErrNotPolled):
		// The array was connected anew, or another one answers: the ONTAPCluster tells.
		if !barred {
			return admission.ErrNotConnected
		}
	case errors.Is(ctx.Err(), context.Canceled) && (fromArray || errors.Is(err, ctx.Err())):
		// The operator is asked to stop. That it gave up asking says nothing about the array.
		if step.Writes() && fromArray {
			p.failure = &o
		}
	case !fromArray:
		return err
	default:
		if step.Do == plan.Create && p.state.Unanswered() {
			o.Message += " " + createPending
		}
		p.failure = &o
	}
	p.state.Failed(false)
	return nil
}

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
