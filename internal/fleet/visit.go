package fleet

// Visit is a pass's stay in a work slot of an array. It owns the slot that the pass has taken, and what an array keeps for
// the key of its Visitor: Done gives back both. It is not safe for concurrent use.
type Visit struct {
	fleet   *Fleet
	visitor Visitor
	// slots are those of the last Enter, nil before, and inside is whether one was taken: if not, the visitor waits there.
	slots  *workSlots
	inside bool
	done   bool
}

// Visit begins the visit of a pass, which has no work slot yet. The pass defers Done.
func (f *Fleet) Visit(visitor Visitor) *Visit { return &Visit{fleet: f, visitor: visitor} }

// Enter takes one of the work slots of the array. If none is free, it is false, and the visitor is woken once it is worth
// trying again, with another Visit.
func (v *Visit) Enter(array *Array) bool { return v.enter(&array.slots) }

// EnterHistory takes the one slot that the array has for reading histories, which is none of those of Enter: however many
// histories are asked for, and however long the array takes over them, they hold up each other and nothing else.
func (v *Visit) EnterHistory(array *Array) bool { return v.enter(&array.historySlots) }

func (v *Visit) enter(slots *workSlots) bool {
	v.leave()
	v.slots, v.inside = slots, slots.enter(v.visitor)
	return v.inside
}

// Done gives back the work slot, if one was taken. A slot that is kept for the key is offered to the next visitor, except
// by the slots that the Visit tried to enter: what they keep was offered after that, and is for the next pass. Another call
// of Done does nothing.
func (v *Visit) Done() {
	if v.done {
		return
	}
	v.done = true
	v.leave()
	for _, array := range v.fleet.Arrays() {
		for _, slots := range []*workSlots{&array.slots, &array.historySlots} {
			if slots != v.slots {
				slots.decline(v.visitor.Key)
			}
		}
	}
}

func (v *Visit) leave() {
	if v.inside {
		v.inside = false
		v.slots.leave()
	}
}
