package fleet

import (
	"errors"
	"sync"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

const (
	// samplePeriod is how often an array takes a sample of performance data: asking sooner brings the same one again.
	samplePeriod = 15 * time.Second
	// throttlePause is for how long no performance data is asked for after the array asked for fewer requests.
	throttlePause = 5 * time.Minute
)

// metricsState is what is known of the array's performance data.
type metricsState struct {
	mu sync.Mutex
	// err is why there was none when it was last asked for.
	err error
	// next is when to ask again, and sampled when the last poll that brought some ended.
	next, sampled time.Time
}

// due reports whether to ask an array of that version for performance data now; the zero version is not known.
func (m *metricsState) due(version ontap.Version, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if version.Generation != 0 && !version.AtLeast(9, 7) {
		m.err = ErrMetricsNotSupported
		return false
	}
	return !now.Before(m.next)
}

// record records how a read with performance data ended, and reports whether it is worth repeating without.
func (m *metricsState) record(err error, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	var refusal *ontap.Error
	switch {
	case err == nil:
		m.err, m.next, m.sampled = nil, now.Add(samplePeriod), now
		return false
	case !errors.As(err, &refusal):
		// If reading performance data takes the array too long, the next poll does without.
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
