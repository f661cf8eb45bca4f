package iscsiservice

import (
	"context"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

// look finds the service where that is cheap, and, if it is not there, the SVM by its UUID: access goes by name.
func (p *pass) look(ctx context.Context) error {
	service, known := p.admission.Array.Find(p.svm)
	if p.fromSnapshot = known && !p.live && !p.asked(); !p.fromSnapshot {
		var err error
		if service, err = p.admission.Array.LookUp(ctx, p.svm, p.wantsMetrics() && p.admission.Array.MetricsError() == nil); err != nil {
			return err
		}
	}
	p.looked = true
	if service != nil {
		p.saw(*service)
		return nil
	}
	p.service = nil
	p.observed.Presence = plan.Missing
	if h := p.past.hold; h != nil && (time.Now().After(h.until) || h.generation != p.obj.Generation || p.asked()) {
		p.past.hold = nil
	}
	if p.svm.UUID == "" && p.past.hold == nil {
		return nil
	}
	svm, err := p.admission.Array.SVM(ctx, p.svm)
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
	case p.obj.Status.SVM == nil && !p.unanswered():
		// Not there and not theirs must read the same.
		p.denied = true
	default:
		// The SVM that the object is bound to, or that a create request was sent for, seems to be gone: there is no use in
		// asking for a service on it.
		return p.confirm(ctx)
	}
	return nil
}

// lookAgain has the next look ask the array, and by what spec says if the object is not bound yet: what the snapshot made
// of the name may be another SVM by now.
func (p *pass) lookAgain() {
	p.live, p.service, p.observed.Presence = true, nil, plan.Unknown
	p.aim()
}

// confirm asks the array about this very service. The UUID of an SVM that is known by name only is looked up first; not
// finding it proves nothing.
func (p *pass) confirm(ctx context.Context) error {
	named := p.svm.UUID == ""
	if named {
		uuid, err := p.admission.Array.UUIDOf(ctx, p.svm.Name)
		if err != nil {
			return err
		}
		if uuid == "" {
			p.observed.Presence = plan.Unproven
			return nil
		}
		p.svm.UUID = uuid
	}
	ask := p.admission.Array.Confirm
	if p.obj.Status.Origin == "" && !p.unanswered() && !p.deleting() {
		ask = p.admission.Array.Ask // nothing is forgotten or released, whatever the answer
	}
	finding, err := ask(ctx, p.svm.UUID)
	if err != nil {
		return err
	}
	if gone := finding.SVMGone || finding.Service != nil && finding.Service.SVM.Name != p.svm.Name; named && gone {
		// The name was another SVM's a moment ago.
		p.svm.UUID, p.observed.Presence = "", plan.Unproven
		return p.renamed()
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

// renamed has the UUID of the SVM looked up anew, and the pass done again: once, or an array that contradicts itself would be
// asked without end.
func (p *pass) renamed() error {
	p.admission.Array.ForgetName(p.obj.Spec.SVM.Name)
	if p.past.renamed {
		return nil
	}
	p.past.renamed = true
	return kube.ErrStale
}

// saw takes in a service that is there.
func (p *pass) saw(service ontap.Service) {
	p.past.absentSince, p.past.hold, p.past.renamed = time.Time{}, nil, false
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
		o := outcome.FromRefusal(&ontap.Error{Code: ontap.CodeSVMMismatch}, p.subject())
		p.end = &o
	}
}

// claimAfter finds out, after a look at the array, whose the SVM is.
func (p *pass) claimAfter(ctx context.Context, err error) error {
	if err != nil || p.denied || p.end != nil {
		return err
	}
	if err := p.claim(ctx, false); err != nil {
		return err
	}
	if p.obj.Status.Origin != "" && !p.deleting() && p.standing.holder == nil {
		return p.supersede(ctx)
	}
	return nil
}
