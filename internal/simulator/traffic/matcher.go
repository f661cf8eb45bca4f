// Package traffic is what happens to requests between the network and the array: they are written down, held, delayed,
// refused, cut off or answered with something else. It makes a laptop's loopback as unkind as a data center can be.
package traffic

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Matcher chooses requests. Empty members match everything.
type Matcher struct {
	Method string `json:"method,omitempty"`
	// Path is a prefix of the decoded path.
	Path string `json:"path,omitempty"`
	// SVM is the name or UUID of the SVM the request is about: in its path, body or query.
	SVM string `json:"svm,omitempty"`
	// Query is a part of the query as it was sent, for example "metric".
	Query string `json:"query,omitempty"`
	// Account is the name of the account that the request is sent as.
	Account string `json:"account,omitempty"`
}

func (m Matcher) matches(x *exchange) bool {
	return (m.Method == "" || strings.EqualFold(m.Method, x.request.Method)) &&
		strings.HasPrefix(x.request.Path, m.Path) &&
		strings.Contains(x.request.Query, m.Query) &&
		(m.Account == "" || m.Account == x.account) &&
		(m.SVM == "" || m.SVM == x.subject.Name || m.SVM == x.subject.UUID)
}

// Duration is a time.Duration that JSON writes as "2s".
type Duration time.Duration

// UnmarshalJSON implements json.Unmarshaler.
func (d *Duration) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("a duration is a string such as \"2s\", not %s", data)
	}
	parsed, err := time.ParseDuration(text)
	*d = Duration(parsed)
	return err
}

// MarshalJSON implements json.Marshaler.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }
