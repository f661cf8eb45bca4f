package ontap_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// long is longer than the name of anything.
var long = strings.Repeat("long\n", 1000)

func TestAnIterationGoesOnBehindARecordThatIsNotUnderstood(t *testing.T) {
	for _, tc := range []struct {
		name, record string
		svm          ontap.SVMRef
		reason       string
	}{
		{"no enabled", `{"svm": {"uuid": "u", "name": "n"}}`, ontap.SVMRef{UUID: "u", Name: "n"}, "a record has no enabled"},
		{"null for enabled", `{"svm": {"uuid": "u", "name": "n"}, "enabled": null}`, ontap.SVMRef{UUID: "u", Name: "n"}, "a record has no enabled"},
		{"a number for enabled", `{"enabled": 7, "svm": {"uuid": "u", "name": "n"}}`, ontap.SVMRef{UUID: "u", Name: "n"}, `"7" is not a boolean`},
		{"a text for the target", `{"svm": {"uuid": "u", "name": "n"}, "enabled": true, "target": "t"}`, ontap.SVMRef{UUID: "u", Name: "n"}, "target is a JSON string"},
		{"no svm.uuid", `{"svm": {"name": "n"}, "enabled": true}`, ontap.SVMRef{Name: "n"}, "a record has no svm.uuid"},
		{"a number for svm.uuid", `{"svm": {"uuid": 4, "name": "n"}, "enabled": true}`, ontap.SVMRef{Name: "n"}, "svm.uuid is a JSON number"},
		{"a text for svm", `{"svm": "n", "enabled": true}`, ontap.SVMRef{}, "svm is a JSON string"},
		{"null", `null`, ontap.SVMRef{}, "a record has no svm.uuid"},
		{"a text", `"svm1"`, ontap.SVMRef{}, "it is a JSON string"},
		{"a list", `[{"svm": {"uuid": "u"}}]`, ontap.SVMRef{}, "it is a JSON array"},
		{"a name without end", fmt.Sprintf(`{"svm": {"uuid": "u", "name": %q}, "enabled": true}`, strings.Repeat("n", 254)), ontap.SVMRef{UUID: "u"}, "svm.name is longer than 253 bytes"},
		{"a name that rings the bell", `{"svm": {"uuid": "u", "name": "n\u0007"}, "enabled": true}`, ontap.SVMRef{UUID: "u"}, "svm.name has characters that can't be printed"},
		{"a UUID that is none", fmt.Sprintf(`{"svm": {"uuid": %q, "name": "n"}, "enabled": true}`, strings.Repeat("u", 65)), ontap.SVMRef{Name: "n"}, "svm.uuid is longer than 64 bytes"},
		{"a target without end", fmt.Sprintf(`{"svm": {"uuid": "u"}, "enabled": true, "target": {"name": %q}}`, strings.Repeat("n", 256)), ontap.SVMRef{UUID: "u"}, "target.name is longer than 255 bytes"},
		{"an alias of two lines", `{"svm": {"uuid": "u"}, "enabled": true, "target": {"alias": "a\nb"}}`, ontap.SVMRef{UUID: "u"}, "target.alias has characters that can't be printed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := NewWithT(t)
			good := func(uuid string) string { return `{"svm": {"uuid": "` + uuid + `"}, "enabled": true}` }
			client := answering(t, http.StatusOK, `{"num_records": 3, "records": [`+good(svm1)+` , `+tc.record+`, `+good(svm2)+`]}`).client(t)

			var uuids []string
			var odd []*ontap.RecordError
			for service, err := range client.Services(t.Context(), ontap.Query{}) {
				var record *ontap.RecordError
				if errors.As(err, &record) {
					odd = append(odd, record)
					g.Expect(service).To(BeZero())
					continue
				}
				g.Expect(err).NotTo(HaveOccurred())
				uuids = append(uuids, service.SVM.UUID)
			}

			g.Expect(uuids).To(Equal([]string{svm1, svm2}))
			g.Expect(odd).To(HaveLen(1))
			g.Expect(odd[0].SVM).To(Equal(tc.svm))
			g.Expect(odd[0].Reason).To(Equal(tc.reason))
			g.Expect(odd[0]).To(MatchError(HavePrefix("list iSCSI services: ")))
			var transport *ontap.TransportError
			g.Expect(errors.As(odd[0], &transport)).To(BeTrue())
			g.Expect(transport.Answered).To(BeTrue())
		})
	}
}

func TestOddPerformanceDataDoesNotTakeTheServiceAlong(t *testing.T) {
	g := NewWithT(t)
	client := answering(t, http.StatusOK, `{"num_records": 1, "records": [{"svm": {"uuid": "`+svm1+`"}, "enabled": "true", "target": {"alias": "a"},
		"metric": {"timestamp": "yesterday"}, "statistics": {"status": "ok", "iops_raw": {"total": 7}}}]}`).client(t)
	for service, err := range client.Services(t.Context(), ontap.Query{}) {
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(service).To(Equal(ontap.Service{
			SVM: ontap.SVMRef{UUID: svm1}, Enabled: true, Target: ontap.Target{Alias: "a"},
			Statistics: &ontap.Statistics{Status: "ok", IOPSRaw: ontap.Operations{Total: 7}},
		}))
	}
}

func TestAWalkHasAnEnd(t *testing.T) {
	page := func(n int, record string) string {
		records := strings.TrimSuffix(strings.Repeat(record+",", n), ",")
		return fmt.Sprintf(`{"num_records": %d, "records": [%s], "_links": {"next": {"href": "%s?start=%%d"}}}`, n, records, services)
	}
	padded := `{"svm":{"uuid":"u"},"enabled":true,"x":"` + strings.Repeat("x", 1<<20) + `"}`
	for _, tc := range []struct {
		name, page, want string
		most             int
	}{
		{"of pages", page(0, ""), "more than 1000 pages", 1000},
		{"of records, all together", page(60_000, `{"svm":{"uuid":"u"},"enabled":true}`), "more than 100000 records", 2},
		{"of records, in one page", page(100_001, `0`), "more than 100000 records", 1},
		{"of bytes, all together", page(30, padded), "larger than 64 MiB", 3},
		{"of bytes, in one page", page(33, padded), "larger than 32 MiB", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := NewWithT(t)
			n := 0
			array := newArray(t, func(w http.ResponseWriter, r *http.Request) {
				n++
				answer(http.StatusOK, fmt.Sprintf(tc.page, n))(w, r)
			})

			_, err := walk(t, array.client(t), ontap.Query{})

			g.Expect(err).To(MatchError(ContainSubstring(tc.want)))
			g.Expect(array.lines()).To(HaveLen(tc.most))
			g.Expect(err).To(BeAssignableToTypeOf(&ontap.TransportError{}))
		})
	}
	t.Run("of counting", func(t *testing.T) {
		n := 0
		array := newArray(t, func(w http.ResponseWriter, r *http.Request) {
			n++
			answer(http.StatusOK, fmt.Sprintf(`{"num_records": 1, "_links": {"next": {"href": "/api/protocols/san/iscsi/sessions?start=%d"}}}`, n))(w, r)
		})
		_, err := array.client(t).SessionCount(t.Context(), svm1)
		NewWithT(t).Expect(err).To(MatchError(ContainSubstring("more than 1000 pages")))
		_, err = answering(t, http.StatusOK, `{"num_records": 9000000000}`).client(t).SessionCount(t.Context(), svm1)
		NewWithT(t).Expect(err).To(MatchError(ContainSubstring("num_records is 9000000000")))
	})
}

func TestWordsOfTheArrayAreBounded(t *testing.T) {
	bounded := func(g Gomega, most int, texts ...string) {
		for _, text := range texts {
			g.ExpectWithOffset(1, text).NotTo(BeEmpty())
			g.ExpectWithOffset(1, len(text)).To(BeNumerically("<=", most))
			g.ExpectWithOffset(1, strings.ContainsFunc(text, unicode.IsControl)).To(BeFalse(), "%.40q", text)
		}
	}
	t.Run("cluster", func(t *testing.T) {
		g := NewWithT(t)
		cluster, err := answering(t, http.StatusOK, fmt.Sprintf(`{"uuid": "u", "name": %q, "version": {"full": %q}}`, "ß"+long, long)).client(t).Cluster(t.Context())
		g.Expect(err).NotTo(HaveOccurred())
		bounded(g, 255, cluster.Name, cluster.Version.Full)
		_, err = answering(t, http.StatusOK, fmt.Sprintf(`{"uuid": %q}`, strings.Repeat("u", 65))).client(t).Cluster(t.Context())
		g.Expect(err).To(MatchError(ContainSubstring("uuid is longer")))
	})
	t.Run("error", func(t *testing.T) {
		g := NewWithT(t)
		argument := fmt.Sprintf(`{"code": %q, "message": %q}`, long, long)
		body := fmt.Sprintf(`{"error": {"code": "4", "message": %q, "target": %q, "arguments": [%s]}}`, long, long, strings.TrimSuffix(strings.Repeat(argument+",", 20), ","))
		_, err := answering(t, http.StatusNotFound, body).client(t).Service(t.Context(), svm1)
		var refusal *ontap.Error
		g.Expect(errors.As(err, &refusal)).To(BeTrue())
		bounded(g, 1100, refusal.Message)
		g.Expect(refusal.Arguments).To(HaveLen(16))
		bounded(g, 255, refusal.Target, refusal.Arguments[0].Code, refusal.Arguments[15].Message)
	})
	t.Run("session", func(t *testing.T) {
		g := NewWithT(t)
		body := fmt.Sprintf(`{"num_records": 1, "records": [{"svm": {"uuid": "u"}, "initiator": {"name": %q}}]}`, long)
		for session, err := range answering(t, http.StatusOK, body).client(t).Sessions(t.Context(), ontap.Query{}) {
			g.Expect(err).NotTo(HaveOccurred())
			bounded(g, 255, session.Initiator)
		}
	})
	t.Run("SVM", func(t *testing.T) {
		g := NewWithT(t)
		body := fmt.Sprintf(`{"num_records": 2, "records": [{"uuid": "u", "name": "n", "state": %q}, {"uuid": "u", "name": %q}]}`, long, long)
		var errs []error
		for svm, err := range answering(t, http.StatusOK, body).client(t).SVMs(t.Context(), ontap.Query{}) {
			errs = append(errs, err)
			if err == nil {
				bounded(g, 64, svm.State)
			}
		}
		g.Expect(errs).To(HaveExactElements(BeNil(), MatchError(ContainSubstring("name is longer"))))
	})
	t.Run("sample", func(t *testing.T) {
		g := NewWithT(t)
		body := fmt.Sprintf(`{"timestamp": "2024-07-29T16:14:56Z", "status": %q}`, long)
		sample, err := answering(t, http.StatusOK, body).client(t).ServiceMetricsAt(t.Context(), svm1, time.Unix(1, 0))
		g.Expect(err).NotTo(HaveOccurred())
		bounded(g, 64, sample.Status)
	})
}

func TestWhoAnsweredIsNotSilent(t *testing.T) {
	read := func(a *array) *ontap.TransportError {
		_, err := a.client(t).Service(t.Context(), svm1)
		var transport *ontap.TransportError
		NewWithT(t).Expect(errors.As(err, &transport)).To(BeTrue(), "%v", err)
		return transport
	}
	for name, handler := range map[string]http.HandlerFunc{
		"a gateway":           answer(http.StatusRequestURITooLong, "<html>"),
		"a body that is none": answer(http.StatusOK, ""),
		"another status":      answer(http.StatusNoContent, ""),
		"a redirect":          answer(http.StatusTemporaryRedirect, ""),
		"a body that breaks off": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			answer(http.StatusOK, "{")(w, r)
		},
		"more than the limit": answer(http.StatusOK, strings.Repeat(" ", 2<<20)),
	} {
		t.Run(name, func(t *testing.T) { NewWithT(t).Expect(read(newArray(t, handler)).Answered).To(BeTrue()) })
	}
	t.Run("who hangs up is", func(t *testing.T) { NewWithT(t).Expect(read(newArray(t, hangUp)).Answered).To(BeFalse()) })
	t.Run("so is who does not come to an end", func(t *testing.T) {
		g := NewWithT(t)
		done := make(chan struct{})
		array := newArray(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			<-done
		})
		t.Cleanup(func() { close(done) })
		config := array.config()
		config.Timeout = 100 * time.Millisecond
		_, err := newClient(t, config).Service(t.Context(), svm1)
		var transport *ontap.TransportError
		g.Expect(errors.As(err, &transport)).To(BeTrue())
		g.Expect(transport.Answered).To(BeFalse())
	})
}
