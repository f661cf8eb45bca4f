package fleet

import (
	"crypto/sha256"
	"errors"
	"sync"
)

// errUnrecognised ends a connection that shows a certificate which the array has not shown before.
var errUnrecognised = errors.New("the certificate is another one than before; the array is identified anew before anything else is sent")

// faces are the certificates that the array has shown. An endpoint that leads to another array between two polls gives
// itself away by its certificate, before a request is sent to it.
type faces struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]bool
	// shown are those of connections that were made to ask who the array is.
	shown map[[sha256.Size]byte]bool
}

// recognise is asked about the certificate of a new connection. While the array is not identified, nothing but that
// question is sent, so that any will do.
func (a *Array) recognise(certificate [sha256.Size]byte) error {
	a.faces.mu.Lock()
	defer a.faces.mu.Unlock()
	if a.faces.known[certificate] {
		return nil
	}
	if a.identity.Load() != nil {
		a.identity.Store(nil)
		return errUnrecognised
	}
	if a.faces.shown == nil {
		a.faces.shown = map[[sha256.Size]byte]bool{}
	}
	a.faces.shown[certificate] = true
	return nil
}

// settle keeps or drops the certificates that were shown since the array was last asked who it is.
func (f *faces) settle(keep bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known == nil {
		f.known = map[[sha256.Size]byte]bool{}
	}
	for certificate := range f.shown {
		f.known[certificate] = keep
	}
	clear(f.shown)
}
