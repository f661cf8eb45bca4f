package plan

import (
	"cmp"
	"time"
)

// Claimant is an object that names an SVM, which other objects may name too. An SVM has one service, so that one object
// can have it.
type Claimant struct {
	// Origin of the service that the object is bound to.
	Origin Origin
	// Creating: the annotation carries the object's own UID.
	Creating bool
	// Observe: the object does not want to have the service.
	Observe bool
	// Denied: its namespace may not use the SVM.
	Denied bool
	// Deleting: the object is being deleted. It claims the SVM for as long as it has the Finalizer.
	Deleting, Finalizer bool
	// Since is when the object was created, and UID its own.
	Since time.Time
	UID   string
}

// Contest tells which of the others comes before c, and which one waits for it; -1 stands for none.
func (c Claimant) Contest(others []Claimant) (holder, heir int) {
	holder, heir = -1, -1
	for i, other := range others {
		switch {
		case !other.claims():
		case other.before(c):
			if holder < 0 || other.before(others[holder]) {
				holder = i
			}
		case !other.Deleting && (heir < 0 || other.before(others[heir])):
			heir = i
		}
	}
	return holder, heir
}

func (c Claimant) claims() bool {
	return !c.Observe && !c.Denied && (!c.Deleting || c.Finalizer)
}

// before reports whether c comes before the other: whoever has the service, or has begun to create it, then age, then
// UID. Age alone would take a service from the object that has it, when an older one turns to its SVM.
func (c Claimant) before(other Claimant) bool {
	return cmp.Or(
		cmp.Compare(c.standing(), other.standing()),
		c.Since.Compare(other.Since),
		cmp.Compare(c.UID, other.UID),
	) < 0
}

// standing ranks how an object holds its SVM, the firmest first.
func (c Claimant) standing() int {
	switch {
	case c.Origin == Created:
		return 0
	case c.Origin == Adopted:
		return 1
	case c.Creating:
		return 2
	default:
		return 3
	}
}
