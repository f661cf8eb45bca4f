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

// Standing is where a claimant stands among all that name its SVM.
type Standing struct {
	// Holder is the index of the claimant that comes first, and before this one; -1 if none does.
	Holder int
	// NextClaimant, for a claimant that is being deleted, is the index of the one that takes the service over from it; -1 if
	// none does.
	NextClaimant int
	// TakesOver: the holder has the service and is being deleted, and this claimant is the next one: it takes the service
	// over by recording that it does. The holder is released when that is recorded, and not before.
	TakesOver bool
}

// Contest tells where c stands among the others.
func (c Claimant) Contest(others []Claimant) Standing {
	s := Standing{Holder: -1, NextClaimant: -1}
	next := true
	for i, other := range others {
		if !other.claims() && !other.tookOverFrom(c) {
			continue
		}
		before := other.Before(c)
		if before {
			s.Holder = first(others, s.Holder, i)
		}
		if c.Deleting && !other.Deleting {
			s.NextClaimant = first(others, s.NextClaimant, i)
		}
		next = next && (!before || other.Deleting)
	}
	s.TakesOver = s.Holder >= 0 && next && !c.Deleting && others[s.Holder].Origin != None
	return s
}

// first is the index of the one that comes first of two claimants, of which one may be none, with index -1.
func first(claimants []Claimant, i, j int) int {
	if i < 0 || claimants[j].Before(claimants[i]) {
		return j
	}
	return i
}

// tookOverFrom reports whether c has the service of an object that is being deleted. What was taken over stays so, whatever c
// may do by now.
func (c Claimant) tookOverFrom(deleted Claimant) bool {
	return deleted.Deleting && c.Origin != None && !c.Deleting
}

func (c Claimant) claims() bool {
	return !c.Observe && !c.Denied && (!c.Deleting || c.Finalizer)
}

// Before reports whether c comes before the other: the object that has the service, or has begun to create it, then age, then
// UID. Age alone would take a service from the object that has it, when an older one turns to its SVM.
func (c Claimant) Before(other Claimant) bool {
	return cmp.Or(
		cmp.Compare(c.rank(), other.rank()),
		c.Since.Compare(other.Since),
		cmp.Compare(c.UID, other.UID),
	) < 0
}

// rank orders claimants by what they have of the SVM. One that is being deleted comes after one that has recorded that it
// took the service over. An adoption ends the origin of every other object; should two origins be left all the same, the
// adoption was the later act.
func (c Claimant) rank() int {
	switch {
	case c.Origin == Adopted && !c.Deleting:
		return 0
	case c.Origin == Created && !c.Deleting:
		return 1
	case c.Origin != None:
		return 2
	case c.Creating:
		return 3
	default:
		return 4
	}
}
