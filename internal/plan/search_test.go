package plan

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
)

// search explores, breadth first, all that can happen. T is a state, and P the same packed.
type search[T any, P comparable] struct {
	pack   func(*T) P
	unpack func(P) T
	// moves tells what may follow from a state, in a fixed order.
	moves func(s *T, to func(label string, next *T, broken string))
	// settles tells what is wrong with what becomes of a state when there is no more interference.
	settles func(T) (broken string)
	met     set[P]
	// trail tells how the states were reached.
	trail []trace
	runs  int
}

// trace is the move, counted, that led from one state to another.
type trace struct {
	from int32
	move int16
}

// from explores what can follow from a state, and returns the story of the first broken rule.
func (x *search[T, P]) from(start T) (story string) {
	first := len(x.trail)
	x.meet(&start, -1, 0)
	for at := first; at < len(x.trail) && story == ""; at++ {
		s := x.unpack(x.met.all[at])
		if broken := x.settles(s); broken != "" {
			return x.tell(int32(at), "the environment rests", broken)
		}
		ends, move := true, int16(0)
		x.moves(&s, func(label string, next *T, broken string) {
			if broken != "" && story == "" {
				story = x.tell(int32(at), label, broken)
			}
			ends = !x.meet(next, int32(at), move) && ends
			move++
		})
		if ends {
			x.runs++
		}
	}
	return story
}

func (x *search[T, P]) meet(s *T, from int32, move int16) (isNew bool) {
	packed := x.pack(s)
	if !x.met.add(&packed) {
		return false
	}
	x.trail = append(x.trail, trace{from, move})
	return true
}

func (x *search[T, P]) tell(at int32, label, broken string) string {
	story := []string{broken, label}
	for ; x.trail[at].from >= 0; at = x.trail[at].from {
		moved, from := x.trail[at].move, x.unpack(x.met.all[x.trail[at].from])
		x.moves(&from, func(label string, _ *T, _ string) {
			if moved == 0 {
				story = append(story, label)
			}
			moved--
		})
	}
	story = append(story, fmt.Sprintf("%+v", x.unpack(x.met.all[at])))
	slices.Reverse(story)
	return strings.Join(story, "\n  ")
}

// set numbers values. A map of such large ones would be several times as slow.
type set[T comparable] struct {
	seed  maphash.Seed
	index map[uint64]int32
	all   []T
}

func newSet[T comparable]() set[T] {
	return set[T]{seed: maphash.MakeSeed(), index: map[uint64]int32{}}
}

// find tells whether a value is known, under which number, and the key to add it with.
func (x *set[T]) find(v *T) (key uint64, at int32, known bool) {
	for key = maphash.Comparable(x.seed, *v); ; key++ {
		if at, taken := x.index[key]; !taken || x.all[at] == *v {
			return key, at, taken
		}
	}
}

func (x *set[T]) has(v *T) bool {
	_, _, known := x.find(v)
	return known
}

func (x *set[T]) add(v *T) (isNew bool) {
	key, _, known := x.find(v)
	if !known {
		x.index[key] = int32(len(x.all))
		x.all = append(x.all, *v)
	}
	return !known
}

// number is the number of a value, which is added if it is not known yet.
func (x *set[T]) number(v *T) int32 {
	key, at, known := x.find(v)
	if known {
		return at
	}
	x.index[key] = int32(len(x.all))
	x.all = append(x.all, *v)
	return int32(len(x.all) - 1)
}
