package fleet

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// Poll is what a poll brought.
type Poll struct {
	// Changed are the SVMs whose service is another one than at the last poll, performance data apart, whether the poll
	// found that or a request of the operator did it. One that was renamed is there under both names.
	Changed []ontap.SVMRef
	// Services is how many services the array has, those with an unreadable record included.
	Services int
	// Unreadable are the first records that could not be understood, in the order of their SVMs, and UnreadableCount is how
	// many there were. Find does not know the services of their SVMs.
	Unreadable      []*ontap.RecordError
	UnreadableCount int
}

// reading is what the pages of a poll brought.
type reading struct {
	services []ontap.Service
	// unreadable are the SVMs of records that could not be understood, as far as they said so, and errs the first of the
	// errors.
	unreadable []ontap.SVMRef
	errs       []*ontap.RecordError
}

// maxUnreadable is how many unreadable records are named.
const maxUnreadable = 16

// add adds a record that could not be understood.
func (r *reading) add(err *ontap.RecordError) {
	r.unreadable = append(r.unreadable, err.SVM)
	if len(r.errs) < maxUnreadable {
		r.errs = append(r.errs, err)
	}
}

// Poll reads all services of the array, with their performance data if that is wanted and due, and makes it the
// snapshot. A poll that does not come to its end changes nothing.
//
// It asks for the identity of the array again unless one of the services proves it: an SVM has its UUID for itself.
func (a *Array) Poll(ctx context.Context, metrics bool) (Poll, error) {
	if a.identity.last.Load() == nil {
		return Poll{}, ErrNotIdentified
	}
	first := a.snapshot.polled().IsZero()
	began := time.Now()
	read, err := a.readAll(ctx, metrics)
	if err != nil {
		return Poll{}, err
	}
	if !first && !a.snapshot.sharesAny(read.services) {
		if err := a.confirmIdentity(ctx); err != nil {
			return Poll{}, err
		}
	}
	changed := a.snapshot.merge(read.services, began, read.unreadable...)
	slices.SortStableFunc(read.errs, func(x, y *ontap.RecordError) int {
		return cmp.Or(cmp.Compare(x.SVM.Name, y.SVM.Name), cmp.Compare(x.SVM.UUID, y.SVM.UUID))
	})
	return Poll{
		Changed: changed, Services: a.snapshot.size() + len(read.unreadable), Unreadable: read.errs, UnreadableCount: len(read.unreadable),
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

// version is that of the array; zero if it has not been identified.
func (a *Array) version() ontap.Version {
	last := a.identity.last.Load()
	if last == nil {
		return ontap.Version{}
	}
	return last.Version
}

// readAll reads the whole collection. If performance data is what the array declines, it is left out.
func (a *Array) readAll(ctx context.Context, metrics bool) (reading, error) {
	if metrics && a.metrics.due(a.version(), time.Now()) {
		read, err := a.read(ctx, true)
		if !a.metrics.record(err, time.Now()) {
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
		for service, err := range a.client.Services(ctx, ontap.Query{}.Select(serviceFields(metrics)...).Page(pageSize)) {
			var unreadable *ontap.RecordError
			switch {
			case errors.As(err, &unreadable):
				read.add(unreadable)
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
