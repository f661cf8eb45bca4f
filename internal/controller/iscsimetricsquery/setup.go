package iscsimetricsquery

import (
	"context"
	"slices"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/controller/trigger"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/workqueue"
)

// serviceIndex finds the ISCSIMetricsQueries of an ISCSIService in the cache.
const serviceIndex = "service"

// SetupWithManager registers the reconciler, and what triggers it: a new object, a person who asks by annotation, and,
// while it has no answer, a change of its ISCSIService, of the ONTAPCluster, or of the labels of its namespace.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	err := mgr.GetFieldIndexer().IndexField(context.Background(), &v1alpha1.ISCSIMetricsQuery{}, serviceIndex, func(obj client.Object) []string {
		return []string{obj.(*v1alpha1.ISCSIMetricsQuery).Spec.ServiceRef.Name}
	})
	if err != nil {
		return err
	}
	r.backoff = workqueue.NewBackoff()
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.ISCSIMetricsQuery{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, trigger.AnnotationsChanged))).
		Watches(&v1alpha1.ISCSIService{}, workqueue.EnqueueMapped(func(ctx context.Context, service client.Object) []reconcile.Request {
			return r.waiting(ctx, client.InNamespace(service.GetNamespace()), client.MatchingFields{serviceIndex: service.GetName()})
		}), builder.WithPredicates(serviceChanged)).
		Watches(&v1alpha1.ONTAPCluster{}, workqueue.EnqueueMapped(r.usersOf), builder.WithPredicates(trigger.ClusterChanged)).
		WatchesMetadata(kube.NamespaceMetadata(), workqueue.EnqueueMapped(func(ctx context.Context, namespace client.Object) []reconcile.Request {
			return r.waiting(ctx, client.InNamespace(namespace.GetName()))
		}), builder.WithPredicates(predicate.LabelChangedPredicate{})).
		WithOptions(workqueue.Options(r.MaxConcurrentReconciles, r.backoff, &r.queue)).
		Complete(r)
}

// waiting are the queries that have no answer yet.
func (r *Reconciler) waiting(ctx context.Context, which ...client.ListOption) []reconcile.Request {
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
func (r *Reconciler) usersOf(ctx context.Context, cluster client.Object) []reconcile.Request {
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
		return outcome.ReadyChanged(before.Status.Conditions, after.Status.Conditions)
	},
}
