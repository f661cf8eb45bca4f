package main

import (
	"context"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// steadyPolls is how many polls of a steady state are looked at.
const steadyPolls = 10

// measureSteady counts what an array is asked while nothing changes, its objects being settled, performance data
// included.
func (w *world) measureSteady(ctx context.Context, a *array, services int) error {
	if err := w.redeclare(ctx, []*array{a}, polledEvery(2*time.Second)); err != nil {
		return err
	}
	if err := w.settled(ctx); err != nil {
		return err
	}
	w.progress("%d objects are settled, with performance data", services)
	if _, err := a.news(ctx); err != nil {
		return err
	}
	var asked tally
	err := until(ctx, 2*time.Minute, "the array is polled", func(ctx context.Context) (bool, error) {
		requests, err := a.news(ctx)
		asked.add(requests)
		return asked.polls >= steadyPolls+2, err
	})
	if err != nil {
		return err
	}
	// A full page has a next link even if nothing remains. The first poll or the last may be there in part only.
	each := services/pageSize + 1
	met := asked.reads == 0 && asked.writes == 0 && asked.pages <= asked.polls*each && asked.pages > (asked.polls-2)*each
	w.note(fmt.Sprintf("ONTAP requests in steady state, %d services", services), "pages of the collection, nothing else", met,
		"%d polls: %d pages, at most %d a poll; other reads %d, writes %d", asked.polls, asked.pages, each, asked.reads, asked.writes)
	return nil
}

// settled waits until every object is Ready and shows performance data, and the operator is at rest.
func (w *world) settled(ctx context.Context) error {
	if err := w.sampled(ctx); err != nil {
		return err
	}
	return w.atRest(ctx)
}

// sampled waits until every object is Ready and shows performance data.
func (w *world) sampled(ctx context.Context) error {
	return until(ctx, 5*time.Minute, "all objects are settled", func(ctx context.Context) (bool, error) {
		var list v1alpha1.ISCSIServiceList
		if err := w.admin.List(ctx, &list, client.InNamespace(namespace)); err != nil {
			return false, err
		}
		for i := range list.Items {
			conditions := list.Items[i].Status.Conditions
			if !isTrue(conditions, v1alpha1.ConditionReady) || !isTrue(conditions, v1alpha1.ConditionMetricsAvailable) {
				return false, nil
			}
		}
		return true, nil
	})
}

// hourly is how many polls an hour has unless an ONTAPCluster says otherwise.
const hourly = 60

// measureWrites counts what the operator writes to Kubernetes in an hour in which nothing changes: in that time it polls
// the array 60 times and looks at each object once, as it does when it starts. The polls are a second apart here.
func (w *world) measureWrites(ctx context.Context, a *array) error {
	err := w.redeclare(ctx, []*array{a}, func(spec *v1alpha1.ONTAPClusterSpec) {
		polledEvery(time.Second)(spec)
		spec.Metrics = &v1alpha1.MetricsConfig{Disabled: true}
	})
	if err != nil {
		return err
	}
	err = until(ctx, 5*time.Minute, "no object shows performance data", func(ctx context.Context) (bool, error) {
		var list v1alpha1.ISCSIServiceList
		if err := w.admin.List(ctx, &list, client.InNamespace(namespace)); err != nil {
			return false, err
		}
		for i := range list.Items {
			if list.Items[i].Status.Metrics != nil {
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	if err := w.operator.Stop(); err != nil {
		return err
	}
	before, err := w.writes()
	if err != nil {
		return err
	}
	if _, err := a.news(ctx); err != nil {
		return err
	}
	w.progress("an hour of settled objects with metrics off: a look at each, and %d polls", hourly)
	if err := w.startOperator(ctx); err != nil {
		return err
	}
	var asked tally
	err = until(ctx, 10*time.Minute, "the array is polled 60 times", func(ctx context.Context) (bool, error) {
		requests, err := a.news(ctx)
		asked.add(requests)
		return asked.polls >= hourly, err
	})
	if err != nil {
		return err
	}
	after, err := w.writes()
	if err != nil {
		return err
	}
	w.note("Kubernetes writes per settled object and hour, metrics off", "0", len(after) == len(before),
		"%.2f: %d for %d objects", float64(len(after)-len(before))/float64(w.objects), len(after)-len(before), w.objects)
	return nil
}

// writes are those of the operator so far, events apart.
func (w *world) writes() (writes []testbed.APIRequest, err error) {
	all, err := w.plane.Writes(testbed.OperatorUser)
	for _, write := range all {
		if write.Object.Resource != "events" {
			writes = append(writes, write)
		}
	}
	return writes, err
}
