package ontap_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// The answers of the reference, "Examples" and "Example response".
const (
	createdBody = `{"num_records": 1, "records": [{
		"svm": {"uuid": "19d04b8e-94d7-11e8-8370-005056b48fd2", "name": "svm1",
			"_links": {"self": {"href": "/api/svm/svms/19d04b8e-94d7-11e8-8370-005056b48fd2"}}},
		"enabled": true,
		"target": {"name": "iqn.1992-08.com.netapp:sn.19d04b8e94d711e88370005056b48fd2:vs.4", "alias": "svm1"},
		"_links": {"self": {"href": "/api/protocols/san/iscsi/services/19d04b8e-94d7-11e8-8370-005056b48fd2"}}}]}`

	instanceBody = `{
		"svm": {"uuid": "19d04b8e-94d7-11e8-8370-005056b48fd2", "name": "svm1"},
		"enabled": true,
		"target": {"name": "iqn.1992-08.com.netapp:sn.19d04b8e94d711e88370005056b48fd2:vs.4", "alias": "svm1"},
		"_links": {"self": {"href": "/api/protocols/san/iscsi/services/19d04b8e-94d7-11e8-8370-005056b48fd2"}}}`

	measuredBody = `{"num_records": 1, "records": [{
		"svm": {"uuid": "19d04b8e-94d7-11e8-8370-005056b48fd2", "name": "svm1"},
		"metric": {"duration": "PT15S", "status": "ok", "timestamp": "2017-01-25 11:20:13 +0000",
			"iops": {"read": 200, "total": 1000, "write": 100, "other": 700},
			"latency": {"read": 201, "total": 1001, "write": 101},
			"throughput": {"read": 202, "total": 1002, "write": 102}},
		"statistics": {"status": "a word from the future", "timestamp": "2024-07-29T18:14:56+02:00",
			"iops_raw": {"read": 203, "total": 1003, "write": 103, "other": 697},
			"latency_raw": {"read": 204, "total": 1004, "write": 9007199254740993},
			"throughput_raw": {"read": 205, "total": 1005, "write": 105}}}]}`
)

var service1 = ontap.Service{
	SVM:     ontap.SVMRef{UUID: svm1, Name: "svm1"},
	Enabled: true,
	Target:  ontap.Target{Name: iqn1, Alias: "svm1"},
}

func TestCreateServiceSendsWhatIsWantedAndNothingElse(t *testing.T) {
	for _, tc := range []struct {
		name   string
		create ontap.ServiceCreate
		body   string
	}{
		{"an SVM by name leaves the rest to the array", ontap.ServiceCreate{SVM: ontap.SVMRef{Name: "svm1"}},
			`{"svm": {"name": "svm1"}}`},
		{"an SVM by UUID", ontap.ServiceCreate{SVM: ontap.SVMRef{UUID: svm1}},
			`{"svm": {"uuid": "` + svm1 + `"}}`},
		{"false is said, not left out", ontap.ServiceCreate{SVM: ontap.SVMRef{UUID: svm1, Name: "svm1"}, Enabled: new(false)},
			`{"svm": {"uuid": "` + svm1 + `", "name": "svm1"}, "enabled": false}`},
		{"an alias", ontap.ServiceCreate{SVM: ontap.SVMRef{Name: "svm1"}, Enabled: new(true), Alias: new("blue")},
			`{"svm": {"name": "svm1"}, "enabled": true, "target": {"alias": "blue"}}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := NewWithT(t)
			array := answering(t, http.StatusCreated, createdBody)

			service, err := array.client(t).CreateService(t.Context(), tc.create)

			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(service).To(Equal(service1))
			g.Expect(array.lines()).To(Equal([]string{"POST " + services + "?return_records=true"}))
			g.Expect(array.received()[0].Body).To(MatchJSON(tc.body))
			g.Expect(array.received()[0].Header.Get("Content-Type")).To(Equal("application/json"))
		})
	}
}

func TestCreateServiceDoesNotTakeAnythingForSuccess(t *testing.T) {
	for _, tc := range []struct {
		name, body string
	}{
		{"an empty object is not the record that was asked for", `{}`},
		{"no record is not one record", `{"num_records": 0, "records": []}`},
		{"another SVM's service", `{"num_records": 1, "records": [{"svm": {"uuid": "` + svm2 + `", "name": "svm2"}, "enabled": true}]}`},
		{"a service whose state is not told", `{"num_records": 1, "records": [{"svm": {"uuid": "` + svm1 + `", "name": "svm1"}}]}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := NewWithT(t)
			_, err := answering(t, http.StatusCreated, tc.body).client(t).
				CreateService(t.Context(), ontap.ServiceCreate{SVM: ontap.SVMRef{Name: "svm1"}})

			var transport *ontap.TransportError
			g.Expect(err).To(BeAssignableToTypeOf(transport))
			g.Expect(ontap.MaybeApplied(err)).To(BeTrue())
		})
	}
}

func TestReadService(t *testing.T) {
	for _, tc := range []struct {
		name, body, uri string
		fields          []ontap.Field
		want            ontap.Service
	}{
		{"without fields everything is read", instanceBody, services + "/" + svm1, nil, service1},
		{"with fields only these are asked for", instanceBody, services + "/" + svm1 + "?fields=enabled%2Ctarget.name",
			[]ontap.Field{ontap.Enabled, ontap.TargetName}, service1},
		{"a boolean may come as a string, and an alias that was cleared not at all",
			`{"svm": {"uuid": "` + svm1 + `", "name": "svm1"}, "enabled": "false", "target": {"name": null}}`, services + "/" + svm1, nil,
			ontap.Service{SVM: ontap.SVMRef{UUID: svm1, Name: "svm1"}}},
		{"upper case is the same UUID", instanceBody, services + "/19D04B8E-94D7-11E8-8370-005056B48FD2", nil, service1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := NewWithT(t)
			array := answering(t, http.StatusOK, tc.body)
			uuid := tc.uri[len(services)+1:][:36]

			service, err := array.client(t).Service(t.Context(), uuid, tc.fields...)

			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(service).To(Equal(tc.want))
			g.Expect(array.lines()).To(Equal([]string{"GET " + tc.uri}))
		})
	}
}

func TestReadServiceRefusesARecordThatIsNotTheAnswer(t *testing.T) {
	for _, tc := range []struct {
		name, body string
		fields     []ontap.Field
	}{
		{"another SVM's record", `{"svm": {"uuid": "` + svm2 + `"}, "enabled": true}`, nil},
		{"a record without svm.uuid", `{"svm": {"name": "svm1"}, "enabled": true}`, nil},
		{"an empty object", `{}`, nil},
		{"a record without enabled, which would read as disabled", `{"svm": {"uuid": "` + svm1 + `"}}`, nil},
		{"the same when enabled was named", `{"svm": {"uuid": "` + svm1 + `"}}`, []ontap.Field{ontap.Enabled}},
		{"the same when everything was", `{"svm": {"uuid": "` + svm1 + `"}}`, []ontap.Field{ontap.AllFields}},
		{"an enabled that is neither true nor false", `{"svm": {"uuid": "` + svm1 + `"}, "enabled": "maybe"}`, nil},
		{"a number where an object belongs", `{"svm": 4, "enabled": true}`, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := NewWithT(t)
			_, err := answering(t, http.StatusOK, tc.body).client(t).Service(t.Context(), svm1, tc.fields...)

			var transport *ontap.TransportError
			g.Expect(err).To(BeAssignableToTypeOf(transport))
			g.Expect(ontap.MaybeApplied(err)).To(BeFalse(), "a read applies nothing")
			g.Expect(err.Error()).NotTo(ContainSubstring("Go struct"))
		})
	}
}

func TestReadServiceDoesNotMissFieldsItWasNotAskedFor(t *testing.T) {
	g := NewWithT(t)
	array := answering(t, http.StatusOK, `{"svm": {"uuid": "`+svm1+`"}, "target": {"name": "`+iqn1+`"}}`)

	service, err := array.client(t).Service(t.Context(), svm1, ontap.TargetName)

	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(service.Target.Name).To(Equal(iqn1))
}

func TestServicesCarryTheirNumbers(t *testing.T) {
	g := NewWithT(t)
	array := answering(t, http.StatusOK, measuredBody)

	var got []ontap.Service
	for service, err := range array.client(t).Services(t.Context(), ontap.Query{}.Select(ontap.MetricFields, ontap.StatisticsFields)) {
		g.Expect(err).NotTo(HaveOccurred())
		got = append(got, service)
	}

	g.Expect(got).To(HaveLen(1))
	g.Expect(*got[0].Metric).To(Equal(ontap.Metric{
		Timestamp:  time.Date(2017, 1, 25, 11, 20, 13, 0, time.UTC),
		Duration:   15 * time.Second,
		Status:     ontap.StatusOK,
		IOPS:       ontap.Operations{Read: 200, Write: 100, Other: 700, Total: 1000},
		Latency:    ontap.Operations{Read: 201, Write: 101, Total: 1001},
		Throughput: ontap.Bytes{Read: 202, Write: 102, Total: 1002},
	}))
	g.Expect(*got[0].Statistics).To(Equal(ontap.Statistics{
		Timestamp:     time.Date(2024, 7, 29, 16, 14, 56, 0, time.UTC),
		Status:        "a word from the future",
		IOPSRaw:       ontap.Operations{Read: 203, Write: 103, Other: 697, Total: 1003},
		LatencyRaw:    ontap.Operations{Read: 204, Write: 9007199254740993, Total: 1004},
		ThroughputRaw: ontap.Bytes{Read: 205, Write: 105, Total: 1005},
	}))
	g.Expect(array.lines()).To(Equal([]string{"GET " + services + "?fields=metric%2Cstatistics"}))
}

func TestServicesAskForEnabledWhenNothingIsSelected(t *testing.T) {
	g := NewWithT(t)
	array := answering(t, http.StatusOK, `{"num_records": 1, "records": [{"svm": {"uuid": "`+svm1+`"}}]}`)

	for _, err := range array.client(t).Services(t.Context(), ontap.Query{}) {
		g.Expect(err).To(MatchError(ContainSubstring("no enabled")))
	}
	g.Expect(array.lines()).To(Equal([]string{"GET " + services + "?fields=%2A"}))
}

func TestUpdateAndDelete(t *testing.T) {
	update := func(u ontap.ServiceUpdate) func(context.Context, *ontap.Client) error {
		return func(ctx context.Context, c *ontap.Client) error { return c.UpdateService(ctx, svm1, u) }
	}
	for _, tc := range []struct {
		name string
		call func(context.Context, *ontap.Client) error
		line string
		body string
	}{
		{"disabling says false", update(ontap.ServiceUpdate{Enabled: new(false)}), "PATCH", `{"enabled": false}`},
		{"an empty alias clears it", update(ontap.ServiceUpdate{Alias: new("")}), "PATCH", `{"target": {"alias": ""}}`},
		{"two differences are one request", update(ontap.ServiceUpdate{Enabled: new(true), Alias: new("a")}), "PATCH",
			`{"enabled": true, "target": {"alias": "a"}}`},
		{"a deletion has no body", func(ctx context.Context, c *ontap.Client) error { return c.DeleteService(ctx, svm1) }, "DELETE", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := NewWithT(t)
			array := answering(t, http.StatusOK, `{}`)

			g.Expect(tc.call(t.Context(), array.client(t))).To(Succeed())

			g.Expect(array.lines()).To(Equal([]string{tc.line + " " + services + "/" + svm1}))
			if tc.body == "" {
				g.Expect(array.received()[0].Body).To(BeEmpty())
				g.Expect(array.received()[0].Header).NotTo(HaveKey("Content-Type"))
			} else {
				g.Expect(array.received()[0].Body).To(MatchJSON(tc.body))
			}
		})
	}
}

func TestRequestsThatCannotBeMeantAreNotSent(t *testing.T) {
	g := NewWithT(t)
	array := answering(t, http.StatusOK, `{}`)
	client := array.client(t)
	ctx := t.Context()

	for _, uuid := range []string{"", ".", "..", "../../cluster", "*", "a|b", "!null", svm1 + "/metrics", svm1 + "?x=y", "{" + svm1 + "}",
		"urn:uuid:" + svm1, "19d04b8e94d711e88370005056b48fd2", "%2e%2e"} {
		_, err := client.Service(ctx, uuid)
		g.Expect(err).To(MatchError(ontap.ErrInvalidRequest), "read %q", uuid)
		g.Expect(client.UpdateService(ctx, uuid, ontap.ServiceUpdate{Enabled: new(true)})).To(MatchError(ontap.ErrInvalidRequest), "update %q", uuid)
		g.Expect(client.DeleteService(ctx, uuid)).To(MatchError(ontap.ErrInvalidRequest), "delete %q", uuid)
		_, err = client.ServiceMetricsAt(ctx, uuid, time.Now())
		g.Expect(err).To(MatchError(ontap.ErrInvalidRequest), "sample of %q", uuid)
		_, err = client.SessionCount(ctx, uuid)
		g.Expect(err).To(MatchError(ontap.ErrInvalidRequest), "sessions of %q", uuid)
		_, err = client.ServiceMetricsCount(ctx, uuid, ontap.MetricsQuery{})
		g.Expect(err).To(MatchError(ontap.ErrInvalidRequest), "samples of %q", uuid)
		for _, err := range client.ServiceMetrics(ctx, uuid, ontap.MetricsQuery{}) {
			g.Expect(err).To(MatchError(ontap.ErrInvalidRequest), "history of %q", uuid)
		}
	}
	_, err := client.CreateService(ctx, ontap.ServiceCreate{})
	g.Expect(err).To(MatchError(ontap.ErrInvalidRequest))
	_, err = client.ServiceMetricsAt(ctx, svm1, time.Time{})
	g.Expect(err).To(MatchError(ontap.ErrInvalidRequest))
	err = client.UpdateService(ctx, svm1, ontap.ServiceUpdate{})
	g.Expect(err).To(MatchError(ontap.ErrInvalidRequest))
	g.Expect(ontap.MaybeApplied(err)).To(BeFalse())

	g.Expect(array.lines()).To(BeEmpty())
}

func TestAnSVMNameCannotChangeTheRequest(t *testing.T) {
	const name = `../../x?y#z&fields=*`
	g := NewWithT(t)
	array := answering(t, http.StatusOK, `{"num_records": 0, "records": []}`)
	client := array.client(t)

	for range client.Services(t.Context(), ontap.Query{}.Where(ontap.SVMName, ontap.Equal(name))) {
	}
	_, err := client.CreateService(t.Context(), ontap.ServiceCreate{SVM: ontap.SVMRef{Name: name}})
	g.Expect(err).To(HaveOccurred())

	g.Expect(array.lines()).To(Equal([]string{
		"GET " + services + "?svm.name=%22..%2F..%2Fx%3Fy%23z%26fields%3D%2A%22&fields=%2A",
		"POST " + services + "?return_records=true",
	}))
	g.Expect(array.received()[1].Body).To(MatchJSON(`{"svm": {"name": "../../x?y#z&fields=*"}}`))
}
