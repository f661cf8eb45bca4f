package controller

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

// storeTimeout bounds one write to the API server.
const storeTimeout = 15 * time.Second

var (
	// errChanged: somebody changed the object since the pass read it. What the pass knows now is up to date.
	errChanged = errors.New("the object has changed")
	// errStale: the pass began with an old copy of the object. It has to be done again.
	errStale = errors.New("the object was an old copy")
	// errGone: the object is not there any more.
	errGone = errors.New("the object is gone")
)

// refresh makes sure, before the array is asked to change something, that the object still says so. It returns
// errChanged if it may say something else by now.
func (p *pass) refresh(ctx context.Context) error {
	if p.fresh {
		return nil
	}
	live := &v1alpha1.ISCSIService{}
	if err := p.r.Live.Get(ctx, client.ObjectKeyFromObject(p.obj), live); apierrors.IsNotFound(err) {
		return errGone
	} else if err != nil {
		return err
	}
	if live.UID != p.obj.UID {
		return errGone
	}
	p.fresh = true
	if live.ResourceVersion == p.stored.ResourceVersion {
		return nil
	}
	// Nobody but the operator writes status: another one means that the cache was behind what it wrote itself. And what
	// was learned about one SVM says nothing about the one that an unbound object names by now.
	if !apiequality.Semantic.DeepEqual(live.Status, p.stored.Status) ||
		live.Status.SVM == nil && live.Spec.SVM != p.stored.Spec.SVM {
		return errStale
	}
	p.rebase(live)
	return errChanged
}

// recheckAccess notices an ONTAPCluster or a namespace that has changed while the pass was under way.
func (p *pass) recheckAccess(ctx context.Context) error {
	cluster := &v1alpha1.ONTAPCluster{}
	if err := p.r.Client.Get(ctx, client.ObjectKeyFromObject(p.cluster), cluster); client.IgnoreNotFound(err) != nil {
		return err
	} else if err != nil || cluster.UID != p.cluster.UID || cluster.Generation != p.cluster.Generation || isPaused(cluster) || !p.r.Share.Has(cluster) {
		return errStale
	}
	labels, err := p.r.namespaceLabels(ctx, p.obj.Namespace)
	if err != nil {
		return err
	}
	if !maps.Equal(labels, p.labels) {
		return errStale
	}
	return nil
}

// rebase puts what the pass has learned on top of the object as it is now.
func (p *pass) rebase(live *v1alpha1.ISCSIService) {
	status := p.obj.Status
	p.stored, p.obj = live, live.DeepCopy()
	p.obj.Status = status
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
	if apiequality.Semantic.DeepEqual(p.obj.Status, p.stored.Status) {
		return nil
	}
	err := p.patchStatus(ctx)
	if !errors.Is(err, errStale) {
		return err
	}
	p.fresh, p.overtaken = false, true
	if err := p.refresh(ctx); err != nil && !errors.Is(err, errChanged) {
		return err
	}
	return p.patchStatus(ctx)
}

func (p *pass) patchStatus(ctx context.Context) error {
	if err := p.r.Lease.Held(); err != nil {
		return err
	}
	written := p.stored.DeepCopy()
	written.Status = *p.obj.Status.DeepCopy()
	ctx, cancel := finishing(ctx)
	defer cancel()
	err := p.r.Client.Status().Patch(ctx, written, client.MergeFromWithOptions(p.stored, client.MergeFromWithOptimisticLock{}))
	if err := writeError(err); err != nil {
		return err
	}
	p.rebase(written)
	if written.Status.Origin != "" {
		p.past.post.set(postSettled)
	}
	return nil
}

// finishing is the context of a write that tells what was done already: an operator that is asked to stop still tells it.
func finishing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
}

// writeError turns the two errors that mean "look again" into this package's own.
func writeError(err error) error {
	switch {
	case apierrors.IsConflict(err):
		return errStale
	case apierrors.IsNotFound(err):
		return errGone
	case err != nil:
		return fmt.Errorf("writing to the API server: %w", err)
	}
	return nil
}
