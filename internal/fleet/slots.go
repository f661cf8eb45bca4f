package fleet

import (
	"container/list"
	"sync"
)

// slots bounds how many are at work on one array at a time. Who finds none free is not kept waiting: it leaves word how
// to be woken. An array that hangs so holds up as many workers as it has slots, and no more.
type slots struct {
	mu    sync.Mutex
	limit int
	taken int
	// closed: nobody waits any more.
	closed bool
	// waiting has the wake functions in the order of arrival, and place the element of each key.
	waiting list.List
	place   map[string]*list.Element
	// offered has the keys of those that were woken and have not come yet.
	offered map[string]bool
}

type waiter struct {
	key  string
	wake func()
}

// enter takes a slot if one is free; leave gives it back. Otherwise wake is called, once, when it is worth trying again.
func (s *slots) enter(key string, wake func()) (leave func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.offered, key)
	if s.closed {
		wake()
		return nil, false
	}
	if s.taken < s.limit {
		s.taken++
		if element, ok := s.place[key]; ok {
			s.waiting.Remove(element)
			delete(s.place, key)
		}
		return s.leave, true
	}
	if s.place == nil {
		s.place, s.offered = map[string]*list.Element{}, map[string]bool{}
	}
	if element, ok := s.place[key]; ok {
		element.Value = waiter{key, wake}
	} else {
		s.place[key] = s.waiting.PushBack(waiter{key, wake})
	}
	return nil, false
}

func (s *slots) leave() {
	s.mu.Lock()
	s.taken--
	s.mu.Unlock()
	s.wake(1)
}

// decline passes on what the key was woken for: it has no use for a slot any more.
func (s *slots) decline(key string) {
	s.mu.Lock()
	offered := s.offered[key]
	delete(s.offered, key)
	s.mu.Unlock()
	if offered {
		s.wake(1)
	}
}

// wake wakes up to n of those that wait.
func (s *slots) wake(n int) {
	for range n {
		s.mu.Lock()
		first := s.waiting.Front()
		if first == nil {
			s.mu.Unlock()
			return
		}
		w, _ := s.waiting.Remove(first).(waiter)
		delete(s.place, w.key)
		s.offered[w.key] = true
		s.mu.Unlock()
		w.wake()
	}
}

// resize changes the number of slots.
func (s *slots) resize(limit int) {
	s.mu.Lock()
	more := limit - s.limit
	s.limit = limit
	s.mu.Unlock()
	s.wake(max(more, 0))
}

// close wakes all that wait, and whoever would: there is nothing to wait for any more.
func (s *slots) close() {
	s.mu.Lock()
	s.closed = true
	n := s.waiting.Len()
	s.mu.Unlock()
	s.wake(n)
}
