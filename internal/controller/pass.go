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
// takes ten.
const maxSteps = 16

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
	// initiators are those of the sessions that were counted; uncounted is why the role does not let the operator count them.
	initiators []string
	uncounted  *ontap.Error
	// holder is the object that comes before this one for the SVM, and heir one that waits for it.
	holder, heir *v1alpha1.ISCSIService
	// refusal is the last no of the array, and end an outcome that was decided before the plan came to rest.
	refusal error
	end     *outcome
	// strayed: svm is the one that a create request was sent for, and not the one of spec.svm any more.
	strayed bool
	// createRefused: the array declined to create the service in this pass.
	createRefused bool
	// created: this pass has created the service.
	created bool
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
		return &o, nil
	}
	var err error
	if p.labels, err = p.r.namespaceLabels(ctx, p.obj.Namespace); err != nil {
		return nil, err
	}
	// A rule that cannot be read allows nothing, and takes nothing away either.
	if validateAccess(p.cluster.Spec.Access) != nil {
		return unconnected(p.cluster), nil
	}
	p.denied = !selectedByAny(p.cluster.Spec.Access, p.obj.Namespace, p.labels)
	// A name that is not allowed is not even asked about. One that is bound may have been renamed since.
	if p.svm.Name != "" && (p.obj.Status.SVM == nil || p.deleting()) {
		p.denied = p.denied || !p.allows(p.svm.Name)
	}

	if known, now := p.boundArray(), arrayUUID(p.cluster); known != "" && now != "" && known != now {
		o := stalled(v1alpha1.ReasonArrayChanged, fmt.Sprintf(
			"%s: it is on the array with UUID %s, and ONTAPCluster %q leads to another one. Nothing is done there: put the endpoint of the ONTAPCluster back.",
			p.subject(), known, p.cluster.Name))
		return &o, nil
	}
	array, connected := p.r.Fleet.Array(name)
	p.array = array
	if p.denied || connected && array.Usable() == nil && (p.deleting() || isReady(p.cluster)) {
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
// sent for whose answer nobody knows, even if spec.svm was changed since; or that of spec.svm.
func (p *pass) aim() {
	spec := p.obj.Spec.SVM
	p.svm, p.strayed = ontap.SVMRef{Name: spec.Name, UUID: spec.UUID}, false
	if bound := p.obj.Status.SVM; bound != nil {
		p.svm = ontap.SVMRef{Name: bound.Name, UUID: bound.UUID}
	} else if p.unanswered() && !createsFor(p.obj, spec) {
		p.svm, _, _ = createdOn(p.obj)
		p.strayed = true
	}
}

// boundArray is the UUID of the array that the object's service is on, or that a create request was sent to.
func (p *pass) boundArray() string {
	if _, array, ok := createdOn(p.obj); ok && p.unanswered() {
		return array
	}
	return p.obj.Status.ArrayUUID
}

// unneeded ends a pass that must not change anything, and takes the finalizer off where that needs no array: the service
// stays when its object goes, or there is none.
func (p *pass) unneeded(ctx context.Context) (*outcome, error) {
	switch step := plan.Next(p.wanted(), p.remembered(), plan.Observed{}); {
	case step.Why == plan.Frozen:
		return p.ended(ctx, step), nil
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
			p.live, p.observed.Presence = true, plan.Unknown
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
			return nil, p.release(ctx, step.Why)
		}
		err := p.take(ctx, step)
		switch {
		case errors.Is(err, errChanged):
			// The object is not what the step was planned for: plan again.
			if p.deleting() {
				// A deletion that began meanwhile rests on a live look.
				p.observed.Presence = plan.Unknown
			}
		case errors.Is(err, fleet.ErrNotIdentified), errors.Is(err, fleet.ErrNotPolled):
			// The array was connected anew, or another one answers: the ONTAPCluster tells.
			return nil, errNotConnected
		case err != nil && errors.Is(ctx.Err(), context.Canceled) && !changes(step.Do):
			// The operator is asked to stop: that it gave up reading says nothing about the array.
			return nil, ctx.Err()
		case err != nil:
			o, ok := fromArray(err, p.subject())
			if ok && step.Do == plan.Create && p.past.post == postUnanswered {
				o.message += " " + createPending
				p.past.trouble = &o
			}
			if ok {
				return &o, nil
			}
			return nil, err
		}
		if p.end != nil {
			return p.end, nil
		}
	}
	return nil, fmt.Errorf("no rest after %d steps", maxSteps)
}

// binds reports whether the step would bind the object to the SVM, which is for good. That is not done from memory: the
// name may be another SVM's by now.
func (p *pass) binds(step plan.Step) bool {
	return p.obj.Status.SVM == nil && (step.Do == plan.Own || step.Do == plan.Rest && p.observes())
}

func (p *pass) wanted() plan.Wanted {
	return plan.Wanted{
		Enabled:  p.obj.WantsEnabled(),
		Alias:    p.obj.Spec.Alias,
		Policy:   policies[p.obj.Spec.DeletionPolicy],
		Guard:    p.obj.Spec.InUsePolicy != v1alpha1.InUsePolicyDisconnect,
		Observe:  p.observes(),
		Deleting: p.deleting(),
		Paused:   pausedBy(p.obj, p.cluster) != "",
		Denied:   p.denied,
		Yields:   p.holder != nil,
		Strayed:  p.strayed,
		Heir:     p.heir != nil,
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

// unanswered reports whether a create request may have been sent whose answer nobody has seen.
func (p *pass) unanswered() bool {
	return isCreating(p.obj) && p.obj.Status.Origin == "" && (p.past.post == postUnknown || p.past.post == postUnanswered)
}

// ended is the outcome of a plan that came to rest.
func (p *pass) ended(ctx context.Context, step plan.Step) *outcome {
	var o outcome
	switch {
	case step.Do == plan.Rest && p.observes():
		o = ready(v1alpha1.ReasonObserved, map[bool]string{
			true:  "The iSCSI service is enabled. It is observed only.",
			false: "The iSCSI service is disabled. It is observed only.",
		}[p.service.Enabled], settledRetry)
	case step.Do == plan.Rest && p.service.Enabled:
		o = ready(v1alpha1.ReasonEnabled, "The iSCSI service is enabled.", settledRetry)
	case step.Do == plan.Rest:
		o = ready(v1alpha1.ReasonDisabled, "The iSCSI service is disabled, as spec.enabled asks.", settledRetry)
	case step.Do == plan.Wait:
		o = reconciling(v1alpha1.ReasonCreatePending, p.subject()+": "+createPending, waitStep)
		if p.past.trouble != nil {
			o = *p.past.trouble
			o.retryAfter = waitStep
		}
	case step.Why == plan.Frozen:
		return p.paused(pausedBy(p.obj, p.cluster))
	case step.Why == plan.AccessDenied:
		o = p.accessDenied()
	case step.Why == plan.InUse:
		o = p.inUse()
	case step.Why == plan.NothingToObserve:
		o = stalled(v1alpha1.ReasonNothingToObserve, p.subject()+
			": it has no iSCSI service to observe. To have one created, set spec.managementPolicy to Manage.")
		o.retryAfter = p.pollInterval()
	case step.Why == plan.ClaimLost:
		o = stalled(v1alpha1.ReasonManagementConflict, fmt.Sprintf(
			"%s: its iSCSI service belongs to ISCSIService %s/%s. Nothing is touched until that one is deleted, or this one.",
			p.subject(), p.holder.Namespace, p.holder.Name))
		o.retryAfter = p.pollInterval()
	case step.Why == plan.SVMChanged:
		o = stalled(v1alpha1.ReasonSVMChanged, fmt.Sprintf(
			"spec.svm was changed after a create request had been sent for SVM %q, where it made an iSCSI service. Put spec.svm back to keep that one, or delete this object, and that service with it.",
			p.svm.Name))
	case step.Why == plan.SVMUnknown:
		o = p.svmMissing(ctx)
	case p.refusal != nil:
		o, _ = fromArray(p.refusal, p.subject())
		if p.createRefused && o.stalled && !p.deleting() {
			p.putOnHold(ctx, o)
			o.retryAfter = min(o.retryAfter, p.pollInterval())
		}
	case p.past.hold != nil:
		o = p.past.hold.outcome
		o.retryAfter = p.pollInterval()
	}
	return &o
}

// putOnHold keeps the refused request from being repeated at every poll.
func (p *pass) putOnHold(ctx context.Context, o outcome) {
	svm, err := p.array.SVM(ctx, p.svm)
	p.past.hold = &hold{until: time.Now().Add(stalledRetry), generation: p.obj.Generation, svm: svm, looked: err == nil, outcome: o}
}

// svmMissing is the outcome when the SVM is not there, or is not the one any more that the object is bound to.
func (p *pass) svmMissing(ctx context.Context) outcome {
	if bound := p.obj.Status.SVM; bound != nil {
		if other, err := p.array.SVM(ctx, ontap.SVMRef{Name: bound.Name}); err == nil && other != nil && other.UUID != bound.UUID {
			return stalled(v1alpha1.ReasonSVMReplaced, fmt.Sprintf(
				"%s: the SVM that this object is bound to (UUID %s) is gone, and another one has its name. Nothing is done to that one: to use it, delete this ISCSIService and create it anew.",
				p.subject(), bound.UUID))
		}
	}
	if bound := p.obj.Status.SVM; bound != nil {
		return stalled(v1alpha1.ReasonSVMNotFound, fmt.Sprintf(
			"%s: the SVM that this object is bound to (UUID %s) does not exist any more (ONTAP code 2621462). Delete this ISCSIService; for another SVM, create a new one.",
			p.subject(), bound.UUID))
	}
	o := fromRefusal(&ontap.Error{Code: ontap.CodeSVMNotFound}, p.subject())
	switch {
	case p.strayed && !p.deleting():
		o.message = p.subject() + " is not found on the array (ONTAP code 2621462). " + strayedRemedy
	case p.deleting():
		o.message += " Whether a create request whose answer was lost took effect cannot be told without it."
	}
	return o
}

// strayedRemedy is the way out where what a create request did cannot be found out, since its SVM is not to be seen: that
// it has no such name proves nothing, for it may have been renamed since.
const strayedRemedy = "spec.svm was changed after a create request for that SVM had been sent, whose answer is not known; " +
	"until it is, no other SVM gets a service for this object. To give up on that request, set spec.deletionPolicy to Retain, delete this ISCSIService and create it anew."

func (p *pass) accessDenied() outcome {
	remedy := "Correct spec.svm, or ask the platform team for an access rule."
	if p.strayed {
		remedy = strayedRemedy
	}
	return stalled(v1alpha1.ReasonAccessDenied, fmt.Sprintf("%s does not exist on ONTAPCluster %q, or namespace %q may not use it. %s",
		p.subject(), p.obj.ONTAPClusterName(), p.obj.Namespace, remedy))
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
