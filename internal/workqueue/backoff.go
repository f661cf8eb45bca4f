package workqueue

import (
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
)

const (
	firstRetry = 500 * time.Millisecond
	lastRetry  = outcome.ArrayRetry
)

// NewBackoff backs off per object up to lastRetry, with jitter: the objects of an array that failed together do not
// come back together.
func NewBackoff() *Backoff {
	return &Backoff{TypedRateLimiter: workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstRetry, lastRetry)}
}

// Backoff is the limiter of a queue. It knows that a pass that ends without an error has not always succeeded: one that found no slot has not even
// tried. controller-runtime forgets the failures of both.
type Backoff struct {
	workqueue.TypedRateLimiter[reconcile.Request]

	mu   sync.Mutex
	kept map[reconcile.Request]bool
}

// Keep has the failures of the item outlast the next time that they are to be forgotten. An item is worked on by one
// worker at a time, and that time is when its pass ends.
func (b *Backoff) Keep(item reconcile.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kept == nil {
		b.kept = map[reconcile.Request]bool{}
	}
	b.kept[item] = true
}

// Forget forgets the failures of the item, unless they are kept.
func (b *Backoff) Forget(item reconcile.Request) {
	b.mu.Lock()
	kept := b.kept[item]
	delete(b.kept, item)
	b.mu.Unlock()
	if !kept {
		b.TypedRateLimiter.Forget(item)
	}
}

// When is how long the item waits for its next try.
func (b *Backoff) When(item reconcile.Request) time.Duration {
	return jitter(b.TypedRateLimiter.When(item))
}
