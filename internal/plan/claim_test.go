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
	finalizer := func(c *Claimant) { c.Deleting, c.Finalizer = true, true }
	const nobody, other = -1, 0
	for _, c := range []struct {
		name              string
		self              Claimant
		others            []Claimant
		holder, successor int
		takesOver         bool
	}{
		{"is alone", young, nil, nobody, nobody, false},
		{"yields to the older", young, []Claimant{old}, other, nobody, false},
		{"does not yield to the younger", old, []Claimant{young}, nobody, nobody, false},
		{"yields to the lesser UID of the same age", with(old, func(c *Claimant) { c.UID = "c" }), []Claimant{old}, other, nobody, false},
		{"keeps what it has begun to create from the older", with(young, creates), []Claimant{old}, nobody, nobody, false},
		{"keeps what it has adopted from one that begins to create", with(young, adopted), []Claimant{with(old, creates)}, nobody, nobody, false},
		{"keeps what it has adopted from one that created it before", with(young, adopted), []Claimant{with(old, created)}, nobody, nobody, false},
		{"yields to the first of the others", old, []Claimant{with(young, creates), with(young, adopted), with(young, created)}, 1, nobody, false},
		{"does not yield to one that observes", young, []Claimant{with(old, func(c *Claimant) { c.Observe = true })}, nobody, nobody, false},
		{"does not yield to one that may not use the SVM", young, []Claimant{with(old, func(c *Claimant) { c.Denied = true })}, nobody, nobody, false},
		{"yields to one that is being deleted and may have created something, until its finalizer is off", old,
			[]Claimant{with(with(young, creates), finalizer)}, other, nobody, false},
		{"does not yield to one whose finalizer is off", young, []Claimant{with(old, deleting)}, nobody, nobody, false},
		{"takes over from one that is being deleted", young, []Claimant{with(with(old, created), finalizer)}, other, nobody, true},
		{"does not take over when an older one waits, too", young, []Claimant{with(with(old, created), finalizer), old}, other, nobody, false},
		{"does not take over while it is being deleted itself", with(young, finalizer), []Claimant{with(with(old, created), finalizer)}, other, nobody, false},
		{"has the first of those that wait for a successor", with(with(old, created), finalizer),
			[]Claimant{with(young, func(c *Claimant) { c.Since = c.Since.Add(1) }), young}, nobody, 1, false},
		{"has no successor in one that is being deleted", with(with(old, created), finalizer), []Claimant{with(young, finalizer)}, nobody, nobody, false},
		{"has no successor in one that observes", with(with(old, created), finalizer),
			[]Claimant{with(young, func(c *Claimant) { c.Observe = true })}, nobody, nobody, false},
		{"lets go, once it is being deleted, for one that took over and may not use the SVM any more", with(with(old, created), finalizer),
			[]Claimant{with(with(young, adopted), func(c *Claimant) { c.Denied = true })}, other, other, false},
		{"lets go, once it is being deleted, for one that has recorded that it took over", with(with(old, created), finalizer),
			[]Claimant{with(young, adopted)}, other, other, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			g.Expect(c.self.Contest(c.others)).To(Equal(Standing{Holder: c.holder, NextClaimant: c.successor, TakesOver: c.takesOver}))
		})
	}
}
