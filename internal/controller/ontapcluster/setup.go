package ontapcluster

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clientqueue "k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/controller/trigger"
	"github.com/ontap-operator/ontap-san-operator/internal/workqueue"
)

// secretIndex finds the ONTAPClusters that use a Secret in the cache.
const secretIndex = "credentialsSecret"

// SetupWithManager registers the reconciler, and what triggers it: a new generation of an object, a person who asks for a
// look, a change of its Secret.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	err := mgr.GetFieldIndexer().IndexField(context.Background(), &v1alpha1.ONTAPCluster{}, secretIndex, func(obj client.Object) []string {
		return []string{obj.(*v1alpha1.ONTAPCluster).Spec.CredentialsSecretRef.Name}
	})
	if err != nil {
		return err
	}
	secret := &metav1.PartialObjectMetadata{}
	secret.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	onUnusable := source.Func(func(_ context.Context, queue clientqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		r.Fleet.OnUnusable = func(name string) { queue.Add(reconcile.Request{NamespacedName: types.NamespacedName{Name: name}}) }
		return nil
	})
	return ctrl.NewControllerManagedBy(mgr).
		WatchesRawSource(onUnusable).
		For(&v1alpha1.ONTAPCluster{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.LabelChangedPredicate{}, trigger.AnnotationsChanged))).
		Watches(&v1alpha1.ISCSIService{}, handler.EnqueueRequestsFromMapFunc(r.deletingClusterOf), builder.WithPredicates(deleted)).
		WatchesMetadata(secret, handler.EnqueueRequestsFromMapFunc(r.usersOf),
			builder.WithPredicates(predicate.ResourceVersionChangedPredicate{})).
		WithOptions(controller.Options{
			// Each may wait for an array that does not answer: none must hold up the others.
			MaxConcurrentReconciles: 256,
			RateLimiter:             workqueue.NewBackoff(),
			ReconciliationTimeout:   workqueue.PassTimeout,
		}).
		Complete(r)
}

func (r *Reconciler) usersOf(ctx context.Context, secret client.Object) []reconcile.Request {
	var list v1alpha1.ONTAPClusterList
	if err := r.Client.List(ctx, &list, client.MatchingFields{secretIndex: secret.GetName()}); err != nil {
		return nil
	}
	requests := make([]reconcile.Request, 0, len(list.Items))
	for i := range list.Items {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
	}
	return requests
}

// deletingClusterOf is the ONTAPCluster of an ISCSIService, if it only waits for its services to be gone.
func (r *Reconciler) deletingClusterOf(ctx context.Context, obj client.Object) []reconcile.Request {
	service, ok := obj.(*v1alpha1.ISCSIService)
	if !ok {
		return nil
	}
	cluster := &v1alpha1.ONTAPCluster{}
	name := types.NamespacedName{Name: service.ONTAPClusterName()}
	if err := r.Client.Get(ctx, name, cluster); err != nil || cluster.DeletionTimestamp.IsZero() {
		return nil
	}
	return []reconcile.Request{{NamespacedName: name}}
}

// deleted lets through the end of an object.
var deleted = predicate.Funcs{
	CreateFunc:  func(event.CreateEvent) bool { return false },
	UpdateFunc:  func(event.UpdateEvent) bool { return false },
	GenericFunc: func(event.GenericEvent) bool { return false },
}
