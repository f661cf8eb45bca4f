package fleet

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"golang.org/x/time/rate"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

const (
	// breakAfter is how many calls in a row must go unanswered for the breaker to open.
	breakAfter = 3
	// breakFor is for how long nothing is sent then; after that, one call tries.
	breakFor = 5 * time.Second
)

// errNoTurn is the error for a request that was not sent since the turns of other requests have filled the time that was left.
var errNoTurn = errors.New("the limit of requests per second left no turn in time")

// errUnanswered is the error for a request that was not sent since those before it went unanswered while it waited.
var errUnanswered = errors.New("the requests before went unanswered")

// callGuard keeps calls to an array from being made that would do harm, or no good: beyond the limit of requests per second,
// with a login that was refused, or while the array does not answer.
type callGuard struct {
	limiter *rate.Limiter
	breaker circuitbreaker.CircuitBreaker[any]
	login   *login
	// probe, unless nil, asks the array something that concerns no SVM.
	probe func(context.Context) error
	// failure is the last call that went unanswered.
	failure atomic.Pointer[ontap.TransportError]

	mu sync.Mutex
	// unanswered are the SVMs about which calls went unanswered since the last answer.
	unanswered map[string]bool
}

func newCallGuard(login *login) *callGuard {
	return &callGuard{
		login:   login,
		limiter: rate.NewLimiter(rate.Inf, 0),
		breaker: circuitbreaker.NewBuilder[any]().WithFailureThreshold(breakAfter).WithSuccessThreshold(1).
			WithDelay(breakFor).WithJitterFactor(0.2).Build(),
	}
}

// limit sets how many requests are sent per second; 0 means any number.
func (g *callGuard) limit(perSecond int) {
	if perSecond == 0 {
		g.limiter.SetLimit(rate.Inf)
		return
	}
	g.limiter.SetBurst(perSecond)
	g.limiter.SetLimit(rate.Limit(perSecond))
}

// awaitTurn waits for the turn of a request under the limit of requests per second, unless the context has one already.
func (g *callGuard) awaitTurn(ctx context.Context) error {
	if turn, ok := ctx.Value(turnKey{}).(*Turn); ok {
		turn.charge(g.limiter)
		return nil
	}
	if err := g.limiter.Wait(ctx); err != nil {
		return errNoTurn
	}
	return nil
}

// admit waits until a request may be sent, and returns the function that is called when it has ended.
func (g *callGuard) admit(ctx context.Context) (ended func(error), err error) {
	if err := g.awaitTurn(ctx); err != nil {
		return nil, err
	}
	ended, waited, err := g.login.admit(ctx)
	if err == nil && waited && g.unanswering() != nil {
		ended(errUnanswered)
		return nil, errUnanswered
	}
	return ended, err
}

// unanswering returns why no call is made now if the array does not answer.
func (g *callGuard) unanswering() error {
	if g.breaker.IsOpen() && g.breaker.RemainingDelay() > 0 {
		return g.unansweredError()
	}
	return nil
}

// unansweredError is the error for a call that is not made because those before it went unanswered.
func (g *callGuard) unansweredError() error {
	failure := g.failure.Load()
	if failure == nil {
		return &ontap.TransportError{Operation: "call the array", Err: circuitbreaker.ErrOpen}
	}
	return &ontap.TransportError{Operation: failure.Operation, RetryAfter: failure.RetryAfter, Err: failure.Err}
}

// call makes a call about an SVM, or about none, unless it would do no good, and records how it ends.
func (g *callGuard) call(ctx context.Context, subject string, call func() error) error {
	if err := cmp.Or(g.login.refused(loginPause), g.unanswering()); err != nil {
		return err
	}
	if !g.breaker.TryAcquirePermit() {
		return g.unansweredError()
	}
	recorded := false
	defer func() {
		if !recorded && g.breaker.IsHalfOpen() {
			// A permit that is not given back is one less for good.
			g.breaker.RecordFailure()
		}
	}()
	if subject != "" && g.probe != nil && g.breaker.IsHalfOpen() {
		// The answer about one SVM does not show whether the array is back.
		err := g.probe(ctx)
		if recorded = g.record(ctx, "", err); err != nil {
			return err
		}
	}
	err := call()
	recorded = g.record(ctx, subject, err) || recorded
	return err
}

// record records how a call ended, and reports whether that says anything about the array. Any answer does, whatever it
// says and which host gives it: an array does answer whose gateway objects to what a user has written.
func (g *callGuard) record(ctx context.Context, subject string, err error) bool {
	var transport *ontap.TransportError
	unanswered := errors.As(err, &transport) && !transport.Answered && !errors.Is(err, errUnknownCertificate)
	switch {
	case errors.Is(err, ontap.ErrInvalidRequest), errors.Is(err, ErrNotIdentified):
		// Nothing was sent.
		return false
	case unanswered && (ctx.Err() != nil || errors.Is(err, errNoTurn) || errors.Is(err, errUnanswered)):
		// It was not the array that ended it.
		return false
	case unanswered:
		g.failure.Store(transport)
		if g.countsAsFailure(subject) {
			g.breaker.RecordFailure()
		}
	default:
		g.mu.Lock()
		clear(g.unanswered)
		g.mu.Unlock()
		g.breaker.RecordSuccess()
	}
	return true
}

// countsAsFailure reports whether a call that went unanswered counts against the array. Of those about one SVM, one does: what the
// array, or something before it, makes of that SVM says nothing about the others.
func (g *callGuard) countsAsFailure(subject string) bool {
	if subject == "" || !g.breaker.IsClosed() {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.unanswered[subject] {
		return false
	}
	if g.unanswered == nil {
		g.unanswered = map[string]bool{}
	}
	g.unanswered[subject] = true
	return true
}

// callUncounted makes a call that says nothing about the array if it goes unanswered: what it asks for may take longer than
// anything else.
func (g *callGuard) callUncounted(call func() error) error {
	if err := cmp.Or(g.login.refused(loginPause), g.unanswering()); err != nil {
		return err
	}
	return call()
}
