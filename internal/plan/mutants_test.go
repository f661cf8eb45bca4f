package plan

import (
	"strings"
	"testing"
	"time"
)

// flaw is what is wrong with a mutant, and the rule that it breaks for that.
type flaw struct {
	name, breaks string
	model
}

// deciding is a flaw of Next, or of what it reads.
func deciding(name, breaks string, next func(State) Step) flaw {
	return flaw{name, breaks, model{next: next}}
}

// blind is a flaw of Next that reads another state than there is.
func blind(name, breaks string, change func(*State)) flaw {
	return deciding(name, breaks, func(s State) Step {
		change(&s)
		return Next(s)
	})
}

// changing is a flaw of a transition.
func changing(name, transition, breaks string, spoil func(before State, s *State)) flaw {
	return flaw{name, breaks, model{next: Next, after: func(made string, before State, s *State) {
		if made == transition {
			spoil(before, s)
		}
	}}}
}

const (
	secondCreate = "a create request is sent while an earlier one may still take effect"
	wronglyOwned = "a service that the object did not make is recorded as a created one"
	takenAway    = "a service is taken away that the operator did not make"
	untouchable  = "a request is sent where nothing may be touched"
	notAsWanted  = "the service is not as wanted"
	forgotten    = "an absence is not remembered"
	endless      = "a pass does not end"
	restless     = "the object does not come to rest"
	oldCopy      = "a request rests on an old copy of the object"
	repeated     = "a refused request is repeated at once"
	cutOff       = "a service is disabled that may be in use"
	unseen       = "a service is known that was not seen"
	waitsForEver = "the operator waits for ever"
	askedAgain   = "the array is asked again in a pass in which it has not answered"
	outlasting   = "markers outlast a create request that cannot take effect"
	leftBehind   = "an object goes and leaves a service behind that it made"
)

// flawsOfNext are those of the decision.
func flawsOfNext() []flaw {
	return []flaw{
		deciding("removes without disabling", "DELETE is sent though the service was not seen disabled", func(s State) Step {
			step := Next(s)
			if step.Do == Disable {
				step.Do = Remove
			}
			return step
		}),
		deciding("puts the markers on after the create request", "a create request is sent without the markers", func(s State) Step {
			if step := Next(s); step.Do != Mark || !step.Creating || s.object.Origin != None {
				return step
			}
			return require(s, Step{Do: Create})
		}),
		deciding("deletes without a live look", "a deletion rests on a snapshot", func(s State) Step {
			step := Next(s)
			if s.object.Deleting && step.Do == Confirm && s.presence == Unknown {
				step.Do = Look
			}
			return step
		}),
		deciding("keeps the markers after a refusal", outlasting, func(s State) Step {
			step := Next(s)
			if step.Do == Unmark && s.refused != NotRefused && s.object.Origin == None {
				return Step{Do: Stop, Why: Declined}
			}
			return step
		}),
		deciding("keeps the markers of a create request that it may not send any more", outlasting, func(s State) Step {
			step := Next(s)
			if step.Do == Unmark && s.refused == NotRefused && s.settled() {
				return next(s)
			}
			return step
		}),
		deciding("does not remember while access is denied that what it created is gone", forgotten, func(s State) Step {
			step := Next(s)
			if step.Do == Disown && s.denied {
				return Step{Do: Stop, Why: AccessDenied}
			}
			return step
		}),
		deciding("does not remember while it is paused that what it created is gone", forgotten, func(s State) Step {
			if s.Paused() {
				return Step{Do: Stop, Why: Paused}
			}
			return Next(s)
		}),
		deciding("takes every existing service for its own", wronglyOwned, func(s State) Step {
			step := Next(s)
			if step.Do == Bind {
				step.Origin = Created
			}
			return step
		}),
		deciding("turns to another SVM while a create request may still take effect", secondCreate, func(s State) Step {
			if s.svmChanged && s.presence == ProvedAbsent {
				return Step{Do: Unmark}
			}
			return Next(s)
		}),
		deciding("updates what is as it should be", endless, func(s State) Step {
			step := Next(s)
			if step.Do == Rest && s.presence == Present && !s.object.Observe && s.refused == NotRefused {
				return require(s, Step{Do: Update, Enabled: &s.object.Enabled})
			}
			return step
		}),
		deciding("does not wait for the array to tell the sessions", cutOff, func(s State) Step {
			if step := Next(s); step.Do != Count {
				return step
			}
			return require(s, Step{Do: Update, Enabled: new(bool)})
		}),
		deciding("keeps the markers when it has to look the SVM up again", outlasting, func(s State) Step {
			if s.again {
				return Step{Do: Again}
			}
			return Next(s)
		}),
		deciding("stops without a reason", "the operator stops without saying why", func(s State) Step {
			step := Next(s)
			if step.Why == SVMUnknown {
				step.Why = Plain
			}
			return step
		}),
	}
}

// blindFlaws are those of a decision that does not see something.
func blindFlaws() []flaw {
	return []flaw{
		blind("takes a collection for proof of absence", "a service is forgotten that is there", func(s *State) {
			if s.presence == NotListed && s.object.Origin != None {
				s.presence = ProvedAbsent
			}
		}),
		blind("creates because a collection lacks the service", "a request rests on what was seen long ago", func(s *State) {
			if s.presence == NotListed && s.object.Origin == None && !s.Unanswered() {
				s.presence = ProvedAbsent
			}
		}),
		blind("takes an SVM that is not found for proof of absence", "a create request is sent while an earlier one may still take effect", func(s *State) {
			if s.presence == NotProved {
				s.presence, s.absentFor = ProvedAbsent, SecondLook
			}
		}),
		blind("deletes without a look at the target", takenAway, func(s *State) {
			if s.object.Deleting {
				s.service.Target = s.object.CreatedTarget
			}
		}),
		blind("is content with the first proof that an unanswered create request had no effect", secondCreate, func(s *State) { s.absentFor = SecondLook }),
		blind("does not mind an unanswered create request", "an object goes and leaves a service behind that it made", func(s *State) { s.memory.create = createSettled }),
		blind("does not put enabled back when a deletion is called off", "a service is kept that was disabled to delete it", func(s *State) {
			if s.object.Deleting && s.object.Policy == Retain {
				s.object.Enabled = s.service.Enabled
			}
		}),
		blind("puts enabled back on a service with another target", "a request is sent to a service of another owner", func(s *State) {
			if s.object.Deleting && s.object.Policy == Retain {
				s.service.Target = s.object.CreatedTarget
			}
		}),
		blind("adopts nothing with another target", "the service is not owned as it should be", func(s *State) {
			if !s.object.Deleting {
				s.service.Target = s.object.CreatedTarget
			}
		}),
		blind("disables what is in use", cutOff, func(s *State) { s.object.SessionGuard = false }),
		blind("touches what another object has", untouchable, func(s *State) { s.behind = false }),
		blind("touches what it may not use", untouchable, func(s *State) { s.denied = false }),
		blind("touches what it observes", untouchable, func(s *State) { s.object.Observe = false }),
		blind("touches what is paused", "something is changed while that is paused", func(s *State) { s.object.Paused, s.arrayPaused = false, false }),
		blind("takes a service on that it made on another SVM", "the object has the service of another SVM than it names", func(s *State) {
			if s.presence == Present {
				s.svmChanged = false
			}
		}),
		blind("does not mind the alias", notAsWanted, func(s *State) { s.object.Alias = nil }),
		blind("waits without end", waitsForEver, func(s *State) { s.absentFor = 0 }),
		blind("does not check again what a request rests on", "a request rests on access that was not checked again", func(s *State) { s.rechecked = true }),
		blind("repeats a refused create request", repeated, func(s *State) { s.memory.createBackOff = backOff{} }),
		blind("repeats a refused update", repeated, func(s *State) { s.memory.updateBackOff = backOff{} }),
		blind("takes a service away without asking again", "a service is taken away without asking again which object has it", func(s *State) {
			if s.object.Deleting {
				s.recontested, s.scope = true, All
			}
		}),
		blind("takes a service on without asking again", "a service is taken on without asking again which object has it", func(s *State) {
			if !s.object.Deleting {
				s.recontested, s.scope = true, All
			}
		}),
		blind("goes on after a failure", askedAgain, func(s *State) { s.failed = false }),
		blind("does not write down what it forgot", "a request is sent before a takeover is recorded", func(s *State) { s.unrecorded = false }),
	}
}

// flawsOfLooking are those of transitions that take in what the array tells.
func flawsOfLooking() []flaw {
	return []flaw{
		changing("Missing does not clear the service", "Missing", unseen, func(_ State, s *State) { s.service = Service{SVM: svms[0]} }),
		changing("Absent does not clear the service", "Absent", unseen, func(_ State, s *State) { s.service = Service{SVM: svms[0]} }),
		changing("Unproven does not clear the service", "Unproven", unseen, func(_ State, s *State) { s.service = Service{SVM: svms[0]} }),
		changing("Unproven counts as proof", "Unproven", "a create request is sent while an earlier one may still take effect",
			func(_ State, s *State) { s.presence, s.absentFor = ProvedAbsent, SecondLook }),
		changing("Missing counts as proof", "Missing", "the operator waits for ever", func(_ State, s *State) { s.presence = ProvedAbsent }),
		changing("Absent does not remember when that was proved first", "Absent", waitsForEver,
			func(_ State, s *State) { s.memory.absentSince, s.absentFor = time.Time{}, 0 }),
		changing("Absent counts as a second proof", "Absent", secondCreate, func(_ State, s *State) { s.absentFor = SecondLook }),
		changing("Saw does not end a proof of absence", "Saw", "a service is there that was proved absent",
			func(_ State, s *State) { s.memory.absentSince = now }),
		changing("Saw does not end a create back-off", "Saw", "a create request is not repeated though the service is there",
			func(before State, s *State) { s.memory.createBackOff = before.memory.createBackOff }),
		changing("Saw does not judge access", "Saw", untouchable, func(_ State, s *State) { s.denied = false }),
		changing("Saw keeps the count of sessions", "Saw", cutOff, func(_ State, s *State) { s.countedAt = now }),
		changing("Saw takes an old claim for a new one", "Saw", "a request is sent without asking which object has the service",
			func(_ State, s *State) { s.contested, s.behind = true, false }),
		changing("SVMGone is not taken in", "SVMGone", "a create request is sent for an SVM that does not exist", func(_ State, s *State) { s.svmGone = false }),
		changing("Counted counts nothing", "Counted", cutOff, func(_ State, s *State) { s.sessions = 0 }),
		changing("Saw takes what the array shows for its snapshot", "Saw", endless, func(_ State, s *State) { s.snapshot = true }),
	}
}

// flawsOfActing are those of transitions that take in what the operator has done.
func flawsOfActing() []flaw {
	return []flaw{
		changing("Begin does not see the pause of the ONTAPCluster", "Begin", "something is changed while that is paused", func(_ State, s *State) { s.arrayPaused = false }),
		changing("Begin turns to the SVM of the spec", "Begin", leftBehind, func(_ State, s *State) {
			if s.svmChanged {
				s.svm, s.svmChanged = s.object.SVM, false
			}
		}),
		changing("Connected does not take in that access is denied", "Connected", untouchable, func(_ State, s *State) { s.denied = false }),
		changing("Failed does not fail", "Failed", askedAgain, func(_ State, s *State) { s.failed = false }),
		changing("Contested does not take in who has the service", "Contested", "a request is sent to a service that another object holds",
			func(_ State, s *State) { s.behind = false }),
		changing("Reserved does not reserve", "Reserved", endless, func(_ State, s *State) { s.reserved = false }),
		changing("TurnCame keeps what was seen long ago", "TurnCame", "a request rests on what was seen long ago", func(before State, s *State) {
			s.presence, s.service, s.contested = before.presence, before.service, before.contested
		}),
		changing("TurnCame keeps what was checked", "TurnCame", "a request rests on access that was not checked again", func(_ State, s *State) { s.rechecked = true }),
		changing("Rechecked does not take the object in", "Rechecked", oldCopy, func(before State, s *State) { s.object = before.object }),
		changing("Rechecked keeps what was seen before a deletion began", "Rechecked", "a deletion rests on a snapshot", func(before State, s *State) {
			s.presence, s.service = before.presence, before.service
		}),
		changing("Marked takes the request for one that may have been sent", "Marked", restless, func(_ State, s *State) {
			if s.memory.create == createUnsent {
				s.memory.create = createUnanswered
			}
		}),
		changing("Marked does not settle the request", "Marked", endless, func(before State, s *State) { s.memory.create = before.memory.create }),
		changing("Marked does not take the markers in", "Marked", endless, func(before State, s *State) { s.object.Markers = before.object.Markers }),
		changing("Sending does not take in that the answer is open", "Sending", leftBehind, func(_ State, s *State) { s.memory.create = createSettled }),
		changing("Sending keeps an earlier proof of absence", "Sending", secondCreate, func(_ State, s *State) { s.memory.absentSince = now.Add(-SecondLook) }),
		changing("AnswerLost settles the request", "AnswerLost", secondCreate, func(_ State, s *State) { s.memory.create = createSettled }),
		changing("AnswerLost forgets the update", "AnswerLost", repeated, func(_ State, s *State) { s.memory.updateBackOff = backOff{} }),
		changing("Refused does not settle the request", "Refused", restless, func(_ State, s *State) { s.memory.create = createUnanswered }),
		changing("Refused keeps the service", "Refused", unseen, func(before State, s *State) { s.service = before.service }),
		changing("Refused does not take the refusal in", "Refused", endless, func(_ State, s *State) { s.refused, s.createRefused = NotRefused, false }),
		changing("Refused forgets the update", "Refused", repeated, func(_ State, s *State) { s.memory.updateBackOff = backOff{} }),
		changing("BackedOff does not back off", "BackedOff", repeated, func(_ State, s *State) { s.memory.createBackOff = backOff{} }),
		changing("Accepted does not take the change in", "Accepted", endless, func(before State, s *State) {
			if before.presence == Present && s.presence == Present {
				s.service = before.service
			}
		}),
		changing("Accepted does not take the deletion in", "Accepted", unseen, func(before State, s *State) {
			if s.presence == ProvedAbsent {
				s.service = before.service
			}
		}),
		changing("Bound does not bind", "Bound", "an object has a service of no SVM", func(_ State, s *State) { s.object.Bound = SVM{} }),
		changing("Bound does not remember the target", "Bound", wronglyOwned, func(_ State, s *State) {
			if s.object.Origin == Created {
				s.object.CreatedTarget = otherTarget
			}
		}),
		changing("Disowned keeps the origin", "Disowned", endless, func(before State, s *State) { s.object.Status = before.object.Status }),
		changing("Forgotten keeps the origin", "Forgotten", endless, func(before State, s *State) { s.object.Status = before.object.Status }),
		changing("Recorded keeps the request open", "Recorded", restless, func(_ State, s *State) { s.memory.create = createUnanswered }),
		changing("Rested binds nothing", "Rested", "an observed service is not bound", func(before State, s *State) { s.object.Bound = before.object.Bound }),
	}
}

// TestModelMutants runs plans with a flaw each: a model that does not notice would prove nothing about the plan.
func TestModelMutants(t *testing.T) {
	flaws := append(flawsOfNext(), blindFlaws()...)
	flaws = append(append(flaws, flawsOfLooking()...), flawsOfActing()...)
	flaws = append(flaws, flaw{"takes the claim of another UID for its own", wronglyOwned, model{next: Next, anyUID: true}})
	for _, f := range flaws {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			story, states := "", 0
			for interferences := int8(1); interferences <= 3 && story == ""; interferences++ {
				x, _ := searchOf(f.model)
				lives(interferences, func(s state) {
					if story == "" {
						story = x.from(s)
					}
				})
				states += len(x.trail)
			}
			if story == "" || !strings.Contains(story, f.breaks) {
				t.Fatalf("not noticed, or for another reason, in %d states: %s", states, story)
			}
			t.Logf("noticed in %d states: %s", states, story)
		})
	}
	t.Logf("%d mutants", len(flaws))
}
