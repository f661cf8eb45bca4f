package iscsimetricsquery

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

func TestSummaryOfKnownValues(t *testing.T) {
	hundred := make([]int64, 100)
	for i := range hundred {
		hundred[i] = int64(100 - i)
	}
	for _, c := range []struct {
		name   string
		values []int64
		want   v1alpha1.SeriesSummary
	}{
		{"one value is all three", []int64{7}, v1alpha1.SeriesSummary{Average: 7, P95: 7, Maximum: 7}},
		{"half is rounded up", []int64{1, 2}, v1alpha1.SeriesSummary{Average: 2, P95: 2, Maximum: 2}},
		{"less than half is rounded down", []int64{1, 1, 2}, v1alpha1.SeriesSummary{Average: 1, P95: 2, Maximum: 2}},
		{"the 95th of a hundred is the percentile", hundred, v1alpha1.SeriesSummary{Average: 51, P95: 95, Maximum: 100}},
		{"of twenty, it is the nineteenth", hundred[:20], v1alpha1.SeriesSummary{Average: 91, P95: 99, Maximum: 100}},
		{"of twenty-one, it is the twentieth", hundred[:21], v1alpha1.SeriesSummary{Average: 90, P95: 99, Maximum: 100}},
		{"the sum may overflow", []int64{math.MaxInt64, math.MaxInt64}, v1alpha1.SeriesSummary{Average: math.MaxInt64, P95: math.MaxInt64, Maximum: math.MaxInt64}},
		{"an idle service", []int64{0, 0, 0}, v1alpha1.SeriesSummary{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			NewWithT(t).Expect(*summarised(slices.Clone(c.values))).To(Equal(c.want))
		})
	}
}

func TestSummaryAgreesWithItsDefinition(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		// Small values repeat, great ones overflow when they are added up.
		reach := int64(1) << (1 + random.IntN(62))
		values := make([]int64, 1+random.IntN(v1alpha1.MaxMetricsSamples))
		sum := new(big.Int)
		for i := range values {
			values[i] = random.Int64N(2*(reach-1)+1) - (reach - 1)
			sum.Add(sum, big.NewInt(values[i]))
		}
		n := len(values)
		got := summarised(slices.Clone(values))
		g := NewWithT(t)
		g.Expect(got.Maximum).To(Equal(slices.Max(values)))

		enough := func(limit int64) bool {
			atMost := 0
			for _, value := range values {
				if value <= limit {
					atMost++
				}
			}
			return 100*atMost >= 95*n
		}
		g.Expect(values).To(ContainElement(got.P95))
		g.Expect(enough(got.P95)).To(BeTrue(), "95 of 100 do not exceed it")
		below := int64(math.MinInt64)
		for _, value := range values {
			if value < got.P95 {
				below = max(below, value)
			}
		}
		g.Expect(enough(below)).To(BeFalse(), "no lesser value would do")

		off := sum.Sub(sum, new(big.Int).Mul(big.NewInt(int64(n)), big.NewInt(got.Average)))
		g.Expect(off.Lsh(off, 1).CmpAbs(big.NewInt(int64(n)))).To(BeNumerically("<=", 0), "the nearest whole number")
	}
}

func TestHistoryShowsWhatWasAskedFor(t *testing.T) {
	at := time.Date(2026, 11, 23, 10, 15, 0, 0, time.UTC)
	metric := ontap.Metric{
		Timestamp: at, Duration: 15 * time.Second, Status: "partial_no_data",
		IOPS:       ontap.Operations{Read: 1, Write: 2, Other: 3, Total: 6},
		Latency:    ontap.Operations{Read: 10, Write: 20, Other: 30, Total: 60},
		Throughput: ontap.Bytes{Read: 100, Write: 200, Total: 300},
	}
	all := v1alpha1.MetricsSample{
		Timestamp: metav1.NewTime(at), Duration: &metav1.Duration{Duration: 15 * time.Second}, Status: "partial_no_data",
		IOPS:                     v1alpha1.SampleOperations{Read: new(int64(1)), Write: new(int64(2)), Other: new(int64(3)), Total: new(int64(6))},
		LatencyMicroseconds:      v1alpha1.SampleOperations{Read: new(int64(10)), Write: new(int64(20)), Other: new(int64(30)), Total: new(int64(60))},
		ThroughputBytesPerSecond: v1alpha1.SampleThroughput{Read: new(int64(100)), Write: new(int64(200)), Total: new(int64(300))},
	}
	for _, c := range []struct {
		name   string
		fields []v1alpha1.MetricsSelection
		want   v1alpha1.MetricsSample
	}{
		{"everything unless told otherwise", nil, all},
		{"one field, with timestamp and status", []v1alpha1.MetricsSelection{"latency.other"}, v1alpha1.MetricsSample{
			Timestamp: all.Timestamp, Status: all.Status, LatencyMicroseconds: v1alpha1.SampleOperations{Other: new(int64(30))},
		}},
		{"a whole object, and the duration", []v1alpha1.MetricsSelection{"throughput", "duration"}, v1alpha1.MetricsSample{
			Timestamp: all.Timestamp, Status: all.Status, Duration: all.Duration, ThroughputBytesPerSecond: all.ThroughputBytesPerSecond,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			ok := metric
			ok.Status = ontap.StatusOK
			samples, summary := history([]ontap.Metric{metric, ok}, c.fields)
			g.Expect(samples[0]).To(Equal(c.want))
			g.Expect(summary.Samples).To(Equal(int32(2)))
			g.Expect(summary.NotOK).To(Equal(int32(1)))
			for _, one := range allSeries {
				if shown := *one.sample(&c.want); shown == nil {
					g.Expect(*one.summary(summary)).To(BeNil(), "%s", one.field)
				} else {
					g.Expect(*one.summary(summary)).To(HaveValue(Equal(v1alpha1.SeriesSummary{Average: *shown, P95: *shown, Maximum: *shown})), "%s", one.field)
				}
			}
		})
	}

	g := NewWithT(t)
	samples, summary := history(nil, nil)
	g.Expect(samples).To(BeEmpty())
	g.Expect(*summary).To(Equal(v1alpha1.MetricsSummary{}), "nothing has no average")
}

func TestAFilterThatTheSchemaLetThroughWronglyIsAnError(t *testing.T) {
	for _, filter := range []v1alpha1.MetricsFilter{
		{Field: v1alpha1.MetricsFieldIOPSTotal, Operator: v1alpha1.FilterEqual, Values: []string{"1&fields=*"}},
		{Field: v1alpha1.MetricsFieldTimestamp, Operator: v1alpha1.FilterEqual, Values: []string{"yesterday"}},
		{Field: v1alpha1.MetricsFieldIOPSTotal, Operator: v1alpha1.FilterBetween, Values: []string{"1"}},
		{Field: v1alpha1.MetricsFieldIOPSTotal, Operator: v1alpha1.FilterEqual},
		{Field: v1alpha1.MetricsFieldIOPSTotal, Operator: "Like", Values: []string{"1"}},
	} {
		_, err := historyQuery(v1alpha1.ISCSIMetricsQuerySpec{Filters: []v1alpha1.MetricsFilter{filter}})
		NewWithT(t).Expect(err).To(HaveOccurred(), "%v", filter)
	}
}
