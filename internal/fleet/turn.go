package fleet

import (
	"context"
	"sync/atomic"

	"golang.org/x/time/rate"
)

// Turn is a turn under the array's limit of requests per second that was waited for before it is used. What is checked
// between the wait and the request is as true as it can be when the request is sent.
type Turn struct{ used atomic.Bool }

type turnKey struct{}

// Context returns a context whose requests to the array do not wait for a turn. The first of them has this one; the others
// are charged to the requests that come later.
func (t *Turn) Context(ctx context.Context) context.Context {
	return context.WithValue(ctx, turnKey{}, t)
}

// charge takes the turn of one request without waiting for it.
func (t *Turn) charge(limiter *rate.Limiter) {
	if !t.used.CompareAndSwap(false, true) {
		limiter.Reserve()
	}
}
