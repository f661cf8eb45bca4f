package plan

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

const (
	ourTarget   = "iqn.1992-08.com.netapp:sn.ours:vs.4"
	otherTarget = "iqn.1992-08.com.netapp:sn.others:vs.9"
)

var (
	enabled  = Wanted{Enabled: true}
	deleting = Wanted{Enabled: true, Deleting: true}
	there    = Observed{Presence: Present, Enabled: true, Alias: "a", Target: ourTarget}
	disabled = Observed{Presence: Present, Alias: "a", Target: ourTarget}
	absent   = Observed{Presence: Absent}
	created  = Remembered{Finalizer: true, Creating: true, Origin: Created, CreatedTarget: ourTarget}
	adopted  = Remembered{Origin: Adopted}
	pending  = Remembered{Finalizer: true, Creating: true, Unanswered: true}
	marks    = Remembered{Finalizer: true, Creating: true}
)

func wanting(policy Policy, w Wanted) Wanted { w.Policy = policy; return w }

func guarded(w Wanted) Wanted { w.Guard = true; return w }

func counted(sessions int, o Observed) Observed { o.Counted, o.Sessions = true, sessions; return o }

func refused(r Refusal, o Observed) Observed { o.Refused = r; return o }

func again(o Observed) Observed { o.Again = true; return o }

func TestNext(t *testing.T) {
	clear, other := "", "b"
	off, on := false, true
	for _, c := range []struct {
		name string
		w    Wanted
		m    Remembered
		o    Observed
		want Step
	}{
		{"looks before anything else", enabled, Remembered{}, Observed{}, Step{Do: Look}},

		{"wants proof before it creates", enabled, Remembered{}, Observed{Presence: Missing}, Step{Do: Confirm}},
		{"wants proof before it creates, though the marks are on", enabled, marks, Observed{Presence: Missing}, Step{Do: Confirm}},
		{"puts both marks on before it creates", enabled, Remembered{}, absent, Step{Do: Mark, Finalizer: true, Creating: true}},
		{"puts the finalizer on before it creates, if only the annotation is there", enabled, Remembered{Creating: true}, absent, Step{Do: Mark, Finalizer: true, Creating: true}},
		{"creates on proof of absence", enabled, marks, absent, Step{Do: Create}},
		{"does not repeat a refused create while nothing has changed", enabled, Remembered{OnHold: true}, Observed{Presence: Missing}, Step{Do: Stop}},

		{"rests when all is as wanted", enabled, created, there, Step{Do: Rest}},
		{"sends all differences in one update", Wanted{Enabled: false, Alias: &other}, created, there, Step{Do: Update, Enabled: &off, Alias: &other}},
		{"clears an alias", Wanted{Enabled: true, Alias: &clear}, created, there, Step{Do: Update, Alias: &clear}},
		{"leaves an alias alone that nobody asked for", enabled, created, there, Step{Do: Rest}},
		{"puts drift right", enabled, adopted, disabled, Step{Do: Update, Enabled: &on}},

		{"counts the sessions before it disables", Wanted{Guard: true}, created, there, Step{Do: Count}},
		{"disables what nobody uses", Wanted{Guard: true}, created, counted(0, there), Step{Do: Update, Enabled: &off}},
		{"does not disable what is in use", Wanted{Guard: true}, created, counted(2, there), Step{Do: Stop, Why: InUse}},
		{"does not disable what may be in use", Wanted{Guard: true}, created, counted(-1, there), Step{Do: Stop, Why: InUse}},
		{"changes the alias of what is in use", Wanted{Guard: true, Alias: &other}, created, counted(2, there), Step{Do: Update, Alias: &other}},
		{"counts no sessions to enable", Wanted{Guard: true, Enabled: true}, created, disabled, Step{Do: Update, Enabled: &on}},
		{"counts no sessions if nobody minds", Wanted{}, created, there, Step{Do: Update, Enabled: &off}},

		{"adopts what it finds", enabled, Remembered{}, there, Step{Do: Own, Origin: Adopted}},
		{"adopts what it finds after its own create was refused", enabled, marks, there, Step{Do: Own, Origin: Adopted}},
		{"knows its own after an answer was lost", enabled, pending, there, Step{Do: Own, Origin: Created}},
		{"needs no finalizer for what stays", enabled, adopted, there, Step{Do: Rest}},
		{"puts the finalizer on an adopted service that is to be deleted", wanting(Delete, enabled), adopted, there, Step{Do: Mark, Finalizer: true}},
		{"takes the marks off a created service that is to be retained", wanting(Retain, enabled), created, there, Step{Do: Mark}},
		{"takes the marks off what is retained without asking the array", wanting(Retain, enabled), created, Observed{}, Step{Do: Mark}},
		{"takes a target that is not told for no other one", enabled, created, Observed{Presence: Present, Enabled: true, Alias: "a"}, Step{Do: Rest}},
		{"deletes nothing whose target is not told", deleting, created, Observed{Presence: Present}, Step{Do: Stop, Why: TargetUnknown}},
		{"counts a service with another target as somebody else's", enabled, created, Observed{Presence: Present, Enabled: true, Target: otherTarget}, Step{Do: Own, Origin: Adopted}},
		{"takes the claim off a service that turned out to be somebody else's", enabled, Remembered{Finalizer: true, Creating: true, Origin: Adopted}, there, Step{Do: Mark}},

		{"wants proof before it forgets a created service", enabled, created, Observed{Presence: Missing}, Step{Do: Confirm}},
		{"wants proof before it forgets an adopted service", enabled, adopted, Observed{Presence: Missing}, Step{Do: Confirm}},
		{"takes the marks off before it forgets", enabled, created, absent, Step{Do: Mark}},
		{"forgets on proof of absence", enabled, adopted, absent, Step{Do: Forget}},
		{"begins anew after it forgot", enabled, Remembered{}, absent, Step{Do: Mark, Finalizer: true, Creating: true}},
		{"asks for no service on an SVM that is gone", enabled, Remembered{}, Observed{Presence: Absent, SVMGone: true}, Step{Do: Stop, Why: SVMUnknown}},

		{"wants proof before a second create", enabled, pending, Observed{Presence: Missing}, Step{Do: Confirm}},
		{"does not take a service on that it made on an SVM it does not name any more", Wanted{Enabled: true, Strayed: true}, pending, there, Step{Do: Stop, Why: SVMChanged}},
		{"waits for the SVM that its unanswered create was for", Wanted{Enabled: true, Strayed: true}, pending, absent, Step{Do: Wait}},
		{"begins anew when that create proved to be lost", Wanted{Enabled: true, Strayed: true}, pending, Observed{Presence: Absent, AbsentFor: SecondLook}, Step{Do: Mark}},
		{"deletes what it made on an SVM it does not name any more", Wanted{Deleting: true, Strayed: true}, pending, there, Step{Do: Own, Origin: Created}},
		{"waits after the first proof that an unanswered create had no effect", enabled, pending, absent, Step{Do: Wait}},
		{"waits until the second proof is a minute younger", enabled, pending, Observed{Presence: Absent, AbsentFor: SecondLook - time.Second}, Step{Do: Wait}},
		{"creates again after the second proof", enabled, pending, Observed{Presence: Absent, AbsentFor: SecondLook}, Step{Do: Create}},
		{"puts the marks of an unanswered create on again that somebody took off", enabled, Remembered{Unanswered: true}, absent, Step{Do: Mark, Finalizer: true, Creating: true}},
		{"takes an unfindable SVM for no proof", enabled, pending, Observed{Presence: Unproven}, Step{Do: Stop, Why: SVMUnknown}},

		{"takes the marks off after a refusal", enabled, marks, refused(RefusedOtherwise, Observed{}), Step{Do: Mark}},
		{"takes the marks off after a refusal, whoever may be denied by now", Wanted{Enabled: true, Denied: true}, marks, refused(RefusedOtherwise, Observed{}), Step{Do: Mark}},
		{"stops after a refusal", enabled, Remembered{}, refused(RefusedOtherwise, Observed{}), Step{Do: Stop}},
		{"keeps the marks when an earlier create may still take effect", enabled, pending, refused(RefusedOtherwise, Observed{}), Step{Do: Stop}},
		{"keeps the marks of a service whose update is refused", enabled, created, refused(RefusedOtherwise, Observed{}), Step{Do: Stop}},
		{"takes the marks off when the service exists", enabled, marks, refused(RefusedExists, Observed{}), Step{Do: Mark}},
		{"looks again when the service exists", enabled, Remembered{}, refused(RefusedExists, Observed{}), Step{Do: Confirm}},
		{"adopts a service that exists", enabled, Remembered{}, refused(RefusedExists, there), Step{Do: Own, Origin: Adopted}},
		{"stops when the service exists but is not shown", enabled, Remembered{}, refused(RefusedExists, absent), Step{Do: Stop}},
		{"starts anew once when the service vanished under an update", enabled, adopted, refused(RefusedNoService, absent), Step{Do: Forget}},
		{"starts anew only once in a pass", enabled, adopted, again(refused(RefusedNoService, absent)), Step{Do: Stop}},

		{"touches nothing where access is denied", Wanted{Enabled: false, Denied: true}, created, there, Step{Do: Stop, Why: AccessDenied}},
		{"looks for what it created where access is denied", Wanted{Denied: true}, created, Observed{}, Step{Do: Look}},
		{"wants proof that it is gone where access is denied", Wanted{Denied: true}, created, Observed{Presence: Missing}, Step{Do: Confirm}},
		{"remembers where access is denied that what it created is gone", Wanted{Denied: true}, created, absent, Step{Do: Own, Origin: Adopted, Why: OriginUncertain}},
		{"does not look for what it adopted where access is denied", Wanted{Denied: true}, adopted, Observed{}, Step{Do: Stop, Why: AccessDenied}},

		{"takes the marks off a create that was not sent before access was denied", Wanted{Enabled: true, Denied: true}, marks, Observed{}, Step{Do: Mark}},
		{"takes the marks off a create that was not sent before another object came first", Wanted{Enabled: true, Yields: true}, marks, Observed{Presence: Missing}, Step{Do: Mark}},
		{"takes the marks off a create that was not sent before it was to observe", Wanted{Enabled: true, Observe: true}, marks, Observed{}, Step{Do: Mark}},
		{"keeps the marks of a create that may have been sent before access was denied", Wanted{Enabled: true, Denied: true}, pending, absent, Step{Do: Stop, Why: AccessDenied}},

		{"changes nothing that is paused", Wanted{Paused: true}, created, there, Step{Do: Stop, Why: Frozen}},
		{"looks for what it created while it is paused", Wanted{Paused: true}, created, Observed{}, Step{Do: Look}},
		{"remembers while it is paused that what it created is gone", Wanted{Paused: true}, created, absent, Step{Do: Own, Origin: Adopted, Why: OriginUncertain}},
		{"remembers while its deletion is paused that what it created is gone", Wanted{Paused: true, Deleting: true}, created, absent, Step{Do: Own, Origin: Adopted, Why: OriginUncertain}},
		{"remembers while it is paused that another service is there", Wanted{Paused: true}, created, Observed{Presence: Present, Target: otherTarget}, Step{Do: Own, Origin: Adopted, Why: OriginUncertain}},
		{"learns nothing while it is paused and the array cannot be asked", Wanted{Paused: true}, created, Observed{Presence: Unproven}, Step{Do: Stop, Why: Frozen}},
		{"takes no marks off what is paused", Wanted{Paused: true, Observe: true}, marks, Observed{}, Step{Do: Stop, Why: Frozen}},
		{"releases nothing that is paused", Wanted{Paused: true, Deleting: true}, Remembered{Finalizer: true}, Observed{}, Step{Do: Stop, Why: Frozen}},

		{"adopts nothing that it only observes", Wanted{Observe: true}, Remembered{}, there, Step{Do: Rest}},
		{"changes nothing that it only observes", Wanted{Observe: true, Enabled: false}, adopted, there, Step{Do: Rest}},
		{"needs no finalizer for what it only observes", Wanted{Observe: true}, created, there, Step{Do: Mark}},
		{"creates nothing to observe", Wanted{Observe: true}, Remembered{}, Observed{Presence: Missing}, Step{Do: Stop, Why: NothingToObserve}},
		{"wants proof before it forgets what it only observes", Wanted{Observe: true}, adopted, Observed{Presence: Missing}, Step{Do: Confirm}},
		{"forgets on proof what it only observes", Wanted{Observe: true}, adopted, absent, Step{Do: Forget}},
		{"knows its own when it only observes, too", Wanted{Observe: true}, pending, there, Step{Do: Own, Origin: Created}},
		{"asks what its unanswered create did when it only observes", Wanted{Observe: true}, pending, Observed{Presence: Missing}, Step{Do: Confirm}},
		{"ends its claim on proof when it only observes", Wanted{Observe: true}, pending, Observed{Presence: Absent, AbsentFor: SecondLook}, Step{Do: Mark}},
		{"releases without touching what it only observes", Wanted{Observe: true, Deleting: true}, created, there, Step{Do: Release, Why: OnlyObserved}},

		{"touches nothing that another object has", Wanted{Enabled: false, Yields: true}, Remembered{}, there, Step{Do: Stop, Why: ClaimLost}},
		{"creates nothing where another object comes first", Wanted{Enabled: true, Yields: true}, Remembered{}, Observed{Presence: Missing}, Step{Do: Stop, Why: ClaimLost}},
		{"takes the marks off after a refusal, whoever comes first by now", Wanted{Enabled: true, Yields: true}, marks, refused(RefusedExists, Observed{}), Step{Do: Mark}},
		{"takes the marks off what another object has adopted", Wanted{Yields: true}, created, there, Step{Do: Mark}},
		{"ends its origin when another object has adopted the service", Wanted{Yields: true}, Remembered{Origin: Created, CreatedTarget: ourTarget}, there, Step{Do: Forget, Why: ClaimLost}},
		{"releases without touching what another object is about to have", Wanted{Deleting: true, Yields: true}, marks, there, Step{Do: Release, Why: ClaimLost}},
		{"lets go of what another object has taken over", Wanted{Deleting: true, Yields: true}, created, there, Step{Do: Release, Why: HandedOver}},
		{"waits for an object that is to take over", Wanted{Deleting: true, Successor: true, Policy: Delete}, created, there, Step{Do: Wait, Why: HandingOver}},
		{"finds out what it created before another object takes over", Wanted{Deleting: true, Successor: true}, pending, there, Step{Do: Own, Origin: Created}},
		{"waits for nobody to keep what stays", Wanted{Deleting: true, Enabled: true, Successor: true, Policy: Retain}, created, there, Step{Do: Release, Why: Kept}},
		{"takes over by recording it", Wanted{Enabled: true, TakesOver: true}, Remembered{}, there, Step{Do: Own, Origin: Adopted}},
		{"puts the finalizer on before it takes over what is to be deleted", Wanted{Enabled: true, TakesOver: true, Policy: Delete}, Remembered{}, there, Step{Do: Mark, Finalizer: true}},
		{"takes over then", Wanted{Enabled: true, TakesOver: true, Policy: Delete}, Remembered{Finalizer: true}, there, Step{Do: Own, Origin: Adopted}},
		{"does not take what it takes over for its own creation", Wanted{Enabled: true, TakesOver: true}, pending, there, Step{Do: Mark}},
		{"creates nothing while the object that had the service is there", Wanted{Enabled: true, TakesOver: true}, Remembered{}, absent, Step{Do: Stop, Why: ClaimLost}},

		{"sends nothing once the finalizer is gone", deleting, Remembered{Origin: Created, CreatedTarget: ourTarget}, there, Step{Do: Rest}},
		{"releases at once what was never created", deleting, Remembered{Finalizer: true}, Observed{}, Step{Do: Release, Why: NeverCreated}},
		{"releases a copy of a created object", deleting, Remembered{Finalizer: true, Creating: false}, there, Step{Do: Release, Why: NeverCreated}},
		{"looks live before it deletes", deleting, created, Observed{}, Step{Do: Confirm}},
		{"takes a collection for no proof when deleting", deleting, created, Observed{Presence: Missing}, Step{Do: Confirm}},
		{"counts the sessions before it disables to delete", guarded(deleting), created, there, Step{Do: Count}},
		{"deletes nothing that is in use", guarded(deleting), created, counted(1, there), Step{Do: Stop, Why: InUse}},
		{"disables what nobody uses to delete it", guarded(deleting), created, counted(0, there), Step{Do: Disable}},
		{"counts nothing before it deletes what is disabled", guarded(deleting), created, disabled, Step{Do: Remove}},
		{"disables before it deletes", deleting, created, there, Step{Do: Disable}},
		{"deletes what is disabled", deleting, created, disabled, Step{Do: Remove}},
		{"releases after the deletion", deleting, created, absent, Step{Do: Release, Why: Done}},
		{"keeps what it adopted", deleting, Remembered{Finalizer: true, Origin: Adopted}, there, Step{Do: Release, Why: Kept}},
		{"deletes what it adopted if asked to", wanting(Delete, deleting), Remembered{Finalizer: true, Origin: Adopted}, disabled, Step{Do: Remove}},
		{"keeps a service with another target", deleting, created, Observed{Presence: Present, Target: otherTarget}, Step{Do: Release, Why: TargetChanged}},
		{"does not even put a service with another target right that is to be retained", wanting(Retain, Wanted{Deleting: true}), created, Observed{Presence: Present, Enabled: true, Target: otherTarget}, Step{Do: Release, Why: TargetChanged}},
		{"deletes a service with another target if asked to", wanting(Delete, deleting), created, Observed{Presence: Present, Target: otherTarget}, Step{Do: Remove}},
		{"puts enabled back when the deletion is called off", wanting(Retain, deleting), created, disabled, Step{Do: Update, Enabled: &on}},
		{"disables nothing when the deletion is called off", Wanted{Deleting: true, Policy: Retain}, created, there, Step{Do: Release, Why: Kept}},
		{"lets go when the deletion is called off", wanting(Retain, deleting), created, there, Step{Do: Release, Why: Kept}},
		{"lets go of what it is to observe from now on without asking the array", Wanted{Deleting: true, Observe: true}, created, Observed{}, Step{Do: Release, Why: OnlyObserved}},
		{"asks before it lets go what may have been disabled", wanting(Retain, deleting), created, Observed{}, Step{Do: Confirm}},
		{"releases without touching where access is denied", Wanted{Deleting: true, Denied: true}, created, there, Step{Do: Release, Why: AccessDenied}},
		{"disables once more when somebody enabled it", deleting, created, refused(RefusedEnabled, there), Step{Do: Disable}},
		{"disables only once more in a pass", deleting, created, again(refused(RefusedEnabled, there)), Step{Do: Stop}},
		{"lets go of what the platform cannot delete", deleting, created, refused(RefusedUnsupported, disabled), Step{Do: Release, Why: Unsupported}},
		{"stops when the deletion is refused", deleting, created, refused(RefusedOtherwise, Observed{}), Step{Do: Stop}},

		{"finds out what an unanswered create did before it releases", deleting, pending, Observed{}, Step{Do: Confirm}},
		{"owns what an unanswered create made, to delete it", deleting, pending, there, Step{Do: Own, Origin: Created}},
		{"does not release on the first proof after an unanswered create", deleting, pending, absent, Step{Do: Wait}},
		{"releases on the second", deleting, pending, Observed{Presence: Absent, AbsentFor: SecondLook}, Step{Do: Release, Why: Done}},
		{"does not release for want of an SVM to ask about", deleting, pending, Observed{Presence: Unproven}, Step{Do: Stop, Why: SVMUnknown}},
		{"lets go of an unanswered create if asked to", wanting(Retain, deleting), pending, Observed{}, Step{Do: Release, Why: Unconfirmed}},
	} {
		t.Run(c.name, func(t *testing.T) {
			NewWithT(t).Expect(Next(c.w, c.m, c.o)).To(Equal(c.want))
		})
	}
}

// TestWhatMustAlwaysHold tries every combination.
func TestWhatMustAlwaysHold(t *testing.T) {
	tried := everyCombination(func(w Wanted, m Remembered, o Observed) {
		do := Next(w, m, o).Do
		for rule, kept := range map[string]bool{
			"nothing is added while deleting":            !w.Deleting || w.Paused || do != Mark && do != Create && do != Forget && do != Look,
			"nothing is sent once the finalizer is gone": !w.Deleting || m.Finalizer || w.Paused || do == Rest || do == Stop,
			"nothing is changed while paused":            !w.Paused || do == Stop || do == Look || do == Confirm || do == Own && m.Origin == Created,
			"only a service seen disabled is deleted":    do != Remove || o.Presence == Present && !o.Enabled,
			"marks are on before a create":               do != Create || m.Finalizer && m.Creating && m.Origin == None,
			"absence is proved before a create":          do != Create || o.Presence == Absent,
			"a hint releases nothing": do != Release || m.Origin == None || o.Presence == Absent || o.Presence == Present ||
				w.Denied || w.Yields || w.Observe || o.Refused == RefusedUnsupported,
			"nothing is changed that is not this object's to change": !w.Denied && !w.Yields && !w.Observe ||
				do != Create && do != Update && do != Disable && do != Remove,
		} {
			if !kept {
				t.Fatalf("%s: %+v %+v %+v: step %d", rule, w, m, o, do)
			}
		}
	})
	t.Logf("%d combinations", tried)
}

func everyCombination(try func(Wanted, Remembered, Observed)) (tried int) {
	bools := []bool{false, true}
	for _, deleting := range bools {
		for _, denied := range bools {
			for _, want := range bools {
				for policy := Auto; policy <= Retain; policy++ {
					for other := range 6 {
						w := Wanted{
							Enabled: want, Policy: policy, Deleting: deleting, Denied: denied,
							Yields: other == 1, Successor: other == 2, Observe: other == 3, Paused: other == 4, TakesOver: other == 5,
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

func memories() (all []Remembered) {
	for bits := range 16 {
		for origin := None; origin <= Adopted; origin++ {
			all = append(all, Remembered{
				Finalizer: bits&1 != 0, Creating: bits&2 != 0, OnHold: bits&4 != 0, Unanswered: bits&8 != 0 && bits&2 != 0 && origin == None,
				Origin: origin, CreatedTarget: ourTarget,
			})
		}
	}
	return all
}

func observations() (all []Observed) {
	for presence := Unknown; presence <= Present; presence++ {
		for refusal := NotRefused; refusal <= RefusedOtherwise; refusal++ {
			for bits := range 16 {
				o := Observed{Presence: presence, Refused: refusal, Enabled: bits&1 != 0, Again: bits&2 != 0, SVMGone: bits&4 != 0, Target: ourTarget}
				if bits&8 != 0 {
					o.Target, o.AbsentFor = otherTarget, 2*SecondLook
				}
				all = append(all, o)
			}
		}
	}
	return all
}
