package ontap

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"
)

// Metric is one sample of an SVM's iSCSI performance: an average over the Duration that ends at Timestamp. Values that were not
// selected, or that the array left out, are zero.
type Metric struct {
	Timestamp time.Time
	// Duration is 15 s, 4 or 5 min, 30 min, 2 h or 1 day.
	Duration time.Duration
	// Status is "ok", or says why the sample may be wrong: see [StatusOK]. Versions differ in the words they use.
	Status string
	// IOPS is in operations per second.
	IOPS Operations
	// Latency is the round trip in microseconds.
	Latency Operations
	// Throughput is in bytes per second.
	Throughput Bytes
}

// StatusOK is the status of a sample without errors.
const StatusOK = "ok"

// Statistics are counters that grow while the cluster is up, and start again at some time. Differences of two over the
// difference of their Timestamps are rates; the difference of LatencyRaw over that of IOPSRaw is the average latency.
type Statistics struct {
	Timestamp time.Time
	// Status is as in [Metric].
	Status string
	// IOPSRaw is in operations.
	IOPSRaw Operations
	// LatencyRaw is in microseconds.
	LatencyRaw Operations
	// ThroughputRaw is in bytes.
	ThroughputRaw Bytes
}

// Operations holds a value per kind of I/O operation; Other is metadata and the like, Total is over all kinds.
type Operations struct {
	Read, Write, Other, Total int64
}

// Bytes holds a value per direction; other operations move none.
type Bytes struct {
	Read, Write, Total int64
}

// Interval is the time range of a history, which determines how far its samples are apart.
type Interval string

// The intervals of the reference. The array takes the hour when none is given.
const (
	LastHour  Interval = "1h" // every 15 s
	LastDay   Interval = "1d" // every 5 min
	LastWeek  Interval = "1w" // every 30 min
	LastMonth Interval = "1m" // every 2 h
	LastYear  Interval = "1y" // every day
)

// MetricsQuery says which part of the history to return.
type MetricsQuery struct {
	// Interval, when empty, is the last hour.
	Interval Interval
	// Query filters, selects and orders by the fields of a sample, such as [IOPSTotal].
	Query Query
}

const (
	listMetrics  = "list iSCSI metrics"
	countMetrics = "count iSCSI metrics"
	readMetrics  = "read iSCSI metrics"
)

// ServiceMetrics iterates over the samples of a service: "Retrieve historical performance metrics for the iSCSI protocol of an SVM",
// since ONTAP 9.7. Any error but a *[RecordError] ends the iteration. Errors: [CodeMetricsUnavailable], [CodeMetricsFailed].
func (c *Client) ServiceMetrics(ctx context.Context, svmUUID string, q MetricsQuery) iter.Seq2[Metric, error] {
	target, err := servicePath(svmUUID, "metrics")
	if err != nil {
		return func(yield func(Metric, error) bool) { yield(Metric{}, invalid(listMetrics, "%v", err)) }
	}
	walk := collection{operation: listMetrics, path: target, query: q.Query.or(AllFields), interval: q.Interval}
	return list(ctx, c, walk, func(r sampleRecord) (Metric, error) { return r.sample(svmUUID) })
}

// ServiceMetricsCount returns the number of samples that match the query, as [Client.ServiceMetrics] would yield them.
func (c *Client) ServiceMetricsCount(ctx context.Context, svmUUID string, q MetricsQuery) (int, error) {
	target, err := servicePath(svmUUID, "metrics")
	if err != nil {
		return 0, invalid(countMetrics, "%v", err)
	}
	return count(ctx, c, collection{operation: countMetrics, path: target, query: q.Query, interval: q.Interval})
}

// ServiceMetricsAt returns the sample of one time: "Retrieve historical performance metrics for the iSCSI protocol service of an SVM
// for a specific time", since ONTAP 9.14. Errors: [CodeMetricsUnavailable], [CodeMetricsFailed]; [CodeNotSupported] before 9.14.
func (c *Client) ServiceMetricsAt(ctx context.Context, svmUUID string, at time.Time, fields ...Field) (Metric, error) {
	target, err := servicePath(svmUUID, "metrics", at.UTC().Format(time.RFC3339Nano))
	if err == nil && at.IsZero() {
		err = errors.New("no time is given")
	}
	if err != nil {
		return Metric{}, invalid(readMetrics, "%v", err)
	}
	var query parameters
	query.add("fields", join(fields))
	return fetch(ctx, c, readMetrics, target+query.String(), func(r sampleRecord) (Metric, error) {
		return r.sample(svmUUID)
	})
}

// split is a quantity by kind of I/O operation.
type split struct {
	Read  number `json:"read"`
	Write number `json:"write"`
	Other number `json:"other"`
	Total number `json:"total"`
}

func (s split) operations() Operations {
	return Operations{Read: int64(s.Read), Write: int64(s.Write), Other: int64(s.Other), Total: int64(s.Total)}
}

func (s split) bytes() Bytes {
	return Bytes{Read: int64(s.Read), Write: int64(s.Write), Total: int64(s.Total)}
}

type metricRecord struct {
	Timestamp  timestamp `json:"timestamp"`
	Duration   period    `json:"duration"`
	Status     string    `json:"status"`
	IOPS       split     `json:"iops"`
	Latency    split     `json:"latency"`
	Throughput split     `json:"throughput"`
}

func (r metricRecord) metric() Metric {
	return Metric{
		Timestamp:  r.Timestamp.Time,
		Duration:   time.Duration(r.Duration),
		Status:     shorten(r.Status, maxStatus),
		IOPS:       r.IOPS.operations(),
		Latency:    r.Latency.operations(),
		Throughput: r.Throughput.bytes(),
	}
}

// sampleRecord is a metric on its own, in the history.
type sampleRecord struct {
	metricRecord
	SVM reference `json:"svm"`
}

func (r sampleRecord) owner() reference { return r.SVM }

// sample insists on the timestamp, the key of a sample. The SVM need not be repeated, since the path has named it, but it must
// not be another's.
func (r sampleRecord) sample(svmUUID string) (Metric, error) {
	if r.Timestamp.IsZero() {
		return Metric{}, errors.New("a sample has no timestamp")
	}
	if r.SVM.UUID != "" && !strings.EqualFold(r.SVM.UUID, svmUUID) {
		return Metric{}, fmt.Errorf("a sample belongs to SVM %.40q", r.SVM.UUID)
	}
	return r.metric(), nil
}

type statisticsRecord struct {
	Timestamp     timestamp `json:"timestamp"`
	Status        string    `json:"status"`
	IOPSRaw       split     `json:"iops_raw"`
	LatencyRaw    split     `json:"latency_raw"`
	ThroughputRaw split     `json:"throughput_raw"`
}

func (r statisticsRecord) statistics() Statistics {
	return Statistics{
		Timestamp:     r.Timestamp.Time,
		Status:        shorten(r.Status, maxStatus),
		IOPSRaw:       r.IOPSRaw.operations(),
		LatencyRaw:    r.LatencyRaw.operations(),
		ThroughputRaw: r.ThroughputRaw.bytes(),
	}
}
