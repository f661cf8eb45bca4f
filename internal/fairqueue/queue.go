// Package fairqueue orders keys that wait: by rank, within a rank in turn between groups, and within a group in the order
// of arrival. However many keys of one group wait, each other group with a key gets every turn of its own.
package fairqueue

import "container/list"

// Queue has each key at most once. The zero value is empty and ready to use. It is not safe
// for concurrent use.
type Queue[K comparable] struct {
	// ranks are from the one that goes first to the one that goes last.
	ranks []*rank
	// positions has the position of each key in the queue.
	positions map[K]position
}

// rank has the keys of one rank. A group is in turns, and in groups, if and only if it has a key there.
type rank struct {
	// turns has the groups; the front one has the next turn.
	turns  list.List
	groups map[string]*list.Element
	length int
}

// group has the keys of one group in one rank, in the order of arrival. It is never empty.
type group struct {
	name string
	keys list.List
}

// position is where a key is in the queue.
type position struct {
	rank  int
	group string
	key   *list.Element
}

// Push adds a key to a group. Lower ranks go first. A key that is in the queue moves if the rank is lower than
// its own, and otherwise stays where it is.
func (q *Queue[K]) Push(key K, name string, rank int) {
	if at, ok := q.positions[key]; ok {
		if rank >= at.rank {
			return
		}
		q.Remove(key)
	}
	for len(q.ranks) <= rank {
		q.ranks = append(q.ranks, newRank())
	}
	if q.positions == nil {
		q.positions = map[K]position{}
	}
	q.positions[key] = position{rank: rank, group: name, key: q.ranks[rank].push(key, name)}
}

// Pop removes and returns the next key of the ranks up to last; it is false if there is none.
func (q *Queue[K]) Pop(last int) (key K, ok bool) {
	for i := range min(last+1, len(q.ranks)) {
		if first := q.ranks[i].pop(); first != nil {
			key, ok = first.(K)
			delete(q.positions, key)
			return key, ok
		}
	}
	return key, false
}

// Remove removes a key, if it is in the queue.
func (q *Queue[K]) Remove(key K) {
	if at, ok := q.positions[key]; ok {
		q.ranks[at.rank].remove(at.group, at.key)
		delete(q.positions, key)
	}
}

// Len returns how many keys the ranks up to last have.
func (q *Queue[K]) Len(last int) (length int) {
	for i := range min(last+1, len(q.ranks)) {
		length += q.ranks[i].length
	}
	return length
}

func newRank() *rank { return &rank{groups: map[string]*list.Element{}} }

func (r *rank) push(key any, name string) *list.Element {
	turn, ok := r.groups[name]
	if !ok {
		turn = r.turns.PushBack(&group{name: name})
		r.groups[name] = turn
	}
	r.length++
	return groupAt(turn).keys.PushBack(key)
}

// pop removes and returns the first key of the group whose turn it is, which then waits for its next turn; nil if the rank is empty.
func (r *rank) pop() any {
	turn := r.turns.Front()
	if turn == nil {
		return nil
	}
	next := groupAt(turn)
	r.turns.MoveToBack(turn)
	first := next.keys.Front()
	r.remove(next.name, first)
	return first.Value
}

func (r *rank) remove(name string, key *list.Element) {
	turn := r.groups[name]
	from := groupAt(turn)
	from.keys.Remove(key)
	r.length--
	if from.keys.Len() == 0 {
		r.turns.Remove(turn)
		delete(r.groups, name)
	}
}

func groupAt(turn *list.Element) *group { return turn.Value.(*group) } //nolint:errcheck // turns has nothing else
