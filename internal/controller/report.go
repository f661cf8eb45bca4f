package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// report writes what the pass found: status if it differs, and an event if there is news.
func (p *pass) report(ctx context.Context, o *outcome) error {
	status := &p.obj.Status
	if p.service != nil && p.shown() {
		status.Enabled = new(p.service.Enabled)
		status.Target = &v1alpha1.Target{Name: p.service.Target.Name, Alias: p.service.Target.Alias}
		if status.SVM != nil {
			status.SVM.Name = p.service.SVM.Name
		}
	}
	if p.service != nil && !p.denied && p.observes() && !p.strayed && p.end == nil {
		status.ArrayUUID = p.r.arrayUUID(p.cluster)
		status.SVM = &v1alpha1.SVMStatus{Name: p.svm.Name, UUID: p.svm.UUID}
	}
	if p.service != nil && p.shown() {
		p.showDrift(*o)
	}
	if due := p.showMetrics(*o); due > 0 && o.retryAfter > 0 {
		o.retryAfter = min(o.retryAfter, due)
	}
	if p.looked || p.denied {
		status.LastHandledReconcileAt = annotation(p.obj, v1alpha1.ReconcileRequestedAtAnnotation)
	}
	if p.deleting() && !o.paused {
		o.message += " " + letGo
	}
	before := slices.Clone(p.stored.Status.Conditions)
	setConditions(&status.Conditions, &status.ObservedGeneration, p.obj.Generation, *o)
	if err := p.persist(ctx); err != nil {
		return err
	}
	for _, tell := range p.news {
		tell()
	}
	if !p.acted {
		announce(p.r.Events, p.obj, before, *o)
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

// setConditions brings the conditions in line with the outcome. observedGeneration moves only when the
// generation is decided upon.
func setConditions(conditions *[]metav1.Condition, observedGeneration *int64, generation int64, o outcome) {
	set := func(conditionType string, status metav1.ConditionStatus) {
		meta.SetStatusCondition(conditions, metav1.Condition{
			Type: conditionType, Status: status, ObservedGeneration: generation, Reason: o.reason, Message: o.message,
		})
	}
	setIf := func(applies bool, conditionType string) {
		if applies {
			set(conditionType, metav1.ConditionTrue)
		} else {
			meta.RemoveStatusCondition(conditions, conditionType)
		}
	}
	setIf(o.paused, v1alpha1.ConditionPaused)
	if o.frozen {
		return
	}
	decided := o.stalled || o.ready == metav1.ConditionTrue
	set(v1alpha1.ConditionReady, o.ready)
	setIf(o.inUse, v1alpha1.ConditionInUse)
	setIf(o.stalled, v1alpha1.ConditionStalled)
	setIf(!decided, v1alpha1.ConditionReconciling)
	if decided {
		*observedGeneration = generation
	}
}

// announce sends an event when the outcome is another one than the conditions told before, and only then.
func announce(recorder events.EventRecorder, obj client.Object, before []metav1.Condition, o outcome) {
	if c := readyCondition(before); o.expected || c != nil && c.Status == o.ready && c.Reason == o.reason && isStalled(before) == o.stalled {
		return
	}
	eventType := corev1.EventTypeWarning
	if o.ready == metav1.ConditionTrue {
		eventType = corev1.EventTypeNormal
	}
	recorder.Eventf(obj, nil, eventType, o.reason, "Reconcile", "%s", o.message)
}

func readyCondition(conditions []metav1.Condition) *metav1.Condition {
	return meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
}

// isReady reports whether the array is connected as spec says now.
func isReady(cluster *v1alpha1.ONTAPCluster) bool {
	return wasReady(cluster) && readyCondition(cluster.Status.Conditions).ObservedGeneration == cluster.Generation
}

// wasReady reports whether the array was connected when that was last looked at, maybe as an older spec says.
func wasReady(cluster *v1alpha1.ONTAPCluster) bool {
	return meta.IsStatusConditionTrue(cluster.Status.Conditions, v1alpha1.ConditionReady)
}

func isStalled(conditions []metav1.Condition) bool {
	return meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionStalled)
}

// transient reports whether the pass should simply be done again: it had an old copy of the object.
func transient(err error) bool { return errors.Is(err, errStale) || errors.Is(err, errChanged) }
