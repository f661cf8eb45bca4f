package main

import (
	"context"
	"fmt"
	"time"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
)

// memoryGoal is how much resident memory a thousand objects may take.
const memoryGoal = 16.0

// measureLarge brings up many objects on one array, and counts what the array is asked then.
func (b *bench) measureLarge(ctx context.Context, w *world) error {
	a, err := w.startArray("large", b.crowd)
	if err != nil {
		return err
	}
	w.arrays = []*array{a}
	base, err := w.startAtRest(ctx)
	if err != nil {
		return err
	}
	if err := w.bringUpFleet(ctx); err != nil {
		return err
	}
	if err := w.measureSteady(ctx, a, b.crowd); err != nil {
		return err
	}
	return w.measureMemory(base)
}

// measureFleet spreads as many objects over many arrays, restarts the operator, and lets arrays hang.
func (b *bench) measureFleet(ctx context.Context, w *world) error {
	// Each array has SVMs for its share of the objects, and for those that arrive later.
	svms := b.crowd/b.arrays + len(hangs)*(b.arrivals/(b.arrays-maxHanging)+1)
	for i := range b.arrays {
		if _, err := w.startArray(fmt.Sprintf("array%02d", i+1), svms); err != nil {
			return err
		}
	}
	base, err := w.startAtRest(ctx)
	if err != nil {
		return err
	}
	if err := w.bringUpFleet(ctx); err != nil {
		return err
	}
	if err := w.redeclare(ctx, w.arrays, polledEvery(15*time.Second)); err != nil {
		return err
	}
	if err := w.settled(ctx); err != nil {
		return err
	}
	if err := w.measureMemory(base); err != nil {
		return err
	}
	if err := w.measureRestart(ctx); err != nil {
		return err
	}
	return w.measureHangs(ctx)
}

// startAtRest starts the operator in a world without objects, and returns its memory.
func (w *world) startAtRest(ctx context.Context) (baseMiB float64, err error) {
	if err := w.startOperator(ctx); err != nil {
		return 0, err
	}
	if err := w.atRest(ctx); err != nil {
		return 0, err
	}
	return residentMiB(w.operator.PID())
}

// bringUpFleet declares all arrays and makes an equal share of the objects Ready on each.
func (w *world) bringUpFleet(ctx context.Context) error {
	for _, a := range w.arrays {
		if err := w.declare(ctx, a, func(*v1alpha1.ONTAPClusterSpec) {}); err != nil {
			return err
		}
	}
	if err := w.connected(ctx, w.arrays); err != nil {
		return err
	}
	w.progress("%d arrays are connected", len(w.arrays))
	var services []*v1alpha1.ISCSIService
	for number := range w.crowd / len(w.arrays) {
		for _, a := range w.arrays {
			services = append(services, service(a, number+1))
		}
	}
	began := time.Now()
	if err := w.bringUp(ctx, services); err != nil {
		return err
	}
	w.progress("%d objects are Ready, %.0f/s", len(services), perSecond(len(services), time.Since(began)))
	return nil
}

func (w *world) measureMemory(baseMiB float64) error {
	resident, err := residentMiB(w.operator.PID())
	if err != nil {
		return err
	}
	each := (resident - baseMiB) * 1000 / float64(w.crowd)
	w.note(fmt.Sprintf("resident memory per 1,000 objects beyond the base, %d on %d arrays", w.crowd, len(w.arrays)),
		fmt.Sprintf("<= %g MiB", memoryGoal), each <= memoryGoal, "%.1f MiB: %.0f MiB, base %.0f MiB", each, resident, baseMiB)
	return nil
}

// measureRestart restarts the operator while nothing changes.
func (w *world) measureRestart(ctx context.Context) error {
	if err := w.redeclare(ctx, w.arrays, polledEvery(24*time.Hour)); err != nil {
		return err
	}
	if err := w.atRest(ctx); err != nil {
		return err
	}
	if err := w.operator.Stop(); err != nil {
		return err
	}
	for _, a := range w.arrays {
		if _, err := a.news(ctx); err != nil {
			return err
		}
	}
	before, err := w.writes()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := w.startOperator(ctx); err != nil {
		return err
	}
	if err := w.atRest(ctx); err != nil {
		return err
	}
	took := time.Since(began) - lull
	all, err := w.tallyRestart(ctx)
	if err != nil {
		return err
	}
	after, err := w.writes()
	if err != nil {
		return err
	}
	w.note(fmt.Sprintf("operator restart, %d objects on %d arrays", w.crowd, len(w.arrays)),
		"0 ONTAP writes, 1 poll per array, no GET per object",
		all.writes == 0 && all.polls == len(w.arrays) && all.mostPolls == 1 && all.reads == all.identifications && all.identifications == len(w.arrays),
		"%d writes, %d polls, %d GETs of /cluster, %d other; %d Kubernetes writes; at rest after %.0fs",
		all.writes, all.polls, all.identifications, all.reads-all.identifications, len(after)-len(before), took.Seconds())
	return nil
}

// restartTally counts what all arrays were asked while the operator restarted.
type restartTally struct {
	tally
	// identifications counts the GETs of /api/cluster; mostPolls is the largest number of polls of one array.
	identifications, mostPolls int
}

// tallyRestart counts what the arrays were asked since their requests were last read.
func (w *world) tallyRestart(ctx context.Context) (restartTally, error) {
	var all restartTally
	for _, a := range w.arrays {
		requests, err := a.news(ctx)
		if err != nil {
			return restartTally{}, err
		}
		before := all.polls
		all.add(requests)
		all.mostPolls = max(all.mostPolls, all.polls-before)
		for _, r := range requests {
			if r.Path == "/api/cluster" {
				all.identifications++
			}
		}
	}
	return all, nil
}
