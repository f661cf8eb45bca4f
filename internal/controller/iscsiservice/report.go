package iscsiservice

import (
	"context"
	"slices"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

// letGo ends each message about a deletion that waits.
const letGo = `The deletion waits. To keep the service instead, set spec.deletionPolicy to Retain, which takes effect once the array answers; ` +
	`to give up on an array that is gone for good, set spec.managementPolicy to Observe or remove the finalizer "` + v1alpha1.Finalizer + `".`

// report writes what the pass found: status if it differs, and an event if there is news.
func (p *pass) report(ctx context.Context, end *conclusion) error {
	status, o := &p.obj().Status, &end.Outcome
	if service := p.sighting.service; service != nil && p.shown() && !o.Paused {
		status.Enabled = new(service.Enabled)
		status.Target = &v1alpha1.Target{Name: service.Target, Alias: service.Alias}
		p.showObserved()
		if status.SVM != nil {
			status.SVM.Name = service.SVM.Name
		}
		p.showDrift(*service, *o)
	}
	if due := p.showMetrics(*o); due > 0 && o.RetryAfter > 0 {
		o.RetryAfter = min(o.RetryAfter, due)
	}
	if p.state.Looked() || p.state.Denied() {
		status.LastHandledReconcileAt = kube.Annotation(p.obj(), v1alpha1.ReconcileRequestedAtAnnotation)
	}
	if p.deleting() && !o.Paused {
		o.Message += " " + letGo
	}
	before := slices.Clone(p.object.Stored().Status.Conditions)
	outcome.SetConditions(&status.Conditions, &status.ObservedGeneration, p.obj().Generation, *o)
	if err := p.record(ctx); err != nil {
		return err
	}
	for _, send := range p.journal.events {
		send()
	}
	if !p.journal.acted {
		outcome.Announce(p.r.Events, p.obj(), before, *o)
	}
	return nil
}

// showObserved shows the SVM that an object which only observes is bound to.
func (p *pass) showObserved() {
	if svm, status := p.state.Object().Bound, &p.obj().Status; status.SVM == nil && svm != (plan.SVM{}) {
		status.SVM, status.ArrayUUID = &v1alpha1.SVMStatus{Name: svm.Name, UUID: svm.UUID}, p.arrayUUID()
	}
}
