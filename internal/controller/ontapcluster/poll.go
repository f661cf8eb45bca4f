package ontapcluster

import (
	"context"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/controller/trigger"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
)

const (
	// identityAge is how old the array's word on who it is gets. Its services prove it at every poll; its name and
	// version may change.
	identityAge = time.Hour
	// patience is how long a poll may be overdue before its failure is news, and secondTry when it is repeated.
	patience  = 10 * time.Second
	secondTry = 2 * time.Second
)

// look polls the array, and says how that went.
func (r *Reconciler) look(ctx context.Context, cluster *v1alpha1.ONTAPCluster, array *fleet.Array) (outcome.Outcome, error) {
	if err := r.poll(ctx, cluster, array); err != nil {
		return r.unusable(cluster, array, err)
	}
	return connectedTo(cluster, cluster.PollInterval()), nil
}

func connectedTo(cluster *v1alpha1.ONTAPCluster, lookAgain time.Duration) outcome.Outcome {
	message := fmt.Sprintf("Connected to array %q.", cluster.Status.Array.Name)
	if services := cluster.Status.Services; services != nil && services.Unreadable > 0 {
		message += fmt.Sprintf(" Of its iSCSI services, %d cannot be understood; status.unreadableServices says why.", services.Unreadable)
	}
	return outcome.Ready(v1alpha1.ReasonConnected, message, lookAgain)
}

// poll makes sure that the array is the one that is remembered, reads its services, and passes on what has changed.
func (r *Reconciler) poll(ctx context.Context, cluster *v1alpha1.ONTAPCluster, array *fleet.Array) error {
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
	polled, err := array.Poll(ctx, !cluster.MetricsDisabled())
	if err != nil {
		return err
	}
	// What a poll found changed is not found changed again.
	if before != nil {
		err = send(ctx, r.Connected, event.GenericEvent{Object: cluster.DeepCopy()})
	} else if len(polled.Changed) > 0 {
		err = send(ctx, r.Changed, event.TypedGenericEvent[trigger.Change]{Object: trigger.Change{ONTAPCluster: cluster.Name, SVMs: polled.Changed}})
	}
	if err != nil {
		return err
	}
	managed, err := r.managed(ctx, cluster)
	if err != nil {
		return err
	}
	cluster.Status.Array = &v1alpha1.ArrayStatus{Name: found.Name, UUID: found.UUID, Version: found.Version.String()}
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

// unusable is the outcome of a poll that failed. One that goes unanswered is repeated before it is shown: it would
// be news to all services of the array. So is one that the array puts off, unless that leaves out more than one poll.
func (r *Reconciler) unusable(cluster *v1alpha1.ONTAPCluster, array *fleet.Array, err error) (outcome.Outcome, error) {
	o, ok := outcome.FromArray(err, "The array at "+cluster.Spec.Endpoint)
	switch {
	case !ok:
		return outcome.Outcome{}, err
	case o.Reason == v1alpha1.ReasonArrayChanged:
		o.RetryAfter = cluster.PollInterval()
	case passes(o) && outcome.WasConnected(cluster) && array.Usable() == nil && time.Since(array.Polled()) < cluster.PollInterval()+patience &&
		o.RetryAfter <= cluster.PollInterval():
		return connectedTo(cluster, max(secondTry, o.RetryAfter)), nil
	}
	return o, nil
}

// passes reports whether the trouble is of the kind that may be over in a moment.
func passes(o outcome.Outcome) bool {
	switch o.Reason {
	case v1alpha1.ReasonArrayUnreachable, v1alpha1.ReasonArrayError, v1alpha1.ReasonThrottled, v1alpha1.ReasonBusy:
		return true
	}
	return false
}
