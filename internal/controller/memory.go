package controller

import (
	"errors"
	"sync"
	"time"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"

	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

// postState is how far the create request of an object is known to have come.
type postState int

const (
	// postUnknown: this process knows of none. If the object carries the creating annotation, the one before it may
	// have sent one.
	postUnknown postState = iota
	// postUnsent: the annotation is on, the request has not been sent.
	postUnsent
	// postUnanswered: it was sent, and the answer is not known to be no.
	postUnanswered
	// postRefused: the array said no.
	postRefused
)

// recollection is what this process knows of one object and nothing else does. Losing it is safe: it makes the operator
// wait and look, where it could have acted at once.
type recollection struct {
	uid  types.UID
	post postState
	// absentSince is when absence was proved first since the create request was sent.
	absentSince time.Time
	// trouble is how the pass ended whose create request was not answered. It is shown while the outcome is unclear.
	trouble *outcome
	// declined is the update that was refused last.
	declined *declined
	// hold is the refusal that keeps a create request from being sent again.
	hold *hold
}

// hold is a refused create request: it is not repeated before the time is up, or what it depended on has changed.
type hold struct {
	until      time.Time
	generation int64
	// svm is what the array showed after the refusal, nil if it had no such SVM; looked: it could be asked.
	svm     *ontap.SVM
	looked  bool
	outcome outcome
}

// declined is a refused update: it is not repeated before the time is up, or what it depended on has changed. Meanwhile
// there are other reasons for a pass, such as a sample that is due.
type declined struct {
	until      time.Time
	generation int64
	array      *fleet.Array
	step       plan.Step
	service    ontap.Service
	outcome    outcome
}

// decline remembers a refused update, if it is known when to send it again.
func (p *pass) decline(step plan.Step, err error) {
	var refusal *ontap.Error
	if !errors.As(err, &refusal) || refusal.LoginRefused() || p.service == nil || p.deleting() {
		return // what comes next is another request, or none
	}
	if o, ok := fromArray(refusal, p.subject()); ok && o.retryAfter > 0 {
		p.past.declined = &declined{
			until: time.Now().Add(o.retryAfter), generation: p.obj.Generation, array: p.array, step: step, service: *p.service, outcome: o,
		}
	}
}

// stillDeclined is the outcome of an update that is not to be sent again yet, or nil.
func (p *pass) stillDeclined(step plan.Step) *outcome {
	d := p.past.declined
	if d == nil || p.asked() || d.generation != p.obj.Generation || d.array != p.array || !apiequality.Semantic.DeepEqual(d.step, step) ||
		d.service.Enabled != p.service.Enabled || d.service.Target != p.service.Target {
		return nil
	}
	o := d.outcome
	if o.retryAfter = time.Until(d.until); o.retryAfter <= 0 {
		return nil
	}
	return &o
}

// memory holds the recollections. An object is worked on by one worker at a time, so that only the map needs a lock.
type memory struct {
	mu      sync.Mutex
	objects map[types.NamespacedName]*recollection
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
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, name)
}
