package iscsiservice

import (
	"context"
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"
	"github.com/ontap-operator/ontap-san-operator/internal/workqueue"
)

// newService makes an ISCSIService for an SVM of the site that has no service, with a policy.
func (s *site) newService(t *testing.T, policy v1alpha1.DeletionPolicy) client.ObjectKey {
	t.Helper()
	g := NewWithT(t)
	g.Expect(s.CreateSVM(t.Context(), controlclient.SVM{Name: "svm2", State: "running", ISCSI: controlclient.ISCSI{Allowed: true}})).To(Succeed())
	s.reconcile(t) // so that the SVM is known
	obj := &v1alpha1.ISCSIService{
		ObjectMeta: metav1.ObjectMeta{Name: "main", Namespace: "team", UID: "7d3c1f52-0a35-4d0e-9a0f-3f6f2c3a9b11", Generation: 1},
		Spec:       v1alpha1.ISCSIServiceSpec{SVM: v1alpha1.SVMSelector{Name: "svm2"}, DeletionPolicy: policy},
	}
	g.Expect(s.Kube.Create(t.Context(), obj)).To(Succeed())
	return client.ObjectKeyFromObject(obj)
}

func (s *site) service(t *testing.T, key client.ObjectKey) *v1alpha1.ISCSIService {
	t.Helper()
	obj := &v1alpha1.ISCSIService{}
	NewWithT(t).Expect(s.Kube.Get(t.Context(), key, obj)).To(Succeed())
	return obj
}

// posts are the create requests that the array got.
func (s *site) posts(t *testing.T) (posts int) {
	t.Helper()
	journal, err := s.Journal(t.Context(), 0)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	for _, request := range journal {
		if request.Method == http.MethodPost {
			posts++
		}
	}
	return posts
}

// operator reconciles ISCSIServices of the site.
func (s *site) operator(kube client.Client) *Reconciler {
	return &Reconciler{Client: kube, Live: s.Kube, Fleet: s.Fleet, Events: events.NewFakeRecorder(100), backoff: workqueue.NewBackoff()}
}

func TestAnOperatorThatStopsTakesOffTheMarksOfARequestThatItDoesNotSend(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	key := s.newService(t, "")
	ctx, stop := context.WithCancel(t.Context())
	marked := false
	kube := interceptor.NewClient(s.Kube, interceptor.Funcs{
		Patch: func(ctx context.Context, kube client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
			err := kube.Patch(ctx, obj, patch, opts...)
			marked = marked || isCreating(obj.(*v1alpha1.ISCSIService))
			stop()
			return err
		},
	})
	_, _ = s.operator(kube).Reconcile(ctx, ctrl.Request{NamespacedName: key})
	g.Expect(marked).To(BeTrue())
	g.Expect(s.posts(t)).To(BeZero())
	left := s.service(t, key)
	g.Expect(isCreating(left)).To(BeFalse(), "a service that somebody makes now is not the operator's")
	g.Expect(hasFinalizer(left)).To(BeFalse())
}

func TestAnOperatorThatStopsWritesDownThatItCreatedWhatIsRetained(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	key := s.newService(t, v1alpha1.DeletionPolicyRetain)
	barrier, err := s.Hold(t.Context(), controlclient.Match{Method: http.MethodPost}, controlclient.After)
	g.Expect(err).NotTo(HaveOccurred())
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = s.operator(s.Kube).Reconcile(ctx, ctrl.Request{NamespacedName: key})
	}()
	g.Expect(barrier.Wait(t.Context(), 20*time.Second)).To(Succeed())
	stop()
	g.Expect(barrier.Release(t.Context())).To(Succeed())
	g.Eventually(ended).WithTimeout(20 * time.Second).Should(BeClosed())
	g.Expect(s.service(t, key).Status.Origin).To(Equal(v1alpha1.OriginCreated))
}
