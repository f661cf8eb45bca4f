package plan

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
// service is recorded all the same: a service that is there in its place when the bar is lifted was made by another client.
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
	case replaced(m, o):
		return Step{Do: Own, Origin: Adopted}
	case w.Observe:
		return Step{Do: Rest}
	case m.Origin == None:
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
		// A user took them off while the request was under way.
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
	if w.Policy != Delete && m.Origin == Created && o.Target == "" {
		return Step{Do: Stop, Why: TargetUnknown}
	}
	if w.Policy != Delete && replaced(m, o) {
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
