// Package array is the storage array itself: a cluster, its SVMs with their iSCSI services and sessions, and the
// accounts that may log in. It knows the rules ("an enabled service cannot be deleted") and nothing of HTTP.
//
// What it hands out is immutable: a change publishes a new *SVM, so readers never need a lock.
package array

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/load"
)

// Array is one cluster. All methods may be called from many goroutines.
type Array struct {
	now func() time.Time

	mu       sync.RWMutex
	cluster  Cluster
	byUUID   map[string]*SVM
	order    []*SVM // by name, the order in which collections list them
	nextID   int    // the number in the next SVM's IQN
	nextTSIH int
	used     map[string]bool // UUIDs given to SVMs so far
	accounts map[string]*Account
}

// New returns an empty array. now is its clock.
func New(cluster Cluster, now func() time.Time) *Array {
	if cluster.UUID == "" {
		cluster.UUID = deterministicUUID("cluster", cluster.Name)
	}
	return &Array{
		now:      now,
		cluster:  cluster,
		byUUID:   map[string]*SVM{},
		used:     map[string]bool{},
		nextID:   firstVserverID,
		accounts: map[string]*Account{},
	}
}

// Now is the array's time.
func (a *Array) Now() time.Time { return a.now() }

// Cluster returns what the array says about itself.
func (a *Array) Cluster() Cluster {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.cluster
}

// ChangeCluster applies an out-of-band change to the cluster.
func (a *Array) ChangeCluster(change func(*Cluster)) Cluster {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(&a.cluster)
	return a.cluster
}

// SVMs returns all SVMs in the order of their names.
func (a *Array) SVMs() []*SVM {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return slices.Clone(a.order)
}

// SVM returns the SVM with a UUID, or nil.
func (a *Array) SVM(uuid string) *SVM {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.byUUID[uuid]
}

// SVMByName returns the SVM with a name, or nil.
func (a *Array) SVMByName(name string) *SVM {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.named(name)
}

// AddSVMs adds SVMs; none is added if one of them cannot be.
func (a *Array) AddSVMs(svms ...SVM) ([]*SVM, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	names, uuids := make(map[string]bool, len(svms)), make(map[string]bool, len(svms))
	added := make([]*SVM, 0, len(svms))
	for _, svm := range svms {
		if svm.Name == "" {
			return nil, fmt.Errorf("an SVM needs a name")
		}
		if names[svm.Name] || a.named(svm.Name) != nil {
			return nil, fmt.Errorf("an SVM named %q exists already", svm.Name)
		}
		names[svm.Name] = true
		prepared := a.prepare(svm)
		if uuids[prepared.UUID] || a.byUUID[prepared.UUID] != nil {
			return nil, fmt.Errorf("UUID %s is taken", prepared.UUID)
		}
		uuids[prepared.UUID] = true
		added = append(added, prepared)
	}
	for _, svm := range added {
		a.byUUID[svm.UUID] = svm
	}
	a.order = append(a.order, added...)
	slices.SortFunc(a.order, byName)
	return added, nil
}

// prepare fills in what the array decides about a new SVM.
func (a *Array) prepare(svm SVM) *SVM {
	svm.number = a.nextID
	a.nextID++
	if svm.UUID == "" {
		svm.UUID = a.freshUUID(svm.Name)
	}
	if svm.State == "" {
		svm.State = Running
	}
	if svm.Service == nil && a.cluster.Platform == ASAr2 {
		svm.Service = &Service{Enabled: true, Alias: svm.Name}
	}
	for i := range svm.Sessions {
		a.number(&svm.Sessions[i])
	}
	svm.Load = load.New(svm.UUID)
	svm.settle(nil, a.cluster.FreshTargetNames, a.now())
	return &svm
}

// RemoveSVM removes an SVM with all that is in it.
func (a *Array) RemoveSVM(name string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	i, found := a.index(name)
	if !found {
		return false
	}
	delete(a.byUUID, a.order[i].UUID)
	a.order = slices.Delete(a.order, i, i+1)
	return true
}

// Change publishes a changed copy of the named SVM.
func (a *Array) Change(name string, change func(*SVM) error) (*SVM, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	old := a.named(name)
	if old == nil {
		return nil, fmt.Errorf("no SVM is named %q", name)
	}
	return a.change(old, change)
}

// change is Change under the lock.
func (a *Array) change(old *SVM, change func(*SVM) error) (*SVM, error) {
	svm := *old
	if err := change(&svm); err != nil {
		return nil, err
	}
	if svm.Name != old.Name && a.named(svm.Name) != nil {
		return nil, fmt.Errorf("an SVM named %q exists already", svm.Name)
	}
	svm.settle(old, a.cluster.FreshTargetNames, a.now())
	i, _ := a.index(old.Name)
	a.byUUID[svm.UUID] = &svm
	a.order[i] = &svm
	if svm.Name != old.Name {
		slices.SortFunc(a.order, byName)
		a.followRename(old.Name, svm.Name)
	}
	return &svm, nil
}

func (a *Array) named(name string) *SVM {
	if i, found := a.index(name); found {
		return a.order[i]
	}
	return nil
}

func (a *Array) index(name string) (int, bool) {
	return slices.BinarySearchFunc(a.order, name, func(svm *SVM, name string) int { return cmp.Compare(svm.Name, name) })
}

func byName(a, b *SVM) int { return cmp.Compare(a.Name, b.Name) }
