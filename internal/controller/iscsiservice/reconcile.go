package iscsiservice

import (
	"context"
	"errors"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/admission"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/lease"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/workqueue"
)

// overtakenRetry is when an object is looked at again that was changed while it was worked on.
const overtakenRetry = 20 * time.Millisecond

// Reconcile does one pass over an ISCSIService: observe, plan, act, report.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	slot := r.Fleet.Visit(r.queue.Visitor(req.String(), req))
	defer slot.Done()
	if r.Lease.Held() != nil {
		return workqueue.Unleased(ctx), nil
	}
	obj := &v1alpha1.ISCSIService{}
	if err := r.Client.Get(ctx, req.NamespacedName, obj); err != nil {
		r.memory.forget(req.NamespacedName)
		r.refusals.Forget(req.NamespacedName)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !obj.DeletionTimestamp.IsZero() && !hasFinalizer(obj) {
		return ctrl.Result{}, nil
	}
	p, err := r.begin(ctx, obj, slot)
	if errors.Is(err, admission.ErrOtherShard) {
		// The operator that works on it now leaves it otherwise than it is remembered.
		r.memory.forget(req.NamespacedName)
		return ctrl.Result{}, nil
	} else if err != nil {
		return ctrl.Result{}, err
	}
	defer p.end()
	r.refusals.Report(r.Events, obj)
	end, err := p.run(ctx)
	var waitsFor *v1alpha1.ISCSIService
	if err == nil && end != nil {
		waitsFor = end.waitsFor
		err = p.report(ctx, end)
	}
	changed := r.waitFor(ctx, req, waitsFor)
	switch {
	case errors.Is(err, errNoSlot):
		r.backoff.Keep(req)
		return ctrl.Result{}, nil
	case errors.Is(err, kube.ErrGone):
		return ctrl.Result{}, nil
	case errors.Is(err, lease.ErrTooShort):
		return workqueue.Unleased(ctx), nil
	case errors.Is(err, admission.ErrNotConnected):
		return ctrl.Result{RequeueAfter: workqueue.Later(outcome.ArrayRetry)}, nil
	case kube.IsTransient(err):
		r.backoff.Keep(req)
		return ctrl.Result{RequeueAfter: workqueue.StaleRetry}, nil
	case err != nil || end == nil:
		return ctrl.Result{}, err
	case p.object.Overtaken():
		return ctrl.Result{RequeueAfter: overtakenRetry}, nil
	case changed:
		return ctrl.Result{RequeueAfter: workqueue.StaleRetry}, nil
	}
	return workqueue.AfterPass(&end.Outcome)
}
