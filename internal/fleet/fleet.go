// Package fleet holds the live arrays: for each ONTAPCluster its client, the identity of the array behind it, a limit
// and a breaker for the requests to it, and a snapshot of its services, which polls keep up to date. Every read and
// write of the operator goes through here. It knows nothing of Kubernetes.
package fleet

import (
	"maps"
	"reflect"
	"sync"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// Fleet is the set of connected arrays by the name of their ONTAPCluster. The zero value is ready to use.
type Fleet struct {
	// Observe, unless nil, is told of every request to an array, by the name of its ONTAPCluster. It is set before use.
	Observe func(name string, e ontap.Exchange)
	// Troubled, unless nil, is told when an array has refused the login, whichever request found that out, and when something else
	// than a poll finds out that it is another array. It is set before use.
	Troubled func(name string)

	mu     sync.Mutex
	arrays map[string]*Array
	logins logins
}

// Limits bound the load on an array.
type Limits struct {
	// InFlight is how many can be at work on the array at a time, each with one request in flight; 0 means
	// DefaultInFlight.
	InFlight int
	// PerSecond is how many requests are sent per second; 0 means any number.
	PerSecond int
}

// DefaultInFlight is how many can be at work on an array at a time unless its Limits say otherwise.
const DefaultInFlight = 8

// Connect returns the array of that name, reached as cfg says. The same cfg as before returns the same array, with the
// limits as they are now. Another one replaces it: nothing can be sent to the new one before it was identified, nor to
// the old one any more, even if the new one cannot be set up; requests that are under way end by themselves. The errors are
// those of ontap.New.
func (f *Fleet) Connect(name string, cfg ontap.Config, limits Limits) (*Array, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.arrays[name]
	if old != nil && reflect.DeepEqual(old.config, cfg) {
		old.limit(limits)
		return old, nil
	}
	if f.arrays == nil {
		f.arrays, f.logins = map[string]*Array{}, logins{}
	}
	key := keyOf(cfg)
	troubled := func() {
		if f.Troubled != nil {
			f.Troubled(name)
		}
	}
	array, err := newArray(cfg, limits, f.logins.of(key), func(e ontap.Exchange) {
		if f.Observe != nil {
			f.Observe(name, e)
		}
	}, troubled)
	f.logins.join(key, array, troubled)
	f.disconnect(name)
	if err != nil {
		f.logins.leave(key, array)
		return nil, err
	}
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

// Arrays returns the connected arrays by name.
func (f *Fleet) Arrays() map[string]*Array {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.arrays)
}

// Disconnect forgets the array of that name.
func (f *Fleet) Disconnect(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.disconnect(name)
}

// DisconnectMoved forgets the array of that name if cfg leads elsewhere, or makes sure in another way who answers there. As
// whom to log in is left aside.
func (f *Fleet) DisconnectMoved(name string, cfg ontap.Config) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if array, ok := f.arrays[name]; ok && (array.config.Endpoint != cfg.Endpoint || !reflect.DeepEqual(array.config.TLS, cfg.TLS)) {
		f.disconnect(name)
	}
}

func (f *Fleet) disconnect(name string) {
	if array, ok := f.arrays[name]; ok {
		array.retire()
		f.logins.leave(keyOf(array.config), array)
		delete(f.arrays, name)
	}
}
