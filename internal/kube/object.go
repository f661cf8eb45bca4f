package kube

import (
	"context"
	"errors"
	"slices"
	"time"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// writeTimeout bounds one write to the API server.
const writeTimeout = 15 * time.Second

// Pointer is a pointer to an object of a kind.
type Pointer[T any] interface {
	*T
	client.Object
	DeepCopy() *T
	DeepCopyInto(to *T)
}

// Object is an object of kind T, with status S, as the API server has it and as this pass leaves it. All writes of a pass to
// its own object go through it: a write is taken only if nothing was changed since the stored copy, and is finished by an
// operator that is asked to stop, since it tells what was done already.
type Object[T, S any, P Pointer[T]] struct {
	client client.Client
	live   client.Reader
	status func(P) *S

	// stored is what the API server had when it was read or written last, and desired is stored with the status that this
	// pass leaves.
	stored, desired P
	// fresh: the object was read from or written to the API server since it was last invalidated.
	fresh bool
	// overtaken: status was written on top of a change that this pass did not know of.
	overtaken bool
}

// NewObject is an object that was read, maybe from a cache. It is written with the client, and read again live.
func NewObject[T, S any, P Pointer[T]](kube client.Client, live client.Reader, stored P, status func(P) *S) *Object[T, S, P] {
	return &Object[T, S, P]{client: kube, live: live, status: status, stored: stored, desired: stored.DeepCopy()}
}

// Stored is what the API server has, as far as it is known. It is not to be changed.
func (o *Object[T, S, P]) Stored() P { return o.stored }

// Desired is the object as this pass leaves it, at the same address for as long as the Object lives. Its status is for the
// pass to change; everything else follows what is stored.
func (o *Object[T, S, P]) Desired() P { return o.desired }

// Invalidate has the next Refresh read the object: it may be another one by now.
func (o *Object[T, S, P]) Invalidate() { o.fresh = false }

// Refresh reads the object live, unless it is fresh. The error is ErrGone if it is not there any more, and ErrChanged if it
// was another one than the stored copy and the pass goes on with what is there now, keeping the status that it has changed.
// Whether the pass still stands on what is there is for stands to say: its error ends the refresh.
func (o *Object[T, S, P]) Refresh(ctx context.Context, stands func(live P) error) error {
	if o.fresh {
		return nil
	}
	live, err := o.read(ctx)
	if apierrors.IsNotFound(err) {
		return ErrGone
	} else if err != nil {
		return err
	}
	if live.GetUID() != o.stored.GetUID() {
		return ErrGone
	}
	o.fresh = true
	if live.GetResourceVersion() == o.stored.GetResourceVersion() {
		return nil
	}
	if err := stands(live); err != nil {
		return err
	}
	o.rebase(live)
	return ErrChanged
}

// PatchMetadata writes what change makes of the object's finalizers and annotations, if that is anything new. After it, the
// object is as fresh as a live read.
func (o *Object[T, S, P]) PatchMetadata(ctx context.Context, change func(P)) error {
	if err := o.complete(ctx); err != nil {
		return err
	}
	written := P(o.stored.DeepCopy())
	change(written)
	if apiequality.Semantic.DeepEqual(written, o.stored) {
		return nil
	}
	ctx, cancel := Detached(ctx)
	defer cancel()
	if err := o.written(o.client.Patch(ctx, written, metadataPatch{o.stored})); err != nil {
		return err
	}
	o.rebase(written)
	o.fresh = true
	return nil
}

// StatusChanged reports whether this pass leaves another status than the one that is stored.
func (o *Object[T, S, P]) StatusChanged() bool {
	return !apiequality.Semantic.DeepEqual(o.status(o.desired), o.status(o.stored))
}

// PatchStatus writes the status of the pass, if it is another one than the one that is stored.
func (o *Object[T, S, P]) PatchStatus(ctx context.Context) error {
	if !o.StatusChanged() {
		return nil
	}
	written := P(o.stored.DeepCopy())
	*o.status(written) = *o.status(o.desired.DeepCopy())
	ctx, cancel := Detached(ctx)
	defer cancel()
	patch := client.MergeFromWithOptions(o.stored, client.MergeFromWithOptimisticLock{})
	if err := o.written(o.client.Status().Patch(ctx, written, patch)); err != nil {
		return err
	}
	o.rebase(written)
	return nil
}

// RecordStatus is PatchStatus that a change of spec or metadata in between does not keep from being written: whether the pass
// still stands on what is there is for stands to say, as for Refresh.
func (o *Object[T, S, P]) RecordStatus(ctx context.Context, stands func(live P) error) error {
	err := o.PatchStatus(ctx)
	if !errors.Is(err, ErrStale) {
		return err
	}
	o.overtaken = true
	if err := o.Refresh(ctx, stands); err != nil && !errors.Is(err, ErrChanged) {
		return err
	}
	return o.PatchStatus(ctx)
}

// Overtaken reports whether the object was changed while the pass was under way, so that it has to be looked at again.
func (o *Object[T, S, P]) Overtaken() bool { return o.overtaken }

// Delete deletes the object, and no other one that has its name by now.
func (o *Object[T, S, P]) Delete(ctx context.Context) error {
	uid := o.stored.GetUID()
	err := o.client.Delete(ctx, o.stored, client.Preconditions{UID: &uid})
	if apierrors.IsConflict(err) {
		return ErrGone
	}
	return writeError(err)
}

func (o *Object[T, S, P]) read(ctx context.Context) (P, error) {
	live := P(new(T))
	return live, o.live.Get(ctx, client.ObjectKeyFromObject(o.stored), live)
}

// complete makes sure that the stored copy has all its finalizers, of which a merge patch replaces the list.
func (o *Object[T, S, P]) complete(ctx context.Context) error {
	if !slices.Contains(o.stored.GetFinalizers(), finalizersOmitted) {
		return nil
	}
	live, err := o.read(ctx)
	if err != nil {
		return writeError(err)
	}
	if live.GetResourceVersion() != o.stored.GetResourceVersion() {
		return ErrStale
	}
	o.rebase(live)
	return nil
}

// written takes in how a write ended: after a conflict, the object is known to be another one.
func (o *Object[T, S, P]) written(err error) error {
	if apierrors.IsConflict(err) {
		o.fresh = false
	}
	return writeError(err)
}

// rebase puts the status that the pass has changed on top of the object as it is stored now.
func (o *Object[T, S, P]) rebase(stored P) {
	changed, status := o.StatusChanged(), *o.status(o.desired)
	o.stored = stored
	stored.DeepCopyInto(o.desired)
	if changed {
		*o.status(o.desired) = status
	}
}

// Detached is the context of a write that tells what was done already: an operator that is asked to stop still tells it.
func Detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
}
