package controlclient

import (
	"context"
	"net/http"
	"net/url"
)

// SVM is a storage virtual machine as its administrator sees it.
type SVM struct {
	Name  string `json:"name"`
	UUID  string `json:"uuid,omitempty"`
	State string `json:"state,omitempty"`
	ISCSI ISCSI  `json:"iscsi"`
	NVMe  NVMe   `json:"nvme"`
	// Service is nil if the SVM has none.
	Service *SVMService `json:"service,omitempty"`
	// Sessions are the initiators that are logged in.
	Sessions []Session `json:"sessions,omitempty"`
}

// ISCSI says whether an SVM may serve iSCSI.
type ISCSI struct {
	Allowed bool `json:"allowed"`
}

// NVMe says whether an SVM has NVMe configured.
type NVMe struct {
	Configured bool `json:"configured"`
}

// SVMService is the iSCSI service of an SVM. What is nil or empty in a change stays, or is up to the array.
type SVMService struct {
	Enabled *bool   `json:"enabled,omitempty"`
	Alias   *string `json:"alias,omitempty"`
	Target  string  `json:"target,omitempty"`
}

// Session is an initiator that is logged in.
type Session struct {
	Initiator string `json:"initiator"`
}

// Account is a login of the array as its administrator sees it.
type Account struct {
	Locked bool `json:"locked"`
	// FailedLogins is how many were refused since the last that was not.
	FailedLogins int `json:"failedLogins"`
}

// ClientCertificate is a certificate to log in with, and its key, in PEM.
type ClientCertificate struct {
	Certificate string `json:"certificate"`
	Key         string `json:"key"`
}

// The methods below do what the array's administrators and hosts do behind the operator's back.

// SVM returns an SVM; Service is nil if it has none.
func (c *Control) SVM(ctx context.Context, name string) (SVM, error) {
	var svm SVM
	err := c.call(ctx, http.MethodGet, svmPath(name), nil, &svm)
	return svm, err
}

// CreateSVM adds an SVM.
func (c *Control) CreateSVM(ctx context.Context, svm SVM) error {
	return c.call(ctx, http.MethodPost, "/svms", svm, nil)
}

// ChangeSVM changes what changes names, such as {"state": "stopped"} or {"name": "new"}.
func (c *Control) ChangeSVM(ctx context.Context, name string, changes map[string]any) error {
	return c.call(ctx, http.MethodPatch, svmPath(name), changes, nil)
}

// DeleteSVM removes an SVM with all it has.
func (c *Control) DeleteSVM(ctx context.Context, name string) error {
	return c.call(ctx, http.MethodDelete, svmPath(name), nil, nil)
}

// PutService creates the iSCSI service of an SVM, or replaces it by another one.
func (c *Control) PutService(ctx context.Context, svm string, service SVMService) error {
	return c.call(ctx, http.MethodPut, svmPath(svm)+"/service", service, nil)
}

// ChangeService changes the iSCSI service of an SVM.
func (c *Control) ChangeService(ctx context.Context, svm string, changes SVMService) error {
	return c.call(ctx, http.MethodPatch, svmPath(svm)+"/service", changes, nil)
}

// DeleteService deletes the iSCSI service of an SVM.
func (c *Control) DeleteService(ctx context.Context, svm string) error {
	return c.call(ctx, http.MethodDelete, svmPath(svm)+"/service", nil, nil)
}

// Login logs an initiator in.
func (c *Control) Login(ctx context.Context, svm, initiator string) error {
	return c.call(ctx, http.MethodPost, svmPath(svm)+"/sessions", Session{Initiator: initiator}, nil)
}

// Logout logs an initiator out, or all of them if it is empty.
func (c *Control) Logout(ctx context.Context, svm, initiator string) error {
	return c.call(ctx, http.MethodDelete, svmPath(svm)+"/sessions?initiator="+url.QueryEscape(initiator), nil, nil)
}

// ChangeAccount changes a login of the array, such as {"password": "new"}.
func (c *Control) ChangeAccount(ctx context.Context, name string, changes map[string]any) error {
	return c.call(ctx, http.MethodPatch, "/accounts/"+url.PathEscape(name), changes, nil)
}

// Account returns a login of the array.
func (c *Control) Account(ctx context.Context, name string) (Account, error) {
	var account Account
	err := c.call(ctx, http.MethodGet, "/accounts/"+url.PathEscape(name), nil, &account)
	return account, err
}

// ClientCertificate makes a certificate that an account can log in with.
func (c *Control) ClientCertificate(ctx context.Context, account string) (ClientCertificate, error) {
	var made ClientCertificate
	err := c.call(ctx, http.MethodPost, "/accounts/"+url.PathEscape(account)+"/certificate", nil, &made)
	return made, err
}

// FreshTargetNames makes each service that is created from now on get another IQN than those that its SVM had before, or
// the same one again.
func (c *Control) FreshTargetNames(ctx context.Context, fresh bool) error {
	return c.ChangeCluster(ctx, map[string]any{"freshTargetNames": fresh})
}

// ChangeCluster changes the array itself.
func (c *Control) ChangeCluster(ctx context.Context, changes map[string]any) error {
	return c.call(ctx, http.MethodPatch, "/cluster", changes, nil)
}

func svmPath(name string) string { return "/svms/" + url.PathEscape(name) }
