package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// hangs are how many arrays hang in the runs that are compared: none, the one that the goal speaks of, and more.
var hangs = []int{0, 1, maxHanging}

const (
	maxHanging = 5
	// spacing is the time between two new objects. All of them arrive before the first request to a hanging array is
	// given up: that is when it hurts most.
	spacing = 50 * time.Millisecond
)

// measureHangs compares how soon new objects are picked up while other arrays hang, and while none does.
func (w *world) measureHangs(ctx context.Context) error {
	var quiet time.Duration
	for run, hanging := range hangs {
		if err := w.redeclare(ctx, w.arrays, polledEvery(15*time.Second)); err != nil {
			return err
		}
		if err := w.atRest(ctx); err != nil {
			return err
		}
		delays, err := w.pickUps(ctx, run, hanging)
		if err != nil {
			return err
		}
		slices.Sort(delays)
		p50, p99 := delays[len(delays)/2], delays[len(delays)*99/100]
		w.progress("%d arrays hang: pick-up of %d new objects on others, median %s, p99 %s", hanging, len(delays), ms(p50), ms(p99))
		if hanging == 0 {
			quiet = p99
			continue
		}
		allowed := min(2*time.Second, quiet+max(quiet/10, 100*time.Millisecond))
		w.note(fmt.Sprintf("p99 pick-up of a new object, %d objects on %d arrays, %d of them hanging", w.crowd, len(w.arrays), hanging),
			"<= 2 s, within 10 % or 100 ms of none hanging", p99 <= allowed, "%s, none hanging %s", ms(p99), ms(quiet))
	}
	return nil
}

func ms(d time.Duration) string { return d.Round(time.Millisecond).String() }

// pickUps makes arrays hang while all their objects want something of them, and returns how long it takes from the
// application of new objects of other arrays to their create requests. Without a hang, one array has as much to do.
func (w *world) pickUps(ctx context.Context, run, hanging int) ([]time.Duration, error) {
	share := w.crowd / len(w.arrays)
	for _, a := range w.arrays {
		if _, err := a.news(ctx); err != nil {
			return nil, err
		}
	}
	var busy []*v1alpha1.ISCSIService
	for _, a := range w.arrays[:max(hanging, 1)] {
		busy = append(busy, servicesOf(a, 1, share)...)
	}
	for _, a := range w.arrays[:hanging] {
		if _, err := a.InjectFault(ctx, testbed.Fault{Delay: "10m"}); err != nil {
			return nil, err
		}
	}
	alias := fmt.Sprintf("run-%d", run)
	if err := w.change(ctx, busy, func(s *v1alpha1.ISCSIService) { s.Spec.Alias = &alias }); err != nil {
		return nil, err
	}
	applied, err := w.arrive(ctx, run)
	if err != nil {
		return nil, err
	}
	delays, err := w.picked(ctx, applied)
	if err != nil {
		return nil, err
	}
	for _, a := range w.arrays[:hanging] {
		if err := a.ClearFaults(ctx); err != nil {
			return nil, err
		}
	}
	return delays, w.connected(ctx, w.arrays)
}

// arrive applies new objects one after the other, whether or not the one before was accepted yet, and returns when each
// was applied, by the name of its SVM.
func (w *world) arrive(ctx context.Context, run int) (map[string]time.Time, error) {
	others := w.arrays[maxHanging:]
	first := w.crowd/len(w.arrays) + 1 + run*(w.arrivals/len(others)+1)
	applied := make(map[string]time.Time, w.arrivals)
	var group sync.WaitGroup
	failed := make(chan error, w.arrivals)
	tick := time.NewTicker(spacing)
	defer tick.Stop()
	for i := range w.arrivals {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		arriving := service(others[i%len(others)], first+i/len(others))
		applied[arriving.Name] = time.Now()
		group.Go(func() {
			if err := w.admin.Create(ctx, arriving); err != nil {
				failed <- err
			}
		})
	}
	group.Wait()
	close(failed)
	return applied, <-failed
}

// picked waits until the arrays got the create requests, and returns how long each took.
func (w *world) picked(ctx context.Context, applied map[string]time.Time) ([]time.Duration, error) {
	var delays []time.Duration
	err := until(ctx, 2*time.Minute, "all new objects are picked up", func(ctx context.Context) (bool, error) {
		for _, a := range w.arrays[maxHanging:] {
			creates, err := a.creates(ctx)
			if err != nil {
				return false, err
			}
			for _, create := range creates {
				if at, ok := applied[create.svm]; ok {
					delays = append(delays, create.received.Sub(at))
				}
			}
		}
		return len(delays) >= len(applied), nil
	})
	return delays, err
}

// createRequest is a request to create the service of an SVM.
type createRequest struct {
	svm      string
	received time.Time
}

// creates returns the create requests that the array got since its requests were last read.
func (a *array) creates(ctx context.Context) ([]createRequest, error) {
	requests, err := a.news(ctx)
	if err != nil {
		return nil, err
	}
	var creates []createRequest
	for _, r := range requests {
		if r.Method != http.MethodPost || !strings.HasPrefix(r.Path, servicesPath) {
			continue
		}
		var body record
		if err := json.Unmarshal([]byte(r.Body), &body); err != nil {
			return nil, err
		}
		creates = append(creates, createRequest{svm: body.SVM.Name, received: r.Received})
	}
	return creates, nil
}
