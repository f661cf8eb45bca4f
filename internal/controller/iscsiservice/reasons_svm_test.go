package iscsiservice

import (
	"net/http"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"
)

var settledReasons = []reasonCase{
	{reason: v1alpha1.ReasonEnabled, ready: isReady, message: []string{"is enabled"}, bring: func(t *testing.T) *trial { return withService(t, unchanged) }},
	{reason: v1alpha1.ReasonDisabled, ready: isReady, message: []string{"is disabled", "spec.enabled"}, bring: func(t *testing.T) *trial {
		return withService(t, func(spec *v1alpha1.ISCSIServiceSpec) { spec.Enabled = new(false) })
	}},
	{reason: v1alpha1.ReasonObserved, ready: isReady, message: []string{"is enabled", "observed only"}, bring: func(t *testing.T) *trial { return withService(t, observe) }},
}

func observe(spec *v1alpha1.ISCSIServiceSpec) {
	spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
}

func retain(spec *v1alpha1.ISCSIServiceSpec) {
	spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain
}

// refusedCreate has a create request for svm1 refused.
func refusedCreate(status int, code string) func(*testing.T) *trial {
	return func(t *testing.T) *trial {
		x := withoutService(t, unchanged)
		x.refuse(http.MethodPost, status, code)
		return x
	}
}

// svmThat has an object for an SVM without a service, which is as changed.
func svmThat(changes map[string]any) func(*testing.T) *trial {
	return func(t *testing.T) *trial {
		x := withoutService(t, unchanged)
		x.Expect(x.ChangeSVM(t.Context(), "svm1", changes)).To(Succeed())
		return x
	}
}

// svmReasons are those of an SVM that cannot have the service.
var svmReasons = []reasonCase{
	{reason: v1alpha1.ReasonLicenseMissing, ready: isNotReady, stalled: true, message: []string{`SVM "svm1"`, "1115127", "system license add"},
		bring: refusedCreate(http.StatusBadRequest, "1115127")},
	{reason: v1alpha1.ReasonProtocolNotAllowed, ready: isNotReady, stalled: true, message: []string{`SVM "svm1"`, "2621507", "vserver add-protocols"},
		bring: svmThat(map[string]any{"iscsi": map[string]any{"allowed": false}})},
	{reason: v1alpha1.ReasonNVMeConfigured, ready: isNotReady, stalled: true, message: []string{`SVM "svm1"`, "5373966", "vserver nvme delete"},
		bring: svmThat(map[string]any{"nvme": map[string]any{"configured": true}})},
	{reason: v1alpha1.ReasonSVMStopped, ready: isNotReady, stalled: true, message: []string{`SVM "svm1"`, "5374893", "vserver start"},
		bring: svmThat(map[string]any{"state": "stopped"})},
	{reason: v1alpha1.ReasonSVMNotFound, ready: isNotReady, stalled: true, message: []string{`SVM "svm9"`, "2621462", "spec.svm", "vserver create"},
		bring: func(t *testing.T) *trial {
			return withoutService(t, func(spec *v1alpha1.ISCSIServiceSpec) { spec.SVM.Name = "svm9" })
		}},
	{reason: v1alpha1.ReasonSVMNotFound, ready: isNotReady, stalled: true, message: []string{"is bound to", "2621462", "Delete this ISCSIService"},
		bring: func(t *testing.T) *trial {
			x := ofOrigin(t, v1alpha1.OriginCreated, unchanged)
			x.Expect(x.DeleteSVM(t.Context(), "svm1")).To(Succeed())
			x.poll()
			return x
		}},
	{reason: v1alpha1.ReasonSVMReplaced, ready: isNotReady, stalled: true, message: []string{`SVM "svm1"`, "is gone", "another one has its name", "create it anew"},
		bring: func(t *testing.T) *trial {
			x := ofOrigin(t, v1alpha1.OriginCreated, unchanged)
			x.Expect(x.DeleteSVM(t.Context(), "svm1")).To(Succeed())
			x.Expect(x.CreateSVM(t.Context(), controlclient.SVM{Name: "svm1", State: "running", ISCSI: controlclient.ISCSI{Allowed: true}})).To(Succeed())
			x.poll()
			return x
		}},
	{reason: v1alpha1.ReasonSVMMismatch, ready: isNotReady, stalled: true, message: []string{"spec.svm.name and spec.svm.uuid", "2621706", "vserver show"},
		bring: func(t *testing.T) *trial {
			x := withService(t, unchanged)
			svm, err := x.SVM(t.Context(), "svm1")
			x.Expect(err).NotTo(HaveOccurred())
			x.spec(func(spec *v1alpha1.ISCSIServiceSpec) { spec.SVM = v1alpha1.SVMSelector{Name: "svm2", UUID: svm.UUID} })
			return x
		}},
	{reason: v1alpha1.ReasonSVMChanged, ready: isNotReady, stalled: true, message: []string{"spec.svm was changed", `SVM "svm1"`, "Put spec.svm back"},
		bring: func(t *testing.T) *trial {
			x := withoutService(t, unchanged)
			x.Expect(x.CreateSVM(t.Context(), controlclient.SVM{Name: "svm2", State: "running", ISCSI: controlclient.ISCSI{Allowed: true}})).To(Succeed())
			x.fault(controlclient.Fault{Match: controlclient.Match{Method: http.MethodPost}, Reset: controlclient.After})
			x.pass()
			x.Expect(x.ClearFaults(t.Context())).To(Succeed())
			x.poll()
			x.spec(func(spec *v1alpha1.ISCSIServiceSpec) { spec.SVM.Name = "svm2" })
			return x
		}},
	{reason: v1alpha1.ReasonInvalidSVM, ready: isNotReady, stalled: true, message: []string{`SVM "svm1"`, "2621707", "spec.svm.uuid"},
		bring: refusedCreate(http.StatusBadRequest, "2621707")},
	{reason: v1alpha1.ReasonUnsupportedPlatform, ready: isNotReady, stalled: true, message: []string{`SVM "svm1"`, "5376452", "ASA r2"},
		bring: func(t *testing.T) *trial {
			x := withoutService(t, unchanged)
			x.Expect(x.ChangeCluster(t.Context(), map[string]any{"platform": "asa-r2"})).To(Succeed())
			return x
		}},
	{reason: v1alpha1.ReasonRejected, ready: isNotReady, stalled: true, message: []string{`"No."`, "ONTAP code 4711", "ONTAP documentation"},
		bring: refusedCreate(http.StatusBadRequest, "4711")},
}
