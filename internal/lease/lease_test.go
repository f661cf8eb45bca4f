package lease

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

const (
	duration = 10 * time.Second
	other    = "other"
	own      = "own"
)

var (
	errDown  = errors.New("the API server is down")
	resource = schema.GroupResource{Resource: "leases"}
)

// store is the lease as the API server has it.
type store struct {
	mu      sync.Mutex
	record  *resourcelock.LeaderElectionRecord
	version int
	// before, if set, is called before a write is carried out. Its error is the answer.
	before func(resourcelock.LeaderElectionRecord) error
}

// intercept has writes go through a function from now on; nil lets them pass.
func (s *store) intercept(before func(resourcelock.LeaderElectionRecord) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = before
}

// put is what somebody else does; nil deletes the lease.
func (s *store) put(record *resourcelock.LeaderElectionRecord) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record = record
	s.version++
}

func (s *store) holder() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.record.HolderIdentity
}

// lock is one process's view of the store.
type lock struct {
	*store
	seen int
}

func (l *lock) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.record == nil {
		return nil, nil, apierrors.NewNotFound(resource, "lease")
	}
	l.seen = l.version
	raw, err := json.Marshal(l.record)
	return new(*l.record), raw, err
}

func (l *lock) Create(_ context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.write(record)
}

func (l *lock) Update(_ context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.write(record)
}

func (l *lock) write(record resourcelock.LeaderElectionRecord) error {
	l.mu.Lock()
	before := l.before
	l.mu.Unlock()
	if before != nil {
		if err := before(record); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.record != nil && l.seen != l.version {
		return apierrors.NewConflict(resource, "lease", nil)
	}
	l.record = &record
	l.version++
	l.seen = l.version
	return nil
}

func (l *lock) RecordEvent(string) {}
func (l *lock) Identity() string   { return own }
func (l *lock) Describe() string   { return "lease" }

func held(by string) resourcelock.LeaderElectionRecord {
	return resourcelock.LeaderElectionRecord{HolderIdentity: by, LeaseDurationSeconds: int(duration / time.Second)}
}

func TestALeaseCountsFromBeforeItsRenewalWasSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewWithT(t)
		s := &store{before: func(resourcelock.LeaderElectionRecord) error {
			<-time.After(3 * time.Second)
			return nil
		}}
		l := of(&lock{store: s})
		g.Expect(l.Held()).To(MatchError(ErrTooShort), "it was not taken yet")

		sent := time.Now()
		g.Expect(l.Create(t.Context(), held(own))).To(Succeed())
		g.Expect(l.Held()).To(Succeed())
		g.Expect(l.Outlasts(sent.Add(duration - 1))).To(Succeed())
		g.Expect(l.Outlasts(sent.Add(duration))).To(MatchError(ErrTooShort))

		sent = time.Now()
		g.Expect(l.Update(t.Context(), held(own))).To(Succeed())
		g.Expect(l.Outlasts(sent.Add(duration - 1))).To(Succeed())
		g.Expect(l.Outlasts(sent.Add(duration))).To(MatchError(ErrTooShort))
	})
}

func TestALeaseThatCannotBeRenewedEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewWithT(t)
		s := &store{}
		l := of(&lock{store: s})
		g.Expect(l.Create(t.Context(), held(own))).To(Succeed())
		s.intercept(func(resourcelock.LeaderElectionRecord) error { return errDown })

		<-time.After(duration - 1)
		g.Expect(l.Update(t.Context(), held(own))).To(MatchError(errDown))
		g.Expect(l.Held()).To(Succeed())
		<-time.After(1)
		g.Expect(l.Held()).To(MatchError(ErrTooShort))
		_, err := l.Begin(time.Now())
		g.Expect(err).To(MatchError(ErrTooShort))

		s.intercept(nil)
		g.Expect(l.Update(t.Context(), held(own))).To(Succeed())
		g.Expect(l.Held()).To(Succeed(), "nobody else had it meanwhile")
	})
}

func TestALeaseSeenInOtherHandsIsLostForGood(t *testing.T) {
	for _, tc := range []struct {
		name   string
		record *resourcelock.LeaderElectionRecord
	}{
		{"another process has it", new(held(other))},
		{"another process had it and released it", new(held(""))},
		{"somebody deleted it", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := NewWithT(t)
			s := &store{}
			l := of(&lock{store: s})
			g.Expect(l.Create(t.Context(), held(own))).To(Succeed())
			lost := make(chan error)
			go func() { lost <- l.Lost(t.Context()) }()

			s.put(tc.record)
			g.Expect(l.Held()).To(Succeed(), "nobody has looked yet")
			_, _, _ = l.Get(t.Context())
			g.Eventually(lost).Should(Receive(MatchError(ErrLost)))
			g.Expect(l.Held()).To(MatchError(ErrTooShort))
			g.Expect(l.Create(t.Context(), held(own))).To(MatchError(ErrLost))
			g.Expect(l.Update(t.Context(), held(own))).To(MatchError(ErrLost))
			g.Expect(l.Update(t.Context(), held(""))).To(MatchError(ErrLost), "it is not this process's to release")
			_, _, _ = l.Get(t.Context())
		})
	}
}

func TestALeaseThatWasNeverHeldCannotBeLost(t *testing.T) {
	g := NewWithT(t)
	s := &store{record: new(held(other))}
	l := of(&lock{store: s})
	_, _, err := l.Get(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(l.Update(t.Context(), held(own))).To(Succeed(), "it has expired, says the election")
	g.Expect(l.Held()).To(Succeed())
}

func TestALeaseIsNotReleasedWhileItIsNeeded(t *testing.T) {
	g := NewWithT(t)
	s := &store{}
	l := of(&lock{store: s})
	g.Expect(l.Create(t.Context(), held(own))).To(Succeed())
	end, err := l.Begin(time.Now().Add(duration / 2))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(l.Update(t.Context(), held(""))).To(MatchError(errBusy))
	g.Expect(s.holder()).To(Equal(own))
	g.Expect(l.Held()).To(Succeed())

	end()
	s.intercept(func(resourcelock.LeaderElectionRecord) error {
		g.Expect(l.Held()).To(MatchError(ErrTooShort), "it ends here first")
		return nil
	})
	g.Expect(l.Update(t.Context(), held(""))).To(Succeed())
	g.Expect(s.holder()).To(BeEmpty())
}

func TestWhoWorksAloneNeedsNoLease(t *testing.T) {
	g := NewWithT(t)
	var alone *Lease
	g.Expect(alone.Held()).To(Succeed())
	g.Expect(alone.Outlasts(time.Now().Add(time.Hour))).To(Succeed())
	end, err := alone.Begin(time.Now().Add(time.Hour))
	g.Expect(err).NotTo(HaveOccurred())
	end()
}

// elect runs client-go's own election and returns when it has taken the lease.
func elect(t *testing.T, l *Lease) (stopped <-chan struct{}) {
	t.Helper()
	leading, done := make(chan struct{}), make(chan struct{})
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: l, LeaseDuration: duration, RenewDeadline: 6 * time.Second, RetryPeriod: 2 * time.Second, ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { close(leading) },
			OnStoppedLeading: func() { close(done) },
		},
	})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	go elector.Run(t.Context())
	<-leading
	return done
}

func TestAProcessThatWakesUpDoesNotReleaseTheLeaseOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewWithT(t)
		s := &store{}
		l := of(&lock{store: s})
		stopped := elect(t, l)
		// Frozen while a renewal is under way, so that the election gives up without another look at the lease.
		s.intercept(func(resourcelock.LeaderElectionRecord) error {
			s.intercept(nil)
			<-time.After(2 * duration)
			s.put(new(held(other)))
			return errDown
		})
		<-stopped
		g.Expect(s.holder()).To(Equal(other))
		g.Expect(l.Held()).To(MatchError(ErrTooShort))
	})
}

func TestAnElectionThatGivesUpDoesNotReleaseTheLeaseInTheMiddleOfAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewWithT(t)
		s := &store{}
		l := of(&lock{store: s})
		stopped := elect(t, l)
		_, err := l.Begin(time.Now().Add(duration / 2))
		g.Expect(err).NotTo(HaveOccurred())
		s.intercept(func(record resourcelock.LeaderElectionRecord) error {
			if record.HolderIdentity == "" {
				return nil
			}
			return errDown
		})
		<-stopped
		g.Expect(s.holder()).To(Equal(own))
	})
}
