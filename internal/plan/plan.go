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
	// TargetUnknown: the array does not tell the target name, by which the service that was created is known.
	TargetUnknown
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
