package plan

import "time"

// SecondLook is how far apart two proofs of absence must be before an unanswered create request counts as one that
// had no effect: a request that was on its way may still be applied after the first.
const SecondLook = time.Minute

// createRequest is how far the create request of an object is known to have come.
type createRequest int8

const (
	// createUnknown: this process knows of none. If the object carries the creating annotation, the process before it may
	// have sent one.
	createUnknown createRequest = iota
	// createUnsent: the annotation is on, the request has not been sent.
	createUnsent
	// createUnanswered: it was sent, and the answer is not known to be a refusal.
	createUnanswered
	// createSettled: no request of the object can take effect any more. It was refused, or what it made is recorded, or the
	// markers were taken off.
	createSettled
)

// Memory is what this process alone knows of one object, and what outlives a pass. Losing it is safe: the operator then
// waits and looks, where it could have acted at once. The zero value is that of a process that has just started.
type Memory struct {
	// create expires with the answer, with a second proof of absence, or when a recorded origin tells more.
	create createRequest
	// named and resolved are the SVM that the unanswered request was sent for, as Markers has them. They tell also when a user
	// has taken the markers off.
	named, resolved SVM
	// noAnswer is why the create request was not answered. It expires with the next one.
	noAnswer error
	// absentSince is when absence was proved first since the create request was sent. It expires when the service is seen.
	absentSince time.Time
	// createBackOff and updateBackOff expire as their type says, and createBackOff when the service is seen.
	createBackOff, updateBackOff backOff
	// renamed: the SVM seemed to have been renamed since its UUID was looked up, which was done again then. It expires when
	// the service is seen.
	renamed bool
}

// backOff keeps a refused request from being repeated. It expires when its time is up, when a user asks for another try, or
// when what it depends on has changed: the generation of the object, or the basis.
type backOff struct {
	refusal    error
	until      time.Time
	generation int64
	basis      any
}

// holds reports whether the request is not to be repeated, by what is known without the basis.
func (b *backOff) holds(generation int64, now time.Time) bool {
	return b.refusal != nil && b.generation == generation && now.Before(b.until)
}

// update is what a refused update depends on: what was sent, over which connection, and to which service.
type update struct {
	setsEnabled, enabled bool
	setsAlias            bool
	alias                string
	connection           any
	serviceEnabled       bool
	target               string
}

func updateOf(step Step, service Service, connection any) update {
	u := update{connection: connection, serviceEnabled: service.Enabled, target: service.Target}
	if step.Enabled != nil {
		u.setsEnabled, u.enabled = true, *step.Enabled
	}
	if step.Alias != nil {
		u.setsAlias, u.alias = true, *step.Alias
	}
	return u
}

// MayTakeEffect reports whether a create request of this process may be under way.
func (m Memory) MayTakeEffect() bool { return m.create == createUnanswered }

// Settle takes in that no create request of the object may be taken for the one that made the service.
func (m *Memory) Settle() { m.create = createSettled }

// CreateRefusal is the refusal that keeps a create request from being repeated.
func (m Memory) CreateRefusal() error { return m.createBackOff.refusal }

// UpdateRefusal is the refusal that keeps an update from being repeated until that time.
func (m Memory) UpdateRefusal() (until time.Time, refusal error) {
	return m.updateBackOff.until, m.updateBackOff.refusal
}

// NoAnswer is why the create request that may still take effect was not answered; nil if this process did not send it.
func (m Memory) NoAnswer() error { return m.noAnswer }
