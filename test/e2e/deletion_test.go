package e2e

import (
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

var _ = Describe("Deletion", func() {
	It("waits for an array that is down, says so, and finishes when it is back", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		a.hangUp(ctx)
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", "main", "--wait=false")
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionUnknown, v1alpha1.ReasonArrayUnreachable))
		Expect(a.ClearFaults(ctx)).To(Succeed())
		Eventually(a.gone, "60s").WithContext(ctx).WithArguments("main").Should(BeTrue())
		Expect(a.on(ctx, "svm1")).To(BeNil())
	})

	It("that is called off by Retain puts enabled back and lets go", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		_, err := a.InjectFault(ctx, testbed.Fault{Match: testbed.Match{Method: http.MethodDelete}, Status: 409, Code: "8"})
		Expect(err).NotTo(HaveOccurred())
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", "main", "--wait=false")
		Eventually(func() bool { return *a.on(ctx, "svm1").Enabled }).Should(BeFalse())
		kubectl(ctx, "-n", a.name, "patch", "iscsisvc", "main", "--type=merge", "-p", `{"spec":{"deletionPolicy":"Retain"}}`)
		Eventually(a.gone).WithContext(ctx).WithArguments("main").Should(BeTrue())
		Expect(*a.on(ctx, "svm1").Enabled).To(BeTrue())
	})

	It("of what is retained needs no array", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		a.hangUp(ctx)
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionUnknown, v1alpha1.ReasonArrayUnreachable))
		a.apply(ctx, "main", "svm: {name: svm1}, deletionPolicy: Retain")
		Eventually(func() []string { return a.get(ctx, "main").Finalizers }).Should(BeEmpty())
		a.remove(ctx, "main")
		Expect(*a.on(ctx, "svm1").Enabled).To(BeTrue())
	})

	It("that is called off needs no array either", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		a.hangUp(ctx)
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", "main", "--wait=false")
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionUnknown, v1alpha1.ReasonArrayUnreachable))
		kubectl(ctx, "-n", a.name, "patch", "iscsisvc", "main", "--type=merge", "-p", `{"spec":{"managementPolicy":"Observe"}}`)
		Eventually(a.gone).WithContext(ctx).WithArguments("main").Should(BeTrue())
		Expect(*a.on(ctx, "svm1").Enabled).To(BeTrue())
	})

	It("of a service whose SVM is gone ends", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		Expect(a.DeleteSVM(ctx, "svm1")).To(Succeed())
		a.remove(ctx, "main")
		Expect(a.writes(ctx)).NotTo(ContainElement("DELETE"))
	})

	It("of an ONTAPCluster waits for its services, which go on as before", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		kubectl(ctx, "delete", "ontapcluster", a.name, "--wait=false")
		Eventually(func() string { return kubectl(ctx, "get", "ontapcluster", a.name) }).Should(ContainSubstring("It stays while ISCSIServices use it, 1 of them: " + a.name + "/main"))
		a.apply(ctx, "main", "svm: {name: svm1}, alias: two")
		Expect(a.ready(ctx, "main").Status.Target.Alias).To(Equal("two"))
		a.remove(ctx, "main")
		Expect(a.on(ctx, "svm1")).To(BeNil())
		kubectl(ctx, "wait", "--for=delete", "--timeout=30s", "ontapcluster/"+a.name)
	})

	It("without an ONTAPCluster waits, and says what to do", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		kubectl(ctx, "delete", "ontapcluster", a.name, "--wait=false")
		kubectl(ctx, "patch", "ontapcluster", a.name, "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", "main", "--wait=false")
		Eventually(func() string { return condition(a.get(ctx, "main"), v1alpha1.ConditionReady).Message }).Should(SatisfyAll(
			ContainSubstring("there is no ONTAPCluster"), ContainSubstring(v1alpha1.Finalizer)))
		a.connect(ctx)
		Eventually(a.gone).WithContext(ctx).WithArguments("main").Should(BeTrue())
		Expect(a.on(ctx, "svm1")).To(BeNil())
	})

	It("of a namespace takes the services in it along", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}", "{name: svm2, service: {enabled: true}}")
		a.apply(ctx, "created", "svm: {name: svm1}")
		a.apply(ctx, "adopted", "svm: {name: svm2}")
		a.ready(ctx, "created")
		a.ready(ctx, "adopted")
		kubectl(ctx, "delete", "namespace", a.name, "--timeout=60s")
		Expect(a.on(ctx, "svm1")).To(BeNil())
		Expect(a.on(ctx, "svm2")).NotTo(BeNil())
	})
})
