package fleet

import (
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// visits is a Fleet with one array, and the keys that were woken.
type visits struct {
	Fleet
	array *Array
	woken []string
}

// newVisits connects an array with that many work slots, to which nothing is sent.
func newVisits(t *testing.T, slots int) *visits {
	t.Helper()
	v := &visits{}
	v.array = v.connect(t, "default", slots)
	return v
}

func (v *visits) connect(t *testing.T, name string, slots int) *Array {
	t.Helper()
	array, err := v.Connect(name, ontap.Config{
		Endpoint: "https://192.0.2.1", App: "test/1", Credentials: ontap.Credentials{Username: "a", Password: "b"},
	}, Limits{InFlight: slots})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return array
}

// visitor has the part of the key before the slash for its group.
func (v *visits) visitor(key string) Visitor {
	group, _, _ := strings.Cut(key, "/")
	return Visitor{Key: key, Group: group, Wake: func() { v.woken = append(v.woken, key) }}
}

// begin is a visit as far as the attempt to enter the array.
func (v *visits) begin(key string) (visit *Visit, entered bool) {
	visit = v.Visit(v.visitor(key))
	return visit, visit.Enter(v.array)
}

// wait is the visit of a pass that finds no work slot free, and ends.
func (v *visits) wait(g Gomega, key string) {
	visit, entered := v.begin(key)
	g.Expect(entered).To(BeFalse(), key)
	visit.Done()
}

// pass is the visit of a pass that does not enter the array.
func (v *visits) pass(key string) { v.Visit(v.visitor(key)).Done() }

func TestVisitorsAreWokenInTheOrderOfArrival(t *testing.T) {
	g := NewWithT(t)
	v := newVisits(t, 1)
	visit, entered := v.begin("a")
	g.Expect(entered).To(BeTrue())
	for _, key := range []string{"b", "c", "b"} {
		v.wait(g, key)
	}
	g.Expect(v.woken).To(BeEmpty())
	visit.Done()
	g.Expect(v.woken).To(Equal([]string{"b"}))
	visit, entered = v.begin("b")
	g.Expect(entered).To(BeTrue())
	visit.Done()
	g.Expect(v.woken).To(Equal([]string{"b", "c"}), "each is woken once")
}

func TestAPassThatDoesNotEnterPassesItsOfferOn(t *testing.T) {
	g := NewWithT(t)
	v := newVisits(t, 1)
	visit, _ := v.begin("a")
	v.wait(g, "deleted")
	v.wait(g, "b")
	visit.Done()
	g.Expect(v.woken).To(Equal([]string{"deleted"}))
	v.pass("unrelated")
	v.pass("b")
	g.Expect(v.woken).To(HaveLen(1), "they were not woken")
	v.pass("deleted")
	g.Expect(v.woken).To(Equal([]string{"deleted", "b"}))
	v.pass("deleted")
	g.Expect(v.woken).To(HaveLen(2))
	_, entered := v.begin("b")
	g.Expect(entered).To(BeTrue())
}

func TestAnOfferIsPassedOnByAPassThatEntersAnotherArray(t *testing.T) {
	g := NewWithT(t)
	v := newVisits(t, 1)
	other := v.connect(t, "other", 1)
	visit, _ := v.begin("a")
	v.wait(g, "moved")
	v.wait(g, "b")
	visit.Done()
	moved := v.Visit(v.visitor("moved"))
	g.Expect(moved.Enter(other)).To(BeTrue())
	moved.Done()
	g.Expect(v.woken).To(Equal([]string{"moved", "b"}))
}

func TestAnOfferIsPassedOnByAPassThatWaitsForAnotherArray(t *testing.T) {
	g := NewWithT(t)
	v := newVisits(t, 1)
	other := v.connect(t, "other", 1)
	g.Expect(v.Visit(v.visitor("inside")).Enter(other)).To(BeTrue())
	visit, _ := v.begin("a")
	v.wait(g, "moved")
	v.wait(g, "b")
	visit.Done()
	moved := v.Visit(v.visitor("moved"))
	g.Expect(moved.Enter(other)).To(BeFalse())
	moved.Done()
	g.Expect(v.woken).To(Equal([]string{"moved", "b"}))
}

func TestAnOfferMadeBeforeTheWaitingPassEndsIsForTheNextPass(t *testing.T) {
	g := NewWithT(t)
	v := newVisits(t, 1)
	visit, _ := v.begin("a")
	waiting, entered := v.begin("b")
	g.Expect(entered).To(BeFalse())
	v.wait(g, "c")
	visit.Done()
	g.Expect(v.woken).To(Equal([]string{"b"}))
	waiting.Done()
	g.Expect(v.woken).To(Equal([]string{"b"}), "the pass that waited has not come back yet")
	_, entered = v.begin("b")
	g.Expect(entered).To(BeTrue())
}

func TestDoneGivesBackOneSlotOnce(t *testing.T) {
	g := NewWithT(t)
	v := newVisits(t, 1)
	first, _ := v.begin("a")
	first.Done()
	second, entered := v.begin("a")
	g.Expect(entered).To(BeTrue())
	v.wait(g, "a")
	first.Done()
	g.Expect(v.woken).To(BeEmpty(), "the slot is that of another visit")
	second.Done()
	g.Expect(v.woken).To(Equal([]string{"a"}))
	first.Done()
	second.Done()
	_, entered = v.begin("b")
	g.Expect(entered).To(BeFalse(), "what was offered since then is for the next pass")
}

func TestAVisitIsInOneSlotAtATime(t *testing.T) {
	g := NewWithT(t)
	v := newVisits(t, 1)
	visit, _ := v.begin("a")
	v.wait(g, "b")
	g.Expect(visit.EnterHistory(v.array)).To(BeTrue())
	g.Expect(v.woken).To(Equal([]string{"b"}))
	visit.Done()
	g.Expect(v.Visit(v.visitor("c")).EnterHistory(v.array)).To(BeTrue())
}

func TestAPassThatPanicsGivesItsSlotBack(t *testing.T) {
	g := NewWithT(t)
	v := newVisits(t, 1)
	g.Expect(func() {
		visit := v.Visit(v.visitor("a"))
		defer visit.Done()
		g.Expect(visit.Enter(v.array)).To(BeTrue())
		v.wait(g, "b")
		panic("a defect")
	}).To(PanicWith("a defect"))
	g.Expect(v.woken).To(Equal([]string{"b"}))
	_, entered := v.begin("b")
	g.Expect(entered).To(BeTrue())
}

func TestASlotIsKeptForTheVisitorThatWasWoken(t *testing.T) {
	g := NewWithT(t)
	v := newVisits(t, 1)
	visit, _ := v.begin("a")
	v.wait(g, "b")
	visit.Done()
	v.wait(g, "c")
	g.Expect(v.woken).To(Equal([]string{"b"}), "c would have come before one that has waited")
	visit, entered := v.begin("b")
	g.Expect(entered).To(BeTrue())
	visit.Done()
	g.Expect(v.woken).To(Equal([]string{"b", "c"}))
}

func TestGroupsEnterInTurn(t *testing.T) {
	g := NewWithT(t)
	v := newVisits(t, 1)
	visit, _ := v.begin("flood/0")
	for i := range 5 {
		v.wait(g, fmt.Sprintf("flood/%d", i+1))
	}
	v.wait(g, "quiet/1")
	v.wait(g, "quiet/2")
	for visited := 0; ; visited++ {
		visit.Done()
		if len(v.woken) == visited {
			break
		}
		visit, _ = v.begin(v.woken[visited])
	}
	g.Expect(v.woken).To(Equal([]string{"flood/1", "quiet/1", "flood/2", "quiet/2", "flood/3", "flood/4", "flood/5"}))
}

func TestVisitorsOfLowPriorityEnterLast(t *testing.T) {
	g := NewWithT(t)
	v := newVisits(t, 1)
	visit, _ := v.begin("a")
	due := v.visitor("due")
	due.LowPriority = true
	g.Expect(v.Visit(due).Enter(v.array)).To(BeFalse())
	v.wait(g, "new")
	visit.Done()
	g.Expect(v.woken).To(Equal([]string{"new"}))
}

func TestMoreSlotsWakeMore(t *testing.T) {
	g := NewWithT(t)
	v := newVisits(t, 1)
	visit, _ := v.begin("a")
	for i := range 4 {
		v.wait(g, fmt.Sprint(i))
	}
	v.connect(t, "default", 3)
	g.Expect(v.woken).To(Equal([]string{"0", "1"}))
	v.begin("0")
	v.begin("1")
	v.connect(t, "default", 1)
	visit.Done()
	v.wait(g, "2")
	g.Expect(v.woken).To(HaveLen(2), "two are still inside, where one may be")
}

func TestVisitorsOfADisconnectedArrayAreWokenAtOnce(t *testing.T) {
	g := NewWithT(t)
	v := newVisits(t, 1)
	visit, _ := v.begin("a")
	v.wait(g, "b")
	v.Disconnect("default")
	g.Expect(v.woken).To(Equal([]string{"b"}))
	v.wait(g, "late")
	g.Expect(v.woken).To(Equal([]string{"b", "late"}), "its pass had found the array before that")
	visit.Done()
	g.Expect(v.woken).To(HaveLen(2))
}

func TestHistoriesWaitForEachOtherAndForNothingElse(t *testing.T) {
	g := NewWithT(t)
	v := newVisits(t, DefaultInFlight)
	first := v.Visit(v.visitor("first"))
	g.Expect(first.EnterHistory(v.array)).To(BeTrue())
	g.Expect(v.Visit(v.visitor("second")).EnterHistory(v.array)).To(BeFalse())
	for i := range DefaultInFlight {
		_, entered := v.begin(fmt.Sprint("service ", i))
		g.Expect(entered).To(BeTrue(), "a history takes no slot of the services")
	}
	first.Done()
	g.Expect(v.woken).To(Equal([]string{"second"}))
}
