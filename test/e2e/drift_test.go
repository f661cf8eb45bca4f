package e2e

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gstruct"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

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
		a.remove(ctx, "main")
		Expect(a.on(ctx, "svm1")).To(BeNil(), "the second one is the operator's too")
	})

	It("to another target makes the service somebody else's", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		theirs := "iqn.1992-08.com.netapp:sn.theirs:vs.7"
		Expect(a.PutService(ctx, "svm1", testbed.SVMService{Enabled: new(true), Target: theirs})).To(Succeed())
		Eventually(func() v1alpha1.Origin { return a.get(ctx, "main").Status.Origin }).Should(Equal(v1alpha1.OriginAdopted))
		service := a.get(ctx, "main")
		Expect(service.Status.Target.Name).To(Equal(theirs))
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
