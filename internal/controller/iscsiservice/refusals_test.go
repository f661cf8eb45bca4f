package iscsiservice

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"
)

// refusal is an answer of the array that is a definite no.
type refusal struct {
	status int
	code   string
	reason string
}

func (r refusal) String() string { return fmt.Sprintf("code %s with HTTP %d", r.code, r.status) }

// fault has requests of the method refused so.
func (r refusal) fault(method string) controlclient.Fault {
	return controlclient.Fault{Match: controlclient.Match{Method: method}, Status: r.status, Code: r.code, Message: "No."}
}

// lasting are the refusals that a person must do something about.
var lasting = []refusal{
	{http.StatusBadRequest, "1115127", v1alpha1.ReasonLicenseMissing},
	{http.StatusNotFound, "2621462", v1alpha1.ReasonSVMNotFound},
	{http.StatusBadRequest, "2621507", v1alpha1.ReasonProtocolNotAllowed},
	{http.StatusBadRequest, "2621706", v1alpha1.ReasonSVMMismatch},
	{http.StatusBadRequest, "2621707", v1alpha1.ReasonInvalidSVM},
	{http.StatusBadRequest, "5373966", v1alpha1.ReasonNVMeConfigured},
	{http.StatusBadRequest, "5374893", v1alpha1.ReasonSVMStopped},
	{http.StatusBadRequest, "5376452", v1alpha1.ReasonUnsupportedPlatform},
	{http.StatusBadRequest, "4711", v1alpha1.ReasonRejected},
}

// passing are the refusals after which the same is asked again.
var passing = []refusal{
	{http.StatusTooManyRequests, "7", v1alpha1.ReasonThrottled},
	{http.StatusServiceUnavailable, "262160", v1alpha1.ReasonThrottled},
	{http.StatusConflict, "8", v1alpha1.ReasonBusy},
	{http.StatusForbidden, "6", v1alpha1.ReasonPermissionDenied},
}

// warned expects one event: a warning with the reason of the refusal.
func (x *trial) warned(r refusal) {
	x.t.Helper()
	x.Expect(x.told(x.r)).To(ConsistOf(HavePrefix("Warning " + r.reason + " ")))
}

// unmarked expects that nothing tells of a create request.
func (x *trial) unmarked() {
	x.t.Helper()
	obj := x.obj()
	x.Expect(hasFinalizer(obj)).To(BeFalse(), "deletion need not ask the operator")
	x.Expect(isCreating(obj)).To(BeFalse(), "what appears now is not this object's")
	x.Expect(obj.Status.Origin).To(BeEmpty())
	x.Expect(obj.Status.SVM).To(BeNil())
}

func TestARefusedCreateIsNotRepeatedBeforeSomethingChanges(t *testing.T) {
	changes := map[string]func(*trial){
		"the spec": func(x *trial) { x.spec(func(spec *v1alpha1.ISCSIServiceSpec) { spec.Alias = new("mine") }) },
		"the annotation that asks for it": func(x *trial) {
			x.annotate(v1alpha1.ReconcileRequestedAtAnnotation, "now")
		},
		"the SVM": func(x *trial) {
			x.Expect(x.ChangeSVM(x.t.Context(), "svm1", map[string]any{"state": "stopped"})).To(Succeed())
		},
	}
	for _, refused := range lasting {
		for name, change := range changes {
			t.Run(refused.String()+", then "+name, func(t *testing.T) {
				t.Parallel()
				x := withoutService(t, unchanged)
				x.fault(refused.fault(http.MethodPost))
				retry := x.pass()
				once := x.posts(t)
				if refused.code == "2621706" {
					x.Expect(once).To(Equal(1), "the name is looked up anew")
					x.pass()
					once = x.posts(t)
				} else {
					x.Expect(retry).To(BeNumerically("~", 45*time.Second, 30*time.Second), "a poll later")
				}
				x.Expect(once).To(BeNumerically("<=", 2))
				x.Expect(x.condition(v1alpha1.ConditionStalled).Reason).To(Equal(refused.reason))
				x.unmarked()
				x.warned(refused)

				x.poll()
				x.pass()
				x.Expect(x.posts(t)).To(Equal(once), "nothing has changed")
				x.Expect(x.condition(v1alpha1.ConditionStalled).Reason).To(Equal(refused.reason))
				x.Expect(x.told(x.r)).To(BeEmpty(), "there is no news")

				change(x)
				x.pass()
				x.Expect(x.posts(t)).To(BeNumerically(">", once))
				x.unmarked()
			})
		}
	}
}

func TestACreateIsMadeOnceWhatRefusedItIsOver(t *testing.T) {
	for _, refused := range append(passing, lasting...) {
		t.Run(refused.String(), func(t *testing.T) {
			t.Parallel()
			x := withoutService(t, unchanged)
			x.fault(refused.fault(http.MethodPost))
			x.pass()
			if refused.code == "2621706" {
				x.pass() // with the name looked up anew
			}
			once := x.posts(t)
			x.unmarked()
			x.Expect(x.ClearFaults(t.Context())).To(Succeed())
			x.annotate(v1alpha1.ReconcileRequestedAtAnnotation, "now")
			x.pass()
			obj := x.obj()
			x.Expect(obj.Status.Origin).To(Equal(v1alpha1.OriginCreated))
			x.Expect(obj.Status.LastHandledReconcileAt).To(Equal("now"))
			x.Expect(hasFinalizer(obj)).To(BeTrue())
			x.Expect(x.onArray("svm1").Enabled).To(HaveValue(BeTrue()))
			x.Expect(x.condition(v1alpha1.ConditionStalled)).To(BeZero())
			x.Expect(x.told(x.r)).To(ContainElement(HavePrefix("Normal Created ")))
			x.Expect(x.posts(t)).To(Equal(once + 1))
		})
	}
}

func TestACreateThatIsRefusedForNowIsNotStalled(t *testing.T) {
	for _, refused := range passing {
		t.Run(refused.String(), func(t *testing.T) {
			t.Parallel()
			x := withoutService(t, unchanged)
			fault := refused.fault(http.MethodPost)
			fault.RetryAfter = "100"
			x.fault(fault)
			retry := x.pass()
			x.Expect(retry).To(BeNumerically(">=", 75*time.Second), "the array asked for that")
			x.Expect(x.condition(v1alpha1.ConditionReconciling).Reason).To(Equal(refused.reason))
			x.unmarked()
			x.warned(refused)
		})
	}
}

// TestACreateThatMayHaveBeenMadeKeepsItsMarkers has the array fail in a way that is no definite no.
func TestACreateThatMayHaveBeenMadeKeepsItsMarkers(t *testing.T) {
	for name, fault := range map[string]controlclient.Fault{
		"an error of the array":        {Status: http.StatusInternalServerError, Code: "4711"},
		"an error after it was made":   {Status: http.StatusInternalServerError, Code: "4711", Applied: true},
		"no answer":                    {Reset: controlclient.Before},
		"no answer after it was made":  {Reset: controlclient.After},
		"a page of a gateway":          {Body: "html"},
		"an answer that breaks off":    {Body: "cut"},
		"an answer without a document": {Body: "empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := withoutService(t, unchanged)
			fault.Match = controlclient.Match{Method: http.MethodPost}
			x.fault(fault)
			x.pass()
			x.Expect(isCreating(x.obj())).To(BeTrue())
			x.Expect(hasFinalizer(x.obj())).To(BeTrue())
			x.Expect(x.condition(v1alpha1.ConditionStalled)).To(BeZero())
			x.Expect(x.ClearFaults(t.Context())).To(Succeed())
			made := x.onArray("svm1") != nil
			x.poll()
			x.pass()
			x.Expect(x.posts(t)).To(Equal(1), "another one may take effect twice")
			if made {
				x.Expect(x.obj().Status.Origin).To(Equal(v1alpha1.OriginCreated))
			} else {
				x.Expect(x.obj().Status.Origin).To(BeEmpty())
				x.Expect(isCreating(x.obj())).To(BeTrue(), "absence is to be confirmed")
			}
		})
	}
}

func TestACreateThatFindsAServiceAdoptsIt(t *testing.T) {
	x := withoutService(t, unchanged)
	x.Expect(x.PutService(t.Context(), "svm1", controlclient.SVMService{Enabled: new(true), Target: foreignIQN})).To(Succeed())
	x.pass() // what the last poll saw has no service
	obj := x.obj()
	x.Expect(obj.Status.Origin).To(Equal(v1alpha1.OriginAdopted))
	x.Expect(obj.Status.Target.Name).To(Equal(foreignIQN))
	x.Expect(hasFinalizer(obj)).To(BeFalse())
	x.Expect(isCreating(obj)).To(BeFalse())
	x.Expect(x.told(x.r)).To(ConsistOf(HavePrefix("Normal Adopted ")))
	x.Expect(len(x.sent())).To(BeNumerically("<=", 1))
}

func TestARefusedUpdateIsNotRepeatedBeforeSomethingChanges(t *testing.T) {
	changes := map[string]func(*trial){
		"the spec": func(x *trial) { x.spec(func(spec *v1alpha1.ISCSIServiceSpec) { spec.Alias = new("other") }) },
		"the annotation that asks for it": func(x *trial) {
			x.annotate(v1alpha1.ReconcileRequestedAtAnnotation, "now")
		},
		"the service": func(x *trial) {
			x.Expect(x.ChangeService(x.t.Context(), "svm1", controlclient.SVMService{Enabled: new(false)})).To(Succeed())
			x.poll()
		},
	}
	throttled := refusal{http.StatusServiceUnavailable, "262160", v1alpha1.ReasonThrottled}
	for _, refused := range append([]refusal{throttled}, lasting...) {
		if refused.code == "2621462" {
			continue // says that the service is gone
		}
		for name, change := range changes {
			for _, origin := range []v1alpha1.Origin{v1alpha1.OriginCreated, v1alpha1.OriginAdopted} {
				t.Run(fmt.Sprintf("%s, then %s, %s", refused, name, origin), func(t *testing.T) {
					t.Parallel()
					x := ofOrigin(t, origin, unchanged)
					before := x.obj()
					x.spec(func(spec *v1alpha1.ISCSIServiceSpec) { spec.Alias = new("mine") })
					fault := refused.fault(http.MethodPatch)
					fault.RetryAfter = "100"
					x.fault(fault)
					retry := x.pass()
					x.Expect(retry).To(BeNumerically(">=", 75*time.Second))
					x.Expect(x.sent()).To(Equal([]string{`PATCH {"target":{"alias":"mine"}}`}))
					x.Expect(x.condition(v1alpha1.ConditionReady).Reason).To(Equal(refused.reason))
					x.warned(refused)
					for range 2 {
						obj := x.obj()
						x.Expect(obj.Finalizers).To(Equal(before.Finalizers))
						x.Expect(isCreating(obj)).To(Equal(isCreating(before)))
						x.Expect(obj.Status.Origin).To(Equal(origin))
						x.Expect(obj.Status.Target).To(Equal(before.Status.Target), "it is shown as it is")
						x.poll()
						x.pass()
						x.Expect(x.sent()).To(HaveLen(1), "nothing has changed")
						x.Expect(x.told(x.r)).To(BeEmpty(), "there is no news")
					}
					change(x)
					x.pass()
					x.Expect(x.sent()).To(HaveLen(2))
				})
			}
		}
	}
}

func TestAnUpdateOfAServiceThatIsGoneCreatesItAnew(t *testing.T) {
	for _, origin := range []v1alpha1.Origin{v1alpha1.OriginCreated, v1alpha1.OriginAdopted} {
		t.Run(string(origin), func(t *testing.T) {
			x := ofOrigin(t, origin, unchanged)
			x.spec(func(spec *v1alpha1.ISCSIServiceSpec) { spec.Alias = new("mine") })
			x.Expect(x.DeleteService(t.Context(), "svm1")).To(Succeed())
			x.pass()
			sent := x.sent()
			x.Expect(sent).To(HaveLen(2))
			x.Expect(sent[0]).To(HavePrefix("PATCH "), "5374078")
			x.Expect(sent[1]).To(HavePrefix("POST "))
			x.Expect(x.obj().Status.Origin).To(Equal(v1alpha1.OriginCreated))
			x.Expect(hasFinalizer(x.obj())).To(BeTrue())
			x.Expect(x.onArray("svm1").Alias).To(HaveValue(Equal("mine")))
			told := x.told(x.r)
			x.Expect(told).To(HaveLen(2))
			x.Expect(strings.Join(told, "\n")).To(MatchRegexp("(?s)Warning ServiceLost .*Normal Created "))
		})
	}
}

func TestMarkersDoNotOutlastARefusalThatHasTheNameLookedUpAnew(t *testing.T) {
	x := withoutService(t, unchanged)
	x.refuse(http.MethodPost, http.StatusBadRequest, "2621706")
	x.pass()
	x.unmarked()
}
