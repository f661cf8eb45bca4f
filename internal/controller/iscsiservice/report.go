package iscsiservice

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
)

// report writes what the pass found: status if it differs, and an event if there is news.
func (p *pass) report(ctx context.Context, o *outcome.Outcome) error {
	status := &p.obj.Status
	if p.service != nil && p.shown() {
		status.Enabled = new(p.service.Enabled)
		status.Target = &v1alpha1.Target{Name: p.service.Target.Name, Alias: p.service.Target.Alias}
		if status.SVM != nil {
			status.SVM.Name = p.service.SVM.Name
		}
	}
	if p.service != nil && !p.denied && p.observes() && !p.strayed && p.end == nil {
		status.ArrayUUID = p.r.arrayUUID(p.admission.Cluster)
		status.SVM = &v1alpha1.SVMStatus{Name: p.svm.Name, UUID: p.svm.UUID}
	}
	if p.service != nil && p.shown() {
		p.showDrift(*o)
	}
	if due := p.showMetrics(*o); due > 0 && o.RetryAfter > 0 {
		o.RetryAfter = min(o.RetryAfter, due)
	}
	if p.looked || p.denied {
		status.LastHandledReconcileAt = kube.Annotation(p.obj, v1alpha1.ReconcileRequestedAtAnnotation)
	}
	if p.deleting() && !o.Paused {
		o.Message += " " + letGo
	}
	before := slices.Clone(p.object.Stored().Status.Conditions)
	outcome.SetConditions(&status.Conditions, &status.ObservedGeneration, p.obj.Generation, *o)
	if err := p.persist(ctx); err != nil {
		return err
	}
	for _, tell := range p.news {
		tell()
	}
	if !p.acted {
		outcome.Announce(p.r.Events, p.obj, before, *o)
	}
	return nil
}

// shown reports whether anything of the service may be shown on this object.
func (p *pass) shown() bool { return !p.denied && (p.standing.holder == nil || p.standing.takesOver) }

// reportUpdate tells whether the service followed the spec, or was put back to it. Clearing the alias of a service that
// was just created is part of creating it.
func (p *pass) reportUpdate(before ontap.Service) {
	if p.created {
		return
	}
	reason, intro := v1alpha1.EventUpdated, "changed"
	if p.agreed() {
		reason, intro = v1alpha1.EventDriftCorrected, "somebody changed the iSCSI service; put back"
		if field, desired, observed, ok := p.differs(before); ok {
			p.drifted(field, desired, observed)
		}
	}
	corrected := func(field string) {
		if reason == v1alpha1.EventDriftCorrected && p.r.DriftCorrected != nil {
			p.r.DriftCorrected(p.obj, field)
		}
	}
	var changes []string
	if before.Enabled != p.service.Enabled {
		corrected(driftEnabled)
		changes = append(changes, fmt.Sprintf("enabled from %t to %t", before.Enabled, p.service.Enabled))
	}
	if before.Target.Alias != p.service.Target.Alias {
		corrected(driftAlias)
		changes = append(changes, fmt.Sprintf("alias from %q to %q", before.Target.Alias, p.service.Target.Alias))
	}
	p.event(corev1.EventTypeNormal, reason, "Update", "%s: %s %s", p.subject(), intro, strings.Join(changes, ", "))
}

// eventually tells what this pass found out, once that is written down: a pass that has to be done again finds it out
// again.
func (p *pass) eventually(eventType, reason, action, note string, args ...any) {
	p.acted = true
	p.news = append(p.news, func() { p.event(eventType, reason, action, note, args...) })
}

// event tells what this pass did, at once.
func (p *pass) event(eventType, reason, action, note string, args ...any) {
	p.acted = true
	p.r.Events.Eventf(p.obj, nil, eventType, reason, action, note, args...)
}
