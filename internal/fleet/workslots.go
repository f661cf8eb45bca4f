package fleet

import (
	"sync"

	"github.com/ontap-operator/ontap-san-operator/internal/fairqueue"
)

// Visitor is a pass that wants to work on an array.
type Visitor struct {
	// Key identifies it among all visitors of the Fleet.
	Key string
	// Group is what work slots are shared out between, such as a namespace: visitors that wait enter in turn, group by
	// group.
	Group string
	// LowPriority: it waits until all visitors have entered that are not of low priority.
	LowPriority bool
	// Wake is called, once, when it is worth trying again, if no work slot is free. The slot is kept for the key until the
	// Visit that tries again enters the array, or is done.
	Wake func()
}

func (v Visitor) rank() int {
	if v.LowPriority {
		return lastRank
	}
	return 0
}

// lastRank is the rank of visitors of low priority.
const lastRank = 1

// workSlots bounds how many passes work on one array at a time. A pass that finds none free does not block its worker: it
// ends, and its visitor is woken. An array that hangs so holds up as many workers as it has slots, and no more.
//
// While a visitor waits, every slot is taken or offered to a visitor that was woken.
type workSlots struct {
	mu    sync.Mutex
	limit int
	taken int
	// closed: no visitor waits any more.
	closed bool
	// waiting has the keys of the visitors that wait, and wakes how to wake each.
	waiting fairqueue.Queue[string]
	wakes   map[string]func()
	// offered has the keys of the visitors that were woken and have not entered or declined yet.
	offered map[string]bool
}

// enter takes a slot if one is free, which leave gives back. If none is free, the visitor waits.
func (s *workSlots) enter(v Visitor) bool {
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
func (s *workSlots) free() bool { return s.taken+len(s.offered) < s.limit }

func (s *workSlots) leave() {
	s.mu.Lock()
	s.taken--
	s.mu.Unlock()
	s.offer()
}

// decline offers the slot that is kept for the key, if any, to the next visitor.
func (s *workSlots) decline(key string) {
	s.mu.Lock()
	offered := s.offered[key]
	delete(s.offered, key)
	s.mu.Unlock()
	if offered {
		s.offer()
	}
}

// offer wakes as many of the visitors that wait as there are free slots.
func (s *workSlots) offer() {
	for wake := s.next(); wake != nil; wake = s.next() {
		wake()
	}
}

// next is how to wake the next visitor; nil if none waits, or no slot is free.
func (s *workSlots) next() (wake func()) {
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
func (s *workSlots) resize(limit int) {
	s.mu.Lock()
	s.limit = limit
	s.mu.Unlock()
	s.offer()
}

// close wakes all visitors that wait, and from now on those that would: there is nothing to wait for any more.
func (s *workSlots) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.offer()
}
