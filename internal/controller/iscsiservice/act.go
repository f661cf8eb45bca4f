package iscsiservice

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

// waitStep is how often a service is looked for whose create request was not answered.
const waitStep = 10 * time.Second

// WriteTimeout bounds one change of the array, a job that it starts included. It ends within the grace period of a pod.
const WriteTimeout = 25 * time.Second

// take takes one step of the plan, and brings what is remembered and observed up to date.
func (p *pass) take(ctx context.Context, step plan.Step) error {
	switch step.Do {
	case plan.Look, plan.Confirm, plan.Count, plan.Own:
		// While the array is asked, the object may change.
		p.object.Invalidate()
	}
	if p.turn != nil {
		ctx = p.turn.Context(ctx)
	}
	if p.transfers(step) && p.reserved == "" {
		return p.reserve(ctx)
	}
	switch step.Do {
	case plan.Look:
		return p.claimAfter(ctx, p.look(ctx))
	case plan.Confirm:
		return p.claimAfter(ctx, p.confirm(ctx))
	case plan.Count:
		return p.countSessions(ctx)
	case plan.Mark:
		return p.mark(ctx, step.Finalizer, step.Creating)
	case plan.Own:
		if step.Why == plan.OriginUncertain {
			p.loseCreated()
			return nil
		}
		return p.acquire(ctx, step.Origin)
	case plan.Forget:
		return p.forget(ctx, step.Why)
	case plan.Create:
		return p.create(ctx)
	case plan.Update:
		return p.update(ctx, step)
	case plan.Disable:
		return p.disable(ctx)
	case plan.Remove:
		return p.remove(ctx)
	default:
		return fmt.Errorf("unexpected step %v", step.Do)
	}
}

// transfers reports whether the step leads to the object having the service, or to the service being taken away with it.
func (p *pass) transfers(step plan.Step) bool {
	return step.Do == plan.Disable || step.Do == plan.Remove ||
		p.obj.Status.Origin == "" && (step.Do == plan.Mark && step.Creating || step.Do == plan.Own || step.Do == plan.Create)
}

// reserve makes sure that no other pass takes the service on, or away, until this one has ended, and finds out whose the SVM
// is now.
func (p *pass) reserve(ctx context.Context) error {
	svm := p.r.arrayUUID(p.admission.Cluster) + "/" + p.svm.UUID
	if !p.r.memory.reserve(svm, p.obj.UID) {
		return kube.ErrStale
	}
	p.reserved = svm
	return p.claim(ctx, false)
}

// unreserve is the end of reserve, also for a pass that panics.
func (p *pass) unreserve() {
	if p.reserved != "" {
		p.r.memory.unreserve(p.reserved)
	}
}

// changes reports whether the array is asked to change something, which is seen through even by an operator that is to
// stop.
func changes(do plan.Do) bool {
	return do == plan.Create || do == plan.Update || do == plan.Disable || do == plan.Remove
}

// acquire takes a service on. One that is found is not taken on the word of a cache, which may not have seen yet that
// another object has just created it, or that this one has ceased to.
func (p *pass) acquire(ctx context.Context, origin plan.Origin) error {
	if origin == plan.Created && p.service.Target.Name == "" {
		return &ontap.TransportError{Operation: "create iSCSI service", Err: errors.New("the array does not tell the target name of the service yet")}
	}
	if p.obj.Status.Origin != "" {
		p.own(origin)
		return nil
	}
	if origin == plan.Adopted {
		if err := p.refresh(ctx); err != nil {
			return err
		}
		expected := p.standing.takesOver
		if err := p.claim(ctx, true); err != nil || p.standing.takesOver != expected || p.standing.holder != nil && !expected {
			return err
		}
	}
	if err := p.supersede(ctx); err != nil {
		return err
	}
	p.own(origin)
	if !p.standing.takesOver {
		return nil
	}
	// The object that had the service lets go once this is written down, and nothing is sent before.
	if err := p.persist(ctx); err != nil {
		return err
	}
	if err := p.letGo(ctx, p.standing.holder); err != nil {
		return err
	}
	return p.claim(ctx, true)
}

// own records who made the service.
func (p *pass) own(origin plan.Origin) {
	status := &p.obj.Status
	status.SVM = &v1alpha1.SVMStatus{Name: p.svm.Name, UUID: p.svm.UUID}
	status.ArrayUUID = p.r.arrayUUID(p.admission.Cluster)
	if origin == plan.Created {
		status.Origin, status.Created = v1alpha1.OriginCreated, &v1alpha1.CreatedService{TargetName: p.service.Target.Name}
		p.eventually(corev1.EventTypeNormal, v1alpha1.EventCreated, "Create", "%s: created iSCSI target %s", p.subject(), p.service.Target.Name)
		return
	}
	note := "%s: adopted the existing iSCSI target %s; by default it outlives this object"
	if status.Origin == v1alpha1.OriginCreated {
		note = "%s: somebody recreated the service as iSCSI target %s; by default it outlives this object now"
	}
	status.Origin, status.Created = v1alpha1.OriginAdopted, nil
	p.eventually(corev1.EventTypeNormal, v1alpha1.EventAdopted, "Adopt", note, p.subject(), p.service.Target.Name)
}

// loseCreated records, while nothing may be changed, that the service which this object created is gone: what is there when
// changes are allowed again was made by another client of the array.
func (p *pass) loseCreated() {
	p.obj.Status.Origin, p.obj.Status.Created = v1alpha1.OriginAdopted, nil
	if p.denied {
		return // what became of an SVM is for those to know who may use it
	}
	p.eventually(corev1.EventTypeWarning, v1alpha1.EventServiceLost, "Observe",
		"%s: the iSCSI service that this object created was deleted or replaced outside the operator; a service that is there now or later counts as adopted", p.subject())
}

func (p *pass) create(ctx context.Context) error {
	service := ontap.ServiceCreate{SVM: ontap.SVMRef{UUID: p.svm.UUID}, Enabled: new(p.obj.WantsEnabled())}
	if p.obj.Status.SVM == nil {
		// With both, the array declines the request if the SVM was renamed since it was looked at.
		service.SVM.Name = p.obj.Spec.SVM.Name
	}
	if alias := p.obj.Spec.Alias; alias != nil && *alias != "" {
		service.Alias = alias
	}
	var created ontap.Service
	if err := cmp.Or(ctx.Err(), p.admission.Array.Usable()); err != nil && p.past.post.is(postUnsent) {
		// Nothing will be sent: whoever comes next need not wonder.
		return errors.Join(err, p.mark(ctx, false, false))
	}
	accepted, err := p.write(ctx, "create", func(ctx context.Context) (err error) {
		p.past.post.set(postUnanswered)
		p.past.absentSince, p.past.trouble = time.Time{}, nil
		created, err = p.admission.Array.Create(ctx, service)
		if err != nil && !ontap.MaybeApplied(err) {
			p.past.post.set(postUnsent)
		}
		return err
	})
	if cause := cmp.Or(ctx.Err(), p.admission.Array.Usable()); !accepted && cause != nil && p.past.post.is(postUnsent) {
		// That began while the request waited for its turn.
		return errors.Join(cause, p.mark(ctx, false, false))
	}
	if !accepted {
		if spec := p.obj.Spec.SVM; errors.Is(p.refusal, ontap.CodeSVMMismatch) && p.obj.Status.SVM == nil && (spec.Name == "" || spec.UUID == "") {
			// The user named one SVM; it was renamed since its UUID was looked up.
			return cmp.Or(p.renamed(), err)
		}
		return err
	}
	p.created = true
	p.saw(created)
	if p.denied {
		return nil
	}
	return p.acquire(ctx, plan.Created)
}

func (p *pass) update(ctx context.Context, step plan.Step) error {
	if p.end = p.stillDeclined(step); p.end != nil {
		return nil
	}
	p.past.declined = nil
	accepted, err := p.write(ctx, "update", func(ctx context.Context) error {
		return p.admission.Array.Update(ctx, p.svm.UUID, ontap.ServiceUpdate{Enabled: step.Enabled, Alias: step.Alias})
	})
	if !accepted {
		p.decline(step, cmp.Or(err, p.refusal))
		return err
	}
	before := *p.service
	if step.Enabled != nil {
		p.service.Enabled = *step.Enabled
	}
	if step.Alias != nil {
		p.service.Target.Alias = *step.Alias
	}
	p.saw(*p.service)
	p.reportUpdate(before)
	return nil
}

func (p *pass) disable(ctx context.Context) error {
	accepted, err := p.write(ctx, "disable", func(ctx context.Context) error {
		return p.admission.Array.Update(ctx, p.svm.UUID, ontap.ServiceUpdate{Enabled: new(false)})
	})
	if !accepted {
		return err
	}
	p.service.Enabled = false
	p.saw(*p.service)
	p.event(corev1.EventTypeNormal, v1alpha1.EventServiceDisabled, "Delete", "%s: disabled iSCSI target %s to delete it", p.subject(), p.service.Target.Name)
	return nil
}

func (p *pass) remove(ctx context.Context) error {
	target := p.service.Target.Name
	accepted, err := p.write(ctx, "delete", func(ctx context.Context) error { return p.admission.Array.Delete(ctx, p.svm.UUID) })
	if !accepted {
		return err
	}
	p.sawNothing(false)
	p.event(corev1.EventTypeNormal, v1alpha1.EventDeleted, "Delete", "%s: deleted iSCSI target %s", p.subject(), target)
	return nil
}

// write sends one change to the array, on the strength of an object that is up to date, and logs it. A definite no is
// not an error but an observation, which the plan goes on from.
func (p *pass) write(ctx context.Context, operation string, send func(context.Context) error) (accepted bool, err error) {
	if err := p.await(ctx); err != nil {
		return false, err
	}
	defer func() { p.turn = nil }()
	if err := p.admission.Recheck(ctx); err != nil {
		return false, err
	}
	if err := p.refresh(ctx); err != nil {
		return false, err
	}
	if p.deleting() {
		if err := p.recheckClaim(ctx); err != nil {
			return false, err
		}
	}
	if p.observed.Counted && time.Since(p.counted) > recountAfter {
		p.observed.Counted = false
		return false, kube.ErrChanged
	}
	// An operator that is asked to stop begins nothing new, and finishes what it has begun.
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if err := p.admission.Array.Usable(); err != nil {
		return false, err
	}
	began := time.Now()
	deadline := began.Add(p.r.writeTimeout())
	// The lease outlasts the deadline, and nothing is handed to the network after it: a process that is frozen from here
	// on sends nothing when it wakes up as one of two.
	end, err := p.r.Lease.Begin(deadline)
	if err != nil {
		return false, err
	}
	defer end()
	p.object.Invalidate()
	ctx, cancel := context.WithDeadline(context.WithoutCancel(p.turn.Context(ctx)), deadline)
	defer cancel()
	err = send(ctx)
	log := logf.FromContext(ctx).WithValues("generation", p.obj.Generation, "operation", operation,
		"ontapCluster", p.admission.Cluster.Name, "svm", p.svm.Name, "svmUUID", p.svm.UUID, "duration", time.Since(began).String())
	var refusal *ontap.Error
	if err != nil && !errors.As(err, &refusal) {
		log.Info("Write to the array failed", "error", err.Error())
		return false, err
	}
	if refusal == nil {
		log.Info("Wrote to the array", "code", 0)
		return true, nil
	}
	log.Info("The array declined a write", "code", int(refusal.Code), "status", refusal.Status, "error", refusal.Error())
	if ontap.MaybeApplied(err) {
		return false, err
	}
	p.refuse(refusal, operation)
	return false, nil
}

const (
	// outdatedAfter is how old what a write rests on may get while the write waits for its turn.
	outdatedAfter = time.Second
	// recountAfter is how old a count of sessions may get while the API server is asked whether the change is still wanted.
	recountAfter = 10 * time.Second
)

// await waits for the turn of a change, if there is a limit of requests per second. After a long wait the service is looked
// at again, in the same turn.
func (p *pass) await(ctx context.Context) error {
	if p.turn != nil {
		return nil
	}
	began := time.Now()
	turn, err := p.admission.Array.Await(ctx)
	if err != nil {
		return cmp.Or(ctx.Err(), err)
	}
	if p.turn = turn; time.Since(began) < outdatedAfter {
		return nil
	}
	p.observed.Presence, p.observed.Counted = plan.Missing, false
	return kube.ErrChanged
}

// refuse takes in a definite no.
func (p *pass) refuse(refusal *ontap.Error, operation string) {
	p.refusal = refusal
	p.observed.Again = p.observed.Refused != plan.NotRefused
	p.observed.Presence = plan.Unknown
	if operation == "create" {
		p.past.post.set(postSettled)
		p.createRefused = true
	}
	switch {
	case errors.Is(refusal, ontap.CodeServiceExists):
		p.observed.Refused = plan.RefusedExists
	case errors.Is(refusal, ontap.CodeServiceEnabled):
		p.observed.Refused = plan.RefusedEnabled
	case errors.Is(refusal, ontap.CodeUnsupportedPlatform):
		p.observed.Refused = plan.RefusedUnsupported
	case operation != "create" && fleet.SaysAbsent(refusal):
		p.observed.Refused = plan.RefusedNoService
		p.sawNothing(errors.Is(refusal, ontap.CodeSVMNotFound))
	default:
		p.observed.Refused = plan.RefusedOtherwise
	}
}

// asked reports whether somebody asks, by annotation, for what was refused to be tried again.
func (p *pass) asked() bool {
	return kube.Annotation(p.obj, v1alpha1.ReconcileRequestedAtAnnotation) != p.obj.Status.LastHandledReconcileAt
}

// sameSVM reports whether nothing about the SVM has changed that a refused request could depend on.
func sameSVM(a, b *ontap.SVM) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
