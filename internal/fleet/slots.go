package fleet

import (
	"sync"

	"github.com/ontap-operator/ontap-san-operator/internal/fairqueue"
)

// Entrant is who wants to work on an array.
type Entrant struct {
	// Key tells it from others.
	Key string
	// Group is what slots are shared out between, such as a namespace: those that wait enter in turn, group by group.
	Group string
	// LowPriority: it waits until all those have entered that are not.
	LowPriority bool
	// Wake is called, once, when it is worth trying again, if no slot is free. The slot is kept until the entrant has
	// tried, or is declined.
	Wake func()
}

func (e Entrant) rank() int {
	if e.LowPriority {
		return lastRank
	}
	return 0
}

// lastRank is the rank of the entrants of low priority.
const lastRank = 1

// slots bounds how many are at work on one array at a time. Who finds none free is not kept waiting: it leaves word how
// to be woken. An array that hangs so holds up as many workers as it has slots, and no more.
//
// While an entrant waits, every slot is taken or offered to one that was woken.
type slots struct {
	mu    sync.Mutex
	limit int
	taken int
	// closed: nobody waits any more.
	closed bool
	// waiting has the keys of those that wait, and wakes how to wake each.
	waiting fairqueue.Queue[string]
	wakes   map[string]func()
	// offered has the keys of those that were woken and have not come yet.
	offered map[string]bool
}

// enter takes a slot if one is free; leave gives it back.
func (s *slots) enter(e Entrant) (leave func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	expected := s.offered[e.Key]
	delete(s.offered, e.Key)
	if s.closed {
		e.Wake()
		return nil, false
	}
	if expected && s.taken < s.limit || s.free() {
		s.taken++
		return s.leave, true
	}
	if s.wakes == nil {
		s.wakes, s.offered = map[string]func(){}, map[string]bool{}
	}
	s.waiting.Push(e.Key, e.Group, e.rank())
	s.wakes[e.Key] = e.Wake
	return nil, false
}

// free reports whether there is a slot for an entrant that was not woken.
func (s *slots) free() bool { return s.taken+len(s.offered) < s.limit }

func (s *slots) leave() {
	s.mu.Lock()
	s.taken--
	s.mu.Unlock()
	s.offer()
}

// decline passes on what the key was woken for: it has no use for a slot any more.
func (s *slots) decline(key string) {
	s.mu.Lock()
	offered := s.offered[key]
	delete(s.offered, key)
	s.mu.Unlock()
	if offered {
		s.offer()
	}
}

// offer wakes as many of those that wait as there are free slots.
func (s *slots) offer() {
	for wake := s.next(); wake != nil; wake = s.next() {
		wake()
	}
}

// next is how to wake the one whose turn it is; nil if there is none, or no slot for it.
func (s *slots) next() (wake func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed && !s.free() {
		return nil
	}
	key, ok := s.waiting.Pop(lastRank)
	if !ok {
		return nil
	}
	wake = s.wakes[key]
	delete(s.wakes, key)
	s.offered[key] = true
	return wake
}

// resize changes the number of slots.
func (s *slots) resize(limit int) {
	s.mu.Lock()
	s.limit = limit
	s.mu.Unlock()
	s.offer()
}

// close wakes all that wait, and whoever would: there is nothing to wait for any more.
func (s *slots) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.offer()
}
