package iscsiservice

import (
	"fmt"
	"net/http"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"
)

// adoptable makes an ISCSIService for svm1, whose service is there and enabled.
func (s *site) adoptable(t *testing.T, change func(*v1alpha1.ISCSIServiceSpec)) client.ObjectKey {
	t.Helper()
	obj := &v1alpha1.ISCSIService{
		ObjectMeta: metav1.ObjectMeta{Name: "main", Namespace: "team", UID: "7d3c1f52-0a35-4d0e-9a0f-3f6f2c3a9b11", Generation: 1},
		Spec:       v1alpha1.ISCSIServiceSpec{SVM: v1alpha1.SVMSelector{Name: "svm1"}},
	}
	change(&obj.Spec)
	NewWithT(t).Expect(s.Kube.Create(t.Context(), obj)).To(Succeed())
	return client.ObjectKeyFromObject(obj)
}

// enabled reports the state of the service of svm1 on the array.
func (s *site) enabled(t *testing.T) bool {
	t.Helper()
	svm, err := s.SVM(t.Context(), "svm1")
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return *svm.Service.Enabled
}

const sessionsPath = "/api/protocols/san/iscsi/sessions"

func TestNothingButACountLetsAServiceBeDisabled(t *testing.T) {
	for _, version := range []string{"9.16.1", "9.6.0"} {
		for _, code := range []string{"3", "4", "6", "8", "262160", "1"} {
			for _, status := range []int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusServiceUnavailable, http.StatusInternalServerError,
				http.StatusBadRequest, http.StatusForbidden, http.StatusTooManyRequests} {
				t.Run(fmt.Sprintf("ONTAP %s, code %s, HTTP %d", version, code, status), func(t *testing.T) {
					t.Parallel()
					g := NewWithT(t)
					s := newSite(t)
					g.Expect(s.ChangeCluster(t.Context(), map[string]any{"version": version})).To(Succeed())
					s.Fleet.Disconnect("default") // the operator knows the version that the array had when it was connected
					s.reconcile(t)
					g.Expect(s.Login(t.Context(), "svm1", "iqn.1998-01.com.example:host1")).To(Succeed())
					key := s.adoptable(t, func(spec *v1alpha1.ISCSIServiceSpec) { spec.Enabled = new(false) })
					_, err := s.InjectFault(t.Context(), controlclient.Fault{Match: controlclient.Match{Path: sessionsPath}, Status: status, Code: code})
					g.Expect(err).NotTo(HaveOccurred())
					_, _ = s.operator(s.Kube).Reconcile(t.Context(), ctrl.Request{NamespacedName: key})
					g.Expect(s.enabled(t)).To(BeTrue())
					ready := outcome.ReadyCondition(s.service(t, key).Status.Conditions)
					g.Expect(ready).NotTo(BeNil())
					g.Expect(ready.Status).NotTo(Equal(metav1.ConditionTrue))
				})
			}
		}
	}
}

func TestAServiceInUseSaysThatTheArrayDoesNotTellWhoIsLoggedIn(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	key := s.adoptable(t, func(spec *v1alpha1.ISCSIServiceSpec) { spec.Enabled = new(false) })
	_, err := s.InjectFault(t.Context(), controlclient.Fault{Match: controlclient.Match{Path: sessionsPath}, Status: http.StatusNotFound, Code: "3"})
	g.Expect(err).NotTo(HaveOccurred())
	_, err = s.operator(s.Kube).Reconcile(t.Context(), ctrl.Request{NamespacedName: key})
	g.Expect(err).NotTo(HaveOccurred())
	ready := outcome.ReadyCondition(s.service(t, key).Status.Conditions)
	g.Expect(ready.Reason).To(Equal(v1alpha1.ReasonInUse))
	g.Expect(ready.Message).To(SatisfyAll(ContainSubstring("GET "+sessionsPath), ContainSubstring("ONTAP code 3"), ContainSubstring("Disconnect")))
}
