package plan

import "slices"

// moves tells all that may happen next: a step of the operator, with good or bad luck, or something around it.
func (m *model) moves(s *state, to func(label string, next *state, broken string)) {
	if s.obj.gone {
		return
	}
	var next state
	try := func(label string, cost int8, change func(*state) string) {
		if cost > s.left {
			return
		}
		next = *s
		next.left -= cost
		broken := change(&next)
		to(label, &next, broken)
	}
	does := func(label string, change func(*state)) {
		try(label, 1, func(s *state) string { change(s); return "" })
	}
	if s.pass.active {
		m.stepMoves(s, try)
		does("the operator crashes", (*state).crash)
		does("the pass fails", (*state).end)
	} else {
		try("a pass begins", 0, func(s *state) string { return m.begin(s, s.obj.Object) })
		if s.cached != s.obj {
			try("a pass begins with an old copy", 1, func(s *state) string { return m.begin(s, s.cached.Object) })
		}
		if s.memory != (Memory{}) {
			does("the operator crashes", (*state).crash)
		}
		if s.waits() {
			try("a minute passes", 0, func(s *state) string { s.minute(); return "" })
		}
	}
	if s.post.do != Rest {
		try("a lost create request is applied", 0, func(s *state) string { s.land(&s.post); return "" })
	}
	if s.change.do != Rest {
		try("a lost request is applied", 0, func(s *state) string { s.land(&s.change); return "" })
	}
	if s.beside.post.do != Rest {
		try("a lost create request is applied on the other SVM", 0, func(s *state) string {
			s.svm, s.beside = s.beside, s.svm
			s.land(&s.post)
			s.svm, s.beside = s.beside, s.svm
			return ""
		})
	}
	m.userMoves(s, try)
	arrayMoves(s, does)
}

func (m *model) stepMoves(s *state, try func(string, int8, func(*state) string)) {
	with := func(l luck) func(*state) string { return func(s *state) string { return m.step(s, l) } }
	if s.pass.ending {
		try("status is written", 0, with(fair))
		return
	}
	step := m.next(s.pass.State)
	name := labels[step.Do]
	try("step "+name, 0, with(fair))
	if !s.pass.connected {
		if step.Asks() {
			try("the array cannot be reached", 1, with(unreachable))
		}
		return
	}
	switch step.Do {
	case Look:
		if s.svc.present {
			try("look, and the collection lacks the service", 1, with(omitted))
		}
		if s.polled != s.svc.view && !step.Live {
			try("look, and the collection is old", 1, with(outdated))
		}
	case Confirm:
		try("confirm, and the array does not answer", 1, with(unreachable))
		if s.pass.svm.UUID == "" {
			try("confirm, and the name is looked up to another SVM", 1, with(misled))
		}
	case Await:
		try("await, and it takes long", 1, with(tookLong))
		try("await, and the array cannot be reached", 1, with(unreachable))
	case Mark, Unmark:
		try(name+", without an answer", 1, with(replyLost))
	case Create, Update, Disable, Remove:
		try(name+", without an answer", 1, with(replyLost))
		try(name+", and a crash before the answer", 1, with(diedWaiting))
	}
}

// labels name the steps.
var labels = [...]string{
	Rest: "rest", Look: "look", Confirm: "confirm", Contest: "contest", Reserve: "reserve", Await: "await", Recheck: "recheck", Count: "count",
	Mark: "mark", Unmark: "unmark", Supersede: "supersede", Bind: "bind", Disown: "disown", Forget: "forget", Record: "record",
	Create: "create", Update: "update", Disable: "disable", Remove: "remove", BackOff: "back off", Release: "release", Again: "again", Stop: "stop", Wait: "wait",
}

// waits reports whether anything changes by waiting.
func (s *state) waits() bool {
	return s.post.do != Rest || s.change.do != Rest || s.beside.post.do != Rest || s.beside.change.do != Rest ||
		s.memory.absentSince.Equal(now) || s.memory.createBackOff.refusal != nil || s.memory.updateBackOff.refusal != nil
}

// minute lets pass the time in which a lost request may be applied, and a refused one is not repeated: what is remembered
// grows older.
func (s *state) minute() {
	s.post, s.svm.change, s.declined = flight{}, flight{}, Rest
	s.beside.post, s.beside.change = flight{}, flight{}
	for _, m := range []*Memory{&s.memory, &s.pass.State.memory} {
		if !m.absentSince.IsZero() {
			m.absentSince = now.Add(-SecondLook)
		}
		for _, b := range []*backOff{&m.createBackOff, &m.updateBackOff} {
			if b.refusal != nil {
				b.until = now
			}
		}
	}
}

func (s *state) land(f *flight) {
	s.declined = Rest
	landed := *f
	*f = flight{}
	before := s.svc
	s.apply(landed)
	s.raced = s.raced || s.svc != before
}

// userMoves are what may happen to the object, or to what it may use.
func (m *model) userMoves(s *state, try func(string, int8, func(*state) string)) {
	edit := func(label string, change func(*Object)) {
		try(label, 1, func(s *state) string { s.edit(change); return "" })
	}
	for policy := Auto; policy <= Retain; policy++ {
		if policy != s.obj.Policy {
			edit([...]string{"policy becomes Auto", "policy becomes Delete", "policy becomes Retain"}[policy], func(o *Object) { o.Policy = policy })
		}
	}
	edit("observing is switched", func(o *Object) { o.Observe = !o.Observe })
	edit("the session guard is switched", func(o *Object) { o.SessionGuard = !o.SessionGuard })
	edit("spec.enabled is switched", func(o *Object) { o.Enabled = !o.Enabled })
	edit("spec.alias is another one", func(o *Object) { o.Alias = aliases[(slices.Index(aliases, o.Alias)+1)%len(aliases)] })
	edit("the object is paused, or no more", func(o *Object) { o.Paused = !o.Paused })
	edit("a live look is requested, or no more", func(o *Object) { o.Requested = !o.Requested })
	if s.obj.Bound == (SVM{}) {
		edit("spec.svm is changed", func(o *Object) { o.SVM = byName(map[bool]int8{true: 1}[o.SVM == byName(0)]) })
	}
	if s.obj.Finalizer || s.obj.Creating {
		try("the markers are removed", 1, func(s *state) string {
			s.edit(func(o *Object) { o.Markers = Markers{} })
			s.obj.gone, s.unmarked = s.obj.Deleting, true
			s.forfeit()
			return ""
		})
	}
	if !s.obj.Deleting {
		try("the object is deleted", 1, (*state).delete)
	}
	try("the ONTAPCluster is paused, or no more", 1, func(s *state) string { s.frozen = !s.frozen; return "" })
	try("access is switched", 1, func(s *state) string { s.denied = !s.denied; return "" })
	try("another object comes first, or no more", 1, func(s *state) string { s.around.behind, s.around.takesOver = !s.around.behind, false; return "" })
	if s.obj.Deleting {
		try("another object is to take over, or no more", 1, func(s *state) string { s.around.nextClaimant = !s.around.nextClaimant; return "" })
	}
	if !s.around.behind && !s.obj.Deleting && s.obj.Origin == None && !s.obj.Creating && !s.pass.active {
		try("an object that has the service is being deleted, or no more", 1, func(s *state) string {
			s.around.takesOver = !s.around.takesOver
			s.theirs()
			return ""
		})
	}
	try("the object is restored under another UID", 1, func(s *state) string { m.restore(s); return "" })
}

// edit changes the object as a user does.
func (s *state) edit(change func(*Object)) {
	s.cached = s.obj
	change(&s.obj.Object)
	s.declined = Rest
	s.obj.Generation = 1 - s.obj.Generation // so that a back-off ends, and states do not multiply
	s.pass.overtaken = s.pass.active
}

func (s *state) delete() (broken string) {
	s.cached = s.obj
	s.obj.Deleting, s.pass.overtaken = true, s.pass.active
	if s.obj.Finalizer {
		return ""
	}
	s.obj.gone = true
	if s.obj.Origin != None || s.raced {
		return ""
	}
	return s.orphaned()
}

func (m *model) restore(s *state) {
	s.obj.Status, s.obj.Deleting = Status{}, false
	if !m.anyUID {
		s.obj.Creating, s.obj.Named, s.obj.Resolved = false, SVM{}, SVM{}
	}
	s.end()
	s.cached, s.memory, s.declined = s.obj, Memory{}, Rest
	for _, v := range []*svm{&s.svm, &s.beside} {
		v.svc.foreign, v.svc.mistakable = v.svc.present, false
		v.post.foreign, v.change.foreign = v.post.do != Rest, v.change.do != Rest
		v.doubt = false
	}
}

// theirs says that the service is another object's.
func (s *state) theirs() {
	s.svc.foreign, s.svc.left, s.svc.mistakable, s.doubt = s.svc.present, s.svc.present, false, false
	s.post.foreign = s.post.do != Rest
}

// arrayMoves are what other clients do on the array.
func arrayMoves(s *state, does func(string, func(*state))) {
	for _, c := range []struct {
		refusing Refusal
		label    string
	}{
		{NotRefused, "the array accepts requests"}, {RefusedUnsupported, "the platform can neither create nor delete"},
		{RefusedForNow, "the array is busy"}, {RefusedForGood, "the array refuses requests"},
	} {
		if c.refusing != s.refusing {
			does(c.label, func(s *state) { s.refusing, s.declined = c.refusing, Rest })
		}
	}
	if s.gone {
		return
	}
	others := func(label string, change func(*state)) {
		does(label, func(s *state) {
			s.polled, s.raced, s.declined = s.svc.view, true, Rest
			change(s)
		})
	}
	does("initiators come, or go", func(s *state) { s.svm.inUse = !s.svm.inUse })
	does("the SVM is renamed, or back", func(s *state) { s.renamed = !s.renamed })
	others("the SVM is deleted", func(s *state) { s.svc, s.gone = service{}, true })
	verb := "creates"
	if s.svc.present {
		verb = "recreates"
	}
	for _, target := range []string{createdTarget, otherTarget} {
		for _, enabled := range []bool{true, false} {
			others("another client "+verb+" the service, with target "+target, func(s *state) {
				s.svc = service{view: view{present: true, enabled: enabled, target: target, alias: defaultAlias}, foreign: true, mistakable: s.confusing(target)}
			})
		}
	}
	if s.svc.present {
		others("another client deletes the service", func(s *state) { s.svc = service{} })
		others("another client switches the service", func(s *state) { s.svc.enabled, s.svc.stopped = !s.svc.enabled, false })
		others("another client changes the alias", func(s *state) {
			if s.svc.alias == defaultAlias {
				s.svc.alias = oneAlias
			} else {
				s.svc.alias = defaultAlias
			}
		})
	}
}
