package ontap_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

func refusing(code ontap.Code) string {
	return fmt.Sprintf(`{"error": {"message": "no", "code": "%d"}}`, int(code))
}

func TestARefusalSaysEverythingTheArraySaid(t *testing.T) {
	g := NewWithT(t)
	array := newArray(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "7")
		answer(http.StatusConflict, `{"error": {"message": "An iSCSI service already exists for the specified SVM.",
			"code": "5374077", "target": "svm.name", "arguments": [{"code": "a", "message": "svm1"}]}}`)(w, r)
	})

	_, err := array.client(t).CreateService(t.Context(), ontap.ServiceCreate{SVM: ontap.SVMRef{Name: "svm1"}})

	g.Expect(err).To(Equal(&ontap.Error{
		Operation:  "create iSCSI service",
		Method:     "POST",
		API:        "/api/protocols/san/iscsi/services",
		Status:     409,
		Code:       ontap.CodeServiceExists,
		Message:    "An iSCSI service already exists for the specified SVM.",
		Target:     "svm.name",
		Arguments:  []ontap.Argument{{Code: "a", Message: "svm1"}},
		RetryAfter: 7 * time.Second,
	}))
	g.Expect(err).To(MatchError(ontap.CodeServiceExists))
	g.Expect(err).NotTo(MatchError(ontap.CodeServiceNotFound))
	g.Expect(err.Error()).To(Equal("create iSCSI service: An iSCSI service already exists for the specified SVM. " +
		"(ONTAP error 5374077, HTTP 409, target svm.name)"))
}

// TestWhoSaidNo tells a refusal of the array from an answer that proves nothing, by each write and for each kind of answer.
func TestWhoSaidNo(t *testing.T) {
	for _, tc := range []struct {
		name         string
		status       int
		body         string
		refused      bool
		maybeApplied bool
	}{
		{"a documented code is a refusal", 400, refusing(ontap.CodeSVMStopped), true, false},
		{"whatever its status", 500, refusing(ontap.CodeServiceExists), true, false},
		{"a code may be a number", 404, `{"error": {"message": "no", "code": 4}}`, true, false},
		{"too many requests is a refusal", 429, refusing(ontap.CodeTooManyRequests), true, false},
		{"so is an overloaded array", 503, refusing(ontap.CodeOverloaded), true, false},
		{"even if it gives an unknown code", 503, refusing(99), true, false},
		{"an internal error of the array may come after the change", 500, refusing(99), true, true},
		{"an unknown code with a client's status is a refusal", 400, refusing(99), true, false},
		{"401 is a refusal with any body", 401, "<html>", true, false},
		{"403 is a refusal with any body", 403, "", true, false},
		{"a gateway's 502 may have passed the request on", 502, "<html>Bad gateway</html>", false, true},
		{"a gateway's 504 too", 504, "", false, true},
		{"a gateway's JSON is not the array's", 502, `{"error": {"message": "upstream reset"}}`, false, true},
		{"nor is a code that is no number", 502, `{"error": {"message": "upstream reset", "code": "bad_gateway"}}`, false, true},
		{"nor an error that is a text", 500, `{"error": "internal"}`, false, true},
		{"a 404 without an ONTAP code proves no absence", 404, "<html>Not found</html>", false, true},
		{"a gateway's rate limit has not served the request", 429, "slow down", false, false},
		{"an error that breaks off is not understood", 409, `{"error": {"message": "no", "code": "5374077"`, false, true},
		{"success with HTML", 200, "<html>Sign in</html>", false, true},
		{"success with an empty body", 200, "", false, true},
		{"success with a body that breaks off", 200, `{"num_`, false, true},
		{"success with an error in it", 200, refusing(ontap.CodeEntryNotFound), false, true},
		{"a success that isn't one of this API's", 204, "", false, true},
		{"a redirect", 307, "", false, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, write := range writes {
				g := NewWithT(t)
				array := answering(t, tc.status, tc.body)

				err := write.call(t.Context(), array.client(t))

				g.Expect(err).To(HaveOccurred(), write.name)
				var refusal *ontap.Error
				if tc.refused {
					g.Expect(err).To(BeAssignableToTypeOf(refusal), write.name)
				} else {
					var transport *ontap.TransportError
					g.Expect(err).To(BeAssignableToTypeOf(transport), write.name)
					g.Expect(strings.Contains(err.Error(), "may have been applied")).To(Equal(tc.maybeApplied), err.Error())
				}
				g.Expect(ontap.MaybeApplied(err)).To(Equal(tc.maybeApplied), "%s: %s", write.name, err)
				g.Expect(array.lines()).To(HaveLen(1), write.name)
			}
			_, err := answering(t, tc.status, tc.body).client(t).Service(t.Context(), svm1)
			if !tc.refused {
				g := NewWithT(t)
				g.Expect(err).To(HaveOccurred())
				g.Expect(ontap.MaybeApplied(err)).To(BeFalse(), "a read applies nothing")
			}
		})
	}
}

// TestADenialNamesWhatARoleWouldGrant holds for every request: a role of the array knows neither queries nor single services.
func TestADenialNamesWhatARoleWouldGrant(t *testing.T) {
	for _, tc := range []struct {
		name, method, api string
		call              func(*ontap.Client) error
	}{
		{"cluster", "GET", "/api/cluster", func(c *ontap.Client) error { _, err := c.Cluster(t.Context()); return err }},
		{"one service", "GET", "/api/protocols/san/iscsi/services", func(c *ontap.Client) error { _, err := c.Service(t.Context(), svm1); return err }},
		{"create", "POST", "/api/protocols/san/iscsi/services", func(c *ontap.Client) error {
			_, err := c.CreateService(t.Context(), ontap.ServiceCreate{SVM: ontap.SVMRef{Name: "svm1"}})
			return err
		}},
		{"delete", "DELETE", "/api/protocols/san/iscsi/services", func(c *ontap.Client) error { return c.DeleteService(t.Context(), svm1) }},
		{"sessions", "GET", "/api/protocols/san/iscsi/sessions", func(c *ontap.Client) error { _, err := c.SessionCount(t.Context(), svm1); return err }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, body := range []string{refusing(ontap.CodeNotAuthorized), ""} {
				g := NewWithT(t)
				var refusal *ontap.Error
				g.Expect(errors.As(tc.call(answering(t, 403, body).client(t)), &refusal)).To(BeTrue())
				g.Expect(refusal.Forbidden()).To(BeTrue())
				g.Expect(refusal.Method).To(Equal(tc.method))
				g.Expect(refusal.API).To(Equal(tc.api))
			}
		})
	}
}

// withHeaders has a handler answer with those headers that are not empty.
func withHeaders(headers map[string]string, handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			if value != "" {
				w.Header().Set(name, value)
			}
		}
		handler(w, r)
	}
}

func TestRetryAfter(t *testing.T) {
	for _, tc := range []struct {
		name, header, date string
		want               time.Duration
	}{
		{"seconds", "120", "", 2 * time.Minute},
		{"a date, by the clock of the host that gave it", "Mon, 29 Jul 2024 16:15:56 GMT", "Mon, 29 Jul 2024 16:14:56 GMT", time.Minute},
		{"a date in the past", "Mon, 29 Jul 2024 16:13:56 GMT", "Mon, 29 Jul 2024 16:14:56 GMT", 0},
		{"nothing", "", "", 0},
		{"nonsense", "soon", "", 0},
		{"a negative number", "-5", "", 0},
		{"a year is a day", "31536000", "", 24 * time.Hour},
		{"more seconds than numbers hold is a day", "99999999999999999999", "", 24 * time.Hour},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, body := range []string{refusing(ontap.CodeOverloaded), "<html>"} {
				g := NewWithT(t)
				array := newArray(t, withHeaders(map[string]string{"Retry-After": tc.header, "Date": tc.date}, answer(http.StatusServiceUnavailable, body)))

				err := array.client(t).DeleteService(t.Context(), svm1)

				g.Expect(err).To(HaveField("RetryAfter", tc.want))
				if tc.header != "" {
					g.Expect(err.Error()).NotTo(ContainSubstring(tc.header), "the text must not change at each try")
				}
			}
		})
	}
}

func TestARefusalIsFitForAStatus(t *testing.T) {
	g := NewWithT(t)
	token := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	long := strings.Repeat("x", 5000)
	array := newArray(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"error": {"message": "got\n\t\u0007%s\u202e of %s %s", "code": "2", "target": "%s", "arguments": [{"message": "%s"}]}}`,
			r.Header.Get("Authorization"), password, long, token, password)
	})

	err := array.client(t).DeleteService(t.Context(), svm1)

	g.Expect(err).To(MatchError(ontap.Code(2)))
	g.Expect(err.Error()).To(HavePrefix("delete iSCSI service: got Basic [redacted] of [redacted] xxx"))
	g.Expect(len(err.Error())).To(BeNumerically("<", 1200))
	for _, secret := range []string{token, password} {
		g.Expect(fmt.Sprintf("%+v %#v", err, err)).NotTo(ContainSubstring(secret))
	}
}

func TestAnArrayThatRepeatsTheLoginInAnotherSpellingIsNotQuoted(t *testing.T) {
	const password = `p?>/ "s:~ö\w0rd`
	pair := user + ":" + password
	for name, said := range map[string]string{
		"as it is":                     password,
		"in base64":                    base64.StdEncoding.EncodeToString([]byte(password)),
		"the pair in base64":           base64.StdEncoding.EncodeToString([]byte(pair)),
		"the pair without padding":     base64.RawStdEncoding.EncodeToString([]byte(pair)),
		"the pair in base64 of URLs":   base64.URLEncoding.EncodeToString([]byte(pair)),
		"the password without padding": base64.RawURLEncoding.EncodeToString([]byte(password)),
		"in a query":                   url.QueryEscape(password),
		"in a path":                    url.PathEscape(password),
		"in Go":                        strings.Trim(strconv.Quote(password), `"`),
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			array := newArray(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = fmt.Fprintf(w, `{"error": {"message": %q, "code": "2"}}`, "<"+said+">")
			})
			cfg := array.config()
			cfg.Credentials.Password = password

			err := newClient(t, cfg).DeleteService(t.Context(), svm1)

			g.Expect(err).To(MatchError(MatchRegexp(`<\[redacted\]=*>`)))
		})
	}
}

func TestARedirectIsReportedAndNotFollowed(t *testing.T) {
	elsewhere := answering(t, http.StatusOK, createdBody)
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, tc := range []struct{ location, want string }{
			{"https://" + elsewhere.host() + "/api?token=abc", "a redirect to " + elsewhere.host() + ","},
			{"/api/elsewhere", "a redirect to "},
			{"%zz", "an address that can't be read"},
			{"", "a redirect to "},
		} {
			g := NewWithT(t)
			array := newArray(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", tc.location)
				w.WriteHeader(status)
			})
			client := array.client(t)

			_, err := client.Service(t.Context(), svm1)
			g.Expect(err).To(MatchError(ContainSubstring(tc.want)))
			g.Expect(err).To(MatchError(ContainSubstring(fmt.Sprintf("HTTP %d", status))))
			g.Expect(err.Error()).NotTo(ContainSubstring("abc"))
			for _, write := range writes {
				g.Expect(write.call(t.Context(), client)).To(MatchError(ContainSubstring("not followed")))
			}
			g.Expect(array.lines()).To(HaveLen(4))
		}
	}
	NewWithT(t).Expect(elsewhere.lines()).To(BeEmpty(), "credentials go to the endpoint only")
}

func TestABodyIsCapped(t *testing.T) {
	g := NewWithT(t)
	array := newArray(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"num_records": 0, "records": [], "padding": "`)
		padding := []byte(strings.Repeat("x", 1<<20))
		for range 33 {
			if _, err := w.Write(padding); err != nil {
				return
			}
		}
		_, _ = io.WriteString(w, `"}`)
	})

	_, err := walk(t, array.client(t), ontap.Query{})

	g.Expect(err).To(MatchError(ContainSubstring("larger than 32 MiB")))
}

func TestOtherErrorsWereNeverApplied(t *testing.T) {
	g := NewWithT(t)
	g.Expect(ontap.MaybeApplied(nil)).To(BeFalse())
	g.Expect(ontap.MaybeApplied(context.Canceled)).To(BeFalse())
	g.Expect(ontap.MaybeApplied(fmt.Errorf("wrapped: %w", &ontap.TransportError{MaybeApplied: true}))).To(BeTrue())
}
