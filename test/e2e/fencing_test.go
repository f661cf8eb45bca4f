package e2e

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// shortLease is one that a case can wait for. A change of the array may take 2 s.
var shortLease = []string{
	"--leader-elect-lease-duration=4s", "--leader-elect-renew-deadline=3s", "--leader-elect-retry-period=400ms",
}

var _ = Describe("Of two replicas", func() {
	var a *array
	var first, second *testbed.Operator

	// start starts two replicas in place of the operator that the cases share; the first one leads.
	start := func(ctx SpecContext, lease []string, svms ...string) {
		GinkgoHelper()
		Expect(operator.Stop()).To(Succeed())
		kubectl(ctx, "-n", testbed.OperatorNamespace, "delete", "lease", leaseName, "--ignore-not-found")
		first = startReplica(ctx, lease...)
		Eventually(first.Logs).Should(ContainSubstring("Successfully acquired lease"))
		second = startReplica(ctx, lease...)
		a = newArray(ctx, svms...)
	}

	AfterEach(func(ctx SpecContext) {
		Expect(errors.Join(first.Kill(), second.Kill())).To(Succeed())
		startOperator(ctx)
	})

	It("the leader alone talks to the array", func(ctx SpecContext) {
		start(ctx, shortLease, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		Expect(first.Kill()).To(Succeed())
		Expect(a.ClearJournal(ctx)).To(Succeed())
		killed := time.Now()

		a.apply(ctx, "main", "svm: {name: svm1}, enabled: false")
		a.ready(ctx, "main")
		taken := lease(ctx).Spec.AcquireTime.Time
		Expect(taken).To(BeTemporally(">", killed.Add(time.Second)), "the other replica was up and ready, and waited")
		for _, request := range a.journal(ctx) {
			Expect(request.Received).To(BeTemporally(">", taken), request.String())
		}
	})

	It("a leader that was frozen sends no write when it wakes up, even if nobody else is at work", func(ctx SpecContext) {
		start(ctx, shortLease, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}, alias: before")
		a.ready(ctx, "main")
		Expect(a.ClearJournal(ctx)).To(Succeed())

		Expect(first.Freeze()).To(Succeed())
		a.apply(ctx, "main", "svm: {name: svm1}, alias: meanwhile")
		a.ready(ctx, "main")
		Expect(second.Logs()).To(ContainSubstring("Successfully acquired lease"))
		Expect(a.writes(ctx)).To(Equal([]string{`PATCH {"target":{"alias":"meanwhile"}}`}))

		Expect(second.Freeze()).To(Succeed())
		a.apply(ctx, "main", "svm: {name: svm1}, alias: after")
		Expect(first.Thaw()).To(Succeed())
		Eventually(first.Exited()).Should(BeClosed())
		Expect(first.Logs()).To(ContainSubstring("the lease was lost"))
		Expect(a.writes(ctx)).To(HaveLen(1))

		Expect(second.Thaw()).To(Succeed())
		a.ready(ctx, "main")
		Expect(*a.on(ctx, "svm1").Alias).To(Equal("after"))
		Expect(a.writes(ctx)).To(HaveLen(2))
		Expect(holder(ctx)).NotTo(BeEmpty(), "the one that woke up must not have released the lease of the other")
	})

	It("one finishes the create request that the other was frozen in", func(ctx SpecContext) {
		start(ctx, shortLease, "{name: svm1}")
		barrier, err := a.Hold(ctx, posts, testbed.After)
		Expect(err).NotTo(HaveOccurred())
		a.apply(ctx, "main", "svm: {name: svm1}")
		Expect(barrier.Wait(ctx, time.Minute)).To(Succeed())
		Expect(first.Freeze()).To(Succeed())
		Expect(a.ready(ctx, "main").Status.Origin).To(Equal(v1alpha1.OriginCreated))
		Expect(barrier.Release(ctx)).To(Succeed())

		before := a.get(ctx, "main")
		Expect(first.Thaw()).To(Succeed())
		Eventually(first.Exited()).Should(BeClosed())
		a.settled(ctx)
		Expect(a.writes(ctx)).To(Equal([]string{`POST {"svm":{"name":"svm1"},"enabled":true}`}))
		Expect(a.get(ctx, "main").ResourceVersion).To(Equal(before.ResourceVersion), "nothing of it was told by the one that woke up")
	})

	It("one finishes the deletion that the other was frozen in", func(ctx SpecContext) {
		start(ctx, shortLease, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		Expect(a.ClearJournal(ctx)).To(Succeed())
		barrier, err := a.Hold(ctx, testbed.Match{Method: http.MethodPatch}, testbed.After)
		Expect(err).NotTo(HaveOccurred())
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", "main", "--wait=false")
		Expect(barrier.Wait(ctx, time.Minute)).To(Succeed())
		Expect(first.Freeze()).To(Succeed())
		Eventually(a.gone).WithContext(ctx).WithArguments("main").Should(BeTrue())
		// What is created in its place is not for the one that wakes up in the middle of its deletion.
		Expect(a.PutService(ctx, "svm1", testbed.SVMService{Enabled: new(false)})).To(Succeed())
		Expect(barrier.Release(ctx)).To(Succeed())

		Expect(first.Thaw()).To(Succeed())
		Eventually(first.Exited()).Should(BeClosed())
		a.settled(ctx)
		Expect(a.writes(ctx)).To(Equal([]string{`PATCH {"enabled":false}`, "DELETE"}))
		Expect(a.on(ctx, "svm1")).NotTo(BeNil())
	})

	It("the one whose lease somebody takes away stops in the middle of its work", func(ctx SpecContext) {
		start(ctx, nil, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		Expect(a.ClearJournal(ctx)).To(Succeed())
		Expect(second.Kill()).To(Succeed())
		barrier, err := a.Hold(ctx, testbed.Match{Method: http.MethodGet, Path: sessionsPath}, testbed.After)
		Expect(err).NotTo(HaveOccurred())
		a.apply(ctx, "main", "svm: {name: svm1}, enabled: false")
		Expect(barrier.Wait(ctx, time.Minute)).To(Succeed())

		kubectl(ctx, "-n", testbed.OperatorNamespace, "patch", "lease", leaseName, "--type=merge", "-p", `{"spec":{"holderIdentity":"somebody"}}`)
		Eventually(first.Logs).Should(ContainSubstring("the lease was lost"))
		Expect(barrier.Release(ctx)).To(Succeed())
		Eventually(first.Exited()).Should(BeClosed())
		Expect(a.writes(ctx)).To(BeEmpty())
		Expect(holder(ctx)).To(Equal("somebody"))
	})

	It("the next takes over at once when the leader is asked to stop, and not before it has finished", func(ctx SpecContext) {
		start(ctx, nil, "{name: svm1}")
		barrier, err := a.Hold(ctx, posts, testbed.After)
		Expect(err).NotTo(HaveOccurred())
		a.apply(ctx, "main", "svm: {name: svm1}")
		Expect(barrier.Wait(ctx, time.Minute)).To(Succeed())
		leader := holder(ctx)

		stopped := make(chan error)
		go func() { stopped <- first.Stop() }()
		Eventually(first.Logs).Should(ContainSubstring("Stopping and waiting for leader election runnables"))
		renewed := lease(ctx).Spec.RenewTime
		Eventually(func() *metav1.MicroTime { return lease(ctx).Spec.RenewTime }).ShouldNot(Equal(renewed))
		Expect(holder(ctx)).To(Equal(leader), "it is renewed while the answer is waited for")

		Expect(barrier.Release(ctx)).To(Succeed())
		Eventually(stopped).Should(Receive(BeNil()))
		Expect(holder(ctx)).NotTo(Equal(leader))
		Expect(a.get(ctx, "main")).To(beReady(metav1.ConditionTrue))
		Eventually(second.Logs, 25*time.Second).Should(ContainSubstring("Successfully acquired lease"))
		a.apply(ctx, "main", "svm: {name: svm1}, enabled: false")
		a.ready(ctx, "main")
		Expect(a.writes(ctx)).To(Equal([]string{`POST {"svm":{"name":"svm1"},"enabled":true}`, `PATCH {"enabled":false}`}))
	})

	It("the leader sends no write that may outlast its lease, and goes on when the lease is renewed", func(ctx SpecContext) {
		start(ctx, []string{"--leader-elect-lease-duration=20s", "--leader-elect-renew-deadline=19s", "--leader-elect-retry-period=400ms"},
			"{name: svm1}", "{name: svm2}")
		Expect(second.Kill()).To(Succeed())
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		Expect(a.ClearJournal(ctx)).To(Succeed())

		allow := denyLease(ctx)
		Eventually(first.Logs).Should(ContainSubstring("Failed to update lease"))
		Eventually(func() time.Duration { return time.Since(lease(ctx).Spec.RenewTime.Time) }).Should(BeNumerically(">", 10*time.Second))
		a.apply(ctx, "main", "svm: {name: svm1}, enabled: false")
		a.apply(ctx, "new", "svm: {name: svm2}")
		Eventually(first.Logs).Should(And(waits("main"), waits("new")))
		Expect(a.reads(ctx, servicesPath)).NotTo(BeZero(), "it is still the leader")
		Expect(a.writes(ctx)).To(BeEmpty())
		Expect(a.get(ctx, "new").Annotations).NotTo(HaveKey(v1alpha1.CreatingAnnotation))

		allow()
		a.ready(ctx, "main")
		a.ready(ctx, "new")
		Expect(a.writes(ctx)).To(ConsistOf(`PATCH {"enabled":false}`, `POST {"svm":{"name":"svm2"},"enabled":true}`))
	})

	It("the leader that cannot renew its lease ends, and sends no write until then", func(ctx SpecContext) {
		start(ctx, shortLease, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		Expect(second.Kill()).To(Succeed())
		Expect(a.ClearJournal(ctx)).To(Succeed())
		barrier, err := a.Hold(ctx, testbed.Match{Method: http.MethodGet, Path: sessionsPath}, testbed.After)
		Expect(err).NotTo(HaveOccurred())
		a.apply(ctx, "main", "svm: {name: svm1}, enabled: false")
		Expect(barrier.Wait(ctx, time.Minute)).To(Succeed())
		denyLease(ctx)
		Eventually(func() time.Duration { return time.Since(lease(ctx).Spec.RenewTime.Time) }).Should(BeNumerically(">", 2*time.Second))
		Expect(barrier.Release(ctx)).To(Succeed())
		Eventually(first.Exited()).Should(BeClosed())
		Expect(a.writes(ctx)).To(BeEmpty())
	})
})

// leaseDenied is when the lease was denied to the operator on purpose.
var leaseDenied []time.Time

const (
	leaseName    = "ontap-san-operator"
	leaseBinding = "ontap-san-leader-election-rolebinding"
)

// startReplica starts an operator that takes part in the leader election.
func startReplica(ctx SpecContext, lease ...string) *testbed.Operator {
	GinkgoHelper()
	replica, err := bed.StartOperator(ctx, identity.Kubeconfig, append([]string{"--leader-elect", "--log-level", "debug"}, lease...)...)
	Expect(err).NotTo(HaveOccurred())
	return replica
}

func lease(ctx SpecContext) *coordinationv1.Lease {
	GinkgoHelper()
	found := &coordinationv1.Lease{}
	out := kubectl(ctx, "-n", testbed.OperatorNamespace, "get", "lease", leaseName, "-o", "json")
	Expect(json.Unmarshal([]byte(out), found)).To(Succeed())
	return found
}

// holder is who has the lease, empty if nobody has.
func holder(ctx SpecContext) string {
	GinkgoHelper()
	if identity := lease(ctx).Spec.HolderIdentity; identity != nil {
		return *identity
	}
	return ""
}

// denyLease keeps the operator from renewing its lease until the function that it returns is called, or the case is over.
func denyLease(ctx SpecContext) (allow func()) {
	GinkgoHelper()
	subjects := kubectl(ctx, "-n", testbed.OperatorNamespace, "get", "rolebinding", leaseBinding, "-o", "jsonpath={.subjects}")
	set := func(ctx SpecContext, subjects string) {
		GinkgoHelper()
		kubectl(ctx, "-n", testbed.OperatorNamespace, "patch", "rolebinding", leaseBinding, "--type=merge", "-p", `{"subjects":`+subjects+`}`)
	}
	set(ctx, "null")
	leaseDenied = append(leaseDenied, time.Now())
	DeferCleanup(func(ctx SpecContext) { set(ctx, subjects) })
	return func() { set(ctx, subjects) }
}

// waits matches the log of an operator that waits for its lease before it goes on with an ISCSIService.
func waits(name string) OmegaMatcher {
	return MatchRegexp(`"msg":"Waiting for the lease to be renewed"[^\n]*"name":"` + name + `"`)
}
