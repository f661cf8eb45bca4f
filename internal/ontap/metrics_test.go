package ontap_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// sampleBody is the example record of the reference, "Retrieve historical performance metrics …", of a given time.
func sampleBody(timestamp, duration string) string {
	return fmt.Sprintf(`{"duration": %q, "iops": {"read": 200, "total": 1000, "write": 100},
		"latency": {"read": 200, "total": 1000, "write": 100}, "status": "ok", "svm": {"uuid": %q},
		"throughput": {"read": 200, "total": 1000, "write": 100}, "timestamp": %q}`, duration, svm1, timestamp)
}

func TestHistory(t *testing.T) {
	const metrics = services + "/" + svm1 + "/metrics"
	for _, tc := range []struct {
		name, uri string
		query     ontap.MetricsQuery
	}{
		{"everything of the last hour", metrics + "?fields=%2A", ontap.MetricsQuery{}},
		{"a day", metrics + "?interval=1d&fields=%2A", ontap.MetricsQuery{Interval: ontap.LastDay}},
		{"what was worst in a year", metrics + "?interval=1y&status=%21ok&latency.total=%3E1000&fields=latency.total&order_by=latency.total%20desc&max_records=10",
			ontap.MetricsQuery{Interval: ontap.LastYear, Query: ontap.Query{}.
				Where(ontap.Status, ontap.Not(ontap.Equal("ok"))).
				Where(ontap.LatencyTotal, ontap.Greater(1000)).
				Select(ontap.LatencyTotal).
				OrderBy(ontap.LatencyTotal, ontap.Descending).
				Page(10)}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := NewWithT(t)
			array := answering(t, http.StatusOK, `{"num_records": 2, "records": [`+
				sampleBody("2017-01-25 11:20:13 +0000", "PT15S")+`,`+sampleBody("2017-01-25T11:20:28Z", "P1D")+`]}`)

			var samples []ontap.Metric
			for sample, err := range array.client(t).ServiceMetrics(t.Context(), svm1, tc.query) {
				g.Expect(err).NotTo(HaveOccurred())
				samples = append(samples, sample)
			}

			g.Expect(array.lines()).To(Equal([]string{"GET " + tc.uri}))
			g.Expect(samples).To(HaveLen(2))
			g.Expect(samples[0]).To(Equal(ontap.Metric{
				Timestamp: time.Date(2017, 1, 25, 11, 20, 13, 0, time.UTC), Duration: 15 * time.Second, Status: "ok",
				IOPS:       ontap.Operations{Read: 200, Write: 100, Total: 1000},
				Latency:    ontap.Operations{Read: 200, Write: 100, Total: 1000},
				Throughput: ontap.Bytes{Read: 200, Write: 100, Total: 1000},
			}))
			g.Expect(samples[1].Duration).To(Equal(24 * time.Hour))
		})
	}
}

func TestHistoryIsCounted(t *testing.T) {
	g := NewWithT(t)
	array := answering(t, http.StatusOK, `{"num_records": 240}`)

	n, err := array.client(t).ServiceMetricsCount(t.Context(), svm1, ontap.MetricsQuery{Interval: ontap.LastHour})

	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(n).To(Equal(240))
	g.Expect(array.lines()).To(Equal([]string{"GET " + services + "/" + svm1 + "/metrics?interval=1h&return_records=false"}))
}

func TestOneSample(t *testing.T) {
	g := NewWithT(t)
	array := answering(t, http.StatusOK, sampleBody("2024-07-29T16:14:56Z", "PT5M"))
	at := time.Date(2024, 7, 29, 18, 14, 56, 0, time.FixedZone("CEST", 2*60*60))

	sample, err := array.client(t).ServiceMetricsAt(t.Context(), svm1, at, ontap.IOPSTotal, ontap.Status)

	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(sample.Timestamp.Equal(at)).To(BeTrue())
	g.Expect(sample.Duration).To(Equal(5 * time.Minute))
	g.Expect(array.lines()).To(Equal([]string{"GET " + services + "/" + svm1 + "/metrics/2024-07-29T16:14:56Z?fields=iops.total%2Cstatus"}))
}

func TestSamplesThatAreNotUnderstood(t *testing.T) {
	for _, tc := range []struct {
		name, body string
	}{
		{"no timestamp", `{"status": "ok", "iops": {"total": 1}}`},
		{"null for a timestamp", `{"timestamp": null}`},
		{"a timestamp of no kind", `{"timestamp": "yesterday"}`},
		{"a number for a timestamp", `{"timestamp": 1485343213}`},
		{"a duration of no kind", `{"timestamp": "2024-07-29T16:14:56Z", "duration": "15s"}`},
		{"a number for a duration", `{"timestamp": "2024-07-29T16:14:56Z", "duration": 15}`},
		{"a value that is no number", `{"timestamp": "2024-07-29T16:14:56Z", "iops": {"total": "1"}}`},
		{"a value that no counter has", `{"timestamp": "2024-07-29T16:14:56Z", "iops": {"total": 1e19}}`},
		{"another SVM's sample", `{"timestamp": "2024-07-29T16:14:56Z", "svm": {"uuid": "` + svm2 + `"}}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := answering(t, http.StatusOK, tc.body).client(t).ServiceMetricsAt(t.Context(), svm1, time.Unix(1, 0))
			var transport *ontap.TransportError
			NewWithT(t).Expect(err).To(BeAssignableToTypeOf(transport))
		})
	}
}

func TestFractionsAreTruncated(t *testing.T) {
	g := NewWithT(t)
	body := `{"timestamp": "2024-07-29T16:14:56Z", "iops": {"total": 1.9, "read": -1.9, "write": 15e2, "other": null}, "throughput": {"total": 9223372036854775807}}`
	sample, err := answering(t, http.StatusOK, body).client(t).ServiceMetricsAt(t.Context(), svm1, time.Unix(1, 0))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(sample.IOPS).To(Equal(ontap.Operations{Total: 1, Read: -1, Write: 1500}))
	g.Expect(sample.Throughput.Total).To(Equal(int64(9223372036854775807)), "no digit of an integer is lost")
}

func TestTimestampsAsArraysWriteThem(t *testing.T) {
	want := time.Date(2024, 7, 29, 16, 14, 56, 0, time.UTC)
	for _, text := range []string{"2024-07-29T16:14:56Z", "2024-07-29T18:14:56+02:00", "2024-07-29T18:14:56+0200", "2024-07-29 16:14:56 +0000",
		"2024-07-29 18:14:56 +0200", "2024-07-29 16:14:56Z"} {
		t.Run(text, func(t *testing.T) {
			g := NewWithT(t)
			sample, err := answering(t, http.StatusOK, sampleBody(text, "PT15S")).client(t).ServiceMetricsAt(t.Context(), svm1, want)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(sample.Timestamp).To(Equal(want))
		})
	}
}

func TestNoMetricsIsARefusal(t *testing.T) {
	g := NewWithT(t)
	client := answering(t, http.StatusBadRequest, refusing(ontap.CodeMetricsUnavailable)).client(t)
	for _, err := range client.ServiceMetrics(t.Context(), svm1, ontap.MetricsQuery{}) {
		g.Expect(err).To(MatchError(ontap.CodeMetricsUnavailable))
	}
	_, err := client.ServiceMetricsAt(t.Context(), svm1, time.Now())
	g.Expect(err).To(MatchError(ontap.CodeMetricsUnavailable))
}
