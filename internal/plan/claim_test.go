package plan

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestContest(t *testing.T) {
	first := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	old, young := Claimant{Since: first, UID: "b"}, Claimant{Since: first.Add(time.Second), UID: "a"}
	with := func(c Claimant, change func(*Claimant)) Claimant { change(&c); return c }
	creates := func(c *Claimant) { c.Creating = true }
	adopted := func(c *Claimant) { c.Origin = Adopted }
	created := func(c *Claimant) { c.Origin = Created }
	deleting := func(c *Claimant) { c.Deleting = true }
	const nobody, other = -1, 0
	for _, c := range []struct {
		name         string
		self         Claimant
		others       []Claimant
		holder, heir int
	}{
		{"is alone", young, nil, nobody, nobody},
		{"yields to the older", young, []Claimant{old}, other, nobody},
		{"has an heir in the younger", old, []Claimant{young}, nobody, other},
		{"yields to the lesser UID of the same age", with(old, func(c *Claimant) { c.UID = "c" }), []Claimant{old}, other, nobody},
		{"keeps what it has begun to create from the older", with(young, creates), []Claimant{old}, nobody, other},
		{"keeps what it has adopted from one that begins to create", with(young, adopted), []Claimant{with(old, creates)}, nobody, other},
		{"keeps what it has created from one that adopts it", with(young, created), []Claimant{with(old, adopted)}, nobody, other},
		{"yields to the firmest of the others", old, []Claimant{with(young, creates), with(young, created), with(young, adopted)}, 1, nobody},
		{"has an heir in the firmest of those that wait", with(old, created), []Claimant{young, with(young, adopted), with(young, creates)}, nobody, 1},
		{"does not yield to one that observes", young, []Claimant{with(old, func(c *Claimant) { c.Observe = true })}, nobody, nobody},
		{"does not yield to one that may not use the SVM", young, []Claimant{with(old, func(c *Claimant) { c.Denied = true })}, nobody, nobody},
		{"yields to one that is being deleted until its finalizer is off", young,
			[]Claimant{with(old, func(c *Claimant) { c.Deleting, c.Finalizer = true, true })}, other, nobody},
		{"does not yield to one whose finalizer is off", young, []Claimant{with(old, deleting)}, nobody, nobody},
		{"hands nothing over to one that is being deleted", old,
			[]Claimant{with(young, func(c *Claimant) { c.Deleting, c.Finalizer = true, true })}, nobody, nobody},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			holder, heir := c.self.Contest(c.others)
			g.Expect(holder).To(Equal(c.holder))
			g.Expect(heir).To(Equal(c.heir))
		})
	}
}
