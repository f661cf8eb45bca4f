package rest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
)

func fuzzAPI(f *testing.F) *API {
	a := array.New(array.Cluster{Name: "fuzz", Version: array.Version{Generation: 9, Major: 16}, Platform: array.Unified, ISCSILicensed: true}, func() time.Time { return now })
	a.SetAccount(array.Account{Name: "admin", Password: "secret", Role: array.AdminRole})
	if _, err := a.AddSVMs(
		array.SVM{Name: "svm1", UUID: uuid1, ISCSIAllowed: true},
		array.SVM{Name: "svm2", UUID: uuid2, ISCSIAllowed: true, Service: &array.Service{Enabled: true, Alias: "two"}},
	); err != nil {
		f.Fatal(err)
	}
	return New(a)
}

// check fails unless an answer is JSON, and an error if its status says so.
func check(t *testing.T, response Response) {
	t.Helper()
	var body struct {
		Error *struct{ Message, Code string }
	}
	if err := json.Unmarshal(response.Body, &body); err != nil {
		t.Fatalf("%v: %s", err, response.Body)
	}
	if (response.Status >= 400) != (body.Error != nil) || response.Status >= 500 {
		t.Fatalf("status %d with %s", response.Status, response.Body)
	}
	if body.Error != nil && (body.Error.Code == "" || body.Error.Message == "") {
		t.Fatalf("an error without code or message: %s", response.Body)
	}
}

// FuzzQuery: whatever the query, a GET is answered with JSON that is either records or an error.
func FuzzQuery(f *testing.F) {
	api := fuzzAPI(f)
	for _, seed := range []string{
		"", "fields=**", "svm.name=svm*|x&enabled=!false", "order_by=svm.name%20desc&max_records=1", "start.index=7&order_by=enabled",
		"start.svm.name=svm1&start.svm.uuid=x", "return_records=false", "metric.iops.total=>5&metric.timestamp=2026-01-01..2026-02-01",
		"ignore_unknown_fields=true&%zz", "interval=1y&fields=!iops.{read,write}", "a=1;b=2", "start.timestamp=2026-03-04T12%3A00%3A00Z", "&&=&",
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, query string, metrics bool) {
		path := servicesPath
		if metrics {
			path += "/" + uuid2 + "/metrics"
		}
		check(t, api.Do(Request{Method: "GET", Path: path, Query: query, User: "admin", Password: "secret"}))
	})
}

// FuzzBody: whatever the body, a PATCH that can't do harm is answered with JSON.
func FuzzBody(f *testing.F) {
	api := fuzzAPI(f)
	for _, seed := range []string{
		"", "{}", `{"enabled":"false"}`, `{"target":{"alias":""}}`, `{"target.alias":null}`, `{"a":[{"b":[1,2,{}]}]}`, `{"enabled":true,"enabled":false}`,
		`{"svm":{"name":1}}`, `[`, `{"a":`, `"`, `{"":{"":""}}`, "\xff",
		`{"records":[{"svm.name":"svm2","enabled":false},{}]}`, `{"records":null}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, path := range []string{servicesPath, servicesPath + "/" + uuid2} {
			check(t, api.Do(Request{Method: "PATCH", Path: path, Body: body, User: "admin", Password: "secret"}))
		}
		api.Subject(Request{Method: "POST", Path: servicesPath, Body: body})
	})
}

// FuzzPath: whatever the path, the answer is JSON.
func FuzzPath(f *testing.F) {
	api := fuzzAPI(f)
	for _, seed := range []string{"", "/", servicesPath, servicesPath + "/" + uuid2 + "/metrics/2026-03-04T12:00:00Z", sessionsPath + "/a/b/c", "/api/../x", "//"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		check(t, api.Do(Request{Method: "GET", Path: path, User: "admin", Password: "secret"}))
		api.Subject(Request{Path: path})
	})
}
