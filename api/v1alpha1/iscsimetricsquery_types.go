package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// MaxMetricsSamples is how many samples the status of an ISCSIMetricsQuery
// has at most: the longest history of ONTAP has 366, and an object of
// Kubernetes must stay small.
const MaxMetricsSamples = 1000

// MetricsInterval is how far back a history goes, which determines how far
// its samples are apart.
// +kubebuilder:validation:Enum="1h";"1d";"1w";"1m";"1y"
type MetricsInterval string

const (
	// MetricsIntervalHour is the last hour, with a sample every 15 s.
	MetricsIntervalHour MetricsInterval = "1h"
	// MetricsIntervalDay is the last day, with a sample every 5 min.
	MetricsIntervalDay MetricsInterval = "1d"
	// MetricsIntervalWeek is the last week, with a sample every 30 min.
	MetricsIntervalWeek MetricsInterval = "1w"
	// MetricsIntervalMonth is the last month, with a sample every 2 h.
	MetricsIntervalMonth MetricsInterval = "1m"
	// MetricsIntervalYear is the last year, with a sample every day.
	MetricsIntervalYear MetricsInterval = "1y"
)

// MetricsField is a field of a sample, by the name that ONTAP gives it.
// +kubebuilder:validation:Enum=timestamp;duration;status;iops.read;iops.write;iops.other;iops.total;latency.read;latency.write;latency.other;latency.total;throughput.read;throughput.write;throughput.total
type MetricsField string

// The fields of a sample.
const (
	// MetricsFieldTimestamp: when the sample ended.
	MetricsFieldTimestamp MetricsField = "timestamp"
	// MetricsFieldDuration: how long it is: 15 s, 5 min, 30 min, 2 h or a day.
	MetricsFieldDuration MetricsField = "duration"
	// MetricsFieldStatus: "ok", or what is wrong with it.
	MetricsFieldStatus MetricsField = "status"
	// MetricsFieldIOPSRead: read operations a second.
	MetricsFieldIOPSRead MetricsField = "iops.read"
	// MetricsFieldIOPSWrite: write operations a second.
	MetricsFieldIOPSWrite MetricsField = "iops.write"
	// MetricsFieldIOPSOther: other operations a second, such as those on metadata.
	MetricsFieldIOPSOther MetricsField = "iops.other"
	// MetricsFieldIOPSTotal: all operations a second.
	MetricsFieldIOPSTotal MetricsField = "iops.total"
	// MetricsFieldLatencyRead: the mean time of a read operation, in microseconds.
	MetricsFieldLatencyRead MetricsField = "latency.read"
	// MetricsFieldLatencyWrite: the mean time of a write operation, in microseconds.
	MetricsFieldLatencyWrite MetricsField = "latency.write"
	// MetricsFieldLatencyOther: the mean time of other operations, in microseconds.
	MetricsFieldLatencyOther MetricsField = "latency.other"
	// MetricsFieldLatencyTotal: the mean time of all operations, in microseconds.
	MetricsFieldLatencyTotal MetricsField = "latency.total"
	// MetricsFieldThroughputRead: bytes read a second.
	MetricsFieldThroughputRead MetricsField = "throughput.read"
	// MetricsFieldThroughputWrite: bytes written a second.
	MetricsFieldThroughputWrite MetricsField = "throughput.write"
	// MetricsFieldThroughputTotal: all bytes a second.
	MetricsFieldThroughputTotal MetricsField = "throughput.total"
)

// MetricsSelection is a field of a sample, or iops, latency or throughput,
// which stand for all fields below them.
// +kubebuilder:validation:Enum=timestamp;duration;status;iops;iops.read;iops.write;iops.other;iops.total;latency;latency.read;latency.write;latency.other;latency.total;throughput;throughput.read;throughput.write;throughput.total
type MetricsSelection string

// FilterOperator compares a field of a sample with values.
// +kubebuilder:validation:Enum=Equal;NotEqual;In;LessThan;AtMost;GreaterThan;AtLeast;Between
type FilterOperator string

const (
	// FilterEqual keeps the samples with the value.
	FilterEqual FilterOperator = "Equal"
	// FilterNotEqual keeps the samples without it.
	FilterNotEqual FilterOperator = "NotEqual"
	// FilterIn keeps the samples with one of the values.
	FilterIn FilterOperator = "In"
	// FilterLessThan keeps the samples below the value.
	FilterLessThan FilterOperator = "LessThan"
	// FilterAtMost keeps the samples with the value, and those below.
	FilterAtMost FilterOperator = "AtMost"
	// FilterGreaterThan keeps the samples above the value.
	FilterGreaterThan FilterOperator = "GreaterThan"
	// FilterAtLeast keeps the samples with the value, and those above.
	FilterAtLeast FilterOperator = "AtLeast"
	// FilterBetween keeps the samples with either of two values, and those
	// between them.
	FilterBetween FilterOperator = "Between"
)

// ISCSIMetricsQuerySpec says which part of the history of a service to
// read. It is immutable: another question is another ISCSIMetricsQuery.
// +kubebuilder:validation:XValidation:rule="self == oldSelf",reason=FieldValueForbidden,message="it is immutable: delete the ISCSIMetricsQuery, or create another one"
// +kubebuilder:validation:XValidation:rule="has(self.interval) != has(self.timestamp)",reason=FieldValueInvalid,message="a query has either an interval or a timestamp"
// +kubebuilder:validation:XValidation:rule="!has(self.timestamp) || !(has(self.filters) || has(self.orderBy) || has(self.maxRecords))",reason=FieldValueForbidden,message="a timestamp selects one sample: filters, orderBy and maxRecords go with an interval"
type ISCSIMetricsQuerySpec struct {
	// serviceRef names the ISCSIService, in the same namespace, whose history
	// is read.
	// +required
	ServiceRef ISCSIServiceReference `json:"serviceRef"`

	// interval is how far back the history goes: 1h (a sample every 15 s), 1d
	// (every 5 min), 1w (every 30 min), 1m (a month, every 2 h) or 1y (every
	// day). Either interval or timestamp is set.
	// +optional
	Interval MetricsInterval `json:"interval,omitempty"`

	// timestamp selects the one sample that ends at that time, as in
	// 2026-11-23T10:15:00Z. It takes ONTAP 9.14.
	// +optional
	// +kubebuilder:validation:MaxLength=25
	// +kubebuilder:validation:XValidation:rule="self.matches('^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$') && timestamp(self) >= timestamp('2000-01-01T00:00:00Z')",message="timestamp is a time as in 2026-11-23T10:15:00Z or 2026-11-23T11:15:00+01:00"
	Timestamp string `json:"timestamp,omitempty"`

	// filters keep the samples that satisfy all of them; each field can have
	// one. Unset keeps all samples.
	// +optional
	// +listType=map
	// +listMapKey=field
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=14
	Filters []MetricsFilter `json:"filters,omitempty"`

	// orderBy orders the samples by the first field, those that are the same
	// in it by the second, and so on. Unset means the newest first.
	// +optional
	// +listType=map
	// +listMapKey=field
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=14
	OrderBy []MetricsOrder `json:"orderBy,omitempty"`

	// fields are those that the samples and the summary have. timestamp and
	// status always come along. Unset means all.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=17
	Fields []MetricsSelection `json:"fields,omitempty"`

	// maxRecords is how many samples are read at most, the first in the order
	// of orderBy. Unset means 1000, which is more than any interval has.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	MaxRecords int32 `json:"maxRecords,omitempty"`

	// ttlAfterFinished is how long the object stays after its samples were
	// read (status.completionTime), as in 0s, 30m or 24h; then it is deleted.
	// Unset: it stays. A query that is Stalled has not finished, and stays.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,5}([.][0-9]{1,3})?(h|m|s|ms))+$') && duration(self) <= duration('8760h')",message="ttlAfterFinished is from 0s to 8760h, written as in 30s, 5m or 1h30m"
	TTLAfterFinished *metav1.Duration `json:"ttlAfterFinished,omitempty"`
}

// ISCSIServiceReference names an ISCSIService in the same namespace.
type ISCSIServiceReference struct {
	// name of the ISCSIService.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// MetricsFilter is a condition on one field of a sample.
// +kubebuilder:validation:XValidation:rule="self.operator == 'In' || size(self.values) == (self.operator == 'Between' ? 2 : 1)",reason=FieldValueInvalid,fieldPath=".values",message="Between takes two values, In one or more, every other operator one"
// +kubebuilder:validation:XValidation:rule="!(self.field in ['status', 'duration']) || self.operator in ['Equal', 'NotEqual', 'In']",reason=FieldValueInvalid,fieldPath=".operator",message="status and duration take Equal, NotEqual and In only"
// +kubebuilder:validation:XValidation:rule="self.field != 'timestamp' || self.values.all(v, v.matches('^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$') && timestamp(v) >= timestamp('2000-01-01T00:00:00Z'))",reason=FieldValueInvalid,fieldPath=".values",message="timestamp is compared with times, as in 2026-11-23T10:15:00Z"
// +kubebuilder:validation:XValidation:rule="self.field != 'duration' || self.values.all(v, v in ['PT15S', 'PT4M', 'PT5M', 'PT30M', 'PT2H', 'P1D'])",reason=FieldValueInvalid,fieldPath=".values",message="duration is compared with PT15S, PT4M, PT5M, PT30M, PT2H or P1D"
// +kubebuilder:validation:XValidation:rule="self.field != 'status' || self.values.all(v, v.matches('^[a-z][a-z_]*$'))",reason=FieldValueInvalid,fieldPath=".values",message="status is compared with ONTAP's words, such as ok or partial_no_data"
// +kubebuilder:validation:XValidation:rule="self.field in ['timestamp', 'duration', 'status'] || self.values.all(v, v.matches('^[0-9]{1,18}$'))",reason=FieldValueInvalid,fieldPath=".values",message="iops, latency and throughput are compared with whole numbers"
// +kubebuilder:validation:XValidation:rule="self.operator != 'Between' || self.field in ['status', 'duration'] || size(self.values) != 2 || (self.field == 'timestamp' ? timestamp(self.values[0]) <= timestamp(self.values[1]) : int(self.values[0]) <= int(self.values[1]))",reason=FieldValueInvalid,fieldPath=".values",message="Between takes the lower value first"
type MetricsFilter struct {
	// field of a sample, by the name that ONTAP gives it.
	// +required
	Field MetricsField `json:"field"`

	// operator compares the field with values. status and duration take
	// Equal, NotEqual and In only.
	// +required
	Operator FilterOperator `json:"operator"`

	// values to compare with: two for Between, the lower one first; one or
	// more for In; one for every other operator. They are whole numbers for
	// iops (per second), latency (in microseconds) and throughput (in bytes
	// per second), written in quotes; times for timestamp, as in
	// 2026-11-23T10:15:00Z; durations in ISO 8601 for duration, as in PT15S;
	// ONTAP's words for status, such as ok.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=32
	Values []string `json:"values"`
}

// MetricsOrder orders samples by one field.
type MetricsOrder struct {
	// field of a sample, by the name that ONTAP gives it.
	// +required
	Field MetricsField `json:"field"`

	// descending puts the greatest first, or the newest. Unset: the least.
	// +optional
	Descending bool `json:"descending,omitempty"`
}

// ISCSIMetricsQueryStatus is what the array answered, once it has.
type ISCSIMetricsQueryStatus struct {
	// observedGeneration is the generation of the spec that Ready or Stalled
	// was last decided for; -1 before the operator has seen the object.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions: Ready, and when they apply Reconciling and Stalled, in the
	// sense of kstatus.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// completionTime is when the samples were read. The array is not asked
	// again after it.
	// +optional
	CompletionTime *metav1.Time `json:"completionTime,omitempty"`

	// svm is the SVM that the samples are of.
	// +optional
	SVM *SVMStatus `json:"svm,omitempty"`

	// summary is computed from the samples.
	// +optional
	Summary *MetricsSummary `json:"summary,omitempty"`

	// samples are what the array returned, in the order of spec.orderBy.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1000
	Samples []MetricsSample `json:"samples,omitempty"`
}

// MetricsSample is one sample of the history: an average over the duration
// that ends at timestamp. It has the fields that were asked for.
type MetricsSample struct {
	// timestamp is the end of the time that the sample is about.
	// +required
	Timestamp metav1.Time `json:"timestamp"`

	// duration of the sample, such as 15s.
	// +optional
	Duration *metav1.Duration `json:"duration,omitempty"`

	// status is "ok", or what is wrong with the sample in ONTAP's words, such
	// as partial_no_data.
	// +optional
	Status string `json:"status,omitempty"`

	// iops is in operations per second.
	// +optional
	IOPS SampleOperations `json:"iops,omitzero"`

	// latencyMicroseconds is the mean time from request to answer.
	// +optional
	LatencyMicroseconds SampleOperations `json:"latencyMicroseconds,omitzero"`

	// throughputBytesPerSecond is what was read and written.
	// +optional
	ThroughputBytesPerSecond SampleThroughput `json:"throughputBytesPerSecond,omitzero"`
}

// SampleOperations is a figure per kind of I/O operation that was asked
// for.
type SampleOperations struct {
	// read is the figure of read operations.
	// +optional
	Read *int64 `json:"read,omitempty"`

	// write is the figure of write operations.
	// +optional
	Write *int64 `json:"write,omitempty"`

	// other is the figure of all other operations.
	// +optional
	Other *int64 `json:"other,omitempty"`

	// total is the figure over all operations.
	// +optional
	Total *int64 `json:"total,omitempty"`
}

// SampleThroughput is a figure per direction that was asked for.
type SampleThroughput struct {
	// read is what was read.
	// +optional
	Read *int64 `json:"read,omitempty"`

	// write is what was written.
	// +optional
	Write *int64 `json:"write,omitempty"`

	// total is the sum of both.
	// +optional
	Total *int64 `json:"total,omitempty"`
}

// MetricsSummary is computed from the samples that were returned, those
// whose status is not ok included.
type MetricsSummary struct {
	// samples is how many samples were returned.
	// +optional
	Samples int32 `json:"samples"`

	// notOK is how many of them have a status other than ok.
	// +optional
	NotOK int32 `json:"notOK"`

	// iops is in operations per second.
	// +optional
	IOPS OperationsSummary `json:"iops,omitzero"`

	// latencyMicroseconds is the mean time from request to answer. Its average
	// is that of the samples, whatever the number of operations in each.
	// +optional
	LatencyMicroseconds OperationsSummary `json:"latencyMicroseconds,omitzero"`

	// throughputBytesPerSecond is what was read and written.
	// +optional
	ThroughputBytesPerSecond ThroughputSummary `json:"throughputBytesPerSecond,omitzero"`
}

// OperationsSummary is a summary per kind of I/O operation that was asked
// for.
type OperationsSummary struct {
	// read is the summary of read operations.
	// +optional
	Read *SeriesSummary `json:"read,omitempty"`

	// write is the summary of write operations.
	// +optional
	Write *SeriesSummary `json:"write,omitempty"`

	// other is the summary of all other operations.
	// +optional
	Other *SeriesSummary `json:"other,omitempty"`

	// total is the summary over all operations.
	// +optional
	Total *SeriesSummary `json:"total,omitempty"`
}

// ThroughputSummary is a summary per direction that was asked for.
type ThroughputSummary struct {
	// read is the summary of what was read.
	// +optional
	Read *SeriesSummary `json:"read,omitempty"`

	// write is the summary of what was written.
	// +optional
	Write *SeriesSummary `json:"write,omitempty"`

	// total is the summary of both together.
	// +optional
	Total *SeriesSummary `json:"total,omitempty"`
}

// SeriesSummary is what the values of one field come to. The values are
// whole numbers in the array's own resolution, and so are these.
type SeriesSummary struct {
	// average is the arithmetic mean, rounded to the nearest whole number.
	// +required
	Average int64 `json:"average"`

	// p95 is the 95th percentile by nearest rank: the least value that at
	// least 95 of 100 samples do not exceed.
	// +required
	P95 int64 `json:"p95"`

	// maximum is the greatest value.
	// +required
	Maximum int64 `json:"maximum"`
}

// ISCSIMetricsQuery reads a part of the performance history that the array
// keeps of an iSCSI service, once, and shows it in status with a summary.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=iscsimetricsqueries,scope=Namespaced,shortName=iscsimq,categories=ontap
// +kubebuilder:printcolumn:name="Service",type=string,JSONPath=`.spec.serviceRef.name`,description="ISCSIService whose history is read"
// +kubebuilder:printcolumn:name="Interval",type=string,JSONPath=`.spec.interval`,description="How far back the history goes; empty for one timestamp"
// +kubebuilder:printcolumn:name="Samples",type=integer,JSONPath=`.status.summary.samples`,description="Samples that the array returned"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Timestamp",type=string,priority=1,JSONPath=`.spec.timestamp`,description="The one sample that is read; empty for an interval"
// +kubebuilder:printcolumn:name="SVM",type=string,priority=1,JSONPath=`.status.svm.name`,description="SVM that the samples are of"
// +kubebuilder:printcolumn:name="Not-OK",type=integer,priority=1,JSONPath=`.status.summary.notOK`,description="Samples whose status is not ok"
// +kubebuilder:selectablefield:JSONPath=`.spec.serviceRef.name`
type ISCSIMetricsQuery struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec says which part of the history to read. Immutable.
	// +required
	Spec ISCSIMetricsQuerySpec `json:"spec"`

	// status is what the array answered, once it has.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status ISCSIMetricsQueryStatus `json:"status,omitempty"`
}

// ISCSIMetricsQueryList is a list of ISCSIMetricsQueries.
// +kubebuilder:object:root=true
type ISCSIMetricsQueryList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ISCSIMetricsQuery `json:"items"`
}

// Finished reports whether the samples were read. The array is not asked
// again.
func (q *ISCSIMetricsQuery) Finished() bool {
	return q.Status.CompletionTime != nil
}
