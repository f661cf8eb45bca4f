package e2e

import (
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

var _ = Describe("An object that only observes", func() {
	It("shows the service, its drift included, and never touches it", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1, service: {enabled: true, alias: theirs}}")
		a.apply(ctx, "main", "svm: {name: svm1}, managementPolicy: Observe, deletionPolicy: Delete, enabled: false, alias: mine")
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionTrue, v1alpha1.ReasonObserved))
		service := a.get(ctx, "main")
		Expect(service.Status.Target.Alias).To(Equal("theirs"))
		Expect(*service.Status.Enabled).To(BeTrue())
		Expect(service.Status.Origin).To(BeEmpty())
		Expect(a.ChangeService(ctx, "svm1", testbed.SVMService{Enabled: new(false)})).To(Succeed())
		Eventually(func() bool { return *a.get(ctx, "main").Status.Enabled }).Should(BeFalse())
		a.remove(ctx, "main")
		a.settled(ctx)
		Expect(a.on(ctx, "svm1")).NotTo(BeNil())
		Expect(a.writes(ctx)).To(BeEmpty())
	})

	It("creates nothing, and says so", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}, managementPolicy: Observe")
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonNothingToObserve))
		Expect(a.PutService(ctx, "svm1", testbed.SVMService{Enabled: new(true)})).To(Succeed())
		a.ready(ctx, "main")
		Expect(a.writes(ctx)).To(BeEmpty())
	})

	It("lets go of a service that it had created", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		a.apply(ctx, "main", "svm: {name: svm1}, managementPolicy: Observe, enabled: false")
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionTrue, v1alpha1.ReasonObserved))
		Expect(a.get(ctx, "main").Finalizers).To(BeEmpty())
		a.remove(ctx, "main")
		a.settled(ctx)
		Expect(*a.on(ctx, "svm1").Enabled).To(BeTrue())
		Expect(a.writes(ctx)).To(HaveLen(1))
	})
})

var _ = Describe("A pause", func() {
	paused := func(ctx SpecContext, a *array, name string) func() bool {
		return func() bool { return condition(a.get(ctx, name), v1alpha1.ConditionPaused) != nil }
	}

	It("of an object keeps the operator from changing anything, and ends", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}, alias: one")
		a.ready(ctx, "main")
		kubectl(ctx, "-n", a.name, "annotate", "iscsisvc", "main", v1alpha1.PausedAnnotation+"=true")
		Eventually(paused(ctx, a, "main")).Should(BeTrue())
		a.apply(ctx, "main", "svm: {name: svm1}, alias: two")
		Expect(a.ChangeService(ctx, "svm1", testbed.SVMService{Enabled: new(false)})).To(Succeed())
		a.settled(ctx)
		Expect(*a.on(ctx, "svm1").Enabled).To(BeFalse())
		Expect(a.get(ctx, "main").Status.Conditions).To(ContainElement(HaveField("Reason", v1alpha1.ReasonEnabled)), "Ready is as it was")
		Expect(kstatus(ctx, a, "main")).To(Equal("InProgress"), "the new generation is not settled")
		kubectl(ctx, "-n", a.name, "annotate", "iscsisvc", "main", v1alpha1.PausedAnnotation+"-")
		a.ready(ctx, "main")
		Expect(paused(ctx, a, "main")()).To(BeFalse())
		Expect(*a.on(ctx, "svm1").Alias).To(Equal("two"))
		Expect(*a.on(ctx, "svm1").Enabled).To(BeTrue())
	})

	It("of an ONTAPCluster freezes its objects, deletions too", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}", "{name: svm2}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		kubectl(ctx, "annotate", "ontapcluster", a.name, v1alpha1.PausedAnnotation+"=true")
		Eventually(paused(ctx, a, "main")).Should(BeTrue())
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", "main", "--wait=false")
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonPaused))
		a.apply(ctx, "late", "svm: {name: svm2}")
		Eventually(a.get).WithContext(ctx).WithArguments("late").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonPaused))
		a.settled(ctx)
		Expect(a.writes(ctx)).To(HaveLen(1))
		kubectl(ctx, "annotate", "ontapcluster", a.name, v1alpha1.PausedAnnotation+"-")
		Eventually(a.gone).WithContext(ctx).WithArguments("main").Should(BeTrue())
		a.ready(ctx, "late")
	})
})

var _ = Describe("A request to reconcile", func() {
	It("repeats what was refused, and is acknowledged", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		fault, err := a.InjectFault(ctx, testbed.Fault{Match: posts, Status: http.StatusBadRequest, Code: "1115127"})
		Expect(err).NotTo(HaveOccurred())
		a.apply(ctx, "main", "svm: {name: svm1}")
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonLicenseMissing))
		Expect(a.RemoveFault(ctx, fault)).To(Succeed())
		a.settled(ctx)
		Expect(a.writes(ctx)).To(HaveLen(1), "nothing that can be seen has changed")
		kubectl(ctx, "-n", a.name, "annotate", "iscsisvc", "main", v1alpha1.ReconcileRequestedAtAnnotation+"=now")
		Expect(a.ready(ctx, "main").Status.LastHandledReconcileAt).To(Equal("now"))
	})
})
