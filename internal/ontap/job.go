package ontap

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
)

const (
	firstPoll = 100 * time.Millisecond
	slowPoll  = 5 * time.Second
	// jobPatience is for callers without a deadline of their own.
	jobPatience = 10 * time.Minute
)

// jobRecord is a job as GET /cluster/jobs/{uuid} shows it. Versions differ in whether a failure is told in error or in code and message.
type jobRecord struct {
	State   string         `json:"state"`
	Message string         `json:"message"`
	Code    Code           `json:"code"`
	Error   *returnedError `json:"error"`
}

// finish follows a write that was answered 202 to the end of its job: success, an *Error with what the job says, or, when the end
// can't be learned before ctx is done, a *TransportError. None of the seven operations is documented as asynchronous; every
// other write of ONTAP can be.
func (c *Client) finish(ctx context.Context, r request, accepted answer) error {
	ctx, cancel := context.WithTimeoutCause(ctx, jobPatience, timeoutError(jobPatience))
	defer cancel()
	giveUp := func(err error) error {
		return &TransportError{Operation: r.operation, MaybeApplied: true, Answered: true, Err: err}
	}
	uuid, err := jobUUID(accepted.body)
	if err != nil {
		return c.misread(r, err)
	}
	poll := request{operation: "read job", method: http.MethodGet, target: apiPath("cluster", "jobs", uuid)}
	for delay := firstPoll; ; delay = min(2*delay, slowPoll) {
		var refusal *Error
		job, err := c.job(ctx, poll)
		switch {
		case err == nil && job.State == "success":
			return nil
		case err == nil && job.State == "failure":
			return job.failure(c, r)
		case errors.As(err, &refusal) && !passing(refusal):
			// Not wrapped: that the job can't be read is no word about the service, and must not pass for "it doesn't exist".
			return giveUp(errors.New("its job can't be followed: " + refusal.Error()))
		}
		wait := delay
		if refusal != nil {
			wait = max(delay, refusal.RetryAfter)
		}
		select {
		case <-ctx.Done():
			return giveUp(c.explain(ctx, "waiting for its job", ctx.Err()))
		case <-time.After(wait):
		}
	}
}

// jobUUID reads {"job": {"uuid": …}}, or the link if that is all there is.
func jobUUID(body []byte) (string, error) {
	var accepted struct {
		Job struct {
			UUID  string `json:"uuid"`
			Links struct {
				Self struct {
					Href string `json:"href"`
				} `json:"self"`
			} `json:"_links"`
		} `json:"job"`
	}
	if err := decode(body, &accepted); err != nil {
		return "", err
	}
	uuid := accepted.Job.UUID
	if uuid == "" {
		href := accepted.Job.Links.Self.Href
		uuid = href[strings.LastIndexByte(href, '/')+1:]
	}
	if !plainUUID(uuid) {
		return "", errors.New("it was accepted without a job to follow")
	}
	return uuid, nil
}

func (c *Client) job(ctx context.Context, poll request) (jobRecord, error) {
	answer, err := c.send(ctx, poll)
	if err != nil {
		return jobRecord{}, err
	}
	var job jobRecord
	err = decode(answer.body, &job)
	return job, err
}

// passing reports whether the array may answer the same request another time.
func passing(refusal *Error) bool {
	return refusal.Status == http.StatusTooManyRequests || refusal.Status >= http.StatusInternalServerError
}

func (j jobRecord) failure(c *Client, r request) *Error {
	refusal := &Error{Code: j.Code, Message: j.Message}
	if j.Error != nil {
		refusal = j.Error.refusal()
	}
	refusal.clean(c.redact)
	return r.refused(refusal, http.StatusAccepted, 0)
}
