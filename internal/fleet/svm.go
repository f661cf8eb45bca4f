package fleet

import (
	"context"
	"errors"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// SVM finds the SVM with the UUID, or with the name if the UUID is empty; nil if the account sees none.
func (a *Array) SVM(ctx context.Context, svm ontap.SVMRef) (found *ontap.SVM, err error) {
	err = a.call(ctx, svm, func() error {
		for record, err := range a.client.SVMs(ctx, withSVMRecord(svm)) {
			if err != nil {
				return err
			}
			switch ref := (ontap.SVMRef{Name: record.Name, UUID: record.UUID}); {
			case differsInCase(svm, ref):
			case !isOf(svm, ref):
				return wrongSVM("find SVM")
			default:
				found = &record
			}
		}
		return nil
	})
	return found, err
}

// UUIDOf returns the UUID of the SVM of that name, "" if the account sees none. It may be as old as a minute.
func (a *Array) UUIDOf(ctx context.Context, name string) (string, error) {
	uuid, fresh := a.names.find(name)
	if !fresh {
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
	a.names.add(name, svm.UUID)
	return svm.UUID, nil
}

// readNames reads the names of all SVMs. What an unreadable record hides is asked for by name.
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
	var answer *ontap.TransportError
	if err != nil && !(errors.As(err, &answer) && answer.Answered) {
		return err
	}
	a.names.replace(uuids, began)
	return nil
}

// ForgetName has the UUID of the SVM of that name read anew.
func (a *Array) ForgetName(name string) { a.names.remove(name) }
