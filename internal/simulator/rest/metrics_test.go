package rest

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
)

func TestHistoryHoldsWhatItsIntervalSays(t *testing.T) {
	for interval, c := range map[string]struct {
		count    int
		duration string
		period   time.Duration
	}{
		"":            {240, "PT15S", 15 * time.Second},
		"interval=1h": {240, "PT15S", 15 * time.Second},
		"interval=1d": {288, "PT5M", 5 * time.Minute},
		"interval=1w": {336, "PT30M", 30 * time.Minute},
		"interval=1m": {360, "PT2H", 2 * time.Hour},
		"interval=1y": {365, "P1D", 24 * time.Hour},
	} {
		t.Run(interval, func(t *testing.T) {
			b := newBed(t)
			records := b.ok("GET SERVICES/U2/metrics?fields=*&" + interval)["records"].([]any)
			b.Expect(records).To(HaveLen(c.count))
			want := now.Truncate(c.period)
			for _, record := range records {
				b.Expect(record).To(SatisfyAll(
					HaveKeyWithValue("timestamp", want.Format(time.RFC3339)),
					HaveKeyWithValue("duration", c.duration),
					HaveKeyWithValue("status", "ok"),
					HaveKeyWithValue("iops", SatisfyAll(HaveLen(4), HaveKeyWithValue("total", BeNumerically(">", 0)))),
					HaveKeyWithValue("latency", SatisfyAll(HaveLen(4), HaveKeyWithValue("total", BeNumerically(">", 0)))),
					HaveKeyWithValue("throughput", SatisfyAll(HaveLen(3), Not(HaveKey("other")))),
					HaveKeyWithValue("svm", Equal(map[string]any{"uuid": uuid2}))))
				want = want.Add(-c.period)
			}
		})
	}
}

func TestTheSameSampleHasTheSameValueEverywhere(t *testing.T) {
	b := newBed(t)
	values := func(record any) map[string]any {
		sample := map[string]any{}
		for _, name := range []string{"timestamp", "duration", "status", "iops", "latency", "throughput"} {
			sample[name] = record.(map[string]any)[name]
		}
		return sample
	}
	newest := b.ok("GET SERVICES/U2/metrics?fields=*&max_records=1")["records"].([]any)[0]
	b.Expect(values(b.ok("GET SERVICES?fields=metric")["records"].([]any)[0].(map[string]any)["metric"])).To(Equal(values(newest)))
	b.Expect(values(b.ok("GET SERVICES/U2?fields=metric")["metric"])).To(Equal(values(newest)))
	for _, timestamp := range []string{"2026-03-04T12:00:00Z", "2026-03-04T13:00:00+01:00", "2026-03-04 12:00:00 +0000", "2026-03-04+12:00:00+00:00"} {
		b.Expect(values(b.ok("GET SERVICES/U2/metrics/" + timestamp))).To(Equal(values(newest)))
	}
	old := b.ok("GET SERVICES/U2/metrics?fields=*&interval=1w&timestamp=2026-03-02T06:30:00Z")["records"].([]any)
	b.Expect(old).To(HaveLen(1))
	b.Expect(values(b.ok("GET SERVICES/U2/metrics/2026-03-02T06:30:00Z"))).To(Equal(values(old[0])))
}

func TestLinksOfSamplesLeadToThem(t *testing.T) {
	b := newBed(t)
	b.accept = "application/hal+json"
	record := b.ok("GET SERVICES/U2/metrics?max_records=1")["records"].([]any)[0].(map[string]any)
	b.Expect(record["_links"]).To(HaveKeyWithValue("self", HaveKeyWithValue("href", "/api/protocols/san/iscsi/services/"+uuid2+"/metrics/2026-03-04T12%3A00%3A00Z")))
}

func TestStatisticsExplainMetrics(t *testing.T) {
	b := newBed(t)
	clock := time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC)
	a := array.New(b.array.Cluster(), func() time.Time { return clock })
	_, err := a.AddSVMs(array.SVM{Name: "svm", UUID: uuid1, Service: &array.Service{Enabled: true}})
	b.Expect(err).NotTo(HaveOccurred())
	a.SetAccount(array.Account{Name: "admin", Password: "secret", Role: array.AdminRole})
	b.api = New(a)
	type split struct{ Read, Write, Other, Total int64 }
	type service struct {
		Metric struct {
			IOPS, Latency, Throughput split
		}
		Statistics struct {
			IOPS       split `json:"iops_raw"`
			Latency    split `json:"latency_raw"`
			Throughput split `json:"throughput_raw"`
		}
	}
	get := func() (s service) {
		b.Expect(json.Unmarshal(b.do("GET SERVICES/U1?fields=**").Body, &s)).To(Succeed())
		return s
	}
	before := get()
	clock = clock.Add(15 * time.Second)
	after := get()
	operations := after.Statistics.IOPS.Total - before.Statistics.IOPS.Total
	b.Expect(after.Metric.IOPS.Total).To(BeNumerically("~", operations/15, 2))
	b.Expect(after.Metric.Latency.Total).To(Equal((after.Statistics.Latency.Total - before.Statistics.Latency.Total) / operations))
	b.Expect(after.Metric.Throughput.Read).To(Equal((after.Statistics.Throughput.Read - before.Statistics.Throughput.Read) / 15))
	clock = clock.Add(900 * time.Millisecond)
	b.Expect(get().Statistics).To(Equal(after.Statistics), "the counters are of the whole second that the timestamp tells")
	lifetime := after.Statistics.Latency.Total / after.Statistics.IOPS.Total
	b.Expect(after.Metric.Latency.Total).To(BeNumerically("~", lifetime, float64(lifetime)/2), "latency_raw / iops_raw is the average latency")
}

func TestHistoryCanBeFilteredOrderedAndPaged(t *testing.T) {
	b := newBed(t)
	const path = "GET SERVICES/U2/metrics?"
	b.Expect(b.ok(path + "timestamp=>=2026-03-04T11:59:30Z")).To(HaveKeyWithValue("num_records", 3.0))
	b.Expect(b.ok(path + "timestamp=2026-03-04T12:00:00Z..2026-03-04T11:59:00Z")).To(HaveKeyWithValue("num_records", 5.0))
	b.Expect(b.ok(path + "duration=PT5M")).To(HaveKeyWithValue("num_records", 0.0))
	b.Expect(b.ok(path + "iops.total=>0&status=ok|error")).To(HaveKeyWithValue("num_records", 240.0))
	b.Expect(b.ok(path + "order_by=timestamp&max_records=1")["records"]).To(HaveExactElements(HaveKeyWithValue("timestamp", "2026-03-04T11:00:15Z")))
	seen := 0
	for request := path + "max_records=100"; request != "GET "; {
		page := b.ok(request)
		seen += len(page["records"].([]any))
		request = "GET " + strings.TrimPrefix(next(page), "/api/")
	}
	b.Expect(seen).To(Equal(240))
	b.Expect(b.ok(path + "max_records=1")["records"]).To(HaveExactElements(Equal(
		map[string]any{"svm": map[string]any{"uuid": uuid2}, "timestamp": "2026-03-04T12:00:00Z"})), "keys only, unless more is asked for")
}

func TestMetricsMayBeMissingOrDoubtful(t *testing.T) {
	b := newBed(t)
	measure := func(m array.Metrics) {
		_, err := b.array.Change("svm2", func(svm *array.SVM) error { svm.Metrics = m; return nil })
		b.Expect(err).NotTo(HaveOccurred())
	}
	measure(array.Metrics{Unavailable: true})
	b.refused("GET SERVICES/U2/metrics", "", 404, "8585947", "")
	b.Expect(b.ok("GET SERVICES/U2?fields=**")).NotTo(SatisfyAny(HaveKey("metric"), HaveKey("statistics")))
	measure(array.Metrics{Status: "partial_no_data"})
	b.Expect(b.ok("GET SERVICES/U2?fields=metric.status")).To(HaveKeyWithValue("metric", HaveKeyWithValue("status", "partial_no_data")))
	measure(array.Metrics{Backfilled: 0.1})
	b.Expect(b.ok("GET SERVICES/U2/metrics?status=backfilled_data")).To(HaveKeyWithValue("num_records", BeNumerically("~", 24, 12)))
}

func TestADisabledServiceHasNoLoad(t *testing.T) {
	b := newBed(t)
	b.ok("PATCH SERVICES/U2", `{"enabled":false}`)
	b.ok("POST SERVICES", `{"svm.name":"svm1"}`)
	b.Expect(b.ok("GET SERVICES/U2/metrics?iops.total=>0")).To(HaveKeyWithValue("num_records", 240.0), "history stays")
	b.Expect(b.ok("GET SERVICES/U1/metrics?iops.total=>0")).To(HaveKeyWithValue("num_records", 0.0), "what is new has none")
}
