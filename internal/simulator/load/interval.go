package load

import (
	"iter"
	"time"
)

// Interval is a time range of metrics history: how far back it goes and how finely it is sampled.
type Interval struct {
	Name   string
	Period time.Duration
	Count  int // samples it holds
}

const day = 24 * time.Hour

// Intervals are those of "Retrieve historical performance metrics for the iSCSI protocol of an SVM", finest first.
var Intervals = []Interval{
	{"1h", Tick, 240},
	{"1d", 5 * time.Minute, 288},
	{"1w", 30 * time.Minute, 336},
	{"1m", 2 * time.Hour, 360},
	{"1y", day, 365},
}

// Named returns the interval with a name; the empty name is the default, 1h.
func Named(name string) (Interval, bool) {
	if name == "" {
		return Intervals[0], true
	}
	for _, i := range Intervals {
		if i.Name == name {
			return i, true
		}
	}
	return Interval{}, false
}

// Timestamps yields the ends of the interval's samples, newest first.
func (i Interval) Timestamps(now time.Time) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		newest := Newest(now, i.Period)
		for n := range i.Count {
			if !yield(newest.Add(-time.Duration(n) * i.Period)) {
				return
			}
		}
	}
}

// Newest is the end of the last complete sample of a period.
func Newest(now time.Time, period time.Duration) time.Time {
	return now.UTC().Truncate(period)
}

// Holding returns the finest interval that still holds a sample with a timestamp.
func Holding(now, timestamp time.Time) (Interval, bool) {
	for _, i := range Intervals {
		newest := Newest(now, i.Period)
		oldest := newest.Add(-time.Duration(i.Count-1) * i.Period)
		aligned := timestamp.Equal(timestamp.Truncate(i.Period))
		if aligned && !timestamp.After(newest) && !timestamp.Before(oldest) {
			return i, true
		}
	}
	return Interval{}, false
}

// Chance draws a number in [0,1) that belongs to this load and a sample's timestamp.
func (l *Load) Chance(timestamp time.Time) float64 {
	const lane = 7 << 48
	return unit(l.seed, lane+uint64(timestamp.Unix())) //nolint:gosec // any bits do for a seed
}
