package fleet

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

const (
	// pageSize is how many services a page of a poll has at most: thousands of them take a handful of requests, and a
	// page with performance data is well under a megabyte.
	pageSize = 1000
	// samplePeriod is how often an array takes a sample of performance data: asking sooner brings the same one again.
	samplePeriod = 15 * time.Second
	// throttlePause is for how long no performance data is asked for after the array asked for fewer requests.
	throttlePause = 5 * time.Minute
)

// Poll is what a poll brought.
type Poll struct {
	// Changed are the SVMs whose service is another one than at the last poll, performance data apart, whether the poll
	// found that or somebody here did it. One that was renamed is there under both names.
	Changed []ontap.SVMRef
	// Services is how many services the array has, those with an unreadable record included.
	Services int
	// Unreadable are the first records that could not be understood, in the order of their SVMs, and UnreadableCount is how
	// many there were. Whose they are has no known service: Find can't tell.
	Unreadable      []*ontap.RecordError
	UnreadableCount int
}

// reading is what the pages of a poll brought.
type reading struct {
	services []ontap.Service
	// odd are the SVMs of records that could not be understood, as far as they said so, and errs the first of the errors.
	odd  []ontap.SVMRef
	errs []*ontap.RecordError
}

// maxUnreadable is how many unreadable records are named.
const maxUnreadable = 16

// add adds a record that could not be understood.
func (r *reading) add(err *ontap.RecordError) {
	r.odd = append(r.odd, err.SVM)
	if len(r.errs) < maxUnreadable {
		r.errs = append(r.errs, err)
	}
}

// ErrMetricsNotSupported is why there is no performance data from an ONTAP before 9.7.
var ErrMetricsNotSupported = errors.New("performance data of iSCSI services exists since ONTAP 9.7")

// metricsState is what is known of the array's performance data.
type metricsState struct {
	mu sync.Mutex
	// err is why there was none when it was last asked for.
	err error
	// next is when to ask again, and sampled when the last poll that brought some ended.
	next, sampled time.Time
}

// Poll reads all services of the array, with their performance data if that is wanted and due, and makes it the
// snapshot. A poll that does not come to its end changes nothing.
//
// It asks for the identity of the array again unless one of the services proves it: an SVM has its UUID for itself.
func (a *Array) Poll(ctx context.Context, metrics bool) (Poll, error) {
	if a.identity.Load() == nil {
		return Poll{}, ErrNotIdentified
	}
	first := a.snapshot.polled().IsZero()
	began := time.Now()
	read, err := a.readAll(ctx, metrics)
	if err != nil {
		return Poll{}, err
	}
	if !first && !a.snapshot.sharesAny(read.services) {
		if err := a.reidentify(ctx); err != nil {
			return Poll{}, err
		}
	}
	changed := a.snapshot.merge(read.services, began, read.odd...)
	slices.SortStableFunc(read.errs, func(x, y *ontap.RecordError) int {
		return cmp.Or(cmp.Compare(x.SVM.Name, y.SVM.Name), cmp.Compare(x.SVM.UUID, y.SVM.UUID))
	})
	return Poll{
		Changed: changed, Services: a.snapshot.size() + len(read.odd), Unreadable: read.errs, UnreadableCount: len(read.odd),
	}, nil
}

// Services returns what the snapshot has.
func (a *Array) Services() []ontap.Service { return a.snapshot.list() }

// Polled is when the last complete poll began; zero before the first.
func (a *Array) Polled() time.Time { return a.snapshot.polled() }

// MetricsError is why the array gave no performance data when it was last asked for some; nil if it did, or was not
// asked.
func (a *Array) MetricsError() error {
	a.metrics.mu.Lock()
	defer a.metrics.mu.Unlock()
	return a.metrics.err
}

// Sampled is when the last poll with performance data ended.
func (a *Array) Sampled() time.Time {
	a.metrics.mu.Lock()
	defer a.metrics.mu.Unlock()
	return a.metrics.sampled
}

// readAll reads the whole collection. If performance data is what the array declines, it is left out.
func (a *Array) readAll(ctx context.Context, metrics bool) (reading, error) {
	if metrics && a.metrics.due(a.identity.Load(), time.Now()) {
		read, err := a.read(ctx, true)
		if !a.metrics.learn(err, time.Now()) {
			return read, err
		}
	} else if !metrics {
		a.metrics.reset()
	}
	read, err := a.read(ctx, false)
	if err == nil && metrics {
		a.snapshot.keepSamples(read.services)
	}
	return read, err
}

func (a *Array) read(ctx context.Context, metrics bool) (read reading, err error) {
	err = a.send(ctx, "", func() error {
		read = reading{}
		for service, err := range a.client.Services(ctx, ontap.Query{}.Select(a.fields(metrics)...).Page(pageSize)) {
			var odd *ontap.RecordError
			switch {
			case errors.As(err, &odd):
				read.add(odd)
			case err != nil:
				return err
			default:
				read.services = append(read.services, service)
			}
		}
		return nil
	})
	return read, err
}

// fields are what is read of a service.
func (a *Array) fields(metrics bool) []ontap.Field {
	fields := []ontap.Field{ontap.Enabled, ontap.TargetName, ontap.TargetAlias}
	if metrics {
		fields = append(fields, ontap.MetricFields, ontap.StatisticsFields)
	}
	return fields
}

// due reports whether to ask for performance data now.
func (m *metricsState) due(who *identity, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if who != nil && who.Version.Generation != 0 && !who.Version.AtLeast(9, 7) {
		m.err = ErrMetricsNotSupported
		return false
	}
	return !now.Before(m.next)
}

// learn takes in how a poll with performance data ended, and reports whether it is worth repeating without.
func (m *metricsState) learn(err error, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	var refusal *ontap.Error
	switch {
	case err == nil:
		m.err, m.next, m.sampled = nil, now.Add(samplePeriod), now
		return false
	case !errors.As(err, &refusal):
		// If it is performance data that the array does not get done, the next poll does without.
		m.next = now.Add(samplePeriod)
		return false
	case refusal.LoginRefused():
		return false
	case Throttles(refusal):
		m.err, m.next = err, now.Add(max(throttlePause, refusal.RetryAfter))
	default:
		m.err = err
	}
	return true
}

func (m *metricsState) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err, m.next, m.sampled = nil, time.Time{}, time.Time{}
}

// Throttles reports whether the array asked for fewer requests.
func Throttles(refusal *ontap.Error) bool {
	return refusal.Code == ontap.CodeTooManyRequests || refusal.Code == ontap.CodeOverloaded ||
		refusal.Status == http.StatusTooManyRequests || refusal.Status == http.StatusServiceUnavailable && refusal.Code != ontap.CodeInUse
}
