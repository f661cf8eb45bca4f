package iscsiservice

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
)

// namedInitiators is how many initiators a message names.
const namedInitiators = 5

// countSessions finds out who would be cut off, once the turn of the change has come. Sessions are a part of the API since
// ONTAP 9.6, as the API itself is: an answer that is not a count, whatever it says, means that the service may be in use.
func (p *pass) countSessions(ctx context.Context) error {
	if err := p.await(ctx); err != nil {
		return err
	}
	count, initiators, err := p.admission.Array.Sessions(p.turn.Context(ctx), p.svm.UUID)
	var refusal *ontap.Error
	p.uncounted = nil
	switch {
	case errors.As(err, &refusal) && (refusal.Forbidden() || refusal.Code == ontap.CodeNotSupported):
		count, p.uncounted = -1, refusal
	case err != nil:
		return err
	}
	slices.Sort(initiators)
	p.initiators = slices.Compact(initiators)
	p.counted = time.Now()
	p.observed.Counted, p.observed.Sessions = true, count
	return nil
}

// inUse is the outcome when the service is to be disabled and initiators are logged in, or may be.
func (p *pass) inUse() outcome.Outcome {
	var who string
	switch {
	case p.uncounted != nil && p.uncounted.Forbidden():
		who = "whether initiators are logged in cannot be told: " + outcome.Forbidden(p.uncounted)
	case p.uncounted != nil:
		who = "whether initiators are logged in cannot be told: the array does not answer GET " + p.uncounted.API + " (" + outcome.Cited(p.uncounted) + ")"
	default:
		named := p.initiators[:min(len(p.initiators), namedInitiators)]
		who = fmt.Sprintf("iSCSI sessions that are logged in: %d, of %s", p.observed.Sessions, strings.Join(named, ", "))
		if more := len(p.initiators) - len(named); more > 0 {
			who += fmt.Sprintf(" and %d more", more)
		}
	}
	o := outcome.Reconciling(v1alpha1.ReasonInUse, fmt.Sprintf(
		"%s: %s. The service is not disabled before they have logged out; to cut them off, set spec.inUsePolicy to Disconnect.", p.subject(), who),
		p.pollInterval())
	o.InUse = true
	return o
}
