package crd

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"
)

const (
	eitherOr     = "spec: Invalid value: a query has either an interval or a timestamp"
	oneSample    = "spec: Forbidden: a timestamp selects one sample: filters, orderBy and maxRecords go with an interval"
	queryIsFixed = "spec: Forbidden: it is immutable: delete the ISCSIMetricsQuery, or create another one"

	badTimestamp = "timestamp is a time as in 2026-11-23T10:15:00Z or 2026-11-23T11:15:00+01:00"
	badTTL       = "ttlAfterFinished is from 0s to 8760h, written as in 30s, 5m or 1h30m"
	badCount     = "spec.filters[0].values: Invalid value: Between takes two values, In one or more, every other operator one"
	badOperator  = "spec.filters[0].operator: Invalid value: status and duration take Equal, NotEqual and In only"
	badTimeValue = "spec.filters[0].values: Invalid value: timestamp is compared with times, as in 2026-11-23T10:15:00Z"
	badDuration  = "spec.filters[0].values: Invalid value: duration is compared with PT15S, PT4M, PT5M, PT30M, PT2H or P1D"
	badStatus    = "spec.filters[0].values: Invalid value: status is compared with ONTAP's words, such as ok or partial_no_data"
	badNumber    = "spec.filters[0].values: Invalid value: iops, latency and throughput are compared with whole numbers"
	badRange     = "spec.filters[0].values: Invalid value: Between takes the lower value first"
	sampleAt     = "2026-11-23T10:15:00Z"
	sampleFields = "timestamp, duration, status, iops.read, iops.write, iops.other, iops.total, latency.read, latency.write, latency.other, latency.total, throughput.read, throughput.write, throughput.total"
)

// ask is the spec of a query for the last hour that has further fields.
func ask(fields string) string { return `{serviceRef: {name: orders}, interval: 1h, ` + fields + `}` }

// filter is the spec of a query with one filter.
func filter(field, operator, values string) string {
	return ask(`filters: [{field: ` + field + `, operator: ` + operator + `, values: [` + values + `]}]`)
}

// sample is the spec of a query that is for no interval.
func sample(fields string) string {
	return `{serviceRef: {name: orders}, ` + fields + `}`
}

func TestISCSIMetricsQuery(t *testing.T) {
	every := strings.Split(sampleFields, ", ")
	orders := make([]string, len(every))
	for i, field := range every {
		orders[i] = fmt.Sprintf("{field: %s, descending: %t}", field, i%2 == 0)
	}
	cases := []apply{
		{name: "every field can be set", spec: ask(`filters: [{field: status, operator: Equal, values: [ok]}], orderBy: [{field: iops.total, descending: true}, {field: timestamp}], fields: [timestamp, iops, latency.total], maxRecords: 10, ttlAfterFinished: 24h`)},
		{name: "one sample is selected by its time", spec: sample(`timestamp: "` + sampleAt + `", fields: [iops], ttlAfterFinished: 0s`)},
		{name: "an offset is a time too", spec: sample(`timestamp: "2026-11-23T11:15:00+01:00"`)},
		{name: "a query is about a service", spec: `{interval: 1h}`, refused: "spec.serviceRef: Required value"},
		{name: "the service has a name", spec: `{serviceRef: {}, interval: 1h}`, refused: "spec.serviceRef.name: Required value"},
		{name: "the service is in the same namespace", spec: `{serviceRef: {name: orders, namespace: other}, interval: 1h}`, refused: `unknown field "spec.serviceRef.namespace"`},

		{name: "a query says for which time", spec: `{serviceRef: {name: orders}}`, refused: eitherOr},
		{name: "a query is not for an interval and for a timestamp", spec: ask(`timestamp: "` + sampleAt + `"`), refused: eitherOr},
		{name: "the intervals are listed to who writes another one", spec: `{serviceRef: {name: orders}, interval: 2h}`, refused: `spec.interval: Unsupported value: "2h": supported values: "1h", "1d", "1w", "1m", "1y"`},
		{name: "one sample is not filtered", spec: sample(`timestamp: "` + sampleAt + `", filters: [{field: status, operator: Equal, values: [ok]}]`), refused: oneSample},
		{name: "one sample is not ordered", spec: sample(`timestamp: "` + sampleAt + `", orderBy: [{field: status}]`), refused: oneSample},
		{name: "one sample is not limited", spec: sample(`timestamp: "` + sampleAt + `", maxRecords: 1`), refused: oneSample},
		{name: "a timestamp is a whole time", spec: sample(`timestamp: "2026-11-23"`), refused: badTimestamp},
		{name: "a timestamp is spelt so that everybody can read it", spec: sample(`timestamp: "2026-11-23t10:15:00z"`), refused: badTimestamp},
		{name: "a timestamp has an offset", spec: sample(`timestamp: "2026-11-23T10:15:00"`), refused: badTimestamp},
		{name: "a timestamp is on a day that there is", spec: sample(`timestamp: "2026-02-30T10:15:00Z"`), refused: "spec.timestamp: Invalid value"},
		{name: "a timestamp is nothing else", spec: sample(`timestamp: "` + sampleAt + `?a=b"`), refused: badTimestamp},

		{name: "a number is compared with a number", spec: filter("iops.total", "GreaterThan", `"100"`)},
		{name: "a number is between two", spec: filter("latency.read", "Between", `"0", "999999999999999999"`)},
		{name: "a number is one of several", spec: filter("throughput.total", "In", `"1", "2", "3"`)},
		{name: "a time is between two, whatever their offsets", spec: filter("timestamp", "Between", `"2026-11-23T11:15:00+01:00", "2026-11-23T10:15:00Z"`)},
		{name: "a duration is one of ONTAP's", spec: filter("duration", "In", `PT15S, PT4M, PT5M, PT30M, PT2H, P1D`)},
		{name: "a status can be excluded", spec: filter("status", "NotEqual", `partial_no_data`)},
		{name: "several filters hold together", spec: ask(`filters: [{field: iops.total, operator: AtLeast, values: ["1"]}, {field: iops.read, operator: AtMost, values: ["9"]}]`)},
		{name: "a field is filtered once", spec: ask(`filters: [{field: iops.total, operator: AtLeast, values: ["1"]}, {field: iops.total, operator: AtMost, values: ["9"]}]`), refused: `spec.filters[1]: Duplicate value: {"field":"iops.total"}`},
		{name: "filters are not an empty list", spec: ask(`filters: []`), refused: "spec.filters in body should have at least 1 items"},
		{name: "a filter is on a field of a sample", spec: filter("iops", "Equal", `"1"`), refused: `spec.filters[0].field: Unsupported value: "iops"`},
		{name: "a filter is on no parameter of ONTAP", spec: filter("interval", "Equal", `"1"`), refused: `spec.filters[0].field: Unsupported value: "interval"`},
		{name: "the operators are listed to who writes another one", spec: filter("iops.total", "Like", `"1"`), refused: `spec.filters[0].operator: Unsupported value: "Like": supported values: "Equal", "NotEqual", "In", "LessThan", "AtMost", "GreaterThan", "AtLeast", "Between"`},
		{name: "a filter has a value", spec: filter("iops.total", "Equal", ``), refused: "spec.filters[0].values in body should have at least 1 items"},
		{name: "most operators take one value", spec: filter("iops.total", "LessThan", `"1", "2"`), refused: badCount},
		{name: "a range has two ends", spec: filter("iops.total", "Between", `"1"`), refused: badCount},
		{name: "a range does not have three", spec: filter("iops.total", "Between", `"1", "2", "3"`), refused: badCount},
		{name: "a range begins with its lower end", spec: filter("iops.total", "Between", `"10", "9"`), refused: badRange},
		{name: "a range of times begins with the earlier one", spec: filter("timestamp", "Between", `"2026-11-23T10:15:01Z", "2026-11-23T11:15:00+01:00"`), refused: badRange},
		{name: "there is no more or less of a status", spec: filter("status", "GreaterThan", `ok`), refused: badOperator},
		{name: "there is no more or less of a duration", spec: filter("duration", "Between", `PT15S, P1D`), refused: badOperator},
		{name: "a number is compared with nothing else", spec: filter("iops.total", "Equal", `many`), refused: badNumber},
		{name: "a number is whole", spec: filter("iops.total", "Equal", `"1.5"`), refused: badNumber},
		{name: "a number is one that the operator can read", spec: filter("iops.total", "Equal", `"1000000000000000000"`), refused: badNumber},
		{name: "a number brings no operator of ONTAP's along", spec: filter("iops.total", "Equal", `">1"`), refused: badNumber},
		{name: "a number brings no parameter along", spec: filter("iops.total", "Equal", `"1&fields=**"`), refused: badNumber},
		{name: "a time is compared with times", spec: filter("timestamp", "AtLeast", `yesterday`), refused: badTimeValue},
		{name: "a duration is compared with durations", spec: filter("duration", "Equal", `15s`), refused: badDuration},
		{name: "a status is compared with words", spec: filter("status", "Equal", `"!ok"`), refused: badStatus},
		{name: "a number is written in quotes", spec: filter("iops.total", "Equal", `1`), refused: "spec.filters[0].values[0] in body must be of type string"},

		{name: "samples can be ordered by every field", spec: ask(`orderBy: [` + strings.Join(orders, ", ") + `]`)},
		{name: "samples are ordered by a field once", spec: ask(`orderBy: [{field: status}, {field: status, descending: true}]`), refused: `spec.orderBy[1]: Duplicate value: {"field":"status"}`},
		{name: "samples are ordered by a field of theirs", spec: ask(`orderBy: [{field: svm.name}]`), refused: `spec.orderBy[0].field: Unsupported value: "svm.name"`},
		{name: "every field can be asked for", spec: ask(`fields: [` + sampleFields + `, iops, latency, throughput]`)},
		{name: "a field is asked for once", spec: ask(`fields: [iops, iops]`), refused: `spec.fields[1]: Duplicate value: "iops"`},
		{name: "a field is one of a sample", spec: ask(`fields: ["*"]`), refused: `spec.fields[0]: Unsupported value: "*"`},
		{name: "there is one record at least", spec: ask(`maxRecords: -1`), refused: "spec.maxRecords in body should be greater than or equal to 1"},
		{name: "there are a thousand records at most", spec: ask(`maxRecords: 1001`), refused: "spec.maxRecords in body should be less than or equal to 1000"},

		{name: "a query may be kept for a year", spec: ask(`ttlAfterFinished: 8760h`)},
		{name: "a query may not be kept for longer", spec: ask(`ttlAfterFinished: 8760h1s`), refused: badTTL},
		{name: "a time to keep a query is not negative", spec: ask(`ttlAfterFinished: -1s`), refused: badTTL},
		{name: "a time to keep a query is written as Go does", spec: ask(`ttlAfterFinished: 7d`), refused: badTTL},
		{name: "no time to keep a query is not written as an empty one", spec: ask(`ttlAfterFinished: ""`), refused: badTTL},

		{name: "a query can be applied again", was: ask(`fields: [iops]`), spec: ask(`fields: [iops]`)},
		{name: "a query stays with its service", was: ask(`maxRecords: 1`), spec: `{serviceRef: {name: sales}, interval: 1h, maxRecords: 1}`, refused: queryIsFixed},
		{name: "a query stays with its interval", was: ask(`maxRecords: 1`), spec: `{serviceRef: {name: orders}, interval: 1d, maxRecords: 1}`, refused: queryIsFixed},
		{name: "a query gets no further filter", was: ask(`maxRecords: 1`), spec: ask(`maxRecords: 1, filters: [{field: status, operator: Equal, values: [ok]}]`), refused: queryIsFixed},
		{name: "a query keeps its time", was: ask(`ttlAfterFinished: 1h`), spec: ask(`ttlAfterFinished: 2h`), refused: queryIsFixed},
		{name: "a query keeps what is optional", was: ask(`ttlAfterFinished: 1h`), spec: `{serviceRef: {name: orders}, interval: 1h}`, refused: queryIsFixed},
	}
	for _, interval := range []string{"1h", "1d", "1w", "1m", "1y"} {
		cases = append(cases, apply{name: interval + " is an interval", spec: `{serviceRef: {name: orders}, interval: ` + interval + `}`})
	}
	tryAll(t, "ISCSIMetricsQuery", cases)
}

func TestTheLargestAnswerFitsIntoAnObject(t *testing.T) {
	g := NewWithT(t)
	o := object{"ISCSIMetricsQuery", "largest"}
	o.create(t, ask("maxRecords: 1000"))
	operations := map[string]int64{"read": 1 << 62, "write": 1 << 62, "other": 1 << 62, "total": 1 << 62}
	samples := slices.Repeat([]map[string]any{{
		"timestamp": sampleAt, "duration": "24h0m0s", "status": "inconsistent_delta_time",
		"iops": operations, "latencyMicroseconds": operations,
		"throughputBytesPerSecond": map[string]int64{"read": 1 << 62, "write": 1 << 62, "total": 1 << 62},
	}}, 1000)
	status, err := yaml.Marshal(map[string]any{
		"apiVersion": "san.ontap-operator.io/v1alpha1", "kind": "ISCSIMetricsQuery", "metadata": map[string]any{"name": o.name},
		"status": map[string]any{"observedGeneration": 1, "samples": samples},
	})
	g.Expect(err).NotTo(HaveOccurred())
	_, err = cluster.Kubectl(t.Context(), string(status), "apply", "--server-side", "--subresource=status", "-f", "-")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(o.get(t, "{.status.samples[999].iops.total}")).To(Equal("4611686018427387904"))
}
