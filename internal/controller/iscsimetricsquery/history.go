package iscsimetricsquery

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// historyQuery is the spec of an ISCSIMetricsQuery in ONTAP's terms. Values are parsed and spelt anew, so that they can
// be nothing but values. An error means that the spec has something which the CRD should not have let through.
func historyQuery(spec v1alpha1.ISCSIMetricsQuerySpec) (ontap.MetricsQuery, error) {
	query := ontap.Query{}.Select(selectedFields(spec.Fields)...)
	for _, filter := range spec.Filters {
		operand, err := filterOperand(filter)
		if err != nil {
			return ontap.MetricsQuery{}, fmt.Errorf("filters: %s: %w", filter.Field, err)
		}
		query = query.Where(ontap.Field(filter.Field), operand)
	}
	for _, order := range spec.OrderBy {
		query = query.OrderBy(ontap.Field(order.Field), ontap.Direction(order.Descending))
	}
	if len(spec.OrderBy) == 0 {
		query = query.OrderBy(ontap.Timestamp, ontap.Descending)
	}
	return ontap.MetricsQuery{Interval: ontap.Interval(spec.Interval), Query: query}, nil
}

// selectedFields are what the array is asked for. The status is always among them, since it is counted.
func selectedFields(selections []v1alpha1.MetricsSelection) []ontap.Field {
	if len(selections) == 0 {
		return []ontap.Field{ontap.AllFields}
	}
	fields := []ontap.Field{ontap.Status}
	for _, selection := range selections {
		if field := ontap.Field(selection); field != ontap.Status {
			fields = append(fields, field)
		}
	}
	return fields
}

// selectsField reports whether the field is to be shown.
func selectsField(selections []v1alpha1.MetricsSelection, field v1alpha1.MetricsField) bool {
	object, _, _ := strings.Cut(string(field), ".")
	return len(selections) == 0 || slices.Contains(selections, v1alpha1.MetricsSelection(field)) ||
		slices.Contains(selections, v1alpha1.MetricsSelection(object))
}

func filterOperand(filter v1alpha1.MetricsFilter) (ontap.Operand, error) {
	switch filter.Field {
	case v1alpha1.MetricsFieldTimestamp:
		return compared(filter, func(text string) (time.Time, error) { return time.Parse(time.RFC3339, text) })
	case v1alpha1.MetricsFieldDuration, v1alpha1.MetricsFieldStatus:
		return compared(filter, func(text string) (string, error) { return text, nil })
	default:
		return compared(filter, func(text string) (int64, error) { return strconv.ParseInt(text, 10, 64) })
	}
}

func compared[T ontap.Value](filter v1alpha1.MetricsFilter, parse func(string) (T, error)) (ontap.Operand, error) {
	values := make([]T, 0, len(filter.Values))
	for _, text := range filter.Values {
		value, err := parse(text)
		if err != nil {
			return ontap.Operand{}, err
		}
		values = append(values, value)
	}
	if filter.Operator == v1alpha1.FilterIn {
		return ontap.AnyOf(values...), nil
	}
	if filter.Operator == v1alpha1.FilterBetween && len(values) == 2 {
		return ontap.Between(values[0], values[1]), nil
	}
	if len(values) != 1 {
		return ontap.Operand{}, fmt.Errorf("%s does not take %d values", filter.Operator, len(values))
	}
	switch filter.Operator {
	case v1alpha1.FilterEqual:
		return ontap.Equal(values[0]), nil
	case v1alpha1.FilterNotEqual:
		return ontap.Not(ontap.Equal(values[0])), nil
	case v1alpha1.FilterLessThan:
		return ontap.Less(values[0]), nil
	case v1alpha1.FilterAtMost:
		return ontap.AtMost(values[0]), nil
	case v1alpha1.FilterGreaterThan:
		return ontap.Greater(values[0]), nil
	case v1alpha1.FilterAtLeast:
		return ontap.AtLeast(values[0]), nil
	}
	return ontap.Operand{}, fmt.Errorf("there is no operator %s", filter.Operator)
}

// series is one figure of a sample: where the array has it, and where status shows it.
type series struct {
	field   v1alpha1.MetricsField
	value   func(ontap.Metric) int64
	sample  func(*v1alpha1.MetricsSample) **int64
	summary func(*v1alpha1.MetricsSummary) **v1alpha1.SeriesSummary
}

var allSeries = slices.Concat(
	operationSeries("iops", func(m ontap.Metric) ontap.Operations { return m.IOPS },
		func(s *v1alpha1.MetricsSample) *v1alpha1.SampleOperations { return &s.IOPS },
		func(s *v1alpha1.MetricsSummary) *v1alpha1.OperationsSummary { return &s.IOPS }),
	operationSeries("latency", func(m ontap.Metric) ontap.Operations { return m.Latency },
		func(s *v1alpha1.MetricsSample) *v1alpha1.SampleOperations { return &s.LatencyMicroseconds },
		func(s *v1alpha1.MetricsSummary) *v1alpha1.OperationsSummary { return &s.LatencyMicroseconds }),
	[]series{
		{
			v1alpha1.MetricsFieldThroughputRead, func(m ontap.Metric) int64 { return m.Throughput.Read },
			func(s *v1alpha1.MetricsSample) **int64 { return &s.ThroughputBytesPerSecond.Read },
			func(s *v1alpha1.MetricsSummary) **v1alpha1.SeriesSummary { return &s.ThroughputBytesPerSecond.Read },
		},
		{
			v1alpha1.MetricsFieldThroughputWrite, func(m ontap.Metric) int64 { return m.Throughput.Write },
			func(s *v1alpha1.MetricsSample) **int64 { return &s.ThroughputBytesPerSecond.Write },
			func(s *v1alpha1.MetricsSummary) **v1alpha1.SeriesSummary { return &s.ThroughputBytesPerSecond.Write },
		},
		{
			v1alpha1.MetricsFieldThroughputTotal, func(m ontap.Metric) int64 { return m.Throughput.Total },
			func(s *v1alpha1.MetricsSample) **int64 { return &s.ThroughputBytesPerSecond.Total },
			func(s *v1alpha1.MetricsSummary) **v1alpha1.SeriesSummary { return &s.ThroughputBytesPerSecond.Total },
		},
	},
)

func operationSeries(
	object string,
	of func(ontap.Metric) ontap.Operations,
	sample func(*v1alpha1.MetricsSample) *v1alpha1.SampleOperations,
	summary func(*v1alpha1.MetricsSummary) *v1alpha1.OperationsSummary,
) []series {
	return []series{
		{
			v1alpha1.MetricsField(object + ".read"), func(m ontap.Metric) int64 { return of(m).Read },
			func(s *v1alpha1.MetricsSample) **int64 { return &sample(s).Read },
			func(s *v1alpha1.MetricsSummary) **v1alpha1.SeriesSummary { return &summary(s).Read },
		},
		{
			v1alpha1.MetricsField(object + ".write"), func(m ontap.Metric) int64 { return of(m).Write },
			func(s *v1alpha1.MetricsSample) **int64 { return &sample(s).Write },
			func(s *v1alpha1.MetricsSummary) **v1alpha1.SeriesSummary { return &summary(s).Write },
		},
		{
			v1alpha1.MetricsField(object + ".other"), func(m ontap.Metric) int64 { return of(m).Other },
			func(s *v1alpha1.MetricsSample) **int64 { return &sample(s).Other },
			func(s *v1alpha1.MetricsSummary) **v1alpha1.SeriesSummary { return &summary(s).Other },
		},
		{
			v1alpha1.MetricsField(object + ".total"), func(m ontap.Metric) int64 { return of(m).Total },
			func(s *v1alpha1.MetricsSample) **int64 { return &sample(s).Total },
			func(s *v1alpha1.MetricsSummary) **v1alpha1.SeriesSummary { return &summary(s).Total },
		},
	}
}

// history is what status shows of the samples.
func history(metrics []ontap.Metric, fields []v1alpha1.MetricsSelection) ([]v1alpha1.MetricsSample, *v1alpha1.MetricsSummary) {
	samples := make([]v1alpha1.MetricsSample, len(metrics))
	summary := &v1alpha1.MetricsSummary{Samples: int32(len(metrics))} //nolint:gosec // there are MaxMetricsSamples at most
	for i, m := range metrics {
		samples[i] = v1alpha1.MetricsSample{Timestamp: metav1.NewTime(m.Timestamp), Status: m.Status}
		if selectsField(fields, v1alpha1.MetricsFieldDuration) {
			samples[i].Duration = &metav1.Duration{Duration: m.Duration}
		}
		if m.Status != ontap.StatusOK {
			summary.NotOK++
		}
	}
	for _, one := range allSeries {
		if len(metrics) == 0 || !selectsField(fields, one.field) {
			continue
		}
		values := make([]int64, len(metrics))
		for i, m := range metrics {
			values[i] = one.value(m)
			*one.sample(&samples[i]) = new(values[i])
		}
		*one.summary(summary) = summarised(values)
	}
	return samples, summary
}

// summarised is what the values come to; there is at least one. They are put in order.
func summarised(values []int64) *v1alpha1.SeriesSummary {
	slices.Sort(values)
	n := int64(len(values))
	// The quotients and the remainders are added up apart: the sum of the values could overflow.
	var average, rest int64
	for _, value := range values {
		average += value / n
		rest += value % n
	}
	average += rest / n
	switch rest %= n; {
	case 2*rest >= n:
		average++
	case 2*rest <= -n:
		average--
	}
	return &v1alpha1.SeriesSummary{Average: average, P95: values[(95*n+99)/100-1], Maximum: values[n-1]}
}
