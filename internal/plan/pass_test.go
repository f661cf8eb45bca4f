package plan

// luck is what goes wrong in a step.
type luck int

const (
	fair luck = iota
	// replyLost: a write may or may not be applied.
	replyLost
	// diedWaiting for the answer to a write.
	diedWaiting
	// omitted: a collection lacks the service.
	omitted
	// outdated: a collection shows the service as it was.
	outdated
)

// model runs a plan in the world.
type model struct {
	next func(Wanted, Remembered, Observed) Step
	// anyUID: a copy of an object is taken for the object.
	anyUID bool
}

func (s *state) wanted() Wanted {
	p := &s.pass
	return Wanted{
		Enabled: p.obj.enabled, Policy: Policy(p.obj.policy), Observe: p.obj.observe, Deleting: p.obj.deleting, Guard: p.obj.guarded,
		Denied: p.denied, Yields: p.yields, TakesOver: p.takesOver, Successor: p.successor, Strayed: p.strayed, Paused: p.obj.paused || p.frozen, Alias: aliases[p.obj.alias],
	}
}

func (s *state) unanswered(obj *object) bool {
	return Origin(obj.origin) == None && (s.process.post == postUnanswered || s.process.post == postUnknown && obj.creating)
}

func targetName(target int8) string { return [...]string{"", ourTarget, otherTarget}[target] }

func (s *state) remembered() Remembered {
	obj := &s.pass.obj
	m := Remembered{
		Finalizer: obj.finalizer, Creating: obj.creating, Unanswered: s.unanswered(obj), Origin: Origin(obj.origin),
		CreatedTarget: targetName(obj.target), OnHold: s.process.hold,
	}
	if m.Origin == None && !m.Unanswered && obj.creatingOn != obj.names {
		m.Creating = false
	}
	return m
}

func (s *state) observed() Observed {
	p := &s.pass
	o := Observed{Presence: Presence(p.presence), SVMGone: p.svmGone, Refused: Refusal(p.refused), Again: p.again}
	if o.Presence == Present {
		o.Enabled, o.Target, o.Alias = p.seen.enabled, targetName(p.seen.target), shown[p.seen.alias]
	}
	if o.Counted = p.counted; p.inUse {
		o.Sessions = 1
	}
	if o.Presence == Absent && s.process.absence == provedLongAgo {
		o.AbsentFor = SecondLook
	}
	return o
}

// begin begins a pass with a copy of the object.
func (m *model) begin(s *state, copied object) (broken string) {
	s.aim(&copied)
	s.pass = pass{
		active: true, obj: copied, stored: copied.status, behind: copied != s.obj, barred: s.denied, frozen: s.frozen, resolved: copied.bound || s.unanswered(&copied),
		strayed: !copied.bound && s.unanswered(&copied) && copied.creatingOn != copied.names,
	}
	s.cached, s.raced = s.obj, false
	if copied.deleting && !copied.finalizer {
		s.pass = pass{}
		return ""
	}
	// What stays, or never was, needs no finalizer, and to take it off needs no array.
	switch step := m.next(s.wanted(), s.remembered(), Observed{}); {
	case step.Why == Frozen:
		s.pass.ending, s.pass.last, s.pass.why = true, int8(step.Do), int8(step.Why)
	case step.Do == Mark:
		broken = s.unpaused()
		s.mark(step.Finalizer, step.Creating)
	case step.Do == Release:
		if broken = s.unpaused(); broken == "" {
			broken = s.release(step.Why)
		}
	}
	s.pass.denied = s.pass.barred
	return broken
}

// unpaused tells that a write is due which a person has forbidden.
func (s *state) unpaused() (broken string) {
	if s.pass.obj.paused || s.pass.frozen {
		return "something is changed while that is paused"
	}
	return ""
}

// step takes the next step of the pass, and tells which rule it breaks.
func (m *model) step(s *state, l luck) (broken string) {
	p := &s.pass
	if p.ending {
		return s.end()
	}
	step := m.next(s.wanted(), s.remembered(), s.observed())
	switch step.Do {
	case Look, Confirm, Count, Own:
		// While the array is asked, the object may change.
		p.fresh = false
	}
	switch step.Do {
	case Rest, Stop, Wait:
		if step.Do == Stop && step.Why == Plain && p.createNoted && Refusal(p.refused) != RefusedExists && !p.obj.deleting {
			s.process.hold = true
		}
		if p.obj.observe && !p.obj.bound && !p.strayed && !p.denied && Presence(p.presence) == Present {
			p.obj.bound, p.obj.status.svm = true, s.at
		}
		s.pass = pass{
			active: true, ending: true, reserved: p.reserved, last: int8(step.Do), why: int8(step.Why), obj: p.obj, stored: p.stored, behind: p.behind,
			mistaken: p.mistaken, presence: p.presence, seen: p.seen, refused: p.refused,
		}
	case Look:
		s.look(l)
	case Confirm:
		s.confirm()
	case Count:
		p.counted, p.inUse = true, s.inUse
	case Mark:
		if broken := s.unpaused(); broken != "" {
			return broken
		}
		known := s.process.post
		if s.mark(step.Finalizer, step.Creating) && l == replyLost {
			s.process.post, s.pass = known, pass{}
		}
	case Own:
		if step.Why == OriginUncertain {
			p.obj.origin, p.obj.target = int8(Adopted), noTarget
			return ""
		}
		return s.acquire(step.Origin)
	case Forget:
		if step.Why == ClaimLost {
			if p.yields = s.yields; !p.yields {
				return ""
			}
			// Another object has it.
			s.svc.foreign, s.svc.left = s.svc.present, s.svc.present
		}
		p.mistaken = false
		if s.svc.present && !s.raced && step.Why != ClaimLost {
			return "a service is forgotten that is there"
		}
		p.obj.origin, p.obj.target = int8(None), noTarget
		if ok, _ := s.persist(); !ok {
			s.pass = pass{}
		}
	case Release:
		if step.Why == HandedOver || step.Why == ClaimLost {
			if p.yields = s.yields; !p.yields {
				return ""
			}
		}
		return s.release(step.Why)
	default:
		return s.write(s.request(step), l)
	}
	return ""
}

// request is what is sent for a step.
func (s *state) request(step Step) flight {
	obj := &s.pass.obj
	f := flight{do: int8(step.Do), byName: step.Do == Create && !obj.bound}
	switch {
	case step.Do == Create:
		f.enabled, f.switches = obj.enabled, true
		if obj.alias == oneAlias {
			f.alias = oneAlias
		}
	case step.Do == Disable:
		f.switches = true
	case step.Enabled != nil:
		f.enabled, f.switches = *step.Enabled, true
	}
	if step.Alias != nil {
		f.alias = obj.alias
	}
	return f
}

func (s *state) crash() {
	s.pass, s.process = pass{}, process{}
	s.cached, s.polled, s.beside.polled = s.obj, s.svc.view, s.beside.svc.view
}

func (s *state) look(l luck) {
	p, seen := &s.pass, s.svc.view
	switch l {
	case omitted:
		seen = view{}
	case outdated:
		seen, p.outdated = s.polled, true
	default:
		s.raced, s.polled = false, s.svc.view
	}
	if !p.outdated && p.resolved {
		p.denied = p.denied || s.renamed
	}
	if s.renamed && !p.resolved {
		seen = view{}
	}
	switch {
	case seen.present:
		s.saw(seen)
	case !p.resolved || !s.svmGone:
		p.presence = int8(Missing)
	case p.obj.bound:
		s.confirm()
		return
	default:
		p.presence, p.denied = int8(Missing), true
	}
	s.claim()
}

func (s *state) confirm() {
	p := &s.pass
	p.outdated, s.raced = false, false
	switch {
	case (s.svmGone || s.renamed) && !p.resolved:
		p.presence = int8(Unproven)
	case s.svc.present:
		p.denied = p.denied || s.renamed
		s.saw(s.svc.view)
	default:
		p.resolved = true
		s.sawNothing(s.svmGone)
	}
	s.claim()
}

func (s *state) claim() {
	if p := &s.pass; !p.denied {
		p.yields, p.takesOver, p.successor = false, false, false
		if !p.obj.observe {
			p.yields, p.takesOver, p.successor = s.yields, s.takesOver && !p.obj.deleting, s.successor && p.obj.deleting
		}
	}
}

func (s *state) saw(seen view) {
	p := &s.pass
	s.process.absence, s.process.hold = notProved, false
	p.presence, p.seen, p.resolved, p.svmGone, p.counted, p.inUse = int8(Present), seen, true, false, false, false
	if origin := Origin(p.stored.origin); p.stored != s.obj.status {
		// An old copy of the object shows nothing that can be recorded.
	} else if origin == Adopted || origin == None && !s.unanswered(&p.obj) && !s.doubt {
		s.svc.mistakable = false
	}
	if s.post.do != 0 && (s.svc.foreign || s.unanswered(&p.obj)) {
		// Taken for the answer to a create request, a service hides what becomes of that.
		s.post.foreign = true
	}
}

func (s *state) sawNothing(svmGone bool) {
	if s.process.absence == notProved {
		s.process.absence = justProved
	}
	s.pass.presence, s.pass.seen, s.pass.svmGone = int8(Absent), view{}, svmGone
}

// acquire takes a service on, that of somebody else only if no other object has just done so.
func (s *state) acquire(origin Origin) (broken string) {
	p := &s.pass
	takesOver := p.takesOver && Origin(p.obj.origin) == None
	known := !s.raced && !p.outdated && s.svc.present
	switch {
	case origin == Created && Origin(p.obj.origin) == Adopted:
		return "an adopted service becomes a created one"
	case origin == Created:
		p.mistaken = known && s.svc.foreign && !s.svc.mistakable
	case origin == Adopted && Origin(p.obj.origin) == None:
		if changed, ok := s.refresh(); !ok {
			s.pass = pass{}
			return ""
		} else if changed {
			return ""
		}
		expected := p.takesOver
		s.claim()
		if p.yields || p.takesOver != expected {
			return ""
		}
	}
	p.obj.origin, p.obj.target, p.obj.bound, p.obj.status.svm = int8(origin), noTarget, true, s.at
	if origin == Created {
		p.obj.target = p.seen.target
	}
	if !takesOver {
		return ""
	}
	if Policy(p.obj.policy) == Delete && !p.obj.finalizer {
		return "a service is taken over that its object does not delete with itself"
	}
	if ok, _ := s.persist(); !ok {
		s.pass = pass{}
		return ""
	}
	p.takesOver = false
	return ""
}
