package iscsiservice

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

// maxMarked is how many objects a pass takes markers off that have no origin. Users who may write annotations can mark objects.
const maxMarked = 4

// supersede ends what other objects have of the service that this one is about to take on: an object that may not use the
// SVM, or only observes it, must not find its origin again once that changes. It is written down before this object has the
// service: an operator that dies in between leaves a service that is adopted anew, and none with two owners.
//
// Only the operator writes origins. Markers without an origin may be a user's, so that trouble with them keeps this object
// from nothing.
func (p *pass) supersede(ctx context.Context) error {
	marked := 0
	for _, former := range p.standing.former {
		if former.Status.Origin != "" {
			if err := p.supersedeOne(ctx, former); err != nil {
				return err
			}
		} else if marked++; marked <= maxMarked {
			if err := p.supersedeOne(ctx, former); err != nil {
				logf.FromContext(ctx).Info("Cannot take markers off an ISCSIService that may not use the SVM",
					"ISCSIService", client.ObjectKeyFromObject(former).String(), "error", err.Error())
			}
		}
	}
	p.state.Superseded()
	return nil
}

func (p *pass) supersedeOne(ctx context.Context, former *v1alpha1.ISCSIService) error {
	if err := p.r.Lease.Outlasts(time.Now().Add(p.r.writeTimeout())); err != nil {
		return err
	}
	live := &v1alpha1.ISCSIService{}
	err := p.r.Live.Get(ctx, client.ObjectKeyFromObject(former), live)
	switch {
	case apierrors.IsNotFound(err), err == nil && (live.UID != former.UID || !live.DeletionTimestamp.IsZero() || !hasOrBegan(live)):
		return nil
	case err != nil:
		return err
	case live.Generation != former.Generation:
		return kube.ErrStale // it may claim the service by now
	}
	return p.r.endOrigin(ctx, live)
}

// releaseHolder releases the object that this one has just taken the service over from: it is being deleted, and is gone then.
// Should that fail, it finds out by itself.
func (p *pass) releaseHolder(ctx context.Context) error {
	holder, live := p.standing.holder, &v1alpha1.ISCSIService{}
	err := p.r.Live.Get(ctx, client.ObjectKeyFromObject(holder), live)
	if apierrors.IsNotFound(err) || err == nil && (live.UID != holder.UID || live.DeletionTimestamp.IsZero()) {
		return nil
	}
	if err != nil {
		return err
	}
	err = p.r.object(live).PatchMetadata(ctx, func(obj *v1alpha1.ISCSIService) { controllerutil.RemoveFinalizer(obj, v1alpha1.Finalizer) })
	if errors.Is(err, kube.ErrGone) || errors.Is(err, kube.ErrStale) {
		return nil
	}
	if err != nil {
		return err
	}
	p.r.Events.Eventf(live, nil, corev1.EventTypeNormal, v1alpha1.EventReleased, "Release",
		"ISCSIService %s/%s has taken the iSCSI service over", p.obj().Namespace, p.obj().Name)
	return nil
}

// endOrigin takes the markers off an object, then its origin: without an origin, markers would claim the service.
func (r *Reconciler) endOrigin(ctx context.Context, live *v1alpha1.ISCSIService) error {
	obj := r.object(live)
	r.memory.settle(live)
	err := obj.PatchMetadata(ctx, func(obj *v1alpha1.ISCSIService) { setMarkers(obj, plan.Markers{}, "") })
	if err != nil || live.Status.Origin == "" {
		return err
	}
	status := &obj.Desired().Status
	status.Origin, status.Created = "", nil
	if err := obj.PatchStatus(ctx); err != nil {
		return err
	}
	r.Events.Eventf(live, nil, corev1.EventTypeWarning, v1alpha1.EventSuperseded, "Release",
		"another ISCSIService has taken the iSCSI service on: this object does not own it any more, and does not take it back")
	return nil
}
