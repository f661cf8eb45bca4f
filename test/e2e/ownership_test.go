package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// rarely has the array polled so rarely that no poll comes in between.
func (a *array) rarely(ctx SpecContext) {
	GinkgoHelper()
	a.configure(ctx, `{"pollInterval":"1h"}`)
	Eventually(a.connection).WithContext(ctx).Should(Equal("True Connected"))
}

// admit gives the namespaces, all if there are none, every SVM of the array.
func (a *array) admit(ctx SpecContext, namespaces ...string) {
	GinkgoHelper()
	who := `"selector":{}`
	if len(namespaces) > 0 {
		who = `"names":["` + strings.Join(namespaces, `","`) + `"],"selector":null`
	}
	kubectl(ctx, "patch", "ontapcluster", a.name, "--type=merge", "-p", `{"spec":{"access":[{"namespaces":{`+who+`},"svms":["*"]}]}}`)
}

// team is another namespace that uses the ONTAPCluster.
func (a *array) team(ctx SpecContext) *array {
	GinkgoHelper()
	b := &array{Simulator: a.Simulator, name: a.name + "-b"}
	apply(ctx, "apiVersion: v1\nkind: Namespace\nmetadata: {name: "+b.name+"}")
	DeferCleanup(func(ctx SpecContext) {
		kubectl(ctx, "delete", "namespace", b.name, "--ignore-not-found", "--wait=false")
	})
	return b
}

// applyTo applies an ISCSIService of that name in the team's namespace.
func (a *array) applyTo(ctx SpecContext, team *array, name, spec string) {
	GinkgoHelper()
	apply(ctx, strings.Replace(a.service(name, spec), "namespace: "+a.name, "namespace: "+team.name, 1))
}

var _ = Describe("Of several objects that name one SVM", func() {
	DescribeTable("and are deleted together none leaves its service behind", func(ctx SpecContext, n int, namespace bool) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}, deletionPolicy: Delete")
		a.ready(ctx, "main")
		names := []string{"main"}
		for i := range n - 1 {
			names = append(names, fmt.Sprintf("waits-%d", i))
			a.apply(ctx, names[i+1], "svm: {name: svm1}, deletionPolicy: Delete")
		}
		for _, name := range names[1:] {
			Eventually(a.get).WithContext(ctx).WithArguments(name).Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonManagementConflict))
		}
		if namespace {
			kubectl(ctx, "delete", "namespace", a.name, "--timeout=60s")
		} else {
			kubectl(ctx, append([]string{"-n", a.name, "delete", "iscsisvc", "--timeout=60s"}, names...)...)
		}
		Expect(a.on(ctx, "svm1")).To(BeNil())
	},
		Entry("two in one command", 2, false),
		Entry("five in one command", 5, false),
		Entry("twenty in one command", 20, false),
		Entry("two with their namespace", 2, true),
	)

	It("the one that takes the service over has recorded that before the other one goes", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		a.apply(ctx, "second", "svm: {name: svm1}, deletionPolicy: Delete")
		Eventually(a.get).WithContext(ctx).WithArguments("second").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonManagementConflict))
		kubectl(ctx, "-n", a.name, "annotate", "iscsisvc", "second", v1alpha1.PausedAnnotation+"=true")
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", "main", "--wait=false")
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonHandingOver))
		Expect(condition(a.get(ctx, "main"), v1alpha1.ConditionReady).Message).To(ContainSubstring(a.name + "/second"))
		a.settled(ctx)
		Expect(a.get(ctx, "main").Finalizers).NotTo(BeEmpty())

		kubectl(ctx, "-n", a.name, "annotate", "iscsisvc", "second", v1alpha1.PausedAnnotation+"-")
		Eventually(a.gone).WithContext(ctx).WithArguments("main").Should(BeTrue())
		Expect(a.ready(ctx, "second").Status.Origin).To(Equal(v1alpha1.OriginAdopted))
		Expect(a.get(ctx, "second").Finalizers).To(ContainElement(v1alpha1.Finalizer))
		Expect(a.writes(ctx)).To(HaveLen(1), "handed over untouched")
		a.remove(ctx, "second")
		Expect(a.on(ctx, "svm1")).To(BeNil())
	})

	DescribeTable("a former owner does not take back what another one has adopted meanwhile",
		func(ctx SpecContext, bar, lift func(SpecContext, *array, *array)) {
			const initiator = "iqn.1998-01.com.example:host1"
			a := newArray(ctx, "{name: svm1}")
			b := a.team(ctx)
			a.admit(ctx)
			a.apply(ctx, "main", "svm: {name: svm1}")
			a.ready(ctx, "main")
			bar(ctx, a, b)
			a.applyTo(ctx, b, "theirs", "svm: {name: svm1}")
			Expect(b.ready(ctx, "theirs").Status.Origin).To(Equal(v1alpha1.OriginAdopted))
			Expect(a.Login(ctx, "svm1", initiator)).To(Succeed())
			Expect(a.get(ctx, "main").Status.Origin).To(BeEmpty())
			lift(ctx, a, b)
			Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonManagementConflict))
			a.settled(ctx)
			Expect(*a.on(ctx, "svm1").Enabled).To(BeTrue())
			a.remove(ctx, "main")
			Expect(*a.on(ctx, "svm1").Enabled).To(BeTrue())
			Expect(a.writes(ctx)).To(HaveLen(1))
		},
		Entry("while it had no access",
			func(ctx SpecContext, a, b *array) {
				a.admit(ctx, b.name)
				Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonAccessDenied))
				a.apply(ctx, "main", "svm: {name: svm1}, enabled: false, inUsePolicy: Disconnect")
			},
			func(ctx SpecContext, a, _ *array) { a.admit(ctx) }),
		Entry("while it only observed",
			func(ctx SpecContext, a, _ *array) {
				a.apply(ctx, "main", "svm: {name: svm1}, managementPolicy: Observe")
				Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionTrue, v1alpha1.ReasonObserved))
			},
			func(ctx SpecContext, a, _ *array) {
				a.apply(ctx, "main", "svm: {name: svm1}, enabled: false, inUsePolicy: Disconnect")
			}),
	)
})

var _ = Describe("An object is bound to what is there", func() {
	It("under the name that it has, and not to the SVM that had the name at the last poll", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1, service: {enabled: true, alias: old}}")
		a.rarely(ctx)
		Expect(a.ChangeSVM(ctx, "svm1", map[string]any{"name": "svm-old"})).To(Succeed())
		Expect(a.CreateSVM(ctx, testbed.SVM{Name: "svm1", State: "running", ISCSI: testbed.ISCSI{Allowed: true}})).To(Succeed())
		a.apply(ctx, "main", "svm: {name: svm1}, alias: new")
		Expect(a.ready(ctx, "main").Status.SVM.Name).To(Equal("svm1"))
		Expect(*a.on(ctx, "svm-old").Alias).To(Equal("old"))
		Expect(*a.on(ctx, "svm1").Alias).To(Equal("new"))
		Expect(strings.Join(a.writes(ctx), " ")).NotTo(ContainSubstring("PATCH"))
	})

	It("and to no other array, though the ONTAPCluster is a new one", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		other := newUnconnected(ctx, "{name: svm9}")
		other.name = a.name + "-other"
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		kubectl(ctx, "delete", "ontapcluster", a.name, "--wait=false")
		kubectl(ctx, "patch", "ontapcluster", a.name, "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", "main", "--wait=false")
		moved := *a
		moved.Simulator = other.Simulator
		apply(ctx, moved.secret(password)+"\n---\n"+moved.manifest("*"))
		kubectl(ctx, "wait", "--for=condition=Ready", "--timeout=30s", "ontapcluster", a.name)
		moved.settled(ctx)
		Expect(a.gone(ctx, "main")).To(BeFalse(), "released on the word of another array")
		Expect(a.get(ctx, "main")).To(beReady(metav1.ConditionFalse, v1alpha1.ReasonArrayChanged))

		kubectl(ctx, "delete", "ontapcluster", a.name, "--wait=false")
		kubectl(ctx, "patch", "ontapcluster", a.name, "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
		apply(ctx, a.secret(password)+"\n---\n"+a.manifest("*"))
		Eventually(a.gone).WithContext(ctx).WithArguments("main").Should(BeTrue())
		Expect(a.on(ctx, "svm1")).To(BeNil())
	})

	DescribeTable("and observes nothing that went since the last poll", func(ctx SpecContext, fault *testbed.Fault, expected ...any) {
		a := newArray(ctx, "{name: svm1, service: {enabled: true}}")
		a.rarely(ctx)
		Expect(a.DeleteService(ctx, "svm1")).To(Succeed())
		if fault != nil {
			_, err := a.InjectFault(ctx, *fault)
			Expect(err).NotTo(HaveOccurred())
		}
		a.apply(ctx, "main", "svm: {name: svm1}, managementPolicy: Observe")
		Eventually(func() any {
			if c := condition(a.get(ctx, "main"), v1alpha1.ConditionReady); c != nil {
				return c.Reason
			}
			return nil
		}).Should(BeElementOf(expected...))
		service := a.get(ctx, "main")
		Expect(service.Status.SVM).To(BeNil())
		Expect(service.Status.Target).To(BeNil())
		Expect(service.Status.Enabled).To(BeNil())
	},
		Entry("when the array says so", nil, v1alpha1.ReasonNothingToObserve),
		Entry("when the array fails to answer", &testbed.Fault{Match: testbed.Match{Method: http.MethodGet, Path: servicesPath}, Status: 500, Code: "1"},
			v1alpha1.ReasonArrayError),
	)

	DescribeTable("and a service that another person made is not its own", func(ctx SpecContext, rarely bool, faults ...testbed.Fault) {
		a := newArray(ctx, "{name: svm1}")
		if rarely {
			a.rarely(ctx)
		}
		for _, fault := range faults {
			_, err := a.InjectFault(ctx, fault)
			Expect(err).NotTo(HaveOccurred())
		}
		Expect(a.PutService(ctx, "svm1", testbed.SVMService{Enabled: new(true)})).To(Succeed())
		a.apply(ctx, "main", "svm: {name: svm1}")
		Expect(a.ready(ctx, "main").Status.Origin).To(Equal(v1alpha1.OriginAdopted))
		a.remove(ctx, "main")
		Expect(*a.on(ctx, "svm1").Enabled).To(BeTrue())
	},
		Entry("though it came since the last poll, and the answer to a create request is lost", true,
			testbed.Fault{Match: testbed.Match{Method: http.MethodPost, Count: 1}, Reset: testbed.After}),
		Entry("though collections lack it for a while, and the answer to a create request is lost", false,
			testbed.Fault{Match: testbed.Match{Method: http.MethodPost, Count: 1}, Reset: testbed.After},
			testbed.Fault{Match: testbed.Match{Method: http.MethodGet, Path: servicesPath + "?", Count: 4}, Omit: []string{"svm1"}},
			testbed.Fault{Match: testbed.Match{Method: http.MethodGet, Path: servicesPath, Query: "fields", Count: 4}, Omit: []string{"svm1"}}),
	)
})

var _ = Describe("An absence that was seen while nothing may be changed is remembered", func() {
	DescribeTable("so that what another person made is kept", func(ctx SpecContext, bar, lift func(SpecContext, *array)) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		target := a.ready(ctx, "main").Status.Target.Name
		bar(ctx, a)
		Expect(a.DeleteService(ctx, "svm1")).To(Succeed())
		a.settled(ctx)
		a.settled(ctx)
		Expect(a.PutService(ctx, "svm1", testbed.SVMService{Enabled: new(true), Target: target})).To(Succeed())
		a.settled(ctx)
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", "main", "--wait=false")
		lift(ctx, a)
		Eventually(a.gone).WithContext(ctx).WithArguments("main").Should(BeTrue())
		Expect(a.on(ctx, "svm1")).To(HaveValue(HaveField("Target", target)))
		Expect(*a.on(ctx, "svm1").Enabled).To(BeTrue())
		Expect(a.writes(ctx)).To(HaveLen(1), "the create request")
	},
		Entry("while the object is paused",
			func(ctx SpecContext, a *array) {
				kubectl(ctx, "-n", a.name, "annotate", "iscsisvc", "main", v1alpha1.PausedAnnotation+"=true")
				Eventually(func() any { return condition(a.get(ctx, "main"), v1alpha1.ConditionPaused) }).ShouldNot(BeNil())
			},
			func(ctx SpecContext, a *array) {
				kubectl(ctx, "-n", a.name, "annotate", "iscsisvc", "main", v1alpha1.PausedAnnotation+"-")
			}),
		Entry("while the ONTAPCluster is paused",
			func(ctx SpecContext, a *array) {
				kubectl(ctx, "annotate", "ontapcluster", a.name, v1alpha1.PausedAnnotation+"=true")
				Eventually(func() any { return condition(a.get(ctx, "main"), v1alpha1.ConditionPaused) }).ShouldNot(BeNil())
			},
			func(ctx SpecContext, a *array) {
				kubectl(ctx, "annotate", "ontapcluster", a.name, v1alpha1.PausedAnnotation+"-")
			}),
	)

	DescribeTable("so that what another person made is adopted", func(ctx SpecContext, bar, lift func(SpecContext, *array)) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		target := a.ready(ctx, "main").Status.Target.Name
		bar(ctx, a)
		Expect(a.DeleteService(ctx, "svm1")).To(Succeed())
		a.settled(ctx)
		a.settled(ctx)
		Expect(a.PutService(ctx, "svm1", testbed.SVMService{Enabled: new(true), Target: target})).To(Succeed())
		a.settled(ctx)
		lift(ctx, a)
		Eventually(func() v1alpha1.Origin { return a.ready(ctx, "main").Status.Origin }).Should(Equal(v1alpha1.OriginAdopted))
		a.remove(ctx, "main")
		Expect(*a.on(ctx, "svm1").Enabled).To(BeTrue())
	},
		Entry("while access was denied",
			func(ctx SpecContext, a *array) {
				a.admit(ctx, "nobody")
				Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonAccessDenied))
			},
			func(ctx SpecContext, a *array) { a.admit(ctx, a.name) }),
		Entry("while it only observed",
			func(ctx SpecContext, a *array) {
				a.apply(ctx, "main", "svm: {name: svm1}, managementPolicy: Observe")
				Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionTrue, v1alpha1.ReasonObserved))
			},
			func(ctx SpecContext, a *array) { a.apply(ctx, "main", "svm: {name: svm1}") }),
	)
})

var _ = Describe("A deletion that is called off after the service was disabled says that it stays so", func() {
	DescribeTable("when", func(ctx SpecContext, callOff func(SpecContext, *array)) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		_, err := a.InjectFault(ctx, testbed.Fault{Match: testbed.Match{Method: http.MethodDelete}, Status: 503, Code: "8"})
		Expect(err).NotTo(HaveOccurred())
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", "main", "--wait=false")
		Eventually(func() bool { return *a.on(ctx, "svm1").Enabled }).Should(BeFalse())
		Eventually(func() bool { return *a.get(ctx, "main").Status.Enabled }).Should(BeFalse())
		callOff(ctx, a)
		Eventually(a.gone).WithContext(ctx).WithArguments("main").Should(BeTrue())
		Eventually(a.warnings).WithContext(ctx).WithArguments("main").Should(ContainElement(ContainSubstring("was disabled")))
		Expect(a.warnings(ctx, "main")).NotTo(ContainElement(ContainSubstring("not touched")))
	},
		Entry("it is only to be observed", func(ctx SpecContext, a *array) {
			kubectl(ctx, "-n", a.name, "patch", "iscsisvc", "main", "--type=merge", "-p", `{"spec":{"managementPolicy":"Observe"}}`)
		}),
		Entry("access is taken away", func(ctx SpecContext, a *array) { a.admit(ctx, "nobody") }),
	)
})

var _ = Describe("Marks that somebody takes off while the service is created", func() {
	DescribeTable("are put back at once, so that a deletion asks the operator", func(ctx SpecContext, stage testbed.Stage) {
		a := newArray(ctx, "{name: svm1}")
		a.configure(ctx, `{"metrics":{"disabled":true}}`) // or a sample that is due would have the object looked at
		a.rarely(ctx)
		barrier, err := a.Hold(ctx, posts, stage)
		Expect(err).NotTo(HaveOccurred())
		a.apply(ctx, "main", "svm: {name: svm1}")
		Expect(barrier.Wait(ctx, time.Minute)).To(Succeed())
		_, err = cluster.Kubectl(ctx, a.service("main", "svm: {name: svm1}"), "replace", "-f", "-")
		Expect(err).NotTo(HaveOccurred())
		Expect(a.get(ctx, "main").Finalizers).To(BeEmpty())
		Expect(barrier.Release(ctx)).To(Succeed())
		a.ready(ctx, "main")
		Eventually(func() []string { return a.get(ctx, "main").Finalizers }, "20s").Should(ContainElement(v1alpha1.Finalizer))
		Expect(a.get(ctx, "main").Status.Origin).To(Equal(v1alpha1.OriginCreated))
		a.remove(ctx, "main")
		Expect(a.on(ctx, "svm1")).To(BeNil())
	},
		Entry("before the array carries the request out", testbed.Before),
		Entry("after the array has carried it out", testbed.After),
	)

	It("are put back while the answer to the request is lost, and no second request is sent", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		_, err := a.InjectFault(ctx, testbed.Fault{Match: testbed.Match{Method: http.MethodPost, Count: 1}, Reset: testbed.Before, ApplyAfter: "15s"})
		Expect(err).NotTo(HaveOccurred())
		a.apply(ctx, "main", "svm: {name: svm1}")
		Eventually(func() string { return kubectl(ctx, "-n", a.name, "get", "iscsisvc", "main") }).Should(ContainSubstring("create request"))
		_, err = cluster.Kubectl(ctx, a.service("main", "svm: {name: svm1}"), "replace", "-f", "-")
		Expect(err).NotTo(HaveOccurred())
		Eventually(func() []string { return a.get(ctx, "main").Finalizers }, "12s").Should(ContainElement(v1alpha1.Finalizer))
		Expect(a.ready(ctx, "main").Status.Origin).To(Equal(v1alpha1.OriginCreated))
		Expect(a.writes(ctx)).To(HaveLen(1))
	})
})
