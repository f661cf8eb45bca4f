package iscsiservice

import (
	"context"
	"errors"
	"fmt"

	"github.com/ontap-operator/ontap-san-operator/internal/admission"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

// maxSteps bounds one pass. The longest that makes sense, losing a service and creating it anew with an empty alias, takes
// some forty.
const maxSteps = 80

// run observes, plans and acts until the plan comes to rest, and returns how it ended: nil without an error if there is
// nothing left to report on.
func (p *pass) run(ctx context.Context) (*conclusion, error) {
	for range maxSteps {
		step := plan.Next(p.state)
		switch {
		case step.Asks() && !p.connected():
			if err := p.connect(ctx); err != nil {
				return nil, err
			}
			continue
		case step.Do == plan.Stop && step.Why == plan.Failed && p.failure == nil:
			return nil, ctx.Err()
		case step.Do == plan.Rest && p.deleting():
			return nil, nil
		case step.Do == plan.Rest, step.Do == plan.Stop, step.Do == plan.Wait:
			return p.conclude(ctx, step), nil
		case step.Do == plan.Again:
			return nil, kube.ErrStale
		case step.Do == plan.Release:
			return nil, p.release(ctx, step.Why)
		}
		if err := p.take(ctx, step); err != nil {
			if err := p.failed(ctx, step, err); err != nil {
				return nil, err
			}
		}
	}
	return nil, fmt.Errorf("no rest after %d steps", maxSteps)
}

// take takes one step of the plan, and tells the state what came of it.
func (p *pass) take(ctx context.Context, step plan.Step) error {
	ctx = p.visit.context(ctx)
	switch step.Do {
	case plan.Look:
		return p.look(ctx, step.Live)
	case plan.Confirm:
		return p.confirm(ctx)
	case plan.Contest:
		return p.contest(ctx, step.Scope)
	case plan.Reserve:
		return p.reserve()
	case plan.Await:
		return p.await(ctx)
	case plan.Recheck:
		return p.recheck(ctx)
	case plan.Count:
		return p.countSessions(ctx)
	case plan.BackOff:
		p.backOff(ctx)
	case plan.Mark, plan.Unmark:
		return p.mark(ctx, step)
	case plan.Supersede:
		return p.supersede(ctx)
	case plan.Bind:
		p.bind(step.Origin)
	case plan.Disown:
		p.disown()
	case plan.Forget:
		p.forget(step.Why)
	case plan.Record:
		return p.record(ctx)
	default:
		return p.request(ctx, step)
	}
	return nil
}

// failed tells the state that a step was not taken, unless the error ends the pass.
func (p *pass) failed(ctx context.Context, step plan.Step, err error) error {
	o, fromArray := outcome.FromArray(err, p.subject())
	switch barred := p.state.Denied() || p.state.Paused(); {
	case errors.Is(err, fleet.ErrNotIdentified), errors.Is(err, fleet.ErrNotPolled):
		// The array was connected anew, or another one answers: the ONTAPCluster tells.
		if !barred {
			return admission.ErrNotConnected
		}
	case errors.Is(ctx.Err(), context.Canceled) && (fromArray || errors.Is(err, ctx.Err())):
		// The operator is asked to stop. That it gave up asking says nothing about the array.
		if step.Writes() && fromArray {
			p.failure = &o
		}
	case !fromArray:
		return err
	default:
		if step.Do == plan.Create && p.state.Unanswered() {
			o.Message += " " + createPending
		}
		p.failure = &o
	}
	p.state.Failed(false)
	return nil
}
