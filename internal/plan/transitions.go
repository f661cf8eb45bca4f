package plan

import "time"

// Begin is the state at the beginning of a pass over an object.
func Begin(object Object, memory Memory, arrayPaused bool, now time.Time) State {
	s := State{object: object, memory: memory, now: now, constraints: constraints{arrayPaused: arrayPaused}}
	s.live = object.Requested
	s.expire()
	s.aim()
	return s
}

// aim finds out which SVM the pass is about.
func (s *State) aim() {
	s.svm, s.svmChanged = s.object.SVM, false
	switch {
	case s.object.Bound != SVM{}:
		s.svm = s.object.Bound
	case s.Unanswered():
		named, resolved := s.object.Named, s.object.Resolved
		if s.memory.create == createUnanswered {
			named, resolved = s.memory.named, s.memory.resolved
		}
		if named != (SVM{}) {
			s.svm, s.svmChanged = resolved, named != s.object.SVM
		}
	}
}

// expire ends what a user's request for another try ends.
func (s *State) expire() {
	if s.object.Requested {
		s.memory.createBackOff, s.memory.updateBackOff = backOff{}, backOff{}
	}
}

// Connected takes in that the array can be asked, over that connection, and whether access is denied as far as the name of
// the SVM is known.
func (s *State) Connected(connection any, denied bool) {
	s.connection, s.denied = connection, denied
}

// Failed takes in that a step could not be taken: nothing was sent, or nothing that changes the array. Denied says whether
// access is known to be denied.
func (s *State) Failed(denied bool) {
	s.failed = true
	s.denied = s.denied || denied
}

// asked takes in that the array was asked something: what was made sure of may have changed meanwhile.
func (s *State) asked(now time.Time) {
	s.now, s.looked = now, true
	s.contested, s.rechecked = false, false
}

// Saw takes in a service that is there: as the last poll has it, or live. Allowed says whether the namespace may use the SVM
// of that name.
func (s *State) Saw(service Service, snapshot, allowed bool, now time.Time) {
	s.asked(now)
	s.see(service, snapshot, allowed)
}

func (s *State) see(service Service, snapshot, allowed bool) {
	s.memory.absentSince, s.memory.createBackOff, s.memory.renamed = time.Time{}, backOff{}, false
	s.presence, s.service, s.snapshot = Present, service, snapshot
	s.svmGone, s.absentFor, s.countedAt, s.sessions = false, 0, time.Time{}, 0
	if named := s.object.SVM; (named.Name == "" || named.Name == service.SVM.Name) && (named.UUID == "" || named.UUID == service.SVM.UUID) {
		// Spelt otherwise, the same SVM.
		s.svmChanged = false
	}
	s.judge(service.SVM, allowed)
}

// judge takes in whether the namespace may use the SVM, now that its name is certain, and whether that is the SVM of the spec.
func (s *State) judge(svm SVM, allowed bool) {
	s.denied = !allowed
	named := s.object.SVM
	s.mismatch = allowed && !s.svmChanged && s.object.Bound == SVM{} && named.UUID != "" && named.Name != "" && named.Name != svm.Name
}

// Missing takes in that a collection does not have the service. If the SVM was looked up, record tells all that a refused
// create request could depend on, else it is nil.
func (s *State) Missing(record any, now time.Time) {
	s.asked(now)
	s.nothing(NotListed)
	if b := &s.memory.createBackOff; !b.holds(s.object.Generation, now) || record != nil && b.basis != nil && b.basis != record {
		*b = backOff{}
	}
}

// SVMFound adds to Missing that the SVM was found by its UUID.
func (s *State) SVMFound(svm SVM, allowed bool) {
	s.svm = svm
	s.judge(svm, allowed)
}

// SVMNotFound adds to Missing that the SVM was not found by its UUID. To an object that is not bound to it, an SVM that does
// not exist and one that it may not use read the same.
func (s *State) SVMNotFound() {
	if s.object.Bound == (SVM{}) && !s.Unanswered() {
		s.denied = true
	}
}

// nothing takes in that no service was seen.
func (s *State) nothing(presence Presence) {
	if s.presence == Present {
		s.svm = s.service.SVM
	}
	s.presence, s.service, s.snapshot, s.svmGone, s.absentFor = presence, Service{}, false, false, 0
	s.countedAt, s.sessions = time.Time{}, 0
}

// Absent takes in the array's proof that the SVM with that UUID has no service.
func (s *State) Absent(svmUUID string, now time.Time) {
	s.asked(now)
	s.proveAbsent(svmUUID, false)
}

// SVMGone takes in the array's proof that the SVM with that UUID does not exist. Access goes by the last name of an SVM that
// the object is bound to, which is allowed or not.
func (s *State) SVMGone(svmUUID string, allowed bool, now time.Time) {
	s.asked(now)
	s.proveAbsent(svmUUID, true)
	if s.object.Bound != (SVM{}) {
		s.denied = !allowed
	}
}

func (s *State) proveAbsent(svmUUID string, svmGone bool) {
	s.nothing(ProvedAbsent)
	s.svm.UUID = svmUUID
	if s.memory.absentSince.IsZero() {
		s.memory.absentSince = s.now
	}
	s.svmGone, s.absentFor = svmGone, s.now.Sub(s.memory.absentSince)
}

// Unproven takes in that the SVM was not found by its name, which proves nothing.
func (s *State) Unproven(now time.Time) {
	s.asked(now)
	s.nothing(NotProved)
}

// Renamed takes in that the UUID that the name of the SVM was looked up to is another SVM's by now. The pass has to be done
// again with another look-up: once, or an array that contradicts itself would be asked without end.
func (s *State) Renamed() {
	s.again = !s.memory.renamed
	s.memory.renamed = true
	s.nothing(NotProved)
	s.svm.UUID = s.object.Bound.UUID
}

// LookedAgain takes in that a live look begins: the name may be another SVM's than the snapshot made of it.
func (s *State) LookedAgain() {
	s.live = true
	s.nothing(Unknown)
	s.aim()
}

// Counted takes in how many sessions are logged in; negative if that may not be known.
func (s *State) Counted(sessions int, now time.Time) {
	s.asked(now)
	s.sessions, s.countedAt = sessions, now
}

// Contested takes in where the object stands among those that name the SVM. Former says whether objects that cannot claim
// the service have something left of it.
func (s *State) Contested(standing Standing, former bool, scope Scope) {
	s.takesOver = standing.TakesOver
	s.behind = standing.Holder >= 0 && !standing.TakesOver
	s.nextClaimant = standing.NextClaimant >= 0
	s.former = former
	s.contested, s.recontested, s.scope = true, s.rechecked, max(scope, s.scope)
}

// Superseded takes in that nothing is left of former claims.
func (s *State) Superseded() { s.former = false }

// Reserved takes in that no other pass takes the service on, or away. What one of them has done before is not known.
func (s *State) Reserved() { s.reserved, s.contested = true, false }

// TurnCame takes in that the turn of the next request has come. If that took long, what was seen may have changed.
func (s *State) TurnCame(tookLong bool) {
	s.turn, s.rechecked = true, false
	if tookLong {
		s.nothing(NotListed)
		s.contested = false
	}
}

// Rechecked takes in the object as the API server has it now. The pass has to be done again if status is not the one that
// the pass began with, recorded: the cache was behind what the operator wrote itself. Or if an object that is not bound
// names another SVM by now, about which nothing was learned.
func (s *State) Rechecked(object Object, recorded Status, now time.Time) (again bool) {
	if object.Status != recorded || object.Bound == (SVM{}) && object.SVM != s.object.SVM {
		return true
	}
	if object.Deleting && !s.object.Deleting {
		// A deletion rests on a live look.
		s.nothing(Unknown)
	}
	object.Status = s.object.Status
	s.object = object
	s.expire()
	if now.Sub(s.countedAt) > recountAfter {
		s.countedAt, s.sessions = time.Time{}, 0
	}
	s.rechecked, s.recontested = true, false
	return false
}

// Markers returns what a Mark or Unmark puts on the object.
func (s *State) Markers(step Step) Markers {
	m := Markers{Finalizer: step.Do == Mark, Creating: step.Do == Mark && step.Creating}
	if m.Creating && s.object.Bound == (SVM{}) {
		m.Named, m.Resolved = s.object.SVM, s.object.SVM
		m.Resolved.UUID = s.SVM().UUID
	}
	return m
}

// Marked takes in that the markers of the object are those now, in one patch which the API server takes only if nothing else
// has changed. The pass has to be done again if it would be about another SVM from here on.
func (s *State) Marked(markers Markers) (again bool) {
	was := s.object.Creating && s.object.createsFor(s.object.SVM)
	switch {
	case !markers.Creating:
		s.memory.create = createSettled
	case s.memory.create != createUnanswered && !was:
		s.memory.create = createUnsent
	}
	s.object.Markers = markers
	return s.svmChanged && !markers.Creating && !s.object.Deleting
}

// Bound takes in that the object has the service that was seen, and who made it.
func (s *State) Bound(origin Origin) {
	s.unrecorded = s.takesOver && s.object.Origin == None
	s.object.Status = Status{Bound: s.service.SVM, Origin: origin}
	if origin == Created {
		s.object.CreatedTarget = s.service.Target
	}
}

// Disowned takes in that the service which the object created is gone or replaced: one that is there when changes are allowed
// again was made by another client of the array.
func (s *State) Disowned() {
	s.object.Origin, s.object.CreatedTarget = Adopted, ""
}

// Forgotten takes in that the object has no service.
func (s *State) Forgotten() {
	s.object.Origin, s.object.CreatedTarget = None, ""
	s.unrecorded = true
}

// Recorded takes in that status was written.
func (s *State) Recorded() {
	if s.unrecorded {
		// The object that had the service is released by this.
		s.contested = false
	}
	s.unrecorded = false
	if s.object.Origin != None {
		s.memory.create = createSettled
	}
}

// Rested takes in that the service is as wanted: a later difference is another one than was refused. That binds an object
// which only observes.
func (s *State) Rested() {
	s.memory.updateBackOff = backOff{}
	if s.object.Observe && s.presence == Present && s.object.Bound == (SVM{}) {
		s.object.Bound = s.service.SVM
	}
}

// Sending takes in that a create request is sent from here on. What was proved before says nothing about its effect.
func (s *State) Sending() {
	s.memory.create, s.memory.noAnswer, s.memory.absentSince = createUnanswered, nil, time.Time{}
	s.memory.named, s.memory.resolved = s.object.SVM, s.SVM()
}

// NotSent takes in that the create request did not leave: nothing of it can take effect.
func (s *State) NotSent() { s.memory.create = createUnsent }

// Accepted takes in that the array did what the step asked for. Made is the service that a create request made, under the
// name of its SVM, which the namespace is allowed to use or not.
func (s *State) Accepted(step Step, made Service, allowed bool, now time.Time) {
	s.now, s.turn, s.rechecked = now, false, false
	s.memory.updateBackOff = backOff{}
	switch step.Do {
	case Create:
		s.see(made, false, allowed)
	case Remove:
		s.proveAbsent(s.SVM().UUID, false)
	default:
		changed := s.service
		if step.Enabled != nil {
			changed.Enabled = *step.Enabled
		}
		if step.Alias != nil {
			changed.Alias = *step.Alias
		}
		s.see(changed, false, !s.denied)
	}
}

// No is a definite no of the array to a request.
type No struct {
	// Refusal is what the plan makes of it.
	Refusal Refusal
	// SVMGone: with RefusedNoService, the SVM does not exist either.
	SVMGone bool
	// Cause is the array's answer.
	Cause error
	// RetryAfter is when an update is to be repeated; 0 if that is not said.
	RetryAfter time.Duration
}

// Refused takes in a definite no to the request of a step.
func (s *State) Refused(step Step, no No, now time.Time) {
	s.asked(now)
	s.turn = false
	s.backOffUpdate(step, no.Cause, no.RetryAfter)
	s.refused, s.refusedAgain, s.cause = no.Refusal, s.refused != NotRefused, no.Cause
	s.nothing(Unknown)
	if s.createRefused = step.Do == Create; s.createRefused {
		s.memory.create = createSettled
	}
	if no.Refusal == RefusedNoService {
		s.proveAbsent(s.svm.UUID, no.SVMGone)
	}
}

// AnswerLost takes in that a request may or may not take effect.
func (s *State) AnswerLost(step Step, cause error, retryAfter time.Duration, now time.Time) {
	s.asked(now)
	s.turn = false
	s.backOffUpdate(step, cause, retryAfter)
	if step.Do == Create {
		s.memory.noAnswer = cause
	}
	s.nothing(Unknown)
	s.failed = true
}

func (s *State) backOffUpdate(step Step, cause error, retryAfter time.Duration) {
	if step.Do == Update && retryAfter > 0 && !s.object.Deleting {
		s.memory.updateBackOff = backOff{
			refusal: cause, until: s.now.Add(retryAfter), generation: s.object.Generation, basis: updateOf(step, s.service, s.connection),
		}
	}
}

// BackedOff takes in that the refused create request is not repeated before the time is up, or the record of the SVM is
// another one; nil if it could not be read.
func (s *State) BackedOff(cause error, record any, retryAfter time.Duration) {
	s.memory.createBackOff = backOff{refusal: cause, until: s.now.Add(retryAfter), generation: s.object.Generation, basis: record}
	s.createRefused = false
}
