// Package fleet holds the live arrays: for each ONTAPCluster its client, the identity of the array behind it, and what
// was read from it. Every read and write of the operator goes through here. It knows nothing of Kubernetes.
package fleet

import (
	"reflect"
	"sync"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// Fleet is the set of connected arrays by the name of their ONTAPCluster. The zero value is ready to use.
type Fleet struct {
	mu     sync.Mutex
	arrays map[string]*Array
}

// Connect returns the array of that name, reached as cfg says. The same cfg as before returns the same array. Another
// one replaces it: nothing can be sent to the new one before it was identified, nor to the old one any more; requests
// that are under way end by themselves. The errors are those of ontap.New.
func (f *Fleet) Connect(name string, cfg ontap.Config) (*Array, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.arrays[name]
	if old != nil && reflect.DeepEqual(old.config, cfg) {
		return old, nil
	}
	client, err := ontap.New(cfg)
	if err != nil {
		return nil, err
	}
	if old != nil {
		old.retire()
	}
	if f.arrays == nil {
		f.arrays = map[string]*Array{}
	}
	array := &Array{client: client, config: cfg}
	f.arrays[name] = array
	return array, nil
}

// Array returns the array of that name, if it was connected.
func (f *Fleet) Array(name string) (*Array, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	array, ok := f.arrays[name]
	return array, ok
}

// Disconnect forgets the array of that name.
func (f *Fleet) Disconnect(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if array, ok := f.arrays[name]; ok {
		array.retire()
		delete(f.arrays, name)
	}
}
