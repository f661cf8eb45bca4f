package iscsiservice

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"
)

const (
	disables = `PATCH {"enabled":false}`
	enables  = `PATCH {"enabled":true}`
	deletes  = "DELETE "
)

// TestWhatADeletionSendsGoesByOriginAndPolicies has no initiators logged in.
func TestWhatADeletionSendsGoesByOriginAndPolicies(t *testing.T) {
	type policies struct {
		origin     v1alpha1.Origin
		management v1alpha1.ManagementPolicy
		deletion   v1alpha1.DeletionPolicy
	}
	const (
		created, adopted = v1alpha1.OriginCreated, v1alpha1.OriginAdopted
		manage, observed = v1alpha1.ManagementPolicyManage, v1alpha1.ManagementPolicyObserve
		always, never    = v1alpha1.DeletionPolicyDelete, v1alpha1.DeletionPolicyRetain
	)
	for given, removed := range map[policies]bool{
		{created, "", ""}:           true,
		{created, manage, ""}:       true,
		{created, manage, always}:   true,
		{created, manage, never}:    false,
		{adopted, "", ""}:           false,
		{adopted, manage, ""}:       false,
		{adopted, manage, always}:   true,
		{adopted, manage, never}:    false,
		{created, observed, ""}:     false,
		{created, observed, always}: false,
		{created, observed, never}:  false,
		{adopted, observed, ""}:     false,
		{adopted, observed, always}: false,
		{adopted, observed, never}:  false,
	} {
		for _, settled := range []bool{true, false} {
			t.Run(fmt.Sprintf("%+v, settled %t", given, settled), func(t *testing.T) {
				t.Parallel()
				x := ofOrigin(t, given.origin, unchanged)
				x.spec(func(spec *v1alpha1.ISCSIServiceSpec) {
					spec.ManagementPolicy, spec.DeletionPolicy = given.management, given.deletion
				})
				if settled { // otherwise the deletion comes before a pass that has seen the policies
					x.pass()
					x.Expect(hasFinalizer(x.obj())).To(Equal(removed), "deletion asks the operator where that has something to do")
					x.Expect(isCreating(x.obj())).To(Equal(removed && given.origin == created))
					x.Expect(x.sent()).To(BeEmpty())
					x.Expect(x.told(x.r)).To(Or(BeEmpty(), ConsistOf(HavePrefix("Normal Observed "))))
				}
				asked := hasFinalizer(x.obj())
				x.delete()
				for range 2 {
					if !x.gone(t, x.key) {
						x.pass()
					}
				}
				x.Expect(x.gone(t, x.key)).To(BeTrue())
				told := x.told(x.r)
				if removed && asked {
					x.Expect(x.sent()).To(Equal([]string{disables, deletes}))
					x.Expect(x.onArray("svm1")).To(BeNil())
					x.Expect(told).To(ConsistOf(HavePrefix("Normal ServiceDisabled "), HavePrefix("Normal Deleted ")))
					return
				}
				x.Expect(x.sent()).To(BeEmpty())
				x.Expect(x.onArray("svm1").Enabled).To(HaveValue(BeTrue()))
				switch {
				case !asked:
					x.Expect(told).To(BeEmpty())
				case given.management == observed:
					x.Expect(told).To(ConsistOf(SatisfyAll(HavePrefix("Warning Released "), ContainSubstring("was not touched"), ContainSubstring("Observe"))))
				default:
					x.Expect(told).To(ConsistOf(SatisfyAll(HavePrefix("Normal Released "), ContainSubstring("stays on the array"))))
				}
			})
		}
	}
}

func TestADeletionWaitsForInitiatorsUnlessTheyAreToBeCutOff(t *testing.T) {
	for _, origin := range []v1alpha1.Origin{v1alpha1.OriginCreated, v1alpha1.OriginAdopted} {
		for _, policy := range []v1alpha1.InUsePolicy{"", v1alpha1.InUsePolicyWait, v1alpha1.InUsePolicyDisconnect} {
			t.Run(fmt.Sprintf("%s, %q", origin, policy), func(t *testing.T) {
				t.Parallel()
				x := ofOrigin(t, origin, func(spec *v1alpha1.ISCSIServiceSpec) {
					spec.DeletionPolicy, spec.InUsePolicy = v1alpha1.DeletionPolicyDelete, policy
				})
				x.Expect(x.Login(t.Context(), "svm1", initiator)).To(Succeed())
				x.delete()
				x.pass()
				if policy != v1alpha1.InUsePolicyDisconnect {
					x.Expect(x.sent()).To(BeEmpty())
					in := x.condition(v1alpha1.ConditionInUse)
					x.Expect(in.Message).To(SatisfyAll(ContainSubstring(initiator), ContainSubstring("The deletion waits."), ContainSubstring(v1alpha1.Finalizer)))
					x.Expect(x.told(x.r)).To(ConsistOf(HavePrefix("Warning InUse ")))
					x.Expect(x.Logout(t.Context(), "svm1", initiator)).To(Succeed())
					x.pass()
				}
				x.Expect(x.sent()).To(Equal([]string{disables, deletes}))
				x.Expect(x.gone(t, x.key)).To(BeTrue())
			})
		}
	}
}

func TestARefusedDeletionWaitsOrEnds(t *testing.T) {
	const gone, waits, stays = "the service is gone", "it waits", "the service stays"
	for _, c := range []struct {
		refusal
		method string
		end    string
	}{
		{refusal{http.StatusConflict, "8", v1alpha1.ReasonBusy}, http.MethodDelete, waits},
		{refusal{http.StatusConflict, "8", v1alpha1.ReasonBusy}, http.MethodPatch, waits},
		{refusal{http.StatusTooManyRequests, "7", v1alpha1.ReasonThrottled}, http.MethodDelete, waits},
		{refusal{http.StatusServiceUnavailable, "262160", v1alpha1.ReasonThrottled}, http.MethodPatch, waits},
		{refusal{http.StatusForbidden, "6", v1alpha1.ReasonPermissionDenied}, http.MethodDelete, waits},
		{refusal{http.StatusConflict, "5373960", v1alpha1.ReasonServiceEnabled}, http.MethodDelete, waits},
		{refusal{http.StatusBadRequest, "4711", v1alpha1.ReasonRejected}, http.MethodDelete, waits},
		{refusal{http.StatusBadRequest, "4711", v1alpha1.ReasonRejected}, http.MethodPatch, waits},
		{refusal{http.StatusInternalServerError, "4711", v1alpha1.ReasonArrayError}, http.MethodDelete, waits},
		{refusal{http.StatusBadRequest, "5376452", ""}, http.MethodDelete, stays},
		{refusal{http.StatusBadRequest, "5376452", ""}, http.MethodPatch, stays},
		{refusal{http.StatusNotFound, "5374078", ""}, http.MethodDelete, gone},
		{refusal{http.StatusNotFound, "2621462", ""}, http.MethodDelete, gone},
		{refusal{http.StatusNotFound, "4", ""}, http.MethodDelete, gone},
		{refusal{http.StatusNotFound, "5374078", ""}, http.MethodPatch, gone},
	} {
		t.Run(fmt.Sprintf("%s %s: %s", c.method, c.refusal, c.end), func(t *testing.T) {
			t.Parallel()
			x := ofOrigin(t, v1alpha1.OriginCreated, unchanged)
			x.fault(c.fault(c.method))
			x.delete()
			retry := x.pass()
			switch c.end {
			case gone:
				x.Expect(x.gone(t, x.key)).To(BeTrue())
				x.Expect(x.told(x.r)).NotTo(ContainElement(HavePrefix("Warning ")))
				return
			case stays:
				x.Expect(x.gone(t, x.key)).To(BeTrue())
				x.Expect(x.onArray("svm1")).NotTo(BeNil())
				x.Expect(x.told(x.r)).To(ContainElement(SatisfyAll(HavePrefix("Warning Released "), ContainSubstring("this platform deletes it together with its SVM"))))
				return
			}
			x.Expect(x.gone(t, x.key)).To(BeFalse())
			x.Expect(hasFinalizer(x.obj())).To(BeTrue())
			x.Expect(x.obj().Status.Origin).To(Equal(v1alpha1.OriginCreated))
			ready := x.condition(v1alpha1.ConditionReady)
			x.Expect(ready.Reason).To(Equal(c.reason))
			x.Expect(ready.Message).To(SatisfyAll(ContainSubstring(c.code), ContainSubstring("The deletion waits.")))
			switch stalled := x.condition(v1alpha1.ConditionStalled); {
			case stalled.Status == isReady:
				x.Expect(retry).To(BeNumerically("~", 10*time.Minute, 3*time.Minute))
			case ready.Status == isUnknown:
				x.Expect(retry).To(BeNumerically("~", 5*time.Minute, 2*time.Minute))
			default:
				x.Expect(retry).To(BeZero(), "with backoff")
			}
			x.Expect(x.ClearFaults(t.Context())).To(Succeed())
			x.pass()
			x.Expect(x.gone(t, x.key)).To(BeTrue())
			x.Expect(x.onArray("svm1")).To(BeNil())
		})
	}
}

// TestAnAnswerThatIsNotUnderstoodProvesNothing has the array answer so when it is asked about the service of a deletion.
func TestAnAnswerThatIsNotUnderstoodProvesNothing(t *testing.T) {
	for name, fault := range map[string]controlclient.Fault{
		"a page of HTML":        {Body: "html"},
		"nothing":               {Body: "empty"},
		"a document cut off":    {Body: "truncated"},
		"404 for another cause": {Status: http.StatusNotFound, Code: "3"},
		"a redirect":            {Redirect: "https://127.0.0.1:1/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := ofOrigin(t, v1alpha1.OriginCreated, unchanged)
			fault.Path = servicesPath + "/"
			x.fault(fault)
			x.delete()
			x.pass()
			journal, err := x.Journal(t.Context(), 0)
			x.Expect(err).NotTo(HaveOccurred())
			x.Expect(journal).To(ContainElement(HaveField("Path", HavePrefix(fault.Path))), "it was asked")
			x.Expect(x.gone(t, x.key)).To(BeFalse())
			x.Expect(x.condition(v1alpha1.ConditionReady).Status).NotTo(Equal(isReady))
			x.Expect(x.sent()).To(BeEmpty())
			x.Expect(x.ClearFaults(t.Context())).To(Succeed())
			x.spec(func(spec *v1alpha1.ISCSIServiceSpec) { spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete })
			x.pass()
			x.Expect(x.gone(t, x.key)).To(BeTrue())
			x.Expect(x.onArray("svm1")).To(BeNil())
			x.Expect(x.sent()).To(Equal([]string{disables, deletes}))
		})
	}
}

func TestADeletionOfAServiceWhoseTargetHasChangedUnseenGoesByThePolicy(t *testing.T) {
	for policy, kept := range map[v1alpha1.DeletionPolicy]bool{"": true, v1alpha1.DeletionPolicyDelete: false} {
		t.Run(fmt.Sprintf("%q", policy), func(t *testing.T) {
			x := ofOrigin(t, v1alpha1.OriginCreated, func(spec *v1alpha1.ISCSIServiceSpec) { spec.DeletionPolicy = policy })
			x.Expect(x.PutService(t.Context(), "svm1", controlclient.SVMService{Enabled: new(true), Target: foreignIQN})).To(Succeed())
			x.delete()
			x.pass()
			x.Expect(x.gone(t, x.key)).To(BeTrue())
			if !kept {
				x.Expect(x.onArray("svm1")).To(BeNil())
				return
			}
			x.Expect(x.onArray("svm1")).To(HaveValue(SatisfyAll(HaveField("Target", foreignIQN), HaveField("Enabled", HaveValue(BeTrue())))))
			x.Expect(x.sent()).To(BeEmpty())
			x.Expect(x.told(x.r)).To(ConsistOf(SatisfyAll(HavePrefix("Warning Released "), ContainSubstring("stays on the array"), ContainSubstring(foreignIQN))))
		})
	}
}

func TestADeletionThatIsCalledOffPutsEnabledBack(t *testing.T) {
	x := ofOrigin(t, v1alpha1.OriginCreated, unchanged)
	x.refuse(http.MethodDelete, http.StatusConflict, "8")
	x.delete()
	x.pass()
	x.Expect(x.onArray("svm1").Enabled).To(HaveValue(BeFalse()))
	x.spec(retain)
	x.pass()
	x.Expect(x.gone(t, x.key)).To(BeTrue())
	x.Expect(x.onArray("svm1").Enabled).To(HaveValue(BeTrue()))
	x.Expect(x.sent()).To(Equal([]string{disables, deletes, enables}))
}

func TestADeletionWithAnArrayOutOfReach(t *testing.T) {
	outOfReach := func(t *testing.T) *trial {
		x := ofOrigin(t, v1alpha1.OriginCreated, unchanged)
		x.fault(controlclient.Fault{Reset: controlclient.Before})
		return x
	}
	t.Run("waits and says what can be done", func(t *testing.T) {
		x := outOfReach(t)
		x.delete()
		for _, policy := range []v1alpha1.DeletionPolicy{"", v1alpha1.DeletionPolicyRetain, v1alpha1.DeletionPolicyDelete} {
			x.spec(func(spec *v1alpha1.ISCSIServiceSpec) { spec.DeletionPolicy = policy })
			x.pass()
			x.Expect(x.condition(v1alpha1.ConditionReady)).To(SatisfyAll(
				HaveField("Status", isUnknown), HaveField("Reason", v1alpha1.ReasonArrayUnreachable), HaveField("Message", SatisfyAll(
					ContainSubstring("once the array answers"), ContainSubstring("spec.managementPolicy to Observe"), ContainSubstring(v1alpha1.Finalizer)))))
		}
	})
	t.Run("is not needed for what is retained", func(t *testing.T) {
		x := outOfReach(t)
		x.spec(retain)
		x.pass()
		x.Expect(x.obj().Finalizers).To(BeEmpty())
		x.delete()
		x.Expect(x.gone(t, x.key)).To(BeTrue())
		x.Expect(x.onArray("svm1").Enabled).To(HaveValue(BeTrue()))
	})
	t.Run("is not needed for what is observed only", func(t *testing.T) {
		x := outOfReach(t)
		x.delete()
		x.pass()
		x.spec(observe)
		x.pass()
		x.Expect(x.gone(t, x.key)).To(BeTrue())
		x.Expect(x.onArray("svm1").Enabled).To(HaveValue(BeTrue()))
	})
}
