// Package plan decides. From what an object wants, what is remembered of it, and what was observed on the array, Next
// returns the one step to take now. It is pure: it knows neither Kubernetes nor HTTP, asks nobody and changes nothing,
// so that every combination can be tried in a test.
//
// The caller takes the step, brings memory and observation up to date with what came of it, and asks again, until the
// step is one that ends the pass.
package plan

import "time"

// SecondLook is how far apart two proofs of absence must be before an unanswered create request counts as one that
// had no effect: a request that was on its way may still be applied after the first.
const SecondLook = time.Minute

// Policy says what becomes of the service when its object is deleted.
type Policy int

const (
	// Auto deletes what the object created, and keeps what it adopted.
	Auto Policy = iota
	// Delete deletes the service in any case.
	Delete
	// Retain keeps the service in any case.
	Retain
)

// Origin says who made the service that the object is bound to.
type Origin int

const (
	// None: the object is bound to no service.
	None Origin = iota
	// Created by the operator's own request.
	Created
	// Adopted: it was there before, or somebody else has recreated it since.
	Adopted
)

// Presence is what was learned about the service.
type Presence int

const (
	// Unknown: nobody has looked yet, or a write has made the last look obsolete.
	Unknown Presence = iota
	// Missing from a collection. That is a hint: enough to try a create request, whose answer decides, and never
	// enough to release or forget a service.
	Missing
	// Unproven: a live look could not tell, because the SVM itself was not found by its name.
	Unproven
	// Absent: the array said about this very SVM that it has no service.
	Absent
	// Present: the service was seen.
	Present
)

// Refusal is what the array answered when it declined a write of this pass.
type Refusal int

const (
	// NotRefused: no write of this pass was declined.
	NotRefused Refusal = iota
	// RefusedExists: create found a service (5374077).
	RefusedExists
	// RefusedEnabled: delete found the service enabled (5373960).
	RefusedEnabled
	// RefusedNoService: update or delete found no service (5374078). It proves absence too.
	RefusedNoService
	// RefusedUnsupported: the platform can neither create nor delete services (5376452, ASA r2).
	RefusedUnsupported
	// RefusedOtherwise: any other definite no.
	RefusedOtherwise
)

// Wanted is what the object asks for.
type Wanted struct {
	// Enabled is the administrative state.
	Enabled bool
	// Alias is the target alias; nil leaves it alone, empty clears it.
	Alias *string
	// Policy is the deletion policy.
	Policy Policy
	// Guard: the service is not disabled while initiators are logged in.
	Guard bool
	// Observe: the service is looked at, and never touched.
	Observe bool
	// Deleting: the object is being deleted.
	Deleting bool
	// Paused: a person wants nothing changed, neither on the array nor in the marks.
	Paused bool
	// Denied: the object's namespace may not use the SVM.
	Denied bool
	// Yields: another object has the service of this SVM, or comes before this one.
	Yields bool
	// TakesOver: the object that has the service is being deleted, and this one is the next claimant.
	TakesOver bool
	// Strayed: the unanswered create request was sent for another SVM than the object names by now. What is observed is
	// the service of the SVM that it was sent for.
	Strayed bool
	// Successor: the object is being deleted, and another one is to take the service over.
	Successor bool
}

// Remembered is what is kept of the object's past, in its metadata and status or in this process.
type Remembered struct {
	// Finalizer is on the object.
	Finalizer bool
	// Creating: the annotation carries the object's own UID.
	Creating bool
	// Unanswered: a create request may have been sent whose answer nobody has seen.
	Unanswered bool
	// Origin of the bound service.
	Origin Origin
	// CreatedTarget is the target name that the create request was answered with.
	CreatedTarget string
	// OnHold: the array refused a create request not long ago, and nothing that it refused it for has changed.
	OnHold bool
}

// Observed is what was learned in this pass.
type Observed struct {
	Presence Presence
	// Enabled, Alias and Target are the service's, if Present.
	Enabled bool
	Alias   string
	Target  string
	// Counted: Sessions tells how many are logged in; -1 if that may not be known.
	Counted  bool
	Sessions int
	// SVMGone: with Absent, the SVM does not exist either.
	SVMGone bool
	// AbsentFor is how long ago absence was proved first, with nothing seen since.
	AbsentFor time.Duration
	// Refused is the last refusal in this pass.
	Refused Refusal
	// Again: Refused is not the first refusal of this pass. Planning anew once is right, twice would be a loop.
	Again bool
}

// Do is what a Step does.
type Do int

const (
	// Rest ends the pass: all is as wanted.
	Rest Do = iota
	// Look for the service where looking is cheap.
	Look
	// Confirm: ask the array about this very service, live.
	Confirm
	// Count the sessions that are logged in.
	Count
	// Mark sets the finalizer and the creating annotation to what the step says, in one metadata patch.
	Mark
	// Own records the step's Origin.
	Own
	// Forget the origin: absence was proved, and whatever comes next is another service.
	Forget
	// Create the service.
	Create
	// Update sends the step's Enabled and Alias in one request.
	Update
	// Disable the service on the way to deleting it.
	Disable
	// Remove the disabled service.
	Remove
	// Release takes the finalizer off and ends the pass; nothing is sent afterwards.
	Release
	// Stop ends the pass: the refusal or denial at hand is reported.
	Stop
	// Wait ends the pass: a create request is still unanswered.
	Wait
)

// Why says why a step releases or waits, where the step alone does not tell.
type Why int

const (
	// Plain needs no explanation.
	Plain Why = iota
	// Done: the service is deleted, or proved absent.
	Done
	// NeverCreated: there never was a service of this object.
	NeverCreated
	// Kept: policy and origin say that the service stays.
	Kept
	// TargetChanged: the target is not the one that was created, so somebody else's.
	TargetChanged
	// AccessDenied: the namespace may not use the SVM any more.
	AccessDenied
	// ClaimLost: another object has the service.
	ClaimLost
	// OnlyObserved: the service is not to be touched.
	OnlyObserved
	// NothingToObserve: there is no service to look at.
	NothingToObserve
	// HandedOver: another object has recorded that it took the service over.
	HandedOver
	// HandingOver: another object is to take the service over, and has not recorded that yet.
	HandingOver
	// InUse: initiators are logged in.
	InUse
	// Unsupported: this platform cannot delete services; it is disabled.
	Unsupported
	// Unconfirmed: Retain lets go of a service that an unanswered create request may have made.
	Unconfirmed
	// SVMChanged: the object names another SVM than the one that its create request took effect on.
	SVMChanged
	// SVMUnknown: the SVM is not to be found.
	SVMUnknown
	// Frozen: a person wants nothing changed.
	Frozen
	// OriginUncertain: the service that was created is gone, or another one is there in its place, while nothing may be
	// changed.
	OriginUncertain
)

// Step is the one next thing to do.
type Step struct {
	Do Do
	// Finalizer and Creating are the marks to have, for Mark.
	Finalizer, Creating bool
	// Origin to record, for Own.
	Origin Origin
	// Enabled and Alias to send, for Update; nil is not sent.
	Enabled *bool
	Alias   *string
	// Why the object is released, or waits.
	Why Why
}

// Next returns the next step for an object.
func Next(w Wanted, m Remembered, o Observed) Step {
	if w.Paused {
		return nextBarred(m, o, Frozen)
	}
	if w.Deleting {
		return nextDeleting(w, m, o)
	}
	// What stays needs no finalizer. That takes no look at the array, which may be out of reach for good.
	if m.Origin != None && (w.Observe || !deletes(w, m)) && marked(m) {
		return Step{Do: Mark}
	}
	// Who only observes takes nothing over.
	w.TakesOver = w.TakesOver && !w.Observe
	if step, refused := nextRefused(m, o); refused {
		return step
	}
	// Marks of a create request that was not sent and is not to be would, once this process is gone, claim whatever
	// somebody else creates.
	if m.Origin == None && !m.Unanswered && marked(m) && (w.Denied || w.Yields || w.Observe) {
		return Step{Do: Mark}
	}
	switch {
	case w.Denied:
		return nextBarred(m, o, AccessDenied)
	case w.Yields && m.Origin != None:
		return nextSuperseded(m)
	case w.Yields:
		return Step{Do: Stop, Why: ClaimLost}
	case w.Observe && m.Origin == None && !m.Unanswered && (o.Presence == Missing || o.Presence == Absent):
		return Step{Do: Stop, Why: NothingToObserve}
	}
	switch o.Presence {
	case Present:
		return nextPresent(w, m, o)
	case Absent:
		return nextAbsent(w, m, o)
	case Missing:
		if m.OnHold && m.Origin == None && !m.Unanswered {
			return Step{Do: Stop}
		}
		// A collection may lack a service that is there. If the answer to a create request got lost then, the service would
		// be taken for the one that the request made.
		return Step{Do: Confirm}
	case Unproven:
		return Step{Do: Stop, Why: SVMUnknown}
	default:
		return Step{Do: Look}
	}
}

// nextBarred is for an object for which nothing may be changed, on the array or in its marks. What is proved of the created
// service is recorded all the same: a service that is there in its place when the bar is lifted is somebody else's.
func nextBarred(m Remembered, o Observed, why Why) Step {
	if m.Origin != Created {
		return Step{Do: Stop, Why: why}
	}
	switch {
	case o.Presence == Unknown:
		return Step{Do: Look}
	case o.Presence == Missing:
		return Step{Do: Confirm}
	case o.Presence == Absent, o.Presence == Present && replaced(m, o):
		return Step{Do: Own, Origin: Adopted, Why: OriginUncertain}
	}
	return Step{Do: Stop, Why: why}
}

// nextSuperseded ends the origin of an object whose service another object has adopted.
func nextSuperseded(m Remembered) Step {
	if marked(m) {
		return Step{Do: Mark}
	}
	return Step{Do: Forget, Why: ClaimLost}
}

// nextRefused handles a write that the array declined in this pass. A definite no with no earlier create request
// unanswered means that nothing on the array is this object's, so a service that appears later is somebody else's.
func nextRefused(m Remembered, o Observed) (Step, bool) {
	switch o.Refused {
	case NotRefused:
		return Step{}, false
	case RefusedNoService:
		// The observation says Absent already: go on from there.
		return Step{Do: Stop}, o.Again
	case RefusedExists:
		switch {
		case o.Presence == Present:
			return Step{}, false
		case m.Origin == None && !outstanding(m, o) && marked(m):
			return Step{Do: Mark}, true
		case o.Presence == Unknown:
			return Step{Do: Confirm}, true
		}
		return Step{Do: Stop}, true
	default:
		if m.Origin == None && !outstanding(m, o) && marked(m) {
			return Step{Do: Mark}, true
		}
		return Step{Do: Stop}, true
	}
}

func nextPresent(w Wanted, m Remembered, o Observed) Step {
	switch {
	case m.Origin == None && w.TakesOver && (m.Creating || m.Finalizer != deletes(w, m)):
		// The record of the takeover lets the other object go, so that the finalizer has to be on before.
		return Step{Do: Mark, Finalizer: deletes(w, m)}
	case m.Origin == None && w.TakesOver:
		return Step{Do: Own, Origin: Adopted}
	case m.Origin == None && m.Unanswered && w.Strayed:
		return Step{Do: Stop, Why: SVMChanged}
	case m.Origin == None && m.Unanswered:
		return Step{Do: Own, Origin: Created}
	case w.Observe && marked(m):
		return Step{Do: Mark}
	case w.Observe:
		return Step{Do: Rest}
	case m.Origin == None, replaced(m, o):
		return Step{Do: Own, Origin: Adopted}
	}
	finalizer := deletes(w, m)
	// The annotation of a service that is not, or not any more, to be deleted as our own creation must not be
	// there to claim it once more.
	creating := m.Creating && finalizer && m.Origin == Created
	if m.Finalizer != finalizer || m.Creating != creating {
		return Step{Do: Mark, Finalizer: finalizer, Creating: creating}
	}
	step := Step{Do: Update}
	held := false
	switch {
	case o.Enabled == w.Enabled:
	case !w.Enabled && w.Guard && !o.Counted:
		return Step{Do: Count}
	case !w.Enabled && w.Guard && o.Sessions != 0:
		held = true
	default:
		step.Enabled = &w.Enabled
	}
	if w.Alias != nil && o.Alias != *w.Alias {
		step.Alias = w.Alias
	}
	switch {
	case step.Enabled != nil || step.Alias != nil:
		return step
	case held:
		return Step{Do: Stop, Why: InUse}
	default:
		return Step{Do: Rest}
	}
}

// nextAbsent ends what was, then begins as if nothing had ever been.
func nextAbsent(w Wanted, m Remembered, o Observed) Step {
	if m.Origin != None {
		if marked(m) {
			return Step{Do: Mark}
		}
		return Step{Do: Forget}
	}
	if m.Unanswered && !(m.Finalizer && m.Creating) && !w.Strayed {
		// Somebody took them off while the request was under way.
		return Step{Do: Mark, Finalizer: true, Creating: true}
	}
	if outstanding(m, o) {
		return Step{Do: Wait}
	}
	if w.TakesOver {
		// The object that had the service has yet to find out that it is gone.
		return Step{Do: Stop, Why: ClaimLost}
	}
	if w.Strayed || w.Observe {
		return Step{Do: Mark}
	}
	if o.SVMGone {
		if marked(m) {
			return Step{Do: Mark}
		}
		return Step{Do: Stop, Why: SVMUnknown}
	}
	return nextCreate(m)
}

// nextCreate puts both marks on before the request: they are what is left if the operator dies before the answer.
func nextCreate(m Remembered) Step {
	if m.OnHold {
		return Step{Do: Stop}
	}
	if !m.Finalizer || !m.Creating {
		return Step{Do: Mark, Finalizer: true, Creating: true}
	}
	return Step{Do: Create}
}

func nextDeleting(w Wanted, m Remembered, o Observed) Step {
	switch {
	case !m.Finalizer:
		return Step{Do: Rest}
	case w.Denied:
		return Step{Do: Release, Why: AccessDenied}
	case w.Observe:
		return Step{Do: Release, Why: OnlyObserved}
	case w.Yields && m.Origin != None:
		return Step{Do: Release, Why: HandedOver}
	case w.Yields:
		return Step{Do: Release, Why: ClaimLost}
	case m.Origin == None && !m.Unanswered:
		return Step{Do: Release, Why: NeverCreated}
	case m.Origin == None && w.Policy == Retain:
		return Step{Do: Release, Why: Unconfirmed}
	}
	switch o.Refused {
	case RefusedUnsupported:
		return Step{Do: Release, Why: Unsupported}
	case RefusedOtherwise:
		return Step{Do: Stop}
	case RefusedEnabled:
		if o.Again {
			return Step{Do: Stop}
		}
	}
	switch o.Presence {
	case Present:
		return nextRemoval(w, m, o)
	case Absent:
		if m.Origin == None && outstanding(m, o) {
			return Step{Do: Wait}
		}
		return Step{Do: Release, Why: Done}
	case Unproven:
		return Step{Do: Stop, Why: SVMUnknown}
	default:
		return Step{Do: Confirm}
	}
}

// nextRemoval takes a service that was just seen out of the world, or leaves it there as policy and origin say.
func nextRemoval(w Wanted, m Remembered, o Observed) Step {
	if m.Origin == None {
		return Step{Do: Own, Origin: Created}
	}
	if w.Policy != Delete && m.Origin == Created && m.CreatedTarget != o.Target {
		return Step{Do: Release, Why: TargetChanged}
	}
	switch {
	case deletes(w, m) && w.Successor:
		return Step{Do: Wait, Why: HandingOver}
	case !deletes(w, m) && w.Enabled && !o.Enabled:
		// A deletion that was called off may have disabled it already. Nothing is disabled on the way out.
		return Step{Do: Update, Enabled: &w.Enabled}
	case !deletes(w, m):
		return Step{Do: Release, Why: Kept}
	case o.Enabled && w.Guard && !o.Counted:
		return Step{Do: Count}
	case o.Enabled && w.Guard && o.Sessions != 0:
		return Step{Do: Stop, Why: InUse}
	case o.Enabled:
		return Step{Do: Disable}
	default:
		return Step{Do: Remove}
	}
}

// deletes reports whether the service goes with the object.
func deletes(w Wanted, m Remembered) bool {
	return w.Policy == Delete || w.Policy == Auto && m.Origin == Created
}

// replaced reports whether the service is not the one that was created.
func replaced(m Remembered, o Observed) bool {
	return m.Origin == Created && o.Target != "" && m.CreatedTarget != o.Target
}

// outstanding reports whether an unanswered create request may still take effect.
func outstanding(m Remembered, o Observed) bool {
	return m.Unanswered && o.AbsentFor < SecondLook
}

func marked(m Remembered) bool { return m.Finalizer || m.Creating }
