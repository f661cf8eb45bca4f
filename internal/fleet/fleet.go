package fleet

import (
	"maps"
	"reflect"
	"sync"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// Fleet is the set of connected arrays by the name of their ONTAPCluster. The zero value is ready to use.
type Fleet struct {
	// Observe, unless nil, is called after every request to an array, by the name of its ONTAPCluster. It is set before use.
	Observe func(name string, e ontap.Exchange)
	// OnUnusable, unless nil, is called with the name of an ONTAPCluster when its array has refused the login, to whichever
	// request, and when a request other than that of a poll finds out that it is another array. It is set before use.
	OnUnusable func(name string)

	mu     sync.Mutex
	arrays map[string]*Array
	logins logins
}

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
	onUnusable := func() {
		if f.OnUnusable != nil {
			f.OnUnusable(name)
		}
	}
	array, err := newArray(cfg, limits, f.logins.of(key), func(e ontap.Exchange) {
		if f.Observe != nil {
			f.Observe(name, e)
		}
	}, onUnusable)
	f.logins.join(key, array, onUnusable)
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

// DisconnectMoved forgets the array of that name if cfg has another endpoint, or verifies it in another way. Credentials are
// not compared.
func (f *Fleet) DisconnectMoved(name string, cfg ontap.Config) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if array, ok := f.arrays[name]; ok && (array.config.Endpoint != cfg.Endpoint || !reflect.DeepEqual(array.config.TLS, cfg.TLS)) {
		f.disconnect(name)
	}
}

func (f *Fleet) disconnect(name string) {
	if array, ok := f.arrays[name]; ok {
		array.disconnect()
		f.logins.leave(keyOf(array.config), array)
		delete(f.arrays, name)
	}
}
