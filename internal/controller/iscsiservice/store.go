package iscsiservice

import (
	"context"
	"errors"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

// refresh makes sure, before the array is asked to change something, that the object still says so. It returns
// kube.ErrChanged if it may say something else by now.
func (p *pass) refresh(ctx context.Context) error {
	stored := p.object.Stored()
	return p.object.Refresh(ctx, func(live *v1alpha1.ISCSIService) error {
		// Nobody but the operator writes status: another one means that the cache was behind what it wrote itself. And what
		// was learned about one SVM says nothing about the one that an unbound object names by now.
		if !apiequality.Semantic.DeepEqual(live.Status, stored.Status) ||
			live.Status.SVM == nil && live.Spec.SVM != stored.Spec.SVM {
			return kube.ErrStale
		}
		return nil
	})
}

// forget ends the ownership of a service that is gone, or that another object has, in memory that lasts, before another one
// may be created.
func (p *pass) forget(ctx context.Context, why plan.Why) error {
	status := &p.obj.Status
	if why == plan.ClaimLost {
		// That another object has it is not believed because the cache says so.
		if err := p.claim(ctx, true); err != nil || p.standing.holder == nil || p.standing.takesOver {
			return err
		}
		status.Origin, status.Created = "", nil
		return p.persist(ctx)
	}
	p.event(corev1.EventTypeWarning, v1alpha1.EventServiceLost, "Observe", "%s: somebody deleted the iSCSI service", p.subject())
	status.Origin, status.Created, status.Enabled, status.Target, status.Metrics = "", nil, nil, nil, nil
	p.drifted(driftService, "present", "absent")
	return p.persist(ctx)
}

// persist writes status, if it is another one than the API server has. A change of spec or metadata in between does not
// get in its way.
func (p *pass) persist(ctx context.Context) error {
	if !p.object.StatusChanged() {
		return nil
	}
	err := p.patchStatus(ctx)
	if !errors.Is(err, kube.ErrStale) {
		return err
	}
	p.overtaken = true
	if err := p.refresh(ctx); err != nil && !errors.Is(err, kube.ErrChanged) {
		return err
	}
	return p.patchStatus(ctx)
}

func (p *pass) patchStatus(ctx context.Context) error {
	if err := p.r.Lease.Held(); err != nil {
		return err
	}
	if err := p.object.PatchStatus(ctx); err != nil {
		return err
	}
	if p.obj.Status.Origin != "" {
		p.past.post.set(postSettled)
	}
	return nil
}
