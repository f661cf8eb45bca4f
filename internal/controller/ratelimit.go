package controller

import (
	"math/rand/v2"
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

const (
	firstRetry = 500 * time.Millisecond
	// lastRetry is the longest wait between two tries, so that work goes on within a minute of an array's return.
	lastRetry = 45 * time.Second
)

// newRateLimiter backs off per object up to lastRetry, with jitter: the objects of an array that failed together do not
// come back together.
func newRateLimiter() workqueue.TypedRateLimiter[reconcile.Request] {
	return jittered{workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstRetry, lastRetry)}
}

type jittered struct {
	workqueue.TypedRateLimiter[reconcile.Request]
}

func (j jittered) When(item reconcile.Request) time.Duration {
	return jitter(j.TypedRateLimiter.When(item))
}

// later is d or a little more, so that what happened together is not repeated together.
func later(d time.Duration) time.Duration {
	return d + rand.N(d/10+1)
}

// jitter spreads d by up to a quarter either way.
func jitter(d time.Duration) time.Duration {
	return d*3/4 + rand.N(d/2+1)
}
