package fleet

import (
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
	// loginPause is for how long nothing is sent after the array refused the login: ONTAP locks accounts.
	loginPause = 4*time.Minute + 30*time.Second
)

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
		breaker: circuitbreaker.NewBuilder[any]().WithFailureThreshold(breakAfter).WithDelay(breakFor).WithJitterFactor(0.2).Build(),
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

// closed returns why no call is made now, if so: the array has refused the login not long ago, or does not answer.
func (l *line) closed() error {
	if refused := l.refusal.Load(); refused != nil && time.Since(refused.at) < loginPause {
		return refused.answer
	}
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
	if err := l.closed(); err != nil {
		return err
	}
	if !l.breaker.TryAcquirePermit() {
		return l.silence()
	}
	err := call()
	var silence *ontap.TransportError
	var refusal *ontap.Error
	switch {
	case errors.As(err, &silence) && ctx.Err() == nil:
		l.failure.Store(silence)
		l.breaker.RecordFailure()
		return err
	case errors.As(err, &refusal) && refusal.LoginRefused():
		l.refusal.Store(&refusedLogin{answer: refusal, at: time.Now()})
	}
	l.breaker.RecordSuccess()
	return err
}
