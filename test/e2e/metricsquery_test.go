package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

const (
	measuredUUID = "33333333-2222-3333-4444-555555555555"
	historyPath  = servicesPath + "/" + measuredUUID + "/metrics"
	// measured is an SVM whose service is there, with samples of which some are not ok.
	measured = "{name: svm1, uuid: " + measuredUUID + ", service: {enabled: true}, metrics: {backfilled: 0.2}}"
)

// newMeasured starts an array with one service that has a history, and an ISCSIService "main" for it.
func newMeasured(ctx SpecContext) *array {
	GinkgoHelper()
	a := newArray(ctx, measured)
	a.apply(ctx, "main", "svm: {name: svm1}")
	a.ready(ctx, "main")
	return a
}

// ask creates an ISCSIMetricsQuery about the ISCSIService "main"; spec is YAML in flow style.
func (a *array) ask(ctx SpecContext, name, spec string) {
	GinkgoHelper()
	apply(ctx, fmt.Sprintf("apiVersion: %s\nkind: ISCSIMetricsQuery\nmetadata: {name: %s, namespace: %s}\nspec: {serviceRef: {name: main}, %s}",
		v1alpha1.GroupVersion, name, a.name, spec))
}

func (a *array) query(ctx SpecContext, name string) *v1alpha1.ISCSIMetricsQuery {
	GinkgoHelper()
	query := &v1alpha1.ISCSIMetricsQuery{}
	Expect(reader.Get(ctx, client.ObjectKey{Namespace: a.name, Name: name}, query)).To(Succeed())
	return query
}

// answered waits until the query has its answer, and returns it.
func (a *array) answered(ctx SpecContext, name string) *v1alpha1.ISCSIMetricsQuery {
	GinkgoHelper()
	Eventually(a.query).WithContext(ctx).WithArguments(name).Should(haveBeenTold(metav1.ConditionTrue, v1alpha1.ReasonCompleted))
	return a.query(ctx, name)
}

// unanswered waits until the query says why it has no answer, and makes sure that it shows none.
func (a *array) unanswered(ctx SpecContext, name string, status metav1.ConditionStatus, reason string) *v1alpha1.ISCSIMetricsQuery {
	GinkgoHelper()
	Eventually(a.query).WithContext(ctx).WithArguments(name).Should(haveBeenTold(status, reason))
	query := a.query(ctx, name)
	Expect(query.Status.CompletionTime).To(BeNil())
	Expect(query.Status.SVM).To(BeNil())
	Expect(query.Status.Summary).To(BeNil())
	Expect(query.Status.Samples).To(BeEmpty())
	return query
}

// removed reports whether the query does not exist.
func (a *array) removed(ctx SpecContext, name string) bool {
	GinkgoHelper()
	err := reader.Get(ctx, client.ObjectKey{Namespace: a.name, Name: name}, &v1alpha1.ISCSIMetricsQuery{})
	Expect(client.IgnoreNotFound(err)).To(Succeed())
	return err != nil
}

// haveBeenTold matches an ISCSIMetricsQuery whose Ready condition has that status and reason.
func haveBeenTold(status metav1.ConditionStatus, reason string) types.GomegaMatcher {
	return WithTransform(func(query *v1alpha1.ISCSIMetricsQuery) string {
		ready := conditionOf(query.Status.Conditions, v1alpha1.ConditionReady)
		if ready == nil {
			return "undecided"
		}
		return string(ready.Status) + " " + ready.Reason
	}, Equal(string(status)+" "+reason))
}

// asked are the requests for a history that the operator has sent, without the path up to it.
func (a *array) asked(ctx SpecContext) []string {
	GinkgoHelper()
	var asked []string
	for _, request := range a.journal(ctx) {
		if rest, ok := strings.CutPrefix(request.Path, historyPath); ok && strings.HasPrefix(request.Client, "ontap-san-operator/") {
			query, err := url.QueryUnescape(request.Query)
			Expect(err).NotTo(HaveOccurred())
			asked = append(asked, strings.TrimSuffix(rest+"?"+query, "?"))
		}
	}
	return asked
}

// history is what the array itself answers to a query, as JSON.
func (a *array) history(ctx SpecContext, query string) []map[string]any {
	GinkgoHelper()
	authorities := x509.NewCertPool()
	Expect(authorities.AppendCertsFromPEM([]byte(a.CA))).To(BeTrue())
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authorities}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.URL+historyPath+"?"+strings.ReplaceAll(query, " ", "%20"), nil)
	Expect(err).NotTo(HaveOccurred())
	request.SetBasicAuth(account.Name, password)
	request.Header.Set("Accept", "application/json")
	response, err := (&http.Client{Transport: transport}).Do(request)
	Expect(err).NotTo(HaveOccurred())
	defer func() { Expect(response.Body.Close()).To(Succeed()) }()
	Expect(response).To(HaveHTTPStatus(http.StatusOK))
	var page struct {
		Records []map[string]any `json:"records"`
	}
	Expect(json.NewDecoder(response.Body).Decode(&page)).To(Succeed())
	for _, record := range page.Records {
		delete(record, "svm")
	}
	return page.Records
}

// asONTAP spells samples as the array does.
func asONTAP(samples []v1alpha1.MetricsSample) []map[string]any {
	GinkgoHelper()
	text, err := json.Marshal(samples)
	Expect(err).NotTo(HaveOccurred())
	var records []map[string]any
	Expect(json.Unmarshal(text, &records)).To(Succeed())
	for _, record := range records {
		for ours, theirs := range map[string]string{"latencyMicroseconds": "latency", "throughputBytesPerSecond": "throughput"} {
			if value, ok := record[ours]; ok {
				record[theirs] = value
				delete(record, ours)
			}
		}
		if duration, ok := record["duration"].(string); ok {
			record["duration"] = map[string]string{
				"15s": "PT15S", "5m0s": "PT5M", "30m0s": "PT30M", "2h0m0s": "PT2H", "24h0m0s": "P1D",
			}[duration]
		}
	}
	return append([]map[string]any{}, records...)
}

// sameAs asks, and expects what the array answers to the same question in its own words. It may have taken a sample
// meanwhile, so that it is asked before and after.
func (a *array) sameAs(ctx SpecContext, name, spec, query string) *v1alpha1.ISCSIMetricsQuery {
	GinkgoHelper()
	before := a.history(ctx, query)
	a.ask(ctx, name, spec)
	answer := a.answered(ctx, name)
	samples := asONTAP(answer.Status.Samples)
	Expect(samples).To(Or(Equal(before), Equal(a.history(ctx, query))), "%s", name)
	Expect(answer.Status.Summary.Samples).To(BeNumerically("==", len(samples)))
	return answer
}

var _ = Describe("A metrics query", func() {
	DescribeTable("reads an interval, the newest sample first", func(ctx SpecContext, interval string, count int, apart time.Duration) {
		a := newMeasured(ctx)
		answer := a.sameAs(ctx, "history", "interval: "+interval, "interval="+interval+"&fields=*&order_by=timestamp desc")
		samples := answer.Status.Samples
		Expect(samples).To(HaveLen(count))
		Expect(samples[0].Timestamp.Sub(samples[count-1].Timestamp.Time)).To(Equal(time.Duration(count-1) * apart))
		Expect(answer.Status.SVM).To(HaveValue(Equal(v1alpha1.SVMStatus{Name: "svm1", UUID: measuredUUID})))
		Expect(a.asked(ctx)).To(Equal([]string{"?interval=" + interval + "&fields=*&order_by=timestamp desc&max_records=1000"}))
		Expect(kstatusOf(ctx, "ISCSIMetricsQuery", a, "history")).To(Equal("Current"))
		Expect(strings.Join(strings.Fields(kubectl(ctx, "-n", a.name, "get", "iscsimq", "history", "--no-headers")), " ")).
			To(MatchRegexp(`^history main %s %d True Samples: %d\. Not ok: \d+\. \d+s$`, interval, count, count))
	},
		Entry("of an hour", "1h", 240, 15*time.Second),
		Entry("of a day", "1d", 288, 5*time.Minute),
		Entry("of a week", "1w", 336, 30*time.Minute),
		Entry("of a month", "1m", 360, 2*time.Hour),
		Entry("of a year", "1y", 365, 24*time.Hour),
	)

	It("reads the sample of one timestamp", func(ctx SpecContext) {
		a := newMeasured(ctx)
		chosen := a.history(ctx, "interval=1d&fields=*&order_by=timestamp")[200]
		a.ask(ctx, "sample", fmt.Sprintf("timestamp: %q", chosen["timestamp"]))
		Expect(asONTAP(a.answered(ctx, "sample").Status.Samples)).To(Equal([]map[string]any{chosen}))
		Expect(a.asked(ctx)).To(Equal([]string{fmt.Sprintf("/%s?fields=*", chosen["timestamp"])}))
	})

	It("filters, orders, selects and limits as the array does", func(ctx SpecContext) {
		a := newMeasured(ctx)
		known := a.history(ctx, "interval=1d&fields=*&order_by=iops.total")
		figure := func(i int) int64 { return int64(known[i]["iops"].(map[string]any)["total"].(float64)) }
		low, high := figure(90), figure(200)
		times := a.history(ctx, "interval=1d&order_by=timestamp")

		answer := a.sameAs(ctx, "all-of-it", fmt.Sprintf(
			`interval: 1d, filters: [{field: iops.total, operator: Between, values: ["%d", "%d"]}, {field: status, operator: Equal, values: [ok]}, {field: timestamp, operator: AtLeast, values: [%q]}], `+
				`orderBy: [{field: latency.total, descending: true}, {field: timestamp}], fields: [iops.total, latency], maxRecords: 5`, low, high, times[20]["timestamp"]),
			fmt.Sprintf("interval=1d&iops.total=%d..%d&status=ok&timestamp=>=%s&fields=iops.total,latency,status&order_by=latency.total desc,timestamp&max_records=5",
				low, high, times[20]["timestamp"]))
		Expect(answer.Status.Samples).To(HaveLen(5))
		Expect(answer.Status.Samples[0].IOPS.Read).To(BeNil(), "it was not asked for")
		Expect(answer.Status.Summary.ThroughputBytesPerSecond).To(BeZero())
		Expect(conditionOf(answer.Status.Conditions, v1alpha1.ConditionReady).Message).To(Equal("Samples: 5, as many as maxRecords allows. Not ok: 0."))

		for operator, query := range map[string]string{
			fmt.Sprintf(`{field: iops.total, operator: Equal, values: ["%d"]}`, low):                   fmt.Sprintf("iops.total=%d", low),
			fmt.Sprintf(`{field: iops.total, operator: NotEqual, values: ["%d"]}`, low):                fmt.Sprintf("iops.total=!%d", low),
			fmt.Sprintf(`{field: iops.total, operator: In, values: ["%d", "%d"]}`, low, high):          fmt.Sprintf("iops.total=%d|%d", low, high),
			fmt.Sprintf(`{field: iops.total, operator: LessThan, values: ["%d"]}`, low):                fmt.Sprintf("iops.total=<%d", low),
			fmt.Sprintf(`{field: iops.total, operator: AtMost, values: ["%d"]}`, low):                  fmt.Sprintf("iops.total=<=%d", low),
			fmt.Sprintf(`{field: iops.total, operator: GreaterThan, values: ["%d"]}`, high):            fmt.Sprintf("iops.total=>%d", high),
			fmt.Sprintf(`{field: iops.total, operator: AtLeast, values: ["%d"]}`, high):                fmt.Sprintf("iops.total=>=%d", high),
			`{field: status, operator: NotEqual, values: [ok]}`:                                        "status=!ok",
			`{field: status, operator: In, values: [ok, backfilled_data]}`:                             "status=ok|backfilled_data",
			`{field: duration, operator: NotEqual, values: [PT5M]}`:                                    "duration=!PT5M",
			fmt.Sprintf(`{field: timestamp, operator: LessThan, values: [%q]}`, times[9]["timestamp"]): fmt.Sprintf("timestamp=<%s", times[9]["timestamp"]),
		} {
			name := "by-" + strings.ToLower(strings.NewReplacer(".", "-", "=", "-", "<", "lt", ">", "gt", "!", "not", "|", "or", ":", "-", "_", "-").Replace(query))
			a.sameAs(ctx, name, "interval: 1d, filters: ["+operator+"]", "interval=1d&"+query+"&fields=*&order_by=timestamp desc")
		}
		Expect(a.sameAs(ctx, "nothing", `interval: 1d, filters: [{field: iops.total, operator: AtLeast, values: ["999999999999"]}]`,
			"interval=1d&iops.total=>=999999999999").Status.CompletionTime).NotTo(BeNil(), "no sample is an answer")
	})

	It("sums the samples up: average, p95 and maximum of each series, and how many are not ok", func(ctx SpecContext) {
		a := newMeasured(ctx)
		a.ask(ctx, "summary", "interval: 1w")
		status := a.answered(ctx, "summary").Status
		Expect(status.Summary.NotOK).To(BeNumerically(">", 0))
		notOK := 0
		for _, sample := range status.Samples {
			if sample.Status != "ok" {
				notOK++
			}
		}
		Expect(status.Summary.NotOK).To(BeNumerically("==", notOK))

		// Computed anew, from what kubectl shows.
		shown := asONTAP(status.Samples)
		text, err := json.Marshal(status.Summary)
		Expect(err).NotTo(HaveOccurred())
		var summary map[string]map[string]struct{ Average, P95, Maximum float64 }
		Expect(json.Unmarshal([]byte(strings.NewReplacer(`"samples":336,`, "", fmt.Sprintf(`"notOK":%d,`, notOK), "").Replace(string(text))), &summary)).To(Succeed())
		series := 0
		for object, name := range map[string]string{"iops": "iops", "latency": "latencyMicroseconds", "throughput": "throughputBytesPerSecond"} {
			for kind, got := range summary[name] {
				var values []float64
				sum := 0.0
				for _, sample := range shown {
					value := sample[object].(map[string]any)[kind].(float64)
					values, sum = append(values, value), sum+value
				}
				slices.Sort(values)
				series++
				Expect(got.Average).To(BeNumerically("~", sum/336, 0.5), "%s.%s", object, kind)
				Expect(got.P95).To(Equal(values[320-1]), "336 × 0.95 is 319.2: %s.%s", object, kind)
				Expect(got.Maximum).To(Equal(values[335]), "%s.%s", object, kind)
			}
		}
		Expect(series).To(Equal(11))
	})

	It("follows the pages of an array that has no time for all at once", func(ctx SpecContext) {
		a := newMeasured(ctx)
		_, err := a.InjectFault(ctx, testbed.Fault{Match: testbed.Match{Path: historyPath}, PageLimit: 50})
		Expect(err).NotTo(HaveOccurred())
		a.ask(ctx, "history", "interval: 1m")
		Expect(a.answered(ctx, "history").Status.Samples).To(HaveLen(360))
		Expect(len(a.asked(ctx))).To(BeNumerically(">=", 8))
	})

	It("shows what it read where the array calls nothing ok", func(ctx SpecContext) {
		a := newMeasured(ctx)
		Expect(a.ChangeSVM(ctx, "svm1", map[string]any{"metrics": map[string]any{"status": "partial_no_data"}})).To(Succeed())
		a.ask(ctx, "history", "interval: 1h, maxRecords: 3")
		status := a.answered(ctx, "history").Status
		Expect(status.Summary.NotOK).To(BeNumerically("==", 3))
		Expect(status.Samples[0].Status).To(Equal("partial_no_data"))
	})
})

var _ = Describe("A finished metrics query", func() {
	It("is not asked again, whatever changes, and stays without a time to live", func(ctx SpecContext) {
		a := newMeasured(ctx)
		a.ask(ctx, "history", "interval: 1h")
		answer := a.answered(ctx, "history")
		a.apply(ctx, "main", "svm: {name: svm1}, enabled: false")
		a.ready(ctx, "main")
		kubectl(ctx, "-n", a.name, "label", "iscsimq", "history", "touched=yes")
		Expect(operator.Stop()).To(Succeed())
		startOperator(ctx)
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		a.settled(ctx)
		Expect(a.asked(ctx)).To(HaveLen(1))
		Expect(a.query(ctx, "history").Status).To(Equal(answer.Status))
	})

	It("is removed after its time, and not before", func(ctx SpecContext) {
		a := newMeasured(ctx)
		a.ask(ctx, "late", "interval: 1h, ttlAfterFinished: 1h")
		a.ask(ctx, "at-once", "interval: 1h, ttlAfterFinished: 0s")
		Eventually(a.removed).WithContext(ctx).WithArguments("at-once").Should(BeTrue())
		a.ask(ctx, "soon", "interval: 1h, ttlAfterFinished: 8s")
		finished := a.answered(ctx, "soon").Status.CompletionTime
		Eventually(a.removed).WithContext(ctx).WithArguments("soon").Should(BeTrue())
		Expect(time.Since(finished.Time)).To(BeNumerically(">=", 8*time.Second))
		a.answered(ctx, "late")
	})

	It("is removed after its time by an operator that was not there", func(ctx SpecContext) {
		a := newMeasured(ctx)
		a.ask(ctx, "late", "interval: 1h, ttlAfterFinished: 1h")
		a.answered(ctx, "late")
		a.ask(ctx, "soon", "interval: 1h, ttlAfterFinished: 10s")
		a.answered(ctx, "soon")
		Expect(operator.Kill()).To(Succeed())
		Expect(a.removed(ctx, "soon")).To(BeFalse())
		startOperator(ctx)
		Eventually(a.removed).WithContext(ctx).WithArguments("soon").Should(BeTrue())
		a.answered(ctx, "late")
		Expect(a.asked(ctx)).To(HaveLen(2))
	})

	It("that is Stalled has not finished, and stays", func(ctx SpecContext) {
		a := newMeasured(ctx)
		_, err := a.InjectFault(ctx, testbed.Fault{Match: testbed.Match{Path: historyPath}, Status: http.StatusBadRequest, Code: "4711"})
		Expect(err).NotTo(HaveOccurred())
		a.ask(ctx, "history", "interval: 1h, ttlAfterFinished: 0s")
		a.unanswered(ctx, "history", metav1.ConditionFalse, v1alpha1.ReasonRejected)
		a.settled(ctx)
		Expect(a.removed(ctx, "history")).To(BeFalse())
		Expect(a.asked(ctx)).To(HaveLen(1), "what was refused is not repeated at each poll")
	})
})
