package iscsiservice

import (
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

// objectMemory is what this process knows of one object and nothing else does. Losing it is safe: it makes the operator
// wait and look, where it could have acted at once.
type objectMemory struct {
	uid types.UID
	// first is the claimant that came before the object when it last lost the SVM. Only its passes use it.
	first types.NamespacedName

	mu     sync.Mutex
	memory plan.Memory
	// settled: the create request was settled by another object's pass since this object's pass began.
	settled bool
}

// load returns what is remembered, for a pass that begins.
func (m *objectMemory) load() plan.Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.settled = false
	return m.memory
}

// save keeps what a pass leaves.
func (m *objectMemory) save(memory plan.Memory) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.settled {
		memory.Settle()
	}
	m.memory = memory
}

// mayTakeEffect reports whether a create request of the object may be under way.
func (m *objectMemory) mayTakeEffect() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.memory.MayTakeEffect()
}

// settle takes in that no create request of the object may be taken for the one that made the service.
func (m *objectMemory) settle() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.settled = true
	m.memory.Settle()
}

// memory is what this process remembers. An object is worked on by one worker at a time.
type memory struct {
	mu      sync.Mutex
	objects map[types.NamespacedName]*objectMemory
	// waiting has, by an object, those whose next pass is triggered by a change of it; each is there once, under the key of
	// waitsFor.
	waiting  map[types.NamespacedName]map[types.NamespacedName]bool
	waitsFor map[types.NamespacedName]types.NamespacedName
	// reserved has the SVMs, by the UUIDs of array and SVM, whose service the pass of an object is about to take on.
	reserved map[string]types.UID
}

// of returns what is remembered of the object. One with the name of a former object starts anew.
func (m *memory) of(name types.NamespacedName, uid types.UID) *objectMemory {
	m.mu.Lock()
	defer m.mu.Unlock()
	if o, ok := m.objects[name]; ok && o.uid == uid {
		return o
	}
	if m.objects == nil {
		m.objects = map[types.NamespacedName]*objectMemory{}
	}
	o := &objectMemory{uid: uid}
	m.objects[name] = o
	return o
}

// mayTakeEffect reports whether a create request of the object may be under way.
func (m *memory) mayTakeEffect(obj *v1alpha1.ISCSIService) bool {
	m.mu.Lock()
	o := m.objects[client.ObjectKeyFromObject(obj)]
	m.mu.Unlock()
	return o != nil && o.uid == obj.UID && o.mayTakeEffect()
}

// settle takes in that no create request of the object may be taken for the one that made the service.
func (m *memory) settle(obj *v1alpha1.ISCSIService) {
	m.of(client.ObjectKeyFromObject(obj), obj.UID).settle()
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
