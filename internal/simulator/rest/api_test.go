package rest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
)

const (
	uuid1 = "19d04b8e-94d7-11e8-8370-005056b48fd2"
	uuid2 = "25f617cf-94d7-11e8-8370-005056b48fd2"
	uuid3 = "3cd1f7a5-94d7-11e8-8370-005056b48fd2"
)

// now is the time of all tests: not on a sample's boundary.
var now = time.Date(2026, time.March, 4, 12, 0, 7, 0, time.UTC)

// bed is an array with svm1, without a service, and svm2, with one.
type bed struct {
	*WithT
	array *array.Array
	api   *API
	// as is who requests are sent as: name and password.
	as     [2]string
	accept string
}

func newBed(t *testing.T, change ...func(*array.Cluster)) *bed {
	t.Helper()
	cluster := array.Cluster{Name: "array1", Version: array.Version{Generation: 9, Major: 16, Minor: 1}, Platform: array.Unified, ISCSILicensed: true}
	for _, change := range change {
		change(&cluster)
	}
	a := array.New(cluster, func() time.Time { return now })
	_, err := a.AddSVMs(
		array.SVM{Name: "svm1", UUID: uuid1, ISCSIAllowed: true, NVMeAllowed: true},
		array.SVM{Name: "svm2", UUID: uuid2, ISCSIAllowed: true, NVMeAllowed: true,
			Service: &array.Service{Enabled: true, Alias: "svm2"}, Sessions: []array.Session{{Initiator: "iqn.1998-01.com.example:host1"}}},
	)
	b := &bed{WithT: NewWithT(t), array: a, api: New(a), as: [2]string{"admin", "secret"}, accept: "application/json"}
	b.Expect(err).NotTo(HaveOccurred())
	a.SetAccount(array.Account{Name: "admin", Password: "secret", Role: array.AdminRole})
	return b
}

// do sends "METHOD path?query" below /api.
func (b *bed) do(request string, body ...string) Response {
	method, target, _ := strings.Cut(request, " ")
	path, query, _ := strings.Cut(target, "?")
	path = strings.NewReplacer("SERVICES", "protocols/san/iscsi/services", "SESSIONS", "protocols/san/iscsi/sessions", "U1", uuid1, "U2", uuid2, "U3", uuid3).Replace(path)
	return b.api.Do(Request{
		Method: method, Path: "/api/" + path, Query: query, Accept: b.accept,
		Body: []byte(strings.Join(body, "")), User: b.as[0], Password: b.as[1],
	})
}

// ok is do for requests that succeed; it returns the decoded body.
func (b *bed) ok(request string, body ...string) map[string]any {
	response := b.do(request, body...)
	b.ExpectWithOffset(1, response.Status).To(BeNumerically("<", 300), "%s: %s", request, response.Body)
	var decoded map[string]any
	b.ExpectWithOffset(1, json.Unmarshal(response.Body, &decoded)).To(Succeed())
	return decoded
}

// refused is do for requests that don't; it checks status, code and target.
func (b *bed) refused(request, body string, status int, code, target string) {
	response := b.do(request, body)
	var decoded struct {
		Error struct{ Message, Code, Target string }
	}
	b.ExpectWithOffset(1, json.Unmarshal(response.Body, &decoded)).To(Succeed(), "%s: %s", request, response.Body)
	b.ExpectWithOffset(1, response.Status).To(Equal(status), "%s: %s", request, response.Body)
	b.ExpectWithOffset(1, decoded.Error.Code).To(Equal(code), "%s: %s", request, response.Body)
	b.ExpectWithOffset(1, decoded.Error.Target).To(Equal(target), "%s: %s", request, response.Body)
	b.ExpectWithOffset(1, decoded.Error.Message).NotTo(BeEmpty())
}

// names returns the SVM names of a collection's records.
func names(page map[string]any) []string {
	all := []string{}
	for _, record := range page["records"].([]any) {
		fields := record.(map[string]any)
		if svm, ok := fields["svm"].(map[string]any); ok {
			fields = svm
		}
		all = append(all, fields["name"].(string))
	}
	return all
}

func next(page map[string]any) string {
	links, _ := page["_links"].(map[string]any)
	link, _ := links["next"].(map[string]any)
	href, _ := link["href"].(string)
	return href
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		request, body string
		status        int
		code, target  string
	}{
		"an API that doesn't exist":               {"GET nothing", "", 404, "3", ""},
		"a method that isn't supported":           {"POST cluster", "{}", 405, "3", ""},
		"PUT":                                     {"PUT SERVICES/U2", "{}", 405, "3", ""},
		"an unknown parameter":                    {"GET SERVICES?fru=1", "", 400, "262179", "fru"},
		"a filter on an instance":                 {"GET SERVICES/U2?enabled=true", "", 400, "262179", "enabled"},
		"an unknown field":                        {"GET SERVICES?fields=fru", "", 400, "262197", "fields"},
		"a filter of the wrong kind":              {"GET SERVICES?metric.iops.total=many", "", 400, "262197", "metric.iops.total"},
		"a boolean filter of the wrong kind":      {"GET SERVICES?enabled=maybe", "", 400, "262197", "enabled"},
		"a filter twice":                          {"GET SERVICES?enabled=true&enabled=false", "", 400, "262282", "enabled"},
		"an unknown order":                        {"GET SERVICES?order_by=fru", "", 400, "262268", "order_by"},
		"no records at all":                       {"GET SERVICES?max_records=0", "", 400, "262197", "max_records"},
		"too long a timeout":                      {"GET SERVICES?return_timeout=121", "", 400, "262197", "return_timeout"},
		"a timeout that is none, on a write":      {"PATCH SERVICES/U2?return_timeout=x", "{}", 400, "262197", "return_timeout"},
		"a malformed query":                       {"GET SERVICES?svm.name=%zz", "", 400, "2", ""},
		"a page that begins nowhere":              {"GET SERVICES?start.fru=1", "", 400, "262179", "start.fru"},
		"a body on GET":                           {"GET SERVICES", `{"a":1}`, 400, "262198", ""},
		"a body on DELETE":                        {"DELETE SERVICES/U2", `{"a":1}`, 400, "262198", ""},
		"a body on DELETE of the collection":      {"DELETE SERVICES?enabled=true", `{"a":1}`, 400, "262198", ""},
		"records and something else":              {"PATCH SERVICES", `{"records":[],"enabled":true}`, 400, "262186", "records"},
		"records and a filter":                    {"DELETE SERVICES?enabled=false", `{"records":[]}`, 400, "262186", "records"},
		"records that are none":                   {"POST SERVICES", `{"records":{}}`, 400, "262197", "records"},
		"a record that is none":                   {"POST SERVICES", `{"records":[1]}`, 400, "262199", ""},
		"a record with an unknown property":       {"POST SERVICES", `{"records":[{"fru":1}]}`, 400, "262179", "fru"},
		"a record of an unknown SVM":              {"DELETE SERVICES", `{"records":[{"svm.name":"svm9"}]}`, 404, "2621462", "svm.name"},
		"a record without a service":              {"PATCH SERVICES", `{"records":[{"svm.name":"svm1"}]}`, 404, "5374078", ""},
		"records of one service":                  {"PATCH SERVICES/U2", `{"records":[]}`, 400, "262179", "records"},
		"a failure that is no boolean":            {"PATCH SERVICES?continue_on_failure=x", `{}`, 400, "262197", "continue_on_failure"},
		"bad JSON":                                {"POST SERVICES", `{"svm":`, 400, "262199", ""},
		"more after the JSON":                     {"POST SERVICES", `{} {}`, 400, "262199", ""},
		"a list in place of an object":            {"POST SERVICES", `[]`, 400, "262199", ""},
		"an unknown property":                     {"POST SERVICES", `{"svm.name":"svm1","target":{"fru":1}}`, 400, "262179", "target.fru"},
		"a property twice, nested and dotted":     {"POST SERVICES", `{"svm.name":"svm1","svm":{"name":"svm1"}}`, 400, "262282", "svm.name"},
		"a read-only property in POST":            {"POST SERVICES", `{"svm.name":"svm1","target.name":"iqn.2000-01.example:x"}`, 400, "262196", "target.name"},
		"a read-only property in PATCH":           {"PATCH SERVICES/U2", `{"target":{"name":"iqn.2000-01.example:x"}}`, 400, "262196", "target.name"},
		"metrics can't be set":                    {"PATCH SERVICES/U2", `{"metric":{"status":"ok"}}`, 400, "262196", "metric.status"},
		"the SVM in PATCH":                        {"PATCH SERVICES/U2", `{"svm":{"name":"svm2"}}`, 400, "262203", "svm.name"},
		"enabled is neither":                      {"PATCH SERVICES/U2", `{"enabled":"maybe"}`, 400, "262197", "enabled"},
		"enabled is a number":                     {"PATCH SERVICES/U2", `{"enabled":1}`, 400, "262197", "enabled"},
		"an alias that is no string":              {"PATCH SERVICES/U2", `{"target.alias":[1,{"a":2}]}`, 400, "262197", "target.alias"},
		"an alias with a space":                   {"PATCH SERVICES/U2", `{"target.alias":"a b"}`, 400, "262197", "target.alias"},
		"an alias of 129 characters":              {"PATCH SERVICES/U2", `{"target.alias":"` + strings.Repeat("a", 129) + `"}`, 400, "262197", "target.alias"},
		"an empty alias in POST":                  {"POST SERVICES", `{"svm.name":"svm1","target.alias":""}`, 400, "262197", "target.alias"},
		"POST without an SVM":                     {"POST SERVICES", `{}`, 400, "2621707", ""},
		"POST without a body":                     {"POST SERVICES", ``, 400, "2621707", ""},
		"POST to an unknown name":                 {"POST SERVICES", `{"svm.name":"svm9"}`, 404, "2621462", "svm.name"},
		"POST to an unknown UUID":                 {"POST SERVICES", `{"svm.uuid":"` + uuid3 + `"}`, 404, "2621462", "svm.uuid"},
		"POST to two SVMs":                        {"POST SERVICES", `{"svm":{"name":"svm1","uuid":"` + uuid2 + `"}}`, 400, "2621706", ""},
		"POST where a service exists":             {"POST SERVICES", `{"svm.name":"svm2"}`, 409, "5374077", ""},
		"GET of an unknown SVM":                   {"GET SERVICES/U3", "", 404, "2621462", "svm.uuid"},
		"GET of something that is no UUID":        {"GET SERVICES/fru", "", 404, "2621462", "svm.uuid"},
		"GET where there is no service":           {"GET SERVICES/U1", "", 404, "5374078", ""},
		"PATCH of an unknown SVM":                 {"PATCH SERVICES/U3", "{}", 404, "2621462", "svm.uuid"},
		"PATCH where there is no service":         {"PATCH SERVICES/U1", `{"enabled":false}`, 404, "5374078", ""},
		"DELETE of an unknown SVM":                {"DELETE SERVICES/U3", "", 404, "2621462", "svm.uuid"},
		"DELETE where there is no service":        {"DELETE SERVICES/U1", "", 404, "5374078", ""},
		"DELETE while enabled":                    {"DELETE SERVICES/U2", "", 409, "5373960", ""},
		"DELETE of a collection, some enabled":    {"DELETE SERVICES?svm.name=svm*", "", 409, "5373960", ""},
		"metrics of an unknown SVM":               {"GET SERVICES/U3/metrics", "", 404, "8585947", ""},
		"metrics where there is no service":       {"GET SERVICES/U1/metrics", "", 404, "8585947", ""},
		"an unknown interval":                     {"GET SERVICES/U2/metrics?interval=2h", "", 400, "262197", "interval"},
		"a time that is none":                     {"GET SERVICES/U2/metrics/yesterday", "", 400, "262197", "timestamp"},
		"a time without a sample":                 {"GET SERVICES/U2/metrics/2026-03-04T12:00:01Z", "", 404, "8585947", "timestamp"},
		"an interval where there are no metrics":  {"GET SERVICES?interval=1h", "", 400, "262179", "interval"},
		"an unknown SVM":                          {"GET svm/svms/U3", "", 404, "4", "uuid"},
		"an unknown job":                          {"GET cluster/jobs/U3", "", 404, "4", "uuid"},
		"an unknown session":                      {"GET SESSIONS/U2/tpg1/99", "", 404, "4", "tsih"},
		"ignore_unknown_fields must be a boolean": {"GET SERVICES?ignore_unknown_fields=x", "", 400, "262197", "ignore_unknown_fields"},
	} {
		t.Run(name, func(t *testing.T) {
			newBed(t).refused(c.request, c.body, c.status, c.code, c.target)
		})
	}
}

func TestWhatTheArrayIsLikeDecidesWhetherAServiceCanBeCreated(t *testing.T) {
	for name, c := range map[string]struct {
		cluster func(*array.Cluster)
		svm     func(*array.SVM)
		code    string
	}{
		"no license":        {cluster: func(c *array.Cluster) { c.ISCSILicensed = false }, code: "1115127"},
		"iSCSI not allowed": {svm: func(s *array.SVM) { s.ISCSIAllowed = false }, code: "2621507"},
		"NVMe configured":   {svm: func(s *array.SVM) { s.NVMeConfigured = true }, code: "5373966"},
		"SVM stopped":       {svm: func(s *array.SVM) { s.State = array.Stopped }, code: "5374893"},
		"SVM starting":      {svm: func(s *array.SVM) { s.State = array.Starting }, code: "5374893"},
		"ASA r2":            {cluster: func(c *array.Cluster) { c.Platform = array.ASAr2 }, code: "5376452"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			if c.cluster != nil {
				b.array.ChangeCluster(c.cluster)
			}
			if c.svm != nil {
				_, err := b.array.Change("svm1", func(svm *array.SVM) error { c.svm(svm); return nil })
				b.Expect(err).NotTo(HaveOccurred())
			}
			b.refused("POST SERVICES", `{"svm.name":"svm1"}`, http.StatusBadRequest, c.code, "")
			b.Expect(b.array.SVM(uuid1).Service).To(BeNil())
		})
	}
}
