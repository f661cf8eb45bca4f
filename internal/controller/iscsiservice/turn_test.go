package iscsiservice

import (
	"context"
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// indebt makes the next request wait for about that many seconds: so many more were sent than the limit allows.
func (s *site) indebt(t *testing.T, seconds int) {
	t.Helper()
	g := NewWithT(t)
	s.Edit(t, func(spec *v1alpha1.ONTAPClusterSpec) { spec.Limits = &v1alpha1.Limits{RequestsPerSecond: 1} })
	s.reconcile(t)
	array, ok := s.Fleet.Array("default")
	g.Expect(ok).To(BeTrue())
	turn, err := array.Await(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	for range seconds + 1 {
		_, err := array.SVM(turn.Context(t.Context()), ontap.SVMRef{Name: "svm1"})
		g.Expect(err).NotTo(HaveOccurred())
	}
	g.Expect(s.ClearJournal(t.Context())).To(Succeed())
}

// adopted makes an ISCSIService that has adopted the service of svm1, and then asks for a change.
func (s *site) adopted(t *testing.T, change func(*v1alpha1.ISCSIServiceSpec)) (client.ObjectKey, *Reconciler) {
	t.Helper()
	g := NewWithT(t)
	key, r := s.adoptable(t, func(*v1alpha1.ISCSIServiceSpec) {}), s.operator(s.Kube)
	_, err := r.Reconcile(t.Context(), ctrl.Request{NamespacedName: key})
	g.Expect(err).NotTo(HaveOccurred())
	obj := s.service(t, key)
	g.Expect(obj.Status.Origin).To(Equal(v1alpha1.OriginAdopted))
	change(&obj.Spec)
	obj.Generation++
	g.Expect(s.Kube.Update(t.Context(), obj)).To(Succeed())
	return key, r
}

// changes are the methods of the requests so far that change something.
func (s *site) changes(t *testing.T) (methods []string) {
	t.Helper()
	journal, err := s.Journal(t.Context(), 0)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	for _, request := range journal {
		if request.Method != http.MethodGet {
			methods = append(methods, request.Method)
		}
	}
	return methods
}

// TestWhatWasTrueWhenAChangeWasPlannedIsCheckedWhenItsTurnComes has a change wait for the limit of requests per second, and
// takes away meanwhile what it rests on.
func TestWhatWasTrueWhenAChangeWasPlannedIsCheckedWhenItsTurnComes(t *testing.T) {
	update := func(spec *v1alpha1.ISCSIServiceSpec) { spec.Alias = new("mine") }
	disable := func(spec *v1alpha1.ISCSIServiceSpec) { spec.Enabled = new(false) }
	edit := func(change func(*v1alpha1.ISCSIService)) func(Gomega, *site, client.ObjectKey) {
		return func(g Gomega, s *site, key client.ObjectKey) {
			obj := &v1alpha1.ISCSIService{}
			g.Expect(s.Kube.Get(context.Background(), key, obj)).To(Succeed())
			change(obj)
			g.Expect(s.Kube.Update(context.Background(), obj)).To(Succeed())
		}
	}
	for name, c := range map[string]struct {
		spec      func(*v1alpha1.ISCSIServiceSpec)
		meanwhile func(Gomega, *site, client.ObjectKey)
	}{
		"the object is paused": {update, edit(func(obj *v1alpha1.ISCSIService) {
			obj.Annotations = map[string]string{v1alpha1.PausedAnnotation: "true"}
		})},
		"the object only observes": {update, edit(func(obj *v1alpha1.ISCSIService) {
			obj.Generation++
			obj.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
		})},
		"access is taken away": {update, func(g Gomega, s *site, _ client.ObjectKey) {
			cluster := &v1alpha1.ONTAPCluster{}
			g.Expect(s.Kube.Get(context.Background(), client.ObjectKey{Name: "default"}, cluster)).To(Succeed())
			cluster.Spec.Access = nil
			cluster.Generation++
			g.Expect(s.Kube.Update(context.Background(), cluster)).To(Succeed())
		}},
		"the array is disconnected": {update, func(_ Gomega, s *site, _ client.ObjectKey) { s.Fleet.Disconnect("default") }},
		"an initiator logs in": {disable, func(g Gomega, s *site, _ client.ObjectKey) {
			g.Expect(s.Login(context.Background(), "svm1", "iqn.1998-01.com.example:host1")).To(Succeed())
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			s := newSite(t)
			key, r := s.adopted(t, c.spec)
			s.indebt(t, 2)
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				for range 3 { // a pass that finds something changed is done again
					_, _ = r.Reconcile(t.Context(), ctrl.Request{NamespacedName: key})
				}
			}()
			g.Consistently(ended).WithTimeout(300*time.Millisecond).ShouldNot(BeClosed(), "the change waits")
			c.meanwhile(g, s, key)
			g.Eventually(ended).WithTimeout(30 * time.Second).Should(BeClosed())
			g.Expect(s.changes(t)).To(BeEmpty())
			svm, err := s.SVM(t.Context(), "svm1")
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(svm.Service).To(HaveValue(SatisfyAll(HaveField("Enabled", HaveValue(BeTrue())), HaveField("Alias", Not(HaveValue(Equal("mine")))))))
		})
	}
}

func TestSessionsAreCountedInTheTurnOfTheChange(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	key, r := s.adopted(t, func(spec *v1alpha1.ISCSIServiceSpec) { spec.Enabled = new(false) })
	s.indebt(t, 2)
	_, err := r.Reconcile(t.Context(), ctrl.Request{NamespacedName: key})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s.enabled(t)).To(BeFalse())
	journal, err := s.Journal(t.Context(), 0)
	g.Expect(err).NotTo(HaveOccurred())
	last := journal[len(journal)-2:]
	g.Expect(last[0].Path).To(Equal(sessionsPath))
	g.Expect(last[1].Method).To(Equal(http.MethodPatch))
	g.Expect(last[1].Received.Sub(last[0].Received)).To(BeNumerically("<", 500*time.Millisecond), "at a request a second")
}
