package iscsiservice

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

// The fields that a drift can be about.
const (
	driftEnabled = "enabled"
	driftAlias   = "alias"
	driftTarget  = "target.name"
	driftService = "service"
)

// drifted takes down what another client of the array changed. What is noticed again and again began when it was noticed first.
func (p *pass) drifted(field, desired, observed string) {
	found := v1alpha1.Drift{Field: field, Desired: desired, Observed: observed, Since: metav1.Now()}
	if known := p.obj().Status.Drift; known != nil {
		if since := known.Since; *known == (v1alpha1.Drift{Field: field, Desired: desired, Observed: observed, Since: since}) {
			found.Since = since
		}
	}
	p.obj().Status.Drift = &found
}

// differs reports how the service differs from what the spec says of it, the graver difference first.
func (p *pass) differs(service plan.Service) (field, desired, observed string, ok bool) {
	spec := p.obj().Spec
	switch enabled := p.obj().WantsEnabled(); {
	case service.Enabled != enabled && (spec.Enabled != nil || !p.observes()):
		return driftEnabled, strconv.FormatBool(enabled), strconv.FormatBool(service.Enabled), true
	case spec.Alias != nil && service.Alias != *spec.Alias:
		return driftAlias, *spec.Alias, service.Alias, true
	}
	return "", "", "", false
}

// agreed reports whether the service was as the spec says when it was last seen, or is known to have drifted: what differs
// now is another client's doing. An array that was out of reach in between makes no difference.
func (p *pass) agreed() bool {
	status := p.object.Stored().Status
	if status.ObservedGeneration != p.obj().Generation || status.Enabled == nil || status.Target == nil {
		return false
	}
	_, _, _, differs := p.differs(plan.Service{Enabled: *status.Enabled, Target: status.Target.Name, Alias: status.Target.Alias})
	return !differs || meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionInUse)
}

// showDrift shows what the pass leaves as it is: the service is observed only, or in use. What was put back was taken
// down when that was done, and stays.
func (p *pass) showDrift(service plan.Service, o outcome.Outcome) {
	if before := p.object.Stored().Status.Target; before != nil && p.obj().Status.Target != nil && before.Name != p.obj().Status.Target.Name {
		p.drifted(driftTarget, before.Name, p.obj().Status.Target.Name)
		return
	}
	if p.deleting() || !p.observes() && (!o.InUse || p.object.Stored().Status.ObservedGeneration != p.obj().Generation) {
		return
	}
	if field, desired, observed, ok := p.differs(service); ok {
		p.drifted(field, desired, observed)
	} else if p.observes() && p.obj().Status.Drift != nil && p.obj().Status.Drift.Field != driftTarget {
		p.obj().Status.Drift = nil
	}
}

// reportUpdate tells whether the service followed the spec, or was put back to it. Clearing the alias of a service that
// was just created is part of creating it.
func (p *pass) reportUpdate(before, after plan.Service) {
	if p.journal.created {
		return
	}
	reason, intro := v1alpha1.EventUpdated, "changed"
	if p.agreed() {
		reason, intro = v1alpha1.EventDriftCorrected, "another client of the array changed the iSCSI service; put back"
		if field, desired, observed, ok := p.differs(before); ok {
			p.drifted(field, desired, observed)
		}
	}
	corrected := func(field string) {
		if reason == v1alpha1.EventDriftCorrected && p.r.DriftCorrected != nil {
			p.r.DriftCorrected(p.obj(), field)
		}
	}
	var changes []string
	if before.Enabled != after.Enabled {
		corrected(driftEnabled)
		changes = append(changes, fmt.Sprintf("enabled from %t to %t", before.Enabled, after.Enabled))
	}
	if before.Alias != after.Alias {
		corrected(driftAlias)
		changes = append(changes, fmt.Sprintf("alias from %q to %q", before.Alias, after.Alias))
	}
	p.event(corev1.EventTypeNormal, reason, "Update", "%s: %s %s", p.subject(), intro, strings.Join(changes, ", "))
}
