package controller

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
)

// supersede ends what other objects have of the service that this one is about to take on: an object that may not use the
// SVM, or only observes it, must not find its origin again once that changes. It is written down before this object has the
// service: an operator that dies in between leaves a service that is adopted anew, and none with two owners.
func (p *pass) supersede(ctx context.Context) error {
	for _, former := range p.standing.former {
		if err := p.r.Lease.Outlasts(time.Now().Add(p.r.writeTimeout())); err != nil {
			return err
		}
		live := &v1alpha1.ISCSIService{}
		err := p.r.Live.Get(ctx, client.ObjectKeyFromObject(former), live)
		if apierrors.IsNotFound(err) || err == nil && (live.UID != former.UID || !live.DeletionTimestamp.IsZero() || !holds(live)) {
			continue
		}
		if err != nil {
			return err
		}
		if live.Generation != former.Generation {
			return errStale // it may claim the service by now
		}
		if err := p.r.endOrigin(ctx, live); err != nil {
			return err
		}
	}
	p.standing.former = nil
	return nil
}

// endOrigin takes the markers off an object, then its origin: without an origin, markers would claim the service.
func (r *ISCSIServiceReconciler) endOrigin(ctx context.Context, live *v1alpha1.ISCSIService) error {
	unmarked := live.DeepCopy()
	controllerutil.RemoveFinalizer(unmarked, v1alpha1.Finalizer)
	delete(unmarked.Annotations, v1alpha1.CreatingSVMAnnotation)
	delete(unmarked.Annotations, v1alpha1.CreatingAnnotation)
	ctx, cancel := finishing(ctx)
	defer cancel()
	r.memory.settle(live)
	if err := writeError(r.Client.Patch(ctx, unmarked, client.MergeFromWithOptions(live, client.MergeFromWithOptimisticLock{}))); err != nil {
		return err
	}
	if live.Status.Origin == "" {
		return nil
	}
	ended := unmarked.DeepCopy()
	ended.Status.Origin, ended.Status.Created = "", nil
	if err := writeError(r.Client.Status().Patch(ctx, ended, client.MergeFromWithOptions(unmarked, client.MergeFromWithOptimisticLock{}))); err != nil {
		return err
	}
	r.Events.Eventf(live, nil, corev1.EventTypeWarning, v1alpha1.EventSuperseded, "Release",
		"another ISCSIService has taken the iSCSI service on: this object does not own it any more, and does not take it back")
	return nil
}
