package fairqueue

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
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
