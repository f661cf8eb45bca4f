package iscsiservice

import (
	"cmp"
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

// WriteTimeout bounds one change of the array, a job that it starts included. It ends within the grace period of a pod.
const WriteTimeout = 25 * time.Second

// request sends one request that changes the array, and tells the state how it was answered. A definite no is not an error: the
// plan goes on from it.
func (p *pass) request(ctx context.Context, step plan.Step) error {
	// An operator that is asked to stop begins nothing new, and finishes what it has begun.
	if err := cmp.Or(ctx.Err(), p.array().Usable()); err != nil {
		return err
	}
	began := time.Now()
	deadline := began.Add(p.r.writeTimeout())
	// The lease outlasts the deadline, and nothing is handed to the network after it: a process that is frozen from here
	// on sends nothing when it wakes up as one of two.
	end, err := p.r.Lease.Begin(deadline)
	if err != nil {
		return err
	}
	defer end()
	p.object.Invalidate()
	p.visit.turn = nil // the context has it
	if step.Do == plan.Create {
		p.state.Sending()
		p.remember()
		// What takes the markers off next is told from a user's doing by what is remembered.
		defer p.remember()
	}
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), deadline)
	defer cancel()
	made, err := p.send(ctx, step)
	p.log(ctx, operations[step.Do], began, err)
	return p.answered(step, made, err)
}

// operations are what requests are called in the log.
var operations = map[plan.Do]string{plan.Create: "create", plan.Update: "update", plan.Disable: "disable", plan.Remove: "delete"}

// send sends the request of a step. Only a create request makes a service.
func (p *pass) send(ctx context.Context, step plan.Step) (made ontap.Service, err error) {
	switch step.Do {
	case plan.Create:
		service := ontap.ServiceCreate{SVM: ontap.SVMRef{UUID: p.svm().UUID}, Enabled: new(p.obj().WantsEnabled())}
		if p.obj().Status.SVM == nil {
			// With both, the array declines the request if the SVM was renamed since it was looked at.
			service.SVM.Name = p.obj().Spec.SVM.Name
		}
		if alias := p.obj().Spec.Alias; alias != nil && *alias != "" {
			service.Alias = alias
		}
		return p.array().Create(ctx, service)
	case plan.Remove:
		return made, p.array().Delete(ctx, p.svm().UUID)
	default:
		return made, p.array().Update(ctx, p.svm().UUID, ontap.ServiceUpdate{Enabled: step.Enabled, Alias: step.Alias})
	}
}

func (p *pass) log(ctx context.Context, operation string, began time.Time, err error) {
	log := logf.FromContext(ctx).WithValues("generation", p.obj().Generation, "operation", operation,
		"ontapCluster", p.admission.Cluster.Name, "svm", p.svm().Name, "svmUUID", p.svm().UUID, "duration", time.Since(began).String())
	var refusal *ontap.Error
	switch {
	case err == nil:
		log.Info("Wrote to the array", "code", 0)
	case errors.As(err, &refusal):
		log.Info("The array declined a write", "code", int(refusal.Code), "status", refusal.Status, "error", refusal.Error())
	default:
		log.Info("Write to the array failed", "error", err.Error())
	}
}

// answered tells the state how a request ended. The error is that of a request that was not answered.
func (p *pass) answered(step plan.Step, made ontap.Service, err error) error {
	var refusal *ontap.Error
	refused := errors.As(err, &refusal)
	switch {
	case err == nil:
		p.accepted(step, made)
		return nil
	case ontap.MaybeApplied(err):
		retry := time.Duration(0)
		if refused {
			retry = p.retryAfter(refusal)
		}
		p.state.AnswerLost(step, err, retry, time.Now())
		return err
	case refused:
		p.state.Refused(step, plan.No{
			Refusal: kindOf(step, refusal), SVMGone: errors.Is(refusal, ontap.CodeSVMNotFound), Cause: refusal, RetryAfter: p.retryAfter(refusal),
		}, time.Now())
		spec := p.obj().Spec.SVM
		if errors.Is(refusal, ontap.CodeSVMMismatch) && p.obj().Status.SVM == nil && (spec.Name == "" || spec.UUID == "") {
			// The user named one SVM; it was renamed since its UUID was looked up.
			p.renamed(spec.Name)
		}
		return nil
	}
	if step.Do == plan.Create {
		p.state.NotSent()
	}
	return err
}

// retryAfter is when an update that was refused so is to be repeated; 0 if that is not known.
func (p *pass) retryAfter(refusal *ontap.Error) time.Duration {
	if refusal.LoginRefused() {
		return 0
	}
	o, _ := outcome.FromArray(refusal, p.subject())
	return o.RetryAfter
}

// kindOf tells refusals apart by what the plan makes of them.
func kindOf(step plan.Step, refusal *ontap.Error) plan.Refusal {
	switch {
	case errors.Is(refusal, ontap.CodeServiceExists):
		return plan.RefusedExists
	case errors.Is(refusal, ontap.CodeServiceEnabled):
		return plan.RefusedEnabled
	case errors.Is(refusal, ontap.CodeUnsupportedPlatform):
		return plan.RefusedUnsupported
	case step.Do != plan.Create && fleet.SaysAbsent(refusal):
		return plan.RefusedNoService
	}
	if o, _ := outcome.FromArray(refusal, ""); o.Stalled {
		return plan.RefusedForGood
	}
	return plan.RefusedForNow
}

// accepted takes in, and tells, that the array did what the step asked for.
func (p *pass) accepted(step plan.Step, made ontap.Service) {
	before, _ := p.state.Service()
	p.state.Accepted(step, serviceOf(made), p.admission.Allows(made.SVM.Name), time.Now())
	after, there := p.state.Service()
	if p.sighting.service = nil; there {
		p.sighting.service = &after
	}
	switch step.Do {
	case plan.Create:
		p.journal.created = true
	case plan.Update:
		p.reportUpdate(before, after)
	case plan.Disable:
		p.event(corev1.EventTypeNormal, v1alpha1.EventServiceDisabled, "Delete", "%s: disabled iSCSI target %s to delete it", p.subject(), before.Target)
	case plan.Remove:
		p.event(corev1.EventTypeNormal, v1alpha1.EventDeleted, "Delete", "%s: deleted iSCSI target %s", p.subject(), before.Target)
	}
}
