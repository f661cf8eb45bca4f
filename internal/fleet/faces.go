package fleet

import (
	"crypto/sha256"
	"errors"
	"sync"
)

// errUnrecognised keeps a request from being sent to whoever shows a certificate that the array has not shown.
var errUnrecognised = errors.New("the certificate is another one than before")

// faces are the certificates of the connections over which the array has said who it is. An endpoint that leads to
// another array between two polls gives itself away by its certificate, before a request is sent to it.
type faces struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]bool
}

func (f *faces) recognise(certificate [sha256.Size]byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.known[certificate] {
		return errUnrecognised
	}
	return nil
}

func (f *faces) add(certificate [sha256.Size]byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known == nil {
		f.known = map[[sha256.Size]byte]bool{}
	}
	f.known[certificate] = true
}
