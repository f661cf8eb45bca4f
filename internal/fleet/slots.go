package fleet

import (
	"sync"

	"github.com/ontap-operator/ontap-san-operator/internal/fairqueue"
)

func (v Visitor) rank() int {
	if v.LowPriority {
		return lastRank
	}
	return 0
}

// lastRank is the rank of visitors of low priority.
const lastRank = 1

// slots bounds how many are at work on one array at a time. Who finds none free is not kept waiting: it leaves word how
// to be woken. An array that hangs so holds up as many workers as it has slots, and no more.
//
// While a visitor waits, every slot is taken or offered to one that was woken.
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

// enter takes a slot if one is free, which leave gives back. If none is free, the visitor waits.
func (s *slots) enter(v Visitor) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	expected := s.offered[v.Key]
	delete(s.offered, v.Key)
	if s.closed {
		v.Wake()
		return false
	}
	if expected && s.taken < s.limit || s.free() {
		s.taken++
		return true
	}
	if s.wakes == nil {
		s.wakes, s.offered = map[string]func(){}, map[string]bool{}
	}
	s.waiting.Push(v.Key, v.Group, v.rank())
	s.wakes[v.Key] = v.Wake
	return false
}

// free reports whether there is a slot for a visitor that was not woken.
func (s *slots) free() bool { return s.taken+len(s.offered) < s.limit }

func (s *slots) leave() {
	s.mu.Lock()
	s.taken--
	s.mu.Unlock()
	s.offer()
}

// decline offers the slot that is kept for the key, if any, to the next visitor.
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
