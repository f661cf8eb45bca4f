package simulator

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestTheJournalHoldsWhatWasSent(t *testing.T) {
	b := newBed(t)
	b.api("POST", services+"?return_records=true", `{"svm.name":"svm1"}`)
	b.api("GET", "/api/svm/svms/a%20b", "")
	journal := b.control("GET", "/journal", "").([]any)
	b.Expect(journal).To(HaveExactElements(
		SatisfyAll(
			HaveKeyWithValue("seq", 1.0), HaveKeyWithValue("method", "POST"), HaveKeyWithValue("path", services),
			HaveKeyWithValue("query", "return_records=true"), HaveKeyWithValue("body", `{"svm.name":"svm1"}`),
			HaveKeyWithValue("status", 201.0), HaveKeyWithValue("account", "admin"),
			HaveKeyWithValue("received", Not(BeEmpty())), HaveKeyWithValue("answered", Not(BeEmpty()))),
		SatisfyAll(HaveKeyWithValue("seq", 2.0), HaveKeyWithValue("path", "/api/svm/svms/a b"), HaveKeyWithValue("status", 404.0))))
	b.Expect(b.control("GET", "/journal?after=1", "")).To(HaveLen(1))
	b.Expect(b.control("GET", "/journal?after=2&wait=1ms", "")).To(BeEmpty())
	b.control("DELETE", "/journal", "")
	b.Expect(b.control("GET", "/journal", "")).To(BeEmpty())
	b.api("GET", services, "")
	b.Expect(b.control("GET", "/journal?after=2&wait=30s", "")).To(HaveExactElements(HaveKeyWithValue("seq", 3.0)))
}

func TestABarrierHoldsARequestBeforeOrAfterItIsCarriedOut(t *testing.T) {
	for stage, applied := range map[string]bool{"before": false, "after": true} {
		t.Run(stage, func(t *testing.T) {
			b := newBed(t)
			id := b.id(b.control("POST", "/barriers", `{"method":"POST","path":"`+services+`","svm":"svm1","stage":"`+stage+`"}`))
			b.Expect(b.api("POST", services, `{"svm.name":"svm2"}`).status).To(Equal(409), "another SVM's request passes")

			answered := make(chan int, 1)
			go func() { got, _ := b.try("POST", services, `{"svm":{"name":"svm1"}}`); answered <- got.status }()
			b.Expect(b.control("GET", "/barriers/"+id+"?wait=30s", "")).To(HaveKeyWithValue("held", 1.0))
			b.Expect(b.svm("svm1")["service"] != nil).To(Equal(applied))
			b.Expect(answered).NotTo(Receive())
			b.Expect(b.control("GET", "/journal?after=1", "")).To(HaveExactElements(SatisfyAll(HaveKeyWithValue("status", 0.0), HaveKeyWithValue("answered", BeNil()))))

			b.control("DELETE", "/barriers/"+id, "")
			b.Eventually(answered, "30s").Should(Receive(Equal(201)))
			b.Expect(b.svm("svm1")["service"]).NotTo(BeNil())
		})
	}
}

func TestWhatIsHeldIsCarriedOutThoughItsClientIsGone(t *testing.T) {
	b := newBed(t)
	id := b.id(b.control("POST", "/barriers", `{"method":"POST","stage":"before"}`))
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		request, _ := http.NewRequestWithContext(ctx, http.MethodPost, b.sim.URL+services, strings.NewReader(`{"svm.name":"svm1"}`))
		request.SetBasicAuth("admin", "secret")
		_, err := b.client.Do(request) //nolint:bodyclose // there is none
		gone <- err
	}()
	b.control("GET", "/barriers/"+id+"?wait=30s", "")
	cancel()
	b.Eventually(gone, "30s").Should(Receive(MatchError(context.Canceled)))
	b.Expect(b.svm("svm1")["service"]).To(BeNil())
	b.control("DELETE", "/barriers", "")
	b.Eventually(func() any { return b.svm("svm1")["service"] }, "30s").ShouldNot(BeNil())
}

func TestABarrierHoldsAsManyAsItsCount(t *testing.T) {
	b := newBed(t)
	id := b.id(b.control("POST", "/barriers", `{"method":"GET","path":"/api/cluster","stage":"before","count":2}`))
	done := make(chan struct{}, 2)
	for range 2 {
		go func() { _, _ = b.try("GET", "/api/cluster", ""); done <- struct{}{} }()
	}
	b.Eventually(func() any { return b.control("GET", "/barriers/"+id, "") }, "30s").Should(HaveKeyWithValue("held", 2.0))
	b.Expect(b.api("GET", "/api/cluster", "").status).To(Equal(200), "the third passes")
	status, value := b.controlStatus("GET", "/barriers/"+b.id(b.control("POST", "/barriers", `{"stage":"after"}`))+"?wait=1ms", "")
	b.Expect(status).To(Equal(409), "%v", value)
	b.control("DELETE", "/barriers", "")
	b.Eventually(done, "30s").Should(Receive())
	b.Eventually(done, "30s").Should(Receive())
}

func TestFaultsThatAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		fault   string
		status  int
		header  [2]string
		body    string
		applied bool
	}{
		"a status":                     {`{"status":503,"retryAfter":"3"}`, 503, [2]string{"Retry-After", "3"}, `"262160"`, false},
		"too many requests":            {`{"status":429,"retryAfter":"1"}`, 429, [2]string{"Retry-After", "1"}, `"7"`, false},
		"unauthorized":                 {`{"status":401}`, 401, [2]string{"Www-Authenticate", `Basic realm="ONTAP"`}, `"6691623"`, false},
		"forbidden":                    {`{"status":403}`, 403, [2]string{}, `{"error":{"message":"not authorized for that command","code":"6"}}`, false},
		"a code, with its status":      {`{"code":"5374893"}`, 400, [2]string{}, `The SVM is stopped.`, false},
		"code, status, message, place": {`{"code":"99","status":500,"message":"oops","target":"svm.name","arguments":[{"code":"1","message":"a"}]}`, 500, [2]string{}, `{"error":{"message":"oops","code":"99","target":"svm.name","arguments":[{"code":"1","message":"a"}]}}`, false},
		"carried out all the same":     {`{"status":500,"applied":true}`, 500, [2]string{}, `"error"`, true},
		"a proxy's page":               {`{"status":502,"body":"html"}`, 502, [2]string{"Content-Type", "text/html"}, "<html>", false},
		"a page in place of JSON":      {`{"body":"html"}`, 201, [2]string{"Content-Type", "text/html"}, "<html>", true},
		"nothing":                      {`{"body":"empty"}`, 201, [2]string{"Content-Length", "0"}, "", true},
		"half the JSON":                {`{"body":"cut"}`, 201, [2]string{"Content-Length", "1"}, "{", true},
		"byte by byte":                 {`{"body":"trickle","headers":"trickle","pause":"1ms"}`, 201, [2]string{"Location", services}, "{}", true},
		"elsewhere":                    {`{"redirect":"https://192.0.2.1/"}`, 307, [2]string{"Location", "https://192.0.2.1/"}, "", false},
		"elsewhere for good":           {`{"redirect":"https://192.0.2.1/","status":308}`, 308, [2]string{"Location", "https://192.0.2.1/"}, "", false},
		"late":                         {`{"delay":"20ms"}`, 201, [2]string{"Location", services}, "{}", true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			b.control("POST", "/faults", `{"method":"POST","svm":"svm1","count":1,`+c.fault[1:])
			b.Expect(b.api("POST", services, `{"svm.name":"svm2"}`).status).To(Equal(409), "another SVM's request is spared")
			began := time.Now()
			got := b.api("POST", services, `{"svm.name":"svm1"}`)
			b.Expect(got.status).To(Equal(c.status))
			b.Expect(got.body).To(ContainSubstring(c.body))
			if c.header[0] != "" {
				b.Expect(got.header.Get(c.header[0])).To(ContainSubstring(c.header[1]))
			}
			b.Expect(b.svm("svm1")["service"] != nil).To(Equal(c.applied))
			if strings.Contains(c.fault, "delay") {
				b.Expect(time.Since(began)).To(BeNumerically(">=", 20*time.Millisecond))
			}
			b.Expect(b.control("GET", "/faults", "")).To(BeEmpty(), "used up")
			b.Expect(b.api("GET", services, "").status).To(Equal(200))
		})
	}
}

func TestFaultsThatBreakTheConnection(t *testing.T) {
	for name, c := range map[string]struct {
		fault   string
		want    error
		applied bool
	}{
		"reset before":       {`{"reset":"before"}`, syscall.ECONNRESET, false},
		"reset after":        {`{"reset":"after"}`, syscall.ECONNRESET, true},
		"reset, then done":   {`{"applyAfter":"1ms"}`, syscall.ECONNRESET, true},
		"ends in the middle": {`{"body":"truncated"}`, io.ErrUnexpectedEOF, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			b.control("POST", "/faults", `{"method":"POST","count":1,`+c.fault[1:])
			_, err := b.try("POST", services, `{"svm.name":"svm1"}`)
			b.Expect(errors.Is(err, c.want)).To(BeTrue(), "%v", err)
			b.Eventually(func() bool { return b.svm("svm1")["service"] != nil }, "30s").Should(Equal(c.applied))
		})
	}
}

func TestFaultsMatchAccountAndQuery(t *testing.T) {
	b := newBed(t)
	b.control("POST", "/faults", `{"query":"metric","status":429}`)
	b.control("POST", "/faults", `{"account":"somebody","status":403}`)
	b.Expect(b.api("GET", services, "").status).To(Equal(200))
	b.Expect(b.api("GET", services+"?fields=metric", "").status).To(Equal(429))
	b.Expect(b.control("GET", "/faults", "")).To(HaveExactElements(HaveKeyWithValue("hits", 1.0), HaveKeyWithValue("hits", 0.0)))
	b.control("DELETE", "/faults/1", "")
	b.Expect(b.api("GET", services+"?fields=metric", "").status).To(Equal(200))
	b.control("DELETE", "/faults", "")
}

func TestFaultsOfPages(t *testing.T) {
	b := newBed(t)
	b.api("POST", services, `{"svm.name":"svm1"}`)
	b.control("POST", "/faults", `{"repeatPage":true,"count":1}`)
	b.Expect(b.api("GET", services+"?max_records=1&fields=enabled", "").body).To(ContainSubstring(`"next":{"href":"` + services + `?max_records=1\u0026fields=enabled"}`))
	b.control("POST", "/faults", `{"pageLimit":1,"count":1}`)
	b.Expect(b.api("GET", services, "").body).To(SatisfyAll(ContainSubstring(`"num_records":1`), ContainSubstring("start.svm.name=svm1")))
}

func TestAFaultLeavesRecordsOut(t *testing.T) {
	b := newBed(t)
	b.api("POST", services, `{"svm.name":"svm1"}`)
	b.control("POST", "/faults", `{"omit":["svm1"],"pageLimit":1,"count":1,"path":"`+services+`"}`)
	var got map[string]any
	b.Expect(json.Unmarshal([]byte(b.api("GET", services, "").body), &got)).To(Succeed())
	b.Expect(got).To(SatisfyAll(HaveKeyWithValue("num_records", 0.0), HaveKeyWithValue("records", BeEmpty()), Not(HaveKey("_links"))))
	b.control("POST", "/faults", `{"omit":["`+b.svm("svm1")["uuid"].(string)+`"],"count":1}`)
	b.Expect(b.api("GET", services, "").body).To(SatisfyAll(ContainSubstring(`"num_records":1`), ContainSubstring(`"svm2"`), Not(ContainSubstring(`"svm1"`))))
	b.control("POST", "/faults", `{"omit":["svm1"],"count":1}`)
	b.Expect(b.api("GET", "/api/svm/svms", "").body).To(SatisfyAll(ContainSubstring(`"num_records":1`), Not(ContainSubstring(`"svm1"`))), "SVMs are records, too")
}

func TestAFaultSpoilsRecords(t *testing.T) {
	b := newBed(t)
	b.api("POST", services, `{"svm.name":"svm1"}`)
	spoilt := func(spoil, path string) map[string]any {
		b.control("POST", "/faults", `{"count":1,"spoil":`+spoil+`}`)
		var got map[string]any
		b.Expect(json.Unmarshal([]byte(b.api("GET", path, "").body), &got)).To(Succeed())
		return got
	}
	collection := services + "?fields=*,metric"
	records := func(spoil string) (one, two map[string]any) {
		got := spoilt(spoil, collection)["records"].([]any)
		b.Expect(got).To(HaveLen(2))
		return got[0].(map[string]any), got[1].(map[string]any)
	}

	one, two := records(`{"svm":"svm1","remove":["enabled","svm.uuid","no.such.field"],"set":{"metric.iops.total":12.5,"made.up":null}}`)
	b.Expect(one).NotTo(HaveKey("enabled"))
	b.Expect(one).To(HaveKeyWithValue("svm", Equal(map[string]any{"name": "svm1"})))
	b.Expect(one["metric"]).To(HaveKeyWithValue("iops", SatisfyAll(HaveKeyWithValue("total", 12.5), HaveKey("read"))))
	b.Expect(one).To(HaveKeyWithValue("made", HaveKeyWithValue("up", BeNil())))
	b.Expect(two).To(SatisfyAll(HaveKeyWithValue("enabled", true), HaveKeyWithValue("svm", HaveKey("uuid")), Not(HaveKey("made"))))

	one, two = records(`{"set":{"enabled":null}}`)
	b.Expect(one).To(HaveKeyWithValue("enabled", BeNil()))
	b.Expect(two).To(HaveKeyWithValue("enabled", BeNil()), "all, if none is named")

	instance := services + "/" + b.svm("svm1")["uuid"].(string)
	b.Expect(spoilt(`{"svm":"svm1","remove":["enabled"]}`, instance)).To(SatisfyAll(HaveKey("target"), Not(HaveKey("enabled"))))
	b.Expect(spoilt(`{"svm":"svm2","remove":["enabled"]}`, instance)).To(HaveKey("enabled"))
	b.Expect(spoilt(`{"set":{"version.full":"a\u0007b"}}`, "/api/cluster")).To(HaveKeyWithValue("version", HaveKeyWithValue("full", "a\ab")))

	status, value := b.controlStatus("POST", "/faults", `{"spoil":{"svm":"svm1"}}`)
	b.Expect(status).To(Equal(400))
	b.Expect(value).To(HaveKeyWithValue("error", ContainSubstring("fields to remove or to set")))
}

func TestServicesThatAreCreatedAnewGetFreshTargetNamesIfToldTo(t *testing.T) {
	target := func(b *bed) any { return b.svm("svm2")["service"].(map[string]any)["target"] }
	recreate := func(b *bed) any {
		b.control("DELETE", "/svms/svm2/service", "")
		b.Expect(b.api("POST", services, `{"svm.name":"svm2"}`).status).To(Equal(201))
		return target(b)
	}
	b := newBed(t)
	first := target(b)
	b.Expect(recreate(b)).To(Equal(first))
	b.Expect(b.control("PATCH", "/cluster", `{"freshTargetNames":true}`)).To(HaveKeyWithValue("freshTargetNames", true))
	second := recreate(b)
	b.Expect(second).To(SatisfyAll(HavePrefix("iqn.1992-08.com.netapp:sn."), Not(Equal(first))))
	b.control("PATCH", "/svms/svm2/service", `{"enabled":false}`)
	b.Expect(target(b)).To(Equal(second), "a change keeps it")
	b.control("PUT", "/svms/svm2/service", `{}`)
	b.Expect(target(b)).NotTo(BeElementOf(first, second), "recreated by somebody else")

	b = newBed(t, strings.Replace(testScenario, "version: 9.16.1", "version: 9.16.1, freshTargetNames: true", 1))
	b.Expect(target(b)).To(Equal(first), "the first is the same in every run")
	b.Expect(recreate(b)).NotTo(Equal(first))
}

func TestAWriteMayBecomeAJob(t *testing.T) {
	b := newBed(t)
	b.control("POST", "/faults", `{"method":"POST","job":"1ms","count":1}`)
	got := b.api("POST", services, `{"svm.name":"svm1"}`)
	b.Expect(got.status).To(Equal(202))
	var answer struct{ Job struct{ UUID string } }
	b.Expect(json.Unmarshal([]byte(got.body), &answer)).To(Succeed())
	b.Eventually(func() string { return b.api("GET", "/api/cluster/jobs/"+answer.Job.UUID, "").body }, "30s").Should(ContainSubstring(`"state":"success"`))
	b.Expect(b.svm("svm1")["service"]).NotTo(BeNil())
}

func TestFaultsOfTheListener(t *testing.T) {
	b := newBed(t)
	for fault, check := range map[string]func(error) bool{
		"refused":             func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) },
		"expired-certificate": func(err error) bool { return strings.Contains(err.Error(), "has expired") },
		"wrong-certificate": func(err error) bool {
			return errors.As(err, new(*tls.CertificateVerificationError))
		},
	} {
		b.Expect(b.api("GET", services, "").status).To(Equal(200), "before %s", fault)
		id := b.id(b.control("POST", "/faults", `{"listener":"`+fault+`"}`))
		_, err := b.try("GET", services, "")
		b.Expect(err).To(HaveOccurred(), fault)
		b.Expect(check(err)).To(BeTrue(), "%s: %v", fault, err)
		b.control("DELETE", "/faults/"+id, "")
	}
	b.Expect(b.api("GET", services, "").status).To(Equal(200), "on the same port as before")
}

func TestAHookChangesTheArrayBetweenTwoPages(t *testing.T) {
	b := newBed(t)
	b.api("POST", services, `{"svm.name":"svm1"}`)
	b.control("POST", "/hooks", `{"afterPages":1,"change":{"method":"PATCH","path":"/svms/svm2","body":{"name":"a"}}}`)
	b.api("GET", "/api/cluster", "")
	b.Expect(b.svm("svm2")).NotTo(BeNil(), "another path is no page")
	page := b.api("GET", services+"?max_records=1", "")
	b.Expect(page.body).To(ContainSubstring(`"svm1"`))
	b.svm("a")
	b.Expect(b.api("GET", services+"?max_records=1&start.svm.name=svm1", "").body).To(ContainSubstring(`"num_records":0`))
}

func TestBehindTheClientsBack(t *testing.T) {
	b := newBed(t)
	target := func(name string) any { return b.svm(name)["service"].(map[string]any)["target"] }
	uuid, iqn := b.svm("svm2")["uuid"], target("svm2")

	b.control("PATCH", "/svms/svm2/service", `{"enabled":false}`)
	b.Expect(b.svm("svm2")).To(SatisfyAll(HaveKeyWithValue("sessions", BeEmpty()), HaveKeyWithValue("service", HaveKeyWithValue("alias", "two"))))
	b.control("PATCH", "/svms/svm2/service", `{"enabled":true}`)
	b.control("DELETE", "/svms/svm2/service", "")
	b.Expect(b.svm("svm2")).To(HaveKeyWithValue("service", BeNil()))
	b.control("PUT", "/svms/svm2/service", `{}`)
	b.Expect(target("svm2")).To(Equal(iqn), "recreated with the same IQN")
	b.control("PUT", "/svms/svm2/service", `{"target":"iqn.2000-01.com.example:other","alias":""}`)
	b.Expect(target("svm2")).To(Equal("iqn.2000-01.com.example:other"))

	b.control("POST", "/svms/svm2/sessions", `{"initiator":"iqn.1998-01.com.example:a"}`)
	b.control("POST", "/svms/svm2/sessions", `{"initiator":"iqn.1998-01.com.example:b"}`)
	b.control("DELETE", "/svms/svm2/sessions?initiator=iqn.1998-01.com.example:a", "")
	b.Expect(b.svm("svm2")["sessions"]).To(HaveExactElements(HaveKeyWithValue("initiator", "iqn.1998-01.com.example:b")))
	b.control("PATCH", "/svms/svm2", `{"state":"stopped"}`)
	b.Expect(b.svm("svm2")["sessions"]).To(BeEmpty(), "nobody is logged in to a stopped SVM")
	b.control("PATCH", "/svms/svm2", `{"state":"running","name":"renamed","iscsi":{"allowed":false},"nvme":{"configured":true}}`)
	b.Expect(b.svm("renamed")).To(SatisfyAll(HaveKeyWithValue("uuid", uuid), HaveKeyWithValue("iscsi", HaveKeyWithValue("allowed", false))))

	b.control("DELETE", "/svms/renamed", "")
	b.control("POST", "/svms", `{"name":"svm2"}`)
	b.Expect(b.svm("svm2")).To(SatisfyAll(HaveKeyWithValue("service", BeNil()), HaveKeyWithValue("uuid", Not(Equal(uuid)))), "a name used again is another SVM")

	b.control("PATCH", "/accounts/admin", `{"password":"new"}`)
	b.Expect(b.api("GET", services, "").status).To(Equal(401))
	b.control("PATCH", "/accounts/admin", `{"password":"secret","role":[{"path":"/api/cluster","access":"readonly"}]}`)
	b.Expect(b.api("GET", services, "").status).To(Equal(403))
	b.control("PATCH", "/accounts/admin", `{"role":"admin","locked":true}`)
	b.Expect(b.api("GET", services, "").status).To(Equal(401))
	b.control("PATCH", "/accounts/admin", `{"locked":false}`)
	b.Expect(b.control("GET", "/accounts/admin", "")).To(SatisfyAll(HaveKeyWithValue("locked", false), Not(HaveKey("password"))))
	b.control("PUT", "/accounts/viewer", `{"password":"p","role":"readonly","svm":"svm1"}`)
	b.Expect(b.control("GET", "/accounts/viewer", "")).To(HaveKeyWithValue("svm", "svm1"))
	b.Expect(b.control("GET", "/svms", "")).To(HaveExactElements(HaveKeyWithValue("name", "svm1"), HaveKeyWithValue("name", "svm2")))

	b.control("PATCH", "/cluster", `{"uuid":"another","version":"9.13.1","licenses":{"iscsi":false}}`)
	b.Expect(b.api("GET", "/api/cluster", "").body).To(SatisfyAll(ContainSubstring(`"uuid":"another"`), ContainSubstring(`"major":13`)))
	b.Expect(b.api("POST", services, `{"svm.name":"svm1"}`).body).To(ContainSubstring("1115127"))
}
