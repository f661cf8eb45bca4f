package fleet

import (
	"context"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// Create creates the service and returns it as the array made it ("Create an iSCSI service").
func (a *Array) Create(ctx context.Context, service ontap.ServiceCreate) (created ontap.Service, err error) {
	err = a.call(ctx, service.SVM, func() (err error) {
		created, err = a.client.CreateService(ctx, service)
		return err
	})
	switch {
	case err == nil:
		a.snapshot.put(created, time.Now())
	case ontap.MaybeApplied(err):
		a.snapshot.doubt(service.SVM, time.Now())
	}
	return created, err
}

// Update changes the service of the SVM with that UUID ("Update an iSCSI service").
func (a *Array) Update(ctx context.Context, svmUUID string, update ontap.ServiceUpdate) error {
	err := a.call(ctx, ontap.SVMRef{UUID: svmUUID}, func() error { return a.client.UpdateService(ctx, svmUUID, update) })
	if err == nil {
		a.snapshot.change(svmUUID, update, time.Now())
	}
	return a.settle(ctx, svmUUID, err)
}

// Delete deletes the disabled service of the SVM with that UUID ("Delete an iSCSI service").
func (a *Array) Delete(ctx context.Context, svmUUID string) error {
	err := a.call(ctx, ontap.SVMRef{UUID: svmUUID}, func() error { return a.client.DeleteService(ctx, svmUUID) })
	if err == nil {
		a.snapshot.remove(svmUUID, time.Now())
	}
	return a.settle(ctx, svmUUID, err)
}

// settle returns the answer to a write. An answer that says "there is no such service" must come from the array that is
// remembered. What is not an answer makes the service doubtful.
func (a *Array) settle(ctx context.Context, svmUUID string, answer error) error {
	switch {
	case answer == nil:
	case ontap.MaybeApplied(answer):
		a.snapshot.doubt(ontap.SVMRef{UUID: svmUUID}, time.Now())
	case SaysAbsent(answer):
		if err := a.confirmIdentity(ctx); err != nil {
			return err
		}
		a.snapshot.remove(svmUUID, time.Now())
	}
	return answer
}
