package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

// maxSteps bounds one pass. The longest that makes sense, losing a service and creating it anew with an empty alias,
// takes fifteen.
const maxSteps = 20

// errNotConnected: the ONTAPCluster is Ready, but this process is not connected to its array, since it has just started
// or the endpoint has just changed. There is nothing to report yet: either the connection or the condition of the
// ONTAPCluster triggers the next pass.
var errNotConnected = errors.New("not connected yet")

// errNotShared: the object is another operator's to work on.
var errNotShared = errors.New("not in this operator's share")

// pass is one look at an object and all that follows from it.
type pass struct {
	r    *ISCSIServiceReconciler
	past *recollection

	// obj is the object as this pass leaves it; stored is what the API server has.
	obj, stored *v1alpha1.ISCSIService
	// fresh: obj was read from or written to the API server since the array was last asked to change something.
	fresh bool

	cluster *v1alpha1.ONTAPCluster
	array   *fleet.Array
	// labels of the object's namespace.
	labels map[string]string

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
	end     *outcome
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

// prepare reads what the pass needs from Kubernetes. If that is not all there, the outcome says so.
func (p *pass) prepare(ctx context.Context) (*outcome, error) {
	p.aim()
	name := p.obj.ONTAPClusterName()
	p.cluster = &v1alpha1.ONTAPCluster{}
	missing := p.r.Client.Get(ctx, types.NamespacedName{Name: name}, p.cluster)
	if client.IgnoreNotFound(missing) != nil {
		return nil, missing
	}
	if !p.r.Share.Has(p.cluster) {
		return nil, errNotShared
	}
	if end, err := p.unneeded(ctx); end != nil || err != nil {
		return end, err
	}
	if missing != nil {
		o := waitingFor(p.obj.Status.Conditions, v1alpha1.ReasonONTAPClusterNotFound, fmt.Sprintf(
			"spec.ontapClusterRef: there is no ONTAPCluster %q. Correct the name, or ask the platform team for it.", name))
		return p.unlessBarred(&o), nil
	}
	var err error
	if p.labels, err = p.r.namespaceLabels(ctx, p.obj.Namespace); err != nil {
		return nil, err
	}
	// A rule that cannot be read allows nothing, and takes nothing away either.
	if validateAccess(p.cluster.Spec.Access) != nil {
		return p.unlessBarred(unconnected(p.cluster)), nil
	}
	p.denied = !selectedByAny(p.cluster.Spec.Access, p.obj.Namespace, p.labels)
	// A name that is not allowed is not even asked about. One that is bound may have been renamed since.
	forbidden := p.svm.Name != "" && !p.allows(p.svm.Name)
	p.denied = p.denied || forbidden && p.obj.Status.SVM == nil
	end, err := p.reach()
	// A deletion goes by the last name that was seen where the array cannot tell the present one.
	p.denied = p.denied || forbidden && p.deleting() && p.array == nil
	if p.barred() && (end != nil || err != nil) {
		return p.unlessBarred(end), nil
	}
	return end, err
}

// reach finds the array, if it is the one that the object is on and can be asked.
func (p *pass) reach() (*outcome, error) {
	array, connected := p.r.Fleet.Array(p.cluster.Name)
	if known, now := p.boundArray(), p.r.arrayUUID(p.cluster); known != "" && now != "" && known != now {
		o := stalled(v1alpha1.ReasonArrayChanged, fmt.Sprintf(
			"%s: it is on the array with UUID %s, and ONTAPCluster %q leads to another one. Nothing is done there: put the endpoint of the ONTAPCluster back.",
			p.subject(), known, p.cluster.Name))
		return &o, nil
	}
	if connected && array.Usable() == nil && (p.deleting() || isReady(p.cluster)) {
		p.array = array
		return nil, nil
	}
	if connected {
		if o, ok := fromArray(array.Usable(), p.subject()); ok && o.ready == metav1.ConditionUnknown {
			return &o, nil
		}
	}
	if wasReady(p.cluster) {
		return nil, errNotConnected
	}
	return unconnected(p.cluster), nil
}

// barred reports whether nothing may be changed for the object, on the array or in its marks.
func (p *pass) barred() bool { return p.denied || pausedBy(p.obj, p.cluster) != "" }

// unlessBarred is an outcome of a pass that cannot ask the array. What bars the object is to be told instead, and nothing is
// learned of the service.
func (p *pass) unlessBarred(end *outcome) *outcome {
	if !p.barred() {
		return end
	}
	p.observed.Presence = plan.Unproven
	return nil
}

// unconnected is the outcome of a pass that cannot ask the array: the trouble of its ONTAPCluster is this object's too.
// The reason tells which it is; the particulars are the platform team's.
func unconnected(cluster *v1alpha1.ONTAPCluster) *outcome {
	o := reconciling(v1alpha1.ReasonONTAPClusterNotReady,
		fmt.Sprintf("ONTAPCluster %q is not connected yet; the operator goes on when it is.", cluster.Name), lastRetry)
	o.expected = true
	if c := readyCondition(cluster.Status.Conditions); c != nil && c.Status != metav1.ConditionTrue {
		o.ready, o.reason = c.Status, c.Reason
		o.message = fmt.Sprintf("ONTAPCluster %q cannot be used: %s. Its status tells the platform team what to do; the operator goes on when it can.",
			cluster.Name, c.Reason)
		o.stalled = isStalled(cluster.Status.Conditions)
		o.expected = o.ready == metav1.ConditionFalse && !o.stalled
	}
	return &o
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
func (p *pass) unneeded(ctx context.Context) (*outcome, error) {
	switch step := plan.Next(p.wanted(), p.remembered(), plan.Observed{}); {
	case step.Why == plan.Frozen:
		return p.paused(pausedBy(p.obj, p.cluster)), nil
	case step.Do == plan.Mark:
		return nil, p.mark(ctx, step.Finalizer, step.Creating)
	case step.Do == plan.Release:
		if err := p.release(ctx, step.Why); err != nil {
			return nil, err
		}
		return nil, errGone
	}
	return nil, nil
}

// letGo ends each message about a deletion that waits.
const letGo = `The deletion waits. To keep the service instead, set spec.deletionPolicy to Retain, which takes effect once the array answers; ` +
	`to give up on an array that is gone for good, set spec.managementPolicy to Observe or remove the finalizer "` + v1alpha1.Finalizer + `".`

// run observes, plans and acts until the plan comes to rest, and returns how it ended. A nil outcome without an error
// means that there is nothing left to report on.
func (p *pass) run(ctx context.Context) (*outcome, error) {
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
func (p *pass) troubled(ctx context.Context, step plan.Step, err error) (*outcome, error) {
	switch {
	case err == nil:
		return nil, nil
	case errors.Is(err, errChanged):
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
		return nil, errNotConnected
	case errors.Is(ctx.Err(), context.Canceled) && !changes(step.Do):
		// The operator is asked to stop: that it gave up reading says nothing about the array.
		return nil, ctx.Err()
	}
	o, ok := fromArray(err, p.subject())
	if !ok {
		return nil, err
	}
	if step.Do == plan.Create && p.past.post.is(postUnanswered) {
		o.message += " " + createPending
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
		Paused:    pausedBy(p.obj, p.cluster) != "",
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
	return Allowed(p.cluster.Spec.Access, p.obj.Namespace, p.labels, svm)
}

func (p *pass) deleting() bool { return !p.obj.DeletionTimestamp.IsZero() }

func (p *pass) observes() bool {
	return p.obj.Spec.ManagementPolicy == v1alpha1.ManagementPolicyObserve
}

func (p *pass) pollInterval() time.Duration { return pollInterval(p.cluster) }

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
