package iscsiservice

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

// look finds the service where that is cheap, and, if it is not there, the SVM by its UUID: access goes by name.
func (p *pass) look(ctx context.Context, live bool) error {
	p.object.Invalidate()
	if live {
		p.state.LookedAgain()
		p.sighting.service = nil
	}
	svm := svmRef(p.state.Target())
	service, snapshot := (*ontap.Service)(nil), false
	if !live {
		service, snapshot = p.array().Find(svm)
	}
	if !snapshot {
		var err error
		if service, err = p.array().LookUp(ctx, svm, p.wantsMetrics() && p.array().MetricsError() == nil); err != nil {
			return err
		}
	}
	if service != nil {
		p.saw(*service, snapshot)
		return nil
	}
	p.sighting.service = nil
	return p.lookForSVM(ctx, svm)
}

// svmRecord is what the array tells of an SVM, or that it has none: all that a refused create request could depend on.
type svmRecord struct {
	found bool
	ontap.SVM
}

// lookForSVM goes on from a collection that lacks the service.
func (p *pass) lookForSVM(ctx context.Context, svm ontap.SVMRef) error {
	if svm.UUID == "" && p.state.Memory().CreateRefusal() == nil {
		p.state.Missing(nil, time.Now())
		return nil
	}
	found, err := p.array().SVM(ctx, svm)
	switch {
	case err != nil && svm.UUID == "":
		// It was only to find out whether the create back-off still holds.
		p.state.Missing(nil, time.Now())
	case err != nil:
		return err
	case found == nil:
		p.state.Missing(svmRecord{}, time.Now())
		if svm.UUID != "" {
			p.state.SVMNotFound()
		}
	default:
		p.state.Missing(svmRecord{true, *found}, time.Now())
		if svm.UUID != "" {
			p.state.SVMFound(plan.SVM{Name: found.Name, UUID: found.UUID}, p.admission.Allows(found.Name))
		}
	}
	return nil
}

// confirm asks the array about this very service. The UUID of an SVM that is known by name only is looked up first; not
// finding it proves nothing.
func (p *pass) confirm(ctx context.Context) error {
	p.object.Invalidate()
	svm := svmRef(p.state.Target())
	named := svm.UUID == ""
	if named {
		uuid, err := p.array().UUIDOf(ctx, svm.Name)
		if err != nil {
			return err
		}
		if uuid == "" {
			p.state.Unproven(time.Now())
			return nil
		}
		svm.UUID = uuid
	}
	ask := p.array().Ask
	if p.state.CanForget() {
		ask = p.array().Confirm
	}
	finding, err := ask(ctx, svm.UUID)
	switch {
	case err != nil:
		return err
	case named && (finding.SVMGone || finding.Service != nil && finding.Service.SVM.Name != svm.Name):
		// The name was another SVM's a moment ago.
		p.renamed(svm.Name)
		return nil
	case finding.Service != nil:
		p.saw(*finding.Service, false)
		return nil
	}
	p.sighting.service = nil
	if finding.SVMGone {
		p.state.SVMGone(svm.UUID, p.admission.Allows(p.state.Object().Bound.Name), time.Now())
		return nil
	}
	p.state.Absent(svm.UUID, time.Now())
	return nil
}

// renamed has the UUID of the SVM looked up anew.
func (p *pass) renamed(name string) {
	p.array().ForgetName(name)
	p.state.Renamed()
}

// saw takes in a service that is there.
func (p *pass) saw(service ontap.Service, snapshot bool) {
	p.sighting.service = new(serviceOf(service))
	p.state.Saw(*p.sighting.service, snapshot, p.admission.Allows(service.SVM.Name), time.Now())
}

// countSessions finds out which initiators would be cut off, once the turn of the request has come. Sessions are a part of the
// API since ONTAP 9.6, as the API itself is: an answer that is not a count, whatever it says, means that the service may be in
// use.
func (p *pass) countSessions(ctx context.Context) error {
	p.object.Invalidate()
	count, initiators, err := p.array().Sessions(ctx, p.svm().UUID)
	var refusal *ontap.Error
	p.sighting.uncounted = nil
	switch {
	case errors.As(err, &refusal) && (refusal.Forbidden() || refusal.Code == ontap.CodeNotSupported):
		count, p.sighting.uncounted = -1, refusal
	case err != nil:
		return err
	}
	slices.Sort(initiators)
	p.sighting.initiators = slices.Compact(initiators)
	p.state.Counted(count, time.Now())
	return nil
}

// backOff keeps a refused create request from being repeated at every poll, until what the array shows of the SVM is something
// else.
func (p *pass) backOff(ctx context.Context) {
	var record any
	if svm, err := p.array().SVM(ctx, p.svm()); err == nil {
		if record = (svmRecord{}); svm != nil {
			record = svmRecord{true, *svm}
		}
	}
	p.state.BackedOff(p.state.Refusal(), record, outcome.StalledRetry)
}
