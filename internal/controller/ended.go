package controller

import (
	"context"
	"fmt"
	"time"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

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
	case step.Why == plan.HandingOver:
		next := p.standing.successor
		p.waitsFor = next
		o = reconciling(v1alpha1.ReasonHandingOver, fmt.Sprintf(
			"%s: ISCSIService %s/%s names the same SVM and takes the iSCSI service over. This object goes once that is recorded; if nothing happens, look at the conditions of that object.",
			p.subject(), next.Namespace, next.Name), p.pollInterval())
	case step.Do == plan.Wait:
		o = reconciling(v1alpha1.ReasonCreatePending, p.subject()+": "+createPending, waitStep)
		if p.past.trouble != nil {
			o = *p.past.trouble
			o.retryAfter = waitStep
		}
	case step.Why == plan.Frozen:
		p.service = nil // what is shown stays, too
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
			p.subject(), p.standing.holder.Namespace, p.standing.holder.Name))
		// What becomes of that one triggers the next look.
		p.waitsFor = p.standing.holder
		o.retryAfter = settledRetry
	case step.Why == plan.SVMChanged:
		o = stalled(v1alpha1.ReasonSVMChanged, fmt.Sprintf(
			"spec.svm was changed after a create request had been sent for SVM %q, where it made an iSCSI service. Put spec.svm back to keep that one, or delete this object, and that service with it.",
			p.svm.Name))
	case step.Why == plan.TargetUnknown:
		o = reconciling(v1alpha1.ReasonArrayError, p.subject()+
			": the array does not tell the target name of the iSCSI service, by which the one that this object created is known. It is not deleted before it does; see \"vserver iscsi show\".",
			p.pollInterval())
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
	o.retryAfter = p.pollInterval()
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
