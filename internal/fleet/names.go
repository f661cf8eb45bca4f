package fleet

import (
	"context"
	"sync"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// namesAge is for how long the UUID of an SVM is taken from what was read of all SVMs.
const namesAge = time.Minute

// svmNames has the UUIDs of the array's SVMs by their names, as they were when all SVMs were last read: many objects that
// name new SVMs take one request. A name may be another SVM's by now, so that whoever goes by it makes sure: the array declines
// a create request that has the name and the UUID of two.
type svmNames struct {
	mu    sync.Mutex
	uuids map[string]string
	read  time.Time
}

// UUIDOf returns the UUID of the SVM of that name, "" if the account sees none. It may be as old as a minute.
func (a *Array) UUIDOf(ctx context.Context, name string) (string, error) {
	a.names.mu.Lock()
	defer a.names.mu.Unlock()
	if time.Since(a.names.read) >= namesAge {
		a.names.uuids, a.names.read = a.readNames(ctx), time.Now()
	}
	if uuid, ok := a.names.uuids[name]; ok {
		return uuid, nil
	}
	// It may be a new one.
	svm, err := a.SVM(ctx, ontap.SVMRef{Name: name})
	if err != nil || svm == nil {
		return "", err
	}
	a.names.uuids[name] = svm.UUID
	return svm.UUID, nil
}

// readNames reads the names of all SVMs, as far as that succeeds: what is missing is asked for by name.
func (a *Array) readNames(ctx context.Context) map[string]string {
	uuids := map[string]string{}
	_ = a.call(ctx, ontap.SVMRef{}, func() error {
		clear(uuids)
		for svm, err := range a.client.SVMs(ctx, ontap.Query{}.Select(ontap.Name, ontap.UUID).Page(pageSize)) {
			if err != nil {
				return err
			}
			uuids[svm.Name] = svm.UUID
		}
		return nil
	})
	return uuids
}

// ForgetName has the UUID of the SVM of that name read anew.
func (a *Array) ForgetName(name string) {
	a.names.mu.Lock()
	defer a.names.mu.Unlock()
	delete(a.names.uuids, name)
}
