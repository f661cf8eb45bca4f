package ontapcluster

import (
	"context"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/access"
	"github.com/ontap-operator/ontap-san-operator/internal/controller/trigger"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/lease"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/workqueue"
)

// Reconciler connects to arrays, and keeps an eye on who answers.
type Reconciler struct {
	// Client reads from the cache and writes to the API server.
	Client client.Client
	// Live reads Secrets from the API server: none is kept in a cache.
	Live client.Reader
	// Fleet gets the arrays.
	Fleet *fleet.Fleet
	// Events records what happened to an object.
	Events events.EventRecorder
	// Shard is what this operator works on.
	Shard access.Shard
	// Namespace is the operator's own, where the Secrets are.
	Namespace string
	// Connected gets an ONTAPCluster whenever its array can be used that could not be before, also when nothing about
	// the object changes: after the start of the operator.
	Connected chan<- event.GenericEvent
	// Changed gets what a poll finds changed.
	Changed chan<- event.TypedGenericEvent[trigger.Change]
	// App is what the operator calls itself towards the array: NAME/VERSION.
	App string
	// Lease lets this process work while it is held; nil if the process works alone.
	Lease *lease.Lease

	// unread is since when the API server has not given the Secret of an ONTAPCluster, by its name.
	unread sync.Map
	// refusals are the annotations of ONTAPClusters that an event has reported.
	refusals kube.Refusals
}

// object is an ONTAPCluster as it is stored, and as this pass leaves it.
type object = kube.Object[v1alpha1.ONTAPCluster, v1alpha1.ONTAPClusterStatus, *v1alpha1.ONTAPCluster]

func statusOf(cluster *v1alpha1.ONTAPCluster) *v1alpha1.ONTAPClusterStatus { return &cluster.Status }

// Reconcile connects to the array of an ONTAPCluster, and polls it.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	if r.Lease.Held() != nil {
		return workqueue.Unleased(ctx), nil
	}
	cluster := &v1alpha1.ONTAPCluster{}
	if err := r.Client.Get(ctx, req.NamespacedName, cluster); apierrors.IsNotFound(err) {
		r.Fleet.Disconnect(req.Name)
		r.refusals.Forget(req.NamespacedName)
		return ctrl.Result{}, nil
	} else if err != nil {
		return ctrl.Result{}, err
	}
	if !r.Shard.Has(cluster) {
		r.Fleet.Disconnect(req.Name)
		return ctrl.Result{}, nil
	}
	users, err := r.users(ctx, cluster)
	if err != nil {
		return ctrl.Result{}, err
	}
	obj := kube.NewObject(r.Client, r.Live, cluster, statusOf)
	deleting := !cluster.DeletionTimestamp.IsZero()
	if err := setFinalizer(ctx, obj, !deleting || len(users) > 0); err != nil {
		return workqueue.AfterWrite(err)
	}
	if deleting && len(users) == 0 {
		r.Fleet.Disconnect(req.Name)
		return ctrl.Result{}, nil
	}
	r.refusals.Report(r.Events, obj.Stored())
	end, err := r.connect(ctx, obj.Desired())
	if err != nil {
		return ctrl.Result{}, err
	}
	if len(users) > 0 {
		// The array is used as before: the services need it to be deleted.
		end = stillUsed(end, users)
	}
	if err := r.report(ctx, obj, end); err != nil {
		return workqueue.AfterWrite(err)
	}
	if end.RetryAfter == 0 {
		return ctrl.Result{}, outcome.Retry{Outcome: &end}
	}
	return ctrl.Result{RequeueAfter: workqueue.Later(end.RetryAfter)}, nil
}

// setFinalizer puts the finalizer on, or takes it off. None is put on an object that is being deleted.
func setFinalizer(ctx context.Context, obj *object, on bool) error {
	if on && !obj.Stored().DeletionTimestamp.IsZero() {
		return nil
	}
	return obj.PatchMetadata(ctx, func(cluster *v1alpha1.ONTAPCluster) {
		if on {
			controllerutil.AddFinalizer(cluster, v1alpha1.ONTAPClusterFinalizer)
		} else {
			controllerutil.RemoveFinalizer(cluster, v1alpha1.ONTAPClusterFinalizer)
		}
	})
}

// report writes how the pass ended, if that differs from what is stored.
func (r *Reconciler) report(ctx context.Context, obj *object, end outcome.Outcome) error {
	if ctx.Err() != nil {
		// An operator that is asked to stop gave up asking: that says nothing about the array.
		return ctx.Err()
	}
	before := obj.Stored().Status.Conditions
	cluster := obj.Desired()
	outcome.SetConditions(&cluster.Status.Conditions, &cluster.Status.ObservedGeneration, cluster.Generation, end)
	if !obj.StatusChanged() {
		return nil
	}
	if err := obj.PatchStatus(ctx); err != nil {
		return err
	}
	outcome.Announce(r.Events, cluster, before, end)
	return nil
}
