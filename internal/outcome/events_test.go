package outcome

import (
	"strings"
	"testing"
	"unicode/utf8"

	. "github.com/onsi/gomega"
	"k8s.io/client-go/tools/events"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
)

func TestNotesOfEventsAreWhatTheAPIServerTakesAndATerminalShows(t *testing.T) {
	for name, c := range map[string]struct {
		arg, want string
	}{
		"as it is":           {`SVM "svm1"`, `SVM "svm1"`},
		"control characters": {"a\x1b[31mb\r\nc\u0085d", "a [31mb  c d"},
		"no UTF-8":           {"a\xffb", "a?b"},
		"formats":            {"100%s", "100%s"},
	} {
		t.Run(name, func(t *testing.T) {
			recorder := events.NewFakeRecorder(1)
			BoundedEvents(recorder).Eventf(&v1alpha1.ISCSIService{}, nil, "Normal", "Reason", "Action", "%s", c.arg)
			NewWithT(t).Expect(<-recorder.Events).To(Equal("Normal Reason " + c.want))
		})
	}
	for length := noteLimit - 4; length < noteLimit+8; length++ {
		for _, letter := range []string{"a", "ä", "€", "😀"} {
			note := boundedNote("x" + strings.Repeat(letter, length))
			g := NewWithT(t)
			g.Expect(len(note)).To(BeNumerically("<=", noteLimit))
			g.Expect(utf8.ValidString(note)).To(BeTrue())
			g.Expect(len(note)).To(BeNumerically(">", noteLimit-8))
		}
	}
}
