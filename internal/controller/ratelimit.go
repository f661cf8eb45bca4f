package controller

import (
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

const (
	firstRetry = 500 * time.Millisecond
	// lastRetry is the longest wait between two tries, so that work goes on within a minute of an array's return.
	lastRetry = 45 * time.Second
)

// newRateLimiter backs off per object up to lastRetry, with jitter: the objects of an array that failed together do not
// come back together.
func newRateLimiter() *backoff {
	return &backoff{TypedRateLimiter: workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstRetry, lastRetry)}
}

// backoff knows that a pass that ends without an error has not always succeeded: one that found no slot has not even
// tried. controller-runtime forgets the failures of both.
type backoff struct {
	workqueue.TypedRateLimiter[reconcile.Request]

	mu   sync.Mutex
	kept map[reconcile.Request]bool
}

// keep has the failures of the item outlast the next time that they are to be forgotten. An item is worked on by one
// worker at a time, and that time is when its pass ends.
func (b *backoff) keep(item reconcile.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kept == nil {
		b.kept = map[reconcile.Request]bool{}
	}
	b.kept[item] = true
}

// Forget forgets the failures of the item, unless they are kept.
func (b *backoff) Forget(item reconcile.Request) {
	b.mu.Lock()
	kept := b.kept[item]
	delete(b.kept, item)
	b.mu.Unlock()
	if !kept {
		b.TypedRateLimiter.Forget(item)
	}
}

// When is how long the item waits for its next try.
func (b *backoff) When(item reconcile.Request) time.Duration {
	return jitter(b.TypedRateLimiter.When(item))
}

// lookAgain is when to look at the object again whose pass ended so. If it came to rest, that is only due; if not, it is
// as urgent as it was.
func lookAgain(end *outcome) ctrl.Result {
	result := ctrl.Result{RequeueAfter: later(end.retryAfter)}
	if end.stalled || end.paused || end.ready == metav1.ConditionTrue {
		result.Priority = new(due.priority())
	}
	return result
}

// later is d or a little more, so that what happened together is not repeated together.
func later(d time.Duration) time.Duration {
	return d + rand.N(d/10+1)
}

// jitter spreads d by up to a quarter either way.
func jitter(d time.Duration) time.Duration {
	return d*3/4 + rand.N(d/2+1)
}

// offset is less than d, and the same each time for the same object: it spreads what would be due for many together.
func offset(uid types.UID, d time.Duration) time.Duration {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(uid))
	return time.Duration(float64(d) * float64(hash.Sum32()) / (1 << 32))
}
