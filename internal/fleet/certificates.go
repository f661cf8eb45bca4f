package fleet

import (
	"crypto/sha256"
	"errors"
	"sync"
)

// errUnknownCertificate keeps a request from being sent over a connection with a certificate that is not known.
var errUnknownCertificate = errors.New("the certificate is another one than before")

// knownCertificates are the certificates of the connections over which the array was identified. If the endpoint leads to
// another array between two polls, the certificate shows that before a request is sent to it.
type knownCertificates struct {
	mu     sync.Mutex
	hashes map[[sha256.Size]byte]bool
}

func (k *knownCertificates) check(certificate [sha256.Size]byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.hashes[certificate] {
		return errUnknownCertificate
	}
	return nil
}

func (k *knownCertificates) add(certificate [sha256.Size]byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.hashes == nil {
		k.hashes = map[[sha256.Size]byte]bool{}
	}
	k.hashes[certificate] = true
}
