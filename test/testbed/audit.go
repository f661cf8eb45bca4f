package testbed

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// APIRequest is a request to Kubernetes, as the API server's audit log has it. There are the writes of everybody, and all
// requests of the operator.
type APIRequest struct {
	ID         string    `json:"auditID"`
	Verb       string    `json:"verb"`
	RequestURI string    `json:"requestURI"`
	Stage      string    `json:"stage"`
	Received   time.Time `json:"requestReceivedTimestamp"`
	User       struct {
		Username string `json:"username"`
	} `json:"user"`
	Object struct {
		APIGroup    string `json:"apiGroup"`
		Resource    string `json:"resource"`
		Subresource string `json:"subresource"`
		Namespace   string `json:"namespace"`
		Name        string `json:"name"`
	} `json:"objectRef"`
	Response struct {
		Code int `json:"code"`
	} `json:"responseStatus"`
	Annotations map[string]string `json:"annotations"`
}

// Denied reports whether the user lacks the right. A 403 alone does not say so: a namespace that is being deleted answers
// with one, too.
func (r APIRequest) Denied() bool {
	return r.Annotations["authorization.k8s.io/decision"] == "forbid"
}

// String is the request on one line: verb, URI and status.
func (r APIRequest) String() string {
	return fmt.Sprintf("%s %s: %d", r.Verb, r.RequestURI, r.Response.Code)
}

// reads are the verbs that change nothing.
var reads = []string{"get", "list", "watch"}

// Writes returns the writes of one user so far, in the order in which they were answered.
func (c *ControlPlane) Writes(username string) ([]APIRequest, error) {
	requests, err := c.Requests(username)
	return slices.DeleteFunc(requests, func(r APIRequest) bool {
		return slices.Contains(reads, r.Verb) || r.Stage != "ResponseComplete"
	}), err
}

// Requests returns the requests of one user so far, in the order in which they were answered. A watch counts from the
// beginning of its answer.
func (c *ControlPlane) Requests(username string) ([]APIRequest, error) {
	log, err := os.Open(c.auditLog())
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()

	var requests []APIRequest
	started := map[string]int{} // the watches, by ID
	for lines := bufio.NewReader(log); ; {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return requests, nil // or a line that is still being written
		} else if err != nil {
			return nil, err
		}
		var r APIRequest
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, err
		}
		if r.User.Username != username {
			continue
		}
		if i, ok := started[r.ID]; ok {
			requests[i] = r
			continue
		}
		if r.Stage == "ResponseStarted" {
			started[r.ID] = len(requests)
		}
		requests = append(requests, r)
	}
}

func (c *ControlPlane) auditLog() string { return filepath.Join(c.bed.Dir, "audit.log") }
