package iscsiservice

import (
	"net/http"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"
)

// objectReasons are those of the object, its policies and the other objects of the SVM.
var objectReasons = []reasonCase{
	{reason: v1alpha1.ReasonAccessDenied, ready: isNotReady, stalled: true, message: []string{`SVM "svm1" does not exist on ONTAPCluster "default"`, `namespace "team" may not use it`, "access rule"},
		bring: func(t *testing.T) *trial {
			x := withService(t, unchanged)
			x.configure(func(spec *v1alpha1.ONTAPClusterSpec) { spec.Access[0].SVMs = []string{"svm7"} })
			return x
		}},
	{reason: v1alpha1.ReasonManagementConflict, ready: isNotReady, stalled: true, message: []string{`SVM "svm1"`, "belongs to ISCSIService team/claimant-0", "until that one is deleted"},
		bring: func(t *testing.T) *trial {
			x := withService(t, observe) // which claims nothing
			_, err := look(t, x.r, x.claimants(t, 1)[0])
			x.Expect(err).NotTo(HaveOccurred())
			x.spec(func(spec *v1alpha1.ISCSIServiceSpec) { spec.ManagementPolicy = v1alpha1.ManagementPolicyManage })
			return x
		}},
	{reason: v1alpha1.ReasonNothingToObserve, ready: isNotReady, stalled: true, message: []string{`SVM "svm1"`, "no iSCSI service to observe", "spec.managementPolicy to Manage"},
		bring: func(t *testing.T) *trial { return withoutService(t, observe) }},
	{reason: v1alpha1.ReasonPaused, ready: isNotReady, beside: v1alpha1.ConditionPaused, message: []string{v1alpha1.PausedAnnotation, "on this object", "Remove it"},
		bring: func(t *testing.T) *trial {
			x := withService(t, unchanged)
			x.annotate(v1alpha1.PausedAnnotation, "true")
			return x
		}},
	{reason: v1alpha1.ReasonPaused, ready: isNotReady, beside: v1alpha1.ConditionPaused, message: []string{v1alpha1.PausedAnnotation, `on ONTAPCluster "default"`},
		bring: func(t *testing.T) *trial {
			x := withService(t, unchanged)
			cluster := x.Cluster(t)
			cluster.Annotations = map[string]string{v1alpha1.PausedAnnotation: "true"}
			x.Expect(x.Kube.Update(t.Context(), cluster)).To(Succeed())
			return x
		}},
	{reason: v1alpha1.ReasonInUse, ready: isNotReady, beside: v1alpha1.ConditionInUse, message: []string{"logged in: 1", initiator, "spec.inUsePolicy to Disconnect"},
		bring: func(t *testing.T) *trial {
			x := ofOrigin(t, v1alpha1.OriginAdopted, unchanged)
			x.Expect(x.Login(t.Context(), "svm1", initiator)).To(Succeed())
			x.spec(func(spec *v1alpha1.ISCSIServiceSpec) { spec.Enabled = new(false) })
			return x
		}},
	{reason: v1alpha1.ReasonHandingOver, ready: isNotReady, message: []string{"ISCSIService team/claimant-0", "takes the iSCSI service over", "The deletion waits."},
		bring: func(t *testing.T) *trial {
			x := ofOrigin(t, v1alpha1.OriginCreated, unchanged)
			x.claimants(t, 1)
			x.delete()
			return x
		}},
	{reason: v1alpha1.ReasonCreatePending, ready: isNotReady, message: []string{"answer to the create request was lost"},
		bring: func(t *testing.T) *trial {
			x := withoutService(t, unchanged)
			x.fault(controlclient.Fault{Match: controlclient.Match{Method: http.MethodPost}, Reset: controlclient.Before})
			x.pass()
			x.Expect(x.ClearFaults(t.Context())).To(Succeed())
			x.poll()
			x.restart() // so that why there was no answer is not known any more
			return x
		}},
}

// refusedUpdate has an update of the adopted service refused.
func refusedUpdate(status int, code string) func(*testing.T) *trial {
	return func(t *testing.T) *trial {
		x := ofOrigin(t, v1alpha1.OriginAdopted, unchanged)
		x.spec(func(spec *v1alpha1.ISCSIServiceSpec) { spec.Alias = new("mine") })
		x.refuse(http.MethodPatch, status, code)
		return x
	}
}

// passingReasons are those of answers of the array after which it is asked again.
var passingReasons = []reasonCase{
	{reason: v1alpha1.ReasonServiceExists, ready: isNotReady, message: []string{`SVM "svm1"`, "5374077", "vserver iscsi show"}, bring: refusedCreate(http.StatusConflict, "5374077")},
	{reason: v1alpha1.ReasonServiceNotFound, ready: isNotReady, message: []string{`SVM "svm1"`, "5374078", "security audit log show"},
		bring: refusedUpdate(http.StatusNotFound, "5374078")},
	{reason: v1alpha1.ReasonServiceEnabled, ready: isNotReady, message: []string{`SVM "svm1"`, "5373960", "security audit log show", "The deletion waits."},
		bring: func(t *testing.T) *trial {
			x := ofOrigin(t, v1alpha1.OriginCreated, unchanged)
			x.refuse(http.MethodDelete, http.StatusConflict, "5373960")
			x.delete()
			return x
		}},
	{reason: v1alpha1.ReasonThrottled, ready: isNotReady, message: []string{"fewer requests", "ONTAP code 262160"}, bring: refusedCreate(http.StatusServiceUnavailable, "262160")},
	{reason: v1alpha1.ReasonThrottled, ready: isNotReady, message: []string{"fewer requests", "ONTAP code 7"}, bring: refusedUpdate(http.StatusTooManyRequests, "7")},
	{reason: v1alpha1.ReasonBusy, ready: isNotReady, message: []string{`SVM "svm1"`, "ONTAP code 8", "tries again"}, bring: refusedUpdate(http.StatusConflict, "8")},
	{reason: v1alpha1.ReasonArrayError, ready: isNotReady, message: []string{`SVM "svm1"`, "ONTAP code 4711", "event log show"}, bring: refusedCreate(http.StatusInternalServerError, "4711")},
	{reason: v1alpha1.ReasonArrayUnreachable, ready: isUnknown, message: []string{`SVM "svm1"`, "last one known", "keeps trying"},
		bring: func(t *testing.T) *trial {
			x := ofOrigin(t, v1alpha1.OriginAdopted, unchanged)
			x.fault(controlclient.Fault{Reset: controlclient.Before})
			x.annotate(v1alpha1.ReconcileRequestedAtAnnotation, "now")
			return x
		}},
	{reason: v1alpha1.ReasonCredentialsInvalid, ready: isUnknown, message: []string{"does not accept the operator's login", "ONTAP code 6691623", "security login show"},
		bring: refusedUpdate(http.StatusUnauthorized, "6691623")},
	{reason: v1alpha1.ReasonPermissionDenied, ready: isUnknown, message: []string{"POST " + servicesPath, "ONTAP code 6", "security login rest-role create"},
		bring: refusedCreate(http.StatusForbidden, "6")},
}

// TestWhatTheArrayLastSaidStaysWhileItCannotBeAsked covers the last words of each Ready=Unknown.
func TestWhatTheArrayLastSaidStaysWhileItCannotBeAsked(t *testing.T) {
	for _, c := range passingReasons {
		if c.ready != isUnknown || c.reason == v1alpha1.ReasonPermissionDenied {
			continue
		}
		t.Run(c.reason, func(t *testing.T) {
			x := c.bring(t)
			known := x.obj().Status
			x.pass()
			now := x.obj().Status
			x.Expect(now.Conditions).NotTo(Equal(known.Conditions))
			now.Conditions = known.Conditions
			x.Expect(now).To(Equal(known))
			x.Expect(known.Target).NotTo(BeNil())
		})
	}
}
