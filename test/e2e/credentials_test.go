package e2e

import (
	"fmt"
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

var _ = Describe("The account of an ONTAPCluster", func() {
	// soon is within what time a change of the Secret or of the ONTAPCluster is in use.
	const soon = "5s"

	// accounts are those that the requests so far were sent as, each once.
	accounts := func(ctx SpecContext, a *array) []string {
		GinkgoHelper()
		var names []string
		for _, request := range a.journal(ctx) {
			if len(names) == 0 || names[len(names)-1] != request.Account {
				names = append(names, request.Account)
			}
		}
		return names
	}

	It("may have a client certificate, and another one is in use within 5 seconds", func(ctx SpecContext) {
		a := &array{name: "by-certificate"}
		a.startAs(ctx, "{name: first, certificateCN: operator-1}, {name: second, certificateCN: operator-2}", []string{"{name: svm1}"})
		a.connectWith(ctx, a.certificateSecret(ctx, "first"))
		a.apply(ctx, "main", "svm: {name: svm1}, alias: one")
		a.ready(ctx, "main")
		Expect(accounts(ctx, a)).To(Equal([]string{"first"}))
		// It is not found out by a poll that happens to come.
		kubectl(ctx, "patch", "ontapcluster", a.name, "--type=merge", "-p", `{"spec":{"pollInterval":"10m"}}`)
		Eventually(a.connection).WithContext(ctx).Should(Equal("True Connected"))

		apply(ctx, a.certificateSecret(ctx, "second"))
		Eventually(accounts, soon).WithContext(ctx).WithArguments(a).Should(ContainElement("second"))
		Eventually(a.connection).WithContext(ctx).Should(Equal("True Connected"))
		Expect(a.ClearJournal(ctx)).To(Succeed())
		a.apply(ctx, "main", "svm: {name: svm1}, alias: two")
		a.ready(ctx, "main")
		Expect(*a.on(ctx, "svm1").Alias).To(Equal("two"))
		Expect(accounts(ctx, a)).To(Equal([]string{"second"}))
	})

	It("may get another password, which is in use within 5 seconds", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		Expect(a.ChangeAccount(ctx, account.Name, map[string]any{"password": "another"})).To(Succeed())
		Eventually(a.connection).WithContext(ctx).Should(Equal("Unknown CredentialsInvalid"))
		apply(ctx, a.secret("another"))
		Eventually(a.connection, soon).WithContext(ctx).Should(Equal("True Connected"))
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
	})

	It("is sent to an array with another certificate authority once spec.tls.ca says so, within 5 seconds", func(ctx SpecContext) {
		svms := []string{"{name: svm1, service: {enabled: true}}"}
		a := newArray(ctx, svms...)
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")

		trusted := a.CA
		Expect(a.Simulator.Stop()).To(Succeed())
		a.boot(ctx, account.scenario(), svms, "--listen", strings.TrimPrefix(a.URL, "https://"))
		Expect(a.CA).NotTo(Equal(trusted))
		Eventually(func() string {
			if c := a.connectionCondition(ctx); c != nil && c.Reason == v1alpha1.ReasonArrayUnreachable {
				return c.Message
			}
			return ""
		}).Should(ContainSubstring("give its CA"))
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionUnknown, v1alpha1.ReasonArrayUnreachable))
		Expect(a.journal(ctx)).To(BeEmpty(), "nothing is sent to whom nobody vouches for")

		apply(ctx, a.manifest("*"))
		Eventually(a.connection, soon).WithContext(ctx).Should(Equal("True Connected"))
		a.ready(ctx, "main")
	})

	It("is neither a password nor a certificate if the Secret has both, and nothing is sent with either", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		Expect(a.ChangeAccount(ctx, account.Name, map[string]any{"certificateCN": "operator"})).To(Succeed())
		apply(ctx, a.certificateSecret(ctx, account.Name)) // which does not take away what a Secret had before
		Eventually(a.connection, soon).WithContext(ctx).Should(Equal("False " + v1alpha1.ReasonSecretInvalid))
		Expect(a.connectionCondition(ctx).Message).To(SatisfyAll(
			ContainSubstring(`"`+a.name+`"`), ContainSubstring("username"), ContainSubstring("tls.crt"), ContainSubstring("remove one pair")))
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonSecretInvalid))
		Expect(a.ClearJournal(ctx)).To(Succeed())
		a.apply(ctx, "main", "svm: {name: svm1}, alias: two")
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonSecretInvalid))
		Expect(a.journal(ctx)).To(BeEmpty())

		kubectl(ctx, "-n", testbed.OperatorNamespace, "patch", "secret", a.name, "--type=merge", "-p", `{"data":{"username":null,"password":null}}`)
		Eventually(a.connection, soon).WithContext(ctx).Should(Equal("True Connected"))
		a.ready(ctx, "main")
	})

	It("is not locked by what goes on being changed after the array has refused it", func(ctx SpecContext) {
		const lockAfter = 6
		a := &array{name: "refused"}
		a.startAs(ctx, "{name: "+account.Name+", password: "+password+", lockAfter: 6}", []string{"{name: svm1}", "{name: svm2}"})
		a.connect(ctx)
		svms := []string{"svm1", "svm2"}
		for _, svm := range svms {
			a.apply(ctx, svm, "svm: {name: "+svm+"}")
			a.ready(ctx, svm)
		}
		Expect(a.ChangeAccount(ctx, account.Name, map[string]any{"password": "another"})).To(Succeed())
		refused := func(svm string) {
			Eventually(a.get).WithContext(ctx).WithArguments(svm).Should(beReady(metav1.ConditionUnknown, v1alpha1.ReasonCredentialsInvalid))
		}
		for i, alias := range []string{"a", "b", "c", "d"} {
			for _, svm := range svms {
				refused(svm)
				a.apply(ctx, svm, "svm: {name: "+svm+"}, alias: "+alias)
			}
			kubectl(ctx, "patch", "ontapcluster", a.name, "--type=merge", "-p", fmt.Sprintf(`{"spec":{"pollInterval":"%ds"}}`, 2+i))
			Eventually(a.connection).WithContext(ctx).Should(Equal("Unknown " + v1alpha1.ReasonCredentialsInvalid))
		}
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", svms[0], "--wait=false")
		refused(svms[0])
		refused(svms[1])
		login, err := a.Account(ctx, account.Name)
		Expect(err).NotTo(HaveOccurred())
		Expect(login.Locked).To(BeFalse())
		Expect(login.FailedLogins).To(SatisfyAll(BeNumerically(">", 0), BeNumerically("<", lockAfter)))

		apply(ctx, a.secret("another"))
		Eventually(a.gone).WithContext(ctx).WithArguments(svms[0]).Should(BeTrue())
		Expect(a.ready(ctx, svms[1]).Status.Target.Alias).To(Equal("d"))
	})

	It("is refused once after another password was set on the array, however many objects and ONTAPClusters there are", func(ctx SpecContext) {
		const each = 6
		a := &array{name: "rotated"}
		var svms []string
		for i := range 2 * each {
			svms = append(svms, fmt.Sprintf("{name: svm%02d}", i))
		}
		a.startAs(ctx, account.scenario(), svms)
		two := []*array{a, {Simulator: a.Simulator, name: a.name + "-twice"}}
		DeferCleanup(two[1].forget)
		manifests := func(spec string) string {
			var all []string
			for i := range svms {
				all = append(all, two[i/each].service(fmt.Sprintf("svm%02d", i), fmt.Sprintf("svm: {name: svm%02d}, %s", i, spec)))
			}
			return strings.Join(all, "\n---\n")
		}
		for _, cluster := range two {
			cluster.connect(ctx)
		}
		apply(ctx, manifests("alias: one"))
		for i := range svms {
			two[i/each].ready(ctx, fmt.Sprintf("svm%02d", i))
		}
		for _, cluster := range two {
			cluster.configure(ctx, `{"pollInterval":"10m"}`)
			Eventually(cluster.connection).WithContext(ctx).Should(Equal("True Connected"))
		}
		Eventually(func(g Gomega) {
			g.Expect(a.ClearJournal(ctx)).To(Succeed())
			g.Consistently(func() []testbed.Request { return a.journal(ctx) }, "3s").Should(BeEmpty(), "nobody asks the array for anything")
		}).Should(Succeed())

		Expect(a.ChangeAccount(ctx, account.Name, map[string]any{"password": "another"})).To(Succeed())
		a.inject(ctx, testbed.Fault{Delay: "200ms"}) // what is sent at once is there at once
		apply(ctx, manifests("alias: two"))
		for i := range svms {
			Eventually(two[i/each].get).WithContext(ctx).WithArguments(fmt.Sprintf("svm%02d", i)).
				Should(beReady(metav1.ConditionUnknown, v1alpha1.ReasonCredentialsInvalid))
		}
		for _, cluster := range two {
			Eventually(cluster.connection).WithContext(ctx).Should(Equal("Unknown " + v1alpha1.ReasonCredentialsInvalid))
		}
		var statuses []int
		for _, request := range a.journal(ctx) {
			statuses = append(statuses, request.Status)
		}
		Expect(statuses).To(Equal([]int{http.StatusUnauthorized}))

		Expect(a.ClearFaults(ctx)).To(Succeed())
		for _, cluster := range two {
			apply(ctx, cluster.secret("another"))
			Eventually(cluster.connection, soon).WithContext(ctx).Should(Equal("True Connected"))
		}
		for i := range svms {
			Expect(two[i/each].ready(ctx, fmt.Sprintf("svm%02d", i)).Status.Target.Alias).To(Equal("two"))
		}
	})

	It("is sent to another array behind a changed endpoint, and nothing is written there", func(ctx SpecContext) {
		a, b := newArray(ctx, "{name: svm1}", "{name: svm2}"), newArray(ctx, "{name: svm1, service: {enabled: true, alias: theirs}}", "{name: svm2}")
		a.apply(ctx, "main", "svm: {name: svm1}, alias: mine, deletionPolicy: Delete")
		a.ready(ctx, "main")
		written := a.writes(ctx)

		moved := &array{Simulator: b.Simulator, name: a.name}
		apply(ctx, a.secret(password, b.URL)+"\n---\n"+moved.manifest("*"))
		Eventually(a.connection).WithContext(ctx).Should(Equal("False " + v1alpha1.ReasonArrayChanged))
		a.apply(ctx, "main", "svm: {name: svm1}, alias: two, enabled: false, deletionPolicy: Delete")
		a.apply(ctx, "late", "svm: {name: svm2}")
		for _, name := range []string{"main", "late"} {
			Eventually(a.get).WithContext(ctx).WithArguments(name).Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonArrayChanged))
			Expect(condition(a.get(ctx, name), v1alpha1.ConditionStalled)).NotTo(BeNil())
		}
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", "main", "--wait=false")
		Eventually(func() string { return condition(a.get(ctx, "main"), v1alpha1.ConditionReady).Message }).Should(ContainSubstring("The deletion waits."))
		b.settled(ctx)
		Expect(a.gone(ctx, "main")).To(BeFalse())
		Expect(a.get(ctx, "main").Status.Target.Alias).To(Equal("mine"), "what was known of the service is kept")
		Expect(b.writes(ctx)).To(BeEmpty())
		Expect(a.writes(ctx)).To(Equal(written))

		apply(ctx, a.manifest("*"))
		Eventually(a.gone).WithContext(ctx).WithArguments("main").Should(BeTrue())
		a.ready(ctx, "late")
		Expect(a.on(ctx, "svm1")).To(BeNil())
		Expect(a.on(ctx, "svm2")).NotTo(BeNil())
		Expect(*b.on(ctx, "svm1").Enabled).To(BeTrue())
		Expect(b.on(ctx, "svm2")).To(BeNil())
	})

	It("is still used to finish deletions after its Secret is gone, and for nothing else", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}", "{name: svm2}", "{name: svm3}")
		for _, svm := range []string{"svm1", "svm2", "svm3"} {
			a.apply(ctx, svm, "svm: {name: "+svm+"}")
			a.ready(ctx, svm)
		}
		Expect(a.Login(ctx, "svm1", "iqn.1998-01.com.example:host1")).To(Succeed())
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", "svm1", "--wait=false")
		Eventually(a.get).WithContext(ctx).WithArguments("svm1").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonInUse))

		kubectl(ctx, "-n", testbed.OperatorNamespace, "delete", "secret", a.name)
		Eventually(a.connection).WithContext(ctx).Should(Equal("False " + v1alpha1.ReasonSecretNotFound))
		Expect(a.connectionCondition(ctx).Message).To(SatisfyAll(ContainSubstring(`"`+a.name+`"`), ContainSubstring(testbed.OperatorNamespace)))
		a.apply(ctx, "svm3", "svm: {name: svm3}, alias: two")
		Eventually(a.get).WithContext(ctx).WithArguments("svm3").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound))

		Expect(a.Logout(ctx, "svm1", "")).To(Succeed())
		Eventually(a.gone).WithContext(ctx).WithArguments("svm1").Should(BeTrue())
		a.remove(ctx, "svm2")
		Expect(a.on(ctx, "svm1")).To(BeNil())
		Expect(a.on(ctx, "svm2")).To(BeNil())
		Expect(*a.on(ctx, "svm3").Alias).To(Equal("svm3"))

		apply(ctx, a.secret(password))
		Eventually(a.connection, soon).WithContext(ctx).Should(Equal("True Connected"))
		Expect(a.ready(ctx, "svm3").Status.Target.Alias).To(Equal("two"))
	})

	It("is sent to no endpoint that its Secret does not list, and to none that it does not list any more", func(ctx SpecContext) {
		a, b := newArray(ctx, "{name: svm1}"), newUnconnected(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		permit := func(endpoints ...string) {
			GinkgoHelper()
			kubectl(ctx, "-n", testbed.OperatorNamespace, "patch", "secret", a.name, "-p", `{"stringData":{"endpoints":"`+strings.Join(endpoints, " ")+`"}}`)
		}

		By("naming the Secret in an ONTAPCluster that leads elsewhere")
		apply(ctx, b.manifest("*"))
		b.configure(ctx, `{"credentialsSecretRef":{"name":"`+a.name+`"}}`)
		Eventually(b.connection).WithContext(ctx).Should(Equal("False " + v1alpha1.ReasonEndpointNotAllowed))
		Expect(b.connectionCondition(ctx).Message).To(SatisfyAll(ContainSubstring(`"`+a.name+`"`), ContainSubstring("LISTED "+b.URL), Not(ContainSubstring(a.URL))))
		Expect(b.journal(ctx)).To(BeEmpty())
		Expect(a.connection(ctx)).To(Equal("True Connected"))

		By("listing that endpoint in place of the one that the array has")
		permit(b.URL)
		Eventually(b.connection, soon).WithContext(ctx).Should(Equal("True Connected"))
		Eventually(a.connection, soon).WithContext(ctx).Should(Equal("False " + v1alpha1.ReasonEndpointNotAllowed))
		Expect(a.ClearJournal(ctx)).To(Succeed())
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", "main", "--wait=false")
		Eventually(func() string { return condition(a.get(ctx, "main"), v1alpha1.ConditionReady).Message }).Should(SatisfyAll(
			ContainSubstring(v1alpha1.ReasonEndpointNotAllowed), ContainSubstring("The deletion waits.")))
		Expect(a.journal(ctx)).To(BeEmpty())

		permit(a.URL)
		Eventually(a.gone).WithContext(ctx).WithArguments("main").Should(BeTrue())
		Expect(a.on(ctx, "svm1")).To(BeNil())
		Eventually(b.connection, soon).WithContext(ctx).Should(Equal("False " + v1alpha1.ReasonEndpointNotAllowed))
	})

	It("is not sent any more where spec.endpoint led before, even if there is nothing to send elsewhere", func(ctx SpecContext) {
		a, b := newArray(ctx, "{name: svm1}"), newUnconnected(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		kubectl(ctx, "-n", testbed.OperatorNamespace, "delete", "secret", a.name)
		Eventually(a.connection).WithContext(ctx).Should(Equal("False " + v1alpha1.ReasonSecretNotFound))
		a.configure(ctx, `{"endpoint":"`+b.URL+`"}`)
		Eventually(a.connection).WithContext(ctx).Should(Equal("False " + v1alpha1.ReasonSecretNotFound))
		Expect(a.ClearJournal(ctx)).To(Succeed())
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", "main", "--wait=false")
		Eventually(func() string { return condition(a.get(ctx, "main"), v1alpha1.ConditionReady).Message }).Should(SatisfyAll(
			ContainSubstring(v1alpha1.ReasonSecretNotFound), ContainSubstring("The deletion waits.")))
		Expect(a.journal(ctx)).To(BeEmpty())
		Expect(b.journal(ctx)).To(BeEmpty())

		a.configure(ctx, `{"endpoint":"`+a.URL+`"}`)
		apply(ctx, a.secret(password))
		Eventually(a.gone).WithContext(ctx).WithArguments("main").Should(BeTrue())
		Expect(a.on(ctx, "svm1")).To(BeNil())
	})
})
