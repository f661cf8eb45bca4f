package ontap

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Credentials are what the array knows the client by: a user name and a password, or a PEM client certificate and its key. However
// they are formatted (fmt, JSON, text, slog, logr) they read [redacted].
type Credentials struct {
	Username, Password string
	Certificate, Key   []byte
}

const redacted = "[redacted]"

// Format implements [fmt.Formatter], which fmt asks before anything else and for every verb.
func (Credentials) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// String implements [fmt.Stringer].
func (Credentials) String() string { return redacted }

// GoString implements [fmt.GoStringer].
func (Credentials) GoString() string { return redacted }

// MarshalText implements [encoding.TextMarshaler], which JSON, YAML and XML encoders use.
func (Credentials) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements [slog.LogValuer].
func (Credentials) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalLog implements logr's Marshaler.
func (Credentials) MarshalLog() any { return redacted }

func (c Credentials) validate() error {
	basic := c.Username != "" || c.Password != ""
	certificate := len(c.Certificate) > 0 || len(c.Key) > 0
	switch {
	case basic && certificate:
		return errors.New("either username and password or certificate and key, not both")
	case certificate:
		_, err := c.keyPair()
		return err
	case !basic:
		return errors.New("username and password, or certificate and key, are required")
	case c.Username == "":
		return errors.New("username is empty")
	case c.Password == "":
		return errors.New("password is empty")
	case strings.Contains(c.Username, ":"):
		// The colon ends the name in basic authentication: the rest of the name would be sent as part of the password.
		return errors.New("username contains a colon")
	}
	return nil
}

func (c Credentials) keyPair() (tls.Certificate, error) {
	switch {
	case len(c.Certificate) == 0:
		return tls.Certificate{}, errors.New("certificate is empty")
	case len(c.Key) == 0:
		return tls.Certificate{}, errors.New("key is empty")
	}
	return tls.X509KeyPair(c.Certificate, c.Key)
}

// authorizer returns what puts the credentials on a request. It is a closure because a function is printed as an address: a client
// that is printed with %+v shows no password.
func (c Credentials) authorizer() func(*http.Request) {
	if c.Username == "" {
		return func(*http.Request) {}
	}
	return func(req *http.Request) { req.SetBasicAuth(c.Username, c.Password) }
}

// redactor returns what removes the credentials from a text that came from outside: an array, or something posing as one, may
// echo the request's header in its error message, and that message ends in logs and in the status of objects.
func (c Credentials) redactor() func(string) string {
	if c.Username == "" {
		return func(text string) string { return text }
	}
	var spellings []string
	hide := func(secret string) { spellings = append(spellings, secret, redacted) }
	for _, secret := range []string{c.Username + ":" + c.Password, c.Password} {
		encoded := base64.StdEncoding.EncodeToString([]byte(secret))
		hide(encoded)
		// What fits into a host name or a URL: no padding, and other signs for 62 and 63.
		hide(strings.TrimRight(encoded, "="))
		hide(base64.RawURLEncoding.EncodeToString([]byte(secret)))
		hide(url.QueryEscape(secret))
		hide(url.PathEscape(secret))
		hide(strings.Trim(strconv.Quote(secret), `"`))
	}
	hide(c.Password)
	return strings.NewReplacer(spellings...).Replace
}
