package controller

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
		p.fresh = false
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
		return p.acquire(ctx, step.Origin)
	case plan.Forget:
		return p.forget(ctx)
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

// changes reports whether the array is asked to change something, which is seen through even by an operator that is to
// stop.
func changes(do plan.Do) bool {
	return do == plan.Create || do == plan.Update || do == plan.Disable || do == plan.Remove
}

// look finds the service where that is cheap, and, if it is not there, the SVM by its UUID: access goes by name.
func (p *pass) look(ctx context.Context) error {
	service, known := p.array.Find(p.svm)
	if p.fromSnapshot = known && !p.live && !p.asked(); !p.fromSnapshot {
		var err error
		if service, err = p.array.LookUp(ctx, p.svm, p.wantsMetrics() && p.array.MetricsError() == nil); err != nil {
			return err
		}
	}
	p.looked = true
	if service != nil {
		p.saw(*service)
		return nil
	}
	p.observed.Presence = plan.Missing
	if h := p.past.hold; h != nil && (time.Now().After(h.until) || h.generation != p.obj.Generation || p.asked()) {
		p.past.hold = nil
	}
	if p.svm.UUID == "" && p.past.hold == nil {
		return nil
	}
	svm, err := p.array.SVM(ctx, p.svm)
	if err != nil && p.svm.UUID == "" {
		// It was only to find out whether the hold still holds.
		return nil
	}
	if err != nil {
		return err
	}
	if h := p.past.hold; h != nil && h.looked && !sameSVM(h.svm, svm) {
		p.past.hold = nil
	}
	switch {
	case p.svm.UUID == "":
	case svm != nil:
		p.svm = ontap.SVMRef{Name: svm.Name, UUID: svm.UUID}
		p.judge()
	case p.obj.Status.SVM == nil:
		// Not there and not theirs must read the same.
		p.denied = true
	default:
		// The SVM that the object is bound to seems to be gone: there is no use in asking for a service on it.
		return p.confirm(ctx)
	}
	return nil
}

// confirm asks the array about this very service. An SVM that is known by name only is looked up first; not finding it
// proves nothing.
func (p *pass) confirm(ctx context.Context) error {
	if p.svm.UUID == "" {
		svm, err := p.array.SVM(ctx, p.svm)
		if err != nil {
			return err
		}
		if svm == nil {
			p.observed.Presence = plan.Unproven
			return nil
		}
		p.svm.UUID = svm.UUID
	}
	finding, err := p.array.Confirm(ctx, p.svm.UUID)
	if err != nil {
		return err
	}
	p.looked, p.fromSnapshot = true, false
	if finding.Service != nil {
		p.saw(*finding.Service)
		return nil
	}
	p.sawNothing(finding.SVMGone)
	if finding.SVMGone && p.obj.Status.SVM != nil {
		// What became of an SVM is for those to know who may use it.
		p.denied = !p.allows(p.obj.Status.SVM.Name)
	}
	return nil
}

// saw takes in a service that is there.
func (p *pass) saw(service ontap.Service) {
	p.past.absentSince, p.past.hold = time.Time{}, nil
	p.service = &service
	p.svm = service.SVM
	if spec := p.obj.Spec.SVM; (spec.Name == "" || spec.Name == service.SVM.Name) && (spec.UUID == "" || spec.UUID == service.SVM.UUID) {
		// Spelt otherwise, the same SVM.
		p.strayed = false
	}
	p.observed.Presence = plan.Present
	p.observed.Enabled, p.observed.Alias, p.observed.Target = service.Enabled, service.Target.Alias, service.Target.Name
	p.observed.SVMGone, p.observed.AbsentFor, p.observed.Counted = false, 0, false
	p.judge()
}

// sawNothing takes in a proof of absence.
func (p *pass) sawNothing(svmGone bool) {
	if p.past.absentSince.IsZero() {
		p.past.absentSince = time.Now()
	}
	p.service = nil
	p.observed.Presence, p.observed.SVMGone = plan.Absent, svmGone
	p.observed.AbsentFor = time.Since(p.past.absentSince)
}

// judge holds the SVM, now that its name is certain, against the access rules and the spec.
func (p *pass) judge() {
	p.denied = !p.allows(p.svm.Name)
	spec := p.obj.Spec.SVM
	if !p.denied && !p.deleting() && !p.strayed && p.obj.Status.SVM == nil && spec.UUID != "" && spec.Name != "" && spec.Name != p.svm.Name {
		o := fromRefusal(&ontap.Error{Code: ontap.CodeSVMMismatch}, p.subject())
		p.end = &o
	}
}

// claimAfter finds out, after a look at the array, whose the SVM is.
func (p *pass) claimAfter(ctx context.Context, err error) error {
	if err != nil || p.denied || p.end != nil {
		return err
	}
	return p.claim(ctx, p.r.Client)
}

// acquire takes a service on. One that is found is not taken on the word of a cache, which may not have seen yet that
// another object has just created it, or that this one has ceased to.
func (p *pass) acquire(ctx context.Context, origin plan.Origin) error {
	if origin == plan.Created && p.service.Target.Name == "" {
		return &ontap.TransportError{Operation: "create iSCSI service", Err: errors.New("the array does not tell the target name of the service yet")}
	}
	if origin == plan.Adopted && p.obj.Status.Origin == "" {
		if err := p.refresh(ctx); err != nil {
			return err
		}
		if err := p.claim(ctx, p.r.Live); err != nil || p.holder != nil {
			return err
		}
	}
	p.own(origin)
	return nil
}

// own records who made the service.
func (p *pass) own(origin plan.Origin) {
	status := &p.obj.Status
	status.SVM = &v1alpha1.SVMStatus{Name: p.svm.Name, UUID: p.svm.UUID}
	status.ArrayUUID = arrayUUID(p.cluster)
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

func (p *pass) create(ctx context.Context) error {
	service := ontap.ServiceCreate{SVM: ontap.SVMRef{UUID: p.svm.UUID}, Enabled: new(p.obj.WantsEnabled())}
	if p.obj.Status.SVM == nil {
		service.SVM = ontap.SVMRef{Name: p.obj.Spec.SVM.Name, UUID: p.obj.Spec.SVM.UUID}
	}
	if alias := p.obj.Spec.Alias; alias != nil && *alias != "" {
		service.Alias = alias
	}
	var created ontap.Service
	if err := cmp.Or(ctx.Err(), p.array.Usable()); err != nil && p.past.post == postUnsent {
		// Nothing will be sent: whoever comes next need not wonder.
		return errors.Join(err, p.mark(ctx, false, false))
	}
	accepted, err := p.write(ctx, "create", func(ctx context.Context) (err error) {
		p.past.post, p.past.absentSince, p.past.trouble = postUnanswered, time.Time{}, nil
		created, err = p.array.Create(ctx, service)
		if err != nil && !ontap.MaybeApplied(err) {
			p.past.post = postUnsent
		}
		return err
	})
	if !accepted {
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
		return p.array.Update(ctx, p.svm.UUID, ontap.ServiceUpdate{Enabled: step.Enabled, Alias: step.Alias})
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
		return p.array.Update(ctx, p.svm.UUID, ontap.ServiceUpdate{Enabled: new(false)})
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
	accepted, err := p.write(ctx, "delete", func(ctx context.Context) error { return p.array.Delete(ctx, p.svm.UUID) })
	if !accepted {
		return err
	}
	p.sawNothing(false)
	p.event(corev1.EventTypeNormal, v1alpha1.EventDeleted, "Delete", "%s: deleted iSCSI target %s", p.subject(), target)
	return nil
}

// release lets the object go. Nothing is sent to the array for it from here on.
func (p *pass) release(ctx context.Context, why plan.Why) error {
	if err := p.mark(ctx, false, false); err != nil {
		return err
	}
	switch why {
	case plan.Kept:
		p.event(corev1.EventTypeNormal, v1alpha1.EventReleased, "Release", "%s: the iSCSI service stays on the array", p.subject())
	case plan.TargetChanged:
		p.event(corev1.EventTypeWarning, v1alpha1.EventReleased, "Release",
			"%s: the iSCSI service stays on the array: its target %s is not the one that was created", p.subject(), p.service.Target.Name)
	case plan.AccessDenied:
		p.event(corev1.EventTypeWarning, v1alpha1.EventReleased, "Release",
			"%s: the iSCSI service, if there is one, was not touched: namespace %s may not use it", p.subject(), p.obj.Namespace)
	case plan.OnlyObserved:
		p.event(corev1.EventTypeWarning, v1alpha1.EventReleased, "Release",
			"%s: the iSCSI service was not touched: spec.managementPolicy is Observe", p.subject())
	case plan.ClaimLost:
		p.event(corev1.EventTypeWarning, v1alpha1.EventReleased, "Release",
			"%s: the iSCSI service was not touched: it belongs to ISCSIService %s/%s", p.subject(), p.holder.Namespace, p.holder.Name)
	case plan.HandedOver:
		p.event(corev1.EventTypeNormal, v1alpha1.EventReleased, "Release",
			"%s: the iSCSI service stays for ISCSIService %s/%s", p.subject(), p.heir.Namespace, p.heir.Name)
	case plan.Unsupported:
		p.event(corev1.EventTypeWarning, v1alpha1.EventReleased, "Release",
			"%s: the iSCSI service is disabled and stays: this platform deletes it together with its SVM only", p.subject())
	case plan.Unconfirmed:
		p.event(corev1.EventTypeWarning, v1alpha1.EventReleased, "Release",
			"%s: a create request was not answered, so that an iSCSI service may stay behind", p.subject())
	}
	return nil
}

// write sends one change to the array, on the strength of an object that is up to date, and logs it. A definite no is
// not an error but an observation, which the plan goes on from.
func (p *pass) write(ctx context.Context, operation string, send func(context.Context) error) (accepted bool, err error) {
	if err := p.recheckAccess(ctx); err != nil {
		return false, err
	}
	if err := p.refresh(ctx); err != nil {
		return false, err
	}
	// An operator that is asked to stop begins nothing new, and finishes what it has begun.
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if err := p.array.Usable(); err != nil {
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
	p.fresh = false
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), deadline)
	defer cancel()
	err = send(ctx)
	log := logf.FromContext(ctx).WithValues("generation", p.obj.Generation, "operation", operation,
		"ontapCluster", p.cluster.Name, "svm", p.svm.Name, "svmUUID", p.svm.UUID, "duration", time.Since(began).String())
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

// refuse takes in a definite no.
func (p *pass) refuse(refusal *ontap.Error, operation string) {
	p.refusal = refusal
	p.observed.Again = p.observed.Refused != plan.NotRefused
	p.observed.Presence = plan.Unknown
	if operation == "create" {
		p.past.post, p.createRefused = postRefused, true
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
	return annotation(p.obj, v1alpha1.ReconcileRequestedAtAnnotation) != p.obj.Status.LastHandledReconcileAt
}

// sameSVM reports whether nothing about the SVM has changed that a refused request could depend on.
func sameSVM(a, b *ontap.SVM) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
