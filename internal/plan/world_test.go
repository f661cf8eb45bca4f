package plan

// This is a model of everything that the plan deals with: the array, the API server, the process that the operator is,
// and one pass of it, small enough to be compared and counted. A pass does with each step what internal/controller does,
// and persists in the same order: marks before the create request, the rest of status when the pass ends or forgets.

const (
	noTarget int8 = iota
	// madeTarget is what the array calls a service that the operator creates.
	madeTarget
	strangeTarget
)

const (
	// svmAlias is what the array makes of no alias.
	svmAlias int8 = iota
	oneAlias
	clearedAlias
)

// shown is how the array shows an alias, and aliases is how an object asks for it.
var (
	shown   = [...]string{"svm", "one", ""}
	aliases = [...]*string{nil, &shown[oneAlias], &shown[clearedAlias]}
)

// status is what the API server keeps of the status.
type status struct {
	origin, target int8
	// bound: the SVM is known by its UUID, and is that of svm.
	bound bool
	svm   int8
}

// svm is what there is to one SVM.
type svm struct {
	svc service
	// polled is the service in an old collection.
	polled view
	// renamed: the SVM has a name that the object does not know, and that its namespace may not use.
	svmGone, renamed bool
	// inUse: initiators are logged in.
	inUse        bool
	post, change flight
	// raced: the service has changed since the pass looked, which nobody could know.
	raced bool
	// doubt: the marks are on, and no pass has ended since that knew what became of the create request.
	doubt bool
}

// object is what the API server has.
type object struct {
	status
	gone, deleting, enabled, observe bool
	// guarded: not to be disabled while it is in use.
	guarded bool
	policy  int8
	// paused: the annotation is on.
	paused    bool
	alias     int8
	finalizer bool
	// creating: the annotation carries the object's own UID, and speaks of the SVM of creatingOn.
	creating   bool
	creatingOn int8
	// names is the SVM of the spec.
	names int8
}

// view is what can be seen of a service.
type view struct {
	present, enabled bool
	target, alias    int8
}

// service is what the array has. All but the view is known to nobody but the model.
type service struct {
	view
	// foreign: no create request of this object made it.
	foreign bool
	// mistakable: it cannot be told from what this object made, as docs/security.md says. It came while the answer to a
	// create request was not recorded and the last look had not shown it, or with the same target between two looks.
	mistakable bool
	// stopped: disabled on the way to a deletion.
	stopped bool
	// left: it is known of, and needs no finalizer.
	left bool
}

// flight is a write whose answer was lost, and which may be applied yet.
type flight struct {
	do int8
	// enabled is what is sent, if it is sent at all, and alias too.
	enabled, switches bool
	alias             int8
	// byName: the SVM is named, and may not have that name when the write is applied.
	byName bool
	// foreign: the object that it was sent for is not there any more.
	foreign bool
}

// The postStates of internal/controller.
const (
	postUnknown int8 = iota
	postUnsent
	postUnanswered
	postSettled
)

// Ages of the first proof of absence.
const (
	notProved int8 = iota
	justProved
	provedLongAgo
)

// process is what is lost when the operator crashes.
type process struct {
	post, absence int8
	hold          bool
}

// pass is the pass under way.
type pass struct {
	active bool
	// ending: the plan came to rest, or the array cannot be reached; what is left to do is to write status.
	ending bool
	// obj is the object as the pass leaves it, and stored the status that it began with.
	obj    object
	stored status
	// live: what other objects claim is asked of the API server.
	live bool
	// reserved: no other pass may take the service on meanwhile.
	reserved bool
	// behind: the API server has another object than the pass knows of.
	behind, fresh                        bool
	denied, yields, takesOver, successor bool
	// barred and frozen are what the rules of access and the ONTAPCluster said when the pass began.
	barred, frozen bool
	// strayed: the pass is about the SVM that an unanswered create request was sent for, and not that of the spec.
	strayed               bool
	resolved              bool
	counted, inUse        bool
	seen                  view
	presence, refused     int8
	svmGone, again        bool
	outdated, createNoted bool
	// mistaken: a service of somebody else is taken for a created one. An old copy of the object may say so, until it is
	// relied on.
	mistaken bool
	// robs: another object had the service when this one last asked.
	robs bool
	// last step and why, once ending.
	last, why int8
}

// state is all there is. It is comparable, so that one that was met before is not explored again.
type state struct {
	obj object
	// cached is the copy of the object that a lagging cache still serves.
	cached object
	// The SVM that the last pass was about, the one at that index; and the one beside it.
	svm
	at     int8
	beside svm
	// denied: no rule lets the namespace use the SVMs; frozen: the ONTAPCluster is paused.
	refusing                                     int8
	denied, frozen, yields, takesOver, successor bool
	process                                      process
	pass                                         pass
	// left is how many more times the environment may interfere.
	left int8
}

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
