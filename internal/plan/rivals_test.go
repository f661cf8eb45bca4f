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
	contest func(Claimant, []Claimant) Standing
	// lenient leaves the origin of an object alone when the other one takes the service on; trusting takes the cache's word
	// for it that no other object has the service.
	lenient, trusting bool
}

func duelOf(contest func(Claimant, []Claimant) Standing) (*search[pair], *duel) {
	d := &duel{run: run{model: model{next: Next}}, contest: contest}
	rested := newSet[pair]()
	return newSearch(d.moves, func(p pair) string { return d.settles(p, &rested) }), d
}

func (p *pair) claimant(i int, obj *object) Claimant {
	c := Claimant{
		Origin: Origin(obj.origin), Creating: obj.creating, Observe: obj.observe, Denied: p.of[i].denied,
		Deleting: obj.deleting, Finalizer: obj.finalizer, Since: time.Unix(int64(i), 0), UID: [...]string{"a", "b"}[i],
	}
	if p.twins {
		c.Since = time.Time{}
	}
	return c
}

// wants reports whether an object is one that can have the service.
func (p *pair) wants(i int) bool {
	obj := &p.of[i].obj
	return !obj.gone && !obj.observe && !p.of[i].denied && (!obj.deleting || obj.finalizer)
}

// holds reports whether an object has the service, or has begun to create it.
func (p *pair) holds(i int) bool {
	obj := &p.of[i].obj
	return p.wants(i) && (Origin(obj.origin) != None || obj.creating)
}

// owns reports whether it is recorded that an object, which is not being deleted, has the service.
func (s *state) owns() bool { return !s.obj.gone && !s.obj.deleting && Origin(s.obj.origin) != None }

// stand tells one of the objects where it stands, by what it knows of the other one.
func (d *duel) stand(p *pair, i int, old bool) {
	mine, theirs := &p.of[i], &p.of[1-i]
	known, others := &theirs.obj, []Claimant(nil)
	if old {
		known = &theirs.cached
	}
	if !theirs.obj.gone {
		others = []Claimant{p.claimant(1-i, known)}
	}
	found := d.contest(p.claimant(i, &mine.pass.obj), others)
	mine.yields, mine.takesOver, mine.successor = found.Holder >= 0 && !found.TakesOver, found.TakesOver, found.Successor >= 0
}

// step takes the next step of one of the passes. What it knows of the other object it has from the cache, which may be
// old, but not where it takes on what it finds, or takes it away.
func (d *duel) step(p *pair, i int, l luck, old bool) (broken string) {
	mine, theirs := &p.of[i], &p.of[1-i]
	before, step := mine.svc, Step{}
	if !mine.pass.ending {
		step = d.next(mine.wanted(), mine.remembered(), mine.observed())
	}
	switch step.Do {
	case Look, Confirm:
		d.stand(p, i, old && !mine.pass.live)
	case Mark, Own, Create:
		if takes := step.Creating || step.Do != Mark && Origin(mine.pass.obj.origin) == None; takes && !mine.pass.reserved {
			if theirs.pass.active && theirs.pass.reserved && !theirs.obj.gone {
				mine.pass = pass{} // the other one is about to record that it has the service
				return ""
			}
			mine.pass.reserved = true
			d.stand(p, i, false)
			mine.claim()
			mine.yields, mine.takesOver, mine.successor = false, false, false
			return ""
		}
		d.stand(p, i, false)
	case Forget, Release:
		d.stand(p, i, false)
	case Disable, Remove:
		if theirs.owns() && !d.trusting {
			mine.pass.presence, mine.pass.live = int8(Unknown), true
			return ""
		}
	}
	began := Origin(mine.pass.obj.origin)
	if !mine.pass.fresh || step.Do == Mark || step.Do == Own {
		// What happens between the last look at the API server and the request cannot be known.
		mine.pass.robs = theirs.owns() && p.wants(1-i)
	}
	broken = d.model.step(mine, l)
	mine.yields, mine.takesOver, mine.successor = false, false, false
	taken := (step.Do == Own || step.Do == Create) && mine.pass.active && began == None && Origin(mine.pass.obj.origin) != None
	switch {
	case broken != "":
	case step.Do == Release && step.Why == HandedOver && mine.obj.gone && !theirs.owns() && !(theirs.obj.finalizer && !theirs.obj.gone && Origin(theirs.obj.origin) != None):
		broken = "a service is handed over to an object that has not taken it over"
	case taken && Origin(mine.pass.obj.origin) == Adopted && p.holds(1-i) && !theirs.obj.deleting:
		broken = "a service is taken on that another object holds"
	case taken && !theirs.obj.gone && !theirs.obj.deleting && !d.lenient:
		p.supersede(1 - i)
	case (step.Do == Look || step.Do == Confirm) && mine.pass.active && p.wants(i) && began != None && !mine.obj.deleting &&
		theirs.owns() && !p.wants(1-i) && !d.lenient:
		p.supersede(1 - i)
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
	if Origin(s.obj.origin) == None && !s.obj.creating {
		return
	}
	s.cached = s.obj
	s.obj.origin, s.obj.target, s.obj.finalizer, s.obj.creating = int8(None), noTarget, false, false
	s.pass.behind, s.doubt = s.pass.active, false
	s.svc.foreign, s.svc.mistakable = s.svc.present, false
	s.post.foreign, s.process.post = s.post.do != 0, postSettled
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
	if p.of[0].pass.active || p.of[1].pass.active || p.of[0].process != (process{}) || p.of[1].process != (process{}) {
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
	somebody := func(label string, svc service) {
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
		somebody("somebody deletes the service", service{})
	} else {
		somebody("somebody creates a service", service{view: view{present: true, enabled: true, target: strangeTarget}, foreign: true})
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
		try(who+"a pass begins", 0, func(p *pair) string { return d.begin(&p.of[i], p.of[i].obj) })
		if mine.cached != mine.obj {
			try(who+"a pass begins with an old copy", 1, func(p *pair) string { return d.begin(&p.of[i], p.of[i].cached) })
		}
	case mine.pass.ending:
		try(who+"status is written", 0, with(fair, false))
	default:
		do := d.next(mine.wanted(), mine.remembered(), mine.observed()).Do
		try(who+labels[do][0], 0, with(fair, false))
		switch do {
		case Look, Confirm:
			if theirs.cached != theirs.obj {
				try(who+labels[do][0]+", while the cache has an old copy of the other", 1, with(fair, true))
			}
		case Mark:
			try(who+labels[do][1], 1, with(replyLost, false))
		case Create, Update, Disable, Remove:
			try(who+labels[do][1], 1, with(replyLost, false))
			try(who+labels[do][2], 1, with(diedWaiting, false))
		}
	}
	if mine.post.do != 0 {
		try(who+"a lost create request is applied", 0, func(p *pair) string {
			before := p.of[i].svc
			p.of[i].land(&p.of[i].post)
			p.share(i, before)
			return ""
		})
	}
	edit := func(label string, change func(*object)) {
		try(who+label, 1, func(p *pair) string {
			s := &p.of[i]
			s.cached = s.obj
			change(&s.obj)
			s.pass.behind, s.process.hold = s.pass.active, false
			return ""
		})
	}
	edit("observing is switched", func(o *object) { o.observe = !o.observe })
	if !mine.obj.deleting {
		edit("the object is deleted", func(o *object) { o.deleting, o.gone = true, !o.finalizer })
	}
	try(who+"access is switched", 1, func(p *pair) string { p.of[i].denied = !p.of[i].denied; return "" })
}

// settles lets the operator work on both objects until nothing changes any more.
func (d *duel) settles(p pair, rested *set[pair]) (broken string) {
	const mostRounds = 12
	var on []pair
	p.left = 0
	ends := [2]pass{}
	for range mostRounds {
		if rested.has(&p) {
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
				if broken := d.begin(s, s.obj); broken != "" {
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
		rested.add(&p)
	}
	if !rested.has(&p) {
		return "the objects do not come to rest"
	}
	for i := range on {
		rested.add(&on[i])
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
		switch lost := Do(ends[i].last) == Stop && Why(ends[i].why) == ClaimLost; {
		case lost && !p.wants(1-i):
			return "an object yields to one that wants nothing"
		case lost && Why(ends[1-i].why) == ClaimLost:
			return "two objects wait for each other"
		case Do(ends[i].last) == Rest && !p.of[i].obj.observe:
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
	add := func(older, younger object, svc service) {
		for _, twins := range []bool{false, true} {
			if twins && Policy(older.policy) != Auto {
				continue
			}
			p := pair{twins: twins, left: left}
			for i, obj := range []object{older, younger} {
				known := svc
				known.foreign = known.present && Origin(obj.origin) != Created
				p.of[i] = state{obj: obj, cached: obj, svm: svm{svc: known, polled: known.view}}
			}
			to(p)
		}
	}
	there := service{view: view{present: true, enabled: true, target: madeTarget}}
	for _, policy := range []Policy{Auto, Delete} {
		wanting := object{policy: int8(policy), enabled: true}
		other := object{policy: int8(policy)}
		observing := other
		observing.observe = true
		created := wanting
		created.status = status{origin: int8(Created), target: madeTarget, bound: true}
		created.finalizer, created.creating = true, true
		// The annotation of a copy carries the UID of another object.
		copied := other
		copied.finalizer = true
		adopted := wanting
		adopted.status = status{origin: int8(Adopted), bound: true}
		adopted.finalizer = policy == Delete
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
