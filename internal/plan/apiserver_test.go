package plan

// mark writes metadata, unless the object has changed since the pass read it. The pass is over then.
func (m *model) mark(s *state, step Step, l luck) (broken string) {
	if s.pass.object.Paused || s.pass.pausedFirst {
		return "something is changed while that is paused"
	}
	m.patch(s, step, l == replyLost)
	return ""
}

// patch writes the markers of a step, and reports whether it did. If the answer is lost, the pass does not know.
func (m *model) patch(s *state, step Step, lost bool) (written bool) {
	p := &s.pass
	if p.overtaken || s.obj.gone {
		s.end()
		return false
	}
	markers := p.Markers(step)
	s.cached = s.obj
	if begins := markers.Creating && p.State.memory.create != createUnanswered && !(p.object.Creating && p.object.createsFor(p.object.SVM)); begins {
		s.doubt, s.beside.doubt = true, false
	}
	s.obj.Markers = markers
	p.fresh, s.unmarked = true, s.unmarked && !markers.Finalizer
	s.svc.left = s.svc.left || s.svc.present && !markers.Finalizer && (p.object.Origin != None || p.object.Observe)
	if lost {
		s.obj.gone = s.obj.Deleting && !markers.Finalizer
		s.end()
		return true
	}
	again := false
	m.change(s, "Marked", func(to *State) { again = to.Marked(markers) })
	if s.obj.Deleting && !markers.Finalizer {
		s.obj.gone, again = true, true
	}
	if again {
		s.end()
	}
	return true
}

// persist writes status, if it is another one. What else has changed in the object does not matter.
func (m *model) persist(s *state) (ok bool, broken string) {
	p := &s.pass
	if p.object.Status != p.recorded {
		if p.overtaken && (s.obj.gone || s.obj.Status != p.recorded || s.obj.Bound == (SVM{}) && s.obj.SVM != p.object.SVM) {
			return false, ""
		}
		switch {
		case p.object.Origin != Created:
		case p.mistaken:
			broken = "a service that the object did not make is recorded as a created one"
		case s.obj.Origin == Adopted:
			broken = "an adopted service is recorded as a created one"
		}
		if p.overtaken {
			p.fresh = false
		}
		s.cached = s.obj
		s.obj.Status, p.recorded = p.object.Status, p.object.Status
	}
	p.tookOver = false
	m.change(s, "Recorded", (*State).Recorded)
	return true, broken
}

// report writes status at the end of a pass. From then on, a service that comes cannot be the created one if its create request
// is known to have had no effect: unless a pause keeps the markers on, which say otherwise to the next process.
func (m *model) report(s *state) (broken string) {
	paused := s.pass.why == Paused
	if broken := s.outlasted(); broken != "" && !paused {
		return broken
	}
	written, broken := m.persist(s)
	pending := s.memory.create == createUnanswered || s.memory.create == createUnknown && s.obj.Creating
	if written && !paused && (!pending || s.obj.Origin != None) {
		s.doubt, s.beside.doubt = false, false
	}
	s.end()
	return broken
}

// outlasted tells that markers are on whose create request cannot take effect.
func (s *state) outlasted() (broken string) {
	settled := s.memory.create == createUnsent || s.memory.create == createSettled
	if settled && s.obj.Creating && s.pass.object.Origin == None && !s.pass.overtaken && !s.obj.Deleting && !s.pass.object.Paused && !s.pass.pausedFirst {
		return "markers outlast a create request that cannot take effect"
	}
	return ""
}

func (m *model) release(s *state, step Step) (broken string) {
	p := s.pass
	if p.object.Paused || p.pausedFirst {
		return "something is changed while that is paused"
	}
	left := s.svc.present && !s.svc.foreign
	if !m.patch(s, Step{Do: Unmark}, false) || s.raced {
		return ""
	}
	switch {
	case step.Why == Done && left && !s.unmarked:
		return "an object goes and leaves a service behind that it made"
	case step.Why == Done || step.Why == NeverCreated:
		return s.orphaned()
	case step.Why == Kept && s.svc.stopped && p.object.Enabled:
		return "a service is kept that was disabled to delete it"
	}
	return ""
}

// orphaned tells that no object knows any more of a service that this one made, or makes yet.
func (s *state) orphaned() (broken string) {
	if !s.unmarked && (s.svm.orphaned() || s.beside.orphaned()) {
		return "an object goes and leaves a service behind that it made"
	}
	return ""
}

func (v *svm) orphaned() bool {
	if v.raced {
		return false
	}
	return v.svc.present && !v.svc.foreign && !v.svc.left || v.post.pending() && !v.gone
}
