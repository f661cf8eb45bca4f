package iscsiservice

import (
	"context"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

// contest finds out where the object stands, and tells the state.
func (p *pass) contest(ctx context.Context, scope plan.Scope) error {
	if scope == plan.Adopters {
		adopters, err := p.contenders(ctx, p.r.Live, statusUUID)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(adopters, func(c contender) bool { return c.claimant.Origin != plan.None && !c.claimant.Deleting }) {
			scope = plan.All
		}
	}
	var contenders []contender
	var err error
	if scope == plan.All {
		contenders, err = p.contenders(ctx, p.r.Live, specName, specUUID, statusName, statusUUID)
	} else if contenders, err = p.contenders(ctx, p.r.Client, holderIndex); err == nil {
		contenders, err = p.withFirst(ctx, contenders)
	}
	if err != nil {
		return err
	}
	s, found := p.standingAmong(contenders)
	p.standing = s
	p.state.Contested(found, len(s.former) > 0, scope)
	return nil
}

func (p *pass) self() plan.Claimant {
	self := claimant(p.obj(), p.state.Denied())
	self.Origin = p.state.Object().Origin
	return self
}

// standingAmong is where the object stands among the contenders.
func (p *pass) standingAmong(contenders []contender) (s standing, found plan.Standing) {
	claimants := make([]plan.Claimant, len(contenders))
	for i, c := range contenders {
		claimants[i] = c.claimant
		if (c.claimant.Origin != plan.None || c.claimant.Creating) && (c.claimant.Observe || c.claimant.Denied) && !c.claimant.Deleting {
			s.former = append(s.former, c.obj)
		}
	}
	found = p.self().Contest(claimants)
	if found.Holder >= 0 {
		s.holder = contenders[found.Holder].obj
	}
	if found.NextClaimant >= 0 {
		s.next = contenders[found.NextClaimant].obj
	}
	return s, found
}

// withFirst adds to the holders the first of the objects that only wait, if it matters who that is: no holder comes before
// this object, or one that is being deleted does, or this object is being deleted.
func (p *pass) withFirst(ctx context.Context, holders []contender) ([]contender, error) {
	known, _ := p.standingAmong(holders)
	holder, self := known.holder, p.self()
	if !self.Deleting && (self.Origin != plan.None || self.Creating || holder != nil && holder.DeletionTimestamp.IsZero()) {
		return holders, nil
	}
	first, err := p.firstWaiting(ctx)
	if err != nil || first == nil {
		return holders, err
	}
	return append(holders, *first), nil
}

// firstWaiting is the first of the other objects that wait for the SVM, or, unless this object is being deleted, of those
// before it.
func (p *pass) firstWaiting(ctx context.Context) (*contender, error) {
	if known, err := p.firstKnown(ctx); known != nil || err != nil {
		return known, err
	}
	candidates, err := p.candidates(ctx, p.r.Client, specName, specUUID, statusName, statusUUID)
	if err != nil {
		return nil, err
	}
	candidates = slices.DeleteFunc(candidates, hasOrBegan)
	slices.SortFunc(candidates, func(a, b *v1alpha1.ISCSIService) int {
		if claimant(a, false).Before(claimant(b, false)) {
			return -1
		}
		return 1
	})
	for _, candidate := range candidates {
		if c, same, err := p.contends(ctx, candidate); err != nil || same && p.waits(c) {
			p.memory.first = client.ObjectKeyFromObject(candidate)
			return &c, err
		}
	}
	return nil, nil
}

// firstKnown is the object that came before this one when it last lost the SVM, if it does so still, as is the rule.
func (p *pass) firstKnown(ctx context.Context) (*contender, error) {
	known := &v1alpha1.ISCSIService{}
	if p.memory.first.Name == "" || p.deleting() || p.r.Client.Get(ctx, p.memory.first, known, client.UnsafeDisableDeepCopy) != nil {
		return nil, nil
	}
	c, same, err := p.contends(ctx, known)
	if err != nil || !same || !p.waits(c) {
		return nil, err
	}
	return &c, nil
}

// waits reports whether a contender waits for the SVM, and comes before this object unless that is being deleted.
func (p *pass) waits(c contender) bool {
	return !hasOrBegan(c.obj) && !c.claimant.Deleting && !c.claimant.Observe && !c.claimant.Denied &&
		(p.deleting() || p.self().Contest([]plan.Claimant{c.claimant}).Holder == 0)
}
