package plan

// mark writes metadata, unless the object has changed since the pass read it. The pass is over then.
func (s *state) mark(finalizer, creating bool) (marked bool) {
	p := &s.pass
	if p.behind || s.obj.gone {
		s.pass = pass{}
		return false
	}
	s.cached = s.obj
	switch {
	case !creating:
		s.process.post = postSettled
	case s.process.post != postUnanswered && (!p.obj.creating || p.obj.creatingOn != p.obj.names):
		s.process.post, s.doubt, s.beside.doubt = postUnsent, true, false
	}
	on := int8(0)
	if creating {
		on = p.obj.names
	}
	s.obj.finalizer, s.obj.creating, s.obj.creatingOn = finalizer, creating, on
	p.obj.finalizer, p.obj.creating, p.obj.creatingOn, p.fresh = finalizer, creating, on, true
	s.svc.left = s.svc.left || s.svc.present && !finalizer && (Origin(p.obj.origin) != None || p.obj.observe)
	if s.obj.deleting && !finalizer {
		s.obj.gone, s.pass = true, pass{}
	} else if p.strayed && !creating && !s.obj.deleting {
		s.pass = pass{}
	}
	return true
}

// refresh reads the object again. It is changed if the step has to be planned again, and not ok if the pass is over.
func (s *state) refresh() (changed, ok bool) {
	p := &s.pass
	if p.fresh {
		return false, true
	}
	if s.obj.gone || p.stored != s.obj.status || !s.obj.bound && s.obj.names != p.obj.names {
		return false, false
	}
	p.fresh = true
	if !p.behind {
		return false, true
	}
	known := p.obj.status
	p.obj, p.behind = s.obj, false
	p.obj.status = known
	if p.obj.deleting {
		// A deletion that began meanwhile rests on a live look.
		p.presence = int8(Unknown)
	}
	return true, true
}

// persist writes status, if it is another one. What else has changed in the object does not matter.
func (s *state) persist() (ok bool, broken string) {
	p := &s.pass
	if p.obj.status == p.stored {
		return true, ""
	}
	if p.behind {
		p.fresh = false
		if _, ok := s.refresh(); !ok {
			return false, ""
		}
	}
	switch {
	case Origin(p.obj.origin) != Created:
	case p.mistaken:
		broken = "a service of somebody else is recorded as a created one"
	case Origin(s.obj.origin) == Adopted:
		broken = "an adopted service is recorded as a created one"
	}
	s.cached = s.obj
	s.obj.status, p.stored = p.obj.status, p.obj.status
	if Origin(s.obj.origin) != None {
		s.process.post = postSettled
	}
	return true, broken
}

// end writes status. From then on, a service that comes cannot be the created one if its create request is known to have
// had no effect: unless a pause keeps the marks on, which say otherwise to the next process.
func (s *state) end() (broken string) {
	paused := Why(s.pass.why) == Frozen
	written, broken := s.persist()
	if written && !paused && (s.process.post == postUnsent || s.process.post == postSettled || !s.obj.creating || Origin(s.obj.origin) != None) {
		s.doubt, s.beside.doubt = false, false
	}
	s.pass = pass{}
	return broken
}

func (s *state) release(why Why) (broken string) {
	p := s.pass
	left := s.svc.present && !s.svc.foreign
	if !s.mark(false, false) || s.raced {
		return ""
	}
	if why == Done && left {
		return "an object goes and leaves a service behind that it made"
	}
	if why == Done || why == NeverCreated {
		return s.orphaned()
	}
	if why == Kept && s.svc.stopped && p.obj.enabled {
		return "a service is kept that was disabled to delete it"
	}
	return ""
}

// orphaned tells that nobody knows any more of a service that the object made, or makes yet.
func (s *state) orphaned() (broken string) {
	if s.svm.orphaned() || s.beside.orphaned() {
		return "an object goes and leaves a service behind that it made"
	}
	return ""
}

func (v *svm) orphaned() bool {
	if v.raced {
		return false
	}
	return v.svc.present && !v.svc.foreign && !v.svc.left || v.post.do != 0 && !v.post.foreign && !v.svmGone
}

// aim turns to the SVM that a pass over that object is about.
func (s *state) aim(obj *object) {
	at := obj.names
	switch {
	case obj.bound:
		at = obj.status.svm
	case s.unanswered(obj):
		at = obj.creatingOn
	}
	if at != s.at {
		s.at, s.svm, s.beside = at, s.beside, s.svm
	}
}
