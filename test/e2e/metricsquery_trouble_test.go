package e2e

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

var histories = testbed.Match{Path: historyPath}

var _ = Describe("A metrics query of a namespace", func() {
	It("that has no access to the SVM asks and shows nothing, before and after it had", func(ctx SpecContext) {
		a := newMeasured(ctx)
		a.ask(ctx, "while-allowed", "interval: 1h")
		a.answered(ctx, "while-allowed")

		apply(ctx, a.manifest("other"))
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonAccessDenied))
		a.ask(ctx, "denied", "interval: 1h")
		message := conditionOf(a.unanswered(ctx, "denied", metav1.ConditionFalse, v1alpha1.ReasonAccessDenied).Status.Conditions, v1alpha1.ConditionStalled).Message
		Expect(message).To(HavePrefix(`ISCSIService "main": its SVM does not exist on`), "the two read the same")
		apply(ctx, a.manifest())
		a.ask(ctx, "denied-too", "interval: 1h")
		a.unanswered(ctx, "denied-too", metav1.ConditionFalse, v1alpha1.ReasonAccessDenied)
		a.settled(ctx)
		Expect(a.asked(ctx)).To(HaveLen(1), "while it was allowed")

		apply(ctx, a.manifest("svm?"))
		a.answered(ctx, "denied")
		a.answered(ctx, "denied-too")
	})

	It("goes by the name that the SVM has now", func(ctx SpecContext) {
		a := newArray(ctx, measured)
		apply(ctx, a.manifest("svm1"))
		a.apply(ctx, "main", "svm: {uuid: "+measuredUUID+"}")
		a.ready(ctx, "main")
		Expect(a.ChangeSVM(ctx, "svm1", map[string]any{"name": "secret"})).To(Succeed())
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonAccessDenied))
		Expect(a.get(ctx, "main").Status.SVM.Name).To(Equal("svm1"), "the new name is not shown")
		a.ask(ctx, "history", "interval: 1h")
		a.unanswered(ctx, "history", metav1.ConditionFalse, v1alpha1.ReasonAccessDenied)
		Expect(a.asked(ctx)).To(BeEmpty())
	})

	It("that loses its access while the array answers sees nothing", func(ctx SpecContext) {
		a := newMeasured(ctx)
		barrier, err := a.Hold(ctx, histories, testbed.After)
		Expect(err).NotTo(HaveOccurred())
		a.ask(ctx, "history", "interval: 1h")
		Expect(barrier.Wait(ctx, time.Minute)).To(Succeed())
		apply(ctx, a.manifest("other"))
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonAccessDenied))
		Expect(barrier.Release(ctx)).To(Succeed())
		a.unanswered(ctx, "history", metav1.ConditionFalse, v1alpha1.ReasonAccessDenied)
	})

	It("that gets its access by labels has its answer then", func(ctx SpecContext) {
		a := newArray(ctx, measured)
		kubectl(ctx, "patch", "ontapcluster", a.name, "--type=merge", "-p",
			`{"spec":{"access":[{"namespaces":{"selector":{"matchLabels":{"san":"yes"}}},"svms":["*"]}]}}`)
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ask(ctx, "history", "interval: 1h")
		a.unanswered(ctx, "history", metav1.ConditionFalse, v1alpha1.ReasonAccessDenied)
		kubectl(ctx, "label", "namespace", a.name, "san=yes")
		a.answered(ctx, "history")
	})

	It("is about no service of another namespace", func(ctx SpecContext) {
		a, b := newMeasured(ctx), newArray(ctx, measured)
		b.ask(ctx, "history", "interval: 1h")
		b.unanswered(ctx, "history", metav1.ConditionFalse, v1alpha1.ReasonISCSIServiceNotFound)
		Expect(a.asked(ctx)).To(BeEmpty())
	})
})

var _ = Describe("A metrics query that cannot be answered", func() {
	DescribeTable("says why by the array's code", func(ctx SpecContext, code, status int, ready metav1.ConditionStatus, reason, says, kstate string) {
		a := newMeasured(ctx)
		_, err := a.InjectFault(ctx, testbed.Fault{Match: histories, Status: status, Code: strconv.Itoa(code), Message: "No."})
		Expect(err).NotTo(HaveOccurred())
		a.ask(ctx, "history", "interval: 1h")
		query := a.unanswered(ctx, "history", ready, reason)
		Expect(conditionOf(query.Status.Conditions, v1alpha1.ConditionReady).Message).To(ContainSubstring(says))
		Expect(kstatusOf(ctx, "ISCSIMetricsQuery", a, "history")).To(Equal(kstate))
		Expect(a.get(ctx, "main")).To(beReady(metav1.ConditionTrue), "the service has nothing to do with it")
	},
		Entry(nil, 8585947, 404, metav1.ConditionFalse, v1alpha1.ReasonMetricsUnavailable, "8585947", "InProgress"),
		Entry(nil, 8586225, 500, metav1.ConditionFalse, v1alpha1.ReasonMetricsFailed, "8586225", "InProgress"),
		Entry(nil, 4, 404, metav1.ConditionFalse, v1alpha1.ReasonMetricsUnavailable, "no performance data", "InProgress"),
		Entry(nil, 3, 404, metav1.ConditionFalse, v1alpha1.ReasonMetricsNotSupported, "ONTAP code 3", "Failed"),
		Entry(nil, 4711, 400, metav1.ConditionFalse, v1alpha1.ReasonRejected, "4711", "Failed"),
		Entry(nil, 4711, 500, metav1.ConditionFalse, v1alpha1.ReasonArrayError, "event log show", "InProgress"),
		Entry(nil, 7, 429, metav1.ConditionFalse, v1alpha1.ReasonThrottled, "fewer requests", "InProgress"),
		Entry(nil, 262160, 503, metav1.ConditionFalse, v1alpha1.ReasonThrottled, "fewer requests", "InProgress"),
		Entry(nil, 6, 403, metav1.ConditionUnknown, v1alpha1.ReasonPermissionDenied, "list iSCSI metrics", "InProgress"),
	)

	It("is asked again when the array's trouble should pass", func(ctx SpecContext) {
		a := newMeasured(ctx)
		_, err := a.InjectFault(ctx, testbed.Fault{Match: histories, Status: http.StatusInternalServerError, Code: "8586225"})
		Expect(err).NotTo(HaveOccurred())
		a.ask(ctx, "history", "interval: 1h")
		a.unanswered(ctx, "history", metav1.ConditionFalse, v1alpha1.ReasonMetricsFailed)
		Expect(a.ClearFaults(ctx)).To(Succeed())
		a.answered(ctx, "history")
	})

	It("is asked again when a service has no samples yet", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1, uuid: "+measuredUUID+", service: {enabled: true}, metrics: {available: false}}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ask(ctx, "history", "interval: 1h")
		a.unanswered(ctx, "history", metav1.ConditionFalse, v1alpha1.ReasonMetricsUnavailable)
		Expect(a.ChangeSVM(ctx, "svm1", map[string]any{"metrics": map[string]any{"available": true}})).To(Succeed())
		a.answered(ctx, "history")
	})

	It("has asked for a timestamp at which there is no sample", func(ctx SpecContext) {
		a := newMeasured(ctx)
		a.ask(ctx, "between-two", `timestamp: "2026-01-01T00:00:01Z"`)
		query := a.unanswered(ctx, "between-two", metav1.ConditionFalse, v1alpha1.ReasonMetricsUnavailable)
		Expect(conditionOf(query.Status.Conditions, v1alpha1.ConditionReady).Message).To(ContainSubstring("a timestamp must be that of a sample"))
	})

	DescribeTable("since the ONTAP is too old says so without asking", func(ctx SpecContext, version, spec, says string) {
		arrays++
		a := &array{name: fmt.Sprintf("team-%d", arrays)}
		a.start(ctx, []string{measured})
		Expect(a.ChangeCluster(ctx, map[string]any{"version": version})).To(Succeed())
		a.connect(ctx)
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		a.ask(ctx, "history", spec)
		query := a.unanswered(ctx, "history", metav1.ConditionFalse, v1alpha1.ReasonMetricsNotSupported)
		Expect(conditionOf(query.Status.Conditions, v1alpha1.ConditionStalled).Message).To(SatisfyAll(ContainSubstring(version), ContainSubstring(says)))
		a.settled(ctx)
		Expect(a.asked(ctx)).To(BeEmpty())
	},
		Entry("for any history", "9.6.0", "interval: 1h", "since 9.7"),
		Entry("for a timestamp, with any history", "9.6.0", `timestamp: "2026-11-23T10:15:00Z"`, "since 9.7"),
		Entry("for one timestamp", "9.13.1", `timestamp: "2026-11-23T10:15:00Z"`, "since 9.14"),
	)

	It("for one timestamp is answered for an interval by ONTAP 9.13", func(ctx SpecContext) {
		arrays++
		a := &array{name: fmt.Sprintf("team-%d", arrays)}
		a.start(ctx, []string{measured})
		Expect(a.ChangeCluster(ctx, map[string]any{"version": "9.13.1"})).To(Succeed())
		a.connect(ctx)
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ask(ctx, "history", "interval: 1h")
		Expect(a.answered(ctx, "history").Status.Samples).To(HaveLen(240))
	})

	It("waits for its service", func(ctx SpecContext) {
		a := newArray(ctx, measured)
		a.ask(ctx, "history", "interval: 1h")
		a.unanswered(ctx, "history", metav1.ConditionFalse, v1alpha1.ReasonISCSIServiceNotFound)
		Expect(kstatusOf(ctx, "ISCSIMetricsQuery", a, "history")).To(Equal("InProgress"))
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.answered(ctx, "history")
	})

	It("waits for its service to be there on the array", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1, uuid: "+measuredUUID+"}")
		fault, err := a.InjectFault(ctx, testbed.Fault{Match: posts, Status: http.StatusBadRequest, Code: "1115127"})
		Expect(err).NotTo(HaveOccurred())
		a.apply(ctx, "main", "svm: {name: svm1}")
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonLicenseMissing))
		a.ask(ctx, "history", "interval: 1h")
		a.unanswered(ctx, "history", metav1.ConditionFalse, v1alpha1.ReasonISCSIServiceNotReady)
		Expect(kstatusOf(ctx, "ISCSIMetricsQuery", a, "history")).To(Equal("Failed"), "as its service is")
		Expect(a.asked(ctx)).To(BeEmpty())
		Expect(a.RemoveFault(ctx, fault)).To(Succeed())
		kubectl(ctx, "-n", a.name, "annotate", "iscsisvc", "main", v1alpha1.ReconcileRequestedAtAnnotation+"=now")
		a.answered(ctx, "history")
	})

	It("waits for an array that is out of reach", func(ctx SpecContext) {
		a := newMeasured(ctx)
		a.hangUp(ctx)
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionUnknown, v1alpha1.ReasonArrayUnreachable))
		a.ask(ctx, "history", "interval: 1h")
		a.unanswered(ctx, "history", metav1.ConditionUnknown, v1alpha1.ReasonArrayUnreachable)
		Expect(a.ClearFaults(ctx)).To(Succeed())
		a.answered(ctx, "history")
	})

	It("waits while the ONTAPCluster has performance data disabled", func(ctx SpecContext) {
		a := newMeasured(ctx)
		kubectl(ctx, "patch", "ontapcluster", a.name, "--type=merge", "-p", `{"spec":{"metrics":{"disabled":true}}}`)
		a.ask(ctx, "history", "interval: 1h")
		a.unanswered(ctx, "history", metav1.ConditionFalse, v1alpha1.ReasonMetricsDisabled)
		Expect(a.asked(ctx)).To(BeEmpty())
		kubectl(ctx, "patch", "ontapcluster", a.name, "--type=merge", "-p", `{"spec":{"metrics":null}}`)
		a.answered(ctx, "history")
	})

	It("since the array hangs over it holds up neither other arrays nor the services of this one", func(ctx SpecContext) {
		a, b := newMeasured(ctx), newMeasured(ctx)
		barrier, err := a.Hold(ctx, testbed.Match{Path: historyPath, Count: 1000}, testbed.Before)
		Expect(err).NotTo(HaveOccurred())
		for i := range 20 {
			a.ask(ctx, fmt.Sprintf("history-%d", i), "interval: 1h")
		}
		Expect(barrier.Wait(ctx, time.Minute)).To(Succeed())
		b.ask(ctx, "history", "interval: 1h")
		b.answered(ctx, "history")
		a.apply(ctx, "main", "svm: {name: svm1}, alias: changed")
		Eventually(func() string { return *a.on(ctx, "svm1").Alias }).Should(Equal("changed"))
		Expect(a.asked(ctx)).To(HaveLen(1), "one at a time")
		Expect(barrier.Release(ctx)).To(Succeed())
		for i := range 20 {
			a.answered(ctx, fmt.Sprintf("history-%d", i))
		}
		Expect(a.asked(ctx)).To(HaveLen(20))
	})

	It("is gone when it is deleted meanwhile, and nothing is written to its successor", func(ctx SpecContext) {
		a := newMeasured(ctx)
		barrier, err := a.Hold(ctx, histories, testbed.After)
		Expect(err).NotTo(HaveOccurred())
		a.ask(ctx, "history", "interval: 1h")
		Expect(barrier.Wait(ctx, time.Minute)).To(Succeed())
		kubectl(ctx, "-n", a.name, "delete", "iscsimq", "history")
		a.ask(ctx, "history", "interval: 1y")
		Expect(barrier.Release(ctx)).To(Succeed())
		Expect(a.answered(ctx, "history").Status.Samples).To(HaveLen(365))
		Expect(a.asked(ctx)).To(HaveLen(2))
	})

	It("is answered once when its metadata change meanwhile", func(ctx SpecContext) {
		a := newMeasured(ctx)
		barrier, err := a.Hold(ctx, histories, testbed.After)
		Expect(err).NotTo(HaveOccurred())
		a.ask(ctx, "history", "interval: 1h")
		Expect(barrier.Wait(ctx, time.Minute)).To(Succeed())
		kubectl(ctx, "-n", a.name, "label", "iscsimq", "history", "touched=yes")
		Expect(barrier.Release(ctx)).To(Succeed())
		Expect(a.answered(ctx, "history").Labels).To(HaveKeyWithValue("touched", "yes"))
		a.settled(ctx)
		Expect(a.asked(ctx)).To(HaveLen(1))
	})
})
