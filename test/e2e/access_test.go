package e2e

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
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

	It("that is taken away leaves the service untouched, also when the object is deleted", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		known := a.ready(ctx, "main").Status
		apply(ctx, a.manifest("other"))
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonAccessDenied))
		a.apply(ctx, "main", "svm: {name: svm1}, enabled: false")
		a.settled(ctx)
		Expect(a.get(ctx, "main").Status.Enabled).To(Equal(known.Enabled))
		Expect(*a.on(ctx, "svm1").Enabled).To(BeTrue())
		a.remove(ctx, "main")
		a.settled(ctx)
		Expect(*a.on(ctx, "svm1").Enabled).To(BeTrue())
		Expect(a.writes(ctx)).To(HaveLen(1))
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
