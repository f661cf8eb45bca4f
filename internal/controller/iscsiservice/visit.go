package iscsiservice

import (
	"context"

	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
)

// visit is a pass's stay at an array: its work slot, the turn of its next request, and the SVM that it keeps other passes from.
type visit struct {
	slot         *fleet.Visit
	reservations *memory

	// turn was waited for, so that what is checked from here on is true when the next request is sent; nil if none was.
	turn     *fleet.Turn
	reserved string
}

// Done ends the stay, also that of a pass that panics.
func (v *visit) Done() {
	if v.reserved != "" {
		v.reservations.unreserve(v.reserved)
		v.reserved = ""
	}
	v.slot.Done()
}

// context has the calls that are made with it use the turn.
func (v *visit) context(ctx context.Context) context.Context {
	if v.turn == nil {
		return ctx
	}
	return v.turn.Context(ctx)
}
