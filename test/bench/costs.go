package main

import (
	"context"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
)

// costObjects is how many objects go through life to be counted.
const costObjects = 20

// measureCosts counts the requests and writes in the life of objects. No poll comes in between.
func (w *world) measureCosts(ctx context.Context, a *array) error {
	if err := w.redeclare(ctx, []*array{a}, polledEvery(24*time.Hour)); err != nil {
		return err
	}
	if err := w.atRest(ctx); err != nil {
		return err
	}
	services := servicesOf(a, w.objects+1, costObjects)
	created, err := w.costOf(ctx, a, func(ctx context.Context) error { return w.bringUp(ctx, services) })
	if err != nil {
		return err
	}
	updated, err := w.costOfEdit(ctx, a, services, func(s *v1alpha1.ISCSIService) { s.Spec.Alias = new("edited") })
	if err != nil {
		return err
	}
	disabled, err := w.costOfEdit(ctx, a, services, func(s *v1alpha1.ISCSIService) { s.Spec.Enabled = new(false) })
	if err != nil {
		return err
	}
	// Whoever says Disconnect wants no sessions counted. The others do, for fear of cutting somebody off.
	uncounted, counted := services[:costObjects/2], services[costObjects/2:]
	_, err = w.costOfEdit(ctx, a, services, func(s *v1alpha1.ISCSIService) {
		s.Spec.Enabled = nil
		if slices.ContainsFunc(uncounted, func(u *v1alpha1.ISCSIService) bool { return u.Name == s.Name }) {
			s.Spec.InUsePolicy = v1alpha1.InUsePolicyDisconnect
		}
	})
	if err != nil {
		return err
	}
	deleted, err := w.costOf(ctx, a, func(ctx context.Context) error { return w.delete(ctx, uncounted) })
	if err != nil {
		return err
	}
	guarded, err := w.costOf(ctx, a, func(ctx context.Context) error { return w.delete(ctx, counted) })
	if err != nil {
		return err
	}
	each, half := created.per(costObjects), float64(costObjects/2)
	w.note("ONTAP requests per create / update / delete", "2 / 1 / 3 (the names of the SVMs apart: 1 a minute)",
		each.requests <= 2+2/float64(costObjects) && updated.per(costObjects).requests == 1 && deleted.per(half).requests == 3,
		"%g / %g / %g", each.requests, updated.per(costObjects).requests, deleted.per(half).requests)
	w.note("the same per update / delete that counts sessions before it disables", "1 / 3 + 1 session count",
		disabled.per(costObjects).requests == 2 && guarded.per(half).requests == 4,
		"%g / %g", disabled.per(costObjects).requests, guarded.per(half).requests)
	w.note("Kubernetes writes per create, events apart", "2", each.writes == 2,
		"%g (update %g, delete %g)", each.writes, updated.per(costObjects).writes, deleted.per(half).writes)
	return nil
}

// cost is what something took: ONTAP requests, and writes to Kubernetes.
type cost struct{ requests, writes float64 }

func (c cost) per(objects float64) cost { return cost{c.requests / objects, c.writes / objects} }

func (w *world) costOfEdit(ctx context.Context, a *array, services []*v1alpha1.ISCSIService, change func(*v1alpha1.ISCSIService)) (cost, error) {
	return w.costOf(ctx, a, func(ctx context.Context) error { return w.edit(ctx, services, change) })
}

func (w *world) costOf(ctx context.Context, a *array, do func(context.Context) error) (cost, error) {
	if err := w.atRest(ctx); err != nil {
		return cost{}, err
	}
	before, err := w.writes()
	if err != nil {
		return cost{}, err
	}
	if _, err := a.news(ctx); err != nil {
		return cost{}, err
	}
	if err := do(ctx); err != nil {
		return cost{}, err
	}
	if err := w.atRest(ctx); err != nil {
		return cost{}, err
	}
	requests, err := a.news(ctx)
	if err != nil {
		return cost{}, err
	}
	after, err := w.writes()
	return cost{float64(len(requests)), float64(len(after) - len(before))}, err
}

// edit changes the spec of objects and waits for them to be Ready again.
func (w *world) edit(ctx context.Context, services []*v1alpha1.ISCSIService, change func(*v1alpha1.ISCSIService)) error {
	seen, err := w.watch(ctx, services)
	if err != nil {
		return err
	}
	defer seen.stop()
	if err := w.change(ctx, services, change); err != nil {
		return err
	}
	return seen.wait(ctx)
}

// change changes the spec of objects.
func (w *world) change(ctx context.Context, services []*v1alpha1.ISCSIService, change func(*v1alpha1.ISCSIService)) error {
	return each(ctx, appliers, services, func(ctx context.Context, service *v1alpha1.ISCSIService) error {
		before := service.DeepCopy()
		change(service)
		return w.admin.Patch(ctx, service, client.MergeFrom(before))
	})
}

// delete deletes objects and waits for them to be gone.
func (w *world) delete(ctx context.Context, services []*v1alpha1.ISCSIService) error {
	err := each(ctx, appliers, services, func(ctx context.Context, service *v1alpha1.ISCSIService) error {
		return w.admin.Delete(ctx, service.DeepCopy())
	})
	if err != nil {
		return err
	}
	return until(ctx, time.Minute, "the objects are gone", func(ctx context.Context) (bool, error) {
		for _, service := range services {
			err := w.admin.Get(ctx, client.ObjectKeyFromObject(service), &v1alpha1.ISCSIService{})
			if client.IgnoreNotFound(err) != nil || err == nil {
				return false, err
			}
		}
		return true, nil
	})
}
