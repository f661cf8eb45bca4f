package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// ErrNotIdentified is returned for every request to an array that has not yet said who it is.
var ErrNotIdentified = errors.New("the array at the endpoint has not been identified yet")

// ErrNotPolled is returned for every request to an array whose services have not been read yet.
var ErrNotPolled = errors.New("the services of the array have not been read yet")

// ErrNoIdentity is returned when the account does not see the UUID of the array: without it, one array could pass for
// another.
var ErrNoIdentity = errors.New("the account does not see the UUID of the cluster")

// ChangedError is returned when another array answers at the endpoint than the one that is remembered.
type ChangedError struct {
	// Expected is the UUID of the array that is remembered.
	Expected string
	// Found is the array that answers now.
	Found ontap.Cluster
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("array %s (UUID %s) answers at the endpoint, where the array with UUID %s was before",
		e.Found.Name, e.Found.UUID, e.Expected)
}

// Array is one connected array. It is safe for concurrent use.
//
// Once it has refused the operator's login, requests are answered with that refusal and not sent until some minutes
// have passed, and then by polls only: thousands of objects that each try once would lock the account. Once it does not
// answer, they are answered with that, and now and then one is let through to try.
type Array struct {
	client   *ontap.Client
	config   ontap.Config
	line     *line
	slots    slots
	snapshot snapshot
	names    svmNames
	identity atomic.Pointer[identity]
	faces    faces
	retired  atomic.Bool
	// troubled is told when a call other than a poll finds out that the array cannot be used any more.
	troubled func()
	metrics  metricsState
	// histories has the slot of Visit.EnterHistory.
	histories slots
}

// identity is who the array said that it is.
type identity struct {
	ontap.Cluster
	at time.Time
}

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

func newArray(cfg ontap.Config, limits Limits, login *login, observe func(ontap.Exchange), troubled func()) (*Array, error) {
	a := &Array{config: cfg, line: newLine(login), troubled: troubled}
	a.line.probe = a.confirmIdentity
	a.limit(limits)
	a.histories.resize(1)
	cfg.Admit, cfg.Observe, cfg.Peer = a.admit, observe, a.faces.recognise
	client, err := ontap.New(cfg)
	a.client = client
	return a, err
}

func (a *Array) limit(limits Limits) {
	if limits.InFlight == 0 {
		limits.InFlight = DefaultInFlight
	}
	a.slots.resize(limits.InFlight)
	a.line.limit(limits.PerSecond)
}

// Identify asks the array who it is. If its UUID is not the expected one (empty accepts any), a *ChangedError is
// returned, and no other request is let through until the expected array answers again.
func (a *Array) Identify(ctx context.Context, expectedUUID string) (found ontap.Cluster, err error) {
	err = a.line.call(ctx, "", func() error {
		found, err = a.identify(ctx, expectedUUID)
		return err
	})
	return found, err
}

// identify is Identify as part of a call.
func (a *Array) identify(ctx context.Context, expectedUUID string) (ontap.Cluster, error) {
	found, err := a.client.Cluster(ctx)
	if err != nil {
		return ontap.Cluster{}, err
	}
	if known := a.identity.Load(); known != nil {
		expectedUUID = cmp.Or(expectedUUID, known.UUID)
	}
	if found.UUID == "" {
		a.disown()
		return ontap.Cluster{}, ErrNoIdentity
	}
	if expectedUUID != "" && found.UUID != expectedUUID {
		a.disown()
		return ontap.Cluster{}, &ChangedError{Expected: expectedUUID, Found: found}
	}
	if a.retired.Load() {
		return ontap.Cluster{}, ErrNotIdentified
	}
	a.faces.add(found.Certificate)
	a.identity.Store(&identity{Cluster: found, at: time.Now()})
	return found, nil
}

// disown takes the array for nobody's, and keeps no connection to it: the next one may lead back.
func (a *Array) disown() {
	a.identity.Store(nil)
	a.client.Close()
}

// Identity returns who the array is, if it has said so within that time.
func (a *Array) Identity(within time.Duration) (ontap.Cluster, bool) {
	known := a.identity.Load()
	if known == nil || time.Since(known.at) > within {
		return ontap.Cluster{}, false
	}
	return known.Cluster, true
}

// Usable returns why nothing can be sent to the array now, if so: it has not been identified or polled, has refused the
// login, or does not answer.
func (a *Array) Usable() error {
	if err := cmp.Or(a.line.login.refused(math.MaxInt64), a.line.silent()); err != nil {
		return err
	}
	if a.identity.Load() == nil || a.retired.Load() {
		return ErrNotIdentified
	}
	if a.snapshot.polled().IsZero() {
		return ErrNotPolled
	}
	return nil
}

// Breaker is the state of the breaker: closed, open or half-open.
func (a *Array) Breaker() string { return a.line.breaker.State().String() }

// retire keeps anything more from being sent.
func (a *Array) retire() {
	a.retired.Store(true)
	a.disown()
	a.slots.close()
	a.histories.close()
}

// call makes a call about one SVM to the array that is remembered.
func (a *Array) call(ctx context.Context, svm ontap.SVMRef, call func() error) error {
	if err := a.Usable(); err != nil {
		return err
	}
	return a.tell(a.send(ctx, a.subject(svm), call))
}

// tell has the poll look at once, if the call that ended so found out that another array answers. Of a refused login, all
// that share it are told.
func (a *Array) tell(err error) error {
	if a.troubled != nil && a.identity.Load() == nil {
		a.troubled()
	}
	return err
}

// send makes a call to whoever has said that it is the array that is remembered. To ask who answers is part of the call:
// of an array that was silent, one call finds out whether it is back, and it may be back with a new certificate.
func (a *Array) send(ctx context.Context, subject string, call func() error) error {
	return a.line.call(ctx, subject, func() error { return a.recognised(ctx, call) })
}

// recognised tries once more if the certificate is a new one, as after a renewal, once the array was identified by it.
// What a try gathers begins anew.
func (a *Array) recognised(ctx context.Context, try func() error) error {
	err := try()
	if !errors.Is(err, errUnrecognised) {
		return err
	}
	a.client.Close()
	if err := a.line.login.refused(loginPause); err != nil {
		// Another call has asked meanwhile, and was turned away.
		return err
	}
	if err := a.confirmIdentity(ctx); err != nil {
		return err
	}
	return try()
}

// Find returns the service of the SVM with the UUID, or with the name if the UUID is empty, as the snapshot has it. It
// proves presence only, and as of the last poll: nil means that a collection did not have it. It is false if the
// snapshot cannot tell: then LookUp does.
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
	if samples && err != nil && !errors.As(err, new(*ontap.RecordError)) && a.metrics.learn(err, time.Now()) {
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
		for service, err := range a.client.Services(ctx, withSVM(svm).Select(a.fields(samples)...)) {
			var odd *ontap.RecordError
			if isNamesake(svm, service.SVM) || errors.As(err, &odd) && isNamesake(svm, odd.SVM) {
				continue
			}
			if err != nil {
				return err
			}
			if !isOf(svm, service.SVM) {
				return misled("find iSCSI service")
			}
			found = &service
		}
		return nil
	})
	return found, err
}

// SVM finds the SVM with the UUID, or with the name if the UUID is empty; nil if the account sees none.
func (a *Array) SVM(ctx context.Context, svm ontap.SVMRef) (found *ontap.SVM, err error) {
	err = a.call(ctx, svm, func() error {
		for record, err := range a.client.SVMs(ctx, withSVMRecord(svm)) {
			if err != nil {
				return err
			}
			switch ref := (ontap.SVMRef{Name: record.Name, UUID: record.UUID}); {
			case isNamesake(svm, ref):
			case !isOf(svm, ref):
				return misled("find SVM")
			default:
				found = &record
			}
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
	if err := a.reidentify(ctx); err != nil {
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

func (a *Array) reidentify(ctx context.Context) error {
	return a.line.call(ctx, "", func() error { return a.confirmIdentity(ctx) })
}

// confirmIdentity is reidentify as part of a call.
func (a *Array) confirmIdentity(ctx context.Context) error {
	remembered := a.identity.Load()
	if remembered == nil {
		return ErrNotIdentified
	}
	_, err := a.identify(ctx, remembered.UUID)
	return err
}

// SaysAbsent reports whether the array said about one SVM that it has no iSCSI service, or does not exist. A collection,
// a status without an ONTAP code, or silence never says so.
func SaysAbsent(err error) bool {
	if errors.Is(err, ontap.CodeServiceNotFound) || errors.Is(err, ontap.CodeSVMNotFound) {
		return true
	}
	var refusal *ontap.Error
	return errors.As(err, &refusal) && refusal.Status == http.StatusNotFound && refusal.Code == ontap.CodeEntryNotFound
}
