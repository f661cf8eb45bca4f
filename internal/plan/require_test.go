package plan

import (
	"testing"

	. "github.com/onsi/gomega"
)

// assure takes a step that only makes sure of something, and reports whether it was one.
func assure(s *State, step Step, standing Standing) bool {
	switch step.Do {
	case Contest:
		s.Contested(standing, false, step.Scope)
	case Reserve:
		s.Reserved()
	case Await:
		s.TurnCame(false)
	case Recheck:
		s.Rechecked(s.object, s.object.Status, now)
	case Mark, Unmark:
		s.Marked(s.Markers(step))
	default:
		return false
	}
	return true
}

// TestWhatIsMadeSureOf walks to the steps that change something, and tells what is made sure of on the way.
func TestWhatIsMadeSureOf(t *testing.T) {
	alone, behind := Standing{Holder: -1, NextClaimant: -1}, Standing{Holder: 0, NextClaimant: -1}
	unbound := func(s State) State { s.object.Bound = SVM{}; return s }
	for _, c := range []struct {
		name     string
		state    State
		standing Standing
		want     []string
	}{
		{"before a create request", unbound(stateOf(enabled, past{}, absent)), alone,
			[]string{"contest", "reserve", "contest", "await", "mark", "recheck", "create"}},
		{"before a create request whose markers are on", unbound(stateOf(enabled, markers, absent)), alone,
			[]string{"contest", "reserve", "contest", "await", "recheck", "create"}},
		{"before a service is adopted", unbound(stateOf(enabled, past{}, seen)), alone,
			[]string{"contest", "reserve", "contest", "recheck", "contest", "bind"}},
		{"before the created service is recorded", unbound(stateOf(enabled, pending, seen)), alone,
			[]string{"contest", "reserve", "contest", "bind"}},
		{"before an update", stateOf(enabled, created, disabled), alone,
			[]string{"contest", "await", "recheck", "update"}},
		{"before the sessions are counted", stateOf(wish{SessionGuard: true}, created, seen), alone,
			[]string{"contest", "await", "count"}},
		{"before a service is disabled to delete it", stateOf(deleting, created, seen), alone,
			[]string{"contest", "reserve", "contest", "await", "recheck", "contest", "disable"}},
		{"before a service is deleted", stateOf(deleting, created, disabled), alone,
			[]string{"contest", "reserve", "contest", "await", "recheck", "contest", "remove"}},
		{"before an object is released for the sake of another one", stateOf(deleting, created, seen), behind,
			[]string{"contest", "contest", "release"}},
		{"before an object gives its service up", stateOf(enabled, adopted, seen), behind,
			[]string{"contest", "contest", "forget"}},
		{"nothing, where nothing is changed", stateOf(enabled, adopted, seen), alone, []string{"contest", "rest"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, steps := c.state, []string{}
			s.assurances = assurances{}
			for range 20 {
				step := Next(s)
				steps = append(steps, labels[step.Do])
				if !assure(&s, step, c.standing) {
					break
				}
			}
			NewWithT(t).Expect(steps).To(Equal(c.want))
		})
	}
}

func TestHowMuchIsAskedBeforeWhat(t *testing.T) {
	g := NewWithT(t)
	scope := func(s State) Scope {
		s.contested, s.recontested, s.scope = false, false, Cached
		step := require(s, nextSeen(s))
		if s.object.Deleting {
			step = require(s, nextRemoval(s))
		}
		g.Expect(step.Do).To(Equal(Contest))
		return step.Scope
	}
	unbound := stateOf(enabled, past{}, seen)
	unbound.object.Bound = SVM{}
	g.Expect(scope(unbound)).To(Equal(All), "to adopt a service is not done on the word of a cache")
	g.Expect(scope(stateOf(enabled, created, disabled))).To(Equal(Cached))
	g.Expect(scope(stateOf(deleting, created, disabled))).To(Equal(Adopters), "another object may have taken the service over")
}

func TestTheSnapshotBindsNothing(t *testing.T) {
	g := NewWithT(t)
	for _, w := range []wish{enabled, {Enabled: true, Observe: true}} {
		s := stateOf(w, past{}, seen)
		s.object.Bound, s.snapshot = SVM{}, true
		g.Expect(Next(s)).To(Equal(Step{Do: Look, Live: true}))
		s.snapshot = false
		g.Expect(Next(s).Do).To(BeElementOf(Bind, Rest))
	}
}
