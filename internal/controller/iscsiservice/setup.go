package iscsiservice

import (
	"context"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/controller/trigger"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/workqueue"
)

// SetupWithManager registers the reconciler, and what triggers it: a new generation of an object, a change of its
// ONTAPCluster or a connection to its array, a change of its service on the array, new labels on its namespace.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	err := mgr.GetFieldIndexer().IndexField(context.Background(), &v1alpha1.ISCSIService{}, trigger.ServicesByCluster, func(obj client.Object) []string {
		return []string{obj.(*v1alpha1.ISCSIService).ONTAPClusterName()}
	})
	if err != nil {
		return err
	}
	for name, values := range claimIndexes {
		err := mgr.GetFieldIndexer().IndexField(context.Background(), &v1alpha1.ISCSIService{}, name, func(obj client.Object) []string {
			return values(obj.(*v1alpha1.ISCSIService))
		})
		if err != nil {
			return err
		}
	}
	r.backoff = workqueue.NewBackoff()
	usersOf := workqueue.EnqueueMapped(func(ctx context.Context, cluster client.Object) []reconcile.Request {
		return r.requests(ctx, client.MatchingFields{trigger.ServicesByCluster: cluster.GetName()})
	})
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.ISCSIService{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, trigger.AnnotationsChanged, r.markersRemoved()))).
		Watches(&v1alpha1.ISCSIService{}, workqueue.EnqueueMapped(r.waiting), builder.WithPredicates(claimChanged)).
		Watches(&v1alpha1.ONTAPCluster{}, usersOf, builder.WithPredicates(trigger.ClusterChanged)).
		WatchesRawSource(source.Channel(r.Connected, usersOf)).
		WatchesRawSource(source.TypedChannel(r.Changed, workqueue.EnqueueMapped(r.concerned))).
		WatchesMetadata(kube.NamespaceMetadata(), workqueue.EnqueueMapped(func(ctx context.Context, namespace client.Object) []reconcile.Request {
			return r.requests(ctx, client.InNamespace(namespace.GetName()))
		}), builder.WithPredicates(predicate.LabelChangedPredicate{})).
		WithOptions(workqueue.Options(r.MaxConcurrentReconciles, r.backoff, &r.queue)).
		Complete(r)
}

func (r *Reconciler) requests(ctx context.Context, which client.ListOption) []reconcile.Request {
	var list v1alpha1.ISCSIServiceList
	if err := r.Client.List(ctx, &list, which, client.UnsafeDisableDeepCopy); err != nil {
		logf.FromContext(ctx).Error(err, "Cannot tell which ISCSIServices are concerned; they are looked at when their time comes")
		return nil
	}
	requests := make([]reconcile.Request, 0, len(list.Items))
	for i := range list.Items {
		name := client.ObjectKeyFromObject(&list.Items[i])
		requests = append(requests, reconcile.Request{NamespacedName: name})
		// What concerns an object concerns those that wait for it.
		for _, waiting := range r.memory.waitingFor(name) {
			requests = append(requests, reconcile.Request{NamespacedName: waiting})
		}
	}
	return requests
}

// concerned are the ISCSIServices that may be about a service that has changed, but for those that wait for another one.
func (r *Reconciler) concerned(ctx context.Context, change trigger.Change) []reconcile.Request {
	concerned := map[reconcile.Request]bool{}
	for _, svm := range change.SVMs {
		for field, value := range map[string]string{specName: svm.Name, specUUID: svm.UUID, statusName: svm.Name, statusUUID: svm.UUID} {
			for _, request := range r.requests(ctx, client.MatchingFields{trigger.ServicesByCluster: change.ONTAPCluster, field: value}) {
				if !r.memory.waits(request.NamespacedName) {
					concerned[request] = true
				}
			}
		}
	}
	return slices.Collect(maps.Keys(concerned))
}

// waitFor has a change of the other object trigger the next pass, and reports whether it has changed already.
func (r *Reconciler) waitFor(ctx context.Context, req ctrl.Request, other *v1alpha1.ISCSIService) (changed bool) {
	if other == nil {
		r.memory.wait(req.NamespacedName, types.NamespacedName{})
		return false
	}
	name, now := client.ObjectKeyFromObject(other), &v1alpha1.ISCSIService{}
	r.memory.wait(req.NamespacedName, name)
	return r.Client.Get(ctx, name, now) != nil || now.UID != other.UID || now.ResourceVersion != other.ResourceVersion
}

// waiting are the ISCSIServices that wait for that one to have the SVM no more, or to take it over.
func (r *Reconciler) waiting(_ context.Context, obj client.Object) []reconcile.Request {
	var requests []reconcile.Request
	for _, name := range r.memory.waitingFor(client.ObjectKeyFromObject(obj)) {
		requests = append(requests, reconcile.Request{NamespacedName: name})
	}
	return requests
}

// claimChanged lets through what those that wait for an object go by: its claim to the SVM, and its end.
var claimChanged = predicate.Funcs{
	CreateFunc:  func(event.CreateEvent) bool { return false },
	GenericFunc: func(event.GenericEvent) bool { return false },
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok1 := e.ObjectOld.(*v1alpha1.ISCSIService)
		after, ok2 := e.ObjectNew.(*v1alpha1.ISCSIService)
		return !ok1 || !ok2 || claimant(before, isDenied(before)) != claimant(after, isDenied(after)) || meant(before) != meant(after)
	},
}

// isDenied reports whether the object was told that its namespace may not use the SVM.
func isDenied(o *v1alpha1.ISCSIService) bool {
	c := outcome.ReadyCondition(o.Status.Conditions)
	return c != nil && c.Reason == v1alpha1.ReasonAccessDenied
}

// markersRemoved lets through that a user, as with "kubectl replace", took off the markers of an object that has a service, or
// whose create request is under way: a deletion before the next pass would not ask the operator. The operator itself takes
// off the markers of an object that has neither.
func (r *Reconciler) markersRemoved() predicate.Funcs {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, ok1 := e.ObjectOld.(*v1alpha1.ISCSIService)
			after, ok2 := e.ObjectNew.(*v1alpha1.ISCSIService)
			return ok1 && ok2 && (hasFinalizer(before) && !hasFinalizer(after) || isCreating(before) && !isCreating(after)) &&
				(after.Status.Origin != "" || r.memory.mayTakeEffect(after))
		},
	}
}
