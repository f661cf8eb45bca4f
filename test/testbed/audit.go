package testbed

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"time"
)

// Write is a request that changed something in Kubernetes, or tried to, as the API server's audit log has it.
type Write struct {
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
}

// Writes returns the writes of one user so far, in the order in which they were answered.
func (c *ControlPlane) Writes(username string) ([]Write, error) {
	log, err := os.Open(c.auditLog())
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()

	var writes []Write
	lines := bufio.NewReader(log)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return writes, nil // the end, or a line that is still being written
		}
		var w Write
		if err := json.Unmarshal(line, &w); err != nil {
			return nil, err
		}
		if w.User.Username == username && w.Stage == "ResponseComplete" {
			writes = append(writes, w)
		}
	}
}

func (c *ControlPlane) auditLog() string { return filepath.Join(c.bed.Dir, "audit.log") }
