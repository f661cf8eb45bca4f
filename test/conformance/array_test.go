package conformance

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"log"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"

	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// iscsi is what paths without a leading slash are below.
const iscsi = "/api/protocols/san/iscsi/"

//go:embed array.yaml
var scenario []byte

var bed *testbed.Bed

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		log.Fatal(err)
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if bed, err = testbed.New(); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, bed.Close()) }()
	return m.Run(), nil
}

// array is the real program, started for one line alone.
type array struct {
	*testbed.Simulator
	placeholders *strings.Replacer
	roots        *x509.CertPool
}

// newArray starts the array of array.yaml, but for what cluster says.
func newArray(t *testing.T, cluster map[string]any) *array {
	g := NewWithT(t)
	var described struct {
		Cluster  map[string]any   `json:"cluster"`
		Accounts []any            `json:"accounts"`
		SVMs     []map[string]any `json:"svms"`
	}
	g.Expect(yaml.UnmarshalStrict(scenario, &described)).To(Succeed())
	for key, value := range cluster {
		described.Cluster[key] = value
	}
	text, err := yaml.Marshal(described)
	g.Expect(err).NotTo(HaveOccurred())
	program, err := bed.StartSimulator(t.Context(), string(text))
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(program.Stop()).To(Succeed()) })

	var uuids []string
	for _, svm := range described.SVMs {
		uuids = append(uuids, "{"+svm["name"].(string)+"}", svm["uuid"].(string))
	}
	roots := x509.NewCertPool()
	g.Expect(roots.AppendCertsFromPEM([]byte(program.CA))).To(BeTrue())
	return &array{program, strings.NewReplacer(uuids...), roots}
}

// fill writes UUIDs for the SVMs in braces.
func (a *array) fill(text string) string { return a.placeholders.Replace(text) }

// login is how a request says who sends it, and what answer it takes.
type login struct {
	client         *http.Client
	user, password string
	mediaType      string
}

func (l login) accept(mediaType string) login {
	if mediaType != "" {
		l.mediaType = mediaType
	}
	return l
}

// login prepares an account as a line names it.
func (a *array) login(t *testing.T, account, certificate string) login {
	g := NewWithT(t)
	config := &tls.Config{RootCAs: a.roots, MinVersion: tls.VersionTLS12}
	as := login{user: "admin", password: "netapp123", mediaType: "application/json"}
	switch {
	case certificate != "":
		var issued struct{ Certificate, Key string }
		answer := exchange(g, http.DefaultClient, http.MethodPost, a.Control.URL+"/accounts/"+certificate+"/certificate", "", nil)
		g.Expect(json.Unmarshal([]byte(answer.text), &issued)).To(Succeed())
		pair, err := tls.X509KeyPair([]byte(issued.Certificate), []byte(issued.Key))
		g.Expect(err).NotTo(HaveOccurred())
		config.Certificates = []tls.Certificate{pair}
		as.user = ""
	case account == "nobody":
		as.user = ""
	case account != "":
		name, password, given := strings.Cut(account, ":")
		as.user = name
		if given {
			as.password = password
		}
	}
	transport := &http.Transport{TLSClientConfig: config}
	t.Cleanup(transport.CloseIdleConnections)
	as.client = &http.Client{Transport: transport, Timeout: time.Minute}
	return as
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

// setUp carries out a step that comes before the request.
func (a *array) setUp(t *testing.T, step string) *answer {
	g := NewWithT(t)
	if change, ok := strings.CutPrefix(step, "control "); ok {
		method, path, body := split(a.fill(change))
		return exchange(g, http.DefaultClient, method, a.Control.URL+path, body, nil)
	}
	return a.send(g, step, a.login(t, "", ""))
}

// send sends "METHOD PATH BODY", and checks what holds for every answer.
func (a *array) send(g *WithT, request string, as login) *answer {
	method, path, body := split(a.fill(request))
	if !strings.HasPrefix(path, "/") {
		path = iscsi + path
	}
	got := exchange(g, as.client, method, a.URL+path, body, func(r *http.Request) {
		r.Header.Set("Accept", as.mediaType)
		if as.user != "" {
			r.SetBasicAuth(as.user, as.password)
		}
	})
	g.Expect(got.header.Get("Content-Type")).To(MatchRegexp(`^application/(hal\+)?json\b`), request)
	g.Expect(json.Unmarshal([]byte(got.text), &got.body)).To(Succeed(), "%s: %s", request, got.text)
	if records, ok := got.body["records"].([]any); ok {
		g.Expect(got.body["num_records"]).To(BeEquivalentTo(len(records)), request)
	}
	if failure, ok := got.body["error"]; ok || got.status >= http.StatusBadRequest {
		g.Expect(match(map[string]any{"code": "~ ^[0-9]+$", "message": "~ ."}, failure, false)).To(Succeed(), "%s: %s", request, got.text)
	}
	if as.mediaType == "application/json" {
		g.Expect(linked(got.body)).To(BeFalse(), "%s: links were not asked for: %s", request, got.text)
	}
	return got
}

// linked says whether there are links, but for those to the next page.
func linked(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Keys(value)), func(name string) bool {
			if name == "_links" {
				return match(map[string]any{"next": map[string]any{"href": "~ ."}}, value[name], true) != nil
			}
			return linked(value[name])
		})
	case []any:
		return slices.ContainsFunc(value, linked)
	}
	return false
}

// rest returns the records of an answer and of all pages that follow it.
func (a *array) rest(g *WithT, page *answer, as login) []any {
	var records []any
	seen := map[string]bool{}
	for {
		more, ok := page.body["records"].([]any)
		g.Expect(ok).To(BeTrue(), page.text)
		records = append(records, more...)
		next := page.next()
		if next == "" {
			return records
		}
		g.Expect(next).To(HavePrefix("/api/"))
		g.Expect(seen).NotTo(HaveKey(next), "the next link repeats itself")
		seen[next] = true
		page = a.send(g, "GET "+next, as)
	}
}

// next is where the next page is, "" after the last one.
func (a *answer) next() string {
	links, _ := a.body["_links"].(map[string]any)
	next, _ := links["next"].(map[string]any)
	href, _ := next["href"].(string)
	return href
}

// split takes "METHOD PATH BODY" apart.
func split(request string) (method, path, body string) {
	method, rest, _ := strings.Cut(request, " ")
	path, body, _ = strings.Cut(rest, " ")
	return method, path, body
}

// exchange sends one request as it is written, and reads the whole answer.
func exchange(g *WithT, client *http.Client, method, address, body string, prepare func(*http.Request)) *answer {
	request, err := http.NewRequestWithContext(context.Background(), method, address, bytes.NewBufferString(body))
	g.Expect(err).NotTo(HaveOccurred())
	if prepare != nil {
		prepare(request)
	}
	response, err := client.Do(request)
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	g.Expect(err).NotTo(HaveOccurred())
	return &answer{status: response.StatusCode, header: response.Header, text: string(text)}
}
