// Package rest is the array's REST API: the seven operations of "Manage iSCSI services", and of the cluster, SVM and
// session APIs what a client of iSCSI services needs.
//
// API.Do maps a request to a response and touches no network, so that whoever carries requests may delay, cut or
// repeat them as they like.
package rest

import (
	"errors"
	"net/http"
	"strings"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/ontaperror"
)

// Request is a request as it was received.
type Request struct {
	Method string
	// Path is decoded; Query is not.
	Path, Query string
	// Accept is the Accept header.
	Accept string
	Body   []byte
	// Login is the account name and password, if any were sent.
	User, Password string
	// CertificateCN is the common name of the client's verified certificate.
	CertificateCN string
	// PageLimit, when not zero, ends pages early: an array does so when return_timeout is over.
	PageLimit int
}

// Response is a complete answer.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// API serves an array.
type API struct {
	array  *array.Array
	routes []route
	jobs   jobs
}

// New returns the API of an array.
func New(a *array.Array) *API {
	return &API{array: a, routes: routes()}
}

// call is a request under way: who sent it, what it asks for, and how the answer is to look.
type call struct {
	*API
	Request
	account array.Account
	params  params
	path    []string // the variable parts of the path
	version array.Version
	hal     bool
}

// Do answers a request.
func (a *API) Do(request Request) Response {
	c := &call{API: a, Request: request, hal: wantsHAL(request.Accept), version: a.array.Cluster().Version}
	response, err := c.do()
	if err != nil {
		response = refusal(err)
	}
	if response.Header == nil {
		response.Header = http.Header{}
	}
	response.Header.Set("Content-Type", contentType(c.hal))
	response.Header.Set("Cache-Control", "no-cache,no-store,must-revalidate")
	if response.Status == http.StatusUnauthorized {
		response.Header.Set("WWW-Authenticate", `Basic realm="ONTAP"`)
	}
	return response
}

func (c *call) do() (Response, error) {
	if err := c.login(); err != nil {
		return Response{}, err
	}
	operation, err := c.route()
	if err != nil {
		return Response{}, err
	}
	if !c.account.Role.Allows(c.effectiveMethod(), c.Path) && c.Method != http.MethodOptions {
		return Response{}, ontaperror.New(ontaperror.NotAuthorized)
	}
	if c.params, err = parseParams(c.Query, operation.params); err != nil {
		return Response{}, err
	}
	if !operation.body && !emptyBody(c.Body) {
		return Response{}, ontaperror.New(ontaperror.UnexpectedBody)
	}
	return operation.handle(c)
}

// login finds the account: by the client's certificate if it brought one that belongs to an account, else by name
// and password.
func (c *call) login() error {
	account, ok := c.array.LoginWithCertificate(c.CertificateCN)
	if !ok {
		account, ok = c.array.LoginWithPassword(c.User, c.Password)
	}
	if !ok {
		return ontaperror.New(ontaperror.LoginFailed)
	}
	c.account = account
	return nil
}

// sees says whether the account may know of an SVM: SVM-scoped accounts see one.
func (c *call) sees(svm *array.SVM) bool {
	return svm != nil && (c.account.SVM == "" || c.account.SVM == svm.Name)
}

// wantsHAL says whether links are shown: unless the client asks for plain JSON.
func wantsHAL(accept string) bool {
	return strings.Contains(accept, "hal+json") || !strings.Contains(accept, "application/json")
}

func contentType(hal bool) string {
	if hal {
		return "application/hal+json"
	}
	return "application/json"
}

func refusal(err error) Response {
	var refused *ontaperror.Error
	if !errors.As(err, &refused) {
		refused = ontaperror.Newf(ontaperror.InvalidInput, "", "%v", err)
	}
	return Response{Status: refused.HTTPStatus(), Body: refused.Body()}
}

func answer(status int, body []byte) Response {
	return Response{Status: status, Body: append(body, '\n')}
}

// done is the answer to a write that returns no records.
func done(status int) Response { return answer(status, []byte("{}")) }
