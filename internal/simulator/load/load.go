package load

import (
	"hash/fnv"
	"math"
	"time"
)

// Epoch is when the cluster came up: the counters of statistics count from here.
var Epoch = time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)

// Tick is the period of the finest samples.
const Tick = 15 * time.Second

// The kinds of I/O operations.
const (
	read = iota
	write
	other
	kinds
)

// Load is the I/O of one SVM, a pure function of a seed and time.
type Load struct {
	seed   uint64
	phases [waves]float64
	kind   [kinds]profile
	origin basis
}

// profile is how one kind of operation takes part in the load.
type profile struct {
	iops      float64 // mean
	jitter    float64 // operations by which a counter runs ahead at most
	service   float64 // microseconds every operation takes
	queueing  float64 // microseconds that grow with the load
	blockSize float64 // bytes
}

// The load swings with the day, the week and two shorter waves. The amplitudes and the jitter add up to less than
// the mean, hence counters never fall.
const (
	daily = iota
	weekly
	hourly
	minutely
	waves
)

var (
	periods  = [waves]float64{daily: 86400, weekly: 7 * 86400, hourly: 4127, minutely: 431}
	swing    = [waves]float64{daily: 0.42, weekly: 0.16, hourly: 0.08, minutely: 0.05}
	queueing = [waves]float64{daily: 0.62, weekly: 0.24, hourly: 0.05, minutely: 0.02}
)

// jitterSeconds is the jitter's size in seconds of mean load: a counter may run ahead by as much.
const jitterSeconds = 1.5

// New returns the load that belongs to a seed, usually an SVM's UUID.
func New(seed string) *Load {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(seed))
	l := &Load{seed: hash.Sum64()}
	draw := func(n uint64) float64 { return unit(l.seed, n) }

	const peakHour, midWeek = 14 * 3600, 6.5 * 86400 // of a week that begins, as Unix time does, on a Thursday
	l.phases = [waves]float64{
		daily:    peakHour + 3*3600*(draw(1)-0.5),
		weekly:   midWeek + 12*3600*(draw(2)-0.5),
		hourly:   draw(3) * periods[hourly],
		minutely: draw(4) * periods[minutely],
	}
	l.kind[read] = profile{iops: 150 + 900*draw(5), service: 180 + 160*draw(6), queueing: 90 + 160*draw(7), blockSize: 4096 * (2 + 6*draw(8))}
	l.kind[write] = profile{iops: 80 + 500*draw(9), service: 260 + 200*draw(10), queueing: 120 + 220*draw(11), blockSize: 4096 * (1 + 5*draw(12))}
	l.kind[other] = profile{iops: 6 + 30*draw(13), service: 60 + 60*draw(14), queueing: 20 + 30*draw(15)}
	for k := range l.kind {
		l.kind[k].jitter = jitterSeconds * l.kind[k].iops
	}
	l.origin = l.basis(0)
	return l
}

// basis is everything of the counters at a time that doesn't depend on the kind of operation: the time itself, the
// integrals of the waves, and the jitter of each kind.
type basis struct {
	seconds float64
	waves   [waves]float64
	jitter  [kinds]float64
}

func (l *Load) basis(seconds float64) basis {
	b := basis{seconds: seconds}
	for w, period := range periods {
		omega := 2 * math.Pi / period
		since := seconds + float64(Epoch.Unix()) - l.phases[w]
		b.waves[w] = math.Sin(omega*math.Mod(since, period)) / omega // the integral of cos
	}
	slot, part := math.Modf(seconds / Tick.Seconds())
	for k := range b.jitter {
		lane := uint64(k+1) << 48
		from, to := unit(l.seed, lane+uint64(slot)), unit(l.seed, lane+uint64(slot)+1)
		b.jitter[k] = from + (to-from)*part
	}
	return b
}

// since adds to the counters what the load did between two times.
func (c *Counters) add(l *Load, from, to basis) {
	elapsed := to.seconds - from.seconds
	for k, p := range l.kind {
		operations, waiting := elapsed, elapsed
		for w := range periods {
			delta := to.waves[w] - from.waves[w]
			operations += swing[w] * delta
			waiting += queueing[w] * delta
		}
		operations = operations*p.iops + (to.jitter[k]-from.jitter[k])*p.jitter
		c.operations[k] += operations
		c.microseconds[k] += operations*p.service + waiting*p.iops*p.queueing
		c.bytes[k] += operations * p.blockSize
	}
}

// unit draws a number in [0,1): the n-th of a seed.
func unit(seed, n uint64) float64 {
	z := seed + n*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return float64((z^z>>31)>>11) / (1 << 53)
}
