package plan

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// search explores, breadth first, all that can happen.
type search struct {
	model
	met     map[state]int32
	trail   []trace
	settled map[state]bool
	runs    int
}

// trace tells how a state was reached.
type trace struct {
	state
	from  int32
	label string
}

func searchOf(m model) *search {
	return &search{model: m, met: map[state]int32{}, settled: map[state]bool{}}
}

// from explores what can follow from a state, and returns the story of the first broken rule.
func (x *search) from(start state) (story string) {
	first := len(x.trail)
	x.meet(start, -1, "")
	for at := first; at < len(x.trail) && story == ""; at++ {
		s := x.trail[at].state
		if broken := x.settles(s); broken != "" {
			return x.tell(int32(at), "the environment rests", broken)
		}
		ends := true
		x.moves(&s, func(label string, next state, broken string) {
			if broken != "" && story == "" {
				story = x.tell(int32(at), label, broken)
			}
			ends = !x.meet(next, int32(at), label) && ends
		})
		if ends {
			x.runs++
		}
	}
	return story
}

func (x *search) meet(s state, from int32, label string) (isNew bool) {
	if _, known := x.met[s]; known {
		return false
	}
	x.met[s] = int32(len(x.trail))
	x.trail = append(x.trail, trace{s, from, label})
	return true
}

func (x *search) tell(at int32, label, broken string) string {
	story := []string{broken, label}
	for ; at >= 0; at = x.trail[at].from {
		if x.trail[at].from < 0 {
			story = append(story, fmt.Sprintf("%+v", x.trail[at].state))
		} else {
			story = append(story, x.trail[at].label)
		}
	}
	slices.Reverse(story)
	return strings.Join(story, "\n  ")
}

const (
	// mostPasses and mostSteps are what it takes at most to come to rest once nobody interferes any more.
	mostPasses = 8
	mostSteps  = 16
)

// settles runs the operator on its own until nothing changes any more.
func (x *search) settles(s state) (broken string) {
	var on []state
	s.left = 0
	for range mostPasses {
		if s.obj.gone || x.settled[s] {
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
		after.doubt = before.doubt
		if after != before {
			continue
		}
		if broken := end.unexplained(&s); broken != "" {
			return broken
		}
		x.settled[before] = true
		s = before
	}
	if !s.obj.gone && !x.settled[s] {
		return "the object does not come to rest"
	}
	for _, s := range on {
		x.settled[s] = true
	}
	return ""
}

// calm lets a minute pass in which nothing happens.
func (s *state) calm() {
	s.minute()
	s.cached, s.polled, s.raced = s.obj, s.svc.view, false
}

// finish takes the steps of a pass until it ends, and returns the pass as it ended.
func (x *search) finish(s *state) (end pass, broken string) {
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
	case Do(p.last) == Wait:
		return "the operator waits for ever"
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
	case s.svc.enabled != obj.enabled:
		return "the service is not as wanted"
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
					settings(state{obj: obj, cached: obj, doubt: obj.creating && origin == None, left: left}, to)
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
	for _, svc := range []view{{}, {true, true, madeTarget}, {true, false, madeTarget}, {true, true, strangeTarget}, {true, false, strangeTarget}} {
		s.polled, s.svc = svc, service{view: svc}
		s.svc.foreign = svc.present && !s.doubt && (Origin(s.obj.origin) != Created || svc.target != madeTarget)
		s.svc.left = svc.present && !s.obj.finalizer
		with(func(*state) {})
		with(func(s *state) { s.denied = true })
		with(func(s *state) { s.yields = true })
		with(func(s *state) { s.heir = true })
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

// lives are how most objects begin, or have come to be.
func lives(left int8, to func(state)) {
	for policy := Auto; policy <= Retain; policy++ {
		// About to create, when another object came first.
		obj := object{enabled: true, policy: int8(policy), finalizer: true, creating: true}
		to(state{obj: obj, cached: obj, process: process{post: postUnsent}, doubt: true, yields: true, left: left})
		for _, svc := range []service{{}, {view: view{true, true, madeTarget}}} {
			obj := object{enabled: true, policy: int8(policy)}
			if svc.present {
				obj.status = status{int8(Created), madeTarget, true}
				obj.finalizer = policy != Retain
				obj.creating, svc.left = obj.finalizer, !obj.finalizer
			}
			to(state{obj: obj, cached: obj, svc: svc, polled: svc.view, left: left})
		}
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
			x, began := searchOf(model{next: Next}), 0
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
	x, random, all := searchOf(model{next: Next}), rand.New(rand.NewPCG(1, 2)), 0
	lives(interferences, func(s state) {
		for range runs {
			all++
			if story := x.walk(s, moves, random); story != "" {
				t.Fatal(story)
			}
		}
	})
	t.Logf("%d runs, %d states settled", all, len(x.settled))
}

// walk takes one way through the world.
func (x *search) walk(s state, moves int, random *rand.Rand) (story string) {
	told := []string{fmt.Sprintf("%+v", s)}
	for range moves {
		var next []state
		var labels []string
		x.moves(&s, func(label string, to state, broken string) {
			if broken != "" {
				story = strings.Join(append(told, label, broken), "\n  ")
			}
			next, labels = append(next, to), append(labels, label)
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
