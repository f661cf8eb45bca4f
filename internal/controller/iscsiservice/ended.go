package iscsiservice

import (
	"context"
	"fmt"
	"time"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

// ended is the outcome of a plan that came to rest.
func (p *pass) ended(ctx context.Context, step plan.Step) *outcome.Outcome {
	var o outcome.Outcome
	switch {
	case step.Do == plan.Rest && p.observes():
		o = outcome.Ready(v1alpha1.ReasonObserved, map[bool]string{
			true:  "The iSCSI service is enabled. It is observed only.",
			false: "The iSCSI service is disabled. It is observed only.",
		}[p.service.Enabled], outcome.SettledRetry)
	case step.Do == plan.Rest && p.service.Enabled:
		o = outcome.Ready(v1alpha1.ReasonEnabled, "The iSCSI service is enabled.", outcome.SettledRetry)
	case step.Do == plan.Rest:
		o = outcome.Ready(v1alpha1.ReasonDisabled, "The iSCSI service is disabled, as spec.enabled asks.", outcome.SettledRetry)
	case step.Why == plan.HandingOver:
		next := p.standing.successor
		p.waitsFor = next
		o = outcome.Reconciling(v1alpha1.ReasonHandingOver, fmt.Sprintf(
			"%s: ISCSIService %s/%s names the same SVM and takes the iSCSI service over. This object goes once that is recorded; if nothing happens, look at the conditions of that object.",
			p.subject(), next.Namespace, next.Name), p.pollInterval())
	case step.Do == plan.Wait:
		o = outcome.Reconciling(v1alpha1.ReasonCreatePending, p.subject()+": "+createPending, waitStep)
		if p.past.trouble != nil {
			o = *p.past.trouble
			o.RetryAfter = waitStep
		}
	case step.Why == plan.Frozen:
		p.service = nil // what is shown stays, too
		return p.paused(pausedBy(p.obj, p.admission.Cluster))
	case step.Why == plan.AccessDenied:
		o = p.accessDenied()
	case step.Why == plan.InUse:
		o = p.inUse()
	case step.Why == plan.NothingToObserve:
		o = outcome.Stalled(v1alpha1.ReasonNothingToObserve, p.subject()+
			": it has no iSCSI service to observe. To have one created, set spec.managementPolicy to Manage.")
		o.RetryAfter = p.pollInterval()
	case step.Why == plan.ClaimLost:
		o = outcome.Stalled(v1alpha1.ReasonManagementConflict, fmt.Sprintf(
			"%s: its iSCSI service belongs to ISCSIService %s/%s. Nothing is touched until that one is deleted, or this one.",
			p.subject(), p.standing.holder.Namespace, p.standing.holder.Name))
		// What becomes of that one triggers the next look.
		p.waitsFor = p.standing.holder
		o.RetryAfter = outcome.SettledRetry
	case step.Why == plan.SVMChanged:
		o = outcome.Stalled(v1alpha1.ReasonSVMChanged, fmt.Sprintf(
			"spec.svm was changed after a create request had been sent for SVM %q, where it made an iSCSI service. Put spec.svm back to keep that one, or delete this object, and that service with it.",
			p.svm.Name))
	case step.Why == plan.TargetUnknown:
		o = outcome.Reconciling(v1alpha1.ReasonArrayError, p.subject()+
			": the array does not tell the target name of the iSCSI service, by which the one that this object created is known. It is not deleted before it does; see \"vserver iscsi show\".",
			p.pollInterval())
	case step.Why == plan.SVMUnknown:
		o = p.svmMissing(ctx)
	case p.refusal != nil:
		o, _ = outcome.FromArray(p.refusal, p.subject())
		if p.createRefused && o.Stalled && !p.deleting() {
			p.putOnHold(ctx, o)
			o.RetryAfter = min(o.RetryAfter, p.pollInterval())
		}
	case p.past.hold != nil:
		o = p.past.hold.outcome
		o.RetryAfter = p.pollInterval()
	}
	return &o
}

// putOnHold keeps the refused request from being repeated at every poll.
func (p *pass) putOnHold(ctx context.Context, o outcome.Outcome) {
	svm, err := p.admission.Array.SVM(ctx, p.svm)
	p.past.hold = &hold{until: time.Now().Add(outcome.StalledRetry), generation: p.obj.Generation, svm: svm, looked: err == nil, outcome: o}
}

// svmMissing is the outcome when the SVM is not there, or is not the one any more that the object is bound to.
func (p *pass) svmMissing(ctx context.Context) outcome.Outcome {
	if bound := p.obj.Status.SVM; bound != nil {
		if other, err := p.admission.Array.SVM(ctx, ontap.SVMRef{Name: bound.Name}); err == nil && other != nil && other.UUID != bound.UUID {
			return outcome.Stalled(v1alpha1.ReasonSVMReplaced, fmt.Sprintf(
				"%s: the SVM that this object is bound to (UUID %s) is gone, and another one has its name. Nothing is done to that one: to use it, delete this ISCSIService and create it anew.",
				p.subject(), bound.UUID))
		}
	}
	if bound := p.obj.Status.SVM; bound != nil {
		return outcome.Stalled(v1alpha1.ReasonSVMNotFound, fmt.Sprintf(
			"%s: the SVM that this object is bound to (UUID %s) does not exist any more (ONTAP code 2621462). Delete this ISCSIService; for another SVM, create a new one.",
			p.subject(), bound.UUID))
	}
	o := outcome.FromRefusal(&ontap.Error{Code: ontap.CodeSVMNotFound}, p.subject())
	o.RetryAfter = p.pollInterval()
	switch {
	case p.strayed && !p.deleting():
		o.Message = p.subject() + " is not found on the array (ONTAP code 2621462). " + strayedRemedy
	case p.deleting():
		o.Message += " Whether a create request whose answer was lost took effect cannot be told without it."
	}
	return o
}

// strayedRemedy is the way out where what a create request did cannot be found out, since its SVM is not to be seen: that
// it has no such name proves nothing, for it may have been renamed since.
const strayedRemedy = "spec.svm was changed after a create request for that SVM had been sent, whose answer is not known; " +
	"until it is, no other SVM gets a service for this object. To give up on that request, set spec.deletionPolicy to Retain, delete this ISCSIService and create it anew."

func (p *pass) accessDenied() outcome.Outcome {
	remedy := "Correct spec.svm, or ask the platform team for an access rule."
	if p.strayed {
		remedy = strayedRemedy
	}
	return outcome.Stalled(v1alpha1.ReasonAccessDenied, fmt.Sprintf("%s does not exist on ONTAPCluster %q, or namespace %q may not use it. %s",
		p.subject(), p.obj.ONTAPClusterName(), p.obj.Namespace, remedy))
}
