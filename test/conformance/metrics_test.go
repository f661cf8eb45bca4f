package conformance

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// relation is a behaviour that shows in several answers only. The metrics are those of svm2. Where answers have to be of
// the same time, they are of the last year, which changes at midnight only.
type relation struct {
	is, cite string
	holds    func(*WithT, *reader)
}

var relations = []relation{
	{
		"A metric, its record in the history and the sample at its time are the same",
		"reference: Metrics at a specific time",
		func(g *WithT, r *reader) {
			metric := r.instance(g).Metric
			g.Expect(r.history(g, "fields=*")).To(ContainElement(metric))
			g.Expect(r.at(g, metric.Timestamp.Format(time.RFC3339))).To(Equal(metric))
		},
	},
	{
		"A record of any interval is found at its time", "reference: Metrics at a specific time",
		func(g *WithT, r *reader) {
			for _, interval := range intervals {
				old := early(g, r, interval)
				g.Expect(r.at(g, old.Timestamp.Format(time.RFC3339))).To(Equal(old), interval.name)
			}
		},
	},
	{
		"A time may be written as the reference does, or with an offset", "facts: What the reference loses",
		func(g *WithT, r *reader) {
			metric := r.instance(g).Metric
			abroad := metric.Timestamp.In(time.FixedZone("", -5*60*60))
			for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05 -0700"} {
				g.Expect(r.at(g, url.PathEscape(abroad.Format(layout)))).To(Equal(metric), layout)
			}
		},
	},
	{
		"The sample at a time has the fields that were asked for", "reference: Metrics at a specific time",
		func(g *WithT, r *reader) {
			metric := r.instance(g).Metric
			got := r.at(g, metric.Timestamp.Format(time.RFC3339)+"?fields=iops.total")
			g.Expect(got.IOPS).To(Equal(map[string]float64{"total": metric.IOPS["total"]}))
			g.Expect(got.Latency).To(BeNil())
		},
	},
	{
		"Records follow each other at the distance of their duration, back to where the interval begins",
		"reference: Historical metrics",
		func(g *WithT, r *reader) {
			for _, interval := range intervals {
				asked := time.Now()
				history := r.history(g, "order_by=timestamp&fields=duration&interval="+interval.name)
				g.Expect(len(history)).To(BeNumerically(">", 200), interval.name)
				for i, s := range history {
					g.Expect(s.Duration).To(Equal(interval.duration))
					g.Expect(s.Timestamp).To(Equal(history[0].Timestamp.Add(time.Duration(i) * interval.period)))
				}
				g.Expect(history[len(history)-1].Timestamp).To(BeTemporally("~", asked, 2*interval.period), interval.name)
			}
		},
	},
	{
		"A record of a coarser interval is the average of the finer records", "reference: Performance monitoring",
		func(g *WithT, r *reader) {
			for i := range len(intervals) - 1 {
				finer, coarser := intervals[i], intervals[i+1]
				parts := r.history(g, "order_by=timestamp&fields=*&interval="+finer.name)
				checked := 0
				for _, whole := range r.history(g, "fields=*&interval="+coarser.name) {
					if covered := within(parts, whole.Timestamp.Add(-coarser.period), whole.Timestamp); len(covered) == int(coarser.period/finer.period) {
						expectAverage(g, whole, covered)
						checked++
					}
				}
				g.Expect(checked).To(BeNumerically(">", 5), coarser.name)
			}
		},
	},
	{
		"A total is over all types of operations", "reference: Retrieve iSCSI services",
		func(g *WithT, r *reader) {
			for _, s := range r.history(g, "fields=*&interval=1d") {
				expectSum(g, s.IOPS)
				expectSum(g, s.Throughput)
				expectBetween(g, s.Latency)
			}
			statistics := r.instance(g).Statistics
			expectSum(g, statistics.IOPSRaw)
			expectSum(g, statistics.LatencyRaw)
			expectSum(g, statistics.ThroughputRaw)
		},
	},
	{
		"The raw latency divided by the raw operations is the average latency per operation",
		"facts: What the reference loses",
		func(g *WithT, r *reader) {
			year := r.history(g, "fields=latency&interval=1y")
			statistics := r.instance(g).Statistics
			for kind, operations := range statistics.IOPSRaw {
				of := func(s sample) float64 { return s.Latency[kind] }
				least, most := of(slices.MinFunc(year, by(of))), of(slices.MaxFunc(year, by(of)))
				average := statistics.LatencyRaw[kind] / operations
				g.Expect(average).To(And(BeNumerically(">=", least-1), BeNumerically("<=", most+1)), "microseconds per %s", kind)
			}
		},
	},
	{
		"Statistics only grow, at the rate that the metrics tell", "reference: Performance monitoring",
		func(g *WithT, r *reader) {
			before := r.instance(g).Statistics
			var after statistics
			g.Eventually(func() time.Time {
				after = r.instance(g).Statistics
				if after.Timestamp.Equal(before.Timestamp) {
					g.Expect(after).To(Equal(before), "two readings of the same time")
				}
				return after.Timestamp
			}).WithTimeout(30 * time.Second).WithPolling(100 * time.Millisecond).Should(BeTemporally(">", before.Timestamp))

			seconds := after.Timestamp.Sub(before.Timestamp).Seconds()
			metric := r.instance(g).Metric
			for kind, rate := range metric.IOPS {
				expectRate(g, (after.IOPSRaw[kind]-before.IOPSRaw[kind])/seconds, rate, "operations per second: "+kind)
			}
			for kind, rate := range metric.Throughput {
				expectRate(g, (after.ThroughputRaw[kind]-before.ThroughputRaw[kind])/seconds, rate, "bytes per second: "+kind)
			}
			for kind, latency := range metric.Latency {
				operations := after.IOPSRaw[kind] - before.IOPSRaw[kind]
				expectRate(g, (after.LatencyRaw[kind]-before.LatencyRaw[kind])/operations, latency, "microseconds: "+kind)
			}
		},
	},
	{
		"Numbers are compared as numbers, with all operators", "facts: General rules",
		func(g *WithT, r *reader) {
			history := r.history(g, "fields=iops.total&interval=1y")
			slices.SortFunc(history, by(func(s sample) float64 { return s.IOPS["total"] }))
			low, high := history[len(history)/3].IOPS["total"], history[2*len(history)/3].IOPS["total"]
			for query, holds := range map[string]func(float64) bool{
				fmt.Sprintf("<%.0f", high):            func(n float64) bool { return n < high },
				fmt.Sprintf("<=%.0f", high):           func(n float64) bool { return n <= high },
				fmt.Sprintf(">%.0f", low):             func(n float64) bool { return n > low },
				fmt.Sprintf(">=%.0f", low):            func(n float64) bool { return n >= low },
				fmt.Sprintf("%.0f..%.0f", low, high):  func(n float64) bool { return low <= n && n <= high },
				fmt.Sprintf("%.0f|%.0f", low, high):   func(n float64) bool { return n == low || n == high },
				fmt.Sprintf("!%.0f", low):             func(n float64) bool { return n != low },
				fmt.Sprintf("<%.0f|>%.0f", low, high): func(n float64) bool { return n < low || n > high },
			} {
				expectSame(g, r.history(g, "interval=1y&fields=timestamp&iops.total="+url.QueryEscape(query)),
					filter(history, func(s sample) bool { return holds(s.IOPS["total"]) }), query)
			}
		},
	},
	{
		"Times are compared as times", "facts: General rules",
		func(g *WithT, r *reader) {
			history := r.history(g, "order_by=timestamp&interval=1y")
			from, to := history[100].Timestamp, history[200].Timestamp
			for query, want := range map[string][]sample{
				from.Format(time.RFC3339) + ".." + to.Format(time.RFC3339): history[100:201],
				">=" + to.Format(time.RFC3339):                             history[200:],
				">" + to.Format(time.RFC3339):                              history[201:],
			} {
				expectSame(g, r.history(g, "interval=1y&timestamp="+url.QueryEscape(query)), want, query)
			}
		},
	},
	{
		"Numbers are ordered as numbers, over all pages", "reference: Historical metrics",
		func(g *WithT, r *reader) {
			total := func(s sample) float64 { return s.Throughput["total"] }
			for _, max := range []string{"1000", "50"} {
				ordered := r.history(g, "interval=1y&fields=throughput.total&order_by=throughput.total&max_records="+max)
				g.Expect(len(ordered)).To(BeNumerically(">=", 365))
				g.Expect(slices.IsSortedFunc(ordered, by(total))).To(BeTrue())
			}
		},
	},
	{
		"The pages of a history have each record once", "facts: General rules",
		func(g *WithT, r *reader) {
			seen := map[time.Time]bool{}
			for _, s := range r.history(g, "interval=1y&max_records=7") {
				g.Expect(seen).NotTo(HaveKey(s.Timestamp))
				seen[s.Timestamp] = true
			}
			for _, s := range r.history(g, "interval=1y") {
				g.Expect(seen).To(HaveKey(s.Timestamp))
			}
		},
	},
	{
		"A record's HAL link leads to the record", "reference: Historical metrics",
		func(g *WithT, r *reader) {
			got := r.array.send(g, "GET services/{svm2}/metrics?fields=*&max_records=1", r.login.accept("application/hal+json"))
			record := got.body["records"].([]any)[0].(map[string]any)
			self := record["_links"].(map[string]any)["self"].(map[string]any)
			linked := r.array.send(g, "GET "+self["href"].(string), r.login.accept("application/hal+json"))
			g.Expect(linked.status).To(Equal(200))
			g.Expect(linked.body).To(Equal(record))
		},
	},
}

func TestRelations(t *testing.T) {
	for _, rel := range relations {
		t.Run(rel.is, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			g.Expect(cited(rel.cite)).To(BeTrue(), rel.cite)
			a := newArray(t, nil)
			rel.holds(g, &reader{a, a.login(t, "", "")})
		})
	}
}

// intervals are what a history may reach back, with how far its records are apart.
var intervals = []interval{
	{"1h", "PT15S", 15 * time.Second},
	{"1d", "PT5M", 5 * time.Minute},
	{"1w", "PT30M", 30 * time.Minute},
	{"1m", "PT2H", 2 * time.Hour},
	{"1y", "P1D", 24 * time.Hour},
}

type interval struct {
	name, duration string
	period         time.Duration
}

// sample is a metric, wherever it shows.
type sample struct {
	Timestamp                 time.Time
	Duration, Status          string
	IOPS, Latency, Throughput map[string]float64
}

type statistics struct {
	Timestamp     time.Time
	IOPSRaw       map[string]float64 `json:"iops_raw"`
	LatencyRaw    map[string]float64 `json:"latency_raw"`
	ThroughputRaw map[string]float64 `json:"throughput_raw"`
}

type service struct {
	Metric     sample
	Statistics statistics
}

// reader reads the metrics of svm2.
type reader struct {
	array *array
	login login
}

func (r *reader) instance(g *WithT) (s service) {
	r.get(g, "GET services/{svm2}?fields=metric,statistics", &s)
	return s
}

func (r *reader) at(g *WithT, timestamp string) (s sample) {
	r.get(g, "GET services/{svm2}/metrics/"+timestamp, &s)
	return s
}

func (r *reader) get(g *WithT, request string, result any) {
	got := r.array.send(g, request, r.login)
	g.Expect(got.status).To(Equal(200), "%s: %s", request, got.text)
	g.Expect(json.Unmarshal([]byte(got.text), result)).To(Succeed())
}

// history are the records of all pages.
func (r *reader) history(g *WithT, query string) []sample {
	request := "GET services/{svm2}/metrics?" + query
	got := r.array.send(g, request, r.login)
	g.Expect(got.status).To(Equal(200), "%s: %s", request, got.text)
	records, err := json.Marshal(r.array.rest(g, got, r.login))
	g.Expect(err).NotTo(HaveOccurred())
	var history []sample
	g.Expect(json.Unmarshal(records, &history)).To(Succeed())
	return history
}

// early is the second record of an interval: too old for finer intervals, and still there a moment later.
func early(g *WithT, r *reader, i interval) sample {
	return r.history(g, "order_by=timestamp&fields=*&interval="+i.name)[1]
}

// within are the samples that end after one time and not after another.
func within(history []sample, after, until time.Time) []sample {
	return filter(history, func(s sample) bool { return s.Timestamp.After(after) && !s.Timestamp.After(until) })
}

func filter(history []sample, keep func(sample) bool) (kept []sample) {
	for _, s := range history {
		if keep(s) {
			kept = append(kept, s)
		}
	}
	return kept
}

func by(number func(sample) float64) func(a, b sample) int {
	return func(a, b sample) int { return cmp.Compare(number(a), number(b)) }
}

// expectAverage compares rates one by one, latencies weighted by their operations. Each is rounded, a total three times.
func expectAverage(g *WithT, whole sample, parts []sample) {
	n := float64(len(parts))
	for kind, want := range whole.IOPS {
		var operations, waited float64
		for _, part := range parts {
			operations += part.IOPS[kind]
			waited += part.IOPS[kind] * part.Latency[kind]
		}
		g.Expect(operations/n).To(BeNumerically("~", want, 3), "iops.%s at %s", kind, whole.Timestamp)
		if operations > 0 {
			g.Expect(waited/operations).To(BeNumerically("~", whole.Latency[kind], 3), "latency.%s at %s", kind, whole.Timestamp)
		}
	}
	for kind, want := range whole.Throughput {
		var moved float64
		for _, part := range parts {
			moved += part.Throughput[kind]
		}
		g.Expect(moved/n).To(BeNumerically("~", want, 3), "throughput.%s at %s", kind, whole.Timestamp)
	}
}

// expectSum allows for what rounding each of three summands takes.
func expectSum(g *WithT, values map[string]float64) {
	g.Expect(values["read"]+values["write"]+values["other"]).To(BeNumerically("~", values["total"], 2), "%v", values)
}

func expectBetween(g *WithT, latency map[string]float64) {
	kinds := maps.Clone(latency)
	delete(kinds, "total")
	bounds := slices.Sorted(maps.Values(kinds))
	g.Expect(latency["total"]).To(And(BeNumerically(">=", bounds[0]), BeNumerically("<=", bounds[len(bounds)-1])), "%v", latency)
}

// expectRate compares a second or so with the 15 seconds before: a load changes, a unit does not.
func expectRate(g *WithT, got, want float64, what string) {
	g.Expect(got).To(And(BeNumerically(">", want/2-2), BeNumerically("<", want*2+2)), what)
}

// expectSame compares when samples are from, in any order.
func expectSame(g *WithT, got, want []sample, what string) {
	g.Expect(times(got)).To(Equal(times(want)), what)
}

func times(history []sample) []time.Time {
	var all []time.Time
	for _, s := range history {
		all = append(all, s.Timestamp)
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}
