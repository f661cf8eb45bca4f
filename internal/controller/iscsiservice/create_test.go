package iscsiservice

import (
	"net/http"
	"testing"

	. "github.com/onsi/gomega"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"
)

// TestAnSVMThatIsRenamedBetweenLookAndCreateIsLookedUpAgain holds the create request back until the name is another SVM's.
func TestAnSVMThatIsRenamedBetweenLookAndCreateIsLookedUpAgain(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	key, r := s.newService(t, ""), s.operator(s.Kube)
	array, _ := s.Fleet.Array("default")
	old, err := array.UUIDOf(t.Context(), "svm2")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s.ChangeSVM(t.Context(), "svm2", map[string]any{"name": "svm-old"})).To(Succeed())
	g.Expect(s.CreateSVM(t.Context(), controlclient.SVM{Name: "svm2", State: "running", ISCSI: controlclient.ISCSI{Allowed: true}})).To(Succeed())

	for range 3 {
		_, _ = r.Reconcile(t.Context(), ctrl.Request{NamespacedName: key})
	}
	service := s.service(t, key)
	g.Expect(service.Status.Origin).To(Equal(v1alpha1.OriginCreated))
	g.Expect(service.Status.SVM.UUID).NotTo(Equal(old))
	former, err := s.SVM(t.Context(), "svm-old")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(former.Service).To(BeNil())
}

// TestAnArrayThatContradictsItselfIsNotAskedWithoutEnd has every create request refused as one for two SVMs.
func TestAnArrayThatContradictsItselfIsNotAskedWithoutEnd(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	key, r := s.newService(t, ""), s.operator(s.Kube)
	_, err := s.InjectFault(t.Context(), controlclient.Fault{Match: controlclient.Match{Method: http.MethodPost}, Status: http.StatusBadRequest, Code: "2621706"})
	g.Expect(err).NotTo(HaveOccurred())
	for range 4 {
		_, _ = r.Reconcile(t.Context(), ctrl.Request{NamespacedName: key})
	}
	service := s.service(t, key)
	g.Expect(outcome.ReadyCondition(service.Status.Conditions).Reason).To(Equal(v1alpha1.ReasonSVMMismatch))
	g.Expect(hasFinalizer(service)).To(BeFalse())
	g.Expect(s.posts(t)).To(Equal(2))
}
