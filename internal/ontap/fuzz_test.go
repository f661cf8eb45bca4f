package ontap

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode"
)

func FuzzErrorBody(f *testing.F) {
	for _, seed := range []string{
		`{"error": {"arguments": [{"code": "string", "message": "string"}], "code": "4", "message": "entry doesn't exist", "target": "uuid"}}`,
		`{"error": {"code": 4}}`, `{"error": {"code": "x"}}`, `{"error": {}}`, `{"error": null}`, `{"error": "no"}`, `{"error": {"code": null}}`,
		`<html>error</html>`, ``, `[]`, `{"error": {"code": "99999999999999999999"}}`, "{\"error\": {\"code\": \"4\", \"message\": \"\\u0000\\n\xff\"}}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		refusal, ok := parseError(body)
		if !ok {
			return
		}
		if !json.Valid(body) {
			t.Fatalf("%q is no JSON and passes for the array's word", body)
		}
		refusal.clean(func(text string) string { return text })
		if text := refusal.Error(); strings.ContainsAny(text, "\n\r\x00\x1b") {
			t.Fatalf("%q breaks the line of a log", text)
		}
		if refusal.Message == "" {
			t.Fatal("a refusal says nothing")
		}
		if refusal.Code == 0 && !strings.Contains(string(body), "0") {
			t.Fatalf("%q has no code and passes for the array's word", body)
		}
	})
}

func FuzzServices(f *testing.F) {
	for _, seed := range []string{
		`{"num_records": 1, "records": [{"svm": {"uuid": "19d04b8e-94d7-11e8-8370-005056b48fd2", "name": "svm1"}, "enabled": true,
			"target": {"name": "iqn", "alias": "svm1"}, "metric": {"duration": "PT15S", "timestamp": "2017-01-25 11:20:13 +0000", "iops": {"read": 200}},
			"statistics": {"timestamp": "2024-07-29T16:14:56Z", "status": "ok"}}], "_links": {"next": {"href": "/api/protocols/san/iscsi/services?start=1"}}}`,
		`{"num_records": 0, "records": []}`, `{"num_records": 1, "records": [null]}`, `{"records": {}}`, `null`, ``,
		`{"num_records": 1, "records": [{"svm": null, "enabled": "TRUE"}]}`, `{"num_records": 1e0, "records": [{"metric": {"duration": "P"}}]}`,
		`{"num_records": 1, "records": [{"metric": {"duration": "P1Y2M3W4DT5H6M7.5S"}}]}`,
		`{"num_records": 5, "records": [{"svm": {"uuid": 1, "name": "a"}, "enabled": []}, 7, [{}], {"svm": "x"} , {"svm": {"uuid": "u", "name": "a\u0007"},
			"enabled": true, "metric": {"status": "a\nb", "iops": {"total": 12.5, "read": 1e400}}, "statistics": 4}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var p page[serviceRecord]
		if decode(body, &p) != nil || p.complete() != nil {
			return
		}
		if !json.Valid(body) || *p.NumRecords != len(p.Records) {
			t.Fatalf("%q passes for a page", body)
		}
		for _, row := range p.Records {
			checkService(t, body, row)
		}
		next, err := p.next(servicesPath)
		if err == nil && next != "" && next != servicesPath && !strings.HasPrefix(next, servicesPath+"?") {
			t.Fatalf("%q leads to %q", body, next)
		}
	})
}

// checkService makes sure that a record passes for a service only if it is one.
func checkService(t *testing.T, body []byte, row row[serviceRecord]) {
	t.Helper()
	service, svm, err := convert(row, func(r serviceRecord) (Service, error) { return r.service("", true) })
	switch {
	case err == nil && (service.SVM.UUID == "" || row.record.Enabled == nil):
		t.Fatalf("%q passes for a service", body)
	case err != nil && service != (Service{}):
		t.Fatalf("%q is no service and is returned all the same", body)
	case err == nil:
		svm = service.SVM
	}
	checkShown(t, maxShown, svm.UUID, svm.Name, service.Target.Name, service.Target.Alias)
	if service.Metric != nil {
		checkShown(t, maxStatus, service.Metric.Status)
	}
}

// checkShown makes sure that texts are fit for a message.
func checkShown(t *testing.T, most int, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if len(text) > most || strings.ContainsFunc(text, unicode.IsControl) {
			t.Fatalf("%q is shown", text)
		}
	}
}

func FuzzSamples(f *testing.F) {
	f.Add([]byte(`{"duration": "PT15S", "iops": {"read": 200}, "status": "ok", "svm": {"uuid": "u"}, "timestamp": "2017-01-25 11:20:13 +0000"}`))
	f.Add([]byte(`{"timestamp": ""}`))
	f.Add([]byte(`{"timestamp": "0001-01-01T00:00:00Z", "duration": "-P1D"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var record sampleRecord
		if decode(body, &record) != nil {
			return
		}
		if sample, err := record.sample("u"); err == nil && sample.Timestamp.IsZero() {
			t.Fatalf("%q passes for a sample", body)
		}
	})
}

func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"svm1", `../../x?y#z`, "a&fields=*", `a"b`, "a|b", "!null", "null", "a..b", "<5", "*", "", " ", "%00", "a;b", "a+b", "ß"} {
		f.Add("svm.name", seed)
	}
	f.Add("svm.name&fields", "x")
	f.Fuzz(func(t *testing.T, field, value string) {
		query, err := Query{}.Where(Field(field), Equal(value)).Select(Enabled).OrderBy(SVMName, Descending).encode()
		if err != nil {
			return
		}
		if field == "fields" || field == "order_by" {
			return // as written: a caller who names a parameter as a field gets it
		}
		target, err := url.Parse("https://array.example" + servicesPath + query)
		if err != nil {
			t.Fatalf("%q is no query: %v", query, err)
		}
		values, err := url.ParseQuery(target.RawQuery)
		if err != nil {
			t.Fatalf("%q is no query: %v", query, err)
		}
		if target.Path != servicesPath || target.Fragment != "" || len(values) != 3 || values.Get("fields") != "enabled" ||
			values.Get("order_by") != "svm.name desc" || len(values[field]) != 1 {
			t.Fatalf("field %q and value %q become %q", field, value, query)
		}
		checkOperand(t, value, values.Get(field))
	})
}

// checkOperand makes sure that the operand stands for the value, and for nothing else.
func checkOperand(t *testing.T, value, operand string) {
	t.Helper()
	inner, quoted := strings.CutPrefix(operand, `"`)
	if quoted {
		inner, quoted = strings.CutSuffix(inner, `"`)
	}
	if inner != value {
		t.Fatalf("%q becomes %q", value, operand)
	}
	if strings.Contains(inner, `"`) || !quoted && (strings.ContainsAny(inner, "*|!<>{},\" ") || strings.Contains(inner, "..") || inner == "null") {
		t.Fatalf("%q keeps operators in %q", value, operand)
	}
}
