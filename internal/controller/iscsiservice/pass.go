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

// maxSteps bounds one pass. The longest that makes sense, losing a service and creating it anew with an empty alias,
// takes fifteen.
const maxSteps = 20

// pass is one look at an object and all that follows from it.
type pass struct {
	r    *Reconciler
	past *recollection

	// object is the ISCSIService as it is stored and as this pass leaves it, which is obj.
	object *object
	obj    *v1alpha1.ISCSIService
	// admission is the ONTAPCluster, and its array if that can be asked.
	admission *admission.Admission

	observed plan.Observed
	// service is what was observed, if present.
	service *ontap.Service
	// svm is the SVM that the object means, as far as it is known.
	svm ontap.SVMRef
	// denied: the namespace may not use the SVM, so that nothing of it may be shown.
	denied bool
	// looked: it was found out what is there. FromSnapshot: without asking the array.
	looked, fromSnapshot bool
	// live: the next look asks the array.
	live bool
	// initiators are those of the sessions that were counted at that time; uncounted is why they could not be counted.
	initiators []string
	counted    time.Time
	uncounted  *ontap.Error
	// standing is where the object stands among those that name the SVM.
	standing standing
	// refusal is the last no of the array, and end an outcome that was decided before the plan came to rest.
	refusal error
	end     *outcome.Outcome
	// strayed: svm is the one that a create request was sent for, and not the one of spec.svm any more.
	strayed bool
	// createRefused: the array declined to create the service in this pass.
	createRefused bool
	// created: this pass has created the service.
	created bool
	// turn was waited for, so that what is checked from here on is true when the next change is sent; nil if none was.
	turn *fleet.Turn
	// reserved is the SVM that no other pass may take the service of meanwhile.
	reserved string
	// waitsFor is the object whose change triggers the next pass.
	waitsFor *v1alpha1.ISCSIService
	// overtaken: a user changed the object while the pass was under way, and status was written all the same: the object
	// has to be looked at again.
	overtaken bool
	// acted: an event tells what this pass did. News are the events to send once status is written.
	acted bool
	news  []func()
}

// object is an ISCSIService as it is stored, and as a pass leaves it.
type object = kube.Object[v1alpha1.ISCSIService, v1alpha1.ISCSIServiceStatus, *v1alpha1.ISCSIService]

func statusOf(obj *v1alpha1.ISCSIService) *v1alpha1.ISCSIServiceStatus { return &obj.Status }

func (r *Reconciler) object(stored *v1alpha1.ISCSIService) *object {
	return kube.NewObject(r.Client, r.Live, stored, statusOf)
}

func (r *Reconciler) newPass(stored *v1alpha1.ISCSIService) *pass {
	object := r.object(stored)
	past := r.memory.of(client.ObjectKeyFromObject(stored), stored.UID)
	return &pass{r: r, past: past, object: object, obj: object.Desired()}
}

// prepare reads what the pass needs from Kubernetes. If that is not all there, the outcome says so.
func (p *pass) prepare(ctx context.Context) (*outcome.Outcome, error) {
	p.aim()
	name := p.obj.ONTAPClusterName()
	sources := admission.Sources{Cache: p.r.Client, Fleet: p.r.Fleet, Shard: p.r.Shard}
	var err error
	if p.admission, err = sources.Find(ctx, name, p.obj.Namespace); err != nil {
		return nil, err
	}
	if end, err := p.unneeded(ctx); end != nil || err != nil {
		return end, err
	}
	if end := p.admission.Missing(p.obj.Status.Conditions, fmt.Sprintf(
		"spec.ontapClusterRef: there is no ONTAPCluster %q. Correct the name, or ask the platform team for it.", name)); end != nil {
		return p.unlessBarred(end), nil
	}
	if end, err := p.admission.ReadRules(ctx); err != nil {
		return nil, err
	} else if end != nil {
		return p.unlessBarred(end), nil
	}
	p.denied = !p.admission.AllowsAny()
	// A name that is not allowed is not even asked about. One that is bound may have been renamed since.
	forbidden := p.svm.Name != "" && !p.allows(p.svm.Name)
	p.denied = p.denied || forbidden && p.obj.Status.SVM == nil
	end, err := p.reach()
	// A deletion goes by the last name that was seen where the array cannot tell the present one.
	p.denied = p.denied || forbidden && p.deleting() && p.admission.Array == nil
	if p.barred() && (end != nil || err != nil) {
		return p.unlessBarred(end), nil
	}
	return end, err
}

// reach finds the array, if it is the one that the object is on and can be asked.
func (p *pass) reach() (*outcome.Outcome, error) {
	return p.admission.Reach(admission.Expected{
		Subject:    p.subject(),
		ArrayUUID:  p.boundArray(),
		OtherArray: "Nothing is done there: put the endpoint of the ONTAPCluster back.",
		Deleting:   p.deleting(),
	})
}

// barred reports whether nothing may be changed for the object, on the array or in its marks.
func (p *pass) barred() bool { return p.denied || pausedBy(p.obj, p.admission.Cluster) != "" }

// unlessBarred is an outcome of a pass that cannot ask the array. What bars the object is to be told instead, and nothing is
// learned of the service.
func (p *pass) unlessBarred(end *outcome.Outcome) *outcome.Outcome {
	if !p.barred() {
		return end
	}
	p.observed.Presence = plan.Unproven
	return nil
}

// aim finds out which SVM the pass is about: the one that the object is bound to; or the one that a create request was
// sent for whose answer is not known, even if spec.svm was changed or the SVM renamed since; or that of spec.svm.
func (p *pass) aim() {
	spec := p.obj.Spec.SVM
	p.svm, p.strayed = ontap.SVMRef{Name: spec.Name, UUID: spec.UUID}, false
	if bound := p.obj.Status.SVM; bound != nil {
		p.svm = ontap.SVMRef{Name: bound.Name, UUID: bound.UUID}
	} else if request, ok := createdOn(p.obj); ok && p.unanswered() {
		p.strayed = !createsFor(p.obj, spec)
		p.svm = request.svm
	}
}

// boundArray is the UUID of the array that the object's service is on, or that a create request was sent to.
func (p *pass) boundArray() string {
	if request, ok := createdOn(p.obj); ok && p.unanswered() {
		return request.array
	}
	return p.obj.Status.ArrayUUID
}

// unneeded ends a pass that must not change anything, and takes the finalizer off where that needs no array: the service
// stays when its object goes, or there is none.
func (p *pass) unneeded(ctx context.Context) (*outcome.Outcome, error) {
	switch step := plan.Next(p.wanted(), p.remembered(), plan.Observed{}); {
	case step.Why == plan.Frozen:
		return p.paused(pausedBy(p.obj, p.admission.Cluster)), nil
	case step.Do == plan.Mark:
		return nil, p.mark(ctx, step.Finalizer, step.Creating)
	case step.Do == plan.Release:
		if err := p.release(ctx, step.Why); err != nil {
			return nil, err
		}
		return nil, kube.ErrGone
	}
	return nil, nil
}

// letGo ends each message about a deletion that waits.
const letGo = `The deletion waits. To keep the service instead, set spec.deletionPolicy to Retain, which takes effect once the array answers; ` +
	`to give up on an array that is gone for good, set spec.managementPolicy to Observe or remove the finalizer "` + v1alpha1.Finalizer + `".`

// run observes, plans and acts until the plan comes to rest, and returns how it ended. A nil outcome without an error
// means that there is nothing left to report on.
func (p *pass) run(ctx context.Context) (*outcome.Outcome, error) {
	for range maxSteps {
		step := plan.Next(p.wanted(), p.remembered(), p.observed)
		if p.binds(step) && p.fromSnapshot {
			p.lookAgain()
			continue
		}
		switch step.Do {
		case plan.Rest, plan.Stop, plan.Wait:
			if step.Do == plan.Rest {
				p.past.declined = nil // somebody has made the change; what comes after that is another one
			}
			if step.Do == plan.Rest && p.deleting() {
				return nil, nil
			}
			return p.ended(ctx, step), nil
		case plan.Release:
			if sure, err := p.sureToRelease(ctx, step); err != nil {
				return nil, err
			} else if !sure {
				continue
			}
			return nil, p.release(ctx, step.Why)
		}
		if end, err := p.troubled(ctx, step, p.take(ctx, step)); end != nil || err != nil {
			return end, err
		}
		if p.end != nil {
			return p.end, nil
		}
	}
	return nil, fmt.Errorf("no rest after %d steps", maxSteps)
}

// troubled tells what becomes of the pass after a step that ended with the error: nil and nil let it go on.
func (p *pass) troubled(ctx context.Context, step plan.Step, err error) (*outcome.Outcome, error) {
	switch {
	case err == nil:
		return nil, nil
	case errors.Is(err, kube.ErrChanged):
		// The object, or what it stands on, is not what the step was planned for: plan again.
		if p.deleting() {
			// A deletion that began meanwhile rests on a live look.
			p.observed.Presence = plan.Unknown
		}
		return nil, nil
	case p.barred() && !changes(step.Do) && step.Do != plan.Mark:
		return p.unlessBarred(nil), nil
	case errors.Is(err, fleet.ErrNotIdentified), errors.Is(err, fleet.ErrNotPolled):
		// The array was connected anew, or another one answers: the ONTAPCluster tells.
		return nil, admission.ErrNotConnected
	case errors.Is(ctx.Err(), context.Canceled) && !changes(step.Do):
		// The operator is asked to stop: that it gave up reading says nothing about the array.
		return nil, ctx.Err()
	}
	o, ok := outcome.FromArray(err, p.subject())
	if !ok {
		return nil, err
	}
	if step.Do == plan.Create && p.past.post.is(postUnanswered) {
		o.Message += " " + createPending
		p.past.trouble = &o
	}
	return &o, nil
}

// binds reports whether the step would bind the object to the SVM, which is for good. That is not done from memory: the
// name may be another SVM's by now.
func (p *pass) binds(step plan.Step) bool {
	return p.obj.Status.SVM == nil && (step.Do == plan.Own || step.Do == plan.Rest && p.observes())
}

func (p *pass) wanted() plan.Wanted {
	return plan.Wanted{
		Enabled:   p.obj.WantsEnabled(),
		Alias:     p.obj.Spec.Alias,
		Policy:    policies[p.obj.Spec.DeletionPolicy],
		Guard:     p.obj.Spec.InUsePolicy != v1alpha1.InUsePolicyDisconnect,
		Observe:   p.observes(),
		Deleting:  p.deleting(),
		Paused:    pausedBy(p.obj, p.admission.Cluster) != "",
		Denied:    p.denied,
		Yields:    p.standing.holder != nil && !p.standing.takesOver,
		TakesOver: p.standing.takesOver,
		Strayed:   p.strayed,
		Successor: p.standing.successor != nil,
	}
}

func (p *pass) remembered() plan.Remembered {
	m := plan.Remembered{
		Finalizer:  hasFinalizer(p.obj),
		Creating:   isCreating(p.obj),
		Unanswered: p.unanswered(),
		Origin:     origins[p.obj.Status.Origin],
		OnHold:     p.past.hold != nil,
	}
	if m.Origin == plan.None && !m.Unanswered && !createsFor(p.obj, p.obj.Spec.SVM) {
		// It speaks of an SVM that is not meant any more, and for which nothing was sent.
		m.Creating = false
	}
	if p.obj.Status.Created != nil {
		m.CreatedTarget = p.obj.Status.Created.TargetName
	}
	return m
}

// createPending explains why no second create request is sent yet.
const createPending = "The answer to the create request was lost. The operator makes sure that it cannot take effect any more before it sends another."

// unanswered reports whether a create request may have been sent whose answer was not seen. A request of this process
// is known of even if a user has taken the marks off since.
func (p *pass) unanswered() bool {
	return p.obj.Status.Origin == "" && (p.past.post.is(postUnanswered) || p.past.post.is(postUnknown) && isCreating(p.obj))
}

// subject names the SVM as the user did.
func (p *pass) subject() string {
	spec := ontap.SVMRef{Name: p.obj.Spec.SVM.Name, UUID: p.obj.Spec.SVM.UUID}
	if p.strayed {
		spec = p.svm
	}
	switch {
	case spec.Name != "" && spec.UUID != "":
		return fmt.Sprintf("SVM %q (%s)", spec.Name, spec.UUID)
	case spec.Name != "":
		return fmt.Sprintf("SVM %q", spec.Name)
	default:
		return "SVM " + spec.UUID
	}
}

func (p *pass) allows(svm string) bool {
	return p.admission.Allows(svm)
}

func (p *pass) deleting() bool { return !p.obj.DeletionTimestamp.IsZero() }

func (p *pass) observes() bool {
	return p.obj.Spec.ManagementPolicy == v1alpha1.ManagementPolicyObserve
}

func (p *pass) pollInterval() time.Duration { return p.admission.Cluster.PollInterval() }

var policies = map[v1alpha1.DeletionPolicy]plan.Policy{
	"":                            plan.Auto,
	v1alpha1.DeletionPolicyDelete: plan.Delete,
	v1alpha1.DeletionPolicyRetain: plan.Retain,
}

var origins = map[v1alpha1.Origin]plan.Origin{
	"":                     plan.None,
	v1alpha1.OriginCreated: plan.Created,
	v1alpha1.OriginAdopted: plan.Adopted,
}
