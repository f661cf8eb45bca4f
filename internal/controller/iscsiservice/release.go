package iscsiservice

import (
	"context"

	corev1 "k8s.io/api/core/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

// release takes the markers off the object, which is gone then. Nothing is sent to the array for it from here on.
func (p *pass) release(ctx context.Context, why plan.Why) error {
	untouched := p.untouched()
	if err := p.mark(ctx, plan.Step{Do: plan.Unmark}); err != nil {
		return err
	}
	switch why {
	case plan.Kept:
		p.event(corev1.EventTypeNormal, v1alpha1.EventReleased, "Release", "%s: the iSCSI service stays on the array", p.subject())
	case plan.TargetChanged:
		p.event(corev1.EventTypeWarning, v1alpha1.EventReleased, "Release",
			"%s: the iSCSI service stays on the array: its target %s is not the one that was created; it %s", p.subject(), p.sighting.service.Target, untouched)
	case plan.AccessDenied:
		p.event(corev1.EventTypeWarning, v1alpha1.EventReleased, "Release",
			"%s: the iSCSI service, if there is one, %s: namespace %s may not use it", p.subject(), untouched, p.obj().Namespace)
	case plan.OnlyObserved:
		p.event(corev1.EventTypeWarning, v1alpha1.EventReleased, "Release",
			"%s: the iSCSI service %s: spec.managementPolicy is Observe", p.subject(), untouched)
	case plan.ClaimLost:
		p.event(corev1.EventTypeWarning, v1alpha1.EventReleased, "Release",
			"%s: the iSCSI service %s: it belongs to ISCSIService %s/%s", p.subject(), untouched, p.standing.holder.Namespace, p.standing.holder.Name)
	case plan.HandedOver:
		p.event(corev1.EventTypeNormal, v1alpha1.EventReleased, "Release",
			"%s: ISCSIService %s/%s has taken the iSCSI service over", p.subject(), p.standing.holder.Namespace, p.standing.holder.Name)
	case plan.Unsupported:
		p.event(corev1.EventTypeWarning, v1alpha1.EventReleased, "Release",
			"%s: the iSCSI service stays, %s: this platform deletes it together with its SVM only", p.subject(), stateOf(p.sighting.service))
	case plan.Unconfirmed:
		p.event(corev1.EventTypeWarning, v1alpha1.EventReleased, "Release",
			"%s: a create request was not answered, so that an iSCSI service may stay behind", p.subject())
	}
	return nil
}

// stateOf says whether the service is enabled, as it was last seen.
func stateOf(service *plan.Service) string {
	switch {
	case service == nil:
		return "as it is"
	case service.Enabled:
		return "and is enabled"
	}
	return "and is disabled"
}

// untouched says what the deletion has done to a service that stays without being put back: a deletion that is called off may
// have disabled it already.
func (p *pass) untouched() string {
	if status := p.obj().Status; status.Origin != "" && status.Enabled != nil && !*status.Enabled && p.obj().WantsEnabled() {
		return "was disabled when it was last seen, maybe by this deletion, and is left so"
	}
	return "was not touched"
}
