package fleet

import (
	"context"
	"errors"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// maxInitiators is how many initiators are named: messages name a few of them.
const maxInitiators = 100

// Finding is what a live look at one SVM's service proved.
type Finding struct {
	// Service is what was seen, or nil.
	Service *ontap.Service
	// Absent: the array said that this SVM has no service. Confirm has made sure that it is the array that is remembered.
	Absent bool
	// SVMGone: with Absent, the array does not know the SVM either.
	SVMGone bool
}

// Find returns the service of the SVM with the UUID, or with the name if the UUID is empty, as the snapshot has it. It
// proves presence only, and as of the last poll: nil means that a collection did not have it. It is false if
// the snapshot does not show that: then LookUp does.
func (a *Array) Find(svm ontap.SVMRef) (*ontap.Service, bool) {
	if a.Usable() != nil {
		return nil, false
	}
	return a.snapshot.find(svm)
}

// LookUp asks the array for the service of the SVM with the UUID, or with the name if the UUID is empty. It proves
// presence only: nil means that a collection did not have it. With samples, the performance data comes along, unless
// that is what the array declines.
func (a *Array) LookUp(ctx context.Context, svm ontap.SVMRef, samples bool) (found *ontap.Service, err error) {
	began := time.Now()
	found, err = a.lookUp(ctx, svm, samples)
	if samples && err != nil && !errors.As(err, new(*ontap.RecordError)) && a.metrics.record(err, time.Now()) {
		found, err = a.lookUp(ctx, svm, false)
	}
	if err != nil {
		return nil, err
	}
	if found != nil {
		a.snapshot.put(*found, began)
	}
	return found, nil
}

func (a *Array) lookUp(ctx context.Context, svm ontap.SVMRef, samples bool) (found *ontap.Service, err error) {
	err = a.call(ctx, svm, func() error {
		found = nil
		for service, err := range a.client.Services(ctx, withSVM(svm).Select(serviceFields(samples)...)) {
			var unreadable *ontap.RecordError
			if differsInCase(svm, service.SVM) || errors.As(err, &unreadable) && differsInCase(svm, unreadable.SVM) {
				continue
			}
			if err != nil {
				return err
			}
			if !isOf(svm, service.SVM) {
				return wrongSVM("find iSCSI service")
			}
			found = &service
		}
		return nil
	})
	return found, err
}

// Ask asks the array about the service of the SVM with that UUID itself. What it says of absence is enough to send a create
// request, whose answer decides, and not to forget or release a service: that takes Confirm.
func (a *Array) Ask(ctx context.Context, svmUUID string) (Finding, error) {
	var service ontap.Service
	began := time.Now()
	err := a.call(ctx, ontap.SVMRef{UUID: svmUUID}, func() (err error) {
		service, err = a.client.Service(ctx, svmUUID)
		return err
	})
	switch {
	case err == nil:
		a.snapshot.put(service, began)
		return Finding{Service: &service}, nil
	case SaysAbsent(err):
		return Finding{Absent: true, SVMGone: errors.Is(err, ontap.CodeSVMNotFound)}, nil
	}
	return Finding{}, err
}

// Confirm asks the array about the service of the SVM with that UUID itself. Only its own answer counts as absence, and
// only if the array that gave it is the one remembered: any other trouble is an error.
func (a *Array) Confirm(ctx context.Context, svmUUID string) (Finding, error) {
	began := time.Now()
	finding, err := a.Ask(ctx, svmUUID)
	if err != nil || !finding.Absent {
		return finding, err
	}
	if err := a.confirmIdentity(ctx); err != nil {
		return Finding{}, err
	}
	a.snapshot.remove(svmUUID, began)
	return finding, nil
}

// Sessions counts the iSCSI sessions that are logged in to the SVM with that UUID, and names the initiators of the first
// of them.
func (a *Array) Sessions(ctx context.Context, svmUUID string) (count int, initiators []string, err error) {
	err = a.call(ctx, ontap.SVMRef{UUID: svmUUID}, func() error {
		initiators = nil
		count, err = a.client.SessionCount(ctx, svmUUID)
		if err != nil || count == 0 {
			return err
		}
		for session, err := range a.client.Sessions(ctx, ontap.Query{}.Where(ontap.SVMUUID, ontap.Equal(svmUUID))) {
			if err != nil {
				return err
			}
			if initiators = append(initiators, session.Initiator); len(initiators) == maxInitiators {
				break
			}
		}
		return nil
	})
	if err != nil {
		return 0, nil, err
	}
	return count, initiators, nil
}
