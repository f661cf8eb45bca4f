package fleet

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// identity is which array answers at an endpoint: the one that was identified last, and by which certificates requests to
// it are known to reach it.
type identity struct {
	client       *ontap.Client
	login        *login
	certificates knownCertificates
	// last is nil while the array has not been identified, or is not the expected one.
	last atomic.Pointer[identified]
	// disconnected: the array is not identified any more, and nothing is sent to it.
	disconnected atomic.Bool
}

// identified is an array that was identified at that time.
type identified struct {
	ontap.Cluster
	at time.Time
}

// ask asks which array answers, and remembers it. If its UUID is not the expected one (empty accepts any, unless one is
// remembered), the error is a *ChangedError, and no array is remembered any more.
func (i *identity) ask(ctx context.Context, expectedUUID string) (ontap.Cluster, error) {
	found, err := i.client.Cluster(ctx)
	if err != nil {
		return ontap.Cluster{}, err
	}
	if last := i.last.Load(); last != nil {
		expectedUUID = cmp.Or(expectedUUID, last.UUID)
	}
	if found.UUID == "" {
		i.invalidate()
		return ontap.Cluster{}, ErrNoIdentity
	}
	if expectedUUID != "" && found.UUID != expectedUUID {
		i.invalidate()
		return ontap.Cluster{}, &ChangedError{Expected: expectedUUID, Found: found}
	}
	if i.disconnected.Load() {
		return ontap.Cluster{}, ErrNotIdentified
	}
	i.certificates.add(found.Certificate)
	i.last.Store(&identified{Cluster: found, at: time.Now()})
	return found, nil
}

// confirm makes sure that the array that is remembered answers.
func (i *identity) confirm(ctx context.Context) error {
	last := i.last.Load()
	if last == nil {
		return ErrNotIdentified
	}
	_, err := i.ask(ctx, last.UUID)
	return err
}

// invalidate ends what is remembered of the array, and keeps no connection to it: the next one may lead back.
func (i *identity) invalidate() {
	i.last.Store(nil)
	i.client.Close()
}

// disconnect keeps anything more from being sent.
func (i *identity) disconnect() {
	i.disconnected.Store(true)
	i.invalidate()
}

// send makes a call to the array that is remembered. If its certificate is a new one, as after a renewal, it is identified
// by that, and the call is made once more: what it gathers begins anew.
func (i *identity) send(ctx context.Context, call func() error) error {
	err := call()
	if !errors.Is(err, errUnknownCertificate) {
		return err
	}
	i.client.Close()
	if err := i.login.refused(loginPause); err != nil {
		// Another call has asked meanwhile, and its login was refused.
		return err
	}
	if err := i.confirm(ctx); err != nil {
		return err
	}
	return call()
}
