package simulator

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// bed is a simulator with a client that trusts it.
type bed struct {
	*WithT
	sim    *Simulator
	client *http.Client
}

const testScenario = `
cluster: {name: array1, version: 9.16.1}
accounts:
  - {name: admin, password: secret}
  - {name: operator, certificateCN: operator-cn, role: readonly}
svms:
  - name: svm1
  - name: svm2
    service: {enabled: true, alias: two}
    sessions: [{initiator: "iqn.1998-01.com.example:host1"}]
`

func newBed(t *testing.T, scenario ...string) *bed {
	t.Helper()
	g := NewWithT(t)
	parsed, err := ParseScenario([]byte(append(scenario, testScenario)[0]))
	g.Expect(err).NotTo(HaveOccurred())
	sim, err := Start(Options{Scenario: parsed, Listen: "127.0.0.1:0", Control: "127.0.0.1:0"})
	g.Expect(err).NotTo(HaveOccurred())
	b := &bed{WithT: g, sim: sim, client: sim.trustingClient()}
	t.Cleanup(func() {
		b.client.CloseIdleConnections()
		g.Expect(sim.Close()).To(Succeed())
	})
	return b
}

func (s *Simulator) trustingClient(certificates ...tls.Certificate) *http.Client {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(s.CA())
	return &http.Client{
		Timeout:       30 * time.Second,
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: certificates}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

const services = "/api/protocols/san/iscsi/services"

// answer is what came back from the API.
type answer struct {
	status int
	header http.Header
	body   string
}

// try sends a request to the API.
func (b *bed) try(method, path, body string) (answer, error) {
	request, err := http.NewRequest(method, b.sim.URL+path, bytes.NewBufferString(body))
	if err != nil {
		return answer{}, err
	}
	request.SetBasicAuth("admin", "secret")
	request.Header.Set("Accept", "application/json")
	response, err := b.client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(text)}, err
}

// api is try for requests that get an answer.
func (b *bed) api(method, path, body string) answer {
	got, err := b.try(method, path, body)
	b.ExpectWithOffset(1, err).NotTo(HaveOccurred())
	return got
}

// control sends a request to the control address and returns the decoded answer.
func (b *bed) control(method, path, body string) any {
	status, value := b.controlStatus(method, path, body)
	b.ExpectWithOffset(1, status).To(BeNumerically("<", 300), "%s %s: %v", method, path, value)
	return value
}

func (b *bed) controlStatus(method, path, body string) (int, any) {
	request, err := http.NewRequest(method, b.sim.ControlURL+path, bytes.NewBufferString(body))
	b.Expect(err).NotTo(HaveOccurred())
	response, err := http.DefaultClient.Do(request)
	b.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = response.Body.Close() }()
	var value any
	if err := json.NewDecoder(response.Body).Decode(&value); err != io.EOF {
		b.Expect(err).NotTo(HaveOccurred())
	}
	return response.StatusCode, value
}

func (b *bed) id(value any) string { return value.(map[string]any)["id"].(string) }

func (b *bed) svm(name string) map[string]any {
	return b.control("GET", "/svms/"+name, "").(map[string]any)
}

func TestTheDefaultAndTheExampleScenarioPlay(t *testing.T) {
	for name, text := range map[string]string{"default": DefaultScenario, "example": ExampleScenario} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, text)
			b.Expect(b.svm("svm2")).To(HaveKeyWithValue("service", HaveKeyWithValue("alias", "svm2")))
			b.Expect(b.control("GET", "/accounts/admin", "")).To(HaveKeyWithValue("locked", false))
		})
	}
}

func TestScenariosThatMakeNoSense(t *testing.T) {
	for text, want := range map[string]string{
		"clutser: {}":                                            `unknown field "clutser"`,
		"svms: [{name: a, sevrice: {}}]":                         `unknown field "sevrice"`,
		"cluster: {version: nine}":                               `version "nine" is not of the form 9.16.1`,
		"cluster: {platform: toaster}":                           `platform "toaster"`,
		"latency: soon":                                          `"soon" is not a duration`,
		"svms: [{name: a}, {name: a}]":                           `an SVM named "a" exists already`,
		"svms: [{state: running}]":                               `an SVM needs a name`,
		"svms: [{name: a, uuid: u}, {name: b, uuid: u}]":         `UUID u is taken`,
		"svms: [{name: a, state: sleeping}]":                     `"sleeping" is not a state`,
		"svms: [{name: a, sessions: [{initiator: i}]}]":          `svms[0] (a): the SVM has no enabled iSCSI service`,
		"accounts: [{name: a}]":                                  `neither a password nor a certificateCN`,
		"accounts: [{name: a, password: p, role: king}]":         `role "king"`,
		"accounts: [{name: a, password: p, svm: nowhere}]":       `no SVM is named "nowhere"`,
		"accounts: [{name: a, password: p, role: [{path: /x}]}]": `access "" of /x`,
	} {
		t.Run(text, func(t *testing.T) {
			g := NewWithT(t)
			scenario, err := ParseScenario([]byte(text))
			if err == nil {
				_, err = Start(Options{Scenario: scenario, Listen: "127.0.0.1:0", Control: "127.0.0.1:0"})
			}
			g.Expect(err).To(MatchError(ContainSubstring(want)))
		})
	}
}

func TestGeneratedSVMs(t *testing.T) {
	b := newBed(t, "generate: {svms: 30, prefix: node-, services: true}\naccounts: [{name: admin, password: secret}]")
	b.Expect(b.api("GET", services+"?return_records=false", "").body).To(MatchJSON(`{"num_records":30}`))
	b.Expect(b.svm("node-00030")).To(HaveKeyWithValue("service", HaveKeyWithValue("enabled", true)))
}

func TestTheControlAddressIsOnLoopback(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "[::]:0"} {
		t.Run(address, func(t *testing.T) {
			_, err := Start(Options{Listen: "127.0.0.1:0", Control: address})
			NewWithT(t).Expect(err).To(MatchError(ContainSubstring("is not on loopback")))
		})
	}
}

func TestTwoSimulatorsAreTwoArrays(t *testing.T) {
	one, two := newBed(t), newBed(t, "cluster: {name: array2}\nsvms: [{name: svm1}]")
	b := one
	b.Expect(one.svm("svm1")["uuid"]).NotTo(Equal(two.svm("svm1")["uuid"]))
	b.Expect(one.control("GET", "/cluster", "").(map[string]any)["uuid"]).NotTo(Equal(two.control("GET", "/cluster", "").(map[string]any)["uuid"]))
	b.Expect(newBed(t).svm("svm1")["uuid"]).To(Equal(one.svm("svm1")["uuid"]), "the same scenario plays the same way")
}

func TestAClientCertificateLogsIn(t *testing.T) {
	b := newBed(t)
	issued := b.control("POST", "/accounts/operator/certificate", "").(map[string]any)
	pair, err := tls.X509KeyPair([]byte(issued["certificate"].(string)), []byte(issued["key"].(string)))
	b.Expect(err).NotTo(HaveOccurred())
	client := b.sim.trustingClient(pair)
	defer client.CloseIdleConnections()
	response, err := client.Get(b.sim.URL + services)
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(response.Body.Close()).To(Succeed())
	b.Expect(response.StatusCode).To(Equal(200))
	b.Expect(b.control("GET", "/journal", "")).To(ContainElement(HaveKeyWithValue("account", "operator")))
}

func TestOldTLSIsRefused(t *testing.T) {
	b := newBed(t)
	client := b.sim.trustingClient()
	config := client.Transport.(*http.Transport).TLSClientConfig
	config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	_, err := client.Get(b.sim.URL + services) //nolint:bodyclose // there is none
	b.Expect(err).To(MatchError(ContainSubstring("protocol version")))
}

func TestAnArrayMayHaveACertificateWithoutNames(t *testing.T) {
	b := newBed(t, "certificate: {commonNameOnly: true}")
	_, err := b.try("GET", services, "")
	b.Expect(err).To(MatchError(ContainSubstring("x509")))
	b.Expect(b.control("GET", "/cluster", "")).To(HaveKeyWithValue("certificateSHA256", HaveLen(64)))
}

func TestErrorsOfTheControlAPISayWhatIsWrong(t *testing.T) {
	for request, c := range map[string]struct {
		body   string
		status int
		want   string
	}{
		"GET /nothing":                        {"", 404, "no GET /nothing"},
		"GET /svms/none":                      {"", 404, `no SVM is named "none"`},
		"PATCH /svms/none":                    {"{}", 404, `no SVM is named "none"`},
		"PATCH /svms/svm1":                    {`{"nmae":"x"}`, 400, `unknown field "nmae"`},
		"PATCH /svms/svm2":                    {`{"name":"svm1"}`, 400, "exists already"},
		"POST /svms":                          {`{"name":"svm1"}`, 409, "exists already"},
		"PATCH /svms/svm1/service":            {`{}`, 404, "has no service"},
		"DELETE /svms/svm1/service":           {``, 404, "has no service"},
		"POST /svms/svm1/sessions":            {`{"initiator":"i"}`, 409, "no enabled iSCSI service"},
		"PATCH /accounts/nobody":              {`{}`, 404, `no account is named "nobody"`},
		"POST /accounts/admin/certificate":    {``, 400, "no certificateCN"},
		"PATCH /cluster":                      {`{"version":"x"}`, 400, "not of the form"},
		"GET /journal?after=x":                {"", 400, "not a sequence number"},
		"POST /barriers":                      {`{"stage":"during"}`, 400, `stage "during"`},
		"GET /barriers/9":                     {"", 404, `no barrier has the id "9"`},
		"GET /barriers/9?wait=long":           {"", 400, "not a duration"},
		"DELETE /barriers/9":                  {"", 404, `no barrier has the id "9"`},
		"POST /faults":                        {`{"body":"poem"}`, 400, `body "poem"`},
		"DELETE /faults/9":                    {"", 404, `no fault has the id "9"`},
		"POST /hooks":                         {`{"afterPages":0}`, 400, "afterPages"},
		"PUT /accounts/new":                   {`{}`, 400, "neither a password"},
		"PATCH /svms/svm1?uuid=set":           {`{"uuid":"x"}`, 400, "never changes"},
		"POST /faults?delay=number":           {`{"delay":5}`, 400, "a duration is a string"},
		"POST /hooks?change=nothing":          {`{"afterPages":1}`, 400, "change needs"},
		"POST /faults?status=unknown":         {`{"status":99}`, 400, "not an HTTP status"},
		"POST /faults?code=text":              {`{"code":"x"}`, 400, "not an integer"},
		"PATCH /svms/svm1?service=in-the-way": {`{"service":{}}`, 400, "paths of their own"},
	} {
		t.Run(request, func(t *testing.T) {
			b := newBed(t)
			var method, path string
			_, err := fmt.Sscan(request, &method, &path)
			b.Expect(err).NotTo(HaveOccurred())
			status, value := b.controlStatus(method, path, c.body)
			b.Expect(status).To(Equal(c.status), "%v", value)
			b.Expect(value).To(HaveKeyWithValue("error", ContainSubstring(c.want)))
		})
	}
}
