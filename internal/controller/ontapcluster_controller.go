package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/lease"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

const (
	// secretIndex finds the ONTAPClusters that use a Secret in the cache.
	secretIndex = "credentialsSecret"
	// identityAge is how old the array's word on who it is gets. Its services prove it at every poll; its name and
	// version may change.
	identityAge = time.Hour
	// patience is how long a poll may be overdue before its failure is news, and secondTry when it is repeated.
	patience  = 10 * time.Second
	secondTry = 2 * time.Second
	// namedUsers is how many ISCSIServices a message names.
	namedUsers = 5
)

// ONTAPClusterReconciler connects to arrays, and keeps an eye on who answers.
type ONTAPClusterReconciler struct {
	// Client reads from the cache and writes to the API server.
	Client client.Client
	// Live reads Secrets from the API server: none is kept in a cache.
	Live client.Reader
	// Fleet gets the arrays.
	Fleet *fleet.Fleet
	// Events records what happened to an object.
	Events events.EventRecorder
	// Share is what this operator works on.
	Share Share
	// Namespace is the operator's own, where the Secrets are.
	Namespace string
	// Connected gets an ONTAPCluster whenever its array can be used that could not be before, also when nothing about
	// the object changes: after the start of the operator.
	Connected chan<- event.GenericEvent
	// Changed gets what a poll finds changed.
	Changed chan<- event.TypedGenericEvent[Change]
	// App is what the operator calls itself towards the array: NAME/VERSION.
	App string
	// Lease lets this process work while it is held; nil if the process works alone.
	Lease *lease.Lease

	// unread is since when the API server has not given the Secret of an ONTAPCluster, by its name.
	unread sync.Map
	// refusals are the annotations of ONTAPClusters that an event has told of.
	refusals refusals
}

// Reconcile connects to the array of an ONTAPCluster, and polls it.
func (r *ONTAPClusterReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	if r.Lease.Held() != nil {
		return unleased(ctx), nil
	}
	stored := &v1alpha1.ONTAPCluster{}
	if err := r.Client.Get(ctx, req.NamespacedName, stored); apierrors.IsNotFound(err) {
		r.Fleet.Disconnect(req.Name)
		r.refusals.forget(req.NamespacedName)
		return ctrl.Result{}, nil
	} else if err != nil {
		return ctrl.Result{}, err
	}
	if !r.Share.Has(stored) {
		r.Fleet.Disconnect(req.Name)
		return ctrl.Result{}, nil
	}
	users, err := r.users(ctx, stored)
	if err != nil {
		return ctrl.Result{}, err
	}
	if err := r.hold(ctx, stored, stored.DeletionTimestamp.IsZero() || len(users) > 0); err != nil {
		return retried(err)
	}
	if !stored.DeletionTimestamp.IsZero() && len(users) == 0 {
		r.Fleet.Disconnect(req.Name)
		return ctrl.Result{}, nil
	}
	r.refusals.tell(r.Events, stored)
	cluster := stored.DeepCopy()
	end, err := r.connect(ctx, cluster)
	if err != nil {
		return ctrl.Result{}, err
	}
	if len(users) > 0 {
		// The array is used as before: the services need it to be deleted.
		end = stillUsed(end, users)
	}
	setConditions(&cluster.Status.Conditions, &cluster.Status.ObservedGeneration, cluster.Generation, end)
	if !apiequality.Semantic.DeepEqual(cluster.Status, stored.Status) {
		lock := client.MergeFromWithOptions(stored, client.MergeFromWithOptimisticLock{})
		if err := writeError(r.Client.Status().Patch(ctx, cluster, lock)); err != nil {
			return retried(err)
		}
		announce(r.Events, cluster, stored.Status.Conditions, end)
	}
	if end.retryAfter == 0 {
		return ctrl.Result{}, retry{&end}
	}
	return ctrl.Result{RequeueAfter: later(end.retryAfter)}, nil
}

// retried is what to do about an error of a write to the API server.
func retried(err error) (ctrl.Result, error) {
	switch {
	case errors.Is(err, errGone):
		return ctrl.Result{}, nil
	case transient(err):
		return ctrl.Result{RequeueAfter: staleRetry}, nil
	}
	return ctrl.Result{}, err
}

// users are the ISCSIServices of an ONTAPCluster, as NAMESPACE/NAME.
func (r *ONTAPClusterReconciler) users(ctx context.Context, cluster *v1alpha1.ONTAPCluster) ([]string, error) {
	if cluster.DeletionTimestamp.IsZero() {
		return nil, nil
	}
	var list v1alpha1.ISCSIServiceList
	if err := r.Client.List(ctx, &list, client.MatchingFields{clusterIndex: cluster.Name}); err != nil {
		return nil, err
	}
	users := make([]string, 0, len(list.Items))
	for i := range list.Items {
		users = append(users, client.ObjectKeyFromObject(&list.Items[i]).String())
	}
	slices.Sort(users)
	return users, nil
}

// hold puts the finalizer on, or takes it off.
func (r *ONTAPClusterReconciler) hold(ctx context.Context, cluster *v1alpha1.ONTAPCluster, held bool) error {
	before := cluster.DeepCopy()
	change := controllerutil.RemoveFinalizer
	if held {
		change = controllerutil.AddFinalizer
	}
	if held && !cluster.DeletionTimestamp.IsZero() || !change(cluster, v1alpha1.ONTAPClusterFinalizer) {
		return nil
	}
	return writeError(r.Client.Patch(ctx, cluster, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})))
}

// stillUsed adds to an outcome why an ONTAPCluster that is being deleted stays.
func stillUsed(o outcome, users []string) outcome {
	if o.ready == metav1.ConditionTrue {
		o.reason = v1alpha1.ReasonStillUsed
	}
	named := users[:min(len(users), namedUsers)]
	o.message += fmt.Sprintf(" It stays while ISCSIServices use it, %d of them: %s", len(users), strings.Join(named, ", "))
	if more := len(users) - len(named); more > 0 {
		o.message += fmt.Sprintf(" and %d more", more)
	}
	o.message += ". Delete them first."
	return o
}

// connect brings the fleet up to date with the ONTAPCluster, and polls its array.
func (r *ONTAPClusterReconciler) connect(ctx context.Context, cluster *v1alpha1.ONTAPCluster) (outcome, error) {
	// Whatever else is wrong, where spec does not lead any more no password is sent: not for deletions either.
	r.Fleet.DisconnectMoved(cluster.Name, arrayConfig(cluster, ontap.Credentials{}, r.App))
	if err := validateAccess(cluster.Spec.Access); err != nil {
		return stalled(v1alpha1.ReasonInvalidConfiguration, err.Error()+". Correct it: until then, nobody's access can be told."), nil
	}
	name := cluster.Spec.CredentialsSecretRef.Name
	secret := &corev1.Secret{}
	if err := r.Live.Get(ctx, types.NamespacedName{Namespace: r.Namespace, Name: name}, secret); apierrors.IsNotFound(err) {
		return waitingFor(cluster.Status.Conditions, v1alpha1.ReasonSecretNotFound, fmt.Sprintf(
			"spec.credentialsSecretRef: there is no Secret %q in namespace %q. Create it with username and password of an array account.", name, r.Namespace)), nil
	} else if err != nil {
		return r.withoutSecret(ctx, cluster, err)
	}
	r.unread.Delete(cluster.Name)
	if err := checkEndpoint(secret, cluster.Spec.Endpoint); err != nil {
		// Also if it was permitted before: not even a deletion is finished with it.
		r.Fleet.Disconnect(cluster.Name)
		return waitingFor(cluster.Status.Conditions, v1alpha1.ReasonEndpointNotAllowed, fmt.Sprintf(
			"spec.credentialsSecretRef: Secret %q in namespace %q does not permit spec.endpoint: %s", name, r.Namespace, err)), nil
	}
	login, err := credentials(secret)
	if err != nil {
		return waitingFor(cluster.Status.Conditions, v1alpha1.ReasonSecretInvalid, fmt.Sprintf(
			"spec.credentialsSecretRef: Secret %q in namespace %q cannot be used: %s.", name, r.Namespace, err)), nil
	}
	array, err := r.Fleet.Connect(cluster.Name, arrayConfig(cluster, login, r.App), arrayLimits(cluster))
	if err != nil {
		return stalled(v1alpha1.ReasonInvalidConfiguration, fmt.Sprintf("The connection cannot be set up: %s.", err)), nil
	}
	return r.look(ctx, cluster, array)
}

// look polls the array, and tells how that went.
func (r *ONTAPClusterReconciler) look(ctx context.Context, cluster *v1alpha1.ONTAPCluster, array *fleet.Array) (outcome, error) {
	if err := r.poll(ctx, cluster, array); err != nil {
		return r.unusable(cluster, array, err)
	}
	return connectedTo(cluster, pollInterval(cluster)), nil
}

func connectedTo(cluster *v1alpha1.ONTAPCluster, lookAgain time.Duration) outcome {
	message := fmt.Sprintf("Connected to array %q.", cluster.Status.Array.Name)
	if services := cluster.Status.Services; services != nil && services.Unreadable > 0 {
		message += fmt.Sprintf(" Of its iSCSI services, %d cannot be understood; status.unreadableServices says why.", services.Unreadable)
	}
	return ready(v1alpha1.ReasonConnected, message, lookAgain)
}

// showServices shows what a poll brought.
func showServices(cluster *v1alpha1.ONTAPCluster, polled fleet.Poll, managed int32) {
	cluster.Status.Services = &v1alpha1.ServiceCount{
		Seen: int32(polled.Services), Managed: managed, Unreadable: int32(polled.UnreadableCount), //nolint:gosec // a poll reads 100,000 at most
	}
	cluster.Status.UnreadableServices = nil
	for _, odd := range polled.Unreadable[:min(len(polled.Unreadable), v1alpha1.MaxUnreadableServices)] {
		service := v1alpha1.UnreadableService{Message: odd.Reason}
		if odd.SVM != (ontap.SVMRef{}) {
			service.SVM = &v1alpha1.UnreadableSVM{Name: odd.SVM.Name, UUID: odd.SVM.UUID}
		}
		cluster.Status.UnreadableServices = append(cluster.Status.UnreadableServices, service)
	}
}

// poll makes sure that the array is the one that is remembered, reads its services, and passes on what has changed.
func (r *ONTAPClusterReconciler) poll(ctx context.Context, cluster *v1alpha1.ONTAPCluster, array *fleet.Array) error {
	expected := ""
	if cluster.Status.Array != nil {
		expected = cluster.Status.Array.UUID
	}
	before := array.Usable()
	found, known := array.Identity(identityAge)
	if !known || array.Polled().IsZero() || expected != "" && found.UUID != expected {
		var err error
		if found, err = array.Identify(ctx, expected); err != nil {
			return err
		}
	}
	polled, err := array.Poll(ctx, !metricsDisabled(cluster))
	if err != nil {
		return err
	}
	// What a poll found changed is not found changed again.
	if before != nil {
		err = send(ctx, r.Connected, event.GenericEvent{Object: cluster.DeepCopy()})
	} else if len(polled.Changed) > 0 {
		err = send(ctx, r.Changed, event.TypedGenericEvent[Change]{Object: Change{ONTAPCluster: cluster.Name, SVMs: polled.Changed}})
	}
	if err != nil {
		return err
	}
	managed, err := r.managed(ctx, cluster)
	if err != nil {
		return err
	}
	cluster.Status.Array = &v1alpha1.ArrayStatus{Name: found.Name, UUID: found.UUID, Version: number(found.Version)}
	showServices(cluster, polled, managed)
	showMetricsError(cluster, array.MetricsError())
	return nil
}

func send[T any](ctx context.Context, to chan<- T, what T) error {
	select {
	case to <- what:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// unusable is the outcome of a poll that failed. One that goes unanswered is repeated before anybody is told: it would
// be news to all services of the array. So is one that the array puts off, unless that leaves out more than one poll.
func (r *ONTAPClusterReconciler) unusable(cluster *v1alpha1.ONTAPCluster, array *fleet.Array, err error) (outcome, error) {
	o, ok := fromArray(err, "The array at "+cluster.Spec.Endpoint)
	switch {
	case !ok:
		return outcome{}, err
	case o.reason == v1alpha1.ReasonArrayChanged:
		o.retryAfter = pollInterval(cluster)
	case passes(o) && wasReady(cluster) && array.Usable() == nil && time.Since(array.Polled()) < pollInterval(cluster)+patience &&
		o.retryAfter <= pollInterval(cluster):
		return connectedTo(cluster, max(secondTry, o.retryAfter)), nil
	}
	return o, nil
}

// passes reports whether the trouble is of the kind that may be over in a moment.
func passes(o outcome) bool {
	switch o.reason {
	case v1alpha1.ReasonArrayUnreachable, v1alpha1.ReasonArrayError, v1alpha1.ReasonThrottled, v1alpha1.ReasonBusy:
		return true
	}
	return false
}

// managed counts the services that ISCSIServices have created or adopted.
func (r *ONTAPClusterReconciler) managed(ctx context.Context, cluster *v1alpha1.ONTAPCluster) (managed int32, err error) {
	var list v1alpha1.ISCSIServiceList
	if err := r.Client.List(ctx, &list, client.MatchingFields{clusterIndex: cluster.Name}, client.UnsafeDisableDeepCopy); err != nil {
		return 0, err
	}
	for i := range list.Items {
		if list.Items[i].Status.Origin != "" {
			managed++
		}
	}
	return managed, nil
}

// SetupWithManager registers the reconciler, and what triggers it: a new generation of an object, a person who asks for a
// look, a change of its Secret.
func (r *ONTAPClusterReconciler) SetupWithManager(mgr ctrl.Manager) error {
	err := mgr.GetFieldIndexer().IndexField(context.Background(), &v1alpha1.ONTAPCluster{}, secretIndex, func(obj client.Object) []string {
		return []string{obj.(*v1alpha1.ONTAPCluster).Spec.CredentialsSecretRef.Name}
	})
	if err != nil {
		return err
	}
	secret := &metav1.PartialObjectMetadata{}
	secret.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	onUnusable := source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		r.Fleet.OnUnusable = func(name string) { queue.Add(reconcile.Request{NamespacedName: types.NamespacedName{Name: name}}) }
		return nil
	})
	return ctrl.NewControllerManagedBy(mgr).
		WatchesRawSource(onUnusable).
		For(&v1alpha1.ONTAPCluster{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.LabelChangedPredicate{}, operated))).
		Watches(&v1alpha1.ISCSIService{}, handler.EnqueueRequestsFromMapFunc(r.leaving), builder.WithPredicates(gone)).
		WatchesMetadata(secret, handler.EnqueueRequestsFromMapFunc(r.usersOf),
			builder.WithPredicates(predicate.ResourceVersionChangedPredicate{})).
		WithOptions(controller.Options{
			// Each may wait for an array that does not answer: none must hold up the others.
			MaxConcurrentReconciles: 256,
			RateLimiter:             newRateLimiter(),
			ReconciliationTimeout:   passTimeout,
		}).
		Complete(r)
}

func (r *ONTAPClusterReconciler) usersOf(ctx context.Context, secret client.Object) []reconcile.Request {
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

func pollInterval(cluster *v1alpha1.ONTAPCluster) time.Duration {
	if cluster.Spec.PollInterval == nil {
		return v1alpha1.DefaultPollInterval
	}
	return cluster.Spec.PollInterval.Duration
}

// leaving is the ONTAPCluster of an ISCSIService, if it only waits for its services to be gone.
func (r *ONTAPClusterReconciler) leaving(ctx context.Context, obj client.Object) []reconcile.Request {
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

// gone lets through the end of an object.
var gone = predicate.Funcs{
	CreateFunc:  func(event.CreateEvent) bool { return false },
	UpdateFunc:  func(event.UpdateEvent) bool { return false },
	GenericFunc: func(event.GenericEvent) bool { return false },
}

// number is the version as people write it, such as 9.16.1.
func number(v ontap.Version) string {
	return fmt.Sprintf("%d.%d.%d", v.Generation, v.Major, v.Minor)
}
