package e2e

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
)

var _ = Describe("On an ASA r2, where a service lives as long as its SVM, an object", func() {
	newASA := func(ctx SpecContext) *array {
		GinkgoHelper()
		a := newArray(ctx, "{name: svm1, service: {enabled: true, alias: old}}")
		Expect(a.ChangeCluster(ctx, map[string]any{"platform": "asa-r2"})).To(Succeed())
		return a
	}

	It("adopts the service, changes it, and leaves it", func(ctx SpecContext) {
		a := newASA(ctx)
		a.apply(ctx, "main", "svm: {name: svm1}, alias: mine")
		service := a.ready(ctx, "main")
		Expect(service.Status.Origin).To(Equal(v1alpha1.OriginAdopted))
		Expect(service.Finalizers).To(BeEmpty())
		a.remove(ctx, "main")
		a.settled(ctx)
		Expect(*a.on(ctx, "svm1").Enabled).To(BeTrue())
		Expect(a.writes(ctx)).To(Equal([]string{`PATCH {"target":{"alias":"mine"}}`}))
	})

	It("that is to delete the service disables it, lets go, and warns", func(ctx SpecContext) {
		a := newASA(ctx)
		a.apply(ctx, "main", "svm: {name: svm1}, deletionPolicy: Delete")
		a.ready(ctx, "main")
		a.remove(ctx, "main")
		Eventually(a.warnings).WithContext(ctx).WithArguments("main").Should(ConsistOf(ContainSubstring("stays, and is disabled: this platform deletes it together with its SVM")))
		a.settled(ctx)
		Expect(*a.on(ctx, "svm1").Enabled).To(BeFalse())
		Expect(a.writes(ctx)).To(Equal([]string{`PATCH {"enabled":false}`, "DELETE"}))
	})

	It("creates none, and says why", func(ctx SpecContext) {
		a := newASA(ctx)
		Expect(a.DeleteService(ctx, "svm1")).To(Succeed())
		a.apply(ctx, "main", "svm: {name: svm1}")
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonUnsupportedPlatform))
		service := a.get(ctx, "main")
		Expect(condition(service, v1alpha1.ConditionStalled)).NotTo(BeNil())
		Expect(condition(service, v1alpha1.ConditionReady).Message).To(SatisfyAll(ContainSubstring("5376452"), ContainSubstring("ASA r2")))
		Expect(service.Finalizers).To(BeEmpty())
		Expect(service.Annotations).NotTo(HaveKey(v1alpha1.CreatingAnnotation))
		a.settled(ctx)
		Expect(a.writes(ctx)).To(HaveLen(1), "it is not tried at each poll")
		a.remove(ctx, "main")
	})
})
