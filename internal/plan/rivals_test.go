package plan

import (
	"testing"
	"time"
)

// pair is two objects that name one SVM, and one operator that works on both at a time. Each half knows the service as
// its object does: what the other one makes is somebody else's.
type pair struct {
	of [2]state
	// twins were created in the same second, else the first is the older.
	twins bool
	left  int8
}

// duel runs the plan and the rule of who comes first in the world of two objects.
type duel struct {
	run
	decide func(Claimant, []Claimant) Standing
	rested set[packedPair]
	// lenient leaves the origin of an object alone when the other one takes the service on.
	lenient bool
}

// packedPair is a pair whose states are packed.
type packedPair struct {
	of    [2]packed
	twins bool
	left  int8
}

func (d *duel) packPair(p *pair) packedPair {
	return packedPair{of: [2]packed{d.pack(&p.of[0]), d.pack(&p.of[1])}, twins: p.twins, left: p.left}
}

func (d *duel) unpackPair(p packedPair) pair {
	return pair{of: [2]state{d.unpack(p.of[0]), d.unpack(p.of[1])}, twins: p.twins, left: p.left}
}

func duelOf(contest func(Claimant, []Claimant) Standing) (*search[pair, packedPair], *duel) {
	d := &duel{run: run{model: model{next: Next}, pool: newPool()}, decide: contest, rested: newSet[packedPair]()}
	return &search[pair, packedPair]{pack: d.packPair, unpack: d.unpackPair, moves: d.moves, settles: d.settles, met: newSet[packedPair]()}, d
}

func (p *pair) claimant(i int, obj *Object) Claimant {
	c := Claimant{
		Origin: obj.Origin, Creating: obj.Creating, Observe: obj.Observe, Denied: p.of[i].denied,
		Deleting: obj.Deleting, Finalizer: obj.Finalizer, Since: time.Unix(int64(i), 0), UID: [...]string{"a", "b"}[i],
	}
	if p.twins {
		c.Since = time.Time{}
	}
	return c
}

// wants reports whether an object is one that can have the service.
func (p *pair) wants(i int) bool {
	obj := &p.of[i].obj
	return !obj.gone && !obj.Observe && !p.of[i].denied && (!obj.Deleting || obj.Finalizer)
}

// holds reports whether an object has the service, or has begun to create it.
func (p *pair) holds(i int) bool {
	obj := &p.of[i].obj
	return p.wants(i) && (obj.Origin != None || obj.Creating)
}

// owns reports whether it is recorded that an object, which is not being deleted, has the service.
func (s *state) owns() bool { return !s.obj.gone && !s.obj.Deleting && s.obj.Origin != None }

// contest tells one of the objects where it stands, by what the cache and the API server tell of the other one.
func (d *duel) contest(p *pair, i int, old bool, scope Scope) (standing Standing, former bool) {
	mine, theirs := &p.of[i], &p.of[1-i]
	known := theirs.obj
	if recorded := scope == Adopters && theirs.owns(); old && (scope == Cached || scope == Adopters && !recorded) {
		known = theirs.cached
	}
	mine.pass.handedOver = !theirs.obj.gone && theirs.obj.Origin != None && (!theirs.obj.Deleting || theirs.obj.Finalizer)
	if theirs.obj.gone {
		return d.decide(p.claimant(i, &mine.pass.object), nil), false
	}
	mine.pass.robs = theirs.owns() && p.wants(1-i)
	other := p.claimant(1-i, &known.Object)
	mine.pass.formerGeneration = known.Generation
	former = (other.Origin != None || other.Creating) && (other.Observe || other.Denied) && !other.Deleting && !d.lenient
	return d.decide(p.claimant(i, &mine.pass.object), []Claimant{other}), former
}

// step takes the next step of one of the passes. Old has the cache have an old copy of the other object.
func (d *duel) step(p *pair, i int, l luck, old bool) (broken string) {
	mine, theirs := &p.of[i], &p.of[1-i]
	before, step := mine.svc, Step{}
	if !mine.pass.ending {
		step = d.next(mine.pass.State)
	}
	switch step.Do {
	case Reserve:
		if theirs.pass.active && theirs.pass.reserved && !theirs.obj.gone {
			mine.end() // the other one is about to record that it has the service
			return ""
		}
	case Supersede:
		switch {
		case theirs.obj.gone || theirs.obj.Deleting:
		case theirs.obj.Generation != mine.pass.formerGeneration:
			mine.end() // it may claim the service by now
			return ""
		default:
			p.supersede(1 - i)
		}
	}
	began, handedOver, m := mine.pass.object.Origin, mine.pass.handedOver, d.model
	m.contest = func(_ *state, scope Scope) (Standing, bool) { return d.contest(p, i, old, scope) }
	broken = m.step(mine, l)
	taken := step.Do == Bind && mine.pass.active && began == None && mine.pass.object.Origin != None
	switch {
	case broken != "":
	case step.Do == Release && step.Why == HandedOver && mine.obj.gone && !handedOver:
		broken = "a service is handed over to an object that has not taken it over"
	case taken && mine.pass.object.Origin == Adopted && p.holds(1-i) && !theirs.obj.Deleting:
		broken = "a service is taken on that another object holds"
	}
	if l == diedWaiting {
		theirs.crash()
	}
	p.share(i, before)
	return broken
}

// supersede ends what an object has of the service that the other one takes on.
func (p *pair) supersede(i int) {
	s := &p.of[i]
	if s.obj.Origin == None && !s.obj.Creating {
		return
	}
	s.cached = s.obj
	s.obj.Origin, s.obj.CreatedTarget, s.obj.Markers = None, "", Markers{}
	s.pass.overtaken, s.superseded, s.doubt = s.pass.active, s.pass.active, false
	s.svc.foreign, s.svc.mistakable = s.svc.present, false
	s.post.foreign = s.post.do != Rest
	s.memory.Settle()
}

// share shows the other object what has become of the service.
func (p *pair) share(i int, before service) {
	mine, theirs := &p.of[i], &p.of[1-i]
	mine.polled, theirs.polled = mine.svc.view, mine.svc.view
	switch {
	case mine.svc.view == before.view:
		return
	case !mine.svc.present:
		theirs.svc = service{}
	case !before.present:
		theirs.svc = service{view: mine.svc.view, foreign: true, mistakable: theirs.confusing(mine.svc.target)}
	default:
		theirs.svc.view, theirs.svc.stopped = mine.svc.view, false
	}
	theirs.raced = true
}

func (d *duel) moves(p *pair, to func(label string, next *pair, broken string)) {
	var next pair
	try := func(label string, cost int8, change func(*pair) string) {
		if cost > p.left {
			return
		}
		next = *p
		next.left -= cost
		broken := change(&next)
		to(label, &next, broken)
	}
	for i := range p.of {
		if !p.of[i].obj.gone {
			d.movesOf(p, i, try)
		}
	}
	if p.of[0].pass.active || p.of[1].pass.active || p.of[0].memory != (Memory{}) || p.of[1].memory != (Memory{}) {
		try("the operator crashes", 1, func(p *pair) string {
			p.of[0].crash()
			p.of[1].crash()
			return ""
		})
	}
	if !p.of[0].pass.active && !p.of[1].pass.active {
		try("a minute passes", 0, func(p *pair) string {
			p.of[0].minute()
			p.of[1].minute()
			return ""
		})
	}
	others := func(label string, svc service) {
		try(label, 1, func(p *pair) string {
			for i := range p.of {
				half := &p.of[i]
				svc.mistakable = svc.present && half.confusing(svc.target)
				half.svc, half.polled, half.raced = svc, svc.view, true
			}
			return ""
		})
	}
	if p.of[0].svc.present {
		others("another client deletes the service", service{})
	} else {
		others("another client creates a service", service{view: view{present: true, enabled: true, target: otherTarget}, foreign: true})
	}
}

// movesOf are what may happen to one of the objects.
func (d *duel) movesOf(p *pair, i int, try func(string, int8, func(*pair) string)) {
	mine, theirs, who := &p.of[i], &p.of[1-i], [...]string{"the first: ", "the second: "}[i]
	with := func(l luck, old bool) func(*pair) string {
		return func(p *pair) string { return d.step(p, i, l, old) }
	}
	switch {
	case !mine.pass.active:
		try(who+"a pass begins", 0, func(p *pair) string { return d.begin(&p.of[i], p.of[i].obj.Object) })
		if mine.cached != mine.obj {
			try(who+"a pass begins with an old copy", 1, func(p *pair) string { return d.begin(&p.of[i], p.of[i].cached.Object) })
		}
	case mine.pass.ending:
		try(who+"status is written", 0, with(fair, false))
	default:
		do := d.next(mine.pass.State).Do
		name := who + labels[do]
		try(name, 0, with(fair, false))
		switch do {
		case Contest:
			if theirs.cached != theirs.obj {
				try(name+", while the cache has an old copy of the other", 1, with(fair, true))
			}
		case Mark, Unmark:
			try(name+", without an answer", 1, with(replyLost, false))
		case Create, Update, Disable, Remove:
			try(name+", without an answer", 1, with(replyLost, false))
			try(name+", and a crash before the answer", 1, with(diedWaiting, false))
		}
	}
	if mine.post.do != Rest {
		try(who+"a lost create request is applied", 0, func(p *pair) string {
			before := p.of[i].svc
			p.of[i].land(&p.of[i].post)
			p.share(i, before)
			return ""
		})
	}
	edit := func(label string, change func(*Object)) {
		try(who+label, 1, func(p *pair) string { p.of[i].edit(change); return "" })
	}
	edit("observing is switched", func(o *Object) { o.Observe = !o.Observe })
	if !mine.obj.Deleting {
		try(who+"the object is deleted", 1, func(p *pair) string { p.of[i].delete(); return "" })
	}
	try(who+"access is switched", 1, func(p *pair) string { p.of[i].denied = !p.of[i].denied; return "" })
}

func (d *duel) isRested(p *pair) bool {
	packed := d.packPair(p)
	return d.rested.has(&packed)
}

func (d *duel) rest(p *pair) {
	packed := d.packPair(p)
	d.rested.add(&packed)
}

// settles lets the operator work on both objects until nothing changes any more.
func (d *duel) settles(p pair) (broken string) {
	const mostRounds = 12
	var on []pair
	p.left = 0
	ends := [2]pass{}
	for range mostRounds {
		if d.isRested(&p) {
			break
		}
		on = append(on, p)
		before := p
		for i := range p.of {
			s := &p.of[i]
			if s.obj.gone {
				continue
			}
			if !s.pass.active {
				s.calm()
				if broken := d.begin(s, s.obj.Object); broken != "" {
					return broken
				}
			}
			if ends[i], broken = d.finish(&p, i); broken != "" {
				return broken
			}
			if !p.of[1-i].pass.active {
				p.of[0].calm()
				p.of[1].calm()
			}
			s.doubt = before.of[i].doubt
		}
		if p != before {
			continue
		}
		if broken := p.unexplained(ends); broken != "" {
			return broken
		}
		d.rest(&p)
	}
	if !d.isRested(&p) {
		return "the objects do not come to rest"
	}
	for i := range on {
		d.rest(&on[i])
	}
	return ""
}

// finish takes the steps of a pass until it ends, and returns the pass as it ended.
func (d *duel) finish(p *pair, i int) (end pass, broken string) {
	for range mostSteps {
		if !p.of[i].pass.active {
			return end, ""
		}
		end = p.of[i].pass
		if broken := d.step(p, i, fair, false); broken != "" {
			return end, broken
		}
	}
	return end, "a pass does not end"
}

// unexplained tells what is wrong with how two objects share an SVM in the end.
func (p *pair) unexplained(ends [2]pass) (broken string) {
	has := 0
	for i := range p.of {
		if p.of[i].obj.gone {
			continue
		}
		switch lost := ends[i].do == Stop && ends[i].why == ClaimLost; {
		case lost && !p.wants(1-i):
			return "an object yields to one that wants nothing"
		case lost && ends[1-i].why == ClaimLost:
			return "two objects wait for each other"
		case ends[i].do == Rest && !p.of[i].obj.Observe:
			has++
		}
	}
	if has > 1 {
		return "two objects have one service"
	}
	if p.of[0].owns() && p.of[1].owns() && (p.wants(0) || p.wants(1)) && p.of[0].svc.present {
		return "two objects own one service"
	}
	for i := range p.of {
		if broken := ends[i].unexplained(&p.of[i]); !p.of[i].obj.gone && broken != "" {
			return broken
		}
	}
	return ""
}

// pairs are how two objects may come to name one SVM: together, or one after the other.
func pairs(left int8, to func(pair)) {
	add := func(older, younger Object, svc service) {
		for _, twins := range []bool{false, true} {
			if twins && older.Policy != Auto {
				continue
			}
			p := pair{twins: twins, left: left}
			for i, obj := range []Object{older, younger} {
				known := svc
				known.foreign = known.present && obj.Origin != Created
				p.of[i] = state{obj: object{Object: obj}, cached: object{Object: obj}, svm: svm{svc: known, polled: known.view}}
			}
			to(p)
		}
	}
	there := service{view: listed(true, createdTarget)}
	for _, policy := range []Policy{Auto, Delete} {
		wanting := naming(policy)
		other := naming(policy)
		other.Enabled = false
		observing := other
		observing.Observe = true
		created := marked(bound(wanting, Created), true, true)
		// The annotation of a copy carries the UID of another object.
		copied := marked(other, true, false)
		adopted := marked(bound(wanting, Adopted), policy == Delete, false)
		add(other, wanting, service{})
		add(other, wanting, there)
		add(other, created, there)
		add(created, copied, there)
		add(observing, adopted, there)
		add(observing, wanting, service{})
	}
}

// TestModelOfRivals tries all that can happen to two objects that name one SVM.
func TestModelOfRivals(t *testing.T) {
	t.Parallel()
	x, _ := duelOf(Claimant.Contest)
	began := 0
	pairs(2, func(p pair) {
		began++
		if story := x.from(p); story != "" {
			t.Fatal(story)
		}
	})
	t.Logf("%d starts, %d states, %d runs", began, len(x.trail), x.runs)
}
