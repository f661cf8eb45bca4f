package fleet

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// ErrNotIdentified is returned for every request to an array that has not yet said who it is.
var ErrNotIdentified = errors.New("the array at the endpoint has not been identified yet")

// ErrNoIdentity is returned when the account does not see the UUID of the array: without it, one array could pass for
// another.
var ErrNoIdentity = errors.New("the account does not see the UUID of the cluster")

// loginPause is for how long nothing is sent after the array refused the login: ONTAP locks accounts.
const loginPause = 4*time.Minute + 30*time.Second

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
// have passed: thousands of objects that each try once would lock the account.
type Array struct {
	client   *ontap.Client
	config   ontap.Config
	identity atomic.Pointer[ontap.Cluster]
	refusal  atomic.Pointer[refusedLogin]
}

type refusedLogin struct {
	answer *ontap.Error
	at     time.Time
}

// Finding is what a live look at one SVM's service proved.
type Finding struct {
	// Service is what was seen, or nil.
	Service *ontap.Service
	// Absent: the array, being the one remembered, said that this SVM has no service.
	Absent bool
	// SVMGone: with Absent, the array does not know the SVM either.
	SVMGone bool
}

// Identify asks the array who it is. If its UUID is not the expected one (empty accepts any), a *ChangedError is
// returned, and no other request is let through until the expected array answers again.
func (a *Array) Identify(ctx context.Context, expectedUUID string) (ontap.Cluster, error) {
	if refused := a.refused(); refused != nil {
		return ontap.Cluster{}, refused
	}
	found, err := a.client.Cluster(ctx)
	if err != nil {
		return ontap.Cluster{}, a.learn(err)
	}
	if found.UUID == "" {
		a.identity.Store(nil)
		return ontap.Cluster{}, ErrNoIdentity
	}
	if expectedUUID != "" && found.UUID != expectedUUID {
		a.identity.Store(nil)
		return ontap.Cluster{}, &ChangedError{Expected: expectedUUID, Found: found}
	}
	a.identity.Store(&found)
	a.refusal.Store(nil)
	return found, nil
}

// Usable returns why nothing can be sent to the array now, if so: it has not been identified, or it has refused the
// login.
func (a *Array) Usable() error {
	if refused := a.refused(); refused != nil {
		return refused
	}
	if a.identity.Load() == nil {
		return ErrNotIdentified
	}
	return nil
}

// refused is the array's refusal of the login, for as long as it is not to be tried again.
func (a *Array) refused() error {
	if refused := a.refusal.Load(); refused != nil && time.Since(refused.at) < loginPause {
		return refused.answer
	}
	return nil
}

// retire keeps anything more from being sent.
func (a *Array) retire() {
	a.identity.Store(nil)
	a.client.Close()
}

// learn remembers a refused login, and returns err.
func (a *Array) learn(err error) error {
	var refusal *ontap.Error
	if errors.As(err, &refusal) && refusal.LoginRefused() {
		a.refusal.Store(&refusedLogin{answer: refusal, at: time.Now()})
	}
	return err
}

// Look finds the service of the SVM with the UUID, or with the name if the UUID is empty. It is cheap and proves
// presence only: nil means that a collection did not have it.
func (a *Array) Look(ctx context.Context, svm ontap.SVMRef) (*ontap.Service, error) {
	if err := a.Usable(); err != nil {
		return nil, err
	}
	for service, err := range a.client.Services(ctx, withSVM(svm).Select(ontap.Enabled, ontap.TargetName, ontap.TargetAlias)) {
		if err != nil {
			return nil, a.learn(err)
		}
		if !isOf(svm, service.SVM) {
			return nil, misled("find iSCSI service")
		}
		return &service, nil
	}
	return nil, nil
}

// SVM finds the SVM with the UUID, or with the name if the UUID is empty; nil if the account sees none.
func (a *Array) SVM(ctx context.Context, svm ontap.SVMRef) (*ontap.SVM, error) {
	if err := a.Usable(); err != nil {
		return nil, err
	}
	for found, err := range a.client.SVMs(ctx, withSVMRecord(svm)) {
		if err != nil {
			return nil, a.learn(err)
		}
		if !isOf(svm, ontap.SVMRef{Name: found.Name, UUID: found.UUID}) {
			return nil, misled("find SVM")
		}
		return &found, nil
	}
	return nil, nil
}

// Confirm asks the array about the service of the SVM with that UUID itself. Only its own answer counts as absence, and
// only if the array that gave it is the one remembered: any other trouble is an error.
func (a *Array) Confirm(ctx context.Context, svmUUID string) (Finding, error) {
	if err := a.Usable(); err != nil {
		return Finding{}, err
	}
	service, err := a.client.Service(ctx, svmUUID)
	if err == nil {
		return Finding{Service: &service}, nil
	}
	if !SaysAbsent(err) {
		return Finding{}, a.learn(err)
	}
	if err := a.reidentify(ctx); err != nil {
		return Finding{}, err
	}
	return Finding{Absent: true, SVMGone: errors.Is(err, ontap.CodeSVMNotFound)}, nil
}

// Sessions counts the iSCSI sessions that are logged in to the SVM with that UUID, and names their initiators if there
// are any.
func (a *Array) Sessions(ctx context.Context, svmUUID string) (count int, initiators []string, err error) {
	if err := a.Usable(); err != nil {
		return 0, nil, err
	}
	count, err = a.client.SessionCount(ctx, svmUUID)
	if err != nil || count == 0 {
		return 0, nil, a.learn(err)
	}
	for session, err := range a.client.Sessions(ctx, ontap.Query{}.Where(ontap.SVMUUID, ontap.Equal(svmUUID))) {
		if err != nil {
			return 0, nil, a.learn(err)
		}
		initiators = append(initiators, session.Initiator)
	}
	return count, initiators, nil
}

// Create creates the service and returns it as the array made it ("Create an iSCSI service").
func (a *Array) Create(ctx context.Context, service ontap.ServiceCreate) (ontap.Service, error) {
	if err := a.Usable(); err != nil {
		return ontap.Service{}, err
	}
	created, err := a.client.CreateService(ctx, service)
	return created, a.learn(err)
}

// Update changes the service of the SVM with that UUID ("Update an iSCSI service").
func (a *Array) Update(ctx context.Context, svmUUID string, update ontap.ServiceUpdate) error {
	if err := a.Usable(); err != nil {
		return err
	}
	return a.trustworthy(ctx, a.client.UpdateService(ctx, svmUUID, update))
}

// Delete deletes the disabled service of the SVM with that UUID ("Delete an iSCSI service").
func (a *Array) Delete(ctx context.Context, svmUUID string) error {
	if err := a.Usable(); err != nil {
		return err
	}
	return a.trustworthy(ctx, a.client.DeleteService(ctx, svmUUID))
}

// trustworthy returns the answer to a write, having made sure that one which says "there is no such service" came from
// the array that is remembered.
func (a *Array) trustworthy(ctx context.Context, answer error) error {
	if answer != nil && SaysAbsent(answer) {
		if err := a.reidentify(ctx); err != nil {
			return err
		}
	}
	return a.learn(answer)
}

func (a *Array) reidentify(ctx context.Context) error {
	remembered := a.identity.Load()
	if remembered == nil {
		return ErrNotIdentified
	}
	_, err := a.Identify(ctx, remembered.UUID)
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

// isOf reports whether the SVM found is the one asked for.
func isOf(asked, found ontap.SVMRef) bool {
	if asked.UUID != "" {
		return found.UUID == asked.UUID
	}
	return found.Name == asked.Name
}

// misled is the error for a record that was not asked for: something between here and the array loses the query.
func misled(operation string) error {
	return &ontap.TransportError{Operation: operation, Err: errors.New("the answer is about another SVM than the one asked for")}
}

func withSVM(svm ontap.SVMRef) ontap.Query {
	if svm.UUID != "" {
		return ontap.Query{}.Where(ontap.SVMUUID, ontap.Equal(svm.UUID))
	}
	return ontap.Query{}.Where(ontap.SVMName, ontap.Equal(svm.Name))
}

func withSVMRecord(svm ontap.SVMRef) ontap.Query {
	if svm.UUID != "" {
		return ontap.Query{}.Where(ontap.UUID, ontap.Equal(svm.UUID))
	}
	return ontap.Query{}.Where(ontap.Name, ontap.Equal(svm.Name))
}
