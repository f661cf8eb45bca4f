package iscsiservice

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"
)

// allow lets the namespace of the object use these SVMs.
func (x *trial) allow(svms ...string) {
	x.t.Helper()
	x.configure(func(spec *v1alpha1.ONTAPClusterSpec) {
		if spec.Access = nil; len(svms) > 0 {
			spec.Access = []v1alpha1.AccessRule{{Namespaces: v1alpha1.NamespaceSelector{Names: []string{"team"}}, SVMs: svms}}
		}
	})
}

func TestAccessIsDeniedWithoutARuleAndGivenByOne(t *testing.T) {
	x := withoutService(t, unchanged)
	x.allow()
	x.pass()
	x.Expect(x.condition(v1alpha1.ConditionStalled).Reason).To(Equal(v1alpha1.ReasonAccessDenied))
	x.Expect(x.obj().Status.SVM).To(BeNil())
	x.Expect(x.obj().Status.Target).To(BeNil())
	x.unmarked()
	x.Expect(x.sent()).To(BeEmpty())
	x.allow("svm?")
	x.pass()
	x.Expect(x.obj().Status.Origin).To(Equal(v1alpha1.OriginCreated))
}

// TestAccessGoesByTheNameOfTheSVMAndDoesNotTellWhatExists has one message for an SVM that is another tenant's and one that does
// not exist.
func TestAccessGoesByTheNameOfTheSVMAndDoesNotTellWhatExists(t *testing.T) {
	const none = "99999999-2222-3333-4444-555555555555"
	denied := func(selector func(*trial) v1alpha1.SVMSelector) (message, subject string) {
		x := withService(t, unchanged)
		svm := selector(x)
		x.spec(func(spec *v1alpha1.ISCSIServiceSpec) { spec.SVM = svm })
		x.allow("mine-*")
		x.pass()
		ready := x.condition(v1alpha1.ConditionReady)
		x.Expect(ready.Reason).To(Equal(v1alpha1.ReasonAccessDenied))
		x.Expect(x.obj().Status.SVM).To(BeNil())
		x.Expect(x.obj().Status.Target).To(BeNil())
		x.Expect(x.sent()).To(BeEmpty())
		if svm.Name != "" {
			return ready.Message, `SVM "` + svm.Name + `"`
		}
		return ready.Message, "SVM " + svm.UUID
	}
	for name, selector := range map[string]func(*trial) v1alpha1.SVMSelector{
		"an SVM that exists, by name": func(*trial) v1alpha1.SVMSelector { return v1alpha1.SVMSelector{Name: "svm1"} },
		"none, by name":               func(*trial) v1alpha1.SVMSelector { return v1alpha1.SVMSelector{Name: "svm9"} },
		"none, by UUID":               func(*trial) v1alpha1.SVMSelector { return v1alpha1.SVMSelector{UUID: none} },
		"an SVM that exists, by UUID": func(x *trial) v1alpha1.SVMSelector {
			svm, err := x.SVM(t.Context(), "svm1")
			x.Expect(err).NotTo(HaveOccurred())
			return v1alpha1.SVMSelector{UUID: svm.UUID}
		},
	} {
		t.Run(name, func(t *testing.T) {
			message, subject := denied(selector)
			NewWithT(t).Expect(message).To(Equal(subject + ` does not exist on ONTAPCluster "default", or namespace "team" may not use it. ` +
				"Correct spec.svm, or ask the platform team for an access rule."))
		})
	}
}

// onASA begins a trial on an ASA r2, where a service lives as long as its SVM.
func onASA(t *testing.T, change specChange) *trial {
	x := withService(t, change)
	x.Expect(x.ChangeCluster(t.Context(), map[string]any{"platform": "asa-r2"})).To(Succeed())
	return x
}

func TestAServiceOfAnASAIsAdoptedChangedAndLeft(t *testing.T) {
	x := onASA(t, func(spec *v1alpha1.ISCSIServiceSpec) { spec.Alias = new("mine") })
	x.pass()
	x.Expect(x.obj().Status.Origin).To(Equal(v1alpha1.OriginAdopted))
	x.Expect(x.obj().Finalizers).To(BeEmpty())
	x.delete()
	x.Expect(x.gone(t, x.key)).To(BeTrue())
	x.Expect(x.onArray("svm1").Enabled).To(HaveValue(BeTrue()))
	x.Expect(x.sent()).To(Equal([]string{`PATCH {"target":{"alias":"mine"}}`}))
}

func TestAServiceOfAnASAThatIsToBeDeletedIsDisabledAndReleased(t *testing.T) {
	x := onASA(t, func(spec *v1alpha1.ISCSIServiceSpec) { spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete })
	x.pass()
	x.delete()
	x.pass()
	x.Expect(x.gone(t, x.key)).To(BeTrue())
	x.Expect(x.told(x.r)).To(ContainElement(SatisfyAll(HavePrefix("Warning Released "),
		ContainSubstring("stays, and is disabled: this platform deletes it together with its SVM"))))
	x.Expect(x.onArray("svm1").Enabled).To(HaveValue(BeFalse()))
	x.Expect(x.sent()).To(Equal([]string{disables, deletes}))
}

func TestOnAnASANoServiceIsCreated(t *testing.T) {
	x := onASA(t, unchanged)
	x.Expect(x.DeleteService(t.Context(), "svm1")).To(Succeed())
	x.poll()
	x.pass()
	x.unmarked()
	x.Expect(x.condition(v1alpha1.ConditionStalled)).To(SatisfyAll(
		HaveField("Reason", v1alpha1.ReasonUnsupportedPlatform), HaveField("Message", SatisfyAll(ContainSubstring("5376452"), ContainSubstring("ASA r2")))))
	for range 3 {
		x.poll()
		x.pass()
	}
	x.Expect(x.sent()).To(HaveLen(1), "it is not tried at each poll")
}

func TestARefusedUpdateIsForgottenWhenAnotherClientHasMadeTheChange(t *testing.T) {
	x := ofOrigin(t, v1alpha1.OriginCreated, unchanged)
	x.spec(func(spec *v1alpha1.ISCSIServiceSpec) { spec.Alias = new("two") })
	x.refuse("PATCH", 400, "4711")
	x.pass()
	x.Expect(x.condition(v1alpha1.ConditionStalled).Reason).To(Equal(v1alpha1.ReasonRejected))
	x.Expect(x.ClearFaults(t.Context())).To(Succeed())
	x.elsewhereChanged(controlclient.SVMService{Alias: new("two")})
	x.pass()
	x.Expect(x.condition(v1alpha1.ConditionReady).Status).To(Equal(isReady))
	x.elsewhereChanged(controlclient.SVMService{Alias: new("svm1")})
	x.pass()
	x.Expect(x.onArray("svm1").Alias).To(HaveValue(Equal("two")), "drift, like any other")
}
