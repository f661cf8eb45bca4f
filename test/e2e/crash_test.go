package e2e

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

var posts = testbed.Match{Method: http.MethodPost, Path: servicesPath}

var _ = Describe("An operator that is killed while it creates", func() {
	// killWhileCreating kills the operator while the array holds the answer to its create request.
	killWhileCreating := func(ctx SpecContext, a *array, stage testbed.Stage) *testbed.Barrier {
		GinkgoHelper()
		barrier, err := a.Hold(ctx, posts, stage)
		Expect(err).NotTo(HaveOccurred())
		a.apply(ctx, "main", "svm: {name: svm1}")
		Expect(barrier.Wait(ctx, time.Minute)).To(Succeed())
		Expect(operator.Kill()).To(Succeed())
		return barrier
	}

	It("knows the service as its own when the request had been carried out", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		barrier := killWhileCreating(ctx, a, testbed.After)
		Expect(barrier.Release(ctx)).To(Succeed())
		startOperator(ctx)
		service := a.ready(ctx, "main")
		Expect(service.Status.Origin).To(Equal(v1alpha1.OriginCreated))
		Expect(service.Status.Created.TargetName).To(Equal(a.on(ctx, "svm1").Target))
		a.settled(ctx)
		Expect(a.writes(ctx)).To(HaveLen(1), "no second POST")
		a.remove(ctx, "main")
		Expect(a.on(ctx, "svm1")).To(BeNil())
	})

	It("sends no second request while the first may still be carried out", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		barrier := killWhileCreating(ctx, a, testbed.Before)
		startOperator(ctx)
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonCreatePending))
		Expect(barrier.Release(ctx)).To(Succeed())
		Expect(a.ready(ctx, "main").Status.Origin).To(Equal(v1alpha1.OriginCreated))
		a.settled(ctx)
		Expect(a.writes(ctx)).To(HaveLen(1))
	})

	It("finishes what it has begun if it is asked to stop instead", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		barrier, err := a.Hold(ctx, posts, testbed.After)
		Expect(err).NotTo(HaveOccurred())
		a.apply(ctx, "main", "svm: {name: svm1}")
		Expect(barrier.Wait(ctx, time.Minute)).To(Succeed())
		stopped := make(chan error)
		go func() { stopped <- operator.Stop() }()
		Eventually(operator.Logs).Should(ContainSubstring("Shutdown signal received"))
		Expect(barrier.Release(ctx)).To(Succeed())
		Eventually(stopped).Should(Receive(BeNil()))
		Expect(a.get(ctx, "main")).To(beReady(metav1.ConditionTrue))
		Expect(a.get(ctx, "main").Status.Origin).To(Equal(v1alpha1.OriginCreated))
		startOperator(ctx)
	})

	It("leaves Ready as it was if it is asked to stop while it reads", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		ready := condition(a.ready(ctx, "main"), v1alpha1.ConditionReady)
		barrier, err := a.Hold(ctx, testbed.Match{Method: http.MethodGet, Path: servicesPath + "/"}, testbed.After)
		Expect(err).NotTo(HaveOccurred())
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", "main", "--wait=false")
		Expect(barrier.Wait(ctx, time.Minute)).To(Succeed())
		Expect(operator.Stop()).To(Succeed())
		Expect(barrier.Release(ctx)).To(Succeed())
		left, warnings := condition(a.get(ctx, "main"), v1alpha1.ConditionReady), a.warnings(ctx, "main")
		startOperator(ctx)
		Expect(left).To(Equal(ready))
		Expect(warnings).To(BeEmpty())
		Eventually(a.gone).WithContext(ctx).WithArguments("main").Should(BeTrue())
		Expect(a.on(ctx, "svm1")).To(BeNil())
	})

	It("goes on by itself when the request was for an SVM that is gone, and spec was corrected", longest, func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}", "{name: smv1}")
		barrier, err := a.Hold(ctx, posts, testbed.Before)
		Expect(err).NotTo(HaveOccurred())
		a.apply(ctx, "main", "svm: {name: smv1}")
		Expect(barrier.Wait(ctx, time.Minute)).To(Succeed())
		Expect(operator.Kill()).To(Succeed())
		Expect(a.DeleteSVM(ctx, "smv1")).To(Succeed())
		Expect(barrier.Release(ctx)).To(Succeed())
		a.apply(ctx, "main", "svm: {name: svm1}")
		startOperator(ctx)
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonCreatePending))
		Expect(condition(a.get(ctx, "main"), v1alpha1.ConditionReady).Message).To(ContainSubstring("smv1"))
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionTrue))
		Expect(a.get(ctx, "main").Status.SVM.Name).To(Equal("svm1"))
		Expect(a.get(ctx, "main").Status.Origin).To(Equal(v1alpha1.OriginCreated))
		Expect(a.writes(ctx)).To(HaveLen(2), "one for each SVM")
	})

	It("sends a second request when the first proved to be lost", longest, func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		_, err := a.InjectFault(ctx, testbed.Fault{Match: testbed.Match{Method: http.MethodPost, Count: 1}, Reset: testbed.Before})
		Expect(err).NotTo(HaveOccurred())
		a.apply(ctx, "main", "svm: {name: svm1}")
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionTrue))
		Expect(a.get(ctx, "main").Status.Origin).To(Equal(v1alpha1.OriginCreated))
		journal := a.journal(ctx)
		var sent []time.Time
		for _, request := range journal {
			if request.Method == http.MethodPost {
				sent = append(sent, request.Received)
			}
		}
		Expect(sent).To(HaveLen(2))
		Expect(sent[1].Sub(sent[0])).To(BeNumerically(">", time.Minute), "absence counts when it was proved twice, a minute apart")
	})

	It("takes no service for its own that an administrator made after its request was refused", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1, state: stopped}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonSVMStopped))
		Expect(a.get(ctx, "main").Finalizers).To(BeEmpty())
		Expect(a.get(ctx, "main").Annotations).NotTo(HaveKey(v1alpha1.CreatingAnnotation))
		Expect(operator.Kill()).To(Succeed())
		Expect(a.PutService(ctx, "svm1", testbed.SVMService{Enabled: new(true)})).To(Succeed())
		Expect(a.ChangeSVM(ctx, "svm1", map[string]any{"state": "running"})).To(Succeed())
		startOperator(ctx)
		Expect(a.ready(ctx, "main").Status.Origin).To(Equal(v1alpha1.OriginAdopted))
		a.remove(ctx, "main")
		a.settled(ctx)
		Expect(*a.on(ctx, "svm1").Enabled).To(BeTrue())
		Expect(a.writes(ctx)).To(HaveLen(1), "the refused POST alone")
	})

	It("finishes a deletion that it had begun", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		barrier, err := a.Hold(ctx, testbed.Match{Method: http.MethodPatch}, testbed.After)
		Expect(err).NotTo(HaveOccurred())
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", "main", "--wait=false")
		Expect(barrier.Wait(ctx, time.Minute)).To(Succeed())
		Expect(operator.Kill()).To(Succeed())
		Expect(barrier.Release(ctx)).To(Succeed())
		startOperator(ctx)
		Eventually(a.gone).WithContext(ctx).WithArguments("main").Should(BeTrue())
		Expect(a.on(ctx, "svm1")).To(BeNil())
		Expect(a.writes(ctx)).To(Equal([]string{`POST {"svm":{"name":"svm1"},"enabled":true}`, `PATCH {"enabled":false}`, "DELETE"}))
	})
})

var _ = Describe("A spec that names another SVM while the operator waits for the array", func() {
	const withService = "{name: svm2, service: {enabled: true, alias: theirs}}"

	// changeWhileCreating changes the SVM from svm1 to svm2 while the array holds the answer to the create request.
	changeWhileCreating := func(ctx SpecContext, a *array) {
		GinkgoHelper()
		barrier, err := a.Hold(ctx, posts, testbed.After)
		Expect(err).NotTo(HaveOccurred())
		a.apply(ctx, "main", "svm: {name: svm1}")
		Expect(barrier.Wait(ctx, time.Minute)).To(Succeed())
		a.apply(ctx, "main", "svm: {name: svm2}")
		Expect(barrier.Release(ctx)).To(Succeed())
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonSVMChanged))
	}

	It("gets neither a service that is not its own, nor one that it does not name", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}", withService)
		changeWhileCreating(ctx, a)
		Expect(a.get(ctx, "main").Status.SVM).To(BeNil())

		a.apply(ctx, "main", "svm: {name: svm1}")
		Expect(a.ready(ctx, "main").Status.SVM.Name).To(Equal("svm1"))
		Expect(a.get(ctx, "main").Status.Origin).To(Equal(v1alpha1.OriginCreated))
		Expect(a.writes(ctx)).To(HaveLen(1))
	})

	It("deletes what its create request made, and nothing else", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}", withService)
		changeWhileCreating(ctx, a)
		a.remove(ctx, "main")
		Expect(a.on(ctx, "svm1")).To(BeNil())
		Expect(*a.on(ctx, "svm2").Enabled).To(BeTrue())
	})

	It("is not steered by what was seen of the SVM that it named before", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1, service: {enabled: true}}", "{name: svm2}")
		a.rarely(ctx) // or it is a poll that is held
		barrier, err := a.Hold(ctx, testbed.Match{Method: http.MethodGet, Path: servicesPath}, testbed.After)
		Expect(err).NotTo(HaveOccurred())
		a.apply(ctx, "main", "svm: {name: svm1}")
		Expect(barrier.Wait(ctx, time.Minute)).To(Succeed())
		a.apply(ctx, "main", "svm: {name: svm2}, enabled: false")
		Expect(barrier.Release(ctx)).To(Succeed())
		Expect(a.ready(ctx, "main").Status.SVM.Name).To(Equal("svm2"))
		Expect(*a.on(ctx, "svm1").Enabled).To(BeTrue())
		Expect(a.writes(ctx)).To(Equal([]string{`POST {"svm":{"name":"svm2"},"enabled":false}`}))
	})
})

var _ = Describe("An operator with a lease", func() {
	It("works as one without", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		Expect(operator.Stop()).To(Succeed())
		startOperator(ctx, "--leader-elect")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		Expect(operator.Stop()).To(Succeed())
		Expect(operator.Logs()).NotTo(ContainSubstring("forbidden"))
		startOperator(ctx)
	})
})

var _ = Describe("Before the operator has looked", func() {
	It("is in progress for kstatus", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		Expect(operator.Stop()).To(Succeed())
		a.apply(ctx, "main", "svm: {name: svm1}")
		Expect(kstatus(ctx, a, "main")).To(Equal("InProgress"))
		startOperator(ctx)
		a.ready(ctx, "main")
		Expect(kstatus(ctx, a, "main")).To(Equal("Current"))
	})
})
