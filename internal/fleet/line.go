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

// errNoTurn is the error for a request that was not sent since others have filled the time that was left.
var errNoTurn = errors.New("the limit of requests per second left no turn in time")

// errSilent is the error for a request that was not sent since those before it went unanswered while it waited.
var errSilent = errors.New("the requests before went unanswered")

// line is the way to an array: what keeps calls from being made that would do harm, or no good.
type line struct {
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

func newLine(login *login) *line {
	return &line{
		login:   login,
		limiter: rate.NewLimiter(rate.Inf, 0),
		breaker: circuitbreaker.NewBuilder[any]().WithFailureThreshold(breakAfter).WithSuccessThreshold(1).
			WithDelay(breakFor).WithJitterFactor(0.2).Build(),
	}
}

// limit sets how many requests are sent per second; 0 means any number.
func (l *line) limit(perSecond int) {
	if perSecond == 0 {
		l.limiter.SetLimit(rate.Inf)
		return
	}
	l.limiter.SetBurst(perSecond)
	l.limiter.SetLimit(rate.Limit(perSecond))
}

// turn waits for the turn of a request under the limit of requests per second, unless the context has one already.
func (l *line) turn(ctx context.Context) error {
	if turn, ok := ctx.Value(turnKey{}).(*Turn); ok {
		turn.charge(l.limiter)
		return nil
	}
	if err := l.limiter.Wait(ctx); err != nil {
		return errNoTurn
	}
	return nil
}

// admit waits for the turn of a request, and returns whom to tell how it ended.
func (l *line) admit(ctx context.Context) (ended func(error), err error) {
	if err := l.turn(ctx); err != nil {
		return nil, err
	}
	ended, waited, err := l.login.enter(ctx)
	if err == nil && waited && l.silent() != nil {
		ended(errSilent)
		return nil, errSilent
	}
	return ended, err
}

// silent returns why no call is made now if the array does not answer.
func (l *line) silent() error {
	if l.breaker.IsOpen() && l.breaker.RemainingDelay() > 0 {
		return l.silence()
	}
	return nil
}

// silence is the error for a call that is not made because those before it went unanswered.
func (l *line) silence() error {
	failure := l.failure.Load()
	if failure == nil {
		return &ontap.TransportError{Operation: "call the array", Err: circuitbreaker.ErrOpen}
	}
	return &ontap.TransportError{Operation: failure.Operation, RetryAfter: failure.RetryAfter, Err: failure.Err}
}

// call makes a call about an SVM, or about none, unless it would do no good, and learns from how it ends.
func (l *line) call(ctx context.Context, subject string, call func() error) error {
	if err := cmp.Or(l.login.refused(loginPause), l.silent()); err != nil {
		return err
	}
	if !l.breaker.TryAcquirePermit() {
		return l.silence()
	}
	learned := false
	defer func() {
		if !learned && l.breaker.IsHalfOpen() {
			// A permit that is not given back is one less for good.
			l.breaker.RecordFailure()
		}
	}()
	if subject != "" && l.probe != nil && l.breaker.IsHalfOpen() {
		// Whether the array is back is not for one SVM to tell.
		err := l.probe(ctx)
		if learned = l.learn(ctx, "", err); err != nil {
			return err
		}
	}
	err := call()
	learned = l.learn(ctx, subject, err) || learned
	return err
}

// learn takes in how a call ended, and reports whether that says anything about the array. Any answer does, whatever it
// says and which host gives it: a gateway that objects to what a user has written is no array that does not answer.
func (l *line) learn(ctx context.Context, subject string, err error) bool {
	var transport *ontap.TransportError
	unanswered := errors.As(err, &transport) && !transport.Answered && !errors.Is(err, errUnrecognised)
	switch {
	case errors.Is(err, ontap.ErrInvalidRequest), errors.Is(err, ErrNotIdentified):
		// Nothing was sent.
		return false
	case unanswered && (ctx.Err() != nil || errors.Is(err, errNoTurn) || errors.Is(err, errSilent)):
		// It was not the array that ended it.
		return false
	case unanswered:
		l.failure.Store(transport)
		if l.counts(subject) {
			l.breaker.RecordFailure()
		}
	default:
		l.mu.Lock()
		clear(l.unanswered)
		l.mu.Unlock()
		l.breaker.RecordSuccess()
	}
	return true
}

// counts reports whether a call that went unanswered counts against the array. Of those about one SVM, one does: what the
// array, or something before it, makes of that SVM says nothing about the others.
func (l *line) counts(subject string) bool {
	if subject == "" || !l.breaker.IsClosed() {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.unanswered[subject] {
		return false
	}
	if l.unanswered == nil {
		l.unanswered = map[string]bool{}
	}
	l.unanswered[subject] = true
	return true
}

// aside makes a call whose silence says nothing about the array: what it asks for may take longer than anything else.
func (l *line) aside(call func() error) error {
	if err := cmp.Or(l.login.refused(loginPause), l.silent()); err != nil {
		return err
	}
	return call()
}
