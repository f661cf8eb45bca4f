package ontap

// Field names a property of a record as queries spell it: to filter by, to order by, or to ask for.
type Field string

// AllFields is every field but the expensive ones, which are [MetricFields] and [StatisticsFields].
const AllFields Field = "*"

// Fields of an iSCSI service: "Retrieve iSCSI services", Parameters.
const (
	SVMName     Field = "svm.name"
	SVMUUID     Field = "svm.uuid"
	Enabled     Field = "enabled"
	TargetName  Field = "target.name"
	TargetAlias Field = "target.alias"

	// MetricFields is the whole of metric. It is expensive: it comes only when asked for by name. Since ONTAP 9.7, as all below.
	MetricFields          Field = "metric"
	MetricTimestamp       Field = "metric.timestamp"
	MetricDuration        Field = "metric.duration"
	MetricStatus          Field = "metric.status"
	MetricIOPSRead        Field = "metric.iops.read"
	MetricIOPSWrite       Field = "metric.iops.write"
	MetricIOPSOther       Field = "metric.iops.other"
	MetricIOPSTotal       Field = "metric.iops.total"
	MetricLatencyRead     Field = "metric.latency.read"
	MetricLatencyWrite    Field = "metric.latency.write"
	MetricLatencyOther    Field = "metric.latency.other"
	MetricLatencyTotal    Field = "metric.latency.total"
	MetricThroughputRead  Field = "metric.throughput.read"
	MetricThroughputWrite Field = "metric.throughput.write"
	MetricThroughputTotal Field = "metric.throughput.total"

	// StatisticsFields is the whole of statistics. It is expensive too.
	StatisticsFields             Field = "statistics"
	StatisticsTimestamp          Field = "statistics.timestamp"
	StatisticsStatus             Field = "statistics.status"
	StatisticsIOPSRawRead        Field = "statistics.iops_raw.read"
	StatisticsIOPSRawWrite       Field = "statistics.iops_raw.write"
	StatisticsIOPSRawOther       Field = "statistics.iops_raw.other"
	StatisticsIOPSRawTotal       Field = "statistics.iops_raw.total"
	StatisticsLatencyRawRead     Field = "statistics.latency_raw.read"
	StatisticsLatencyRawWrite    Field = "statistics.latency_raw.write"
	StatisticsLatencyRawOther    Field = "statistics.latency_raw.other"
	StatisticsLatencyRawTotal    Field = "statistics.latency_raw.total"
	StatisticsThroughputRawRead  Field = "statistics.throughput_raw.read"
	StatisticsThroughputRawWrite Field = "statistics.throughput_raw.write"
	StatisticsThroughputRawTotal Field = "statistics.throughput_raw.total"
)

// Fields of a sample of the history: "Retrieve historical performance metrics for the iSCSI protocol of an SVM", Parameters.
const (
	Timestamp       Field = "timestamp"
	Duration        Field = "duration"
	Status          Field = "status"
	IOPSRead        Field = "iops.read"
	IOPSWrite       Field = "iops.write"
	IOPSOther       Field = "iops.other"
	IOPSTotal       Field = "iops.total"
	LatencyRead     Field = "latency.read"
	LatencyWrite    Field = "latency.write"
	LatencyOther    Field = "latency.other"
	LatencyTotal    Field = "latency.total"
	ThroughputRead  Field = "throughput.read"
	ThroughputWrite Field = "throughput.write"
	ThroughputTotal Field = "throughput.total"
)

// Fields of an SVM in GET /svm/svms.
const (
	Name  Field = "name"
	UUID  Field = "uuid"
	State Field = "state"
)

// InitiatorName is a field of a session in GET /protocols/san/iscsi/sessions, next to [SVMName] and [SVMUUID].
const InitiatorName Field = "initiator.name"
