package rest

import (
	"net/url"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/load"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/ontaperror"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/query"
)

// metricRecord is one sample of an SVM's history ("records" of the reference's metrics section).
type metricRecord struct {
	svm    *array.SVM
	sample load.Sample
}

var metricSchema = query.NewSchema(metricFields()...)

func metricFields() []query.Field[*metricRecord] {
	type field = query.Field[*metricRecord]
	fields := []field{
		{Name: "svm.uuid", Key: true, Get: func(r *metricRecord) query.Value { return query.Text(r.svm.UUID) }},
		{Name: "timestamp", Kind: query.Timestamp, Key: true, Get: func(r *metricRecord) query.Value { return query.Moment(r.sample.Timestamp) }},
		{Name: "duration", Kind: query.Duration, Get: func(r *metricRecord) query.Value { return query.Span(r.sample.Period) }},
		{Name: "status", Get: func(r *metricRecord) query.Value { return query.Text(sampleStatus(r.svm, r.sample.Timestamp)) }},
	}
	fields = append(fields, splitFields("latency", true, func(r *metricRecord) load.Split { return r.sample.Latency })...)
	fields = append(fields, splitFields("iops", true, func(r *metricRecord) load.Split { return r.sample.IOPS })...)
	fields = append(fields, splitFields("throughput", false, func(r *metricRecord) load.Split { return r.sample.Throughput })...)
	return append(fields, field{Name: "_links.self.href", Kind: query.Link, Get: func(r *metricRecord) query.Value {
		timestamp := query.Moment(r.sample.Timestamp).String()
		return query.Href(serviceHref(r.svm) + "/metrics/" + url.QueryEscape(timestamp))
	}})
}

// listMetrics implements "Retrieve historical performance metrics for the iSCSI protocol of an SVM". The newest
// sample comes first.
func (c *call) listMetrics() (Response, error) {
	interval, ok := load.Named(c.params.interval)
	if !ok {
		return Response{}, invalid("interval", c.params.interval, "1h|1d|1w|1m|1y")
	}
	svm, err := c.measured(c.path[0])
	if err != nil {
		return Response{}, err
	}
	var records []*metricRecord
	for timestamp := range interval.Timestamps(c.array.Now()) {
		records = append(records, &metricRecord{svm, svm.Load.Sample(svm.Duty, timestamp, interval.Period)})
	}
	return collection[*metricRecord]{
		schema:     metricSchema,
		records:    records,
		position:   []string{"timestamp"},
		descending: true,
	}.answer(c)
}

// getMetric implements "Retrieve historical performance metrics for the iSCSI protocol service of an SVM for a
// specific time". Where several intervals hold a sample of that time it is the finest one's.
func (c *call) getMetric() (Response, error) {
	timestamp, ok := query.ParseTimestamp(c.path[1])
	if !ok {
		return Response{}, invalid("timestamp", c.path[1], "date-time")
	}
	svm, err := c.measured(c.path[0])
	if err != nil {
		return Response{}, err
	}
	interval, ok := load.Holding(c.array.Now(), timestamp)
	if !ok {
		return Response{}, ontaperror.On(ontaperror.NoMetrics, "timestamp")
	}
	return instance(c, metricSchema, &metricRecord{svm, svm.Load.Sample(svm.Duty, timestamp, interval.Period)})
}

// measured returns the SVM of a metrics path. Its error tables know two codes, and neither tells an SVM that doesn't
// exist from one without metrics.
func (c *call) measured(uuid string) (*array.SVM, error) {
	svm := c.array.SVM(uuid)
	if !c.sees(svm) || svm.Service == nil || svm.Metrics.Unavailable {
		return nil, ontaperror.New(ontaperror.NoMetrics)
	}
	return svm, nil
}
