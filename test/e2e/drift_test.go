package e2e

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gstruct"
	"github.com/onsi/gomega/types"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// haveDrifted matches a drift of that field.
func haveDrifted(field, desired, observed string) types.GomegaMatcher {
	return gstruct.PointTo(gstruct.MatchAllFields(gstruct.Fields{
		"Field": Equal(field), "Desired": Equal(desired), "Observed": Equal(observed),
		"Since": WithTransform(func(since metav1.Time) time.Time { return since.Time }, BeTemporally("~", time.Now(), time.Minute)),
	}))
}

var _ = Describe("Drift", func() {
	It("of state and alias is put right in one request, with one event", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}, alias: mine")
		a.ready(ctx, "main")
		Expect(a.ClearJournal(ctx)).To(Succeed())
		Expect(a.ChangeService(ctx, "svm1", testbed.SVMService{Enabled: new(false), Alias: new("theirs")})).To(Succeed())
		Eventually(a.on).WithContext(ctx).WithArguments("svm1").Should(gstruct.PointTo(gstruct.MatchFields(gstruct.IgnoreExtras,
			gstruct.Fields{"Enabled": HaveValue(BeTrue()), "Alias": HaveValue(Equal("mine"))})))
		a.polled(ctx, servicesPath, 3)
		Expect(a.writes(ctx)).To(Equal([]string{`PATCH {"enabled":true,"target":{"alias":"mine"}}`}))
		Eventually(a.events).WithContext(ctx).WithArguments("main").Should(ConsistOf("Created", "DriftCorrected"))
		Expect(a.get(ctx, "main").Status.Drift).To(haveDrifted("enabled", "true", "false"))
		Expect(a.ChangeService(ctx, "svm1", testbed.SVMService{Alias: new("theirs")})).To(Succeed())
		Eventually(func() *v1alpha1.Drift { return a.get(ctx, "main").Status.Drift }).Should(haveDrifted("alias", "mine", "theirs"))
	})

	It("while the array is out of reach is drift when it is back", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}, alias: mine")
		a.ready(ctx, "main")
		a.hangUp(ctx)
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionUnknown, v1alpha1.ReasonArrayUnreachable))
		Expect(a.ChangeService(ctx, "svm1", testbed.SVMService{Enabled: new(false)})).To(Succeed())
		Expect(a.ClearFaults(ctx)).To(Succeed())
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionTrue))
		Expect(a.get(ctx, "main").Status.Drift).To(haveDrifted("enabled", "true", "false"))
		Expect(a.on(ctx, "svm1").Enabled).To(HaveValue(BeTrue()))
		Eventually(a.events).WithContext(ctx).WithArguments("main").Should(ContainElement("DriftCorrected"))
		Expect(a.events(ctx, "main")).NotTo(ContainElement("Updated"), "nobody has changed the spec")
	})

	It("is only shown where the service is observed, until it is over", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1, service: {enabled: true, alias: mine}}")
		a.apply(ctx, "main", "svm: {name: svm1}, enabled: true, alias: mine, managementPolicy: Observe")
		a.ready(ctx, "main")
		Expect(a.ChangeService(ctx, "svm1", testbed.SVMService{Alias: new("theirs")})).To(Succeed())
		drift := func() *v1alpha1.Drift { return a.get(ctx, "main").Status.Drift }
		Eventually(drift).Should(haveDrifted("alias", "mine", "theirs"))
		since := drift().Since
		a.settled(ctx)
		kubectl(ctx, "-n", a.name, "annotate", "iscsisvc", "main", v1alpha1.ReconcileRequestedAtAnnotation+"=now")
		Eventually(func() string { return a.get(ctx, "main").Status.LastHandledReconcileAt }).Should(Equal("now"))
		Expect(drift().Since).To(Equal(since), "it began when it was noticed first")
		Expect(a.get(ctx, "main")).To(beReady(metav1.ConditionTrue, v1alpha1.ReasonObserved))
		Expect(a.ChangeService(ctx, "svm1", testbed.SVMService{Alias: new("mine")})).To(Succeed())
		Eventually(drift).Should(BeNil())
		Expect(a.writes(ctx)).To(BeEmpty())
	})

	It("of a service in use is shown, and put right when they have logged out", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}, enabled: false")
		a.ready(ctx, "main")
		// Nobody can log in before it is enabled: for that long, the operator does not look.
		kubectl(ctx, "-n", a.name, "annotate", "iscsisvc", "main", v1alpha1.PausedAnnotation+"=true")
		Eventually(func() any { return condition(a.get(ctx, "main"), v1alpha1.ConditionPaused) }).ShouldNot(BeNil())
		Expect(a.ChangeService(ctx, "svm1", testbed.SVMService{Enabled: new(true)})).To(Succeed())
		Expect(a.Login(ctx, "svm1", "iqn.1998-01.com.example:host1")).To(Succeed())
		a.settled(ctx)
		kubectl(ctx, "-n", a.name, "annotate", "iscsisvc", "main", v1alpha1.PausedAnnotation+"-")
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonInUse))
		shown := a.get(ctx, "main").Status.Drift
		Expect(shown).To(haveDrifted("enabled", "false", "true"))
		Expect(a.writes(ctx)).To(HaveLen(1))
		Expect(a.Logout(ctx, "svm1", "")).To(Succeed())
		a.ready(ctx, "main")
		Expect(a.on(ctx, "svm1").Enabled).To(HaveValue(BeFalse()))
		Expect(a.get(ctx, "main").Status.Drift).To(Equal(shown))
		Eventually(a.events).WithContext(ctx).WithArguments("main").Should(ConsistOf("Created", "InUse", "DriftCorrected"))
	})

	It("of an alias that nobody asked for is shown, not undone", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		Expect(a.ChangeService(ctx, "svm1", testbed.SVMService{Alias: new("theirs")})).To(Succeed())
		Eventually(func() string { return a.get(ctx, "main").Status.Target.Alias }).Should(Equal("theirs"))
		Expect(a.writes(ctx)).To(HaveLen(1))
	})

	It("of a deleted service is put right by creating it anew", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		Expect(a.DeleteService(ctx, "svm1")).To(Succeed())
		Eventually(func() *testbed.SVMService { return a.on(ctx, "svm1") }).ShouldNot(BeNil())
		Eventually(a.events).WithContext(ctx).WithArguments("main").Should(ConsistOf("Created", "ServiceLost", "Created"))
		Expect(a.ready(ctx, "main").Status.Origin).To(Equal(v1alpha1.OriginCreated))
		Expect(a.get(ctx, "main").Status.Drift).To(haveDrifted("service", "present", "absent"))
		a.remove(ctx, "main")
		Expect(a.on(ctx, "svm1")).To(BeNil(), "the second one is the operator's too")
	})

	It("to another target makes the service somebody else's", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		ours := a.ready(ctx, "main").Status.Target.Name
		theirs := "iqn.1992-08.com.netapp:sn.theirs:vs.7"
		Expect(a.PutService(ctx, "svm1", testbed.SVMService{Enabled: new(true), Target: theirs})).To(Succeed())
		Eventually(func() v1alpha1.Origin { return a.get(ctx, "main").Status.Origin }).Should(Equal(v1alpha1.OriginAdopted))
		service := a.get(ctx, "main")
		Expect(service.Status.Target.Name).To(Equal(theirs))
		Expect(service.Status.Drift).To(haveDrifted("target.name", ours, theirs))
		Expect(service.Finalizers).To(BeEmpty())
		Expect(service.Annotations).NotTo(HaveKey(v1alpha1.CreatingAnnotation))
		a.remove(ctx, "main")
		a.settled(ctx)
		Expect(a.on(ctx, "svm1").Target).To(Equal(theirs))
		Expect(a.writes(ctx)).To(HaveLen(1))
	})

	It("to another SVM of the same name is refused", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		bound := a.ready(ctx, "main").Status.SVM.UUID
		Expect(a.DeleteSVM(ctx, "svm1")).To(Succeed())
		Expect(a.CreateSVM(ctx, testbed.SVM{Name: "svm1", UUID: "99999999-2222-3333-4444-555555555555", State: "running", ISCSI: testbed.ISCSI{Allowed: true}})).To(Succeed())
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonSVMReplaced))
		kubectl(ctx, "-n", a.name, "annotate", "iscsisvc", "main", v1alpha1.ReconcileRequestedAtAnnotation+"=now")
		Eventually(func() string { return a.get(ctx, "main").Status.LastHandledReconcileAt }).Should(Equal("now"))
		Expect(a.get(ctx, "main")).To(beReady(metav1.ConditionFalse, v1alpha1.ReasonSVMReplaced))
		Expect(a.get(ctx, "main").Status.SVM.UUID).To(Equal(bound))
		Expect(a.get(ctx, "main").Finalizers).To(BeEmpty())
		a.remove(ctx, "main")
		Expect(a.on(ctx, "svm1")).To(BeNil())
		Expect(a.writes(ctx)).To(HaveLen(1), "the first POST alone")
	})
})
