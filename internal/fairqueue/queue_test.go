package fairqueue

import (
	"fmt"
	"slices"
	"testing"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"
)

const lastRank = 2

// drain pops until the queue is empty.
func drain(q *Queue[string]) (keys []string) {
	for {
		key, ok := q.Pop(lastRank)
		if !ok {
			return keys
		}
		keys = append(keys, key)
	}
}

func TestGroupsTakeTurns(t *testing.T) {
	g := NewWithT(t)
	var q Queue[string]
	for i := range 4 {
		q.Push(fmt.Sprint("flood", i), "flood", 1)
	}
	q.Push("quiet0", "quiet", 1)
	q.Push("quiet1", "quiet", 1)
	g.Expect(drain(&q)).To(Equal([]string{"flood0", "quiet0", "flood1", "quiet1", "flood2", "flood3"}))
}

func TestALowerRankGoesFirst(t *testing.T) {
	g := NewWithT(t)
	var q Queue[string]
	q.Push("last", "a", 2)
	q.Push("middle", "a", 1)
	q.Push("first", "a", 0)
	_, ok := q.Pop(-1)
	g.Expect(ok).To(BeFalse())
	g.Expect(q.Len(1)).To(Equal(2))
	g.Expect(drain(&q)).To(Equal([]string{"first", "middle", "last"}))
}

func TestAKeyIsOnceInTheQueue(t *testing.T) {
	g := NewWithT(t)
	var q Queue[string]
	q.Push("a", "team", 1)
	q.Push("b", "team", 1)
	q.Push("b", "team", 2) // no reason to go later
	q.Push("c", "team", 2)
	q.Push("c", "team", 0) // a reason to go sooner
	q.Push("d", "team", 1)
	q.Remove("d")
	q.Remove("d")
	g.Expect(q.Len(lastRank)).To(Equal(3))
	g.Expect(drain(&q)).To(Equal([]string{"c", "a", "b"}))
}

// TestTheOrderUnderAnySequenceOfCalls holds the queue against what it promises, after any sequence of calls: what is in it is what was put in
// and not taken out; what comes out has the lowest rank that there is and is the oldest of its group; and a group that
// has something in the rank is passed over at most once by each other group before it gets its turn.
func TestTheOrderUnderAnySequenceOfCalls(t *testing.T) {
	type item struct {
		key, group string
		rank       int
	}
	rapid.Check(t, func(t *rapid.T) {
		var q Queue[string]
		var model []item // in the order of arrival
		find := func(key string) int { return slices.IndexFunc(model, func(i item) bool { return i.key == key }) }
		// passed is how often a group was passed over by another one since it last had a turn, by rank.
		passed := map[[2]string]int{}
		forget := func(i item) {
			if !slices.ContainsFunc(model, func(m item) bool { return m.rank == i.rank && m.group == i.group }) {
				for pair := range passed {
					if pair[0] == fmt.Sprint(i.rank, i.group) {
						delete(passed, pair)
					}
				}
			}
		}
		remove := func(at int) item {
			i := model[at]
			model = slices.Delete(model, at, at+1)
			forget(i)
			return i
		}
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				n := rapid.IntRange(0, 30).Draw(t, "key")
				i := item{key: fmt.Sprint("k", n), group: fmt.Sprint("g", n%4), rank: rapid.IntRange(0, lastRank).Draw(t, "rank")}
				q.Push(i.key, i.group, i.rank)
				if at := find(i.key); at < 0 {
					model = append(model, i)
				} else if i.rank < model[at].rank {
					remove(at)
					model = append(model, i)
				}
			},
			"remove": func(t *rapid.T) {
				key := fmt.Sprint("k", rapid.IntRange(0, 30).Draw(t, "key"))
				q.Remove(key)
				if at := find(key); at >= 0 {
					remove(at)
				}
			},
			"pop": func(t *rapid.T) {
				last := rapid.IntRange(0, lastRank).Draw(t, "last")
				key, ok := q.Pop(last)
				at := find(key)
				if !ok {
					if slices.ContainsFunc(model, func(i item) bool { return i.rank <= last }) {
						t.Fatalf("nothing came out of %v", model)
					}
					return
				}
				if at < 0 {
					t.Fatalf("%s is not in %v", key, model)
				}
				got := model[at]
				for n, other := range model {
					if other.rank < got.rank || n < at && other.rank == got.rank && other.group == got.group {
						t.Fatalf("%v came out before %v", got, other)
					}
				}
				remove(at)
				for pair := range passed {
					if pair[0] == fmt.Sprint(got.rank, got.group) {
						delete(passed, pair) // it has had its turn
					}
				}
				others := map[string]bool{}
				for _, other := range model {
					if other.rank == got.rank && other.group != got.group {
						others[other.group] = true
					}
				}
				for other := range others {
					pair := [2]string{fmt.Sprint(got.rank, other), got.group}
					if passed[pair]++; passed[pair] > 1 {
						t.Fatalf("%s was passed over twice by %s", other, got.group)
					}
				}
			},
			"": func(t *rapid.T) {
				if q.Len(lastRank) != len(model) || len(q.places) != len(model) {
					t.Fatalf("%d keys in %d places, not %d", q.Len(lastRank), len(q.places), len(model))
				}
			},
		})
		if left := drain(&q); len(left) != len(model) {
			t.Fatalf("%v came out of %v", left, model)
		}
		for _, r := range q.ranks {
			if r.length != 0 || r.turns.Len() != 0 || len(r.groups) != 0 {
				t.Fatalf("%+v remains of an empty queue", r)
			}
		}
	})
}
