package ontap

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// DefaultTimeout is the deadline of a request when [Config] sets none.
const DefaultTimeout = 30 * time.Second

// Config is the endpoint of an array, the credentials for it, and how its certificate is verified.
type Config struct {
	// Endpoint is https://host or https://host:port, and nothing else: no path, no user.
	Endpoint string
	// Credentials is either a user name with its password or a client certificate with its key.
	Credentials Credentials
	// TLS says which certificate the array must show. The zero value trusts the system's authorities.
	TLS TLS
	// App is NAME/VERSION. It is sent as User-Agent and as X-Dot-Client-App, by which the array's own statistics name the client.
	App string
	// Timeout is the deadline of each request, each page of a list included; 0 means [DefaultTimeout].
	Timeout time.Duration
	// Peer, unless nil, is asked about the SHA-256 of the array's certificate before a request is sent over a connection. Its error keeps
	// the request from being sent. It is not asked about [Client.Cluster], which identifies the array.
	Peer func(certificate [sha256.Size]byte) error `json:"-"`
	// Admit, unless nil, is asked before each request, and may make it wait. Its error keeps the request from being sent; an *Error is
	// taken for the answer to it. What it returns, unless nil, is told how the request ended: with an answer of success, or with one of
	// the errors of this package.
	Admit func(context.Context) (ended func(error), err error) `json:"-"`
	// Observe, unless nil, is told how each request ended.
	Observe func(Exchange) `json:"-"`
}

// Exchange is one request and what came of it.
type Exchange struct {
	// Operation is what was asked for, such as "create iSCSI service".
	Operation string
	// Status is the HTTP status, and Code ONTAP's; 0 when there was none.
	Status int
	Code   Code
	// Duration is how long the answer took.
	Duration time.Duration
}

// TLS says which certificate the array must show.
type TLS struct {
	// CA holds the PEM certificates to trust instead of the system's.
	CA []byte
	// ServerName is the name to ask for and to verify when it is not the endpoint's host.
	ServerName string
	// PinnedSHA256 is the SHA-256 of the array's own certificate in hexadecimal, colons and case ignored. Exactly that certificate is
	// accepted, regardless of issuer, names and expiry: a pin takes the place of all other verification. It
	// is the answer to the certificates that ONTAP makes for itself, which often carry no SAN.
	PinnedSHA256 string
	// InsecureSkipVerify accepts any certificate of any host, which then reads the credentials.
	InsecureSkipVerify bool
}

// app is deliberately narrower than the HTTP grammar: the array splits the header at the slash.
var app = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._+-]*$`)

func (cfg Config) validate() error {
	if err := validateEndpoint(cfg.Endpoint); err != nil {
		return fmt.Errorf("endpoint: %w", err)
	}
	if err := cfg.Credentials.validate(); err != nil {
		return fmt.Errorf("credentials: %w", err)
	}
	if !app.MatchString(cfg.App) {
		return fmt.Errorf("app: %q is not NAME/VERSION", cfg.App)
	}
	if cfg.Timeout < 0 {
		return fmt.Errorf("timeout: %s is negative", cfg.Timeout)
	}
	return nil
}

// validateEndpoint never repeats what it was given: people put passwords into URLs.
func validateEndpoint(endpoint string) error {
	host, ok := strings.CutPrefix(endpoint, "https://")
	if !ok {
		return errors.New("must begin with https://")
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host != host || u.Hostname() == "" || strings.HasSuffix(host, ":") {
		return errors.New("must be https://host or https://host:port and nothing else")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return errors.New("the port must be between 1 and 65535")
		}
	}
	return nil
}
