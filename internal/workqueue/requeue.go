package workqueue

import (
	"context"
	"errors"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
)

const (
	// PassTimeout ends a pass that hangs, whatever it hangs in.
	PassTimeout = 2 * time.Minute
	// StaleRetry is when a pass that began with an old copy of its object is done again: the cache needs a moment.
	StaleRetry = 500 * time.Millisecond
	// LeaseRetry is when an operator whose lease does not last long enough looks whether it was renewed.
	LeaseRetry = 2 * time.Second
)

// Unleased is what to do without a lease that lasts long enough: nothing before it was renewed. If it was lost, the process
// ends.
func Unleased(ctx context.Context) ctrl.Result {
	logf.FromContext(ctx).Info("Waiting for the lease to be renewed")
	return ctrl.Result{RequeueAfter: LeaseRetry}
}

// AfterWrite is what to do about an error of a write to the API server.
func AfterWrite(err error) (ctrl.Result, error) {
	switch {
	case errors.Is(err, kube.ErrGone):
		return ctrl.Result{}, nil
	case kube.IsTransient(err):
		return ctrl.Result{RequeueAfter: StaleRetry}, nil
	}
	return ctrl.Result{}, err
}

// AfterPass is when to look again at the object whose pass ended so: with backoff, if the outcome does not say.
func AfterPass(end *outcome.Outcome) (ctrl.Result, error) {
	if end.RetryAfter == 0 {
		return ctrl.Result{}, outcome.Retry{Outcome: end}
	}
	return lookAgain(end), nil
}

// lookAgain is when to look at the object again whose pass ended so. If it came to rest, that is only due; if not, it is
// as urgent as it was.
func lookAgain(end *outcome.Outcome) ctrl.Result {
	if end.Settled() {
		return WhenDue(Later(end.RetryAfter))
	}
	return ctrl.Result{RequeueAfter: Later(end.RetryAfter)}
}

// WhenDue is a look after that time, which nothing but time has made necessary.
func WhenDue(after time.Duration) ctrl.Result {
	return ctrl.Result{RequeueAfter: after, Priority: new(due.priority())}
}
