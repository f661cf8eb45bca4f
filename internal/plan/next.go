package plan

// Next returns the next step for an object.
//
// Markers do not outlast a pass whose create request was refused, or not sent: they would, if this process ended before the next
// pass, claim what another client of the array creates.
func Next(s State) Step {
	step := next(s)
	if (step.Do == Stop || step.Do == Again) && s.settled() && !s.Paused() && !s.object.Deleting {
		return Step{Do: Unmark}
	}
	return step
}

// settled reports whether the markers are those of a create request that was refused, or not sent, and can take no effect.
func (s *State) settled() bool { return s.object.Origin == None && !s.outstanding() && s.marked() }

func next(s State) Step {
	if s.unrecorded {
		return Step{Do: Record}
	}
	if s.again {
		return Step{Do: Again}
	}
	if s.Paused() {
		return nextBarred(s, Paused)
	}
	if s.object.Deleting {
		return require(s, nextDeleting(s))
	}
	// What stays needs no finalizer. That takes no look at the array, which may be out of reach for good.
	if s.object.Origin != None && (s.object.Observe || !s.object.deletes()) && s.marked() {
		return Step{Do: Unmark}
	}
	if step, refused := nextRefused(s); refused {
		return require(s, step)
	}
	if step, uncontested := nextContest(s); uncontested {
		return step
	}
	switch {
	case s.denied:
		return nextBarred(s, AccessDenied)
	case s.object.Observe && s.settled():
		return Step{Do: Unmark}
	case s.failed:
		return Step{Do: Stop, Why: Failed}
	case s.mismatch:
		return Step{Do: Stop, Why: SVMMismatch}
	case s.behind && s.object.Origin != None:
		return require(s, nextSuperseded(s))
	case s.behind:
		return Step{Do: Stop, Why: ClaimLost}
	case s.former && s.object.Origin != None:
		return Step{Do: Supersede}
	}
	return require(s, nextSeen(s))
}

// nextBarred is for an object for which nothing may be changed, on the array or in its markers. What is proved of the created
// service is recorded all the same: a service that is there in its place when changes are allowed again was made by another
// client.
func nextBarred(s State, why Why) Step {
	switch {
	case s.object.Origin != Created || s.failed:
	case s.presence == Unknown:
		return Step{Do: Look, Live: s.live}
	case s.presence == NotListed:
		return Step{Do: Confirm}
	case s.presence == ProvedAbsent, s.presence == Present && s.replaced():
		return Step{Do: Disown}
	}
	return Step{Do: Stop, Why: why}
}

// nextContest finds out where the object stands once the array was asked: what it told may be of an SVM that another object
// has. An object that only observes claims nothing.
func nextContest(s State) (Step, bool) {
	uncontested := s.presence != Unknown && !s.contested && !s.denied && !s.failed && !s.mismatch && !s.object.Observe
	return Step{Do: Contest, Scope: s.scope}, uncontested
}

// nextSuperseded ends the origin of an object whose service another object has adopted.
func nextSuperseded(s State) Step {
	if s.marked() {
		return Step{Do: Unmark}
	}
	return Step{Do: Forget, Why: ClaimLost}
}

// nextRefused handles a request that the array declined in this pass. A definite no with no earlier create request
// unanswered means that nothing on the array is this object's, so that a service which appears later is not either.
func nextRefused(s State) (Step, bool) {
	stop := Step{Do: Stop, Why: Declined}
	unmark := s.settled()
	switch s.refused {
	case NotRefused:
		return Step{}, false
	case RefusedNoService:
		// The observation says ProvedAbsent already: go on from there.
		return stop, s.refusedAgain
	case RefusedExists:
		switch {
		case s.presence == Present:
			return Step{}, false
		case unmark:
			return Step{Do: Unmark}, true
		case s.presence == Unknown && !s.failed:
			return Step{Do: Confirm}, true
		}
		return stop, true
	case RefusedUnsupported, RefusedForGood:
		if s.createRefused && !unmark {
			return Step{Do: BackOff}, true
		}
	}
	if unmark {
		return Step{Do: Unmark}, true
	}
	return stop, true
}

// nextSeen goes on from what the array told.
func nextSeen(s State) Step {
	switch s.presence {
	case Present:
		return nextPresent(s)
	case ProvedAbsent:
		return nextAbsent(s)
	case NotListed:
		switch {
		case s.object.Observe && s.object.Origin == None && !s.Unanswered():
			return Step{Do: Stop, Why: NothingToObserve}
		case s.createBackedOff() && s.object.Origin == None && !s.Unanswered():
			return Step{Do: Stop, Why: CreateBackOff}
		}
		// A collection may lack a service that is there. If the answer to a create request got lost then, the service would
		// be taken for the one that the request made.
		return Step{Do: Confirm}
	case NotProved:
		return Step{Do: Stop, Why: SVMUnknown}
	default:
		return Step{Do: Look, Live: s.live}
	}
}

func nextPresent(s State) Step {
	o := &s.object
	if o.Origin == None {
		if step, ends := nextUnbound(s); ends {
			return step
		}
	}
	switch {
	case o.Observe && s.marked():
		return Step{Do: Unmark}
	case s.replaced():
		return Step{Do: Bind, Origin: Adopted}
	case o.Observe:
		return Step{Do: Rest}
	}
	finalizer := o.deletes()
	// The annotation of a service that is not, or not any more, to be deleted as our own creation must not be
	// there to claim it once more.
	creating := s.creating() && finalizer && o.Origin == Created
	switch {
	case !finalizer && s.marked():
		return Step{Do: Unmark}
	case o.Finalizer != finalizer || s.creating() != creating:
		return Step{Do: Mark, Creating: creating}
	}
	return nextUpdate(s)
}

// nextUnbound is for a service that is there, of an SVM that the object has no service of yet.
func nextUnbound(s State) (step Step, ends bool) {
	o := &s.object
	takesOver := s.takesOver && !o.Observe && !s.svmChanged
	switch {
	case takesOver && !o.deletes() && s.marked():
		return Step{Do: Unmark}, true
	case takesOver && o.deletes() && (!o.Finalizer || s.creating()):
		// The record of the takeover releases the other object, so that the finalizer has to be on before.
		return Step{Do: Mark}, true
	case takesOver:
		return Step{Do: Bind, Origin: Adopted}, true
	case s.Unanswered() && s.svmChanged:
		return Step{Do: Stop, Why: SVMChanged}, true
	case s.Unanswered() && s.service.Target == "":
		return Step{Do: Stop, Why: TargetUnknown}, true
	case s.Unanswered():
		return Step{Do: Bind, Origin: Created}, true
	case !o.Observe:
		return Step{Do: Bind, Origin: Adopted}, true
	}
	return Step{}, false
}

// nextUpdate sends all differences in one request.
func nextUpdate(s State) Step {
	o, step, inUse := &s.object, Step{Do: Update}, false
	switch {
	case s.service.Enabled == o.Enabled:
	case !o.Enabled && s.uncounted():
		return Step{Do: Count}
	case !o.Enabled && s.inUse():
		inUse = true
	default:
		step.Enabled = &o.Enabled
	}
	if o.Alias != nil && s.service.Alias != *o.Alias {
		step.Alias = o.Alias
	}
	switch {
	case step.Enabled == nil && step.Alias == nil && inUse:
		return Step{Do: Stop, Why: InUse}
	case step.Enabled == nil && step.Alias == nil:
		return Step{Do: Rest}
	case s.updateBackedOff(step):
		return Step{Do: Stop, Why: UpdateBackOff}
	}
	return step
}

// uncounted reports whether the sessions have to be counted before the service is disabled.
func (s *State) uncounted() bool { return s.object.SessionGuard && s.countedAt.IsZero() }

// inUse reports whether initiators keep the service from being disabled.
func (s *State) inUse() bool { return s.object.SessionGuard && s.sessions != 0 }

// nextAbsent ends what was, then begins as if nothing had ever been.
func nextAbsent(s State) Step {
	o := &s.object
	switch {
	case o.Observe && o.Origin == None && !s.Unanswered():
		return Step{Do: Stop, Why: NothingToObserve}
	case o.Origin != None && s.marked():
		return Step{Do: Unmark}
	case o.Origin != None:
		return Step{Do: Forget}
	case s.Unanswered() && !(o.Finalizer && o.Creating) && !s.svmChanged:
		// A user took them off while the request was under way.
		return Step{Do: Mark, Creating: true}
	case s.outstanding():
		return Step{Do: Wait, Why: CreatePending}
	case s.svmChanged || o.Observe:
		return Step{Do: Unmark}
	case s.takesOver:
		// The object that had the service has yet to find out that it is gone.
		return Step{Do: Stop, Why: ClaimLost}
	case s.svmGone:
		return Step{Do: Stop, Why: SVMUnknown}
	case s.createBackedOff():
		return Step{Do: Stop, Why: CreateBackOff}
	case !o.Finalizer || !s.creating():
		// Both are on before the request: they are what is left if the operator dies before the answer.
		return Step{Do: Mark, Creating: true}
	}
	return Step{Do: Create}
}
