package rest

import (
	"net/url"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/load"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/query"
)

// serviceRecord is an iscsi_service of the reference: an SVM that has a service, at a point in time. Its performance
// is worked out when first looked at, for most requests never.
type serviceRecord struct {
	*array.SVM
	now      time.Time
	sample   *load.Sample
	counters *load.Counters
}

func (r *serviceRecord) metric() *load.Sample {
	if r.sample == nil {
		sample := r.Load.Sample(r.Duty, load.Newest(r.now, load.Tick), load.Tick)
		r.sample = &sample
	}
	return r.sample
}

// counted is when the counters were read. It is a whole second, as timestamps are: clients divide what the counters grew
// by through the difference of the timestamps.
func (r *serviceRecord) counted() time.Time { return load.Newest(r.now, time.Second) }

func (r *serviceRecord) statistics() *load.Counters {
	if r.counters == nil {
		counters := r.Load.Counters(r.Duty, r.counted())
		r.counters = &counters
	}
	return r.counters
}

// serviceSchema is the iscsi_service definition of the reference.
var serviceSchema = query.NewSchema(append(identityFields(), performanceFields()...)...)

// serviceSchema96 is the definition before ONTAP 9.7 introduced metric and statistics.
var serviceSchema96 = query.NewSchema(identityFields()...)

func (c *call) serviceSchema() *query.Schema[*serviceRecord] {
	if c.version.AtLeast(9, 7) {
		return serviceSchema
	}
	return serviceSchema96
}

type serviceField = query.Field[*serviceRecord]

func identityFields() []serviceField {
	return []serviceField{
		{Name: "svm.uuid", Key: true, Get: func(r *serviceRecord) query.Value { return query.Text(r.UUID) }},
		{Name: "svm.name", Key: true, Get: func(r *serviceRecord) query.Value { return query.Text(r.Name) }},
		{Name: "svm._links.self.href", Kind: query.Link, Get: func(r *serviceRecord) query.Value { return query.Href(svmHref(r.SVM)) }},
		{Name: "enabled", Kind: query.Boolean, Get: func(r *serviceRecord) query.Value { return query.Truth(r.Service.Enabled) }},
		{Name: "target.name", Get: func(r *serviceRecord) query.Value { return query.Text(r.Service.Target) }},
		{Name: "target.alias", Get: func(r *serviceRecord) query.Value { return query.TextOrNull(r.Service.Alias) }},
		{Name: "_links.self.href", Kind: query.Link, Get: func(r *serviceRecord) query.Value { return query.Href(serviceHref(r.SVM)) }},
	}
}

func performanceFields() []serviceField {
	type get = func(*serviceRecord) query.Value
	var fields []serviceField
	add := func(name string, kind query.Kind, get get) {
		fields = append(fields, serviceField{Name: name, Kind: kind, Expensive: true, Get: get})
	}
	status := func(r *serviceRecord) query.Value {
		return query.Text(sampleStatus(r.SVM, load.Newest(r.now, load.Tick)))
	}
	of := func(pick func(*load.Sample) load.Split) func(*serviceRecord) load.Split {
		return func(r *serviceRecord) load.Split { return pick(r.metric()) }
	}

	add("metric.timestamp", query.Timestamp, func(r *serviceRecord) query.Value { return query.Moment(load.Newest(r.now, load.Tick)) })
	add("metric.duration", query.Duration, func(*serviceRecord) query.Value { return query.Span(load.Tick) })
	add("metric.status", query.String, status)
	fields = append(fields, splitFields("metric.latency", true, of(func(s *load.Sample) load.Split { return s.Latency }))...)
	fields = append(fields, splitFields("metric.iops", true, of(func(s *load.Sample) load.Split { return s.IOPS }))...)
	fields = append(fields, splitFields("metric.throughput", false, of(func(s *load.Sample) load.Split { return s.Throughput }))...)
	fields = append(fields, serviceField{Name: "metric._links.self.href", Kind: query.Link, Get: func(r *serviceRecord) query.Value {
		return query.Href(serviceHref(r.SVM) + "/metrics")
	}})

	add("statistics.timestamp", query.Timestamp, func(r *serviceRecord) query.Value { return query.Moment(r.counted()) })
	add("statistics.status", query.String, status)
	raw := func(pick func(load.Counters) load.Split) func(*serviceRecord) load.Split {
		return func(r *serviceRecord) load.Split { return pick(*r.statistics()) }
	}
	fields = append(fields, splitFields("statistics.latency_raw", true, raw(load.Counters.Latency))...)
	fields = append(fields, splitFields("statistics.iops_raw", true, raw(load.Counters.IOPS))...)
	fields = append(fields, splitFields("statistics.throughput_raw", false, raw(load.Counters.Throughput))...)
	for i := range fields {
		fields[i].Expensive = true
		fields[i].Get = ifMeasured(fields[i].Get)
	}
	return fields
}

// ifMeasured hides a field of an SVM without metrics.
func ifMeasured(get func(*serviceRecord) query.Value) func(*serviceRecord) query.Value {
	return func(r *serviceRecord) query.Value {
		if r.Metrics.Unavailable {
			return query.Null
		}
		return get(r)
	}
}

// splitFields are the fields of a quantity that is split by kind of operation.
func splitFields[R any](name string, hasOther bool, get func(R) load.Split) []query.Field[R] {
	number := func(part string, pick func(load.Split) int64) query.Field[R] {
		return query.Field[R]{Name: name + "." + part, Kind: query.Integer, Get: func(r R) query.Value { return query.Number(pick(get(r))) }}
	}
	fields := []query.Field[R]{
		number("read", func(s load.Split) int64 { return s.Read }),
		number("write", func(s load.Split) int64 { return s.Write }),
	}
	if hasOther {
		fields = append(fields, number("other", func(s load.Split) int64 { return s.Other }))
	}
	return append(fields, number("total", func(s load.Split) int64 { return s.Total }))
}

func svmHref(svm *array.SVM) string     { return svmsPath + "/" + url.PathEscape(svm.UUID) }
func serviceHref(svm *array.SVM) string { return servicesPath + "/" + url.PathEscape(svm.UUID) }

// sampleStatus is the status of an SVM's sample.
func sampleStatus(svm *array.SVM, timestamp time.Time) string {
	switch {
	case svm.Metrics.Status != "":
		return svm.Metrics.Status
	case svm.Load.Chance(timestamp) < svm.Metrics.Backfilled:
		return "backfilled_data"
	}
	return "ok"
}
