package fleet

import (
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// namesAge is for how long the UUID of an SVM is taken from what was read of all SVMs.
const namesAge = time.Minute

// svmNames has the UUIDs of the array's SVMs by their names, as they were when all SVMs were last read: many objects that
// name new SVMs take one request. A name may be another SVM's by now, so that the caller makes sure: the array declines
// a create request that has the name and the UUID of two.
type svmNames struct {
	mu    sync.Mutex
	uuids map[string]string
	read  time.Time
	// reading lets one call read them while the others wait for it.
	reading singleflight.Group
}

// find returns the UUID of the SVM of that name, and whether the names were read recently enough to be used.
func (n *svmNames) find(name string) (uuid string, fresh bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if time.Since(n.read) >= namesAge {
		return "", false
	}
	return n.uuids[name], true
}

// replace takes the UUIDs of all SVMs as they were when reading them began.
func (n *svmNames) replace(uuids map[string]string, began time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.uuids, n.read = uuids, began
}

// add adds an SVM that was read on its own.
func (n *svmNames) add(name, uuid string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.uuids[name] = uuid
}

func (n *svmNames) remove(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.uuids, name)
}
