package load

import "time"

// Split is a quantity by kind of operation. Throughput has no Other.
type Split struct{ Read, Write, Other, Total int64 }

// Counters are the raw counters of an SVM since the cluster came up.
type Counters struct {
	operations   [kinds]float64
	microseconds [kinds]float64
	bytes        [kinds]float64
}

// IOPS is the number of operations so far (iops_raw).
func (c Counters) IOPS() Split { return split(c.operations) }

// Latency is the microseconds that all operations took together (latency_raw).
func (c Counters) Latency() Split { return split(c.microseconds) }

// Throughput is the bytes moved so far (throughput_raw).
func (c Counters) Throughput() Split { return split(c.bytes) }

func split(by [kinds]float64) Split {
	s := Split{Read: int64(by[read]), Write: int64(by[write]), Other: int64(by[other])}
	s.Total = s.Read + s.Write + s.Other
	return s
}

// Counters returns the counters at a time, given when the SVM served.
func (l *Load) Counters(duty Duty, at time.Time) Counters {
	var c Counters
	for _, span := range duty {
		if !span.From.Before(at) {
			break
		}
		until := at
		if !span.To.IsZero() && span.To.Before(at) {
			until = span.To
		}
		from := l.origin
		if span.From.After(Epoch) {
			from = l.basis(span.From.Sub(Epoch).Seconds())
		}
		c.add(l, from, l.basis(until.Sub(Epoch).Seconds()))
	}
	return c
}

// Sample is the average over a period that ends at a timestamp.
type Sample struct {
	Timestamp time.Time
	Period    time.Duration
	// IOPS is a rate per second, Latency microseconds per operation, Throughput bytes per second.
	IOPS, Latency, Throughput Split
}

// Sample returns the sample of a period: what the counters grew by, so that a client that computes with the raw
// counters gets the same.
func (l *Load) Sample(duty Duty, at time.Time, period time.Duration) Sample {
	before, after := l.Counters(duty, at.Add(-period)), l.Counters(duty, at)
	operations := after.IOPS().minus(before.IOPS())
	seconds := int64(period.Seconds())
	return Sample{
		Timestamp:  at,
		Period:     period,
		IOPS:       operations.rate(seconds),
		Latency:    after.Latency().minus(before.Latency()).per(operations),
		Throughput: after.Throughput().minus(before.Throughput()).rate(seconds),
	}
}

func (s Split) minus(t Split) Split {
	return Split{s.Read - t.Read, s.Write - t.Write, s.Other - t.Other, s.Total - t.Total}
}

// rate divides by seconds. The total is that of the parts shown, so that they add up.
func (s Split) rate(seconds int64) Split {
	r := Split{Read: s.Read / seconds, Write: s.Write / seconds, Other: s.Other / seconds}
	r.Total = r.Read + r.Write + r.Other
	return r
}

// per divides by a number of operations, kind by kind; where there were none, nothing took time.
func (s Split) per(operations Split) Split {
	divide := func(sum, by int64) int64 {
		if by == 0 {
			return 0
		}
		return sum / by
	}
	return Split{
		Read:  divide(s.Read, operations.Read),
		Write: divide(s.Write, operations.Write),
		Other: divide(s.Other, operations.Other),
		Total: divide(s.Total, operations.Total),
	}
}
