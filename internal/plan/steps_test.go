package plan

import "time"

// luck is what goes wrong in a step.
type luck int

const (
	fair luck = iota
	// replyLost: a request may or may not be applied.
	replyLost
	// diedWaiting for the answer to a request.
	diedWaiting
	// omitted: a collection lacks the service.
	omitted
	// outdated: a collection shows the service as it was.
	outdated
	// unreachable: the array does not answer a question.
	unreachable
	// tookLong: the turn of a request came late.
	tookLong
	// misled: the name of the SVM was looked up to the UUID of another one.
	misled
)

// model runs a plan in the world.
type model struct {
	next func(State) Step
	// after, unless nil, is told of each transition, by its name, with the state before it. It can spoil what came of it.
	after func(transition string, before State, s *State)
	// anyUID: a copy of an object is taken for the object.
	anyUID bool
	// contest tells an object where it stands; unless nil, there are other objects in this model.
	contest func(s *state, scope Scope) (standing Standing, former bool)
}

// change makes a transition of the pass's state.
func (m *model) change(s *state, transition string, change func(*State)) {
	before := s.pass.State
	change(&s.pass.State)
	if m.after != nil {
		m.after(transition, before, &s.pass.State)
	}
	s.remember()
}

// remember keeps what outlives the pass.
func (s *state) remember() {
	s.memory = s.pass.State.memory
	if s.superseded {
		s.memory.Settle()
	}
}

// end ends the pass without a word: it has to be done again.
func (s *state) end() {
	s.pass, s.superseded = pass{}, false
}

// begin begins a pass with a copy of the object.
func (m *model) begin(s *state, copied Object) (broken string) {
	if copied.Deleting && !copied.Finalizer {
		s.end()
		s.cached, s.raced = s.obj, false
		return ""
	}
	s.pass = pass{
		active: true, recorded: copied.Status, overtaken: copied != s.obj.Object, deniedFirst: s.denied, pausedFirst: s.frozen,
	}
	m.change(s, "Begin", func(to *State) { *to = Begin(copied, s.memory, s.frozen, now) })
	s.turnTo(s.pass.svm)
	s.cached, s.raced = s.obj, false
	return ""
}

// turnTo turns to the SVM that a pass is about.
func (s *state) turnTo(svm SVM) {
	at := int8(0)
	if svm.Name == svms[1].Name || svm.UUID == svms[1].UUID {
		at = 1
	}
	if at != s.at {
		s.at, s.svm, s.beside = at, s.beside, s.svm
	}
}

// real is the SVM as the array has it now.
func (s *state) real() SVM {
	svm := svms[s.at]
	if s.renamed {
		svm.Name = renamedTo
	}
	return svm
}

// allowed reports whether the namespace may use the SVM under its present name, by the rules that the pass knows.
func (s *state) allowed() bool { return !s.pass.deniedFirst && !s.renamed }

func (s *state) service(v view) Service {
	return Service{SVM: s.real(), Enabled: v.enabled, Alias: v.alias, Target: v.target}
}

// step takes the next step of the pass, and tells which rule that breaks.
func (m *model) step(s *state, l luck) (broken string) {
	if broken = m.take(s, l); broken == "" && s.pass.active {
		broken = s.pass.contradicts()
	}
	return broken
}

func (m *model) take(s *state, l luck) (broken string) {
	p := &s.pass
	if p.ending {
		return m.report(s)
	}
	step := m.next(p.State)
	if step.Asks() && !p.connected {
		p.connected = true
		m.change(s, "Connected", func(to *State) { to.Connected(nil, p.deniedFirst) })
		return ""
	}
	if p.unreached && step.Asks() {
		return "the array is asked again in a pass in which it has not answered"
	}
	if l == unreachable {
		p.unreached = true
		m.change(s, "Failed", func(to *State) { to.Failed(p.deniedFirst) })
		return ""
	}
	switch step.Do {
	case Rest, Stop, Wait:
		if step.Do == Rest {
			m.change(s, "Rested", (*State).Rested)
		}
		p.ending, p.do, p.why = true, step.Do, step.Why
	case Look:
		m.look(s, step, l)
	case Confirm:
		m.confirm(s, l)
	case Contest:
		m.contested(s, step.Scope)
	case Reserve:
		m.change(s, "Reserved", (*State).Reserved)
	case Await:
		p.late, p.admitted = p.late || l == tookLong, false
		m.change(s, "TurnCame", func(to *State) { to.TurnCame(l == tookLong) })
	case Recheck:
		m.recheck(s)
	case Count:
		p.fresh, p.admitted, p.counted, p.busy = false, false, true, s.svm.inUse
		m.change(s, "Counted", func(to *State) { to.Counted(map[bool]int{true: 1}[s.svm.inUse], now) })
	case Supersede:
		m.change(s, "Superseded", (*State).Superseded)
	case BackOff:
		if !p.overtaken {
			s.declined = Create
		}
		m.change(s, "BackedOff", func(to *State) { to.BackedOff(errModel, nil, 10*time.Minute) })
	default:
		return m.act(s, step, l)
	}
	return ""
}

// act takes a step that leaves something behind.
func (m *model) act(s *state, step Step, l luck) (broken string) {
	switch step.Do {
	case Mark, Unmark:
		return m.mark(s, step, l)
	case Bind:
		return m.bind(s, step.Origin)
	case Disown:
		m.change(s, "Disowned", (*State).Disowned)
	case Forget:
		return m.forget(s, step.Why)
	case Record:
		if ok, broken := m.persist(s); !ok || broken != "" {
			s.end()
			return broken
		}
	case Release:
		return m.release(s, step)
	case Again:
		broken := s.outlasted()
		s.end()
		return broken
	default:
		return m.request(s, step, l)
	}
	return ""
}

func (m *model) look(s *state, step Step, l luck) {
	p, seen := &s.pass, s.svc.view
	p.fresh, p.admitted, p.late, p.lookedLive = false, false, false, step.Live
	p.asked, p.toldGone = false, false
	if step.Live {
		m.change(s, "LookedAgain", (*State).LookedAgain)
		s.turnTo(p.svm)
		seen = s.svc.view
	}
	known := p.svm.UUID != ""
	switch l {
	case omitted:
		seen = view{}
	case outdated:
		seen, p.outdated = s.polled, true
	default:
		p.outdated, s.raced, s.polled = false, false, s.svc.view
	}
	if s.renamed && !known {
		seen = view{}
	}
	if seen.present {
		m.saw(s, seen, !step.Live)
		return
	}
	m.change(s, "Missing", func(to *State) { to.Missing(nil, now) })
	switch {
	case known && s.gone:
		m.change(s, "SVMNotFound", (*State).SVMNotFound)
	case known:
		m.change(s, "SVMFound", func(to *State) { to.SVMFound(s.real(), s.allowed()) })
	}
}

func (m *model) confirm(s *state, l luck) {
	p := &s.pass
	p.fresh, p.admitted, p.late, p.outdated, s.raced, p.lookedLive = false, false, false, false, false, true
	p.asked, p.toldGone = false, false
	switch known := p.svm.UUID != ""; {
	case l == misled && !known:
		m.change(s, "Renamed", (*State).Renamed)
	case (s.gone || s.renamed) && !known:
		m.change(s, "Unproven", func(to *State) { to.Unproven(now) })
	case s.svc.present:
		m.saw(s, s.svc.view, false)
	case s.gone:
		p.toldGone = true
		m.change(s, "SVMGone", func(to *State) { to.SVMGone(svms[s.at].UUID, !p.deniedFirst, now) })
	default:
		m.change(s, "Absent", func(to *State) { to.Absent(svms[s.at].UUID, now) })
	}
}

func (m *model) saw(s *state, seen view, snapshot bool) {
	s.pass.notAllowed, s.pass.counted = !s.allowed(), false
	m.change(s, "Saw", func(to *State) { to.Saw(s.service(seen), snapshot, s.allowed(), now) })
	s.shown()
}

// shown keeps books of what a service that was seen may be mistaken for.
func (s *state) shown() {
	p := &s.pass
	if origin := p.recorded.Origin; p.recorded != s.obj.Status {
		// An old copy of the object shows nothing that can be recorded.
	} else if origin == Adopted || origin == None && !p.Unanswered() && !s.doubt {
		s.svc.mistakable = false
	}
	if s.post.do != Rest && (s.svc.foreign || p.Unanswered()) {
		// Taken for the answer to a create request, a service hides what becomes of that.
		s.post.foreign = true
	}
}

func (m *model) contested(s *state, scope Scope) {
	standing, former := Standing{Holder: -1, NextClaimant: -1}, false
	s.pass.robs, s.pass.asked, s.pass.askedAgain = false, true, true
	switch {
	case m.contest != nil:
		standing, former = m.contest(s, scope)
	case s.behind:
		standing.Holder, s.pass.robs = 0, true
	case s.takesOver && !s.pass.object.Deleting:
		standing.Holder, standing.TakesOver = 0, true
	}
	if m.contest == nil && s.nextClaimant && s.pass.object.Deleting {
		standing.NextClaimant = 0
	}
	m.change(s, "Contested", func(to *State) { to.Contested(standing, former, scope) })
}

// recheck reads again what the pass rests on.
func (m *model) recheck(s *state) {
	p := &s.pass
	p.admitted, p.askedAgain = true, false
	if p.deniedFirst != s.denied || p.pausedFirst != s.frozen || !p.fresh && s.obj.gone {
		s.end()
		return
	}
	read := p.object
	read.Status = p.recorded
	if !p.fresh {
		read, p.fresh, p.overtaken = s.obj.Object, true, false
	}
	again := false
	m.change(s, "Rechecked", func(to *State) { again = to.Rechecked(read, p.recorded, now) })
	if again {
		s.end()
	}
}

// bind takes a service on.
func (m *model) bind(s *state, origin Origin) (broken string) {
	p := &s.pass
	known := !s.raced && !p.outdated && s.svc.present
	switch {
	case origin == Created && p.object.Origin == Adopted:
		return "an adopted service becomes a created one"
	case origin == Adopted && p.object.Origin == None && !p.askedAgain:
		return "a service is taken on without asking again which object has it"
	case origin == Created:
		p.mistaken = known && s.svc.foreign && !s.svc.mistakable
	case p.State.takesOver && p.object.Origin == None && p.object.Policy == Delete && !p.object.Finalizer:
		return "a service is taken over that its object does not delete with itself"
	}
	p.tookOver = p.State.takesOver && p.object.Origin == None
	m.change(s, "Bound", func(to *State) { to.Bound(origin) })
	return ""
}

func (m *model) forget(s *state, why Why) (broken string) {
	p := &s.pass
	if why == ClaimLost {
		// Another object has it.
		s.svc.foreign, s.svc.left = s.svc.present, s.svc.present
	}
	p.mistaken = false
	if s.svc.present && !s.raced && why != ClaimLost {
		return "a service is forgotten that is there"
	}
	m.change(s, "Forgotten", (*State).Forgotten)
	return ""
}

// forfeit gives up the create request of which there is no record any more: a user has taken it off, and the process that knew
// has ended.
func (s *state) forfeit() {
	if s.unmarked && s.memory.create != createUnanswered {
		s.post.forfeited, s.beside.post.forfeited = s.post.do != Rest, s.beside.post.do != Rest
	}
}

// crash ends the process.
func (s *state) crash() {
	s.end()
	s.memory, s.declined = Memory{}, Rest
	s.forfeit()
	s.cached, s.polled, s.beside.polled = s.obj, s.svc.view, s.beside.svc.view
}
