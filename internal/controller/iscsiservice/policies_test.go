package iscsiservice

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gstruct"
	"github.com/onsi/gomega/types"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"
)

// haveDrifted matches a drift of that field that began a moment ago.
func haveDrifted(field, desired, observed string) types.GomegaMatcher {
	return gstruct.PointTo(gstruct.MatchAllFields(gstruct.Fields{
		"Field": Equal(field), "Desired": Equal(desired), "Observed": Equal(observed),
		"Since": WithTransform(func(since metav1.Time) time.Time { return since.Time }, BeTemporally("~", time.Now(), time.Minute)),
	}))
}

// everyPolicy runs a case for each origin and each policy of deletion: neither has a say in what is changed.
func everyPolicy(t *testing.T, run func(*trial)) {
	for _, origin := range []v1alpha1.Origin{v1alpha1.OriginCreated, v1alpha1.OriginAdopted} {
		for _, policy := range []v1alpha1.DeletionPolicy{"", v1alpha1.DeletionPolicyDelete, v1alpha1.DeletionPolicyRetain} {
			t.Run(fmt.Sprintf("%s, deletionPolicy %q", origin, policy), func(t *testing.T) {
				t.Parallel()
				run(ofOrigin(t, origin, func(spec *v1alpha1.ISCSIServiceSpec) {
					spec.DeletionPolicy, spec.Alias = policy, new("mine")
				}))
			})
		}
	}
}

// elsewhereChanged has another client of the array change the service of svm1, which a poll sees.
func (x *trial) elsewhereChanged(changes controlclient.SVMService) {
	x.t.Helper()
	x.Expect(x.ChangeService(x.t.Context(), "svm1", changes)).To(Succeed())
	x.poll()
}

func TestAnEditIsOneRequest(t *testing.T) {
	everyPolicy(t, func(x *trial) {
		x.Expect(x.ClearJournal(x.t.Context())).To(Succeed())
		x.spec(func(spec *v1alpha1.ISCSIServiceSpec) { spec.Enabled, spec.Alias = new(false), new("other") })
		x.pass()
		x.Expect(x.sent()).To(Equal([]string{`PATCH {"enabled":false,"target":{"alias":"other"}}`}))
		x.Expect(x.told(x.r)).To(ConsistOf(SatisfyAll(HavePrefix("Normal Updated "), ContainSubstring("enabled from true to false"), ContainSubstring(`alias from "mine" to "other"`))))
		x.Expect(x.condition(v1alpha1.ConditionReady).Reason).To(Equal(v1alpha1.ReasonDisabled))
		x.Expect(x.obj().Status.Drift).To(BeNil())
		x.pass()
		x.Expect(x.sent()).To(HaveLen(1))
	})
}

func TestDriftIsPutBackInOneRequest(t *testing.T) {
	everyPolicy(t, func(x *trial) {
		x.Expect(x.ClearJournal(x.t.Context())).To(Succeed())
		x.elsewhereChanged(controlclient.SVMService{Enabled: new(false), Alias: new("theirs")})
		x.pass()
		x.Expect(x.sent()).To(Equal([]string{`PATCH {"enabled":true,"target":{"alias":"mine"}}`}))
		x.Expect(x.onArray("svm1")).To(HaveValue(SatisfyAll(HaveField("Enabled", HaveValue(BeTrue())), HaveField("Alias", HaveValue(Equal("mine"))))))
		x.Expect(x.told(x.r)).To(ConsistOf(HavePrefix("Normal DriftCorrected ")))
		x.Expect(x.obj().Status.Drift).To(haveDrifted("enabled", "true", "false"))
		for range 2 {
			x.poll()
			x.pass()
		}
		x.Expect(x.sent()).To(HaveLen(1))
		x.elsewhereChanged(controlclient.SVMService{Alias: new("theirs")})
		x.pass()
		x.Expect(x.obj().Status.Drift).To(haveDrifted("alias", "mine", "theirs"))
		x.Expect(x.sent()).To(HaveLen(2))
	})
}

func TestWhatIsObservedIsNeverTouched(t *testing.T) {
	everyPolicy(t, func(x *trial) {
		x.Expect(x.ClearJournal(x.t.Context())).To(Succeed())
		observe := func(change specChange) {
			x.spec(func(spec *v1alpha1.ISCSIServiceSpec) {
				spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
				change(spec)
			})
			x.pass()
		}
		observe(func(spec *v1alpha1.ISCSIServiceSpec) { spec.Enabled = new(true) })
		x.Expect(x.condition(v1alpha1.ConditionReady).Reason).To(Equal(v1alpha1.ReasonObserved))
		x.Expect(hasFinalizer(x.obj())).To(BeFalse())
		x.Expect(isCreating(x.obj())).To(BeFalse())
		x.Expect(x.told(x.r)).To(ConsistOf(HavePrefix("Normal Observed ")))

		x.elsewhereChanged(controlclient.SVMService{Alias: new("theirs")})
		x.pass()
		shown := x.obj().Status.Drift
		x.Expect(shown).To(haveDrifted("alias", "mine", "theirs"))
		x.annotate(v1alpha1.ReconcileRequestedAtAnnotation, "now")
		x.pass()
		x.Expect(x.obj().Status.LastHandledReconcileAt).To(Equal("now"))
		x.Expect(x.obj().Status.Drift).To(Equal(shown), "it began when it was noticed first")
		x.Expect(x.condition(v1alpha1.ConditionReady).Reason).To(Equal(v1alpha1.ReasonObserved))
		x.elsewhereChanged(controlclient.SVMService{Alias: new("mine")})
		x.pass()
		x.Expect(x.obj().Status.Drift).To(BeNil())

		observe(func(spec *v1alpha1.ISCSIServiceSpec) { spec.Enabled, spec.Alias = new(false), new("other") })
		x.Expect(x.obj().Status.Enabled).To(HaveValue(BeTrue()))
		x.Expect(x.condition(v1alpha1.ConditionReady).Status).To(Equal(isReady))
		x.Expect(x.sent()).To(BeEmpty())
		x.Expect(x.told(x.r)).To(BeEmpty())
	})
}

func TestAServiceInUseIsDisabledAsTheInUsePolicySays(t *testing.T) {
	causes := map[string]func(*testing.T, specChange) *trial{
		"an edit": func(t *testing.T, policy specChange) *trial {
			x := ofOrigin(t, v1alpha1.OriginCreated, policy)
			x.Expect(x.Login(t.Context(), "svm1", initiator)).To(Succeed())
			x.spec(func(spec *v1alpha1.ISCSIServiceSpec) { spec.Enabled = new(false) })
			return x
		},
		"drift": func(t *testing.T, policy specChange) *trial {
			x := ofOrigin(t, v1alpha1.OriginCreated, func(spec *v1alpha1.ISCSIServiceSpec) {
				policy(spec)
				spec.Enabled = new(false)
			})
			x.Expect(x.ChangeService(t.Context(), "svm1", controlclient.SVMService{Enabled: new(true)})).To(Succeed())
			x.Expect(x.Login(t.Context(), "svm1", initiator)).To(Succeed())
			x.poll()
			return x
		},
		"adoption": func(t *testing.T, policy specChange) *trial {
			x := withService(t, func(spec *v1alpha1.ISCSIServiceSpec) {
				policy(spec)
				spec.Enabled = new(false)
			})
			x.Expect(x.Login(t.Context(), "svm1", initiator)).To(Succeed())
			return x
		},
	}
	for cause, bring := range causes {
		for _, policy := range []v1alpha1.InUsePolicy{"", v1alpha1.InUsePolicyWait, v1alpha1.InUsePolicyDisconnect} {
			t.Run(fmt.Sprintf("%s, inUsePolicy %q", cause, policy), func(t *testing.T) {
				t.Parallel()
				x := bring(t, func(spec *v1alpha1.ISCSIServiceSpec) { spec.InUsePolicy = policy })
				x.pass()
				if policy == v1alpha1.InUsePolicyDisconnect {
					x.Expect(x.sent()).To(Equal([]string{disables}))
					x.Expect(x.condition(v1alpha1.ConditionInUse)).To(BeZero())
					return
				}
				x.Expect(x.sent()).To(BeEmpty())
				x.Expect(x.condition(v1alpha1.ConditionInUse).Message).To(ContainSubstring(initiator))
				x.Expect(x.obj().Status.Enabled).To(HaveValue(BeTrue()))
				shown := x.obj().Status.Drift
				if cause == "drift" {
					x.Expect(shown).To(haveDrifted("enabled", "false", "true"))
				} else {
					x.Expect(shown).To(BeNil())
				}
				x.Expect(x.Logout(t.Context(), "svm1", "")).To(Succeed())
				x.pass()
				x.Expect(x.sent()).To(Equal([]string{disables}))
				x.Expect(x.onArray("svm1").Enabled).To(HaveValue(BeFalse()))
				x.Expect(x.condition(v1alpha1.ConditionReady).Reason).To(Equal(v1alpha1.ReasonDisabled))
				x.Expect(x.condition(v1alpha1.ConditionInUse)).To(BeZero())
				x.Expect(x.obj().Status.Drift).To(Equal(shown))
				did := map[string]string{"an edit": v1alpha1.EventUpdated, "drift": v1alpha1.EventDriftCorrected, "adoption": v1alpha1.EventUpdated}[cause]
				x.Expect(x.told(x.r)).To(ContainElement(HavePrefix("Normal " + did + " ")))
			})
		}
	}
}

func TestAnAliasThatTheSpecDoesNotNameIsShownNotUndone(t *testing.T) {
	x := ofOrigin(t, v1alpha1.OriginCreated, unchanged)
	x.elsewhereChanged(controlclient.SVMService{Alias: new("theirs")})
	x.pass()
	x.Expect(x.obj().Status.Target.Alias).To(Equal("theirs"))
	x.Expect(x.obj().Status.Drift).To(BeNil())
	x.Expect(x.sent()).To(BeEmpty())
	x.Expect(x.told(x.r)).To(BeEmpty())
}

func TestAServiceThatAnotherClientDeletedIsCreatedAnew(t *testing.T) {
	x := ofOrigin(t, v1alpha1.OriginCreated, unchanged)
	x.Expect(x.DeleteService(t.Context(), "svm1")).To(Succeed())
	x.poll()
	x.pass()
	x.Expect(x.sent()).To(ConsistOf(HavePrefix(http.MethodPost)))
	x.Expect(x.told(x.r)).To(HaveExactElements(HavePrefix("Warning ServiceLost "), HavePrefix("Normal Created ")))
	x.Expect(x.obj().Status.Origin).To(Equal(v1alpha1.OriginCreated))
	x.Expect(x.obj().Status.Drift).To(haveDrifted("service", "present", "absent"))
	x.delete()
	x.pass()
	x.Expect(x.gone(t, x.key)).To(BeTrue())
	x.Expect(x.onArray("svm1")).To(BeNil(), "the second one is the operator's too")
}

func TestAServiceWithAnotherTargetIsAdopted(t *testing.T) {
	x := ofOrigin(t, v1alpha1.OriginCreated, unchanged)
	ours := x.obj().Status.Target.Name
	x.Expect(x.PutService(t.Context(), "svm1", controlclient.SVMService{Enabled: new(true), Target: foreignIQN})).To(Succeed())
	x.poll()
	x.pass()
	obj := x.obj()
	x.Expect(obj.Status.Origin).To(Equal(v1alpha1.OriginAdopted))
	x.Expect(obj.Status.Target.Name).To(Equal(foreignIQN))
	x.Expect(obj.Status.Drift).To(haveDrifted("target.name", ours, foreignIQN))
	x.Expect(obj.Finalizers).To(BeEmpty())
	x.Expect(isCreating(obj)).To(BeFalse())
	x.delete()
	x.Expect(x.gone(t, x.key)).To(BeTrue())
	x.Expect(x.onArray("svm1").Target).To(Equal(foreignIQN))
	x.Expect(x.sent()).To(BeEmpty())
}

func TestAnSVMOfTheSameNameIsNotTaken(t *testing.T) {
	x := ofOrigin(t, v1alpha1.OriginCreated, unchanged)
	bound := x.obj().Status.SVM.UUID
	x.Expect(x.DeleteSVM(t.Context(), "svm1")).To(Succeed())
	x.Expect(x.CreateSVM(t.Context(), controlclient.SVM{Name: "svm1", UUID: "99999999-2222-3333-4444-555555555555", State: "running", ISCSI: controlclient.ISCSI{Allowed: true}})).To(Succeed())
	x.poll()
	x.pass()
	x.annotate(v1alpha1.ReconcileRequestedAtAnnotation, "now")
	x.pass()
	obj := x.obj()
	x.Expect(obj.Status.LastHandledReconcileAt).To(Equal("now"))
	x.Expect(x.condition(v1alpha1.ConditionStalled).Reason).To(Equal(v1alpha1.ReasonSVMReplaced))
	x.Expect(obj.Status.SVM.UUID).To(Equal(bound))
	x.Expect(obj.Finalizers).To(BeEmpty())
	x.delete()
	x.Expect(x.gone(t, x.key)).To(BeTrue())
	x.Expect(x.onArray("svm1")).To(BeNil())
	x.Expect(x.sent()).To(BeEmpty())
}
