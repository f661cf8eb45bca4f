package iscsiservice

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

// conclusion is how a pass ended.
type conclusion struct {
	outcome.Outcome
	// waitsFor is the object whose change triggers the next pass; nil if there is none.
	waitsFor *v1alpha1.ISCSIService
}

// createPending explains why no second create request is sent yet.
const createPending = "The answer to the create request was lost. The operator makes sure that it cannot take effect any more before it sends another."

// waitStep is how often a service is looked for whose create request was not answered.
const waitStep = 10 * time.Second

// conclude is the conclusion of a plan that came to rest.
func (p *pass) conclude(ctx context.Context, step plan.Step) *conclusion {
	switch step.Do {
	case plan.Rest:
		p.state.Rested()
		return &conclusion{Outcome: p.settled()}
	case plan.Wait:
		return p.waiting(step.Why)
	}
	switch step.Why {
	case plan.Paused:
		return &conclusion{Outcome: p.paused()}
	case plan.ClaimLost:
		return p.claimLost()
	case plan.Failed:
		return &conclusion{Outcome: *p.failure}
	case plan.Declined, plan.CreateBackOff, plan.UpdateBackOff:
		return &conclusion{Outcome: p.declined(step.Why)}
	case plan.SVMUnknown:
		return &conclusion{Outcome: p.svmMissing(ctx)}
	}
	return &conclusion{Outcome: p.stopped(step.Why)}
}

// settled is the outcome when all is as wanted.
func (p *pass) settled() outcome.Outcome {
	service, _ := p.state.Service()
	switch {
	case p.observes() && service.Enabled:
		return outcome.Ready(v1alpha1.ReasonObserved, "The iSCSI service is enabled. It is observed only.", outcome.SettledRetry)
	case p.observes():
		return outcome.Ready(v1alpha1.ReasonObserved, "The iSCSI service is disabled. It is observed only.", outcome.SettledRetry)
	case service.Enabled:
		return outcome.Ready(v1alpha1.ReasonEnabled, "The iSCSI service is enabled.", outcome.SettledRetry)
	}
	return outcome.Ready(v1alpha1.ReasonDisabled, "The iSCSI service is disabled, as spec.enabled asks.", outcome.SettledRetry)
}

// waiting is the conclusion where things should go on by themselves.
func (p *pass) waiting(why plan.Why) *conclusion {
	if next := p.standing.next; why == plan.HandingOver && next != nil {
		return &conclusion{waitsFor: next, Outcome: outcome.Reconciling(v1alpha1.ReasonHandingOver, fmt.Sprintf(
			"%s: ISCSIService %s/%s names the same SVM and takes the iSCSI service over. This object goes once that is recorded; if nothing happens, look at the conditions of that object.",
			p.subject(), next.Namespace, next.Name), p.pollInterval())}
	}
	o := outcome.Reconciling(v1alpha1.ReasonCreatePending, p.subject()+": "+createPending, waitStep)
	if known, ok := outcome.FromArray(p.state.Memory().NoAnswer(), p.subject()); ok {
		known.Message += " " + createPending
		known.RetryAfter = waitStep
		o = known
	}
	return &conclusion{Outcome: o}
}

// claimLost is the conclusion where another object has the service: what becomes of that one triggers the next pass.
func (p *pass) claimLost() *conclusion {
	holder := p.standing.holder
	o := outcome.Stalled(v1alpha1.ReasonManagementConflict, fmt.Sprintf(
		"%s: its iSCSI service belongs to ISCSIService %s/%s. Nothing is touched until that one is deleted, or this one.",
		p.subject(), holder.Namespace, holder.Name))
	o.RetryAfter = outcome.SettledRetry
	return &conclusion{Outcome: o, waitsFor: holder}
}

// declined is the outcome of a request that the array refused, in this pass or before.
func (p *pass) declined(why plan.Why) outcome.Outcome {
	memory := p.state.Memory()
	switch why {
	case plan.CreateBackOff:
		o, _ := outcome.FromArray(memory.CreateRefusal(), p.subject())
		o.RetryAfter = p.pollInterval()
		return o
	case plan.UpdateBackOff:
		until, refusal := memory.UpdateRefusal()
		o, _ := outcome.FromArray(refusal, p.subject())
		o.RetryAfter = time.Until(until)
		return o
	}
	o, _ := outcome.FromArray(p.state.Refusal(), p.subject())
	if memory.CreateRefusal() != nil {
		o.RetryAfter = min(o.RetryAfter, p.pollInterval())
	}
	return o
}

// stopped is the outcome where something keeps the object from what it wants.
func (p *pass) stopped(why plan.Why) outcome.Outcome {
	switch why {
	case plan.AccessDenied:
		return p.accessDenied()
	case plan.InUse:
		return p.inUse()
	case plan.NothingToObserve:
		o := outcome.Stalled(v1alpha1.ReasonNothingToObserve, p.subject()+
			": it has no iSCSI service to observe. To have one created, set spec.managementPolicy to Manage.")
		o.RetryAfter = p.pollInterval()
		return o
	case plan.SVMChanged:
		return outcome.Stalled(v1alpha1.ReasonSVMChanged, fmt.Sprintf(
			"spec.svm was changed after a create request had been sent for SVM %q, where it made an iSCSI service. Put spec.svm back to keep that one, or delete this object, and that service with it.",
			p.svm().Name))
	case plan.SVMMismatch:
		return outcome.FromRefusal(&ontap.Error{Code: ontap.CodeSVMMismatch}, p.subject())
	case plan.TargetUnknown:
		return p.targetUnknown()
	}
	return outcome.Stalled(v1alpha1.ReasonRejected, fmt.Sprintf("%s: the operator has stopped for reason %d. Report that as a defect.", p.subject(), why))
}

// targetUnknown is the outcome where the target name is needed to tell the created service from others.
func (p *pass) targetUnknown() outcome.Outcome {
	if !p.deleting() {
		o, _ := outcome.FromArray(&ontap.TransportError{
			Operation: "create iSCSI service", Err: errors.New("the array does not tell the target name of the service yet"),
		}, p.subject())
		return o
	}
	return outcome.Reconciling(v1alpha1.ReasonArrayError, p.subject()+
		": the array does not tell the target name of the iSCSI service, by which the one that this object created is known. It is not deleted before it does; see \"vserver iscsi show\".",
		p.pollInterval())
}

// paused is the outcome of a pass that must not change anything. What was found before stays, unless there is nothing
// yet, or the object is being deleted and its users wait for that.
func (p *pass) paused() outcome.Outcome {
	by := "this object"
	if !kube.IsPaused(p.obj()) {
		by = fmt.Sprintf("ONTAPCluster %q", p.admission.Cluster.Name)
	}
	o := outcome.Reconciling(v1alpha1.ReasonPaused, fmt.Sprintf(
		"The annotation %s on %s keeps the operator from changing anything. Remove it to go on.", v1alpha1.PausedAnnotation, by), time.Hour)
	o.Expected, o.Paused = true, true
	if c := outcome.ReadyCondition(p.obj().Status.Conditions); c != nil && !p.deleting() {
		o.Frozen = true
	}
	return o
}

// namedInitiators is how many initiators a message names.
const namedInitiators = 5

// inUse is the outcome when the service is to be disabled and initiators are logged in, or may be.
func (p *pass) inUse() outcome.Outcome {
	var sessions string
	switch uncounted := p.sighting.uncounted; {
	case uncounted != nil && uncounted.Forbidden():
		sessions = "whether initiators are logged in cannot be told: " + outcome.Forbidden(uncounted)
	case uncounted != nil:
		sessions = "whether initiators are logged in cannot be told: the array does not answer GET " + uncounted.API + " (" + outcome.Cited(uncounted) + ")"
	default:
		initiators := p.sighting.initiators
		named := initiators[:min(len(initiators), namedInitiators)]
		sessions = fmt.Sprintf("iSCSI sessions that are logged in: %d, of %s", p.state.Sessions(), strings.Join(named, ", "))
		if more := len(initiators) - len(named); more > 0 {
			sessions += fmt.Sprintf(" and %d more", more)
		}
	}
	o := outcome.Reconciling(v1alpha1.ReasonInUse, fmt.Sprintf(
		"%s: %s. The service is not disabled before they have logged out; to cut them off, set spec.inUsePolicy to Disconnect.", p.subject(), sessions),
		p.pollInterval())
	o.InUse = true
	return o
}

// svmMissing is the outcome when the SVM is not there, or is not the one any more that the object is bound to.
func (p *pass) svmMissing(ctx context.Context) outcome.Outcome {
	if bound := p.obj().Status.SVM; bound != nil {
		if other, err := p.array().SVM(ctx, ontap.SVMRef{Name: bound.Name}); err == nil && other != nil && other.UUID != bound.UUID {
			return outcome.Stalled(v1alpha1.ReasonSVMReplaced, fmt.Sprintf(
				"%s: the SVM that this object is bound to (UUID %s) is gone, and another one has its name. Nothing is done to that one: to use it, delete this ISCSIService and create it anew.",
				p.subject(), bound.UUID))
		}
	}
	if bound := p.obj().Status.SVM; bound != nil {
		return outcome.Stalled(v1alpha1.ReasonSVMNotFound, fmt.Sprintf(
			"%s: the SVM that this object is bound to (UUID %s) does not exist any more (ONTAP code 2621462). Delete this ISCSIService; for another SVM, create a new one.",
			p.subject(), bound.UUID))
	}
	o := outcome.FromRefusal(&ontap.Error{Code: ontap.CodeSVMNotFound}, p.subject())
	o.RetryAfter = p.pollInterval()
	switch {
	case p.state.SVMChanged() && !p.deleting():
		o.Message = p.subject() + " is not found on the array (ONTAP code 2621462). " + svmChangedRemedy
	case p.deleting():
		o.Message += " Whether a create request whose answer was lost took effect cannot be told without it."
	}
	return o
}

// svmChangedRemedy is the way out where what a create request did cannot be found out, since its SVM is not to be seen: that
// it has no such name proves nothing, for it may have been renamed since.
const svmChangedRemedy = "spec.svm was changed after a create request for that SVM had been sent, whose answer is not known; " +
	"until it is, no other SVM gets a service for this object. To give up on that request, set spec.deletionPolicy to Retain, delete this ISCSIService and create it anew."

func (p *pass) accessDenied() outcome.Outcome {
	remedy := "Correct spec.svm, or ask the platform team for an access rule."
	if p.state.SVMChanged() {
		remedy = svmChangedRemedy
	}
	return outcome.Stalled(v1alpha1.ReasonAccessDenied, fmt.Sprintf("%s does not exist on ONTAPCluster %q, or namespace %q may not use it. %s",
		p.subject(), p.obj().ONTAPClusterName(), p.obj().Namespace, remedy))
}
