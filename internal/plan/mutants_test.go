package plan

import (
	"strings"
	"testing"
)

// TestMutants runs plans with a flaw each: a model that does not notice would prove nothing about the plan.
func TestMutants(t *testing.T) {
	for _, c := range []struct {
		name, breaks string
		model
	}{
		{"removes without disabling", "DELETE is sent though the service was not seen disabled", model{next: func(w Wanted, m Remembered, o Observed) Step {
			step := Next(w, m, o)
			if step.Do == Disable {
				step.Do = Remove
			}
			return step
		}}},
		{"puts the marks on after the create request", "a create request is sent while an earlier one may still take effect", model{next: func(w Wanted, m Remembered, o Observed) Step {
			step := Next(w, m, o)
			if step.Do == Mark && step.Creating && m.Origin == None {
				return Step{Do: Create}
			}
			return step
		}}},
		{"takes a collection for proof of absence", "a service is forgotten that is there", model{next: func(w Wanted, m Remembered, o Observed) Step {
			if o.Presence == Missing && m.Origin != None {
				o.Presence = Absent
			}
			return Next(w, m, o)
		}}},
		{"creates because a collection lacks the service", "a service of somebody else is recorded as a created one", model{next: func(w Wanted, m Remembered, o Observed) Step {
			if o.Presence == Missing && m.Origin == None && !m.Unanswered {
				o.Presence = Absent
			}
			return Next(w, m, o)
		}}},
		{"does not remember while it is paused that what it created is gone", "an absence is not remembered", model{next: func(w Wanted, m Remembered, o Observed) Step {
			if w.Paused {
				return Step{Do: Stop, Why: Frozen}
			}
			return Next(w, m, o)
		}}},
		{"does not remember while access is denied that what it created is gone", "an absence is not remembered", model{next: func(w Wanted, m Remembered, o Observed) Step {
			step := Next(w, m, o)
			if step.Why == OriginUncertain && w.Denied {
				return Step{Do: Stop, Why: AccessDenied}
			}
			return step
		}}},
		{"deletes without a look at the target", "a service is taken away that the operator did not make", model{next: func(w Wanted, m Remembered, o Observed) Step {
			if w.Deleting {
				o.Target = m.CreatedTarget
			}
			return Next(w, m, o)
		}}},
		{"deletes without a live look", "a service is taken away that the operator did not make", model{next: func(w Wanted, m Remembered, o Observed) Step {
			step := Next(w, m, o)
			if w.Deleting && step.Do == Confirm && o.Presence == Unknown {
				step.Do = Look
			}
			return step
		}}},
		{"is content with the first proof that an unanswered create request had no effect", "a create request is sent while an earlier one may still take effect", model{next: func(w Wanted, m Remembered, o Observed) Step {
			o.AbsentFor = SecondLook
			return Next(w, m, o)
		}}},
		{"does not mind an unanswered create request", "a create request is sent while an earlier one may still take effect", model{next: func(w Wanted, m Remembered, o Observed) Step {
			m.Unanswered = false
			return Next(w, m, o)
		}}},
		{"keeps the marks after a refusal", "a service of somebody else is recorded as a created one", model{next: func(w Wanted, m Remembered, o Observed) Step {
			step := Next(w, m, o)
			if step.Do == Mark && o.Refused != NotRefused && m.Origin == None {
				return Step{Do: Stop}
			}
			return step
		}}},
		{"keeps the marks of a create request that it may not send any more", "a service of somebody else is recorded as a created one", model{next: func(w Wanted, m Remembered, o Observed) Step {
			hindered := w.Denied || w.Yields || w.Observe
			if !w.Deleting && hindered && o.Refused == NotRefused && o.Presence != Present && m.Origin == None && !m.Unanswered {
				m.Finalizer, m.Creating = false, false
			}
			return Next(w, m, o)
		}}},
		{"does not put enabled back when a deletion is called off", "a service is kept that was disabled to delete it", model{next: func(w Wanted, m Remembered, o Observed) Step {
			if w.Deleting && w.Policy == Retain {
				w.Enabled = o.Enabled
			}
			return Next(w, m, o)
		}}},
		{"puts enabled back on a service with another target", "a write is sent to a service of somebody else", model{next: func(w Wanted, m Remembered, o Observed) Step {
			if w.Deleting && w.Policy == Retain {
				o.Target = m.CreatedTarget
			}
			return Next(w, m, o)
		}}},
		{"adopts nothing with another target", "the service is not owned as it should be", model{next: func(w Wanted, m Remembered, o Observed) Step {
			if !w.Deleting {
				o.Target = m.CreatedTarget
			}
			return Next(w, m, o)
		}}},
		{"takes every existing service for its own", "", model{next: func(w Wanted, m Remembered, o Observed) Step {
			step := Next(w, m, o)
			if step.Do == Own {
				step.Origin = Created
			}
			return step
		}}},
		{"disables what is in use", "a service is disabled that may be in use", model{next: func(w Wanted, m Remembered, o Observed) Step {
			w.Guard = false
			return Next(w, m, o)
		}}},
		{"touches what another object has", "a write is sent where nothing may be touched", model{next: func(w Wanted, m Remembered, o Observed) Step {
			w.Yields = false
			return Next(w, m, o)
		}}},
		{"touches what it may not use", "a write is sent where nothing may be touched", model{next: func(w Wanted, m Remembered, o Observed) Step {
			w.Denied = false
			return Next(w, m, o)
		}}},
		{"touches what it observes", "a write is sent where nothing may be touched", model{next: func(w Wanted, m Remembered, o Observed) Step {
			w.Observe = false
			return Next(w, m, o)
		}}},
		{"touches what is paused", "something is changed while that is paused", model{next: func(w Wanted, m Remembered, o Observed) Step {
			w.Paused = false
			return Next(w, m, o)
		}}},
		{"takes a service on that it made on another SVM", "the object has the service of another SVM than it names", model{next: func(w Wanted, m Remembered, o Observed) Step {
			if o.Presence == Present {
				w.Strayed = false
			}
			return Next(w, m, o)
		}}},
		{"turns to another SVM while a create request may still take effect", "a create request is sent while an earlier one may still take effect", model{next: func(w Wanted, m Remembered, o Observed) Step {
			if w.Strayed && o.Presence == Absent {
				return Step{Do: Mark}
			}
			return Next(w, m, o)
		}}},
		{"does not mind the alias", "the service is not as wanted", model{next: func(w Wanted, m Remembered, o Observed) Step {
			w.Alias = nil
			return Next(w, m, o)
		}}},
		{"updates what is as it should be", "a pass does not end", model{next: func(w Wanted, m Remembered, o Observed) Step {
			step := Next(w, m, o)
			if step.Do == Rest && o.Presence == Present && !w.Observe && o.Refused == NotRefused {
				return Step{Do: Update, Enabled: &w.Enabled}
			}
			return step
		}}},
		{"waits without end", "the operator waits for ever", model{next: func(w Wanted, m Remembered, o Observed) Step {
			o.AbsentFor = 0
			return Next(w, m, o)
		}}},
		{"takes the claim of another UID for its own", "a service of somebody else is recorded as a created one", model{next: Next, anyUID: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			x, _ := searchOf(c.model)
			story := ""
			lives(3, func(s state) {
				if story == "" {
					story = x.from(s)
				}
			})
			if story == "" || !strings.Contains(story, c.breaks) {
				t.Fatalf("not noticed, or for another reason, in %d states: %s", len(x.trail), story)
			}
			t.Logf("noticed in %d states: %s", len(x.trail), story)
		})
	}
}
