package plan

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// wish, past and sight are what a state has of what is wanted, remembered and observed.
type wish struct {
	Enabled                                              bool
	Alias                                                *string
	Policy                                               Policy
	SessionGuard, Observe, Deleting, Paused, Denied      bool
	Behind, TakesOver, NextClaimant, SVMChanged, Failing bool
}

type past struct {
	Finalizer, Creating, Unanswered, BackedOff bool
	Origin                                     Origin
	CreatedTarget                              string
}

type sight struct {
	Presence        Presence
	Enabled         bool
	Alias, Target   string
	Counted         bool
	Sessions        int
	SVMGone         bool
	AbsentFor       time.Duration
	Refused         Refusal
	Again, ByCreate bool
}

// stateOf is a state in which all that a step requires has been made sure of.
func stateOf(w wish, m past, o sight) State {
	s := State{now: now, svm: svms[0], svmChanged: w.SVMChanged, failed: w.Failing}
	s.object = Object{
		Spec:     Spec{SVM: byName(0), Enabled: w.Enabled, Alias: w.Alias, Policy: w.Policy, SessionGuard: w.SessionGuard, Observe: w.Observe},
		Metadata: Metadata{Deleting: w.Deleting, Paused: w.Paused, Markers: Markers{Finalizer: m.Finalizer, Creating: m.Creating}},
		Status:   Status{Bound: svms[0], Origin: m.Origin, CreatedTarget: m.CreatedTarget},
	}
	s.memory.create = createSettled
	if m.Unanswered {
		s.memory.create = createUnanswered
	}
	if m.BackedOff {
		s.memory.createBackOff = backOff{refusal: errModel, until: now.Add(time.Minute)}
	}
	s.constraints = constraints{denied: w.Denied, behind: w.Behind, takesOver: w.TakesOver, nextClaimant: w.NextClaimant}
	s.observation = observation{
		presence: o.Presence, svmGone: o.SVMGone, absentFor: o.AbsentFor, sessions: o.Sessions,
		refused: o.Refused, refusedAgain: o.Again, createRefused: o.ByCreate,
	}
	if o.Presence == Present {
		s.service = Service{SVM: svms[0], Enabled: o.Enabled, Alias: o.Alias, Target: o.Target}
	}
	if o.Counted {
		s.countedAt = now
	}
	s.assurances = assurances{contested: true, recontested: true, scope: All, reserved: true, turn: true, rechecked: true}
	return s
}

var (
	enabled  = wish{Enabled: true}
	deleting = wish{Enabled: true, Deleting: true}
	seen     = sight{Presence: Present, Enabled: true, Alias: "a", Target: createdTarget}
	disabled = sight{Presence: Present, Alias: "a", Target: createdTarget}
	absent   = sight{Presence: ProvedAbsent}
	created  = past{Finalizer: true, Creating: true, Origin: Created, CreatedTarget: createdTarget}
	adopted  = past{Origin: Adopted}
	pending  = past{Finalizer: true, Creating: true, Unanswered: true}
	markers  = past{Finalizer: true, Creating: true}
)

func with(policy Policy, w wish) wish { w.Policy = policy; return w }

func guarded(w wish) wish { w.SessionGuard = true; return w }

func counted(sessions int, o sight) sight { o.Counted, o.Sessions = true, sessions; return o }

func refused(r Refusal, o sight) sight { o.Refused = r; return o }

func again(o sight) sight { o.Again = true; return o }

func TestNext(t *testing.T) {
	clear, other := "", "b"
	off, on := false, true
	for _, c := range []struct {
		name string
		w    wish
		m    past
		o    sight
		want Step
	}{
		{"looks before anything else", enabled, past{}, sight{}, Step{Do: Look}},

		{"wants proof before it creates", enabled, past{}, sight{Presence: NotListed}, Step{Do: Confirm}},
		{"wants proof before it creates, though the markers are on", enabled, markers, sight{Presence: NotListed}, Step{Do: Confirm}},
		{"puts both marks on before it creates", enabled, past{}, absent, Step{Do: Mark, Creating: true}},
		{"puts the finalizer on before it creates, if only the annotation is there", enabled, past{Creating: true}, absent, Step{Do: Mark, Creating: true}},
		{"creates on proof of absence", enabled, markers, absent, Step{Do: Create}},
		{"does not repeat a refused create while nothing has changed", enabled, past{BackedOff: true}, sight{Presence: NotListed}, Step{Do: Stop, Why: CreateBackOff}},

		{"rests when all is as wanted", enabled, created, seen, Step{Do: Rest}},
		{"sends all differences in one update", wish{Enabled: false, Alias: &other}, created, seen, Step{Do: Update, Enabled: &off, Alias: &other}},
		{"clears an alias", wish{Enabled: true, Alias: &clear}, created, seen, Step{Do: Update, Alias: &clear}},
		{"leaves an alias alone that the spec does not ask for", enabled, created, seen, Step{Do: Rest}},
		{"puts drift right", enabled, adopted, disabled, Step{Do: Update, Enabled: &on}},

		{"counts the sessions before it disables", wish{SessionGuard: true}, created, seen, Step{Do: Count}},
		{"disables what has no sessions", wish{SessionGuard: true}, created, counted(0, seen), Step{Do: Update, Enabled: &off}},
		{"does not disable what is in use", wish{SessionGuard: true}, created, counted(2, seen), Step{Do: Stop, Why: InUse}},
		{"does not disable what may be in use", wish{SessionGuard: true}, created, counted(-1, seen), Step{Do: Stop, Why: InUse}},
		{"changes the alias of what is in use", wish{SessionGuard: true, Alias: &other}, created, counted(2, seen), Step{Do: Update, Alias: &other}},
		{"counts no sessions to enable", wish{SessionGuard: true, Enabled: true}, created, disabled, Step{Do: Update, Enabled: &on}},
		{"counts no sessions without the session guard", wish{}, created, seen, Step{Do: Update, Enabled: &off}},

		{"adopts what it finds", enabled, past{}, seen, Step{Do: Bind, Origin: Adopted}},
		{"adopts what it finds after its own create was refused", enabled, markers, seen, Step{Do: Bind, Origin: Adopted}},
		{"knows its own after an answer was lost", enabled, pending, seen, Step{Do: Bind, Origin: Created}},
		{"needs no finalizer for what stays", enabled, adopted, seen, Step{Do: Rest}},
		{"puts the finalizer on an adopted service that is to be deleted", with(Delete, enabled), adopted, seen, Step{Do: Mark}},
		{"takes the markers off a created service that is to be retained", with(Retain, enabled), created, seen, Step{Do: Unmark}},
		{"takes the markers off what is retained without asking the array", with(Retain, enabled), created, sight{}, Step{Do: Unmark}},
		{"takes a target that is not told for no other one", enabled, created, sight{Presence: Present, Enabled: true, Alias: "a"}, Step{Do: Rest}},
		{"deletes nothing whose target is not told", deleting, created, sight{Presence: Present}, Step{Do: Stop, Why: TargetUnknown}},
		{"counts a service with another target as another client's", enabled, created, sight{Presence: Present, Enabled: true, Target: otherTarget}, Step{Do: Bind, Origin: Adopted}},
		{"takes the claim off a service that turned out to be another client's", enabled, past{Finalizer: true, Creating: true, Origin: Adopted}, seen, Step{Do: Unmark}},

		{"wants proof before it forgets a created service", enabled, created, sight{Presence: NotListed}, Step{Do: Confirm}},
		{"wants proof before it forgets an adopted service", enabled, adopted, sight{Presence: NotListed}, Step{Do: Confirm}},
		{"takes the markers off before it forgets", enabled, created, absent, Step{Do: Unmark}},
		{"forgets on proof of absence", enabled, adopted, absent, Step{Do: Forget}},
		{"begins anew after it forgot", enabled, past{}, absent, Step{Do: Mark, Creating: true}},
		{"asks for no service on an SVM that is gone", enabled, past{}, sight{Presence: ProvedAbsent, SVMGone: true}, Step{Do: Stop, Why: SVMUnknown}},

		{"wants proof before a second create", enabled, pending, sight{Presence: NotListed}, Step{Do: Confirm}},
		{"does not take a service on that it made on an SVM it does not name any more", wish{Enabled: true, SVMChanged: true}, pending, seen, Step{Do: Stop, Why: SVMChanged}},
		{"waits for the SVM that its unanswered create was for", wish{Enabled: true, SVMChanged: true}, pending, absent, Step{Do: Wait, Why: CreatePending}},
		{"begins anew when that create proved to be lost", wish{Enabled: true, SVMChanged: true}, pending, sight{Presence: ProvedAbsent, AbsentFor: SecondLook}, Step{Do: Unmark}},
		{"deletes what it made on an SVM it does not name any more", wish{Deleting: true, SVMChanged: true}, pending, seen, Step{Do: Bind, Origin: Created}},
		{"waits after the first proof that an unanswered create had no effect", enabled, pending, absent, Step{Do: Wait, Why: CreatePending}},
		{"waits until the second proof is a minute younger", enabled, pending, sight{Presence: ProvedAbsent, AbsentFor: SecondLook - time.Second}, Step{Do: Wait, Why: CreatePending}},
		{"creates again after the second proof", enabled, pending, sight{Presence: ProvedAbsent, AbsentFor: SecondLook}, Step{Do: Create}},
		{"puts the markers of an unanswered create on again that a user took off", enabled, past{Unanswered: true}, absent, Step{Do: Mark, Creating: true}},
		{"takes an unfindable SVM for no proof", enabled, pending, sight{Presence: NotProved}, Step{Do: Stop, Why: SVMUnknown}},

		{"takes the markers off after a refusal", enabled, markers, refused(RefusedForNow, sight{}), Step{Do: Unmark}},
		{"takes the markers off after a refusal, also where access is denied by now", wish{Enabled: true, Denied: true}, markers, refused(RefusedForNow, sight{}), Step{Do: Unmark}},
		{"stops after a refusal", enabled, past{}, refused(RefusedForNow, sight{}), Step{Do: Stop, Why: Declined}},
		{"keeps the markers when an earlier create may still take effect", enabled, pending, refused(RefusedForNow, sight{}), Step{Do: Stop, Why: Declined}},
		{"keeps the markers of a service whose update is refused", enabled, created, refused(RefusedForNow, sight{}), Step{Do: Stop, Why: Declined}},
		{"takes the markers off when the service exists", enabled, markers, refused(RefusedExists, sight{}), Step{Do: Unmark}},
		{"looks again when the service exists", enabled, past{}, refused(RefusedExists, sight{}), Step{Do: Confirm}},
		{"adopts a service that exists", enabled, past{}, refused(RefusedExists, seen), Step{Do: Bind, Origin: Adopted}},
		{"stops when the service exists but is not shown", enabled, past{}, refused(RefusedExists, absent), Step{Do: Stop, Why: Declined}},
		{"starts anew once when the service vanished under an update", enabled, adopted, refused(RefusedNoService, absent), Step{Do: Forget}},
		{"starts anew only once in a pass", enabled, adopted, again(refused(RefusedNoService, absent)), Step{Do: Stop, Why: Declined}},

		{"touches nothing where access is denied", wish{Enabled: false, Denied: true}, created, seen, Step{Do: Stop, Why: AccessDenied}},
		{"looks for what it created where access is denied", wish{Denied: true}, created, sight{}, Step{Do: Look}},
		{"wants proof that it is gone where access is denied", wish{Denied: true}, created, sight{Presence: NotListed}, Step{Do: Confirm}},
		{"remembers where access is denied that what it created is gone", wish{Denied: true}, created, absent, Step{Do: Disown}},
		{"does not look for what it adopted where access is denied", wish{Denied: true}, adopted, sight{}, Step{Do: Stop, Why: AccessDenied}},

		{"takes the markers off a create that was not sent before access was denied", wish{Enabled: true, Denied: true}, markers, sight{}, Step{Do: Unmark}},
		{"takes the markers off a create that was not sent before another object came first", wish{Enabled: true, Behind: true}, markers, sight{Presence: NotListed}, Step{Do: Unmark}},
		{"takes the markers off a create that was not sent before it was to observe", wish{Enabled: true, Observe: true}, markers, sight{}, Step{Do: Unmark}},
		{"keeps the markers of a create that may have been sent before access was denied", wish{Enabled: true, Denied: true}, pending, absent, Step{Do: Stop, Why: AccessDenied}},

		{"changes nothing that is paused", wish{Paused: true}, created, seen, Step{Do: Stop, Why: Paused}},
		{"looks for what it created while it is paused", wish{Paused: true}, created, sight{}, Step{Do: Look}},
		{"remembers while it is paused that what it created is gone", wish{Paused: true}, created, absent, Step{Do: Disown}},
		{"remembers while its deletion is paused that what it created is gone", wish{Paused: true, Deleting: true}, created, absent, Step{Do: Disown}},
		{"remembers while it is paused that another service is there", wish{Paused: true}, created, sight{Presence: Present, Target: otherTarget}, Step{Do: Disown}},
		{"learns nothing while it is paused and the array cannot be asked", wish{Paused: true}, created, sight{Presence: NotProved}, Step{Do: Stop, Why: Paused}},
		{"takes no marks off what is paused", wish{Paused: true, Observe: true}, markers, sight{}, Step{Do: Stop, Why: Paused}},
		{"releases nothing that is paused", wish{Paused: true, Deleting: true}, past{Finalizer: true}, sight{}, Step{Do: Stop, Why: Paused}},

		{"adopts nothing that it only observes", wish{Observe: true}, past{}, seen, Step{Do: Rest}},
		{"changes nothing that it only observes", wish{Observe: true, Enabled: false}, adopted, seen, Step{Do: Rest}},
		{"needs no finalizer for what it only observes", wish{Observe: true}, created, seen, Step{Do: Unmark}},
		{"creates nothing to observe", wish{Observe: true}, past{}, sight{Presence: NotListed}, Step{Do: Stop, Why: NothingToObserve}},
		{"wants proof before it forgets what it only observes", wish{Observe: true}, adopted, sight{Presence: NotListed}, Step{Do: Confirm}},
		{"forgets on proof what it only observes", wish{Observe: true}, adopted, absent, Step{Do: Forget}},
		{"knows its own when it only observes, too", wish{Observe: true}, pending, seen, Step{Do: Bind, Origin: Created}},
		{"asks what its unanswered create did when it only observes", wish{Observe: true}, pending, sight{Presence: NotListed}, Step{Do: Confirm}},
		{"ends its claim on proof when it only observes", wish{Observe: true}, pending, sight{Presence: ProvedAbsent, AbsentFor: SecondLook}, Step{Do: Unmark}},
		{"releases without touching what it only observes", wish{Observe: true, Deleting: true}, created, seen, Step{Do: Release, Why: OnlyObserved}},

		{"touches nothing that another object has", wish{Enabled: false, Behind: true}, past{}, seen, Step{Do: Stop, Why: ClaimLost}},
		{"creates nothing where another object comes first", wish{Enabled: true, Behind: true}, past{}, sight{Presence: NotListed}, Step{Do: Stop, Why: ClaimLost}},
		{"takes the markers off after a refusal, also where another object comes first by now", wish{Enabled: true, Behind: true}, markers, refused(RefusedExists, sight{}), Step{Do: Unmark}},
		{"takes the markers off what another object has adopted", wish{Behind: true}, created, seen, Step{Do: Unmark}},
		{"ends its origin when another object has adopted the service", wish{Behind: true}, past{Origin: Created, CreatedTarget: createdTarget}, seen, Step{Do: Forget, Why: ClaimLost}},
		{"releases without touching what another object is about to have", wish{Deleting: true, Behind: true}, markers, seen, Step{Do: Release, Why: ClaimLost}},
		{"lets go of what another object has taken over", wish{Deleting: true, Behind: true}, created, seen, Step{Do: Release, Why: HandedOver}},
		{"waits for an object that is to take over", wish{Deleting: true, NextClaimant: true, Policy: Delete}, created, seen, Step{Do: Wait, Why: HandingOver}},
		{"finds out what it created before another object takes over", wish{Deleting: true, NextClaimant: true}, pending, seen, Step{Do: Bind, Origin: Created}},
		{"waits for no other object to keep what stays", wish{Deleting: true, Enabled: true, NextClaimant: true, Policy: Retain}, created, seen, Step{Do: Release, Why: Kept}},
		{"takes over by recording it", wish{Enabled: true, TakesOver: true}, past{}, seen, Step{Do: Bind, Origin: Adopted}},
		{"puts the finalizer on before it takes over what is to be deleted", wish{Enabled: true, TakesOver: true, Policy: Delete}, past{}, seen, Step{Do: Mark}},
		{"takes over then", wish{Enabled: true, TakesOver: true, Policy: Delete}, past{Finalizer: true}, seen, Step{Do: Bind, Origin: Adopted}},
		{"does not take what it takes over for its own creation", wish{Enabled: true, TakesOver: true}, pending, seen, Step{Do: Unmark}},
		{"creates nothing while the object that had the service is there", wish{Enabled: true, TakesOver: true}, past{}, absent, Step{Do: Stop, Why: ClaimLost}},

		{"sends nothing once the finalizer is gone", deleting, past{Origin: Created, CreatedTarget: createdTarget}, seen, Step{Do: Rest}},
		{"releases at once what was never created", deleting, past{Finalizer: true}, sight{}, Step{Do: Release, Why: NeverCreated}},
		{"releases a copy of a created object", deleting, past{Finalizer: true, Creating: false}, seen, Step{Do: Release, Why: NeverCreated}},
		{"looks live before it deletes", deleting, created, sight{}, Step{Do: Confirm}},
		{"takes a collection for no proof when deleting", deleting, created, sight{Presence: NotListed}, Step{Do: Confirm}},
		{"counts the sessions before it disables to delete", guarded(deleting), created, seen, Step{Do: Count}},
		{"deletes nothing that is in use", guarded(deleting), created, counted(1, seen), Step{Do: Stop, Why: InUse}},
		{"disables what has no sessions to delete it", guarded(deleting), created, counted(0, seen), Step{Do: Disable, Enabled: &off}},
		{"counts nothing before it deletes what is disabled", guarded(deleting), created, disabled, Step{Do: Remove}},
		{"disables before it deletes", deleting, created, seen, Step{Do: Disable, Enabled: &off}},
		{"deletes what is disabled", deleting, created, disabled, Step{Do: Remove}},
		{"releases after the deletion", deleting, created, absent, Step{Do: Release, Why: Done}},
		{"keeps what it adopted", deleting, past{Finalizer: true, Origin: Adopted}, seen, Step{Do: Release, Why: Kept}},
		{"deletes what it adopted if asked to", with(Delete, deleting), past{Finalizer: true, Origin: Adopted}, disabled, Step{Do: Remove}},
		{"keeps a service with another target", deleting, created, sight{Presence: Present, Target: otherTarget}, Step{Do: Release, Why: TargetChanged}},
		{"does not even put a service with another target right that is to be retained", with(Retain, wish{Deleting: true}), created, sight{Presence: Present, Enabled: true, Target: otherTarget}, Step{Do: Release, Why: TargetChanged}},
		{"deletes a service with another target if asked to", with(Delete, deleting), created, sight{Presence: Present, Target: otherTarget}, Step{Do: Remove}},
		{"puts enabled back when the deletion is called off", with(Retain, deleting), created, disabled, Step{Do: Update, Enabled: &on}},
		{"disables nothing when the deletion is called off", wish{Deleting: true, Policy: Retain}, created, seen, Step{Do: Release, Why: Kept}},
		{"lets go when the deletion is called off", with(Retain, deleting), created, seen, Step{Do: Release, Why: Kept}},
		{"lets go of what it is to observe from now on without asking the array", wish{Deleting: true, Observe: true}, created, sight{}, Step{Do: Release, Why: OnlyObserved}},
		{"asks before it lets go what may have been disabled", with(Retain, deleting), created, sight{}, Step{Do: Confirm}},
		{"releases without touching where access is denied", wish{Deleting: true, Denied: true}, created, seen, Step{Do: Release, Why: AccessDenied}},
		{"disables once more when another client enabled it", deleting, created, refused(RefusedEnabled, seen), Step{Do: Disable, Enabled: &off}},
		{"disables only once more in a pass", deleting, created, again(refused(RefusedEnabled, seen)), Step{Do: Stop, Why: Declined}},
		{"lets go of what the platform cannot delete", deleting, created, refused(RefusedUnsupported, disabled), Step{Do: Release, Why: Unsupported}},
		{"stops when the deletion is refused", deleting, created, refused(RefusedForNow, sight{}), Step{Do: Stop, Why: Declined}},

		{"finds out what an unanswered create did before it releases", deleting, pending, sight{}, Step{Do: Confirm}},
		{"owns what an unanswered create made, to delete it", deleting, pending, seen, Step{Do: Bind, Origin: Created}},
		{"does not release on the first proof after an unanswered create", deleting, pending, absent, Step{Do: Wait, Why: CreatePending}},
		{"releases on the second", deleting, pending, sight{Presence: ProvedAbsent, AbsentFor: SecondLook}, Step{Do: Release, Why: Done}},
		{"does not release for want of an SVM to ask about", deleting, pending, sight{Presence: NotProved}, Step{Do: Stop, Why: SVMUnknown}},
		{"lets go of an unanswered create if asked to", with(Retain, deleting), pending, sight{}, Step{Do: Release, Why: Unconfirmed}},
	} {
		t.Run(c.name, func(t *testing.T) {
			NewWithT(t).Expect(Next(stateOf(c.w, c.m, c.o))).To(Equal(c.want))
		})
	}
}

// TestWhatMustAlwaysHold tries every combination.
func TestWhatMustAlwaysHold(t *testing.T) {
	tried := everyCombination(func(w wish, m past, o sight) {
		do := Next(stateOf(w, m, o)).Do
		for rule, kept := range map[string]bool{
			"nothing is added while deleting":            !w.Deleting || w.Paused || do != Mark && do != Create && do != Forget && do != Look,
			"nothing is sent once the finalizer is gone": !w.Deleting || m.Finalizer || w.Paused || do == Rest || do == Stop,
			"nothing is changed while paused":            !w.Paused || do == Stop || do == Look || do == Confirm || (do == Bind || do == Disown) && m.Origin == Created,
			"only a service seen disabled is deleted":    do != Remove || o.Presence == Present && !o.Enabled,
			"marks are on before a create":               do != Create || m.Finalizer && m.Creating && m.Origin == None,
			"absence is proved before a create":          do != Create || o.Presence == ProvedAbsent,
			"a hint releases nothing": do != Release || m.Origin == None || o.Presence == ProvedAbsent || o.Presence == Present ||
				w.Denied || w.Behind || w.Observe || o.Refused == RefusedUnsupported,
			"nothing is changed that is not this object's to change": !w.Denied && !w.Behind && !w.Observe ||
				do != Create && do != Update && do != Disable && do != Remove,
		} {
			if !kept {
				t.Fatalf("%s: %+v %+v %+v: step %d", rule, w, m, o, do)
			}
		}
	})
	t.Logf("%d combinations", tried)
}

func everyCombination(try func(wish, past, sight)) (tried int) {
	bools := []bool{false, true}
	for _, deleting := range bools {
		for _, denied := range bools {
			for _, want := range bools {
				for policy := Auto; policy <= Retain; policy++ {
					for other := range 6 {
						w := wish{
							Enabled: want, Policy: policy, Deleting: deleting, Denied: denied,
							Behind: other == 1, NextClaimant: other == 2, Observe: other == 3, Paused: other == 4, TakesOver: other == 5,
						}
						for _, m := range memories() {
							for _, o := range observations() {
								try(w, m, o)
								tried++
							}
						}
					}
				}
			}
		}
	}
	return tried
}

func memories() (all []past) {
	for bits := range 16 {
		for origin := None; origin <= Adopted; origin++ {
			all = append(all, past{
				Finalizer: bits&1 != 0, Creating: bits&2 != 0, BackedOff: bits&4 != 0, Unanswered: bits&8 != 0 && bits&2 != 0 && origin == None,
				Origin: origin, CreatedTarget: createdTarget,
			})
		}
	}
	return all
}

func observations() (all []sight) {
	for presence := Unknown; presence <= Present; presence++ {
		for refusal := NotRefused; refusal <= RefusedForNow; refusal++ {
			for bits := range 16 {
				o := sight{Presence: presence, Refused: refusal, Enabled: bits&1 != 0, Again: bits&2 != 0, SVMGone: bits&4 != 0, Target: createdTarget}
				if bits&8 != 0 {
					o.Target, o.AbsentFor = otherTarget, 2*SecondLook
				}
				all = append(all, o)
			}
		}
	}
	return all
}
