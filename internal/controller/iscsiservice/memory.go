package iscsiservice

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

// postState is how far the create request of an object is known to have come.
type postState int32

const (
	// postUnknown: this process knows of none. If the object carries the creating annotation, the one before it may
	// have sent one.
	postUnknown postState = iota
	// postUnsent: the annotation is on, the request has not been sent.
	postUnsent
	// postUnanswered: it was sent, and the answer is not known to be no.
	postUnanswered
	// postSettled: no request of the object can take effect any more. It was refused, or what it made is recorded, or the
	// marks were taken off.
	postSettled
)

// posted reports whether a create request of the object may be under way.
func (m *memory) posted(obj *v1alpha1.ISCSIService) bool {
	m.mu.Lock()
	r := m.objects[client.ObjectKeyFromObject(obj)]
	m.mu.Unlock()
	return r != nil && r.uid == obj.UID && r.post.is(postUnanswered)
}

// settle takes in that no create request of the object may be taken for the one that made the service.
func (m *memory) settle(obj *v1alpha1.ISCSIService) {
	m.of(client.ObjectKeyFromObject(obj), obj.UID).post.set(postSettled)
}

// progress is a postState, which event handlers read while a pass goes on.
type progress struct{ state atomic.Int32 }

func (p *progress) set(state postState)     { p.state.Store(int32(state)) }
func (p *progress) is(state postState) bool { return p.state.Load() == int32(state) }

// recollection is what this process knows of one object and nothing else does. Losing it is safe: it makes the operator
// wait and look, where it could have acted at once.
type recollection struct {
	uid  types.UID
	post progress
	// absentSince is when absence was proved first since the create request was sent.
	absentSince time.Time
	// trouble is how the pass ended whose create request was not answered. It is shown while the outcome is unclear.
	trouble *outcome.Outcome
	// declined is the update that was refused last.
	declined *declined
	// hold is the refusal that keeps a create request from being sent again.
	hold *hold
	// renamed: the SVM seemed to have been renamed since its UUID was looked up, which was done again then.
	renamed bool
	// precedent is the claimant that came before the object when it last lost the SVM.
	precedent types.NamespacedName
}

// hold is a refused create request: it is not repeated before the time is up, or what it depended on has changed.
type hold struct {
	until      time.Time
	generation int64
	// svm is what the array showed after the refusal, nil if it had no such SVM; looked: it could be asked.
	svm     *ontap.SVM
	looked  bool
	outcome outcome.Outcome
}

// declined is a refused update: it is not repeated before the time is up, or what it depended on has changed. Meanwhile
// there are other reasons for a pass, such as a sample that is due.
type declined struct {
	until      time.Time
	generation int64
	array      *fleet.Array
	step       plan.Step
	service    ontap.Service
	outcome    outcome.Outcome
}

// decline remembers a refused update, if it is known when to send it again.
func (p *pass) decline(step plan.Step, err error) {
	var refusal *ontap.Error
	if !errors.As(err, &refusal) || refusal.LoginRefused() || p.service == nil || p.deleting() {
		return // what comes next is another request, or none
	}
	if o, ok := outcome.FromArray(refusal, p.subject()); ok && o.RetryAfter > 0 {
		p.past.declined = &declined{
			until: time.Now().Add(o.RetryAfter), generation: p.obj.Generation, array: p.admission.Array, step: step, service: *p.service, outcome: o,
		}
	}
}

// stillDeclined is the outcome of an update that is not to be sent again yet, or nil.
func (p *pass) stillDeclined(step plan.Step) *outcome.Outcome {
	d := p.past.declined
	if d == nil || p.asked() || d.generation != p.obj.Generation || d.array != p.admission.Array || !apiequality.Semantic.DeepEqual(d.step, step) ||
		d.service.Enabled != p.service.Enabled || d.service.Target != p.service.Target {
		return nil
	}
	o := d.outcome
	if o.RetryAfter = time.Until(d.until); o.RetryAfter <= 0 {
		return nil
	}
	return &o
}

// memory holds the recollections. An object is worked on by one worker at a time, so that only the maps need a lock.
type memory struct {
	mu      sync.Mutex
	objects map[types.NamespacedName]*recollection
	// waiting has, by an object, those whose next pass is triggered by a change of it; each is there once, under the key of
	// waitsFor.
	waiting  map[types.NamespacedName]map[types.NamespacedName]bool
	waitsFor map[types.NamespacedName]types.NamespacedName
	// reserved has the SVMs, by the UUIDs of array and SVM, whose service the pass of an object is about to take on.
	reserved map[string]types.UID
}

// reserve keeps the passes of other objects from taking on the service of that SVM, unless one of them is about to.
func (m *memory) reserve(svm string, uid types.UID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if by, taken := m.reserved[svm]; taken && by != uid {
		return false
	}
	if m.reserved == nil {
		m.reserved = map[string]types.UID{}
	}
	m.reserved[svm] = uid
	return true
}

func (m *memory) unreserve(svm string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.reserved, svm)
}

// of returns what is remembered of the object. One with the name of a former object starts anew.
func (m *memory) of(name types.NamespacedName, uid types.UID) *recollection {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, ok := m.objects[name]; ok && r.uid == uid {
		return r
	}
	if m.objects == nil {
		m.objects = map[types.NamespacedName]*recollection{}
	}
	r := &recollection{uid: uid}
	m.objects[name] = r
	return r
}

func (m *memory) forget(name types.NamespacedName) {
	m.wait(name, types.NamespacedName{})
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, name)
}

// wait remembers which object it waits for: none, if the name is empty.
func (m *memory) wait(name, other types.NamespacedName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.waitsFor[name]
	if before == other {
		return
	}
	if waiting := m.waiting[before]; waiting != nil {
		if delete(waiting, name); len(waiting) == 0 {
			delete(m.waiting, before)
		}
	}
	if other.Name == "" {
		delete(m.waitsFor, name)
		return
	}
	if m.waiting == nil {
		m.waiting, m.waitsFor = map[types.NamespacedName]map[types.NamespacedName]bool{}, map[types.NamespacedName]types.NamespacedName{}
	}
	if m.waiting[other] == nil {
		m.waiting[other] = map[types.NamespacedName]bool{}
	}
	m.waiting[other][name] = true
	m.waitsFor[name] = other
}

// waitingFor are the objects that wait for that one.
func (m *memory) waitingFor(name types.NamespacedName) []types.NamespacedName {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Keys(m.waiting[name]))
}

// waits reports whether the object waits for another one.
func (m *memory) waits(name types.NamespacedName) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.waitsFor[name].Name != ""
}
