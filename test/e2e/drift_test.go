package e2e

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gstruct"

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
})
