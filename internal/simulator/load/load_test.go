package load

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

var noon = time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC) // a Wednesday

func TestCountersNeverFall(t *testing.T) {
	g := NewWithT(t)
	for _, seed := range []string{"a", "b", "c"} {
		l := New(seed)
		before := l.Counters(Always(), noon)
		for n := 1; n <= 5000; n++ {
			after := l.Counters(Always(), noon.Add(time.Duration(n)*7*time.Second))
			for k := range kinds {
				g.Expect(after.operations[k]).To(BeNumerically(">", before.operations[k]), "operations %d of %s after %d steps", k, seed, n)
				g.Expect(after.microseconds[k]).To(BeNumerically(">", before.microseconds[k]), "latency %d of %s after %d steps", k, seed, n)
			}
			before = after
		}
	}
}

func TestASampleIsWhatTheCountersGrewBy(t *testing.T) {
	g := NewWithT(t)
	l := New("svm")
	for _, interval := range Intervals {
		before, after := l.Counters(Always(), noon.Add(-interval.Period)), l.Counters(Always(), noon)
		sample := l.Sample(Always(), noon, interval.Period)
		operations := after.IOPS().Total - before.IOPS().Total
		g.Expect(sample.IOPS.Total).To(BeNumerically("~", operations/int64(interval.Period.Seconds()), 2), interval.Name)
		g.Expect(sample.Latency.Total).To(Equal((after.Latency().Total-before.Latency().Total)/operations), interval.Name)
		g.Expect(sample.IOPS.Total).To(Equal(sample.IOPS.Read + sample.IOPS.Write + sample.IOPS.Other))
		g.Expect(sample.Throughput.Total).To(Equal(sample.Throughput.Read + sample.Throughput.Write))
	}
}

func TestCoarseSamplesAverageFineOnes(t *testing.T) {
	g := NewWithT(t)
	l := New("svm")
	coarse := l.Sample(Always(), noon, 5*time.Minute)
	var sum int64
	for n := range 20 {
		sum += l.Sample(Always(), noon.Add(-time.Duration(n)*Tick), Tick).IOPS.Total
	}
	g.Expect(coarse.IOPS.Total).To(BeNumerically("~", sum/20, 3))
}

func TestTheSameSeedHasTheSameLoadAndAnotherHasAnother(t *testing.T) {
	g := NewWithT(t)
	sample := New("svm1").Sample(Always(), noon, Tick)
	g.Expect(New("svm1").Sample(Always(), noon, Tick)).To(Equal(sample))
	g.Expect(New("svm2").Sample(Always(), noon, Tick)).NotTo(Equal(sample))
}

func TestLoadHasTheRhythmOfDaysAndWeeks(t *testing.T) {
	g := NewWithT(t)
	hour := func(l *Load, day, hour int) int64 {
		return l.Sample(Always(), time.Date(2026, time.March, day, hour, 0, 0, 0, time.UTC), time.Hour).IOPS.Total
	}
	for _, seed := range []string{"a", "b", "c", "d"} {
		l := New(seed)
		g.Expect(hour(l, 4, 15)).To(BeNumerically(">", 3*hour(l, 4, 3)/2), "afternoon against night, %s", seed)
		wednesday := l.Sample(Always(), time.Date(2026, time.March, 5, 0, 0, 0, 0, time.UTC), day)
		sunday := l.Sample(Always(), time.Date(2026, time.March, 9, 0, 0, 0, 0, time.UTC), day)
		g.Expect(wednesday.IOPS.Total).To(BeNumerically(">", sunday.IOPS.Total*11/10), "Wednesday against Sunday, %s", seed)
		g.Expect(wednesday.Latency.Total).To(BeNumerically(">", sunday.Latency.Total), "a busy array is slower, %s", seed)
	}
}

func TestAnSVMThatDoesNotServeHasNoLoad(t *testing.T) {
	g := NewWithT(t)
	l := New("svm")
	duty := Always().Stopped(noon).Started(noon.Add(time.Hour))
	g.Expect(l.Sample(duty, noon, Tick)).To(Equal(l.Sample(Always(), noon, Tick)), "what was measured doesn't change")
	g.Expect(l.Sample(duty, noon.Add(time.Minute), Tick).IOPS).To(Equal(Split{}))
	g.Expect(l.Sample(duty, noon.Add(2*time.Hour), Tick).IOPS).To(Equal(l.Sample(Always(), noon.Add(2*time.Hour), Tick).IOPS))
	g.Expect(l.Sample(nil, noon, Tick).Latency).To(Equal(Split{}))
}

func TestHoldingFindsTheFinestIntervalThatStillHasASample(t *testing.T) {
	for name, c := range map[string]struct {
		ago  time.Duration
		want string
	}{
		"now":                                 {0, "1h"},
		"the oldest of the hour":              {time.Hour - Tick, "1h"},
		"an hour ago, on five minutes":        {time.Hour, "1d"},
		"two hours ago, off five minutes":     {2*time.Hour + Tick, ""},
		"yesterday, on half an hour":          {24 * time.Hour, "1w"},
		"eight days ago, on two hours":        {8 * 24 * time.Hour, "1m"},
		"last year's end of a day":            {noon.Sub(time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)), "1y"},
		"older than a year":                   {400 * 24 * time.Hour, ""},
		"the future":                          {-time.Minute, ""},
		"between two samples of fifteen secs": {time.Second, ""},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			interval, ok := Holding(noon, noon.Add(-c.ago))
			g.Expect(interval.Name).To(Equal(c.want))
			g.Expect(ok).To(Equal(c.want != ""))
		})
	}
}
