package fairqueue

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// model is a queue and what it promises: what is in it is what was put in and not taken out; what comes out has the lowest
// rank that there is and is the oldest of its group; and a group that has a key in the rank is passed over at most once by
// each other group before it gets its turn.
type model struct {
	queue Queue[string]
	items []item // in the order of arrival
	// passed is how often a group was passed over by another one since it last had a turn, by the groups as of one rank.
	passed map[[2]string]int
}

type item struct {
	key, group string
	rank       int
}

// ranked is the group as of its rank.
func (i item) ranked() string { return fmt.Sprint(i.rank, i.group) }

func (m *model) find(key string) int {
	return slices.IndexFunc(m.items, func(i item) bool { return i.key == key })
}

// hadTurn ends the count of how often a group was passed over.
func (m *model) hadTurn(i item) {
	for pair := range m.passed {
		if pair[0] == i.ranked() {
			delete(m.passed, pair)
		}
	}
}

func (m *model) removeAt(at int) {
	i := m.items[at]
	m.items = slices.Delete(m.items, at, at+1)
	if !slices.ContainsFunc(m.items, func(other item) bool { return other.ranked() == i.ranked() }) {
		m.hadTurn(i)
	}
}

func (m *model) push(t *rapid.T) {
	n := rapid.IntRange(0, 30).Draw(t, "key")
	i := item{key: fmt.Sprint("k", n), group: fmt.Sprint("g", n%4), rank: rapid.IntRange(0, lastRank).Draw(t, "rank")}
	m.queue.Push(i.key, i.group, i.rank)
	if at := m.find(i.key); at < 0 {
		m.items = append(m.items, i)
	} else if i.rank < m.items[at].rank {
		m.removeAt(at)
		m.items = append(m.items, i)
	}
}

func (m *model) remove(t *rapid.T) {
	key := fmt.Sprint("k", rapid.IntRange(0, 30).Draw(t, "key"))
	m.queue.Remove(key)
	if at := m.find(key); at >= 0 {
		m.removeAt(at)
	}
}

func (m *model) pop(t *rapid.T) {
	last := rapid.IntRange(0, lastRank).Draw(t, "last")
	key, ok := m.queue.Pop(last)
	if !ok {
		if slices.ContainsFunc(m.items, func(i item) bool { return i.rank <= last }) {
			t.Fatalf("nothing came out of %v", m.items)
		}
		return
	}
	at := m.find(key)
	if at < 0 {
		t.Fatalf("%s is not in %v", key, m.items)
	}
	got := m.items[at]
	for n, other := range m.items {
		if other.rank < got.rank || n < at && other.ranked() == got.ranked() {
			t.Fatalf("%v came out before %v", got, other)
		}
	}
	m.removeAt(at)
	m.hadTurn(got)
	m.passOver(t, got)
}

// passOver counts that the other groups of the rank were passed over by that of the item.
func (m *model) passOver(t *rapid.T, got item) {
	others := map[string]bool{}
	for _, other := range m.items {
		if other.rank == got.rank && other.group != got.group {
			others[other.ranked()] = true
		}
	}
	for other := range others {
		pair := [2]string{other, got.group}
		if m.passed[pair]++; m.passed[pair] > 1 {
			t.Fatalf("%s was passed over twice by %s", other, got.group)
		}
	}
}

func (m *model) checkLength(t *rapid.T) {
	if m.queue.Len(lastRank) != len(m.items) || len(m.queue.positions) != len(m.items) {
		t.Fatalf("%d keys in %d positions, not %d", m.queue.Len(lastRank), len(m.queue.positions), len(m.items))
	}
}

// checkDrained makes sure that nothing is left behind by what comes out.
func (m *model) checkDrained(t *rapid.T) {
	if left := drain(&m.queue); len(left) != len(m.items) {
		t.Fatalf("%v came out of %v", left, m.items)
	}
	for _, r := range m.queue.ranks {
		if r.length != 0 || r.turns.Len() != 0 || len(r.groups) != 0 {
			t.Fatalf("%+v remains of an empty queue", r)
		}
	}
}

func TestTheOrderUnderAnySequenceOfCalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{passed: map[[2]string]int{}}
		t.Repeat(map[string]func(*rapid.T){"push": m.push, "remove": m.remove, "pop": m.pop, "": m.checkLength})
		m.checkDrained(t)
	})
}
