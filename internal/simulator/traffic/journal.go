package traffic

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Entry is one request in the journal. Answered and Status stay empty until it was answered; a request whose
// connection was reset never is.
type Entry struct {
	Seq      int        `json:"seq"`
	Received time.Time  `json:"received"`
	Answered *time.Time `json:"answered"`
	Method   string     `json:"method"`
	Path     string     `json:"path"`
	Query    string     `json:"query"`
	Body     string     `json:"body"`
	Status   int        `json:"status"`
	Account  string     `json:"account"`
	// Client is what the client says it is: X-Dot-Client-App, or else its User-Agent.
	Client string `json:"client"`
}

// Journal is the requests the array received, in order.
type Journal struct {
	mu      sync.Mutex
	entries []Entry
	last    int
	grown   chan struct{} // closed and replaced whenever something is written
}

// journalLimit keeps a long run from filling the memory; the oldest entries go first.
const journalLimit = 200_000

// NewJournal returns an empty journal.
func NewJournal() *Journal { return &Journal{grown: make(chan struct{})} }

func (j *Journal) received(entry Entry) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last++
	entry.Seq = j.last
	if len(j.entries) == journalLimit {
		j.entries = slices.Delete(j.entries, 0, journalLimit/2)
	}
	j.entries = append(j.entries, entry)
	j.wake()
	return entry.Seq
}

func (j *Journal) answered(seq, status int, at time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if i, found := j.index(seq); found {
		j.entries[i].Answered, j.entries[i].Status = &at, status
	}
	j.wake()
}

func (j *Journal) wake() {
	close(j.grown)
	j.grown = make(chan struct{})
}

// After returns the entries after a sequence number.
func (j *Journal) After(seq int) []Entry {
	entries, _ := j.after(seq)
	return entries
}

// Wait returns the entries after a sequence number as soon as there are any, or none when the context ends.
func (j *Journal) Wait(ctx context.Context, seq int) []Entry {
	for {
		entries, grown := j.after(seq)
		if len(entries) > 0 {
			return entries
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return entries
		}
	}
}

func (j *Journal) after(seq int) ([]Entry, <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	i, found := j.index(seq)
	if found {
		i++
	}
	return append([]Entry{}, j.entries[i:]...), j.grown
}

func (j *Journal) index(seq int) (int, bool) {
	return slices.BinarySearchFunc(j.entries, seq, func(e Entry, seq int) int { return e.Seq - seq })
}

// Clear empties the journal. Sequence numbers go on.
func (j *Journal) Clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = nil
}
