package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// namedInitiators is how many initiators a message names.
const namedInitiators = 5

// countSessions finds out who would be cut off. An array that has no way to tell guards nothing; one that does not let
// the operator know counts as in use.
func (p *pass) countSessions(ctx context.Context) error {
	count, initiators, err := p.array.Sessions(ctx, p.svm.UUID)
	var refusal *ontap.Error
	p.uncounted = nil
	switch {
	case errors.Is(err, ontap.CodeNotSupported):
		p.event(corev1.EventTypeWarning, v1alpha1.EventSessionsUnknown, "Update",
			"%s: this array cannot tell who is logged in: the service is disabled without knowing", p.subject())
		count = 0
	case errors.As(err, &refusal) && refusal.Forbidden():
		count, p.uncounted = -1, refusal
	case err != nil:
		return err
	}
	slices.Sort(initiators)
	p.initiators = slices.Compact(initiators)
	p.observed.Counted, p.observed.Sessions = true, count
	return nil
}

// inUse is the outcome when the service is to be disabled and initiators are logged in, or may be.
func (p *pass) inUse() outcome {
	var who string
	if p.uncounted != nil {
		who = "whether initiators are logged in cannot be told: " + forbidden(p.uncounted)
	} else {
		named := p.initiators[:min(len(p.initiators), namedInitiators)]
		who = fmt.Sprintf("iSCSI sessions that are logged in: %d, of %s", p.observed.Sessions, strings.Join(named, ", "))
		if more := len(p.initiators) - len(named); more > 0 {
			who += fmt.Sprintf(" and %d more", more)
		}
	}
	o := reconciling(v1alpha1.ReasonInUse, fmt.Sprintf(
		"%s: %s. The service is not disabled before they have logged out; to cut them off, set spec.inUsePolicy to Disconnect.", p.subject(), who),
		p.pollInterval())
	o.inUse = true
	return o
}
