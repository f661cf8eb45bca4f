package fleet

import (
	"cmp"
	"context"
	"math"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// Array is one connected array. It is safe for concurrent use.
//
// Once it has refused the operator's login, requests are answered with that refusal and not sent until some minutes
// have passed, and then by polls only: thousands of objects that each try once would lock the account. Once it does not
// answer, they are answered with that, and now and then one is let through to try.
type Array struct {
	client   *ontap.Client
	config   ontap.Config
	guard    *callGuard
	identity identity
	snapshot snapshot
	names    svmNames
	metrics  metricsState
	// slots are the work slots, and historySlots has the one of Visit.EnterHistory.
	slots, historySlots workSlots
	// onUnusable, unless nil, is called when a call other than a poll finds out that the array cannot be used any more.
	onUnusable func()
}

// Limits bound the load on an array.
type Limits struct {
	// InFlight is how many work slots the array has: how many passes can work on it at a time, each with one request in
	// flight; 0 means DefaultInFlight.
	InFlight int
	// PerSecond is how many requests are sent per second; 0 means any number.
	PerSecond int
}

// DefaultInFlight is how many work slots an array has unless its Limits say otherwise.
const DefaultInFlight = 8

func newArray(cfg ontap.Config, limits Limits, login *login, observe func(ontap.Exchange), onUnusable func()) (*Array, error) {
	a := &Array{config: cfg, guard: newCallGuard(login), identity: identity{login: login}, onUnusable: onUnusable}
	a.guard.probe = a.identity.confirm
	a.limit(limits)
	a.historySlots.resize(1)
	cfg.Admit, cfg.Observe, cfg.Peer = a.admit, observe, a.identity.certificates.check
	client, err := ontap.New(cfg)
	a.client, a.identity.client = client, client
	return a, err
}

func (a *Array) limit(limits Limits) {
	if limits.InFlight == 0 {
		limits.InFlight = DefaultInFlight
	}
	a.slots.resize(limits.InFlight)
	a.guard.limit(limits.PerSecond)
}

// disconnect keeps anything more from being sent.
func (a *Array) disconnect() {
	a.identity.disconnect()
	a.slots.close()
	a.historySlots.close()
}

// Identify asks which array answers. If its UUID is not the expected one (empty accepts any), a *ChangedError is
// returned, and no other request is let through until the expected array answers again.
func (a *Array) Identify(ctx context.Context, expectedUUID string) (found ontap.Cluster, err error) {
	err = a.guard.call(ctx, "", func() error {
		found, err = a.identity.ask(ctx, expectedUUID)
		return err
	})
	return found, err
}

// Identity returns which array it is, if it was identified within that time.
func (a *Array) Identity(within time.Duration) (ontap.Cluster, bool) {
	last := a.identity.last.Load()
	if last == nil || time.Since(last.at) > within {
		return ontap.Cluster{}, false
	}
	return last.Cluster, true
}

// Usable returns why nothing can be sent to the array now, if so: it has not been identified or polled, has refused the
// login, or does not answer.
func (a *Array) Usable() error {
	if err := cmp.Or(a.guard.login.refused(math.MaxInt64), a.guard.unanswering()); err != nil {
		return err
	}
	if a.identity.last.Load() == nil || a.identity.disconnected.Load() {
		return ErrNotIdentified
	}
	if a.snapshot.polled().IsZero() {
		return ErrNotPolled
	}
	return nil
}

// Breaker is the state of the breaker: closed, open or half-open.
func (a *Array) Breaker() string { return a.guard.breaker.State().String() }

// Await waits for a turn, and for another request that finds out whether the array accepts the login.
func (a *Array) Await(ctx context.Context) (*Turn, error) {
	err := a.guard.awaitTurn(ctx)
	if err == nil {
		err = a.guard.login.await(ctx)
	}
	if err == nil && a.identity.disconnected.Load() {
		return nil, ErrNotIdentified
	}
	if err != nil {
		return nil, &ontap.TransportError{Operation: "wait for the limit of requests per second", Err: err}
	}
	return &Turn{}, nil
}

// admit waits until a request may be sent, and returns the function that is called when it has ended. An array that was
// disconnected meanwhile is sent nothing any more.
func (a *Array) admit(ctx context.Context) (ended func(error), err error) {
	ended, err = a.guard.admit(ctx)
	if err == nil && a.identity.disconnected.Load() {
		ended(ErrNotIdentified)
		return nil, ErrNotIdentified
	}
	return ended, err
}

// call makes a call about one SVM to the array that is remembered.
func (a *Array) call(ctx context.Context, svm ontap.SVMRef, call func() error) error {
	if err := a.Usable(); err != nil {
		return err
	}
	return a.reportUnusable(a.send(ctx, a.subject(svm), call))
}

// callUncounted makes a call that says nothing about the array if it goes unanswered.
func (a *Array) callUncounted(ctx context.Context, call func() error) error {
	if err := a.Usable(); err != nil {
		return err
	}
	return a.reportUnusable(a.guard.callUncounted(func() error { return a.identity.send(ctx, call) }))
}

// send makes a call to the array that is remembered. To identify it is part of the call: of an array that did not answer,
// one call finds out whether it is back, and it may be back with a new certificate.
func (a *Array) send(ctx context.Context, subject string, call func() error) error {
	return a.guard.call(ctx, subject, func() error { return a.identity.send(ctx, call) })
}

// reportUnusable returns the result of a call. If that found out that another array answers, the next poll is due at once.
// A refused login is reported by login, to all arrays that share it.
func (a *Array) reportUnusable(err error) error {
	if a.onUnusable != nil && a.identity.last.Load() == nil {
		a.onUnusable()
	}
	return err
}

// confirmIdentity makes sure that the array that is remembered answers.
func (a *Array) confirmIdentity(ctx context.Context) error {
	return a.guard.call(ctx, "", func() error { return a.identity.confirm(ctx) })
}

// subject is what a call about one SVM is about, as the breaker counts it: the same for its name and its UUID, if they
// are known to belong together.
func (a *Array) subject(svm ontap.SVMRef) string {
	if svm.UUID != "" {
		return svm.UUID
	}
	if service, _ := a.snapshot.find(svm); service != nil {
		return service.SVM.UUID
	}
	return svm.Name
}
