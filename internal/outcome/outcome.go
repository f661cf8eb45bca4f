// Package outcome says how a pass over an object ended, and shows it: one table turns an error of the array into an outcome,
// and an outcome becomes conditions, an event and the time of the next look.
//
//	report.go      writes an outcome into conditions, and sends an event if it is another one than before
//	events.go      events that the API server takes
//	array.go       the one table from an error of the array to an outcome
//	metrics.go     why the array gives no performance data
//	remedies.go    what is wrong and what to do next, for each ONTAP code
//	outcome.go     the outcome
//	conditions.go  reads conditions
//
// A file uses those below it.
package outcome

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// SettledRetry is when an object that is as it should be is looked at unasked: whatever changes triggers a look by
	// itself.
	SettledRetry = time.Hour
	// StalledRetry is how often something that a person must mend is tried again unasked.
	StalledRetry = 10 * time.Minute
	// ArrayRetry is the longest wait between two tries of what an array keeps from being done, so that work goes on within
	// a minute of its return.
	ArrayRetry = 45 * time.Second
	// Grace is how long a missing ONTAPCluster or Secret is waited for before it counts as a mistake: things that are
	// applied together arrive in any order.
	Grace = 2 * time.Minute
)

// Outcome is how a pass ended: the conditions to show, and when to look again.
type Outcome struct {
	// Ready is the status of the Ready condition, with Reason and Message.
	Ready           metav1.ConditionStatus
	Reason, Message string
	// Stalled: a person must do something. Otherwise an outcome that is not ready is reconciling.
	Stalled bool
	// Paused: an annotation keeps the operator from changing anything; Frozen: the conditions stay as they were.
	Paused, Frozen bool
	// InUse: initiators keep the service from being disabled.
	InUse bool
	// Expected: no event is worth it, since things that are applied together take a moment to find each other.
	Expected bool
	// RetryAfter is when to look again; 0 means with backoff.
	RetryAfter time.Duration
}

// Ready is the outcome of a pass that found the object as it should be, or made it so.
func Ready(reason, message string, lookAgain time.Duration) Outcome {
	return Outcome{Ready: metav1.ConditionTrue, Reason: reason, Message: message, RetryAfter: lookAgain}
}

// Stalled is the outcome where a person must do something.
func Stalled(reason, message string) Outcome {
	return Outcome{Ready: metav1.ConditionFalse, Reason: reason, Message: message, Stalled: true, RetryAfter: StalledRetry}
}

// Reconciling is the outcome while work is under way, or trouble lasts that should pass by itself.
func Reconciling(reason, message string, retryAfter time.Duration) Outcome {
	return Outcome{Ready: metav1.ConditionFalse, Reason: reason, Message: message, RetryAfter: retryAfter}
}

// Unknown is the outcome where the array cannot be asked: the last known values stay.
func Unknown(reason, message string, retryAfter time.Duration) Outcome {
	return Outcome{Ready: metav1.ConditionUnknown, Reason: reason, Message: message, RetryAfter: retryAfter}
}

// WaitingFor is the outcome while something that should exist does not: it may be on its way, until Grace has passed.
func WaitingFor(conditions []metav1.Condition, reason, message string) Outcome {
	left := Grace
	if c := ReadyCondition(conditions); c != nil && c.Reason == reason {
		left -= time.Since(c.LastTransitionTime.Time)
	}
	if left <= 0 {
		return Stalled(reason, message)
	}
	o := Reconciling(reason, message, left+time.Second)
	o.Expected = true
	return o
}

// Settled reports whether the pass came to rest: nothing is under way that a next pass would go on with.
func (o Outcome) Settled() bool { return o.Stalled || o.Paused || o.Ready == metav1.ConditionTrue }

// Retry is, as an error of a reconciler, an outcome that is tried again with backoff.
type Retry struct{ *Outcome }

// Error is reason and message.
func (r Retry) Error() string { return r.Reason + ": " + r.Message }
