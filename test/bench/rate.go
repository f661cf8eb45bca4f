package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
)

// measureRate lets a bare loop and the operator take turns at making objects Ready, and goes on with the objects of the
// last turn to count requests and writes.
func (b *bench) measureRate(ctx context.Context, w *world) error {
	var bare, operator time.Duration
	var a *array
	// The API server is slower at first: nobody is to pay for that.
	if _, err := w.rateOfBareLoop(ctx, "warm", b.objects/5+1); err != nil {
		return err
	}
	for round := range b.rounds {
		took, err := w.rateOfBareLoop(ctx, fmt.Sprintf("bare%d", round), b.objects)
		if err != nil {
			return err
		}
		bare += took
		b.progress("bare loop, round %d: %d objects in %.2fs, %.0f/s", round+1, b.objects, took.Seconds(), perSecond(b.objects, took))

		a, took, err = w.rateOfOperator(ctx, fmt.Sprintf("rate%d", round), round == b.rounds-1)
		if err != nil {
			return err
		}
		operator += took
		b.progress("operator, round %d: %d objects in %.2fs, %.0f/s", round+1, b.objects, took.Seconds(), perSecond(b.objects, took))
	}
	ratio := bare.Seconds() / operator.Seconds()
	n := b.objects * b.rounds
	b.note(fmt.Sprintf("%d objects from apply to Ready, array answers in %s, %d at work on it", b.objects, b.latency, b.atWork),
		">= 50 % of the rate of a bare loop", ratio >= 0.5,
		"%.0f %%: %.0f/s, bare loop %.0f/s", 100*ratio, perSecond(n, operator), perSecond(n, bare))

	if err := a.ClearFaults(ctx); err != nil {
		return err
	}
	if err := w.measureSteady(ctx, a, b.objects); err != nil {
		return err
	}
	if err := w.measureWrites(ctx, a); err != nil {
		return err
	}
	return w.measureCosts(ctx, a)
}

func perSecond(n int, d time.Duration) float64 { return float64(n) / d.Seconds() }

// rateOfBareLoop is how long applying objects and making them Ready takes at least. The operator does not run.
func (w *world) rateOfBareLoop(ctx context.Context, name string, objects int) (time.Duration, error) {
	a, err := w.startArray(name, objects)
	if err != nil {
		return 0, err
	}
	if err := a.slow(ctx, w.latency); err != nil {
		return 0, err
	}
	loop, err := w.newBareLoop(a)
	if err != nil {
		return 0, err
	}
	services := servicesOf(a, 1, objects)
	accepted, done := make(chan *v1alpha1.ISCSIService, len(services)), make(chan error, 1)
	go func() { done <- loop.serve(ctx, w.atWork, accepted) }()
	took, err := w.timeToReady(ctx, services, func(service *v1alpha1.ISCSIService) { accepted <- service })
	close(accepted)
	if err := errors.Join(err, <-done); err != nil {
		return 0, err
	}
	a.close()
	return took, w.clear(ctx, services)
}

// rateOfOperator is how long it takes with the operator, which is connected to the array before. The objects stay if
// they are to be kept, and the operator goes on.
func (w *world) rateOfOperator(ctx context.Context, name string, keep bool) (*array, time.Duration, error) {
	a, err := w.startArray(name, w.objects+costObjects)
	if err != nil {
		return nil, 0, err
	}
	if err := a.slow(ctx, w.latency); err != nil {
		return nil, 0, err
	}
	err = w.declare(ctx, a, func(spec *v1alpha1.ONTAPClusterSpec) {
		spec.Limits = &v1alpha1.Limits{MaxInFlight: int32(w.atWork)}
	})
	if err != nil {
		return nil, 0, err
	}
	if err := w.startOperator(ctx); err != nil {
		return nil, 0, err
	}
	if err := w.connected(ctx, []*array{a}); err != nil {
		return nil, 0, err
	}
	services := servicesOf(a, 1, w.objects)
	took, err := w.timeToReady(ctx, services, func(*v1alpha1.ISCSIService) {})
	if err != nil || keep {
		return a, took, err
	}
	err = w.operator.Stop()
	w.operator = nil
	if err != nil {
		return nil, 0, err
	}
	a.close()
	return nil, took, w.clear(ctx, services)
}

// timeToReady applies objects and returns how long it took until the last was Ready. Whoever makes them so works while
// others are still being applied: the API server's time to accept them is part of it, whoever that is.
func (w *world) timeToReady(ctx context.Context, services []*v1alpha1.ISCSIService, accepted func(*v1alpha1.ISCSIService)) (time.Duration, error) {
	seen, err := w.watch(ctx, services)
	if err != nil {
		return 0, err
	}
	defer seen.stop()
	before, err := w.spent()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := w.apply(ctx, services, accepted); err != nil {
		return 0, err
	}
	if err := seen.wait(ctx); err != nil {
		return 0, err
	}
	after, err := w.spent()
	if err != nil {
		return 0, err
	}
	w.tellSpent(before, after, len(services))
	return seen.last.Sub(began), nil
}
