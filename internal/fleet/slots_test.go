package fleet

import (
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// door is the slots of an array, and who was woken.
type door struct {
	slots
	woken []string
}

func newDoor(limit int) *door {
	d := &door{}
	d.resize(limit)
	return d
}

// try is for one whose group is the part of the key before the slash.
func (d *door) try(key string) (leave func(), ok bool) { return d.enter(d.entrant(key)) }

func (d *door) entrant(key string) Entrant {
	group, _, _ := strings.Cut(key, "/")
	return Entrant{Key: key, Group: group, Wake: func() { d.woken = append(d.woken, key) }}
}

func TestSlotsWakeInTheOrderOfArrival(t *testing.T) {
	g := NewWithT(t)
	d := newDoor(1)
	leave, ok := d.try("a")
	g.Expect(ok).To(BeTrue())
	for _, key := range []string{"b", "c", "b"} {
		_, ok := d.try(key)
		g.Expect(ok).To(BeFalse())
	}
	g.Expect(d.woken).To(BeEmpty())
	leave()
	g.Expect(d.woken).To(Equal([]string{"b"}))
	leave, ok = d.try("b")
	g.Expect(ok).To(BeTrue())
	leave()
	g.Expect(d.woken).To(Equal([]string{"b", "c"}), "each is woken once")
}

func TestAWokenOneThatDoesNotEnterLetsTheNextOneIn(t *testing.T) {
	g := NewWithT(t)
	d := newDoor(1)
	leave, _ := d.try("a")
	d.try("deleted")
	d.try("b")
	leave()
	g.Expect(d.woken).To(Equal([]string{"deleted"}))
	d.decline("somebody")
	d.decline("b")
	g.Expect(d.woken).To(HaveLen(1), "they were not woken")
	d.decline("deleted")
	g.Expect(d.woken).To(Equal([]string{"deleted", "b"}))
	d.decline("deleted")
	g.Expect(d.woken).To(HaveLen(2))
	_, ok := d.try("b")
	g.Expect(ok).To(BeTrue())
}

func TestASlotIsKeptForWhoWasWoken(t *testing.T) {
	g := NewWithT(t)
	d := newDoor(1)
	leave, _ := d.try("a")
	d.try("b")
	leave()
	_, ok := d.try("c")
	g.Expect(ok).To(BeFalse(), "it would have come before one that has waited")
	g.Expect(d.woken).To(Equal([]string{"b"}))
	leave, ok = d.try("b")
	g.Expect(ok).To(BeTrue())
	leave()
	g.Expect(d.woken).To(Equal([]string{"b", "c"}))
}

func TestGroupsEnterInTurn(t *testing.T) {
	g := NewWithT(t)
	d := newDoor(1)
	leave, _ := d.try("flood/0")
	for i := range 5 {
		d.try(fmt.Sprintf("flood/%d", i+1))
	}
	d.try("quiet/1")
	d.try("quiet/2")
	var entered []string
	for leave != nil {
		leave()
		if leave = nil; len(d.woken) > len(entered) {
			entered = d.woken
			leave, _ = d.try(entered[len(entered)-1])
		}
	}
	g.Expect(entered).To(Equal([]string{"flood/1", "quiet/1", "flood/2", "quiet/2", "flood/3", "flood/4", "flood/5"}))
}

func TestWhatCanWaitEntersLast(t *testing.T) {
	g := NewWithT(t)
	d := newDoor(1)
	leave, _ := d.try("a")
	due := d.entrant("due")
	due.LowPriority = true
	d.enter(due)
	d.try("new")
	leave()
	g.Expect(d.woken).To(Equal([]string{"new"}))
}

func TestMoreSlotsWakeMore(t *testing.T) {
	g := NewWithT(t)
	d := newDoor(1)
	leave, _ := d.try("a")
	for i := range 4 {
		d.try(fmt.Sprint(i))
	}
	d.resize(3)
	g.Expect(d.woken).To(Equal([]string{"0", "1"}))
	d.try("0")
	d.try("1")
	d.resize(1)
	leave()
	_, ok := d.try("2")
	g.Expect(ok).To(BeFalse(), "two are still inside, where one may be")
	g.Expect(d.woken).To(HaveLen(2))
}

func TestNobodyWaitsForAnArrayThatIsGone(t *testing.T) {
	g := NewWithT(t)
	d := newDoor(1)
	leave, _ := d.try("a")
	d.try("b")
	d.close()
	g.Expect(d.woken).To(Equal([]string{"b"}))
	_, ok := d.try("late")
	g.Expect(ok).To(BeFalse())
	g.Expect(d.woken).To(Equal([]string{"b", "late"}), "it had the array in hand before, and is sent back at once")
	leave()
	g.Expect(d.woken).To(HaveLen(2))
}

func TestDeclineReachesTheArrayThatWoke(t *testing.T) {
	g := NewWithT(t)
	config, _ := start(t)
	var fleet Fleet
	array, err := fleet.Connect("default", config, Limits{InFlight: 1})
	g.Expect(err).NotTo(HaveOccurred())
	var woken []string
	leave, _ := array.Enter(Entrant{Key: "a"})
	for _, key := range []string{"b", "c"} {
		array.Enter(Entrant{Key: key, Wake: func() { woken = append(woken, key) }})
	}
	leave()
	fleet.Decline("b")
	g.Expect(woken).To(Equal([]string{"b", "c"}))
}
