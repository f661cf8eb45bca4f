package rest

import (
	"encoding/json"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
)

func TestCreateAnswersTheReferencesExample(t *testing.T) {
	b := newBed(t)
	b.accept = "application/hal+json"
	response := b.do("POST SERVICES?return_records=true", `{ "svm": { "name": "svm1" } }`)
	b.Expect(response.Status).To(Equal(201))
	b.Expect(response.Header.Get("Location")).To(Equal("/api/protocols/san/iscsi/services/" + uuid1))
	b.Expect(response.Header.Get("Content-Type")).To(Equal("application/hal+json"))
	b.Expect(response.Body).To(MatchJSON(`{
	  "num_records": 1,
	  "records": [{
	    "svm": {"uuid": "19d04b8e-94d7-11e8-8370-005056b48fd2", "name": "svm1",
	            "_links": {"self": {"href": "/api/svm/svms/19d04b8e-94d7-11e8-8370-005056b48fd2"}}},
	    "enabled": true,
	    "target": {"name": "iqn.1992-08.com.netapp:sn.19d04b8e94d711e88370005056b48fd2:vs.4", "alias": "svm1"},
	    "_links": {"self": {"href": "/api/protocols/san/iscsi/services/19d04b8e-94d7-11e8-8370-005056b48fd2"}}
	  }]
	}`))
}

func TestCreateTakesWhatTheRequestSays(t *testing.T) {
	for name, c := range map[string]struct {
		body    string
		enabled bool
		alias   string
	}{
		"by name":               {`{"svm":{"name":"svm1"}}`, true, "svm1"},
		"by UUID":               {`{"svm":{"uuid":"` + uuid1 + `"}}`, true, "svm1"},
		"by both":               {`{"svm":{"uuid":"` + uuid1 + `","name":"svm1"}}`, true, "svm1"},
		"dotted":                {`{"svm.name":"svm1","target.alias":"x"}`, true, "x"},
		"disabled":              {`{"svm.name":"svm1","enabled":false}`, false, "svm1"},
		"disabled, as a string": {`{"svm.name":"svm1","enabled":"false"}`, false, "svm1"},
		"the longest alias":     {`{"svm.name":"svm1","target":{"alias":"` + strings.Repeat("~", 128) + `"}}`, true, strings.Repeat("~", 128)},
		"null is not said":      {`{"svm.name":"svm1","enabled":null,"target.alias":null}`, true, "svm1"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			response := b.do("POST SERVICES?return_timeout=0", c.body)
			b.Expect(response.Status).To(Equal(201))
			b.Expect(response.Body).To(MatchJSON(`{}`), "no records unless asked for")
			b.Expect(b.ok("GET SERVICES/U1")).To(SatisfyAll(
				HaveKeyWithValue("enabled", c.enabled),
				HaveKeyWithValue("target", HaveKeyWithValue("alias", c.alias))))
		})
	}
}

func TestUnknownPropertiesCanBeIgnored(t *testing.T) {
	b := newBed(t)
	b.ok("POST SERVICES?ignore_unknown_fields=true&fru=1", `{"svm.name":"svm1","fru":{"fra":1}}`)
	b.ok("GET SERVICES?ignore_unknown_fields=true&fru=1&fields=fru")
}

func TestPatchChangesWhatIsSaidAndNothingElse(t *testing.T) {
	b := newBed(t)
	b.Expect(b.do("PATCH SERVICES/U2", `{ "enabled": "false" }`).Body).To(MatchJSON(`{}`))
	b.Expect(b.ok("GET SERVICES/U2")).To(SatisfyAll(HaveKeyWithValue("enabled", false), HaveKeyWithValue("target", HaveKeyWithValue("alias", "svm2"))))
	b.ok("PATCH SERVICES/U2?return_timeout=30", `{"target":{"alias":"b"}}`)
	b.Expect(b.ok("GET SERVICES/U2")).To(SatisfyAll(HaveKeyWithValue("enabled", false), HaveKeyWithValue("target", HaveKeyWithValue("alias", "b"))))
	b.ok("PATCH SERVICES/U2", `{"target.alias":"","enabled":true}`)
	b.Expect(b.ok("GET SERVICES/U2")).To(SatisfyAll(HaveKeyWithValue("enabled", true), HaveKeyWithValue("target", Not(HaveKey("alias")))))
	b.Expect(b.ok("PATCH SERVICES/U2?return_records=true", `{}`)).To(HaveKeyWithValue("num_records", 1.0))
}

func TestDisablingEndsTheSessions(t *testing.T) {
	b := newBed(t)
	b.Expect(b.ok("GET SESSIONS?svm.uuid=" + uuid2)).To(HaveKeyWithValue("num_records", 1.0))
	b.ok("PATCH SERVICES/U2", `{"enabled":false}`)
	b.Expect(b.ok("GET SESSIONS?svm.uuid=" + uuid2)).To(HaveKeyWithValue("num_records", 0.0))
	b.ok("PATCH SERVICES/U2", `{"enabled":true}`)
	b.Expect(b.ok("GET SESSIONS")).To(HaveKeyWithValue("num_records", 0.0), "initiators must log in again")
}

func TestDeleteAndCreateAgain(t *testing.T) {
	b := newBed(t)
	b.ok("PATCH SERVICES/U2", `{"enabled":false}`)
	b.Expect(b.do("DELETE SERVICES/U2", "null").Body).To(MatchJSON(`{}`))
	b.refused("DELETE SERVICES/U2", "", 404, "5374078", "")
	b.ok("POST SERVICES", `{"svm.name":"svm2"}`)
	b.Expect(b.ok("GET SERVICES/U2")).To(HaveKeyWithValue("enabled", true))
}

func TestWritesToTheCollectionHitWhatTheFiltersPass(t *testing.T) {
	b := newBed(t)
	b.ok("POST SERVICES", `{"svm.name":"svm1"}`)
	enabled := func() []string { return names(b.ok("GET SERVICES?enabled=true")) }

	b.Expect(b.ok("PATCH SERVICES", `{"enabled":false}`)).To(BeEmpty())
	b.Expect(enabled()).To(Equal([]string{"svm1", "svm2"}), "without a filter, nothing is changed")
	b.Expect(b.ok("PATCH SERVICES?svm.name=svm1&return_records=true", `{"enabled":false}`)).To(HaveKeyWithValue("num_records", 1.0))
	b.Expect(enabled()).To(Equal([]string{"svm2"}))
	b.ok("DELETE SERVICES")
	b.ok("DELETE SERVICES?enabled=false")
	b.Expect(names(b.ok("GET SERVICES"))).To(Equal([]string{"svm2"}))
	b.ok("DELETE SERVICES?svm.name=nothing*")
}

func TestABodyOfRecordsWritesSeveralServices(t *testing.T) {
	b := newBed(t)
	b.ok("PATCH SERVICES/U2", `{"enabled":false}`)
	b.ok("DELETE SERVICES/U2")

	created := b.ok("POST SERVICES?return_records=true&serial_records=true", `{"records":[{"svm":{"name":"svm2"},"enabled":false},{"svm.uuid":"`+uuid1+`","target.alias":"one"}]}`)
	b.Expect(names(created)).To(Equal([]string{"svm2", "svm1"}))
	b.Expect(b.ok("GET SERVICES/U1")).To(HaveKeyWithValue("target", HaveKeyWithValue("alias", "one")))
	b.Expect(b.do("PATCH SERVICES", `{"records":[{"svm":{"uuid":"`+uuid1+`"},"enabled":"false"},{"svm":{"name":"svm2"},"target":{"alias":"two"}}]}`).Body).To(MatchJSON(`{}`))
	b.Expect(b.ok("GET SERVICES/U1")).To(HaveKeyWithValue("enabled", false))
	b.Expect(b.ok("GET SERVICES/U2")).To(HaveKeyWithValue("target", HaveKeyWithValue("alias", "two")))
	b.Expect(names(b.ok("DELETE SERVICES?return_records=true", `{"records":[{"svm":{"uuid":"`+uuid1+`"}}]}`))).To(Equal([]string{"svm1"}))
	b.Expect(names(b.ok("GET SERVICES"))).To(Equal([]string{"svm2"}))
}

func TestWritesToSeveralServicesGoOnAfterARefusalIfAskedTo(t *testing.T) {
	for request, body := range map[string]string{
		"POST SERVICES":              `{"records":[{"svm.name":"svm2"},{"svm.name":"svm1"}]}`,
		"PATCH SERVICES":             `{"records":[{"svm.name":"svm1"},{"svm.name":"svm2","enabled":false}]}`,
		"DELETE SERVICES?svm.name=*": ``,
	} {
		t.Run(request, func(t *testing.T) {
			b := newBed(t)
			if strings.HasPrefix(request, "DELETE") {
				_, err := b.array.AddSVMs(array.SVM{Name: "svm3", Service: &array.Service{}})
				b.Expect(err).NotTo(HaveOccurred())
			}
			before := b.do("GET SERVICES?fields=*").Body
			b.Expect(b.do(request, body).Status).To(BeNumerically(">=", 400))
			b.Expect(b.do("GET SERVICES?fields=*").Body).To(MatchJSON(before), "the first refusal is the end")
			more := map[bool]string{true: "&", false: "?"}[strings.Contains(request, "?")] + "continue_on_failure=true"
			b.Expect(b.do(request+more, body).Status).To(BeNumerically(">=", 400))
			b.Expect(b.do("GET SERVICES?fields=*").Body).NotTo(MatchJSON(before), "the second service was written")
		})
	}
}

func TestAScopedAccountWritesNoRecordsOfOthers(t *testing.T) {
	b := newBed(t)
	b.array.SetAccount(array.Account{Name: "vsadmin", Password: "secret", Role: array.AdminRole, SVM: "svm1"})
	b.as = [2]string{"vsadmin", "secret"}
	b.refused("PATCH SERVICES", `{"records":[{"svm.name":"svm2","enabled":false}]}`, 404, "2621462", "")
	b.Expect(b.array.SVM(uuid2).Service.Enabled).To(BeTrue())
}

func TestOnASAr2TheServiceLivesAsLongAsItsSVM(t *testing.T) {
	b := newBed(t, func(c *array.Cluster) { c.Platform = array.ASAr2 })
	b.Expect(names(b.ok("GET SERVICES"))).To(Equal([]string{"svm1", "svm2"}))
	b.ok("PATCH SERVICES/U1", `{"enabled":false}`)
	b.refused("DELETE SERVICES/U1", "", 400, "5376452", "")
	b.refused("POST SERVICES", `{"svm.name":"svm1"}`, 400, "5376452", "")
	b.Expect(b.array.RemoveSVM("svm1")).To(BeTrue())
	b.Expect(names(b.ok("GET SERVICES"))).To(Equal([]string{"svm2"}))
}

func TestAJobCarriesARequestOutLater(t *testing.T) {
	b := newBed(t)
	postpone := func(body string) (string, func() Response) {
		response, carryOut := b.api.Postpone(Request{Method: "POST", Path: servicesPath, Body: []byte(body), User: "admin", Password: "secret"})
		b.Expect(response.Status).To(Equal(202))
		b.Expect(response.Header.Get("Location")).To(Equal("/api/protocols/san/iscsi/services/"+uuid1), "as if it were there already")
		var answer struct{ Job struct{ UUID string } }
		b.Expect(json.Unmarshal(response.Body, &answer)).To(Succeed())
		return "cluster/jobs/" + answer.Job.UUID, carryOut
	}
	job, carryOut := postpone(`{"svm.name":"svm1"}`)
	b.Expect(b.ok("GET " + job)).To(HaveKeyWithValue("state", "running"))
	b.Expect(b.array.SVM(uuid1).Service).To(BeNil())
	carryOut()
	b.Expect(b.ok("GET " + job)).To(SatisfyAll(HaveKeyWithValue("state", "success"), Not(HaveKey("error"))))
	b.Expect(b.array.SVM(uuid1).Service).NotTo(BeNil())

	job, carryOut = postpone(`{"svm.name":"svm1"}`)
	carryOut()
	b.Expect(b.ok("GET " + job)).To(SatisfyAll(
		HaveKeyWithValue("state", "failure"),
		HaveKeyWithValue("error", SatisfyAll(HaveKeyWithValue("code", "5374077"), HaveKey("message")))))
}
