package ontap_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

const (
	jobID    = "5b2c5e1e-0d8f-11ef-a4b5-005056b48fd2"
	jobPath  = "/api/cluster/jobs/" + jobID
	accepted = `{"job": {"uuid": "` + jobID + `", "_links": {"self": {"href": "` + jobPath + `"}}}}`
)

func TestAWriteThatBecomesAJobEndsWithTheJob(t *testing.T) {
	for _, tc := range []struct {
		name     string
		accepted string
		job      []http.HandlerFunc
		want     string // of the error; none for success
		code     ontap.Code
		refused  bool
	}{
		{name: "a job that succeeds", job: []http.HandlerFunc{
			answer(200, `{"state": "queued"}`), answer(200, `{"state": "running"}`), answer(200, `{"state": "success", "code": 0}`)}},
		{name: "an unknown state is not the end", job: []http.HandlerFunc{
			answer(200, `{"state": "resuming"}`), answer(200, `{"state": "success"}`)}},
		{name: "a job that is known by its link only", accepted: `{"job": {"_links": {"self": {"href": "` + jobPath + `"}}}}`,
			job: []http.HandlerFunc{answer(200, `{"state": "success"}`)}},
		{name: "an array that is busy, and a poll that gets lost, don't end the job", job: []http.HandlerFunc{
			answer(503, refusing(ontap.CodeOverloaded)), hangUp, answer(200, "<html>"), answer(200, `{"state": "success"}`)}},
		{name: "a job that fails with an error", refused: true, code: ontap.CodeServiceEnabled, want: "stop it first", job: []http.HandlerFunc{
			answer(200, `{"state": "failure", "code": 1, "message": "older words", "error": {"code": "5373960", "message": "stop it first"}}`)}},
		{name: "a job that fails with a code and a message", refused: true, code: ontap.CodeEntryNotFound, want: "entry doesn't exist",
			job: []http.HandlerFunc{answer(200, `{"state": "failure", "code": 4, "message": "entry doesn't exist"}`)}},
		{name: "a job that may not be read is not the array's word on the service", want: "its job can't be followed",
			job: []http.HandlerFunc{answer(404, refusing(ontap.CodeEntryNotFound))}},
		{name: "an acceptance without a job", accepted: `{}`, want: "without a job to follow"},
		{name: "a job that leads elsewhere", accepted: `{"job": {"_links": {"self": {"href": "https://elsewhere.example/api/cluster/jobs/.."}}}}`,
			want: "without a job to follow"},
		{name: "an acceptance that breaks off", accepted: `{"job": {`, want: "breaks off"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := NewWithT(t)
			if tc.accepted == "" {
				tc.accepted = accepted
			}
			array := newArray(t, inTurn(append([]http.HandlerFunc{answer(http.StatusAccepted, tc.accepted)}, tc.job...)...))

			err := array.client(t).DeleteService(t.Context(), svm1)

			for _, line := range array.lines()[1:] {
				g.Expect(line).To(Equal("GET " + jobPath))
			}
			if tc.want == "" {
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(array.lines()).To(HaveLen(1 + len(tc.job)))
				return
			}
			g.Expect(err).To(MatchError(And(HavePrefix("delete iSCSI service: "), ContainSubstring(tc.want))))
			g.Expect(ontap.MaybeApplied(err)).To(Equal(!tc.refused))
			g.Expect(err).NotTo(And(MatchError(ontap.CodeEntryNotFound), BeAssignableToTypeOf(&ontap.TransportError{})),
				"an unreadable job must not look like an absent service")
			if tc.refused {
				g.Expect(err).To(MatchError(tc.code))
				g.Expect(err).To(HaveField("Status", http.StatusAccepted))
			}
		})
	}
}

func TestAJobThatDoesNotEndIsGivenUpWithTheCaller(t *testing.T) {
	g := NewWithT(t)
	array := newArray(t, inTurn(answer(http.StatusAccepted, accepted), answer(http.StatusOK, `{"state": "running"}`)))
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()

	err := array.client(t).DeleteService(ctx, svm1)

	g.Expect(err).To(MatchError(context.DeadlineExceeded))
	g.Expect(ontap.MaybeApplied(err)).To(BeTrue())
	g.Expect(len(array.lines())).To(BeNumerically("<=", 6), "polls come at growing distances")
}

func TestAPollWaitsAsLongAsTheArrayAsks(t *testing.T) {
	g := NewWithT(t)
	busy := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "1")
		answer(http.StatusTooManyRequests, refusing(ontap.CodeTooManyRequests))(w, r)
	}
	array := newArray(t, inTurn(answer(http.StatusAccepted, accepted), busy, answer(http.StatusOK, `{"state": "success"}`)))
	began := time.Now()

	g.Expect(array.client(t).DeleteService(t.Context(), svm1)).To(Succeed())

	g.Expect(time.Since(began)).To(BeNumerically(">=", time.Second))
}

func TestAServiceCreatedByAJobIsReadBack(t *testing.T) {
	byName, byUUID := ontap.SVMRef{Name: "svm1"}, ontap.SVMRef{UUID: svm1}
	others := `{"num_records": 1, "records": [{"svm": {"uuid": "` + svm2 + `", "name": "svm2"}, "enabled": true}]}`
	for _, tc := range []struct {
		name       string
		svm        ontap.SVMRef
		read, want string
	}{
		{"as it is", byName, createdBody, ""},
		{"as it is, by the UUID of its SVM", byUUID, createdBody, ""},
		{"and missed when it isn't there", byName, `{"num_records": 0, "records": []}`, "is not there"},
		{"and not denied when it can't be read", byName, refusing(ontap.CodeServiceNotFound), "the job succeeded"},
		{"and not taken for that of an SVM with another name", byName, others, "another SVM's"},
		{"and not taken for that of an SVM with another UUID", byUUID, others, "another SVM's"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := NewWithT(t)
			status := http.StatusOK
			if strings.Contains(tc.read, "error") {
				status = http.StatusNotFound
			}
			array := newArray(t, inTurn(answer(http.StatusAccepted, accepted), answer(http.StatusOK, `{"state": "success"}`), answer(status, tc.read)))

			service, err := array.client(t).CreateService(t.Context(), ontap.ServiceCreate{SVM: tc.svm})

			filter := map[ontap.SVMRef]string{byName: "svm.name=svm1", byUUID: "svm.uuid=" + svm1}[tc.svm]
			g.Expect(array.lines()[2]).To(Equal("GET " + services + "?" + filter + "&fields=%2A"))
			if tc.want == "" {
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(service).To(Equal(service1))
				return
			}
			g.Expect(err).To(MatchError(ContainSubstring(tc.want)))
			g.Expect(err).NotTo(MatchError(ontap.CodeServiceNotFound))
			g.Expect(ontap.MaybeApplied(err)).To(BeTrue())
		})
	}
}
