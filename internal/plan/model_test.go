package plan

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// run is a model whose states are run to rest.
type run struct {
	model
	*pool
	settled set[packed]
}

func searchOf(m model) (*search[state, packed], *run) {
	r := &run{model: m, pool: newPool(), settled: newSet[packed]()}
	return &search[state, packed]{pack: r.pack, unpack: r.unpack, moves: r.moves, settles: r.settles, met: newSet[packed]()}, r
}

func (x *run) isSettled(s *state) bool {
	packed := x.pack(s)
	return x.settled.has(&packed)
}

func (x *run) settle(s *state) {
	packed := x.pack(s)
	x.settled.add(&packed)
}

const (
	// mostPasses and mostSteps are what it takes at most to come to rest once nobody interferes any more.
	mostPasses = 8
	mostSteps  = 40
)

// settles runs the operator on its own until nothing changes any more.
func (x *run) settles(s state) (broken string) {
	var on []state
	s.left = 0
	for range mostPasses {
		if s.obj.gone || x.isSettled(&s) {
			break
		}
		on = append(on, s)
		if s.pass.active {
			if _, broken = x.finish(&s); broken != "" {
				return broken
			}
			continue
		}
		s.calm()
		before := s
		if broken = x.begin(&s, s.obj.Object); broken != "" {
			return broken
		}
		end, broken := x.finish(&s)
		if broken != "" {
			return broken
		}
		after := s
		after.calm()
		after.doubt, after.beside.doubt = before.doubt, before.beside.doubt
		if after != before {
			continue
		}
		if broken := end.unexplained(&s); broken != "" {
			return broken
		}
		x.settle(&before)
		s = before
	}
	if !s.obj.gone && !x.isSettled(&s) {
		return "the object does not come to rest"
	}
	for i := range on {
		x.settle(&on[i])
	}
	return ""
}

// calm lets a minute pass in which nothing happens.
func (s *state) calm() {
	s.minute()
	s.cached, s.polled, s.raced = s.obj, s.svc.view, false
	s.beside.polled, s.beside.raced = s.beside.svc.view, false
}

// finish takes the steps of a pass until it ends, and returns the pass as it ended.
func (x *run) finish(s *state) (end pass, broken string) {
	for range mostSteps {
		if !s.pass.active {
			return end, ""
		}
		end = s.pass
		if broken := x.step(s, fair); broken != "" {
			return end, broken
		}
	}
	return end, "a pass does not end"
}

// unexplained tells what is wrong with an end that the object stays in.
func (p *pass) unexplained(s *state) (broken string) {
	obj := &s.obj
	switch {
	case !p.ending:
		return "the operator gives up without a word"
	case p.do == Wait && p.why == HandingOver && s.around.nextClaimant:
		return ""
	case p.do == Wait:
		return "the operator waits for ever"
	case obj.Origin == Created && !s.svc.present && !s.around.behind:
		return "an absence is not remembered"
	case p.do == Stop && p.why == Plain:
		return "the operator stops without saying why"
	case p.do == Stop && p.why == Declined && p.refused == NotRefused, p.do == Stop && p.why == Failed:
		return "the operator stops for a reason that is not there"
	case p.do == Stop:
		return ""
	case obj.Deleting:
		return "the deletion rests"
	case !s.svc.present:
		return "all is well with a service that is not there"
	case obj.Observe && (obj.Finalizer || obj.Creating):
		return "an observed service has a finalizer"
	case obj.Observe && obj.Bound != svms[s.at]:
		return "an observed service is not bound"
	case obj.Observe:
		return ""
	}
	return obj.disagrees(s)
}

// disagrees tells where the array or the records disagree with an object that is at rest.
func (obj *object) disagrees(s *state) (broken string) {
	switch {
	case s.svc.enabled != obj.Enabled, obj.Alias != nil && s.svc.alias != *obj.Alias:
		return "the service is not as wanted"
	case obj.SVM != byName(s.at):
		return "the object has the service of another SVM than it names"
	case obj.Origin == None, obj.Origin == Created && obj.CreatedTarget != s.svc.target, obj.Bound.UUID != svms[s.at].UUID:
		return "the service is not owned as it should be"
	case obj.Finalizer != obj.deletes(), obj.Creating && !obj.Finalizer:
		return "the markers are not as they should be"
	}
	return ""
}

// contradicts tells where a state contradicts itself.
func (s *State) contradicts() (broken string) {
	present := s.presence == Present
	switch {
	case s.service != (Service{}) && !present:
		return "a service is known that was not seen"
	case s.snapshot && !present:
		return "the snapshot has a service that was not seen"
	case s.svmGone && s.presence != ProvedAbsent, s.absentFor != 0 && s.presence != ProvedAbsent:
		return "an absence is known that was not proved"
	case !s.countedAt.IsZero() && !present:
		return "sessions are known of a service that was not seen"
	case present && !s.memory.absentSince.IsZero():
		return "a service is there that was proved absent"
	case present && s.memory.createBackOff.refusal != nil:
		return "a create request is not repeated though the service is there"
	case s.takesOver && s.behind:
		return "an object takes over what another one keeps"
	case s.object.Origin != Created && s.object.CreatedTarget != "":
		return "a target is remembered of a service that was not created"
	case s.object.Origin != None && s.object.Bound == (SVM{}):
		return "an object has a service of no SVM"
	}
	return ""
}

// listed is a service as a collection shows it.
func listed(enabled bool, target string) view {
	return view{present: true, enabled: enabled, target: target, alias: defaultAlias}
}

// naming is an object that names the first SVM.
func naming(policy Policy) Object {
	return Object{Spec: Spec{SVM: byName(0), Enabled: true, Policy: policy}}
}

// bound has an object have the service of the first SVM.
func bound(o Object, origin Origin) Object {
	if o.Origin = origin; origin != None {
		o.Bound = svms[0]
	}
	if origin == Created {
		o.CreatedTarget = createdTarget
	}
	return o
}

// marked has an object carry the markers of a create request for the SVM that it names.
func marked(o Object, finalizer, creating bool) Object {
	if o.Finalizer, o.Creating = finalizer, creating; creating && o.Origin == None {
		o.Named, o.Resolved = byName(0), svms[0]
	}
	return o
}

// starts are all combinations of what is wanted, remembered and there.
func starts(left int8, to func(state)) {
	for bits := range 1 << 5 {
		for policy := Auto; policy <= Retain; policy++ {
			for origin := None; origin <= Adopted; origin++ {
				o := naming(policy)
				o.Enabled, o.Observe, o.Deleting = bits&1 != 0, bits&2 != 0, bits&4 != 0
				o = marked(bound(o, origin), bits&8 != 0, bits&16 != 0)
				if o.Deleting && !o.Finalizer {
					continue
				}
				obj := object{Object: o}
				settings(state{obj: obj, cached: obj, svm: svm{doubt: o.Creating && origin == None}, around: around{left: left}}, to)
			}
		}
	}
}

// settings puts an object everywhere it can be.
func settings(s state, to func(state)) {
	with := func(change func(*state)) {
		s := s
		change(&s)
		to(s)
	}
	for _, svc := range []view{{}, listed(true, createdTarget), listed(false, createdTarget), listed(true, otherTarget), listed(false, otherTarget)} {
		s.polled, s.svc = svc, service{view: svc}
		s.svc.foreign = svc.present && !s.doubt && (s.obj.Origin != Created || svc.target != createdTarget)
		s.svc.left = svc.present && !s.obj.Finalizer
		with(func(*state) {})
		with(func(s *state) { s.denied = true })
		with(func(s *state) { s.around.behind = true })
		if !s.obj.Deleting && !s.obj.Creating && s.obj.Origin == None {
			with(func(s *state) { s.around.takesOver = true; s.theirs() })
		}
		if s.obj.Deleting {
			with(func(s *state) { s.around.nextClaimant = true })
		}
		with(func(s *state) { s.obj.Paused, s.cached.Paused = true, true })
		with(func(s *state) { s.renamed = true })
		if s.obj.Bound == (SVM{}) {
			with(func(s *state) { s.obj.SVM, s.cached.SVM = byName(1), byName(1) })
		}
		if svc.enabled {
			s.obj.SessionGuard, s.cached.SessionGuard = true, true
			with(func(*state) {})
			with(func(s *state) { s.svm.inUse = true })
			s.obj.SessionGuard, s.cached.SessionGuard = false, false
		}
		with(func(s *state) { s.refusing = RefusedForGood })
		with(func(s *state) { s.refusing = RefusedUnsupported })
		if !svc.present {
			with(func(s *state) { s.gone = true })
		}
	}
}

// lives are how most objects begin, or have come to be. The policy matters once there is a service.
func lives(left int8, to func(state)) {
	add := func(o Object, change func(*state)) {
		obj := object{Object: o}
		s := state{obj: obj, cached: obj, around: around{left: left}}
		change(&s)
		to(s)
	}
	// About to create, when another object came first.
	add(marked(naming(Auto), true, true), func(s *state) { s.memory.create, s.doubt, s.around.behind = createUnsent, true, true })
	add(naming(Auto), func(*state) {})
	for policy := Auto; policy <= Retain; policy++ {
		add(marked(bound(naming(policy), Created), policy != Retain, policy != Retain), func(s *state) {
			s.svc = service{view: listed(true, createdTarget), left: policy == Retain}
			s.polled = s.svc.view
		})
	}
}

// TestModel tries all that can happen: from every combination with one interference, and from the usual ones with three.
func TestModel(t *testing.T) {
	for _, c := range []struct {
		name string
		left int8
		from func(int8, func(state))
	}{
		{"every combination, one interference", 1, starts},
		{"the usual combinations, three interferences", 3, lives},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			x, _ := searchOf(model{next: Next})
			began := 0
			c.from(c.left, func(s state) {
				began++
				if story := x.from(s); story != "" {
					t.Fatal(story)
				}
			})
			t.Logf("%d starts, %d states, %d runs", began, len(x.trail), x.runs)
		})
	}
}

// TestModelAtLength follows few runs, but through many interferences.
func TestModelAtLength(t *testing.T) {
	t.Parallel()
	const runs, interferences, moves = 300, 15, 120
	_, x := searchOf(model{next: Next})
	random, all := rand.New(rand.NewPCG(1, 2)), 0
	lives(interferences, func(s state) {
		for range runs {
			all++
			if story := x.walk(s, moves, random); story != "" {
				t.Fatal(story)
			}
		}
	})
	t.Logf("%d runs, %d states settled", all, len(x.settled.all))
}

// walk takes one way through the world.
func (x *run) walk(s state, moves int, random *rand.Rand) (story string) {
	told := []string{fmt.Sprintf("%+v", s)}
	for range moves {
		var next []state
		var labels []string
		x.moves(&s, func(label string, to *state, broken string) {
			if broken != "" {
				story = strings.Join(append(told, label, broken), "\n  ")
			}
			next, labels = append(next, *to), append(labels, label)
		})
		if story != "" || len(next) == 0 {
			return story
		}
		// As a rule, the operator goes on: what it does comes first.
		i := 0
		if random.IntN(4) == 0 {
			i = random.IntN(len(next))
		}
		s, told = next[i], append(told, labels[i])
		if broken := x.settles(s); broken != "" {
			return strings.Join(append(told, "the environment rests", broken), "\n  ")
		}
	}
	return ""
}
