package ontap

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Client talks to one array. It is safe for concurrent use, keeps connections between calls, and holds nothing else between them.
type Client struct {
	endpoint  string
	host      string
	app       string
	timeout   time.Duration
	authorize func(*http.Request)
	redact    func(string) string
	transport *http.Transport
	peer      func([sha256.Size]byte) error
	admit     func(context.Context) (func(error), error)
	observe   func(Exchange)
}

// New checks cfg and returns a client of it; it connects to nothing yet. Errors name the field that is wrong and repeat no secret.
func New(cfg Config) (*Client, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("ontap: %w", err)
	}
	endpoint, err := url.Parse(cfg.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("ontap: endpoint: %w", err)
	}
	tlsConfig, err := cfg.TLS.clientConfig(endpoint.Hostname())
	if err != nil {
		return nil, fmt.Errorf("ontap: %w", err)
	}
	if len(cfg.Credentials.Certificate) > 0 {
		pair, err := cfg.Credentials.keyPair()
		if err != nil {
			return nil, fmt.Errorf("ontap: credentials: %w", err)
		}
		tlsConfig.Certificates = append(tlsConfig.Certificates, pair)
	}
	timeout := cfg.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	return &Client{
		endpoint:  cfg.Endpoint,
		host:      endpoint.Host,
		app:       cfg.App,
		timeout:   timeout,
		authorize: cfg.Credentials.authorizer(),
		redact:    cfg.Credentials.redactor(),
		transport: newTransport(tlsConfig, timeout),
		peer:      cfg.Peer,
		admit:     cfg.Admit,
		observe:   cfg.Observe,
	}, nil
}

// Close closes the idle connections. Calls under way go on; a client may be used after Close, and then connects anew.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Format prints the endpoint, whatever the verb: a client that ends up in a log shows where it points and nothing else.
func (c *Client) Format(s fmt.State, _ rune) {
	_, _ = io.WriteString(s, "ontap.Client("+c.endpoint+")")
}
