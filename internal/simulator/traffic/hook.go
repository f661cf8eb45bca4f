package traffic

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Hook is an out-of-band change that happens between two pages: after so many pages of a collection were answered.
type Hook struct {
	ID string `json:"id"`
	Matcher
	AfterPages int    `json:"afterPages"`
	Change     Change `json:"change"`

	pages int
}

// Change is a request to the control address.
type Change struct {
	Method string          `json:"method"`
	Path   string          `json:"path"`
	Body   json.RawMessage `json:"body,omitempty"`
}

// servicesCollection is where pages are counted unless a hook names another path.
const servicesCollection = "/api/protocols/san/iscsi/services"

// Hooks is the hooks that wait.
type Hooks struct {
	// Apply carries out a change.
	Apply func(Change) error

	mu     sync.Mutex
	lastID int
	all    []*Hook
}

// Add sets a hook.
func (h *Hooks) Add(hook Hook) (Hook, error) {
	if hook.AfterPages < 1 {
		return Hook{}, fmt.Errorf("afterPages is %d, must be 1 or more", hook.AfterPages)
	}
	if hook.Change.Method == "" || !strings.HasPrefix(hook.Change.Path, "/") {
		return Hook{}, fmt.Errorf("change needs the method and path of a request to the control address")
	}
	if hook.Path == "" {
		hook.Path = servicesCollection
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lastID++
	hook.ID = strconv.Itoa(h.lastID)
	h.all = append(h.all, &hook)
	return hook, nil
}

// pageAnswered counts a page, and carries out the changes that were waiting for it, before the page is sent.
func (h *Hooks) pageAnswered(x *exchange) error {
	for _, hook := range h.due(x) {
		if err := h.Apply(hook.Change); err != nil {
			return fmt.Errorf("hook %s: %w", hook.ID, err)
		}
	}
	return nil
}

func (h *Hooks) due(x *exchange) []*Hook {
	h.mu.Lock()
	defer h.mu.Unlock()
	var due, waiting []*Hook
	for _, hook := range h.all {
		if x.request.Method == http.MethodGet && x.request.Path == hook.Path && hook.matches(x) {
			hook.pages++
		}
		if hook.pages >= hook.AfterPages {
			due = append(due, hook)
		} else {
			waiting = append(waiting, hook)
		}
	}
	h.all = waiting
	return due
}
