package plan

// require returns what has to be made sure of before the step is taken, or the step itself.
func require(s State, step Step) Step {
	switch step.Do {
	case Rest, Bind:
		if s.binds(step) && s.snapshot {
			// That is for good, and the snapshot's name may be another SVM's by now.
			return Step{Do: Look, Live: true}
		}
	}
	if s.transfers(step) && !s.reserved {
		return Step{Do: Reserve}
	}
	if scope, needed := s.contestFor(step); needed {
		return Step{Do: Contest, Scope: max(scope, s.scope)}
	}
	switch {
	case (step.Writes() || step.Do == Count || s.beginsToCreate(step)) && !s.turn:
		return Step{Do: Await}
	case (step.Writes() || s.adopts(step)) && !s.rechecked:
		return Step{Do: Recheck}
	case step.Do == Bind && s.former:
		return Step{Do: Supersede}
	}
	return step
}

// binds reports whether the step binds the object to the SVM.
func (s *State) binds(step Step) bool {
	return s.object.Bound == SVM{} && (step.Do == Bind || step.Do == Rest && s.object.Observe)
}

// adopts reports whether the step takes a service on that the object has not made.
func (s *State) adopts(step Step) bool {
	return step.Do == Bind && step.Origin == Adopted && s.object.Origin == None
}

// transfers reports whether the step leads to the object having the service, or to the service being taken away with it.
func (s *State) transfers(step Step) bool {
	switch step.Do {
	case Disable, Remove:
		return true
	case Bind, Create:
		return s.object.Origin == None
	case Mark:
		return s.object.Origin == None && step.Creating
	}
	return false
}

// beginsToCreate reports whether the step puts the markers of a create request on that is to follow at once: they are not on
// while its turn is waited for.
func (s *State) beginsToCreate(step Step) bool {
	return step.Do == Mark && step.Creating && s.object.Origin == None && !s.Unanswered()
}

// contestFor reports whether a step needs to know where the object stands, and what has to be asked for that. A cache may not
// have seen yet that another object has just taken the service on.
//
// To take a service on, or away, is decided by what the others have recorded after this object was read. To create or change
// it is decided by this object, read after that: another one that takes the service on ends the origin of this one first.
func (s *State) contestFor(step Step) (scope Scope, needed bool) {
	switch {
	case step.Do == Release && (step.Why == HandedOver || step.Why == ClaimLost), step.Do == Forget && step.Why == ClaimLost:
		return All, s.scope < All || !s.contested
	case s.adopts(step):
		return All, s.rechecked && (s.scope < All || !s.recontested)
	case step.Writes() && s.object.Deleting:
		return Adopters, s.rechecked && (s.scope < Adopters || !s.recontested)
	case step.Writes(), s.transfers(step) && step.Origin != Created:
		return Cached, !s.contested
	}
	return Cached, false
}
