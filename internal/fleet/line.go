package fleet

import (
	"cmp"
	"context"
	"errors"
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
	// loginPause is for how long nothing is sent after the array refused the login: ONTAP locks accounts. After that, the
	// poll tries, and everybody else waits for how that ends.
	loginPause = 4*time.Minute + 30*time.Second
)

// errNoTurn is the error for a request that was not sent since others have filled the time that was left.
var errNoTurn = errors.New("the limit of requests per second left no turn in time")

// line is the way to an array: what keeps calls from being made that would do harm, or no good.
type line struct {
	limiter *rate.Limiter
	breaker circuitbreaker.CircuitBreaker[any]
	// failure is the last call that went unanswered, and refusal the last login that was refused.
	failure atomic.Pointer[ontap.TransportError]
	refusal atomic.Pointer[refusedLogin]
}

type refusedLogin struct {
	answer *ontap.Error
	at     time.Time
}

func newLine() *line {
	return &line{
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

// admit waits for the turn of a request.
func (l *line) admit(ctx context.Context) error {
	if turn, ok := ctx.Value(turnKey{}).(*Turn); ok {
		turn.charge(l.limiter)
		return nil
	}
	if err := l.limiter.Wait(ctx); err != nil {
		return errNoTurn
	}
	return nil
}

// refused returns the array's refusal of the login, if that was its last word on it, and not longer ago than that.
func (l *line) refused(within time.Duration) error {
	if refused := l.refusal.Load(); refused != nil && time.Since(refused.at) < within {
		return refused.answer
	}
	return nil
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

// call makes a call, unless it would do no good, and learns from how it ends.
func (l *line) call(ctx context.Context, call func() error) error {
	if err := cmp.Or(l.refused(loginPause), l.silent()); err != nil {
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
	err := call()
	var silence *ontap.TransportError
	switch {
	case errors.Is(err, errUnrecognised):
		// Somebody answered, and was asked who that is.
		l.breaker.RecordSuccess()
	case errors.As(err, &silence) && (ctx.Err() != nil || errors.Is(err, errNoTurn)):
		// It was not the array that ended it.
		return err
	case silence != nil:
		l.failure.Store(silence)
		l.breaker.RecordFailure()
	case l.learnRefusal(err):
		l.breaker.RecordSuccess()
	default:
		l.refusal.Store(nil)
		l.breaker.RecordSuccess()
	}
	learned = true
	return err
}

// aside makes a call whose silence says nothing about the array: what it asks for may take longer than anything else.
func (l *line) aside(call func() error) error {
	if err := cmp.Or(l.refused(loginPause), l.silent()); err != nil {
		return err
	}
	err := call()
	l.learnRefusal(err)
	return err
}

// learnRefusal remembers it if the array refused the login, and reports whether it did.
func (l *line) learnRefusal(err error) bool {
	var refusal *ontap.Error
	if !errors.As(err, &refusal) || !refusal.LoginRefused() {
		return false
	}
	l.refusal.Store(&refusedLogin{answer: refusal, at: time.Now()})
	return true
}
