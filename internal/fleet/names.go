package fleet

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
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

// find returns the UUID of the SVM of that name, and whether the names are young enough to tell.
func (n *svmNames) find(name string) (uuid string, young bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if time.Since(n.read) >= namesAge {
		return "", false
	}
	return n.uuids[name], true
}

// UUIDOf returns the UUID of the SVM of that name, "" if the account sees none. It may be as old as a minute.
func (a *Array) UUIDOf(ctx context.Context, name string) (string, error) {
	uuid, young := a.names.find(name)
	if !young {
		read := a.names.reading.DoChan("", func() (any, error) { return nil, a.readNames(ctx) })
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case r := <-read:
			if r.Err != nil {
				return "", r.Err
			}
		}
		uuid, _ = a.names.find(name)
	}
	if uuid != "" {
		return uuid, nil
	}
	// It may be a new one.
	svm, err := a.SVM(ctx, ontap.SVMRef{Name: name})
	if err != nil || svm == nil {
		return "", err
	}
	a.names.mu.Lock()
	defer a.names.mu.Unlock()
	a.names.uuids[name] = svm.UUID
	return svm.UUID, nil
}

// readNames reads the names of all SVMs. What one odd record hides is asked for by name.
func (a *Array) readNames(ctx context.Context) error {
	uuids, began := map[string]string{}, time.Now()
	err := a.call(ctx, ontap.SVMRef{}, func() error {
		clear(uuids)
		for svm, err := range a.client.SVMs(ctx, ontap.Query{}.Select(ontap.Name, ontap.UUID).Page(pageSize)) {
			if err != nil {
				return err
			}
			uuids[svm.Name] = svm.UUID
		}
		return nil
	})
	var odd *ontap.TransportError
	if err != nil && !(errors.As(err, &odd) && odd.Answered) {
		return err
	}
	a.names.mu.Lock()
	defer a.names.mu.Unlock()
	a.names.uuids, a.names.read = uuids, began
	return nil
}

// ForgetName has the UUID of the SVM of that name read anew.
func (a *Array) ForgetName(name string) {
	a.names.mu.Lock()
	defer a.names.mu.Unlock()
	delete(a.names.uuids, name)
}
