package ontap

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// clientConfig turns the settings into the standard library's. Contradictions are errors: with a CA, skipping verification
// would look like protection.
func (t TLS) clientConfig(host string) (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if t.ServerName != "" {
		cfg.ServerName = t.ServerName
	}
	if t.InsecureSkipVerify {
		if t.PinnedSHA256 != "" || len(t.CA) > 0 {
			return nil, errors.New("tls.insecureSkipVerify: contradicts tls.ca and tls.pinnedSHA256")
		}
		cfg.InsecureSkipVerify = true
	}
	if len(t.CA) > 0 {
		pool, err := authorities(t.CA)
		if err != nil {
			return nil, fmt.Errorf("tls.ca: %w", err)
		}
		cfg.RootCAs = pool
	}
	if t.PinnedSHA256 != "" {
		pin, err := parsePin(t.PinnedSHA256)
		if err != nil {
			return nil, fmt.Errorf("tls.pinnedSHA256: %w", err)
		}
		// The library's own verification would refuse a certificate without SAN before ours is asked. VerifyConnection runs for
		// resumed sessions too, VerifyPeerCertificate doesn't.
		cfg.InsecureSkipVerify = true
		cfg.VerifyConnection = pin.verify
	}
	return cfg, nil
}

// authorities is strict where x509.CertPool.AppendCertsFromPEM is silent: a bundle with one damaged certificate is reported
// when it is read, not when the array is renewed under that authority.
func authorities(bundle []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	found := false
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("holds a PEM block %q where only certificates belong", block.Type)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("holds a certificate that can't be read: %w", err)
		}
		pool.AddCert(certificate)
		found = true
	}
	if !found {
		return nil, errors.New("holds no PEM certificate")
	}
	return pool, nil
}

// pin is the SHA-256 of the one certificate to accept.
type pin [sha256.Size]byte

func parsePin(text string) (pin, error) {
	digest, err := hex.DecodeString(strings.ReplaceAll(text, ":", ""))
	if err != nil || len(digest) != sha256.Size {
		return pin{}, errors.New("must be the 64 hexadecimal digits of a SHA-256")
	}
	return pin(digest), nil
}

// verify tells what it saw, so that an administrator who replaced the certificate can compare and copy it.
func (p pin) verify(state tls.ConnectionState) error {
	seen := sha256.Sum256(state.PeerCertificates[0].Raw)
	if seen != p {
		return fmt.Errorf("the certificate is not the pinned one: its SHA-256 is %x", seen)
	}
	return nil
}
