package ontapcluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/controller/sitetest"
	"github.com/ontap-operator/ontap-san-operator/internal/controller/trigger"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"
)

// site is an array, and the ONTAPCluster "default" with the Secret "login", by which the operator is connected to it.
type site struct {
	*Reconciler
	*sitetest.Site
	// unreadable is why the API server does not give Secrets, if so.
	unreadable error
}

func newSite(t *testing.T) *site {
	t.Helper()
	g := NewWithT(t)
	s := &site{Site: sitetest.New(t, nil)}
	s.Reconciler = &Reconciler{
		Client: s.Kube,
		Live: interceptor.NewClient(s.Kube, interceptor.Funcs{
			Get: func(ctx context.Context, kube client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
				if s.unreadable != nil {
					return s.unreadable
				}
				return kube.Get(ctx, key, obj, opts...)
			},
		}),
		Fleet:     &fleet.Fleet{},
		Events:    events.NewFakeRecorder(100),
		Namespace: "operator",
		Connected: make(chan event.GenericEvent, 100),
		Changed:   make(chan event.TypedGenericEvent[trigger.Change], 100),
		App:       "test/1",
	}
	s.reconcile(t)
	g.Expect(s.Ready(t).Status).To(Equal(metav1.ConditionTrue))
	return s
}

// reconcile does what is due for the ONTAPCluster; retryAfter is when it is due again, 0 with backoff.
func (s *site) reconcile(t *testing.T) (retryAfter time.Duration) {
	t.Helper()
	return s.Pass(t, s.Reconciler)
}

func TestAConnectionThatSpecHasReplacedIsNotUsedAnyMore(t *testing.T) {
	elsewhere := func(spec *v1alpha1.ONTAPClusterSpec) { spec.Endpoint = "https://127.0.0.1:1" }
	trusting := func(spec *v1alpha1.ONTAPClusterSpec) { spec.TLS = nil }
	damaged := func(spec *v1alpha1.ONTAPClusterSpec) { spec.TLS.CA = "-----BEGIN CERTIFICATE-----" }
	withoutSecret := func(g Gomega, s *site, ctx context.Context) {
		g.Expect(s.Kube.Delete(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "login", Namespace: "operator"}})).To(Succeed())
	}
	for name, c := range map[string]struct {
		change  func(*v1alpha1.ONTAPClusterSpec)
		trouble func(g Gomega, s *site, ctx context.Context)
		reason  string
		armed   bool
	}{
		"its CA is damaged":                          {change: damaged, reason: v1alpha1.ReasonInvalidConfiguration},
		"it leads elsewhere, and the Secret is gone": {change: elsewhere, trouble: withoutSecret, reason: v1alpha1.ReasonSecretNotFound},
		"it trusts others, and the Secret is gone":   {change: trusting, trouble: withoutSecret, reason: v1alpha1.ReasonSecretNotFound},
		"the Secret is gone, and it leads as before": {trouble: withoutSecret, reason: v1alpha1.ReasonSecretNotFound, armed: true},
		"it leads elsewhere, and the Secret has no login": {change: elsewhere, reason: v1alpha1.ReasonSecretInvalid, trouble: func(g Gomega, s *site, ctx context.Context) {
			g.Expect(s.Kube.Update(ctx, &corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Name: "login", Namespace: "operator"},
				Data:       map[string][]byte{"endpoints": []byte("https://127.0.0.1:1")},
			})).To(Succeed())
		}},
		"it leads elsewhere, and nobody can tell who has access": {reason: v1alpha1.ReasonInvalidConfiguration, change: func(spec *v1alpha1.ONTAPClusterSpec) {
			elsewhere(spec)
			spec.Access[0].Namespaces = v1alpha1.NamespaceSelector{Selector: &metav1.LabelSelector{
				MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "san", Operator: "Perhaps"}},
			}}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := newSite(t)
			old, _ := s.Fleet.Array("default")
			if c.trouble != nil {
				c.trouble(g, s, t.Context())
			}
			if c.change != nil {
				s.Edit(t, c.change)
			}
			s.reconcile(t)
			g.Expect(s.Ready(t).Reason).To(Equal(c.reason))
			_, connected := s.Fleet.Array("default")
			g.Expect(connected).To(Equal(c.armed))
			g.Expect(old.Usable() == nil).To(Equal(c.armed))
		})
	}
}

// permit has the Secret list these endpoints; nil takes the key away.
func (s *site) permit(t *testing.T, endpoints *string) {
	t.Helper()
	g := NewWithT(t)
	secret := &corev1.Secret{}
	g.Expect(s.Kube.Get(t.Context(), client.ObjectKey{Namespace: "operator", Name: "login"}, secret)).To(Succeed())
	delete(secret.Data, "endpoints")
	if endpoints != nil {
		secret.Data["endpoints"] = []byte(*endpoints)
	}
	g.Expect(s.Kube.Update(t.Context(), secret)).To(Succeed())
}

func TestALoginGoesOnlyToEndpointsThatItsSecretLists(t *testing.T) {
	for name, endpoints := range map[string]*string{
		"the Secret lists none":            nil,
		"the list is empty":                new(""),
		"the Secret lists another one":     new("https://array2.example.com"),
		"the Secret lists another port":    new("https://127.0.0.1:1"),
		"the Secret has a malformed entry": new("127.0.0.1"),
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := newSite(t)
			endpoint := s.Cluster(t).Spec.Endpoint
			array, _ := s.Fleet.Array("default")
			g.Expect(s.ClearJournal(t.Context())).To(Succeed())

			s.permit(t, endpoints)
			again := s.reconcile(t)
			requests, err := s.Journal(t.Context(), 0)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(requests).To(BeEmpty())
			ready := s.Ready(t)
			g.Expect(ready.Status).To(Equal(metav1.ConditionFalse))
			g.Expect(ready.Reason).To(Equal(v1alpha1.ReasonEndpointNotAllowed))
			g.Expect(ready.Message).To(SatisfyAll(ContainSubstring(`"login"`), ContainSubstring("kubectl -n operator"), ContainSubstring(endpoint)))
			g.Expect(ready.Message).NotTo(ContainSubstring("netapp123"))
			_, connected := s.Fleet.Array("default")
			g.Expect(connected).To(BeFalse())
			g.Expect(array.Usable()).To(HaveOccurred(), "a deletion cannot use it either")
			g.Expect(again).To(And(BeNumerically(">=", outcome.Grace), BeNumerically("<", 2*outcome.Grace)), "what permits it may be on its way")

			s.permit(t, new("https://array2.example.com, "+endpoint+"/"))
			s.reconcile(t)
			g.Expect(s.Ready(t).Status).To(Equal(metav1.ConditionTrue))
		})
	}
}

func TestAnArrayIsUsedOnWhileItsSecretCannotBeRead(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	array, _ := s.Fleet.Array("default")
	polled := array.Polled()
	s.unreadable = apierrors.NewInternalError(errors.New("no key to decrypt it"))
	g.Expect(s.reconcile(t)).To(BeNumerically(">=", v1alpha1.DefaultPollInterval))
	g.Expect(array.Polled()).To(BeTemporally(">", polled))
	ready := s.Ready(t)
	g.Expect(ready.Status).To(Equal(metav1.ConditionTrue))
	g.Expect(ready.Message).To(SatisfyAll(ContainSubstring(`"login"`), ContainSubstring("no key to decrypt it")), "a new password would not be noticed")

	unknown := func(cause string) {
		t.Helper()
		told := s.Ready(t)
		_, err := s.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Name: "default"}})
		g.Expect(err).To(MatchError(s.unreadable), "it is tried again before anybody is told")
		g.Expect(s.Ready(t)).To(Equal(told))
		s.unread.Store("default", time.Now().Add(-patience))
		g.Expect(s.reconcile(t)).To(BeZero(), "it is tried again with backoff")
		ready := s.Ready(t)
		g.Expect(ready.Status).To(Equal(metav1.ConditionUnknown))
		g.Expect(ready.Reason).To(Equal(v1alpha1.ReasonSecretInvalid))
		g.Expect(ready.Message).To(SatisfyAll(ContainSubstring(`"login"`), ContainSubstring(cause)))
		g.Expect(outcome.IsStalled(s.Cluster(t).Status.Conditions)).To(BeFalse())
	}
	again := func() {
		t.Helper()
		s.unreadable = nil
		s.reconcile(t)
		g.Expect(s.Ready(t).Message).To(Equal(`Connected to array "array1".`))
	}
	polled = array.Polled()
	s.Edit(t, func(spec *v1alpha1.ONTAPClusterSpec) { spec.CredentialsSecretRef.Name = "login" })
	unknown("no key to decrypt it")
	g.Expect(array.Polled()).To(Equal(polled), "the login may be another one by spec")
	again()

	*s.Fleet = fleet.Fleet{} // as in a process that has just started
	s.unreadable = errors.New("read tcp 127.0.0.1:43210->127.0.0.1:6443: connection reset by peer")
	unknown("the API server does not answer")
	again()
}

func TestAPollIsNotRepeatedBeforeTheArrayWantsItToBe(t *testing.T) {
	for _, c := range []struct {
		retryAfter string
		within     time.Duration
		reason     string
	}{
		{"", secondTry, v1alpha1.ReasonConnected},
		{"1", secondTry, v1alpha1.ReasonConnected},
		{"30", 30 * time.Second, v1alpha1.ReasonConnected},
		// That more than one poll is left out is news to the services.
		{"120", 2 * time.Minute, v1alpha1.ReasonThrottled},
		{"86400", 10 * time.Minute, v1alpha1.ReasonThrottled},
	} {
		t.Run("Retry-After "+c.retryAfter, func(t *testing.T) {
			g := NewWithT(t)
			s := newSite(t)
			_, err := s.InjectFault(t.Context(), controlclient.Fault{Status: 429, Code: "7", RetryAfter: c.retryAfter})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(s.reconcile(t)).To(BeNumerically("~", c.within+c.within/20, c.within/20+1), "a little later, never sooner")
			g.Expect(s.Ready(t).Reason).To(Equal(c.reason))
		})
	}
}

func TestServicesThatCannotBeUnderstoodAreNamed(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	for i := range 20 {
		svm := fmt.Sprintf("odd%02d", i)
		g.Expect(s.CreateSVM(t.Context(), controlclient.SVM{Name: svm, ISCSI: controlclient.ISCSI{Allowed: true}})).To(Succeed())
		g.Expect(s.PutService(t.Context(), svm, controlclient.SVMService{})).To(Succeed())
	}
	_, err := s.InjectFault(t.Context(), controlclient.Fault{Match: controlclient.Match{Path: "/api/protocols"}, Spoil: &controlclient.Spoil{SVM: "odd07", Remove: []string{"enabled"}}})
	g.Expect(err).NotTo(HaveOccurred())
	odd, err := s.SVM(t.Context(), "odd07")
	g.Expect(err).NotTo(HaveOccurred())

	s.reconcile(t)

	status := s.Cluster(t).Status
	g.Expect(status.Services).To(Equal(&v1alpha1.ServiceCount{Seen: 21, Unreadable: 1}))
	g.Expect(status.UnreadableServices).To(Equal([]v1alpha1.UnreadableService{
		{SVM: &v1alpha1.UnreadableSVM{Name: "odd07", UUID: odd.UUID}, Message: "a record has no enabled"}}))
	g.Expect(s.Ready(t)).To(SatisfyAll(
		HaveField("Status", metav1.ConditionTrue), HaveField("Message", ContainSubstring("1 cannot be understood"))))
	before := s.Cluster(t).ResourceVersion
	s.reconcile(t)
	g.Expect(s.Cluster(t).ResourceVersion).To(Equal(before), "nothing changed, nothing written")

	g.Expect(s.ClearFaults(t.Context())).To(Succeed())
	_, err = s.InjectFault(t.Context(), controlclient.Fault{Match: controlclient.Match{Path: "/api/protocols"}, Spoil: &controlclient.Spoil{Set: map[string]any{"svm": 7}}})
	g.Expect(err).NotTo(HaveOccurred())
	s.reconcile(t)
	status = s.Cluster(t).Status
	g.Expect(status.Services.Unreadable).To(Equal(int32(21)))
	g.Expect(status.UnreadableServices).To(HaveLen(v1alpha1.MaxUnreadableServices))
	g.Expect(status.UnreadableServices[0]).To(Equal(v1alpha1.UnreadableService{Message: "svm is a JSON number"}))

	g.Expect(s.ClearFaults(t.Context())).To(Succeed())
	s.reconcile(t)
	g.Expect(s.Cluster(t).Status.UnreadableServices).To(BeEmpty())
	g.Expect(s.Ready(t).Message).To(Equal(`Connected to array "array1".`))
}
func TestAnAnnotationOfAnONTAPClusterIsRefusedToo(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	told := s.Events.(*events.FakeRecorder).Events
	for len(told) > 0 {
		<-told
	}
	cluster := s.Cluster(t)
	cluster.Annotations = map[string]string{v1alpha1.PausedAnnotation: strings.Repeat("t", v1alpha1.MaxAnnotationLength+1)}
	g.Expect(s.Kube.Update(t.Context(), cluster)).To(Succeed())
	s.reconcile(t)
	s.reconcile(t)
	g.Expect(told).To(HaveLen(1))
	g.Expect(<-told).To(ContainSubstring(v1alpha1.EventInvalidAnnotation + " " + v1alpha1.PausedAnnotation))
}
