package plan

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
		does("the pass fails", func(s *state) { s.pass = pass{} })
	} else {
		try("a pass begins", 0, func(s *state) string { return m.begin(s, s.obj) })
		if s.cached != s.obj {
			try("a pass begins with an old copy", 1, func(s *state) string { return m.begin(s, s.cached) })
		}
		if s.process != (process{}) {
			does("the operator crashes", (*state).crash)
		}
		if s.post.do != 0 || s.change.do != 0 || s.beside.post.do != 0 || s.beside.change.do != 0 || s.process.absence == justProved || s.process.hold {
			try("a minute passes", 0, func(s *state) string { s.minute(); return "" })
		}
	}
	if s.post.do != 0 {
		try("a lost create request is applied", 0, func(s *state) string { s.land(&s.post); return "" })
	}
	if s.change.do != 0 {
		try("a lost request is applied", 0, func(s *state) string { s.land(&s.change); return "" })
	}
	if s.beside.post.do != 0 {
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
	do := m.next(s.wanted(), s.remembered(), s.observed()).Do
	try(labels[do][0], 0, with(fair))
	switch do {
	case Look:
		if s.svc.present {
			try("look, and the collection lacks the service", 1, with(omitted))
		}
		if s.polled != s.svc.view {
			try("look, and the collection is old", 1, with(outdated))
		}
	case Mark:
		try("mark, without an answer", 1, with(replyLost))
	case Create, Update, Disable, Remove:
		try(labels[do][1], 1, with(replyLost))
		try(labels[do][2], 1, with(diedWaiting))
	}
}

// labels name the steps, with good luck, without an answer, and with a crash before the answer.
var labels = func() (all [Wait + 1][3]string) {
	for do, name := range [...]string{
		Rest: "rest", Look: "look", Confirm: "confirm", Count: "count", Mark: "mark", Own: "own", Forget: "forget", Create: "create",
		Update: "update", Disable: "disable", Remove: "remove", Release: "release", Stop: "stop", Wait: "wait",
	} {
		all[do] = [3]string{"step " + name, "step " + name + ", without an answer", "step " + name + ", and a crash before the answer"}
	}
	return all
}()

// minute lets pass the time in which a lost request may be applied.
func (s *state) minute() {
	s.post, s.change, s.process.hold = flight{}, flight{}, false
	s.beside.post, s.beside.change = flight{}, flight{}
	if s.process.absence == justProved {
		s.process.absence = provedLongAgo
	}
}

func (s *state) land(f *flight) {
	landed := *f
	*f = flight{}
	before := s.svc
	s.apply(landed)
	s.raced = s.raced || s.svc != before
}

// userMoves are what may happen to the object, or to what it may use.
func (m *model) userMoves(s *state, try func(string, int8, func(*state) string)) {
	edit := func(label string, change func(*object)) {
		try(label, 1, func(s *state) string {
			s.cached = s.obj
			change(&s.obj)
			s.pass.behind, s.process.hold = s.pass.active, false
			return ""
		})
	}
	for policy := Auto; policy <= Retain; policy++ {
		if policy != Policy(s.obj.policy) {
			edit([...]string{"policy becomes Auto", "policy becomes Delete", "policy becomes Retain"}[policy], func(o *object) { o.policy = int8(policy) })
		}
	}
	edit("observing is switched", func(o *object) { o.observe = !o.observe })
	edit("guarding is switched", func(o *object) { o.guarded = !o.guarded })
	edit("spec.enabled is switched", func(o *object) { o.enabled = !o.enabled })
	edit("spec.alias is another one", func(o *object) { o.alias = (o.alias + 1) % int8(len(aliases)) })
	edit("the object is paused, or no more", func(o *object) { o.paused = !o.paused })
	if !s.obj.bound {
		edit("spec.svm is changed", func(o *object) { o.names = 1 - o.names })
	}
	if !s.obj.deleting {
		try("the object is deleted", 1, func(s *state) string {
			s.cached = s.obj
			s.obj.deleting, s.pass.behind = true, s.pass.active
			if s.obj.finalizer {
				return ""
			}
			s.obj.gone = true
			if Origin(s.obj.origin) != None || s.raced {
				return ""
			}
			return s.orphaned()
		})
	}
	try("the ONTAPCluster is paused, or no more", 1, func(s *state) string { s.frozen = !s.frozen; return "" })
	try("access is switched", 1, func(s *state) string { s.denied = !s.denied; return "" })
	try("another object comes first, or no more", 1, func(s *state) string { s.yields, s.takesOver = !s.yields, false; return "" })
	if s.obj.deleting {
		try("another object is to take over, or no more", 1, func(s *state) string { s.successor = !s.successor; return "" })
	}
	if !s.yields && !s.obj.deleting && Origin(s.obj.origin) == None && !s.obj.creating && !s.pass.active {
		try("an object that has the service is being deleted, or no more", 1, func(s *state) string {
			s.takesOver = !s.takesOver
			s.theirs()
			return ""
		})
	}
	try("the object is restored under another UID", 1, func(s *state) string {
		s.obj.status, s.obj.deleting = status{}, false
		s.obj.creating = s.obj.creating && m.anyUID
		s.cached, s.process, s.pass = s.obj, process{}, pass{}
		for _, v := range []*svm{&s.svm, &s.beside} {
			v.svc.foreign, v.svc.mistakable = v.svc.present, false
			v.post.foreign, v.change.foreign = v.post.do != 0, v.change.do != 0
			v.doubt = false
		}
		return ""
	})
}

// theirs says that the service is another object's.
func (s *state) theirs() {
	s.svc.foreign, s.svc.left, s.svc.mistakable, s.doubt = s.svc.present, s.svc.present, false, false
	s.post.foreign = s.post.do != 0
}

// arrayMoves are what other people do on the array.
func arrayMoves(s *state, does func(string, func(*state))) {
	for _, refusing := range []Refusal{NotRefused, RefusedOtherwise, RefusedUnsupported} {
		if int8(refusing) != s.refusing {
			does([...]string{"the array accepts writes", 4: "the platform can neither create nor delete", 5: "the array refuses writes"}[refusing],
				func(s *state) { s.refusing = int8(refusing) })
		}
	}
	if s.svmGone {
		return
	}
	others := func(label string, change func(*state)) {
		does(label, func(s *state) {
			s.polled, s.raced = s.svc.view, true
			change(s)
		})
	}
	does("initiators come, or go", func(s *state) { s.inUse = !s.inUse })
	does("the SVM is renamed, or back", func(s *state) { s.renamed = !s.renamed })
	others("the SVM is deleted", func(s *state) { s.svc, s.svmGone = service{}, true })
	for target := madeTarget; target <= strangeTarget; target++ {
		for _, enabled := range []bool{true, false} {
			label := [...]string{madeTarget: "somebody creates the service, with our target", strangeTarget: "somebody creates the service, with another target"}[target]
			if s.svc.present {
				label = [...]string{madeTarget: "somebody recreates the service, with our target", strangeTarget: "somebody recreates the service, with another target"}[target]
			}
			others(label, func(s *state) {
				s.svc = service{view: view{present: true, enabled: enabled, target: target}, foreign: true, mistakable: s.confusing(target)}
			})
		}
	}
	if s.svc.present {
		others("somebody deletes the service", func(s *state) { s.svc = service{} })
		others("somebody switches the service", func(s *state) { s.svc.enabled, s.svc.stopped = !s.svc.enabled, false })
		others("somebody changes the alias", func(s *state) {
			s.svc.alias = oneAlias - min(s.svc.alias, oneAlias)
		})
	}
}
