package plan

import "time"

// Presence is what was learned about the service.
type Presence int8

const (
	// Unknown: the array was not asked yet, or a request has made the last answer obsolete.
	Unknown Presence = iota
	// NotListed: a collection does not have it. That is a hint, and never enough to create, release or forget a service.
	NotListed
	// NotProved: a live look could not tell, because the SVM itself was not found by its name.
	NotProved
	// ProvedAbsent: the array said about this very SVM that it has no service.
	ProvedAbsent
	// Present: the service was seen.
	Present
)

// Refusal is what the array answered when it declined a request of this pass.
type Refusal int8

const (
	// NotRefused: no request of this pass was declined.
	NotRefused Refusal = iota
	// RefusedExists: create found a service (5374077).
	RefusedExists
	// RefusedEnabled: delete found the service enabled (5373960).
	RefusedEnabled
	// RefusedNoService: update or delete found no service (5374078). It proves absence too.
	RefusedNoService
	// RefusedUnsupported: the platform can neither create nor delete services (5376452, ASA r2).
	RefusedUnsupported
	// RefusedForNow: any other refusal that should pass by itself.
	RefusedForNow
	// RefusedForGood: any other refusal, which stands until a person changes something.
	RefusedForGood
)

// recountAfter is how old a count of sessions may get while the API server is asked whether the change is still wanted.
const recountAfter = 10 * time.Second

// State is all that is known about one object in one pass. Its fields change by transitions only. A State can be copied:
// the copy is independent.
type State struct {
	// object is the object as this pass leaves it.
	object Object
	memory Memory
	// now is when the pass, or its last look at the array, began.
	now time.Time

	constraints
	observation
	assurances

	// svm is the SVM that the pass is about: the bound one; or the one that a create request was sent for whose answer is
	// not known; or that of spec.svm. A UUID that was looked up is added.
	svm SVM
	// svmChanged: svm is the one that an unanswered create request was sent for, and spec.svm names another one by now.
	svmChanged bool
	// failed: a step could not be taken, or its request was not answered.
	failed bool
	// again: the pass has to be done again, with the UUID of the SVM looked up anew.
	again bool
}

// constraints keep an object from having what it wants.
type constraints struct {
	// arrayPaused: the ONTAPCluster is paused.
	arrayPaused bool
	// denied: the namespace may not use the SVM, as far as its name is known.
	denied bool
	// mismatch: name and UUID in spec.svm are of two SVMs.
	mismatch bool
	// behind: another object has the service of this SVM, or comes before this one.
	behind bool
	// takesOver: that object is being deleted, and this one is the next claimant.
	takesOver bool
	// nextClaimant: this object is being deleted, and another one is to take the service over.
	nextClaimant bool
	// former: objects that cannot claim the service have an origin or a marker left of it.
	former bool
}

// observation is what was learned of the array in this pass.
type observation struct {
	presence Presence
	// service was seen. It is empty unless Present.
	service Service
	// snapshot: service is the one of the last poll.
	snapshot bool
	// live: the next look asks the array.
	live bool
	// svmGone: with ProvedAbsent, the SVM does not exist either.
	svmGone bool
	// absentFor is how long ago absence was proved first, with nothing seen since.
	absentFor time.Duration
	// sessions are how many are logged in, at that time; negative if that may not be known. They are of the service that was
	// seen last, and not counted while countedAt is zero.
	sessions  int
	countedAt time.Time
	// refused is the last refusal in this pass, and refusedAgain says that it is not the first: to plan anew once is right,
	// twice would be a loop. createRefused: it was that of a create request.
	refused       Refusal
	refusedAgain  bool
	createRefused bool
	// cause is the array's answer.
	cause error
	// looked: the array, or its snapshot, has told something.
	looked bool
}

// assurances are what has been made sure of. What the array is asked takes time, in which any of it but a reservation may
// change.
type assurances struct {
	// contested: the constraints tell where the object stands since the last look at the array, in the widest scope that this
	// pass has needed; recontested: also since the last recheck.
	contested, recontested bool
	scope                  Scope
	// reserved: no other pass takes the service on, or away.
	reserved bool
	// turn: the next request may be sent under the limits of the array.
	turn bool
	// rechecked: object and access are as the API server has them.
	rechecked bool
	// unrecorded: status has to be written before anything else is done.
	unrecorded bool
	// connection is what requests are sent over.
	connection any
}

// Object returns the object as this pass leaves it.
func (s *State) Object() Object { return s.object }

// Memory returns what is to be remembered after this pass.
func (s *State) Memory() Memory { return s.memory }

// SVM returns the SVM that the pass is about, as far as it is known by now.
func (s *State) SVM() SVM {
	if s.presence == Present {
		return s.service.SVM
	}
	return s.svm
}

// Target returns the SVM to look for.
func (s *State) Target() SVM { return s.svm }

// Service returns the service that was seen last, if it is there as far as is known.
func (s *State) Service() (Service, bool) { return s.service, s.presence == Present }

// Refusal returns the array's answer to the last request of this pass that it declined.
func (s *State) Refusal() error { return s.cause }

// Looked reports whether the array, or its snapshot, has told something in this pass.
func (s *State) Looked() bool { return s.looked }

// HasFailed reports whether a step could not be taken.
func (s *State) HasFailed() bool { return s.failed }

// Sessions returns how many sessions were counted; negative if that may not be known.
func (s *State) Sessions() int { return s.sessions }

// Denied reports whether the namespace may not use the SVM, so that nothing of it may be shown.
func (s *State) Denied() bool { return s.denied }

// Behind reports whether another object has the service, or comes before this one, which does not take it over either.
func (s *State) Behind() bool { return s.behind }

// TakesOver reports whether this object takes the service over.
func (s *State) TakesOver() bool { return s.takesOver }

// SVMChanged reports whether the pass is about another SVM than spec.svm names by now.
func (s *State) SVMChanged() bool { return s.svmChanged }

// Paused reports whether a user wants nothing changed.
func (s *State) Paused() bool { return s.object.Paused || s.arrayPaused }

// Unanswered reports whether a create request may have been sent whose answer was not seen. One of this process is known of
// even if a user has taken the markers off since.
func (s *State) Unanswered() bool {
	return s.object.Origin == None && (s.memory.create == createUnanswered || s.memory.create == createUnknown && s.object.Creating)
}

// CanForget reports whether absence, if it is what the array tells, ends or releases something, so that the array has to say
// who it is in the same breath.
func (s *State) CanForget() bool {
	return s.object.Origin != None || s.Unanswered() || s.object.Deleting
}

// creating reports whether the annotation speaks of a create request for the SVM that is meant. One about an SVM that is not
// meant any more, and for which nothing was sent, does not count.
func (s *State) creating() bool {
	return s.object.Creating && (s.object.Origin != None || s.Unanswered() || s.object.createsFor(s.object.SVM))
}

// marked reports whether there is a marker.
func (s *State) marked() bool { return s.object.Finalizer || s.creating() }

// replaced reports whether the service is not the one that was created.
func (s *State) replaced() bool {
	return s.object.Origin == Created && s.service.Target != "" && s.object.CreatedTarget != s.service.Target
}

// outstanding reports whether an unanswered create request may still take effect.
func (s *State) outstanding() bool { return s.Unanswered() && s.absentFor < SecondLook }

// createBackedOff reports whether a create request is not to be repeated.
func (s *State) createBackedOff() bool {
	return s.memory.createBackOff.holds(s.object.Generation, s.now)
}

// updateBackedOff reports whether the update is not to be repeated.
func (s *State) updateBackedOff(step Step) bool {
	b := &s.memory.updateBackOff
	return b.holds(s.object.Generation, s.now) && b.basis == any(updateOf(step, s.service, s.connection))
}
