package outcome

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
)

// noteLimit is how many bytes the API server takes for the note of an event: it refuses the event otherwise.
const noteLimit = 1024

// boundedEvents records events whose notes the API server takes, and a terminal can show.
type boundedEvents struct{ events.EventRecorder }

// BoundedEvents returns a recorder that cuts notes at the API server's limit, and leaves control characters out: names and
// messages of an array are a part of them.
func BoundedEvents(recorder events.EventRecorder) events.EventRecorder {
	return boundedEvents{recorder}
}

// Eventf is that of [events.EventRecorder].
func (b boundedEvents) Eventf(regarding, related runtime.Object, eventType, reason, action, note string, args ...any) {
	b.EventRecorder.Eventf(regarding, related, eventType, reason, action, "%s", boundedNote(fmt.Sprintf(note, args...)))
}

func boundedNote(note string) string {
	note = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(note, "?"))
	if len(note) <= noteLimit {
		return note
	}
	const more = "…"
	end := noteLimit - len(more)
	for !utf8.RuneStart(note[end]) {
		end--
	}
	return note[:end] + more
}
