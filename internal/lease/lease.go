// Package lease knows for how long this process may work: it looks over the shoulder of the leader election, and remembers
// what the lease was asked for and when. It knows nothing of arrays.
package lease

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/uuid"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

var (
	// ErrTooShort is returned for what would not end before the lease does, or while there is none.
	ErrTooShort = errors.New("the lease does not last long enough")
	// ErrLost is returned once the lease was seen in other hands.
	ErrLost = errors.New("the lease was lost")

	errBusy = errors.New("something is under way that needs the lease")
)

// Lease is the lease of this process, and the lock that the leader election renews it through. A nil *Lease is that of
// an operator that works alone: it has no end.
//
// Another process may take the lease when its duration has passed since the last renewal was stored. The time counts
// here from before that renewal was sent, so that the lease ends here no later than anywhere else.
type Lease struct {
	resourcelock.Interface

	mu sync.Mutex
	// until is when the lease ends; zero if it is not held.
	until time.Time
	// held: this process has had the lease.
	held bool
	// lost is closed once the lease was seen in other hands.
	lost chan struct{}
	// busy counts what is under way that needs the lease.
	busy int
}

// New returns the lease of that name, which is not held yet.
func New(config *rest.Config, namespace, name string, renewDeadline time.Duration) (*Lease, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	config = rest.AddUserAgent(rest.CopyConfig(config), "leader-election")
	// One request that hangs must leave time for another.
	config.Timeout = max(renewDeadline/2, time.Second)
	client, err := coordinationv1client.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return of(&resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: namespace, Name: name},
		Client:     client,
		LockConfig: resourcelock.ResourceLockConfig{Identity: host + "_" + string(uuid.NewUUID())},
	}), nil
}

func of(lock resourcelock.Interface) *Lease {
	return &Lease{Interface: lock, lost: make(chan struct{})}
}

// Outlasts returns nil if the lease is held and lasts beyond that time, and otherwise ErrTooShort.
func (l *Lease) Outlasts(t time.Time) error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.outlasts(t)
}

func (l *Lease) outlasts(t time.Time) error {
	// Both clocks must say so: the monotonic one stands still while the machine is suspended, and the other can be set back.
	if !l.until.After(t) || !l.until.Round(0).After(t.Round(0)) {
		return ErrTooShort
	}
	return nil
}

// Held is Outlasts of this moment.
func (l *Lease) Held() error { return l.Outlasts(time.Now()) }

// Begin is Outlasts for something that ends by the deadline at the latest. Until end is called, the lease is not
// released.
func (l *Lease) Begin(deadline time.Time) (end func(), err error) {
	if l == nil {
		return func() {}, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.outlasts(deadline); err != nil {
		return nil, err
	}
	l.busy++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.busy--
	}, nil
}

// Lost returns ErrLost once the lease was seen in other hands, and nil when ctx is done. What this process knows may be
// wrong from then on, so that it must not take the lease again.
func (l *Lease) Lost(ctx context.Context) error {
	select {
	case <-l.lost:
		return ErrLost
	case <-ctx.Done():
		return nil
	}
}

func (l *Lease) isLost() bool {
	select {
	case <-l.lost:
		return true
	default:
		return false
	}
}

// Get reads the lease, and notices if it is not this process's any more.
func (l *Lease) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	record, raw, err := l.Interface.Get(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	elsewhere := apierrors.IsNotFound(err) || err == nil && record.HolderIdentity != l.Identity()
	if l.held && elsewhere && !l.isLost() {
		l.until = time.Time{}
		close(l.lost)
	}
	return record, raw, err
}

// Create takes a lease that did not exist.
func (l *Lease) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.take(ctx, record, l.Interface.Create)
}

// Update takes, renews or releases the lease.
func (l *Lease) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	if record.HolderIdentity == l.Identity() {
		return l.take(ctx, record, l.Interface.Update)
	}
	// The election gives back what it believes to hold, also when another process has it by now, and when it gave up
	// renewing it in the middle of everything.
	if err := l.letGo(); err != nil {
		return fmt.Errorf("not released: %w", err)
	}
	return l.Interface.Update(ctx, record)
}

func (l *Lease) take(
	ctx context.Context, record resourcelock.LeaderElectionRecord, store func(context.Context, resourcelock.LeaderElectionRecord) error,
) error {
	if l.isLost() {
		return ErrLost
	}
	until := time.Now().Add(time.Duration(record.LeaseDurationSeconds) * time.Second)
	if err := store(ctx, record); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until, l.held = until, true
	return nil
}

// letGo ends the lease here before it ends elsewhere.
func (l *Lease) letGo() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.isLost():
		return ErrLost
	case l.busy > 0:
		return errBusy
	}
	l.until = time.Time{}
	return nil
}
