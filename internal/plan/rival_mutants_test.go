package plan

import (
	"strings"
	"testing"
)

// TestModelRivalMutants decides with a flaw each who comes first, and what becomes of the other one.
func TestModelRivalMutants(t *testing.T) {
	flawed := func(change func(*Claimant)) func(Claimant, []Claimant) Standing {
		return func(c Claimant, others []Claimant) Standing {
			sound := c.Contest(others)
			change(&c)
			for i := range others {
				change(&others[i])
			}
			s := c.Contest(others)
			s.TakesOver, s.NextClaimant = sound.TakesOver, sound.NextClaimant
			return s
		}
	}
	for _, c := range []struct {
		name, breaks string
		contest      func(Claimant, []Claimant) Standing
		flaw         func(*duel)
	}{
		{name: "goes by age only", breaks: "that another object holds", contest: flawed(func(c *Claimant) { c.Origin, c.Creating = None, false })},
		{name: "does not mind who has begun to create", breaks: "that another object holds", contest: flawed(func(c *Claimant) { c.Creating = false })},
		{name: "does not mind who has the service", breaks: "a pass does not end", contest: flawed(func(c *Claimant) { c.Origin = None })},
		{name: "yields to one that observes", breaks: "an object yields to one that wants nothing", contest: flawed(func(c *Claimant) { c.Observe = false })},
		{name: "yields to one that may not use the SVM", breaks: "an object yields to one that wants nothing", contest: flawed(func(c *Claimant) { c.Denied = false })},
		{name: "lets a former holder keep its origin", breaks: "own one service", contest: Claimant.Contest, flaw: func(d *duel) { d.lenient = true }},
		{name: "lets go of a service because another object waits for it", breaks: "leaves a service behind", contest: Claimant.Contest, flaw: func(d *duel) {
			d.next = func(s State) Step {
				if step := Next(s); step.Why != HandingOver {
					return step
				}
				return Step{Do: Release, Why: Done}
			}
		}},
		{name: "takes a service over before the finalizer is on", breaks: "that its object does not delete with itself", contest: Claimant.Contest, flaw: func(d *duel) {
			d.next = func(s State) Step {
				if s.takesOver && s.presence == Present && s.object.Origin == None && !s.unrecorded {
					return require(s, Step{Do: Bind, Origin: Adopted})
				}
				return Next(s)
			}
		}},
		{name: "takes a service on that another pass is about to take on", breaks: wronglyOwned, contest: Claimant.Contest, flaw: func(d *duel) {
			d.next = func(s State) Step {
				s.reserved = true
				return Next(s)
			}
		}},
		{name: "goes on before the takeover is recorded", breaks: "before a takeover is recorded", contest: Claimant.Contest, flaw: func(d *duel) {
			d.after = func(transition string, _ State, s *State) {
				if transition == "Bound" {
					s.unrecorded = false
				}
			}
		}},
		{name: "Superseded does not end it", breaks: "a pass does not end", contest: Claimant.Contest, flaw: func(d *duel) {
			d.after = func(transition string, _ State, s *State) {
				if transition == "Superseded" {
					s.former = true
				}
			}
		}},
		{name: "keeps others from taking over", breaks: "waits for ever", contest: func(c Claimant, others []Claimant) Standing {
			s := c.Contest(others)
			s.TakesOver = false
			return s
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			story, states := "", 0
			for interferences := int8(0); interferences <= 2 && story == ""; interferences++ {
				x, d := duelOf(c.contest)
				if c.flaw != nil {
					c.flaw(d)
				}
				pairs(interferences, func(p pair) {
					if story == "" {
						story = x.from(p)
					}
				})
				states += len(x.trail)
			}
			if story == "" || !strings.Contains(story, c.breaks) {
				t.Fatalf("not noticed, or for another reason, in %d states: %s", states, story)
			}
			t.Logf("noticed in %d states: %s", states, story)
		})
	}
}
