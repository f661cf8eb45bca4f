package traffic

import (
	"context"
	"fmt"
	"strconv"
	"sync"
)

// Stage is when a barrier holds a request.
type Stage string

// Before and after the array carried out what was asked.
const (
	Before Stage = "before"
	After  Stage = "after"
)

// Barrier holds requests that match until it is removed. A held request is carried out when released even if its
// client has gone away: an array finishes what it began.
type Barrier struct {
	ID string `json:"id"`
	Matcher
	Stage Stage `json:"stage"`
	// Count is how many requests it holds before it lets the others pass; absent means 1.
	Count int `json:"count"`
	// Held is how many it holds now.
	Held int `json:"held"`

	taken    int
	released chan struct{}
}

// Barriers is the barriers that stand.
type Barriers struct {
	mu      sync.Mutex
	lastID  int
	all     map[string]*Barrier
	changed chan struct{} // closed and replaced when a request arrives at a barrier or one is removed
}

// NewBarriers returns no barriers.
func NewBarriers() *Barriers {
	return &Barriers{all: map[string]*Barrier{}, changed: make(chan struct{})}
}

// Add puts up a barrier.
func (b *Barriers) Add(barrier Barrier) (Barrier, error) {
	if barrier.Stage != Before && barrier.Stage != After {
		return Barrier{}, fmt.Errorf("stage %q is neither %q nor %q", barrier.Stage, Before, After)
	}
	if barrier.Count < 0 {
		return Barrier{}, fmt.Errorf("count %d is negative", barrier.Count)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lastID++
	barrier.ID, barrier.Held = strconv.Itoa(b.lastID), 0
	barrier.Count = max(barrier.Count, 1)
	barrier.released = make(chan struct{})
	b.all[barrier.ID] = &barrier
	return barrier, nil
}

// Get returns a barrier as it is now.
func (b *Barriers) Get(id string) (Barrier, bool) {
	barrier, _, ok := b.get(id)
	return barrier, ok
}

func (b *Barriers) get(id string) (Barrier, <-chan struct{}, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	barrier, ok := b.all[id]
	if !ok {
		return Barrier{}, nil, false
	}
	return *barrier, b.changed, true
}

// Wait returns a barrier once it holds a request, or as it is when the context ends.
func (b *Barriers) Wait(ctx context.Context, id string) (Barrier, bool) {
	for {
		barrier, changed, ok := b.get(id)
		if !ok || barrier.Held > 0 {
			return barrier, ok
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return barrier, ok
		}
	}
}

// Remove takes a barrier away and releases what it held.
func (b *Barriers) Remove(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	barrier, ok := b.all[id]
	if !ok {
		return false
	}
	delete(b.all, id)
	close(barrier.released)
	b.wake()
	return true
}

// RemoveAll takes all barriers away.
func (b *Barriers) RemoveAll() {
	b.mu.Lock()
	ids := make([]string, 0, len(b.all))
	for id := range b.all {
		ids = append(ids, id)
	}
	b.mu.Unlock()
	for _, id := range ids {
		b.Remove(id)
	}
}

// hold stops a request at every barrier that stands in its way at this stage.
func (b *Barriers) hold(x *exchange, stage Stage) {
	for _, released := range b.arrive(x, stage) {
		<-released
	}
}

func (b *Barriers) arrive(x *exchange, stage Stage) []<-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	var waits []<-chan struct{}
	for _, barrier := range b.all {
		if barrier.Stage == stage && barrier.taken < barrier.Count && barrier.matches(x) {
			barrier.taken++
			barrier.Held++
			waits = append(waits, barrier.released)
			b.wake()
		}
	}
	return waits
}

func (b *Barriers) wake() {
	close(b.changed)
	b.changed = make(chan struct{})
}
