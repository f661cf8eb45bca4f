package e2e

import (
	"net/http"
	"slices"
	"strings"
	"time"

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

	It("binds nothing that its spec contradicts", func(ctx SpecContext) {
		const uuid = "11111111-2222-3333-4444-555555555555"
		a := newArray(ctx, "{name: svm1, uuid: "+uuid+", service: {enabled: true}}", "{name: svm2}")
		a.apply(ctx, "main", "svm: {name: svm2, uuid: "+uuid+"}, managementPolicy: Observe")
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonSVMMismatch))
		Expect(a.get(ctx, "main").Status.SVM).To(BeNil())
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

	It("that comes while the array is asked is heeded", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		barrier, err := a.Hold(ctx, testbed.Match{Method: http.MethodGet, Path: sessionsPath}, testbed.After)
		Expect(err).NotTo(HaveOccurred())
		a.apply(ctx, "main", "svm: {name: svm1}, enabled: false, deletionPolicy: Retain")
		Expect(barrier.Wait(ctx, time.Minute)).To(Succeed())
		kubectl(ctx, "-n", a.name, "annotate", "iscsisvc", "main", v1alpha1.PausedAnnotation+"=true")
		Expect(barrier.Release(ctx)).To(Succeed())
		Eventually(paused(ctx, a, "main")).Should(BeTrue())
		a.settled(ctx)
		Expect(a.writes(ctx)).To(HaveLen(1))
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

	It("repeats it once", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		_, err := a.InjectFault(ctx, testbed.Fault{Match: posts, Status: http.StatusBadRequest, Code: "1115127"})
		Expect(err).NotTo(HaveOccurred())
		a.apply(ctx, "main", "svm: {name: svm1}")
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonLicenseMissing))
		kubectl(ctx, "-n", a.name, "annotate", "iscsisvc", "main", v1alpha1.ReconcileRequestedAtAnnotation+"=now")
		Eventually(func() string { return a.get(ctx, "main").Status.LastHandledReconcileAt }).Should(Equal("now"))
		a.polled(ctx, servicesPath, 3)
		Expect(a.writes(ctx)).To(HaveLen(2))
	})
	It("has an array looked at that nobody looks at otherwise", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		kubectl(ctx, "patch", "ontapcluster", a.name, "--type=merge", "-p", `{"spec":{"pollInterval":"24h"}}`)
		for _, value := range []string{"one", "two", "three"} { // two may coincide with polls that were due in any case
			before := a.reads(ctx, servicesPath)
			kubectl(ctx, "annotate", "--overwrite", "ontapcluster", a.name, v1alpha1.ReconcileRequestedAtAnnotation+"="+value)
			Eventually(func() int { return a.reads(ctx, servicesPath) }).Should(BeNumerically(">", before))
		}
	})
})

var _ = Describe("A service that is in use", func() {
	const initiator = "iqn.1998-01.com.example:host1"
	svm := "{name: svm1, service: {enabled: true}, sessions: [{initiator: \"" + initiator + "\"}]}"
	inUse := func(ctx SpecContext, a *array) {
		GinkgoHelper()
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonInUse))
		Expect(condition(a.get(ctx, "main"), v1alpha1.ConditionInUse)).NotTo(BeNil())
	}

	It("is not disabled before its initiators have left, and then is by itself", func(ctx SpecContext) {
		a := newArray(ctx, svm)
		a.apply(ctx, "main", "svm: {name: svm1}, enabled: false, alias: mine")
		inUse(ctx, a)
		Expect(condition(a.get(ctx, "main"), v1alpha1.ConditionInUse).Message).To(SatisfyAll(ContainSubstring("logged in: 1"), ContainSubstring(initiator)))
		a.settled(ctx)
		Expect(a.writes(ctx)).To(Equal([]string{`PATCH {"target":{"alias":"mine"}}`}), "what does not hurt is done")
		Expect(a.Logout(ctx, "svm1", initiator)).To(Succeed())
		Expect(a.ready(ctx, "main")).To(beReady(metav1.ConditionTrue, v1alpha1.ReasonDisabled))
		Expect(condition(a.get(ctx, "main"), v1alpha1.ConditionInUse)).To(BeNil())
	})

	It("says who uses it, and is disabled when they leave or are cut off, whatever it is disabled for", func(ctx SpecContext) {
		const other = "iqn.1998-01.com.example:host2"
		annotate := func(a *array, name, paused string) {
			kubectl(ctx, "-n", a.name, "annotate", "iscsisvc", name, v1alpha1.PausedAnnotation+paused)
		}
		causes := map[string]func(a *array, name, svm string, login func()){
			"edit": func(a *array, name, svm string, login func()) {
				a.apply(ctx, name, svm)
				a.ready(ctx, name)
				login()
				a.apply(ctx, name, svm+", enabled: false")
			},
			"drift": func(a *array, name, svm string, login func()) {
				a.apply(ctx, name, svm+", enabled: false")
				Expect(a.ready(ctx, name)).To(beReady(metav1.ConditionTrue, v1alpha1.ReasonDisabled))
				annotate(a, name, "=true") // or it would be put right before anybody can log in
				Eventually(func() any { return condition(a.get(ctx, name), v1alpha1.ConditionPaused) }).ShouldNot(BeNil())
				Expect(a.ChangeService(ctx, name, testbed.SVMService{Enabled: new(true)})).To(Succeed())
				login()
				annotate(a, name, "-")
			},
			"adoption": func(a *array, name, svm string, login func()) {
				login()
				a.apply(ctx, name, svm+", enabled: false")
			},
			"deletion": func(a *array, name, svm string, login func()) {
				a.apply(ctx, name, svm+", deletionPolicy: Delete")
				a.ready(ctx, name)
				login()
				kubectl(ctx, "-n", a.name, "delete", "iscsisvc", name, "--wait=false")
			},
		}
		// For each cause there are two: initiators log out of the one, and are cut off from the other.
		var svms, left, cut []string
		for cause := range causes {
			left, cut = append(left, cause+"-left"), append(cut, cause+"-cut")
		}
		all := slices.Concat(left, cut)
		for _, name := range all {
			svms = append(svms, "{name: "+name+", service: {enabled: true}}")
		}
		a := newArray(ctx, svms...)
		for _, name := range all {
			cause, _, _ := strings.Cut(name, "-")
			causes[cause](a, name, "svm: {name: "+name+"}", func() {
				Expect(a.Login(ctx, name, initiator)).To(Succeed())
				Expect(a.Login(ctx, name, other)).To(Succeed())
			})
		}
		says := func(name string) func() string {
			return func() string {
				service := a.get(ctx, name)
				if c := condition(service, v1alpha1.ConditionInUse); c != nil && c.ObservedGeneration == service.Generation {
					return c.Message
				}
				return ""
			}
		}
		for _, name := range all {
			Eventually(says(name)).Should(SatisfyAll(
				ContainSubstring("logged in: 2"), ContainSubstring(initiator+", "+other), ContainSubstring("spec.inUsePolicy")), name)
			Expect(a.get(ctx, name)).To(beReady(metav1.ConditionFalse, v1alpha1.ReasonInUse), name)
		}
		a.settled(ctx)
		disabled := func(name string) bool { service := a.on(ctx, name); return service == nil || !*service.Enabled }
		for _, name := range all {
			Expect(disabled(name)).To(BeFalse(), name)
		}
		for _, name := range left {
			Expect(a.Logout(ctx, name, initiator)).To(Succeed())
			Eventually(says(name)).Should(SatisfyAll(ContainSubstring("logged in: 1"), ContainSubstring(other), Not(ContainSubstring(initiator))), name)
			Expect(a.Logout(ctx, name, other)).To(Succeed())
		}
		for _, name := range left {
			Eventually(disabled).WithArguments(name).Should(BeTrue(), name)
		}
		for _, name := range cut {
			Expect(disabled(name)).To(BeFalse(), name)
			kubectl(ctx, "-n", a.name, "patch", "iscsisvc", name, "--type=merge", "-p", `{"spec":{"inUsePolicy":"Disconnect"}}`)
		}
		for _, name := range cut {
			Eventually(disabled).WithArguments(name).Should(BeTrue(), name)
		}
		Eventually(a.gone).WithContext(ctx).WithArguments("deletion-left").Should(BeTrue())
		Eventually(a.gone).WithContext(ctx).WithArguments("deletion-cut").Should(BeTrue())
	})

	It("is not disabled by Retain, which lets go of it as it is", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		Expect(a.Login(ctx, "svm1", initiator)).To(Succeed())
		a.apply(ctx, "main", "svm: {name: svm1}, enabled: false")
		inUse(ctx, a)
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", "main", "--wait=false")
		a.settled(ctx)
		kubectl(ctx, "-n", a.name, "patch", "iscsisvc", "main", "--type=merge", "-p", `{"spec":{"deletionPolicy":"Retain"}}`)
		Eventually(a.gone).WithContext(ctx).WithArguments("main").Should(BeTrue())
		Expect(*a.on(ctx, "svm1").Enabled).To(BeTrue())
		Expect(a.writes(ctx)).To(HaveLen(1))
	})

	It("counts as in use while the account may not read sessions", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1, service: {enabled: true}}")
		_, err := a.InjectFault(ctx, testbed.Fault{Match: testbed.Match{Path: "/api/protocols/san/iscsi/sessions"}, Status: http.StatusForbidden, Code: "6"})
		Expect(err).NotTo(HaveOccurred())
		a.apply(ctx, "main", "svm: {name: svm1}, enabled: false")
		inUse(ctx, a)
		Expect(condition(a.get(ctx, "main"), v1alpha1.ConditionInUse).Message).To(ContainSubstring("does not allow GET /api/protocols/san/iscsi/sessions"))
		Expect(a.writes(ctx)).To(BeEmpty())
		Expect(a.ClearFaults(ctx)).To(Succeed())
		a.ready(ctx, "main")
	})

	It("counts as in use where the array does not answer with a count", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1, service: {enabled: true}}")
		_, err := a.InjectFault(ctx, testbed.Fault{Match: testbed.Match{Path: "/api/protocols/san/iscsi/sessions"}, Status: http.StatusNotFound, Code: "3"})
		Expect(err).NotTo(HaveOccurred())
		a.apply(ctx, "main", "svm: {name: svm1}, enabled: false")
		inUse(ctx, a)
		Expect(condition(a.get(ctx, "main"), v1alpha1.ConditionInUse).Message).To(SatisfyAll(
			ContainSubstring("does not answer GET /api/protocols/san/iscsi/sessions"), ContainSubstring("ONTAP code 3"), ContainSubstring("Disconnect")))
		Expect(a.writes(ctx)).To(BeEmpty())
		a.apply(ctx, "main", "svm: {name: svm1}, enabled: false, inUsePolicy: Disconnect")
		a.ready(ctx, "main")
	})
})
