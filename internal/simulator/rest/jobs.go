package rest

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"

	"github.com/google/uuid"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/ontaperror"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/query"
)

// job is a request that is carried out after it was answered. None of the operations on iSCSI services is documented
// to need one; that ONTAP may answer any request with 202 and a job is.
type job struct {
	uuid        string
	description string
	finished    bool
	refused     *ontaperror.Error
}

// jobs is the jobs so far. They are never forgotten: a simulator doesn't live long enough.
type jobs struct {
	mu  sync.Mutex
	all map[string]job
}

// Postpone answers a request with 202 and a job. The function it returns carries the request out, and ends the job
// with what the answer would have been.
func (a *API) Postpone(request Request) (response Response, carryOut func() Response) {
	j := job{uuid: uuid.NewString(), description: request.Method + " " + request.Path}
	a.jobs.put(j)
	href := jobsPath + "/" + j.uuid
	response = answer(http.StatusAccepted, fmt.Appendf(nil, `{"job":{"uuid":%q,"_links":{"self":{"href":%q}}}}`, j.uuid, href))
	response.Header = http.Header{"Content-Type": {contentType(wantsHAL(request.Accept))}}
	// "Useful for tracking the resource location": clients take the new service's key from it, as from that of a 201.
	if svm := a.array.SVM(a.Subject(request).UUID); svm != nil && request.Method == http.MethodPost {
		response.Header.Set("Location", serviceHref(svm))
	}
	return response, func() Response {
		done := a.Do(request)
		j.finished = true
		if done.Status >= http.StatusBadRequest {
			j.refused = ontaperror.Parse(done.Body)
		}
		a.jobs.put(j)
		return done
	}
}

func (j *jobs) put(changed job) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.all == nil {
		j.all = map[string]job{}
	}
	j.all[changed.uuid] = changed
}

func (j *jobs) get(uuid string) (job, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	found, ok := j.all[uuid]
	return found, ok
}

func (j job) state() string {
	switch {
	case !j.finished:
		return "running"
	case j.refused != nil:
		return "failure"
	}
	return "success"
}

func (j job) message() string {
	if j.refused != nil {
		return j.refused.Message
	}
	return j.state()
}

func (j job) code() int64 {
	if j.refused != nil {
		return int64(j.refused.Code)
	}
	return 0
}

type jobField = query.Field[job]

var jobSchema = query.NewSchema([]jobField{
	{Name: "uuid", Key: true, Get: func(j job) query.Value { return query.Text(j.uuid) }},
	{Name: "description", Get: func(j job) query.Value { return query.Text(j.description) }},
	{Name: "state", Get: func(j job) query.Value { return query.Text(j.state()) }},
	{Name: "message", Get: func(j job) query.Value { return query.Text(j.message()) }},
	{Name: "code", Kind: query.Integer, Get: func(j job) query.Value { return query.Number(j.code()) }},
	{Name: "error.message", Get: func(j job) query.Value { return j.errorText(j.message()) }},
	{Name: "error.code", Get: func(j job) query.Value { return j.errorText(strconv.FormatInt(j.code(), 10)) }},
	{Name: "_links.self.href", Kind: query.Link, Get: func(j job) query.Value { return query.Href(jobsPath + "/" + j.uuid) }},
}...)

func (j job) errorText(text string) query.Value {
	if j.refused == nil {
		return query.Null
	}
	return query.Text(text)
}

// getJob implements GET /api/cluster/jobs/{uuid}.
func (c *call) getJob() (Response, error) {
	found, ok := c.jobs.get(c.path[0])
	if !ok {
		return Response{}, ontaperror.On(ontaperror.NoSuchEntry, "uuid")
	}
	return instance(c, jobSchema, found)
}
