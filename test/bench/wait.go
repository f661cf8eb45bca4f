package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
)

func isTrue(conditions []metav1.Condition, condition string) bool {
	return meta.IsStatusConditionTrue(conditions, condition)
}

// until looks again and again until what is waited for is so.
func until(ctx context.Context, atMost time.Duration, what string, so func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, atMost, fmt.Errorf("not within %s: %s", atMost, what))
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		done, err := so(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if done || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// each does something with all items, some at a time, and stops at the first error.
func each[T any](ctx context.Context, atATime int, items []T, do func(context.Context, T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	todo := make(chan T)
	var workers sync.WaitGroup
	for range atATime {
		workers.Go(func() {
			for item := range todo {
				if err := do(ctx, item); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	for _, item := range items {
		select {
		case todo <- item:
		case <-ctx.Done():
		}
	}
	close(todo)
	workers.Wait()
	return context.Cause(ctx)
}

// readiness watches objects until all of them are Ready.
type readiness struct {
	stop func()
	// missing are those that are not Ready yet, with the generation that has to be.
	missing map[string]int64
	last    time.Time
	done    chan error
}

// watch begins to watch for objects to become Ready in their next generation. Stop it at the end.
func (w *world) watch(ctx context.Context, services []*v1alpha1.ISCSIService) (*readiness, error) {
	ctx, stop := context.WithCancel(ctx)
	r := &readiness{stop: stop, missing: make(map[string]int64, len(services)), done: make(chan error, 1)}
	for _, service := range services {
		r.missing[service.Name] = service.Generation + 1
	}
	events, err := w.admin.Watch(ctx, &v1alpha1.ISCSIServiceList{}, client.InNamespace(namespace))
	if err != nil {
		stop()
		return nil, err
	}
	go func() { r.done <- r.follow(ctx, w, events) }()
	return r, nil
}

// follow looks at what the watch brings. The API server hangs up on who is slow: then it begins anew, with all objects.
func (r *readiness) follow(ctx context.Context, w *world, events watch.Interface) error {
	all, told := len(r.missing), time.Now()
	for ctx.Err() == nil {
		for event := range events.ResultChan() {
			if service, ok := event.Object.(*v1alpha1.ISCSIService); ok && r.isLast(service) {
				events.Stop()
				return nil
			}
			if time.Since(told) > 10*time.Second {
				told = time.Now()
				w.progress("%d of %d Ready", all-len(r.missing), all)
			}
		}
		var err error
		if events, err = w.admin.Watch(ctx, &v1alpha1.ISCSIServiceList{}, client.InNamespace(namespace)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// isLast takes in how an object is, and reports whether all are Ready now.
func (r *readiness) isLast(service *v1alpha1.ISCSIService) bool {
	if generation := r.missing[service.Name]; generation > 0 && service.Status.ObservedGeneration >= generation &&
		isTrue(service.Status.Conditions, v1alpha1.ConditionReady) {
		delete(r.missing, service.Name)
		r.last = time.Now()
	}
	return len(r.missing) == 0
}

// wait returns when all are Ready; last is then when the last became so.
func (r *readiness) wait(ctx context.Context) error {
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
