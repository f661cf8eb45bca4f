// Package conformance holds the simulator against the documents. The tables/ have one entry, a line, a behaviour:
// a request, the answer, and the section that says so. The documents are
//
//   - reference: NetApp, "Manage iSCSI services", REST API reference of February 06, 2026, and
//   - facts: the general rules of ONTAP's REST API, from NetApp's public documentation, its clients and their traffic.
//
// Where the documents are silent, there is no line. What relates several answers to each other, as metrics do, is in
// Go. The requests are plain HTTP: no client of the product takes part.
package conformance

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"
)

// line is one behaviour. Its fields are what the tables may say.
type line struct {
	Is   string // the behaviour, as a sentence
	Cite string // "document: section"

	// What comes first.
	Cluster map[string]any // of the array, where it is not as array.yaml has it
	After   []string       // requests as in Request, by admin, that succeed; "control METHOD PATH BODY" is for the control API

	// The request: "METHOD PATH BODY", with a PATH below /api/protocols/san/iscsi/ unless it starts with a slash.
	Request     string
	For         []string // as many requests, with {it} replaced by each of these
	As          string   // account, or account:password; "nobody" sends neither; default admin
	Certificate string   // account that logs in with a client certificate
	Accept      string   // default application/json

	// The answer. Values are as match understands them.
	Status  int               // default 200; with an Error, what isn't said is documented nowhere
	Header  map[string]string // regular expressions
	Error   any               // the members of the error
	Body    any               // has at least this
	Exactly any               // is this
	Each    any               // record, of one or more, has at least this
	SVMs    []string          // that the records of all pages are about, in any order
	Order   []string          // the same, in this order
}

// sections are what there is to cite.
var sections = map[string][]string{
	"reference": {
		"Examples", "Performance monitoring",
		"Retrieve iSCSI services", "Create an iSCSI service", "Delete an iSCSI service", "Retrieve an iSCSI service",
		"Update an iSCSI service", "Historical metrics", "Metrics at a specific time",
	},
	"facts": {"What the reference loses", "General rules", "Error codes", "The service"},
}

// cited says whether there is such a section.
func cited(cite string) bool {
	document, section, _ := strings.Cut(cite, ": ")
	return slices.Contains(sections[document], section)
}

func (l *line) wellFormed(g *WithT) {
	g.Expect(l.Is).NotTo(BeEmpty())
	g.Expect(cited(l.Cite)).To(BeTrue(), "cite: %s", l.Cite)
	g.Expect(l.asserts()).To(BeTrue(), "nothing is said about the answer")
	g.Expect(strings.Contains(l.Request+strings.Join(l.After, ""), "{it}")).To(Equal(l.For != nil), "{it} and for belong together")
}

func (l *line) asserts() bool {
	return l.Status != 0 || l.Header != nil || l.Error != nil || l.Body != nil || l.Exactly != nil || l.Each != nil ||
		l.SVMs != nil || l.Order != nil
}

//go:embed tables/*.yaml
var tables embed.FS

func TestConformance(t *testing.T) {
	files, err := fs.Glob(tables, "tables/*.yaml")
	NewWithT(t).Expect(err).NotTo(HaveOccurred())

	seen, lines := map[string]bool{}, 0
	for _, file := range files {
		t.Run(strings.TrimSuffix(path.Base(file), ".yaml"), func(t *testing.T) {
			g := NewWithT(t)
			table, err := tables.ReadFile(file)
			g.Expect(err).NotTo(HaveOccurred())
			var rows []line
			g.Expect(yaml.UnmarshalStrict(table, &rows)).To(Succeed())
			lines += len(rows)
			for _, row := range rows {
				g.Expect(seen).NotTo(HaveKey(row.Is), "two lines say the same")
				seen[row.Is] = true
				t.Run(row.Is, func(t *testing.T) {
					t.Parallel()
					row.check(t)
				})
			}
		})
	}
	t.Logf("%d lines in %d tables", lines, len(files))
}

func (l *line) check(t *testing.T) {
	l.wellFormed(NewWithT(t))
	if l.For == nil {
		l.checkOne(t, "")
	}
	for _, it := range l.For {
		l.checkOne(t, it)
	}
}

// checkOne checks one request, on an array of its own: what others change is not there.
func (l *line) checkOne(t *testing.T, it string) {
	g := NewWithT(t)
	this := strings.NewReplacer("{it}", it)
	a := newArray(t, l.Cluster)
	for _, step := range l.After {
		step = this.Replace(step)
		got := a.setUp(t, step)
		g.Expect(got.status).To(BeNumerically("<", http.StatusMultipleChoices), "%s: %s", step, got.text)
	}
	l.checkAnswer(g, this.Replace(l.Request), a, a.login(t, l.As, l.Certificate).accept(l.Accept))
}

func (l *line) checkAnswer(g *WithT, request string, a *array, as login) {
	got := a.send(g, request, as)
	said := fmt.Sprintf("%s\nanswers %d %s", request, got.status, got.text)

	switch {
	case l.Status != 0:
		g.Expect(got.status).To(Equal(l.Status), said)
	case l.Error != nil:
		g.Expect(got.status).To(BeNumerically(">=", http.StatusBadRequest), said)
	default:
		g.Expect(got.status).To(Equal(http.StatusOK), said)
	}
	for name, pattern := range l.Header {
		g.Expect(got.header.Get(name)).To(MatchRegexp(a.fill(pattern)), "header %s: %s", name, said)
	}
	if l.Error != nil {
		g.Expect(match(map[string]any{"error": l.Error}, got.body, false)).To(Succeed(), said)
	}
	if l.Body != nil {
		g.Expect(match(l.Body, got.body, false)).To(Succeed(), said)
	}
	if l.Exactly != nil {
		g.Expect(match(l.Exactly, got.body, true)).To(Succeed(), said)
	}
	if l.Each == nil && l.SVMs == nil && l.Order == nil {
		return
	}

	records := a.rest(g, got, as)
	if l.Each != nil {
		g.Expect(records).NotTo(BeEmpty(), said)
	}
	var names []string
	for _, record := range records {
		if l.Each != nil {
			g.Expect(match(l.Each, record, false)).To(Succeed(), said)
		}
		names = append(names, svmName(record))
	}
	if l.SVMs != nil {
		g.Expect(names).To(ConsistOf(l.SVMs), said)
	}
	if l.Order != nil {
		g.Expect(names).To(Equal(l.Order), said)
	}
}

// svmName is the SVM that a record is about: its own, or it is one.
func svmName(record any) string {
	object, _ := record.(map[string]any)
	if svm, ok := object["svm"].(map[string]any); ok {
		object = svm
	}
	name, _ := object["name"].(string)
	return name
}
