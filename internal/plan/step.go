package plan

// Do is what a Step does.
type Do int8

const (
	// Rest ends the pass: all is as wanted.
	Rest Do = iota
	// Look for the service where looking is cheap; Live asks the array. Ends in Saw, Missing or SVMNotFound.
	Look
	// Confirm asks the array about this very service. Ends in Saw, Absent, Unproven or Renamed.
	Confirm
	// Contest finds out where the object stands among those that name the SVM. Ends in Contested.
	Contest
	// Reserve keeps other passes from taking the service on, or away, until this one ends. Ends in Reserved.
	Reserve
	// Await waits for the turn of a request under the array's limits. Ends in TurnCame.
	Await
	// Recheck reads again what a request rests on: the ONTAPCluster, the namespace and the object. Ends in Rechecked.
	Recheck
	// Count the sessions that are logged in. Ends in Counted.
	Count
	// Mark puts the finalizer on, and with Creating the annotation, too; without it takes the annotation off. Ends in Marked.
	Mark
	// Unmark takes both off. Ends in Marked.
	Unmark
	// Supersede ends what objects that cannot claim the service any more have of it. Ends in Superseded.
	Supersede
	// Bind records the step's Origin of the service that is there. Ends in Bound.
	Bind
	// Disown records that the created service is gone, or another one is there in its place, while nothing may be changed.
	// Ends in Disowned.
	Disown
	// Forget records that the object has no service: absence was proved, or another object has adopted it. It writes status.
	// Ends in Forgotten, then Recorded.
	Forget
	// Record writes status. Ends in Recorded.
	Record
	// Create the service. Begins with Sending, and ends in Accepted, Refused, AnswerLost or NotSent.
	Create
	// Update sends the step's Enabled and Alias in one request. Ends in Accepted, Refused or AnswerLost.
	Update
	// Disable the service on the way to deleting it. Ends as Update does.
	Disable
	// Remove the disabled service. Ends as Update does.
	Remove
	// BackOff finds out what a refused create request depended on. Ends in BackedOff.
	BackOff
	// Release takes the finalizer off and ends the pass; nothing is sent afterwards.
	Release
	// Stop ends the pass: Why tells what keeps it.
	Stop
	// Wait ends the pass: it should go on by itself.
	Wait
	// Again ends the pass, which has to be done again.
	Again
)

// Why says why a step ends the pass, where the step alone does not tell.
type Why int8

const (
	// Plain needs no explanation.
	Plain Why = iota
	// Done: the service is deleted, or proved absent.
	Done
	// NeverCreated: there never was a service of this object.
	NeverCreated
	// Kept: policy and origin say that the service stays.
	Kept
	// TargetChanged: the target is not the one that was created, so it is not this object's.
	TargetChanged
	// TargetUnknown: the array does not tell the target name, by which the service that was created is known.
	TargetUnknown
	// AccessDenied: the namespace may not use the SVM.
	AccessDenied
	// ClaimLost: another object has the service, or comes before this one.
	ClaimLost
	// OnlyObserved: the service is not to be touched.
	OnlyObserved
	// NothingToObserve: there is no service to look at.
	NothingToObserve
	// HandedOver: the next claimant has recorded that it took the service over.
	HandedOver
	// HandingOver: the next claimant is to take the service over, and has not recorded that yet.
	HandingOver
	// InUse: initiators are logged in.
	InUse
	// Unsupported: this platform cannot delete services; it is disabled.
	Unsupported
	// Unconfirmed: Retain releases an object whose unanswered create request may have made a service.
	Unconfirmed
	// CreatePending: a create request is unanswered, and may still take effect.
	CreatePending
	// SVMChanged: the object names another SVM than the one that its create request took effect on.
	SVMChanged
	// SVMMismatch: name and UUID in spec.svm are of two SVMs.
	SVMMismatch
	// SVMUnknown: the SVM is not to be found.
	SVMUnknown
	// Paused: a user wants nothing changed.
	Paused
	// Declined: the array refused a request of this pass.
	Declined
	// CreateBackOff: a create request was refused, and nothing that it was refused for has changed.
	CreateBackOff
	// UpdateBackOff: the same, of an update.
	UpdateBackOff
	// Failed: a step could not be taken, or its request was not answered.
	Failed
)

// Step is the one next thing to do.
type Step struct {
	Do Do
	// Creating is the annotation to have, for Mark.
	Creating bool
	// Origin to record, for Bind.
	Origin Origin
	// Enabled and Alias to send, for Update; nil is not sent.
	Enabled *bool
	Alias   *string
	// Live, for Look: ask the array.
	Live bool
	// Scope of a Contest.
	Scope Scope
	// Why the pass ends, or the service is forgotten.
	Why Why
}

// Scope says how much is asked to find out where an object stands.
type Scope int8

const (
	// Cached asks the cache.
	Cached Scope = iota
	// Adopters asks the API server for those that have recorded that they have the service, and the cache for the others.
	Adopters
	// All asks the API server for all.
	All
)

// Asks reports whether the step asks the array, or changes it.
func (s Step) Asks() bool {
	switch s.Do {
	case Look, Confirm, Await, Recheck, Count, BackOff:
		return true
	}
	return s.Writes()
}

// Writes reports whether the step asks the array to change something.
func (s Step) Writes() bool {
	return s.Do == Create || s.Do == Update || s.Do == Disable || s.Do == Remove
}
