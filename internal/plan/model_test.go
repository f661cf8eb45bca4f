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
	settled set[state]
}

func searchOf(m model) (*search[state], *run) {
	r := &run{model: m, settled: newSet[state]()}
	return newSearch(r.moves, r.settles), r
}

const (
	// mostPasses and mostSteps are what it takes at most to come to rest once nobody interferes any more.
	mostPasses = 8
	mostSteps  = 16
)

// settles runs the operator on its own until nothing changes any more.
func (x *run) settles(s state) (broken string) {
	var on []state
	s.left = 0
	for range mostPasses {
		if s.obj.gone || x.settled.has(&s) {
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
		if broken = x.begin(&s, s.obj); broken != "" {
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
		x.settled.add(&before)
		s = before
	}
	if !s.obj.gone && !x.settled.has(&s) {
		return "the object does not come to rest"
	}
	for i := range on {
		x.settled.add(&on[i])
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
	origin, policy := Origin(obj.origin), Policy(obj.policy)
	finalizer := policy == Delete || policy == Auto && origin == Created
	switch {
	case !p.ending:
		return "the operator gives up without a word"
	case Do(p.last) == Wait && Why(p.why) == HandingOver && s.successor:
		return ""
	case Do(p.last) == Wait:
		return "the operator waits for ever"
	case origin == Created && !s.svc.present && !s.yields:
		return "an absence is not remembered"
	case Do(p.last) == Stop && Why(p.why) == Plain && Refusal(p.refused) == NotRefused && !s.process.hold:
		return "the operator stops without saying why"
	case Do(p.last) == Stop:
		return ""
	case obj.deleting:
		return "the deletion rests"
	case !s.svc.present:
		return "all is well with a service that is not there"
	case obj.observe && (obj.finalizer || obj.creating):
		return "an observed service has a finalizer"
	case obj.observe:
		return ""
	case s.svc.enabled != obj.enabled, obj.alias != svmAlias && s.svc.alias != obj.alias:
		return "the service is not as wanted"
	case obj.names != s.at:
		return "the object has the service of another SVM than it names"
	case origin == None, origin == Created && obj.target != s.svc.target:
		return "the service is not owned as it should be"
	case obj.finalizer != finalizer, obj.creating && !finalizer:
		return "the marks are not as they should be"
	}
	return ""
}

// starts are all combinations of what is wanted, remembered and there.
func starts(left int8, to func(state)) {
	for bits := range 1 << 5 {
		for policy := Auto; policy <= Retain; policy++ {
			for origin := None; origin <= Adopted; origin++ {
				obj := object{
					enabled: bits&1 != 0, observe: bits&2 != 0, deleting: bits&4 != 0, finalizer: bits&8 != 0, creating: bits&16 != 0,
					policy: int8(policy), status: status{origin: int8(origin), bound: origin != None},
				}
				if origin == Created {
					obj.target = madeTarget
				}
				if !obj.deleting || obj.finalizer {
					settings(state{obj: obj, cached: obj, svm: svm{doubt: obj.creating && origin == None}, left: left}, to)
				}
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
	for _, svc := range []view{{}, {true, true, madeTarget, 0}, {true, false, madeTarget, 0}, {true, true, strangeTarget, 0}, {true, false, strangeTarget, 0}} {
		s.polled, s.svc = svc, service{view: svc}
		s.svc.foreign = svc.present && !s.doubt && (Origin(s.obj.origin) != Created || svc.target != madeTarget)
		s.svc.left = svc.present && !s.obj.finalizer
		with(func(*state) {})
		with(func(s *state) { s.denied = true })
		with(func(s *state) { s.yields = true })
		if !s.obj.deleting && !s.obj.creating && Origin(s.obj.origin) == None {
			with(func(s *state) { s.takesOver = true; s.theirs() })
		}
		if s.obj.deleting {
			with(func(s *state) { s.successor = true })
		}
		with(func(s *state) { s.obj.paused, s.cached.paused = true, true })
		with(func(s *state) { s.renamed = true })
		if !s.obj.bound {
			with(func(s *state) { s.obj.names, s.cached.names = 1, 1 })
		}
		if svc.enabled {
			s.obj.guarded, s.cached.guarded = true, true
			with(func(*state) {})
			with(func(s *state) { s.inUse = true })
			s.obj.guarded, s.cached.guarded = false, false
		}
		with(func(s *state) { s.refusing = int8(RefusedOtherwise) })
		with(func(s *state) { s.refusing = int8(RefusedUnsupported) })
		if !svc.present {
			with(func(s *state) { s.svmGone = true })
		}
	}
}

// lives are how most objects begin, or have come to be. The policy matters once there is a service.
func lives(left int8, to func(state)) {
	// About to create, when another object came first.
	obj := object{enabled: true, finalizer: true, creating: true}
	to(state{obj: obj, cached: obj, process: process{post: postUnsent}, svm: svm{doubt: true}, yields: true, left: left})
	obj.finalizer, obj.creating = false, false
	to(state{obj: obj, cached: obj, left: left})
	for policy := Auto; policy <= Retain; policy++ {
		svc := service{view: view{present: true, enabled: true, target: madeTarget}}
		obj := object{enabled: true, policy: int8(policy), status: status{origin: int8(Created), target: madeTarget, bound: true}}
		obj.finalizer = policy != Retain
		obj.creating, svc.left = obj.finalizer, !obj.finalizer
		to(state{obj: obj, cached: obj, svm: svm{svc: svc, polled: svc.view}, left: left})
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
