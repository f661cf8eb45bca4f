package e2e

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

var _ = Describe("Access", func() {
	const uuid = "11111111-2222-3333-4444-555555555555"

	denied := func(ctx SpecContext, a *array, name string) string {
		GinkgoHelper()
		Eventually(a.get).WithContext(ctx).WithArguments(name).Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonAccessDenied))
		service := a.get(ctx, name)
		Expect(service.Status.SVM).To(BeNil())
		Expect(service.Status.Target).To(BeNil())
		return condition(service, v1alpha1.ConditionReady).Message
	}

	It("is denied without a rule, and given by one", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		apply(ctx, a.manifest())
		a.apply(ctx, "main", "svm: {name: svm1}")
		denied(ctx, a, "main")
		Expect(a.writes(ctx)).To(BeEmpty())
		apply(ctx, a.manifest("svm?"))
		a.ready(ctx, "main")
	})

	It("goes by the SVM's name, also for an object that has its UUID, and does not tell what exists", func(ctx SpecContext) {
		a := newArray(ctx, "{name: secret-svm, uuid: "+uuid+", service: {enabled: true}}")
		apply(ctx, a.manifest("mine-*"))
		a.apply(ctx, "exists", "svm: {uuid: "+uuid+"}")
		a.apply(ctx, "does-not", "svm: {uuid: 99999999-2222-3333-4444-555555555555}")
		Expect(denied(ctx, a, "exists")).To(HavePrefix("SVM " + uuid + " does not exist"))
		Expect(denied(ctx, a, "does-not")).To(HavePrefix("SVM 99999999-2222-3333-4444-555555555555 does not exist"))
		a.apply(ctx, "by-name", "svm: {name: secret-svm}")
		a.apply(ctx, "by-no-name", "svm: {name: no-svm}")
		Expect(denied(ctx, a, "by-name")).To(HavePrefix(`SVM "secret-svm" does not exist`))
		Expect(denied(ctx, a, "by-no-name")).To(HavePrefix(`SVM "no-svm" does not exist`))
		Expect(a.writes(ctx)).To(BeEmpty())
	})

	// selected gives the namespaces that are labelled san=yes the SVMs.
	selected := func(ctx SpecContext, a *array, svms string) {
		GinkgoHelper()
		kubectl(ctx, "patch", "ontapcluster", a.name, "--type=merge", "-p",
			`{"spec":{"access":[{"namespaces":{"selector":{"matchLabels":{"san":"yes"}}},"svms":[`+svms+`]}]}}`)
	}

	// hide gives an SVM a name that no rule allows.
	hide := func(ctx SpecContext, a *array, svm string) {
		GinkgoHelper()
		Expect(a.ChangeSVM(ctx, svm, map[string]any{"name": "hidden-" + svm})).To(Succeed())
	}

	DescribeTable("that is taken away while the operator runs freezes the status, and nothing is touched",
		func(ctx SpecContext, take func(SpecContext, *array), prefix string) {
			a := newArray(ctx, "{name: by-name}", "{name: by-uuid, uuid: "+uuid+"}")
			a.configure(ctx, `{"metrics":{"disabled":true}}`) // or the status changes with the first sample
			selected(ctx, a, `"by-*"`)
			kubectl(ctx, "label", "namespace", a.name, "san=yes")
			specs := map[string]string{"by-name": "svm: {name: by-name}, deletionPolicy: Delete", "by-uuid": "svm: {uuid: " + uuid + "}, deletionPolicy: Delete"}
			known := map[string]v1alpha1.ISCSIServiceStatus{}
			for name, spec := range specs {
				a.apply(ctx, name, spec+", alias: mine")
				known[name] = a.ready(ctx, name).Status
			}
			take(ctx, a)
			for name, spec := range specs {
				Eventually(a.get).WithContext(ctx).WithArguments(name).Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonAccessDenied))
				Expect(a.ChangeService(ctx, prefix+name, testbed.SVMService{Enabled: new(false), Alias: new("theirs")})).To(Succeed())
				a.apply(ctx, name, spec+", alias: yours")
				Eventually(a.get).WithContext(ctx).WithArguments(name).Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonAccessDenied))
			}
			a.settled(ctx)
			for name := range specs {
				service := a.get(ctx, name)
				Expect(condition(service, v1alpha1.ConditionStalled)).NotTo(BeNil())
				Expect(condition(service, v1alpha1.ConditionReady).Message).NotTo(ContainSubstring("hidden"))
				status, was := service.Status, known[name]
				status.Conditions, status.ObservedGeneration = was.Conditions, was.ObservedGeneration
				Expect(status).To(Equal(was))

				a.remove(ctx, name)
				Eventually(a.warnings).WithContext(ctx).WithArguments(name).Should(ContainElement(ContainSubstring("was not touched")))
				Expect(a.warnings(ctx, name)).NotTo(ContainElement(ContainSubstring("hidden")))
				Expect(*a.on(ctx, prefix+name)).To(Equal(testbed.SVMService{Enabled: new(false), Alias: new("theirs"), Target: was.Target.Name}))
			}
			Expect(a.writes(ctx)).To(HaveLen(2), "the POSTs alone")
		},
		Entry("by another rule", func(ctx SpecContext, a *array) { selected(ctx, a, `"other"`) }, ""),
		Entry("with the label of the namespace", func(ctx SpecContext, a *array) { kubectl(ctx, "label", "namespace", a.name, "san-") }, ""),
		Entry("by another name of the SVM", func(ctx SpecContext, a *array) { hide(ctx, a, "by-name"); hide(ctx, a, "by-uuid") }, "hidden-"),
	)

	It("that another name of the SVM has taken away is not used for a deletion either, even if that is the first to notice", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		apply(ctx, a.manifest("svm*"))
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		kubectl(ctx, "annotate", "ontapcluster", a.name, v1alpha1.PausedAnnotation+"=true")
		Eventually(func() any { return condition(a.get(ctx, "main"), v1alpha1.ConditionPaused) }).ShouldNot(BeNil())
		hide(ctx, a, "svm1")
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", "main", "--wait=false")
		kubectl(ctx, "annotate", "ontapcluster", a.name, v1alpha1.PausedAnnotation+"-")
		Eventually(a.gone).WithContext(ctx).WithArguments("main").Should(BeTrue())
		Eventually(a.warnings).WithContext(ctx).WithArguments("main").Should(ContainElement(ContainSubstring("was not touched")))
		Expect(*a.on(ctx, "hidden-svm1").Enabled).To(BeTrue())
		Expect(a.writes(ctx)).To(HaveLen(1))
	})

	It("goes on when the SVM gets another name that is allowed, also for an object that has its UUID", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1, uuid: "+uuid+"}", "{name: svm2}")
		apply(ctx, a.manifest("svm*", "allowed-*"))
		a.apply(ctx, "by-uuid", "svm: {uuid: "+uuid+"}")
		a.apply(ctx, "by-name", "svm: {name: svm2}")
		for object, svm := range map[string]string{"by-uuid": "svm1", "by-name": "svm2"} {
			target := a.ready(ctx, object).Status.Target.Name
			Expect(a.ChangeSVM(ctx, svm, map[string]any{"name": "allowed-" + svm})).To(Succeed())
			Eventually(func() string { return a.get(ctx, object).Status.SVM.Name }).Should(Equal("allowed-" + svm))
			kubectl(ctx, "-n", a.name, "patch", "iscsisvc", object, "--type=merge", "-p", `{"spec":{"alias":"mine"}}`)
			Expect(a.ready(ctx, object).Status.Target.Name).To(Equal(target))
			Expect(*a.on(ctx, "allowed-"+svm).Alias).To(Equal("mine"))
			a.remove(ctx, object)
			Expect(a.on(ctx, "allowed-"+svm)).To(BeNil())
		}
	})

	It("that nobody can read takes nothing away", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		kubectl(ctx, "patch", "ontapcluster", a.name, "--type=merge", "-p",
			`{"spec":{"access":[{"namespaces":{"selector":{"matchExpressions":[{"key":"san","operator":"in","values":["yes"]}]}},"svms":["*"]}]}}`)
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonInvalidConfiguration))
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", "main", "--wait=false")
		Eventually(func() string { return condition(a.get(ctx, "main"), v1alpha1.ConditionReady).Message }).Should(ContainSubstring("The deletion waits."))
		apply(ctx, a.manifest("*"))
		Eventually(a.gone).WithContext(ctx).WithArguments("main").Should(BeTrue())
		Expect(a.on(ctx, "svm1")).To(BeNil())
	})

	It("is given by labels of the namespace, and taken with them", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		kubectl(ctx, "patch", "ontapcluster", a.name, "--type=merge", "-p",
			`{"spec":{"access":[{"namespaces":{"selector":{"matchLabels":{"san":"yes"}}},"svms":["*"]}]}}`)
		a.apply(ctx, "main", "svm: {name: svm1}")
		denied(ctx, a, "main")
		kubectl(ctx, "label", "namespace", a.name, "san=yes")
		a.ready(ctx, "main")
		kubectl(ctx, "label", "namespace", a.name, "san-")
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonAccessDenied))
	})
})
