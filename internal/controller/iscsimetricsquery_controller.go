package controller

import (
	"context"
	"errors"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/lease"
)

// serviceIndex finds the ISCSIMetricsQueries of an ISCSIService in the cache.
const serviceIndex = "service"

// ISCSIMetricsQueryReconciler answers ISCSIMetricsQueries, each once, and removes them when their time has come.
type ISCSIMetricsQueryReconciler struct {
	// Client reads from the cache, which does without the samples (TrimISCSIMetricsQuery), and writes to the API server.
	Client client.Client
	// Live reads from the API server.
	Live client.Reader
	// Fleet has the arrays, connected by the ONTAPClusterReconciler.
	Fleet *fleet.Fleet
	// Events records what happened to an object.
	Events events.EventRecorder
	// Share is what this operator works on.
	Share Share
	// Lease lets this process work while it is held; nil if the process works alone.
	Lease *lease.Lease
	// MaxConcurrentReconciles is how many objects are worked on at a time; an array holds up one of them at most.
	MaxConcurrentReconciles int

	refusals refusals
	backoff  *backoff
	queue    *queue
}

// Reconcile makes one try to answer an ISCSIMetricsQuery.
func (r *ISCSIMetricsQueryReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	visit := r.Fleet.Visit(r.queue.visitor("query "+req.String(), req)) // an ISCSIService may have the same name
	defer visit.Done()
	if r.Lease.Held() != nil {
		return unleased(ctx), nil
	}
	obj := &v1alpha1.ISCSIMetricsQuery{}
	if err := r.Client.Get(ctx, req.NamespacedName, obj); err != nil || !obj.DeletionTimestamp.IsZero() {
		r.refusals.forget(req.NamespacedName)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if obj.Finished() {
		return r.expire(ctx, obj)
	}
	q := &inquiry{r: r, obj: obj.DeepCopy(), stored: obj}
	end, err := q.admit(ctx)
	if err == nil {
		r.refusals.tell(r.Events, obj)
	}
	if err == nil && end == nil {
		if !visit.EnterHistory(q.array) {
			r.backoff.keep(req)
			return ctrl.Result{}, nil
		}
		end, err = q.answer(ctx)
	}
	if err == nil {
		err = q.report(ctx, end)
	}
	switch {
	case errors.Is(err, errGone), errors.Is(err, errNotShared):
		return ctrl.Result{}, nil
	case errors.Is(err, errNotConnected):
		return ctrl.Result{RequeueAfter: later(secondTry)}, nil
	case transient(err):
		r.backoff.keep(req)
		return ctrl.Result{RequeueAfter: staleRetry}, nil
	case err != nil:
		return ctrl.Result{}, err
	case q.obj.Finished():
		return r.expire(ctx, q.obj)
	case end.retryAfter == 0:
		return ctrl.Result{}, retry{end}
	default:
		return lookAgain(end), nil
	}
}

// expire deletes a finished query when its time has come.
func (r *ISCSIMetricsQueryReconciler) expire(ctx context.Context, obj *v1alpha1.ISCSIMetricsQuery) (ctrl.Result, error) {
	if obj.Spec.TTLAfterFinished == nil {
		return ctrl.Result{}, nil
	}
	if left := time.Until(obj.Status.CompletionTime.Add(obj.Spec.TTLAfterFinished.Duration)); left > 0 {
		return ctrl.Result{RequeueAfter: left, Priority: new(due.priority())}, nil
	}
	err := writeError(r.Client.Delete(ctx, obj, client.Preconditions{UID: &obj.UID}))
	if errors.Is(err, errStale) {
		// Another object has the name by now.
		return ctrl.Result{}, nil
	}
	return retried(err)
}

// SetupWithManager registers the reconciler, and what triggers it: a new object, somebody who asks by annotation, and,
// while it has no answer, a change of its ISCSIService, of the ONTAPCluster, or of the labels of its namespace.
func (r *ISCSIMetricsQueryReconciler) SetupWithManager(mgr ctrl.Manager) error {
	err := mgr.GetFieldIndexer().IndexField(context.Background(), &v1alpha1.ISCSIMetricsQuery{}, serviceIndex, func(obj client.Object) []string {
		return []string{obj.(*v1alpha1.ISCSIMetricsQuery).Spec.ServiceRef.Name}
	})
	if err != nil {
		return err
	}
	r.backoff = newRateLimiter()
	namespace := &metav1.PartialObjectMetadata{}
	namespace.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.ISCSIMetricsQuery{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, operated))).
		Watches(&v1alpha1.ISCSIService{}, enqueueMapped(func(ctx context.Context, service client.Object) []reconcile.Request {
			return r.waiting(ctx, client.InNamespace(service.GetNamespace()), client.MatchingFields{serviceIndex: service.GetName()})
		}), builder.WithPredicates(serviceChanged)).
		Watches(&v1alpha1.ONTAPCluster{}, enqueueMapped(r.usersOf), builder.WithPredicates(clusterChanged)).
		WatchesMetadata(namespace, enqueueMapped(func(ctx context.Context, namespace client.Object) []reconcile.Request {
			return r.waiting(ctx, client.InNamespace(namespace.GetName()))
		}), builder.WithPredicates(predicate.LabelChangedPredicate{})).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: r.MaxConcurrentReconciles,
			RateLimiter:             r.backoff,
			NewQueue: func(name string, limiter workqueue.TypedRateLimiter[reconcile.Request]) workqueue.TypedRateLimitingInterface[reconcile.Request] {
				r.queue = newQueue(name, limiter, dueShare(r.MaxConcurrentReconciles))
				return r.queue
			},
			ReconciliationTimeout: passTimeout,
		}).
		Complete(r)
}

// waiting are the queries that have no answer yet.
func (r *ISCSIMetricsQueryReconciler) waiting(ctx context.Context, which ...client.ListOption) []reconcile.Request {
	var list v1alpha1.ISCSIMetricsQueryList
	if err := r.Client.List(ctx, &list, append(which, client.UnsafeDisableDeepCopy)...); err != nil {
		logf.FromContext(ctx).Error(err, "Cannot tell which ISCSIMetricsQueries are concerned; they are looked at when their time comes")
		return nil
	}
	var requests []reconcile.Request
	for i := range list.Items {
		if !list.Items[i].Finished() {
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
		}
	}
	return requests
}

// usersOf are the queries that have no answer yet and are about a service of that ONTAPCluster, or about none that there is.
func (r *ISCSIMetricsQueryReconciler) usersOf(ctx context.Context, cluster client.Object) []reconcile.Request {
	return slices.DeleteFunc(r.waiting(ctx), func(request reconcile.Request) bool {
		query, service := &v1alpha1.ISCSIMetricsQuery{}, &v1alpha1.ISCSIService{}
		if err := r.Client.Get(ctx, request.NamespacedName, query); err != nil {
			return true
		}
		name := types.NamespacedName{Namespace: query.Namespace, Name: query.Spec.ServiceRef.Name}
		return r.Client.Get(ctx, name, service) == nil && service.ONTAPClusterName() != cluster.GetName()
	})
}

// serviceChanged lets through what matters to the queries of an ISCSIService: what it is bound to, and whether it is
// ready. Its samples come and go without them.
var serviceChanged = predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok1 := e.ObjectOld.(*v1alpha1.ISCSIService)
		after, ok2 := e.ObjectNew.(*v1alpha1.ISCSIService)
		if !ok1 || !ok2 || before.UID != after.UID || before.Status.ArrayUUID != after.Status.ArrayUUID ||
			!apiequality.Semantic.DeepEqual(before.Status.SVM, after.Status.SVM) {
			return true
		}
		was, is := readyCondition(before.Status.Conditions), readyCondition(after.Status.Conditions)
		return was == nil || is == nil || was.Status != is.Status || was.Reason != is.Reason ||
			isStalled(before.Status.Conditions) != isStalled(after.Status.Conditions)
	},
}
