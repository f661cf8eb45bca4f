package iscsiservice

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/admission"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
)

// errNoSlot: the array has no work slot free. The pass begins anew once it has.
var errNoSlot = errors.New("no work slot of the array is free")

// connected reports whether it is settled that the array can be asked, or cannot.
func (p *pass) connected() bool { return p.admission.Array != nil || p.state.HasFailed() }

// connect finds the array and takes a work slot there, or tells the state why it cannot be asked.
func (p *pass) connect(ctx context.Context) error {
	end := p.admission.Missing(p.obj().Status.Conditions, fmt.Sprintf(
		"spec.ontapClusterRef: there is no ONTAPCluster %q. Correct the name, or ask the platform team for it.", p.obj().ONTAPClusterName()))
	if end == nil {
		var err error
		if end, err = p.admission.ReadRules(ctx); err != nil {
			return err
		}
	}
	if end != nil {
		p.failure = end
		p.state.Failed(false)
		return nil
	}
	// A name that is not allowed is not even asked about. One that is bound may have been renamed since.
	name := p.state.Target().Name
	forbidden := name != "" && !p.admission.Allows(name)
	denied := !p.admission.AllowsAny() || forbidden && p.obj().Status.SVM == nil
	end, err := p.admission.Reach(admission.Expected{
		Subject: p.subject(), ArrayUUID: p.boundArray(), Deleting: p.deleting(),
		OtherArray: "Nothing is done there: put the endpoint of the ONTAPCluster back.",
	})
	if end == nil && err == nil {
		p.state.Connected(p.array(), denied)
		if !p.visit.slot.Enter(p.array()) {
			return errNoSlot
		}
		return nil
	}
	// A deletion goes by the last name that was seen where the array cannot tell the present one.
	denied = denied || forbidden && p.deleting()
	if err != nil && !denied && !p.state.Paused() {
		return err
	}
	p.failure = end
	p.state.Failed(denied)
	return nil
}

// boundArray is the UUID of the array that the object's service is on, or that a create request was sent to.
func (p *pass) boundArray() string {
	if request, ok := createRequestOf(p.obj()); ok && p.state.Unanswered() {
		return request.array
	}
	return p.obj().Status.ArrayUUID
}

// reserve makes sure that no other pass takes the service on, or away, until this one has ended.
func (p *pass) reserve() error {
	svm := p.arrayUUID() + "/" + p.svm().UUID
	if !p.r.memory.reserve(svm, p.obj().UID) {
		return kube.ErrStale
	}
	p.visit.reserved = svm
	p.state.Reserved()
	return nil
}

// outdatedAfter is how old what a request rests on may get while the request waits for its turn.
const outdatedAfter = time.Second

// await waits for the turn of a request, if there is a limit of requests per second.
func (p *pass) await(ctx context.Context) error {
	began := time.Now()
	turn, err := p.array().Await(ctx)
	if err != nil {
		return cmp.Or(ctx.Err(), err)
	}
	p.visit.turn = turn
	p.state.TurnCame(time.Since(began) >= outdatedAfter)
	return nil
}

// recheck reads again what a request rests on.
func (p *pass) recheck(ctx context.Context) error {
	if err := p.admission.Recheck(ctx); err != nil {
		return err
	}
	if err := p.object.Refresh(ctx, p.stands); err != nil && !errors.Is(err, kube.ErrChanged) {
		return err
	}
	now := describe(p.object.Stored())
	if p.state.Rechecked(now, now.Status, time.Now()) {
		return kube.ErrStale
	}
	return nil
}
