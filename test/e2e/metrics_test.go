package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// samplePeriod is how often an array takes a sample.
const samplePeriod = 15 * time.Second

// statusWrites are the operator's writes so far of the status of an ISCSIService.
func (a *array) statusWrites(name string) (writes []testbed.APIRequest) {
	GinkgoHelper()
	all, err := cluster.Writes(testbed.OperatorUser)
	Expect(err).NotTo(HaveOccurred())
	for _, w := range all {
		if w.Object.Namespace == a.name && w.Object.Name == name && w.Object.Subresource == "status" {
			writes = append(writes, w)
		}
	}
	return writes
}

// metrics waits until the ISCSIService has a sample, and returns it.
func (a *array) metrics(ctx SpecContext, name string) *v1alpha1.Metrics {
	GinkgoHelper()
	Eventually(func() *v1alpha1.Metrics { return a.get(ctx, name).Status.Metrics }).ShouldNot(BeNil())
	return a.get(ctx, name).Status.Metrics
}

// lacksMetrics matches conditions that say for that reason that there are no performance data.
func lacksMetrics(reason string) func(conditions []metav1.Condition) bool {
	return func(conditions []metav1.Condition) bool {
		c := meta.FindStatusCondition(conditions, v1alpha1.ConditionMetricsAvailable)
		return c != nil && c.Status == metav1.ConditionFalse && c.Reason == reason && c.Message != ""
	}
}

var _ = Describe("The latest sample", func() {
	It("is shown, and replaced by a newer one once a statusInterval", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1, service: {enabled: true}}")
		a.configure(ctx, `{"metrics":{"statusInterval":"15s"}}`)
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		first := a.metrics(ctx, "main")
		Expect(first.Status).To(Equal("ok"))
		Expect(first.Duration.Duration).To(Equal(samplePeriod))
		Expect(first.IOPS.Total).To(BeNumerically(">", 0))
		Expect(first.LatencyMicroseconds.Total).To(BeNumerically(">", 0))
		Expect(condition(a.get(ctx, "main"), v1alpha1.ConditionMetricsAvailable)).To(HaveField("Reason", v1alpha1.ReasonMetricsCurrent))
		rows := strings.Split(kubectl(ctx, "-n", a.name, "get", "iscsisvc", "main", "-o", "wide"), "\n")
		header, row := strings.Fields(rows[0]), strings.Fields(rows[1])
		Expect(header[len(header)-2:]).To(Equal([]string{"IOPS", "LATENCY-US"}))
		Expect(row[len(row)-2:]).To(Equal([]string{fmt.Sprint(first.IOPS.Total), fmt.Sprint(first.LatencyMicroseconds.Total)}))

		Eventually(func() time.Time { return a.get(ctx, "main").Status.Metrics.Timestamp.Time }).ShouldNot(Equal(first.Timestamp.Time))
		before := a.statusWrites("main")
		second := a.metrics(ctx, "main")
		Eventually(func() time.Time { return a.get(ctx, "main").Status.Metrics.Timestamp.Time }).ShouldNot(Equal(second.Timestamp.Time))
		third := a.metrics(ctx, "main")
		Expect(third.Timestamp.Sub(second.Timestamp.Time)).To(BeNumerically(">=", samplePeriod))
		Expect(a.statusWrites("main")).To(HaveLen(len(before)+1), "the one write that brought it")
		Expect(a.writes(ctx)).To(BeEmpty())
	})

	It("is shown at once when somebody asks, and not written when it is the same", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1, service: {enabled: true}}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		first := a.metrics(ctx, "main")
		a.settled(ctx)
		Expect(a.statusWrites("main")).To(HaveLen(1))
		asked := 0
		Eventually(func() time.Time {
			asked++
			value := fmt.Sprint(asked)
			kubectl(ctx, "-n", a.name, "annotate", "--overwrite", "iscsisvc", "main", v1alpha1.ReconcileRequestedAtAnnotation+"="+value)
			Eventually(func() string { return a.get(ctx, "main").Status.LastHandledReconcileAt }).Should(Equal(value))
			return a.get(ctx, "main").Status.Metrics.Timestamp.Time
		}).Should(BeTemporally(">", first.Timestamp.Time), "long before a statusInterval is over")
		a.settled(ctx)
		Expect(a.statusWrites("main")).To(HaveLen(1 + asked))
	})

	It("is neither asked for nor shown when metrics are disabled", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1, service: {enabled: true}}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		a.metrics(ctx, "main")
		a.configure(ctx, `{"metrics":{"disabled":true}}`)
		Eventually(func() *v1alpha1.Metrics { return a.get(ctx, "main").Status.Metrics }).Should(BeNil())
		Expect(condition(a.get(ctx, "main"), v1alpha1.ConditionMetricsAvailable)).To(BeNil())
		Expect(a.get(ctx, "main")).To(beReady(metav1.ConditionTrue))
		Expect(a.ClearJournal(ctx)).To(Succeed())
		a.settled(ctx)
		for _, request := range a.journal(ctx) {
			Expect(request.Query).NotTo(SatisfyAny(ContainSubstring("metric"), ContainSubstring("statistics")))
		}
		writes := len(a.statusWrites("main"))
		a.configure(ctx, `{"metrics":{"disabled":false}}`)
		a.metrics(ctx, "main")
		Expect(a.statusWrites("main")).To(HaveLen(writes+1), "nothing was missing while it was not asked for")
	})

	It("does not exist before ONTAP 9.7", func(ctx SpecContext) {
		a := newUnconnected(ctx, "{name: svm1}")
		Expect(a.ChangeCluster(ctx, map[string]any{"version": "9.6.0"})).To(Succeed())
		a.connect(ctx)
		a.apply(ctx, "main", "svm: {name: svm1}")
		Expect(a.ready(ctx, "main").Status.Conditions).To(Satisfy(lacksMetrics(v1alpha1.ReasonMetricsNotSupported)))
		Expect(a.get(ctx, "main").Status.Metrics).To(BeNil())
		Expect(a.cluster(ctx).Status.Conditions).To(Satisfy(lacksMetrics(v1alpha1.ReasonMetricsNotSupported)))
		Expect(meta.IsStatusConditionTrue(a.cluster(ctx).Status.Conditions, v1alpha1.ConditionReady)).To(BeTrue())
	})

	It("may not be to be had, which does not touch Ready", func(ctx SpecContext) {
		a := newUnconnected(ctx, "{name: svm1, service: {enabled: true}}")
		a.inject(ctx, testbed.Fault{Match: testbed.Match{Query: "metric"}, Status: http.StatusNotFound, Code: "8585947"})
		a.connect(ctx)
		a.apply(ctx, "main", "svm: {name: svm1}")
		Expect(a.ready(ctx, "main").Status.Conditions).To(Satisfy(lacksMetrics(v1alpha1.ReasonMetricsFailed)))
		Expect(a.cluster(ctx).Status.Conditions).To(Satisfy(lacksMetrics(v1alpha1.ReasonMetricsFailed)))
		Expect(a.ClearFaults(ctx)).To(Succeed())
		a.metrics(ctx, "main")
		Expect(condition(a.get(ctx, "main"), v1alpha1.ConditionMetricsAvailable)).To(HaveField("Status", metav1.ConditionTrue))
		Eventually(func() []metav1.Condition { return a.cluster(ctx).Status.Conditions }).ShouldNot(
			ContainElement(HaveField("Type", v1alpha1.ConditionMetricsAvailable)))
	})

	It("is missed where the array has none of a service, which does not touch Ready", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1, service: {enabled: true}, metrics: {available: false}}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		Eventually(func() []metav1.Condition { return a.get(ctx, "main").Status.Conditions }).Should(
			Satisfy(lacksMetrics(v1alpha1.ReasonNoMetrics)))
		Expect(a.get(ctx, "main")).To(beReady(metav1.ConditionTrue))
		Expect(a.cluster(ctx).Status.Conditions).NotTo(ContainElement(HaveField("Type", v1alpha1.ConditionMetricsAvailable)))
	})

	It("is shown with its status if that is not ok", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1, service: {enabled: true}, metrics: {status: partial_no_data}}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		Expect(a.metrics(ctx, "main").Status).To(Equal("partial_no_data"))
	})

	DescribeTable("is left out while the array throttles it, and everything else goes on", func(ctx SpecContext, status int, code string) {
		a := newUnconnected(ctx, "{name: svm1}")
		a.inject(ctx, testbed.Fault{Match: testbed.Match{Query: "metric"}, Status: status, Code: code, RetryAfter: "3"})
		a.connect(ctx)
		a.apply(ctx, "main", "svm: {name: svm1}, alias: mine")
		Expect(a.ready(ctx, "main").Status.Conditions).To(Satisfy(lacksMetrics(v1alpha1.ReasonMetricsThrottled)))
		Expect(a.cluster(ctx).Status.Conditions).To(Satisfy(lacksMetrics(v1alpha1.ReasonMetricsThrottled)))
		Expect(a.ClearJournal(ctx)).To(Succeed())
		Expect(a.ChangeService(ctx, "svm1", testbed.SVMService{Alias: new("theirs")})).To(Succeed())
		Eventually(func() *string { return a.on(ctx, "svm1").Alias }).Should(HaveValue(Equal("mine")))
		a.settled(ctx)
		Expect(a.get(ctx, "main")).To(beReady(metav1.ConditionTrue))
		for _, request := range a.journal(ctx) {
			Expect(request.Query).NotTo(ContainSubstring("metric"), "it is left alone with that for some minutes")
		}
	},
		Entry("with 429", http.StatusTooManyRequests, "7"),
		Entry("with 503", http.StatusServiceUnavailable, "262160"),
	)

	It("that the array does not get done keeps nothing from being polled", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}, alias: mine")
		a.ready(ctx, "main")
		a.inject(ctx, testbed.Fault{Match: testbed.Match{Query: "metric"}, Reset: testbed.Before})
		Eventually(func() bool {
			for _, request := range a.journal(ctx) {
				if request.Status == 0 && strings.Contains(request.Query, "metric") {
					return true
				}
			}
			return false
		}).Should(BeTrue())
		Expect(a.ChangeService(ctx, "svm1", testbed.SVMService{Alias: new("theirs")})).To(Succeed())
		Eventually(func() *string { return a.on(ctx, "svm1").Alias }, "20s").Should(HaveValue(Equal("mine")))
		Expect(meta.IsStatusConditionTrue(a.cluster(ctx).Status.Conditions, v1alpha1.ConditionReady)).To(BeTrue())
	})
})
