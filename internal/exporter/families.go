package exporter

import (
	"github.com/prometheus/client_golang/prometheus"
)

// family is all series of one name.
type family struct {
	name, help string
	kind       prometheus.ValueType
	labels     []string
	desc       *prometheus.Desc
}

// families are those that are made anew at each scrape, and so vanish with what they are about.
var families []*family

func gauge(name, help string, labels ...string) *family {
	return define(prometheus.GaugeValue, name, help, labels)
}

func counter(name, help string, labels ...string) *family {
	return define(prometheus.CounterValue, name, help, labels)
}

func define(kind prometheus.ValueType, name, help string, labels []string) *family {
	f := &family{name: name, help: help, kind: kind, labels: labels, desc: prometheus.NewDesc(name, help, labels, nil)}
	families = append(families, f)
	return f
}

func (f *family) series(value float64, labels ...string) prometheus.Metric {
	metric, err := prometheus.NewConstMetric(f.desc, f.kind, value, labels...)
	if err != nil {
		return prometheus.NewInvalidMetric(f.desc, err)
	}
	return metric
}

// Labels. The namespace is the object's, hence a scrape has to honour it (honorLabels).
const (
	labelArray     = "ontapcluster"
	labelNamespace = "namespace"
	labelName      = "name"
	labelSVM       = "svm"
	labelOperation = "operation"
	labelReason    = "reason"
	labelStatus    = "status"
	labelKind      = "kind"
)

// ofService are the labels of what the array says about a service, with some of its own; ofObject those of what
// Kubernetes says about its object, which may not be bound to an SVM.
func ofService(more ...string) []string {
	return append([]string{labelNamespace, labelName, labelArray, labelSVM}, more...)
}

func ofObject(more ...string) []string {
	return append([]string{labelNamespace, labelName, labelArray}, more...)
}

// What an array says about a service.
var (
	serviceInfo = gauge("ontap_san_iscsi_service_info",
		"The iSCSI service of an ISCSIService: the UUID of its SVM, its target, and whether it was created or adopted. Always 1.",
		ofService("svm_uuid", "target", "alias", "origin")...)
	serviceEnabled = gauge("ontap_san_iscsi_service_enabled",
		"Whether the service is enabled on the array.", ofService()...)
	serviceOperations = gauge("ontap_san_iscsi_service_operations_per_second",
		"Operations per second in the array's latest sample: read, write and other.", ofService(labelOperation)...)
	serviceOverallOperations = gauge("ontap_san_iscsi_service_overall_operations_per_second",
		"Operations per second in the array's latest sample, of all kinds.", ofService()...)
	serviceLatency = gauge("ontap_san_iscsi_service_latency_seconds",
		"Mean time from request to answer in the array's latest sample: read, write and other.", ofService(labelOperation)...)
	serviceOverallLatency = gauge("ontap_san_iscsi_service_overall_latency_seconds",
		"Mean time from request to answer in the array's latest sample, over operations of all kinds.", ofService()...)
	serviceThroughput = gauge("ontap_san_iscsi_service_throughput_bytes_per_second",
		"Bytes per second in the array's latest sample: read and write.", ofService(labelOperation)...)
	serviceOverallThroughput = gauge("ontap_san_iscsi_service_overall_throughput_bytes_per_second",
		"Bytes per second in the array's latest sample, in both directions.", ofService()...)
	serviceSampleAge = gauge("ontap_san_iscsi_service_sample_age_seconds",
		"Time since the array's latest sample, by the clock of the operator.", ofService()...)
	serviceSampleStatus = gauge("ontap_san_iscsi_service_sample_status",
		"Status of the array's latest sample in ONTAP's words: ok, or why it may be wrong. Always 1.", ofService(labelStatus)...)
	serviceOperationsTotal = counter("ontap_san_iscsi_service_operations_total",
		"Operations: read, write and other. Left out while the array says that its statistics may be wrong.", ofService(labelOperation)...)
	serviceSecondsTotal = counter("ontap_san_iscsi_service_operation_seconds_total",
		"Time that operations took, summed: read, write and other. Left out while the array says that its statistics may be wrong.", ofService(labelOperation)...)
	serviceBytesTotal = counter("ontap_san_iscsi_service_transferred_bytes_total",
		"Bytes transferred: read and write. Left out while the array says that its statistics may be wrong.", ofService(labelOperation)...)
)

// What is known of objects.
var (
	serviceReady = gauge("ontap_san_iscsi_service_ready",
		"Whether the ISCSIService is Ready, and the reason.", ofObject(labelReason)...)
	serviceWanted = gauge("ontap_san_iscsi_service_desired_enabled",
		"Whether the ISCSIService asks for an enabled service. Not there for one that is only observed and does not say.", ofObject()...)
	driftCorrected = counter("ontap_san_drift_corrected_total",
		"Changes by other clients of the array that the operator put back, by field: enabled or alias.", ofObject("field")...)
	objects = gauge("ontap_san_objects",
		"Objects by kind, and by status and reason of their condition Ready.", labelKind, "ready", labelReason)
	deletionTime = gauge("ontap_san_object_deletion_timestamp_seconds",
		"When the deletion of an object began that has not come to its end, in seconds since 1970.", labelKind, labelNamespace, labelName)
)

// What is known of arrays.
var (
	arrayInfo = gauge("ontap_san_array_info",
		"The array of an ONTAPCluster: its name, UUID and version. Always 1.", labelArray, "array", "array_uuid", "version")
	arrayReady = gauge("ontap_san_array_ready",
		"Whether the ONTAPCluster is Ready, and the reason: not if its array cannot be reached or refuses the login.", labelArray, labelReason)
	arrayPollInterval = gauge("ontap_san_array_poll_interval_seconds",
		"How often the services of the array are read.", labelArray)
	arrayPollAge = gauge("ontap_san_array_poll_age_seconds",
		"Time since the latest complete poll of the array began. Not there before the first.", labelArray)
	arrayServices = gauge("ontap_san_array_services",
		"iSCSI services that the array is known to have, managed or not.", labelArray)
	arrayBreaker = gauge("ontap_san_array_breaker_state",
		"State of the breaker for requests to the array: 1 for the one of closed, half-open and open that it is in.", labelArray, "state")
	arraySamples = gauge("ontap_san_array_samples_available",
		"Whether the array gave performance data when it was last asked for some.", labelArray)
)

// What is counted as it happens.
const (
	requestsName  = "ontap_san_array_requests_total"
	requestsHelp  = "Requests to the array by operation, HTTP status (0: no answer) and ONTAP code (0: no error); beyond 100 kinds of answers, both are other."
	durationsName = "ontap_san_array_request_duration_seconds"
	durationsHelp = "Time from a request to the array to its answer, by operation."
)

var (
	requestsLabels  = []string{labelArray, labelOperation, labelStatus, "code"}
	durationsLabels = []string{labelArray, labelOperation}
)
