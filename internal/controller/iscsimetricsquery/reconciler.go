package iscsimetricsquery

import (
	"context"
	"errors"
	"time"

	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/access"
	"github.com/ontap-operator/ontap-san-operator/internal/admission"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/lease"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/workqueue"
)

// Reconciler answers ISCSIMetricsQueries, each once, and removes them when their time has come.
type Reconciler struct {
	// Client reads from the cache, which does without the samples (kube.TrimISCSIMetricsQuery), and writes to the API server.
	Client client.Client
	// Live reads from the API server.
	Live client.Reader
	// Fleet has the arrays, connected by the reconciler of ONTAPClusters.
	Fleet *fleet.Fleet
	// Events records what happened to an object.
	Events events.EventRecorder
	// Shard is what this operator works on.
	Shard access.Shard
	// Lease lets this process work while it is held; nil if the process works alone.
	Lease *lease.Lease
	// MaxConcurrentReconciles is how many objects are worked on at a time; an array holds up one of them at most.
	MaxConcurrentReconciles int

	refusals kube.Refusals
	backoff  *workqueue.Backoff
	queue    *workqueue.Queue
}

// connectionRetry is when a query is looked at again whose array is about to be connected.
const connectionRetry = 2 * time.Second

// Reconcile makes one try to answer an ISCSIMetricsQuery.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	visit := r.Fleet.Visit(r.queue.Visitor("query "+req.String(), req)) // an ISCSIService may have the same name
	defer visit.Done()
	if r.Lease.Held() != nil {
		return workqueue.Unleased(ctx), nil
	}
	query := &v1alpha1.ISCSIMetricsQuery{}
	if err := r.Client.Get(ctx, req.NamespacedName, query); err != nil || !query.DeletionTimestamp.IsZero() {
		r.refusals.Forget(req.NamespacedName)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	q := newQueryRun(r, query)
	if query.Finished() {
		return q.expire(ctx)
	}
	end, err := q.admit(ctx)
	if err == nil {
		r.refusals.Report(r.Events, query)
	}
	if err == nil && end == nil {
		if !visit.EnterHistory(q.admission.Array) {
			r.backoff.Keep(req)
			return ctrl.Result{}, nil
		}
		end, err = q.answer(ctx)
	}
	if err == nil {
		err = q.report(ctx, end)
	}
	return r.result(ctx, req, q, end, err)
}

// result is what to do next about a query whose run ended so.
func (r *Reconciler) result(ctx context.Context, req ctrl.Request, q *queryRun, end *outcome.Outcome, err error) (ctrl.Result, error) {
	switch {
	case errors.Is(err, admission.ErrOtherShard):
		return ctrl.Result{}, nil
	case errors.Is(err, admission.ErrNotConnected):
		return ctrl.Result{RequeueAfter: workqueue.Later(connectionRetry)}, nil
	case kube.IsTransient(err):
		r.backoff.Keep(req)
		return workqueue.AfterWrite(err)
	case err != nil:
		return workqueue.AfterWrite(err)
	case q.query().Finished():
		return q.expire(ctx)
	}
	return workqueue.AfterPass(end)
}
