package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
)

const (
	// quiet is a namespace beside the one with the crowd.
	quiet = "quiet"
	// pause is the time between two new objects there.
	pause = 200 * time.Millisecond
	// floodGoal and dueGoal are how long a new object may take while others have work for the operator.
	floodGoal = time.Second
	dueGoal   = 300 * time.Millisecond
)

// measureFlood creates many objects at once in one namespace, and times new objects in another one, on the same array.
func (b *bench) measureFlood(ctx context.Context, w *world) error {
	a, err := w.startArray("flood", b.flood+2*b.newcomers)
	if err != nil {
		return err
	}
	w.arrays = []*array{a}
	if err := w.startOperator(ctx); err != nil {
		return err
	}
	if err := w.declare(ctx, a, func(*v1alpha1.ONTAPClusterSpec) {}); err != nil {
		return err
	}
	if err := errors.Join(w.connected(ctx, w.arrays), a.slow(ctx, b.latency), w.createQuiet(ctx)); err != nil {
		return err
	}
	alone, err := w.timeNewcomers(ctx, b.flood+1)
	if err != nil {
		return err
	}
	flooded, began := make(chan error, 1), time.Now()
	go func() { flooded <- w.bringUp(ctx, servicesOf(a, 1, b.flood)) }()
	times, err := w.timeNewcomers(ctx, b.flood+b.newcomers+1)
	if err := errors.Join(err, <-flooded); err != nil {
		return err
	}
	w.progress("the flood is Ready after %.0fs", time.Since(began).Seconds())
	w.note(fmt.Sprintf("a new object from apply to Ready while %d are created in another namespace, longest of %d", b.flood, b.newcomers),
		"<= 1 s more than alone", times.at(100) <= alone.at(100)+floodGoal, "%s; alone %s", times, alone)
	return nil
}

// measureDue times new objects while samples of performance data are due for many, as often as an ONTAPCluster can ask
// for them.
func (b *bench) measureDue(ctx context.Context, w *world) error {
	for i := range b.arrays {
		if _, err := w.startArray(fmt.Sprintf("array%02d", i+1), b.crowd/b.arrays+2*(b.newcomers/b.arrays+1)); err != nil {
			return err
		}
	}
	if err := errors.Join(w.startOperator(ctx), w.createQuiet(ctx)); err != nil {
		return err
	}
	if err := w.bringUpFleet(ctx); err != nil {
		return err
	}
	if err := w.redeclare(ctx, w.arrays, sampledEvery(15*time.Second)); err != nil {
		return err
	}
	if err := w.sampled(ctx); err != nil {
		return err
	}
	before, err := w.writes()
	if err != nil {
		return err
	}
	began := time.Now()
	times, err := w.timeNewcomers(ctx, b.crowd/b.arrays+1)
	if err != nil {
		return err
	}
	after, err := w.writes()
	if err != nil {
		return err
	}
	w.progress("meanwhile the operator made %.0f writes/s", perSecond(len(after)-len(before), time.Since(began)))
	if err := w.redeclare(ctx, w.arrays, sampledEvery(24*time.Hour)); err != nil {
		return err
	}
	if err := w.atRest(ctx); err != nil {
		return err
	}
	alone, err := w.timeNewcomers(ctx, b.crowd/b.arrays+b.newcomers/b.arrays+2)
	if err != nil {
		return err
	}
	w.note(fmt.Sprintf("p99 of a new object from apply to Ready while samples of %d on %d arrays are due, %d new ones", b.crowd, len(w.arrays), b.newcomers),
		"<= 300 ms, or 100 ms more than with none due", times.at(99) <= max(dueGoal, alone.at(99)+dueGoal/3), "%s; none due %s", times, alone)
	return nil
}

func sampledEvery(interval time.Duration) func(*v1alpha1.ONTAPClusterSpec) {
	return func(spec *v1alpha1.ONTAPClusterSpec) {
		polledEvery(5 * time.Second)(spec)
		spec.Metrics = &v1alpha1.MetricsConfig{StatusInterval: &metav1.Duration{Duration: interval}}
	}
}

func (w *world) createQuiet(ctx context.Context) error {
	return w.admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: quiet}})
}

// durations are in order.
type durations []time.Duration

// at is what that many of a hundred do not exceed.
func (d durations) at(percent int) time.Duration { return d[(len(d)*percent+99)/100-1] }

func (d durations) String() string {
	return fmt.Sprintf("median %s, p99 %s, longest %s", ms(d.at(50)), ms(d.at(99)), ms(d.at(100)))
}

// timeNewcomers applies new objects to the quiet namespace one after the other, whether or not the one before is Ready,
// for the SVMs from first on, and returns how long each took until it was Ready.
func (w *world) timeNewcomers(ctx context.Context, first int) (durations, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, 5*time.Minute, errors.New("not all new objects are Ready within 5 minutes"))
	defer cancel()
	events, err := w.admin.Watch(ctx, &v1alpha1.ISCSIServiceList{}, client.InNamespace(quiet))
	if err != nil {
		return nil, err
	}
	defer events.Stop()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	applied, failed := map[string]time.Time{}, make(chan error, w.newcomers)
	var times durations
	for sent := 0; len(times) < w.newcomers; {
		select {
		case <-tick.C:
			if sent == w.newcomers {
				continue
			}
			newcomer := service(w.arrays[sent%len(w.arrays)], first+sent/len(w.arrays))
			newcomer.Namespace = quiet
			applied[newcomer.Name] = time.Now()
			sent++
			go w.create(ctx, newcomer, failed)
		case event, ok := <-events.ResultChan():
			if !ok {
				return nil, errors.Join(errors.New("the API server has ended the watch"), context.Cause(ctx))
			}
			ready := readyService(event)
			if at, ok := applied[ready]; ok {
				times = append(times, time.Since(at))
				delete(applied, ready)
			}
		case err := <-failed:
			return nil, err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	slices.Sort(times)
	return times, nil
}

// create creates an object, and sends the error, if there is one.
func (w *world) create(ctx context.Context, service *v1alpha1.ISCSIService, failed chan<- error) {
	if err := w.admin.Create(ctx, service); err != nil {
		failed <- err
	}
}

// readyService returns the name of the ISCSIService that the event shows as Ready, or "".
func readyService(event watch.Event) string {
	service, _ := event.Object.(*v1alpha1.ISCSIService)
	if service == nil || !isTrue(service.Status.Conditions, v1alpha1.ConditionReady) {
		return ""
	}
	return service.Name
}
