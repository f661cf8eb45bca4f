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
		Expect(condition(a.get(ctx, "main"), v1alpha1.ConditionReady).Message).To(SatisfyAll(
			ContainSubstring("once the array answers"), ContainSubstring("spec.managementPolicy to Observe"), ContainSubstring(v1alpha1.Finalizer)))
		kubectl(ctx, "-n", a.name, "patch", "iscsisvc", "main", "--type=merge", "-p", `{"spec":{"deletionPolicy":"Retain"}}`)
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionUnknown, v1alpha1.ReasonArrayUnreachable))
		kubectl(ctx, "-n", a.name, "patch", "iscsisvc", "main", "--type=merge", "-p", `{"spec":{"deletionPolicy":"Delete"}}`)
		Expect(a.ClearFaults(ctx)).To(Succeed())
		Eventually(a.gone).WithContext(ctx).WithArguments("main").Should(BeTrue())
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

	DescribeTable("of a service whose target has changed unseen goes by the policy", func(ctx SpecContext, policy string, kept bool) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}"+policy)
		created := a.ready(ctx, "main").Status.Created.TargetName
		kubectl(ctx, "annotate", "ontapcluster", a.name, v1alpha1.PausedAnnotation+"=true")
		Eventually(func() any { return condition(a.get(ctx, "main"), v1alpha1.ConditionPaused) }).ShouldNot(BeNil())
		a.rarely(ctx) // or a poll sees it
		const theirs = "iqn.1992-08.com.netapp:sn.theirs:vs.7"
		Expect(a.PutService(ctx, "svm1", testbed.SVMService{Enabled: new(true), Target: theirs})).To(Succeed())
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", "main", "--wait=false")
		kubectl(ctx, "annotate", "ontapcluster", a.name, v1alpha1.PausedAnnotation+"-")
		Eventually(a.gone).WithContext(ctx).WithArguments("main").Should(BeTrue())
		if !kept {
			Expect(a.on(ctx, "svm1")).To(BeNil())
			return
		}
		Expect(a.on(ctx, "svm1")).To(HaveValue(HaveField("Target", SatisfyAll(Equal(theirs), Not(Equal(created))))))
		Expect(*a.on(ctx, "svm1").Enabled).To(BeTrue())
		Expect(a.writes(ctx)).To(HaveLen(1))
		Eventually(a.warnings).WithContext(ctx).WithArguments("main").Should(ContainElement(SatisfyAll(
			ContainSubstring("stays on the array"), ContainSubstring(theirs))))
	},
		Entry("and keeps it if there is none", "", true),
		Entry("and deletes it if that is Delete", ", deletionPolicy: Delete", false),
	)

	It("of a namespace takes the services in it along, says what it waits for, and ends when that is over", func(ctx SpecContext) {
		const initiator = "iqn.1998-01.com.example:host1"
		a := newArray(ctx, "{name: svm1}", "{name: svm2}", "{name: adopted, service: {enabled: true}}")
		for _, svm := range []string{"svm1", "svm2", "adopted"} {
			a.apply(ctx, svm, "svm: {name: "+svm+"}")
			a.ready(ctx, svm)
		}
		Expect(a.Login(ctx, "svm1", initiator)).To(Succeed())
		kubectl(ctx, "delete", "namespace", a.name, "--wait=false")
		Eventually(a.gone).WithContext(ctx).WithArguments("svm2").Should(BeTrue())
		Eventually(a.get).WithContext(ctx).WithArguments("svm1").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonInUse))
		Expect(condition(a.get(ctx, "svm1"), v1alpha1.ConditionReady).Message).To(SatisfyAll(
			ContainSubstring(initiator), ContainSubstring("The deletion waits."), ContainSubstring(v1alpha1.Finalizer)))
		Eventually(func() string {
			return kubectl(ctx, "get", "namespace", a.name, "-o", `jsonpath={.status.conditions[?(@.type=="NamespaceFinalizersRemaining")].message}`)
		}).Should(ContainSubstring(v1alpha1.Finalizer + " in 1 resource instances"))

		Expect(a.Logout(ctx, "svm1", initiator)).To(Succeed())
		kubectl(ctx, "wait", "--for=delete", "--timeout=60s", "namespace/"+a.name)
		Expect(a.on(ctx, "svm1")).To(BeNil())
		Expect(a.on(ctx, "svm2")).To(BeNil())
		Expect(*a.on(ctx, "adopted").Enabled).To(BeTrue())
	})
})
