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
	// waiting has the wake functions in the order of arrival, and place the element of each key.
	waiting list.List
	place   map[string]*list.Element
}

type waiter struct {
	key  string
	wake func()
}

// enter takes a slot if one is free; leave gives it back. Otherwise wake is called, once, when it is worth trying again.
func (s *slots) enter(key string, wake func()) (leave func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken < s.limit {
		s.taken++
		return s.leave, true
	}
	if s.place == nil {
		s.place = map[string]*list.Element{}
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

// close wakes all that wait: there is nothing to wait for any more.
func (s *slots) close() {
	s.mu.Lock()
	n := s.waiting.Len()
	s.mu.Unlock()
	s.wake(n)
}
