package fleet

import (
	"context"
	"sync/atomic"

	"golang.org/x/time/rate"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// Turn is a turn under the array's limit of requests per second that was waited for before it is used. What is checked
// between the wait and the request is as true as it can be when the request is sent.
type Turn struct{ used atomic.Bool }

type turnKey struct{}

// Await waits for a turn, and for another request that finds out whether the array accepts the login.
func (a *Array) Await(ctx context.Context) (*Turn, error) {
	err := a.line.turn(ctx)
	if err == nil {
		err = a.line.login.free(ctx)
	}
	if err == nil && a.retired.Load() {
		return nil, ErrNotIdentified
	}
	if err != nil {
		return nil, &ontap.TransportError{Operation: "wait for the limit of requests per second", Err: err}
	}
	return &Turn{}, nil
}

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

// admit waits for the turn of a request, and returns whom to tell how it ended. An array that was disconnected meanwhile is
// sent nothing any more.
func (a *Array) admit(ctx context.Context) (ended func(error), err error) {
	ended, err = a.line.admit(ctx)
	if err == nil && a.retired.Load() {
		ended(ErrNotIdentified)
		return nil, ErrNotIdentified
	}
	return ended, err
}
